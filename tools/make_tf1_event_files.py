"""Makes tests/data/tf1_events.npz: what TensorFlow 1.15 makes of summaries of images, and a file of events
and a meta graph that it wrote.

Run by TensorFlow 1.15's Python: `python tools/make_tf1_event_files.py OUTPUT`.
"""

import glob
import os
import sys
import tempfile

import numpy as np
import tensorflow as tf


def images():
    """Images and the pixels that TensorFlow shows of them."""
    random = np.random.RandomState(0)
    kinds = {
        "colours": random.rand(2, 3, 4, 3).astype(np.float32),
        "negative": np.array([[[[1.0], [-3.0]]]], np.float32),
        "bytes": np.array([[[[7], [200]]]], np.uint8),
        "not_finite": np.array([[[[0.1, 0.2, 0.3, 0.4], [np.inf, 0.5, 0.5, 1e-3]]]], np.float32),
        "half": np.array([[[[0.1], [-0.2]]]], np.float16),
        "zeros": np.zeros([1, 1, 2, 3], np.float32),
    }
    found = {}
    for name, batch in kinds.items():
        with tf.Graph().as_default(), tf.Session() as session:
            summary = tf.Summary.FromString(session.run(tf.summary.image(name, tf.constant(batch))))
            shown = [tf.image.decode_png(value.image.encoded_image_string) for value in summary.value]
            found["image/" + name] = batch
            found["shown/" + name] = np.stack(session.run(shown))
            found["tags/" + name] = np.array([value.tag for value in summary.value])
    return found


def files(folder):
    """A file of events, and a meta graph with a recurrent network of unrolled steps."""
    tf.set_random_seed(1)
    ids = tf.placeholder(tf.int32, [2, 3], name="ids")
    table = tf.get_variable("table", [5, 3])
    embedded = tf.unstack(tf.nn.embedding_lookup(table, ids), axis=1)
    cell = tf.nn.rnn_cell.MultiRNNCell([tf.nn.rnn_cell.BasicLSTMCell(3), tf.nn.rnn_cell.GRUCell(2)])
    outputs, _ = tf.nn.static_rnn(cell, embedded, dtype=tf.float32)
    logits = tf.layers.dense(tf.concat(outputs, 0), 5, name="logits")
    probabilities = tf.nn.softmax(logits, name="probabilities")
    loss = tf.reduce_mean(
        tf.nn.sparse_softmax_cross_entropy_with_logits(labels=tf.reshape(ids, [-1]), logits=logits),
        name="loss",
    )
    tf.train.GradientDescentOptimizer(0.1).minimize(loss, name="train")
    tf.add_to_collection("probabilities", probabilities)
    values = np.arange(6).reshape(2, 3) % 5
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        found = {"variable/" + variable.op.name: session.run(variable) for variable in tf.global_variables()}
        found["ids"] = values
        found["probabilities"], found["loss"] = session.run([probabilities, loss], {ids: values})
    tf.train.export_meta_graph(os.path.join(folder, "graph.meta"), saver_def=tf.train.Saver().saver_def)
    with tf.summary.FileWriter(folder) as writer:
        writer.add_summary(tf.Summary(value=[tf.Summary.Value(tag="loss", simple_value=0.5)]), 3)
        writer.add_session_log(tf.SessionLog(status=tf.SessionLog.START), 4)
    for name, pattern in (("meta_graph", "graph.meta"), ("events", "events.*")):
        (path,) = glob.glob(os.path.join(folder, pattern))
        with open(path, "rb") as file:
            found[name] = np.frombuffer(file.read(), np.uint8)
    return found


def main():
    with tempfile.TemporaryDirectory() as folder:
        arrays = dict(images(), **files(folder))
    np.savez_compressed(sys.argv[1], **arrays)
    print(f"{len(arrays)} arrays, {os.path.getsize(sys.argv[1]) / 1024:.1f} KiB")


if __name__ == "__main__":
    main()
