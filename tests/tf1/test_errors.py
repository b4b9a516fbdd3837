"""What bad input raises: the kinds and the leading words of TensorFlow 1.15."""

import re

import numpy as np
import pytest

import ostinato.tf1 as tf

cells = tf.nn.rnn_cell


def ones(*sizes, dtype=tf.float32):
    return tf.ones(sizes, dtype)


def dynamic(cell=None, x=None, **options):
    options.setdefault("dtype", tf.float32)
    return tf.nn.dynamic_rnn(cell or cells.GRUCell(4), ones(2, 5, 3) if x is None else x, **options)


def static(cell=None, steps=None, **options):
    options.setdefault("dtype", tf.float32)
    steps = [ones(2, 3)] * 5 if steps is None else steps
    return tf.nn.static_rnn(cell or cells.GRUCell(4), steps, **options)


def called(cell, depth=3, units=4):
    return cell(ones(2, depth), ones(2, units))


def called_twice():
    cell = cells.GRUCell(4)
    called(cell)
    called(cell, depth=5)


def unknown(*sizes):
    return tf.placeholder(tf.float32, sizes)


CASES = {
    "dynamic no dtype no state": (
        lambda: dynamic(dtype=None),
        ValueError,
        "If there is no initial_state, you must give a dtype.",
    ),
    "static no dtype": (
        lambda: static(dtype=None),
        ValueError,
        "If no initial_state is provided, dtype must be specified",
    ),
    "static tensor input": (lambda: static(steps=ones(2, 5, 3)), TypeError, "inputs must be a sequence"),
    "static empty": (lambda: static(steps=[]), ValueError, "inputs must not be empty"),
    "static seqlen scalar": (
        lambda: static(sequence_length=4),
        ValueError,
        "sequence_length must be a vector of length batch_size",
    ),
    "dynamic seqlen scalar": (
        lambda: dynamic(sequence_length=4),
        ValueError,
        "sequence_length must be a vector of length batch_size, but saw shape: ()",
    ),
    "dynamic seqlen wrong size": (
        lambda: dynamic(sequence_length=[4]),
        ValueError,
        "Dimension 0 in both shapes must be equal, but are 1 and 2. Shapes are [1] and [2]. for 'rnn/while/",
    ),
    "cell not RNNCell": (
        lambda: dynamic(lambda x, s: (x, s)),
        TypeError,
        "The argument 'cell' (<function ",
    ),
    "cell is list": (
        lambda: dynamic([cells.GRUCell(4)]),
        TypeError,
        "The argument 'cell' ([",
    ),
    "depth unknown": (
        lambda: dynamic(x=unknown(2, 5, None)),
        ValueError,
        "Input size (depth of inputs) must be accessible via shape inference, but saw value None.",
    ),
    "depth unknown static": (
        lambda: static(steps=[unknown(2, None)]),
        ValueError,
        "Input size (dimension 0 of inputs) must be accessible via shape inference, but saw value None.",
    ),
    "rank2 dynamic": (lambda: dynamic(x=ones(5, 2)), ValueError, "Shape (5, 2) must have rank at least 3"),
    "rank3 to cell": (
        lambda: cells.GRUCell(4)(ones(2, 5, 3), ones(2, 4)),
        ValueError,
        "Input 0 of layer gru_cell_1 is incompatible with the layer: expected ndim=2, found ndim=3. "
        "Full shape received: [2, 5, 3]",
    ),
    "unknown rank": (
        lambda: dynamic(x=tf.placeholder(tf.float32)),
        ValueError,
        "Placeholder:0 has no known rank",
    ),
    "int inputs dynamic": (
        lambda: dynamic(x=tf.ones([2, 5, 3], tf.int32)),
        ValueError,
        "RNN cell only supports floating point inputs, but saw dtype: <dtype: 'int32'>",
    ),
    "int dtype cell": (
        lambda: cells.GRUCell(4, dtype=tf.int32)(ones(2, 3), ones(2, 4)),
        ValueError,
        "RNN cell only supports floating point inputs, but saw dtype: <dtype: 'int32'>",
    ),
    "f64 inputs, dtype f32": (
        lambda: dynamic(x=tf.ones([2, 5, 3], tf.float64)),
        TypeError,
        "Tensors in list passed to 'values' of 'ConcatV2' Op have types [float64, float32] that don't all "
        "match",
    ),
    "initial_state wrong structure (tensor for LSTM)": (
        lambda: dynamic(cells.LSTMCell(4), initial_state=ones(2, 4)),
        TypeError,
        "Expected state to be a LSTMStateTuple",
    ),
    "initial_state plain tuple for LSTM": (
        lambda: dynamic(cells.LSTMCell(4), initial_state=(ones(2, 4), ones(2, 4))),
        TypeError,
        "The two structures don't have the same nested structure.",
    ),
    "plain tuple + seqlen": (
        lambda: dynamic(cells.LSTMCell(4), initial_state=(ones(2, 4), ones(2, 4)), sequence_length=[3, 1]),
        TypeError,
        "The two structures don't have the same nested structure.",
    ),
    "initial state wrong width": (
        lambda: dynamic(initial_state=ones(2, 5)),
        ValueError,
        "Dimensions must be equal, but are 8 and 7",
    ),
    "initial state wrong batch": (
        lambda: dynamic(initial_state=ones(3, 4)),
        ValueError,
        "Dimension 0 in both shapes must be equal, but are 2 and 3. Shapes are [2] and [3].",
    ),
    "Multi empty": (
        lambda: cells.MultiRNNCell([]),
        ValueError,
        "Must specify at least one cell for MultiRNNCell.",
    ),
    "Multi not seq": (
        lambda: cells.MultiRNNCell(cells.GRUCell(4)),
        TypeError,
        "cells must be a list or tuple, but saw: <ostinato.tf1.rnn_cell_impl.GRUCell object",
    ),
    "Multi tuple states w/o flag": (
        lambda: cells.MultiRNNCell([cells.LSTMCell(4)], state_is_tuple=False),
        ValueError,
        "Some cells return tuples of states, but the flag state_is_tuple is not set.  "
        "State sizes are: [LSTMStateTuple(c=4, h=4)]",
    ),
    "Multi list initial_state": (
        lambda: dynamic(cells.MultiRNNCell([cells.GRUCell(4)]), initial_state=[ones(2, 4)]),
        TypeError,
        "The two structures don't have the same nested structure.",
    ),
    "Multi state no sequence": (
        lambda: cells.MultiRNNCell([cells.GRUCell(4), cells.GRUCell(4)])(ones(2, 3), ones(2, 4)),
        ValueError,
        "Expected state to be a tuple of length 2, but received: Tensor",
    ),
    "Dropout keep_prob 1.5": (
        lambda: cells.DropoutWrapper(cells.GRUCell(4), 1.5),
        ValueError,
        "Parameter input_keep_prob must be between 0 and 1: 1",
    ),
    "Dropout keep_prob 0 const": (
        lambda: called(cells.DropoutWrapper(cells.GRUCell(4), 0.0)),
        ValueError,
        "rate must be a scalar tensor or a float in the range [0, 1), got 1",
    ),
    "Dropout variational no dtype": (
        lambda: cells.DropoutWrapper(cells.GRUCell(4), variational_recurrent=True),
        ValueError,
        "When variational_recurrent=True, dtype must be provided",
    ),
    "Dropout variational no input_size": (
        lambda: cells.DropoutWrapper(cells.GRUCell(4), 0.5, variational_recurrent=True, dtype=tf.float32),
        ValueError,
        "When variational_recurrent=True and input_keep_prob < 1.0 or is unknown, input_size must be "
        "provided",
    ),
    "Dropout non-cell": (
        lambda: cells.DropoutWrapper(None),
        TypeError,
        "The argument 'cell' (None) is not an RNNCell: 'output_size' property is missing, "
        "'state_size' property is missing, either 'zero_state' or 'get_initial_state' method is required, "
        "is not callable.",
    ),
    "Dropout filter not callable": (
        lambda: cells.DropoutWrapper(cells.GRUCell(4), dropout_state_filter_visitor=3),
        TypeError,
        "dropout_state_filter_visitor must be callable",
    ),
    "Residual mismatched": (
        lambda: called(cells.ResidualWrapper(cells.GRUCell(4))),
        ValueError,
        "Shapes (2, 3) and (2, 4) are incompatible",
    ),
    "cell reuse arg True w/o var": (
        lambda: dynamic(cells.GRUCell(4, reuse=True)),
        ValueError,
        "Variable rnn/gru_cell/gates/kernel does not exist, or was not created with tf.get_variable(). "
        "Did you mean to set reuse=tf.AUTO_REUSE in VarScope?",
    ),
    "second call differing depth": (
        called_twice,
        ValueError,
        "Dimensions must be equal, but are 9 and 7 for 'gru_cell/",
    ),
    "zero_state None batch": (
        lambda: cells.GRUCell(4).zero_state(None, tf.float32),
        ValueError,
        "Provided a prefix or suffix of None: None and 4",
    ),
    "LSTMStateTuple dtype mismatch": (
        lambda: cells.LSTMStateTuple(ones(2, 4), tf.ones([2, 4], tf.float64)).dtype,
        TypeError,
        "Inconsistent internal state: <dtype: 'float32'> vs <dtype: 'float64'>",
    ),
    "unknown kwarg": (
        lambda: cells.GRUCell(4, foo=1),
        TypeError,
        "('Keyword argument not understood:', 'foo')",
    ),
    "input_size legacy arg": (
        lambda: cells.BasicLSTMCell(4, input_size=3),
        TypeError,
        "('Keyword argument not understood:', 'input_size')",
    ),
    "get_initial_state nothing": (
        lambda: cells.GRUCell(4).get_initial_state(),
        ValueError,
        "batch_size and dtype cannot be None",
    ),
    "get_initial_state batch": (
        lambda: cells.GRUCell(4).get_initial_state(ones(2, 3), batch_size=3),
        ValueError,
        "batch size from input tensor is different from",
    ),
    "get_initial_state dtype": (
        lambda: cells.GRUCell(4).get_initial_state(ones(2, 3), dtype=tf.float64),
        ValueError,
        "dtype from input tensor is different from",
    ),
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
        "Shape of a new variable (w) must be fully defined, but instead was <unknown>.",
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
        lambda: tf.nn.softmax_cross_entropy_with_logits(ones(2, 2), ones(2, 2)),
        ValueError,
        "Only call `softmax_cross_entropy_with_logits` with named arguments",
    ),
    "another graph": (
        lambda: _from_another_graph(),
        ValueError,
        "must be from the same graph",
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
    "seqlen beyond the end": lambda: dynamic(sequence_length=[9, 5]),
    "seqlen all zero": lambda: dynamic(sequence_length=[0, 0]),
    "f64": lambda: dynamic(x=tf.ones([2, 5, 3], tf.float64), dtype=tf.float64),
    "Multi state_is_tuple=False": lambda: dynamic(
        cells.MultiRNNCell([cells.GRUCell(4), cells.GRUCell(4)], state_is_tuple=False)
    ),
    "activation string": lambda: dynamic(cells.GRUCell(4, activation="relu")),
}


@pytest.mark.parametrize("name", GOOD)
def test_unusual_input_is_fine(name):
    outputs, state = GOOD[name]()
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        values, final = session.run([outputs, state])
    assert values.shape == (2, 5, 4)
    assert np.isfinite(values).all()
    if name == "seqlen all zero":
        assert not values.any()
        assert not final.any()


def test_shapes_of_results_with_unknown_sizes():
    outputs, state = dynamic(cells.LSTMCell(4), unknown(None, None, 3))
    assert str(outputs.shape) == "(?, ?, 4)"
    assert str(state.c.shape) == str(state.h.shape) == "(?, 4)"
    outputs, _ = dynamic(cells.GRUCell(4), unknown(None, 2, 3), time_major=True, scope="t")
    assert (
        str(outputs) == 'Tensor("t/TensorArrayStack/TensorArrayGatherV3:0", shape=(?, 2, 4), dtype=float32)'
    )
    zero = cells.GRUCell(4).zero_state(tf.placeholder(tf.int32, []), tf.float32)
    assert str(zero) == 'Tensor("GRUCellZeroState/zeros:0", shape=(?, 4), dtype=float32)'
    assert str(cells.GRUCell(4).zero_state(3, np.float32).shape) == "(3, 4)"
