"""Compute with TensorFlow 1.15 itself what loops, branches and arrays give, and their gradients.

    python3.7 -m venv tf1 && tf1/bin/pip install tensorflow-cpu==1.15.0 'protobuf<3.21'
    tf1/bin/python tools/make_tf1_loop_values.py tests/data/tf1_loop_values.npz

The programs are those of tf1_cases_loops.py, which tests/tf1/test_loop_values.py replays. Keys are
`CASE|DTYPE|x` (an input), `...|out|i`, `...|grad|x` and `...|second|x`. With weigh(t) = sum(t *
cos(arange(t.size)).reshape(t.shape)), the gradients are those of the sum of weigh over the floating outputs,
and the second derivatives those of the sum of weigh over the gradients; zeros stand for None.
"""

import os
import runpy
import sys

import numpy as np
import tensorflow as tf


def weighed(tensors):
    total = 0.0
    for tensor in tensors:
        flat = tf.reshape(tensor, [-1])
        total += tf.reduce_sum(flat * tf.cos(tf.cast(tf.range(tf.size(flat)), tensor.dtype)))
    return total


def gradients(tensors, targets):
    floating = [tensor for tensor in tensors if tensor.dtype.is_floating]
    found = tf.gradients(weighed(floating), targets)
    return [tf.zeros_like(t) if g is None else tf.convert_to_tensor(g) for g, t in zip(found, targets)]


def run(name, case, dtype, values):
    tf.reset_default_graph()
    random = np.random.RandomState(len(name))
    arrays = {key: (0.6 * random.randn(*shape)).astype(dtype) for key, shape in case["inputs"].items()}
    inputs = {key: tf.constant(array) for key, array in arrays.items()}
    outputs = case["program"](**inputs)
    first = gradients(outputs, list(inputs.values()))
    second = gradients(first, list(inputs.values())) if case["second"] else []
    # Its graph optimiser takes the shape that a growing variable begins with for its shape after the loop.
    config = tf.ConfigProto()
    config.graph_options.rewrite_options.disable_meta_optimizer = True
    with tf.Session(config=config) as session:
        session.run(tf.global_variables_initializer())
        found = dict(arrays)
        # One run for everything: some programs change variables.
        results = session.run({"out": outputs, "grad": first, "second": second})
        found.update({f"out|{i}": value for i, value in enumerate(results["out"])})
        for kind in ("grad", "second"):
            found.update({f"{kind}|{key}": value for key, value in zip(inputs, results[kind])})
    values.update({f"{name}|{dtype}|{key}": np.asarray(value) for key, value in found.items()})


if __name__ == "__main__":
    folder = os.path.dirname(os.path.abspath(__file__))
    cases = runpy.run_path(os.path.join(folder, "tf1_cases_loops.py"))["CASES"]
    values = {}
    for name, case in cases.items():
        for dtype in ("float32", "float64"):
            run(name, case, dtype, values)
    np.savez_compressed(sys.argv[1], **values)
