"""Arithmetic, reductions, activations and the moves of elements that every script has."""

CASES = {}


def _elementwise():
    signed = "negative abs sign square exp sin cos tanh sigmoid floor ceil round is_nan is_finite"
    positive = "sqrt rsqrt reciprocal log log1p"
    binary = (
        "add subtract multiply realdiv floordiv floormod mod maximum minimum squared_difference equal "
        "not_equal greater greater_equal less less_equal divide truediv div"
    )
    integers = "floordiv floormod mod add maximum truediv div subtract multiply"
    activations = "relu relu6 elu selu softplus softsign leaky_relu softmax log_softmax l2_loss"
    reductions = "reduce_sum reduce_mean reduce_max reduce_min reduce_prod"
    for name in signed.split():
        CASES[name] = lambda tf, x, name=name: getattr(tf, name)(x.floats([3, 4], dtype="float64"))
    for name in positive.split():
        CASES[name] = lambda tf, x, name=name: getattr(tf, name)(x.positive([3, 4]))
    for name in binary.split():
        CASES[name] = lambda tf, x, name=name: getattr(tf, name)(x.floats([3, 4]), x.floats([4], 1))
    for name in integers.split():
        CASES[name + " of integers"] = lambda tf, x, name=name: getattr(tf, name)(
            x.integers(-9, 9, [3, 4]), x.integers(1, 5, [3, 1], seed=1)
        )
    for name in activations.split():
        CASES["nn." + name] = lambda tf, x, name=name: getattr(tf.nn, name)(3 * x.floats([3, 4]))
    for name in reductions.split():
        CASES[name] = lambda tf, x, name=name: [
            getattr(tf, name)(x.floats([2, 3, 4])),
            getattr(tf, name)(x.floats([2, 3, 4]), 1),
            getattr(tf, name)(x.floats([2, 3, 4]), [0, -1], keepdims=True),
            getattr(tf, name)(x.floats([2, 3, 4]), keep_dims=True, reduction_indices=[2]),
            getattr(tf, name)(x.integers(-4, 9, [2, 3])),
        ]


_elementwise()


def _steps(x):
    return x.floats([2, 3, 4])


def _logic(tf, x):
    a, b = x.floats([3, 4]), x.floats([3, 4], 1)
    return [
        tf.logical_and(a > 0, b > 0),
        tf.logical_or(a > 0, b >= a),
        tf.logical_xor(a < 0, b > 0),
        tf.logical_not(a <= b),
        tf.reduce_all(a > -1, 1),
        tf.reduce_any(a > 1, 0),
        (a > 0) & (b > 0) | ~(a > b),
    ]


def _set_variable(tf, x):
    variable = tf.Variable([1.0, 2.0], name="held")
    return [variable, variable * x.floats([2])]


CASES.update(
    {
        "logic": _logic,
        "a variable": _set_variable,
        "operators": lambda tf, x: (
            (1 - x.floats([3, 4])) / 2 + x.floats([3, 4], 1) * 2 - (-x.floats([4])) ** 2
        ),
        "pow": lambda tf, x: tf.pow(x.positive([3, 4]), x.floats([4])),
        "argmax": lambda tf, x: [tf.argmax(_steps(x), 1), tf.argmin(_steps(x), 0, output_type=tf.int32)],
        "matmul": lambda tf, x: [
            tf.matmul(x.floats([3, 4]), x.floats([2, 4], 1), transpose_b=True),
            tf.matmul(x.floats([4, 3]), x.floats([4, 2], 1), True),
            tf.matmul(_steps(x), _steps(x), transpose_b=True),
        ],
        "transpose": lambda tf, x: [tf.transpose(_steps(x)), tf.transpose(_steps(x), perm=[1, 0, 2])],
        "concat": lambda tf, x: tf.concat([x.floats([3, 4]), x.floats([3, 1], 1)], 1),
        "stack": lambda tf, x: tf.stack([x.floats([3, 4]), x.floats([3, 4], 1)], 2),
        "unstack": lambda tf, x: tf.unstack(x.floats([3, 4]), axis=1),
        "split": lambda tf, x: [tf.split(x.floats([3, 4]), 2, 1), tf.split(x.floats([3, 4]), [1, 3], 1)],
        "tile": lambda tf, x: tf.tile(x.floats([3, 4]), [2, 1]),
        "gather": lambda tf, x: tf.gather(x.floats([3, 4]), [[1], [3]], axis=1),
        "embedding_lookup": lambda tf, x: tf.nn.embedding_lookup(x.floats([3, 4]), [[0, 2]]),
        "embedding_lookup of shards": lambda tf, x: tf.nn.embedding_lookup(
            [x.floats([3, 4]), x.floats([2, 4], 1)], [[0, 3, 3]]
        ),
        "where": lambda tf, x: [
            tf.where(x.floats([3, 4]) > 0, x.floats([3, 4]), x.floats([3, 4], 1)),
            tf.where([True, False, True], x.floats([3, 4]), x.floats([3, 4], 1)),
            tf.where(x.floats([3, 4]) > 0),
        ],
        "one_hot": lambda tf, x: [
            tf.one_hot([0, 2, -1], 3, on_value=5.0, off_value=-1.0, axis=0),
            tf.one_hot([[0], [2]], 3),
        ],
        "sequence_mask": lambda tf, x: [tf.sequence_mask([1, 3]), tf.sequence_mask([1, 3], 4, tf.float32)],
        "reverse": lambda tf, x: tf.reverse(_steps(x), [0, -1]),
        "reverse_sequence": lambda tf, x: tf.reverse_sequence(_steps(x), [2, 3], 1),
        "slices": lambda tf, x: [
            tf.slice(x.floats([3, 4]), [1, 0], [-1, 2]),
            x.floats([3, 4])[::2, 1:-1],
            x.floats([3, 4])[::-1, -2],
            x.floats([3, 4])[:, tf.newaxis],
            _steps(x)[..., 1],
        ],
        "squeeze": lambda tf, x: [
            tf.squeeze(tf.expand_dims(x.floats([3, 1]), 0)),
            tf.squeeze(x.floats([1, 3, 1]), squeeze_dims=[0]),
        ],
        "reshape": lambda tf, x: tf.reshape(_steps(x), [-1, 3]),
        "add_n": lambda tf, x: tf.add_n([x.floats([3]), x.floats([3], 1), x.floats([3], 2)]),
        "range": lambda tf, x: [tf.range(1.0, 2.0, 0.25), tf.range(3), tf.range(9, 2, -2)],
        "fills": lambda tf, x: [
            tf.fill([2], 7),
            tf.zeros([2, 3]),
            tf.ones([2], tf.int64),
            tf.ones_like(x.floats([2])),
            tf.zeros_like(x.floats([2]), dtype=tf.int32),
            tf.zeros_like(x.floats([2]), optimize=False),
        ],
        "casts": lambda tf, x: [
            tf.cast(x.floats([5]) * 3, tf.int32),
            tf.cast([True, False], tf.float32),
            tf.to_float([1, 2]),
            tf.to_int32(x.floats([3])),
            tf.to_int64(x.floats([3])),
        ],
        "sizes": lambda tf, x: [
            tf.shape(x.floats([3, 4]), out_type=tf.int64),
            tf.size(x.floats([3, 4])),
            tf.rank(x.floats([3, 4])),
            tf.shape(tf.where(x.floats([3, 4]) > 0)),
            tf.size(tf.where(x.floats([3, 4]) > 0)),
            tf.rank(tf.placeholder_with_default(x.floats([3, 4]), None)),
        ],
        "stop_gradient": lambda tf, x: tf.stop_gradient(x.floats([3])) * x.floats([3], 1),
        "identity": lambda tf, x: tf.identity(x.floats([3])),
        "clips": lambda tf, x: [
            tf.clip_by_value(x.floats([3, 4]), -0.5, 0.5),
            tf.clip_by_norm(x.floats([3, 4]), 0.7),
            tf.clip_by_norm(x.floats([3, 4]), 0.7, axes=[1]),
            tf.clip_by_global_norm([x.floats([3, 4]), x.floats([3], 1)], 1.0)[0],
            tf.global_norm([x.floats([3, 4]), x.floats([3], 1)]),
        ],
        "scatter_nd": lambda tf, x: [
            tf.scatter_nd([[1], [3], [1]], x.floats([3, 2]), [5, 2]),
            tf.scatter_nd([[1, 0], [0, 1]], [4, 5], [2, 2]),
        ],
        "matrices": lambda tf, x: [
            tf.eye(3),
            tf.eye(2, 3, batch_shape=[2]),
            tf.diag_part(x.floats([3, 3])),
            tf.matrix_transpose(_steps(x)),
            tf.qr(x.floats([4, 3], dtype="float64")),
        ],
        "bias_add": lambda tf, x: tf.nn.bias_add(x.floats([3, 4]), x.floats([4], 1)),
        "in_top_k": lambda tf, x: tf.nn.in_top_k(x.floats([3, 4]), [0, 3, 1], 2),
        "cross entropies": lambda tf, x: [
            tf.nn.softmax_cross_entropy_with_logits_v2(
                labels=tf.nn.softmax(x.floats([3, 4])), logits=x.floats([3, 4], 1)
            ),
            tf.nn.sparse_softmax_cross_entropy_with_logits(labels=[0, 3, 1], logits=x.floats([3, 4])),
            tf.nn.sigmoid_cross_entropy_with_logits(
                labels=tf.sigmoid(x.floats([3, 4])), logits=x.floats([3, 4], 1)
            ),
        ],
    }
)

OTHER_NAMES = {"embedding_lookup of shards": "one node looks all shards up"}
