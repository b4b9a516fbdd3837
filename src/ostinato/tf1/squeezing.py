"""Labels, predictions and weights of which one has a last axis of size 1 more than the others."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch

from .graph import name_scope
from .ops import array
from .ops.core import convert_to_tensor, one
from .registry import OutputTypes, register
from .shapes import TensorShape
from .tensor import Tensor


def _squeeze(x: torch.Tensor, like: torch.Tensor, surplus: int) -> torch.Tensor:
    return x.squeeze(-1) if x.dim() == like.dim() + surplus else x


def _rule(inputs: Sequence[Tensor], attributes: dict[str, Any]) -> OutputTypes:
    return [(inputs[0].dtype.base_dtype, TensorShape(None))]


register("SqueezeSurplus", _squeeze, _rule)


def squeezed(x: Tensor, like: Tensor, surplus: int) -> Tensor:
    """`x` without its last axis, of size 1, where it has `surplus` axes more than `like`: in a run, where
    the ranks are not known before.
    """
    ranks = x.shape.ndims, like.shape.ndims
    if ranks[0] is not None and ranks[1] is not None:
        return array.squeeze(x, [-1]) if ranks[0] - ranks[1] == surplus else x
    if x.shape.known is not None and (not x.shape.known or x.shape.known[-1] not in (None, 1)):
        return x
    return one("SqueezeSurplus", [x, like], "Squeeze", surplus=surplus)


def remove_squeezable_dimensions(
    labels: Any, predictions: Any, expected_rank_diff: int = 0, name: str | None = None
) -> tuple[Tensor, Tensor]:
    """(labels, predictions), without the last axis where the one has it too many.

    `expected_rank_diff`: how many axes the predictions are to have more than the labels.
    """
    with name_scope(name, "remove_squeezable_dimensions", [labels, predictions]):
        predictions, labels = convert_to_tensor(predictions), convert_to_tensor(labels)
        narrow = squeezed(predictions, labels, expected_rank_diff + 1)
        return squeezed(labels, predictions, 1 - expected_rank_diff), narrow


def squeezed_weights(weights: Any, values: Tensor) -> Any:
    """Weights without a last axis of size 1 that the values do not have."""
    weights = convert_to_tensor(weights)
    if weights.shape.ndims == 0:
        return weights
    return squeezed(weights, values, 1)
