"""Chunks of a GPU in page-locked memory of the host, copied by a stream of their own.

Nothing here waits, but for the system to lock new memory: the order of copies and computation is told to the
GPU's streams by events. A tensor's memory may be used again by its own stream as soon as nobody refers to it,
so a reference is dropped only after that stream has been told to wait for the copy. That, and not
`record_stream`, bounds the memory: what is recorded stays taken until the GPU has come so far, and the host
runs far ahead of it.
"""

from __future__ import annotations

import os
import threading
import weakref
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from typing import Any, NamedTuple

import torch
from torch import Tensor

from ostinato.memory.store import CHUNKS_IN_FLIGHT, SwapError

BLOCK_BYTES = 1 << 24
"""Page-locked memory is taken in blocks of so many bytes. A power of two, to which torch rounds up."""

_ALIGNMENT = 512  # of a tensor in its block: as torch aligns them on the GPU

Stream = Any
Event = Any


class Gpu:
    """The streams, memory and copies of one GPU."""

    def __init__(self, device: torch.device) -> None:
        if device.type != "cuda":
            raise ValueError(
                f"Swapping to the host moves tensors away from a GPU, but these are on '{device}': swap to "
                "disk, or recompute."
            )
        index = torch.cuda.current_device() if device.index is None else device.index
        self.device = torch.device("cuda", index)

    def new_stream(self) -> Stream:
        return torch.cuda.Stream(self.device)

    def current_stream(self) -> Stream:
        return torch.cuda.current_stream(self.device)

    def empty(self, shape: torch.Size, dtype: torch.dtype) -> Tensor:
        """Memory of the current stream."""
        return torch.empty(shape, dtype=dtype, device=self.device)

    def copy(self, stream: Stream, pairs: Sequence[tuple[Tensor, Tensor]]) -> None:
        """Let `stream` copy the second to the first of each pair, between the GPU and page-locked memory."""
        with torch.cuda.stream(stream), torch.no_grad():
            for target, source in pairs:
                target.copy_(source, non_blocking=True)


class HostStore:
    """Chunks of `device`, a GPU, in page-locked memory of the host.

    `put`, `prefetch` and `get` return at once; the copies run beside the computation. Tensors are put on the
    stream that they belong to. Those of other devices stay where they are. The page-locked memory waits for
    later stores, of any GPU, until `release()`.

    Raises:
        ValueError: `device` is not a GPU.
        SwapError: from `put`: there is no more page-locked memory to be had; from any method: the store is
            closed.
    """

    def __init__(self, device: torch.device, gpu: Any = None) -> None:
        self._gpu = Gpu(device) if gpu is None else gpu
        self._copies = self._gpu.new_stream()
        self._lock = threading.Lock()
        self._chunks: dict[int, list[_Moved | Tensor]] = {}
        self._blocks: list[Tensor] = []
        self._used = BLOCK_BYTES  # bytes of the last block
        self._leaving: deque[_Flight] = deque()
        self._handed: deque[_Flight] = deque()  # back to the caller, while it was still being copied
        self._ahead: deque[_Flight] = deque()
        flights = (self._leaving, self._handed, self._ahead)
        self._end = weakref.finalize(self, _end, os.getpid(), self._copies, self._blocks, flights)

    def put(self, index: int, tensors: Sequence[Tensor]) -> None:
        """Take what chunk `index` needs later; see `Store.put`.

        Raises:
            ValueError: the chunk has been put already.
            SwapError: as for the store.
        """
        with self._lock:
            self._check()
            if index in self._chunks:
                raise ValueError(f"Chunk {index} has been put already: a chunk is put once.")
            owner = self._gpu.current_stream()
            tensors = [leaf.detach().resolve_conj().resolve_neg().contiguous() for leaf in tensors]
            chunk = [self._room(leaf) if leaf.device == self._gpu.device else leaf for leaf in tensors]
            self._copies.wait_event(owner.record_event())
            self._gpu.copy(self._copies, _pairs(chunk, tensors, out=True))
            self._chunks[index] = chunk
            self._leaving.append(_Flight(index, tensors, self._copies.record_event(), owner))
            while len(self._leaving) > CHUNKS_IN_FLIGHT:
                _land(self._leaving)

    def prefetch(self, index: int) -> None:
        """Begin to bring chunk `index` back."""
        with self._lock:
            self._check()
            here = (*self._leaving, *self._ahead)
            if index in self._chunks and not any(flight.chunk == index for flight in here):
                self._bring_back(index)

    def get(self, index: int) -> list[Tensor]:
        """The tensors of chunk `index`, for the current stream.

        Raises:
            IndexError: there is no such chunk.
            SwapError: as for the store.
        """
        with self._lock:
            self._check()
            if index not in self._chunks:
                raise IndexError(f"There is no chunk {index}; {len(self._chunks)} chunks have been put.")
            while self._handed:
                _land(self._handed)
            for flight in self._leaving:
                if flight.chunk == index:
                    # Its copy need not have ended: it is waited for when the next chunk is asked for.
                    self._leaving.remove(flight)
                    self._handed.append(flight)
                    return [leaf.detach() for leaf in flight.tensors]
            if not any(flight.chunk == index for flight in self._ahead):
                self._bring_back(index)
            flight = self._ahead.pop()
            current = self._gpu.current_stream()
            current.wait_event(flight.done)
            if current != flight.owner:
                for leaf in flight.tensors:
                    leaf.record_stream(current)
            return flight.tensors

    def close(self) -> None:
        """Give the page-locked memory back to the pool, for the next store."""
        self._end()

    def _check(self) -> None:
        if not self._end.alive:
            raise SwapError("What was swapped to the host is gone: the store has been closed.")

    def _bring_back(self, index: int) -> None:
        """In place of what was brought back and not fetched."""
        while self._ahead:
            _land(self._ahead)
        chunk = self._chunks[index]
        tensors = [
            self._gpu.empty(place.shape, place.dtype) if isinstance(place, _Moved) else place
            for place in chunk
        ]
        owner = self._gpu.current_stream()
        # The memory may be in use until the stream that it belongs to comes to this point.
        self._copies.wait_event(owner.record_event())
        self._gpu.copy(self._copies, _pairs(chunk, tensors, out=False))
        self._ahead.append(_Flight(index, tensors, self._copies.record_event(), owner))

    def _room(self, leaf: Tensor) -> _Moved:
        """Page-locked memory for the bytes of `leaf`, in one block or in several."""
        left = leaf.numel() * leaf.element_size()
        pieces = []
        while left:
            if self._used == BLOCK_BYTES:
                block, last_use = _take_block(len(self._blocks))
                if last_use is not None:
                    self._copies.wait_event(last_use)
                self._blocks.append(block)
                self._used = 0
            length = min(left, BLOCK_BYTES - self._used)
            pieces.append(self._blocks[-1][self._used : self._used + length])
            self._used += -(-length // _ALIGNMENT) * _ALIGNMENT
            left -= length
        return _Moved(pieces, leaf.shape, leaf.dtype)


class _Moved(NamedTuple):
    """A tensor in page-locked memory."""

    pieces: list[Tensor]
    shape: torch.Size
    dtype: torch.dtype


class _Flight(NamedTuple):
    """A chunk's tensors on the GPU, and the event of their copy, out or in."""

    chunk: int
    tensors: list[Tensor]
    done: Event
    owner: Stream  # to which the tensors' memory belongs


def _land(flights: deque[_Flight]) -> None:
    """Let go of the first one's tensors: their stream uses the memory again only after the copy."""
    flight = flights.popleft()
    flight.owner.wait_event(flight.done)


def _pairs(
    chunk: Sequence[_Moved | Tensor], tensors: Sequence[Tensor], out: bool
) -> list[tuple[Tensor, Tensor]]:
    """(target, source) of each copy."""
    pairs = []
    for place, leaf in zip(chunk, tensors, strict=True):
        if isinstance(place, _Moved) and place.pieces:
            flat = leaf.as_strided([leaf.numel()], [1]).view(torch.uint8)
            parts = flat.split([piece.numel() for piece in place.pieces])
            ways = zip(place.pieces, parts, strict=True) if out else zip(parts, place.pieces, strict=True)
            pairs += list(ways)
    return pairs


def _end(process: int, copies: Stream, blocks: list[Tensor], flights: Sequence[deque[_Flight]]) -> None:
    if os.getpid() != process:  # a fork has no GPU to order anything on, and nothing to give back
        return
    for group in flights:
        while group:
            _land(group)
    if blocks:
        last_use = copies.record_event()
        _free.extend((block, last_use) for block in blocks)
        blocks.clear()


# Page-locked blocks that no store holds, and the last copy from or to each. A deque's methods are atomic: a
# store may end in the garbage collector, where a lock could be held by whoever it interrupts.
_free: deque[tuple[Tensor, Event]] = deque()


def _page_locked() -> Tensor:
    return torch.empty(BLOCK_BYTES, dtype=torch.uint8, pin_memory=True)


def _take_block(held: int) -> tuple[Tensor, Event | None]:
    with suppress(IndexError):
        return _free.pop()
    try:
        return _page_locked(), None
    except RuntimeError as error:
        raise SwapError(
            f"The host has no more page-locked memory for what is swapped to it: {held * BLOCK_BYTES} bytes "
            f"are held, and {BLOCK_BYTES} more were asked for. Swap to disk, or recompute."
        ) from error


def release() -> None:
    """Give the page-locked memory that no store holds back to the system."""
    _free.clear()
    empty_cache = getattr(torch.accelerator, "empty_host_cache", None)  # torch keeps it too; since 2.11
    if empty_cache is not None and torch.cuda.is_initialized():
        empty_cache()
