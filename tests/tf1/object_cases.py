"""Objects that hold variables, for tf.train.Checkpoint: each case makes them in the default graph.

tools/make_tf1_object_checkpoints.py saves them with TensorFlow 1.15, and test_object_checkpoints.py restores
that and saves them itself.
"""

import numpy as np

CASES = {}


def case(function):
    CASES[function.__name__] = function
    return function


def value_of(variable, place):
    """What the variable at a place, in the order of the names, is given."""
    shape = variable.shape.as_list()
    numbers = np.arange(int(np.prod(shape))).reshape(shape) + place
    return numbers.astype(variable.dtype.base_dtype.as_numpy_dtype)


def variables(tf):
    return sorted(tf.global_variables(), key=lambda variable: variable.name)


@case
def optimizer(tf):
    weights, step = tf.get_variable("a/w", [2]), tf.train.get_or_create_global_step()
    adam = tf.train.AdamOptimizer()
    adam.minimize(tf.reduce_sum(weights * weights), global_step=step)
    return {"model": weights, "optimizer": adam, "step": step}


@case
def cells(tf):
    rnn = tf.nn.rnn_cell
    parts = [
        rnn.DropoutWrapper(rnn.BasicLSTMCell(2)),
        rnn.GRUCell(2),
        rnn.LSTMCell(3, use_peepholes=True, num_proj=2),
    ]
    cell = rnn.MultiRNNCell(parts)
    tf.nn.dynamic_rnn(cell, tf.zeros([1, 3, 2]), dtype=tf.float32)
    return {"cell": cell}


@case
def sequential(tf):
    layers = tf.keras.layers
    parts = [layers.LSTM(2, input_shape=(3, 2)), layers.Dropout(0.1), layers.Dense(1)]
    return {"model": tf.keras.Sequential(parts)}


@case
def bidirectional(tf):
    layers = tf.keras.layers
    parts = [
        layers.Embedding(4, 3),
        layers.Bidirectional(layers.GRU(2)),
        layers.BatchNormalization(),
        layers.Dense(1),
    ]
    model = tf.keras.Sequential(parts)
    model(tf.zeros([2, 3], tf.int32))
    return {"model": model}


@case
def compiled(tf):
    inputs = tf.keras.Input([2])
    outputs = tf.keras.layers.Dense(1)(tf.keras.layers.Dense(3)(inputs))
    model = tf.keras.Model(inputs, outputs)
    model.compile("adam", "mse")
    model.fit(np.ones([2, 2]), np.zeros([2, 1]), verbose=0)
    return {"model": model, "optimizer": model.optimizer}


@case
def subclassed(tf):
    class Model(tf.keras.Model):
        def __init__(self):
            super(Model, self).__init__()  # noqa: UP008
            self.first = tf.keras.layers.Dense(2)
            self.others = [tf.keras.layers.Dense(1), tf.keras.layers.Dense(1)]
            self._last = tf.keras.layers.Dense(1)

        def call(self, x):
            for layer in [self.first, *self.others, self._last]:
                x = layer(x)
            return x

    model = Model()
    model(tf.zeros([1, 3]))
    return {"model": model}


@case
def layers_of_tf(tf):
    dense, convolution = tf.layers.Dense(2), tf.layers.Conv1D(2, 3)
    normal = tf.layers.BatchNormalization()
    dense(tf.zeros([1, 3]))
    convolution(tf.zeros([1, 4, 2]))
    normal(tf.zeros([1, 3]))
    return {"dense": dense, "convolution": convolution, "normal": normal}


@case
def attributes(tf):
    held = tf.train.Checkpoint()
    held.items = [tf.get_variable("x", [1]), tf.get_variable("y", [1])]
    held.named = {"k.l": tf.get_variable("z", [1]), "m/n": tf.get_variable("u", [1])}
    held.number = 3
    return {"held": held, "again": held.items[0]}
