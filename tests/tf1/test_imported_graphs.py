"""Graphs that TensorFlow 1.15 wrote, with their loops, conditionals and gradients: they give its predictions,
and train to its losses, from the initial values that their own seeds give.
"""

import json
import lzma
from pathlib import Path

import numpy as np
import pytest
import torch

import ostinato.tf1 as tf
from ostinato.tf1 import registry

FILE = np.load(Path(__file__).parents[1] / "data" / "tf1_imported_graphs.npz")
MODELS = sorted({key.split("/")[0] for key in FILE["names"]})
ENDS = np.cumsum(FILE["sizes"])
GRAPHS = lzma.decompress(FILE["graphs"].tobytes())


def unpacked(key, kind):
    place = list(FILE["names"]).index(key)
    return kind.FromString(GRAPHS[ENDS[place] - FILE["sizes"][place] : ENDS[place]])


def feeds_of(name):
    return json.loads(FILE[f"{name}/feeds"].tobytes())


def trained(session, name, scope=""):
    feeds = {scope + key: value for key, value in feeds_of(name).items()}
    if name == "images":
        feeds[f"{scope}training:0"] = True
    train = session.graph.get_operation_by_name(f"{scope}train")
    return [session.run([f"{scope}loss:0", train], feeds)[0] for _ in range(3)]


@pytest.mark.parametrize("name", MODELS)
def test_a_graph_of_tensorflow_runs(name):
    with tf.Graph().as_default(), tf.Session() as session:
        tf.train.import_meta_graph(unpacked(f"{name}/meta", tf.MetaGraphDef))
        session.run("init")
        if f"{name}/prediction" in FILE:
            found = session.run("prediction:0", feeds_of(name))
            np.testing.assert_allclose(found, FILE[f"{name}/prediction"], rtol=1e-4, atol=1e-5)
        if f"{name}/losses" in FILE:
            np.testing.assert_allclose(trained(session, name), FILE[f"{name}/losses"], rtol=2e-5)


def test_a_graph_comes_back_from_a_file_of_ours(tmp_path):
    name = "nested_loops"
    with tf.Graph().as_default(), tf.Session() as session:
        saver = tf.train.import_meta_graph(unpacked(f"{name}/meta", tf.MetaGraphDef), import_scope="there")
        session.run("there/init")
        trained(session, name, "there/")
        path = saver.save(session, str(tmp_path / "model"))
        expected = session.run("there/prediction:0", {"there/x:0": feeds_of(name)["x:0"]})
    with tf.Graph().as_default(), tf.Session() as session:
        tf.train.import_meta_graph(f"{path}.meta").restore(session, path)
        found = session.run("there/prediction:0", {"there/x:0": feeds_of(name)["x:0"]})
        np.testing.assert_array_equal(found, expected)
        trained(session, name, "there/")


def test_a_frozen_graph_is_used_twice_in_one():
    name = "nested_loops"
    frozen = unpacked(f"{name}/frozen", tf.GraphDef)
    x = np.array(feeds_of(name)["x:0"], np.float32)
    with tf.Graph().as_default(), tf.Session() as session:
        scale = tf.placeholder_with_default(1.0, [])
        results = [
            tf.import_graph_def(frozen, {"x": scale * x}, ["prediction:0"], name=scope)[0]
            for scope in ("first", "second")
        ]
        # The first loop's predictions go on into a gradient of ours.
        slope = tf.gradients(results[0], scale)[0]
        first, second, slope_there = session.run([*results, slope])
        np.testing.assert_allclose([first, second], [FILE[f"{name}/prediction"]] * 2, rtol=1e-5)
        above, below = (session.run(results[0], {scale: 1 + step}) for step in (1e-3, -1e-3))
        np.testing.assert_allclose(slope_there, (above - below) / 2e-3, rtol=5e-3)


def test_an_optimizer_of_ours_trains_a_graph_of_tensorflow():
    name = "lengths_and_dropout"
    feeds = feeds_of(name)
    losses = []
    for ours in (False, True):
        with tf.Graph().as_default() as graph, tf.Session() as session:
            tf.train.import_meta_graph(unpacked(f"{name}/meta", tf.MetaGraphDef))
            train = "train"
            if ours:
                optimizer = tf.train.AdamOptimizer(0.05)
                pairs = optimizer.compute_gradients(graph.get_tensor_by_name("loss:0"))
                found, variables = zip(*pairs, strict=True)
                pairs = zip(tf.clip_by_global_norm(found, 1.0)[0], variables, strict=True)
                with tf.variable_scope("ours"):
                    train = optimizer.apply_gradients(pairs)
            session.run(tf.global_variables_initializer())
            losses.append([session.run(["loss:0", train], feeds)[0] for _ in range(3)])
    np.testing.assert_allclose(losses[1], losses[0], rtol=1e-5)


def test_a_value_of_a_branch_that_was_not_taken_is_none():
    with tf.Graph().as_default(), tf.Session() as session:
        tf.train.import_meta_graph(unpacked("nested_loops/meta", tf.MetaGraphDef))
        session.run("init")
        feeds = feeds_of("nested_loops")
        with pytest.raises(tf.errors.InvalidArgumentError, match=r"Retval\[0\] does not have value"):
            session.run("while/cond/Tanh:0", feeds)


SHAPES = {
    "MaxPool3D": {"ksize": [1, 2, 2, 2, 1], "strides": [1, 1, 1, 1, 1], "padding": "SAME"},
    "AvgPool3D": {"ksize": [1, 2, 2, 2, 1], "strides": [1, 1, 1, 1, 1], "padding": "SAME"},
}
OF_RESULTS = ["Tanh", "Sigmoid", "Sqrt", "Rsqrt", "Reciprocal"]
OF_INPUTS = ["Relu", "Relu6", "LeakyRelu", "Softplus", "Softsign"]
OF_RESULTS_AFTER = ["Elu", "Selu"]


@pytest.mark.parametrize("op_type", [*OF_RESULTS, *OF_INPUTS, *OF_RESULTS_AFTER, *SHAPES])
def test_a_derivative_is_that_of_its_operation(op_type):
    attributes = {"data_format": "NDHWC", **SHAPES[op_type]} if op_type in SHAPES else {}
    sizes = [2, 3, 3, 3, 2] if attributes else [40]
    x = torch.randn(sizes, generator=torch.Generator().manual_seed(1))
    if op_type in ("Sqrt", "Rsqrt"):
        x = x.abs() + 0.1
    x = (3 * x).requires_grad_()
    options = {"alpha": 0.2} if op_type == "LeakyRelu" else attributes
    y = registry.lookup(op_type).compute(x, **options)
    dy = torch.rand_like(y)
    (expected,) = torch.autograd.grad(y, x, dy)
    x, y = x.detach(), y.detach()
    given = {
        **dict.fromkeys(OF_RESULTS, (y, dy)),
        **dict.fromkeys(OF_INPUTS, (dy, x)),
        **dict.fromkeys(OF_RESULTS_AFTER, (dy, y)),
        "MaxPool3D": [x, y, dy],
        "AvgPool3D": [torch.tensor(sizes), dy],
    }[op_type]
    found = registry.lookup(f"{op_type}Grad").compute(*given, **options)
    torch.testing.assert_close(found, expected)


@pytest.mark.parametrize("op_type", ["SparseSegmentMean", "SparseSegmentSqrtN"])
def test_the_derivative_of_segments_has_all_rows(op_type):
    x = torch.randn([5, 2], generator=torch.Generator().manual_seed(1)).requires_grad_()
    places, segments = torch.tensor([0, 3, 3]), torch.tensor([0, 0, 1])
    y = registry.lookup(op_type).compute(x, places, segments)
    dy = torch.rand_like(y)
    (expected,) = torch.autograd.grad(y, x, dy)
    given = [dy, places, segments, torch.tensor(5)]
    torch.testing.assert_close(registry.lookup(f"{op_type}Grad").compute(*given), expected)


def test_a_stack_says_what_is_wrong():
    make, push, pop = (registry.lookup(f"Stack{kind}").compute for kind in ("V2", "PushV2", "PopV2"))
    with tf.Graph().as_default():
        node = tf.no_op("node")
    node.attributes["stack_name"] = "kept"
    stack = make(None, node, torch.tensor(1))
    assert push(stack, 3) == 3
    with pytest.raises(ValueError, match=r"Stack\[kept\] overflowed its max_size \(1\)"):
        push(stack, 4)
    assert pop(stack, elem_type="int32") == 3
    with pytest.raises(ValueError, match=r"Stack\[kept\] is empty when calling Pop\(\)"):
        pop(stack, elem_type="int32")
    assert registry.lookup("StackCloseV2").compute(stack) == ()
