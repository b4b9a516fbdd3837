"""A linear model and dense layers, trained together, as estimators."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from ... import losses, summary
from ...arguments import handed_on
from ...global_step import get_global_step
from ...graph import GraphKeys, control_dependencies, get_collection
from ...ops import nn
from ...ops.activations import zero_fraction
from ...ops.control import group
from ...ops.state import assign_add
from ...variable_scope import variable_scope
from ..estimator import Estimator
from .dnn import LARGE, check_features, dnn_logit_fn_builder, partitioner_of
from .heads import Head, RegressionHead, head_of
from .linear import linear_logit_fn_builder
from .optimizers import optimizer_of

_DNN_LEARNING_RATE, _LINEAR_LEARNING_RATE = 0.001, 0.005


class DNNLinearCombinedEstimator(Estimator):
    """The sum of a linear model's and dense layers' logits under a head (TF1 symbol:
    `tf.estimator.DNNLinearCombinedEstimator`).

    Args:
        head: as `tf.contrib.estimator.regression_head` and its like make one.
        linear_feature_columns, dnn_feature_columns: columns of the two; one of them may be left out.
        linear_optimizer, dnn_optimizer: names, optimizers, or functions that make one.
        dnn_hidden_units: the sizes of the layers.

    Raises:
        ValueError: no columns.
    """

    def __init__(
        self,
        head: Head,
        model_dir: str | None = None,
        linear_feature_columns: Any = None,
        linear_optimizer: Any = "Ftrl",
        dnn_feature_columns: Any = None,
        dnn_optimizer: Any = "Adagrad",
        dnn_hidden_units: Sequence[int] | None = None,
        dnn_activation_fn: Any = nn.relu,
        dnn_dropout: float | None = None,
        input_layer_partitioner: Any = None,
        config: Any = None,
        linear_sparse_combiner: str = "sum",
        warm_start_from: Any = None,
        batch_norm: bool = False,
    ) -> None:
        wide, deep = list(linear_feature_columns or ()), list(dnn_feature_columns or ())
        if not wide and not deep:
            raise ValueError("Either linear_feature_columns or dnn_feature_columns must be defined.")

        def model_fn(features: Any, labels: Any, mode: str, config: Any) -> Any:
            check_features(features)
            split = input_layer_partitioner or partitioner_of(config, min_slice_size=LARGE)
            trained, logits = [], None
            if deep:
                rate = optimizer_of(dnn_optimizer, _DNN_LEARNING_RATE)
                if not dnn_hidden_units:
                    raise ValueError(
                        "dnn_hidden_units must be defined when dnn_feature_columns is specified."
                    )
                values = tuple(features.values())
                with variable_scope("dnn", values=values, partitioner=partitioner_of(config)) as scope:
                    logit_fn = dnn_logit_fn_builder(
                        head.logits_dimension,
                        dnn_hidden_units,
                        deep,
                        dnn_activation_fn,
                        dnn_dropout,
                        split,
                        batch_norm,
                    )
                    logits = logit_fn(features, mode)
                trained.append((rate, scope.name))
            if wide:
                usual = min(_LINEAR_LEARNING_RATE, 1.0 / math.sqrt(len(wide)))
                rate = optimizer_of(linear_optimizer, usual)
                with variable_scope("linear", values=tuple(features.values()), partitioner=split) as scope:
                    part = linear_logit_fn_builder(head.logits_dimension, wide, linear_sparse_combiner)(
                        features
                    )
                    summary.scalar(f"{scope.name}/fraction_of_zero_values", zero_fraction(part))
                    summary.histogram(f"{scope.name}/activation", part)
                logits = part if logits is None else logits + part
                trained.append((rate, scope.name))

            def train_op_fn(loss: Any) -> Any:
                steps = [
                    optimizer.minimize(
                        loss, var_list=get_collection(GraphKeys.TRAINABLE_VARIABLES, scope=name)
                    )
                    for optimizer, name in trained
                ]
                with control_dependencies([group(*steps)]):
                    return assign_add(get_global_step(), 1).op

            return head.create_estimator_spec(features, mode, logits, labels, train_op_fn=train_op_fn)

        super().__init__(model_fn, model_dir, config, warm_start_from=warm_start_from)


class DNNLinearCombinedClassifier(DNNLinearCombinedEstimator):
    """The two, choosing a class (TF1 symbol: `tf.estimator.DNNLinearCombinedClassifier`)."""

    def __init__(
        self,
        model_dir: str | None = None,
        linear_feature_columns: Any = None,
        linear_optimizer: Any = "Ftrl",
        dnn_feature_columns: Any = None,
        dnn_optimizer: Any = "Adagrad",
        dnn_hidden_units: Sequence[int] | None = None,
        dnn_activation_fn: Any = nn.relu,
        dnn_dropout: float | None = None,
        n_classes: int = 2,
        weight_column: Any = None,
        label_vocabulary: Any = None,
        input_layer_partitioner: Any = None,
        config: Any = None,
        warm_start_from: Any = None,
        loss_reduction: str = losses.Reduction.SUM,
        batch_norm: bool = False,
        linear_sparse_combiner: str = "sum",
    ) -> None:
        super().__init__(
            **handed_on(locals(), "n_classes", "weight_column", "label_vocabulary", "loss_reduction"),
            head=head_of(n_classes, weight_column, label_vocabulary, loss_reduction),
        )


class DNNLinearCombinedRegressor(DNNLinearCombinedEstimator):
    """The two, giving numbers (TF1 symbol: `tf.estimator.DNNLinearCombinedRegressor`)."""

    def __init__(
        self,
        model_dir: str | None = None,
        linear_feature_columns: Any = None,
        linear_optimizer: Any = "Ftrl",
        dnn_feature_columns: Any = None,
        dnn_optimizer: Any = "Adagrad",
        dnn_hidden_units: Sequence[int] | None = None,
        dnn_activation_fn: Any = nn.relu,
        dnn_dropout: float | None = None,
        label_dimension: int = 1,
        weight_column: Any = None,
        input_layer_partitioner: Any = None,
        config: Any = None,
        warm_start_from: Any = None,
        loss_reduction: str = losses.Reduction.SUM,
        batch_norm: bool = False,
        linear_sparse_combiner: str = "sum",
    ) -> None:
        super().__init__(
            **handed_on(locals(), "label_dimension", "weight_column", "loss_reduction"),
            head=RegressionHead(weight_column, label_dimension, loss_reduction),
        )
