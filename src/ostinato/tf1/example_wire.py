"""Encoded examples taken apart without making messages of them: what parsing many at a time needs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from ostinato.checkpoint.errors import Malformed
from ostinato.checkpoint.wire import BYTES, FIXED32, FIXED64, VARINT, packed_varints, read_varint

BYTES_LIST, FLOAT_LIST, INT64_LIST = 1, 2, 3
KINDS = {BYTES_LIST: "string", FLOAT_LIST: "float", INT64_LIST: "int64"}
_SHORT = 512  # bytes: packed integers up to here are decoded faster one by one


class Found(NamedTuple):
    """A feature in encoded bytes: its kind (0: none), and where its list is."""

    kind: int
    data: bytes
    start: int
    end: int


def parts(data: bytes, start: int, end: int) -> Iterator[tuple[int, int, int, int]]:
    """The fields of a message: (number, wire type, value or beginning, end).

    Raises:
        Malformed: it is no message.
    """
    position = start
    while position < end:
        tag = data[position]
        position += 1
        if tag >= 0x80:
            tag, position = read_varint(data, position - 1, end)
        wire_type = tag & 7
        if wire_type == BYTES:
            if position >= end:
                raise Malformed(position, "a field that is cut off")
            length = data[position]
            position += 1
            if length >= 0x80:
                length, position = read_varint(data, position - 1, end)
            if length > end - position:
                raise Malformed(position, f"a field of {length} bytes where {end - position} are left")
            yield tag >> 3, wire_type, position, position + length
            position += length
        elif wire_type == VARINT:
            value, position = read_varint(data, position, end)
            yield tag >> 3, wire_type, value, position
        elif wire_type in (FIXED32, FIXED64):
            size = 4 if wire_type == FIXED32 else 8
            if size > end - position:
                raise Malformed(position, "a number that is cut off")
            yield tag >> 3, wire_type, position, position + size
            position += size
        else:
            raise Malformed(position, f"a field of the unknown wire type {wire_type}")


def _entry(data: bytes, start: int, end: int) -> tuple[bytes, int, int]:
    """The key of an entry of a map, and where its value is."""
    key, begin, stop = b"", start, start
    for number, wire_type, first, last in parts(data, start, end):
        if wire_type == BYTES and number == 1:
            key = data[first:last]
        elif wire_type == BYTES and number == 2:
            begin, stop = first, last
    return key, begin, stop


def _feature(data: bytes, start: int, end: int) -> Found:
    found = Found(0, data, start, start)
    for number, wire_type, first, last in parts(data, start, end):
        if wire_type == BYTES and number in KINDS:
            found = Found(number, data, first, last)
    return found


def _plain_entry(data: bytes, start: int, end: int) -> tuple[bytes, Found] | None:
    """The key and the feature of a short entry as all writers lay it out; None for any other. Taking such
    apart field by field would cost more than all the rest.
    """
    if end - start > 127 or data[start] != 0x0A:
        return None
    stop = start + 2 + data[start + 1]
    if stop + 4 > end or data[stop] != 0x12 or stop + 2 + data[stop + 1] != end:
        return None
    tag = data[stop + 2]
    if tag not in (0x0A, 0x12, 0x1A) or stop + 4 + data[stop + 3] != end:
        return None
    return data[start + 2 : stop], Found(tag >> 3, data, stop + 4, end)


def _features(data: bytes, start: int, end: int, found: dict[bytes, Found]) -> None:
    for number, wire_type, first, last in parts(data, start, end):
        if number == 1 and wire_type == BYTES:
            plain = _plain_entry(data, first, last)
            if plain is None:
                key, begin, stop = _entry(data, first, last)
                found[key] = _feature(data, begin, stop)
            else:
                found[plain[0]] = plain[1]


def example_features(data: bytes) -> dict[bytes, Found]:
    """The features of an encoded Example."""
    found: dict[bytes, Found] = {}
    for number, wire_type, first, last in parts(data, 0, len(data)):
        if number == 1 and wire_type == BYTES:
            _features(data, first, last, found)
    return found


def sequence_features(data: bytes) -> tuple[dict[bytes, Found], dict[bytes, list[Found]]]:
    """The features of the whole and those of the steps of an encoded SequenceExample."""
    context: dict[bytes, Found] = {}
    lists: dict[bytes, list[Found]] = {}
    for number, wire_type, first, last in parts(data, 0, len(data)):
        if wire_type != BYTES:
            continue
        if number == 1:
            _features(data, first, last, context)
        elif number == 2:
            for inner, kind, begin, stop in parts(data, first, last):
                if inner == 1 and kind == BYTES:
                    key, at, until = _entry(data, begin, stop)
                    steps = parts(data, at, until)
                    lists[key] = [_feature(data, a, b) for n, w, a, b in steps if n == 1 and w == BYTES]
    return context, lists


def values(found: Found) -> Any:
    """The values of a feature: a list of bytes or integers, or an array of float32 or int64."""
    data = found.data
    if found.kind == BYTES_LIST:
        return [
            data[first:last]
            for number, wire_type, first, last in parts(data, found.start, found.end)
            if number == 1 and wire_type == BYTES
        ]
    if found.kind == FLOAT_LIST:
        return _floats(found)
    return _integers(found) if found.kind == INT64_LIST else []


def _floats(found: Found) -> np.ndarray:
    data, raw = found.data, []
    for number, wire_type, first, last in parts(data, found.start, found.end):
        if number == 1 and wire_type == BYTES:
            if (last - first) % 4:
                raise Malformed(first, "packed numbers of which the last is cut off")
            raw.append(data[first:last])
        elif number == 1 and wire_type == FIXED32:
            raw.append(data[first:last])
    return np.frombuffer(b"".join(raw), "<f4")


def _integers(found: Found) -> Any:
    data = found.data
    whole: list[Any] = []
    for number, wire_type, first, last in parts(data, found.start, found.end):
        if number != 1:
            continue
        if wire_type == VARINT:
            whole.append(first - (1 << 64) if first >> 63 else first)
        elif wire_type == BYTES:
            if last - first <= _SHORT:
                _append_integers(whole, data[first:last], first)
            else:
                for piece in packed_varints(data, first, last):
                    whole += piece.view(np.int64).tolist()
    return whole


def _append_integers(whole: list[Any], packed: bytes, start: int) -> None:
    if not packed or max(packed) < 0x80:
        whole += packed
        return
    value = shift = 0
    for byte in packed:
        if byte < 0x80:
            value |= byte << shift
            whole.append(value if value < 1 << 63 else value - (1 << 64))
            if value >> 64:
                raise Malformed(start, "an integer of more than 64 bits")
            value = shift = 0
        else:
            value |= (byte & 0x7F) << shift
            shift += 7
    if shift:
        raise Malformed(start, "an integer that is cut off")
