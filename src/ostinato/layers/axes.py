"""The forms an input may have, and time-major tensors with lengths: the one form that is computed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from torch import Tensor
from torch.nn.utils.rnn import PackedSequence, pack_padded_sequence, pad_packed_sequence

from ostinato.drivers.arguments import sequence_lengths
from ostinato.layers.checks import as_lengths_of_one


class TimeMajor(NamedTuple):
    """`inputs` `[time, batch, input_size]` and `lengths` `[batch]` or None; `restore` puts a sequence
    `[time, batch, ...]` into the form that the input had.
    """

    inputs: Tensor
    lengths: Tensor | None
    restore: Callable[[Tensor], Any]
    is_batched: bool


def time_major(given: Tensor | PackedSequence, sequence_length: Any, batch_first: bool) -> TimeMajor:
    """`given`, a `PackedSequence`, `[time, input_size]`, or a batch of padded rows, as time-major steps."""
    if isinstance(given, PackedSequence):
        return _padded(given)
    if given.dim() == 2:
        inputs = given.unsqueeze(1)
        lengths = sequence_lengths(as_lengths_of_one(sequence_length), 1, inputs.device)
        return TimeMajor(inputs, lengths, lambda sequence: sequence.squeeze(1), False)
    inputs = given.transpose(0, 1) if batch_first else given
    lengths = sequence_lengths(sequence_length, inputs.shape[1], inputs.device)
    if not batch_first:
        return TimeMajor(inputs, lengths, lambda sequence: sequence, True)
    return TimeMajor(inputs, lengths, lambda sequence: sequence.transpose(0, 1), True)


def _padded(packed: PackedSequence) -> TimeMajor:
    inputs, lengths = pad_packed_sequence(packed)  # rows in the order that they had before packing
    order = packed.sorted_indices
    sorted_lengths = lengths if order is None else lengths[order.cpu()]

    def restore(sequence: Tensor) -> PackedSequence:
        rows = sequence if order is None else sequence.index_select(1, order)
        data = pack_padded_sequence(rows, sorted_lengths).data
        return PackedSequence(data, packed.batch_sizes, order, packed.unsorted_indices)

    return TimeMajor(inputs, lengths.to(inputs.device), restore, True)
