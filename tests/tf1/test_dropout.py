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


@pytest.mark.parametrize(
    ("keep", "largest"),
    [
        (0.7, 1.0879916698938),  # 0.7 as TensorFlow has it in float32
        (np.float64(0.7), 1.0879916513654),
        (tf.float32, 1.0879916698938),
        (tf.float64, 1.0879916513654),
    ],
)
@pytest.mark.parametrize("variational", [False, True])
def test_a_probability_is_rounded_as_the_tensor_that_tensorflow_makes_of_it(keep, largest, variational):
    with tf.Graph().as_default(), tf.Session() as session:
        keep = tf.constant(0.7, keep) if isinstance(keep, tf.DType) else keep
        cell = tf.nn.rnn_cell.DropoutWrapper(
            tf.nn.rnn_cell.BasicRNNCell(50),
            output_keep_prob=keep,
            variational_recurrent=variational,
            dtype=tf.float64,
            seed=3,
        )
        output, _ = cell(tf.ones([2, 50], tf.float64), tf.ones([2, 50], tf.float64))
        kernel, bias = tf.global_variables()
        kernel.load(np.full((100, 50), 0.01), session)
        bias.load(np.zeros(50), session)
        assert session.run(output).max() == pytest.approx(largest, rel=1e-13)


def test_parts_of_a_state_are_counted_by_name():
    class Pair(tf.nn.rnn_cell.RNNCell):
        output_size = 50
        state_size = None

        def __init__(self, names):
            super().__init__()
            self.state_size = dict.fromkeys(names, 50)

        def call(self, inputs, state):
            return inputs, {name: value + 1.0 for name, value in state.items()}

    def final_state(names):
        with tf.Graph().as_default(), tf.Session() as session:
            cell = tf.nn.rnn_cell.DropoutWrapper(Pair(names), state_keep_prob=0.5, seed=3)
            _, state = tf.nn.dynamic_rnn(cell, tf.ones([1, 3, 50]), dtype=tf.float32)
            return session.run(state)

    one, other = final_state("ab"), final_state("ba")
    assert not np.array_equal(one["a"], one["b"])
    for name in "ab":
        np.testing.assert_array_equal(one[name], other[name])


def test_a_cell_in_a_loop_takes_the_probability_of_each_iteration():
    with tf.Graph().as_default(), tf.Session() as session:
        tf.set_random_seed(1)
        child = tf.nn.rnn_cell.GRUCell(4)
        inputs, weight = tf.ones([2, 3]), tf.Variable(1.0)

        def body(i, state, found):
            keep = tf.where(tf.equal(i, 1), 1e-6, 1.0)
            cell = tf.nn.rnn_cell.DropoutWrapper(child, output_keep_prob=keep)
            output, state = cell(inputs * weight, state)
            return i + 1, state, found.write(i, output)

        arrays = tf.TensorArray(tf.float32, 3)
        _, state, found = tf.while_loop(lambda i, *_: i < 3, body, [0, tf.zeros([2, 4]), arrays])
        unrolled = tf.zeros([2, 4])
        for _ in range(3):
            _, unrolled = child(inputs * weight, unrolled)
        gradients = [tf.gradients(tf.reduce_sum(value**2), weight)[0] for value in (state, unrolled)]
        session.run(tf.global_variables_initializer())
        outputs, state, unrolled, gradients = session.run([found.stack(), state, unrolled, gradients])
    assert [bool((output != 0).all()) for output in outputs] == [True, False, True]
    assert not outputs[1].any()
    np.testing.assert_allclose(state, unrolled, rtol=1e-6)
    np.testing.assert_allclose(*gradients, rtol=1e-5)
