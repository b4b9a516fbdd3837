"""Metrics that tf.contrib.metrics has beyond those of tf.metrics: rates, covariances, agreement."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch

from .. import metrics
from ..dtypes import bool_, float32, float64, int64
from ..graph import control_dependencies
from ..metrics_support import collected, counts_at_thresholds, fitted, metric_variable
from ..ops import array, math, reductions, state
from ..ops.core import convert_to_tensor, make, one
from ..ops.linalg import diag_part
from ..ops.sorting import confusion_matrix as _confusion_matrix
from ..ops.special import div_no_nan
from ..registry import OutputTypes, register
from ..shapes import TensorShape
from ..tensor import Tensor
from ..variable_scope import variable_scope
from ..weights_broadcast import broadcast_weights


def _rate(name: str, part: str, other: str) -> Callable[..., Any]:
    def function(
        predictions: Any,
        labels: Any,
        weights: Any = None,
        metrics_collections: Any = None,
        updates_collections: Any = None,
        name: str | None = None,
    ) -> tuple[Any, Any]:
        with variable_scope(name, scope, [predictions, labels, weights]):
            predictions, labels, weights = fitted(
                math.cast(predictions, bool_), math.cast(labels, bool_), weights
            )
            pairs = [getattr(metrics, key)(labels, predictions, weights) for key in (part, other)]
            found = [
                div_no_nan(a, math.add(a, b), name=last)
                for a, b, last in zip(*pairs, ("value", "update_op"), strict=True)
            ]
            return collected(found[0], found[1], metrics_collections, updates_collections)

    scope = name
    function.__name__ = function.__qualname__ = f"streaming_{name}"
    function.__doc__ = (
        (f"{part} / ({part} + {other}) (TF1 symbol: `tf.contrib.metrics.streaming_{name}`).")
        .replace("_positives", " positives")
        .replace("_negatives", " negatives")
    )
    return function


streaming_false_positive_rate = _rate("false_positive_rate", "false_positives", "true_negatives")
streaming_false_negative_rate = _rate("false_negative_rate", "false_negatives", "true_positives")


def _best_f1(tp: torch.Tensor, fp: torch.Tensor, fn: torch.Tensor) -> torch.Tensor:
    precision, recall = tp / (1e-7 + tp + fp), tp / (1e-7 + tp + fn)
    return (2.0 * precision * recall / (precision + recall + 1e-7)).max()


def _scalar(inputs: Sequence[Tensor], attributes: dict[str, Any]) -> OutputTypes:
    return [(inputs[0].dtype.base_dtype, TensorShape([]))]


register("BestF1Score", _best_f1, _scalar, differentiable=False)


def f1_score(
    labels: Any,
    predictions: Any,
    weights: Any = None,
    num_thresholds: int = 200,
    metrics_collections: Any = None,
    updates_collections: Any = None,
    name: str | None = None,
) -> tuple[Any, Any]:
    """The best harmonic mean of precision and recall over thresholds (TF1 symbol:
    `tf.contrib.metrics.f1_score`).
    """
    with variable_scope(name, "f1", [labels, predictions, weights]):
        inner = [(index + 1) * 1.0 / (num_thresholds - 1) for index in range(num_thresholds - 2)]
        limits = [0.0 - 1e-7, *inner, 1.0 + 1e-7]
        counts = counts_at_thresholds(labels, predictions, limits, weights, ("tp", "fp", "fn"))
        found = [
            one("BestF1Score", [convert_to_tensor(count[key]) for key in ("tp", "fp", "fn")], last)
            for count, last in zip(counts, ("Max", "Max"), strict=True)
        ]
        return collected(found[0], found[1], metrics_collections, updates_collections)


def count(
    values: Any,
    weights: Any = None,
    metrics_collections: Any = None,
    updates_collections: Any = None,
    name: str | None = None,
) -> tuple[Any, Any]:
    """How many values there were, each as often as its weight says (TF1 symbol:
    `tf.contrib.metrics.count`).
    """
    with variable_scope(name, "count", [values, weights]):
        total = metric_variable([], float32, "count")
        if weights is None:
            number = math.cast(array.size(values), float32)
        else:
            values, _, weights = fitted(math.cast(values, float32), None, weights)
            number = reductions.reduce_sum(broadcast_weights(math.cast(weights, float32), values))
        with control_dependencies([convert_to_tensor(values)]):
            update = state.assign_add(total, number)
        return collected(total.value(), update, metrics_collections, updates_collections)


# -- covariances
def streaming_covariance(
    predictions: Any,
    labels: Any,
    weights: Any = None,
    metrics_collections: Any = None,
    updates_collections: Any = None,
    name: str | None = None,
) -> tuple[Any, Any]:
    """The covariance, over n - 1, of all that was seen (TF1 symbol:
    `tf.contrib.metrics.streaming_covariance`).
    """
    with variable_scope(name, "covariance", [predictions, labels, weights]):
        predictions, labels, weights = fitted(predictions, labels, weights)
        names = ("count", "mean_prediction", "mean_label", "comoment")
        held = [metric_variable([], float32, each) for each in names]
        if weights is None:
            each = array.ones_like(labels)
        else:
            each = broadcast_weights(math.cast(weights, float32), labels)
        inputs = [predictions, labels, each]
        moved = _with_batch(held, inputs)
        with control_dependencies(moved):
            updates = [state.assign(variable, value) for variable, value in zip(held, moved, strict=True)]
        value = one("CovarianceOfSums", [held[0].value(), held[3].value()], "covariance")
        update = one("CovarianceOfSums", [updates[0], updates[3]], "update_op")
        with control_dependencies(updates):
            update = array.identity(update)
        return collected(value, update, metrics_collections, updates_collections)


def _with_batch(held: Sequence[Any], inputs: Sequence[Tensor]) -> list[Tensor]:
    """(count, mean prediction, mean label, comoment) with a batch added to them."""
    tensors = [variable.value() for variable in held]
    return make("MovedComoment", [*tensors, *inputs], "comoment").outputs


def _moved(
    count: torch.Tensor,
    mean_a: torch.Tensor,
    mean_b: torch.Tensor,
    comoment: torch.Tensor,
    a: torch.Tensor,
    b: torch.Tensor,
    weights: torch.Tensor,
) -> tuple[torch.Tensor, ...]:
    number = weights.sum()
    whole = count + number
    safe = torch.where(number != 0, number, torch.ones_like(number))
    own_a, own_b = (a * weights).sum() / safe, (b * weights).sum() / safe
    share = torch.where(whole != 0, number / torch.where(whole != 0, whole, torch.ones_like(whole)), 0.0)
    inside = ((a - own_a) * (b - own_b) * weights).sum()
    between = (mean_a - own_a) * (mean_b - own_b) * count * share
    return (
        whole,
        mean_a + (own_a - mean_a) * share,
        mean_b + (own_b - mean_b) * share,
        comoment + inside + between,
    )


register(
    "MovedComoment",
    _moved,
    lambda i, a: [(float32, TensorShape([]))] * 4,
    differentiable=False,
)
register(
    "CovarianceOfSums",
    lambda count, comoment: torch.where(count <= 1, torch.nan, comoment / (count - 1)),
    _scalar,
    differentiable=False,
)


def streaming_pearson_correlation(
    predictions: Any,
    labels: Any,
    weights: Any = None,
    metrics_collections: Any = None,
    updates_collections: Any = None,
    name: str | None = None,
) -> tuple[Any, Any]:
    """The correlation of all that was seen (TF1 symbol:
    `tf.contrib.metrics.streaming_pearson_correlation`).
    """
    with variable_scope(name, "pearson_r", [predictions, labels, weights]):
        predictions, labels, weights = fitted(predictions, labels, weights)
        both = streaming_covariance(predictions, labels, weights, name="covariance")
        own = streaming_covariance(predictions, predictions, weights, name="variance_predictions")
        other = streaming_covariance(labels, labels, weights, name="variance_labels")
        found = [
            math.truediv(a, math.multiply(math.sqrt(b), math.sqrt(c)), name=last)
            for a, b, c, last in zip(both, own, other, ("pearson_r", "update_op"), strict=True)
        ]
        return collected(found[0], found[1], metrics_collections, updates_collections)


# -- agreement
def cohen_kappa(
    labels: Any,
    predictions_idx: Any,
    num_classes: int,
    weights: Any = None,
    metrics_collections: Any = None,
    updates_collections: Any = None,
    name: str | None = None,
) -> tuple[Any, Any]:
    """How far labels and predictions agree beyond chance (TF1 symbol: `tf.contrib.metrics.cohen_kappa`).

    Source: Cohen, "A coefficient of agreement for nominal scales" (1960).
    """
    if num_classes < 2:
        raise ValueError(f"`num_classes` must be >= 2.Found: {num_classes}")
    with variable_scope(name, "cohen_kappa", [labels, predictions_idx, weights]):
        labels = convert_to_tensor(labels)
        if labels.shape.ndims == 2:
            labels = array.squeeze(labels, [-1])
        predictions, labels, weights = fitted(predictions_idx, labels, weights)
        kind = int64 if weights is None or weights.dtype.is_integer else float32
        held = [metric_variable([num_classes], kind, each) for each in ("po", "pe_row", "pe_col")]
        table = _confusion_matrix(labels, predictions, num_classes, kind, weights=weights)
        now = [diag_part(table), reductions.reduce_sum(table, 0), reductions.reduce_sum(table, 1)]
        updates = [state.assign_add(a, b) for a, b in zip(held, now, strict=True)]
        value = one("CohenKappa", [variable.value() for variable in held], "value")
        update = one("CohenKappa", updates, "update_op")
        return collected(value, update, metrics_collections, updates_collections)


def _kappa(same: torch.Tensor, rows: torch.Tensor, columns: torch.Tensor) -> torch.Tensor:
    total = rows.sum().double()
    chance = (rows * columns).double().sum() / torch.where(total != 0, total, torch.ones_like(total))
    rest = total - chance
    return torch.where(rest != 0, (same.sum().double() - chance) / torch.where(rest != 0, rest, 1.0), 0.0)


register("CohenKappa", _kappa, lambda i, a: [(float64, TensorShape([]))], differentiable=False)
