"""`tf.train.Saver`: its nodes, what it saves and restores, which checkpoints it keeps."""

import os
from pathlib import Path

import ml_dtypes
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import ostinato.tf1 as tf
from ostinato.checkpoint import load_checkpoint, save_checkpoint
from ostinato.tf1 import saver as saver_module


def variables():
    return tf.get_variable("b/W", [2, 3]), tf.get_variable("a", [4])


def nodes(prefix):
    """(name, type, inputs, control inputs) of the nodes of a Saver."""
    return [
        (
            operation.name,
            operation.type,
            [tensor.name for tensor in operation.inputs],
            [control.name for control in operation.control_inputs],
        )
        for operation in tf.get_default_graph().get_operations()
        if operation.name.startswith(prefix)
    ]


def texts(name):
    return tf.get_default_graph().get_operation_by_name(name).get_attr("value").tolist()


# -- nodes
def test_the_nodes_are_those_of_tensorflow():
    variables()
    tf.train.Saver()
    names, slices = "save/SaveV2/tensor_names", "save/SaveV2/shape_and_slices"
    restored_names, restored_slices = "save/RestoreV2/tensor_names", "save/RestoreV2/shape_and_slices"
    assert nodes("save") == [
        ("save/filename/input", "Const", [], []),
        ("save/filename", "PlaceholderWithDefault", ["save/filename/input:0"], []),
        ("save/Const", "PlaceholderWithDefault", ["save/filename:0"], []),
        (names, "Const", [], []),
        (slices, "Const", [], []),
        ("save/SaveV2", "SaveV2", ["save/Const:0", f"{names}:0", f"{slices}:0", "a:0", "b/W:0"], []),
        ("save/control_dependency", "Identity", ["save/Const:0"], ["save/SaveV2"]),
        (restored_names, "Const", [], []),
        (restored_slices, "Const", [], []),
        ("save/RestoreV2", "RestoreV2", ["save/Const:0", f"{restored_names}:0", f"{restored_slices}:0"], []),
        ("save/Assign", "Assign", ["a:0", "save/RestoreV2:0"], []),
        ("save/Assign_1", "Assign", ["b/W:0", "save/RestoreV2:1"], []),
        ("save/restore_all", "NoOp", [], ["save/Assign", "save/Assign_1"]),
    ]
    assert texts(names) == [b"a", b"b/W"]
    assert texts(slices) == [b"", b""]


def test_parts_are_saved_under_the_name_of_the_whole():
    tf.get_variable("P", [5, 3], partitioner=tf.fixed_size_partitioner(2))
    tf.get_variable("z", [2])
    tf.train.Saver()
    assert texts("save/SaveV2/tensor_names") == [b"P", b"P", b"z"]
    assert texts("save/SaveV2/shape_and_slices") == [b"5 3 0,3:0,3", b"5 3 3,2:0,3", b""]
    restored = tf.get_default_graph().get_operation_by_name("save/RestoreV2").outputs
    assert [tensor.shape.as_list() if tensor.shape.ndims else None for tensor in restored] == [
        [3, 3],
        [2, 3],
        None,
    ]


def test_slots_of_parts_are_parts_of_the_slot_of_the_whole():
    with tf.variable_scope("rnn"):
        cell = tf.nn.rnn_cell.LSTMCell(5, num_unit_shards=2)
        output, _ = cell(tf.ones([2, 3]), cell.zero_state(2, tf.float32))
    tf.train.AdamOptimizer().minimize(tf.reduce_sum(output), tf.train.get_or_create_global_step())
    tf.train.Saver()
    found = list(zip(texts("save/SaveV2/tensor_names"), texts("save/SaveV2/shape_and_slices"), strict=True))
    first, second = b"8 20 0,4:0,20", b"8 20 4,4:0,20"
    assert found == [
        (b"beta1_power", b""),
        (b"beta2_power", b""),
        (b"global_step", b""),
        (b"rnn/lstm_cell/bias", b""),
        (b"rnn/lstm_cell/bias/Adam", b""),
        (b"rnn/lstm_cell/bias/Adam_1", b""),
        (b"rnn/lstm_cell/kernel", first),
        (b"rnn/lstm_cell/kernel", second),
        (b"rnn/lstm_cell/kernel/Adam", first),
        (b"rnn/lstm_cell/kernel/Adam", second),
        (b"rnn/lstm_cell/kernel/Adam_1", first),
        (b"rnn/lstm_cell/kernel/Adam_1", second),
    ]


def test_a_second_saver_has_a_scope_of_its_own_and_a_named_one_its_name():
    variables()
    first, second, named = tf.train.Saver(), tf.train.Saver(max_to_keep=None), tf.train.Saver(name="mine")
    assert first.saver_def == tf.train.SaverDef(
        filename_tensor_name="save/Const:0",
        save_tensor_name="save/control_dependency:0",
        restore_op_name="save/restore_all",
        max_to_keep=5,
        keep_checkpoint_every_n_hours=10000.0,
        version=tf.train.SaverDef.V2,
    )
    assert second.as_saver_def().save_tensor_name == "save_1/control_dependency:0"
    assert second.saver_def.max_to_keep == 0
    assert named.saver_def.restore_op_name == "mine/restore_all"


def test_savers_of_tensorflow_1_say_what_they_are_as_text():
    variables()
    assert repr(tf.train.Saver().as_saver_def()) == (
        'filename_tensor_name: "save/Const:0"\nsave_tensor_name: "save/control_dependency:0"\n'
        'restore_op_name: "save/restore_all"\nmax_to_keep: 5\nkeep_checkpoint_every_n_hours: 10000.0\n'
        "version: V2\n"
    )


def test_the_nodes_of_a_saver_can_be_run_by_name(tmp_path):
    weights, _ = variables()
    saver = tf.train.Saver()
    definition = saver.saver_def
    path = str(tmp_path / "model")
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        before = session.run(weights)
        assert session.run("save/Const:0") == b"model"
        saved = session.run(definition.save_tensor_name, {definition.filename_tensor_name: path})
        assert saved == path.encode()
        session.run(weights.assign(before + 1))
        session.run(definition.restore_op_name, {definition.filename_tensor_name: path})
        np.testing.assert_array_equal(session.run(weights), before)


def test_another_saver_works_with_the_nodes_of_the_first(tmp_path):
    weights, _ = variables()
    first = tf.train.Saver()
    count = len(tf.get_default_graph().get_operations())
    second = tf.train.Saver(saver_def=first.as_saver_def())
    assert len(tf.get_default_graph().get_operations()) == count
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        path = second.save(session, tmp_path / "model")
        before = session.run(weights)
        session.run(weights.assign(before * 2))
        first.restore(session, path)
        np.testing.assert_array_equal(session.run(weights), before)


# -- what is saved and restored
KINDS = {
    "half": (tf.float16, np.array([1.5, -0.0, np.inf], np.float16)),
    "float": (tf.float32, np.array([[1.5, np.nan], [-0.0, 1e-42]], np.float32)),
    "double": (tf.float64, np.array(np.pi)),
    "bfloat16": (tf.bfloat16, np.array([1.5, -3.0, 1e30], ml_dtypes.bfloat16)),
    "int8": (tf.int8, np.array([-128, 127], np.int8)),
    "int16": (tf.int16, np.array([-(2**15)], np.int16)),
    "int32": (tf.int32, np.array([[[-(2**31)]]], np.int32)),
    "int64": (tf.int64, np.array(2**62 + 1)),
    "uint8": (tf.uint8, np.array([255], np.uint8)),
    "uint16": (tf.uint16, np.array([65535], np.uint16)),
    "uint32": (tf.uint32, np.array([2**32 - 1], np.uint32)),
    "uint64": (tf.uint64, np.array([2**64 - 1], np.uint64)),
    "bool": (tf.bool, np.array([True, False])),
    "complex64": (tf.complex64, np.array([1 + 2j], np.complex64)),
    "complex128": (tf.complex128, np.array([1 - 2j])),
    "string": (tf.string, np.array([b"", "é".encode(), b"a\0"], object)),
    "empty": (tf.float32, np.zeros([3, 0], np.float32)),
}


def bits(array):
    return array.tolist() if array.dtype == object else (array.dtype, array.shape, array.tobytes())


@pytest.mark.parametrize("kind", KINDS)
def test_every_type_comes_back_to_the_bit(kind, tmp_path):
    dtype, value = KINDS[kind]
    start = {"string": b"", "bool": False}.get(kind, 0)
    variable = tf.Variable(tf.constant(start, dtype, value.shape) if value.size else tf.zeros(value.shape))
    assert variable.dtype.base_dtype is dtype
    save_checkpoint(tmp_path / "theirs", {"Variable": value})
    saver = tf.train.Saver()
    with tf.Session() as session:
        saver.restore(session, tmp_path / "theirs")
        path = saver.save(session, tmp_path / "ours")
    with load_checkpoint(path) as ours:
        assert bits(ours["Variable"]) == bits(value)


def test_only_what_is_listed_is_saved(tmp_path):
    first, second = variables()
    local = tf.Variable([1.0, 2.0], name="local", collections=[tf.GraphKeys.LOCAL_VARIABLES])
    with tf.Session() as session:
        session.run([tf.global_variables_initializer(), tf.local_variables_initializer()])
        for chosen, names in [
            (None, ["a", "b/W"]),
            ([second], ["a"]),
            ({"renamed/a": second, "w": first}, ["renamed/a", "w"]),
            (tf.local_variables(), ["local"]),
            ((local, first), ["b/W", "local"]),
            ({local, first}, ["b/W", "local"]),
        ]:
            path = tf.train.Saver(chosen).save(session, tmp_path / "model")
            assert list(load_checkpoint(path)) == names


def test_a_dict_restores_under_other_names(tmp_path):
    weights = tf.Variable([1.0, 2.0], name="new_name")
    save_checkpoint(tmp_path / "model", {"old/name": np.array([3.0, 4.0], np.float32)})
    with tf.Session() as session:
        tf.train.Saver({"old/name": weights}).restore(session, str(tmp_path / "model"))
        assert session.run(weights).tolist() == [3.0, 4.0]


def test_what_is_restored_is_initialised_and_the_rest_is_not(tmp_path):
    weights, other = tf.Variable([1.0], name="weights"), tf.Variable([1.0], name="other")
    save_checkpoint(tmp_path / "model", {"weights": np.array([3.0], np.float32)})
    with tf.Session() as session:
        assert session.run(tf.report_uninitialized_variables()).tolist() == [b"weights", b"other"]
        tf.train.Saver([weights]).restore(session, str(tmp_path / "model"))
        assert session.run(tf.report_uninitialized_variables()).tolist() == [b"other"]
        assert session.run(tf.is_variable_initialized(other)) == np.False_


def test_a_restored_variable_shares_no_memory_with_another(tmp_path):
    first, second = tf.Variable([1.0], name="first"), tf.Variable([1.0], name="second")
    save_checkpoint(tmp_path / "model", {"both": np.array([3.0], np.float32)})
    with tf.Session() as session:
        for variable in (first, second):
            tf.train.Saver({"both": variable}).restore(session, str(tmp_path / "model"))
        session.variables["first"].add_(1)
        assert session.run([first, second]) == [[4.0], [3.0]]


def test_reshape_takes_as_many_elements_in_another_shape(tmp_path):
    weights = tf.get_variable("weights", [3, 2])
    save_checkpoint(tmp_path / "model", {"weights": np.arange(6, dtype=np.float32).reshape(2, 3)})
    with tf.Session() as session:
        tf.train.Saver(reshape=True).restore(session, str(tmp_path / "model"))
        assert session.run(weights).tolist() == [[0, 1], [2, 3], [4, 5]]


@settings(max_examples=25, deadline=None)
@given(
    rows=st.integers(1, 6),
    columns=st.integers(1, 5),
    axis=st.sampled_from([0, 1]),
    saved=st.integers(1, 4),
    restored=st.integers(1, 4),
    restored_axis=st.sampled_from([0, 1]),
)
def test_parts_come_back_in_whatever_parts(
    tmp_path_factory, rows, columns, axis, saved, restored, restored_axis
):
    path = str(tmp_path_factory.mktemp("parts") / "model")
    value = np.arange(rows * columns, dtype=np.float32).reshape(rows, columns)
    with tf.Graph().as_default(), tf.Session() as session:
        whole = tf.get_variable("w", initializer=value, partitioner=tf.fixed_size_partitioner(saved, axis))
        session.run(whole.initializer)
        np.testing.assert_array_equal(session.run(whole), value)
        tf.train.Saver().save(session, path)
    np.testing.assert_array_equal(load_checkpoint(path)["w"], value)
    with tf.Graph().as_default(), tf.Session() as session:
        partitioner = tf.fixed_size_partitioner(restored, restored_axis)
        again = tf.get_variable("w", [rows, columns], partitioner=partitioner)
        tf.train.Saver({"w": list(again)}).restore(session, path)
        np.testing.assert_array_equal(session.run(again), value)
    with tf.Graph().as_default(), tf.Session() as session:
        again = tf.get_variable("w", [rows, columns])
        tf.train.Saver().restore(session, path)
        np.testing.assert_array_equal(session.run(again), value)


def test_some_parts_of_a_whole_cannot_be_saved_as_it(tmp_path):
    whole = tf.get_variable("w", [4, 2], partitioner=tf.fixed_size_partitioner(2))
    saver = tf.train.Saver([next(iter(whole))])
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        with pytest.raises(
            tf.errors.InvalidArgumentError, match=r"Only 4 of the 8 elements of .* w are among"
        ):
            saver.save(session, tmp_path / "model")
    assert list(tmp_path.iterdir()) == []


def test_devices_are_saved_one_by_one_and_read_as_one(tmp_path):
    with tf.device("/cpu:0"):
        first = tf.Variable([1.0], name="first")
    with tf.device("/cpu:1"):
        second = tf.Variable([2.0], name="second")
    saver = tf.train.Saver(sharded=True)
    assert saver.saver_def.save_tensor_name == "save/Identity:0"
    assert [line[0] for line in nodes("save/restore_")] == [
        "save/restore_shard",
        "save/restore_shard_1",
        "save/restore_all",
    ]
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        path = saver.save(session, tmp_path / "model")
        session.run([first.assign([0.0]), second.assign([0.0])])
        saver.restore(session, path)
        assert session.run([first, second]) == [[1.0], [2.0]]
    assert sorted(item.name for item in tmp_path.iterdir()) == [
        "checkpoint",
        "model.data-00000-of-00001",
        "model.index",
        "model.meta",
    ]


def test_a_builder_may_save_under_other_names(tmp_path):
    class Upper(saver_module.BaseSaverBuilder):
        def save_op(self, filename_tensor, saveables):
            for saveable in saveables:
                saveable.specs[0].name = saveable.specs[0].name.upper()
            return super().save_op(filename_tensor, saveables)

    weights = tf.Variable([1.0], name="weights")
    saver = tf.train.Saver(builder=Upper())
    with tf.Session() as session:
        session.run(weights.initializer)
        path = saver.save(session, tmp_path / "model")
        assert list(load_checkpoint(path)) == ["WEIGHTS"]
        saver.restore(session, path)


def test_objects_that_say_what_to_save_are_saved_with_the_variables(tmp_path):
    class Doubled(saver_module.BaseSaverBuilder.SaveableObject):
        """Keeps twice what its variable holds."""

        def __init__(self, variable):
            spec = saver_module.BaseSaverBuilder.SaveSpec(variable * 2, "", "doubled")
            super().__init__(variable, [spec], "doubled")

        def restore(self, restored_tensors, restored_shapes):
            return self.op.assign(tf.reshape(restored_tensors[0], [1]) / 2)

    variable = tf.Variable([3.0], collections=[])
    tf.add_to_collection(tf.GraphKeys.SAVEABLE_OBJECTS, Doubled(variable))
    saver = tf.train.Saver()
    with tf.Session() as session:
        session.run(variable.initializer)
        path = saver.save(session, tmp_path / "model")
        assert load_checkpoint(path)["doubled"].tolist() == [6.0]
        session.run(variable.assign([0.0]))
        saver.restore(session, path)
        assert session.run(variable) == [3.0]


def test_saving_and_restoring_add_nothing_to_the_graph(tmp_path):
    counter = tf.train.get_or_create_global_step()
    saver = tf.train.Saver()
    tf.get_default_graph().finalize()
    with tf.Session() as session:
        session.run(counter.initializer)
        saver.restore(session, saver.save(session, tmp_path / "model", counter))
    with pytest.raises(RuntimeError, match=r"Graph is finalized and cannot be modified\."):
        tf.train.Saver()


def test_a_saver_can_be_made_before_the_variables(tmp_path):
    saver = tf.train.Saver(defer_build=True)
    weights = tf.Variable([1.0])
    with tf.Session() as session:
        session.run(weights.initializer)
        with pytest.raises(RuntimeError, match=r"`build\(\)` should be called before save"):
            saver.save(session, tmp_path / "model")
        saver.build()
        saver.build()
        assert saver.save(session, tmp_path / "model") == str(tmp_path / "model")


def test_nothing_to_save_is_allowed_where_it_is_asked_for(tmp_path):
    saver = tf.train.Saver(allow_empty=True)
    with tf.Session() as session:
        assert saver.save(session, tmp_path / "model") is None
        saver.restore(session, tmp_path / "model")
    assert list(tmp_path.iterdir()) == []


def test_version_1_is_read_and_asked_for_is_written_as_version_2(tmp_path, caplog):
    weights = tf.Variable([1.0, 2.0])
    saver = tf.train.Saver(write_version=tf.train.SaverDef.V1, max_to_keep=1)
    with tf.Session() as session:
        session.run(weights.initializer)
        for step in range(2):
            path = saver.save(session, tmp_path / "model", step)
    assert caplog.text.count("format V2 here, not V1") == 1
    assert load_checkpoint(path).format == "V2"
    assert sorted(item.name for item in tmp_path.iterdir()) == [
        "checkpoint",
        "model-1.data-00000-of-00001",
        "model-1.index",
        "model-1.meta",
    ]


# -- names of checkpoints
@pytest.mark.parametrize(
    ("step", "pad", "name"),
    [
        (7, False, "model-7"),
        (np.int64(7), False, "model-7"),
        (7, True, "model-00000007"),
        ("tensor", False, "model-3"),
        ("variable", True, "model-00000005"),
        ("name", False, "model-5"),
        (None, False, "model"),
    ],
)
def test_the_step_goes_into_the_name(step, pad, name, tmp_path):
    counter = tf.train.get_or_create_global_step()
    given_step = {"tensor": tf.constant(3), "variable": counter, "name": "global_step:0"}
    saver = tf.train.Saver(pad_step_number=pad)
    with tf.Session() as session:
        session.run(counter.assign(5))
        chosen = given_step[step] if isinstance(step, str) else step
        path = saver.save(session, tmp_path / "model", chosen)
    assert path == str(tmp_path / name)
    assert tf.train.latest_checkpoint(tmp_path) == path


def test_a_missing_directory_is_made_but_not_the_one_around_it(tmp_path):
    weights = tf.Variable([1.0])
    saver = tf.train.Saver()
    with tf.Session() as session:
        session.run(weights.initializer)
        assert tf.train.checkpoint_exists(saver.save(session, tmp_path / "new" / "model"))
        wanted = str(tmp_path / "no" / "such" / "model")
        with pytest.raises(ValueError, match=r"Parent directory of .* doesn't exist, can't save\.") as caught:
            saver.save(session, wanted)
        assert wanted in str(caught.value)


def test_a_prefix_may_be_a_directory(tmp_path):
    weights = tf.Variable([1.0])
    saver = tf.train.Saver()
    with tf.Session() as session:
        session.run(weights.initializer)
        path = saver.save(session, f"{tmp_path}/models/")
        assert path == f"{tmp_path}/models/"
        assert sorted(os.listdir(path)) == [".data-00000-of-00001", ".index", ".meta", "checkpoint"]
        saver.restore(session, path)
        assert saver.save(session, path, 3) == tf.train.latest_checkpoint(path) == f"{path}-3"


# -- which checkpoints are kept
def state_of(folder, name="checkpoint"):
    return (Path(folder) / name).read_text()


def kept(folder):
    return sorted(item.name.removesuffix(".index") for item in Path(folder).glob("*.index"))


@pytest.fixture
def session():
    weights = tf.Variable([1.0], name="weights")
    with tf.Session() as session:
        session.run(weights.initializer)
        yield session


def test_the_oldest_is_deleted_with_all_its_files(session, tmp_path):
    saver = tf.train.Saver(max_to_keep=2)
    for step in range(4):
        path = saver.save(session, tmp_path / "model", step)
        Path(f"{path}.meta").write_text("a graph")  # as TensorFlow has it
    assert saver.last_checkpoints == [str(tmp_path / "model-2"), str(tmp_path / "model-3")]
    assert sorted(item.name for item in tmp_path.iterdir()) == [
        "checkpoint",
        "model-2.data-00000-of-00001",
        "model-2.index",
        "model-2.meta",
        "model-3.data-00000-of-00001",
        "model-3.index",
        "model-3.meta",
    ]
    assert state_of(tmp_path) == (
        f'model_checkpoint_path: "{tmp_path}/model-3"\n'
        f'all_model_checkpoint_paths: "{tmp_path}/model-2"\n'
        f'all_model_checkpoint_paths: "{tmp_path}/model-3"\n'
    )


def test_a_checkpoint_that_is_saved_again_is_the_newest(session, tmp_path):
    saver = tf.train.Saver(max_to_keep=2)
    for step in (1, 2, 1, 3):
        saver.save(session, tmp_path / "model", step)
    assert kept(tmp_path) == ["model-1", "model-3"]


@pytest.mark.parametrize("number", [0, None])
def test_all_can_be_kept_and_only_the_last_is_listed(number, session, tmp_path):
    saver = tf.train.Saver(max_to_keep=number)
    for step in range(3):
        saver.save(session, tmp_path / "model", step)
    assert kept(tmp_path) == ["model-0", "model-1", "model-2"]
    assert saver.last_checkpoints == []
    assert state_of(tmp_path) == (
        f'model_checkpoint_path: "{tmp_path}/model-2"\nall_model_checkpoint_paths: "{tmp_path}/model-2"\n'
    )


def test_one_is_kept_every_so_many_hours(session, tmp_path, monkeypatch):
    now = [1000.0]
    monkeypatch.setattr(saver_module.time, "time", lambda: now[0])
    saver = tf.train.Saver(max_to_keep=1, keep_checkpoint_every_n_hours=1)
    for step in range(10):  # every quarter of an hour
        now[0] += 900
        saver.save(session, tmp_path / "model", step)
    # Saved after more than 3600, 7200 seconds; and the newest.
    assert kept(tmp_path) == ["model-4", "model-8", "model-9"]


def test_a_new_saver_goes_on_with_the_checkpoints_of_the_last_run(session, tmp_path):
    first = tf.train.Saver()
    for step in range(3):
        first.save(session, tmp_path / "model", step)
    second = tf.train.Saver(max_to_keep=3)
    listed = tf.train.get_checkpoint_state(tmp_path).all_model_checkpoint_paths
    second.recover_last_checkpoints([*listed[:1], str(tmp_path / "gone"), *listed[1:]])
    assert second.last_checkpoints == listed
    second.save(session, tmp_path / "model", 3)
    assert kept(tmp_path) == ["model-1", "model-2", "model-3"]
    third = tf.train.Saver(max_to_keep=1)
    third.set_last_checkpoints(list(second.last_checkpoints))
    assert third.last_checkpoints == second.last_checkpoints
    third.save(session, tmp_path / "model", 4)
    third.save(session, tmp_path / "model", 5)
    assert kept(tmp_path) == [f"model-{step}" for step in range(1, 6)]  # without a time none is deleted
    for step in (4, 5):
        tf.train.remove_checkpoint(str(tmp_path / f"model-{step}"))
    third.set_last_checkpoints_with_time([(path, 0.0) for path in second.last_checkpoints])
    third.save(session, tmp_path / "model", 4)
    assert kept(tmp_path) == ["model-2", "model-3", "model-4"]  # one is deleted at a time
    with pytest.raises(AssertionError):
        third.set_last_checkpoints("model-4")


def test_nothing_is_listed_or_deleted_without_the_state(session, tmp_path):
    saver = tf.train.Saver(max_to_keep=1)
    for step in range(3):
        saver.save(session, tmp_path / "model", step, write_state=False)
    assert kept(tmp_path) == ["model-0", "model-1", "model-2"]
    assert not (tmp_path / "checkpoint").exists()


@pytest.mark.parametrize("relative", [False, True])
def test_paths_in_the_state_are_as_tensorflow_has_them(relative, session, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    saver = tf.train.Saver(max_to_keep=2, save_relative_paths=relative)
    saver.save(session, "run/model", 1)
    assert state_of("run") == 'model_checkpoint_path: "model-1"\nall_model_checkpoint_paths: "model-1"\n'
    assert tf.train.latest_checkpoint("run") == "run/model-1"
    saver.save(session, "bare", latest_filename="latest")
    assert state_of(".", "latest").startswith('model_checkpoint_path: "bare"\n')
    whole = tf.train.Saver(save_relative_paths=relative)
    whole.save(session, os.path.abspath("run/model"), 2)
    written = "model-2" if relative else f"{tmp_path}/run/model-2"
    assert state_of("run") == f'model_checkpoint_path: "{written}"\nall_model_checkpoint_paths: "{written}"\n'


def test_a_copied_directory_has_its_checkpoints(session, tmp_path):
    saver = tf.train.Saver(save_relative_paths=True)
    (tmp_path / "there").mkdir()
    saver.save(session, tmp_path / "there" / "model", 1)
    (tmp_path / "there").rename(tmp_path / "here")
    assert tf.train.latest_checkpoint(tmp_path / "here") == str(tmp_path / "here" / "model-1")
    saver.restore(session, tf.train.latest_checkpoint(tmp_path / "here"))


def test_what_cannot_be_deleted_stays_with_a_warning(session, tmp_path, monkeypatch, caplog):
    def refuse(*_):
        raise PermissionError(13, "Permission denied", "model-0.index")

    saver = tf.train.Saver(max_to_keep=1)
    saver.save(session, tmp_path / "model", 0)
    monkeypatch.setattr(saver_module, "remove_checkpoint", refuse)
    saver.save(session, tmp_path / "model", 1)
    assert "Ignoring: [Errno 13] Permission denied: 'model-0.index'" in caplog.text
    assert tf.train.latest_checkpoint(tmp_path) == str(tmp_path / "model-1")


# -- scopes
def test_a_definition_can_be_moved_between_scopes():
    variables()
    with tf.name_scope("outer"):
        pass
    definition = tf.train.Saver(name="outer/save").to_proto()
    inner = tf.train.Saver(saver_def=definition).to_proto(export_scope="outer")
    assert inner.restore_op_name == "save/restore_all"
    assert tf.train.Saver(saver_def=definition).to_proto(export_scope="other") is None
    assert saver_module.Saver.from_proto(inner, import_scope="outer").saver_def.restore_op_name == (
        "outer/save/restore_all"
    )
