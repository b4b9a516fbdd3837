"""Laws: what is saved comes back, bit for bit, whatever it is and however it lies in memory."""

import pickle
import string
import subprocess
import sys
import tempfile

import ml_dtypes
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from ostinato.checkpoint import CheckpointError, load_checkpoint, save_checkpoint
from ostinato.checkpoint.dtypes import BY_NUMBER

NUMERIC = [
    element.dtype for element in BY_NUMBER.values() if element.dtype is not None and element.name != "string"
]
NAMES = st.text(string.ascii_letters + "/_.: é\x00", min_size=1, max_size=12)


@st.composite
def arrays(draw):
    dtype = draw(st.sampled_from(NUMERIC))
    shape = draw(hnp.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=3))
    narrow = {"int4": 15, "uint4": 15, "int2": 3, "uint2": 3, "float4_e2m1fn": 15, "bool": 1}
    most = narrow.get(dtype.name, 255)
    size = int(np.prod(shape)) * dtype.itemsize
    data = np.frombuffer(draw(st.binary(min_size=size, max_size=size)), np.uint8)
    array = (data & most).view(dtype).reshape(shape)
    layout = draw(st.sampled_from(["C", "transposed", "strided"]))
    if layout == "transposed":
        return array.T
    if layout == "strided" and array.ndim:
        return np.repeat(array, 2, axis=0)[::2]
    return array


@st.composite
def string_arrays(draw):
    shape = draw(hnp.array_shapes(min_dims=0, max_dims=2, min_side=0, max_side=4))
    array = np.empty(shape, object)
    for index in np.ndindex(shape):
        array[index] = draw(st.binary(max_size=300))
    return array


def same(found, expected):
    return (
        found.shape == expected.shape
        and found.dtype == expected.dtype
        and (
            found.tolist() == expected.tolist()
            if found.dtype == object
            else found.tobytes() == expected.tobytes()
        )
    )


@settings(max_examples=150, deadline=None)
@given(st.dictionaries(NAMES, st.one_of(arrays(), string_arrays()), max_size=6))
def test_what_is_saved_comes_back(tensors):
    with tempfile.TemporaryDirectory() as folder:
        prefix = save_checkpoint(f"{folder}/model.ckpt", tensors)
        with load_checkpoint(prefix) as checkpoint:
            assert list(checkpoint) == sorted(tensors)
            read = checkpoint.read()
            for name, expected in tensors.items():
                info = checkpoint.info(name)
                assert (info.shape, info.dtype, info.size) == (expected.shape, expected.dtype, expected.size)
                assert same(checkpoint[name], expected)
                assert same(read[name], expected)
                assert read[name].flags.writeable
                assert not checkpoint[name].flags.writeable
                assert checkpoint[name].flags.aligned


def test_a_checkpoint_saved_from_a_checkpoint_is_the_same(tmp_path):
    tensors = {
        "kernel": np.arange(12, dtype=np.float16).reshape(3, 4),
        "names": np.array([b"a\0", b""], object),
    }
    first = load_checkpoint(save_checkpoint(tmp_path / "one", tensors))
    save_checkpoint(tmp_path / "two", first)
    assert (tmp_path / "one.index").read_bytes() == (tmp_path / "two.index").read_bytes()
    data = ".data-00000-of-00001"
    assert (tmp_path / f"one{data}").read_bytes() == (tmp_path / f"two{data}").read_bytes()


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (1.5, np.array(1.5)),
        ([1, 2], np.array([1, 2])),
        (True, np.array(True)),
        ("é", np.array("é".encode(), object)),
        (b"a\0", np.array(b"a\0", object)),
        (["a", "bc"], np.array([b"a", b"bc"], object)),
        (np.array(["a", b"b\0"], object), np.array([b"a", b"b\0"], object)),
        (np.arange(3, dtype=">i4"), np.arange(3, dtype=np.int32)),
        (np.array([1, 2], ">f8")[::-1], np.array([2.0, 1.0])),
        (ml_dtypes.bfloat16(1.5), np.array(1.5, ml_dtypes.bfloat16)),
    ],
)
def test_values_that_are_no_arrays(tmp_path, value, expected):
    prefix = save_checkpoint(tmp_path / "model", {"x": value})
    assert same(load_checkpoint(prefix)["x"], expected)


@pytest.mark.parametrize(
    "value", [object(), None, [None], np.datetime64("2017-01-01"), np.longdouble(1), {1: 2}, 2**70]
)
def test_values_that_tensorflow_does_not_have(tmp_path, value):
    save_checkpoint(tmp_path / "model", {"x": 1})
    with pytest.raises(TypeError, match="The tensor 'x'"):
        save_checkpoint(tmp_path / "model", {"x": value})
    assert load_checkpoint(tmp_path / "model")["x"] == 1


def test_tensors_that_give_no_array_are_named(tmp_path):
    torch = pytest.importorskip("torch")
    masked = np.ma.masked_array([1.0, 2.0], [False, True])
    for value in (torch.ones(2, dtype=torch.bfloat16), torch.ones(2, requires_grad=True), masked):
        with pytest.raises(TypeError, match="The tensor 'x'"):
            save_checkpoint(tmp_path / "model", {"x": value})
    save_checkpoint(tmp_path / "model", {"x": torch.ones(2)})
    assert load_checkpoint(tmp_path / "model")["x"].tolist() == [1, 1]


def test_names_must_be_names(tmp_path):
    with pytest.raises(TypeError, match="named by strings; got 7"):
        save_checkpoint(tmp_path / "model", {7: 1})
    with pytest.raises(ValueError, match="empty name"):
        save_checkpoint(tmp_path / "model", {"": 1})
    with pytest.raises(FileNotFoundError, match="no such folder"):
        save_checkpoint(tmp_path / "nowhere" / "model", {"x": 1})
    with pytest.raises(ValueError, match="it is empty"):
        save_checkpoint("", {"x": 1})
    assert list(tmp_path.iterdir()) == []


def test_saves_at_one_prefix_take_turns_between_two_files(tmp_path):
    counts = []
    for number in range(4):
        save_checkpoint(tmp_path / "model", {"x": number})
        assert load_checkpoint(tmp_path / "model")["x"] == number
        counts.append(sorted(path.name.partition(".")[2] for path in tmp_path.iterdir()))
    one, two = ["data-00000-of-00001", "index"], ["data-00000-of-00002", "data-00001-of-00002", "index"]
    assert counts == [one, two, one, two]


def test_a_folder_may_be_the_prefix(tmp_path):
    prefix = f"{tmp_path}/"
    for number in range(3):
        assert save_checkpoint(prefix, {"x": number}) == prefix
        assert load_checkpoint(prefix)["x"] == number
    assert load_checkpoint(tmp_path)["x"] == 2  # the only checkpoint in the folder
    assert sorted(path.name for path in tmp_path.iterdir()) == [".data-00000-of-00001", ".index"]


def test_what_a_killed_save_left_is_cleared_away(tmp_path):
    for name in (".model.index.new", "model.data-00000-of-00001", "model.data-00000-of-00002"):
        (tmp_path / name).write_bytes(b"half of it")
    save_checkpoint(tmp_path / "model", {"x": 1})
    assert sorted(path.name for path in tmp_path.iterdir()) == ["model.data-00000-of-00001", "model.index"]


def test_what_is_saved_can_be_mapped_whatever_lies_before_it(tmp_path):
    tensors = {
        "a": np.zeros(3, np.int8),
        "b": np.ones(2),
        "c": np.zeros(1, bool),
        "d": np.ones(1, np.complex64),
    }
    checkpoint = load_checkpoint(save_checkpoint(tmp_path / "model", tensors))
    for name in tensors:
        first, second = checkpoint[name], checkpoint[name]
        assert first.flags.aligned
        assert np.shares_memory(first, second)  # the file's, and no copies


def test_an_array_in_hand_outlives_the_checkpoint_it_came_from(tmp_path):
    prefix = save_checkpoint(tmp_path / "model", {"x": np.arange(1000)})
    checkpoint = load_checkpoint(prefix)
    array = checkpoint["x"]
    assert not array.flags.owndata
    checkpoint.close()
    for number in range(3):
        save_checkpoint(prefix, {"x": np.full(1000, number)})
    assert array.tolist() == list(range(1000))
    with pytest.raises(ValueError, match="was closed"):
        checkpoint["x"]
    assert checkpoint.info("x").shape == (1000,)


def test_a_checkpoint_opened_before_a_save_still_reads_the_old_values(tmp_path):
    prefix = save_checkpoint(tmp_path / "model", {"x": np.arange(10), "y": np.ones(3)})
    checkpoint = load_checkpoint(prefix)
    for number in range(3):
        save_checkpoint(prefix, {"x": np.full(10, number)})
    assert checkpoint.read(["x"])["x"].tolist() == list(range(10))
    assert checkpoint["y"].tolist() == [1, 1, 1]


def test_what_is_asked_for_and_not_there_is_named(tmp_path):
    checkpoint = load_checkpoint(save_checkpoint(tmp_path / "model", {"x": 1}))
    for ask in (checkpoint.__getitem__, checkpoint.info, lambda name: checkpoint.read([name])):
        with pytest.raises(KeyError, match="no tensor 'y' in the checkpoint"):
            ask("y")
    assert checkpoint.get("y") is None
    assert checkpoint.read([]) == {}
    assert "1 tensors" in repr(checkpoint)


def test_damage_is_found_in_what_is_read_and_elsewhere_does_no_harm(tmp_path):
    prefix = save_checkpoint(tmp_path / "model", {"x": np.zeros(8), "y": np.ones(8)})
    data = tmp_path / "model.data-00000-of-00001"
    content = bytearray(data.read_bytes())
    content[3] ^= 1
    data.write_bytes(content)
    checkpoint = load_checkpoint(prefix)
    assert checkpoint["y"].tolist() == [1] * 8
    for ask in (checkpoint.__getitem__, lambda name: checkpoint.read([name])):
        with pytest.raises(CheckpointError, match="byte 0: the checksum of 'x'") as raised:
            ask("x")
        assert (raised.value.path, raised.value.offset) == (str(data), 0)
    again = pickle.loads(pickle.dumps(raised.value))  # it crosses from a worker process
    assert (str(again), again.offset) == (str(raised.value), 0)


def test_ten_gigabytes_are_listed_in_little_time_and_memory(tmp_path):
    # A data file of holes, its index made by saving nothing of it: only sizes are believed before reading.
    code = f"""
import os, resource, sys, time
sys.modules["torch"] = None
from ostinato.checkpoint import load_checkpoint, messages
from ostinato.checkpoint.table_writer import build_table
size = 1 << 30
entries = [(b"", messages.header(1))]
for index in range(1000):
    entries.append((b"small/%04d" % index, messages.entry(1, (1,), 10 * size + 4 * index, 4, 0)))
for index in range(10):
    entries.insert(index + 1, (b"large/%d" % index, messages.entry(1, (size // 4,), index * size, size, 0)))
open({str(tmp_path / "m.index")!r}, "wb").write(build_table(entries))
with open({str(tmp_path / "m.data-00000-of-00001")!r}, "wb") as file:
    file.truncate(10 * size + 4000)
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
start = time.perf_counter()
checkpoint = load_checkpoint({str(tmp_path / "m")!r})
total = sum(info.nbytes for info in map(checkpoint.info, checkpoint))
seconds = time.perf_counter() - start
print(total, seconds, (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    total, seconds, memory = map(float, done.stdout.split())
    assert total == 10 * 2**30 + 4000
    assert seconds < 2  # milliseconds; a busy machine is allowed much
    assert memory < 16 << 20
