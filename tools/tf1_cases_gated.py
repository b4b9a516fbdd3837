"""Cases of make_tf1_values.py: cells with gates of other kinds, and with independent units."""

import tensorflow as tf
from tensorflow.contrib.rnn.python.ops import rnn_cell as contrib_cells

RNN = tf.contrib.rnn

CASES = {
    "NAS": lambda: RNN.NASCell(5),
    "NAS_all": lambda: RNN.NASCell(7, num_proj=3, use_bias=True),
    "NAS_one_unit": lambda: RNN.NASCell(1),
    "UGRNN": lambda: RNN.UGRNNCell(5),
    "UGRNN_options": lambda: RNN.UGRNNCell(7, forget_bias=0.25, activation=tf.nn.relu),
    "Intersection": lambda: RNN.IntersectionRNNCell(4),
    "Intersection_projected": lambda: RNN.IntersectionRNNCell(7, num_in_proj=7, forget_bias=0.5),
    "Intersection_tanh": lambda: RNN.IntersectionRNNCell(1, num_in_proj=1, y_activation=tf.tanh),
    "SRU": lambda: RNN.SRUCell(5),
    "SRU_relu": lambda: RNN.SRUCell(1, activation=tf.nn.relu),
    "IndRNN": lambda: RNN.IndRNNCell(5),
    "IndRNN_relu": lambda: RNN.IndRNNCell(7, activation=tf.nn.relu),
    "IndyGRU": lambda: RNN.IndyGRUCell(5),
    "IndyGRU_softsign": lambda: RNN.IndyGRUCell(1, activation=tf.nn.softsign),
    "IndyLSTM": lambda: RNN.IndyLSTMCell(5),
    "IndyLSTM_options": lambda: RNN.IndyLSTMCell(7, forget_bias=0.25, activation=tf.nn.relu),
    "MinimalRNN": lambda: contrib_cells.MinimalRNNCell(5),
    "MinimalRNN_linear": lambda: contrib_cells.MinimalRNNCell(7, activation=None),
    "CFN": lambda: contrib_cells.CFNCell(5),
    "CFN_relu": lambda: contrib_cells.CFNCell(1, activation="relu"),
    "Stack": lambda: RNN.MultiRNNCell(
        [
            RNN.UGRNNCell(5),
            RNN.ResidualWrapper(RNN.SRUCell(5)),
            RNN.IntersectionRNNCell(5),
            RNN.IndyLSTMCell(2),
        ]
    ),
}
