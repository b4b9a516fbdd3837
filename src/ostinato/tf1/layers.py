"""The module `tf.layers`: layers that keep their variables in the scope that they are first called in."""

from .layers_base import InputSpec, Layer
from .layers_core import Dense, Dropout, Flatten, dense, dropout, flatten
from .names import absent

__all__ = ["Dense", "Dropout", "Flatten", "InputSpec", "Layer", "dense", "dropout", "flatten"]

__getattr__ = absent("tf.layers", __all__)
