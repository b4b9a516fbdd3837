"""A training loop that saves at every step, ended at any moment: the latest checkpoint is whole, and training
goes on from it as if nothing had happened.

OSTINATO_KILLS says how many times it is killed in each of the two forms; six times is what is quick.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import random
import textwrap
import time
from pathlib import Path

import pytest

import ostinato.tf1 as tf
from ostinato.checkpoint import latest_checkpoint, load_checkpoint
from tf1.forking import Forks, shared

KILLS = int(os.environ.get("OSTINATO_KILLS", "6"))

# Goes on from the latest checkpoint of its folder. In one form each step has a prefix of its own, in the
# other all have the same. What it has lost is written down before it is saved.
TRAINING = """
    import os, sys
    import numpy as np
    import tensorflow as tf

    folder, form, last_step, kept = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
    x = tf.placeholder(tf.float32, [None, 5, 3])
    y = tf.placeholder(tf.int64, [None])
    tf.set_random_seed(3)
    outputs, _ = tf.nn.dynamic_rnn(tf.nn.rnn_cell.BasicLSTMCell(8), x, dtype=tf.float32)
    logits = tf.matmul(outputs[:, -1], tf.get_variable("weights", [8, 2]))
    loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels=y, logits=logits))
    step = tf.train.get_or_create_global_step()
    train = tf.train.AdamOptimizer(0.05).minimize(loss, step)
    saver = tf.train.Saver(max_to_keep=kept)
    writer = tf.summary.FileWriter(os.path.join(folder, "events"), tf.get_default_graph())
    losses = os.open(os.path.join(folder, "losses"), os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    with tf.Session() as session:
        state = tf.train.get_checkpoint_state(folder)
        if state and state.model_checkpoint_path:
            saver.restore(session, state.model_checkpoint_path)
            saver.recover_last_checkpoints(state.all_model_checkpoint_paths)
        else:
            session.run(tf.global_variables_initializer())
        for number in range(tf.train.global_step(session, step), last_step):
            draw = np.random.RandomState(number)
            feed = {x: draw.randn(16, 5, 3), y: draw.randint(0, 2, 16)}
            value, _ = session.run([loss, train], feed)
            os.write(losses, f"{number} {float(value).hex()}\\n".encode())
            shown = tf.Summary(value=[tf.Summary.Value(tag="loss", simple_value=float(value))])
            writer.add_summary(shown, number)
            writer.flush()
            prefix = os.path.join(folder, "model")
            new = form == "new"
            meta = new and number % 4 == 0
            saver.save(session, prefix, step if new else None, write_meta_graph=meta)
"""


@pytest.fixture
def forks() -> Forks:
    return shared()


@pytest.fixture
def script(tmp_path: Path) -> Path:
    path = tmp_path / "train.py"
    path.write_text(textwrap.dedent(TRAINING))
    return path


def losses_of(folder: Path) -> list[tuple[int, str]]:
    """(step, loss to the bit) of all that was computed, in order."""
    path = folder / "losses"  # a killed run may not have ended its line
    lines = path.read_text().split("\n")[:-1] if path.exists() else []
    return [(int(step), loss) for step, loss in (line.split() for line in lines)]


def whole(prefix: str) -> tuple[int, str]:
    """The global step that a checkpoint was made at, and all its bits; every checksum is verified."""
    with load_checkpoint(prefix) as checkpoint:
        tensors = checkpoint.read()
    digest = hashlib.sha256()
    for name, array in tensors.items():
        digest.update(repr((name, array.dtype.str, array.shape)).encode() + array.tobytes())
    return int(tensors["global_step"]), digest.hexdigest()


def steps_shown(folder: Path) -> list[int]:
    """The steps whose losses the files of events have; a killed run may not have ended its last record."""
    found = []
    for path in sorted((folder / "events").iterdir()):
        events = tf.train.summary_iterator(str(path))
        with contextlib.suppress(tf.errors.DataLossError):
            for event in events:
                if event.summary.value:
                    found.append(event.step)
    return found


def reached(folder: Path, lines: int) -> float:
    """Wait until so many steps were computed; the time that it is then."""
    deadline = time.monotonic() + 60
    while len(losses_of(folder)) < lines:
        assert time.monotonic() < deadline, "The run makes no steps."
        time.sleep(0.001)
    return time.monotonic()


@pytest.mark.parametrize("form", ["new", "same"])
def test_the_latest_checkpoint_is_whole_whenever_training_is_killed(
    form: str, forks: Forks, script: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "broken"
    folder.mkdir()
    seen: dict[int, str] = {}  # the checkpoints that were there at a kill, or while others were saved
    latest, pace = 0, 0.02
    chance = random.Random(5)
    for number in range(KILLS):
        kept = 1 if number % 2 else 3
        before, steps = len(losses_of(folder)), chance.randint(1, 3)
        pid = forks.start("run", script, folder, form, 10**9, kept)
        begun = reached(folder, before + 1)
        now = reached(folder, before + steps)
        pace = (now - begun) / (steps - 1) if steps > 1 else pace  # of a step with its save
        end = now + chance.uniform(0, 1.2 * pace)
        while time.monotonic() < end:
            # Where one is kept, the one that was the latest is gone as soon as there is a later one.
            found = None if form == "new" and kept == 1 else latest_checkpoint(folder)
            if found is not None:
                step, digest = whole(found)
                assert seen.setdefault(step, digest) == digest
        assert forks.kill(pid) == -9
        found = latest_checkpoint(folder)
        for path in folder.glob("*.meta"):
            graph = tf.MetaGraphDef.FromString(path.read_bytes())
            assert graph.graph_def.node
        # All that was shown before the last step's losses were told of is there.
        assert {step for step, _ in losses_of(folder)[:-1]} <= set(steps_shown(folder))
        if found is None:
            assert (latest, steps) == (0, 1)
            continue
        step, digest = whole(found)
        assert seen.setdefault(step, digest) == digest
        # The old one or the new one: of the last step that was computed, or of the one before.
        computed = losses_of(folder)[-1][0] + 1
        assert step in (computed, computed - 1)
        assert step >= latest + steps - 1
        assert form == "same" or found == f"{folder}/model-{step}"
        latest = step
    broken = losses_of(folder)

    # The same training, never killed, which keeps all that it saves.
    unbroken = tmp_path / "unbroken"
    unbroken.mkdir()
    assert forks.wait(forks.start("run", script, unbroken, "new", broken[-1][0] + 1, 0)) == 0
    expected = dict(losses_of(unbroken))
    assert broken == [(step, expected[step]) for step, _ in broken]
    assert set(expected) == {step for step, _ in broken}
    for step, digest in seen.items():
        assert whole(f"{unbroken}/model-{step}") == (step, digest)
    if form == "same" and latest:
        assert {path.name for path in folder.iterdir() if path.name.startswith("model")} <= {
            "model.index",
            "model.data-00000-of-00001",
            "model.data-00000-of-00002",
            "model.data-00001-of-00002",
        }
