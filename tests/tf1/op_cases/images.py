"""The operations of tf.image."""

CASES = {}
OTHER_NAMES = {}
_FUSED = "TensorFlow's are made of several nodes, with other names"


def _case(name):
    def keep(function):
        CASES[name] = function
        OTHER_NAMES[name] = _FUSED
        return function

    return keep


def _images(x, seed=1, gradient=True):
    return x.floats([2, 5, 7, 3], seed, low=0.0, high=1.0, gradient=gradient)


def _bytes(x):
    return x.integers(0, 256, [5, 7, 3], "uint8", seed=2)


@_case("resizing")
def _resizing(tf, x):
    images, whole = _images(x), _bytes(x)
    found = []
    for method in [0, 1]:
        for size in [[3, 4], [9, 11], [5, 14], [1, 1]]:
            found.append(tf.image.resize_images(images, size, method))
            found.append(tf.image.resize_images(images, size, method, align_corners=True))
            found.append(tf.image.resize_images(whole, size, method))
    return [
        *found,
        tf.image.resize_images(whole, [5, 7]),
        tf.image.resize_images(images, [9, 9], preserve_aspect_ratio=True),
        tf.image.resize_images(
            tf.placeholder_with_default(images, [None, None, None, 3]), [9, 9], preserve_aspect_ratio=True
        ),
        tf.image.resize_bilinear(images, [4, 6], half_pixel_centers=True),
        tf.image.resize_nearest_neighbor(images, [4, 6], half_pixel_centers=True),
        tf.image.resize_image_with_pad(images, 8, 8),
        tf.image.resize_image_with_pad(whole, 3, 9),
    ]


@_case("resizing by cubes and areas")
def _cubes(tf, x):
    images, whole = _images(x, gradient=False), _bytes(x)
    found = []
    for method in [2, 3]:
        for size in [[3, 4], [9, 11], [5, 14]]:
            found.append(tf.image.resize_images(images, size, method))
            found.append(tf.image.resize_images(whole, size, method, align_corners=True))
    return [*found, tf.image.resize_bicubic(images, [4, 9], half_pixel_centers=True)]


@_case("crops and pads")
def _crops(tf, x):
    images, whole = _images(x), _bytes(x)
    return [
        tf.image.crop_to_bounding_box(images, 1, 2, 3, 4),
        tf.image.pad_to_bounding_box(images, 1, 2, 8, 11),
        tf.image.pad_to_bounding_box(whole, 0, 0, 5, 9),
        tf.image.resize_image_with_crop_or_pad(images, 4, 10),
        tf.image.resize_image_with_crop_or_pad(images, 8, 4),
        tf.image.resize_image_with_crop_or_pad(whole, 2, 3),
        tf.image.central_crop(images, 0.5),
        tf.image.central_crop(whole, 0.7),
        tf.image.crop_and_resize(
            images, [[0.1, 0.2, 0.9, 0.8], [0.5, 0.0, 1.2, 1.0], [0.9, 0.9, 0.1, 0.2]], [0, 1, 1], [3, 4]
        ),
        tf.image.crop_and_resize(images, [[0.1, 0.2, 0.9, 0.8]], [1], [1, 5], extrapolation_value=2.0),
    ]


@_case("crops by the nearest pixel")
def _nearest(tf, x):
    return tf.image.crop_and_resize(
        _images(x, gradient=False), [[0.1, 0.2, 0.9, 0.8]], [1], [3, 5], method="nearest"
    )


@_case("flips and turns")
def _flips(tf, x):
    images, whole = _images(x), _bytes(x)
    found = [tf.image.rot90(images, k) for k in range(4)]
    return [
        *found,
        tf.image.rot90(whole),
        tf.image.flip_left_right(images),
        tf.image.flip_up_down(whole),
        tf.image.transpose_image(images),
        tf.image.random_flip_left_right(whole, seed=1),
        tf.image.random_flip_up_down(whole, seed=2),
        tf.image.random_flip_left_right(x.floats([6, 2, 3, 1], 4), seed=3),
    ]


@_case("colours")
def _colours(tf, x):
    images, whole = _images(x), _bytes(x)
    return [
        tf.image.rgb_to_grayscale(images),
        tf.image.rgb_to_grayscale(whole),
        tf.image.grayscale_to_rgb(images[..., :1]),
        tf.image.rgb_to_yiq(images),
        tf.image.rgb_to_yuv(images),
        tf.image.yiq_to_rgb(images),
        tf.image.yuv_to_rgb(images),
        tf.image.adjust_brightness(images, 0.2),
        tf.image.adjust_brightness(whole, -0.3),
        tf.image.adjust_gamma(images, 2.0, 0.5),
        tf.image.adjust_gamma(whole, 0.5),
    ]


@_case("colours without gradients")
def _more_colours(tf, x):
    images, whole = _images(x, gradient=False), _bytes(x)
    grey = tf.stack([images[..., 0]] * 3, -1)
    return [
        tf.image.rgb_to_hsv(images),
        tf.image.rgb_to_hsv(grey),
        tf.image.hsv_to_rgb(images),
        tf.image.adjust_contrast(images, 1.7),
        tf.image.adjust_contrast(whole, 0.4),
        tf.image.adjust_hue(images, 0.3),
        tf.image.adjust_hue(whole, -0.2),
        tf.image.adjust_saturation(images, 1.5),
        tf.image.adjust_saturation(whole, 0.3),
        tf.image.random_brightness(images, 0.3, seed=1),
        tf.image.random_contrast(images, 0.3, 1.4, seed=2),
        tf.image.random_hue(images, 0.3, seed=3),
        tf.image.random_saturation(images, 0.3, 1.4, seed=4),
        tf.image.random_crop(images, [2, 3, 3, 3], seed=5),
    ]


@_case("types of images")
def _types(tf, x):
    images, whole = _images(x, gradient=False), _bytes(x)
    convert = tf.image.convert_image_dtype
    return [
        convert(images, tf.uint8),
        convert(images * 3.0 - 1.0, tf.uint8, saturate=True),
        convert(whole, tf.float32),
        convert(whole, tf.int32),
        convert(convert(whole, tf.int32), tf.uint8),
        convert(images, tf.float64),
        convert(whole, tf.uint8),
    ]


@_case("measures")
def _measures(tf, x):
    images, others = _images(x), _images(x, 3)
    large, larger = (x.floats([2, 12, 13, 3], seed, low=0.0, high=1.0) for seed in (5, 6))
    return [
        tf.image.per_image_standardization(images),
        tf.image.total_variation(images),
        tf.image.total_variation(images[0]),
        tf.image.psnr(images, others, 1.0),
        tf.image.ssim(large, larger, 1.0),
        tf.image.ssim(large, larger, 1.0, filter_size=5, filter_sigma=1.0),
        tf.image.image_gradients(images),
        tf.image.sobel_edges(images),
        tf.image.extract_image_patches(images, [1, 2, 3, 1], [1, 2, 2, 1], [1, 1, 1, 1], "SAME"),
        tf.image.extract_image_patches(images, [1, 2, 2, 1], [1, 1, 1, 1], [1, 2, 3, 1], "VALID"),
    ]


@_case("measures without gradients")
def _boxes(tf, x):
    corners = x.floats([20, 2], 1, low=0.0, high=1.0, gradient=False)
    boxes = tf.concat([corners, corners + x.positive([20, 2], 2, gradient=False)], 1)
    scores = x.floats([20], 3, gradient=False)
    whole = _bytes(x)
    return [
        tf.image.non_max_suppression(boxes, scores, 7),
        tf.image.non_max_suppression(boxes, scores, 20, 0.2, 0.0),
        tf.image.psnr(whole, x.integers(0, 256, [5, 7, 3], "uint8", seed=9), 255),
        tf.image.per_image_standardization(whole),
    ]


@_case("glimpses")
def _glimpses(tf, x):
    images = x.floats([3, 9, 12, 2], gradient=False)
    offsets = x.constant([[0.2, -0.3], [0.0, 0.1], [-0.2, 0.25]], "float32")
    return [
        tf.image.extract_glimpse(images, [3, 4], offsets),
        tf.image.extract_glimpse(images, [2, 5], [[1.0, 2.0], [-2.0, 1.0], [0.0, 0.0]], normalized=False),
        tf.image.extract_glimpse(images, [2, 5], [[4.0, 6.0], [5.0, 3.0], [2.0, 4.0]], False, False),
        tf.image.extract_glimpse(images, [2, 5], [[0.4, 0.6], [0.5, 0.3], [0.2, 0.4]], centered=False),
    ]
