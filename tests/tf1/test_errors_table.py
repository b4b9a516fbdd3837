"""What TensorFlow 1.15 raised for bad input, line by line of a measured list: the same kind, the same leading
words. What it gave for unusual input that is fine is in test_unusual_input.py.
"""

import re

import pytest

import ostinato.tf1 as tf
from tf1.small_calls import called, dynamic, lstm_pair, ones, static, unknown

cells, contrib = tf.nn.rnn_cell, tf.contrib.rnn


def called_at_two_depths():
    cell = cells.GRUCell(4)
    called(cell)
    called(cell, depth=5)


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
