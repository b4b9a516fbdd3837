"""Functions of tensors as sub-graphs: a cell's step, an activation, a loop's body, a branch. Each is traced
once into nodes.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from typing import TYPE_CHECKING, Any, Literal

from . import registry
from .body_graph import BodyGraph
from .dtypes import resource
from .graph import get_default_graph
from .tensor import Operation, Tensor

if TYPE_CHECKING:
    from .body_split import Split
    from .body_stages import Stages
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
        initial_values: Sequence[Tensor] = (),
    ) -> None:
        """Trace `function`, which takes stand-ins for `arguments` (anything with a dtype and a shape), with
        the names that go before them; of a loop's body, also what its variables begin with.
        """
        outer = get_default_graph()
        self.graph = BodyGraph(outer, name_scope, shares_names)
        with self.graph.as_default():
            self.arguments = [
                self.graph.add_argument(argument.dtype.base_dtype, argument.shape, name)
                for argument, name in zip(arguments, names, strict=True)
            ]
            self.graph.initial_values = dict(zip(self.arguments, initial_values, strict=False))
            self.outputs = [self.graph.own(output) for output in function(*self.arguments)]
        self.graph.make_part()
        operations = self.operations(self.outputs)
        self.before = list(
            dict.fromkeys(
                outside for item in operations for outside in self.graph.outer_control.get(item, ())
            )
        )
        self.draws = any(_draws(operation) for operation in operations)
        self.writes = any(registry.lookup(operation.type).writes for operation in operations)
        self.written = frozenset().union(*map(_written, operations))
        self._guards = shares_names
        self._references: dict[Tensor, Tensor] = {}
        self._values: dict[Tensor, Tensor] = {}
        self.read_live(self.written)

    def read_live(self, names: Collection[str]) -> None:
        """Read these variables where the function reads them: something else writes them meanwhile."""
        self._needs: dict[tuple[int, ...], tuple[frozenset[int], frozenset[int]]] = {}
        self._splits: dict[tuple[int, ...], Split] = {}
        self._stages: Stages | Literal[False] | None = None  # False: it has none
        self.reached: dict[frozenset[int], tuple[set[int], set[int]]] = {}  # what gradients of outputs go to
        live = [pair for pair in self.graph.handles if pair[0].op.name in names or self._is_live(pair[1])]
        inside_live = {inside for _, inside in live}
        by_value = [pair for pair in self.graph.captures if inside_live.isdisjoint(pair[1].op.inputs)]
        snapshots = {inside for _, inside in by_value}
        for handle, inside in self.graph.handles:
            if inside not in inside_live:
                reads = [consumer.outputs[0] for consumer in inside.consumers()]
                by_value += [(self._value_of(handle), read) for read in reads if read not in snapshots]
        self._fed = [*self.arguments, *[inside for _, inside in by_value]]
        for handle, _ in live:
            if handle not in self._references:
                node = handle.graph.create_operation("VariableReference", [handle], {})
                self._references[handle] = node.outputs[0]
        self.captured = [*[outside for outside, _ in by_value], *self._references.values()]

    def restore(self, captured: list[Tensor], fed: list[Tensor], guards: bool) -> None:
        """Of a function that is read from a file, with its graph, arguments, outputs and what is before it:
        take over the rest.
        """
        operations = self.operations(self.outputs)
        self.draws = any(_draws(operation) for operation in operations)
        self.writes = any(registry.lookup(operation.type).writes for operation in operations)
        self.written = frozenset().union(*map(_written, operations))
        self.captured, self._fed, self._guards = captured, fed, guards
        live = [tensor for tensor in captured if tensor.op.type == "VariableReference"]
        self._references = {tensor.op.inputs[0]: tensor for tensor in live}
        self._values, self._needs, self._splits, self.reached = {}, {}, {}, {}
        self._stages = None

    def operations(self, outputs: Iterable[Tensor]) -> list[Operation]:
        """The operations that some tensors inside need."""
        seen: dict[Operation, None] = {}
        waiting = [output.op for output in outputs]
        while waiting:
            operation = waiting.pop()
            if operation not in seen:
                seen[operation] = None
                waiting += [tensor.op for tensor in operation.inputs]
                waiting += operation.control_inputs
        return list(seen)

    def _is_live(self, handle: Tensor) -> bool:
        """Whether anything but readings of its value uses a variable's handle. In a branch, which may be
        there for a variable that has no value yet, only the reading counts that every variable has.
        """
        snapshots = {inside.op for _, inside in self.graph.captures}
        return handle in self.outputs or any(
            consumer not in snapshots and (self._guards or consumer.type != "Identity")
            for consumer in handle.consumers()
        )

    def _value_of(self, handle: Tensor) -> Tensor:
        if handle not in self._values:
            self._values[handle] = handle.graph.create_operation("Identity", [handle], {}, "read").outputs[0]
        return self._values[handle]

    def needs(self, outputs: Iterable[int]) -> tuple[frozenset[int], frozenset[int]]:
        """The places of the arguments and of the captured tensors that some of the outputs need."""
        key = tuple(outputs)
        if key not in self._needs:
            reached = set(self.operations([self.outputs[index] for index in key]))
            count = len(self.arguments)
            fed = [index for index, tensor in enumerate(self._fed) if tensor.op in reached]
            # Variables that are read where they stand have no values to feed.
            live = range(len(self._fed) - count, len(self.captured))
            captured = frozenset([*[index - count for index in fed if index >= count], *live])
            self._needs[key] = frozenset(index for index in fed if index < count), captured
        return self._needs[key]

    @property
    def reads_live(self) -> bool:
        """Whether variables are read where they stand."""
        return bool(self._references)

    def stand_ins(self) -> list[Tensor]:
        """What stands inside for each of the captured tensors; for a reference the variable's handle."""
        handles = dict(self.graph.handles)
        by_value = self._fed[len(self.arguments) :]
        return [*by_value, *[handles[reference.op.inputs[0]] for reference in self.captured[len(by_value) :]]]

    def stand_ins_of_values(self) -> list[Tensor]:
        """What stands inside for the captured tensors that are given by value, which are the first."""
        return self._fed[len(self.arguments) :]

    def plan(self, outputs: Iterable[int] | None = None) -> Plan:
        """What evaluates the outputs, or those of some places."""
        from .plan import plan_for  # which knows of cells, and they of this

        chosen = self.outputs if outputs is None else [self.outputs[index] for index in outputs]
        return plan_for(self.graph, chosen, self._fed)

    def split(self, outputs: Iterable[int]) -> Split:
        """The same for many iterations: what is the same in all of them is computed once."""
        from .body_split import Split

        key = tuple(outputs)
        if key not in self._splits:
            self._splits[key] = Split(self, [self.outputs[index] for index in key])
        return self._splits[key]

    def stages(self) -> Stages | None:
        """The same for a run over a whole sequence; None where it has to be stepped."""
        if self._stages is None:
            from .body_stages import Stages

            self._stages = Stages(self) if self.is_pure() else False
            if self._stages and not self._stages.suits:
                self._stages = False
        return self._stages or None

    def is_pure(self) -> bool:
        """Whether it does nothing but compute: what is evaluated when, and in which order, shows nowhere."""
        operations = self.operations(self.outputs)
        return not self.writes and not self.draws and all(map(_is_pure, operations))

    def evaluate(self, run: Run, values: Sequence[Any], captured: Sequence[Any]) -> list[Any]:
        return run.execute(self.plan(), self.feeds(values, captured))

    def feeds(self, values: Sequence[Any], captured: Sequence[Any]) -> list[Any]:
        """What the plan is fed: the arguments' values and the captured ones (a reference has none)."""
        return [*values, *captured][: len(self._fed)]


def _bodies(operation: Operation) -> list[BodyFunction]:
    values = operation.attributes.values()
    inside = [item for value in values for item in (value if isinstance(value, tuple) else [value])]
    return [item for item in inside if isinstance(item, BodyFunction)]


def _draws(operation: Operation) -> bool:
    """Whether an operation draws random numbers. Drivers' loops inside draw them from a seed that such an
    operation makes.
    """
    return "seed2" in operation.attributes or any(body.draws for body in _bodies(operation))


def _is_pure(operation: Operation) -> bool:
    if any(tensor.dtype is resource for tensor in (*operation.inputs, *operation.outputs)):
        return False
    known = operation.type in ("Argument", "Placeholder", "RNNCellStep", "VariableV2")
    bodies = _bodies(operation)
    if bodies:
        return all(body.is_pure() for body in bodies)
    return (known or not registry.lookup(operation.type).stateful) and operation.type != "Gradients"


def _written(operation: Operation) -> frozenset[str]:
    """The variables that an operation writes."""
    if registry.lookup(operation.type).writes and "variable" in operation.attributes:
        return frozenset([operation.attributes["variable"]])
    return frozenset().union(*[body.written for body in _bodies(operation)])
