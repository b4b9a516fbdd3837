"""Columns of ids as numbers: embedded, or as indicators."""

from __future__ import annotations

import collections
import math
from collections.abc import Sequence
from typing import Any

from .. import dtypes
from ..checkpoint_utils import init_from_checkpoint
from ..graph import add_to_collection, get_collection, name_scope
from ..initializers import TruncatedNormal
from ..ops import picking, reductions, scatter, sparse
from ..ops.embedding import safe_embedding_lookup_sparse
from ..partitioned import PartitionedVariable
from ..shapes import TensorShape
from .base import CategoricalColumn, DenseColumn, SequenceDenseColumn, TensorSequenceLengthPair
from .categorical import SequenceCategoricalColumn, WeightedCategoricalColumn
from .lengths import sequence_length


def check_sequence(column: Any, kind: str, wanted: bool) -> None:
    """Raise a ValueError unless the ids are of sequences, or are of none, as is wanted."""
    ids = column.categorical_column
    if isinstance(ids, SequenceCategoricalColumn) == wanted:
        return
    given = f"Given (type {type(ids)}): {ids}"
    if wanted:
        raise ValueError(
            f"In {kind}: {column.name}. categorical_column must be of type SequenceCategoricalColumn to use "
            "SequenceFeatures. Suggested fix: Use one of sequence_categorical_column_with_*. " + given
        )
    raise ValueError(
        f"In {kind}: {column.name}. categorical_column must not be of type SequenceCategoricalColumn. "
        "Suggested fix A: If you wish to use DenseFeatures, use a non-sequence categorical_column_with_*. "
        "Suggested fix B: If you wish to create sequence input, use SequenceFeatures instead of "
        "DenseFeatures. " + given
    )


class _OfIds(DenseColumn, SequenceDenseColumn):
    """Numbers of another column's ids."""

    _kind: str

    @property
    def _is_layered(self) -> bool:
        return bool(self.categorical_column._is_layered)

    @property
    def parse_example_spec(self) -> dict[str, Any]:
        return dict(self.categorical_column.parse_example_spec)

    def _numbers(self, transformation_cache: Any, state_manager: Any) -> Any:
        raise NotImplementedError

    def get_dense_tensor(self, transformation_cache: Any, state_manager: Any) -> Any:
        check_sequence(self, self._kind, wanted=False)
        return self._numbers(transformation_cache, state_manager)

    def get_sequence_dense_tensor(self, transformation_cache: Any, state_manager: Any) -> Any:
        check_sequence(self, self._kind, wanted=True)
        numbers = self._numbers(transformation_cache, state_manager)
        ids = self.categorical_column.get_sparse_tensors(transformation_cache, state_manager).id_tensor
        return TensorSequenceLengthPair(numbers, sequence_length(ids))

    @property
    def parents(self) -> list[Any]:
        return [self.categorical_column]


class _Embedded(_OfIds):
    _kind = "embedding_column"
    dimension: int
    combiner: str
    initializer: Any
    trainable: bool
    max_norm: Any
    ckpt_to_load_from: Any
    tensor_name_in_ckpt: Any

    def transform_feature(self, transformation_cache: Any, state_manager: Any) -> Any:
        return transformation_cache.get(self.categorical_column, state_manager)

    @property
    def variable_shape(self) -> TensorShape:
        return TensorShape([self.dimension])

    def create_state(self, state_manager: Any) -> None:
        state_manager.create_variable(
            self,
            "embedding_weights",
            (self.categorical_column.num_buckets, self.dimension),
            dtypes.float32,
            trainable=self.trainable,
            initializer=self.initializer,
        )

    def _lookup(self, table: Any, pair: Any) -> Any:
        if self.ckpt_to_load_from is not None:
            begun = list(table) if isinstance(table, PartitionedVariable) else table
            init_from_checkpoint(self.ckpt_to_load_from, {self.tensor_name_in_ckpt: begun})
        return safe_embedding_lookup_sparse(
            table,
            pair.id_tensor,
            pair.weight_tensor,
            combiner=self.combiner,
            name=f"{self.name}_weights",
            max_norm=self.max_norm,
        )


class EmbeddingColumn(
    _Embedded,
    collections.namedtuple(
        "EmbeddingColumn",
        "categorical_column dimension combiner initializer ckpt_to_load_from tensor_name_in_ckpt max_norm "
        "trainable",
    ),
):
    """Rows of a table by ids."""

    @property
    def name(self) -> str:
        return f"{self.categorical_column.name}_embedding"

    def _numbers(self, transformation_cache: Any, state_manager: Any) -> Any:
        pair = self.categorical_column.get_sparse_tensors(transformation_cache, state_manager)
        return self._lookup(state_manager.get_variable(self, "embedding_weights"), pair)

    def get_sequence_dense_tensor(self, transformation_cache: Any, state_manager: Any) -> Any:
        # As above, with the ids made once, as in TensorFlow.
        check_sequence(self, self._kind, wanted=True)
        pair = self.categorical_column.get_sparse_tensors(transformation_cache, state_manager)
        numbers = self._lookup(state_manager.get_variable(self, "embedding_weights"), pair)
        return TensorSequenceLengthPair(numbers, sequence_length(pair.id_tensor))


def _checked(dimension: Any, path: Any, tensor: Any, initializer: Any, what: str) -> Any:
    """The initializer, or what is usual."""
    if dimension is None or dimension < 1:
        raise ValueError(f"Invalid dimension {dimension}.")
    if (path is None) != (tensor is None):
        raise ValueError("Must specify both `ckpt_to_load_from` and `tensor_name_in_ckpt` or none of them.")
    if initializer is not None and not callable(initializer):
        raise ValueError("initializer must be callable if specified." + what)
    return initializer or TruncatedNormal(mean=0.0, stddev=1 / math.sqrt(dimension))


def embedding_column(
    categorical_column: Any,
    dimension: int,
    combiner: str = "mean",
    initializer: Any = None,
    ckpt_to_load_from: Any = None,
    tensor_name_in_ckpt: Any = None,
    max_norm: Any = None,
    trainable: bool = True,
) -> EmbeddingColumn:
    """A column of rows of a table (TF1 symbol: `tf.feature_column.embedding_column`).

    Raises:
        ValueError: no dimension, only one of a checkpoint and its tensor, or an initializer that is none.
    """
    what = f" Embedding of column_name: {getattr(categorical_column, 'name', categorical_column)}"
    begin = _checked(dimension, ckpt_to_load_from, tensor_name_in_ckpt, initializer, what)
    return EmbeddingColumn(
        categorical_column,
        dimension,
        combiner,
        begin,
        ckpt_to_load_from,
        tensor_name_in_ckpt,
        max_norm,
        trainable,
    )


class SharedEmbeddingColumn(
    _Embedded,
    collections.namedtuple(
        "SharedEmbeddingColumn",
        "categorical_column dimension combiner initializer shared_embedding_collection_name "
        "ckpt_to_load_from tensor_name_in_ckpt max_norm trainable",
    ),
):
    """Rows of a table that other columns use too: it is found by the name of a collection."""

    _is_layered = False

    @property
    def name(self) -> str:
        return f"{self.categorical_column.name}_shared_embedding"

    @property
    def _var_scope_name(self) -> str:
        return str(self.shared_embedding_collection_name)

    def _table(self, state_manager: Any) -> Any:
        key = self.shared_embedding_collection_name
        shared = get_collection(key)
        if not shared:
            made = state_manager.get_variable(self, "embedding_weights")
            add_to_collection(key, made)
            return made
        advice = (
            "Suggested fix A: Choose a unique name for this collection. Suggested fix B: Do not add any "
            "variables to this collection. The feature_column library already adds a variable under the hood."
        )
        if len(shared) > 1:
            raise ValueError(f"Collection {shared} can only contain one variable. {advice}")
        expected = (self.categorical_column.num_buckets, self.dimension)
        if shared[0].get_shape().as_list() != list(expected):
            raise ValueError(
                f"Shared embedding collection {key} contains variable {shared[0].name} of unexpected shape "
                f"{shared[0].get_shape()}. Expected shape is {expected}. {advice}"
            )
        return shared[0]

    def _numbers(self, transformation_cache: Any, state_manager: Any) -> Any:
        with name_scope(None, self.name):
            pair = self.categorical_column.get_sparse_tensors(transformation_cache, state_manager)
            return self._lookup(self._table(state_manager), pair)


def shared_embedding_columns(
    categorical_columns: Sequence[Any],
    dimension: int,
    combiner: str = "mean",
    initializer: Any = None,
    shared_embedding_collection_name: str | None = None,
    ckpt_to_load_from: Any = None,
    tensor_name_in_ckpt: Any = None,
    max_norm: Any = None,
    trainable: bool = True,
) -> list[SharedEmbeddingColumn]:
    """Columns of rows of one table (TF1 symbol: `tf.feature_column.shared_embedding_columns`).

    Raises:
        ValueError: as of `embedding_column`; columns of different kinds or numbers of buckets.
    """
    begin = _checked(dimension, ckpt_to_load_from, tensor_name_in_ckpt, initializer, "")
    ordered = sorted(categorical_columns, key=lambda column: column.name)
    first = ordered[0]
    if not isinstance(first, CategoricalColumn):
        raise ValueError(
            "All categorical_columns must be subclasses of _CategoricalColumn. Given: "
            f"{first}, of type: {type(first)}"
        )
    buckets = first.num_buckets
    if isinstance(first, WeightedCategoricalColumn):
        first = first.categorical_column
    for column in ordered[1:]:
        own = column.categorical_column if isinstance(column, WeightedCategoricalColumn) else column
        if not isinstance(own, type(first)):
            raise ValueError(
                "To use shared_embedding_column, all categorical_columns must have the same type, or be "
                f"weighted_categorical_column of the same type. Given column: {first} of type: {type(first)} "
                f"does not match given column: {own} of type: {type(own)}"
            )
        if buckets != own.num_buckets:
            raise ValueError(
                "To use shared_embedding_column, all categorical_columns must have the same number of "
                f"buckets. Given column: {first} with buckets: {buckets} does  not match column: {own} "
                f"with buckets: {own.num_buckets}"
            )
    name = shared_embedding_collection_name
    name = name or "_".join(column.name for column in ordered) + "_shared_embedding"
    return [
        SharedEmbeddingColumn(
            column,
            dimension,
            combiner,
            begin,
            name,
            ckpt_to_load_from,
            tensor_name_in_ckpt,
            max_norm,
            trainable,
        )
        for column in categorical_columns
    ]


class IndicatorColumn(_OfIds, collections.namedtuple("IndicatorColumn", "categorical_column")):
    """How often each id is there, or the sum of its weights."""

    _kind = "indicator_column"

    @property
    def name(self) -> str:
        return f"{self.categorical_column.name}_indicator"

    def transform_feature(self, transformation_cache: Any, state_manager: Any) -> Any:
        ids, weights = self.categorical_column.get_sparse_tensors(transformation_cache, state_manager)
        count = self.categorical_column.num_buckets
        if weights is not None:
            merged = sparse.sparse_merge(ids, weights, count)
            # What has no id is -1, which is cut off.
            merged = sparse.sparse_slice(merged, [0, 0], merged.dense_shape)
            return scatter.scatter_nd(merged.indices, merged.values, merged.dense_shape)
        dense = sparse.sparse_tensor_to_dense(ids, default_value=-1)
        return reductions.reduce_sum(picking.one_hot(dense, count, 1.0, 0.0), axis=[-2])

    @property
    def variable_shape(self) -> TensorShape:
        return TensorShape([1, self.categorical_column.num_buckets])

    def _numbers(self, transformation_cache: Any, state_manager: Any) -> Any:
        return transformation_cache.get(self, state_manager)


def indicator_column(categorical_column: Any) -> IndicatorColumn:
    """A column that counts ids (TF1 symbol: `tf.feature_column.indicator_column`)."""
    return IndicatorColumn(categorical_column)
