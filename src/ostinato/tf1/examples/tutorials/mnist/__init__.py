"""The module `tensorflow.examples.tutorials.mnist`."""

from ....names import absent
from . import input_data, mnist

__all__ = ["input_data", "mnist"]
__getattr__ = absent("tf.examples.tutorials.mnist", __all__)
