"""The names that layers get, and the count of them in each graph.

>>> snake_case("MaxPooling2D")
'max_pooling2d'
"""

from __future__ import annotations

import re
import weakref

from .graph import Graph, get_default_graph

_NAME_COUNTS: weakref.WeakKeyDictionary[Graph, dict[str, int]] = weakref.WeakKeyDictionary()


def snake_case(name: str) -> str:
    """`MaxPooling2D` is `max_pooling2d`: the name of a class as layers are named."""
    spaced = re.sub(r"(.)([A-Z][a-z0-9]+)", r"\1_\2", name)
    found = re.sub(r"([a-z])([A-Z])", r"\1_\2", spaced).lower()
    return "private" + found if found.startswith("_") else found  # no scope begins with an underscore


def unique_layer_name(base_name: str, zero_based: bool = False) -> str:
    """The name with the number of layers of that name so far, which is left away for the first of Keras."""
    counts = _NAME_COUNTS.setdefault(get_default_graph().outermost, {})
    counts[base_name] = counts.get(base_name, 0) + 1
    number = counts[base_name] - zero_based
    return f"{base_name}_{number}" if number else base_name


def forget_names(graph: Graph) -> None:
    """Count the layers of a graph from the start."""
    _NAME_COUNTS.pop(graph, None)
