"""How a sequence's results lie in memory: as its inputs do."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor


def is_batch_major(inputs: Tensor) -> bool:
    """Whether `inputs` `[time, batch, ...]` are a transposed view of batch-major memory. (With one step or
    one row both answers are the same memory.)
    """
    of_time, of_batch, *_ = inputs.stride()
    smaller: Any = of_time < of_batch
    if isinstance(smaller, bool):
        return smaller
    # A compiler's symbols. Where it does not know a size it can still tell that one stride is a multiple of
    # the other.
    from torch.fx.experimental import symbolic_shapes

    if symbolic_shapes.guard_or_true(smaller) == symbolic_shapes.guard_or_false(smaller):
        return symbolic_shapes.guard_or_false(smaller)
    return symbolic_shapes.statically_known_true(of_batch % of_time == 0)


def empty_outputs(inputs: Tensor, size: int) -> Tensor:
    """Memory for results `[time, batch, size]` of `inputs` `[time, batch, input_size]`, of their dtype and
    device: contiguous, or a transposed view of contiguous batch-major memory where the inputs are one. So
    whoever works batch-major gets contiguous outputs, and no copy is made on the way.

    >>> empty_outputs(torch.zeros(2, 5, 3).transpose(0, 1), 4).stride()
    (4, 20, 1)
    >>> empty_outputs(torch.zeros(5, 2, 3), 4).stride()
    (8, 4, 1)
    """
    time, batch_size = inputs.shape[:2]
    if is_batch_major(inputs):
        return inputs.new_empty(batch_size, time, size).transpose(0, 1)
    return inputs.new_empty(time, batch_size, size)


def stacked_outputs(inputs: Tensor, steps: list[Tensor]) -> Tensor:
    """`steps`, each `[batch, size]`, as one tensor laid out as `empty_outputs` says; differentiable."""
    return torch.stack(steps, 1).transpose(0, 1) if is_batch_major(inputs) else torch.stack(steps)
