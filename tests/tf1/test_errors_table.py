"""What TensorFlow 1.15 raised for bad input, line by line of a measured list: the same kind, the same leading
words. Beside it, what unusual input that is fine gave.
"""

import re

import numpy as np
import pytest

import ostinato.tf1 as tf

cells, contrib = tf.nn.rnn_cell, tf.contrib.rnn


def ones(*sizes, dtype=tf.float32):
    return tf.ones(sizes, dtype)


def unknown(*sizes):
    return tf.placeholder(tf.float32, sizes)


def dynamic(cell=None, x=None, **options):
    options.setdefault("dtype", tf.float32)
    return tf.nn.dynamic_rnn(cell or cells.GRUCell(4), ones(2, 5, 3) if x is None else x, **options)


def static(cell=None, steps=None, **options):
    options.setdefault("dtype", tf.float32)
    return tf.nn.static_rnn(cell or cells.GRUCell(4), [ones(2, 3)] * 5 if steps is None else steps, **options)


def called(cell, depth=3, units=4, dtype=tf.float32):
    return cell(ones(2, depth, dtype=dtype), ones(2, units, dtype=dtype))


def called_at_two_depths():
    cell = cells.GRUCell(4)
    called(cell)
    called(cell, depth=5)


def lstm_pair():
    return ones(2, 4), ones(2, 4)


def block_in_float64():
    wide = ones(2, 4, dtype=tf.float64)
    return contrib.LSTMBlockCell(4)(ones(2, 3, dtype=tf.float64), (wide, wide))


class Saver:
    def state(self, name):
        return ones(2, 4)

    def save_state(self, name, value):
        return tf.identity(value)


NOT_A_CELL = (
    "is not an RNNCell: 'output_size' property is missing, 'state_size' property is missing, either "
    "'zero_state' or 'get_initial_state' method is required"
)
ERRORS = {  # case: what is done, the kind, the words it begins with, and words that follow
    "dynamic no dtype no state": (
        lambda: dynamic(dtype=None),
        ValueError,
        ["If there is no initial_state, you must give a dtype."],
    ),
    "static no dtype": (
        lambda: static(dtype=None),
        ValueError,
        ["If no initial_state is provided, dtype must be specified"],
    ),
    "static tensor input": (
        lambda: static(steps=ones(2, 5, 3)),
        TypeError,
        ["inputs must be a sequence"],
    ),
    "static empty": (lambda: static(steps=[]), ValueError, ["inputs must not be empty"]),
    "static seqlen scalar": (
        lambda: static(sequence_length=4),
        ValueError,
        ["sequence_length must be a vector of length batch_size"],
    ),
    "dynamic seqlen scalar": (
        lambda: dynamic(sequence_length=4),
        ValueError,
        ["sequence_length must be a vector of length batch_size, but saw shape: ()"],
    ),
    "dynamic seqlen wrong size": (
        lambda: dynamic(sequence_length=[4]),
        ValueError,
        [
            "Dimension 0 in both shapes must be equal, but are 1 and 2. Shapes are [1] and [2]. for "
            "'rnn/while/"
        ],
    ),
    "cell not RNNCell": (
        lambda: dynamic(lambda x, s: (x, s)),
        TypeError,
        ["The argument 'cell' (<function ", NOT_A_CELL + "."],
    ),
    "cell is list": (
        lambda: dynamic([cells.GRUCell(4)]),
        TypeError,
        ["The argument 'cell' ([<", "GRUCell object at", NOT_A_CELL],
    ),
    "depth unknown": (
        lambda: dynamic(x=unknown(2, 5, None)),
        ValueError,
        ["Input size (depth of inputs) must be accessible via shape inference, but saw value None."],
    ),
    "depth unknown static": (
        lambda: static(steps=[unknown(2, None)]),
        ValueError,
        ["Input size (dimension 0 of inputs) must be accessible via shape inference, but saw value None."],
    ),
    "rank2 dynamic": (
        lambda: dynamic(x=ones(5, 2)),
        ValueError,
        ["Shape (5, 2) must have rank at least 3"],
    ),
    "rank3 to cell": (
        lambda: cells.GRUCell(4)(ones(2, 5, 3), ones(2, 4)),
        ValueError,
        [
            "Input 0 of layer gru_cell_1 is incompatible with the layer: expected ndim=2, found ndim=3. "
            "Full shape received: [2, 5, 3]"
        ],
    ),
    "int inputs dynamic": (
        lambda: dynamic(x=ones(2, 5, 3, dtype=tf.int32)),
        ValueError,
        ["RNN cell only supports floating point inputs, but saw dtype: <dtype: 'int32'>"],
    ),
    "int dtype cell": (
        lambda: called(cells.GRUCell(4, dtype=tf.int32)),
        ValueError,
        ["RNN cell only supports floating point inputs, but saw dtype: <dtype: 'int32'>"],
    ),
    "f64 inputs, dtype f32": (
        lambda: dynamic(x=ones(2, 5, 3, dtype=tf.float64)),
        TypeError,
        [
            "Tensors in list passed to 'values' of 'ConcatV2' Op have types [float64, float32] that don't "
            "all match"
        ],
    ),
    "initial_state wrong structure (tensor for LSTM)": (
        lambda: dynamic(cells.LSTMCell(4), initial_state=ones(2, 4)),
        TypeError,
        ["iterating over `tf.Tensor` is not allowed in Graph execution"],
    ),
    "initial_state plain tuple for LSTM": (
        lambda: dynamic(cells.LSTMCell(4), initial_state=lstm_pair()),
        TypeError,
        ["The two structures don't have the same nested structure."],
    ),
    "plain tuple + seqlen": (
        lambda: dynamic(cells.LSTMCell(4), initial_state=lstm_pair(), sequence_length=[3, 1]),
        TypeError,
        ["The two structures don't have the same nested structure."],
    ),
    "initial state wrong width": (
        lambda: dynamic(initial_state=ones(2, 5)),
        ValueError,
        ["Dimensions must be equal, but are 8 and 7"],
    ),
    "initial state wrong batch": (
        lambda: dynamic(initial_state=ones(3, 4)),
        ValueError,
        [
            "Dimension 0 in both shapes must be equal, but are 2 and 3. Shapes are [2] and [3]. for "
            "'rnn/while/"
        ],
    ),
    "Multi empty": (
        lambda: cells.MultiRNNCell([]),
        ValueError,
        ["Must specify at least one cell for MultiRNNCell."],
    ),
    "Multi not seq": (
        lambda: cells.MultiRNNCell(cells.GRUCell(4)),
        TypeError,
        ["cells must be a list or tuple, but saw: <", "rnn_cell_impl.GRUCell object at"],
    ),
    "Multi tuple states w/o flag": (
        lambda: cells.MultiRNNCell([cells.LSTMCell(4)], state_is_tuple=False),
        ValueError,
        [
            "Some cells return tuples of states, but the flag state_is_tuple is not set.  State sizes are: "
            "[LSTMStateTuple(c=4, h=4)]"
        ],
    ),
    "Multi list initial_state": (
        lambda: dynamic(cells.MultiRNNCell([cells.GRUCell(4)]), initial_state=[ones(2, 4)]),
        TypeError,
        ["The two structures don't have the same nested structure."],
    ),
    "Dropout keep_prob 1.5": (
        lambda: cells.DropoutWrapper(cells.GRUCell(4), 1.5),
        ValueError,
        ["Parameter input_keep_prob must be between 0 and 1: 1"],
    ),
    "Dropout keep_prob 0 const": (
        lambda: called(cells.DropoutWrapper(cells.GRUCell(4), 0.0)),
        ValueError,
        ["rate must be a scalar tensor or a float in the range [0, 1), got 1"],
    ),
    "Dropout variational no dtype": (
        lambda: cells.DropoutWrapper(cells.GRUCell(4), variational_recurrent=True),
        ValueError,
        ["When variational_recurrent=True, dtype must be provided"],
    ),
    "Dropout variational no input_size": (
        lambda: cells.DropoutWrapper(cells.GRUCell(4), 0.5, variational_recurrent=True, dtype=tf.float32),
        ValueError,
        [
            "When variational_recurrent=True and input_keep_prob < 1.0 or is unknown, input_size must be "
            "provided"
        ],
    ),
    "Dropout non-cell": (
        lambda: cells.DropoutWrapper(None),
        TypeError,
        [f"The argument 'cell' (None) {NOT_A_CELL}, is not callable."],
    ),
    "Dropout filter not callable": (
        lambda: cells.DropoutWrapper(cells.GRUCell(4), dropout_state_filter_visitor=3),
        TypeError,
        ["dropout_state_filter_visitor must be callable"],
    ),
    "Residual mismatched": (
        lambda: called(cells.ResidualWrapper(cells.GRUCell(4))),
        ValueError,
        ["Shapes (2, 3) and (2, 4) are incompatible"],
    ),
    "raw_rnn loop_fn not callable": (
        lambda: tf.nn.raw_rnn(cells.GRUCell(4), 3),
        TypeError,
        ["loop_fn must be a callable"],
    ),
    "LSTMBlockFused no dtype": (
        lambda: contrib.LSTMBlockFusedCell(4)(ones(5, 2, 3)),
        ValueError,
        ["Either initial_state or dtype needs to be specified"],
    ),
    "GRUBlockCell none": (
        lambda: contrib.GRUBlockCell(),
        ValueError,
        ["Exactly one of num_units or cell_size must be provided."],
    ),
    "GRUBlockCell both": (
        lambda: contrib.GRUBlockCell(num_units=4, cell_size=4),
        ValueError,
        ["Exactly one of num_units or cell_size must be provided."],
    ),
    "LSTMBlockCell f64": (
        block_in_float64,
        TypeError,
        [
            "Value passed to parameter 'x' has DataType float64 not in list of allowed values: float16, "
            "float32"
        ],
    ),
    "state_saving name mismatch": (
        lambda: tf.nn.static_state_saving_rnn(cells.LSTMCell(4), [ones(2, 3)], Saver(), "x"),
        ValueError,
        [
            "state_name should be the same type as cell.state_size.  state_name: x, cell.state_size: "
            "LSTMStateTuple(c=4, h=4)"
        ],
    ),
    "stack_bidir tuple cells": (
        lambda: contrib.stack_bidirectional_dynamic_rnn(
            (cells.GRUCell(4),), (cells.GRUCell(4),), ones(2, 5, 3), dtype=tf.float32
        ),
        ValueError,
        ["cells_fw must be a list of RNNCells (one per layer)."],
    ),
    "cell reuse arg True w/o var": (
        lambda: dynamic(cells.GRUCell(4, reuse=True)),
        ValueError,
        [
            "Variable rnn/gru_cell/gates/kernel does not exist, or was not created with tf.get_variable(). "
            "Did you mean to set reuse=tf.AUTO_REUSE in VarScope?"
        ],
    ),
    "second call differing depth": (
        called_at_two_depths,
        ValueError,
        ["Dimensions must be equal, but are 9 and 7 for 'gru_cell/"],
    ),
    "zero_state None batch": (
        lambda: cells.GRUCell(4).zero_state(None, tf.float32),
        ValueError,
        ["Provided a prefix or suffix of None: None and 4"],
    ),
    "LSTMStateTuple dtype mismatch": (
        lambda: cells.LSTMStateTuple(ones(2, 4), ones(2, 4, dtype=tf.float64)).dtype,
        TypeError,
        ["Inconsistent internal state: <dtype: 'float32'> vs <dtype: 'float64'>"],
    ),
    "unknown kwarg": (
        lambda: cells.GRUCell(4, foo=1),
        TypeError,
        ["('Keyword argument not understood:', 'foo')"],
    ),
    "input_size legacy arg": (
        lambda: cells.BasicLSTMCell(4, input_size=3),
        TypeError,
        ["('Keyword argument not understood:', 'input_size')"],
    ),
    # -- said of these elsewhere in TensorFlow's own tests
    "Multi state no sequence": (
        lambda: called(cells.MultiRNNCell([cells.GRUCell(4), cells.GRUCell(4)])),
        ValueError,
        ["Expected state to be a tuple of length 2, but received: Tensor"],
    ),
    "get_initial_state nothing": (
        lambda: cells.GRUCell(4).get_initial_state(),
        ValueError,
        ["batch_size and dtype cannot be None"],
    ),
    "get_initial_state batch": (
        lambda: cells.GRUCell(4).get_initial_state(ones(2, 3), batch_size=3),
        ValueError,
        ["batch size from input tensor is different from"],
    ),
    "get_initial_state dtype": (
        lambda: cells.GRUCell(4).get_initial_state(ones(2, 3), dtype=tf.float64),
        ValueError,
        ["dtype from input tensor is different from"],
    ),
    "attention around no cell": (
        lambda: contrib.AttentionCellWrapper(None, 4),
        TypeError,
        ["The argument 'cell' (None) is not an RNNCell"],
    ),
    "attention over no steps": (
        lambda: contrib.AttentionCellWrapper(cells.GRUCell(4), 0),
        ValueError,
        ["attn_length should be greater than zero, got 0"],
    ),
    "attention over less than no steps": (
        lambda: contrib.AttentionCellWrapper(cells.GRUCell(4), -1),
        ValueError,
        ["attn_length should be greater than zero, got -1"],
    ),
    "attention around a tuple as one tensor": (
        lambda: contrib.AttentionCellWrapper(cells.LSTMCell(4), 2, state_is_tuple=False),
        ValueError,
        ["Cell returns tuple of states, but the flag state_is_tuple is not set. State size is: "],
    ),
    "Intersection of two sizes": (
        lambda: called(contrib.IntersectionRNNCell(4)),
        ValueError,
        [
            "Must have input size == output size for Intersection RNN. To fix, num_in_proj should be set to "
            "num_units at cell init."
        ],
    ),
    "groups of an unknown size": (
        lambda: contrib.GLSTMCell(4, number_of_groups=2)(unknown(2, None), lstm_pair()),
        ValueError,
        ["input size must be statically known"],
    ),
    "groups that do not divide": (
        lambda: contrib.GLSTMCell(4, number_of_groups=2)(ones(2, 3), lstm_pair()),
        ValueError,
        ["input size (3) must be divisible by number_of_groups (2)"],
    ),
}


@pytest.mark.parametrize("name", ERRORS)
def test_bad_input_raises_what_tensorflow_raises(name):
    act, kind, words = ERRORS[name]
    with pytest.raises(kind, match="^" + ".*".join(map(re.escape, words))) as info:
        act()
    # Of that kind itself; of a class of its own only where TensorFlow has one, for a tensor iterated over.
    assert type(info.value) is kind or type(info.value).__name__ == "OperatorNotAllowedInGraphError"


def test_inputs_of_unknown_rank_are_refused_in_a_sentence():
    # TensorFlow: TypeError, "'NoneType' object is not subscriptable".
    with pytest.raises(ValueError, match="Placeholder:0 has no known rank"):
        dynamic(x=tf.placeholder(tf.float32))


# -- what is fine
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
    assert kernel.std() == pytest.approx(0.0600, abs=3e-4)
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
