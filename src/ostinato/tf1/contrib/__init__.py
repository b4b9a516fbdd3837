"""The module `tf.contrib`."""

from ..names import absent
from . import framework, layers, rnn

__all__ = ["framework", "layers", "rnn"]

__getattr__ = absent("tf.contrib", __all__)
