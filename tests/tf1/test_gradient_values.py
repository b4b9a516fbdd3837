"""Gradients, and gradients of gradients, beside the values that TensorFlow 1.15 gave."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest

import ostinato.tf1 as tf

ROOT = Path(__file__).parents[2]
RECORDED = np.load(ROOT / "tests/data/tf1_gradient_values.npz")


def load_cases():
    spec = importlib.util.spec_from_file_location("tf1_gradient_cases", ROOT / "tools/tf1_gradient_cases.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


cases = load_cases()


def test_every_array_belongs_to_a_case():
    assert {name.split("|")[0] for name in RECORDED.files} == {case.__name__ for case in cases.CASES}


@pytest.mark.parametrize("case", cases.CASES, ids=lambda case: case.__name__)
def test_gradients_are_those_of_tensorflow(case):
    found = cases.evaluated(tf, case)
    expected = {name: RECORDED[name] for name in RECORDED.files if name.startswith(f"{case.__name__}|")}
    assert set(expected) == {f"{case.__name__}|{name}" for name in found}
    for name, value in found.items():
        reference = expected[f"{case.__name__}|{name}"]
        assert value.shape == reference.shape
        np.testing.assert_allclose(
            value, reference, rtol=0, atol=2e-6 * np.abs(reference).max(), err_msg=name
        )


# -- a function's own gradient
def test_what_a_gradient_function_raises_is_raised_where_the_gradient_is_asked_for():
    @tf.custom_gradient
    def refuses(x):
        def grad(dy):
            raise RuntimeError("no gradient here")

        return x * 1.0, grad

    x = tf.constant(2.0)
    y = refuses(x)
    with tf.Session() as session:
        assert session.run(y) == 2
    with pytest.raises(RuntimeError, match="no gradient here"):
        tf.gradients(y, x)


def test_gradients_of_what_a_function_of_variables_uses():
    @tf.custom_gradient
    def squared(x):
        w = tf.get_variable("w", [], initializer=tf.constant_initializer(2.0))
        out = x * x * w

        def grad(dy, variables=None):
            assert variables == [w]
            of_x, of_w = tf.gradients(out, [x, *variables], grad_ys=dy)
            return of_x * 10, [of_w * 100]

        return out, grad

    x = tf.constant(3.0)
    y = squared(x)
    fetches = [y, *tf.gradients(y * 2.0, [x, *tf.global_variables()])]
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        assert session.run(fetches) == [18, 240, 1800]


def test_errors_of_functions_with_gradients_of_their_own():
    @tf.custom_gradient
    def makes_a_variable(x):
        return x * tf.get_variable("w", []), lambda dy: dy

    @tf.custom_gradient
    def gives_two(x):
        return x * 1.0, lambda dy: (dy, dy)

    with pytest.raises(TypeError, match="grad_fn must accept a keyword argument 'variables'"):
        makes_a_variable(tf.constant(1.0))
    with pytest.raises(ValueError, match="Num gradients 2 generated for op IdentityN do not match"):
        gives_two(tf.constant(1.0))
    with pytest.raises(ValueError, match="keywords arguments"):
        gives_two(x=tf.constant(1.0))
    with pytest.raises(KeyError, match="Registering two gradient with name 'MatMul'"):
        tf.RegisterGradient("MatMul")(lambda op, dy: dy)
    with pytest.raises(TypeError, match="op_type must be a string"):
        tf.RegisterGradient(3)
    with (
        pytest.raises(TypeError, match="op_type_map must be a dictionary"),
        tf.get_default_graph().gradient_override_map(["Relu"]),
    ):
        pass
    x = tf.constant(1.0)
    with tf.get_default_graph().gradient_override_map({"Relu": "NobodyRegisteredThis"}):
        y = tf.nn.relu(x)
    with pytest.raises(LookupError, match="No gradient defined for operation 'Relu/plain'"):
        tf.gradients(y, x)


@pytest.mark.parametrize(
    ("options", "kind", "words"),
    [
        ({"unconnected_gradients": "some"}, ValueError, "Unknown value for unconnected_gradients: 'some'"),
        ({"aggregation_method": 17}, ValueError, "Invalid aggregation_method specified 17."),
        ({"grad_ys": [None, None]}, ValueError, "Passed 2 grad_ys for 1 ys"),
    ],
)
def test_options_that_are_none(options, kind, words):
    x = tf.constant(1.0)
    with pytest.raises(kind, match=words):
        tf.gradients(x * x, x, **options)


def test_ys_that_have_no_gradient_to_start_from():
    with pytest.raises(TypeError, match="Gradients of complex tensors must set grad_ys"):
        tf.gradients(tf.constant(1j, tf.complex64), tf.constant(1.0))
    with pytest.raises(TypeError, match="must be numeric to obtain a default gradient"):
        tf.gradients(tf.constant("a"), tf.constant(1.0))
    assert tf.gradients(tf.constant([1.0]), tf.constant(1.0), unconnected_gradients="zero")[0] is not None
    with pytest.raises(ValueError, match="No y depends on"):
        tf.hessians(tf.constant(1.0), tf.constant(2.0))


def test_second_derivatives_through_a_dynamic_network():
    x = tf.placeholder(tf.float64, [2, 4, 3])
    outputs, _ = tf.nn.dynamic_rnn(tf.nn.rnn_cell.LSTMCell(3), x, dtype=tf.float64)
    first = tf.gradients(tf.reduce_sum(outputs * outputs), x)[0]
    size = tf.reduce_sum(first * first)
    second = tf.gradients(size, x)[0]
    point = np.random.default_rng(0).normal(size=[2, 4, 3])
    direction = np.random.default_rng(1).normal(size=[2, 4, 3])
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        slope = (session.run(second, {x: point}) * direction).sum()
        above, below = (session.run(size, {x: point + step * direction}) for step in (1e-5, -1e-5))
    assert slope == pytest.approx((above - below) / 2e-5, rel=1e-6)
