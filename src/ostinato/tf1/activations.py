"""Activations by name, as functions of tensors, and which of them the core knows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .ops import array, math, nn
from .ops.core import convert_to_tensor
from .tensor import Tensor


def linear(x: Any, name: str | None = None) -> Tensor:
    """The tensor itself."""
    return convert_to_tensor(x)


def hard_sigmoid(x: Any, name: str | None = None) -> Tensor:
    """Keras' piecewise linear sigmoid: 0.2 x + 0.5 held between 0 and 1."""
    return nn.clip_by_value(0.2 * convert_to_tensor(x) + 0.5, 0.0, 1.0)


_BY_NAME: dict[str, Callable[..., Tensor]] = {
    "tanh": math.tanh,
    "relu": nn.relu,
    "sigmoid": math.sigmoid,
    "linear": linear,
    "elu": nn.elu,
    "selu": nn.selu,
    "softplus": nn.softplus,
    "softsign": nn.softsign,
    "exponential": math.exp,
    "hard_sigmoid": hard_sigmoid,
    "softmax": nn.softmax,
}
_CORE_NAMES: dict[Any, str] = {function: name for name, function in _BY_NAME.items() if name != "softmax"}
_CORE_NAMES[array.identity] = "linear"


def activation_function(activation: Any) -> Callable[..., Tensor]:
    """The function of an `activation` argument: a name, a function of tensors, or None for tanh.

    Raises:
        ValueError: an unknown name.
        TypeError: neither a name nor callable.
    """
    if activation is None:
        return math.tanh
    if isinstance(activation, str):
        if activation not in _BY_NAME:
            raise ValueError(
                f"Unknown activation function: {activation}. It is one of {', '.join(sorted(_BY_NAME))}."
            )
        return _BY_NAME[activation]
    if not callable(activation):
        raise TypeError(f"Could not interpret activation function identifier: {activation!r}")
    return activation


def core_activation(function: Any) -> str | None:
    """The core's name of an activation, or None: then it has to be traced."""
    try:
        return _CORE_NAMES.get(function)
    except TypeError:
        return None
