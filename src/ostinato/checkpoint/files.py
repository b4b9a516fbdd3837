"""Files read without trusting their length, and written whole or not at all."""

from __future__ import annotations

import contextlib
import errno
import mmap
import os
import stat
import threading
from collections.abc import Iterator
from typing import BinaryIO

import numpy as np

from ostinato.checkpoint.crc import crc32c
from ostinato.checkpoint.errors import CheckpointError

# What file systems say that cannot flush a folder, as those of networks and cloud drives.
_NO_FLUSH = (errno.EINVAL, errno.EBADF, errno.ENOTSUP, errno.ENOSYS)
CHUNK = 1 << 20  # bytes that are read or written, and checksummed, at a time: they stay in the cache


class DataFile:
    """A file whose bytes are read where they are asked for.

    `view` maps the file into memory: fast, and shared between processes. `read_into` copies from it.

    Raises:
        CheckpointError: the file is missing or no regular file, or turns out shorter than asked.
    """

    def __init__(self, path: str) -> None:
        self.path = path
        self._descriptor: int | None = None
        try:
            flags = getattr(os, "O_BINARY", 0) | getattr(
                os, "O_NONBLOCK", 0
            )  # a pipe must not keep us waiting
            self._descriptor = os.open(path, os.O_RDONLY | flags)
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            raise CheckpointError(path, None, f"it cannot be opened: {reason}") from error
        status = os.fstat(self._descriptor)
        if not stat.S_ISREG(status.st_mode):  # a pipe or a device may never end
            self.close()
            raise CheckpointError(path, None, "it is no regular file")
        self.size = status.st_size
        self._view: memoryview | None = None
        self._lock = threading.Lock()

    def view(self) -> memoryview:
        """All bytes, read-only. It stays valid after `close`, for as long as it is used."""
        with self._lock:
            if self._view is None:
                if self.size == 0:
                    self._view = memoryview(b"")
                else:
                    descriptor = self._open()
                    try:
                        mapped = mmap.mmap(descriptor, self.size, access=mmap.ACCESS_READ)
                    except (OSError, ValueError) as error:  # ValueError: it was cut since it was opened
                        raise CheckpointError(self.path, None, f"it cannot be mapped: {error}") from error
                    self._view = memoryview(mapped)
            return self._view

    def read_into(self, target: np.ndarray, offset: int) -> int:
        """Fill `target`, contiguous bytes, from `offset` on; returns their checksum."""
        crc, done = 0, 0
        while done < target.size:
            piece = target[done : done + CHUNK]
            got = self._read_at(piece.data, offset + done)
            if not got:
                reason = "the file ends here: it was cut while it was read"
                raise CheckpointError(self.path, offset + done, reason)
            crc = crc32c(piece[:got], crc)
            done += got
        return crc

    def _read_at(self, target: memoryview, offset: int) -> int:
        descriptor = self._open()
        try:
            if hasattr(os, "preadv"):
                return os.preadv(descriptor, [target], offset)
            with self._lock:
                os.lseek(descriptor, offset, os.SEEK_SET)
                read = os.read(descriptor, len(target))
        except OSError as error:
            raise CheckpointError(self.path, offset, f"it cannot be read: {error.strerror}") from error
        target[: len(read)] = read
        return len(read)

    def _open(self) -> int:
        if self._descriptor is None:
            raise ValueError(f"The file {self.path} was closed.")
        return self._descriptor

    def in_place(self) -> bool:
        """Whether its path still leads to this very file, and not to one that took its place."""
        try:
            return os.path.samestat(os.stat(self.path), os.fstat(self._open()))
        except OSError:
            return False

    def close(self) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
        self._descriptor = None

    def __del__(self) -> None:
        self.close()


def sync_folder(folder: str) -> None:
    """Make names that were given or taken in a folder outlast a power cut, where the system can."""
    try:
        descriptor = os.open(folder, os.O_RDONLY)
    except (PermissionError, IsADirectoryError):
        return  # a folder that may be written to but not read, or Windows, which opens no folders
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in _NO_FLUSH:
            raise
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def replaced(path: str) -> Iterator[BinaryIO]:
    """A new file that takes the name `path` when the body ends well: whole, and flushed to the disk.

    An older file of that name is whole until then, and stays where the body raises. The new one has a single
    name meanwhile, `.NAME.new`, and is locked: who writes the same file waits, and what a process that was
    killed has left is taken over by the next.

    >>> import pathlib, tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with replaced(f"{folder}/greeting") as file:
    ...         length = file.write(b"hello")
    ...     os.listdir(folder), pathlib.Path(folder, "greeting").read_text()
    (['greeting'], 'hello')
    """
    folder, base = os.path.split(path)
    temporary = os.path.join(folder, f".{base}.new")
    while temporary in _held.temporaries:  # in a signal's handler
        temporary += ".new"
    _held.temporaries.append(temporary)
    try:
        descriptor = _claimed(temporary)
        try:
            os.ftruncate(descriptor, 0)
            with open(descriptor, "wb", closefd=False) as file:
                yield file
            os.fsync(descriptor)
            os.replace(temporary, path)
        except BaseException as error:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(temporary)
            if isinstance(error, OSError) and error.filename is None:
                error.filename = path  # a full disk, as a rule, which does not say of what file
            raise
        finally:
            _unlock(descriptor)
            os.close(descriptor)
    finally:
        _held.temporaries.remove(temporary)
    sync_folder(folder or ".")


def _claimed(path: str) -> int:
    """A file of this name that nobody else writes to, open."""
    flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
    if not hasattr(os, "O_NOFOLLOW"):  # nor are there locks: what is there was left by a process that died
        with contextlib.suppress(FileNotFoundError):
            os.unlink(path)
        return os.open(path, flags | os.O_EXCL, 0o666)
    while True:
        descriptor = os.open(path, flags | os.O_NOFOLLOW, 0o666)
        try:
            _lock(descriptor)
            status = os.fstat(descriptor)
            own = stat.S_ISREG(status.st_mode) and status.st_nlink == 1 and status.st_uid == os.geteuid()
            if own and os.path.samestat(status, os.stat(path)):
                return descriptor
            if not own and status.st_nlink:
                os.unlink(path)  # somebody else's, put here to be written to
        except FileNotFoundError:
            pass  # who held it has given it its name meanwhile: the next one is ours
        except BaseException:
            os.close(descriptor)
            raise
        os.close(descriptor)


def write_atomically(path: str, contents: bytes) -> None:
    """Make the file `path`, or replace it: at every moment it is the old one or the new one, whole."""
    with replaced(path) as file:
        file.write(contents)


class _Hold:
    """A folder that a thread has locked, and how many saves of that thread are in it, one within another."""

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor
        self.saves = 0

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        self.saves += 1
        try:
            _lock(self.descriptor)  # of one descriptor this never waits for itself
            yield
        finally:
            self.saves -= 1
            if not self.saves:
                _unlock(self.descriptor)


class _Held(threading.local):
    """What this thread has locked: a signal's handler, which runs in the middle of what it interrupts, would
    wait for ever for a lock that only that can release.
    """

    def __init__(self) -> None:
        self.folders: dict[tuple[int, int], _Hold] = {}
        self.temporaries: list[str] = []


_held = _Held()


@contextlib.contextmanager
def alone_in(folder: str) -> Iterator[None]:
    """Keep this machine's other savers out of a folder meanwhile: two at one prefix would mix their files.

    A save in a signal's handler, which interrupts another of the same thread, is let in, at whichever moment
    of the other it comes: it locks and unlocks by what the other has opened.
    """
    try:
        descriptor = os.open(folder, os.O_RDONLY)
    except (PermissionError, IsADirectoryError):  # it may be written to but not read; or this is Windows
        yield
        return
    try:
        status = os.fstat(descriptor)
        identity = status.st_dev, status.st_ino
        hold = _held.folders.get(identity)
        if hold is not None:
            with hold.locked():
                yield
            return
        hold = _held.folders[identity] = _Hold(descriptor)  # first: a handler may run once the lock is had
        try:
            with hold.locked():
                yield
        finally:
            del _held.folders[identity]  # last, when nothing is locked
    finally:
        os.close(descriptor)


def _lock(descriptor: int) -> None:
    """Wait until no other process or thread has locked this file, where the system has locks."""
    with contextlib.suppress(ImportError, OSError):  # Windows; a file system without locks
        import fcntl

        fcntl.flock(descriptor, fcntl.LOCK_EX)


def _unlock(descriptor: int) -> None:
    # Closing alone would leave the lock to a process that another thread has forked meanwhile.
    with contextlib.suppress(ImportError, OSError):
        import fcntl

        fcntl.flock(descriptor, fcntl.LOCK_UN)
