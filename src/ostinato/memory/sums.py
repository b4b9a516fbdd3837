"""What shows that a sequence is the same again, whichever parts it came in."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor


class Sum(NamedTuple):
    """A sum of the values of some steps, each step with a weight of its own, and of their sizes.

    Those of the parts of a stretch add up to that of the stretch.

    >>> values = torch.randn(5, 3)
    >>> Sum.of(values[:2], 0).plus(Sum.of(values[2:], 2)).agrees(Sum.of(values, 0))
    True
    """

    value: float
    size: float
    dtype: torch.dtype

    @staticmethod
    def of(steps: Tensor, first_step: int) -> Sum:
        """That of `steps` `[steps, ...]`, which begin with step `first_step`."""
        dtype, wide = steps.dtype, torch.float64 if steps.device.type != "mps" else torch.float32
        if steps.is_complex():
            steps = torch.view_as_real(steps)
        numbers = torch.arange(first_step + 1, first_step + 1 + len(steps), dtype=torch.float64)
        # The fractional parts of multiples of the golden ratio: no two alike.
        weights = (0.5 + numbers * 0.6180339887498949 % 1).to(steps.device, wide)
        flat = steps.reshape(len(steps), -1).to(wide)
        size = float(torch.linalg.vector_norm(flat, 1))
        return Sum(float(flat.sum(1) @ weights), size, dtype)

    def plus(self, other: Sum) -> Sum:
        return Sum(self.value + other.value, self.size + other.size, self.dtype)

    def agrees(self, other: Sum) -> bool:
        """Whether the two are the same but for rounding."""
        if self.value == other.value or (self.value != self.value and other.value != other.value):
            return True
        rounds = self.dtype.is_floating_point or self.dtype.is_complex
        # With a graph, a library may choose another kernel for the same steps; and sums of parts are rounded.
        tolerance = 1e-12 + (8 * torch.finfo(self.dtype).eps if rounds else 0.0)
        return abs(self.value - other.value) <= tolerance * other.size
