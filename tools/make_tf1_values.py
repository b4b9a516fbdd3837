"""Compute reference values with TensorFlow 1.15 itself, beyond those of `select_tf1_reference_values.py`.

    python3.7 -m venv tf1 && tf1/bin/pip install tensorflow-cpu==1.15.0 'protobuf<3.21'
    tf1/bin/python tools/make_tf1_values.py tests/data/tf1_more_values.npz

Every case: 3 rows, 6 steps, lengths [6, 0, 2], random weights and a random initial state, in float32 and
float64. Keys are `CASE|DTYPE|x`, `...|start|i`, `...|w|VARIABLE`, `...|out`, `...|state|i`,
`...|grad|VARIABLE`, `...|grad_x` and `...|grad_start|i`, where the loss is `sum(out *
cos(arange(out.size)).reshape(out.shape)) + sum over states of sum(state)`.
"""

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


def run(name, dtype, values):
    tf.reset_default_graph()
    random = np.random.RandomState(len(name))
    inputs = random.randn(3, 6, 4).astype(dtype)
    x = tf.constant(inputs)
    cell = CASES[name]()
    template = cell.zero_state(3, tf.as_dtype(dtype))
    starts = [0.5 * random.randn(*leaf.shape.as_list()).astype(dtype) for leaf in flat(template)]
    start_tensors = [tf.constant(start) for start in starts]
    start = tf.contrib.framework.nest.pack_sequence_as(template, start_tensors)
    # LayerNormLSTMCell makes its gammas and betas in the dtype of the scope.
    with tf.variable_scope(tf.get_variable_scope(), dtype=dtype):
        out, state = tf.nn.dynamic_rnn(cell, x, sequence_length=LENGTHS, initial_state=start)
    weights = tf.cos(tf.cast(tf.range(tf.size(out)), dtype))
    loss = tf.reduce_sum(tf.reshape(out, [-1]) * weights) + tf.add_n(
        [tf.reduce_sum(leaf) for leaf in flat(state)]
    )
    # Not the bias that LayerNormLSTMCell makes and never reads.
    variables = [v for v in tf.trainable_variables() if tf.gradients(loss, v)[0] is not None]
    gradients = tf.gradients(loss, [*variables, x, *start_tensors])
    with tf.Session() as session:
        for variable in variables:
            # Of a size that keeps the recurrence from amplifying the last bit of a float32.
            shape = variable.shape.as_list()
            variable.load((1.2 / shape[0] ** 0.5 * random.randn(*shape)).astype(dtype), session)
        key = f"{name}|{dtype}|"
        values[key + "x"] = inputs
        values[key + "out"] = session.run(out)
        for index, (given, final) in enumerate(zip(starts, session.run(flat(state)))):
            values[f"{key}start|{index}"] = given
            values[f"{key}state|{index}"] = final
        results = session.run(gradients)
        for variable, gradient in zip(variables, results):
            values[f"{key}w|{variable.op.name}"] = session.run(variable)
            values[f"{key}grad|{variable.op.name}"] = gradient
        values[key + "grad_x"] = results[len(variables)]
        for index, gradient in enumerate(results[len(variables) + 1 :]):
            values[f"{key}grad_start|{index}"] = gradient


if __name__ == "__main__":
    values = {}
    for name in CASES:
        for dtype in ("float32", "float64"):
            run(name, dtype, values)
    np.savez_compressed(sys.argv[1], **values)
    print(tf.__version__, len(values), "arrays")
