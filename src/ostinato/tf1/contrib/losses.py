"""The module `tf.contrib.losses`: the losses of 0.x, predictions first.

Weights may have fewer axes than the losses, from the left. `tf.losses` has what came after them.

>>> import ostinato.tf1 as tf
>>> with tf.Graph().as_default(), tf.Session() as session:
...     predictions, labels = tf.constant([[1.0, 2.0], [3.0, 4.0]]), tf.zeros([2, 2])
...     session.run(tf.contrib.losses.mean_squared_error(predictions, labels, tf.constant([1.0, 0.0])))
np.float32(2.5)
"""

from __future__ import annotations

from typing import Any

import torch

from .. import losses as later
from ..dtypes import float32
from ..graph import name_scope
from ..losses import add_loss, get_losses, get_regularization_losses
from ..names import absent
from ..ops import array, math, nn, reductions
from ..ops.core import convert_to_tensor, one
from ..registry import register
from ..shapes import TensorShape
from ..tensor import Tensor

__all__ = [
    "absolute_difference",
    "add_loss",
    "compute_weighted_loss",
    "cosine_distance",
    "get_losses",
    "get_regularization_losses",
    "get_total_loss",
    "hinge_loss",
    "log_loss",
    "mean_pairwise_squared_error",
    "mean_squared_error",
    "sigmoid_cross_entropy",
    "softmax_cross_entropy",
    "sparse_softmax_cross_entropy",
]


def get_total_loss(add_regularization_losses: bool = True, name: str = "total_loss") -> Tensor:
    """The sum of all losses made so far (TF1 symbol: `tf.contrib.losses.get_total_loss`)."""
    return later.get_total_loss(add_regularization_losses, name)


def _expanded(weights: Tensor, rank: int) -> Tensor:
    """Weights with axes of size 1 behind their own."""
    own = weights.shape.ndims
    if own is None:
        raise ValueError("weights.get_shape().ndims cannot be None")
    if own > 1 and weights.shape[-1].is_compatible_with(1):
        weights, own = array.squeeze(weights, [-1]), own - 1
    for _ in range(rank - own if own else 0):
        weights = array.expand_dims(weights, -1)
    return weights


def compute_weighted_loss(losses: Any, weights: Any = 1.0, scope: str | None = None) -> Tensor:
    """The mean of losses times weights over the losses whose weights are not 0 (TF1 symbol:
    `tf.contrib.losses.compute_weighted_loss`).

    Raises:
        ValueError: losses or weights of unknown rank.
    """
    with name_scope(scope, "weighted_loss", [losses, weights]):
        losses = convert_to_tensor(losses)
        kind = losses.dtype.base_dtype
        if losses.shape.ndims is None:
            raise ValueError("losses.get_shape().ndims cannot be None")
        weights = _expanded(math.cast(convert_to_tensor(weights), float32), losses.shape.ndims)
        reduction = later.Reduction.SUM_BY_NONZERO_WEIGHTS
        loss = one("ReducedLoss", [math.cast(losses, float32), weights], "value", reduction=reduction)
        loss = math.cast(loss, kind)
        add_loss(loss)
        return loss


def _pair(predictions: Any, labels: Any) -> tuple[Tensor, Tensor]:
    predictions, labels = convert_to_tensor(predictions), convert_to_tensor(labels)
    predictions.shape.assert_is_compatible_with(labels.shape)
    return math.cast(predictions, float32), math.cast(labels, float32)


def absolute_difference(
    predictions: Any, labels: Any = None, weights: Any = 1.0, scope: str | None = None
) -> Tensor:
    """|predictions - labels| (TF1 symbol: `tf.contrib.losses.absolute_difference`)."""
    with name_scope(scope, "absolute_difference", [predictions, labels, weights]) as scope:
        predictions, labels = _pair(predictions, labels)
        return compute_weighted_loss(math.abs_(predictions - labels), weights, scope)


def sigmoid_cross_entropy(
    logits: Any,
    multi_class_labels: Any,
    weights: Any = 1.0,
    label_smoothing: float = 0,
    scope: str | None = None,
) -> Tensor:
    """The sigmoid cross entropy of each element (TF1 symbol: `tf.contrib.losses.sigmoid_cross_entropy`)."""
    with name_scope(scope, "sigmoid_cross_entropy_loss", [logits, multi_class_labels, weights]) as scope:
        logits = convert_to_tensor(logits)
        labels = math.cast(multi_class_labels, logits.dtype.base_dtype)
        logits.shape.assert_is_compatible_with(labels.shape)
        if label_smoothing > 0:
            labels = labels * (1 - label_smoothing) + 0.5 * label_smoothing
        losses = nn.sigmoid_cross_entropy_with_logits(labels=labels, logits=logits, name="xentropy")
        return compute_weighted_loss(losses, weights, scope)


def softmax_cross_entropy(
    logits: Any, onehot_labels: Any, weights: Any = 1.0, label_smoothing: float = 0, scope: str | None = None
) -> Tensor:
    """The softmax cross entropy of each row (TF1 symbol: `tf.contrib.losses.softmax_cross_entropy`)."""
    with name_scope(scope, "softmax_cross_entropy_loss", [logits, onehot_labels, weights]) as scope:
        logits = convert_to_tensor(logits)
        kind = logits.dtype.base_dtype
        labels = math.cast(onehot_labels, kind)
        logits.shape.assert_is_compatible_with(labels.shape)
        if label_smoothing > 0:
            classes = math.cast(array.shape(labels)[1], kind)
            labels = labels * (1.0 - label_smoothing) + label_smoothing / classes
        losses = nn.softmax_cross_entropy_with_logits(labels=labels, logits=logits, name="xentropy")
        return compute_weighted_loss(losses, weights, scope)


def sparse_softmax_cross_entropy(
    logits: Any, labels: Any, weights: Any = 1.0, scope: str | None = None
) -> Tensor:
    """The softmax cross entropy of each row for class indices (TF1 symbol:
    `tf.contrib.losses.sparse_softmax_cross_entropy`).
    """
    with name_scope(scope, "sparse_softmax_cross_entropy_loss", [logits, labels, weights]) as scope:
        labels = convert_to_tensor(labels)
        labels = array.reshape(labels, [array.shape(labels)[0]])
        losses = nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=logits, name="xentropy")
        return compute_weighted_loss(losses, weights, scope)


def log_loss(
    predictions: Any, labels: Any = None, weights: Any = 1.0, epsilon: float = 1e-7, scope: str | None = None
) -> Tensor:
    """-labels * log(predictions) - (1 - labels) * log(1 - predictions) (TF1 symbol:
    `tf.contrib.losses.log_loss`).
    """
    with name_scope(scope, "log_loss", [predictions, labels, weights]) as scope:
        predictions, labels = _pair(predictions, labels)
        positive = math.multiply(labels, math.log(predictions + epsilon))
        losses = -positive - math.multiply(1 - labels, math.log(1 - predictions + epsilon))
        return compute_weighted_loss(losses, weights, scope)


def hinge_loss(logits: Any, labels: Any = None, scope: str | None = None) -> Tensor:
    """max(0, 1 - (2 * labels - 1) * logits), not reduced and in no collection (TF1 symbol:
    `tf.contrib.losses.hinge_loss`).
    """
    with name_scope(scope, "hinge_loss", [logits, labels]):
        logits, labels = convert_to_tensor(logits), convert_to_tensor(labels)
        logits.shape.assert_is_compatible_with(labels.shape)
        return nn.relu(1 - math.multiply(2 * math.cast(labels, float32) - 1, logits))


def mean_squared_error(
    predictions: Any, labels: Any = None, weights: Any = 1.0, scope: str | None = None
) -> Tensor:
    """(predictions - labels) ** 2 (TF1 symbol: `tf.contrib.losses.mean_squared_error`)."""
    with name_scope(scope, "mean_squared_error", [predictions, labels, weights]) as scope:
        predictions, labels = _pair(predictions, labels)
        return compute_weighted_loss(math.squared_difference(predictions, labels), weights, scope)


def _pairwise(differences: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
    """Pairs of a row counted as if each element stood beside itself too, as 0.x did."""
    axes = list(range(1, differences.dim()))
    held = (weights != 0).to(differences.dtype)
    present = held.expand(differences.shape).sum(axes) if axes else held.expand(differences.shape)
    safe = torch.where(present > 0, present, torch.ones_like(present))
    squares = (differences * differences).sum(axes) if axes else differences * differences
    total = differences.sum(axes) if axes else differences
    rows = torch.where(present > 0, 2.0 * squares / safe - 2.0 * (total / safe) ** 2, torch.zeros_like(total))
    loss = (rows * weights.reshape(weights.shape[:1])).sum()
    return torch.where(present.sum() > 0, loss, torch.zeros_like(loss))


register("MeanPairwiseSquaredErrorOfRows", _pairwise, lambda i, a: [(i[0].dtype.base_dtype, TensorShape([]))])


def mean_pairwise_squared_error(
    predictions: Any, labels: Any = None, weights: Any = 1.0, scope: str | None = None
) -> Tensor:
    """The squared differences between the pairs of a row's predictions and those of its labels (TF1 symbol:
    `tf.contrib.losses.mean_pairwise_squared_error`). Weights are a scalar, or one for each row.
    """
    with name_scope(scope, "mean_pairwise_squared_error", [predictions, labels, weights]):
        predictions, labels = _pair(predictions, labels)
        differences = math.subtract(predictions, labels)
        if differences.shape.ndims is None:
            raise ValueError("diffs.get_shape().ndims cannot be None")
        weights = _expanded(math.cast(convert_to_tensor(weights), float32), differences.shape.ndims)
        loss = one("MeanPairwiseSquaredErrorOfRows", [differences, weights], "value")
        add_loss(loss)
        return loss


def cosine_distance(
    predictions: Any,
    labels: Any = None,
    axis: int | None = None,
    weights: Any = 1.0,
    scope: str | None = None,
    dim: int | None = None,
) -> Tensor:
    """1 - sum(predictions * labels) along an axis (TF1 symbol: `tf.contrib.losses.cosine_distance`)."""
    axis = math.either("axis", axis, "dim", dim)
    if axis is None:
        raise ValueError("You must specify 'axis'.")
    with name_scope(scope, "cosine_distance_loss", [predictions, labels, weights]) as scope:
        predictions, labels = _pair(predictions, labels)
        losses = 1 - reductions.reduce_sum(math.multiply(predictions, labels), [axis])
        return compute_weighted_loss(losses, weights, scope)


__getattr__ = absent("tf.contrib.losses", __all__)
