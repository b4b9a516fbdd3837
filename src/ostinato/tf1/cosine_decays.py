"""Learning rates along cosines: with restarts, with a line, with noise."""

from __future__ import annotations

import math
from typing import Any

from .graph import name_scope
from .ops.core import convert_to_tensor
from .ops.math import cast, cos, equal, floor, log, minimum, multiply, pow_, sqrt
from .ops.random import random_normal
from .smart_cond import smart_cond
from .tensor import Tensor


def cosine_decay_restarts(
    learning_rate: Any,
    global_step: Any,
    first_decay_steps: Any,
    t_mul: float = 2.0,
    m_mul: float = 1.0,
    alpha: float = 0.0,
    name: str | None = None,
) -> Tensor:
    """Half waves of the cosine, each `t_mul` times as long and `m_mul` times as high as the one before (TF1
    symbol: `tf.train.cosine_decay_restarts`).

    Source: Loshchilov and Hutter, "SGDR: stochastic gradient descent with warm restarts" (2016).
    """
    with name_scope(name, "SGDRDecay", [learning_rate, global_step]) as scope:
        rate = convert_to_tensor(learning_rate, name="initial_learning_rate")
        kind = rate.dtype.base_dtype
        longer, higher = cast(convert_to_tensor(t_mul), kind), cast(convert_to_tensor(m_mul), kind)
        done = cast(convert_to_tensor(global_step), kind) / cast(convert_to_tensor(first_decay_steps), kind)

        def even() -> tuple[Tensor, Tensor]:
            waves = floor(done)
            return waves, done - waves

        def growing() -> tuple[Tensor, Tensor]:
            waves = floor(log(1.0 - done * (1.0 - longer)) / log(longer))
            before = (1.0 - pow_(longer, waves)) / (1.0 - longer)
            return waves, (done - before) / pow_(longer, waves)

        is_even: Any = equal(longer, 1.0) if isinstance(t_mul, Tensor) else bool(t_mul == 1.0)
        waves, share = smart_cond(is_even, even, growing)
        wave = 0.5 * pow_(higher, waves) * (1.0 + cos(math.pi * share))
        return multiply(rate, (1 - alpha) * wave + alpha, name=scope)


def _linear_cosine(
    learning_rate: Any,
    global_step: Any,
    decay_steps: Any,
    num_periods: float,
    alpha: float,
    beta: float,
    name: str | None,
    default: str,
    noise: Any,
) -> Tensor:
    with name_scope(name, default, [learning_rate, global_step]) as scope:
        rate = convert_to_tensor(learning_rate, name="initial_learning_rate")
        kind = rate.dtype.base_dtype
        steps = cast(convert_to_tensor(decay_steps), kind)
        step = minimum(cast(convert_to_tensor(global_step), kind), steps)
        line = (steps - step) / steps
        line = line if noise is None else line + noise(step)
        wave = 0.5 * (1.0 + cos(math.pi * (2.0 * num_periods * (step / steps))))
        return multiply(rate, (alpha + line) * wave + beta, name=scope)


def linear_cosine_decay(
    learning_rate: Any,
    global_step: Any,
    decay_steps: Any,
    num_periods: float = 0.5,
    alpha: float = 0.0,
    beta: float = 0.001,
    name: str | None = None,
) -> Tensor:
    """A line times a cosine (TF1 symbol: `tf.train.linear_cosine_decay`).

    Source: Bello et al., "Neural optimizer search with reinforcement learning" (2017).
    """
    return _linear_cosine(
        learning_rate, global_step, decay_steps, num_periods, alpha, beta, name, "LinearCosineDecay", None
    )


def noisy_linear_cosine_decay(
    learning_rate: Any,
    global_step: Any,
    decay_steps: Any,
    initial_variance: float = 1.0,
    variance_decay: float = 0.55,
    num_periods: float = 0.5,
    alpha: float = 0.0,
    beta: float = 0.001,
    name: str | None = None,
) -> Tensor:
    """A line with noise that gets less, times a cosine (TF1 symbol: `tf.train.noisy_linear_cosine_decay`)."""

    def noise(step: Tensor) -> Tensor:
        return random_normal([], stddev=sqrt(initial_variance / pow_(1.0 + step, variance_decay)))

    return _linear_cosine(
        learning_rate,
        global_step,
        decay_steps,
        num_periods,
        alpha,
        beta,
        name,
        "NoisyLinearCosineDecay",
        noise,
    )
