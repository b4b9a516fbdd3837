"""A bidirectional tagger with a conditional random field: which characters of Python source are what.

    python crf_tagger.py --steps 150

Reads the lines of the scripts beside this one; the tags (B-, I- and O, for names, keywords, numbers, strings,
operators and comments) are those of Python's own tokenizer. Runs under TensorFlow 1.x and, unmodified, by
`ostinato run`.
"""

import argparse
import glob
import io
import keyword
import os
import tokenize

import numpy as np
import tensorflow as tf

HERE = os.path.dirname(os.path.abspath(__file__))
KINDS = ["name", "keyword", "number", "string", "operator", "comment"]
TAGS = ["O"] + [prefix + kind for kind in KINDS for prefix in ("B-", "I-")]


def kind_of(token):
    if token.type == tokenize.NAME:
        return "keyword" if keyword.iskeyword(token.string) else "name"
    return {
        tokenize.NUMBER: "number",
        tokenize.STRING: "string",
        tokenize.OP: "operator",
        tokenize.COMMENT: "comment",
    }.get(token.type)


def tagged_lines(path):
    """(line, tags) of each line that holds a whole number of tokens."""
    with open(path, encoding="utf-8") as handle:
        source = handle.read()
    lines = source.split("\n")
    tags = [[0] * len(line) for line in lines]
    broken = set()
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        kind, (row, begin), (last, end) = kind_of(token), token.start, token.end
        if kind is None:
            continue
        if row != last:
            broken.update(range(row - 1, last))
            continue
        first = TAGS.index("B-" + kind)
        tags[row - 1][begin:end] = [first] + [first + 1] * (end - begin - 1)
    return [(line, tags[row]) for row, line in enumerate(lines) if row not in broken and line.strip()]


def pad(rows, length):
    return np.array([list(row) + [0] * (length - len(row)) for row in rows], np.int32)


def batch_of(lines, vocab):
    lengths = [len(line) for line, _ in lines]
    chars = pad([[vocab.get(char, 0) for char in line] for line, _ in lines], max(lengths))
    return chars, pad([tags for _, tags in lines], max(lengths)), np.array(lengths, np.int32)


def main():
    parser = argparse.ArgumentParser(description="Tag the characters of Python source.")
    parser.add_argument("--steps", type=int, default=150)
    parser.add_argument("--batch_size", type=int, default=32)
    parser.add_argument("--num_units", type=int, default=48)
    args = parser.parse_args()
    lines = [line for path in sorted(glob.glob(os.path.join(HERE, "*.py"))) for line in tagged_lines(path)]
    random = np.random.RandomState(1)
    random.shuffle(lines)
    test, train = lines[:100], lines[100:]
    vocab = {
        char: index + 1 for index, char in enumerate(sorted({char for line, _ in lines for char in line}))
    }

    tf.set_random_seed(1)
    chars = tf.placeholder(tf.int32, [None, None], name="chars")
    tags = tf.placeholder(tf.int32, [None, None], name="tags")
    lengths = tf.placeholder(tf.int32, [None], name="lengths")
    keep_prob = tf.placeholder_with_default(1.0, [], name="keep_prob")
    embedding = tf.get_variable("embedding", [len(vocab) + 1, 24])
    embedded = tf.nn.dropout(tf.nn.embedding_lookup(embedding, chars), keep_prob)
    with tf.variable_scope("bi-lstm"):
        outputs, _ = tf.nn.bidirectional_dynamic_rnn(
            tf.contrib.rnn.LSTMCell(args.num_units),
            tf.contrib.rnn.LSTMCell(args.num_units),
            embedded,
            sequence_length=lengths,
            dtype=tf.float32,
        )
    scores = tf.layers.dense(tf.concat(outputs, axis=-1), len(TAGS), name="scores")
    log_likelihood, transition_params = tf.contrib.crf.crf_log_likelihood(scores, tags, lengths)
    loss = tf.reduce_mean(-log_likelihood)
    global_step = tf.Variable(0, name="global_step", trainable=False)
    optimizer = tf.train.AdamOptimizer(0.01)
    grads_and_vars = [(tf.clip_by_value(g, -5.0, 5.0), v) for g, v in optimizer.compute_gradients(loss)]
    train_op = optimizer.apply_gradients(grads_and_vars, global_step=global_step)

    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        for step in range(args.steps):
            chosen = [train[index] for index in random.randint(0, len(train), args.batch_size)]
            x, y, n = batch_of(chosen, vocab)
            feed = {chars: x, tags: y, lengths: n, keep_prob: 0.8}
            _, batch_loss = sess.run([train_op, loss], feed_dict=feed)
            if step % 25 == 0 or step == args.steps - 1:
                print(f"step {step}, loss {batch_loss:.3f}")
        x, y, n = batch_of(test, vocab)
        found, transitions = sess.run([scores, transition_params], feed_dict={chars: x, lengths: n})
        right = total = 0
        for row, (score, length) in enumerate(zip(found, n)):
            viterbi, _ = tf.contrib.crf.viterbi_decode(score[:length], transitions)
            right += int(np.sum(np.equal(viterbi, y[row, :length])))
            total += int(length)
        print(f"{right / float(total):.1%} of {total} characters of other lines tagged rightly")


if __name__ == "__main__":
    main()
