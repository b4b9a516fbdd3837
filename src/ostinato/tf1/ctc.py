"""Losses and decoders of connectionist temporal classification (TF1 symbol: `tf.nn.ctc_loss`)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
import torch.nn.functional as F

from .dtypes import int32, int64
from .graph import name_scope
from .ops import (
    array,
    ctc_beam,  # noqa: F401  for its entries in the table
    math,
    picking,
)
from .ops.core import convert_to_tensor, make, one
from .ops.lists import concat
from .registry import OutputTypes, ShapeMismatch, register
from .shapes import TensorShape
from .sparse_tensor import SparseTensor
from .tensor import Operation, Tensor


def ctc_loss(
    labels: Any,
    inputs: Any = None,
    sequence_length: Any = None,
    preprocess_collapse_repeated: bool = False,
    ctc_merge_repeated: bool = True,
    ignore_longer_outputs_than_inputs: bool = False,
    time_major: bool = True,
    logits: Any = None,
) -> Tensor:
    """The negative logarithm of each labelling's probability (TF1 symbol: `tf.nn.ctc_loss`).

    Args:
        labels: a SparseTensor of int32, `[batch, longest]`.
        inputs: logits, `[steps, batch, classes]`, or with `time_major` False `[batch, steps, classes]`; the
            last class is the blank. `logits` is its newer name.
        sequence_length: `[batch]` int32, how many steps of each row count.
        preprocess_collapse_repeated: whether repeated labels are made one before.
        ctc_merge_repeated: whether a label that goes on from step to step is one label. False is a variant
            in which each step with a label gives one.
        ignore_longer_outputs_than_inputs: whether rows with more labels than steps count as zero.

    Returns:
        `[batch]` losses; infinite where no alignment is possible.

    Raises:
        TypeError: labels that are not sparse, or not int32.
        tf.errors.InvalidArgumentError: in a run, a row without labels, a label after a blank one, or more
            labels than steps.
    """
    if not isinstance(labels, SparseTensor):
        raise TypeError("Expected labels (first argument) to be a SparseTensor")
    inputs = math.either("logits", logits, "inputs", inputs)
    inputs = convert_to_tensor(inputs, name="logits")
    if not time_major:
        inputs = array.transpose(inputs, [1, 0, 2])
    if labels.values.dtype.base_dtype is not int32:
        raise TypeError(
            f"Input 'labels_values' of 'CTCLoss' Op has type {labels.values.dtype.base_dtype.name} that does "
            "not match expected type of int32."
        )
    lengths = convert_to_tensor(sequence_length, int32, name="sequence_length")
    return one(
        "CTCLoss",
        [inputs, labels.indices, labels.values, lengths],
        "CTCLoss",
        preprocess_collapse_repeated=bool(preprocess_collapse_repeated),
        ctc_merge_repeated=bool(ctc_merge_repeated),
        ignore_longer_outputs_than_inputs=bool(ignore_longer_outputs_than_inputs),
    )


def _dense(
    logits: torch.Tensor,
    labels: torch.Tensor,
    label_length: torch.Tensor,
    logit_length: torch.Tensor,
    blank_index: int,
) -> torch.Tensor:
    logs = torch.log_softmax(logits, -1)
    losses = F.ctc_loss(
        logs,
        labels.long(),
        logit_length.long(),
        label_length.long(),
        blank=blank_index % logits.shape[2],
        reduction="none",
    )
    # TensorFlow's gradient, which it states by itself, has the softmax in the steps behind a row's length.
    behind = torch.arange(logits.shape[0]).unsqueeze(1) >= logit_length
    total = (torch.logsumexp(logits, -1) * behind).sum(0)
    return losses + (total - total.detach())


def _dense_rule(inputs: Sequence[Tensor], attributes: dict[str, Any]) -> OutputTypes:
    if inputs[0].shape.ndims not in (None, 3):
        raise ShapeMismatch(f"Shape must be rank 3 but is rank {inputs[0].shape.ndims}")
    batch = inputs[0].shape.known[1] if inputs[0].shape.known else None
    return [(inputs[0].dtype.base_dtype, TensorShape([batch]))]


register("CTCLossDense", _dense, _dense_rule)


def ctc_loss_v2(
    labels: Any,
    logits: Any,
    label_length: Any,
    logit_length: Any,
    logits_time_major: bool = True,
    unique: Any = None,
    blank_index: int | None = None,
    name: str | None = None,
) -> Tensor:
    """As `ctc_loss`, for dense labels too and with any class as the blank (TF1 symbol:
    `tf.nn.ctc_loss_v2`).

    Args:
        labels: `[batch, longest]` integers, or a SparseTensor.
        logits: `[steps, batch, classes]`, or with `logits_time_major` False `[batch, steps, classes]`.
        label_length, logit_length: `[batch]`; the former is not used for sparse labels.
        unique: not used: it only makes TensorFlow faster on some devices.
        blank_index: the blank's class; -1 is the last. 0 where it is not given, which for sparse labels it
            has to be.
    """
    logits = convert_to_tensor(logits, name="logits")
    if isinstance(labels, SparseTensor):
        if blank_index is None:
            raise ValueError("blank_index must be given when using SparseTensor labels.")
        classes = logits.shape[2].value
        if classes is None:
            raise ValueError("With sparse labels ctc_loss_v2 needs logits with a known number of classes.")
        blank_index %= classes
        if blank_index != classes - 1:
            parts = [
                logits[:, :, :blank_index],
                logits[:, :, blank_index + 1 :],
                logits[:, :, blank_index : blank_index + 1],
            ]
            logits = concat(parts, 2)
            values = labels.values
            moved = picking.where(values < blank_index, values, values - 1)
            labels = SparseTensor(labels.indices, moved, labels.dense_shape)
        return ctc_loss(labels, logits, logit_length, time_major=logits_time_major)
    with name_scope(name, "ctc_loss_dense", [logits, labels]):
        if not logits_time_major:
            logits = array.transpose(logits, [1, 0, 2])
        inputs = [
            logits,
            convert_to_tensor(labels, name="labels"),
            convert_to_tensor(label_length, name="label_length"),
            convert_to_tensor(logit_length, name="logit_length"),
        ]
        # TensorFlow's loss has a gradient of its own and ends with the node that carries it.
        return one("CTCLossDense", inputs, "IdentityN", blank_index=int(blank_index or 0))


# -- decoders
def _decoder_inputs(inputs: Any, sequence_length: Any) -> list[Tensor]:
    inputs = convert_to_tensor(inputs, name="inputs")
    return [inputs, convert_to_tensor(sequence_length, int32, name="sequence_length")]


def _paths(operation: Operation, count: int) -> tuple[list[SparseTensor], Tensor]:
    outputs = operation.outputs
    found = [
        SparseTensor(outputs[place], outputs[count + place], outputs[2 * count + place])
        for place in range(count)
    ]
    return found, outputs[-1]


def ctc_greedy_decoder(
    inputs: Any, sequence_length: Any, merge_repeated: bool = True
) -> tuple[list[SparseTensor], Tensor]:
    """The labels of the likeliest class at each step (TF1 symbol: `tf.nn.ctc_greedy_decoder`).

    Args:
        inputs: logits `[steps, batch, classes]`; the last class is the blank.
        sequence_length: `[batch]` int32.
        merge_repeated: whether a class that goes on from step to step is one label.

    Returns:
        ([a SparseTensor of int64 labels], `[batch, 1]` the negated sums of the classes' logits).
    """
    operation = make(
        "CTCGreedyDecoder",
        _decoder_inputs(inputs, sequence_length),
        "CTCGreedyDecoder",
        merge_repeated=bool(merge_repeated),
    )
    return _paths(operation, 1)


def ctc_beam_search_decoder(
    inputs: Any,
    sequence_length: Any,
    beam_width: int = 100,
    top_paths: int = 1,
    merge_repeated: bool = True,
) -> tuple[list[SparseTensor], Tensor]:
    """The likeliest labellings that a beam search finds (TF1 symbol: `tf.nn.ctc_beam_search_decoder`).

    Args:
        inputs: logits `[steps, batch, classes]`; the last class is the blank.
        sequence_length: `[batch]` int32.
        beam_width: how many prefixes to keep.
        top_paths: how many labellings to give.
        merge_repeated: whether labels that are repeated in a labelling that was found are made one: "AA" is
            "A" then, even where there was a blank in between.

    Returns:
        (`top_paths` SparseTensors of int64 labels, `[batch, top_paths]` logarithms of probabilities).
    """
    operation = make(
        "CTCBeamSearchDecoder",
        _decoder_inputs(inputs, sequence_length),
        "CTCBeamSearchDecoder",
        beam_width=int(beam_width),
        top_paths=int(top_paths),
        merge_repeated=bool(merge_repeated),
    )
    return _paths(operation, int(top_paths))


def ctc_beam_search_decoder_v2(
    inputs: Any, sequence_length: Any, beam_width: int = 100, top_paths: int = 1
) -> tuple[list[SparseTensor], Tensor]:
    """As `ctc_beam_search_decoder`, without merging (TF1 symbol: `tf.nn.ctc_beam_search_decoder_v2`)."""
    return ctc_beam_search_decoder(inputs, sequence_length, beam_width, top_paths, merge_repeated=False)


# -- labels
def _collapse(labels: torch.Tensor, lengths: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    changes = torch.ones(labels.shape, dtype=torch.bool)
    changes[:, 1:] = labels[:, 1:] != labels[:, :-1]
    kept = changes & (torch.arange(labels.shape[1]) < lengths.unsqueeze(1))
    counts = kept.sum(1)
    found = labels.new_zeros((labels.shape[0], int(counts.max()) if counts.numel() else 0))
    found[torch.arange(found.shape[1]) < counts.unsqueeze(1)] = labels[kept]
    return found, counts.to(lengths.dtype)


register(
    "CollapseRepeated",
    _collapse,
    lambda i, a: [
        (i[0].dtype.base_dtype, TensorShape([i[0].shape.known[0] if i[0].shape.known else None, None])),
        (i[1].dtype.base_dtype, TensorShape([i[0].shape.known[0] if i[0].shape.known else None])),
    ],
    differentiable=False,
)


def collapse_repeated(labels: Any, seq_length: Any, name: str | None = None) -> tuple[Tensor, Tensor]:
    """Labels with repeated ones made one, and how many there are (TF1 symbol: `tf.nn.collapse_repeated`).

    Args:
        labels: `[batch, longest]`.
        seq_length: `[batch]`.
    """
    with name_scope(name, "collapse_repeated_labels", [labels, seq_length]):
        inputs = [
            convert_to_tensor(labels, name="labels"),
            convert_to_tensor(seq_length, name="seq_length"),
        ]
        found = make("CollapseRepeated", inputs, "CollapseRepeated").outputs
        return found[0], found[1]


def _unique_rows(labels: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """In each row, its different labels in the order they come, zeros after them; and the places there."""
    same = labels.unsqueeze(2) == labels.unsqueeze(1)
    first = same.to(torch.uint8).argmax(2)  # where each label was first
    is_first = first == torch.arange(labels.shape[1])
    number = is_first.cumsum(1) - 1
    places = number.gather(1, first)
    found = torch.zeros(labels.shape, dtype=torch.int64)
    found.scatter_(1, places, labels.long())
    return found, places.to(torch.int32)


register(
    "CTCUniqueLabels",
    _unique_rows,
    lambda i, a: [(int64, TensorShape(i[0].shape)), (int32, TensorShape(i[0].shape))],
    differentiable=False,
)


def ctc_unique_labels(labels: Any, name: str | None = None) -> tuple[Tensor, Tensor]:
    """(the different labels of each row, where each label is among them) (TF1 symbol:
    `tf.nn.ctc_unique_labels`).
    """
    with name_scope(name, "ctc_unique_labels", [labels]):
        found = make("CTCUniqueLabels", [convert_to_tensor(labels, name="labels")], "CTCUniqueLabels").outputs
        return found[0], found[1]
