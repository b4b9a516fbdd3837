"""Graphs as messages (TF1 symbols: `tf.Graph.as_graph_def`, `tf.Operation.node_def`).

A node is written with TensorFlow's names of types, inputs and attributes, as far as there are any, so that
TensorBoard draws the graph; `_ostinato` lists the attributes that a node has here.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np

from .attribute_values import Names, attribute
from .body import BodyFunction
from .graph_messages import AttrValue, GraphDef, NodeDef
from .tensor import Operation, Tensor
from .tensor_protos import shape_proto, tensor_proto, type_number

if TYPE_CHECKING:
    from .graph import Graph

OWN = "_ostinato"
_PRODUCER, _MIN_CONSUMER = 134, 12  # of TensorFlow 1.15's format


def node_def(operation: Operation) -> NodeDef:
    """A node as a message, to be looked at: it is not enough to make a graph of."""
    made = Writer().node(operation, False)
    del made.attr[OWN]
    return made


def graph_def(graph: Graph, from_version: int | None = None, add_shapes: bool = False) -> GraphDef:
    """A graph as a message, or what was added to it after a version."""
    writer = Writer()
    made = GraphDef()
    for operation in graph.get_operations()[from_version or 0 :]:
        made.node.keep(writer.node(operation, add_shapes))
    made.versions.producer, made.versions.min_consumer = _PRODUCER, _MIN_CONSUMER
    for function in writer.library:
        made.library.function.keep(function)
    return made


class Writer:
    """Writes nodes, and once each the functions that they use."""

    def __init__(self) -> None:
        from .graph_messages import FunctionDef

        self._kind = FunctionDef
        self.library: list[Any] = []
        self._names = Names()
        self._functions: dict[int, tuple[str, BodyFunction]] = {}

    def node(self, operation: Operation, add_shapes: bool) -> NodeDef:
        made = NodeDef(name=operation.name, op=operation.type, device=operation.device)
        made.input.extend([tensor.name.removesuffix(":0") for tensor in operation.inputs])
        made.input.extend([f"^{control.name}" for control in operation.control_inputs])
        attr = made.attr
        if operation.inputs and operation.inputs[0].dtype.base_dtype.name != "resource":
            attr["T"].type = type_number(operation.inputs[0].dtype.base_dtype)
        own = []
        for name, value in operation.attributes.items():
            own.append(name.encode())
            dict.__setitem__(attr, name, self._attribute(operation, name, value))
        attr[OWN].list.s.extend(own)
        attr[OWN].list.SetInParent()
        if add_shapes and operation.outputs:
            shapes = [shape_proto(tensor.shape) for tensor in operation.outputs]
            attr["_output_shapes"].list.shape.extend(shapes)
        return made

    def _attribute(self, operation: Operation, name: str, value: Any) -> AttrValue:
        if operation.type == "Const" and name == "value" and isinstance(value, np.ndarray):
            return AttrValue(tensor=tensor_proto(value, operation.attributes["dtype"]))
        return attribute(name, value, self._names, self._function)

    def _function(self, body: BodyFunction) -> str:
        """The name of a function, which is added to the library."""
        if id(body) not in self._functions:
            name = f"{body.graph.base_scope or 'body'}_{len(self._functions)}".replace("/", "_")
            self._functions[id(body)] = name, body
            function = self._kind()
            function.signature.name = name
            for operation in body.graph.get_operations():
                function.node_def.keep(self.node(operation, True))
            function.attr[OWN].s = json.dumps(_state_of(body)).encode()
            self.library.append(function)
        return self._functions[id(body)][0]


def _state_of(body: BodyFunction) -> dict[str, Any]:
    """What a function is beside its nodes, by names."""
    graph = body.graph

    def named(tensors: Any) -> list[str]:
        return [tensor.name for tensor in tensors]

    def pairs(found: Any) -> list[list[str]]:
        return [[outer.name, inner.name] for outer, inner in found]

    return {
        "scope": graph.base_scope,
        "arguments": named(body.arguments),
        "outputs": named(body.outputs),
        "captured": named(body.captured),
        "fed": named(body._fed),
        "captures": pairs(graph.captures),
        "handles": pairs(graph.handles),
        "guards": body._guards,
        "before": [operation.name for operation in body.before],
        "control": [
            [operation.name, [outer.name for outer in outside]]
            for operation, outside in graph.outer_control.items()
        ],
        "initial_values": [
            [inner.name, outer.name]
            for inner, outer in graph.initial_values.items()
            if isinstance(outer, Tensor)
        ],
    }
