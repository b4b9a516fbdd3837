"""Cases of make_tf1_values.py: grouped, phased and convolutional cells, and stacks of them."""

import numpy as np
import tensorflow as tf

RNN = tf.contrib.rnn
SINGLE = ("float32",)


def inputs(*shape):
    return lambda random, dtype: random.randn(3, 6, *shape).astype(dtype)


def times(dtype=None):
    """Increasing times beside features."""

    def make(random, kind):
        time = np.cumsum(random.uniform(0.2, 2.0, (3, 6, 1)), axis=1)
        return time.astype(dtype or kind), random.randn(3, 6, 4).astype(kind)

    return make


def phased_weights(random, name, shape):
    if name.endswith("period"):
        return random.uniform(2.0, 9.0, shape)
    if name.endswith("phase"):
        return random.uniform(0.0, 2.0, shape)
    return random.uniform(0.3, 0.7, shape) if name.endswith("ratio_on") else None


def phased(dtype=None, **options):
    return {
        "cell": lambda: RNN.PhasedLSTMCell(5, **options),
        "inputs": times(dtype),
        "weights": phased_weights,
        "dtypes": SINGLE,
    }


def conv(cell, shape, channels, kernel, **options):
    def make():
        return cell(input_shape=list(shape), output_channels=channels, kernel_shape=kernel, **options)

    return {"cell": make, "inputs": inputs(*shape)}


def bidirectional(cell, inputs, lengths, start):
    """Both directions of one cell, with its variables shared."""
    return tf.nn.bidirectional_dynamic_rnn(
        cell, cell, inputs, lengths, initial_state_fw=start, initial_state_bw=start
    )


def static_bidirectional(cell, inputs, lengths, start):
    steps = [
        tf.contrib.framework.nest.pack_sequence_as(inputs, step)
        for step in zip(*[tf.unstack(leaf, axis=1) for leaf in tf.contrib.framework.nest.flatten(inputs)])
    ]
    outputs, *states = tf.nn.static_bidirectional_rnn(
        cell, cell, steps, initial_state_fw=start, initial_state_bw=start, sequence_length=lengths
    )
    return tf.stack(outputs, 1), tuple(states)


CASES = {
    "GLSTM": lambda: RNN.GLSTMCell(5),
    "GLSTM_groups": lambda: RNN.GLSTMCell(6, number_of_groups=2, forget_bias=0.25),
    "GLSTM_all": lambda: RNN.GLSTMCell(8, num_proj=4, number_of_groups=4, activation=tf.nn.relu),
    "Phased": phased(),
    "Phased_peepholes": phased(use_peepholes=True, leak=0.05),
    "Phased_fixed": phased(trainable_ratio_on=False),
    "Phased_float64_time": phased("float64"),
    "Conv1D": conv(RNN.Conv1DLSTMCell, [5, 2], 3, [3]),
    "Conv1D_even": conv(RNN.Conv1DLSTMCell, [4, 1], 2, [4], forget_bias=0.25),
    "Conv2D": conv(RNN.Conv2DLSTMCell, [4, 3, 2], 2, [3, 2]),
    "Conv2D_no_bias": conv(RNN.Conv2DLSTMCell, [3, 3, 1], 1, [1, 3], use_bias=False),
    "Conv3D": conv(RNN.Conv3DLSTMCell, [2, 3, 2, 1], 2, [2, 3, 1]),
    "Phased_stack": dict(phased(), cell=lambda: RNN.MultiRNNCell([RNN.PhasedLSTMCell(3), RNN.NASCell(2)])),
    "Conv_stack": {
        "cell": lambda: RNN.MultiRNNCell(
            [
                RNN.Conv1DLSTMCell(input_shape=[4, 2], output_channels=3, kernel_shape=[3]),
                RNN.Conv1DLSTMCell(input_shape=[4, 3], output_channels=1, kernel_shape=[2]),
            ]
        ),
        "inputs": inputs(4, 2),
    },
    "Phased_bidirectional": dict(phased(use_peepholes=True), run=bidirectional),
    "Phased_static_bidirectional": dict(phased(), run=static_bidirectional),
    "Conv_bidirectional": dict(conv(RNN.Conv1DLSTMCell, [4, 2], 2, [3]), run=bidirectional),
    "SRU_static_bidirectional": {"cell": lambda: RNN.SRUCell(3), "run": static_bidirectional},
}
