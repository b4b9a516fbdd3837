"""Random operations, initialisers and dropout: TensorFlow 1.15's numbers; see random_cases.py."""

from pathlib import Path

import numpy as np
import pytest

import ostinato.tf1 as tf
from tf1.random_cases import cases, evaluated

EXPECTED = np.load(Path(__file__).parents[1] / "data" / "tf1_random_values.npz")
NAMES = list(cases(tf))
EXACT = ("uniform ", "int", "shuffle", "multinomial", "categorical", "stateless uniform", "stateless int")
# Values that a decomposition or a power makes are not rounded as TensorFlow's are.
LOOSE = ("initializer orthogonal", "gamma", "graph seed alone")


def spacing(name, expected):
    """How far a number may be off: 2 units in the last place, of the larger of what it is the sum of."""
    if name.startswith(EXACT) or expected.dtype.kind != "f":
        return 0.0
    if name.startswith(LOOSE):
        return 1e-5 if expected.dtype != np.float64 else 1e-12
    return 2 * np.spacing(np.abs(expected)) if "about" not in name else np.float32(1e-6)


@pytest.fixture(scope="module")
def found():
    """Every case, evaluated once."""
    return evaluated(tf)


@pytest.mark.parametrize("name", NAMES)
def test_a_random_operation_gives_what_tensorflow_gives(found, name):
    value, expected = found[f"value|{name}"], EXPECTED[f"value|{name}"]
    assert (value.dtype, value.shape) == (expected.dtype, expected.shape)
    off = np.abs(value.astype(np.float64) - expected.astype(np.float64))
    assert (off <= spacing(name, expected)).all(), off.max()
    assert str(found[f"names|{name}"]) == str(EXPECTED[f"names|{name}"])
