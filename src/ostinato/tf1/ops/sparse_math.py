"""Arithmetic on sparse tensors: sums, products with dense ones, reductions, the softmax of their rows."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import torch

from ..dtypes import as_dtype, int32
from ..graph import name_scope
from ..registry import OutputTypes, constant_axes, constant_shape, constant_value, register
from ..shapes import TensorShape
from ..sparse_tensor import SparseTensor, as_sparse, is_sparse
from ..tensor import Tensor
from . import array
from .core import convert_to_tensor, make, one
from .math import either, matmul, range_
from .sparse import coordinates, flat_places, parts_of, rank_of, three


def _type(tensor: Tensor) -> Any:
    return tensor.dtype.base_dtype


# -- sums
def _union(a: Sequence[Any], b: Sequence[Any]) -> tuple[torch.Tensor, torch.Tensor, int, list[int]]:
    """The places of two sparse tensors in order, where each element is in them, how many a has, the sizes."""
    sizes = a[2].tolist()
    if sizes != b[2].tolist():
        raise ValueError(f"Operands' shapes do not match: {sizes} and {b[2].tolist()}")
    places = torch.cat([flat_places(a[0], sizes), flat_places(b[0], sizes)])
    there, where = places.unique(return_inverse=True)
    return there, where, len(a[0]), sizes


def _add(ai: Any, av: Any, ash: Any, bi: Any, bv: Any, bsh: Any, thresh: torch.Tensor) -> Any:
    there, where, _, sizes = _union((ai, av, ash), (bi, bv, bsh))
    sums = torch.zeros(len(there), dtype=av.dtype).index_add(0, where, torch.cat([av, bv]))
    if float(thresh) > 0:
        alone = torch.bincount(where, minlength=len(there)) == 1  # which no limit leaves out in TensorFlow
        kept = ((sums.detach().abs() >= thresh) | alone).nonzero().reshape(-1)
        there, sums = there.index_select(0, kept), sums.index_select(0, kept)
    return coordinates(there, sizes), sums, ash


register("SparseAdd", _add, lambda inputs, attributes: three(rank_of(inputs[2]), _type(inputs[1])))
register(
    "SparseTensorDenseAdd",
    lambda indices, values, shape, dense: (
        dense.reshape(-1)
        .index_add(0, flat_places(indices.to(torch.int64), shape.tolist()), values)
        .reshape(dense.shape)
    ),
    lambda inputs, attributes: [(_type(inputs[3]), inputs[3].shape)],
)


def sparse_add(a: Any, b: Any, threshold: Any = None, thresh: Any = None) -> Any:
    """The sum of two tensors of which one at least is sparse (TF1 symbol: `tf.sparse_add`).

    Args:
        threshold: sums of two elements of less magnitude are left out, where both are sparse.
        thresh: the older name of `threshold`.

    Returns:
        A SparseTensor for two of them, a Tensor otherwise.

    Raises:
        TypeError: neither is sparse.
    """
    limit = either("threshold", threshold, "thresh", thresh)
    if not is_sparse(a) and not is_sparse(b):
        raise TypeError("At least one input should be SparseTensor; do you mean to use tf.add()?")
    if is_sparse(a) and is_sparse(b):
        first, second = as_sparse(a), as_sparse(b)
        kind = {"complex64": "float32", "complex128": "float64"}.get(first.dtype.name, first.dtype.name)
        least = convert_to_tensor(0 if limit is None else limit, as_dtype(kind).base_dtype, name="thresh")
        inputs = [*parts_of(first), *parts_of(second), least]
        return SparseTensor(*make("SparseAdd", inputs, "SparseAdd").outputs)
    sparse, dense = (as_sparse(a), b) if is_sparse(a) else (as_sparse(b), a)
    return one(
        "SparseTensorDenseAdd",
        [*parts_of(sparse), convert_to_tensor(dense, _type(sparse.values))],
        "SparseTensorDenseAdd",
    )


def _extreme(choose: Callable[[Any, Any], Any]) -> Callable[..., Any]:
    def compute(ai: Any, av: Any, ash: Any, bi: Any, bv: Any, bsh: Any) -> Any:
        there, where, count, sizes = _union((ai, av, ash), (bi, bv, bsh))
        zeros = torch.zeros(len(there), dtype=av.dtype)
        first = zeros.index_add(0, where[:count], av)
        second = zeros.index_add(0, where[count:], bv)
        return coordinates(there, sizes), choose(first, second)

    return compute


def _extreme_of(op_type: str, choose: Callable[[Any, Any], Any]) -> Any:
    register(
        op_type,
        _extreme(choose),
        lambda inputs, attributes: three(rank_of(inputs[2]), _type(inputs[1]))[:2],
        differentiable=False,
    )

    def function(sp_a: Any, sp_b: Any, name: str | None = None) -> SparseTensor:
        first, second = as_sparse(sp_a), as_sparse(sp_b)
        with name_scope(name, op_type, [first.values, second.values]) as scope:
            found = make(op_type, [*parts_of(first), *parts_of(second)], scope).outputs
            return SparseTensor(found[0], found[1], first.dense_shape)

    return function


sparse_maximum = _extreme_of("SparseSparseMaximum", torch.maximum)
sparse_maximum.__doc__ = (
    "The larger of two sparse tensors' elements; what is not stored is 0 (TF1: `tf.sparse_maximum`)."
)
sparse_minimum = _extreme_of("SparseSparseMinimum", torch.minimum)
sparse_minimum.__doc__ = (
    "The lesser of two sparse tensors' elements; what is not stored is 0 (TF1: `tf.sparse_minimum`)."
)


# -- products
def _elementwise(combine: Callable[[Any, Any], Any]) -> Callable[..., Any]:
    def compute(indices: Any, values: Any, shape: Any, dense: Any) -> Any:
        whole = dense.broadcast_to(shape.tolist())
        return combine(
            values, whole[tuple(indices.unbind(-1))] if indices.shape[1] else whole.expand(len(values))
        )

    return compute


for _name, _combine in (
    ("Mul", torch.mul),
    ("Div", lambda a, b: a / b if a.is_floating_point() else torch.div(a, b, rounding_mode="trunc")),
):
    register(
        f"SparseDenseCwise{_name}",
        _elementwise(_combine),
        lambda inputs, attributes: [(_type(inputs[1]), inputs[1].shape)],
    )


def _operator(op_type: str, scope_name: str) -> Callable[[SparseTensor, Any], SparseTensor]:
    def operator(sparse: SparseTensor, other: Any) -> SparseTensor:
        with name_scope(None, scope_name, [sparse.values, other]) as scope:
            dense = convert_to_tensor(other, _type(sparse.values), name="y")
            values = one(op_type, [*parts_of(sparse), dense], scope)
            return SparseTensor(sparse.indices, values, sparse.dense_shape)

    return operator


SparseTensor.__mul__ = _operator("SparseDenseCwiseMul", "mul")
SparseTensor.__truediv__ = _operator("SparseDenseCwiseDiv", "truediv")
SparseTensor.__div__ = _operator("SparseDenseCwiseDiv", "div")


def sparse_matmul(
    a: Any,
    b: Any,
    transpose_a: bool = False,
    transpose_b: bool = False,
    a_is_sparse: bool = False,
    b_is_sparse: bool = False,
    name: str | None = None,
) -> Tensor:
    """The product of two dense matrices that have many zeros (TF1 symbol: `tf.sparse_matmul`)."""
    return matmul(a, b, transpose_a, transpose_b, name=name or "SparseMatMul")


# -- reductions
def _kept_axes(rank: int, axes: list[int]) -> list[int]:
    for axis in axes:
        if not -rank <= axis < rank:
            raise ValueError(f"Invalid reduction dimension {axis}, for input with {rank} dimensions.")
    gone = {axis % rank for axis in axes}
    return [axis for axis in range(rank) if axis not in gone]


def _grouped(
    indices: Any, values: Any, shape: Any, axes: Any, kind: str
) -> tuple[torch.Tensor, torch.Tensor, list[int], list[int]]:
    """The places, in what is left of the axes, that elements reduce to; their values; sizes; axes kept."""
    sizes = shape.tolist()
    chosen = list(range(len(sizes))) if not axes.numel() else axes.reshape(-1).tolist()
    kept = _kept_axes(len(sizes), chosen)
    rest = [sizes[axis] for axis in kept]
    if kept:
        places = flat_places(indices[:, kept], rest)
    else:
        places = torch.zeros(len(indices), dtype=torch.int64)
    there, where = places.unique(return_inverse=True)
    zeros = torch.zeros(len(there), dtype=values.dtype)
    if kind == "sum":
        return there, zeros.index_add(0, where, values), rest, kept
    return there, zeros.scatter_reduce(0, where, values, "amax", include_self=False), rest, kept


def _sizes_with(rest: list[int], kept: list[int], rank: int, keep_dims: bool) -> list[int]:
    found = iter(rest)
    return [next(found) if axis in kept else 1 for axis in range(rank)] if keep_dims else rest


def _reduce(kind: str) -> Callable[..., Any]:
    def compute(indices: Any, values: Any, shape: Any, axes: Any, keep_dims: bool) -> Any:
        there, found, rest, kept = _grouped(indices, values, shape, axes, kind)
        whole = torch.zeros(math.prod(rest), dtype=values.dtype).index_copy(0, there, found)
        return whole.reshape(_sizes_with(rest, kept, len(shape), keep_dims))

    return compute


def _reduce_sparse(kind: str) -> Callable[..., Any]:
    def compute(indices: Any, values: Any, shape: Any, axes: Any, keep_dims: bool) -> Any:
        there, found, rest, kept = _grouped(indices, values, shape, axes, kind)
        sizes = _sizes_with(rest, kept, len(shape), keep_dims)
        return coordinates(there, sizes), found, torch.tensor(sizes, dtype=torch.int64)

    return compute


def _reduce_rule(inputs: Sequence[Tensor], attributes: dict[str, Any]) -> OutputTypes:
    known = constant_shape(inputs[2]).known
    axes = constant_axes(inputs[3], None if known is None else len(known))
    if known is None or axes is None:
        return [(_type(inputs[1]), TensorShape(None))]
    gone = axes or list(range(len(known)))
    if attributes["keep_dims"]:
        return [(_type(inputs[1]), TensorShape([1 if i in gone else d for i, d in enumerate(known)]))]
    return [(_type(inputs[1]), TensorShape([d for i, d in enumerate(known) if i not in gone]))]


def _reduction(kind: str, op_type: str) -> tuple[Any, Any]:
    register(op_type, _reduce(kind), _reduce_rule)
    register(
        f"{op_type}Sparse", _reduce_sparse(kind), lambda inputs, attributes: three(None, _type(inputs[1]))
    )

    def node(which: str, sp_input: Any, axis: Any, keepdims: Any, old_axes: Any, old_keep: Any) -> Any:
        sparse = as_sparse(sp_input)
        axis = either("axis", axis, "reduction_axes", old_axes)
        keep = bool(either("keepdims", keepdims, "keep_dims", old_keep))
        if axis is None:
            axis = range_(0, array.size(sparse.dense_shape))
        axes = convert_to_tensor(axis, int32)
        return make(which, [*parts_of(sparse), axes], which, keep_dims=keep).outputs

    def dense(
        sp_input: Any,
        axis: Any = None,
        keepdims: bool | None = None,
        reduction_axes: Any = None,
        keep_dims: bool | None = None,
    ) -> Tensor:
        return node(op_type, sp_input, axis, keepdims, reduction_axes, keep_dims)[0]

    def sparse(
        sp_input: Any,
        axis: Any = None,
        keepdims: bool | None = None,
        reduction_axes: Any = None,
        keep_dims: bool | None = None,
    ) -> SparseTensor:
        return SparseTensor(*node(f"{op_type}Sparse", sp_input, axis, keepdims, reduction_axes, keep_dims))

    dense.__doc__ = f"The {kind} of a sparse tensor's elements over axes (all for None), as a Tensor."
    sparse.__doc__ = f"The {kind} of a sparse tensor's elements over axes (all for None), as a SparseTensor."
    return dense, sparse


sparse_reduce_sum, sparse_reduce_sum_sparse = _reduction("sum", "SparseReduceSum")
sparse_reduce_max, sparse_reduce_max_sparse = _reduction("maximum", "SparseReduceMax")


def _softmax(indices: Any, values: Any, shape: Any) -> torch.Tensor:
    sizes = shape.tolist()
    rows = flat_places(indices[:, :-1], sizes[:-1])
    there, where = rows.unique(return_inverse=True)
    lowest = torch.full([len(there)], -math.inf, dtype=values.dtype)
    largest = lowest.scatter_reduce(0, where, values.detach(), "amax")
    powers = (values - largest[where]).exp()
    return powers / torch.zeros(len(there), dtype=values.dtype).index_add(0, where, powers)[where]


register("SparseSoftmax", _softmax, lambda inputs, attributes: [(_type(inputs[1]), inputs[1].shape)])


def sparse_softmax(sp_input: Any, name: str | None = None) -> SparseTensor:
    """The softmax of each row's stored elements (TF1 symbol: `tf.sparse_softmax`)."""
    sparse = as_sparse(sp_input)
    with name_scope(name, "SparseSoftmax", [sparse.indices, sparse.values]):
        values = one("SparseSoftmax", parts_of(sparse), "SparseSoftmax")
        return SparseTensor(sparse.indices, values, sparse.dense_shape)


# -- rows of a dense tensor, summed by segment
def _segments(average: str) -> Callable[..., Any]:
    def compute(data: torch.Tensor, indices: Any, segments: Any, count: Any = None) -> torch.Tensor:
        last = int(segments[-1]) + 1 if len(segments) else 0
        total = last if count is None else int(count)
        if (segments[1:] < segments[:-1]).any():
            raise ValueError("segment ids are not increasing")
        if len(segments) and (int(segments[0]) < 0 or last > total):
            raise ValueError(f"segment ids must be in [0, {total})")
        if len(indices) and (int(indices.min()) < 0 or int(indices.max()) >= len(data)):
            raise ValueError(f"indices are not in [0, {len(data)})")
        rows = data.index_select(0, indices.to(torch.int64))
        where = segments.to(torch.int64)
        sums = data.new_zeros([total, *data.shape[1:]]).index_add(0, where, rows)
        if average == "sum":
            return sums
        numbers = torch.bincount(where, minlength=total).clamp(min=1).to(data.dtype)
        divisor = numbers if average == "mean" else numbers.sqrt()
        return sums / divisor.reshape(-1, *[1] * (data.dim() - 1))

    return compute


def _segments_rule(inputs: Sequence[Tensor], attributes: dict[str, Any]) -> OutputTypes:
    known = inputs[0].shape.known
    count = None
    if len(inputs) == 4:
        value = constant_value(inputs[3])
        count = None if value is None else int(value)
    shape = TensorShape(None if known is None else [count, *known[1:]])
    return [(_type(inputs[0]), shape)]


def _segment_function(op_type: str, average: str, symbol: str) -> Any:
    register(op_type, _segments(average), _segments_rule)
    register(f"{op_type}WithNumSegments", _segments(average), _segments_rule)

    def function(
        data: Any, indices: Any, segment_ids: Any, name: str | None = None, num_segments: Any = None
    ) -> Tensor:
        inputs = [
            convert_to_tensor(data, name="data"),
            convert_to_tensor(indices, name="indices", preferred_dtype=int32),
            convert_to_tensor(segment_ids, int32, name="segment_ids"),
        ]
        if num_segments is None:
            return one(op_type, inputs, name or op_type)
        inputs.append(convert_to_tensor(num_segments, name="num_segments"))
        return one(f"{op_type}WithNumSegments", inputs, name or f"{op_type}WithNumSegments")

    function.__doc__ = f"Rows `data[indices]` summed up by segment: {average} (TF1 symbol: `tf.{symbol}`)."
    return function


sparse_segment_sum = _segment_function("SparseSegmentSum", "sum", "sparse_segment_sum")
sparse_segment_mean = _segment_function("SparseSegmentMean", "mean", "sparse_segment_mean")
sparse_segment_sqrt_n = _segment_function("SparseSegmentSqrtN", "sqrt of n", "sparse_segment_sqrt_n")
