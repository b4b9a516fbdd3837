"""`one_hot` in its native pass against torch's operations."""

import numpy as np
import pytest
import torch

import ostinato.tf1 as tf
from ostinato.kernels.native import library
from ostinato.kernels.native import one_hot as native
from ostinato.tf1 import replays

pytestmark = pytest.mark.skipif(library.load() is None, reason="no native code here")


@pytest.mark.parametrize("dtype", [torch.int64, torch.int32])
@pytest.mark.parametrize("depth", [0, 1, 7, 16, 65, 130])
def test_places_are_marked_and_those_that_are_none_are_not(depth, dtype):
    places = torch.arange(-3, 3 * depth + 3, dtype=dtype).reshape(-1, 3)
    for given in (places, places.t(), places[:, 0], places[0, 1], places[:0]):
        for on, off in ((1.0, 0.0), (-2.5, 0.1), (float("nan"), -float("inf"))):
            values = torch.tensor(on), torch.tensor(off)
            assert native.runs(given, *values)
            found = native.one_hot(given, depth, *values)
            expected = torch.where(given.unsqueeze(-1) == torch.arange(depth), *values)
            torch.testing.assert_close(found, expected, rtol=0, atol=0, equal_nan=True)


def test_threads_fill_all_rows():
    places, before = torch.arange(900) % 200, torch.get_num_threads()
    try:
        torch.set_num_threads(3)
        found = native.one_hot(places, 200, torch.tensor(1.0), torch.tensor(0.0))
    finally:
        torch.set_num_threads(before)
    assert torch.equal(found, torch.eye(200)[places])


def test_it_leaves_the_rest_to_torch():
    places, one = torch.zeros(3, dtype=torch.int64), torch.tensor(1.0)
    assert not native.runs(places.to(torch.uint8), one, one)
    assert not native.runs(places, one.double(), one.double())
    assert not native.runs(places, one.expand(4), one)


@pytest.mark.parametrize("axis", [-1, 0, 1])
def test_in_replays_too(axis, monkeypatch):
    found = []
    for replay in (False, True):
        monkeypatch.setattr(replays, "RECORD", replay)
        with tf.Graph().as_default(), tf.Session() as session:
            places, depth = tf.placeholder(tf.int32, [None]), tf.placeholder(tf.int32, [])
            hot = tf.one_hot(places, depth, axis=axis) + tf.one_hot([0, 1, 9], depth, 0.5, -1.0, axis=axis)
            for step in range(6):
                found.append(session.run(hot, {places: [step % 3, 1, -1], depth: 3 + (step == 5)}))
    for one, other in zip(found[:6], found[6:], strict=True):
        np.testing.assert_array_equal(one, other)
    assert found[5].shape == ((3, 4) if axis else (4, 3))
    np.testing.assert_array_equal(
        found[0] if axis else found[0].T, [[1.5, -1, -1], [-1, 1.5, -1], [-1, -1, -1]]
    )


def test_one_hot_of_strings():
    with tf.Graph().as_default(), tf.Session() as session:
        for axis in (-1, 0):
            hot = session.run(tf.one_hot([0, 1, 5], 2, "yes", "no", axis=axis))
            rows = [[b"yes", b"no"], [b"no", b"yes"], [b"no", b"no"]]
            assert (hot if axis else hot.T).tolist() == rows


@pytest.mark.parametrize(
    ("given", "error", "words"),
    [
        (
            {"on_value": 1.0, "off_value": 0},
            TypeError,
            r"dtype <dtype: 'float32'> of on_value does not match dtype ",
        ),
        (
            {"on_value": 1.0, "dtype": tf.int32},
            TypeError,
            "of on_value does not match dtype parameter <dtype: 'int32'>",
        ),
        ({"off_value": 1.0, "dtype": tf.int32}, TypeError, "of off_value does not match dtype parameter"),
        (
            {"depth": -2},
            ValueError,
            "Dimension size, given by scalar input 1, must be non-negative but is -2",
        ),
        ({"depth": [2]}, ValueError, "Input must be scalar but has rank 1"),
        ({"axis": -2}, ValueError, "axis must be >= -1"),
    ],
)
def test_what_tensorflow_refuses(given, error, words):
    with tf.Graph().as_default(), pytest.raises(error, match=words):
        tf.one_hot([0, 1], **{"depth": 2, **given})
