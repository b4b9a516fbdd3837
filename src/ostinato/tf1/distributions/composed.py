"""Distributions made of others: `Independent` and `MixtureSameFamily`."""

from __future__ import annotations

from typing import Any

from ..graph import name_scope
from ..ops import array, math, padding
from ..ops.lists import concat
from ..ops.more_reductions import reduce_logsumexp
from ..ops.picking import one_hot
from ..ops.reductions import reduce_sum
from ..shapes import TensorShape
from ..tensor import Tensor
from .base import NOT_REPARAMETERIZED, Distribution
from .discrete import Categorical
from .divergence import RegisterKL, kl_divergence


class Independent(Distribution):
    """The last `reinterpreted_batch_ndims` axes of a batch (all but the first for None) as those of an event.

    TF1 symbol: `tf.contrib.distributions.Independent`.

    Raises:
        ValueError: the batch has fewer axes, or its rank is not known.
    """

    def __init__(
        self,
        distribution: Distribution,
        reinterpreted_batch_ndims: int | None = None,
        validate_args: bool = False,
        name: str | None = None,
    ) -> None:
        rank = distribution.batch_shape.ndims
        if rank is None:
            raise ValueError("Independent needs a distribution whose batch has a known rank")
        count = max(rank - 1, 0) if reinterpreted_batch_ndims is None else int(reinterpreted_batch_ndims)
        if count > rank:
            raise ValueError(
                f"reinterpreted_batch_ndims({count}) cannot exceed distribution.batch_ndims({rank})"
            )
        self._distribution, self._count = distribution, count
        super().__init__(
            distribution.dtype,
            distribution.reparameterization_type,
            validate_args,
            distribution.allow_nan_stats,
            {
                "distribution": distribution,
                "reinterpreted_batch_ndims": reinterpreted_batch_ndims,
                "validate_args": validate_args,
                "name": name,
            },
            None,
            name or "Independent" + distribution.name.rstrip("/").rpartition("/")[2],
        )

    @property
    def distribution(self) -> Distribution:
        """What it takes the batch of."""
        return self._distribution

    @property
    def reinterpreted_batch_ndims(self) -> int:
        """How many axes of the batch are the event's."""
        return self._count

    def _cut(self) -> int:
        rank = self._distribution.batch_shape.ndims
        assert rank is not None
        return rank - self._count

    def _batch_shape(self) -> TensorShape:
        return self._distribution.batch_shape[: self._cut()]

    def _event_shape(self) -> TensorShape:
        return self._distribution.batch_shape[self._cut() :].concatenate(self._distribution.event_shape)

    def _batch_shape_tensor(self) -> Tensor:
        return self._distribution.batch_shape_tensor()[: self._cut()]

    def _event_shape_tensor(self) -> Tensor:
        inner = self._distribution
        return concat([inner.batch_shape_tensor()[self._cut() :], inner.event_shape_tensor()], 0)

    def _sample_n(self, n: Any, seed: int | None = None) -> Tensor:
        return self._distribution.sample(n, seed=seed)

    def _summed(self, value: Tensor) -> Tensor:
        return reduce_sum(value, list(range(-self._count, 0))) if self._count else value

    def _log_prob(self, x: Tensor) -> Tensor:
        return self._summed(self._distribution.log_prob(x))

    def _entropy(self) -> Tensor:
        return self._summed(self._distribution.entropy())

    def _mean(self) -> Tensor:
        return self._distribution.mean()

    def _variance(self) -> Tensor:
        return self._distribution.variance()

    def _stddev(self) -> Tensor:
        return self._distribution.stddev()

    def _mode(self) -> Tensor:
        return self._distribution.mode()


class MixtureSameFamily(Distribution):
    """A mixture of the distributions along the last axis of a batch.

    TF1 symbol: `tf.contrib.distributions.MixtureSameFamily`.

    Raises:
        ValueError: there are other numbers of weights and of distributions.
    """

    def __init__(
        self,
        mixture_distribution: Categorical,
        components_distribution: Distribution,
        validate_args: bool = False,
        allow_nan_stats: bool = True,
        name: str = "MixtureSameFamily",
    ) -> None:
        weights = mixture_distribution.logits.shape[-1:]
        if not weights.is_compatible_with(components_distribution.batch_shape[-1:]):
            raise ValueError(
                f"`mixture_distribution` components ({weights[0]}) does not equal "
                f"`components_distribution.batch_shape[-1]` ({components_distribution.batch_shape[-1]})"
            )
        self._mixture, self._components = mixture_distribution, components_distribution
        super().__init__(
            components_distribution.dtype,
            NOT_REPARAMETERIZED,
            validate_args,
            allow_nan_stats,
            {
                "mixture_distribution": mixture_distribution,
                "components_distribution": components_distribution,
                "validate_args": validate_args,
                "allow_nan_stats": allow_nan_stats,
                "name": name,
            },
            None,
            name,
        )

    @property
    def mixture_distribution(self) -> Categorical:
        """Which of the distributions."""
        return self._mixture

    @property
    def components_distribution(self) -> Distribution:
        """The distributions, along the last axis of their batch."""
        return self._components

    def _batch_shape(self) -> TensorShape:
        return self._components.batch_shape[:-1]

    def _batch_shape_tensor(self) -> Tensor:
        return self._components.batch_shape_tensor()[:-1]

    def _event_shape(self) -> TensorShape:
        return self._components.event_shape

    def _event_shape_tensor(self) -> Tensor:
        return self._components.event_shape_tensor()

    def _of_event(self) -> list[int]:
        rank = self._components.event_shape.ndims
        if rank is None:
            raise ValueError("a mixture needs distributions whose events have a known rank")
        return list(range(-rank, 0))

    def _sample_n(self, n: Any, seed: int | None = None) -> Tensor:
        drawn = self._components.sample(n, seed=seed)
        other = None if seed is None else (seed * 31 + 17) % 2**31  # another stream of the same seed
        chosen = self._mixture.sample(n, seed=other)
        mask = one_hot(chosen, array.shape(self._mixture.logits)[-1], dtype=self.dtype)
        shape = concat([[n], self._components.batch_shape_tensor()], 0)
        mask = padding.broadcast_to(mask, shape)
        for _ in self._of_event():
            mask = array.expand_dims(mask, -1)
        return reduce_sum(drawn * mask, -1 - len(self._of_event()))

    def _log_prob(self, x: Tensor) -> Tensor:
        for_each = array.expand_dims(x, -1 - len(self._of_event()))
        weights = self._mixture.logits - reduce_logsumexp(self._mixture.logits, -1, keepdims=True)
        return reduce_logsumexp(self._components.log_prob(for_each) + weights, -1)

    def _weighted(self, value: Tensor) -> Tensor:
        weights = self._mixture.probs
        for _ in self._of_event():
            weights = array.expand_dims(weights, -1)
        return reduce_sum(weights * value, -1 - len(self._of_event()))

    def _mean(self) -> Tensor:
        return self._weighted(self._components.mean())

    def _variance(self) -> Tensor:
        means = self._components.mean()
        mean = array.expand_dims(self._weighted(means), -1 - len(self._of_event()))
        return self._weighted(self._components.variance() + math.squared_difference(means, mean))


@RegisterKL(Independent, Independent)
def _independents(a: Independent, b: Independent, name: str | None = None) -> Tensor:
    if a.reinterpreted_batch_ndims != b.reinterpreted_batch_ndims:
        raise NotImplementedError("KL between Independents whose batches give different numbers of axes")
    with name_scope(name, "kl_independent"):
        return a._summed(kl_divergence(a.distribution, b.distribution))
