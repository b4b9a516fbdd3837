"""What the drivers say of arguments and cells that do not fit, beside the list of test_errors_table.py."""

import numpy as np
import pytest

import ostinato.tf1 as tf
from ostinato.tf1 import plan
from tf1.driver_calls import (
    Kept,
    X,
    bidirectional,
    dynamic,
    run,
    stacked,
    stacked_dynamic,
    static,
    static_bidirectional,
)

cells, contrib = tf.nn.rnn_cell, tf.contrib.rnn


# -- cells that do not keep to what they say
def misbehaving(output=lambda x, s: s, state=lambda x, s: s, output_size=4):
    class Odd(cells.RNNCell):
        state_size = 4

        def call(self, inputs, before):
            return output(inputs, before), state(inputs, before)

    Odd.output_size = output_size
    return Odd()


@pytest.mark.parametrize(
    ("cell", "kind", "words"),
    [
        (
            misbehaving(state=lambda x, s: tf.concat([s, s], 1)),
            ValueError,
            "Input tensor 'rnn/OddZeroState/zeros:0' enters the loop with shape \\(3, 4\\), but has shape "
            "\\(3, 8\\) after one iteration",
        ),
        (misbehaving(state=lambda x, s: (s, s)), ValueError, "The two structures don't have the same nested"),
        (misbehaving(state=lambda x, s: tf.cast(s, tf.float64)), TypeError, "a state keeps its type"),
        (
            misbehaving(output=lambda x, s: (s, s)),
            ValueError,
            "The two structures don't have the same nested",
        ),
        (
            misbehaving(output_size=5),
            ValueError,
            "Inconsistent shapes: saw \\(3, 4\\) but expected \\(3, 5\\)",
        ),
    ],
)
@pytest.mark.parametrize("lengths", [None, [6, 0, 3]])
def test_a_cell_that_gives_something_else_than_it_says(cell, kind, words, lengths):
    with pytest.raises(kind, match=words):
        dynamic(tf.constant(X), cell=cell, sequence_length=lengths)


@pytest.mark.parametrize(
    ("act", "kind", "words"),
    [
        (lambda: dynamic((tf.ones([3, 6, 2]), tf.ones([4, 6, 2]))), ValueError, "Batch_size is not the same"),
        (lambda: dynamic((tf.ones([3, 6, 2]), tf.ones([3, 5, 2]))), ValueError, "Time steps is not the same"),
        (lambda: dynamic(None), ValueError, "None values not supported."),
        (lambda: dynamic(tf.ones([3, 6, 2]), parallel_iterations=2.5), AssertionError, "parallel_iterations"),
        (
            lambda: dynamic(tf.ones([3, 6, 2]), scope=5),
            TypeError,
            "VariableScope: name_or_scope must be a str",
        ),
        (lambda: static(tf.ones([3, 6, 2], tf.int32)), ValueError, "RNN cell only supports floating point"),
        (
            lambda: tf.nn.dynamic_rnn(cells.LSTMCell(4), tf.ones([3, 6, 2]), dtype=tf.int32),
            ValueError,
            "RNN cell only supports floating point inputs, but saw dtype: <dtype: 'int32'>",
        ),
        (
            lambda: tf.nn.static_rnn(cells.GRUCell(4), [tf.constant(1.0)]),
            ValueError,
            "Shape \\(\\) must have",
        ),
        (
            lambda: tf.nn.static_rnn(cells.GRUCell(4), [tf.placeholder(tf.float32)]),
            ValueError,
            "Placeholder:0 has no known rank",
        ),
        (
            lambda: tf.nn.static_rnn(cells.GRUCell(4), [tf.ones([2, 3]), tf.ones([3, 3])]),
            ValueError,
            "Dimensions 2 and 3 are not compatible",
        ),
        (
            lambda: static(
                tf.ones([3, 6, 2]),
                cell=cells.LSTMCell(4),
                initial_state=(tf.ones([3, 4]), tf.ones([3, 4])),
                sequence_length=[1, 2, 3],
            ),
            TypeError,
            "The two structures don't have the same nested structure.",
        ),
        (lambda: contrib.best_effort_input_batch_size([tf.ones([3])]), ValueError, "Expected input tensor"),
        (lambda: bidirectional(tf.ones([3, 6])), ValueError, "Shape \\(3, 6\\) must have rank at least 3"),
        (
            lambda: tf.nn.bidirectional_dynamic_rnn(cells.GRUCell(4), None, tf.ones([3, 6, 2])),
            TypeError,
            "The argument 'cell_bw' \\(None\\) is not an RNNCell",
        ),
        (
            lambda: tf.nn.dynamic_rnn(
                cells.LSTMCell(4),
                tf.ones([3, 6, 2]),
                initial_state=cells.LSTMStateTuple(tf.zeros([3, 4]), tf.zeros([3, 4], tf.float64)),
            ),
            ValueError,
            "State has tensors of different inferred_dtypes",
        ),
        (
            lambda: tf.nn.dynamic_rnn(
                cells.GRUCell(4), tf.ones([3, 6, 2]), initial_state=tf.zeros([3, 4]), dtype=tf.float64
            ),
            TypeError,
            "dtype is float64, but GRUCell outputs float32",
        ),
        (
            lambda: contrib.stack_bidirectional_rnn([], [], []),
            ValueError,
            "Must specify at least one fw cell",
        ),
        (
            lambda: contrib.stack_bidirectional_rnn([cells.GRUCell(4)], [cells.GRUCell(4)] * 2, []),
            ValueError,
            "Forward and Backward cells must have the same depth.",
        ),
        (
            lambda: contrib.stack_bidirectional_rnn(
                [cells.GRUCell(4)], [cells.GRUCell(4)], [], initial_states_bw=(1,)
            ),
            ValueError,
            "initial_states_bw must be a list of state tensors",
        ),
        (
            lambda: tf.nn.raw_rnn(
                cells.GRUCell(4), lambda *_: (True, tf.ones([2, 3]), tf.ones([2, 4]), None)
            ),
            ValueError,
            "loop_fn must return \\(elements_finished",
        ),
        (
            lambda: tf.nn.raw_rnn(
                cells.LSTMCell(4), lambda t, *_: (t >= [1, 1], tf.ones([2, 3]), tf.ones([2, 4]), None, None)
            ),
            ValueError,
            "The two structures don't have the same nested structure.",
        ),
        (
            lambda: tf.nn.static_state_saving_rnn(cells.LSTMCell(4), [tf.ones([2, 3])], Kept(), ("c",)),
            ValueError,
            "#elems\\(state_name\\) != #elems\\(state_size\\): 1 vs. 2",
        ),
    ],
)
def test_arguments_that_do_not_fit(act, kind, words):
    with pytest.raises(kind, match="^" + words):
        act()


@pytest.mark.parametrize(
    ("arguments", "kind", "words"),
    [
        (([1, 2, 3], 1, 0), ValueError, "Dimensions must be equal, but are 2 and 3 for 'ReverseSequence'"),
        (([[1, 2]], 1, 0), ValueError, "Shape must be rank 1 but is rank 2 for 'ReverseSequence'"),
        (([1, 2], 5, 0), ValueError, "seq_dim must be < input rank: 5 vs. 2 for 'ReverseSequence'"),
        (([1.0, 2.0], 1, 0), TypeError, "Value passed to parameter 'seq_lengths' has DataType float32"),
        (([1, 2],), TypeError, "Expected int for argument 'seq_dim' not None."),
        (([1, 2], 1, 0, None, 1), ValueError, "Cannot specify both 'seq_dim' and 'seq_axis'"),
        (([1, 5], 1, 0), tf.errors.InvalidArgumentError, "seq_lens\\(1\\) > input.dims\\(1\\)"),
        (([1, -1], 1, 0), tf.errors.InvalidArgumentError, "seq_lens\\(1\\) < 0"),
    ],
)
def test_rows_that_cannot_be_reversed(arguments, kind, words):
    with pytest.raises(kind, match="^" + words):
        run(tf.reverse_sequence(tf.ones([2, 3]), *arguments))


@pytest.mark.parametrize("driver", [bidirectional, static_bidirectional, stacked, stacked_dynamic])
@pytest.mark.parametrize("is_fused", [True, False])
def test_two_directions_know_no_length_beyond_the_end(driver, is_fused, monkeypatch):
    monkeypatch.setattr(plan, "FUSE", is_fused)
    results = tf.contrib.framework.nest.flatten(driver(tf.constant(X), sequence_length=[6, 7, 1]))
    with pytest.raises(tf.errors.InvalidArgumentError, match=r"seq_lens\(1\) > input.dims\(.\): 7 > 6"):
        run(results)


def test_a_cell_that_writes_to_an_array_is_never_run_twice():
    class Keeps(cells.RNNCell):
        state_size = (tf.TensorShape([]), ())
        output_size = 2

        def zero_state(self, batch_size, dtype):
            return tf.zeros([], tf.int32), tf.TensorArray(dtype, size=0, dynamic_size=True)

        def call(self, inputs, state):
            return inputs * inputs, (state[0] + 1, state[1].write(state[0], 3.0 * inputs))

    x = tf.constant(X)
    outputs, (count, seen) = dynamic(x, cell=Keeps(), swap_memory=True)
    slope = tf.gradients([outputs, seen.stack()], x)[0]
    values, steps, slopes = run([outputs, count, slope])
    assert steps == 6
    np.testing.assert_allclose(slopes, 2.0 * X + 3.0, rtol=1e-6)
    np.testing.assert_allclose(values, X * X, rtol=1e-6)
    with tf.Session(memory_limit="1GiB") as session:
        with pytest.raises(
            tf.errors.InvalidArgumentError, match="writes to a TensorArray or a variable keeps all"
        ):
            session.run(slope)
        assert session.run(count) == 6


@pytest.mark.parametrize(
    "around", [lambda cell: cell, lambda cell: cells.MultiRNNCell([cell])], ids=["", "stack"]
)
def test_a_cell_that_assigns_to_a_variable_is_never_run_twice(around):
    class Counts(cells.RNNCell):
        state_size = output_size = 2

        def call(self, inputs, state):
            count = tf.get_variable("count", [], initializer=tf.zeros_initializer(), trainable=False)
            with tf.control_dependencies([count.assign_add(1.0)]):
                state = tf.tanh(inputs + state)
            return state, state

    x = tf.constant(X)
    outputs, _ = dynamic(x, cell=around(Counts()), swap_memory=True)
    slope = tf.gradients(outputs, x)[0]
    (count,) = tf.global_variables()
    with tf.Session() as session:
        session.run(count.initializer)
        session.run(slope)
        assert session.run(count) == 6.0
    with tf.Session(memory_limit="1GiB") as session:
        session.run(count.initializer)
        with pytest.raises(tf.errors.InvalidArgumentError, match="a TensorArray or a variable keeps all"):
            session.run(slope)


@pytest.mark.parametrize("rows", [0, 1, 4])
def test_lengths_of_other_rows_than_the_inputs(rows):
    lengths = tf.placeholder(tf.int32, [None], name="lengths")
    outputs, _ = dynamic(tf.constant(X), sequence_length=lengths)
    words = rf"Expected shape for Tensor rnn/sequence_length:0 is \] \[3\] \[ but saw shape: \] \[{rows}\]"
    with pytest.raises(tf.errors.InvalidArgumentError, match=words):
        run(outputs, {lengths: [1] * rows})


@pytest.mark.parametrize("driver", [dynamic, static])
def test_padding_that_is_nan_reaches_no_gradient_of_a_cell_of_a_scripts_own(driver):
    class Own(cells.RNNCell):
        state_size = output_size = 2

        def call(self, inputs, state):
            state = tf.tanh(inputs * tf.get_variable("w", [2]) + state)
            return state, state

    padded = np.array(X[..., :2])
    padded[0, 2:] = np.nan
    outputs, state = driver(tf.constant(padded), sequence_length=[2, 4, 6], cell=Own())
    slopes = tf.gradients([tf.convert_to_tensor(outputs), state], tf.trainable_variables())
    assert np.isfinite(run(slopes)).all()
