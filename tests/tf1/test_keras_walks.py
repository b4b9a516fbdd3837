"""The walks of Keras' layers: the quick one and the engine's kernels agree with the plain one."""

import itertools

import pytest
import torch

from ostinato.tf1.ops.keras_native import native_walk
from ostinato.tf1.ops.keras_rnn import KNOWN_ACTIVATIONS
from ostinato.tf1.ops.keras_steps import Recurrence, walk
from ostinato.tf1.ops.keras_walk import quick_walk

KINDS = {"simple": 1, "lstm": 4, "gru": 3, "gru_reset_after": 3}
ROWS, UNITS = 3, 4


def _numbers(*shape):
    return (torch.randn(*shape, dtype=torch.float64) * 0.25).requires_grad_()


def _given(kind, time):
    """(inputs' share, recurrent kernel, inner bias, states)"""
    columns = KINDS[kind] * UNITS
    inner = _numbers(columns) if kind == "gru_reset_after" else None
    states = tuple(_numbers(ROWS, UNITS) for _ in range(2 if kind == "lstm" else 1))
    return _numbers(time, ROWS, columns), _numbers(UNITS, columns), inner, states


def _gradients(results, chosen, tensors, create_graph=False):
    total = sum((torch.cos(results[place]) * results[place]).sum() for place in chosen)
    return torch.autograd.grad(
        total, tensors, create_graph=create_graph, retain_graph=True, allow_unused=True
    )


def _hold_equal(found, expected):
    for ours, theirs in zip(found, expected, strict=True):
        theirs = torch.zeros_like(ours) if theirs is None else theirs
        torch.testing.assert_close(ours, theirs, rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("is_masked", [False, True])
def test_the_quick_walk_is_the_plain_one(kind, is_masked):
    torch.manual_seed(1)
    activations = [(name, "hard_sigmoid") for name in sorted(KNOWN_ACTIVATIONS)]
    activations += [("tanh", "sigmoid"), ("tanh", "softsign")]
    for (activation, gates), time in [*itertools.product(activations, [3]), (activations[-1], 1)]:
        projected, kernel, inner, states = _given(kind, time)
        if activation == "exponential":
            projected = projected - 4.0  # so that it does not explode
        mask = torch.rand(time, ROWS, 1) > 0.4 if is_masked else None
        recurrence = Recurrence(kind, activation, gates)
        expected = walk(recurrence, projected, kernel, inner, mask, states)
        found = quick_walk(recurrence, projected, kernel, inner, mask, states)
        _hold_equal(found, expected)
        with torch.no_grad():
            _hold_equal(quick_walk(recurrence, projected, kernel, inner, mask, states), expected)
        tensors = [item for item in (projected, kernel, inner, *states) if item is not None]
        for chosen in ([0], [1], range(len(expected))):
            _hold_equal(_gradients(found, chosen, tensors), _gradients(expected, chosen, tensors))


@pytest.mark.parametrize("kind", KINDS)
def test_gradients_of_gradients(kind):
    torch.manual_seed(2)
    projected, kernel, inner, states = _given(kind, 3)
    tensors = [item for item in (projected, kernel, inner, *states) if item is not None]
    second = []
    for function in (walk, quick_walk):
        results = function(Recurrence(kind, "tanh", "hard_sigmoid"), projected, kernel, inner, None, states)
        first = _gradients(results, range(len(results)), tensors, create_graph=True)
        second.append(torch.autograd.grad(sum((item * item).sum() for item in first), tensors))
    _hold_equal(*second)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("has_bias", [False, True])
def test_the_engine_s_kernels_give_the_same(kind, has_bias):
    torch.manual_seed(3)
    _, recurrent, inner, states = _given(kind, 1)
    inputs, kernel = _numbers(5, ROWS, 2), _numbers(2, KINDS[kind] * UNITS)
    bias = _numbers(KINDS[kind] * UNITS) if has_bias else None
    inner = inner if has_bias else None
    projected = inputs @ kernel if bias is None else inputs @ kernel + bias
    expected = walk(Recurrence(kind, "tanh", "sigmoid"), projected, recurrent, inner, None, states)
    found = native_walk(kind, "tanh", inputs, kernel, recurrent, bias, inner, states)
    _hold_equal(found, expected)
    tensors = [item for item in (inputs, kernel, recurrent, bias, inner, *states) if item is not None]
    places = range(len(expected))
    _hold_equal(_gradients(found, places, tensors), _gradients(expected, places, tensors))
