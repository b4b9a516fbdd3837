"""Groups of element-wise operations in one native pass, against torch's operations one by one."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from ostinato.kernels.native import elementwise
from ostinato.kernels.native.elementwise import Group, Input

pytestmark = pytest.mark.skipif(not elementwise.runs(), reason="no native code here")

UNARY = ("negate", "absolute", "not", "copy")
COMPARISONS = ("less", "less_equal", "greater", "greater_equal", "equal", "not_equal")
LAYOUTS = ("plain", "transposed", "sliced")
BROADCAST = [(4, 6, 5), (6, 5), (5,), (1, 5), (6, 1), (4, 1, 5), (4, 1, 1), (1, 1, 1), ()]


def form(tensor):
    return Input(tuple(tensor.shape), tensor.stride(), tensor.dtype is torch.bool)


def assert_same(ours, theirs):
    assert (ours.shape, ours.dtype) == (theirs.shape, theirs.dtype)
    assert ours.is_contiguous()
    if ours.dtype is torch.bool:
        assert torch.equal(ours, theirs)
    else:
        same = ours.view(torch.int32) == theirs.contiguous().view(torch.int32)
        assert torch.all(same | (torch.isnan(ours) & torch.isnan(theirs)))


def values(shape, seed=0):
    """Random numbers, the first of them special ones."""
    found = torch.randn(shape, generator=torch.Generator().manual_seed(seed))
    special = torch.tensor([0.0, -0.0, float("inf"), float("nan"), 1e-40, -1e-40, 1.0, -1.0])
    count = min(found.numel(), len(special))
    found.view(-1)[:count] = special[:count]
    return found


@pytest.mark.parametrize("shape", [(), (1,), (7,), (65, 3), (1, 1, 1), (255,), (256,), (257,), (3, 5, 7, 11)])
@pytest.mark.parametrize("name", elementwise.OPERATIONS)
def test_each_operation(name, shape):
    operands = 1 if name in UNARY else 3 if name in ("select", "subtract_product") else 2
    tensors = [values(shape, seed) for seed in range(operands)]
    if name in ("and", "or", "not"):
        tensors = [tensor > 0 for tensor in tensors]
    if name == "select":
        tensors[0] = tensors[0] > 0
    mask = name in COMPARISONS or name in ("and", "or", "not")
    group = Group(shape, list(map(form, tensors)), [mask], 0, [(name, operands, *range(operands))])
    for ours, theirs in zip(group(*tensors), group.reference(*tensors), strict=True):
        assert_same(ours, theirs)


def laid(shape, how, mask, seed):
    if how == "transposed" and len(shape) > 1:
        tensor = values((*shape[:-2], shape[-1], shape[-2]), seed).transpose(-1, -2)
    elif how == "sliced" and shape:
        tensor = values((*shape[:-1], 2 * shape[-1] + 1), seed)[..., 1::2]
    else:
        tensor = values(shape, seed)
    return tensor > 0 if mask else tensor


@settings(max_examples=80, deadline=None)
@given(st.data())
def test_programs_over_all_layouts(data):
    tensors = [
        laid(
            data.draw(st.sampled_from(BROADCAST)),
            data.draw(st.sampled_from(LAYOUTS)),
            data.draw(st.booleans()),
            seed,
        )
        for seed in range(data.draw(st.integers(1, 5)))
    ]
    number, outputs = data.draw(st.sampled_from([0.0, -0.0, -1.5, 1e-3])), data.draw(st.integers(1, 3))
    begin = len(tensors) + 1
    known, code = list(range(begin)), []
    steps = data.draw(st.integers(outputs, 8 + outputs))
    for step in range(steps):
        left = steps - step
        result = begin + outputs - left if left <= outputs else begin + outputs + step
        name = data.draw(
            st.sampled_from(["add", "subtract", "multiply", "divide", "select", "less", "negate"])
        )
        operands = 1 if name == "negate" else 3 if name == "select" else 2
        code.append((name, result, *[data.draw(st.sampled_from(known)) for _ in range(operands)]))
        known.append(result)
    group = Group((4, 6, 5), [*map(form, tensors), number], [False] * outputs, steps, code)
    registers = dict(enumerate([*(tensor.float() for tensor in tensors), torch.tensor(number)]))
    for name, result, *given_registers in code:  # as in native code, masks are numbers
        found = elementwise.OPERATIONS[name](*[registers[register] for register in given_registers])
        registers[result] = found.float().expand(4, 6, 5)
    for index, ours in enumerate(group(*tensors)):
        assert_same(ours, registers[begin + index].contiguous())


def test_threads_share_the_elements():
    one, other = values((700, 1001)), values((1001,), 1)
    code = [("multiply", 3, 0, 1), ("add", 2, 3, 0)]
    group = Group((700, 1001), [form(one), form(other)], [False], 1, code)
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        assert_same(group(one, other)[0], one * other + one)
    finally:
        torch.set_num_threads(before)


def test_too_much_is_said():
    with pytest.raises(ValueError, match="at most 96 registers"):
        Group((3,), [1.0], [False], 96, [("copy", 1, 0)])
    shape = (2,) * 7
    with pytest.raises(ValueError, match="more than 6 dimensions"):
        Group(shape, [Input(shape, (1, 2, 4, 8, 16, 32, 64))], [False], 0, [("copy", 1, 0)])
