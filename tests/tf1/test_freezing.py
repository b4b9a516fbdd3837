"""Graphs whose variables become constants, and the part of them that predicts."""

import os
import sys

import numpy as np
import pytest

import ostinato.tf1 as tf
from ostinato.cli import run_script
from ostinato.cli.errors import CommandError
from ostinato.tf1.freeze_graph import freeze_graph
from ostinato.tf1.optimize_for_inference import optimize_for_inference, strip_unused

VALUES = np.arange(24).reshape(2, 4, 3) / 10


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    """A trained network in all the forms of files that there are, and what it predicts."""
    folder = str(tmp_path_factory.mktemp("model"))
    with tf.Graph().as_default(), tf.Session() as session:
        x = tf.placeholder(tf.float32, [None, 4, 3], name="x")
        with tf.device("/cpu:0"):
            outputs, _ = tf.nn.dynamic_rnn(tf.nn.rnn_cell.LSTMCell(5), x, dtype=tf.float32)
            y = tf.nn.softmax(tf.layers.dense(outputs[:, -1], 2), name="out")
        step = tf.train.AdamOptimizer().minimize(
            tf.reduce_sum(y[:, 0]), global_step=tf.train.get_or_create_global_step()
        )
        session.run(tf.global_variables_initializer())
        session.run(step, {x: VALUES})
        wanted = session.run(y, {x: VALUES})
        saver = tf.train.Saver()
        checkpoint = saver.save(session, f"{folder}/m", global_step=1)
        tf.train.write_graph(session.graph_def, folder, "g.pbtxt")
        tf.train.write_graph(session.graph_def, folder, "g.pb", as_text=False)
        with open(f"{folder}/saver.pb", "wb") as file:
            file.write(saver.as_saver_def().SerializeToString())
        tf.saved_model.simple_save(session, f"{folder}/saved", {"x": x}, {"y": y})
    return folder, checkpoint, wanted


def frozen(checkpoint, **changed):
    arguments = {
        "input_graph": "",
        "input_saver": "",
        "input_binary": True,
        "input_checkpoint": checkpoint,
        "output_node_names": "out",
        "restore_op_name": "save/restore_all",
        "filename_tensor_name": "save/Const:0",
        "output_graph": "",
        "clear_devices": True,
        "initializer_nodes": "",
    }
    with tf.Graph().as_default():
        return freeze_graph(**{**arguments, **changed})


def predicted(graph_def):
    with tf.Graph().as_default(), tf.Session() as session:
        tf.import_graph_def(graph_def, name="")
        return session.run("out:0", {"x:0": VALUES})


@pytest.mark.parametrize(
    "source",
    [
        {"input_graph": "g.pbtxt", "input_binary": False},
        {"input_graph": "g.pb"},
        {"input_graph": "g.pb", "input_saver": "saver.pb"},
        {"input_meta_graph": "m-1.meta"},
        {"input_saved_model_dir": "saved", "input_checkpoint": ""},
    ],
    ids=str,
)
def test_a_graph_is_frozen(model, source, tmp_path):
    folder, checkpoint, wanted = model
    found = {
        key: os.path.join(folder, value) if isinstance(value, str) and value else value
        for key, value in source.items()
    }
    made = frozen(checkpoint, output_graph=str(tmp_path / "f.pb"), **found)
    written = tf.GraphDef.FromString((tmp_path / "f.pb").read_bytes())
    assert [node.name for node in written.node] == [node.name for node in made.node]
    assert not [node.op for node in written.node if "Variable" in node.op]
    np.testing.assert_array_equal(predicted(written), wanted)
    if "input_saved_model_dir" not in source:
        assert {node.device for node in written.node} == {""}


def test_what_cannot_be_frozen(model, tmp_path):
    folder, checkpoint, _ = model
    graph = os.path.join(folder, "g.pb")
    once = str(tmp_path / "f.pb")
    frozen(checkpoint, input_graph=graph, output_graph=once)
    with pytest.raises(ValueError, match="Input checkpoint 'nowhere' doesn't exist!"):
        frozen("nowhere", input_graph=graph)
    with pytest.raises(ValueError, match="name of a node to --output_node_names"):
        frozen(checkpoint, input_graph=graph, output_node_names="")
    with pytest.raises(OSError, match="Input graph file 'nowhere' does not exist!"):
        frozen(checkpoint, input_graph="nowhere")
    with pytest.raises(AssertionError, match="nowhere is not in graph"):
        frozen(checkpoint, input_graph=graph, output_node_names="nowhere")
    with pytest.raises(ValueError, match="You cannot freeze a graph twice"):
        frozen(checkpoint, input_graph=once)
    with pytest.raises(RuntimeError, match="tag-set other could not be found"):
        frozen("", input_saved_model_dir=os.path.join(folder, "saved"), saved_model_tags="other")


def test_some_variables_stay(model):
    folder, checkpoint, _ = model
    made = frozen(
        checkpoint,
        input_graph=os.path.join(folder, "g.pb"),
        variable_names_blacklist="dense/bias, dense/kernel",
    )
    assert sorted(node.name for node in made.node if "Variable" in node.op) == ["dense/bias", "dense/kernel"]


def test_the_part_that_predicts(model):
    folder, checkpoint, wanted = model
    whole = frozen(checkpoint, input_graph=os.path.join(folder, "g.pb"))
    part = optimize_for_inference(whole, ["x"], ["out"], tf.float32.as_datatype_enum)
    assert len(part.node) < len(whole.node)
    np.testing.assert_array_equal(predicted(part), wanted)
    with pytest.raises(ValueError, match="'x:0' appears to refer to a Tensor"):
        strip_unused(whole, ["x:0"], ["out"], 1)
    with pytest.raises(KeyError, match="input nodes were not found"):
        strip_unused(whole, ["nowhere"], ["out"], 1)


def test_the_command(model, tmp_path, monkeypatch):
    folder, checkpoint, wanted = model
    output = tmp_path / "f.pb"
    options = [
        f"--input_graph={folder}/g.pbtxt",
        f"--input_checkpoint={checkpoint}",
        "--output_node_names=out",
    ]
    monkeypatch.setattr(sys, "argv", ["freeze_graph", *options, f"--output_graph={output}"])
    program = run_script._module("tensorflow.python.tools.freeze_graph")
    with tf.Graph().as_default(), pytest.raises(SystemExit) as ended:
        program.execute({})
    assert not ended.value.code
    np.testing.assert_array_equal(predicted(tf.GraphDef.FromString(output.read_bytes())), wanted)
    with pytest.raises(CommandError, match="ops is no command here"):
        run_script._module("tensorflow.python.ops")
