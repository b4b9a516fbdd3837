"""The module `tf.keras`: layers and models on this graph and session."""

from ..names import absent
from . import activations, backend, constraints, initializers, layers, regularizers

__all__ = ["activations", "backend", "constraints", "initializers", "layers", "regularizers"]

__getattr__ = absent("tf.keras", __all__)
