"""Tensors of which a gradient sees nothing but rows looked up: their gradient is taken with respect to what
was looked up, and is IndexedSlices, as in TensorFlow: the whole of a large table is never made, and what goes
by the rows (the norm to which gradients are clipped, optimisers that leave other rows alone) sees each row
as often as it was looked up.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .dtypes import int64
from .graph import name_scope
from .indexed_slices import IndexedSlices
from .ops import array, lists
from .ops.core import make
from .ops.embedding import shard_of
from .ops.math import cast
from .registry import constant_value, register
from .shapes import TensorShape
from .tensor import Operation, Tensor

_OPERATIONS = ("GatherV2", "GatherNd", "ShardedLookup")


def lookups(x: Tensor, reached: set[Tensor], ys: Sequence[Tensor]) -> list[Operation] | None:
    """The lookups of rows of x, the last first, where gradients of the ys go through no other use of it.

    reached: the tensors that the gradients go to.
    """
    if x.graph.outer is not None or x.shape.ndims in (None, 0):
        return None
    found: list[Operation] = []
    waiting = [x]
    while waiting:
        tensor = waiting.pop()
        if tensor in ys:
            return None
        for operation in dict.fromkeys(tensor._consumers):
            if operation.type == "Gradients":
                # One that is differentiated again itself: its ys go to where ours do.
                if not reached.isdisjoint(operation.outputs) and tensor in operation.inputs:
                    return None
            elif reached.isdisjoint(operation.outputs):
                continue
            elif operation.type == "Identity":
                waiting.append(operation.outputs[0])
            elif _is_lookup(operation, tensor):
                found.append(operation)
            else:
                return None
    return sorted(found, key=lambda operation: -operation.identifier) or None


def _is_lookup(operation: Operation, tensor: Tensor) -> bool:
    if operation.type not in _OPERATIONS or operation.inputs.count(tensor) != 1:
        return False
    if operation.type == "ShardedLookup":
        return all(table.shape[0].value is not None for table in operation.inputs[1:])
    if operation.inputs[0] is not tensor:
        return False
    if operation.type == "GatherNd":
        shape = operation.inputs[1].shape
        return shape.ndims == 2 and shape[1].value == 1 and not operation.attributes.get("batch_dims")
    axis: Any = operation.attributes.get("axis", 0)
    if len(operation.inputs) > 2:
        axis = constant_value(operation.inputs[2])
    return axis is not None and int(axis) == 0 and not operation.attributes.get("batch_dims")


def slices(x: Tensor, found: Sequence[Operation], grads: Mapping[Tensor, Tensor]) -> IndexedSlices:
    """The gradient of x, of those of what was looked up."""
    parts = [_rows(x, operation, grads[operation.outputs[0]]) for operation in found]
    values, indices = parts[0]
    if len(parts) > 1:
        values = lists.concat([part for part, _ in parts], 0)
        kinds = {part.dtype for _, part in parts}
        indices = lists.concat([part if len(kinds) == 1 else cast(part, int64) for _, part in parts], 0)
    return IndexedSlices(values, indices, array.shape(x))


def _rows(x: Tensor, operation: Operation, grad: Tensor) -> tuple[Tensor, Tensor]:
    with name_scope(f"{operation.name.removesuffix('/Identity')}_grad"):
        if operation.type == "ShardedLookup":
            ids, *tables = operation.inputs
            attributes = {
                "sizes": [table.shape[0].value for table in tables],
                "shard": next(place for place, table in enumerate(tables) if _stands_for(table, x)),
                "partition_strategy": operation.attributes["partition_strategy"],
            }
            values, indices = make("ShardRows", [grad, ids], "GatherV2", **attributes).outputs
            return values, indices
        sizes: Any = [-1, *x.shape.as_list()[1:]]
        if None in sizes:
            sizes = lists.concat([[-1], array.shape(x)[1:]], 0)
        return array.reshape(grad, sizes), array.reshape(operation.inputs[1], [-1])


def _stands_for(table: Tensor, x: Tensor) -> bool:
    while table is not x and table.op.type == "Identity":
        table = table.op.inputs[0]
    return table is x


def _shard_rows(grad: Any, ids: Any, sizes: list[int], shard: int, partition_strategy: str) -> Any:
    shards, rows, _ = shard_of(ids.reshape(-1).long(), sizes, partition_strategy)
    (places,) = (shards == shard).nonzero(as_tuple=True)
    flat = grad.reshape(ids.numel(), *grad.shape[ids.ndim :])
    return flat.index_select(0, places), rows[places].to(ids.dtype)


def _shard_rule(inputs: Sequence[Tensor], attributes: dict[str, Any]) -> Any:
    grad, ids = inputs
    row = TensorShape(None)
    if grad.shape.ndims is not None and ids.shape.ndims is not None:
        row = TensorShape([None]).concatenate(grad.shape[ids.shape.ndims :])
    return [(grad.dtype, row), (ids.dtype, TensorShape([None]))]


register("ShardRows", _shard_rows, _shard_rule)
