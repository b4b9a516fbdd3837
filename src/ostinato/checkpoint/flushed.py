"""A new file that is on the disk when it is closed."""

from __future__ import annotations

import contextlib
import os
import threading
from types import TracebackType

from ostinato.checkpoint.files import CHUNK

_FLUSH_EVERY = 16 << 20  # bytes


class FlushedFile:
    """A file that is written from the beginning, and flushed to the disk meanwhile.

    A second thread tells the system to write out what there is whenever 16 MiB have come: so memory is copied
    and the disk works at the same time, where a flush at the end would begin when the copying is over.

    Raises:
        OSError: it cannot be made, or what was written did not reach the disk.
    """

    def __init__(self, path: str) -> None:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(path)  # left by a save that was killed; who has it mapped keeps it
        # Unbuffered: a buffer of the file's own would be written once more when it is closed after a failure.
        self._file = open(path, "xb", buffering=0)  # noqa: SIM115
        self._small = bytearray()
        self._written = 0
        self._due, self._over = threading.Event(), False
        self._failure: OSError | None = None
        self._thread: threading.Thread | None = None

    def write(self, data: bytes | memoryview) -> None:
        if self._failure is not None:
            raise self._failure
        if len(data) < CHUNK // 4:
            self._small += data
            if len(self._small) >= CHUNK:
                self._write_small()
        else:
            self._write_small()
            self._write(data)
        if self._written >= _FLUSH_EVERY:
            self._written = 0
            if self._thread is None:
                self._thread = threading.Thread(target=self._flush, name="checkpoint flush", daemon=True)
                self._thread.start()
            self._due.set()

    def _write_small(self) -> None:
        self._write(self._small)
        self._small = bytearray()

    def _write(self, data: bytes | bytearray | memoryview) -> None:
        left = memoryview(data)
        self._written += len(left)
        while left:
            left = left[self._file.write(left) :]

    def _flush(self) -> None:
        while True:
            self._due.wait()
            self._due.clear()
            if self._over:
                return
            try:
                os.fsync(self._file.fileno())
            except OSError as error:
                self._failure = error  # the system tells of it once: the flush at the end would succeed
                return

    def _end_thread(self) -> None:
        self._over = True
        self._due.set()
        if self._thread is not None:
            self._thread.join()

    def __enter__(self) -> FlushedFile:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end_thread()
        try:
            if kind is None:
                if self._failure is not None:
                    raise self._failure
                self._write_small()
                os.fsync(self._file.fileno())
        finally:
            self._file.close()
