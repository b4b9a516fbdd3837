"""The module `tf.contrib`."""

from .. import keras
from ..names import absent
from . import (
    crf,
    cudnn_rnn,
    data,
    framework,
    layers,
    learn,
    legacy_seq2seq,
    lookup,
    losses,
    metrics,
    nn,
    rnn,
    seq2seq,
)

__all__ = [
    "crf",
    "cudnn_rnn",
    "data",
    "framework",
    "keras",
    "layers",
    "learn",
    "legacy_seq2seq",
    "lookup",
    "losses",
    "metrics",
    "nn",
    "rnn",
    "seq2seq",
]

__getattr__ = absent("tf.contrib", __all__)
