"""The module `tf.keras.activations`."""

from __future__ import annotations

from typing import Any

from ..activations import hard_sigmoid, linear
from ..names import absent, nearest
from ..ops import math, nn
from ..ops.core import convert_to_tensor
from ..ops.nn import elu, selu, softplus, softsign
from ..tensor import Tensor


def softmax(x: Any, axis: int = -1) -> Tensor:
    """Softmax along an axis (TF1 symbol: `tf.keras.activations.softmax`).

    Raises:
        ValueError: a tensor of rank 1.
    """
    value = convert_to_tensor(x)
    if value.shape.ndims is not None and value.shape.ndims < 2:
        raise ValueError("Cannot apply softmax to a tensor that is 1D")
    return nn.softmax(value, axis=axis)


def relu(x: Any, alpha: float = 0.0, max_value: float | None = None, threshold: float = 0) -> Tensor:
    """x above the threshold, up to `max_value`; alpha * (x - threshold) below (TF1 symbol:
    `tf.keras.activations.relu`).
    """
    value = convert_to_tensor(x)
    if not threshold:
        if alpha:
            result = nn.leaky_relu(value, alpha)
        elif max_value == 6:
            return nn.relu6(value)
        else:
            result = nn.relu(value)
    else:
        above = math.cast(math.greater(value, threshold), value.dtype)
        result = value * above
        if alpha:
            result = result + alpha * (value - threshold) * (1.0 - above)
    if max_value is None:
        return result
    return math.minimum(result, convert_to_tensor(max_value, value.dtype.base_dtype))


def tanh(x: Any) -> Tensor:
    """The hyperbolic tangent (TF1 symbol: `tf.keras.activations.tanh`)."""
    return math.tanh(x)


def sigmoid(x: Any) -> Tensor:
    """1 / (1 + exp(-x)) (TF1 symbol: `tf.keras.activations.sigmoid`)."""
    return math.sigmoid(x)


def exponential(x: Any) -> Tensor:
    """exp(x) (TF1 symbol: `tf.keras.activations.exponential`)."""
    return math.exp(x)


_BY_NAME: dict[str, Any] = {
    "elu": elu,
    "exponential": exponential,
    "hard_sigmoid": hard_sigmoid,
    "linear": linear,
    "relu": relu,
    "selu": selu,
    "sigmoid": sigmoid,
    "softmax": softmax,
    "softplus": softplus,
    "softsign": softsign,
    "tanh": tanh,
}


def serialize(activation: Any) -> Any:
    """An activation's name."""
    for name, function in _BY_NAME.items():
        if function is activation:
            return name
    return getattr(activation, "__name__", str(activation))


def deserialize(name: Any, custom_objects: dict[str, Any] | None = None) -> Any:
    """The activation of a name."""
    known = {**_BY_NAME, **(custom_objects or {})}
    if name not in known:
        raise ValueError(f"Unknown activation function:{name}{nearest(name, known)}")
    return known[name]


def get(identifier: Any) -> Any:
    """The function that a name or a callable stands for; `linear` for None (TF1 symbol:
    `tf.keras.activations.get`).

    Raises:
        ValueError: an unknown name.
        TypeError: neither a name nor a callable.
    """
    if identifier is None:
        return linear
    if isinstance(identifier, str):
        return deserialize(identifier)
    if callable(identifier):
        return identifier
    raise TypeError(f"Could not interpret activation function identifier: {identifier!r}")


__all__ = [
    "deserialize",
    "elu",
    "exponential",
    "get",
    "hard_sigmoid",
    "linear",
    "relu",
    "selu",
    "serialize",
    "sigmoid",
    "softmax",
    "softplus",
    "softsign",
    "tanh",
]
__getattr__ = absent("tf.keras.activations", __all__)
