"""Functions of Python as nodes, and what is printed where a node runs."""

import sys

import numpy as np
import pytest

import ostinato.tf1 as tf


def run(*arguments, **options):
    with tf.Session() as session:
        return session.run(tf.py_func(*arguments, **options))


def test_a_function_gets_arrays_and_scalars_of_numpys():
    seen = []

    def look(*values):
        seen.extend(values)
        return np.float32(1)

    assert run(look, [1.0, [1, 2], "a", ["b"], True], tf.float32) == 1
    assert [type(value) for value in seen] == [np.float32, np.ndarray, bytes, np.ndarray, np.bool_]


def test_results_have_the_types_that_were_told():
    assert run(lambda x: (np.float32(1), 2), [1.0], [tf.float32, tf.int64]) == [1.0, 2]
    assert run(lambda x: ["a", b"b"], [1.0], [tf.string, tf.string]) == [b"a", b"b"]
    assert run(lambda x: np.array(["a", "b"]), [1.0], tf.string).tolist() == [b"a", b"b"]
    assert run(lambda x: None, [1.0], []) is None
    tensor = tf.py_func(lambda x: x, [1.0], tf.float32, stateful=False, name="same")
    assert (tensor.name, tensor.op.type, tensor.shape.ndims) == ("same:0", "PyFuncStateless", None)
    assert tf.gradients(tensor, tensor.op.inputs[0]) == [None]


@pytest.mark.parametrize(
    ("function", "kind", "error", "message"),
    [
        (lambda x: 1.0, tf.float32, tf.errors.InvalidArgumentError, "is double, but expects float"),
        (lambda x: 1, tf.int32, tf.errors.InvalidArgumentError, "is int64, but expects int32"),
        (
            lambda x: [1, 2],
            tf.int64,
            tf.errors.InvalidArgumentError,
            "returns 2 values, but expects to see 1",
        ),
        (lambda x: None, tf.int64, tf.errors.InvalidArgumentError, "returns 0 values, but expects to see 1"),
        (lambda x: int("x"), tf.int64, tf.errors.InvalidArgumentError, "^ValueError: invalid literal"),
        (lambda x: 1 / 0, tf.int64, tf.errors.UnknownError, "^ZeroDivisionError: division by zero"),
        (lambda x: next(iter([])), tf.int64, tf.errors.OutOfRangeError, "^StopIteration: "),
    ],
)
def test_what_a_function_does_wrong_is_an_error_of_the_run(function, kind, error, message):
    with pytest.raises(error, match=message):
        run(function, [1.0], kind)


def test_it_is_called_once_in_each_run():
    calls = []
    tensor = tf.py_func(lambda: calls.append(1) or np.int64(len(calls)), [], tf.int64)
    with tf.Session() as session:
        assert session.run([tensor, tensor + 1]) == [1, 2]
        assert session.run(tensor) == 2


def test_a_function_of_later_style_gets_values_and_is_converted():
    tensor = tf.py_function(lambda x: float(x.numpy().sum()), [[1.0, 2.0]], tf.float32)
    with tf.Session() as session:
        assert session.run([tensor, tf.numpy_function(np.negative, [2], tf.int32)]) == [3.0, -2]


A = [[1.0, 2.0, 3.0], [4.5, 5.0, 6.0]]


def test_what_is_printed_is_tensorflows_text(capsys):
    a = tf.constant(A)
    data = [a, 3, "hi", [True, False], ["a", "b"], 1.23456789]
    with tf.Session() as session:
        assert session.run(tf.Print(a, data, "msg: ")).tolist() == A
        session.run(tf.Print(a, [a], summarize=10))
        session.run(tf.Print(a, [tf.zeros([2, 2, 2])], summarize=-1))
        once = tf.Print(1, [2], first_n=1)
        session.run(once)
        session.run(once)
    assert capsys.readouterr().err.splitlines() == [
        "msg: [[1 2 3]...][3][hi][1 0][a b][1.23456788]",
        "[[1 2 3][4.5 5 6]]",
        "[[[0 0][0 0]][[0 0][0 0]]]",
        "[2]",
    ]


def test_an_operation_prints_nests_of_tensors(capsys, tmp_path):
    a = tf.constant(A)
    with tf.Session() as session:
        session.run(tf.print("x:", a, {"k": tf.range(1, 9)}, 3, sep="|"))
        session.run(tf.print([a, tf.constant(True)], tf.constant("s"), summarize=2, output_stream=sys.stdout))
        session.run(tf.print(tf.constant([0.1, 1e10, 1e-7, np.nan, np.inf])))
        session.run(tf.print(tf.reshape(tf.range(12), [2, 3, 2]), end=""))
        session.run(tf.print("kept", output_stream=f"file://{tmp_path / 'log'}"))
    out, err = capsys.readouterr()
    assert out == '[[[1 2 3]\n [4.5 5 6]], 1] "s"\n'
    assert err == (
        "x:|[[1 2 3]\n [4.5 5 6]]|{'k': [1 2 3 ... 6 7 8]}|3\n"
        "[0.1 1e+10 1e-07 nan inf]\n"
        "[[[0 1]\n  [2 3]\n  [4 5]]\n\n [[6 7]\n  [8 9]\n  [10 11]]]"
    )
    assert (tmp_path / "log").read_text() == "kept\n"
    with pytest.raises(ValueError, match="Unsupported output stream"):
        tf.print(a, output_stream=3)
    with pytest.raises(ValueError, match="Unrecognized keyword arguments"):
        tf.print(a, stream=sys.stdout)
