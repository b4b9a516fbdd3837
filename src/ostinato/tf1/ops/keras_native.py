"""Keras' recurrences with sigmoid gates as the families that the engine has kernels for."""

from __future__ import annotations

from typing import Any

import torch

from ostinato.kernels import SequenceRun, run_sequences
from ostinato.kernels.native.library import ACTIVATIONS
from ostinato.steps import GRU, LSTM, BasicRNN, ResetAfterGRU


def runs_native(activation: str, inputs: torch.Tensor) -> bool:
    """Whether the engine has a kernel for an activation and inputs `[time, batch, size]`."""
    return activation in ACTIVATIONS and inputs.is_cpu and inputs.is_floating_point() and inputs.numel() > 0


def _in_order(tensor: torch.Tensor, order: tuple[int, ...], gates: int) -> torch.Tensor:
    """Some of a tensor's blocks of columns, one behind the other."""
    parts = tensor.chunk(gates, -1)
    return torch.cat([parts[place] for place in order], -1)


def native_walk(
    kind: str,
    activation: str,
    inputs: torch.Tensor,
    kernel: torch.Tensor,
    recurrent: torch.Tensor,
    bias: torch.Tensor | None,
    inner: torch.Tensor | None,
    states: tuple[torch.Tensor, ...],
) -> tuple[torch.Tensor, ...]:
    """(h after each step `[time, batch, units]`, the last states), as `keras_steps.walk`."""
    units = len(recurrent)
    both = torch.cat((kernel, recurrent))
    given = kernel.new_zeros(kernel.shape[1]) if bias is None else bias
    family: Any
    parameters: tuple[torch.Tensor, ...]
    start: tuple[torch.Tensor, ...] = states
    if kind == "simple":
        family, parameters = BasicRNN(units, activation), (both, given)
    elif kind == "lstm":
        # Keras' gates are i, f, the candidate, o; the engine has the candidate before f, and c before h.
        family = LSTM(units, forget_bias=0.0, activation=activation)
        order = (0, 2, 1, 3)
        parameters = (_in_order(both, order, 4), _in_order(given, order, 4))
        start = (states[1], states[0])
    elif kind == "gru":
        family, last = GRU(units, activation), 2 * units
        parameters = (_in_order(both, (1, 0), 3), _in_order(given, (1, 0), 3), both[:, last:], given[last:])
    else:
        family, last = ResetAfterGRU(units, activation), 2 * units
        hidden = torch.zeros_like(given) if inner is None else inner
        parameters = (
            _in_order(both, (1, 0), 3),
            _in_order(given + hidden, (1, 0), 3),
            kernel[:, last:],
            given[last:],
            recurrent[:, last:],
            hidden[last:],
        )
    run = SequenceRun(family, [item.contiguous() for item in parameters], inputs, None, start)
    (result,) = run_sequences([run])
    ends = result.state[::-1] if kind == "lstm" else result.state
    return result.outputs, *ends
