"""`tf.while_loop`, and the functions made of it: names, shapes, structures, errors, gradients, memory."""

import threading

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import ostinato.tf1 as tf
from ostinato.tf1 import body_steps, nest
from ostinato.tf1.run import Run


def run(fetches, feed_dict=None):
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        return session.run(fetches, feed_dict)


def test_results_have_tensorflows_names_shapes_and_structure():
    single = tf.while_loop(lambda i: i < 3, lambda i: i + 1, [0])
    in_list = tf.while_loop(lambda i: i < 3, lambda i: [i + 1], [0], return_same_structure=True)
    pair = tf.while_loop(lambda i, x: i < 3, lambda i, x: (i + 1, x), [0, tf.ones([2, 3])])
    limited = tf.while_loop(lambda i: i < 3, lambda i: i + 1, [0], maximum_iterations=2)
    nested = tf.while_loop(
        lambda i: i < 3, lambda i: tf.while_loop(lambda j: j < 2, lambda j: j + 1, [i]) + 1, [0], name="a/b"
    )
    assert single.name == "while/Exit:0"
    assert [tensor.name for tensor in in_list] == ["while_1/Exit:0"]
    assert isinstance(pair, tuple)
    assert [(tensor.name, tensor.shape.as_list()) for tensor in pair] == [
        ("while_2/Exit:0", []),
        ("while_2/Exit_1:0", [2, 3]),
    ]
    assert limited.name == "while_3/Exit_1:0"
    assert nested.name == "a/b/Exit:0"
    assert run([single, in_list, limited, nested]) == [3, [3], 2, 3]


def test_nodes_inside_are_named_as_tensorflow_names_them():
    names = []

    def body(i, x):
        names.extend([i.name, x.name, (x * 2.0).name])
        tf.while_loop(lambda j: j < 1, lambda j: [names.append((j + 1).name), j + 1][1], [i])
        return i + 1, x

    tf.while_loop(lambda i, x: i < 3, body, [0, 1.0])
    assert names == ["while/Identity:0", "while/Identity_1:0", "while/mul:0", "while/while/add:0"]


def test_a_body_is_traced_once_and_its_plan_made_once():
    calls = []

    def body(i, x):
        calls.append(1)
        return i + 1, x * 1.5

    n = tf.placeholder(tf.int32, [])
    _, x = tf.while_loop(lambda i, _: i < n, body, [0, 1.0])
    with tf.Session() as session:
        for count in (0, 1, 7):
            assert session.run(x, {n: count}) == pytest.approx(1.5**count)
    assert len(calls) == 1


ERRORS = [
    (TypeError, "cond must be callable.", lambda: tf.while_loop(True, lambda i: i, [0])),
    (TypeError, "body must be callable.", lambda: tf.while_loop(lambda i: True, 3, [0])),
    (ValueError, "No loop variables provided", lambda: tf.while_loop(lambda: True, lambda: 1, [])),
    (
        TypeError,
        "parallel_iterations must be a positive integer.",
        lambda: tf.while_loop(lambda i: i < 3, lambda i: i + 1, [0], parallel_iterations=0),
    ),
    (
        ValueError,
        r"maximum_iterations must be a scalar, saw shape: \(2,\)",
        lambda: tf.while_loop(lambda i: i < 3, lambda i: i + 1, [0], maximum_iterations=[1, 2]),
    ),
    (
        TypeError,
        "Input 'input' of 'LoopCond' Op has type int32 that does not match expected type of bool.",
        lambda: tf.while_loop(lambda i: i, lambda i: i + 1, [0]),
    ),
    (
        ValueError,
        r"Shape must be rank 0 but is rank 1 for 'while/LoopCond' \(op: 'LoopCond'\)",
        lambda: tf.while_loop(lambda i: tf.equal(i, [1, 2]), lambda i: i + 1, [0]),
    ),
    (
        ValueError,
        r"Input tensor 'zeros:0' enters the loop with shape \(2, 2\), but has shape \(4, 2\) after",
        lambda: tf.while_loop(
            lambda i, x: i < 3, lambda i, x: (i + 1, tf.concat([x, x], 0)), [0, tf.zeros([2, 2])]
        ),
    ),
    (
        ValueError,
        "The shape invariant specified for zeros:0 is not compatible with the initial shape of the loop",
        lambda: tf.while_loop(
            lambda i, x: i < 3,
            lambda i, x: (i + 1, x),
            [0, tf.zeros([2, 2])],
            shape_invariants=[tf.TensorShape([]), tf.TensorShape([3, None])],
        ),
    ),
    (
        ValueError,
        "`shapes` must be a",
        lambda: tf.while_loop(lambda i: i < 3, lambda i: i, [0], shape_invariants=[3]),
    ),
    (
        ValueError,
        "The two structures don't have the same nested structure.",
        lambda: tf.while_loop(lambda i, x: i < 3, lambda i, x: i + 1, [0, tf.zeros([2, 2])]),
    ),
    (
        ValueError,
        "The two structures don't have the same nested structure.",
        lambda: tf.while_loop(lambda i, x: i < 3, lambda i, x: (i + 1, (x,)), [0, 1.0]),
    ),
    (
        TypeError,
        "The two structures don't have the same nested structure.",
        lambda: tf.while_loop(lambda i, x: i < 3, lambda i, x: (i + 1, [x[0]]), [0, (1.0,)]),
    ),
    (
        ValueError,
        "The loop variable while/Const:0 is int32 before the loop, but float32 after one iteration",
        lambda: tf.while_loop(lambda i: i < 3, lambda i: tf.cast(i, tf.float32), [0]),
    ),
    (TypeError, "fn must be callable.", lambda: tf.map_fn(3, tf.constant([1]))),
    (TypeError, "fn must be callable.", lambda: tf.scan(3, tf.constant([1]))),
    (TypeError, "fn must be callable.", lambda: tf.foldl(3, tf.constant([1]))),
    (TypeError, "fn must be callable.", lambda: tf.foldr(3, tf.constant([1]))),
    (
        ValueError,
        r"elems must be a 1\+ dimensional Tensor, not a scalar",
        lambda: tf.map_fn(lambda x: x, tf.constant(1)),
    ),
    (
        ValueError,
        "The two structures don't have the same nested structure.",
        lambda: tf.map_fn(lambda x: (x, x), tf.constant([1, 2])),
    ),
    (
        ValueError,
        "The two structures don't have the same nested structure.",
        lambda: tf.scan(lambda a, x: (a, x), tf.constant([1, 2])),
    ),
]


@pytest.mark.parametrize(("kind", "message", "call"), ERRORS)
def test_errors_are_tensorflows(kind, message, call):
    with pytest.raises(kind, match=f"^{message}"):
        call()


def test_what_is_inside_cannot_be_used_outside():
    inside = []
    tf.while_loop(lambda i: i < 3, lambda i: inside.append(i + 1) or inside[0], [0])
    with pytest.raises(ValueError, match=r"^Cannot use 'while/add' as input to"):
        inside[0] + 1
    with pytest.raises(tf.errors.InaccessibleTensorError, match="inside a loop"):
        run(inside[0])


def test_an_error_in_an_iteration_names_the_node():
    x = tf.placeholder(tf.float32, [None])
    _, y = tf.while_loop(
        lambda i, _: i < 2,
        lambda i, y: (i + 1, tf.reshape(y, [3])),
        [0, x],
        shape_invariants=[tf.TensorShape([]), tf.TensorShape([None])],
    )
    with pytest.raises(tf.errors.InvalidArgumentError, match="node while/Reshape"):
        run(y, {x: [1.0, 2.0]})


# -- gradients
def unrolled(step, x, y, count):
    for _ in range(count):
        y = step(x, y)
    return y


def looped(step, x, y, count):
    return tf.while_loop(lambda i, _: i < count, lambda i, y: (i + 1, step(x, y)), [0, y])[1]


STEPS = {
    "tanh": lambda x, y: tf.tanh(x * y + y),
    "branch": lambda x, y: tf.cond(tf.reduce_sum(y) > 0.0, lambda: tf.sin(x + y), lambda: y * y - x),
    "inner loop": lambda x, y: looped(lambda x, y: tf.sin(x * y), x, y, 2),
    "inner scan": lambda x, y: tf.scan(lambda a, b: tf.tanh(a + b * x), tf.stack([y, x]))[-1],
}


@pytest.mark.parametrize("name", STEPS)
def test_first_and_second_derivatives_are_those_of_the_unrolled_loop(name):
    generator = np.random.RandomState(3)
    x, y = (tf.constant(0.7 * generator.randn(2, 3)) for _ in range(2))
    results = []
    for way in (looped, unrolled):
        z = way(STEPS[name], x, y, 3)
        first = tf.gradients(z * z, [x, y])
        second = tf.gradients([tf.sin(gradient) for gradient in first], [x, y])
        results.append(run([z, first, second]))
    for one, other in zip(*map(nest.flatten, results), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-12, atol=1e-12)


@settings(deadline=None, max_examples=20)
@given(st.integers(0, 5), st.booleans(), st.integers(1, 3))
def test_scans_and_folds_are_loops_in_python(count, reverse, width):
    generator = np.random.RandomState(count)
    values, start = generator.randn(count, width), generator.randn(width)
    order = range(count - 1, -1, -1) if reverse else range(count)
    state, states = start, np.zeros((count, width))
    for index in order:
        state = np.tanh(state * values[index] + 0.5)
        states[index] = state
    with tf.Graph().as_default():

        def step(a, x):
            return tf.tanh(a * x + 0.5)

        elems = tf.placeholder(tf.float64, [None, width])
        fold = tf.foldr if reverse else tf.foldl
        fetches = tf.scan(step, elems, start, reverse=reverse), fold(step, elems, start)
        scanned, folded = run(fetches, {elems: values})
    np.testing.assert_allclose(scanned, states, atol=1e-14)
    np.testing.assert_allclose(folded, state, atol=1e-14)


def test_back_prop_false_and_integers_cut_gradients():
    x = tf.constant(2.0)
    cut = tf.while_loop(lambda i, _: i < 2, lambda i, y: (i + 1, y * x), [0, x], back_prop=False)[1]
    counted = tf.to_float(tf.while_loop(lambda i: i < 5, lambda i: i + 1, [0]))
    assert run(tf.gradients([cut * x, counted * x], x)) == [8.0 + 5.0]
    assert tf.gradients(tf.while_loop(lambda i: i < 5, lambda i: i + 1, [tf.to_int32(x)]), x) == [None]


def test_a_variable_that_another_one_comes_of_iterations_later_is_computed():
    results = tf.while_loop(
        lambda i, *_: i < 4, lambda i, a, b, c, d: (i + 1, b, c, d, 2.0 * d), [0, 0.0, 0.0, 0.0, 1.0]
    )
    assert [run(result) for result in results] == [4, 2.0, 4.0, 8.0, 16.0]


def test_gradients_inside_a_body_are_those_of_one_iteration():
    x = tf.constant(2.0)
    w = tf.Variable(3.0)

    def body(i, y):
        return i + 1, y + tf.gradients(w * w * y * x, w)[0]  # 2 w y x, whatever y came of

    _, y = tf.while_loop(lambda i, _: i < 2, body, [0, 1.0])
    assert run([y, *tf.gradients(y, [w, x])]) == [169.0, 2 * 13 * 4.0, 2 * 13 * 6.0]


def test_gradients_inside_go_through_what_is_captured():
    params = tf.constant(5.0)
    squared = tf.square(params)

    def body(i, x):
        return i + 1, x + tf.gradients(tf.constant([1.0, 2.0, 3.0]) * squared, params)[0]

    assert run(tf.while_loop(lambda i, _: i < 10, body, [0, 0.0])[1]) == 600.0


def test_gradients_of_a_scripts_own_count_inside():
    @tf.custom_gradient
    def doubled(x):
        return x * 2.0, lambda grad: grad * 100.0

    @tf.RegisterGradient("TenfoldInALoop")
    def tenfold(op, grad):
        return grad * 10.0

    x = tf.constant(1.0)
    _, y = tf.while_loop(lambda i, _: i < 2, lambda i, y: (i + 1, doubled(y) * x), [0, x])
    with tf.get_default_graph().gradient_override_map({"Tanh": "TenfoldInALoop"}):
        _, z = tf.while_loop(lambda i, _: i < 2, lambda i, z: (i + 1, tf.tanh(z)), [0, x])
    assert run([y, *tf.gradients(y, x), *tf.gradients(z, x)]) == [4.0, 10204.0, 100.0]


def test_gradients_inside_with_respect_to_what_a_variable_began_with_are_refused():
    x = tf.constant(1.0, name="x")

    def body(i, v):
        return i + 1, tf.gradients(v * 2.0, x)[0]

    with pytest.raises(
        ValueError, match=r"^Cannot compute gradient inside while loop with respect to op 'x'."
    ):
        tf.while_loop(lambda i, _: i < 3, body, [0, x + 1.0])


def test_a_fed_constant_counts_inside_too():
    n, factor = tf.constant(3), tf.constant(2.0)
    _, y = tf.while_loop(lambda i, _: i < n, lambda i, y: (i + 1, y * factor), [0, 1.0])
    assert run(y) == 8.0
    assert run(y, {n: 2, factor: 5.0}) == 25.0


# -- variables
def test_what_a_loop_assigns_is_seen_at_once_and_afterwards():
    v = tf.Variable(1.0)

    def body(i, x):
        after = i + 1
        with tf.control_dependencies([v.assign_add(1.0)]):
            return after, x + v

    result = tf.while_loop(lambda i, _: i < 3, body, [0, 0.0])
    with tf.Session() as session:
        session.run(v.initializer)
        assert session.run(result) == (3, 9.0)
        assert session.run(v) == 4.0
        assert session.run(result[0]) == 3  # which needs no assignment
        assert session.run(v) == 4.0


def test_a_condition_reads_what_the_body_assigns():
    v = tf.Variable(0)
    last = tf.while_loop(lambda _: v < 10, lambda _: tf.identity(v.assign_add(3)), [v])
    assert run(last) == 12


def test_what_a_condition_assigns_is_seen_after_the_loop():
    v = tf.Variable(0.0)
    count = tf.while_loop(lambda i: v.assign_add(1.0) < 4.0, lambda i: i + 1, [0])
    with tf.control_dependencies([count]):
        after = v + 0.0
    assert run([count, after]) == [3, 4.0]


def test_gradients_reach_a_variable_that_is_read_in_the_body():
    w = tf.Variable(3.0)
    _, y = tf.while_loop(lambda i, _: i < 4, lambda i, y: (i + 1, y * w.read_value()), [0, 1.0])
    assert run(tf.gradients(y, w)) == [108.0]


def test_a_variable_made_inside_is_an_ordinary_one():
    def body(i, x):
        return i + 1, x * tf.get_variable("v", [], initializer=tf.constant_initializer(2.0))

    _, y = tf.while_loop(lambda i, _: i < 3, body, [0, 1.0])
    assert [variable.name for variable in tf.trainable_variables()] == ["v:0"]
    assert run([y, *tf.gradients(y, tf.trainable_variables())]) == [8.0, 12.0]


def test_what_a_loop_waits_for_runs_before_it():
    v = tf.Variable(0)
    assignment = v.assign(5)

    def body(i):
        with tf.control_dependencies([assignment]):
            return i + 1

    result = tf.while_loop(lambda i: i < 2, body, [0])
    with tf.Session() as session:
        session.run(v.initializer)
        assert session.run(result) == 2
        assert session.run(v) == 5


def test_random_nodes_draw_anew_in_each_iteration_and_the_same_in_each_session():
    def draws(seed):
        with tf.Graph().as_default():
            tf.set_random_seed(seed)
            array = tf.TensorArray(tf.float32, 4)
            _, array = tf.while_loop(
                lambda i, _: i < 4, lambda i, a: (i + 1, a.write(i, tf.random_uniform([]))), [0, array]
            )
            return run(array.stack()).tolist()

    assert len(set(draws(3))) == 4
    assert draws(3) == draws(3) != draws(4)


# -- memory and threads
@pytest.mark.parametrize("inner_gradient", [False, True])
def test_a_loop_keeps_its_history_only_for_gradients(inner_gradient, monkeypatch):
    w = tf.Variable(1.25)

    def body(i, y):
        y = y * w
        return i + 1, y - 0.1 * tf.gradients(y * y * w, y)[0] if inner_gradient else y

    _, y = tf.while_loop(lambda i, _: i < 5, body, [0, 1.0])
    gradient = tf.gradients(y, w)
    histories = []
    execute = Run.execute
    monkeypatch.setattr(body_steps, "ENABLED", False)  # what keeps one record of all iterations

    def spy(run, plan, values):
        if len(values) > 1 and values[0].dtype == torch.int32:  # the loop's variables come first
            histories.append(values[1].grad_fn is not None)
        return execute(run, plan, values)

    monkeypatch.setattr(Run, "execute", spy)
    with tf.Session() as session:
        session.run(w.initializer)
        session.run(y)
        assert not any(histories)
        session.run(gradient)
        assert any(histories)


def test_threads_may_run_one_loop():
    n = tf.placeholder(tf.int32, [])
    array = tf.TensorArray(tf.int32, 0, dynamic_size=True)
    _, array = tf.while_loop(lambda i, _: i < n, lambda i, a: (i + 1, a.write(i, i * i)), [0, array])
    total = tf.reduce_sum(array.stack())
    found = {}
    with tf.Session() as session:
        threads = [
            threading.Thread(target=lambda count=count: found.update({count: session.run(total, {n: count})}))
            for count in range(5, 13)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert found == {count: sum(i * i for i in range(count)) for count in range(5, 13)}
