"""The module `tf.losses`: losses that are weighed, reduced to a number and put in a collection.

>>> import ostinato.tf1 as tf
>>> with tf.Graph().as_default(), tf.Session() as session:
...     loss = tf.losses.mean_squared_error([1.0, 2.0], [2.0, 4.0])
...     session.run([loss, tf.losses.get_total_loss()])
[np.float32(2.5), np.float32(2.5)]
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch

from .dtypes import float32
from .graph import (
    GraphKeys,
    add_to_collection,
    control_dependencies,
    get_collection,
    get_default_graph,
    name_scope,
)
from .names import absent
from .ops import array, math, nn, reductions
from .ops.core import constant, convert_to_tensor, one
from .registry import OutputTypes, register
from .shapes import TensorShape
from .squeezing import remove_squeezable_dimensions, squeezed_weights
from .tensor import Tensor
from .weights_broadcast import assert_broadcastable

__all__ = [
    "Reduction",
    "absolute_difference",
    "add_loss",
    "compute_weighted_loss",
    "cosine_distance",
    "get_losses",
    "get_regularization_loss",
    "get_regularization_losses",
    "get_total_loss",
    "hinge_loss",
    "huber_loss",
    "log_loss",
    "mean_pairwise_squared_error",
    "mean_squared_error",
    "sigmoid_cross_entropy",
    "softmax_cross_entropy",
    "sparse_softmax_cross_entropy",
]


class Reduction:
    """How the losses of a batch become one (TF1 symbol: `tf.losses.Reduction`)."""

    NONE = "none"
    SUM = "weighted_sum"
    SUM_OVER_BATCH_SIZE = "weighted_sum_over_batch_size"
    MEAN = "weighted_mean"
    SUM_BY_NONZERO_WEIGHTS = "weighted_sum_by_nonzero_weights"
    SUM_OVER_NONZERO_WEIGHTS = SUM_BY_NONZERO_WEIGHTS

    @classmethod
    def all(cls) -> tuple[str, ...]:
        return (
            cls.NONE,
            cls.SUM,
            cls.MEAN,
            cls.SUM_OVER_BATCH_SIZE,
            cls.SUM_OVER_NONZERO_WEIGHTS,
            cls.SUM_BY_NONZERO_WEIGHTS,
        )

    @classmethod
    def validate(cls, key: str) -> None:
        """Raise a ValueError unless there is such a reduction."""
        if key not in cls.all():
            raise ValueError(f"Invalid Reduction Key {key}.")


def _divided(total: torch.Tensor, count: torch.Tensor) -> torch.Tensor:
    """total / count, and 0 where there is nothing to count."""
    there = count != 0
    return torch.where(
        there, total / torch.where(there, count, torch.ones_like(count)), torch.zeros_like(total)
    )


def _reduced(losses: torch.Tensor, weights: torch.Tensor, reduction: str) -> torch.Tensor:
    weighted = losses * weights
    total = weighted.sum()
    if reduction == Reduction.SUM:
        return total
    if reduction == Reduction.SUM_OVER_BATCH_SIZE:
        count = losses.new_tensor(weighted.numel())
    elif reduction == Reduction.MEAN:
        count = weights.expand(losses.shape).sum() if weights.dim() else weights * losses.numel()
    elif weights.dim():
        count = (weights != 0).expand(losses.shape).sum().to(losses.dtype)
    else:
        count = (weights != 0).to(losses.dtype) * losses.numel()
    return _divided(total, count)


def _reduced_rule(inputs: Sequence[Tensor], attributes: dict[str, Any]) -> OutputTypes:
    return [(inputs[0].dtype.base_dtype, TensorShape([]))]


register("ReducedLoss", _reduced, _reduced_rule)


def add_loss(loss: Any, loss_collection: Any = GraphKeys.LOSSES) -> None:
    """Put a loss into the collection of losses (TF1 symbol: `tf.losses.add_loss`)."""
    if loss_collection:
        add_to_collection(loss_collection, loss)


def get_losses(scope: str | None = None, loss_collection: Any = GraphKeys.LOSSES) -> list[Any]:
    """The losses made so far, those whose names begin with `scope` (TF1 symbol: `tf.losses.get_losses`)."""
    return get_collection(loss_collection, scope)


def get_regularization_losses(scope: str | None = None) -> list[Any]:
    """The losses of variables' regularisers (TF1 symbol: `tf.losses.get_regularization_losses`)."""
    return get_collection(GraphKeys.REGULARIZATION_LOSSES, scope)


def get_regularization_loss(scope: str | None = None, name: str = "total_regularization_loss") -> Tensor:
    """The sum of the losses of variables' regularisers (TF1 symbol: `tf.losses.get_regularization_loss`)."""
    losses = get_regularization_losses(scope)
    return math.add_n(losses, name=name) if losses else constant(0.0)


def get_total_loss(
    add_regularization_losses: bool = True, name: str = "total_loss", scope: str | None = None
) -> Tensor:
    """The sum of all losses made so far (TF1 symbol: `tf.losses.get_total_loss`).

    Raises:
        ValueError: there are none.
    """
    losses = get_losses(scope)
    if add_regularization_losses:
        losses = losses + get_regularization_losses(scope)
    return math.add_n(losses, name=name)


def compute_weighted_loss(
    losses: Any,
    weights: Any = 1.0,
    scope: str | None = None,
    loss_collection: Any = GraphKeys.LOSSES,
    reduction: str = Reduction.SUM_BY_NONZERO_WEIGHTS,
) -> Tensor:
    """Losses times weights, reduced to one number (TF1 symbol: `tf.losses.compute_weighted_loss`).

    Args:
        losses: a tensor of any shape.
        weights: a scalar, or a tensor of the losses' rank whose sizes are the losses' or 1.
        scope: the name of the scope of the nodes.
        loss_collection: the collection that the loss goes to; None for none.
        reduction: one of `tf.losses.Reduction`.

    Raises:
        ValueError: weights that do not fit, or another reduction.
    """
    Reduction.validate(reduction)
    with name_scope(scope, "weighted_loss", [losses, weights]):
        get_default_graph()._last_loss_reduction = reduction  # type: ignore[attr-defined]
        check = assert_broadcastable(weights, losses)
        with control_dependencies([] if check is None else [check]):
            losses = convert_to_tensor(losses)
            kind = losses.dtype.base_dtype
            losses, weights = math.cast(losses, float32), math.cast(weights, float32)
            if reduction == Reduction.NONE:
                loss = math.multiply(losses, weights)
            else:
                last = "Sum" if reduction == Reduction.SUM else "value"
                loss = one("ReducedLoss", [losses, weights], last, reduction=reduction)
            loss = math.cast(loss, kind)
            add_loss(loss, loss_collection)
            return loss


def _both(first: str, a: Any, second: str, b: Any) -> None:
    for name, value in ((first, a), (second, b)):
        if value is None:
            raise ValueError(f"{name} must not be None.")


def _pair(predictions: Any, labels: Any) -> tuple[Tensor, Tensor]:
    predictions, labels = math.cast(predictions, float32), math.cast(labels, float32)
    predictions.shape.assert_is_compatible_with(labels.shape)
    return predictions, labels


def absolute_difference(
    labels: Any,
    predictions: Any,
    weights: Any = 1.0,
    scope: str | None = None,
    loss_collection: Any = GraphKeys.LOSSES,
    reduction: str = Reduction.SUM_BY_NONZERO_WEIGHTS,
) -> Tensor:
    """|predictions - labels| (TF1 symbol: `tf.losses.absolute_difference`)."""
    _both("labels", labels, "predictions", predictions)
    with name_scope(scope, "absolute_difference", [predictions, labels, weights]) as scope:
        predictions, labels = _pair(predictions, labels)
        losses = math.abs_(math.subtract(predictions, labels))
        return compute_weighted_loss(losses, weights, scope, loss_collection, reduction)


def cosine_distance(
    labels: Any,
    predictions: Any,
    axis: int | None = None,
    weights: Any = 1.0,
    scope: str | None = None,
    loss_collection: Any = GraphKeys.LOSSES,
    reduction: str = Reduction.SUM_BY_NONZERO_WEIGHTS,
    dim: int | None = None,
) -> Tensor:
    """1 - sum(predictions * labels) along an axis, for vectors of length 1 (TF1 symbol:
    `tf.losses.cosine_distance`). `dim` is the older name of `axis`.
    """
    axis = math.either("axis", axis, "dim", dim)
    if axis is None:
        raise ValueError("You must specify 'axis'.")
    _both("labels", labels, "predictions", predictions)
    with name_scope(scope, "cosine_distance_loss", [predictions, labels, weights]) as scope:
        predictions, labels = _pair(predictions, labels)
        losses = 1 - reductions.reduce_sum(math.multiply(predictions, labels), [axis], keepdims=True)
        return compute_weighted_loss(losses, weights, scope, loss_collection, reduction)


def hinge_loss(
    labels: Any,
    logits: Any,
    weights: Any = 1.0,
    scope: str | None = None,
    loss_collection: Any = GraphKeys.LOSSES,
    reduction: str = Reduction.SUM_BY_NONZERO_WEIGHTS,
) -> Tensor:
    """max(0, 1 - (2 * labels - 1) * logits), for labels 0 and 1 (TF1 symbol: `tf.losses.hinge_loss`)."""
    _both("labels", labels, "logits", logits)
    with name_scope(scope, "hinge_loss", [logits, labels, weights]) as scope:
        logits, labels = _pair(logits, labels)
        losses = nn.relu(1 - math.multiply(2 * labels - 1, logits))
        return compute_weighted_loss(losses, weights, scope, loss_collection, reduction)


def _huber(predictions: torch.Tensor, labels: torch.Tensor, delta: torch.Tensor) -> torch.Tensor:
    size = (predictions - labels).abs()
    quadratic = torch.where(delta < size, delta, size)
    return 0.5 * quadratic * quadratic + delta * (size - quadratic)


def _merged_rule(inputs: Sequence[Tensor], attributes: dict[str, Any]) -> OutputTypes:
    return [(inputs[0].dtype.base_dtype, inputs[0].shape.merge_with(inputs[1].shape))]


register("HuberLoss", _huber, _merged_rule)


def huber_loss(
    labels: Any,
    predictions: Any,
    weights: Any = 1.0,
    delta: Any = 1.0,
    scope: str | None = None,
    loss_collection: Any = GraphKeys.LOSSES,
    reduction: str = Reduction.SUM_BY_NONZERO_WEIGHTS,
) -> Tensor:
    """Half the squared error up to `delta`, and from there on growing like the error (TF1 symbol:
    `tf.losses.huber_loss`).
    """
    _both("labels", labels, "predictions", predictions)
    with name_scope(scope, "huber_loss", [predictions, labels, weights]) as scope:
        predictions, labels = _pair(predictions, labels)
        losses = one("HuberLoss", [predictions, labels, convert_to_tensor(delta, float32)], "Add")
        return compute_weighted_loss(losses, weights, scope, loss_collection, reduction)


def log_loss(
    labels: Any,
    predictions: Any,
    weights: Any = 1.0,
    epsilon: float = 1e-7,
    scope: str | None = None,
    loss_collection: Any = GraphKeys.LOSSES,
    reduction: str = Reduction.SUM_BY_NONZERO_WEIGHTS,
) -> Tensor:
    """-labels * log(predictions + epsilon) - (1 - labels) * log(1 - predictions + epsilon) (TF1 symbol:
    `tf.losses.log_loss`).
    """
    _both("labels", labels, "predictions", predictions)
    with name_scope(scope, "log_loss", [predictions, labels, weights]) as scope:
        predictions, labels = _pair(predictions, labels)
        positive = math.multiply(labels, math.log(predictions + epsilon))
        losses = -positive - math.multiply(1 - labels, math.log(1 - predictions + epsilon))
        return compute_weighted_loss(losses, weights, scope, loss_collection, reduction)


def _pairwise(predictions: torch.Tensor, labels: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
    differences = predictions - labels
    axes = list(range(1, differences.dim()))

    def of_rows(x: torch.Tensor) -> torch.Tensor:
        return x.sum(axes, keepdim=True) if axes else x

    present = of_rows((weights != 0).expand(differences.shape).to(differences.dtype))
    first = 2.0 * _divided(of_rows(differences * differences), (present - 1).clamp_min(0))
    second = 2.0 * _divided(of_rows(differences) ** 2, (present * (present - 1)).clamp_min(0))
    total = ((first - second) * weights).sum()
    return torch.where(present.sum() > 0, total, torch.zeros_like(total))


register("MeanPairwiseSquaredError", _pairwise, _reduced_rule)


def mean_pairwise_squared_error(
    labels: Any,
    predictions: Any,
    weights: Any = 1.0,
    scope: str | None = None,
    loss_collection: Any = GraphKeys.LOSSES,
) -> Tensor:
    """The squared differences between the pairs of a row's predictions and those of its labels (TF1 symbol:
    `tf.losses.mean_pairwise_squared_error`).
    """
    _both("labels", labels, "predictions", predictions)
    with name_scope(scope, "mean_pairwise_squared_error", [predictions, labels, weights]):
        labels = math.cast(labels, float32)
        weights = math.cast(weights, float32)
        check = assert_broadcastable(weights, labels)
        with control_dependencies([] if check is None else [check]):
            predictions, labels = _pair(predictions, labels)
            inputs = [predictions, labels, weights]
            loss = one("MeanPairwiseSquaredError", inputs, "value")
        add_loss(loss, loss_collection)
        return loss


def mean_squared_error(
    labels: Any,
    predictions: Any,
    weights: Any = 1.0,
    scope: str | None = None,
    loss_collection: Any = GraphKeys.LOSSES,
    reduction: str = Reduction.SUM_BY_NONZERO_WEIGHTS,
) -> Tensor:
    """(predictions - labels) ** 2 (TF1 symbol: `tf.losses.mean_squared_error`)."""
    _both("labels", labels, "predictions", predictions)
    with name_scope(scope, "mean_squared_error", [predictions, labels, weights]) as scope:
        predictions, labels = _pair(predictions, labels)
        get_default_graph().skip(1)  # the weights are a constant of their own there
        losses = math.squared_difference(predictions, labels)
        return compute_weighted_loss(losses, weights, scope, loss_collection, reduction)


def sigmoid_cross_entropy(
    multi_class_labels: Any,
    logits: Any,
    weights: Any = 1.0,
    label_smoothing: float = 0,
    scope: str | None = None,
    loss_collection: Any = GraphKeys.LOSSES,
    reduction: str = Reduction.SUM_BY_NONZERO_WEIGHTS,
) -> Tensor:
    """The sigmoid cross entropy of each element (TF1 symbol: `tf.losses.sigmoid_cross_entropy`).

    `label_smoothing` above 0 moves the labels that much towards 1/2.
    """
    _both("multi_class_labels", multi_class_labels, "logits", logits)
    with name_scope(scope, "sigmoid_cross_entropy_loss", [logits, multi_class_labels, weights]) as scope:
        logits = convert_to_tensor(logits)
        labels = math.cast(multi_class_labels, logits.dtype.base_dtype)
        logits.shape.assert_is_compatible_with(labels.shape)
        if label_smoothing > 0:
            labels = labels * (1 - label_smoothing) + 0.5 * label_smoothing
        losses = nn.sigmoid_cross_entropy_with_logits(labels=labels, logits=logits, name="xentropy")
        return compute_weighted_loss(losses, weights, scope, loss_collection, reduction)


def softmax_cross_entropy(
    onehot_labels: Any,
    logits: Any,
    weights: Any = 1.0,
    label_smoothing: float = 0,
    scope: str | None = None,
    loss_collection: Any = GraphKeys.LOSSES,
    reduction: str = Reduction.SUM_BY_NONZERO_WEIGHTS,
) -> Tensor:
    """The softmax cross entropy of each row (TF1 symbol: `tf.losses.softmax_cross_entropy`).

    `label_smoothing` above 0 moves the labels that much towards 1 / classes.
    """
    _both("onehot_labels", onehot_labels, "logits", logits)
    with name_scope(scope, "softmax_cross_entropy_loss", [logits, onehot_labels, weights]) as scope:
        logits = convert_to_tensor(logits)
        kind = logits.dtype.base_dtype
        labels = math.cast(onehot_labels, kind)
        logits.shape.assert_is_compatible_with(labels.shape)
        if label_smoothing > 0:
            classes = math.cast(array.shape(labels)[-1], kind)
            labels = labels * (1.0 - label_smoothing) + label_smoothing / classes
        get_default_graph().skip(1)
        labels = array.stop_gradient(labels, name="labels_stop_gradient")
        losses = nn.softmax_cross_entropy_with_logits_v2(labels=labels, logits=logits, name="xentropy")
        return compute_weighted_loss(losses, weights, scope, loss_collection, reduction)


def sparse_softmax_cross_entropy(
    labels: Any,
    logits: Any,
    weights: Any = 1.0,
    scope: str | None = None,
    loss_collection: Any = GraphKeys.LOSSES,
    reduction: str = Reduction.SUM_BY_NONZERO_WEIGHTS,
) -> Tensor:
    """The softmax cross entropy of each row for class indices (TF1 symbol:
    `tf.losses.sparse_softmax_cross_entropy`). A last size of 1 of labels and weights is left out.
    """
    _both("labels", labels, "logits", logits)
    with name_scope(scope, "sparse_softmax_cross_entropy_loss", [logits, labels, weights]) as scope:
        labels, logits = remove_squeezable_dimensions(labels, logits, expected_rank_diff=1)
        weights = squeezed_weights(weights, labels)
        losses = nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=logits, name="xentropy")
        return compute_weighted_loss(losses, weights, scope, loss_collection, reduction)


__getattr__ = absent("tf.losses", __all__)
