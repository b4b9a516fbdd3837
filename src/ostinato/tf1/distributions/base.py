"""What all distributions have: shapes, samples, and the functions that follow from one another."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from ..dtypes import DType, as_dtype, int32
from ..graph import name_scope
from ..ops import array, math, padding, reductions
from ..ops.core import constant, convert_to_tensor
from ..ops.lists import concat
from ..registry import constant_value
from ..shapes import TensorShape, as_shape
from ..tensor import Tensor


def spread(*tensors: Tensor) -> list[Tensor]:
    """Tensors at the shape that they broadcast to, those that have it as they are."""
    known = tensors[0].shape
    shape: Any = array.shape(tensors[0])
    for tensor in tensors[1:]:
        known = padding.broadcast_static_shape(known, tensor.shape)
        shape = padding.broadcast_dynamic_shape(shape, array.shape(tensor))
    if known.is_fully_defined():
        shape = known.as_list()
    return [
        tensor if known.is_fully_defined() and tensor.shape == known else padding.broadcast_to(tensor, shape)
        for tensor in tensors
    ]


class ReparameterizationType:
    """Whether gradients pass through samples (TF1 symbol: `tf.distributions.ReparameterizationType`)."""

    def __init__(self, rep_type: str) -> None:
        self._rep_type = rep_type

    def __repr__(self) -> str:
        return f"<Reparameteriation Type: {self._rep_type}>"

    def __eq__(self, other: object) -> bool:
        return self is other

    __hash__ = object.__hash__


FULLY_REPARAMETERIZED = ReparameterizationType("FULLY_REPARAMETERIZED")
NOT_REPARAMETERIZED = ReparameterizationType("NOT_REPARAMETERIZED")


class Distribution:
    """A batch of distributions over events of one shape (TF1 symbol: `tf.distributions.Distribution`).

    A class of your own says `_log_prob` or `_prob`, `_sample_n` and others that it has, and its shapes by
    `_batch_shape`, `_event_shape` and their `_tensor` forms; what follows from these is here.

    Raises:
        NotImplementedError: by a method whose function the distribution does not have.
    """

    def __init__(
        self,
        dtype: Any,
        reparameterization_type: ReparameterizationType,
        validate_args: bool,
        allow_nan_stats: bool,
        parameters: dict[str, Any] | None = None,
        graph_parents: Any = None,
        name: str | None = None,
    ) -> None:
        if not name or not name.endswith("/"):
            with name_scope(name or type(self).__name__) as scope:
                name = scope
        self._name = name
        self._dtype = as_dtype(dtype)
        self._reparameterization_type = reparameterization_type
        self._validate_args, self._allow_nan_stats = validate_args, allow_nan_stats
        self._parameters = dict(parameters or {})

    # What it is.

    @property
    def name(self) -> str:
        """The scope of its operations, with a slash at the end."""
        return self._name

    @property
    def dtype(self) -> DType:
        """The type of events."""
        return self._dtype

    @property
    def parameters(self) -> dict[str, Any]:
        """The arguments that it was made with."""
        return {
            key: value
            for key, value in self._parameters.items()
            if key != "self" and not key.startswith("__")
        }

    @property
    def reparameterization_type(self) -> ReparameterizationType:
        return self._reparameterization_type

    @property
    def allow_nan_stats(self) -> bool:
        """Whether what is undefined is a NaN, and no error."""
        return self._allow_nan_stats

    @property
    def validate_args(self) -> bool:
        return self._validate_args

    def copy(self, **override_parameters_kwargs: Any) -> Any:
        """One of the same class, of its arguments but for those that are given."""
        return type(self)(**{**self.parameters, **override_parameters_kwargs})

    def __str__(self) -> str:
        return f'tfp.distributions.{type(self).__name__}("{self.name}"{self._described(", ", "=")})'

    def __repr__(self) -> str:
        return f"<tfp.distributions.{type(self).__name__} '{self.name}'{self._described(' ', '=')}>"

    def _described(self, before: str, between: str) -> str:
        shown = {
            "batch_shape": self.batch_shape,
            "event_shape": self.event_shape,
            "dtype": self.dtype.name,
        }
        return "".join(f"{before}{key}{between}{value}" for key, value in shown.items())

    # Shapes.

    def _batch_shape(self) -> TensorShape:
        return TensorShape(None)

    def _event_shape(self) -> TensorShape:
        return TensorShape([])

    def _batch_shape_tensor(self) -> Tensor:
        raise self._none("batch_shape_tensor")

    def _event_shape_tensor(self) -> Tensor:
        return constant([], dtype=int32)

    @property
    def batch_shape(self) -> TensorShape:
        """The shape of the batch of distributions, as far as it is known."""
        return as_shape(self._batch_shape())

    @property
    def event_shape(self) -> TensorShape:
        """The shape of one event, as far as it is known."""
        return as_shape(self._event_shape())

    def batch_shape_tensor(self, name: str = "batch_shape_tensor") -> Tensor:
        """The shape of the batch as a tensor."""
        return self._shape_tensor(name, "batch_shape", self.batch_shape, self._batch_shape_tensor)

    def event_shape_tensor(self, name: str = "event_shape_tensor") -> Tensor:
        """The shape of one event as a tensor."""
        return self._shape_tensor(name, "event_shape", self.event_shape, self._event_shape_tensor)

    def _shape_tensor(
        self, name: str, inner: str, known: TensorShape, compute: Callable[[], Tensor]
    ) -> Tensor:
        with self._scope(name):
            if known.is_fully_defined():
                return constant(known.as_list(), dtype=int32, shape=[known.ndims], name=inner)
            return compute()

    def is_scalar_batch(self, name: str = "is_scalar_batch") -> Tensor:
        """Whether there is but one distribution."""
        return self._is_scalar(name, self.batch_shape, self.batch_shape_tensor)

    def is_scalar_event(self, name: str = "is_scalar_event") -> Tensor:
        """Whether an event is one number."""
        return self._is_scalar(name, self.event_shape, self.event_shape_tensor)

    def _is_scalar(self, name: str, known: TensorShape, compute: Callable[[], Tensor]) -> Tensor:
        with self._scope(name):
            if known.ndims is not None:
                return convert_to_tensor(known.ndims == 0, name=name)
            return math.equal(array.shape(compute())[0], 0)

    # Samples.

    def sample(self, sample_shape: Any = (), seed: int | None = None, name: str = "sample") -> Tensor:
        """Draw events: `sample_shape`, then the batch's shape, then the event's."""
        with self._scope(name, [sample_shape]):
            shape = convert_to_tensor(sample_shape, dtype=int32, name="sample_shape")
            sizes = constant_value(shape)
            count: Any
            if sizes is not None:
                count = int(np.prod(sizes))
                if np.ndim(sizes) == 0:
                    shape = constant([count], dtype=int32, name="sample_shape")
            elif shape.shape.ndims == 0:
                count, shape = shape, array.reshape(shape, [1])
            else:
                count = reductions.reduce_prod(shape)
            drawn = self._sample_n(count, seed)
            result = array.reshape(drawn, concat([shape, array.shape(drawn)[1:]], 0))
            if sizes is not None:
                known = TensorShape(np.ravel(sizes).tolist())
                result.set_shape(known.concatenate(self.batch_shape).concatenate(self.event_shape))
            return result

    def _sample_n(self, n: Any, seed: int | None = None) -> Tensor:
        raise self._none("sample_n")

    # Functions of a value.

    def prob(self, value: Any, name: str = "prob") -> Tensor:
        """The density or probability of a value."""
        return self._of_value(name, value, "_prob", lambda x: math.exp(self._log_prob(x)))

    def log_prob(self, value: Any, name: str = "log_prob") -> Tensor:
        """The logarithm of the density or probability of a value."""
        return self._of_value(name, value, "_log_prob", lambda x: math.log(self._prob(x)))

    def cdf(self, value: Any, name: str = "cdf") -> Tensor:
        """The probability of what is not above a value."""
        return self._of_value(name, value, "_cdf", lambda x: math.exp(self._log_cdf(x)))

    def log_cdf(self, value: Any, name: str = "log_cdf") -> Tensor:
        """The logarithm of `cdf`."""
        return self._of_value(name, value, "_log_cdf", lambda x: math.log(self._cdf(x)))

    def survival_function(self, value: Any, name: str = "survival_function") -> Tensor:
        """The probability of what is above a value."""
        return self._of_value(name, value, "_survival_function", lambda x: 1.0 - self.cdf(x))

    def log_survival_function(self, value: Any, name: str = "log_survival_function") -> Tensor:
        """The logarithm of `survival_function`."""
        return self._of_value(
            name, value, "_log_survival_function", lambda x: math.log1p(math.negative(self.cdf(x)))
        )

    def quantile(self, value: Any, name: str = "quantile") -> Tensor:
        """The inverse of `cdf`."""
        return self._of_value(name, value, "_quantile", None)

    def _of_value(
        self, name: str, value: Any, hook: str, instead: Callable[[Tensor], Tensor] | None
    ) -> Tensor:
        with self._scope(name, [value]):
            of_events = hook not in ("_cdf", "_log_cdf")
            x = convert_to_tensor(value, name="value", dtype_hint=self.dtype if of_events else None)
            try:
                result: Tensor = getattr(self, hook)(x)
            except NotImplementedError as problem:
                if instead is None:
                    raise
                try:
                    result = instead(x)
                except NotImplementedError:
                    raise problem from None
            return result

    # Statistics.

    def entropy(self, name: str = "entropy") -> Tensor:
        """Shannon's entropy in nats."""
        return self._statistic(name, "_entropy")

    def mean(self, name: str = "mean") -> Tensor:
        """The mean."""
        return self._statistic(name, "_mean")

    def mode(self, name: str = "mode") -> Tensor:
        """The most probable event."""
        return self._statistic(name, "_mode")

    def variance(self, name: str = "variance") -> Tensor:
        """The variance of each element of an event."""
        return self._statistic(name, "_variance", lambda: math.square(self._stddev()))

    def stddev(self, name: str = "stddev") -> Tensor:
        """The root of the variance."""
        return self._statistic(name, "_stddev", lambda: math.sqrt(self._variance()))

    def covariance(self, name: str = "covariance") -> Tensor:
        """The covariance of the elements of an event."""
        return self._statistic(name, "_covariance")

    def _statistic(self, name: str, hook: str, instead: Callable[[], Tensor] | None = None) -> Tensor:
        with self._scope(name):
            try:
                result: Tensor = getattr(self, hook)()
            except NotImplementedError as problem:
                if instead is None:
                    raise
                try:
                    result = instead()
                except NotImplementedError:
                    raise problem from None
            return result

    def kl_divergence(self, other: Any, name: str = "kl_divergence") -> Tensor:
        """The divergence of Kullback and Leibler of this from another (`tf.distributions.kl_divergence`)."""
        from .divergence import kl_divergence

        with self._scope(name):
            return kl_divergence(self, other, allow_nan_stats=self.allow_nan_stats)

    def cross_entropy(self, other: Any, name: str = "cross_entropy") -> Tensor:
        """The entropy of this and its divergence from another."""
        from .divergence import kl_divergence

        with self._scope(name):
            return self.entropy() + kl_divergence(self, other)

    # For those below.

    @contextmanager
    def _scope(self, name: str, values: Any = None) -> Iterator[str]:
        with name_scope(self.name), name_scope(name, values=values) as scope:
            yield scope

    def _none(self, what: str) -> NotImplementedError:
        return NotImplementedError(f"{what} is not implemented: {type(self).__name__}")

    def __getattr__(self, hook: str) -> Any:
        # The hooks that a distribution does not have; they are asked for where they are called.
        if hook in _HOOKS:

            def missing(*_: Any) -> Tensor:
                raise self._none(hook[1:])

            return missing
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {hook!r}")


_HOOKS = frozenset(
    f"_{name}"
    for name in (
        *("prob", "log_prob", "cdf", "log_cdf", "survival_function", "log_survival_function", "quantile"),
        *("entropy", "mean", "mode", "variance", "stddev", "covariance"),
    )
)
