"""The older columns of numbers, of their buckets, and of crosses."""

from __future__ import annotations

import collections
from collections.abc import Callable
from typing import Any

from ... import dtypes
from ...feature_column.base import CategoricalColumn, DenseColumn, IdWeightPair
from ...initializers import Zeros
from ...ops import array, crossing, lists, math, picking
from ...parsing import FixedLenFeature
from ...shapes import TensorShape
from ...sparse_tensor import SparseTensor
from .column_base import Lookup, _Column, of_rank
from .sparse_columns import _SparseColumn


class _RealValuedColumn(
    _Column,
    DenseColumn,
    collections.namedtuple("_RealValuedColumn", "column_name dimension default_value dtype normalizer"),
):
    """Numbers as they are."""

    _unnamed = ("normalizer",)

    @property
    def name(self) -> str:
        return str(self.column_name)

    @property
    def config(self) -> dict[str, Any]:
        default = None if self.default_value is None else list(self.default_value)
        return {self.column_name: FixedLenFeature([self.dimension], self.dtype, default)}

    @property
    def variable_shape(self) -> TensorShape:
        return TensorShape([self.dimension])

    def transform_feature(self, transformation_cache: Any, state_manager: Any) -> Any:
        tensor = transformation_cache.get(self.column_name, state_manager)
        return math.cast(self.normalizer(tensor) if self.normalizer else tensor, dtypes.float32)

    def get_dense_tensor(self, transformation_cache: Any, state_manager: Any) -> Any:
        return transformation_cache.get(self, state_manager)

    def dense(self, tensor: Any, collections: Any, trainable: bool, rank: int = 2) -> Any:
        return of_rank(tensor, rank, self.name)


def real_valued_column(
    column_name: str,
    dimension: int = 1,
    default_value: Any = None,
    dtype: Any = dtypes.float32,
    normalizer: Callable[[Any], Any] | None = None,
) -> _RealValuedColumn:
    """Numbers (TF1 symbol: `tf.contrib.layers.real_valued_column`).

    Raises:
        TypeError: a dimension that is no integer, or a default of another type.
        ValueError: a dimension below 1, a type that is no number, or a default of another length.
    """
    if not isinstance(dimension, int):
        raise TypeError(f"dimension must be an integer. dimension: {dimension}, column_name: {column_name}")
    if dimension < 1:
        raise ValueError(
            f"dimension must be greater than 0. dimension: {dimension}, column_name: {column_name}"
        )
    if not (dtype.is_integer or dtype.is_floating):
        raise ValueError(f"dtype must be convertible to float. dtype: {dtype}, column_name: {column_name}")
    default = default_value
    if isinstance(default, (int, float)):
        default = [default] * dimension
    if default is not None:
        numbers_alone = isinstance(default, list) and all(isinstance(each, (int, float)) for each in default)
        if not numbers_alone or (dtype.is_integer and any(isinstance(each, float) for each in default)):
            raise TypeError(
                f"default_value must be compatible with dtype. default_value: {default_value}, dtype: "
                f"{dtype}, column_name: {column_name}"
            )
        if len(default) != dimension:
            raise ValueError(
                f"The length of default_value must be equal to dimension. default_value: {default_value}, "
                f"dimension: {dimension}, column_name: {column_name}"
            )
        default = tuple(default) if dtype.is_integer else tuple(float(each) for each in default)
    return _RealValuedColumn(column_name, dimension, default, dtype, normalizer)


class _BucketizedColumn(
    _Column,
    CategoricalColumn,
    DenseColumn,
    collections.namedtuple("_BucketizedColumn", "source_column boundaries"),
):
    """The buckets that numbers fall into."""

    def __new__(cls, source_column: Any, boundaries: Any) -> Any:
        if not isinstance(source_column, _RealValuedColumn):
            raise TypeError(
                f"source_column must be an instance of _RealValuedColumn. source_column: {source_column}"
            )
        if not isinstance(boundaries, (list, tuple)) or not boundaries:
            raise ValueError(f"boundaries must be a non-empty list or tuple. boundaries: {boundaries}")
        if sorted(boundaries) != list(boundaries):
            raise ValueError(f"boundaries must be a sorted list. boundaries: {boundaries}")
        return super().__new__(cls, source_column, tuple(dict.fromkeys(boundaries)))

    @property
    def name(self) -> str:
        return f"{self.source_column.name}_bucketized"

    @property
    def length(self) -> int:
        return len(self.boundaries) + 1

    @property
    def num_buckets(self) -> int:
        return int(self.length * self.source_column.dimension)

    @property
    def config(self) -> dict[str, Any]:
        return dict(self.source_column.config)

    @property
    def variable_shape(self) -> TensorShape:
        return TensorShape([self.num_buckets])

    def transform_feature(self, transformation_cache: Any, state_manager: Any) -> Any:
        source = transformation_cache.get(self.source_column, state_manager)
        return crossing.bucketize(source, self.boundaries, name="bucketize")

    def get_dense_tensor(self, transformation_cache: Any, state_manager: Any) -> Any:
        return self.dense(transformation_cache.get(self, state_manager), None, True)

    def get_sparse_tensors(self, transformation_cache: Any, state_manager: Any) -> Any:
        return IdWeightPair(self.to_sparse_tensor(transformation_cache.get(self, state_manager)), None)

    def dense(self, tensor: Any, collections: Any, trainable: bool, rank: int = 2) -> Any:
        if rank != 2:
            raise ValueError("BucketizedColumn currently only supports output_rank=2")
        buckets = picking.one_hot(math.cast(tensor, dtypes.int64), self.length, 1.0, 0.0, name="one_hot")
        return array.reshape(buckets, [-1, self.num_buckets], name="reshape")

    def to_sparse_tensor(self, tensor: Any) -> SparseTensor:
        """The buckets as ids, each number of a row with ids of its own."""
        rows, columns = array.shape(tensor)[0], self.source_column.dimension
        first = array.reshape(picking.tile(array.expand_dims(math.range_(0, rows), 1), [1, columns]), [-1])
        second = picking.tile(math.range_(0, columns), [rows])
        values = array.reshape(tensor, [-1]) + self.length * second
        indices = math.cast(array.transpose(lists.stack((first, second))), dtypes.int64)
        return SparseTensor(indices, values, math.cast(lists.stack([rows, columns]), dtypes.int64))

    def lookup(self, tensor: Any) -> Lookup | None:
        return Lookup(self.to_sparse_tensor(tensor), None, self.num_buckets, Zeros(), "sum")


def bucketized_column(source_column: Any, boundaries: Any) -> _BucketizedColumn:
    """Buckets of numbers (TF1 symbol: `tf.contrib.layers.bucketized_column`).

    Raises:
        TypeError: the source is no column of numbers.
        ValueError: the boundaries are not in order.
    """
    return _BucketizedColumn(source_column, boundaries)


class _CrossedColumn(
    _Column,
    CategoricalColumn,
    collections.namedtuple(
        "_CrossedColumn",
        "columns hash_bucket_size hash_key combiner ckpt_to_load_from tensor_name_in_ckpt",
    ),
):
    """Hashes of combinations."""

    @property
    def name(self) -> str:
        return "_X_".join(sorted(column.name for column in self.columns))

    @property
    def length(self) -> int:
        return int(self.hash_bucket_size)

    num_buckets = length

    @property
    def config(self) -> dict[str, Any]:
        return {key: value for column in self.columns for key, value in column.config.items()}

    @property
    def _leaves(self) -> list[Any]:
        found: list[Any] = []
        for column in self.columns:
            found += column._leaves if isinstance(column, _CrossedColumn) else [column]
        return found

    def transform_feature(self, transformation_cache: Any, state_manager: Any) -> Any:
        tensors = []
        for column in self._leaves:
            if isinstance(column, _SparseColumn):
                tensors.append(transformation_cache.get(column.name, state_manager))
            else:
                buckets = transformation_cache.get(column, state_manager)
                tensors.append(column.to_sparse_tensor(buckets))
        return crossing.sparse_feature_cross(
            tensors, True, self.hash_bucket_size, name="cross", hash_key=self.hash_key
        )

    def id_tensor(self, tensor: Any) -> Any:
        return tensor

    def weight_tensor(self, tensor: Any) -> Any:
        return None

    def dense(self, tensor: Any, collections: Any, trainable: bool, rank: int = 2) -> Any:
        raise ValueError(
            f"CrossedColumn is not supported in DNN. Please use embedding_column. column: {self}"
        )

    def lookup(self, tensor: Any) -> Lookup | None:
        return Lookup(tensor, None, self.length, Zeros(), self.combiner)


def crossed_column(
    columns: Any,
    hash_bucket_size: int,
    combiner: str = "sum",
    ckpt_to_load_from: Any = None,
    tensor_name_in_ckpt: Any = None,
    hash_key: int | None = None,
) -> _CrossedColumn:
    """Hashes of combinations (TF1 symbol: `tf.contrib.layers.crossed_column`).

    Raises:
        TypeError: what cannot be crossed.
        ValueError: fewer than two columns or buckets.
    """
    for column in columns:
        if not isinstance(column, (_SparseColumn, _CrossedColumn, _BucketizedColumn)):
            raise TypeError(
                "columns must be a set of _SparseColumn, _CrossedColumn, or _BucketizedColumn instances. "
                f"(column {column} is a {type(column).__name__})"
            )
    if len(columns) < 2:
        raise ValueError(f"columns must contain at least 2 elements. columns: {columns}")
    if hash_bucket_size < 2:
        raise ValueError(f"hash_bucket_size must be at least 2. hash_bucket_size: {hash_bucket_size}")
    if (ckpt_to_load_from is None) != (tensor_name_in_ckpt is None):
        raise ValueError("Must specify both `ckpt_to_load_from` and `tensor_name_in_ckpt` or none of them.")
    ordered = tuple(sorted(columns, key=lambda column: column.name))
    return _CrossedColumn(
        ordered, hash_bucket_size, hash_key, combiner, ckpt_to_load_from, tensor_name_in_ckpt
    )
