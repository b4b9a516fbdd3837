"""Outputs, states and gradients against those that TensorFlow 1.15 computed."""

from pathlib import Path

import numpy as np
import pytest

import ostinato.tf1 as tf

VALUES = np.load(Path(__file__).parents[1] / "data" / "tf1_reference_values.npz")
cells, contrib = tf.nn.rnn_cell, tf.contrib.rnn
CELLS = {
    "BasicRNN": lambda: cells.BasicRNNCell(4),
    "BasicLSTM": lambda: cells.BasicLSTMCell(4),
    "LSTM_peep_proj_clip": lambda: cells.LSTMCell(
        4, use_peepholes=True, num_proj=2, cell_clip=0.5, proj_clip=0.3
    ),
    "GRU": lambda: cells.GRUCell(4),
    "Multi2": lambda: cells.MultiRNNCell([cells.BasicLSTMCell(4), cells.GRUCell(5)]),
    "Residual": lambda: cells.ResidualWrapper(cells.GRUCell(3)),
    "LSTMBlock_peep": lambda: contrib.LSTMBlockCell(4, use_peephole=True),
    "GRUBlockV2": lambda: contrib.GRUBlockCellV2(4),
    "LNBasicLSTM": lambda: contrib.LayerNormBasicLSTMCell(4),
    "CIFG": lambda: contrib.CoupledInputForgetGateLSTMCell(4, use_peepholes=True),
    "NAS": lambda: contrib.NASCell(4, use_bias=True),
    "UGRNN": lambda: contrib.UGRNNCell(4),
    "IndRNN": lambda: contrib.IndRNNCell(4),
    "IndyGRU": lambda: contrib.IndyGRUCell(4),
    "IndyLSTM": lambda: contrib.IndyLSTMCell(4),
    "SRU": lambda: contrib.SRUCell(4),
    "Intersection": lambda: contrib.IntersectionRNNCell(4, num_in_proj=4),
    "GLSTM": lambda: contrib.GLSTMCell(4),
    "Highway": lambda: contrib.HighwayWrapper(cells.GRUCell(3)),
}


def dynamic(cell, x, lengths, **options):
    return tf.nn.dynamic_rnn(cell, x, dtype=tf.float32, sequence_length=lengths, **options)


def dynamic_time_major(cell, x, lengths):
    outputs, state = dynamic(cell, tf.transpose(x, [1, 0, 2]), lengths, time_major=True)
    return tf.transpose(outputs, [1, 0, 2]), state


def static(cell, x, lengths):
    outputs, state = tf.nn.static_rnn(cell, tf.unstack(x, axis=1), dtype=tf.float32, sequence_length=lengths)
    return tf.stack(outputs, 1), state


# Gradients whose terms cancel, of which TensorFlow's own float32 keeps fewer digits: they are off by
# 1.4e-6, 2.1e-6 and 1.0e-6 of the largest from what float64 gives.
CANCELLING = {
    "LSTMBlock_peep": "rnn/lstm_cell/w_o_diag",
    "LNBasicLSTM": "rnn/layer_norm_basic_lstm_cell/forget/beta",
    "Intersection": "rnn/intersection_rnn_cell/kernel",
}

DRIVERS = {
    "dynamic": dynamic,
    "swap_memory": lambda *arguments: dynamic(*arguments, swap_memory=True),
    "time_major": dynamic_time_major,
    "static": static,
}


def flat(nest):
    return [leaf for part in nest for leaf in flat(part)] if isinstance(nest, (list, tuple)) else [nest]


def assert_close(value, reference, share):
    assert value.shape == reference.shape
    assert np.abs(value - reference).max() <= share * np.abs(reference).max()


def test_every_case_is_compared():
    assert {key.split("|")[0] for key in VALUES.files} == {*CELLS, *(f"{name}_seq" for name in CELLS)}
    assert len(CELLS) == 19


@pytest.mark.parametrize("driver", DRIVERS)
@pytest.mark.parametrize("lengths", [None, [3, 1]], ids=["full", "lengths"])
@pytest.mark.parametrize("name", CELLS)
def test_a_cell_computes_what_tensorflow_computed(name, lengths, driver):
    case = name if lengths is None else f"{name}_seq"
    x = tf.placeholder(tf.float32, [2, None if driver != "static" else 4, 3])
    outputs, state = DRIVERS[driver](CELLS[name](), x, lengths)
    reference = VALUES[f"{case}|out"]
    weights = np.cos(np.arange(reference.size)).reshape(reference.shape)
    loss = tf.reduce_sum(outputs * weights.astype(np.float32))
    variables = tf.trainable_variables()
    with tf.Session() as session:
        for variable in variables:
            variable.load(VALUES[f"{case}|w|{variable.op.name}"], session)
        fetches = [outputs, state, tf.gradients(loss, variables)]
        out, final, gradients = session.run(fetches, {x: VALUES[f"{case}|x"]})
    assert_close(out, reference, 1e-6)
    for index, leaf in enumerate(flat(final)):
        assert_close(leaf, VALUES[f"{case}|state|{index}"], 1e-6)
    expected = {key.split("|")[2] for key in VALUES.files if key.startswith(f"{case}|grad|")}
    assert {variable.op.name for variable in variables} == expected
    for variable, gradient in zip(variables, gradients, strict=False):
        bound = 5e-6 if CANCELLING.get(case) == variable.op.name else 2e-6
        assert_close(gradient, VALUES[f"{case}|grad|{variable.op.name}"], bound)
