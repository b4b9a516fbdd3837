"""What stands where a checkpoint's files should: folders, pipes, devices, links, what leads in circles."""

import errno
import mmap
import os
import signal
import threading

import numpy as np
import pytest

from checkpoint.hostile_cases import fuzz
from ostinato.checkpoint import (
    CheckpointError,
    CheckpointState,
    files,
    latest_checkpoint,
    load_checkpoint,
    paths,
    read_checkpoint_state,
    save_checkpoint,
    write_checkpoint_state,
)
from ostinato.checkpoint.state import parse_state

WAYS = [load_checkpoint, latest_checkpoint, read_checkpoint_state]


@pytest.fixture(autouse=True)
def _no_waiting():
    """What would wait for ever ends after ten seconds."""

    def ring(number, frame):
        raise TimeoutError("it waits")

    before = signal.signal(signal.SIGALRM, ring)
    signal.alarm(10)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


def refusal(way, path):
    with pytest.raises(CheckpointError) as caught:
        way(path)
    fuzz.check_error(caught.value)
    return str(caught.value)


@pytest.fixture
def saved(tmp_path):
    return save_checkpoint(tmp_path / "model.ckpt", {"a": np.arange(3.0)})


def as_folder(path):
    path.mkdir()


def as_pipe(path):
    os.mkfifo(path)


def as_device(path):
    path.symlink_to("/dev/zero")


def as_link_to_itself(path):
    path.symlink_to(path)


def as_link_to_nothing(path):
    path.symlink_to(path.parent / "nothing")


INSTEAD = [as_folder, as_pipe, as_device, as_link_to_itself, as_link_to_nothing]


@pytest.mark.parametrize("make", INSTEAD)
@pytest.mark.parametrize("suffix", [".index", ".data-00000-of-00001"])
def test_something_else_in_place_of_a_file_is_refused(tmp_path, saved, make, suffix):
    (tmp_path / f"model.ckpt{suffix}").unlink()
    make(tmp_path / f"model.ckpt{suffix}")
    for path in (saved, saved + ".index", saved + ".data-00000-of-00001", tmp_path):
        refusal(load_checkpoint, path)


@pytest.mark.parametrize("make", INSTEAD)
def test_something_else_in_place_of_a_state_file_is_refused(tmp_path, make):
    make(tmp_path / "checkpoint")
    for way in WAYS:
        assert "checkpoint" in refusal(way, tmp_path)


@pytest.mark.parametrize("make", INSTEAD)
def test_something_else_in_place_of_a_first_format_file_is_refused(tmp_path, make):
    for name in ("old", "old-00000-of-00002", "old-00001-of-00002"):
        make(tmp_path / name)
    for name in ("old", "old-00000-of-00002", "old-?????-of-00002"):
        refusal(load_checkpoint, tmp_path / name)


def test_a_data_file_that_links_to_the_right_one_is_read(tmp_path, saved):
    data = tmp_path / "model.ckpt.data-00000-of-00001"
    data.rename(tmp_path / "elsewhere")
    data.symlink_to(tmp_path / "elsewhere")
    assert load_checkpoint(saved)["a"].tolist() == [0, 1, 2]


@pytest.mark.parametrize(
    "names",
    [["checkpoint"], ["./checkpoint"], ["one", "checkpoint"], ["../{here}/checkpoint"], ["."], [".."]],
)
def test_state_files_that_name_each_other_are_refused(tmp_path, names):
    here = ["checkpoint", *names[:-1]]
    for file, named in zip(here, names, strict=True):
        named = named.format(here=tmp_path.name)
        (tmp_path / file).write_text(f'model_checkpoint_path: "{named}"\n')
    refusal(load_checkpoint, tmp_path)
    refusal(load_checkpoint, tmp_path / "checkpoint")


def test_folders_and_files_that_lead_to_each_other_are_refused(tmp_path):
    """A file of a first-format checkpoint, whose pattern is a folder with a state file that names it."""
    folder = tmp_path / "old-?????-of-00001"
    folder.mkdir()
    (folder / "checkpoint").write_text('model_checkpoint_path: "../old-00000-of-00001"\n')
    (tmp_path / "old-00000-of-00001").write_bytes(bytes(40) + bytes.fromhex("57fb808b247547db"))
    for path in (folder, tmp_path / "old-00000-of-00001"):
        refusal(load_checkpoint, path)


def test_the_numbers_of_a_first_format_file_in_several_are_all_there(tmp_path):
    for name in ("old-00000-of-00002", "old-00007-of-00002"):
        (tmp_path / name).write_bytes(b"")
    assert "only 1 of its 2 files are there" in refusal(load_checkpoint, tmp_path / "old")
    (tmp_path / "old-00001-of-00002").write_bytes(b"")
    assert "one of its 2 files has the number 7" in refusal(load_checkpoint, tmp_path / "old")


@pytest.mark.parametrize(
    "path", ["", "a\0b", "nothing/there", "x" * 5000, "model.ckpt\n", "\udcff", "/dev/null", "/proc/self/mem"]
)
def test_a_name_that_is_no_checkpoint_is_refused(tmp_path, saved, path):
    refusal(load_checkpoint, os.path.join(tmp_path, path) if path else f"{tmp_path}/none")
    if path.startswith("/"):
        refusal(load_checkpoint, path)


def test_a_name_may_be_bytes(tmp_path, saved):
    assert load_checkpoint(os.fsencode(saved))["a"].tolist() == [0, 1, 2]
    assert save_checkpoint(os.fsencode(saved), {"a": 1}) == saved
    assert load_checkpoint(saved)["a"] == 1
    write_checkpoint_state(os.fsencode(tmp_path), CheckpointState("model.ckpt"))
    assert latest_checkpoint(os.fsencode(tmp_path)) == saved


def test_a_state_file_that_goes_while_it_is_read_is_refused(tmp_path, saved, monkeypatch):
    (tmp_path / "checkpoint").write_text('model_checkpoint_path: "model.ckpt"\n')
    recognise = paths.is_state_file

    def remove(path):
        found = recognise(path)
        os.unlink(path)
        return found

    monkeypatch.setattr(paths, "is_state_file", remove)
    assert "it was removed while it was read" in refusal(load_checkpoint, tmp_path)


def test_a_missing_file_is_no_state(tmp_path):
    assert read_checkpoint_state(tmp_path) is None
    assert latest_checkpoint(tmp_path / "nowhere") is None


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "it names no latest checkpoint"),
        ("model_checkpoint_path: 7", "model_checkpoint_path is 7.0"),
        ('model_checkpoint_path: ""', "it names no latest checkpoint"),
        ('model_checkpoint_path: "a\\000b"', "a path with a zero byte in it"),
        ('model_checkpoint_path: "\\377"', "a path that is not UTF-8 text"),
        ('model_checkpoint_path: "\\q"', "the unknown escape \\q"),
        ('model_checkpoint_path: "a\nb"', "a string that is not closed"),
        ('model_checkpoint_path: "a', "a string that is not closed"),
        ("model_checkpoint_path: \"a'", "a string that is not closed"),
        ("model_checkpoint_path:", "model_checkpoint_path has no value"),
        ('model_checkpoint_path "a"', "this is no state file"),
        ('model_checkpoint_path: "a" 7', "this is no state file"),
        ('model_checkpoint_path: "a"\nlast_preserved_timestamp: "b"', "last_preserved_timestamp is 'b'"),
        ('model_checkpoint_path: "a"\nlast_preserved_timestamp: 0x10', "'0x10' is no number"),
        ('model_checkpoint_path: "a" { }', "this is no state file"),
        ("\0" * 100, "this is no state file"),
        ("\x80\x04import os", "this is no state file"),
    ],
)
def test_a_wrong_state_file_is_refused(tmp_path, text, reason):
    (tmp_path / "checkpoint").write_bytes(text.encode("latin-1"))
    for way in (read_checkpoint_state, latest_checkpoint):
        assert reason in refusal(way, tmp_path)
    refusal(load_checkpoint, tmp_path)


def test_numbers_in_a_state_file_may_have_exponents():
    text = (
        b'model_checkpoint_path: "a" last_preserved_timestamp: 1.5e-05 all_model_checkpoint_timestamps: -1E+3'
    )
    state = parse_state(text)
    assert (state.last_preserved_timestamp, state.all_model_checkpoint_timestamps) == (1.5e-5, (-1000.0,))


@pytest.mark.parametrize("path", ["a\nb", 'a"b', "a'b", "a\\b", "é", "\x7f\x01", "#", "a b"])
def test_a_state_file_holds_any_name(tmp_path, path):
    state = CheckpointState(path, (path, "b"), (np.float64(1.5), np.float32(2.5)), np.float64(0.1))
    write_checkpoint_state(tmp_path, state)
    read = read_checkpoint_state(tmp_path)
    assert read.model_checkpoint_path == os.path.join(tmp_path, path)
    assert read.all_model_checkpoint_timestamps == (1.5, 2.5)
    assert read.last_preserved_timestamp == 0.1


@pytest.mark.parametrize(("path", "reason"), [("a\0b", "a zero byte"), ("a\udcff", "no UTF-8 text")])
def test_a_state_file_is_not_written_that_could_not_be_read(tmp_path, path, reason):
    write_checkpoint_state(tmp_path, CheckpointState("before"))
    for state in (CheckpointState(path), CheckpointState("a", (path,))):
        with pytest.raises(ValueError, match=reason):
            write_checkpoint_state(tmp_path, state)
    assert read_checkpoint_state(tmp_path).model_checkpoint_path == os.path.join(tmp_path, "before")
    assert os.listdir(tmp_path) == ["checkpoint"]


# -- what the system refuses
def test_a_file_that_was_cut_while_it_is_open_is_refused(tmp_path, saved):
    path = saved + ".data-00000-of-00001"
    with load_checkpoint(saved) as checkpoint:
        os.truncate(path, 10)
        with pytest.raises(CheckpointError, match="it was cut while it was read"):
            checkpoint.read()
        with pytest.raises(CheckpointError, match="it cannot be mapped"):
            checkpoint["a"]


@pytest.mark.parametrize("name", ["mmap", "preadv"])
def test_an_error_of_the_system_names_the_file(monkeypatch, saved, name):
    def refuse(*arguments, **named):
        raise OSError(errno.EIO, "Input/output error")

    with load_checkpoint(saved) as checkpoint:
        monkeypatch.setattr(mmap if name == "mmap" else files.os, name, refuse)
        with pytest.raises(CheckpointError, match="Input/output error") as caught:
            checkpoint["a"] if name == "mmap" else checkpoint.read()
        assert caught.value.path == saved + ".data-00000-of-00001"


def test_a_folder_that_cannot_be_listed_is_refused(monkeypatch, tmp_path):
    def refuse(path):
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(os, "listdir", refuse)
    assert "the folder cannot be read: Permission denied" in refusal(load_checkpoint, tmp_path)


@pytest.mark.parametrize("most", [0, 1])
def test_too_many_open_files_are_an_error_and_no_file_stays_open(saved, monkeypatch, most):
    opened, closed = [], []
    really_open, really_close = os.open, os.close

    def limited(path, *arguments):
        if len(opened) - len(closed) >= most:
            raise OSError(errno.EMFILE, "Too many open files", path)
        opened.append(really_open(path, *arguments))
        return opened[-1]

    def close(descriptor):
        closed.append(descriptor)
        really_close(descriptor)

    monkeypatch.setattr(os, "open", limited)
    monkeypatch.setattr(os, "close", close)
    assert "Too many open files" in refusal(load_checkpoint, saved)
    assert len(opened) == len(closed) == most


def test_a_reader_beside_a_saver_sees_one_or_the_other_whole(tmp_path):
    """Two saves between the opening of the index and of the data bring other data under the same name."""
    prefix = save_checkpoint(tmp_path / "model.ckpt", {"a": np.zeros(5_000), "b": np.zeros(5_000)})
    failures, over = [], threading.Event()

    def read():
        while not over.is_set():
            try:
                with load_checkpoint(prefix) as checkpoint:
                    values = [*checkpoint.read().values(), checkpoint["a"], checkpoint["b"]]
                found = {float(number) for value in values for number in (value[0], value[-1])}
                if len(found) != 1:
                    failures.append(found)
            except Exception as error:
                failures.append(error)

    readers = [threading.Thread(target=read) for _ in range(2)]
    for reader in readers:
        reader.start()
    for step in range(150):
        save_checkpoint(prefix, {"a": np.full(5_000, step), "b": np.full(5_000, step)})
    over.set()
    for reader in readers:
        reader.join()
    assert failures == []
