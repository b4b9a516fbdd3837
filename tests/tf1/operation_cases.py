"""Operations on fixed inputs, written once for this face and for TensorFlow 1.15.

Run by a Python that has TensorFlow 1.15, it writes the values that test_operations.py expects:

    python tests/tf1/operation_cases.py tests/data/tf1_operation_values.npz

So it keeps to the syntax of Python 3.7.
"""

import sys

import numpy as np

ELEMENTWISE = "negative abs sign square exp sin cos tanh sigmoid floor ceil round is_nan is_finite"
OF_POSITIVE = "sqrt rsqrt reciprocal log log1p"
BINARY = (
    "add subtract multiply realdiv floordiv floormod mod maximum minimum squared_difference equal not_equal "
    "greater greater_equal less less_equal divide truediv"
)
OF_INTEGERS = "floordiv floormod mod add maximum truediv div"
ACTIVATIONS = "relu relu6 elu selu softplus softsign leaky_relu softmax log_softmax l2_loss"
REDUCTIONS = "reduce_sum reduce_mean reduce_max reduce_min reduce_prod"


def inputs(tf):
    """(a, b, p): two float matrices and a positive one."""
    generator = np.random.RandomState(1)
    a = generator.randn(3, 4).astype(np.float32)
    b = generator.randn(3, 4).astype(np.float32)
    return tf.constant(a), tf.constant(b), tf.constant(np.abs(a) + np.float32(0.1))


def cases(tf, a, b, p):
    """The operations' results by name."""
    i, j = tf.cast(a * 5, tf.int32), tf.cast(tf.abs(b) * 5 + 1, tf.int32)
    found = {}
    for name in ELEMENTWISE.split():
        found[name] = getattr(tf, name)(a)
    for name in OF_POSITIVE.split():
        found[name] = getattr(tf, name)(p)
    for name in BINARY.split():
        found[name] = getattr(tf, name)(a, b)
    for name in OF_INTEGERS.split():
        found[name + " of integers"] = getattr(tf, name)(i, j)
    for name in ACTIVATIONS.split():
        found["nn." + name] = getattr(tf.nn, name)(a * 3)
    for name in REDUCTIONS.split():
        reduce = getattr(tf, name)
        found[name] = reduce(a)
        found[name + " over an axis"] = reduce(a, 1)
        found[name + " kept"] = reduce(a, [0, 1], keepdims=True)
        found[name + " of integers"] = reduce(i, 0)
        found[name + " by the older name"] = reduce(a, reduction_indices=[0])
    steps = tf.reshape(tf.concat([a, b], 0), [2, 3, 4])
    found.update(
        {
            "pow": tf.pow(p, b),
            "operators": (1 - a) / 2 + b * 2 - (-a) ** 2,
            "reduce_all": tf.reduce_all(a > 0, 1),
            "reduce_any": tf.reduce_any(a > 0, 1),
            "argmax": tf.argmax(a, 1),
            "argmin": tf.argmin(a, 0, output_type=tf.int32),
            "matmul": tf.matmul(a, b, transpose_b=True),
            "matmul transposed": tf.matmul(a, b, True),
            "matmul of batches": tf.matmul(tf.stack([a, b]), tf.stack([b, a]), transpose_b=True),
            "transpose": tf.transpose(a),
            "transpose perm": tf.transpose(steps, perm=[1, 0, 2]),
            "concat": tf.concat([a, b], 1),
            "stack": tf.stack([a, b], 2),
            "unstack": tf.unstack(a, axis=1)[2],
            "split": tf.split(a, 2, 1)[1],
            "split sizes": tf.split(a, [1, 3], 1)[1],
            "tile": tf.tile(a, [2, 1]),
            "gather": tf.gather(a, [[1], [3]], axis=1),
            "embedding_lookup": tf.nn.embedding_lookup(a, [[0, 2]]),
            "where": tf.where(a > b, a, b),
            "where rows": tf.where([True, False, True], a, b),
            "one_hot": tf.one_hot([0, 2], 3, on_value=5.0, off_value=-1.0, axis=0),
            "sequence_mask": tf.sequence_mask([1, 3]),
            "reverse": tf.reverse(a, [0]),
            "reverse_sequence": tf.reverse_sequence(a, [2, 4, 1], 1),
            "slice": tf.slice(a, [1, 0], [-1, 2]),
            "strided slice": a[::2, 1:-1],
            "strided slice backwards": a[::-1, -2],
            "newaxis": a[:, tf.newaxis],
            "ellipsis": steps[..., 1],
            "squeeze": tf.squeeze(tf.expand_dims(a, 0)),
            "xw_plus_b": tf.nn.xw_plus_b(a, tf.transpose(b), tf.constant([1.0, 2.0, 3.0])),
            "bias_add": tf.nn.bias_add(a, [1.0, 2.0, 3.0, 4.0]),
            "clip_by_value": tf.clip_by_value(a, -0.5, 0.5),
            "clip_by_norm": tf.clip_by_norm(a, 0.7),
            "clip_by_norm of rows": tf.clip_by_norm(a, 0.7, axes=[1]),
            "clip_by_global_norm": tf.clip_by_global_norm([a, b], 1.0)[0][1],
            "global_norm": tf.global_norm([a, b]),
            "add_n": tf.add_n([a, b, a]),
            "range": tf.range(1.0, 2.0, 0.25),
            "fill": tf.fill([2], 7),
            "zeros": tf.zeros([2, 3]),
            "ones_like": tf.ones_like(i),
            "zeros_like": tf.zeros_like(a, dtype=tf.int32),
            "cast": tf.cast(a * 3, tf.int32),
            "cast of booleans": tf.cast([True, False], tf.float32),
            "size": tf.size(a),
            "rank": tf.rank(a),
            "shape": tf.shape(a, out_type=tf.int64),
            "logic": tf.logical_and(a > 0, b > 0) | ~(a > b),
            "in_top_k": tf.nn.in_top_k(a, [0, 3, 1], 2),
            "softmax cross entropy": tf.nn.softmax_cross_entropy_with_logits_v2(
                labels=tf.nn.softmax(b), logits=a
            ),
            "softmax cross entropy of constant labels": tf.nn.softmax_cross_entropy_with_logits(
                labels=tf.nn.softmax(b), logits=a
            ),
            "sparse cross entropy": tf.nn.sparse_softmax_cross_entropy_with_logits(
                labels=[0, 3, 1], logits=a
            ),
            "sigmoid cross entropy": tf.nn.sigmoid_cross_entropy_with_logits(labels=tf.sigmoid(b), logits=a),
        }
    )
    return found


def evaluated(tf):
    """For each operation: its value, and the gradients of the sum of its squares that there are."""
    a, b, p = inputs(tf)
    values = {}
    with tf.Session() as session:
        for name, tensor in cases(tf, a, b, p).items():
            values["value|" + name] = session.run(tensor)
            values["name|" + name] = np.array(tensor.name)
            if tensor.dtype.is_floating:
                gradients = tf.gradients(tf.reduce_sum(tensor * tensor), [a, b, p])
                for index, label in enumerate("abp"):
                    if gradients[index] is not None:
                        gradient = tf.convert_to_tensor(gradients[index])
                        values["gradient " + label + "|" + name] = session.run(gradient)
    return values


if __name__ == "__main__":
    import tensorflow

    np.savez_compressed(sys.argv[1], **evaluated(tensorflow))
