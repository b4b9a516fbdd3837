"""Values, gradients and names of operations against those of TensorFlow 1.15; see operation_cases.py."""

from pathlib import Path

import numpy as np
import pytest

import ostinato.tf1 as tf
from tf1.operation_cases import evaluated

EXPECTED = np.load(Path(__file__).parents[1] / "data" / "tf1_operation_values.npz")
NAMES = sorted(key.split("|")[1] for key in EXPECTED.files if key.startswith("value|"))


@pytest.fixture(scope="module")
def ours():
    with tf.Graph().as_default():
        return evaluated(tf)


@pytest.mark.parametrize("name", NAMES)
def test_an_operation_gives_what_tensorflow_gives(ours, name):
    kinds = [key.split("|")[0] for key in EXPECTED.files if key.endswith("|" + name)]
    assert sorted(kinds) == sorted(key.split("|")[0] for key in ours if key.endswith("|" + name))
    for kind in kinds:
        value, expected = ours[f"{kind}|{name}"], EXPECTED[f"{kind}|{name}"]
        if kind == "name":
            assert str(value) == str(expected)
            continue
        assert (value.dtype, value.shape) == (expected.dtype, expected.shape)
        if value.dtype.kind == "f":
            np.testing.assert_allclose(value, expected, rtol=1e-4, atol=1e-5)
        else:
            np.testing.assert_array_equal(value, expected)


@pytest.mark.parametrize("strategy", ["mod", "div"])
def test_a_table_in_shards_is_looked_up_as_in_tensorflow(strategy):
    whole = np.arange(14.0, dtype=np.float32).reshape(7, 2)
    order = [0, 3, 6, 1, 4, 2, 5] if strategy == "mod" else range(7)
    rows = whole[list(order)]
    shards = [tf.constant(part) for part in np.split(rows, [3, 5])]
    ids = tf.placeholder(tf.int32, [None, 2])
    looked = tf.nn.embedding_lookup(shards, ids, partition_strategy=strategy)
    assert looked.shape.as_list() == [None, 2, 2]
    gradient = tf.convert_to_tensor(tf.gradients(looked, shards[0])[0])
    with tf.Session() as session:
        wanted = [[0, 6], [3, 3]]
        np.testing.assert_array_equal(session.run(looked, {ids: wanted}), whole[wanted])
        counts = session.run(gradient, {ids: [[0, 0], [6, 3]]})[:, 0]
        assert counts.tolist() == ([2, 1, 1] if strategy == "mod" else [2, 0, 0])
        with pytest.raises(tf.errors.InvalidArgumentError, match="indices = 7 is not in the 3 tables"):
            session.run(looked, {ids: [[0, 7]]})


def test_looked_up_rows_are_clipped_to_a_norm():
    table = tf.constant([[3.0, 4.0], [0.3, 0.4]])
    with tf.Session() as session:
        rows = session.run(tf.nn.embedding_lookup(table, [0, 1], max_norm=1.0))
    np.testing.assert_allclose(rows, [[0.6, 0.8], [0.3, 0.4]], rtol=1e-6)
    with pytest.raises(ValueError, match="Unrecognized partition strategy: rows"):
        tf.nn.embedding_lookup([table, table], [0], partition_strategy="rows")
    with pytest.raises(ValueError, match="Need at least one param"):
        tf.nn.embedding_lookup([], [0])


def test_adjoints_of_complex_matrices():
    matrix = np.array([[1 + 2j, 3j], [4.0, 5 - 1j]], np.complex64)
    a = tf.constant(matrix)
    with tf.Session() as session:
        product = session.run(tf.matmul(a, a, adjoint_a=True))
        turned = session.run(tf.transpose(a, conjugate=True))
    np.testing.assert_allclose(product, matrix.conj().T @ matrix, rtol=1e-6)
    np.testing.assert_array_equal(turned, matrix.conj().T)
    with pytest.raises(ValueError, match="Only one of transpose_a and adjoint_a"):
        tf.matmul(a, a, transpose_a=True, adjoint_a=True)


WRONG_TYPES = {
    "minus a boolean": lambda b, x: -b,
    "a sum of booleans": lambda b, x: b + b,
    "the size of a boolean": lambda b, x: abs(b),
    "a sigmoid of whole numbers": lambda b, x: tf.sigmoid(tf.cast(x, tf.int32)),
    "a sum over booleans": lambda b, x: tf.reduce_sum(b),
    "an order of booleans": lambda b, x: b < b,
    "a softmax of whole numbers": lambda b, x: tf.nn.softmax(tf.cast(x, tf.int32)),
}


@pytest.mark.parametrize("name", WRONG_TYPES)
def test_types_that_an_operation_does_not_take(name):
    b, x = tf.placeholder(tf.bool, [2]), tf.placeholder(tf.float32, [2])
    with pytest.raises(
        TypeError, match=r"Value passed to parameter '.*' has DataType .* not in list of allowed"
    ):
        WRONG_TYPES[name](b, x)


@pytest.mark.parametrize(
    ("function", "kind", "words"),
    [
        (
            lambda x: ~x,
            TypeError,
            "Input 'x' of 'LogicalNot' Op has type float32 that does not match expected",
        ),
        (lambda x: x ^ x, TypeError, "Input 'x' of 'LogicalOr' Op has type float32"),
        (lambda x: x[0:1:0], ValueError, r"strides\[0\] must be non-zero for 'strided_slice'"),
        (lambda x: x[..., ...], ValueError, "Multiple ellipses in slice spec not allowed"),
        (lambda x: x[True], ValueError, "mask cannot be scalar"),
        (lambda x: tf.boolean_mask(x, [True]), ValueError, r"Shapes \(3,\) and \(1,\) are incompatible"),
        (lambda x: x["a"], TypeError, "Only integers, slices"),
        (lambda x: divmod(x, 2), TypeError, "unsupported operand"),
        (lambda x: bool(x), TypeError, "using a `tf.Tensor` as a Python `bool` is not allowed"),
        (lambda x: list(x), TypeError, "iterating over `tf.Tensor` is not allowed"),
    ],
)
def test_operators_that_do_not_fit(function, kind, words):
    with pytest.raises(kind, match=words):
        function(tf.placeholder(tf.float32, [3, 2]))


def test_masks_pick_elements_and_rows():
    values = np.arange(12.0, dtype=np.float32).reshape(3, 4)
    rows = np.array([True, False, True])
    x, mask = tf.constant(values), tf.placeholder(tf.bool, [None])
    picked, elements = x[mask], tf.boolean_mask(x, values > 4)
    (gradient,) = tf.gradients(picked * 2.0, x)
    with tf.Session() as session:
        np.testing.assert_array_equal(session.run(picked, {mask: rows}), values[rows])
        np.testing.assert_array_equal(session.run(elements), values[values > 4])
        assert session.run(gradient, {mask: rows})[:, 0].tolist() == [2, 0, 2]
        assert session.run(tf.constant([True, False]) ^ True).tolist() == [False, True]


def test_scripts_may_keep_notes_on_tensors():
    x = tf.constant(1.0)
    x.note, x.op.note = "mine", "yours"
    assert (x.note, x.op.note) == ("mine", "yours")
