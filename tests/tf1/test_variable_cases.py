"""What variables, scopes, layers and optimisers do: the same as in TensorFlow 1.15; see variable_cases.py."""

import json
from pathlib import Path

import pytest

import ostinato.tf1 as tf
from tf1 import optimizer_cases, variable_cases

RECORDED = json.loads((Path(__file__).parent.parent / "data" / "tf1_variable_cases.json").read_text())


def same(ours, theirs, bound, place=""):
    """Assert equality, of numbers within a share of the largest of those beside them."""
    if isinstance(theirs, dict):
        assert isinstance(ours, dict), place
        assert ours.keys() == theirs.keys(), place
        for key in theirs:
            same(ours[key], theirs[key], bound, f"{place}[{key}]")
    elif isinstance(theirs, list):
        assert isinstance(ours, list), place
        assert len(ours) == len(theirs), (place, ours, theirs)
        if theirs and all(isinstance(item, float) for item in theirs):
            assert ours == pytest.approx(theirs, rel=0, abs=bound * max(map(abs, theirs))), place
        else:
            for index, (a, b) in enumerate(zip(ours, theirs, strict=True)):
                same(a, b, bound, f"{place}[{index}]")
    elif isinstance(theirs, float):
        assert ours == pytest.approx(theirs, rel=bound), place
    else:
        assert ours == theirs, place


@pytest.mark.parametrize("name", optimizer_cases.CASES)
def test_it_is_as_in_tensorflow(name):
    found = json.loads(json.dumps(variable_cases.run(tf, name)))
    same(found, RECORDED[name], 1e-10 if name.endswith("float64") else 2e-6)


def test_every_case_is_recorded():
    assert list(RECORDED) == list(variable_cases.CASES)
