"""Metrics of right and wrong predictions beyond thresholds."""

from __future__ import annotations

from typing import Any

from ..ops import array, state
from ..ops.control import group
from ..ops.core import convert_to_tensor
from ..ops.math import cast, divide, equal, greater, logical_and, logical_not
from ..ops.picking import where
from ..ops.reductions import reduce_sum
from ..tensor import Tensor
from .losses import weighted
from .metric_base import Metric


class _Confusion(Metric):
    """Counts of right and wrong predictions beyond thresholds."""

    _kinds: tuple[str, ...] = ("true_positives",)

    def __init__(self, thresholds: Any = None, name: str | None = None, dtype: Any = None) -> None:
        super().__init__(name=name, dtype=dtype)
        self.thresholds = (
            [0.5]
            if thresholds is None
            else [thresholds]
            if isinstance(thresholds, float)
            else list(thresholds)
        )
        self._counts = {kind: self.add_weight(kind, shape=(len(self.thresholds),)) for kind in self._kinds}

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> Any:
        predicted = array.reshape(cast(convert_to_tensor(y_pred), "float32"), [1, -1])
        labels = cast(array.reshape(cast(convert_to_tensor(y_true), "float32"), [1, -1]), "bool")
        limits = convert_to_tensor([[limit] for limit in self.thresholds], dtype="float32")
        positive = greater(predicted, limits)
        weights = None
        if sample_weight is not None:
            spread = weighted(array.ones_like(cast(convert_to_tensor(y_pred), "float32")), sample_weight)
            weights = array.reshape(spread, [1, -1])
        found = {
            "true_positives": lambda: logical_and(positive, labels),
            "false_positives": lambda: logical_and(positive, logical_not(labels)),
            "true_negatives": lambda: logical_and(logical_not(positive), logical_not(labels)),
            "false_negatives": lambda: logical_and(logical_not(positive), labels),
        }
        updates = []
        for kind, variable in self._counts.items():
            amount = cast(found[kind](), "float32")
            amount = amount if weights is None else amount * weights
            updates.append(state.assign_add(variable, reduce_sum(amount, 1)))
        return group(*updates)

    def _count(self, kind: str) -> Tensor:
        return convert_to_tensor(self._counts[kind])

    def _one(self, values: Tensor) -> Tensor:
        return values[0] if len(self.thresholds) == 1 else values

    def result(self) -> Tensor:
        return self._one(self._count(self._kinds[0]))


def no_nan(above: Tensor, below: Tensor) -> Tensor:
    """above / below, and 0 where that is 0."""
    none = equal(below, 0.0)
    return where(none, array.zeros_like(above), divide(above, where(none, array.ones_like(below), below)))


class TruePositives(_Confusion):
    """How many positives are right (TF1 symbol: `tf.keras.metrics.TruePositives`)."""


class FalsePositives(_Confusion):
    """How many positives are wrong (TF1 symbol: `tf.keras.metrics.FalsePositives`)."""

    _kinds = ("false_positives",)


class TrueNegatives(_Confusion):
    """How many negatives are right (TF1 symbol: `tf.keras.metrics.TrueNegatives`)."""

    _kinds = ("true_negatives",)


class FalseNegatives(_Confusion):
    """How many negatives are wrong (TF1 symbol: `tf.keras.metrics.FalseNegatives`)."""

    _kinds = ("false_negatives",)


class Precision(_Confusion):
    """The share of the positives that are right (TF1 symbol: `tf.keras.metrics.Precision`)."""

    _kinds = ("true_positives", "false_positives")

    def __init__(
        self,
        thresholds: Any = None,
        top_k: Any = None,
        class_id: Any = None,
        name: Any = None,
        dtype: Any = None,
    ) -> None:
        if top_k is not None or class_id is not None:
            raise ValueError(
                "top_k and class_id are not taken here: pass predictions and labels of that "
                "class to the metric."
            )
        super().__init__(thresholds, name, dtype)

    def result(self) -> Tensor:
        right = self._count(self._kinds[0])
        return self._one(no_nan(right, right + self._count(self._kinds[1])))


class Recall(Precision):
    """The share of what is positive that is found (TF1 symbol: `tf.keras.metrics.Recall`)."""

    _kinds = ("true_positives", "false_negatives")


class AUC(_Confusion):
    """The area under a curve, by the trapezium rule (TF1 symbol: `tf.keras.metrics.AUC`).

    Args:
        num_thresholds: how many points of it are taken.
        curve: "ROC" or "PR".
        summation_method: "interpolation", "minoring" or "majoring".
    """

    _kinds = ("true_positives", "true_negatives", "false_positives", "false_negatives")

    def __init__(
        self,
        num_thresholds: int = 200,
        curve: str = "ROC",
        summation_method: str = "interpolation",
        name: str | None = None,
        dtype: Any = None,
        thresholds: Any = None,
    ) -> None:
        inner = (
            [(i + 1) / (num_thresholds - 1) for i in range(num_thresholds - 2)]
            if thresholds is None
            else sorted(thresholds)
        )
        self.curve, self.summation_method = str(curve), str(summation_method)
        if self.curve not in ("ROC", "PR"):
            raise ValueError(f'Invalid AUC curve value "{curve}".')
        if self.summation_method not in ("interpolation", "minoring", "majoring"):
            raise ValueError(f'Invalid AUC summation method value "{summation_method}".')
        super().__init__([-1e-7, *inner, 1.0 + 1e-7], name, dtype)

    def result(self) -> Tensor:
        from ..ops.math import log, maximum, minimum

        tp, tn = self._count("true_positives"), self._count("true_negatives")
        fp, fn = self._count("false_positives"), self._count("false_negatives")
        if self.curve == "PR" and self.summation_method == "interpolation":
            step = tp[:-1] - tp[1:]
            positives = tp + fp
            width = positives[:-1] - positives[1:]
            slope = no_nan(step, maximum(width, 0.0))
            intercept = tp[1:] - slope * positives[1:]
            usable = logical_and(greater(positives[:-1], 0.0), greater(positives[1:], 0.0))
            ratio = where(usable, no_nan(positives[:-1], maximum(positives[1:], 0.0)), array.ones_like(width))
            parts = slope * (step + intercept * log(ratio))
            return reduce_sum(no_nan(parts, maximum(tp[1:] + fn[1:], 0.0)))
        recall = no_nan(tp, tp + fn)
        if self.curve == "ROC":
            x, y = no_nan(fp, fp + tn), recall
        else:
            x, y = recall, no_nan(tp, tp + fp)
        heights = {
            "interpolation": lambda: (y[:-1] + y[1:]) / 2.0,
            "minoring": lambda: minimum(y[:-1], y[1:]),
            "majoring": lambda: maximum(y[:-1], y[1:]),
        }[self.summation_method]()
        return reduce_sum((x[:-1] - x[1:]) * heights)
