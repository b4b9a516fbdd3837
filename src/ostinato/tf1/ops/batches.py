"""Slices picked where some leading axes are a batch, which parameters and indices share."""

from __future__ import annotations

from typing import Any

from ..dtypes import int32
from ..graph import name_scope
from ..tensor import Tensor
from . import array, lists
from .core import convert_to_tensor
from .gathering import gather_nd
from .math import range_


def _batch_coordinates(indices: Tensor, batch_dims: int) -> list[Tensor]:
    """For each batch axis, its coordinate at each of the indices: tensors of shape [..., 1]."""
    sizes = array.shape(indices, out_type=indices.dtype.base_dtype)
    rank = indices.shape.ndims
    if rank is None:
        raise ValueError("tf.gather and tf.gather_nd with batch_dims need indices of known rank.")
    columns = []
    for axis in range(batch_dims):
        along = range_(0, sizes[axis], 1)
        shaped = array.reshape(along, [1] * axis + [-1] + [1] * (rank - axis - 1))
        columns.append(shaped + array.zeros_like(indices))
    return columns


def batch_gather_nd(params: Any, indices: Any, batch_dims: int, name: str | None) -> Tensor:
    """`gather_nd` within the entries of a batch."""
    with name_scope(name, "BatchGatherND", [params, indices]):
        places = convert_to_tensor(indices, name="indices")
        rows = _batch_coordinates(places[..., :1], batch_dims)
        return gather_nd(params, lists.concat([*rows, places], -1))


def batch_gather_axis(params: Any, indices: Any, batch_dims: int, axis: int, name: str | None) -> Tensor:
    """`gather` along an axis within the entries of a batch."""
    with name_scope(name, "GatherV2", [params, indices]):
        table = convert_to_tensor(params, name="params")
        places = convert_to_tensor(indices, name="indices", preferred_dtype=int32)
        rank, depth = table.shape.ndims, places.shape.ndims
        if rank is None or depth is None:
            raise ValueError("tf.gather with batch_dims needs parameters and indices of known rank.")
        batch_dims = batch_dims + depth if batch_dims < 0 else batch_dims
        axis = axis + rank if axis < 0 else axis
        if not 0 <= batch_dims <= depth or batch_dims > axis:
            raise ValueError(f"batch_dims ({batch_dims}) must be less than or equal to axis ({axis})")
        front = list(range(batch_dims)) + [axis] + [i for i in range(batch_dims, rank) if i != axis]
        moved = table if axis == batch_dims else array.transpose(table, front)
        wide = array.expand_dims(places, -1)
        rows = [array.expand_dims(column, -1) for column in _batch_coordinates(places, batch_dims)]
        found = gather_nd(moved, lists.concat([*rows, wide], -1))
        if axis == batch_dims:
            return found
        # The picked axes stand at batch_dims; they belong where `axis` was.
        count = depth - batch_dims
        before = axis - batch_dims
        order = [
            *range(batch_dims),
            *range(depth, depth + before),
            *range(batch_dims, batch_dims + count),
            *range(depth + before, depth + rank - batch_dims - 1),
        ]
        return array.transpose(found, order)


def batch_gather(params: Any, indices: Any, name: str | None = None) -> Tensor:
    """Slices picked along the last axis of `indices`, all axes before it being a batch.

    TF1 symbol: `tf.batch_gather`.
    """
    with name_scope(name, "BatchGather", [params, indices]):
        places = convert_to_tensor(indices, name="indices")
        if places.shape.ndims is None:
            raise ValueError("batch_gather does not allow indices with unknown shape.")
        last = places.shape.ndims - 1
        return batch_gather_axis(convert_to_tensor(params, name="params"), places, last, last, None)
