"""Programs with loops, branches and arrays, for make_tf1_loop_values.py and the tests that replay them.

A case is a dict of `inputs`, the shapes of its float inputs, and `program`, a function of those inputs as
tensors that gives a list of tensors; `second`: whether second derivatives are taken too, which TensorFlow has
for branches but not for loops.
"""

import numpy as np
import tensorflow as tf


def power(x, y):
    """A captured tensor, a loop variable, and a bound that only the run knows."""
    n = tf.placeholder_with_default(4, [])
    _, z = tf.while_loop(lambda i, _: i < n, lambda i, z: (i + 1, tf.tanh(z * x) + y), [0, y])
    return [z]


def no_iterations(x, y):
    return list(tf.while_loop(lambda a, b: tf.reduce_sum(a) < -1e9, lambda a, b: (b, a), [x, y]))


def swapping(x, y):
    _, a, b = tf.while_loop(lambda i, a, b: i < 5, lambda i, a, b: (i + 1, b, a * b), [0, x, y])
    return [a, b]


def nests(x, y):
    first = {"a": x, "b": (y, [x + y])}

    def body(i, state):
        a, (b, (c,)) = state["a"], state["b"]
        return i + 1, {"a": tf.sin(b), "b": (a * c, [b - c])}

    _, state = tf.while_loop(lambda i, _: i < 3, body, (0, first))
    return [state["a"], state["b"][0], state["b"][1][0]]


def growing(x, y):
    invariants = [tf.TensorShape([]), tf.TensorShape([None, 3])]
    _, z = tf.while_loop(
        lambda i, z: i < 3,
        lambda i, z: (i + 1, tf.concat([z, y * tf.reduce_sum(z)], 0)),
        [0, x],
        shape_invariants=invariants,
    )
    return [z, tf.shape(z)]


def limited(x, y):
    return list(
        tf.while_loop(
            lambda a, b: tf.reduce_max(a) < 100.0,
            lambda a, b: (a + b, b * 1.5),
            (x, y),
            maximum_iterations=3,
        )
    )


def nested(x, y):
    def body(i, z):
        _, inner = tf.while_loop(lambda j, _: j < i, lambda j, w: (j + 1, w * x + z), [0, z])
        return i + 1, tf.tanh(inner)

    return [tf.while_loop(lambda i, _: i < 4, body, [0, y])[1]]


def branch_in_loop(x, y):
    def body(i, z):
        return i + 1, tf.cond(tf.equal(i % 2, 0), lambda: z * x, lambda: z + tf.sin(y))

    return [tf.while_loop(lambda i, _: i < 5, body, [0, y])[1]]


def loop_in_branch(x, y):
    def looped():
        return tf.while_loop(lambda i, _: i < 3, lambda i, z: (i + 1, z * x), [0, y])[1]

    true = tf.cond(tf.reduce_sum(x) > -1e9, looped, lambda: x - y)
    false = tf.cond(tf.reduce_sum(x) < -1e9, looped, lambda: x - y)
    return [true, false]


def no_back_prop(x, y):
    _, z = tf.while_loop(lambda i, _: i < 3, lambda i, z: (i + 1, z * x), [0, y], back_prop=False)
    return [z * x]


def gradients_inside(x, y):
    """A few steps of gradient descent in a loop."""

    def body(i, z):
        loss = tf.reduce_sum(tf.square(z - x) * y * y)
        return i + 1, z - 0.1 * tf.gradients(loss, z)[0]

    return [tf.while_loop(lambda i, _: i < 4, body, [0, x + y])[1]]


def branches(x, y):
    one = tf.cond(x[0, 0] < 1e9, lambda: (tf.sin(x), y * y), lambda: (y, x))
    other = tf.cond(x[0, 0] > 1e9, lambda: (tf.sin(x), y * y), lambda: (y, x))
    return [*one, *other]


def cases(x, y):
    found = []
    for value in (-1, 0, 1):
        i = tf.constant(value)
        found.append(
            tf.case(
                [(i < 0, lambda: x * y), (i > 0, lambda: x - y)], default=lambda: tf.exp(x), exclusive=True
            )
        )
    return found


def variables(x, y):
    """What a loop assigns is seen by its next iteration, and after it."""
    total = tf.Variable(np.ones(()), dtype=x.dtype)

    def body(i, z):
        with tf.control_dependencies([total.assign_add(2.0)]):
            # A value of its own: TensorFlow's gradient reads the variable's memory as it is after the loop.
            return i + 1, z + (total.read_value() + 0.0) * x

    _, z = tf.while_loop(lambda i, _: i < 3, body, [0, y])
    with tf.control_dependencies([z]):
        return [z, total.read_value() + 0.0]


def assigning_branches(x, y):
    total = tf.Variable(np.ones(()), dtype=x.dtype)
    taken = tf.cond(tf.reduce_sum(x) < 1e9, lambda: total.assign_add(2.0), lambda: total.assign_sub(50.0))
    with tf.control_dependencies([taken]):
        return [total.read_value() * x]


def writes_and_reads(x, y):
    array = tf.TensorArray(x.dtype, 0, dynamic_size=True, clear_after_read=False)
    array = array.write(0, x)

    def body(i, array):
        return i + 1, array.write(i, tf.tanh(array.read(i - 1) * y))

    _, array = tf.while_loop(lambda i, _: i < 5, body, [1, array])
    return [array.stack(), array.read(2), array.gather([4, 0]), array.concat(), array.size()]


def parts(x, y):
    array = tf.TensorArray(x.dtype, 3, infer_shape=False).split(x, [1, 0, 1])
    other = tf.TensorArray(x.dtype, 4).scatter([2, 0], y).write(1, x[0]).write(3, y[1])
    third = tf.TensorArray(x.dtype, 2, element_shape=[3]).unstack(x * y)
    return [array.concat(), other.stack(), third.read(1), third.read(0)]


def unwritten(x, y):
    array = tf.TensorArray(x.dtype, 3).write(1, x)
    return [array.stack() * y]


def maps(x, y):
    squares = tf.map_fn(lambda row: tf.reduce_sum(row * row), x)
    both, counts = tf.map_fn(
        lambda rows: (rows[0] * tf.sin(rows[1]), tf.size(rows[0])), (x, y), dtype=(x.dtype, tf.int32)
    )
    return [squares, both, counts, tf.map_fn(lambda row: tf.map_fn(lambda v: v * v * y[0], row), x)]


def scans(x, y):
    plain = tf.scan(lambda a, row: a * row, x)
    backwards = tf.scan(lambda a, row: tf.tanh(a + row), x, initializer=y[0], reverse=True)
    sums = tf.scan(
        lambda a, rows: (a[0] + rows[0], a[1] * rows[1]), (x, y), initializer=(y[1], tf.ones_like(y[0]))
    )
    return [plain, backwards, *sums, tf.scan(lambda a, row: a - row, x, reverse=True)]


def folds(x, y):
    return [
        tf.foldl(lambda a, row: tf.tanh(a * row + y[0]), x),
        tf.foldr(lambda a, row: tf.tanh(a * row + y[1]), x),
        tf.foldl(lambda a, rows: a * rows[0] + rows[1], (x, y), initializer=y[0]),
        tf.foldr(lambda a, row: a + row * row, x, initializer=tf.zeros([3], x.dtype)),
    ]


class OwnCell(tf.nn.rnn_cell.RNNCell):
    """A cell of a user's own, with a loop, a branch and an array in its step."""

    state_size = 3
    output_size = 3

    def build(self, input_shape):
        self.kernel = self.add_variable("kernel", [3, 3], dtype=self.dtype)
        self.built = True

    def call(self, inputs, state):
        kernel = self.kernel
        _, inner = tf.while_loop(
            lambda i, _: i < 2, lambda i, z: (i + 1, tf.tanh(tf.matmul(z, kernel) + inputs)), [0, state]
        )
        chosen = tf.cond(tf.reduce_mean(inputs) > 0.0, lambda: inner * 0.5, lambda: inner + state)
        array = tf.TensorArray(inputs.dtype, 2).write(0, inner).write(1, chosen)
        return tf.reduce_sum(array.stack(), 0), chosen


def own_cell(x, y):
    with tf.variable_scope("own", initializer=tf.constant_initializer(0.25)):
        outputs, state = tf.nn.dynamic_rnn(OwnCell(dtype=x.dtype), x, [3, 1], initial_state=y)
    return [outputs, state]


def case(program, x=(2, 3), y=(2, 3), second=False):
    return {"inputs": {"x": x, "y": y}, "program": program, "second": second}


CASES = {
    "power": case(power),
    "no_iterations": case(no_iterations),
    "swapping": case(swapping),
    "nests": case(nests),
    "growing": case(growing, y=(1, 3)),
    "limited": case(limited),
    "nested": case(nested),
    "branch_in_loop": case(branch_in_loop),
    "loop_in_branch": case(loop_in_branch),
    "no_back_prop": case(no_back_prop),
    "gradients_inside": case(gradients_inside),
    "branches": case(branches, second=True),
    "cases": case(cases, second=True),
    "variables": case(variables),
    "assigning_branches": case(assigning_branches),
    "writes_and_reads": case(writes_and_reads),
    "parts": case(parts),
    "unwritten": case(unwritten),
    "maps": case(maps),
    "scans": case(scans),
    "folds": case(folds),
    "own_cell": case(own_cell, x=(2, 3, 3)),
}
