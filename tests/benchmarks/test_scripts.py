"""The table of public scripts: what is noted of a script's runs, and how a row is shown."""

import json
import subprocess
import sys
from pathlib import Path

from benchmarks.environments import ROOT
from benchmarks.scripts import Outcome, line
from benchmarks.scripts_data import beginning
from benchmarks.scripts_rows import ROWS, Row

SCRIPT = """\
import tensorflow as tf
x = tf.Variable(4.0, name="x")
loss = tf.square(x)
train = tf.train.GradientDescentOptimizer(0.25).minimize(loss)
with tf.Session() as session:
    session.run(tf.global_variables_initializer())
    for _ in range(6):
        value, _ = session.run([loss, train])
    print("x is", session.run(x))
"""


def test_training_is_noted_and_ends_after_the_steps(tmp_path: Path) -> None:
    (tmp_path / "train.py").write_text(SCRIPT)
    command = [sys.executable, "-m", "benchmarks.scripts_program", "ostinato", "report.json", "3", "finish"]
    ran = subprocess.run(
        [*command, "initial.npz", "train.py"],
        cwd=tmp_path,
        env={"PYTHONPATH": f"{ROOT}:{ROOT / 'src'}", "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.splitlines()[-1] == "x is 0.5"
    report = json.loads((tmp_path / "report.json").read_text())
    assert (report["steps"], report["values"]) == (3, [16.0, 4.0, 1.0])
    assert len(report["seconds"]) == 3


def test_rows_differ() -> None:
    assert len({(row.name, row.arguments) for row in ROWS}) == len(ROWS)


def test_a_row_shows_losses_and_times() -> None:
    row = Row("owner+name", "train.py", "--epochs 1", then=("sample.py",))
    peer, mine = Outcome(5, 4.0, [2.0, 1.0]), Outcome(5, 2.0, [2.0, 1.5])
    cells = line(row, peer, mine)
    assert cells[:2] == ("owner/name", "`train.py --epochs 1`, then `sample.py`")
    assert cells[3:8] == ("2 → 1", "2 → 1.5", "4", "2", "2.00")
    failed = line(row, peer, Outcome(problem="train.py ended with 1: a | b"))
    assert failed[4:8] == ("train.py ended with 1: a / b", "4", "", "")


def test_data_ends_with_a_line(tmp_path: Path) -> None:
    (tmp_path / "long.txt").write_text("one\ntwo\nthree\nfour\n")
    beginning("long.txt", "text/short.txt", 12)(tmp_path, tmp_path)
    assert (tmp_path / "text" / "short.txt").read_text() == "one\ntwo\n"
