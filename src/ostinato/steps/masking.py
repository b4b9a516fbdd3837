"""The one rule of what a step does past a row's length: the output is exact zeros, the state is copied
through, the input is never read.
"""

from __future__ import annotations

import torch
from torch import Tensor

from ostinato._state import Nest, map_nest


def finished_rows(sequence_length: Tensor, step: int) -> Tensor:
    """Which rows `[batch]` have ended before step `step`."""
    return sequence_length <= step


def valid_steps(sequence_length: Tensor, time: int) -> Tensor:
    """Which steps `[time, batch]` lie within their row's length."""
    return torch.arange(time, device=sequence_length.device).unsqueeze(1) < sequence_length


def _like(rows: Tensor, tensor: Tensor) -> Tensor:
    return rows.reshape(rows.shape + (1,) * (tensor.dim() - rows.dim()))


def zero_where(rows: Tensor, nest: Nest) -> Nest:
    """`nest` with zeros in the given rows (or steps and rows). What stood there, a NaN included, reaches
    neither output nor gradient.
    """
    return map_nest(lambda tensor: tensor.masked_fill(_like(rows, tensor), 0), nest)


def zero_padding(sequence_length: Tensor | None, sequence: Tensor) -> Tensor:
    """`sequence` `[time, batch, ...]` with zeros past the rows' lengths."""
    if sequence_length is None:
        return sequence
    padding: Tensor = zero_where(~valid_steps(sequence_length, sequence.shape[0]), sequence)
    return padding


def copy_through(finished: Tensor, new: Nest, old: Nest) -> Nest:
    """`new`, with the rows of `old` where a row has finished. A state without a batch (rank 0) is passed
    on, as in TF1.
    """
    return map_nest(lambda n, o: n if n.dim() == 0 else torch.where(_like(finished, n), o, n), new, old)
