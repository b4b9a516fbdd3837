"""Estimators that look at no feature: they learn what is usual."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ... import losses
from ...check_ops import assert_equal
from ...feature_column.numeric import NumericColumn
from ...graph import control_dependencies
from ...initializers import Zeros
from ...ops import array, lists, math
from ...variable_scope import get_variable, variable_scope
from ..estimator import Estimator
from .heads import Head, RegressionHead, head_of, trained
from .optimizers import optimizer_of

_LEARNING_RATE = 0.3


def _weight_key(column: Any) -> Any:
    if column is None or isinstance(column, str):
        return column
    if not isinstance(column, NumericColumn):
        raise TypeError(
            f"Weight column must be either a string or _NumericColumn. Given type: {type(column)}."
        )
    return column.key


def _logits(features: Mapping[str, Any], size: int, weight_column: Any) -> Any:
    key = _weight_key(weight_column)
    batches = [array.shape(feature)[0] for name, feature in features.items() if name != key]
    checks = [assert_equal(batches[0], other) for other in batches[1:]]
    with control_dependencies(checks), variable_scope("baseline"):
        bias = get_variable("bias", [size], initializer=Zeros)
        return math.multiply(bias, array.ones(lists.stack([batches[0], size])))


class BaselineEstimator(Estimator):
    """A bias under a head (TF1 symbol: `tf.estimator.BaselineEstimator`).

    Args:
        head: as `tf.contrib.estimator.regression_head` and its like make one.
        optimizer: a name, an optimizer, or a function that makes one.
    """

    def __init__(
        self,
        head: Head,
        model_dir: str | None = None,
        optimizer: Any = "Ftrl",
        config: Any = None,
        weight_column: Any = None,
    ) -> None:
        def model_fn(features: Any, labels: Any, mode: str) -> Any:
            def train_op_fn(loss: Any) -> Any:
                return trained(loss, optimizer_of(optimizer, _LEARNING_RATE), None)

            logits = _logits(features, head.logits_dimension, weight_column)
            return head.create_estimator_spec(features, mode, logits, labels, train_op_fn=train_op_fn)

        super().__init__(model_fn, model_dir, config)


class BaselineClassifier(BaselineEstimator):
    """How frequent the classes are (TF1 symbol: `tf.estimator.BaselineClassifier`)."""

    def __init__(
        self,
        model_dir: str | None = None,
        n_classes: int = 2,
        weight_column: Any = None,
        label_vocabulary: Any = None,
        optimizer: Any = "Ftrl",
        config: Any = None,
        loss_reduction: str = losses.Reduction.SUM,
    ) -> None:
        head = head_of(n_classes, weight_column, label_vocabulary, loss_reduction)
        super().__init__(head, model_dir, optimizer, config, weight_column)


class BaselineRegressor(BaselineEstimator):
    """The mean of the labels (TF1 symbol: `tf.estimator.BaselineRegressor`)."""

    def __init__(
        self,
        model_dir: str | None = None,
        label_dimension: int = 1,
        weight_column: Any = None,
        optimizer: Any = "Ftrl",
        config: Any = None,
        loss_reduction: str = losses.Reduction.SUM,
    ) -> None:
        head = RegressionHead(weight_column, label_dimension, loss_reduction)
        super().__init__(head, model_dir, optimizer, config)
