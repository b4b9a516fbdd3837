"""Keras' convolutional LSTM as one node: the steps over a sequence of images that are convolved already."""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F

from ..registry import OutputTypes, register
from ..tensor import Tensor
from .core import convert_to_tensor, make
from .keras_steps import ACTIVATIONS


def _run(
    *tensors: torch.Tensor,
    activation: str,
    gates: str,
    has_mask: bool,
    channels_first: bool,
    go_backwards: bool,
    zero_output_for_mask: bool,
) -> tuple[torch.Tensor, ...]:
    """(h after each step, the last output, h, c), batch-major."""
    projected, kernel, h, c = tensors[:4]
    if not channels_first:
        projected = projected.movedim(-1, 2)
        h, c = h.movedim(-1, 1), c.movedim(-1, 1)
    weights = kernel.permute(3, 2, 0, 1)
    rows, columns = weights.shape[2:]
    # As TensorFlow pads: what is odd goes to the end.
    around = ((columns - 1) // 2, columns // 2, (rows - 1) // 2, rows // 2)
    act, gate = ACTIVATIONS[activation], ACTIVATIONS[gates]
    masks = tensors[4].reshape(*tensors[4].shape[:2], 1, 1, 1).bool() if has_mask else None
    times = range(projected.shape[1])
    outputs, before = [], torch.zeros_like(h)
    for time in reversed(times) if go_backwards else times:
        i, f, g, o = (projected[:, time] + F.conv2d(F.pad(h, around), weights)).chunk(4, 1)
        new_c = gate(f) * c + gate(i) * act(g)
        output = new_h = gate(o) * act(new_c)
        if masks is not None:
            kept = masks[:, time]
            output = torch.where(kept, new_h, torch.zeros_like(new_h) if zero_output_for_mask else before)
            new_h, new_c = torch.where(kept, new_h, h), torch.where(kept, new_c, c)
        before, h, c = output, new_h, new_c
        outputs.append(output)
    whole = torch.stack(outputs, 1)
    found = (whole, before, h, c)
    return found if channels_first else tuple(item.movedim(-3, -1) for item in found)


def _rule(inputs: Any, attributes: dict[str, Any]) -> OutputTypes:
    dtype, state = inputs[0].dtype.base_dtype, inputs[2].shape
    sizes = inputs[0].shape.as_list()
    sizes[2 if attributes["channels_first"] else -1] = inputs[1].shape.as_list()[2]
    return [(dtype, type(state)(sizes)), *[(dtype, type(state)([*sizes[:1], *sizes[2:]]))] * 3]


register("KerasConvLSTM", _run, _rule)


def keras_conv_lstm(
    projected: Any, kernel: Any, h: Any, c: Any, mask: Any, **attributes: Any
) -> tuple[Tensor, ...]:
    """(all outputs, the last one, h, c) of the steps over what the inputs' convolution gave."""
    given = [projected, kernel, h, c, *([] if mask is None else [mask])]
    tensors = [convert_to_tensor(item) for item in given]
    return tuple(make("KerasConvLSTM", tensors, "rnn", has_mask=mask is not None, **attributes).outputs)
