"""Every driver by one signature: what it gives for inputs [batch, 6, 2]."""

import numpy as np

import ostinato.tf1 as tf

cells, contrib = tf.nn.rnn_cell, tf.contrib.rnn
X = np.random.default_rng(5).standard_normal([3, 6, 2]).astype(np.float32)


def run(fetches, feeds=None):
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        return session.run(fetches, feeds)


def unknown(*sizes, dtype=tf.float32):
    return tf.placeholder(dtype, sizes)


def dynamic(x, scope=None, cell=None, **options):
    return tf.nn.dynamic_rnn(cell or cells.GRUCell(4), x, dtype=tf.float32, scope=scope, **options)


def static(x, scope=None, cell=None, **options):
    steps = tf.unstack(x, num=6, axis=1)
    return tf.nn.static_rnn(cell or cells.GRUCell(4), steps, dtype=tf.float32, scope=scope, **options)


def bidirectional(x, scope=None, **options):
    pair = cells.GRUCell(4), cells.GRUCell(4)
    return tf.nn.bidirectional_dynamic_rnn(*pair, x, dtype=tf.float32, scope=scope, **options)


def static_bidirectional(x, scope=None, **options):
    pair, steps = (cells.GRUCell(4), cells.GRUCell(4)), tf.unstack(x, num=6, axis=1)
    return tf.nn.static_bidirectional_rnn(*pair, steps, dtype=tf.float32, scope=scope, **options)


def stacked(x, scope=None, **options):
    pair, steps = ([cells.GRUCell(4)], [cells.GRUCell(4)]), tf.unstack(x, num=6, axis=1)
    return contrib.stack_bidirectional_rnn(*pair, steps, dtype=tf.float32, scope=scope, **options)


def stacked_dynamic(x, scope=None, **options):
    pair = [cells.GRUCell(4)], [cells.GRUCell(4)]
    return contrib.stack_bidirectional_dynamic_rnn(*pair, x, dtype=tf.float32, scope=scope, **options)


def raw(x, scope=None, cell=None):
    cell = cell or cells.GRUCell(4)

    def loop_fn(time, cell_output, cell_state, loop_state):
        finished = tf.fill([tf.shape(x)[0]], time >= 6)
        following = x[:, tf.minimum(time, 5)]
        following.set_shape([None, 2])
        if cell_output is None:
            cell_state = cell.zero_state(tf.shape(x)[0], tf.float32)
        return finished, following, cell_state, cell_output, None

    emitted, state, _ = tf.nn.raw_rnn(cell, loop_fn, scope=scope)
    return emitted.stack(), state


DRIVERS = {
    "rnn": [dynamic, static, raw],
    "bidirectional_rnn": [bidirectional, static_bidirectional],
    "stack_bidirectional_rnn": [stacked, stacked_dynamic],
}
PAIRS = [(name, driver) for name, drivers in DRIVERS.items() for driver in drivers]
LENGTH_DRIVERS = [pair for pair in PAIRS if pair[1] is not raw]


class Kept:
    """A saver whose states are variables."""

    def __init__(self, **sizes):
        self.variables = {
            name: tf.get_variable(f"kept_{name}", initializer=tf.zeros([3, size]), trainable=False)
            for name, size in sizes.items()
        }

    def state(self, name):
        return self.variables[name].read_value()

    def save_state(self, name, value):
        return self.variables[name].assign(value)
