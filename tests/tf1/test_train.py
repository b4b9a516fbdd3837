"""Optimisers: TensorFlow's formulas and names."""

import numpy as np
import pytest

import ostinato.tf1 as tf

X = np.array([[0.1, 0.2], [0.3, -0.4]])


def network():
    weights = tf.Variable([[1.0, 2.0], [3.0, 5.0]], name="W")
    bias = tf.Variable(0.5, name="b")
    x = tf.placeholder(tf.float32, [None, 2])
    loss = tf.reduce_mean(tf.square(tf.matmul(x, weights) + bias))
    return x, loss, [weights, bias]


def by_hand(update, steps):
    """The values after some steps; `update(value, gradient, slot, step)` returns the new value."""
    values, slots = [np.array([[1.0, 2.0], [3.0, 5.0]]), np.array(0.5)], [{}, {}]
    for step in range(1, steps + 1):
        error = X @ values[0] + values[1]
        gradients = [X.T @ error * 2 / error.size, error.sum() * 2 / error.size]
        values = [update(*given, step) for given in zip(values, gradients, slots, strict=True)]
    return values


def descend(value, gradient, slot, step):
    return value - 0.1 * gradient


def momentum(value, gradient, slot, step):
    slot["a"] = 0.9 * slot.get("a", 0) + gradient
    return value - 0.1 * slot["a"]


def nesterov(value, gradient, slot, step):
    slot["a"] = 0.9 * slot.get("a", 0) + gradient
    return value - 0.1 * (gradient + 0.9 * slot["a"])


def adam(value, gradient, slot, step):
    slot["m"] = 0.9 * slot.get("m", 0) + 0.1 * gradient
    slot["v"] = 0.999 * slot.get("v", 0) + 0.001 * gradient**2
    rate = 0.1 * np.sqrt(1 - 0.999**step) / (1 - 0.9**step)
    return value - rate * slot["m"] / (np.sqrt(slot["v"]) + 0.01)


OPTIMIZERS = {
    "GradientDescent": (lambda: tf.train.GradientDescentOptimizer(0.1), descend, []),
    "Momentum": (lambda: tf.train.MomentumOptimizer(0.1, 0.9), momentum, ["W/Momentum", "b/Momentum"]),
    "Nesterov": (
        lambda: tf.train.MomentumOptimizer(0.1, 0.9, name="Nesterov", use_nesterov=True),
        nesterov,
        ["W/Nesterov", "b/Nesterov"],
    ),
    "Adam": (
        lambda: tf.train.AdamOptimizer(0.1, epsilon=0.01),
        adam,
        ["beta1_power", "beta2_power", "W/Adam", "W/Adam_1", "b/Adam", "b/Adam_1"],
    ),
}


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_an_optimizer_follows_its_formula(name):
    make, update, slots = OPTIMIZERS[name]
    x, loss, variables = network()
    train = make().minimize(loss)
    assert train.name == name
    assert train.type == "NoOp"
    assert [v.op.name for v in tf.global_variables()] == ["W", "b", *slots]
    assert [v.op.name for v in tf.trainable_variables()] == ["W", "b"]
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        for _ in range(6):
            session.run(train, {x: X})
        values = session.run(variables)
    for value, expected in zip(values, by_hand(update, 6), strict=True):
        np.testing.assert_allclose(value, expected, rtol=1e-4)


def test_the_global_step_counts():
    x, loss, _ = network()
    step = tf.train.get_or_create_global_step()
    assert tf.train.get_or_create_global_step() is step
    with pytest.raises(ValueError, match="already exists"):
        tf.train.create_global_step()
    train = tf.train.GradientDescentOptimizer(0.1).minimize(loss, global_step=step)
    assert (train.name, train.type) == ("GradientDescent", "AssignAdd")
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        for _ in range(3):
            session.run(train, {x: X})
        assert session.run(step) == 3


def test_a_fed_learning_rate_and_clipped_gradients():
    x, loss, variables = network()
    rate = tf.placeholder(tf.float32, [])
    optimizer = tf.train.GradientDescentOptimizer(rate)
    pairs = optimizer.compute_gradients(loss)
    clipped, _ = tf.clip_by_global_norm([gradient for gradient, _ in pairs], 0.25)
    train = optimizer.apply_gradients(zip(clipped, variables, strict=True))
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        before = session.run(variables)
        session.run(train, {x: X, rate: 2.0})
        after = session.run(variables)
    moved = np.concatenate([np.ravel(a - b) for a, b in zip(after, before, strict=True)])
    np.testing.assert_allclose(np.linalg.norm(moved), 0.5, rtol=1e-5)


def test_only_the_listed_variables_are_altered():
    x, loss, (weights, bias) = network()
    frozen = tf.Variable(1.0, trainable=False)
    train = tf.train.AdamOptimizer().minimize(loss * frozen, var_list=[bias])
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        session.run(train, {x: X})
        assert session.run(weights).tolist() == [[1, 2], [3, 5]]
        assert session.run(bias) != 0.5
        assert session.run(frozen) == 1


def test_a_run_returns_the_loss_of_the_variables_before_the_step():
    x, loss, _ = network()
    train = tf.train.GradientDescentOptimizer(0.1).minimize(loss)
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        alone = session.run(loss, {x: X})
        value, _ = session.run([loss, train], {x: X})
        assert value == alone
        assert session.run(loss, {x: X}) < alone


def test_slots_can_be_had():
    _x, loss, (weights, _) = network()
    optimizer = tf.train.AdamOptimizer()
    optimizer.minimize(loss)
    assert optimizer.get_slot_names() == ["m", "v"]
    assert optimizer.get_slot(weights, "m").name == "W/Adam:0"
    assert len(optimizer.variables()) == 6


def test_an_optimizer_of_the_users_own():
    class Signs(tf.train.Optimizer):
        def __init__(self):
            super().__init__(False, "Signs")

        def _apply_dense(self, grad, var):
            return tf.assign_sub(var, 0.5 * tf.sign(grad)).op

    x, loss, variables = network()
    train = Signs().minimize(loss)
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        session.run(train, {x: X})
        weights, _ = session.run(variables)
    assert weights[1].tolist() == [2.5, 4.5]


def test_dual_averaging_updates_the_rows_that_were_looked_up():
    """The numbers are TensorFlow 1.15's."""
    weights = tf.get_variable("w", initializer=np.zeros([4, 2], np.float32))
    step = tf.train.get_or_create_global_step()
    wanted = [[1.0, 2.0], [3.0, -4.0], [0.1, 0.2]]
    loss = tf.reduce_sum(tf.square(tf.nn.embedding_lookup(weights, [0, 2, 2]) - wanted))
    train = tf.train.AdagradDAOptimizer(0.5, step, 0.1, 0.05, 0.02).minimize(loss, step)
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        for _ in range(5):
            session.run(train)
        expected = [[0.869512, 1.058936], [0, 0], [1.037009, -1.067116], [0, 0]]
        np.testing.assert_allclose(session.run(weights), expected, atol=2e-6)
    with pytest.raises(ValueError, match="initial_gradient_squared_accumulator_value must be positive"):
        tf.train.AdagradDAOptimizer(0.5, step, 0.0)


def test_plain_steps_along_rows_do_not_decay():
    """What TensorFlow gives after three steps: its decay is of dense gradients only there."""
    make = tf.contrib.opt.extend_with_decoupled_weight_decay(tf.train.GradientDescentOptimizer)
    table = tf.get_variable("v", initializer=[[1.0, 2.0], [3.0, -4.0]])
    bias = tf.get_variable("b", initializer=[0.5, 1.0])
    loss = tf.reduce_sum(tf.nn.embedding_lookup(table, [1, 1]) ** 2) + tf.reduce_sum(bias**3)
    step = make(0.1, learning_rate=0.01).minimize(loss)
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        for _ in range(3):
            session.run(step)
        np.testing.assert_allclose(session.run(table), [[1, 2], [2.6542082, -3.5389438]], rtol=1e-6)
        np.testing.assert_allclose(session.run(bias), [0.34851944, 0.66692233], rtol=1e-6)
