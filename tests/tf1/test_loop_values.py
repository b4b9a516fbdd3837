"""Loops, branches and arrays against what TensorFlow 1.15 computed: outputs and every gradient.

The programs stand in tools/tf1_cases_loops.py, which tools/make_tf1_loop_values.py ran with TensorFlow.
"""

import numpy as np
import pytest

import ostinato.tf1 as tf
from tf1.values import BOUNDS, cases, values


def weighed(tensors):
    total = 0.0
    for tensor in tensors:
        flat = tf.reshape(tensor, [-1])
        total += tf.reduce_sum(flat * tf.cos(tf.cast(tf.range(tf.size(flat)), tensor.dtype)))
    return total


def gradients(tensors, targets):
    floating = [tensor for tensor in tensors if tensor.dtype.is_floating]
    found = tf.gradients(weighed(floating), targets)
    return [tf.zeros_like(t) if g is None else g for g, t in zip(found, targets, strict=True)]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", cases("loops"))
def test_a_program_gives_what_tensorflow_gave(name, dtype):
    case = cases("loops")[name]
    stored = {
        key.split("|", 2)[2]: value
        for key, value in values("loop").items()
        if key.startswith(f"{name}|{dtype}|")
    }
    inputs = {key: tf.constant(stored[key]) for key in case["inputs"]}
    outputs = case["program"](**inputs)
    targets = list(inputs.values())
    first = gradients(outputs, targets)
    second = gradients(first, targets) if case["second"] else []
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        results = session.run({"out": outputs, "grad": first, "second": second})
    found = {f"out|{index}": value for index, value in enumerate(results["out"])}
    for kind in ("grad", "second"):
        found |= {f"{kind}|{key}": value for key, value in zip(inputs, results[kind], strict=False)}
    assert found.keys() == stored.keys() - set(inputs)
    for key, value in found.items():
        assert value.dtype == stored[key].dtype, key
        np.testing.assert_allclose(
            value, stored[key], rtol=0, atol=BOUNDS[dtype] * np.abs(stored[key]).max(initial=0), err_msg=key
        )
