"""Initialisers of variance: He's and Glorot's."""

from __future__ import annotations

import math
from typing import Any

from ...dtypes import as_dtype, float32
from ...initializers import Initializer, sizes_of_variable
from ...ops.random import random_uniform, truncated_normal
from ...tensor import Tensor


class _VarianceScaling(Initializer):
    def __init__(self, factor: float, mode: str, uniform: bool, seed: int | None, dtype: Any) -> None:
        self.factor, self.mode, self.uniform, self.seed, self.dtype = factor, mode, uniform, seed, dtype

    def __call__(self, shape: Any, dtype: Any = None, partition_info: Any = None) -> Tensor:
        kind = as_dtype(dtype or self.dtype)
        if not kind.is_floating:
            raise TypeError(f"Cannot create initializer for non-floating point type. It is {kind.name}.")
        sizes = sizes_of_variable(shape)
        receptive = math.prod(sizes[:-2])
        fan_in = (sizes[-2] if len(sizes) > 1 else sizes[-1] if sizes else 1) * receptive
        fan_out = (sizes[-1] if sizes else 1) * receptive
        fan = {"FAN_IN": fan_in, "FAN_OUT": fan_out, "FAN_AVG": (fan_in + fan_out) / 2}[self.mode]
        if self.uniform:
            limit = math.sqrt(3.0 * self.factor / fan)
            return random_uniform(shape, -limit, limit, kind, seed=self.seed)
        # 1.3 makes up, about, for what the cut takes from the variance.
        return truncated_normal(shape, 0.0, math.sqrt(1.3 * self.factor / fan), kind, seed=self.seed)


def variance_scaling_initializer(
    factor: float = 2.0,
    mode: str = "FAN_IN",
    uniform: bool = False,
    seed: int | None = None,
    dtype: Any = float32,
) -> Initializer:
    """Draws of variance factor / fan (TF1 symbol: `tf.contrib.layers.variance_scaling_initializer`).

    Source: He et al., "Delving deep into rectifiers" (2015).

    Args:
        factor: a positive number.
        mode: FAN_IN, FAN_OUT or FAN_AVG: which of the kernel's two sizes to divide by.
        uniform: uniform draws, and not normal ones cut at two standard deviations.
        seed: the operation's seed.
        dtype: a floating point type.

    Raises:
        TypeError: another `dtype` or `mode`.
    """
    if not as_dtype(dtype).is_floating:
        raise TypeError(
            f"Cannot create initializer for non-floating point type. It is {as_dtype(dtype).name}."
        )
    if mode not in ("FAN_IN", "FAN_OUT", "FAN_AVG"):
        raise TypeError(f"Unknown mode {mode} [FAN_IN, FAN_OUT, FAN_AVG]")
    return _VarianceScaling(factor, mode, uniform, seed, dtype)


def xavier_initializer(uniform: bool = True, seed: int | None = None, dtype: Any = float32) -> Initializer:
    """Draws of variance 2 / (fan_in + fan_out) (TF1 symbol: `tf.contrib.layers.xavier_initializer`).

    Source: Glorot and Bengio, "Understanding the difficulty of training deep feedforward neural networks"
    (2010). The arguments are those of `variance_scaling_initializer`.
    """
    return variance_scaling_initializer(1.0, "FAN_AVG", uniform, seed, dtype)


xavier_initializer_conv2d = xavier_initializer
