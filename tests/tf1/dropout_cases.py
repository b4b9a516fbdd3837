"""Dropout with seeds around cells, of which `tests/data/tf1_dropout_values.npz` has TensorFlow 1.15's values.

The file is made by this script itself, with TensorFlow 1.15 in place of this face:

    python3.7 -m venv tf1 && tf1/bin/pip install tensorflow-cpu==1.15.0 'protobuf<3.21'
    tf1/bin/python tests/tf1/dropout_cases.py tests/data/tf1_dropout_values.npz

Keys are the names of the cases; a value is what three runs of a session give, one after the other. Loops run
one iteration at a time: where they may overlap, TensorFlow may let a later step draw before an earlier one.
"""

import sys

import numpy as np

X = np.linspace(-1, 1, 3 * 5 * 4).reshape(3, 5, 4).astype("float32")
LENGTHS = [3, 0, 2]


def cases(tf):
    """Name -> function that makes a tensor."""
    rnn = tf.nn.rnn_cell
    start = tf.constant_initializer(0.1)
    plain = {
        "gru": lambda: rnn.GRUCell(4, kernel_initializer=start),
        "lstm": lambda: rnn.LSTMCell(4, initializer=start),
        "stack": lambda: rnn.MultiRNNCell([rnn.LSTMCell(4, initializer=start) for _ in range(2)]),
    }
    chances = {"input_keep_prob": 0.5, "output_keep_prob": 0.6, "state_keep_prob": 0.7}
    options = {name.split("_")[0]: {name: chance} for name, chance in chances.items()}
    options["all"] = chances
    options["variational"] = dict(chances, variational_recurrent=True, input_size=4, dtype=tf.float32)

    class Own(rnn.RNNCell):
        state_size = output_size = 4

        def __call__(self, inputs, state, scope=None):
            output = tf.nn.dropout(inputs + 0.5 * state, 0.5, seed=9)
            return output, output

    def dynamic(cell, lengths=None, scope=None):
        x = tf.constant(X)
        return tf.nn.dynamic_rnn(cell, x, lengths, dtype=tf.float32, parallel_iterations=1, scope=scope)[0]

    def static(cell):
        return tf.stack(tf.nn.static_rnn(cell, tf.unstack(tf.constant(X), axis=1), dtype=tf.float32)[0], 1)

    def by_hand(cell):
        state, outputs = cell.zero_state(3, tf.float32), []
        for step in range(5):
            output, state = cell(tf.constant(X[:, step]), state)
            outputs.append(output)
        return tf.stack(outputs, 1)

    def in_a_loop(cell):
        x = tf.constant(X[:, 0])

        def turn(i, state):
            return i + 1, cell(x, state)[0]

        loop = tf.while_loop(lambda i, s: i < 3, turn, [0, tf.zeros([3, 4])], parallel_iterations=1)
        return loop[1]

    def dropped(kind="gru", seed=3, **chosen):
        return rnn.DropoutWrapper(plain[kind](), seed=seed, **chosen)

    found = {}
    for kind in plain:
        for name, chosen in options.items():
            make = lambda k=kind, o=chosen: dropped(k, **o)  # noqa: E731
            found[f"{kind} {name} dynamic"] = lambda m=make: dynamic(m())
            found[f"{kind} {name} lengths"] = lambda m=make: dynamic(m(), LENGTHS)
            found[f"{kind} {name} static"] = lambda m=make: static(m())
    chance = lambda: tf.placeholder_with_default(0.7, [])  # noqa: E731
    found["tensor"] = lambda: dynamic(dropped(output_keep_prob=chance(), state_keep_prob=chance()))
    found["own cell dynamic"] = lambda: dynamic(Own())
    found["own cell static"] = lambda: static(Own())
    found["around own cell"] = lambda: dynamic(rnn.DropoutWrapper(Own(), input_keep_prob=0.5, seed=2))
    found["by hand"] = lambda: by_hand(dropped(output_keep_prob=0.5))
    found["in a loop"] = lambda: in_a_loop(dropped(output_keep_prob=0.5))
    found["two wrappers"] = lambda: tf.concat(
        [
            dynamic(
                rnn.MultiRNNCell([dropped(seed=seed, output_keep_prob=0.5) for seed in (3, 5)]), scope=scope
            )
            for scope in "ab"
        ],
        2,
    )
    found["bidirectional"] = lambda: tf.concat(
        tf.nn.bidirectional_dynamic_rnn(
            dropped(output_keep_prob=0.5),
            dropped(seed=4, input_keep_prob=0.5),
            tf.constant(X),
            LENGTHS,
            dtype=tf.float32,
            parallel_iterations=1,
        )[0],
        2,
    )
    found["graph seed"] = lambda: (tf.set_random_seed(5), dynamic(dropped(output_keep_prob=0.5)))[1]
    return found


def evaluated(tf, name):
    with tf.Graph().as_default(), tf.Session() as session:
        tensor = cases(tf)[name]()
        session.run(tf.global_variables_initializer())
        return np.stack([session.run(tensor) for _ in range(3)])


if __name__ == "__main__":
    import tensorflow

    np.savez_compressed(sys.argv[1], **{name: evaluated(tensorflow, name) for name in cases(tensorflow)})
