"""Rows of a table by their index, where the table is whole or in shards."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch

from ..graph import name_scope
from ..registry import OutputTypes, ShapeMismatch, register
from ..shapes import TensorShape
from ..tensor import Tensor
from . import nn, picking
from .core import convert_to_tensor, one


def _lookup(ids: torch.Tensor, *tables: torch.Tensor, partition_strategy: str) -> torch.Tensor:
    flat, count = ids.reshape(-1).long(), len(tables)
    sizes = torch.tensor([table.shape[0] for table in tables])
    if partition_strategy == "mod":
        shard, row, past = flat % count, flat // count, flat < 0
    else:
        each, extras = divmod(int(sizes.sum()), count)
        shard = torch.maximum(flat // (each + 1), (flat - extras) // max(each, 1)).clamp(0, count - 1)
        row = torch.where(shard < extras, flat % (each + 1), (flat - extras) % max(each, 1))
        past = (flat < 0) | (flat >= sizes.sum())
    outside = past | (row >= sizes[shard])
    if outside.any():
        raise ValueError(
            f"indices = {int(flat[outside][0])} is not in the {count} tables of {sizes.tolist()} rows "
            f"(partition_strategy {partition_strategy!r})"
        )
    places = (sizes.cumsum(0) - sizes)[shard] + row
    return torch.cat(tables).index_select(0, places).reshape(*ids.shape, *tables[0].shape[1:])


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
                return picking.gather(shards[0], ids, name="Identity")
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
