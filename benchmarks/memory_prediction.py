"""Does `plan_memory` say what comes? Random cells, batches, times and limits, from a fixed seed."""

from __future__ import annotations

import dataclasses
import math
import random
import statistics
from collections.abc import Callable, Sequence

from benchmarks import memory_process
from benchmarks.memory_process import TaskFailed
from benchmarks.memory_run import Verdict
from benchmarks.memory_works import CELLS, MIB, Task

SEED, COUNT = 4, 20
# A step of a cell in Python takes a hundred times as long as one of an op, and keeps many small tensors.
PYTHON = "minimal gated unit in Python"


@dataclasses.dataclass(frozen=True)
class Prediction:
    """One random task: what was predicted and what came, in bytes and seconds; `note`: why nothing did."""

    task: Task
    limit: int
    plan: str = ""
    predicted_bytes: float = math.nan
    predicted_seconds: float = math.nan
    step_bytes: float = math.nan
    seconds: float = math.nan
    note: str = ""

    @property
    def excess(self) -> float:
        """The part of the limit by which the measured peak is beyond it; negative where it is not."""
        return self.step_bytes / self.limit - 1

    @property
    def time_ratio(self) -> float:
        """Measured seconds by predicted ones."""
        return self.seconds / self.predicted_seconds


def random_tasks(threads: int, count: int = COUNT, shrink: int = 1) -> list[Task]:
    """`count` tasks under a limit of 64 to 256 MiB; they would keep from a third of it to eight times it.

    >>> len({task.cell for task in random_tasks(1)}) == len(CELLS)
    True
    """
    draw = random.Random(SEED)
    tasks = []
    for number in range(count):
        cell = list(CELLS)[number % len(CELLS)]
        limit = int(64 * MIB * 4 ** draw.random())
        share = 8 ** (draw.random() * 1.5 - 0.5)
        units, inputs = draw.choice((32, 64, 128, 256)), draw.choice((8, 12, 32, 64, 128))
        batch = draw.choice((1, 2, 4, 8, 16, 32, 64))
        if cell == PYTHON:
            units, batch = draw.choice((128, 256)), draw.choice((32, 64))
        kept = 4 * batch * units * (14 if cell == PYTHON else 5)  # bytes a step, about
        operations = 8 * batch * units * (2 * inputs + 3 * units)
        steps = min(share * limit / kept, 6e11 / operations, 10_000 if cell == PYTHON else 500_000)
        steps = max(50, int(steps) // shrink)
        options = {"memory_limit": limit}
        tasks.append(Task(cell, batch, steps, inputs, units, threads, "dynamic_rnn", "predict", options))
    return tasks


def measure(tasks: Sequence[Task], tell: Callable[[str], object] = print) -> list[Prediction]:
    """Ask for each prediction in a process of its own, then see what comes."""
    found = []
    for number, task in enumerate(tasks, start=1):
        tell(f"prediction {number} of {len(tasks)}: {describe(task)}")
        prediction = Prediction(task, task.options["memory_limit"])
        try:
            found.append(_measure(prediction))
        except TaskFailed as error:
            found.append(dataclasses.replace(prediction, note=str(error)))
    return found


def _measure(prediction: Prediction) -> Prediction:
    task = prediction.task
    asked = memory_process.run(task)
    nothing = memory_process.run(dataclasses.replace(task, mode="baseline"))
    watched = memory_process.run(dataclasses.replace(task, mode="memory"))
    timed = memory_process.run(dataclasses.replace(task, mode="time"))
    return dataclasses.replace(
        prediction,
        plan=asked["plan"],
        predicted_bytes=asked["bytes"],
        predicted_seconds=asked["seconds"],
        step_bytes=watched["peak"] - nothing["peak"],
        seconds=timed["seconds"],
    )


def describe(task: Task) -> str:
    sizes = f"{task.units} units, {task.inputs} inputs, batch {task.batch}, {task.steps:,} steps"
    return f"{task.cell}, {sizes}, {task.options['memory_limit'] / MIB:.0f} MiB"


def judge(predictions: Sequence[Prediction]) -> list[Verdict]:
    """The bars of the predictions; a task that failed misses the first."""
    measured = [one for one in predictions if not one.note]
    failed = len(measured) < len(predictions)
    if not measured:
        return []
    off = [max(one.time_ratio, 1 / one.time_ratio) for one in measured]
    bars = [
        ("largest peak, as a part of its limit", 1 + max(one.excess for one in measured), 1.05),
        ("time: median factor between predicted and measured", statistics.median(off), 1.3),
        ("time: largest factor", max(off), 2.0),
    ]
    return [
        Verdict("prediction", asked, value, most, "x", value <= most and not failed)
        for asked, value, most in bars
    ]
