"""Parts of images: glimpses around a place, and all the windows of a size."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch

from ..dtypes import int32
from ..graph import name_scope
from ..registry import OutputTypes, constant_value, register
from ..shapes import TensorShape
from ..tensor import Tensor
from . import array, random
from .core import convert_to_tensor, one
from .lists import concat
from .windows import checked_padding, margins, output_size, padded


def _glimpse(
    x: torch.Tensor,
    size: torch.Tensor,
    offsets: torch.Tensor,
    drawn: torch.Tensor,
    centered: bool,
    normalized: bool,
) -> torch.Tensor:
    batch, height, width, channels = x.shape
    rows, columns = size.tolist()
    wide = drawn.reshape(batch, rows, columns, channels).to(x.dtype)
    places = []
    for axis, (whole, part) in enumerate(((height, rows), (width, columns))):
        offset = offsets[:, axis].float()
        if normalized:
            offset = offset * whole
        if centered:
            offset = offset / 2.0 + whole / 2.0
        first = torch.trunc(offset - part / 2.0).long().unsqueeze(1)
        places.append(first + torch.arange(part, device=x.device))
    y, z = places
    inside = ((y >= 0) & (y < height)).unsqueeze(2) & ((z >= 0) & (z < width)).unsqueeze(1)
    which = torch.arange(batch, device=x.device).view(-1, 1, 1)
    found = x[which, y.clamp(0, height - 1).unsqueeze(2), z.clamp(0, width - 1).unsqueeze(1)]
    return torch.where(inside.unsqueeze(3), found, wide)


def _glimpse_rule(inputs: Sequence[Tensor], attributes: dict[str, Any]) -> OutputTypes:
    known: Sequence[Any] = inputs[0].shape.known or [None] * 4
    size = constant_value(inputs[1])
    sizes = [None, None] if size is None else [int(item) for item in size]
    return [(inputs[0].dtype.base_dtype, TensorShape([known[0], *sizes, known[3]]))]


register("ExtractGlimpse", _glimpse, _glimpse_rule)


def extract_glimpse(
    input: Any,
    size: Any,
    offsets: Any,
    centered: bool = True,
    normalized: bool = True,
    uniform_noise: bool = True,
    name: str | None = None,
) -> Tensor:
    """A part of each image around a place; what lies outside is noise (TF1 symbol:
    `tf.image.extract_glimpse`).

    Args:
        input: `[batch, height, width, channels]` floats.
        size: (height, width) of the parts.
        offsets: `[batch, 2]`: y, x.
        centered: whether (0, 0) is the middle of the image; else its corner. It is where the middle of the
            part comes to.
        normalized: whether the image's edges are at -1 and 1; else offsets are in pixels.
        uniform_noise: noise from 0 to 1; else it is normal.
    """
    with name_scope(name, "ExtractGlimpse", [input]) as scope:
        x = convert_to_tensor(input, name="input")
        sizes = convert_to_tensor(size, int32, name="size")
        places = convert_to_tensor(offsets, "float32", name="offsets")
        shape = concat([array.shape(x)[:1], sizes, array.shape(x)[3:]], 0)
        draw = random.random_uniform if uniform_noise else random.random_normal
        attributes = {"centered": bool(centered), "normalized": bool(normalized)}
        return one("ExtractGlimpse", [x, sizes, places, draw(shape)], scope, **attributes)


def _patches(
    x: torch.Tensor, ksizes: Sequence[int], strides: Sequence[int], rates: Sequence[int], padding: str
) -> torch.Tensor:
    pairs = [
        margins(size, window, step, rate, padding)
        for size, window, step, rate in zip(x.shape[1:3], ksizes[1:3], strides[1:3], rates[1:3], strict=True)
    ]
    batch, channels = x.shape[0], x.shape[3]
    wide = padded(x.permute(0, 3, 1, 2), pairs)
    extents = [(window - 1) * rate + 1 for window, rate in zip(ksizes[1:3], rates[1:3], strict=True)]
    found = wide.unfold(2, extents[0], strides[1]).unfold(3, extents[1], strides[2])
    found = found[..., :: rates[1], :: rates[2]]
    depth = channels * ksizes[1] * ksizes[2]
    return found.permute(0, 2, 3, 4, 5, 1).reshape(batch, found.shape[2], found.shape[3], depth)


def _patches_rule(inputs: Sequence[Tensor], attributes: dict[str, Any]) -> OutputTypes:
    known: Sequence[Any] = inputs[0].shape.known or [None] * 4
    a = attributes
    sizes = [
        output_size(known[i], a["ksizes"][i], a["strides"][i], a["rates"][i], a["padding"]) for i in (1, 2)
    ]
    depth = None if known[3] is None else known[3] * attributes["ksizes"][1] * attributes["ksizes"][2]
    return [(inputs[0].dtype.base_dtype, TensorShape([known[0], *sizes, depth]))]


register("ExtractImagePatches", _patches, _patches_rule)


def extract_image_patches(
    images: Any,
    ksizes: Any = None,
    strides: Any = None,
    rates: Any = None,
    padding: Any = None,
    name: str | None = None,
    sizes: Any = None,
) -> Tensor:
    """The windows of images, each as a row of channels (TF1 symbol: `tf.image.extract_image_patches`).

    `sizes` is the newer name of `ksizes`; these and the steps are four numbers.
    """
    windows = ksizes if sizes is None else sizes
    with name_scope(name, "ExtractImagePatches", [images]) as scope:
        return one(
            "ExtractImagePatches",
            [convert_to_tensor(images, name="images")],
            scope,
            ksizes=[int(item) for item in windows],
            strides=[int(item) for item in strides],
            rates=[int(item) for item in rates],
            padding=checked_padding("ExtractImagePatches", padding),
        )


def extract_patches(
    images: Any, sizes: Any, strides: Any, rates: Any, padding: Any, name: str | None = None
) -> Tensor:
    """As `extract_image_patches` (TF1 symbol: `tf.image.extract_patches`)."""
    return extract_image_patches(images, sizes, strides, rates, padding, name)
