"""Sparse tensors as structures: made, fed, fetched, refused."""

import numpy as np
import pytest

import ostinato.tf1 as tf

VALUE = tf.SparseTensorValue([[0, 1], [1, 0]], [2.0, 3.0], [2, 2])


def test_parts_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match="Dimensions 1 and 2 are not compatible"):
        tf.SparseTensor([[0, 1]], [1.0, 2.0], [2, 2])
    with pytest.raises(ValueError, match="Dimensions 2 and 3 are not compatible"):
        tf.SparseTensor([[0, 1]], [1.0], [2, 2, 2])
    with pytest.raises(ValueError, match="must have rank 2"):
        tf.SparseTensor([0], [1.0], [2])


@pytest.mark.parametrize(
    ("shape", "name", "names", "static"),
    [
        (None, "p", ("p/shape:0", "p/values:0", "p/indices:0"), None),
        ([None, 3], None, ("Placeholder:0", "Placeholder_1:0", "Placeholder_2:0"), [None, None]),
        ([2, 3], "p", ("p/shape:0", "p/values:0", "p/indices:0"), [2, 3]),
    ],
)
def test_placeholders_have_tensorflows_names(shape, name, names, static):
    with tf.Graph().as_default():
        p = tf.sparse_placeholder(tf.float32, shape, name)
    assert (p.dense_shape.name, p.values.name, p.indices.name) == names
    assert (None if p.shape.ndims is None else p.shape.as_list()) == static


def test_they_are_fed_and_fetched_in_nests():
    p = tf.sparse_placeholder(tf.float32)
    with tf.Session() as session:
        found = session.run({"a": [p, p.values]}, {p: VALUE})["a"]
        assert isinstance(found[0], tf.SparseTensorValue)
        np.testing.assert_array_equal(found[0].indices, VALUE.indices)
        assert found[0].dense_shape.tolist() == [2, 2]
        assert found[1].tolist() == [2.0, 3.0]
        empty = session.run(tf.sparse_tensor_to_dense(p), {p: ([], [], [1, 2])})
        assert empty.tolist() == [[0.0, 0.0]]
        assert p.eval({p: tuple(VALUE)}, session).values.tolist() == [2.0, 3.0]
        with pytest.raises(TypeError, match=r"is fed with a tf\.SparseTensorValue or a tuple"):
            session.run(p, {p: [1, 2]})


def test_what_takes_dense_tensors_refuses_them():
    sparse = tf.SparseTensor.from_value(VALUE)
    with pytest.raises(TypeError, match="Failed to convert object of type"):
        tf.reduce_sum(sparse)
    with pytest.raises(TypeError, match="unsupported operand"):
        sparse + sparse
    with pytest.raises(TypeError, match="Input must be a SparseTensor"):
        tf.sparse_tensor_to_dense(3)
    with pytest.raises(TypeError, match="Neither a SparseTensor nor SparseTensorValue"):
        tf.SparseTensor.from_value(3)
    with pytest.raises(RuntimeError, match="Sparse dtype: requested = int32, actual = float32"):
        tf.convert_to_tensor_or_sparse_tensor(sparse, tf.int32)
    with pytest.raises(TypeError, match="At least one input should be SparseTensor"):
        tf.sparse_add(1, 2)


def test_some_functions_go_over_to_the_elements():
    sparse = tf.SparseTensor.from_value(VALUE)
    with tf.Session() as session:
        assert session.run(tf.cast(-sparse.values, tf.int32)).tolist() == [-2, -3]
        cast = session.run(tf.cast(tf.square(sparse), tf.int64))
        assert (cast.values.dtype, cast.values.tolist()) == (np.int64, [4, 9])
        product = session.run(tf.constant([[1.0, 2.0], [3.0, 4.0]]) * sparse)
        assert product.values.tolist() == [4.0, 9.0]


@pytest.mark.parametrize(
    ("indices", "message"),
    [
        ([[0, 1], [0, 0]], r"indices\[1\] = \[0,0\] is out of order"),
        ([[0, 1], [0, 1]], r"indices\[1\] = \[0,1\] is repeated"),
        ([[0, 1], [0, 5]], r"indices\[1\] = \[0,5\] is out of bounds: need 0 <= index < \[2,2\]"),
        ([[0, 1]], "sparse_values has incorrect shape"),
    ],
)
def test_indices_are_looked_at(indices, message):
    dense = tf.sparse_to_dense(indices, [2, 2], [1, 2])
    with tf.Session() as session, pytest.raises(tf.errors.InvalidArgumentError, match=message):
        session.run(dense)


def test_argument_orders_of_before_version_1():
    x = tf.constant(np.arange(8.0, dtype=np.float32).reshape(2, 4))
    with tf.Session() as session:
        old, new = session.run([tf.split(1, 2, x), tf.split(x, 2, 1)])
        np.testing.assert_array_equal(old, new)
        old, new = session.run([tf.concat(0, [x, x]), tf.concat([x, x], 0)])
        np.testing.assert_array_equal(old, new)
        old, new = session.run([tf.reverse(x, [True, False]), tf.reverse(x, [0])])
        np.testing.assert_array_equal(old, new)
        packed = tf.pack([tf.mul(x, 2.0), tf.neg(x)])
        np.testing.assert_array_equal(session.run(packed[0]), session.run(tf.sub(x, -x)))
        product = session.run(tf.batch_matmul(packed, packed, adj_y=True))
        assert product.shape == (2, 2, 2)


@pytest.mark.parametrize(
    "symbol", ["GradientTape", "RaggedTensor", "ragged", "load_op_library", "fake_quant_with_min_max_args"]
)
def test_what_is_refused_names_the_way_out(symbol):
    with pytest.raises(
        AttributeError, match=rf"tf\.{symbol} is not among the TensorFlow 1 symbols here: \w+"
    ):
        getattr(tf, symbol)


def test_what_is_refused_is_not_there():
    from ostinato.tf1.refused import REFUSED

    for symbol in REFUSED:
        if symbol.count(".") == 1 and not symbol.endswith((".", "_")):
            assert not hasattr(tf, symbol[3:]), symbol


def test_values_of_a_type_of_ones_own_become_tensors(monkeypatch):
    from ostinato.tf1.ops import core

    class Twice:
        def __init__(self, value):
            self.value = value

    monkeypatch.setattr(core, "_CONVERSIONS", [])
    tf.register_tensor_conversion_function(
        Twice, lambda value, dtype=None, name=None, as_ref=False: tf.constant(2 * value.value, dtype)
    )
    with tf.Session() as session:
        assert session.run(tf.add(Twice(3.0), 1.0)) == 7.0
    with pytest.raises(TypeError, match="conversion_func must be callable"):
        tf.register_tensor_conversion_function(Twice, 3)
    with pytest.raises(TypeError, match="base_type must be a type"):
        tf.register_tensor_conversion_function(3, 3)
