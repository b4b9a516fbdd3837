"""Layers of `tf.layers` and `tf.contrib.layers`."""


def _start(tf):
    return tf.random_uniform_initializer(-0.5, 0.5, seed=3)


def _layer(name, shape, *args, **options):
    def case(tf, x):
        given = dict(options)
        key = "depthwise_initializer" if name.startswith("separable") else "kernel_initializer"
        given[key] = _start(tf)
        if name.startswith("separable"):
            given["pointwise_initializer"] = _start(tf)
        given["bias_initializer"] = tf.constant_initializer(0.25)
        if isinstance(given.get("activation"), str):
            given["activation"] = getattr(tf.nn, given["activation"])
        return getattr(tf.layers, name)(x.floats(shape, seed=1), *args, **given)

    return case


def _pooling(name, shape, *args, **options):
    return lambda tf, x: getattr(tf.layers, name)(x.floats(shape, seed=2), *args, **options)


def _contrib(name, shape, *args, **options):
    def case(tf, x):
        given = dict(options)
        given["weights_initializer"] = _start(tf)
        given["biases_initializer"] = tf.constant_initializer(0.25)
        return getattr(tf.contrib.layers, name)(x.floats(shape, seed=1), *args, **given)

    return case


def _normalised(shape, **options):
    def case(tf, x):
        given = dict(options)
        given["gamma_initializer"] = _start(tf)
        given["beta_initializer"] = _start(tf)
        given["moving_mean_initializer"] = tf.constant_initializer(0.5)
        outputs = tf.layers.batch_normalization(x.floats(shape, seed=4), **given)
        updates = tf.get_collection(tf.GraphKeys.UPDATE_OPS)
        with tf.control_dependencies(updates):
            averages = [tf.identity(v.read_value(), name="average") for v in tf.global_variables()[2:4]]
        return {"outputs": outputs, "averages": averages} if updates else outputs

    return case


def _contrib_normalised(name, shape, **options):
    def case(tf, x):
        given = dict(options)
        if "param_initializers" in given:
            given["param_initializers"] = {"beta": _start(tf), "moving_variance": _start(tf)}
        if given.pop("by_tensor", False):
            given["is_training"] = tf.placeholder_with_default(True, [])
        return getattr(tf.contrib.layers, name)(x.floats(shape, seed=4), **given)

    return case


def _function(name, shape, *args, **options):
    return lambda tf, x: getattr(tf.contrib.layers, name)(x.floats(shape, seed=5), *args, **options)


def _regularised(tf, x):
    layers = tf.contrib.layers
    weights = x.floats([3, 4], seed=6)
    return [
        layers.l1_regularizer(0.1)(weights),
        layers.l2_regularizer(0.2)(weights),
        layers.l1_l2_regularizer(0.1, 0.3)(weights),
        layers.apply_regularization(layers.l2_regularizer(0.5), [weights]),
    ]


def _scaled_gradient(tf, x):
    return tf.contrib.layers.scale_gradient(x.floats([3], seed=7), 0.25)


def _embedded(unique):
    def case(tf, x):
        ids = x.integers(0, 5, [2, 3])
        return tf.contrib.layers.embed_sequence(ids, 5, 4, unique=unique, initializer=_start(tf))

    return case


def _sorted(tf, x):
    values = x.floats([3, 5], seed=8)
    framework = tf.contrib.framework
    return [
        framework.sort(values),
        framework.sort(values, axis=0, direction="DESCENDING"),
        framework.argsort(values, direction="DESCENDING"),
    ]


CASES = {
    "dense": _layer("dense", [3, 4], 5, activation="tanh"),
    "dense of sequences": _layer("dense", [2, 3, 4], 5, use_bias=False),
    "conv1d": _layer("conv1d", [2, 7, 3], 4, 3, 2, "same"),
    "conv1d dilated": _layer("conv1d", [2, 9, 3], 4, 3, dilation_rate=2),
    "conv2d": _layer("conv2d", [2, 6, 5, 3], 4, [3, 2], (2, 1), "same", activation="relu"),
    "conv2d valid": _layer("conv2d", [2, 6, 5, 3], 4, 3),
    "conv3d": _layer("conv3d", [1, 4, 5, 3, 2], 3, 2, activation="sigmoid"),
    "conv2d transposed": _layer("conv2d_transpose", [2, 4, 3, 2], 3, 3, (2, 2), "same"),
    "conv2d transposed valid": _layer("conv2d_transpose", [2, 4, 3, 2], 3, 2, (2, 1)),
    "conv3d transposed": _layer("conv3d_transpose", [1, 3, 2, 3, 2], 2, 2, (2, 1, 2), "same"),
    "separable 2": _layer("separable_conv2d", [2, 5, 6, 3], 4, 3, depth_multiplier=2),
    "separable 1": _layer("separable_conv1d", [2, 8, 3], 4, 3, 2, "same"),
    "max pooling 1": _pooling("max_pooling1d", [2, 7, 3], 2, 2),
    "max pooling 2": _pooling("max_pooling2d", [2, 6, 5, 3], [2, 3], 2, "same"),
    "max pooling 3": _pooling("max_pooling3d", [1, 4, 4, 5, 2], 2, 2),
    "average pooling 1": _pooling("average_pooling1d", [2, 7, 3], 2, 2, "same"),
    "average pooling 2": _pooling("average_pooling2d", [2, 6, 5, 3], 2, 1),
    "average pooling 3": _pooling("average_pooling3d", [1, 4, 4, 5, 2], 2, 2),
    "flatten": _pooling("flatten", [2, 3, 4]),
    "flatten channels first": _pooling("flatten", [2, 3, 4, 2], data_format="channels_first"),
    "dropout": _pooling("dropout", [4, 5], 0.4, training=True, seed=3),
    "dropout by rows": _pooling("dropout", [4, 5], 0.4, noise_shape=[4, 1], training=True, seed=3),
    "batch of images": _normalised([3, 4, 4, 2], training=True),
    "batch of images, averages": _normalised([3, 4, 4, 2]),
    "batch of sequences": _normalised([3, 4, 2], training=True, momentum=0.9),
    "batch along the second axis": _normalised([3, 4, 2], training=True, axis=1),
    "batch along two axes": _normalised([3, 4, 2], training=True, axis=[1, 2]),
    "virtual batches": _normalised([4, 3], training=True, virtual_batch_size=2),
    "batch renormalised": _normalised([6, 3], training=True, renorm=True),
    "batch averages": _normalised([6, 3], center=True),
    "fully connected": _contrib("fully_connected", [3, 4], 5),
    "contrib conv2d": _contrib("conv2d", [2, 6, 5, 3], 4, 3, 2),
    "contrib conv2d dilated": _contrib("conv2d", [2, 6, 5, 3], 4, 3, rate=2),
    "contrib conv2d transposed": _contrib("conv2d_transpose", [2, 4, 3, 2], 3, 3, 2),
    "contrib conv in plane": _contrib("conv2d_in_plane", [2, 4, 3, 2], 3),
    "contrib separable": _contrib("separable_conv2d", [2, 5, 6, 3], 4, 3, 2),
    "contrib depthwise": _contrib("separable_conv2d", [2, 5, 6, 3], None, 3, 2),
    "contrib batch of images": _contrib_normalised("batch_norm", [3, 4, 4, 2], scale=True),
    "contrib batch of rows": _contrib_normalised("batch_norm", [5, 3], param_initializers=True),
    "contrib batch now": _contrib_normalised("batch_norm", [5, 2, 3], updates_collections=None),
    "contrib batch averages": _contrib_normalised(
        "batch_norm", [5, 3], is_training=False, param_initializers=True
    ),
    "contrib batch by a tensor": _contrib_normalised("batch_norm", [5, 4, 4, 3], by_tensor=True),
    "contrib batch by a tensor, now": _contrib_normalised(
        "batch_norm", [5, 3], by_tensor=True, updates_collections=None
    ),
    "layer": _contrib_normalised("layer_norm", [3, 4, 2]),
    "layer, last axis": _contrib_normalised("layer_norm", [3, 2, 6], begin_norm_axis=-1),
    "instance": _contrib_normalised("instance_norm", [2, 4, 4, 3]),
    "instance, channels first": _contrib_normalised("instance_norm", [2, 3, 4, 4], data_format="NCHW"),
    "group": _contrib_normalised("group_norm", [2, 4, 4, 6], groups=3),
    "images as sequences": _function("images_to_sequence", [2, 3, 4, 2]),
    "sequences as images": _function("sequence_to_images", [4, 6, 2], 3),
    "softmax": _function("softmax", [2, 3, 4]),
    "spatial softmax": _function("spatial_softmax", [2, 4, 5, 3]),
    "unit norm": _function("unit_norm", [2, 3, 4], 1),
    "maxout": _function("maxout", [2, 6], 3),
    "one hot": lambda tf, x: tf.contrib.layers.one_hot_encoding(x.integers(0, 4, [3]), 4, 2.0, -1.0),
    "embedded": _embedded(False),
    "embedded, each once": _embedded(True),
    "regularisers": _regularised,
    "scaled gradient": _scaled_gradient,
    "sorted": _sorted,
}
BOUNDS = {"contrib batch of rows": 1e-4, "virtual batches": 1e-4, "batch along two axes": 1e-4}
OTHER_NAMES = {
    "conv1d dilated": "TensorFlow dilates by moving steps into the batch",
    "contrib conv2d dilated": "TensorFlow dilates by moving pixels into the batch",
    "sorted": "one node sorts",
    "scaled gradient": "TensorFlow makes a function of it",
    "embedded, each once": "fewer nodes",
}
