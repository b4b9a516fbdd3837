"""Cells of a user's own with loops, branches and arrays in their step, under every driver."""

import numpy as np
import pytest

import ostinato.tf1 as tf
from ostinato.memory import MemoryPlan
from ostinato.tf1 import nest

UNITS = 3


class LoopCell(tf.nn.rnn_cell.RNNCell):
    state_size = UNITS
    output_size = UNITS
    calls = 0

    def build(self, input_shape):
        self.kernel = self.add_variable("kernel", [int(input_shape[-1]), UNITS])
        self.recurrent = self.add_variable("recurrent", [UNITS, UNITS])
        self.built = True

    def call(self, inputs, state):
        type(self).calls += 1
        projected = tf.matmul(inputs, self.kernel)
        _, inner = tf.while_loop(
            lambda i, _: i < 3,
            lambda i, h: (i + 1, tf.tanh(tf.matmul(h, self.recurrent) + projected)),
            [0, state],
        )
        return inner, inner


class BranchCell(LoopCell):
    def call(self, inputs, state):
        type(self).calls += 1
        projected = tf.matmul(inputs, self.kernel)
        new = tf.cond(
            tf.reduce_sum(inputs) > 0.0,
            lambda: tf.tanh(tf.matmul(state, self.recurrent) + projected),
            lambda: state - 0.5 * projected,
        )
        return new, new


class ArrayCell(LoopCell):
    def call(self, inputs, state):
        type(self).calls += 1
        array = tf.TensorArray(tf.float32, 2, clear_after_read=False).write(0, tf.matmul(inputs, self.kernel))
        array = array.write(1, tf.tanh(array.read(0) + tf.matmul(state, self.recurrent)))
        new = tf.foldl(lambda a, b: tf.sin(a + b), array.stack())
        return new, new


class NoisyCell(LoopCell):
    """What it draws is a function of the step and of the iteration inside, however often that is computed."""

    def call(self, inputs, state):
        type(self).calls += 1
        projected = tf.matmul(inputs, self.kernel)

        def body(i, h):
            noise = tf.random_uniform([UNITS], 0.5, 1.5)
            return i + 1, tf.tanh(tf.matmul(h, self.recurrent) + projected) * noise

        _, inner = tf.while_loop(lambda i, _: i < 2, body, [0, state])
        new = tf.cond(tf.reduce_sum(inputs) > 0.0, lambda: inner + tf.random_normal([UNITS]), lambda: inner)
        return new, new


class ReadingCell(LoopCell):
    """It reads its variables by `read_value`, within the step."""

    def call(self, inputs, state):
        new = tf.tanh(tf.matmul(inputs, self.kernel.read_value()) + tf.matmul(state, self.recurrent))
        return new, new


class CountingCell(LoopCell):
    """It counts its steps in a variable."""

    def build(self, input_shape):
        self.steps = self.add_variable("steps", [], initializer=tf.zeros_initializer(), trainable=False)
        super().build(input_shape)

    def call(self, inputs, state):
        with tf.control_dependencies([self.steps.assign_add(1.0)]):
            new = tf.tanh(tf.matmul(inputs, self.kernel) + state) / self.steps.read_value()
        return new, new


CELLS = [LoopCell, BranchCell, ArrayCell]
LENGTHS = [5, 0, 3]
PLANS = {
    "state": MemoryPlan.keep_state(),
    "recompute": MemoryPlan.recompute(every=2),
    "disk": MemoryPlan.swap(to="disk", every=2),
}


def data():
    """Zeros past the lengths, where drivers that mask give zeros: one of the cells looks across rows."""
    x = np.random.RandomState(0).randn(3, 5, 4).astype(np.float32)
    for row, length in enumerate(LENGTHS):
        x[row, length:] = 0.0
    return x


def trained(outputs, state, memory=None):
    loss = tf.reduce_sum(tf.sin(outputs)) + tf.add_n([tf.reduce_sum(leaf) for leaf in nest.flatten(state)])
    variables = tf.trainable_variables()
    gradients = tf.gradients(loss, variables)
    with tf.Session(memory=memory) as session:
        generator = np.random.RandomState(1)
        for variable in variables:
            session.run(variable.assign(0.4 * generator.randn(*variable.shape.as_list())))
        return session.run([outputs, state, *gradients])


def dynamic(cell, x):
    return tf.nn.dynamic_rnn(cell, x, LENGTHS, dtype=tf.float32)


def static(cell, x):
    outputs, state = tf.nn.static_rnn(cell, tf.unstack(x, axis=1), sequence_length=LENGTHS, dtype=tf.float32)
    return tf.stack(outputs, 1), state


def raw(cell, x):
    arrays = tf.TensorArray(tf.float32, 5).unstack(tf.transpose(x, [1, 0, 2]))

    def loop_fn(time, cell_output, cell_state, loop_state):
        state = cell.zero_state(3, tf.float32) if cell_output is None else cell_state
        finished = time >= tf.constant(LENGTHS)
        inputs = tf.cond(
            tf.reduce_all(finished), lambda: tf.zeros([3, 4]), lambda: arrays.read(tf.minimum(time, 4))
        )
        return finished, inputs, state, cell_output, None

    outputs, state, _ = tf.nn.raw_rnn(cell, loop_fn)
    return tf.transpose(outputs.stack(), [1, 0, 2]), state


def same(one, other, tolerance=2e-6):
    for a, b in zip(one, other, strict=True):
        np.testing.assert_allclose(a, b, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("kind", CELLS)
def test_drivers_agree(kind):
    results = []
    for driver in (dynamic, static, raw):
        with tf.Graph().as_default():
            results.append(trained(*driver(kind(), tf.constant(data()))))
    same(results[0], results[1])
    same(results[0], results[2])


@pytest.mark.parametrize("kind", CELLS)
def test_a_step_is_traced_once_for_any_number_of_steps(kind):
    kind.calls = 0
    x = tf.placeholder(tf.float32, [None, None, 4])
    _, state = tf.nn.dynamic_rnn(kind(), x, dtype=tf.float32)
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        for steps in (1, 7):
            assert session.run(state, {x: np.ones([2, steps, 4])}).shape == (2, UNITS)
    assert kind.calls == 1


@pytest.mark.parametrize("kind", [*CELLS, NoisyCell, ReadingCell])
@pytest.mark.parametrize("plan", PLANS)
def test_memory_plans_give_the_same_gradients(kind, plan):
    results = []
    for memory in (None, PLANS[plan]):
        with tf.Graph().as_default():
            tf.set_random_seed(5)
            results.append(trained(*dynamic(kind(), tf.constant(data())), memory=memory))
    same(*results)


@pytest.mark.parametrize("kind", CELLS)
def test_both_directions_and_stacks(kind):
    x = tf.constant(data())
    cell = tf.nn.rnn_cell.MultiRNNCell([kind(), tf.nn.rnn_cell.GRUCell(UNITS), kind()])
    stacked = trained(*tf.nn.dynamic_rnn(cell, x, LENGTHS, dtype=tf.float32, scope="stack"))
    assert stacked[0].shape == (3, 5, UNITS)
    assert not stacked[0][1].any()
    assert all(np.isfinite(value).all() for value in stacked[2:])
    with tf.Graph().as_default():
        forwards, backwards = kind(), kind()
        outputs, states = tf.nn.bidirectional_dynamic_rnn(
            forwards, backwards, tf.constant(data()), LENGTHS, dtype=tf.float32
        )
        found = trained(tf.concat(outputs, 2), states)
        assert len(found) == 2 + 4
        assert all(np.abs(value).max() > 0 for value in found[2:])


def test_a_cell_draws_anew_in_each_step_and_each_iteration_inside():
    class DrawingCell(tf.nn.rnn_cell.RNNCell):
        state_size = output_size = 2

        def call(self, inputs, state):
            array = tf.TensorArray(tf.float32, 2)
            _, array = tf.while_loop(
                lambda i, _: i < 2, lambda i, a: (i + 1, a.write(i, tf.random_uniform([]))), [0, array]
            )
            return tf.reshape(array.stack(), [1, 2]) + 0.0 * inputs, state

    tf.set_random_seed(3)
    outputs, _ = tf.nn.dynamic_rnn(DrawingCell(), tf.zeros([1, 4, 2]), dtype=tf.float32)
    with tf.Session() as session:
        first, second = session.run(outputs), session.run(outputs)
    with tf.Session() as session:
        again = session.run(outputs)
    assert len(set(first.reshape(-1)) | set(second.reshape(-1))) == 16
    np.testing.assert_array_equal(first, again)


def test_what_a_step_assigns_is_seen_by_the_next_and_never_assigned_twice():
    x = data()[:, :4]
    cell = CountingCell()
    outputs, state = tf.nn.dynamic_rnn(cell, tf.constant(x), dtype=tf.float32)
    gradient = tf.gradients(state, cell.kernel)
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        kernel = session.run(cell.kernel)
        found = session.run(outputs)
        assert session.run(cell.steps) == 4.0
        session.run(gradient)
        assert session.run(cell.steps) == 8.0
    h = np.zeros([3, UNITS])
    for step in range(4):
        h = np.tanh(x[:, step] @ kernel + h) / (step + 1)
        np.testing.assert_allclose(found[:, step], h, atol=1e-6)
    with tf.Session(memory=MemoryPlan.recompute(every=2)) as session:
        session.run(tf.global_variables_initializer())
        with pytest.raises(tf.errors.InvalidArgumentError, match="writes to a TensorArray or a variable"):
            session.run(gradient)
