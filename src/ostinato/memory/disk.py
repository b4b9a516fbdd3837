"""Chunks in a temporary file, written behind the computation and read ahead of it by one thread.

The file has no name, so that nothing is left behind however the process ends. The thread knows the traffic,
never the store: a store that is forgotten ends its thread. Jobs reach the thread through a queue whose `put`
takes no lock, since that end may come from the garbage collector in the middle of anything.
"""

from __future__ import annotations

import errno
import mmap
import os
import threading
import weakref
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from io import FileIO
from math import prod
from queue import SimpleQueue
from typing import NamedTuple

import torch
from torch import Tensor

from ostinato.memory.blocks import Blocks, Bytes
from ostinato.memory.directory import default_directory, open_file, reason, remedy, warn_if_in_memory
from ostinato.memory.store import CHUNKS_IN_FLIGHT, SwapError

_ALIGNMENT = 64  # of a tensor in its chunk: what vector instructions like
_PIECE = 1 << 23  # bytes moved in one call: closing a store waits for one
_WRITE_OUT_BEYOND = 1 << 30  # bytes of a file that may wait in memory until the system writes them out
_PATIENCE = 5.0  # seconds that closing waits for a disk that does not answer


class DiskStore:
    """Chunks in a temporary file in `directory`; None is the system's temporary directory, or /var/tmp
    where the former is held in memory.

    `expected_bytes` is what will be put in all, where it is known: a disk with less room is refused at once.

    >>> from ostinato.memory.disk import DiskStore
    >>> store = DiskStore()
    >>> store.put(0, [torch.arange(3), torch.ones(2, 2)])
    >>> store.get(0)
    [tensor([0, 1, 2]), tensor([[1., 1.],
            [1., 1.]])]
    >>> store.close()

    Raises:
        SwapError: the directory is missing, cannot be written to, or has less room than `expected_bytes`;
            from any method: the disk is full or failed, or the store is closed or belongs to the parent of
            this process.
    """

    def __init__(self, directory: str | os.PathLike[str] | None = None, expected_bytes: int = 0) -> None:
        place = default_directory() if directory is None else os.path.abspath(os.fsdecode(directory))
        warn_if_in_memory(place)
        self._traffic = _Traffic(open_file(place, expected_bytes), place)
        # At the interpreter's exit too, while the thread can still end in order.
        self._end = weakref.finalize(self, self._traffic.close)

    def put(self, index: int, tensors: Sequence[Tensor]) -> None:
        """Take what chunk `index` needs later; waits while two chunks are still to be written.

        Raises:
            ValueError: the chunk has been put already.
            TypeError: something is not a tensor whose numbers lie in memory, as a sparse or a meta tensor.
            SwapError: as for the store; also where an earlier chunk could not be written.
        """
        self._traffic.put(index, tensors)

    def prefetch(self, index: int) -> None:
        """Begin to read chunk `index`."""
        self._traffic.prefetch(index)

    def get(self, index: int) -> list[Tensor]:
        """The tensors of chunk `index`.

        Raises:
            IndexError: there is no such chunk.
            SwapError: as for the store.
        """
        return self._traffic.get(index)

    def close(self) -> None:
        """Let go of the file, its room on the disk and all buffers."""
        self._end()


class _Place(NamedTuple):
    """A tensor in its chunk's bytes."""

    start: int
    length: int
    shape: torch.Size
    dtype: torch.dtype
    device: torch.device

    def restore(self, chunk: Bytes) -> Tensor:
        if not self.length:
            return torch.empty(self.shape, dtype=self.dtype, device=self.device)
        # Each tensor has a storage of its own, so that no two share a version counter.
        part = chunk[self.start : self.start + self.length]
        return torch.from_numpy(part).view(self.dtype).view(self.shape).to(self.device)


class _Chunk(NamedTuple):
    offset: int  # in the file
    length: int
    places: list[_Place]


class _Held:
    """A chunk whose tensors are still in memory."""

    def __init__(self, tensors: list[Tensor]) -> None:
        self.tensors = tensors
        self.written = False
        devices = {leaf.device for leaf in tensors if leaf.device.type == "cuda"}
        self._computed = [torch.cuda.current_stream(device).record_event() for device in devices]

    def wait(self) -> None:
        """Until a GPU has computed them."""
        for event in self._computed:
            event.synchronize()


class _Read:
    """A chunk on its way back. `cancelled` is set when nobody waits for it any more."""

    def __init__(self, chunk: _Chunk) -> None:
        self.chunk = chunk
        self.content: Bytes | None = None
        self.cancelled = False


class _Traffic:
    """The file, what is on its way there and back, and the thread that moves it."""

    def __init__(self, file: FileIO, directory: str) -> None:
        self._file = file
        self._directory = directory
        self._blocks = Blocks()
        self._chunks: dict[int, _Chunk] = {}
        self._held: dict[int, _Held] = {}
        self._wanted: int | None = None  # the chunk put last, or asked for next: it stays when it is written
        self._ahead: tuple[int, _Read] | None = None
        self._end = 0
        self._written = 0
        self._failure: tuple[str, int | None, BaseException] | None = None
        self._closed = False
        self.forked = False
        self._changed = threading.Condition()
        self._jobs: SimpleQueue[int | _Read | None] = SimpleQueue()
        self._thread: threading.Thread | None = None
        _live.add(self)

    # What the computation calls.

    def put(self, index: int, tensors: Sequence[Tensor]) -> None:
        held = _Held([_plain(leaf) for leaf in tensors])
        self._check()
        with self._changed:
            if index in self._chunks:
                raise ValueError(f"Chunk {index} has been put already: a chunk is put once.")
            self._wait_until(lambda: self._unwritten() < CHUNKS_IN_FLIGHT)
            self._start()
            self._want(index)
            self._chunks[index] = chunk = _layout(held.tensors, self._end)
            # From a page on, as the system moves pages.
            self._end += -(-chunk.length // mmap.PAGESIZE) * mmap.PAGESIZE
            self._held[index] = held
            self._jobs.put(index)

    def prefetch(self, index: int) -> None:
        self._check()
        with self._changed:
            if index not in self._chunks:
                return
            if index in self._held:
                self._cancel_ahead()
                self._want(index)
            elif self._ahead is None or self._ahead[0] != index:
                self._cancel_ahead()
                self._ahead = (index, self._read(index))

    def get(self, index: int) -> list[Tensor]:
        self._check()
        with self._changed:
            if index not in self._chunks:
                raise IndexError(f"There is no chunk {index}; {len(self._chunks)} chunks have been put.")
            held = self._held.get(index)
            found = None if held is None else [leaf.detach().contiguous() for leaf in held.tensors]
            self._want(None)
            if found is not None:
                return found
            read = self._ahead[1] if self._ahead is not None and self._ahead[0] == index else None
            if read is None:
                self._cancel_ahead()
                read = self._read(index)
            self._ahead = None
            try:
                self._wait_until(lambda: read.content is not None)
            finally:
                read.cancelled = True  # nobody waits for it, whether it came or Ctrl-C did
        return [place.restore(read.content) for place in read.chunk.places]

    def close(self) -> None:
        """Also called by the garbage collector, in any thread and even within a call of the thread here."""
        if self.forked:
            return
        self._closed = True
        self._jobs.put(None)
        with self._changed:
            self._let_go()
            self._changed.notify_all()
        if self._thread is None:
            self.close_file()
        elif self._thread is not threading.current_thread():
            self._thread.join(_PATIENCE)

    def close_file(self) -> None:
        with suppress(OSError):  # a file server may tell here of what it could not keep, and nobody needs
            self._file.close()

    def _check(self) -> None:
        if self._failure is not None:
            message, code, cause = self._failure
            raise SwapError(message, code) from cause
        if self.forked:
            raise SwapError(
                f"What was swapped to '{self._directory}' belongs to the process that put it there, and this "
                "is a fork of that process: run the forward and the backward pass in the same process."
            )
        if self._closed:
            raise SwapError(f"What was swapped to '{self._directory}' is gone: the store has been closed.")

    def _wait_until(self, condition: Callable[[], bool]) -> None:
        self._check()
        while not condition():
            self._changed.wait()
            self._check()

    def _unwritten(self) -> int:
        return sum(not held.written for held in self._held.values())

    def _want(self, index: int | None) -> None:
        before, self._wanted = self._wanted, index
        if before is not None and before != index and self._held[before].written:
            self._held.pop(before).tensors.clear()  # the thread may still refer to it for a moment

    def _start(self) -> None:
        if self._thread is None:
            thread = threading.Thread(target=self._work, name="ostinato-swap", daemon=True)
            thread.start()
            self._thread = thread

    def _read(self, index: int) -> _Read:
        read = _Read(self._chunks[index])
        self._jobs.put(read)
        return read

    def _cancel_ahead(self) -> None:
        if self._ahead is not None:
            self._ahead[1].cancelled = True
            self._ahead[1].content = None
            self._ahead = None

    def _let_go(self) -> None:
        self._held.clear()
        self._wanted = None
        self._cancel_ahead()
        self._blocks.close()

    # What the thread does.

    def _work(self) -> None:
        try:
            while self._do(self._jobs.get()):
                pass
        finally:
            self.close_file()

    def _do(self, job: int | _Read | None) -> bool:
        """In a call of its own, so that nothing of a job stays referenced while the next one is awaited."""
        if job is None or self._closed:
            return False
        try:
            if isinstance(job, _Read):
                self._bring_back(job)
            else:
                self._write(job)
        except Exception as error:
            self._fail(job, error)
        return self._failure is None and not self._closed

    def _write(self, index: int) -> None:
        chunk, held = self._chunks[index], self._held.get(index)
        if held is None:  # closed in this moment
            return
        self._write_out(chunk, held)
        with self._changed:
            self._written += chunk.length
            held.written = True
            if index != self._wanted and self._held.pop(index, None) is not None:
                held.tensors.clear()  # before the next chunk is let in, as this call still refers to them
            self._changed.notify_all()

    def _write_out(self, chunk: _Chunk, held: _Held) -> None:
        held.wait()
        for place, leaf in zip(chunk.places, held.tensors, strict=True):
            offset = chunk.offset + place.start
            for part in _bytes_of(leaf):
                self._move(os.pwrite, part, offset)
                offset += part.nbytes
        if chunk.offset >= _WRITE_OUT_BEYOND and hasattr(os, "posix_fadvise"):
            # On Linux this starts the writing and takes away only what has been written: a file that lives
            # for seconds need not reach the disk, a large one must not pile up in memory.
            os.posix_fadvise(self._file.fileno(), chunk.offset, chunk.length, os.POSIX_FADV_DONTNEED)

    def _bring_back(self, read: _Read) -> None:
        if read.cancelled:
            return
        content = self._blocks.lend(read.chunk.length)
        self._move(lambda fd, part, offset: os.preadv(fd, [part], offset), content, read.chunk.offset)
        with self._changed:
            if not read.cancelled:
                read.content = content
                self._changed.notify_all()

    def _move(self, call: Callable[[int, memoryview, int], int], content: Bytes, offset: int) -> None:
        """Call until all bytes are moved; the system may move fewer than it is asked to."""
        view = memoryview(content)
        while len(view) and not self._closed:
            count = call(self._file.fileno(), view[:_PIECE], offset)
            if count <= 0:
                raise OSError(errno.EIO, "the file is shorter than what was written to it")
            view, offset = view[count:], offset + count

    def _fail(self, job: int | _Read, error: Exception) -> None:
        if self._closed:  # what was taken away in the middle of a job is not an error
            return
        error = error.with_traceback(None)  # whose frames would keep the chunk's tensors
        chunk = job.chunk if isinstance(job, _Read) else self._chunks[job]
        verb = "Reading back" if isinstance(job, _Read) else "Writing"
        code = error.errno if isinstance(error, OSError) else None
        message = (
            f"{verb} a chunk of {chunk.length} bytes that is swapped to '{self._directory}' failed, with "
            f"{self._written} bytes written there: {reason(error)}. {remedy(code)}"
        )
        with self._changed:
            self._failure = (message, code, error)
            self._let_go()
            self._changed.notify_all()


_live: weakref.WeakSet[_Traffic] = weakref.WeakSet()


def _after_fork() -> None:
    """A child has neither the thread nor a use for the file, which would take its room on the disk."""
    for traffic in list(_live):
        traffic.forked = True
        traffic.close_file()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)


def _plain(leaf: Tensor) -> Tensor:
    if not isinstance(leaf, Tensor) or leaf.layout is not torch.strided or leaf.device.type == "meta":
        found = f"a {leaf.layout} tensor on {leaf.device}" if isinstance(leaf, Tensor) else f"{leaf!r:.80}"
        raise TypeError(
            f"Only tensors whose numbers lie in memory can be swapped to disk, but found {found}."
        )
    return leaf.detach().resolve_conj().resolve_neg()


def _layout(tensors: Sequence[Tensor], offset: int) -> _Chunk:
    places: list[_Place] = []
    end = 0
    for leaf in tensors:
        length = prod(leaf.shape) * leaf.element_size()
        start = -(-end // _ALIGNMENT) * _ALIGNMENT
        end = start + length if length else end  # the last byte is one that is written
        places.append(_Place(start, length, leaf.shape, leaf.dtype, leaf.device))
    return _Chunk(offset, end, places)


def _bytes_of(leaf: Tensor) -> Iterator[Bytes]:
    """The numbers of `leaf` in order, as they lie if they are on the CPU and contiguous, else copied by
    parts, so that the copy is small.
    """
    if not leaf.numel():
        return
    parts: Sequence[Tensor] = [leaf]
    if leaf.dim() and not (leaf.device.type == "cpu" and leaf.is_contiguous()):
        parts = leaf.split(max(1, _PIECE * leaf.shape[0] // (leaf.numel() * leaf.element_size())))
    for part in parts:
        part = part.cpu().contiguous()
        # Not `view`: where a dimension is 1 long, a contiguous tensor may have any stride.
        yield part.as_strided([part.numel()], [1]).view(torch.uint8).numpy()
