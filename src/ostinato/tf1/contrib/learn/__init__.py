"""The module `tf.contrib.learn`: its data sets from local files and its preprocessing of text."""

from ...names import absent
from . import datasets, preprocessing

__all__ = ["datasets", "preprocessing"]
__getattr__ = absent("tf.contrib.learn", __all__)
