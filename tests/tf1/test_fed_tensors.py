"""A fed tensor has another value and the same place in the graph: gradients go on through it, as in
TensorFlow 1.15, which gave the numbers here.
"""

import numpy as np
import pytest

import ostinato.tf1 as tf


@pytest.fixture
def session():
    with tf.Graph().as_default(), tf.Session() as session:
        yield session


def test_a_gradient_goes_through_what_is_fed(session):
    x = tf.placeholder(tf.float32, [])
    y = tf.sin(x)
    z = y * y + x
    of_x, of_y = tf.gradients(z, [x, y])
    values = session.run([of_x, of_y, z, y], {x: 1.0, y: 3.0})
    np.testing.assert_allclose(values, [2 * 3 * np.cos(1.0) + 1, 6.0, 10.0, 3.0], rtol=1e-6)


def test_what_is_differentiated_may_be_fed(session):
    x = tf.placeholder(tf.float32, [])
    z = x * x * x
    first = tf.gradients(z, x)[0]
    second = tf.gradients(first, x)[0]
    fed = {x: 2.0, z: 7.0, first: 5.0}
    assert session.run(first, {x: 2.0, z: 7.0}) == 12.0
    assert session.run([first, first * 2.0, second], fed) == [5.0, 10.0, 12.0]


def test_the_result_of_a_branch_may_be_fed(session):
    x, first = tf.placeholder(tf.float32, []), tf.placeholder(tf.bool, [])
    y = tf.cond(first, lambda: x * 2.0, lambda: x * 3.0)
    grad = tf.gradients(y * y, x)[0]
    assert [session.run(grad, {x: 1.0, first: which, y: 5.0}) for which in (True, False)] == [20.0, 30.0]


def test_a_variables_value_may_be_fed(session):
    variable = tf.Variable(2.0)
    value = variable.read_value()
    grad = tf.gradients(value * value * variable, variable)[0]
    session.run(tf.global_variables_initializer())
    assert session.run(grad, {value: 5.0}) == 2 * 5 * 2 + 25


def test_an_initial_state_that_is_fed_is_still_learned(session):
    learned = tf.Variable([[0.5, -0.5]])
    state = tf.tile(learned, [3, 1])
    inputs = tf.placeholder(tf.float32, [3, 4, 2])
    outputs, _ = tf.nn.dynamic_rnn(tf.nn.rnn_cell.GRUCell(2), inputs, initial_state=state)
    grad = tf.gradients(outputs, learned)[0]
    session.run(tf.global_variables_initializer())
    feeds = {inputs: np.full((3, 4, 2), 0.3, np.float32)}
    expected = session.run(grad, feeds)
    assert np.abs(expected).min() > 1e-3
    same = np.array([[0.5, -0.5]] * 3, np.float32)
    np.testing.assert_allclose(session.run(grad, {**feeds, state: same}), expected, rtol=1e-6)


def test_what_is_above_is_evaluated_only_for_a_gradient_that_goes_there(session):
    x = tf.placeholder(tf.float32, [])
    y = tf.sin(x)
    below, above = tf.gradients(y * y, y)[0], tf.gradients(y * y, x)[0]
    assert session.run(below, {y: 3.0}) == 6.0
    with pytest.raises(tf.errors.InvalidArgumentError, match="You must feed a value for placeholder"):
        session.run(above, {y: 3.0})


def test_what_is_fed_is_still_waited_for_where_it_writes(session):
    variable, x = tf.Variable(1.0), tf.placeholder(tf.float32, [])
    session.run(variable.initializer)
    value, root = tf.identity(variable.assign_add(1.0)), tf.sqrt(x)
    with tf.control_dependencies([value]):
        after = tf.constant(1.0) + 1.0
    with tf.control_dependencies([root]):
        alone = tf.constant(1.0) + 1.0
    assert session.run(after, {value: 5.0}) == 2.0
    assert session.run(variable) == 2.0
    assert session.run(alone, {root: 5.0}) == 2.0


def test_what_a_gradient_does_not_go_through_is_not_evaluated(session):
    a, missing = tf.placeholder(tf.float32, []), tf.placeholder(tf.float32, [])
    target = a * missing
    grad = tf.gradients(a * tf.stop_gradient(target), a)[0]
    assert session.run(grad, {a: 2.0, target: 7.0}) == 7.0
