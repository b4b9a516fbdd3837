"""Metrics that count true and false positives and negatives (TF1 symbols: `tf.metrics.precision`, ...)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch

from .dtypes import bool_, float32, int64
from .metrics_support import collected, counts_at_thresholds, fitted, flat, metric_variable, summed
from .ops import array, math, reductions, scatter, state
from .ops.core import constant, convert_to_tensor, one
from .ops.special import div_no_nan
from .registry import OutputTypes, ShapeMismatch, register
from .shapes import TensorShape
from .tensor import Tensor
from .variable_scope import variable_scope


def _booleans(predictions: Any, labels: Any, weights: Any) -> tuple[Any, Any, Any]:
    return fitted(math.cast(predictions, bool_), math.cast(labels, bool_), weights)


def _count(name: str, of_labels: bool, of_predictions: bool, what: str) -> Callable[..., Any]:
    def function(
        labels: Any,
        predictions: Any,
        weights: Any = None,
        metrics_collections: Any = None,
        updates_collections: Any = None,
        name: str | None = None,
    ) -> tuple[Any, Any]:
        with variable_scope(name, function.__name__, [predictions, labels, weights]):
            predictions, labels, weights = _booleans(predictions, labels, weights)
            held = labels if of_labels else math.logical_not(labels)
            said = predictions if of_predictions else math.logical_not(predictions)
            count = metric_variable([], float32, "count")
            update = state.assign_add(count, summed(math.logical_and(held, said), weights))
            return collected(count.value(), update, metrics_collections, updates_collections)

    function.__name__ = function.__qualname__ = name
    function.__doc__ = f"The number of {what} (TF1 symbol: `tf.metrics.{name}`)."
    return function


true_positives = _count("true_positives", True, True, "predictions that are true, as are their labels")
true_negatives = _count("true_negatives", False, False, "predictions that are false, as are their labels")
false_positives = _count("false_positives", False, True, "predictions that are true where labels are not")
false_negatives = _count("false_negatives", True, False, "predictions that are false where labels are true")


def _at_thresholds(key: str, scope: str) -> Callable[..., Any]:
    def function(
        labels: Any,
        predictions: Any,
        thresholds: Sequence[float],
        weights: Any = None,
        metrics_collections: Any = None,
        updates_collections: Any = None,
        name: str | None = None,
    ) -> tuple[Any, Any]:
        with variable_scope(name, scope, [predictions, labels, weights]):
            values, updates = counts_at_thresholds(labels, predictions, thresholds, weights, (key,))
            return collected(values[key].value(), updates[key], metrics_collections, updates_collections)

    function.__name__ = function.__qualname__ = f"{scope}_at_thresholds"
    function.__doc__ = (
        f"The numbers of {scope.replace('_', ' ')} where predictions in [0, 1] are true above a threshold "
        f"(TF1 symbol: `tf.metrics.{scope}_at_thresholds`)."
    )
    return function


true_positives_at_thresholds = _at_thresholds("tp", "true_positives")
true_negatives_at_thresholds = _at_thresholds("tn", "true_negatives")
false_positives_at_thresholds = _at_thresholds("fp", "false_positives")
false_negatives_at_thresholds = _at_thresholds("fn", "false_negatives")


def _share(part: Any, other: Any, name: str) -> Tensor:
    whole = math.add(part, other)
    return div_no_nan(part, whole, name=name)


def precision(
    labels: Any,
    predictions: Any,
    weights: Any = None,
    metrics_collections: Any = None,
    updates_collections: Any = None,
    name: str | None = None,
) -> tuple[Any, Any]:
    """true positives / (true positives + false positives) (TF1 symbol: `tf.metrics.precision`)."""
    with variable_scope(name, "precision", [predictions, labels, weights]):
        predictions, labels, weights = _booleans(predictions, labels, weights)
        right, right_update = true_positives(labels, predictions, weights)
        wrong, wrong_update = false_positives(labels, predictions, weights)
        value, update = _share(right, wrong, "value"), _share(right_update, wrong_update, "update_op")
        return collected(value, update, metrics_collections, updates_collections)


def recall(
    labels: Any,
    predictions: Any,
    weights: Any = None,
    metrics_collections: Any = None,
    updates_collections: Any = None,
    name: str | None = None,
) -> tuple[Any, Any]:
    """true positives / (true positives + false negatives) (TF1 symbol: `tf.metrics.recall`)."""
    with variable_scope(name, "recall", [predictions, labels, weights]):
        predictions, labels, weights = _booleans(predictions, labels, weights)
        right, right_update = true_positives(labels, predictions, weights)
        missed, missed_update = false_negatives(labels, predictions, weights)
        value, update = _share(right, missed, "value"), _share(right_update, missed_update, "update_op")
        return collected(value, update, metrics_collections, updates_collections)


def _share_at_thresholds(kind: str, other: str) -> Callable[..., Any]:
    def function(
        labels: Any,
        predictions: Any,
        thresholds: Sequence[float],
        weights: Any = None,
        metrics_collections: Any = None,
        updates_collections: Any = None,
        name: str | None = None,
    ) -> tuple[Any, Any]:
        with variable_scope(name, f"{kind}_at_thresholds", [predictions, labels, weights]):
            counts = counts_at_thresholds(labels, predictions, thresholds, weights, ("tp", other))
            found = [
                math.truediv(count["tp"], 1e-7 + count["tp"] + count[other], name=f"{kind}_{last}")
                for count, last in zip(counts, ("value", "update_op"), strict=True)
            ]
            return collected(found[0], found[1], metrics_collections, updates_collections)

    function.__name__ = function.__qualname__ = f"{kind}_at_thresholds"
    function.__doc__ = (
        f"The {kind} where predictions in [0, 1] are true above a threshold, for each (TF1 symbol: "
        f"`tf.metrics.{kind}_at_thresholds`)."
    )
    return function


precision_at_thresholds = _share_at_thresholds("precision", "fp")
recall_at_thresholds = _share_at_thresholds("recall", "fn")


# -- classes
def _confusion(
    labels: torch.Tensor, predictions: torch.Tensor, weights: torch.Tensor, classes: int
) -> torch.Tensor:
    for name, values in (("labels", labels), ("predictions", predictions)):
        if values.numel() and int(values.min()) < 0:
            raise ValueError(f"assertion failed: [`{name}` contains negative values]")
        if values.numel() and int(values.max()) >= classes:
            raise ValueError(f"assertion failed: [`{name}` out of bound]")
    found = weights.new_zeros(classes * classes, dtype=torch.float64)
    found.index_add_(0, labels * classes + predictions, weights.expand(labels.shape))
    return found.reshape(classes, classes)


def _confusion_rule(inputs: Sequence[Tensor], attributes: dict[str, Any]) -> OutputTypes:
    if inputs[0].shape.ndims not in (None, 1):
        raise ShapeMismatch(f"Shape must be rank 1 but is rank {inputs[0].shape.ndims}")
    return [(inputs[2].dtype.base_dtype, TensorShape([attributes["classes"]] * 2))]


register("CountedConfusions", _confusion, _confusion_rule, differentiable=False)


def _iou(counts: torch.Tensor) -> torch.Tensor:
    rows, columns, both = counts.sum(0).float(), counts.sum(1).float(), counts.diagonal().float()
    either = rows + columns - both
    there = (either != 0).sum().float()
    shares = both / torch.where(either > 0, either, torch.ones_like(either))
    return torch.where(there > 0, shares.sum() / there, torch.zeros_like(there))


register("MeanIntersectionOverUnion", _iou, lambda i, a: [(float32, TensorShape([]))], differentiable=False)


def mean_iou(
    labels: Any,
    predictions: Any,
    num_classes: int,
    weights: Any = None,
    metrics_collections: Any = None,
    updates_collections: Any = None,
    name: str | None = None,
) -> tuple[Any, Any]:
    """The mean over classes of intersection / union of labels and predictions (TF1 symbol:
    `tf.metrics.mean_iou`). The update is the matrix of the counts so far.
    """
    with variable_scope(name, "mean_iou", [predictions, labels, weights]):
        predictions, labels = convert_to_tensor(predictions), convert_to_tensor(labels)
        predictions.shape.assert_is_compatible_with(labels.shape)
        if weights is not None:
            flat(predictions).shape.assert_is_compatible_with(flat(weights).shape)
        counts = metric_variable([num_classes, num_classes], "float64", "total_confusion_matrix")
        each = constant(1.0, "float64") if weights is None else math.cast(flat(weights), "float64")
        now = one(
            "CountedConfusions",
            [flat(math.cast(labels, int64)), flat(math.cast(predictions, int64)), each],
            "confusion_matrix",
            classes=int(num_classes),
        )
        update = state.assign_add(counts, now)
        value = one("MeanIntersectionOverUnion", [counts.value()], "Select_1")
        return collected(value, update, metrics_collections, updates_collections)


def mean_per_class_accuracy(
    labels: Any,
    predictions: Any,
    num_classes: int,
    weights: Any = None,
    metrics_collections: Any = None,
    updates_collections: Any = None,
    name: str | None = None,
) -> tuple[Any, Any]:
    """The mean over classes of their accuracies (TF1 symbol: `tf.metrics.mean_per_class_accuracy`).

    The update is the accuracies.
    """
    with variable_scope(name, "mean_accuracy", [predictions, labels, weights]):
        labels, predictions = flat(math.cast(labels, int64)), flat(predictions)
        predictions.shape.assert_is_compatible_with(labels.shape)
        total = metric_variable([num_classes], float32, "total")
        count = metric_variable([num_classes], float32, "count")
        correct = math.cast(math.equal(math.cast(predictions, int64), labels), float32)
        each = array.ones_like(correct)
        if weights is not None:
            own = math.cast(flat(weights), float32)
            correct, each = correct * own, each * own
        total_update = scatter.scatter_add(total, labels, each)
        count_update = scatter.scatter_add(count, labels, correct)
        shares = div_no_nan(count.value(), math.maximum(total.value(), 0.0))
        value = reductions.reduce_mean(shares, name="mean_accuracy")
        update = div_no_nan(count_update, math.maximum(total_update, 0.0), name="update_op")
        return collected(value, update, metrics_collections, updates_collections)
