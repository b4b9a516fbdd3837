"""A Keras recurrent layer as one node: the whole sequence in one torch function.

The inputs' share of all steps is one product; `keras_walk` walks the steps, and `keras_steps` where a state's
dropout hinders it.
"""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F

from ..registry import OutputTypes, register
from ..shapes import TensorShape
from ..tensor import Tensor
from .core import convert_to_tensor, make
from .keras_native import native_walk, runs_native
from .keras_steps import ACTIVATIONS, Recurrence, walk
from .keras_walk import quick_walk

KNOWN_ACTIVATIONS = frozenset(ACTIVATIONS)


def _projected(
    x: torch.Tensor, kernel: torch.Tensor, bias: torch.Tensor | None, dropped: torch.Tensor | None
) -> torch.Tensor:
    """The inputs' share of each step `[time, batch, ...]`; `dropped`: for each gate what is left of them."""
    if dropped is None:
        return x @ kernel if bias is None else F.linear(x, kernel.t(), bias)
    parts = kernel.chunk(len(dropped), 1)
    whole = torch.cat([(x * mask) @ part for mask, part in zip(dropped, parts, strict=True)], 2)
    return whole if bias is None else whole + bias


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
    dropped: tuple[int, int] = (0, 0),
) -> tuple[torch.Tensor, ...]:
    """(outputs, last output, states...)"""
    given = list(tensors)
    x, kernel, recurrent = given[:3]
    bias = given[3] if has_bias else None
    mask = given[3 + has_bias] if has_mask else None
    of_inputs, of_states = dropped
    start: Any = tuple(given[3 + has_bias + has_mask :][:states])
    masks = given[3 + has_bias + has_mask + states :]
    inner = None
    if bias is not None and reset_after:
        bias, inner = bias[0], bias[1]
    if not time_major:
        x = x.transpose(0, 1)
    if mask is not None:
        mask = (mask.squeeze(-1) if mask.dim() > 2 else mask).bool()
        mask = (mask if time_major else mask.transpose(0, 1)).unsqueeze(-1)
    if go_backwards:
        x, mask = x.flip(0), None if mask is None else mask.flip(0)
    if gates == "sigmoid" and mask is None and not masks and runs_native(activation, x):
        kind = "gru_reset_after" if reset_after else kind
        whole, *ends = native_walk(kind, activation, x, kernel, recurrent, bias, inner, start)
        return whole if time_major else whole.transpose(0, 1), ends[0], *ends
    projected = _projected(x, kernel, bias, torch.stack(masks[:of_inputs]) if of_inputs else None)
    recurrence = Recurrence("gru_reset_after" if reset_after else kind, activation, gates)
    if of_states:
        kept = torch.stack(masks[of_inputs:])
        whole, *ends = walk(recurrence, projected, recurrent, inner, mask, start, kept)
    else:
        whole, *ends = quick_walk(recurrence, projected, recurrent, inner, mask, start)
    last = ends[0]
    if not len(whole):
        last = torch.zeros_like(last)
    elif mask is not None:
        # What a step gives that the mask leaves out: zeros, or what the last step gave that it did not, where
        # there was one.
        shown = mask if zero_output_for_mask else mask.cummax(0).values
        whole, last = whole * shown, last * shown[-1]
    return whole if time_major else whole.transpose(0, 1), last, *ends


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
    dropout_masks: Any = (),
    recurrent_dropout_masks: Any = (),
    name: str | None = None,
    **attributes: Any,
) -> tuple[Tensor, Tensor, list[Tensor]]:
    """(all outputs, the last one, the last states) of a layer over a sequence; the masks of dropout, where
    there are some, are for each gate.
    """
    given = [inputs, kernel, recurrent_kernel]
    given += [] if bias is None else [bias]
    given += [] if mask is None else [mask]
    given += [*states, *dropout_masks, *recurrent_dropout_masks]
    node = make(
        "KerasRNN",
        [convert_to_tensor(item) for item in given],
        name or "rnn",
        states=len(states),
        has_bias=bias is not None,
        has_mask=mask is not None,
        dropped=(len(dropout_masks), len(recurrent_dropout_masks)),
        **attributes,
    )
    outputs, last, *ends = node.outputs
    return outputs, last, ends
