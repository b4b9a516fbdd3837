"""Run the contenders of a work, each in fresh processes, and judge them by the work's bars."""

from __future__ import annotations

import dataclasses
import math
import statistics
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np

from benchmarks import memory_process
from benchmarks.measure import difference
from benchmarks.memory_process import TaskFailed
from benchmarks.memory_works import MIB, Bar, Contender, Task, Work

# max|difference| / max|value| between gradients of the first kernel. Sums of a million products in another
# order differ by less, another formula by far more.
SAME = 2e-3


@dataclasses.dataclass(frozen=True)
class Found:
    """What was measured of one contender.

    Attributes:
        contender: its name.
        forward_bytes, step_bytes: peak anonymous memory of a forward pass alone, and of a whole step, beyond
            what the same script holds with the op replaced by nothing.
        seconds: of a step, one figure a process.
        limit: the memory limit that it was given because of another contender's figure.
        gradient_difference: of its gradient from the first contender's.
        note: why something is missing.
    """

    contender: str
    forward_bytes: int | None = None
    step_bytes: int | None = None
    seconds: tuple[float, ...] = ()
    limit: int | None = None
    gradient_difference: float | None = None
    note: str = ""

    @property
    def bytes(self) -> float:
        """The larger of the two peaks; not a number where one is missing."""
        if self.forward_bytes is None or self.step_bytes is None:
            return math.nan
        return max(self.forward_bytes, self.step_bytes)

    @property
    def median(self) -> float:
        return statistics.median(self.seconds) if self.seconds else math.nan


@dataclasses.dataclass(frozen=True)
class Verdict:
    """A bar and what was measured: bytes, or a ratio. `met` None: not judged."""

    work: str
    asked: str
    measured: float
    most: float
    unit: str
    met: bool | None


def measure_work(
    work: Work, threads: int, rounds: int, least_limit: int = 0, tell: Callable[[str], object] = print
) -> list[Found]:
    """Memory first, each contender in processes of its own; then times, the contenders in turn."""
    with tempfile.TemporaryDirectory(prefix="ostinato-bench-") as folder:
        found: dict[str, Found] = {}
        tasks = {}
        for contender in work.contenders:
            tell(f"{work.name}: memory of {contender.name}")
            limit = _limit(work, contender, found, least_limit)
            if limit is not None:
                contender = dataclasses.replace(contender, options={"memory_limit": limit})
            tasks[contender.name] = _task(work, contender, threads, "time")
            found[contender.name] = _memory(contender, tasks[contender.name], Path(folder), limit)
        first = work.contenders[0].name
        compare_gradients(Path(folder), found, first)
    for number in range(rounds):
        for name, task in tasks.items():
            if not found[name].note:
                tell(f"{work.name}: time of {name}, round {number + 1} of {rounds}")
                found[name] = _timed(found[name], task)
    return list(found.values())


def _task(work: Work, contender: Contender, threads: int, mode: str) -> Task:
    sizes = (work.cell, work.batch, work.steps, work.inputs, work.units)
    return Task(*sizes, threads, contender.way, mode, contender.options, work.device)


def _limit(work: Work, contender: Contender, found: Mapping[str, Found], least: int) -> int | None:
    """The limit of a contender that has none of its own and is to have a fiftieth of another's memory."""
    if work.limit_of is None or contender is not work.contenders[-1]:
        return None
    measured = found[work.limit_of].bytes
    return least if math.isnan(measured) else max(least, int(measured / 50))


def _memory(contender: Contender, task: Task, folder: Path, limit: int | None) -> Found:
    peaks = {}
    for mode in ("baseline", "forward", "memory"):
        gradient = str(folder / f"{contender.name}.npy".replace("/", " ")) if mode == "memory" else None
        try:
            peaks[mode] = memory_process.run(dataclasses.replace(task, mode=mode, gradient=gradient))["peak"]
        except TaskFailed as error:
            return Found(contender.name, limit=limit, note=str(error))
    forward, step = (peaks[mode] - peaks["baseline"] for mode in ("forward", "memory"))
    return Found(contender.name, forward, step, limit=limit)


def _timed(found: Found, task: Task) -> Found:
    try:
        seconds = memory_process.run(task)["seconds"]
    except TaskFailed as error:
        return dataclasses.replace(found, note=str(error))
    return dataclasses.replace(found, seconds=(*found.seconds, seconds))


def compare_gradients(folder: Path, found: dict[str, Found], first: str) -> None:
    """Write into `found` how far each gradient is from the first contender's; beyond `SAME` it is a fault."""
    arrays = {path.stem: np.load(path) for path in folder.glob("*.npy")}
    exact = arrays.get(first.replace("/", " "))
    for name, figures in found.items():
        array = arrays.get(name.replace("/", " "))
        if array is None or exact is None:
            continue
        value = difference({"gradient": array}, {"gradient": exact})["gradient"]
        wrong = not value <= SAME
        note = (
            f"its gradient differs from that of {first} by {value:.0e} of the largest value" if wrong else ""
        )
        found[name] = dataclasses.replace(figures, gradient_difference=value, note=figures.note or note)


def judge(work: Work, found: Sequence[Found], known: Mapping[str, Found]) -> list[Verdict]:
    """Each bar of `work`. `known` has figures of works before, as "WORK: CONTENDER"."""
    figures = {**known, **{one.contender: one for one in found}}
    return [_verdict(work, bar, figures) for bar in work.bars]


def _verdict(work: Work, bar: Bar, figures: Mapping[str, Found]) -> Verdict:
    def value(name: str) -> float:
        if name not in figures:
            return math.nan
        return figures[name].bytes if bar.quantity == "bytes" else figures[name].median

    if bar.against is None:
        asked, measured, most, unit = (
            f"memory of {bar.contender}",
            value(bar.contender) / MIB,
            bar.most / MIB,
            "MiB",
        )
    else:
        quantity = "memory" if bar.quantity == "bytes" else "time"
        asked = f"{quantity} of {bar.contender}, as a part of that of {bar.against}"
        measured, most, unit = value(bar.contender) / value(bar.against), bar.most, "x"
    met = None if math.isnan(measured) and not figures[bar.contender].note else measured <= most
    return Verdict(work.name, asked, measured, most, unit, met)
