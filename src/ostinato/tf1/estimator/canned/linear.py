"""Linear models as estimators."""

from __future__ import annotations

import math as numbers
from collections.abc import Callable, Sequence
from typing import Any

from ... import losses, summary
from ...feature_column.inputs import linear_model
from ...feature_column.layers import LinearLayer
from ...graph import name_scope
from ...ops import array, math
from ...ops.activations import zero_fraction
from ...partitioned import PartitionedVariable
from ...train import FtrlOptimizer
from ...variable_scope import variable_scope
from ..estimator import Estimator
from .dnn import LARGE, are_layered, check_features, partitioner_of
from .heads import Head, RegressionHead, head_of
from .optimizers import optimizer_of

_LEARNING_RATE = 0.2


def _parts(variables: Sequence[Any]) -> list[Any]:
    return [
        part for each in variables for part in (each if isinstance(each, PartitionedVariable) else [each])
    ]


def _fraction_of_zero(variables: Sequence[Any]) -> Any:
    with name_scope("zero_fraction"):
        total = sum(each.shape.num_elements() for each in variables)
        zeros = math.add_n([zero_fraction(each) * float(each.shape.num_elements()) for each in variables])
        return array.identity(zeros / float(total), name="zero_fraction_or_nan")


def linear_logit_fn_builder(
    units: int, feature_columns: Sequence[Any], sparse_combiner: str = "sum"
) -> Callable[..., Any]:
    """A function of features that makes the model and gives its logits."""

    def logit_fn(features: Any) -> Any:
        if are_layered(feature_columns):
            layer = LinearLayer(feature_columns, units, sparse_combiner, name="linear_model")
            # The model of Keras that holds the layer opens a scope of its own.
            with name_scope("linear_model"):
                logits = layer(features)
            found = layer.variables_by_column()
        else:
            found = {}
            logits = linear_model(features, feature_columns, units, sparse_combiner, cols_to_vars=found)
        bias = _parts(found.pop("bias"))
        weights = _parts([each for column in found for each in found[column]])
        if units > 1:
            summary.histogram("bias", bias)
        else:
            summary.scalar("bias", bias[0][0])
        summary.scalar("fraction_of_zero_weights", _fraction_of_zero(weights))
        return logits

    return logit_fn


def _usual_optimizer(columns: Sequence[Any]) -> Any:
    return FtrlOptimizer(learning_rate=min(_LEARNING_RATE, 1.0 / numbers.sqrt(len(columns))))


class LinearEstimator(Estimator):
    """A linear model under a head (TF1 symbol: `tf.estimator.LinearEstimator`).

    Args:
        head: as `tf.contrib.estimator.regression_head` and its like make one.
        feature_columns: columns of numbers or ids.
        optimizer: a name, an optimizer, a function that makes one, or None for Ftrl.
        sparse_combiner: "sum", "mean" or "sqrtn".
    """

    def __init__(
        self,
        head: Head,
        feature_columns: Any,
        model_dir: str | None = None,
        optimizer: Any = "Ftrl",
        config: Any = None,
        partitioner: Any = None,
        sparse_combiner: str = "sum",
        warm_start_from: Any = None,
    ) -> None:
        columns = tuple(feature_columns or ())

        def model_fn(features: Any, labels: Any, mode: str, config: Any) -> Any:
            check_features(features)
            split = partitioner or partitioner_of(config, min_slice_size=LARGE)
            with variable_scope("linear", values=tuple(features.values()), partitioner=split):
                logit_fn = linear_logit_fn_builder(head.logits_dimension, columns, sparse_combiner)
                logits = logit_fn(features)
                made = optimizer_of(optimizer or _usual_optimizer(columns), _LEARNING_RATE)
                return head.create_estimator_spec(features, mode, logits, labels, made)

        super().__init__(model_fn, model_dir, config, warm_start_from=warm_start_from)


class LinearClassifier(LinearEstimator):
    """A linear model that chooses a class (TF1 symbol: `tf.estimator.LinearClassifier`)."""

    def __init__(
        self,
        feature_columns: Any,
        model_dir: str | None = None,
        n_classes: int = 2,
        weight_column: Any = None,
        label_vocabulary: Any = None,
        optimizer: Any = "Ftrl",
        config: Any = None,
        partitioner: Any = None,
        warm_start_from: Any = None,
        loss_reduction: str = losses.Reduction.SUM,
        sparse_combiner: str = "sum",
    ) -> None:
        head = head_of(n_classes, weight_column, label_vocabulary, loss_reduction)
        super().__init__(
            head, feature_columns, model_dir, optimizer, config, partitioner, sparse_combiner, warm_start_from
        )


class LinearRegressor(LinearEstimator):
    """A linear model that gives numbers (TF1 symbol: `tf.estimator.LinearRegressor`)."""

    def __init__(
        self,
        feature_columns: Any,
        model_dir: str | None = None,
        label_dimension: int = 1,
        weight_column: Any = None,
        optimizer: Any = "Ftrl",
        config: Any = None,
        partitioner: Any = None,
        warm_start_from: Any = None,
        loss_reduction: str = losses.Reduction.SUM,
        sparse_combiner: str = "sum",
    ) -> None:
        head = RegressionHead(weight_column, label_dimension, loss_reduction)
        super().__init__(
            head, feature_columns, model_dir, optimizer, config, partitioner, sparse_combiner, warm_start_from
        )
