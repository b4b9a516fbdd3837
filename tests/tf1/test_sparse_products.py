"""Products of sparse and dense matrices: native code against plain torch, edges, errors, replays."""

from __future__ import annotations

import numpy as np
import pytest
import torch

import ostinato.tf1 as tf
from ostinato.kernels.native import library, sparse_product
from ostinato.tf1 import replays
from ostinato.tf1.ops import sparse_products

native = pytest.mark.skipif(
    not hasattr(library.load(), "ostinato_sparse_product"), reason="native kernels were not built"
)


@pytest.fixture(autouse=True)
def _graph() -> object:
    with tf.Graph().as_default():
        yield


def _run(*tensors: object) -> list[np.ndarray]:
    with tf.Session() as session:
        return session.run(list(tensors))


def _case(
    dtype: type, columns: int, adjoint_a: bool, adjoint_b: bool, second: bool = False
) -> list[np.ndarray]:
    """A product of elements in no order, some of them twice, and the gradients of both sides."""
    random = np.random.RandomState(columns)
    places = random.randint(0, 5, [23, 2])
    values = tf.constant(random.randn(23).astype(dtype))
    dense = random.randn(5, columns).astype(dtype)
    dense = tf.constant(dense.T if adjoint_b else dense)
    given = tf.sparse_tensor_dense_matmul(
        tf.SparseTensor(places, values, [5, 5]), dense, adjoint_a, adjoint_b
    )
    weights = random.randn(5, columns).astype(dtype)
    gradients = tf.gradients(tf.reduce_sum(tf.square(given) * weights), [values, dense])
    if second:
        gradients = tf.gradients(
            tf.add_n([tf.reduce_sum(tf.square(each)) for each in gradients]), [values, dense]
        )
    return _run(given, *gradients)


@native
@pytest.mark.parametrize("second", [False, True])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("columns", [1, 7, 70])
def test_native_code_gives_what_torch_gives(
    columns: int, dtype: type, second: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    for adjoints in [(False, False), (True, False), (False, True), (True, True)]:
        found = _case(dtype, columns, *adjoints, second)
        with monkeypatch.context() as patch:
            patch.setattr(sparse_product, "runs", lambda *_: False)
            expected = _case(dtype, columns, *adjoints, second)
        np.testing.assert_array_equal(found[0], expected[0])
        for one, other in zip(found[1:], expected[1:], strict=True):
            np.testing.assert_allclose(
                one, other, rtol=0, atol=3e3 * np.finfo(dtype).eps * np.abs(other).max()
            )


@native
def test_a_constant_side_costs_no_gradient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sparse_product, "row_products", None)
    dense = tf.constant(np.ones([3, 2], np.float32))
    matrix = tf.SparseTensor([[0, 1], [1, 2]], [2.0, 3.0], [2, 3])
    (found,) = _run(*tf.gradients(tf.sparse_tensor_dense_matmul(matrix, dense), [dense]))
    assert found.tolist() == [[0, 0], [2, 2], [3, 3]]


@pytest.mark.parametrize("dtype", [np.float32, np.int32])
@pytest.mark.parametrize(
    ("places", "adjoint_a", "sentence"),
    [
        ([[0, 0], [1, 3]], False, r"k \(3\) from index\[1,1\] out of bounds \(>=3\)"),
        ([[0, 0], [1, -1]], False, r"k \(-1\) from index\[1,1\] out of bounds \(>=3\)"),
        ([[2, 0], [1, 1]], False, r"m \(2\) from index\[0,0\] out of bounds \(>=2\)"),
        ([[-2, 0], [1, 1]], False, r"m \(-2\) from index\[0,0\] out of bounds \(>=2\)"),
        ([[0, 0], [3, 1]], True, r"k \(3\) from index\[1,0\] out of bounds \(>=3\)"),
        ([[0, 0], [2, 2]], True, r"m \(2\) from index\[1,1\] out of bounds \(>=2\)"),
    ],
)
def test_a_place_outside(places: list[list[int]], adjoint_a: bool, sentence: str, dtype: type) -> None:
    matrix = tf.SparseTensor(places, np.array([1, 2], dtype), [3, 2] if adjoint_a else [2, 3])
    dense = tf.constant(np.ones([3, 4], dtype))
    with pytest.raises(tf.errors.InvalidArgumentError, match=sentence):
        _run(tf.sparse_tensor_dense_matmul(matrix, dense, adjoint_a=adjoint_a))


def test_sizes_that_do_not_fit() -> None:
    def sparse(places: object, values: object, shape: object) -> object:
        return tf.SparseTensor(
            tf.placeholder_with_default(np.array(places, np.int64), [None, None]),
            tf.placeholder_with_default(np.array(values, np.float32), [None]),
            tf.placeholder_with_default(np.array(shape, np.int64), [None]),
        )

    dense = np.ones([3, 2], np.float32)
    for matrix, sentence in (
        (
            sparse([[0, 0], [1, 1]], [1], [2, 3]),
            "Number of rows of a_indices does not match number of entries in a_v",
        ),
        (sparse([[0]], [1], [2, 3]), "Number of columns of a_indices does not match"),
        (sparse([[0, 0]], [1], [2, 3, 4]), "Tensor 'a_shape' must have 2 elements"),
        (
            sparse([[0, 0]], [1], [2, 4]),
            r"inner dimension does not match: 4 vs. 3.  .*A: \[2, 4\).*B: \[3,2\]",
        ),
        (sparse([[0, 0]], [1], [-2, 3]), "sizes are not negative"),
    ):
        with pytest.raises(tf.errors.InvalidArgumentError, match=sentence):
            _run(tf.sparse_tensor_dense_matmul(matrix, dense))


@pytest.mark.parametrize(
    ("places", "shape", "dense"),
    [([], [2, 3], [3, 2]), ([], [0, 3], [3, 2]), ([[9, 9]], [2, 3], [3, 0]), ([[0, 0]], [2, 0], [0, 4])],
)
def test_nothing_to_multiply(places: list[list[int]], shape: list[int], dense: list[int]) -> None:
    values = tf.constant(np.ones(len(places), np.float32))
    other = tf.constant(np.ones(dense, np.float32))
    matrix = tf.SparseTensor(np.array(places, np.int64).reshape(-1, 2), values, shape)
    product = tf.sparse_tensor_dense_matmul(matrix, other)
    found, of_values, of_dense = _run(product, *tf.gradients(product, [values, other]))
    assert found.tolist() == np.zeros([shape[0], dense[1]]).tolist()
    np.testing.assert_array_equal(of_values, np.zeros(len(places)))
    np.testing.assert_array_equal(of_dense, np.zeros(dense))


def test_complex_values_stay_what_they_are_in_an_adjoint() -> None:
    matrix = tf.SparseTensor([[0, 0], [2, 1]], np.array([1 + 2j, 2], np.complex64), [3, 2])
    dense = np.arange(1, 4).reshape(3, 1).astype(np.complex64) * (1 + 1j)
    (found,) = _run(tf.sparse_tensor_dense_matmul(matrix, dense, adjoint_a=True))
    np.testing.assert_array_equal(found, [[-1 + 3j], [6 + 6j]])


def test_a_step_is_replayed() -> None:
    places, values = tf.placeholder(tf.int64, [None, 2]), tf.get_variable("values", [3])
    shape, dense = tf.placeholder(tf.int64, [2]), tf.get_variable("dense", [3, 2])
    product = tf.sparse_tensor_dense_matmul(tf.SparseTensor(places, values, shape), tf.tanh(dense))
    fetches = [product, *tf.gradients(tf.reduce_sum(tf.square(product)), [values, dense])]
    rows = [np.array(given) for given in ([[0, 0], [1, 2], [1, 0]], [[2, 1], [0, 0], [2, 1]])]
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())

        def run(index: int, height: int) -> list[np.ndarray]:
            return session.run(fetches, {places: rows[index], shape: [height, 3]})

        expected = [run(0, 3), *[_unrecorded(run, index, 3) for index in (0, 1)], _unrecorded(run, 0, 2)]
        run(0, 3)
        plan = next(plan for plan in tf.get_default_graph().plans.values() if plan.has_gradients)
        known = replays.replays_of(plan)
        before = known.replayed
        found = [run(0, 3), run(0, 3), run(1, 3), run(0, 2)]
        assert known.problem is None
        assert known.replayed == before + 3  # and a height of its own has a recording of its own
        with pytest.raises(tf.errors.InvalidArgumentError, match=r"m \(2\) from index\[0,0\] out of bounds"):
            run(1, 2)
    for one, other in zip(found, expected, strict=True):
        for given, wanted in zip(one, other, strict=True):
            np.testing.assert_array_equal(given, wanted)


def _unrecorded(run: object, *arguments: int) -> list[np.ndarray]:
    before, replays.RECORD = replays.RECORD, False
    try:
        return run(*arguments)
    finally:
        replays.RECORD = before


@native
def test_what_native_code_takes() -> None:
    matrix = sparse_product.Matrix(torch.zeros(1, 2, dtype=torch.int64), torch.ones(1), 3, 3, False)
    assert sparse_product.runs(matrix, torch.ones(3, 2))
    assert not sparse_product.runs(matrix, torch.ones(3, 2).double())
    assert not sparse_product.runs(matrix._replace(values=torch.ones(1).half()), torch.ones(3, 2).half())
    assert sparse_products._by_rows(matrix, torch.ones(3, 2)).tolist() == [[1, 1], [0, 0], [0, 0]]
