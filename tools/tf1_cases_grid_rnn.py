"""Cases of make_tf1_values.py: `tf.contrib.grid_rnn`, grids of cells over several dimensions."""

import tensorflow as tf

GRID = tf.contrib.grid_rnn


def single(cell):
    return {"cell": cell, "dtypes": ["float32"]}


CASES = {
    "Grid1LSTM_peepholes": single(lambda: GRID.Grid1LSTMCell(2, use_peepholes=True, forget_bias=0.25)),
    "Grid2BasicRNN_tied": single(lambda: GRID.Grid2BasicRNNCell(3, tied=True)),
    "Grid2GRU": single(lambda: GRID.Grid2GRUCell(3, output_is_tuple=False)),
    "Grid2LSTM_legacy": single(lambda: GRID.Grid2LSTMCell(3, state_is_tuple=False, output_is_tuple=False)),
    "Grid_own": single(
        lambda: GRID.GridRNNCell(
            2, 3, input_dims=[0, 2], output_dims=[1, 2], priority_dims=[1], cell_fn=tf.nn.rnn_cell.GRUCell
        )
    ),
}
