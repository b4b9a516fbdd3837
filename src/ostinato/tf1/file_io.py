r"""Files as TensorFlow 1 opens, lists and copies them (TF1 modules: `tf.gfile`,
`tensorflow.python.lib.io.file_io`): local ones, with TensorFlow's errors.
"""

from __future__ import annotations

import fnmatch
import os
import re
import shutil
import uuid
import zlib
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from . import compat, errors
from .local_files import FastGFile as FastGFile
from .local_files import FileIO, FileStatistics, attempted, local_path, stat
from .local_files import GFile as GFile

_BLOCK = 16 * 1024 * 1024


def file_exists(filename: Any) -> bool:
    """Whether there is a file or a directory (TF1 symbols: `tf.gfile.Exists`, `tf.io.gfile.exists`)."""
    return os.path.exists(local_path(filename).rstrip("/") or "/") if filename else False


def delete_file(filename: Any) -> None:
    """Delete a file (TF1 symbols: `tf.gfile.Remove`, `tf.io.gfile.remove`)."""
    path = local_path(filename)
    attempted(path, os.remove, path)


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
            names = attempted(path, os.listdir, path or ".")
            deeper += [os.path.join(path, name) for name in names if matches(name)]
        found, fixed = deeper, False
    return sorted(found)


def create_dir(dirname: Any) -> None:
    """Make a directory in one that is there (TF1 symbols: `tf.gfile.MkDir`, `tf.io.gfile.mkdir`)."""
    path = local_path(dirname)
    if not os.path.isdir(path):
        attempted(path, os.mkdir, path)


def recursive_create_dir(dirname: Any) -> None:
    """Make a directory and those around it; one that is there is fine (TF1 symbols: `tf.gfile.MakeDirs`,
    `tf.io.gfile.makedirs`).
    """
    path = local_path(dirname)
    if path and not os.path.exists(path):
        attempted(path, os.makedirs, path, 0o777, True)


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
    attempted(new, shutil.copyfile, old, new)


def rename(oldname: Any, newname: Any, overwrite: bool = False) -> None:
    """Rename or move (TF1 symbols: `tf.gfile.Rename`, `tf.io.gfile.rename`).

    Raises:
        tf.errors.AlreadyExistsError: there is something of that name, and `overwrite` is False.
        tf.errors.NotFoundError: there is nothing to rename.
    """
    old, new = local_path(oldname), local_path(newname)
    _refuse_existing(new, overwrite)
    attempted(old, os.replace, old, new)


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
    attempted(path, shutil.rmtree, path)


def is_directory(dirname: Any) -> bool:
    """Whether a path is a directory's (TF1 symbols: `tf.gfile.IsDirectory`, `tf.io.gfile.isdir`)."""
    return os.path.isdir(local_path(dirname))


def list_directory(dirname: Any) -> list[str]:
    """The names in a directory, sorted (TF1 symbols: `tf.gfile.ListDirectory`, `tf.io.gfile.listdir`)."""
    path = local_path(dirname)
    if not os.path.isdir(path):
        raise errors.NotFoundError(None, None, f"Could not find directory {path}")
    return sorted(attempted(path, os.listdir, path))


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
