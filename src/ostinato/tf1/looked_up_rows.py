"""The rows of a variable that a gradient can be of, where the loss sees nothing of it but rows looked up.

TensorFlow hands such a gradient on as `IndexedSlices`, by which optimisers with momentum alter those
rows alone.
"""

from __future__ import annotations

from typing import Any

import torch

from .dtypes import int64
from .indexed_slices import IndexedSlices
from .layer_losses import ancestors
from .ops.core import one
from .ops.picking import gather
from .registry import OutputTypes, constant_value, register
from .shapes import TensorShape
from .tensor import Operation, Tensor
from .variables import Variable

_PASSED_OVER = ("Assign", "Gradients")


def _unique(*indices: torch.Tensor) -> torch.Tensor:
    return torch.unique(torch.cat([item.reshape(-1).long() for item in indices]))


def _rule(inputs: Any, attributes: dict[str, Any]) -> OutputTypes:
    return [(int64, TensorShape([None]))]


register("UniqueRows", _unique, _rule, differentiable=False)


def _lookups(variable: Variable, used: set[Operation]) -> list[Tensor] | None:
    """The ids of the lookups in a variable among the operations used; None where one uses it otherwise."""
    found: list[Tensor] = []
    waiting: list[Tensor] = [variable._variable]
    while waiting:
        tensor = waiting.pop()
        for operation in dict.fromkeys(tensor._consumers):
            if operation not in used or operation.type in _PASSED_OVER:
                continue
            if operation.type == "Identity":
                waiting.append(operation.outputs[0])
            elif _is_lookup(operation, tensor):
                found.append(operation.inputs[1])
            else:
                return None
    return found or None


def _is_lookup(operation: Operation, tensor: Tensor) -> bool:
    if operation.type != "GatherV2" or operation.inputs[0] is not tensor:
        return False
    if any(item is tensor for item in operation.inputs[1:]) or operation.attributes.get("batch_dims"):
        return False
    axis: Any = operation.attributes.get("axis", 0)
    if len(operation.inputs) > 2:
        axis = constant_value(operation.inputs[2])
    return axis is not None and int(axis) == 0


def as_rows(grad: Any, variable: Variable) -> Any:
    """A gradient as the rows that it is of, each once, where it is known which they are."""
    if not isinstance(grad, Tensor) or grad.graph.outer is not None:
        return grad
    ids = _lookups(variable, ancestors(grad))
    if ids is None:
        return grad
    rows = one("UniqueRows", ids, "rows")
    return IndexedSlices(gather(grad, rows), rows)
