"""What less memory costs: the second table and plot of `ostinato compare`."""

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest

from ostinato.cli import compare, fresh, memory_comparison
from ostinato.cli.errors import CommandError
from ostinato.cli.main import main
from ostinato.cli.measure import Figures
from ostinato.cli.memory_comparison import MemoryFigures, compare_memory, figures, name, report, trainings
from ostinato.cli.memory_measure import Measured, Training, measure
from ostinato.cli.plots import memory_figure
from ostinato.cli.resident import Sample, Window

MIB = 2**20
COMMON = Training("", 60, "BasicLSTMCell", units=8, batch=2, inputs=4)
WAYS = ["keep_all", "keep_state", "recompute", "swap to disk"]
PEERS = ["torch.nn.LSTM", "torch.nn.LSTM, checkpoint", "torch.nn.LSTM, save_on_cpu"]


def made_up(**changes: object) -> MemoryFigures:
    base = MemoryFigures(0.5, 3 * MIB, 1e-7, [(0.0, 0), (0.25, 4 * MIB), (0.5, MIB)])
    return dataclasses.replace(base, **changes)


def test_all_ways_are_compared() -> None:
    assert [name(training) for training in trainings(COMMON)] == WAYS + PEERS
    limited = trainings(dataclasses.replace(COMMON, memory_limit=64 * MIB))
    assert [name(training) for training in limited] == [*WAYS, "memory_limit=64MiB", *PEERS]
    assert [training.memory_limit for training in limited if training.memory_limit] == [64 * MIB]
    gru = trainings(dataclasses.replace(COMMON, cell="GRUCell"))
    assert name(gru[-1]) == "torch.nn.GRU, save_on_cpu"


@pytest.mark.parametrize("cell", ["BasicRNNCell", "BasicLSTMCell", "LSTMCell", "GRUCell"])
def test_all_ways_compute_the_same(cell: str) -> None:
    ways = trainings(dataclasses.replace(COMMON, cell=cell, memory_limit=64 * MIB))
    found = {name(training): measure(training) for training in ways}
    exact = found["keep_all"].gradient
    assert np.abs(exact).max() > 0.1
    for way, measured in found.items():
        assert measured.seconds > 0
        if way.startswith("torch.nn.GRU"):  # another formula
            assert measured.gradient is None
        else:
            np.testing.assert_allclose(measured.gradient, exact, rtol=1e-4, atol=1e-4, err_msg=way)


def test_memory_is_the_peak_beyond_the_outputs() -> None:
    begin, end = Sample(10.0, 100 * MIB, 50 * MIB), Sample(12.0, 101 * MIB, 52 * MIB)
    measured = Measured(Window(begin, end, 175 * MIB), 4 * MIB, 0.5, np.array([2.0, 4.0]))
    samples = [Sample(9.0, 300 * MIB, 0), Sample(11.0, 120 * MIB, 51 * MIB), Sample(13.0, 300 * MIB, 0)]
    found = figures(measured, samples, np.array([2.0, 5.0]))
    # The mark saw 175 MiB when 51 MiB were files': 124, of which 100 were there before.
    assert found == MemoryFigures(0.5, 20 * MIB, 0.2, [(0.0, 0), (1.0, 20 * MIB), (2.0, MIB)])
    assert figures(measured._replace(window=None), [], None) == MemoryFigures(0.5, None, None, [])


def test_a_long_curve_keeps_its_peaks() -> None:
    many = [Sample(float(second), second % 1000, 0) for second in range(10_001)]
    window = Window(many[0], many[-1], 999)
    curve = figures(Measured(window, 0, 0.5, None), many, None).curve
    assert len(curve) <= memory_comparison.MOST_POINTS
    assert max(height for _, height in curve) == 999


def test_the_report() -> None:
    ways = trainings(dataclasses.replace(COMMON, cell="GRUCell", memory_limit=8 * MIB))
    comparison = [(way, made_up()) for way in ways]
    comparison[0] = (ways[0], made_up(step_seconds=0.25, gradient_difference=0.0))
    comparison[-1] = (ways[-1], made_up(peak_bytes=None, gradient_difference=None))
    text = report(comparison)
    lines = {line.split("  ")[0]: line.split() for line in text.splitlines()}
    assert lines["keep_all"][-4:] == ["250.0", "1.00x", "3.0", "0"]
    assert lines["memory_limit=8MiB"][-4:] == ["500.0", "2.00x", "3.0", "1e-07"]
    assert lines["torch.nn.GRU, save_on_cpu"][-4:] == ["2.00x", "unknown", "another", "formula"]
    assert "GRUCell, 8 units, 4 inputs, batch 2, 60 time steps, 1 thread" in text
    assert "beyond its outputs (0.0 MiB)" in text


def test_the_plot() -> None:
    drawn = memory_figure([("keep_all", made_up()), ("torch.nn.LSTM", made_up(step_seconds=1.0))], "title")
    left, right = drawn.axes
    assert [list(line.get_ydata()) for line in left.get_lines()] == [[0, 4, 1]] * 2
    assert [list(line.get_xdata()) for line in right.get_lines()] == [[500.0], [1000.0]]
    assert [axes.get_ylabel() for axes in drawn.axes] == ["memory (MiB)"] * 2
    drawn.canvas.draw()
    for found in (made_up(peak_bytes=None, curve=[]), made_up(peak_bytes=0)):
        memory_figure([("keep_all", found)], "title").canvas.draw()


def test_a_measurement_that_fails_is_told_in_one_line() -> None:
    missing = [dataclasses.replace(COMMON, way="keep nothing")]
    expected = r"^measuring keep nothing over 60 steps failed: KeyError: .*$"
    with pytest.raises(CommandError, match=expected) as caught:
        compare_memory(missing)
    assert caught.value.exit_code == 1


def test_the_command_writes_both(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(compare, "_measure_in_fresh_process", lambda network: Figures(7, 0.5, 0.25, None))
    window = Window(Sample(0.0, 0, 0), Sample(1.0, MIB, 0), 2 * MIB)
    outcome = fresh.Outcome(Measured(window, MIB, 0.5, None), [])
    monkeypatch.setattr(fresh, "run", lambda function, argument: outcome)
    path = tmp_path / "figures.json"
    options = ["--timesteps", "2", "--plan-timesteps", "9", "--memory-limit", "64MiB"]
    assert main(["compare", *options, "--json", str(path), "--output", str(tmp_path)]) == 0
    printed = capsys.readouterr().out
    assert "What does less memory cost?" in printed
    assert f"Plots: {tmp_path / 'compare.png'}, {tmp_path / 'memory.png'}" in printed
    written = json.loads(path.read_text())
    assert [line["way"] for line in written["memory"]][3:6] == ["swap to disk", "memory_limit", "torch.nn"]
    assert written["memory"][0]["peak_bytes"] == MIB
    assert (tmp_path / "memory.png").read_bytes().startswith(b"\x89PNG")
