"""Graphs from messages (TF1 symbol: `tf.import_graph_def`): those of this library whole, those of TensorFlow
as far as the types of their operations are known here.

A node of a type that is not here is made without inputs: it can be named, and a run that needs it says what
it is. TensorFlow's loops and conditionals come as the nodes that they are made of there, which `dataflow`
runs.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from . import errors, foreign_nodes, registry
from .attribute_values import Names, value_of
from .body import BodyFunction
from .body_graph import BodyGraph
from .dtypes import as_dtype, float32
from .graph import Graph, get_default_graph
from .graph_def import OWN
from .graph_messages import GraphDef
from .ops import block_nodes, derivatives, flow  # noqa: F401  # whose types TensorFlow's graphs have
from .ops.core import convert_to_tensor
from .shapes import TensorShape
from .tensor import Operation, Tensor
from .tensor_protos import shape_of, type_of


def import_graph_def(
    graph_def: Any,
    input_map: Mapping[str, Any] | None = None,
    return_elements: Sequence[str] | None = None,
    name: str | None = None,
    op_dict: Any = None,
    producer_op_list: Any = None,
) -> list[Any] | None:
    """Add the nodes of a GraphDef to the default graph (TF1 symbol: `tf.import_graph_def`).

    Args:
        graph_def: a `tf.GraphDef`.
        input_map: tensors to take in the place of named ones of the message.
        return_elements: names of operations and tensors of the message to return.
        name: goes before the nodes' names; None is `import`, '' nothing.
        op_dict, producer_op_list: taken, not used.

    Returns:
        What `return_elements` names; None where it is None.

    Raises:
        TypeError: `graph_def` is no GraphDef, or an argument of a wrong kind.
        ValueError: a node's input is not in the message, a name in the arguments is not, or a name is taken.
    """
    if not isinstance(graph_def, GraphDef):
        raise TypeError("graph_def must be a GraphDef proto.")
    if input_map is None:
        input_map = {}
    elif not isinstance(input_map, Mapping) or not all(isinstance(key, str) for key in input_map):
        raise TypeError("input_map must be a dictionary mapping strings to Tensor objects.")
    if return_elements is not None and not (
        isinstance(return_elements, (list, tuple)) and all(isinstance(item, str) for item in return_elements)
    ):
        raise TypeError("return_elements must be a list of strings.")
    graph = get_default_graph()
    with contextlib.ExitStack() as stack:
        prefix = ""
        if name != "":
            prefix = stack.enter_context(graph.name_scope("import" if name is None else name))
        elif graph.get_name_scope():
            prefix = graph.get_name_scope() + "/"
        mapped = {
            _tensor_name(key): convert_to_tensor(value, as_ref=True) for key, value in input_map.items()
        }
        reader = Reader(graph, graph_def, prefix, mapped)
        reader.read()
    unused = sorted(set(mapped) - reader.used)
    unknown = [key for key in unused if key.rpartition(":")[0].lstrip("^") not in reader.operations]
    if unknown:
        raise ValueError(f"Attempted to map inputs that were not found in graph_def: [{', '.join(unknown)}]")
    if return_elements is None:
        return None
    return [_returned(reader, item) for item in return_elements]


def _tensor_name(name: str) -> str:
    return name if ":" in name or name.startswith("^") else f"{name}:0"


def _returned(reader: Reader, item: str) -> Any:
    name, colon, index = item.partition(":")
    operation = reader.operations.get(name)
    if operation is None or (colon and int(index) >= len(operation.outputs)):
        raise ValueError(f"Requested return_element {item!r} not found in graph_def.")
    return operation.outputs[int(index)] if colon else operation


class Reader:
    """Makes the nodes of a message, in an order in which each comes after its inputs."""

    def __init__(
        self, graph: Graph, graph_def: Any, prefix: str, mapped: Mapping[str, Tensor] | None = None
    ) -> None:
        self.graph, self.prefix = graph, prefix
        self.operations: dict[str, Operation] = {}
        self.used: set[str] = set()
        self._mapped = mapped or {}
        self._nodes = list(graph_def.node)
        self._functions = {function.signature.name: function for function in graph_def.library.function}
        self._made: dict[tuple[Graph, str], BodyFunction] = {}
        self._names = Names()
        self._counts: dict[str, int] = {}

    def read(self) -> None:
        known = {node.name: node for node in self._nodes}
        if len(known) < len(self._nodes):
            raise ValueError("Two nodes of the graph_def have the same name.")
        for node in self._nodes:
            for name in node.input:
                source, index = _source(name)
                if source not in known and self._replacement(name) is None:
                    raise ValueError(f"Node {node.name!r}: Unknown input node {name!r}")
                self._counts[source] = max(self._counts.get(source, 0), index + 1)
        for node in _ordered(self._nodes, known, self._is_here):
            self.operations[node.name] = self._operation(self.graph, node, self.prefix, self._input)
        for node in self._nodes:
            if foreign_nodes.type_of_node(node) == "Merge":
                self._close_loop(node)

    def _close_loop(self, node: Any) -> None:
        """Give a loop's Merge what comes round, which was not there when it was made."""
        made = self.operations[node.name]
        names = [name for name in node.input if not name.startswith("^")]
        if made.type == "Merge" and len(made.inputs) < len(names):
            made.inputs = tuple(self._input(name) for name in names)
            for name in names:
                tensor = self._input(name)
                if made not in tensor._consumers:
                    tensor._consumers.append(made)

    def _is_here(self, node: Any) -> bool:
        if OWN in node.attr:
            return registry.is_known(node.op)
        return foreign_nodes.is_known(node.op) and registry.is_known(foreign_nodes.type_of_node(node))

    def _replacement(self, name: str) -> Tensor | None:
        key = name if name.startswith("^") else _tensor_name(name)
        if key in self._mapped:
            self.used.add(key)
            return self._mapped[key]
        return None

    def _input(self, name: str) -> Tensor:
        replacement = self._replacement(name)
        if replacement is not None:
            return replacement
        source, index = _source(name)
        outputs = self.operations[source].outputs
        if index >= len(outputs):
            raise ValueError(f"{name!r} is no output of the node {source!r}, which has {len(outputs)}.")
        return outputs[index]

    def _operation(self, graph: Graph, node: Any, prefix: str, find: Any) -> Operation:
        """Make a node; its name is the message's, with the prefix."""
        name = f"{prefix}{node.name}/"
        if name[:-1] in graph._by_name:
            raise ValueError(f"Node name {name[:-1]!r} already exists in the Graph")
        control = [self.operations[text[1:]] for text in node.input if text.startswith("^")]
        if not self._is_here(node):
            return self._unknown(graph, node, name)
        try:
            names = [text for text in node.input if not text.startswith("^")]
            op_type = node.op if OWN in node.attr else foreign_nodes.type_of_node(node)
            turns = op_type == "Merge" and [text for text in names if self._is_made(text)] != names
            if turns:
                names = [text for text in names if self._is_made(text)]
            inputs = [find(text) for text in names]
            if OWN in node.attr:
                attributes = self._attributes(graph, node, prefix, find)
            else:
                inputs, attributes = foreign_nodes.translated(node, inputs)
            if op_type == "Merge":
                attributes["turns"] = turns
            elif op_type == "Enter":
                attributes["frame_name"] = prefix + attributes["frame_name"]
            with graph.control_dependencies(None), graph.control_dependencies(control):
                made = graph.create_operation(op_type, inputs, attributes, name)
        except (TypeError, ValueError, IndexError) as problem:
            if OWN in node.attr:
                if type(problem) is ValueError:
                    raise
                raise ValueError(f"Node {name[:-1]!r} is damaged in the file: {problem}") from problem
            return self._unknown(graph, node, name)  # TensorFlow's has other inputs, outputs or attributes
        self._finished(graph, made, node, name)
        return made

    def _is_made(self, name: str) -> bool:
        return self._replacement(name) is not None or _source(name)[0] in self.operations

    def _attributes(self, graph: Graph, node: Any, prefix: str, find: Any) -> dict[str, Any]:
        """The attributes of a node of this library."""
        attributes = {}
        for encoded in node.attr[OWN].list.s:
            key = encoded.decode()
            value = value_of(
                key, node.attr[key], self._names, lambda text: self._function(graph, text, prefix, find)
            )
            if prefix and key == "variable":
                value = prefix + value
            elif prefix and key == "variables":
                value = [prefix + item for item in value]
            attributes[key] = value
        return attributes

    def _finished(self, graph: Graph, made: Operation, node: Any, name: str) -> None:
        made.device = node.device
        graph.unique_name_taken(name[:-1])
        if "_output_shapes" in node.attr:
            for tensor, shape in zip(made.outputs, node.attr["_output_shapes"].list.shape, strict=False):
                known = shape_of(shape)
                if tensor.shape.is_compatible_with(known):
                    tensor.set_shape(known)

    def _unknown(self, graph: Graph, node: Any, name: str) -> Operation:
        """A node of a type that is not here: its outputs, as far as the message tells of them."""
        shapes = (
            [shape_of(shape) for shape in node.attr["_output_shapes"].list.shape]
            if ("_output_shapes" in node.attr)
            else []
        )
        count = max(len(shapes), self._counts.get(node.name, 0))
        shapes += [TensorShape(None)] * (count - len(shapes))
        kind = next((node.attr[key].type for key in ("dtype", "DstT", "T") if key in node.attr), 0)
        try:
            dtype = type_of(kind).base_dtype.name if kind else float32.name
        except TypeError:
            dtype = float32.name
        with graph.control_dependencies(None):
            made = graph.create_operation(
                "NotHere", [], {"op": node.op, "shapes": shapes, "dtype": dtype}, name
            )
        self._finished(graph, made, node, name)
        return made

    # -- loops' bodies, branches and cells' steps
    def _function(self, outer: Graph, name: str, prefix: str, find: Any) -> BodyFunction:
        if (outer, name) not in self._made:
            if name not in self._functions:
                raise ValueError(f"The graph_def has no function {name!r}.")
            self._made[outer, name] = self._read_function(outer, self._functions[name], prefix, find)
        return self._made[outer, name]

    def _read_function(self, outer: Graph, function: Any, prefix: str, find: Any) -> BodyFunction:
        state = json.loads(function.attr[OWN].s)
        body = BodyFunction.__new__(BodyFunction)
        graph = body.graph = BodyGraph(outer, prefix + state["scope"])
        inside: dict[str, Operation] = {}

        def inner(name: str) -> Tensor:
            source, index = _source(name)
            return inside[source].outputs[index]

        outer_operations = dict(self.operations)
        nodes = list(function.node_def)
        before, self.operations = self.operations, inside
        try:
            for node in nodes:
                inside[node.name] = self._operation(graph, node, prefix, inner)
        finally:
            self.operations = before
        body.arguments = [inner(name) for name in state["arguments"]]
        body.outputs = [inner(name) for name in state["outputs"]]
        graph._captures = {find(one): inner(other) for one, other in state["captures"]}
        graph._handles = {find(one): inner(other) for one, other in state["handles"]}
        graph.outer_control = {
            inside[name]: tuple(outer_operations[other] for other in others)
            for name, others in state["control"]
        }
        graph.initial_values = {inner(name): find(other) for name, other in state["initial_values"]}
        body.before = [outer_operations[name] for name in state["before"]]
        body.restore([find(n) for n in state["captured"]], [inner(n) for n in state["fed"]], state["guards"])
        return body


def _source(name: str) -> tuple[str, int]:
    """The node that an input's name names, and which of its outputs."""
    if name.startswith("^"):
        return name[1:], -1
    source, colon, index = name.rpartition(":")
    return (source, int(index)) if colon and index.isdigit() else (name, 0)


def _ordered(nodes: Sequence[Any], known: Mapping[str, Any], is_here: Any) -> Iterable[Any]:
    """The nodes, each after those it needs; what is not here needs nothing, which breaks a loop's cycles."""
    state: dict[str, int] = {}
    ordered = []
    for first in nodes:
        waiting = [(first, False)]
        while waiting:
            node, done = waiting.pop()
            if done:
                state[node.name] = 2
                ordered.append(node)
                continue
            if node.name in state:
                continue
            state[node.name] = 1
            waiting.append((node, True))
            if is_here(node):
                for name in reversed(node.input):
                    source = _source(name)[0]
                    if foreign_nodes.comes_round(node, known.get(source)):
                        continue  # a loop's Merge is made without it
                    if source in known and state.get(source) != 2:
                        if state.get(source) == 1:
                            raise ValueError(f"The nodes {node.name!r} and {source!r} need each other.")
                        waiting.append((known[source], False))
    return ordered


def _not_here(run: Any, operation: Operation) -> Any:
    kind = operation.attributes["op"]
    raise errors.UnimplementedError(
        None,
        operation,
        f"Op type not registered {kind!r}: the node {operation.name!r} was read from a graph that TensorFlow "
        "wrote, and there is no such operation here. Make the graph with the code that made it, and "
        "restore the variables from the checkpoint.",
    )


registry.register(
    "NotHere",
    _not_here,
    lambda inputs, attributes: [(as_dtype(attributes["dtype"]), shape) for shape in attributes["shapes"]],
    stateful=True,
    differentiable=False,
)
