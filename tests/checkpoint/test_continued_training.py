"""Training that TensorFlow 1.15 began, goes on here, and goes on there again (`tools/continue_training.py`).

The committed checkpoint is TensorFlow's after 50 steps, the committed losses are those of 150 steps there.
"""

import os
import shutil
import subprocess
import sys

import numpy as np
import pytest

from checkpoint.committed import DATA, ROOT, python_of, unpack
from ostinato.checkpoint import CheckpointState, latest_checkpoint, load_checkpoint, write_checkpoint_state

SCRIPT = [ROOT / "tools" / "continue_training.py", "--timesteps", "40"]
HERE = [sys.executable, "-m", "ostinato", "run"]


def train(python, folder):
    """Fifty more steps in a process of its own."""
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONDONTWRITEBYTECODE": "1"}
    environment["PYTHONPATH"] = str(ROOT / "src") if python is HERE else ""
    done = subprocess.run(
        [*python, *SCRIPT, folder, "--steps", "50"],
        capture_output=True,
        text=True,
        env=environment,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-4000:]


def losses(folder):
    table = np.loadtxt(folder / "losses.txt")
    assert table[:, 0].tolist() == list(range(50, 50 + len(table)))
    return table[:, 1]


@pytest.fixture(scope="module")
def continued(tmp_path_factory):
    """The folder after the second fifty steps, which ran here."""
    folder = unpack(DATA / "continued", tmp_path_factory.mktemp("continued") / "run")
    (folder / "losses.txt").unlink()
    write_checkpoint_state(folder, CheckpointState("model.ckpt-50", ("model.ckpt-50",)))
    train(HERE, folder)
    return folder


@pytest.fixture(scope="module")
def stayed():
    """The losses of the run that stayed in TensorFlow."""
    table = np.loadtxt(DATA / "continued" / "losses.txt")
    assert table[:, 0].tolist() == list(range(150))
    return table[:, 1]


def test_training_goes_on_where_tensorflow_stopped(continued, stayed):
    assert 0.02 < stayed[50:].min() < 0.2 < stayed[50:].max() < 1  # a training that says something
    np.testing.assert_allclose(losses(continued)[:50], stayed[50:100], rtol=0, atol=1e-5)


def test_what_is_saved_is_what_tensorflow_saved(continued):
    """Names, types and shapes; and every variable has been trained on, slots and step included."""
    assert os.path.basename(latest_checkpoint(continued)) == "model.ckpt-100"
    with load_checkpoint(continued / "model.ckpt-50") as before, load_checkpoint(continued) as after:
        assert [after.info(name) for name in after] == [before.info(name) for name in before]
        assert len(after) == 15
        assert (before["global_step"], after["global_step"]) == (50, 100)
        np.testing.assert_allclose(after["beta1_power"], 0.9**101, rtol=1e-4)
        np.testing.assert_allclose(after["beta2_power"], 0.999**101, rtol=1e-4)
        assert all((before[name] != after[name]).any() for name in before)


def test_training_goes_on_from_what_was_saved_here(continued, stayed, tmp_path):
    """In TensorFlow 1.15 where there is one, and else here once more."""
    shutil.copytree(continued, tmp_path, dirs_exist_ok=True)
    (tmp_path / "checkpoint").write_text('model_checkpoint_path: "model.ckpt-100"\n')
    python = python_of("tf1")
    train([python] if python else HERE, tmp_path)
    np.testing.assert_allclose(losses(tmp_path), stayed[50:], rtol=0, atol=1e-5)
    with load_checkpoint(tmp_path / "model.ckpt-150") as after:
        assert after["global_step"] == 150
