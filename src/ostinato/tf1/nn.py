"""The module `tf.nn`."""

from . import rnn_cell
from .names import absent
from .ops.embedding import embedding_lookup
from .ops.math import sigmoid, tanh
from .ops.nn import (
    bias_add,
    dropout,
    elu,
    in_top_k,
    l2_loss,
    leaky_relu,
    log_softmax,
    relu,
    relu6,
    selu,
    sigmoid_cross_entropy_with_logits,
    softmax,
    softmax_cross_entropy_with_logits,
    softmax_cross_entropy_with_logits_v2,
    softplus,
    softsign,
    sparse_softmax_cross_entropy_with_logits,
    xw_plus_b,
)
from .ops.normalization import l2_normalize, moments
from .rnn import dynamic_rnn
from .rnn_bidirectional import bidirectional_dynamic_rnn, static_bidirectional_rnn
from .rnn_raw import raw_rnn
from .rnn_static import static_rnn, static_state_saving_rnn

__all__ = [
    "bias_add",
    "bidirectional_dynamic_rnn",
    "dropout",
    "dynamic_rnn",
    "elu",
    "embedding_lookup",
    "in_top_k",
    "l2_loss",
    "l2_normalize",
    "leaky_relu",
    "log_softmax",
    "moments",
    "raw_rnn",
    "relu",
    "relu6",
    "rnn_cell",
    "selu",
    "sigmoid",
    "sigmoid_cross_entropy_with_logits",
    "softmax",
    "softmax_cross_entropy_with_logits",
    "softmax_cross_entropy_with_logits_v2",
    "softplus",
    "softsign",
    "sparse_softmax_cross_entropy_with_logits",
    "static_bidirectional_rnn",
    "static_rnn",
    "static_state_saving_rnn",
    "tanh",
    "xw_plus_b",
]

__getattr__ = absent("tf.nn", __all__)
