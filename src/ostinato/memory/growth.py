"""Which moments of a loop are kept while nobody knows how long it will run, and how a stretch between two of
them is run again.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import comb, isqrt
from typing import NamedTuple, Protocol

from ostinato.memory.limit import MemoryLimitError, format_bytes
from ostinato.memory.plan import MemoryPlan

_LEAST = 8  # steps: a stretch has costs of its own
_LONGEST = 64  # steps with a graph at once, where memory does not forbid it


class Piece(NamedTuple):
    """Steps that are run again as one; `means` is what there is to split them further."""

    steps: int
    means: int


class Growth(Protocol):
    """How a loop is cut."""

    @property
    def means(self) -> int:
        """What there is to split a stretch of the forward pass."""

    def steps_from(self, step: int) -> int:
        """How many steps the stretch that begins before `step` is to have."""

    def is_full(self, moments: int, size: int) -> bool:
        """Whether so many moments, of `size` bytes in all, are too many, so that every second one is to
        go.
        """

    def split(self, steps: int, means: int) -> Sequence[Piece]:
        """In which pieces a stretch is run again; none: with a graph at once."""


class Planned:
    """As a plan says: the state every k steps, nested where it names several numbers. Without a number a
    stretch is as long as the square root of the steps before it, so that as many stretches are kept.

    >>> growth = Planned(MemoryPlan.recompute(every=(100, 40)))
    >>> growth.steps_from(0), growth.split(100, growth.means)
    (100, [Piece(steps=40, means=1), Piece(steps=40, means=1), Piece(steps=20, means=1)])
    >>> Planned(MemoryPlan.recompute()).steps_from(10_000)
    100
    """

    means = 0

    def __init__(self, plan: MemoryPlan) -> None:
        # The state is all that can be kept of a step that Python makes.
        self._lengths = (1,) if plan.kind == "keep_state" else plan.every

    def steps_from(self, step: int) -> int:
        return self._lengths[0] if self._lengths else max(_LEAST, isqrt(step))

    def is_full(self, moments: int, size: int) -> bool:
        return False

    def split(self, steps: int, means: int) -> Sequence[Piece]:
        lengths = (self._lengths or ())[means + 1 :]
        if not lengths:
            return []
        return [Piece(min(lengths[0], steps - start), means + 1) for start in range(0, steps, lengths[0])]


class Costs(NamedTuple):
    """Bytes: of a moment, of the graph of a step, and of what a gradient takes besides."""

    moment: int
    step: int
    fixed: int


class Bounded:
    """In so many bytes, however long the loop: where the moments are too many, every second one is let go of
    and stretches are twice as long from there on. A stretch that is too long for one graph is run again from
    some moments of it, as many as there is room for, placed so that no step is run more often than it must
    (Griewank and Walther 2000, "Algorithm 799: revolve").

    `costs` is asked once the first step, a stretch of its own, has been run.

    Raises:
        MemoryLimitError: there is no room for one step's graph and four moments; from `is_full`.

    >>> growth = Bounded(1_000_000, lambda: Costs(moment=50_000, step=100_000, fixed=0))
    >>> growth.is_full(1, 50_000)
    False
    >>> growth.split(6, 2)
    [Piece(steps=2, means=2), Piece(steps=2, means=1), Piece(steps=2, means=0)]
    """

    means = 0

    def __init__(self, limit: int, costs: Callable[[], Costs]) -> None:
        self._limit, self._costs = limit, costs
        self._room, self._graph_steps, self._stretch = -1, 1, 1

    def _settle(self, costs: Costs) -> None:
        limit = self._limit
        # The rest is for outputs on their way, and for what an allocator does not give back.
        room = limit * 13 // 16 - costs.fixed
        if room < costs.step + 4 * costs.moment:
            raise self.error(costs.fixed + costs.step + 4 * costs.moment)
        self._graph_steps = max(1, min(_LONGEST, room // 4 // costs.step))
        room -= self._graph_steps * costs.step
        self.means = max(1, min(1000, room // 4 // costs.moment))
        self._room = room - self.means * costs.moment
        self._stretch = self._graph_steps

    def steps_from(self, step: int) -> int:
        return self._stretch

    def is_full(self, moments: int, size: int) -> bool:
        if self._room < 0:
            self._settle(self._costs())
        if size <= self._room:
            return False
        if moments < 2:
            raise self.error(self._limit + size - self._room)
        self._stretch *= 2
        return True

    def error(self, size: int) -> MemoryLimitError:
        smallest = -(-16 * size // 13)
        return MemoryLimitError(
            f"No memory plan runs this loop within a memory_limit of {format_bytes(self._limit)}: one step's "
            "graph and a few of the states between steps take more. The smallest limit that would do is "
            f"{smallest} bytes ({format_bytes(smallest)}).",
            smallest,
        )

    def split(self, steps: int, means: int) -> Sequence[Piece]:
        size = self._graph_steps
        if steps <= size:
            return []
        units, repeats, pieces = -(-steps // size), 1, []
        while comb(means + repeats, means) < units:
            repeats += 1
        missing = units * size - steps
        while units > 1:
            first = min(comb(means + repeats - 1, means), units - 1)
            pieces.append(Piece(first * size - missing, means))
            units, means, missing = units - first, means - 1, 0
        return [*pieces, Piece(size, means)]
