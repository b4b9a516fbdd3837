"""A Keras recurrent layer as one node: the whole sequence in one torch function.

The inputs' share of all steps is one product; a step is one product more and the gates.
"""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F

from ..registry import OutputTypes, register
from ..shapes import TensorShape
from ..tensor import Tensor
from .core import convert_to_tensor, make

_ACTIVATIONS: dict[str, Any] = {
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
KNOWN_ACTIVATIONS = frozenset(_ACTIVATIONS)


def _simple(x: torch.Tensor, states: Any, kernel: torch.Tensor, act: Any, gate: Any) -> Any:
    (h,) = states
    new = act(torch.addmm(x, h, kernel))
    return new, (new,)


def _lstm(x: torch.Tensor, states: Any, kernel: torch.Tensor, act: Any, gate: Any) -> Any:
    h, c = states
    i, f, g, o = torch.addmm(x, h, kernel).chunk(4, 1)
    new_c = gate(f) * c + gate(i) * act(g)
    new_h = gate(o) * act(new_c)
    return new_h, (new_h, new_c)


def _gru(x: torch.Tensor, states: Any, kernel: torch.Tensor, act: Any, gate: Any) -> Any:
    (h,) = states
    units = h.shape[1]
    of_gates, of_candidate = x[:, : 2 * units], x[:, 2 * units :]
    z, r = gate(torch.addmm(of_gates, h, kernel[:, : 2 * units])).chunk(2, 1)
    candidate = act(torch.addmm(of_candidate, r * h, kernel[:, 2 * units :]))
    new = z * h + (1 - z) * candidate
    return new, (new,)


def _gru_reset_after(bias: torch.Tensor | None) -> Any:
    def step(x: torch.Tensor, states: Any, kernel: torch.Tensor, act: Any, gate: Any) -> Any:
        (h,) = states
        inner = h @ kernel if bias is None else torch.addmm(bias, h, kernel)
        x_z, x_r, x_h = x.chunk(3, 1)
        h_z, h_r, h_h = inner.chunk(3, 1)
        z = gate(x_z + h_z)
        candidate = act(x_h + gate(x_r + h_r) * h_h)
        new = z * h + (1 - z) * candidate
        return new, (new,)

    return step


_STEPS = {"simple": _simple, "lstm": _lstm, "gru": _gru}


def _run(
    *tensors: Any,
    kind: str,
    activation: str,
    gates: str,
    states: int,
    has_bias: bool,
    has_mask: bool,
    time_major: bool,
    go_backwards: bool,
    zero_output_for_mask: bool,
    reset_after: bool,
) -> tuple[torch.Tensor, ...]:
    """(outputs, last output, states...)"""
    given = list(tensors)
    x, kernel, recurrent = given[:3]
    bias = given[3] if has_bias else None
    mask = given[3 + has_bias] if has_mask else None
    state: Any = tuple(given[-states:])
    inner = None
    if bias is not None and reset_after:
        bias, inner = bias[0], bias[1]
    projected = x @ kernel if bias is None else F.linear(x, kernel.t(), bias)
    if not time_major:
        projected = projected.transpose(0, 1)
    steps = projected.unbind(0)
    masks = None
    if mask is not None:
        if mask.dim() > 2:
            mask = mask.squeeze(-1)
        masks = (mask if time_major else mask.transpose(0, 1)).bool().unsqueeze(-1).unbind(0)
    step = _gru_reset_after(inner) if reset_after else _STEPS[kind]
    act, gate = _ACTIVATIONS[activation], _ACTIVATIONS[gates]
    outputs = []
    before = torch.zeros_like(state[0])
    order = range(len(steps) - 1, -1, -1) if go_backwards else range(len(steps))
    for time in order:
        output, new = step(steps[time], state, recurrent, act, gate)
        if masks is not None:
            kept = masks[time]
            output = torch.where(kept, output, torch.zeros_like(output) if zero_output_for_mask else before)
            new = tuple(torch.where(kept, a, b) for a, b in zip(new, state, strict=True))
        before, state = output, new
        outputs.append(output)
    whole = (
        torch.stack(outputs, 0 if time_major else 1)
        if outputs
        else x.new_zeros(x.shape[:2] + before.shape[1:])
    )
    return whole, before, *state


def _rule(inputs: Any, attributes: dict[str, Any]) -> OutputTypes:
    dtype = inputs[0].dtype.base_dtype
    units = inputs[2].shape.as_list()[0]
    sizes = inputs[0].shape.as_list()
    rows = sizes[1 if attributes["time_major"] else 0]
    state = TensorShape([rows, units])
    return [(dtype, TensorShape([*sizes[:2], units])), *[(dtype, state)] * (1 + attributes["states"])]


register("KerasRNN", _run, _rule)


def keras_rnn(
    inputs: Any,
    kernel: Any,
    recurrent_kernel: Any,
    bias: Any,
    mask: Any,
    states: Any,
    name: str | None = None,
    **attributes: Any,
) -> tuple[Tensor, Tensor, list[Tensor]]:
    """(all outputs, the last one, the last states) of a layer over a sequence."""
    given = [inputs, kernel, recurrent_kernel]
    given += [] if bias is None else [bias]
    given += [] if mask is None else [mask]
    tensors = [convert_to_tensor(item) for item in [*given, *states]]
    node = make(
        "KerasRNN",
        tensors,
        name or "rnn",
        states=len(states),
        has_bias=bias is not None,
        has_mask=mask is not None,
        **attributes,
    )
    outputs, last, *ends = node.outputs
    return outputs, last, ends
