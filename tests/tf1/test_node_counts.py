"""How many nodes TensorFlow 1.15 makes of a call decides what a graph's seed draws after it: so many,
measured there, are counted here.
"""

import numpy as np
import pytest

import ostinato.tf1 as tf

rnn = tf.nn.rnn_cell


def floats(*sizes):
    return tf.placeholder(tf.float32, sizes)


def ints(*sizes):
    return tf.placeholder(tf.int32, sizes)


def stack(cell, count=2):
    return rnn.MultiRNNCell([cell() for _ in range(count)])


def dropped():
    return rnn.DropoutWrapper(rnn.BasicLSTMCell(4), output_keep_prob=0.5)


def dynamic(cell, *sizes, lengths=None, time_major=False):
    x = floats(*sizes, 3)
    lengths = None if lengths is None else ints(lengths if lengths else None)
    tf.nn.dynamic_rnn(cell, x, lengths, dtype=tf.float32, time_major=time_major)


def static(cell, rows=4, lengths=False):
    steps = tf.unstack(floats(rows, 5, 3), 5, 1)
    tf.nn.static_rnn(cell, steps, dtype=tf.float32, sequence_length=ints(None) if lengths else None)


def both_ways():
    tf.nn.bidirectional_dynamic_rnn(
        rnn.GRUCell(4), rnn.GRUCell(4), floats(None, None, 3), ints(None), dtype=tf.float32
    )


def in_a_loop():
    w, x = tf.get_variable("w", [3, 3]), floats(3, 3)
    tf.while_loop(lambda i, a: i < 3, lambda i, a: (i + 1, tf.matmul(a, w) + x), [0, tf.ones([3, 3])])


def in_a_branch():
    x = floats(3)
    tf.cond(tf.placeholder(tf.bool, []), lambda: x * 2.0, lambda: x)


crf = tf.contrib.crf
keras = tf.keras.layers
BAHDANAU, LUONG = tf.contrib.seq2seq.BahdanauAttention, tf.contrib.seq2seq.LuongAttention


def tags(rows, steps, lengths=tf.int32):
    return floats(rows, steps, 4), ints(rows, steps), tf.placeholder(lengths, [rows])


def decoded(rows, steps, lengths=tf.int32):
    crf.crf_decode(floats(rows, steps, 4), floats(4, 4), tf.placeholder(lengths, [rows]))


def classes(loss, **options):
    labels = tf.placeholder(tf.int64, [None, 1])
    loss(floats(10, 4), floats(10), labels, floats(None, 4), 3, 10, **options)


def larger(rows, padding="valid"):
    tf.layers.conv2d_transpose(floats(rows, 8, 8, 2), 3, 3, strides=2, padding=padding)


def layer(made, masked=False):
    x = floats(None, 5, 3)
    made(keras.Masking()(x) if masked else x)


def attending(mechanism, steps=5, count=1, **options):
    every = [mechanism(4, floats(None, steps, 3), ints(None), **options) for _ in range(count)]
    size = 4 if count == 1 else [4] * count
    cell = tf.contrib.seq2seq.AttentionWrapper(rnn.GRUCell(4), every[0] if count == 1 else every, size)
    cell(floats(None, 3), cell.zero_state(tf.shape(floats(None))[0], tf.float32))


def attending_of_known_rows():
    mechanism = BAHDANAU(4, floats(4, 5, 3), ints(4))
    cell = tf.contrib.seq2seq.AttentionWrapper(rnn.LSTMCell(4), mechanism, 4, alignment_history=True)
    cell(floats(4, 3), cell.zero_state(4, tf.float32))


def decoding(rows=None, trained=True, **options):
    table, cell = tf.get_variable("emb", [10, 3]), rnn.LSTMCell(4)
    known = rows or tf.shape(ints(None))[0]
    if trained:
        helper = tf.contrib.seq2seq.TrainingHelper(floats(rows, 5, 3), ints(rows))
    else:
        helper = tf.contrib.seq2seq.GreedyEmbeddingHelper(table, tf.fill([known], 1), 2)
    layer = None if trained else tf.layers.Dense(10)
    decoder = tf.contrib.seq2seq.BasicDecoder(cell, helper, cell.zero_state(known, tf.float32), layer)
    tf.contrib.seq2seq.dynamic_decode(decoder, **options)


COUNTS = {
    "basic": (119, lambda: dynamic(rnn.BasicRNNCell(4), 4, 5)),
    "lstm": (146, lambda: dynamic(rnn.LSTMCell(4), 4, 5)),
    "rows": (160, lambda: dynamic(rnn.BasicLSTMCell(4), None, 5)),
    "lengths": (169, lambda: dynamic(rnn.LSTMCell(4), 4, 5, lengths=4)),
    "rows and lengths": (183, lambda: dynamic(rnn.LSTMCell(4), None, None, lengths=0)),
    "time major": (133, lambda: dynamic(rnn.GRUCell(4), 4, 5, time_major=True)),
    "peepholes": (185, lambda: dynamic(rnn.LSTMCell(4, use_peepholes=True), 4, 5)),
    "projection": (162, lambda: dynamic(rnn.LSTMCell(4, num_proj=3, cell_clip=1.0), 4, 5)),
    "stack": (251, lambda: dynamic(stack(lambda: rnn.LSTMCell(4)), None, None, lengths=0)),
    "stack of grus": (214, lambda: dynamic(stack(lambda: rnn.GRUCell(4)), 4, 5)),
    "dropout": (246, lambda: dynamic(stack(dropped), 4, 5)),
    "residual": (150, lambda: dynamic(rnn.ResidualWrapper(rnn.GRUCell(3)), 4, 5)),
    "block": (130, lambda: dynamic(tf.contrib.rnn.LSTMBlockCell(4), 4, 5)),
    "normalised": (260, lambda: dynamic(tf.contrib.rnn.LayerNormBasicLSTMCell(4), 4, 5)),
    "both ways": (366, both_ways),
    "static": (122, lambda: static(rnn.BasicLSTMCell(4))),
    "static stack": (408, lambda: static(stack(dropped))),
    "static rows": (140, lambda: static(rnn.GRUCell(4), None)),
    "static lengths": (354, lambda: static(rnn.LSTMCell(4), None, True)),
    "step": (49, lambda: rnn.LSTMCell(4)(floats(4, 3), rnn.LSTMCell(4).zero_state(4, tf.float32))),
    "dense": (41, lambda: tf.layers.dense(floats(None, 5, 4), 3)),
    "lookup": (14, lambda: tf.nn.embedding_lookup(tf.get_variable("e", [5, 4]), ints(None))),
    "loss": (
        4,
        lambda: tf.nn.sparse_softmax_cross_entropy_with_logits(labels=ints(None), logits=floats(None, 4)),
    ),
    "loss of steps": (
        36,
        lambda: tf.nn.sparse_softmax_cross_entropy_with_logits(
            labels=ints(None, None), logits=floats(None, None, 4)
        ),
    ),
    "dense loss": (
        33,
        lambda: tf.nn.softmax_cross_entropy_with_logits_v2(labels=floats(None, 4), logits=floats(None, 4)),
    ),
    "sigmoid loss": (
        12,
        lambda: tf.nn.sigmoid_cross_entropy_with_logits(labels=floats(None, 4), logits=floats(None, 4)),
    ),
    "squares": (34, lambda: tf.losses.mean_squared_error(floats(None, 4), floats(None, 4))),
    "collected loss": (34, lambda: tf.losses.sparse_softmax_cross_entropy(ints(None), floats(None, 4))),
    "collected dense loss": (65, lambda: tf.losses.softmax_cross_entropy(floats(None, 4), floats(None, 4))),
    "sequence": (23, lambda: tf.contrib.seq2seq.sequence_loss(floats(2, 5, 4), ints(2, 5), tf.ones([2, 5]))),
    "softmax": (32, lambda: tf.nn.softmax(floats(None, None, 4), 1)),
    "mask": (13, lambda: tf.sequence_mask(ints(None), dtype=tf.float32)),
    "product": (27, lambda: tf.tensordot(floats(None, 5, 4), floats(4, 3), 1)),
    "convolution": (18, lambda: tf.layers.conv2d(floats(None, 8, 8, 2), 3, 3)),
    "separable": (30, lambda: tf.layers.separable_conv2d(floats(None, 8, 8, 2), 3, 3)),
    "normalised batch": (29, lambda: tf.contrib.layers.batch_norm(floats(None, 4))),
    "tags": (276, lambda: crf.crf_log_likelihood(*tags(2, 5))),
    "tags of rows": (286, lambda: crf.crf_log_likelihood(*tags(None, 5))),
    "tags of rows and steps": (353, lambda: crf.crf_log_likelihood(*tags(None, None))),
    "tags of long lengths": (354, lambda: crf.crf_log_likelihood(*tags(None, None, tf.int64))),
    "tags of steps": (198, lambda: crf.crf_log_norm(floats(2, None, 4), ints(2), floats(4, 4))),
    "tags of one step": (60, lambda: crf.crf_log_likelihood(*tags(None, 1))),
    "best tags": (274, lambda: decoded(2, 5)),
    "best tags of rows": (294, lambda: decoded(None, 5)),
    "best tags of rows and steps": (318, lambda: decoded(None, None, tf.int64)),
    "best tags of one step": (14, lambda: decoded(None, 1)),
    "noise": (113, lambda: classes(tf.nn.nce_loss)),
    "sampled": (144, lambda: classes(tf.nn.sampled_softmax_loss)),
    "sampled with hits": (123, lambda: classes(tf.nn.sampled_softmax_loss, remove_accidental_hits=False)),
    "larger": (44, lambda: larger(4)),
    "larger rows": (44, lambda: larger(None)),
    "larger at the same padding": (40, lambda: larger(4, "same")),
    "dilated": (28, lambda: tf.layers.conv2d(floats(None, 8, 8, 2), 3, 3, dilation_rate=2)),
    "dilated steps": (
        78,
        lambda: tf.layers.conv1d(floats(None, None, 2), 3, 3, dilation_rate=2, padding="same"),
    ),
    "keras simple": (129, lambda: layer(keras.SimpleRNN(4))),
    "keras lstm": (281, lambda: layer(keras.LSTM(4))),
    "keras gru": (275, lambda: layer(keras.GRU(4))),
    "keras gru of one product": (239, lambda: layer(keras.GRU(4, implementation=2))),
    "keras gru reset after": (303, lambda: layer(keras.GRU(4, reset_after=True))),
    "keras lstm with sigmoids": (239, lambda: layer(keras.LSTM(4, recurrent_activation="sigmoid"))),
    "keras lstm without a bias": (255, lambda: layer(keras.LSTM(4, use_bias=False))),
    "keras lstm masked": (321, lambda: layer(keras.LSTM(4), masked=True)),
    "keras lstm with dropout": (390, lambda: layer(keras.LSTM(4, dropout=0.2))),
    "keras lstm given a state": (
        262,
        lambda: keras.LSTM(4)(floats(None, 5, 3), initial_state=[floats(None, 4), floats(None, 4)]),
    ),
    "keras both ways": (565, lambda: layer(keras.Bidirectional(keras.LSTM(4)))),
    "mechanism": (44, lambda: BAHDANAU(4, floats(4, 5, 3), ints(4))),
    "mechanism of rows and steps": (68, lambda: BAHDANAU(4, floats(None, None, 3), ints(None))),
    "mechanism without lengths": (22, lambda: BAHDANAU(4, floats(4, 5, 3))),
    "attention, normalised": (285, lambda: attending(BAHDANAU, normalize=True)),
    "attention, scaled": (251, lambda: attending(LUONG, scale=True)),
    "attention of steps": (255, lambda: attending(LUONG, steps=None)),
    "attention of known rows": (207, attending_of_known_rows),
    "two attentions": (404, lambda: attending(LUONG, count=2)),
    "product of known sizes": (13, lambda: tf.tensordot(floats(4, 5, 3), floats(3, 2), 1)),
    "mask of a known width": (10, lambda: tf.sequence_mask(ints(4), 5, tf.float32)),
    "decoder": (244, lambda: decoding(4)),
    "decoder of rows": (256, decoding),
    "decoder of so many steps": (278, lambda: decoding(impute_finished=True, maximum_iterations=7)),
    "greedy decoder": (241, lambda: decoding(4, False, maximum_iterations=7)),
    "greedy decoder of rows": (
        259,
        lambda: decoding(None, False, impute_finished=True, maximum_iterations=7),
    ),
    "loop": (34, in_a_loop),
    "branch": (11, in_a_branch),
    "map": (57, lambda: tf.map_fn(lambda x: x * 2.0, floats(4, 3))),
    "scan": (66, lambda: tf.scan(lambda a, x: a + x, floats(4, 3))),
}

SEEDS = {
    "decoder": [3, 136],
    "decoder of rows": [3, 148],
    "greedy decoder": [3, 116, 150],
    "attention of known rows": [26, 96, 130, 141, 194],
}
"""Of the weights' initial values, made in the loop too."""

WEIGHTS = {
    "table": [-0.4911009, 0.1175727],
    "rnn/multi_rnn_cell/cell_0/lstm_cell/kernel": [-0.1354622, -0.03781605],
    "rnn/multi_rnn_cell/cell_1/gru_cell/gates/kernel": [0.4420294, -0.2403807],
    "rnn/multi_rnn_cell/cell_1/gru_cell/candidate/kernel": [0.2885257, -0.03634238],
    "answer/kernel": [-0.06426382, -0.1140538],
}


@pytest.mark.parametrize("call", COUNTS)
def test_the_count_of_nodes_is_tensorflows(call):
    expected, make = COUNTS[call]
    with tf.Graph().as_default() as graph:
        make()
        assert graph.nodes_of_tensorflow() == expected


@pytest.mark.parametrize("call", SEEDS)
def test_weights_are_seeded_where_tensorflow_makes_them(call):
    with tf.Graph().as_default() as graph:
        tf.set_random_seed(1)
        COUNTS[call][1]()
        made = [node for node in graph.get_operations() if node.name.endswith("RandomUniform")]
        assert [node.attributes["seed2"] for node in made] == SEEDS[call]


def test_results_are_named_as_tensorflow_names_its_last_nodes():
    with tf.Graph().as_default():
        step = tf.train.get_or_create_global_step()
        sizes, lengths = floats(2, 3, 4), ints(2)
        fused = tf.contrib.rnn.LSTMBlockFusedCell(3, name="b")
        outputs, state = fused(sizes, dtype=tf.float32, sequence_length=ints(3))
        found = [
            tf.nn.softmax(sizes, 1),
            tf.nn.softmax(sizes, 1, name="named"),
            tf.nn.log_softmax(sizes, 1),
            tf.nn.softmax(floats(2, 3)),
            tf.train.cosine_decay(0.1, step, 5),
            tf.train.piecewise_constant(step, [1, 2], [0.1, 0.2, 0.3]),
            tf.contrib.seq2seq.sequence_loss(sizes, ints(2, 3), tf.ones([2, 3])),
            *[outputs, state.c, state.h],
            *fused(sizes, dtype=tf.float32)[1],
            tf.sequence_mask(lengths),
        ]
        assert [tensor.op.name for tensor in found] == [
            "transpose_1",
            "named",
            "transpose_4",
            "Softmax_2",
            "CosineDecay/Mul_3",
            "PiecewiseConstant/case/cond/Merge",
            "sequence_loss/div_no_nan",
            "b/mul",
            "b/GatherNd",
            "b/GatherNd_1",
            "b/strided_slice",
            "b/strided_slice_1",
            "SequenceMask/Less",
        ]


def test_a_network_begins_with_the_weights_of_its_graphs_seed():
    """The first and last values that TensorFlow gives each of these variables."""
    with tf.Graph().as_default(), tf.Session() as session:
        tf.set_random_seed(11)
        x, lengths = ints(None, None), ints(None)
        rows = tf.nn.embedding_lookup(tf.get_variable("table", [20, 4]), x)
        cell = rnn.MultiRNNCell([rnn.LSTMCell(3), rnn.GRUCell(3)])
        _, state = tf.nn.dynamic_rnn(cell, rows, lengths, dtype=tf.float32)
        tf.layers.dense(state[-1], 2, name="answer")
        session.run(tf.global_variables_initializer())
        found = {v.op.name: session.run(v).ravel()[[0, -1]] for v in tf.trainable_variables()}
    for name, values in WEIGHTS.items():
        np.testing.assert_allclose(found[name], values, rtol=1e-6)
