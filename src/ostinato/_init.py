"""Initialisers, with TensorFlow 1's defaults. An initialiser fills a tensor in place, as those of
`torch.nn.init` do.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

Initializer = Callable[[Tensor], object]


def glorot_uniform_(tensor: Tensor) -> Tensor:
    """Fill with U(-limit, limit), limit = sqrt(6 / (fan_in + fan_out)), and return `tensor`.

    For a recurrent `kernel` the fans are those of the whole `[input_size + units, gates * units]` matrix,
    as in TF1. A vector has fan_in = fan_out = its length. Source: Glorot and Bengio 2010; TF1:
    `tf.glorot_uniform_initializer`.

    >>> float(glorot_uniform_(torch.empty(76, 256)).abs().max()) <= math.sqrt(6 / (76 + 256))
    True
    """
    if tensor.dim() == 0:
        fan_in = fan_out = 1.0
    elif tensor.dim() == 1:
        fan_in = fan_out = float(tensor.shape[0])
    else:
        receptive_field = math.prod(tensor.shape[:-2])
        fan_in, fan_out = float(tensor.shape[-2] * receptive_field), float(tensor.shape[-1] * receptive_field)
    limit = math.sqrt(6.0 / max(1.0, fan_in + fan_out))
    with torch.no_grad():
        return tensor.uniform_(-limit, limit)


def constant_(value: float) -> Initializer:
    """An initialiser that fills with `value`."""

    def fill(tensor: Tensor) -> Tensor:
        with torch.no_grad():
            return tensor.fill_(value)

    return fill


@dataclass(frozen=True)
class Uniform:
    """Fill with U(low, high): an initialiser that a family can write beside a parameter.

    >>> bool((Uniform(-1.0, 1.0)(torch.empty(100)).abs() <= 1).all())
    True
    """

    low: float
    high: float

    def __call__(self, tensor: Tensor) -> Tensor:
        with torch.no_grad():
            return tensor.uniform_(self.low, self.high)


@dataclass(frozen=True)
class LogUniform:
    """Fill with exp(U(log(low), log(high))), both above 0: as many values in 1..10 as in 10..100."""

    low: float
    high: float

    def __call__(self, tensor: Tensor) -> Tensor:
        with torch.no_grad():
            return tensor.uniform_(math.log(self.low), math.log(self.high)).exp_()


@dataclass(frozen=True)
class TruncatedNormal:
    """Fill with a normal distribution of which draws beyond two standard deviations are drawn again."""

    stddev: float

    def __call__(self, tensor: Tensor) -> Tensor:
        bound = 2.0 * self.stddev
        return torch.nn.init.trunc_normal_(tensor, std=self.stddev, a=-bound, b=bound)


def as_initializer(value: float | Initializer) -> Initializer:
    """The initialiser that a number, or an initialiser, stands for."""
    return value if callable(value) else constant_(value)
