"""Activations by name. Those whose derivative is a function of their output can run inside a sequence op;
every other one works step by step.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

Activation = str | Callable[[Tensor], Tensor]


def _linear(x: Tensor) -> Tensor:
    return x


def _hard_sigmoid(x: Tensor) -> Tensor:
    # Keras' definition; torch's own hardsigmoid has the slope 1/6.
    return torch.clamp(0.2 * x + 0.5, 0.0, 1.0)


_FUNCTIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "tanh": torch.tanh,
    "relu": torch.relu,
    "sigmoid": torch.sigmoid,
    "linear": _linear,
    "elu": functional.elu,
    "selu": torch.selu,
    "softplus": functional.softplus,
    "softsign": functional.softsign,
    "exponential": torch.exp,
    "hard_sigmoid": _hard_sigmoid,
}
# Other spellings of the same functions, so that activation=torch.nn.functional.relu runs as fast as
# activation="relu".
_NAMES: dict[Any, str] = {function: name for name, function in _FUNCTIONS.items()}
_NAMES |= {
    functional.relu: "relu",
    functional.tanh: "tanh",
    functional.sigmoid: "sigmoid",
    functional.selu: "selu",
}
_NAMES |= {Tensor.tanh: "tanh", Tensor.relu: "relu", Tensor.sigmoid: "sigmoid"}

DERIVATIVES: dict[str, Callable[[Tensor], Tensor]] = {
    "tanh": lambda y: 1.0 - y * y,
    "relu": lambda y: (y > 0).to(y.dtype),
    "sigmoid": lambda y: y * (1.0 - y),
    "linear": torch.ones_like,
}
"""d activation / d input as a function of the activation's output."""


def canonical(activation: Activation | None) -> Activation:
    """`activation` as a name where it has one; None is tanh.

    Raises:
        ValueError: an unknown name.
        TypeError: neither a name nor a callable.

    >>> canonical(None), canonical(torch.relu)
    ('tanh', 'relu')
    """
    if activation is None:
        return "tanh"
    if isinstance(activation, str):
        if activation not in _FUNCTIONS:
            raise ValueError(
                f"Unknown activation {activation!r}: use one of {', '.join(sorted(_FUNCTIONS))}, "
                "or a function of a tensor."
            )
        return activation
    if not callable(activation):
        raise TypeError(f"activation must be a name or a function of a tensor, but is {activation!r}.")
    try:
        return _NAMES.get(activation, activation)
    except TypeError:  # an unhashable callable has no name here, and is as good as any other
        return activation


def function(activation: Activation) -> Callable[[Tensor], Tensor]:
    return _FUNCTIONS[activation] if isinstance(activation, str) else activation
