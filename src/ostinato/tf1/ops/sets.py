"""What is different among elements: unique ones, differences of lists, sets in the last axis."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import torch

from ..dtypes import as_dtype, int32, int64
from ..registry import OutputTypes, ShapeMismatch, constant_shape, register
from ..shapes import TensorShape
from ..sparse_tensor import SparseTensor, as_sparse, is_sparse
from ..tensor import Tensor
from .core import convert_to_tensor, make, one


class Unique(NamedTuple):
    """What `tf.unique` gives."""

    y: Any
    idx: Any


class UniqueWithCounts(NamedTuple):
    """What `tf.unique_with_counts` gives."""

    y: Any
    idx: Any
    count: Any


class ListDiff(NamedTuple):
    """What `tf.setdiff1d` gives."""

    out: Any
    idx: Any


def _type(tensor: Tensor) -> Any:
    return tensor.dtype.base_dtype


def _torch_type(out_idx: str) -> torch.dtype:
    found: torch.dtype = as_dtype(out_idx).torch_dtype
    return found


# -- unique
def _first_places(x: Any) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """The places of first occurrences, for each element the number of its value, and the counts."""
    if isinstance(x, np.ndarray):
        _, numbers = np.unique(x, return_inverse=True)
        inverse = torch.from_numpy(numbers.reshape(-1).astype(np.int64))
    else:
        _, inverse = x.unique(return_inverse=True)
    total = int(inverse.max()) + 1 if len(inverse) else 0
    places = torch.arange(len(inverse))
    first = torch.full([total], len(inverse)).scatter_reduce(0, inverse, places, "amin")
    order = first.argsort()
    rank = torch.empty_like(order)
    rank[order] = torch.arange(total)
    return first[order], rank[inverse], torch.bincount(inverse, minlength=total)[order]


def _taken(x: Any, places: torch.Tensor) -> Any:
    return x[places.numpy()] if isinstance(x, np.ndarray) else x.index_select(0, places)


def _unique(x: Any, out_idx: str) -> Any:
    first, numbers, _ = _first_places(x)
    return _taken(x, first), numbers.to(_torch_type(out_idx))


def _unique_with_counts(x: Any, out_idx: str) -> Any:
    first, numbers, counts = _first_places(x)
    kind = _torch_type(out_idx)
    return _taken(x, first), numbers.to(kind), counts.to(kind)


def _check_vector(tensor: Tensor) -> None:
    if tensor.shape.ndims not in (None, 1):
        raise ShapeMismatch(f"Shape must be rank 1 but is rank {tensor.shape.ndims}")


def _unique_rule(inputs: Sequence[Tensor], attributes: dict[str, Any]) -> OutputTypes:
    _check_vector(inputs[0])
    return [(_type(inputs[0]), TensorShape([None])), (as_dtype(attributes["out_idx"]), inputs[0].shape)]


register("Unique", _unique, _unique_rule)
register(
    "UniqueWithCounts",
    _unique_with_counts,
    lambda inputs, attributes: [
        *_unique_rule(inputs, attributes),
        (as_dtype(attributes["out_idx"]), TensorShape([None])),
    ],
)


def unique(x: Any, out_idx: Any = int32, name: str | None = None) -> Any:
    """(y, idx): the different elements in the order they come, and `x = y[idx]` (TF1 symbol: `tf.unique`)."""
    inputs = [convert_to_tensor(x, name="x")]
    return Unique(*make("Unique", inputs, name or "Unique", out_idx=as_dtype(out_idx).name).outputs)


def unique_with_counts(x: Any, out_idx: Any = int32, name: str | None = None) -> Any:
    """(y, idx, count): as `tf.unique`, and how often each comes (TF1 symbol: `tf.unique_with_counts`)."""
    inputs = [convert_to_tensor(x, name="x")]
    return UniqueWithCounts(
        *make("UniqueWithCounts", inputs, name or "UniqueWithCounts", out_idx=as_dtype(out_idx).name).outputs
    )


# -- differences of lists
def _list_difference(x: Any, y: Any, out_idx: str) -> Any:
    if isinstance(x, np.ndarray):
        outside = torch.from_numpy(~np.isin(x, y)) if len(y) else torch.ones(len(x), dtype=torch.bool)
    else:
        outside = ~torch.isin(x, y)
    places = outside.nonzero().reshape(-1)
    return _taken(x, places), places.to(_torch_type(out_idx))


register(
    "ListDiff",
    _list_difference,
    lambda inputs, attributes: [
        (_type(inputs[0]), TensorShape([None])),
        (as_dtype(attributes["out_idx"]), TensorShape([None])),
    ],
    differentiable=False,
)


def setdiff1d(x: Any, y: Any, index_dtype: Any = int32, name: str | None = None, out_idx: Any = None) -> Any:
    """(out, idx): the elements of x that are not in y, and their places (TF1 symbol: `tf.setdiff1d`)."""
    first = convert_to_tensor(x, name="x")
    second = convert_to_tensor(y, _type(first), name="y")
    kind = as_dtype(index_dtype if out_idx is None else out_idx).name
    return ListDiff(*make("ListDiff", [first, second], name or "ListDiff", out_idx=kind).outputs)


# -- sets in the last axis
def _dense_members(x: Any) -> tuple[np.ndarray, np.ndarray, tuple[int, ...]]:
    """For each element the number of its row, the element, and the shape of the rows."""
    array = x if isinstance(x, np.ndarray) else x.numpy()
    sizes = array.shape[:-1]
    rows = np.repeat(np.arange(int(np.prod(sizes, dtype=np.int64))), array.shape[-1])
    return rows, array.reshape(-1), sizes


def _sparse_members(indices: Any, values: Any, shape: Any) -> tuple[np.ndarray, np.ndarray, tuple[int, ...]]:
    sizes = tuple(shape.tolist())[:-1]
    places = indices.numpy()[:, :-1]
    rows = np.ravel_multi_index(tuple(places.T), sizes) if sizes else np.zeros(len(places), np.int64)
    return rows, values if isinstance(values, np.ndarray) else values.numpy(), sizes


def _of_sets(first: Any, second: Any, kind: str, text: bool) -> Any:
    (rows_a, values_a, sizes), (rows_b, values_b, other) = first, second
    if sizes != other:
        raise ValueError(
            f"Mismatched group dimensions {list(sizes)} and {list(other)}: sets need the same rows"
        )
    words, numbers = np.unique(np.concatenate([values_a, values_b]), return_inverse=True)
    count, numbers = max(1, len(words)), numbers.reshape(-1)
    a = rows_a * count + numbers[: len(values_a)]
    b = rows_b * count + numbers[len(values_a) :]
    keys = {
        "intersection": lambda: np.intersect1d(a, b),
        "union": lambda: np.union1d(a, b),
        "a-b": lambda: np.setdiff1d(a, b),
        "b-a": lambda: np.setdiff1d(b, a),
    }[kind]()
    rows = keys // count
    # The keys are in order, so an element's place in its row is its distance from the row's first key.
    places = np.arange(len(keys)) - np.searchsorted(rows, rows)
    indices = np.stack([*np.unravel_index(rows, sizes), places], 1) if sizes else places[:, None]
    values = words[keys % count]
    longest = int(places.max()) + 1 if len(places) else 0
    shape = torch.tensor([*sizes, longest], dtype=torch.int64)
    return torch.from_numpy(indices.astype(np.int64)), values if text else torch.from_numpy(values), shape


def _is_text(*values: Any) -> bool:
    return any(isinstance(value, np.ndarray) for value in values)


def _dense_dense(a: Any, b: Any, set_operation: str) -> Any:
    return _of_sets(_dense_members(a), _dense_members(b), set_operation, _is_text(a))


def _dense_sparse(a: Any, bi: Any, bv: Any, bs: Any, set_operation: str) -> Any:
    return _of_sets(_dense_members(a), _sparse_members(bi, bv, bs), set_operation, _is_text(a))


def _sparse_sparse(ai: Any, av: Any, ash: Any, bi: Any, bv: Any, bs: Any, set_operation: str) -> Any:
    return _of_sets(_sparse_members(ai, av, ash), _sparse_members(bi, bv, bs), set_operation, _is_text(av))


def _set_rule(value_index: int) -> Any:
    def rule(inputs: Sequence[Tensor], attributes: dict[str, Any]) -> OutputTypes:
        rank = inputs[0].shape.ndims
        if len(inputs) == 6:
            rank = inputs[2].shape.known[0] if inputs[2].shape.known else None
        return [
            (int64, TensorShape([None, rank])),
            (_type(inputs[value_index]), TensorShape([None])),
            (int64, TensorShape([rank])),
        ]

    return rule


register("DenseToDenseSetOperation", _dense_dense, _set_rule(0), differentiable=False)
register("DenseToSparseSetOperation", _dense_sparse, _set_rule(0), differentiable=False)
register("SparseToSparseSetOperation", _sparse_sparse, _set_rule(1), differentiable=False)


def _operation(a: Any, b: Any, kind: str, validate_indices: bool) -> SparseTensor:
    a = as_sparse(a) if is_sparse(a) else convert_to_tensor(a, name="a")
    b = as_sparse(b) if is_sparse(b) else convert_to_tensor(b, name="b")
    if a.dtype.base_dtype is not b.dtype.base_dtype:
        raise TypeError(f"Types don't match, {a.dtype.name} vs {b.dtype.name}.")
    if isinstance(a, SparseTensor) and not isinstance(b, SparseTensor):
        flipped = {"a-b": "b-a", "b-a": "a-b"}.get(kind, kind)
        return _operation(b, a, flipped, validate_indices)
    if isinstance(a, SparseTensor):
        op_type = "SparseToSparseSetOperation"
        inputs = [a.indices, a.values, a.dense_shape, b.indices, b.values, b.dense_shape]
    elif isinstance(b, SparseTensor):
        op_type, inputs = "DenseToSparseSetOperation", [a, b.indices, b.values, b.dense_shape]
    else:
        op_type, inputs = "DenseToDenseSetOperation", [a, b]
    return SparseTensor(*make(op_type, inputs, op_type, set_operation=kind).outputs)


def set_intersection(a: Any, b: Any, validate_indices: bool = True) -> SparseTensor:
    """Which elements of the last axis two tensors share (TF1 symbol: `tf.sets.set_intersection`)."""
    return _operation(a, b, "intersection", validate_indices)


def set_difference(a: Any, b: Any, aminusb: bool = True, validate_indices: bool = True) -> SparseTensor:
    """Which elements of the last axis one tensor has and the other has not.

    TF1 symbol: `tf.sets.set_difference`.
    """
    return _operation(a, b, "a-b" if aminusb else "b-a", validate_indices)


def set_union(a: Any, b: Any, validate_indices: bool = True) -> SparseTensor:
    """Which elements of the last axis two tensors have (TF1 symbol: `tf.sets.set_union`)."""
    return _operation(a, b, "union", validate_indices)


def _size(indices: torch.Tensor, values: Any, shape: torch.Tensor) -> torch.Tensor:
    rows, members, sizes = _sparse_members(indices, values, shape)
    words, numbers = np.unique(members, return_inverse=True)
    keys = np.unique(rows * max(1, len(words)) + numbers.reshape(-1))
    counts = np.bincount(keys // max(1, len(words)), minlength=int(np.prod(sizes, dtype=np.int64)))
    return torch.from_numpy(counts.reshape(sizes).astype(np.int32))


def _size_rule(inputs: Sequence[Tensor], attributes: dict[str, Any]) -> OutputTypes:
    return [(int32, constant_shape(inputs[2])[:-1])]


register("SetSize", _size, _size_rule, differentiable=False)


def set_size(a: Any, validate_indices: bool = True) -> Tensor:
    """How many different elements the last axis has (TF1 symbol: `tf.sets.set_size`)."""
    sparse = as_sparse(a)
    return one("SetSize", [sparse.indices, sparse.values, sparse.dense_shape], "SetSize")
