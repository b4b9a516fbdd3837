"""Metrics over many thresholds: the area under a curve, and its points (TF1 symbol: `tf.metrics.auc`)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch

from .arguments import handed_on
from .dtypes import float32
from .metrics_support import collected, counts_at_thresholds
from .ops.core import convert_to_tensor, one
from .registry import OutputTypes, register
from .shapes import TensorShape
from .tensor import Tensor
from .variable_scope import variable_scope

_ALL = ("tp", "fn", "tn", "fp")
_METHODS = ("trapezoidal", "careful_interpolation", "minoring", "majoring")


def _no_nan(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    return torch.where(b != 0, a / torch.where(b != 0, b, torch.ones_like(b)), torch.zeros_like(a))


def _interpolated(tp: torch.Tensor, fn: torch.Tensor, fp: torch.Tensor) -> torch.Tensor:
    """The area under precision over recall. Source: Davis and Goadrich, "The relationship between
    precision-recall and ROC curves" (2006).
    """
    gained, positive = tp[:-1] - tp[1:], tp + fp
    slope = _no_nan(gained, (positive[:-1] - positive[1:]).clamp_min(0))
    intercept = tp[1:] - slope * positive[1:]
    both = (positive[:-1] > 0) & (positive[1:] > 0)
    ratio = torch.where(both, _no_nan(positive[:-1], positive[1:].clamp_min(0)), torch.ones_like(slope))
    return _no_nan(slope * (gained + intercept * ratio.log()), (tp[1:] + fn[1:]).clamp_min(0)).sum()


def _area(
    tp: torch.Tensor, fn: torch.Tensor, tn: torch.Tensor, fp: torch.Tensor, curve: str, method: str
) -> torch.Tensor:
    if curve == "PR" and method == "careful_interpolation":
        return _interpolated(tp, fn, fp)
    recalled = (tp + 1e-6) / (tp + fn + 1e-6)
    x, y = (fp / (fp + tn + 1e-6), recalled) if curve == "ROC" else (recalled, (tp + 1e-6) / (tp + fp + 1e-6))
    if method == "minoring":
        heights = torch.minimum(y[:-1], y[1:])
    elif method == "majoring":
        heights = torch.maximum(y[:-1], y[1:])
    else:
        heights = (y[:-1] + y[1:]) / 2.0
    return ((x[:-1] - x[1:]) * heights).sum()


def _scalar(inputs: Sequence[Tensor], attributes: dict[str, Any]) -> OutputTypes:
    return [(float32, TensorShape([]))]


register("AreaUnderCurve", _area, _scalar, differentiable=False)


def _inner(num_thresholds: int) -> list[float]:
    return [(index + 1) * 1.0 / (num_thresholds - 1) for index in range(num_thresholds - 2)]


def _of_counts(
    op_type: str, counts: Sequence[dict[str, Any]], collections: Sequence[Any], **attributes: Any
) -> Any:
    """(value, update) of a number that is made of the four counts."""
    found = [
        one(op_type, [convert_to_tensor(count[key]) for key in _ALL], name, **attributes)
        for count, name in zip(counts, ("value", "update_op"), strict=True)
    ]
    return collected(found[0], found[1], *collections)


def auc(
    labels: Any,
    predictions: Any,
    weights: Any = None,
    num_thresholds: int = 200,
    metrics_collections: Any = None,
    updates_collections: Any = None,
    curve: str = "ROC",
    name: str | None = None,
    summation_method: str = "trapezoidal",
    thresholds: Sequence[float] | None = None,
) -> tuple[Any, Any]:
    """The approximate area under a curve (TF1 symbol: `tf.metrics.auc`).

    Args:
        labels: booleans, or what becomes them.
        predictions: numbers in [0, 1].
        num_thresholds: how many thresholds to take, between 0 and 1.
        curve: "ROC", true over false positives; "PR", precision over recall.
        summation_method: "trapezoidal", "careful_interpolation" (the one for "PR"), "minoring", "majoring".
        thresholds: the thresholds themselves, in place of equally distant ones.

    Raises:
        ValueError: another curve or method.
    """
    with variable_scope(name, "auc", [labels, predictions, weights]):
        if curve not in ("ROC", "PR"):
            raise ValueError(f"curve must be either ROC or PR, {curve} unknown")
        if summation_method not in _METHODS:
            raise ValueError(f"Invalid summation_method: {summation_method}")
        inner = _inner(num_thresholds) if thresholds is None else sorted(thresholds)
        limits = [0.0 - 1e-7, *inner, 1.0 + 1e-7]
        counts = counts_at_thresholds(labels, predictions, limits, weights, _ALL)
        collections = metrics_collections, updates_collections
        return _of_counts("AreaUnderCurve", counts, collections, curve=curve, method=summation_method)


def _sensitivity(
    tp: torch.Tensor, fn: torch.Tensor, tn: torch.Tensor, fp: torch.Tensor, specificity: float
) -> torch.Tensor:
    place = (tn / (tn + fp + 1e-7) - specificity).abs().argmin()
    return tp[place] / (tp[place] + fn[place] + 1e-7)


def _specificity(
    tp: torch.Tensor, fn: torch.Tensor, tn: torch.Tensor, fp: torch.Tensor, sensitivity: float
) -> torch.Tensor:
    distance = (tp / (tp + fn + 1e-7) - sensitivity).abs()
    place = (distance == distance.min()).nonzero()[-1, 0]  # of equal ones the last
    return tn[place] / (tn[place] + fp[place] + 1e-7)


register("SensitivityAtSpecificity", _sensitivity, _scalar, differentiable=False)
register("SpecificityAtSensitivity", _specificity, _scalar, differentiable=False)


def _point(name: str, given: str, op_type: str, last: float) -> Callable[..., Any]:
    def metric(
        labels: Any,
        predictions: Any,
        wanted: float,
        weights: Any,
        num_thresholds: int,
        metrics_collections: Any,
        updates_collections: Any,
        scope: str | None,
    ) -> tuple[Any, Any]:
        if not 0 <= wanted <= 1:
            raise ValueError(f"`{given}` must be in the range [0, 1].")
        with variable_scope(scope, name, [predictions, labels, weights]):
            limits = [0.0 - 1e-7, *_inner(num_thresholds), last]
            counts = counts_at_thresholds(labels, predictions, limits, weights, _ALL)
            collections = metrics_collections, updates_collections
            return _of_counts(op_type, counts, collections, **{given: float(wanted)})

    return metric


_sensitivity_metric = _point(
    "sensitivity_at_specificity", "specificity", "SensitivityAtSpecificity", 1.0 + 1e-7
)
_specificity_metric = _point(
    "specificity_at_sensitivity", "sensitivity", "SpecificityAtSensitivity", 1.0 - 1e-7
)


def sensitivity_at_specificity(
    labels: Any,
    predictions: Any,
    specificity: float,
    weights: Any = None,
    num_thresholds: int = 200,
    metrics_collections: Any = None,
    updates_collections: Any = None,
    name: str | None = None,
) -> tuple[Any, Any]:
    """The share of true labels that are found, at the threshold where the share of false ones that are told
    is the wanted one (TF1 symbol: `tf.metrics.sensitivity_at_specificity`).
    """
    return _sensitivity_metric(**handed_on(locals(), "specificity", "name"), wanted=specificity, scope=name)


def specificity_at_sensitivity(
    labels: Any,
    predictions: Any,
    sensitivity: float,
    weights: Any = None,
    num_thresholds: int = 200,
    metrics_collections: Any = None,
    updates_collections: Any = None,
    name: str | None = None,
) -> tuple[Any, Any]:
    """The share of false labels that are told, at the threshold where the share of true ones that are found
    is the wanted one (TF1 symbol: `tf.metrics.specificity_at_sensitivity`).
    """
    return _specificity_metric(**handed_on(locals(), "sensitivity", "name"), wanted=sensitivity, scope=name)
