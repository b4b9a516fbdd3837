"""Saves that fail, at any call to the system, and saves beside others: a whole checkpoint is always there."""

import builtins
import errno
import os
import resource
import subprocess
import sys
from pathlib import Path

import ml_dtypes
import numpy as np
import pytest

from ostinato.checkpoint import files, flushed, load_checkpoint, save_checkpoint

OLD = {"a": np.arange(4.0), "name": np.array([b"old"], object)}
NEW = {"a": np.arange(5.0) + 1, "name": np.array([b"new"], object), "b": np.ones(300_000, np.float32)}


def what_is_there(prefix):
    """ "old" or "new"; anything else fails."""
    with load_checkpoint(prefix) as checkpoint:
        values = checkpoint.read()
        views = {name: checkpoint[name] for name in checkpoint}
    for name, wanted in (("old", OLD), ("new", NEW)):
        if values.keys() == wanted.keys():
            for key, value in wanted.items():
                np.testing.assert_array_equal(values[key], value)
                np.testing.assert_array_equal(views[key], value)
            return name
    raise AssertionError(f"it has {list(values)}")


def own_files(prefix):
    """The names of the files that the checkpoint there consists of."""
    with load_checkpoint(prefix) as checkpoint:
        shards = checkpoint.shards
    base = os.path.basename(prefix)
    return {f"{base}.index"} | {f"{base}.data-{shard:05}-of-{shards:05}" for shard in range(shards)}


class Failure:
    """Makes the call of a number fail, of all calls to the system that a save makes."""

    def __init__(self, monkeypatch, number, error, after):
        self.number, self.error, self.after = number, error, after
        self.calls = []
        for name in ("open", "fsync", "replace", "unlink", "close", "listdir"):
            monkeypatch.setattr(os, name, self.wrapped(name, getattr(os, name)))
        for module in (files, flushed):
            monkeypatch.setattr(module, "open", self.wrapped("create", self.opened), raising=False)

    def wrapped(self, name, function):
        def call(*arguments, **named):
            at = len(self.calls)
            self.calls.append(name)
            # What was closed cannot stay open for an error's sake, or the test would leave it so.
            if at == self.number and not self.after and name != "close":
                raise self.error
            result = function(*arguments, **named)
            if at == self.number and (self.after or name == "close"):
                if name in ("open", "create"):
                    (os.close if name == "open" else lambda file: file.close())(result)
                raise self.error
            return result

        return call

    def opened(self, *arguments, **named):
        file = builtins.open(*arguments, **named)  # noqa: SIM115
        return Written(file, self.wrapped("write", file.write))


class Written:
    """A file whose writing is a call that may fail."""

    def __init__(self, file, write):
        self.file, self.write = file, write

    def __getattr__(self, name):
        return getattr(self.file, name)

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.file.close()


ERRORS = [
    (OSError(errno.ENOSPC, "No space left on device"), False),
    (OSError(errno.EIO, "Input/output error"), True),
    (KeyboardInterrupt(), False),
    (KeyboardInterrupt(), True),
]


@pytest.mark.parametrize(("error", "after"), ERRORS, ids=["full", "damaged", "stopped", "stopped after"])
@pytest.mark.parametrize("saves_before", [0, 1, 2])
def test_a_save_that_fails_anywhere_leaves_a_whole_checkpoint(tmp_path, error, after, saves_before):
    outcomes = []
    for number in range(1000):
        folder = tmp_path / str(number)
        folder.mkdir()
        prefix = str(folder / "model.ckpt")
        for _ in range(saves_before):
            save_checkpoint(prefix, OLD)
        before = set(os.listdir(folder))
        with pytest.MonkeyPatch.context() as patch:
            failure = Failure(patch, number, error, after)
            try:
                save_checkpoint(prefix, NEW)
                raised = None
            except (OSError, KeyboardInterrupt) as caught:
                raised = caught
            finally:
                calls = failure.calls
        assert raised is None or type(raised) is type(error)
        now = set(os.listdir(folder))
        if saves_before or raised is None or "model.ckpt.index" in now:
            there = what_is_there(prefix)
            assert there == "new" or raised is not None
            if "cannot save the checkpoint" in str(raised):
                assert ("what was there before is intact" in str(raised)) == (there == "old"), raised
            spare = now - own_files(prefix)
            if after and calls[number : number + 1] == ["open"]:
                # The temporary file was made, but nobody was told: it is empty, and the next save's.
                spare -= {
                    name for name in spare if name.endswith(".new") and not os.path.getsize(folder / name)
                }
            assert spare <= (before if there == "new" else set()), (calls, number, spare)
            outcomes.append((there, raised is None))
        else:
            assert now <= ({".model.ckpt.index.new"} if after else set()), (calls, number, now)
        save_checkpoint(prefix, OLD)
        assert set(os.listdir(folder)) == own_files(prefix)
        assert what_is_there(prefix) == "old"
        if number >= len(calls):
            break
    assert {("new", True)} <= set(outcomes)
    assert saves_before == 0 or ("old", False) in outcomes
    assert {"open", "create", "write", "fsync", "replace", "unlink", "close", "listdir"} == set(calls)


def test_a_file_that_may_not_grow_is_an_error_and_the_old_checkpoint_stays(tmp_path):
    prefix = save_checkpoint(tmp_path / "model.ckpt", OLD)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, hard))
    try:
        with pytest.raises(OSError, match="what was there before is intact") as caught:
            save_checkpoint(prefix, NEW)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert caught.value.errno == errno.EFBIG
    assert caught.value.filename == prefix
    assert what_is_there(prefix) == "old"
    assert set(os.listdir(tmp_path)) == own_files(prefix)


class Broken:
    def __array__(self, dtype=None, copy=None):
        raise RuntimeError("it cannot be had")


@pytest.mark.parametrize(
    ("name", "value", "kind", "reason"),
    [
        ("x", None, TypeError, r"None \(NoneType\)"),
        ("x", [None, b"a"], TypeError, r"None \(NoneType\)"),
        ("x", object(), TypeError, r"\(object\)"),
        ("x", np.array([b"a", 1], object), TypeError, r"\(int\): numbers of numpy's types"),
        ("x", [b"a", 1], TypeError, r"\(int\): numbers of numpy's types"),
        ("x", ["a", 1], TypeError, r"\(int\): numbers of numpy's types"),
        ("x", [[1], [1, 2]], ValueError, "The tensor 'x' is no array"),
        ("x", [[b"a"], [b"a", b"b"]], ValueError, "The tensor 'x' is no array"),
        ("x", "\ud800", ValueError, "which is no UTF-8 text"),
        ("x", np.zeros(2, "M8[s]"), TypeError, "which TensorFlow does not have"),
        ("x", np.zeros(2, "V3"), TypeError, "which TensorFlow does not have"),
        ("x", np.zeros(2, [("a", "f4")]), TypeError, "which TensorFlow does not have"),
        ("x", np.zeros(2, np.longdouble), TypeError, "which TensorFlow does not have"),
        ("x", Broken(), TypeError, "is no array: it cannot be had"),
        ("", 1, ValueError, "the empty name"),
        ("\ud800", 1, ValueError, "is no UTF-8 text"),
        (7, 1, TypeError, "named by strings"),
        (b"x", 1, TypeError, "named by strings"),
        (None, 1, TypeError, "named by strings"),
    ],
)
def test_what_cannot_be_saved_leaves_the_old_checkpoint(tmp_path, name, value, kind, reason):
    prefix = save_checkpoint(tmp_path / "model.ckpt", OLD)
    with pytest.raises(kind, match=reason):
        save_checkpoint(prefix, {"a": np.zeros(100_000), name: value})
    assert what_is_there(prefix) == "old"
    assert set(os.listdir(tmp_path)) == own_files(prefix)


@pytest.mark.parametrize("prefix", ["", "a\0b", "{folder}/none/model", "{folder}/a/model"])
def test_a_prefix_that_cannot_be_is_an_error(tmp_path, prefix):
    (tmp_path / "a").write_bytes(b"")
    with pytest.raises((ValueError, OSError), match=r"empty|zero byte|no such folder"):
        save_checkpoint(prefix.format(folder=tmp_path), OLD)
    assert os.listdir(tmp_path) == ["a"]


def test_a_folder_in_place_of_the_index_is_an_error(tmp_path):
    (tmp_path / "model.ckpt.index").mkdir()
    with pytest.raises(OSError, match="cannot save the checkpoint"):
        save_checkpoint(tmp_path / "model.ckpt", OLD)
    assert os.listdir(tmp_path) == ["model.ckpt.index"]


def nested(depth):
    return nested(depth - 1)[None] if depth else np.arange(3.0)


def holding(value):
    held = np.empty((), object)
    held[()] = value
    return held


ODD = {
    "zeros at the end": ([b"a\0", b"\0\0", b""], np.array([b"a\0", b"\0\0", b""], object)),
    "text": (["é\0", "b"], np.array(["é\0".encode(), b"b"], object)),
    "text of numpy": (np.array([["a", "é"]]), np.array([[b"a", "é".encode()]], object)),
    "bytes of numpy": (np.array([b"a", b"bc"]), np.array([b"a", b"bc"], object)),
    "one string": (b"a\0", holding(b"a\0")),
    "one string of numpy": (np.bytes_(b"a\0"), holding(b"a\0")),
    "one object": (holding("a"), holding(b"a")),
    "no strings": (np.empty((0, 3), object), np.empty((0, 3), object)),
    "other byte order": (np.arange(3, dtype=">i4"), np.arange(3, dtype="i4")),
    "other byte order, turned": (
        np.arange(6, dtype=">c16").reshape(2, 3).T,
        np.arange(6.0).reshape(2, 3).T + 0j,
    ),
    "other byte order, one": (np.array(5, ">f8"), np.array(5.0)),
    "other byte order, none": (np.zeros((0, 2), ">f8"), np.zeros((0, 2))),
    "quantized, other byte order": (
        np.array([(5,)], [("qint16", ">i2")]),
        np.array([(5,)], [("qint16", "i2")]),
    ),
    "turned": (np.arange(6).reshape(2, 3).T, np.arange(6).reshape(2, 3).T.copy()),
    "backwards": (np.arange(6)[::-2], np.array([5, 3, 1])),
    "repeated": (np.broadcast_to(np.float32(7), (3, 2)), np.full((3, 2), 7, np.float32)),
    "bfloat16, turned": (np.ones((2, 3), ml_dtypes.bfloat16).T, np.ones((3, 2), ml_dtypes.bfloat16)),
    "sixty-four axes": (nested(63), nested(63)),
    "numbers of Python": ([[1, 2], [3, 4]], np.array([[1, 2], [3, 4]])),
    "a truth": (True, np.array(True)),
}


@pytest.mark.parametrize("case", ODD)
def test_odd_values_are_saved_as_they_are(tmp_path, case):
    value, wanted = ODD[case]
    found = load_checkpoint(save_checkpoint(tmp_path / "model.ckpt", {"x": value})).read()["x"]
    assert (found.shape, found.dtype) == (wanted.shape, wanted.dtype)
    assert found.tolist() == wanted.tolist()


def test_a_mapped_file_is_saved(tmp_path):
    mapped = np.memmap(tmp_path / "values", np.float32, "w+", shape=(100, 7))
    mapped[:] = 3
    found = load_checkpoint(save_checkpoint(tmp_path / "model.ckpt", {"x": mapped[:, ::2]}))["x"]
    assert found.shape == (100, 4)
    assert (found == 3).all()


NAMES = [
    "\0",
    "\0a\0\1\0",
    "a\nb",
    " ",
    "/",
    "../x",
    "é",
    "\U0001f600",
    "x" * 100_000,
    "x" * 100_000 + "y",
    "a",
    "a\0",
]


def test_odd_names_are_saved_as_they_are(tmp_path):
    """One of them is how a slice of all of 'a' is called, which has no axes."""
    tensors = {name: np.array(number) for number, name in enumerate(NAMES)}
    with load_checkpoint(save_checkpoint(tmp_path / "model.ckpt", tensors)) as checkpoint:
        assert checkpoint.read() == tensors
        assert list(checkpoint) == sorted(NAMES)


SAVER = """
import sys
import numpy as np
from ostinato.checkpoint import save_checkpoint
prefix, number = sys.argv[1], int(sys.argv[2])
for step in range(int(sys.argv[3])):
    save_checkpoint(prefix, {f"{name}{number}": np.full(2_000, 1000 * number + step) for name in "abc"})
"""


def test_savers_of_one_prefix_and_a_reader_meet_whole_checkpoints_only(tmp_path):
    prefix = str(tmp_path / "model.ckpt")
    save_checkpoint(prefix, {f"{name}9": np.full(2_000, 9000) for name in "abc"})
    source = str(Path(files.__file__).parents[2])
    savers = [
        subprocess.Popen(
            [sys.executable, "-W", "error", "-c", SAVER, prefix, str(number), "40"],
            env={**os.environ, "PYTHONPATH": source, "OMP_NUM_THREADS": "1"},
        )
        for number in range(4)
    ]
    seen = set()
    while any(saver.poll() is None for saver in savers):
        with load_checkpoint(prefix) as checkpoint:
            values = checkpoint.read()
        numbers = {int(number) for value in values.values() for number in (value[0], value[-1])}
        (number,) = numbers
        assert list(values) == [f"{name}{number // 1000}" for name in "abc"]
        seen.add(number)
    assert [saver.returncode for saver in savers] == [0] * 4
    assert len(seen) > 4
    assert set(os.listdir(tmp_path)) == own_files(prefix)
