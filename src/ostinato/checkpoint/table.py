"""Sorted tables: the files, derived from LevelDB's, that hold a V2 index or a whole V1 checkpoint.

A table is a row of blocks, then a block that lists them, then a footer of 48 bytes. A block holds keys in
rising order with a value each; a key leaves out what it shares with the one before. A block is stored as
it is or compressed with snappy, and followed by its type and a checksum.

Nothing that the file says of itself is believed before it is checked: blocks lie one after another inside
the file, so none can be listed twice; keys rise, so none repeats; what a compressed block claims to hold is
bounded by what snappy can reach.
"""

from __future__ import annotations

import bisect
import itertools
from collections.abc import Iterator

import cramjam
import numpy as np

from ostinato.checkpoint.crc import crc32c, unmask
from ostinato.checkpoint.errors import CheckpointError, Malformed, located
from ostinato.checkpoint.wire import Buffer, read_varint

MAGIC = 0xDB4775248B80FB57.to_bytes(8, "little")
FOOTER = 48
_TRAILER = 5  # the block's type, its checksum
_PLAIN, _SNAPPY = 0, 1
# Three bytes of snappy name at most 64 bytes that came before.
_SNAPPY_REACH = 22
# A writer repeats the whole key after at most 16 entries, so the keys of an honest block take at most 16
# times its bytes. Without a bound, a block of a megabyte could ask for terabytes of keys.
_KEYS_REACH = 16
_MARK_EVERY = 64  # entries


def is_table(data: Buffer) -> bool:
    """Whether these are the bytes of a table, by its last eight."""
    return len(data) >= FOOTER and bytes(data[-8:]) == MAGIC


class _Block:
    """A block's contents, and what its place in the file is."""

    def __init__(self, contents: Buffer, compressed: bool, offset: int) -> None:
        self.contents, self.compressed, self.offset = contents, compressed, offset
        self.part = "the block's decompressed contents" if compressed else ""

    def place(self, position: int) -> int | None:
        return None if self.compressed else self.offset + position


class Table:
    """A table that is read a block at a time.

    Looking for keys in rising order reads each block once; looking for any key reads few entries of a block
    that was seen before.

    Args:
        path: the file, as errors name it.
        data: its bytes, mapped or in memory.

    Raises:
        CheckpointError: it is no table, or its list of blocks is damaged.
    """

    def __init__(self, path: str, data: memoryview) -> None:
        self._path, self._data = path, data
        if len(data) < FOOTER:
            raise CheckpointError(path, None, f"a table has at least {FOOTER} bytes, this file {len(data)}")
        start = len(data) - FOOTER
        if not is_table(data):
            raise CheckpointError(
                path, len(data) - 8, "no TensorFlow checkpoint: the table's mark is missing"
            )
        with located(path, start):
            footer = bytes(data[start:])
            _, _, position = _handle(footer, 0, 40)
            offset, size, _ = _handle(footer, position, 40)
        self._blocks: list[tuple[int, int]] = []
        self._last_keys: list[bytes] = []
        self._marks: dict[int, list[tuple[bytes, int]]] = {}
        self._recent: tuple[int, _Block | CheckpointError] | None = None
        listing = self._block(offset, size, start)
        with located(path, listing.offset, listing.part):
            used = 0
            for key, begin, end in _entries(listing):
                at, length, _ = _handle(listing.contents, begin, end)
                if at < used or at + length + _TRAILER > offset:
                    raise Malformed(begin, f"a block at {at} to {at + length}, out of its order or the file")
                used = at + length + _TRAILER
                self._blocks.append((at, length))
                self._last_keys.append(key)

    def entries(self) -> Iterator[tuple[bytes, Buffer, int | None]]:
        """All keys with their values, in order, and where the value begins in the file.

        The place is None where the block is compressed.
        """
        last = None
        for offset, size in self._blocks:
            block = self._block(offset, size, len(self._data))
            with located(self._path, block.offset, block.part):
                for key, start, end in _entries(block, last):
                    yield key, block.contents[start:end], block.place(start)
                    last = key

    def value(self, key: bytes) -> tuple[Buffer, int | None] | None:
        """The value of a key and where it begins in the file, or None where there is no such key."""
        number = bisect.bisect_left(self._last_keys, key)
        if number == len(self._blocks):
            return None
        block = self._opened(number)
        marks = self._marked(number, block) if key else []  # only the first can be the empty key
        mark = bisect.bisect_left(marks, (key, 0)) - 1
        before, position = marks[mark] if mark >= 0 else (None, 0)
        with located(self._path, block.offset, block.part):
            for found, start, end in _entries(block, before, position):
                if found == key:
                    return block.contents[start:end], block.place(start)
                if found > key:
                    break
        return None

    def _opened(self, number: int) -> _Block:
        """The block of that number; the latest one is kept, and so is what was wrong with it."""
        recent = self._recent  # another thread may put another there
        if recent is None or recent[0] != number:
            found: _Block | CheckpointError
            try:
                found = self._block(*self._blocks[number], len(self._data))
            except CheckpointError as error:
                found = error
            recent = self._recent = number, found
        _, block = recent
        if isinstance(block, CheckpointError):
            raise CheckpointError(block.path, block.offset, block.reason)
        return block

    def _marked(self, number: int, block: _Block) -> list[tuple[bytes, int]]:
        """Some of a block's keys, each with where the entry after it begins."""
        if number not in self._marks:
            try:
                with located(self._path, block.offset, block.part):
                    some = itertools.islice(_entries(block), _MARK_EVERY - 1, None, _MARK_EVERY)
                    self._marks[number] = [(key, end) for key, _, end in some]
            except CheckpointError as error:
                self._recent = number, error
                raise
        return self._marks[number]

    def _block(self, offset: int, size: int, limit: int) -> _Block:
        """The block of `size` bytes at `offset`."""
        if offset + size + _TRAILER > limit:  # of the footer; the blocks that are listed were looked at
            total = len(self._data)
            reason = f"a list of blocks of {size} bytes at {offset} in a file of {total}"
            raise CheckpointError(self._path, total - FOOTER, reason)
        stored = self._data[offset : offset + size + 1]
        found = int.from_bytes(self._data[offset + size + 1 : offset + size + _TRAILER], "little")
        if unmask(found) != crc32c(np.frombuffer(stored, np.uint8)):
            raise CheckpointError(
                self._path, offset, f"the checksum of the block of {size} bytes does not match"
            )
        kind, stored = stored[size], stored[:size]
        if kind == _PLAIN:
            return _Block(stored, False, offset)
        if kind != _SNAPPY:
            raise CheckpointError(self._path, offset + size, f"a block of the unknown type {kind}")
        return _Block(_decompress(self._path, offset, stored), True, offset)


def _decompress(path: str, offset: int, stored: memoryview) -> bytes:
    with located(path, offset):
        length, _ = read_varint(stored, 0, len(stored))
    if length > _SNAPPY_REACH * len(stored):
        raise CheckpointError(
            path, offset, f"a block of {len(stored)} bytes claims to hold {length}, more than snappy can"
        )
    try:
        contents = bytes(cramjam.snappy.decompress_raw(stored))
    except cramjam.DecompressionError as error:
        raise CheckpointError(path, offset, f"a compressed block is damaged ({error})") from None
    if len(contents) != length:
        raise CheckpointError(path, offset, f"a compressed block holds {len(contents)} bytes, not {length}")
    return contents


def _handle(data: Buffer, position: int, end: int) -> tuple[int, int, int]:
    offset, position = read_varint(data, position, end)
    size, position = read_varint(data, position, end)
    return offset, size, position


def _entries(block: _Block, last: bytes | None = None, position: int = 0) -> Iterator[tuple[bytes, int, int]]:
    """The keys of a block, each with where its value begins and ends; they must rise from `last` on.

    From a later `position` on, where an entry begins, `last` is the key before it.
    """
    contents = block.contents
    size = len(contents)
    if size < 4:
        raise Malformed(0, f"a block of {size} bytes")
    restarts = int.from_bytes(contents[size - 4 :], "little")
    end = size - 4 * (1 + restarts)
    if end < 0:
        raise Malformed(size - 4, f"a block of {size} bytes with {restarts} restart points")
    key = (last or b"") if position else b""
    budget = _KEYS_REACH * size + 4096
    while position < end:
        at = position
        shared, position = read_varint(contents, position, end)
        own, position = read_varint(contents, position, end)
        length, position = read_varint(contents, position, end)
        if shared > len(key):
            raise Malformed(at, f"a key that shares {shared} bytes with one of {len(key)}")
        if own + length > end - position:
            raise Malformed(at, f"an entry of {own + length} bytes where {end - position} are left")
        budget -= shared + own
        if budget < 0:
            raise Malformed(at, "keys that are far longer than the block they are in")
        key = key[:shared] + bytes(contents[position : position + own])
        if last is not None and key <= last:
            raise Malformed(at, "a key that is not after the one before it")
        position += own
        yield key, position, position + length
        position += length
        last = key
