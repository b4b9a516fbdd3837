"""What TensorFlow 1.15 gave for unusual input that is fine: shapes, names, initial values, numbers."""

import numpy as np
import pytest

import ostinato.tf1 as tf
from tf1.small_calls import called, dynamic, lstm_pair, ones, static, unknown

cells, contrib = tf.nn.rnn_cell, tf.contrib.rnn


def run(fetches, feeds=None):
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        return session.run(fetches, feeds)


def test_lengths_beyond_the_end():
    outputs, _ = run(dynamic(sequence_length=[9, 5]))
    assert outputs.shape == (2, 5, 4)


@pytest.mark.parametrize("driver", [dynamic, static])
def test_lengths_that_are_all_zero(driver):
    seven = tf.fill([2, 1], 7.0)
    outputs, state = run(driver(cells.GRUCell(1), sequence_length=[0, 0], initial_state=seven))
    assert np.shape(outputs) == ((2, 5, 1) if driver is dynamic else (5, 2, 1))
    assert not np.any(outputs)
    assert state.tolist() == [[7.0], [7.0]]


def test_float64():
    results = dynamic(x=ones(2, 5, 3, dtype=tf.float64), dtype=tf.float64)
    assert str(results) == (
        "(<tf.Tensor 'rnn/transpose_1:0' shape=(2, 5, 4) dtype=float64>, "
        "<tf.Tensor 'rnn/while/Exit_3:0' shape=(2, 4) dtype=float64>)"
    )


def test_unknown_batch_and_time():
    assert str(dynamic(cells.LSTMCell(4), unknown(None, None, 3))) == (
        "(<tf.Tensor 'rnn/transpose_1:0' shape=(?, ?, 4) dtype=float32>, LSTMStateTuple("
        "c=<tf.Tensor 'rnn/while/Exit_3:0' shape=(?, 4) dtype=float32>, "
        "h=<tf.Tensor 'rnn/while/Exit_4:0' shape=(?, 4) dtype=float32>))"
    )


def test_unknown_time_first():
    outputs, _ = dynamic(x=unknown(None, 2, 3), time_major=True)
    assert str(outputs) == (
        'Tensor("rnn/TensorArrayStack/TensorArrayGatherV3:0", shape=(?, 2, 4), dtype=float32)'
    )


def test_state_sizes_and_zero_states():
    stack = cells.MultiRNNCell([cells.GRUCell(4), cells.GRUCell(4)], state_is_tuple=False)
    assert stack.state_size == 8
    batch = tf.placeholder(tf.int32, [])
    zeros = cells.GRUCell(4).zero_state(batch, tf.float32)
    assert str(zeros) == 'Tensor("GRUCellZeroState/zeros:0", shape=(?, 4), dtype=float32)'
    tf.reset_default_graph()
    zeros = cells.GRUCell(4).zero_state(3, np.float32)
    assert str(zeros) == 'Tensor("GRUCellZeroState/zeros:0", shape=(3, 4), dtype=float32)'


def test_a_block_cell_by_position():
    output, state = called(contrib.GRUBlockCell(4))
    assert output.shape.as_list() == state.shape.as_list() == [2, 4]


def test_weights_before_and_after_they_are_made():
    cell = cells.GRUCell(4)
    assert cell.weights == []
    called(cell)
    names = ["gates/kernel:0", "gates/bias:0", "candidate/kernel:0", "candidate/bias:0"]
    assert [weight.name for weight in cell.weights] == [f"gru_cell/{name}" for name in names]
    assert cell.weights[0].shape == tf.TensorShape([7, 8])
    built = cells.GRUCell(4, name="z")
    built.build(tf.TensorShape([None, 3]))
    assert [weight.name for weight in built.weights] == [f"z/{name}" for name in names]
    assert built.built
    assert cells.GRUCell(4, activation="relu")._activation is tf.nn.relu


def test_nested_inputs():
    class Adds(cells.RNNCell):
        state_size = output_size = 4

        def call(self, inputs, state):
            return inputs[0] + inputs[1], state

    pair = ones(2, 5, 4), ones(2, 5, 4)
    outputs, _ = tf.nn.dynamic_rnn(Adds(), pair, dtype=tf.float32)
    assert str(outputs) == 'Tensor("rnn/transpose_2:0", shape=(2, 5, 4), dtype=float32)'


# -- initial values
def initial_values(prefix=""):
    variables = tf.global_variables()
    return {
        variable.op.name: sorted({round(float(value), 6) for value in np.ravel(values)})
        for variable, values in zip(variables, run(variables), strict=True)
        if variable.op.name.startswith(prefix)
    }


def test_a_kernel_starts_uniform_within_the_limit_of_glorot():
    dynamic(cells.LSTMCell(100), ones(2, 5, 50))
    kernel, bias = run(tf.global_variables())
    limit = (6 / (150 + 400)) ** 0.5
    assert limit == pytest.approx(0.10445, abs=1e-5)
    assert 0.999 * limit < kernel.max() <= limit
    assert -limit <= kernel.min() < -0.999 * limit
    assert kernel.std() == pytest.approx(limit / 3**0.5, abs=5e-4)
    assert not bias.any()


def test_the_initializer_of_the_scope():
    with tf.variable_scope("s", initializer=tf.constant_initializer(0.3)):
        pair = lstm_pair()
        called(cells.GRUCell(4))
        cells.BasicLSTMCell(4)(ones(2, 3), pair)
        lstm = cells.LSTMCell(4, use_peepholes=True, initializer=tf.constant_initializer(0.9))
        lstm(ones(2, 3), pair)
        contrib.LayerNormBasicLSTMCell(4, layer_norm=False)(ones(2, 3), pair)
        contrib.LSTMBlockCell(4)(ones(2, 3), pair)
    assert initial_values() == {
        "s/gru_cell/gates/kernel": [0.3],
        "s/gru_cell/gates/bias": [1.0],
        "s/gru_cell/candidate/kernel": [0.3],
        "s/gru_cell/candidate/bias": [0.0],
        "s/basic_lstm_cell/kernel": [0.3],
        "s/basic_lstm_cell/bias": [0.0],
        "s/lstm_cell/kernel": [0.9],
        "s/lstm_cell/bias": [0.0],
        "s/lstm_cell/w_f_diag": [0.9],
        "s/lstm_cell/w_i_diag": [0.9],
        "s/lstm_cell/w_o_diag": [0.9],
        "s/layer_norm_basic_lstm_cell/kernel": [0.3],
        "s/layer_norm_basic_lstm_cell/bias": [0.3],
        "s/lstm_cell_1/kernel": [0.3],
        "s/lstm_cell_1/bias": [0.0],
    }


def test_the_initializer_argument_of_contrib_cells():
    nine = tf.constant_initializer(0.9)
    contrib.CoupledInputForgetGateLSTMCell(4, initializer=nine)(ones(2, 3), lstm_pair())
    called(contrib.UGRNNCell(4, initializer=nine))
    contrib.LayerNormBasicLSTMCell(4, layer_norm=False)(ones(2, 3), lstm_pair())
    values = initial_values()
    assert len(values["coupled_input_forget_gate_lstm_cell/W_0"]) > 50  # ignored, as TensorFlow does
    assert values["coupled_input_forget_gate_lstm_cell/B"] == [0.0]
    assert values["ugrnn_cell/kernel"] == [0.9]
    assert values["ugrnn_cell/bias"] == [0.0]
    assert len(values["layer_norm_basic_lstm_cell/bias"]) == 16  # no zeros: the scope's initialiser


# -- values
def test_dropout_of_the_state_spares_the_memory():
    plain = cells.LSTMCell(64)
    wrapped = cells.DropoutWrapper(plain, state_keep_prob=0.5)
    x, zero = tf.random_normal([8, 3]), plain.zero_state(8, tf.float32)
    output, state = run(wrapped(x, zero))
    assert (state.c != 0).all()
    assert (output != 0).all()
    assert 0.35 < (state.h == 0).mean() < 0.65
    assert set(np.unique(np.round(state.h / output, 4))) == {0.0, 2.0}


def test_outputs_past_a_length_are_zeros_and_the_state_is_that_of_the_last_step():
    x = tf.random_normal([3, 6, 2])
    outputs, state = run(dynamic(cells.GRUCell(2), x, sequence_length=[2, 0, 4]))
    assert (outputs != 0).all(2).astype(int).tolist() == [
        [1, 1, 0, 0, 0, 0],
        [0, 0, 0, 0, 0, 0],
        [1, 1, 1, 1, 0, 0],
    ]
    assert (state[0] == outputs[0, 1]).all()
    assert (state[2] == outputs[2, 3]).all()
    assert state[1].tolist() == [0.0, 0.0]


def test_the_backward_pass_ends_at_the_first_step():
    fw, bw = cells.GRUCell(2), cells.GRUCell(2)
    both = tf.nn.bidirectional_dynamic_rnn(
        fw, bw, tf.random_normal([3, 6, 2]), sequence_length=[2, 1, 4], dtype=tf.float32
    )
    (_, backwards), (_, state) = run(both)
    assert (backwards[:, 0] == state).all()
    assert (backwards != 0).all(2).astype(int).tolist() == [
        [1, 1, 0, 0, 0, 0],
        [1, 0, 0, 0, 0, 0],
        [1, 1, 1, 1, 0, 0],
    ]
