"""Networks of dense layers as estimators."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ... import layers, losses, summary
from ...arguments import handed_on
from ...feature_column.base import FeatureColumn
from ...feature_column.inputs import InputLayer
from ...feature_column.layers import DenseFeatures
from ...initializers import GlorotUniform
from ...ops import nn
from ...ops.activations import zero_fraction
from ...partitioned import min_max_variable_partitioner
from ...variable_scope import variable_scope
from ..estimator import Estimator
from ..specs import ModeKeys
from .heads import Head, RegressionHead, head_of
from .optimizers import optimizer_of

_LEARNING_RATE = 0.05
LARGE = 64 << 20  # bytes, from which on a table would be split between parameter servers


def are_layered(columns: Sequence[Any]) -> bool:
    """Whether a layer can hold all columns' variables."""
    return all(isinstance(column, FeatureColumn) and column._is_layered for column in columns)


def partitioner_of(config: Any, **options: Any) -> Any:
    """What splits variables: here into one part, as there are no parameter servers."""
    return min_max_variable_partitioner(max_partitions=config.num_ps_replicas if config else 0, **options)


def check_features(features: Any) -> None:
    """Raise a ValueError unless the features are a dict."""
    if not isinstance(features, dict):
        raise ValueError(f"features should be a dictionary of `Tensor`s. Given type: {type(features)}")


def _summarize(value: Any, tag: str) -> None:
    summary.scalar(f"{tag}/fraction_of_zero_values", zero_fraction(value))
    summary.histogram(f"{tag}/activation", value)


def dnn_logit_fn_builder(
    units: int,
    hidden_units: Sequence[int],
    feature_columns: Sequence[Any],
    activation_fn: Any,
    dropout: float | None,
    input_layer_partitioner: Any,
    batch_norm: bool,
) -> Callable[..., Any]:
    """A function of features and mode that makes the network and gives its logits."""

    def logit_fn(features: Any, mode: str) -> Any:
        is_training = mode == ModeKeys.TRAIN
        if are_layered(feature_columns):
            inputs: Any = DenseFeatures(feature_columns, name="input_layer")
        else:
            inputs = InputLayer(feature_columns, name="input_layer", create_scope_now=False)
        scopes = []
        for place in range(len(hidden_units)):
            # As in a model of Keras, where variables are such.
            with variable_scope(f"hiddenlayer_{place}", use_resource=True) as scope:
                scopes.append(scope)
        with variable_scope("logits", use_resource=True) as logits_scope:
            pass
        with variable_scope("input_from_feature_columns", partitioner=input_layer_partitioner):
            net = inputs(features)
        for place, size in enumerate(hidden_units):
            scope = scopes[place]
            net = _dense(scope, size, activation_fn)(net)
            if dropout is not None and is_training:
                net = layers.Dropout(rate=dropout)(net, training=True)
            if batch_norm:
                with variable_scope(scope, auxiliary_name_scope=False):
                    normalize = layers.BatchNormalization(
                        momentum=0.999, name=f"batchnorm_{place}", _scope=f"batchnorm_{place}"
                    )
                net = normalize(net, training=is_training)
            _summarize(net, scope.name)
        logits = _dense(logits_scope, units, None)(net)
        _summarize(logits, logits_scope.name)
        return logits

    return logit_fn


def _dense(scope: Any, units: int, activation: Any) -> Any:
    return layers.Dense(
        units, activation=activation, kernel_initializer=GlorotUniform(), name=scope, _scope=scope
    )


def dnn_model_fn(
    features: Any,
    labels: Any,
    mode: str,
    head: Head,
    hidden_units: Sequence[int],
    feature_columns: Sequence[Any],
    optimizer: Any,
    activation_fn: Any,
    dropout: float | None,
    input_layer_partitioner: Any,
    config: Any,
    batch_norm: bool,
) -> Any:
    """The model function of networks of dense layers."""
    made = optimizer_of(optimizer, _LEARNING_RATE)
    check_features(features)
    with variable_scope("dnn", values=tuple(features.values()), partitioner=partitioner_of(config)):
        split = input_layer_partitioner or partitioner_of(config, min_slice_size=LARGE)
        logit_fn = dnn_logit_fn_builder(
            head.logits_dimension, hidden_units, feature_columns, activation_fn, dropout, split, batch_norm
        )
        logits = logit_fn(features, mode)
        return head.create_estimator_spec(features, mode, logits, labels, made)


class DNNEstimator(Estimator):
    """Dense layers under a head (TF1 symbol: `tf.estimator.DNNEstimator`).

    Args:
        head: as `tf.contrib.estimator.regression_head` and its like make one.
        hidden_units: the sizes of the layers.
        feature_columns: columns of numbers.
        optimizer: a name, an optimizer, or a function that makes one.
    """

    def __init__(
        self,
        head: Head,
        hidden_units: Sequence[int],
        feature_columns: Any,
        model_dir: str | None = None,
        optimizer: Any = "Adagrad",
        activation_fn: Any = nn.relu,
        dropout: float | None = None,
        input_layer_partitioner: Any = None,
        config: Any = None,
        warm_start_from: Any = None,
        batch_norm: bool = False,
    ) -> None:
        columns = tuple(feature_columns or ())

        def model_fn(features: Any, labels: Any, mode: str, config: Any) -> Any:
            return dnn_model_fn(
                features,
                labels,
                mode,
                head,
                hidden_units,
                columns,
                optimizer,
                activation_fn,
                dropout,
                input_layer_partitioner,
                config,
                batch_norm,
            )

        super().__init__(model_fn, model_dir, config, warm_start_from=warm_start_from)


class DNNClassifier(DNNEstimator):
    """Dense layers that choose a class (TF1 symbol: `tf.estimator.DNNClassifier`)."""

    def __init__(
        self,
        hidden_units: Sequence[int],
        feature_columns: Any,
        model_dir: str | None = None,
        n_classes: int = 2,
        weight_column: Any = None,
        label_vocabulary: Any = None,
        optimizer: Any = "Adagrad",
        activation_fn: Any = nn.relu,
        dropout: float | None = None,
        input_layer_partitioner: Any = None,
        config: Any = None,
        warm_start_from: Any = None,
        loss_reduction: str = losses.Reduction.SUM,
        batch_norm: bool = False,
    ) -> None:
        super().__init__(
            **handed_on(locals(), "n_classes", "weight_column", "label_vocabulary", "loss_reduction"),
            head=head_of(n_classes, weight_column, label_vocabulary, loss_reduction),
        )


class DNNRegressor(DNNEstimator):
    """Dense layers that give numbers (TF1 symbol: `tf.estimator.DNNRegressor`)."""

    def __init__(
        self,
        hidden_units: Sequence[int],
        feature_columns: Any,
        model_dir: str | None = None,
        label_dimension: int = 1,
        weight_column: Any = None,
        optimizer: Any = "Adagrad",
        activation_fn: Any = nn.relu,
        dropout: float | None = None,
        input_layer_partitioner: Any = None,
        config: Any = None,
        warm_start_from: Any = None,
        loss_reduction: str = losses.Reduction.SUM,
        batch_norm: bool = False,
    ) -> None:
        super().__init__(
            **handed_on(locals(), "label_dimension", "weight_column", "loss_reduction"),
            head=RegressionHead(weight_column, label_dimension, loss_reduction),
        )
