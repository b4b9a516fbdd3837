"""The module `tf.layers`: the base that cells and layers derive from."""

from .layers_base import InputSpec, Layer
from .names import absent

__all__ = ["InputSpec", "Layer"]

__getattr__ = absent("tf.layers", __all__)
