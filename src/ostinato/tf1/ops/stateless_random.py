"""Random operations without a state: what they draw is a function of the seed that is an input of theirs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from .. import registry
from ..dtypes import DType, as_dtype, float32, int32, int64
from ..graph import name_scope
from ..philox import Philox, place_range
from ..tensor import Tensor
from . import math
from .core import convert_to_tensor, one
from .random import bounds, float_type, integers_rule, shape_input, shape_rule, sizes_of, uniform_type
from .sampling import categorical_rule, categorical_samples, category_type

_SCRAMBLER = 0x02461E293EC8F720


def _source(seed: torch.Tensor) -> Philox:
    """The stream of a pair of seeds. They are scrambled, so that it does not matter which part of them is
    small.
    """
    if tuple(seed.shape) != (2,):
        raise ValueError(f"seed must have shape [2], not {list(seed.shape)}")
    first, second = (int(part) & 0xFFFFFFFFFFFFFFFF for part in seed.tolist())
    mixed = Philox(_SCRAMBLER, second).words(place_range(first, 1))[0].astype(np.uint64).tolist()
    return Philox(mixed[0] | mixed[1] << 32, mixed[2] | mixed[3] << 32)


def _draws(method: str) -> Callable[..., torch.Tensor]:
    def compute(shape: torch.Tensor, seed: torch.Tensor, dtype: str) -> torch.Tensor:
        drawn: torch.Tensor = getattr(_source(seed), method)(sizes_of(shape), as_dtype(dtype).torch_dtype)
        return drawn

    return compute


def _integers(
    shape: torch.Tensor, seed: torch.Tensor, low: torch.Tensor, high: torch.Tensor, dtype: str
) -> torch.Tensor:
    return _source(seed).integers(*bounds(low, high), sizes_of(shape), low.dtype)


def _multinomial(
    logits: torch.Tensor, samples: torch.Tensor, seed: torch.Tensor, output_dtype: str
) -> torch.Tensor:
    return categorical_samples(_source(seed), logits, int(samples), output_dtype)


for _type, _method in [
    ("StatelessRandomUniform", "uniform"),
    ("StatelessRandomNormal", "normal"),
    ("StatelessTruncatedNormal", "truncated_normal"),
]:
    registry.register(_type, _draws(_method), shape_rule, differentiable=False)
registry.register("StatelessRandomUniformInt", _integers, integers_rule, differentiable=False)
registry.register("StatelessMultinomial", _multinomial, categorical_rule, differentiable=False)


def _seed(seed: Any) -> Tensor:
    tensor = convert_to_tensor(seed, name="seed", preferred_dtype=int64)
    if tensor.dtype.base_dtype not in (int32, int64):
        raise TypeError(
            f"Value passed to parameter 'seed' has DataType {tensor.dtype.base_dtype.name} not in list of "
            "allowed values: int32, int64"
        )
    if tensor.shape.ndims not in (None, 1):
        raise ValueError(f"Shape must be rank 1 but is rank {tensor.shape.ndims}: the seed is two integers.")
    return tensor


def _drawn(op_type: str, sizes: Tensor, seed: Any, kind: DType) -> Tensor:
    with name_scope(op_type) as scope:
        return one(op_type, [sizes, _seed(seed)], scope, dtype=kind.name)


def stateless_random_uniform(
    shape: Any,
    seed: Any,
    minval: Any = 0,
    maxval: Any = None,
    dtype: Any = float32,
    name: str | None = None,
) -> Tensor:
    """Draws from [minval, maxval) (TF1 symbol: `tf.random.stateless_uniform`).

    Args:
        shape: integers, or a 1-D integer tensor.
        seed: two integers, or a tensor of them; the same give the same numbers.
        minval, maxval, dtype: as for `tf.random_uniform`.
    """
    kind = uniform_type(dtype, maxval)
    with name_scope(name, "stateless_random_uniform", [shape, seed, minval, maxval]) as scope:
        sizes = shape_input(shape)
        low = convert_to_tensor(minval, kind, name="min")
        high = convert_to_tensor(1 if maxval is None else maxval, kind, name="max")
        if kind.is_integer:
            return one("StatelessRandomUniformInt", [sizes, _seed(seed), low, high], scope, dtype=kind.name)
        drawn = _drawn("StatelessRandomUniform", sizes, seed, kind)
        return math.add(drawn * (high - low), low, name=scope)


def _normal(
    op_type: str, default: str, shape: Any, seed: Any, mean: Any, stddev: Any, dtype: Any, name: Any
) -> Tensor:
    with name_scope(name, default, [shape, seed, mean, stddev]) as scope:
        sizes = shape_input(shape)
        mean = convert_to_tensor(mean, dtype, name="mean")
        stddev = convert_to_tensor(stddev, dtype, name="stddev")
        drawn = _drawn(op_type, sizes, seed, float_type(dtype))
        return math.add(drawn * stddev, mean, name=scope)


def stateless_random_normal(
    shape: Any,
    seed: Any,
    mean: Any = 0.0,
    stddev: Any = 1.0,
    dtype: Any = float32,
    name: str | None = None,
) -> Tensor:
    """Draws from a normal distribution, by a seed of two integers (TF1 symbol:
    `tf.random.stateless_normal`).
    """
    return _normal("StatelessRandomNormal", "stateless_random_normal", shape, seed, mean, stddev, dtype, name)


def stateless_truncated_normal(
    shape: Any,
    seed: Any,
    mean: Any = 0.0,
    stddev: Any = 1.0,
    dtype: Any = float32,
    name: str | None = None,
) -> Tensor:
    """Draws from a normal distribution cut at two standard deviations, by a seed of two integers (TF1 symbol:
    `tf.random.stateless_truncated_normal`).
    """
    return _normal(
        "StatelessTruncatedNormal", "stateless_truncated_normal", shape, seed, mean, stddev, dtype, name
    )


def _categorical(default: str, logits: Any, num_samples: Any, seed: Any, dtype: Any, name: Any) -> Tensor:
    with name_scope(name, default, [logits, seed]):
        logits = convert_to_tensor(logits, name="logits")
        with name_scope("StatelessMultinomial") as scope:
            inputs = [logits, convert_to_tensor(num_samples, int32, name="num_samples"), _seed(seed)]
            return one("StatelessMultinomial", inputs, scope, output_dtype=category_type(dtype))


def stateless_multinomial(
    logits: Any, num_samples: Any, seed: Any, output_dtype: Any = int64, name: str | None = None
) -> Tensor:
    """Class numbers, as `tf.multinomial`, by a seed of two integers (TF1 symbol:
    `tf.random.stateless_multinomial`).
    """
    return _categorical("stateless_multinomial", logits, num_samples, seed, output_dtype, name)


def stateless_categorical(
    logits: Any, num_samples: Any, seed: Any, dtype: Any = int64, name: str | None = None
) -> Tensor:
    """Class numbers, as `tf.random.categorical`, by a seed of two integers (TF1 symbol:
    `tf.random.stateless_categorical`).
    """
    return _categorical("stateless_categorical", logits, num_samples, seed, dtype, name)
