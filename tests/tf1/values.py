"""Replays through this face what TensorFlow 1.15 computed: outputs, states and every gradient.

The cases stand in tools/tf1_cases_NAME.py (`more`: in make_tf1_values.py itself), which
tools/make_tf1_values.py (where their form is told) ran with TensorFlow itself to make
tests/data/tf1_NAME_values.npz. A test over them is

    @pytest.mark.parametrize("driver", DRIVERS)
    @pytest.mark.parametrize(("case", "dtype"), cases_of("block"))
    def test_values(case, dtype, driver):
        replay("block", case, dtype, driver)
"""

import runpy
import sys
from functools import cache
from pathlib import Path

import numpy as np

import ostinato.tf1 as tf
from ostinato.tf1 import nest, shadow

ROOT = Path(__file__).parents[2]
BOUNDS = {"float16": 2e-2, "float32": 1e-5, "float64": 1e-10}
"""What max|difference| may be of max|reference|."""
LENGTHS = [6, 0, 2]


@cache
def cases(name):
    """The cases of a file, as dicts, with their cells made by this face."""
    served = shadow.modules()
    before = {key: sys.modules[key] for key in served if key in sys.modules}
    sys.modules.update(served)
    try:
        file = "make_tf1_values.py" if name == "more" else f"tf1_cases_{name}.py"
        found = runpy.run_path(str(ROOT / "tools" / file))["CASES"]
    finally:
        for key in served:
            del sys.modules[key]
        sys.modules.update(before)
    return {key: case if isinstance(case, dict) else {"cell": case} for key, case in found.items()}


@cache
def values(name):
    with np.load(ROOT / "tests" / "data" / f"tf1_{name}_values.npz") as file:
        return dict(file)


def cases_of(name):
    """The pairs of a case and a dtype."""
    return [
        (key, dtype)
        for key, case in cases(name).items()
        for dtype in case.get("dtypes", ("float32", "float64"))
    ]


def replay(name, case, dtype, driver="dynamic", bound=None):
    """Compute a case with a driver, or with its own `run`, and compare all that TensorFlow gave."""
    with tf.Graph().as_default():  # without a seed of its own, as TensorFlow's had none
        _replay(name, case, dtype, driver, bound)


def _replay(name, case, dtype, driver, bound):
    recorded = cases(name)[case]
    stored = {
        key.removeprefix(f"{case}|{dtype}|"): value
        for key, value in values(name).items()
        if key.startswith(f"{case}|{dtype}|")
    }
    feeds = {}

    def placeholders(key):
        tensors = [tf.placeholder(value.dtype, value.shape) for value in _leaves(stored, key)]
        feeds.update(zip(tensors, _leaves(stored, key), strict=True))
        return tensors

    x_leaves, starts = placeholders("x"), placeholders("start")
    random = np.random.RandomState(0)
    x = nest.pack_sequence_as(recorded["inputs"](random, dtype) if "inputs" in recorded else 0, x_leaves)
    cell = recorded["cell"]()
    if "start" in recorded:
        template = recorded["start"](random, dtype)
    else:
        template = cell.zero_state(x_leaves[0].shape[0].value, dtype)
    start = nest.pack_sequence_as(template, starts)
    lengths = recorded.get("lengths", LENGTHS)
    run = recorded.get("run", _RUNS[driver])
    with tf.variable_scope(tf.get_variable_scope(), dtype=tf.as_dtype(dtype)):
        out, state = run(cell, x, lengths, start)
    loss = _loss(nest.flatten(out), nest.flatten(state))
    weights = {key[2:]: value for key, value in stored.items() if key.startswith("w|")}
    variables = {variable.op.name: variable for variable in tf.global_variables()}
    assert weights.keys() <= variables.keys(), (sorted(weights), sorted(variables))
    unread = [variables[key] for key in variables.keys() - weights.keys()]
    assert tf.gradients(loss, unread) == [None] * len(unread), unread
    targets = {f"grad|{key}": variables[key] for key in weights}
    targets |= dict(zip(_keys("grad_x", x), x_leaves, strict=True))
    targets |= {f"grad_start|{index}": leaf for index, leaf in enumerate(starts)}
    targets = {key: target for key, target in targets.items() if key in stored}
    gradients = tf.gradients(loss, list(targets.values()))
    found = dict(zip(_keys("out", out), nest.flatten(out), strict=True))
    found |= {f"state|{index}": leaf for index, leaf in enumerate(nest.flatten(state))}
    found |= {key: value for key, value in zip(targets, gradients, strict=True) if value is not None}
    with tf.Session() as session:
        session.run(tf.variables_initializer(unread))
        for key, value in weights.items():
            variables[key].load(value, session)
        got = session.run(found, feeds)
    got |= {
        key: np.zeros_like(stored[key])
        for key, value in zip(targets, gradients, strict=True)
        if value is None
    }
    compared = {key for key in stored if key.split("|")[0] not in ("x", "start", "w")}
    assert got.keys() == compared
    for key in sorted(compared):
        _assert_close(f"{case}|{dtype}|{key}", got[key], stored[key], bound or BOUNDS[dtype])


def _leaves(stored, key):
    """The arrays of a nest under a key, in order."""
    if key in stored:
        return [stored[key]]
    return [stored[f"{key}|{index}"] for index in range(sum(name.startswith(f"{key}|") for name in stored))]


def _keys(name, value):
    if nest.is_sequence(value):
        return [f"{name}|{index}" for index in range(len(nest.flatten(value)))]
    return [name]


def _assert_close(key, value, reference, bound):
    assert (value.shape, value.dtype) == (reference.shape, reference.dtype), key
    difference = np.abs(value - reference).max(initial=0)
    scale = np.abs(reference).max(initial=0)
    # A gradient that is zero for the one is rounding for the other: 1 is the size of the numbers here.
    assert difference <= bound * (scale or 1.0), f"{key}: {difference:.1e} of {scale:.1e}"


def _loss(outputs, states):
    loss = tf.add_n([tf.reduce_sum(leaf) for leaf in states if leaf.dtype.is_floating])
    for leaf in outputs:
        loss += tf.reduce_sum(tf.reshape(leaf, [-1]) * tf.cos(tf.cast(tf.range(tf.size(leaf)), leaf.dtype)))
    return loss


def _swapped(value):
    return nest.map_structure(lambda leaf: tf.transpose(leaf, [1, 0, *range(2, leaf.shape.ndims)]), value)


def _dynamic(cell, x, lengths, start):
    return tf.nn.dynamic_rnn(cell, x, sequence_length=lengths, initial_state=start)


def _dynamic_time_major(cell, x, lengths, start):
    out, state = tf.nn.dynamic_rnn(
        cell, _swapped(x), sequence_length=lengths, initial_state=start, time_major=True
    )
    return _swapped(out), state


def _static(cell, x, lengths, start):
    steps = [nest.pack_sequence_as(x, step) for step in zip(*map(_steps, nest.flatten(x)), strict=True)]
    outs, state = tf.nn.static_rnn(cell, steps, sequence_length=lengths, initial_state=start)
    return nest.map_structure(lambda *leaf: tf.stack(leaf, 1), *outs), state


def _steps(leaf):
    return tf.unstack(leaf, axis=1)


_RUNS = {"dynamic": _dynamic, "dynamic_time_major": _dynamic_time_major, "static": _static}
DRIVERS = list(_RUNS)
