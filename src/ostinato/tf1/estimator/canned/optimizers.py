"""An optimizer by name, as an object, or made when the model is."""

from __future__ import annotations

from typing import Any

from ... import train
from ...optimizer import Optimizer

_NAMED = {
    "Adagrad": train.AdagradOptimizer,
    "Adam": train.AdamOptimizer,
    "Ftrl": train.FtrlOptimizer,
    "RMSProp": train.RMSPropOptimizer,
    "SGD": train.GradientDescentOptimizer,
}


def optimizer_of(given: Any, learning_rate: float) -> Optimizer:
    """The optimizer that is meant.

    Raises:
        ValueError: a name of none, or what is no optimizer.
    """
    if isinstance(given, str):
        if given not in _NAMED:
            names = tuple(sorted(_NAMED))
            raise ValueError(f"Unsupported optimizer name: {given}. Supported names are: {names}")
        return _NAMED[given](learning_rate=learning_rate)
    made = given() if callable(given) else given
    if not isinstance(made, Optimizer):
        raise ValueError(f"The given object is not an Optimizer instance. Given: {made}")
    return made
