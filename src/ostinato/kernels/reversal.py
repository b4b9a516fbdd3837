"""Rows from their last step to their first."""

from __future__ import annotations

import torch
from torch import Tensor


def reverse_sequence(sequence: Tensor, lengths: Tensor | None, time_axis: int) -> Tensor:
    """`sequence` with each row's first `lengths[row]` steps in reverse order and the rest in place. TF1:
    `tf.reverse_sequence`.

    >>> reverse_sequence(torch.tensor([[1, 2, 3]]), torch.tensor([2]), time_axis=1)
    tensor([[2, 1, 3]])
    """
    if lengths is None:
        return sequence.flip(time_axis)
    steps = torch.arange(sequence.shape[time_axis], device=sequence.device).unsqueeze(0)
    ends = lengths.clamp(0, sequence.shape[time_axis]).unsqueeze(1)
    order = torch.where(steps < ends, ends - 1 - steps, steps)  # [batch, time]
    order = order if time_axis == 1 else order.t()
    order = order.reshape(order.shape + (1,) * (sequence.dim() - 2)).expand(sequence.shape)
    return sequence.gather(time_axis, order)
