"""tf.train.Checkpoint: checkpoints of objects, TensorFlow's and our own."""

from pathlib import Path

import numpy as np
import pytest

import ostinato.tf1 as tf
from tf1.object_cases import CASES, value_of, variables

WRITTEN = Path(__file__).parent.parent / "data" / "object_checkpoints"


@pytest.fixture
def session():
    with tf.Graph().as_default(), tf.Session() as session:
        tf.keras.backend.set_session(session)
        yield session
    tf.keras.backend.clear_session()


def shapes(path):
    return dict(tf.train.list_variables(str(path)))


@pytest.mark.parametrize("name", CASES)
def test_what_tensorflow_saved_is_restored_and_saved_as_it_was(name, session, tmp_path):
    objects = CASES[name](tf)
    found = variables(tf)
    checkpoint = tf.train.Checkpoint(**objects)
    checkpoint.restore(str(WRITTEN / f"{name}-1")).assert_consumed().run_restore_ops()
    for place, variable in enumerate(found):
        np.testing.assert_array_equal(session.run(variable), value_of(variable, place), variable.name)
    path = checkpoint.save(str(tmp_path / name))
    assert path == str(tmp_path / f"{name}-2")
    ours, theirs = shapes(path), shapes(WRITTEN / f"{name}-1")
    assert ours == theirs
    for key in theirs.keys() - {"_CHECKPOINTABLE_OBJECT_GRAPH", "save_counter/.ATTRIBUTES/VARIABLE_VALUE"}:
        np.testing.assert_array_equal(
            tf.train.load_variable(path, key), tf.train.load_variable(str(WRITTEN / f"{name}-1"), key), key
        )


def test_what_is_made_after_restore_is_restored(session):
    model, checkpoint = tf.train.Checkpoint(), tf.train.Checkpoint()
    checkpoint.held = model
    status = checkpoint.restore(str(WRITTEN / "attributes-1"))
    with pytest.raises(AssertionError, match="Unresolved object in checkpoint again"):
        status.assert_consumed()
    model.items = [tf.get_variable("p", [1])]
    status.assert_existing_objects_matched().assert_nontrivial_match()
    model.other = tf.get_variable("q", initializer=[7.0])
    with pytest.raises(AssertionError, match="Some Python objects were not bound to checkpointed values"):
        status.assert_existing_objects_matched()
    status.expect_partial().initialize_or_restore()
    assert session.run([model.items[0], model.other]) == [[1.0], [7.0]]


def test_without_a_checkpoint_the_objects_are_initialised(session, tmp_path):
    checkpoint = tf.train.Checkpoint(**CASES["optimizer"](tf))
    status = checkpoint.restore(tf.train.latest_checkpoint(str(tmp_path)))
    with pytest.raises(AssertionError, match=r"^No checkpoint specified \(save_path=None\)"):
        status.assert_consumed()
    with pytest.raises(AssertionError, match=r"no restore ops are available"):
        status.run_restore_ops()
    status.initialize_or_restore()
    assert not session.run(tf.report_uninitialized_variables()).size


def test_a_checkpoint_of_a_saver_is_restored_by_names(session, tmp_path):
    objects = CASES["optimizer"](tf)
    session.run(tf.global_variables_initializer())
    before = session.run(objects["model"])
    prefix = tf.train.Saver().save(session, str(tmp_path / "model"))
    session.run(tf.global_variables_initializer())
    status = tf.train.Checkpoint(**objects).restore(prefix)
    status.assert_consumed().initialize_or_restore()
    np.testing.assert_array_equal(session.run(objects["model"]), before)
    other = tf.train.Checkpoint(other=tf.get_variable("other", [1])).restore(prefix)
    with pytest.raises(AssertionError, match="Object not restored: other"):
        other.assert_consumed()


def test_a_manager_keeps_the_latest(session, tmp_path):
    number = tf.get_variable("n", initializer=0)
    checkpoint = tf.train.Checkpoint(number=number)
    manager = tf.train.CheckpointManager(checkpoint, str(tmp_path), max_to_keep=2)
    assert manager.latest_checkpoint is None
    session.run(number.initializer)
    saved = []
    for value in range(3):
        number.load(value, session)
        saved.append(manager.save())
    assert saved == [str(tmp_path / f"ckpt-{count}") for count in (1, 2, 3)]
    assert manager.checkpoints == saved[1:]
    assert sorted(path.name for path in tmp_path.glob("*.index")) == ["ckpt-2.index", "ckpt-3.index"]
    again = tf.train.CheckpointManager(checkpoint, str(tmp_path), max_to_keep=2)
    assert (again.latest_checkpoint, again.checkpoints) == (saved[2], saved[1:])
    assert manager.save(checkpoint_number=40) == str(tmp_path / "ckpt-40")
    checkpoint.restore(saved[2]).assert_consumed().run_restore_ops()
    assert session.run([number, checkpoint.save_counter]) == [2, 3]
    with pytest.raises(ValueError, match="Expected a positive integer or `None`"):
        tf.train.CheckpointManager(checkpoint, str(tmp_path), 0)


def test_what_does_not_fit_is_said(session, tmp_path):
    weights = tf.get_variable("w", [2])
    checkpoint = tf.train.Checkpoint(model=weights)
    with pytest.raises(tf.errors.FailedPreconditionError, match="uninitialized value"):
        checkpoint.save(str(tmp_path / "c"))
    session.run(weights.initializer)
    path = checkpoint.save(str(tmp_path / "c"))
    other = tf.train.Checkpoint(model=tf.get_variable("v", [3]))
    with pytest.raises(tf.errors.InvalidArgumentError, match="shape"):
        other.restore(path).run_restore_ops()
    alone = tf.contrib.checkpoint.Checkpointable()
    alone.weights = weights
    nothing = tf.train.Checkpoint(alone=alone).restore(str(WRITTEN / "cells-1"))
    with pytest.raises(AssertionError, match="Some Python objects were not bound to checkpointed values"):
        nothing.assert_consumed()
    with pytest.raises(ValueError, match="`Checkpoint` was expecting a trackable object"):
        tf.train.Checkpoint(model=3)
    with pytest.raises(tf.errors.NotFoundError):
        checkpoint.restore(str(tmp_path / "nothing"))


@pytest.mark.parametrize("text", [b"", b"\x0a\x04\x0a\x02\x08\x09", b"\xff\xff", b"\x0a\x06\x0a\x04\x08\x00"])
def test_a_damaged_description_of_objects_is_refused(text, tmp_path):
    from ostinato.checkpoint import save_checkpoint

    path = str(tmp_path / "c")
    save_checkpoint(path, {"_CHECKPOINTABLE_OBJECT_GRAPH": text, "v": np.zeros(2)})
    with pytest.raises(tf.errors.DataLossError, match="_CHECKPOINTABLE_OBJECT_GRAPH"):
        tf.train.Checkpoint().restore(path)


def test_contrib_has_lists_and_names(session, tmp_path):
    first, second = tf.get_variable("a", [1]), tf.get_variable("b", [1])
    names = tf.contrib.checkpoint.UniqueNameTracker()
    names.track(first, "x")
    names.track(second, "x")
    root = tf.contrib.checkpoint.Checkpointable()
    root.list = tf.contrib.checkpoint.List(first)
    root.map = tf.contrib.checkpoint.Mapping(k=second)
    root.list.append(names)
    session.run(tf.global_variables_initializer())
    path = tf.train.Checkpoint(root=root).save(str(tmp_path / "c"))
    keys = {key.split("/.ATTR")[0] for key, _ in tf.train.list_variables(path) if key.startswith("root")}
    assert keys == {"root/list/0", "root/map/k"}
    assert second in tf.contrib.checkpoint.list_objects(root)
    with pytest.raises(ValueError, match="Only trackable objects"):
        root.list.append(3)
    with pytest.raises(TypeError, match="Mapping accepts only string keys"):
        root.map[3] = first
