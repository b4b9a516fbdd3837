"""Train small recurrent networks with TensorFlow 1.15, and save each with what it then computes.

    python3.7 -m venv tf1 && tf1/bin/pip install tensorflow-cpu==1.15.0 'protobuf<3.21'
    tf1/bin/python tools/make_tf1_models.py tests/data/tf1_models

Each is a checkpoint `NAME-3` (three steps of Adam, with its slots), and `outputs.npz` has its inputs
`NAME|x` [batch=3, time=5, depth=3] and the outputs `NAME|out` of its recurrent part.
"""

# mypy: ignore-errors

import os
import sys

import numpy as np
import tensorflow as tf

RNN = tf.nn.rnn_cell
UNITS = 4


def dynamic(make_cell):
    return lambda x: tf.nn.dynamic_rnn(make_cell(), x, dtype=tf.float32)[0]


def lstm():
    return RNN.LSTMCell(UNITS)


def bidirectional(make_cell):
    def outputs(x):
        return tf.concat(
            tf.nn.bidirectional_dynamic_rnn(make_cell(), make_cell(), x, dtype=tf.float32)[0], -1
        )

    return outputs


def stacked_bidirectional(x):
    rnn = tf.contrib.rnn
    return rnn.stack_bidirectional_dynamic_rnn([lstm(), lstm()], [lstm(), lstm()], x, dtype=tf.float32)[0]


MODELS = {
    "lstm": dynamic(lambda: RNN.BasicLSTMCell(UNITS)),
    "stack": dynamic(lambda: RNN.MultiRNNCell([RNN.BasicLSTMCell(UNITS) for _ in range(3)])),
    "unequal_stack": dynamic(lambda: RNN.MultiRNNCell([RNN.BasicLSTMCell(UNITS), RNN.BasicLSTMCell(2)])),
    "projection": dynamic(lambda: RNN.LSTMCell(6, num_proj=2, forget_bias=0.25)),
    "shards": dynamic(lambda: RNN.LSTMCell(UNITS, num_unit_shards=2)),
    "peepholes": dynamic(lambda: RNN.LSTMCell(UNITS, use_peepholes=True)),
    "rnn": dynamic(lambda: RNN.BasicRNNCell(UNITS)),
    "gru": dynamic(lambda: RNN.GRUCell(UNITS)),
    "gru_block": dynamic(lambda: tf.contrib.rnn.GRUBlockCell(UNITS)),
    "cudnn_gru": dynamic(lambda: tf.contrib.cudnn_rnn.CudnnCompatibleGRUCell(UNITS)),
    "cudnn_lstm": dynamic(lambda: tf.contrib.cudnn_rnn.CudnnCompatibleLSTMCell(UNITS)),
    "layer_norm": dynamic(lambda: tf.contrib.rnn.LayerNormBasicLSTMCell(UNITS)),
    "bidirectional": bidirectional(lstm),
    "bidirectional_stacks": bidirectional(lambda: RNN.MultiRNNCell([lstm(), lstm()])),
    "stacked_bidirectional": stacked_bidirectional,
}


def run(name, folder, values):
    tf.reset_default_graph()
    tf.set_random_seed(1)
    x = tf.placeholder(tf.float32, [None, 5, 3])
    out = MODELS[name](x)
    loss = tf.reduce_mean(tf.square(tf.layers.dense(out[:, -1], 2) - 1.0))
    step = tf.train.get_or_create_global_step()
    train = tf.train.AdamOptimizer(0.1).minimize(loss, global_step=step)
    inputs = np.random.RandomState(0).randn(3, 5, 3).astype(np.float32)
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        for _ in range(3):
            session.run(train, {x: inputs})
        values[name + "|x"], values[name + "|out"] = inputs, session.run(out, {x: inputs})
        path = os.path.join(folder, name)
        tf.train.Saver().save(session, path, global_step=step, write_meta_graph=False, write_state=False)


def main():
    folder = sys.argv[1]
    os.makedirs(folder, exist_ok=True)
    values = {}
    for name in MODELS:
        run(name, folder, values)
    np.savez_compressed(os.path.join(folder, "outputs.npz"), **values)


if __name__ == "__main__":
    main()
