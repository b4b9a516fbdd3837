"""Distributions over categories and other whole numbers.

>>> from ostinato import tf1 as tf
>>> kinds = tf.distributions.Categorical(probs=[0.25, 0.75])
>>> with tf.Session() as session:
...     print(session.run(kinds.prob([0, 1])).round(4))
[0.25 0.75]
"""

from __future__ import annotations

from typing import Any

from ..check_ops import assert_less_equal, assert_near, assert_non_negative
from ..dtypes import int32, int64
from ..graph import control_dependencies, name_scope
from ..ops import array, math, nn, random, sampling
from ..ops.core import constant, convert_to_tensor
from ..ops.lists import concat
from ..ops.picking import one_hot
from ..ops.reductions import argmax, reduce_sum
from ..shapes import TensorShape
from ..tensor import Tensor
from .base import NOT_REPARAMETERIZED, Distribution, spread
from .divergence import RegisterKL


def logits_and_probs(
    logits: Any, probs: Any, categories: bool, validate_args: bool = False
) -> tuple[Tensor, Tensor]:
    """Both forms of the parameter of which one is given, inside the scope of its distribution.

    Raises:
        ValueError: none is given, or both.
        TypeError: it does not consist of floats.
    """
    if (logits is None) == (probs is None):
        raise ValueError("Must pass probs or logits, but not both.")
    if probs is None:
        given = convert_to_tensor(logits, name="logits")
        if not given.dtype.is_floating:
            raise TypeError("logits must having floating type.")
        return given, nn.softmax(given, name="probs") if categories else math.sigmoid(given, name="probs")
    given = convert_to_tensor(probs, name="probs")
    if not given.dtype.is_floating:
        raise TypeError("probs must having floating type.")
    if validate_args:
        with control_dependencies(_checks(given, categories)):
            given = array.identity(given)
    with name_scope("logits"):
        logarithm = math.log(given)
        return logarithm if categories else logarithm - math.log1p(-1.0 * given), given


def _checks(probs: Tensor, categories: bool) -> list[Any]:
    one = constant(1.0, dtype=probs.dtype)
    if categories:
        whole = assert_near(reduce_sum(probs, -1), one, message="probs does not sum to 1.")
    else:
        whole = assert_less_equal(probs, one, message="probs has components greater than 1.")
    return [assert_non_negative(probs), whole]


class _OfLogits(Distribution):
    """What the distributions share that are given by logits or probabilities."""

    _categories = True

    def __init__(
        self,
        logits: Any,
        probs: Any,
        dtype: Any,
        validate_args: bool,
        allow_nan_stats: bool,
        name: str,
    ) -> None:
        with name_scope(name, values=[value for value in (logits, probs) if value is not None]) as scope:
            self._logits, self._probs = logits_and_probs(logits, probs, self._categories, validate_args)
        parameters = {
            "logits": logits,
            "probs": probs,
            "dtype": dtype,
            "validate_args": validate_args,
            "allow_nan_stats": allow_nan_stats,
            "name": name,
        }
        super().__init__(
            dtype,
            NOT_REPARAMETERIZED,
            validate_args,
            allow_nan_stats,
            parameters,
            [self._logits, self._probs],
            scope,
        )

    @property
    def logits(self) -> Tensor:
        """The logarithms of the odds, or of the probabilities but for a constant."""
        return self._logits

    @property
    def probs(self) -> Tensor:
        """The probabilities."""
        return self._probs


class Bernoulli(_OfLogits):
    """One with probability `probs`, else zero (TF1 symbol: `tf.distributions.Bernoulli`).

    Raises:
        ValueError: neither `logits` nor `probs` is given, or both are.
    """

    _categories = False

    def __init__(
        self,
        logits: Any = None,
        probs: Any = None,
        dtype: Any = int32,
        validate_args: bool = False,
        allow_nan_stats: bool = True,
        name: str = "Bernoulli",
    ) -> None:
        super().__init__(logits, probs, dtype, validate_args, allow_nan_stats, name)

    def _batch_shape(self) -> TensorShape:
        return self._logits.shape

    def _batch_shape_tensor(self) -> Tensor:
        return array.shape(self._logits)

    def _sample_n(self, n: Any, seed: int | None = None) -> Tensor:
        shape = concat([[n], self.batch_shape_tensor()], 0)
        drawn = random.random_uniform(shape, seed=seed, dtype=self.probs.dtype)
        return math.cast(math.less(drawn, self.probs), self.dtype)

    def _log_prob(self, event: Tensor) -> Tensor:
        labels, logits = spread(math.cast(event, self.logits.dtype), self.logits)
        return math.negative(nn.sigmoid_cross_entropy_with_logits(labels=labels, logits=logits))

    def _entropy(self) -> Tensor:
        return nn.softplus(self.logits) - self.logits * math.sigmoid(self.logits)

    def _mean(self) -> Tensor:
        return array.identity(self.probs)

    def _variance(self) -> Tensor:
        return self._mean() * (1.0 - self.probs)

    def _mode(self) -> Tensor:
        return math.cast(math.greater(self.probs, 0.5), self.dtype)


class Categorical(_OfLogits):
    """One of several categories, by its number (TF1 symbol: `tf.distributions.Categorical`).

    Raises:
        ValueError: neither `logits` nor `probs` is given, or both are.
    """

    def __init__(
        self,
        logits: Any = None,
        probs: Any = None,
        dtype: Any = int32,
        validate_args: bool = False,
        allow_nan_stats: bool = True,
        name: str = "Categorical",
    ) -> None:
        super().__init__(logits, probs, dtype, validate_args, allow_nan_stats, name)

    @property
    def event_size(self) -> Tensor:
        """The number of categories."""
        return array.shape(self.logits)[-1]

    def _batch_shape(self) -> TensorShape:
        return self._logits.shape[:-1]

    def _batch_shape_tensor(self) -> Tensor:
        return array.shape(self._logits)[:-1]

    def _sample_n(self, n: Any, seed: int | None = None) -> Tensor:
        rows = self.logits
        if rows.shape.ndims != 2:
            rows = array.reshape(rows, [-1, self.event_size])
        dtype = int64 if self.dtype.size > 4 else int32
        drawn = sampling.multinomial(rows, n, seed=seed, output_dtype=dtype)
        shape = concat([[n], self.batch_shape_tensor()], 0)
        return math.cast(array.reshape(array.transpose(drawn), shape), self.dtype)

    def _log_prob(self, k: Tensor) -> Tensor:
        labels, logits = k, self.logits
        if not (k.shape.is_fully_defined() and k.shape == logits.shape[:-1]):
            logits, labels = spread(logits, array.expand_dims(k, -1) + array.zeros_like(logits, k.dtype))
            labels = labels[..., 0]
        if not labels.dtype.is_integer:
            labels = math.cast(labels, int64)
        return math.negative(nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=logits))

    def _entropy(self) -> Tensor:
        return math.negative(reduce_sum(nn.log_softmax(self.logits) * self.probs, axis=-1))

    def _mode(self) -> Tensor:
        return math.cast(argmax(self.logits, axis=-1), self.dtype)


class OneHotCategorical(_OfLogits):
    """One of several categories, as a vector with a one (TF1 symbol:
    `tf.contrib.distributions.OneHotCategorical`).

    Raises:
        ValueError: neither `logits` nor `probs` is given, or both are.
    """

    def __init__(
        self,
        logits: Any = None,
        probs: Any = None,
        dtype: Any = int32,
        validate_args: bool = False,
        allow_nan_stats: bool = True,
        name: str = "OneHotCategorical",
    ) -> None:
        super().__init__(logits, probs, dtype, validate_args, allow_nan_stats, name)

    @property
    def event_size(self) -> Tensor:
        """The number of categories."""
        return array.shape(self.logits)[-1]

    def _batch_shape(self) -> TensorShape:
        return self._logits.shape[:-1]

    def _batch_shape_tensor(self) -> Tensor:
        return array.shape(self._logits)[:-1]

    def _event_shape(self) -> TensorShape:
        return self._logits.shape[-1:]

    def _event_shape_tensor(self) -> Tensor:
        return array.shape(self._logits)[-1:]

    def _sample_n(self, n: Any, seed: int | None = None) -> Tensor:
        shape = concat([[n], array.shape(self.logits)], 0)
        rows = array.reshape(self.logits, [-1, self.event_size])
        drawn = array.transpose(sampling.multinomial(rows, n, seed=seed))
        return array.reshape(one_hot(drawn, self.event_size, dtype=self.dtype), shape)

    def _log_prob(self, x: Tensor) -> Tensor:
        labels, logits = spread(math.cast(x, self.logits.dtype), self.logits)
        return math.negative(nn.softmax_cross_entropy_with_logits_v2(labels=labels, logits=logits))

    def _entropy(self) -> Tensor:
        return math.negative(reduce_sum(nn.log_softmax(self.logits) * self.probs, axis=-1))

    def _mean(self) -> Tensor:
        return array.identity(self.probs)

    def _mode(self) -> Tensor:
        return one_hot(argmax(self.logits, axis=-1), self.event_size, dtype=self.dtype)

    def _variance(self) -> Tensor:
        return self.probs * (1.0 - self.probs)


@RegisterKL(Bernoulli, Bernoulli)
def _bernoullis(a: Bernoulli, b: Bernoulli, name: str | None = None) -> Tensor:
    with name_scope(name, "kl_bernoulli_bernoulli", [a.logits, b.logits]):
        ones = nn.softplus(math.negative(b.logits)) - nn.softplus(math.negative(a.logits))
        zeros = nn.softplus(b.logits) - nn.softplus(a.logits)
        return math.sigmoid(a.logits) * ones + math.sigmoid(math.negative(a.logits)) * zeros


@RegisterKL(Categorical, Categorical)
@RegisterKL(OneHotCategorical, OneHotCategorical)
def _categories(a: Any, b: Any, name: str | None = None) -> Tensor:
    with name_scope(name, "kl_categorical_categorical", [a.logits, b.logits]):
        apart = nn.log_softmax(a.logits) - nn.log_softmax(b.logits)
        return reduce_sum(nn.softmax(a.logits) * apart, axis=-1)


__all__ = ["Bernoulli", "Categorical", "OneHotCategorical"]
