"""The columns of features that `tf.contrib.layers` had before `tf.feature_column`.

Each is a column of `tf.feature_column` too; their order in a matrix is that of their texts, as in TensorFlow.
"""

from __future__ import annotations

from typing import Any

from .column_base import ByColumn, _Column, of_rank
from .dense_columns import (
    _EmbeddingColumn,
    _OneHotColumn,
    embedding_column,
    one_hot_column,
    shared_embedding_columns,
)
from .real_columns import (
    _BucketizedColumn,
    _CrossedColumn,
    _RealValuedColumn,
    bucketized_column,
    crossed_column,
    real_valued_column,
)
from .sparse_columns import (
    _SparseColumn,
    _WeightedSparseColumn,
    sparse_column_with_hash_bucket,
    sparse_column_with_integerized_feature,
    sparse_column_with_keys,
    sparse_column_with_vocabulary_file,
    weighted_sparse_column,
)

SPARSE_FEATURE_CROSS_DEFAULT_HASH_KEY = 956888297470


def create_feature_spec_for_parsing(feature_columns: Any) -> dict[str, Any]:
    """What `tf.parse_example` takes for the features of columns (TF1 symbol:
    `tf.contrib.layers.create_feature_spec_for_parsing`).

    Raises:
        TypeError: what is no column of this module.
    """
    columns = feature_columns.values() if isinstance(feature_columns, dict) else feature_columns
    spec: dict[str, Any] = {}
    for column in columns:
        if not isinstance(column, _Column):
            raise TypeError(
                f"feature_columns should only contain instances of _FeatureColumn. Given column is {column}"
            )
        spec.update(column.config)
    return spec


__all__ = [
    "SPARSE_FEATURE_CROSS_DEFAULT_HASH_KEY",
    "ByColumn",
    "_BucketizedColumn",
    "_Column",
    "_CrossedColumn",
    "_EmbeddingColumn",
    "_OneHotColumn",
    "_RealValuedColumn",
    "_SparseColumn",
    "_WeightedSparseColumn",
    "bucketized_column",
    "create_feature_spec_for_parsing",
    "crossed_column",
    "embedding_column",
    "of_rank",
    "one_hot_column",
    "real_valued_column",
    "shared_embedding_columns",
    "sparse_column_with_hash_bucket",
    "sparse_column_with_integerized_feature",
    "sparse_column_with_keys",
    "sparse_column_with_vocabulary_file",
    "weighted_sparse_column",
]
