"""The part of a graph that predicts (TF1: `tensorflow.python.tools.optimize_for_inference_lib`,
`strip_unused_lib`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .graph_messages import AttrValue, GraphDef
from .graph_util_module import extract_sub_graph, remove_training_nodes


def strip_unused(
    input_graph_def: Any,
    input_node_names: Sequence[str],
    output_node_names: Sequence[str],
    placeholder_type_enum: Any,
) -> GraphDef:
    """The nodes between inputs, which become placeholders, and outputs (TF1 symbol:
    `strip_unused_lib.strip_unused`).

    Args:
        placeholder_type_enum: the type of all inputs, as a number, or a list with one for each.

    Raises:
        ValueError: an input is named as a tensor.
        KeyError: an input is not in the graph.
    """
    for name in input_node_names:
        if ":" in name:
            raise ValueError(f"Name '{name}' appears to refer to a Tensor, not a Operation.")
    missing = set(input_node_names) - {node.name for node in input_graph_def.node}
    if missing:
        raise KeyError(f"The following input nodes were not found: {missing}")
    made = GraphDef()
    for node in input_graph_def.node:
        kept = made.node.add()
        if node.name not in input_node_names:
            kept.CopyFrom(node)
            continue
        kind = placeholder_type_enum
        if isinstance(kind, list):
            kind = kind[list(input_node_names).index(node.name)]
        kept.op, kept.name = "Placeholder", node.name
        kept.attr["dtype"].CopyFrom(AttrValue(type=int(kind)))
        for name in ("_output_shapes", "shape"):
            if name in node.attr:
                kept.attr[name].CopyFrom(node.attr[name])
    made.library.CopyFrom(input_graph_def.library)
    made.versions.CopyFrom(input_graph_def.versions)
    return extract_sub_graph(made, output_node_names)


def ensure_graph_is_valid(graph_def: Any) -> None:
    """Check that names are unique and that what nodes need is there.

    Raises:
        ValueError: it is not so.
    """
    names: set[str] = set()
    for node in graph_def.node:
        if node.name in names:
            raise ValueError("Duplicate node name: ", node.name)
        names.add(node.name)
    for node in graph_def.node:
        for found in node.input:
            if found.removeprefix("^").split(":")[0] not in names:
                raise ValueError("Input for ", node.name, " not found: ", found)


def optimize_for_inference(
    input_graph_def: Any,
    input_node_names: Sequence[str],
    output_node_names: Sequence[str],
    placeholder_type_enum: Any,
    toco_compatible: bool = False,
) -> GraphDef:
    """A graph with what its outputs need of its inputs alone (TF1 symbol:
    `optimize_for_inference_lib.optimize_for_inference`).

    Batch normalisations and resizings stay nodes of their own, which give the same numbers as those that
    TensorFlow folds into convolutions.
    """
    ensure_graph_is_valid(input_graph_def)
    part = strip_unused(input_graph_def, input_node_names, output_node_names, placeholder_type_enum)
    part = remove_training_nodes(part, output_node_names)
    ensure_graph_is_valid(part)
    return part
