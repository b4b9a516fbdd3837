"""The module `tf.contrib`."""

from ..names import absent
from . import rnn

__all__ = ["rnn"]

__getattr__ = absent("tf.contrib", __all__)
