"""Every cell and driver makes the variables that TensorFlow 1.15 makes: names, shapes and order.

`tf1_cell_variables.json` has them for 3 inputs and 4 units, where the name of a case does not say otherwise.
"""

import json
from pathlib import Path

import pytest

import ostinato.tf1 as tf

MADE = json.loads((Path(__file__).parents[1] / "data" / "tf1_cell_variables.json").read_text())
cells, contrib, nn = tf.nn.rnn_cell, tf.contrib.rnn, tf.nn


def by_path():
    """The module of the cells that `tf.contrib.rnn` does not show."""
    return tf.contrib.rnn.python.ops.rnn_cell


def x(depth=3):
    return tf.placeholder(tf.float32, [2, 5, depth])


def steps(depth=3):
    return tf.unstack(x(depth), axis=1)


def dynamic(cell, depth=3, **options):
    return nn.dynamic_rnn(cell, x(depth), dtype=tf.float32, **options)


def static(cell, **options):
    return nn.static_rnn(cell, steps(), dtype=tf.float32, **options)


def once(cell, depth=3):
    return cell(tf.ones([2, depth]), cell.zero_state(2, tf.float32))


def grus(count, units=4):
    return [cells.GRUCell(units) for _ in range(count)]


def phased():
    return nn.dynamic_rnn(
        contrib.PhasedLSTMCell(4), (tf.placeholder(tf.float32, [2, 5, 1]), x()), dtype=tf.float32
    )


def embedded():
    cell = contrib.EmbeddingWrapper(cells.GRUCell(4), 10, 3)
    return nn.static_rnn(cell, [tf.zeros([2], tf.int32)] * 2, dtype=tf.float32)


def convolved(cell, sizes):
    return nn.dynamic_rnn(cell, tf.ones([2, 5, *sizes]), dtype=tf.float32)


def one_object(units):
    return dynamic(cells.MultiRNNCell([cells.GRUCell(units)] * 2))


def two_scopes():
    cell = cells.GRUCell(4)
    dynamic(cell, scope="a")
    dynamic(cell, scope="b")


def same_object():
    cell = cells.GRUCell(4)
    dynamic(cell)
    dynamic(cell)


def reused():
    with tf.variable_scope("m"):
        dynamic(cells.GRUCell(4))
    with tf.variable_scope("m", reuse=True):
        dynamic(cells.GRUCell(4))


def two_of_one_class():
    dynamic(cells.GRUCell(4))
    dynamic(cells.GRUCell(4))


def explicit_scope_twice():
    for _ in range(2):
        with tf.variable_scope("s"):
            once(cells.GRUCell(4))


def called_by_hand():
    once(cells.GRUCell(4))
    once(cells.GRUCell(4))


def ptb():
    cell = cells.MultiRNNCell([cells.BasicLSTMCell(4) for _ in range(2)])
    inputs, state = x(), cell.zero_state(2, tf.float32)
    with tf.variable_scope("RNN"):
        for step in range(5):
            if step > 0:
                tf.get_variable_scope().reuse_variables()
            _, state = cell(inputs[:, step, :], state)


def bare_loop():
    cell = cells.BasicLSTMCell(4)
    state = cell.zero_state(2, tf.float32)
    for step in steps():
        _, state = cell(step, state)


def raw():
    cell, inputs = cells.LSTMCell(4), x()

    def loop_fn(time, cell_output, cell_state, loop_state):
        state = cell.zero_state(2, tf.float32) if cell_output is None else cell_state
        return time >= [5, 3], inputs[:, 0, :], state, cell_output, None

    return nn.raw_rnn(cell, loop_fn)


def in_an_outer_scope():
    with tf.variable_scope("outer"):
        dynamic(cells.GRUCell(4))


def decoder():
    cell = cells.BasicLSTMCell(4)
    state = cell.zero_state(2, tf.float32)
    return tf.contrib.legacy_seq2seq.rnn_decoder(steps(), state, cell, scope="rnnlm")


def bidirectional(driver, inputs, fw, bw):
    return driver(fw, bw, inputs, dtype=tf.float32)


GRAPHS = {
    "BasicRNNCell": lambda: dynamic(cells.BasicRNNCell(4)),
    "GRUCell": lambda: dynamic(cells.GRUCell(4)),
    "BasicLSTMCell": lambda: dynamic(cells.BasicLSTMCell(4)),
    "LSTMCell": lambda: dynamic(cells.LSTMCell(4)),
    "LSTMCell(peep,proj=2)": lambda: dynamic(cells.LSTMCell(4, use_peepholes=True, num_proj=2)),
    "LSTMCell(num_unit_shards=2,num_proj=2,num_proj_shards=2)": lambda: dynamic(
        cells.LSTMCell(4, num_unit_shards=2, num_proj=2, num_proj_shards=2)
    ),
    "LSTMCell(name=foo)": lambda: dynamic(cells.LSTMCell(4, name="foo")),
    "Multi[LSTM,GRU]": lambda: dynamic(cells.MultiRNNCell([cells.LSTMCell(4), cells.GRUCell(4)])),
    "Dropout(BasicLSTM)": lambda: dynamic(cells.DropoutWrapper(cells.BasicLSTMCell(4), 0.5)),
    "Residual(GRU3)": lambda: dynamic(cells.ResidualWrapper(cells.GRUCell(3))),
    "Device(GRU)": lambda: dynamic(cells.DeviceWrapper(cells.GRUCell(4), "/cpu:0")),
    "Dropout(Multi[Basic,Basic])": lambda: dynamic(
        cells.DropoutWrapper(cells.MultiRNNCell([cells.BasicLSTMCell(4), cells.BasicLSTMCell(4)]), 0.5)
    ),
    "Multi[Dropout(Basic),Dropout(Basic)]": lambda: dynamic(
        cells.MultiRNNCell([cells.DropoutWrapper(cells.BasicLSTMCell(4), 0.5) for _ in range(2)])
    ),
    "LSTMBlockCell": lambda: dynamic(contrib.LSTMBlockCell(4)),
    "LSTMBlockCell(peep)": lambda: dynamic(contrib.LSTMBlockCell(4, use_peephole=True)),
    "GRUBlockCell": lambda: dynamic(contrib.GRUBlockCell(4)),
    "GRUBlockCellV2": lambda: dynamic(contrib.GRUBlockCellV2(4)),
    "LayerNormBasicLSTMCell": lambda: dynamic(contrib.LayerNormBasicLSTMCell(4)),
    "LayerNormBasicLSTMCell(layer_norm=False)": lambda: dynamic(
        contrib.LayerNormBasicLSTMCell(4, layer_norm=False)
    ),
    "CoupledInputForgetGateLSTMCell(peep,proj2)": lambda: dynamic(
        contrib.CoupledInputForgetGateLSTMCell(4, use_peepholes=True, num_proj=2)
    ),
    "CoupledInputForgetGateLSTMCell(layer_norm)": lambda: dynamic(
        contrib.CoupledInputForgetGateLSTMCell(4, layer_norm=True)
    ),
    "NASCell(proj2,bias)": lambda: dynamic(contrib.NASCell(4, num_proj=2, use_bias=True)),
    "UGRNNCell": lambda: dynamic(contrib.UGRNNCell(4)),
    "IntersectionRNNCell(num_in_proj)": lambda: dynamic(contrib.IntersectionRNNCell(4, num_in_proj=4)),
    "HighwayWrapper(GRU3)": lambda: dynamic(contrib.HighwayWrapper(cells.GRUCell(3))),
    "HighwayWrapper(GRU3,couple=False)": lambda: dynamic(
        contrib.HighwayWrapper(cells.GRUCell(3), couple_carry_transform_gates=False)
    ),
    "GLSTMCell(groups=1)": lambda: dynamic(contrib.GLSTMCell(4)),
    "SRUCell": lambda: dynamic(contrib.SRUCell(4)),
    "IndRNNCell": lambda: dynamic(contrib.IndRNNCell(4)),
    "IndyGRUCell": lambda: dynamic(contrib.IndyGRUCell(4)),
    "IndyLSTMCell": lambda: dynamic(contrib.IndyLSTMCell(4)),
    "AttentionCellWrapper(GRU4,attn_length=2)": lambda: dynamic(
        contrib.AttentionCellWrapper(cells.GRUCell(4), 2, state_is_tuple=True)
    ),
    "InputProjectionWrapper(GRU,6)": lambda: dynamic(contrib.InputProjectionWrapper(cells.GRUCell(4), 6)),
    "OutputProjectionWrapper(GRU,6)": lambda: dynamic(contrib.OutputProjectionWrapper(cells.GRUCell(4), 6)),
    "CompiledWrapper(GRU)": lambda: dynamic(contrib.CompiledWrapper(cells.GRUCell(4))),
    "LayerNormLSTMCell(peep,proj2,ln)": lambda: dynamic(
        by_path().LayerNormLSTMCell(4, use_peepholes=True, num_proj=2, layer_norm=True)
    ),
    "WeightNormLSTMCell(peep,proj2)": lambda: dynamic(
        by_path().WeightNormLSTMCell(4, use_peepholes=True, num_proj=2)
    ),
    "MinimalRNNCell": lambda: dynamic(by_path().MinimalRNNCell(4)),
    "CFNCell": lambda: dynamic(by_path().CFNCell(4)),
    "CudnnCompatibleLSTMCell": lambda: dynamic(tf.contrib.cudnn_rnn.CudnnCompatibleLSTMCell(4)),
    "CudnnCompatibleGRUCell": lambda: dynamic(tf.contrib.cudnn_rnn.CudnnCompatibleGRUCell(4)),
    "PhasedLSTMCell": phased,
    "EmbeddingWrapper(GRU4,10,3) static": embedded,
    "TimeFreqLSTMCell static": lambda: contrib.TimeFreqLSTMCell(
        4, use_peepholes=True, feature_size=1, frequency_skip=1
    )(tf.ones([2, 3]), tf.zeros([2, 24])),
    "GridLSTMCell": lambda: once(
        contrib.GridLSTMCell(
            4, use_peepholes=True, feature_size=2, frequency_skip=1, num_frequency_blocks=[2]
        )
    ),
    "BidirectionalGridLSTMCell": lambda: once(
        contrib.BidirectionalGridLSTMCell(4, feature_size=2, frequency_skip=1, num_frequency_blocks=[2])
    ),
    "Conv2DLSTMCell": lambda: convolved(
        contrib.Conv2DLSTMCell(input_shape=[6, 7, 3], output_channels=4, kernel_shape=[3, 3]), [6, 7, 3]
    ),
    "static_rnn BasicLSTM": lambda: static(cells.BasicLSTMCell(4)),
    "static_rnn scope=abc": lambda: static(cells.BasicLSTMCell(4), scope="abc"),
    "raw call no driver": lambda: once(cells.BasicLSTMCell(4)),
    "raw call x2 cells": called_by_hand,
    "bidirectional_dynamic_rnn": lambda: bidirectional(
        nn.bidirectional_dynamic_rnn, x(), cells.LSTMCell(4), cells.LSTMCell(4)
    ),
    "static_bidirectional_rnn": lambda: bidirectional(
        nn.static_bidirectional_rnn, steps(), cells.LSTMCell(4), cells.GRUCell(4)
    ),
    "bidir Multi": lambda: bidirectional(
        nn.bidirectional_dynamic_rnn, x(), cells.MultiRNNCell(grus(1)), cells.MultiRNNCell(grus(1))
    ),
    "stack_bidirectional_rnn": lambda: bidirectional(
        contrib.stack_bidirectional_rnn, steps(), grus(1), grus(1)
    ),
    "stack_bidirectional_dynamic_rnn x2": lambda: bidirectional(
        contrib.stack_bidirectional_dynamic_rnn, x(), [*grus(1), cells.GRUCell(4)], grus(2)
    ),
    "two dynamic_rnn same cell object": same_object,
    "same cell object two scopes": two_scopes,
    "reuse scope": reused,
    "Multi [cell]*2 same obj (3->3)": lambda: one_object(3),
    "ptb style loop": ptb,
    "bare loop no reuse": bare_loop,
    "LSTMBlockFusedCell": lambda: contrib.LSTMBlockFusedCell(4, use_peephole=True)(
        tf.ones([5, 2, 3]), dtype=tf.float32
    ),
    "FusedRNNCellAdaptor(BasicRNN)": lambda: contrib.FusedRNNCellAdaptor(cells.BasicRNNCell(4))(
        tf.ones([5, 2, 3]), dtype=tf.float32
    ),
    "legacy seq2seq rnn_decoder": decoder,
    "raw_rnn": raw,
    "scope=None in var scope outer": in_an_outer_scope,
    "GLSTMCell(4,num_proj=2,number_of_groups=2), 6 inputs": lambda: dynamic(
        contrib.GLSTMCell(4, num_proj=2, number_of_groups=2), 6
    ),
    "CoupledInputForgetGateLSTMCell(4,num_unit_shards=2,num_proj=4,num_proj_shards=2), 6 inputs": (
        lambda: dynamic(
            contrib.CoupledInputForgetGateLSTMCell(4, num_unit_shards=2, num_proj=4, num_proj_shards=2), 6
        )
    ),
    "GridLSTMCell(4,feature_size=2,num_frequency_blocks=[1,1],num_unit_shards=2)": lambda: dynamic(
        contrib.GridLSTMCell(
            4,
            feature_size=2,
            frequency_skip=2,
            num_frequency_blocks=[1, 1],
            start_freqindex_list=[0, 2],
            end_freqindex_list=[2, 4],
            num_unit_shards=2,
        ),
        4,
    ),
    "GridLSTMCell(5,feature_size=2,couple_input_forget_gates=True)": lambda: dynamic(
        contrib.GridLSTMCell(
            5, feature_size=2, frequency_skip=1, num_frequency_blocks=[2], couple_input_forget_gates=True
        )
    ),
    "GridLSTMCell(4,feature_size=2,couple_input_forget_gates=True,share_time_frequency_weights=True,"
    "use_peepholes=True)": lambda: dynamic(
        contrib.GridLSTMCell(
            4,
            feature_size=2,
            frequency_skip=1,
            num_frequency_blocks=[2],
            couple_input_forget_gates=True,
            share_time_frequency_weights=True,
            use_peepholes=True,
        )
    ),
    "TimeFreqLSTMCell(4,feature_size=2,num_unit_shards=3)": lambda: dynamic(
        contrib.TimeFreqLSTMCell(4, feature_size=2, frequency_skip=2, num_unit_shards=3), 2
    ),
    "Conv1DLSTMCell(use_bias=False)": lambda: convolved(
        contrib.Conv1DLSTMCell(input_shape=[6, 3], output_channels=4, kernel_shape=[3], use_bias=False),
        [6, 3],
    ),
    "IntersectionRNNCell(4), 4 inputs": lambda: dynamic(contrib.IntersectionRNNCell(4), 4),
    "NASCell(4), 6 inputs": lambda: dynamic(contrib.NASCell(4), 6),
    "WeightNormLSTMCell(4), 6 inputs": lambda: dynamic(by_path().WeightNormLSTMCell(4), 6),
    "WeightNormLSTMCell(4,norm=False), 6 inputs": lambda: dynamic(
        by_path().WeightNormLSTMCell(4, norm=False), 6
    ),
    "LayerNormLSTMCell(4,layer_norm=False), 6 inputs": lambda: dynamic(by_path().LayerNormLSTMCell(4), 6),
    "Multi[GRU(name=one),LSTM(name=two)], 6 inputs": lambda: dynamic(
        cells.MultiRNNCell([cells.GRUCell(4, name="one"), cells.LSTMCell(4, name="two")]), 6
    ),
    "SRUCell(4,name=foo), 6 inputs": lambda: dynamic(contrib.SRUCell(4, name="foo"), 6),
}
OF_SEQUENCE_TO_SEQUENCE = {"AttentionWrapper and embedding_attention_seq2seq"}  # models that are not here


def test_the_table_is_whole():
    assert set(GRAPHS) == set(MADE) - OF_SEQUENCE_TO_SEQUENCE


@pytest.mark.parametrize("name", GRAPHS)
def test_a_graph_has_the_variables_of_tensorflow(name):
    GRAPHS[name]()
    made = [(variable.op.name, variable.shape.as_list()) for variable in tf.global_variables()]
    assert made == list(map(tuple, MADE[name].items()))


COLLISIONS = {
    "two dynamic_rnn same cell type no scope": (
        two_of_one_class,
        "Variable rnn/gru_cell/gates/kernel already exists, disallowed. Did you mean to set reuse=True or "
        "reuse=tf.AUTO_REUSE in VarScope? Originally defined at:",
    ),
    "dynamic twice in same scope explicit": (
        explicit_scope_twice,
        "Variable s/gru_cell/gates/kernel already exists, disallowed. Did you mean to set reuse=True or "
        "reuse=tf.AUTO_REUSE in VarScope? Originally defined at:",
    ),
    "Multi [cell]*2 same obj (3->4)": (lambda: one_object(4), "Dimensions must be equal, but are 8 and 7"),
}


@pytest.mark.parametrize("name", COLLISIONS)
def test_a_graph_that_tensorflow_refuses(name):
    build, words = COLLISIONS[name]
    with pytest.raises(ValueError) as info:  # noqa: PT011  # the words are compared below, as they stand
        build()
    assert str(info.value).startswith(words)


def test_the_weights_of_a_cudnn_layer_are_one_variable_of_unknown_shape():
    layer = tf.contrib.cudnn_rnn.CudnnLSTM(1, 4)
    layer(tf.ones([5, 2, 3]))
    (variable,) = tf.global_variables()
    assert variable.name == "cudnn_lstm/opaque_kernel:0"
    assert variable.shape.ndims is None


# -- names of operations
def test_names_of_the_results_of_a_loop():
    outputs, state = dynamic(cells.LSTMCell(4))
    names = ["rnn/transpose_1:0", "rnn/while/Exit_3:0", "rnn/while/Exit_4:0"]
    assert [tensor.name for tensor in (outputs, *state)] == names
    outputs, (state,) = dynamic(cells.MultiRNNCell([cells.LSTMCell(4)]), scope="zz")
    assert isinstance(state, cells.LSTMStateTuple)
    assert [tensor.name for tensor in (outputs, *state)] == [name.replace("rnn", "zz") for name in names]


def test_names_of_zero_states_and_layers():
    stack = cells.MultiRNNCell([cells.BasicLSTMCell(4)])
    assert stack.zero_state(2, tf.float32)[0].c.name == "MultiRNNCellZeroState/BasicLSTMCellZeroState/zeros:0"
    assert stack.name == "multi_rnn_cell_1"
