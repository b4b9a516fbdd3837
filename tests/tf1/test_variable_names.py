"""Names and variables of cells and drivers beside the table of test_names_table.py (3 inputs, 4 units)."""

import pytest

import ostinato.tf1 as tf

cells = tf.nn.rnn_cell
GRU = "gates/kernel(7, 8) gates/bias(8,) candidate/kernel(7, 4) candidate/bias(4,)"
GRU3 = "gates/kernel(6, 6) gates/bias(6,) candidate/kernel(6, 3) candidate/bias(3,)"
LSTM = "kernel(7, 16) bias(16,)"


def under(scope, names):
    return [f"{scope}/{name}" for name in names.replace(", ", ",").split()]


def listed():
    return [f"{v.op.name}{tuple(v.shape.as_list())}".replace(", ", ",") for v in tf.global_variables()]


def inputs(depth=3):
    return tf.placeholder(tf.float32, [2, 5, depth])


def run_dynamic(cell, depth=3, **options):
    return tf.nn.dynamic_rnn(cell, inputs(depth), dtype=tf.float32, **options)


DYNAMIC = {
    "BasicRNN": (lambda: cells.BasicRNNCell(4), under("rnn/basic_rnn_cell", "kernel(7, 4) bias(4,)")),
    "GRU": (lambda: cells.GRUCell(4), under("rnn/gru_cell", GRU)),
    "BasicLSTM": (lambda: cells.BasicLSTMCell(4), under("rnn/basic_lstm_cell", LSTM)),
    "LSTM": (lambda: cells.LSTMCell(4), under("rnn/lstm_cell", LSTM)),
    "LSTM with peepholes and projection": (
        lambda: cells.LSTMCell(4, use_peepholes=True, num_proj=2),
        under(
            "rnn/lstm_cell",
            "kernel(5, 16) bias(16,) w_f_diag(4,) w_i_diag(4,) w_o_diag(4,) projection/kernel(4, 2)",
        ),
    ),
    "sharded LSTM": (
        lambda: cells.LSTMCell(4, num_unit_shards=2, num_proj=2, num_proj_shards=2),
        under(
            "rnn/lstm_cell",
            "kernel/part_0(3, 16) kernel/part_1(2, 16) bias(16,) projection/kernel/part_0(2, 2) "
            "projection/kernel/part_1(2, 2)",
        ),
    ),
    "named LSTM": (lambda: cells.LSTMCell(4, name="foo"), under("rnn/foo", LSTM)),
    "Multi": (
        lambda: cells.MultiRNNCell([cells.LSTMCell(4), cells.GRUCell(4)]),
        under("rnn/multi_rnn_cell/cell_0/lstm_cell", LSTM)
        + under(
            "rnn/multi_rnn_cell/cell_1/gru_cell",
            "gates/kernel(8, 8) gates/bias(8,) candidate/kernel(8, 4) candidate/bias(4,)",
        ),
    ),
    "Dropout": (
        lambda: cells.DropoutWrapper(cells.BasicLSTMCell(4), 0.5),
        under("rnn/basic_lstm_cell", LSTM),
    ),
    "Residual": (lambda: cells.ResidualWrapper(cells.GRUCell(3)), under("rnn/gru_cell", GRU3)),
    "Device": (lambda: cells.DeviceWrapper(cells.GRUCell(4), "/cpu:0"), under("rnn/gru_cell", GRU)),
    "Dropout of Multi": (
        lambda: cells.DropoutWrapper(
            cells.MultiRNNCell([cells.BasicLSTMCell(4), cells.BasicLSTMCell(4)]), output_keep_prob=0.5
        ),
        under("rnn/multi_rnn_cell/cell_0/basic_lstm_cell", LSTM)
        + under("rnn/multi_rnn_cell/cell_1/basic_lstm_cell", "kernel(8, 16) bias(16,)"),
    ),
    "Multi of Dropout": (
        lambda: cells.MultiRNNCell([cells.DropoutWrapper(cells.BasicLSTMCell(4), 0.5) for _ in range(2)]),
        under("rnn/multi_rnn_cell/cell_0/basic_lstm_cell", LSTM)
        + under("rnn/multi_rnn_cell/cell_1/basic_lstm_cell", "kernel(8, 16) bias(16,)"),
    ),
}


@pytest.mark.parametrize("name", DYNAMIC)
def test_static_rnn_makes_the_same_variables(name):
    make, expected = DYNAMIC[name]
    tf.nn.static_rnn(make(), tf.unstack(inputs(), axis=1), dtype=tf.float32)
    assert listed() == expected


def test_bidirectional_drivers():
    outputs, states = tf.nn.bidirectional_dynamic_rnn(
        cells.LSTMCell(4), cells.LSTMCell(4), inputs(), dtype=tf.float32, sequence_length=[5, 3]
    )
    assert [t.name for t in (*outputs, states[1].h)] == [
        "bidirectional_rnn/fw/fw/transpose_1:0",
        "ReverseSequence:0",
        "bidirectional_rnn/bw/bw/while/Exit_4:0",
    ]
    assert listed() == under("bidirectional_rnn/fw/lstm_cell", LSTM) + under(
        "bidirectional_rnn/bw/lstm_cell", LSTM
    )


def test_a_new_cell_in_a_scope_entered_again_collides():
    run_dynamic(cells.GRUCell(4))
    with pytest.raises(
        ValueError, match="Variable rnn/gru_cell/gates/kernel already exists, disallowed"
    ) as info:
        run_dynamic(cells.GRUCell(4))
    assert "Did you mean to set reuse=True or reuse=tf.AUTO_REUSE in VarScope?" in str(info.value)
    assert f'File "{__file__}"' in str(info.value)


def test_one_cell_keeps_its_variables_wherever_it_is_called():
    cell, x = cells.GRUCell(4), inputs()
    for scope in ["a", "b"]:
        tf.nn.dynamic_rnn(cell, x, dtype=tf.float32, scope=scope)
    tf.nn.dynamic_rnn(cell, x, dtype=tf.float32)
    assert listed() == under("a/gru_cell", GRU)


@pytest.mark.parametrize("reuse", [True, tf.AUTO_REUSE])
def test_a_scope_that_reuses_shares(reuse):
    with tf.variable_scope("m"):
        run_dynamic(cells.GRUCell(4))
    with tf.variable_scope("m", reuse=reuse):
        run_dynamic(cells.GRUCell(4))
    assert listed() == under("m/rnn/gru_cell", GRU)


def test_names_of_results():
    outputs, state = run_dynamic(cells.LSTMCell(4))
    assert [t.name for t in (outputs, *state)] == [
        "rnn/transpose_1:0",
        "rnn/while/Exit_3:0",
        "rnn/while/Exit_4:0",
    ]
    stack = cells.MultiRNNCell([cells.LSTMCell(4)])
    outputs, state = run_dynamic(stack, scope="zz")
    assert outputs.name == "zz/transpose_1:0"
    assert isinstance(state[0], cells.LSTMStateTuple)
    assert [t.name for t in state[0]] == ["zz/while/Exit_3:0", "zz/while/Exit_4:0"]
    outputs, _ = run_dynamic(cells.GRUCell(4), time_major=True, scope="t")
    assert outputs.name == "t/TensorArrayStack/TensorArrayGatherV3:0"


def test_variables_of_a_cell():
    cell = cells.GRUCell(4, name="z")
    assert cell.weights == []
    cell.build(tf.TensorShape([None, 3]))
    assert [v.name for v in cell.weights] == [
        f"z/{n.split('(')[0]}:0" for n in GRU.replace(", ", ",").split()
    ]
    assert cell.built
    assert cell.count_params() == 56 + 8 + 28 + 4
    stack = cells.MultiRNNCell([cells.DropoutWrapper(cells.GRUCell(4), 0.5), cells.GRUCell(4)])
    run_dynamic(stack)
    assert len(stack.trainable_variables) == 8


def test_a_local_variable_is_not_trained_whatever_is_said():
    variable = tf.get_local_variable("v", [2], trainable=True)
    assert tf.local_variables() == [variable]
    assert tf.trainable_variables() == [] == tf.global_variables()


def test_in_a_body_a_variable_may_begin_with_what_another_begins_with():
    class Cell(tf.nn.rnn_cell.RNNCell):
        state_size = output_size = 3

        def __call__(self, inputs, state, scope=None):
            low = tf.get_variable("low", [3], initializer=tf.random_uniform_initializer(1.0, 2.0))
            above = tf.random_uniform_initializer(low.initialized_value(), 3.0)
            new = state + tf.get_variable("high", [3], initializer=above) - low
            return new, new

    outputs, _ = tf.nn.dynamic_rnn(Cell(), tf.ones([2, 4, 3]), dtype=tf.float32)
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        assert (session.run(outputs) >= 0).all()
        assert [variable.name for variable in tf.global_variables()] == ["rnn/low:0", "rnn/high:0"]
