"""Operations of all kinds, with gradients, have the same bits where a run is replayed for other values."""

import contextlib
from pathlib import Path

import numpy as np
import pytest

import ostinato.tf1 as tf
from ostinato.tf1 import replays
from tf1 import op_values

FOLDER = Path(__file__).parent / "op_cases"
CASES = [
    (path.stem, name, case)
    for path in sorted(FOLDER.glob("*.py"))
    for name, case in op_values.cases_in(path)[0].items()
]
PARTS = 24
BY_OTHER_FORMULA = {("basics", "reduce_prod")}
"""Where torch takes another formula while it is watched, so that a replay is a rounding away."""


class Fed(op_values.Inputs):
    """Remembers the inputs, to feed them."""

    def __init__(self, tf):
        super().__init__(tf)
        self.made = []

    def _made(self, array, gradient):
        tensor = super()._made(array, gradient)
        self.made.append((tensor, np.asarray(array)))
        return tensor


def values_of(case, record, monkeypatch):
    """What three runs give, the second of them with each input back to front, and how many were replayed."""
    monkeypatch.setattr(replays, "RECORD", record)
    monkeypatch.setattr(replays, "RUNS_BEFORE_RECORDING", 0)
    with tf.Graph().as_default() as graph:
        tf.set_random_seed(1)
        inputs = Fed(tf)
        tensors = [tf.convert_to_tensor(leaf) for leaf in op_values.flat(case(tf, inputs))]
        floating = [tensor for tensor in tensors if tensor.dtype.is_floating or tensor.dtype.is_complex]
        with contextlib.suppress(LookupError):  # an operation without a gradient
            tensors += [g for g in op_values._gradients(tf, floating, inputs.recorded) if g is not None]
        with tf.Session() as session:
            session.run([tf.global_variables_initializer(), tf.local_variables_initializer()])
            session.run(tf.get_collection("table_initializer"))
            found = []
            for turned in (False, True, False):
                feed = {tensor: np.flip(array) if turned else array for tensor, array in inputs.made}
                try:
                    found.append(session.run(tensors, feed))
                except tf.errors.OpError as problem:
                    found.append([f"{type(problem).__name__}: {problem}"])
        known = [plan.replays.replayed for plan in graph.plans.values() if plan.replays]
    return found, sum(known)


@pytest.mark.parametrize("part", range(PARTS))
def test_a_replayed_operation_has_the_bits_of_one_that_is_not(part, monkeypatch):
    replayed = 0
    for file, name, case in CASES[part::PARTS][::3]:
        expected, _ = values_of(case, False, monkeypatch)
        found, count = values_of(case, True, monkeypatch)
        replayed += count
        for number in range(3):
            pairs = zip(found[number], expected[number], strict=True)
            for index, (ours, theirs) in enumerate(pairs):
                message = f"{file}: {name}, run {number}, output {index}"
                if (file, name) in BY_OTHER_FORMULA:
                    np.testing.assert_allclose(ours, theirs, 1e-5, 1e-6, err_msg=message)
                else:
                    np.testing.assert_array_equal(ours, theirs, message)
    assert replayed > 0
