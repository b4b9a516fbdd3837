"""The module `tf.keras`: layers and models on this graph and session."""

import importlib
from types import ModuleType

from ..names import absent
from . import activations, backend, constraints, initializers, regularizers

__all__ = ["activations", "backend", "constraints", "initializers", "layers", "regularizers"]

_LATER = ("layers",)
"""What stands on cells and drivers, which themselves take initialisers from here."""
_absent = absent("tf.keras", __all__)


def __getattr__(name: str) -> ModuleType:
    if name in _LATER:
        return importlib.import_module(f".{name}", __name__)
    return _absent(name)
