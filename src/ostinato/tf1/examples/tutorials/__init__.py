"""The module `tensorflow.examples.tutorials`."""

from ...names import absent
from . import mnist

__all__ = ["mnist"]
__getattr__ = absent("tf.examples.tutorials", __all__)
