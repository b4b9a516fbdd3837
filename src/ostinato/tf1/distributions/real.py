"""Distributions over real numbers.

>>> from ostinato import tf1 as tf
>>> normal = tf.distributions.Normal(loc=0.0, scale=[1.0, 2.0])
>>> with tf.Session() as session:
...     print(session.run(normal.log_prob(0.0)).round(4))
[-0.9189 -1.6121]
"""

from __future__ import annotations

import math as numbers
from typing import Any

import numpy as np

from ..check_ops import assert_less, assert_positive
from ..compatibility import assert_same_float_dtype
from ..graph import control_dependencies, name_scope
from ..ops import array, math, nn, random, special
from ..ops.core import constant, convert_to_tensor
from ..ops.lists import concat
from ..ops.padding import broadcast_dynamic_shape, broadcast_static_shape
from ..ops.picking import where
from ..ops.sampling import random_gamma
from ..shapes import TensorShape
from ..tensor import Tensor
from .base import FULLY_REPARAMETERIZED, Distribution, spread
from .divergence import RegisterKL


class TwoParameters(Distribution):
    """What distributions of numbers share whose two parameters broadcast to the batch."""

    _first: Tensor
    _second: Tensor

    def __init__(
        self,
        first: tuple[str, Any],
        second: tuple[str, Any],
        validate_args: bool,
        allow_nan_stats: bool,
        name: str,
        positive: tuple[int, ...] = (1,),
    ) -> None:
        given = {key: value for key, value in (first, second) if value is not None}
        with name_scope(name, values=list(given.values())) as scope:
            tensors = [convert_to_tensor(value, name=key) for key, value in (first, second)]
            checks = [assert_positive(tensors[place]) for place in positive] if validate_args else []
            with control_dependencies(checks):
                self._first, self._second = (
                    array.identity(tensor, name=key)
                    for tensor, (key, _) in zip(tensors, (first, second), strict=True)
                )
        super().__init__(
            assert_same_float_dtype([self._first, self._second]),
            FULLY_REPARAMETERIZED,
            validate_args,
            allow_nan_stats,
            dict(given, validate_args=validate_args, allow_nan_stats=allow_nan_stats, name=name),
            [self._first, self._second],
            scope,
        )

    def _batch_shape(self) -> TensorShape:
        return broadcast_static_shape(self._first.shape, self._second.shape)

    def _batch_shape_tensor(self) -> Tensor:
        return broadcast_dynamic_shape(array.shape(self._first), array.shape(self._second))

    def _drawn_shape(self, n: Any) -> Tensor:
        return concat([[n], self.batch_shape_tensor()], 0)

    def _filled(self, value: Tensor, like: Tensor) -> Tensor:
        return value * array.ones_like(like)


def standard_cdf(x: Tensor) -> Tensor:
    """The share of a standard normal distribution that is not above x, exact in both tails."""
    half_root = constant(0.5 * numbers.sqrt(2.0), dtype=x.dtype, name="half_sqrt_2")
    scaled = x * half_root
    size = math.abs_(scaled)
    tail = where(math.greater(scaled, 0.0), 2.0 - special.erfc(size), special.erfc(size))
    return 0.5 * where(math.less(size, half_root), 1.0 + special.erf(scaled), tail)


class Normal(TwoParameters):
    """The normal distribution of mean `loc` and deviation `scale` (TF1 symbol: `tf.distributions.Normal`)."""

    def __init__(
        self,
        loc: Any,
        scale: Any,
        validate_args: bool = False,
        allow_nan_stats: bool = True,
        name: str = "Normal",
    ) -> None:
        super().__init__(("loc", loc), ("scale", scale), validate_args, allow_nan_stats, name)

    @property
    def loc(self) -> Tensor:
        """The mean."""
        return self._first

    @property
    def scale(self) -> Tensor:
        """The standard deviation."""
        return self._second

    def _sample_n(self, n: Any, seed: int | None = None) -> Tensor:
        drawn = random.random_normal(self._drawn_shape(n), 0.0, 1.0, self.loc.dtype, seed=seed)
        return drawn * self.scale + self.loc

    def _log_prob(self, x: Tensor) -> Tensor:
        exponent = -0.5 * math.square(self._standard(x))
        return exponent - (0.5 * numbers.log(2.0 * numbers.pi) + math.log(self.scale))

    def _cdf(self, x: Tensor) -> Tensor:
        return standard_cdf(self._standard(x))

    def _survival_function(self, x: Tensor) -> Tensor:
        return standard_cdf(math.negative(self._standard(x)))

    def _entropy(self) -> Tensor:
        scale = self._filled(self.scale, self.loc)
        return 0.5 * numbers.log(2.0 * numbers.pi * numbers.e) + math.log(scale)

    def _mean(self) -> Tensor:
        return self._filled(self.loc, self.scale)

    _mode = _mean

    def _stddev(self) -> Tensor:
        return self._filled(self.scale, self.loc)

    def _standard(self, x: Tensor) -> Tensor:
        with name_scope("standardize", values=[x]):
            return (x - self.loc) / self.scale


class NormalWithSoftplusScale(Normal):
    """`Normal` with softplus of `scale` (TF1 symbol: `tf.contrib.distributions.NormalWithSoftplusScale`)."""

    def __init__(
        self,
        loc: Any,
        scale: Any,
        validate_args: bool = False,
        allow_nan_stats: bool = True,
        name: str = "NormalWithSoftplusScale",
    ) -> None:
        with name_scope(name, values=[scale]) as scope:
            deviation = nn.softplus(scale, name="softplus_scale")
            super().__init__(loc, deviation, validate_args, allow_nan_stats, scope)
        self._parameters.update(scale=scale, name=name)


class Laplace(TwoParameters):
    """Laplace's distribution (TF1 symbol: `tf.distributions.Laplace`)."""

    def __init__(
        self,
        loc: Any,
        scale: Any,
        validate_args: bool = False,
        allow_nan_stats: bool = True,
        name: str = "Laplace",
    ) -> None:
        super().__init__(("loc", loc), ("scale", scale), validate_args, allow_nan_stats, name)

    @property
    def loc(self) -> Tensor:
        """The mean."""
        return self._first

    @property
    def scale(self) -> Tensor:
        """The mean distance from the mean."""
        return self._second

    def _sample_n(self, n: Any, seed: int | None = None) -> Tensor:
        # Above -1, where the logarithm has no value.
        lowest = float(np.nextafter(self.dtype.as_numpy_dtype(-1.0), self.dtype.as_numpy_dtype(0.0)))
        drawn = random.random_uniform(self._drawn_shape(n), lowest, 1.0, self.dtype, seed=seed)
        distance = math.log1p(math.negative(math.abs_(drawn)))
        return self.loc - self.scale * math.sign(drawn) * distance

    def _log_prob(self, x: Tensor) -> Tensor:
        size = math.negative(math.abs_((x - self.loc) / self.scale))
        return size - (numbers.log(2.0) + math.log(self.scale))

    def _cdf(self, x: Tensor) -> Tensor:
        z = (x - self.loc) / self.scale
        return 0.5 + 0.5 * math.sign(z) * (1.0 - math.exp(math.negative(math.abs_(z))))

    def _entropy(self) -> Tensor:
        scale = self.scale + array.zeros_like(self.loc)
        return numbers.log(2.0) + 1.0 + math.log(scale)

    def _mean(self) -> Tensor:
        return self.loc + array.zeros_like(self.scale)

    _mode = _mean

    def _stddev(self) -> Tensor:
        return numbers.sqrt(2.0) * self.scale + array.zeros_like(self.loc)


class Uniform(TwoParameters):
    """The uniform distribution over `low <= x < high` (TF1 symbol: `tf.distributions.Uniform`)."""

    def __init__(
        self,
        low: Any = 0.0,
        high: Any = 1.0,
        validate_args: bool = False,
        allow_nan_stats: bool = True,
        name: str = "Uniform",
    ) -> None:
        if validate_args:
            with control_dependencies(
                [assert_less(low, high, message="uniform not defined when low >= high.")]
            ):
                low = array.identity(low)
        super().__init__(("low", low), ("high", high), validate_args, allow_nan_stats, name, positive=())

    @property
    def low(self) -> Tensor:
        """The lowest value."""
        return self._first

    @property
    def high(self) -> Tensor:
        """What all values are below of."""
        return self._second

    def range(self, name: str = "range") -> Tensor:
        """`high - low`."""
        with self._scope(name):
            return self.high - self.low

    def _sample_n(self, n: Any, seed: int | None = None) -> Tensor:
        drawn = random.random_uniform(self._drawn_shape(n), dtype=self.dtype, seed=seed)
        return self.low + self.range() * drawn

    def _prob(self, x: Tensor) -> Tensor:
        inside = math.logical_and(math.greater_equal(x, self.low), math.less(x, self.high))
        density = math.multiply(array.ones_like(x), 1.0 / self.range())
        inside, density, outside = spread(inside, density, array.zeros_like(density))
        return where(inside, density, outside)

    def _cdf(self, x: Tensor) -> Tensor:
        share = (x - self.low) / self.range()
        return math.minimum(math.maximum(share, 0.0), 1.0)

    def _entropy(self) -> Tensor:
        return math.log(self.range())

    def _mean(self) -> Tensor:
        return (self.low + self.high) / 2.0

    def _stddev(self) -> Tensor:
        return self.range() / numbers.sqrt(12.0)


class Gamma(TwoParameters):
    """The gamma distribution (TF1 symbol: `tf.distributions.Gamma`)."""

    def __init__(
        self,
        concentration: Any,
        rate: Any,
        validate_args: bool = False,
        allow_nan_stats: bool = True,
        name: str = "Gamma",
    ) -> None:
        super().__init__(
            ("concentration", concentration), ("rate", rate), validate_args, allow_nan_stats, name, (0, 1)
        )

    @property
    def concentration(self) -> Tensor:
        """The shape parameter."""
        return self._first

    @property
    def rate(self) -> Tensor:
        """The inverse scale."""
        return self._second

    def _sample_n(self, n: Any, seed: int | None = None) -> Tensor:
        return random_gamma([n], self.concentration, self.rate, self.dtype, seed=seed)

    def _log_prob(self, x: Tensor) -> Tensor:
        kernel = (self.concentration - 1.0) * math.log(x) - self.rate * x
        return kernel - (special.lgamma(self.concentration) - self.concentration * math.log(self.rate))

    def _cdf(self, x: Tensor) -> Tensor:
        return special.igamma(self.concentration, self.rate * x)

    def _entropy(self) -> Tensor:
        return (
            self.concentration
            - math.log(self.rate)
            + special.lgamma(self.concentration)
            + (1.0 - self.concentration) * special.digamma(self.concentration)
        )

    def _mean(self) -> Tensor:
        return self.concentration / self.rate

    def _variance(self) -> Tensor:
        return self.concentration / math.square(self.rate)

    def _stddev(self) -> Tensor:
        return math.sqrt(self.concentration) / self.rate


class Exponential(Gamma):
    """The exponential distribution (TF1 symbol: `tf.distributions.Exponential`)."""

    def __init__(
        self, rate: Any, validate_args: bool = False, allow_nan_stats: bool = True, name: str = "Exponential"
    ) -> None:
        with name_scope(name, values=[rate]) as scope:
            inverse = convert_to_tensor(rate, name="rate")
            ones = array.ones([], dtype=inverse.dtype)
            super().__init__(ones, inverse, validate_args, allow_nan_stats, scope)
        self._parameters = {
            "rate": rate,
            "validate_args": validate_args,
            "allow_nan_stats": allow_nan_stats,
            "name": name,
        }

    def _sample_n(self, n: Any, seed: int | None = None) -> Tensor:
        shape = concat([[n], array.shape(self.rate)], 0)
        tiny = float(np.finfo(self.dtype.as_numpy_dtype).tiny)  # above 0, which has no logarithm
        drawn = random.random_uniform(shape, tiny, 1.0, self.dtype, seed=seed)
        return math.negative(math.log(drawn)) / self.rate


class Beta(TwoParameters):
    """The beta distribution (TF1 symbol: `tf.distributions.Beta`)."""

    def __init__(
        self,
        concentration1: Any = None,
        concentration0: Any = None,
        validate_args: bool = False,
        allow_nan_stats: bool = True,
        name: str = "Beta",
    ) -> None:
        super().__init__(
            ("concentration1", concentration1),
            ("concentration0", concentration0),
            validate_args,
            allow_nan_stats,
            name,
            (0, 1),
        )

    @property
    def concentration1(self) -> Tensor:
        """The weight of 1."""
        return self._first

    @property
    def concentration0(self) -> Tensor:
        """The weight of 0."""
        return self._second

    @property
    def total_concentration(self) -> Tensor:
        """The sum of both."""
        return self._first + self._second

    def _sample_n(self, n: Any, seed: int | None = None) -> Tensor:
        ones = array.ones_like(self.total_concentration)
        other = None if seed is None else (seed * 31 + 17) % 2**31  # another stream of the same seed
        first = random_gamma([n], self._first * ones, dtype=self.dtype, seed=seed)
        second = random_gamma([n], self._second * ones, dtype=self.dtype, seed=other)
        return first / (first + second)

    def _log_beta(self) -> Tensor:
        parts = special.lgamma(self._first) + special.lgamma(self._second)
        return parts - special.lgamma(self.total_concentration)

    def _log_prob(self, x: Tensor) -> Tensor:
        kernel = (self._first - 1.0) * math.log(x) + (self._second - 1.0) * math.log1p(math.negative(x))
        return kernel - self._log_beta()

    def _cdf(self, x: Tensor) -> Tensor:
        return special.betainc(self._first, self._second, x)

    def _entropy(self) -> Tensor:
        return (
            self._log_beta()
            - (self._first - 1.0) * special.digamma(self._first)
            - (self._second - 1.0) * special.digamma(self._second)
            + (self.total_concentration - 2.0) * special.digamma(self.total_concentration)
        )

    def _mean(self) -> Tensor:
        return self._first / self.total_concentration

    def _variance(self) -> Tensor:
        return self._mean() * (1.0 - self._mean()) / (1.0 + self.total_concentration)


@RegisterKL(Normal, Normal)
def _normals(a: Normal, b: Normal, name: str | None = None) -> Tensor:
    with name_scope(name, "kl_normal_normal", [a.loc, b.loc]):
        ratio = math.square(a.scale) / math.square(b.scale)
        apart = math.squared_difference(a.loc, b.loc) / (2.0 * math.square(b.scale))
        return apart + 0.5 * (ratio - 1.0 - math.log(ratio))


@RegisterKL(Gamma, Gamma)
def _gammas(a: Gamma, b: Gamma, name: str | None = None) -> Tensor:
    with name_scope(name, "kl_gamma_gamma", [a.concentration, a.rate, b.concentration, b.rate]):
        return (
            (a.concentration - b.concentration) * special.digamma(a.concentration)
            + special.lgamma(b.concentration)
            - special.lgamma(a.concentration)
            + b.concentration * (math.log(a.rate) - math.log(b.rate))
            + a.concentration * (b.rate / a.rate - 1.0)
        )


@RegisterKL(Beta, Beta)
def _betas(a: Beta, b: Beta, name: str | None = None) -> Tensor:
    with name_scope(name, "kl_beta_beta", [a.concentration1, b.concentration1]):
        ones = special.digamma(a.concentration1) * (a.concentration1 - b.concentration1)
        zeros = special.digamma(a.concentration0) * (a.concentration0 - b.concentration0)
        total = special.digamma(a.total_concentration) * (b.total_concentration - a.total_concentration)
        return b._log_beta() - a._log_beta() + ones + zeros + total


__all__ = ["Beta", "Exponential", "Gamma", "Laplace", "Normal", "NormalWithSoftplusScale", "Uniform"]
