"""What is in a graph, by handle or by name, and which of it may be fed and fetched."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from .errors import InaccessibleTensorError
from .tensor import Operation, Tensor

if TYPE_CHECKING:
    from .graph import Graph


class Elements:
    """The operations of a graph: look-up by handle and by name, and marks on them."""

    outer: Graph | None

    def __init__(self) -> None:
        self._operations: list[Operation] = []
        self._by_name: dict[str, Operation] = {}
        self._not_feedable: set[Tensor] = set()
        self._not_fetchable: set[Operation] = set()

    @property
    def outermost(self) -> Graph:
        """The graph that all loops and branches around are in: itself where there are none."""
        graph: Any = self
        while graph.outer is not None:
            graph = graph.outer
        return graph

    def get_operations(self) -> list[Operation]:
        return list(self._operations)

    def get_operation_by_name(self, name: str) -> Operation:
        if not isinstance(name, str):
            raise TypeError(f"Operation names are strings (or similar), not {type(name).__name__}.")
        return cast(Operation, self.as_graph_element(name, allow_tensor=False))

    def get_tensor_by_name(self, name: str) -> Tensor:
        if not isinstance(name, str):
            raise TypeError(f"Tensor names are strings (or similar), not {type(name).__name__}.")
        return cast(Tensor, self.as_graph_element(name, allow_operation=False))

    def as_graph_element(self, item: Any, allow_tensor: bool = True, allow_operation: bool = True) -> Any:
        """The Tensor or Operation that a handle, a variable or a name stands for (TF1:
        `Graph.as_graph_element`).
        """
        wanted = " or ".join([*["Tensor"] * allow_tensor, *["Operation"] * allow_operation])
        handle = getattr(item, "_as_graph_element", None)
        if handle is not None:
            item = handle()
        if isinstance(item, (str, bytes)):
            name = item if isinstance(item, str) else item.decode()
            return self._named(name, allow_tensor, allow_operation)
        if (isinstance(item, Tensor) and allow_tensor) or (isinstance(item, Operation) and allow_operation):
            if item.graph is not self:
                raise self._elsewhere(item)
            return item
        raise TypeError(f"Can not convert a {type(item).__name__} into a {wanted}.")

    def _elsewhere(self, item: Tensor | Operation) -> ValueError:
        kind = "Tensor" if isinstance(item, Tensor) else "Operation"
        if item.graph.outer is not None and item.graph.outermost is self.outermost:
            return InaccessibleTensorError(
                f"{kind} {item} is inside a loop, a branch or a cell's step: it has a value for each time "
                "that runs, and none outside. Make it an output of what it is in."
            )
        return ValueError(f"{kind} {item} is not an element of this graph.")

    def _named(self, name: str, allow_tensor: bool, allow_operation: bool) -> Any:
        if ":" in name and allow_tensor:
            op_name, _, index = name.rpartition(":")
            if not op_name or not index.isdigit():
                raise ValueError(
                    f"The name {name!r} looks a like a Tensor name, but is not a valid one. Tensor names "
                    'must be of the form "<op_name>:<output_index>".'
                )
            operation = self._by_name.get(op_name)
            if operation is None:
                raise KeyError(
                    f"The name {name!r} refers to a Tensor which does not exist. "
                    f"The operation, {op_name!r}, does not exist in the graph."
                )
            if int(index) >= len(operation.outputs):
                raise KeyError(
                    f"The name {name!r} refers to a Tensor which does not exist. "
                    f"The operation, {op_name!r}, exists but only has {len(operation.outputs)} outputs."
                )
            return operation.outputs[int(index)]
        if ":" in name:
            raise ValueError(f"Name {name!r} appears to refer to a Tensor, not a Operation.")
        if not allow_operation:
            if name in self._by_name:
                raise ValueError(
                    f"The name {name!r} refers to an Operation, not a Tensor. "
                    'Tensor names must be of the form "<op_name>:<output_index>".'
                )
            raise ValueError(
                f"The name {name!r} looks like an (invalid) Operation name, not a Tensor. "
                'Tensor names must be of the form "<op_name>:<output_index>".'
            )
        if name not in self._by_name:
            raise KeyError(f"The name {name!r} refers to an Operation not in the graph.")
        return self._by_name[name]

    # -- marks
    def is_feedable(self, tensor: Tensor) -> bool:
        return tensor not in self._not_feedable

    def prevent_feeding(self, tensor: Tensor) -> None:
        """From now on, feeding the tensor is a ValueError (TF1 symbol: `tf.Graph.prevent_feeding`)."""
        self._not_feedable.add(tensor)

    def is_fetchable(self, tensor_or_op: Tensor | Operation) -> bool:
        operation = tensor_or_op.op if isinstance(tensor_or_op, Tensor) else tensor_or_op
        return operation not in self._not_fetchable

    def prevent_fetching(self, op: Operation) -> None:
        """From now on, fetching the operation or its outputs is an error (TF1 symbol:
        `tf.Graph.prevent_fetching`).
        """
        self._not_fetchable.add(op)
