"""Distributions over vectors.

>>> from ostinato import tf1 as tf
>>> pen = tf.contrib.distributions.MultivariateNormalDiag(loc=[0.0, 0.0], scale_diag=[1.0, 2.0])
>>> with tf.Session() as session:
...     print(session.run(pen.log_prob([0.0, 0.0])).round(4))
-2.531
"""

from __future__ import annotations

import math as numbers
from typing import Any

from ..dtypes import float32
from ..graph import name_scope
from ..ops import array, decompositions, linalg, math, padding, random, special
from ..ops.core import convert_to_tensor
from ..ops.lists import concat
from ..ops.padding import broadcast_dynamic_shape, broadcast_static_shape
from ..ops.reductions import reduce_sum
from ..ops.sampling import random_gamma
from ..shapes import TensorShape
from ..tensor import Tensor
from .base import FULLY_REPARAMETERIZED, Distribution
from .divergence import RegisterKL


class MultivariateNormalTriL(Distribution):
    """The normal distribution of a vector, of mean `loc` and covariance `scale_tril @ scale_tril^T`.

    TF1 symbol: `tf.contrib.distributions.MultivariateNormalTriL`.

    Raises:
        ValueError: `scale_tril` and `loc` do not fit, or both are missing.
    """

    def __init__(
        self,
        loc: Any = None,
        scale_tril: Any = None,
        validate_args: bool = False,
        allow_nan_stats: bool = True,
        name: str = "MultivariateNormalTriL",
    ) -> None:
        parameters = {"loc": loc, "scale_tril": scale_tril}
        with name_scope(name, values=[value for value in (loc, scale_tril) if value is not None]) as scope:
            factor = None
            if scale_tril is not None:
                given = convert_to_tensor(scale_tril, name="scale_tril", dtype_hint=float32)
                factor = linalg.matrix_band_part(given, -1, 0)
            self._set(loc, factor)
        self._finish(parameters, validate_args, allow_nan_stats, name, scope)

    def _set(self, loc: Any, factor: Tensor | None) -> None:
        if loc is None and factor is None:
            raise ValueError("Must specify one or both of `loc`, `scale`.")
        mean = (
            None
            if loc is None
            else convert_to_tensor(loc, name="loc", dtype_hint=None if factor is None else factor.dtype)
        )
        if factor is None:
            assert mean is not None
            factor = linalg.matrix_diag(array.ones_like(mean))
        elif mean is None:
            mean = array.zeros_like(factor[..., 0])
        assert mean is not None
        if not mean.shape[-1:].is_compatible_with(factor.shape[-1:]) and mean.shape.ndims != 0:
            raise ValueError(
                f"loc of shape {mean.shape} and a scale of shape {factor.shape} differ in an event's size"
            )
        self._loc, self._factor = mean, factor

    def _finish(
        self, parameters: dict[str, Any], validate_args: bool, allow_nan_stats: bool, name: str, scope: str
    ) -> None:
        super().__init__(
            self._factor.dtype,
            FULLY_REPARAMETERIZED,
            validate_args,
            allow_nan_stats,
            {**parameters, "validate_args": validate_args, "allow_nan_stats": allow_nan_stats, "name": name},
            [self._loc, self._factor],
            scope,
        )

    @property
    def loc(self) -> Tensor:
        """The mean."""
        return self._loc

    def _event_shape(self) -> TensorShape:
        return self._factor.shape[-1:]

    def _event_shape_tensor(self) -> Tensor:
        return array.shape(self._factor)[-1:]

    def _batch_shape(self) -> TensorShape:
        return broadcast_static_shape(self._loc.shape[:-1], self._factor.shape[:-2])

    def _batch_shape_tensor(self) -> Tensor:
        return broadcast_dynamic_shape(array.shape(self._loc)[:-1], array.shape(self._factor)[:-2])

    def _sample_n(self, n: Any, seed: int | None = None) -> Tensor:
        shape = concat([[n], self.batch_shape_tensor(), self.event_shape_tensor()], 0)
        drawn = random.random_normal(shape, dtype=self.dtype, seed=seed)
        return reduce_sum(self._factor * array.expand_dims(drawn, -2), -1) + self._loc

    def _log_prob(self, x: Tensor) -> Tensor:
        apart = x - self._loc
        shape = concat([array.shape(apart)[:-1], array.shape(self._factor)[-2:]], 0)
        factor = padding.broadcast_to(self._factor, shape)
        solved = decompositions.matrix_triangular_solve(factor, array.expand_dims(apart, -1))
        distance = reduce_sum(math.square(array.squeeze(solved, [-1])), -1)
        size = math.cast(array.shape(self._factor)[-1], self.dtype)
        return -0.5 * (distance + size * numbers.log(2.0 * numbers.pi)) - self._log_scale()

    def _log_scale(self) -> Tensor:
        return reduce_sum(math.log(math.abs_(linalg.matrix_diag_part(self._factor))), -1)

    def _entropy(self) -> Tensor:
        size = math.cast(array.shape(self._factor)[-1], self.dtype)
        entropy = 0.5 * size * (1.0 + numbers.log(2.0 * numbers.pi)) + self._log_scale()
        return padding.broadcast_to(entropy, self.batch_shape_tensor())

    def _mean(self) -> Tensor:
        return padding.broadcast_to(self._loc, self._whole_shape())

    _mode = _mean

    def _covariance(self) -> Tensor:
        covariance = math.matmul(self._factor, self._factor, transpose_b=True)
        return padding.broadcast_to(covariance, concat([self._whole_shape(), self.event_shape_tensor()], 0))

    def _variance(self) -> Tensor:
        return padding.broadcast_to(reduce_sum(math.square(self._factor), -1), self._whole_shape())

    def _whole_shape(self) -> Tensor:
        return concat([self.batch_shape_tensor(), self.event_shape_tensor()], 0)


class MultivariateNormalDiag(MultivariateNormalTriL):
    """The normal distribution of a vector of independent numbers (TF1 symbol:
    `tf.contrib.distributions.MultivariateNormalDiag`).

    Raises:
        ValueError: `scale_diag` and `loc` do not fit, or both are missing.
    """

    def __init__(
        self,
        loc: Any = None,
        scale_diag: Any = None,
        scale_identity_multiplier: Any = None,
        validate_args: bool = False,
        allow_nan_stats: bool = True,
        name: str = "MultivariateNormalDiag",
    ) -> None:
        parameters = {
            "loc": loc,
            "scale_diag": scale_diag,
            "scale_identity_multiplier": scale_identity_multiplier,
        }
        with name_scope(name, values=[value for value in parameters.values() if value is not None]) as scope:
            diagonal = None
            if scale_diag is not None:
                diagonal = convert_to_tensor(scale_diag, name="scale_diag", dtype_hint=float32)
            if scale_identity_multiplier is not None:
                if diagonal is None and loc is None:
                    raise ValueError("Must specify `loc` or `scale_diag` with `scale_identity_multiplier`.")
                by = array.expand_dims(
                    convert_to_tensor(scale_identity_multiplier, name="scale_identity_multiplier"), -1
                )
                diagonal = by * array.ones_like(convert_to_tensor(loc)) if diagonal is None else diagonal + by
            self._set(loc, None if diagonal is None else linalg.matrix_diag(diagonal))
        self._finish(parameters, validate_args, allow_nan_stats, name, scope)

    def _stddev(self) -> Tensor:
        return padding.broadcast_to(math.abs_(linalg.matrix_diag_part(self._factor)), self._whole_shape())


class MultivariateNormalFullCovariance(MultivariateNormalTriL):
    """The normal distribution of a vector, by its covariance (TF1 symbol:
    `tf.contrib.distributions.MultivariateNormalFullCovariance`).

    Raises:
        ValueError: `covariance_matrix` and `loc` do not fit, or both are missing.
    """

    def __init__(
        self,
        loc: Any = None,
        covariance_matrix: Any = None,
        validate_args: bool = False,
        allow_nan_stats: bool = True,
        name: str = "MultivariateNormalFullCovariance",
    ) -> None:
        parameters = {"loc": loc, "covariance_matrix": covariance_matrix}
        with name_scope(name, values=[value for value in parameters.values() if value is not None]) as scope:
            factor = None
            if covariance_matrix is not None:
                matrix = convert_to_tensor(covariance_matrix, name="covariance_matrix", dtype_hint=float32)
                factor = decompositions.cholesky(matrix)
            self._set(loc, factor)
        self._finish(parameters, validate_args, allow_nan_stats, name, scope)


class Dirichlet(Distribution):
    """The distribution of shares that add up to 1 (TF1 symbol: `tf.distributions.Dirichlet`)."""

    def __init__(
        self,
        concentration: Any,
        validate_args: bool = False,
        allow_nan_stats: bool = True,
        name: str = "Dirichlet",
    ) -> None:
        with name_scope(name, values=[concentration]) as scope:
            self._concentration = convert_to_tensor(concentration, name="concentration")
            self._total = reduce_sum(self._concentration, -1)
        parameters = {
            "concentration": concentration,
            "validate_args": validate_args,
            "allow_nan_stats": allow_nan_stats,
            "name": name,
        }
        super().__init__(
            self._concentration.dtype,
            FULLY_REPARAMETERIZED,
            validate_args,
            allow_nan_stats,
            parameters,
            [self._concentration],
            scope,
        )

    @property
    def concentration(self) -> Tensor:
        """The weights of the shares."""
        return self._concentration

    @property
    def total_concentration(self) -> Tensor:
        """The sum of the weights."""
        return self._total

    def _event_shape(self) -> TensorShape:
        return self._concentration.shape[-1:]

    def _event_shape_tensor(self) -> Tensor:
        return array.shape(self._concentration)[-1:]

    def _batch_shape(self) -> TensorShape:
        return self._total.shape

    def _batch_shape_tensor(self) -> Tensor:
        return array.shape(self._total)

    def _sample_n(self, n: Any, seed: int | None = None) -> Tensor:
        drawn = random_gamma([n], self._concentration, dtype=self.dtype, seed=seed)
        return drawn / reduce_sum(drawn, -1, keepdims=True)

    def _log_prob(self, x: Tensor) -> Tensor:
        kernel = reduce_sum((self._concentration - 1.0) * math.log(x), -1)
        return kernel - special.lbeta(self._concentration)

    def _entropy(self) -> Tensor:
        size = math.cast(self.event_shape_tensor()[0], self.dtype)
        return (
            special.lbeta(self._concentration)
            + (self._total - size) * special.digamma(self._total)
            - reduce_sum((self._concentration - 1.0) * special.digamma(self._concentration), -1)
        )

    def _mean(self) -> Tensor:
        return self._concentration / array.expand_dims(self._total, -1)

    def _variance(self) -> Tensor:
        mean = self._mean()
        return mean * (1.0 - mean) / (1.0 + array.expand_dims(self._total, -1))


@RegisterKL(MultivariateNormalTriL, MultivariateNormalTriL)
def _vectors(a: MultivariateNormalTriL, b: MultivariateNormalTriL, name: str | None = None) -> Tensor:
    with name_scope(name, "kl_mvn", [a.loc, b.loc, a._factor, b._factor]):
        shape = concat(
            [
                broadcast_dynamic_shape(a.batch_shape_tensor(), b.batch_shape_tensor()),
                array.shape(b._factor)[-2:],
            ],
            0,
        )
        factor = padding.broadcast_to(b._factor, shape)
        spread = decompositions.matrix_triangular_solve(factor, padding.broadcast_to(a._factor, shape))
        apart = padding.broadcast_to(array.expand_dims(b.loc - a.loc, -1), concat([shape[:-1], [1]], 0))
        distance = decompositions.matrix_triangular_solve(factor, apart)
        size = math.cast(array.shape(b._factor)[-1], a.dtype)
        squares = reduce_sum(math.square(spread), [-2, -1]) + reduce_sum(math.square(distance), [-2, -1])
        return b._log_scale() - a._log_scale() + 0.5 * (squares - size)


@RegisterKL(Dirichlet, Dirichlet)
def _shares(a: Dirichlet, b: Dirichlet, name: str | None = None) -> Tensor:
    with name_scope(name, "kl_dirichlet_dirichlet", [a.concentration, b.concentration]):
        mean_log = special.digamma(a.concentration) - special.digamma(array.expand_dims(a._total, -1))
        moved = reduce_sum((a.concentration - b.concentration) * mean_log, -1)
        return moved - special.lbeta(a.concentration) + special.lbeta(b.concentration)


__all__ = [
    "Dirichlet",
    "MultivariateNormalDiag",
    "MultivariateNormalFullCovariance",
    "MultivariateNormalTriL",
]
