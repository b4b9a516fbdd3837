"""What the points of a run share: threads, workers, the machine's matmul rate."""

from __future__ import annotations

import dataclasses
import math
import os
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import torch

from benchmarks import ours
from benchmarks.environments import NotInstalled, environments
from benchmarks.measure import timed
from benchmarks.work import Work
from benchmarks.worker import Worker

if TYPE_CHECKING:
    from benchmarks.points import Row


class Context:
    """A run. `quick`: few rounds, nothing judged."""

    def __init__(self, threads: int, quick: bool = False) -> None:
        torch.set_num_threads(threads)
        self.threads, self.quick = threads, quick
        self.rounds = 3 if quick else None
        self.rates: dict[str, float] = {}
        self.best_size = 1024
        self._workers: dict[str, Worker] = {}
        self._data: dict[Work, Mapping[str, np.ndarray]] = {}
        self.measured: list[Row] = []

    def data(self, work: Work) -> Mapping[str, np.ndarray]:
        """The data of `work`; those of the last two works are kept, as a point rarely has more."""
        work = dataclasses.replace(work, dtype="float32")  # each contender converts for itself
        if work not in self._data:
            if len(self._data) > 1:
                self._data.pop(next(iter(self._data)))
            self._data[work] = ours.new_data(work)
        return self._data[work]

    def worker(self, name: str) -> Worker:
        """The live worker of an environment, started when first asked for.

        Raises:
            NotInstalled: there is no such environment.
        """
        python, kind, variables = environments()[name]
        if name not in self._workers:
            if not python.exists():
                raise NotInstalled("not installed: see `make peers`")
            self._workers[name] = Worker(str(python), kind, self.threads, variables)
        return self._workers[name]

    def forget(self, name: str) -> None:
        """End a worker that failed, so that the next point gets a new one."""
        if name in self._workers:
            self._workers.pop(name).close()

    def measure_rate(self, dtype: str) -> float:
        """Floating-point operations a second of the best torch.mm on all threads, the best seen so far."""
        for size in (256, 512) if self.quick else (512, 1024, 2048):
            matrices = [torch.randn(size, size).to(getattr(torch, dtype)) for _ in range(2)]
            operations = 2.0 * size**3
            timed(lambda m=matrices: torch.mm(*m), 2)
            for _ in range(3 if self.quick else 8):
                calls = max(1, math.ceil(1e9 / operations))
                rate = operations / (timed(lambda m=matrices: torch.mm(*m), calls) / calls)
                if rate > self.rates.get(dtype, 0.0):
                    self.rates[dtype] = rate
                    if dtype == "float32":
                        self.best_size = size
        return self.rates[dtype]

    def close(self) -> None:
        """End all workers."""
        for worker in self._workers.values():
            worker.close()
        self._workers.clear()


def busy() -> str:
    """A warning where other work keeps the machine busy; empty otherwise."""
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else 0.0
    return (
        f"The load of this machine is {load:.1f} before anything starts: figures are noise."
        if load > 0.7
        else ""
    )


def started() -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S %z")
