"""How the examples of ready-made models are parsed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ... import dtypes
from ...feature_column.base import merged_spec
from ...feature_column.numeric import NumericColumn, numeric_column
from ...parsing import FixedLenFeature


def _with_label(
    columns: Sequence[Any], label_key: str, label_spec: Any, weight_column: Any
) -> dict[str, Any]:
    spec = merged_spec(columns)
    if label_key in spec:
        raise ValueError(
            f"label should not be used as feature. label_key: {label_key}, features: {spec.keys()}"
        )
    spec[label_key] = label_spec
    if weight_column is None:
        return spec
    if isinstance(weight_column, str):
        weight_column = numeric_column(weight_column)
    if not isinstance(weight_column, NumericColumn):
        raise ValueError(
            "weight_column should be an instance of tf.feature_column.numeric_column. Given type: "
            f"{type(weight_column)} value: {weight_column}"
        )
    if weight_column.key in spec:
        raise ValueError(
            f"weight_column should not be used as feature. weight_column: {weight_column.key}, features: "
            f"{spec.keys()}"
        )
    return {**spec, **weight_column.parse_example_spec}


def classifier_parse_example_spec(
    feature_columns: Sequence[Any],
    label_key: str,
    label_dtype: Any = dtypes.int64,
    label_default: Any = None,
    weight_column: Any = None,
) -> dict[str, Any]:
    """What `tf.parse_example` takes for a classifier (TF1 symbol:
    `tf.estimator.classifier_parse_example_spec`).

    Raises:
        ValueError: the label or the weight is a feature, or the weight no numeric column.
    """
    label = FixedLenFeature((1,), label_dtype, label_default)
    return _with_label(feature_columns, label_key, label, weight_column)


def regressor_parse_example_spec(
    feature_columns: Sequence[Any],
    label_key: str,
    label_dtype: Any = dtypes.float32,
    label_default: Any = None,
    label_dimension: int = 1,
    weight_column: Any = None,
) -> dict[str, Any]:
    """What `tf.parse_example` takes for a regressor (TF1 symbol:
    `tf.estimator.regressor_parse_example_spec`).

    Raises:
        ValueError: the label or the weight is a feature, or the weight no numeric column.
    """
    label = FixedLenFeature((label_dimension,), label_dtype, label_default)
    return _with_label(feature_columns, label_key, label, weight_column)
