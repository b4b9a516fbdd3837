"""Threads: one session shared, sessions of their own, graphs built while others run."""

import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import ostinato.tf1 as tf

THREADS = 4


def together(work, count=THREADS):
    """Run `work(index)` in threads that start at the same moment; a failure or a hang fails the test."""
    gate = threading.Barrier(count)

    def run(index):
        gate.wait(10)
        return work(index)

    with ThreadPoolExecutor(count) as pool:
        return [future.result(30) for future in [pool.submit(run, index) for index in range(count)]]


def test_updates_of_one_variable_are_all_counted():
    v = tf.Variable(np.zeros(50, np.float32))
    add = v.assign_add(np.ones(50, np.float32))
    with tf.Session() as session:
        session.run(v.initializer)
        together(lambda _: [session.run(add.op) for _ in range(100)])
        assert session.run(v).tolist() == [100 * THREADS] * 50


def test_asynchronous_training_as_workers_do_it():
    x = tf.placeholder(tf.float32, [None, 3])
    w = tf.get_variable("w", [3, 1], initializer=tf.zeros_initializer())
    step = tf.Variable(0, trainable=False)
    loss = tf.reduce_mean(tf.square(tf.matmul(x, w) - 1.0))
    train = tf.train.GradientDescentOptimizer(0.05, use_locking=True).minimize(loss, global_step=step)
    batch = np.random.default_rng(0).normal(size=[16, 3]) + 1
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        before = session.run(loss, {x: batch})
        together(lambda _: [session.run(train, {x: batch}) for _ in range(50)])
        assert session.run(step) == 50 * THREADS
        assert session.run(loss, {x: batch}) < 0.5 * before


def test_plans_made_at_once_give_the_same_values():
    x = tf.placeholder(tf.float32, [])
    nodes = [x * float(k) for k in range(20)]
    with tf.Session() as session:
        results = together(lambda i: [session.run(node, {x: i + 1.0}) for node in nodes])
    for index, values in enumerate(results):
        assert values == [(index + 1.0) * k for k in range(20)]


def test_a_graph_can_be_built_by_several_threads_while_another_runs_it():
    graph = tf.get_default_graph()
    x = tf.placeholder(tf.float32, [], name="x")
    y = x + 1
    built = []

    def build(index):
        if index == 0:
            return [session.run(y, {x: k}) for k in range(200)]
        with graph.as_default(), tf.name_scope(f"thread{index}"), tf.control_dependencies([y]):
            for k in range(60):
                built.append(tf.add(x, float(k), name="sum"))
        return None

    with tf.Session() as session:
        assert together(build)[0] == [k + 1 for k in range(200)]
        assert len({node.name for node in built}) == 60 * (THREADS - 1)
        assert all(node.op.control_inputs == [y.op] for node in built)
        scopes = {node.name.split("/")[0] for node in built}
        assert scopes == {f"thread{index}" for index in range(1, THREADS)}
        assert session.run(graph.get_tensor_by_name("thread1/sum_59:0"), {x: 1}) == 60


def test_threads_have_default_graphs_and_sessions_of_their_own():
    outer = tf.get_default_graph()

    def work(index):
        assert tf.get_default_graph() is outer
        assert tf.get_default_session() is None
        with tf.Graph().as_default() as graph, tf.Session() as session:
            tf.set_random_seed(3)
            draw = tf.random_normal([4])
            v = tf.Variable(float(index), name="v")
            session.run(v.initializer)
            assert draw.graph is graph
            assert tf.get_default_session() is session
            return v.eval(), draw.eval().tolist(), draw.eval().tolist()

    results = together(work)
    assert [value for value, _, _ in results] == list(range(THREADS))
    assert len({tuple(first) for _, first, _ in results}) == 1
    assert all(first != second for _, first, second in results)


def test_numbers_drawn_by_threads_are_those_of_one_stream():
    draw = tf.random_uniform([3], seed=5)
    with tf.Session() as session:
        alone = [tuple(session.run(draw)) for _ in range(40)]
    with tf.Session() as session:
        lists = together(lambda _: [tuple(session.run(draw)) for _ in range(40 // THREADS)])
    assert sorted(value for values in lists for value in values) == sorted(alone)


def test_closing_a_session_lets_its_runs_end_and_refuses_new_ones():
    v = tf.Variable(np.ones([50, 50], np.float32))
    x = v
    for _ in range(40):
        x = tf.tanh(tf.matmul(x, v))
    total = tf.reduce_sum(x)
    session = tf.Session()
    session.run(v.initializer)
    wanted, started, seen = session.run(total), threading.Event(), []

    def run(_):
        while True:
            started.set()
            try:
                seen.append(session.run(total))
            except RuntimeError as problem:
                return str(problem)

    with ThreadPoolExecutor(2) as pool:
        futures = [pool.submit(run, index) for index in range(2)]
        assert started.wait(10)
        session.close()
        messages = [future.result(30) for future in futures]
    assert set(messages) == {"Attempted to use a closed Session."}
    assert all(value == wanted for value in seen)


def test_callables_of_one_session_in_threads():
    x = tf.placeholder(tf.float32, [2])
    total = tf.reduce_sum(x)
    with tf.Session() as session:
        call = session.make_callable(total, [x])
        assert together(lambda i: [call([i, k]) for k in range(30)]) == [
            [i + k for k in range(30)] for i in range(THREADS)
        ]
        with pytest.raises(TypeError, match="takes 1 values to feed; it was given 2"):
            call([1, 2], [3, 4])


@pytest.mark.parametrize("closes_in", ["_check_open", "_evaluate"])
def test_a_run_that_a_closing_comes_into_ends_as_it_would_have(closes_in, monkeypatch):
    with tf.Graph().as_default():
        session, v = tf.Session(), tf.Variable(3.0)
        session.run(v.initializer)
        whole = getattr(session, closes_in)

        def closing(*arguments):
            if closes_in == "_evaluate":
                session.close()
                return whole(*arguments)
            whole()
            return session.close()

        monkeypatch.setattr(session, closes_in, closing)
        assert session.run(v * 2.0) == 6.0
        monkeypatch.undo()
        with pytest.raises(RuntimeError, match="closed Session"):
            session.run(v)
