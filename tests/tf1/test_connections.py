"""What gradients reach inside loops and branches: None where they reach nothing, as TensorFlow says."""

import numpy as np
import pytest

import ostinato.tf1 as tf


def reaches(y, xs):
    return [gradient is not None for gradient in tf.gradients(y, xs)]


def tensors():
    used, stopped, outside = (tf.get_variable(name, [3]) for name in ("used", "stopped", "outside"))
    return tf.placeholder(tf.float32, [3]), used, stopped, outside


def test_a_loop_passes_gradients_to_what_its_results_come_of():
    x, used, stopped, outside = tensors()

    def body(i, first, second, third):
        return i + 1, first * used, second * first, third + tf.stop_gradient(stopped)

    _, first, second, third = tf.while_loop(lambda i, *_: i < 2, body, [0, x, outside, tf.zeros([3])])
    xs = [x, used, stopped, outside.read_value(), outside]
    assert reaches(first, xs) == [True, True, False, False, False]
    assert reaches(second, xs) == [True, True, False, False, True]
    assert reaches(third, xs) == [False] * 5


def test_results_that_are_found_later_reach_further():
    x, used, stopped, outside = tensors()
    _, first, second = tf.while_loop(
        lambda i, *_: i < 2, lambda i, first, second: (i + 1, first * used, second * stopped), [0, x, outside]
    )
    assert reaches([first, second], [used, stopped, outside]) == [True, True, True]
    assert reaches(tf.tanh(second) + first, [used, stopped, outside]) == [True, True, True]


def test_conditionals_pass_gradients_to_what_either_branch_uses():
    x, used, stopped, outside = tensors()
    first, second = tf.cond(x[0] > 0.0, lambda: (x * used, outside * 2.0), lambda: (x + 1.0, stopped * 1.0))
    assert reaches(first, [x, used, stopped, outside]) == [True, True, False, False]
    assert reaches(second, [x, used, stopped, outside]) == [False, False, True, True]


def test_loops_in_loops_and_loops_without_gradients():
    x, used, stopped, outside = tensors()

    def inner(value):
        return tf.while_loop(lambda j, _: j < 2, lambda j, v: (j + 1, v * used), [0, value])[1]

    _, first, chosen = tf.while_loop(
        lambda i, *_: i < 2,
        lambda i, first, _: (i + 1, inner(first), tf.argmax(first * stopped)),
        [0, x, tf.constant(0, tf.int64)],
    )
    picked = tf.gather(outside, chosen)
    assert reaches([first, picked], [x, used, stopped, outside]) == [True, True, False, True]
    no_gradients = tf.while_loop(lambda i, _: i < 2, lambda i, v: (i + 1, v * used), [0, x], back_prop=False)
    assert reaches(no_gradients[1], [x, used]) == [False, False]


def test_a_variable_that_a_loop_writes_is_reached_where_it_is_read():
    x, used, stopped, _ = tensors()

    def body(i, value):
        with tf.control_dependencies([tf.assign_add(used, tf.ones([3])), tf.assign(stopped, x)]):
            return i + 1, value * used.read_value()

    _, value = tf.while_loop(lambda i, _: i < 2, body, [0, x])
    assert reaches(value, [x, used, stopped]) == [True, True, False]


@pytest.mark.parametrize("optimizer", [tf.train.AdamOptimizer(0.1), tf.train.MomentumOptimizer(0.1, 0.9)])
def test_optimizers_leave_what_is_not_reached_alone(optimizer):
    x, used, stopped, _ = tensors()
    _, value = tf.while_loop(
        lambda i, _: i < 2, lambda i, value: (i + 1, value * used + tf.stop_gradient(stopped)), [0, x]
    )
    train = optimizer.minimize(tf.reduce_sum(value), var_list=[used, stopped])
    assert not any(variable.name.startswith("stopped/") for variable in tf.global_variables())
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        before = session.run([used, stopped])
        session.run(train, {x: np.ones(3, "float32")})
        after = session.run([used, stopped])
    assert not np.array_equal(before[0], after[0])
    np.testing.assert_array_equal(before[1], after[1])


def test_transitions_of_one_step_get_no_gradient():
    scores, transitions = tf.placeholder(tf.float32, [2, 1, 3]), tf.zeros([3, 3])
    tags, lengths = tf.zeros([2, 1], tf.int32), tf.ones([2], tf.int32)
    likelihood, _ = tf.contrib.crf.crf_log_likelihood(scores, tags, lengths, transitions)
    score = tf.contrib.crf.crf_sequence_score(scores, tags, lengths, transitions)
    several = tf.contrib.crf.crf_log_norm(tf.placeholder(tf.float32, [2, None, 3]), lengths, transitions)
    assert reaches(likelihood, [scores, transitions]) == [True, False]
    assert reaches(score, [scores, transitions]) == [True, False]
    assert reaches(several, [transitions]) == [True]
