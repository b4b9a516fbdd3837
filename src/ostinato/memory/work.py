"""What a walk runs, chunk by chunk, and in which order it reads a sequence."""

from __future__ import annotations

import mmap
from collections.abc import Sequence
from typing import Any, NamedTuple, Protocol

from torch import Tensor

from ostinato.memory.schedule import Keep

Leaves = Sequence[Tensor]
Gradients = Sequence[Tensor | None]


class Ran(NamedTuple):
    """A chunk that has been run forwards.

    `outputs` `[steps, batch, ...]` and the `state` after it; and what its backward pass needs beside those:
    `kept`, tensors that can be moved away, or a `graph`, which cannot and is the work's own. Both None: it
    must be run again.
    """

    outputs: Leaves
    state: Leaves
    kept: Leaves | None = None
    graph: Any = None


class Task(NamedTuple):
    """The gradient of a chunk: what it read, which inputs need one, how it ran, and the gradients of what it
    gave.
    """

    start: int
    inputs: Leaves
    inputs_need: Sequence[bool]
    state: Leaves
    ran: Ran
    grad_outputs: Gradients
    grad_state: Gradients


class Place(NamedTuple):
    """A chunk that is to be run: what it reads, and whether it has been run before."""

    start: int
    inputs: Leaves
    state: Leaves
    again: bool = False


class Found(NamedTuple):
    """The gradients of a chunk's inputs and of the state before it."""

    inputs: Gradients
    state: Gradients


class Work(Protocol):
    """What runs a chunk: the ops of a family, or any function by autograd.

    It is made for one walk, and may remember what it needs to run a chunk a second time as the first.
    """

    reads_outputs: bool
    """Whether the backward pass of a chunk reads its outputs."""
    writes_into: bool
    """Whether it can write a chunk's outputs where it is told to."""

    def allocate(self, inputs: Leaves, time: int) -> Leaves | None:
        """Memory for all outputs; None where only a chunk can tell what they are like."""

    def forward(self, place: Place, parameters: Leaves, keep: Keep, into: Leaves | None) -> Ran:
        """Run a chunk, the first time or again; its outputs go `into` these where they are given."""

    def copies(self, parameters: Leaves, require_grad: Sequence[bool]) -> Leaves:
        """What `backward` is to compute with, for the parameters."""

    def backward(
        self,
        task: Task,
        parameters: Leaves,
        totals: list[Tensor | None],
        into: Sequence[Tensor | None],
    ) -> Found:
        """The gradients of a chunk. Those of the parameters are added to `totals`, those of the inputs may be
        written `into` where that is a tensor of zeros.
        """

    def finish(self) -> None:
        """A backward pass is over: let go of what it worked in."""


class Order:
    """The order in which a walk goes through a sequence `[time, batch, ...]`: as it stands."""

    is_time = True

    def __init__(self, files: Sequence[mmap.mmap] = ()) -> None:
        self.files = list(files) if hasattr(mmap, "MADV_DONTNEED") else []
        """Files that a sequence is in: their pages leave memory with each chunk."""

    def view(self, whole: Tensor, start: int, stop: int) -> Tensor | None:
        """The steps `[start, stop)` as a part of the memory of `whole`, or None if they are none."""
        return whole[start:stop]

    def read(self, whole: Tensor, start: int, stop: int) -> Tensor:
        return whole[start:stop]

    def write(self, whole: Tensor, start: int, stop: int, value: Tensor) -> None:
        whole[start:stop] = value

    def finished(self) -> None:
        """A chunk has been run, and what it read is not needed for now."""
        for file in self.files:
            # Shared with the file, so that nothing is lost: it is read again when it is touched.
            file.madvise(mmap.MADV_DONTNEED)
