"""What a column of features is, and the cache that makes each of its tensors once."""

from __future__ import annotations

import collections
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from .. import dtypes, logging
from ..check_ops import assert_positive
from ..control_flow import cond
from ..graph import control_dependencies, name_scope
from ..ops import array, gathering, math, picking, sparse
from ..sparse_tensor import SparseTensor, convert_to_tensor_or_sparse_tensor

IdWeightPair = collections.namedtuple("IdWeightPair", "id_tensor weight_tensor")
TensorSequenceLengthPair = collections.namedtuple("TensorSequenceLengthPair", "dense_tensor sequence_length")


class FeatureColumn:
    """What is made of one feature or of several."""

    categorical_column: Any

    @property
    def name(self) -> str:
        raise NotImplementedError

    def __lt__(self, other: Any) -> bool:
        return str(self) < str(other)

    def __gt__(self, other: Any) -> bool:
        return str(self) > str(other)

    @property
    def _is_layered(self) -> bool:
        """Whether a layer can hold the column's variables; else they are the variable scope's."""
        return True

    @property
    def _var_scope_name(self) -> str:
        return self.name

    def transform_feature(self, transformation_cache: FeatureTransformationCache, state_manager: Any) -> Any:
        """The column's tensor, of others of the cache."""
        raise NotImplementedError

    @property
    def parse_example_spec(self) -> dict[str, Any]:
        """How the features are read from `tf.train.Example`s."""
        raise NotImplementedError

    @property
    def _parse_example_spec(self) -> dict[str, Any]:
        return self.parse_example_spec

    def create_state(self, state_manager: Any) -> None:
        """Make the column's variables."""

    @property
    def parents(self) -> list[Any]:
        """The columns and features that it is made of."""
        raise NotImplementedError


class DenseColumn(FeatureColumn):
    """A column that gives numbers."""

    @property
    def variable_shape(self) -> Any:
        raise NotImplementedError

    def get_dense_tensor(self, transformation_cache: FeatureTransformationCache, state_manager: Any) -> Any:
        raise NotImplementedError


class CategoricalColumn(FeatureColumn):
    """A column that gives ids below a number."""

    IdWeightPair = IdWeightPair

    @property
    def num_buckets(self) -> int:
        raise NotImplementedError

    def get_sparse_tensors(self, transformation_cache: FeatureTransformationCache, state_manager: Any) -> Any:
        return IdWeightPair(transformation_cache.get(self, state_manager), None)


class SequenceDenseColumn(FeatureColumn):
    """A column that gives numbers for each step of a sequence."""

    TensorSequenceLengthPair = TensorSequenceLengthPair

    def get_sequence_dense_tensor(
        self, transformation_cache: FeatureTransformationCache, state_manager: Any
    ) -> Any:
        raise NotImplementedError


class FeatureTransformationCache:
    """The tensors of features and columns, each made when it is first asked for."""

    def __init__(self, features: Mapping[Any, Any]) -> None:
        self._features = dict(features)
        self._made: dict[Any, Any] = {}

    def get(self, key: Any, state_manager: Any = None) -> Any:
        """The tensor of a feature's name or of a column.

        Raises:
            ValueError: there is no such feature, or it is a scalar.
            TypeError: `key` is neither.
        """
        if key not in self._made:
            self._made[key] = self._make(key, state_manager)
        return self._made[key]

    def _make(self, key: Any, state_manager: Any) -> Any:
        if key in self._features:
            return _with_columns(key, self._features[key])
        if isinstance(key, str):
            raise ValueError(f"Feature {key} is not in features dictionary.")
        if not isinstance(key, FeatureColumn):
            raise TypeError(f'"key" must be either a "str" or "FeatureColumn". Provided: {key}')
        logging.debug("Transforming feature_column %s.", key)
        made = key.transform_feature(self, state_manager)
        if made is None:
            raise ValueError(f"Column {key.name} is not supported.")
        return made


def _with_columns(key: Any, feature: Any) -> Any:
    """A feature as a tensor of two axes at least."""
    tensor = convert_to_tensor_or_sparse_tensor(feature)
    message = f"Feature (key: {key}) cannot have rank 0. Given: {tensor}"
    rank = tensor.get_shape().ndims

    def expanded() -> Any:
        if isinstance(tensor, SparseTensor):
            return sparse.sparse_reshape(tensor, [array.shape(tensor)[0], 1])
        return array.expand_dims(tensor, -1)

    if rank is None:
        known = array.rank(tensor)
        with control_dependencies([assert_positive(known, message=message)]):
            return cond(math.equal(1, array.rank(tensor)), expanded, lambda: tensor)
    if rank == 0:
        raise ValueError(message)
    return expanded() if rank == 1 else tensor


def to_sparse(tensor: Any, ignore_value: Any = None) -> SparseTensor:
    """A tensor as a sparse one, without what stands for nothing: empty strings, or -1."""
    tensor = convert_to_tensor_or_sparse_tensor(tensor)
    if isinstance(tensor, SparseTensor):
        return tensor
    with name_scope(None, "to_sparse_input", [tensor]):
        if ignore_value is None:
            is_text = tensor.dtype == dtypes.string
            ignore_value = "" if is_text else -1 if tensor.dtype.is_integer else 0.0
        if tensor.dtype == dtypes.string:
            ignored: Any = ignore_value
        else:
            ignored = math.cast(ignore_value, tensor.dtype, name="ignore_value")
        indices = picking.where(math.not_equal(tensor, ignored), name="indices")
        return SparseTensor(
            indices,
            gathering.gather_nd(tensor, indices, name="values"),
            array.shape(tensor, out_type=dtypes.int64, name="dense_shape"),
        )


def checked_columns(feature_columns: Any) -> list[Any]:
    """The columns as a list in the order of their names.

    Raises:
        ValueError: a dict, what is no column, no columns, or two of a name.
    """
    if isinstance(feature_columns, FeatureColumn):
        feature_columns = [feature_columns]
    if isinstance(feature_columns, Iterator):
        feature_columns = list(feature_columns)
    if isinstance(feature_columns, dict):
        raise ValueError("Expected feature_columns to be iterable, found dict.")
    named: dict[str, Any] = {}
    for column in feature_columns:
        if not isinstance(column, FeatureColumn):
            raise ValueError(
                f"Items of feature_columns must be a FeatureColumn. Given (type {type(column)}): {column}."
            )
    if not feature_columns:
        raise ValueError("feature_columns must not be empty.")
    for column in feature_columns:
        if column.name in named:
            raise ValueError(
                f"Duplicate feature column name found for columns: {column} and {named[column.name]}. This "
                "usually means that these columns refer to same base feature. Either one must be discarded "
                "or a duplicated but renamed item must be inserted in features dict."
            )
        named[column.name] = column
    return sorted(feature_columns, key=lambda column: column.name)


def check_batches(tensors: Sequence[Any], columns: Sequence[Any]) -> None:
    """Raise a ValueError where the tensors have different numbers of rows."""
    first: tuple[int, int] | None = None
    for place, tensor in enumerate(tensors):
        rows = tensor.shape[0].value if tensor.shape.ndims else None
        if rows is None:
            continue
        if first is None:
            first = place, rows
        elif rows != first[1]:
            raise ValueError(
                "Batch size (first dimension) of each feature must be same. Batch size of columns "
                f"({columns[first[0]].name}, {columns[place].name}): ({first[1]}, {rows})"
            )


def check_key(key: Any) -> None:
    """Raise a ValueError for a key that is no string."""
    if not isinstance(key, str):
        raise ValueError(f"key must be a string. Got: type {type(key)}. Given key: {key}.")


def check_string_or_int(dtype: Any, prefix: str) -> None:
    """Raise a ValueError for a type of another kind."""
    if dtype != dtypes.string and not dtype.is_integer:
        raise ValueError(f"{prefix} dtype must be string or integer. dtype: {dtype}.")


def check_number(dtype: Any, key: Any) -> None:
    """Raise a ValueError for a type that is no number."""
    if not (dtype.is_integer or dtype.is_floating):
        raise ValueError(f"dtype must be convertible to float. dtype: {dtype}, key: {key}")


def merged_spec(columns: Sequence[Any], kind: str = "_FeatureColumn") -> dict[str, Any]:
    """How all features of columns are read.

    Raises:
        ValueError: what is no column, or two that read a feature in different ways.
    """
    result: dict[str, Any] = {}
    for column in columns:
        if not isinstance(column, FeatureColumn):
            raise ValueError(f"All feature_columns must be {kind} instances. Given: {column}")
        spec = column.parse_example_spec
        for key, value in spec.items():
            if key in result and value != result[key]:
                raise ValueError(
                    f"feature_columns contain different parse_spec for key {key}. Given {value} and "
                    f"{result[key]}"
                )
        result.update(spec)
    return result
