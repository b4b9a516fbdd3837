"""The module `tensorflow.examples`: its MNIST tutorial's helpers."""

from ..names import absent
from . import tutorials

__all__ = ["tutorials"]
__getattr__ = absent("tf.examples", __all__)
