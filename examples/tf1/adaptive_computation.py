"""A cell of one's own with a loop inside: adaptive computation time (Graves, 2016), on the parity of vectors.

    python adaptive_computation.py --steps 600

At each step of the sequence the cell runs another cell again and again, in a `tf.while_loop`, until its
halting units say that it has thought enough; that time has its price in the loss. The task is to tell, at
each step, the parity of the ones seen so far. Runs under TensorFlow 1.x and, unmodified, by `ostinato run`.
"""

import argparse

import numpy as np
import tensorflow as tf


class ACTCell(tf.nn.rnn_cell.RNNCell):
    """Runs `cell` up to `max_ponder` times a step. The state is (the inner state, the ponder cost so far)."""

    def __init__(self, cell, epsilon=0.01, max_ponder=8):
        super().__init__()
        self._cell, self._epsilon, self._max_ponder = cell, epsilon, max_ponder

    @property
    def state_size(self):
        return (self._cell.state_size, 1)

    @property
    def output_size(self):
        return self._cell.output_size

    def __call__(self, inputs, state, scope=None):
        with tf.variable_scope(scope or "act_cell"):
            inner, ponder = state
            kernel = tf.get_variable("halting_kernel", [self._cell.output_size, 1])
            bias = tf.get_variable("halting_bias", [1], initializer=tf.constant_initializer(1.0))
            batch = tf.shape(inputs)[0]
            first = tf.ones([batch, 1])
            zeros = tf.zeros([batch, 1])

            def unfinished(step, total, *_):
                return tf.logical_and(step < self._max_ponder, tf.reduce_any(total < 1.0 - self._epsilon))

            def think(step, total, remainder, updates, inner, output_sum, state_sum, flag):
                output, new = self._cell(tf.concat([inputs, flag], 1), inner)
                halt = tf.sigmoid(tf.matmul(output, kernel) + bias)
                running = tf.cast(total < 1.0 - self._epsilon, tf.float32)
                last = (
                    tf.cast(
                        tf.logical_or(
                            total + halt >= 1.0 - self._epsilon, tf.equal(step, self._max_ponder - 1)
                        ),
                        tf.float32,
                    )
                    * running
                )
                weight = running * (last * (1.0 - total) + (1.0 - last) * halt)
                total = tf.minimum(total + running * (last + (1.0 - last) * halt), 1.0)
                return (
                    step + 1,
                    total,
                    remainder + last * weight,
                    updates + running,
                    new,
                    output_sum + weight * output,
                    state_sum + weight * new,
                    tf.zeros_like(flag),
                )

            size = self._cell.output_size
            results = tf.while_loop(
                unfinished,
                think,
                [
                    tf.constant(0),
                    zeros,
                    zeros,
                    zeros,
                    inner,
                    tf.zeros([batch, size]),
                    tf.zeros_like(inner),
                    first,
                ],
            )
            _, _, remainder, updates, _, output, state_sum, _ = results
            return output, (state_sum, ponder + updates + remainder)


def make_batch(random, size, time, width):
    """(inputs of -1, 0 and 1, parity of the ones up to each step)."""
    x = random.randint(0, 3, (size, time, width)) - 1
    y = np.cumsum((x == 1).sum(2), 1) % 2
    return x.astype(np.float32), y.astype(np.float32)[:, :, None]


def main():
    parser = argparse.ArgumentParser(description="Adaptive computation time.")
    parser.add_argument("--steps", type=int, default=600)
    parser.add_argument("--batch_size", type=int, default=64)
    parser.add_argument("--units", type=int, default=48)
    parser.add_argument("--time", type=int, default=4)
    parser.add_argument("--width", type=int, default=3)
    parser.add_argument("--ponder_cost", type=float, default=0.001)
    args = parser.parse_args()
    tf.set_random_seed(1)
    x = tf.placeholder(tf.float32, [None, args.time, args.width])
    y = tf.placeholder(tf.float32, [None, args.time, 1])
    cell = ACTCell(tf.nn.rnn_cell.GRUCell(args.units))
    outputs, (_, ponder) = tf.nn.dynamic_rnn(cell, x, dtype=tf.float32, swap_memory=True)
    logits = tf.layers.dense(outputs, 1)
    error = tf.losses.sigmoid_cross_entropy(y, logits)
    pondered = tf.reduce_mean(ponder) / args.time
    loss = error + args.ponder_cost * pondered
    optimizer = tf.train.AdamOptimizer(0.01)
    gradients, variables = zip(*optimizer.compute_gradients(loss))
    gradients, _ = tf.clip_by_global_norm(gradients, 1.0)
    train = optimizer.apply_gradients(zip(gradients, variables))
    accuracy = tf.reduce_mean(tf.cast(tf.equal(tf.cast(logits > 0, tf.float32), y), tf.float32))

    random = np.random.RandomState(1)
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        for step in range(args.steps):
            inputs, labels = make_batch(random, args.batch_size, args.time, args.width)
            fetches = [train, error, accuracy, pondered]
            _, cost, share, thought = sess.run(fetches, feed_dict={x: inputs, y: labels})
            if step % 50 == 0 or step == args.steps - 1:
                print(f"step {step}: loss {cost:.4f}, accuracy {share:.3f}, ponder {thought:.2f}")


if __name__ == "__main__":
    main()
