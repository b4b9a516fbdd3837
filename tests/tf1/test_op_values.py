"""Every operation against TensorFlow 1.15: values, types, static shapes, names and gradients.

The cases stand in op_cases/NAME.py, TensorFlow's values in tests/data/tf1_ops_NAME.npz; see op_values.py.
"""

import importlib
import pkgutil
from functools import cache
from pathlib import Path

import numpy as np
import pytest

import ostinato.tf1 as tf
from ostinato.tf1 import registry
from tf1 import op_values
from tf1.covered_elsewhere import COVERED_ELSEWHERE

TESTS = Path(__file__).parents[1]
FILES = sorted(path.stem for path in (TESTS / "tf1" / "op_cases").glob("*.py"))
BOUNDS = {"float16": 2e-3, "float32": 1e-5, "float64": 1e-10, "complex64": 1e-5, "complex128": 1e-10}
"""What max|difference| may be of max|reference|."""


@cache
def cases_of(file):
    return op_values.cases_in(TESTS / "tf1" / "op_cases" / f"{file}.py")


@cache
def expected_of(file):
    with np.load(TESTS / "data" / f"tf1_ops_{file}.npz") as values:
        return op_values.unpacked(values)


@cache
def found_of(file, case):
    wanted = expected_of(file)[case]["gradients"] is not None
    return op_values.evaluated(tf, cases_of(file)[0][case], wanted)


ALL = [(file, case) for file in FILES for case in cases_of(file)[0]]


@pytest.mark.parametrize("file", FILES)
def test_the_values_are_of_the_cases_that_there_are(file):
    assert sorted(cases_of(file)[0]) == sorted(expected_of(file))


@pytest.mark.parametrize(("file", "case"), ALL)
def test_an_operation_gives_what_tensorflow_gives(file, case):
    expected, (found, _) = expected_of(file)[case], found_of(file, case)
    _, bounds, other_names = cases_of(file)
    assert len(found["outputs"]) == len(expected["outputs"])
    for index, (ours, theirs) in enumerate(zip(found["outputs"], expected["outputs"], strict=True)):
        if case not in other_names:
            assert ours["name"] == theirs["name"]
        _check_static(ours["static"], theirs["static"])
        _check(f"output {index}", ours["array"], theirs["array"], bounds.get(case))
    if expected["gradients"] is not None:
        pairs = zip(found["gradients"], expected["gradients"], strict=True)
        for index, (ours, theirs) in enumerate(pairs):
            if ours is None or theirs is None:  # which stand for zeros
                assert not np.any((ours or theirs or (0, 0))[1]), f"gradient {index}: {ours} for {theirs}"
            else:
                _check(f"gradient {index}", ours, theirs, bounds.get(case))


def _check_static(ours, theirs):
    """A static shape is TensorFlow's, or knows more."""
    if theirs is not None:
        assert ours is not None, f"unknown rank for {theirs}"
        assert len(ours) == len(theirs), f"{ours} for {theirs}"
        assert all(b in (None, a) for a, b in zip(ours, theirs, strict=True)), f"{ours} for {theirs}"


def _check(what, ours, theirs, bound):
    (dtype, value), (expected_dtype, expected) = ours, theirs
    value = np.asarray(value)
    assert (dtype, value.shape) == (expected_dtype, expected.shape), what
    if dtype not in BOUNDS:
        np.testing.assert_array_equal(value, expected, what)
        return
    finite = np.isfinite(expected)
    np.testing.assert_array_equal(value[~finite], expected[~finite], what)
    difference = np.abs(value[finite] - expected[finite]).max(initial=0)
    scale = np.abs(expected[finite]).max(initial=0)
    # What is zero for the one is rounding for the other: 1 is the size of the numbers here.
    limit = (bound or BOUNDS[dtype]) * (scale or 1.0)
    assert difference <= limit, f"{what}: {difference:.1e} of {scale:.1e}"


def test_every_type_of_operation_is_covered():
    for module in pkgutil.walk_packages(tf.__path__, "ostinato.tf1."):
        importlib.import_module(module.name)
    reached = {op_type for file, case in ALL for op_type in found_of(file, case)[1]}
    missing = sorted(set(registry.types()) - reached - COVERED_ELSEWHERE.keys())
    assert not missing, f"neither a case of op_cases/ nor covered_elsewhere.py has {missing}"
    for op_type, file in COVERED_ELSEWHERE.items():
        assert (TESTS / file).exists(), f"{op_type}: there is no tests/{file}"
        assert registry.is_known(op_type), f"there is no operation {op_type} any more"
