"""Parsing of examples (TF1 symbols: `tf.parse_example`, `tf.parse_single_example`,
`tf.parse_single_sequence_example`, `tf.FixedLenFeature`, ...).

>>> import ostinato.tf1 as tf
>>> feature = tf.train.Feature(float_list=tf.train.FloatList(value=[1, 2]))
>>> example = tf.train.Example(features=tf.train.Features(feature={"x": feature}))
>>> features = {"x": tf.FixedLenFeature([2], tf.float32)}
>>> with tf.Graph().as_default(), tf.Session() as session:
...     x = tf.parse_single_example(example.SerializeToString(), features)["x"]
...     session.run(x)
array([1., 2.], dtype=float32)
"""

from __future__ import annotations

import re
from collections import namedtuple
from collections.abc import Sequence
from typing import Any

import numpy as np

from .dtypes import as_dtype, string
from .graph import name_scope
from .ops.array import reshape
from .ops.core import constant, convert_to_tensor, make
from .ops.parsing import Dense, Sparse
from .shapes import as_shape
from .sparse_tensor import SparseTensor
from .tensor import Tensor

VarLenFeature = namedtuple("VarLenFeature", ["dtype"])
VarLenFeature.__doc__ = "A feature of any length, given as a sparse tensor (TF1 symbol: `tf.VarLenFeature`)."


class FixedLenFeature(namedtuple("FixedLenFeature", ["shape", "dtype", "default_value"])):
    """A feature of one shape (TF1 symbol: `tf.FixedLenFeature`); without a default it must be there."""

    __slots__ = ()

    def __new__(cls, shape: Any, dtype: Any, default_value: Any = None) -> FixedLenFeature:
        return super().__new__(cls, shape, dtype, default_value)


class FixedLenSequenceFeature(
    namedtuple("FixedLenSequenceFeature", ["shape", "dtype", "allow_missing", "default_value"])
):
    """A feature of any number of parts of one shape, filled up in a batch (TF1 symbol:
    `tf.FixedLenSequenceFeature`).
    """

    __slots__ = ()

    def __new__(
        cls, shape: Any, dtype: Any, allow_missing: bool = False, default_value: Any = None
    ) -> FixedLenSequenceFeature:
        return super().__new__(cls, shape, dtype, allow_missing, default_value)


class SparseFeature(
    namedtuple("SparseFeature", ["index_key", "value_key", "dtype", "size", "already_sorted"])
):
    """A sparse tensor whose places and values are two features (TF1 symbol: `tf.SparseFeature`)."""

    __slots__ = ()

    def __new__(
        cls, index_key: Any, value_key: Any, dtype: Any, size: Any, already_sorted: bool = False
    ) -> SparseFeature:
        return super().__new__(cls, index_key, value_key, dtype, size, already_sorted)


class _Wanted:
    """Features sorted into sparse and dense ones, in TensorFlow's order."""

    def __init__(self, features: dict[str, Any], sequence: bool = False) -> None:
        self.sparse: list[Sparse] = []
        self.dense: list[Dense] = []
        self.defaults: dict[str, Any] = {}
        self.may_be_missing: list[str] = []
        for key in sorted(features):
            self._add(key, features[key], sequence)

    def _add(self, key: str, feature: Any, sequence: bool) -> None:
        kinds = (
            (VarLenFeature, FixedLenSequenceFeature)
            if sequence
            else (
                VarLenFeature,
                SparseFeature,
                FixedLenFeature,
                FixedLenSequenceFeature,
            )
        )
        if not isinstance(feature, kinds):
            known = any(isinstance(feature, kind) for kind in (SparseFeature, FixedLenFeature))
            problem = (
                f"Unsupported {type(feature).__name__}." if known else f"Invalid feature {key}:{feature}."
            )
            raise ValueError(problem)
        if not feature.dtype:
            raise ValueError(f"Missing type for feature {key}.")
        dtype = as_dtype(feature.dtype).name
        if dtype not in ("float32", "int64", "string"):
            raise ValueError(
                f"The feature {key} is of type {dtype}; examples hold tf.float32, tf.int64 and tf.string. "
                "Take one of these, and tf.cast."
            )
        if isinstance(feature, VarLenFeature):
            self._put_sparse(key, dtype)
        elif isinstance(feature, SparseFeature):
            self._add_sparse(key, feature, dtype)
        elif isinstance(feature, FixedLenFeature):
            if feature.shape is None:
                raise ValueError(f"Missing shape for feature {key}.")
            shape = as_shape(feature.shape)
            if shape.ndims and shape.known and shape.known[0] is None:
                raise ValueError(
                    f"First dimension of shape for feature {key} unknown. Consider using "
                    "FixedLenSequenceFeature."
                )
            if not shape.is_fully_defined():
                raise ValueError(
                    f"All dimensions of shape for feature {key} need to be known but received {shape}."
                )
            self.dense.append(Dense(key, dtype, tuple(shape.as_list())))
            if feature.default_value is not None:
                self.defaults[key] = feature.default_value
        else:
            if feature.shape is None:
                raise ValueError(f"Missing shape for feature {key}.")
            self.dense.append(Dense(key, dtype, (None, *as_shape(feature.shape).as_list())))
            if feature.allow_missing:
                self.may_be_missing.append(key)
            if feature.default_value is not None:
                self.defaults[key] = feature.default_value
            if not sequence and not feature.allow_missing:
                raise ValueError("Unsupported: FixedLenSequenceFeature requires allow_missing to be True.")

    def _add_sparse(self, key: str, feature: Any, dtype: str) -> None:
        if not feature.index_key:
            raise ValueError(f"Missing index_key for SparseFeature {feature}.")
        if not feature.value_key:
            raise ValueError(f"Missing value_key for SparseFeature {feature}.")
        keys = feature.index_key
        keys = [keys] if isinstance(keys, str) else list(keys)
        for index_key in sorted(keys):
            self._put_sparse(index_key, "int64")
        self._put_sparse(feature.value_key, dtype)

    def _put_sparse(self, key: str, dtype: str) -> None:
        for known in self.sparse:
            if known.key == key:
                if known.dtype != dtype:
                    raise ValueError(f"Conflicting type {known.dtype} vs {dtype} for feature {key}.")
                return
        self.sparse.append(Sparse(key, dtype))

    def default_tensors(self, reshaped: bool = True) -> list[Tensor]:
        """A tensor for each dense feature: its default, or nothing where there is none."""
        return [self._default(feature, reshaped) for feature in self.dense]

    def _default(self, feature: Dense, reshaped: bool) -> Tensor:
        value, dtype = self.defaults.get(feature.key), as_dtype(feature.dtype)
        varies = None in feature.shape
        if value is None:
            nothing: Any = np.empty([0], dtype.as_numpy_dtype)
            return constant(("" if dtype is string else 0) if varies else nothing, dtype)
        tensor = convert_to_tensor(value, dtype, name=f"key_{_clean(feature.key)}")
        return reshape(tensor, [] if varies else list(feature.shape)) if reshaped else tensor


def _clean(key: str) -> str:
    return re.sub("[^A-Za-z0-9_.\\-/]", "_", key)


def _constants(names: Sequence[tuple[str, Any]]) -> list[Tensor]:
    return [constant(value, string, name=name) for name, value in names]


def _sparse_tensors(outputs: Sequence[Tensor], wanted: _Wanted) -> dict[str, SparseTensor]:
    count = len(wanted.sparse)
    found = {}
    for place, feature in enumerate(wanted.sparse):
        parts = [outputs[place + part * count] for part in range(3)]
        sparse = object.__new__(SparseTensor)
        sparse._indices, sparse._values, sparse._dense_shape = parts
        found[feature.key] = sparse
    return found


def _results(features: dict[str, Any], wanted: _Wanted, outputs: Sequence[Tensor]) -> dict[str, Any]:
    from .ops.sparse import sparse_merge  # whose module is a large one

    sparse = _sparse_tensors(outputs, wanted)
    found: dict[str, Any] = {key: value for key, value in sparse.items() if key in features}
    dense = outputs[3 * len(wanted.sparse) :]
    found.update({feature.key: value for feature, value in zip(wanted.dense, dense, strict=False)})
    for key in sorted(features):
        feature = features[key]
        if isinstance(feature, SparseFeature):
            many = isinstance(feature.index_key, (list, tuple))
            ids = [sparse[index] for index in feature.index_key] if many else sparse[feature.index_key]
            found[key] = sparse_merge(
                ids, sparse[feature.value_key], feature.size, already_sorted=feature.already_sorted
            )
    return found


def parse_example(
    serialized: Any, features: dict[str, Any], name: str | None = None, example_names: Any = None
) -> dict[str, Any]:
    """Features of a vector of encoded examples, by name (TF1 symbol: `tf.parse_example`).

    Args:
        features: by name, a `FixedLenFeature`, `FixedLenSequenceFeature`, `VarLenFeature` or `SparseFeature`.
        example_names: what messages are to call the examples.

    Running it raises tf.errors.InvalidArgumentError where a feature is missing or of another type or size.

    Raises:
        ValueError: no features, or one that is none.
    """
    if not features:
        raise ValueError(f"Missing: features was {features}.")
    wanted = _Wanted(features)
    with name_scope(name, "ParseExample", [serialized, example_names]):
        defaults = wanted.default_tensors()
        with name_scope(None, "ParseExample") as scope:
            given = convert_to_tensor(serialized, string, name="serialized")
            names = (
                constant(np.empty([0], object), string, name="names")
                if example_names is None
                else convert_to_tensor(example_names, string, name="names")
            )
            keys = [(f"sparse_keys_{place}", feature.key) for place, feature in enumerate(wanted.sparse)]
            keys += [(f"dense_keys_{place}", feature.key) for place, feature in enumerate(wanted.dense)]
            node = make(
                "ParseExample",
                [given, names, *_constants(keys), *defaults],
                scope,
                sparse=tuple(wanted.sparse),
                dense=tuple(wanted.dense),
            )
    return _results(features, wanted, node.outputs)


def parse_single_example(
    serialized: Any, features: dict[str, Any], name: str | None = None, example_names: Any = None
) -> dict[str, Any]:
    """Features of one encoded example, by name (TF1 symbol: `tf.parse_single_example`); see `parse_example`.

    Raises:
        ValueError: no features, one that is none, or `serialized` is no scalar.
    """
    if not features:
        raise ValueError("Missing features.")
    wanted = _Wanted(features)
    with name_scope(name, "ParseSingleExample", [serialized, example_names]):
        given = convert_to_tensor(serialized, string, name="serialized")
        node = make(
            "ParseSingleExample",
            [given, *wanted.default_tensors()],
            None,
            sparse=tuple(wanted.sparse),
            dense=tuple(wanted.dense),
        )
    return _results(features, wanted, node.outputs)


def _sequence_parts(
    context_features: dict[str, Any] | None, sequence_features: dict[str, Any] | None
) -> tuple[_Wanted, _Wanted]:
    if not (context_features or sequence_features):
        raise ValueError("Missing features.")
    context = _Wanted(context_features or {})
    for key, feature in (context_features or {}).items():
        if isinstance(feature, (SparseFeature, FixedLenSequenceFeature)):
            raise ValueError(f"Unsupported {type(feature).__name__} for the context feature {key}.")
    return context, _Wanted(sequence_features or {}, sequence=True)


def parse_single_sequence_example(
    serialized: Any,
    context_features: dict[str, Any] | None = None,
    sequence_features: dict[str, Any] | None = None,
    example_name: Any = None,
    name: str | None = None,
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Features of the whole and of the steps of one encoded sequence (TF1 symbol:
    `tf.parse_single_sequence_example`).

    Args:
        context_features: by name, `FixedLenFeature` or `VarLenFeature`.
        sequence_features: by name, `FixedLenSequenceFeature` ([steps, *shape]) or `VarLenFeature`.

    Running it raises tf.errors.InvalidArgumentError where a feature is missing or of another type or size.

    Raises:
        ValueError: no features, or one that is none.
    """
    context, steps = _sequence_parts(context_features, sequence_features)
    with name_scope(name, "ParseSingleSequenceExample"):
        defaults = context.default_tensors()
        with name_scope(None, "ParseSingleSequenceExample") as scope:
            given = convert_to_tensor(serialized, string, name="serialized")
            missing = np.array(steps.may_be_missing, object)
            empty = (
                constant(missing, string, name="feature_list_dense_missing_assumed_empty")
                if len(missing)
                else constant(np.empty([0], object), string, name="feature_list_dense_missing_assumed_empty")
            )
            groups: dict[str, list[Any]] = {
                "context_sparse": [*context.sparse],
                "context_dense": [*context.dense],
                "feature_list_sparse": [*steps.sparse],
                "feature_list_dense": [*steps.dense],
            }
            keys = [
                (f"{part}_keys_{place}", feature.key)
                for part, group in groups.items()
                for place, feature in enumerate(group)
            ]
            key_tensors = _constants(keys)
            debug = convert_to_tensor("" if example_name is None else example_name, string, name="debug_name")
            node = make(
                "ParseSingleSequenceExample",
                [given, empty, *key_tensors, *defaults, debug],
                scope,
                **_attributes(context, steps),
            )
    return _sequence_results(context_features, sequence_features, context, steps, node.outputs)


def _attributes(context: _Wanted, steps: _Wanted) -> dict[str, Any]:
    return {
        "sparse": tuple(context.sparse),
        "dense": tuple(context.dense),
        "step_sparse": tuple(steps.sparse),
        "step_dense": tuple(steps.dense),
        "may_be_missing": tuple(steps.may_be_missing),
    }


def _sequence_results(
    context_features: Any, sequence_features: Any, context: _Wanted, steps: _Wanted, outputs: Sequence[Tensor]
) -> tuple[dict[str, Any], dict[str, Any]]:
    count = 3 * len(context.sparse) + len(context.dense)
    first = _results(context_features or {}, context, outputs[:count])
    return first, _results(sequence_features or {}, steps, outputs[count:])


def parse_sequence_example(
    serialized: Any,
    context_features: dict[str, Any] | None = None,
    sequence_features: dict[str, Any] | None = None,
    example_names: Any = None,
    name: str | None = None,
) -> tuple[dict[str, Any], dict[str, Any], dict[str, Tensor]]:
    """As `parse_single_sequence_example` for a vector of encoded sequences, which are filled up to the
    longest; the third result are their lengths (TF1 symbol: `tf.io.parse_sequence_example`).

    Raises:
        ValueError: no features, or one that is none.
    """
    context, steps = _sequence_parts(context_features, sequence_features)
    with name_scope(name, "ParseSequenceExample"):
        defaults = context.default_tensors(reshaped=False)
        with name_scope(None, "ParseSequenceExample") as scope:
            given = convert_to_tensor(serialized, string, name="serialized")
            names = (
                constant(np.empty([0], object), string, name="debug_name")
                if example_names is None
                else convert_to_tensor(example_names, string, name="debug_name")
            )
            node = make(
                "ParseSequenceExample", [given, names, *defaults], scope, **_attributes(context, steps)
            )
    outputs = node.outputs[: len(node.outputs) - len(steps.dense)]
    lengths = node.outputs[len(outputs) :]
    first, second = _sequence_results(context_features, sequence_features, context, steps, outputs)
    return first, second, {feature.key: length for feature, length in zip(steps.dense, lengths, strict=True)}
