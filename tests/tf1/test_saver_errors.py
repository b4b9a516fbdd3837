"""What goes wrong with saving and restoring, in TensorFlow's types and words."""

import errno
import os
import re
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

import numpy as np
import pytest

import ostinato.tf1 as tf
from ostinato import checkpoint
from ostinato.tf1 import checkpoint_management
from ostinato.tf1.ops import checkpoint as operations

SOURCE = str(Path(__file__).parents[2] / "src")


@pytest.fixture
def saved(tmp_path):
    """The prefix of a checkpoint of v, float [2, 3], and w, int64 [4]."""
    prefix = str(tmp_path / "saved")
    return checkpoint.save_checkpoint(
        prefix, {"v": np.arange(6, dtype=np.float32).reshape(2, 3), "w": np.arange(4)}
    )


def both():
    return tf.get_variable("v", [2, 3]), tf.get_variable("w", [4], tf.int64)


# -- making a Saver
@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: None, ValueError, "No variables to save"),
        (lambda: [both()[0]] * 2, ValueError, "At least two variables have the same name: v"),
        (
            lambda: dict.fromkeys("ab", both()[0]),
            ValueError,
            "The same saveable will be restored with two names: b",
        ),
        (lambda: [tf.constant(1.0)], TypeError, 'Variable to save is not a Variable: Tensor("Const:0"'),
        (lambda: [1.0], TypeError, "Variable to save is not a Variable: 1.0"),
        (
            lambda: {"a": tf.constant(1.0)},
            TypeError,
            "names_to_saveables must be a dict mapping string names to Tensors/Variables. Not a variable: "
            'Tensor("Const:0"',
        ),
        (
            lambda: {3: both()[0]},
            TypeError,
            "names_to_saveables must be a dict mapping string names to trackable operations. Name is not a "
            "string: 3",
        ),
        (
            lambda: both()[0],
            TypeError,
            "Variables to save should be passed in a dict or a list: <tf.Variable 'v:0'",
        ),
        (lambda: {"x": [both()[0]]}, ValueError, "Slices must all be slices: <tf.Variable 'v:0'"),
        (lambda: {"x": [tf.constant(1.0)]}, ValueError, "Slices must all be Variables: Tensor("),
    ],
)
def test_what_cannot_be_saved(make, error, message):
    with pytest.raises(error, match=f"^{re.escape(message)}"):
        tf.train.Saver(make())


def test_parts_of_two_wholes_are_not_one():
    partitioner = tf.fixed_size_partitioner(2)
    first, second = (tf.get_variable(name, [4], partitioner=partitioner) for name in "ab")
    with pytest.raises(ValueError, match="Slices must all be from the same tensor: a != b"):
        tf.train.Saver({"x": [*first, *second]})
    whole = tf.Variable([1.0], name="c")
    next(iter(first))._set_save_slice_info(tf.Variable.SaveSliceInfo("c", [4], [0], [2]))
    with pytest.raises(ValueError, match=r"At least two variables have the same name: c|Mixing slices"):
        tf.train.Saver([*first, whole])


def test_a_list_cannot_be_deferred_and_a_definition_must_be_one():
    variables = both()
    with pytest.raises(ValueError, match="If `var_list` is provided then build cannot be deferred"):
        tf.train.Saver(variables, defer_build=True)
    with pytest.raises(ValueError, match=r"saver_def must be a saver_pb2\.SaverDef: 3"):
        tf.train.Saver(saver_def=3)
    with pytest.raises(ValueError, match="saver_def must specify the save_tensor_name"):
        tf.train.Saver(saver_def=tf.train.SaverDef())


# -- saving
def test_a_variable_without_a_value_cannot_be_saved(tmp_path):
    both()
    with (
        tf.Session() as session,
        pytest.raises(tf.errors.FailedPreconditionError, match=r"^Attempting to use uninitialized value v"),
    ):
        tf.train.Saver().save(session, tmp_path / "model")
    assert list(tmp_path.iterdir()) == []


def test_two_objects_cannot_be_saved_under_one_name(tmp_path):
    base = tf.python.training.saver.BaseSaverBuilder

    class Named(base.SaveableObject):
        def __init__(self, variable, name):
            super().__init__(variable, [base.SaveSpec(variable._to_tensor(), "", "same")], name)

        def restore(self, restored_tensors, restored_shapes):
            return self.op.assign(restored_tensors[0])

    variables = [tf.Variable([1.0]), tf.Variable([2.0])]
    saver = tf.train.Saver([Named(variable, f"s{index}") for index, variable in enumerate(variables)])
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        with pytest.raises(tf.errors.InvalidArgumentError, match="Adding duplicate key: same"):
            saver.save(session, tmp_path / "model")
    assert list(tmp_path.iterdir()) == []


def test_parts_must_be_of_one_whole_and_lie_side_by_side(tmp_path):
    for specs in (([4], [0]), ([4], [1])), (([4], [0]), ([5], [2])):
        parts = []
        for index, (shape, offset) in enumerate(specs):
            part = tf.Variable([1.0, 2.0], name=f"part_{index}")
            part._set_save_slice_info(tf.Variable.SaveSliceInfo("whole", shape, offset, [2]))
            parts.append(part)
        saver = tf.train.Saver(parts)
        message = "The parts of whole overlap or are not of one whole: 4 0,2, "
        with tf.Session() as session:
            session.run(tf.global_variables_initializer())
            with pytest.raises(tf.errors.InvalidArgumentError, match=message):
                saver.save(session, tmp_path / "model")


def test_saving_needs_an_open_session_and_a_name_of_its_own(tmp_path):
    both()
    saver = tf.train.Saver()
    session = tf.Session()
    session.run(tf.global_variables_initializer())
    with pytest.raises(TypeError, match="'sess' must be a Session; no session"):
        saver.save("no session", tmp_path / "model")
    with pytest.raises(ValueError, match="'latest_filename' must not contain path components"):
        saver.save(session, tmp_path / "model", latest_filename="a/b")
    path = str(tmp_path / "checkpoint")
    message = f"'latest_filename' collides with 'save_path': 'checkpoint' and '{path}'"
    with pytest.raises(ValueError, match=re.escape(message)):
        saver.save(session, path)
    with pytest.raises(TypeError, match=r"Fetch argument 1\.5 has invalid type"):
        saver.save(session, tmp_path / "model", global_step=1.5)
    with pytest.raises(tf.errors.FailedPreconditionError, match="uninitialized value global_step"):
        saver.save(session, tmp_path / "model", global_step=tf.train.create_global_step())
    session.close()
    for call in (saver.save, saver.restore):
        (tmp_path / "model.index").touch()
        with pytest.raises(RuntimeError, match=r"Attempted to use a closed Session\."):
            call(session, str(tmp_path / "model"))


# -- restoring
WHOLE = (
    "Restoring from checkpoint failed. This is most likely due to {} from the checkpoint. Please ensure that "
    "you have not altered the graph expected based on the checkpoint. Original error:\n\n{}"
)
MISSING, MISMATCH = (
    "a Variable name or other graph key that is missing",
    "a mismatch between the current graph and the graph",
)


@pytest.mark.parametrize(
    ("name", "shape", "dtype", "error", "reason", "message"),
    [
        ("W2", [2], tf.float32, tf.errors.NotFoundError, MISSING, "Key W2 not found in checkpoint"),
        (
            "v",
            [3, 2],
            tf.float32,
            tf.errors.InvalidArgumentError,
            MISMATCH,
            "Assign requires shapes of both tensors to match. lhs shape= [3,2] rhs shape= [2,3]",
        ),
        (
            "v",
            [2, 3],
            tf.float64,
            tf.errors.InvalidArgumentError,
            MISMATCH,
            "tensor_name = v; expected dtype double does not equal original dtype float",
        ),
    ],
)
def test_what_does_not_fit_the_checkpoint(name, shape, dtype, error, reason, message, saved):
    tf.get_variable(name, shape, dtype)
    with tf.Session() as session, pytest.raises(error) as caught:
        tf.train.Saver().restore(session, saved)
    assert caught.value.message.startswith(WHOLE.format(reason, message) + "\n\t [[node save/")
    assert caught.value.op is tf.get_default_graph().get_operation_by_name(
        "save/Assign" if "Assign" in message else "save/RestoreV2"
    )


def test_a_missing_name_is_told_the_nearest(tmp_path):
    prefix = checkpoint.save_checkpoint(tmp_path / "model", {"rnn/lstm_cell/kernel": np.float32([1.0])})
    tf.get_variable("rnn/basic_lstm_cell/kernel", [1])
    with tf.Session() as session, pytest.raises(tf.errors.NotFoundError) as caught:
        tf.train.Saver().restore(session, prefix)
    assert (
        "Key rnn/basic_lstm_cell/kernel not found in checkpoint; the nearest that there is is "
        "rnn/lstm_cell/kernel"
    ) in caught.value.message


@pytest.mark.parametrize("text", [b"\x0a", b"\x0a\x08\x12\x06\x12\x01\xff\x1a\x01a", b"\x0b", 7])
def test_a_damaged_graph_of_objects_is_lost_data(text, tmp_path):
    prefix = checkpoint.save_checkpoint(tmp_path / "model", {"_CHECKPOINTABLE_OBJECT_GRAPH": text})
    tf.get_variable("w", [1])
    with tf.Session() as session, pytest.raises(tf.errors.DataLossError, match="_CHECKPOINTABLE_OBJECT_GR"):
        tf.train.Saver().restore(session, prefix)


def test_nothing_is_restored_where_something_does_not_fit(saved):
    vector, other = tf.get_variable("v", [2, 3]), tf.get_variable("other", [2])
    with tf.Session() as session:
        session.run(vector.initializer)
        before = session.run(vector)
        with pytest.raises(tf.errors.NotFoundError):
            tf.train.Saver().restore(session, saved)
        np.testing.assert_array_equal(session.run(vector), before)
        assert not session.run(tf.is_variable_initialized(other))


def test_reshape_needs_as_many_elements(saved):
    tf.get_variable("v", [3])
    message = "Input to reshape is a tensor with 6 values, but the requested shape has 3"
    with tf.Session() as session, pytest.raises(tf.errors.InvalidArgumentError, match=message):
        tf.train.Saver(reshape=True).restore(session, saved)


def test_a_part_must_be_of_a_whole_of_the_saved_shape(saved):
    tf.get_variable("v", [4, 3], partitioner=tf.fixed_size_partitioner(2))
    with tf.Session() as session, pytest.raises(tf.errors.InvalidArgumentError) as caught:
        tf.train.Saver().restore(session, saved)
    message = "shape in shape_and_slice spec [4,3] does not match the shape stored in checkpoint: [2,3]"
    assert message in caught.value.message


def test_there_must_be_a_checkpoint(saved):
    both()
    saver = tf.train.Saver()
    with tf.Session() as session:
        with pytest.raises(ValueError, match=r"Can't load save_path when it is None\."):
            saver.restore(session, None)
        with pytest.raises(ValueError, match=f"^The passed save_path is not a valid checkpoint: {saved}2$"):
            saver.restore(session, f"{saved}2")
        for path in (f"{saved}.index", f"{saved}.data-00000-of-00001"):
            with pytest.raises(tf.errors.DataLossError, match=f"checkpoint {saved}; pass that prefix"):
                saver.restore(session, path)
        with pytest.raises(tf.errors.DataLossError, match=r"Is a directory: pass the prefix"):
            saver.restore(session, os.path.dirname(saved))


# -- damaged files
def damaged_index(prefix):
    data = bytearray(Path(f"{prefix}.index").read_bytes())
    data[20] ^= 0xFF
    Path(f"{prefix}.index").write_bytes(data)


def damaged_data(prefix):
    data = bytearray(Path(f"{prefix}.data-00000-of-00001").read_bytes())
    data[3] ^= 1
    Path(f"{prefix}.data-00000-of-00001").write_bytes(data)


def cut(suffix):
    def change(prefix):
        Path(prefix + suffix).write_bytes(Path(prefix + suffix).read_bytes()[:-1])

    return change


def no_table(prefix):
    Path(f"{prefix}.index").unlink()
    Path(prefix).write_text("hello" * 100)


@pytest.mark.parametrize(
    "damage", [damaged_index, damaged_data, cut(".index"), cut(".data-00000-of-00001"), no_table]
)
def test_damaged_files_are_lost_data_and_the_sentence_says_which(damage, saved):
    vector, _ = both()
    damage(saved)
    with tf.Session() as session:
        session.run(vector.initializer)
        before = session.run(vector)
        with pytest.raises(tf.errors.DataLossError) as caught:
            tf.train.Saver().restore(session, saved)
        np.testing.assert_array_equal(session.run(vector), before)
    problem = caught.value.__cause__
    assert isinstance(problem, checkpoint.CheckpointError)
    assert caught.value.message == f"{problem}\n\t [[node save/RestoreV2 (RestoreV2)]]"
    assert problem.path.startswith(saved)
    assert caught.value.error_code == tf.errors.DATA_LOSS


def test_a_missing_data_file_is_not_found(saved):
    both()
    os.unlink(f"{saved}.data-00000-of-00001")
    with tf.Session() as session, pytest.raises(tf.errors.NotFoundError) as caught:
        tf.train.Saver().restore(session, saved)
    assert f"{saved}.data-00000-of-00001" in caught.value.message
    assert "No such file or directory" in caught.value.message


# -- disks
def whole(prefix):
    with checkpoint.load_checkpoint(prefix) as found:
        return {name: array.tolist() for name, array in found.read().items()}


def test_a_full_disk_leaves_the_checkpoint_before_it_intact(tmp_path):
    """In a process of its own, which may not write files of more than 64 KiB."""
    script = """
        import resource, sys
        import numpy as np
        import ostinato.tf1 as tf
        from ostinato.checkpoint import load_checkpoint

        folder = sys.argv[1]
        small = tf.Variable(np.zeros(4, np.float32), name="weights", validate_shape=False)
        saver = tf.train.Saver()
        with tf.Session() as session:
            session.run(small.initializer)
            saver.save(session, folder + "/each", global_step=1)
            one = saver.save(session, folder + "/one")
            before = open(folder + "/checkpoint").read()
            session.run(tf.assign(small, np.ones(65536, np.float32), validate_shape=False))
            resource.setrlimit(resource.RLIMIT_FSIZE, (65536, resource.RLIM_INFINITY))
            for step in (2, None):
                try:
                    saver.save(session, folder + ("/each" if step else "/one"), global_step=step)
                except tf.errors.ResourceExhaustedError as error:
                    print(error.message)
            resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
            assert open(folder + "/checkpoint").read() == before
            assert tf.train.latest_checkpoint(folder) == one
            for prefix in (folder + "/each-1", one):
                assert load_checkpoint(prefix).read()["weights"].tolist() == [0.0] * 4
            assert not tf.train.checkpoint_exists(folder + "/each-2")
            saver.save(session, folder + "/one")
            assert load_checkpoint(one)["weights"].shape == (65536,)
    """
    (tmp_path / "script.py").write_text(textwrap.dedent(script))
    folder = tmp_path / "run"
    folder.mkdir()
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": SOURCE}
    done = subprocess.run(
        [sys.executable, tmp_path / "script.py", folder],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert (done.returncode, done.stderr) == (0, "")
    first, _, second, _ = done.stdout.splitlines()
    for line, name in [(first, "each-2"), (second, "one")]:
        assert line.startswith(f"{folder}/{name}")
        assert "File too large" in line


@pytest.fixture
def session():
    weights = tf.Variable([1.0], name="weights")
    with tf.Session() as session:
        session.run(weights.initializer)
        yield session


def test_a_disk_that_fills_up_before_the_state_is_written(session, tmp_path, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    saver = tf.train.Saver(max_to_keep=1)
    first = saver.save(session, tmp_path / "model", 1)
    with monkeypatch.context() as patched:
        patched.setattr(checkpoint_management.files, "write_checkpoint_state", full)
        with pytest.raises(tf.errors.ResourceExhaustedError) as caught:
            saver.save(session, tmp_path / "model", 2)
    assert caught.value.message == (
        f"{tmp_path}/checkpoint: cannot say in it that {tmp_path}/model-2 is the latest checkpoint: No space "
        "left on device; what it said before is intact"
    )
    assert tf.train.latest_checkpoint(tmp_path) == first
    assert whole(first) == {"weights": [1.0]}


@pytest.mark.parametrize(
    ("number", "error"),
    [
        (errno.ENOSPC, tf.errors.ResourceExhaustedError),
        (errno.EDQUOT, tf.errors.ResourceExhaustedError),
        (errno.EACCES, tf.errors.PermissionDeniedError),
        (errno.EROFS, tf.errors.PermissionDeniedError),
        (errno.EIO, tf.errors.UnknownError),
    ],
)
def test_what_the_system_says_is_an_error_of_tensorflow(number, error, session, tmp_path, monkeypatch):
    def refuse(prefix, tensors):
        raise OSError(number, os.strerror(number), f"{prefix}.data-00000-of-00001")

    monkeypatch.setattr(operations, "save_checkpoint", refuse)
    with pytest.raises(error) as caught:
        tf.train.Saver().save(session, tmp_path / "model")
    text = f"{tmp_path}/model.data-00000-of-00001: {os.strerror(number)}"
    assert caught.value.message == f"{text}\n\t [[node save/SaveV2 (SaveV2)]]"


def test_a_file_in_the_place_of_the_directory(session, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(ValueError, match=r"Parent directory of .*/file/model doesn't exist, can't save\."):
        tf.train.Saver().save(session, tmp_path / "file" / "model")
    shutil.rmtree(tmp_path)
    with pytest.raises(ValueError, match="Parent directory of"):
        tf.train.Saver().save(session, tmp_path / "gone" / "model")
