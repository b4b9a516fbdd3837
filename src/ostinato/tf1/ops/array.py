"""Shapes and pieces: reshape, transpose, stack and unstack, concat and split, slices, gather."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Optional

import numpy as np
import torch

from .. import registry
from ..dtypes import as_dtype, bool_, float32, int32, int64
from ..graph import name_scope
from ..registry import OutputTypes, ShapeMismatch, constant_value, register, same
from ..shapes import Dimension, TensorShape
from ..tensor import Tensor
from .core import constant, convert_to_tensor, holds_tensor, make, one, shape_tensor
from .math import cast, either, less

register("Identity", lambda x: x, same)
register("StopGradient", lambda x: x.detach(), same, differentiable=False)
register("ZerosLike", torch.zeros_like, same, differentiable=False)
register("OnesLike", torch.ones_like, same, differentiable=False)


def identity(input: Any, name: Optional[str] = None) -> Tensor:
    """A node that passes a tensor on (TF1 symbol: `tf.identity`)."""
    return one("Identity", [convert_to_tensor(input)], name or "Identity")


def stop_gradient(input: Any, name: Optional[str] = None) -> Tensor:
    """The tensor, as a constant to gradients (TF1 symbol: `tf.stop_gradient`)."""
    return one("StopGradient", [convert_to_tensor(input)], name or "StopGradient")


def _like(op_type: str, scope_name: str, tensor: Any, dtype: Any, name: Optional[str]) -> Tensor:
    with name_scope(name, scope_name, [tensor]) as scope:
        x = convert_to_tensor(tensor, name="tensor")
        if dtype is not None and as_dtype(dtype) is not x.dtype.base_dtype:
            x = cast(x, dtype)
        return one(op_type, [x], scope)


def zeros_like(tensor: Any, dtype: Any = None, name: Optional[str] = None, optimize: bool = True) -> Tensor:
    return _like("ZerosLike", "zeros_like", tensor, dtype, name)


def ones_like(tensor: Any, dtype: Any = None, name: Optional[str] = None, optimize: bool = True) -> Tensor:
    return _like("OnesLike", "ones_like", tensor, dtype, name)


def _fill_rule(inputs: Sequence[Tensor], attributes: dict[str, Any]) -> OutputTypes:
    return [(inputs[1].dtype.base_dtype, registry.constant_shape(inputs[0]))]


register("Fill", lambda dims, value: value.expand(dims.tolist()).clone(), _fill_rule)


def fill(dims: Any, value: Any, name: Optional[str] = None) -> Tensor:
    """A tensor of shape `dims` filled with one value (TF1 symbol: `tf.fill`)."""
    with name_scope(name, "Fill", [value]) as scope:
        return one("Fill", [shape_tensor(dims, "dims"), convert_to_tensor(value, name="value")], scope)


def _filled(shape: Any, value: int, dtype: Any, name: Optional[str], scope_name: str) -> Tensor:
    wanted = as_dtype(dtype).base_dtype
    with name_scope(name, scope_name) as scope:
        sizes = [] if isinstance(shape, (Tensor, TensorShape)) else np.atleast_1d(np.array(shape, object)).tolist()
        if sizes and not holds_tensor(sizes) and all(isinstance(size, (int, np.integer)) for size in sizes):
            if np.prod(sizes) < 1000:
                return constant(value, wanted, shape=sizes, name=scope)
        return one("Fill", [shape_tensor(shape), constant(value, wanted)], scope)


def zeros(shape: Any, dtype: Any = float32, name: Optional[str] = None) -> Tensor:
    """Zeros (TF1 symbol: `tf.zeros`); the shape may be or hold tensors."""
    return _filled(shape, 0, dtype, name, "zeros")


def ones(shape: Any, dtype: Any = float32, name: Optional[str] = None) -> Tensor:
    """Ones (TF1 symbol: `tf.ones`); the shape may be or hold tensors."""
    return _filled(shape, 1, dtype, name, "ones")


# -- shapes --------------------------------------------------------------------------------------------------------
def _shape_rule(inputs: Sequence[Tensor], attributes: dict[str, Any]) -> OutputTypes:
    return [(as_dtype(attributes["out_type"]), TensorShape([inputs[0].shape.ndims]))]


def _scalar_rule(inputs: Sequence[Tensor], attributes: dict[str, Any]) -> OutputTypes:
    return [(as_dtype(attributes["out_type"]), TensorShape([]))]


def _integer(value: Any, out_type: str) -> torch.Tensor:
    return torch.tensor(value, dtype=as_dtype(out_type).torch_dtype)


register("Shape", lambda x, out_type: _integer(list(x.shape), out_type), _shape_rule, differentiable=False)
register("Size", lambda x, out_type: _integer(x.numel(), out_type), _scalar_rule, differentiable=False)
register("Rank", lambda x, out_type: _integer(x.dim(), out_type), _scalar_rule, differentiable=False)


def shape(input: Any, name: Optional[str] = None, out_type: Any = int32) -> Tensor:
    """The shape at run time (TF1 symbol: `tf.shape`)."""
    return one("Shape", [convert_to_tensor(input)], name or "Shape", out_type=as_dtype(out_type).name)


def size(input: Any, name: Optional[str] = None, out_type: Any = int32) -> Tensor:
    return one("Size", [convert_to_tensor(input)], name or "Size", out_type=as_dtype(out_type).name)


def rank(input: Any, name: Optional[str] = None) -> Tensor:
    return one("Rank", [convert_to_tensor(input)], name or "Rank", out_type="int32")


def _reshape_rule(inputs: Sequence[Tensor], attributes: dict[str, Any]) -> OutputTypes:
    wanted, dtype = registry.constant_shape(inputs[1]), inputs[0].dtype.base_dtype
    total = inputs[0].shape.num_elements()
    if wanted.known is None or total is None:
        return [(dtype, wanted)]
    rest = registry.product([d for d in wanted.known if d is not None]) or 0
    unknown = wanted.known.count(None)
    if (unknown == 0 and rest != total) or (unknown == 1 and (rest == 0 or total % rest)):
        raise ShapeMismatch(f"Cannot reshape a tensor with {total} elements to shape {wanted.bracketed()}")
    if unknown == 1 and constant_value(inputs[1]) is not None:
        wanted = TensorShape([total // rest if d is None else d for d in wanted.known])
    return [(dtype, wanted)]


register("Reshape", lambda x, to: x.reshape(to.tolist()), _reshape_rule)


def reshape(tensor: Any, shape: Any, name: Optional[str] = None) -> Tensor:
    """The same elements in another shape; one size may be -1 (TF1 symbol: `tf.reshape`)."""
    with name_scope(name, "Reshape", [tensor]) as scope:
        return one("Reshape", [convert_to_tensor(tensor, name="tensor"), shape_tensor(shape)], scope)


def _expand_rule(inputs: Sequence[Tensor], attributes: dict[str, Any]) -> OutputTypes:
    known, axis = inputs[0].shape.known, constant_value(inputs[1])
    if known is None or axis is None:
        return [(inputs[0].dtype.base_dtype, TensorShape(None))]
    where = int(axis.reshape(-1)[0])
    if not -len(known) - 1 <= where <= len(known):
        raise ShapeMismatch(f"dim {where} not in the interval [{-len(known) - 1}, {len(known)}]")
    where = where if where >= 0 else where + len(known) + 1
    return [(inputs[0].dtype.base_dtype, TensorShape([*known[:where], 1, *known[where:]]))]


register("ExpandDims", lambda x, axis: x.unsqueeze(int(axis)), _expand_rule)


def expand_dims(input: Any, axis: Any = None, name: Optional[str] = None, dim: Any = None) -> Tensor:
    """The tensor with an axis of size 1 put in (TF1 symbol: `tf.expand_dims`)."""
    axis = either("axis", axis, "dim", dim)
    if axis is None:
        raise ValueError("Must specify an axis argument to tf.expand_dims()")
    with name_scope(name, "ExpandDims", [input]) as scope:
        return one("ExpandDims", [convert_to_tensor(input, name="input"), convert_to_tensor(axis, name="dim")], scope)


def _squeeze(x: torch.Tensor, squeeze_dims: Sequence[int]) -> torch.Tensor:
    for axis in squeeze_dims:
        if x.shape[axis] != 1:
            raise ValueError(f"Can not squeeze dim[{axis}], expected a dimension of 1, got {x.shape[axis]}")
    return x.squeeze(tuple(squeeze_dims)) if squeeze_dims else x.squeeze()


def _squeeze_rule(inputs: Sequence[Tensor], attributes: dict[str, Any]) -> OutputTypes:
    known, axes = inputs[0].shape.known, attributes["squeeze_dims"]
    if known is None or (not axes and None in known):
        return [(inputs[0].dtype.base_dtype, TensorShape(None))]
    places = [axis % len(known) for axis in axes] or [i for i, d in enumerate(known) if d == 1]
    for place in places:
        if known[place] not in (None, 1):
            raise ShapeMismatch(f"Can not squeeze dim[{place}], expected a dimension of 1, got {known[place]}")
    return [(inputs[0].dtype.base_dtype, TensorShape([d for i, d in enumerate(known) if i not in places]))]


register("Squeeze", _squeeze, _squeeze_rule)


def squeeze(input: Any, axis: Any = None, name: Optional[str] = None, squeeze_dims: Any = None) -> Tensor:
    """The tensor without its axes of size 1, or without those of `axis` (TF1 symbol: `tf.squeeze`)."""
    axis = either("axis", axis, "squeeze_dims", squeeze_dims)
    axes = [] if axis is None else [int(item) for item in np.atleast_1d(axis)]
    return one("Squeeze", [convert_to_tensor(input)], name or "Squeeze", squeeze_dims=axes)


def _transpose_rule(inputs: Sequence[Tensor], attributes: dict[str, Any]) -> OutputTypes:
    known, order = inputs[0].shape.known, constant_value(inputs[1])
    dtype = inputs[0].dtype.base_dtype
    if order is None:
        return [(dtype, TensorShape(None if known is None else [None] * len(known)))]
    if known is None:
        return [(dtype, TensorShape([None] * len(order)))]
    if sorted(order.tolist()) != list(range(len(known))):
        raise ShapeMismatch(f"perm {order.tolist()} is no permutation of the {len(known)} axes")
    return [(dtype, TensorShape([known[i] for i in order.tolist()]))]


register("Transpose", lambda x, perm: x.permute(perm.tolist()), _transpose_rule)


def transpose(a: Any, perm: Any = None, name: str = "transpose", conjugate: bool = False) -> Tensor:
    """The tensor with its axes in the order of `perm`, reversed for None (TF1 symbol: `tf.transpose`)."""
    with name_scope(name, "transpose", [a]) as scope:
        a = convert_to_tensor(a, name="x")
        if perm is None:
            if a.shape.ndims is None:
                raise ValueError(f"{a.name} has no known rank; give tf.transpose its perm.")
            perm = list(range(a.shape.ndims))[::-1]
        return one("Transpose", [a, shape_tensor(perm, "perm")], scope)


# -- lists of tensors ----------------------------------------------------------------------------------------------
def _pack_rule(inputs: Sequence[Tensor], attributes: dict[str, Any]) -> OutputTypes:
    merged = inputs[0].shape
    for index, tensor in enumerate(inputs[1:], 1):
        try:
            merged = merged.merge_with(tensor.shape)
        except ValueError:
            raise ShapeMismatch(
                f"Dimensions must be equal: the tensors to stack have shapes {merged} and, at place {index}, {tensor.shape}"
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


register("Pack", lambda *tensors, axis: torch.stack(tensors, axis), _pack_rule)


def stack(values: Any, axis: int = 0, name: str = "stack") -> Tensor:
    """Tensors of one shape along a new axis (TF1 symbol: `tf.stack`)."""
    if isinstance(values, Tensor):
        values = unstack(values)
    if not values:
        raise ValueError("tf.stack needs at least one tensor; the list is empty.")
    first = next((item.dtype.base_dtype for item in values if isinstance(item, Tensor)), None)
    tensors = [convert_to_tensor(item, preferred_dtype=first) for item in values]
    _same_types("Pack", tensors)
    return one("Pack", tensors, name or "stack", axis=axis)


def _same_types(op_type: str, tensors: Sequence[Tensor]) -> None:
    names = [tensor.dtype.base_dtype.name for tensor in tensors]
    if len(set(names)) > 1:
        raise TypeError(
            f"Tensors in list passed to 'values' of '{op_type}' Op have types [{', '.join(names)}] that don't all match."
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
        raise ValueError(f"Input of shape {tuple(x.shape)} has size {x.shape[axis]} on axis {axis}, not num = {num}.")
    return x.unbind(axis)


register("Unpack", _unpack, _unpack_rule)


def unstack(value: Any, num: Optional[int] = None, axis: int = 0, name: str = "unstack") -> list[Tensor]:
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
        raise ShapeMismatch(f"Shapes must be equal rank, but are {ranks[0]} and {next(r for r in ranks if r != ranks[0])}")
    if axis is None:
        return [(dtype, TensorShape([None] * ranks[0]))]
    if not -ranks[0] <= int(axis) < ranks[0]:
        raise ShapeMismatch(f"Axis {int(axis)} is not among the {ranks[0]} axes")
    where = int(axis) % ranks[0]
    merged, total = TensorShape([None] * ranks[0]), Dimension(0)
    for tensor in tensors:
        sizes = (tensor.shape.known or (None,) * ranks[0])[:where] + (None,)
        sizes += (tensor.shape.known or (None,) * ranks[0])[where + 1 :]
        for index, (a, b) in enumerate(zip(merged.known or (), sizes)):
            if a is not None and b is not None and a != b:
                raise ShapeMismatch(f"Dimension {index} in both shapes must be equal, but are {a} and {b}. Shapes are "
                                    f"[{a}] and [{b}].")
        merged = merged.merge_with(sizes)
        total = total + tensor.shape[where]
    sizes_list = merged.as_list()
    sizes_list[where] = total.value
    return [(dtype, TensorShape(sizes_list))]


register("ConcatV2", lambda *inputs: torch.cat(inputs[:-1], int(inputs[-1])), _concat_rule)


def concat(values: Any, axis: Any, name: str = "concat") -> Tensor:
    """Tensors joined along an axis (TF1 symbol: `tf.concat`)."""
    if not isinstance(values, (list, tuple)):
        values = [values]
    with name_scope(name, "concat", values) as scope:
        first = next((item.dtype.base_dtype for item in values if isinstance(item, Tensor)), None)
        tensors = [convert_to_tensor(item, preferred_dtype=first, name=f"values_{i}") for i, item in enumerate(values)]
        _same_types("ConcatV2", tensors)
        where = convert_to_tensor(axis, name="axis", dtype_hint=int32)
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
        parts: list[Optional[int]] = [None if total is None else total // count] * count
    else:
        rest = None if total is None else total - sum(size for size in sizes if size >= 0)
        parts = [rest if size < 0 else size for size in sizes]
        if total is not None and sum(part or 0 for part in parts) != total:
            raise ShapeMismatch(f"Sizes {sizes} do not add up to {total}")
    return [(dtype, TensorShape([*known[:axis], part, *known[axis + 1 :]])) for part in parts]


def _split(x: torch.Tensor, axis: int, num_split: int, sizes: Optional[Sequence[int]]) -> tuple[torch.Tensor, ...]:
    total = x.shape[axis]
    if sizes is None:
        if total % num_split:
            raise ValueError(f"Dimension size must be evenly divisible by {num_split} but is {total}")
        return x.split(total // num_split if total else 1, axis) if total else (x,) * num_split
    rest = total - sum(size for size in sizes if size >= 0)
    return x.split([rest if size < 0 else size for size in sizes], axis)


register("Split", _split, _split_rule)


def split(value: Any, num_or_size_splits: Any, axis: int = 0, num: Optional[int] = None, name: str = "split") -> list[Tensor]:
    """Equal pieces (an int), or pieces of the given sizes (a list), along an axis (TF1 symbol: `tf.split`)."""
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
    return make("Split", [x], name or "split", axis=int(constant_axis), num_split=count, sizes=sizes).outputs


# -- picking -------------------------------------------------------------------------------------------------------
def _gather_rule(inputs: Sequence[Tensor], attributes: dict[str, Any]) -> OutputTypes:
    known, dtype = inputs[0].shape.known, inputs[0].dtype.base_dtype
    if known is None:
        return [(dtype, TensorShape(None))]
    axis = attributes["axis"] % max(1, len(known))
    return [(dtype, TensorShape(known[:axis]).concatenate(inputs[1].shape).concatenate(known[axis + 1 :]))]


def _gather(x: torch.Tensor, indices: torch.Tensor, axis: int) -> torch.Tensor:
    axis = axis % x.dim()
    low, high = (int(indices.min()), int(indices.max())) if indices.numel() else (0, 0)
    if indices.numel() and (low < 0 or high >= x.shape[axis]):
        raise ValueError(f"indices = {low if low < 0 else high} is not in [0, {x.shape[axis]})")
    picked = x.index_select(axis, indices.reshape(-1))
    return picked.reshape(*x.shape[:axis], *indices.shape, *x.shape[axis + 1 :])


register("GatherV2", _gather, _gather_rule)


def gather(params: Any, indices: Any, validate_indices: Any = None, name: Optional[str] = None, axis: int = 0) -> Tensor:
    """Slices of a tensor picked by index along an axis (TF1 symbol: `tf.gather`)."""
    with name_scope(name, "GatherV2", [params]) as scope:
        return one("GatherV2", [convert_to_tensor(params), convert_to_tensor(indices, name="indices")], scope, axis=int(axis))


register(
    "SequenceMask",
    lambda lengths, maxlen, dtype: (torch.arange(int(maxlen)) < lengths.unsqueeze(-1)).to(as_dtype(dtype).torch_dtype),
    lambda inputs, attributes: [
        (as_dtype(attributes["dtype"]), inputs[0].shape.concatenate(registry.constant_shape(inputs[1])))
    ],
    differentiable=False,
)


def sequence_mask(lengths: Any, maxlen: Any = None, dtype: Any = bool_, name: Optional[str] = None) -> Tensor:
    """True for the places before each length (TF1 symbol: `tf.sequence_mask`)."""
    from .math import reduce_max

    with name_scope(name, "SequenceMask", [lengths]) as scope:
        lengths = convert_to_tensor(lengths)
        longest = reduce_max(lengths) if maxlen is None else convert_to_tensor(maxlen)
        return one("SequenceMask", [lengths, longest], scope, dtype=as_dtype(dtype).name)


register(
    "SelectV2",
    lambda condition, x, y: torch.where(condition, x, y),
    lambda inputs, attributes: [
        (inputs[1].dtype.base_dtype, registry.broadcast_shapes(inputs[1].shape, inputs[2].shape))
    ],
)
register(
    "Select",
    lambda c, x, y: torch.where(c.reshape(c.shape + (1,) * (x.dim() - c.dim())), x, y),
    lambda inputs, attributes: [(inputs[1].dtype.base_dtype, inputs[1].shape.merge_with(inputs[2].shape))],
)


def where(condition: Any, x: Any, y: Any, name: Optional[str] = None) -> Tensor:
    """x where the condition holds and y elsewhere; a vector condition picks rows (TF1 symbol: `tf.where` with x and y)."""
    condition = convert_to_tensor(condition, bool_)
    x = convert_to_tensor(x)
    y = convert_to_tensor(y, preferred_dtype=x.dtype.base_dtype)
    return one("Select", [condition, x, y], name or "Select")


def tile(input: Any, multiples: Any, name: Optional[str] = None) -> Tensor:
    """The tensor repeated along each axis (TF1 symbol: `tf.tile`)."""
    with name_scope(name, "Tile", [input]) as scope:
        return one("Tile", [convert_to_tensor(input), shape_tensor(multiples, "multiples")], scope)


def _tile_rule(inputs: Sequence[Tensor], attributes: dict[str, Any]) -> OutputTypes:
    known, times = inputs[0].shape.known, registry.constant_shape(inputs[1]).known
    if known is None or times is None:
        return [(inputs[0].dtype.base_dtype, TensorShape(None if known is None else [None] * len(known)))]
    sizes = [None if a is None or b is None else a * b for a, b in zip(known, times)]
    return [(inputs[0].dtype.base_dtype, TensorShape(sizes))]


register("Tile", lambda x, multiples: x.repeat(multiples.tolist()), _tile_rule)


def _one_hot(indices: torch.Tensor, depth: int, on: float, off: float, axis: int, dtype: str) -> torch.Tensor:
    kind = as_dtype(dtype).torch_dtype
    hit = indices.long().unsqueeze(-1) == torch.arange(depth, device=indices.device)
    result = torch.where(hit, torch.tensor(on, dtype=kind), torch.tensor(off, dtype=kind))
    return result if axis == -1 else result.movedim(-1, axis)


def _one_hot_rule(inputs: Sequence[Tensor], attributes: dict[str, Any]) -> OutputTypes:
    known, dtype = inputs[0].shape.known, as_dtype(attributes["dtype"])
    if known is None:
        return [(dtype, TensorShape(None))]
    sizes = list(known)
    sizes.insert(len(sizes) if attributes["axis"] == -1 else attributes["axis"], attributes["depth"])
    return [(dtype, TensorShape(sizes))]


register("OneHot", _one_hot, _one_hot_rule, differentiable=False)


def one_hot(
    indices: Any,
    depth: Any,
    on_value: Any = None,
    off_value: Any = None,
    axis: Optional[int] = None,
    dtype: Any = None,
    name: Optional[str] = None,
) -> Tensor:
    """Indices as vectors with a 1 at the index (TF1 symbol: `tf.one_hot`); out of range gives zeros."""
    with name_scope(name, "one_hot", [indices]) as scope:
        kind = float32 if dtype is None else as_dtype(dtype)
        on, off = 1 if on_value is None else on_value, 0 if off_value is None else off_value
        places = convert_to_tensor(indices, name="indices", dtype_hint=int64)
        attributes = {"depth": int(depth), "on": on, "off": off, "axis": -1 if axis is None else axis, "dtype": kind.name}
        return one("OneHot", [places], scope, **attributes)


def _slice_index(x: torch.Tensor, begin: Any, end: Any, strides: Any, masks: dict[str, Any]) -> Any:
    index: list[Any] = []
    flips: list[int] = []
    for i, (low, high, step) in enumerate(zip(begin.tolist(), end.tolist(), strides.tolist())):
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
                picked = picked.index_select(axis, torch.tensor(places, dtype=torch.int64))
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
    count, sizes, axis = len(bounds[2]), [], 0
    ellipsis = [i for i in range(count) if attributes["ellipsis_mask"] >> i & 1]
    taken = count - len(ellipsis) - bin(attributes["new_axis_mask"]).count("1")
    if taken > len(known):
        raise ShapeMismatch(f"Index out of range using input dim {len(known)}; input has only {len(known)} dims")
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
                elif size is None or (bounds[0] is None and not free_low) or (bounds[1] is None and not free_high):
                    sizes.append(None)
                else:
                    high = None if free_high else int(bounds[1][i])  # type: ignore[index]
                    window = slice(None if free_low else low, high, int(bounds[2][i]))
                    sizes.append(len(range(*window.indices(size))))
            axis += 1
    return [(dtype, TensorShape([*sizes, *known[axis:]]))]


register("StridedSlice", _strided_slice, _strided_slice_rule)


def _get_item(tensor: Tensor, key: Any) -> Tensor:
    """Python's indexing: numbers, slices, `...`, tf.newaxis; bounds may be tensors."""
    keys = key if isinstance(key, tuple) else (key,)
    begin: list[Any] = []
    end: list[Any] = []
    strides: list[Any] = []
    masks = dict.fromkeys(["begin_mask", "end_mask", "ellipsis_mask", "new_axis_mask", "shrink_axis_mask"], 0)
    for i, item in enumerate(keys):
        bit, low, high, step = 1 << i, 0, 0, 1
        if item is Ellipsis:
            masks["ellipsis_mask"] |= bit
        elif item is None:
            masks["new_axis_mask"] |= bit
        elif isinstance(item, slice):
            low, high, step = item.start, item.stop, 1 if item.step is None else item.step
            masks["begin_mask"] |= bit if low is None else 0
            masks["end_mask"] |= bit if high is None else 0
            low, high = 0 if low is None else low, 0 if high is None else high
        elif isinstance(item, (int, np.integer, Dimension)) or (isinstance(item, Tensor) and item.dtype.is_integer):
            low, high = item, item + 1
            masks["shrink_axis_mask"] |= bit
        else:
            raise TypeError(
                "Only integers, slices (`:`), ellipsis (`...`), tf.newaxis (`None`) and scalar tf.int32/tf.int64 "
                f"tensors are valid indices, got {item!r}"
            )
        begin.append(low)
        end.append(high)
        strides.append(step)
    with name_scope(None, "strided_slice", [tensor]) as scope:
        parts = [shape_tensor(begin, "stack"), shape_tensor(end, "stack_1"), shape_tensor(strides, "stack_2")]
        return one("StridedSlice", [tensor, *parts], scope, **masks)


Tensor.__getitem__ = _get_item  # type: ignore[attr-defined]
newaxis = None
__all__ = ["less"]
