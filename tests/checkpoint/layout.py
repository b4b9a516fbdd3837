"""The files of a V2 checkpoint taken apart anew, for tests: nothing here is the package's.

A table (`.index`) is blocks, then a footer of 48 bytes. Every block has a byte for its compression and a
masked crc32c behind it. A data block's entries share the beginnings of their keys.
"""

import struct

import cramjam
import google_crc32c

MAGIC = 0xDB4775248B80FB57


def varint(data, position):
    value = shift = 0
    while True:
        byte = data[position]
        value |= (byte & 0x7F) << shift
        position, shift = position + 1, shift + 7
        if byte < 0x80:
            return value, position


def masked_crc(data):
    """As tables and tensors store a checksum: turned by 15 bits, with a constant added."""
    crc = google_crc32c.value(bytes(data))
    return (((crc >> 15) | (crc << 17)) + 0xA282EAD8) & 0xFFFFFFFF


def block(table, offset, size):
    """A block's bytes and its compression; its checksum has to be right."""
    content, kind = table[offset : offset + size], table[offset + size]
    (crc,) = struct.unpack_from("<I", table, offset + size + 1)
    assert crc == masked_crc(table[offset : offset + size + 1])
    return (bytes(cramjam.snappy.decompress_raw(content)) if kind else content), kind


def block_entries(content):
    (restarts,) = struct.unpack_from("<I", content, len(content) - 4)
    end = len(content) - 4 - 4 * restarts
    starts = struct.unpack_from(f"<{restarts}I", content, end)
    assert starts[0] == 0
    entries, key, position = [], b"", 0
    while position < end:
        at = position
        shared, position = varint(content, position)
        more, position = varint(content, position)
        size, position = varint(content, position)
        assert shared == 0 if at in starts else shared <= len(key)
        key = key[:shared] + content[position : position + more]
        entries.append((key, content[position + more : position + more + size]))
        position += more + size
    assert position == end
    return entries


def blocks(table):
    """The data blocks in order: their entries and their compression."""
    footer = table[-48:]
    assert struct.unpack_from("<Q", footer, 40)[0] == MAGIC
    position, handle = 0, []
    for _ in range(4):  # offset and size of a block without entries, then of the index of blocks
        value, position = varint(footer, position)
        handle.append(value)
    assert not any(footer[position:40])
    content, _ = block(table, handle[2], handle[3])
    found, end = [], 0
    for last, place in block_entries(content):
        offset, position = varint(place, 0)
        size, position = varint(place, position)
        assert (position, offset) == (len(place), end)
        end = offset + size + 5
        content, kind = block(table, offset, size)
        entries = block_entries(content)
        assert entries[-1][0] <= last
        found.append((entries, kind))
    assert handle[0] == end
    assert block_entries(block(table, handle[0], handle[1])[0]) == []
    assert (handle[2], handle[2] + handle[3] + 5) == (end + handle[1] + 5, len(table) - 48)
    return found


def fields(message):
    """The fields of a protocol buffer message: number to the list of its values."""
    found, position = {}, 0
    while position < len(message):
        tag, position = varint(message, position)
        if tag & 7 == 0:
            value, position = varint(message, position)
        elif tag & 7 == 2:
            size, position = varint(message, position)
            value, position = message[position : position + size], position + size
        elif tag & 7 == 5:
            (value,) = struct.unpack_from("<I", message, position)
            position += 4
        else:
            raise AssertionError(f"wire type {tag & 7}")
        found.setdefault(tag >> 3, []).append(value)
    assert position == len(message)
    return found
