"""Values, gradients and names of operations against those of TensorFlow 1.15; see operation_cases.py."""

from pathlib import Path

import numpy as np
import pytest

import ostinato.tf1 as tf
from tf1.operation_cases import evaluated

EXPECTED = np.load(Path(__file__).parents[1] / "data" / "tf1_operation_values.npz")
NAMES = sorted(key.split("|")[1] for key in EXPECTED.files if key.startswith("value|"))


@pytest.fixture(scope="module")
def ours():
    with tf.Graph().as_default():
        return evaluated(tf)


@pytest.mark.parametrize("name", NAMES)
def test_an_operation_gives_what_tensorflow_gives(ours, name):
    kinds = [key.split("|")[0] for key in EXPECTED.files if key.endswith("|" + name)]
    assert sorted(kinds) == sorted(key.split("|")[0] for key in ours if key.endswith("|" + name))
    for kind in kinds:
        value, expected = ours[f"{kind}|{name}"], EXPECTED[f"{kind}|{name}"]
        if kind == "name":
            assert str(value) == str(expected)
            continue
        assert (value.dtype, value.shape) == (expected.dtype, expected.shape)
        if value.dtype.kind == "f":
            np.testing.assert_allclose(value, expected, rtol=1e-4, atol=1e-5)
        else:
            np.testing.assert_array_equal(value, expected)
