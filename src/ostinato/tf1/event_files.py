"""Files of events: what `tf.summary.FileWriter` writes and TensorBoard reads."""

from __future__ import annotations

import itertools
import os
import socket
import struct
import threading
import time
from collections.abc import Iterator
from typing import Any

from ostinato.checkpoint.crc import crc32c, mask

from . import errors
from .summary_messages import Event

_VERSION = "brain.Event:2"
_COUNTER = itertools.count()


def framed(record: bytes) -> bytes:
    """A record as a file of records has it: its length and its bytes, each with a checksum."""
    length = struct.pack("<Q", len(record))
    return b"".join(
        [length, struct.pack("<I", mask(crc32c(length))), record, struct.pack("<I", mask(crc32c(record)))]
    )


class EventsFile:
    """A new file of events in a directory, which is made if need be; its name begins with `prefix`. What is
    written is in the file at once, so that TensorBoard shows it while the script runs and a script that is
    killed loses nothing.
    """

    def __init__(self, directory: str, suffix: str | None = None, prefix: str = "events") -> None:
        try:
            os.makedirs(directory or ".", exist_ok=True)
            self.path = self._unused(directory, suffix or "", prefix)
            self._file = open(self.path, "ab", buffering=0)  # noqa: SIM115
        except OSError as problem:
            raise errors.error_of(problem)(
                None, None, f"{directory}: cannot write a file of events there: {problem.strerror}"
            ) from problem
        self._lock = threading.Lock()
        self.write(Event(wall_time=time.time(), file_version=_VERSION).SerializeToString())

    @staticmethod
    def _unused(directory: str, suffix: str, prefix: str) -> str:
        base = f"{prefix}.out.tfevents.{int(time.time()):010d}.{socket.gethostname()}"
        path = os.path.join(directory, base + suffix)
        while os.path.exists(path):  # of a writer that began in the same second
            path = os.path.join(directory, f"{base}.{next(_COUNTER)}{suffix}")
        return path

    def write(self, event: bytes) -> None:
        """Add an encoded event.

        Raises:
            tf.errors.OpError: the disk is full or gone; what was written before is intact.
        """
        record = framed(event)
        with self._lock:
            try:
                written = self._file.write(record) or 0
                while written < len(record):
                    written += self._file.write(record[written:]) or 0
            except OSError as problem:
                raise errors.error_of(problem)(
                    None, None, f"{self.path}: cannot add an event: {problem.strerror}"
                ) from problem

    def close(self) -> None:
        self._file.close()

    def __del__(self) -> None:  # scripts seldom close their writers
        if hasattr(self, "_file"):
            self._file.close()


class EventFileWriter:
    """Writes events to a file (TF1 symbol: `EventFileWriter`).

    Args:
        logdir: the directory, which is made if need be.
        max_queue, flush_secs: taken; each event is in the file as soon as it is added.
        filename_suffix: what the file's name ends with.
    """

    def __init__(
        self,
        logdir: Any,
        max_queue: int = 10,
        flush_secs: float = 120,
        filename_suffix: str | None = None,
    ) -> None:
        self._logdir = os.fspath(logdir) if hasattr(logdir, "__fspath__") else str(logdir)
        self._suffix = filename_suffix
        self._file: EventsFile | None = EventsFile(self._logdir, filename_suffix)

    def get_logdir(self) -> str:
        return self._logdir

    def reopen(self) -> None:
        """Go on, in a new file, where the writer was closed."""
        if self._file is None:
            self._file = EventsFile(self._logdir, self._suffix)

    def add_event(self, event: Any) -> None:
        """Add an Event; a closed writer forgets it."""
        self.add_encoded(event.SerializeToString())

    def add_encoded(self, event: bytes) -> None:
        if self._file is not None:
            self._file.write(event)

    def flush(self) -> None:
        """Nothing to do: what was added is in the file."""

    def close(self) -> None:
        file, self._file = self._file, None
        if file is not None:
            file.close()


class EventsWriter:
    """Writes events to a file whose name begins with a path (TF1 symbol:
    `tensorflow.python.pywrap_tensorflow.EventsWriter`). The file is made when it is first asked for.

    Raises:
        TypeError: the path is no bytes, as of `tf.compat.as_bytes`, or what is written no Event.
    """

    def __init__(self, file_prefix: bytes) -> None:
        if not isinstance(file_prefix, bytes):
            raise TypeError(f"expected bytes, {type(file_prefix).__name__} found")
        self._prefix, self._suffix = os.path.split(os.fsdecode(file_prefix)), ""
        self._file: EventsFile | None = None

    def _opened(self) -> EventsFile:
        if self._file is None:
            directory, name = self._prefix
            self._file = EventsFile(directory, self._suffix, name)
        return self._file

    def InitWithSuffix(self, suffix: bytes) -> None:
        """End the name of the file, which is not there yet, with a suffix."""
        self._suffix = os.fsdecode(suffix)

    def FileName(self) -> bytes:
        return os.fsencode(self._opened().path)

    def WriteEvent(self, event: Any) -> None:
        """Add an Event."""
        if not isinstance(event, Event):
            raise TypeError(f"an event is written, a tf.Event; got {event!r}")
        self._opened().write(event.SerializeToString())

    def Flush(self) -> None:
        """Nothing to do but to make the file: what was added is in it."""
        self._opened()

    def Close(self) -> None:
        if self._file is not None:
            self._file.close()


def summary_iterator(path: Any) -> Iterator[Any]:
    """The events of a file (TF1 symbol: `tf.train.summary_iterator`).

    Raises:
        tf.errors.DataLossError: the file is damaged.
        tf.errors.NotFoundError: there is no such file.
    """
    from .records import tf_record_iterator

    for record in tf_record_iterator(path):
        yield Event.FromString(record)
