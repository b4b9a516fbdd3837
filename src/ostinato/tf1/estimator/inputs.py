"""The module `tf.estimator.inputs`: input functions over numpy arrays and pandas frames."""

from __future__ import annotations

import collections
from collections.abc import Callable
from typing import Any

import numpy as np

from .. import data
from ..names import absent

_SHUFFLE = (
    "shuffle must be provided and explicitly set as boolean (it is recommended to set it as True for "
    "training); got {}"
)


def numpy_input_fn(
    x: Any,
    y: Any = None,
    batch_size: int = 128,
    num_epochs: int | None = 1,
    shuffle: bool | None = None,
    queue_capacity: int = 1000,
    num_threads: int = 1,
) -> Callable[[], Any]:
    """A function that gives batches of arrays: features alone, or with labels (TF1 symbol:
    `tf.estimator.inputs.numpy_input_fn`).

    Raises:
        ValueError: `shuffle` is no bool, arrays of different lengths, or keys that collide.
        TypeError: `x` is neither an array nor a dict of arrays.
    """
    if not isinstance(shuffle, bool):
        raise ValueError(_SHUFFLE.format(shuffle))
    if not isinstance(x, (dict, np.ndarray)):
        raise TypeError(f"x must be a dict or array; got {type(x).__name__}")
    if isinstance(x, dict) and not x:
        raise ValueError("x cannot be an empty dict")
    if isinstance(y, dict) and not y:
        raise ValueError("y cannot be empty dict, use None instead.")
    features = collections.OrderedDict(sorted(x.items())) if isinstance(x, dict) else x
    columns = [*_columns(features), *([] if y is None else _columns(y))]
    lengths = {len(column) for column in columns}
    if len(lengths) > 1:
        raise ValueError(
            f"Length of tensors in x and y is mismatched. All elements in x and y must have the same length. "
            f"The lengths are {[len(column) for column in columns]}."
        )
    whole = features if y is None else (features, y)
    return _batches(whole, lengths.pop(), batch_size, num_epochs, shuffle, queue_capacity)


def pandas_input_fn(
    x: Any,
    y: Any = None,
    batch_size: int = 128,
    num_epochs: int | None = 1,
    shuffle: bool | None = None,
    queue_capacity: int = 1000,
    num_threads: int = 1,
    target_column: str = "target",
) -> Callable[[], Any]:
    """A function that gives batches of a pandas frame's columns (TF1 symbol:
    `tf.estimator.inputs.pandas_input_fn`).

    Raises:
        ValueError: `shuffle` is no bool, or the indices of `x` and `y` differ.
    """
    if not isinstance(shuffle, bool):
        raise ValueError(_SHUFFLE.format(shuffle))
    if y is not None and not np.array_equal(x.index, y.index):
        raise ValueError(
            f"Index for x and y are mismatched.\nIndex for x: {x.index}\nIndex for y: {y.index}\n"
        )
    features = collections.OrderedDict((name, np.asarray(x[name])) for name in x.columns)
    labels: Any = y
    if hasattr(y, "columns"):
        labels = {name: np.asarray(y[name]) for name in y.columns}
    elif y is not None:
        labels = np.asarray(y)
    whole = features if labels is None else (features, labels)
    return _batches(whole, len(x), batch_size, num_epochs, shuffle, queue_capacity)


def _columns(values: Any) -> list[Any]:
    return list(values.values()) if isinstance(values, dict) else [values]


def _batches(
    whole: Any, length: int, batch_size: int, num_epochs: int | None, shuffle: bool, capacity: int
) -> Callable[[], Any]:
    def input_fn() -> Any:
        rows = data.Dataset.from_tensor_slices(whole)
        if shuffle:
            rows = rows.shuffle(max(1, min(capacity, length)), reshuffle_each_iteration=True)
        return rows.repeat(num_epochs).batch(batch_size)

    return input_fn


__all__ = ["numpy_input_fn", "pandas_input_fn"]
__getattr__ = absent("tf.estimator.inputs", __all__)
