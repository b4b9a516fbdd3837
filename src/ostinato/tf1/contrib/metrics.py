"""The module `tf.contrib.metrics`: metrics over all batches that were seen, predictions first.

>>> import ostinato.tf1 as tf
>>> with tf.Graph().as_default(), tf.Session() as session:
...     value, update = tf.contrib.metrics.streaming_accuracy(tf.constant([1, 0]), tf.constant([1, 1]))
...     session.run(tf.local_variables_initializer())
...     session.run(update)
np.float32(0.5)
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .. import metrics
from ..arguments import handed_on
from ..dtypes import as_dtype, float32
from ..graph import name_scope
from ..metrics_rankings import streaming_average_precision
from ..names import absent
from ..ops import array, math, nn, reductions
from ..ops.core import convert_to_tensor
from ..ops.sets import set_difference, set_intersection, set_size, set_union
from ..ops.sorting import confusion_matrix as _confusion_matrix
from ..tensor import Tensor
from .metric_statistics import (
    cohen_kappa,
    count,
    f1_score,
    streaming_covariance,
    streaming_false_negative_rate,
    streaming_false_positive_rate,
    streaming_pearson_correlation,
)


def _streaming(name: str, of: str | None = None, extra: str | None = None) -> Callable[..., Any]:
    """A metric of tf.metrics that takes predictions before labels, and `extra` after them."""
    metric = getattr(metrics, of or name)

    def simple(
        predictions: Any,
        labels: Any,
        weights: Any = None,
        metrics_collections: Any = None,
        updates_collections: Any = None,
        name: str | None = None,
        **more: Any,
    ) -> tuple[Any, Any]:
        return metric(
            labels=labels,
            predictions=predictions,
            weights=weights,
            metrics_collections=metrics_collections,
            updates_collections=updates_collections,
            name=name,
            **more,
        )

    def with_extra(predictions: Any, labels: Any, *args: Any, **kwargs: Any) -> tuple[Any, Any]:
        if args:
            kwargs[str(extra)], args = args[0], args[1:]
        return simple(predictions, labels, *args, **kwargs)

    function = simple if extra is None else with_extra
    function.__name__ = function.__qualname__ = f"streaming_{name}"
    function.__doc__ = (
        f"As `tf.metrics.{of or name}`, predictions first "
        f"(TF1 symbol: `tf.contrib.metrics.streaming_{name}`)."
    )
    return function


streaming_accuracy = _streaming("accuracy")
streaming_precision = _streaming("precision")
streaming_recall = _streaming("recall")
streaming_true_positives = _streaming("true_positives")
streaming_true_negatives = _streaming("true_negatives")
streaming_false_positives = _streaming("false_positives")
streaming_false_negatives = _streaming("false_negatives")
streaming_mean_absolute_error = _streaming("mean_absolute_error")
streaming_mean_squared_error = _streaming("mean_squared_error")
streaming_root_mean_squared_error = _streaming("root_mean_squared_error")
streaming_mean_relative_error = _streaming("mean_relative_error", extra="normalizer")
streaming_mean_cosine_distance = _streaming("mean_cosine_distance", extra="dim")
streaming_mean_iou = _streaming("mean_iou", extra="num_classes")
streaming_precision_at_thresholds = _streaming("precision_at_thresholds", extra="thresholds")
streaming_recall_at_thresholds = _streaming("recall_at_thresholds", extra="thresholds")
streaming_true_positives_at_thresholds = _streaming("true_positives_at_thresholds", extra="thresholds")
streaming_true_negatives_at_thresholds = _streaming("true_negatives_at_thresholds", extra="thresholds")
streaming_false_positives_at_thresholds = _streaming("false_positives_at_thresholds", extra="thresholds")
streaming_false_negatives_at_thresholds = _streaming("false_negatives_at_thresholds", extra="thresholds")
streaming_mean = metrics.mean
streaming_mean_tensor = metrics.mean_tensor
streaming_percentage_less = metrics.percentage_below


def streaming_auc(
    predictions: Any,
    labels: Any,
    weights: Any = None,
    num_thresholds: int = 200,
    metrics_collections: Any = None,
    updates_collections: Any = None,
    curve: str = "ROC",
    name: str | None = None,
) -> tuple[Any, Any]:
    """As `tf.metrics.auc`, predictions first (TF1 symbol: `tf.contrib.metrics.streaming_auc`)."""
    return metrics.auc(
        labels, predictions, weights, num_thresholds, metrics_collections, updates_collections, curve, name
    )


def streaming_sensitivity_at_specificity(
    predictions: Any,
    labels: Any,
    specificity: float,
    weights: Any = None,
    num_thresholds: int = 200,
    metrics_collections: Any = None,
    updates_collections: Any = None,
    name: str | None = None,
) -> tuple[Any, Any]:
    """As `tf.metrics.sensitivity_at_specificity`, predictions first."""
    return metrics.sensitivity_at_specificity(**handed_on(locals()))


def streaming_specificity_at_sensitivity(
    predictions: Any,
    labels: Any,
    sensitivity: float,
    weights: Any = None,
    num_thresholds: int = 200,
    metrics_collections: Any = None,
    updates_collections: Any = None,
    name: str | None = None,
) -> tuple[Any, Any]:
    """As `tf.metrics.specificity_at_sensitivity`, predictions first."""
    return metrics.specificity_at_sensitivity(**handed_on(locals()))


# -- the k best
def streaming_recall_at_k(
    predictions: Any,
    labels: Any,
    k: int,
    weights: Any = None,
    metrics_collections: Any = None,
    updates_collections: Any = None,
    name: str | None = None,
) -> tuple[Any, Any]:
    """How often the label is among the k classes of the highest scores (TF1 symbol:
    `tf.contrib.metrics.streaming_recall_at_k`).
    """
    there = math.cast(nn.in_top_k(predictions, labels, k), float32)
    return metrics.mean(there, weights, metrics_collections, updates_collections, name or f"recall_at_{k:d}")


def _at_k(metric: Callable[..., Any], name: str) -> Callable[..., Any]:
    def function(
        predictions: Any,
        labels: Any,
        k: int,
        class_id: int | None = None,
        weights: Any = None,
        metrics_collections: Any = None,
        updates_collections: Any = None,
        name: str | None = None,
    ) -> tuple[Any, Any]:
        return metric(
            labels, predictions, k, class_id, weights, metrics_collections, updates_collections, name
        )

    function.__name__ = function.__qualname__ = name
    function.__doc__ = f"As `tf.metrics.{metric.__name__}`, predictions first."
    return function


streaming_sparse_recall_at_k = _at_k(metrics.recall_at_k, "streaming_sparse_recall_at_k")
streaming_sparse_precision_at_k = _at_k(metrics.precision_at_k, "streaming_sparse_precision_at_k")


def streaming_sparse_precision_at_top_k(
    top_k_predictions: Any,
    labels: Any,
    class_id: int | None = None,
    weights: Any = None,
    metrics_collections: Any = None,
    updates_collections: Any = None,
    name: str | None = None,
) -> tuple[Any, Any]:
    """As `tf.metrics.precision_at_top_k`, predictions first."""
    return metrics.precision_at_top_k(
        labels, top_k_predictions, None, class_id, weights, metrics_collections, updates_collections, name
    )


def sparse_recall_at_top_k(
    labels: Any,
    top_k_predictions: Any,
    class_id: int | None = None,
    weights: Any = None,
    metrics_collections: Any = None,
    updates_collections: Any = None,
    name: str | None = None,
) -> tuple[Any, Any]:
    """As `tf.metrics.recall_at_top_k`."""
    return metrics.recall_at_top_k(
        labels, top_k_predictions, None, class_id, weights, metrics_collections, updates_collections, name
    )


def streaming_sparse_average_precision_at_k(
    predictions: Any,
    labels: Any,
    k: int,
    weights: Any = None,
    metrics_collections: Any = None,
    updates_collections: Any = None,
    name: str | None = None,
) -> tuple[Any, Any]:
    """As `tf.metrics.average_precision_at_k`, predictions first."""
    return metrics.average_precision_at_k(
        labels, predictions, k, weights, metrics_collections, updates_collections, name
    )


def streaming_sparse_average_precision_at_top_k(
    top_k_predictions: Any,
    labels: Any,
    weights: Any = None,
    metrics_collections: Any = None,
    updates_collections: Any = None,
    name: str | None = None,
) -> tuple[Any, Any]:
    """The mean average precision of predicted classes (TF1 symbol:
    `tf.contrib.metrics.streaming_sparse_average_precision_at_top_k`).
    """
    return streaming_average_precision(
        labels, top_k_predictions, 2**62, weights, metrics_collections, updates_collections, name
    )


# -- without variables
def accuracy(predictions: Any, labels: Any, weights: Any = None, name: str | None = None) -> Tensor:
    """How often predictions are equal to labels, in this batch alone (TF1 symbol:
    `tf.contrib.metrics.accuracy`).

    Raises:
        ValueError: labels of another type than integers, booleans or strings, or than the predictions.
    """
    predictions, labels = convert_to_tensor(predictions), convert_to_tensor(labels)
    kind = labels.dtype.base_dtype
    if not (kind.is_integer or kind.is_bool or kind.name == "string"):
        raise ValueError(f"Labels should have bool, integer, or string dtype, not {kind!r}")
    if not kind.is_compatible_with(as_dtype(predictions.dtype).base_dtype):
        raise ValueError(
            f"Dtypes of predictions and labels should match. Given: predictions ({predictions.dtype!r}) and "
            f"labels ({labels.dtype!r})"
        )
    with name_scope(name, "accuracy", [predictions, labels]):
        correct = math.cast(math.equal(predictions, labels), float32)
        if weights is None:
            return reductions.reduce_mean(correct)
        correct = math.multiply(correct, weights)
        each = math.multiply(convert_to_tensor(weights, float32), array.ones_like(correct))
        return math.truediv(reductions.reduce_sum(correct), reductions.reduce_sum(each))


def confusion_matrix(
    labels: Any,
    predictions: Any,
    num_classes: Any = None,
    dtype: Any = "int32",
    name: str | None = None,
    weights: Any = None,
) -> Tensor:
    """As `tf.confusion_matrix` (TF1 symbol: `tf.contrib.metrics.confusion_matrix`)."""
    return _confusion_matrix(labels, predictions, num_classes, dtype, name, weights)


def aggregate_metrics(*value_update_tuples: Any) -> tuple[list[Any], list[Any]]:
    """(values, updates) of several metrics (TF1 symbol: `tf.contrib.metrics.aggregate_metrics`)."""
    if not value_update_tuples:
        raise ValueError("Expected at least one value_tensor/update_op pair")
    values, updates = zip(*value_update_tuples, strict=True)
    return list(values), list(updates)


def aggregate_metric_map(names_to_tuples: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """(values, updates) of several metrics by name (TF1 symbol:
    `tf.contrib.metrics.aggregate_metric_map`).
    """
    values = {name: pair[0] for name, pair in names_to_tuples.items()}
    return values, {name: pair[1] for name, pair in names_to_tuples.items()}


__all__ = [
    "accuracy",
    "aggregate_metric_map",
    "aggregate_metrics",
    "cohen_kappa",
    "confusion_matrix",
    "count",
    "f1_score",
    "set_difference",
    "set_intersection",
    "set_size",
    "set_union",
    "sparse_recall_at_top_k",
    "streaming_accuracy",
    "streaming_auc",
    "streaming_covariance",
    "streaming_false_negative_rate",
    "streaming_false_negatives",
    "streaming_false_negatives_at_thresholds",
    "streaming_false_positive_rate",
    "streaming_false_positives",
    "streaming_false_positives_at_thresholds",
    "streaming_mean",
    "streaming_mean_absolute_error",
    "streaming_mean_cosine_distance",
    "streaming_mean_iou",
    "streaming_mean_relative_error",
    "streaming_mean_squared_error",
    "streaming_mean_tensor",
    "streaming_pearson_correlation",
    "streaming_percentage_less",
    "streaming_precision",
    "streaming_precision_at_thresholds",
    "streaming_recall",
    "streaming_recall_at_k",
    "streaming_recall_at_thresholds",
    "streaming_root_mean_squared_error",
    "streaming_sensitivity_at_specificity",
    "streaming_sparse_average_precision_at_k",
    "streaming_sparse_average_precision_at_top_k",
    "streaming_sparse_precision_at_k",
    "streaming_sparse_precision_at_top_k",
    "streaming_sparse_recall_at_k",
    "streaming_specificity_at_sensitivity",
    "streaming_true_negatives",
    "streaming_true_negatives_at_thresholds",
    "streaming_true_positives",
    "streaming_true_positives_at_thresholds",
]

__getattr__ = absent("tf.contrib.metrics", __all__)
