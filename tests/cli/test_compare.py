"""`ostinato compare`: what it measures of the drivers, prints, plots and writes."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from ostinato.cli import compare
from ostinato.cli.errors import CommandError
from ostinato.cli.main import main
from ostinato.cli.measure import CELLS, DRIVERS, Figures, Network, measure, peak_memory
from ostinato.cli.plots import comparison_figure, training_figure

PNG = b"\x89PNG\r\n\x1a\n"


def run_compare(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    small = ["--units", "3", "--batch", "2", "--inputs", "4", "--output", str(folder)]
    command = [sys.executable, "-m", "ostinato", "compare", *small, *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str, list[dict[str, object]]]:
    folder = tmp_path_factory.mktemp("compare")
    result = run_compare(
        folder,
        *("--timesteps", "12,4", "--plan-timesteps", "0", "--threads", "2"),
        *("--json", str(folder / "figures.json")),
    )
    assert result.returncode == 0, result.stderr
    assert len(result.stderr.splitlines()) == 6
    figures = json.loads((folder / "figures.json").read_text())
    assert figures["memory"] == []
    return folder, result.stdout, figures["drivers"]


def test_each_driver_is_measured_over_each_number_of_steps(measured: tuple) -> None:
    _, _, figures = measured
    assert [(line["driver"], line["timesteps"]) for line in figures] == [
        (driver, steps) for steps in (4, 12) for driver in DRIVERS
    ]
    for line in figures:
        assert line["cell"] == "BasicLSTMCell"
        assert (line["units"], line["batch"], line["inputs"], line["threads"]) == (3, 2, 4, 2)
        assert line["nodes"] > 20
        assert 0 < line["build_seconds"] < 10
        assert 0 < line["step_seconds"] < 10


def test_the_graph_of_dynamic_rnn_does_not_grow(measured: tuple) -> None:
    _, _, figures = measured
    nodes = {(line["driver"], line["timesteps"]): line["nodes"] for line in figures}
    assert nodes["dynamic_rnn", 4] == nodes["dynamic_rnn", 12]
    assert nodes["static_rnn", 12] - nodes["static_rnn", 4] in range(1, 8 + 1)  # at most one node a step


def test_table_and_plot(measured: tuple) -> None:
    folder, printed, _ = measured
    for words in (
        "BasicLSTMCell, 3 units, 4 inputs, batch 2, 2 threads",
        "graph nodes",
        "training step (ms)",
        "MiB",
        *DRIVERS,
    ):
        assert words in printed
    assert (folder / "compare.png").read_bytes().startswith(PNG)
    assert str(folder / "compare.png") in printed
    assert sorted(path.name for path in folder.iterdir()) == ["compare.png", "figures.json"]


def test_json_to_stdout_is_nothing_but_json(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(compare, "_measure_in_fresh_process", lambda network: Figures(7, 0.5, 0.25, None))
    command = ["compare", "--timesteps", "2", "--plan-timesteps", "0", "--cell", "GRUCell", "--json"]
    assert main([*command, "--output", str(tmp_path)]) == 0
    figures = json.loads(capsys.readouterr().out)["drivers"]
    assert [(line["cell"], line["nodes"], line["peak_bytes"]) for line in figures] == [
        ("GRUCell", 7, None)
    ] * 3


@pytest.mark.parametrize("cell", CELLS)
def test_every_cell_can_be_measured(cell: str) -> None:
    figures = measure(Network("dynamic_rnn(swap_memory=True)", 5, cell, units=3, batch=2, inputs=4))
    assert figures.nodes > 20
    assert figures.peak_bytes is None or figures.peak_bytes >= 0


def test_peak_memory_sees_what_was_freed_again() -> None:
    size = 64 * 2**20
    peak = peak_memory(lambda: np.ones(size, np.uint8).sum())
    assert peak is not None
    assert size * 0.9 < peak < size * 1.5


def test_a_measurement_that_fails_is_told_in_one_line() -> None:
    network = Network("dynamic_rnn", 3, "NoSuchCell", 2, 2, 2)
    with pytest.raises(
        CommandError, match=r"^measuring dynamic_rnn over 3 steps failed: .*NoSuchCell"
    ) as caught:
        compare.compare([network])
    assert caught.value.exit_code == 1
    assert "\n" not in str(caught.value)


def made_up(timesteps: list[int], peak_bytes: int | None = 3 * 2**20) -> compare.Comparison:
    return [
        (Network(driver, steps, "GRUCell", 4, 2, 3), Figures(9 * steps, 0.5, 0.25, peak_bytes))
        for steps in timesteps
        for driver in DRIVERS
    ]


def test_the_report_tells_growth_in_words() -> None:
    text = compare.report(made_up([10, 100]))
    assert "static_rnn: from 10 to 100 steps the graph grows from 90 to 900 nodes" in text
    assert "peak memory goes from 3.0 to 3.0 MiB" in text
    assert "500.0" in text  # milliseconds
    assert "from" not in compare.report(made_up([10]))


def test_an_unknown_peak_is_said_to_be_unknown() -> None:
    text = compare.report(made_up([10, 100], peak_bytes=None))
    assert text.count("unknown") == 6
    assert "peak memory goes" not in text


def test_a_plot_has_a_quantity_and_its_units() -> None:
    figure = comparison_figure(made_up([10, 100]))
    assert [axes.get_ylabel() for axes in figure.axes] == ["nodes", "time (ms)", "time (ms)", "memory (MiB)"]
    assert {axes.get_xlabel() for axes in figure.axes} == {"time steps"}
    heights = [list(axes.get_lines()[0].get_ydata()) for axes in figure.axes]
    assert heights == [[90, 900], [500, 500], [250, 250], [3, 3]]
    figure.canvas.draw()  # a warning about a scale or a layout would be an error


def test_plots_of_one_point_and_of_no_memory_draw() -> None:
    for peak_bytes in (None, 0):
        figure = comparison_figure(made_up([7], peak_bytes))
        figure.canvas.draw()
        assert [axes.get_yscale() for axes in figure.axes] == ["log", "log", "log", "linear"]
    figure = training_figure([[2.0, 1.0], [2.0, 0.5]], [[0.5, 0.75], [0.5, 1.0]])
    figure.canvas.draw()
    assert [list(line.get_ydata()) for line in figure.axes[1].get_lines()] == [[0.5, 0.75], [0.5, 1.0]]
