"""What is kept of a forward pass until its backward pass."""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True)
class MemoryPlan:
    """`keep_all()` keeps what every step needs; `recompute(every=k)` keeps the state every k steps and
    computes the rest anew.

    >>> MemoryPlan.recompute().chunk_length(820)
    29
    """

    kind: str = "keep_all"
    every: int | None = None

    @staticmethod
    def keep_all() -> MemoryPlan:
        return MemoryPlan()

    @staticmethod
    def recompute(every: int | None = None) -> MemoryPlan:
        """Keep the state every `every` steps; None is about the square root of the number of steps, where
        the memory is least.

        Raises:
            ValueError: `every` is less than 1.
        """
        if every is not None and every < 1:
            raise ValueError(f"every must be at least 1 step, but is {every}.")
        return MemoryPlan("recompute", every)

    def chunk_length(self, time: int) -> int:
        """The number of steps that are walked as one."""
        if self.kind == "keep_all":
            return max(1, time)
        return max(1, self.every if self.every is not None else math.ceil(math.sqrt(time)))
