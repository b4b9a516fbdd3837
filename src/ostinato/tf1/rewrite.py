"""Copies of parts of a graph with some of their tensors replaced."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from .body_graph import BodyGraph
from .graph import get_default_graph
from .ops import state
from .ops.core import one
from .tensor import Operation, Tensor

INITIAL_VALUES = ("__initial_values",)  # a collection of (variable's handle, initial value)


def between(sources: Iterable[Tensor], targets: Iterable[Tensor]) -> list[Operation]:
    """The operations on paths from the sources to the targets, in the order they were made."""
    reached = set(sources)
    found = []
    for operation in sorted(ancestors(targets), key=lambda item: item.identifier):
        if not reached.isdisjoint(operation.inputs):
            found.append(operation)
            reached.update(operation.outputs)
    return found


def ancestors(targets: Iterable[Tensor]) -> dict[Operation, None]:
    """The operations that the targets come of."""
    ancestors: dict[Operation, None] = {}
    waiting = [tensor.op for tensor in targets]
    while waiting:
        operation = waiting.pop()
        if operation not in ancestors:
            ancestors[operation] = None
            waiting.extend(tensor.op for tensor in operation.inputs)
    return ancestors


def replaced(targets: list[Tensor], replacements: dict[Tensor, Tensor]) -> dict[Tensor, Tensor]:
    """Copy what leads from the replaced tensors to the targets; the result maps old tensors to new ones.

    What does not depend on a replaced tensor is shared, not copied.
    """
    mapping = dict(replacements)
    graph = get_default_graph()
    for operation in between(replacements, targets):
        inputs = [mapping.get(tensor, tensor) for tensor in operation.inputs]
        copy = graph.create_operation(
            operation.type, inputs, dict(operation.attributes), operation.name.split("/")[-1]
        )
        for old, new in zip(operation.outputs, copy.outputs, strict=True):
            mapping.setdefault(old, new)
    return mapping


def computed_inside(ys: list[Tensor], xs: list[Tensor]) -> list[Tensor]:
    """In a loop's body or a branch: the ys, with what they capture that depends on one of the xs of the graph
    around computed anew inside, so that they can be differentiated.
    """
    graph = get_default_graph()
    if not isinstance(graph, BodyGraph):
        return ys
    outside = {x: graph.own(x) for x in xs if x.graph is not graph}
    if not outside:
        return ys
    captured = [pair for pair in graph.captures if pair[0] not in outside]
    used = set(ancestors(ys))
    captured = [pair for pair in captured if pair[1].op in used]
    sources = {graph.outer.own(x): inner for x, inner in outside.items()}
    copies = replaced([outer for outer, _ in captured], sources)
    again = {inner: copies[outer] for outer, inner in captured if outer in copies}
    found = replaced(ys, again)
    return [found.get(y, y) for y in ys]


def refuse_initial_values(ys: list[Tensor], xs: list[Tensor]) -> None:
    """In a loop's body: raise where the ys depend on one of the xs of the graph around only through the value
    that a loop variable begins with.

    Raises:
        ValueError: they do; the derivative within one iteration would be zero, which nobody means.
    """
    graph = get_default_graph()
    if not isinstance(graph, BodyGraph):
        return
    used = [operation.outputs[0] for operation in ancestors(ys) if operation.type == "Argument"]
    begun = [graph.initial_values[argument] for argument in used if argument in graph.initial_values]
    before = set(ancestors(begun))
    for x in xs:
        if x.graph is not graph and graph.outer.own(x).op in before:
            raise ValueError(
                f"Cannot compute gradient inside while loop with respect to op '{x.op.name}'. We do not "
                "support taking the gradient wrt or through the initial value of a loop variable. Gradients "
                "can be computed through loop invariants or wrt the input parameters to the loop body."
            )


def initialized_or(reference: Tensor, initial_value: Tensor) -> Tensor:
    """The variable's value where it has one, else its initial value."""
    inputs = [reference, with_initial_values(initial_value)]
    graph = get_default_graph()
    # TensorFlow asks whether the variable is initialized and branches, in nine nodes.
    graph.unique_name("IsVariableInitialized")
    graph.skip(8)
    with graph.name_scope("cond"):
        return one("InitializedOrInitialValue", inputs, "Merge", variable=state.variable_name(reference))


def with_initial_values(tensor: Tensor) -> Tensor:
    """An initial value that depends on other variables, made to use their initial values where they have none
    yet.

    So all variables can be initialised in one run, in whatever order.
    """
    seen: set[Operation] = set()
    waiting = [tensor.op]
    found: dict[Tensor, Any] = {}
    while waiting:
        operation = waiting.pop()
        if operation in seen:
            continue
        seen.add(operation)
        if operation.type == "VariableV2":
            found[operation.outputs[0]] = None
        elif operation.type != "InitializedOrInitialValue":
            waiting.extend(item.op for item in operation.inputs)
    if not found:
        return tensor
    initial: dict[Tensor, Tensor] = dict(get_default_graph().get_collection(INITIAL_VALUES))
    usable = {handle: initialized_or(handle, initial[handle]) for handle in found if handle in initial}
    return replaced([tensor], usable).get(tensor, tensor) if usable else tensor
