"""What metrics are made of: local variables that sums are kept in, weights that are made to fit, counts at
thresholds.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch

from .dtypes import bool_, float32
from .graph import GraphKeys, add_to_collections
from .ops import array, math, reductions, state
from .ops.core import constant, convert_to_tensor, make, one
from .registry import OutputTypes, register
from .shapes import TensorShape
from .squeezing import remove_squeezable_dimensions
from .tensor import Tensor
from .variables import Variable
from .weights_broadcast import broadcast_weights


def metric_variable(shape: Any, dtype: Any, name: str | None = None, validate_shape: bool = True) -> Any:
    """A local variable of zeros that a metric keeps its sums in."""
    return Variable(
        lambda: array.zeros(shape, dtype),
        trainable=False,
        collections=[GraphKeys.LOCAL_VARIABLES, GraphKeys.METRIC_VARIABLES],
        validate_shape=validate_shape,
        name=name,
    )


def collected(value: Any, update: Any, metrics_collections: Any, updates_collections: Any) -> tuple[Any, Any]:
    """The value and the update of a metric, put in the collections that are wanted."""
    if metrics_collections:
        add_to_collections(metrics_collections, value)
    if updates_collections:
        add_to_collections(updates_collections, update)
    return value, update


# -- weights
def _fit(weights: torch.Tensor, values: torch.Tensor) -> torch.Tensor:
    surplus = weights.dim() - values.dim()
    if weights.dim() and surplus == 1:
        return weights.squeeze(-1)
    return weights.unsqueeze(-1) if weights.dim() and surplus == -1 else weights


register("FittedWeights", _fit, lambda i, a: [(i[0].dtype.base_dtype, TensorShape(None))])


def fitted(predictions: Any, labels: Any, weights: Any) -> tuple[Tensor, Any, Any]:
    """(predictions, labels, weights) of ranks that fit: a last axis of size 1 is taken away, or given to
    weights.
    """
    predictions = convert_to_tensor(predictions)
    if labels is not None:
        labels, predictions = remove_squeezable_dimensions(labels, predictions)
        predictions.shape.assert_is_compatible_with(labels.shape)
    if weights is None:
        return predictions, labels, None
    weights = convert_to_tensor(weights)
    ranks = weights.shape.ndims, predictions.shape.ndims
    if ranks[0] == 0:
        return predictions, labels, weights
    if ranks[0] is None or ranks[1] is None:
        return predictions, labels, one("FittedWeights", [weights, predictions], "FittedWeights")
    if ranks[0] - ranks[1] == 1:
        weights = array.squeeze(weights, [-1])
    elif ranks[1] - ranks[0] == 1:
        weights = array.expand_dims(weights, -1)
    return predictions, labels, weights


def flat(x: Any) -> Tensor:
    """The tensor as a vector."""
    x = convert_to_tensor(x)
    return x if x.shape.ndims == 1 else array.reshape(x, [-1])


# -- counts at thresholds
def _counts(
    labels: torch.Tensor, predictions: torch.Tensor, thresholds: torch.Tensor, weights: torch.Tensor
) -> tuple[torch.Tensor, ...]:
    """(true positives, false negatives, true negatives, false positives) at each threshold."""
    outside = (predictions < 0) | (predictions > 1)
    if outside.any():
        bad = predictions[outside][0].item()
        raise ValueError(f"assertion failed: [predictions must be in [0, 1]] [found {bad}]")
    weights = weights.expand(predictions.shape).reshape(-1)
    positive = (predictions.reshape(1, -1) > thresholds.unsqueeze(1)).to(weights.dtype)
    negative = 1 - positive
    held = labels.reshape(-1)
    yes, no = torch.where(held, weights, 0.0), torch.where(held, 0.0, weights)
    return positive @ yes, negative @ yes, negative @ no, positive @ no


def _counts_rule(inputs: Sequence[Tensor], attributes: dict[str, Any]) -> OutputTypes:
    return [(float32, inputs[2].shape)] * 4


register("CountsAtThresholds", _counts, _counts_rule, differentiable=False)
_NAMES = {
    "tp": "true_positives",
    "fn": "false_negatives",
    "tn": "true_negatives",
    "fp": "false_positives",
}


def counts_at_thresholds(
    labels: Any, predictions: Any, thresholds: Sequence[float], weights: Any, includes: Sequence[str]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """(variables, updates) of the counts tp, fn, tn and fp that `includes` names."""
    predictions, labels, weights = fitted(math.cast(predictions, float32), math.cast(labels, bool_), weights)
    if weights is None:
        weights = constant(1.0)
    else:
        weights = broadcast_weights(math.cast(weights, float32), predictions)
    limits = constant(list(thresholds), float32)
    found = make("CountsAtThresholds", [labels, predictions, limits, weights], "counts").outputs
    now = dict(zip(("tp", "fn", "tn", "fp"), found, strict=True))
    values, updates = {}, {}
    for key in (key for key in _NAMES if key in includes):
        values[key] = metric_variable([len(thresholds)], float32, name=_NAMES[key])
        updates[key] = state.assign_add(values[key], now[key])
    return values, updates


def summed(values: Any, weights: Any) -> Tensor:
    """The sum of booleans or numbers, each as often as its weight says."""
    values = math.cast(values, float32)
    if weights is not None:
        values = math.multiply(values, math.cast(weights, float32))
    return reductions.reduce_sum(values)
