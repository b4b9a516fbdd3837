"""How a plan cuts a sequence: chunks of steps, what is kept of each, and where the state is."""

from __future__ import annotations

import math
from collections.abc import Iterator
from enum import IntEnum
from typing import NamedTuple

import numpy

from ostinato.memory.plan import MemoryPlan


class Keep(IntEnum):
    """What is kept of a chunk for its gradient."""

    NOTHING = 0
    STATE = 1
    ALL = 2


class Chunk(NamedTuple):
    """The steps `[start, stop)`, run as one."""

    place: int
    start: int
    stop: int
    keep: Keep


# A piece that is moved away should be worth a transfer of its own, and a few of them less than the whole.
_LEAST_MOVED = {"host": 4 << 20, "disk": 1 << 20}
_MOST_MOVED = 8 << 20
_PIECES = 64
_READ = 4 << 20


def default_length(plan: MemoryPlan, steps: int, moved: int, read: int, unit: int) -> int:
    """The number of steps of a chunk where `plan` names none, a multiple of `unit`.

    Args:
        moved: the bytes that a step moves away under `swap`, beside its state.
        read: the bytes of a step's inputs and outputs, which may have to be copied.
    """
    if plan.kind in ("keep_all", "keep_state"):
        length = max(1, min(steps, _READ // max(1, read)))
    else:
        length = math.ceil(math.sqrt(steps))
    if plan.to is not None and moved:
        size = min(_MOST_MOVED, max(_LEAST_MOVED[plan.to], steps * moved // _PIECES))
        length = -(-size // moved)
    return max(1, -(-length // unit) * unit)


class Schedule:
    """The chunks of a sequence of `steps` steps under a plan.

    They end with the sequence, so that the first one is the short one: a backward pass begins at the end, and
    sums up gradients in the same order whether it is one walk or many. `truncate_every` steps a gradient
    ends: there a chunk ends too.

    Args:
        default: the number of steps of a chunk where the plan names none.
    """

    def __init__(
        self, plan: MemoryPlan, steps: int, truncate_every: int | None = None, default: int | None = None
    ) -> None:
        lengths = plan.lengths(steps, default)
        length = min(lengths[-1], max(1, steps))
        self.steps = steps
        self._truncate_every = truncate_every
        starts = numpy.arange(steps % length or min(length, steps), steps, length, dtype=numpy.int64)
        pieces = [numpy.zeros(1, numpy.int64), starts]
        if truncate_every is not None:
            pieces.append(numpy.arange(truncate_every, steps, truncate_every, dtype=numpy.int64))
        self._starts = numpy.unique(numpy.concatenate(pieces))
        self._kept_from = steps - plan.keep_last if plan.kind == "recompute" else 0
        self._keep = {"keep_all": Keep.ALL, "keep_state": Keep.STATE, "swap": Keep.STATE}.get(
            plan.kind, Keep.ALL
        )
        groups = [max(1, round(outer / length)) for outer in lengths[:-1]]
        self.groups: tuple[int, ...] = (*groups, 1)
        """Of how many chunks the state at the start is kept: in the forward pass, then each time a group of
        the one before is run again.
        """

    def __len__(self) -> int:
        return len(self._starts)

    def __getitem__(self, index: int) -> Chunk:
        start = int(self._starts[index])
        stop = int(self._starts[index + 1]) if index + 1 < len(self._starts) else self.steps
        return Chunk(index, start, stop, self._keep if start >= self._kept_from else Keep.NOTHING)

    def __iter__(self) -> Iterator[Chunk]:
        return (self[index] for index in range(len(self)))

    def ends_gradient(self, chunk: Chunk) -> bool:
        """Whether the gradient of the state stops where `chunk` starts."""
        return (
            self._truncate_every is not None and chunk.start > 0 and chunk.start % self._truncate_every == 0
        )

    def ends_final_gradient(self, time: int) -> bool:
        """Whether the gradient of the final state stops between the last of the steps and the end of a
        sequence of `time` steps, where nothing happens any more.
        """
        every = self._truncate_every
        return every is not None and (time - 1) // every > (self.steps - 1) // every
