"""Conditional random fields in replayed runs: rows of other lengths do not need a recording of their own."""

from __future__ import annotations

import numpy as np
import pytest

import ostinato.tf1 as tf
from ostinato.tf1 import replays
from ostinato.tf1.ops import crf


@pytest.mark.parametrize("few", [True, False])
def test_rows_of_any_lengths(few: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    random = np.random.RandomState(0)
    features = random.randn(3, 6, 4).astype(np.float32)
    tags = random.randint(0, 4, [3, 6])
    batches = [[6, 2, 3], [4, 4, 1], [1, 1, 0], [5, 6, 6]]
    if not few:
        monkeypatch.setattr(crf, "_FEW", 0)
    with tf.Graph().as_default(), tf.Session() as session:
        x, lengths = tf.placeholder(tf.float32, [3, 6, 4]), tf.placeholder(tf.int32, [3])
        score, transitions = tf.contrib.crf.crf_log_likelihood(
            tf.tanh(x), tags, lengths, tf.constant(random.randn(4, 4).astype(np.float32))
        )
        fetches = [score, *tf.gradients(score, [x, transitions])]

        def run(given: list[int]) -> list[np.ndarray]:
            return session.run(fetches, {x: features, lengths: given})

        with monkeypatch.context() as patch:
            patch.setattr(replays, "RECORD", False)
            expected = [run(given) for given in batches]
        for _ in range(3):
            run(batches[0])
        found = [run(given) for given in batches]
        plan = next(plan for plan in tf.get_default_graph().plans.values() if plan.has_gradients)
        known = replays.replays_of(plan)
    assert (known.problem is None) == few  # with many tags a look at the values decides how sums are taken
    assert (known.replayed == 1 + len(batches)) == few
    for one, other in zip(found, expected, strict=True):
        for given, wanted in zip(one, other, strict=True):
            np.testing.assert_array_equal(given, wanted)
