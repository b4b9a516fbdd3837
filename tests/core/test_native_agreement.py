"""The native kernels against the reference: results and every gradient, whatever the shape and the options.

Where there is no native kernel the op is the reference, and agrees with itself.
"""

from __future__ import annotations

import itertools

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from core import native_cases as cases
from core.comparing import assert_close
from core.native_cases import FAMILIES, Incoming, Sequence, make, of_units
from ostinato.kernels.native import sequences
from ostinato.steps import GRU, LSTM, BasicRNN, ResetAfterGRU


def assert_near(sequence: Sequence, actual: list[Tensor], expected: list[Tensor]) -> None:
    if sequence.inputs.dtype == torch.float32:
        # Two ways of adding up differ by more than either is wrong; under layer norm, a deviation then
        # divides what it was computed from.
        slack = 10 if getattr(sequence.family, "layer_norm", False) else 2
        actual, expected = ([leaf / slack for leaf in group] for group in (actual, expected))
    assert_close(actual, expected, sequence.inputs.dtype)


def assert_agrees(sequence: Sequence, gradients: Incoming | None = None, input_gradient: bool = True) -> None:
    """Forward, and backward from the same results, so that one kernel's rounding is not the other's kink."""
    expected = cases.forward(sequence, reference=True)
    actual = cases.forward(sequence)
    assert_near(sequence, actual.flat(), expected.flat())
    assert actual.outputs.stride() == expected.outputs.stride()
    without = cases.forward(sequence, keep=False)
    assert_near(sequence, without.flat(), [expected.outputs, *expected.state])

    gradients = gradients or cases.incoming(sequence, expected)
    wanted = cases.backward(sequence, expected, gradients, input_gradient, reference=True)
    found = cases.backward(sequence, expected, gradients, input_gradient)
    assert_near(sequence, found, wanted)
    assert found[0].stride() == wanted[0].stride()

    gradients = Incoming(gradients.outputs, gradients.state, [None] * len(gradients.kept))
    if gradients.outputs is None and all(leaf is None for leaf in gradients.state):
        return
    wanted = cases.backward(sequence, actual, gradients, input_gradient, reference=True)
    found = cases.through_autograd(sequence, gradients, input_gradient)
    assert_near(sequence, found, [actual.outputs, *actual.state, *wanted[not input_gradient :]])


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32], ids=str)
@pytest.mark.parametrize("num_units", [1, 7, 16, 65, 130, 300])
@pytest.mark.parametrize("name", FAMILIES)
def test_odd_sizes(name, num_units, dtype):
    family = of_units(name, num_units)
    if num_units == 1 and getattr(family, "layer_norm", False):
        family = of_units(name, 4)  # the deviation of few values may be next to nothing, and divides
    for time, batch_size, input_size in [(1, 1, 1), (3, 1, 70), (6, 5, 3), (2, 9, 1), (3, 17, 70)]:
        assert_agrees(make(family, time, batch_size, input_size, dtype))


@pytest.mark.parametrize("build", cases.BUILDS)
@pytest.mark.parametrize("name", FAMILIES)
def test_every_instruction_set(name, build):
    with cases.instruction_set(build):
        for dtype, num_units in itertools.product([torch.float64, torch.float32], [9, 33]):
            assert_agrees(make(of_units(name, num_units), 7, 8, 5, dtype, lengths="ragged"))


@pytest.mark.parametrize("name", FAMILIES)
def test_all_lengths(name):
    family = of_units(name, 19)
    order = torch.tensor([4, 0, 6, 2, 7, 5, 3, 1])
    for lengths in (
        order,
        order - 1,  # a negative length is none
        order + 90,  # one past the end is the end
        order.int(),
        order.repeat_interleave(2)[::2],
        torch.zeros_like(order),
        torch.full_like(order, 6),
        None,
    ):
        assert_agrees(make(family, 6, 8, 3, lengths=lengths))


@pytest.mark.parametrize("name", FAMILIES)
def test_any_layout_of_what_is_given(name):
    family = of_units(name, 21)
    plain = make(family, 5, 6, 4, torch.float64, torch.tensor([5, 1, 0, 3, 5, 4]))
    expected = cases.forward(plain)
    gradients = cases.incoming(plain, expected)
    wanted = cases.backward(plain, expected, gradients)
    by_autograd = cases.through_autograd(plain, gradients)
    for layout in LAYOUTS:
        given = Sequence(
            family,
            LAYOUTS[layout](plain.inputs),
            plain.lengths,
            [LAYOUTS[layout](leaf) for leaf in plain.state],
            [LAYOUTS[layout](leaf) for leaf in plain.parameters],
        )
        handed_back = Incoming(
            LAYOUTS[layout](gradients.outputs),
            [LAYOUTS[layout](leaf) for leaf in gradients.state],
            [LAYOUTS[layout](leaf) for leaf in gradients.kept],
        )
        results = cases.forward(given)
        assert_close(results.flat(), expected.flat(), torch.float64)
        results.outputs = LAYOUTS[layout](results.outputs)
        results.kept = [LAYOUTS[layout](leaf) for leaf in results.kept]
        assert_close(cases.backward(given, results, handed_back), wanted, torch.float64)
        handed_back.kept = [None] * len(handed_back.kept)
        assert_close(cases.through_autograd(given, handed_back), by_autograd, torch.float64)


LAYOUTS = {
    "batch-major": lambda x: x.transpose(0, 1).contiguous().transpose(0, 1) if x.dim() > 1 else x,
    "reversed axes": lambda x: (
        x.permute(*reversed(range(x.dim()))).contiguous().permute(*reversed(range(x.dim())))
    ),
    "every other in the last axis": lambda x: x.repeat_interleave(2, -1)[..., ::2],
    "every other row": lambda x: x.repeat_interleave(2, -2)[..., ::2, :] if x.dim() > 1 else x,
    "inside a larger tensor": lambda x: torch.nn.functional.pad(x, (3, 2))[..., 3:-2],
    "a lazy negation": lambda x: torch._neg_view(-x),
}


@pytest.mark.parametrize("name", FAMILIES)
def test_expanded_tensors(name):
    family = of_units(name, 18)
    one = make(family, 1, 1, 3)
    for time, batch_size in [(4, 5), (5, 1), (1, 7)]:
        inputs = one.inputs.expand(time, batch_size, 3)
        state = [leaf.expand(batch_size, -1) for leaf in one.state]
        sequence = Sequence(family, inputs, torch.tensor(2).expand(batch_size), state, one.parameters)
        results = cases.forward(sequence, reference=True)
        # As the gradient of a sum comes.
        gradients = Incoming(
            results.outputs.new_ones(()).expand_as(results.outputs),
            [leaf.new_ones(()).expand_as(leaf) for leaf in results.state],
            [leaf.new_ones(()).expand_as(leaf) for leaf in results.kept],
        )
        assert_agrees(sequence, gradients)


@pytest.mark.parametrize("name", FAMILIES)
def test_any_set_of_gradients(name):
    sequence = make(of_units(name, 17), 6, 7, 3, lengths=torch.tensor([6, 0, 3, 6, 1, 9, 2]))
    full = cases.incoming(sequence, cases.forward(sequence))
    last = torch.zeros_like(full.outputs)
    last[-1] = full.outputs[-1]
    one_row = torch.zeros_like(full.outputs)
    one_row[:, 4] = full.outputs[:, 4]
    for outputs in (None, full.outputs, last, one_row):
        for state in itertools.product(*((None, leaf) for leaf in full.state)):
            for kept in itertools.product(*((None, leaf) for leaf in full.kept)):
                assert_agrees(sequence, Incoming(outputs, [*state], [*kept]))
    assert_agrees(sequence, full, input_gradient=False)
    nothing = Incoming(None, [None] * len(full.state), [None] * len(full.kept))
    results = cases.forward(sequence)
    assert all((gradient == 0).all() for gradient in cases.backward(sequence, results, nothing))


@settings(deadline=None, max_examples=60)
@given(
    forget_bias=st.sampled_from([0.0, 1.0, -0.3]),
    activation=st.sampled_from(["tanh", "relu", "sigmoid", "linear"]),
    use_peepholes=st.booleans(),
    cell_clip=st.sampled_from([None, 0.0, 0.2, 50.0]),
    num_proj=st.sampled_from([None, 1, 9, 20, 40]),
    proj_clip=st.sampled_from([None, 0.0, 0.1, 50.0]),
    layer_norm=st.booleans(),
    num_units=st.sampled_from([2, 5, 16, 33]),
    time=st.integers(1, 9),
    batch_size=st.integers(1, 13),
    ragged=st.booleans(),
    seed=st.integers(0, 99),
)
def test_lstms_of_all_options(time, batch_size, ragged, seed, **options):
    if options["layer_norm"]:  # the deviation of two values may be next to nothing, and divides
        options["num_units"] += 3
    family = LSTM(**options)
    assert_agrees(make(family, time, batch_size, 3, lengths="ragged" if ragged else None, seed=seed))


@pytest.mark.parametrize("activation", ["tanh", "relu", "sigmoid", "linear"])
@pytest.mark.parametrize("family", [BasicRNN, GRU, ResetAfterGRU, LSTM])
def test_all_activations(family, activation):
    for dtype in (torch.float32, torch.float64):
        assert_agrees(make(family(23, activation=activation), 8, 7, 3, dtype, "ragged", seed=1))


@pytest.mark.parametrize("lengths", [None, "ragged"], ids=str)
@pytest.mark.parametrize("time", [65, 300])
@pytest.mark.parametrize("name", FAMILIES)
def test_more_steps_than_a_chunk(name, time, lengths):
    for batch_size in (2, 11):  # the inputs' share of the gates ahead, and with the state's
        assert_agrees(make(of_units(name, 6), time, batch_size, 2, lengths=lengths, scale=0.7))


@pytest.mark.parametrize("name", FAMILIES)
@pytest.mark.parametrize("multiplications", [1, 250_000])
def test_a_sequence_in_parts_is_the_whole(name, multiplications, monkeypatch):
    for lengths in (None, torch.tensor([9, 0, 4, 11, 10, 2, 7])):
        sequence = make(of_units(name, 24), 11, 7, 5, torch.float32, lengths)
        whole = cases.forward(sequence)
        gradients = cases.incoming(sequence, whole)
        wanted = cases.backward(sequence, whole, gradients)
        with monkeypatch.context() as patch:
            patch.setattr(sequences, "_MULTIPLICATIONS_PER_CALL", multiplications)
            cases.assert_equal(cases.forward(sequence).flat(), whole.flat())
            without = cases.forward(sequence, keep=False)
            cases.assert_equal(without.flat(), [whole.outputs, *whole.state])
            assert_close(cases.backward(sequence, whole, gradients), wanted, torch.float32)


@pytest.mark.parametrize("name", FAMILIES)
def test_padding_is_never_read(name):
    lengths = torch.tensor([3, 0, 8, 5, 1, 8, 2, 6, 4])
    clean = make(of_units(name, 20), 8, 9, 3, torch.float32, lengths)
    padding = torch.arange(8).unsqueeze(1) >= lengths
    for number in (2, 1):
        for value in (float("nan"), float("inf")):
            dirty = make(of_units(name, 20), 8, 9, 3, torch.float32, lengths)
            dirty.inputs[padding] = value
            with cases.threads(number):
                results = cases.forward(dirty)
                cases.assert_equal(results.flat(), cases.forward(clean).flat())
                gradients = cases.incoming(dirty, results)
                expected = cases.backward(clean, results, gradients)
                gradients.outputs[padding] = value
                cases.assert_equal(cases.backward(dirty, results, gradients), expected)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")], ids=str)
@pytest.mark.parametrize("name", FAMILIES)
def test_what_is_no_number_stays_in_its_row(name, value):
    sequence = make(of_units(name, 20), 8, 9, 3, torch.float32)
    clean = cases.forward(sequence)
    sequence.inputs[3, 4, 1] = value
    expected, actual = cases.forward(sequence, reference=True), cases.forward(sequence)
    for a, e in zip(actual.flat(), expected.flat(), strict=True):
        assert torch.equal(a.isnan(), e.isnan())
        torch.testing.assert_close(a, e, equal_nan=True, rtol=0, atol=3e-6)
    others = [row for row in range(9) if row != 4]
    assert torch.equal(actual.outputs[:, others], clean.outputs[:, others])
    assert torch.equal(actual.outputs[:3], clean.outputs[:3])
    gradients = cases.incoming(sequence, expected)
    found = cases.backward(sequence, expected, gradients)
    wanted = cases.backward(sequence, expected, gradients, reference=True)
    for a, e in zip(found, wanted, strict=True):
        assert torch.equal(a.isfinite(), e.isfinite())


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        (lambda s: s.state.__setitem__(0, s.state[0][:2]), "must have the shape"),
        (lambda s: s.state.__setitem__(-1, s.state[-1][:, :3]), "must have the shape"),
        (lambda s: s.parameters.__setitem__(0, s.parameters[0][:-1]), "must have the shape"),
        (lambda s: s.parameters.__setitem__(0, s.parameters[0][:, :-1]), "must have the shape"),
        (lambda s: s.parameters.__setitem__(1, s.parameters[1][:3]), "must have the shape"),
        (lambda s: s.parameters.pop(), "parameters"),
        (lambda s: s.state.pop(), "state"),
        (lambda s: setattr(s, "lengths", torch.tensor([1, 2])), "sequence_length must have the shape"),
        (lambda s: setattr(s, "lengths", torch.ones(3)), "must hold integers"),
        (lambda s: setattr(s, "inputs", s.inputs[0]), "time, batch, input_size"),
    ],
)
@pytest.mark.parametrize("name", FAMILIES)
def test_wrong_shapes_are_refused_before_any_address_is_read(name, wrong, sentence):
    sequence = make(of_units(name, 7), 4, 3, 2, torch.float32)
    if not sequence.is_native:
        return  # torch's own operations refuse them
    results = cases.forward(sequence)
    gradients = cases.incoming(sequence, results)
    wrong(sequence)
    with pytest.raises((ValueError, TypeError), match=sentence):
        cases.forward(sequence)
    with pytest.raises((ValueError, TypeError), match=sentence):
        cases.backward(sequence, results, gradients)


@pytest.mark.parametrize("name", FAMILIES)
def test_wrong_gradients_are_refused(name):
    sequence = make(of_units(name, 7), 4, 3, 2, torch.float32)
    if not sequence.is_native:
        return
    results = cases.forward(sequence)
    good = cases.incoming(sequence, results)
    for wrong in (
        Incoming(good.outputs[:3], good.state, good.kept),
        Incoming(good.outputs.double(), good.state, good.kept),
        Incoming(good.outputs, [leaf[:2] for leaf in good.state], good.kept),
        Incoming(good.outputs, good.state[1:], good.kept),
        Incoming(good.outputs, good.state, [*good.kept, None]),
    ):
        with pytest.raises(ValueError, match=r"must have|keeps"):
            cases.backward(sequence, results, wrong)
    for wrong_results in (
        cases.Results(results.outputs[:, :2], results.state, results.kept),
        cases.Results(results.outputs, results.state, [*results.kept, results.outputs]),
    ):
        with pytest.raises(ValueError, match=r"must have|keeps"):
            cases.backward(sequence, wrong_results, good)
