"""Memory to read chunks into, used again: fresh memory costs a page fault every 4 KiB."""

from __future__ import annotations

import mmap
import weakref
from collections import deque
from typing import Any

import numpy

Bytes = Any
"""A numpy array of uint8."""

_SMALLEST = 1 << 20  # what is smaller comes from memory that the allocator keeps anyway


class Blocks:
    """Lends blocks of memory; each comes back when the last tensor in it is gone, and one waits to be used
    again.

    Blocks are mapped, not allocated, so that one that goes is the system's again at once, whichever thread's
    allocator would have kept it.
    """

    def __init__(self) -> None:
        self._free: deque[Bytes] = deque(maxlen=1)  # its methods are atomic: a block may come back anywhere
        self._closed = False

    def lend(self, length: int) -> Bytes:
        """`length` bytes, anything in them, for as long as an array or a tensor made from them lives."""
        if length < _SMALLEST:
            return numpy.empty(length, numpy.uint8)
        try:
            block = self._free.pop()
        except IndexError:
            block = None
        if block is None or block.nbytes < length:
            memory = mmap.mmap(-1, length, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
            block = numpy.frombuffer(memory, numpy.uint8)
        lease = _Lease(block, length)
        weakref.finalize(lease, self._give_back, block).atexit = False
        return numpy.asarray(lease)

    def _give_back(self, block: Bytes) -> None:
        if not self._closed:
            self._free.append(block)

    def close(self) -> None:
        """Keep no block for later; what is lent stays lent."""
        self._closed = True
        self._free.clear()


class _Lease:
    """What all arrays over a block hold on to. No array itself: numpy lets a view of a view hold the memory
    at the bottom, so that an array in between dies early.
    """

    def __init__(self, block: Bytes, length: int) -> None:
        self.block = block
        address = block.__array_interface__["data"][0]
        self.__array_interface__ = {
            "shape": (length,),
            "typestr": "|u1",
            "data": (address, False),
            "version": 3,
        }
