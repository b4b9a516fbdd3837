"""Penalties on weights."""

from __future__ import annotations

import numbers
from collections.abc import Callable
from typing import Any

from ... import logging
from ...graph import GraphKeys, add_to_collection, get_collection, name_scope
from ...ops.core import constant, convert_to_tensor
from ...ops.math import abs_, add_n, multiply
from ...ops.nn import l2_loss
from ...ops.reductions import reduce_sum
from ...tensor import Tensor

Regularizer = Callable[[Any], Any]


def _is_off(scale: Any, name: str = "scale", end: str = "") -> bool:
    """Whether a scale is zero.

    Raises:
        ValueError: an integer, or a number below zero.
    """
    if isinstance(scale, numbers.Integral):
        raise ValueError(f"{name} cannot be an integer: {scale}")
    if isinstance(scale, numbers.Real):
        if float(scale) < 0.0:
            raise ValueError(f"Setting a scale less than 0 on a regularizer: {scale:g}{end}")
        if float(scale) == 0.0:
            logging.info("Scale of 0 disables regularizer.")
            return True
    return False


def l1_regularizer(scale: Any, scope: str | None = None) -> Regularizer:
    """scale * sum |w| (TF1 symbol: `tf.contrib.layers.l1_regularizer`).

    Raises:
        ValueError: an integer scale, or one below zero.
    """
    if _is_off(scale):
        return lambda _: None

    def l1(weights: Any, name: str | None = None) -> Tensor:
        with name_scope(scope, "l1_regularizer", [weights]) as inside:
            factor = convert_to_tensor(scale, dtype=weights.dtype.base_dtype, name="scale")
            return multiply(factor, reduce_sum(abs_(weights)), name=inside)

    return l1


def l2_regularizer(scale: Any, scope: str | None = None) -> Regularizer:
    """scale * sum w^2 / 2 (TF1 symbol: `tf.contrib.layers.l2_regularizer`).

    Raises:
        ValueError: an integer scale, or one below zero.
    """
    if _is_off(scale, end="."):
        return lambda _: None

    def l2(weights: Any) -> Tensor:
        with name_scope(scope, "l2_regularizer", [weights]) as inside:
            factor = convert_to_tensor(scale, dtype=weights.dtype.base_dtype, name="scale")
            return multiply(factor, l2_loss(weights), name=inside)

    return l2


def l1_l2_regularizer(scale_l1: Any = 1.0, scale_l2: Any = 1.0, scope: str | None = None) -> Any:
    """The sum of both (TF1 symbol: `tf.contrib.layers.l1_l2_regularizer`).

    Raises:
        ValueError: an integer scale, or one below zero.
    """
    for name, scale in (("scale_l1", scale_l1), ("scale_l2", scale_l2)):
        if isinstance(scale, numbers.Integral):
            raise ValueError(f"{name} cannot be an integer: {scale}")
    scope = scope or "l1_l2_regularizer"
    if isinstance(scale_l1, numbers.Real) and float(scale_l1) == 0.0:
        return l2_regularizer(scale_l2, scope)
    if isinstance(scale_l2, numbers.Real) and float(scale_l2) == 0.0:
        return l1_regularizer(scale_l1, scope)
    return sum_regularizer([l1_regularizer(scale_l1), l2_regularizer(scale_l2)], scope=scope)


def sum_regularizer(regularizer_list: Any, scope: str | None = None) -> Any:
    """The sum of several (TF1 symbol: `tf.contrib.layers.sum_regularizer`); None for none."""
    regularizers = [item for item in regularizer_list if item is not None]
    if not regularizers:
        return None

    def sum_reg(weights: Any) -> Any:
        with name_scope(scope, "sum_regularizer", [weights]) as inside:
            losses = [item(weights) for item in regularizers]
            losses = [loss for loss in losses if loss is not None]
            return add_n(losses, name=inside) if losses else None

    return sum_reg


def apply_regularization(regularizer: Regularizer, weights_list: Any = None) -> Tensor:
    """The sum of a regulariser's losses, which goes to the collection of them (TF1 symbol:
    `tf.contrib.layers.apply_regularization`).

    Raises:
        ValueError: there are no weights, or a loss is no scalar.
    """
    weights = weights_list or get_collection(GraphKeys.WEIGHTS)
    if not weights:
        raise ValueError("No weights to regularize.")
    with name_scope(None, "get_regularization_penalty", weights) as scope:
        losses = [regularizer(item) for item in weights]
        losses = [constant(0.0) if loss is None else loss for loss in losses]
        for loss in losses:
            if loss.shape.ndims != 0:
                raise ValueError(
                    "regularizer must return a scalar Tensor instead of a Tensor with rank "
                    f"{loss.shape.ndims}."
                )
        total = add_n(losses, name=scope)
        add_to_collection(GraphKeys.REGULARIZATION_LOSSES, total)
        return total
