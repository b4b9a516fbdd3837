"""What is kept of a forward pass until its backward pass."""

from __future__ import annotations

import math
import operator
import os
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

Every = int | Sequence[int] | None
_KINDS = ("keep_all", "keep_state", "recompute", "swap")


@dataclass(frozen=True)
class MemoryPlan:
    """What a sequence keeps from its forward pass to its backward pass, and where. Made by its static
    methods:

    - `keep_all()`: all that every step needs. The fastest while memory lasts.
    - `keep_state()`: the state of every step (an LSTM's c and h); a step's gates are computed again.
    - `recompute(every=k)`: the state every k steps; the steps between are run again when their gradient is
      due.
    - `swap(to="disk", every=k)`: as `keep_state`, but written to a file, k steps at a time, beside the
      computation, and read ahead on the way back; `to="host"` moves it from a GPU to the host's memory.

    Gradients are those of the plain backward pass under every plan. Where a cell is stepped in Python, the
    states are all there is to keep: `keep_state` is then `recompute(every=1)`, and `swap` moves the state
    every k steps.

    >>> MemoryPlan.recompute(every=50)
    MemoryPlan(kind='recompute', every=(50,), keep_last=0, to=None, directory=None)
    """

    kind: str = "keep_all"
    every: tuple[int, ...] | None = None
    keep_last: int = 0
    to: str | None = None
    directory: str | None = None

    def __post_init__(self) -> None:
        if self.kind not in _KINDS:
            raise ValueError(f"The kind of a plan is one of {', '.join(_KINDS)}, but is {self.kind!r}.")
        object.__setattr__(self, "every", _checked(self.every))
        keep_last = step_count("keep_last", self.keep_last)
        if keep_last < 0:
            raise ValueError(f"keep_last must not be negative, but is {keep_last}.")
        object.__setattr__(self, "keep_last", keep_last)
        if self.kind == "swap" and self.to not in ("host", "disk"):
            raise ValueError(f'to must be "host" or "disk", but is {self.to!r}.')
        if self.directory is not None and self.to != "disk":
            raise ValueError('directory says where the file of to="disk" is; with to="host" there is none.')

    @staticmethod
    def keep_all() -> MemoryPlan:
        """Keep all that every step needs for its gradient."""
        return MemoryPlan()

    @staticmethod
    def keep_state() -> MemoryPlan:
        """Keep the state of every step and compute the rest of a step again."""
        return MemoryPlan("keep_state")

    @staticmethod
    def recompute(every: Every = None, keep_last: int = 0) -> MemoryPlan:
        """Keep the state every `every` steps and run the steps between again.

        Args:
            every: a number of steps; None is about the square root of their number, where the memory is
                least. Several, falling, are nested: with `(10_000, 100)` the state is kept every 10,000
                steps; when such a stretch is due it is run again keeping the state every 100, and then 100
                steps at a time.
            keep_last: of so many steps at the end everything is kept, of whole chunks only. Their gradient is
                due first.

        Raises:
            TypeError: `every` or `keep_last` is no integer.
            ValueError: `every` is less than 1, or several do not fall; `keep_last` is negative.
        """
        return MemoryPlan("recompute", _checked(every), keep_last)

    @staticmethod
    def swap(to: str = "host", every: int | None = None, directory: str | None = None) -> MemoryPlan:
        """Move what is kept out of the way while it is not needed, `every` steps at a time.

        Args:
            to: "host" for the host's memory, from a GPU; "disk" for a temporary file that has no name and is
                gone with the process.
            every: a number of steps; None makes pieces of some megabytes.
            directory: where the file is; None: the system's directory for temporary files.

        Raises:
            TypeError: `every` is no integer.
            ValueError: `to` is neither, `every` is less than 1, or there is a directory without "disk".
        """
        lengths = _checked(every)
        if lengths is not None and len(lengths) > 1:
            raise ValueError(f"What is swapped goes in pieces of one length, but every is {lengths}.")
        return MemoryPlan("swap", lengths, 0, to, None if directory is None else os.fspath(directory))

    def lengths(self, time: int, default: int | None = None) -> tuple[int, ...]:
        """The numbers of steps that are walked as one, the longest stretch first.

        >>> MemoryPlan.recompute().lengths(820)
        (29,)
        """
        if self.every is not None:
            return self.every
        if self.kind in ("keep_all", "keep_state"):
            return (default or max(1, time),)
        return (default or max(1, math.ceil(math.sqrt(time))),)


def check_plan(memory: object) -> None:
    """Raise a TypeError where `memory` is no plan."""
    if not isinstance(memory, MemoryPlan):
        raise TypeError(
            f"memory must be a MemoryPlan, such as MemoryPlan.recompute(every=100), but is {memory!r}. "
            "An amount of memory is memory_limit."
        )


def step_count(name: str, value: object) -> int:
    """`value` as a number of steps; a TypeError where it is no integer."""
    try:
        if isinstance(value, bool):
            raise TypeError
        return operator.index(value)  # type: ignore[arg-type]
    except TypeError:
        raise TypeError(f"{name} must be a whole number of steps, but is {value!r}.") from None


def _checked(every: Every) -> tuple[int, ...] | None:
    if every is None:
        return None
    given = every if isinstance(every, tuple | list) else (every,)
    lengths = tuple(step_count("every", length) for length in given)
    if not lengths:
        raise ValueError("every must name at least one number of steps.")
    for length in lengths:
        if length < 1:
            raise ValueError(f"every must be at least 1 step, but is {length}.")
    if any(inner >= outer for outer, inner in pairwise(lengths)):
        raise ValueError(f"Nested numbers of steps must fall, but every is {lengths}.")
    return lengths
