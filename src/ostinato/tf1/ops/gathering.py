"""Slices picked and put by coordinates, and rows dealt out and put together by number."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch

from ostinato._external import external

from ..dtypes import int32
from ..graph import name_scope
from ..registry import OutputTypes, ShapeMismatch, constant_shape, constant_value, register, same
from ..shapes import TensorShape
from ..tensor import Tensor
from .core import convert_to_tensor, make, one


def _type(tensor: Tensor) -> Any:
    return tensor.dtype.base_dtype


def flat_places(
    indices: torch.Tensor, sizes: Sequence[int], whole: Sequence[int], what: str = "param shape"
) -> torch.Tensor:
    """Coordinates in the leading axes, of these sizes, as one number each.

    Raises:
        ValueError: some are not there.
    """
    limits = torch.tensor(sizes, dtype=indices.dtype, device=indices.device)
    outside = ((indices < 0) | (indices >= limits)).any(-1)
    _check_outside(outside, indices, tuple(whole), what)
    strides = [math.prod(sizes[axis + 1 :]) for axis in range(len(sizes))]
    return (indices.long() * torch.tensor(strides, device=indices.device)).sum(-1).reshape(-1)


@external
def _check_outside(outside: torch.Tensor, indices: torch.Tensor, whole: tuple[int, ...], what: str) -> None:
    if outside.any():
        place = outside.nonzero()[0].tolist()
        found = indices[tuple(place)].tolist()
        at, shape = (",".join(map(str, numbers)) for numbers in (place, whole))
        raise ValueError(f"indices[{at}] = {found} does not index into {what} [{shape}]")


def _gather_nd(params: Any, indices: torch.Tensor) -> Any:
    depth = indices.shape[-1]
    sizes, rest = params.shape[:depth], params.shape[depth:]
    places = flat_places(indices, sizes, params.shape)
    flat, shape = params.reshape(math.prod(sizes), *rest), (*indices.shape[:-1], *rest)
    if isinstance(params, np.ndarray):
        return flat[places.numpy()].reshape(shape)
    return flat.index_select(0, places).reshape(shape)


def _gather_nd_rule(inputs: Sequence[Tensor], attributes: dict[str, Any]) -> OutputTypes:
    params, indices = inputs[0].shape, inputs[1].shape
    if params.known is None or indices.known is None or indices.known[-1] is None:
        return [(_type(inputs[0]), TensorShape(None))]
    depth = indices.known[-1]
    if depth > len(params.known):
        raise ShapeMismatch(
            f"indices.shape[-1] must be <= params.rank, but saw {depth} vs. {len(params.known)}"
        )
    return [(_type(inputs[0]), indices[:-1].concatenate(params[depth:]))]


register("GatherNd", _gather_nd, _gather_nd_rule)


def gather_nd(params: Any, indices: Any, name: str | None = None, batch_dims: int = 0) -> Tensor:
    """Slices picked by coordinates, which the last axis of `indices` holds (TF1 symbol: `tf.gather_nd`).

    Args:
        params: a tensor.
        indices: integers `[..., depth]`, coordinates in the first `depth` axes of `params`.
        batch_dims: how many leading axes the two share.

    Raises:
        tf.errors.InvalidArgumentError: where it is run: coordinates of no element.

    >>> import ostinato.tf1 as tf
    >>> with tf.Graph().as_default(), tf.Session() as session:
    ...     session.run(tf.gather_nd([[1, 2], [3, 4]], [[0, 1], [1, 0]])).tolist()
    [2, 3]
    """
    if batch_dims:
        from .batches import batch_gather_nd

        return batch_gather_nd(params, indices, int(batch_dims), name)
    with name_scope(name, "GatherNd", [params]) as scope:
        inputs = [convert_to_tensor(params, name="params"), convert_to_tensor(indices, name="indices")]
        return one("GatherNd", inputs, scope)


# -- slices put into a tensor
def _put(kind: str) -> Callable[..., Any]:
    def compute(x: Any, indices: torch.Tensor, updates: Any) -> Any:
        depth = indices.shape[-1]
        sizes, rest = x.shape[:depth], x.shape[depth:]
        places = flat_places(indices, sizes, x.shape)
        flat, rows = x.reshape(math.prod(sizes), *rest), updates.reshape(len(places), *rest)
        if isinstance(x, np.ndarray):
            result = flat.copy()
            result[places.numpy()] = rows
            return result.reshape(x.shape)
        if kind == "Update":
            result = flat.index_copy(0, places, rows)
        else:
            result = flat.index_add(0, places, rows, alpha=1 if kind == "Add" else -1)
        return result.reshape(x.shape)

    return compute


def _put_function(kind: str, symbol: str) -> Any:
    op_type = f"TensorScatter{kind}"
    register(op_type, _put(kind), same)

    def function(tensor: Any, indices: Any, updates: Any, name: str | None = None) -> Tensor:
        with name_scope(name, op_type, [tensor]) as scope:
            x = convert_to_tensor(tensor, name="tensor")
            rows = convert_to_tensor(updates, _type(x), name="updates")
            return one(op_type, [x, convert_to_tensor(indices, name="indices"), rows], scope)

    function.__doc__ = (
        f"A copy of a tensor with slices at coordinates changed: {kind.lower()} (TF1 symbol: `tf.{symbol}`)."
    )
    return function


tensor_scatter_update = _put_function("Update", "tensor_scatter_update")
tensor_scatter_add = _put_function("Add", "tensor_scatter_add")
tensor_scatter_sub = _put_function("Sub", "tensor_scatter_sub")


# -- dealt out and put together
def _partition(data: Any, partitions: torch.Tensor, num_partitions: int) -> Any:
    if tuple(data.shape[: partitions.dim()]) != tuple(partitions.shape):
        raise ValueError(
            f"data.shape must start with partitions.shape, got data.shape = {list(data.shape)}, "
            f"partitions.shape = {list(partitions.shape)}"
        )
    numbers = partitions.reshape(-1)
    wrong = ((numbers < 0) | (numbers >= num_partitions)).nonzero()
    if len(wrong):
        place = int(wrong[0])
        raise ValueError(f"partitions[{place}] = {int(numbers[place])} is not in [0, {num_partitions})")
    flat = data.reshape(len(numbers), *data.shape[partitions.dim() :])
    chosen = [(numbers == number).nonzero().reshape(-1) for number in range(num_partitions)]
    if isinstance(data, np.ndarray):
        return [flat[places.numpy()] for places in chosen]
    return [flat.index_select(0, places) for places in chosen]


def _partition_rule(inputs: Sequence[Tensor], attributes: dict[str, Any]) -> OutputTypes:
    rank = inputs[1].shape.ndims
    if rank is None or inputs[0].shape.ndims is None:
        shape = TensorShape(None)
    else:
        if not inputs[0].shape[:rank].is_compatible_with(inputs[1].shape):
            raise ShapeMismatch("data.shape must start with partitions.shape")
        shape = TensorShape([None]).concatenate(inputs[0].shape[rank:])
    return [(_type(inputs[0]), shape)] * attributes["num_partitions"]


register("DynamicPartition", _partition, _partition_rule)


def dynamic_partition(
    data: Any, partitions: Any, num_partitions: int, name: str | None = None
) -> list[Tensor]:
    """Slices of a tensor dealt out by the numbers of `partitions` (TF1 symbol: `tf.dynamic_partition`).

    >>> import ostinato.tf1 as tf
    >>> with tf.Graph().as_default(), tf.Session() as session:
    ...     [part.tolist() for part in session.run(tf.dynamic_partition([5, 6, 7], [0, 1, 0], 2))]
    [[5, 7], [6]]
    """
    with name_scope(name, "DynamicPartition", [data]) as scope:
        inputs = [
            convert_to_tensor(data, name="data"),
            convert_to_tensor(partitions, int32, name="partitions"),
        ]
        return make("DynamicPartition", inputs, scope, num_partitions=int(num_partitions)).outputs


def _stitch(*tensors: Any) -> Any:
    count = len(tensors) // 2
    places = torch.cat([part.reshape(-1) for part in tensors[:count]]).long()
    rest = tensors[count].shape[tensors[0].dim() :]
    rows = [part.reshape(-1, *rest) for part in tensors[count:]]
    total = int(places.max()) + 1 if len(places) else 0
    if len(places) and int(places.min()) < 0:
        raise ValueError(f"indices[{int(places.argmin())}] is out of range")
    if isinstance(rows[0], np.ndarray):
        strings = np.full([total, *rest], b"", object)
        strings[places.numpy()] = np.concatenate(rows)
        return strings
    joined = torch.cat(rows)
    # Of a place that is named twice the last value stands; in TensorFlow the others have its gradient too.
    last = places.new_full([total], -1).scatter_reduce(
        0, places, torch.arange(len(places), device=places.device), "amax"
    )
    there = (last >= 0).nonzero().reshape(-1)
    whole = joined.new_zeros([total, *rest])
    kept = joined.index_select(0, last.index_select(0, there))
    if len(there) == len(places):
        return whole.index_copy(0, there, kept)
    added = whole.index_add(0, places, joined)
    return whole.index_copy(0, there, kept.detach()) + (added - added.detach())


def _stitch_rule(inputs: Sequence[Tensor], attributes: dict[str, Any]) -> OutputTypes:
    count = len(inputs) // 2
    rest: TensorShape = TensorShape(None)
    values = [constant_value(tensor) for tensor in inputs[:count]]
    for indices, data in zip(inputs[:count], inputs[count:], strict=True):
        if indices.shape.ndims is not None and data.shape.ndims is not None:
            rest = rest.merge_with(data.shape[indices.shape.ndims :])
    known = [value for value in values if value is not None]
    total = None
    if len(known) == count:
        total = max((int(value.max()) + 1 for value in known if value.size), default=0)
    return [(_type(inputs[-1]), TensorShape([total]).concatenate(rest))]


register("DynamicStitch", _stitch, _stitch_rule)


def dynamic_stitch(indices: Any, data: Any, name: str | None = None) -> Tensor:
    """Slices put together at the places of `indices`, a list for a list (TF1 symbol: `tf.dynamic_stitch`).

    >>> import ostinato.tf1 as tf
    >>> with tf.Graph().as_default(), tf.Session() as session:
    ...     session.run(tf.dynamic_stitch([[0, 2], [1]], [[5, 7], [6]])).tolist()
    [5, 6, 7]
    """
    if len(indices) != len(data) or not len(indices):
        raise ValueError(
            f"List argument 'data' to 'dynamic_stitch' Op with length {len(data)} must match length "
            f"{len(indices)} of argument 'indices'."
        )
    with name_scope(name, "DynamicStitch", [*indices, *data]) as scope:
        places = [convert_to_tensor(item, int32, name="indices") for item in indices]
        first = next((item.dtype.base_dtype for item in data if isinstance(item, Tensor)), None)
        rows = [convert_to_tensor(item, first, name="data") for item in data]
        return one("DynamicStitch", [*places, *rows], scope)


@external
def _check_permutation(x: torch.Tensor) -> None:
    if len(x) and (not torch.equal(x.sort().values, torch.arange(len(x), dtype=x.dtype, device=x.device))):
        wrong = ((x < 0) | (x >= len(x))).nonzero()
        if len(wrong):
            raise ValueError(f"{int(x[wrong[0]])} is not between 0 and {len(x)}")
        raise ValueError(f"{int(x.mode().values)} is duplicated in the input.")


def _inverse(x: torch.Tensor) -> torch.Tensor:
    _check_permutation(x)
    return x.argsort().to(x.dtype)


register("InvertPermutation", _inverse, same, differentiable=False)


def invert_permutation(x: Any, name: str | None = None) -> Tensor:
    """Where each number stands in a permutation (TF1 symbol: `tf.invert_permutation`)."""
    return one("InvertPermutation", [convert_to_tensor(x, name="x")], name or "InvertPermutation")


def _unravel(places: torch.Tensor, sizes: torch.Tensor) -> torch.Tensor:
    dims = sizes.tolist()
    total = math.prod(dims)
    if places.numel() and (int(places.max()) >= total or int(places.min()) < 0):
        raise ValueError(f"index is out of bound as with dims: {dims}")
    columns = []
    for size in reversed(dims):
        columns.append(places % size)
        places = torch.div(places, size, rounding_mode="floor")
    return torch.stack(columns[::-1])


def _unravel_rule(inputs: Sequence[Tensor], attributes: dict[str, Any]) -> OutputTypes:
    rank = constant_shape(inputs[1]).ndims
    return [(_type(inputs[0]), TensorShape([rank]).concatenate(inputs[0].shape))]


register("UnravelIndex", _unravel, _unravel_rule, differentiable=False)


def unravel_index(indices: Any, dims: Any, name: str | None = None) -> Tensor:
    """Places in a flattened tensor as coordinates `[rank, ...]` (TF1 symbol: `tf.unravel_index`)."""
    with name_scope(name, "UnravelIndex", [indices]) as scope:
        places = convert_to_tensor(indices, name="indices")
        return one("UnravelIndex", [places, convert_to_tensor(dims, _type(places), name="dims")], scope)
