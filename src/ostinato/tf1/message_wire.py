"""Protocol messages as bytes: the wire format of protocol buffers, for messages.py."""

from __future__ import annotations

import struct
from typing import Any

import numpy as np

from ostinato.checkpoint.errors import Malformed
from ostinato.checkpoint.wire import (
    BYTES,
    FIXED32,
    FIXED64,
    VARINT,
    bytes_field,
    fields,
    packed_varints,
    signed,
    varint,
)

from .message_fields import DecodeError, Field
from .messages import Message

_FIXED = {"float": ("<f4", FIXED32), "double": ("<f8", FIXED64), "fixed32": ("<u4", FIXED32)}
_FIXED["fixed64"] = ("<u8", FIXED64)
_SMALL = [varint(value) for value in range(1 << 14)]
_DEEPEST = 100


def encoded(message: Message) -> bytes:
    """A message as bytes: its fields in the order of their numbers, a map's keys in theirs."""
    parts: list[bytes] = []
    for field, value in message.set_fields():
        if field.key_kind:
            for key in sorted(value):
                pair = _single(Field("", "", 1, field.key_kind), key)
                parts.append(bytes_field(field.number, pair + _single(_value_field(field), value[key])))
        elif not field.repeated:
            parts.append(_single(field, value))
        elif field.scalar and field.scalar not in ("string", "bytes"):
            parts.append(bytes_field(field.number, _packed(field.scalar, value)))
        else:
            parts += [_single(field, item) for item in value]
    parts.append(message._unknown)
    return b"".join(parts)


def _value_field(field: Field) -> Field:
    return Field(field.owner, field.name, 2, field.kind)


def _single(field: Field, value: Any) -> bytes:
    kind = field.scalar
    if not kind:
        return bytes_field(field.number, encoded(value))
    if kind == "string":
        return bytes_field(field.number, value.encode())
    if kind == "bytes":
        return bytes_field(field.number, value)
    if kind in _FIXED:
        dtype, wire_type = _FIXED[kind]
        return varint(field.number << 3 | wire_type) + np.array(value, dtype).tobytes()
    return varint(field.number << 3 | VARINT) + varint(int(value))


def _packed(kind: str, values: Any) -> bytes:
    if kind in _FIXED:
        return np.array(values, _FIXED[kind][0]).tobytes()
    top = len(_SMALL)
    return b"".join([_SMALL[value] if 0 <= value < top else varint(int(value)) for value in values])


def decode_into(message: Message, serialized: Any) -> None:
    """Merge an encoded message into one.

    Raises:
        DecodeError: the bytes are no such message.
        TypeError: no bytes at all.
    """
    if not isinstance(serialized, (bytes, bytearray, memoryview)):
        raise TypeError(f"a bytes-like object is required, not '{type(serialized).__name__}'")
    data = bytes(serialized)
    try:
        _decode(message, data, 0, len(data), 0)
    except (Malformed, UnicodeDecodeError, struct.error) as problem:
        raise DecodeError(f"Error parsing message with type '{message.full_name()}': {problem}") from None


def _decode(message: Message, data: bytes, start: int, end: int, depth: int) -> None:
    if depth > _DEEPEST:
        raise Malformed(start, f"messages in one another {depth} deep")
    known = type(message)._by_number
    unknown: list[bytes] = []
    before = start
    for number, wire_type, value, stop in fields(data, start, end):
        field = known.get(number)
        if field is None or not _take(message, field, wire_type, data, value, stop, depth):
            unknown.append(data[before:stop])
        before = stop
    message._touch()
    if unknown:
        object.__setattr__(message, "_unknown", message._unknown + b"".join(unknown))


def _take(
    message: Message, field: Field, wire_type: int, data: bytes, value: int, stop: int, depth: int
) -> bool:
    """Take a field over; False where its wire type is not that of its kind."""
    kind = field.scalar
    if field.key_kind:
        if wire_type != BYTES:
            return False
        _take_pair(getattr(message, field.name), field, data, value, stop, depth)
        return True
    if kind in ("", "string", "bytes"):
        if wire_type != BYTES:
            return False
        if not kind:
            held = getattr(message, field.name)
            _decode(held.add() if field.repeated else held, data, value, stop, depth + 1)
            return True
        found: Any = data[value:stop] if kind == "bytes" else data[value:stop].decode()
    elif wire_type == BYTES:
        if not field.repeated:
            return False
        list.extend(getattr(message, field.name), _unpacked(kind, data, value, stop))
        message._touch()
        return True
    elif wire_type != _wire_type(kind):
        return False
    else:
        found = _number(kind, value)
    if field.repeated:
        list.append(getattr(message, field.name), found)
    else:
        message._values[field.name] = found
        message._chosen(field)
    return True


def _wire_type(kind: str) -> int:
    """How one value of a kind, or a message, is written."""
    if kind in ("", "string", "bytes"):
        return BYTES
    return _FIXED[kind][1] if kind in _FIXED else VARINT


def _take_pair(held: Any, field: Field, data: bytes, start: int, end: int, depth: int) -> None:
    key: Any = "" if field.key_kind == "string" else 0
    value: Any = field.default if field.scalar else field.message()
    kinds = {1: field.key_kind, 2: field.scalar}
    for number, wire_type, place, stop in fields(data, start, end):
        if number not in kinds or wire_type != _wire_type(kinds[number]):
            continue
        found: Any = data[place:stop]
        if kinds[number] == "string":
            found = found.decode()
        elif wire_type != BYTES:
            found = _number(kinds[number], place)
        if number == 1:
            key = found
        elif field.scalar:
            value = found
        else:
            _decode(value, data, place, stop, depth + 1)
    dict.__setitem__(held, key, value)


def _number(kind: str, value: int) -> Any:
    if kind == "bool":
        return bool(value)
    if kind == "float":
        return struct.unpack("<f", struct.pack("<I", value & 0xFFFFFFFF))[0]
    if kind == "double":
        return struct.unpack("<d", struct.pack("<Q", value))[0]
    if kind == "int64":
        return signed(value)
    if kind in ("int32", "enum"):
        low = value & 0xFFFFFFFF
        return low - (1 << 32) if low >> 31 else low
    return value


def _unpacked(kind: str, data: bytes, start: int, end: int) -> list[Any]:
    if kind in _FIXED:
        dtype = np.dtype(_FIXED[kind][0])
        if (end - start) % dtype.itemsize:
            raise Malformed(start, "packed numbers of which the last is cut off")
        return np.frombuffer(data[start:end], dtype).tolist()
    found: list[int] = []
    for piece in packed_varints(data, start, end):
        if kind in ("int64", "int32", "enum"):
            found += piece.view(np.int64).astype(np.int32 if kind != "int64" else np.int64).tolist()
        elif kind == "bool":
            found += (piece != 0).tolist()
        else:
            found += piece.tolist()
    return found
