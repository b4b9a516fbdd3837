"""The module `tf.estimator.inputs`: input functions over numpy arrays and pandas frames."""

from __future__ import annotations

import collections
import uuid
from collections.abc import Callable
from typing import Any

import numpy as np

from ..names import absent
from .feeding import enqueue_data

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
        ValueError: `shuffle` is no bool; when called, arrays of different lengths, or keys that collide.
        TypeError: when called, `x` is neither an array nor a dict of arrays.
    """
    if not isinstance(shuffle, bool):
        raise ValueError(_SHUFFLE.format(shuffle))

    def input_fn() -> Any:
        columns = _by_name(x)
        keys = list(columns)
        targets: Any = None
        if isinstance(y, dict):
            if not y:
                raise ValueError("y cannot be empty dict, use None instead.")
            targets = sorted(y)
            twice = set(keys) & set(targets)
            if twice:
                raise ValueError(f"{len(twice)} duplicate keys are found in both x and y: {twice}")
            columns.update((name, y[name]) for name in targets)
        elif y is not None:
            targets = _unused(columns, "__target_key__")
            columns[targets] = y
        if len({column.shape[0] for column in columns.values()}) != 1:
            shapes = {name: columns[name].shape for name in keys}
            of_y = None
            if y is not None:
                of_y = {name: y[name].shape for name in targets} if isinstance(y, dict) else y.shape
            raise ValueError(
                "Length of tensors in x and y is mismatched. All elements in x and y must have the same "
                f"length.\nShapes in x: {shapes}\nShapes in y: {of_y}\n"
            )
        queue = enqueue_data(
            columns,
            queue_capacity,
            shuffle=shuffle,
            num_threads=num_threads,
            enqueue_size=batch_size,
            num_epochs=num_epochs,
        )
        batch = (queue.dequeue_many if num_epochs is None else queue.dequeue_up_to)(batch_size)[1:]
        features = batch[0] if isinstance(x, np.ndarray) else dict(zip(keys, batch, strict=False))
        if targets is None:
            return features
        if isinstance(targets, str):
            return features, batch[-1]
        return features, dict(zip(targets, batch[-len(targets) :], strict=True))

    return input_fn


def _by_name(x: Any) -> collections.OrderedDict[Any, Any]:
    if isinstance(x, dict):
        if not x:
            raise ValueError("x cannot be an empty dict")
        return collections.OrderedDict(sorted(x.items(), key=lambda pair: pair[0]))
    if isinstance(x, np.ndarray):
        if not x.size:
            raise ValueError("x cannot be an empty array")
        return collections.OrderedDict({"__direct_np_input__": x})
    raise TypeError(f"x must be a dict or array; got {type(x).__name__}")


def _unused(names: Any, wanted: str) -> str:
    return f"{wanted}_{uuid.uuid4()}" if wanted in names else wanted


def pandas_input_fn(
    x: Any,
    y: Any = None,
    batch_size: int = 128,
    num_epochs: int | None = 1,
    shuffle: bool | None = None,
    queue_capacity: int | None = 1000,
    num_threads: int = 1,
    target_column: str = "target",
) -> Callable[[], Any]:
    """A function that gives batches of a pandas frame's columns (TF1 symbol:
    `tf.estimator.inputs.pandas_input_fn`).

    Raises:
        ValueError: `shuffle` is no bool, the indices of `x` and `y` differ, or `x` has a column of the
            target's name.
        TypeError: `target_column` is no string.
    """
    if not isinstance(shuffle, bool):
        raise ValueError(_SHUFFLE.format(shuffle))
    if not isinstance(target_column, str):
        raise TypeError("target_column must be a string type")
    frame = x.copy()
    targets: list[str] = []
    if y is not None:
        if target_column in frame:
            raise ValueError(
                f"Cannot use name {target_column} for target column: DataFrame already has a column with "
                f"that name: {frame.columns}"
            )
        if not np.array_equal(frame.index, y.index):
            raise ValueError(
                f"Index for x and y are mismatched.\nIndex for x: {frame.index}\nIndex for y: {y.index}\n"
            )
        if hasattr(y, "columns"):
            targets = [_unused(frame, column) for column in y]
            for target, column in zip(targets, y, strict=True):
                frame[target] = y[column]
        else:
            frame[target_column] = y
    capacity = queue_capacity or len(frame) * (4 if shuffle else 1)

    def input_fn() -> Any:
        queue = enqueue_data(
            frame,
            capacity,
            shuffle=shuffle,
            min_after_dequeue=max(capacity / 4, 1),
            num_threads=num_threads,
            enqueue_size=batch_size,
            num_epochs=num_epochs,
        )
        batch = (queue.dequeue_many if num_epochs is None else queue.dequeue_up_to)(batch_size)[1:]
        features = dict(zip(list(frame.columns), batch, strict=True))
        if y is None:
            return features
        if targets:
            return features, {column: features.pop(target) for column, target in zip(y, targets, strict=True)}
        return features, features.pop(target_column)

    return input_fn


__all__ = ["numpy_input_fn", "pandas_input_fn"]
__getattr__ = absent("tf.estimator.inputs", __all__)
