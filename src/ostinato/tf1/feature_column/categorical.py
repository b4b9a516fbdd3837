"""Columns of ids: of strings or integers that are hashed, looked up, taken as they are, or crossed."""

from __future__ import annotations

import collections
from typing import Any

import numpy as np

from .. import dtypes, gfile, logging
from ..check_ops import assert_greater_equal, assert_less
from ..graph import control_dependencies
from ..lookup_functions import index_table_from_file, index_table_from_tensor
from ..ops import array, crossing, math, picking, reductions, sparse, string_numbers
from ..parsing import VarLenFeature
from ..sparse_tensor import SparseTensor, convert_to_tensor_or_sparse_tensor
from .base import CategoricalColumn, IdWeightPair, check_key, check_string_or_int, to_sparse


class _KeyedColumn(CategoricalColumn):
    """Of one feature."""

    key: str
    dtype: Any

    @property
    def name(self) -> str:
        return self.key

    @property
    def parse_example_spec(self) -> dict[str, Any]:
        return {self.key: VarLenFeature(self.dtype)}

    def transform_feature(self, transformation_cache: Any, state_manager: Any) -> Any:
        return self._ids(to_sparse(transformation_cache.get(self.key, state_manager)))

    def _ids(self, tensor: SparseTensor) -> SparseTensor:
        raise NotImplementedError

    def _check_type(self, tensor: SparseTensor) -> None:
        check_string_or_int(tensor.dtype, f"column_name: {self.key} input_tensor")
        if self.dtype.is_integer != tensor.dtype.is_integer:
            raise ValueError(
                f"Column dtype and SparseTensors dtype must be compatible. key: {self.key}, column dtype: "
                f"{self.dtype}, tensor dtype: {tensor.dtype}"
            )

    @property
    def parents(self) -> list[Any]:
        return [self.key]


class HashedCategoricalColumn(
    _KeyedColumn, collections.namedtuple("HashedCategoricalColumn", "key hash_bucket_size dtype")
):
    """Hashes of strings or integers."""

    def _ids(self, tensor: SparseTensor) -> SparseTensor:
        self._check_type(tensor)
        values = tensor.values if self.dtype == dtypes.string else string_numbers.as_string(tensor.values)
        hashes = string_numbers.string_to_hash_bucket_fast(values, self.hash_bucket_size, name="lookup")
        return SparseTensor(tensor.indices, hashes, tensor.dense_shape)

    @property
    def num_buckets(self) -> int:
        return int(self.hash_bucket_size)


def categorical_column_with_hash_bucket(
    key: str, hash_bucket_size: int, dtype: Any = dtypes.string
) -> HashedCategoricalColumn:
    """A column of hashes (TF1 symbol: `tf.feature_column.categorical_column_with_hash_bucket`).

    Raises:
        ValueError: no number of buckets, or one below 1; a type that is neither string nor integer.
    """
    if hash_bucket_size is None:
        raise ValueError(f"hash_bucket_size must be set. key: {key}")
    if hash_bucket_size < 1:
        raise ValueError(
            f"hash_bucket_size must be at least 1. hash_bucket_size: {hash_bucket_size}, key: {key}"
        )
    check_key(key)
    check_string_or_int(dtype, f"column_name: {key}")
    return HashedCategoricalColumn(key, hash_bucket_size, dtype)


class _VocabularyColumn(_KeyedColumn):
    num_oov_buckets: int
    default_value: int

    def _ids(self, tensor: SparseTensor) -> Any:
        self._check_type(tensor)
        if not tensor.dtype.is_integer:
            return self._table(self.dtype).lookup(tensor)
        return self._table(dtypes.int64).lookup(math.cast(tensor, dtypes.int64))

    def _table(self, dtype: Any) -> Any:
        raise NotImplementedError


class VocabularyFileCategoricalColumn(
    _VocabularyColumn,
    collections.namedtuple(
        "VocabularyFileCategoricalColumn",
        "key vocabulary_file vocabulary_size num_oov_buckets dtype default_value",
    ),
):
    """The numbers of lines of a file."""

    def _table(self, dtype: Any) -> Any:
        return index_table_from_file(
            self.vocabulary_file,
            self.num_oov_buckets,
            self.vocabulary_size,
            self.default_value,
            key_dtype=dtype,
            name=f"{self.key}_lookup",
        )

    @property
    def num_buckets(self) -> int:
        return int(self.vocabulary_size + self.num_oov_buckets)


def categorical_column_with_vocabulary_file(
    key: str,
    vocabulary_file: str,
    vocabulary_size: int | None = None,
    num_oov_buckets: int = 0,
    default_value: int | None = None,
    dtype: Any = dtypes.string,
) -> VocabularyFileCategoricalColumn:
    """A column of the places of strings in a file (TF1 symbol:
    `tf.feature_column.categorical_column_with_vocabulary_file`).

    Raises:
        ValueError: no file, a size below 1, both buckets and a default, or a type that is neither string nor
            integer.
    """
    if not vocabulary_file:
        raise ValueError(f"Missing vocabulary_file in {key}.")
    if vocabulary_size is None:
        if not gfile.Exists(vocabulary_file):
            raise ValueError(f"vocabulary_file in {key} does not exist.")
        with gfile.GFile(vocabulary_file, "rb") as lines:
            vocabulary_size = sum(1 for _ in lines)
        logging.info(
            "vocabulary_size = %d in %s is inferred from the number of elements in the vocabulary_file %s.",
            vocabulary_size,
            key,
            vocabulary_file,
        )
    if vocabulary_size < 1:
        raise ValueError(f"Invalid vocabulary_size in {key}.")
    _check_buckets(num_oov_buckets, default_value is not None, key)
    check_string_or_int(dtype, f"column_name: {key}")
    check_key(key)
    return VocabularyFileCategoricalColumn(
        key=key,
        vocabulary_file=vocabulary_file,
        vocabulary_size=vocabulary_size,
        num_oov_buckets=num_oov_buckets or 0,
        default_value=-1 if default_value is None else default_value,
        dtype=dtype,
    )


def _check_buckets(count: int, has_default: bool, key: Any) -> None:
    if count and has_default:
        raise ValueError(f"Can't specify both num_oov_buckets and default_value in {key}.")
    if count and count < 0:
        raise ValueError(f"Invalid num_oov_buckets {count} in {key}.")


class VocabularyListCategoricalColumn(
    _VocabularyColumn,
    collections.namedtuple(
        "VocabularyListCategoricalColumn", "key vocabulary_list dtype default_value num_oov_buckets"
    ),
):
    """The places in a list."""

    def _table(self, dtype: Any) -> Any:
        return index_table_from_tensor(
            tuple(self.vocabulary_list),
            self.num_oov_buckets,
            self.default_value,
            dtype=dtype,
            name=f"{self.key}_lookup",
        )

    @property
    def num_buckets(self) -> int:
        return len(self.vocabulary_list) + int(self.num_oov_buckets)


def categorical_column_with_vocabulary_list(
    key: str, vocabulary_list: Any, dtype: Any = None, default_value: int = -1, num_oov_buckets: int = 0
) -> VocabularyListCategoricalColumn:
    """A column of the places of values in a list (TF1 symbol:
    `tf.feature_column.categorical_column_with_vocabulary_list`).

    Raises:
        ValueError: an empty list, or one with a value twice; both buckets and a default; types that differ.
    """
    if vocabulary_list is None or len(vocabulary_list) < 1:
        raise ValueError(f"vocabulary_list {vocabulary_list} must be non-empty, column_name: {key}")
    if len(set(vocabulary_list)) != len(vocabulary_list):
        raise ValueError(f"Duplicate keys in vocabulary_list {vocabulary_list}, column_name: {key}")
    of_list = dtypes.as_dtype(np.array(vocabulary_list).dtype)
    _check_buckets(num_oov_buckets, default_value != -1, key)
    check_string_or_int(of_list, f"column_name: {key} vocabulary")
    if dtype is None:
        dtype = of_list
    elif dtype.is_integer != of_list.is_integer:
        raise ValueError(f"dtype {dtype} and vocabulary dtype {of_list} do not match, column_name: {key}")
    check_string_or_int(dtype, f"column_name: {key}")
    check_key(key)
    return VocabularyListCategoricalColumn(key, tuple(vocabulary_list), dtype, default_value, num_oov_buckets)


class IdentityCategoricalColumn(
    _KeyedColumn, collections.namedtuple("IdentityCategoricalColumn", "key number_buckets default_value")
):
    """Integers as they are."""

    dtype = dtypes.int64

    def _ids(self, tensor: SparseTensor) -> SparseTensor:
        if not tensor.dtype.is_integer:
            raise ValueError(f"Invalid input, not integer. key: {self.key} dtype: {tensor.dtype}")
        values = math.cast(tensor.values, dtypes.int64, name="values")
        buckets = math.cast(self.num_buckets, dtypes.int64, name="num_buckets")
        zero = math.cast(0, dtypes.int64, name="zero")
        if self.default_value is None:
            message = f'Bucket index for categorical column "{self.name}" exceeds number of buckets'
            below = assert_less(
                values, buckets, [values, buckets], message=message, name="assert_less_than_num_buckets"
            )
            message = f'Negative bucket index for categorical column "{self.name}"'
            above = assert_greater_equal(
                values, zero, [values], message=message, name="assert_greater_or_equal_0"
            )
            with control_dependencies([below, above]):
                values = array.identity(values)
        else:
            outside = math.logical_or(values < zero, values >= buckets, name="out_of_range")
            default = math.cast(self.default_value, dtypes.int64)
            fill = array.fill(array.shape(values), default, name="default_values")
            values = picking.where(outside, fill, values)
        return SparseTensor(tensor.indices, values, tensor.dense_shape)

    @property
    def num_buckets(self) -> int:
        return int(self.number_buckets)


def categorical_column_with_identity(
    key: str, num_buckets: int, default_value: int | None = None
) -> IdentityCategoricalColumn:
    """A column of integers below a number (TF1 symbol:
    `tf.feature_column.categorical_column_with_identity`).

    Raises:
        ValueError: no buckets, or a default that is none of them.
    """
    if num_buckets < 1:
        raise ValueError(f"num_buckets {num_buckets} < 1, column_name {key}")
    if default_value is not None and not 0 <= default_value < num_buckets:
        raise ValueError(f"default_value {default_value} not in range [0, {num_buckets}), column_name {key}")
    check_key(key)
    return IdentityCategoricalColumn(key, num_buckets, default_value)


class WeightedCategoricalColumn(
    CategoricalColumn,
    collections.namedtuple("WeightedCategoricalColumn", "categorical_column weight_feature_key dtype"),
):
    """Ids with weights from another feature."""

    @property
    def name(self) -> str:
        return f"{self.categorical_column.name}_weighted_by_{self.weight_feature_key}"

    @property
    def _is_layered(self) -> bool:
        return bool(self.categorical_column._is_layered)

    @property
    def parse_example_spec(self) -> dict[str, Any]:
        spec = dict(self.categorical_column.parse_example_spec)
        key = self.weight_feature_key
        if key in spec:
            raise ValueError(f"Parse config {spec[key]} already exists for {key}.")
        return {**spec, key: VarLenFeature(self.dtype)}

    @property
    def num_buckets(self) -> int:
        return int(self.categorical_column.num_buckets)

    def transform_feature(self, transformation_cache: Any, state_manager: Any) -> Any:
        weights = transformation_cache.get(self.weight_feature_key, state_manager)
        if weights is None:
            raise ValueError(f"Missing weights {self.weight_feature_key}.")
        weights = convert_to_tensor_or_sparse_tensor(weights)
        if self.dtype != weights.dtype.base_dtype:
            raise ValueError(f"Bad dtype, expected {self.dtype}, but got {weights.dtype}.")
        if not isinstance(weights, SparseTensor):
            # A weight of zero stands for no weight.
            weights = to_sparse(weights, ignore_value=0.0)
        if not weights.dtype.is_floating:
            weights = math.cast(weights, dtypes.float32)
        return transformation_cache.get(self.categorical_column, state_manager), weights

    def get_sparse_tensors(self, transformation_cache: Any, state_manager: Any) -> Any:
        return IdWeightPair(*transformation_cache.get(self, state_manager))

    @property
    def parents(self) -> list[Any]:
        return [self.categorical_column, self.weight_feature_key]


def weighted_categorical_column(
    categorical_column: Any, weight_feature_key: str, dtype: Any = dtypes.float32
) -> WeightedCategoricalColumn:
    """A column of ids with weights (TF1 symbol: `tf.feature_column.weighted_categorical_column`).

    Raises:
        ValueError: the type is no number.
    """
    if dtype is None or not (dtype.is_integer or dtype.is_floating):
        raise ValueError(f"dtype {dtype} is not convertible to float.")
    return WeightedCategoricalColumn(categorical_column, weight_feature_key, dtype)


class CrossedColumn(
    CategoricalColumn, collections.namedtuple("CrossedColumn", "keys hash_bucket_size hash_key")
):
    """Hashes of all combinations of features."""

    @property
    def _leaves(self) -> list[Any]:
        found: list[Any] = []
        for key in self.keys:
            found += key._leaves if isinstance(key, CrossedColumn) else [key]
        return found

    @property
    def _is_layered(self) -> bool:
        return all(isinstance(key, str) or key._is_layered for key in self._leaves)

    @property
    def name(self) -> str:
        return "_X_".join(sorted(key if isinstance(key, str) else key.name for key in self._leaves))

    @property
    def parse_example_spec(self) -> dict[str, Any]:
        spec: dict[str, Any] = {}
        for key in self.keys:
            spec.update(
                {key: VarLenFeature(dtypes.string)} if isinstance(key, str) else key.parse_example_spec
            )
        return spec

    def transform_feature(self, transformation_cache: Any, state_manager: Any) -> Any:
        tensors = []
        for key in self._leaves:
            if isinstance(key, str):
                tensors.append(transformation_cache.get(key, state_manager))
                continue
            pair = key.get_sparse_tensors(transformation_cache, state_manager)
            if pair.weight_tensor is not None:
                raise ValueError(
                    "crossed_column does not support weight_tensor, but the given column populates "
                    f"weight_tensor. Given column: {key.name}"
                )
            tensors.append(pair.id_tensor)
        return crossing.sparse_cross_hashed(tensors, self.hash_bucket_size, self.hash_key)

    @property
    def num_buckets(self) -> int:
        return int(self.hash_bucket_size)

    @property
    def parents(self) -> list[Any]:
        return list(self.keys)


def crossed_column(keys: Any, hash_bucket_size: int, hash_key: int | None = None) -> CrossedColumn:
    """A column of hashes of combinations (TF1 symbol: `tf.feature_column.crossed_column`).

    Raises:
        ValueError: no buckets, fewer than two keys, or one that is neither a string nor a column of ids that
            were not hashed.
    """
    if not hash_bucket_size or hash_bucket_size < 1:
        raise ValueError(f"hash_bucket_size must be > 1. hash_bucket_size: {hash_bucket_size}")
    if not keys or len(keys) < 2:
        raise ValueError(f"keys must be a list with length > 1. Given: {keys}")
    for key in keys:
        if not isinstance(key, (str, CategoricalColumn)):
            raise ValueError(
                "Unsupported key type. All keys must be either string, or categorical column except "
                f"HashedCategoricalColumn. Given: {key}"
            )
        if isinstance(key, HashedCategoricalColumn):
            raise ValueError(
                "categorical_column_with_hash_bucket is not supported for crossing. Hashing before crossing "
                "will increase probability of collision. Instead, use the feature name as a string. Given: "
                f"{key}"
            )
    return CrossedColumn(tuple(keys), hash_bucket_size, hash_key)


class SequenceCategoricalColumn(
    CategoricalColumn, collections.namedtuple("SequenceCategoricalColumn", "categorical_column")
):
    """Ids for each step of a sequence."""

    @property
    def name(self) -> str:
        return str(self.categorical_column.name)

    @property
    def _is_layered(self) -> bool:
        return bool(self.categorical_column._is_layered)

    @property
    def parse_example_spec(self) -> dict[str, Any]:
        return dict(self.categorical_column.parse_example_spec)

    def transform_feature(self, transformation_cache: Any, state_manager: Any) -> Any:
        return self.categorical_column.transform_feature(transformation_cache, state_manager)

    @property
    def num_buckets(self) -> int:
        return int(self.categorical_column.num_buckets)

    def get_sparse_tensors(self, transformation_cache: Any, state_manager: Any) -> Any:
        ids, weights = self.categorical_column.get_sparse_tensors(transformation_cache, state_manager)
        sizes = array.shape(ids)
        target = [sizes[0], sizes[1], reductions.reduce_prod(sizes[2:])]
        # Three axes: each step has any number of ids.
        ids = sparse.sparse_reshape(ids, target)
        return IdWeightPair(ids, None if weights is None else sparse.sparse_reshape(weights, target))

    @property
    def parents(self) -> list[Any]:
        return [self.categorical_column]
