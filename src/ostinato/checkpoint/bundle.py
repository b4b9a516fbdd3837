"""V2 checkpoints: an index, `PREFIX.index`, and the tensors' bytes, `PREFIX.data-00000-of-00001` ..."""

from __future__ import annotations

import math
import threading
from dataclasses import dataclass

import numpy as np

from ostinato.checkpoint import strings
from ostinato.checkpoint.crc import crc32c, unmask
from ostinato.checkpoint.dtypes import STRING, ElementType, by_number
from ostinato.checkpoint.errors import CheckpointError, Malformed, located
from ostinato.checkpoint.files import DataFile
from ostinato.checkpoint.info import TensorInfo, check_size
from ostinato.checkpoint.messages import Entry, Known, Shape, Slice, read_entry, read_header, text
from ostinato.checkpoint.slices import check_cover, slice_key, whole
from ostinato.checkpoint.table import Table

# What an index may ask for, for each of its bytes: of bytes of names, and of what an entry takes beside its
# name. Compressed away, empty tensors with long names would take half a byte each; an honest entry has four
# bytes of checksum at least.
_INDEX_REACH, _ENTRY_COST = 64, 192


def index_path(prefix: str) -> str:
    return f"{prefix}.index"


def data_path(prefix: str, shard: int, shards: int) -> str:
    return f"{prefix}.data-{shard:05d}-of-{shards:05d}"


@dataclass(frozen=True, slots=True)
class Stored:
    """Where the bytes of a tensor, or of a slice of one, are."""

    element: ElementType
    shape: Shape
    entry: Entry


class Bundle:
    """The tensors of a V2 checkpoint, by name.

    Opening it reads the index and opens the data files; of their bytes nothing is read.

    Raises:
        CheckpointError: a file is missing or damaged, or says what cannot be.
    """

    format = "V2"

    def __init__(self, prefix: str) -> None:
        self.prefix = prefix
        self._index = index_path(prefix)
        self.infos: dict[str, TensorInfo] = {}
        self._whole: dict[str, Stored] = {}
        self._parts: dict[str, list[tuple[Slice, Stored]]] = {}
        self._files: dict[int, DataFile] = {}
        self._known: Known = {}
        self._verified: set[str] = set()
        self._lock = threading.Lock()
        index = DataFile(self._index)
        try:
            entries = self._read_index(Table(self._index, index.view()), index.size)
        finally:
            index.close()
        try:
            self._open_data(entries)
            self._register(entries)
        except BaseException:
            self.close()
            raise

    # -- opening
    def _read_index(self, table: Table, size: int) -> dict[bytes, Entry]:
        entries: dict[bytes, Entry] = {}
        left = _INDEX_REACH * size + (1 << 20)
        found = False
        for key, value, place in table.entries():
            with located(self._index, place, "" if place is not None else f"the compressed entry {key!r}"):
                if not key:
                    header = read_header(value)
                    self.shards, self.big_endian = header.shards, header.big_endian
                    self.producer, found = header.producer, True
                    continue
                if not found:
                    break
                entry = read_entry(value, self._known)
                if entry.shard >= self.shards:
                    raise Malformed(0, f"{_name(key)} is in shard {entry.shard} of {self.shards}")
                entries[key] = entry
                left -= len(key) + _ENTRY_COST
                if left < 0:
                    raise Malformed(
                        0, f"more tensors, or longer names, than an index of {size} bytes can hold"
                    )
        if not found:
            raise CheckpointError(self._index, None, "the header of a V2 index is missing")
        return entries

    def _open_data(self, entries: dict[bytes, Entry]) -> None:
        used: dict[int, list[tuple[int, int, bytes]]] = {}
        for key, entry in entries.items():
            if not entry.slices:
                used.setdefault(entry.shard, []).append((entry.offset, entry.size, key))
        for shard, places in used.items():
            path = data_path(self.prefix, shard, self.shards)
            file = self._files[shard] = DataFile(path)
            places.sort()
            last, before = 0, b""
            for offset, size, key in places:
                if offset + size > file.size:
                    raise CheckpointError(
                        path,
                        file.size,
                        f"the file ends here, but {_name(key)} is at {offset} to {offset + size}",
                    )
                if size and offset < last:
                    # Were this allowed, a small file could ask for any amount of memory.
                    raise CheckpointError(path, offset, f"{_name(key)} overlaps {_name(before)}")
                if size:
                    last, before = offset + size, key

    def _register(self, entries: dict[bytes, Entry]) -> None:
        slices: set[bytes] = set()
        for key, entry in entries.items():
            if entry.slices:
                name = _text(self._index, key)
                slices.update(self._register_parts(name, entry, entries))
        for key, entry in entries.items():
            if not entry.slices and key not in slices:
                name = _text(self._index, key)
                stored = self._stored(name, entry)
                self._whole[name] = stored
                self.infos[name] = _info(name, stored, 1, entry.size)
        self.infos = dict(sorted(self.infos.items()))

    def _register_parts(self, name: str, entry: Entry, entries: dict[bytes, Entry]) -> set[bytes]:
        stored = self._stored(name, entry)
        parts = []
        keys = set()
        size = 0
        for part in entry.slices:
            key = slice_key(name, part)
            found = entries.get(key)
            if found is None or found.slices or key in keys:
                raise CheckpointError(
                    self._index, None, f"the slice {part} of '{name}' is missing or there twice"
                )
            keys.add(key)
            with located(self._index, None):
                extents = whole(part, entry.shape, self._known)
            held = self._stored(name, found)
            if held.element != stored.element or held.shape != tuple(length for _, length in extents):
                raise CheckpointError(
                    self._index,
                    None,
                    f"the slice {part} of '{name}' is {held.element.name} of shape {list(held.shape)}",
                )
            parts.append((extents, held))
            size += found.size
        self._parts[name] = parts
        self.infos[name] = _info(name, stored, len(parts), size)
        return keys

    def _stored(self, name: str, entry: Entry) -> Stored:
        element = by_number(entry.dtype)
        with located(self._index, None):
            check_size(name, entry.shape, element)
        if not entry.slices:
            count = math.prod(entry.shape)
            if element is STRING:
                # A length takes at least a byte, their checksum four. Nothing at all is an empty tensor too.
                sound = entry.size >= count + 4 or not (count or entry.size)
                wanted = f"at least {count + 4}"
            elif element.dtype is None:
                sound, wanted = True, ""
            else:
                sound, wanted = (
                    entry.size == count * element.dtype.itemsize,
                    f"{count * element.dtype.itemsize}",
                )
            if not sound:
                raise CheckpointError(
                    self._index,
                    None,
                    f"'{name}', {element.name} of shape {list(entry.shape)}, has {entry.size} bytes, "
                    f"not {wanted}",
                )
        return Stored(element, entry.shape, entry)

    # -- reading
    def view(self, name: str) -> np.ndarray:
        """The tensor as a read-only array, over the file's own bytes where that can be."""
        if name in self._parts:
            array = self._joined(name)
            array.flags.writeable = False
            return array
        stored = self._whole[name]
        element, entry = stored.element, stored.entry
        if element.dtype is None or element is STRING or self.big_endian or not entry.size:
            array = self.read(name)
        else:
            file = self._files[entry.shard]
            data = np.frombuffer(file.view(), np.uint8)[entry.offset : entry.offset + entry.size]
            with self._lock:
                known = name in self._verified
            if not known:
                self._check(name, entry, crc32c(data))
                with self._lock:
                    self._verified.add(name)
            _check_values(name, file.path, entry, data, element)
            array = data.view(element.dtype).reshape(stored.shape)
            if not array.flags.aligned:  # numpy can work with it; what is handed the array may not
                array = array.copy()
        array.flags.writeable = False
        return array

    def read(self, name: str) -> np.ndarray:
        """The tensor as an array of its own."""
        if name in self._parts:
            return self._joined(name)
        return self._read(name, self._whole[name])

    def place(self, name: str) -> tuple[int, int]:
        """Where the tensor begins, for reading many in the order of the files."""
        stored = self._parts[name][0][1] if name in self._parts else self._whole[name]
        return stored.entry.shard, stored.entry.offset

    def _read(self, name: str, stored: Stored) -> np.ndarray:
        element, entry = stored.element, stored.entry
        if element.dtype is None:
            path = data_path(self.prefix, entry.shard, self.shards)
            raise CheckpointError(
                path,
                entry.offset,
                f"'{name}' is of type {element.name}, which only TensorFlow can read",
            )
        file = self._files[entry.shard]
        if element is STRING:
            data = np.empty(entry.size, np.uint8)
            file.read_into(data, entry.offset)
            with located(file.path, entry.offset):
                elements, crc = strings.decode(data, math.prod(stored.shape), self.big_endian)
            self._check(name, entry, crc)
            array = np.empty(len(elements), object)
            array[:] = elements
            return array.reshape(stored.shape)
        array = np.empty(stored.shape, element.dtype)
        data = array.reshape(-1).view(np.uint8)
        self._check(name, entry, file.read_into(data, entry.offset))
        _check_values(name, file.path, entry, data, element)
        if self.big_endian:
            _swap(data, element)
        return array

    def _check(self, name: str, entry: Entry, crc: int) -> None:
        if unmask(entry.crc) != crc and entry.size:
            path = data_path(self.prefix, entry.shard, self.shards)
            raise CheckpointError(
                path,
                entry.offset,
                f"the checksum of '{name}' ({entry.size} bytes) does not match: it is damaged",
            )

    def _joined(self, name: str) -> np.ndarray:
        info, parts = self.infos[name], self._parts[name]
        with located(self._index, None):
            try:
                check_cover([extents for extents, _ in parts], info.shape)
            except Malformed as error:
                raise Malformed(0, f"'{name}' cannot be joined: {error.reason}") from None
        array = np.empty(info.shape, info.dtype)
        for extents, stored in parts:
            place = tuple(slice(start, start + length) for start, length in extents)
            array[place] = self._read(name, stored)
        return array

    def close(self) -> None:
        for file in self._files.values():
            file.close()
        self._files.clear()


def _name(key: bytes) -> str:
    return f"'{key.decode(errors='backslashreplace')}'"


def _text(path: str, key: bytes) -> str:
    with located(path, None):
        return text(key, 0, len(key))


def _info(name: str, stored: Stored, partitions: int, size: int) -> TensorInfo:
    dtype = np.dtype(object) if stored.element.dtype is None else stored.element.dtype
    return TensorInfo(name, stored.shape, dtype, stored.element.name, partitions, size)


def _check_values(name: str, path: str, entry: Entry, data: np.ndarray, element: ElementType) -> None:
    if element.name == "bool" and data.size and data.max() > 1:  # numpy would add 2 where it adds up truths
        raise CheckpointError(path, entry.offset, f"'{name}' has bytes that are neither false nor true")


def _swap(data: np.ndarray, element: ElementType) -> None:
    """Turn big-endian numbers into this machine's, in place."""
    dtype = element.dtype
    assert dtype is not None
    width = dtype.itemsize // 2 if dtype.kind == "c" else dtype.itemsize
    if width > 1:
        data.view(f"u{width}").byteswap(inplace=True)
