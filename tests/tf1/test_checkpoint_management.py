"""The file `checkpoint`, checkpoints looked into without a graph, and initial values from them."""

import os
import threading
import time
from pathlib import Path

import numpy as np
import pytest

import ostinato.tf1 as tf
from ostinato.checkpoint import save_checkpoint
from ostinato.tf1 import checkpoint_utils, python, shadow
from ostinato.tf1.checkpoint_management import meta_graph_filename


@pytest.fixture
def prefix(tmp_path):
    prefix = str(tmp_path / "model-3")
    save_checkpoint(
        prefix,
        {
            "old/w": np.arange(6, dtype=np.float32).reshape(2, 3),
            "old/b": np.ones(3, np.float32),
            "step": np.int64(3),
            "note": np.array([b"a"], object),
            "half": np.float16(1),
        },
    )
    tf.train.update_checkpoint_state(str(tmp_path), prefix)
    return prefix


# -- the state file
def test_a_state_has_the_attributes_of_the_message(tmp_path):
    assert tf.train.get_checkpoint_state(str(tmp_path)) is None
    paths = [f"{tmp_path}/model-1", f"{tmp_path}/model-2"]
    tf.train.update_checkpoint_state(
        str(tmp_path),
        paths[1],
        paths,
        all_model_checkpoint_timestamps=[1.5, 2.25],
        last_preserved_timestamp=1.0,
    )
    state = tf.train.get_checkpoint_state(str(tmp_path))
    assert state
    assert state.model_checkpoint_path == paths[1]
    assert state.all_model_checkpoint_paths == paths
    assert state.all_model_checkpoint_timestamps == [1.5, 2.25]
    assert state.last_preserved_timestamp == 1.0
    assert state.HasField("last_preserved_timestamp")
    assert repr(state) == (tmp_path / "checkpoint").read_text()
    assert state == tf.train.CheckpointState(paths[1], paths, [1.5, 2.25], 1.0)
    assert not tf.train.CheckpointState().HasField("model_checkpoint_path")


@pytest.mark.parametrize(
    ("folder", "path", "given", "written"),
    [
        ("/run", "/run/model-0", None, ["/run/model-0"]),
        ("/run", "/run/model-0", ["/run/model-2"], ["/run/model-2", "/run/model-0"]),
        ("run", "run/model-0", ["run/model-2"], ["model-2", "model-0"]),
        ("run", "/else/model-0", [], ["/else/model-0"]),
        ("", "model-0", ["model-0"], ["model-0"]),
    ],
)
def test_paths_are_relative_in_a_relative_directory(folder, path, given, written):
    state = tf.train.generate_checkpoint_state_proto(folder, path, given)
    assert state.all_model_checkpoint_paths == written
    assert state.model_checkpoint_path == written[-1]


def test_a_state_that_cannot_be_written(tmp_path):
    with pytest.raises(ValueError, match="Checkpoint timestamps, if provided, must match checkpoint paths"):
        tf.train.update_checkpoint_state(
            str(tmp_path), "a", ["a"], all_model_checkpoint_timestamps=[1.0, 2.0]
        )
    path = f"{tmp_path}/checkpoint"
    with pytest.raises(RuntimeError, match=f"Save path '{path}' conflicts with path used for checkpoint"):
        tf.train.update_checkpoint_state(str(tmp_path), path)


def test_a_file_that_is_no_state_is_passed_over_with_a_warning(tmp_path, caplog):
    (tmp_path / "checkpoint").write_text("\0\1\2")
    assert tf.train.get_checkpoint_state(str(tmp_path)) is None
    assert tf.train.latest_checkpoint(str(tmp_path)) is None
    assert "Checkpoint ignored" in caplog.text
    (tmp_path / "checkpoint").write_text('all_model_checkpoint_paths: "a"\n')
    with pytest.raises(ValueError, match=f"Invalid checkpoint state loaded from {tmp_path}"):
        tf.train.get_checkpoint_state(str(tmp_path))


def test_the_latest_must_be_there(prefix, tmp_path, caplog):
    assert tf.train.latest_checkpoint(str(tmp_path)) == prefix
    assert tf.train.latest_checkpoint(str(tmp_path), "other") is None
    tf.train.remove_checkpoint(prefix)
    assert tf.train.latest_checkpoint(str(tmp_path)) is None
    assert f"Couldn't match files for checkpoint {prefix}" in caplog.text


def test_relative_paths_come_back_with_their_directory(prefix, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path.parent)
    tf.train.update_checkpoint_state(str(tmp_path), prefix, save_relative_paths=True)
    assert (tmp_path / "checkpoint").read_text().startswith('model_checkpoint_path: "model-3"\n')
    state = tf.train.get_checkpoint_state(tmp_path.name)
    assert state.model_checkpoint_path == f"{tmp_path.name}/model-3"
    assert tf.train.latest_checkpoint(tmp_path.name) == f"{tmp_path.name}/model-3"


# -- files
def test_existence_times_and_removal_are_of_either_format(prefix, tmp_path):
    old = tmp_path / "old.ckpt"
    old.write_bytes(b"version 1")
    (tmp_path / "old.ckpt.meta").touch()
    shards = [tmp_path / f"many-0000{index}-of-00002" for index in range(2)]
    for index, path in enumerate(shards):
        path.touch()
        os.utime(path, (100 + index, 100 + index))
    os.utime(f"{prefix}.index", (50, 50))
    os.utime(old, (60, 60))
    pattern = f"{tmp_path}/many-?????-of-00002"
    there = [prefix, str(old), pattern]
    assert [tf.train.checkpoint_exists(path) for path in [*there, f"{tmp_path}/none"]] == [True] * 3 + [False]
    assert tf.train.get_checkpoint_mtimes([*there, f"{tmp_path}/none"]) == [50, 60, 100]
    for path in there:
        tf.train.remove_checkpoint(path, tf.train.SaverDef.V1)
        tf.train.remove_checkpoint(path, tf.train.SaverDef.V1)  # what is gone is gone
    assert [path.name for path in tmp_path.iterdir()] == ["checkpoint"]
    assert meta_graph_filename("many-?????-of-00002") == "many.meta"


def test_a_folder_named_by_a_dot_or_a_slash_is_no_checkpoint(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for path in (".", "..", "", "./", f"{tmp_path}/"):
        assert not tf.train.checkpoint_exists(path)
    save_checkpoint(f"{tmp_path}/", {"w": np.ones(1)})
    assert tf.train.checkpoint_exists(f"{tmp_path}/")


def test_removing_a_checkpoint_leaves_those_whose_names_begin_alike(prefix, tmp_path):
    other = save_checkpoint(f"{prefix}1", {"w": np.ones(1)})
    tf.train.remove_checkpoint(prefix)
    assert tf.train.checkpoint_exists(other)
    tf.train.load_variable(other, "w")


@pytest.mark.parametrize("name", ["run[1]/model", "run?/model", "run*/model", "run1/model[0-9]"])
@pytest.mark.parametrize("version", [1, 2])
def test_no_character_of_a_prefix_stands_for_others_when_it_is_removed(name, version, tmp_path):
    prefix, beside = tmp_path / name, tmp_path / "run1" / "model2"
    files = (
        ["{}.index", "{}.data-00000-of-00001"] if version == 2 else ["{}-00000-of-00002", "{}-00001-of-00002"]
    )
    for path in (prefix, beside, beside.with_name("model")):
        path.parent.mkdir(exist_ok=True)
        for file in files:
            Path(file.format(path)).touch()
    tf.train.remove_checkpoint(str(prefix) if version == 2 else f"{prefix}-?????-of-00002", version)
    assert not any(Path(file.format(prefix)).exists() for file in files)
    others = [file.format(path) for path in (beside, beside.with_name("model")) for file in files]
    assert [path for path in others if not Path(path).exists()] == []


def test_a_checkpoint_half_removed_is_none(prefix, monkeypatch):
    """Killed at any moment, a removal leaves a whole checkpoint or no index."""
    unlink, data = os.unlink, f"{prefix}.data-00000-of-00001"
    seen = []

    def watched(path):
        unlink(path)
        seen.append((os.path.exists(f"{prefix}.index"), os.path.exists(data)))

    monkeypatch.setattr(os, "unlink", watched)
    tf.train.remove_checkpoint(prefix)
    assert seen == [(False, True), (False, False)]


# -- looked into
def test_a_reader_says_what_a_checkpoint_holds(prefix):
    reader = tf.train.NewCheckpointReader(prefix)
    assert reader.has_tensor("old/w")
    assert not reader.has_tensor("w")
    assert reader.get_variable_to_shape_map() == {
        "half": [],
        "note": [1],
        "old/b": [3],
        "old/w": [2, 3],
        "step": [],
    }
    types = reader.get_variable_to_dtype_map()
    assert types["old/w"] is tf.float32
    assert types["note"] is tf.string
    assert reader.debug_string() == (
        b"half (DT_HALF) []\nnote (DT_STRING) [1]\nold/b (DT_FLOAT) [3]\nold/w (DT_FLOAT) [2,3]\n"
        b"step (DT_INT64) []\n"
    )
    assert reader.get_tensor("old/w").tolist() == [[0, 1, 2], [3, 4, 5]]
    assert isinstance(reader.get_tensor("step"), np.int64)
    with pytest.raises(tf.errors.NotFoundError, match="Key nope not found in checkpoint"):
        reader.get_tensor("nope")
    message = "Unsuccessful TensorSliceReader constructor: Failed to find any matching files for"
    with pytest.raises(tf.errors.NotFoundError, match=message):
        tf.train.NewCheckpointReader(f"{prefix}0")
    reader.get_tensor("old/b")[:] = 7  # of one's own
    assert reader.get_tensor("old/b").tolist() == [1, 1, 1]


def test_variables_are_listed_and_loaded_from_a_directory(prefix, tmp_path):
    assert tf.train.list_variables(str(tmp_path))[2:4] == [("old/b", [3]), ("old/w", [2, 3])]
    assert tf.train.load_variable(prefix, "old/b:0").tolist() == [1, 1, 1]
    assert tf.train.load_checkpoint(str(tmp_path)).has_tensor("step")
    (tmp_path / "empty").mkdir()
    with pytest.raises(ValueError, match="Couldn't find 'checkpoint' file or checkpoints in given directory"):
        tf.train.load_checkpoint(str(tmp_path / "empty"))


def test_a_damaged_checkpoint_is_lost_data_to_a_reader(prefix):
    path = f"{prefix}.data-00000-of-00001"
    size = os.path.getsize(path)
    with open(path, "r+b") as file:
        file.write(b"\xff" * size)
    reader = tf.train.NewCheckpointReader(prefix)
    with pytest.raises(tf.errors.DataLossError, match=r"model-3\.data-00000-of-00001, byte \d+: .*old/w"):
        reader.get_tensor("old/w")


def test_tensorflows_own_names_for_these_are_there(prefix, capsys):
    modules = shadow.modules()
    assert modules["tensorflow.python.pywrap_tensorflow"].NewCheckpointReader is tf.train.NewCheckpointReader
    assert tf.pywrap_tensorflow.NewCheckpointReader is tf.train.NewCheckpointReader
    assert modules["tensorflow.python.training.saver"].Saver is tf.train.Saver
    assert modules["tensorflow.python.training.saver"].latest_checkpoint is tf.train.latest_checkpoint
    assert modules["tensorflow.core.protobuf.saver_pb2"].SaverDef is tf.train.SaverDef
    assert modules["tensorflow.python.training.checkpoint_state_pb2"].CheckpointState is (
        tf.train.CheckpointState
    )
    inspect = python.tools.inspect_checkpoint.print_tensors_in_checkpoint_file
    inspect(prefix, "old/b", False)
    inspect(prefix, "", True)
    inspect(prefix, None, False, all_tensor_names=True)
    inspect(prefix, None, False)
    assert capsys.readouterr().out == (
        "tensor_name:  old/b\n[1. 1. 1.]\n# Total number of params: 12\n"
        "tensor_name:  half\n1.0\ntensor_name:  note\n[b'a']\ntensor_name:  old/b\n[1. 1. 1.]\n"
        "tensor_name:  old/w\n[[0. 1. 2.]\n [3. 4. 5.]]\ntensor_name:  step\n3\n"
        "# Total number of params: 12\n"
        "tensor_name:  half\ntensor_name:  note\ntensor_name:  old/b\ntensor_name:  old/w\n"
        "tensor_name:  step\n# Total number of params: 12\n"
        "half (DT_HALF) []\nnote (DT_STRING) [1]\nold/b (DT_FLOAT) [3]\nold/w (DT_FLOAT) [2,3]\n"
        "step (DT_INT64) []\n\n# Total number of params: 12\n"
    )


def test_a_checkpoint_is_inspected_by_the_command(prefix, capsys, monkeypatch):
    inspect = shadow.modules()["tensorflow.python.tools.inspect_checkpoint"]

    def printed(*options):
        monkeypatch.setattr("sys.argv", ["inspect_checkpoint", *options])
        inspect.run_main()
        return capsys.readouterr().out

    assert printed(f"--file_name={prefix}", "--tensor_name=step") == (
        "tensor_name:  step\n3\n# Total number of params: 12\n"
    )
    assert printed(f"--file_name={prefix}", "--all_tensor_names", "--count_exclude_pattern=old/") == (
        "tensor_name:  half\ntensor_name:  note\ntensor_name:  old/b\ntensor_name:  old/w\n"
        "tensor_name:  step\n# Excluding 2 tensors (9 params) that match old/ when counting.\n"
        "# Total number of params: 3\n"
    )
    assert printed(f"--file_name={prefix}", "--tensor_name=none") == (
        "tensor_name:  none\nKey none not found in checkpoint\n"
    )
    assert printed(f"--file_name={prefix}x").startswith("Unsuccessful TensorSliceReader constructor: Failed")
    with pytest.raises(SystemExit):
        printed()


# -- waited for
def test_an_iterator_gives_each_new_checkpoint(prefix, tmp_path):
    asked = []

    def enough():
        asked.append(True)
        return len(asked) == 2

    found = tf.train.checkpoints_iterator(str(tmp_path), timeout=0, timeout_fn=enough)
    assert next(found) == prefix
    second = save_checkpoint(str(tmp_path / "model-4"), {"w": np.ones(1)})
    tf.train.update_checkpoint_state(str(tmp_path), second)
    assert next(found) == second
    assert list(found) == []
    assert len(asked) == 2
    assert list(tf.train.checkpoints_iterator(str(tmp_path / "none"), timeout=0)) == []


def test_a_checkpoint_is_waited_for(tmp_path):
    def save():
        time.sleep(0.05)
        path = save_checkpoint(str(tmp_path / "model"), {"w": np.ones(1)})
        tf.train.update_checkpoint_state(str(tmp_path), path)

    saving = threading.Thread(target=save)
    saving.start()
    found = checkpoint_utils.wait_for_new_checkpoint(str(tmp_path), seconds_to_sleep=0.01, timeout=20)
    saving.join()
    assert found == str(tmp_path / "model")


# -- initial values
def test_variables_begin_with_what_a_checkpoint_has(prefix, tmp_path):
    with tf.variable_scope("new"):
        first = tf.get_variable("w", [2, 3])
        second = tf.get_variable("b", [3])
    third = tf.get_variable("other", [3])
    parts = tf.get_variable("parts", [2, 3], partitioner=tf.fixed_size_partitioner(2))
    tf.train.init_from_checkpoint(str(tmp_path), {"old/": "new/", "old/b": third})
    tf.train.init_from_checkpoint(prefix, {"old/w": "parts"})
    names = [item.name for item in tf.get_default_graph().get_operations() if item.type == "RestoreV2"]
    assert names[:2] == ["checkpoint_initializer", "checkpoint_initializer_1"]
    after = tf.Variable(second.initialized_value() * 2)
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        values = [value.tolist() for value in session.run([first, second, third, parts, after])]
    assert values == [
        [[0, 1, 2], [3, 4, 5]],
        [1, 1, 1],
        [1, 1, 1],
        [[0, 1, 2], [3, 4, 5]],
        [2, 2, 2],
    ]


def test_the_root_of_a_checkpoint_is_a_scope_too(tmp_path):
    prefix = save_checkpoint(str(tmp_path / "model"), {"w": np.float32([5.0])})
    with tf.variable_scope("new"):
        weights = tf.get_variable("w", [1])
    tf.train.init_from_checkpoint(prefix, {"/": "new/"})
    with tf.Session() as session:
        session.run(weights.initializer)
        assert session.run(weights).tolist() == [5.0]


@pytest.mark.parametrize(
    ("mapping", "message"),
    [
        ({"old/x": "w"}, "Tensor old/x is not found in .* checkpoint"),
        ({"old/b": "w"}, r"Shape of variable w:0 \(\(2, 3\)\) doesn't match with shape of tensor old/b"),
        (
            {"old/b": "nothing/"},
            r"Assignment map with scope only name nothing should map to scope only old/b",
        ),
        ({"step/": "/"}, r"Tensor step/w \(w in step/\) is not found in"),
    ],
)
def test_initial_values_must_be_in_the_checkpoint(mapping, message, prefix):
    tf.get_variable("w", [2, 3])
    with pytest.raises(ValueError, match=message):
        tf.train.init_from_checkpoint(prefix, mapping)


def test_a_function_that_restores(prefix):
    bias, more = tf.get_variable("old/b", [3]), tf.get_variable("more", [1])
    framework = tf.contrib.framework
    with tf.Session() as session:
        framework.assign_from_checkpoint_fn(prefix, [bias])(session)
        assert session.run(bias).tolist() == [1, 1, 1]
        framework.assign_from_checkpoint_fn(prefix, [bias, more], ignore_missing_vars=True)(session)
        assert session.run(tf.report_uninitialized_variables()).tolist() == [b"more"]
        framework.assign_from_checkpoint_fn(prefix, [more], ignore_missing_vars=True)(session)
        with pytest.raises(tf.errors.NotFoundError, match="Key more not found in checkpoint"):
            framework.assign_from_checkpoint_fn(prefix, {"more": more})(session)
    with pytest.raises(ValueError, match="var_list cannot be empty"):
        framework.assign_from_checkpoint_fn(prefix, [])
