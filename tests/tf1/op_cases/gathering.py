"""Slices picked and put by coordinates, rows dealt out and put together, elements that differ."""


def _unknown(tf, tensor):
    """The tensor, with nothing known of its shape."""
    return tf.placeholder_with_default(tensor, None)


CASES = {
    "gather_nd": lambda tf, x: [
        tf.gather_nd(x.floats([3, 4, 2]), [[0, 1], [2, 3]]),
        tf.gather_nd(x.floats([3, 4, 2]), [[[1]], [[0]]]),
        tf.gather_nd(x.floats([3, 4], gradient=False), tf.constant([2, 1], tf.int64)),
        tf.gather_nd(["a", "b", "c"], [[2], [0]]),
        tf.gather_nd(_unknown(tf, x.floats([3, 4])), [[0, 0], [1, 1]]),
    ],
    "gather_nd of batches": lambda tf, x: [
        tf.gather_nd(x.floats([2, 3, 4]), [[[0, 1], [2, 3]], [[1, 1], [0, 0]]], batch_dims=1),
        tf.gather_nd(x.floats([2, 3, 4]), [[[0], [3], [1]], [[1], [1], [2]]], batch_dims=2),
    ],
    "gather of batches": lambda tf, x: [
        tf.gather(x.floats([2, 3, 4], gradient=False), [[0, 2], [1, 1]], batch_dims=1),
        tf.gather(x.floats([2, 3, 4], gradient=False), [[0, 2], [1, 1]], batch_dims=1, axis=2),
        tf.gather(x.floats([2, 3, 4]), [[[0], [2], [1]], [[1], [1], [0]]], batch_dims=2),
        tf.batch_gather(x.floats([2, 3, 4]), [[0, 2], [1, 1]]),
        tf.batch_gather(x.floats([2, 3]), [[0, 2, 2], [1, 1, 0]]),
    ],
    "gather along axes": lambda tf, x: [
        tf.gather(x.floats([3, 4]), 1),
        tf.gather(x.floats([3, 4]), [1, 1], axis=tf.constant(1)),
        tf.gather(x.floats([3, 4, 2]), [[1], [0]], axis=-2),
        tf.gather(["a", "b"], [1, 0, 1]),
    ],
    "tensor_scatter": lambda tf, x: [
        tf.tensor_scatter_update(x.floats([4, 2]), [[0], [3]], x.floats([2, 2], 1)),
        tf.tensor_scatter_add(x.floats([4, 2]), [[0, 1], [0, 1]], x.floats([2], 1)),
        tf.tensor_scatter_sub(x.floats([4, 2]), [[0], [0]], x.floats([2, 2], 1)),
        tf.tensor_scatter_nd_update(tf.zeros([3], tf.int32), [[1]], [5]),
    ],
    "dynamic_partition": lambda tf, x: [
        tf.dynamic_partition(x.floats([5, 2]), [0, 2, 0, 1, 2], 4),
        tf.dynamic_partition(x.floats([2, 3]), [[0, 1, 0], [1, 1, 0]], 2),
        tf.dynamic_partition(["a", "b"], [1, 1], 2),
    ],
    "dynamic_stitch": lambda tf, x: [
        tf.dynamic_stitch([[0, 3], [2, 1]], [x.floats([2, 3]), x.floats([2, 3], 1)]),
        tf.dynamic_stitch([1, [0, 1]], [x.floats([2]), x.floats([2, 2], 1)]),
        tf.dynamic_stitch([[0], [1]], [["a"], ["b"]]),
    ],
    "partition and stitch": lambda tf, x: tf.dynamic_stitch(
        tf.dynamic_partition(_unknown(tf, tf.range(4)), [0, 1, 0, 1], 2),
        tf.dynamic_partition(x.floats([4, 2]), [0, 1, 0, 1], 2),
    ),
    "invert_permutation": lambda tf, x: [
        tf.invert_permutation([3, 0, 2, 1]),
        tf.invert_permutation(tf.constant([1, 0], tf.int64)),
    ],
    "unravel_index": lambda tf, x: [tf.unravel_index([5, 22], [4, 6]), tf.unravel_index(7, [2, 2, 2])],
    "unique": lambda tf, x: [
        tf.unique([3, 1, 3, 2, 1]),
        tf.unique(["b", "a", "b"], out_idx=tf.int64),
        tf.unique(x.constant([1.5, -1.0, 1.5])),
        tf.unique_with_counts([3, 1, 3, 2, 1]),
        tf.unique_with_counts(["b", "a", "b"], tf.int64),
    ],
    "setdiff1d": lambda tf, x: [
        tf.setdiff1d([1, 2, 3, 2, 4], [2, 5]),
        tf.setdiff1d(["a", "b"], ["b"], tf.int64),
    ],
    "scatter_nd": lambda tf, x: [
        tf.scatter_nd([[1], [3], [1]], x.floats([3, 2]), [5, 2]),
        tf.scatter_nd([[[0, 1]], [[1, 0]]], x.floats([2, 1, 3]), tf.constant([2, 2, 3])),
    ],
}
OTHER_NAMES = {
    "gather_nd of batches": "made of other nodes",
    "gather of batches": "made of other nodes",
}
