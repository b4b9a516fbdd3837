"""Tensors made larger, repeated or moved: pad, roll, broadcast_to, meshgrid, repeat, blocks of space."""

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
    broadcast_shapes,
    constant_shape,
    constant_value,
    register,
    same,
)
from ..shapes import TensorShape, as_shape
from ..tensor import Tensor
from . import array, lists
from .core import convert_to_tensor, one, shape_tensor
from .math import either


def _type(tensor: Tensor) -> Any:
    return tensor.dtype.base_dtype


# -- pad
def _check_pads(x: Any, paddings: torch.Tensor) -> list[list[int]]:
    pads: list[list[int]] = paddings.tolist()
    if len(pads) != x.ndim:
        raise ValueError(
            f"The first dimension of paddings must be the rank of inputs{list(paddings.shape)} "
            f"{list(x.shape)}"
        )
    for low, high in pads:
        if low < 0 or high < 0:
            raise ValueError(f"Paddings must be non-negative: {low} {high}")
    return pads


def _pad(x: Any, paddings: torch.Tensor, value: Any = None) -> Any:
    pads = _check_pads(x, paddings)
    if isinstance(x, np.ndarray):
        return np.pad(x, pads, constant_values=b"" if value is None else value.item())
    flat = [side for pair in reversed(pads) for side in pair]
    if value is not None and value.requires_grad:
        inside = torch.nn.functional.pad(torch.ones_like(x, dtype=torch.bool), flat)
        return torch.where(inside, torch.nn.functional.pad(x, flat), value)
    return torch.nn.functional.pad(x, flat, value=0 if value is None else value.item())


def _mirror(x: torch.Tensor, paddings: torch.Tensor, mode: str) -> torch.Tensor:
    edge = 1 if mode == "REFLECT" else 0
    for axis, (low, high) in enumerate(_check_pads(x, paddings)):
        size = x.shape[axis]
        if low > size - edge or high > size - edge:
            most = "less than" if edge else "no greater than"
            raise ValueError(f"paddings must be {most} the dimension size: {low}, {high} not {most} {size}")
        if low or high:
            places = [
                *range(low - 1 + edge, edge - 1, -1),
                *range(size),
                *range(size - 1 - edge, size - 1 - edge - high, -1),
            ]
            x = x.index_select(axis, torch.tensor(places, device=x.device))
    return x


def _pad_rule(inputs: Sequence[Tensor], attributes: dict[str, Any]) -> OutputTypes:
    known, pads, rows = inputs[0].shape.known, constant_value(inputs[1]), inputs[1].shape.known
    rank = rows[0] if rows else None
    if known is None:
        return [(_type(inputs[0]), TensorShape(None if rank is None else [None] * rank))]
    if rank is not None and rank != len(known):
        raise ShapeMismatch(f"Shape must be rank {rank} but is rank {len(known)}")
    if pads is None:
        return [(_type(inputs[0]), TensorShape([None] * len(known)))]
    sizes = [None if size is None else size + int(pair.sum()) for size, pair in zip(known, pads, strict=True)]
    return [(_type(inputs[0]), TensorShape(sizes))]


register("Pad", _pad, _pad_rule)
register("PadV2", _pad, _pad_rule)
register("MirrorPad", _mirror, _pad_rule)


def pad(
    tensor: Any, paddings: Any, mode: str = "CONSTANT", name: str | None = None, constant_values: Any = 0
) -> Tensor:
    """The tensor with more elements before and after along each axis (TF1 symbol: `tf.pad`).

    Args:
        tensor: a tensor of rank n.
        paddings: integers `[n, 2]`: how many before and after.
        mode: "CONSTANT"; "REFLECT", the mirror image without the edge; "SYMMETRIC", with it.
        constant_values: what is put in, for "CONSTANT".

    Raises:
        ValueError: another mode.

    >>> import ostinato.tf1 as tf
    >>> with tf.Graph().as_default(), tf.Session() as session:
    ...     session.run(tf.pad([1, 2, 3], [[2, 1]], "REFLECT")).tolist()
    [3, 2, 1, 2, 3, 2]
    """
    chosen = str(mode).upper()
    if chosen not in ("CONSTANT", "REFLECT", "SYMMETRIC"):
        raise ValueError(f"Unknown padding mode: {mode}")
    op_type = "MirrorPad" if chosen != "CONSTANT" else "Pad"
    if chosen == "CONSTANT" and (
        isinstance(constant_values, Tensor) or hasattr(constant_values, "_to_tensor") or constant_values != 0
    ):
        op_type = "PadV2"
    with name_scope(name, op_type, [tensor]) as scope:
        x = convert_to_tensor(tensor, name="input" if op_type == "MirrorPad" else "tensor")
        inputs = [x, convert_to_tensor(paddings, name="paddings", preferred_dtype=int32)]
        if op_type == "MirrorPad":
            return one(op_type, inputs, scope, mode=chosen)
        if op_type == "PadV2":
            inputs.append(convert_to_tensor(constant_values, _type(x), name="constant_values"))
        return one(op_type, inputs, scope)


# -- rolled, broadcast, repeated
def _roll(x: Any, shift: torch.Tensor, axis: torch.Tensor) -> Any:
    shifts, axes = shift.reshape(-1).tolist(), axis.reshape(-1).tolist()
    if len(shifts) != len(axes):
        raise ValueError("shift and axis must have the same size")
    if isinstance(x, np.ndarray):
        return np.roll(x, shifts, axes)
    return torch.roll(x, shifts, axes)


register("Roll", _roll, same)


def roll(input: Any, shift: Any, axis: Any, name: str | None = None) -> Tensor:
    """The tensor with its elements moved along axes, the last ones to the front (TF1 symbol: `tf.roll`)."""
    with name_scope(name, "Roll", [input]) as scope:
        return one(
            "Roll",
            [
                convert_to_tensor(input, name="input"),
                convert_to_tensor(shift, name="shift"),
                convert_to_tensor(axis, name="axis"),
            ],
            scope,
        )


def _broadcast(x: Any, shape: torch.Tensor) -> Any:
    sizes = shape.tolist()
    if isinstance(x, np.ndarray):
        return np.broadcast_to(x, sizes)
    try:
        return x.broadcast_to(sizes)
    except RuntimeError:
        raise ValueError(f"Incompatible shapes: {list(x.shape)} vs. {sizes}") from None


def _broadcast_rule(inputs: Sequence[Tensor], attributes: dict[str, Any]) -> OutputTypes:
    wanted = constant_shape(inputs[1])
    if wanted.is_fully_defined() and inputs[0].shape.known is not None:
        broadcast_shapes(inputs[0].shape, wanted)
    return [(_type(inputs[0]), wanted)]


register("BroadcastTo", _broadcast, _broadcast_rule)


def broadcast_to(input: Any, shape: Any, name: str | None = None) -> Tensor:
    """The tensor repeated so that it has a shape, as numpy broadcasts (TF1 symbol: `tf.broadcast_to`)."""
    with name_scope(name, "BroadcastTo", [input]) as scope:
        return one("BroadcastTo", [convert_to_tensor(input, name="input"), shape_tensor(shape)], scope)


def _broadcast_sizes(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    try:
        sizes = torch.broadcast_shapes(a.tolist(), b.tolist())
    except RuntimeError:
        raise ValueError(f"Incompatible shapes: {a.tolist()} vs. {b.tolist()}") from None
    return torch.tensor(list(sizes), dtype=a.dtype)


def _sizes_rule(inputs: Sequence[Tensor], attributes: dict[str, Any]) -> OutputTypes:
    ranks = [tensor.shape.known[0] if tensor.shape.known else None for tensor in inputs]
    rank = None if None in ranks else max(rank or 0 for rank in ranks)
    return [(_type(inputs[0]), TensorShape([rank]))]


register("BroadcastArgs", _broadcast_sizes, _sizes_rule, differentiable=False)


def broadcast_dynamic_shape(shape_x: Any, shape_y: Any) -> Tensor:
    """The shape that two broadcast to, at run time (TF1 symbol: `tf.broadcast_dynamic_shape`)."""
    first = shape_tensor(shape_x, "s0")
    return one("BroadcastArgs", [first, convert_to_tensor(shape_y, _type(first))], "BroadcastArgs")


def broadcast_static_shape(shape_x: Any, shape_y: Any) -> TensorShape:
    """The shape that two static shapes broadcast to (TF1 symbol: `tf.broadcast_static_shape`).

    Raises:
        ValueError: they do not broadcast.
    """
    first, second = as_shape(shape_x), as_shape(shape_y)
    try:
        return broadcast_shapes(first, second)
    except ShapeMismatch:
        raise ValueError(f"Incompatible shapes for broadcasting: {first} and {second}") from None


def meshgrid(*args: Any, **kwargs: Any) -> list[Tensor]:
    """Coordinates of a grid, a tensor for each of the given vectors (TF1 symbol: `tf.meshgrid`).

    Args:
        *args: vectors.
        indexing: "xy" (the default) for [second, first, ...], "ij" for [first, second, ...].
        name: a name for the scope.

    Raises:
        TypeError: an argument that there is not.
        ValueError: another indexing.
    """
    indexing, name = kwargs.pop("indexing", "xy"), kwargs.pop("name", "meshgrid")
    if kwargs:
        raise TypeError(f"'{next(iter(kwargs))}' is an invalid keyword argument for this function")
    if indexing not in ("xy", "ij"):
        raise ValueError("indexing parameter must be either 'xy' or 'ij'")
    with name_scope(name, "meshgrid", args):
        rank = len(args)
        vectors = [
            array.reshape(lists.stack(item), [1] * place + [-1] + [1] * (rank - place - 1))
            for place, item in enumerate(args)
        ]
        sizes = [array.size(convert_to_tensor(item)) for item in args]
        if indexing == "xy" and rank > 1:
            order = [-1, 1] + [1] * (rank - 2)
            vectors[0] = array.reshape(vectors[0], [1, -1] + [1] * (rank - 2))
            vectors[1] = array.reshape(vectors[1], order)
            sizes[0], sizes[1] = sizes[1], sizes[0]
        whole = array.fill(lists.stack(sizes), convert_to_tensor(1, _type(vectors[0])))
        return [vector * whole for vector in vectors]


def _repeat(x: Any, repeats: torch.Tensor, axis: int) -> Any:
    if isinstance(x, np.ndarray):
        return np.repeat(x, repeats.numpy(), axis)
    if repeats.dim() == 0 or repeats.numel() == 1:
        return x.repeat_interleave(int(repeats), axis)
    return x.repeat_interleave(repeats.long(), axis)


def _repeat_rule(inputs: Sequence[Tensor], attributes: dict[str, Any]) -> OutputTypes:
    known, times, axis = inputs[0].shape.known, constant_value(inputs[1]), attributes["axis"]
    if known is None:
        return [(_type(inputs[0]), TensorShape(None))]
    size = known[axis]
    if times is None or (times.size == 1 and size is None):
        count = None
    else:
        count = int(times.sum()) if times.size > 1 else int(times.reshape(-1)[0]) * (size or 0)
    return [(_type(inputs[0]), TensorShape([*known[:axis], count, *known[axis + 1 :]]))]


register("Repeat", _repeat, _repeat_rule)


def repeat(input: Any, repeats: Any, axis: Any = None, name: str | None = None) -> Tensor:
    """Each element repeated, along an axis or of the flattened tensor for None (TF1 symbol: `tf.repeat`)."""
    with name_scope(name, "Repeat", [input, repeats]):
        x = convert_to_tensor(input)
        if axis is None:
            x, axis = array.reshape(x, [-1]), 0
        if x.shape.ndims is None:
            raise ValueError("tf.repeat along an axis needs a tensor of known rank.")
        rank = x.shape.ndims
        if not -max(rank, 1) <= axis < max(rank, 1):
            raise ValueError(f"Invalid value for argument axis: must be in [{-rank}, {rank}), got {axis}")
        times = convert_to_tensor(repeats, name="repeats", preferred_dtype=int32)
        return one("Repeat", [x, times], "Reshape_1", axis=axis % max(rank, 1))


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
            return [(_type(inputs[0]), TensorShape(None))]
        if blocks is None:
            return [(_type(inputs[0]), TensorShape([None] * len(known)))]
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
        return [(_type(inputs[0]), TensorShape([*sizes, *known[count + 1 :]]))]

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
            return [(_type(inputs[0]), TensorShape([None] * 4))]
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
        return [(_type(inputs[0]), TensorShape(sizes))]

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
