"""Handwriting by a mixture density network (Graves, 2013): where the pen goes next, as Gaussians.

    python handwriting_mdn.py --steps 300

The strokes are written here: words of looped letters, each a curve with its own slant, size and tremor, as
pen movements (x, y, whether the pen is lifted). After training a line is sampled and written to --out, as
SVG. Runs under TensorFlow 1.x and, unmodified, by `ostinato run`.
"""

import argparse

import numpy as np
import tensorflow as tf

# Letters as polylines in a box of 1 x 1, joined by a smooth curve.
LETTERS = [
    [(0, 0), (0.3, 0.3), (0.5, 1.0), (0.3, 1.2), (0.2, 0.5), (0.5, 0.0), (0.8, 0.1)],  # l
    [(0, 0.1), (0.4, 0.4), (0.3, 0.55), (0.1, 0.35), (0.2, 0.05), (0.6, 0.0), (0.8, 0.1)],  # e
    [(0, 0.1), (0.2, 0.5), (0.25, 0.0), (0.45, 0.5), (0.5, 0.0), (0.8, 0.1)],  # n
    [(0, 0.1), (0.45, 0.5), (0.15, 0.45), (0.1, 0.1), (0.4, 0.05), (0.5, 0.5), (0.55, 0.0), (0.8, 0.1)],  # a
]


def write_word(random):
    """Pen positions of one word: [points, 2]."""
    size, slant, corners, x = random.uniform(0.8, 1.2), random.uniform(-0.1, 0.4), [], 0.0
    for _ in range(random.randint(2, 5)):
        letter = LETTERS[random.randint(len(LETTERS))]
        corners += [(x + size * (px + slant * py), size * py) for px, py in letter]
        x += 0.8 * size
    corners = np.array(corners)
    at = np.linspace(0, len(corners) - 1, 4 * len(corners))
    word = np.stack([np.interp(at, range(len(corners)), corners[:, axis]) for axis in (0, 1)], 1)
    kernel = np.array([1, 2, 3, 2, 1]) / 9
    padded = np.pad(word, ((2, 2), (0, 0)), "edge")
    smooth = np.stack([np.convolve(padded[:, axis], kernel, "valid") for axis in (0, 1)], 1)
    return smooth + random.normal(0, 0.01, smooth.shape)


def write_line(random, points):
    """Movements [points, 3]: (dx, dy, pen lifted after it), scaled to a deviation of about one."""
    words, lifted, x = [], [], 0.0
    while sum(map(len, lifted)) < points + 1:
        word = write_word(random)
        words.append(word + [x, 0])
        lifted.append(np.eye(1, len(word), len(word) - 1)[0])
        x = words[-1][-1, 0] + 0.5
    offsets = np.diff(np.concatenate(words), axis=0) * 10
    return np.column_stack([offsets, np.concatenate(lifted)[1:]])[:points].astype(np.float32)


class Model:
    def __init__(self, args, infer=False):
        self.batch_size, self.seq_length = (1, 1) if infer else (args.batch_size, args.seq_length)
        cell = tf.nn.rnn_cell.MultiRNNCell(
            [tf.nn.rnn_cell.LSTMCell(args.rnn_size, state_is_tuple=False) for _ in range(2)],
            state_is_tuple=False,
        )
        self.input_data = tf.placeholder(tf.float32, [self.batch_size, self.seq_length, 3])
        self.target_data = tf.placeholder(tf.float32, [self.batch_size, self.seq_length, 3])
        self.state_in = cell.zero_state(self.batch_size, tf.float32)
        mixtures = args.num_mixture
        with tf.variable_scope("rnnlm"):
            output_w = tf.get_variable("output_w", [args.rnn_size, 1 + mixtures * 6])
            output_b = tf.get_variable("output_b", [1 + mixtures * 6])
            outputs, self.state_out = tf.nn.dynamic_rnn(cell, self.input_data, initial_state=self.state_in)
        output = tf.nn.xw_plus_b(tf.reshape(outputs, [-1, args.rnn_size]), output_w, output_b)
        x1, x2, eos = tf.split(tf.reshape(self.target_data, [-1, 3]), 3, axis=1)

        o_eos, rest = output[:, :1], output[:, 1:]
        o_pi, o_mu1, o_mu2, o_sigma1, o_sigma2, o_corr = tf.split(rest, 6, axis=1)
        self.eos, self.pi = tf.sigmoid(o_eos), tf.nn.softmax(o_pi)
        self.mu1, self.mu2, self.corr = o_mu1, o_mu2, 0.95 * tf.tanh(o_corr)
        self.sigma1, self.sigma2 = tf.exp(o_sigma1), tf.exp(o_sigma2)

        norm1, norm2 = (x1 - self.mu1) / self.sigma1, (x2 - self.mu2) / self.sigma2
        z = tf.square(norm1) + tf.square(norm2) - 2 * self.corr * norm1 * norm2
        rest_of_corr = 1 - tf.square(self.corr)
        log_density = -z / (2 * rest_of_corr) - tf.log(
            2 * np.pi * self.sigma1 * self.sigma2 * tf.sqrt(rest_of_corr)
        )
        stroke = -tf.reduce_logsumexp(tf.nn.log_softmax(o_pi) + log_density, 1, keep_dims=True)
        pen = tf.nn.sigmoid_cross_entropy_with_logits(labels=eos, logits=o_eos)
        self.cost = tf.reduce_mean(stroke + pen)

        self.lr = tf.Variable(0.0, trainable=False)
        tvars = tf.trainable_variables()
        grads, _ = tf.clip_by_global_norm(tf.gradients(self.cost, tvars), 10.0)
        self.train_op = tf.train.AdamOptimizer(self.lr).apply_gradients(zip(grads, tvars))

    def sample(self, sess, count, random):
        point, state, strokes = np.zeros((1, 1, 3), np.float32), sess.run(self.state_in), []
        fetches = [self.pi, self.mu1, self.mu2, self.sigma1, self.sigma2, self.corr, self.eos, self.state_out]
        for _ in range(count):
            feed = {self.input_data: point, self.state_in: state}
            pi, mu1, mu2, sigma1, sigma2, corr, eos, state = sess.run(fetches, feed)
            pick = min(int(np.searchsorted(np.cumsum(pi[0]), random.rand())), pi.shape[1] - 1)
            s1, s2, rho = sigma1[0, pick], sigma2[0, pick], corr[0, pick]
            covariance = [[s1 * s1, rho * s1 * s2], [rho * s1 * s2, s2 * s2]]
            dx, dy = random.multivariate_normal([mu1[0, pick], mu2[0, pick]], covariance)
            point = np.array([[[dx, dy, random.rand() < eos[0, 0]]]], np.float32)
            strokes.append(point[0, 0])
        return np.array(strokes)


def svg_of(strokes):
    places = np.cumsum(strokes[:, :2], 0) * 3
    places = places - places.min(0)
    height = places[:, 1].max()
    path = "M"
    for (x, y), lifted in zip(places, strokes[:, 2]):
        path += " {:.1f} {:.1f}{}".format(x + 5, height - y + 5, " M" if lifted else "")
    size = f'width="{places[:, 0].max() + 10:.0f}" height="{height + 10:.0f}"'
    line = '<path d="{}" fill="none" stroke="black"/>'.format(path[:-2] if path.endswith("M") else path)
    return f'<svg xmlns="http://www.w3.org/2000/svg" {size}>{line}</svg>\n'


def main():
    parser = argparse.ArgumentParser(description="Handwriting by a mixture density network.")
    parser.add_argument("--steps", type=int, default=300)
    parser.add_argument("--rnn_size", type=int, default=96)
    parser.add_argument("--batch_size", type=int, default=32)
    parser.add_argument("--seq_length", type=int, default=60)
    parser.add_argument("--num_mixture", type=int, default=10)
    parser.add_argument("--sample", type=int, default=200, help="movements to sample")
    parser.add_argument("--out", default="handwriting.svg")
    args = parser.parse_args()
    random = np.random.RandomState(1)
    lines = [write_line(random, args.seq_length + 1) for _ in range(300)]
    tf.set_random_seed(1)
    with tf.variable_scope("model"):
        model = Model(args)
    with tf.variable_scope("model", reuse=True):
        sampler = Model(args, infer=True)
    with tf.Session() as sess:
        tf.global_variables_initializer().run()
        for step in range(args.steps):
            sess.run(tf.assign(model.lr, 0.005 * 0.95 ** (step // 20)))
            batch = np.stack([lines[index] for index in random.randint(0, len(lines), args.batch_size)])
            feed = {model.input_data: batch[:, :-1], model.target_data: batch[:, 1:]}
            loss, _ = sess.run([model.cost, model.train_op], feed)
            if step % 50 == 0 or step == args.steps - 1:
                print(f"{step}/{args.steps}, train_loss = {loss:.3f}")
        with open(args.out, "w") as handle:
            handle.write(svg_of(sampler.sample(sess, args.sample, random)))
        print(f"a sampled line: {args.out}")


if __name__ == "__main__":
    main()
