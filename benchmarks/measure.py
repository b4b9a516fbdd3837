"""Timing side by side: one sample of each contender in turn, again and again, in one run.

A machine's speed drifts with its heat and its neighbours. Contenders whose samples lie next to each other
drift together, so a ratio is taken within each round, and the median over the rounds counts.
"""

from __future__ import annotations

import math
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple, Protocol

import numpy as np

# A sample is long enough that the clock's resolution and one call's chance do not count.
SAMPLE_SECONDS = 5e-3
# Thread pools spin for some milliseconds after their last work. Before another process is timed, the threads
# of the one before get the time to fall asleep; telling them not to spin would slow their own work down.
PAUSE_SECONDS = 20e-3


class Contender(Protocol):
    """Something to time. `process` says in which process it works: None is this one."""

    name: str
    process: object | None

    def results(self) -> Mapping[str, np.ndarray]:
        """What it computes: `outputs`, and in training `gradients/NAME`, in TensorFlow 1's layout."""
        ...

    def sample(self, calls: int) -> float:
        """Seconds that `calls` calls took together."""
        ...

    def close(self) -> None:
        """Give back what it holds."""
        ...


class Local:
    """A contender in this process: `run` is one call."""

    process = None

    def __init__(
        self, name: str, run: Callable[[], object], results: Callable[[], Mapping[str, np.ndarray]]
    ) -> None:
        self.name, self._run, self._compute = name, run, results
        self._results: Mapping[str, np.ndarray] | None = None

    def results(self) -> Mapping[str, np.ndarray]:
        if self._results is None:  # each peer's are compared with them
            self._results = self._compute()
        return self._results

    def sample(self, calls: int) -> float:
        return timed(self._run, calls)

    def close(self) -> None:
        pass


def timed(run: Callable[[], object], calls: int) -> float:
    """Seconds that `calls` calls of `run` took together.

    Short works get a call before the clock starts: it wakes sleeping threads, and brings back into the
    caches what the contender before has driven out.
    """
    if calls > 1:
        run()
    start = time.perf_counter()
    for _ in range(calls):
        run()
    return time.perf_counter() - start


class Spread(NamedTuple):
    """A median with its quartiles."""

    median: float
    lower: float
    upper: float

    @classmethod
    def of(cls, values: Sequence[float]) -> Spread:
        """
        >>> Spread.of([5.0, 1.0, 2.0, 4.0, 3.0])
        Spread(median=3.0, lower=2.0, upper=4.0)
        """
        if len(values) < 2:
            return cls(values[0], values[0], values[0])
        lower, median, upper = statistics.quantiles(values, n=4, method="inclusive")
        return cls(median, lower, upper)


def interleave(
    contenders: Sequence[Contender],
    rounds: int | None = None,
    sample_seconds: float = SAMPLE_SECONDS,
    pause: Callable[[float], object] = time.sleep,
) -> dict[str, list[float]]:
    """Seconds a call, by contender, one figure a round. `rounds` None: 7, or more where calls are short."""
    calls: dict[str, int] = {}
    longest = 0.0
    before: object | None = None

    def sample(contender: Contender, count: int) -> float:
        nonlocal before
        if contender.process is not before:
            pause(PAUSE_SECONDS)
        before = contender.process
        return contender.sample(count) / count

    for contender in contenders:
        seconds = sample(contender, 1)  # the first calls allocate, compile and plan
        if seconds < 0.5:
            seconds = sample(contender, 1)
        if seconds < sample_seconds:
            seconds = sample(contender, max(2, math.ceil(sample_seconds / 5 / max(seconds, 1e-7))))
        calls[contender.name] = max(1, math.ceil(sample_seconds / max(seconds, 1e-7)))
        longest = max(longest, seconds)
    if rounds is None:
        rounds = 15 if longest < 0.05 else 9 if longest < 0.5 else 7
    times: dict[str, list[float]] = {contender.name: [] for contender in contenders}
    for _ in range(rounds):
        for contender in contenders:
            times[contender.name].append(sample(contender, calls[contender.name]))
    return times


def difference(found: Mapping[str, np.ndarray], expected: Mapping[str, np.ndarray]) -> dict[str, float]:
    """max|found - expected| / max|expected| of each array that both have.

    >>> difference({"outputs": np.array([1.0, 2.5])}, {"outputs": np.array([1.0, 2.0])})
    {'outputs': 0.25}
    """
    differences = {}
    for name in sorted(set(found) & set(expected)):
        one, other = np.asarray(found[name], np.float64), np.asarray(expected[name], np.float64)
        if one.shape != other.shape:
            raise DifferentNumbers(
                f"{name} has the shape {one.shape} on one side, {other.shape} on the other."
            )
        scale = float(np.abs(other).max())
        largest = float(np.abs(one - other).max())
        differences[name] = largest / scale if scale > 0 else largest
    return differences


class DifferentNumbers(Exception):
    """Two contenders do not compute the same."""


def check_same(one: Contender, other: Contender, outputs: float, gradients: float) -> dict[str, float]:
    """Relative differences between two contenders' results.

    Raises:
        DifferentNumbers: one is beyond its bound (or not a number), or they have no result in common.
    """
    differences = difference(one.results(), other.results())
    if not differences:
        raise DifferentNumbers(f"{one.name} and {other.name} have no results in common.")
    for name, value in differences.items():
        bound = gradients if name.startswith("gradients/") else outputs
        if math.isnan(value):
            raise DifferentNumbers(f"{name} of {one.name} or {other.name} holds what is not a number.")
        if value > bound:
            raise DifferentNumbers(
                f"{name} of {one.name} and {other.name} differ by {value:.1e} of the largest value, "
                f"more than {bound:.0e}."
            )
    return differences


def ratios(times: Mapping[str, Sequence[float]], over: str, under: str) -> list[float]:
    """Seconds of `over` per second of `under`, round by round."""
    return [one / other for one, other in zip(times[over], times[under], strict=True)]


def geometric_mean(values: Sequence[float]) -> float:
    """
    >>> geometric_mean([1.0, 4.0])
    2.0
    """
    return math.exp(sum(math.log(value) for value in values) / len(values))
