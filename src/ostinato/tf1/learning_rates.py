"""Learning rates that are functions of the step: nodes that an optimiser takes for its learning rate.

All take `global_step`, a tensor or a variable that counts steps, and give a scalar of the type of
`learning_rate`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

from .graph import name_scope
from .ops.array import ones_like
from .ops.core import convert_to_tensor
from .ops.math import add, cast, ceil, cos, divide, equal, exp, floor, less_equal, minimum, multiply, pow_
from .ops.picking import where
from .tensor import Tensor

Factor = Callable[[Tensor, Tensor], Tensor]


def _decayed(
    default_name: str,
    learning_rate: Any,
    global_step: Any,
    decay_steps: Any,
    name: str | None,
    factor: Factor,
    combine: Any = multiply,
) -> Tensor:
    """learning_rate * factor(step, decay_steps), both of the type of the learning rate."""
    if global_step is None:
        raise ValueError(f"global_step is required for {default_name}: pass the variable that counts steps.")
    with name_scope(name, default_name, [learning_rate, global_step, decay_steps]) as scope:
        rate = convert_to_tensor(learning_rate, name="initial_learning_rate")
        kind = rate.dtype.base_dtype
        return combine(rate, factor(cast(global_step, kind), cast(decay_steps, kind)), name=scope)


def exponential_decay(
    learning_rate: Any,
    global_step: Any,
    decay_steps: Any,
    decay_rate: Any,
    staircase: bool = False,
    name: str | None = None,
) -> Tensor:
    """learning_rate * decay_rate ^ (global_step / decay_steps) (TF1: `tf.train.exponential_decay`).

    `staircase` rounds the exponent down.

    >>> import ostinato.tf1 as tf
    >>> with tf.Graph().as_default(), tf.Session() as session:
    ...     session.run(tf.train.exponential_decay(1.0, 20, 10, 0.5)).item()
    0.25
    """

    def factor(step: Tensor, steps: Tensor) -> Tensor:
        exponent = step / steps
        return pow_(cast(decay_rate, step.dtype), floor(exponent) if staircase else exponent)

    return _decayed("ExponentialDecay", learning_rate, global_step, decay_steps, name, factor)


def natural_exp_decay(
    learning_rate: Any,
    global_step: Any,
    decay_steps: Any,
    decay_rate: Any,
    staircase: bool = False,
    name: str | None = None,
) -> Tensor:
    """learning_rate * exp(-decay_rate * global_step / decay_steps) (TF1: `tf.train.natural_exp_decay`)."""
    rate = exp(-convert_to_tensor(decay_rate))
    return exponential_decay(learning_rate, global_step, decay_steps, rate, staircase, name)


def inverse_time_decay(
    learning_rate: Any,
    global_step: Any,
    decay_steps: Any,
    decay_rate: Any,
    staircase: bool = False,
    name: str | None = None,
) -> Tensor:
    """learning_rate / (1 + decay_rate * global_step / decay_steps) (TF1: `tf.train.inverse_time_decay`)."""

    def factor(step: Tensor, steps: Tensor) -> Tensor:
        past = step / steps
        return 1 + cast(decay_rate, step.dtype) * (floor(past) if staircase else past)

    return _decayed("InverseTimeDecay", learning_rate, global_step, decay_steps, name, factor, divide)


def cosine_decay(
    learning_rate: Any, global_step: Any, decay_steps: Any, alpha: float = 0.0, name: str | None = None
) -> Tensor:
    """Half a wave of the cosine, from learning_rate down to alpha times it (TF1: `tf.train.cosine_decay`;
    Loshchilov and Hutter 2016).
    """

    def factor(step: Tensor, steps: Tensor) -> Tensor:
        wave = 0.5 * (1.0 + cos(math.pi * (minimum(step, steps) / steps)))
        return (1 - alpha) * wave + alpha

    def last(rate: Tensor, share: Tensor, name: str) -> Tensor:
        return multiply(rate, share, name=f"{name}Mul_3/")  # as TensorFlow names it

    return _decayed("CosineDecay", learning_rate, global_step, decay_steps, name, factor, last)


def polynomial_decay(
    learning_rate: Any,
    global_step: Any,
    decay_steps: Any,
    end_learning_rate: float = 0.0001,
    power: float = 1.0,
    cycle: bool = False,
    name: str | None = None,
) -> Tensor:
    """From learning_rate to end_learning_rate in decay_steps, as (1 - step / decay_steps) ^ power.

    TF1 symbol: `tf.train.polynomial_decay`. `cycle` stretches decay_steps to the next multiple of it that the
    step has not passed; otherwise the rate stays at its end.
    """
    if global_step is None:
        raise ValueError("global_step is required for polynomial_decay: pass the variable that counts steps.")
    with name_scope(name, "PolynomialDecay", [learning_rate, global_step, decay_steps]) as scope:
        rate = convert_to_tensor(learning_rate, name="initial_learning_rate")
        kind = rate.dtype.base_dtype
        step, steps = cast(global_step, kind), cast(decay_steps, kind)
        end = cast(end_learning_rate, kind)
        if cycle:
            steps = steps * where(equal(step, 0), ones_like(step), ceil(step / steps))
        else:
            step = minimum(step, steps)
        return add((rate - end) * pow_(1 - step / steps, cast(power, kind)), end, name=scope)


def piecewise_constant(
    x: Any, boundaries: Sequence[Any], values: Sequence[Any], name: str | None = None
) -> Tensor:
    """values[i] up to and with boundaries[i], and the last value beyond (TF1: `tf.train.piecewise_constant`).

    Raises:
        ValueError: there is not one value more than boundaries, or one is of another type.
    """
    if len(boundaries) != len(values) - 1:
        raise ValueError(
            f"The length of boundaries should be 1 less than the length of values: {len(boundaries)} "
            f"boundaries and {len(values)} values."
        )
    with name_scope(name, "PiecewiseConstant", [x, boundaries, values]):
        x = convert_to_tensor(x)
        kind = x.dtype.base_dtype
        limits = [convert_to_tensor(limit) for limit in boundaries]
        for limit in limits:
            is_step = limit.dtype.base_dtype.name == "int32" and kind.name == "int64"
            if limit.dtype.base_dtype != kind and not is_step:
                raise ValueError(
                    f"Boundaries ({limit.dtype.base_dtype}) must have the same dtype as x ({kind})."
                )
        levels = [convert_to_tensor(value) for value in values]
        for level in levels[1:]:
            if level.dtype.base_dtype != levels[0].dtype.base_dtype:
                raise ValueError(
                    f"Values must have elements all with the same dtype ({levels[0].dtype.base_dtype} vs "
                    f"{level.dtype.base_dtype})."
                )
        found = levels[-1]
        for limit, level in zip(reversed(limits), reversed(levels[:-1]), strict=True):
            name = "case/cond/Merge" if limit is limits[0] else None  # as TensorFlow's chain of branches ends
            found = where(less_equal(x, cast(limit, kind)), level, found, name=name)
        return found
