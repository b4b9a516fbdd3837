"""tf.data does what TensorFlow 1.15's does; see data_pipelines.py and data_iterators.py."""

import json
import warnings
from pathlib import Path

import pytest

import ostinato.tf1 as tf
from tf1 import data_iterators as data_iterators  # its cases are put beside the pipelines'
from tf1 import data_pipelines
from tf1.test_variable_cases import same

RECORDED = json.loads((Path(__file__).parent.parent / "data" / "tf1_data_cases.json").read_text())


@pytest.mark.parametrize("name", data_pipelines.CASES)
def test_it_is_as_in_tensorflow(name):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = json.loads(json.dumps(data_pipelines.run(tf, name)))
    same(found, RECORDED[name], 2e-6)


def test_every_case_is_recorded():
    assert list(RECORDED) == list(data_pipelines.CASES)
