"""Functions of tensors as sub-graphs: a cell's step, an activation, a residual function, traced once into
nodes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import torch

from .graph import BodyGraph, get_default_graph
from .tensor import Operation, Tensor

if TYPE_CHECKING:
    from .run import Run


class BodyFunction:
    """A sub-graph with arguments, captured tensors of the graph around it, and outputs.

    `captured` are tensors of the outer graph; whoever evaluates the function passes their values.
    """

    def __init__(
        self,
        function: Callable[..., Sequence[Tensor]],
        arguments: Sequence[Any],
        name_scope: str,
        names: Sequence[str],
    ) -> None:
        """Trace `function`, which takes stand-ins for `arguments` (anything with a dtype and a shape)."""
        self.graph = BodyGraph(get_default_graph(), name_scope)
        with self.graph.as_default():
            self.arguments = [
                self.graph.add_argument(argument.dtype.base_dtype, argument.shape, name)
                for argument, name in zip(arguments, names, strict=True)
            ]
            self.outputs = [self.graph._own(output) for output in function(*self.arguments)]
        self.captured = [outer for outer, _ in self.graph.captures]
        self.draws = any(_draws(operation) for operation in self.graph.get_operations())

    def evaluate(
        self, run: Run, values: Sequence[torch.Tensor], captured: Sequence[torch.Tensor]
    ) -> list[Any]:
        feeds = [*self.arguments, *[inner for _, inner in self.graph.captures]]
        return run.evaluate(self.graph, self.outputs, feeds, [*values, *captured])


def _draws(operation: Operation) -> bool:
    """Whether an operation draws random numbers. Loops inside draw them from a seed that such an operation
    makes.
    """
    return "seed2" in operation.attributes
