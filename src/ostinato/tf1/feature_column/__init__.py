"""The module `tf.feature_column`: what is made of features by their names.

>>> import ostinato.tf1 as tf
>>> colour = tf.feature_column.categorical_column_with_vocabulary_list("colour", ["red", "green"])
>>> with tf.Graph().as_default(), tf.Session() as session:
...     features = {"colour": tf.constant(["green", "blue"])}
...     matrix = tf.feature_column.input_layer(features, [tf.feature_column.indicator_column(colour)])
...     session.run(tf.tables_initializer())
...     session.run(matrix)
array([[0., 1.],
       [0., 0.]], dtype=float32)
"""

from __future__ import annotations

from typing import Any

from ..names import absent
from .base import merged_spec
from .categorical import (
    categorical_column_with_hash_bucket,
    categorical_column_with_identity,
    categorical_column_with_vocabulary_file,
    categorical_column_with_vocabulary_list,
    crossed_column,
    weighted_categorical_column,
)
from .embedding import embedding_column, indicator_column, shared_embedding_columns
from .inputs import input_layer, linear_model
from .numeric import bucketized_column, numeric_column
from .sequence import (
    sequence_categorical_column_with_hash_bucket,
    sequence_categorical_column_with_identity,
    sequence_categorical_column_with_vocabulary_file,
    sequence_categorical_column_with_vocabulary_list,
    sequence_numeric_column,
)


def make_parse_example_spec(feature_columns: Any) -> dict[str, Any]:
    """What `tf.parse_example` takes for the features of columns (TF1 symbol:
    `tf.feature_column.make_parse_example_spec`).

    Raises:
        ValueError: what is no column, or two that read a feature in different ways.
    """
    return merged_spec(feature_columns)


__all__ = [
    "bucketized_column",
    "categorical_column_with_hash_bucket",
    "categorical_column_with_identity",
    "categorical_column_with_vocabulary_file",
    "categorical_column_with_vocabulary_list",
    "crossed_column",
    "embedding_column",
    "indicator_column",
    "input_layer",
    "linear_model",
    "make_parse_example_spec",
    "numeric_column",
    "sequence_categorical_column_with_hash_bucket",
    "sequence_categorical_column_with_identity",
    "sequence_categorical_column_with_vocabulary_file",
    "sequence_categorical_column_with_vocabulary_list",
    "sequence_numeric_column",
    "shared_embedding_columns",
    "weighted_categorical_column",
]
__getattr__ = absent("tf.feature_column", __all__)
