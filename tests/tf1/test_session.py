"""Sessions: fetching, feeding, variables, order, randomness, threads."""

import time
from collections import OrderedDict, defaultdict, namedtuple
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import torch

import ostinato.tf1 as tf


def test_nested_fetches_come_back_in_their_structure():
    pair = namedtuple("pair", ["a", "b"])
    a, b = tf.constant(1.0, name="a"), tf.constant([2.0, 3.0])
    with tf.Session() as session:
        result = session.run({"x": [a, (b, "a:0")], "y": pair(a, b.op)})
    assert result["x"][0] == 1.0
    assert result["x"][1][1] == 1.0
    assert isinstance(result["y"], pair)
    assert result["y"].b is None
    assert isinstance(result["x"][0], np.float32)


@pytest.mark.parametrize(
    ("fetch", "kind", "words"),
    [
        (3, TypeError, "Fetch argument 3 has invalid type <class 'int'>, must be a string or Tensor."),
        (None, TypeError, "Fetch argument None has invalid type"),
        ("nope:0", ValueError, "Fetch argument 'nope:0' cannot be interpreted as a Tensor."),
    ],
)
def test_what_cannot_be_fetched(fetch, kind, words):
    tf.constant(1)
    with tf.Session() as session, pytest.raises(kind, match=words):
        session.run([fetch])


def test_any_tensor_can_be_fed_by_handle_or_by_name():
    x = tf.placeholder(tf.float32, [None, 2], name="x")
    y = x * 2
    z = y + 1
    with tf.Session() as session:
        assert session.run(z, {"x:0": [[1, 2]]}).tolist() == [[3, 5]]
        assert session.run(z, {y: [[10, 20]]}).tolist() == [[11, 21]]
        assert session.run([y, z], {y: [[10, 20]]})[0].tolist() == [[10, 20]]
        assert session.run(tf.constant(5) + 1, {"Const:0": 7}) == 8


def test_a_state_can_be_fed_as_a_nest():
    cell = tf.nn.rnn_cell.BasicLSTMCell(2)
    state = cell.zero_state(1, tf.float32)
    total = state.c + state.h
    with tf.Session() as session:
        value = tf.nn.rnn_cell.LSTMStateTuple(np.ones([1, 2]), np.full([1, 2], 2.0))
        assert session.run(total, {state: value}).tolist() == [[3, 3]]
        with pytest.raises(
            ValueError, match=r"Could not flatten dictionary\. Key had 2 elements, but value had 1 elements\."
        ):
            session.run(total, {state: np.ones([1, 2])})


BAD_FEEDS = {
    "missing": ({}, tf.errors.InvalidArgumentError, r"You must feed a value for placeholder tensor 'x' "
    r"with dtype "
                r"float and shape \[\?,2\]"),
    "shape": ({"x:0": np.ones([3, 3])}, ValueError,
              r"Cannot feed value of shape \(3, 3\) for Tensor 'x:0', which has shape '\(\?, 2\)'"),
    "no such name": ({"y:0": 1}, TypeError, "Cannot interpret feed_dict key as Tensor: The name 'y:0'"),
    "no tensor": ({3: 1}, TypeError, "Cannot interpret feed_dict key as Tensor: Can not convert a int"),
    "text": ({"x:0": "abc"}, ValueError, "could not convert string to float"),
    "no dict": ([1], TypeError, "input must be a dictionary"),
    "too large": ({"i:0": 2**40, "x:0": [[1, 2]]}, TypeError, "not compatible with Tensor type"),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD_FEEDS)
def test_bad_feeds(name):
    feeds, kind, words = BAD_FEEDS[name]
    x = tf.placeholder(tf.float32, [None, 2], name="x")
    tf.placeholder(tf.int32, [], name="i")
    with tf.Session() as session, pytest.raises(kind, match=words):
        session.run(x * 2, feeds)


def test_a_tensor_is_no_value_to_feed():
    x = tf.placeholder(tf.float32, [])
    with tf.Session() as session, pytest.raises(TypeError, match=r"cannot be a tf\.Tensor object"):
        session.run(x, {x: tf.constant(1.0)})


def test_default_sessions():
    x = tf.constant(2.0)
    with pytest.raises(ValueError, match=r"Cannot evaluate tensor using `eval\(\)`: No default session"):
        x.eval()
    with pytest.raises(ValueError, match=r"Cannot execute operation using `run\(\)`: No default session"):
        x.op.run()
    session = tf.Session()
    assert x.eval(session=session) == 2
    with session.as_default():
        assert tf.get_default_session() is session
        assert x.eval() == 2
    with tf.Session() as inner, session.as_default():
        assert tf.get_default_session() is session
        del inner
    assert tf.get_default_session() is None
    with tf.Graph().as_default():
        other = tf.constant(1)
    with session.as_default(), pytest.raises(ValueError, match="graph is different from the session's graph"):
        other.eval()
    with pytest.raises(ValueError, match="is not an element of this graph"):
        session.run(other)


def test_an_interactive_session_is_the_default_one_until_it_closes():
    session = tf.InteractiveSession()
    x = tf.constant(2.0)
    assert x.eval() == 2
    session.close()
    assert tf.get_default_session() is None
    with tf.InteractiveSession():
        assert x.eval() == 2
    assert tf.get_default_session() is None


def test_a_closed_session_and_an_empty_graph():
    session = tf.Session()
    with pytest.raises(RuntimeError, match="The Session graph is empty"):
        session.run([])
    tf.constant(1)
    session.close()
    with pytest.raises(RuntimeError, match=r"Attempted to use a closed Session\."):
        session.run("Const:0")


def test_variables_live_in_their_session():
    v = tf.Variable([1.0, 2.0], name="v")
    add = v.assign_add([1, 1])
    with tf.Session() as one, tf.Session() as other:
        with pytest.raises(
            tf.errors.FailedPreconditionError, match="Attempting to use uninitialized value v"
        ):
            one.run(v)
        for session in (one, other):
            session.run(tf.global_variables_initializer())
        assert one.run(add).tolist() == [2, 3]
        assert one.run(v).tolist() == [2, 3]
        assert other.run(v).tolist() == [1, 2]
        v.load([7, 8], other)
        assert v.eval(other).tolist() == [7, 8]
        assert other.run(v[0] * 2) == 14


def test_a_fetched_value_and_a_fed_one_are_the_callers_own():
    v = tf.Variable([1.0, 2.0])
    x = tf.placeholder(tf.float32, [2])
    keep = v.assign(x)
    fed = np.ones(2, np.float32)
    with tf.Session() as session:
        session.run(keep, {x: fed})
        fed[:] = 9
        fetched = session.run(v)
        assert fetched.tolist() == [1, 1]
        fetched[:] = 5
        assert session.run(v).tolist() == [1, 1]


def test_the_order_of_reads_and_writes():
    v = tf.Variable(1.0)
    before = v * 10
    write = v.assign(5.0)
    with tf.control_dependencies([write]):
        after = v.read_value()
    with tf.Session() as session:
        session.run(v.initializer)
        # What computes with the variable sees what it held before; it itself is given as it is afterwards.
        passed_on = tf.identity(v)
        for order in (lambda fetches: fetches, reversed):
            session.run(v.initializer)
            found = dict(session.run(dict(order([("b", before), ("w", write), ("v", v), ("i", passed_on)]))))
            assert found == {"b": 10, "w": 5, "v": 5, "i": 5}
        assert session.run([v, before], {v: 2.0}) == [2, 20]
        session.run(v.initializer)
        assert session.run([before, after]) == [10, 5]


def test_a_variable_is_read_when_an_operation_needs_it():
    v = tf.Variable(1.0)
    before = v + 1
    with tf.control_dependencies([v.assign(5.0)]):
        after = v + 1  # 6.0 in TensorFlow 1.15 too, though v's value was taken before
    gradient = tf.gradients(after * after, v)[0]
    with tf.Session() as session:
        session.run(v.initializer)
        assert session.run([before, after]) == [2, 6]
        session.run(v.initializer)
        assert session.run([gradient, before]) == [12, 2]


def test_a_gradient_is_the_sum_over_every_value_that_a_variable_had():
    v = tf.Variable(2.0)
    early = v * v
    with tf.control_dependencies([v.assign(10.0), early]):
        late = v * v
        (gradient,) = tf.gradients(early + late, v)
    with tf.Session() as session:
        session.run(v.initializer)
        assert session.run([early, gradient]) == [4, 24]


def test_what_is_fed_is_not_run_for_control_dependencies():
    x = tf.placeholder(tf.float32, [])
    with tf.control_dependencies([x]):
        y = tf.constant(1.0) + 1
    with tf.Session() as session:
        assert session.run(y, {x: 1.0}) == 2
        with pytest.raises(tf.errors.InvalidArgumentError, match="You must feed a value"):
            session.run(y)


def test_a_graph_forgets_its_oldest_plans(monkeypatch):
    from ostinato.tf1 import plan

    monkeypatch.setattr(plan, "MOST_PLANS", 5)
    x = tf.constant(1.0)
    with tf.Session() as session:
        for step in range(12):
            assert session.run(x + step) == 1 + step
        assert session.run(x) == 1
    assert len(tf.get_default_graph().plans) == 5


def test_initial_values_that_depend_on_other_variables():
    v = tf.Variable(tf.random_normal([3]), name="v")
    twice = tf.Variable(v.initialized_value() * 2, name="twice")
    thrice = tf.Variable(twice * 1.5, name="thrice")
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        values = session.run([v, twice, thrice])
    np.testing.assert_allclose(values[1], 2 * values[0], rtol=1e-6)
    np.testing.assert_allclose(values[2], 3 * values[0], rtol=1e-6)


def test_groups_and_control_dependencies_run_what_they_name():
    v, w = tf.Variable(0.0), tf.Variable(0.0)
    both = tf.group(v.assign_add(1), w.assign_add(2))
    with tf.control_dependencies([both]):
        answer = tf.constant(42)
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        assert session.run(answer) == 42
        assert session.run([v, w]) == [1, 2]
        both.run()
        assert session.run([v, w]) == [2, 4]


def test_only_what_the_fetches_need_is_evaluated():
    x = tf.placeholder(tf.float32, [])
    v = tf.Variable(1.0)
    y = tf.constant(3.0) * 2
    with tf.Session() as session:
        assert session.run(y) == 6
        assert session.run(y + 0 * tf.placeholder_with_default(1.0, [])) == 6
        del x, v


def test_a_node_that_fails_says_where():
    x = tf.placeholder(tf.float32, [None, None])
    product = tf.matmul(x, tf.ones([2, 3]), name="product")
    with (
        tf.Session() as session,
        pytest.raises(tf.errors.InvalidArgumentError, match=r"\[\[node product \(MatMul\)\]\]") as info,
    ):
        session.run(product, {x: np.ones([2, 5])})
    assert info.value.op is product.op


def test_the_same_seed_draws_the_same_numbers_and_each_run_draws_anew():
    def draw(seed):
        with tf.Graph().as_default(), tf.Session() as session:
            tf.set_random_seed(seed)
            a, b = tf.random_normal([3]), tf.random_normal([3])
            own = tf.random_uniform([3], seed=5)
            return [session.run([a, b, own]) for _ in range(2)]

    first, second = np.array(draw(1)), np.array(draw(1))
    np.testing.assert_array_equal(first, second)
    assert not np.isclose(first[0], first[1]).any()
    assert not np.isclose(first[0, 0], first[0, 1]).any()
    assert not np.isclose(first, np.array(draw(2)))[:, :2].any()
    unseeded = np.array(draw(None))
    assert not np.isclose(unseeded, np.array(draw(None)))[:, :2].any()


def test_distributions():
    nodes = [
        tf.random_normal([4000], 1.0, 2.0),
        tf.truncated_normal([4000]),
        tf.random_uniform([4000], -1, 3),
    ]
    integers = tf.random_uniform([100], 0, 3, tf.int32)
    dropped = tf.nn.dropout(tf.ones([4000]), keep_prob=0.25)
    with tf.Session() as session:
        normal, truncated, uniform = session.run(nodes)
        assert set(session.run(integers).tolist()) == {0, 1, 2}
        assert set(session.run(dropped).tolist()) == {0.0, 4.0}
    assert abs(normal.mean() - 1) < 0.2
    assert abs(normal.std() - 2) < 0.2
    assert np.abs(truncated).max() <= 2
    assert uniform.min() >= -1
    assert uniform.max() < 3
    assert abs(uniform.mean() - 1) < 0.1


def test_threads_may_share_a_session():
    x = tf.placeholder(tf.float32, [None, 4, 3])
    outputs, _ = tf.nn.dynamic_rnn(tf.nn.rnn_cell.GRUCell(5), x, dtype=tf.float32)
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        batches = [np.random.default_rng(i).normal(size=[2, 4, 3]) for i in range(8)]
        alone = [session.run(outputs, {x: batch}) for batch in batches]
        with ThreadPoolExecutor(4) as pool:
            together = list(pool.map(lambda batch: session.run(outputs, {x: batch}), batches))
    np.testing.assert_array_equal(alone, together)


def test_a_session_runs_on_as_many_threads_as_its_configuration_says():
    config = tf.ConfigProto(intra_op_parallelism_threads=1, allow_soft_placement=True)
    config.gpu_options.allow_growth = True
    x = tf.constant(2.0)
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    seen = []
    graph = tf.get_default_graph()
    with tf.Session(config=config) as session:
        assert session.run(x * 2) == 4
        (plan,) = graph.plans.values()
        plan.instructions.insert(
            0,
            replace(
                plan.instructions[0],
                evaluate=lambda *_: [seen.append(torch.get_num_threads())],
                outputs=(-1,),
            ),
        )
        session.run("mul:0")
    assert seen == [1]
    assert torch.get_num_threads() == 2
    torch.set_num_threads(before)


def test_rows_of_a_tensor_are_fetched_and_fed_as_their_parts():
    values = tf.placeholder(tf.float32, [None, 2])
    indices = tf.placeholder(tf.int32, [None])
    slices = tf.IndexedSlices(values, indices, tf.constant([4, 2]))
    with tf.Session() as session:
        fed = {slices: ([[1, 2]], [3], [4, 2])}
        result = session.run({"a": slices, "b": values * 2}, fed)
        assert isinstance(result["a"], tf.IndexedSlicesValue)
        assert result["a"].indices.tolist() == [3]
        assert result["b"].tolist() == [[2, 4]]


def test_classes_of_attrs_and_mappings_of_ones_own_are_fetched():
    class Pair:  # as attrs makes them
        __attrs_attrs__ = (SimpleNamespace(name="a"), SimpleNamespace(name="b"))

        def __init__(self, a, b):
            self.a, self.b = a, b

    x = tf.constant(2.0)
    with tf.Session() as session:
        result = session.run([Pair(x, [x * 2]), OrderedDict(z=x, a=x + 1), defaultdict(list, k=x.op)])
    assert (result[0].a, result[0].b) == (2, [4])
    assert list(result[1].items()) == [("z", 2), ("a", 3)]
    assert result[2] == {"k": None}


def test_types_of_ones_own_as_fetches_and_feeds():
    class Squared:
        def __init__(self, tensor):
            self.square = tf.square(tensor)

    from ostinato.tf1.fetches import register_session_run_conversion_functions as register

    register(Squared, lambda item: ([item.square], lambda values: values[0]),
             lambda item, value: [(item.square, value)])  # fmt: skip
    with pytest.raises(ValueError, match="has already been registered so ignore it"):
        register(Squared, None)
    item = Squared(tf.constant([2.0, 3.0]))
    with tf.Session() as session:
        assert session.run(item).tolist() == [4, 9]
        assert session.run(item.square + 1, {item: [0, 1]}).tolist() == [1, 2]


def test_states_of_stacks_are_fed_and_fetched_as_they_are():
    cell = tf.nn.rnn_cell.MultiRNNCell([tf.nn.rnn_cell.LSTMCell(2), tf.nn.rnn_cell.GRUCell(3)])
    x = tf.placeholder(tf.float32, [None, None, 2])
    start = cell.zero_state(tf.shape(x)[0], tf.float32)
    outputs, state = tf.nn.dynamic_rnn(cell, x, initial_state=start)
    batch = np.random.default_rng(0).normal(size=[5, 4, 2])
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        whole = session.run((outputs, state), {x: batch})
        assert isinstance(whole[1][0], tf.nn.rnn_cell.LSTMStateTuple)
        first = session.run(state, {x: batch[:, :3]})
        rest = session.run(outputs, {x: batch[:, 3:], start: first})
        np.testing.assert_allclose(rest[:, 0], whole[0][:, 3], atol=1e-6)
        by_parts = {x: batch[:, 3:], start[0].c.name: first[0].c, start[0].h: first[0].h, start[1]: first[1]}
        np.testing.assert_array_equal(session.run(outputs, by_parts), rest)
        with pytest.raises(
            ValueError, match=r"Could not flatten dictionary\. Key had 3 elements, but value had"
        ):
            session.run(state, {x: batch, start: (first[0],)})
        with pytest.raises(
            ValueError, match=r"Could not flatten dictionary\. Key had 2 elements, but value had"
        ):
            session.run(state, {x: batch, start[0]: (1, 2, 3)})
        with pytest.raises(ValueError, match=r"Cannot feed value of shape \(5, 2\) for Tensor"):
            session.run(state, {x: batch, start: (first[0], first[0].c)})


def test_marked_tensors_and_tensors_inside_a_loop():
    x = tf.placeholder(tf.float32, [], name="x")
    y = tf.identity(x, name="y")
    inside = []

    def body(value):
        inside.append(value * 2)
        return inside[0]

    total = tf.while_loop(lambda value: value < 10, body, [x])
    graph = tf.get_default_graph()
    with tf.Session() as session:
        assert session.run(total, {total: 3.0}) == 3
        with pytest.raises(tf.errors.InaccessibleTensorError, match="is inside a loop"):
            session.run(inside[0], {x: 1})
        with pytest.raises(TypeError, match="is inside a loop"):
            session.run(total, {x: 1, inside[0]: 2})
        graph.prevent_feeding(x)
        graph.prevent_fetching(y.op)
        with pytest.raises(
            ValueError, match=r'Tensor Tensor\("x:0", shape=\(\), dtype=float32\) may not be fed'
        ):
            session.run(y + 1, {x: 1})
        for fetch in (y, "y:0", y.op):
            with pytest.raises(ValueError, match="Operation 'y' has been marked as not fetchable"):
                session.run(fetch)


def test_what_sessions_and_runs_are_told():
    assert tf.ConfigProto(gpu_options=tf.GPUOptions(allow_growth=True)).gpu_options.allow_growth
    config = tf.ConfigProto()
    config.graph_options.optimizer_options.global_jit_level = tf.OptimizerOptions.ON_1
    for make, kind, words in [
        (lambda: tf.ConfigProto(foo=1), ValueError, 'Protocol message ConfigProto has no "foo" field'),
        (lambda: setattr(config, "foo", 1), AttributeError, "'ConfigProto' object has no attribute 'foo'"),
        (lambda: setattr(config, "gpu_options", 3), AttributeError, "Assignment not allowed to field"),
        (lambda: setattr(config, "allow_soft_placement", "a"), TypeError, "'a' has type str"),
        (lambda: tf.Session("grpc://here"), tf.errors.NotFoundError, "No session factory registered"),
        (lambda: tf.Session(3), TypeError, "target must be a string, but got <class 'int'>"),
        (lambda: tf.Session(graph=3), TypeError, r"graph must be a tf.Graph, but got <class 'int'>"),
        (
            lambda: tf.Session(config={}),
            TypeError,
            r"config must be a tf.ConfigProto, but got <class 'dict'>",
        ),
    ]:
        with pytest.raises(kind, match=words):
            make()
    x = tf.constant(1.0)
    with tf.Session(config=config) as session:
        assert session.list_devices()[0].device_type == "CPU"
        assert session.run(x, options=tf.RunOptions(), run_metadata=tf.RunMetadata()) == 1
        with pytest.raises(tf.errors.UnimplementedError, match="no partitioned graphs"):
            session.run(x, options=tf.RunOptions(output_partition_graphs=True))
        told = tf.RunMetadata()
        assert session.run(x + 1, options=tf.RunOptions(trace_level=3), run_metadata=told) == 2
        assert [node.node_name for node in told.step_stats.dev_stats[0].node_stats] == ["add"]
        with pytest.raises(TypeError, match=r"options must be a tf.RunOptions"):
            session.run(x, options={"trace_level": 3})
        with pytest.raises(tf.errors.UnimplementedError, match="There are no partial runs here"):
            session.partial_run_setup([x])
        with pytest.raises(TypeError, match="`feed_list` must be a list or tuple"):
            session.make_callable(x, x)


def test_interactive_sessions_are_closed_in_any_order():
    graphs = [tf.Graph(), tf.Graph()]
    first = tf.InteractiveSession(graph=graphs[0])
    with pytest.warns(UserWarning, match="An interactive session is already active"):
        second = tf.InteractiveSession(graph=graphs[1])
    assert tf.get_default_graph() is graphs[1]
    first.close()
    assert tf.get_default_graph() is graphs[1]
    assert tf.constant(3).eval() == 3
    second.close()
    assert tf.get_default_graph() not in graphs
    assert tf.get_default_session() is None


def test_contexts_left_in_another_order_are_an_error():
    one, other = tf.Session(), tf.Session()
    outer, inner = one.as_default(), other.as_default()
    outer.__enter__()
    inner.__enter__()
    with pytest.raises(AssertionError, match="Nesting violated for default stack of"):
        outer.__exit__(None, None, None)
    inner.__exit__(None, None, None)
    assert tf.get_default_session() is None
    one.close()
    other.close()


@pytest.mark.parametrize("operation", [tf.floordiv, tf.floormod, tf.div])
def test_a_division_by_zero_is_named(operation):
    with tf.Graph().as_default(), tf.Session() as session:
        x = tf.placeholder(tf.int32, [])
        with pytest.raises(tf.errors.InvalidArgumentError, match="Integer division by zero"):
            session.run(operation(10, x), {x: 0})


def test_the_time_is_that_of_the_run():
    now = tf.timestamp()
    assert (now.name, now.dtype, now.shape.as_list()) == ("Timestamp:0", tf.float64, [])
    before = time.time()
    with tf.Session() as session:
        assert before <= session.run(now) <= session.run(now) <= time.time()
