"""The protocol buffers' wire format: variable-length integers and tagged fields.

Checkpoints hold four kinds of small messages. Their schemas are in `messages.py`; this is the encoding.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ostinato.checkpoint.errors import Malformed

Buffer = bytes | memoryview

VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5
_SIXTY_FOUR_BITS = (1 << 64) - 1
_PIECE = 1 << 16  # bytes of packed integers that are decoded at a time: the working arrays are 20 times that


def read_varint(data: Buffer, position: int, end: int) -> tuple[int, int]:
    """The unsigned integer at `position`, and the position after it."""
    start = position
    value = shift = 0
    while position < end:
        byte = data[position]
        position += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            if value > _SIXTY_FOUR_BITS:
                raise Malformed(start, "an integer of more than 64 bits")
            return value, position
        shift += 7
        if shift >= 70:
            raise Malformed(start, "an integer of more than ten bytes")
    raise Malformed(start, "an integer that is cut off")


def varint(value: int) -> bytes:
    """`value` as an unsigned integer of the wire format; a negative one as its two's complement."""
    value &= _SIXTY_FOUR_BITS
    encoded = bytearray()
    while value >= 0x80:
        encoded.append(value & 0x7F | 0x80)
        value >>= 7
    encoded.append(value)
    return bytes(encoded)


def signed(value: int) -> int:
    """A 64-bit two's complement as an integer."""
    return value - (1 << 64) if value >> 63 else value


def fields(data: Buffer, start: int, end: int) -> Iterator[tuple[int, int, int, int]]:
    """The fields of the message in `data[start:end]`: (number, wire type, value, end of the value).

    For `BYTES` the value is where the bytes begin. For the other types it is the number itself, unsigned.
    """
    position = start
    while position < end:
        at = position
        tag, position = read_varint(data, position, end)
        number, wire_type = tag >> 3, tag & 7
        if number == 0:
            raise Malformed(at, "a field of number 0")
        if wire_type == VARINT:
            value, position = read_varint(data, position, end)
        elif wire_type == BYTES:
            length, position = read_varint(data, position, end)
            if length > end - position:
                raise Malformed(at, f"a field of {length} bytes where {end - position} are left")
            value, position = position, position + length
        elif wire_type in (FIXED32, FIXED64):
            size = 4 if wire_type == FIXED32 else 8
            if size > end - position:
                raise Malformed(at, "a number that is cut off")
            value = int.from_bytes(data[position : position + size], "little")
            position += size
        else:
            raise Malformed(at, f"a field of the unknown wire type {wire_type}")
        yield number, wire_type, value, position


def expect(found: int, wanted: int, position: int, field: str) -> None:
    """Raise unless a field has the wire type of its schema."""
    if found != wanted:
        raise Malformed(position, f"the field '{field}' has wire type {found}, not {wanted}")


def integer_field(number: int, value: int) -> bytes:
    """A field that holds an integer; nothing for 0, which is what a missing field means."""
    return varint(number << 3 | VARINT) + varint(value) if value else b""


def bytes_field(number: int, value: bytes) -> bytes:
    """A field that holds bytes or a message; written even where it is empty."""
    return varint(number << 3 | BYTES) + varint(len(value)) + value


def packed_varints(data: Buffer, start: int, end: int) -> Iterator[np.ndarray]:
    """The integers one after another in `data[start:end]`, as unsigned 64-bit ones, some at a time."""
    raw = np.frombuffer(data, np.uint8)[start:end]
    if raw.size and raw[-1] >= 0x80:
        raise Malformed(end - 1, "an integer that is cut off")
    position = 0
    while position < raw.size:
        piece = raw[position : position + _PIECE]
        last = np.flatnonzero(piece[-10:] < 0x80)
        if not last.size:
            raise Malformed(start + position, "an integer of more than ten bytes")
        piece = piece[: max(piece.size - 10, 0) + int(last[-1]) + 1]
        yield _decode(piece, start + position)
        position += piece.size


def end_of_varints(data: np.ndarray, count: int) -> int | None:
    """Where the first `count` integers in `data` end, or None where there are fewer."""
    position = 0
    while count:
        ends = np.flatnonzero(data[position : position + _PIECE] < 0x80)
        if ends.size >= count:
            return position + int(ends[count - 1]) + 1
        count -= ends.size
        position += _PIECE
        if position >= data.size:
            return None
    return 0


def _decode(piece: np.ndarray, start: int) -> np.ndarray:
    ends = np.flatnonzero(piece < 0x80)
    starts = np.empty_like(ends)
    starts[0] = 0
    starts[1:] = ends[:-1] + 1
    lengths = ends - starts + 1
    longest = int(lengths.max())
    if longest > 10:
        at = start + int(starts[lengths.argmax()])
        raise Malformed(at, "an integer of more than ten bytes")
    values = np.zeros(ends.size, np.uint64)
    for index in range(longest):
        some = lengths > index
        digits = (piece[starts[some] + index] & 0x7F).astype(np.uint64)
        if index == 9 and digits.max() > 1:
            raise Malformed(start, "an integer of more than 64 bits")
        values[some] |= digits << np.uint64(7 * index)
    return values
