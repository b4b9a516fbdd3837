"""numpy's functions of a tensor: those that are operators are taken, as before TensorFlow 1.14."""

import numpy as np
import pytest

import ostinato.tf1 as tf

X, A = np.array([[1.5, -2.0], [3.0, 4.0]], np.float32), np.array([[2.0, 5.0], [-1.0, 0.5]], np.float32)
TWO = {
    "add": np.add,
    "subtract": np.subtract,
    "multiply": np.multiply,
    "divide": np.divide,
    "floor_divide": np.floor_divide,
    "remainder": np.remainder,
    "matmul": np.matmul,
    "less": np.less,
    "less_equal": np.less_equal,
    "greater": np.greater,
    "greater_equal": np.greater_equal,
}


@pytest.fixture
def graph():
    with tf.Graph().as_default() as graph:
        yield graph


@pytest.mark.parametrize("name", TWO)
@pytest.mark.parametrize("order", ["tensor first", "array first", "two tensors"])
def test_a_function_of_two(name, order, graph):
    given = {
        "tensor first": (tf.constant(X), A),
        "array first": (X, tf.constant(A)),
        "two tensors": (tf.constant(X), tf.constant(A)),
    }[order]
    result = TWO[name](*given)
    assert isinstance(result, tf.Tensor)
    with tf.Session() as session:
        np.testing.assert_allclose(session.run(result), TWO[name](X, A), rtol=1e-6)


@pytest.mark.parametrize(
    ("function", "value"),
    [(np.square, X), (np.negative, X), (np.absolute, X), (np.invert, X > 0), (lambda x: np.power(x, 2), X)],
)
def test_a_function_of_one(function, value, graph):
    with tf.Session() as session:
        np.testing.assert_allclose(session.run(function(tf.constant(value))), function(value))


def test_ones_and_zeros_like_a_tensor_are_tensors(graph):
    x = tf.placeholder(tf.float32, [None, 2])
    with tf.Session() as session:
        ones, zeros = session.run([np.ones_like(x), np.zeros_like(x)], {x: X})
    assert (ones == 1).all()
    assert (zeros == 0).all()
    assert ones.shape == zeros.shape == X.shape


def test_a_scalar_of_numpys_goes_first(graph):
    with tf.Session() as session:
        assert session.run(np.float32(3.0) - tf.constant(1.0)) == 2.0


def test_equality_stays_that_of_identity(graph):
    tensor = tf.constant(X)
    assert np.equal(tensor, tensor) is True
    assert (tensor == A) is False
    assert (tensor != A) is True
    assert np.not_equal(A, tensor) is True


@pytest.mark.parametrize(
    "function",
    [
        np.exp,
        np.sum,
        np.mean,
        lambda x: np.maximum(x, 0.0),
        np.add.reduce,
        lambda x: np.add(x, A, out=A.copy()),
    ],
)
def test_what_no_operator_is_says_so(function, graph):
    with pytest.raises(NotImplementedError, match="Cannot convert a symbolic Tensor"):
        function(tf.constant(X))


def test_the_shape_of_a_tensor_is_still_read(graph):
    assert np.shape(tf.constant(X)) == (2, 2)
