"""`tf.TensorArray`: static shapes, names, and what it refuses."""

import numpy as np
import pytest

import ostinato.tf1 as tf


def run(fetches, feed_dict=None):
    with tf.Session() as session:
        return session.run(fetches, feed_dict)


def test_names_and_shapes():
    array = tf.TensorArray(tf.float32, 3)
    assert (array.handle.name, array.flow.name, array.dtype) == ("TensorArray:0", "TensorArray:1", tf.float32)
    assert array.handle.dtype == "resource"
    array = array.write(0, tf.ones([2, 5]))
    assert array.flow.name == "TensorArrayWrite/TensorArrayWriteV3:0"
    assert array.element_shape.as_list() == [2, 5]
    read, stacked, joined = array.read(0), array.stack(), array.concat()
    assert (read.name, read.shape.as_list()) == ("TensorArrayReadV3:0", [2, 5])
    assert (stacked.name, stacked.shape.as_list()) == (
        "TensorArrayStack/TensorArrayGatherV3:0",
        [None, 2, 5],
    )
    assert (joined.name, joined.shape.as_list()) == ("TensorArrayConcatV3:0", [None, 5])
    assert array.size().name == "TensorArraySizeV3:0"
    unstacked = tf.TensorArray(tf.float32, 3).unstack(tf.zeros([3, 4]))
    assert unstacked.flow.name == "TensorArrayUnstack/TensorArrayScatter/TensorArrayScatterV3:0"
    assert unstacked.element_shape.as_list() == [4]


def test_a_loops_writes_tell_the_shape_outside():
    array = tf.TensorArray(tf.float32, 3)
    _, after = tf.while_loop(lambda i, _: i < 3, lambda i, a: (i + 1, a.write(i, tf.ones([2]))), [0, array])
    assert after.stack().shape.as_list() == [None, 2]


def test_values_survive_every_way_in_and_out():
    x = np.arange(12.0).reshape(4, 3)
    array = tf.TensorArray(tf.float64, 4, clear_after_read=False).unstack(x)
    fetches = [array.stack(), array.concat(), array.gather([3, 1]), array.read(2), array.identity().read(0)]
    stacked, joined, gathered, read, first = run(fetches)
    np.testing.assert_array_equal(stacked, x)
    np.testing.assert_array_equal(joined, x.reshape(-1))
    np.testing.assert_array_equal(gathered, x[[3, 1]])
    np.testing.assert_array_equal(read, x[2])
    np.testing.assert_array_equal(first, x[0])
    parts = tf.TensorArray(tf.float64, 3, infer_shape=False).split(x, [1, 0, 3])
    np.testing.assert_array_equal(run(parts.concat()), x)
    assert run(parts.read(1)).shape == (0, 3)


def test_strings():
    array = tf.TensorArray(tf.string, 2).write(0, "a").write(1, "bc")
    assert run(array.stack()).tolist() == [b"a", b"bc"]


def test_elements_that_were_not_written_are_zeros_of_the_others_shape():
    assert run(tf.TensorArray(tf.float32, 3).write(1, [2.0]).stack()).tolist() == [[0.0], [2.0], [0.0]]
    assert run(tf.TensorArray(tf.float32, 0, element_shape=[3]).stack()).shape == (0, 3)


def test_gradients_are_added_up_in_an_array_of_their_own():
    array = tf.TensorArray(tf.float32, 3, tensor_array_name="foo")
    gradient = array.grad("grad").write(2, 3.0).write(2, 4.0)
    other = array.grad("other").write(2, 1.0)
    assert run([gradient.read(2), other.read(2), gradient.size()]) == [7.0, 1.0, 3]


def test_each_run_has_an_array_of_its_own():
    read = tf.TensorArray(tf.float32, 1).write(0, 5.0).read(0)
    with tf.Session() as session:
        assert [session.run(read).item() for _ in range(3)] == [5.0] * 3


def array(size=2, **options):
    return tf.TensorArray(tf.float32, size, tensor_array_name="foo", infer_shape=False, **options)


RUN_ERRORS = [
    (
        r"TensorArray foo_\d+: Tried to write to index -1 but array is not resizeable and size is: 2",
        lambda: array().write(-1, 3.0).flow,
    ),
    (
        r"TensorArray foo_\d+: Tried to write to index 2 but array is not resizeable and size is: 2",
        lambda: array().write(2, 3.0).flow,
    ),
    (
        r"TensorArray foo_\d+: Could not write to TensorArray index 1 because it has already been",
        lambda: array().write(1, 3.0).write(1, 4.0).flow,
    ),
    (
        "TensorArray dtype is float but Op is trying to write dtype int32.",
        lambda: array().write(0, tf.constant(3)).flow,
    ),
    (
        r"TensorArray foo_\d+: Could not write to TensorArray index 1 because the value shape is \[2\] "
        r"which is incompatible with the TensorArray's inferred element shape: \[\] \(consider setting",
        lambda: (
            tf.TensorArray(tf.float32, 2, tensor_array_name="foo")
            .write(0, tf.placeholder_with_default(1.0, None))
            .write(1, tf.placeholder_with_default([1.0, 2.0], None))
            .flow
        ),
    ),
    ("Tried to read from index 2 but array size is: 2", lambda: array().read(2)),
    (
        r"TensorArray foo_\d+: Could not read from TensorArray index 0.  Furthermore, the element shape is "
        "not fully defined: <unknown>.",
        lambda: array().read(0),
    ),
    (
        r"TensorArray foo_\d+: Could not read index 0 twice because it was cleared after a "
        r"previous read \(perhaps try setting clear_after_read = false\?\).",
        lambda: [(written := array().write(0, 1.0)).read(0), written.read(0)],
    ),
    (
        "TensorArray has inconsistent shapes.  Index 0 has shape: \\[1\\] but index 1 has shape: \\[\\]",
        lambda: array().write(0, [1.0]).write(1, 2.0).stack(),
    ),
    (
        "Concat saw a scalar shape at index 0 but requires at least vectors.  Did you mean to call pack\\?",
        lambda: array().write(0, 1.0).write(1, 2.0).concat(),
    ),
    (
        r"TensorArray has inconsistent shapes.  Index 0 has \(excepting dimension 0\) shape: \[2\] but "
        r"index 1 has \(excepting dimension 0\) shape: \[1\]",
        lambda: array().write(0, tf.ones([1, 2])).write(1, tf.ones([3, 1])).concat(),
    ),
    (
        r"Expected sum of lengths to be equal to values.shape\[0\], but sum of lengths is 3 and ",
        lambda: array().split(tf.ones([4]), [1, 2]).flow,
    ),
    (
        r"TensorArray's size is not equal to the size of lengths \(2 vs. 1\), and the TensorArray is not "
        "marked as dynamically resizeable",
        lambda: array().split(tf.ones([4]), [4]).flow,
    ),
    (
        r"Max scatter index must be < array size \(2 vs. 2\)",
        lambda: array().scatter([0, 2], tf.ones([2, 1])).flow,
    ),
    (
        r"Expected len\(indices\) == values.shape\[0\], but saw: 1 vs. 2",
        lambda: array().scatter([0], tf.ones([2, 1])).flow,
    ),
    ("Size should be >= 0.", lambda: array(-1).flow),
    (
        r"TensorArray foo_\d+ has already been closed.",
        lambda: after_closing(array()).size(),
    ),
]


def after_closing(array):
    with tf.control_dependencies([array.close()]):
        return array.identity()


@pytest.mark.parametrize(("message", "fetch"), RUN_ERRORS)
def test_a_run_refuses_what_tensorflow_refuses(message, fetch):
    with pytest.raises(tf.errors.InvalidArgumentError, match=f"^{message}"):
        run(fetch())


def test_an_array_without_elements_has_to_say_their_shape():
    with tf.Graph().as_default(), tf.Session() as session:
        assert session.run(tf.TensorArray(tf.float32, 0, element_shape=[2]).stack()).shape == (0, 2)
        with pytest.raises(
            tf.errors.UnimplementedError, match="TensorArray has size zero, but element shape"
        ):
            session.run(array(0).stack())


BUILD_ERRORS = [
    (ValueError, "Size must be provided if handle is not provided", lambda: tf.TensorArray(tf.float32)),
    (
        ValueError,
        "Cannot provide both a handle and size at the same time",
        lambda: tf.TensorArray(tf.float32, 3, handle=tf.constant(1), flow=tf.constant(1.0)),
    ),
    (
        ValueError,
        "flow must not be None if handle is not None.",
        lambda: tf.TensorArray(tf.float32, handle=tf.constant(1)),
    ),
    (TypeError, "Handle must be a Tensor", lambda: tf.TensorArray(tf.float32, handle=3)),
    (
        ValueError,
        "Cannot construct with both handle and tensor_array_name",
        lambda: tf.TensorArray(tf.float32, handle=tf.constant(1), tensor_array_name="a"),
    ),
    (
        ValueError,
        r"Inconsistent shapes: saw \(3,\) but expected \(2,\)",
        lambda: tf.TensorArray(tf.float32, 3).write(0, tf.ones([2])).write(1, tf.ones([3])),
    ),
]


@pytest.mark.parametrize(("kind", "message", "call"), BUILD_ERRORS)
def test_what_is_known_to_be_wrong_is_refused_at_once(kind, message, call):
    with pytest.raises(kind, match=f"^{message}"):
        call()


def test_what_was_read_is_not_written_again():
    array = tf.TensorArray(tf.float32, 2, clear_after_read=False).write(0, 1.0)
    with tf.control_dependencies([array.read(0)]):
        again = array.write(0, 2.0)
    with pytest.raises(tf.errors.InvalidArgumentError, match="because it has already been read"):
        run(again.stack())


def test_an_array_keeps_its_size_once_it_has_gradients():
    array = tf.TensorArray(tf.float32, 1, dynamic_size=True).write(0, 1.0)
    gradient = array.grad("grad")
    with tf.control_dependencies([gradient.flow]):
        longer = array.write(1, 2.0)
    with pytest.raises(tf.errors.InvalidArgumentError, match="array is not resizeable and size is: 1"):
        run(longer.stack())
