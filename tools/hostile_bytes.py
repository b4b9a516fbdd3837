"""What hostile files are made of: messages, tables and compressed blocks with anything in them.

Unlike the writer's own code this encodes what must not be, with correct checksums around it, so that what
reads it gets past the checksums. `hostile_checkpoints.py` makes whole checkpoints of it.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

import cramjam

from ostinato.checkpoint.crc import crc32c, mask

VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5
MAGIC = bytes.fromhex("57fb808b247547db")
FOOTER = 48

#: A field of a message: its number, its wire type, and an integer, bytes or the fields of a message.
Field = tuple[int, int, Any]

NUMBERS = [0, 1, 2, 3, 4, 5, 7, 8, 9, 10, 14, 20, 29, 63, 64, 65, 100, 101, 107, 127, 128, 255, 256, 1000]
NUMBERS += [(1 << bits) + near for bits in (15, 16, 20, 31, 32, 40, 53, 62, 63, 64) for near in (-1, 0, 1)]
NUMBERS += [-1, -2, -128, -(1 << 31), -(1 << 62), -(1 << 63)]
#: Integers of the wire format that are too long, too large, cut off, or longer than they need be.
ODD_VARINTS = [b"\xff" * 10 + b"\x01", b"\xff" * 9 + b"\x02", b"\x80" * 9 + b"\x01", b"\x81\x00", b"\x80"]


def varint(value: int) -> bytes:
    value &= (1 << 64) - 1
    encoded = bytearray()
    while value > 0x7F:
        encoded.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*encoded, value])


def message(fields: Sequence[Field]) -> bytes:
    """A message of these fields, whatever their wire types make of their values."""
    parts = []
    for number, wire_type, value in fields:
        parts.append(varint(number << 3 | wire_type))
        content = message(value) if isinstance(value, list) else value
        if wire_type == BYTES:
            content = varint(content) if isinstance(content, int) else content
            parts.append(varint(len(content)) + content)
        elif wire_type == VARINT:
            parts.append(varint(content) if isinstance(content, int) else content)
        elif wire_type in (FIXED32, FIXED64):
            size = 4 if wire_type == FIXED32 else 8
            content = content if isinstance(content, int) else len(content)
            parts.append((content & ((1 << 8 * size) - 1)).to_bytes(size, "little"))
    return b"".join(parts)


def messages_in(fields: list[Field]) -> list[list[Field]]:
    """A message and all messages inside it."""
    found = [fields]
    for _, _, value in fields:
        if isinstance(value, list):
            found += messages_in(value)
    return found


def tamper(choose: random.Random, fields: list[Field]) -> None:
    """Make one thing in a message, or in one inside it, what it should not be."""
    fields = choose.choice(messages_in(fields))
    how = choose.randrange(8)
    if not fields or how == 0:
        value: Any = choose.choice([choose.choice(NUMBERS), b"", bytes(choose.randrange(20)), []])
        wire_type = choose.choice([VARINT, BYTES, BYTES, FIXED32, FIXED64, 3, 4, 6, 7])
        fields.insert(choose.randint(0, len(fields)), (choose.randrange(20), wire_type, value))
        return
    at = choose.randrange(len(fields))
    number, wire_type, value = fields[at]
    if how == 1:
        del fields[at]
    elif how == 2:
        fields += [fields[at]] * choose.choice([1, 1, 2, 70])
    elif how == 3:
        fields[at] = number, choose.randrange(8), value
    elif how == 4:
        fields[at] = choose.choice([0, number + 1, 15, 1 << 28]), wire_type, value
    elif isinstance(value, int):
        near = value + choose.choice([-1, 1, 4, -value, 100])
        fields[at] = number, wire_type, choose.choice([near, choose.choice(NUMBERS), choose.choice(NUMBERS)])
        if choose.random() < 0.1 and wire_type == VARINT:
            fields[at] = number, wire_type, choose.choice(ODD_VARINTS)
    elif isinstance(value, bytes):
        fields[at] = number, wire_type, mutate(choose, value)
    else:
        choose.shuffle(value)


# -- tables
def block(
    entries: Sequence[tuple[bytes, bytes]], choose: random.Random | None = None, whole: int = 0
) -> bytes:
    """The contents of a block; with `choose`, sometimes with numbers in them that do not fit.

    Every so many keys, one is `whole`: it shares nothing with the one before.
    """
    parts: list[bytes] = []
    last = b""
    for at, (key, value) in enumerate(entries):
        shared = 0
        while (not whole or at % whole) and shared < min(len(last), len(key)) and last[shared] == key[shared]:
            shared += 1
        numbers = [shared, len(key) - shared, len(value)]
        if choose is not None and choose.random() < 0.2:
            at = choose.randrange(3)
            numbers[at] = choose.choice([numbers[at] + 1, numbers[at] - 1, choose.choice(NUMBERS)])
        parts += [varint(number) for number in numbers]
        parts += [key[shared:], value]
        last = key
    restarts = 1 if choose is None or choose.random() < 0.8 else choose.choice(NUMBERS)
    return b"".join(parts) + bytes(4) + (restarts & 0xFFFFFFFF).to_bytes(4, "little")


def stored(contents: bytes, compressed: bool = False, kind: int | None = None) -> bytes:
    """A block as it stands in the file: perhaps compressed, then its type and a correct checksum."""
    if compressed:
        contents = bytes(cramjam.snappy.compress_raw(contents))
    contents += bytes([int(compressed) if kind is None else kind])
    return contents + mask(crc32c(contents)).to_bytes(4, "little")


def table(
    blocks: Sequence[Sequence[tuple[bytes, bytes]]],
    compressed: bool = False,
    choose: random.Random | None = None,
    raw: dict[int, bytes] | None = None,
) -> bytes:
    """A table of these blocks of entries.

    With `choose` it sometimes has numbers that do not fit. `raw` has blocks as they stand in the file, which
    take the place of those of their numbers.
    """
    whole, listing = b"", []
    for number, entries in enumerate(blocks):
        part = stored(block(entries, choose), compressed)
        part = (raw or {}).get(number, part)
        handle = [len(whole), len(part) - 5]
        if choose is not None and choose.random() < 0.05:
            handle[choose.randrange(2)] = choose.choice([*NUMBERS, handle[0] + 1, handle[1] - 1, 0])
        listing.append((entries[-1][0] if entries else b"", b"".join(varint(number) for number in handle)))
        whole += part
    if choose is not None and choose.random() < 0.1:
        choose.shuffle(listing)
    handles = varint(len(whole)) + varint(8)
    whole += stored(block([]))
    place = [len(whole), 0]
    part = stored(
        block(listing, choose if choose is not None and choose.random() < 0.1 else None), compressed
    )
    place[1] = len(part) - 5
    if choose is not None and choose.random() < 0.03:
        place[choose.randrange(2)] = choose.choice(NUMBERS)
    handles += b"".join(varint(number) for number in place)
    return whole + part + handles.ljust(FOOTER - 8, b"\0")[: FOOTER - 8] + MAGIC


def snappy(choose: random.Random) -> bytes:
    """A compressed block that may claim what it does not hold, or copy from where nothing is."""
    parts, size = [], 0
    for _ in range(choose.randrange(1, 8)):
        how = choose.randrange(4)
        if how == 0:
            length = choose.randrange(1, 61)
            parts.append(bytes([(length - 1) << 2]) + bytes(choose.choices(range(256), k=length)))
        elif how == 1:
            length = choose.randrange(4, 12)
            offset = choose.choice([1, 2, size, size + 1, 2047])
            parts.append(bytes([1 | (length - 4) << 2 | (offset >> 8 & 7) << 5, offset & 0xFF]))
        elif how == 2:
            length = choose.randrange(1, 65)
            offset = choose.choice([0, 1, size, size + 1, 65535])
            parts.append(bytes([2 | (length - 1) << 2]) + (offset & 0xFFFF).to_bytes(2, "little"))
        else:
            length = choose.choice([1, 1 << 16, 1 << 31])
            parts.append(bytes([choose.choice([60, 61, 62, 63]) << 2]) + length.to_bytes(4, "little"))
        size += length
    claimed = choose.choice([size, size, size, size + 1, 0, choose.choice(NUMBERS)])
    return varint(claimed) + b"".join(parts)


# -- bytes
def mutate(choose: random.Random, data: bytes) -> bytes:
    """`data` with one to four things changed, without regard to what it is."""
    changed = bytearray(data)
    for _ in range(choose.choice([1, 1, 1, 2, 4])):
        how = choose.randrange(9)
        at = choose.randrange(len(changed) + 1)
        if not changed or how == 0:
            changed[at:at] = bytes(choose.choices(range(256), k=choose.randrange(1, 9)))
        elif how in (1, 2):
            changed[at % len(changed)] ^= 1 << choose.randrange(8)
        elif how == 3:
            changed[at % len(changed)] = choose.choice([0, 1, 0x7F, 0x80, 0xFF, choose.randrange(256)])
        elif how == 4:
            del changed[at:]
        elif how == 5:
            del changed[at : at + choose.randrange(1, 9)]
        elif how == 6:
            start, length = choose.randrange(len(changed)), choose.randrange(1, 64)
            changed[at:at] = changed[start : start + length]
        elif how == 7:
            number = choose.choice(NUMBERS) & ((1 << 64) - 1)
            size = choose.choice([1, 2, 4, 8])
            changed[at : at + size] = number.to_bytes(8, "little")[:size]
        else:
            odd = choose.choice([varint(choose.choice(NUMBERS)), choose.choice(ODD_VARINTS)])
            changed[at : at + choose.choice([1, len(odd)])] = odd
    return bytes(changed)
