"""Copies of parts of a graph with some of their tensors replaced."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from .graph import get_default_graph
from .ops import state
from .ops.core import one
from .tensor import Operation, Tensor

INITIAL_VALUES = "__initial_values"  # a collection of (variable's handle, initial value)


def between(sources: Iterable[Tensor], targets: Iterable[Tensor]) -> list[Operation]:
    """The operations on paths from the sources to the targets, in the order they were made."""
    ancestors: dict[Operation, None] = {}
    waiting = [tensor.op for tensor in targets]
    while waiting:
        operation = waiting.pop()
        if operation not in ancestors:
            ancestors[operation] = None
            waiting.extend(tensor.op for tensor in operation.inputs)
    reached = set(sources)
    found = []
    for operation in sorted(ancestors, key=lambda item: item.identifier):
        if not reached.isdisjoint(operation.inputs):
            found.append(operation)
            reached.update(operation.outputs)
    return found


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


def initialized_or(reference: Tensor, initial_value: Tensor) -> Tensor:
    """The variable's value where it has one, else its initial value."""
    inputs = [reference, with_initial_values(initial_value)]
    return one("InitializedOrInitialValue", inputs, "cond", variable=state.variable_name(reference))


def with_initial_values(tensor: Tensor) -> Tensor:
    """An initial value that depends on other variables, made to use their initial values where they have none
    yet.

    So all variables can be initialised in one run, in whatever order.
    """
    initial: dict[Tensor, Tensor] = dict(get_default_graph().get_collection(INITIAL_VALUES))
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
    usable = {handle: initialized_or(handle, initial[handle]) for handle in found if handle in initial}
    return replaced([tensor], usable).get(tensor, tensor) if usable else tensor
