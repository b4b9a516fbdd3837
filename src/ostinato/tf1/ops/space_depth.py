"""Blocks of space put into the batch or into the channels, and back."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from ..dtypes import int32
from ..graph import name_scope
from ..registry import (
    OutputTypes,
    ShapeMismatch,
    constant_value,
    register,
)
from ..shapes import TensorShape
from ..tensor import Tensor
from . import array, lists
from .core import convert_to_tensor, one
from .math import either
from .padding import value_type


# -- blocks of space
def _space_to_batch(x: torch.Tensor, block_shape: torch.Tensor, paddings: torch.Tensor) -> torch.Tensor:
    blocks, pads = block_shape.tolist(), paddings.tolist()
    count = len(blocks)
    flat = [side for pair in reversed([[0, 0], *pads, *[[0, 0]] * (x.dim() - count - 1)]) for side in pair]
    x = torch.nn.functional.pad(x, flat)
    sizes: list[int] = [x.shape[0]]
    for axis, block in enumerate(blocks, 1):
        if x.shape[axis] % block:
            raise ValueError(
                f"padded_shape[{axis - 1}]={x.shape[axis]} is not divisible by block_shape={block}"
            )
        sizes += [x.shape[axis] // block, block]
    rest = list(x.shape[count + 1 :])
    order = [2 * i + 2 for i in range(count)] + [0] + [2 * i + 1 for i in range(count)]
    order += [2 * count + 1 + i for i in range(len(rest))]
    moved = x.reshape(sizes + rest).permute(order)
    outer = [sizes[2 * i + 1] for i in range(count)]
    return moved.reshape([x.shape[0] * math.prod(blocks), *outer, *rest])


def _batch_to_space(x: torch.Tensor, block_shape: torch.Tensor, crops: torch.Tensor) -> torch.Tensor:
    blocks, cuts = block_shape.tolist(), crops.tolist()
    count, total = len(blocks), math.prod(block_shape.tolist())
    if x.shape[0] % total:
        raise ValueError(
            f"Batch dimension {x.shape[0]} is not divisible by the block sizes, {total} together"
        )
    sizes = list(x.shape[1 : count + 1])
    rest = list(x.shape[count + 1 :])
    parts = x.reshape([*blocks, x.shape[0] // total, *sizes, *rest])
    order = [count]
    for i in range(count):
        order += [count + 1 + i, i]
    order += [2 * count + 1 + i for i in range(len(rest))]
    whole = parts.permute(order).reshape(
        [x.shape[0] // total, *[size * block for size, block in zip(sizes, blocks, strict=True)], *rest]
    )
    for axis, (low, high) in enumerate(cuts, 1):
        whole = whole.narrow(axis, low, whole.shape[axis] - low - high)
    return whole


def _space_rule(into_batch: bool) -> Any:
    def rule(inputs: Sequence[Tensor], attributes: dict[str, Any]) -> OutputTypes:
        known = inputs[0].shape.known
        blocks, pads = constant_value(inputs[1]), constant_value(inputs[2])
        if known is None:
            return [(value_type(inputs[0]), TensorShape(None))]
        if blocks is None:
            return [(value_type(inputs[0]), TensorShape([None] * len(known)))]
        count, total = len(blocks), int(np.prod(blocks))
        batch = known[0]
        sizes: list[int | None] = [None if batch is None else batch * total if into_batch else batch // total]
        for axis in range(count):
            size = known[axis + 1]
            if size is None or pads is None:
                sizes.append(None)
            elif into_batch:
                whole = size + int(pads[axis].sum())
                if whole % int(blocks[axis]):
                    raise ShapeMismatch(
                        f"Dimension size must be evenly divisible by {int(blocks[axis])} but is {whole}"
                    )
                sizes.append(whole // int(blocks[axis]))
            else:
                sizes.append(size * int(blocks[axis]) - int(pads[axis].sum()))
        return [(value_type(inputs[0]), TensorShape([*sizes, *known[count + 1 :]]))]

    return rule


register("SpaceToBatchND", _space_to_batch, _space_rule(True))


register("BatchToSpaceND", _batch_to_space, _space_rule(False))


def space_to_batch_nd(input: Any, block_shape: Any, paddings: Any, name: str | None = None) -> Tensor:
    """Blocks of the axes after the first moved into the first one (TF1 symbol: `tf.space_to_batch_nd`)."""
    with name_scope(name, "SpaceToBatchND", [input]) as scope:
        inputs = [
            convert_to_tensor(input, name="input"),
            convert_to_tensor(block_shape, name="block_shape", preferred_dtype=int32),
            convert_to_tensor(paddings, name="paddings", preferred_dtype=int32),
        ]
        return one("SpaceToBatchND", inputs, scope)


def batch_to_space_nd(input: Any, block_shape: Any, crops: Any, name: str | None = None) -> Tensor:
    """The inverse of `tf.space_to_batch_nd` (TF1 symbol: `tf.batch_to_space_nd`)."""
    with name_scope(name, "BatchToSpaceND", [input]) as scope:
        inputs = [
            convert_to_tensor(input, name="input"),
            convert_to_tensor(block_shape, name="block_shape", preferred_dtype=int32),
            convert_to_tensor(crops, name="crops", preferred_dtype=int32),
        ]
        return one("BatchToSpaceND", inputs, scope)


def space_to_batch(
    input: Any, paddings: Any, block_size: Any = None, name: str | None = None, block_shape: Any = None
) -> Tensor:
    """`tf.space_to_batch_nd` with one size for the two axes of space (TF1 symbol: `tf.space_to_batch`)."""
    size = either("block_shape", block_shape, "block_size", block_size)
    blocks = np.array([size, size]) if np.ndim(size) == 0 else size
    return space_to_batch_nd(input, blocks, paddings, name)


def batch_to_space(
    input: Any, crops: Any, block_size: Any = None, name: str | None = None, block_shape: Any = None
) -> Tensor:
    """`tf.batch_to_space_nd` with one size for the two axes of space (TF1 symbol: `tf.batch_to_space`)."""
    size = either("block_shape", block_shape, "block_size", block_size)
    blocks = np.array([size, size]) if np.ndim(size) == 0 else size
    return batch_to_space_nd(input, blocks, crops, name)


def _check_format(data_format: str) -> bool:
    if data_format not in ("NHWC", "NCHW"):
        raise ValueError(f"data_format must be NHWC or NCHW, not {data_format!r}.")
    return data_format == "NCHW"


def _space_to_depth(x: torch.Tensor, block_size: int, data_format: str) -> torch.Tensor:
    if data_format == "NCHW":
        return _space_to_depth(x.permute(0, 2, 3, 1), block_size, "NHWC").permute(0, 3, 1, 2)
    batch, height, width, depth = x.shape
    if height % block_size or width % block_size:
        raise ValueError(
            f"Image height {height} and width {width} should be divisible by block_size: {block_size}"
        )
    parts = x.reshape(batch, height // block_size, block_size, width // block_size, block_size, depth)
    return parts.permute(0, 1, 3, 2, 4, 5).reshape(
        batch, height // block_size, width // block_size, depth * block_size**2
    )


def _depth_to_space(x: torch.Tensor, block_size: int, data_format: str) -> torch.Tensor:
    if data_format == "NCHW":
        return _depth_to_space(x.permute(0, 2, 3, 1), block_size, "NHWC").permute(0, 3, 1, 2)
    batch, height, width, depth = x.shape
    if depth % block_size**2:
        raise ValueError(f"Input depth dimension {depth} should be divisible by: {block_size**2}")
    parts = x.reshape(batch, height, width, block_size, block_size, depth // block_size**2)
    return parts.permute(0, 1, 3, 2, 4, 5).reshape(
        batch, height * block_size, width * block_size, depth // block_size**2
    )


def _depth_rule(into_depth: bool) -> Any:
    def rule(inputs: Sequence[Tensor], attributes: dict[str, Any]) -> OutputTypes:
        known, block = inputs[0].shape.known, attributes["block_size"]
        if known is None:
            return [(value_type(inputs[0]), TensorShape([None] * 4))]
        if len(known) != 4:
            raise ShapeMismatch(f"Shape must be rank 4 but is rank {len(known)}")
        places = (2, 3, 1) if attributes["data_format"] == "NCHW" else (1, 2, 3)
        sizes = list(known)
        for place, factor in zip(places, (block, block, block**2), strict=True):
            size = known[place]
            divides = into_depth == (place != places[2])
            if size is not None:
                if divides and size % factor:
                    raise ShapeMismatch(f"Dimension size must be evenly divisible by {factor} but is {size}")
                sizes[place] = size // factor if divides else size * factor
        return [(value_type(inputs[0]), TensorShape(sizes))]

    return rule


register("SpaceToDepth", _space_to_depth, _depth_rule(True))


register("DepthToSpace", _depth_to_space, _depth_rule(False))


def space_to_depth(input: Any, block_size: int, name: str | None = None, data_format: str = "NHWC") -> Tensor:
    """Square blocks of an image's axes moved into the channels (TF1 symbol: `tf.space_to_depth`)."""
    _check_format(data_format)
    tensor = convert_to_tensor(input, name="input")
    return one(
        "SpaceToDepth", [tensor], name or "SpaceToDepth", block_size=int(block_size), data_format=data_format
    )


def depth_to_space(input: Any, block_size: int, name: str | None = None, data_format: str = "NHWC") -> Tensor:
    """The inverse of `tf.space_to_depth` (TF1 symbol: `tf.depth_to_space`)."""
    _check_format(data_format)
    tensor = convert_to_tensor(input, name="input")
    return one(
        "DepthToSpace", [tensor], name or "DepthToSpace", block_size=int(block_size), data_format=data_format
    )


def required_space_to_batch_paddings(
    input_shape: Any, block_shape: Any, base_paddings: Any = None, name: str | None = None
) -> tuple[Tensor, Tensor]:
    """(paddings, crops) with which blocks divide a shape.

    TF1 symbol: `tf.required_space_to_batch_paddings`.
    """
    with name_scope(name, "required_space_to_batch_paddings"):
        sizes = convert_to_tensor(input_shape, int32, name="input_shape")
        blocks = convert_to_tensor(block_shape, int32, name="block_shape")
        base = array.zeros([blocks.shape.as_list()[0], 2], int32)
        if base_paddings is not None:
            base = convert_to_tensor(base_paddings, int32, name="base_paddings")
        start, end = base[:, 0], base[:, 1]
        extra = (blocks - (sizes + start + end) % blocks) % blocks
        paddings = lists.stack([start, end + extra], axis=1, name="paddings")
        crops = lists.stack([array.zeros_like(extra), extra], axis=1, name="crops")
        return paddings, crops
