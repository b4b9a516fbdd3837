"""A single LSTM step in one node of autograd, against the step of torch's operations."""

import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from ostinato._state import LSTMStateTuple
from ostinato.kernels import trained_step
from ostinato.memory.invariant import loop_invariant
from ostinato.steps import LSTM


def arguments(family, rows, inputs, dtype, with_inputs=True):
    generator = torch.Generator().manual_seed(3)

    def numbers(*shape):
        return 0.4 * torch.randn(*shape, generator=generator, dtype=dtype)

    parameters = {one.name: numbers(*one.shape).requires_grad_() for one in family.parameters(inputs)}
    x = numbers(rows, inputs).requires_grad_(with_inputs)
    c, h = (numbers(rows, family.num_units).requires_grad_() for _ in range(2))
    return parameters, x, LSTMStateTuple(c, h)


def gradients(step, family, parameters, x, state, ends="hc"):
    """The outputs, their gradients, and gradients of these."""
    h, (c, _) = step(family, parameters, x, state)
    leaves = [*parameters.values(), *state] + [x] * x.requires_grad
    total = sum(torch.sin(end * 1.5).sum() for end, name in zip((h, c), "hc", strict=True) if name in ends)
    plain = torch.autograd.grad(total, leaves, retain_graph=True)
    once = torch.autograd.grad(total, leaves, create_graph=True)
    twice = torch.autograd.grad(sum((found**2).sum() for found in once), leaves, allow_unused=True)
    return [h, c, *plain, *once, *[found for found in twice if found is not None]]


def reference(family, parameters, x, state):
    return family.step(parameters, x, state)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("activation", ["tanh", "relu", "sigmoid", "linear"])
@pytest.mark.parametrize(
    ("rows", "inputs", "units", "ends", "with_inputs"),
    [(1, 1, 1, "hc", True), (7, 3, 19, "h", True), (5, 2, 16, "c", False), (2, 4, 33, "hc", False)],
)
def test_it_is_the_step_and_its_gradients(dtype, activation, rows, inputs, units, ends, with_inputs):
    family = LSTM(units, forget_bias=0.7, activation=activation)
    given = arguments(family, rows, inputs, dtype, with_inputs)
    found, wanted = (gradients(step, family, *given, ends) for step in (trained_step, reference))
    assert len(found) == len(wanted)
    close = {"rtol": 2e-5, "atol": 2e-5} if dtype == torch.float32 else {"rtol": 1e-12, "atol": 1e-12}
    for one, other in zip(found, wanted, strict=True):
        torch.testing.assert_close(one, other, **close)


def test_a_kernel_of_a_loop_gets_its_gradient_at_once():
    family = LSTM(6)
    parameters, x, state = arguments(family, 3, 2, torch.float32)

    def loop(step, kernel):
        now, total = state, 0.0
        for _ in range(4):
            h, now = step(family, {**parameters, "kernel": kernel}, x, now)
            total = total + h.sum()
        return torch.autograd.grad(total, [parameters["kernel"], parameters["bias"], x])

    found = loop(trained_step, loop_invariant(parameters["kernel"], least_elements=0))
    for one, other in zip(found, loop(reference, parameters["kernel"]), strict=True):
        torch.testing.assert_close(one, other)


def test_who_watches_sees_operators():
    seen = []

    class Watch(TorchDispatchMode):
        def __torch_dispatch__(self, function, types, arguments=(), options=None):
            seen.append(function.name())
            return function(*arguments, **(options or {}))

    family = LSTM(6)
    given = arguments(family, 3, 2, torch.float32)
    plain = gradients(trained_step, family, *given)
    with Watch():
        watched = gradients(trained_step, family, *given)
    assert {"ostinato::lstm_gates", "ostinato::lstm_gates_backward"} < set(seen)
    for one, other in zip(plain, watched, strict=True):
        torch.testing.assert_close(one, other, rtol=0, atol=0)


def test_sums_that_an_operator_is_given_stay_as_they_are():
    sums, c = torch.randn(2, 12), torch.randn(2, 3)
    checks = ("test_schema", "test_faketensor")
    torch.library.opcheck(torch.ops.ostinato.lstm_gates, (sums, c, 1.0, 0), test_utils=checks)
    made, new_c, _ = torch.ops.ostinato.lstm_gates(sums, c, 1.0, 0)
    grads = (made, c, new_c, torch.randn(2, 3), None, 0)
    torch.library.opcheck(torch.ops.ostinato.lstm_gates_backward, grads, test_utils=checks)


@pytest.mark.parametrize(
    ("family", "change"),
    [
        (LSTM(4, use_peepholes=True), {}),
        (LSTM(4, cell_clip=1.0), {}),
        (LSTM(4, num_proj=4), {}),
        (LSTM(4), {"x": lambda x: x.half()}),
        (LSTM(4), {"x": lambda x: x[:, :1]}),
        (LSTM(4), {"x": lambda x: x[:0]}),
        (LSTM(4), {"x": lambda x: x[0]}),
        (LSTM(4), {"c": lambda c: c[:1]}),
        (LSTM(4), {"c": lambda c: c.t().contiguous().t()}),
    ],
)
def test_what_it_does_not_know_is_left_to_torch(family, change):
    parameters, x, state = arguments(family, 3, 2, torch.float32)
    x = change.get("x", lambda x: x)(x)
    state = state._replace(c=change.get("c", lambda c: c)(state.c))
    assert trained_step(family, parameters, x, state) is None


def test_without_a_gradient_it_is_left_to_others():
    family = LSTM(4)
    parameters, x, state = arguments(family, 3, 2, torch.float32)
    with torch.no_grad():
        assert trained_step(family, parameters, x, state) is None
    with torch.autocast("cpu"):
        assert trained_step(family, parameters, x, state) is None
    fixed = {name: value.detach() for name, value in parameters.items()}
    state = LSTMStateTuple(*(leaf.detach() for leaf in state))
    assert trained_step(family, fixed, x.detach(), state) is None
