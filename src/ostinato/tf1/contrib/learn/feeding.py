"""Arrays given to `fit`, `evaluate` and `predict`, fed in batches to placeholders."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ...ops.core import placeholder
from ...tensor import Tensor
from .pandas_io import extract_pandas_data, extract_pandas_labels


def check_inputs(x: Any, y: Any, input_fn: Any, feed_fn: Any, batch_size: Any) -> None:
    """Raise a ValueError unless there are either arrays or an input function."""
    if input_fn is not None:
        if x is not None or y is not None:
            raise ValueError("Can not provide both input_fn and x or y.")
        if batch_size is not None:
            raise ValueError("Can not provide both input_fn and batch_size.")
        return
    if x is None:
        raise ValueError("Either x or input_fn must be provided.")
    if isinstance(x, Tensor) or isinstance(y, Tensor):
        raise ValueError("Inputs cannot be tensors. Please provide input_fn.")
    if feed_fn is not None:
        raise ValueError("Can not provide both feed_fn and x or y.")


def _arrays(data: Any, extract: Callable[[Any], Any]) -> dict[Any, np.ndarray]:
    """By their keys; what is no dict has the key None."""
    if data is None:
        return {}
    if isinstance(data, dict):
        return {key: np.asarray(extract(value)) for key, value in data.items()}
    if hasattr(data, "__next__"):
        raise TypeError(
            "x and y must be arrays here, not iterators: give an input_fn that takes them from "
            "tf.data.Dataset.from_generator."
        )
    return {None: np.asarray(extract(data))}


class DataFeeder:
    """Rows of arrays in batches, by placeholders; the order of the rows is that of TensorFlow's.

    Args:
        x: an array of features, or several by names; each row is an example.
        y: labels, likewise; or None.
        batch_size: None: all rows.
        shuffle: whether the rows come in random order, another one each time.
        epochs: how many times; None: without end.

    Raises:
        ValueError: the arrays have different lengths, no rows, or `batch_size` is not positive.
        TypeError: iterators.
    """

    def __init__(
        self, x: Any, y: Any, batch_size: int | None, shuffle: bool = False, epochs: int | None = 1
    ) -> None:
        self._x, self._y = _arrays(x, extract_pandas_data), _arrays(y, extract_pandas_labels)
        lengths = {len(array) for array in [*self._x.values(), *self._y.values()]}
        if len(lengths) != 1 or lengths == {0}:
            raise ValueError(
                f"x and y must have the same number of rows, and some; given: {sorted(lengths)}."
            )
        (self._rows,) = lengths
        if batch_size is not None and batch_size <= 0:
            raise ValueError(f"Invalid batch_size {batch_size}.")
        self._batch_size = batch_size or self._rows
        # Labels of one column are given as numbers, features of one number as columns.
        self._x = {key: array[:, None] if array.ndim == 1 else array for key, array in self._x.items()}
        self._y = {
            key: array.reshape(len(array), *array.shape[2:])
            if array.ndim > 1 and array.shape[1] == 1
            else array
            for key, array in self._y.items()
        }
        self._shuffle, self._epochs = shuffle, epochs
        self._random = np.random.RandomState(42)
        self._epoch = self._offset = 0
        self._order = self._new_order()
        self._placeholders: dict[Any, tuple[Tensor, np.ndarray]] = {}

    def _new_order(self) -> np.ndarray:
        return self._random.permutation(self._rows) if self._shuffle else np.arange(self._rows)

    def input_fn(self) -> tuple[Any, Any]:
        """Placeholders of features and labels, as an estimator's input function."""
        self._placeholders = {}
        return self._made(self._x, "input"), self._made(self._y, "output")

    def _made(self, arrays: dict[Any, np.ndarray], prefix: str) -> Any:
        made = {}
        for key, array in arrays.items():
            name = prefix if key is None else f"{prefix}_{key}"
            made[key] = placeholder(array.dtype, [None, *array.shape[1:]], name=name)
            self._placeholders[prefix, key] = made[key], array
        return made.get(None, made or None)

    def feed(self) -> dict[Tensor, np.ndarray]:
        """The next batch.

        Raises:
            StopIteration: there is none.
        """
        if self._epochs is not None and self._epoch >= self._epochs:
            raise StopIteration
        rows = self._order[self._offset : self._offset + self._batch_size]
        self._offset += self._batch_size
        if self._offset >= self._rows:
            self._order = self._new_order()
            self._offset = 0
            self._epoch += 1
        return {tensor: array[rows] for tensor, array in self._placeholders.values()}
