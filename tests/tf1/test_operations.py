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
    (gradient,) = tf.gradients(looked, shards[0])
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
    with pytest.raises(ValueError, match="data_format must be 'NHWC'"):
        tf.nn.bias_add(tf.zeros([1, 2, 3]), tf.zeros([2]), data_format="NCHW")
