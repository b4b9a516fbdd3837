"""Symbols that there are not: each is really not there, and its way out is."""

import re

import pytest

import ostinato.tf1 as tf
from ostinato.tf1.refused_families import FAMILIES


def there_is(symbol):
    found = tf
    for name in symbol.split(".")[1:]:
        try:
            found = getattr(found, name)
        except AttributeError:
            return False
    return True


def test_what_is_refused_is_not_there():
    assert [symbol for symbol in FAMILIES if there_is(symbol)] == []


def test_ways_out_are_there():
    named = {symbol for text in FAMILIES.values() for symbol in re.findall(r"\btf(?:\.\w+)+", text)}
    assert len(named) > 30
    assert [symbol for symbol in sorted(named) if not there_is(symbol)] == []


def test_the_error_names_the_way_out():
    with pytest.raises(AttributeError, match=r"a model_fn for tf\.contrib\.learn\.Estimator"):
        tf.contrib.learn.DynamicRnnEstimator  # noqa: B018
    with pytest.raises(AttributeError, match=r"tf\.parse_example"):
        tf.contrib.learn.io.read_batch_features  # noqa: B018
