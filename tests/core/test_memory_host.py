"""Chunks swapped from a GPU to the host, on a GPU that is played.

Its streams run their work later, in any order that their events allow; its memory is used again as soon as
nobody refers to it, as torch's allocator does. So a copy that nothing orders, or a reference that goes too
early, gives wrong numbers here as there.
"""

from __future__ import annotations

import gc
import random
import weakref
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any

import numpy
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from ostinato.memory import host
from ostinato.memory.host import HostStore
from ostinato.memory.store import CHUNKS_IN_FLIGHT, SwapError

BLOCK = 1 << 12


class Event:
    def __init__(self) -> None:
        self.reached = False


class Stream:
    """Work in order; what waits for an event that is not reached holds up what follows."""

    def __init__(self) -> None:
        self.work: deque[Callable[[], None] | Event] = deque()

    def record_event(self) -> Event:
        event = Event()
        self.work.append(lambda: setattr(event, "reached", True))
        return event

    def wait_event(self, event: Event) -> None:
        self.work.append(event)

    def may_run(self) -> bool:
        return bool(self.work) and not (isinstance(self.work[0], Event) and not self.work[0].reached)

    def run(self) -> None:
        work = self.work.popleft()
        if not isinstance(work, Event):
            work()


class Gpu:
    """A tensor is a place in a few rows of bytes, which are lent out again and again."""

    def __init__(self, seed: int = 0) -> None:
        self.device = torch.device("cpu")
        self.stream = Stream()  # of the computation
        self.streams = [self.stream]
        self.random = random.Random(seed)
        self.free: list[Tensor] = []
        self.rows: list[Tensor] = []  # none goes while something is yet to run on it
        self.taken = self.most_taken = 0

    def new_stream(self) -> Stream:
        self.streams.append(Stream())
        return self.streams[-1]

    def current_stream(self) -> Stream:
        return self.stream

    def empty(self, shape: Sequence[int], dtype: torch.dtype) -> Tensor:
        length = torch.Size(shape).numel() * dtype.itemsize
        fitting = [row for row in self.free if row.numel() >= length]
        row = fitting[-1] if fitting else torch.empty(max(length, 64), dtype=torch.uint8)
        self.rows.append(row)
        self.free = [other for other in self.free if other is not row]
        lease = Lease(row, length)
        self.taken += length
        self.most_taken = max(self.most_taken, self.taken)
        weakref.finalize(lease, self._give_back, row, length)
        leaf = torch.from_numpy(lease.array()).view(dtype) if length else torch.empty(0, dtype=dtype)
        return leaf.view(torch.Size(shape))

    def _give_back(self, row: Tensor, length: int) -> None:
        self.free.append(row)
        self.taken -= length

    def copy(self, stream: Stream, pairs: Sequence[tuple[Tensor, Tensor]]) -> None:
        for target, source in pairs:
            # A real copy knows addresses alone: it keeps neither tensor alive.
            to, of = target.numpy().__array_interface__, source.numpy().__array_interface__
            stream.work.append(lambda to=to, of=of: at(to).copy_(at(of)))

    def compute(self, function: Callable[..., None], *tensors: Tensor) -> None:
        """Let the computation's stream call `function` on the memory of `tensors`, and run a little."""
        places = [
            (leaf.detach().view(-1).view(torch.uint8).numpy(), leaf.dtype, leaf.shape) for leaf in tensors
        ]
        raw = [(place.__array_interface__, dtype, shape) for place, dtype, shape in places]
        self.stream.work.append(
            lambda: function(*(at(place).view(dtype).view(shape) for place, dtype, shape in raw))
        )
        self.run(self.random.choice([0, 0, 0, 1, 100]))

    def run(self, steps: int = 1 << 30) -> None:
        """One stream runs for as long as it may, while the others stand still; then another."""
        while steps > 0:
            ready = [stream for stream in self.streams if stream.may_run()]
            if not ready:
                break
            stream = self.random.choice(ready)
            for _ in range(self.random.choice([1, 2, 4, 1000])):
                if stream.may_run():
                    stream.run()
                    steps -= 1


class Lease:
    def __init__(self, row: Tensor, length: int) -> None:
        self.row = row
        self.__array_interface__ = {**row.numpy().__array_interface__, "shape": (length,)}

    def array(self) -> Any:
        return numpy.asarray(self)


def at(place: dict[str, Any]) -> Tensor:
    """The bytes at an address."""

    class Address:
        __array_interface__ = place

    return torch.from_numpy(numpy.asarray(Address()))


@pytest.fixture(autouse=True)
def plain_memory(monkeypatch: pytest.MonkeyPatch) -> list[Tensor]:
    """Small blocks of plain memory in place of page-locked ones, all of them kept, so that none is freed
    under a copy that is yet to run.
    """
    taken: list[Tensor] = []

    def page_locked() -> Tensor:
        taken.append(torch.zeros(BLOCK, dtype=torch.uint8))
        return taken[-1]

    monkeypatch.setattr(host, "BLOCK_BYTES", BLOCK)
    monkeypatch.setattr(host, "_page_locked", page_locked)
    monkeypatch.setattr(host, "_free", deque())
    return taken


SHAPES = [(3, 5), (1,), (), (0, 4), (40, 30), (7, 1, 2)]
DTYPES = [torch.float32, torch.bfloat16, torch.int64, torch.bool]


def value(chunk: int, leaf: int) -> int:
    return (chunk * 7 + leaf) % 2 if leaf % 4 == 3 else chunk * 7 + leaf


def fill(number: int) -> Callable[[Tensor], None]:
    return lambda memory: memory.fill_(number)


def check(number: int, right: list[bool]) -> Callable[[Tensor], None]:
    return lambda memory: right.append(bool((memory == number).all()))


def walk(
    gpu: Gpu, store: HostStore, chunks: int, order: Sequence[tuple[int, int]], right: list[bool]
) -> None:
    """Compute chunks, put them, and get them in that order, each with a prefetch of another."""
    for chunk in range(chunks):
        leaves = [gpu.empty(shape, DTYPES[i % 4]) for i, shape in enumerate(SHAPES)]
        for i, leaf in enumerate(leaves):
            gpu.compute(fill(value(chunk, i)), leaf)
        store.put(chunk, leaves)
        del leaves, leaf
    for chunk, following in order:
        found = store.get(chunk)
        store.prefetch(following)
        for i, leaf in enumerate(found):
            assert (leaf.shape, leaf.dtype) == (SHAPES[i], DTYPES[i % 4])
            gpu.compute(check(value(chunk, i), right), leaf)
        del found, leaf
        scratch = gpu.empty((40, 30), torch.float32)  # in memory that has just been let go of
        gpu.compute(fill(-1), scratch)
        del scratch


@settings(max_examples=120, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    chunks=st.integers(1, 7),
    passes=st.integers(1, 2),
    strays=st.lists(st.tuples(st.integers(0, 5), st.integers(-2, 7)), max_size=4),
)
def test_gets_give_what_was_put_whatever_runs_first(
    seed: int, chunks: int, passes: int, strays: list[tuple[int, int]]
) -> None:
    gpu = Gpu(seed)
    backward = [(chunk, chunk - 1) for chunk in reversed(range(chunks))]
    order = backward * passes + [(chunk % chunks, following) for chunk, following in strays]
    right: list[bool] = []
    for _ in range(2):  # the second one in the blocks of the first, whose copies may still be to run
        store = HostStore(torch.device("cpu"), gpu)
        walk(gpu, store, chunks, order, right)
        store.close()
        scratch = [gpu.empty((40, 30), torch.float32) for _ in range(4)]
        for leaf in scratch:
            gpu.compute(fill(-2), leaf)
    gpu.run()
    assert not any(stream.work for stream in gpu.streams)
    assert right == [True] * (2 * len(order) * len(SHAPES))


def test_blocks_are_free_only_when_the_last_copy_from_them_has_run() -> None:
    gpu = Gpu()
    right: list[bool] = []
    for number in range(2):
        store = HostStore(torch.device("cpu"), gpu)
        for chunk in range(4):
            leaf = gpu.empty((100,), torch.float32)
            gpu.stream.work.append(lambda leaf=leaf, number=number: fill(number)(leaf))
            store.put(chunk, [leaf])
        if number == 0:
            gpu.run()
        found = store.get(0)[0]
        gpu.stream.work.append(lambda found=found, number=number: check(number, right)(found))
        store.close()
        gpu.stream = gpu.new_stream()
    # The second store's streams, which only the block orders after the first's, run before them if they may.
    for stream in [*reversed(gpu.streams)] * 20:
        while stream.may_run():
            stream.run()
    assert right == [True, True]


def test_the_gpu_holds_two_chunks_beside_its_callers() -> None:
    gpu = Gpu()
    store = HostStore(torch.device("cpu"), gpu)
    chunk_bytes = 4 << 10
    for chunk in range(10):
        leaf = gpu.empty((1 << 10,), torch.float32)
        gpu.compute(fill(0), leaf)
        store.put(chunk, [leaf])
        del leaf
        assert gpu.taken <= CHUNKS_IN_FLIGHT * chunk_bytes
    assert gpu.most_taken <= (CHUNKS_IN_FLIGHT + 1) * chunk_bytes
    gpu.most_taken = 0
    for chunk in reversed(range(10)):
        found = store.get(chunk)
        store.prefetch(chunk - 1)
        del found
        assert gpu.taken <= CHUNKS_IN_FLIGHT * chunk_bytes
    assert gpu.most_taken <= (CHUNKS_IN_FLIGHT + 1) * chunk_bytes
    store.close()
    assert gpu.taken == 0


def test_the_last_chunks_come_back_without_a_copy() -> None:
    gpu = Gpu()
    store = HostStore(torch.device("cpu"), gpu)
    leaves = [gpu.empty((8,), torch.float32) for _ in range(4)]
    for chunk, leaf in enumerate(leaves):
        store.put(chunk, [leaf])
    for chunk in (3, 2):
        store.prefetch(chunk)
        assert store.get(chunk)[0].data_ptr() == leaves[chunk].data_ptr()
    assert store.get(1)[0].data_ptr() != leaves[1].data_ptr()
    assert store.get(3)[0].data_ptr() != leaves[3].data_ptr()


def test_tensors_of_another_device_stay_where_they_are() -> None:
    store = HostStore(torch.device("cpu"), Gpu())
    elsewhere = torch.empty(3, device="meta")
    for chunk in range(4):
        store.put(chunk, [elsewhere])
    assert store.get(0)[0].device.type == "meta"


def test_blocks_are_used_again_and_given_back(plain_memory: list[Tensor]) -> None:
    for _ in range(3):
        gpu = Gpu()
        store = HostStore(torch.device("cpu"), gpu)
        store.put(0, [gpu.empty((3 * BLOCK + 1,), torch.uint8), gpu.empty((5,), torch.uint8)])
        store.put(1, [gpu.empty((7,), torch.uint8)])
        assert len(plain_memory) == 4
        assert not host._free
        store.close()
        store.close()
        assert len(host._free) == 4
    host.release()
    assert not host._free


def test_a_store_that_is_forgotten_gives_its_blocks_back() -> None:
    gpu = Gpu()
    store = HostStore(torch.device("cpu"), gpu)
    store.put(0, [gpu.empty((7,), torch.uint8)])
    cycle: list[Any] = [store]
    cycle.append(cycle)
    del store, cycle
    gc.collect()
    assert len(host._free) == 1
    assert gpu.taken == 0


def test_what_goes_wrong_is_said() -> None:
    with pytest.raises(ValueError, match="these are on 'cpu': swap to disk, or recompute"):
        HostStore(torch.device("cpu"))
    gpu = Gpu()
    store = HostStore(torch.device("cpu"), gpu)
    store.put(0, [gpu.empty((7,), torch.uint8)])
    with pytest.raises(ValueError, match="Chunk 0 has been put already"):
        store.put(0, [])
    with pytest.raises(IndexError, match="no chunk 1; 1 chunks"):
        store.get(1)
    store.close()
    for call in (lambda: store.put(1, []), lambda: store.prefetch(0), lambda: store.get(0)):
        with pytest.raises(SwapError, match="has been closed"):
            call()


def test_a_host_without_memory_to_lock_is_told_of(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> Tensor:
        raise RuntimeError("CUDA error: out of memory")

    monkeypatch.setattr(host, "_page_locked", fail)
    gpu = Gpu()
    store = HostStore(torch.device("cpu"), gpu)
    with pytest.raises(SwapError, match=f"0 bytes are held, and {BLOCK} more were asked for"):
        store.put(0, [gpu.empty((7,), torch.uint8)])
