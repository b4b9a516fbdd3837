"""Writes graphs of TensorFlow 1.15 with loops, conditionals and their gradients, and what they compute.

Run it with TensorFlow 1.15: `python tools/make_tf1_imported_graphs.py tests/data/tf1_imported_graphs.npz`. Of
each model the file has the meta graph, of some the graph frozen to its prediction, the feeds, the predictions
from the initial values that its own seeds give, and the losses of three steps of training.
"""

import json
import lzma
import sys

import numpy as np
import tensorflow as tf
from tensorflow.python.framework import graph_util


def floats(shape, seed):
    return np.random.RandomState(seed).randn(*shape).round(2)


def train(loss, optimizer, clip=1.0):
    found, variables = zip(*optimizer.compute_gradients(loss))
    clipped, _ = tf.clip_by_global_norm(found, clip)
    step = tf.train.get_or_create_global_step()
    tf.identity(loss, name="loss")
    optimizer.apply_gradients(zip(clipped, variables), global_step=step, name="train")


def lengths_and_dropout():
    x = tf.placeholder(tf.float32, [None, None, 3], "x")
    lengths = tf.placeholder(tf.int32, [None], "lengths")
    y = tf.placeholder(tf.int32, [None], "y")
    cell = tf.nn.rnn_cell.DropoutWrapper(tf.nn.rnn_cell.LSTMCell(4), output_keep_prob=0.7, seed=7)
    _, state = tf.nn.dynamic_rnn(cell, x, lengths, dtype=tf.float32)
    logits = tf.layers.dense(state.h, 5)
    tf.nn.softmax(logits, name="prediction")
    losses = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=y, logits=logits)
    train(tf.reduce_mean(losses), tf.train.AdamOptimizer(0.05))
    return {"x": floats([3, 6, 3], 0), "lengths": [2, 6, 4], "y": [0, 4, 2]}


def nested_loops():
    x = tf.placeholder(tf.float32, [None, 3], "x")
    w = tf.get_variable("w", [3, 3])

    def body(i, h, array):
        h = tf.cond(i < 2, lambda: tf.tanh(tf.matmul(h, w)), lambda: tf.nn.relu(h) * 1.5)
        _, total = tf.while_loop(lambda k, s: k < i, lambda k, s: (k + 1, s * 1.1), [0, tf.reduce_sum(h)])
        return i + 1, h + 0.01 * total, array.write(i, h)

    array = tf.TensorArray(tf.float32, 4)
    _, _, array = tf.while_loop(lambda i, *_: i < 4, body, [0, x, array])
    total = tf.reduce_sum(array.stack() ** 2 * 0.1)
    cases = [(total < 1.0, lambda: total * 2), (total < 3.0, lambda: total * 3)]
    tf.identity(tf.case(cases, default=lambda: total), name="prediction")
    train(total, tf.train.GradientDescentOptimizer(0.01))
    return {"x": floats([2, 3], 0)}


def block_cells():
    x = tf.placeholder(tf.float32, [5, 3, 4], "x")
    lengths = tf.placeholder(tf.int32, [None], "lengths")
    fused = tf.contrib.rnn.LSTMBlockFusedCell(5, use_peephole=True, cell_clip=0.5)
    outputs, _ = fused(x, dtype=tf.float32, sequence_length=lengths)
    with tf.variable_scope("second"):
        cell = tf.contrib.rnn.GRUBlockCellV2(3)
        outputs, _ = tf.nn.dynamic_rnn(cell, outputs, lengths, dtype=tf.float32, time_major=True)
    with tf.variable_scope("third"):
        cell = tf.contrib.rnn.LSTMBlockCell(3, use_peephole=True)
        _, state = tf.nn.dynamic_rnn(cell, outputs, lengths, dtype=tf.float32, time_major=True)
    h = state.h
    several = [
        tf.nn.elu(h),
        tf.nn.selu(h),
        tf.nn.softsign(h),
        tf.nn.softplus(h),
        tf.nn.relu6(h),
        tf.nn.sigmoid(h),
    ]
    several += [tf.sqrt(tf.abs(h) + 1), tf.rsqrt(tf.abs(h) + 1), tf.reciprocal(tf.abs(h) + 2)]
    prediction = tf.add_n(several, name="prediction")
    train(tf.reduce_mean(tf.square(prediction - 5)), tf.train.MomentumOptimizer(0.5, 0.9, use_nesterov=True))
    return {"x": floats([5, 3, 4], 0), "lengths": [5, 2, 3]}


def images():
    x = tf.placeholder(tf.float32, [None, 8, 8, 2], "x")
    training = tf.placeholder_with_default(False, [], "training")
    y = tf.placeholder(tf.float32, [None, 4], "y")
    h = tf.nn.lrn(tf.layers.separable_conv2d(x, 4, 3, padding="same"), 2)
    h = tf.layers.batch_normalization(h, training=training, fused=True)
    h = tf.contrib.layers.batch_norm(h, is_training=training, updates_collections=None, fused=False)
    h = tf.nn.max_pool(tf.nn.leaky_relu(h), [1, 2, 2, 1], [1, 1, 1, 1], "SAME")
    h = tf.image.resize_nearest_neighbor(tf.image.resize_bilinear(h, [6, 6]), [8, 8])
    h = tf.layers.dropout(h, 0.3, training=training, seed=4)
    h = tf.pad(h, [[0, 0], [1, 1], [1, 1], [0, 0]], "REFLECT")
    h = tf.layers.conv2d_transpose(h, 3, 3, strides=2)
    h = tf.nn.avg_pool(h, [1, 3, 3, 1], [1, 2, 2, 1], "SAME")[:, 1:5, ::2, :]
    logits = tf.layers.dense(tf.reduce_mean(h, [1, 2]), 4)
    tf.nn.softmax(logits, name="prediction")
    loss = tf.losses.softmax_cross_entropy(y, logits)
    with tf.control_dependencies(tf.get_collection(tf.GraphKeys.UPDATE_OPS)):
        rate = tf.train.exponential_decay(0.1, tf.train.get_or_create_global_step(), 2, 0.5)
        train(loss, tf.train.RMSPropOptimizer(rate))
    return {"x": floats([3, 8, 8, 2], 0), "y": np.eye(4)[[0, 3, 1]]}


def speech():
    x = tf.placeholder(tf.float32, [None, None, 4], "x")
    lengths = tf.placeholder(tf.int32, [None], "lengths")
    cells = [tf.nn.rnn_cell.GRUCell(3), tf.nn.rnn_cell.BasicRNNCell(3)]
    outputs, _ = tf.nn.bidirectional_dynamic_rnn(*cells, inputs=x, sequence_length=lengths, dtype=tf.float32)
    logits = tf.transpose(tf.layers.dense(tf.concat(outputs, 2), 6), [1, 0, 2], name="prediction")
    labels = tf.SparseTensor(tf.constant([[0, 0], [0, 1], [1, 0]], tf.int64), [1, 2, 3], [2, 2])
    train(tf.reduce_mean(tf.nn.ctc_loss(labels, logits, lengths)), tf.train.AdadeltaOptimizer(1.0))
    return {"x": floats([2, 6, 4], 0), "lengths": [6, 4]}


def embedded_with_keras():
    keras = tf.keras.layers
    x = tf.placeholder(tf.int32, [None, 5], "x")
    y = tf.placeholder(tf.float32, [None, 2], "y")
    layers = [
        keras.Embedding(20, 4, mask_zero=True),
        keras.SimpleRNN(3),
        keras.Dense(2, activation="softmax"),
    ]
    found = tf.identity(tf.keras.Sequential(layers)(x), name="prediction")
    loss = tf.reduce_mean(tf.keras.losses.categorical_crossentropy(y, found))
    train(loss, tf.train.AdagradOptimizer(0.1))
    return {"x": [[1, 2, 3, 0, 0], [4, 5, 6, 7, 8]], "y": [[1, 0], [0, 1]]}


def sampled_words():
    x = tf.placeholder(tf.int32, [None], "x")
    y = tf.placeholder(tf.int64, [None, 1], "y")
    table = tf.get_variable("table", [30, 4], initializer=tf.random_uniform_initializer(-1, 1))
    weights, bias = tf.get_variable("weights", [30, 4]), tf.get_variable("bias", [30])
    rows = tf.nn.embedding_lookup(table, x)
    drawn = tf.nn.log_uniform_candidate_sampler(y, 1, 5, True, 30, seed=5)
    loss = tf.reduce_mean(tf.nn.nce_loss(weights, bias, y, rows, 5, 30, sampled_values=drawn))
    tf.nn.l2_normalize(table, 1, name="prediction")
    tf.identity(loss, name="loss")
    step = tf.train.get_or_create_global_step()
    tf.train.AdagradOptimizer(0.5).minimize(loss, global_step=step, name="train")
    return {"x": [1, 2, 1], "y": [[3], [4], [5]]}


def beam_search():
    seq2seq = tf.contrib.seq2seq
    x = tf.placeholder(tf.int32, [None, None], "x")
    lengths = tf.placeholder(tf.int32, [None], "lengths")
    table = tf.get_variable("table", [9, 4])
    memory, state = tf.nn.dynamic_rnn(
        tf.nn.rnn_cell.GRUCell(5), tf.nn.embedding_lookup(table, x), lengths, dtype=tf.float32
    )
    tiled = [seq2seq.tile_batch(item, 2) for item in (memory, lengths, state)]
    mechanism = seq2seq.LuongAttention(5, tiled[0], memory_sequence_length=tiled[1])
    cell = seq2seq.AttentionWrapper(tf.nn.rnn_cell.GRUCell(5), mechanism, attention_layer_size=5)
    begun = cell.zero_state(tf.shape(x)[0] * 2, tf.float32).clone(cell_state=tiled[2])
    starts = tf.fill([tf.shape(x)[0]], 1)
    decoder = seq2seq.BeamSearchDecoder(cell, table, starts, 2, begun, 2, tf.layers.Dense(9))
    outputs, _, _ = seq2seq.dynamic_decode(decoder, maximum_iterations=5)
    tf.identity(outputs.predicted_ids, name="prediction")
    return {"x": [[3, 4, 5], [6, 7, 0]], "lengths": [3, 2]}


MODELS = [
    lengths_and_dropout,
    nested_loops,
    block_cells,
    images,
    speech,
    embedded_with_keras,
    sampled_words,
    beam_search,
]


def main(path):
    made, graphs = {}, {}
    for model in MODELS:
        name = model.__name__
        with tf.Graph().as_default() as graph, tf.Session() as session:
            tf.set_random_seed(11)
            feeds = {f"{key}:0": np.asarray(value).tolist() for key, value in model().items()}
            tf.global_variables_initializer()
            tf.train.Saver()
            graphs[f"{name}/meta"] = tf.train.export_meta_graph()
            session.run("init")
            if model in (lengths_and_dropout, nested_loops):
                frozen = graph_util.convert_variables_to_constants(
                    session, graph.as_graph_def(), ["prediction"]
                )
                graphs[f"{name}/frozen"] = frozen
            made[f"{name}/feeds"] = np.frombuffer(json.dumps(feeds).encode(), np.uint8)
            if model is not lengths_and_dropout:  # whose first numbers are those of the training
                made[f"{name}/prediction"] = session.run("prediction:0", feeds)
            if "train" in graph._nodes_by_name:
                if model is images:
                    feeds = {**feeds, "training:0": True}
                losses = [session.run(["loss:0", "train"], feeds)[0] for _ in range(3)]
                made[f"{name}/losses"] = np.array(losses)
    # They have much in common, and are small only together.
    messages = [graph.SerializeToString() for graph in graphs.values()]
    made["graphs"] = np.frombuffer(lzma.compress(b"".join(messages), preset=9), np.uint8)
    made["names"], made["sizes"] = list(graphs), [len(message) for message in messages]
    np.savez(path, **made)


if __name__ == "__main__":
    main(sys.argv[1])
