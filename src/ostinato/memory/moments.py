"""The moments of a loop that are kept from its forward pass to its backward pass."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from torch import Tensor

from ostinato.memory.environment import RandomState
from ostinato.memory.growth import Growth
from ostinato.memory.store import Store
from ostinato.memory.sums import Sum

Leaves = Sequence[Tensor]

MOMENT_BYTES = 1024
"""Bytes that a kept tensor takes beside its numbers, about."""


class Moment(NamedTuple):
    """A loop before a step: the tensors that it carries, and the rest, which can be compared.

    `random_state` is that of torch's generators, where the steps after it draw.
    """

    step: int
    leaves: Leaves
    rest: Any
    random_state: RandomState | None = None


class Segment:
    """The steps from a moment up to `stop`."""

    def __init__(self, moment: Moment, stop: int, sums: list[Sum], versions: list[int]) -> None:
        self.moment, self.stop, self.sums = moment, stop, sums
        self.versions = versions  # of the leaves, before the steps
        self.places: list[int | None] = []
        """Where the leaves are, once they are saved: None in the store."""


class Record:
    """What a forward pass leaves behind for the backward pass."""

    def __init__(self, growth: Growth, open_store: Callable[[], Store] | None) -> None:
        self.segments: list[Segment] = []
        self.store = open_store() if open_store is not None else None
        self._growth, self._size = growth, 0
        self._clones: dict[int, tuple[Tensor, Tensor]] = {}
        self._stored: list[list[bool]] = []
        self._initial: set[int] = set()
        self._moved: tuple[Moment, list[int]] | None = None

    def add(self, segment: Segment) -> None:
        moment = segment.moment
        check_versions(moment, segment.versions)
        if not self.segments:
            self._initial = {id(leaf) for leaf in moment.leaves}
        leaves = self._compact(moment.leaves)
        segment.moment = moment._replace(leaves=leaves)
        segment.versions = [leaf._version for leaf in leaves]
        if self.store is not None:
            self._check_moved()
            self._moved = (segment.moment, segment.versions)
            moved = [id(leaf) not in self._initial for leaf in leaves]
            self.store.put(len(self.segments), [leaf for leaf, m in zip(leaves, moved, strict=True) if m])
            kept = [leaf for leaf, m in zip(leaves, moved, strict=True) if not m]
            segment.moment, segment.versions = moment._replace(leaves=kept), [leaf._version for leaf in kept]
            self._stored.append(moved)
        self.segments.append(segment)
        self._size += self._size_of(segment, {id(leaf) for leaf in self._before()})
        while self._growth.is_full(len(self.segments), self._size):
            self._halve()

    def _before(self) -> Leaves:
        return self.segments[-2].moment.leaves if len(self.segments) > 1 else []

    def _compact(self, leaves: Leaves) -> Leaves:
        """The leaves without what lies around them in memory: a part of a larger tensor would keep it
        whole.
        """
        clones: dict[int, tuple[Tensor, Tensor]] = {}
        for leaf in leaves:
            if id(leaf) not in self._initial and leaf.untyped_storage().nbytes() > leaf.nbytes:
                # Once for a leaf that stays the same.
                clones[id(leaf)] = self._clones.get(id(leaf)) or (leaf, leaf.clone())
        self._clones = clones
        return [clones[id(leaf)][1] if id(leaf) in clones else leaf for leaf in leaves]

    def _size_of(self, segment: Segment, before: set[int]) -> int:
        random_state = segment.moment.random_state
        size = MOMENT_BYTES + (random_state.cpu.nbytes if random_state is not None else 0)
        for leaf in segment.moment.leaves:
            size += 64 if id(leaf) in before else leaf.nbytes + MOMENT_BYTES
        return size

    def _halve(self) -> None:
        """Let every second moment go."""
        pairs = [self.segments[start : start + 2] for start in range(0, len(self.segments), 2)]
        self.segments = [pair[0] if len(pair) == 1 else _joined(*pair) for pair in pairs]
        self._size, before = 0, set[int]()
        for segment in self.segments:
            self._size += self._size_of(segment, before)
            before = {id(leaf) for leaf in segment.moment.leaves}

    def check_versions(self) -> None:
        """Raise where a tensor that is kept has been changed."""
        self._check_moved()
        self._moved = None
        for segment in self.segments:
            check_versions(segment.moment, segment.versions)

    def _check_moved(self) -> None:
        if self._moved is not None:
            check_versions(*self._moved)

    def save(self, last: Leaves) -> tuple[list[Tensor], list[int]]:
        """All that is kept, each tensor once, for autograd to hold; and where the `last` leaves are in it."""
        saved: dict[int, tuple[int, Tensor]] = {}

        def place(leaf: Tensor) -> int:
            return saved.setdefault(id(leaf), (len(saved), leaf))[0]

        for index, segment in enumerate(self.segments):
            rest = iter(segment.moment.leaves)
            moved = self._stored[index] if self._stored else [False] * len(segment.moment.leaves)
            segment.places = [None if m else place(next(rest)) for m in moved]
            segment.moment = segment.moment._replace(leaves=())
        places = [place(leaf) for leaf in last]
        self._clones = {}
        return [leaf for _, leaf in saved.values()], places

    def close(self) -> None:
        if self.store is not None:
            self.store.close()


def check_versions(moment: Moment, versions: Sequence[int]) -> None:
    """Raise where a leaf has been changed since it had these versions."""
    for leaf, version in zip(moment.leaves, versions, strict=True):
        if leaf._version != version:
            raise RuntimeError(
                f"A tensor of shape {list(leaf.shape)} that the loop carries was changed in place after step "
                f"{moment.step}, so that the steps cannot be run again: return a new tensor instead, or run "
                "it without a memory plan."
            )


def _joined(one: Segment, other: Segment) -> Segment:
    """Two stretches as one. Where only the second one draws, the generators are at its start as they were at
    the first one's.
    """
    random_state = one.moment.random_state or other.moment.random_state
    one.moment = one.moment._replace(random_state=random_state)
    one.sums = added(one.sums, other.sums)
    one.stop = other.stop
    return one


def added(some: list[Sum], others: list[Sum]) -> list[Sum]:
    if not some or not others:
        return some or others
    return [one.plus(other) for one, other in zip(some, others, strict=True)]
