"""Interleaving, ratios, and the comparison of numbers."""

import doctest
from collections.abc import Mapping

import numpy as np
import pytest
from benchmarks.measure import DifferentNumbers, Local, Spread, check_same, interleave, ratios
from hypothesis import given
from hypothesis import strategies as st

from benchmarks import measure


class Fake:
    """A contender that takes a known time, and notes when it is asked."""

    def __init__(self, name: str, seconds: float, log: list, process: object | None = None) -> None:
        self.name, self.seconds, self.log, self.process = name, seconds, log, process

    def results(self) -> Mapping[str, np.ndarray]:
        return {}

    def sample(self, calls: int) -> float:
        self.log.append((self.name, calls))
        return self.seconds * calls

    def close(self) -> None: ...


def test_the_examples_in_the_docstrings_hold() -> None:
    assert doctest.testmod(measure) == (0, 3)


def test_contenders_take_turns_and_short_ones_are_called_many_times() -> None:
    log: list = []
    times = interleave([Fake("short", 1e-4, log), Fake("long", 0.02, log)], rounds=3, pause=log.append)
    rounds = log[-6:]
    assert [name for name, _ in rounds] == ["short", "long"] * 3
    assert rounds[0][1] * 1e-4 >= measure.SAMPLE_SECONDS
    assert rounds[1][1] == 1
    assert times == {"short": pytest.approx([1e-4] * 3), "long": pytest.approx([0.02] * 3)}


@pytest.mark.parametrize("seconds", [1e-5, 0.01, 0.2, 2.0])
def test_seven_rounds_at_least(seconds: float) -> None:
    times = interleave([Fake("one", seconds, [])], pause=lambda _: None)
    assert len(times["one"]) >= 7


def test_another_process_is_given_time_to_fall_asleep() -> None:
    log: list = []
    contenders = [
        Fake("here", 1.0, log),
        Fake("here too", 1.0, log),
        Fake("there", 1.0, log, process=object()),
    ]
    interleave(contenders, rounds=2, pause=log.append)
    turns = [entry if isinstance(entry, float) else entry[0] for entry in log[-10:]]
    pause = measure.PAUSE_SECONDS
    assert turns == [pause, "here", "here too", pause, "there"] * 2


def test_a_ratio_is_taken_within_a_round() -> None:
    times = {"ours": [1.0, 10.0, 1.0], "peer": [2.0, 20.0, 3.0]}
    assert ratios(times, "peer", "ours") == [2.0, 2.0, 3.0]


@given(st.lists(st.floats(1e-6, 1e3), min_size=1, max_size=20))
def test_quartiles_enclose_the_median(values: list[float]) -> None:
    spread = Spread.of(values)
    assert min(values) <= spread.lower <= spread.median <= spread.upper <= max(values)


def _computes(name: str, **results: list[float]) -> Local:
    return Local(name, lambda: None, lambda: {key: np.array(value) for key, value in results.items()})


def test_different_numbers_are_not_timed() -> None:
    ours = _computes("ours", outputs=[1.0, 2.0])
    check_same(_computes("close", outputs=[1.0, 2.0001]), ours, outputs=1e-3, gradients=1e-3)
    for peer, message in (
        (_computes("far", outputs=[1.0, 2.1]), "outputs of far and ours differ by 5.0e-02"),
        (_computes("broken", outputs=[1.0, np.nan]), "not a number"),
        (_computes("short", outputs=[1.0]), r"shape \(1,\) on one side"),
        (_computes("silent"), "no results in common"),
    ):
        with pytest.raises(DifferentNumbers, match=message):
            check_same(peer, ours, outputs=1e-3, gradients=1.0)


def test_gradients_have_a_bound_of_their_own() -> None:
    ours, peer = (
        _computes("ours", **{"gradients/bias": [1.0]}),
        _computes("peer", **{"gradients/bias": [1.1]}),
    )
    check_same(peer, ours, outputs=1e-3, gradients=0.2)
    with pytest.raises(DifferentNumbers, match="gradients/bias"):
        check_same(peer, ours, outputs=1.0, gradients=1e-3)
