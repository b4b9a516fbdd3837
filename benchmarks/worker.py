"""Peers in processes of their own: a worker stays alive and is asked for one sample at a time.

So a peer that needs another environment (TensorFlow, JAX), or torch with another setting, takes part in the
same rounds as those of this process. Only one process works at a time.
"""

from __future__ import annotations

import dataclasses
import json
import os
import select
import shutil
import subprocess
import tempfile
import time
from collections.abc import Mapping

import numpy as np

from benchmarks.environments import ROOT
from benchmarks.work import Work


class PeerFailed(Exception):
    """A peer's process ended, took too long, or reported an error."""


class Worker:
    """A process of `python -m benchmarks.peers.serve KIND`.

    Args:
        python: the interpreter of its environment.
        kind: "tensorflow", "jax" or "torch".
        threads: that it computes with.
        environment: variables on top of this process's.
        patience: seconds to wait for any one answer.
    """

    def __init__(
        self,
        python: str,
        kind: str,
        threads: int,
        environment: Mapping[str, str] | None = None,
        patience: float = 400.0,
    ) -> None:
        self.kind, self._patience = kind, patience
        self._folder = tempfile.mkdtemp(prefix="ostinato-bench-")
        self._count = 0
        self._rest = b""
        # Its complaints are kept, for the message if it ends.
        self._errors = open(os.path.join(self._folder, "errors"), "wb+")  # noqa: SIM115
        cores = sorted(os.sched_getaffinity(0))[:threads] if hasattr(os, "sched_getaffinity") else None
        variables = {
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "TF_CPP_MIN_LOG_LEVEL": "3",
            **(environment or {}),
        }
        try:
            self._process = subprocess.Popen(
                [python, "-m", "benchmarks.peers.serve", kind, str(threads)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._errors,
                env=variables,
                cwd=ROOT,
                start_new_session=True,  # Ctrl-C is for this process alone
            )
        except OSError as error:
            self._errors.close()
            shutil.rmtree(self._folder, ignore_errors=True)
            raise PeerFailed(f"{python} cannot be started: {error.strerror}.") from error
        if kind == "jax" and cores is not None:
            # XLA takes as many threads as the process may use cores, and has no other setting.
            os.sched_setaffinity(self._process.pid, cores)

    def load(self, name: str, peer: str, work: Work, data: Mapping[str, np.ndarray]) -> Remote:
        """Build `peer` for `work`; it then is a contender called `name`."""
        self._count += 1
        paths = {
            what: os.path.join(self._folder, f"{what}-{self._count}.npz") for what in ("data", "results")
        }
        np.savez(paths["data"], **data)
        try:
            self.ask(do="load", program=self._count, peer=peer, work=dataclasses.asdict(work), **paths)
            with np.load(paths["results"]) as file:
                results = {key: file[key] for key in file.files}
        finally:
            for path in paths.values():
                if os.path.exists(path):
                    os.unlink(path)
        return Remote(self, name, self._count, results)

    def ask(self, **request: object) -> dict:
        """Send a request and wait for its answer.

        Raises:
            PeerFailed: the process ended, answered with an error, or not in time (it is ended then).
        """
        try:
            assert self._process.stdin is not None
            self._process.stdin.write(json.dumps(request).encode() + b"\n")
            self._process.stdin.flush()
            answer = json.loads(self._line())
        except (OSError, ValueError) as error:
            raise PeerFailed(f"The process of {self.kind} failed: {error}. {self._complaint()}") from error
        except BaseException:
            self.close()  # an answer that nobody has read would be taken for the next one's
            raise
        if "error" in answer:
            raise PeerFailed(f"{self.kind} failed: {answer['error'].strip().splitlines()[-1]}")
        return answer

    def _line(self) -> bytes:
        assert self._process.stdout is not None
        end = time.monotonic() + self._patience
        while b"\n" not in self._rest:
            left = end - time.monotonic()
            if left <= 0 or not select.select([self._process.stdout], [], [], left)[0]:
                self.close()
                raise PeerFailed(f"{self.kind} gave no answer within {self._patience:.0f} s.")
            chunk = os.read(self._process.stdout.fileno(), 1 << 16)
            if not chunk:
                raise OSError("it has ended")
            self._rest += chunk
        line, _, self._rest = self._rest.partition(b"\n")
        return line

    def _complaint(self) -> str:
        if self._errors.closed:
            return ""
        self._errors.seek(0)
        lines = self._errors.read().decode(errors="replace").strip().splitlines()
        return lines[-1] if lines else ""

    def close(self) -> None:
        """End the process."""
        self._process.kill()
        self._process.wait()
        for stream in (self._process.stdin, self._process.stdout, self._errors):
            if stream is not None and not stream.closed:
                try:
                    stream.close()
                except BrokenPipeError:
                    continue  # a request that the process has not read
        shutil.rmtree(self._folder, ignore_errors=True)


class Remote:
    """A contender in a worker."""

    def __init__(self, worker: Worker, name: str, program: int, results: Mapping[str, np.ndarray]) -> None:
        self.process, self.name = worker, name
        self._program, self._results = program, results

    def results(self) -> Mapping[str, np.ndarray]:
        return self._results

    def sample(self, calls: int) -> float:
        return float(self.process.ask(do="sample", program=self._program, calls=calls)["seconds"])

    def close(self) -> None:
        self.process.ask(do="drop", program=self._program)
