"""What a layer hands over to its graph: losses and updates, and which of them depend on which inputs."""

from __future__ import annotations

from typing import Any

from .graph import get_default_graph
from .tensor import Operation


def fill_collection(key: str, items: list[Any]) -> None:
    """Add to a collection what is not in it yet."""
    kept = get_default_graph().get_collection_ref(key)
    for item in items:
        if all(item is not other for other in kept):
            kept.append(item)


def ancestors(item: Any) -> set[Operation]:
    """The operations that a tensor or an operation needs, itself among them."""
    found: set[Operation] = set()
    waiting = [item if isinstance(item, Operation) else item.op]
    while waiting:
        operation = waiting.pop()
        if operation not in found:
            found.add(operation)
            waiting += [tensor.op for tensor in operation.inputs]
            waiting += operation.control_inputs
    return found
