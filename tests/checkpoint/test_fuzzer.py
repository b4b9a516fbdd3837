"""A short run of the fuzzer of hostile checkpoints, its finds of before, and that it finds what is wrong."""

import os
import subprocess
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest

from checkpoint.committed import DATA, ROOT
from checkpoint.hostile_cases import fuzz, made
from ostinato.checkpoint import Checkpoint, CheckpointError, bundle, files

FINDS = sorted(path for path in (DATA.parent / "hostile_checkpoints").iterdir() if path.is_dir())
SOURCE = str(Path(files.__file__).parents[2])


def test_five_thousand_inputs_are_read_or_refused(tmp_path):
    """Not the inputs of longer runs again: those have seeds of their own."""
    tool = str(ROOT / "tools" / "fuzz_checkpoint.py")
    run = subprocess.run(
        [sys.executable, tool, "--inputs", "5000", "--seed", "777", "--finds", str(tmp_path)],
        env={**os.environ, "PYTHONPATH": SOURCE, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
    )
    assert run.returncode == 0, run.stdout + run.stderr
    assert "5,000 inputs of seed 777, 0 finds" in run.stdout
    for kind in ("bundle", "version 1", "changed bytes", "changed blocks", "mixed files", "state"):
        for outcome in ("read", "refused"):
            assert f"{kind:15} {outcome}" in run.stdout
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("folder", FINDS, ids=[path.name for path in FINDS])
def test_what_was_found_before_is_read_or_refused(folder):
    path = folder / "checkpoint"
    path = path if path.exists() else folder / "model.ckpt"
    assert fuzz.attempt(str(path), "find", None) in ("read", "refused")  # it raises where it is wrong


# -- the fuzzer itself
@pytest.fixture
def fuzzer(tmp_path, monkeypatch):
    monkeypatch.setattr(fuzz.resource, "setrlimit", lambda *arguments: None)
    with warnings.catch_warnings():
        yield fuzz.Fuzzer(str(tmp_path), 1)


def honest(fuzzer):
    return next(case for case in fuzzer.seeds if case.folder == "tf1/adam")


def test_an_input_is_the_same_every_time(fuzzer):
    for number in range(200):
        assert fuzzer.input(number) == fuzzer.input(number)
    assert len({repr(fuzzer.input(number)) for number in range(200)}) == 200


def test_an_honest_checkpoint_is_read(fuzzer):
    assert fuzzer.run(honest(fuzzer), traced=True) == ("read", "")
    assert len(fuzzer.seeds) > 20
    assert sum(bool(read) for read in fuzzer.honest) > 20


def raises(error):
    def view(*arguments):
        raise error

    return view


def warns(*arguments):
    warnings.warn("a wrong number", RuntimeWarning, stacklevel=1)


def takes_long(*arguments):
    while True:
        pass


def takes_memory(reader, name):
    np.zeros(50 << 20, np.uint8)
    array = reader.read(name)
    array.flags.writeable = False
    return array


def changed(reader, name):
    array = reader.read(name)
    array.reshape(-1).view(np.uint8)[:1] ^= 1
    array.flags.writeable = False
    return array


def of_another_shape(reader, name):
    array = reader.read(name)[None]
    array.flags.writeable = False
    return array


WRONG = {
    "ZeroDivisionError": raises(ZeroDivisionError()),
    "RecursionError": raises(RecursionError()),
    "MemoryError": raises(MemoryError()),
    "an error that does not say what is wrong": raises(CheckpointError("model", 1, "")),
    "an error at byte 99999 of a file of": raises(CheckpointError(__file__, 99999, "it is wrong")),
    "RuntimeWarning: a wrong number": warns,
    "TooLong": takes_long,
    "bytes of memory for files of": takes_memory,
    "has other elements when it is mapped than when it is read": changed,
    "float32(1, ": of_another_shape,
}


@pytest.mark.parametrize("words", WRONG)
def test_what_is_wrong_is_a_find(fuzzer, monkeypatch, words):
    monkeypatch.setattr(bundle.Bundle, "view", WRONG[words])
    monkeypatch.setattr(fuzz, "_ALARM", 1)
    outcome, said = fuzzer.run(honest(fuzzer), traced=True)
    assert outcome == "find"
    assert words in said


def test_a_file_left_open_is_a_find(fuzzer, monkeypatch):
    read, left_open = Checkpoint.read, []

    def leaves_open(checkpoint, names=None):
        left_open.append(os.open(os.devnull, os.O_RDONLY))
        return read(checkpoint, names)

    monkeypatch.setattr(Checkpoint, "read", leaves_open)
    assert fuzzer.run(honest(fuzzer)) == ("find", "a file was left open")
    for descriptor in left_open:
        os.close(descriptor)


def test_an_element_that_changed_unnoticed_is_a_find(fuzzer, monkeypatch):
    number = fuzzer.seeds.index(honest(fuzzer))
    case = made.Input(honest(fuzzer).files, honest(fuzzer).path, "changed bytes", number)
    assert fuzzer.run(case) == ("read", "")
    (name, *_) = fuzzer.honest[number]
    fuzzer.honest[number][name] = b"other bytes"
    outcome, said = fuzzer.run(case)
    assert outcome == "find"
    assert "was changed in the file, and is read all the same" in said


def test_a_find_is_kept(fuzzer, tmp_path):
    fuzz.keep(tmp_path / "kept", honest(fuzzer), "what is wrong")
    assert {path.name for path in (tmp_path / "kept").iterdir()} == {*honest(fuzzer).files, "find.txt"}
    assert "what is wrong" in (tmp_path / "kept" / "find.txt").read_text()
