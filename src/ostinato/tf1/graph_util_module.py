"""The module `tf.graph_util`: parts of graphs, and graphs whose variables are constants."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import numpy as np

from . import logging
from .graph_def import OWN
from .graph_import import import_graph_def
from .graph_messages import AttrValue, GraphDef
from .names import absent
from .tensor_protos import tensor_proto, type_of

_VARIABLES = ("VariableV2", "Variable", "VarHandleOp", "VarIsInitializedOp")


def _bare(name: str) -> str:
    return re.sub(r":\d+$", "", name.removeprefix("^"))


def extract_sub_graph(graph_def: Any, dest_nodes: Sequence[str]) -> GraphDef:
    """The nodes that some nodes need (TF1 symbol: `tf.graph_util.extract_sub_graph`).

    Raises:
        TypeError: no GraphDef, or `dest_nodes` is a string.
        AssertionError: a node is not in the graph.
    """
    if not isinstance(graph_def, GraphDef):
        raise TypeError("graph_def must be a graph_pb2.GraphDef proto.")
    if isinstance(dest_nodes, str):
        raise TypeError("dest_nodes must be a list.")
    nodes = {node.name: node for node in graph_def.node}
    waiting, wanted = list(dest_nodes), set()
    while waiting:
        name = _bare(waiting.pop())
        if name not in nodes:
            raise AssertionError(f"{name} is not in graph")
        if name not in wanted:
            wanted.add(name)
            waiting.extend(nodes[name].input)
    made = GraphDef()
    for node in graph_def.node:
        if node.name in wanted:
            made.node.append(node)
    made.library.CopyFrom(graph_def.library)
    made.versions.CopyFrom(graph_def.versions)
    return made


def convert_variables_to_constants(
    sess: Any,
    input_graph_def: Any,
    output_node_names: Sequence[str],
    variable_names_whitelist: Sequence[str] | None = None,
    variable_names_blacklist: Sequence[str] | None = None,
) -> GraphDef:
    """A graph with the values that a session's variables have (TF1 symbol:
    `tf.graph_util.convert_variables_to_constants`).

    Args:
        sess: the session.
        input_graph_def: the graph.
        output_node_names: nodes that are to be there; what they do not need is left out.
        variable_names_whitelist, variable_names_blacklist: which variables; None is all of them.
    """
    part = extract_sub_graph(input_graph_def, output_node_names)
    found = [
        node.name
        for node in part.node
        if node.op in _VARIABLES
        and (variable_names_whitelist is None or node.name in variable_names_whitelist)
        and (variable_names_blacklist is None or node.name not in variable_names_blacklist)
    ]
    values = dict(zip(found, sess.run([f"{name}:0" for name in found]), strict=True)) if found else {}
    logging.info("Froze %d variables.", len(found))
    made = GraphDef()
    for node in part.node:
        if node.name in values:
            made.node.append(_constant(node, values[node.name]))
        else:
            made.node.append(node)
    logging.info("Converted %d variables to const ops.", len(found))
    made.library.CopyFrom(part.library)
    made.versions.CopyFrom(part.versions)
    return made


def _constant(node: Any, value: Any) -> Any:
    """A constant in the place of a variable."""
    made = type(node)(name=node.name, op="Const", device=node.device)
    dtype = type_of(node.attr["dtype"].type).base_dtype.name
    made.attr["dtype"].CopyFrom(node.attr["dtype"])
    message = AttrValue(tensor=tensor_proto(np.asarray(value), dtype))
    made.attr["value"].CopyFrom(message)
    if OWN in node.attr:
        made.attr[OWN].list.s.extend([b"value", b"dtype"])
    return made


def remove_training_nodes(input_graph: Any, protected_nodes: Sequence[str] | None = None) -> GraphDef:
    """A graph without checks and without nodes that pass a value on (TF1 symbol:
    `tf.graph_util.remove_training_nodes`).
    """
    protected = set(protected_nodes or ())
    followed = {_bare(name) for node in input_graph.node for name in node.input if name.startswith("^")}
    passed = {
        node.name: node.input[0]
        for node in input_graph.node
        if node.op == "Identity"
        and node.name not in protected
        and node.name not in followed
        and not any(name.startswith("^") for name in node.input)
    }
    made = GraphDef()
    for node in input_graph.node:
        if node.name in passed or (node.op == "CheckNumerics" and node.name not in protected):
            continue
        kept = made.node.add()
        kept.CopyFrom(node)
        kept.ClearField("input")
        for name in node.input:
            while _bare(name) in passed and not name.startswith("^"):
                name = passed[_bare(name)]
            kept.input.append(name)
    made.library.CopyFrom(input_graph.library)
    made.versions.CopyFrom(input_graph.versions)
    return made


def tensor_shape_from_node_def_name(graph: Any, input_name: str) -> Any:
    """The static shape of a node's first output (TF1 symbol:
    `tf.graph_util.tensor_shape_from_node_def_name`).
    """
    name = input_name if ":" in input_name else f"{input_name}:0"
    return graph.get_tensor_by_name(name).get_shape()


def must_run_on_cpu(node: Any, pin_variables_on_cpu: bool = False) -> bool:
    """Whether a node holds strings, never on a GPU (TF1 symbol: `tf.graph_util.must_run_on_cpu`)."""
    message = node if hasattr(node, "attr") else node.node_def
    if pin_variables_on_cpu and message.op in ("Variable", "VariableV2", "VarHandleOp"):
        return True
    if message.op in ("Const", "Placeholder") and "dtype" in message.attr:
        return type_of(message.attr["dtype"].type).base_dtype.name in ("string", "int32")
    return False


__all__ = [
    "convert_variables_to_constants",
    "extract_sub_graph",
    "import_graph_def",
    "must_run_on_cpu",
    "remove_training_nodes",
    "tensor_shape_from_node_def_name",
]
__getattr__ = absent("tf.graph_util", __all__)
