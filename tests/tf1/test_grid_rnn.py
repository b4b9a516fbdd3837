"""`tf.contrib.grid_rnn` against what TensorFlow 1.15 computed, and what its cells refuse."""

import pytest

import ostinato.tf1 as tf
from tf1.values import DRIVERS, cases_of, replay

GRID = tf.contrib.grid_rnn


@pytest.mark.parametrize(("case", "dtype"), cases_of("grid_rnn"))
def test_numbers_are_tensorflows(case, dtype):
    replay("grid_rnn", case, dtype, DRIVERS[0])


def names(make, depth=3):
    with tf.Graph().as_default():
        cell = make()
        cell(tf.zeros([2, depth]), cell.zero_state(2, tf.float32))
        return [variable.op.name for variable in tf.global_variables()]


def test_a_first_dimension_without_state_is_a_dense_layer():
    assert names(lambda: GRID.Grid2LSTMCell(2, non_recurrent_fn=tf.nn.relu)) == [
        "Grid2LSTMCell/project_m_0",
        "Grid2LSTMCell/project_c_0",
        "Grid2LSTMCell/recurrent/cell_1/lstm_cell/kernel",
        "Grid2LSTMCell/recurrent/cell_1/lstm_cell/bias",
        "Grid2LSTMCell/non_recurrent/cell_0/fully_connected/weights",
        "Grid2LSTMCell/non_recurrent/cell_0/fully_connected/biases",
    ]


@pytest.mark.parametrize(
    ("make", "kind", "words"),
    [
        (lambda: GRID.GridRNNCell(2, 0), ValueError, "dims must be >= 1: 0"),
        (
            lambda: GRID.GridRNNCell(2, 2, input_dims=[2]),
            ValueError,
            r"Invalid dims: \[2\]. Must be in \[0, 2\)",
        ),
        (lambda: GRID.GridRNNCell(2, cell_fn=lambda n: n), TypeError, "cell_fn must return an RNNCell"),
        (lambda: GRID.Grid2GRUCell(2)(tf.zeros([1, 2]), (tf.zeros([1, 2]),)), ValueError, "tuple of 2"),
    ],
)
def test_what_does_not_fit_is_refused(make, kind, words):
    with tf.Graph().as_default(), pytest.raises(kind, match=words):
        make()
