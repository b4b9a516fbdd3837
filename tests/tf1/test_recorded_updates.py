"""Updates of many variables in one go, in runs that are replayed, against those one by one."""

import numpy as np
import pytest

import ostinato.tf1 as tf
from ostinato.tf1 import recorded_code, replays, updates

SIZES = [[], [0, 2], [3], [7, 5], [200, 300]]
OPTIMIZERS = {
    "adam": lambda: tf.train.AdamOptimizer(0.1, 0.8, 0.9, 1e-4),
    "descent": lambda: tf.train.GradientDescentOptimizer(0.3),
}


def trained(optimizer, monkeypatch, *, replayed, fetch_one=False, steps=6):
    """What the variables are after some steps, and how many updates were made one in the replays."""
    counts = []

    def counted(operations, made=updates.update_together):
        function = made(operations)
        counts.append(len(operations) if function is not None else 0)
        return function

    monkeypatch.setattr(replays, "RECORD", replayed)
    monkeypatch.setattr(recorded_code, "joined", recorded_code.joined)
    monkeypatch.setattr("ostinato.tf1.recorded_updates.update_together", counted)
    with tf.Graph().as_default(), tf.Session() as session:
        given = tf.placeholder(tf.float32, [], name="given")
        random = np.random.RandomState(0)
        variables = [
            tf.Variable(np.asarray(random.randn(*size), np.float32), name=f"v{index}")
            for index, size in enumerate(SIZES)
        ]
        variables.append(tf.Variable(np.asarray(random.randn(4), np.float64), name="wide"))
        loss = sum(
            tf.cast(tf.reduce_sum(tf.square(v) * tf.cast(given, v.dtype)), tf.float32) for v in variables
        )
        train = OPTIMIZERS[optimizer]().minimize(loss)
        fetches = [train, loss]
        if fetch_one:  # what an update gives is taken
            fetches.append(
                next(op for op in tf.get_default_graph().get_operations() if "update_v3" in op.name)
            )
            fetches[-1] = fetches[-1].outputs[0]
        session.run(tf.global_variables_initializer())
        found = [session.run(fetches, {given: 0.1 * (step + 1)})[1:] for step in range(steps)]
        return [
            *np.concatenate([np.ravel(one) for row in found for one in row]),
            *session.run(variables),
        ], counts


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("fetch_one", [False, True])
def test_together_they_give_the_same_bits(optimizer, fetch_one, monkeypatch):
    ours, counts = trained(optimizer, monkeypatch, replayed=True, fetch_one=fetch_one)
    theirs, none = trained(optimizer, monkeypatch, replayed=False, fetch_one=fetch_one)
    for one, other in zip(ours, theirs, strict=True):
        np.testing.assert_array_equal(one, other)
    assert not none
    assert sum(counts) == (3 if fetch_one else 5)  # what is taken parts them; float64 has other constants
