"""Tensors made larger, repeated or moved: pad, roll, broadcast_to, meshgrid, repeat."""

from __future__ import annotations

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


def value_type(tensor: Tensor) -> Any:
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
        return [(value_type(inputs[0]), TensorShape(None if rank is None else [None] * rank))]
    if rank is not None and rank != len(known):
        raise ShapeMismatch(f"Shape must be rank {rank} but is rank {len(known)}")
    if pads is None:
        return [(value_type(inputs[0]), TensorShape([None] * len(known)))]
    sizes = [None if size is None else size + int(pair.sum()) for size, pair in zip(known, pads, strict=True)]
    return [(value_type(inputs[0]), TensorShape(sizes))]


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
            inputs.append(convert_to_tensor(constant_values, value_type(x), name="constant_values"))
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
    return [(value_type(inputs[0]), wanted)]


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
    return [(value_type(inputs[0]), TensorShape([rank]))]


register("BroadcastArgs", _broadcast_sizes, _sizes_rule, differentiable=False)


def broadcast_dynamic_shape(shape_x: Any, shape_y: Any) -> Tensor:
    """The shape that two broadcast to, at run time (TF1 symbol: `tf.broadcast_dynamic_shape`)."""
    first = shape_tensor(shape_x, "s0")
    return one("BroadcastArgs", [first, convert_to_tensor(shape_y, value_type(first))], "BroadcastArgs")


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
        whole = array.fill(lists.stack(sizes), convert_to_tensor(1, value_type(vectors[0])))
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
        return [(value_type(inputs[0]), TensorShape(None))]
    size = known[axis]
    if times is None or (times.size == 1 and size is None):
        count = None
    else:
        count = int(times.sum()) if times.size > 1 else int(times.reshape(-1)[0]) * (size or 0)
    return [(value_type(inputs[0]), TensorShape([*known[:axis], count, *known[axis + 1 :]]))]


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
