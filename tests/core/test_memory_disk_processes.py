"""Swapping to disk where a process ends by itself, by Ctrl-C or by kill -9, forks, or may write no more."""

from __future__ import annotations

import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

import ostinato

HEAD = """
import errno, gc, os, signal, sys, threading, time, warnings
import torch
from ostinato.memory.disk import DiskStore
from ostinato.memory.store import SwapError

warnings.simplefilter("error")
warnings.filterwarnings("ignore", "This process", DeprecationWarning)  # a fork beside threads is the point
warnings.filterwarnings("ignore", "The directory .* is held in memory")  # as it may be on this machine
directory = sys.argv[1]


def large(value):
    return torch.full((1 << 19,), float(value))


def put(store, chunks=4):
    for index in range(chunks):
        store.put(index, [large(index)])


def hang(*arguments):
    time.sleep(0.2)  # a disk that is slower than any test
    raise OSError(errno.EIO, "too slow")


def interrupt_soon():
    threading.Timer(0.05, os.kill, [os.getpid(), signal.SIGINT]).start()
"""


def start(body: str, directory: Path) -> subprocess.Popen[str]:
    source = Path(ostinato.__file__).parents[1]
    return subprocess.Popen(
        [sys.executable, "-c", HEAD + textwrap.dedent(body), str(directory)],
        env={"PYTHONPATH": str(source), "OMP_NUM_THREADS": "1", "PATH": "/usr/bin:/bin"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def run(body: str, directory: Path) -> str:
    with start(body, directory) as process:
        output, errors = process.communicate(timeout=60)
    assert (process.returncode, errors) == (0, "")
    assert not list(directory.iterdir())
    return output


@pytest.mark.parametrize("moment", ["put", "get"])
def test_a_killed_process_leaves_nothing(tmp_path: Path, moment: str) -> None:
    body = f"""
    store = DiskStore(directory)
    put(store, 2)
    print("ready", flush=True)
    while True:
        if "{moment}" == "put":
            store.put(len(store._traffic._chunks), [large(0)])
        else:
            store.get(0)
    """
    with start(body, tmp_path) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        time.sleep(0.02)
        process.kill()
    assert process.returncode == -signal.SIGKILL
    assert not list(tmp_path.iterdir())


def test_control_c_comes_through_at_once(tmp_path: Path) -> None:
    body = """
    for call in (lambda store: put(store), lambda store: store.get(0)):
        store = DiskStore(directory)
        if "get" in call.__code__.co_names:
            put(store)
            store.get(3)  # which no longer stays in memory then
        write, read = os.pwrite, os.preadv
        stop = threading.Event()
        os.pwrite = lambda *arguments: (stop.wait(20), write(*arguments))[1]
        os.preadv = lambda *arguments: (stop.wait(20), read(*arguments))[1]
        began = time.monotonic()
        try:
            interrupt_soon()
            call(store)
            stop.wait(20)
        except KeyboardInterrupt:
            print("interrupted", time.monotonic() - began < 2)
        stop.set()
        store.close()
        os.pwrite, os.preadv = write, read
    """
    assert run(body, tmp_path) == "interrupted True\n" * 2


def test_a_process_ends_beside_a_store_that_is_at_work(tmp_path: Path) -> None:
    body = """
    idle, busy = DiskStore(directory), DiskStore(directory)
    put(idle)
    put(busy, 40)
    busy.prefetch(0)
    never_used = DiskStore(directory)
    """
    run(body, tmp_path)


def test_a_process_ends_beside_a_disk_that_fails(tmp_path: Path) -> None:
    body = """
    os.pwrite = hang
    store = DiskStore(directory)
    put(store, 2)
    """
    run(body, tmp_path)


def test_a_forked_child_is_refused_and_harms_nobody(tmp_path: Path) -> None:
    body = """
    store = DiskStore(directory)
    put(store, 6)
    store._traffic._changed.acquire()  # the thread might have held it
    number = store._traffic._file.fileno()
    child = os.fork()
    if child == 0:
        refused = 0
        for call in (lambda: store.put(9, []), lambda: store.prefetch(0), lambda: store.get(0)):
            try:
                call()
            except SwapError as error:
                refused += "is a fork of that process" in str(error)
        store.close()
        try:
            os.fstat(number)
        except OSError:
            refused += 1
        del store
        gc.collect()
        mine = DiskStore(directory)
        put(mine)
        refused += bool((mine.get(0)[0] == 0).all())
        sys.exit(40 + refused)
    store._traffic._changed.release()
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
    print(all(bool((store.get(index)[0] == index).all()) for index in reversed(range(6))))
    """
    assert run(body, tmp_path) == "45\nTrue\n"


def test_a_limit_on_the_size_of_a_file_is_told(tmp_path: Path) -> None:
    body = """
    import resource

    resource.setrlimit(resource.RLIMIT_FSIZE, (5 << 20, resource.RLIM_INFINITY))  # two chunks and a half
    store = DiskStore(directory)
    try:
        put(store, 40)
    except SwapError as error:
        print(error.errno == errno.EFBIG, error)
    try:
        store.get(0)
    except SwapError as error:
        print(error.errno == errno.EFBIG)
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    store = DiskStore(directory)
    put(store, 40)
    print(bool((store.get(0)[0] == 0).all()))
    """
    first, second, third = run(body, tmp_path).splitlines()
    assert first == (
        f"True Writing a chunk of {1 << 21} bytes that is swapped to '{tmp_path}' failed, with {1 << 22} "
        "bytes written there: File too large. Raise the limit on the size of a file (ulimit -f), or keep "
        "more in memory."
    )
    assert (second, third) == ("True", "True")
