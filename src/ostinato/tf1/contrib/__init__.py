"""The module `tf.contrib`."""

from .. import keras
from ..names import absent
from . import (
    crf,
    cudnn_rnn,
    data,
    distributions,
    eager,
    feature_column,
    framework,
    layers,
    learn,
    legacy_seq2seq,
    lookup,
    losses,
    metrics,
    nn,
    opt,
    rnn,
    seq2seq,
    slim,
    tensorboard,
    training,
)

__all__ = [
    "crf",
    "cudnn_rnn",
    "data",
    "distributions",
    "eager",
    "feature_column",
    "framework",
    "keras",
    "layers",
    "learn",
    "legacy_seq2seq",
    "lookup",
    "losses",
    "metrics",
    "nn",
    "opt",
    "rnn",
    "seq2seq",
    "slim",
    "tensorboard",
    "training",
]

__getattr__ = absent("tf.contrib", __all__)
