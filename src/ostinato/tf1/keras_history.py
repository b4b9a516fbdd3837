"""The calls of Keras' layers: those being made, and the tensors of each layer's that were made."""

from __future__ import annotations

import inspect
import threading
import weakref
from typing import Any

from . import nest
from .shapes import TensorShape

CALLS = threading.local()
"""Of the calls being made: `depth`, how many are in one another; `training`, what the outer one was told."""


class Node:
    """One call of a layer: what it was given and what came out."""

    def __init__(self, layer: Any, inputs: Any, arguments: dict[str, Any], outputs: Any) -> None:
        self.outbound_layer, self.layer = layer, layer
        self.input_tensors, self.output_tensors = inputs, outputs
        self.arguments = arguments

    @property
    def inbound_layers(self) -> list[Any]:
        found = [getattr(item, "_keras_history", None) for item in nest.flatten(self.input_tensors)]
        return [history[0] for history in found if history is not None]


class History:
    """The tensors of a layer's calls."""

    _inbound_nodes: list[Node]
    name: Any

    @property
    def inbound_nodes(self) -> list[Node]:
        return self._inbound_nodes

    def _tensors(self, what: str, index: int) -> Any:
        if len(self._inbound_nodes) <= index:
            raise AttributeError(f"Layer {self.name} is not connected, no {what} to return.")
        found = getattr(self._inbound_nodes[index], f"{what}_tensors")
        flat = nest.flatten(found)
        return flat[0] if len(flat) == 1 else found

    def get_input_at(self, node_index: int) -> Any:
        return self._tensors("input", node_index)

    def get_output_at(self, node_index: int) -> Any:
        return self._tensors("output", node_index)

    @property
    def input(self) -> Any:
        return self._tensors("input", 0)

    @property
    def output(self) -> Any:
        return self._tensors("output", 0)

    @property
    def input_shape(self) -> Any:
        return nest.map_structure(lambda item: tuple(item.shape.as_list()), self.input)

    @property
    def output_shape(self) -> Any:
        return nest.map_structure(lambda item: tuple(item.shape.as_list()), self.output)

    @property
    def output_mask(self) -> Any:
        return masks_of(self.output)

    @property
    def input_mask(self) -> Any:
        return masks_of(self.input)


def masks_of(tensors: Any) -> Any:
    """The masks that a layer put on tensors; None where there is none."""
    if isinstance(tensors, (list, tuple)):
        return [masks_of(item) for item in tensors]
    return getattr(tensors, "_keras_mask", None)


def shape_of(leaf: Any) -> Any:
    return leaf.shape if hasattr(leaf, "shape") else TensorShape([])


def arguments_of(call: Any) -> tuple[str, ...]:
    function = getattr(call, "__func__", call)
    names = _ARGUMENTS.get(function)
    if names is None:
        names = _ARGUMENTS[function] = tuple(inspect.signature(call).parameters)
    return names


_ARGUMENTS: weakref.WeakKeyDictionary[Any, tuple[str, ...]] = weakref.WeakKeyDictionary()
