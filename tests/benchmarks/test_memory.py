"""`make bench-memory`: what is asked, how memory is found out, what is said of it."""

import dataclasses
import json
import math
from pathlib import Path

import benchmarks.memory as command
import numpy as np
import pytest
from benchmarks.memory_prediction import COUNT, Prediction, random_tasks
from benchmarks.memory_process import TaskFailed
from benchmarks.memory_run import Found, compare_gradients, judge, measure_work
from benchmarks.memory_works import (
    CELLS,
    LSTM,
    MIB,
    SWAP,
    UNLIMITED,
    Bar,
    Contender,
    Task,
    build,
    gradient,
    works,
)

from benchmarks import memory_disk, memory_prediction, memory_process

# What the project asks, by work: (what, at most, of what).
BARS = {
    "seed": [("bytes", 68 * MIB, None), ("seconds", 1.35, UNLIMITED.name), ("seconds", 1.0, LSTM.name)],
    "million": [("bytes", 68 * MIB, None), ("seconds", 1.5, UNLIMITED.name)],
    "custom": [("bytes", 1 / 50, "plain loop"), ("seconds", 1.15, "plain loop")],
    "disk": [("bytes", 64 * MIB, None), ("seconds", 2.0, UNLIMITED.name)],
}
SMALL = Task("BasicLSTMCell", 8, 4000, 12, 64, 1, "torch.nn.LSTM", "baseline")


def cpu_works(quick: bool = False) -> list:
    return [work for work in works(quick) if work.device == "cpu"]


@pytest.mark.parametrize("quick", [False, True])
def test_every_bar_is_measured(quick: bool) -> None:
    found = {
        work.name: [(bar.quantity, bar.most, bar.against) for bar in work.bars] for work in cpu_works(quick)
    }
    assert found == BARS
    for work in cpu_works(quick):
        names = [contender.name for contender in work.contenders]
        assert len(set(names)) == len(names)
        assert {name for bar in work.bars for name in (bar.contender, bar.against or names[0])} <= set(names)


def test_memory_is_what_a_process_adds_to_its_baseline() -> None:
    memory_process.compile_modules()
    baseline, longer, step = (
        memory_process.run(task)["peak"]
        for task in (
            SMALL,
            dataclasses.replace(SMALL, steps=3 * SMALL.steps),
            dataclasses.replace(SMALL, mode="memory"),
        )
    )
    # inputs, outputs and their gradient, float32
    assert longer - baseline == pytest.approx(2 * SMALL.steps * 8 * (12 + 64 + 64) * 4, rel=0.03)
    outputs = SMALL.steps * 8 * 64 * 4
    # At the least i, f, g, o, c and tanh(c) of every step; at most two of everything.
    assert 6 * outputs < step - baseline < 20 * outputs


def test_a_step_is_timed_and_its_gradient_is_that_of_its_peers(tmp_path: Path) -> None:
    peer = dataclasses.replace(SMALL, steps=40, mode="time")
    path = tmp_path / "gradient.npy"
    ours = dataclasses.replace(peer, way="dynamic_rnn", gradient=str(path))
    assert 0 < memory_process.run(ours)["seconds"] < 10
    program = build(peer)
    program.run(program.inputs).backward(program.output_gradient)
    np.testing.assert_allclose(np.load(path), gradient(program.module), rtol=1e-3, atol=1e-3)


def test_a_task_that_fails_says_why_in_one_line() -> None:
    with pytest.raises(TaskFailed, match=r"^[^\n]*NoSuchCell[^\n]*$"):
        memory_process.run(dataclasses.replace(SMALL, cell="NoSuchCell"))


def test_a_contender_that_fails_leaves_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    peaks = {"baseline": 100 * MIB, "forward": 140 * MIB, "memory": 160 * MIB}
    asked = []

    def run(task: Task) -> dict:
        asked.append(task)
        if task.way == "torch.nn.LSTM":
            raise TaskFailed("out of luck")
        return {"seconds": 2.0} if task.mode == "time" else {"peak": peaks[task.mode]}

    monkeypatch.setattr(memory_process, "run", run)
    work = next(work for work in works() if work.name == "million")
    unlimited, limited, torch_lstm = measure_work(work, threads=2, rounds=3, tell=lambda text: None)
    assert (unlimited.forward_bytes, unlimited.step_bytes) == (40 * MIB, 60 * MIB)
    assert (unlimited.bytes, unlimited.median, len(unlimited.seconds)) == (60 * MIB, 2.0, 3)
    assert torch_lstm.note == "out of luck"
    assert [verdict.met for verdict in judge(work, [unlimited, limited, torch_lstm], {})] == [True, True]
    timed = [task for task in asked if task.mode == "time"]
    # in turn, and each in a process of its own
    assert [task.options.get("memory_limit") for task in timed] == [None, "64MiB"] * 3
    assert {task.threads for task in asked} == {2}


def test_a_fiftieth_of_what_was_measured_is_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    def run(task: Task) -> dict:
        if task.mode == "time":
            return {"seconds": 1.0}
        large = task.way == "plain loop" and task.mode != "baseline"
        return {"peak": 5000 * MIB if large else 0}

    monkeypatch.setattr(memory_process, "run", run)
    work = next(work for work in works() if work.name == "custom")
    limits = {
        one.contender: one.limit for one in measure_work(work, threads=1, rounds=1, tell=lambda text: None)
    }
    assert limits.pop(work.contenders[-1].name) == 100 * MIB
    assert set(limits.values()) == {None}


def test_verdicts() -> None:
    work = dataclasses.replace(
        cpu_works()[0],
        bars=(
            Bar("a", "bytes", 64 * MIB),
            Bar("a", "bytes", 0.5, "b"),
            Bar("a", "seconds", 2.0, "b"),
            Bar("a", "seconds", 1.0, "not run"),
            Bar("failed", "bytes", 64 * MIB),
        ),
    )
    found = [
        Found("a", 70 * MIB, 40 * MIB, (3.0, 1.0, 2.0)),
        Found("b", 200 * MIB, 100 * MIB, (1.0,)),
        Found("failed", note="MemoryLimitError: no plan"),
    ]
    verdicts = judge(work, found, {})
    # The forward pass alone counts where it takes more than the step did.
    assert [verdict.measured for verdict in verdicts[:3]] == [70.0, 0.35, 2.0]
    assert [verdict.met for verdict in verdicts] == [False, True, True, None, False]


def test_another_gradient_is_a_fault(tmp_path: Path) -> None:
    for name, value in (("one", 1.0), ("same", 1.0001), ("other", 1.1), ("none", math.nan)):
        np.save(tmp_path / f"{name}.npy", np.full(3, value))
    found = {name: Found(name) for name in ("one", "same", "other", "none", "not saved")}
    compare_gradients(tmp_path, found, "one")
    assert [bool(one.note) for one in found.values()] == [False, False, True, True, False]
    assert found["same"].gradient_difference == pytest.approx(1e-4)
    assert "differs from that of one by 1e-01" in found["other"].note


def test_random_tasks_are_always_the_same_and_of_all_kinds() -> None:
    tasks = random_tasks(2)
    assert tasks == random_tasks(2)
    assert len(tasks) == COUNT == 20
    assert {task.cell for task in tasks} == set(CELLS)
    assert all(64 * MIB <= task.options["memory_limit"] <= 256 * MIB for task in tasks)
    assert len({(task.batch, task.steps, task.units) for task in tasks}) > 15


def prediction(**changes: object) -> Prediction:
    base = Prediction(random_tasks(1)[0], 100 * MIB, "keep_all", 90 * MIB, 1.0, 80 * MIB, 1.1)
    return dataclasses.replace(base, **changes)


def test_predictions_are_judged_by_their_worst_and_their_median() -> None:
    found = [prediction(), prediction(seconds=0.5), prediction(seconds=1.2, step_bytes=104 * MIB)]
    excess, median, worst = memory_prediction.judge(found)
    assert (excess.measured, excess.met) == (pytest.approx(1.04), True)
    assert (median.measured, median.met) == (pytest.approx(1.2), True)
    assert (worst.measured, worst.met) == (pytest.approx(2.0), True)
    found += [prediction(), prediction(seconds=2.1, step_bytes=106 * MIB)]
    assert [verdict.met for verdict in memory_prediction.judge(found)] == [False, True, False]
    # What could not be run is not passed over.
    failed = [prediction(), prediction(note="MemoryLimitError: no plan", seconds=math.nan)]
    assert {verdict.met for verdict in memory_prediction.judge(failed)} == {False}
    assert memory_prediction.judge([prediction(note="failed")]) == []


def test_the_disk_has_a_rate(tmp_path: Path) -> None:
    rate = memory_disk.measure(str(tmp_path), size=2**20)
    assert rate.write > 1e4
    assert rate.read > 1e4
    assert list(tmp_path.iterdir()) == []


def made_up(task: Task) -> dict:
    if task.mode == "predict":
        return {"plan": "keep_all", "bytes": 5 * MIB, "seconds": 0.5}
    return {"seconds": 0.25} if task.mode == "time" else {"peak": (7 if task.mode == "memory" else 2) * MIB}


def test_a_run_prints_tables_and_writes_its_figures(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    monkeypatch.setattr(memory_process, "run", made_up)
    path = tmp_path / "memory.json"
    assert command.main(["--quick", "--threads", "1", "--json", str(path)]) == 0
    printed = capsys.readouterr().out
    for words in (
        "1 thread, torch",
        "100,000 steps",
        SWAP.name,
        "forward (MiB)",
        "The disk writes",
        "not judged",
    ):
        assert words in printed
    written = json.loads(path.read_text())
    assert written["works"][0]["found"][0]["step_bytes"] == 5 * MIB
    assert {verdict["met"] for verdict in written["bars"]} == {None}
    assert (written["threads"], written["rounds"], written["interrupted"]) == (1, 1, False)
    assert written["works"][-1]["work"] == "prediction"


def test_an_interrupted_run_keeps_what_it_has(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    def run(task: Task) -> dict:
        if task.batch == 1:
            raise KeyboardInterrupt
        return made_up(task)

    monkeypatch.setattr(memory_process, "run", run)
    path = tmp_path / "memory.json"
    assert command.main(["--only", "seed,million", "--json", str(path)]) == 130
    assert "Interrupted" in capsys.readouterr().out
    written = json.loads(path.read_text())
    assert [result["work"]["name"] for result in written["works"]] == ["seed"]
    assert (written["interrupted"], len(written["bars"])) == (True, 3)


def test_a_failure_shows_in_the_exit_code(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    def run(task: Task) -> dict:
        if "memory_limit" in task.options:
            raise TaskFailed("MemoryLimitError: no plan")
        return made_up(task)

    monkeypatch.setattr(memory_process, "run", run)
    assert command.main(["--only", "million", "--json", str(tmp_path / "memory.json")]) == 1
    printed = capsys.readouterr().out
    assert "ostinato, 64 MiB: MemoryLimitError: no plan" in printed
    assert "missed" in printed


@pytest.mark.parametrize(
    ("options", "named"),
    [
        (["--only", "seed,nothing"], "there is no work nothing; there are seed, million"),
        (["--threads", "0"], "--threads must be at least 1, but is 0."),
        (["--rounds", "0"], "--rounds must be at least 1, but is 0."),
    ],
)
def test_what_cannot_be_asked_for(options: list[str], named: str, capsys: pytest.CaptureFixture) -> None:
    with pytest.raises(SystemExit):
        command.main(options)
    assert named in capsys.readouterr().err


def test_a_contender_is_plain_values() -> None:
    for work in works():
        for contender in work.contenders:
            assert Contender(**json.loads(json.dumps(dataclasses.asdict(contender)))).name == contender.name


def test_a_prediction_is_asked_for_before_there_are_inputs() -> None:
    small = random_tasks(1, count=1, shrink=100)[0]
    said = memory_process.run(small)
    assert isinstance(said["plan"], str)
    assert 0 < said["bytes"] <= small.options["memory_limit"]
    assert 0 < said["seconds"] < 60
