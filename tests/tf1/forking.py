"""Runs of `ostinato run` without the seconds that importing torch takes: each is a fork of one process that
has it imported.
"""

from __future__ import annotations

import atexit
import functools
import gc
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

SOURCE = str(Path(__file__).parents[2] / "src")


class Forks:
    """The parent process, as its user sees it."""

    def __init__(self) -> None:
        environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": SOURCE}
        self._process = subprocess.Popen(
            [sys.executable, __file__],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=environment,
        )
        assert self._answer() == "ready"

    def start(self, *command: Any) -> int:
        """Run a command of `ostinato`, what it prints with our errors; its process's number."""
        return self._start(".", "", "", *command)

    def run(self, folder: Path, *command: Any) -> subprocess.CompletedProcess[str]:
        """Run a command of `ostinato` in a folder, to its end."""
        with tempfile.TemporaryDirectory() as written:
            output, errors = Path(written, "output"), Path(written, "errors")
            code = self.wait(self._start(folder, output, errors, *command))
            return subprocess.CompletedProcess(command, code, output.read_text(), errors.read_text())

    def wait(self, pid: int) -> int:
        """How the process ended: its exit code, or minus the signal that ended it."""
        self._ask("wait", pid)
        return int(self._answer())

    def kill(self, pid: int) -> int:
        os.kill(pid, signal.SIGKILL)  # it is not waited for yet, so the number is still its own
        return self.wait(pid)

    def close(self) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait(20)
        self._process.stdout.close()

    def _start(self, *words: Any) -> int:
        self._ask("start", *words)
        return int(self._answer())

    def _ask(self, *words: Any) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write("\t".join(str(word) for word in words) + "\n")
        self._process.stdin.flush()

    def _answer(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline().strip()


@functools.cache
def shared() -> Forks:
    """The parent of all tests of this process that need no one of their own."""
    forks = Forks()
    atexit.register(forks.close)
    return forks


def _serve() -> None:
    import ostinato.tf1.shadow
    from ostinato.cli.main import main

    ostinato.tf1.shadow.modules()
    gc.freeze()  # what is not looked at in a fork is not copied
    answers = sys.stdout
    print("ready", file=answers, flush=True)
    for line in sys.stdin:
        kind, *words = line.rstrip("\n").split("\t")
        if kind == "wait":
            code = os.waitstatus_to_exitcode(os.waitpid(int(words[0]), 0)[1])
            print(code, file=answers, flush=True)
            continue
        pid = os.fork()
        if not pid:
            folder, output, errors, *command = words
            _redirect(output, errors)
            os.chdir(folder)
            _end(main, command)
        print(pid, file=answers, flush=True)


def _end(main: Callable[[list[str]], int], command: list[str]) -> None:
    """Run a command to its end, and leave at once: taking all of torch apart would take a second."""
    code: Any = 1
    try:
        code = main(command)
    except SystemExit as ended:
        code = ended.code
    finally:
        atexit._run_exitfuncs()
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code if isinstance(code, int) else int(code is not None))


def _redirect(output: str, errors: str) -> None:
    """Write to these files; where there are none, what is printed is no answer, but goes where errors do."""
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    for path, descriptor in ((errors, 2), (output, 1)):
        opened = os.open(path, os.O_WRONLY | os.O_CREAT) if path else 2
        os.dup2(opened, descriptor)


if __name__ == "__main__":
    _serve()
