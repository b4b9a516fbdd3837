"""Losses over sampled classes in replayed runs: which samples are labels is another question in each."""

from __future__ import annotations

import numpy as np
import pytest

import ostinato.tf1 as tf
from ostinato.tf1 import replays


@pytest.mark.parametrize("loss", [tf.nn.sampled_softmax_loss, tf.nn.nce_loss])
def test_accidental_hits_are_those_of_the_run(loss: object, monkeypatch: pytest.MonkeyPatch) -> None:
    random = np.random.RandomState(0)
    batches = [[[1], [4], [2]], [[9], [8], [9]], [[3], [0], [7]], [[4], [4], [4]]]
    with tf.Graph().as_default(), tf.Session() as session:
        x, labels = tf.placeholder(tf.float32, [3, 4]), tf.placeholder(tf.int64, [3, 1])
        weights = tf.constant(random.randn(10, 4).astype(np.float32))
        samples = tf.constant([0, 2, 4, 7], tf.int64), tf.constant(0.5, shape=[3, 1]), tf.constant([0.25] * 4)
        found = loss(weights, tf.zeros([10]), labels, x, 4, 10, 1, samples, remove_accidental_hits=True)
        fetches = [found, *map(tf.convert_to_tensor, tf.gradients(found, [x, weights]))]
        inputs = random.randn(3, 4).astype(np.float32)

        def run(given: list[list[int]]) -> list[np.ndarray]:
            return session.run(fetches, {x: inputs, labels: given})

        with monkeypatch.context() as patch:
            patch.setattr(replays, "RECORD", False)
            expected = [run(given) for given in batches]
        for _ in range(2):
            run(batches[0])
        replayed = [run(given) for given in batches]
        plan = next(plan for plan in tf.get_default_graph().plans.values() if plan.has_gradients)
        known = replays.replays_of(plan)
    assert known.problem is None
    assert known.replayed == len(batches)
    for one, other in zip(replayed, expected, strict=True):
        for given, wanted in zip(one, other, strict=True):
            np.testing.assert_array_equal(given, wanted)
