"""Memory plans of sessions: the same numbers, and the same script."""

import re

import numpy as np
import pytest

import ostinato.tf1 as tf
from ostinato import drivers
from ostinato.memory import MemoryLimitError, MemoryPlan
from ostinato.tf1 import session_memory
from ostinato.tf1.ops import rnn as node_of_cells

STEPS, X = 40, np.random.RandomState(0).randn(3, 40, 2).astype(np.float32)
LENGTHS = [40, 7, 0]
SESSIONS = {
    "recompute": {"memory": MemoryPlan.recompute(every=6)},
    "nested": {"memory": MemoryPlan.recompute(every=(12, 4))},
    "keep_state": {"memory": MemoryPlan.keep_state()},
    "keep_all": {"memory": MemoryPlan.keep_all()},
    "disk": {"memory": MemoryPlan.swap(to="disk", every=8)},
    "limit": {"memory_limit": "64MiB"},
    "bytes": {"memory_limit": 2**30},
}


@pytest.fixture
def told(monkeypatch):
    """What the core's driver is told of memory, call by call."""
    seen, run = [], drivers.dynamic_rnn

    def dynamic_rnn(*arguments, **options):
        names = ("swap_memory", "memory", "memory_limit")
        seen.append({name: options[name] for name in names if name in options})
        return run(*arguments, **options)

    monkeypatch.setattr(drivers, "dynamic_rnn", dynamic_rnn)
    return seen


@pytest.fixture
def default_limit():
    yield session_memory.set_default_limit
    session_memory.set_default_limit(None)


class Own(tf.nn.rnn_cell.RNNCell):
    """A cell of a script's own."""

    state_size = output_size = 4

    def __call__(self, inputs, state, scope=None):
        with tf.variable_scope(scope or "own"):
            kernel = tf.get_variable(
                "kernel", [inputs.shape[1].value + 4, 4], initializer=tf.constant_initializer(0.3)
            )
            state = tf.tanh(tf.matmul(tf.concat([inputs, state], 1), kernel)) * 0.9
            return state, state


def dynamic(cell, swap_memory=False):
    x = tf.placeholder(tf.float32, [None, None, 2], name="x")
    outputs, state = tf.nn.dynamic_rnn(cell, x, LENGTHS, dtype=tf.float32, swap_memory=swap_memory)
    return x, outputs, state


def bidirectional(cell, swap_memory=False):
    x = tf.placeholder(tf.float32, [None, None, 2], name="x")
    outputs, states = tf.nn.bidirectional_dynamic_rnn(
        cell, tf.nn.rnn_cell.GRUCell(4), x, LENGTHS, dtype=tf.float32, swap_memory=swap_memory
    )
    return x, tf.concat(outputs, 2), states


def static(cell, swap_memory=False):
    x = tf.placeholder(tf.float32, [None, STEPS, 2], name="x")
    outputs, state = tf.nn.static_rnn(cell, tf.unstack(x, axis=1), dtype=tf.float32)
    return x, tf.stack(outputs), state


CELLS = {
    "lstm": lambda: tf.nn.rnn_cell.BasicLSTMCell(4),
    "own": Own,
    "dropout": lambda: tf.nn.rnn_cell.DropoutWrapper(tf.nn.rnn_cell.GRUCell(4), state_keep_prob=0.6, seed=5),
    "stack": lambda: tf.nn.rnn_cell.MultiRNNCell([tf.nn.rnn_cell.LSTMCell(5), Own()]),
}


def values(driver, cell, session=None, **options):
    """Outputs, final state and gradients."""
    with tf.Graph().as_default():
        tf.set_random_seed(3)
        x, outputs, state = driver(CELLS[cell](), **options)
        loss = tf.reduce_sum(tf.square(outputs))
        grads = tf.gradients(loss, [x, *tf.trainable_variables()])
        with tf.Session(**(session or {})) as running:
            running.run(tf.global_variables_initializer())
            return running.run([outputs, state, grads], {x: X})


def assert_same(ours, plain):
    import optree

    for one, other in zip(optree.tree_leaves(ours), optree.tree_leaves(plain), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-6 * max(1.0, np.abs(other).max()))


@pytest.mark.parametrize("driver", [dynamic, bidirectional, static])
@pytest.mark.parametrize("cell", CELLS)
def test_a_sessions_plan_changes_no_numbers(driver, cell):
    plain = values(driver, cell)
    for session in SESSIONS.values():
        assert_same(values(driver, cell, session), plain)


@pytest.mark.parametrize(("driver", "calls"), [(dynamic, 1), (bidirectional, 2), (static, 1)])
def test_every_sequence_of_a_session_is_told(told, driver, calls):
    plan = MemoryPlan.recompute(every=6)
    values(driver, "lstm", {"memory": plan})
    values(driver, "lstm", {"memory_limit": "64MiB"})
    assert told == [{"memory": plan}] * calls + [{"memory_limit": 2**26}] * calls


@pytest.mark.parametrize("driver", [dynamic, bidirectional])
def test_a_sessions_plan_goes_before_a_nodes_swap_memory(told, driver):
    plan = MemoryPlan.recompute(every=6)
    values(driver, "lstm", swap_memory=True)
    values(driver, "lstm", {"memory": plan}, swap_memory=True)
    values(driver, "lstm", {"memory_limit": "64MiB"}, swap_memory=True)
    assert told[:: len(told) // 3] == [{"swap_memory": True}, {"memory": plan}, {"memory_limit": 2**26}]


def test_where_no_gradients_are_taken_nothing_is_told(told):
    x, outputs, _ = dynamic(tf.nn.rnn_cell.BasicLSTMCell(4), swap_memory=True)
    with tf.Session(memory_limit=100) as session:
        session.run(tf.global_variables_initializer())
        assert session.run(outputs, {x: X}).shape == (3, 40, 4)
    assert told == [{}]


def test_a_session_inside_of_a_loop_is_told_too(told):
    class Reading(Own):
        """A cell whose step reads a sequence of its own."""

        def __call__(self, inputs, state, scope=None):
            steps = tf.stack([inputs, inputs * 0.5, inputs], 1)
            inner, _ = tf.nn.dynamic_rnn(tf.nn.rnn_cell.GRUCell(2), steps, dtype=tf.float32)
            return super().__call__(inner[:, -1], state, scope)

    CELLS["reading"] = Reading
    try:
        plan = MemoryPlan.recompute(every=6)
        assert_same(values(dynamic, "reading", {"memory": plan}), values(dynamic, "reading"))
    finally:
        del CELLS["reading"]
    # Where the outer loop runs without a graph, nothing is kept of the inner ones anyway.
    outer, *inside = [options for options in told if options != {"swap_memory": False}]
    assert outer == {"memory": plan}
    assert {tuple(options.items()) for options in inside} == {(), (("memory", plan),)}


def test_a_default_is_for_sessions_that_are_told_nothing(told, default_limit):
    default_limit(2**27)
    plan = MemoryPlan.keep_state()
    values(dynamic, "lstm")
    values(dynamic, "lstm", {"memory": plan})
    values(dynamic, "lstm", {"memory_limit": "1GB"})
    default_limit(None)
    values(dynamic, "lstm")
    assert told == [
        {"memory_limit": 2**27},
        {"memory": plan},
        {"memory_limit": 10**9},
        {"swap_memory": False},
    ]


def test_an_interactive_session_takes_them_too(told):
    x, outputs, _ = dynamic(tf.nn.rnn_cell.BasicLSTMCell(4))
    grads = tf.gradients(outputs, [x])
    session = tf.InteractiveSession(memory_limit="64MiB")
    try:
        session.run(tf.global_variables_initializer())
        session.run(grads, {x: X})
    finally:
        session.close()
    assert told == [{"memory_limit": 2**26}]


def test_training_goes_the_same_way():
    def losses(**session):
        with tf.Graph().as_default():
            tf.set_random_seed(1)
            x, outputs, _ = dynamic(tf.nn.rnn_cell.LSTMCell(8), swap_memory=True)
            loss = tf.reduce_mean(tf.square(outputs - 0.2))
            train = tf.train.AdamOptimizer(0.01).minimize(loss)
            with tf.Session(**session) as running:
                running.run(tf.global_variables_initializer())
                return [running.run([loss, train], {x: X})[0] for _ in range(10)]

    plain = losses()
    assert plain[-1] < plain[0]
    for session in SESSIONS.values():
        np.testing.assert_allclose(losses(**session), plain, rtol=1e-4)


@pytest.mark.parametrize("driver", [dynamic, static])
def test_a_limit_that_no_plan_meets_names_the_node(driver):
    with pytest.raises(MemoryLimitError, match=r"\[\[node rnn/.*(DynamicRNN|RNNCellStep)\)\]\]") as found:
        values(driver, "lstm", {"memory_limit": 1000})
    assert found.value.smallest > 1000
    assert str(found.value).count("[[node") == 1
    values(driver, "lstm", {"memory_limit": found.value.smallest})


def test_a_plan_that_cannot_be_obeyed_names_the_node():
    with pytest.raises(tf.errors.InvalidArgumentError, match=r"moves memory from a GPU(.|\n)*\[\[node rnn/"):
        values(dynamic, "lstm", {"memory": MemoryPlan.swap(to="host")})


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"memory": MemoryPlan.keep_all(), "memory_limit": "1GiB"}, ValueError, "pass one of them"),
        ({"memory": "1GiB"}, TypeError, "An amount of memory is memory_limit"),
        ({"memory_limit": "64 pounds"}, ValueError, "'64 pounds' is no amount of memory"),
        ({"memory_limit": 0}, ValueError, "must be positive"),
        ({"memory_limit": True}, TypeError, "must be a number of bytes"),
    ],
)
def test_wrong_arguments(options, error, message):
    for kind in (tf.Session, tf.InteractiveSession):
        with pytest.raises(error, match=re.escape(message)):
            kind(**options)


@pytest.mark.parametrize(("most", "asked"), [(0, True), (STEPS * 3 * 8 * 4 * 12, False)])
def test_what_is_not_worth_it_is_not_swapped(told, most, asked, monkeypatch):
    monkeypatch.setattr(node_of_cells, "NOT_WORTH_SWAPPING", most)
    values(dynamic, "lstm", swap_memory=True)
    assert [each.get("swap_memory", False) for each in told] == [asked]
    del told[:]
    values(dynamic, "own", swap_memory=True)  # nobody knows what its step keeps
    assert told == [{"swap_memory": True}]
