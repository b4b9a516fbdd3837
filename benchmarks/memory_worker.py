"""The process of one task of `make bench-memory`: python -m benchmarks.memory_worker TASK prints JSON.

In the mode "baseline" the same script allocates and touches what every way has to hold, at once: inputs,
outputs, output gradients and parameters. What it holds beyond that in the other modes is its own.
"""

from __future__ import annotations

import ctypes
import dataclasses
import gc
import json
import sys
import time
from typing import Any

import numpy as np
import torch

import ostinato
from benchmarks.memory_works import CELLS, Program, Task, build, gradient
from ostinato.cli.resident import watched

# A step that took less is timed a second time: the first one meets fresh memory and empty caches.
LONG_SECONDS = 5.0


def main(argument: str) -> None:
    """Do the task that `argument`, JSON, describes."""
    task = Task(**json.loads(argument))
    torch.set_num_threads(task.threads)
    warm_up(task)
    if task.mode == "predict":
        json.dump(predict(task), sys.stdout)
        return
    program = build(task)
    trim()
    found = time_steps(task, program) if task.mode == "time" else watch_step(task, program)
    if task.gradient is not None:
        np.save(task.gradient, gradient(program.module).cpu().numpy())
    json.dump(found, sys.stdout)


def warm_up(task: Task) -> None:
    """A step over a few time steps: imports, thread pools, kernels and buffers are then in place."""
    small = build(dataclasses.replace(task, steps=20))
    small.run(small.inputs).backward(small.output_gradient)
    synchronise(task)


def trim() -> None:
    """Give freed memory back to the system, where the C library can: what a step takes is then seen."""
    gc.collect()
    release = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if release is not None:
        release(0)


def synchronise(task: Task) -> None:
    if task.device == "cuda":
        torch.cuda.synchronize()


def step(task: Task, program: Program) -> None:
    if task.mode == "baseline":
        outputs = torch.zeros_like(program.output_gradient)
    else:
        outputs = program.run(program.inputs)
    if task.mode in ("memory", "time"):
        outputs.backward(program.output_gradient)
    synchronise(task)


def watch_step(task: Task, program: Program) -> dict[str, Any]:
    """One step: its window; of a GPU, the most that torch had allocated there."""
    if task.device == "cuda":
        torch.cuda.reset_peak_memory_stats()
    window = watched(lambda: step(task, program))
    return {"window": window, "allocated": torch.cuda.max_memory_allocated()}


def time_steps(task: Task, program: Program) -> dict[str, Any]:
    """Seconds of a step, of the second where the first one was short."""
    times = []
    while len(times) < (1 if times and times[0] > LONG_SECONDS else 2):
        program.module.zero_grad()
        start = time.perf_counter()
        step(task, program)
        times.append(time.perf_counter() - start)
    return {"seconds": times[-1]}


def predict(task: Task) -> dict[str, Any]:
    """What `plan_memory` says of the task, before there are inputs."""
    cell = CELLS[task.cell](task.units, task.inputs)
    said = ostinato.plan_memory(
        cell, task.batch, task.steps, task.options["memory_limit"], input_size=task.inputs
    )
    every = "" if said.plan.every is None else f" every {' and '.join(map(str, said.plan.every))}"
    return {"plan": said.plan.kind + every, "bytes": said.peak_bytes, "seconds": said.seconds}


if __name__ == "__main__":
    main(sys.argv[1])
