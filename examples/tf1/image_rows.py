"""Images read row by row: ten digits told apart by an LSTM that sees a row of pixels at each step.

    python image_rows.py --steps 400
    python image_rows.py --data_dir MNIST_data     # the four files of MNIST, where you have them

Without MNIST's files the images are drawn here: digits of a 5 x 7 font, enlarged, shifted and with noise.
Runs under TensorFlow 1.x and, unmodified, by `ostinato run`.
"""

import argparse
import os

import numpy as np
import tensorflow as tf
from tensorflow.contrib import rnn

FONT = [
    "01110 10001 10011 10101 11001 10001 01110",
    "00100 01100 00100 00100 00100 00100 01110",
    "01110 10001 00001 00010 00100 01000 11111",
    "11111 00010 00100 00010 00001 10001 01110",
    "00010 00110 01010 10010 11111 00010 00010",
    "11111 10000 11110 00001 00001 10001 01110",
    "00110 01000 10000 11110 10001 10001 01110",
    "11111 00001 00010 00100 01000 01000 01000",
    "01110 10001 10001 01110 10001 10001 01110",
    "01110 10001 10001 01111 00001 00010 01100",
]
GLYPHS = [
    np.kron(np.array([list(row) for row in glyph.split()], np.float32), np.ones((3, 3))) for glyph in FONT
]
timesteps, num_input, num_hidden, num_classes = 28, 28, 64, 10


class Drawn:
    """Batches of drawn digits, with the interface of MNIST's."""

    def __init__(self, seed):
        self.random = np.random.RandomState(seed)

    def next_batch(self, size):
        labels = self.random.randint(0, num_classes, size)
        images = self.random.uniform(0, 0.6, (size, timesteps, num_input)).astype(np.float32)
        for image, label in zip(images, labels):
            top, left = self.random.randint(0, 28 - 21 + 1), self.random.randint(0, 28 - 15 + 1)
            image[top : top + 21, left : left + 15] += GLYPHS[label] * self.random.uniform(0.5, 1.0)
        return np.clip(images, 0, 1).reshape(size, -1), np.eye(num_classes, dtype=np.float32)[labels]


def RNN(x, weights, biases):
    x = tf.unstack(x, timesteps, 1)
    lstm_cell = rnn.BasicLSTMCell(num_hidden, forget_bias=1.0)
    outputs, states = rnn.static_rnn(lstm_cell, x, dtype=tf.float32)
    return tf.matmul(outputs[-1], weights["out"]) + biases["out"]


def main():
    parser = argparse.ArgumentParser(description="Digits read row by row.")
    parser.add_argument("--steps", type=int, default=400)
    parser.add_argument("--batch_size", type=int, default=128)
    parser.add_argument("--save_dir", default="save_image_rows")
    parser.add_argument("--data_dir", help="a folder with MNIST's four .gz files")
    args = parser.parse_args()
    os.makedirs(args.save_dir, exist_ok=True)
    train, test = Drawn(1), Drawn(2)
    if args.data_dir:
        from tensorflow.examples.tutorials.mnist import input_data

        mnist = input_data.read_data_sets(args.data_dir, one_hot=True)
        train, test = mnist.train, mnist.test

    tf.set_random_seed(1)
    X = tf.placeholder("float", [None, timesteps, num_input])
    Y = tf.placeholder("float", [None, num_classes])
    weights = {"out": tf.Variable(tf.random_normal([num_hidden, num_classes]), name="weights")}
    biases = {"out": tf.Variable(tf.random_normal([num_classes]), name="biases")}
    logits = RNN(X, weights, biases)
    prediction = tf.nn.softmax(logits)
    loss_op = tf.reduce_mean(tf.nn.softmax_cross_entropy_with_logits(logits=logits, labels=Y))
    train_op = tf.train.RMSPropOptimizer(learning_rate=0.003).minimize(loss_op)
    correct_pred = tf.equal(tf.argmax(prediction, 1), tf.argmax(Y, 1))
    accuracy = tf.reduce_mean(tf.cast(correct_pred, tf.float32))
    init = tf.global_variables_initializer()
    saver = tf.train.Saver()

    with tf.Session() as sess:
        sess.run(init)
        for step in range(1, args.steps + 1):
            batch_x, batch_y = train.next_batch(args.batch_size)
            batch_x = batch_x.reshape((args.batch_size, timesteps, num_input))
            sess.run(train_op, feed_dict={X: batch_x, Y: batch_y})
            if step % 25 == 0 or step == 1 or step == args.steps:
                loss, acc = sess.run([loss_op, accuracy], feed_dict={X: batch_x, Y: batch_y})
                print(f"Step {step}, Minibatch Loss= {loss:.4f}, Training Accuracy= {acc:.3f}")
        print("Optimization Finished!")
        test_x, test_y = test.next_batch(500)
        test_x = test_x.reshape((-1, timesteps, num_input))
        print("Testing Accuracy:", sess.run(accuracy, feed_dict={X: test_x, Y: test_y}))
        path = saver.save(sess, os.path.join(args.save_dir, "model.ckpt"), global_step=args.steps)
        print("Model saved in", path)


if __name__ == "__main__":
    main()
