"""Replayed runs in which fed numbers say where to cut, pad or repeat what a gradient goes through."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import ostinato.tf1 as tf
from ostinato.tf1 import replays, tensor

CASES: dict[str, Callable[[tensor.Tensor, tensor.Tensor], tensor.Tensor]] = {
    "strided_slice": lambda h, n: h[:, :n],
    "index": lambda h, n: h[n],
    "slice": lambda h, n: tf.slice(h, [0, n], [4, 2]),
    "reshape": lambda h, n: tf.reshape(h, [n, -1]),
    "tile": lambda h, n: tf.tile(h, tf.stack([n, 1])),
    "pad": lambda h, n: tf.pad(h, [[0, n], [1, 0]]),
}


@pytest.mark.parametrize("name", CASES)
def test_numbers_come_again_and_change(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    values = np.random.RandomState(0).randn(4, 10).astype(np.float32)
    with tf.Graph().as_default(), tf.Session() as session:
        x, n = tf.placeholder(tf.float32, [4, 10]), tf.placeholder(tf.int32, [])
        y = tf.tanh(CASES[name](tf.square(x), n))
        fetches = [y, *tf.gradients(y, [x])]

        def run(number: int) -> list[np.ndarray]:
            return session.run(fetches, {x: values, n: number})

        with monkeypatch.context() as patch:
            patch.setattr(replays, "RECORD", False)
            expected = {number: run(number) for number in (1, 2)}
        found: list[tuple[int, Any]] = [(number, run(number)) for number in (2, 2, 2, 1, 1, 2)]
        plan = next(plan for plan in tf.get_default_graph().plans.values() if plan.has_gradients)
        known = replays.replays_of(plan)
    assert known.problem is None
    assert known.replayed >= 2
    for number, given in found:
        for one, other in zip(given, expected[number], strict=True):
            np.testing.assert_array_equal(one, other)
