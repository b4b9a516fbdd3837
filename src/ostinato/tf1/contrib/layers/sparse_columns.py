"""The older columns of ids: hashed, looked up, taken as they are, with weights."""

from __future__ import annotations

import collections
from typing import Any, NamedTuple

from ... import dtypes
from ...feature_column.base import CategoricalColumn, IdWeightPair
from ...initializers import Zeros
from ...lookup_functions import index_table_from_file, index_table_from_tensor
from ...ops import array, gathering, math, picking, string_numbers
from ...parsing import VarLenFeature
from ...sparse_tensor import SparseTensor
from .column_base import Lookup, _Column, as_sparse


class _LookupConfig(NamedTuple):
    vocabulary_file: Any = None
    keys: Any = None
    num_oov_buckets: int = 0
    vocab_size: Any = None
    default_value: int = -1


_LookupConfig.__name__ = "_SparseIdLookupConfig"  # which keys show


class _SparseColumn(
    _Column,
    CategoricalColumn,
    collections.namedtuple(
        "_SparseColumn", "column_name is_integerized bucket_size lookup_config combiner dtype"
    ),
):
    """Ids of a feature."""

    def __new__(
        cls,
        column_name: str,
        is_integerized: bool = False,
        bucket_size: int | None = None,
        lookup_config: _LookupConfig | None = None,
        combiner: str = "sum",
        dtype: Any = dtypes.string,
    ) -> Any:
        what = f"column_name: {column_name}"
        if is_integerized and bucket_size is None:
            raise ValueError(f"bucket_size must be set if is_integerized is True. {what}")
        if is_integerized and not dtype.is_integer:
            raise ValueError(f"dtype must be an integer if is_integerized is True. dtype: {dtype}, {what}.")
        if dtype != dtypes.string and not dtype.is_integer:
            raise ValueError(f"dtype must be string or integer. dtype: {dtype}, {what}")
        if bucket_size is not None and bucket_size < 1:
            raise ValueError(f"bucket_size must be at least 1. bucket_size: {bucket_size}, {what}")
        return super().__new__(cls, column_name, is_integerized, bucket_size, lookup_config, combiner, dtype)

    @property
    def name(self) -> str:
        return str(self.column_name)

    @property
    def length(self) -> int:
        if self.bucket_size is not None:
            return int(self.bucket_size)
        return int(self.lookup_config.vocab_size + self.lookup_config.num_oov_buckets)

    num_buckets = length

    @property
    def config(self) -> dict[str, Any]:
        return {self.column_name: VarLenFeature(self.dtype)}

    def transform_feature(self, transformation_cache: Any, state_manager: Any) -> Any:
        tensor = transformation_cache.get(self.column_name, state_manager)
        return self._ids(as_sparse(tensor, self.name))

    def _ids(self, tensor: SparseTensor) -> Any:
        raise NotImplementedError

    def id_tensor(self, tensor: Any) -> Any:
        return tensor

    def weight_tensor(self, tensor: Any) -> Any:
        return None

    def dense(self, tensor: Any, collections: Any, trainable: bool, rank: int = 2) -> Any:
        raise ValueError(
            "SparseColumn is not supported in DNN. Please use embedding_column or one_hot_column. column: "
            f"{self}"
        )

    def lookup(self, tensor: Any) -> Lookup | None:
        return Lookup(tensor, None, self.length, Zeros(), self.combiner)


class _SparseColumnIntegerized(_SparseColumn):
    def _ids(self, tensor: SparseTensor) -> Any:
        values = math.floormod(tensor.values, self.bucket_size, name="mod")
        return SparseTensor(tensor.indices, values, tensor.dense_shape)


class _SparseColumnHashed(_SparseColumn):
    def _ids(self, tensor: SparseTensor) -> Any:
        values = string_numbers.as_string(tensor.values) if self.dtype.is_integer else tensor.values
        hashes = string_numbers.string_to_hash_bucket_fast(values, self.bucket_size, name="lookup")
        return SparseTensor(tensor.indices, hashes, tensor.dense_shape)


class _SparseColumnKeys(_SparseColumn):
    def _ids(self, tensor: SparseTensor) -> Any:
        table = index_table_from_tensor(
            tuple(self.lookup_config.keys),
            default_value=self.lookup_config.default_value,
            dtype=self.dtype,
            name="lookup",
        )
        return table.lookup(tensor)


class _SparseColumnVocabulary(_SparseColumn):
    def _ids(self, tensor: SparseTensor) -> Any:
        if self.dtype.is_integer:
            values = string_numbers.as_string(tensor.values)
            tensor = SparseTensor(tensor.indices, values, tensor.dense_shape)
        table = index_table_from_file(
            self.lookup_config.vocabulary_file,
            self.lookup_config.num_oov_buckets,
            self.lookup_config.vocab_size,
            self.lookup_config.default_value,
            name=f"{self.name}_lookup",
        )
        return table.lookup(tensor)


def sparse_column_with_integerized_feature(
    column_name: str, bucket_size: int, combiner: str = "sum", dtype: Any = dtypes.int64
) -> _SparseColumn:
    """Integers, by their remainders (TF1 symbol:
    `tf.contrib.layers.sparse_column_with_integerized_feature`).
    """
    return _SparseColumnIntegerized(column_name, True, bucket_size, None, combiner, dtype)


def sparse_column_with_hash_bucket(
    column_name: str,
    hash_bucket_size: int,
    combiner: str = "sum",
    dtype: Any = dtypes.string,
    hash_keys: Any = None,
) -> _SparseColumn:
    """Strings or integers, by their hashes (TF1 symbol: `tf.contrib.layers.sparse_column_with_hash_bucket`).

    Raises:
        ValueError: `hash_keys`, of which there is one here.
    """
    if hash_keys is not None:
        raise ValueError("There is one hash of a column here: leave hash_keys out.")
    return _SparseColumnHashed(column_name, False, hash_bucket_size, None, combiner, dtype)


def sparse_column_with_keys(
    column_name: str, keys: Any, default_value: int = -1, combiner: str = "sum", dtype: Any = dtypes.string
) -> _SparseColumn:
    """Places in a list (TF1 symbol: `tf.contrib.layers.sparse_column_with_keys`)."""
    listed = tuple(keys)
    lookup = _LookupConfig(keys=listed, vocab_size=len(listed), default_value=default_value)
    return _SparseColumnKeys(column_name, False, None, lookup, combiner, dtype)


def sparse_column_with_vocabulary_file(
    column_name: str,
    vocabulary_file: str,
    num_oov_buckets: int = 0,
    vocab_size: int | None = None,
    default_value: int = -1,
    combiner: str = "sum",
    dtype: Any = dtypes.string,
) -> _SparseColumn:
    """Numbers of lines of a file (TF1 symbol: `tf.contrib.layers.sparse_column_with_vocabulary_file`).

    Raises:
        ValueError: no `vocab_size`.
    """
    if vocab_size is None:
        raise ValueError(f"vocab_size should be defined. column_name: {column_name}")
    lookup = _LookupConfig(vocabulary_file, None, num_oov_buckets, vocab_size, default_value)
    return _SparseColumnVocabulary(column_name, False, None, lookup, combiner, dtype)


class _WeightedSparseColumn(
    _Column,
    CategoricalColumn,
    collections.namedtuple("_WeightedSparseColumn", "sparse_id_column weight_column_name dtype"),
):
    """Ids with weights."""

    @property
    def name(self) -> str:
        return f"{self.sparse_id_column.name}_weighted_by_{self.weight_column_name}"

    @property
    def length(self) -> int:
        return int(self.sparse_id_column.length)

    num_buckets = length

    @property
    def config(self) -> dict[str, Any]:
        return {**self.sparse_id_column.config, self.weight_column_name: VarLenFeature(self.dtype)}

    def transform_feature(self, transformation_cache: Any, state_manager: Any) -> Any:
        ids = transformation_cache.get(self.sparse_id_column, state_manager)
        weights = transformation_cache.get(self.weight_column_name, state_manager)
        if not isinstance(weights, SparseTensor):
            indices = picking.where(math.not_equal(weights, array.zeros_like(weights)))
            values = gathering.gather_nd(weights, indices)
            weights = SparseTensor(indices, values, array.shape(weights, out_type=dtypes.int64))
        if not self.dtype.is_floating:
            weights = math.cast(weights, dtypes.float32)
        return ids, weights

    def id_tensor(self, tensor: Any) -> Any:
        return tensor[0]

    def weight_tensor(self, tensor: Any) -> Any:
        return tensor[1]

    def get_sparse_tensors(self, transformation_cache: Any, state_manager: Any) -> Any:
        return IdWeightPair(*transformation_cache.get(self, state_manager))

    def dense(self, tensor: Any, collections: Any, trainable: bool, rank: int = 2) -> Any:
        raise ValueError(
            "WeightedSparseColumn is not supported in DNN. Please use embedding_column or one_hot_column. "
            f"column: {self}"
        )

    def lookup(self, tensor: Any) -> Lookup | None:
        return Lookup(tensor[0], tensor[1], self.length, Zeros(), self.sparse_id_column.combiner)


def weighted_sparse_column(
    sparse_id_column: Any, weight_column_name: str, dtype: Any = dtypes.float32
) -> _WeightedSparseColumn:
    """Ids with weights of another feature (TF1 symbol: `tf.contrib.layers.weighted_sparse_column`).

    Raises:
        ValueError: the type is no number.
    """
    if not (dtype.is_integer or dtype.is_floating):
        raise ValueError(f"dtype is not convertible to float. Given {dtype}")
    return _WeightedSparseColumn(sparse_id_column, weight_column_name, dtype)
