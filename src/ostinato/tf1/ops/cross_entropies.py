"""Losses of logits beyond the common ones: weighted cross entropy, Poisson."""

from __future__ import annotations

import math as scalar_math
from collections.abc import Sequence
from typing import Any

import torch
import torch.nn.functional as F

from ..graph import name_scope
from ..registry import OutputTypes, broadcast, register
from ..tensor import Tensor
from .core import convert_to_tensor, one
from .math import either


def _weighted(labels: torch.Tensor, logits: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
    return (1 - labels) * logits + (1 + (weight - 1) * labels) * F.softplus(-logits)


register("WeightedCrossEntropyWithLogits", _weighted, broadcast())


def weighted_cross_entropy_with_logits(
    labels: Any = None,
    logits: Any = None,
    pos_weight: Any = None,
    name: str | None = None,
    targets: Any = None,
) -> Tensor:
    """Sigmoid cross entropy in which positive labels count `pos_weight` times (TF1 symbol:
    `tf.nn.weighted_cross_entropy_with_logits`). `targets` is the older name of `labels`.

    Raises:
        ValueError: labels and logits of different shapes.
    """
    labels = either("labels", labels, "targets", targets)
    with name_scope(name, "logistic_loss", [logits, labels]) as scope:
        logits = convert_to_tensor(logits, name="logits")
        labels = convert_to_tensor(labels, logits.dtype.base_dtype, name="labels")
        _same_shape("logits", logits, "labels", labels)
        weight = convert_to_tensor(pos_weight, logits.dtype.base_dtype, name="pos_weight")
        return one("WeightedCrossEntropyWithLogits", [labels, logits, weight], scope)


def _same_shape(first: str, a: Tensor, second: str, b: Tensor) -> None:
    if not a.shape.is_compatible_with(b.shape):
        raise ValueError(f"{first} and {second} must have the same shape ({a.shape} vs {b.shape})")


def _poisson(targets: torch.Tensor, log_input: torch.Tensor, compute_full_loss: bool) -> torch.Tensor:
    loss = log_input.exp() - log_input * targets
    if compute_full_loss:
        many = (targets < 0) | (targets > 1)
        safe = torch.where(many, targets, torch.ones_like(targets))
        stirling = safe * safe.log() - safe + 0.5 * (2 * scalar_math.pi * safe).log()
        loss = loss + torch.where(many, stirling, torch.zeros_like(stirling))
    return loss


def _poisson_rule(inputs: Sequence[Tensor], attributes: dict[str, Any]) -> OutputTypes:
    return [(inputs[1].dtype.base_dtype, inputs[0].shape.merge_with(inputs[1].shape))]


register("LogPoissonLoss", _poisson, _poisson_rule)


def log_poisson_loss(
    targets: Any, log_input: Any, compute_full_loss: bool = False, name: str | None = None
) -> Tensor:
    """The loss of Poisson counts given the logarithms of their rates (TF1 symbol: `tf.nn.log_poisson_loss`).

    With `compute_full_loss` what does not depend on the rates, by Stirling's approximation, is in it too.
    """
    with name_scope(name, "log_poisson_loss", [log_input, targets]):
        log_input = convert_to_tensor(log_input, name="log_input")
        targets = convert_to_tensor(targets, log_input.dtype.base_dtype, name="targets")
        _same_shape("log_input", log_input, "targets", targets)
        last = "add_1" if compute_full_loss else "sub"
        return one("LogPoissonLoss", [targets, log_input], last, compute_full_loss=bool(compute_full_loss))
