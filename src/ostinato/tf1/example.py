"""Examples as protocol messages: features by name, and lists of them for sequences (TF1 symbols:
`tf.train.Example`, `tf.train.SequenceExample`, `tf.train.Feature`, ...).

>>> feature = Feature(int64_list=Int64List(value=[1, 2]))
>>> example = Example(features=Features(feature={"ids": feature}))
>>> Example.FromString(example.SerializeToString()).features.feature["ids"].int64_list.value
[1, 2]
"""

from __future__ import annotations

from .messages import Message


class BytesList(Message):
    """Strings (TF1 symbol: `tf.train.BytesList`)."""

    _fields = {"value": "1 repeated bytes"}


class FloatList(Message):
    """Numbers, kept as float32 (TF1 symbol: `tf.train.FloatList`)."""

    _fields = {"value": "1 repeated float"}


class Int64List(Message):
    """Integers (TF1 symbol: `tf.train.Int64List`)."""

    _fields = {"value": "1 repeated int64"}


class Feature(Message):
    """A list of one of the three kinds (TF1 symbol: `tf.train.Feature`)."""

    _fields = {
        "bytes_list": "1 BytesList in kind",
        "float_list": "2 FloatList in kind",
        "int64_list": "3 Int64List in kind",
    }


class Features(Message):
    """Features by name (TF1 symbol: `tf.train.Features`)."""

    _fields = {"feature": "1 map<string, Feature>"}


class FeatureList(Message):
    """A feature for each step (TF1 symbol: `tf.train.FeatureList`)."""

    _fields = {"feature": "1 repeated Feature"}


class FeatureLists(Message):
    """Lists of features by name (TF1 symbol: `tf.train.FeatureLists`)."""

    _fields = {"feature_list": "1 map<string, FeatureList>"}


class Example(Message):
    """An example (TF1 symbol: `tf.train.Example`)."""

    _fields = {"features": "1 Features"}


class SequenceExample(Message):
    """An example with a sequence: features of the whole, and of each step (TF1 symbol:
    `tf.train.SequenceExample`).
    """

    _fields = {"context": "1 Features", "feature_lists": "2 FeatureLists"}
