"""Sorted tables and the encodings inside them."""

import itertools

import cramjam
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ostinato.checkpoint import CheckpointError
from ostinato.checkpoint.crc import crc32c, mask, unmask
from ostinato.checkpoint.errors import Malformed
from ostinato.checkpoint.slices import check_cover, slice_key, whole
from ostinato.checkpoint.table import Table
from ostinato.checkpoint.table_writer import build_table
from ostinato.checkpoint.wire import packed_varints, read_varint, signed, varint


def packed(encoded: bytes) -> np.ndarray:
    return np.concatenate([np.empty(0, np.uint64), *packed_varints(encoded, 0, len(encoded))])


def compressed(table: bytes) -> bytes:
    """The same table of a single block, with that block compressed by snappy."""
    end, position = len(table) - 48, len(table) - 48
    _, position = read_varint(table, position, len(table))
    _, position = read_varint(table, position, len(table))
    listing, position = read_varint(table, position, len(table))
    size, _ = read_varint(table, position, len(table))
    index = table[listing : listing + size]
    # The only entry of the list: shared 0, the key's length, the handle's length, the key, the handle.
    _, at = read_varint(index, 0, size)
    own, at = read_varint(index, at, size)
    _, at = read_varint(index, at, size)
    key = index[at : at + own]
    offset, at = read_varint(index, at + own, size)
    length, _ = read_varint(index, at, size)
    assert offset == 0
    assert end

    def stored(contents: bytes, kind: bytes) -> bytes:
        return contents + kind + mask(crc32c(contents + kind)).to_bytes(4, "little")

    packed = bytes(cramjam.snappy.compress_raw(table[:length]))
    block = stored(packed, b"\1")
    handle = varint(0) + varint(len(packed))
    entry = varint(0) + varint(len(key)) + varint(len(handle)) + key + handle
    restarts = (0).to_bytes(4, "little") + (1).to_bytes(4, "little")
    listed = stored(bytes(cramjam.snappy.compress_raw(entry + restarts)), b"\1")
    empty = stored(restarts, b"\0")
    footer = (
        varint(len(block)) + varint(len(restarts)) + varint(len(block) + len(empty)) + varint(len(listed) - 5)
    )
    return block + empty + listed + footer.ljust(40, b"\0") + table[-8:]


@given(st.dictionaries(st.binary(min_size=1, max_size=40), st.binary(max_size=60), min_size=1, max_size=60))
def test_a_table_holds_what_was_put_into_it(entries):
    ordered = sorted(entries.items())
    plain = build_table(ordered)
    for content in (plain, compressed(plain)):
        table = Table("model.index", memoryview(content))
        assert [(key, bytes(value)) for key, value, _ in table.entries()] == ordered
        for key, value in ordered:
            found = table.value(key)
            assert found is not None
            assert bytes(found[0]) == value
        assert table.value(b"\xff" * 50) is None


def test_a_table_of_many_blocks(tmp_path):
    entries = [(b"key/%06d" % number, bytes([number % 256]) * 100) for number in range(20_000)]
    table = Table("model.index", memoryview(build_table(entries)))
    assert [(key, bytes(value)) for key, value, _ in table.entries()] == entries
    for number in (0, 2_500, 19_999):
        found = table.value(b"key/%06d" % number)
        assert found is not None
        assert bytes(found[0]) == entries[number][1]


def test_the_place_of_a_value_is_its_place_in_the_file():
    content = build_table([(b"a", b"first"), (b"ab", b"second")])
    for _, value, place in Table("model.index", memoryview(content)).entries():
        assert content[place : place + len(value)] == bytes(value)


def test_keys_must_rise():
    with pytest.raises(CheckpointError, match="a key that is not after the one before it"):
        list(Table("model.index", memoryview(build_table([(b"b", b""), (b"a", b"")]))).entries())


@given(st.integers(0, 2**32 - 1))
def test_masks(crc):
    assert unmask(mask(crc)) == crc
    assert 0 <= mask(crc) < 2**32


def test_the_checksum_is_castagnolis():
    assert crc32c(b"123456789") == 0xE3069283  # the check value of CRC-32C (RFC 3720)
    assert crc32c(b"56789", crc32c(b"1234")) == 0xE3069283


@given(st.lists(st.integers(-(2**63), 2**64 - 1), max_size=50))
def test_integers_of_the_wire_format(numbers):
    encoded = b"".join(map(varint, numbers))
    position, read = 0, []
    while position < len(encoded):
        value, position = read_varint(encoded, position, len(encoded))
        read.append(value)
    assert read == [number % 2**64 for number in numbers]
    assert packed(encoded).tolist() == read
    assert [signed(value) for value in read] == [
        number if number < 2**63 else number - 2**64 for number in numbers
    ]


@given(st.binary(max_size=40))
def test_packed_integers_are_those_read_one_by_one(encoded):
    try:
        position, expected = 0, []
        while position < len(encoded):
            value, position = read_varint(encoded, position, len(encoded))
            expected.append(value)
    except Malformed as error:
        if "64 bits" not in error.reason:
            with pytest.raises(Malformed):
                packed(encoded)
    else:
        assert packed(encoded).tolist() == expected


def test_packed_integers_over_many_pieces():
    numbers = np.random.default_rng(0).integers(0, 2**62, 400_000) >> np.arange(400_000) % 62
    encoded = b"".join(varint(int(number)) for number in numbers)
    assert np.array_equal(packed(encoded), numbers.astype(np.uint64))


@given(
    st.text(max_size=6),
    st.lists(st.tuples(st.integers(0, 2**62), st.integers(-1, 2**62)), max_size=4),
    st.lists(st.tuples(st.integers(0, 2**62), st.integers(-1, 2**62)), max_size=4),
)
def test_keys_of_slices_are_in_the_order_of_the_slices(name, one, two):
    def key(part):
        return slice_key(name, tuple(part))

    assert (key(one) == key(two)) == (one == two)
    if len(one) == len(two):
        assert (key(one) < key(two)) == (one < two)


@pytest.mark.parametrize(
    ("name", "part", "key"),
    [  # as TensorFlow 1.15 writes them
        ("ab", ((0, 3), (63, 64)), "00 61 62 00 01 01 02 80 83 bf c0 40"),
        ("a", ((65, 8192),), "00 61 00 01 01 01 c0 41 e0 20 00"),
    ],
)
def test_keys_of_slices(name, part, key):
    assert slice_key(name, part) == bytes.fromhex(key)


@given(st.lists(st.integers(0, 5), min_size=1, max_size=3), st.data())
def test_a_grid_covers_a_tensor_and_nothing_less_does(shape, data):
    cuts = [sorted({0, size, *data.draw(st.lists(st.integers(0, size), max_size=3))}) for size in shape]
    grid = [()]
    for axis in cuts:
        extents = [(a, b - a) for a, b in itertools.pairwise(axis)] or [(0, 0)]
        grid = [(*part, extent) for part in grid for extent in extents]
    grid = data.draw(st.permutations(grid))
    check_cover(grid, tuple(shape))
    filled = [part for part in grid if all(length for _, length in part)]
    if filled:
        with pytest.raises(Malformed, match="elements for a tensor of shape"):
            check_cover([part for part in grid if part != filled[0]], tuple(shape))
    if len(filled) > 1:
        doubled = [filled[0] if part == filled[-1] else part for part in grid]
        with pytest.raises(Malformed):
            check_cover(doubled, tuple(shape))


def test_the_whole_of_an_axis_is_written_out():
    assert whole(((0, -1), (2, 3)), (7, 5), {}) == ((0, 7), (2, 3))
    with pytest.raises(Malformed, match="3 elements from 3 on of an axis of 5"):
        whole(((0, -1), (3, 3)), (7, 5), {})
    with pytest.raises(Malformed, match="1 axes of a tensor of shape"):
        whole(((0, 1),), (7, 5), {})
