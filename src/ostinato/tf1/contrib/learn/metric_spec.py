"""Metrics of an evaluation, given beside the model (TF1 symbol: `tf.contrib.learn.MetricSpec`)."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import partial
from typing import Any

_NAMES = {
    "labels": ("labels", "label", "targets", "target"),
    "predictions": ("predictions", "prediction", "logits", "logit"),
    "weights": ("weights", "weight"),
}


def _arguments(function: Any) -> list[str]:
    """The names of the arguments that are still to be given."""
    if isinstance(function, partial):
        given = function.keywords
        return [name for name in _arguments(function.func)[len(function.args) :] if name not in given]
    return list(inspect.signature(function).parameters)


class MetricSpec:
    """Which function measures which prediction against which labels (TF1 symbol:
    `tf.contrib.learn.MetricSpec`).

    Args:
        metric_fn: a function of predictions, labels and weights, by their usual names.
        prediction_key: of a dict of predictions.
        label_key: of a dict of labels.
        weight_key: of a dict of features.

    Raises:
        ValueError: a function that takes no labels or no weights though a key of them is given.
    """

    def __init__(
        self,
        metric_fn: Callable[..., Any],
        prediction_key: str | None = None,
        label_key: str | None = None,
        weight_key: str | None = None,
    ) -> None:
        self.metric_fn = metric_fn
        self.prediction_key, self.label_key, self.weight_key = prediction_key, label_key, weight_key
        self._takes = _arguments(metric_fn)
        self._names: dict[str, str | None] = {}
        for meaning, names in _NAMES.items():
            found = [name for name in names if name in self._takes]
            if len(found) > 1:
                raise ValueError(f"Ambiguous arguments {found}, must provide only one of {names}.")
            self._names[meaning] = found[0] if found else None
        for meaning, key in (("labels", label_key), ("weights", weight_key)):
            if key is not None and self._names[meaning] is None:
                raise ValueError(f"{_NAMES[meaning]} missing from {metric_fn}({self._takes}).")

    def __str__(self) -> str:
        name = getattr(self.metric_fn, "__name__", None) or getattr(
            getattr(self.metric_fn, "func", None), "__name__", str(self.metric_fn)
        )
        return (
            f"MetricSpec(metric_fn={name}, prediction_key={self.prediction_key}, "
            f"label_key={self.label_key}, weight_key={self.weight_key})"
        )

    def create_metric_ops(self, inputs: Any, labels: Any, predictions: Any) -> Any:
        """The metric's value and its update.

        Raises:
            ValueError: a dict without a key of it, or a key without a dict.
            KeyError: a key that there is not.
        """
        prediction = _part("prediction", predictions, self.prediction_key)
        label = _part("label", labels, self.label_key)
        named: dict[str, Any] = {}
        if self.weight_key:
            named[str(self._names["weights"])] = inputs[self.weight_key]
        labels_name, predictions_name = self._names["labels"], self._names["predictions"]
        if labels_name and not predictions_name and self._takes[0] == labels_name:
            return self.metric_fn(label, prediction, **named)
        if labels_name:
            named[labels_name] = label
        if predictions_name:
            return self.metric_fn(**{predictions_name: prediction}, **named)
        return self.metric_fn(prediction, **named)


def _part(name: str, given: Any, key: str | None) -> Any:
    if key:
        if not isinstance(given, dict):
            raise ValueError(
                f"MetricSpec with {name}_key specified requires {name}s dict, got {given}.\nYou must not "
                f"provide a {name}_key if you only have a single Tensor as {name}s."
            )
        if key not in given:
            raise KeyError(f"Key '{key}' missing from {given.keys()}.")
        return given[key]
    if not isinstance(given, dict):
        return given
    if len(given) != 1:
        raise ValueError(
            f"MetricSpec without specified {name}_key requires {name}s tensor or single element dict, "
            f"got {given}"
        )
    return next(iter(given.values()))


def measured(metrics: Any, features: Any, labels: Any, predictions: Any) -> dict[str, Any]:
    """The operations of metrics given as `MetricSpec`s, or as functions of predictions and labels.

    Raises:
        ValueError: a function by its name alone though there are several predictions.
    """
    result = {}
    single = next(iter(labels.values())) if isinstance(labels, dict) and len(labels) == 1 else labels
    for name, metric in sorted(metrics.items(), key=lambda item: str(item[0])):
        if isinstance(metric, MetricSpec):
            result[name] = metric.create_metric_ops(features, labels, predictions)
        elif isinstance(name, tuple):
            if len(name) != 2:
                raise ValueError(
                    f"Invalid metric for {name}. It returned a tuple with len {len(name)}, expected 2."
                )
            if not isinstance(predictions, dict):
                raise ValueError(
                    "Metrics passed provide (name, prediction), but predictions are not dict. "
                    f"Metrics: {metrics}, Predictions: {predictions}."
                )
            own = labels[name[1]] if isinstance(labels, dict) and name[1] in labels else single
            result[name[0]] = metric(predictions[name[1]], own)
        elif isinstance(predictions, dict):
            raise ValueError(
                "Metrics passed provide only name, no prediction, but predictions are dict. "
                f"Metrics: {metrics}, Labels: {single}."
            )
        else:
            result[name] = metric(predictions, single)
    return result
