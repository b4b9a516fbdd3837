"""Chunks swapped to disk: what comes back, how much memory waits, and what goes wrong in a sentence."""

from __future__ import annotations

import errno
import gc
import mmap
import os
import threading
import time
import warnings
import weakref
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from ostinato.memory import directory as directories
from ostinato.memory.blocks import Blocks
from ostinato.memory.disk import DiskStore
from ostinato.memory.store import CHUNKS_IN_FLIGHT, SwapError

DTYPES = [
    torch.float32,
    torch.float64,
    torch.bfloat16,
    torch.float16,
    torch.bool,
    torch.uint8,
    torch.int32,
    torch.int64,
    torch.complex64,
    torch.complex128,
]
LARGE = 1 << 19  # floats, 2 MiB: enough for memory that is used again


MOUNTS_OF_THIS_MACHINE = directories._mounts


@pytest.fixture(autouse=True)
def all_on_one_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where temporary files are held in memory, the tests run too."""
    monkeypatch.setattr(directories, "_mounts", lambda: "")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[DiskStore]:
    store = DiskStore(tmp_path)
    yield store
    store.close()


def large(value: float) -> Tensor:
    return torch.full((LARGE,), float(value))


def alive() -> tuple[int, int]:
    """How many descriptors and threads this process has."""
    gc.collect()
    return len(os.listdir("/proc/self/fd")), threading.active_count()


def ended(before: tuple[int, int]) -> bool:
    """Whether there are no more than before, where a thread of an earlier test may have been ending."""
    return all(now <= then for now, then in zip(alive(), before, strict=True))


def same(found: Tensor, put: Tensor) -> bool:
    """The same tensor to the bit, NaN or not."""
    assert (found.shape, found.dtype, found.device) == (put.shape, put.dtype, put.device)
    assert found.is_contiguous()
    assert not found.requires_grad
    bits = [torch.empty(put.shape, dtype=put.dtype).copy_(leaf).reshape(-1) for leaf in (found, put)]
    return torch.equal(*(leaf.view(torch.uint8) for leaf in bits))


def eventually(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < end, "It did not come about within 20 seconds."
        time.sleep(0.002)


class Gate:
    """Stands before a system call: lets it through, holds it, or lets it fail."""

    def __init__(self, call: Callable[..., int]) -> None:
        self.call, self.opened, self.calls, self.error = call, threading.Event(), 0, None

    def __call__(self, *arguments: Any) -> int:
        self.calls += 1
        assert self.opened.wait(20)
        if self.error is not None:
            raise self.error
        return self.call(*arguments)


@pytest.fixture
def writing(monkeypatch: pytest.MonkeyPatch) -> Gate:
    gate = Gate(os.pwrite)
    monkeypatch.setattr(os, "pwrite", gate)
    return gate


@pytest.fixture
def reading(monkeypatch: pytest.MonkeyPatch) -> Gate:
    gate = Gate(os.preadv)
    monkeypatch.setattr(os, "preadv", gate)
    return gate


# What comes back.


@st.composite
def tensors(draw: st.DrawFn) -> Tensor:
    shape = draw(st.lists(st.integers(0, 5), max_size=3))
    dtype = draw(st.sampled_from(DTYPES))
    values = torch.randint(0, 256, [*shape, dtype.itemsize], dtype=torch.uint8)
    leaf = values.view(dtype).squeeze(-1) if dtype != torch.bool else values.squeeze(-1) > 127
    layout = draw(st.sampled_from(["plain", "transposed", "strided", "expanded", "conjugate"]))
    if layout == "transposed" and leaf.dim() > 1:
        return leaf.transpose(0, 1)
    if layout == "strided" and leaf.dim():
        return leaf[1::2]
    if layout == "expanded":
        return leaf.expand(3, *leaf.shape)
    return leaf.conj() if layout == "conjugate" and leaf.is_complex() else leaf


@settings(max_examples=60, deadline=None)
@given(data=st.data(), chunks=st.lists(st.lists(tensors(), max_size=4), min_size=1, max_size=6))
def test_gets_give_what_was_put_in_any_order(data: st.DataObject, chunks: list[list[Tensor]]) -> None:
    store = DiskStore()
    for index, chunk in enumerate(chunks):
        store.put(index, chunk)
    indices = st.integers(0, len(chunks) - 1)
    for index in data.draw(st.lists(st.tuples(indices, st.integers(-2, len(chunks) + 1)), max_size=12)):
        found = store.get(index[0])
        store.prefetch(index[1])
        assert all(map(same, found, chunks[index[0]]))
        assert len(found) == len(chunks[index[0]])
    store.close()


def test_tensors_with_a_gradient_come_back_without(store: DiskStore) -> None:
    weight = torch.ones(3, requires_grad=True)
    for index in range(2):
        store.put(index, [weight * 2, weight])
    for index in range(2):
        doubled, plain = store.get(index)
        assert same(doubled, torch.full((3,), 2.0))
        assert same(plain, torch.ones(3))


def test_large_non_contiguous_tensors_are_written_by_parts(store: DiskStore) -> None:
    wide = torch.arange(3 << 20, dtype=torch.int32).view(1 << 10, -1)
    for index, leaf in enumerate([wide.t(), wide[:, ::2], wide[:1].expand(2000, -1), wide]):
        store.put(index, [leaf])
    for index, leaf in enumerate([wide.t(), wide[:, ::2], wide[:1].expand(2000, -1), wide]):
        assert same(store.get(index)[0], leaf)


def test_empty_tensors_take_no_room(store: DiskStore) -> None:
    chunk = [torch.empty(0, 3), torch.ones(1), torch.empty(2, 0)]
    store.put(0, chunk)  # the last one in the file
    for _ in range(2):  # from memory, and read
        assert all(map(same, store.get(0), chunk))


def test_tensors_stay_while_they_are_held_and_their_memory_is_used_again(
    store: DiskStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    mapped = []
    new = mmap.mmap
    monkeypatch.setattr(mmap, "mmap", lambda *args, **kwargs: (mapped.append(args), new(*args, **kwargs))[1])
    for index in range(12):
        store.put(index, [large(index), large(-index)])
    kept = []
    for index in [*reversed(range(12)), *reversed(range(12))]:
        found = store.get(index)
        store.prefetch(index - 1)
        if index % 5 == 0:
            kept.append((index, found[1][7:].view(-1, 1)))  # a view holds the memory too
        del found
    for index, leaf in kept:
        assert (leaf == -index).all()
    # Of 24 chunks 6 are held; one is read ahead while one is in use.
    assert len(mapped) <= 6 + 3


def test_one_block_of_memory_waits_to_be_used_again(store: DiskStore) -> None:
    for index in range(4):
        store.put(index, [large(index)])
    found = [store.get(index) for index in (0, 1, 2)]
    free = store._traffic._blocks._free
    assert not free
    del found
    eventually(lambda: len(free) == 1)
    store.prefetch(1)
    eventually(lambda: store._traffic._ahead[1].content is not None)
    assert not free
    store.get(1)
    eventually(lambda: len(free) == 1)  # nothing else refers to what was read last


def test_two_getters_at_a_time(store: DiskStore) -> None:
    for index in range(6):
        store.put(index, [large(index)])
    found: dict[int, list[bool]] = {0: [], 1: []}

    def fetch(thread: int) -> None:
        for index in reversed(range(6)):
            chunk = store.get(index)
            store.prefetch(index - 1)
            found[thread].append(bool((chunk[0] == index).all()))

    threads = [threading.Thread(target=fetch, args=[thread]) for thread in found]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert found == {0: [True] * 6, 1: [True] * 6}


@pytest.mark.parametrize("most", [1000, 65_537])
def test_calls_that_move_fewer_bytes_are_repeated(
    store: DiskStore, monkeypatch: pytest.MonkeyPatch, most: int
) -> None:
    write, read = os.pwrite, os.preadv
    monkeypatch.setattr(os, "pwrite", lambda fd, part, offset: write(fd, part[:most], offset))
    monkeypatch.setattr(os, "preadv", lambda fd, parts, offset: read(fd, [parts[0][:most]], offset))
    chunks = [[torch.randn(3, 50_000), torch.randn(7)] for _ in range(4)]
    for index, chunk in enumerate(chunks):
        store.put(index, chunk)
    for index, chunk in enumerate(chunks):
        assert all(map(same, store.get(index), chunk))


def test_a_file_may_be_longer_than_32_bits_tell(store: DiskStore) -> None:
    chunks = [torch.randn(1000) for _ in range(3)]
    for index, chunk in enumerate(chunks):
        store._traffic._end += 3 << 30  # a hole, which takes no room
        store.put(index, [chunk])
    for index in (0, 2, 1):
        assert same(store.get(index)[0], chunks[index])


def test_a_large_file_is_written_out_as_it_grows(store: DiskStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ostinato.memory.disk._WRITE_OUT_BEYOND", 4 * LARGE)
    advised = []
    advise = os.posix_fadvise
    monkeypatch.setattr(
        os, "posix_fadvise", lambda *arguments: (advised.append(arguments), advise(*arguments))
    )
    for index in range(3):
        store.put(index, [large(index)])
    eventually(lambda: store._traffic._unwritten() == 0)
    number = store._traffic._file.fileno()
    assert advised == [(number, start * 4 * LARGE, 4 * LARGE, os.POSIX_FADV_DONTNEED) for start in (1, 2)]
    for index in range(3):
        assert (store.get(index)[0] == index).all()


# How much memory waits.


def test_put_waits_while_two_chunks_are_to_be_written(store: DiskStore, writing: Gate) -> None:
    alive: list[weakref.ref[Any]] = []

    def put(index: int) -> None:
        leaf = large(index)
        alive.append(weakref.ref(leaf.untyped_storage()))
        store.put(index, [leaf])

    for index in range(CHUNKS_IN_FLIGHT):
        put(index)
    waiting = threading.Thread(target=put, args=[CHUNKS_IN_FLIGHT])
    waiting.start()
    waiting.join(0.05)
    assert waiting.is_alive()
    writing.opened.set()
    waiting.join(20)
    assert not waiting.is_alive()
    eventually(lambda: store._traffic._unwritten() == 0)
    held = store._traffic._held
    assert list(held) == [CHUNKS_IN_FLIGHT]  # the last one alone stays


def test_a_chunk_is_gone_before_the_next_one_is_let_in(store: DiskStore, writing: Gate) -> None:
    notify = store._traffic._changed.notify_all
    alive: list[weakref.ref[Any]] = []
    counts = []

    def count() -> None:
        counts.append(sum(numbers() is not None for numbers in alive))
        notify()

    store._traffic._changed.notify_all = count  # type: ignore[method-assign]
    for index in range(CHUNKS_IN_FLIGHT):
        numbers = numpy.zeros(LARGE)
        alive.append(weakref.ref(numbers))
        store.put(index, [torch.from_numpy(numbers)])
        del numbers
    writing.opened.set()
    eventually(lambda: store._traffic._unwritten() == 0)
    assert counts == [1, 1]  # the last one stays


def test_what_is_still_in_memory_needs_no_reading(store: DiskStore, reading: Gate) -> None:
    for index in range(5):
        store.put(index, [large(index)])
    eventually(lambda: store._traffic._unwritten() == 0)
    assert (store.get(4)[0] == 4).all()
    assert reading.calls == 0
    reading.opened.set()
    assert (store.get(4)[0] == 4).all()
    assert reading.calls == 1


def test_what_is_to_be_written_and_wanted_stays(store: DiskStore, writing: Gate, reading: Gate) -> None:
    for index in range(2):
        store.put(index, [large(index)])
    assert (store.get(1)[0] == 1).all()
    store.prefetch(0)
    writing.opened.set()
    eventually(lambda: store._traffic._unwritten() == 0)
    assert (store.get(0)[0] == 0).all()
    assert reading.calls == 0
    assert not store._traffic._held


def test_prefetch_reads_one_chunk_before_it_is_asked_for(store: DiskStore, reading: Gate) -> None:
    for index in range(5):
        store.put(index, [large(index)])
    eventually(lambda: store._traffic._unwritten() == 0)
    store.get(4)
    reading.opened.set()
    store.prefetch(3)
    store.prefetch(3)
    eventually(lambda: store._traffic._ahead[1].content is not None)
    store.prefetch(-1)
    store.prefetch(99)
    assert (store.get(3)[0] == 3).all()
    assert reading.calls == 1
    store.prefetch(2)
    store.prefetch(1)  # in place of the other
    assert (store.get(1)[0] == 1).all()
    assert (store.get(2)[0] == 2).all()


def anonymous_memory() -> int:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) << 10 for line in lines if line.startswith("RssAnon"))


def test_a_walk_takes_no_more_memory_than_it_says(store: DiskStore) -> None:
    chunk = 16 << 20
    blocks = Blocks()  # not the allocator's, whose holes would be measured with it

    def of(index: int) -> Tensor:
        return torch.from_numpy(blocks.lend(chunk)).fill_(index)

    store.put(0, [torch.zeros(3)])
    store.get(0)
    before = anonymous_memory()
    most = 0
    for index in range(1, 7):
        store.put(index, [of(index)])
        most = max(most, anonymous_memory())
    blocks.close()
    for index in reversed(range(1, 7)):
        found = store.get(index)
        store.prefetch(index - 1)
        assert (found[0][::4096] == index).all()
        most = max(most, anonymous_memory())
        del found
    # The third is the one that is being put.
    assert most - before < (CHUNKS_IN_FLIGHT + 1.25) * chunk
    store.close()
    eventually(lambda: anonymous_memory() - before < chunk / 2)


# What goes wrong.


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT, errno.EIO])
def test_a_disk_that_is_full_is_told_by_the_next_call(
    store: DiskStore, writing: Gate, tmp_path: Path, code: int
) -> None:
    numbers = numpy.ones(LARGE, numpy.float32)
    storage = weakref.ref(numbers)
    leaf = torch.from_numpy(numbers)
    del numbers
    writing.error = OSError(code, os.strerror(code))
    store.put(0, [leaf])
    del leaf
    writing.opened.set()
    sentence = f"chunk of {4 * LARGE} bytes .* '{tmp_path}' failed.*{os.strerror(code)}.*Free space there"
    eventually(lambda: store._traffic._failure is not None)
    with pytest.raises(SwapError, match=sentence):
        store.get(0)
    for call in (lambda: store.put(1, []), lambda: store.prefetch(0), lambda: store.get(0)):
        with pytest.raises(SwapError, match=os.strerror(code)) as caught:
            call()
        assert caught.value.errno == code
        assert isinstance(caught.value.__cause__, OSError)
    assert storage() is None
    eventually(lambda: store._traffic._file.closed)
    store.close()


def test_an_error_ends_a_put_that_waits(store: DiskStore, writing: Gate) -> None:
    for index in range(CHUNKS_IN_FLIGHT):
        store.put(index, [large(index)])
    writing.error = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    threading.Timer(0.03, writing.opened.set).start()
    with pytest.raises(SwapError, match="No space left"):
        store.put(CHUNKS_IN_FLIGHT, [large(0)])


def test_an_error_ends_a_get_that_waits(store: DiskStore, reading: Gate) -> None:
    for index in range(4):
        store.put(index, [large(index)])
    eventually(lambda: store._traffic._unwritten() == 0)
    reading.error = OSError(errno.EIO, os.strerror(errno.EIO))
    threading.Timer(0.03, reading.opened.set).start()
    with pytest.raises(SwapError, match=r"Reading back a chunk .* Input/output error"):
        store.get(0)


def test_an_error_that_is_not_the_systems_is_told_too(store: DiskStore, writing: Gate) -> None:
    writing.error = RuntimeError("the device is lost")
    store.put(0, [large(0)])
    writing.opened.set()
    eventually(lambda: store._traffic._failure is not None)
    with pytest.raises(SwapError, match="the device is lost") as caught:
        store.get(0)
    assert caught.value.errno is None


def test_a_file_that_was_cut_off_gives_no_numbers(store: DiskStore) -> None:
    for index in range(3):
        store.put(index, [large(index)])
    eventually(lambda: store._traffic._unwritten() == 0)
    os.ftruncate(store._traffic._file.fileno(), 100)
    with pytest.raises(SwapError, match="shorter than what was written"):
        store.get(0)


def test_a_disk_with_too_little_room_is_refused_at_once(tmp_path: Path) -> None:
    before = alive()
    with pytest.raises(SwapError, match=rf"needs {1 << 60} bytes in the directory '{tmp_path}'") as caught:
        DiskStore(tmp_path, expected_bytes=1 << 60)
    assert caught.value.errno == errno.ENOSPC
    assert ended(before)
    DiskStore(tmp_path, expected_bytes=1).close()


def test_directories_that_will_not_do(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for path, code in [
        (tmp_path / "missing", errno.ENOENT),
        (tmp_path / "file", errno.ENOTDIR),
        ("/proc", errno.ENOENT),  # where nobody can make a file, not even root
    ]:
        with pytest.raises(SwapError, match=f"Cannot swap to the directory '{path}': .*Name a") as caught:
            DiskStore(path)
        assert caught.value.errno == code


def test_what_is_no_chunk(store: DiskStore) -> None:
    store.put(0, [torch.ones(1)])
    with pytest.raises(ValueError, match="Chunk 0 has been put already"):
        store.put(0, [torch.ones(1)])
    with pytest.raises(IndexError, match="no chunk 1; 1 chunks"):
        store.get(1)
    for wrong in (torch.ones(2, 2).to_sparse(), torch.ones(2, device="meta"), "text"):
        with pytest.raises(TypeError, match="Only tensors whose numbers lie in memory"):
            store.put(1, [wrong])  # type: ignore[list-item]
    assert same(store.get(0)[0], torch.ones(1))


# How it ends.


def test_closing_ends_everything_and_may_be_repeated(tmp_path: Path) -> None:
    before = alive()
    store = DiskStore(tmp_path)
    assert not os.get_inheritable(store._traffic._file.fileno())
    assert not list(tmp_path.iterdir())
    for index in range(4):
        store.put(index, [large(index)])
    kept = store.get(1)
    store.close()
    threading.Thread(target=store.close).start()
    store.close()
    assert ended(before)
    assert (kept[0] == 1).all()
    for call in (lambda: store.put(9, []), lambda: store.prefetch(0), lambda: store.get(0)):
        with pytest.raises(SwapError, match="has been closed"):
            call()


def test_closing_wakes_a_get_that_waits(store: DiskStore, reading: Gate) -> None:
    for index in range(3):
        store.put(index, [large(index)])
    eventually(lambda: store._traffic._unwritten() == 0)
    threading.Timer(0.03, store.close).start()
    threading.Timer(0.06, reading.opened.set).start()
    with pytest.raises(SwapError, match="has been closed"):
        store.get(0)


def test_closing_does_not_wait_for_a_disk_that_hangs(
    tmp_path: Path, writing: Gate, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ostinato.memory.disk._PATIENCE", 0.02)
    store = DiskStore(tmp_path)
    store.put(0, [large(0)])
    eventually(lambda: writing.calls == 1)
    store.close()
    assert not store._traffic._file.closed
    writing.opened.set()
    eventually(lambda: store._traffic._file.closed)


@pytest.mark.parametrize("written", [False, True])
def test_a_store_that_is_forgotten_is_closed(tmp_path: Path, written: bool) -> None:
    before = alive()
    store = DiskStore(tmp_path)
    if written:
        for index in range(3):
            store.put(index, [large(index)])
        store.prefetch(0)
    cycle: list[Any] = [store]
    cycle.append(cycle)
    del store, cycle
    assert ended(before)


def test_a_store_may_be_forgotten_in_its_own_thread(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = alive()
    box = [DiskStore(tmp_path)]
    put = threading.Event()
    write = os.pwrite

    def forget(*arguments: Any) -> int:
        assert put.wait(20)
        box.clear()
        return write(*arguments)

    monkeypatch.setattr(os, "pwrite", forget)
    box[0].put(0, [large(0)])
    put.set()
    eventually(lambda: not box and ended(before))


def test_an_exception_in_the_computation_leaves_nothing(tmp_path: Path) -> None:
    def walk() -> None:
        store = DiskStore(tmp_path)
        store.put(0, [large(0)])
        raise ArithmeticError

    before = alive()
    with pytest.raises(ArithmeticError):
        walk()
    eventually(lambda: ended(before))
    assert not list(tmp_path.iterdir())


# Which directory.

MOUNTS = """\
22 27 0:21 / /proc rw,relatime - proc proc rw
27 1 254:0 / / rw,relatime - ext4 /dev/vda rw,discard
30 25 0:27 / /dev/shm rw,relatime - tmpfs tmpfs rw,size=24684096k
31 25 0:28 / /dev/shm/disk rw,relatime shared:3 master:1 - xfs /dev/sdb rw
32 25 0:29 / /a\\040b\\134 rw,relatime - ramfs ramfs rw
33 25 0:30 / /over rw,relatime - tmpfs tmpfs rw
34 25 254:1 / /over rw,relatime - ext4 /dev/vdb rw
"""


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/", False),
        ("/dev/shm", True),
        ("/dev/shm/x/y", True),
        ("/dev/shmx", False),
        ("/dev/shm/disk/x", False),
        ("/a b\\/c", True),
        ("/over/x", False),
    ],
)
def test_directories_in_memory_are_known(monkeypatch: pytest.MonkeyPatch, path: str, expected: bool) -> None:
    monkeypatch.setattr(directories, "_mounts", lambda: MOUNTS)
    monkeypatch.setattr(os.path, "realpath", lambda path: path)
    assert directories.is_in_memory(path) is expected


def test_a_directory_in_memory_is_warned_of_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    table = f"{MOUNTS}40 25 0:31 / {tmp_path} rw - tmpfs tmpfs rw\n"
    monkeypatch.setattr(directories, "_mounts", lambda: table)
    with pytest.warns(
        UserWarning, match=f"'{tmp_path}' is held in memory, so that swapping to it saves none"
    ):
        DiskStore(tmp_path).close()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        DiskStore(tmp_path).close()


def test_linux_tells_which_directories_are_in_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(directories, "_mounts", MOUNTS_OF_THIS_MACHINE)
    lines = Path("/proc/self/mountinfo").read_text().splitlines()
    last = {line.split(" ")[4]: line.partition(" - ")[2].split(" ")[0] for line in lines}
    for point, kind in last.items():
        if "\\" not in point and os.path.realpath(point) == point:
            assert directories.is_in_memory(point) is (kind in {"tmpfs", "ramfs", "devtmpfs", "rootfs"})


@pytest.mark.parametrize("in_memory", [False, True])
def test_the_usual_directory_is_on_a_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, in_memory: bool
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    kind = "tmpfs" if in_memory else "ext4"
    monkeypatch.setattr(directories, "_mounts", lambda: f"{MOUNTS}40 25 0:31 / {tmp_path} rw - {kind} x rw\n")
    assert directories.default_directory() == ("/var/tmp" if in_memory else str(tmp_path))
