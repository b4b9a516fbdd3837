"""What a module of this face says when it is asked for a name that it does not have."""

from __future__ import annotations

import difflib
import sys
from collections.abc import Callable, Iterable
from typing import Any

from .refused import way_out

_PUBLIC = [
    "",
    "nn",
    "nn.rnn_cell",
    "train",
    "layers",
    "initializers",
    "random",
    "contrib.rnn",
    "contrib.framework",
]


def nearest(name: str, there_are: Iterable[str]) -> str:
    """'; the nearest there is ...', or nothing where nothing is near.

    >>> nearest("dynamic_rrn", ["static_rnn", "dynamic_rnn"])
    '; the nearest that there is is dynamic_rnn'
    """
    found = difflib.get_close_matches(name, list(there_are), n=1, cutoff=0.6)
    return f"; the nearest that there is is {found[0]}" if found else ""


def _elsewhere(name: str) -> str:
    """'; there is ...', where a public module that is loaded has that very name."""
    for module in _PUBLIC:
        path = f"{__package__}.{module.removeprefix('nn.')}".rstrip(".")
        if name in getattr(sys.modules.get(path), "__all__", ()):
            return f"; there is {'.'.join(filter(None, ['tf', module, name]))}"
    return ""


def absent(module: str, names: Iterable[str]) -> Callable[[str], Any]:
    """A module's `__getattr__`: it raises an AttributeError that names the nearest name."""

    def __getattr__(name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(f"module {module!r} has no attribute {name!r}")
        instead = way_out(f"{module}.{name}")
        if instead is not None:
            raise AttributeError(f"{module}.{name} is not among the TensorFlow 1 symbols here: {instead}.")
        hint = _elsewhere(name) or nearest(name, names)
        raise AttributeError(f"{module}.{name} is not among the TensorFlow 1 symbols here{hint}.")

    return __getattr__
