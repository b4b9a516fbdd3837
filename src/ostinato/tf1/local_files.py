r"""Local files as TensorFlow 1 opens them, with TensorFlow's errors.

>>> import tempfile
>>> with tempfile.TemporaryDirectory() as folder:
...     with FileIO(folder + "/a.txt", "w") as file:
...         file.write("one\ntwo\n")
...     FileIO(folder + "/a.txt", "r").readlines()
['one\n', 'two\n']
"""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Callable, Iterator
from typing import IO, Any

from . import compat, errors, logging

_REMOTE = re.compile(r"^([A-Za-z][A-Za-z0-9+.\-]*)://")


def local_path(path: Any) -> str:
    """A path as text.

    Raises:
        TypeError: neither text nor bytes.
        tf.errors.UnimplementedError: a path of a file system that is not this machine's.
        tf.errors.InvalidArgumentError: there is a zero byte in it.
    """
    text = os.fsdecode(compat.as_bytes(path))
    if "\0" in text:
        raise errors.InvalidArgumentError(None, None, f"{text!r}; a path cannot have a zero byte in it")
    scheme = _REMOTE.match(text)
    if scheme is None:
        return text
    if scheme[1] == "file":
        return text[len(scheme[0]) :]
    raise errors.UnimplementedError(
        None,
        None,
        f"File system scheme '{scheme[1]}' not implemented (file: '{text}'): copy it to a local file first.",
    )


def problem_with(path: str, problem: OSError) -> errors.OpError:
    """TensorFlow's error for what the operating system says of a path."""
    return errors.error_of(problem)(None, None, f"{path}; {problem.strerror or problem}")


@contextlib.contextmanager
def told(path: str) -> Iterator[None]:
    """What the operating system says within becomes TensorFlow's error."""
    try:
        yield
    except OSError as problem:
        raise problem_with(path, problem) from None


def attempted(path: str, action: Callable[..., Any], *arguments: Any) -> Any:
    try:
        return action(*arguments)
    except OSError as problem:
        raise problem_with(path, problem) from None


class FileStatistics:
    """What `stat` gives: `length` in bytes, `mtime_nsec`, `is_directory`."""

    def __init__(self, length: int, mtime_nsec: int, is_directory: bool) -> None:
        self.length, self.mtime_nsec, self.is_directory = length, mtime_nsec, is_directory

    def __repr__(self) -> str:
        return (
            f"FileStatistics(length={self.length}, mtime_nsec={self.mtime_nsec}, "
            f"is_directory={self.is_directory})"
        )


def stat(filename: Any) -> FileStatistics:
    """A file's length and time (TF1 symbols: `tf.gfile.Stat`, `tf.io.gfile.stat`)."""
    path = local_path(filename)
    found = attempted(path, os.stat, path)
    return FileStatistics(found.st_size, found.st_mtime_ns, os.path.isdir(path))


class FileIO:
    """A file (TF1 symbols: `tf.gfile.GFile`, `tf.gfile.Open`, `tf.gfile.FastGFile`).

    Args:
        name: its path.
        mode: 'r', 'w', 'a', 'r+', 'w+' or 'a+', with 'b' for bytes. As in TensorFlow the first writing in
            'r+' or 'w+' begins an empty file, and nothing is opened before the first reading or writing.

    Raises:
        tf.errors.InvalidArgumentError: another mode.
        tf.errors.NotFoundError: on the first use: there is no such file or directory.
        tf.errors.PermissionDeniedError: reading what is open for writing only, or the other way round.
    """

    def __init__(self, name: Any, mode: str) -> None:
        self._name, self._mode = name, mode
        self._reader: IO[bytes] | None = None
        self._writer: IO[bytes] | None = None
        self._binary = "b" in mode
        kind = mode.replace("b", "")
        if kind not in ("r", "w", "a", "r+", "w+", "a+"):
            raise errors.InvalidArgumentError(
                None, None, "mode is not 'r' or 'w' or 'a' or 'r+' or 'w+' or 'a+'"
            )
        self._reads, self._writes = kind[0] == "r" or "+" in kind, kind != "r"

    @property
    def name(self) -> Any:
        return self._name

    @property
    def mode(self) -> str:
        return self._mode

    def _open(self, mode: str) -> IO[bytes]:
        path = local_path(self._name)
        try:
            return open(path, mode, buffering=512 * 1024)
        except OSError as problem:
            raise problem_with(path, problem) from None

    def _input(self) -> IO[bytes]:
        if self._reader is None:
            if not self._reads:
                raise errors.PermissionDeniedError(None, None, "File isn't open for reading")
            self._reader = self._open("rb")
        return self._reader

    def _output(self) -> IO[bytes]:
        if self._writer is None:
            if not self._writes:
                raise errors.PermissionDeniedError(None, None, "File isn't open for writing")
            self._writer = self._open("ab" if "a" in self._mode else "wb")
        return self._writer

    def _given(self, data: bytes) -> Any:
        return data if self._binary else data.decode()

    def size(self) -> int:
        return stat(self._name).length

    def write(self, file_content: Any) -> None:
        output, data = self._output(), compat.as_bytes(file_content)
        with told(local_path(self._name)):
            output.write(data)

    def read(self, n: int = -1) -> Any:
        """`n` bytes, or all that is left, as text unless the mode has a 'b'."""
        return self._given(self._input().read(n))

    def seek(self, offset: int | None = None, whence: int = 0, position: int | None = None) -> None:
        """Go to a place in bytes: from the beginning (0), from here (1) or from the end (2).

        `position` is the older name of `offset`.
        """
        reader = self._input()
        if offset is None and position is None:
            raise TypeError("seek(): offset argument required")
        if offset is not None and position is not None:
            raise TypeError("seek(): offset and position may not be set simultaneously.")
        if whence not in (0, 1, 2):
            raise errors.InvalidArgumentError(
                None, None, f"Invalid whence argument: {whence}. Valid values are 0, 1, or 2."
            )
        start = (0, reader.tell(), self.size())[whence]
        place = start + (position if offset is None else offset)  # type: ignore[operator]
        if place < 0:
            raise errors.InvalidArgumentError(None, None, f"Seeking to a negative position: {place}")
        if place > self.size():
            reader.seek(0, 2)
            raise errors.OutOfRangeError(None, None, "reached end of file")
        reader.seek(place)

    def readline(self) -> Any:
        """The next line with its newline, without carriage returns; empty at the end."""
        return self._given(self._input().readline().replace(b"\r", b""))

    def readlines(self) -> list[Any]:
        return list(self)

    def tell(self) -> int:
        return (self._input() if self._reads else self._output()).tell()

    def flush(self) -> None:
        if self._writer is not None:
            with told(local_path(self._name)):
                self._writer.flush()

    def close(self) -> None:
        files, self._reader, self._writer = (self._reader, self._writer), None, None
        for file in files:
            if file is not None:
                with told(local_path(self._name)):
                    file.close()

    def seekable(self) -> bool:
        return True

    def __enter__(self) -> FileIO:
        return self

    def __exit__(self, *details: Any) -> None:
        self.close()

    def __iter__(self) -> Iterator[Any]:
        return self

    def __next__(self) -> Any:
        line = self.readline()
        if not line:
            raise StopIteration
        return line

    next = __next__

    def __del__(self) -> None:
        if getattr(self, "_writer", None) is not None or getattr(self, "_reader", None) is not None:
            try:
                self.close()
            except errors.OpError as problem:
                logging.error("%s", problem)  # there is nobody to catch it


class GFile(FileIO):
    """A file (TF1 symbols: `tf.gfile.GFile`, `tf.gfile.Open`, `tf.io.gfile.GFile`); see `FileIO`."""

    def __init__(self, name: Any, mode: str = "r") -> None:
        super().__init__(name, mode)


class FastGFile(GFile):
    """The same under an older name (TF1 symbol: `tf.gfile.FastGFile`)."""
