"""Columns of numbers, and of the buckets that they fall into."""

from __future__ import annotations

import collections
import itertools
from typing import Any

from .. import dtypes, nest
from ..ops import array, crossing, lists, math, picking
from ..parsing import FixedLenFeature
from ..shapes import TensorShape
from ..sparse_tensor import SparseTensor
from .base import CategoricalColumn, DenseColumn, IdWeightPair, check_key, check_number


def checked_shape(shape: Any, key: Any) -> tuple[int, ...]:
    """A feature's shape as a tuple.

    Raises:
        TypeError: of anything but integers.
        ValueError: with one below 1.
    """
    sizes = tuple(shape) if isinstance(shape, (list, tuple)) else (shape,)
    for size in sizes:
        if not isinstance(size, int):
            raise TypeError(f"shape dimensions must be integer. shape: {sizes}, key: {key}")
        if size < 1:
            raise ValueError(f"shape dimensions must be greater than 0. shape: {sizes}, key: {key}")
    return sizes


def _filled(shape: tuple[int, ...], value: Any) -> Any:
    return tuple(_filled(shape[1:], value) for _ in range(shape[0])) if shape else value


def _fits(value: Any, shape: tuple[int, ...]) -> bool:
    if isinstance(value, (list, tuple)) != bool(shape):
        return False
    return not shape or (len(value) == shape[0] and all(_fits(each, shape[1:]) for each in value))


def _tuples(value: Any) -> Any:
    return tuple(_tuples(each) for each in value) if isinstance(value, (list, tuple)) else value


def _checked_default(shape: tuple[int, ...], value: Any, dtype: Any, key: Any) -> Any:
    if value is None:
        return None
    if isinstance(value, int) or (isinstance(value, float) and dtype.is_floating):
        return _filled(shape, value)
    if callable(getattr(value, "tolist", None)):
        value = value.tolist()
    if isinstance(value, (list, tuple)):
        if not _fits(value, shape):
            raise ValueError(
                f"The shape of default_value must be equal to given shape. default_value: {value}, shape: "
                f"{shape}, key: {key}"
            )
        flat = nest.flatten(value)
        if all(isinstance(each, int) for each in flat):
            return _tuples(value)
        if any(isinstance(each, float) for each in flat) and dtype.is_floating:
            return _tuples(value)
    raise TypeError(
        f"default_value must be compatible with dtype. default_value: {value}, dtype: {dtype}, key: {key}"
    )


class NumericColumn(
    DenseColumn, collections.namedtuple("NumericColumn", "key shape default_value dtype normalizer_fn")
):
    """Numbers as they are."""

    @property
    def name(self) -> str:
        return str(self.key)

    @property
    def parse_example_spec(self) -> dict[str, Any]:
        return {self.key: FixedLenFeature(self.shape, self.dtype, self.default_value)}

    def transform_feature(self, transformation_cache: Any, state_manager: Any) -> Any:
        tensor = transformation_cache.get(self.key, state_manager)
        if isinstance(tensor, SparseTensor):
            raise ValueError(
                "The corresponding Tensor of numerical column must be a Tensor. SparseTensor is not "
                f"supported. key: {self.key}"
            )
        if self.normalizer_fn is not None:
            tensor = self.normalizer_fn(tensor)
        return math.cast(tensor, dtypes.float32)

    @property
    def variable_shape(self) -> TensorShape:
        return TensorShape(self.shape)

    def get_dense_tensor(self, transformation_cache: Any, state_manager: Any) -> Any:
        return transformation_cache.get(self, state_manager)

    @property
    def parents(self) -> list[Any]:
        return [self.key]


def numeric_column(
    key: str,
    shape: Any = (1,),
    default_value: Any = None,
    dtype: Any = dtypes.float32,
    normalizer_fn: Any = None,
) -> NumericColumn:
    """A column of numbers (TF1 symbol: `tf.feature_column.numeric_column`).

    Raises:
        TypeError: a shape that is not of integers, a default of another type, or a normalizer that is none.
        ValueError: a type that is no number, or a default of another shape.
    """
    sizes = checked_shape(shape, key)
    check_number(dtype, key)
    default = _checked_default(sizes, default_value, dtype, key)
    if normalizer_fn is not None and not callable(normalizer_fn):
        raise TypeError(f"normalizer_fn must be a callable. Given: {normalizer_fn}")
    check_key(key)
    return NumericColumn(key, sizes, default, dtype, normalizer_fn)


class BucketizedColumn(
    DenseColumn, CategoricalColumn, collections.namedtuple("BucketizedColumn", "source_column boundaries")
):
    """The buckets that numbers fall into."""

    @property
    def name(self) -> str:
        return f"{self.source_column.name}_bucketized"

    @property
    def parse_example_spec(self) -> dict[str, Any]:
        return dict(self.source_column.parse_example_spec)

    def transform_feature(self, transformation_cache: Any, state_manager: Any) -> Any:
        source = transformation_cache.get(self.source_column, state_manager)
        return crossing.bucketize(source, self.boundaries)

    @property
    def variable_shape(self) -> TensorShape:
        return TensorShape((*self.source_column.shape, len(self.boundaries) + 1))

    def get_dense_tensor(self, transformation_cache: Any, state_manager: Any) -> Any:
        buckets = transformation_cache.get(self, state_manager)
        return picking.one_hot(math.cast(buckets, dtypes.int64), len(self.boundaries) + 1, 1.0, 0.0)

    @property
    def num_buckets(self) -> int:
        return int((len(self.boundaries) + 1) * self.source_column.shape[0])

    def get_sparse_tensors(self, transformation_cache: Any, state_manager: Any) -> Any:
        buckets = transformation_cache.get(self, state_manager)
        rows, columns = array.shape(buckets)[0], self.source_column.shape[0]
        # Each number of a row has buckets of its own.
        first = array.reshape(picking.tile(array.expand_dims(math.range_(0, rows), 1), [1, columns]), (-1,))
        second = picking.tile(math.range_(0, columns), [rows])
        values = array.reshape(buckets, (-1,)) + (len(self.boundaries) + 1) * second
        indices = math.cast(array.transpose(lists.stack((first, second))), dtypes.int64)
        shape = math.cast(lists.stack([rows, columns]), dtypes.int64)
        return IdWeightPair(SparseTensor(indices, values, shape), None)

    @property
    def parents(self) -> list[Any]:
        return [self.source_column]


def bucketized_column(source_column: Any, boundaries: Any) -> BucketizedColumn:
    """A column of the buckets between boundaries (TF1 symbol: `tf.feature_column.bucketized_column`).

    Raises:
        ValueError: the source is no numeric column of one axis, or the boundaries are not in order.
    """
    if not isinstance(source_column, NumericColumn):
        raise ValueError(
            f"source_column must be a column generated with numeric_column(). Given: {source_column}"
        )
    if len(source_column.shape) > 1:
        raise ValueError(f"source_column must be one-dimensional column. Given: {source_column}")
    if not boundaries:
        raise ValueError("boundaries must not be empty.")
    if not isinstance(boundaries, (list, tuple)) or any(
        first >= second for first, second in itertools.pairwise(boundaries)
    ):
        raise ValueError("boundaries must be a sorted list.")
    return BucketizedColumn(source_column, tuple(boundaries))
