"""What operations say of input that they cannot take, when they are made or when they are run."""

import re

import pytest

import ostinato.tf1 as tf

INVALID = tf.errors.InvalidArgumentError
MATRIX = tf.SparseTensorValue([[0, 1]], [1.0], [2, 2])
ROW = tf.SparseTensorValue([[1]], [1.0], [2])


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: tf.gather_nd([[1, 2]], [[0, 2]]), "does not index into param shape [1,2]"),
        (lambda: tf.dynamic_partition([1, 2], [0, 3], 2), "partitions[1] = 3 is not in [0, 2)"),
        (lambda: tf.invert_permutation([0, 3]), "3 is not between 0 and 2"),
        (lambda: tf.invert_permutation([1, 1]), "1 is duplicated in the input."),
        (lambda: tf.unravel_index([9], [2, 2]), "index is out of bound as with dims"),
        (lambda: tf.segment_sum([1, 2], [1, 0]), "segment ids are not increasing"),
        (lambda: tf.unsorted_segment_sum([1, 2], [0, 5], 3), "segment_ids[1] = 5 is not in [0, 3)"),
        (lambda: tf.check_numerics([1.0, float("nan")], "here"), "here : Tensor had NaN values"),
        (lambda: tf.check_numerics([float("inf")], "here"), "here : Tensor had Inf values"),
        (
            lambda: tf.ensure_shape(tf.placeholder_with_default([1, 2], None), [3]),
            "Shape of tensor [2] is not compatible with expected shape [3].",
        ),
        (lambda: tf.matrix_inverse([[1.0, 1.0], [1.0, 1.0]]), "Input matrix is not invertible."),
        (lambda: tf.cholesky([[-1.0]]), "Cholesky decomposition was not successful."),
        (lambda: tf.string_to_number("x"), "StringToNumberOp could not correctly convert string: x"),
        (lambda: tf.string_to_number("3000000000", tf.int32), "could not correctly convert string"),
        (lambda: tf.substr("abc", 5, 1), "pos 5 out of range for string b'abc' at index 0"),
        (
            lambda: tf.decode_raw(["ab", "abc"], tf.uint8),
            "DecodeRaw requires input strings to all",
        ),
        (
            lambda: tf.decode_raw("abc", tf.int16),
            "Input to DecodeRaw has length 3 that is not",
        ),
        (lambda: tf.decode_base64("a!"), "Invalid character found in base64."),
        (lambda: tf.regex_replace("a", "(", "b"), "Invalid pattern: ("),
        (lambda: tf.pad([1, 2], [[2, 0]], "REFLECT"), "paddings must be less than the dimension size"),
        (lambda: tf.histogram_fixed_width([1.0], [2.0, 1.0]), "value_range should satisfy"),
        (lambda: tf.bincount([-1]), "Input arr must be non-negative!"),
        (lambda: tf.confusion_matrix([3], [1], num_classes=2), "`labels` out of bound"),
        (
            lambda: tf.deserialize_many_sparse([["a", "b", "c"]], tf.float32),
            "Could not parse serialized proto",
        ),
        (
            lambda: tf.deserialize_many_sparse(tf.serialize_many_sparse(MATRIX), tf.int32),
            "Requested SparseTensor of type int32 but SparseTensor[0].values.dtype() == float",
        ),
        (
            lambda: tf.deserialize_many_sparse(
                [tf.serialize_sparse(MATRIX), tf.serialize_sparse(ROW)], "float32"
            ),
            "Inconsistent rank across SparseTensors: rank prior to SparseTensor[1] was: 2",
        ),
        (lambda: tf.serialize_many_sparse(ROW), "Rank of input SparseTensor should be > 1, but saw rank: 1"),
    ],
)
def test_a_run_says_what_is_wrong(make, message):
    with tf.Session() as session, pytest.raises(INVALID, match=re.escape(message)):
        session.run(make())


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: tf.gather_nd([1, 2], [[0, 0]]), ValueError, "indices.shape[-1] must be <= params.rank"),
        (lambda: tf.pad([1], [[0, 0]], "EDGE"), ValueError, "Unknown padding mode: EDGE"),
        (lambda: tf.serialize_sparse(1.0), TypeError, "Input must be a SparseTensor."),
        (lambda: tf.serialize_sparse(ROW, out_type=tf.variant), ValueError, "not as tf.variant"),
        (lambda: tf.strings.format("{} {}", 1), ValueError, "2 placeholder(s) in template does not match 1"),
        (lambda: tf.pad([1], [[0, 0], [0, 0]]), ValueError, "Shape must be rank 2 but is rank 1"),
        (lambda: tf.meshgrid([1], indexing="yx"), ValueError, "indexing parameter must be either"),
        (lambda: tf.einsum("ij,jk->il", [[1]], [[1]]), ValueError, "Unknown output indices l"),
        (lambda: tf.einsum("ij,jk", [[1]]), ValueError, "Incorrect number of arguments"),
        (lambda: tf.tensordot([[1]], [[1]], 3), ValueError, "'axes' must not be larger"),
        (lambda: tf.tensordot([[1, 2]], [[1]], 1), ValueError, "Dimensions must be equal, but are 2 and 1"),
        (lambda: tf.norm([1.0], ord="fro"), ValueError, "'ord' must be a supported vector norm"),
        (lambda: tf.searchsorted([1], [1], side="up"), ValueError, "side must be either 'right' or 'left'"),
        (lambda: tf.sort([1], direction="UP"), ValueError, "Direction should be one of"),
        (lambda: tf.as_string(1.0, scientific=True, shortest=True), ValueError, "Cannot select both"),
        (lambda: tf.string_to_hash_bucket_fast("a", 0), ValueError, "must be at least minimum 1"),
        (
            lambda: tf.string_split(["a"], result_type="RaggedTensor"),
            NotImplementedError,
            "there are no ragged tensors here",
        ),
        (lambda: tf.complex(1.0, tf.constant(1.0, tf.float64)), TypeError, "Types of real and imag"),
        (lambda: tf.fft([1.0]), TypeError, "has DataType float32 not in list of allowed values: complex64"),
        (lambda: tf.matrix_diag([1.0], k=1), ValueError, "tf.matrix_diag has k = 1"),
        (lambda: tf.math.polyval((1.0,), 2.0), ValueError, "Argument coeffs must be list type"),
        (lambda: tf.where_v2([True], 1), ValueError, "x and y must both be non-None or both be None."),
    ],
)
def test_a_graph_says_what_is_wrong(make, error, message):
    with pytest.raises(error, match=re.escape(message)):
        make()


@pytest.mark.parametrize(
    ("value", "dtype", "message"),
    [("3", tf.int32, "Cast string to int32 is not supported"), (3, tf.string, "Cast int32 to string is not")],
)
def test_strings_are_not_cast(value, dtype, message):
    with tf.Session() as session, pytest.raises(tf.errors.UnimplementedError, match=message):
        session.run(tf.cast(tf.constant(value), dtype))
