"""Heads of the ready-made models of `tf.contrib.learn`: predictions, losses and metrics of logits."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ... import logging, metrics, summary
from ...graph import name_scope
from ...lookup_functions import index_table_from_tensor, index_to_string_table_from_tensor
from ...ops import array, lists, math, nn, reductions
from ...ops.core import convert_to_tensor
from ...sparse_tensor import SparseTensor
from ...variable_scope import variable_scope
from ...weights_broadcast import broadcast_weights
from .model_fn import ModeKeys, ModelFnOps


class PredictionKey:
    """Names of predictions (TF1 symbol: `tf.contrib.learn.PredictionKey`)."""

    CLASSES = "classes"
    PROBABILITIES = "probabilities"
    LOGITS = "logits"
    LOGISTIC = "logistic"
    SCORES = "scores"
    TOP_K = "top_k"
    GENERIC = "output"


def _weights_of(features: Mapping[str, Any], name: str | None) -> Any:
    if not name:
        return None
    if name not in features:
        raise ValueError(f"Weights {name} missing from features.")
    with name_scope(None, "weight_tensor"):
        weights = math.cast(features[name], "float32")
        if weights.shape.ndims == 1:
            logging.warning("Weights %s has shape %s, expanding to make it 2d.", name, weights.shape)
            return array.reshape(weights, (-1, 1))
        return weights


def _weighted(loss: Any, weights: Any) -> tuple[Any, Any]:
    """The mean that is trained, and the one that is shown: over the sum of the weights."""
    with name_scope("loss") as scope:
        if weights is None:
            mean = reductions.reduce_mean(loss, name=scope)
            return mean, mean
        weights = broadcast_weights(weights, loss)
        weighted = math.multiply(loss, weights)
        shown = reductions.reduce_sum(weighted) / reductions.reduce_sum(weights)
        return reductions.reduce_mean(weighted, name=scope), shown


def _column(tensor: Any) -> Any:
    return array.expand_dims(tensor, axis=1) if tensor.shape.ndims == 1 else tensor


class Head:
    """What is made of logits; `weight_column_name` names a feature of weights."""

    logits_dimension = 1
    _scope = "head"

    def __init__(self, weight_column_name: str | None = None, enable_centered_bias: bool = False) -> None:
        if enable_centered_bias:
            raise ValueError("There is no centered bias here: leave enable_centered_bias out.")
        self._weights = weight_column_name

    def _labels(self, labels: Any) -> Any:
        labels = convert_to_tensor(labels) if not isinstance(labels, SparseTensor) else labels
        if isinstance(labels, SparseTensor):
            raise ValueError("SparseTensor is not supported.")
        return labels

    def _loss(self, labels: Any, logits: Any, weights: Any) -> tuple[Any, Any]:
        raise NotImplementedError

    def _predictions(self, logits: Any) -> dict[str, Any]:
        raise NotImplementedError

    def _metrics(self, predictions: dict[str, Any], labels: Any, weights: Any) -> dict[str, Any]:
        return {}

    def create_model_fn_ops(
        self,
        features: Mapping[str, Any],
        mode: str,
        labels: Any = None,
        train_op_fn: Callable[..., Any] | None = None,
        logits: Any = None,
    ) -> ModelFnOps:
        """What a model function returns.

        Raises:
            ValueError: to train, no `train_op_fn`; sparse labels.
        """
        with variable_scope(None, default_name=self._scope):
            predictions = self._predictions(logits)
            if mode == ModeKeys.INFER or labels is None:
                return ModelFnOps(mode, predictions)
            labels = self._labels(labels)
            weights = _weights_of(features, self._weights)
            loss, shown = self._loss(labels, logits, weights)
            with name_scope(""):
                summary.scalar("loss", array.identity(shown))
            train_op = None
            if mode == ModeKeys.TRAIN:
                if train_op_fn is None:
                    raise ValueError("train_op_fn can not be None in TRAIN mode")
                with name_scope(None, "train_op"):
                    train_op = train_op_fn(loss)
            with name_scope("metrics"):
                measured = {"loss": metrics.mean(shown), **self._metrics(predictions, labels, weights)}
            return ModelFnOps(mode, predictions, loss, train_op, measured)


class RegressionHead(Head):
    """Numbers, by the mean squared error."""

    _scope = "regression_head"

    def __init__(
        self,
        label_dimension: int = 1,
        weight_column_name: str | None = None,
        enable_centered_bias: bool = False,
    ) -> None:
        super().__init__(weight_column_name, enable_centered_bias)
        self.logits_dimension = label_dimension

    def _loss(self, labels: Any, logits: Any, weights: Any) -> tuple[Any, Any]:
        with name_scope(None, "mean_squared_loss", [logits, labels]) as scope:
            labels, logits = _column(labels), _column(logits)
            logits.shape.assert_is_compatible_with(labels.shape)
            loss = math.squared_difference(logits, math.cast(labels, "float32"), name=scope)
            return _weighted(loss, weights)

    def _predictions(self, logits: Any) -> dict[str, Any]:
        with name_scope(None, "predictions", [logits]):
            if self.logits_dimension == 1:
                logits = array.squeeze(logits, axis=(1,), name="scores")
            return {"scores": array.identity(logits)}


class BinaryHead(Head):
    """One class of two, by a sigmoid."""

    _scope = "binary_logistic_head"
    _threshold = 0.5

    def _loss(self, labels: Any, logits: Any, weights: Any) -> tuple[Any, Any]:
        with name_scope(None, "log_loss_with_two_classes", [logits, labels]) as scope:
            labels = _column(math.cast(labels, "float32"))
            loss = nn.sigmoid_cross_entropy_with_logits(labels=labels, logits=logits, name=scope)
            return _weighted(loss, weights)

    def _predictions(self, logits: Any) -> dict[str, Any]:
        with name_scope(None, "predictions", [logits]):
            both = lists.concat((array.zeros_like(logits), logits), 1)
            return {
                "logits": logits,
                "logistic": math.sigmoid(logits, name="logistic"),
                "probabilities": nn.softmax(both, name="probabilities"),
                "classes": reductions.argmax(both, 1, name="classes"),
            }

    def _metrics(self, predictions: dict[str, Any], labels: Any, weights: Any) -> dict[str, Any]:
        classes, logistic, limit = predictions["classes"], predictions["logistic"], self._threshold
        numbers = math.cast(labels, "float32")
        truth = math.cast(labels, "bool")

        def spread(values: Any) -> Any:
            return None if weights is None else broadcast_weights(weights, values)

        def at_threshold(measure: Any) -> Any:
            value, update = measure(labels, logistic, (limit,), weights)
            return array.reshape(value, []), array.reshape(update, [])

        above = math.cast(math.greater_equal(logistic, limit), "float32")
        threshold = f"threshold_{limit:f}_mean"
        own = weights if weights is None or labels.shape.ndims != 1 else array.reshape(weights, [-1])
        return {
            "accuracy": metrics.accuracy(labels, classes, own),
            "labels/prediction_mean": metrics.mean(logistic, spread(logistic)),
            "labels/actual_label_mean": metrics.mean(_column(numbers), spread(_column(numbers))),
            "accuracy/baseline_label_mean": metrics.mean(_column(numbers), spread(_column(numbers))),
            "auc": metrics.auc(truth, logistic, spread(logistic)),
            "auc_precision_recall": metrics.auc(truth, logistic, spread(logistic), curve="PR"),
            f"accuracy/{threshold}": metrics.accuracy(labels, above, weights),
            f"precision/positive_{threshold}": at_threshold(metrics.precision_at_thresholds),
            f"recall/positive_{threshold}": at_threshold(metrics.recall_at_thresholds),
        }


class MultiClassHead(Head):
    """One class of three or more, by softmax; with `label_keys` their names.

    Raises:
        ValueError: another number of names than of classes.
    """

    _scope = "multi_class_head"

    def __init__(
        self,
        n_classes: int,
        weight_column_name: str | None = None,
        enable_centered_bias: bool = False,
        label_keys: Any = None,
    ) -> None:
        super().__init__(weight_column_name, enable_centered_bias)
        if label_keys and len(label_keys) != n_classes:
            raise ValueError("Length of label_keys must equal n_classes.")
        self.logits_dimension, self._keys = n_classes, label_keys

    def _loss(self, labels: Any, logits: Any, weights: Any) -> tuple[Any, Any]:
        if self._keys:
            labels = index_table_from_tensor(self._keys, name="label_id_lookup").lookup(labels)
        with name_scope(None, "softmax_cross_entropy_loss", [logits, labels]):
            if not labels.dtype.is_integer:
                raise ValueError(f"Labels dtype should be integer Instead got {labels.dtype}.")
            if labels.shape.ndims == 2:
                labels = array.squeeze(labels, axis=(1,))
            loss = nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=logits)
            own = weights if weights is None else array.reshape(weights, [-1])
            return _weighted(loss, own)

    def _predictions(self, logits: Any) -> dict[str, Any]:
        with name_scope(None, "predictions", [logits]):
            classes = reductions.argmax(logits, 1, name="classes")
            if self._keys:
                table = index_to_string_table_from_tensor(self._keys, name="class_string_lookup")
                classes = table.lookup(classes)
            shares = nn.softmax(logits, name="probabilities")
            return {"logits": logits, "probabilities": shares, "classes": classes}

    def _metrics(self, predictions: dict[str, Any], labels: Any, weights: Any) -> dict[str, Any]:
        own = weights if weights is None or labels.shape.ndims != 1 else array.reshape(weights, [-1])
        return {"accuracy": metrics.accuracy(labels, predictions["classes"], own)}


def multi_class_head(
    n_classes: int,
    weight_column_name: str | None = None,
    enable_centered_bias: bool = False,
    label_keys: Any = None,
) -> Head:
    """The head of a classifier.

    Raises:
        ValueError: fewer than two classes; names of two.
    """
    if n_classes is None or n_classes < 2:
        raise ValueError(f"n_classes must be > 1 for classification: {n_classes}.")
    if n_classes > 2:
        return MultiClassHead(n_classes, weight_column_name, enable_centered_bias, label_keys)
    if label_keys:
        raise ValueError("label_keys is not supported for n_classes=2.")
    return BinaryHead(weight_column_name, enable_centered_bias)
