"""The names and orders of arguments, and static shapes, that TensorFlow 1 has where others are usual here."""

import inspect

import numpy as np
import pytest

from ostinato import tf1 as tf
from ostinato.tf1 import nest


def test_arguments_by_their_names_are_tensorflows() -> None:
    with tf.Session() as session:
        y, x = np.float32([1.0, -2.0]), np.float32([-3.0, 4.0])
        assert np.allclose(session.run(tf.atan2(x=x, y=y)), np.arctan2(y, x))
        assert np.allclose(session.run(tf.atan2(y, x=x)), np.arctan2(y, x))
        assert np.allclose(session.run(tf.zeta(q=2.0, x=3.0)), 0.2020569)
        assert np.allclose(session.run(tf.igamma(x=1.0, a=2.0)), 0.26424113)
        assert np.allclose(session.run(tf.igammac(a=2.0, x=1.0)), 0.73575884)
        assert np.allclose(session.run(tf.polygamma(x=2.0, a=1.0)), 0.644934)
        assert session.run(tf.math.nextafter(x2=2.0, x1=1.0)) == np.nextafter(np.float32(1), np.float32(2))
        for name in ("relu", "relu6", "elu", "selu", "softplus", "softsign"):
            function = getattr(tf.nn, name)
            by_name, by_place = session.run([function(features=x), function(x)])
            assert np.array_equal(by_name, by_place)
    assert list(inspect.signature(tf.nn.relu).parameters) == ["features", "name"]
    with pytest.raises(TypeError, match="unexpected keyword argument 'z'"):
        tf.atan2(1.0, 2.0, z=2.0)


def test_arg_max_takes_the_type_before_the_name() -> None:
    largest = tf.arg_max([[1.0, 3.0, 2.0]], 1, tf.int32)
    smallest = tf.arg_min(input=[[1.0, 3.0, 2.0]], dimension=1, output_type=tf.int32, name="smallest")
    assert largest.dtype is tf.int32
    assert smallest.op.name == "smallest"
    with tf.Session() as session:
        assert [list(index) for index in session.run([largest, smallest])] == [[1], [0]]


def test_names_of_nest() -> None:
    assert nest.pack_sequence_as(structure=(0, [0]), flat_sequence=[1, 2]) == (1, [2])
    assert nest.map_structure(lambda a, b: a + b, (1, 2), [3, 4], check_types=False) == (4, 6)
    nest.assert_same_structure(nest1={"a": 1}, nest2=[1], check_types=False)
    with pytest.raises(TypeError, match="same sequence type"):
        nest.map_structure(lambda a, b: a + b, (1, 2), [3, 4])
    with pytest.raises(ValueError, match="same number of elements"):
        nest.assert_same_structure((1, 2), [1, 2, 3], check_types=False)


def test_seq2seq_where_it_was_before_version_1() -> None:
    assert tf.nn.seq2seq is tf.contrib.legacy_seq2seq
    with pytest.raises(AttributeError, match=r"tf\.nn\.seq2sec is not among"):
        tf.nn.seq2sec  # noqa: B018


def test_static_shapes_of_diagonals_take_no_values(monkeypatch) -> None:
    monkeypatch.setattr("torch.diag_embed", None)
    shapes = [tf.placeholder(tf.float32), tf.placeholder(tf.float32, [None, 3]), [1, 2]]
    found = [str(tf.matrix_diag(diagonal).shape) for diagonal in shapes]
    assert found == ["<unknown>", "(?, 3, 3)", "(2, 2)"]
    with pytest.raises(ValueError, match="Shape must be at least rank 1 but is rank 0 for 'diag"):
        tf.matrix_diag(3.0)


def test_zero_states_of_batch_sizes_in_lists() -> None:
    cell = tf.nn.rnn_cell.BasicLSTMCell(3)
    for batch_size in ([2], (2,), tf.TensorShape([2]), tf.Dimension(2), tf.constant([2]), 2.0):
        assert [part.shape.as_list() for part in cell.zero_state(batch_size, tf.float32)] == [[2, 3]] * 2
    assert cell.zero_state([2, 5], tf.float32).h.shape.as_list() == [2, 5, 3]
    sizes = tf.placeholder(tf.int32, [1])
    with tf.Session() as session:
        assert session.run(cell.zero_state(sizes, tf.float32).c, {sizes: [4]}).shape == (4, 3)
    with pytest.raises(ValueError, match="Provided a prefix or suffix of None"):
        cell.zero_state([None], tf.float32)


def test_a_cell_may_tell_its_sizes_as_tensors() -> None:
    class Counting(tf.nn.rnn_cell.RNNCell):
        def __init__(self, size) -> None:
            super().__init__()
            self.size = size

        state_size = property(lambda self: (3, self.size))
        output_size = 3

        def __call__(self, inputs, state, scope=None):
            values, count = state
            return values + tf.reduce_sum(inputs, 1, keepdims=True), (values * 2.0 + 1.0, count + 1.0)

    size = tf.placeholder(tf.int32, [])
    cell = Counting(size)
    zero = cell.zero_state(2, tf.float32)
    assert zero[1].shape.as_list() == [2, None]
    found = tf.nn.dynamic_rnn(cell, tf.ones([2, 4, 5]), initial_state=zero, sequence_length=[2, 4])
    vector = Counting(tf.constant([2, 5])).zero_state(3, tf.float32)[1]
    with tf.Session() as session:
        outputs, (values, count) = session.run(found, {size: 2})
        assert session.run(vector).shape == (3, 2, 5)
    assert outputs[:, :, 0].tolist() == [[5.0, 6.0, 0.0, 0.0], [5.0, 6.0, 8.0, 12.0]]
    assert values[:, 0].tolist() == [3.0, 15.0]
    assert count.tolist() == [[2.0, 2.0], [4.0, 4.0]]


def test_tensor_arrays_pack_and_unpack_as_before_version_1() -> None:
    array = tf.TensorArray(tf.float32, 2).unpack([[1.0, 2.0], [3.0, 4.0]])
    with tf.Session() as session:
        assert session.run(array.pack()).tolist() == [[1.0, 2.0], [3.0, 4.0]]
