"""Functions of `tf.keras.backend` over axes of space, sums so far, and normalisation."""


def _of(name, shapes, *args, **options):
    def case(tf, x):
        given = [x.floats(shape, seed=seed) for seed, shape in enumerate(shapes, 1)]
        return getattr(tf.keras.backend, name)(*(given + list(args)), **options)

    return case


def _normalized(axes, size=4):
    def case(tf, x):
        gamma, beta = x.floats([size], seed=2), x.floats([size], seed=3)
        return tf.keras.backend.normalize_batch_in_training(x.floats([3, 2, 4], seed=1), gamma, beta, axes)

    return case


def _given_moments(tf, x):
    backend = tf.keras.backend
    parts = [x.floats([4], seed=2), x.positive([4], seed=3), x.floats([4], seed=4), x.floats([4], seed=5)]
    return backend.batch_normalization(x.floats([3, 4], seed=1), *parts)


def _folded(name):
    def case(tf, x):
        return getattr(tf.keras.backend, name)(lambda a, b: a * 0.5 + b, x.floats([4, 3], seed=1))

    return case


def _enlarged(interpolation):
    def case(tf, x):
        layer = tf.keras.layers.UpSampling2D((2, 3), interpolation=interpolation)
        return layer(x.floats([2, 3, 2, 2], seed=1))

    return case


CASES = {
    "conv1d causal": _of("conv1d", [[2, 6, 3], [3, 3, 2]], padding="causal", dilation_rate=2),
    "conv2d": _of("conv2d", [[2, 5, 4, 3], [3, 2, 3, 2]], strides=(2, 1), padding="same"),
    "conv3d": _of("conv3d", [[2, 4, 3, 3, 2], [2, 2, 2, 2, 3]]),
    "conv2d_transpose": _of("conv2d_transpose", [[2, 3, 2, 3], [2, 2, 4, 3]], (2, 6, 4, 4), strides=(2, 2)),
    "separable": _of("separable_conv2d", [[2, 5, 4, 3], [3, 2, 3, 2], [1, 1, 6, 4]]),
    "pool2d": _of("pool2d", [[2, 5, 4, 3]], (2, 3), padding="same", pool_mode="avg"),
    "pool3d": _of("pool3d", [[2, 4, 4, 3, 2]], (2, 2, 2), strides=(2, 1, 1)),
    "temporal": _of("temporal_padding", [[2, 3, 2]], (1, 2)),
    "spatial 2": _of("spatial_2d_padding", [[2, 3, 2, 1]], ((1, 2), (0, 1))),
    "spatial 3": _of("spatial_3d_padding", [[2, 3, 2, 1, 2]], ((1, 0), (0, 1), (2, 0))),
    "resize": _of("resize_images", [[2, 3, 2, 2]], 2, 3, "channels_first"),
    "resize bilinear": _of("resize_images", [[2, 3, 2, 2]], 2, 3, "channels_last", "bilinear"),
    "volumes": _of("resize_volumes", [[1, 2, 2, 1, 2]], 2, 1, 3, "channels_last"),
    "local 1": _of("local_conv1d", [[2, 6, 3], [4, 9, 2]], (3,), (1,)),
    "local 2": _of("local_conv2d", [[2, 4, 3, 2], [6, 8, 3]], (2, 2), (1, 1), (3, 2)),
    "local 2 first": _of(
        "local_conv2d", [[2, 2, 4, 3], [6, 8, 3]], (2, 2), (1, 1), (3, 2), data_format="channels_first"
    ),
    "cumsum": _of("cumsum", [[3, 4]], axis=1),
    "cumprod": _of("cumprod", [[3, 4]]),
    "normalized": _normalized([0, 1]),
    "normalized, other axes": _normalized([0, 2], 2),
    "moments given": _given_moments,
    "foldl": _folded("foldl"),
    "foldr": _folded("foldr"),
    "enlarged": _enlarged("nearest"),
    "enlarged, bilinear": _enlarged("bilinear"),
}
OTHER_NAMES = dict.fromkeys(CASES, "helper nodes are fewer")
