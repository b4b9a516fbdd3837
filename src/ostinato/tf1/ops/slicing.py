"""Python's indexing of tensors."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from ..graph import name_scope
from ..registry import OutputTypes, ShapeMismatch, constant_value, register
from ..shapes import Dimension, TensorShape, unknown_shape
from ..tensor import Tensor
from .array import ones_like, reshape, shape, squeeze
from .core import convert_to_tensor, one, shape_tensor
from .lists import concat
from .picking import gather, where
from .reductions import reduce_prod
from .sliced_assignment import assigner, register_assignment
from .strings_moved import moves


def _slice_index(x: torch.Tensor, begin: Any, end: Any, strides: Any, masks: dict[str, Any]) -> Any:
    index: list[Any] = []
    flips: list[int] = []
    for i, (low, high, step) in enumerate(zip(begin.tolist(), end.tolist(), strides.tolist(), strict=True)):
        bit = 1 << i
        if masks["ellipsis_mask"] & bit:
            index.append(Ellipsis)
        elif masks["new_axis_mask"] & bit:
            index.append(None)
        elif masks["shrink_axis_mask"] & bit:
            index.append(low)
        else:
            first = None if masks["begin_mask"] & bit else low
            last = None if masks["end_mask"] & bit else high
            index.append(slice(first, last, step))
            if step < 0:
                flips.append(i)
    return index, flips


def _strided_slice(x: torch.Tensor, begin: Any, end: Any, strides: Any, **masks: Any) -> torch.Tensor:
    index, flips = _slice_index(x, begin, end, strides, masks)
    if not flips:
        return x[tuple(index)]
    # torch has no negative steps: turn each such slice into the indices that it stands for.
    used = len([item for item in index if item is not None and item is not Ellipsis])
    axis, plain = 0, list(index)
    picked = x
    for i, item in enumerate(index):
        if item is Ellipsis:
            axis += x.dim() - used
        elif item is not None:
            if i in flips:
                places = list(range(*item.indices(x.shape[axis])))
                picked = picked.index_select(axis, torch.tensor(places, dtype=torch.int64, device=x.device))
                plain[i] = slice(None)
            axis += 1
    return picked[tuple(plain)]


def _strided_slice_rule(inputs: Sequence[Tensor], attributes: dict[str, Any]) -> OutputTypes:
    dtype, known = inputs[0].dtype.base_dtype, inputs[0].shape.known
    bounds = [constant_value(tensor) for tensor in inputs[1:]]
    if known is None:
        return [(dtype, TensorShape(None))]
    if bounds[2] is None:
        return [(dtype, TensorShape(None))]
    sizes: list[int | None] = []
    count, axis = len(bounds[2]), 0
    ellipsis = [i for i in range(count) if attributes["ellipsis_mask"] >> i & 1]
    taken = count - len(ellipsis) - bin(attributes["new_axis_mask"]).count("1")
    if taken > len(known):
        raise ShapeMismatch(
            f"Index out of range using input dim {len(known)}; input has only {len(known)} dims"
        )
    for i, step in enumerate(bounds[2].tolist()):
        if step == 0:
            raise ShapeMismatch(f"strides[{i}] must be non-zero")
    if len(ellipsis) > 1:
        raise ShapeMismatch("Multiple ellipses in slice spec not allowed")
    for i in range(count):
        bit = 1 << i
        if i in ellipsis:
            sizes += known[axis : axis + len(known) - taken]
            axis += len(known) - taken
        elif attributes["new_axis_mask"] & bit:
            sizes.append(1)
        else:
            size = known[axis]
            low = 0 if bounds[0] is None else int(bounds[0][i])
            if attributes["shrink_axis_mask"] & bit:
                if size is not None and bounds[0] is not None and not -size <= low < size:
                    raise ShapeMismatch(f"slice index {low} of dimension {axis} out of bounds")
            else:
                free_low, free_high = attributes["begin_mask"] & bit, attributes["end_mask"] & bit
                if free_low and free_high and abs(int(bounds[2][i])) == 1:
                    sizes.append(size)
                elif (
                    size is None
                    or (bounds[0] is None and not free_low)
                    or (bounds[1] is None and not free_high)
                ):
                    sizes.append(None)
                else:
                    high = None if free_high else int(bounds[1][i])  # type: ignore[index]
                    window = slice(None if free_low else low, high, int(bounds[2][i]))
                    sizes.append(len(range(*window.indices(size))))
            axis += 1
    return [(dtype, TensorShape([*sizes, *known[axis:]]))]


register("StridedSlice", moves(_strided_slice), _strided_slice_rule)
register_assignment(_strided_slice, _strided_slice_rule)


def get_item(tensor: Tensor, key: Any, variable: Any = None) -> Tensor:
    """Python's indexing: numbers, slices, `...`, tf.newaxis; bounds may be tensors.

    The part that is taken of a variable's value has a method `assign`, which assigns to the variable.
    """
    if isinstance(key, (bool, np.bool_)) or _is_mask(key):
        return boolean_mask(tensor, key)
    keys = key if isinstance(key, tuple) else (key,)
    begin: list[Any] = []
    end: list[Any] = []
    strides: list[Any] = []
    masks = dict.fromkeys(["begin_mask", "end_mask", "ellipsis_mask", "new_axis_mask", "shrink_axis_mask"], 0)
    for i, item in enumerate(keys):
        bit = 1 << i
        low: Any = 0
        high: Any = 0
        step: Any = 1
        if item is Ellipsis:
            masks["ellipsis_mask"] |= bit
        elif item is None:
            masks["new_axis_mask"] |= bit
        elif isinstance(item, slice):
            low, high, step = item.start, item.stop, 1 if item.step is None else item.step
            masks["begin_mask"] |= bit if low is None else 0
            masks["end_mask"] |= bit if high is None else 0
            low, high = 0 if low is None else low, 0 if high is None else high
        elif isinstance(item, (int, np.integer, Dimension)) or (
            isinstance(item, Tensor) and item.dtype.is_integer
        ):
            low, high = item, item + 1
            masks["shrink_axis_mask"] |= bit
        else:
            raise TypeError(
                "Only integers, slices (`:`), ellipsis (`...`), tf.newaxis (`None`) and scalar "
                "tf.int32/tf.int64 "
                f"tensors are valid indices, got {item!r}"
            )
        begin.append(low)
        end.append(high)
        strides.append(step)
    with name_scope(None, "strided_slice", [tensor]) as scope:
        parts = [shape_tensor(begin, "stack"), shape_tensor(end, "stack_1"), shape_tensor(strides, "stack_2")]
        part = one("StridedSlice", [tensor, *parts], scope, **masks)
        part.assign = assigner(part, variable, scope, masks)  # type: ignore[attr-defined]
        return part


def _is_mask(key: Any) -> bool:
    return isinstance(key, (Tensor, np.ndarray)) and (
        key.dtype.is_bool if isinstance(key, Tensor) else key.dtype == bool
    )


def boolean_mask(tensor: Any, mask: Any, name: str = "boolean_mask", axis: int | None = None) -> Tensor:
    """The elements, or the slices along the mask's axes, where a mask is true (TF1 symbol:
    `tf.boolean_mask`).

    Args:
        tensor: of any type, `[..., ...]`.
        mask: booleans, of the shape of some of its axes from `axis` on.
        axis: the first of those axes; None is 0.

    Raises:
        ValueError: the mask has no known rank, is a scalar, or does not fit.
    """
    with name_scope(name, "boolean_mask", [tensor, mask]):
        values = convert_to_tensor(tensor, name="tensor")
        chosen = convert_to_tensor(mask, name="mask")
        first = 0 if axis is None else int(axis)
        if chosen.shape.ndims == 0:
            raise ValueError("mask cannot be scalar.")
        if chosen.shape.ndims is None:
            raise ValueError(
                "Number of mask dimensions must be specified, even if some dimensions are None.  E.g. shape="
                "[None] is ok, but shape=None is not."
            )
        last = first + chosen.shape.ndims
        values.shape[first:last].assert_is_compatible_with(chosen.shape)
        inner = values.shape.known
        leading = shape(values)[first:last]
        joined = concat([shape(values)[:first], [reduce_prod(leading)], shape(values)[last:]], 0)
        flat = reshape(values, joined)
        if inner is not None:
            count = TensorShape(inner[first:last]).num_elements()
            flat.set_shape([*inner[:first], count, *inner[last:]])
        places = squeeze(where(reshape(chosen, [-1])), axis=[1])
        return gather(flat, places, axis=first)


def strided_slice(
    input_: Any,
    begin: Any,
    end: Any,
    strides: Any = None,
    begin_mask: int = 0,
    end_mask: int = 0,
    ellipsis_mask: int = 0,
    new_axis_mask: int = 0,
    shrink_axis_mask: int = 0,
    var: Any = None,
    name: str | None = None,
) -> Tensor:
    """The part of a tensor from `begin` to `end` in steps (TF1 symbol: `tf.strided_slice`).

    Args:
        input_: a tensor.
        begin, end, strides: integers, one an axis; steps of 1 for None.
        begin_mask, end_mask: bits of the axes of which the part reaches to the end, whatever is said.
        ellipsis_mask, new_axis_mask, shrink_axis_mask: bits as Python's `...`, None and a number.
        var: the variable whose value `input_` is, to which `assign` of the result then assigns.
    """
    with name_scope(name, "StridedSlice", [input_]) as scope:
        bounds = [shape_tensor(begin, "begin"), shape_tensor(end, "end")]
        count = bounds[0].shape.num_elements()
        if strides is None:
            strides = ones_like(bounds[0]) if count is None else [1] * count
        steps = shape_tensor(strides, "strides")
        masks = {
            "begin_mask": int(begin_mask),
            "end_mask": int(end_mask),
            "ellipsis_mask": int(ellipsis_mask),
            "new_axis_mask": int(new_axis_mask),
            "shrink_axis_mask": int(shrink_axis_mask),
        }
        part = one("StridedSlice", [convert_to_tensor(input_, name="input"), *bounds, steps], scope, **masks)
        part.assign = assigner(part, var, name, masks)  # type: ignore[attr-defined]
        return part


Tensor.__getitem__ = get_item
newaxis = None


def _slice(x: torch.Tensor, begin: torch.Tensor, size: torch.Tensor) -> torch.Tensor:
    for axis, (low, count) in enumerate(zip(begin.tolist(), size.tolist(), strict=True)):
        rest = x.shape[axis] - low
        if not 0 <= low <= x.shape[axis] or count > rest:
            raise ValueError(
                f"Expected begin[{axis}] in [0, {x.shape[axis]}] and size[{axis}] in [0, {rest}], but got "
                f"{low} and {count}"
            )
        x = x.narrow(axis, low, rest if count == -1 else count)
    return x


def _slice_rule(inputs: Sequence[Tensor], attributes: dict[str, Any]) -> OutputTypes:
    known, low, size = inputs[0].shape.known, constant_value(inputs[1]), constant_value(inputs[2])
    dtype, rank = inputs[0].dtype.base_dtype, inputs[0].shape.ndims
    if size is None or known is None or len(size) != rank:
        return [(dtype, unknown_shape(rank))]
    sizes: list[int | None] = []
    for axis, count in enumerate(size.tolist()):
        whole = known[axis]
        rest = None if whole is None or low is None else whole - int(low[axis])
        sizes.append(rest if count == -1 else count)
    return [(dtype, TensorShape(sizes))]


register("Slice", moves(_slice), _slice_rule)


def slice_(input_: Any, begin: Any, size: Any, name: str | None = None) -> Tensor:
    """The part of a tensor from `begin`, of shape `size`; -1 is all that is left (TF1 symbol: `tf.slice`)."""
    with name_scope(name, "Slice", [input_]) as scope:
        where = [shape_tensor(begin, "begin"), shape_tensor(size, "size")]
        return one("Slice", [convert_to_tensor(input_, name="input"), *where], scope)
