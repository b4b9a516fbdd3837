"""Weights of losses and metrics against the values that they weigh: they are scalars, or of the values' rank
with sizes of 1 where they are to be repeated.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from .errors import InvalidArgumentError
from .graph import control_dependencies, name_scope
from .ops import array, math
from .ops.core import convert_to_tensor, make
from .registry import register
from .tensor import Operation, Tensor

_MESSAGE = "weights can not be broadcast to values."


def _assert(run: Any, operation: Operation, weights: torch.Tensor, values: torch.Tensor) -> Sequence[Any]:
    fits = weights.dim() == 0 or (
        weights.dim() == values.dim()
        and all(a in (1, b) for a, b in zip(weights.shape, values.shape, strict=True))
    )
    if not fits:
        raise InvalidArgumentError(
            None,
            operation,
            f"assertion failed: [{_MESSAGE}] [weights.shape=] [{operation.inputs[0].name}] "
            f"[{' '.join(map(str, weights.shape))}] [values.shape=] [{operation.inputs[1].name}] "
            f"[{' '.join(map(str, values.shape))}] [is_scalar=] [0]",
        )
    return ()


register("AssertBroadcastable", _assert, lambda inputs, attributes: [], stateful=True, differentiable=False)


def assert_broadcastable(weights: Any, values: Any) -> Operation | None:
    """Check that weights fit values: at once where the shapes are known, else in a run.

    Returns:
        An operation that checks it in a run, or None where nothing is left to be checked.

    Raises:
        ValueError: they do not.
    """
    if isinstance(weights, (int, float, np.number)):
        return None
    with name_scope(None, "assert_broadcastable", [weights, values]):
        weights = convert_to_tensor(weights, name="weights")
        values = convert_to_tensor(values, name="values")
        own, theirs = weights.shape, values.shape
        if own.ndims == 0:
            return None
        if own.known is not None and theirs.known is not None:
            if own.ndims != theirs.ndims:
                raise ValueError(
                    f"{_MESSAGE} values.rank={theirs.ndims}. weights.rank={own.ndims}. "
                    f"values.shape={theirs}. weights.shape={own}."
                )
            if own.is_fully_defined() and theirs.is_fully_defined():
                for place, (a, b) in enumerate(zip(own.known, theirs.known, strict=True)):
                    if a not in (1, b):
                        raise ValueError(
                            f"{_MESSAGE} Mismatch at dim {place}. values.shape={list(theirs.known)} "
                            f"weights.shape={list(own.known)}."
                        )
                return None
        return make("AssertBroadcastable", [weights, values], "AssertGuard")


def broadcast_weights(weights: Any, values: Any) -> Tensor:
    """Weights, repeated to the shape of the values."""
    with name_scope(None, "broadcast_weights", [weights, values]) as scope:
        values = convert_to_tensor(values, name="values")
        weights = convert_to_tensor(weights, values.dtype.base_dtype, name="weights")
        own, theirs = weights.shape, values.shape
        if own.is_fully_defined() and theirs.is_fully_defined() and own.is_compatible_with(theirs):
            return weights
        check = assert_broadcastable(weights, values)
        with control_dependencies([] if check is None else [check]):
            return math.multiply(weights, array.ones_like(values), name=scope)
