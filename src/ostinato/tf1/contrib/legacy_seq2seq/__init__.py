"""The module `tf.contrib.legacy_seq2seq`: encoders and decoders of lists, one node for each step."""

from ...linear import Linear
from ...names import absent
from .attention_decoders import attention_decoder, embedding_attention_decoder
from .decoders import embedding_rnn_decoder, extract_argmax_and_embed, rnn_decoder
from .losses import model_with_buckets, sequence_loss, sequence_loss_by_example
from .models import (
    basic_rnn_seq2seq,
    embedding_attention_seq2seq,
    embedding_rnn_seq2seq,
    embedding_tied_rnn_seq2seq,
    one2many_rnn_seq2seq,
    tied_rnn_seq2seq,
)

UNDERSCORED = {"_extract_argmax_and_embed": extract_argmax_and_embed, "Linear": Linear}

__all__ = [
    "attention_decoder",
    "basic_rnn_seq2seq",
    "embedding_attention_decoder",
    "embedding_attention_seq2seq",
    "embedding_rnn_decoder",
    "embedding_rnn_seq2seq",
    "embedding_tied_rnn_seq2seq",
    "model_with_buckets",
    "one2many_rnn_seq2seq",
    "rnn_decoder",
    "sequence_loss",
    "sequence_loss_by_example",
    "tied_rnn_seq2seq",
]

__getattr__ = absent("tf.contrib.legacy_seq2seq", __all__)
