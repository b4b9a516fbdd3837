"""Who spoke, in which order: connectionist temporal classification of recordings put one behind the other.

    python ctc_speakers.py --steps 400

Each sequence is one to four recordings of the JapaneseVowels data (nine speakers saying two vowels; the UCI
machine learning repository), and its labels are the speakers, with no word about where one ends. Trained with
`tf.nn.ctc_loss` on sparse labels, told by the label error rate of a beam search. Runs under TensorFlow 1.x
and, unmodified, by `ostinato run`.
"""

import argparse
import os

import numpy as np
import tensorflow as tf

HERE = os.path.dirname(os.path.abspath(__file__))
DATA = os.path.join(HERE, "..", "..", "src", "ostinato", "datasets", "japanese_vowels.npz")
SPEAKERS = 9


def sparse_tuple_from(sequences):
    indices = [(row, place) for row, labels in enumerate(sequences) for place in range(len(labels))]
    values = [label for labels in sequences for label in labels]
    shape = [len(sequences), max(len(labels) for labels in sequences)]
    return np.array(indices, np.int64), np.array(values, np.int32), np.array(shape, np.int64)


def make_batch(random, recordings, speakers, size):
    chosen = [random.randint(0, len(recordings), random.randint(1, 5)) for _ in range(size)]
    lengths = [sum(len(recordings[index]) for index in row) for row in chosen]
    inputs = np.zeros((size, max(lengths), recordings[0].shape[1]), np.float32)
    for place, row in enumerate(chosen):
        inputs[place, : lengths[place]] = np.concatenate([recordings[index] for index in row])
    return inputs, lengths, [[speakers[index] for index in row] for row in chosen]


def main():
    parser = argparse.ArgumentParser(description="Connectionist temporal classification of speakers.")
    parser.add_argument("--steps", type=int, default=400)
    parser.add_argument("--batch_size", type=int, default=32)
    parser.add_argument("--num_hidden", type=int, default=48)
    parser.add_argument("--data", default=DATA)
    args = parser.parse_args()
    train, test = load(args.data)

    graph = tf.Graph()
    with graph.as_default():
        tf.set_random_seed(1)
        inputs = tf.placeholder(tf.float32, [None, None, 12])
        targets = tf.sparse_placeholder(tf.int32)
        seq_len = tf.placeholder(tf.int32, [None])
        outputs, _ = tf.nn.bidirectional_dynamic_rnn(
            tf.contrib.rnn.LSTMCell(args.num_hidden),
            tf.contrib.rnn.LSTMCell(args.num_hidden),
            inputs,
            seq_len,
            dtype=tf.float32,
        )
        flat = tf.reshape(tf.concat(outputs, 2), [-1, 2 * args.num_hidden])
        W = tf.Variable(tf.truncated_normal([2 * args.num_hidden, SPEAKERS + 1], stddev=0.1))
        b = tf.Variable(tf.constant(0.0, shape=[SPEAKERS + 1]))
        logits = tf.reshape(tf.matmul(flat, W) + b, [tf.shape(inputs)[0], -1, SPEAKERS + 1])
        logits = tf.transpose(logits, (1, 0, 2))
        cost = tf.reduce_mean(tf.nn.ctc_loss(targets, logits, seq_len))
        optimizer = tf.train.AdamOptimizer(0.01).minimize(cost)
        decoded, _ = tf.nn.ctc_beam_search_decoder(logits, seq_len, beam_width=10)
        ler = tf.reduce_mean(tf.edit_distance(tf.cast(decoded[0], tf.int32), targets))

    random = np.random.RandomState(1)
    with tf.Session(graph=graph) as session:
        session.run(tf.global_variables_initializer())
        for step in range(args.steps):
            x, lengths, labels = make_batch(random, train[0], train[1], args.batch_size)
            feed = {inputs: x, targets: sparse_tuple_from(labels), seq_len: lengths}
            batch_cost, _ = session.run([cost, optimizer], feed)
            if step % 25 == 0 or step == args.steps - 1:
                print(f"step {step}, cost = {batch_cost:.3f}")
        x, lengths, labels = make_batch(random, test[0], test[1], 64)
        feed = {inputs: x, targets: sparse_tuple_from(labels), seq_len: lengths}
        found, error = session.run([decoded[0], ler], feed)
        for row in range(3):
            print("spoken by", labels[row], "heard", found.values[found.indices[:, 0] == row].tolist())
        print(f"label error rate on other recordings: {error:.3f}")


def load(path):
    """((recordings, speakers) to train on, the same to test on); recordings are [time, 12]."""
    with np.load(path) as data:
        parts = []
        for part in ("train", "test"):
            ends = np.cumsum(data[part + "_lengths"])
            recordings = np.split(data[part + "_values"].astype(np.float32), ends[:-1])
            parts.append((recordings, [int(speaker) for speaker in data[part + "_labels"]]))
    return parts


if __name__ == "__main__":
    main()
