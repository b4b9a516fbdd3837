"""Train a recurrent classifier for some steps, from the latest checkpoint on: one script, wherever it runs.

    tf1/bin/python tools/continue_training.py FOLDER --steps 50    # TensorFlow 1.15
    ostinato run tools/continue_training.py FOLDER --steps 50      # goes on where it stopped
    tf1/bin/python tools/continue_training.py FOLDER --steps 50    # and back

It restores the latest checkpoint of the folder if there is one, adds a line a step to `losses.txt` (the
step, the loss before it), and saves a checkpoint at the end. The batches and the learning rate go by the
global step, so that the losses show whether everything came along: weights, optimizer slots, step. The
network is 12 inputs over 820 time steps (fewer with --timesteps), an LSTM of 64 units and 2 classes.

`tests/data/checkpoints/continued` is what TensorFlow 1.15 gave with `--timesteps 40`: the checkpoint after 50
steps (the data gzipped), and the losses of 150, of which 100 after a second start.
"""

# mypy: ignore-errors

import argparse
import os

import numpy as np
import tensorflow as tf
from tensorflow.contrib import rnn

num_input, num_hidden, num_classes, batch_size = 12, 64, 2, 16


def parsed():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder")
    parser.add_argument("--steps", type=int, default=50)
    parser.add_argument("--timesteps", type=int, default=820)
    return parser.parse_args()


def data(timesteps):
    """96 recordings: noise of two kinds, whose means differ a little; some are labelled wrong."""
    random = np.random.RandomState(0)
    labels = random.randint(0, num_classes, 96)
    drift = random.randn(num_classes, num_input)[np.where(random.rand(96) < 0.2, 1 - labels, labels)]
    recordings = random.randn(96, timesteps, num_input) + 0.05 * drift[:, None]
    return recordings.astype("float32"), np.eye(num_classes, dtype="float32")[labels]


def network(x, timesteps, weights, biases):
    x = tf.unstack(x, timesteps, 1)
    lstm_cell = rnn.BasicLSTMCell(num_hidden)
    outputs, _ = rnn.static_rnn(lstm_cell, x, dtype=tf.float32)
    return tf.matmul(outputs[-1], weights["out"]) + biases["out"]


def main():
    arguments = parsed()
    recordings, labels = data(arguments.timesteps)
    tf.set_random_seed(1)
    weights = {"out": tf.Variable(tf.random_normal([num_hidden, num_classes]))}
    biases = {"out": tf.Variable(tf.random_normal([num_classes]))}
    x = tf.placeholder(tf.float32, [None, arguments.timesteps, num_input])
    y = tf.placeholder(tf.float32, [None, num_classes])
    logits = network(x, arguments.timesteps, weights, biases)
    loss = tf.reduce_mean(tf.nn.softmax_cross_entropy_with_logits_v2(logits=logits, labels=y))
    global_step = tf.train.get_or_create_global_step()
    rate = 0.001 * tf.pow(0.9, tf.floor(tf.cast(global_step, tf.float32) / 20))
    train = tf.train.AdamOptimizer(rate).minimize(loss, global_step=global_step)
    saver = tf.train.Saver()
    with tf.Session() as session:
        latest = tf.train.latest_checkpoint(arguments.folder)
        if latest:
            saver.restore(session, latest)
        else:
            session.run(tf.global_variables_initializer())
        with open(os.path.join(arguments.folder, "losses.txt"), "a") as losses:
            for _ in range(arguments.steps):
                step = session.run(global_step)
                rows = np.arange(step * batch_size, (step + 1) * batch_size) % len(recordings)
                value, _ = session.run([loss, train], {x: recordings[rows], y: labels[rows]})
                losses.write(f"{step} {float(value)!r}\n")
        saver.save(session, os.path.join(arguments.folder, "model.ckpt"), global_step, write_meta_graph=False)


if __name__ == "__main__":
    main()
