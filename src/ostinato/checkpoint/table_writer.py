"""Writing sorted tables (`table.py` has the format), uncompressed, as TensorFlow writes them."""

from __future__ import annotations

import struct
from collections.abc import Iterable

from ostinato.checkpoint.crc import crc32c, mask
from ostinato.checkpoint.table import FOOTER, MAGIC
from ostinato.checkpoint.wire import varint

_BLOCK = 256 << 10  # a block ends with the entry that reaches this many bytes
_RESTART = 16  # every so many entries a key is written whole


def build_table(entries: Iterable[tuple[bytes, bytes]]) -> bytes:
    """A table of `entries`, whose keys must rise."""
    table = bytearray()
    listing = _Block(restart=1)
    block = _Block(_RESTART)
    for key, value in entries:
        block.add(key, value)
        if len(block.data) >= _BLOCK:
            _append(table, listing, block)
            block = _Block(_RESTART)
    if block.data:
        _append(table, listing, block)
    meta = _store(table, _Block(_RESTART))
    index = _store(table, listing)
    footer = meta + index
    return bytes(table + footer.ljust(FOOTER - len(MAGIC), b"\0") + MAGIC)


class _Block:
    def __init__(self, restart: int) -> None:
        self.data = bytearray()
        self.last = b""
        self._every, self._count, self._restarts = restart, 0, [0]

    def add(self, key: bytes, value: bytes) -> None:
        shared = 0
        if self._count == self._every:
            self._restarts.append(len(self.data))
            self._count = 0
        else:
            for shared, (before, now) in enumerate(zip(self.last, key, strict=False)):  # noqa: B007
                if before != now:
                    break
            else:
                shared = min(len(self.last), len(key))
        self.data += varint(shared) + varint(len(key) - shared) + varint(len(value)) + key[shared:] + value
        self.last = key
        self._count += 1

    def finish(self) -> bytes:
        return bytes(self.data) + struct.pack(
            f"<{len(self._restarts) + 1}I", *self._restarts, len(self._restarts)
        )


def _append(table: bytearray, listing: _Block, block: _Block) -> None:
    listing.add(block.last, _store(table, block))


def _store(table: bytearray, block: _Block) -> bytes:
    """Append a block; returns its handle."""
    contents = block.finish() + b"\0"  # the type: not compressed
    handle = varint(len(table)) + varint(len(contents) - 1)
    table += contents + mask(crc32c(contents)).to_bytes(4, "little")
    return handle
