"""Losses of lists of logits, and models for several lengths (TF1 module: `tf.contrib.legacy_seq2seq`)."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from typing import Any

from ... import variable_scope as vs
from ...graph import name_scope
from ...ops import array, math, nn
from ...ops.core import convert_to_tensor
from ...ops.reductions import reduce_sum

__all__ = ["model_with_buckets", "sequence_loss", "sequence_loss_by_example"]


def _called(function: Callable[..., Any], labels: Any, logits: Any) -> Any:
    """A loss of labels and logits.

    It was given the two by position before TensorFlow 1.1, in an order that changed with 1.0: what its
    arguments are called tells it.
    """
    try:
        names = list(inspect.signature(function).parameters)
    except (TypeError, ValueError):  # a function that does not tell
        names = ["labels", "logits"]
    if {"labels", "logits"} <= set(names) or len(names) < 2:
        return function(labels=labels, logits=logits)
    first, second = (name.lower() for name in names[:2])
    if any(word in second for word in ("label", "target")) and not any(
        word in first for word in ("label", "target")
    ):
        return function(logits, labels)
    return function(labels, logits)


def sequence_loss_by_example(
    logits: Sequence[Any],
    targets: Sequence[Any],
    weights: Sequence[Any],
    average_across_timesteps: Any = True,
    softmax_loss_function: Callable[..., Any] | None = None,
    name: str | None = None,
) -> Any:
    """The weighted cross entropy of each row (TF1 symbol:
    `tf.contrib.legacy_seq2seq.sequence_loss_by_example`).

    Args:
        logits: a list of `[batch, symbols]` scores.
        targets: a list of `[batch]` ids.
        weights: a list of `[batch]` floats.
        average_across_timesteps: whether it is divided by the sum of the weights.
        softmax_loss_function: of `labels` and `logits`, in the place of the cross entropy of a softmax.
        name: of the scope.

    Returns:
        `[batch]`.

    Raises:
        ValueError: lists of different lengths.
    """
    if len(targets) != len(logits) or len(weights) != len(logits):
        raise ValueError(
            "Lengths of logits, weights, and targets must be the same "
            f"{len(logits)}, {len(weights)}, {len(targets)}."
        )
    with name_scope(name, "sequence_loss_by_example", [*logits, *targets, *weights]):
        losses = []
        for logit, target, weight in zip(logits, targets, weights, strict=True):
            if softmax_loss_function is None:
                labels = array.reshape(target, [-1])
                loss = nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=logit)
            else:
                loss = _called(softmax_loss_function, target, logit)
            losses.append(loss * weight)
        total = math.add_n(losses)
        if average_across_timesteps:
            total = total / (math.add_n([convert_to_tensor(weight) for weight in weights]) + 1e-12)
    return total


def sequence_loss(
    logits: Sequence[Any],
    targets: Sequence[Any],
    weights: Sequence[Any],
    average_across_timesteps: Any = True,
    average_across_batch: Any = True,
    softmax_loss_function: Callable[..., Any] | None = None,
    name: str | None = None,
) -> Any:
    """The sum over the rows of `sequence_loss_by_example` (TF1 symbol:
    `tf.contrib.legacy_seq2seq.sequence_loss`).

    Args:
        average_across_batch: whether it is divided by the number of rows.

    The others are `sequence_loss_by_example`'s.
    """
    with name_scope(name, "sequence_loss", [*logits, *targets, *weights]):
        by_example = sequence_loss_by_example(
            logits,
            targets,
            weights,
            average_across_timesteps=average_across_timesteps,
            softmax_loss_function=softmax_loss_function,
        )
        cost = reduce_sum(by_example)
        if not average_across_batch:
            return cost
        return cost / math.cast(array.shape(targets[0])[0], cost.dtype)


def model_with_buckets(
    encoder_inputs: Any,
    decoder_inputs: Any,
    targets: Any,
    weights: Any,
    buckets: Sequence[tuple[int, int]],
    seq2seq: Callable[[Any, Any], Any],
    softmax_loss_function: Callable[..., Any] | None = None,
    per_example_loss: bool = False,
    name: str | None = None,
) -> tuple[list[Any], list[Any]]:
    """A model for each pair of lengths, with the same variables (TF1 symbol:
    `tf.contrib.legacy_seq2seq.model_with_buckets`).

    Args:
        encoder_inputs, decoder_inputs, targets, weights: lists, as long as the last bucket.
        buckets: pairs of an encoder's and a decoder's length, from the smallest to the largest.
        seq2seq: a function of encoder inputs and decoder inputs that gives outputs and a state.
        softmax_loss_function: as `sequence_loss`'s.
        per_example_loss: whether losses are of each row.
        name: of the scope.

    Returns:
        the outputs of each bucket, lists, and its loss.

    Raises:
        ValueError: a list is shorter than the last bucket.
    """
    last_input, last_output = buckets[-1]
    for what, values, least in (
        ("encoder_inputs", encoder_inputs, last_input),
        ("targets", targets, last_output),
        ("weights", weights, last_output),
    ):
        if len(values) < least:
            raise ValueError(
                f"Length of {what} ({len(values)}) must be at least that of last bucket ({least})."
            )
    all_outputs, losses = [], []
    loss_function = sequence_loss_by_example if per_example_loss else sequence_loss
    with name_scope(name, "model_with_buckets", [*encoder_inputs, *decoder_inputs, *targets, *weights]):
        for index, (inputs, steps) in enumerate(buckets):
            with vs.variable_scope(vs.get_variable_scope(), reuse=True if index else None):
                outputs, _ = seq2seq(encoder_inputs[:inputs], decoder_inputs[:steps])
                all_outputs.append(outputs)
                losses.append(
                    loss_function(
                        outputs,
                        targets[:steps],
                        weights[:steps],
                        softmax_loss_function=softmax_loss_function,
                    )
                )
    return all_outputs, losses
