"""The native step of Adam against torch's operations."""

import numpy as np
import pytest
import torch

import ostinato.tf1 as tf
from ostinato.kernels.native import adam_step, library

pytestmark = pytest.mark.skipif(library.load() is None, reason="no native code here")


def after(sizes, native, monkeypatch, steps=4):
    """The values of a variable after some steps of Adam."""
    with monkeypatch.context() as patched:
        if not native:
            patched.setattr(adam_step, "runs", lambda tensors: False)
        with tf.Graph().as_default(), tf.Session() as session:
            start = np.asarray(np.random.RandomState(0).randn(*sizes), np.float32)
            variable = tf.Variable(start, name="variable")
            given = tf.placeholder(tf.float32, sizes)
            optimizer = tf.train.AdamOptimizer(0.1, 0.8, 0.9, 1e-4)
            train = optimizer.apply_gradients([(given, variable)])
            slots = [optimizer.get_slot(variable, name) for name in ("m", "v")]
            session.run(tf.global_variables_initializer())
            found = []
            for step in range(steps):
                gradient = np.asarray(np.random.RandomState(1 + step).randn(*sizes))
                gradient[gradient > 1] = 0
                session.run(train, {given: gradient})
                found += session.run([variable, *slots])
    return found


@pytest.mark.parametrize("sizes", [[1], [], [0, 3], [7], [65], [3, 5, 17], [1000]])
def test_it_steps_as_torchs_operations_do(sizes, monkeypatch):
    pairs = zip(after(sizes, True, monkeypatch), after(sizes, False, monkeypatch), strict=True)
    for ours, theirs in pairs:
        np.testing.assert_allclose(ours, theirs, 2e-6, 1e-7)


@pytest.mark.parametrize(
    "tensors",
    [
        [torch.zeros(4, dtype=torch.float64)] * 4,
        [torch.zeros(4, 4).t(), *[torch.zeros(4, 4)] * 3],
        [torch.zeros(4, 4)[:, ::2]] * 4,
        [*[torch.zeros(3)] * 3, torch.zeros(1).expand(3)],
        [*[torch.zeros(3)] * 3, torch.zeros(1)],
    ],
)
def test_it_leaves_other_tensors_to_torch(tensors):
    assert adam_step.runs([torch.zeros(3)] * 4)
    assert not adam_step.runs(tensors)
