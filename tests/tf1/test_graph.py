"""The deferred graph: names, scopes, look-up, static shapes, constants."""

import contextlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import ostinato.tf1 as tf
from ostinato.tf1 import registry
from ostinato.tf1.registry import constant_value


def names():
    return [operation.name for operation in tf.get_default_graph().get_operations()]


def test_nothing_is_computed_while_a_graph_is_built():
    x = tf.placeholder(tf.float32, [None, 2], name="x")
    y = tf.log(x - 1) / 0
    assert str(x) == 'Tensor("x:0", shape=(?, 2), dtype=float32)'
    assert repr(y) == "<tf.Tensor 'truediv:0' shape=(?, 2) dtype=float32>"


def test_names_are_made_unique_as_tensorflow_does():
    for _ in range(3):
        tf.constant(1)
    tf.constant(1, name="a")
    tf.constant(1, name="A")
    tf.constant(1, name="a_1")
    with tf.name_scope("s"):
        tf.constant(1, name="c")
        with tf.name_scope("t") as inner:
            tf.constant(1, name="c")
    with tf.name_scope("s"):
        tf.constant(1, name="c")
    with tf.name_scope(inner):
        tf.constant(1, name="c")
    with tf.name_scope("s"), tf.name_scope(None):
        tf.constant(1, name="c")
    assert names() == [
        *["Const", "Const_1", "Const_2", "a", "A_1", "a_1_1"],
        *["s/c", "s/t/c", "s_1/c", "s/t/c_1", "c"],
    ]


@given(st.lists(st.sampled_from(["a", "A", "a_1", "a_1_1", "b"]), max_size=12))
def test_no_two_nodes_share_a_name(asked):
    with tf.Graph().as_default() as graph:
        for name in asked:
            tf.no_op(name=name)
        given_names = [operation.name.lower() for operation in graph.get_operations()]
    assert len(set(given_names)) == len(asked)


def test_operators_name_their_nodes_and_their_constants():
    x = tf.placeholder(tf.float32, [2], name="x")
    _ = [x + 1, 1 + x, x - 1, 2 * x, x / 2, -x, abs(x), x**2, x > 1, x // 2, x % 2, x[0]]
    assert [name for name in names() if "/" not in name] == [
        *["x", "add", "add_1", "sub", "mul", "truediv", "Neg", "Abs", "pow", "Greater", "floordiv", "mod"],
        "strided_slice",
    ]
    assert {"add/y", "add_1/x", "mul/x", "truediv/y"} <= set(names())


def test_look_up_by_name():
    graph, a = tf.get_default_graph(), tf.constant(1.0, name="a")
    assert graph.get_tensor_by_name("a:0") is a
    assert graph.get_operation_by_name("a") is a.op
    assert graph.as_graph_element("a:0") is a
    for name, kind, words in [
        ("a", ValueError, "refers to an Operation, not a Tensor"),
        ("b:0", KeyError, "The operation, 'b', does not exist in the graph"),
        ("a:1", KeyError, "exists but only has 1 outputs"),
    ]:
        with pytest.raises(kind, match=words):
            graph.get_tensor_by_name(name)
    with pytest.raises(KeyError, match="refers to an Operation not in the graph"):
        graph.get_operation_by_name("b")


def test_collections_and_finalizing():
    graph = tf.get_default_graph()
    tf.add_to_collection("mine", 3)
    assert tf.get_collection("mine") == [3]
    tf.get_collection("mine").append(4)
    assert tf.get_collection("mine") == [3]
    graph.finalize()
    with pytest.raises(RuntimeError, match="Graph is finalized and cannot be modified"):
        tf.constant(1)


def test_default_graphs_nest():
    outer = tf.get_default_graph()
    with tf.Graph().as_default() as inner:
        assert tf.constant(1).graph is inner
        with pytest.raises(AssertionError, match="nested graphs"):
            tf.reset_default_graph()
    assert tf.get_default_graph() is outer
    tf.reset_default_graph()
    assert tf.get_default_graph() is not outer


def test_a_node_goes_to_the_graph_of_its_inputs():
    with tf.Graph().as_default() as other:
        x = tf.placeholder(tf.float32, [2])
    assert (x + 1.0).graph is other
    assert tf.reduce_sum(x, axis=0).graph is other


def test_devices_are_recorded():
    with tf.device("/cpu:0"):
        x = tf.constant(1)
    assert x.device == x.op.device == "/device:CPU:0"


SHAPES = {
    "broadcast": (lambda x: x + tf.ones([4, 1, 3]), "(4, 5, 3)"),
    "transpose": (lambda x: tf.transpose(x, [1, 0, 2]), "(5, ?, 3)"),
    "reshape": (lambda x: tf.reshape(x, [-1, 3]), "(?, 3)"),
    "reshape by a shape": (lambda x: tf.reshape(x, [tf.shape(x)[0], 15]), "(?, 15)"),
    "reshape by arithmetic": (lambda x: tf.reshape(x, [-1, tf.shape(x)[1] * tf.shape(x)[2]]), "(?, 15)"),
    "zeros like rows": (lambda x: tf.zeros([tf.shape(x)[0], 7]), "(?, 7)"),
    "concat": (lambda x: tf.concat([x, x], 1), "(?, 10, 3)"),
    "concat of the unknown": (lambda x: tf.concat([x, tf.ones([2, 5, 3])], 0), "(?, 5, 3)"),
    "stack": (lambda x: tf.stack([x, x], 1), "(?, 2, 5, 3)"),
    "unstack": (lambda x: tf.unstack(x, axis=1)[0], "(?, 3)"),
    "split": (lambda x: tf.split(x, [1, 4], 1)[1], "(?, 4, 3)"),
    "index": (lambda x: x[:, -1], "(?, 3)"),
    "slice": (lambda x: x[1:, 1:4, ::-1], "(?, 3, 3)"),
    "newaxis": (lambda x: x[..., tf.newaxis, 0], "(?, 5, 1)"),
    "mean": (lambda x: tf.reduce_mean(x), "()"),
    "sum": (lambda x: tf.reduce_sum(x, [0, 2]), "(5,)"),
    "max": (lambda x: tf.reduce_max(x, -1, keepdims=True), "(?, 5, 1)"),
    "argmax": (lambda x: tf.argmax(x, 2), "(?, 5)"),
    "matmul": (lambda x: tf.matmul(x[:, 0], tf.ones([3, 2])), "(?, 2)"),
    "batched matmul": (lambda x: tf.matmul(x, tf.ones([4, 3, 2])), "(4, 5, 2)"),
    "softmax": (lambda x: tf.nn.softmax(x), "(?, 5, 3)"),
    "cross entropy": (lambda x: tf.nn.softmax_cross_entropy_with_logits_v2(labels=x, logits=x), "(?, 5)"),
    "expand and squeeze": (lambda x: tf.squeeze(tf.expand_dims(x, 1), [1]), "(?, 5, 3)"),
    "one_hot": (lambda x: tf.one_hot(tf.argmax(x, 2), 7), "(?, 5, 7)"),
    "gather": (lambda x: tf.gather(x, [[0, 1]], axis=1), "(?, 1, 2, 3)"),
    "tile": (lambda x: tf.tile(x, [2, 1, 3]), "(?, 5, 9)"),
    "unknown rank": (lambda x: tf.placeholder(tf.float32) * x, "<unknown>"),
    "dropout": (lambda x: tf.nn.dropout(x, 0.5), "(?, 5, 3)"),
    "random": (lambda x: tf.random_normal([tf.shape(x)[0], 2]), "(?, 2)"),
    "range": (lambda x: tf.range(2, 10, 3), "(3,)"),
    "tf.slice": (lambda x: tf.slice(x, [1, 0, 1], [2, 5, -1]), "(2, 5, 2)"),
    "tf.slice of the rest": (lambda x: tf.slice(x, [1, 0, 0], [-1, 2, 3]), "(?, 2, 3)"),
    "cast": (lambda x: tf.cast(x, tf.int32), "(?, 5, 3)"),
}


@pytest.mark.parametrize("name", SHAPES)
def test_static_shapes_agree_with_the_values(name):
    make, expected = SHAPES[name]
    x = tf.placeholder(tf.float32, [None, 5, 3])
    tensor = make(x)
    assert str(tensor.shape) == expected
    with tf.Session() as session:
        value = session.run(tensor, {x: np.ones([4, 5, 3]), **_unknown_placeholder(x)})
    assert tensor.shape.is_compatible_with(value.shape)
    assert value.dtype == tensor.dtype.as_numpy_dtype


def _unknown_placeholder(x):
    operations = tf.get_default_graph().get_operations()
    return {op.outputs[0]: 2.0 for op in operations if op.type == "Placeholder" and op is not x.op}


def test_operations_without_a_rule_are_run_on_meta_tensors(monkeypatch):
    monkeypatch.setitem(
        registry._TABLE, "Outer", registry.OpDefinition(lambda a, b: a.unsqueeze(-1) * b.unsqueeze(-2))
    )
    a, b = tf.placeholder(tf.float32, [None, 2]), tf.placeholder(tf.float32, [None, 3])
    graph = tf.get_default_graph()
    assert str(graph.create_operation("Outer", [a, b], {}).outputs[0].shape) == "(?, 2, 3)"
    with pytest.raises(
        ValueError, match=r"for 'Outer_1' \(op: 'Outer'\) with input shapes: \[3,2\], \[2,2\]"
    ):
        graph.create_operation("Outer", [tf.ones([3, 2]), tf.ones([2, 2])], {})


def test_constants_fold():
    x = tf.placeholder(tf.float32, [None, 5])
    assert constant_value(tf.shape(x)[1] * 2 + 1) == 11
    assert constant_value(tf.shape(x)[0]) is None
    assert constant_value(tf.concat([[1], [2, 3]], 0)).tolist() == [1, 2, 3]


def test_set_shape_adds_and_refuses():
    x = tf.placeholder(tf.float32, [None, 5])
    x.set_shape([3, None])
    assert x.shape.as_list() == [3, 5]
    with pytest.raises(ValueError, match="Dimension 0 in both shapes must be equal, but are 3 and 4"):
        x.set_shape([4, None])


def test_shapes_and_dimensions_behave_as_values():
    shape = tf.TensorShape([None, 2])
    assert (shape[0].value, shape[1].value, shape.ndims, len(shape)) == (None, 2, 2, 2)
    assert repr(shape) == "TensorShape([Dimension(None), Dimension(2)])"
    assert shape.concatenate([3]).as_list() == [None, 2, 3]
    assert shape.is_compatible_with([7, 2])
    assert not shape.is_compatible_with([7, 3])
    assert shape[1] + 1 == 3
    assert (shape[0] == 3) is None
    assert tf.TensorShape(None).ndims is None
    with pytest.raises(ValueError, match="unknown TensorShape"):
        tf.TensorShape(None).as_list()


def test_types():
    assert tf.as_dtype(np.float64) is tf.float64
    assert tf.constant(1).dtype == tf.int32
    assert tf.constant(1.0).dtype == "float32"
    assert tf.constant(np.ones(2)).dtype is tf.float64
    assert tf.constant([True]).dtype is tf.bool
    assert tf.Variable(1.0).dtype.name == "float32_ref"
    assert tf.Variable(1.0).dtype.base_dtype is tf.float32
    with pytest.raises(TypeError, match="Cannot convert value 'float33'"):
        tf.as_dtype("float33")


def test_a_list_with_tensors_becomes_one():
    x = tf.placeholder(tf.float32, [])
    packed = tf.convert_to_tensor([[x, 1.0], [2.0, x]])
    assert packed.shape.as_list() == [2, 2]
    with tf.Session() as session:
        assert session.run(packed, {x: 5}).tolist() == [[5, 1], [2, 5]]


@pytest.mark.parametrize(
    ("stack", "expected"),
    [
        (["/cpu:0"], "/device:CPU:0"),
        (["/job:ps/task:1", "/cpu:0"], "/job:ps/task:1/device:CPU:0"),
        (["/job:ps", "/job:worker/gpu:0"], "/job:worker/device:GPU:0"),
        (["/cpu:0", None], ""),
        (["/cpu:0", ""], "/device:CPU:0"),
        (["/job:a", lambda op: "/gpu:1" if op.type == "Const" else ""], "/job:a/device:GPU:1"),
        (["/cpu"], "/device:CPU:*"),
        (["/job:w/replica:0/task:0/device:CPU:0"], "/job:w/replica:0/task:0/device:CPU:0"),
    ],
)
def test_devices_inside_devices(stack, expected):
    with contextlib.ExitStack() as entered:
        for device in stack:
            entered.enter_context(tf.device(device))
        assert tf.constant(1).device == expected


@pytest.mark.parametrize(("device", "kind"), [("foo", ValueError), ("/device:*", ValueError), (3, TypeError)])
def test_what_is_no_device(device, kind):
    with pytest.raises(kind), tf.device(device):
        pass


def test_shapes_of_unknown_dimensions_in_arithmetic():
    size, unknown = tf.Dimension(3), tf.Dimension(None)
    assert [7 // size, 7 % size, 2 - tf.Dimension(1), 2 * size] == [2, 1, 1, 6]
    assert (unknown == 3, size == "a", size == 3) == (None, False, True)
    assert (size + unknown).value is None
    for wrong, kind, words in [
        (lambda: size / 2, TypeError, "please use // instead"),
        (lambda: tf.Dimension(3.5), ValueError, "Ambiguous dimension: 3.5"),
        (lambda: tf.Dimension(-1), ValueError, "Dimension -1 must be >= 0"),
        (lambda: tf.TensorShape("a"), TypeError, "A string has ambiguous TensorShape"),
        (lambda: tf.TensorShape([1]) != tf.TensorShape(None), ValueError, "The inequality of unknown"),
        (lambda: tf.TensorShape([1, 2]).assert_same_rank([1]), ValueError, "must have the same rank"),
        (lambda: len(tf.TensorShape(None)), ValueError, "Cannot take the length of shape with unknown rank"),
    ]:
        with pytest.raises(kind, match=words):
            wrong()
    assert tf.TensorShape(None)[1:3].as_list() == [None, None]
    assert tf.TensorShape([1, 2]).most_specific_compatible_shape([1, 3]).as_list() == [1, None]


def test_a_node_says_of_what_it_is_made():
    x = tf.placeholder(tf.float32, [None], name="x")
    with tf.control_dependencies([x]):
        y = tf.add(x, 1.0, name="y")
    assert (y.op.node_def.name, y.op.node_def.op) == ("y", "Add")
    assert y.op.node_def.input == ["x", "y/y", "^x"]
    assert (x.op.get_attr("dtype"), y.op.get_attr("T")) == (tf.float32, tf.float32)
    with pytest.raises(ValueError, match="Operation 'x' has no attr named 'foo'"):
        x.op.get_attr("foo")
    with pytest.raises(TypeError, match="Can't convert Operation 'y' to Tensor"):
        tf.convert_to_tensor(y.op)
    assert tf.get_default_graph().as_graph_element(b"y:0") is y


def test_every_module_says_what_is_not_there():
    from ostinato.tf1 import shadow

    for module in shadow.modules().values():
        with pytest.raises(AttributeError, match="no_such_symbol is not among the TensorFlow 1 symbols"):
            getattr(module, "no_such_" + "symbol")


def test_static_shapes_of_long_and_of_shared_sums_are_found_at_once():
    shared = long = tf.constant(0)
    for _ in range(40):  # 2 to the 40th paths lead to it
        shared = shared + shared
    for _ in range(3000):
        long = long + 1
    values = tf.zeros([4])
    assert tf.reshape(values, [shared + 1, 4]).shape.as_list() == [1, 4]
    assert tf.reshape(values, [long - 2999, 4]).shape.as_list() == [None, 4]


def test_control_dependencies_add_up_and_none_forgets_them():
    a, b = tf.no_op("a"), tf.no_op("b")
    with tf.control_dependencies([a]), tf.control_dependencies([b]):
        both = tf.no_op("both")
        with tf.control_dependencies(None), tf.control_dependencies([b]):
            last = tf.no_op("last")
    assert {operation.name for operation in both.control_inputs} == {"a", "b"}
    assert last.control_inputs == [b]
