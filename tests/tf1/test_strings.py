"""Strings: constants, placeholders and variables of bytes."""

import numpy as np
import pytest

import ostinato.tf1 as tf
from ostinato.tf1.dtypes import as_dtype


@pytest.mark.parametrize("kind", ["string", str, bytes, object, np.object_, np.dtype("S3"), np.dtype("U1")])
def test_what_holds_text_is_one_type(kind):
    assert as_dtype(kind) is tf.string
    assert not (tf.string.is_floating)
    assert not (tf.string.is_integer)
    assert not (tf.string.is_bool)
    assert not (tf.string.is_complex)
    assert tf.string.as_numpy_dtype is np.object_


def test_a_class_is_no_type_of_tensors():
    for value in (list, tf.Graph, "text"):
        with pytest.raises(TypeError, match=r"Cannot convert value .* to a TensorFlow DType"):
            as_dtype(value)


def test_quantized_types_have_tensorflows_numpy_types():
    assert tf.qint8.as_numpy_dtype == np.dtype([("qint8", np.int8)])
    assert (tf.quint16.size, tf.qint32.is_quantized, tf.int8.is_quantized) == (2, True, False)
    with pytest.raises(TypeError, match="There are no operations on tensors of type qint8 here"):
        _ = tf.qint8.torch_dtype
    with pytest.raises(TypeError, match="Cannot find the maximum value"):
        _ = tf.string.max


def test_text_becomes_bytes_and_keeps_its_zeros():
    constant = tf.constant([["a", b"b\0"], ["é", ""]])
    assert (constant.dtype, constant.shape.as_list()) == (tf.string, [2, 2])
    with tf.Session() as session:
        assert session.run(constant).tolist() == [[b"a", b"b\0"], ["é".encode(), b""]]
        assert session.run(tf.constant("text")) == b"text"
        assert session.run(tf.constant("a", shape=[2])).tolist() == [b"a", b"a"]
        assert session.run(tf.zeros([1], tf.string)).tolist() == [b""]
        assert session.run(tf.stack(["a", tf.constant("b")])).tolist() == [b"a", b"b"]
        assert session.run(tf.reshape(constant, [4])).tolist()[3] == b""


def test_text_is_fed_fetched_and_kept():
    fed = tf.placeholder(tf.string, [None])
    variable = tf.Variable(["a", "b"])
    assigned = variable.assign(fed)
    with tf.Session() as session:
        session.run(variable.initializer)
        given = np.array(["x", "y"])
        kept = session.run(assigned, {fed: given})
        kept[0] = b"altered"
        assert session.run([variable, tf.identity(variable)])[1].tolist() == [b"x", b"y"]
        with pytest.raises(TypeError, match=r"Tensor 'Placeholder:0' takes strings; it was fed \[1\]"):
            session.run(fed, {fed: [1]})
        with pytest.raises(ValueError, match=r"Cannot feed value of shape \(\) for Tensor 'Placeholder:0'"):
            session.run(fed, {fed: "x"})
        assert session.run(fed, {fed: []}).tolist() == []


@pytest.mark.parametrize(
    ("value", "dtype"), [(["a", 1], None), ([1, "a"], None), (1, tf.string), ("a", tf.int32), ([None], None)]
)
def test_text_and_numbers_are_not_mixed(value, dtype):
    with pytest.raises(TypeError, match=r"Expected|Failed to convert"):
        tf.constant(value, dtype)


def test_text_is_added_and_nothing_else():
    with tf.Session() as session:
        assert session.run(tf.add(tf.constant("a"), tf.constant("b"))) == b"ab"
        assert session.run(tf.constant(["a", "b"]) + "c").tolist() == [b"ac", b"bc"]
    with pytest.raises(TypeError, match="Value passed to parameter 'x' has DataType string"):
        tf.multiply(tf.constant("a"), tf.constant("b"))
