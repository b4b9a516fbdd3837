"""Saving checkpoints, so that there is a whole one at every moment."""

from __future__ import annotations

import contextlib
import itertools
import os
import re
import sys
import threading
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from ostinato.checkpoint import messages, strings
from ostinato.checkpoint.bundle import data_path, index_path
from ostinato.checkpoint.crc import crc32c, mask
from ostinato.checkpoint.dtypes import STRING, ElementType, by_dtype
from ostinato.checkpoint.errors import CheckpointError, Malformed
from ostinato.checkpoint.files import CHUNK, DataFile, alone_in, sync_folder, write_atomically
from ostinato.checkpoint.flushed import FlushedFile
from ostinato.checkpoint.paths import listing
from ostinato.checkpoint.table import Table
from ostinato.checkpoint.table_writer import build_table

_INTACT = "what was there before is intact"


def save_checkpoint(prefix: str | os.PathLike[str], tensors: Mapping[str, Any]) -> str:
    """Save tensors as a V2 checkpoint, which TensorFlow 1 and 2 read.

    At every moment, also of a crash or a power cut, the checkpoint of that prefix is the old one or the new
    one, whole. The new data file is written beside the old one and flushed to the disk, then the new index
    takes the place of the old. As the index says how many data files there are, and their names say it too,
    the data of successive saves at one prefix is alternately named "-of-00001" and "-of-00002".

    Args:
        prefix: the checkpoint's name, such as "run/model.ckpt-7"; its folder must exist. "run/" is taken as
            TensorFlow takes it: the files are then "run/.index" and so on.
        tensors: arrays by name. Strings may be `bytes`, `str` or arrays of them.

    Returns:
        The prefix.

    Raises:
        TypeError: a name is no string, a tensor is no array, or its type has no counterpart in TensorFlow.
        ValueError: a name is empty or no UTF-8 text, or a tensor is no array.
        OSError: the files cannot be written, as on a full disk; the checkpoint that was there stays.

    >>> import tempfile
    >>> from ostinato.checkpoint import load_checkpoint, save_checkpoint
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     prefix = save_checkpoint(f"{folder}/model.ckpt", {"global_step": 7, "note": "warm"})
    ...     {name: value.item() for name, value in load_checkpoint(prefix).read().items()}
    {'global_step': 7, 'note': b'warm'}
    """
    prefix = os.fsdecode(prefix)
    names = _names(tensors)
    folder = os.path.dirname(prefix) or "."
    if not prefix:
        raise ValueError("The prefix of a checkpoint is a path; it is empty.")
    if "\0" in prefix:
        raise ValueError(f"The prefix {prefix!r} has a zero byte in it, which no file's name can have.")
    if not os.path.isdir(folder):
        raise FileNotFoundError(2, "cannot save a checkpoint: there is no such folder", folder)
    with alone_in(folder), _Save(prefix) as save:
        index = _write_data(prefix, save.shards, names, tensors)
        write_atomically(index_path(prefix), index)
        save.remove_old()
    return prefix


class _Save:
    """A save while it goes on: which data files are its own, which it removes, and what it leaves where it
    fails.
    """

    # By prefix, those of this thread that are not done. There are two where a signal came during a save and
    # its handler saves, too: the outer one goes on when the inner one is done, each with files of its own.
    _going_on = threading.local()

    def __init__(self, prefix: str) -> None:
        self._prefix, self.shards = prefix, 0
        self._before = _identity(prefix)
        self._old: dict[int, list[str]] = {}
        self._all: list[_Save] = []

    def __enter__(self) -> _Save:
        going_on: dict[str, list[_Save]] = self._going_on.__dict__
        self._all = going_on.setdefault(os.path.abspath(self._prefix), [])
        self._all.append(self)
        try:
            others = [save for save in self._all if save is not self]
            # What an outer save will remove must not be written anew, nor what it writes.
            taken = {count for save in others for count in (save.shards, *save._old)}
            self.shards = _next_shards(self._prefix, taken)
            with contextlib.suppress(CheckpointError):  # a folder that may be written to but not listed
                self._old = _data_files(self._prefix)
            for count in (self.shards, *(save.shards for save in others)):
                self._old.pop(count, None)
        except BaseException as error:
            self._leave()
            if isinstance(error, OSError):
                raise self._explained(error, _INTACT) from error
            raise
        return self

    def _leave(self) -> None:
        self._all.remove(self)
        if not self._all:
            self._going_on.__dict__.pop(os.path.abspath(self._prefix), None)

    def remove_old(self) -> None:
        """Remove the data files that the index has ceased to name."""
        for paths in self._old.values():
            _remove(paths)

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        self._leave()
        now = _identity(self._prefix)
        replaced = now != self._before
        for other in self._all:
            other._before = now
        if error is None:
            return
        # The new index may be in place although this failed: flushing the folder did, or Ctrl-C came. Then
        # the new data belongs to it, and the old data to what a power cut would bring back.
        if not replaced:
            _remove([data_path(self._prefix, shard, self.shards) for shard in range(self.shards)])
        if isinstance(error, OSError):
            outcome = "the new one may not outlast a power cut" if replaced else _INTACT
            raise self._explained(error, outcome) from error

    def _explained(self, error: OSError, outcome: str) -> OSError:
        reason = f"cannot save the checkpoint: {error.strerror or error}; {outcome}"
        return OSError(error.errno, reason, self._prefix)


def _names(tensors: Mapping[str, Any]) -> list[str]:
    for name in tensors:
        if not isinstance(name, str):
            raise TypeError(f"Tensors are named by strings; got {name!r}.")
        if not name:
            raise ValueError("A tensor has the empty name, which checkpoints keep for their header.")
        try:
            name.encode()
        except UnicodeEncodeError:
            raise ValueError(
                f"The name {name!r} is no UTF-8 text, which names of tensors have to be."
            ) from None
    return sorted(tensors, key=lambda name: name.encode())


def _identity(prefix: str) -> tuple[int, int] | None:
    """Which file the index is; None where there is none."""
    try:
        status = os.stat(index_path(prefix))
    except OSError:
        return None
    return status.st_dev, status.st_ino


def _next_shards(prefix: str, taken: set[int]) -> int:
    """How many data files to name, so that none of the checkpoint that is there is written over.

    Raises:
        OSError: its index is there but cannot be opened, so that nobody knows which data is its own.
    """
    now, damaged = 0, False
    try:
        index = DataFile(index_path(prefix))
        try:
            found = Table(index.path, index.view()).value(b"")
            now = messages.read_header(found[0]).shards if found else 0
        finally:
            index.close()
    except (CheckpointError, Malformed) as error:
        cause = error.__cause__
        if isinstance(cause, OSError) and not isinstance(cause, FileNotFoundError):
            raise cause from None
        # It may be mended from a copy: no data file of this prefix is free for sure.
        damaged = not isinstance(cause, FileNotFoundError)
    for count in itertools.count(1):
        used = count == now or (damaged and os.path.lexists(data_path(prefix, 0, count)))
        if not used and count not in taken:
            return count
    raise AssertionError("there is no end of numbers")


def _write_data(prefix: str, shards: int, names: list[str], tensors: Mapping[str, Any]) -> bytes:
    """Write the data files; returns the index that describes them."""
    for shard in range(1, shards):
        with FlushedFile(data_path(prefix, shard, shards)):
            pass  # of two files the second is empty
    entries = [(b"", messages.header(shards))]
    with FlushedFile(data_path(prefix, 0, shards)) as file:
        offset = 0
        for name in names:
            array, element = _array(name, tensors[name])
            if element is not STRING and array.size:
                assert element.dtype is not None
                # Aligned, its bytes can be mapped and used where they are.
                padding = -offset % element.dtype.alignment
                file.write(bytes(padding))
                offset += padding
            size, crc = _write(file, array, element)
            entry = messages.entry(element.number, array.shape, offset, size, mask(crc))
            entries.append((name.encode(), entry))
            offset += size
    sync_folder(os.path.dirname(prefix) or ".")
    return build_table(entries)


def _array(name: str, value: Any) -> tuple[np.ndarray, ElementType]:
    # numpy loads its masked arrays when they are first asked for; who has one has asked.
    masked = getattr(sys.modules.get("numpy.ma"), "MaskedArray", ())
    if isinstance(value, masked) and np.ma.is_masked(value):
        raise TypeError(
            f"The tensor '{name}' has masked elements, which TensorFlow does not have: fill them."
        )
    try:
        array = np.asarray(value)
    except ValueError as error:  # lists of different lengths
        raise ValueError(f"The tensor '{name}' is no array: {error}") from error
    except (TypeError, RuntimeError) as error:  # a tensor of a library that has no array to give
        raise TypeError(f"The tensor '{name}' is no array: {error}") from error
    if array.dtype.kind in "SU":
        # As objects: numpy's own types of strings forget zeros at their ends, and make strings of numbers.
        array = np.array(value, object) if isinstance(value, _PLAIN) else array.astype(object)
    element = by_dtype(array.dtype.newbyteorder("="))
    if element is None or element.dtype is None:
        raise TypeError(f"The tensor '{name}' is of type {array.dtype}, which TensorFlow does not have.")
    if element is STRING:
        strings = np.empty(array.size, object)
        for number, part in enumerate(array.flat):
            strings[number] = _bytes(name, part)
        array = strings.reshape(array.shape)
    return array, element


_PLAIN = (str, bytes, list, tuple)


def _bytes(name: str, value: Any) -> bytes:
    if isinstance(value, bytes):
        return value
    if not isinstance(value, str):
        raise TypeError(
            f"The tensor '{name}' holds {value!r:.60} ({type(value).__name__}): numbers of numpy's types and "
            "strings can be saved."
        )
    try:
        return value.encode()
    except UnicodeEncodeError:
        raise ValueError(f"The tensor '{name}' holds {value!r}, which is no UTF-8 text.") from None


def _write(file: FlushedFile, array: np.ndarray, element: ElementType) -> tuple[int, int]:
    """Write the elements; returns their bytes and their checksum."""
    size = crc = 0
    if element is STRING:
        parts, crc = strings.encode(list(array.flat))
        for part in parts:
            file.write(part)
            size += len(part)
        return size, crc
    # Checksummed and written from a copy: another thread may be training what is saved.
    copy = np.empty(CHUNK, np.uint8)
    for chunk in _chunks(array, element):
        piece = copy[: chunk.size]
        np.copyto(piece, chunk)
        crc = crc32c(piece, crc)
        file.write(piece.data)
        size += chunk.size
    return size, crc


def _chunks(array: np.ndarray, element: ElementType) -> Iterator[np.ndarray]:
    """The elements in order, as bytes, some at a time: a transposed array is not copied whole."""
    dtype = element.dtype
    assert dtype is not None
    if array.flags.c_contiguous and array.dtype == dtype:
        data = array.reshape(-1).view(np.uint8)
        for start in range(0, data.size, CHUNK):
            yield data[start : start + CHUNK]
        return
    count = max(CHUNK // dtype.itemsize, 1)
    parts = np.nditer(
        array,
        ["external_loop", "buffered", "zerosize_ok"],
        ["readonly"],
        op_dtypes=[dtype],
        order="C",
        casting="equiv",
        buffersize=count,
    )
    for part in parts:
        yield np.ascontiguousarray(part).view(np.uint8)


def _data_files(prefix: str) -> dict[int, list[str]]:
    """The data files of a prefix, by the number of shards in their names."""
    folder, base = os.path.split(prefix)
    pattern = re.compile(re.escape(base) + r"\.data-\d{5,}-of-(\d{5,})")
    found: dict[int, list[str]] = {}
    for name in listing(folder):
        match = pattern.fullmatch(name)
        if match:
            found.setdefault(int(match[1]), []).append(os.path.join(folder, name))
    return found


def _remove(paths: list[str]) -> None:
    for path in paths:
        # What cannot be removed does no harm: no index names it, and the next save tries again.
        with contextlib.suppress(OSError):
            os.unlink(path)
