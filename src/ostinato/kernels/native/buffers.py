"""Memory for large results, used again from step to step.

A training loop asks for the same sizes at every step. What the system hands out is zeroed page by page as it
is first touched, which costs a sequence op a tenth of its time; so memory that torch has let go of waits
here for the next request of its size.
"""

from __future__ import annotations

import os
import threading
from collections import OrderedDict
from collections.abc import Sequence
from math import prod

import numpy
import torch
from torch import Tensor

SMALLEST = 1 << 17
"""What is smaller comes from memory that the allocator keeps anyway."""
_MOST_KEPT = 1 << 29
_NUMPY = {torch.float32: numpy.float32, torch.float64: numpy.float64}

_lock = threading.Lock()
_free: OrderedDict[int, list[numpy.ndarray]] = OrderedDict()  # bytes -> blocks, least recently used first
_kept = 0


def _after_fork() -> None:
    global _lock
    _lock = threading.Lock()  # the thread that held it is not in the child


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)


class _Lease(numpy.ndarray):
    """A block while torch uses it: torch holds this object for as long as the storage lives."""

    block: numpy.ndarray | None = None

    def __del__(self) -> None:
        if self.block is not None:
            _give_back(self.block)


def _give_back(block: numpy.ndarray) -> None:
    global _kept
    # Also runs where the interpreter collects garbage in the middle of `empty`: then the block goes.
    if _lock is None or not _lock.acquire(blocking=False):
        return
    try:
        _free.setdefault(block.nbytes, []).append(block)
        _free.move_to_end(block.nbytes)
        _kept += block.nbytes
        while _kept > _MOST_KEPT:
            size, blocks = next(iter(_free.items()))
            blocks.pop()
            _kept -= size
            if not blocks:
                del _free[size]
    finally:
        _lock.release()


def empty(shape: Sequence[int], like: Tensor) -> Tensor:
    """An uninitialised contiguous tensor of that shape, and the dtype of `like`, on the processor."""
    global _kept
    size = prod(shape) * like.element_size()
    dtype = _NUMPY.get(like.dtype)
    if size < SMALLEST or dtype is None:
        return like.new_empty(shape)
    with _lock:
        blocks = _free.get(size)
        block = blocks.pop() if blocks else None
        if block is not None:
            _kept -= size
            if not blocks:
                del _free[size]
    if block is None:
        block = numpy.empty(size, numpy.uint8)
    lease = _Lease(tuple(shape), dtype, block)
    lease.block = block
    return torch.from_numpy(lease)


def release() -> None:
    """Give back to the system what waits here."""
    global _kept
    with _lock:
        _free.clear()
        _kept = 0
