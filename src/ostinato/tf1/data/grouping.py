"""Transformations that group elements: by a key into windows or sums, and by length into buckets."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..check_ops import assert_less
from ..dtypes import int64
from ..graph import control_dependencies, name_scope
from ..ops.core import constant, convert_to_tensor
from ..ops.math import less, less_equal, logical_and
from ..ops.picking import where
from ..ops.reductions import reduce_min
from ..shapes import TensorShape
from . import structure as nests
from .dataset import Dataset
from .functions import TracedFunction, stepping
from .padding import shapes_for
from .structure import DatasetSpec, TensorSpec

Transformation = Callable[[Dataset], Dataset]
_KEY = TensorSpec([], int64)


def group_by_window(
    key_func: Callable[..., Any],
    reduce_func: Callable[..., Any],
    window_size: Any = None,
    window_size_func: Callable[..., Any] | None = None,
) -> Transformation:
    """Elements of one key, `window_size` at a time, made a data set of by `reduce_func(key, window)`.

    TF1 symbol: `tf.data.experimental.group_by_window`.

    Raises:
        ValueError: both or neither of `window_size` and `window_size_func`, or a key that is no int64 scalar.
        TypeError: `reduce_func` gives no data set.
    """
    if (window_size is None) == (window_size_func is None):
        raise ValueError("Must pass either window_size or window_size_func.")
    size_of = window_size_func or (lambda key: window_size)

    def transformed(dataset: Dataset) -> Dataset:
        name = "tf.data.experimental.group_by_window()"
        key = TracedFunction(
            lambda *element: convert_to_tensor(key_func(*element), int64), name, dataset.element_spec
        )
        _check_scalar(key, "key_func")
        reduce = TracedFunction(reduce_func, name, (_KEY, DatasetSpec(dataset.element_spec)))
        if not isinstance(reduce.structure, DatasetSpec):
            raise TypeError("`reduce_func` must return a `Dataset` object.")
        size = TracedFunction(lambda key: convert_to_tensor(size_of(key), int64), name, _KEY)
        _check_scalar(size, "window_size_func")
        return dataset._call("GroupByWindowDataset", [key, reduce, size], reduce.structure.element_spec)

    return transformed


def _check_scalar(function: TracedFunction, name: str) -> None:
    spec = function.structure
    if not (isinstance(spec, TensorSpec) and spec.is_compatible_with(_KEY)):
        raise ValueError(f"`{name}` must return a single tf.int64 scalar tensor. Got {spec}.")


class Reducer:
    """Three functions: the first state of a key, the next of (state, element), and what is given at the end.

    TF1 symbol: `tf.data.experimental.Reducer`.
    """

    def __init__(
        self,
        init_func: Callable[..., Any],
        reduce_func: Callable[..., Any],
        finalize_func: Callable[..., Any],
    ) -> None:
        self.init_func, self.reduce_func, self.finalize_func = init_func, reduce_func, finalize_func


def group_by_reducer(key_func: Callable[..., Any], reducer: Reducer) -> Transformation:
    """One element for each key: what a reducer makes of the key's elements (TF1 symbol:
    `tf.data.experimental.group_by_reducer`).

    Raises:
        ValueError: a key that is no int64 scalar.
        TypeError: a state whose types change.
    """

    def transformed(dataset: Dataset) -> Dataset:
        name = "tf.data.experimental.group_by_reducer()"
        key = TracedFunction(key_func, name, dataset.element_spec)
        _check_scalar(key, "key_func")
        first = TracedFunction(reducer.init_func, name, _KEY)
        reduce, state, _ = stepping(
            reducer.reduce_func, name, first.structure, dataset.element_spec, gives_output=False
        )
        final = TracedFunction(reducer.finalize_func, name, state)
        return dataset._call("GroupByReducerDataset", [key, first, reduce, final], final.structure)

    return transformed


def bucket_by_sequence_length(
    element_length_func: Callable[..., Any],
    bucket_boundaries: Sequence[int],
    bucket_batch_sizes: Sequence[int],
    padded_shapes: Any = None,
    padding_values: Any = None,
    pad_to_bucket_boundary: bool = False,
    no_padding: bool = False,
    drop_remainder: bool = False,
) -> Transformation:
    """Batches of elements of similar length (TF1 symbol: `tf.data.experimental.bucket_by_sequence_length`).

    Args:
        element_length_func: from an element to its length, int32.
        bucket_boundaries: the lengths at which one bucket ends and the next begins.
        bucket_batch_sizes: a batch size for each bucket, one more than boundaries.
        padded_shapes, padding_values: as `padded_batch` has them; None: the largest of the batch.
        pad_to_bucket_boundary: fill up to one less than the bucket's upper boundary.
        no_padding: the elements of a batch have one shape already.
        drop_remainder: leave out a last batch that is smaller.

    Raises:
        ValueError: there is not one batch size more than boundaries.
    """
    if len(bucket_batch_sizes) != len(bucket_boundaries) + 1:
        raise ValueError("len(bucket_batch_sizes) must equal len(bucket_boundaries) + 1")
    limits = np.iinfo(np.int32)
    lowest = np.array([limits.min, *bucket_boundaries], np.int32)
    highest = np.array([*bucket_boundaries, limits.max], np.int32)

    def bucket_of(*element: Any) -> Any:
        length = element_length_func(*element)
        return reduce_min(where(logical_and(less_equal(lowest, length), less(length, highest))))

    def transformed(dataset: Dataset) -> Dataset:
        with name_scope("bucket_by_seq_length"):
            batch_sizes = constant(list(bucket_batch_sizes), int64)

            def size_of(bucket: Any) -> Any:
                return batch_sizes[bucket]

            def batched(bucket: Any, elements: Dataset) -> Dataset:
                size = size_of(bucket)
                if no_padding:
                    return elements.batch(size, drop_remainder=drop_remainder)
                filler = None
                if pad_to_bucket_boundary:
                    check = assert_less(
                        bucket,
                        constant(len(bucket_batch_sizes) - 1, int64),
                        message="When pad_to_bucket_boundary=True, elements must have length < "
                        "max(bucket_boundaries).",
                    )
                    with control_dependencies([check]):
                        filler = constant(list(bucket_boundaries), int64)[bucket] - 1
                spec = elements.element_spec
                given = nests.shapes_of(spec) if padded_shapes is None else padded_shapes
                shapes = [
                    [filler if size is None else size for size in TensorShape(shape).as_list()]
                    for shape in shapes_for(spec, given)
                ]
                return elements.padded_batch(
                    size, nests.pack(spec, shapes), padding_values, drop_remainder=drop_remainder
                )

        return dataset.apply(group_by_window(bucket_of, batched, window_size_func=size_of))

    return transformed
