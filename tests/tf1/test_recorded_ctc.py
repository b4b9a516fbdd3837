"""The loss of connectionist temporal classification in replayed runs, and its gradient."""

from __future__ import annotations

import numpy as np
import pytest

import ostinato.tf1 as tf
from ostinato.tf1 import replays

PLACES = [[row, column] for row in range(3) for column in range(2)]


@pytest.mark.parametrize("merge", [True, False])
def test_labels_are_those_of_the_run(merge: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    logits = np.random.RandomState(0).randn(5, 3, 4).astype(np.float32)
    batches = [
        ([0, 1, 2, 1, 0, 0], [5, 4, 3]),
        ([1, 1, 0, 2, 2, 1], [2, 5, 5]),
        ([2, 0, 1, 0, 1, 2], [5, 5, 5]),
    ]
    with tf.Graph().as_default(), tf.Session() as session:
        x, lengths, labels = (
            tf.placeholder(tf.float32),
            tf.placeholder(tf.int32, [3]),
            tf.placeholder(tf.int32, [6]),
        )
        x.set_shape([5, 3, 4])
        sparse = tf.SparseTensor(PLACES, labels, [3, 2])
        losses = tf.nn.ctc_loss(sparse, tf.tanh(x) * 3.0, lengths, ctc_merge_repeated=merge)
        fetches = [losses, *tf.gradients(losses * [1.0, 2.0, 0.5], [x])]

        def run(values: list[int], sizes: list[int]) -> list[np.ndarray]:
            return session.run(fetches, {x: logits, labels: values, lengths: sizes})

        with monkeypatch.context() as patch:
            patch.setattr(replays, "RECORD", False)
            expected = [run(*given) for given in batches]
        for _ in range(2):
            run(*batches[0])
        found = [run(*given) for given in batches]
        plan = next(plan for plan in tf.get_default_graph().plans.values() if plan.has_gradients)
        known = replays.replays_of(plan)
        assert known.problem is None
        assert known.replayed == len(batches)
        with pytest.raises(tf.errors.InvalidArgumentError, match="Saw a non-null label"):
            run([3, 1, 0, 0, 0, 0], [5, 5, 5])
    for one, other in zip(found, expected, strict=True):
        for given, wanted in zip(one, other, strict=True):
            np.testing.assert_array_equal(given, wanted)
    if merge:  # the same label twice in two steps cannot be
        assert np.isinf(found[1][0]).tolist() == [True, False, False]


def test_the_gradient_is_that_of_differences() -> None:
    logits = np.random.RandomState(1).randn(5, 3, 4)
    with tf.Graph().as_default(), tf.Session() as session:
        x = tf.placeholder(tf.float64, [5, 3, 4])
        sparse = tf.SparseTensor(PLACES, tf.constant([0, 1, 2, 1, 0, 0]), [3, 2])
        losses = tf.nn.ctc_loss(sparse, tf.cast(x, tf.float32), [5, 4, 3])
        (gradient,) = tf.gradients(losses * [1.0, 2.0, 0.5], x)
        found = session.run(gradient, {x: logits})
        for place in [(0, 0, 0), (2, 1, 3), (4, 2, 1), (1, 2, 2)]:
            step = np.zeros_like(logits)
            step[place] = 1e-2
            more, less = (session.run(losses, {x: logits + sign * step}) for sign in (1, -1))
            slope = ((more - less) * [1.0, 2.0, 0.5]).sum() / 2e-2
            np.testing.assert_allclose(found[place], slope, atol=2e-3)
