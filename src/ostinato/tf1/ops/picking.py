"""Elements picked, repeated or put in another order: gather, where, tile, one_hot, masks, reversals."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from ostinato._external import external
from ostinato.kernels import reverse_sequence as reverse_rows
from ostinato.kernels.native import one_hot as native

from .. import registry
from ..dtypes import as_dtype, bool_, float32, int32, int64
from ..graph import get_default_graph, name_scope
from ..registry import OutputTypes, ShapeMismatch, register
from ..shapes import TensorShape
from ..tensor import Tensor
from .core import convert_to_tensor, one, shape_tensor
from .math import either
from .reductions import reduce_max
from .strings_moved import moves


def _gather_rule(inputs: Sequence[Tensor], attributes: dict[str, Any]) -> OutputTypes:
    known, dtype = inputs[0].shape.known, inputs[0].dtype.base_dtype
    if known is None:
        return [(dtype, TensorShape(None))]
    axis = attributes["axis"] % max(1, len(known))
    return [(dtype, TensorShape(known[:axis]).concatenate(inputs[1].shape).concatenate(known[axis + 1 :]))]


def _gather(x: torch.Tensor, indices: torch.Tensor, axis: int) -> torch.Tensor:
    axis = axis % x.ndim
    _check_indices(indices, x.shape[axis])
    if isinstance(x, np.ndarray):  # strings
        return np.asarray(x.take(indices.numpy(), axis), object)
    picked = x.index_select(axis, indices.reshape(-1).to(x.device))  # which were the host's to be checked
    return picked.reshape([*x.shape[:axis], *indices.shape, *x.shape[axis + 1 :]])


@external
def _check_indices(indices: torch.Tensor, size: int) -> None:
    if indices.numel():
        low, high = map(int, torch.aminmax(indices))
        if low < 0 or high >= size:
            raise ValueError(f"indices = {low if low < 0 else high} is not in [0, {size})")


register("GatherV2", _gather, _gather_rule)


def gather(
    params: Any,
    indices: Any,
    validate_indices: Any = None,
    name: str | None = None,
    axis: Any = None,
    batch_dims: int = 0,
) -> Tensor:
    """Slices of a tensor picked by index along an axis (TF1 symbol: `tf.gather`).

    Args:
        params: a tensor.
        indices: integers of any shape.
        axis: the axis, a number or a constant; `batch_dims` for None.
        batch_dims: how many leading axes the two share.
        validate_indices: not used: indices are always looked at.
    """
    if isinstance(axis, Tensor):
        axis = registry.constant_value(axis)
        if axis is None:
            raise ValueError("The axis of tf.gather must be a number or a constant.")
    axis = batch_dims if axis is None else int(axis)
    if batch_dims:
        from .batches import batch_gather_axis  # which is made of what is here

        return batch_gather_axis(params, indices, int(batch_dims), axis, name)
    with name_scope(name, "GatherV2", [params]) as scope:
        if hasattr(params, "handle"):
            get_default_graph().skip(-1)  # TensorFlow picks of such a variable without a read
        return one(
            "GatherV2",
            [convert_to_tensor(params), convert_to_tensor(indices, name="indices")],
            scope,
            axis=axis,
        )


def _size(tensor: Tensor) -> int | None:
    """The size that a scalar names, where it is a constant."""
    value = registry.constant_value(tensor)
    return None if value is None else int(value)


register(
    "SequenceMask",
    lambda lengths, maxlen, dtype: (
        torch.arange(int(maxlen), device=lengths.device) < lengths.unsqueeze(-1)
    ).to(as_dtype(dtype).torch_dtype),
    lambda inputs, attributes: [
        (as_dtype(attributes["dtype"]), inputs[0].shape.concatenate([_size(inputs[1])]))
    ],
    differentiable=False,
)


def sequence_mask(lengths: Any, maxlen: Any = None, dtype: Any = bool_, name: str | None = None) -> Tensor:
    """True for the places before each length (TF1 symbol: `tf.sequence_mask`)."""
    with name_scope(name, "SequenceMask", [lengths]):
        lengths = convert_to_tensor(lengths)
        longest = reduce_max(lengths) if maxlen is None else convert_to_tensor(maxlen)
        last = "Less" if as_dtype(dtype) is bool_ else "Cast_1"
        return one("SequenceMask", [lengths, longest], last, dtype=as_dtype(dtype).name)


register(
    "Select",
    moves(lambda c, x, y: torch.where(c.reshape(c.shape + (1,) * (x.dim() - c.dim())), x, y), 1),
    lambda inputs, attributes: [(inputs[1].dtype.base_dtype, inputs[1].shape.merge_with(inputs[2].shape))],
)


register(
    "Where",
    lambda condition: condition.nonzero(),
    lambda inputs, attributes: [(int64, TensorShape([None, inputs[0].shape.ndims]))],
    differentiable=False,
)


def where(condition: Any, x: Any = None, y: Any = None, name: str | None = None) -> Tensor:
    """x where the condition holds and y elsewhere; a vector condition picks rows. Without x and y: the places
    where it holds, a row for each (TF1 symbol: `tf.where`).

    Raises:
        ValueError: one of x and y is given without the other.
    """
    if (x is None) != (y is None):
        raise ValueError("x and y must both be non-None or both be None.")
    condition = convert_to_tensor(condition, bool_, name="condition")
    if x is None:
        return one("Where", [condition], name or "Where")
    x = convert_to_tensor(x)
    y = convert_to_tensor(y, preferred_dtype=x.dtype.base_dtype)
    return one("Select", [condition, x, y], name or "Select")


register(
    "SelectV2",
    moves(torch.where, 1),
    lambda inputs, attributes: [(inputs[1].dtype.base_dtype, _broadcast_of(inputs))],
)


def _broadcast_of(tensors: Sequence[Tensor]) -> TensorShape:
    shape = tensors[0].shape
    for tensor in tensors[1:]:
        shape = registry.broadcast_shapes(shape, tensor.shape)
    return shape


def where_v2(condition: Any, x: Any = None, y: Any = None, name: str | None = None) -> Tensor:
    """As `tf.where`, but that all three broadcast as numpy's arrays do (TF1 symbol: `tf.where_v2`).

    Raises:
        ValueError: one of x and y is given without the other.
    """
    if (x is None) != (y is None):
        raise ValueError("x and y must both be non-None or both be None.")
    condition = convert_to_tensor(condition, bool_, name="condition")
    if x is None:
        return one("Where", [condition], name or "Where")
    x = convert_to_tensor(x, preferred_dtype=y.dtype.base_dtype if isinstance(y, Tensor) else None)
    y = convert_to_tensor(y, preferred_dtype=x.dtype.base_dtype)
    return one("SelectV2", [condition, x, y], name or "SelectV2")


def tile(input: Any, multiples: Any, name: str | None = None) -> Tensor:
    """The tensor repeated along each axis (TF1 symbol: `tf.tile`)."""
    with name_scope(name, "Tile", [input]) as scope:
        return one("Tile", [convert_to_tensor(input), shape_tensor(multiples, "multiples")], scope)


def _tile_rule(inputs: Sequence[Tensor], attributes: dict[str, Any]) -> OutputTypes:
    known, times = inputs[0].shape.known, registry.constant_shape(inputs[1]).known
    if known is None or times is None:
        return [(inputs[0].dtype.base_dtype, TensorShape(None if known is None else [None] * len(known)))]
    if len(known) != len(times):
        raise ShapeMismatch(f"Expected {len(known)} multiples, one an axis, but got {len(times)}")
    sizes = [None if a is None or b is None else a * b for a, b in zip(known, times, strict=True)]
    return [(inputs[0].dtype.base_dtype, TensorShape(sizes))]


register("Tile", moves(lambda x, multiples: x.repeat(multiples.tolist())), _tile_rule)


def _one_hot(
    indices: torch.Tensor, depth: torch.Tensor, on: torch.Tensor, off: torch.Tensor, axis: int
) -> torch.Tensor:
    size = int(depth)
    if isinstance(on, np.ndarray):  # strings
        hit = indices.unsqueeze(-1).numpy() == np.arange(size)
        return np.moveaxis(np.where(hit, on, off), -1, axis)
    if axis == -1 and size >= 0 and native.runs(indices, on, off):
        return native.one_hot(indices, size, on, off)
    hit = indices.long().unsqueeze(-1) == torch.arange(size, device=indices.device)
    result = torch.where(hit, on, off)
    return result if axis == -1 else result.movedim(-1, axis)


def _one_hot_rule(inputs: Sequence[Tensor], attributes: dict[str, Any]) -> OutputTypes:
    known, dtype = inputs[0].shape.known, inputs[2].dtype.base_dtype
    if attributes["axis"] < -1:
        raise ShapeMismatch("axis must be >= -1")
    if inputs[1].shape.ndims not in (None, 0):
        raise ShapeMismatch(f"Input must be scalar but has rank {inputs[1].shape.ndims}")
    size = _size(inputs[1])
    if size is not None and size < 0:
        raise ShapeMismatch(f"Dimension size, given by scalar input 1, must be non-negative but is {size}")
    if known is None:
        return [(dtype, TensorShape(None))]
    sizes = list(known)
    sizes.insert(len(sizes) if attributes["axis"] == -1 else attributes["axis"], _size(inputs[1]))
    return [(dtype, TensorShape(sizes))]


register("OneHot", _one_hot, _one_hot_rule, differentiable=False)


def one_hot(
    indices: Any,
    depth: Any,
    on_value: Any = None,
    off_value: Any = None,
    axis: int | None = None,
    dtype: Any = None,
    name: str | None = None,
) -> Tensor:
    """Indices as vectors with a 1 at the index (TF1 symbol: `tf.one_hot`); out of range gives zeros.

    Raises:
        TypeError: `on_value` and `off_value` are of two types, or one is not of `dtype`.
    """
    with name_scope(name, "one_hot", [indices]) as scope:
        given = {
            key: convert_to_tensor(value).dtype.base_dtype
            for key, value in (("on_value", on_value), ("off_value", off_value))
            if value is not None
        }
        for key, found in given.items() if dtype is not None else ():
            if found != as_dtype(dtype):
                raise TypeError(f"dtype {found} of {key} does not match dtype parameter {as_dtype(dtype)}")
        kinds = list(given.values())
        if len(set(kinds)) > 1:
            one_kind, other = kinds
            raise TypeError(f"dtype {one_kind} of on_value does not match dtype {other} of off_value")
        kind = as_dtype(dtype) if dtype is not None else kinds[0] if kinds else float32
        on = convert_to_tensor(1 if on_value is None else on_value, kind, name="on_value")
        off = convert_to_tensor(0 if off_value is None else off_value, kind, name="off_value")
        places = convert_to_tensor(indices, name="indices", dtype_hint=int64)
        size = convert_to_tensor(depth, name="depth")
        return one("OneHot", [places, size, on, off], scope, axis=-1 if axis is None else int(axis))


# -- reversals
register("ReverseV2", moves(lambda x, axis: x.flip(axis.tolist())), registry.same)


def reverse(tensor: Any, axis: Any = None, name: str | None = None, dims: Any = None) -> Tensor:
    """The tensor with some of its axes running backwards (TF1 symbol: `tf.reverse`).

    A boolean for each axis, as before version 1, is taken too; `dims` is the name of that time.
    """
    axis = either("axis", axis, "dims", dims)
    if isinstance(axis, (list, tuple)) and axis and all(isinstance(item, bool) for item in axis):
        axis = [place for place, turned in enumerate(axis) if turned]
    with name_scope(name, "ReverseV2", [tensor]) as scope:
        return one(
            "ReverseV2",
            [convert_to_tensor(tensor), convert_to_tensor(axis, name="axis", dtype_hint=int32)],
            scope,
        )


@external
def check_reversed_lengths(lengths: torch.Tensor, size: int, axis: int) -> None:
    """Raise where a row is to be reversed with less than no steps, or more than there are along `axis`."""
    for row, length in enumerate(lengths.tolist()):
        if length < 0:
            raise ValueError(f"seq_lens({row}) < 0")
        if length > size:
            raise ValueError(f"seq_lens({row}) > input.dims({axis}): {length} > {size}")


def _reverse_sequence(x: torch.Tensor, lengths: torch.Tensor, seq_dim: int, batch_dim: int) -> torch.Tensor:
    if list(lengths.shape) != [x.shape[batch_dim]]:
        raise ValueError(
            f"Length of seq_lens != input.dims({batch_dim}), ({list(lengths.shape)} vs. {x.shape[batch_dim]})"
        )
    check_reversed_lengths(lengths, x.shape[seq_dim], seq_dim)
    rows = x.movedim((batch_dim, seq_dim), (0, 1))
    return reverse_rows(rows, lengths.to(torch.int64), 1).movedim((0, 1), (batch_dim, seq_dim))


def _reverse_sequence_rule(inputs: Sequence[Tensor], attributes: dict[str, Any]) -> OutputTypes:
    shape, lengths = inputs[0].shape, inputs[1].shape
    if lengths.ndims not in (None, 1):
        raise ShapeMismatch(f"Shape must be rank 1 but is rank {lengths.ndims}")
    if shape.known is not None:
        for axis in ("seq_dim", "batch_dim"):
            if attributes[axis] >= len(shape.known):
                raise ShapeMismatch(f"{axis} must be < input rank: {attributes[axis]} vs. {len(shape.known)}")
        rows: list[int | None] = [None] * len(shape.known)
        rows[attributes["batch_dim"]] = lengths[0].value if lengths.known else None
        if not shape.is_compatible_with(rows):
            batch = shape.known[attributes["batch_dim"]]
            raise ShapeMismatch(f"Dimensions must be equal, but are {batch} and {lengths[0].value}")
        shape = shape.merge_with(rows)
    return [(inputs[0].dtype.base_dtype, shape)]


register("ReverseSequence", moves(_reverse_sequence), _reverse_sequence_rule)


def reverse_sequence(
    input: Any,
    seq_lengths: Any,
    seq_axis: Any = None,
    batch_axis: Any = None,
    name: str | None = None,
    seq_dim: Any = None,
    batch_dim: Any = None,
) -> Tensor:
    """Each row with its first `seq_lengths[row]` steps in reverse order (TF1 symbol:
    `tf.reverse_sequence`).

    Args:
        input: a tensor with an axis of steps and one of rows.
        seq_lengths: integers `[rows]`, at most as many as there are steps.
        seq_axis, batch_axis: the axis of the steps, and that of the rows, 0 for None.

    Raises:
        TypeError: no `seq_axis`, or lengths that are no integers.
        ValueError: axes or lengths that do not fit the input.
    """
    along, rows = (
        either("seq_axis", seq_axis, "seq_dim", seq_dim),
        either("batch_axis", batch_axis, "batch_dim", batch_dim),
    )
    if along is None:
        raise TypeError("Expected int for argument 'seq_dim' not None.")
    tensor, lengths = convert_to_tensor(input), convert_to_tensor(seq_lengths)
    if lengths.dtype.base_dtype not in (int32, int64):
        kind = lengths.dtype.base_dtype.name
        raise TypeError(
            f"Value passed to parameter 'seq_lengths' has DataType {kind} not in list of allowed values: "
            "int32, int64"
        )
    axes = {"seq_dim": int(along), "batch_dim": 0 if rows is None else int(rows)}
    return one("ReverseSequence", [tensor, lengths], name or "ReverseSequence", **axes)
