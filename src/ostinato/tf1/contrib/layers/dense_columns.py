"""The older columns of numbers that are made of ids: tables and counts."""

from __future__ import annotations

import collections
import math as numbers
from collections.abc import Sequence
from typing import Any

from ... import dtypes, logging
from ...checkpoint_utils import init_from_checkpoint
from ...feature_column.base import DenseColumn
from ...graph import add_to_collection, get_collection
from ...initializers import TruncatedNormal
from ...model_variables import model_variable
from ...ops import array, lists, picking, reductions, sparse
from ...ops.embedding import safe_embedding_lookup_sparse
from ...partitioned import PartitionedVariable
from ...shapes import TensorShape
from .column_base import Lookup, _Column, inner_flat
from .sparse_columns import _SparseColumn, _WeightedSparseColumn


class _OneHotColumn(_Column, DenseColumn, collections.namedtuple("_OneHotColumn", "sparse_id_column")):
    """How often each id is there, or the sum of its weights."""

    @property
    def name(self) -> str:
        return f"{self.sparse_id_column.name}_one_hot"

    @property
    def length(self) -> int:
        return int(self.sparse_id_column.length)

    @property
    def config(self) -> dict[str, Any]:
        return dict(self.sparse_id_column.config)

    @property
    def variable_shape(self) -> TensorShape:
        return TensorShape([self.length])

    def transform_feature(self, transformation_cache: Any, state_manager: Any) -> Any:
        return transformation_cache.get(self.sparse_id_column, state_manager)

    def get_dense_tensor(self, transformation_cache: Any, state_manager: Any) -> Any:
        return self.dense(transformation_cache.get(self, state_manager), None, True)

    def dense(self, tensor: Any, collections: Any, trainable: bool, rank: int = 2) -> Any:
        ids = inner_flat(self.sparse_id_column.id_tensor(tensor), rank)
        weights = self.sparse_id_column.weight_tensor(tensor)
        if weights is not None:
            merged = sparse.sparse_merge(ids, weights, self.length)
            merged = sparse.sparse_slice(merged, array.zeros_like(merged.dense_shape), merged.dense_shape)
            whole = sparse.sparse_tensor_to_dense(merged)
            return array.reshape(whole, lists.concat([array.shape(whole)[:-1], [self.length]], 0))
        numbers = sparse.sparse_tensor_to_dense(ids, default_value=-1)
        return reductions.reduce_sum(picking.one_hot(numbers, self.length, 1.0, 0.0), axis=[rank - 1])


def one_hot_column(sparse_id_column: Any) -> _OneHotColumn:
    """Counts of ids (TF1 symbol: `tf.contrib.layers.one_hot_column`)."""
    return _OneHotColumn(sparse_id_column)


class _EmbeddingColumn(
    _Column,
    DenseColumn,
    collections.namedtuple(
        "_EmbeddingColumn",
        "sparse_id_column dimension combiner initializer ckpt_to_load_from tensor_name_in_ckpt "
        "shared_embedding_name shared_vocab_size max_norm trainable",
    ),
):
    """Rows of a table."""

    _unnamed = ("initializer",)

    def __new__(
        cls,
        sparse_id_column: Any,
        dimension: int,
        combiner: str = "mean",
        initializer: Any = None,
        ckpt_to_load_from: Any = None,
        tensor_name_in_ckpt: Any = None,
        shared_embedding_name: str | None = None,
        shared_vocab_size: int | None = None,
        max_norm: Any = None,
        trainable: bool = True,
    ) -> Any:
        if initializer is not None and not callable(initializer):
            raise ValueError(
                "initializer must be callable if specified. Embedding of column_name: "
                f"{sparse_id_column.name}"
            )
        if (ckpt_to_load_from is None) != (tensor_name_in_ckpt is None):
            raise ValueError(
                "Must specify both `ckpt_to_load_from` and `tensor_name_in_ckpt` or none of them."
            )
        if initializer is None:
            logging.warning(
                'The default stddev value of initializer was changed from "1/sqrt(vocab_size)" to '
                '"1/sqrt(dimension)" in core implementation (tf.feature_column.embedding_column).'
            )
            initializer = TruncatedNormal(mean=0.0, stddev=1 / numbers.sqrt(sparse_id_column.length))
        return super().__new__(
            cls,
            sparse_id_column,
            dimension,
            combiner,
            initializer,
            ckpt_to_load_from,
            tensor_name_in_ckpt,
            shared_embedding_name,
            shared_vocab_size,
            max_norm,
            trainable,
        )

    @property
    def name(self) -> str:
        shared = "" if self.shared_embedding_name is None else "_shared"
        return f"{self.sparse_id_column.name}{shared}_embedding"

    @property
    def length(self) -> int:
        return int(self.shared_vocab_size or self.sparse_id_column.length)

    @property
    def config(self) -> dict[str, Any]:
        return dict(self.sparse_id_column.config)

    @property
    def variable_shape(self) -> TensorShape:
        return TensorShape([self.dimension])

    def transform_feature(self, transformation_cache: Any, state_manager: Any) -> Any:
        return transformation_cache.get(self.sparse_id_column, state_manager)

    def get_dense_tensor(self, transformation_cache: Any, state_manager: Any) -> Any:
        return self.dense(transformation_cache.get(self, state_manager), None, True)

    def lookup(self, tensor: Any) -> Lookup | None:
        raise ValueError(f"Column {self} is not supported in linear models. Please use sparse_column.")

    def _table(self, collections: Any, trainable: bool) -> Any:
        shape, name = [self.length, self.dimension], self.shared_embedding_name
        key = f"SHARED_EMBEDDING_COLLECTION_{(name or '').upper()}"
        shared = get_collection(key) if name is not None else []
        if len(shared) > 1:
            raise ValueError(f"Collection {key} can only contain one (partitioned) variable.")
        if shared:
            if shared[0].get_shape().as_list() != shape:
                raise ValueError(
                    f"The embedding variable with name {name} already exists, but its shape does not match "
                    "required embedding shape here. Please make sure to use different shared_embedding_name "
                    "for different shared embeddings."
                )
            return shared[0]
        made = model_variable(
            name or "weights",
            shape,
            dtypes.float32,
            self.initializer,
            trainable=trainable and self.trainable,
            collections=collections,
        )
        if name is not None:
            add_to_collection(key, made)
        return made

    def dense(self, tensor: Any, collections: Any, trainable: bool, rank: int = 2) -> Any:
        ids = inner_flat(self.sparse_id_column.id_tensor(tensor), rank)
        weights = self.sparse_id_column.weight_tensor(tensor)
        weights = None if weights is None else inner_flat(weights, rank)
        table = self._table(collections, trainable)
        if self.ckpt_to_load_from is not None:
            begun = list(table) if isinstance(table, PartitionedVariable) else table
            init_from_checkpoint(self.ckpt_to_load_from, {self.tensor_name_in_ckpt: begun})
        return safe_embedding_lookup_sparse(
            table,
            ids,
            weights,
            combiner=self.combiner,
            name=f"{self.name}weights",
            max_norm=self.max_norm,
        )


def embedding_column(
    sparse_id_column: Any,
    dimension: int,
    combiner: str = "mean",
    initializer: Any = None,
    ckpt_to_load_from: Any = None,
    tensor_name_in_ckpt: Any = None,
    max_norm: Any = None,
    trainable: bool = True,
) -> _EmbeddingColumn:
    """Rows of a table by ids (TF1 symbol: `tf.contrib.layers.embedding_column`).

    Raises:
        ValueError: an initializer that is none, or one of a checkpoint and its tensor alone.
    """
    return _EmbeddingColumn(
        sparse_id_column,
        dimension,
        combiner,
        initializer,
        ckpt_to_load_from,
        tensor_name_in_ckpt,
        max_norm=max_norm,
        trainable=trainable,
    )


def shared_embedding_columns(
    sparse_id_columns: Any,
    dimension: int,
    combiner: str = "mean",
    shared_embedding_name: str | None = None,
    initializer: Any = None,
    ckpt_to_load_from: Any = None,
    tensor_name_in_ckpt: Any = None,
    max_norm: Any = None,
    trainable: bool = True,
) -> Any:
    """Rows of one table for several columns (TF1 symbol: `tf.contrib.layers.shared_embedding_columns`).

    Raises:
        TypeError: no sequence of columns of ids.
        ValueError: none, or of different numbers of ids.
    """
    if not isinstance(sparse_id_columns, Sequence) or isinstance(sparse_id_columns, str):
        raise TypeError(
            "sparse_id_columns must be a non-string sequence (ex: list or tuple) instead of type "
            f"{type(sparse_id_columns)}."
        )
    if not sparse_id_columns:
        raise ValueError("The input sparse_id_columns should have at least one element.")
    for column in sparse_id_columns:
        if not isinstance(column, (_SparseColumn, _WeightedSparseColumn)):
            raise TypeError(
                "Elements of sparse_id_columns must be _SparseColumn or _WeightedSparseColumn, but "
                f"{column} is not."
            )
    first = sparse_id_columns[0]
    if any(column.length != first.length for column in sparse_id_columns):
        raise ValueError("The input sparse id columns are not compatible.")
    size: int | None = first.length
    if len(sparse_id_columns) == 1:
        size = None
    elif not shared_embedding_name:
        plain = sorted(column for column in sparse_id_columns if isinstance(column, _SparseColumn))
        others = [column for column in sparse_id_columns if not isinstance(column, _SparseColumn)]
        ordered = [*plain, *sorted(others, key=lambda column: column.name)]
        shared_embedding_name = "_".join(column.name for column in ordered[:3])
        if len(ordered) > 3:
            shared_embedding_name += f"_plus_{len(ordered) - 3}_others"
        shared_embedding_name += "_shared_embedding"
    made = [
        _EmbeddingColumn(
            column,
            dimension,
            combiner,
            initializer,
            ckpt_to_load_from,
            tensor_name_in_ckpt,
            shared_embedding_name,
            size,
            max_norm,
            trainable,
        )
        for column in sparse_id_columns
    ]
    return made if len(made) == 1 else tuple(made)
