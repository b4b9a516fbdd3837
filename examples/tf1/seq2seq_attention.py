"""Dates as people write them, into ISO's form: an encoder, a decoder with attention, and a beam search.

    python seq2seq_attention.py --steps 400

"march 3rd 2017" becomes "2017-03-03". The pairs are made here from the calendar. Trained with
`tf.contrib.seq2seq`'s TrainingHelper, decoded with its BeamSearchDecoder from the same variables. Runs under
TensorFlow 1.x and, unmodified, by `ostinato run`.
"""

import argparse
import datetime

import numpy as np
import tensorflow as tf
from tensorflow.python.layers.core import Dense

GO, EOS = 0, 1
CHARS = "_$ ,-./0123456789abcdefghijklmnopqrstuvwxyz"  # _ begins (and pads), $ ends
INDEX = {char: index for index, char in enumerate(CHARS)}


def make_pair(random):
    date = datetime.date(1970, 1, 1) + datetime.timedelta(days=int(random.randint(0, 365 * 60)))
    suffix = {1: "st", 2: "nd", 3: "rd"}.get(date.day % 10 if date.day not in (11, 12, 13) else 0, "th")
    forms = ["%d/%m/%Y", "%d.%m.%y", "%B %d, %Y", "%d %b %Y", "%A %d %B %Y", f"%B {date.day}{suffix} %Y"]
    return date.strftime(forms[random.randint(len(forms))]).lower(), date.isoformat()


def make_batch(random, size):
    pairs = [make_pair(random) for _ in range(size)]
    length = max(len(source) for source, _ in pairs)
    source = np.array([[INDEX[char] for char in text.ljust(length, "_")] for text, _ in pairs])
    target = np.array([[INDEX[char] for char in text + "$"] for _, text in pairs])
    return source, [len(text) for text, _ in pairs], target, pairs


class Model:
    def __init__(self, units, beam_width):
        self.source = tf.placeholder(tf.int32, [None, None], name="source")
        self.source_length = tf.placeholder(tf.int32, [None], name="source_length")
        self.target = tf.placeholder(tf.int32, [None, None], name="target")
        self.batch_size = tf.shape(self.source)[0]
        self.units = units
        embedding = tf.get_variable("embedding", [len(CHARS), 32])
        with tf.variable_scope("encoder"):
            outputs, state = tf.nn.bidirectional_dynamic_rnn(
                tf.nn.rnn_cell.LSTMCell(units // 2),
                tf.nn.rnn_cell.LSTMCell(units // 2),
                tf.nn.embedding_lookup(embedding, self.source),
                sequence_length=self.source_length,
                dtype=tf.float32,
            )
            memory = tf.concat(outputs, 2)
            state = tf.nn.rnn_cell.LSTMStateTuple(
                tf.concat([state[0].c, state[1].c], 1), tf.concat([state[0].h, state[1].h], 1)
            )
        projection = Dense(len(CHARS), use_bias=False, name="projection")
        with tf.variable_scope("decoder"):
            cell, initial = self.attention(memory, state, self.source_length, self.batch_size)
            length = tf.fill([self.batch_size], tf.shape(self.target)[1])
            shifted = tf.concat([tf.fill([self.batch_size, 1], GO), self.target[:, :-1]], 1)
            helper = tf.contrib.seq2seq.TrainingHelper(tf.nn.embedding_lookup(embedding, shifted), length)
            decoder = tf.contrib.seq2seq.BasicDecoder(cell, helper, initial, projection)
            decoded, _, _ = tf.contrib.seq2seq.dynamic_decode(decoder)
        weights = tf.sequence_mask(length, dtype=tf.float32)
        self.loss = tf.contrib.seq2seq.sequence_loss(decoded.rnn_output, self.target, weights)
        optimizer = tf.train.AdamOptimizer(0.005)
        gradients, variables = zip(*optimizer.compute_gradients(self.loss))
        gradients, _ = tf.clip_by_global_norm(gradients, 5.0)
        self.train = optimizer.apply_gradients(zip(gradients, variables))

        with tf.variable_scope("decoder", reuse=True):
            tile = tf.contrib.seq2seq.tile_batch
            cell, initial = self.attention(
                tile(memory, beam_width),
                tile(state, beam_width),
                tile(self.source_length, beam_width),
                self.batch_size * beam_width,
            )
            decoder = tf.contrib.seq2seq.BeamSearchDecoder(
                cell, embedding, tf.fill([self.batch_size], GO), EOS, initial, beam_width, projection
            )
            decoded, _, _ = tf.contrib.seq2seq.dynamic_decode(decoder, maximum_iterations=12)
            self.predicted = decoded.predicted_ids  # [batch, time, beam], the best beam first

    def attention(self, memory, state, length, batch_size):
        mechanism = tf.contrib.seq2seq.BahdanauAttention(self.units, memory, length, normalize=True)
        cell = tf.contrib.seq2seq.AttentionWrapper(
            tf.nn.rnn_cell.LSTMCell(self.units), mechanism, attention_layer_size=self.units
        )
        return cell, cell.zero_state(batch_size, tf.float32).clone(cell_state=state)


def text_of(ids):
    return "".join(CHARS[index] for index in ids if index > EOS)


def main():
    parser = argparse.ArgumentParser(description="Dates into ISO's form.")
    parser.add_argument("--steps", type=int, default=400)
    parser.add_argument("--batch_size", type=int, default=64)
    parser.add_argument("--units", type=int, default=64)
    parser.add_argument("--beam_width", type=int, default=4)
    args = parser.parse_args()
    tf.set_random_seed(1)
    model = Model(args.units, args.beam_width)
    random = np.random.RandomState(1)
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        for step in range(args.steps):
            source, length, target, _ = make_batch(random, args.batch_size)
            feed = {model.source: source, model.source_length: length, model.target: target}
            loss, _ = sess.run([model.loss, model.train], feed)
            if step % 50 == 0 or step == args.steps - 1:
                print(f"step {step} loss {loss:.4f}")
        source, length, _, pairs = make_batch(random, 100)
        beams = sess.run(model.predicted, {model.source: source, model.source_length: length})
        found = [text_of(row[:, 0]) for row in beams]
        right = sum(text == iso for text, (_, iso) in zip(found, pairs))
        for text, (written, iso) in list(zip(found, pairs))[:5]:
            print("{:>28} -> {} {}".format(written, text, "" if text == iso else "(is " + iso + ")"))
        print(f"right: {right} of {len(pairs)}")


if __name__ == "__main__":
    main()
