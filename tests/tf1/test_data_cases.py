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

CACHE = {
    "c.data-00000-of-00001": ("0000000002d8d8107361300100000002d8d810736131"),
    "c.index": (
        "00000608011a02080100090b202020202020305f3008031200280435a67b113a08010d310807120020042807354b39ed"
        "6906030d315f3008031200200b2804351d15826508010d3108071200200f2807357c95f0630000000001000000003595"
        "d2a4000000000100000000c0f2a1b000010221005d00000000010000000062728b9b62086f0e00000000000000000000"
        "000000000000000000000000000000000000000000000000000057fb808b247547db"
    ),
}


@pytest.mark.parametrize("name", data_pipelines.CASES)
def test_it_is_as_in_tensorflow(name):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = json.loads(json.dumps(data_pipelines.run(tf, name)))
    same(found, RECORDED[name], 2e-6)


def test_every_case_is_recorded():
    assert list(RECORDED) == list(data_pipelines.CASES)


def test_a_cache_of_tensorflow_is_read(tmp_path):
    """The file holds what TensorFlow 1.15 wrote for `range(2)` mapped to a number and a text."""
    for name, written in CACHE.items():
        (tmp_path / name).write_bytes(bytes.fromhex(written))
    dataset = tf.data.Dataset.from_tensors((5, "never taken")).cache(str(tmp_path / "c"))
    assert data_pipelines.plain(data_pipelines.drained(tf, dataset))[:2] == [[0, "a0"], [1, "a1"]]


def test_a_file_that_is_no_cache_says_so(tmp_path):
    with tf.Session() as session:
        variable = tf.get_variable("v", [2])
        session.run(variable.initializer)
        prefix = tf.train.Saver().save(session, str(tmp_path / "model"))
    first = tf.data.Dataset.range(2).cache(prefix).make_one_shot_iterator().get_next()
    words = "is no cache of a data set: it has a tensor named 'v'"
    with tf.Session() as session, pytest.raises(tf.errors.InternalError, match=words):
        session.run(first)
