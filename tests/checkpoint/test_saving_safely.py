"""What may go wrong around a save, and what must still be there after it."""

import errno
import os
import stat
import subprocess
import sys
import tempfile
import threading
import time
import warnings

import numpy as np
import pytest

from ostinato.checkpoint import files, flushed, load_checkpoint, save_checkpoint, writer


def test_an_index_that_cannot_be_opened_ends_the_save(tmp_path, monkeypatch):
    # Taken for no index at all, its data would be written over.
    save_checkpoint(tmp_path / "model", {"x": 1})
    present = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    real = os.open

    def refuse(path, *arguments, **options):
        if str(path).endswith(".index"):
            raise OSError(errno.EMFILE, "Too many open files")
        return real(path, *arguments, **options)

    monkeypatch.setattr(files.os, "open", refuse)
    with pytest.raises(OSError, match="Too many open files; what was there before is intact") as raised:
        save_checkpoint(tmp_path / "model", {"x": 2})
    monkeypatch.undo()
    assert raised.value.errno == errno.EMFILE
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == present


def test_the_data_of_a_damaged_index_is_not_written_over(tmp_path, monkeypatch):
    for number in range(2):
        save_checkpoint(tmp_path / "model", {"x": number})
    whole = (tmp_path / "model.index").read_bytes()
    (tmp_path / "model.index").write_bytes(whole[:-1])
    data = tmp_path / "model.data-00000-of-00002"
    before = data.read_bytes()

    def fail(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(writer, "write_atomically", fail)
        with pytest.raises(OSError, match="No space left"):
            save_checkpoint(tmp_path / "model", {"x": 2})
    assert data.read_bytes() == before
    (tmp_path / "model.index").write_bytes(whole)  # from a copy
    assert load_checkpoint(tmp_path / "model")["x"] == 1
    (tmp_path / "model.index").write_bytes(whole[:-1])
    save_checkpoint(tmp_path / "model", {"x": 3})
    assert load_checkpoint(tmp_path / "model")["x"] == 3
    assert sorted(path.name for path in tmp_path.iterdir()) == ["model.data-00000-of-00001", "model.index"]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_a_process_forked_during_a_save_does_not_keep_the_folder_locked(tmp_path):
    inside, go_on = threading.Event(), threading.Event()

    def save():
        with files.alone_in(str(tmp_path)):
            inside.set()
            go_on.wait()

    saver = threading.Thread(target=save)
    saver.start()
    inside.wait()
    read, write = os.pipe()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of forking with threads, which is the point
        pid = os.fork()
    if not pid:
        os.close(write)
        os.read(read, 1)  # until the parent is done
        os._exit(0)
    try:
        go_on.set()
        saver.join()
        start = time.monotonic()
        thread = threading.Thread(target=save_checkpoint, args=(tmp_path / "model", {"x": 1}), daemon=True)
        thread.start()
        thread.join(10)
        assert not thread.is_alive(), f"still waiting after {time.monotonic() - start:.0f} s"
    finally:
        os.close(write)
        os.close(read)
        os.waitpid(pid, 0)


def test_savers_of_one_folder_wait_for_each_other(tmp_path):
    order = []

    def save(number):
        with files.alone_in(str(tmp_path)):
            order.append(number)
            time.sleep(0.01)
            order.append(number)

    threads = [threading.Thread(target=save, args=(number,)) for number in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert order[::2] == order[1::2]


def calls_of_a_save(prefix, monkeypatch):
    """What a save asks of the system, in order: (call, name of the file)."""
    calls = []
    real = {name: getattr(os, name) for name in ("fsync", "replace", "unlink")}

    def flush(descriptor):
        name = os.path.basename(os.readlink(f"/proc/self/fd/{descriptor}"))
        calls.append(("flush", name))
        return real["fsync"](descriptor)

    def replaced(source, target):
        calls.append(("replace", os.path.basename(target)))
        return real["replace"](source, target)

    def unlinked(path):
        real["unlink"](path)  # what is not there is not of interest
        calls.append(("unlink", os.path.basename(path)))

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", flush)
        patched.setattr(os, "replace", replaced)
        patched.setattr(os, "unlink", unlinked)
        save_checkpoint(prefix, {"x": 1})
    return calls


@pytest.mark.skipif(not os.path.isdir("/proc/self/fd"), reason="names of open files are read from /proc")
def test_the_new_checkpoint_is_on_the_disk_before_it_takes_the_place_of_the_old(tmp_path, monkeypatch):
    # A power cut may come between any two of these: each must have reached the disk before the next begins.
    folder = tmp_path.name
    assert calls_of_a_save(tmp_path / "model", monkeypatch) == [
        ("flush", "model.data-00000-of-00001"),
        ("flush", folder),
        ("flush", ".model.index.new"),
        ("replace", "model.index"),
        ("flush", folder),
    ]
    assert calls_of_a_save(tmp_path / "model", monkeypatch) == [
        ("flush", "model.data-00001-of-00002"),
        ("flush", "model.data-00000-of-00002"),
        ("flush", folder),
        ("flush", ".model.index.new"),
        ("replace", "model.index"),
        ("flush", folder),
        ("unlink", "model.data-00000-of-00001"),
    ]


def test_a_flush_that_fails_meanwhile_fails_the_save(tmp_path, monkeypatch):
    # The system tells of it once. The flush at the end succeeds, and what was lost stays lost.
    save_checkpoint(tmp_path / "model", {"x": 1})
    monkeypatch.setattr(flushed, "_FLUSH_EVERY", 1 << 20)
    real, failed = os.fsync, []

    def fail_once(descriptor):
        if not failed:
            failed.append(descriptor)
            raise OSError(errno.EIO, "Input/output error")
        return real(descriptor)

    monkeypatch.setattr(flushed.os, "fsync", fail_once)
    with pytest.raises(OSError, match="Input/output error; what was there before is intact"):
        save_checkpoint(tmp_path / "model", {"x": np.zeros(1 << 20)})
    assert failed
    assert load_checkpoint(tmp_path / "model")["x"] == 1


@pytest.mark.parametrize("number", [errno.EINVAL, errno.ENOTSUP])
def test_a_folder_that_cannot_be_flushed_is_saved_to(number, tmp_path, monkeypatch):
    real = os.fsync

    def refuse_folders(descriptor):
        if stat.S_ISDIR(os.fstat(descriptor).st_mode):
            raise OSError(number, os.strerror(number))
        return real(descriptor)

    monkeypatch.setattr(files.os, "fsync", refuse_folders)
    save_checkpoint(tmp_path / "model", {"x": 1})
    assert load_checkpoint(tmp_path / "model")["x"] == 1


def test_a_folder_that_cannot_be_opened_is_saved_to(tmp_path, monkeypatch):
    real = os.open

    def refuse_folders(path, *arguments, **options):
        if os.path.isdir(path):
            raise PermissionError(errno.EACCES, "Permission denied")
        return real(path, *arguments, **options)

    monkeypatch.setattr(files.os, "open", refuse_folders)
    save_checkpoint(tmp_path / "model", {"x": 1})
    assert load_checkpoint(tmp_path / "model")["x"] == 1


def test_a_folder_beside_a_prefix_of_its_name(tmp_path):
    (tmp_path / "run").mkdir()
    save_checkpoint(tmp_path / "run" / "model", {"x": 1})
    save_checkpoint(tmp_path / "run", {"x": 2})
    assert load_checkpoint(tmp_path / "run")["x"] == 2
    assert load_checkpoint(f"{tmp_path}/run/")["x"] == 1


WRITER = """
import sys, time
from ostinato.checkpoint.files import replaced
path, letter = sys.argv[1:]
for _ in range(20):
    with replaced(path) as file:
        for _ in range(10):
            file.write(letter.encode() * 1000)
            file.flush()
"""


def test_processes_that_write_one_file_do_not_mix(tmp_path):
    path = tmp_path / "out"
    writers = [subprocess.Popen([sys.executable, "-c", WRITER, str(path), letter]) for letter in "abc"]
    seen = set()
    while any(writer.poll() is None for writer in writers):
        if path.exists():
            seen.add(path.read_bytes())
        time.sleep(0.001)
    assert [writer.returncode for writer in writers] == [0, 0, 0]
    seen.add(path.read_bytes())
    assert seen <= {letter * 10_000 for letter in (b"a", b"b", b"c")}
    assert os.listdir(tmp_path) == ["out"]


def test_what_somebody_else_put_in_the_place_of_the_temporary_file_is_not_written_to(tmp_path):
    (tmp_path / "secret").write_bytes(b"secret")
    (tmp_path / ".out.new").symlink_to(tmp_path / "secret")
    with pytest.raises(OSError, match="symbolic links"), files.replaced(str(tmp_path / "out")):
        pass
    (tmp_path / ".out.new").unlink()
    os.link(tmp_path / "secret", tmp_path / ".out.new")
    with files.replaced(str(tmp_path / "out")) as file:
        file.write(b"mine")
    assert (tmp_path / "secret").read_bytes() == b"secret"
    assert (tmp_path / "out").read_bytes() == b"mine"
    assert sorted(os.listdir(tmp_path)) == ["out", "secret"]


def test_what_is_trained_while_it_is_saved_can_be_read(tmp_path):
    weights, over = np.zeros(1 << 20), threading.Event()

    def train():
        while not over.is_set():
            weights[:] += 1

    trainer = threading.Thread(target=train)
    trainer.start()
    try:
        for _ in range(10):
            load_checkpoint(save_checkpoint(tmp_path / "model", {"weights": weights})).read()
    finally:
        over.set()
        trainer.join()


@pytest.mark.parametrize("saves_before", [0, 1, 2])
def test_a_save_in_the_midst_of_another_as_from_a_signals_handler(saves_before, tmp_path, monkeypatch):
    names = ("open", "fsync", "replace", "unlink", "close", "listdir", "stat")
    real = {name: getattr(os, name) for name in names}
    outer, inner, last = np.full(10, 1.0), np.full(10, 2.0), np.full(10, 3.0)
    for number in range(1000):
        folder = tmp_path / str(number)
        folder.mkdir()
        prefix = folder / "model"
        for _ in range(saves_before):
            save_checkpoint(prefix, {"x": np.zeros(10)})
        calls, inside = [], []

        def interrupted(name, calls=calls, inside=inside, number=number, prefix=prefix):
            def call(*arguments, **named):
                if not inside:
                    calls.append(name)
                    if len(calls) == number + 1:
                        inside.append(name)
                        save_checkpoint(prefix, {"x": inner})
                        assert load_checkpoint(prefix).read()["x"].tolist() == inner.tolist()
                return real[name](*arguments, **named)

            return call

        with monkeypatch.context() as patched:
            for name in names:
                patched.setattr(os, name, interrupted(name))
            save_checkpoint(prefix, {"x": outer})
        found = load_checkpoint(prefix).read()["x"].tolist()
        assert found in (outer.tolist(), inner.tolist()), (number, calls)
        if not inside:
            break
        save_checkpoint(prefix, {"x": last})
        assert load_checkpoint(prefix).read()["x"].tolist() == last.tolist()
        left = [path.name for path in folder.iterdir() if ".data-" in path.name]
        assert len({name.partition("-of-")[2] for name in left}) == 1, left
        assert not [path.name for path in folder.iterdir() if path.name.endswith(".new")]
    assert number > 10


# A handler that runs before every single instruction, in turn, of what locks, names and flushes files: Python
# runs handlers between any two. One that waits for what it has interrupted never ends.
INTERRUPTED = """
import faulthandler, os, sys
import numpy as np
from ostinato.checkpoint import CheckpointState, files, load_checkpoint, save_checkpoint
from ostinato.checkpoint import write_checkpoint_state

folder = sys.argv[1]
number, seen, handled = 0, 0, False
os.fsync = os.fstat  # some thousand waits for the disk would tell nothing more

def interrupt():
    global handled
    handled = True
    save_checkpoint(f"{folder}/model", {"x": np.full(10, -number)})
    assert set(load_checkpoint(f"{folder}/model").read()["x"].tolist()) == {-number}
    write_checkpoint_state(folder, CheckpointState("last"))

def trace(frame, event, argument):
    global seen
    if frame.f_code.co_filename != files.__file__:
        return None
    frame.f_trace_opcodes, frame.f_trace_lines = True, False
    if event == "opcode" and not handled:
        seen += 1
        if seen > number:
            sys.settrace(None)
            interrupt()
    return trace

save_checkpoint(f"{folder}/model", {"x": np.full(10, 0)})
while True:
    number, seen, handled = number + 1, 0, False
    if number % 100 == 1:
        faulthandler.dump_traceback_later(50, exit=True)
    sys.settrace(trace)
    save_checkpoint(f"{folder}/model", {"x": np.full(10, number)})
    write_checkpoint_state(folder, CheckpointState("model"))
    sys.settrace(None)
    found = set(load_checkpoint(f"{folder}/model").read()["x"].tolist())
    assert found in ({number}, {-number}), (number, found)
    if not handled:
        break
print(number)
"""


def test_a_handler_that_saves_neither_waits_nor_does_harm():
    memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None  # a disk is slow to rename
    with tempfile.TemporaryDirectory(dir=memory) as folder:
        command = [sys.executable, "-c", INTERRUPTED, folder]
        done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > 300
