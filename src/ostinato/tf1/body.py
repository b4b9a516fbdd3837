"""Functions of tensors as sub-graphs: a cell's step, an activation, a loop's body, a branch. Each is traced
once into nodes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from . import registry
from .graph import BodyGraph, get_default_graph
from .tensor import Operation, Tensor

if TYPE_CHECKING:
    from .plan import Plan
    from .run import Run


class BodyFunction:
    """A sub-graph with arguments, captured tensors of the graph around it, and outputs.

    `captured` are tensors of the outer graph; whoever evaluates the function passes their values. A variable
    is captured by its value, unless the function writes it or uses its handle: then it is read where the
    function reads it, and a `VariableReference` among the captured stands for it, so that the outer graph
    knows of what the function depends.
    """

    def __init__(
        self,
        function: Callable[..., Sequence[Tensor]],
        arguments: Sequence[Any],
        name_scope: str,
        names: Sequence[str],
        shares_names: bool = False,
    ) -> None:
        """Trace `function`, which takes stand-ins for `arguments` (anything with a dtype and a shape)."""
        outer = get_default_graph()
        self.graph = BodyGraph(outer, name_scope, shares_names)
        with self.graph.as_default():
            self.arguments = [
                self.graph.add_argument(argument.dtype.base_dtype, argument.shape, name)
                for argument, name in zip(arguments, names, strict=True)
            ]
            self.outputs = [self.graph.own(output) for output in function(*self.arguments)]
        operations = self.graph.get_operations()
        live = [(handle, inside) for handle, inside in self.graph.handles if self._is_live(inside)]
        inside_live = {inside for _, inside in live}
        by_value = [pair for pair in self.graph.captures if inside_live.isdisjoint(pair[1].op.inputs)]
        self._fed = [*self.arguments, *[inside for _, inside in by_value]]
        references = [
            outer.create_operation("VariableReference", [handle], {}).outputs[0] for handle, _ in live
        ]
        self.captured = [*[outside for outside, _ in by_value], *references]
        self.draws = any(_draws(operation) for operation in operations)
        self.writes = any(registry.lookup(operation.type).writes for operation in operations)

    def _is_live(self, handle: Tensor) -> bool:
        """Whether anything but one reading of its value uses a variable's handle."""
        snapshots = {inside.op for _, inside in self.graph.captures}
        return handle in self.outputs or any(consumer not in snapshots for consumer in handle.consumers())

    def plan(self) -> Plan:
        from .plan import plan_for  # which knows of cells, and they of this

        return plan_for(self.graph, self.outputs, self._fed)

    def evaluate(self, run: Run, values: Sequence[Any], captured: Sequence[Any]) -> list[Any]:
        return run.execute(self.plan(), self.feeds(values, captured))

    def feeds(self, values: Sequence[Any], captured: Sequence[Any]) -> list[Any]:
        """What the plan is fed: the arguments' values and the captured ones (a reference has none)."""
        return [*values, *captured][: len(self._fed)]


def _draws(operation: Operation) -> bool:
    """Whether an operation draws random numbers. Drivers' loops inside draw them from a seed that such an
    operation makes.
    """
    values = operation.attributes.values()
    inside = [item for value in values for item in (value if isinstance(value, tuple) else [value])]
    return "seed2" in operation.attributes or any(
        item.draws for item in inside if isinstance(item, BodyFunction)
    )
