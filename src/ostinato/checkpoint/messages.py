"""The messages inside checkpoints, read and written: headers, entries, shapes and slices.

A slice is a tuple of (start, length), one for each axis, where (0, -1) is the whole axis.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ostinato.checkpoint.errors import Malformed
from ostinato.checkpoint.wire import (
    BYTES,
    FIXED32,
    VARINT,
    Buffer,
    bytes_field,
    expect,
    fields,
    integer_field,
    signed,
    varint,
)

Shape = tuple[int, ...]
Extent = tuple[int, int]
Slice = tuple[Extent, ...]
Known = dict[Extent, Extent]  # equal extents are one object: a compressed list could repeat them without end

_SHARDS = 100_000  # data files' names number them with five digits
MAX_RANK = 64  # what numpy can hold; TensorFlow's kernels end at 8
_CONSUMER = 1  # the version of the formats that this reader knows, of V1 files and of V2 bundles alike


@dataclass(frozen=True, slots=True)
class Header:
    """The first entry of a V2 index."""

    shards: int
    big_endian: bool
    producer: int


@dataclass(frozen=True, slots=True)
class Entry:
    """What a V2 index says of a tensor: where its bytes are, or of which slices it is made."""

    dtype: int
    shape: Shape
    shard: int
    offset: int
    size: int
    crc: int
    slices: tuple[Slice, ...]


@dataclass(frozen=True, slots=True)
class SliceMeta:
    """What a V1 file says of a tensor."""

    name: str
    shape: Shape
    dtype: int
    slices: tuple[Slice, ...]


def text(data: Buffer, start: int, end: int) -> str:
    """A name."""
    try:
        return str(data[start:end], "utf-8")
    except UnicodeDecodeError:
        raise Malformed(start, "a name that is not UTF-8 text") from None


def read_header(data: Buffer) -> Header:
    shards, big_endian, producer = 0, False, 0
    for number, wire_type, value, end in fields(data, 0, len(data)):
        if number == 1:
            expect(wire_type, VARINT, value if wire_type == BYTES else 0, "num_shards")
            shards = value
        elif number == 2:
            expect(wire_type, VARINT, 0, "endianness")
            big_endian = value == 1
        elif number == 3:
            expect(wire_type, BYTES, 0, "version")
            producer = read_version(data, value, end)
    if not 0 < shards < _SHARDS:
        raise Malformed(0, f"a header of {shards} shards")
    return Header(shards, big_endian, producer)


def read_version(data: Buffer, start: int, end: int) -> int:
    """The version that wrote the file; an error where it says that older readers must not read it."""
    producer = min_consumer = 0
    for number, wire_type, value, _ in fields(data, start, end):
        if number == 1 and wire_type == VARINT:
            producer = value
        elif number == 2 and wire_type == VARINT:
            min_consumer = value
        elif number == 3 and wire_type == VARINT and value == _CONSUMER:
            raise Malformed(start, f"its writer says that readers of version {_CONSUMER} must not read it")
    if min_consumer > _CONSUMER:
        raise Malformed(
            start, f"it needs a reader of version {min_consumer} of the format; this one is {_CONSUMER}"
        )
    return producer


def read_shape(data: Buffer, start: int, end: int) -> Shape:
    sizes = []
    for number, wire_type, value, stop in fields(data, start, end):
        if number == 2:
            expect(wire_type, BYTES, start, "dim")
            size = 0
            for inner, inner_type, inner_value, _ in fields(data, value, stop):
                if inner == 1:
                    expect(inner_type, VARINT, value, "size")
                    size = signed(inner_value)
            if size < 0:
                raise Malformed(value, f"an axis of {size} elements")
            sizes.append(size)
            if len(sizes) > MAX_RANK:
                raise Malformed(start, f"a tensor of more than {MAX_RANK} axes")
        elif number == 3 and value:
            raise Malformed(start, "a tensor of unknown rank")
    return tuple(sizes)


def read_slice(data: Buffer, start: int, end: int, known: Known) -> Slice:
    extents: list[Extent] = []
    for number, wire_type, value, stop in fields(data, start, end):
        if number != 1:
            continue
        expect(wire_type, BYTES, start, "extent")
        first, length = 0, -1
        for inner, inner_type, inner_value, _ in fields(data, value, stop):
            if inner in (1, 2):
                expect(inner_type, VARINT, value, "start" if inner == 1 else "length")
            if inner == 1:
                first = signed(inner_value)
            elif inner == 2:
                length = signed(inner_value)
        if first < 0 or length < -1 or (length == -1 and first):
            raise Malformed(value, f"a slice of {length} elements from {first}")
        extent = first, length
        extents.append(known.setdefault(extent, extent))
        if len(extents) > MAX_RANK:
            raise Malformed(start, f"a slice of more than {MAX_RANK} axes")
    return tuple(extents)


_ENTRY_FIELDS = {
    1: ("dtype", VARINT),
    2: ("shape", BYTES),
    3: ("shard_id", VARINT),
    4: ("offset", VARINT),
    5: ("size", VARINT),
    6: ("crc32c", FIXED32),
    7: ("slices", BYTES),
}


def read_entry(data: Buffer, known: Known) -> Entry:
    numbers = {1: 0, 3: 0, 4: 0, 5: 0, 6: 0}
    shape: Shape = ()
    slices = []
    for number, wire_type, value, end in fields(data, 0, len(data)):
        if number not in _ENTRY_FIELDS:
            continue
        name, wanted = _ENTRY_FIELDS[number]
        expect(wire_type, wanted, 0, name)
        if number == 2:
            shape = read_shape(data, value, end)
        elif number == 7:
            slices.append(read_slice(data, value, end, known))
        else:
            numbers[number] = value
    return Entry(numbers[1], shape, numbers[3], numbers[4], numbers[5], numbers[6], tuple(slices))


def read_slices_meta(data: Buffer, known: Known, register: Callable[[SliceMeta], None]) -> int:
    """Give `register` the tensors that a V1 file says it has; returns the version that wrote it."""
    producer, found = 0, False
    for number, wire_type, value, end in fields(data, 0, len(data)):
        if number != 1:
            continue
        expect(wire_type, BYTES, 0, "meta")
        found = True
        for inner, inner_type, start, stop in fields(data, value, end):
            expect(inner_type, BYTES, value, "tensor" if inner == 1 else "versions")
            if inner == 1:
                register(_read_slice_meta(data, start, stop, known))
            elif inner == 2:
                producer = read_version(data, start, stop)
    if not found:
        raise Malformed(0, "no list of tensors")
    return producer


def _read_slice_meta(data: Buffer, start: int, end: int, known: Known) -> SliceMeta:
    name, shape, dtype = "", (), 0  # type: tuple[str, Shape, int]
    slices = []
    for number, wire_type, value, stop in fields(data, start, end):
        if number == 3:
            expect(wire_type, VARINT, start, "type")
            dtype = value
        elif number in (1, 2, 4):
            expect(wire_type, BYTES, start, ("name", "shape", "", "slice")[number - 1])
            if number == 1:
                name = text(data, value, stop)
            elif number == 2:
                shape = read_shape(data, value, stop)
            else:
                slices.append(read_slice(data, value, stop, known))
    return SliceMeta(name, shape, dtype, tuple(slices))


# -- writing
def header(shards: int) -> bytes:
    version = integer_field(1, _CONSUMER)
    return integer_field(1, shards) + bytes_field(3, version)


def entry(dtype: int, shape: Shape, offset: int, size: int, crc: int) -> bytes:
    """The entry of a tensor whose bytes are in shard 0."""
    dims = b"".join(bytes_field(2, integer_field(1, length)) for length in shape)
    return b"".join(
        [
            integer_field(1, dtype),
            bytes_field(2, dims),
            integer_field(4, offset),
            integer_field(5, size),
            varint(6 << 3 | FIXED32) + crc.to_bytes(4, "little"),
        ]
    )
