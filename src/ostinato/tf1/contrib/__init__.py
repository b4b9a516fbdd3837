"""The module `tf.contrib`."""

from ..names import absent
from . import framework, layers, legacy_seq2seq, rnn

__all__ = ["framework", "layers", "legacy_seq2seq", "rnn"]

__getattr__ = absent("tf.contrib", __all__)
