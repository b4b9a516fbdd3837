"""What the ready-made models of `tf.contrib.learn` compute, and how their weights are trained."""

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
from .heads import Head
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


class Linear:
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


class Dense:
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


def linear_model_fn(head: Head, model: Linear) -> Any:
    def model_fn(features: Any, labels: Any, mode: str, config: Any) -> Any:
        named = _named(features)
        with model.logits(named, head, _split(config, min_slice_size=_LARGE)) as logits:
            return head.create_model_fn_ops(named, mode, labels, model.train, logits)

    return model_fn


def dense_model_fn(head: Head, model: Dense, least: int | None) -> Any:
    def model_fn(features: Any, labels: Any, mode: str, config: Any) -> Any:
        named = _named(features)
        with model.logits(named, head, mode, config, least) as logits:
            return head.create_model_fn_ops(named, mode, labels, model.train, logits)

    return model_fn


def _summed_model_fn(
    head: Head, wide: Linear | None, deep: Dense | None, least: int | None, counts_once: bool
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


def combined_model_fn(head: Head, given: dict[str, Any]) -> Any:
    """The model function of both together, of the arguments of an estimator's `__init__`."""
    columns, units = given["dnn_feature_columns"], given["dnn_hidden_units"]
    if not given["linear_feature_columns"] and not columns:
        raise ValueError("Either linear_feature_columns or dnn_feature_columns must be defined.")
    if columns and not units:
        raise ValueError("dnn_hidden_units must be defined when dnn_feature_columns is specified.")
    clip, wide, deep = given["gradient_clip_norm"], None, None
    if given["linear_feature_columns"]:
        joint = given["_joint_linear_weights"]
        wide = Linear(given["linear_feature_columns"], given["linear_optimizer"], clip, joint)
    if columns:
        activation, dropout = given["dnn_activation_fn"], given["dnn_dropout"]
        deep = Dense(columns, units, given["dnn_optimizer"], activation, dropout, clip)
    least, counts_once = given["input_layer_min_slice_size"], given["fix_global_step_increment_bug"]
    return _summed_model_fn(head, wide, deep, least, counts_once)
