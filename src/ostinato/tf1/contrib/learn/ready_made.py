"""The ready-made models of `tf.contrib.learn`: linear ones, dense layers, and both together."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Iterator, Sequence
from typing import Any

from ... import nn, summary
from ...feature_column.inputs import input_layer, linear_model
from ...global_step import get_global_step
from ...gradients import gradients
from ...graph import control_dependencies, get_collection
from ...ops.activations import zero_fraction
from ...ops.control import group
from ...ops.nn import clip_by_global_norm
from ...ops.state import assign_add
from ...partitioned import min_max_variable_partitioner
from ...train import AdagradOptimizer, FtrlOptimizer
from ...variable_scope import variable_scope
from .. import layers
from ..layers.feature_column import _Column
from .estimator import Estimator, SKCompat
from .feeding import DataFeeder
from .heads import Head, RegressionHead, multi_class_head
from .model_fn import ModeKeys

_LARGE = 64 << 20
_DNN_RATE, _LINEAR_RATE = 0.05, 0.2


def _named(features: Any) -> dict[str, Any]:
    return dict(features) if isinstance(features, dict) else {"": features}


def _are_older(columns: Sequence[Any]) -> bool:
    return all(isinstance(column, _Column) for column in columns)


def _optimizer(given: Any, rate: float) -> Any:
    if isinstance(given, str):
        return layers.OPTIMIZER_CLS_NAMES[given](learning_rate=rate)
    return given() if callable(given) else given


def _activation(given: Any) -> Any:
    return getattr(nn, given) if isinstance(given, str) else given


def _summarize(value: Any, tag: str) -> None:
    summary.scalar(f"{tag}/fraction_of_zero_values", zero_fraction(value))
    summary.histogram(f"{tag}/activation", value)


def _split(config: Any, **options: Any) -> Any:
    return min_max_variable_partitioner(max_partitions=config.num_ps_replicas if config else 0, **options)


class _Linear:
    """A linear model's logits, and how its weights are trained."""

    scope = "linear"

    def __init__(self, columns: Any, optimizer: Any, clip: float | None, joint: bool) -> None:
        self._columns = tuple(columns or ())
        self._optimizer, self._clip, self._joint = optimizer, clip, joint

    @contextlib.contextmanager
    def logits(self, features: dict[str, Any], head: Head, split: Any) -> Iterator[Any]:
        """The logits, with the model's scope open."""
        with variable_scope(self.scope, values=tuple(features.values()), partitioner=split) as scope:
            if not _are_older(self._columns):
                yield linear_model(
                    features, self._columns, head.logits_dimension, weight_collections=[self.scope]
                )
                return
            layer = (
                layers.joint_weighted_sum_from_feature_columns
                if self._joint
                else layers.weighted_sum_from_feature_columns
            )
            yield layer(features, self._columns, head.logits_dimension, [self.scope], scope=scope)[0]

    def usual_rate(self) -> float:
        return min(_LINEAR_RATE, 1.0 / math.sqrt(len(self._columns)))

    def train(self, loss: Any) -> Any:
        variables = get_collection(self.scope)
        slopes = gradients(loss, variables)
        if self._clip:
            slopes, _ = clip_by_global_norm(slopes, self._clip)
        usual = FtrlOptimizer(learning_rate=self.usual_rate())
        made = _optimizer(self._optimizer or usual, _LINEAR_RATE)
        return made.apply_gradients(zip(slopes, variables, strict=True), global_step=get_global_step())

    def optimizer(self) -> Any:
        usual = FtrlOptimizer(learning_rate=self.usual_rate())
        return _optimizer(self._optimizer or usual, self.usual_rate())


class _Dense:
    """Dense layers' logits, and how their weights are trained."""

    scope = "dnn"

    def __init__(
        self, columns: Any, units: Any, optimizer: Any, activation: Any, dropout: Any, clip: Any
    ) -> None:
        self._columns, self._units = tuple(columns or ()), tuple(units)
        self._optimizer, self._activation = optimizer, _activation(activation)
        self._dropout, self._clip = dropout, clip

    @contextlib.contextmanager
    def logits(
        self, features: dict[str, Any], head: Head, mode: str, config: Any, least: int | None
    ) -> Iterator[Any]:
        values, names = tuple(features.values()), [self.scope]
        with variable_scope(self.scope, values=values, partitioner=_split(config)):
            split = _split(config, min_slice_size=least or _LARGE)
            with variable_scope("input_from_feature_columns", values=values, partitioner=split) as scope:
                if _are_older(self._columns):
                    net = layers.input_from_feature_columns(features, self._columns, names, scope=scope)
                else:
                    net = input_layer(features, self._columns, weight_collections=names)
            for place, size in enumerate(self._units):
                with variable_scope(f"hiddenlayer_{place}", values=(net,)) as scope:
                    net = layers.fully_connected(
                        net,
                        size,
                        activation_fn=self._activation,
                        variables_collections=names,
                        scope=scope,
                    )
                    if self._dropout is not None and mode == ModeKeys.TRAIN:
                        net = layers.dropout(net, keep_prob=1.0 - self._dropout)
                _summarize(net, scope.name)
            with variable_scope("logits", values=(net,)) as scope:
                logits = layers.fully_connected(
                    net,
                    head.logits_dimension,
                    activation_fn=None,
                    variables_collections=names,
                    scope=scope,
                )
            _summarize(logits, scope.name)
            yield logits

    def optimizer(self) -> Any:
        return _optimizer(self._optimizer or AdagradOptimizer(learning_rate=_DNN_RATE), _DNN_RATE)

    def train(self, loss: Any) -> Any:
        return layers.optimize_loss(
            loss=loss,
            global_step=get_global_step(),
            learning_rate=_DNN_RATE,
            optimizer=_optimizer(self._optimizer or "Adagrad", _DNN_RATE),
            clip_gradients=self._clip,
            name=self.scope,
            summaries=[],
        )


class _ReadyMade(Estimator):
    """A model whose main prediction has a name."""

    _main: str

    def _only(self, key: str, x: Any, input_fn: Any, batch_size: Any, as_iterable: bool) -> Any:
        found = super().predict(x, input_fn, batch_size, [key], as_iterable)
        return (each[key] for each in found) if as_iterable else found[key]

    def predict(
        self,
        x: Any = None,
        input_fn: Any = None,
        batch_size: int | None = None,
        outputs: Any = None,
        as_iterable: bool = True,
        iterate_batches: bool = False,
    ) -> Any:
        """The main predictions, or those of `outputs` by names."""
        if not outputs:
            return self._only(self._main, x, input_fn, batch_size, as_iterable)
        return super().predict(x, input_fn, batch_size, outputs, as_iterable, iterate_batches)


class _Classifier(_ReadyMade):
    _main = "classes"

    def predict_classes(
        self, x: Any = None, input_fn: Any = None, batch_size: Any = None, as_iterable: bool = True
    ) -> Any:
        """The classes, example by example or as an array."""
        return self._only("classes", x, input_fn, batch_size, as_iterable)

    def predict_proba(
        self, x: Any = None, input_fn: Any = None, batch_size: Any = None, as_iterable: bool = True
    ) -> Any:
        """The classes' probabilities, example by example or as an array."""
        return self._only("probabilities", x, input_fn, batch_size, as_iterable)


class _Regressor(_ReadyMade):
    _main = "scores"

    def predict_scores(
        self, x: Any = None, input_fn: Any = None, batch_size: Any = None, as_iterable: bool = True
    ) -> Any:
        """The numbers, example by example or as an array."""
        return self._only("scores", x, input_fn, batch_size, as_iterable)


def _linear_model_fn(head: Head, model: _Linear) -> Any:
    def model_fn(features: Any, labels: Any, mode: str, config: Any) -> Any:
        named = _named(features)
        with model.logits(named, head, _split(config, min_slice_size=_LARGE)) as logits:
            return head.create_model_fn_ops(named, mode, labels, model.train, logits)

    return model_fn


def _dense_model_fn(head: Head, model: _Dense, least: int | None) -> Any:
    def model_fn(features: Any, labels: Any, mode: str, config: Any) -> Any:
        named = _named(features)
        with model.logits(named, head, mode, config, least) as logits:
            return head.create_model_fn_ops(named, mode, labels, model.train, logits)

    return model_fn


class LinearClassifier(_Classifier):
    """A linear model that chooses a class (TF1 symbol: `tf.contrib.learn.LinearClassifier`).

    Args:
        feature_columns: columns of `tf.contrib.layers` or `tf.feature_column`.
        optimizer: a name, an optimizer, or a function that makes one; None is Ftrl.
        gradient_clip_norm: the largest norm of all gradients together.

    Raises:
        ValueError: `enable_centered_bias`, which there is not; fewer than two classes.
    """

    def __init__(
        self,
        feature_columns: Any,
        model_dir: str | None = None,
        n_classes: int = 2,
        weight_column_name: str | None = None,
        optimizer: Any = None,
        gradient_clip_norm: float | None = None,
        enable_centered_bias: bool = False,
        _joint_weight: bool = False,
        config: Any = None,
        feature_engineering_fn: Any = None,
        label_keys: Any = None,
    ) -> None:
        head = multi_class_head(n_classes, weight_column_name, enable_centered_bias, label_keys)
        model = _Linear(feature_columns, optimizer, gradient_clip_norm, _joint_weight)
        super().__init__(
            _linear_model_fn(head, model), model_dir, config, feature_engineering_fn=feature_engineering_fn
        )


class LinearRegressor(_Regressor):
    """A linear model that gives numbers (TF1 symbol: `tf.contrib.learn.LinearRegressor`)."""

    def __init__(
        self,
        feature_columns: Any,
        model_dir: str | None = None,
        weight_column_name: str | None = None,
        optimizer: Any = None,
        gradient_clip_norm: float | None = None,
        enable_centered_bias: bool = False,
        label_dimension: int = 1,
        _joint_weights: bool = False,
        config: Any = None,
        feature_engineering_fn: Any = None,
    ) -> None:
        head = RegressionHead(label_dimension, weight_column_name, enable_centered_bias)
        model = _Linear(feature_columns, optimizer, gradient_clip_norm, _joint_weights)
        super().__init__(
            _linear_model_fn(head, model), model_dir, config, feature_engineering_fn=feature_engineering_fn
        )


class DNNClassifier(_Classifier):
    """Dense layers that choose a class (TF1 symbol: `tf.contrib.learn.DNNClassifier`).

    Args:
        hidden_units: the sizes of the layers.
        feature_columns: columns of `tf.contrib.layers` or `tf.feature_column`.
        optimizer: a name, an optimizer, or a function that makes one; None is Adagrad.
        embedding_lr_multipliers: not taken: give the column's table an optimizer of its own.

    Raises:
        ValueError: `enable_centered_bias` or `embedding_lr_multipliers`, which there are not.
    """

    def __init__(
        self,
        hidden_units: Sequence[int],
        feature_columns: Any,
        model_dir: str | None = None,
        n_classes: int = 2,
        weight_column_name: str | None = None,
        optimizer: Any = None,
        activation_fn: Any = nn.relu,
        dropout: float | None = None,
        gradient_clip_norm: float | None = None,
        enable_centered_bias: bool = False,
        config: Any = None,
        feature_engineering_fn: Any = None,
        embedding_lr_multipliers: Any = None,
        input_layer_min_slice_size: int | None = None,
        label_keys: Any = None,
    ) -> None:
        _refuse_multipliers(embedding_lr_multipliers)
        head = multi_class_head(n_classes, weight_column_name, enable_centered_bias, label_keys)
        model = _Dense(feature_columns, hidden_units, optimizer, activation_fn, dropout, gradient_clip_norm)
        super().__init__(
            _dense_model_fn(head, model, input_layer_min_slice_size),
            model_dir,
            config,
            feature_engineering_fn=feature_engineering_fn,
        )


class DNNRegressor(_Regressor):
    """Dense layers that give numbers (TF1 symbol: `tf.contrib.learn.DNNRegressor`)."""

    def __init__(
        self,
        hidden_units: Sequence[int],
        feature_columns: Any,
        model_dir: str | None = None,
        weight_column_name: str | None = None,
        optimizer: Any = None,
        activation_fn: Any = nn.relu,
        dropout: float | None = None,
        gradient_clip_norm: float | None = None,
        enable_centered_bias: bool = False,
        config: Any = None,
        feature_engineering_fn: Any = None,
        label_dimension: int = 1,
        embedding_lr_multipliers: Any = None,
        input_layer_min_slice_size: int | None = None,
    ) -> None:
        _refuse_multipliers(embedding_lr_multipliers)
        head = RegressionHead(label_dimension, weight_column_name, enable_centered_bias)
        model = _Dense(feature_columns, hidden_units, optimizer, activation_fn, dropout, gradient_clip_norm)
        super().__init__(
            _dense_model_fn(head, model, input_layer_min_slice_size),
            model_dir,
            config,
            feature_engineering_fn=feature_engineering_fn,
        )


def _refuse_multipliers(given: Any) -> None:
    if given:
        raise ValueError("There are no embedding_lr_multipliers here: train with one rate, or a model_fn.")


def _combined_model_fn(
    head: Head, wide: _Linear | None, deep: _Dense | None, least: int | None, counts_once: bool
) -> Any:
    def model_fn(features: Any, labels: Any, mode: str, config: Any) -> Any:
        named = _named(features)
        logits: Any = None
        if deep is not None:
            with deep.logits(named, head, mode, config, least) as found:
                logits = found
        if wide is not None:
            with wide.logits(named, head, _split(config, min_slice_size=least or _LARGE)) as part:
                _summarize(part, "linear")
            logits = part if logits is None else logits + part

        def train_op_fn(loss: Any) -> Any:
            steps = []
            for model, rate in ((deep, _DNN_RATE), (wide, wide.usual_rate() if wide else None)):
                if model is None:
                    continue
                steps.append(
                    layers.optimize_loss(
                        loss=loss,
                        global_step=get_global_step(),
                        learning_rate=rate,
                        optimizer=model.optimizer(),
                        clip_gradients=model._clip,
                        variables=get_collection(model.scope),
                        name=model.scope,
                        summaries=[],
                        # Each counted a step, until that was taken for a fault.
                        increment_global_step=not counts_once,
                    )
                )
            done = group(*steps)
            if not counts_once:
                return done
            with control_dependencies([done]):
                return assign_add(get_global_step(), 1).op

        return head.create_model_fn_ops(named, mode, labels, train_op_fn, logits)

    return model_fn


def _combined(
    head: Head,
    linear_feature_columns: Any,
    linear_optimizer: Any,
    dnn_feature_columns: Any,
    dnn_optimizer: Any,
    dnn_hidden_units: Any,
    dnn_activation_fn: Any,
    dnn_dropout: Any,
    clip: Any,
    joint: bool,
    least: int | None,
    counts_once: bool,
) -> Any:
    if not linear_feature_columns and not dnn_feature_columns:
        raise ValueError("Either linear_feature_columns or dnn_feature_columns must be defined.")
    if dnn_feature_columns and not dnn_hidden_units:
        raise ValueError("dnn_hidden_units must be defined when dnn_feature_columns is specified.")
    wide = _Linear(linear_feature_columns, linear_optimizer, clip, joint) if linear_feature_columns else None
    deep = None
    if dnn_feature_columns:
        deep = _Dense(
            dnn_feature_columns, dnn_hidden_units, dnn_optimizer, dnn_activation_fn, dnn_dropout, clip
        )
    return _combined_model_fn(head, wide, deep, least, counts_once)


class DNNLinearCombinedClassifier(_Classifier):
    """A linear model and dense layers that choose a class (TF1 symbol:
    `tf.contrib.learn.DNNLinearCombinedClassifier`).

    Each of the two counts a step, as in TensorFlow, unless `fix_global_step_increment_bug`.

    Raises:
        ValueError: no columns, or dense layers without sizes.
    """

    def __init__(
        self,
        model_dir: str | None = None,
        n_classes: int = 2,
        weight_column_name: str | None = None,
        linear_feature_columns: Any = None,
        linear_optimizer: Any = None,
        _joint_linear_weights: bool = False,
        dnn_feature_columns: Any = None,
        dnn_optimizer: Any = None,
        dnn_hidden_units: Any = None,
        dnn_activation_fn: Any = nn.relu,
        dnn_dropout: float | None = None,
        gradient_clip_norm: float | None = None,
        enable_centered_bias: bool = False,
        config: Any = None,
        feature_engineering_fn: Any = None,
        embedding_lr_multipliers: Any = None,
        input_layer_min_slice_size: int | None = None,
        label_keys: Any = None,
        fix_global_step_increment_bug: bool = False,
    ) -> None:
        _refuse_multipliers(embedding_lr_multipliers)
        head = multi_class_head(n_classes, weight_column_name, enable_centered_bias, label_keys)
        model_fn = _combined(
            head,
            linear_feature_columns,
            linear_optimizer,
            dnn_feature_columns,
            dnn_optimizer,
            dnn_hidden_units,
            dnn_activation_fn,
            dnn_dropout,
            gradient_clip_norm,
            _joint_linear_weights,
            input_layer_min_slice_size,
            fix_global_step_increment_bug,
        )
        super().__init__(model_fn, model_dir, config, feature_engineering_fn=feature_engineering_fn)


class DNNLinearCombinedRegressor(_Regressor):
    """A linear model and dense layers that give numbers (TF1 symbol:
    `tf.contrib.learn.DNNLinearCombinedRegressor`).

    Raises:
        ValueError: no columns, or dense layers without sizes.
    """

    def __init__(
        self,
        model_dir: str | None = None,
        weight_column_name: str | None = None,
        linear_feature_columns: Any = None,
        linear_optimizer: Any = None,
        _joint_linear_weights: bool = False,
        dnn_feature_columns: Any = None,
        dnn_optimizer: Any = None,
        dnn_hidden_units: Any = None,
        dnn_activation_fn: Any = nn.relu,
        dnn_dropout: float | None = None,
        gradient_clip_norm: float | None = None,
        enable_centered_bias: bool = False,
        label_dimension: int = 1,
        config: Any = None,
        feature_engineering_fn: Any = None,
        embedding_lr_multipliers: Any = None,
        input_layer_min_slice_size: int | None = None,
        fix_global_step_increment_bug: bool = False,
    ) -> None:
        _refuse_multipliers(embedding_lr_multipliers)
        head = RegressionHead(label_dimension, weight_column_name, enable_centered_bias)
        model_fn = _combined(
            head,
            linear_feature_columns,
            linear_optimizer,
            dnn_feature_columns,
            dnn_optimizer,
            dnn_hidden_units,
            dnn_activation_fn,
            dnn_dropout,
            gradient_clip_norm,
            _joint_linear_weights,
            input_layer_min_slice_size,
            fix_global_step_increment_bug,
        )
        super().__init__(model_fn, model_dir, config, feature_engineering_fn=feature_engineering_fn)


def infer_real_valued_columns_from_input(x: Any) -> list[Any]:
    """A column of numbers for each feature of arrays (TF1 symbol:
    `tf.contrib.learn.infer_real_valued_columns_from_input`).
    """
    return infer_real_valued_columns_from_input_fn(lambda: DataFeeder(x, None, None).input_fn())


def infer_real_valued_columns_from_input_fn(input_fn: Any) -> list[Any]:
    """A column of numbers for each feature of an input function (TF1 symbol:
    `tf.contrib.learn.infer_real_valued_columns_from_input_fn`).
    """
    from ...graph import Graph

    with Graph().as_default():
        features, _ = input_fn()
        return layers.infer_real_valued_columns(features)


__all__ = [
    "DNNClassifier",
    "DNNLinearCombinedClassifier",
    "DNNLinearCombinedRegressor",
    "DNNRegressor",
    "LinearClassifier",
    "LinearRegressor",
    "SKCompat",
    "infer_real_valued_columns_from_input",
    "infer_real_valued_columns_from_input_fn",
]
