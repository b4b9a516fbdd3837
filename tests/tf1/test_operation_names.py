"""Names, types and static shapes of public nodes, beside those that TensorFlow 1.15 gave the same calls."""

import importlib.util
import json
from pathlib import Path

import pytest

import ostinato.tf1 as tf

ROOT = Path(__file__).parents[2]
RECORDED = json.loads((ROOT / "tests/data/tf1_graph_names.json").read_text())
# One node here where TensorFlow has several; the name is that of its last: (its type, ours).
COMPOSED = {
    ("Add", "SigmoidCrossEntropyWithLogits"),
    ("Cast", "SequenceMask"),
    ("Identity", "GatherV2"),
    ("Identity", "RealDiv"),
    ("Less", "SequenceMask"),
    ("Reshape", "SoftmaxCrossEntropyWithLogits"),
    ("Reshape", "SparseSoftmaxCrossEntropyWithLogits"),
}


def load_cases():
    spec = importlib.util.spec_from_file_location("tf1_graph_cases", ROOT / "tools/tf1_graph_cases.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


cases = load_cases()


def test_every_case_is_recorded():
    assert list(RECORDED) == cases.CASES


@pytest.mark.parametrize("case", cases.CASES)
def test_nodes_are_named_typed_and_shaped_as_in_tensorflow(case):
    ours = json.loads(json.dumps(cases.described(tf, case)))
    for theirs, mine in zip(RECORDED[case], ours, strict=True):
        if (theirs[1], mine[1]) in COMPOSED:
            theirs = [theirs[0], mine[1], *theirs[2:]]
        assert mine == theirs
