"""Layers that know their own configuration: what their `__init__` takes, as it is now."""

from __future__ import annotations

import inspect
from typing import Any

from ...keras_base import Layer
from .. import activations, constraints, initializers, regularizers


class Configured(Layer):
    """A layer whose arguments are its attributes, by the same names."""

    _not_configured: tuple[str, ...] = ("rank",)
    """Arguments of `__init__` that are none of the class's own."""
    activation: Any
    bias_constraint: Any
    bias_initializer: Any
    bias_regularizer: Any
    kernel_constraint: Any
    kernel_initializer: Any
    kernel_regularizer: Any
    moving_mean_initializer: Any
    moving_variance_initializer: Any

    def get_config(self) -> dict[str, Any]:
        """The arguments that make a layer like this one (TF1: `get_config`)."""
        config = super().get_config()
        for kind in type(self).__mro__:
            if kind is Configured:
                break
            for name in inspect.signature(vars(kind).get("__init__", _nothing)).parameters:
                skipped = name in ("self", "kwargs") or name in self._not_configured
                if not skipped and name not in config and hasattr(self, name):
                    config[name] = _plain(name, getattr(self, name))
        return config


def _nothing() -> None:
    """The arguments of a class that adds none to its base's."""


# What an argument may be a name of, by the ending of its own name.
_NAMED = (
    ("activation", activations),
    ("_initializer", initializers),
    ("_regularizer", regularizers),
    ("_constraint", constraints),
)


def _plain(name: str, value: Any) -> Any:
    """A value as a configuration has it: names and dicts in the place of objects."""
    for ending, module in _NAMED:
        known = value is not None and (module is activations or hasattr(value, "get_config"))
        if known and name.endswith(ending):
            return module.serialize(value)
    return value


def settle(layer: Any, given: dict[str, Any]) -> None:
    """Set those of the arguments of a layer's `__init__`, its `locals()`, that may be names: to objects.

    But for `activity_regularizer`, which layers of all kinds keep.
    """
    for name, value in given.items():
        for ending, module in _NAMED:
            if name.endswith(ending) and name != "activity_regularizer":
                setattr(layer, name, module.get(value))
