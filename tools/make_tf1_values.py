"""Compute reference values with TensorFlow 1.15 itself, beyond those of `select_tf1_reference_values.py`.

    python3.7 -m venv tf1 && tf1/bin/pip install tensorflow-cpu==1.15.0 'protobuf<3.21'
    tf1/bin/python tools/make_tf1_values.py tests/data/tf1_more_values.npz
    tf1/bin/python tools/make_tf1_values.py tests/data/tf1_block_values.npz tools/tf1_cases_block.py

The second argument is a file that defines `CASES`; tests/tf1/values.py reads the same file, with this
project's TensorFlow in the place of Google's. A case is a function that makes a cell, or a dict of

    cell: that function;
    inputs: function(random, dtype) -> a nest of arrays [rows, steps, ...]; 3 rows, 6 steps, depth 4;
    dtypes: names of the types to compute in; float32 and float64;
    lengths: a list, or None for whole rows; [6, 0, 2];
    weights: function(random, name, shape) -> the value of a variable, or None for the usual one;
    start: function(random, dtype) -> a nest of arrays, the initial state; half of a normal in the structure
        of `zero_state`;
    run: function(cell, inputs, lengths, start) -> outputs, state; `dynamic_rnn`.

Weights, and the initial state unless given, are random. Keys are `CASE|DTYPE|x`, `...|start|i`,
`...|w|VARIABLE`, `...|out`, `...|state|i`, `...|grad|VARIABLE`, `...|grad_x` and `...|grad_start|i`; `x|i`,
`out|i`, `grad_x|i` for the leaves of a nest. There are gradients of the floating leaves alone. The loss is
`sum over outputs of sum(out * cos(arange(out.size)).reshape(out.shape)) + sum over states of sum(state)`.
"""

import runpy
import sys

import numpy as np
import tensorflow as tf
from tensorflow.contrib.rnn.python.ops import rnn_cell as contrib_cells

LENGTHS = [6, 0, 2]
RNN = tf.nn.rnn_cell
CASES = {
    "BasicRNN_relu": lambda: RNN.BasicRNNCell(7, activation=tf.nn.relu),
    "BasicRNN_sigmoid": lambda: RNN.BasicRNNCell(1, activation="sigmoid"),
    "BasicLSTM_forget": lambda: RNN.BasicLSTMCell(7, forget_bias=0.25),
    "BasicLSTM_relu": lambda: RNN.BasicLSTMCell(5, activation="relu"),
    "LSTM_peepholes": lambda: RNN.LSTMCell(5, use_peepholes=True),
    "LSTM_clips": lambda: RNN.LSTMCell(6, cell_clip=0.4, num_proj=3, proj_clip=0.15, forget_bias=0.5),
    "LSTM_projection": lambda: RNN.LSTMCell(4, num_proj=7, use_peepholes=True),
    "GRU_softsign": lambda: RNN.GRUCell(5, activation=tf.nn.softsign),
    "GRU_wide": lambda: RNN.GRUCell(65),
    "Stack": lambda: RNN.MultiRNNCell(
        [RNN.LSTMCell(5, num_proj=3), RNN.ResidualWrapper(RNN.GRUCell(3)), RNN.BasicRNNCell(2)]
    ),
    "GRU_reset_after": lambda: tf.contrib.cudnn_rnn.CudnnCompatibleGRUCell(7),
    "LayerNormBasicLSTM": lambda: contrib_cells.LayerNormBasicLSTMCell(6, forget_bias=0.25),
    "LayerNormLSTM": lambda: contrib_cells.LayerNormLSTMCell(6, layer_norm=True),
    "LayerNormLSTM_all": lambda: contrib_cells.LayerNormLSTMCell(
        5,
        use_peepholes=True,
        cell_clip=0.8,
        num_proj=3,
        proj_clip=0.3,
        activation=tf.nn.relu,
        layer_norm=True,
    ),
}


def flat(nest):
    return tf.contrib.framework.nest.flatten(nest)


def same_nest(nest, leaves):
    return tf.contrib.framework.nest.pack_sequence_as(nest, leaves)


def keys(name, nest):
    """The keys of a nest's leaves: the name itself where it is one array."""
    is_nest = tf.contrib.framework.nest.is_sequence(nest)
    return [f"{name}|{i}" for i in range(len(flat(nest)))] if is_nest else [name]


def default_inputs(random, dtype):
    return random.randn(3, 6, 4).astype(dtype)


def default_run(cell, inputs, lengths, start):
    return tf.nn.dynamic_rnn(cell, inputs, sequence_length=lengths, initial_state=start)


def weight(case, random, variable, dtype):
    shape = variable.shape.as_list()
    value = case["weights"](random, variable.op.name, shape) if "weights" in case else None
    if value is None:
        # Of a size that keeps the recurrence from amplifying the last bit of a float32.
        value = 1.2 / (shape or [1])[0] ** 0.5 * random.randn(*shape)
    return np.asarray(value, dtype)


def loss_of(outputs, states):
    """Not the sum of the outputs alone, whose gradients would not tell a transposed from a right one."""
    loss = tf.add_n([tf.reduce_sum(leaf) for leaf in states if leaf.dtype.is_floating])
    for leaf in outputs:
        loss += tf.reduce_sum(tf.reshape(leaf, [-1]) * tf.cos(tf.cast(tf.range(tf.size(leaf)), leaf.dtype)))
    return loss


def run(name, case, dtype, values):
    tf.reset_default_graph()
    random = np.random.RandomState(len(name))
    inputs = case.get("inputs", default_inputs)(random, dtype)
    x = same_nest(inputs, [tf.constant(leaf) for leaf in flat(inputs)])
    cell = case["cell"]()
    rows = flat(inputs)[0].shape[0]
    if "start" in case:
        template = case["start"](random, dtype)
        starts = flat(template)
    else:
        template = cell.zero_state(rows, tf.as_dtype(dtype))
        starts = [0.5 * random.randn(*leaf.shape.as_list()).astype(dtype) for leaf in flat(template)]
    start_tensors = [tf.constant(start) for start in starts]
    start = same_nest(template, start_tensors)
    # LayerNormLSTMCell makes its gammas and betas in the dtype of the scope.
    with tf.variable_scope(tf.get_variable_scope(), dtype=dtype):
        out, state = case.get("run", default_run)(cell, x, case.get("lengths", LENGTHS), start)
    loss = loss_of(flat(out), flat(state))
    # Not the bias that LayerNormLSTMCell makes and never reads.
    variables = [v for v in tf.trainable_variables() if tf.gradients(loss, v)[0] is not None]
    key = name + "|" + dtype + "|"
    targets = [("grad|" + variable.op.name, variable) for variable in variables]
    targets += zip(keys("grad_x", inputs), flat(x))
    targets += [(f"grad_start|{i}", tensor) for i, tensor in enumerate(start_tensors)]
    targets = [(name, tensor) for name, tensor in targets if tensor.dtype.is_floating]
    gradients = tf.gradients(loss, [tensor for _, tensor in targets])
    gradients = [
        tf.zeros_like(target) if gradient is None else tf.convert_to_tensor(gradient)
        for gradient, (_, target) in zip(gradients, targets)
    ]
    with tf.Session() as session:
        constants = [v for v in tf.global_variables() if not v.trainable]
        for variable in variables + constants:
            variable.load(weight(case, random, variable, dtype), session)
        for variable in set(tf.trainable_variables()).difference(variables):
            variable.load(np.zeros(variable.shape.as_list(), dtype), session)
        found = dict(zip(keys("x", inputs), flat(inputs)))
        found.update((f"start|{i}", start) for i, start in enumerate(starts))
        # In one run: each run draws other random numbers.
        fetches = dict(zip(keys("out", out), flat(out)))
        fetches.update((f"state|{i}", leaf) for i, leaf in enumerate(flat(state)))
        fetches.update(zip([name for name, _ in targets], gradients))
        found.update(session.run(fetches))
        found.update(("w|" + v.op.name, session.run(v)) for v in variables + constants)
    values.update((key + name, value) for name, value in found.items())


if __name__ == "__main__":
    cases = runpy.run_path(sys.argv[2])["CASES"] if len(sys.argv) > 2 else CASES
    values = {}
    for name, case in cases.items():
        case = case if isinstance(case, dict) else {"cell": case}
        for dtype in case.get("dtypes", ("float32", "float64")):
            run(name, case, dtype, values)
    np.savez_compressed(sys.argv[1], **values)
    print(tf.__version__, len(values), "arrays")
