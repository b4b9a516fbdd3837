"""The command: what is chosen, printed and written."""

import dataclasses
import json
import math
from pathlib import Path

import benchmarks.__main__ as command
import pytest
from benchmarks.groups import GRIDS, all_groups
from benchmarks.measure import Spread
from benchmarks.points import Row
from benchmarks.work import Work

from benchmarks import plot, report

# The bars of the project, by group: (what is compared with, the bar).
BARS = {
    "seed-training": {
        ("torch.nn.LSTM", 6.0),
        ("torch.nn.LSTM, subnormals flushed", 3.0),
        ("TF 1.15 dynamic_rnn", 4.0),
        ("TF 2.21 dynamic_rnn", 3.0),
        ("JAX lax.scan", 3.0),
    },
    "seed-forward": {("torch.nn.LSTM", 1.8), ("TF 1.15 dynamic_rnn", 5.0), ("torch.mm", 0.7)},
    "batch-1": {("torch.nn.LSTM", 4.0), ("TF 1.15 dynamic_rnn", 20.0)},
    "streaming": {("torch.nn.LSTMCell", 1.2), ("torch.nn.LSTMCell", 0.95)},
    "session": {("ostinato.tf1 Session.run", 1.1)},
    "lengths": {("ostinato, padded", 0.6)},
    "loops": {("loop of torch operations", 10.0)},
    "bidirectional": {("one direction", 1.2)},
    "bfloat16": {("torch.nn.LSTM float32", 2.5), ("torch.nn.LSTM bfloat16", 1.0)},
    "lstm-grid": {("torch.nn.LSTM", 0.95)},
    "gru-reset-after-grid": {("torch.nn.GRU", 1.0)},
    "gru-grid": {("torch.nn.GRU", 1.0)},
    "basic-rnn-grid": {("torch.nn.RNN", 1.0)},
}
MEANS = {"lstm-grid": 2.0, "gru-reset-after-grid": 4.0, "gru-grid": 4.0, "basic-rnn-grid": 4.0}


def row(**changes: object) -> Row:
    spread = Spread(2.0, 1.5, 2.5)
    whole = {"ratio": spread, "ours": spread, "other": spread, "met": True, "floating_point_operations": 1e9}
    work = Work("lstm", 8, 10, 32, 32, training=True)
    base = Row("lstm-grid", "batch 8", "training", "torch.nn.LSTM", 0.95, False, "x", work=work)
    return dataclasses.replace(base, **{**whole, **changes})


@pytest.mark.parametrize("quick", [False, True])
def test_every_bar_is_measured(quick: bool) -> None:
    found = {
        group.name: {
            (comparison.other, comparison.bar)
            for point in group.points
            for comparison in point.comparisons
            if comparison.bar is not None
        }
        for group in all_groups(quick)
    }
    assert {name: bars for name, bars in found.items() if bars} == BARS


def test_names_of_groups_and_of_a_points_entries_are_unique() -> None:
    groups = all_groups()
    assert len({group.name for group in groups}) == len(groups)
    for group in groups:
        for point in group.points:
            names = [entry.name for entry in (*point.entries, *point.checks)]
            assert len(set(names)) == len(names)
            assert {name for c in point.comparisons for name in (c.over, c.under)} <= set(names)


def test_the_grid_is_whole() -> None:
    grid = next(group for group in all_groups() if group.name == "lstm-grid")
    works = {point.entries[0].work for point in grid.points}
    assert len(works) == len(grid.points) == 2 * 4 * 6
    assert all(work.inputs == work.units and work.steps == 100 for work in works)


@pytest.mark.parametrize("name", MEANS)
def test_a_grid_is_judged_by_its_geometric_mean_and_its_lowest_point(name: str) -> None:
    group = next(group for group in all_groups() if group.name == name)
    ratios = {"training": (8.0, 2.0), "forward": (4.0, 1.01)}
    rows = [
        row(mode=mode, label=f"{mode} {value}", ratio=Spread(value, value, value))
        for mode, values in ratios.items()
        for value in values
    ]
    found = {(r.label, r.mode): r for r in group.summarise(rows)}
    assert found["geometric mean", "training"].ratio.median == pytest.approx(4.0)
    both = found["geometric mean", "both"]
    assert both.ratio.median == pytest.approx(math.prod((8.0, 2.0, 4.0, 1.01)) ** 0.25)
    assert (both.bar, both.met) == (MEANS[name], both.ratio.median >= MEANS[name])
    lowest = found["lowest: forward 1.01", "forward"]
    assert (lowest.bar, lowest.met) == (next(iter(BARS[name]))[1], True)
    partly = group.summarise([*rows, row(ratio=None, note="failed")])
    assert all(r.met is None and "not all points" in r.note for r in partly)


def test_a_summary_stands_for_its_grid() -> None:
    rows = [
        row(),
        row(summary=True, label="geometric mean"),
        row(group="loops"),
        row(group="loops", bar=None),
    ]
    assert report.bars(rows, ["lstm-grid"]) == [rows[1], rows[2]]
    judged = [row(), row(met=False), row(met=None, note="not installed")]
    assert report.tally(judged) == "1 bars met, 1 missed, 1 not judged"


def test_a_line_of_the_table() -> None:
    text = report.table([row(measured=(1.9, 2.0, 2.1))], {"float32": 1e9})
    for part in ("batch 8", "torch.nn.LSTM", "2.00x (1.50-2.50)", ">= 0.95", "met, 3 times", "50%", "2.00 s"):
        assert part in text
    noted = report.table([row(), row(ratio=None, met=False, note="they differ")], {})
    assert "missed (1)" in noted
    assert noted.endswith("\n(1) they differ")
    assert "0.55 of its time" in report.table([row(unit=" of its time", ratio=Spread(0.55, 0.55, 0.55))], {})


def test_a_picture_of_what_was_measured(tmp_path: Path) -> None:
    path = tmp_path / "bench.png"
    assert not plot.draw(path, [row(group="loops")], {}, "")
    assert not path.exists()
    rows = [row(group=f"{family.replace('_', '-')}-grid") for family in GRIDS]
    batches, units, values = plot.panel(
        [*rows, row(summary=True, work=None)], {"float32": 1e9}, "training", "share"
    )
    assert (batches, units, values.tolist()) == ([8], [32], [[0.5]])
    assert plot.draw(path, rows, {"float32": 1e9}, "a machine")
    assert path.read_bytes().startswith(b"\x89PNG")


def test_a_run_prints_tables_and_writes_its_figures(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    path = tmp_path / "figures.json"
    options = ["--quick", "--threads", "1", "--only", "streaming", "--json", str(path)]
    assert command.main(options) == 0
    printed = capsys.readouterr().out
    assert "64 units, 100 steps" in printed
    assert "1 thread, " in printed
    written = json.loads(path.read_text())
    assert [row["against"] for row in written["rows"]] == ["torch.nn.LSTMCell"] * 2
    assert written["matmul_rate"]["float32"] > 0
    assert written["rows"][0]["ratio"]["lower"] <= written["rows"][0]["ratio"]["upper"]
    assert (written["interrupted"], written["threads"], written["quick"]) == (False, 1, True)


def answer_in_turn(monkeypatch: pytest.MonkeyPatch, *answers: list[Row] | BaseException) -> None:
    """Have points measured as these say, one after the other."""
    left = iter(answers)

    def measured(*_: object) -> list[Row]:
        answer = next(left)
        if isinstance(answer, BaseException):
            raise answer
        return answer

    monkeypatch.setattr(command, "measure_point", measured)


def test_an_interrupted_run_keeps_what_it_has(
    tmp_path: Path, capsys: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer_in_turn(monkeypatch, [row(group="streaming", label="the first")], KeyboardInterrupt())
    path = tmp_path / "figures.json"
    options = ["--quick", "--threads", "1", "--only", "streaming", "--json", str(path)]
    assert command.main(options) == 130
    assert "Interrupted" in capsys.readouterr().out
    written = json.loads(path.read_text())
    assert ([r["label"] for r in written["rows"]], written["interrupted"]) == (["the first"], True)


def test_one_points_failure_leaves_the_others(
    tmp_path: Path, capsys: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer_in_turn(monkeypatch, RuntimeError("out of luck"), [row(group="streaming", label="the second")])
    path = tmp_path / "figures.json"
    options = ["--quick", "--threads", "1", "--only", "streaming", "--json", str(path)]
    assert command.main(options) == 1
    printed = capsys.readouterr().out
    assert "(1) failed: out of luck" in printed
    assert "the second" in printed


def test_what_cannot_be_asked_for(capsys: pytest.CaptureFixture) -> None:
    assert command.main(["--only", "streaming,nothing"]) == 2
    assert "There is no group nothing; there are seed-training," in capsys.readouterr().err
    with pytest.raises(SystemExit):
        command.main(["--threads", "0"])
    assert command.main(["--list"]) == 0
    assert "seed-static" in capsys.readouterr().out
