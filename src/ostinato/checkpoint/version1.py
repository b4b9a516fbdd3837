"""V1 checkpoints, which TensorFlow wrote before 1.0: tables that hold the tensors themselves.

The first entry lists the tensors and of which slices each is made. Every slice is an entry of its own, a
message with the elements packed. A sharded checkpoint is several such files, each with some of the slices.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Iterator

import numpy as np

from ostinato.checkpoint.dtypes import STRING, ElementType, by_number
from ostinato.checkpoint.errors import CheckpointError, Malformed, located
from ostinato.checkpoint.files import DataFile
from ostinato.checkpoint.info import TensorInfo, check_size
from ostinato.checkpoint.messages import Known, Shape, Slice, SliceMeta, read_slices_meta
from ostinato.checkpoint.slices import check_cover, slice_key, whole
from ostinato.checkpoint.table import Table
from ostinato.checkpoint.wire import BYTES, FIXED32, FIXED64, VARINT, Buffer, expect, fields, packed_varints

# The field of a tensor message that has the elements, and how it has them.
_FLOATS, _DOUBLES, _INTEGERS, _HALVES = "<f4", "<f8", "integers", "halves"
_FIELDS = {
    "float32": (5, _FLOATS),
    "float64": (6, _DOUBLES),
    "complex64": (9, _FLOATS),
    "complex128": (12, _DOUBLES),
    "int64": (10, _INTEGERS),
    "bool": (11, _INTEGERS),
    "uint32": (16, _INTEGERS),
    "uint64": (17, _INTEGERS),
    "float16": (13, _HALVES),
    "bfloat16": (13, _HALVES),
    **dict.fromkeys(("int32", "int16", "int8", "uint16", "uint8"), (7, _INTEGERS)),
    **dict.fromkeys(("qint32", "qint16", "qint8", "quint16", "quint8"), (7, _INTEGERS)),
}
_CONTENT, _STRINGS = 4, 8
_SHORT = 4096  # bytes
_SLICE, _DATA = 2, 3  # fields of a saved slice


class Version1:
    """The tensors of a V1 checkpoint, by name.

    Args:
        prefix: its name; with `?????-of-?????` in it where there are several files.
        paths: the files.

    Raises:
        CheckpointError: a file is missing or damaged, or says what cannot be.
    """

    format = "V1"
    big_endian = False

    def __init__(self, prefix: str, paths: list[str]) -> None:
        self.prefix, self.shards = prefix, len(paths)
        self.infos: dict[str, TensorInfo] = {}
        self.producer = 0
        self._elements: dict[str, ElementType] = {}
        # The file that a slice is in, the slice as the file names it, and with its lengths written out.
        self._parts: dict[str, list[tuple[int, Slice, Slice]]] = {}
        self._places: dict[str, tuple[int, int]] = {}
        self._known: Known = {}
        self._files: list[DataFile] = []
        self._tables: list[Table] = []
        try:
            for path in paths:
                self._open(path)
            self._finish()
        except BaseException:
            self.close()
            raise

    def _open(self, path: str) -> None:
        file = DataFile(path)
        self._files.append(file)
        table = Table(path, file.view())
        self._tables.append(table)
        found = table.value(b"")
        if found is None:
            raise CheckpointError(path, None, "the list of tensors of a V1 checkpoint is missing")
        data, place = found
        with located(path, place, "" if place is not None else "the compressed list of tensors"):
            self.producer = read_slices_meta(data, self._known, self._register)

    def _register(self, meta: SliceMeta) -> None:
        element = by_number(meta.dtype)
        check_size(meta.name, meta.shape, element)
        dtype = np.dtype(object) if element.dtype is None else element.dtype
        known = self.infos.get(meta.name)
        if known is None:
            self._elements[meta.name] = element
            self._parts[meta.name] = []
            self.infos[meta.name] = TensorInfo(meta.name, meta.shape, dtype, element.name, 0, 0)
        elif known.shape != meta.shape or known.dtype_name != element.name:
            raise Malformed(0, f"'{meta.name}' has another shape or type in another file")
        for part in meta.slices:
            extents = whole(part, meta.shape, self._known)
            self._parts[meta.name].append((len(self._tables) - 1, part, extents))

    def _finish(self) -> None:
        for name, info in self.infos.items():
            self._parts[name].sort()  # as their keys are, so that reading them reads a block once
            size = 0 if info.dtype.hasobject else info.size * info.dtype.itemsize
            partitions = len(self._parts[name])
            self.infos[name] = TensorInfo(name, info.shape, info.dtype, info.dtype_name, partitions, size)
        self.infos = dict(sorted(self.infos.items()))
        for number, name in enumerate(self.infos):
            parts = self._parts[name]
            self._places[name] = (parts[0][0] if parts else 0), number

    # -- reading
    def view(self, name: str) -> np.ndarray:
        """The tensor as a read-only array, over the file's own bytes where that can be."""
        array = self._tensor(name)
        array.flags.writeable = False
        return array

    def read(self, name: str) -> np.ndarray:
        """The tensor as an array of its own."""
        array = self._tensor(name)
        return array if array.flags.writeable else array.copy()

    def place(self, name: str) -> tuple[int, int]:
        """The file that the tensor begins in, and the order of its name, which is the order in the file."""
        return self._places[name]

    def _tensor(self, name: str) -> np.ndarray:
        info, parts = self.infos[name], self._parts[name]
        path = self._files[parts[0][0] if parts else 0].path
        if self._elements[name] is not STRING and info.dtype_name not in _FIELDS:
            raise CheckpointError(
                path, None, f"'{name}' is of type {info.dtype_name}, which V1 files cannot hold"
            )
        with located(path, None):
            try:
                check_cover([extents for _, _, extents in parts], info.shape)
            except Malformed as error:
                raise Malformed(0, f"'{name}' cannot be joined: {error.reason}") from None
        if len(parts) == 1:
            return self._slice(name, info.shape, parts[0][1], parts[0][0])
        # All slices are read before the whole is made: what is not in the files asks for no memory.
        read = [
            (extents, self._slice(name, _lengths(extents), part, shard)) for shard, part, extents in parts
        ]
        array = np.empty(info.shape, info.dtype)
        for extents, values in read:
            array[tuple(slice(start, start + length) for start, length in extents)] = values
        return array

    def _slice(self, name: str, shape: Shape, part: Slice, shard: int) -> np.ndarray:
        path, element = self._files[shard].path, self._elements[name]
        found = self._tables[shard].value(slice_key(name, part))
        if found is None:
            raise CheckpointError(path, None, f"the values of '{name}' are missing")
        data, place = found
        with located(path, place, "" if place is not None else f"the compressed values of '{name}'"):
            values = _values(name, data, element, math.prod(shape))
        return values.reshape(shape)

    def close(self) -> None:
        for file in self._files:
            file.close()
        self._files.clear()
        self._tables.clear()


def _lengths(part: Slice) -> Shape:
    return tuple(length for _, length in part)


def _values(name: str, data: Buffer, element: ElementType, count: int) -> np.ndarray:
    """The elements in a `SavedTensorSlices` message, flat."""
    for number, wire_type, start, end in fields(data, 0, len(data)):
        if number != _SLICE:
            continue
        expect(wire_type, BYTES, 0, "data")
        for inner, inner_type, begin, stop in fields(data, start, end):
            if inner == _DATA:
                expect(inner_type, BYTES, start, "data")
                return _elements(name, data, begin, stop, element, count)
    if count:
        raise Malformed(0, f"the values of '{name}' are missing")
    return np.empty(0, element.dtype)


def _elements(name: str, data: Buffer, start: int, end: int, element: ElementType, count: int) -> np.ndarray:
    if element is STRING:
        strings = [
            bytes(data[begin:stop])
            for number, wire_type, begin, stop in fields(data, start, end)
            if number == _STRINGS and wire_type == BYTES
        ]
        _check_count(name, len(strings), count, start)
        array = np.empty(count, object)
        array[:] = strings
        return array
    assert element.dtype is not None
    wanted, how = _FIELDS[element.name]
    for number, wire_type, begin, stop in fields(data, start, end):
        if number == _CONTENT and wire_type == BYTES and stop > begin:
            return _of_content(name, data, begin, stop, element.dtype, count)
    pieces = [
        _typed(name, piece, how, element.dtype, start) for piece in _pieces(data, start, end, wanted, how)
    ]
    found = sum(piece.size for piece in pieces)
    if element.dtype.kind == "c":
        _check_count(name, found, 2 * count, start)
    else:
        _check_count(name, found, count, start)
    if not count:
        return np.empty(0, element.dtype)
    return _aligned(pieces[0] if len(pieces) == 1 else np.concatenate(pieces)).view(element.dtype)


def _pieces(data: Buffer, start: int, end: int, wanted: int, how: str) -> Iterator[np.ndarray]:
    """The numbers of all fields `wanted`, packed or single: as they are stored, or as unsigned integers."""
    dtype = np.dtype(np.uint64 if how in (_INTEGERS, _HALVES) else how)
    single = FIXED32 if how == _FLOATS else FIXED64 if how == _DOUBLES else VARINT
    short = bytearray()  # many short fields are put together: an array for each would take much more memory
    for number, wire_type, begin, stop in fields(data, start, end):
        if number != wanted:
            continue
        if wire_type == single:
            short += data[stop - dtype.itemsize : stop] if single != VARINT else begin.to_bytes(8, "little")
            continue
        expect(wire_type, BYTES, start, "values")
        if single == VARINT:
            packed = packed_varints(data, begin, stop)
        elif (stop - begin) % dtype.itemsize:
            raise Malformed(begin, f"{stop - begin} bytes of numbers that take {dtype.itemsize} each")
        else:
            packed = iter([np.frombuffer(data, dtype, (stop - begin) // dtype.itemsize, begin)])
        if stop - begin < _SHORT:
            for piece in packed:
                short += piece.tobytes()
            continue
        if short:
            yield np.frombuffer(bytes(short), dtype)
            short.clear()
        yield from packed
    if short:
        yield np.frombuffer(bytes(short), dtype)


def _typed(name: str, values: np.ndarray, how: str, dtype: np.dtype, at: int) -> np.ndarray:
    """Numbers as they are stored as what they are meant to be; complex ones stay in two parts."""
    if how in (_FLOATS, _DOUBLES):
        return values
    if how == _HALVES:
        if int(values.max()) >= 1 << 16:
            raise Malformed(at, f"'{name}' has elements of more than 16 bits")
        return values.astype(np.uint16).view(dtype)
    plain = dtype if dtype.names is None else dtype[0]
    narrow = values.astype(bool) if plain == np.bool_ else values.view(np.int64).astype(plain)
    if (narrow.astype(np.uint64) != values).any():
        raise Malformed(at, f"'{name}' has elements that are no {plain}")
    return narrow.view(dtype)


def _of_content(name: str, data: Buffer, begin: int, end: int, dtype: np.dtype, count: int) -> np.ndarray:
    if end - begin != count * dtype.itemsize:
        raise Malformed(begin, f"'{name}' has {end - begin} bytes, not {count * dtype.itemsize}")
    raw = np.frombuffer(data, np.uint8)[begin:end]
    if dtype == np.bool_ and raw.max() > 1:
        raise Malformed(begin, f"'{name}' has bytes that are neither false nor true")
    return _aligned(raw.view(dtype))


def _aligned(array: np.ndarray) -> np.ndarray:
    """`array`, or a copy where the file does not align it, in this machine's byte order."""
    array = array if sys.byteorder == "little" else array.astype(array.dtype.newbyteorder("="))
    return array if array.flags.aligned else array.copy()


def _check_count(name: str, found: int, wanted: int, at: int) -> None:
    if found != wanted:
        raise Malformed(at, f"'{name}' has {found} values, not {wanted}")
