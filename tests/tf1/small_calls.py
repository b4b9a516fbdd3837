"""Cells and drivers on small tensors: two rows, five steps, three inputs, four units."""

import ostinato.tf1 as tf


def ones(*sizes, dtype=tf.float32):
    return tf.ones(sizes, dtype)


def unknown(*sizes):
    return tf.placeholder(tf.float32, sizes)


def dynamic(cell=None, x=None, **options):
    options.setdefault("dtype", tf.float32)
    return tf.nn.dynamic_rnn(cell or tf.nn.rnn_cell.GRUCell(4), ones(2, 5, 3) if x is None else x, **options)


def static(cell=None, steps=None, **options):
    options.setdefault("dtype", tf.float32)
    return tf.nn.static_rnn(
        cell or tf.nn.rnn_cell.GRUCell(4), [ones(2, 3)] * 5 if steps is None else steps, **options
    )


def called(cell, depth=3, units=4, dtype=tf.float32):
    return cell(ones(2, depth, dtype=dtype), ones(2, units, dtype=dtype))


def lstm_pair():
    return ones(2, 4), ones(2, 4)
