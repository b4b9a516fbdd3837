"""Names of scopes, variables, operations and layers: those of TensorFlow 1.15, over random programs."""

import gzip
import json
from pathlib import Path

import pytest

import ostinato.tf1 as tf
from tf1 import scope_programs

LOGS = json.loads(
    gzip.decompress((Path(__file__).parent.parent / "data" / "tf1_scope_names.json.gz").read_bytes())
)


@pytest.mark.parametrize("seed", range(len(LOGS)))
def test_a_random_program_is_given_tensorflows_names(seed):
    found = json.loads(json.dumps(scope_programs.run(tf, seed)))
    for ours, theirs in zip(found, LOGS[seed], strict=False):
        assert ours == theirs
    assert len(found) == len(LOGS[seed])


def test_the_programs_reach_all_kinds_of_commands():
    kinds = {entry[0] for log in LOGS for entry in log}
    assert kinds > {
        "name_scope",
        "variable_scope",
        "get",
        "layer",
        "driver",
        "minimize",
        "template",
        "ValueError",
    }
