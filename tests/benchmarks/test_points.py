"""What a point measures, repeats and reports."""

import dataclasses

import numpy as np
import pytest
from benchmarks.context import Context
from benchmarks.environments import NotInstalled
from benchmarks.measure import Contender
from benchmarks.points import Comparison, Entry, Point, measure_point
from benchmarks.work import Work
from benchmarks.worker import PeerFailed

from benchmarks import points

WORK = Work("lstm", 1, 2, 3, 4, training=False)


class Fake:
    process = None

    def __init__(self, name: str, seconds: list[float], value: float = 1.0) -> None:
        self.name, self.seconds, self.value, self.closed = name, iter(seconds), value, False

    def results(self) -> dict[str, np.ndarray]:
        return {"outputs": np.array([self.value])}

    def sample(self, calls: int) -> float:
        return next(self.seconds) * calls

    def close(self) -> None:
        self.closed = True


def entry(name: str, seconds: list[float], value: float = 1.0, **options: object) -> Entry:
    return Entry(name, WORK, lambda context, work: Fake(name, seconds, value), **options)


def failing(name: str, error: Exception) -> Entry:
    def build(context: Context, work: Work) -> Contender:
        raise error

    return Entry(name, WORK, build)


@pytest.fixture
def context() -> Context:
    found = Context(threads=1)
    found.rounds = 3
    return found


def always(seconds: float) -> list[float]:
    return [seconds] * 100


def test_a_bar_that_is_met_is_measured_once(context: Context) -> None:
    point = Point(
        "a", [entry("ostinato", always(1.0)), entry("peer", always(3.0))], [Comparison("peer", bar=2.0)]
    )
    (row,) = measure_point(context, "group", point)
    assert (row.ratio.median, row.met, row.measured, row.ours.median, row.other.median) == (
        3,
        True,
        (3.0,),
        1,
        3,
    )


def test_a_bar_that_is_missed_is_measured_three_times_and_the_median_counts(context: Context) -> None:
    # Each measurement takes a call to warm up and one in each of three rounds.
    peer = [1.0] * 4 + [3.0] * 4 + [2.5] * 4
    point = Point("a", [entry("ostinato", always(1.0)), entry("peer", peer)], [Comparison("peer", bar=2.0)])
    (row,) = measure_point(context, "group", point)
    assert (row.measured, row.ratio.median, row.met) == ((1.0, 3.0, 2.5), 2.5, True)


def test_a_quick_run_judges_nothing(context: Context) -> None:
    context.quick = True
    point = Point(
        "a", [entry("ostinato", always(1.0)), entry("peer", always(1.0))], [Comparison("peer", bar=2.0)]
    )
    (row,) = measure_point(context, "group", point)
    assert (row.met, len(row.measured)) == (None, 1)


@pytest.mark.parametrize(("seconds", "met"), [(0.5, True), (0.7, False)])
def test_a_bar_may_be_at_most(context: Context, seconds: float, met: bool) -> None:
    entries = [entry("ostinato", always(seconds)), entry("padded", always(1.0))]
    comparison = Comparison("ostinato", "padded", bar=0.6, at_most=True)
    (row,) = measure_point(context, "group", Point("a", entries, [comparison]))
    assert (row.against, row.ratio.median, row.met, row.ours.median) == ("padded", seconds, met, seconds)


def test_numbers_that_differ_miss_the_bar_and_are_not_timed(context: Context) -> None:
    entries = [entry("ostinato", always(1.0)), entry("peer", [], value=2.0), entry("other", always(3.0))]
    wrong, right = measure_point(
        context, "g", Point("a", entries, [Comparison("peer", bar=2), Comparison("other")])
    )
    assert (wrong.ratio, wrong.met, wrong.wrong) == (None, False, True)
    assert "outputs of peer and ostinato differ" in wrong.note
    assert right.ratio.median == 3.0


def test_a_check_that_fails_keeps_ours_from_being_timed(context: Context) -> None:
    entries = [entry("ostinato", []), entry("peer", [], checked=False)]
    point = Point("a", entries, [Comparison("peer", bar=2.0)], checks=[entry("loop", [], value=2.0)])
    (row,) = measure_point(context, "group", point)
    assert (row.met, row.wrong) == (False, True)
    assert "outputs of loop and ostinato differ" in row.note


def test_a_peer_that_is_not_installed_is_said_and_not_judged(context: Context) -> None:
    entries = [entry("ostinato", always(1.0)), failing("peer", NotInstalled("see make peers"))]
    (row,) = measure_point(context, "group", Point("a", entries, [Comparison("peer", bar=2.0)]))
    assert (row.met, row.wrong, row.note) == (None, False, "see make peers")


def test_a_peer_that_fails_is_an_error(context: Context) -> None:
    entries = [entry("ostinato", always(1.0)), failing("peer", PeerFailed("it ended"))]
    (row,) = measure_point(context, "group", Point("a", entries, [Comparison("peer", bar=2.0)]))
    assert (row.met, row.wrong, row.note) == (False, True, "it ended")


def test_contenders_are_closed_whatever_happens(context: Context) -> None:
    made: list[Fake] = []

    def build(context: Context, work: Work) -> Contender:
        made.append(Fake("ostinato", []))
        return made[0]

    entries = [Entry("ostinato", WORK, build), failing("peer", KeyboardInterrupt())]
    with pytest.raises(KeyboardInterrupt):
        measure_point(context, "group", Point("a", entries, [Comparison("peer")]))
    assert made[0].closed


def test_a_share_of_the_matmul_rate_is_a_scaled_ratio(context: Context) -> None:
    entries = [entry("ostinato", always(4.0)), entry("torch.mm", always(1.0), checked=False)]
    comparison = Comparison("torch.mm", bar=0.7, scale=3.0)
    (row,) = measure_point(context, "group", Point("a", entries, [comparison]))
    assert (row.ratio.median, row.met) == (0.75, True)


def test_an_estimate_grows_with_the_work() -> None:
    larger = dataclasses.replace(WORK, batch=1000, units=1000)
    small, large = (
        points.estimate([Point("a", [dataclasses.replace(entry("ostinato", []), work=work)], [])], 1e9)
        for work in (WORK, larger)
    )
    assert large > 10 * small
