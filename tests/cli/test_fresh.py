"""Processes that have computed nothing before, and what is seen of their memory."""

import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from ostinato.cli import fresh
from ostinato.cli.resident import Window, peak, watched

SIZE = 64 * 2**20


def hold(seconds: float) -> Window | None:
    """Hold `SIZE` bytes for `seconds`, at least a moment."""

    def work() -> None:
        array = np.ones(SIZE, np.uint8)
        time.sleep(seconds)
        del array

    return watched(work)


def fail(reason: str) -> None:
    raise ValueError(f"{reason}\nat length")


def end(number: int) -> None:
    os.kill(os.getpid(), number)


def process(_: None) -> int:
    return os.getpid()


@pytest.mark.parametrize("seconds", [0.0, 0.1], ids=["between two samples", "over many samples"])
def test_a_peak_is_seen_from_outside(seconds: float) -> None:
    window, samples = fresh.run(hold, seconds)
    inside = window.of(samples)
    assert inside[0] == window.begin
    assert inside[-1] == window.end
    # Without a sample at the peak, pages of files that came after it are taken off as well.
    assert 0.97 * SIZE <= peak(window, samples) - window.begin.anonymous < 1.1 * SIZE
    if seconds:
        assert len(inside) > 20
        assert max(sample.anonymous for sample in inside) - window.begin.anonymous >= SIZE
        # What the process did before is not in the window.
        assert len(inside) < len(samples)


def test_files_do_not_count(tmp_path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"1" * SIZE)
    window = watched(lambda: np.memmap(path, np.uint8, "r").sum())
    assert window is not None
    assert window.mark - window.begin.anonymous - window.begin.files >= SIZE * 0.9
    assert max(sample.anonymous for sample in window.of([])) - window.begin.anonymous < SIZE / 10


def test_each_run_has_a_process_of_its_own() -> None:
    found = {fresh.run(process, None).value for _ in range(2)}
    assert len(found | {os.getpid()}) == 3


def test_an_error_is_told_in_one_line() -> None:
    with pytest.raises(fresh.Failed, match=r"^ValueError: at length$"):
        fresh.run(fail, "too large")


def test_a_process_that_is_killed_says_so() -> None:
    with pytest.raises(fresh.Failed, match=rf"^exit code -{signal.SIGKILL:d}$"):
        fresh.run(end, signal.SIGKILL)


def test_ctrl_c_ends_all_at_once_without_a_word(tmp_path) -> None:
    command = [sys.executable, "-m", "ostinato", "compare", "--timesteps", "2", "--output", str(tmp_path)]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stderr=pipe, stdout=pipe, text=True, start_new_session=True) as running:
        first = running.stderr.readline()
        time.sleep(0.3)  # the process that others are forked from is still importing
        os.killpg(running.pid, signal.SIGINT)
        assert running.wait(timeout=20) == 130
        assert first.startswith("measuring ")
        assert all(line.startswith("measuring ") for line in running.stderr)
        assert running.stdout.read() == ""
