"""Every driver gives what TensorFlow 1.15 gave: results, and gradients by every variable and input.

The networks stand in tools/tf1_driver_cases.py, which tools/make_tf1_driver_values.py ran with TensorFlow.
"""

import importlib.util
from pathlib import Path

import numpy as np
import pytest

import ostinato.tf1 as tf

ROOT = Path(__file__).parents[2]
VALUES = np.load(ROOT / "tests/data/tf1_driver_values.npz")


def load_cases():
    spec = importlib.util.spec_from_file_location("tf1_driver_cases", ROOT / "tools/tf1_driver_cases.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


cases = load_cases()


@pytest.mark.parametrize(("dtype", "bound"), [("float32", 1e-5), ("float64", 1e-10)])
@pytest.mark.parametrize("case", cases.CASES)
def test_a_driver_computes_what_tensorflow_computed(case, dtype, bound):
    key = f"{case}|{dtype}"
    expected = cases.unpacked(VALUES[key], VALUES[f"{key}|index"])
    found = cases.evaluated(tf, case, dtype)
    # TensorFlow has a gradient of zeros for an input that a masked step takes and does not use.
    assert found.keys() <= expected.keys()
    for name, reference in expected.items():
        value = found.get(name, np.zeros_like(reference))
        assert value.shape == reference.shape, name
        assert value.dtype == reference.dtype, name
        largest = np.abs(reference).max(initial=0)
        assert np.abs(value - reference).max(initial=0) <= bound * largest, name
