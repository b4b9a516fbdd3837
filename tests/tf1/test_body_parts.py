"""A loop's body in parts: what is the same in every iteration, what goes ahead of a loop, what is stepped."""

import numpy as np
import pytest

import ostinato.tf1 as tf
from ostinato.tf1 import nest


def numbers(*shape, seed=0):
    return np.random.default_rng(seed).standard_normal(shape).astype(np.float32) * 0.5


class Clipped(tf.nn.rnn_cell.RNNCell):
    """Weights clipped and transposed in every step, and a product of the inputs beside one of the state."""

    state_size = output_size = 4

    def __call__(self, inputs, state, scope=None):
        with tf.variable_scope(scope or type(self).__name__):
            kernel = tf.get_variable("kernel", [4, int(inputs.shape[1])])
            scale = tf.clip_by_value(tf.get_variable("scale", [4]), -0.2, 0.3)
            bias = tf.get_variable("bias", [4])
            product = tf.matmul(inputs, kernel, transpose_b=True)
            new = tf.tanh(tf.nn.bias_add(product + state * scale, bias))
            return tf.nn.relu(new) * 2.0, new


class Gated(Clipped):
    """Two states that need each other, one that counts, one that lags; an output made of an older state."""

    state_size = (4, 4, tf.TensorShape([]), 4)

    def __call__(self, inputs, state, scope=None):
        with tf.variable_scope(scope or "gated"):
            a, b, count, lagging = state
            w = tf.get_variable("w", [int(inputs.shape[1]) + 4, 8])
            one, two = tf.split(tf.matmul(tf.concat([inputs, b], 1), w), 2, 1)
            new_a = tf.sigmoid(one) * a + tf.tanh(two) / (count + 1.0)
            new_b = tf.tanh(new_a) + 0.1 * lagging
            output = tf.concat([lagging, new_b], 1) @ tf.get_variable("out", [8, 4])
            return output, (new_a, new_b, count + 1.0, a)


def stepped(cell, x, lengths, state):
    """What `dynamic_rnn` is to give, step by step in the graph."""
    outputs = []
    for step in range(x.shape[1]):
        output, after = cell(x[:, step], state)
        alive = step < lengths
        output = tf.where(alive, output, tf.zeros_like(output))
        outputs.append(output)
        pairs = zip(nest.flatten(state), nest.flatten(after), strict=True)
        chosen = [tf.where(alive, new, old) if old.shape.ndims else new for old, new in pairs]
        state = nest.pack_sequence_as(state, chosen)
    return tf.stack(outputs, 1), state


CELLS = {
    "clipped": lambda: Clipped(),
    "stack": lambda: Stack(),
    "gated": lambda: Gated(),
}


class Stack(Clipped):
    state_size = (4, 4)

    def __call__(self, inputs, state, scope=None):
        with tf.variable_scope("stack"):
            one, first = Clipped()(inputs, state[0], scope="one")
            two, second = Clipped()(one, state[1], scope="two")
            return two, (first, second)


@pytest.mark.parametrize("kind", CELLS)
@pytest.mark.parametrize("lengths", [None, [5, 2, 0], [0, 0, 0], [3, 3, 3]])
def test_a_traced_cell_in_stages_gives_what_its_steps_give(kind, lengths):
    given = None if lengths is None else tf.constant(lengths)
    full = tf.constant([5, 5, 5]) if lengths is None else given
    x = tf.constant(numbers(3, 5, 6))
    cell = CELLS[kind]()
    state = cell.zero_state(3, tf.float32)
    if kind == "gated":
        state = (state[0], state[1], tf.constant(0.0), state[3])
    scope = tf.get_variable_scope()
    scope.set_initializer(tf.random_normal_initializer(stddev=0.5, seed=1))
    with tf.variable_scope(scope):
        outputs, final = tf.nn.dynamic_rnn(cell, x, given, initial_state=state)
    with tf.variable_scope("rnn", reuse=True):
        expected, last = stepped(cell, x, full, state)
    variables = tf.trainable_variables()
    weigh = tf.constant(numbers(3, 5, 4, seed=2))

    def gradients(outputs, final):
        ends = [tf.reduce_sum(tf.sin(leaf)) for leaf in nest.flatten(final)]
        return tf.gradients(tf.reduce_sum(outputs * weigh) + tf.add_n(ends), [x, *variables])

    found = outputs, final, gradients(outputs, final)
    wanted = expected, last, gradients(expected, last)
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        one, other = session.run([found, wanted])
    for a, b in zip(nest.flatten(one), nest.flatten(other), strict=True):
        if not a.ndim:  # steps after the longest row are not run
            a, b = a, min(b, 5 if lengths is None else max(1, *lengths))
        np.testing.assert_allclose(a, b, atol=2e-6, rtol=1e-5)


def _function_of(cell, depth):
    """The traced step of a cell."""
    x = tf.placeholder(tf.float32, [None, 3, depth])
    outputs, _ = tf.nn.dynamic_rnn(cell, x, dtype=tf.float32)
    node = next(op for op in tf.get_default_graph().get_operations() if op.type == "DynamicRNN")
    return outputs, node.attributes["description"].function


def test_products_of_inputs_go_ahead_layer_by_layer():
    _, function = _function_of(Stack(), 6)
    first, second, last = function.stages().stages
    assert (first.states, second.states, last.states) == ([0], [1], [])
    for stage in (first, second):
        assert [tensor.op.type for tensor in stage.rows] == ["MatMul"]
        assert "MatMul" not in {each.operation.type for each in stage.step_plan.instructions}
        assert "Maximum" not in {each.operation.type for each in stage.step_plan.instructions}


def test_a_step_that_does_more_than_compute_is_stepped():
    class Printing(Clipped):
        def __call__(self, inputs, state, scope=None):
            output, new = super().__call__(inputs, state)
            return tf.Print(output, [output]), new

    _, function = _function_of(Printing(), 6)
    assert function.stages() is None


def test_a_constant_output_is_stepped():
    class Constant(Clipped):
        def __call__(self, inputs, state, scope=None):
            return tf.zeros([2, 4]), state + inputs

    outputs, function = _function_of(Constant(), 4)
    assert function.stages() is None
    with tf.Session() as session:
        assert session.run(
            outputs, {outputs.graph.get_tensor_by_name("Placeholder:0"): numbers(2, 3, 4)}
        ).shape


@pytest.mark.parametrize("size", [3, 260])  # of the larger one, gradients are taken all at once
def test_what_no_variable_of_a_loop_decides_is_computed_once(size):
    w, x = tf.constant(numbers(size, size) / size**0.5), tf.constant(numbers(2, size, seed=1))

    def body(i, x):
        kernel = tf.transpose(tf.clip_by_value(w, -0.2, 0.2) * 2.0)
        return i + 1, tf.tanh(x @ kernel)

    _, y = tf.while_loop(lambda i, _: i < 4, body, [0, x])
    expected = x
    for _ in range(4):
        _, expected = body(0, expected)
    found, wanted = tf.gradients(y, [w, x]), tf.gradients(expected, [w, x])
    with tf.Session() as session:
        a, b, *rest = session.run([y, expected, *found, *wanted])
    np.testing.assert_allclose(a, b, atol=1e-6)
    for one, other in zip(rest[:2], rest[2:], strict=True):
        np.testing.assert_allclose(one, other, atol=1e-5)
    loop = next(op for op in tf.get_default_graph().get_operations() if op.type == "StatelessWhile")
    step = loop.attributes["body"].split([0, 1]).step
    assert {each.operation.type for each in step.instructions} == {"AddV2", "MatMul", "Tanh"}


def test_what_is_the_same_in_every_iteration_is_not_computed_where_there_is_none():
    zero = tf.placeholder(tf.int32, [])
    _, y = tf.while_loop(lambda i, _: i < zero, lambda i, y: (i + 1, y + tf.floordiv(1, zero)), [0, 5])
    with tf.Session() as session:
        assert session.run(y, {zero: 0}) == 5
        assert session.run(y, {zero: 1}) == 6


def test_a_split_is_made_anew_when_a_variable_comes_to_be_read_where_it_is_written():
    w = tf.Variable(1.0)
    _, y = tf.while_loop(
        lambda i, _: i < 3, lambda i, y: (i + 1, y + tf.identity(w.assign_add(1.0))), [0, 0.0]
    )
    with tf.Session() as session:
        session.run(w.initializer)
        assert session.run(y) == 2.0 + 3.0 + 4.0
