"""Layers of `tf.keras` over images in time, and with kernels for each place."""


def _start(tf, seed=3):
    return tf.random_uniform_initializer(-0.5, 0.5, seed=seed)


def _recurrent(tf):
    options = {"bias_initializer": tf.constant_initializer(0.125)}
    return dict(options, kernel_initializer=_start(tf), recurrent_initializer=_start(tf, 4))


def _images(shape, masked=False, kernel=(3, 2), **options):
    def case(tf, x):
        layer = tf.keras.layers.ConvLSTM2D(2, kernel, **dict(_recurrent(tf), **options))
        mask = x.constant([[True, True, False], [False, True, False]]) if masked else None
        return layer(x.floats(shape, seed=1), mask=mask)

    return case


def _from_a_state(tf, x):
    layer = tf.keras.layers.ConvLSTM2D(2, 3, padding="same", return_state=True, **_recurrent(tf))
    states = [x.floats([2, 4, 3, 2], seed=seed) for seed in (2, 3)]
    return layer(x.floats([2, 3, 4, 3, 1], seed=1), initial_state=states)


def _local(name, shape, *args, **options):
    def case(tf, x):
        given = {"kernel_initializer": _start(tf), "bias_initializer": _start(tf, 4)}
        return getattr(tf.keras.layers, name)(*args, **dict(given, **options))(x.floats(shape, seed=1))

    return case


CASES = {
    "conv lstm": _images([2, 3, 5, 4, 2]),
    "conv lstm, same": _images([2, 3, 4, 3, 1], padding="same", return_sequences=True, return_state=True),
    "conv lstm, even": _images([2, 3, 5, 4, 1], kernel=(2, 4), padding="same", return_sequences=True),
    "conv lstm, strides": _images([2, 3, 6, 5, 2], strides=2, padding="same", activation="relu"),
    "conv lstm, dilated": _images([2, 3, 6, 5, 1], dilation_rate=(2, 1), recurrent_activation="sigmoid"),
    "conv lstm, masked": _images([2, 3, 4, 3, 1], True, padding="same", return_sequences=True),
    "conv lstm, backwards": _images([2, 3, 4, 3, 1], go_backwards=True, return_sequences=True),
    "conv lstm, no bias": _images([2, 3, 4, 3, 1], use_bias=False, activation="softsign"),
    "conv lstm, own activation": _images([2, 3, 4, 3, 1], activation="softmax", return_sequences=True),
    "conv lstm, a state": _from_a_state,
    "local 1": _local("LocallyConnected1D", [2, 6, 3], 4, 3),
    "local 1, strides": _local("LocallyConnected1D", [2, 7, 2], 3, 3, strides=2, activation="tanh"),
    "local 2": _local("LocallyConnected2D", [2, 5, 4, 2], 3, (3, 2)),
    "local 2, strides": _local("LocallyConnected2D", [2, 5, 4, 2], 3, 2, strides=(2, 1), use_bias=False),
}
OTHER_NAMES = dict.fromkeys(CASES, "a layer's sequence is one node, and so are its windows")
