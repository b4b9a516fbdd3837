"""The elements of a string tensor in a V2 data file.

First every length as a variable-length integer, then a checksum of the lengths, then the strings themselves.
The tensor's own checksum covers the lengths as fixed-width integers, that first checksum, and the strings.
"""

from __future__ import annotations

import numpy as np

from ostinato.checkpoint.crc import crc32c, mask, unmask
from ostinato.checkpoint.errors import Malformed
from ostinato.checkpoint.wire import end_of_varints, packed_varints, varint

_LONG = 1 << 32  # lengths from here on are checksummed as 64-bit integers


def encode(strings: list[bytes]) -> tuple[list[bytes], int]:
    """The parts to write one after another, and the tensor's checksum."""
    lengths = np.array([len(string) for string in strings], np.uint64)
    encoded = b"".join(varint(len(string)) for string in strings)
    crc = crc32c(_fixed(lengths, "<"))
    checksum = mask(crc).to_bytes(4, "little")
    crc = crc32c(checksum, crc)
    for string in strings:
        crc = crc32c(string, crc)
    return [encoded, checksum, *strings], crc


def decode(data: np.ndarray, count: int, big_endian: bool) -> tuple[list[bytes], int]:
    """The `count` strings in `data`, all of its bytes, and the checksum computed on the way."""
    order = ">" if big_endian else "<"
    if not (count or data.size):
        return [], 0
    position = end_of_varints(data, count)
    if position is None:
        raise Malformed(0, f"the lengths of {count} strings are cut off")
    lengths = np.concatenate([np.empty(0, np.uint64), *packed_varints(data.data, 0, position)])
    left = data.size - position - 4
    # Python's integers: a sum of 64-bit lengths could run over.
    if left < 0 or sum(lengths.tolist()) != left:
        raise Malformed(
            position, f"strings whose lengths do not add up to the {max(left, 0)} bytes there are"
        )
    crc = crc32c(_fixed(lengths, order))
    stored = data[position : position + 4].tobytes()
    if unmask(int.from_bytes(stored, "big" if big_endian else "little")) != crc:
        raise Malformed(position, "the checksum of the strings' lengths does not match")
    crc = crc32c(stored, crc)
    position += 4
    crc = crc32c(np.ascontiguousarray(data[position:]), crc)
    rest = data[position:].data
    strings, start = [], 0
    for length in lengths.tolist():
        strings.append(bytes(rest[start : start + length]))
        start += length
    return strings, crc


def _fixed(lengths: np.ndarray, order: str) -> bytes:
    if not lengths.size or int(lengths.max()) < _LONG:
        return lengths.astype(f"{order}u4").tobytes()
    # One by one: a short length stays 32 bits wide beside a long one.
    return b"".join(
        np.array(length, f"{order}u{8 if length >= _LONG else 4}").tobytes() for length in lengths.tolist()
    )
