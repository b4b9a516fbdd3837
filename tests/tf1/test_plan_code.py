"""A plan that is run often becomes a function: it gives what the list of instructions gives, errors too."""

import weakref

import numpy as np
import pytest
import torch

import ostinato
import ostinato.tf1 as tf
from ostinato.tf1 import plan, replays

RUNS = plan.RUNS_BEFORE_CODE + 3


@pytest.fixture(autouse=True)
def no_recording(monkeypatch):
    monkeypatch.setattr(replays, "RECORD", False)


@pytest.fixture(params=[True, False], ids=["function", "list"])
def faster(request, monkeypatch):
    monkeypatch.setattr(plan, "FASTER", request.param)
    return request.param


def code_of(graph):
    return [made for made in graph.plans.values() if made._code is not None]


def training(monkeypatch, faster):
    """The losses and final values of some steps of everything at once."""
    monkeypatch.setattr(plan, "FASTER", faster)
    with tf.Graph().as_default() as graph, tf.Session() as session:
        tf.set_random_seed(3)
        x = tf.placeholder(tf.float32, [None, 4, 3])
        outputs, state = tf.nn.dynamic_rnn(tf.nn.rnn_cell.LSTMCell(5), x, dtype=tf.float32)
        parts = tf.split(outputs, [2, 3], 2)  # of which one is not used
        _, total = tf.while_loop(
            lambda i, total: i < 3,
            lambda i, total: (i + 1, total + tf.reduce_sum(tf.tanh(parts[1])) * tf.to_float(i)),
            [0, tf.reduce_sum(state.c)],
        )
        dropped = tf.nn.dropout(parts[1], 0.5, seed=1)
        loss = tf.square(total) + tf.reduce_sum(dropped)
        step = tf.train.get_or_create_global_step()
        train = tf.train.AdamOptimizer(0.01).minimize(loss, step)
        session.run(tf.global_variables_initializer())
        feed = {x: np.random.RandomState(0).randn(2, 4, 3)}
        found = [session.run([loss, step, x, train], feed)[:3] for _ in range(RUNS)]
        found.append(session.run(tf.trainable_variables()))
        assert bool(code_of(graph)) == faster
    return found


def test_both_ways_give_the_same_bits(monkeypatch):
    one, other = training(monkeypatch, True), training(monkeypatch, False)
    for a, b in zip(one, other, strict=True):
        for left, right in zip(a, b, strict=True):
            np.testing.assert_array_equal(left, right)


def test_an_error_names_its_node(faster):
    x = tf.placeholder(tf.float32, [None, None])
    bad = tf.matmul(tf.identity(x), tf.ones([2, 2]), name="product") + 1.0
    with tf.Session() as session:
        for _ in range(RUNS):
            assert session.run(bad, {x: np.ones([1, 2])}).tolist() == [[3.0, 3.0]]
            with pytest.raises(
                tf.errors.InvalidArgumentError, match=r"\[\[node product \(MatMul\)\]\]"
            ) as caught:
                session.run(bad, {x: np.ones([1, 3])})
            assert caught.value.op.name == "product"


def test_a_limit_that_no_plan_keeps_to_names_its_node(faster):
    x = tf.placeholder(tf.float32, [None, 50, 30])
    outputs, _ = tf.nn.dynamic_rnn(tf.nn.rnn_cell.LSTMCell(40), x, dtype=tf.float32)
    gradients = tf.gradients(outputs, tf.trainable_variables())
    with tf.Session(memory_limit=1000) as session:
        session.run(tf.global_variables_initializer())
        for _ in range(RUNS):
            with pytest.raises(ostinato.MemoryLimitError, match=r"\[\[node rnn/.*DynamicRNN"):
                session.run(gradients, {x: np.ones([2, 50, 30])})


def test_what_is_no_longer_needed_is_let_go(faster):
    seen = []

    class Watched(torch.Tensor):
        pass

    def make(value):
        made = value.as_subclass(Watched) * 1
        seen.append(weakref.ref(made))
        return made

    def look(value):
        alive.append(sum(found() is not None for found in seen))
        return value.as_subclass(torch.Tensor)

    alive = []
    graph = tf.get_default_graph()
    from ostinato.tf1 import registry

    for name, compute in (("MakeWatched", make), ("LookForWatched", look)):
        if not registry.is_known(name):
            registry.register(name, compute, registry.same)
    try:
        value = tf.ones([2])
        for _ in range(4):
            value = graph.create_operation("MakeWatched", [value], {}, None).outputs[0]
        value = graph.create_operation("LookForWatched", [value], {}, None).outputs[0]
        with tf.Session() as session:
            for _ in range(RUNS):
                session.run(value)
                seen.clear()
    finally:
        del registry._TABLE["MakeWatched"], registry._TABLE["LookForWatched"]
    assert alive == [1] * RUNS
