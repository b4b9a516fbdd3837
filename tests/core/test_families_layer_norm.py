"""Layer normalisation in the LSTM: what it is by hand, its laws, and its edges."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from core.comparing import assert_close, results_and_gradients
from ostinato import LSTMCell, LSTMStateTuple, dynamic_rnn
from ostinato.steps import LSTM
from ostinato.steps.layer_norm import normalize


def test_one_step_by_hand():
    # Two units normalise to +-1, so every gate is beta +- gamma, whatever the kernel's size.
    cell = LSTMCell(2, input_size=1, use_peepholes=True, cell_clip=1.2, layer_norm=True)
    values = {"input": (0.1, 0.2), "transform": (0.3, 0.4), "forget": (0.5, 0.6), "output": (0.7, 0.8)}
    values["state"] = (0.9, -0.5)
    with torch.no_grad():
        cell.kernel.copy_(torch.tensor([3.0, -3.0] * 4).expand(3, 8))
        for name, (gamma, beta) in values.items():
            cell.get_submodule(name).gamma.fill_(gamma)
            cell.get_submodule(name).beta.fill_(beta)
        for index, name in enumerate(("w_f_diag", "w_i_diag", "w_o_diag")):
            getattr(cell, name).fill_(0.25 * (index + 1))
        state = LSTMStateTuple(torch.tensor([[0.4, -0.3]]), torch.tensor([[0.2, 0.1]]))
        output, after = cell(torch.tensor([[2.0]]), state)

    def sigmoid(x):
        return 1 / (1 + math.exp(-x))

    c = []
    for sign, before in ((1, 0.4), (-1, -0.3)):
        i, j, f = 0.2 + sign * 0.1, 0.4 + sign * 0.3, 0.6 + sign * 0.5
        c.append(sigmoid(f + 1 + 0.25 * before) * before + sigmoid(i + 0.5 * before) * math.tanh(j))
    larger = 1 if c[0] > c[1] else -1
    c = [max(-1.2, -0.5 + larger * 0.9), max(-1.2, -0.5 - larger * 0.9)]
    assert min(c) == -1.2  # the clip comes after the normalisation
    assert after.c.tolist()[0] == pytest.approx(c, abs=1e-6)
    expected = [
        sigmoid(0.8 + sign * 0.7 + 0.75 * value) * math.tanh(value)
        for sign, value in zip((1, -1), c, strict=True)
    ]
    assert output.tolist()[0] == pytest.approx(expected, abs=1e-6)


@settings(deadline=None, max_examples=20)
@given(
    scale=st.floats(0.25, 100.0),  # what is added to the variance counts beside a small one
    num_units=st.integers(3, 9),  # two units normalise to +-1, and have no gradient
    time=st.integers(1, 40),
    seed=st.integers(0, 99),
)
def test_the_size_of_the_kernel_does_not_matter(scale, num_units, time, seed):
    torch.manual_seed(seed)
    cell = LSTMCell(num_units, 3, layer_norm=True, dtype=torch.float64)
    inputs = torch.randn(2, time, 3, dtype=torch.float64)

    def run():
        outputs, state = dynamic_rnn(cell, inputs)
        return outputs, state

    outputs, (gradient,) = results_and_gradients(run, [cell.kernel])
    with torch.no_grad():
        cell.kernel.mul_(scale)
    scaled, (scaled_gradient,) = results_and_gradients(run, [cell.kernel])
    for a, b in zip(scaled, outputs, strict=True):
        torch.testing.assert_close(a, b, rtol=1e-5, atol=1e-5)
    # So the gradient is inversely proportional to it, and a step along the kernel itself changes nothing.
    size = float(gradient.abs().max())
    torch.testing.assert_close(scaled_gradient * scale, gradient, rtol=1e-5, atol=1e-5 * size)
    assert abs(float((scaled_gradient * cell.kernel.detach()).sum())) <= 1e-5 * max(
        1.0, size * float(cell.kernel.detach().norm())
    )


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.bfloat16, torch.float16], ids=str)
def test_a_row_of_equal_numbers_is_finite(dtype):
    x = torch.full((2, 5), 3.0, dtype=dtype, requires_grad=True)
    beta = torch.arange(5, dtype=dtype)
    normalized = normalize(x, torch.ones(5, dtype=dtype), beta)
    torch.testing.assert_close(normalized, beta.expand(2, 5), rtol=0, atol=1e-5)
    (gradient,) = torch.autograd.grad(normalized.square().sum(), x)
    assert gradient.isfinite().all()

    cell = LSTMCell(4, 3, layer_norm=True, dtype=dtype)  # zeros in, from a state of zeros: all gates are 0
    outputs, _ = dynamic_rnn(cell, torch.zeros(2, 3, 3, dtype=dtype))
    assert torch.equal(outputs, torch.zeros_like(outputs))
    outputs.sum().backward()
    assert all(parameter.grad.isfinite().all() for parameter in cell.parameters())


def test_one_unit_normalises_to_beta():
    cell = LSTMCell(1, 3, layer_norm=True)
    with torch.no_grad():
        cell.state.beta.fill_(0.5)
    outputs, state = dynamic_rnn(cell, torch.randn(2, 6, 3))
    assert torch.equal(state.c, torch.full((2, 1), 0.5))
    outputs.sum().backward()
    assert torch.equal(cell.kernel.grad, torch.zeros_like(cell.kernel))


@pytest.mark.parametrize("lengths", [None, [40, 0, 33]], ids=str)
def test_float32_comes_close_to_float64(lengths):
    torch.manual_seed(1)
    cell = LSTMCell(16, 3, use_peepholes=True, num_proj=5, layer_norm=True)
    exact = LSTMCell(16, 3, use_peepholes=True, num_proj=5, layer_norm=True, dtype=torch.float64)
    exact.load_state_dict(cell.state_dict())
    inputs = torch.randn(3, 40, 3)
    found = results_and_gradients(lambda: dynamic_rnn(cell, inputs, lengths), list(cell.parameters()))
    expected = results_and_gradients(
        lambda: dynamic_rnn(exact, inputs.double(), lengths), list(exact.parameters())
    )
    for a, e in zip(found, expected, strict=True):
        assert_close([leaf.double() for leaf in a], e, torch.float32)


def test_parameters_stand_in_order():
    names = [spec.name for spec in LSTM(4, use_peepholes=True, num_proj=2, layer_norm=True).parameters(3)]
    parts = ("input", "transform", "forget", "output", "state")
    assert names == [
        *("kernel", "w_f_diag", "w_i_diag", "w_o_diag", "projection/kernel"),
        *(f"{name}/{part}" for name in parts for part in ("gamma", "beta")),
    ]
    cell = LSTMCell(4, 3, layer_norm=True)
    assert cell.extra_repr() == "4, input_size=3, forget_bias=1.0, activation='tanh', layer_norm=True"
    for name in parts:
        assert cell.get_submodule(name).gamma.tolist() == [1.0] * 4
        assert cell.get_submodule(name).beta.tolist() == [0.0] * 4
