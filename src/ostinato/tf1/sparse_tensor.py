"""Tensors of which only some elements are stored: the structure, its value, and its placeholder.

>>> import ostinato.tf1 as tf
>>> with tf.Graph().as_default(), tf.Session() as session:
...     x = tf.sparse_placeholder(tf.float32)
...     value = tf.SparseTensorValue([[0, 1], [1, 0]], [2.0, 3.0], [2, 2])
...     session.run(tf.sparse_tensor_to_dense(x), {x: value}).tolist()
[[0.0, 2.0], [3.0, 0.0]]
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from .dtypes import DType, as_dtype, float32, int64
from .graph import Graph, name_scope
from .indexed_slices import IndexedSlices, IndexedSlicesValue
from .ops.core import constant, convert_to_tensor, placeholder
from .registry import constant_shape
from .shapes import TensorShape, as_shape
from .tensor import Operation, Tensor


class SparseTensorValue(NamedTuple):
    """What a session gives and takes for a SparseTensor (TF1 symbol: `tf.SparseTensorValue`)."""

    indices: Any
    values: Any
    dense_shape: Any


class SparseTensor:
    """A tensor that is `values[i]` at `indices[i]` and nothing elsewhere (TF1 symbol: `tf.SparseTensor`).

    Args:
        indices: int64 `[N, rank]`, by convention in row-major order.
        values: `[N]`, of any type.
        dense_shape: int64 `[rank]`.

    Raises:
        ValueError: shapes that do not fit each other.
    """

    def __init__(self, indices: Any, values: Any, dense_shape: Any) -> None:
        with name_scope(None, "SparseTensor", [indices, values, dense_shape]):
            self._indices = convert_to_tensor(indices, int64, name="indices")
            self._values = convert_to_tensor(values, name="values")
            self._dense_shape = convert_to_tensor(dense_shape, int64, name="dense_shape")
        rows = self._indices.shape.with_rank(2)
        count, rank = self._values.shape.with_rank(1), self._dense_shape.shape.with_rank(1)
        rows[0].assert_is_compatible_with(count[0])
        rows[1].assert_is_compatible_with(rank[0])

    @classmethod
    def from_value(cls, sparse_tensor_value: Any) -> SparseTensor:
        """A SparseTensor for a SparseTensorValue (or the tensor that it is already)."""
        if not is_sparse(sparse_tensor_value):
            raise TypeError(f"Neither a SparseTensor nor SparseTensorValue: {sparse_tensor_value}.")
        value = sparse_tensor_value
        return cls(value.indices, value.values, value.dense_shape)

    @property
    def indices(self) -> Tensor:
        return self._indices

    @property
    def values(self) -> Tensor:
        return self._values

    @property
    def dense_shape(self) -> Tensor:
        return self._dense_shape

    @property
    def shape(self) -> TensorShape:
        """The static shape of the whole."""
        return constant_shape(self._dense_shape)

    def get_shape(self) -> TensorShape:
        return self.shape

    @property
    def dtype(self) -> DType:
        return self._values.dtype

    @property
    def op(self) -> Operation:
        return self._values.op

    @property
    def name(self) -> str:
        return self._values.name

    @property
    def graph(self) -> Graph:
        return self._indices.graph

    def consumers(self) -> list[Operation]:
        """The operations that take the indices, the values or the shape."""
        parts = (self._indices, self._values, self._dense_shape)
        return list(dict.fromkeys(operation for part in parts for operation in part.consumers()))

    def eval(self, feed_dict: Any = None, session: Any = None) -> SparseTensorValue:
        """The value in the given or the default session (TF1 symbol: `tf.SparseTensor.eval`)."""
        from .session import session_for

        return session_for(self.graph, session, "eval()").run(self, feed_dict)

    def _with_values(self, values: Tensor) -> SparseTensor:
        return SparseTensor(self._indices, values, self._dense_shape)

    def _map_values(self, function: Callable[[Tensor], Tensor]) -> SparseTensor:
        return self._with_values(function(self._values))

    def __repr__(self) -> str:
        return (
            f"SparseTensor(indices={self._indices}, values={self._values}, dense_shape={self._dense_shape})"
        )

    # Python's operators; ops/sparse.py puts them here.
    __mul__: Any
    __truediv__: Any
    __div__: Any


class SparseTensorSpec:
    """The type and the shape of sparse tensors (TF1 symbol: `tf.SparseTensorSpec`)."""

    value_type = SparseTensor

    def __init__(self, shape: Any = None, dtype: Any = float32) -> None:
        self.shape, self.dtype = as_shape(shape), as_dtype(dtype)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, SparseTensorSpec):
            return NotImplemented
        return self.dtype is other.dtype and self.shape.known == other.shape.known

    def __hash__(self) -> int:
        return hash((self.shape.known, self.dtype.name))

    def __repr__(self) -> str:
        return f"SparseTensorSpec({self.shape!r}, {self.dtype!r})"


def is_sparse(value: Any) -> bool:
    """Whether a value is a SparseTensor or a SparseTensorValue."""
    return isinstance(value, (SparseTensor, SparseTensorValue))


def as_sparse(value: Any) -> SparseTensor:
    """A SparseTensor for one, or for a SparseTensorValue.

    Raises:
        TypeError: anything else.
    """
    if isinstance(value, SparseTensorValue):
        return SparseTensor.from_value(value)
    if not isinstance(value, SparseTensor):
        raise TypeError(f"Input must be a SparseTensor, not {value!r}.")
    return value


def sparse_placeholder(dtype: Any, shape: Any = None, name: str | None = None) -> SparseTensor:
    """A sparse tensor that must be fed (TF1 symbol: `tf.sparse_placeholder`).

    It is fed with a SparseTensorValue or a tuple `(indices, values, shape)`.
    """
    inside = "" if name is None else f"{name}/"
    sizes = None if shape is None else as_shape(shape) if not isinstance(shape, Tensor) else None
    rank = None if sizes is None else sizes.ndims
    if isinstance(shape, Tensor):
        dense_shape, rank = convert_to_tensor(shape, int64), shape.shape.as_list()[0]
    elif sizes is not None and sizes.is_fully_defined():
        dense_shape = constant(sizes.as_list(), int64, name=f"{inside}shape" if name else "Const")
    else:
        dense_shape = placeholder(int64, [rank], f"{inside}shape" if name else None)
    values = placeholder(dtype, [None], f"{inside}values" if name else None)
    indices = placeholder(int64, [None, rank], f"{inside}indices" if name else None)
    return SparseTensor(indices, values, dense_shape)


def convert_to_tensor_or_sparse_tensor(value: Any, dtype: Any = None, name: str | None = None) -> Any:
    """A Tensor or SparseTensor for a value (TF1 symbol: `tf.convert_to_tensor_or_sparse_tensor`).

    Raises:
        RuntimeError: a sparse value of another type than `dtype`.
    """
    if isinstance(value, SparseTensorValue):
        value = SparseTensor.from_value(value)
    if not isinstance(value, SparseTensor):
        return convert_to_tensor(value, dtype, name=name)
    if dtype is not None and as_dtype(dtype).base_dtype is not value.dtype.base_dtype:
        raise RuntimeError(f"Sparse dtype: requested = {as_dtype(dtype).name}, actual = {value.dtype.name}")
    return value


def convert_to_tensor_or_indexed_slices(value: Any, dtype: Any = None, name: str | None = None) -> Any:
    """A Tensor or IndexedSlices for a value (TF1 symbol: `tf.convert_to_tensor_or_indexed_slices`).

    Raises:
        ValueError: slices of another type than `dtype`.
    """
    if isinstance(value, IndexedSlicesValue):
        value = IndexedSlices(*[None if part is None else convert_to_tensor(part) for part in value])
    if not isinstance(value, IndexedSlices):
        return convert_to_tensor(value, dtype, name=name)
    if dtype is not None and as_dtype(dtype).base_dtype is not value.dtype.base_dtype:
        raise ValueError(
            f"Tensor conversion requested dtype {as_dtype(dtype).name} for Tensor with dtype "
            f"{value.dtype.name}: {value}"
        )
    return value
