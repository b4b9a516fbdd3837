"""Updates of some rows or elements of a variable, and counting one up to a limit."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import torch

from ostinato._external import external

from ..errors import OutOfRangeError
from ..graph import name_scope
from ..registry import OutputTypes, ShapeMismatch, constant_shape, register
from ..shapes import TensorShape
from ..tensor import Operation, Tensor
from .core import convert_to_tensor, one, shape_tensor
from .gathering import flat_places
from .state import reference_of, variable_name

Combine = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]


def _same_quotient(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    return a / b if a.is_floating_point() else torch.div(a, b, rounding_mode="trunc")


_COMBINE: dict[str, Combine] = {
    "Update": lambda old, update: update,
    "Add": torch.add,
    "Sub": torch.sub,
    "Mul": torch.mul,
    "Div": _same_quotient,
    "Min": torch.minimum,
    "Max": torch.maximum,
}


@external
def _check_range(indices: torch.Tensor, size: int) -> None:
    wrong = ((indices < 0) | (indices >= size)).nonzero()
    if len(wrong):
        place = wrong[0].tolist()
        found = int(indices[tuple(place)])
        raise ValueError(f"indices[{','.join(map(str, place))}] = {found} is not in [0, {size})")


def _combined(kind: str, value: torch.Tensor, places: torch.Tensor, updates: torch.Tensor) -> torch.Tensor:
    """A copy of `value` with its rows at `places` combined with those of `updates`, one after the other."""
    result = value.clone()
    if kind in ("Add", "Sub"):
        return result.index_add_(0, places, updates, alpha=1 if kind == "Add" else -1)
    if len(places.unique()) == len(places):
        return result.index_copy_(0, places, _COMBINE[kind](value.index_select(0, places), updates))
    for place, update in zip(places.tolist(), updates, strict=True):
        result[place] = _COMBINE[kind](result[place], update)
    return result


def _scatter(
    kind: str, run: Any, operation: Operation, _: Any, indices: torch.Tensor, updates: torch.Tensor
) -> torch.Tensor:
    name = operation.attributes["variable"]
    value = run.current(name)
    _check_range(indices, value.shape[0])
    rows = updates.detach().broadcast_to(indices.shape + value.shape[1:])
    flat = rows.reshape(indices.numel(), *value.shape[1:])
    return run.write(name, _combined(kind, value, indices.reshape(-1).long(), flat))


def _scatter_rule(inputs: Sequence[Tensor], attributes: dict[str, Any]) -> OutputTypes:
    reference, indices, updates = inputs
    if updates.shape.ndims != 0 and None not in (reference.shape.ndims, indices.shape.ndims):
        wanted = indices.shape.concatenate(reference.shape[1:])
        if not wanted.is_compatible_with(updates.shape):
            raise ShapeMismatch(
                "Must have updates.shape = indices.shape + params.shape[1:] or updates.shape = [], got "
                f"updates.shape {updates.shape.bracketed()}, indices.shape {indices.shape.bracketed()}, "
                f"params.shape {reference.shape.bracketed()}"
            )
    return [(reference.dtype, reference.shape)]


def _scatter_nd(
    kind: str, run: Any, operation: Operation, _: Any, indices: torch.Tensor, updates: torch.Tensor
) -> torch.Tensor:
    name = operation.attributes["variable"]
    value = run.current(name)
    depth = indices.shape[-1]
    rest = value.shape[depth:]
    places = flat_places(indices, value.shape[:depth], value.shape, "shape")
    flat = _combined(kind, value.reshape(-1, *rest), places, updates.detach().reshape(-1, *rest))
    return run.write(name, flat.reshape(value.shape))


def _scatter_nd_rule(inputs: Sequence[Tensor], attributes: dict[str, Any]) -> OutputTypes:
    reference, indices, updates = inputs
    known = indices.shape.known
    if known is not None and known[-1] is not None and reference.shape.ndims is not None:
        _check_updates(indices.shape, updates.shape, reference.shape, known[-1])
    return [(reference.dtype, reference.shape)]


def _check_updates(indices: TensorShape, updates: TensorShape, whole: TensorShape, depth: int) -> None:
    if depth > (whole.ndims or 0):
        raise ShapeMismatch(
            f"The inner dimension of indices, {depth}, is more than the rank of {whole.bracketed()}"
        )
    wanted = indices[:-1].concatenate(whole[depth:])
    if not wanted.is_compatible_with(updates):
        raise ShapeMismatch(
            f"The updates must have shape {wanted.bracketed()}, the shape of indices but for its last "
            f"dimension with that of the slices, got {updates.bracketed()}"
        )


_WRITE: dict[str, Any] = {
    "stateful": True,
    "writes": True,
    "differentiable": False,
    "reference_inputs": (0,),
}
for _kind in _COMBINE:
    register(f"Scatter{_kind}", partial(_scatter, _kind), _scatter_rule, **_WRITE)
for _kind in ("Update", "Add", "Sub"):
    register(f"ScatterNd{_kind}", partial(_scatter_nd, _kind), _scatter_nd_rule, **_WRITE)


def _make(op_type: str, ref: Any, indices: Any, updates: Any, name: str | None) -> Tensor:
    reference = reference_of(ref)
    inputs = [
        reference,
        convert_to_tensor(indices, name="indices"),
        convert_to_tensor(updates, reference.dtype.base_dtype, name="updates"),
    ]
    return one(op_type, inputs, name or op_type, variable=variable_name(reference))


def scatter_update(
    ref: Any, indices: Any, updates: Any, use_locking: bool = True, name: str | None = None
) -> Tensor:
    """Replace rows of a variable; the result is the variable after that (TF1 symbol: `tf.scatter_update`).

    Args:
        ref: the variable.
        indices: which rows, a tensor of integers of any shape.
        updates: a tensor of shape `indices.shape + ref.shape[1:]`, or a scalar for all.
    """
    return _make("ScatterUpdate", ref, indices, updates, name)


def scatter_add(
    ref: Any, indices: Any, updates: Any, use_locking: bool = False, name: str | None = None
) -> Tensor:
    """Add to rows of a variable, more than once where an index is repeated (TF1: `tf.scatter_add`)."""
    return _make("ScatterAdd", ref, indices, updates, name)


def scatter_sub(
    ref: Any, indices: Any, updates: Any, use_locking: bool = False, name: str | None = None
) -> Tensor:
    """Subtract from rows of a variable (TF1 symbol: `tf.scatter_sub`)."""
    return _make("ScatterSub", ref, indices, updates, name)


def scatter_mul(
    ref: Any, indices: Any, updates: Any, use_locking: bool = False, name: str | None = None
) -> Tensor:
    """Multiply rows of a variable (TF1 symbol: `tf.scatter_mul`)."""
    return _make("ScatterMul", ref, indices, updates, name)


def scatter_div(
    ref: Any, indices: Any, updates: Any, use_locking: bool = False, name: str | None = None
) -> Tensor:
    """Divide rows of a variable; integers are cut off towards zero (TF1 symbol: `tf.scatter_div`)."""
    return _make("ScatterDiv", ref, indices, updates, name)


def scatter_min(
    ref: Any, indices: Any, updates: Any, use_locking: bool = False, name: str | None = None
) -> Tensor:
    """Make rows of a variable no more than these (TF1 symbol: `tf.scatter_min`)."""
    return _make("ScatterMin", ref, indices, updates, name)


def scatter_max(
    ref: Any, indices: Any, updates: Any, use_locking: bool = False, name: str | None = None
) -> Tensor:
    """Make rows of a variable no less than these (TF1 symbol: `tf.scatter_max`)."""
    return _make("ScatterMax", ref, indices, updates, name)


def scatter_nd_update(
    ref: Any, indices: Any, updates: Any, use_locking: bool = True, name: str | None = None
) -> Tensor:
    """Replace elements or slices of a variable (TF1 symbol: `tf.scatter_nd_update`).

    The last axis of `indices` holds coordinates in the first axes of the variable.
    """
    return _make("ScatterNdUpdate", ref, indices, updates, name)


def scatter_nd_add(
    ref: Any, indices: Any, updates: Any, use_locking: bool = False, name: str | None = None
) -> Tensor:
    """Add to elements or slices of a variable (TF1 symbol: `tf.scatter_nd_add`)."""
    return _make("ScatterNdAdd", ref, indices, updates, name)


def scatter_nd_sub(
    ref: Any, indices: Any, updates: Any, use_locking: bool = False, name: str | None = None
) -> Tensor:
    """Subtract from elements or slices of a variable (TF1 symbol: `tf.scatter_nd_sub`)."""
    return _make("ScatterNdSub", ref, indices, updates, name)


# -- into a tensor of zeros
def _into_zeros(indices: torch.Tensor, updates: torch.Tensor, shape: torch.Tensor) -> torch.Tensor:
    sizes = shape.tolist()
    depth = indices.shape[-1]
    places = flat_places(indices, sizes[:depth], sizes, "shape")
    rest = sizes[depth:]
    count = int(torch.tensor(sizes[:depth]).prod())
    flat = torch.zeros([count, *rest], dtype=updates.dtype, device=updates.device)
    return flat.index_add(0, places, updates.reshape(-1, *rest)).reshape(sizes)


register(
    "ScatterNd",
    _into_zeros,
    lambda inputs, attributes: [(inputs[1].dtype.base_dtype, constant_shape(inputs[2]))],
)


def scatter_nd(indices: Any, updates: Any, shape: Any, name: str | None = None) -> Tensor:
    """Elements or slices added into a tensor of zeros (TF1 symbol: `tf.scatter_nd`).

    >>> import ostinato.tf1 as tf
    >>> with tf.Graph().as_default(), tf.Session() as session:
    ...     session.run(tf.scatter_nd([[1], [3], [1]], [9, 10, 1], [5])).tolist()
    [0, 10, 0, 10, 0]
    """
    with name_scope(name, "ScatterNd", [indices, updates]) as scope:
        inputs = [
            convert_to_tensor(indices, name="indices"),
            convert_to_tensor(updates, name="updates"),
            shape_tensor(shape),
        ]
        return one("ScatterNd", inputs, scope)


# -- counting
def _count_up_to(run: Any, operation: Operation, _: Any) -> torch.Tensor:
    name, limit = operation.attributes["variable"], operation.attributes["limit"]
    value = run.current(name)
    if int(value) >= limit:
        raise OutOfRangeError(None, operation, f"Reached limit of {limit}")
    run.write(name, value + 1)
    return value


register(
    "CountUpTo",
    _count_up_to,
    lambda inputs, attributes: [(inputs[0].dtype.base_dtype, inputs[0].shape)],
    **_WRITE,
)


def count_up_to(ref: Any, limit: int, name: str | None = None) -> Tensor:
    """Add one to a scalar variable, unless that would pass the limit; the result is the value before.

    TF1 symbol: `tf.count_up_to`. At the limit a run raises an OutOfRangeError.
    """
    reference = reference_of(ref)
    return one("CountUpTo", [reference], name, variable=variable_name(reference), limit=int(limit))
