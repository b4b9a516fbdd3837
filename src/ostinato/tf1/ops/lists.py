"""Tensors joined and taken apart: stack and unstack, concat and split."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from ..dtypes import int32
from ..graph import name_scope
from ..registry import OutputTypes, ShapeMismatch, constant_value, register
from ..shapes import Dimension, TensorShape
from ..tensor import Tensor
from .core import constant, convert_to_tensor, holds_tensor, make, one
from .math import either
from .strings_moved import moves


def _pack_rule(inputs: Sequence[Tensor], attributes: dict[str, Any]) -> OutputTypes:
    merged = inputs[0].shape
    for index, tensor in enumerate(inputs[1:], 1):
        try:
            merged = merged.merge_with(tensor.shape)
        except ValueError:
            raise ShapeMismatch(
                f"Dimensions must be equal to stack, but the shapes are {merged.bracketed()} and, at "
                f"place {index}, {tensor.shape.bracketed()}"
            ) from None
    dtype, axis = inputs[0].dtype.base_dtype, attributes["axis"]
    if merged.known is None:
        return [(dtype, TensorShape(None))]
    count = len(merged.known) + 1
    if not -count <= axis < count:
        raise ShapeMismatch(f"axis = {axis} not in [{-count}, {count})")
    sizes = list(merged.known)
    sizes.insert(axis % count, len(inputs))
    return [(dtype, TensorShape(sizes))]


register("Pack", moves(lambda *tensors, axis: torch.stack(tensors, axis)), _pack_rule)


def stack(values: Any, axis: int = 0, name: str = "stack") -> Tensor:
    """Tensors of one shape along a new axis (TF1 symbol: `tf.stack`), which `axis` places in the result.

    Raises:
        ValueError: no tensors, or shapes that differ.
        TypeError: types that differ.
    """
    if isinstance(values, Tensor):
        values = unstack(values)
    if not values:
        raise ValueError("tf.stack needs at least one tensor; the list is empty.")
    if axis == 0 and not holds_tensor(values):
        return constant(values, name=name or "stack")
    first = next((item.dtype.base_dtype for item in values if isinstance(item, Tensor)), None)
    tensors = [convert_to_tensor(item, preferred_dtype=first) for item in values]
    _same_types("Pack", tensors)
    return one("Pack", tensors, name or "stack", axis=axis)


def _same_types(op_type: str, tensors: Sequence[Tensor]) -> None:
    names = [tensor.dtype.base_dtype.name for tensor in tensors]
    if len(set(names)) > 1:
        raise TypeError(
            f"Tensors in list passed to 'values' of '{op_type}' Op have types [{', '.join(names)}] that "
            "don't all match."
        )


def _unpack_rule(inputs: Sequence[Tensor], attributes: dict[str, Any]) -> OutputTypes:
    known, axis, count = inputs[0].shape.known, attributes["axis"], attributes["num"]
    dtype = inputs[0].dtype.base_dtype
    if known is None:
        return [(dtype, TensorShape(None))] * count
    if not -len(known) <= axis < len(known):
        raise ShapeMismatch(f"axis = {axis} not in [{-len(known)}, {len(known)})")
    axis %= len(known)
    if known[axis] not in (None, count):
        raise ShapeMismatch(f"Dimension must be {count} but is {known[axis]}")
    return [(dtype, TensorShape(known[:axis] + known[axis + 1 :]))] * count


def _unpack(x: torch.Tensor, axis: int, num: int) -> tuple[torch.Tensor, ...]:
    if x.shape[axis] != num:
        raise ValueError(
            f"Input of shape {tuple(x.shape)} has size {x.shape[axis]} on axis {axis}, not num = {num}."
        )
    return x.unbind(axis)


register("Unpack", moves(_unpack), _unpack_rule)


def unstack(value: Any, num: int | None = None, axis: int = 0, name: str = "unstack") -> list[Tensor]:
    """The slices of a tensor along an axis, as a list (TF1 symbol: `tf.unstack`).

    Raises:
        ValueError: the axis has no known size and `num` is not given, or there is no such axis.
    """
    value = convert_to_tensor(value)
    if num is None:
        known = value.shape.known
        if known is not None:
            if not -len(known) <= axis < len(known):
                raise ValueError(f"axis = {axis} not in [{-len(known)}, {len(known)})")
            num = known[axis]
        if num is None:
            raise ValueError(f"Cannot infer num from shape {value.shape}")
    return make("Unpack", [value], name or "unstack", axis=axis, num=num).outputs


def _concat_rule(inputs: Sequence[Tensor], attributes: dict[str, Any]) -> OutputTypes:
    tensors, axis = inputs[:-1], constant_value(inputs[-1])
    dtype = tensors[0].dtype.base_dtype
    ranks = [tensor.shape.ndims for tensor in tensors if tensor.shape.ndims is not None]
    if not ranks:
        return [(dtype, TensorShape(None))]
    if len(set(ranks)) > 1:
        raise ShapeMismatch(
            f"Shapes must be equal rank, but are {ranks[0]} and {next(r for r in ranks if r != ranks[0])}"
        )
    if axis is None:
        return [(dtype, TensorShape([None] * ranks[0]))]
    if not -ranks[0] <= int(axis) < ranks[0]:
        raise ShapeMismatch(f"Axis {int(axis)} is not among the {ranks[0]} axes")
    where = int(axis) % ranks[0]
    merged, total = TensorShape([None] * ranks[0]), Dimension(0)
    for tensor in tensors:
        sizes = (*(tensor.shape.known or (None,) * ranks[0])[:where], None)
        sizes += (tensor.shape.known or (None,) * ranks[0])[where + 1 :]
        for index, (a, b) in enumerate(zip(merged.known or (), sizes, strict=True)):
            if a is not None and b is not None and a != b:
                raise ShapeMismatch(
                    f"Dimension {index} in both shapes must be equal, but are {a} and {b}. Shapes are "
                    f"[{a}] and [{b}]."
                )
        merged = merged.merge_with(sizes)
        total = total + tensor.shape[where]
    sizes_list = merged.as_list()
    sizes_list[where] = total.value
    return [(dtype, TensorShape(sizes_list))]


register("ConcatV2", moves(lambda *inputs: torch.cat(inputs[:-1], int(inputs[-1]))), _concat_rule)


def _is_number(value: Any) -> bool:
    """Whether an argument can be an axis, and no list of tensors or tensor to be taken apart."""
    if isinstance(value, Tensor):
        return value.dtype.is_integer and value.shape.ndims == 0
    return isinstance(value, (int, np.integer))


def concat(values: Any, axis: Any = None, name: str = "concat", concat_dim: Any = None) -> Tensor:
    """Tensors joined along an axis (TF1 symbol: `tf.concat`); the other axes have to agree.

    `tf.concat(axis, values)`, the order before version 1, is taken too.

    Raises:
        ValueError: sizes of other axes, or ranks, that differ.
        TypeError: types that differ.
    """
    axis = either("axis", axis, "concat_dim", concat_dim)
    if axis is None:
        raise TypeError("concat() missing 1 required positional argument: 'axis'")
    if _is_number(values) and not _is_number(axis):
        values, axis = axis, values
    if not isinstance(values, (list, tuple)):
        values = [values]
    with name_scope(name, "concat", values) as scope:
        first = next((item.dtype.base_dtype for item in values if isinstance(item, Tensor)), None)
        tensors = [
            convert_to_tensor(item, preferred_dtype=first, name=f"values_{i}")
            for i, item in enumerate(values)
        ]
        _same_types("ConcatV2", tensors)
        where = convert_to_tensor(axis, name="axis", dtype_hint=int32)
        if len(tensors) == 1:
            return one("Identity", tensors, name or "concat")
        return one("ConcatV2", [*tensors, where], scope)


def _split_rule(inputs: Sequence[Tensor], attributes: dict[str, Any]) -> OutputTypes:
    known, sizes, dtype = inputs[0].shape.known, attributes["sizes"], inputs[0].dtype.base_dtype
    count = attributes["num_split"]
    if known is None:
        return [(dtype, TensorShape(None))] * count
    axis = attributes["axis"]
    if not -len(known) <= axis < len(known):
        raise ShapeMismatch(f"Axis {axis} is not among the {len(known)} axes")
    axis, total = axis % len(known), known[axis]
    if sizes is None:
        if total is not None and total % count:
            raise ShapeMismatch(f"Dimension size must be evenly divisible by {count} but is {total}")
        parts: list[int | None] = [None if total is None else total // count] * count
    else:
        rest = None if total is None else total - sum(size for size in sizes if size >= 0)
        parts = [rest if size < 0 else size for size in sizes]
        if total is not None and sum(part or 0 for part in parts) != total:
            raise ShapeMismatch(f"Sizes {sizes} do not add up to {total}")
    return [(dtype, TensorShape([*known[:axis], part, *known[axis + 1 :]])) for part in parts]


def _split(
    x: torch.Tensor, axis: int, num_split: int, sizes: Sequence[int] | None
) -> tuple[torch.Tensor, ...]:
    total = x.shape[axis]
    if sizes is None:
        if total % num_split:
            raise ValueError(f"Dimension size must be evenly divisible by {num_split} but is {total}")
        return x.split(total // num_split if total else 1, axis) if total else (x,) * num_split
    rest = total - sum(size for size in sizes if size >= 0)
    return x.split([rest if size < 0 else size for size in sizes], axis)


register("Split", moves(_split), _split_rule)
register("SplitV", moves(_split), _split_rule)


def split(
    value: Any,
    num_or_size_splits: Any = None,
    axis: Any = 0,
    num: int | None = None,
    name: str = "split",
    split_dim: Any = None,
    num_split: int | None = None,
) -> list[Tensor]:
    """Equal pieces (an int), or pieces of the given sizes (a list), along an axis (TF1 symbol:
    `tf.split`).

    `tf.split(axis, number, value)`, the order before version 1, is taken too.
    """
    axis = axis if split_dim is None else split_dim
    num_or_size_splits = either("num_or_size_splits", num_or_size_splits, "num_split", num_split)
    if num_or_size_splits is None:
        raise TypeError("split() missing 1 required positional argument: 'num_or_size_splits'")
    if _is_number(value) and not _is_number(axis):
        value, axis = axis, value
    x = convert_to_tensor(value)
    constant_axis = constant_value(axis) if isinstance(axis, Tensor) else axis
    if constant_axis is None:
        raise ValueError("The axis of tf.split must be a number or a constant.")
    sizes = None
    if not isinstance(num_or_size_splits, (int, np.integer, Dimension)):
        array = constant_value(convert_to_tensor(num_or_size_splits))
        if array is None:
            raise ValueError("The sizes of tf.split must be numbers or constants.")
        sizes = [int(item) for item in array]
    count = len(sizes) if sizes is not None else int(num_or_size_splits)
    if count < 1:
        raise ValueError(f"tf.split needs at least one piece, not {num_or_size_splits}.")
    if num is not None and num != count:
        raise ValueError(f"tf.split was told num = {num}, but there are {count} pieces.")
    op_type = "Split" if sizes is None else "SplitV"
    return make(op_type, [x], name or "split", axis=int(constant_axis), num_split=count, sizes=sizes).outputs
