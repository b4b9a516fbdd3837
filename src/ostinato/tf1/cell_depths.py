"""Whether the variables of a described cell fit the depth of its inputs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import torch

from .cell_description import Body, Description, Leaf, Multi
from .registry import ShapeMismatch
from .tensor import Tensor


class _Shaped(NamedTuple):
    """What a family looks at to tell the depth of its inputs: a parameter's shape."""

    shape: torch.Size


def check_depths(description: Description, depth: int | None, bound: Iterator[Tensor]) -> None:
    """Raise a ShapeMismatch where a cell's variables are for inputs of another depth. `depth` is None where
    it is not known; `bound` is walked as `bind` walks it.
    """
    if isinstance(description, Leaf):
        _check_leaf(description, depth, bound)
    elif isinstance(description, Multi):
        for child in description.children:
            check_depths(child, depth, bound)
            depth = child.output_size if isinstance(child.output_size, int) else None
    elif isinstance(description, Body):
        for _ in description.function.captured:
            next(bound)
    else:
        check_depths(description.child, description.child_depth(depth), bound)
        for _ in range(description.num_own_tensors):
            next(bound)


def _check_leaf(description: Leaf, depth: int | None, bound: Iterator[Tensor]) -> None:
    parameters = {name: next(bound) for name in description.names}
    for _ in description.activation.captured if description.activation is not None else ():
        next(bound)
    if depth is None or not all(tensor.shape.is_fully_defined() for tensor in parameters.values()):
        return
    shapes = {
        name: _Shaped(torch.Size(size or 0 for size in tensor.shape.as_list()))
        for name, tensor in parameters.items()
    }
    wanted = description.family.input_size(shapes)  # type: ignore[arg-type]
    if wanted != depth:
        # As a matmul of inputs and state side by side says it.
        rows = next(iter(shapes.values())).shape[0]
        raise ShapeMismatch(f"Dimensions must be equal, but are {rows + depth - wanted} and {rows}")
