"""Graphs and saved models in files: what is written comes back, and what TensorFlow wrote is read as far as
its operations are here.
"""

import os
import sys
from pathlib import Path

import numpy as np
import pytest

import ostinato.tf1 as tf

FILES = np.load(Path(__file__).parents[1] / "data" / "tf1_events.npz")
X = np.random.RandomState(0).randn(2, 5, 3)


class Custom(tf.nn.rnn_cell.RNNCell):
    state_size = output_size = 4

    def __call__(self, inputs, state, scope=None):
        with tf.variable_scope("custom"):
            kernel = tf.get_variable("kernel", [7, 4])
            new = tf.tanh(tf.matmul(tf.concat([inputs, state], 1), kernel))
        return new, new


CELLS = {
    "gru": lambda: tf.nn.rnn_cell.GRUCell(4),
    "stack": lambda: tf.nn.rnn_cell.MultiRNNCell(
        [
            tf.nn.rnn_cell.BasicLSTMCell(4),
            tf.nn.rnn_cell.ResidualWrapper(tf.nn.rnn_cell.LSTMCell(4, use_peepholes=True)),
        ]
    ),
    "custom": Custom,
}


def model(kind):
    """A network with a loop, a conditional and an optimiser, in a few collections."""
    tf.set_random_seed(3)
    x = tf.placeholder(tf.float32, [2, 5, 3], name="x")
    outputs, _ = tf.nn.dynamic_rnn(CELLS[kind](), x, dtype=tf.float32)
    _, total = tf.while_loop(
        lambda i, a: i < 3, lambda i, a: (i + 1, a * 2 + tf.reduce_sum(outputs)), [0, 1.0]
    )
    chosen = tf.cond(total > 0, lambda: total + 1, lambda: total - 1)
    loss = tf.add(tf.reduce_mean(tf.square(outputs - 1)), 0.001 * chosen, name="loss")
    step = tf.train.get_or_create_global_step()
    tf.add_to_collection("train", tf.train.AdamOptimizer(0.01).minimize(loss, global_step=step))
    tf.add_to_collection("outputs", outputs)
    tf.add_to_collection("names", "text")
    tf.add_to_collection("numbers", 3)
    return loss


def losses(session, scope=""):
    (train,) = session.graph.get_collection("train")
    loss = session.graph.get_tensor_by_name(f"{scope}loss:0")
    return [session.run([loss, train], {f"{scope}x:0": X})[0] for _ in range(3)]


def described(graph):
    return [(o.name, o.type, [str(t.shape) for t in o.outputs]) for o in graph.get_operations()]


@pytest.mark.parametrize("kind", sorted(CELLS))
def test_training_goes_on_from_the_files_alone(kind, tmp_path):
    with tf.Graph().as_default() as graph, tf.Session() as session:
        model(kind)
        session.run(tf.global_variables_initializer())
        saver = tf.train.Saver()
        losses(session)
        path = saver.save(session, str(tmp_path / "model"), global_step=3)
        expected, nodes = losses(session), described(graph)
        with_names = [variable.name for variable in tf.trainable_variables()]
    with tf.Graph().as_default() as graph, tf.Session() as session:
        saver = tf.train.import_meta_graph(f"{path}.meta")
        assert described(graph) == nodes
        assert [variable.name for variable in tf.trainable_variables()] == with_names
        assert tf.train.get_global_step().name == "global_step:0"
        assert (tf.get_collection("names"), tf.get_collection("numbers")) == ([b"text"], [3])
        saver.restore(session, path)
        assert losses(session) == expected
        assert session.run(tf.train.get_global_step()) == 6
        session.run(tf.global_variables_initializer())  # they can be initialised too
        assert tf.constant(1.0, name="x").op.name == "x_1"
    with tf.Graph().as_default(), tf.Session() as session:
        saver = tf.train.import_meta_graph(f"{path}.meta", import_scope="scope")
        saver.restore(session, path)
        assert losses(session, "scope/") == expected


def test_variables_become_constants():
    with tf.Graph().as_default() as graph, tf.Session() as session:
        model("stack")
        session.run(tf.global_variables_initializer())
        (outputs,) = tf.get_collection("outputs")
        expected = session.run(outputs, {"x:0": X})
        frozen = tf.graph_util.convert_variables_to_constants(
            session, graph.as_graph_def(), [outputs.op.name]
        )
    assert "VariableV2" not in {node.op for node in frozen.node}
    frozen = tf.GraphDef.FromString(frozen.SerializeToString())
    with tf.Graph().as_default(), tf.Session() as session:
        replaced = tf.placeholder(tf.float32, [2, 5, 3])
        (found,) = tf.import_graph_def(frozen, {"x:0": replaced}, [outputs.name], name="a")
        assert found.name == f"a/{outputs.name}"
        np.testing.assert_array_equal(session.run(found, {replaced: X}), expected)


def test_graphs_in_files(tmp_path):
    with tf.Graph().as_default() as graph:
        model("gru")
        for as_text in (True, False):
            path = tf.train.write_graph(graph, str(tmp_path / "new"), f"graph{as_text}", as_text)
            assert os.path.exists(path)
        made = tf.train.export_meta_graph(str(tmp_path / "text.meta"), as_text=True, clear_devices=True)
        assert tf.train.export_meta_graph() == made
    assert tf.GraphDef.FromString(Path(path).read_bytes()) == graph.as_graph_def()
    with tf.Graph().as_default() as other:
        assert isinstance(tf.train.import_meta_graph(str(tmp_path / "text.meta")), tf.train.Saver)
        assert described(other)[: len(graph.get_operations())] == described(graph)


def test_part_of_a_graph():
    with tf.Graph().as_default() as graph:
        with tf.name_scope("part"):
            variable = tf.Variable(2.0, name="v")
            tf.multiply(variable, 3.0, name="product")
        tf.identity(variable, name="outside")
        made = tf.train.export_meta_graph(export_scope="part")
        needed = tf.graph_util.extract_sub_graph(graph.as_graph_def(), ["part/product"])
    assert {node.name for node in needed.node} == {"part/v", "part/v/read", "part/product", "part/product/y"}
    with tf.Graph().as_default() as other, tf.Session() as session:
        tf.train.import_meta_graph(made)
        assert "outside" not in [operation.name for operation in other.get_operations()]
        session.run(tf.global_variables_initializer())
        assert session.run("product:0") == 6
    with tf.Graph().as_default():
        x = tf.constant(1.0, name="x")
        with tf.name_scope("part"):
            tf.identity(x)
        with pytest.raises(ValueError, match="needs 'x', which is outside"):
            tf.train.export_meta_graph(export_scope="part")


def test_what_tensorflow_wrote_is_read(tmp_path):
    path = tmp_path / "graph.meta"
    path.write_bytes(FILES["meta_graph"].tobytes())
    with tf.Graph().as_default() as graph, tf.Session() as session:
        tf.train.import_meta_graph(str(path))
        for variable in tf.global_variables():
            variable.load(FILES[f"variable/{variable.op.name}"], session)
        (probabilities,) = tf.get_collection("probabilities")
        found, loss = session.run([probabilities, "loss:0"], {"ids:0": FILES["ids"]})
        np.testing.assert_allclose(found, FILES["probabilities"], rtol=1e-5)
        np.testing.assert_allclose(loss, FILES["loss"], rtol=1e-6)
        session.run("train", {"ids:0": FILES["ids"]})
        assert session.run("loss:0", {"ids:0": FILES["ids"]}) < loss
        train = tf.train.GradientDescentOptimizer(0.1).minimize(graph.get_tensor_by_name("loss:0"))
        session.run(train, {"ids:0": FILES["ids"]})
        assert session.run("loss:0", {"ids:0": FILES["ids"]}) < loss


def test_what_cannot_be_read_is_said(tmp_path):
    broken = tmp_path / "broken.meta"
    broken.write_bytes(b"\x0a\xff\xff")
    graph_def = tf.GraphDef()
    graph_def.node.add(name="a", op="Identity", input=["b"])
    for make, kind, words in (
        (lambda: tf.train.import_meta_graph(str(tmp_path / "none.meta")), OSError, "does not exist"),
        (lambda: tf.train.import_meta_graph(str(broken)), OSError, "Cannot parse file"),
        (lambda: tf.import_graph_def(3), TypeError, "graph_def must be a GraphDef proto"),
        (lambda: tf.import_graph_def(graph_def), ValueError, "Node 'a': Unknown input node 'b'"),
        (
            lambda: tf.import_graph_def(tf.GraphDef(), {"z:0": tf.constant(1)}),
            ValueError,
            "Attempted to map inputs that were not found in graph_def: [z:0]",
        ),
        (
            lambda: tf.import_graph_def(tf.GraphDef(), return_elements=["z"]),
            ValueError,
            "Requested return_element 'z' not found in graph_def",
        ),
        (lambda: tf.graph_util.extract_sub_graph(tf.GraphDef(), ["z"]), AssertionError, "z is not in graph"),
        (lambda: tf.saved_model.load(tf.Session(), ["serve"], str(tmp_path)), OSError, "does not exist at"),
    ):
        with tf.Graph().as_default(), pytest.raises(kind) as problem:
            make()
        assert words in str(problem.value)


def test_nothing_of_a_file_is_run():
    with tf.Graph().as_default() as graph:
        tf.constant(1.0, name="c")
        message = graph.as_graph_def()
    (node,) = message.node
    for text in (
        '{"class": "os:_Environ", "fields": {}}',
        '{"class": "ostinato.tf1.session:Session", "fields": {}}',
    ):
        node.attr["_ostinato"].list.s.append(b"more")
        node.attr["more"].s = f"ostinato:{text}".encode()
        with (
            tf.Graph().as_default(),
            pytest.raises(ValueError, match=r"There is no class|none of the classes"),
        ):
            tf.import_graph_def(message)
    for path in ("os:system", "builtins:exec", "ostinato.tf1.session:sys.exit"):
        from ostinato.tf1.attribute_values import Names, NotWritten, value_of

        text = f'ostinato:{{"callable": "{path}"}}'.encode()
        found = value_of("f", tf.AttrValue(s=text), Names(), lambda name: None)
        assert isinstance(found, NotWritten)
        assert "os" in sys.modules


def test_saved_models(tmp_path):
    asset = tmp_path / "words.txt"
    asset.write_text("a b")
    folder = str(tmp_path / "model")
    with tf.Graph().as_default(), tf.Session() as session:
        x = tf.placeholder(tf.float32, [None, 2], name="x")
        y = tf.layers.dense(x, 3, name="y")
        counter = tf.Variable(0, name="counter", collections=[tf.GraphKeys.LOCAL_VARIABLES])
        path = tf.constant(str(asset), name="path")
        session.run([tf.global_variables_initializer(), tf.local_variables_initializer()])
        expected = session.run(y, {x: [[1, 2]]})
        builder = tf.saved_model.Builder(folder)
        with pytest.raises(AssertionError, match="has not been saved yet"):
            builder.add_meta_graph(["train"])
        signature = tf.saved_model.predict_signature_def({"in": x}, {"out": y})
        assert tf.saved_model.is_valid_signature(signature)
        builder.add_meta_graph_and_variables(
            session,
            [tf.saved_model.tag_constants.SERVING],
            {"serving_default": signature},
            assets_collection=[path],
            main_op=tf.group(tf.assign(counter, 5)),
        )
        builder.add_meta_graph(["other"])
        builder.save()
    assert tf.saved_model.contains_saved_model(folder)
    assert Path(folder, "assets", "words.txt").read_text() == "a b"
    with pytest.raises(AssertionError, match="Export directory already exists, and isn't empty"):
        tf.saved_model.Builder(folder)
    with tf.Graph().as_default() as graph, tf.Session() as session:
        found = tf.saved_model.loader.load(session, ["serve"], folder)
        names = found.signature_def["serving_default"]
        feeds = {names.inputs["in"].name: [[1, 2]]}
        np.testing.assert_array_equal(session.run(names.outputs["out"].name, feeds), expected)
        assert session.run("counter:0") == 5
        assert tf.saved_model.get_tensor_from_tensor_info(names.inputs["in"]) is graph.get_tensor_by_name(
            "x:0"
        )
        with pytest.raises(RuntimeError, match=r"available_tags: \[\{'serve'\}, \{'other'\}\]"):
            tf.saved_model.load(session, ["train"], folder)
