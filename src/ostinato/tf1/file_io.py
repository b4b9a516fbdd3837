r"""Files as TensorFlow 1 opens, lists and copies them (TF1 modules: `tf.gfile`,
`tensorflow.python.lib.io.file_io`): local ones, with TensorFlow's errors.

>>> import tempfile
>>> with tempfile.TemporaryDirectory() as folder:
...     with FileIO(folder + "/a.txt", "w") as file:
...         file.write("one\ntwo\n")
...     FileIO(folder + "/a.txt", "r").readlines()
['one\n', 'two\n']
"""

from __future__ import annotations

import fnmatch
import os
import re
import shutil
import uuid
import zlib
from collections.abc import Callable, Iterable, Iterator
from typing import IO, Any

from . import compat, errors

_BLOCK = 16 * 1024 * 1024
_REMOTE = re.compile(r"^([A-Za-z][A-Za-z0-9+.\-]*)://")


def local_path(path: Any) -> str:
    """A path as text.

    Raises:
        TypeError: neither text nor bytes.
        tf.errors.UnimplementedError: a path of a file system that is not this machine's.
    """
    text = os.fsdecode(compat.as_bytes(path))
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
        self._output().write(compat.as_bytes(file_content))

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
            self._writer.flush()

    def close(self) -> None:
        for file in (self._reader, self._writer):
            if file is not None:
                file.close()
        self._reader = self._writer = None

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
            self.close()


class GFile(FileIO):
    """A file (TF1 symbols: `tf.gfile.GFile`, `tf.gfile.Open`, `tf.io.gfile.GFile`); see `FileIO`."""

    def __init__(self, name: Any, mode: str = "r") -> None:
        super().__init__(name, mode)


class FastGFile(GFile):
    """The same under an older name (TF1 symbol: `tf.gfile.FastGFile`)."""


def file_exists(filename: Any) -> bool:
    """Whether there is a file or a directory (TF1 symbols: `tf.gfile.Exists`, `tf.io.gfile.exists`)."""
    return os.path.exists(local_path(filename).rstrip("/") or "/") if filename else False


def _attempt(path: str, action: Callable[..., Any], *arguments: Any) -> Any:
    try:
        return action(*arguments)
    except OSError as problem:
        raise problem_with(path, problem) from None


def delete_file(filename: Any) -> None:
    """Delete a file (TF1 symbols: `tf.gfile.Remove`, `tf.io.gfile.remove`)."""
    path = local_path(filename)
    _attempt(path, os.remove, path)


def read_file_to_string(filename: Any, binary_mode: bool = False) -> Any:
    with FileIO(filename, "rb" if binary_mode else "r") as file:
        return file.read()


def write_string_to_file(filename: Any, file_content: Any) -> None:
    with FileIO(filename, "w") as file:
        file.write(file_content)


def atomic_write_string_to_file(filename: Any, contents: Any, overwrite: bool = True) -> None:
    """Write a file as a whole: another process sees all of it or none."""
    path = local_path(filename)
    temporary = f"{path}.tmp{uuid.uuid4().hex}"
    write_string_to_file(temporary, contents)
    try:
        rename(temporary, path, overwrite)
    except errors.OpError:
        delete_file(temporary)
        raise


def get_matching_files(filename: Any) -> list[str]:
    """The paths that match a pattern, or one of several, sorted (TF1 symbols: `tf.gfile.Glob`,
    `tf.io.gfile.glob`).

    Raises:
        tf.errors.NotFoundError: the directory before the first wildcard is not there.
    """
    patterns = [filename] if isinstance(filename, (str, bytes)) else list(filename)
    return [path for pattern in patterns for path in _matching(local_path(pattern))]


def _matching(pattern: str) -> list[str]:
    folder, _, last = pattern.rpartition("/")
    if not folder:
        folder = "/" if pattern.startswith("/") else "."
    parts = [part for part in folder.split("/") if part] + [last]
    if not folder.startswith("/") and re.search(r"[*?\[\\]", parts[0]):
        parts.insert(0, ".")
    found = ["/"] if folder.startswith("/") else [""]
    fixed = True
    for index, part in enumerate(parts):
        if index < len(parts) - 1 and not re.search(r"[*?\[\\]", part):
            found = [os.path.join(path, part) for path in found]
            continue
        matches = re.compile(fnmatch.translate(re.sub(r"\\(.)", r"[\1]", part))).match
        deeper = []
        for path in found:
            if not fixed and not os.path.isdir(path):
                continue
            names = _attempt(path, os.listdir, path or ".")
            deeper += [os.path.join(path, name) for name in names if matches(name)]
        found, fixed = deeper, False
    return sorted(found)


def create_dir(dirname: Any) -> None:
    """Make a directory in one that is there (TF1 symbols: `tf.gfile.MkDir`, `tf.io.gfile.mkdir`)."""
    path = local_path(dirname)
    if not os.path.isdir(path):
        _attempt(path, os.mkdir, path)


def recursive_create_dir(dirname: Any) -> None:
    """Make a directory and those around it; one that is there is fine (TF1 symbols: `tf.gfile.MakeDirs`,
    `tf.io.gfile.makedirs`).
    """
    path = local_path(dirname)
    if path and not os.path.exists(path):
        _attempt(path, os.makedirs, path, 0o777, True)


def copy(oldpath: Any, newpath: Any, overwrite: bool = False) -> None:
    """Copy a file (TF1 symbols: `tf.gfile.Copy`, `tf.io.gfile.copy`).

    Raises:
        tf.errors.AlreadyExistsError: there is a file of that name, and `overwrite` is False.
        tf.errors.NotFoundError: there is nothing to copy.
    """
    old, new = local_path(oldpath), local_path(newpath)
    _refuse_existing(new, overwrite)
    if os.path.isdir(old):
        raise errors.InvalidArgumentError(None, None, f"{new}; Invalid argument: {old} is a directory")
    if not os.path.exists(old):
        raise errors.NotFoundError(None, None, f"{old}; No such file or directory")
    _attempt(new, shutil.copyfile, old, new)


def rename(oldname: Any, newname: Any, overwrite: bool = False) -> None:
    """Rename or move (TF1 symbols: `tf.gfile.Rename`, `tf.io.gfile.rename`).

    Raises:
        tf.errors.AlreadyExistsError: there is something of that name, and `overwrite` is False.
        tf.errors.NotFoundError: there is nothing to rename.
    """
    old, new = local_path(oldname), local_path(newname)
    _refuse_existing(new, overwrite)
    _attempt(old, os.replace, old, new)


def _refuse_existing(path: str, overwrite: bool) -> None:
    if not overwrite and os.path.exists(path):
        raise errors.AlreadyExistsError(None, None, "file already exists")


def delete_recursively(dirname: Any) -> None:
    """Delete a directory and all that is in it (TF1 symbols: `tf.gfile.DeleteRecursively`,
    `tf.io.gfile.rmtree`).
    """
    path = local_path(dirname)
    if not os.path.lexists(path):
        raise errors.NotFoundError(None, None, f"{path} not found")
    _attempt(path, shutil.rmtree, path)


def is_directory(dirname: Any) -> bool:
    """Whether a path is a directory's (TF1 symbols: `tf.gfile.IsDirectory`, `tf.io.gfile.isdir`)."""
    return os.path.isdir(local_path(dirname))


def list_directory(dirname: Any) -> list[str]:
    """The names in a directory, sorted (TF1 symbols: `tf.gfile.ListDirectory`, `tf.io.gfile.listdir`)."""
    path = local_path(dirname)
    if not os.path.isdir(path):
        raise errors.NotFoundError(None, None, f"Could not find directory {path}")
    return sorted(_attempt(path, os.listdir, path))


def walk(
    top: Any, in_order: bool = True, onerror: Callable[[Any], Any] | None = None
) -> Iterator[tuple[str, list[str], list[str]]]:
    """(directory, directories in it, files in it) for a tree (TF1 symbols: `tf.gfile.Walk`,
    `tf.io.gfile.walk`).
    """
    top = compat.as_str_any(top)
    try:
        names = list_directory(top)
    except errors.NotFoundError as problem:
        if onerror is not None:
            onerror(problem)
        return
    folders = [name for name in names if is_directory(os.path.join(top, name))]
    here = top, folders, [name for name in names if name not in folders]
    if in_order:
        yield here
    for folder in folders:
        yield from walk(os.path.join(top, folder), in_order, onerror)
    if not in_order:
        yield here


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
    found = _attempt(path, os.stat, path)
    return FileStatistics(found.st_size, found.st_mtime_ns, os.path.isdir(path))


def filecmp(filename_a: Any, filename_b: Any) -> bool:
    """Whether two files hold the same."""
    return stat(filename_a).length == stat(filename_b).length and (
        file_crc32(filename_a) == file_crc32(filename_b)
    )


def file_crc32(filename: Any, block_size: int = _BLOCK) -> str:
    """The CRC-32 of a file as hexadecimal digits."""
    crc = 0
    with FileIO(filename, "rb") as file:
        for block in _blocks(file, block_size):
            crc = zlib.crc32(block, crc)
    return hex(crc & 0xFFFFFFFF)


def _blocks(file: FileIO, block_size: int) -> Iterable[bytes]:
    return iter(lambda: file.read(block_size), b"")


def walk_v2(
    top: Any, topdown: bool = True, onerror: Callable[[Any], Any] | None = None
) -> Iterator[tuple[str, list[str], list[str]]]:
    """As `walk`, with the newer names of its arguments (TF1 symbol: `tf.io.gfile.walk`)."""
    return walk(top, topdown, onerror)


# The same functions under the newer names of their arguments: `tf.io.gfile` has `path`, `src` and `dst`.
def file_exists_v2(path: Any) -> bool:
    return file_exists(path)


def delete_file_v2(path: Any) -> None:
    delete_file(path)


def get_matching_files_v2(pattern: Any) -> list[str]:
    return get_matching_files(pattern)


def create_dir_v2(path: Any) -> None:
    create_dir(path)


def recursive_create_dir_v2(path: Any) -> None:
    recursive_create_dir(path)


def copy_v2(src: Any, dst: Any, overwrite: bool = False) -> None:
    copy(src, dst, overwrite)


def rename_v2(src: Any, dst: Any, overwrite: bool = False) -> None:
    rename(src, dst, overwrite)


def delete_recursively_v2(path: Any) -> None:
    delete_recursively(path)


def is_directory_v2(path: Any) -> bool:
    return is_directory(path)


def list_directory_v2(path: Any) -> list[str]:
    return list_directory(path)


def stat_v2(path: Any) -> FileStatistics:
    return stat(path)
