"""The seeds' snippets, verbatim, each a script of its own that a process of `ostinato run` runs."""

from pathlib import Path

import pytest

from tf1.forking import shared

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


@pytest.mark.parametrize("name", PRINTED)
def test_a_seed_snippet_runs_under_ostinato_run(name, tmp_path):
    ended = shared().run(tmp_path, "run", SEEDS / f"{name}.py")
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout == PRINTED[name]


def test_every_snippet_is_run():
    assert {path.stem for path in SEEDS.glob("*.py")} == set(PRINTED)
