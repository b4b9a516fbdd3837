"""Cases of make_tf1_values.py: block, layer-normalised, coupled, weight-normalised and cuDNN's cells."""

import tensorflow as tf
from tensorflow.contrib.rnn.python.ops import rnn_cell as contrib_cells

RNN = tf.contrib.rnn
HALF = ("float16",)
SINGLE = ("float32",)
DOUBLE = ("float64",)


def fused(cell, inputs, lengths, start):
    """A cell that runs a whole sequence at a call."""
    outputs, state = cell(tf.transpose(inputs, [1, 0, 2]), initial_state=start, sequence_length=lengths)
    return tf.transpose(outputs, [1, 0, 2]), state


def dropping(cell, inputs, lengths, start):
    return tf.nn.dynamic_rnn(cell, inputs, sequence_length=lengths, initial_state=start)


def fused_case(make, units, **others):
    def start(random, dtype):
        return tuple(0.5 * random.randn(3, units).astype(dtype) for _ in range(2))

    return dict({"cell": make, "start": start, "run": fused, "dtypes": SINGLE}, **others)


CASES = {
    "Block": {"cell": lambda: RNN.LSTMBlockCell(5, forget_bias=0.25), "dtypes": SINGLE},
    "Block_peephole": {"cell": lambda: RNN.LSTMBlockCell(7, use_peephole=True), "dtypes": SINGLE},
    "Block_clip": {"cell": lambda: RNN.LSTMBlockCell(6, cell_clip=0.4, use_peephole=True), "dtypes": SINGLE},
    "Block_one_unit": {"cell": lambda: RNN.LSTMBlockCell(1), "dtypes": SINGLE, "lengths": None},
    "Block_half": {"cell": lambda: RNN.LSTMBlockCell(3, dtype=tf.float16), "dtypes": HALF},
    "Fused": fused_case(lambda: RNN.LSTMBlockFusedCell(5, forget_bias=0.25), 5),
    "Fused_whole": fused_case(lambda: RNN.LSTMBlockFusedCell(1), 1, lengths=None),
    "Fused_all": fused_case(lambda: RNN.LSTMBlockFusedCell(6, cell_clip=0.4, use_peephole=True), 6),
    "GRUBlock": {"cell": lambda: RNN.GRUBlockCell(5), "dtypes": SINGLE},
    "GRUBlockV2": {"cell": lambda: RNN.GRUBlockCellV2(7), "dtypes": SINGLE},
    "LayerNormBasic": lambda: RNN.LayerNormBasicLSTMCell(5, forget_bias=0.25, activation=tf.nn.softsign),
    "LayerNormBasic_without": lambda: RNN.LayerNormBasicLSTMCell(3, layer_norm=False),
    # The masks of a loop; those of static_rnn are others.
    "LayerNormBasic_dropout": {
        "cell": lambda: RNN.LayerNormBasicLSTMCell(5, dropout_keep_prob=0.6, dropout_prob_seed=3),
        "run": dropping,
    },
    "LayerNorm_all": lambda: contrib_cells.LayerNormLSTMCell(
        5, use_peepholes=True, cell_clip=0.8, num_proj=3, proj_clip=0.3, layer_norm=True
    ),
    "LayerNorm_without": {
        "cell": lambda: contrib_cells.LayerNormLSTMCell(4, num_proj=3, forget_bias=0.5),
        "dtypes": DOUBLE,
    },
    "Coupled": lambda: RNN.CoupledInputForgetGateLSTMCell(5, forget_bias=0.25),
    "Coupled_all": lambda: RNN.CoupledInputForgetGateLSTMCell(
        5, use_peepholes=True, num_proj=3, proj_clip=0.2, layer_norm=True, activation=tf.nn.relu
    ),
    "Coupled_shards": lambda: RNN.CoupledInputForgetGateLSTMCell(
        4, use_peepholes=True, num_proj=3, num_unit_shards=2, num_proj_shards=3
    ),
    "Coupled_flat": lambda: RNN.CoupledInputForgetGateLSTMCell(3, num_proj=2, state_is_tuple=False),
    "WeightNorm": lambda: contrib_cells.WeightNormLSTMCell(5),
    "WeightNorm_all": lambda: contrib_cells.WeightNormLSTMCell(
        4, use_peepholes=True, cell_clip=0.4, num_proj=3, proj_clip=0.2, forget_bias=0.5
    ),
    "WeightNorm_without": {
        "cell": lambda: contrib_cells.WeightNormLSTMCell(3, norm=False),
        "dtypes": DOUBLE,
    },
    "CudnnCompatibleLSTM": {
        "cell": lambda: tf.contrib.cudnn_rnn.CudnnCompatibleLSTMCell(5),
        "dtypes": SINGLE,
    },
    "CudnnCompatibleGRU": {
        "cell": lambda: tf.contrib.cudnn_rnn.CudnnCompatibleGRUCell(5),
        "dtypes": DOUBLE,
    },
}
