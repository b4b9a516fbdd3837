"""The elements of V1 files, however many fields of a message they are divided into."""

import tempfile
import threading
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from checkpoint.hostile_cases import BYTES, FIXED32, FIXED64, VARINT, meta, raw, saved, write_version1
from ostinato.checkpoint import CheckpointError, load_checkpoint
from ostinato.checkpoint.slices import slice_key

WHOLE = slice_key("a", ((0, -1),))


def read(dtype, shape, values):
    with tempfile.TemporaryDirectory() as folder:
        path = write_version1(Path(folder), [meta("a", dtype, shape, [[None]])], {WHOLE: saved(values)})
        with load_checkpoint(path) as checkpoint:
            array = checkpoint.read()["a"]
            assert array.tobytes() == checkpoint["a"].tobytes()
            return array


def single(number, dtype, value):
    """A field of one number."""
    if dtype in ("float32", "complex64"):
        return number, FIXED32, int(np.float32(value).view(np.uint32))
    if dtype in ("float64", "complex128"):
        return number, FIXED64, int(np.float64(value).view(np.uint64))
    return number, VARINT, int(value)


def packed(number, dtype, values):
    if dtype in ("float32", "complex64"):
        return number, BYTES, np.array(values, "<f4").tobytes()
    if dtype in ("float64", "complex128"):
        return number, BYTES, np.array(values, "<f8").tobytes()
    return number, BYTES, b"".join(raw.varint(int(value)) for value in values)


KINDS = {"float32": (1, 5), "float64": (2, 6), "complex64": (8, 9), "complex128": (18, 12)}
KINDS |= {"int32": (3, 7), "int8": (6, 7), "uint8": (4, 7), "int64": (9, 10), "uint64": (23, 17)}


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=25, deadline=None)
@given(st.lists(st.sampled_from([-1, 0, 1, 2, 5_000]), max_size=6), st.integers(0, 2**32 - 1))
def test_numbers_are_read_in_order_from_any_fields(kind, parts, seed):
    """-1 is a number in a field of its own; the others are packed fields of so many, short and long."""
    dtype, number = KINDS[kind]
    random = np.random.default_rng(seed)
    # Two numbers to a complex one: a field may end between them.
    plain = {"complex64": np.float32, "complex128": np.float64}.get(kind, np.dtype(kind))
    if kind.startswith("complex") and sum(abs(part) for part in parts) % 2:
        parts = [*parts, -1]
    fields, everything = [], [np.empty(0, plain)]
    for part in parts:
        values = random.integers(0, 256, abs(part) * np.dtype(plain).itemsize, np.uint8).view(plain)
        if np.dtype(plain).kind == "f":
            values = np.nan_to_num(values)
        everything.append(values)
        fields.append(single(number, kind, values[0]) if part < 0 else packed(number, kind, values))
    expected = np.concatenate(everything).view(kind)
    found = read(dtype, [expected.size], fields)
    assert found.dtype == expected.dtype
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("count", [1, 1000, 70_000])
def test_a_long_field_that_is_wrong_somewhere_is_refused(count):
    for wrong in (b"\xff" * 11 + b"\1", b"\xff" * 9 + b"\2", b"\x80\x80\x80\x80\x10"):
        values = [(7, BYTES, b"\1" * count + wrong + b"\1" * count)]
        with pytest.raises(CheckpointError, match=r"ten bytes|64 bits|no int32"):
            read(3, [2 * count + 1], values)


def test_a_file_is_read_by_many_threads_at_a_time(tmp_path):
    names = [f"{number:04}" for number in range(300)]
    values = {slice_key(name, ()): saved([(7, VARINT, number)]) for number, name in enumerate(names)}
    items = [(key, raw.message(fields)) for key, fields in sorted(values.items())]
    header = raw.message([(1, BYTES, [(1, BYTES, meta(name, 3)) for name in names])])
    blocks = [[(b"", header)], *[items[start : start + 50] for start in range(0, 300, 50)]]
    path = write_version1(tmp_path, [], {}, blocks=blocks)
    failures = []

    def check(seed):
        order = np.random.default_rng(seed).permutation(300)
        failures.extend(number for number in order if checkpoint[names[number]] != number)

    with load_checkpoint(path) as checkpoint:
        threads = [threading.Thread(target=check, args=(seed,)) for seed in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert failures == []
