"""The module `tf.contrib.estimator`: heads of one's own models, and recurrent networks ready-made."""

from __future__ import annotations

from typing import Any

from .. import losses
from ..estimator.canned.clipped import add_metrics, clip_gradients_by_norm
from ..estimator.canned.dnn import dnn_logit_fn_builder
from ..estimator.canned.heads import BinaryHead, Head, MultiClassHead, RegressionHead
from ..estimator.canned.linear import linear_logit_fn_builder
from ..estimator.canned.rnn import RNNClassifier, RNNEstimator
from ..estimator.early_stopping import (
    make_early_stopping_hook,
    read_eval_metrics,
    stop_if_higher_hook,
    stop_if_lower_hook,
    stop_if_no_decrease_hook,
    stop_if_no_increase_hook,
)
from ..names import absent
from ..ops import math, nn
from ..ops.cross_entropies import log_poisson_loss

_MEAN = losses.Reduction.SUM_OVER_BATCH_SIZE


def multi_class_head(
    n_classes: int,
    weight_column: Any = None,
    label_vocabulary: Any = None,
    loss_reduction: str = _MEAN,
    loss_fn: Any = None,
    name: str | None = None,
) -> Head:
    """A head for one class of three or more (TF1 symbol: `tf.contrib.estimator.multi_class_head`)."""
    return MultiClassHead(n_classes, weight_column, label_vocabulary, loss_reduction, loss_fn, name)


def binary_classification_head(
    weight_column: Any = None,
    thresholds: Any = None,
    label_vocabulary: Any = None,
    loss_reduction: str = _MEAN,
    loss_fn: Any = None,
    name: str | None = None,
) -> Head:
    """A head for one class of two (TF1 symbol: `tf.contrib.estimator.binary_classification_head`)."""
    return BinaryHead(weight_column, thresholds, label_vocabulary, loss_reduction, loss_fn, name)


def regression_head(
    weight_column: Any = None,
    label_dimension: int = 1,
    loss_reduction: str = _MEAN,
    loss_fn: Any = None,
    inverse_link_fn: Any = None,
    name: str | None = None,
) -> Head:
    """A head for numbers (TF1 symbol: `tf.contrib.estimator.regression_head`)."""
    return RegressionHead(weight_column, label_dimension, loss_reduction, loss_fn, inverse_link_fn, name)


def poisson_regression_head(
    weight_column: Any = None,
    label_dimension: int = 1,
    loss_reduction: str = _MEAN,
    compute_full_loss: bool = True,
    name: str | None = None,
) -> Head:
    """A head for counts (TF1 symbol: `tf.contrib.estimator.poisson_regression_head`)."""

    def loss_fn(labels: Any, logits: Any) -> Any:
        return log_poisson_loss(labels, logits, compute_full_loss=compute_full_loss)

    return RegressionHead(weight_column, label_dimension, loss_reduction, loss_fn, math.exp, name)


def logistic_regression_head(
    weight_column: Any = None, loss_reduction: str = _MEAN, name: str | None = None
) -> Head:
    """A head for a probability (TF1 symbol: `tf.contrib.estimator.logistic_regression_head`)."""

    def loss_fn(labels: Any, logits: Any) -> Any:
        return nn.sigmoid_cross_entropy_with_logits(labels=labels, logits=logits)

    return RegressionHead(weight_column, 1, loss_reduction, loss_fn, math.sigmoid, name)


__all__ = [
    "RNNClassifier",
    "RNNEstimator",
    "add_metrics",
    "binary_classification_head",
    "clip_gradients_by_norm",
    "dnn_logit_fn_builder",
    "linear_logit_fn_builder",
    "logistic_regression_head",
    "make_early_stopping_hook",
    "multi_class_head",
    "poisson_regression_head",
    "read_eval_metrics",
    "regression_head",
    "stop_if_higher_hook",
    "stop_if_lower_hook",
    "stop_if_no_decrease_hook",
    "stop_if_no_increase_hook",
]
__getattr__ = absent("tf.contrib.estimator", __all__)
