"""Heads: what is made of a network's logits - predictions, the loss, metrics, what is exported."""

from __future__ import annotations

import collections
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ... import losses, metrics, summary
from ...global_step import get_global_step
from ...graph import GraphKeys, get_collection, name_scope
from ...lookup_functions import index_table_from_tensor, index_to_string_table_from_tensor
from ...ops import array, lists, math, nn, picking, reductions, string_numbers
from ...ops.control import group
from ...weights_broadcast import broadcast_weights
from ..export import ClassificationOutput, ExportOutput, PredictOutput, RegressionOutput
from ..specs import EstimatorSpec, ModeKeys
from .labels import (
    called_loss_fn,
    check_loss_fn,
    checked_logits,
    in_range,
    matching_labels,
    matching_weights,
)

LossSpec = collections.namedtuple("LossSpec", "training_loss unreduced_loss weights processed_labels")
_DEFAULT = "serving_default"


class Head:
    """What is made of logits.

    Args:
        weight_column: the name, or a numeric column, of the examples' weights.
        loss_reduction: one of `tf.losses.Reduction` but NONE.
        loss_fn: a function of `labels` and `logits`, and of `features` if it takes them, in the place of the
            usual loss.
        name: what the metrics' and summaries' names end in.

    Raises:
        ValueError: a reduction or a loss function that cannot be.
    """

    def __init__(
        self,
        weight_column: Any = None,
        loss_reduction: str = losses.Reduction.SUM,
        loss_fn: Callable[..., Any] | None = None,
        name: str | None = None,
    ) -> None:
        if loss_reduction not in losses.Reduction.all() or loss_reduction == losses.Reduction.NONE:
            raise ValueError(f"Invalid loss_reduction: {loss_reduction}")
        if loss_fn:
            check_loss_fn(loss_fn)
        self._weight_column, self._loss_reduction = weight_column, loss_reduction
        self._loss_fn, self._name = loss_fn, name

    @property
    def name(self) -> str | None:
        return self._name

    @property
    def logits_dimension(self) -> int:
        raise NotImplementedError("Calling an abstract method.")

    # What kinds of heads differ in.

    _weights_per_logit = False

    def _predictions(self, logits: Any) -> tuple[Any, dict[str, Any]]:
        """The logits, checked, and what is predicted of them."""
        raise NotImplementedError

    def _exports(self, predictions: dict[str, Any]) -> dict[str, ExportOutput]:
        raise NotImplementedError

    def _labels(self, labels: Any, logits: Any) -> Any:
        raise NotImplementedError

    def _unreduced(self, labels: Any, logits: Any) -> Any:
        raise NotImplementedError

    def _metrics(self, found: LossSpec, predictions: dict[str, Any]) -> dict[str, Any]:
        raise NotImplementedError

    # What they share.

    def _key(self, name: str) -> str:
        return f"{name}/{self._name}" if self._name else name

    def create_loss(self, features: Mapping[str, Any], mode: str, logits: Any, labels: Any) -> LossSpec:
        """The loss of labels, as a number and by examples, with the weights and the labels as used."""
        labels = self._labels(labels, logits)
        if self._loss_fn:
            size = self.logits_dimension if self._weights_per_logit else 1
            unreduced = called_loss_fn(self._loss_fn, labels, logits, features, size)
        else:
            unreduced = self._unreduced(labels, logits)
        weights = matching_weights(features, self._weight_column, logits, self._weights_per_logit)
        loss = losses.compute_weighted_loss(unreduced, weights=weights, reduction=self._loss_reduction)
        return LossSpec(loss, unreduced, weights, labels)

    def create_estimator_spec(
        self,
        features: Mapping[str, Any],
        mode: str,
        logits: Any,
        labels: Any = None,
        optimizer: Any = None,
        train_op_fn: Callable[..., Any] | None = None,
        regularization_losses: Sequence[Any] | None = None,
    ) -> EstimatorSpec:
        """What a model function returns.

        Raises:
            ValueError: to train, neither or both of `optimizer` and `train_op_fn`.
        """
        with name_scope(self._name, "head"):
            logits, predictions = self._predictions(logits)
            if mode == ModeKeys.PREDICT:
                exports = {**self._exports(predictions), "predict": PredictOutput(predictions)}
                return EstimatorSpec(mode, predictions=predictions, export_outputs=exports)
            found = self.create_loss(features, mode, logits, labels)
            extra, loss = None, found.training_loss
            if regularization_losses:
                extra = math.add_n(list(regularization_losses))
                loss = math.add_n([found.training_loss, extra])
            if mode == ModeKeys.EVAL:
                measured = self._metrics(found, predictions)
                if extra is not None:
                    name = "regularization_loss"
                    measured[self._key(name)] = metrics.mean(extra, name=name)
                return EstimatorSpec(mode, predictions=predictions, loss=loss, eval_metric_ops=measured)
            train_op = _with_updates(trained(loss, optimizer, train_op_fn))
            mean = None
            if self._loss_reduction == losses.Reduction.SUM:
                total = reductions.reduce_sum(found.weights * array.ones_like(found.unreduced_loss))
                mean = found.training_loss / total
        with name_scope(""):
            summary.scalar(self._key("loss"), loss)
            if mean is not None:
                summary.scalar(self._key("average_loss"), mean)
            if extra is not None:
                summary.scalar(self._key("regularization_loss"), extra)
        return EstimatorSpec(mode, predictions=predictions, loss=loss, train_op=train_op)


def trained(loss: Any, optimizer: Any, train_op_fn: Any) -> Any:
    """What trains a loss.

    Raises:
        ValueError: neither or both are given.
    """
    if optimizer is not None:
        if train_op_fn is not None:
            raise ValueError("train_op_fn and optimizer cannot both be set.")
        return optimizer.minimize(loss, global_step=get_global_step())
    if train_op_fn is None:
        raise ValueError("train_op_fn and optimizer cannot both be None.")
    return train_op_fn(loss)


def _with_updates(train_op: Any) -> Any:
    updates = get_collection(GraphKeys.UPDATE_OPS)
    return group(train_op, *updates) if updates else train_op


def _tiled(values: Any, like: Any) -> Any:
    return picking.tile(array.expand_dims(values, 0), [array.shape(like)[0], 1])


def weighted_mean(values: Any, weights: Any, name: str, scope: str) -> Any:
    """A metric of numbers with weights that are spread over them."""
    with name_scope(name, scope, [values]) as full:
        values = math.cast(values, "float32", name=scope.split("_", maxsplit=1)[0])
        if weights is not None:
            weights = broadcast_weights(weights, values)
        return metrics.mean(values, weights=weights, name=full)


def area(labels: Any, predictions: Any, weights: Any, name: str, curve: str = "ROC") -> Any:
    """The metric of the area under a curve."""
    with name_scope(name, "auc", [predictions]) as full:
        predictions = math.cast(predictions, "float32", name="predictions")
        if weights is not None:
            weights = broadcast_weights(weights, predictions)
        return metrics.auc(labels, predictions, weights=weights, curve=curve, name=full)


def at_threshold(labels: Any, predictions: Any, weights: Any, threshold: float) -> dict[str, Any]:
    """Accuracy, precision and recall of what is predicted from a threshold on."""
    made = {}
    for kind in ("accuracy", "precision", "recall"):
        key = f"{kind}/positive_threshold_{threshold:g}"
        with name_scope(key, key, [predictions]) as full:
            if kind == "accuracy":
                positive = math.cast(math.greater_equal(predictions, threshold), "float32")
                made[key] = metrics.accuracy(labels, positive, weights=weights, name=full)
            else:
                measure = getattr(metrics, f"{kind}_at_thresholds")
                value, update = measure(labels, predictions, (threshold,), weights=weights, name=full)
                made[key] = _scalar(value), _scalar(update)
    return made


def _scalar(value: Any) -> Any:
    return array.reshape(value, [])


class _Classifier(Head):
    """Of classes, by number or by name."""

    _classes: int

    def __init__(self, label_vocabulary: Any, *arguments: Any) -> None:
        super().__init__(*arguments)
        if label_vocabulary is not None and not isinstance(label_vocabulary, (list, tuple)):
            raise ValueError(
                f"label_vocabulary should be a list or a tuple. Given type: {type(label_vocabulary)}"
            )
        self._vocabulary = label_vocabulary

    def _names(self) -> Any:
        return self._vocabulary or string_numbers.as_string(math.range_(self._classes))

    def _by_class(self, logits: Any, scores: Any) -> dict[str, Any]:
        """What is predicted of a score for each class."""
        ids = array.expand_dims(reductions.argmax(scores, axis=-1, name="class_ids"), axis=-1)
        if self._vocabulary:
            table = index_to_string_table_from_tensor(self._vocabulary, name="class_string_lookup")
            classes = table.lookup(ids)
        else:
            classes = string_numbers.as_string(ids, name="str_classes")
        return {"class_ids": ids, "classes": classes}

    def _all(self, logits: Any) -> dict[str, Any]:
        return {
            "all_class_ids": _tiled(math.range_(self._classes), logits),
            "all_classes": _tiled(self._names(), logits),
        }

    def _exports(self, predictions: dict[str, Any]) -> dict[str, ExportOutput]:
        scores = predictions["probabilities"]
        output = ClassificationOutput(scores, _tiled(self._names(), scores))
        return {_DEFAULT: output, "classification": output}

    def _looked_up(self, labels: Any) -> Any:
        return index_table_from_tensor(tuple(self._vocabulary or ()), name="class_id_lookup").lookup(labels)


class MultiClassHead(_Classifier):
    """One class of three or more, by softmax.

    Raises:
        ValueError: fewer classes, or a vocabulary that is no list.
    """

    def __init__(
        self,
        n_classes: int,
        weight_column: Any = None,
        label_vocabulary: Any = None,
        loss_reduction: str = losses.Reduction.SUM,
        loss_fn: Any = None,
        name: str | None = None,
    ) -> None:
        super().__init__(label_vocabulary, weight_column, loss_reduction, loss_fn, name)
        if n_classes is None:
            raise ValueError("n_classes cannot be None")
        if n_classes <= 2:
            raise ValueError(f"n_classes must be > 2: {n_classes}.")
        self._classes = n_classes

    @property
    def logits_dimension(self) -> int:
        return self._classes

    def _predictions(self, logits: Any) -> tuple[Any, dict[str, Any]]:
        logits = checked_logits(logits, self._classes)
        with name_scope(None, "predictions", [logits]):
            whole = self._all(logits)
            chosen = self._by_class(logits, logits)
            shares = nn.softmax(logits, name="probabilities")
            return logits, {"logits": logits, "probabilities": shares, **chosen, **whole}

    def _labels(self, labels: Any, logits: Any) -> Any:
        labels = matching_labels(labels, logits, 1)
        if self._vocabulary is None:
            if not labels.dtype.is_integer:
                raise ValueError(f"Labels dtype should be integer. Instead got {labels.dtype}.")
        elif labels.dtype.is_integer or labels.dtype.is_floating:
            raise ValueError(
                f"Labels dtype should be string if there is a vocabulary. Instead got {labels.dtype}"
            )
        else:
            labels = self._looked_up(labels)
        return in_range(labels, self._classes)

    def _unreduced(self, labels: Any, logits: Any) -> Any:
        loss = losses.sparse_softmax_cross_entropy(labels, logits, reduction=losses.Reduction.NONE)
        return array.expand_dims(loss, -1)

    def _metrics(self, found: LossSpec, predictions: dict[str, Any]) -> dict[str, Any]:
        ids = predictions["class_ids"]
        with name_scope(None, "metrics", [ids]):
            mean = metrics.mean(found.unreduced_loss, weights=found.weights, name="average_loss")
            labels = found.processed_labels
            right = metrics.accuracy(labels, ids, weights=found.weights, name="accuracy")
            return {self._key("average_loss"): mean, self._key("accuracy"): right}


class BinaryHead(_Classifier):
    """One class of two, by a sigmoid.

    Raises:
        ValueError: thresholds that are not between 0 and 1.
        TypeError: a vocabulary that is no list.
    """

    _classes = 2

    def __init__(
        self,
        weight_column: Any = None,
        thresholds: Any = None,
        label_vocabulary: Any = None,
        loss_reduction: str = losses.Reduction.SUM,
        loss_fn: Any = None,
        name: str | None = None,
    ) -> None:
        if label_vocabulary is not None and not isinstance(label_vocabulary, (list, tuple)):
            raise TypeError(
                f"label_vocabulary should be a list or tuple. Given type: {type(label_vocabulary)}"
            )
        super().__init__(label_vocabulary, weight_column, loss_reduction, loss_fn, name)
        self._thresholds = tuple(thresholds or ())
        if any(not 0 < each < 1 for each in self._thresholds):
            raise ValueError(f"thresholds not in (0, 1): {(self._thresholds,)}.")

    @property
    def logits_dimension(self) -> int:
        return 1

    def _predictions(self, logits: Any) -> tuple[Any, dict[str, Any]]:
        with name_scope(None, "predictions", [logits]):
            logits = checked_logits(logits, 1)
            logistic = math.sigmoid(logits, name="logistic")
            both = lists.concat((array.zeros_like(logits), logits), axis=-1, name="two_class_logits")
            shares = nn.softmax(both, name="probabilities")
            chosen = self._by_class(logits, both)
            predictions = {"logits": logits, "logistic": logistic, "probabilities": shares, **chosen}
            return logits, {**predictions, **self._all(logits)}

    def _exports(self, predictions: dict[str, Any]) -> dict[str, ExportOutput]:
        return {**super()._exports(predictions), "regression": RegressionOutput(predictions["logistic"])}

    def _labels(self, labels: Any, logits: Any) -> Any:
        labels = matching_labels(labels, logits, 1)
        if self._vocabulary is not None:
            labels = self._looked_up(labels)
        return in_range(math.cast(labels, "float32"), 2)

    def _unreduced(self, labels: Any, logits: Any) -> Any:
        return nn.sigmoid_cross_entropy_with_logits(labels=labels, logits=logits)

    def _metrics(self, found: LossSpec, predictions: dict[str, Any]) -> dict[str, Any]:
        labels, weights = found.processed_labels, found.weights
        ids, logistic = predictions["class_ids"], predictions["logistic"]
        with name_scope(None, "metrics", [ids]):
            labelled = weighted_mean(labels, weights, "label/mean", "labels_mean")
            measured = {
                "average_loss": metrics.mean(found.unreduced_loss, weights=weights, name="average_loss"),
                "accuracy": metrics.accuracy(labels, ids, weights=weights, name="accuracy"),
                "precision": metrics.precision(labels, ids, weights=weights, name="precision"),
                "recall": metrics.recall(labels, ids, weights=weights, name="recall"),
                "prediction/mean": weighted_mean(logistic, weights, "prediction/mean", "predictions_mean"),
                "label/mean": labelled,
            }
            with name_scope(None, "accuracy_baseline", list(labelled)):
                value, update = labelled
                measured["accuracy_baseline"] = (
                    math.maximum(value, 1.0 - value, name="value"),
                    math.maximum(update, 1 - update, name="update_op"),
                )
            measured["auc"] = area(labels, logistic, weights, "auc")
            name = "auc_precision_recall"
            measured[name] = area(labels, logistic, weights, name, "PR")
            for threshold in self._thresholds:
                measured.update(at_threshold(labels, logistic, weights, threshold))
            return {self._key(key): metric for key, metric in measured.items()}


class RegressionHead(Head):
    """Numbers, by the mean squared error.

    Raises:
        ValueError: fewer than one number.
    """

    _weights_per_logit = True

    def __init__(
        self,
        weight_column: Any = None,
        label_dimension: int = 1,
        loss_reduction: str = losses.Reduction.SUM,
        loss_fn: Any = None,
        inverse_link_fn: Any = None,
        name: str | None = None,
    ) -> None:
        super().__init__(weight_column, loss_reduction, loss_fn, name)
        if label_dimension < 1:
            raise ValueError(f"Invalid label_dimension {label_dimension}.")
        self._dimension, self._inverse_link = label_dimension, inverse_link_fn

    @property
    def logits_dimension(self) -> int:
        return self._dimension

    def _predictions(self, logits: Any) -> tuple[Any, dict[str, Any]]:
        logits = checked_logits(logits, self._dimension)
        if self._inverse_link:
            return logits, {"predictions": self._inverse_link(logits), "logits": logits}
        return logits, {"predictions": logits}

    def _exports(self, predictions: dict[str, Any]) -> dict[str, ExportOutput]:
        output = RegressionOutput(predictions["predictions"])
        return {_DEFAULT: output, "regression": output}

    def _labels(self, labels: Any, logits: Any) -> Any:
        return math.cast(matching_labels(labels, logits, self._dimension), "float32")

    def _unreduced(self, labels: Any, logits: Any) -> Any:
        return losses.mean_squared_error(labels, logits, reduction=losses.Reduction.NONE)

    def _metrics(self, found: LossSpec, predictions: dict[str, Any]) -> dict[str, Any]:
        guess, weights = predictions["predictions"], found.weights
        measured = {
            "average_loss": metrics.mean(found.unreduced_loss, weights=weights),
            "prediction/mean": weighted_mean(guess, weights, "prediction/mean", "predictions_mean"),
            "label/mean": metrics.mean(found.processed_labels, weights=weights),
        }
        return {self._key(key): metric for key, metric in measured.items()}


def head_of(n_classes: int, weight_column: Any, label_vocabulary: Any, loss_reduction: str) -> Head:
    """The head of a classifier."""
    if n_classes == 2:
        return BinaryHead(weight_column, label_vocabulary=label_vocabulary, loss_reduction=loss_reduction)
    return MultiClassHead(n_classes, weight_column, label_vocabulary, loss_reduction)
