"""What may go wrong around a save, and what must still be there after it."""

import errno
import os
import threading
import time
import warnings

import pytest

from ostinato.checkpoint import files, load_checkpoint, save_checkpoint, writer


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
