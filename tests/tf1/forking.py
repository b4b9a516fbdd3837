"""Runs of `ostinato run` without the seconds that importing torch takes: each is a fork of one process that
has it imported.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
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
        """Run a command of `ostinato`; its process's number."""
        self._ask("start", *command)
        return int(self._answer())

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

    def _ask(self, *words: Any) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write("\t".join(str(word) for word in words) + "\n")
        self._process.stdin.flush()

    def _answer(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline().strip()


def _serve() -> None:
    import ostinato.tf1.shadow
    from ostinato.cli.main import main

    ostinato.tf1.shadow.modules()
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
            code = 1
            try:
                os.dup2(2, 1)  # what it prints is no answer
                code = main(words)
            finally:
                os._exit(code)
        print(pid, file=answers, flush=True)


if __name__ == "__main__":
    _serve()
