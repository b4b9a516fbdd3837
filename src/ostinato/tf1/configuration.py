"""Arguments of cells as plain values, for `get_config`."""

from __future__ import annotations

from typing import Any

from .activations import core_activation


def plain(value: Any) -> Any:
    """An activation as its name, an initialiser as its class and configuration, anything else as it is.

    >>> from ostinato.tf1 import zeros_initializer
    >>> plain(zeros_initializer()), plain(3)
    ({'class_name': 'Zeros', 'config': {'dtype': 'float32'}}, 3)
    """
    from .keras import initializers  # whose layers have cells, which import this

    if callable(value):
        name = core_activation(value)
        if name is not None:
            return name
        return initializers.serialize(value) if hasattr(value, "get_config") else _name_of(value)
    return value


def _name_of(function: Any) -> str:
    return str(getattr(function, "__name__", type(function).__name__))
