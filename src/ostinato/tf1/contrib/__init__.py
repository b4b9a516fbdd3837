"""The module `tf.contrib`."""

from ..names import absent
from . import framework, rnn

__all__ = ["framework", "rnn"]

__getattr__ = absent("tf.contrib", __all__)
