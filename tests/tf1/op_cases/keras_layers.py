"""Layers, losses and optimisers of `tf.keras`."""


def _start(tf):
    return tf.random_uniform_initializer(-0.5, 0.5, seed=3)


def _layer(name, shape, *args, **options):
    def case(tf, x):
        given = dict(options)
        for key in given.pop("starts", ("kernel",)):
            given[key + "_initializer"] = _start(tf)
        layer = getattr(tf.keras.layers, name)(*args, **given)
        return layer(x.floats(shape, seed=1))

    return case


def _recurrent(name, masked=False, **options):
    def case(tf, x):
        given = dict(options)
        for key in ("kernel", "recurrent"):
            given[key + "_initializer"] = _start(tf)
        given["bias_initializer"] = tf.constant_initializer(0.125)
        mask = x.constant([[True, True, False, True], [True, False, False, False]]) if masked else None
        return getattr(tf.keras.layers, name)(3, **given)(x.floats([2, 4, 5], seed=1), mask=mask)

    return case


def _of_cells(tf, x):
    layers = tf.keras.layers
    options = {"kernel_initializer": _start(tf), "recurrent_initializer": _start(tf)}
    cells = [layers.LSTMCell(3, **options), layers.GRUCell(2, **options), layers.SimpleRNNCell(4, **options)]
    return layers.RNN(cells, return_sequences=True, return_state=True)(x.floats([2, 4, 5], seed=1))


def _with_state(tf, x):
    options = {"kernel_initializer": _start(tf), "recurrent_initializer": _start(tf)}
    layer = tf.keras.layers.GRU(3, reset_after=True, return_state=True, **options)
    return layer(x.floats([2, 4, 5], seed=1), initial_state=x.floats([2, 3], seed=2))


def _in_both_directions(merge_mode, masked=False):
    def case(tf, x):
        options = {"kernel_initializer": _start(tf), "recurrent_initializer": _start(tf)}
        inner = tf.keras.layers.LSTM(3, return_sequences=True, **options)
        layer = tf.keras.layers.Bidirectional(inner, merge_mode=merge_mode)
        mask = x.constant([[True, True, True, False], [True, True, False, False]]) if masked else None
        return layer(x.floats([2, 4, 5], seed=1), mask=mask)

    return case


def _over_time(tf, x):
    layers = tf.keras.layers
    inner = layers.Dense(3, activation="relu", kernel_initializer=_start(tf))
    return layers.TimeDistributed(inner)(x.floats([2, 4, 5], seed=1))


def _embedded(tf, x):
    layer = tf.keras.layers.Embedding(6, 3, embeddings_initializer=_start(tf), mask_zero=True)
    outputs = layer(x.integers(0, 6, [2, 4]))
    return {"outputs": outputs, "mask": outputs._keras_mask}


def _masked(tf, x):
    values = x.constant([[[1.0, 2.0], [0.0, 0.0]], [[0.0, 3.0], [4.0, 5.0]]])
    return tf.keras.layers.Masking()(values)


def _merged(name, **options):
    def case(tf, x):
        return getattr(tf.keras.layers, name)(**options)([x.floats([2, 3], seed=1), x.floats([2, 3], seed=2)])

    return case


def _dotted(tf, x):
    return tf.keras.layers.Dot(axes=(1, 2))([x.floats([2, 3, 4], seed=1), x.floats([2, 5, 3], seed=2)])


def _loss(name, binary=False, **options):
    def case(tf, x):
        labels = x.constant([[1.0, 0.0, 0.0], [0.0, 0.0, 1.0]])
        predictions = (
            tf.nn.softmax(x.floats([2, 3], seed=3)) if binary else tf.nn.tanh(x.floats([2, 3], seed=3))
        )
        return getattr(tf.keras.losses, name)(**options)(labels, predictions)

    return case


def _labelled_loss(tf, x):
    predictions = tf.abs(x.floats([2, 3], seed=3)) + 0.1
    return tf.keras.losses.sparse_categorical_crossentropy(x.constant([0.0, 2.0]), predictions)


def _optimizer(name, **options):
    def case(tf, x):
        variable = tf.Variable(x.floats([2, 3], seed=1, gradient=False), use_resource=True)
        loss = tf.reduce_sum(tf.square(variable) * x.floats([2, 3], seed=2, gradient=False))
        optimizer = getattr(tf.keras.optimizers, name)(**options)
        updates = optimizer.get_updates(loss, [variable])
        with tf.control_dependencies(updates):
            return variable.read_value()

    return case


CASES = {
    "dense": _layer("Dense", [3, 4], 5, activation="relu"),
    "conv1d causal": _layer("Conv1D", [2, 6, 3], 4, 3, padding="causal", activation="tanh"),
    "conv2d": _layer("Conv2D", [2, 6, 5, 3], 4, (3, 2), padding="same"),
    "depthwise": _layer("DepthwiseConv2D", [2, 5, 5, 3], 3, depth_multiplier=2, starts=["depthwise"]),
    "layer norm": _layer("LayerNormalization", [2, 3, 6], starts=["gamma", "beta"]),
    "prelu": _layer("PReLU", [2, 3], starts=["alpha"]),
    "leaky": _layer("LeakyReLU", [2, 3], starts=[]),
    "elu": _layer("ELU", [2, 3], 0.5, starts=[]),
    "relu": _layer("ReLU", [2, 3], 0.75, 0.25, 0.125, starts=[]),
    "thresholded": _layer("ThresholdedReLU", [2, 3], 0.25, starts=[]),
    "reshape": _layer("Reshape", [2, 3, 4], (-1, 6), starts=[]),
    "permute": _layer("Permute", [2, 3, 4], (2, 1), starts=[]),
    "repeat": _layer("RepeatVector", [2, 3], 4, starts=[]),
    "padding 1": _layer("ZeroPadding1D", [2, 3, 4], 2, starts=[]),
    "padding 2": _layer("ZeroPadding2D", [2, 3, 4, 1], ((1, 2), (0, 3)), starts=[]),
    "cropping": _layer("Cropping2D", [2, 5, 4, 1], ((1, 2), (0, 1)), starts=[]),
    "larger": _layer("UpSampling2D", [2, 3, 2, 2], (2, 3), starts=[]),
    "largest": _layer("GlobalMaxPooling1D", [2, 3, 4], starts=[]),
    "mean": _layer("GlobalAveragePooling2D", [2, 3, 4, 2], starts=[]),
    "simple": _recurrent("SimpleRNN"),
    "simple, masked": _recurrent("SimpleRNN", True, return_sequences=True),
    "lstm": _recurrent("LSTM", return_state=True),
    "lstm, masked": _recurrent("LSTM", True, return_sequences=True, unit_forget_bias=False),
    "lstm, backwards": _recurrent("LSTM", True, return_sequences=True, go_backwards=True),
    "lstm, sigmoid": _recurrent("LSTM", recurrent_activation="sigmoid", use_bias=True, implementation=2),
    "lstm, unrolled": _recurrent("LSTM", True, unroll=True),
    "gru": _recurrent("GRU", return_sequences=True),
    "gru, reset after": _recurrent("GRU", reset_after=True, recurrent_activation="sigmoid"),
    "gru, another activation": _recurrent("GRU", activation="softmax"),
    "cells": _of_cells,
    "state": _with_state,
    "both directions": _in_both_directions("concat"),
    "both directions, masked": _in_both_directions("sum", True),
    "over time": _over_time,
    "embedded": _embedded,
    "masked": _masked,
    "subtract": _merged("Subtract"),
    "average": _merged("Average"),
    "concatenate": _merged("Concatenate", axis=0),
    "minimum": _merged("Minimum"),
    "dot": _dotted,
    "mse": _loss("MeanSquaredError"),
    "hinge": _loss("Hinge"),
    "categorical hinge": _loss("CategoricalHinge"),
    "logcosh": _loss("LogCosh"),
    "huber": _loss("Huber", delta=0.5),
    "cosine": _loss("CosineSimilarity"),
    "categorical": _loss("CategoricalCrossentropy", True, label_smoothing=0.1),
    "binary": _loss("BinaryCrossentropy", True),
    "kld": _loss("KLDivergence", True),
    "poisson": _loss("Poisson", True),
    "sparse": _labelled_loss,
    "sgd": _optimizer("SGD", lr=0.1),
    "momentum": _optimizer("SGD", lr=0.1, momentum=0.9, nesterov=True),
    "rmsprop": _optimizer("RMSprop", lr=0.1),
    "rmsprop, centered": _optimizer("RMSprop", lr=0.1, momentum=0.5, centered=True),
    "adagrad": _optimizer("Adagrad", lr=0.1),
    "adadelta": _optimizer("Adadelta", lr=1.0),
    "adam": _optimizer("Adam", lr=0.1),
    "amsgrad": _optimizer("Adam", lr=0.1, amsgrad=True, clipvalue=0.25),
    "adamax": _optimizer("Adamax", lr=0.1),
    "nadam": _optimizer("Nadam", lr=0.1),
}
BOUNDS = {"kld": 1e-4}
_ONE_NODE = "a layer's sequence is one node"
_PLAIN = "the node of a variable's value or of a mean is named otherwise"
OTHER_NAMES = {
    **{
        name: _ONE_NODE for name in CASES if name.split(",")[0] in ("simple", "lstm", "gru", "cells", "state")
    },
    **dict.fromkeys(("both directions", "both directions, masked", "over time"), _ONE_NODE),
    **dict.fromkeys(list(CASES)[list(CASES).index("embedded") :], _PLAIN),
    **dict.fromkeys(("prelu", "elu", "relu", "thresholded", "larger", "layer norm", "depthwise"), _PLAIN),
}
