"""Sparse tensors: their moves, sums, products and reductions."""


def _a(tf, x, gradient=True):
    return tf.SparseTensor([[0, 1], [0, 3], [2, 0], [2, 2]], x.floats([4], gradient=gradient), [3, 4])


def _b(tf, x, gradient=True):
    places = [[0, 0], [0, 3], [1, 1], [2, 2], [2, 3]]
    return tf.SparseTensor(places, x.floats([5], 1, gradient=gradient), [3, 4])


def _cube(tf, x):
    return tf.SparseTensor([[0, 0, 1], [0, 1, 0], [1, 0, 2], [1, 1, 1]], x.floats([4], 2), [2, 2, 3])


def _text(tf):
    return tf.SparseTensor([[0, 0], [1, 2]], ["a", "bc"], [2, 3])


def _ids(tf):
    return tf.SparseTensor([[0, 0], [0, 1], [2, 0]], tf.constant([2, 0, 3], tf.int64), [3, 2])


CASES = {
    "to dense": lambda tf, x: [
        tf.sparse_tensor_to_dense(_a(tf, x)),
        tf.sparse_tensor_to_dense(_a(tf, x), default_value=x.floats([])),
        tf.sparse_tensor_to_dense(_text(tf), "none"),
        tf.sparse_tensor_to_dense(_text(tf), default_value=""),
        tf.sparse.to_dense(_ids(tf), -1),
    ],
    "sparse_to_dense": lambda tf, x: [
        tf.sparse_to_dense([1, 3], [5], x.floats([2], gradient=False)),
        tf.sparse_to_dense([[1], [3]], [5], x.floats([2])),
        tf.sparse_to_dense(2, [4], 7, -1),
        tf.sparse_to_dense([[0, 1], [1, 0]], [2, 2], 1),
        tf.sparse_to_dense([[1, 1], [0, 0]], [2, 2], [1.0, 2.0], 0.5, validate_indices=False),
    ],
    "reorder": lambda tf, x: tf.sparse_reorder(
        tf.SparseTensor([[2, 0], [0, 3], [0, 1]], x.floats([3]), [3, 4])
    ),
    "reshape": lambda tf, x: [
        tf.sparse_reshape(_a(tf, x), [2, -1]),
        tf.sparse_reshape(_a(tf, x), tf.placeholder_with_default(tf.constant([-1], tf.int64), [1])),
    ],
    "transpose": lambda tf, x: [
        tf.sparse_transpose(_a(tf, x)),
        tf.sparse_transpose(_cube(tf, x), [1, 2, 0]),
    ],
    "concat": lambda tf, x: [
        tf.sparse_concat(1, [_a(tf, x), _b(tf, x)]),
        tf.sparse_concat(axis=0, sp_inputs=[_a(tf, x), _b(tf, x), _a(tf, x)]),
        tf.sparse_concat(
            -1,
            [_a(tf, x), tf.SparseTensor([[3, 0]], x.floats([1]), [4, 1])],
            expand_nonconcat_dim=True,
        ),
        tf.sparse_concat(concat_dim=0, axis=None, sp_inputs=[_text(tf), _text(tf)]),
    ],
    "split": lambda tf, x: [
        tf.sparse_split(sp_input=_a(tf, x), num_split=2, axis=0),
        tf.sparse_split(sp_input=_a(tf, x), num_split=3, axis=1),
    ],
    "slice": lambda tf, x: [
        tf.sparse_slice(_a(tf, x), [0, 1], [2, 9]),
        tf.sparse_slice(_cube(tf, x), [1, 0, 1], [1, 2, 2]),
    ],
    "retain": lambda tf, x: tf.sparse_retain(_a(tf, x), [True, False, False, True]),
    "reset shape": lambda tf, x: [
        tf.sparse_reset_shape(_a(tf, x)),
        tf.sparse_reset_shape(_a(tf, x), [4, 5]),
    ],
    "fill empty rows": lambda tf, x: [
        tf.sparse_fill_empty_rows(_a(tf, x), x.floats([])),
        tf.sparse_fill_empty_rows(_text(tf), "?"),
    ],
    "merge": lambda tf, x: [
        tf.sparse_merge(_ids(tf), tf.SparseTensor([[0, 0], [0, 1], [2, 0]], x.floats([3]), [3, 2]), 5),
        tf.sparse_to_indicator(_ids(tf), 5),
    ],
    "mask": lambda tf, x: tf.sparse_mask(
        tf.IndexedSlices(x.floats([3, 2]), tf.constant([4, 1, 5]), tf.constant([6, 2])), [1, 2]
    ),
    "eye, expand_dims, from_dense": lambda tf, x: [
        tf.sparse.eye(2, 3),
        tf.sparse.expand_dims(_a(tf, x)),
        tf.sparse.expand_dims(_a(tf, x), 0),
        tf.sparse.from_dense(x.floats([2, 3]) * tf.constant([[0.0, 1.0, 1.0], [1.0, 0.0, 0.0]])),
    ],
    "add": lambda tf, x: [
        tf.sparse_add(_a(tf, x), _b(tf, x)),
        tf.sparse_add(_a(tf, x), _b(tf, x), thresh=0.9),
        tf.sparse_add(_a(tf, x), x.floats([3, 4], 3)),
        tf.sparse_add(x.floats([3, 4], 3), _a(tf, x)),
    ],
    "maximum and minimum": lambda tf, x: [
        tf.sparse_maximum(_a(tf, x, False), _b(tf, x, False)),
        tf.sparse_minimum(_a(tf, x, False), _b(tf, x, False)),
    ],
    "operators": lambda tf, x: [
        _a(tf, x) * x.floats([3, 4], 4),
        _a(tf, x, False) / x.positive([4], gradient=False),
        _a(tf, x, False) * 2.0,
        _ids(tf) * tf.constant(3, tf.int64),
    ],
    "dense product": lambda tf, x: [
        tf.sparse_tensor_dense_matmul(_a(tf, x), x.floats([4, 2], 5)),
        tf.sparse_tensor_dense_matmul(_a(tf, x), x.floats([3, 2], 5), adjoint_a=True),
        tf.sparse.matmul(_a(tf, x), x.floats([2, 4], 5), adjoint_b=True),
    ],
    "sparse_matmul": lambda tf, x: tf.sparse_matmul(
        x.floats([2, 3]), x.floats([4, 3]), transpose_b=True, a_is_sparse=True
    ),
    "sums": lambda tf, x: [
        tf.sparse_reduce_sum(_a(tf, x)),
        tf.sparse_reduce_sum(_a(tf, x), 1),
        tf.sparse_reduce_sum(_cube(tf, x), [0, -1], keepdims=True),
        tf.sparse_reduce_sum(_cube(tf, x), reduction_axes=1, keep_dims=True),
    ],
    "sparse sums and maxima": lambda tf, x: [
        tf.sparse_reduce_sum_sparse(_cube(tf, x), 1),
        tf.sparse_reduce_max_sparse(_cube(tf, x), 0, keepdims=True),
        tf.sparse_reduce_max(_cube(tf, x), [1]),
        tf.sparse_reduce_max(_a(tf, x)),
    ],
    "softmax": lambda tf, x: [tf.sparse_softmax(_a(tf, x)), tf.sparse_softmax(_cube(tf, x))],
    "segments": lambda tf, x: [
        tf.sparse_segment_sum(x.floats([5, 2]), [4, 0, 0], [0, 0, 2]),
        tf.sparse_segment_mean(x.floats([5, 2]), [4, 0, 3], [0, 0, 2]),
        tf.sparse_segment_sqrt_n(x.floats([5, 2]), [4, 0, 3], [0, 0, 2]),
    ],
    "segments of a number": lambda tf, x: [
        tf.sparse_segment_sum(x.floats([5, 2]), [4, 0, 0], [0, 0, 2], num_segments=4),
        tf.sparse_segment_mean(x.floats([5, 2]), [4, 0, 3], [0, 0, 2], num_segments=4),
        tf.sparse_segment_sqrt_n(x.floats([5, 2]), [4, 0, 3], [0, 0, 2], num_segments=4),
    ],
    "sets": lambda tf, x: [
        tf.sets.set_intersection(tf.constant([[1, 2, 2], [3, 4, 5]]), tf.constant([[2, 9], [5, 3]])),
        tf.sets.set_difference(tf.constant([[1, 2, 2], [3, 4, 5]]), tf.constant([[2, 9], [5, 3]])),
        tf.sets.set_difference(tf.constant([[1, 2], [3, 4]]), tf.constant([[2, 9], [5, 3]]), aminusb=False),
        tf.sets.set_union(tf.constant([["a", "b"]]), tf.constant([["c", "a"]])),
        tf.sets.set_size(_ids(tf)),
        tf.sets.set_intersection(tf.constant([[2, 7], [1, 1], [3, 3]], tf.int64), _ids(tf)),
        tf.sets.set_union(_ids(tf), _ids(tf)),
        tf.sets.set_difference(_ids(tf), tf.constant([[2, 7], [1, 1], [9, 3]], tf.int64)),
    ],
}


def _deserialized(tf, sparse, dtype, rank):
    return tf.deserialize_many_sparse(tf.serialize_many_sparse(sparse), dtype, rank=rank)


def _gathered(tf, texts, dtype, rank=None):
    rows = tf.stack([tf.serialize_sparse(text) for text in texts])
    return tf.io.deserialize_many_sparse(rows, dtype, rank, name="n")


CASES["as texts"] = lambda tf, x: [
    tf.serialize_sparse(_a(tf, x, False)),
    tf.serialize_sparse(_text(tf), name="text"),
    tf.serialize_many_sparse(_cube(tf, x)),
    tf.io.serialize_many_sparse(_ids(tf)),
    _deserialized(tf, _cube(tf, x), tf.float32, None),
    _deserialized(tf, _ids(tf), tf.int64, 2),
    _gathered(tf, [_text(tf), tf.SparseTensorValue([[3, 0]], ["z" * 200], [7, 1])], tf.string, 3),
]
_FOLDED = "TensorFlow makes a constant of the shape where it is known"
OTHER_NAMES = {
    "sparse_matmul": "a dense product",
    "concat": _FOLDED,
    "reshape": _FOLDED,
    "transpose": _FOLDED,
    "merge": _FOLDED,
    "add": _FOLDED,
    "maximum and minimum": _FOLDED,
    "reset shape": _FOLDED,
    "eye, expand_dims, from_dense": _FOLDED,
}
