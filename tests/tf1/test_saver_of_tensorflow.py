"""Checkpoints that TensorFlow 1.15 wrote, in graphs of the same variables: restored, and saved again."""

import numpy as np
import pytest

import ostinato.tf1 as tf
from checkpoint.committed import DATA, prefix_of, unpack
from ostinato.checkpoint import load_checkpoint


@pytest.fixture
def written(tmp_path):
    def unpacked(case):
        return prefix_of(unpack(DATA / "tf1" / case, tmp_path / case))

    return unpacked


def network(optimizer):
    """The network that `tools/make_checkpoints.py` trains: an LSTM of four units over five steps."""
    x, y = tf.placeholder(tf.float32, [None, 5, 3]), tf.placeholder(tf.int32, [None])
    weights, biases = tf.Variable(tf.zeros([4, 2])), tf.Variable(tf.zeros([2]))
    cell = tf.nn.rnn_cell.BasicLSTMCell(4)
    outputs, _ = tf.nn.static_rnn(cell, tf.unstack(x, 5, 1), dtype=tf.float32)
    logits = tf.matmul(outputs[-1], weights) + biases
    loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels=y, logits=logits))
    return x, y, optimizer.minimize(loss, tf.train.get_or_create_global_step())


def same_bits(first, second):
    with load_checkpoint(first) as ours, load_checkpoint(second) as theirs:
        assert list(ours) == list(theirs)
        for name in theirs:
            assert ours.info(name).dtype_name == theirs.info(name).dtype_name
            assert ours.info(name).shape == theirs.info(name).shape
            assert ours[name].tobytes() == theirs[name].tobytes(), name
    return True


@pytest.mark.parametrize(
    ("case", "optimizer", "slots"),
    [
        ("adam", lambda: tf.train.AdamOptimizer(0.01), ["Adam", "Adam_1", "beta1_power", "beta2_power"]),
        ("momentum", lambda: tf.train.MomentumOptimizer(0.01, 0.9), ["Momentum"]),
        (
            "compressed",
            lambda: tf.train.AdamOptimizer(0.01),
            ["Adam", "Adam_1", "beta1_power", "beta2_power"],
        ),
    ],
)
def test_a_trained_network_goes_on_here(case, optimizer, slots, written, tmp_path):
    prefix = written(case)
    x, y, train = network(optimizer())
    saver = tf.train.Saver()
    with tf.Session() as session:
        saver.restore(session, prefix)
        assert session.run(tf.report_uninitialized_variables()).size == 0
        assert tf.train.global_step(session, tf.train.get_global_step()) == 3
        again = saver.save(session, tmp_path / "again")
        assert same_bits(again, prefix)
        session.run(train, {x: np.ones([2, 5, 3]), y: [0, 1]})
        assert tf.train.global_step(session, tf.train.get_global_step()) == 4
    with load_checkpoint(prefix) as checkpoint:
        assert {name.rsplit("/")[-1] for name in checkpoint} >= set(slots)


def test_what_objects_saved_is_restored_by_the_variables_names(written, tmp_path, caplog):
    """TensorFlow 1.15's `tf.train.Checkpoint`, with the slots of Adam and the step."""
    prefix = written("objects")
    with tf.Session() as session:
        cell = tf.nn.rnn_cell.BasicLSTMCell(2)
        outputs, _ = cell(tf.ones([8, 3]), cell.zero_state(8, tf.float32))
        with tf.variable_scope("dense"):
            kernel, bias = tf.get_variable("kernel", [2, 1]), tf.get_variable("bias", [1])
        loss = tf.reduce_mean((tf.matmul(outputs, kernel) + bias) ** 2)
        step = tf.train.get_or_create_global_step()
        train = tf.train.AdamOptimizer(0.01).minimize(loss, step)
        saver = tf.train.Saver()
        saver.restore(session, prefix)
        names = [item.name for item in tf.get_default_graph().get_operations()]
        saver.restore(session, prefix)  # the nodes that this takes are made once
        assert names == [item.name for item in tf.get_default_graph().get_operations()]
        assert tf.train.global_step(session, step) == 1
        with load_checkpoint(prefix) as theirs:
            for variable, key in [
                (cell.variables[0], "cell/kernel/.ATTRIBUTES/VARIABLE_VALUE"),
                (bias, "dense/bias/.ATTRIBUTES/VARIABLE_VALUE"),
            ]:
                np.testing.assert_array_equal(session.run(variable), theirs[key])
            slot = theirs["cell/bias/.OPTIMIZER_SLOT/optimizer/v/.ATTRIBUTES/VARIABLE_VALUE"]
            np.testing.assert_array_equal(session.run("basic_lstm_cell/bias/Adam_1:0"), slot)
        session.run(train)
        again = saver.save(session, tmp_path / "again")
        assert "basic_lstm_cell/kernel/Adam" in load_checkpoint(again)
    assert "was saved by tf.train.Checkpoint" in caplog.text
    tf.get_variable("more", [2])
    with tf.Session() as session, pytest.raises(tf.errors.NotFoundError) as caught:
        tf.train.Saver().restore(session, prefix)
    assert caught.value.message == (
        f"Existing variables not in the checkpoint {prefix}: more. Variables that are in it and not in the "
        "graph: save_counter"
    )


PARTS = {"rows": (0, 3), "columns": (1, 4), "middle": (1, 2), "single": (0, 5), "vector": (0, 3)}


@pytest.mark.parametrize("scattered", [False, True], ids=["as-they-were", "in-other-parts"])
@pytest.mark.parametrize(
    "case", ["partitioned", "partitioned_v1", "partitioned_sharded", "partitioned_sharded_v1"]
)
def test_parts_and_shards_are_restored_into_parts(case, scattered, written, tmp_path):
    prefix = written(case)
    with load_checkpoint(prefix) as checkpoint:
        expected = checkpoint.read()
    for name, array in expected.items():
        axis, count = PARTS.get(name, (0, 1))
        if scattered:
            axis, count = array.ndim - 1, 2
        partitioner = None if count == 1 else tf.fixed_size_partitioner(count, axis)
        tf.get_variable(name, array.shape, array.dtype, partitioner=partitioner)
    saver = tf.train.Saver()
    with tf.Session() as session:
        saver.restore(session, prefix)
        again = saver.save(session, tmp_path / "again")
    with load_checkpoint(again) as found:
        assert list(found) == list(expected)
        for name, array in expected.items():
            assert found[name].dtype == array.dtype
            np.testing.assert_array_equal(found[name], array)


@pytest.mark.parametrize("case", ["types", "types_v1"])
def test_every_type_that_there_is_here_is_restored_and_saved_to_the_bit(case, written, tmp_path):
    prefix = written(case)
    with load_checkpoint(prefix) as checkpoint:
        infos = [checkpoint.info(name) for name in checkpoint]
        kept = [info for info in infos if not info.dtype_name.startswith(("qint", "quint"))]
        assert len({info.dtype_name for info in kept}) >= 9
        variables = {
            info.name: tf.Variable(tf.zeros(info.shape, info.dtype_name), name=f"v{index}")
            for index, info in enumerate(kept)
        }
        saver = tf.train.Saver(variables)
        with tf.Session() as session:
            saver.restore(session, prefix)
            again = saver.save(session, tmp_path / "again")
        with load_checkpoint(again) as found:
            for info in kept:
                first, second = found[info.name], checkpoint[info.name]
                if first.dtype == object:
                    assert first.tolist() == second.tolist()
                else:
                    assert first.tobytes() == second.tobytes(), info
