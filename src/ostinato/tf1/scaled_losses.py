"""Losses averaged over the examples of all replicas, of which there is one here."""

from __future__ import annotations

from typing import Any

from .graph import control_dependencies
from .ops import array, math, reductions
from .ops.core import convert_to_tensor
from .tensor import Tensor
from .weights_broadcast import assert_broadcastable


def compute_average_loss(
    per_example_loss: Any, sample_weight: Any = None, global_batch_size: Any = None
) -> Tensor:
    """The sum of the examples' losses over their number (TF1 symbol: `tf.nn.compute_average_loss`).

    Args:
        per_example_loss: `[batch, ...]`.
        sample_weight: weights that fit.
        global_batch_size: the number to divide by, in place of `batch`.

    Raises:
        ValueError: a scalar loss.
    """
    losses = convert_to_tensor(per_example_loss)
    if losses.shape.ndims == 0:
        raise ValueError(
            "Invalid value passed for `per_example_loss`. Expected a tensor with at least rank 1, received: "
            f"{losses}"
        )
    kind = losses.dtype.base_dtype
    if sample_weight is not None:
        weights = convert_to_tensor(sample_weight, "float32")
        missing = (losses.shape.ndims or 0) - (weights.shape.ndims or 0)
        if weights.shape.ndims and missing == 1:
            weights = array.expand_dims(weights, -1)
        elif weights.shape.ndims and missing == -1:
            weights = array.squeeze(weights, [-1])
        losses = math.cast(losses, "float32")
        check = assert_broadcastable(weights, losses)
        with control_dependencies([] if check is None else [check]):
            losses = math.cast(math.multiply(losses, weights), kind)
    if global_batch_size is None:
        global_batch_size = array.shape(losses)[0]
    return reductions.reduce_sum(losses) / math.cast(global_batch_size, kind)


def scale_regularization_loss(regularization_loss: Any) -> Tensor:
    """The sum of a loss, over the number of replicas: 1 (TF1 symbol: `tf.nn.scale_regularization_loss`)."""
    return math.truediv(reductions.reduce_sum(regularization_loss), 1.0)
