"""Metrics of the k best predictions (TF1 symbols: `tf.metrics.precision_at_k`, `recall_at_k`, ...).

Labels are class numbers: dense, `[..., how many]` or one for each row, or a SparseTensor.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch

from .arguments import handed_on
from .dtypes import float64, int64
from .graph import control_dependencies, name_scope
from .metrics_support import collected, metric_variable
from .ops import array, math, reductions, state
from .ops.core import convert_to_tensor, one
from .ops.sparse import sparse_tensor_to_dense
from .ops.special import div_no_nan
from .ops.top_k import top_k
from .registry import OutputTypes, register
from .shapes import TensorShape
from .sparse_tensor import SparseTensor, is_sparse
from .tensor import Tensor
from .weights_broadcast import assert_broadcastable, broadcast_weights

_NOTHING = -(2**63)
"""What stands in a row of labels that has fewer of them than others."""


def _firsts(x: torch.Tensor) -> torch.Tensor:
    """Which elements of the last axis are the first of their kind."""
    same = x.unsqueeze(-1) == x.unsqueeze(-2)
    return ~same.tril(-1).any(-1)


def _among(x: torch.Tensor, others: torch.Tensor) -> torch.Tensor:
    return (x.unsqueeze(-1) == others.unsqueeze(-2)).any(-1)


def _rows(labels: torch.Tensor, predictions: torch.Tensor) -> torch.Tensor:
    return labels.unsqueeze(-1) if labels.dim() == predictions.dim() - 1 else labels


def _counts(labels: torch.Tensor, predictions: torch.Tensor, kind: str, class_id: int | None) -> torch.Tensor:
    labels = _rows(labels, predictions)
    if kind == "fn":
        chosen = _firsts(labels) & ~_among(labels, predictions) & (labels != _NOTHING)
        found = labels
    else:
        chosen = _firsts(predictions) & (_among(predictions, labels) == (kind == "tp"))
        found = predictions
    if class_id is not None:
        chosen = chosen & (found == class_id)
    return chosen.sum(-1).double()


def _average_precision(
    labels: torch.Tensor, predictions: torch.Tensor, is_sparse: bool, classes: int
) -> torch.Tensor:
    labels = _rows(labels, predictions)
    k = predictions.shape[-1]
    labels = torch.where(labels >= classes, torch.full_like(labels, -1), labels)
    relevant = _among(predictions, labels).double()
    precision = relevant.cumsum(-1) / torch.arange(1, k + 1, device=relevant.device)
    if is_sparse:
        count = (_firsts(labels) & (labels != _NOTHING)).sum(-1)
    else:
        count = (labels >= 0).sum(-1)
    return (precision * relevant).sum(-1) / count.clamp_max(k)


def _rule(inputs: Sequence[Tensor], attributes: dict[str, Any]) -> OutputTypes:
    known = inputs[1].shape.known
    return [(float64, TensorShape(None if known is None else known[:-1]))]


register("CountsAtTopK", _counts, _rule, differentiable=False)
register("AveragePrecisionAtTopK", _average_precision, _rule, differentiable=False)


def _dense(labels: Any) -> Tensor:
    if is_sparse(labels):
        labels = labels if isinstance(labels, SparseTensor) else SparseTensor.from_value(labels)
        wide = SparseTensor(labels.indices, math.cast(labels.values, int64), labels.dense_shape)
        return sparse_tensor_to_dense(wide, default_value=_NOTHING, validate_indices=False)
    return math.cast(convert_to_tensor(labels), int64)


def _at_k(name: str, k: int | None = None, class_id: int | None = None) -> str:
    name = f"{name}_at_k" if k is None else f"{name}_at_{k:d}"
    return name if class_id is None else f"{name}_class{class_id:d}"


def _streamed(
    kind: str, name: str, labels: Tensor, predictions: Tensor, k: int | None, class_id: Any, weights: Any
) -> tuple[Any, Any]:
    with name_scope(None, _at_k(name, k, class_id), [predictions, labels]) as scope:
        counts = one("CountsAtTopK", [labels, predictions], "ToDouble", kind=kind, class_id=class_id)
        if weights is not None:
            check = assert_broadcastable(weights, counts)
            with control_dependencies([] if check is None else [check]):
                counts = math.multiply(counts, math.cast(weights, float64))
        total = metric_variable([], float64, name=scope)
        return total, state.assign_add(total, reductions.reduce_sum(counts), name="update")


def _share_at_top_k(
    what: str,
    other: tuple[str, str],
    labels: Any,
    predictions_idx: Any,
    k: int | None,
    class_id: int | None,
    weights: Any,
    metrics_collections: Any,
    updates_collections: Any,
    name: str | None,
) -> tuple[Any, Any]:
    with name_scope(name, _at_k(what, k, class_id)) as scope:
        labels = _dense(labels)
        chosen = math.cast(predictions_idx, int64)
        right, right_update = _streamed("tp", "true_positive", labels, chosen, k, class_id, weights)
        rest, rest_update = _streamed(*other, labels, chosen, k, class_id, weights)
        value = math.truediv(right, math.add(right, rest), name=scope)
        update = math.truediv(right_update, math.add(right_update, rest_update), name="update")
        return collected(value, update, metrics_collections, updates_collections)


def recall_at_top_k(
    labels: Any,
    predictions_idx: Any,
    k: int | None = None,
    class_id: int | None = None,
    weights: Any = None,
    metrics_collections: Any = None,
    updates_collections: Any = None,
    name: str | None = None,
) -> tuple[Any, Any]:
    """The share of the labels that are among the predicted classes (TF1 symbol:
    `tf.metrics.recall_at_top_k`).

    Args:
        predictions_idx: `[..., k]` class numbers.
        k: only for the names.
        class_id: count this class alone.
    """
    return _share_at_top_k(**handed_on(locals()), what="recall", other=("fn", "false_negative"))


def precision_at_top_k(
    labels: Any,
    predictions_idx: Any,
    k: int | None = None,
    class_id: int | None = None,
    weights: Any = None,
    metrics_collections: Any = None,
    updates_collections: Any = None,
    name: str | None = None,
) -> tuple[Any, Any]:
    """The share of the predicted classes that are labels (TF1 symbol: `tf.metrics.precision_at_top_k`).

    The arguments are those of `recall_at_top_k`.
    """
    return _share_at_top_k(**handed_on(locals()), what="precision", other=("fp", "false_positive"))


def recall_at_k(
    labels: Any,
    predictions: Any,
    k: int,
    class_id: int | None = None,
    weights: Any = None,
    metrics_collections: Any = None,
    updates_collections: Any = None,
    name: str | None = None,
) -> tuple[Any, Any]:
    """The share of the labels that are among the k classes of the highest scores (TF1 symbol:
    `tf.metrics.recall_at_k`).

    Args:
        labels: class numbers.
        predictions: `[..., classes]` scores.
        class_id: count this class alone.
    """
    with name_scope(name, _at_k("recall", k, class_id)) as scope:
        chosen = top_k(predictions, k).indices
        return recall_at_top_k(
            labels, chosen, k, class_id, weights, metrics_collections, updates_collections, scope
        )


def precision_at_k(
    labels: Any,
    predictions: Any,
    k: int,
    class_id: int | None = None,
    weights: Any = None,
    metrics_collections: Any = None,
    updates_collections: Any = None,
    name: str | None = None,
) -> tuple[Any, Any]:
    """The share of the k classes of the highest scores that are labels (TF1 symbol:
    `tf.metrics.precision_at_k`). The arguments are those of `recall_at_k`.
    """
    with name_scope(name, _at_k("precision", k, class_id)) as scope:
        chosen = top_k(predictions, k).indices
        return precision_at_top_k(
            labels, chosen, k, class_id, weights, metrics_collections, updates_collections, scope
        )


sparse_precision_at_k = precision_at_k


def average_precision_at_k(
    labels: Any,
    predictions: Any,
    k: int,
    weights: Any = None,
    metrics_collections: Any = None,
    updates_collections: Any = None,
    name: str | None = None,
) -> tuple[Any, Any]:
    """The mean over rows of the average precision of the k classes of the highest scores (TF1 symbol:
    `tf.metrics.average_precision_at_k`).
    """
    if k < 1:
        raise ValueError(f"Invalid k={k}.")
    with name_scope(name, _at_k("average_precision", k)) as scope:
        predictions = convert_to_tensor(predictions)
        chosen = top_k(predictions, k).indices
        classes = predictions.shape[-1].value
        if classes is None:
            raise ValueError("average_precision_at_k needs predictions with a known number of classes.")
        return streaming_average_precision(
            labels, chosen, classes, weights, metrics_collections, updates_collections, scope
        )


sparse_average_precision_at_k = average_precision_at_k


def streaming_average_precision(
    labels: Any,
    predictions_idx: Any,
    classes: int,
    weights: Any,
    metrics_collections: Any,
    updates_collections: Any,
    name: str | None,
) -> tuple[Any, Any]:
    """The mean average precision of predicted classes; labels of `classes` and above are never predicted."""
    with name_scope(name, "average_precision_at_top_k") as scope:
        each = one(
            "AveragePrecisionAtTopK",
            [_dense(labels), math.cast(predictions_idx, int64)],
            "average_precision",
            is_sparse=is_sparse(labels),
            classes=classes,
        )
        if weights is not None:
            weights = broadcast_weights(math.cast(weights, float64), each)
            each = math.multiply(each, weights)
        with name_scope(None, "max", [each]) as inner:
            most = metric_variable([], float64, name=inner)
            if weights is None:
                number = math.cast(array.size(each), float64)
            else:
                number = reductions.reduce_sum(weights, name="batch_max")
            most_update = state.assign_add(most, number, name="update")
        with name_scope(None, "total", [each]) as inner:
            total = metric_variable([], float64, name=inner)
            total_update = state.assign_add(
                total, reductions.reduce_sum(each, name="batch_total"), name="update"
            )
        value = div_no_nan(total, most, name="mean")
        update = div_no_nan(total_update, most_update, name=scope)
        return collected(value, update, metrics_collections, updates_collections)
