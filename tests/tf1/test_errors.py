"""What bad input raises besides the measured list of test_errors_table.py: the kinds and the leading words of
TensorFlow 1.15.
"""

import re

import numpy as np
import pytest

import ostinato.tf1 as tf

cells = tf.nn.rnn_cell


def ones(*sizes, dtype=tf.float32):
    return tf.ones(sizes, dtype)


def dynamic(cell):
    return tf.nn.dynamic_rnn(cell, ones(2, 5, 3), dtype=tf.float32)


def unknown(*sizes):
    return tf.placeholder(tf.float32, sizes)


CASES = {
    "abstract state_size": (lambda: cells.RNNCell().state_size, NotImplementedError, "RNNCell does not say"),
    "unknown activation": (lambda: cells.GRUCell(4, activation="tanhh"), ValueError, "Unknown activation"),
    "matmul": (
        lambda: tf.matmul(ones(2, 8), ones(7, 8)),
        ValueError,
        "Dimensions must be equal, but are 8 and 7 for 'MatMul' (op: 'MatMul') with input shapes: [2,8], "
        "[7,8].",
    ),
    "add": (
        lambda: ones(2, 3) + ones(2, 4),
        ValueError,
        "Dimensions must be equal, but are 3 and 4 for 'add' (op: 'AddV2') with input shapes: [2,3], [2,4].",
    ),
    "types": (
        lambda: ones(2) * tf.ones([2], tf.float64),
        TypeError,
        "Input 'y' of 'Mul' Op has type float64 that does not match type float32 of argument 'x'.",
    ),
    "constant type": (
        lambda: tf.constant(1.5, tf.int32),
        TypeError,
        "Expected int32, got 1.5 of type 'float' instead.",
    ),
    "unstack unknown": (
        lambda: tf.unstack(unknown(None, 3)),
        ValueError,
        "Cannot infer num from shape (?, 3)",
    ),
    "iterate": (lambda: list(ones(2)), TypeError, "iterating over `tf.Tensor` is not allowed"),
    "bool": (lambda: bool(ones(2)), TypeError, "using a `tf.Tensor` as a Python `bool` is not allowed"),
    "variable without value": (lambda: tf.Variable(), ValueError, "initial_value must be specified."),
    "variable without shape": (
        lambda: tf.Variable(unknown(None)),
        ValueError,
        "initial_value must have a shape specified",
    ),
    "get_variable without shape": (
        lambda: tf.get_variable("w"),
        ValueError,
        "The initializer passed is not valid. It should be a callable with no arguments",
    ),
    "assign shape": (
        lambda: tf.Variable(np.zeros(2)).assign(np.zeros(3)),
        ValueError,
        "Dimension 0 in both shapes must be equal, but are 2 and 3. Shapes are [2] and [3]. for 'Assign'",
    ),
    "assign to a tensor": (
        lambda: tf.assign(ones(2), ones(2)),
        TypeError,
        "Only a variable can be assigned to",
    ),
    "no variables": (
        lambda: tf.train.AdamOptimizer().minimize(tf.reduce_sum(ones(2))),
        ValueError,
        "No variables to optimize.",
    ),
    "no gradients": (
        lambda: [tf.Variable(1.0), tf.train.AdamOptimizer().minimize(tf.reduce_sum(ones(2)))],
        ValueError,
        "No gradients provided for any variable, check your graph for ops that do not support gradients",
    ),
    "positional labels": (
        lambda: tf.nn.softmax_cross_entropy_with_logits(ones(2, 2), ones(2, 2), ones(2, 2)),
        ValueError,
        "Only call `softmax_cross_entropy_with_logits` with named arguments",
    ),
    "another graph": (
        lambda: _from_another_graph(),
        ValueError,
        "must be from the same graph",
    ),
    "a symbol that is elsewhere": (
        lambda: tf.dynamic_rnn,
        AttributeError,
        "tf.dynamic_rnn is not among the TensorFlow 1 symbols here; there is tf.nn.dynamic_rnn.",
    ),
    "a symbol that is not there": (
        lambda: tf.nn.dynamic_rrn,
        AttributeError,
        "tf.nn.dynamic_rrn is not among the TensorFlow 1 symbols here; the nearest that there is is "
        "dynamic_rnn.",
    ),
}


def _from_another_graph():
    with tf.Graph().as_default():
        other = ones(2)
    return tf.add_n([ones(2), other])


@pytest.mark.parametrize("name", CASES)
def test_bad_input_raises_what_tensorflow_raises(name):
    act, kind, words = CASES[name]
    with pytest.raises(kind, match="^" + re.escape(words) if name != "another graph" else words) as info:
        act()
    assert type(info.value) is kind or kind is TypeError


GOOD = {
    "Multi state_is_tuple=False": lambda: dynamic(
        cells.MultiRNNCell([cells.GRUCell(4), cells.GRUCell(4)], state_is_tuple=False)
    ),
    "activation string": lambda: dynamic(cells.GRUCell(4, activation="relu")),
}


@pytest.mark.parametrize("name", GOOD)
def test_unusual_input_is_fine(name):
    outputs, _ = GOOD[name]()
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        values = session.run(outputs)
    assert values.shape == (2, 5, 4)
    assert np.isfinite(values).all()
