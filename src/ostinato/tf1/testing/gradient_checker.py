"""Gradients compared with differences of values."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..gradients import gradients
from ..indexed_slices import IndexedSlices
from ..ops.array import identity
from ..ops.core import constant
from ..session import get_default_session


def compute_gradient(
    x: Any,
    x_shape: Any,
    y: Any,
    y_shape: Sequence[int],
    x_init_value: Any = None,
    delta: float = 1e-3,
    init_targets: Any = None,
    extra_feed_dict: dict[Any, Any] | None = None,
) -> Any:
    """The Jacobian of `y` by `x`, by the gradient ops and by differences (TF1 symbol:
    `tf.test.compute_gradient`); a pair of them for each where `x` is a list.
    """
    for target in init_targets or ():
        target.run()
    extra = extra_feed_dict or {}
    if not isinstance(x, list):
        return _both(x, x_shape, y, y_shape, x_init_value, delta, extra)
    values = [None] * len(x) if x_init_value is None else x_init_value
    return [
        _both(*each, y, y_shape, value, delta, extra)
        for each, value in zip(zip(x, x_shape, strict=True), values, strict=True)
    ]


def compute_gradient_error(
    x: Any,
    x_shape: Any,
    y: Any,
    y_shape: Sequence[int],
    x_init_value: Any = None,
    delta: float = 1e-3,
    init_targets: Any = None,
    extra_feed_dict: dict[Any, Any] | None = None,
) -> float:
    """The largest difference of the two Jacobians (TF1 symbol: `tf.test.compute_gradient_error`)."""
    found = compute_gradient(x, x_shape, y, y_shape, x_init_value, delta, init_targets, extra_feed_dict)
    pairs = [found] if isinstance(found, tuple) else found
    return max(float(np.max(np.abs(ours - theirs), initial=0.0)) for ours, theirs in pairs)


def _both(
    x: Any, x_shape: Any, y: Any, y_shape: Sequence[int], value: Any, delta: float, extra: dict[Any, Any]
) -> tuple[Any, Any]:
    kinds = ("float16", "bfloat16", "float32", "float64", "complex64", "complex128")
    for name, tensor in (("x", x), ("y", y)):
        if tensor.dtype.base_dtype.name not in kinds:
            raise AssertionError(f"Don't support type {tensor.dtype.name} for {name}")
    dtype = x.dtype.as_numpy_dtype
    if value is None:
        value = np.random.random_sample(x_shape).astype(dtype)
        if x.dtype.is_complex:
            value.imag = np.random.random_sample(x_shape)
    value = np.asarray(value, dtype)
    if list(x_shape) != list(value.shape):
        raise AssertionError(f"x_shape = {x_shape}, init_data shape = {list(value.shape)}")
    return _by_ops(x, value, y, y_shape, extra), _by_differences(x, value, y, y_shape, delta, extra)


def _real(array: Any) -> Any:
    """All numbers of an array in one row, a complex one as two."""
    flat = np.ascontiguousarray(array).ravel()
    return flat.view(flat.real.dtype)


def _by_ops(x: Any, value: Any, y: Any, y_shape: Sequence[int], extra: dict[Any, Any]) -> Any:
    with x.graph.as_default():
        weights = constant(1.0, shape=y_shape, dtype=y.dtype)
        (slope,) = gradients(y, x, identity(weights))
    if isinstance(slope, IndexedSlices):
        slope = slope.dense() if hasattr(slope, "dense") else _dense(slope)
    session: Any = get_default_session()
    size = math.prod(y_shape) * (2 if y.dtype.is_complex else 1)
    rows = np.zeros((_real(value).size, size), _real(value).dtype)
    for column in range(size):
        picked = np.zeros(y_shape, y.dtype.as_numpy_dtype)
        _real_view(picked)[column] = 1
        rows[:, column] = _real(session.run(slope, {**extra, x: value, weights: picked}))
    return rows


def _dense(slope: Any) -> Any:
    from ..ops.core import convert_to_tensor

    return convert_to_tensor(slope)


def _real_view(array: Any) -> Any:
    flat = array.reshape(-1)
    return flat.view(flat.real.dtype)


def _by_differences(
    x: Any, value: Any, y: Any, y_shape: Sequence[int], delta: float, extra: dict[Any, Any]
) -> Any:
    session: Any = get_default_session()
    count = _real(value).size
    rows = np.zeros((count, math.prod(y_shape) * (2 if y.dtype.is_complex else 1)), _real(value).dtype)
    for row in range(count):
        ends = []
        for step in (delta, -delta):
            moved = value.copy()
            _real_view(moved)[row] += step
            ends.append(_real(session.run(y, {**extra, x: moved})))
        rows[row] = (ends[0] - ends[1]) / ends[0].dtype.type(2 * delta)
    return rows
