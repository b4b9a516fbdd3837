"""Programs whose numbers are to be the same on any device, and what runs them on the pretended one:

    python device_programs.py FILE

writes to FILE, as JSON, what each program gives there, and which operations' cases do not give TensorFlow's
values.
"""

import json
import os
import sys
import tempfile
from pathlib import Path

import numpy as np

CASES = {
    "arrays": ["strided_slice", "strings moved"],
    "contrib_metrics": ["of the k best"],
    "convolutions": ["max pools"],
    "crf": ["scores", "the variable of the transitions"],
    "gathering": ["dynamic_stitch", "partition and stitch", "unique", "gather_nd"],
    "images": ["resizing", "resizing by cubes and areas", "crops and pads", "measures", "glimpses"],
    "linalg": ["least squares"],
    "math": ["segment_max", "unsorted_segment_min", "complex numbers"],
    "metrics": ["classes", "the k best"],
    "more_scores": ["safe_embedding_lookup_sparse"],
    "parsing": ["examples"],
    "scores": ["ctc_loss", "ctc_loss_v2", "ctc decoders"],
    "seq2seq": ["a decoder with a layer, imputed", "SampleEmbeddingHelper"],
    "signals": ["frames"],
    "sparse": ["concat", "fill empty rows", "sums", "softmax", "segments", "dense product"],
}
"""Of the cases of the operations those of which some once mixed devices."""


def numbers(shape, seed=0):
    return np.random.RandomState(seed).randn(*shape).astype(np.float32)


def training(tf, folder):
    """A network of several kinds of cells, dropout, clipped gradients, a checkpoint, a summary."""
    tf.set_random_seed(3)
    ids = tf.placeholder(tf.int32, [None, None])
    lengths = tf.placeholder(tf.int32, [None])
    keep = tf.placeholder_with_default(1.0, [])
    table = tf.get_variable("table", [11, 6])
    inputs = tf.nn.embedding_lookup(table, ids)
    cell = tf.nn.rnn_cell.MultiRNNCell(
        [
            tf.nn.rnn_cell.DropoutWrapper(tf.nn.rnn_cell.LSTMCell(5), output_keep_prob=keep, seed=4),
            tf.nn.rnn_cell.GRUCell(4),
        ]
    )
    outputs, _ = tf.nn.dynamic_rnn(cell, inputs, lengths, dtype=tf.float32)
    both, _ = tf.nn.bidirectional_dynamic_rnn(
        tf.nn.rnn_cell.GRUCell(3), tf.nn.rnn_cell.GRUCell(3), outputs, lengths, dtype=tf.float32
    )
    logits = tf.layers.dense(tf.concat(both, 2), 11)
    weights = tf.sequence_mask(lengths, tf.shape(ids)[1], tf.float32)
    losses = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=ids, logits=logits)
    loss = tf.reduce_sum(losses * weights) / tf.reduce_sum(weights)
    step = tf.train.get_or_create_global_step()
    rate = tf.train.exponential_decay(0.1, step, 2, 0.5)
    optimizer = tf.train.AdamOptimizer(rate)
    found, variables = zip(*optimizer.compute_gradients(loss), strict=True)
    clipped, norm = tf.clip_by_global_norm(found, 1.0)
    train = optimizer.apply_gradients(zip(clipped, variables, strict=True), global_step=step)
    summary = tf.summary.merge([tf.summary.scalar("loss", loss), tf.summary.histogram("table", table)])
    saver = tf.train.Saver()
    feeds = {ids: np.arange(12).reshape(3, 4) % 11, lengths: [4, 2, 3], keep: 0.8}
    values = []
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        for _ in range(5):
            values += session.run([loss, norm, rate, train], feeds)[:3]
        assert b"table" in session.run(summary, feeds)
        path = saver.save(session, str(Path(folder) / "model"), step)
        values += [session.run(loss, {**feeds, keep: 1.0})]
    with tf.Session() as session:
        saver.restore(session, path)
        values += [session.run(loss, {**feeds, keep: 1.0}), session.run(step)]
    return values


def loops(tf, folder):
    """Loops and branches with their gradients, arrays of tensors, an attention decoder, a beam search."""
    x = tf.constant(numbers([3, 4]))
    weights = tf.get_variable("w", initializer=numbers([4, 4], 1))

    def body(number, value, array):
        value = tf.tanh(tf.matmul(value, weights))
        value = tf.cond(
            tf.equal(number % 2, 0), lambda: value * 2.0, lambda: value - tf.cast(number, tf.float32)
        )
        return number + 1, value, array.write(number, value)

    array = tf.TensorArray(tf.float32, size=5, element_shape=[3, 4])
    _, last, array = tf.while_loop(lambda number, *_: number < 4, body, [0, x, array])
    total = tf.reduce_sum(array.stack()) + tf.reduce_sum(last)
    memory = tf.constant(numbers([2, 5, 4], 2))
    attention = tf.contrib.seq2seq.BahdanauAttention(3, memory, memory_sequence_length=[5, 3])
    cell = tf.contrib.seq2seq.AttentionWrapper(tf.nn.rnn_cell.GRUCell(4), attention, attention_layer_size=3)
    helper = tf.contrib.seq2seq.TrainingHelper(tf.constant(numbers([2, 3, 4], 3)), [3, 2])
    decoder = tf.contrib.seq2seq.BasicDecoder(
        cell,
        helper,
        cell.zero_state(2, tf.float32),
        tf.layers.Dense(5, kernel_initializer=tf.ones_initializer()),
    )
    decoded = tf.contrib.seq2seq.dynamic_decode(decoder)[0]
    loss = total + tf.reduce_sum(decoded.rnn_output)
    with tf.Session() as session:
        for variable in tf.global_variables():
            initial = numbers(variable.shape.as_list(), 5) * 0.3
            session.run(tf.assign(variable, initial))
        return session.run([loss, tf.gradients(loss, weights)[0], decoded.sample_id])


def host(tf, folder):
    """What stays on the host: strings, functions of Python, queues, tables, data sets, files."""
    words = tf.constant(["a", "b", "c"])
    table = tf.contrib.lookup.index_table_from_tensor(["c", "b", "a"])
    rows = tf.gather(tf.get_variable("rows", initializer=numbers([3, 2])), table.lookup(words))
    called = tf.py_func(lambda value: value * 2, [rows], tf.float32)
    data = tf.data.Dataset.from_tensor_slices(numbers([6, 2], 1)).map(lambda row: tf.nn.relu(row) + 1.0)
    batch = data.shuffle(6, seed=3).batch(3).make_one_shot_iterator().get_next()
    queue = tf.FIFOQueue(4, [tf.float32], [[2]])
    put = queue.enqueue_many([called])
    taken = queue.dequeue_many(3)
    shown = tf.as_string(tf.argmax(called, 1))
    joined = tf.string_join([words, shown])
    chosen = tf.where(tf.equal(words, "b"), words, joined)
    with tf.Session() as session:
        session.run([tf.global_variables_initializer(), tf.tables_initializer()])
        session.run(put)
        return session.run(
            [tf.matmul(taken, batch, transpose_b=True), joined, chosen, tf.unique([3, 1, 3])[0]]
        )


def places(tf, folder):
    """Where variables are: `tf.device` puts them on the host, a session without GPUs all that it has."""
    with tf.device("/cpu:0"):
        pinned = tf.get_variable("pinned", [3, 2])
        row = tf.nn.embedding_lookup(pinned, [1])
    with tf.device("/gpu:0"):
        placed = tf.get_variable("placed", [2, 2])
    loss = tf.reduce_sum(tf.matmul(row, placed))
    train = tf.train.AdamOptimizer().minimize(loss)
    found = []
    for config in (None, tf.ConfigProto(device_count={"GPU": 0})):
        with tf.Session(config=config) as session:
            session.run(tf.global_variables_initializer())
            session.run(train)
            found += sorted((name, value.device.type) for name, value in session.variables.items())
            found += [device.device_type for device in session.list_devices()]
    return [json.dumps(found), tf.test.is_gpu_available(), tf.test.gpu_device_name()]


PROGRAMS = {function.__name__: function for function in (training, loops, host, places)}


def evaluated(tf, name, folder):
    """What a program gives, as JSON has it."""
    with tf.Graph().as_default():
        return [plain(value) for value in PROGRAMS[name](tf, folder)]


def plain(value):
    value = np.asarray(value).tolist()
    return json.loads(json.dumps(value, default=bytes.decode))


def main():
    sys.path.insert(0, str(Path(__file__).parents[1]))
    import ostinato.tf1 as tf
    from ostinato.tf1 import random_source, session_device
    from tf1 import pretended_device, test_op_values

    pretended_device.install()
    session_device.set_default_device(session_device.checked_device("pretended:0"))
    random_source.GENERATORS += (pretended_device.NAME,)
    result, failed = {}, {}
    with tempfile.TemporaryDirectory() as folder:
        for name in PROGRAMS:
            result[name] = evaluated(tf, name, folder)
    for file, cases in CASES.items():
        for case in cases:
            try:
                test_op_values.test_an_operation_gives_what_tensorflow_gives(file, case)
            except Exception as problem:
                failed[f"{file} {case}"] = str(problem)
    Path(sys.argv[1]).write_text(json.dumps({"programs": result, "failed": failed}))


if __name__ == "__main__":
    main()
    os._exit(0)  # what ends with Python, a thread of torch's may hold up or abort: it is not what is tried
