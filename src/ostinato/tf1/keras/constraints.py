"""The module `tf.keras.constraints`: what a variable is held to after each update."""

from __future__ import annotations

from typing import Any

from ..names import absent, nearest
from ..ops.core import convert_to_tensor
from ..ops.math import cast, greater_equal, sqrt, square
from ..ops.nn import clip_by_value
from ..ops.reductions import reduce_sum
from ..tensor import Tensor

_EPSILON = 1e-7


class Constraint:
    """Base of the constraints (TF1 symbol: `tf.keras.constraints.Constraint`)."""

    def __call__(self, w: Any) -> Any:
        return w

    def get_config(self) -> dict[str, Any]:
        return dict(vars(self))


def _norms(w: Any, axis: Any) -> Tensor:
    return sqrt(reduce_sum(square(convert_to_tensor(w)), axis=axis, keepdims=True))


class MaxNorm(Constraint):
    """Norms of at most `max_value` along an axis (TF1 symbol: `tf.keras.constraints.MaxNorm`)."""

    def __init__(self, max_value: float = 2, axis: Any = 0) -> None:
        self.max_value, self.axis = max_value, axis

    def __call__(self, w: Any) -> Tensor:
        norms = _norms(w, self.axis)
        return w * (clip_by_value(norms, 0.0, float(self.max_value)) / (_EPSILON + norms))


class NonNeg(Constraint):
    """No negative numbers (TF1 symbol: `tf.keras.constraints.NonNeg`)."""

    def __call__(self, w: Any) -> Tensor:
        value = convert_to_tensor(w)
        return value * cast(greater_equal(value, 0.0), value.dtype)


class UnitNorm(Constraint):
    """Norms of one along an axis (TF1 symbol: `tf.keras.constraints.UnitNorm`)."""

    def __init__(self, axis: Any = 0) -> None:
        self.axis = axis

    def __call__(self, w: Any) -> Tensor:
        return w / (_EPSILON + _norms(w, self.axis))


class MinMaxNorm(Constraint):
    """Norms between two bounds along an axis (TF1 symbol: `tf.keras.constraints.MinMaxNorm`)."""

    def __init__(
        self, min_value: float = 0.0, max_value: float = 1.0, rate: float = 1.0, axis: Any = 0
    ) -> None:
        self.min_value, self.max_value, self.rate, self.axis = min_value, max_value, rate, axis

    def __call__(self, w: Any) -> Tensor:
        norms = _norms(w, self.axis)
        held = clip_by_value(norms, float(self.min_value), float(self.max_value))
        return w * ((self.rate * held + (1 - self.rate) * norms) / (_EPSILON + norms))


max_norm = maxnorm = MaxNorm
non_neg = nonneg = NonNeg
unit_norm = unitnorm = UnitNorm
min_max_norm = MinMaxNorm
_BY_NAME: dict[str, Any] = {
    "MaxNorm": MaxNorm,
    "NonNeg": NonNeg,
    "UnitNorm": UnitNorm,
    "MinMaxNorm": MinMaxNorm,
    "max_norm": MaxNorm,
    "non_neg": NonNeg,
    "unit_norm": UnitNorm,
    "min_max_norm": MinMaxNorm,
}


def serialize(constraint: Any) -> Any:
    """The class's name and the configuration: what `deserialize` takes."""
    return {"class_name": type(constraint).__name__, "config": constraint.get_config()}


def deserialize(config: Any, custom_objects: dict[str, Any] | None = None) -> Any:
    """The constraint of a name, or of a dict as `serialize` gives it."""
    known = {**_BY_NAME, **(custom_objects or {})}
    name = config if isinstance(config, str) else config["class_name"]
    if name not in known:
        raise ValueError(f"Unknown constraint:{name}{nearest(name, known)}")
    return known[name](**({} if isinstance(config, str) else config["config"]))


def get(identifier: Any) -> Any:
    """The constraint that a name, a configuration or a callable stands for; None for None."""
    if identifier is None or callable(identifier):
        return identifier
    if isinstance(identifier, (str, dict)):
        return deserialize(identifier)
    raise ValueError(f"Could not interpret constraint identifier: {identifier}")


__all__ = [
    "Constraint",
    "MaxNorm",
    "MinMaxNorm",
    "NonNeg",
    "UnitNorm",
    "deserialize",
    "get",
    "max_norm",
    "min_max_norm",
    "non_neg",
    "serialize",
    "unit_norm",
]
__getattr__ = absent("tf.keras.constraints", __all__)
