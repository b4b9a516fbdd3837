"""Sparse tensors made dense, put in order, reshaped, joined, cut and filled."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from ..dtypes import bool_, float32, int32, int64
from ..graph import get_default_graph, name_scope
from ..indexed_slices import IndexedSlices
from ..registry import OutputTypes, constant_shape, constant_value, register
from ..shapes import TensorShape
from ..sparse_tensor import SparseTensor, as_sparse
from ..tensor import Tensor
from . import array, lists, picking
from .control import with_dependencies
from .core import constant, convert_to_tensor, make, one
from .gathering import gather_nd
from .math import add, cast, either, maximum, minimum, not_equal, range_
from .reductions import reduce_max
from .sets import setdiff1d


def flat_places(indices: torch.Tensor, sizes: Sequence[int]) -> torch.Tensor:
    """Rows of coordinates as places in the flattened whole."""
    strides = [math.prod(sizes[axis + 1 :]) for axis in range(len(sizes))]
    return (indices * torch.tensor(strides, dtype=torch.int64, device=indices.device)).sum(-1)


def coordinates(places: torch.Tensor, sizes: Sequence[int]) -> torch.Tensor:
    """The inverse of `flat_places`."""
    if not sizes:
        return places.new_zeros([len(places), 0])
    columns = []
    for size in reversed(sizes):
        columns.append(places % size)
        places = torch.div(places, size, rounding_mode="floor")
    return torch.stack(columns[::-1], -1)


def taken(values: Any, places: torch.Tensor) -> Any:
    """Elements of a vector, of numbers or of strings."""
    return values[places.numpy()] if isinstance(values, np.ndarray) else values.index_select(0, places)


def joined(parts: Sequence[Any]) -> Any:
    return np.concatenate(parts) if isinstance(parts[0], np.ndarray) else torch.cat(list(parts))


def parts_of(value: SparseTensor) -> list[Tensor]:
    return [value.indices, value.values, value.dense_shape]


def three(rank: int | None, dtype: Any, count: int | None = None) -> OutputTypes:
    """The types and shapes of a sparse tensor's three parts."""
    return [(int64, TensorShape([count, rank])), (dtype, TensorShape([count])), (int64, TensorShape([rank]))]


def rank_of(shape: Tensor) -> int | None:
    return shape.shape.known[0] if shape.shape.known else None


def _type(tensor: Tensor) -> Any:
    return tensor.dtype.base_dtype


# -- made dense
def _check_order(indices: torch.Tensor, places: torch.Tensor, sizes: Sequence[int]) -> None:
    outside = ((indices < 0) | (indices >= torch.tensor(sizes, device=indices.device))).any(-1)
    steps = places[1:] - places[:-1] if len(places) > 1 else places[:0]
    wrong = outside.clone()
    wrong[1:] |= steps <= 0
    if not wrong.any():
        return
    row = int(wrong.nonzero()[0])
    text = f"indices[{row}] = [{','.join(map(str, indices[row].tolist()))}]"
    if outside[row]:
        limits = ",".join(map(str, sizes))
        raise ValueError(f"{text} is out of bounds: need 0 <= index < [{limits}]")
    if not steps[row - 1]:
        raise ValueError(f"{text} is repeated")
    raise ValueError(
        f"{text} is out of order. Many sparse ops require sorted indices.\n"
        "    Use `tf.sparse.reorder` to create a correctly ordered copy."
    )


def _to_dense(indices: Any, shape: Any, values: Any, default: Any, validate_indices: bool) -> Any:
    sizes = shape.tolist()
    rows = indices.reshape(1, 1) if indices.dim() == 0 else indices
    rows = (rows.unsqueeze(-1) if rows.dim() == 1 else rows).to(torch.int64)
    if rows.shape[1] != len(sizes):
        raise ValueError(
            f"output_shape has incorrect number of elements: {len(sizes)} should be: {rows.shape[1]}"
        )
    if values.ndim and len(values) != len(rows):
        raise ValueError(
            f"sparse_values has incorrect shape {list(values.shape)}, should be [] or [{len(rows)}]"
        )
    places = flat_places(rows, sizes)
    if validate_indices:
        _check_order(rows, places, sizes)
    elif len(rows):
        inside = ((rows >= 0) & (rows < torch.tensor(sizes, device=rows.device))).all(-1)
        if not inside.all():
            raise ValueError("Indices are not valid (out of bounds).  Shape: " + str(sizes))
    count = math.prod(sizes)
    if isinstance(values, np.ndarray):
        strings = np.full(count, default.item() if isinstance(default, np.ndarray) else b"", object)
        strings[places.numpy()] = values
        return strings.reshape(sizes)
    base = default.expand(count).clone()
    if isinstance(values, torch.Tensor) and values.dim() == 0:
        values = values.expand(len(places))
    return base.index_copy(0, places, values).reshape(sizes)


register(
    "SparseToDense",
    _to_dense,
    lambda inputs, attributes: [(_type(inputs[2]), constant_shape(inputs[1]))],
)


def sparse_to_dense(
    sparse_indices: Any,
    output_shape: Any,
    sparse_values: Any,
    default_value: Any = 0,
    validate_indices: bool = True,
    name: str | None = None,
) -> Tensor:
    """A dense tensor of some values at some places (TF1 symbol: `tf.sparse_to_dense`).

    Args:
        sparse_indices: integers: a place, `[N]` of them, or `[N, rank]`.
        output_shape: integers `[rank]`.
        sparse_values: one for all places, or one for each.
        default_value: what stands elsewhere.
        validate_indices: whether the places must be in order and not be repeated.
    """
    with name_scope(name, "SparseToDense", [sparse_indices, sparse_values]) as scope:
        indices = convert_to_tensor(sparse_indices, name="sparse_indices", preferred_dtype=int64)
        shape = convert_to_tensor(output_shape, _type(indices), name="output_shape")
        values = convert_to_tensor(sparse_values, name="sparse_values")
        if isinstance(default_value, int) and values.dtype.name == "string":
            default_value = ""
        default = convert_to_tensor(default_value, _type(values), name="default_value")
        return one(
            "SparseToDense", [indices, shape, values, default], scope, validate_indices=validate_indices
        )


def sparse_tensor_to_dense(
    sp_input: Any, default_value: Any = None, validate_indices: bool = True, name: str | None = None
) -> Tensor:
    """The whole of a sparse tensor (TF1 symbol: `tf.sparse_tensor_to_dense`)."""
    sparse = as_sparse(sp_input)
    if default_value is None:
        default_value = "" if sparse.dtype.name == "string" else array.zeros([], _type(sparse.values))
    return sparse_to_dense(
        sparse.indices, sparse.dense_shape, sparse.values, default_value, validate_indices, name
    )


def from_dense(tensor: Any, name: str | None = None) -> SparseTensor:
    """The elements that are not zero (TF1 symbol: `tf.sparse.from_dense`)."""
    with name_scope(name, "dense_to_sparse"):
        x = convert_to_tensor(tensor)
        zero = constant("" if x.dtype.name == "string" else 0, _type(x))
        places = picking.where(not_equal(x, zero))
        return SparseTensor(places, gather_nd(x, places), array.shape(x, out_type=int64))


# -- order and shape
def _reorder(indices: torch.Tensor, values: Any, shape: torch.Tensor) -> Any:
    order = flat_places(indices, shape.tolist()).argsort(stable=True)
    return indices.index_select(0, order), taken(values, order)


register(
    "SparseReorder",
    _reorder,
    lambda inputs, attributes: [(int64, inputs[0].shape), (_type(inputs[1]), inputs[1].shape)],
)


def sparse_reorder(sp_input: Any, name: str | None = None) -> SparseTensor:
    """The same elements in row-major order (TF1 symbol: `tf.sparse_reorder`)."""
    sparse = as_sparse(sp_input)
    indices, values = make("SparseReorder", parts_of(sparse), name or "SparseReorder").outputs
    static = sparse.shape
    sizes = static.as_list() if static.is_fully_defined() else array.identity(sparse.dense_shape)
    return SparseTensor(indices, values, sizes)


def _reshape(indices: torch.Tensor, shape: torch.Tensor, new_shape: torch.Tensor) -> Any:
    sizes, wanted = shape.tolist(), new_shape.tolist()
    total = math.prod(sizes)
    if wanted.count(-1) > 1:
        raise ValueError("only one output dimension may be -1")
    if -1 in wanted:
        rest = math.prod(size for size in wanted if size != -1)
        if not rest or total % rest:
            raise ValueError(
                f"Input to reshape is a SparseTensor with {total} dense values, but the requested shape "
                f"requires a multiple of {rest}. input_shape= {sizes} output_shape= {wanted}"
            )
        wanted[wanted.index(-1)] = total // rest
    elif math.prod(wanted) != total:
        raise ValueError(
            f"Input to reshape is a tensor with {total} dense values, but the requested shape has "
            f"{math.prod(wanted)}. input_shape= {sizes} output_shape= {wanted}"
        )
    return coordinates(flat_places(indices, sizes), wanted), torch.tensor(wanted, dtype=torch.int64)


register(
    "SparseReshape",
    _reshape,
    lambda inputs, attributes: [
        (int64, TensorShape([inputs[0].shape[0].value, rank_of(inputs[2])])),
        (int64, TensorShape([rank_of(inputs[2])])),
    ],
    differentiable=False,
)


def sparse_reshape(sp_input: Any, shape: Any, name: str | None = None) -> SparseTensor:
    """The same elements in a whole of another shape; one size may be -1 (TF1 symbol: `tf.sparse_reshape`).

    Raises:
        ValueError: a shape of another number of elements.
    """
    sparse = as_sparse(sp_input)
    given = shape if isinstance(shape, (list, tuple)) else [shape]
    is_made = any(isinstance(size, Tensor) for size in given)
    if any(isinstance(size, Tensor) and size.dtype != int64 for size in given):
        wanted = cast(convert_to_tensor(shape), int64)
    else:
        wanted = convert_to_tensor(shape, int64, name="shape")
        if not isinstance(shape, Tensor):
            get_default_graph().skip(1)  # TensorFlow casts it
    with name_scope(name, "SparseReshape", [sparse.values]) as scope:
        known, whole = constant_value(wanted), sparse.shape
        indices, sizes = make("SparseReshape", [sparse.indices, sparse.dense_shape, wanted], scope).outputs
        values = array.identity(sparse.values)
        if known is not None and whole.is_fully_defined():
            total = whole.num_elements() or 0
            static = known.tolist()
            if static.count(-1) > 1:
                raise ValueError("At most one dimension can be inferred (-1). Found: " + str(known.tolist()))
            if -1 in static:
                rest = math.prod(size for size in static if size != -1)
                static[static.index(-1)] = total // rest if rest else 0
            if math.prod(static) != total:
                raise ValueError(
                    f"Cannot reshape a tensor with {total} elements to shape {static} "
                    f"({math.prod(static)} elements)."
                )
            sizes = constant(static, int64)
            if is_made:
                get_default_graph().skip(-1)  # what TensorFlow does not see
        return SparseTensor(indices, values, sizes)


def sparse_transpose(sp_input: Any, perm: Any = None, name: str | None = None) -> SparseTensor:
    """The sparse tensor with its axes in the order of `perm`, reversed for None.

    TF1 symbol: `tf.sparse_transpose`.
    """
    sparse = as_sparse(sp_input)
    with name_scope(name, "SparseTranspose", [sparse.values]):
        if perm is None:
            rank = array.size(sparse.dense_shape)
            perm = (rank - 1) - range_(0, rank, 1)
        turned = array.transpose(picking.gather(array.transpose(sparse.indices), perm))
        static, order = sparse.shape, constant_value(convert_to_tensor(perm))
        sizes: Any
        if order is None or not static.is_fully_defined():
            sizes = picking.gather(sparse.dense_shape, perm)
        else:
            known = static.as_list()
            sizes = np.array([known[axis] for axis in order], np.int64)
        return sparse_reorder(SparseTensor(turned, sparse.values, sizes))


def sparse_expand_dims(sp_input: Any, axis: Any = None, name: str | None = None) -> SparseTensor:
    """The sparse tensor with an axis of size 1 put in (TF1 symbol: `tf.sparse.expand_dims`)."""
    sparse = as_sparse(sp_input)
    rank = sparse.dense_shape.shape.as_list()[0]
    where = -1 if axis is None else int(axis)
    if rank is None:
        raise ValueError("tf.sparse.expand_dims needs a sparse tensor whose rank is known.")
    if not -rank - 1 <= where <= rank:
        raise ValueError(f"axis {where} is not in [{-rank - 1}, {rank}]")
    where %= rank + 1
    with name_scope(name, "expand_dims", [sparse.values]):
        shape = sparse.dense_shape
        sizes = lists.concat([shape[:where], [1], shape[where:]], 0)
        columns = array.expand_dims(array.zeros_like(sparse.indices[:, 0]), 1)
        indices = lists.concat([sparse.indices[:, :where], columns, sparse.indices[:, where:]], 1)
        return SparseTensor(indices, sparse.values, sizes)


def sparse_eye(
    num_rows: Any, num_columns: Any = None, dtype: Any = float32, name: str | None = None
) -> SparseTensor:
    """A sparse identity matrix (TF1 symbol: `tf.sparse.eye`)."""
    with name_scope(name, "eye"):
        rows = cast(convert_to_tensor(num_rows), int64)
        columns = rows if num_columns is None else cast(convert_to_tensor(num_columns), int64)
        places = range_(minimum(rows, columns))
        size = array.reshape(minimum(rows, columns), [1])
        return SparseTensor(
            lists.stack([places, places], axis=1), array.ones(size, dtype), lists.stack([rows, columns])
        )


# -- joined and cut
def _concat(*parts: Any, concat_dim: int, count: int) -> Any:
    indices, values, shapes = parts[:count], parts[count : 2 * count], parts[2 * count :]
    sizes = [shape.tolist() for shape in shapes]
    rank = len(sizes[0])
    axis = concat_dim % max(1, rank)
    whole, moved = list(sizes[0]), []
    offset = 0
    for index, (rows, size) in enumerate(zip(indices, sizes, strict=True)):
        if len(size) != rank:
            raise ValueError(
                f"Ranks of all input tensors must match: expected {rank} but got {len(size)} at position "
                f"{index}"
            )
        for other in range(rank):
            if other != axis and size[other] != whole[other]:
                raise ValueError(
                    f"Input shapes must match: expected {whole[other]} for dimension {other} but got "
                    f"{size[other]} at position {index}"
                )
        shift = torch.zeros(rank, dtype=torch.int64)
        shift[axis] = offset
        moved.append(rows + shift)
        offset += size[axis]
    whole[axis] = offset
    shape = torch.tensor(whole, dtype=torch.int64)
    return (*_reorder(torch.cat(moved), joined(values), shape), shape)


def _concat_rule(inputs: Sequence[Tensor], attributes: dict[str, Any]) -> OutputTypes:
    count = attributes["count"]
    sizes = [tensor.shape[0].value for tensor in inputs[:count]]
    total = None if None in sizes else sum(size or 0 for size in sizes)
    return three(rank_of(inputs[-1]), _type(inputs[count]), total)


register("SparseConcat", _concat, _concat_rule, differentiable=False)


def sparse_concat(
    axis: Any,
    sp_inputs: Any,
    name: str | None = None,
    expand_nonconcat_dim: bool = False,
    concat_dim: Any = None,
    expand_nonconcat_dims: Any = None,
) -> SparseTensor:
    """Sparse tensors joined along an axis (TF1 symbol: `tf.sparse_concat`).

    Args:
        expand_nonconcat_dim: whether the other sizes may differ: the largest are the result's.
        concat_dim, expand_nonconcat_dims: other names of two arguments.
    """
    where = int(either("axis", axis, "concat_dim", concat_dim))
    sparse = [as_sparse(item) for item in sp_inputs]
    if not sparse:
        raise ValueError("tf.sparse_concat needs at least one sparse tensor; the list is empty.")
    if len(sparse) == 1:
        return sparse[0]
    shapes = [item.dense_shape for item in sparse]
    if expand_nonconcat_dim or expand_nonconcat_dims:
        stacked = lists.stack(shapes)
        largest = reduce_max(stacked, 0)
        rank = shapes[0].shape.as_list()[0]
        if rank is None:
            raise ValueError("tf.sparse_concat with expand_nonconcat_dim needs inputs of known rank.")
        hit = convert_to_tensor(np.arange(rank) == where % rank)
        shapes = [picking.where(hit, shape, largest) for shape in shapes]
    inputs = [item.indices for item in sparse] + [item.values for item in sparse] + shapes
    outputs = make(
        "SparseConcat", inputs, name or "SparseConcat", concat_dim=where, count=len(sparse)
    ).outputs
    return SparseTensor(*outputs)


def _split(split_dim: Any, indices: Any, values: Any, shape: torch.Tensor, num_split: int) -> Any:
    sizes, axis = shape.tolist(), int(split_dim)
    if not 0 <= axis < len(sizes):
        raise ValueError(f"Input split_dim should be between 0 and rank ({len(sizes)}), got {axis}")
    if not 1 <= num_split <= sizes[axis]:
        raise ValueError(
            f"Input num_split should be between 1 and the splitting dimension size ({sizes[axis]}), got "
            f"{num_split}"
        )
    each, extras = divmod(sizes[axis], num_split)
    first = 0
    found: list[list[Any]] = [[], [], []]
    for piece in range(num_split):
        count = each + (piece < extras)
        inside = ((indices[:, axis] >= first) & (indices[:, axis] < first + count)).nonzero().reshape(-1)
        rows = indices.index_select(0, inside)
        rows[:, axis] -= first
        part = [*sizes[:axis], count, *sizes[axis + 1 :]]
        for group, item in zip(found, (rows, taken(values, inside), torch.tensor(part)), strict=True):
            group.append(item)
        first += count
    return tuple(found[0] + found[1] + found[2])


def _split_rule(inputs: Sequence[Tensor], attributes: dict[str, Any]) -> OutputTypes:
    parts = three(rank_of(inputs[3]), _type(inputs[2]))
    return [part for part in parts for _ in range(attributes["num_split"])]


register("SparseSplit", _split, _split_rule)


def sparse_split(
    keyword_required: Any = None,
    sp_input: Any = None,
    num_split: int | None = None,
    axis: Any = None,
    name: str | None = None,
    split_dim: Any = None,
) -> list[SparseTensor]:
    """Pieces of a sparse tensor along an axis (TF1 symbol: `tf.sparse_split`); by keywords only.

    Raises:
        ValueError: positional arguments, or one that is not given.
    """
    if keyword_required is not None:
        raise ValueError("Keyword arguments are required for this function.")
    if sp_input is None:
        raise ValueError("sp_input is required")
    if num_split is None:
        raise ValueError("num_split is required")
    where = either("axis", axis, "split_dim", split_dim)
    if where is None:
        raise ValueError("axis is required")
    sparse = as_sparse(sp_input)
    along = convert_to_tensor(where, int64, name="split_dim")
    outputs = make(
        "SparseSplit", [along, *parts_of(sparse)], name or "SparseSplit", num_split=int(num_split)
    ).outputs
    count = int(num_split)
    return [
        SparseTensor(outputs[piece], outputs[count + piece], outputs[2 * count + piece])
        for piece in range(count)
    ]


def _slice(indices: Any, values: Any, shape: Any, start: Any, size: Any) -> Any:
    end = torch.minimum(start + size, shape)
    inside = ((indices >= start) & (indices < end)).all(-1).nonzero().reshape(-1)
    return indices.index_select(0, inside) - start, taken(values, inside), (end - start).clamp(min=0)


register("SparseSlice", _slice, lambda inputs, attributes: three(rank_of(inputs[2]), _type(inputs[1])))


def sparse_slice(sp_input: Any, start: Any, size: Any, name: str | None = None) -> SparseTensor:
    """The part of a sparse tensor from `start`, of shape `size` at most (TF1 symbol: `tf.sparse_slice`)."""
    sparse = as_sparse(sp_input)
    with name_scope(name, "SparseSlice", [sparse.values]) as scope:
        where = [convert_to_tensor(start, int64, name="start"), convert_to_tensor(size, int64, name="size")]
        return SparseTensor(*make("SparseSlice", [*parts_of(sparse), *where], scope).outputs)


def sparse_retain(sp_input: Any, to_retain: Any) -> SparseTensor:
    """Those elements of which `to_retain`, a vector of booleans, says so (TF1 symbol: `tf.sparse_retain`)."""
    sparse = as_sparse(sp_input)
    chosen = convert_to_tensor(to_retain, bool_)
    chosen.shape.assert_is_compatible_with(sparse.values.shape)
    places = array.reshape(picking.where(chosen), [-1])
    return SparseTensor(
        picking.gather(sparse.indices, places),
        picking.gather(sparse.values, places),
        array.identity(sparse.dense_shape),
    )


def sparse_reset_shape(sp_input: Any, new_shape: Any = None) -> SparseTensor:
    """The same elements in a whole of another size: the smallest that holds them for None.

    TF1 symbol: `tf.sparse_reset_shape`.

    Raises:
        ValueError: a shape that is too small, or of another rank.
    """
    from ..check_ops import assert_equal, assert_less_equal  # which are made of what is here

    sparse = as_sparse(sp_input)
    indices, values = array.identity(sparse.indices), array.identity(sparse.values)
    if new_shape is None:
        limit = reduce_max(indices, 0)
        zero = constant(0, int64)
        sizes = maximum(zero, add(limit, array.ones_like(sparse.dense_shape)))
        return SparseTensor(indices, values, sizes)
    wanted = convert_to_tensor(new_shape, int64)
    known, whole = constant_value(wanted), sparse.shape
    if rank_of(wanted) is not None and rank_of(sparse.dense_shape) not in (None, rank_of(wanted)):
        raise ValueError(f"Dimensions {rank_of(sparse.dense_shape)} and {rank_of(wanted)} are not compatible")
    if known is not None and whole.is_fully_defined():
        if (known < np.array(whole.as_list())).any():
            raise ValueError(
                "Requested new_shape should have dimension sizes >= sp_input.shape.  Found new_shape "
                f"({known.tolist()}), sp_input.shape ({whole.as_list()})."
            )
        return SparseTensor(indices, values, constant(known, int64))
    checks = [assert_equal(array.shape(sparse.dense_shape), array.shape(wanted))]
    wanted = with_dependencies(checks, wanted)
    wanted = with_dependencies([assert_less_equal(sparse.dense_shape, wanted)], wanted)
    return SparseTensor(indices, values, wanted)


# -- filled
def _fill_empty_rows(indices: Any, values: Any, shape: Any, default: Any) -> Any:
    rows, rank = int(shape[0]), len(shape)
    if len(indices) and (int(indices[:, 0].min()) < 0 or int(indices[:, 0].max()) >= rows):
        raise ValueError(f"indices({len(indices) - 1}, 0) is invalid: there are {rows} rows")
    counts = torch.bincount(indices[:, 0], minlength=rows)
    empty = counts == 0
    missing = empty.nonzero().reshape(-1)
    added = torch.zeros([len(missing), rank], dtype=torch.int64)
    added[:, 0] = missing
    order = torch.cat([indices[:, 0], missing]).argsort(stable=True)
    if isinstance(values, np.ndarray):
        filled: Any = np.concatenate([values, np.full(len(missing), default.item(), object)])
    else:
        filled = torch.cat([values, default.expand(len(missing))])
    where = torch.empty_like(order)
    where[order] = torch.arange(len(order))
    return (
        torch.cat([indices, added]).index_select(0, order),
        taken(filled, order),
        empty,
        where[: len(indices)],
    )


def _fill_rule(inputs: Sequence[Tensor], attributes: dict[str, Any]) -> OutputTypes:
    shape = constant_shape(inputs[2])
    rows = shape.known[0] if shape.known else None
    return [
        *three(rank_of(inputs[2]), _type(inputs[1]))[:2],
        (bool_, TensorShape([rows])),
        (int64, TensorShape([inputs[0].shape[0].value])),
    ]


register("SparseFillEmptyRows", _fill_empty_rows, _fill_rule)


def sparse_fill_empty_rows(
    sp_input: Any, default_value: Any, name: str | None = None
) -> tuple[SparseTensor, Tensor]:
    """The sparse tensor with an element in each row that had none, and which rows those were.

    TF1 symbol: `tf.sparse_fill_empty_rows`.
    """
    sparse = as_sparse(sp_input)
    with name_scope(name, "SparseFillEmptyRows", [sparse.values]):
        default = convert_to_tensor(default_value, _type(sparse.values))
        indices, values, empty, _ = make(
            "SparseFillEmptyRows", [*parts_of(sparse), default], "SparseFillEmptyRows"
        ).outputs
        return SparseTensor(indices, values, sparse.dense_shape), empty


def sparse_merge(
    sp_ids: Any, sp_values: Any, vocab_size: Any, name: str | None = None, already_sorted: bool = False
) -> SparseTensor:
    """The values of a sparse tensor at places whose last coordinate is an id (TF1 symbol: `tf.sparse_merge`).

    Args:
        sp_ids: a sparse tensor of ids, or a list of them.
        sp_values: a sparse tensor of the same places.
        vocab_size: how many ids there are, or a list of numbers.
        already_sorted: whether the ids are in order.

    Raises:
        ValueError: as many sizes as ids are not given.
    """
    many = isinstance(sp_ids, (list, tuple))
    ids = [as_sparse(item) for item in (sp_ids if many else [sp_ids])]
    sizes = list(vocab_size) if isinstance(vocab_size, (list, tuple)) else [vocab_size]
    if len(ids) != len(sizes):
        raise ValueError("sp_ids and vocab_size have to have equal lengths.")
    values = as_sparse(sp_values)
    with name_scope(name, "SparseMerge", [values.values]):
        columns = [array.expand_dims(cast(item.values, int64), 1) for item in ids]
        limits = [array.expand_dims(cast(convert_to_tensor(size), int64), 0) for size in sizes]
        indices = lists.concat([ids[0].indices[:, :-1], *columns], 1)
        shape = lists.concat([ids[0].dense_shape[:-1], *limits], 0)
        result = SparseTensor(indices, values.values, shape)
        return result if already_sorted else sparse_reorder(result)


def sparse_to_indicator(sp_input: Any, vocab_size: Any, name: str | None = None) -> Tensor:
    """A dense tensor of booleans: which ids are in each row (TF1 symbol: `tf.sparse_to_indicator`)."""
    sparse = as_sparse(sp_input)
    with name_scope(name, "SparseToIndicator", [sparse.values]) as scope:
        there = array.fill(array.shape(sparse.values), True)
        marked = SparseTensor(sparse.indices, there, sparse.dense_shape)
        merged = sparse_merge(sparse, marked, vocab_size)
        return sparse_tensor_to_dense(merged, False, validate_indices=False, name=scope)


def sparse_mask(a: Any, mask_indices: Any, name: str | None = None) -> Any:
    """IndexedSlices without the rows of some indices (TF1 symbol: `tf.sparse_mask`)."""
    with name_scope(name, "sparse_mask") as scope:
        indices = convert_to_tensor(a.indices)
        kept, places = setdiff1d(indices, convert_to_tensor(mask_indices, _type(indices)), out_idx=int32)
        return IndexedSlices(picking.gather(a.values, places, name=scope), kept, a.dense_shape)
