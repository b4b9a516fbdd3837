"""The module `tf.keras.optimizers.schedules`: learning rates that an optimiser asks for at each step.

>>> import ostinato.tf1 as tf
>>> with tf.Graph().as_default(), tf.Session() as session:
...     schedule = tf.keras.optimizers.schedules.ExponentialDecay(1.0, decay_steps=10, decay_rate=0.5)
...     session.run(schedule(20)).item()
0.25
"""

from __future__ import annotations

from typing import Any

from .. import learning_rates
from ..arguments import handed_on
from ..names import absent, nearest
from ..ops.core import convert_to_tensor
from ..ops.math import cast
from ..tensor import Tensor


class LearningRateSchedule:
    """Base of the schedules (TF1 symbol: `tf.keras.optimizers.schedules.LearningRateSchedule`).

    Derive from it: `__call__` gives the rate of a step.
    """

    def __call__(self, step: Any) -> Any:
        raise NotImplementedError("Learning rate schedule must override __call__")

    def get_config(self) -> dict[str, Any]:
        raise NotImplementedError("Learning rate schedule must override get_config")

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Any:
        """The schedule of what `get_config` gave."""
        return cls(**config)


class _OfArguments(LearningRateSchedule):
    """A schedule whose arguments are its attributes and its configuration."""

    _arguments: tuple[str, ...] = ()

    def _keep(self, **arguments: Any) -> None:
        self._arguments = tuple(arguments)
        vars(self).update(arguments)

    def get_config(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self._arguments}


class ExponentialDecay(_OfArguments):
    """rate * decay_rate ^ (step / decay_steps) (TF1: `tf.keras.optimizers.schedules.ExponentialDecay`)."""

    def __init__(
        self,
        initial_learning_rate: Any,
        decay_steps: Any,
        decay_rate: Any,
        staircase: bool = False,
        name: str | None = None,
    ) -> None:
        self._keep(**handed_on(locals()))

    def __call__(self, step: Any) -> Tensor:
        kept = self.get_config()
        rate, name = kept.pop("initial_learning_rate"), kept.pop("name") or "ExponentialDecay"
        return learning_rates.exponential_decay(rate, step, **kept, name=name)


class InverseTimeDecay(_OfArguments):
    """rate / (1 + decay_rate * step / decay_steps) (TF1:
    `tf.keras.optimizers.schedules.InverseTimeDecay`).
    """

    def __init__(
        self,
        initial_learning_rate: Any,
        decay_steps: Any,
        decay_rate: Any,
        staircase: bool = False,
        name: str | None = None,
    ) -> None:
        self._keep(**handed_on(locals()))

    def __call__(self, step: Any) -> Tensor:
        kept = self.get_config()
        rate, name = kept.pop("initial_learning_rate"), kept.pop("name") or "InverseTimeDecay"
        return learning_rates.inverse_time_decay(rate, step, **kept, name=name)


class PiecewiseConstantDecay(_OfArguments):
    """A rate for each stretch of steps (TF1: `tf.keras.optimizers.schedules.PiecewiseConstantDecay`).

    Raises:
        ValueError: not one rate more than boundaries.
    """

    def __init__(self, boundaries: Any, values: Any, name: str | None = None) -> None:
        if len(boundaries) != len(values) - 1:
            raise ValueError("The length of boundaries should be 1 less than the length of values")
        self._keep(**handed_on(locals()))

    def __call__(self, step: Any) -> Tensor:
        kept = self.get_config()
        step = convert_to_tensor(step)
        boundaries = [cast(item, step.dtype.base_dtype) for item in kept["boundaries"]]
        return learning_rates.piecewise_constant(
            step, boundaries, kept["values"], name=kept["name"] or "PiecewiseConstant"
        )


class PolynomialDecay(_OfArguments):
    """From one rate to another, by a power (TF1: `tf.keras.optimizers.schedules.PolynomialDecay`)."""

    def __init__(
        self,
        initial_learning_rate: Any,
        decay_steps: Any,
        end_learning_rate: Any = 0.0001,
        power: Any = 1.0,
        cycle: bool = False,
        name: str | None = None,
    ) -> None:
        self._keep(**handed_on(locals()))

    def __call__(self, step: Any) -> Tensor:
        kept = self.get_config()
        rate, name = kept.pop("initial_learning_rate"), kept.pop("name") or "PolynomialDecay"
        return learning_rates.polynomial_decay(rate, step, **kept, name=name)


_KNOWN: dict[str, Any] = {
    kind.__name__: kind
    for kind in (ExponentialDecay, InverseTimeDecay, PiecewiseConstantDecay, PolynomialDecay)
}


def serialize(learning_rate_schedule: Any) -> dict[str, Any]:
    """The class's name and the configuration (TF1 symbol: `tf.keras.optimizers.schedules.serialize`)."""
    return {
        "class_name": type(learning_rate_schedule).__name__,
        "config": learning_rate_schedule.get_config(),
    }


def deserialize(config: dict[str, Any], custom_objects: dict[str, Any] | None = None) -> Any:
    """The schedule of a configuration (TF1 symbol: `tf.keras.optimizers.schedules.deserialize`).

    Raises:
        ValueError: there is no schedule of that name.
    """
    known = {**_KNOWN, **(custom_objects or {})}
    if config["class_name"] not in known:
        name = config["class_name"]
        raise ValueError(f"Unknown decay: {name}{nearest(name, known)}")
    return known[config["class_name"]].from_config(config["config"])


__all__ = [
    "ExponentialDecay",
    "InverseTimeDecay",
    "LearningRateSchedule",
    "PiecewiseConstantDecay",
    "PolynomialDecay",
    "deserialize",
    "serialize",
]
__getattr__ = absent("tf.keras.optimizers.schedules", __all__)
