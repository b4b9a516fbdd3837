"""Meta graphs: a graph with its collections and its saver, as one message."""

from __future__ import annotations

from typing import Any

from .graph_messages import GraphDef
from .meta_graph_messages import MetaGraphDef


def create_meta_graph_def(
    meta_info_def: Any = None,
    graph_def: Any = None,
    saver_def: Any = None,
    collection_list: Any = None,
    graph: Any = None,
) -> MetaGraphDef:
    """A meta graph of a graph's message, or of a graph."""
    made = MetaGraphDef()
    if meta_info_def is not None:
        made.meta_info_def.CopyFrom(meta_info_def)
    made.meta_info_def.tensorflow_version = "1.15.0"
    made.graph_def.CopyFrom(graph.as_graph_def(add_shapes=True) if graph_def is None else graph_def)
    if not isinstance(made.graph_def, GraphDef):
        raise TypeError(f"graph_def must be a GraphDef, not {type(graph_def)}.")
    if saver_def is not None:
        made.saver_def.CopyFrom(saver_def)
    return made
