"""The node of a wrapper's own part of a step: what it does before or after a cell that only calling it tells
about. Around a cell that is known, a wrapper is part of that cell's node.

Inputs: the wrapper's variables, the inputs, the leaves of the state; after the cell also its output and the
leaves of its new state. Outputs: before the cell what it is given, after it the output and the leaves of the
new state.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch

from ostinato._state import flatten, leaves
from ostinato.cells.wrapping import WrapperMaths

from ..dtypes import as_dtype
from ..registry import OutputTypes, on_meta, register
from ..shapes import TensorShape
from ..tensor import Tensor
from .core import make


def _compute(*values: torch.Tensor, **attributes: Any) -> list[torch.Tensor]:
    maths, names = attributes["maths"], attributes["names"]
    parameters = dict(zip(names, values, strict=False))
    inputs, *rest = values[len(names) :]
    state_leaves, as_state = flatten(attributes["state_size"])
    state = as_state(rest[: len(state_leaves)])
    if not attributes["is_after"]:
        return [maths.before(parameters, inputs, state)]
    output, *cell_leaves = rest[len(state_leaves) :]
    cell_state = flatten(maths.cell_state(attributes["state_size"]))[1](cell_leaves)
    output, new_state = maths.after(parameters, inputs, state, output, cell_state)
    return [output, *leaves(new_state)]


def _rule(inputs: Sequence[Tensor], attributes: dict[str, Any]) -> OutputTypes:
    count = len(attributes["names"])
    rows = TensorShape([None])
    for tensor in inputs[count:]:
        if tensor.shape.ndims:
            rows = rows.merge_with(tensor.shape[:1])
    batch, metas = rows[0].value, []
    for index, tensor in enumerate(inputs):
        sizes = [2 if size is None else size for size in tensor.shape.as_list()]
        if index >= count and sizes:
            sizes[0] = 2 if batch is None else batch
        metas.append(torch.empty(sizes, dtype=tensor.dtype.torch_dtype, device="meta"))
    return [
        (as_dtype(output.dtype), TensorShape([batch, *output.shape[1:]] if output.dim() else []))
        for output in on_meta(_compute, metas, attributes)
    ]


register("CellWrapperPart", _compute, _rule)


def before(
    maths: WrapperMaths, variables: Mapping[str, Tensor], inputs: Tensor, state: Sequence[Tensor], size: Any
) -> Tensor:
    """What the wrapped cell is given. `size` is the state's in the core's structure, `state` its leaves."""
    return _part(maths, variables, [inputs, *state], size, False)[0]


def after(
    maths: WrapperMaths,
    variables: Mapping[str, Tensor],
    inputs: Tensor,
    state: Sequence[Tensor],
    size: Any,
    output: Tensor,
    cell_state: Sequence[Tensor],
) -> tuple[Tensor, list[Tensor]]:
    """The output and the leaves of the new state."""
    result, *new_state = _part(maths, variables, [inputs, *state, output, *cell_state], size, True)
    return result, new_state


def _part(
    maths: WrapperMaths, variables: Mapping[str, Tensor], values: Sequence[Tensor], size: Any, is_after: bool
) -> list[Tensor]:
    return make(
        "CellWrapperPart",
        [*variables.values(), *values],
        "CellWrapperPart",
        maths=maths,
        names=tuple(variables),
        state_size=size,
        is_after=is_after,
    ).outputs
