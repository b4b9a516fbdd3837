"""A point: contenders that compute the same, their times taken together, and what is asked of the ratios."""

from __future__ import annotations

import dataclasses
import statistics
from collections.abc import Callable, Mapping, Sequence

from benchmarks.context import Context
from benchmarks.environments import NotInstalled
from benchmarks.measure import Contender, DifferentNumbers, Spread, check_same, interleave, ratios
from benchmarks.work import MATRICES, Work
from benchmarks.worker import PeerFailed

OURS = "ostinato"
# max|difference| / max|value| of outputs and of gradients. Layouts mixed up, a forget bias left out or a gate
# in the wrong place differ by far more; float32 sums in another order, over 820 steps, by less.
BOUNDS = {"float32": (2e-4, 2e-3), "bfloat16": (6e-2, 1.5e-1)}


@dataclasses.dataclass(frozen=True)
class Entry:
    """A contender to be.

    Attributes:
        name: in the tables.
        work: what it computes.
        build: makes it.
        checked: whether its numbers must be those of the point's first entry.
        step_seconds: a guess at what a step costs beside the matrix products, for the estimate.
    """

    name: str
    work: Work
    build: Callable[[Context, Work], Contender]
    checked: bool = True
    step_seconds: float = 20e-6

    def estimate(self, rate: float, calls: int | None = None) -> float:
        """About how many seconds `calls` calls (None: those of a measurement) take where matrices are
        multiplied at `rate` operations a second.
        """
        work, passes = self.work, 3 if self.work.training else 1
        weights = 4.0 * MATRICES[work.family] * work.units * (work.inputs + work.units)
        # Each step reads the weights, at 30 GB a second where no cache holds them.
        step = self.step_seconds + (weights / 30e9 if weights > 1e6 else 0.0)
        seconds = work.floating_point_operations() / (0.5 * rate) + work.steps * passes * step
        return 0.1 + seconds * (calls or (18 if seconds < 0.05 else 12 if seconds < 0.5 else 9))


@dataclasses.dataclass(frozen=True)
class Comparison:
    """Seconds of `over` per second of `under`, times `scale`, and the bar: at least it, or at most."""

    over: str
    under: str = OURS
    bar: float | None = None
    at_most: bool = False
    scale: float = 1.0
    unit: str = "x"

    @property
    def other(self) -> str:
        """The one of the two that the table names."""
        return self.under if self.over == OURS else self.over

    def meets(self, ratio: float) -> bool | None:
        if self.bar is None:
            return None
        return ratio <= self.bar if self.at_most else ratio >= self.bar


@dataclasses.dataclass(frozen=True)
class Point:
    """One line of a benchmark: what is run, and what is compared.

    `checks` are built to compare their numbers with the first entry's, and not timed.
    """

    label: str
    entries: Sequence[Entry]
    comparisons: Sequence[Comparison]
    checks: Sequence[Entry] = ()


@dataclasses.dataclass(frozen=True)
class Row:
    """What came of one comparison. Times are seconds a call; `note` says why there are none."""

    group: str
    label: str
    mode: str
    against: str
    bar: float | None
    at_most: bool
    unit: str
    ratio: Spread | None = None
    ours: Spread | None = None
    other: Spread | None = None
    met: bool | None = None
    floating_point_operations: float | None = None
    dtype: str = "float32"
    measured: tuple[float, ...] = ()
    note: str = ""
    wrong: bool = False
    work: Work | None = None
    summary: bool = False


def estimate(points: Sequence[Point], rate: float) -> float:
    """About how many seconds the points take, misses not repeated."""
    timed = sum(entry.estimate(rate) for point in points for entry in point.entries)
    return timed + sum(entry.estimate(rate, calls=1) for point in points for entry in point.checks)


def measure_point(context: Context, group: str, point: Point) -> list[Row]:
    """Build, check, time, and time again what missed its bar."""
    first = point.entries[0]
    built: dict[str, Contender] = {}
    notes: dict[str, tuple[str, bool]] = {}

    def row(comparison: Comparison, **found: object) -> Row:
        return Row(
            group,
            point.label,
            first.work.mode,
            comparison.other,
            comparison.bar,
            comparison.at_most,
            comparison.unit,
            dtype=first.work.dtype,
            work=first.work,
            **found,
        )

    try:
        for entry in (*point.entries, *point.checks):
            try:
                built[entry.name] = entry.build(context, entry.work)
                if entry is not first and entry.checked:
                    check_same(built[entry.name], built[first.name], *BOUNDS[first.work.dtype])
            except (NotInstalled, PeerFailed) as error:
                notes[entry.name] = (str(error), isinstance(error, PeerFailed))
            except DifferentNumbers as error:
                notes[entry.name] = (str(error), True)
                if entry in point.checks:
                    notes[first.name] = (str(error), True)
        timed = [
            built[entry.name] for entry in point.entries if entry.name in built and entry.name not in notes
        ]
        names = [contender.name for contender in timed]
        wanted = [c for c in point.comparisons if c.over in names and c.under in names]
        times = interleave(timed, context.rounds) if wanted else {}
        found = {comparison: [(_scaled(comparison, times), times)] for comparison in wanted}
        missed = [c for c in wanted if c.meets(found[c][0][0].median) is False]
        for _ in range(0 if context.quick or not missed else 2):
            again = [c for c in timed if any(c.name in (m.over, m.under) for m in missed)]
            more = interleave(again, context.rounds)
            for comparison in missed:
                found[comparison].append((_scaled(comparison, more), more))
    finally:
        for contender in built.values():
            _close(contender)
    rows = []
    for comparison in point.comparisons:
        if comparison not in found:
            blamed = next((n for n in (comparison.over, comparison.under) if n in notes), comparison.other)
            note, wrong = notes.get(blamed, ("not measured", True))
            rows.append(row(comparison, note=note, wrong=wrong, met=False if wrong else None))
            continue
        medians = [spread.median for spread, _ in found[comparison]]
        median = statistics.median(medians)  # of one or three
        counted, times = found[comparison][medians.index(median)]
        ours = OURS if OURS in times else comparison.under
        work = next(entry.work for entry in point.entries if entry.name == ours)
        rows.append(
            row(
                comparison,
                ratio=counted,
                ours=Spread.of(times[ours]),
                other=Spread.of(times[comparison.other]),
                met=None if context.quick else comparison.meets(median),
                floating_point_operations=work.floating_point_operations(),
                measured=tuple(medians),
            )
        )
    return rows


def _scaled(comparison: Comparison, times: Mapping[str, Sequence[float]]) -> Spread:
    return Spread.of([comparison.scale * ratio for ratio in ratios(times, comparison.over, comparison.under)])


def _close(contender: Contender) -> None:
    try:
        contender.close()
    except PeerFailed:
        return  # its process is gone, and with it what it held; the row says so
