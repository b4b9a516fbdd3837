"""Modules that stand for TensorFlow 1's internal ones and show what is elsewhere in this face."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import ModuleType
from typing import Any


def served_module(
    name: str, sources: Iterable[ModuleType], underscored: Mapping[str, Any] | None = None
) -> ModuleType:
    """The module `name`, with the public names of `sources`, of which the first goes before.

    A trailing underscore in a source (`abs_`, `bool_`) stands for the name without it. `underscored` are
    names that begin with an underscore there, which no source shows.
    """
    module = ModuleType(name, f"What {name} shows of ostinato.tf1.")
    for source in reversed(list(sources)):
        for key, value in vars(source).items():
            if not key.startswith("_"):
                setattr(module, key.rstrip("_"), value)
    vars(module).update(underscored or {})
    return module
