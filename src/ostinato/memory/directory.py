"""Where a file of chunks lies: which directory, whether it serves, and what to say where it does not."""

from __future__ import annotations

import errno
import os
import tempfile
import warnings
from io import FileIO
from typing import Any

from ostinato.memory.store import SwapError

_IN_MEMORY = {"tmpfs", "ramfs", "devtmpfs", "rootfs"}


def reason(error: Exception) -> str:
    return (isinstance(error, OSError) and error.strerror) or str(error) or type(error).__name__


def remedy(code: int | None) -> str:
    if code == errno.EFBIG:
        return "Raise the limit on the size of a file (ulimit -f), or keep more in memory."
    return "Free space there, name another directory, or keep more in memory."


def open_file(directory: str, expected_bytes: int) -> FileIO:
    """A file in `directory` that has no name, or loses it before this returns."""
    if not hasattr(os, "preadv"):
        raise SwapError(
            "Swapping to disk needs pread and pwrite, which this system lacks: recompute instead."
        )
    try:
        room = os.statvfs(directory)
        # Unbuffered, it is the file itself and no wrapper around it, which the type stubs do not say.
        file: Any = tempfile.TemporaryFile(prefix="ostinato-", dir=directory, buffering=0)  # noqa: SIM115
    except OSError as error:
        raise SwapError(
            f"Cannot swap to the directory '{directory}': {reason(error)}. Name a directory that exists and "
            "can be written to.",
            error.errno,
        ) from error
    free = room.f_bavail * room.f_frsize
    if expected_bytes > free:
        file.close()
        raise SwapError(
            f"Swapping needs {expected_bytes} bytes in the directory '{directory}', where {free} are free. "
            f"{remedy(errno.ENOSPC)}",
            errno.ENOSPC,
        )
    return file  # type: ignore[no-any-return]


def default_directory() -> str:
    try:
        directory = os.path.abspath(tempfile.gettempdir())
    except OSError as error:
        raise SwapError(f"There is no directory to swap to: {error}. Name one.", error.errno) from error
    second = "/var/tmp"
    if is_in_memory(directory) and os.access(second, os.W_OK | os.X_OK) and not is_in_memory(second):
        return second
    return directory


def _mounts() -> str:
    """The text of Linux' table of mounted file systems; empty on other systems."""
    try:
        with open("/proc/self/mountinfo", errors="surrogateescape") as file:
            return file.read()
    except OSError:
        return ""


def is_in_memory(directory: str) -> bool:
    """Whether the file system that holds `directory` is one that lives in memory."""
    path = os.path.realpath(directory)
    longest, kind = "", ""
    for line in _mounts().splitlines():
        fields, _, rest = line.partition(" - ")
        point = fields.split(" ")[4]
        for character in " \t\n\\":  # which the table writes as octal numbers
            point = point.replace(f"\\{ord(character):03o}", character)
        inside = path == point or path.startswith(point.rstrip("/") + "/")
        if inside and len(point) >= len(longest):  # of those at the same point, the last one is seen
            longest, kind = point, rest.split(" ")[0]
    return kind in _IN_MEMORY


_warned: set[str] = set()


def warn_if_in_memory(directory: str) -> None:
    if directory in _warned or not is_in_memory(directory):
        return
    warnings.warn(
        f"The directory '{directory}' is held in memory, so that swapping to it saves none. Name a directory "
        "on a disk, or recompute.",
        UserWarning,
        stacklevel=3,
    )
    _warned.add(directory)  # after the warning: where that is an error, it stays one
