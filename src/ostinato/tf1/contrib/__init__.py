"""The module `tf.contrib`."""

from ..names import absent
from . import cudnn_rnn, framework, layers, learn, legacy_seq2seq, rnn, seq2seq

__all__ = ["cudnn_rnn", "framework", "layers", "learn", "legacy_seq2seq", "rnn", "seq2seq"]

__getattr__ = absent("tf.contrib", __all__)
