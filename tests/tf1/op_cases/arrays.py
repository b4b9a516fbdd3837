"""Tensors padded, rolled, repeated, broadcast, moved in blocks, checked and seen as other types."""

import numpy as np


def _image(x):
    return x.floats([2, 4, 6, 3])


CASES = {
    "pad": lambda tf, x: [
        tf.pad(x.floats([2, 3]), [[1, 0], [0, 2]]),
        tf.pad(x.floats([2, 3]), [[1, 0], [0, 2]], constant_values=-1.5),
        tf.pad(x.floats([2, 3]), [[1, 1], [2, 1]], "REFLECT"),
        tf.pad(x.floats([2, 3]), [[1, 2], [3, 1]], mode="symmetric"),
        tf.pad([1, 2], [[1, 1]], constant_values=9),
        tf.pad(tf.placeholder_with_default(x.floats([2]), [None]), [[2, 0]]),
    ],
    "roll": lambda tf, x: [
        tf.roll(x.floats([2, 5]), 2, 1),
        tf.roll(x.floats([2, 5]), [1, -2], [0, 1]),
        tf.manip.roll([1, 2, 3], shift=-1, axis=0),
    ],
    "broadcast_to": lambda tf, x: [
        tf.broadcast_to(x.floats([3]), [2, 3]),
        tf.broadcast_to(x.floats([2, 1]), tf.constant([2, 4])),
        tf.broadcast_dynamic_shape([2, 1], [3]),
    ],
    "meshgrid": lambda tf, x: [
        tf.meshgrid(x.floats([2]), x.floats([3], 1)),
        tf.meshgrid([1, 2], [3, 4, 5], [6, 7], indexing="ij"),
    ],
    "repeat": lambda tf, x: [
        tf.repeat(x.floats([2, 3]), 2),
        tf.repeat(x.floats([2, 3]), [2, 0, 1], axis=1),
        tf.repeat([1, 2], 3, axis=0),
    ],
    "space and batch": lambda tf, x: [
        tf.space_to_batch_nd(_image(x), [2, 3], [[0, 0], [1, 2]]),
        tf.batch_to_space_nd(x.floats([8, 2, 3, 1]), [2, 2], [[0, 1], [1, 0]]),
        tf.space_to_batch_nd(x.floats([2, 4]), [2], [[0, 0]]),
    ],
    "space and batch of images": lambda tf, x: [
        tf.space_to_batch(_image(x), [[0, 0], [0, 0]], 2),
        tf.batch_to_space(x.floats([4, 2, 2, 1]), [[0, 0], [0, 1]], block_size=2),
    ],
    "space and depth": lambda tf, x: [
        tf.space_to_depth(_image(x), 2),
        tf.depth_to_space(x.floats([1, 2, 3, 8]), 2),
    ],
    "required_space_to_batch_paddings": lambda tf, x: list(
        tf.required_space_to_batch_paddings([11, 7], [4, 2], tf.constant([[1, 0], [0, 0]]))
    ),
    "ensure_shape": lambda tf, x: tf.ensure_shape(
        tf.placeholder_with_default(x.floats([2, 3]), None), [None, 3]
    ),
    "shape_n": lambda tf, x: tf.shape_n([x.floats([2, 3]), x.floats([4])]),
    "bitcast": lambda tf, x: [
        tf.bitcast(x.floats([2]), tf.int32),
        tf.bitcast(x.constant([1, 258], "int32"), tf.uint8),
        tf.bitcast(x.constant([[1, 2, 3, 4]], "uint8"), tf.int32),
    ],
    "check_numerics": lambda tf, x: [
        tf.check_numerics(x.floats([3]), "here"),
        tf.verify_tensor_all_finite(x.floats([3]), "there"),
    ],
    "Print": lambda tf, x: tf.Print(x.floats([2]), [tf.constant(1)], "message", first_n=0),
    "strings moved": lambda tf, x: [
        tf.transpose([["a", "b"], ["c", "d"]]),
        tf.concat([["a"], ["b", "c"]], 0),
        tf.stack([tf.constant("a"), tf.constant("b")]),
        tf.unstack(tf.constant(["a", "b"])),
        tf.split(tf.constant(["a", "b", "c"]), [1, 2]),
        tf.tile(["a", "b"], [2]),
        tf.reverse(["a", "b", "c"], [0]),
        tf.expand_dims("a", 0),
        tf.squeeze([["a"]]),
        tf.constant(["a", "b", "c"])[1:],
        tf.constant(["a", "b", "c"])[-1],
        tf.slice(["a", "b", "c"], [1], [1]),
        tf.where([True, False], ["a", "b"], ["c", "d"]),
        tf.fill([2], "x"),
        tf.zeros_like(tf.constant(["a", "b"])),
        tf.equal(["a", "b"], ["a", "c"]),
        tf.not_equal(["a", "b"], "b"),
        tf.constant(["a", "b"]) + "c",
        tf.boolean_mask(["a", "b", "c"], [True, False, True]),
        tf.size(["a", "b"]),
    ],
    "strided_slice": lambda tf, x: [
        tf.strided_slice(x.floats([4, 5]), [0, 1], [3, -1]),
        tf.strided_slice(x.floats([4, 5]), [0, 3], [4, 0], [2, -1]),
        tf.strided_slice(x.floats([4, 5]), [1, 0], [2, 9], end_mask=2, shrink_axis_mask=1),
        tf.strided_slice([1, 2, 3, 4], tf.constant([1]), tf.constant([3]), tf.constant([1])),
    ],
    "where of shapes that broadcast": lambda tf, x: [
        tf.where_v2([[True], [False]], x.floats([3]), x.floats([2, 3], 1)),
        tf.where_v2([True, False], "a", ["b", "c"]),
    ],
    "small ones": lambda tf, x: [
        tf.clip_by_average_norm(x.floats([2, 3]), 0.1),
        tf.guarantee_const(x.floats([2])),
    ],
    "a mask": lambda tf, x: [
        tf.boolean_mask(x.floats([3, 4]), [True, False, True]),
        tf.boolean_mask(x.floats([3, 2]), [[True, False], [False, True], [True, True]]),
        tf.boolean_mask(x.floats([3, 4]), tf.constant(np.array([True, False, True, True])), axis=1),
    ],
}
OTHER_NAMES = {
    "meshgrid": "other nodes below the same scope",
    "repeat": "one node",
    "a mask": "other nodes",
    "small ones": "fewer nodes",
}
