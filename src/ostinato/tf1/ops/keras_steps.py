"""Keras' recurrences, a step after the other in plain torch: what the quicker walks are held to, and what
gives gradients of gradients.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import torch
import torch.nn.functional as F

ACTIVATIONS: dict[str, Any] = {
    "elu": F.elu,
    "exponential": torch.exp,
    "hard_sigmoid": lambda x: torch.clamp(0.2 * x + 0.5, 0.0, 1.0),
    "linear": lambda x: x,
    "relu": torch.relu,
    "selu": F.selu,
    "sigmoid": torch.sigmoid,
    "softplus": F.softplus,
    "softsign": F.softsign,
    "tanh": torch.tanh,
}


class Recurrence(NamedTuple):
    """A kind of layer: "simple", "lstm", "gru" or "gru_reset_after", and its activations by name."""

    kind: str
    activation: str
    gates: str


def _times(h: torch.Tensor, kernel: torch.Tensor, dropped: torch.Tensor | None) -> torch.Tensor:
    """h @ kernel, where each gate sees h without what its mask `[gates, batch, units]` drops."""
    if dropped is None:
        return h @ kernel
    gates = len(dropped)
    parts = torch.bmm(h.unsqueeze(0) * dropped, kernel.view(len(kernel), gates, -1).transpose(0, 1))
    return parts.transpose(0, 1).reshape(len(h), -1)


def _simple(x: Any, states: Any, kernel: Any, inner: Any, act: Any, gate: Any, dropped: Any) -> Any:
    return (act(x + _times(states[0], kernel, dropped)),)


def _lstm(x: Any, states: Any, kernel: Any, inner: Any, act: Any, gate: Any, dropped: Any) -> Any:
    h, c = states
    i, f, g, o = (x + _times(h, kernel, dropped)).chunk(4, 1)
    c = gate(f) * c + gate(i) * act(g)
    return gate(o) * act(c), c


def _gru(x: Any, states: Any, kernel: Any, inner: Any, act: Any, gate: Any, dropped: Any) -> Any:
    (h,) = states
    units = h.shape[1]
    of_gates, of_candidate = (None, None) if dropped is None else (dropped[:2], dropped[2:])
    z, r = gate(x[:, : 2 * units] + _times(h, kernel[:, : 2 * units], of_gates)).chunk(2, 1)
    candidate = act(x[:, 2 * units :] + _times(r * h, kernel[:, 2 * units :], of_candidate))
    return (z * h + (1 - z) * candidate,)


def _gru_reset_after(x: Any, states: Any, kernel: Any, inner: Any, act: Any, gate: Any, dropped: Any) -> Any:
    (h,) = states
    hidden = _times(h, kernel, dropped)
    x_z, x_r, x_h = x.chunk(3, 1)
    h_z, h_r, h_h = (hidden if inner is None else hidden + inner).chunk(3, 1)
    z = gate(x_z + h_z)
    candidate = act(x_h + gate(x_r + h_r) * h_h)
    return (z * h + (1 - z) * candidate,)


_STEPS = {"simple": _simple, "lstm": _lstm, "gru": _gru, "gru_reset_after": _gru_reset_after}


def walk(
    recurrence: Recurrence,
    projected: torch.Tensor,
    kernel: torch.Tensor,
    inner: torch.Tensor | None,
    mask: torch.Tensor | None,
    states: tuple[torch.Tensor, ...],
    dropped: torch.Tensor | None = None,
) -> tuple[torch.Tensor, ...]:
    """(h after each step `[time, batch, units]`, the last states).

    Args:
        projected: the inputs' share of each step, with the bias.
        kernel: the recurrent one.
        inner: the bias inside of the reset gate.
        mask: [time, batch, 1]; a step that it leaves out keeps the states.
        dropped: for each gate what is left of the state.
    """
    step = _STEPS[recurrence.kind]
    act, gate = ACTIVATIONS[recurrence.activation], ACTIVATIONS[recurrence.gates]
    masks = None if mask is None else mask.unbind(0)
    outputs = []
    for time, x in enumerate(projected.unbind(0)):
        new = step(x, states, kernel, inner, act, gate, dropped)
        if masks is not None:
            new = tuple(torch.where(masks[time], a, b) for a, b in zip(new, states, strict=True))
        states = new
        outputs.append(states[0])
    whole = torch.stack(outputs) if outputs else projected.new_zeros((0, *states[0].shape))
    return whole, *states
