"""Sequences of ids as vectors."""

from __future__ import annotations

from typing import Any

from ...graph import name_scope
from ...ops import array
from ...ops.core import convert_to_tensor
from ...ops.embedding import embedding_lookup
from ...ops.lists import concat
from ...ops.reductions import reduce_mean
from ...tensor import Tensor
from ...variable_scope import variable_scope
from .utils import model_variable


def embedding_lookup_unique(
    params: Any, ids: Any, partition_strategy: str = "mod", name: str | None = None
) -> Tensor:
    """Rows by their ids, of which each is fetched once (TF1: `tf.contrib.layers.embedding_lookup_unique`)."""
    from ... import unique

    with name_scope(name, "EmbeddingLookupUnique", [params, ids]):
        ids = convert_to_tensor(ids)
        sizes = array.shape(ids)
        found, places = unique(array.reshape(ids, [-1]))
        rows = embedding_lookup(params, found, partition_strategy)
        flat = embedding_lookup(rows, places)
        depth = array.shape(rows)
        outputs = array.reshape(flat, concat([sizes, depth[1:]], 0))
        outputs.set_shape(ids.shape.concatenate(rows.shape[1:]))
        return outputs


def embed_sequence(
    ids: Any,
    vocab_size: int | None = None,
    embed_dim: int | None = None,
    unique: bool = False,
    initializer: Any = None,
    regularizer: Any = None,
    trainable: bool = True,
    scope: Any = None,
    reuse: Any = None,
) -> Tensor:
    """Rows of a variable `embeddings` by their ids (TF1 symbol: `tf.contrib.layers.embed_sequence`).

    Raises:
        ValueError: a size is missing where the variable is not shared.
    """
    if not (reuse or (vocab_size and embed_dim)):
        raise ValueError(
            "Must specify vocab size and embedding dimension when not reusing. Got "
            f"vocab_size={vocab_size} and embed_dim={embed_dim}"
        )
    with variable_scope(scope, "EmbedSequence", [ids], reuse=reuse):
        shape = None if (reuse and vocab_size is None) or embed_dim is None else [vocab_size, embed_dim]
        embeddings = model_variable(
            "embeddings", shape=shape, initializer=initializer, regularizer=regularizer, trainable=trainable
        )
        return embedding_lookup_unique(embeddings, ids) if unique else embedding_lookup(embeddings, ids)


def bow_encoder(
    ids: Any,
    vocab_size: int,
    embed_dim: int,
    sparse_lookup: bool = True,
    initializer: Any = None,
    regularizer: Any = None,
    trainable: bool = True,
    scope: Any = None,
    reuse: Any = None,
) -> Tensor:
    """The mean of the rows of each sequence of ids (TF1 symbol: `tf.contrib.layers.bow_encoder`).

    `sparse_lookup` leaves out ids of zero.

    Raises:
        ValueError: a size is missing.
        TypeError: a sparse tensor of ids without `sparse_lookup`.
    """
    from ... import SparseTensor, nn
    from .shaping import dense_to_sparse

    if not vocab_size or not embed_dim:
        raise ValueError("Must specify vocab size and embedding dimension")
    with variable_scope(scope, "bow_encoder", [] if isinstance(ids, SparseTensor) else [ids], reuse=reuse):
        embeddings = model_variable(
            "embeddings",
            shape=[vocab_size, embed_dim],
            initializer=initializer,
            regularizer=regularizer,
            trainable=trainable,
        )
        if not sparse_lookup:
            if isinstance(ids, SparseTensor):
                raise TypeError("ids are expected to be dense Tensor, got: %s", ids)
            return reduce_mean(embedding_lookup(embeddings, ids), axis=1)
        sparse = ids if isinstance(ids, SparseTensor) else dense_to_sparse(ids)
        return nn.safe_embedding_lookup_sparse([embeddings], sparse, combiner="mean", default_id=0)
