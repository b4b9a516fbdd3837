"""The graph of a loop's body, a branch or a cell's step, within the graph that it is used in."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from typing import Any

from . import registry
from .dtypes import DType
from .graph import Graph
from .shapes import TensorShape
from .tensor import Operation, Tensor


class BodyGraph(Graph):
    """A loop's body, or a branch: a graph of its own that takes what it uses of the outer graph as captured
    inputs.

    A variable is known inside by a handle of its own, of the same name, so that what is made inside reads
    and writes the session's value. `shares_names`: its nodes are named as if they were the outer graph's.
    """

    def __init__(self, outer: Graph, name_scope: str, shares_names: bool = False) -> None:
        super().__init__()
        self.outer: Graph = outer
        self._scopes.name = self.base_scope = name_scope.rstrip("/")
        if shares_names:
            self._names_in_use = outer._names_in_use
        self.seed, self.overrides = outer.seed, outer.overrides
        self._is_part = shares_names  # in TensorFlow its nodes are the outer graph's
        if shares_names:
            outer.parts.append(self)
        self._captures: dict[Tensor, Tensor] = {}
        self._handles: dict[Tensor, Tensor] = {}
        self.outer_control: dict[
            Operation, tuple[Operation, ...]
        ] = {}  # what, of the graphs around, is first
        self._outer_in_force: tuple[Operation, ...] = ()
        self.initial_values: dict[Tensor, Tensor] = {}  # of a loop's variables, by the arguments inside

    def nodes_of_tensorflow(self) -> int:
        return self.outer.nodes_of_tensorflow() if self._is_part else self.own_nodes()

    def make_part(self) -> None:
        """All is traced: the outer graph need not know this one to count its nodes."""
        if self._is_part:
            self.outer.parts.remove(self)
            self.outer.skip(self.own_nodes())

    @property
    def captures(self) -> list[tuple[Tensor, Tensor]]:
        """(outer tensor, inner stand-in), in the order of first use."""
        return list(self._captures.items())

    @property
    def handles(self) -> list[tuple[Tensor, Tensor]]:
        """(a variable's handle in the graph around, the handle inside)."""
        return list(self._handles.items())

    def add_argument(self, dtype: DType, shape: TensorShape, name: str, **known: Any) -> Tensor:
        attributes = {"dtype": dtype.name, "shape": shape, **known}
        return self.create_operation("Argument", (), attributes, name).outputs[0]

    def own(self, tensor: Tensor) -> Tensor:
        if tensor.op.graph is self:
            return tensor
        tensor = self.outer.own(tensor)
        if tensor.op.type == "VariableV2":
            return self._handle(tensor)
        if tensor not in self._captures:
            with self.control_dependencies(None):
                self._captures[tensor] = self._stand_in(tensor)
        return self._captures[tensor]

    def _handle(self, handle: Tensor) -> Tensor:
        if handle not in self._handles:
            operation = handle.op
            with self.control_dependencies(None):
                inner = self.create_operation("VariableV2", (), operation.attributes, operation.name + "/")
                self.skip(-1)  # its value enters, and nothing else
            self._handles[handle] = inner.outputs[0]
        return self._handles[handle]

    def _stand_in(self, tensor: Tensor) -> Tensor:
        operation = tensor.op
        if operation.type == "Identity" and operation.inputs[0].op.type == "VariableV2":
            # A variable's value: whoever evaluates the body gives it, unless the body writes the variable.
            handle = self._handle(operation.inputs[0])
            return self.create_operation("Identity", [handle], {}, operation.name + "/").outputs[0]
        if operation.type == "Const" and operation.attributes["dtype"] == "string":
            return self.create_operation("Const", (), operation.attributes, "Const").outputs[0]
        known: dict[str, Any] = {}
        constant = registry.constant_value(tensor)
        if constant is not None:  # shape rules inside may need it
            known["constant"] = constant
        elif tensor.dtype.is_integer and tensor.shape.ndims == 1:
            known["constant_shape"] = registry.constant_shape(tensor)
        return self.add_argument(tensor.dtype.base_dtype, tensor.shape, "captured", **known)

    def as_graph_element(self, item: Any, allow_tensor: bool = True, allow_operation: bool = True) -> Any:
        handle = getattr(item, "_as_graph_element", None)
        if handle is not None:
            item = handle()
        if isinstance(item, str):
            inside = item in self._by_name or item.rpartition(":")[0] in self._by_name
        else:
            inside = not isinstance(item, (Tensor, Operation)) or item.graph is self
        look_up = super().as_graph_element if inside else self.outer.as_graph_element
        return look_up(item, allow_tensor, allow_operation)

    @contextlib.contextmanager
    def control_dependencies(self, control_inputs: Sequence[Any] | None) -> Iterator[None]:
        """As in any graph; what is of a graph around runs before the whole loop or branch."""
        before, own = self._outer_in_force, control_inputs
        self._outer_in_force = ()
        if control_inputs is not None:
            elements = [self.as_graph_element(item) for item in control_inputs]
            operations = [element.op if isinstance(element, Tensor) else element for element in elements]
            # An argument has its value before anything runs.
            own = [item for item in operations if item.graph is self and item.type != "Argument"]
            outside = [operation for operation in operations if operation.graph is not self]
            self._outer_in_force = (*before, *outside)
        try:
            with super().control_dependencies(own):
                yield
        finally:
            self._outer_in_force = before

    def create_operation(
        self, op_type: str, inputs: Sequence[Tensor], attributes: dict[str, Any], name: str | None = None
    ) -> Operation:
        operation = super().create_operation(op_type, inputs, attributes, name)
        if self._outer_in_force:
            self.outer_control[operation] = self._outer_in_force
        return operation

    def get_collection_ref(self, name: Any) -> list[Any]:
        return self.outer.get_collection_ref(name)

    def get_collection(self, name: Any, scope: str | None = None) -> list[Any]:
        return self.outer.get_collection(name, scope)
