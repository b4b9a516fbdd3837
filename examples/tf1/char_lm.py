"""A character language model with sampling, in the way of 2016's char-rnn.

    python char_lm.py --steps 300

Learns from the repository's own documentation, or from --text FILE; saves to --save_dir, continues from what
is there, and prints a sample at the end. Runs under TensorFlow 1.x and, unmodified, by `ostinato run`.
"""

import argparse
import glob
import os
import time

import numpy as np
import tensorflow as tf

HERE = os.path.dirname(os.path.abspath(__file__))


def read_text(path):
    if path:
        with open(path, encoding="utf-8") as handle:
            return handle.read()
    pages = sorted(glob.glob(os.path.join(HERE, "..", "..", "docs", "*.md")))
    return "".join(open(page, encoding="utf-8").read() for page in pages)


class Model:
    def __init__(self, args, training=True):
        batch_size, seq_length = (args.batch_size, args.seq_length) if training else (1, 1)
        cells = []
        for _ in range(args.num_layers):
            cell = tf.contrib.rnn.BasicLSTMCell(args.rnn_size)
            if training and args.keep_prob < 1.0:
                cell = tf.contrib.rnn.DropoutWrapper(cell, output_keep_prob=args.keep_prob)
            cells.append(cell)
        self.cell = cell = tf.contrib.rnn.MultiRNNCell(cells, state_is_tuple=True)

        self.input_data = tf.placeholder(tf.int32, [batch_size, seq_length])
        self.targets = tf.placeholder(tf.int32, [batch_size, seq_length])
        self.initial_state = cell.zero_state(batch_size, tf.float32)

        with tf.variable_scope("rnnlm"):
            softmax_w = tf.get_variable("softmax_w", [args.rnn_size, args.vocab_size])
            softmax_b = tf.get_variable("softmax_b", [args.vocab_size])
        embedding = tf.get_variable("embedding", [args.vocab_size, args.rnn_size])
        inputs = tf.split(tf.nn.embedding_lookup(embedding, self.input_data), seq_length, 1)
        inputs = [tf.squeeze(step, [1]) for step in inputs]

        def loop(prev, _):
            prev = tf.matmul(prev, softmax_w) + softmax_b
            return tf.nn.embedding_lookup(embedding, tf.stop_gradient(tf.argmax(prev, 1)))

        outputs, last_state = tf.contrib.legacy_seq2seq.rnn_decoder(
            inputs, self.initial_state, cell, loop_function=None if training else loop, scope="rnnlm"
        )
        output = tf.reshape(tf.concat(outputs, 1), [-1, args.rnn_size])
        self.logits = tf.matmul(output, softmax_w) + softmax_b
        self.probs = tf.nn.softmax(self.logits)
        loss = tf.contrib.legacy_seq2seq.sequence_loss_by_example(
            [self.logits], [tf.reshape(self.targets, [-1])], [tf.ones([batch_size * seq_length])]
        )
        self.cost = tf.reduce_sum(loss) / batch_size / seq_length
        self.final_state = last_state
        self.lr = tf.Variable(0.0, trainable=False)
        self.global_step = tf.Variable(0, trainable=False, name="global_step")
        tvars = tf.trainable_variables()
        grads, _ = tf.clip_by_global_norm(tf.gradients(self.cost, tvars), args.grad_clip)
        optimizer = tf.train.AdamOptimizer(self.lr)
        self.train_op = optimizer.apply_gradients(zip(grads, tvars), global_step=self.global_step)

    def sample(self, sess, chars, vocab, count, prime, random):
        state = sess.run(self.cell.zero_state(1, tf.float32))
        for char in prime[:-1]:
            feed = {self.input_data: [[vocab[char]]], self.initial_state: state}
            state = sess.run(self.final_state, feed)
        text, char = prime, prime[-1]
        for _ in range(count):
            feed = {self.input_data: [[vocab[char]]], self.initial_state: state}
            probs, state = sess.run([self.probs, self.final_state], feed)
            weights = np.cumsum(probs[0])
            char = chars[int(np.searchsorted(weights, random.rand() * weights[-1]))]
            text += char
        return text


def batches(args, data):
    count = len(data) // (args.batch_size * args.seq_length)
    if count == 0:
        raise ValueError("The text is too short: lower --batch_size or --seq_length.")
    x = data[: count * args.batch_size * args.seq_length]
    y = np.roll(x, -1)
    split = [np.split(part.reshape(args.batch_size, -1), count, 1) for part in (x, y)]
    return list(zip(*split))


def train(args, data):
    with tf.Graph().as_default(), tf.Session() as sess:
        tf.set_random_seed(args.seed)
        model = Model(args)
        saver = tf.train.Saver(tf.global_variables(), max_to_keep=2)
        sess.run(tf.global_variables_initializer())
        checkpoint = tf.train.get_checkpoint_state(args.save_dir)
        if checkpoint and checkpoint.model_checkpoint_path:
            saver.restore(sess, checkpoint.model_checkpoint_path)
            print(f"continuing from step {sess.run(model.global_step)}")
        pieces = batches(args, data)
        state = sess.run(model.initial_state)
        begin = time.time()
        for step in range(args.steps):
            if step % len(pieces) == 0:
                state = sess.run(model.initial_state)
                epoch = step // len(pieces)
                sess.run(tf.assign(model.lr, args.learning_rate * args.decay_rate**epoch))
            x, y = pieces[step % len(pieces)]
            feed = {model.input_data: x, model.targets: y}
            for i, (c, h) in enumerate(model.initial_state):
                feed[c], feed[h] = state[i].c, state[i].h
            cost, state, _ = sess.run([model.cost, model.final_state, model.train_op], feed)
            if step % args.print_every == 0 or step == args.steps - 1:
                epoch, seconds = step // len(pieces), (time.time() - begin) / (step + 1)
                print(f"step {step}/{args.steps} (epoch {epoch}), loss = {cost:.3f}, s/step = {seconds:.3f}")
        path = saver.save(sess, os.path.join(args.save_dir, "model.ckpt"), global_step=model.global_step)
        print(f"model saved to {path}")


def sample(args, chars, vocab):
    with tf.Graph().as_default(), tf.Session() as sess:
        model = Model(args, training=False)
        sess.run(tf.global_variables_initializer())
        tf.train.Saver(tf.global_variables()).restore(sess, tf.train.latest_checkpoint(args.save_dir))
        print(model.sample(sess, chars, vocab, args.sample, "The ", np.random.RandomState(args.seed)))


def main():
    parser = argparse.ArgumentParser(description="A character language model.")
    parser.add_argument("--text", help="a UTF-8 file to learn from")
    parser.add_argument("--save_dir", default="save_char_lm")
    parser.add_argument("--rnn_size", type=int, default=128)
    parser.add_argument("--num_layers", type=int, default=2)
    parser.add_argument("--batch_size", type=int, default=32)
    parser.add_argument("--seq_length", type=int, default=50)
    parser.add_argument("--steps", type=int, default=300)
    parser.add_argument("--print_every", type=int, default=50)
    parser.add_argument("--learning_rate", type=float, default=0.004)
    parser.add_argument("--decay_rate", type=float, default=0.97)
    parser.add_argument("--grad_clip", type=float, default=5.0)
    parser.add_argument("--keep_prob", type=float, default=0.9)
    parser.add_argument("--sample", type=int, default=200, help="characters to sample")
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    if not os.path.isdir(args.save_dir):
        os.makedirs(args.save_dir)
    text = read_text(args.text)
    chars = sorted(set(text) | set("The "))
    vocab = {char: index for index, char in enumerate(chars)}
    args.vocab_size = len(chars)
    train(args, np.array([vocab[char] for char in text]))
    sample(args, chars, vocab)


if __name__ == "__main__":
    main()
