"""Variables in parts: how many, which, and that they are used as the one tensor that they make up."""

import numpy as np
import pytest

import ostinato.tf1 as tf


def parts(variable):
    return [(part.op.name, part.shape.as_list()) for part in variable]


# -- how many parts
@pytest.mark.parametrize(
    ("partitioner", "shape", "dtype", "expected"),  # what TensorFlow 1.15 gives
    [
        (tf.fixed_size_partitioner(3), [5], tf.float32, [3]),
        (tf.fixed_size_partitioner(64), [5, 2], tf.float32, [5, 1]),
        (tf.fixed_size_partitioner(2, axis=1), [5, 2], tf.float32, [1, 2]),
        (tf.variable_axis_size_partitioner(16, axis=1), [7, 11, 2], tf.float32, [1, 11, 1]),
        (tf.variable_axis_size_partitioner(100, axis=1), [7, 11, 2], tf.float32, [1, 11, 1]),
        (tf.variable_axis_size_partitioner(100, max_shards=3), [100, 3], tf.float32, [3, 1]),
        (tf.variable_axis_size_partitioner(100), [100, 3], tf.float32, [13, 1]),
        (tf.variable_axis_size_partitioner(100), [100, 3], tf.string, [50, 1]),
        (tf.min_max_variable_partitioner(4, 0, 64), [100, 3], tf.float32, [4, 1]),
        (tf.min_max_variable_partitioner(100, 0, 64), [100, 3], tf.float32, [19, 1]),
        (tf.min_max_variable_partitioner(100), [100, 3], tf.float32, [1, 1]),
    ],
)
def test_partitioners_give_what_tensorflows_give(partitioner, shape, dtype, expected):
    assert partitioner(shape=tf.TensorShape(shape), dtype=dtype) == expected


@pytest.mark.parametrize(
    ("shape", "partitioner", "message"),
    [
        ([4, 2], 3, "Partitioner must be callable, but received: 3"),
        (None, tf.fixed_size_partitioner(2), "Shape of a new partitioned variable must be fully defined"),
        ([4, 2], lambda **_: 2, "Partitioner must return a sequence, but saw: 2"),
        ([4, 2], lambda **_: [2], "does not match the Variable's rank"),
        ([4, 2], lambda **_: [0, 1], "Partitioner returned zero partitions for some axes"),
        ([4, 2], lambda **_: [2, 2], "Can only slice a variable along one dimension"),
        ([4, 2], lambda **_: [5, 1], "cannot be in 5 parts along axis 0"),
    ],
)
def test_what_no_variable_can_be_partitioned_by(shape, partitioner, message):
    with pytest.raises(ValueError, match=message):
        tf.get_variable("w", shape, partitioner=partitioner)


# -- the variable
def test_the_first_parts_are_the_larger_ones():
    whole = tf.get_variable("w", [7, 2], partitioner=tf.fixed_size_partitioner(3))
    assert parts(whole) == [("w/part_0", [3, 2]), ("w/part_1", [2, 2]), ("w/part_2", [2, 2])]
    assert (whole.name, whole.shape.as_list(), whole.dtype) == ("w", [7, 2], tf.float32)
    assert [part._get_save_slice_info().spec for part in whole] == [
        "7 2 0,3:0,2",
        "7 2 3,2:0,2",
        "7 2 5,2:0,2",
    ]
    assert tf.trainable_variables() == list(whole)
    assert len(whole) == 3


@pytest.mark.parametrize("count", [1, 2])
def test_it_is_used_as_one_tensor(count):
    value = np.arange(8, dtype=np.float32).reshape(4, 2)
    whole = tf.get_variable("w", initializer=value, partitioner=tf.fixed_size_partitioner(count))
    assert tf.convert_to_tensor(whole).name == "w:0"
    if count > 1:
        concat = tf.convert_to_tensor(whole).op.inputs[0]
        assert concat.name == "w/ConcatPartitions/concat:0"
    product = tf.matmul(tf.ones([1, 4]), whole)
    with tf.Session() as session:
        session.run(whole.initializer)
        np.testing.assert_array_equal(session.run(whole), value)
        np.testing.assert_array_equal(session.run(product), value.sum(0, keepdims=True))
        np.testing.assert_array_equal(session.run(2 * whole - 1), 2 * value - 1)
        np.testing.assert_array_equal(session.run(whole[1]), value[1])
        session.run(whole.assign(value[::-1]))
        np.testing.assert_array_equal(session.run(whole), value[::-1])


def test_gradients_reach_each_part():
    whole = tf.get_variable("w", [3, 2], partitioner=tf.fixed_size_partitioner(2))
    found = tf.gradients(tf.reduce_sum(tf.matmul([[1.0, 2.0, 3.0]], whole)), list(whole))
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        values = [value.tolist() for value in session.run(found)]
    assert values == [[[1, 1], [2, 2]], [[3, 3]]]


def test_initialisers_know_the_whole():
    """A random one spreads as that of the whole matrix does; a constant one gives each part its own."""
    asked = []

    def initializer(shape, dtype=None, partition_info=None):
        asked.append((list(shape), partition_info.full_shape, partition_info.var_offset))
        return tf.zeros(shape, dtype)

    tf.get_variable("w", [5, 2], initializer=initializer, partitioner=tf.fixed_size_partitioner(2))
    assert asked == [([3, 2], [5, 2], [0, 0]), ([2, 2], [5, 2], [3, 0])]
    random = tf.get_variable("random", [2000, 4], partitioner=tf.fixed_size_partitioner(1000))
    made = tf.get_variable(
        "made",
        [3],
        initializer=lambda: tf.constant([1.0, 2.0, 3.0]),
        partitioner=tf.fixed_size_partitioner(2),
    )
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        spread = np.abs(session.run(random)).max()
        limit = np.sqrt(6 / 2004)
        assert 0.98 * limit < spread <= limit
        assert session.run(made).tolist() == [1, 2, 3]


def test_it_is_shared_as_other_variables_are():
    partitioner = tf.fixed_size_partitioner(2)
    first = tf.get_variable("w", [4], partitioner=partitioner)
    with pytest.raises(ValueError, match="Partitioned variable with name w already exists"):
        tf.get_variable("w", [4], partitioner=partitioner)
    with pytest.raises(ValueError, match="No partitioner was provided, but a partitioned version of the var"):
        tf.get_variable("w", [4])
    tf.get_variable("plain", [4])
    with pytest.raises(ValueError, match="A partitioner was provided, but an unpartitioned version of the"):
        tf.get_variable("plain", [4], partitioner=partitioner)
    with tf.variable_scope("", reuse=True):
        assert tf.get_variable("w", [4], partitioner=partitioner) is first
        with pytest.raises(ValueError, match=r"specified shape \(5,\) and found shape \(4,\)"):
            tf.get_variable("w", [5], partitioner=partitioner)
        with pytest.raises(ValueError, match="PartitionedVariable none does not exist"):
            tf.get_variable("none", [4], partitioner=partitioner)


def test_a_scope_partitions_what_is_made_in_it_but_not_the_slots_of_optimisers():
    with tf.variable_scope("scope", partitioner=tf.fixed_size_partitioner(2)) as scope:
        whole = tf.get_variable("w", [4])
        with tf.variable_scope("inner"):
            inner = tf.get_variable("w", [3])
        loss = tf.reduce_sum(tf.square(whole))
        tf.train.MomentumOptimizer(0.1, 0.9).minimize(loss)
    assert scope.partitioner is not None
    assert parts(inner) == [("scope/inner/w/part_0", [2]), ("scope/inner/w/part_1", [1])]
    names = [variable.op.name for variable in tf.global_variables()]
    assert names[4:] == ["scope/scope/w/part_0/Momentum", "scope/scope/w/part_1/Momentum"]


def test_a_regulariser_makes_a_loss_of_each_part():
    tf.get_variable(
        "w",
        [4],
        initializer=tf.ones_initializer(),
        regularizer=lambda w: tf.reduce_sum(w * 3.0),
        partitioner=tf.fixed_size_partitioner(2),
    )
    losses = tf.get_collection(tf.GraphKeys.REGULARIZATION_LOSSES)
    assert [loss.name for loss in losses] == ["w/part_0/Regularizer/Sum:0", "w/part_1/Regularizer/Sum:0"]
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        assert session.run(losses) == [6.0, 6.0]


def test_parts_can_be_made_without_a_partitioner():
    rows = tf.create_partitioned_variables([4, 2], [2, 1], tf.zeros_initializer(), name="rows")
    columns = tf.create_partitioned_variables([4, 2], [1, 2], np.ones([4, 2], np.float32))
    assert [(part.op.name, part.shape.as_list()) for part in rows] == [
        ("rows/part_0", [2, 2]),
        ("rows/part_1", [2, 2]),
    ]
    assert [part.op.name for part in columns] == ["PartitionedVariable/part_0", "PartitionedVariable/part_1"]
    with pytest.raises(ValueError, match="The 'shape' and 'slicing' of a partitioned Variable must have the"):
        tf.create_partitioned_variables([4, 2], [2], tf.zeros_initializer())


def test_the_shards_of_a_cell_are_parts_with_tensorflows_names():
    with tf.variable_scope("rnn"):
        cell = tf.nn.rnn_cell.LSTMCell(5, num_unit_shards=2, num_proj=4, num_proj_shards=2)
        cell(tf.ones([2, 3]), cell.zero_state(2, tf.float32))
    assert [(variable.op.name, variable.shape.as_list()) for variable in cell.variables] == [
        ("rnn/lstm_cell/kernel/part_0", [4, 20]),
        ("rnn/lstm_cell/kernel/part_1", [3, 20]),
        ("rnn/lstm_cell/bias", [20]),
        ("rnn/lstm_cell/projection/kernel/part_0", [3, 4]),
        ("rnn/lstm_cell/projection/kernel/part_1", [2, 4]),
    ]
    graph = tf.get_default_graph()
    for name in ("kernel", "projection/kernel"):
        assert graph.get_tensor_by_name(f"rnn/lstm_cell/{name}:0").shape.ndims == 2
        assert graph.get_operation_by_name(f"rnn/lstm_cell/{name}/ConcatPartitions/concat")


def test_a_cell_in_a_partitioned_scope_computes_what_a_whole_one_does():
    inputs = tf.constant(np.random.RandomState(0).randn(2, 6, 3).astype(np.float32))
    with tf.variable_scope("parts", partitioner=tf.fixed_size_partitioner(2)):
        found, _ = tf.nn.dynamic_rnn(tf.nn.rnn_cell.GRUCell(4), inputs, dtype=tf.float32)
        steps, _ = tf.nn.static_rnn(
            tf.nn.rnn_cell.LSTMCell(4), tf.unstack(inputs, axis=1), dtype=tf.float32, scope="static"
        )
    with tf.variable_scope("whole"):
        expected, _ = tf.nn.dynamic_rnn(tf.nn.rnn_cell.GRUCell(4), inputs, dtype=tf.float32)
    store = {variable.op.name: variable for variable in tf.global_variables()}
    copies = []
    for part in [variable for variable in store.values() if "parts/rnn" in variable.op.name]:
        info = part._get_save_slice_info()
        whole = store[info.full_name.replace("parts/", "whole/")]
        start, count = info.var_offset[0], info.var_shape[0]
        copies.append(part.assign(whole[start : start + count]))
    assert len(copies) == 8
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        session.run(copies)
        np.testing.assert_array_equal(*session.run([found, expected]))
        assert session.run(steps[-1]).shape == (2, 4)
