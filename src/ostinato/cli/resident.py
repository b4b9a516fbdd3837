"""What memory a process holds, over time and at most, as the Linux kernel counts it.

What counts is anonymous memory: what a program allocates. Pages of files (the code of libraries, what is
mapped from a disk) come and go as the kernel likes.

The kernel keeps a high-water mark, but of all resident memory, files included. A sampler sees anonymous
memory alone, but may miss a peak that lasts less than its interval. So the peak is the mark, less the pages
of files as they were sampled when the process was at its largest.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Sequence
from typing import NamedTuple

INTERVAL = 1e-3


class Sample(NamedTuple):
    """Bytes resident at a time of `time.monotonic()`, which all processes share."""

    seconds: float
    anonymous: int
    files: int


class Window(NamedTuple):
    """A stretch of a process's life: what it saw of itself at either end, and its high-water mark in between,
    in bytes.
    """

    begin: Sample
    end: Sample
    mark: int

    def of(self, samples: Sequence[Sample]) -> list[Sample]:
        """The samples of this window, its ends included."""
        inside = [sample for sample in samples if self.begin.seconds < sample.seconds < self.end.seconds]
        return [self.begin, *inside, self.end]


def watched(work: Callable[[], object]) -> Window | None:
    """Run `work` in this process: its window; None where the system does not tell (it is not Linux)."""
    try:
        with open("/proc/self/clear_refs", "w") as file:
            file.write("5")  # 5: set the peak resident set size (VmHWM) back to the present one
    except OSError:
        work()
        return None
    with _Statm("self") as statm:
        begin = statm.sample()
        work()
        return Window(begin, statm.sample(), status("VmHWM"))


def peak(window: Window, samples: Sequence[Sample]) -> int:
    """The most anonymous memory of a window, in bytes, from samples taken in it.

    >>> window = Window(Sample(0.0, 30, 10), Sample(0.2, 20, 12), mark=70)
    >>> peak(window, [Sample(0.1, 50, 12)])
    58
    """
    inside = window.of(samples)
    largest = max(inside, key=lambda sample: sample.anonymous + sample.files)
    return max(window.mark - largest.files, *(sample.anonymous for sample in inside))


def status(field: str) -> int:
    """A size of /proc/self/status, in bytes."""
    with open("/proc/self/status") as file:
        kibibytes = next(line.split()[1] for line in file if line.startswith(f"{field}:"))
    return int(kibibytes) * 1024


class _Statm:
    """/proc/PID/statm, held open and read again and again."""

    def __init__(self, pid: int | str) -> None:
        self._page = os.sysconf("SC_PAGE_SIZE")
        self._file = os.open(f"/proc/{pid}/statm", os.O_RDONLY)

    def sample(self) -> Sample:
        resident, files = (int(pages) * self._page for pages in os.pread(self._file, 100, 0).split()[1:3])
        return Sample(time.monotonic(), resident - files, files)

    def __enter__(self) -> _Statm:
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._file)


class Watch:
    """Samples the memory of process `pid` in a thread of this one, from `with` to the end of its block.

    A thread of the watched process would wait for its interpreter's lock and miss what happens meanwhile. Off
    Linux there are no samples.
    """

    def __init__(self, pid: int, interval: float = INTERVAL) -> None:
        self.samples: list[Sample] = []
        self._pid, self._interval = pid, interval
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._sample, daemon=True)

    def __enter__(self) -> Watch:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _sample(self) -> None:
        try:
            with _Statm(self._pid) as statm:
                while not self._over.is_set():
                    self.samples.append(statm.sample())
                    self._over.wait(self._interval)
        except (OSError, ValueError):
            return  # the process has ended, or this system has no such files
