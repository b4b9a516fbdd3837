"""Compute what cuDNN's networks compute with TensorFlow 1.15 itself, on a processor.

    tf1/bin/python tools/make_tf1_cudnn_values.py tests/data/tf1_cudnn_values.npz

TensorFlow's CudnnLSTM and its kin need a GPU. Its own converters take cuDNN's matrices and biases to the
variables of its CudnnCompatible cells (BasicRNNCell for the plain networks), whose numbers are the same.

Every case: 3 rows, 5 steps, depth 4, 3 units, lengths [5, 1, 2], random parameters and initial states. Keys
are `MODE|DIRECTION|LAYERS|DTYPE|` and then `params` (cuDNN's vector), `x`, `start|i` (h, and of an LSTM c),
`out`, `state|i`, `cell|i` (the cells' matrices, then their biases), `grad_params`, `grad_x` and
`grad_start|i`, where the loss is `sum(out * cos(arange(out.size)).reshape(out.shape)) + sum of the states`.
All is time-major.
"""

import sys

import numpy as np
import tensorflow as tf

CUDNN = tf.contrib.cudnn_rnn
UNITS, DEPTH, ROWS, STEPS, LENGTHS = 3, 4, 3, 5, [5, 1, 2]
MODES = {
    "lstm": (CUDNN.CudnnParamsFormatConverterLSTM, CUDNN.CudnnCompatibleLSTMCell, 4),
    "gru": (CUDNN.CudnnParamsFormatConverterGRU, CUDNN.CudnnCompatibleGRUCell, 3),
    "rnn_tanh": (CUDNN.CudnnParamsFormatConverterTanh, tf.nn.rnn_cell.BasicRNNCell, 1),
    "rnn_relu": (
        CUDNN.CudnnParamsFormatConverterRelu,
        lambda units: tf.nn.rnn_cell.BasicRNNCell(units, activation=tf.nn.relu),
        1,
    ),
}
CASES = [
    ("lstm", "unidirectional", 1, "float32"),
    ("lstm", "bidirectional", 2, "float32"),
    ("gru", "unidirectional", 2, "float64"),
    ("gru", "bidirectional", 1, "float32"),
    ("gru", "bidirectional", 2, "float64"),
    ("rnn_tanh", "bidirectional", 2, "float64"),
    ("rnn_relu", "unidirectional", 3, "float32"),
]


def canonical_shapes(gates, layers, directions):
    weights = []
    for layer in range(layers):
        depth = directions * UNITS if layer else DEPTH
        weights += ([(UNITS, depth)] * gates + [(UNITS, UNITS)] * gates) * directions
    return weights, [(UNITS,)] * (2 * gates * layers * directions)


def states_of(final, mode):
    """h, and of an LSTM c, of all layers and directions, as cuDNN has them."""
    parts = [(cell.h, cell.c) if mode == "lstm" else (cell,) for cell in final]
    return [tf.stack(list(leaves)) for leaves in zip(*parts)]


def run(mode, direction, layers, dtype, values):
    tf.reset_default_graph()
    converter_class, cell_class, gates = MODES[mode]
    directions = 1 if direction == "unidirectional" else 2
    random = np.random.RandomState(layers + len(mode + direction))
    weight_shapes, bias_shapes = canonical_shapes(gates, layers, directions)
    given = [0.7 * random.randn(*shape).astype(dtype) for shape in weight_shapes + bias_shapes]
    parts = [tf.constant(part) for part in given]
    weights, biases = parts[: len(weight_shapes)], parts[len(weight_shapes) :]
    converter = converter_class(layers, UNITS, DEPTH, direction=direction)
    matrices, vectors = converter._cu_canonical_to_tf_canonical(weights, biases)
    x = tf.constant(random.randn(STEPS, ROWS, DEPTH).astype(dtype))
    starts = [
        tf.constant(0.5 * random.randn(layers * directions, ROWS, UNITS).astype(dtype))
        for _ in range(2 if mode == "lstm" else 1)
    ]
    leaves = list(zip(*[tf.unstack(start) for start in starts]))
    tuples = [tf.nn.rnn_cell.LSTMStateTuple(c, h) for h, c in leaves] if mode == "lstm" else None
    states = tuples or [leaf for (leaf,) in leaves]
    if directions == 1:
        cell = tf.nn.rnn_cell.MultiRNNCell([cell_class(UNITS) for _ in range(layers)])
        out, final = tf.nn.dynamic_rnn(cell, x, LENGTHS, tuple(states), time_major=True)
        final = list(final)
    else:
        both = [[cell_class(UNITS) for _ in range(layers)] for _ in range(2)]
        out, forwards, backwards = tf.contrib.rnn.stack_bidirectional_dynamic_rnn(
            both[0], both[1], x, states[0::2], states[1::2], sequence_length=LENGTHS, time_major=True
        )
        final = [state for pair in zip(forwards, backwards) for state in pair]
    ends = states_of(final, mode)
    weighting = tf.cos(tf.cast(tf.range(tf.size(out)), dtype))
    loss = tf.reduce_sum(tf.reshape(out, [-1]) * weighting) + tf.add_n([tf.reduce_sum(end) for end in ends])
    # Layer by layer and forwards before backwards, as the converter has them.
    variables = tf.trainable_variables()
    ordered = [v for v in variables if "kernel" in v.name] + [v for v in variables if "bias" in v.name]
    gradients = tf.gradients(loss, [*ordered, x, *starts])
    of_parts = tf.gradients(matrices + vectors, parts, gradients[: len(ordered)])
    with tf.Session() as session:
        cells = session.run(matrices + vectors)
        for variable, value in zip(ordered, cells):
            variable.load(value, session)
        found = {"params": np.concatenate([part.ravel() for part in given]), "x": session.run(x)}
        found["out"] = session.run(out)
        found["grad_params"] = np.concatenate([part.ravel() for part in session.run(of_parts)])
        found["grad_x"], *grad_starts = session.run(gradients[len(ordered) :])
        for name, arrays in (
            ("start", session.run(starts)),
            ("state", session.run(ends)),
            ("cell", cells),
            ("grad_start", grad_starts),
        ):
            found.update((f"{name}|{index}", array) for index, array in enumerate(arrays))
    values.update((f"{mode}|{direction}|{layers}|{dtype}|{name}", value) for name, value in found.items())


if __name__ == "__main__":
    values = {}
    for case in CASES:
        run(*case, values)
    np.savez_compressed(sys.argv[1], **values)
    print(tf.__version__, len(values), "arrays")
