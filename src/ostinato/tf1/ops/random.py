"""Random operations. Each node has its own stream of numbers in each session, seeded from the graph's and its
own seed; each run goes on where the one before left off.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from .. import registry
from ..dtypes import DType, as_dtype, float32, int32, int64
from ..graph import name_scope
from ..random_source import seed_attributes
from ..shapes import TensorShape
from ..tensor import Operation, Tensor
from . import math
from .core import convert_to_tensor, one, shape_tensor

_FLOATS = ("float16", "bfloat16", "float32", "float64")


def shape_rule(inputs: Any, attributes: dict[str, Any]) -> registry.OutputTypes:
    """The rule of what draws the shape that its first input states."""
    rank = inputs[0].shape.ndims
    if rank not in (None, 1):
        raise registry.ShapeMismatch(f"Shape must be rank 1 but is rank {rank}")
    return [(as_dtype(attributes["dtype"]), registry.constant_shape(inputs[0]))]


def sizes_of(shape: torch.Tensor) -> list[int]:
    """The sizes in a shape's value, or a ValueError."""
    sizes: list[int] = shape.tolist()
    for size in sizes:
        if size < 0:
            raise ValueError(f"Dimension {size} must be >= 0")
    return sizes


def shape_input(shape: Any) -> Tensor:
    """What a shape argument stands for, as a tensor of integers."""
    if isinstance(shape, TensorShape) and not shape.is_fully_defined():
        raise ValueError(f"Cannot convert a partially known TensorShape to a Tensor: {shape}")
    if isinstance(shape, (list, tuple)) and any(isinstance(size, float) for size in shape):
        tensor = convert_to_tensor(shape, name="shape")
    else:
        tensor = shape_tensor(shape)
    kind = tensor.dtype.base_dtype
    if kind not in (int32, int64):
        raise TypeError(
            f"Value passed to parameter 'shape' has DataType {kind.name} not in list of allowed values: "
            "int32, int64"
        )
    return tensor


def _draws(method: str) -> Callable[..., torch.Tensor]:
    def compute(run: Any, operation: Operation, shape: torch.Tensor) -> torch.Tensor:
        drawn: torch.Tensor = getattr(run.random(operation), method)(
            sizes_of(shape), as_dtype(operation.attributes["dtype"]).torch_dtype
        )
        return drawn

    return compute


def bounds(low: torch.Tensor, high: torch.Tensor) -> tuple[int, int]:
    """The two ends of a range of integers, or a ValueError."""
    for name, value in (("minval", low), ("maxval", high)):
        if value.dim():
            raise ValueError(f"{name} must be 0-D, got shape {list(value.shape)}")
    if not low < high:
        raise ValueError(f"Need minval < maxval, got {int(low)} >= {int(high)}")
    return int(low), int(high)


def _integers(
    run: Any, operation: Operation, shape: torch.Tensor, low: torch.Tensor, high: torch.Tensor
) -> torch.Tensor:
    drawn: torch.Tensor = run.random(operation).integers(*bounds(low, high), sizes_of(shape), low.dtype)
    return drawn


def _run_seed(run: Any, operation: Operation) -> torch.Tensor:
    drawn: torch.Tensor = run.random(operation).integers(0, 2**62, [], torch.int64)
    return drawn


def _shuffle(run: Any, operation: Operation, value: Any) -> Any:
    size = value.shape[0] if value.ndim else 1
    if size <= 1 or 0 in value.shape:
        return value
    # Each place in turn swaps with itself or with one after it.
    words = run.random(operation).next_words(size - 1)
    partners = np.arange(size - 1) + words % np.arange(size, 1, -1, dtype=np.uint32)
    order = list(range(size))
    for place, partner in enumerate(partners.tolist()):
        order[place], order[partner] = order[partner], order[place]
    return value[order] if isinstance(value, np.ndarray) else value[torch.tensor(order, device=value.device)]


registry.register("RandomStandardNormal", _draws("normal"), shape_rule, stateful=True)
registry.register("TruncatedNormal", _draws("truncated_normal"), shape_rule, stateful=True)
registry.register("RandomUniform", _draws("uniform"), shape_rule, stateful=True)


def integers_rule(inputs: Any, attributes: dict[str, Any]) -> registry.OutputTypes:
    """As `shape_rule`, for what takes the ends of a range last, which are scalars."""
    for bound in inputs[-2:]:
        if bound.shape.ndims not in (None, 0):
            raise registry.ShapeMismatch(f"Shape must be rank 0 but is rank {bound.shape.ndims}")
    return shape_rule(inputs, attributes)


registry.register("RandomUniformInt", _integers, integers_rule, stateful=True, differentiable=False)
registry.register("RandomShuffle", _shuffle, registry.same, stateful=True)
registry.register(
    "RandomSeed",
    _run_seed,
    lambda i, a: [(int64, TensorShape([]))],
    stateful=True,
    differentiable=False,
)


def uniform_type(dtype: Any, maxval: Any) -> DType:
    """The type to draw uniform numbers of, where there is one."""
    kind = as_dtype(dtype).base_dtype
    if kind.name not in (*_FLOATS, "int32", "int64"):
        raise ValueError(f"Invalid dtype tf.{kind.name}: uniform numbers are floats, int32 or int64.")
    if maxval is None and kind.is_integer:
        raise ValueError(f"Must specify maxval for integer dtype tf.{kind.name}")
    return kind


def float_type(dtype: Any) -> DType:
    kind = as_dtype(dtype).base_dtype
    if kind.name not in _FLOATS:
        raise TypeError(
            f"Value passed to parameter 'dtype' has DataType {kind.name} not in list of allowed values: "
            f"{', '.join(_FLOATS)}"
        )
    return kind


def random_uniform(
    shape: Any,
    minval: Any = 0,
    maxval: Any = None,
    dtype: Any = float32,
    seed: int | None = None,
    name: str | None = None,
) -> Tensor:
    """Draws from [minval, maxval) (TF1 symbol: `tf.random_uniform`).

    Args:
        shape: integers, or a 1-D integer tensor.
        minval: a scalar.
        maxval: a scalar; None is 1 for floats.
        dtype: a type of floats, int32 or int64.
        seed: the operation's seed; with one, the numbers are TensorFlow's own.

    Raises:
        TypeError: a `shape` of floats.
        ValueError: another `dtype`, integers without `maxval`, or a `shape` that is no vector.
        tf.errors.InvalidArgumentError: in a run, a negative size, or `minval` not below `maxval`.

    >>> import ostinato.tf1 as tf
    >>> with tf.Graph().as_default(), tf.Session() as session:
    ...     session.run(tf.random_uniform([2, 2], 0, 100, tf.int32, seed=1)).tolist()
    [[27, 59], [93, 22]]
    """
    kind = uniform_type(dtype, maxval)
    with name_scope(name, "random_uniform", [shape, minval, maxval]) as scope:
        sizes = shape_input(shape)
        low = convert_to_tensor(minval, kind, name="min")
        high = convert_to_tensor(1 if maxval is None else maxval, kind, name="max")
        seeds = seed_attributes(seed)
        if kind.is_integer:
            return one("RandomUniformInt", [sizes, low, high], scope, dtype=kind.name, **seeds)
        drawn = one("RandomUniform", [sizes], "RandomUniform", dtype=kind.name, **seeds)
        return math.add(drawn * (high - low), low, name=scope)


def _normal(
    op_type: str, default: str, shape: Any, mean: Any, stddev: Any, dtype: Any, seed: Any, name: Any
) -> Tensor:
    with name_scope(name, default, [shape, mean, stddev]) as scope:
        sizes = shape_input(shape)
        mean = convert_to_tensor(mean, dtype, name="mean")
        stddev = convert_to_tensor(stddev, dtype, name="stddev")
        drawn = one(op_type, [sizes], op_type, dtype=float_type(dtype).name, **seed_attributes(seed))
        return math.add(drawn * stddev, mean, name=scope)


def random_normal(
    shape: Any,
    mean: Any = 0.0,
    stddev: Any = 1.0,
    dtype: Any = float32,
    seed: int | None = None,
    name: str | None = None,
) -> Tensor:
    """Draws from a normal distribution (TF1 symbol: `tf.random_normal`); each run of the node draws anew.

    Args:
        shape: integers, or a 1-D integer tensor.
        mean, stddev: scalars, or what broadcasts to the shape. Gradients go through to them.
        dtype: a type of floats.
        seed: the operation's seed; with one, the numbers are TensorFlow's own.

    Raises:
        TypeError: another `dtype`.

    >>> import ostinato.tf1 as tf
    >>> with tf.Graph().as_default(), tf.Session() as session:
    ...     session.run(tf.random_normal([2], seed=1)).astype(float).round(4).tolist()
    [-0.8113, 1.4846]
    """
    return _normal("RandomStandardNormal", "random_normal", shape, mean, stddev, dtype, seed, name)


def truncated_normal(
    shape: Any,
    mean: Any = 0.0,
    stddev: Any = 1.0,
    dtype: Any = float32,
    seed: int | None = None,
    name: str | None = None,
) -> Tensor:
    """Draws from a normal distribution cut at two standard deviations (TF1 symbol: `tf.truncated_normal`).

    The arguments are those of `random_normal`; `stddev` is that of the distribution before the cut.
    """
    return _normal("TruncatedNormal", "truncated_normal", shape, mean, stddev, dtype, seed, name)


def random_shuffle(value: Any, seed: int | None = None, name: str | None = None) -> Tensor:
    """The rows of a tensor of any shape and type in a random order (TF1 symbol: `tf.random_shuffle`).

    >>> import ostinato.tf1 as tf
    >>> with tf.Graph().as_default(), tf.Session() as session:
    ...     session.run(tf.random_shuffle([10, 20, 30, 40], seed=2)).tolist()
    [40, 20, 30, 10]
    """
    with name_scope(name, "RandomShuffle", [value]) as scope:
        return one("RandomShuffle", [convert_to_tensor(value, name="value")], scope, **seed_attributes(seed))


def run_seed(seed: int | None = None, name: str = "seed") -> Tensor:
    """A number drawn once a run: what all the dropout masks of a driver's call are functions of."""
    return one("RandomSeed", [], name, **seed_attributes(seed))
