"""What a module of this face says when it is asked for a name that it does not have."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable
from typing import Any


def nearest(name: str, there_are: Iterable[str]) -> str:
    """'; the nearest there is ...', or nothing where nothing is near.

    >>> nearest("dynamic_rrn", ["static_rnn", "dynamic_rnn"])
    '; the nearest that there is is dynamic_rnn'
    """
    found = difflib.get_close_matches(name, list(there_are), n=1, cutoff=0.6)
    return f"; the nearest that there is is {found[0]}" if found else ""


def absent(module: str, names: Iterable[str]) -> Callable[[str], Any]:
    """A module's `__getattr__`: it raises an AttributeError that names the nearest name."""

    def __getattr__(name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(f"module {module!r} has no attribute {name!r}")
        raise AttributeError(
            f"{module}.{name} is not among the TensorFlow 1 symbols here{nearest(name, names)}."
        )

    return __getattr__
