"""Dropout with seeds around cells: TensorFlow 1.15's masks; see dropout_cases.py."""

from pathlib import Path

import numpy as np
import pytest

import ostinato.tf1 as tf
from ostinato.memory import MemoryPlan
from tf1.dropout_cases import LENGTHS, X, cases, evaluated

EXPECTED = np.load(Path(__file__).parents[1] / "data" / "tf1_dropout_values.npz")


@pytest.mark.parametrize("name", cases(tf))
def test_masks_are_tensorflows(name):
    np.testing.assert_allclose(evaluated(tf, name), EXPECTED[name], rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("lengths", [None, LENGTHS])
@pytest.mark.parametrize("kept", ["input_keep_prob", "state_keep_prob"])
def test_a_seeded_mask_is_the_same_when_a_step_is_computed_anew(kept, lengths):
    def gradients(memory):
        with tf.Graph().as_default(), tf.Session(memory=memory) as session:
            start = tf.constant_initializer(0.1)
            cell = tf.nn.rnn_cell.LSTMCell(4, initializer=start)
            wrapper = tf.nn.rnn_cell.DropoutWrapper(cell, seed=3, **{kept: 0.6})
            outputs, _ = tf.nn.dynamic_rnn(wrapper, tf.constant(X), lengths, dtype=tf.float32)
            found = tf.gradients(tf.reduce_sum(outputs * outputs), tf.trainable_variables())
            session.run(tf.global_variables_initializer())
            return [session.run(found) for _ in range(2)]

    plain, anew = gradients(None), gradients(MemoryPlan.recompute(every=2))
    for one, other in zip(plain, anew, strict=True):
        for value, reference in zip(other, one, strict=True):
            np.testing.assert_allclose(value, reference, rtol=1e-4, atol=1e-6)
    assert not np.allclose(plain[0][0], plain[1][0])
