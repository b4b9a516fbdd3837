"""The module `tf.keras`, as far as it is about initialisers."""

from ..names import absent
from . import initializers

__all__ = ["initializers"]

__getattr__ = absent("tf.keras", __all__)
