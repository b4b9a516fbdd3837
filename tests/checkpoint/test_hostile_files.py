"""Files that are wrong in one way each: the error says which file, where and why; the rest is still read."""

import os
import pickle
import re

import numpy as np
import pytest

from checkpoint.hostile_cases import (
    BOOL,
    BYTES,
    FIXED32,
    FIXED64,
    FLOAT,
    HEADER,
    INT32,
    INT64,
    STRING,
    UINT8,
    VARINT,
    entry,
    extents,
    fuzz,
    index_of,
    meta,
    raw,
    saved,
    write_bundle,
    write_version1,
)
from ostinato.checkpoint import CheckpointError, load_checkpoint, save_checkpoint
from ostinato.checkpoint.crc import crc32c, mask
from ostinato.checkpoint.slices import slice_key

WHOLE = slice_key("a", ((0, -1),))
HALVES = [[(0, 1)], [(1, 1)]]
KEYS = [slice_key("a", ((0, 1),)), slice_key("a", ((1, 1),))]


def refused(path, name=None):
    """The error that opening the checkpoint gives, or reading the tensor in both ways."""
    if name is None:
        with pytest.raises(CheckpointError) as caught:
            load_checkpoint(path)
    else:
        with load_checkpoint(path) as checkpoint:
            assert checkpoint.info(name).name == name
            with pytest.raises(CheckpointError) as caught:
                checkpoint[name]
            with pytest.raises(CheckpointError, match=re.escape(caught.value.reason)):
                checkpoint.read([name])
    fuzz.check_error(caught.value)
    return caught.value


# -- the entries of a V2 index
IN_HEADER = {
    "a header of 0 shards": [(3, BYTES, [])],
    "a header of 100000 shards": [(1, VARINT, 100_000)],
    "a header of 2147483647 shards": [(1, VARINT, (1 << 31) - 1)],
    "a header of 18446744073709551615 shards": [(1, VARINT, -1)],
    "it needs a reader of version 2": [(1, VARINT, 1), (3, BYTES, [(2, VARINT, 2)])],
    "its writer says that readers of version 1 must not": [(1, VARINT, 1), (3, BYTES, [(3, VARINT, 1)])],
    "the field 'num_shards' has wire type 2": [(1, BYTES, b"\1")],
    "the field 'endianness' has wire type 5": [(1, VARINT, 1), (2, FIXED32, 0)],
    "the field 'version' has wire type 0": [(1, VARINT, 1), (3, VARINT, 1)],
    "a field of number 0": [(1, VARINT, 1), (0, VARINT, 1)],
    "a field of the unknown wire type 3": [(1, VARINT, 1), (9, 3, b"")],
    "an integer of more than ten bytes": [(1, VARINT, b"\xff" * 10 + b"\1")],
    "an integer of more than 64 bits": [(1, VARINT, b"\xff" * 9 + b"\2")],
    "an integer that is cut off": [(1, VARINT, b"\x81")],
}


@pytest.mark.parametrize("reason", IN_HEADER)
@pytest.mark.parametrize("compressed", [False, True])
def test_a_wrong_header_is_refused(tmp_path, reason, compressed):
    path = write_bundle(tmp_path, {b"a": entry()}, header=IN_HEADER[reason], compressed=compressed)
    error = refused(path)
    assert error.path == path + ".index"
    assert (error.offset is None) == compressed
    assert reason in error.reason


IN_ENTRY = {
    "'a' is in shard 1 of 1": entry(shard=1),
    "'a' is in shard 18446744073709551615 of 1": entry(shard=-1),
    "the file ends here, but 'a' is at 1 to 5": entry(offset=1),
    "'a' is at 18446744073709551615 to": entry(offset=-1),
    "'a' is at 9223372036854775807 to": entry(offset=(1 << 63) - 1),
    "'a', float32 of shape [], has 3 bytes, not 4": entry(data=b"\0\0\0"),
    "'a', float32 of shape [2], has 4 bytes, not 8": entry(shape=[2]),
    "'a', float32 of shape [2, 0], has 4 bytes, not 0": entry(shape=[2, 0]),
    "'a' is at 0 to 18446744073709551615": entry(size=-1),
    "an axis of -1 elements": entry(shape=[-1]),
    "an axis of -9223372036854775808 elements": entry(shape=[1 << 63]),
    "'a' of shape [9223372036854775807] is larger than any memory": entry(shape=[(1 << 63) - 1]),
    "'a' of shape [4294967296, 4294967296] is larger": entry(shape=[1 << 32, 1 << 32]),
    "'a' of shape [0, 4294967296, 4294967296] is larger": entry(shape=[0, 1 << 32, 1 << 32], size=0),
    "a tensor of more than 64 axes": entry(shape=[1] * 65),
    "a tensor of unknown rank": [(1, VARINT, 1), (2, BYTES, [(3, VARINT, 1)])],
    "'a', string of shape [1000], has 4 bytes, not at least 1004": entry(STRING, [1000]),
}
FIELDS = [("dtype", VARINT), ("shape", BYTES), ("shard_id", VARINT), ("offset", VARINT), ("size", VARINT)]
FIELDS += [("crc32c", FIXED32), ("slices", BYTES)]


@pytest.mark.parametrize("reason", IN_ENTRY)
def test_a_wrong_entry_is_refused(tmp_path, reason):
    assert reason in refused(write_bundle(tmp_path, {b"a": IN_ENTRY[reason]})).reason


@pytest.mark.parametrize("number", range(1, 8))
@pytest.mark.parametrize("wire_type", [VARINT, FIXED64, BYTES, FIXED32, 3, 4, 6, 7])
def test_a_field_of_another_wire_type_is_refused(tmp_path, number, wire_type):
    name, right = FIELDS[number - 1]
    if wire_type == right:
        return
    error = refused(write_bundle(tmp_path, {b"a": [*entry(), (number, wire_type, b"\0")]}))
    wanted = f"the field '{name}' has wire type {wire_type}, not {right}"
    assert error.reason in (wanted, f"a field of the unknown wire type {wire_type}")


def test_an_entry_cut_off_anywhere_is_refused(tmp_path):
    """Shorter messages can be whole ones; then the numbers in them do not fit each other."""
    whole = raw.message(entry(shape=[1], slices=()))
    for length in range(len(whole)):
        items = [(b"", raw.message(HEADER)), (b"a", whole[:length])]
        path = write_bundle(tmp_path, {})
        (tmp_path / "model.ckpt.index").write_bytes(raw.table([items]))
        with pytest.raises(CheckpointError) as caught:
            load_checkpoint(path)["a"]
        fuzz.check_error(caught.value)


def test_tensors_on_the_same_bytes_are_refused(tmp_path):
    data = bytes(8)
    both = {b"a": entry(shape=[2], data=data), b"b": entry(offset=4)}
    error = refused(write_bundle(tmp_path, both, data))
    assert error.reason == "'b' overlaps 'a'"
    assert error.path.endswith(".data-00000-of-00001")
    assert error.offset == 4


IN_PARTS = {
    "the slice ((1, 1),) of 'a' is missing": ({b"a": HALVES}, KEYS[:1]),
    "the slice ((0, 1),) of 'a' is missing or there twice": ({b"a": [HALVES[0], HALVES[0]]}, KEYS[:1]),
    "a slice of 1 elements from 2 on of an axis of 2": ({b"a": [[(2, 1)]]}, [slice_key("a", ((2, 1),))]),
    "a slice of 2 axes of a tensor of shape [2]": ({b"a": [[(0, 1)] * 2]}, [slice_key("a", ((0, 1),) * 2)]),
    "a slice of -2 elements from 0": ({b"a": [[(0, -2)]]}, []),
    "a slice of 1 elements from -1": ({b"a": [[(-1, 1)]]}, []),
    "a slice of -1 elements from 1": ({b"a": [[(1, -1)]]}, []),
    "a slice of more than 64 axes": ({b"a": [[None] * 65]}, []),
}


@pytest.mark.parametrize("reason", IN_PARTS)
def test_wrong_slices_are_refused(tmp_path, reason):
    parts, keys = IN_PARTS[reason]
    entries = {key: entry(shape=[2], size=0, slices=slices) for key, slices in parts.items()}
    entries |= {key: entry(shape=[1], offset=4 * number) for number, key in enumerate(keys)}
    assert reason in refused(write_bundle(tmp_path, dict(sorted(entries.items())), bytes(8))).reason


def test_a_slice_of_another_type_or_shape_is_refused(tmp_path):
    for wrong in (entry(INT32, [1]), entry(shape=[1, 1])):
        entries = {KEYS[0]: wrong, b"a": entry(shape=[1], size=0, slices=[HALVES[0]])}
        assert "the slice ((0, 1),) of 'a' is" in refused(write_bundle(tmp_path, entries)).reason


@pytest.mark.parametrize("parts", [[[(0, 1)]], [[(0, 2)], [(1, 2)]], [[(0, 1)], [(2, 1)]], []])
def test_slices_that_do_not_cover_the_tensor_are_refused_when_it_is_read(tmp_path, parts):
    entries, data = {b"b": entry(offset=0)}, bytes(4)
    for part in parts:
        length = part[0][1]
        entries[slice_key("a", tuple(part))] = entry(shape=[length], offset=len(data), data=bytes(4 * length))
        data += bytes(4 * length)
    entries[b"a"] = entry(shape=[3], size=0, slices=parts)
    path = write_bundle(tmp_path, dict(sorted(entries.items())), data)
    if not parts:  # then it is a whole tensor, of too few bytes
        assert "'a', float32 of shape [3], has 0 bytes" in refused(path).reason
        return
    assert "'a' cannot be joined" in refused(path, "a").reason
    assert load_checkpoint(path)["b"] == 0


# -- what is listed and cannot be read
def string_data(lengths, contents, checksum=None):
    fixed = b"".join(
        length.to_bytes(4 if 0 <= length < 1 << 32 else 8, "little", signed=length < 0) for length in lengths
    )
    checksum = mask(crc32c(fixed)).to_bytes(4, "little") if checksum is None else checksum
    crc = crc32c(contents, crc32c(checksum, crc32c(fixed)))
    return b"".join(raw.varint(length) for length in lengths) + checksum + contents, crc


STRINGS = {
    "strings whose lengths do not add up to the 3 bytes there are": string_data([1, 1], b"abc"),
    "strings whose lengths do not add up to the 4 bytes there are": string_data([(1 << 64) - 1, 5], b"abcd"),
    "strings whose lengths do not add up to the 2 bytes": string_data([1 << 63, 1 << 63], b"ab"),
    "the checksum of the strings' lengths does not match": string_data([1, 1], b"ab", b"\0\0\0\0"),
    "the lengths of 2 strings are cut off": (b"\1" + b"\xff" * 30, 0),
    "an integer of more than ten bytes": (b"\xff" * 11 + b"\1\1" + bytes(20), 0),
    "an integer of more than 64 bits": (b"\xff" * 9 + b"\x7f\1" + bytes(20), 0),
    "the checksum of 'a' (8 bytes) does not match: it is damaged": (string_data([1, 1], b"ab")[0], 7),
}


@pytest.mark.parametrize("reason", STRINGS)
def test_wrong_strings_are_refused_and_the_others_read(tmp_path, reason):
    data, crc = STRINGS[reason]
    fields = [*entry(STRING, [2], data=data)[:-1], (6, FIXED32, mask(crc))]
    path = write_bundle(tmp_path, {b"a": fields, b"b": entry(offset=len(data))}, data + bytes(4))
    error = refused(path, "a")
    assert reason in error.reason
    assert error.path == path + ".data-00000-of-00001"
    assert load_checkpoint(path).read(["b"])["b"] == 0


@pytest.mark.parametrize("dtype", [20, 21, 0, 99, 1 << 40, -1])
def test_a_type_that_only_tensorflow_can_read_is_listed(tmp_path, dtype):
    path = write_bundle(tmp_path, {b"a": entry(dtype), b"b": entry(offset=4)}, bytes(8))
    assert "which only TensorFlow can read" in refused(path, "a").reason
    assert load_checkpoint(path)["b"] == 0


def test_truths_are_false_or_true(tmp_path):
    path = write_bundle(tmp_path, {b"a": entry(BOOL, [2], data=b"\1\2")}, b"\1\2")
    assert "bytes that are neither false nor true" in refused(path, "a").reason
    (tmp_path / "old").mkdir()
    path = write_version1(
        tmp_path / "old", [meta("a", BOOL, [2], [[None]])], {WHOLE: saved([(4, BYTES, b"\1\2")])}
    )
    assert "bytes that are neither false nor true" in refused(path, "a").reason


def test_data_of_another_checkpoint_is_refused_when_it_is_read(tmp_path):
    for name in ("one", "other"):
        save_checkpoint(tmp_path / name, {"a": np.full(3, len(name)), "b": np.zeros(2)})
    os.replace(f"{tmp_path}/one.data-00000-of-00001", f"{tmp_path}/other.data-00000-of-00001")
    path = str(tmp_path / "other")
    assert "the checksum of 'a' (24 bytes) does not match" in refused(path, "a").reason
    assert load_checkpoint(path)["b"].tolist() == [0, 0]


# -- tables
TABLE = raw.table([[(b"", raw.message(HEADER)), (b"a", raw.message(entry()))]])
BLOCK = raw.block([(b"", raw.message(HEADER)), (b"a", raw.message(entry()))])


def one_block(contents, kind=0):
    return raw.table([[(b"a", b"")]], raw={0: raw.stored(contents, kind=kind)})


TABLES = {
    "no TensorFlow checkpoint: the table's mark is missing": TABLE[:-1] + b"\0",
    "a table has at least 48 bytes, this file 47": TABLE[-47:],
    "a table has at least 48 bytes, this file 0": b"",
    "a list of blocks of 18446744073709551615 bytes at 18446744073709551615": bytes(60)
    + (raw.varint(0) * 2 + raw.varint(-1) * 2).ljust(40, b"\0")
    + raw.MAGIC,
    "the checksum of the block": TABLE[:3] + bytes([TABLE[3] ^ 1]) + TABLE[4:],
    "a block of the unknown type 2": one_block(BLOCK, 2),
    "a block of 3 bytes": one_block(b"\0\0\0"),
    "with 4294967295 restart points": one_block(BLOCK[:-4] + b"\xff" * 4),
    "a key that shares 1 bytes with one of 0": one_block(b"\1\1\0a" + BLOCK[-8:]),
    "an entry of 18446744073709551620 bytes": one_block(b"\0\5" + raw.varint(-1) + BLOCK[-8:]),
    "a key that is not after the one before it": one_block(BLOCK[:-8] * 2 + BLOCK[-8:]),
    "the header of a V2 index is missing": raw.table([[(b"a", raw.message(entry()))]]),
    "a compressed block is damaged": one_block(b"\x64" + b"\xff" * 20, 1),
    "a block of 10 bytes claims to hold 4294967295, more than snappy can": one_block(
        raw.varint((1 << 32) - 1) + bytes(5), 1
    ),
    "an integer that is cut off": one_block(b"\xff", 1),
    "a name that is not UTF-8 text": raw.table(
        [[(b"", raw.message(HEADER)), (b"\xff", raw.message(entry()))]]
    ),
}


@pytest.mark.parametrize("reason", TABLES)
def test_a_wrong_table_is_refused(tmp_path, reason):
    path = write_bundle(tmp_path, {})
    (tmp_path / "model.ckpt.index").write_bytes(TABLES[reason])
    error = refused(path)
    assert reason in error.reason
    assert error.path == path + ".index"


def test_a_block_that_is_listed_twice_is_refused(tmp_path):
    block = raw.stored(BLOCK)
    handle = raw.varint(0) + raw.varint(len(BLOCK))
    listing = raw.stored(raw.block([(b"a", handle), (b"b", handle)]))
    footer = raw.varint(0) * 2 + raw.varint(len(block)) + raw.varint(len(listing) - 5)
    path = write_bundle(tmp_path, {})
    (tmp_path / "model.ckpt.index").write_bytes(block + listing + footer.ljust(40, b"\0") + raw.MAGIC)
    assert "out of its order or the file" in refused(path).reason


# -- V1 files
LISTS = {
    "the values of 'a' are missing": ([meta("a")], {}),
    "'a' has 1 values, not 2": ([meta("a", FLOAT, [2], [[None]])], {WHOLE: [(5, BYTES, bytes(4))]}),
    "5 bytes of numbers that take 4 each": (
        [meta("a", FLOAT, [1], [[None]])],
        {WHOLE: [(5, BYTES, bytes(5))]},
    ),
    "the field 'values' has wire type 1": (
        [meta("a", FLOAT, [2], [[None]])],
        {WHOLE: [(5, FIXED64, 1 << 9)]},
    ),
    "'a' has elements that are no int32": (
        [meta("a", INT32, [1], [[None]])],
        {WHOLE: [(7, VARINT, 1 << 31)]},
    ),
    "'a' has elements that are no uint8": (
        [meta("a", UINT8, [1], [[None]])],
        {WHOLE: [(7, BYTES, b"\x80\2")]},
    ),
    "'a' has elements that are no bool": ([meta("a", BOOL, [1], [[None]])], {WHOLE: [(11, VARINT, 2)]}),
    "an integer of more than 64 bits": (
        [meta("a", INT64, [1], [[None]])],
        {WHOLE: [(10, BYTES, b"\xff" * 9 + b"\2")]},
    ),
    "'a' has elements of more than 16 bits": (
        [meta("a", 19, [1], [[None]])],
        {WHOLE: [(13, VARINT, 1 << 16)]},
    ),
    "'a' is of type resource, which V1 files cannot hold": ([meta("a", 20, [0], [[None]])], {WHOLE: []}),
    "'a' has 8 bytes, not 4": ([meta("a", FLOAT, [1], [[None]])], {WHOLE: [(4, BYTES, bytes(8))]}),
    "slices of 0 elements for a tensor of shape [1]": ([meta("a", FLOAT, [1], [])], {}),
    "a slice is there twice": ([meta("a", FLOAT, [0], [[None], [(0, 0)]])], {}),
    "slices that overlap": ([meta("a", FLOAT, [2, 2], [[(0, 2), (0, 1)], [(0, 1), (0, 2)]])], {}),
}


@pytest.mark.parametrize("reason", LISTS)
@pytest.mark.parametrize("compressed", [False, True])
def test_wrong_values_of_the_first_format_are_refused_and_the_others_read(tmp_path, reason, compressed):
    metas, values = LISTS[reason]
    slices = {key: saved(fields) for key, fields in values.items()}
    slices[slice_key("b", ())] = saved([(5, BYTES, bytes(4))])
    path = write_version1(tmp_path, [*metas, meta("b")], slices, compressed)
    assert reason in refused(path, "a").reason
    assert load_checkpoint(path)["b"] == 0


OPENED = {
    "the list of tensors of a V1 checkpoint is missing": [[(b"a", b"")]],
    "no list of tensors": [[(b"", b"")]],
    "the field 'meta' has wire type 0": [[(b"", raw.message([(1, VARINT, 1)]))]],
    "a name that is not UTF-8 text": [
        [(b"", raw.message([(1, BYTES, [(1, BYTES, [(1, BYTES, b"\xff")])])]))]
    ],
    "'a' has another shape or type in another file": [
        [(b"", raw.message([(1, BYTES, [(1, BYTES, meta("a")), (1, BYTES, meta("a", INT32))])]))]
    ],
    "the field 'extent' has wire type 0": [
        [(b"", raw.message([(1, BYTES, [(1, BYTES, [*meta("a"), (4, BYTES, [(1, VARINT, 1)])])])]))]
    ],
}


@pytest.mark.parametrize("reason", OPENED)
def test_a_wrong_list_of_the_first_format_is_refused(tmp_path, reason):
    assert reason in refused(write_version1(tmp_path, [], {}, blocks=OPENED[reason])).reason


def test_an_index_is_not_taken_for_the_first_format_nor_the_other_way_round(tmp_path):
    (tmp_path / "alone").write_bytes(index_of({b"a": entry()}))
    refused(tmp_path / "alone")
    old = write_version1(tmp_path, [meta("a")], {slice_key("a", ()): saved([(5, BYTES, bytes(4))])})
    os.rename(old, tmp_path / "x.index")
    refused(tmp_path / "x")


# -- real files
@pytest.mark.parametrize(("name", "every"), [("partitioned_sharded", 1), ("adam", 5), ("types_v1", 5)])
def test_every_byte_of_a_real_checkpoint_may_change_and_be_lost(tmp_path, name, every):
    case = next(case for case in fuzz.seeds() if case.folder == f"tf1/{name}")
    with fuzz.written(str(tmp_path), case.files):
        honest = fuzz.read_all(str(tmp_path / case.path))
    outcomes = set()
    for file, data in case.files.items():
        for at in range(0, len(data), every):
            flipped = data[:at] + bytes([data[at] ^ 1 << at % 8]) + data[at + 1 :]
            for changed in (flipped, data[:at]):
                with fuzz.written(str(tmp_path), {**case.files, file: changed}):
                    outcomes.add(fuzz.attempt(str(tmp_path / case.path), "changed bytes", honest))
    assert outcomes == {"read", "refused"}


# -- what an error says
def test_an_error_is_one_line_however_hostile_the_name(tmp_path):
    name = "a\n\x1b[2J\u202e" + "x" * 100_000
    error = refused(write_bundle(tmp_path, {name.encode(): entry(offset=1)}))
    assert "a\\n\\x1b[2J\\u202exxx" in error.reason
    assert " ... " in error.reason
    assert len(str(error)) < 3000
    again = pickle.loads(pickle.dumps(error))
    assert (str(again), again.path, again.offset) == (str(error), error.path, error.offset)


def test_extents_are_written_as_they_are():
    assert raw.message(extents([None, (0, 1)])) == b"\x0a\x00\x0a\x04\x08\x00\x10\x01"
