"""The rate of the disk that a swap goes to, measured in the same run."""

from __future__ import annotations

import os
import tempfile
import time
from typing import NamedTuple

PIECE = 8 * 2**20


class Rate(NamedTuple):
    """Bytes a second, of a file written to the end (fsync), and read back after the kernel has dropped it."""

    write: float
    read: float


def measure(directory: str | None = None, size: int = 2**29) -> Rate:
    """The rate of the disk of `directory` (None: that of temporary files), with a file of `size` bytes."""
    piece = os.urandom(min(size, PIECE))
    with tempfile.TemporaryFile(dir=directory, buffering=0) as file:
        start = time.perf_counter()
        for _ in range(size // len(piece)):
            file.write(piece)
        os.fsync(file.fileno())
        written = time.perf_counter()
        if hasattr(os, "posix_fadvise"):
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
        file.seek(0)
        place = bytearray(len(piece))
        begin = time.perf_counter()
        while file.readinto(place):
            pass
        done = time.perf_counter()
    total = size // len(piece) * len(piece)
    return Rate(total / (written - start), total / (done - begin))
