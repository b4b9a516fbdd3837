"""Grey-scale dilation and erosion of images."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch

from ..graph import name_scope
from ..registry import OutputTypes, ShapeMismatch, register
from ..shapes import TensorShape
from ..tensor import Tensor
from . import math
from .core import convert_to_tensor, one
from .picking import reverse
from .windows import checked_padding, margins, output_size, padded


def _dilation(
    x: torch.Tensor, kernel: torch.Tensor, strides: Sequence[int], rates: Sequence[int], padding: str
) -> torch.Tensor:
    """The largest, over the window, of the image plus the kernel."""
    height, width, _ = kernel.shape
    steps, spread = strides[1:3], rates[1:3]
    pairs = [
        margins(size, extent, step, rate, padding)
        for size, extent, step, rate in zip(x.shape[1:3], (height, width), steps, spread, strict=True)
    ]
    sizes = [
        output_size(size, extent, step, rate, padding) or 0
        for size, extent, step, rate in zip(x.shape[1:3], (height, width), steps, spread, strict=True)
    ]
    wide = padded(x.movedim(3, 1), pairs, -torch.inf).movedim(1, 3)
    found = None
    for row in range(height):
        for column in range(width):
            top, left = row * spread[0], column * spread[1]
            part = wide[
                :,
                top : top + (sizes[0] - 1) * steps[0] + 1 : steps[0],
                left : left + (sizes[1] - 1) * steps[1] + 1 : steps[1],
            ]
            moved = part + kernel[row, column]
            found = moved if found is None else torch.where(moved > found, moved, found)
    assert found is not None
    return found


def _rule(inputs: Sequence[Tensor], attributes: dict[str, Any]) -> OutputTypes:
    for tensor, rank in zip(inputs, (4, 3), strict=True):
        if tensor.shape.ndims not in (None, rank):
            raise ShapeMismatch(f"Shape must be rank {rank} but is rank {tensor.shape.ndims}")
    known: Sequence[Any] = inputs[0].shape.known or [None] * 4
    kernel: Sequence[Any] = inputs[1].shape.known or [None] * 3
    sizes = [
        output_size(size, extent, step, rate, attributes["padding"])
        for size, extent, step, rate in zip(
            known[1:3], kernel[:2], attributes["strides"][1:3], attributes["rates"][1:3], strict=True
        )
    ]
    return [(inputs[0].dtype.base_dtype, TensorShape([known[0], *sizes, known[3] or kernel[2]]))]


register("Dilation2D", _dilation, _rule)


def dilation2d(
    input: Any,
    filter: Any = None,
    strides: Any = None,
    rates: Any = None,
    padding: Any = None,
    name: str | None = None,
    filters: Any = None,
    dilations: Any = None,
) -> Tensor:
    """The largest, over each window, of image plus kernel (TF1 symbol: `tf.nn.dilation2d`).

    Args:
        input: `[batch, height, width, channels]`.
        filter: `[height, width, channels]`; `filters` is its newer name.
        strides, rates: 4 sizes; `dilations` is the newer name of the latter.
        padding: "SAME" or "VALID".
    """
    kernel = math.either("filters", filters, "filter", filter)
    rates = math.either("dilations", dilations, "rates", rates)
    with name_scope(name, "Dilation2D", [input, kernel]) as scope:
        x = convert_to_tensor(input, name="input")
        kernel = convert_to_tensor(kernel, x.dtype.base_dtype, name="filter")
        return one(
            "Dilation2D",
            [x, kernel],
            scope,
            strides=[int(step) for step in strides],
            rates=[int(rate) for rate in rates],
            padding=checked_padding("Dilation2D", padding),
        )


def erosion2d(
    value: Any, kernel: Any, strides: Any, rates: Any, padding: str, name: str | None = None
) -> Tensor:
    """The smallest, over each window, of image minus kernel (TF1 symbol: `tf.nn.erosion2d`)."""
    with name_scope(name, "erosion2d", [value, kernel]) as scope:
        flipped = reverse(convert_to_tensor(kernel, name="kernel"), [0, 1])
        found = dilation2d(math.negative(value), flipped, strides, rates, padding, name=scope)
        return math.negative(found)
