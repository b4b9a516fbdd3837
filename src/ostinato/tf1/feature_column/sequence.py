"""Columns of sequences, and the tensor of them that a recurrent network takes."""

from __future__ import annotations

import collections
import math
from collections.abc import Mapping
from typing import Any

from .. import dtypes
from ..check_ops import assert_equal, assert_rank, assert_type
from ..graph import control_dependencies, name_scope
from ..ops import array, lists, picking, sparse
from ..parsing import VarLenFeature
from ..shapes import TensorShape
from ..variable_scope import variable_scope
from .base import (
    FeatureTransformationCache,
    SequenceDenseColumn,
    TensorSequenceLengthPair,
    check_batches,
    check_number,
    checked_columns,
)
from .categorical import (
    SequenceCategoricalColumn,
    categorical_column_with_hash_bucket,
    categorical_column_with_identity,
    categorical_column_with_vocabulary_file,
    categorical_column_with_vocabulary_list,
)
from .lengths import sequence_length
from .numeric import checked_shape
from .state import ScopeState


class SequenceNumericColumn(
    SequenceDenseColumn,
    collections.namedtuple("SequenceNumericColumn", "key shape default_value dtype normalizer_fn"),
):
    """Numbers of each step."""

    @property
    def name(self) -> str:
        return str(self.key)

    @property
    def parse_example_spec(self) -> dict[str, Any]:
        return {self.key: VarLenFeature(self.dtype)}

    def transform_feature(self, transformation_cache: Any, state_manager: Any) -> Any:
        tensor = transformation_cache.get(self.key, state_manager)
        return tensor if self.normalizer_fn is None else self.normalizer_fn(tensor)

    @property
    def variable_shape(self) -> TensorShape:
        return TensorShape(self.shape)

    def get_sequence_dense_tensor(self, transformation_cache: Any, state_manager: Any) -> Any:
        tensor = transformation_cache.get(self, state_manager)
        dense = sparse.sparse_tensor_to_dense(tensor, default_value=self.default_value)
        shape = lists.concat([array.shape(dense)[:1], [-1], list(self.shape)], axis=0)
        # With two axes a step's numbers follow one another, with three each step has an axis of its own.
        each = math.prod(self.shape) if tensor.shape.ndims == 2 else 1
        return TensorSequenceLengthPair(array.reshape(dense, shape), sequence_length(tensor, each))

    @property
    def parents(self) -> list[Any]:
        return [self.key]


def sequence_numeric_column(
    key: str,
    shape: Any = (1,),
    default_value: float = 0.0,
    dtype: Any = dtypes.float32,
    normalizer_fn: Any = None,
) -> SequenceNumericColumn:
    """A column of the numbers of each step (TF1 symbol: `tf.feature_column.sequence_numeric_column`).

    Raises:
        TypeError: a shape that is not of integers, or a normalizer that is none.
        ValueError: a type that is no number.
    """
    sizes = checked_shape(shape, key)
    check_number(dtype, key)
    if normalizer_fn is not None and not callable(normalizer_fn):
        raise TypeError(f"normalizer_fn must be a callable. Given: {normalizer_fn}")
    return SequenceNumericColumn(key, sizes, default_value, dtype, normalizer_fn)


def sequence_categorical_column_with_identity(
    key: str, num_buckets: int, default_value: int | None = None
) -> SequenceCategoricalColumn:
    """Integers of each step (TF1 symbol:
    `tf.feature_column.sequence_categorical_column_with_identity`).
    """
    return SequenceCategoricalColumn(categorical_column_with_identity(key, num_buckets, default_value))


def sequence_categorical_column_with_hash_bucket(
    key: str, hash_bucket_size: int, dtype: Any = dtypes.string
) -> SequenceCategoricalColumn:
    """Hashes of each step (TF1 symbol:
    `tf.feature_column.sequence_categorical_column_with_hash_bucket`).
    """
    return SequenceCategoricalColumn(categorical_column_with_hash_bucket(key, hash_bucket_size, dtype))


def sequence_categorical_column_with_vocabulary_file(
    key: str,
    vocabulary_file: str,
    vocabulary_size: int | None = None,
    num_oov_buckets: int = 0,
    default_value: int | None = None,
    dtype: Any = dtypes.string,
) -> SequenceCategoricalColumn:
    """Places in a file of each step's strings (TF1 symbol:
    `tf.feature_column.sequence_categorical_column_with_vocabulary_file`).
    """
    return SequenceCategoricalColumn(
        categorical_column_with_vocabulary_file(
            key, vocabulary_file, vocabulary_size, num_oov_buckets, default_value, dtype
        )
    )


def sequence_categorical_column_with_vocabulary_list(
    key: str, vocabulary_list: Any, dtype: Any = None, default_value: int = -1, num_oov_buckets: int = 0
) -> SequenceCategoricalColumn:
    """Places in a list of each step's values (TF1 symbol:
    `tf.feature_column.sequence_categorical_column_with_vocabulary_list`).
    """
    return SequenceCategoricalColumn(
        categorical_column_with_vocabulary_list(key, vocabulary_list, dtype, default_value, num_oov_buckets)
    )


def equal_lengths(tensors: list[Any]) -> Any:
    """The lengths that all columns have, checked when they are computed."""
    with name_scope(None, "assert_all_equal", tensors):
        if len(tensors) == 1:
            return tensors[0]
        with control_dependencies([assert_equal(tensors[0], other) for other in tensors[1:]]):
            return array.identity(tensors[0])


def sequence_input_layer(
    features: Mapping[Any, Any], feature_columns: Any, weight_collections: Any = None, trainable: bool = True
) -> tuple[Any, Any]:
    """All columns' numbers, `[batch, steps, numbers]`, and the sequences' lengths (TF1 symbol:
    `tf.contrib.feature_column.sequence_input_layer`).

    Raises:
        ValueError: a column that is of no sequence.
    """
    columns = checked_columns(feature_columns)
    for column in columns:
        if not isinstance(column, SequenceDenseColumn):
            raise ValueError(
                "All feature_columns must be of type _SequenceDenseColumn. You can wrap a "
                "sequence_categorical_column with an embedding_column or indicator_column. Given (type "
                f"{type(column)}): {column}"
            )
    with variable_scope(None, default_name="sequence_input_layer", values=features.values()):
        cache, state = FeatureTransformationCache(features), ScopeState(weight_collections, trainable)
        outputs, lengths = [], []
        for column in columns:
            with variable_scope(None, default_name=column._var_scope_name):
                tensor, length = column.get_sequence_dense_tensor(cache, state)
                sizes = array.shape(tensor)
                count = column.variable_shape.num_elements()
                outputs.append(array.reshape(tensor, [sizes[0], sizes[1], count]))
                lengths.append(length)
        check_batches(outputs, columns)
        check_batches(lengths, columns)
        return lists.concat(outputs, -1), equal_lengths(lengths)


def concatenate_context_input(context_input: Any, sequence_input: Any) -> Any:
    """A sequence with the same context beside each step.

    Raises:
        ValueError: the context has not two axes, or the sequence not three.
        TypeError: one that is not float32.
    """
    checks = []
    for tensor, rank, what in ((sequence_input, 3, "sequence_input"), (context_input, 2, "context_input")):
        message = f"{what} must have rank {rank}"
        checks.append(assert_rank(tensor, rank, data=[array.shape(tensor)], message=message))
        message = f"{what} must have dtype float32; got {tensor.dtype}."
        checks.append(assert_type(tensor, dtypes.float32, message=message))
    with control_dependencies(checks):
        steps = array.shape(sequence_input)[1]
        tiled = picking.tile(array.expand_dims(context_input, 1), lists.concat([[1], [steps], [1]], 0))
    return lists.concat([sequence_input, tiled], 2)
