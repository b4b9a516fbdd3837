"""Transformations that `tf.contrib.data` alone has."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..dtypes import int64
from ..framework_utils import with_shape
from ..ops.core import convert_to_tensor
from . import structure as nests
from .dataset import Dataset
from .structure import TensorSpec
from .transformations import Transformation, parallel_interleave


def sloppy_interleave(
    map_func: Callable[..., Any], cycle_length: Any, block_length: Any = 1
) -> Transformation:
    """As `parallel_interleave` (TF1 symbol: `tf.contrib.data.sloppy_interleave`)."""
    return parallel_interleave(map_func, cycle_length, block_length, sloppy=True)


def reduce_dataset(dataset: Dataset, reducer: Any) -> Any:
    """What a reducer makes of all elements (TF1 symbol: `tf.contrib.data.reduce_dataset`)."""
    state = reducer.init_func(convert_to_tensor(0, int64))
    return reducer.finalize_func(dataset.reduce(state, reducer.reduce_func))


def batch_and_drop_remainder(batch_size: Any) -> Transformation:
    """Batches without a smaller last one (TF1 symbol: `tf.contrib.data.batch_and_drop_remainder`)."""
    return lambda dataset: dataset.batch(batch_size, drop_remainder=True)


def padded_batch_and_drop_remainder(
    batch_size: Any, padded_shapes: Any, padding_values: Any = None
) -> Transformation:
    """Padded batches without a smaller last one (TF1 symbol:
    `tf.contrib.data.padded_batch_and_drop_remainder`).
    """
    return lambda dataset: dataset.padded_batch(batch_size, padded_shapes, padding_values, True)


def sliding_window_batch(
    window_size: Any, stride: Any = None, window_shift: Any = None, window_stride: Any = 1
) -> Transformation:
    """Batches of `window_size` elements, each beginning `window_shift` after the one before (TF1 symbol:
    `tf.contrib.data.sliding_window_batch`); `stride` is the older name of `window_shift`.

    Raises:
        ValueError: both `stride` and `window_shift`.
    """
    if stride is not None and window_shift is not None:
        raise ValueError("Cannot specify both `stride` and `window_shift`")
    shift = stride if window_shift is None else window_shift

    def transformed(dataset: Dataset) -> Dataset:
        windows = dataset.window(window_size, 1 if shift is None else shift, window_stride, True)

        def together(*parts: Any) -> Dataset:
            whole = parts[0] if len(parts) == 1 and not isinstance(parts[0], dict) else parts
            if len(parts) == 1 and isinstance(parts[0], dict):
                whole = parts[0]
            return Dataset.zip(nests.map_structure(lambda part: part.batch(window_size), whole))

        if isinstance(dataset.element_spec, TensorSpec):
            return windows.flat_map(lambda part: part.batch(window_size))
        return windows.flat_map(together)

    return transformed


def assert_element_shape(expected_shapes: Any) -> Transformation:
    """The same elements, whose static shapes are known to be these too; running raises
    tf.errors.InvalidArgumentError where one is not (TF1 symbol: `tf.contrib.data.assert_element_shape`).
    """

    def transformed(dataset: Dataset) -> Dataset:
        spec = dataset.element_spec
        wanted = nests._shapes_up_to(spec, expected_shapes)
        for part, shape in zip(nests.flatten(spec), wanted, strict=True):
            part.shape.merge_with(shape)

        def checked(*element: Any) -> Any:
            whole = element if isinstance(spec, tuple) else element[0]
            parts = zip(nests.flatten(whole), wanted, strict=True)
            return nests.pack(
                whole, [part if shape.ndims is None else with_shape(shape, part) for part, shape in parts]
            )

        return dataset.map(checked)

    return transformed
