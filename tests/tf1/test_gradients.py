"""`tf.gradients`: values, what is not connected, gradients of gradients, tensors held constant."""

import numpy as np
import pytest

import ostinato.tf1 as tf

POINT = np.array([1.0, 2.0, 3.0])


def evaluated(fetches, feeds):
    with tf.Session() as session:
        if tf.global_variables():
            session.run(tf.global_variables_initializer())
        return session.run(fetches, feeds)


# The derivative of sum(y) by x at POINT, as TensorFlow gives it where there is a choice.
DERIVATIVES = {
    "square": (lambda x: x * x, [2, 4, 6]),
    "of the first operand where equal": (lambda x: tf.maximum(x, 2.0), [0, 1, 1]),
    "minimum": (lambda x: tf.minimum(x, 2.0), [1, 1, 0]),
    "clip": (lambda x: tf.clip_by_value(x, 1.0, 2.0), [1, 1, 0]),
    "relu at zero": (lambda x: tf.nn.relu(x - 2.0), [0, 0, 1]),
    "abs at zero": (lambda x: tf.abs(x - 2.0), [-1, 0, 1]),
    "product": (lambda x: tf.reduce_prod(x), [6, 3, 2]),
    "gather": (lambda x: tf.gather(x, [0, 0, 2]), [2, 0, 1]),
    "slice": (lambda x: x[1:], [0, 1, 1]),
    "norm": (lambda x: tf.global_norm([x, None]), POINT / np.linalg.norm(POINT)),
    "where": (lambda x: tf.where(x > 1.5, x * 3, x), [1, 3, 3]),
    "mean": (lambda x: tf.reduce_mean(x), [1 / 3] * 3),
    "broadcast": (lambda x: x + tf.zeros([4, 1]), [4, 4, 4]),
    "cast and back": (lambda x: tf.cast(tf.cast(x, tf.float64), tf.float32) * 2, [2, 2, 2]),
    "stack and unstack": (lambda x: tf.stack(tf.unstack(x)[::-1]) * [1.0, 2.0, 3.0], [3, 2, 1]),
    "stop_gradient": (lambda x: tf.stop_gradient(x) * x, POINT),
    "log softmax": (lambda x: tf.nn.log_softmax(x)[0], [0.909969, -0.244728, -0.665241]),
}


@pytest.mark.parametrize("name", DERIVATIVES)
def test_derivatives(name):
    function, expected = DERIVATIVES[name]
    x = tf.placeholder(tf.float32, [3])
    gradient = tf.convert_to_tensor(tf.gradients(function(x), x)[0])  # of what is looked up it is slices
    assert gradient.shape.as_list() == [3]
    np.testing.assert_allclose(evaluated(gradient, {x: POINT}), expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    "function",
    [
        lambda x: tf.argmax(x, 0),
        lambda x: tf.cast(tf.cast(x, tf.int32), tf.float32),
        lambda x: tf.stop_gradient(x),
        lambda x: tf.cast(x > 1, tf.float32),
        lambda x: tf.zeros_like(x),
        lambda x: tf.constant(1.0),
        lambda x: tf.one_hot(tf.cast(x, tf.int32), 3),
    ],
)
def test_what_is_not_connected_has_no_gradient(function):
    x = tf.placeholder(tf.float32, [3])
    assert tf.gradients(function(x), x) == [None]
    (zero,) = tf.gradients(function(x), x, unconnected_gradients="zero")
    assert evaluated(zero, {x: POINT}).tolist() == [0, 0, 0]


def test_several_ys_and_xs_and_starting_gradients():
    x = tf.placeholder(tf.float32, [3])
    y = x * x
    z = y * x
    fetches = [
        tf.gradients(z, [x, y]),
        tf.gradients([y, z], x),
        tf.gradients(z, x, grad_ys=[[1.0, 0.0, 2.0]]),
        tf.gradients(x, x),
    ]
    both, total, started, itself = evaluated(fetches, {x: POINT})
    np.testing.assert_allclose(both[0], 3 * POINT**2)
    np.testing.assert_allclose(both[1], POINT)
    np.testing.assert_allclose(total[0], 2 * POINT + 3 * POINT**2)
    np.testing.assert_allclose(started[0], 3 * POINT**2 * [1, 0, 2])
    np.testing.assert_allclose(itself[0], [1, 1, 1])


def test_gradients_of_gradients():
    x = tf.placeholder(tf.float32, [3])
    first = tf.gradients(x**4, x)[0]
    second = tf.gradients(first, x)[0]
    third = tf.gradients(second, x)[0]
    values = evaluated([first, second, third], {x: POINT})
    for value, expected in zip(values, [4 * POINT**3, 12 * POINT**2, 24 * POINT], strict=True):
        np.testing.assert_allclose(value, expected, rtol=1e-5)


def test_stopped_tensors_are_constants_for_that_derivative_only():
    x = tf.placeholder(tf.float32, [3])
    y = 2 * x
    z = x * y
    held = tf.gradients(z, [x, y], stop_gradients=[y])
    free = tf.gradients(z, [x, y])
    both = tf.gradients(x + y, [x, y], stop_gradients=[x, y])
    values = evaluated([held, free, both], {x: POINT})
    np.testing.assert_allclose(values[0], [2 * POINT, POINT])
    np.testing.assert_allclose(values[1], [4 * POINT, POINT])
    np.testing.assert_allclose(values[2], np.ones([2, 3]))


def test_an_alias_of_a_tensor_has_a_gradient_of_its_own():
    x = tf.placeholder(tf.float32, [3])
    alias = tf.identity(x)
    y = x * 2 + alias * 3
    of_x, of_alias = evaluated(tf.gradients(y, [x, alias]), {x: POINT})
    assert of_x.tolist() == [5, 5, 5]
    assert of_alias.tolist() == [3, 3, 3]


def test_a_fed_tensor_does_not_cut_the_path_behind_it():
    x = tf.placeholder(tf.float32, [3])
    y = x * x
    gradients = tf.gradients(y * 3, [x, y])
    of_x, of_y = evaluated(gradients, {x: POINT, y: np.ones(3)})
    assert of_x.tolist() == (6 * POINT).tolist()
    assert of_y.tolist() == [3, 3, 3]


def test_gradients_with_respect_to_variables_reach_every_read():
    v = tf.Variable([1.0, 2.0])
    y = v * v + v.read_value() * 3 + tf.identity(v)
    value, handle = evaluated([tf.gradients(y, v)[0], tf.gradients(y, v.value())[0]], {})
    assert value.tolist() == [6, 8]
    assert handle.tolist() == [3, 5]  # through that read alone


def test_two_derivatives_in_one_run():
    x = tf.placeholder(tf.float32, [3])
    shared = tf.exp(x)
    one, two = evaluated([tf.gradients(shared * 2, x)[0], tf.gradients(shared * shared, x)[0]], {x: POINT})
    np.testing.assert_allclose(one, 2 * np.exp(POINT), rtol=1e-5)
    np.testing.assert_allclose(two, 2 * np.exp(2 * POINT), rtol=1e-5)


def test_clipping_by_norms():
    x = tf.placeholder(tf.float32, [3])
    (first, nothing, second), norm = tf.clip_by_global_norm([x, None, 2 * x], 1.0)
    assert nothing is None
    values = evaluated([first, second, norm, tf.clip_by_norm(x, 1.0)], {x: POINT})
    length = np.linalg.norm(np.concatenate([POINT, 2 * POINT]))
    np.testing.assert_allclose(values[0], POINT / length, rtol=1e-5)
    np.testing.assert_allclose(values[1], 2 * POINT / length, rtol=1e-5)
    np.testing.assert_allclose(values[2], length, rtol=1e-5)
    np.testing.assert_allclose(values[3], POINT / np.linalg.norm(POINT), rtol=1e-5)


def test_a_wrong_number_of_starting_gradients():
    x = tf.placeholder(tf.float32, [3])
    with pytest.raises(ValueError, match="Passed 2 grad_ys for 1 ys"):
        tf.gradients(x, x, grad_ys=[None, None])
    with pytest.raises(ValueError, match=r"grad_ys of shape \(2,\) does not fit"):
        tf.gradients(x, x, grad_ys=[[1.0, 2.0]])


def test_a_gradient_of_a_gradient_goes_through_what_that_one_stopped_at():
    with tf.Graph().as_default(), tf.Session() as session:
        u, y = tf.Variable(0.5), tf.placeholder(tf.float32, [])
        inner = u * y
        first = tf.gradients(tf.sin(u) * inner, u, stop_gradients=[u, inner])[0]  # cos(u) * u * y
        second = tf.gradients(first, [u, y])
        session.run(tf.global_variables_initializer())
        values = session.run([first, *second], {y: 2.0})
    c, s = np.cos(0.5), np.sin(0.5)
    np.testing.assert_allclose(values, [c, -s + 2 * c, 0.5 * c], rtol=1e-6)
