"""Convolutions, pools and what brings images to a scale."""

CASES = {}
OTHER_NAMES = {}


def _case(name):
    def keep(function):
        CASES[name] = function
        return function

    return keep


def _images(x, height=5, width=6, channels=3):
    return x.floats([2, height, width, channels], 1)


@_case("conv2d")
def _conv2d(tf, x):
    images, kernel = _images(x), x.floats([3, 2, 3, 4], 2)
    return [
        tf.nn.conv2d(images, kernel, [1, 1, 1, 1], "SAME"),
        tf.nn.conv2d(images, kernel, [1, 2, 2, 1], "VALID"),
        tf.nn.conv2d(images, kernel, [1, 2, 3, 1], "SAME"),
        tf.nn.conv2d(images, kernel, 2, [[0, 0], [1, 2], [0, 1], [0, 0]]),
        tf.nn.conv2d(input=images, filters=kernel, strides=[2, 2], padding="SAME", name="named"),
    ]


@_case("conv2d in float64 of an unknown size")
def _conv2d_unknown(tf, x):
    images = tf.placeholder_with_default(x.floats([1, 4, 5, 2], 1, "float64"), [None, None, None, 2])
    return tf.nn.conv2d(images, x.floats([2, 2, 2, 3], 2, "float64"), [1, 3, 1, 1], "VALID")


@_case("conv1d")
def _conv1d(tf, x):
    rows, kernel = x.floats([2, 7, 3], 1), x.floats([3, 3, 4], 2)
    return [
        tf.nn.conv1d(rows, kernel, 1, "SAME"),
        tf.nn.conv1d(rows, kernel, stride=2, padding="VALID"),
        tf.nn.conv1d(value=rows, filters=kernel, stride=[2], padding="SAME", data_format="NWC"),
    ]


@_case("conv3d")
def _conv3d(tf, x):
    volumes, kernel = x.floats([1, 4, 5, 4, 2], 1), x.floats([2, 3, 2, 2, 3], 2)
    return [
        tf.nn.conv3d(volumes, kernel, [1, 1, 1, 1, 1], "SAME"),
        tf.nn.conv3d(volumes, kernel, [1, 2, 2, 2, 1], "VALID"),
    ]


@_case("convolution")
def _convolution(tf, x):
    images, kernel = _images(x), x.floats([3, 2, 3, 4], 2)
    rows, narrow = x.floats([2, 9, 3], 3), x.floats([2, 3, 2], 4)
    return [
        tf.nn.convolution(images, kernel, "SAME"),
        tf.nn.convolution(images, kernel, "VALID", strides=[2, 1]),
        tf.nn.convolution(images, kernel, "SAME", dilation_rate=[2, 2]),
        tf.nn.convolution(images, kernel, "VALID", dilations=[1, 3]),
        tf.nn.convolution(rows, narrow, "SAME"),
        tf.nn.convolution(rows, narrow, "SAME", dilation_rate=[3]),
        tf.nn.atrous_conv2d(images, kernel, 2, "SAME"),
        tf.nn.atrous_conv2d(images, kernel, 1, "VALID"),
    ]


@_case("transposed convolutions")
def _transposed(tf, x):
    images, kernel = _images(x), x.floats([3, 3, 4, 3], 2)
    return [
        tf.nn.conv2d_transpose(images, kernel, [2, 10, 12, 4], [1, 2, 2, 1]),
        tf.nn.conv2d_transpose(images, kernel, [2, 9, 11, 4], [1, 2, 2, 1]),
        tf.nn.conv2d_transpose(images, kernel, [2, 11, 14, 4], [1, 2, 2, 1], "VALID"),
        tf.nn.conv2d_transpose(images, kernel, tf.stack([2, 12, 13, 4]), [1, 2, 2, 1], "VALID"),
        tf.nn.conv1d_transpose(x.floats([2, 4, 3], 3), x.floats([3, 2, 3], 4), [2, 8, 2], 2),
        tf.nn.conv_transpose(images, kernel, [2, 10, 12, 4], 2),
        tf.nn.atrous_conv2d_transpose(images, kernel, [2, 5, 6, 4], 2, "SAME"),
    ]


@_case("conv3d_transpose")
def _transposed_volumes(tf, x):
    return tf.nn.conv3d_transpose(
        x.floats([1, 2, 3, 2, 2], 1), x.floats([2, 2, 2, 3, 2], 2), [1, 4, 6, 4, 3], [1, 2, 2, 2, 1]
    )


@_case("gradients of convolutions")
def _derivatives(tf, x):
    images, kernel, gradient = _images(x), x.floats([3, 2, 3, 4], 2), x.floats([2, 3, 3, 4], 3)
    steps = [1, 2, 2, 1]
    depthwise, apart = x.floats([2, 2, 3, 2], 4), x.floats([2, 5, 6, 6], 5)
    return [
        tf.nn.conv2d_backprop_input([2, 5, 6, 3], kernel, gradient, steps, "SAME"),
        tf.nn.conv2d_backprop_filter(images, [3, 2, 3, 4], gradient, steps, "SAME"),
        tf.nn.depthwise_conv2d_native_backprop_input([2, 5, 6, 3], depthwise, apart, [1, 1, 1, 1], "SAME"),
        tf.nn.depthwise_conv2d_native_backprop_filter(images, [2, 2, 3, 2], apart, [1, 1, 1, 1], "SAME"),
    ]


@_case("the gradient of conv3d by its kernel")
def _derivative_volumes(tf, x):
    return tf.nn.conv3d_backprop_filter_v2(
        x.floats([1, 3, 3, 4, 2], 1), [2, 2, 2, 2, 3], x.floats([1, 3, 3, 4, 3], 2), [1] * 5, "SAME"
    )


@_case("depthwise and separable")
def _depthwise(tf, x):
    images, kernel = _images(x), x.floats([2, 3, 3, 2], 2)
    return [
        tf.nn.depthwise_conv2d(images, kernel, [1, 1, 1, 1], "SAME"),
        tf.nn.depthwise_conv2d(images, kernel, [1, 2, 2, 1], "VALID"),
        tf.nn.depthwise_conv2d(images, kernel, [1, 1, 1, 1], "SAME", rate=[2, 2]),
        tf.nn.depthwise_conv2d_native(images, kernel, [1, 2, 2, 1], "SAME"),
        tf.nn.separable_conv2d(images, kernel, x.floats([1, 1, 6, 5], 3), [1, 1, 1, 1], "SAME"),
    ]


@_case("max pools")
def _max_pools(tf, x):
    images = _images(x, channels=4)
    return [
        tf.nn.max_pool(images, [1, 2, 2, 1], [1, 2, 2, 1], "SAME"),
        tf.nn.max_pool(images, [1, 3, 2, 1], [1, 1, 2, 1], "VALID"),
        tf.nn.max_pool(images, [1, 3, 3, 1], [1, 1, 1, 1], "SAME"),
        tf.nn.max_pool(images, 2, 3, "SAME"),
        tf.nn.max_pool2d(images, 2, 2, "VALID"),
        tf.nn.max_pool1d(x.floats([2, 7, 3], 2), 2, 2, "SAME"),
        tf.nn.max_pool_v2(x.floats([2, 7, 3], 2), 3, 1, "VALID"),
        tf.nn.pool(images, [2, 2], "MAX", "SAME", strides=[1, 2]),
        tf.nn.pool(x.floats([2, 7, 3], 2), [3], "MAX", "VALID"),
        tf.nn.max_pool_with_argmax(images, [1, 2, 3, 1], [1, 2, 2, 1], "SAME"),
        tf.nn.max_pool_with_argmax(
            images, [1, 2, 2, 1], [1, 2, 2, 1], "VALID", Targmax=tf.int64, include_batch_in_index=True
        ),
    ]


@_case("a pool over the channels")
def _depth_pool(tf, x):
    images = x.floats([2, 5, 6, 4], 1, gradient=False)
    return tf.nn.max_pool(images, [1, 1, 1, 2], [1, 1, 1, 2], "SAME")


@_case("average pools")
def _average_pools(tf, x):
    images = _images(x)
    return [
        tf.nn.avg_pool(images, [1, 2, 2, 1], [1, 2, 2, 1], "SAME"),
        tf.nn.avg_pool(images, [1, 3, 2, 1], [1, 1, 2, 1], "VALID"),
        tf.nn.avg_pool(images, [1, 3, 3, 1], [1, 1, 1, 1], "SAME"),
        tf.nn.avg_pool(images, [1, 4, 4, 1], [1, 3, 3, 1], "SAME"),
        tf.nn.avg_pool1d(x.floats([2, 7, 3], 2), 2, 2, "SAME"),
        tf.nn.avg_pool_v2(images, 2, 2, "VALID"),
        tf.nn.pool(images, [2, 2], "AVG", "SAME"),
    ]


@_case("dilated pools")
def _dilated_pools(tf, x):
    images = _images(x)
    return [
        tf.nn.pool(images, [2, 2], "MAX", "VALID", dilation_rate=[2, 1]),
        tf.nn.pool(images, [2, 2], "AVG", "VALID", dilation_rate=[2, 3]),
        tf.nn.pool(x.floats([2, 9, 3], 2), [2], "MAX", "VALID", dilation_rate=[3]),
    ]


@_case("pools of volumes")
def _volumes(tf, x):
    volumes = x.floats([1, 3, 4, 5, 2], 1)
    return [
        tf.nn.max_pool3d(volumes, 2, 2, "SAME"),
        tf.nn.max_pool3d(volumes, [1, 2, 3, 2, 1], [1, 1, 1, 1, 1], "VALID"),
        tf.nn.avg_pool3d(volumes, 2, 2, "SAME"),
        tf.nn.pool(volumes, [2, 2, 2], "AVG", "VALID"),
    ]


@_case("bias_add with channels first")
def _bias(tf, x):
    images = x.floats([2, 3, 4, 5])
    return [
        tf.nn.bias_add(images, x.floats([3], 1), "NCHW"),
        tf.nn.bias_add(images, x.floats([5], 1), "NHWC"),
        tf.nn.bias_add(x.floats([2, 5, 2], 2), x.floats([5], 1), data_format="NCHW"),
    ]


@_case("batch normalisation")
def _normalised(tf, x):
    images, mean, variance = _images(x), x.floats([3], 2), x.positive([3], 3)
    offset, scale = x.floats([3], 4), x.floats([3], 5)
    return [
        tf.nn.batch_normalization(images, mean, variance, offset, scale, 1e-3),
        tf.nn.batch_normalization(images, mean, variance, None, None, 1e-3),
        tf.nn.batch_normalization(images, mean, variance, offset, None, 1e-3),
        tf.nn.batch_normalization(images, mean, variance, None, scale, 1e-3, name="named"),
        tf.nn.batch_norm_with_global_normalization(images, mean, variance, offset, scale, 1e-3, True),
        tf.nn.batch_norm_with_global_normalization(images, mean, variance, offset, scale, 1e-3, False),
    ]


@_case("fused batch normalisation")
def _fused(tf, x):
    images, scale, offset = _images(x), x.floats([3], 2), x.floats([3], 3)
    return [
        tf.nn.fused_batch_norm(images, scale, offset),
        tf.nn.fused_batch_norm(images, scale, offset, epsilon=0.1, name="named"),
    ]


@_case("fused batch normalisation with statistics")
def _fused_known(tf, x):
    images, scale, offset = _images(x), x.floats([3], 2), x.floats([3], 3)
    mean, variance = x.floats([3], 4, gradient=False), x.positive([3], 5, gradient=False)
    return tf.nn.fused_batch_norm(images, scale, offset, mean, variance, is_training=False)[0]


@_case("local response normalisation")
def _responses(tf, x):
    images = _images(x, channels=7)
    return [tf.nn.lrn(images), tf.nn.local_response_normalization(images, 2, 1.5, 0.3, 0.75, name="named")]


@_case("moments")
def _moments(tf, x):
    images, weights = _images(x), x.positive([2, 1, 1, 3], 2)
    whole = tf.nn.sufficient_statistics(images, [0, 1], shift=0.5, keep_dims=True)
    return [
        list(tf.nn.sufficient_statistics(images, [0, 1])[:3]),
        list(whole[:3]),
        tf.nn.normalize_moments(10.0, whole[1], whole[2], 0.5),
        tf.nn.normalize_moments(10.0, whole[1], whole[2], None),
        tf.nn.weighted_moments(images, [0, 1], weights),
        tf.nn.weighted_moments(images, [2], weights, keepdims=True),
    ]
