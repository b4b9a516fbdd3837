"""tf.compat.v2.nn: wrappers of cells that also wrap Keras' cells; the sums are TensorFlow 1.15's."""

import numpy as np
import pytest

import ostinato.tf1 as tf

nn, rnn_cell, layers = tf.compat.v2.nn, tf.nn.rnn_cell, tf.keras.layers
INPUTS = np.random.RandomState(0).randn(2, 3, 4).astype(np.float32)
KEEP = 0.999999  # dropout that drops nothing, and scales by next to nothing


def dynamic(cell):
    return tf.nn.dynamic_rnn(cell, INPUTS, dtype=tf.float32)


def keras(cell, **options):
    return layers.RNN(cell, **options)(tf.constant(INPUTS))


@pytest.mark.parametrize(
    ("make", "sums"),
    [
        (
            lambda: dynamic(nn.RNNCellDropoutWrapper(rnn_cell.LSTMCell(3), input_keep_prob=KEEP)),
            [-1.29417, -0.55618, -0.26032],
        ),
        (lambda: dynamic(nn.RNNCellResidualWrapper(rnn_cell.GRUCell(4))), [0.58028, -2.00152]),
        (
            lambda: keras(nn.RNNCellDropoutWrapper(layers.LSTMCell(3), KEEP), return_state=True),
            [1.32872, 1.32872, 1.92841],
        ),
        (
            lambda: keras(
                nn.RNNCellDropoutWrapper(
                    layers.LSTMCell(3),
                    state_keep_prob=KEEP,
                    variational_recurrent=True,
                    input_size=4,
                    dtype=tf.float32,
                )
            ),
            [1.32872],
        ),
        (
            lambda: keras(nn.RNNCellResidualWrapper(layers.GRUCell(4)), return_sequences=True),
            [14.84329],
        ),
        (
            lambda: keras(
                layers.StackedRNNCells(
                    [
                        nn.RNNCellResidualWrapper(layers.GRUCell(4)),
                        nn.RNNCellDropoutWrapper(layers.LSTMCell(3)),
                    ]
                )
            ),
            [1.61561],
        ),
        (lambda: keras(nn.RNNCellDeviceWrapper(layers.GRUCell(4), "/cpu:0")), [2.54491]),
    ],
)
def test_a_wrapper_wraps_cells_of_either_kind(make, sums):
    outputs = tf.contrib.framework.nest.flatten(make())
    with tf.Session() as session:
        for variable in tf.global_variables():
            shape = variable.shape.as_list()
            variable.load(np.linspace(-0.5, 0.5, int(np.prod(shape))).reshape(shape), session)
        found = [value.sum() for value in session.run(outputs)]
    assert found == pytest.approx(sums, abs=3e-5)


def test_what_is_no_cell_is_refused():
    with pytest.raises(TypeError, match="is not an RNNCell"):
        nn.RNNCellResidualWrapper(3)
    with pytest.raises(AttributeError, match=r"tf\.compat\.v2\.nn\.relu is not among"):
        nn.relu  # noqa: B018
