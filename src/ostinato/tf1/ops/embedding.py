"""Rows of a table by their index, where the table is whole or in shards."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch

from ostinato._external import external

from .. import node_counts
from ..graph import get_default_graph, name_scope
from ..registry import OutputTypes, ShapeMismatch, register
from ..shapes import TensorShape
from ..tensor import Tensor
from . import array, lists, math, nn, picking, reductions, sets
from .core import convert_to_tensor, one


def shard_of(flat: torch.Tensor, sizes: Sequence[int], partition_strategy: str) -> tuple[Any, Any, Any]:
    """For each of some ids the shard where it is, its row there, and whether it is outside of all."""
    count, total = len(sizes), sum(sizes)
    if partition_strategy == "mod":
        shard, row, past = flat % count, flat // count, flat < 0
    else:
        each, extras = divmod(total, count)
        shard = torch.maximum(flat // (each + 1), (flat - extras) // max(each, 1)).clamp(0, count - 1)
        row = torch.where(shard < extras, flat % (each + 1), (flat - extras) % max(each, 1))
        past = (flat < 0) | (flat >= total)
    return shard, row, past


def _lookup(ids: torch.Tensor, *tables: torch.Tensor, partition_strategy: str) -> torch.Tensor:
    flat = ids.reshape(-1).long()
    sizes = torch.tensor([table.shape[0] for table in tables])
    shard, row, past = shard_of(flat, sizes.tolist(), partition_strategy)
    sizes = sizes.to(ids.device)
    outside = past | (row >= sizes[shard])
    _check_outside(outside, flat, sizes, partition_strategy)
    places = (sizes.cumsum(0) - sizes)[shard] + row
    return torch.cat(tables).index_select(0, places).reshape(*ids.shape, *tables[0].shape[1:])


@external
def _check_outside(
    outside: torch.Tensor, flat: torch.Tensor, sizes: torch.Tensor, partition_strategy: str
) -> None:
    if outside.any():
        raise ValueError(
            f"indices = {int(flat[outside][0])} is not in the {len(sizes)} tables of {sizes.tolist()} rows "
            f"(partition_strategy {partition_strategy!r})"
        )


def _rule(inputs: Sequence[Tensor], attributes: dict[str, Any]) -> OutputTypes:
    row = TensorShape(None)
    for table in inputs[1:]:
        try:
            row = row.merge_with(table.shape[1:])
        except ValueError:
            raise ShapeMismatch("The tables' rows must have one shape") from None
    return [(inputs[1].dtype.base_dtype, inputs[0].shape.concatenate(row))]


register("ShardedLookup", _lookup, _rule)


def embedding_lookup(
    params: Any,
    ids: Any,
    partition_strategy: str = "mod",
    name: str | None = None,
    validate_indices: bool = True,
    max_norm: Any = None,
) -> Tensor:
    """Rows of a table picked by index (TF1 symbol: `tf.nn.embedding_lookup`).

    Args:
        params: a tensor or variable `[rows, ...]`; or a list of them, or a variable in parts: shards.
        ids: integers of any shape.
        partition_strategy: where row i of a table in n shards is: "mod", row i // n of shard i % n; "div",
            as if the shards were parts of the whole in their order, the first ones longer by a row.
        validate_indices: not used: indices are always looked at.
        max_norm: rows whose norm is larger are scaled down to it.

    Returns:
        A tensor of shape ids.shape + params.shape[1:].

    Raises:
        ValueError: no params, another strategy, or shards whose rows differ in shape.
        tf.errors.InvalidArgumentError: where it is run: an index that is not in the table.

    >>> from ..graph import Graph
    >>> from ..session import Session
    >>> with Graph().as_default(), Session() as session:
    ...     session.run(embedding_lookup([[0.0, 2.0], [1.0, 3.0]], [3, 0])).tolist()
    [3.0, 0.0]
    """
    from ..partitioned import PartitionedVariable  # which is made of what is here

    shards = list(params) if isinstance(params, (list, tuple, PartitionedVariable)) else [params]
    if not shards:
        raise ValueError("Need at least one param")
    if len(shards) > 1 and partition_strategy not in ("mod", "div"):
        raise ValueError(f"Unrecognized partition strategy: {partition_strategy}")
    with name_scope(name, "embedding_lookup", [*shards, ids]) as scope:
        if len(shards) == 1:
            if max_norm is None:
                get_default_graph().skip(1)  # in TensorFlow the rows are passed on once more
                return picking.gather(shards[0], ids, name="Identity")
            with node_counts.as_many(get_default_graph(), node_counts.LOOKUP_WITH_NORM):
                return _clipped(picking.gather(shards[0], ids), ids, max_norm)
        tables = [convert_to_tensor(shard, name="params") for shard in shards]
        places = convert_to_tensor(ids, name="ids")
        rows = one("ShardedLookup", [places, *tables], scope, partition_strategy=partition_strategy)
        return rows if max_norm is None else _clipped(rows, places, max_norm)


def _clipped(rows: Tensor, ids: Any, max_norm: Any) -> Tensor:
    first = convert_to_tensor(ids).shape.ndims
    if first is None or rows.shape.ndims is None:
        raise ValueError("With max_norm, tf.nn.embedding_lookup needs ids and a table of known ranks.")
    return nn.clip_by_norm(rows, max_norm, list(range(first, rows.shape.ndims)))


# -- rows named by sparse tensors
def _combined(
    rows: torch.Tensor, segments: torch.Tensor, weights: torch.Tensor | None = None, combiner: str = "mean"
) -> torch.Tensor:
    """The rows of each segment made one; segments are in order, and an empty one is zero."""
    count = int(segments[-1]) + 1 if segments.numel() else 0
    if segments.numel() and (segments[1:] < segments[:-1]).any():
        raise ValueError("segment ids are not increasing: sort the sparse ids with tf.sparse_reorder")
    flat = rows.reshape(rows.shape[0], -1)
    if weights is not None:
        flat = flat * weights.unsqueeze(1)
    places = segments.long()
    total = flat.new_zeros((count, flat.shape[1])).index_add(0, places, flat)
    if combiner != "sum":
        each = torch.ones_like(flat[:, 0]) if weights is None else weights
        each = each * each if combiner == "sqrtn" else each
        size = flat.new_zeros(count).index_add(0, places, each)
        size = size.sqrt() if combiner == "sqrtn" else size
        if weights is None:
            size = size.clamp_min(1)
        total = total / size.unsqueeze(1)
    return total.reshape(count, *rows.shape[1:])


def _combined_rule(inputs: Sequence[Tensor], attributes: dict[str, Any]) -> OutputTypes:
    known = inputs[0].shape.known
    return [(inputs[0].dtype.base_dtype, TensorShape(None if known is None else [None, *known[1:]]))]


register("EmbeddingCombine", _combined, _combined_rule)


def embedding_lookup_sparse(
    params: Any,
    sp_ids: Any,
    sp_weights: Any,
    partition_strategy: str = "mod",
    name: str | None = None,
    combiner: str | None = None,
    max_norm: Any = None,
) -> Tensor:
    """The rows of a table that each row of a sparse tensor names, made one (TF1 symbol:
    `tf.nn.embedding_lookup_sparse`).

    Args:
        params: as for `embedding_lookup`.
        sp_ids: a SparseTensor `[batch, most]` of integers, in row-major order.
        sp_weights: None, or a SparseTensor of the same places.
        combiner: "sum"; "mean", which None is: the sum over the sum of the weights; "sqrtn": over the square
            root of the sum of their squares.

    Returns:
        A tensor `[batch, ...]`, up to the last row that is not empty.

    Raises:
        TypeError: ids or weights that are not sparse.
        ValueError: another combiner.
    """
    from ..partitioned import PartitionedVariable  # which is made of what is here
    from ..sparse_tensor import SparseTensor

    combiner = combiner or "mean"
    if combiner not in ("mean", "sqrtn", "sum"):
        raise ValueError("combiner must be one of 'mean', 'sqrtn' or 'sum'")
    if not isinstance(sp_ids, SparseTensor):
        raise TypeError("sp_ids must be SparseTensor")
    if sp_weights is not None:
        if not isinstance(sp_weights, SparseTensor):
            raise TypeError("sp_weights must be either None or SparseTensor")
        sp_ids.values.shape.assert_is_compatible_with(sp_weights.values.shape)
    shards = list(params) if isinstance(params, (list, tuple, PartitionedVariable)) else [params]
    count = node_counts.of_lookup(combiner, sp_weights is not None, max_norm is not None)
    graph = get_default_graph()
    named = name_scope(name, "embedding_lookup_sparse", [*shards, sp_ids.values])
    with node_counts.as_many(graph, count), named as scope:
        segments = sp_ids.indices[:, 0]
        # Each row once, as in TensorFlow: the gradient's rows are those that were looked up.
        ids, places = sets.unique(sp_ids.values)
        picked = embedding_lookup(shards, ids, partition_strategy, max_norm=max_norm)
        rows = picking.gather(picked, places)
        inputs = [rows, segments]
        if sp_weights is not None:
            inputs.append(math.cast(sp_weights.values, rows.dtype.base_dtype))
        return one("EmbeddingCombine", inputs, scope, combiner=combiner)


def safe_embedding_lookup_sparse(
    embedding_weights: Any,
    sparse_ids: Any,
    sparse_weights: Any = None,
    combiner: str = "mean",
    default_id: int | None = None,
    name: str | None = None,
    partition_strategy: str = "div",
    max_norm: Any = None,
) -> Tensor:
    """As `embedding_lookup_sparse`, for rows that may be empty and ids that may be negative (TF1 symbol:
    `tf.nn.safe_embedding_lookup_sparse`).

    Ids below 0, and those of weights that are not above 0 (but for "sum"), are left out. An empty row is
    that of `default_id`, or zeros. `sparse_ids` may have any rank: its last axis is made one.
    """
    from ..partitioned import PartitionedVariable
    from ..sparse_tensor import SparseTensor
    from . import sparse

    if isinstance(embedding_weights, (list, tuple, PartitionedVariable)):
        shards = list(embedding_weights)
    else:
        shards = [embedding_weights]
    if not shards or shards[0] is None:
        raise ValueError(f"Missing embedding_weights {embedding_weights}.")
    count = node_counts.of_safe_lookup(
        combiner, sparse_weights is not None, max_norm is not None, default_id is not None
    )
    named = name_scope(name, "embedding_lookup", [*shards, sparse_ids.values])
    with node_counts.as_many(get_default_graph(), count), named:
        whole = sparse_ids.dense_shape
        rank = whole.shape[0].value
        if rank is None:
            raise ValueError("safe_embedding_lookup_sparse needs ids of a known rank.")
        if rank != 2:
            rows = reductions.reduce_prod(whole[: rank - 1])
            sparse_ids = sparse.sparse_reshape(sparse_ids, lists.stack([rows, whole[rank - 1]]))
        if sparse_weights is not None:
            sparse_weights = SparseTensor(sparse_ids.indices, sparse_weights.values, sparse_ids.dense_shape)
        valid = math.greater_equal(sparse_ids.values, 0)
        if sparse_weights is not None and combiner != "sum":
            valid = math.logical_and(valid, math.greater(sparse_weights.values, 0.0))
        sparse_ids = sparse.sparse_retain(sparse_ids, valid)
        sparse_ids, is_empty = sparse.sparse_fill_empty_rows(sparse_ids, default_id or 0)
        if sparse_weights is not None:
            sparse_weights = sparse.sparse_retain(sparse_weights, valid)
            sparse_weights, _ = sparse.sparse_fill_empty_rows(sparse_weights, 1.0)
        result = embedding_lookup_sparse(
            shards, sparse_ids, sparse_weights, partition_strategy, combiner=combiner, max_norm=max_norm
        )
        if default_id is None:
            result = picking.where(is_empty, array.zeros_like(result), result)
        sizes = lists.concat([math.cast(whole, "int32")[: rank - 1], array.shape(result)[1:]], 0)
        final = array.reshape(result, sizes, name="Reshape_2")
        final.set_shape(TensorShape([None] * (rank - 1)).concatenate(result.shape[1:]))
        return final
