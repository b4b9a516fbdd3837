"""The loss of sequences of logits (TF1 symbol: `tf.contrib.seq2seq.sequence_loss`)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ...graph import name_scope
from ...ops import array, math, nn
from ...ops.core import convert_to_tensor
from ...ops.reductions import reduce_sum
from ...ops.special import div_no_nan
from ...tensor import Tensor

__all__ = ["sequence_loss"]


def sequence_loss(
    logits: Any,
    targets: Any,
    weights: Any,
    average_across_timesteps: bool = True,
    average_across_batch: bool = True,
    sum_over_timesteps: bool = False,
    sum_over_batch: bool = False,
    softmax_loss_function: Callable[..., Any] | None = None,
    name: str | None = None,
) -> Tensor:
    """The weighted cross entropy of a sequence (TF1 symbol: `tf.contrib.seq2seq.sequence_loss`).

    Args:
        logits: `[batch, time, symbols]`.
        targets: `[batch, time]` ids.
        weights: `[batch, time]` floats; 0 in the padding.
        average_across_timesteps, average_across_batch: sum along that axis, and divide by the weights' sum.
        sum_over_timesteps, sum_over_batch: sum along that axis, and divide by how many weights are not 0.
        softmax_loss_function: of `labels` and `logits`, in the place of the cross entropy of a softmax.
        name: of the scope.

    Returns:
        a scalar; `[batch]` or `[time]` where one axis is left, `[batch, time]` where both are.

    Raises:
        ValueError: other ranks, or two ways at once along an axis.

    >>> import ostinato.tf1 as tf
    >>> with tf.Graph().as_default(), tf.Session() as session:
    ...     loss = tf.contrib.seq2seq.sequence_loss(tf.zeros([1, 2, 4]), [[1, 2]], [[1.0, 0.0]])
    ...     round(session.run(loss).item(), 4)
    1.3863
    """
    logits, targets, weights = (convert_to_tensor(value) for value in (logits, targets, weights))
    if logits.shape.ndims != 3:
        raise ValueError("Logits must be a [batch_size x sequence_length x logits] tensor")
    if targets.shape.ndims != 2:
        raise ValueError("Targets must be a [batch_size x sequence_length] tensor")
    if weights.shape.ndims != 2:
        raise ValueError("Weights must be a [batch_size x sequence_length] tensor")
    if average_across_timesteps and sum_over_timesteps:
        raise ValueError(
            "average_across_timesteps and sum_over_timesteps cannot be set to True at same time."
        )
    if average_across_batch and sum_over_batch:
        raise ValueError("average_across_batch and sum_over_batch cannot be set to True at same time.")
    with name_scope(name, "sequence_loss", [logits, targets, weights]):
        flat = array.reshape(logits, [-1, array.shape(logits)[2]])
        labels = array.reshape(targets, [-1])
        if softmax_loss_function is None:
            losses = nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=flat)
        else:
            losses = softmax_loss_function(labels=labels, logits=flat)
        losses = losses * array.reshape(weights, [-1])
        if average_across_timesteps and average_across_batch:
            return div_no_nan(reduce_sum(losses), reduce_sum(weights))
        if sum_over_timesteps and sum_over_batch:
            return div_no_nan(reduce_sum(losses), _nonzero(weights, None, losses))
        losses = array.reshape(losses, array.shape(logits)[0:2])
        if average_across_timesteps or average_across_batch:
            axis = [0] if average_across_batch else [1]
            return div_no_nan(reduce_sum(losses, axis=axis), reduce_sum(weights, axis=axis))
        if sum_over_timesteps or sum_over_batch:
            axis = [0] if sum_over_batch else [1]
            return div_no_nan(reduce_sum(losses, axis=axis), _nonzero(weights, axis, losses))
        return losses


def _nonzero(weights: Tensor, axis: Any, like: Tensor) -> Tensor:
    return reduce_sum(math.cast(math.not_equal(weights, 0.0), like.dtype.base_dtype), axis=axis)
