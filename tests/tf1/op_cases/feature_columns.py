"""Columns of features, and the layers of them."""


def _features(tf, x):
    # Placeholders: TensorFlow knows more of the shapes that come of constants.
    places = tf.placeholder_with_default(tf.constant([[0, 0], [0, 1], [2, 0], [3, 2]], tf.int64), [4, 2])
    return {
        "n": x.floats([4, 2], seed=1),
        "m": x.floats([4], seed=2),
        "word": tf.placeholder_with_default(["a", "c", "zz", ""], [4]),
        "words": tf.SparseTensor(places, ["a", "b", "none", "c"], [4, 3]),
        "id": tf.placeholder_with_default(tf.constant([[1], [0], [2], [1]], tf.int64), [4, 1]),
        "ids": tf.SparseTensor(places, tf.constant([1, 2, 0, 1], tf.int64), [4, 3]),
        "weight": tf.SparseTensor(places, [0.5, 2.0, -1.0, 3.0], [4, 3]),
        "steps": tf.SparseTensor(
            [[0, 0], [0, 1], [2, 0], [3, 0], [3, 1], [3, 2]], x.constant([1.0, 2, 3, 4, 5, 6]), [4, 4]
        ),
        "flag": tf.constant([7, -1, 3, 7]),
    }


def _list(tf, **options):
    return tf.feature_column.categorical_column_with_vocabulary_list("word", ["a", "b", "c"], **options)


def _table(tf, rows, columns):
    values = [[0.25 * row - 0.5 * column + 0.125 for column in range(columns)] for row in range(rows)]
    return tf.constant_initializer(values)


def _embedded(tf, column, width=2, **options):
    return tf.feature_column.embedding_column(column, width, initializer=_table(tf, 3, width), **options)


def _input(tf, x, *columns):
    with tf.variable_scope("", reuse=tf.AUTO_REUSE):
        return tf.feature_column.input_layer(_features(tf, x), columns)


def _bucketized(tf):
    return tf.feature_column.bucketized_column(tf.feature_column.numeric_column("n", 2), [-0.5, 0.0, 0.5])


def _weighted(tf):
    ids = tf.feature_column.categorical_column_with_identity("ids", 3)
    return tf.feature_column.weighted_categorical_column(ids, "weight")


def _linear(tf, x, *columns, **options):
    features = _features(tf, x)
    result = tf.feature_column.linear_model(features, columns, **options)
    # Weights that are all zeros say little: their gradients do.
    slopes = tf.gradients(tf.reduce_sum(result * x.floats([], seed=9)), tf.trainable_variables())
    return [result] + [tf.identity(tf.convert_to_tensor(slope), name="slope") for slope in slopes]


def _crossed(tf):
    column = tf.feature_column
    return [
        column.crossed_column(["word", "flag"], 11),
        column.crossed_column([_bucketized(tf), "word"], 13, hash_key=5),
        column.crossed_column([column.crossed_column(["word", "id"], 7), _bucketized(tf)], 17),
    ]


def _sequence(tf, x):
    column = tf.feature_column
    words = tf.contrib.feature_column.sequence_categorical_column_with_vocabulary_list(
        "words", ["a", "b", "c"]
    )
    ids = tf.contrib.feature_column.sequence_categorical_column_with_identity("ids", 4)
    columns = [
        _embedded(tf, words),
        column.indicator_column(ids),
        tf.contrib.feature_column.sequence_numeric_column(
            "ids", dtype=tf.int64, default_value=0, normalizer_fn=_floats(tf)
        ),
    ]
    return list(tf.contrib.feature_column.sequence_input_layer(_features(tf, x), columns))


def _floats(tf):
    return lambda value: tf.SparseTensor(value.indices, tf.cast(value.values, tf.float32), value.dense_shape)


def _shared(tf, x):
    column = tf.feature_column
    first = column.categorical_column_with_identity("ids", 3)
    second = column.categorical_column_with_identity("id", 3)
    columns = column.shared_embedding_columns([first, second], 2, initializer=_table(tf, 3, 2))
    return column.input_layer(_features(tf, x), columns)


CASES = {
    "numeric": lambda tf, x: _input(
        tf,
        x,
        tf.feature_column.numeric_column("n", [2], normalizer_fn=lambda value: 2 * value),
        tf.feature_column.numeric_column("m"),
        tf.feature_column.numeric_column("flag"),
    ),
    "bucketized": lambda tf, x: _input(tf, x, _bucketized(tf)),
    "vocabularies": lambda tf, x: [
        _input(tf, x, tf.feature_column.indicator_column(_list(tf))),
        _input(tf, x, tf.feature_column.indicator_column(_list(tf, num_oov_buckets=2))),
        _input(tf, x, tf.feature_column.indicator_column(_list(tf, default_value=1))),
        _input(
            tf,
            x,
            tf.feature_column.indicator_column(
                tf.feature_column.categorical_column_with_vocabulary_list("flag", [3, 7])
            ),
        ),
    ],
    "hashes": lambda tf, x: [
        _input(
            tf,
            x,
            tf.feature_column.indicator_column(
                tf.feature_column.categorical_column_with_hash_bucket("words", 6)
            ),
        ),
        _input(
            tf,
            x,
            tf.feature_column.indicator_column(
                tf.feature_column.categorical_column_with_hash_bucket("flag", 6, tf.int32)
            ),
        ),
    ],
    "identities": lambda tf, x: [
        _input(
            tf,
            x,
            tf.feature_column.indicator_column(tf.feature_column.categorical_column_with_identity("id", 3)),
        ),
        _input(
            tf,
            x,
            tf.feature_column.indicator_column(
                tf.feature_column.categorical_column_with_identity("flag", 4, default_value=2)
            ),
        ),
    ],
    "weighted": lambda tf, x: [
        _input(tf, x, tf.feature_column.indicator_column(_weighted(tf))),
        _input(tf, x, _embedded(tf, _weighted(tf))),
    ],
    "linear weighted": lambda tf, x: _linear(tf, x, _weighted(tf)),
    "embedded mean": lambda tf, x: _input(
        tf, x, _embedded(tf, _list(tf)), tf.feature_column.numeric_column("m")
    ),
    "embedded sum": lambda tf, x: _input(
        tf,
        x,
        _embedded(tf, tf.feature_column.categorical_column_with_identity("ids", 3), combiner="sum"),
    ),
    "embedded sqrtn, clipped": lambda tf, x: _input(
        tf,
        x,
        _embedded(
            tf, tf.feature_column.categorical_column_with_identity("ids", 3), combiner="sqrtn", max_norm=0.5
        ),
    ),
    "shared": _shared,
    "crossed": lambda tf, x: [
        _input(tf, x, tf.feature_column.indicator_column(column)) for column in _crossed(tf)
    ],
    "cross": lambda tf, x: [
        tf.sparse.cross([_features(tf, x)["words"], tf.constant([["x"], ["y"], ["z"], [""]])]).values,
        tf.sparse.cross_hashed([_features(tf, x)["words"], tf.constant([[1], [2], [3], [4]])]).values,
        tf.sparse.cross_hashed([tf.constant([["a", "b"]]), tf.constant([[1, 2]])], 100, 7).values,
    ],
    "linear": lambda tf, x: _linear(
        tf, x, tf.feature_column.numeric_column("n", 2), _list(tf), _bucketized(tf), units=2
    ),
    "linear mean": lambda tf, x: _linear(
        tf,
        x,
        tf.feature_column.categorical_column_with_identity("ids", 3),
        tf.feature_column.crossed_column(["word", "flag"], 5),
        sparse_combiner="mean",
    ),
    "sequence": _sequence,
    "sequence of numbers": lambda tf, x: list(
        tf.contrib.feature_column.sequence_input_layer(
            _features(tf, x),
            [tf.contrib.feature_column.sequence_numeric_column("steps", [2], default_value=-1.0)],
        )
    ),
    "layer": lambda tf, x: tf.keras.layers.DenseFeatures(
        [_embedded(tf, _list(tf)), tf.feature_column.numeric_column("n", 2), _bucketized(tf)]
    )(_features(tf, x)),
}
