"""The seeds' snippets, verbatim, each a script of its own that a process of `ostinato run` runs."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

SEEDS = Path(__file__).parent / "seeds"
PRINTED = {
    "static_two_placeholders": "(?, 5) (?, 5) True\n",
    "static_unstacked": "(?, 3) (?, 2, 5) transpose_1:0\n",
    "evaluation": "(4, 2, 5) float32 True\n",
    "printing": "[[[0. 0. 0. 0. 0.]\n  [0. 0. 0. 0. 0.]]]\n",
    "dynamic": "rnn/transpose_1:0 (?, 2, 5) rnn/while/Exit_3:0 (?, 5)\n",
    "cell_source": "basic_lstm_cell/kernel:0 (76, 256) basic_lstm_cell/bias:0 (256,)\n",
    "network": (
        "Variable:0 (64, 2) 128\nVariable_1:0 (2,) 2\n"
        "rnn/basic_lstm_cell/kernel:0 (76, 256) 19456\nrnn/basic_lstm_cell/bias:0 (256,) 256\n"
    ),
}


@pytest.fixture(scope="module")
def processes():
    """All the scripts, started at once: most of a short one's time is the import of torch."""
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    source = str(Path(__file__).parents[2] / "src")
    environment["PYTHONPATH"] = os.pathsep.join([source, environment.get("PYTHONPATH", "")]).rstrip(
        os.pathsep
    )
    started = {}
    for name in PRINTED:
        command = [sys.executable, "-m", "ostinato", "run", str(SEEDS / f"{name}.py")]
        started[name] = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
        )
    yield started
    for process in started.values():
        process.kill()
        process.communicate()


@pytest.mark.parametrize("name", PRINTED)
def test_a_seed_snippet_runs_under_ostinato_run(processes, name):
    output, errors = processes[name].communicate(timeout=120)
    assert processes[name].returncode == 0, errors
    assert output == PRINTED[name]


def test_every_snippet_is_run():
    assert {path.stem for path in SEEDS.glob("*.py")} == set(PRINTED)
