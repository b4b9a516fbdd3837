"""Small files that ask for much: memory and time stay in proportion to the file."""

import struct
import tracemalloc

import cramjam
import numpy as np
import pytest

from checkpoint.hostile_cases import (
    BYTES,
    FIXED32,
    INT32,
    INT64,
    STRING,
    VARINT,
    dims,
    entry,
    fuzz,
    meta,
    raw,
    saved,
    write_bundle,
    write_version1,
)
from ostinato.checkpoint import (
    CheckpointError,
    latest_checkpoint,
    load_checkpoint,
    read_checkpoint_state,
    table,
)
from ostinato.checkpoint.crc import crc32c, mask
from ostinato.checkpoint.slices import slice_key

WHOLE = slice_key("a", ((0, -1),))


def peak_over_size(folder, act):
    """The most memory that `act` has at a time, as a multiple of the files' size."""
    size = sum(path.stat().st_size for path in folder.iterdir())
    tracemalloc.start()
    try:
        act()
        return (tracemalloc.get_traced_memory()[1] - (1 << 20)) / size
    finally:
        tracemalloc.stop()


def read_each(path):
    """Read all that can be read; returns how many tensors could not."""
    refused = 0
    try:
        with load_checkpoint(path) as checkpoint:
            for name in checkpoint:
                try:
                    checkpoint[name]
                except CheckpointError:
                    refused += 1
    except CheckpointError:
        return None
    return refused


def empty_tensors(folder):
    empty = [(1, VARINT, 1), (2, BYTES, dims([0]))]
    return write_bundle(
        folder, {f"{number:06x}".encode(): empty for number in range(20_000)}, b"", compressed=True
    )


def long_keys(folder):
    """Keys that share 20,000 bytes each with the one before."""
    return write_bundle(folder, {b"k" * 20_000 + b"%03d" % number: entry() for number in range(200)})


def slices_of_many_axes(folder):
    parts = [[(number, 0), *[None] * 63] for number in range(800)]
    return write_version1(folder, [meta("a", shape=[801, *[1] * 62, 0], slices=parts)], {}, compressed=True)


def numbers_one_by_one(folder):
    values = {WHOLE: saved([(7, VARINT, 1)] * 20_000)}
    return write_version1(folder, [meta("a", INT32, [20_000], [[None]])], values, compressed=True)


def packed_zeros(folder):
    values = {WHOLE: saved([(10, BYTES, bytes(400_000))])}
    return write_version1(folder, [meta("a", INT64, [400_000], [[None]])], values, compressed=True)


def fields_of_nothing(folder):
    values = {WHOLE: saved([(5, BYTES, b"")] * 50_000)}
    return write_version1(folder, [meta("a", shape=[0], slices=[[None]])], values)


def short_strings(folder):
    lengths = struct.pack("<I", 1) * 50_000
    checksum = mask(crc32c(lengths)).to_bytes(4, "little")
    contents = b"x" * 50_000
    crc = crc32c(contents, crc32c(checksum, crc32c(lengths)))
    data = b"\1" * 50_000 + checksum + contents
    fields = [*entry(STRING, [50_000], data=data)[:-1], (6, FIXED32, mask(crc))]
    return write_bundle(folder, {b"a": fields}, data)


def long_names(folder):
    """Names that are repeated as often as writers do, and then compressed."""
    keys = [b"", *(b"k" * 500 + b"%05d" % number for number in range(16_000))]
    fields = raw.message([(1, VARINT, 1), (2, BYTES, dims([0]))])
    items = [(key, fields if key else raw.message([(1, VARINT, 1)])) for key in keys]
    path = write_bundle(folder, {}, b"")
    contents = raw.stored(raw.block(items, whole=16), compressed=True)
    (folder / "model.ckpt.index").write_bytes(raw.table([[(b"z", b"")]], raw={0: contents}))
    return path


COSTLY = [
    empty_tensors,
    slices_of_many_axes,
    numbers_one_by_one,
    packed_zeros,
    fields_of_nothing,
    short_strings,
]


@pytest.mark.parametrize("make", [*COSTLY, long_keys, long_names])
def test_memory_stays_in_proportion_to_the_file(tmp_path, make):
    path = make(tmp_path)
    assert peak_over_size(tmp_path, lambda: read_each(path)) < 400


def test_keys_that_are_far_longer_than_their_block_are_refused(tmp_path):
    with pytest.raises(CheckpointError, match="keys that are far longer than the block they are in"):
        load_checkpoint(long_keys(tmp_path))


@pytest.mark.parametrize("make", [empty_tensors, long_names])
def test_a_list_that_is_compressed_away_is_refused(tmp_path, make):
    with pytest.raises(CheckpointError, match="more tensors, or longer names, than an index of"):
        load_checkpoint(make(tmp_path))


def test_a_compressed_block_may_not_claim_what_snappy_cannot_hold(tmp_path):
    bomb = raw.varint(1 << 31) + bytes(cramjam.snappy.compress_raw(bytes(1000)))[2:]
    path = write_bundle(tmp_path, {})
    index = raw.table([[(b"a", b"")]], raw={0: raw.stored(bomb, kind=1)})
    (tmp_path / "model.ckpt.index").write_bytes(index)
    assert peak_over_size(tmp_path, lambda: read_each(path)) < 10
    with pytest.raises(CheckpointError, match="claims to hold 2147483648, more than snappy can"):
        load_checkpoint(path)


@pytest.mark.parametrize("parts", [[[None]], [[(0, 1 << 40)]], [[(0, 1 << 39)], [(1 << 39, 1 << 39)]]])
def test_a_tensor_that_is_not_in_the_file_asks_for_no_memory(tmp_path, parts):
    path = write_version1(tmp_path, [meta("a", shape=[1 << 40], slices=parts)], {})
    assert peak_over_size(tmp_path, lambda: read_each(path)) < 1
    assert read_each(path) == 1


def many(folder, count, damage=False):
    """A V1 file of `count` scalars in one block; damaged, they are in a second one with a wrong checksum."""
    names = [f"{number:05}" for number in range(count)]
    values = {slice_key(name, ()): saved([(5, BYTES, struct.pack("<f", 1))]) for name in names}
    path = write_version1(folder, [meta(name) for name in names], values)
    if damage:
        header = raw.message([(1, BYTES, [(1, BYTES, meta(name)) for name in names])])
        items = [(key, raw.message(fields)) for key, fields in sorted(values.items())]
        wrong = bytearray(raw.stored(raw.block(items)))
        wrong[-1] ^= 1
        (folder / "model.ckpt").write_bytes(raw.table([[(b"", header)], items], raw={1: bytes(wrong)}))
    return path


@pytest.fixture
def checksummed(monkeypatch):
    """How many bytes of blocks were checksummed."""
    sizes = []

    def counted(data, crc=0):
        sizes.append(len(data))
        return crc32c(data, crc)

    monkeypatch.setattr(table, "crc32c", counted)
    return sizes


@pytest.mark.parametrize("damage", [False, True])
def test_many_tensors_of_one_block_read_it_once(tmp_path, checksummed, damage):
    path = many(tmp_path, 1_000, damage)
    assert read_each(path) == (1_000 if damage else 0)
    # Once to be listed and once for the values, where the block of the list is another one.
    assert sum(checksummed) < 1.1 * (tmp_path / "model.ckpt").stat().st_size + 1000


def test_many_tensors_of_several_blocks_read_each_block_once(tmp_path, checksummed):
    names = [f"{number:05}" for number in range(1_000)]
    items = [(slice_key(name, ()), raw.message(saved([(5, BYTES, bytes(4))]))) for name in names]
    header = raw.message([(1, BYTES, [(1, BYTES, meta(name)) for name in names])])
    blocks = [[(b"", header)], *[items[start : start + 100] for start in range(0, 1_000, 100)]]
    with load_checkpoint(write_version1(tmp_path, [], {}, blocks=blocks)) as checkpoint:
        assert set(checkpoint.read(names[::-1])) == set(names)
    assert sum(checksummed) < 1.1 * (tmp_path / "model.ckpt").stat().st_size + 1000


def test_many_tensors_of_one_block_are_looked_up_in_any_order(tmp_path, monkeypatch):
    """Were the block read from its beginning for each, this would be two million entries."""
    seen = 0
    read = table.read_varint

    def counted(*arguments):
        nonlocal seen
        seen += 1
        return read(*arguments)

    with load_checkpoint(many(tmp_path, 2_000)) as checkpoint:
        monkeypatch.setattr(table, "read_varint", counted)
        names = list(checkpoint)
        np.random.default_rng(0).shuffle(names)
        for name in names:
            assert checkpoint[name] == 1
    assert seen < 3 * (2_000 + 2_000 * 70)


# -- state files
@pytest.mark.parametrize(
    "text",
    [
        b" " * 50_000,
        b"#\n" * 50_000,
        b'model_checkpoint_path: "' + b"a" * 50_000 + b'"',
        b'model_checkpoint_path: "' + b"\\n" * 50_000 + b'"',
        b'model_checkpoint_path: "a"' + b'""' * 50_000,
        b"last_preserved_timestamp: " + b"1" * 50_000,
        b"a" * 50_000,
        b'model_checkpoint_path: "' + b"a" * 50_000,
    ],
    ids=["spaces", "comments", "string", "escapes", "strings", "digits", "word", "open"],
)
def test_a_state_file_takes_memory_of_its_size(tmp_path, text):
    (tmp_path / "checkpoint").write_bytes(text)

    def read():
        for way in (read_checkpoint_state, latest_checkpoint, load_checkpoint):
            try:
                way(tmp_path)
            except CheckpointError as error:
                fuzz.check_error(error)

    assert peak_over_size(tmp_path, read) < 12


def test_a_state_file_of_megabytes_is_none(tmp_path):
    (tmp_path / "checkpoint").write_bytes(b'model_checkpoint_path: "a"\n' + b"#" * (4 << 20))
    with pytest.raises(CheckpointError, match="it is too long for a state file"):
        read_checkpoint_state(tmp_path)
