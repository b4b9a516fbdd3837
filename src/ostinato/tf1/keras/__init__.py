"""The module `tf.keras`: layers and models on this graph and session."""

import importlib
from typing import Any

from ..names import absent
from . import activations, backend, constraints, initializers, regularizers

__all__ = [
    "Input",
    "Model",
    "Sequential",
    "activations",
    "backend",
    "callbacks",
    "constraints",
    "datasets",
    "initializers",
    "layers",
    "losses",
    "metrics",
    "models",
    "optimizers",
    "preprocessing",
    "regularizers",
    "utils",
    "wrappers",
]
__version__ = "2.2.4-tf"

_LATER = (
    "callbacks",
    "datasets",
    "layers",
    "losses",
    "metrics",
    "models",
    "optimizers",
    "preprocessing",
    "utils",
    "wrappers",
)
"""What stands on cells and drivers, which themselves take initialisers from here."""
SUBMODULES = ("activations", "backend", "constraints", "initializers", "regularizers", *_LATER)
_OF_MODULES = {"Input": "inputs", "Model": "models", "Sequential": "models"}
_absent = absent("tf.keras", __all__)


def __getattr__(name: str) -> Any:
    if name in _OF_MODULES:
        return getattr(importlib.import_module(f".{_OF_MODULES[name]}", __name__), name)
    if name in _LATER:
        try:
            return importlib.import_module(f".{name}", __name__)
        except ModuleNotFoundError as problem:
            if problem.name != f"{__name__}.{name}":
                raise
    return _absent(name)
