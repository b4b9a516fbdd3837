"""A word language model in the way of the PTB tutorial: a loop over time by hand, and a state that is fed.

    python ptb_lm.py --steps=200

Learns from the words of the repository's documentation, or of --text=FILE. Batches come from a queue, as the
tutorial's reader makes them. Runs under TensorFlow 1.x and, unmodified, by `ostinato run`.
"""

import collections
import glob
import os
import re
import time

import numpy as np
import tensorflow as tf

flags = tf.flags
logging = tf.logging
flags.DEFINE_string("text", "", "A UTF-8 file to learn from.")
flags.DEFINE_integer("steps", 200, "How many batches to train on.")
flags.DEFINE_integer("hidden_size", 100, "Units of each LSTM.")
flags.DEFINE_integer("num_layers", 2, "How many LSTMs are stacked.")
flags.DEFINE_integer("num_steps", 20, "Words that a gradient goes back through.")
flags.DEFINE_integer("batch_size", 20, "Streams of text read side by side.")
flags.DEFINE_float("keep_prob", 1.0, "What dropout keeps.")
FLAGS = flags.FLAGS
HERE = os.path.dirname(os.path.abspath(__file__))


def words_of_text():
    paths = [FLAGS.text] if FLAGS.text else sorted(glob.glob(os.path.join(HERE, "..", "..", "docs", "*.md")))
    words = []
    for path in paths:
        with tf.gfile.GFile(path, "r") as handle:
            words += re.findall(r"[a-z]+|[.,:;]", handle.read().lower().replace("\n", " <eos> "))
    return words


def build_vocab(words, size=2000):
    counts = sorted(collections.Counter(words).items(), key=lambda pair: (-pair[1], pair[0]))
    return {word: index + 1 for index, (word, _) in enumerate(counts[: size - 1])}  # 0: any other word


def ptb_producer(raw_data, batch_size, num_steps, name=None):
    """Batches of [batch_size, num_steps] ids and of those one place further on."""
    with tf.name_scope(name, "PTBProducer", [raw_data, batch_size, num_steps]):
        raw_data = tf.convert_to_tensor(raw_data, name="raw_data", dtype=tf.int32)
        batch_len = tf.size(raw_data) // batch_size
        data = tf.reshape(raw_data[0 : batch_size * batch_len], [batch_size, batch_len])
        epoch_size = (batch_len - 1) // num_steps
        assertion = tf.assert_positive(
            epoch_size, message="epoch_size == 0, decrease batch_size or num_steps"
        )
        with tf.control_dependencies([assertion]):
            epoch_size = tf.identity(epoch_size, name="epoch_size")
        i = tf.train.range_input_producer(epoch_size, shuffle=False).dequeue()
        x = tf.strided_slice(data, [0, i * num_steps], [batch_size, (i + 1) * num_steps])
        x.set_shape([batch_size, num_steps])
        y = tf.strided_slice(data, [0, i * num_steps + 1], [batch_size, (i + 1) * num_steps + 1])
        y.set_shape([batch_size, num_steps])
        return x, y


class PTBModel:
    def __init__(self, is_training, vocab_size, inputs, targets):
        batch_size, num_steps, size = FLAGS.batch_size, FLAGS.num_steps, FLAGS.hidden_size

        def attn_cell():
            cell = tf.contrib.rnn.BasicLSTMCell(size, forget_bias=0.0, state_is_tuple=True)
            if is_training and FLAGS.keep_prob < 1:
                cell = tf.contrib.rnn.DropoutWrapper(cell, output_keep_prob=FLAGS.keep_prob)
            return cell

        cell = tf.contrib.rnn.MultiRNNCell([attn_cell() for _ in range(FLAGS.num_layers)])
        self.initial_state = cell.zero_state(batch_size, tf.float32)
        with tf.device("/cpu:0"):
            embedding = tf.get_variable("embedding", [vocab_size, size], dtype=tf.float32)
            embedded = tf.nn.embedding_lookup(embedding, inputs)
        outputs = []
        state = self.initial_state
        with tf.variable_scope("RNN"):
            for time_step in range(num_steps):
                if time_step > 0:
                    tf.get_variable_scope().reuse_variables()
                (cell_output, state) = cell(embedded[:, time_step, :], state)
                outputs.append(cell_output)
        output = tf.reshape(tf.concat(axis=1, values=outputs), [-1, size])
        softmax_w = tf.get_variable("softmax_w", [size, vocab_size])
        softmax_b = tf.get_variable("softmax_b", [vocab_size])
        logits = tf.reshape(tf.matmul(output, softmax_w) + softmax_b, [batch_size, num_steps, vocab_size])
        loss = tf.contrib.seq2seq.sequence_loss(
            logits,
            targets,
            tf.ones([batch_size, num_steps]),
            average_across_timesteps=False,
            average_across_batch=True,
        )
        self.cost = tf.reduce_sum(loss)
        self.final_state = state
        if not is_training:
            return
        self.lr = tf.Variable(0.0, trainable=False)
        tvars = tf.trainable_variables()
        grads, _ = tf.clip_by_global_norm(tf.gradients(self.cost, tvars), 5)
        self.train_op = tf.train.GradientDescentOptimizer(self.lr).apply_gradients(
            zip(grads, tvars), global_step=tf.train.get_or_create_global_step()
        )
        self.new_lr = tf.placeholder(tf.float32, shape=[], name="new_learning_rate")
        self.lr_update = tf.assign(self.lr, self.new_lr)


def run_steps(session, model, steps, eval_op=None, verbose=False):
    costs, iters, start = 0.0, 0, time.time()
    state = session.run(model.initial_state)
    fetches = {"cost": model.cost, "final_state": model.final_state}
    if eval_op is not None:
        fetches["eval_op"] = eval_op
    for step in range(steps):
        feed_dict = {}
        for i, (c, h) in enumerate(model.initial_state):
            feed_dict[c] = state[i].c
            feed_dict[h] = state[i].h
        vals = session.run(fetches, feed_dict)
        state = vals["final_state"]
        costs += vals["cost"]
        iters += FLAGS.num_steps
        if verbose and (step + 1) % max(1, steps // 5) == 0:
            print(
                "step %d perplexity: %.3f speed: %.0f wps"
                % (step + 1, np.exp(costs / iters), iters * FLAGS.batch_size / (time.time() - start))
            )
    return np.exp(costs / iters)


def main(_):
    words = words_of_text()
    vocab = build_vocab(words)
    ids = [vocab.get(word, 0) for word in words]
    held_out = max(len(ids) // 10, FLAGS.batch_size * (FLAGS.num_steps + 1))
    train_data, valid_data = ids[:-held_out], ids[-held_out:]
    with tf.Graph().as_default():
        tf.set_random_seed(1)
        initializer = tf.random_uniform_initializer(-0.1, 0.1)
        with tf.name_scope("Train"):
            inputs, targets = ptb_producer(train_data, FLAGS.batch_size, FLAGS.num_steps, name="TrainInput")
            with tf.variable_scope("Model", reuse=None, initializer=initializer):
                m = PTBModel(True, len(vocab) + 1, inputs, targets)
        with tf.name_scope("Valid"):
            inputs, targets = ptb_producer(valid_data, FLAGS.batch_size, FLAGS.num_steps, name="ValidInput")
            with tf.variable_scope("Model", reuse=True, initializer=initializer):
                mvalid = PTBModel(False, len(vocab) + 1, inputs, targets)
        sv = tf.train.Supervisor()
        with sv.managed_session() as session:
            session.run(m.lr_update, {m.new_lr: 1.0})
            perplexity = run_steps(session, m, FLAGS.steps, eval_op=m.train_op, verbose=True)
            print("Train Perplexity: %.3f" % perplexity)
            steps = max(1, (len(valid_data) // FLAGS.batch_size - 1) // FLAGS.num_steps)
            print("Valid Perplexity: %.3f" % run_steps(session, mvalid, steps))


if __name__ == "__main__":
    tf.app.run()
