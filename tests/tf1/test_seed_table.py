"""The first seed prints what a network of 5 units gives for 4 rows of 2 steps, but not its weights.

They follow from the table: with zero biases, the first step's outputs are tanh(x @ input_kernel), so the
arctanh of each unit's unsaturated values determines the input kernel; any recurrent kernel that gives the
second step will do.
"""

import time

import numpy as np
import pytest

import ostinato.tf1 as tf

TABLE = np.array(
    [
        [
            [-0.2964572, 0.82874775, -0.34216955, -0.75720584, 0.19011548],
            [0.51955646, 1.0, 0.99999022, -0.99984968, -0.24616946],
        ],
        [
            [-0.12842922, 0.99981797, 0.84704727, -0.99570125, 0.38665548],
            [-0.70553327, -0.11918639, 0.48885304, 0.08917919, -0.26579669],
        ],
        [
            [0.04731077, 0.99999976, 0.99330056, -0.999933, 0.55339795],
            [-0.32477224, 0.99996376, 0.99933046, -0.99711186, 0.10981458],
        ],
        [
            [0.70323634, 0.99309105, 0.99909431, -0.85363263, 0.7472108],
            [-0.43738723, 0.91517633, 0.97817528, -0.91763324, 0.11047263],
        ],
    ]
)
X_BATCH = np.array(
    [[[0, 1, 2], [9, 8, 7]], [[3, 4, 5], [0, 0, 0]], [[6, 7, 8], [6, 5, 4]], [[9, 0, 1], [3, 2, 1]]], float
)


def recovered_kernel() -> np.ndarray:
    """The kernel [3 inputs + 5 units, 5 units]."""
    first, second = TABLE[:, 0], TABLE[:, 1]
    from_inputs = np.zeros([3, 5])
    for unit in range(5):
        rows = np.abs(first[:, unit]) < 1 - 1e-5
        from_inputs[:, unit] = np.linalg.lstsq(X_BATCH[rows, 0], np.arctanh(first[rows, unit]), rcond=None)[0]
    unsaturated = np.clip(second, -1 + 1e-7, 1 - 1e-7)
    from_state = np.linalg.lstsq(first, np.arctanh(unsaturated) - X_BATCH[:, 1] @ from_inputs, rcond=None)[0]
    return np.concatenate([from_inputs, from_state])


def static_two_placeholders():
    X0 = tf.placeholder(tf.float32, [None, 3])
    X1 = tf.placeholder(tf.float32, [None, 3])
    output_seqs, _ = tf.contrib.rnn.static_rnn(tf.contrib.rnn.BasicRNNCell(5), [X0, X1], dtype=tf.float32)
    return output_seqs, {X0: X_BATCH[:, 0], X1: X_BATCH[:, 1]}


def static_unstacked():
    X = tf.placeholder(tf.float32, [None, 2, 3])
    steps = tf.unstack(tf.transpose(X, perm=[1, 0, 2]))
    output_seqs, _ = tf.contrib.rnn.static_rnn(tf.contrib.rnn.BasicRNNCell(5), steps, dtype=tf.float32)
    return tf.unstack(tf.transpose(tf.stack(output_seqs), perm=[1, 0, 2]), axis=1), {X: X_BATCH}


def dynamic(swap_memory=False):
    X = tf.placeholder(tf.float32, [None, 2, 3])
    cell = tf.contrib.rnn.BasicRNNCell(5)
    outputs, _ = tf.nn.dynamic_rnn(cell, X, dtype=tf.float32, swap_memory=swap_memory)
    return tf.unstack(outputs, axis=1), {X: X_BATCH}


@pytest.mark.parametrize(
    "network",
    [static_two_placeholders, static_unstacked, dynamic, lambda: dynamic(swap_memory=True)],
    ids=["two placeholders", "unstacked", "dynamic", "swap_memory"],
)
def test_every_way_to_build_the_network_gives_the_printed_table(network):
    steps, feeds = network()
    kernel, bias = tf.trainable_variables()
    with tf.Session() as session:
        kernel.load(recovered_kernel(), session)
        session.run(bias.initializer)
        values = session.run(steps, feeds)
    np.testing.assert_allclose(np.stack(values, 1), TABLE, rtol=0, atol=2e-4)


def test_another_input_kernel_would_not_fit():
    kernel = recovered_kernel()
    assert np.abs(np.tanh(X_BATCH[:, 0] @ kernel[:3]) - TABLE[:, 0]).max() < 2e-4
    kernel[0, 0] += 0.01
    assert np.abs(np.tanh(X_BATCH[:, 0] @ kernel[:3]) - TABLE[:, 0]).max() > 2e-4


def test_the_second_seeds_network_has_its_four_variables_and_trains():
    started = time.process_time()
    steps, inputs, units, classes = 820, 12, 64, 2
    X = tf.placeholder(tf.float32, [None, steps, inputs])
    Y = tf.placeholder(tf.float32, [None, classes])
    weights = tf.Variable(tf.random_normal([units, classes], seed=1))
    biases = tf.Variable(tf.random_normal([classes], seed=2))
    cell = tf.contrib.rnn.BasicLSTMCell(units)
    outputs, _ = tf.contrib.rnn.static_rnn(cell, tf.unstack(X, steps, 1), dtype=tf.float32)
    logits = tf.matmul(outputs[-1], weights) + biases
    loss = tf.reduce_mean(tf.nn.softmax_cross_entropy_with_logits_v2(logits=logits, labels=Y))
    train = tf.train.AdamOptimizer(0.01).minimize(loss)
    correct = tf.equal(tf.argmax(logits, 1), tf.argmax(Y, 1))
    accuracy = tf.reduce_mean(tf.cast(correct, tf.float32))

    listed = [(v.name, tuple(v.shape.as_list()), v.shape.num_elements()) for v in tf.trainable_variables()]
    assert listed == [
        ("Variable:0", (64, 2), 128),
        ("Variable_1:0", (2,), 2),
        ("rnn/basic_lstm_cell/kernel:0", (76, 256), 19456),
        ("rnn/basic_lstm_cell/bias:0", (256,), 256),
    ]
    assert len(tf.get_default_graph().get_operations()) < steps + 120
    assert time.process_time() - started < 1.5

    rng = np.random.default_rng(0)
    labels = np.arange(16) % 2
    rows = rng.normal(size=[16, steps, inputs]) + labels[:, None, None] * 0.5
    feeds = {X: rows, Y: np.eye(2)[labels]}
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        before = session.run(loss, feeds)
        for _ in range(8):
            session.run(train, feeds)
        after, share = session.run([loss, accuracy], feeds)
    assert after < before / 2
    assert share == 1.0
