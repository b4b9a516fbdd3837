"""The columns of tf.contrib.layers."""


def _features(tf, x):
    places = tf.placeholder_with_default(tf.constant([[0, 0], [0, 1], [2, 0], [3, 2]], tf.int64), [4, 2])
    shape = tf.placeholder_with_default(tf.constant([4, 3], tf.int64), [2])
    return {
        "n": x.floats([4, 2], seed=1),
        "m": x.floats([4, 1], seed=2),
        "word": tf.SparseTensor(places, ["a", "c", "zz", "b"], shape),
        "text": tf.placeholder_with_default([["a"], ["c"], ["zz"], ["b"]], [4, 1]),
        "id": tf.SparseTensor(places, tf.constant([7, 2, 0, 11], tf.int64), shape),
        "weight": tf.SparseTensor(places, [0.5, 2.0, 1.5, 3.0], shape),
    }


def _input(tf, x, *columns):
    return tf.contrib.layers.input_from_feature_columns(_features(tf, x), columns)


def _sum(tf, x, *columns):
    result, _, _ = tf.contrib.layers.weighted_sum_from_feature_columns(_features(tf, x), columns, 2)
    slopes = tf.gradients(tf.reduce_sum(result * x.floats([], seed=9)), tf.trainable_variables())
    return [result] + [tf.identity(tf.convert_to_tensor(slope), name="slope") for slope in slopes]


def _keys(tf):
    return tf.contrib.layers.sparse_column_with_keys("word", ["a", "b", "c"])


def _buckets(tf):
    return tf.contrib.layers.bucketized_column(
        tf.contrib.layers.real_valued_column("n", 2), [-0.5, 0.0, 0.0, 0.5]
    )


def _table(tf, rows, columns):
    values = [[0.25 * row - 0.5 * column + 0.125 for column in range(columns)] for row in range(rows)]
    return tf.constant_initializer(values)


def _weighted(tf):
    return tf.contrib.layers.weighted_sparse_column(
        tf.contrib.layers.sparse_column_with_integerized_feature("id", 5), "weight"
    )


CASES = {
    "numbers": lambda tf, x: _input(
        tf,
        x,
        tf.contrib.layers.real_valued_column("n", 2, normalizer=lambda value: 3 * value),
        tf.contrib.layers.real_valued_column("m"),
        _buckets(tf),
    ),
    "one hot": lambda tf, x: _input(
        tf,
        x,
        tf.contrib.layers.one_hot_column(_keys(tf)),
        tf.contrib.layers.one_hot_column(tf.contrib.layers.sparse_column_with_hash_bucket("text", 3)),
    ),
    "embedded": lambda tf, x: _input(
        tf,
        x,
        tf.contrib.layers.embedding_column(_keys(tf), 2, initializer=_table(tf, 3, 2)),
        tf.contrib.layers.embedding_column(_weighted(tf), 2, "sum", initializer=_table(tf, 5, 2)),
        tf.contrib.layers.embedding_column(
            tf.contrib.layers.sparse_column_with_hash_bucket("text", 4), 3, initializer=_table(tf, 4, 3)
        ),
    ),
    "shared": lambda tf, x: _input(
        tf,
        x,
        *tf.contrib.layers.shared_embedding_columns(
            [
                tf.contrib.layers.sparse_column_with_hash_bucket("word", 4),
                tf.contrib.layers.sparse_column_with_hash_bucket("text", 4),
            ],
            2,
            initializer=_table(tf, 4, 2),
        ),
    ),
    "linear": lambda tf, x: _sum(
        tf,
        x,
        _keys(tf),
        _weighted(tf),
        _buckets(tf),
        tf.contrib.layers.real_valued_column("n", 2),
        tf.contrib.layers.crossed_column([_keys(tf), _buckets(tf)], 13),
        tf.contrib.layers.crossed_column(
            [_keys(tf), tf.contrib.layers.sparse_column_with_hash_bucket("text", 4)],
            7,
            hash_key=tf.contrib.layers.SPARSE_FEATURE_CROSS_DEFAULT_HASH_KEY,
        ),
    ),
    "joint": lambda tf, x: tf.contrib.layers.joint_weighted_sum_from_feature_columns(
        _features(tf, x), [_keys(tf), tf.contrib.layers.sparse_column_with_hash_bucket("text", 3)], 2
    )[0],
    "sequence": lambda tf, x: tf.contrib.layers.sequence_input_from_feature_columns(
        {"s": x.floats([2, 3, 2]), "w": tf.SparseTensor([[0, 0], [1, 0], [1, 2]], ["a", "b", "c"], [2, 3])},
        [
            tf.contrib.layers.real_valued_column("s", 2),
            tf.contrib.layers.embedding_column(
                tf.contrib.layers.sparse_column_with_keys("w", ["a", "b", "c"]),
                2,
                initializer=_table(tf, 3, 2),
            ),
        ],
    ),
}
