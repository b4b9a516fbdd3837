"""What objects hold, by name: the paths from one object to another are the names in the checkpoints of
`tf.train.Checkpoint`. The names are TensorFlow's.
"""

from __future__ import annotations

import functools
import os.path
from collections import deque
from typing import Any

from ostinato.interop import object_names

from .graph import get_default_graph
from .keras_base import Layer
from .lookup_mutable import MutableHashTable, TableSaveable
from .object_graph_messages import TrackableObjectGraph
from .optimizer import Optimizer
from .saveable import SaveableObject, VariableSaveable
from .variables import Variable

_VALUE = "VARIABLE_VALUE"


class Trackable:
    """Base of objects whose attributes go into a checkpoint: variables, layers, optimizers, tables, other
    such objects, and lists and dicts of them.

    TF1 symbol: `tf.contrib.checkpoint.Checkpointable`.
    """

    def _checkpoint_dependencies(self) -> dict[str, Any]:
        return {name: value for name, value in vars(self).items() if _is_kept(value)}


def is_trackable(value: Any) -> bool:
    """Whether an object may be given to `tf.train.Checkpoint`."""
    return isinstance(value, (Trackable, Variable, Optimizer, Layer, MutableHashTable))


def _is_kept(value: Any) -> bool:
    if isinstance(value, dict):
        return any(_is_kept(item) for item in value.values())
    if isinstance(value, list):
        return any(_is_kept(item) for item in value)
    return is_trackable(value)


def children_of(item: Any) -> dict[str, Any]:
    """What an object holds, by name."""
    if isinstance(item, Trackable):
        return item._checkpoint_dependencies()
    if isinstance(item, dict):
        return {str(key): value for key, value in item.items() if _is_kept(value)}
    if isinstance(item, list):
        return {str(place): value for place, value in enumerate(item) if _is_kept(value)}
    if isinstance(item, Layer):
        return _of_layer(item)
    return _of_optimizer(item) if isinstance(item, Optimizer) else {}


def _of_optimizer(item: Any) -> dict[str, Any]:
    settings = getattr(item, "_variables_of_settings", None)
    if settings is not None:  # one of Keras
        steps = {} if item._iterations is None else {"iter": item._iterations}
        return {**steps, **dict(sorted(settings.items()))}
    graph = get_default_graph().outermost
    return {name: kept for (name, of), kept in sorted(item._non_slots.items(), key=_name) if of is graph}


def _name(pair: Any) -> str:
    return pair[0][0]


@functools.cache
def _own_attributes() -> frozenset[str]:
    """The attributes that layers and cells have for themselves."""
    from .keras.models import Model, Sequential
    from .rnn_cell_base import RNNCell

    return frozenset(name for kind in (Layer, Model, Sequential, RNNCell) for name in vars(kind(name="x")))


def _of_layer(item: Any) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if getattr(item, "_network", None) is not None or hasattr(item, "_stack"):
        with_weights = 0
        for place, layer in enumerate(_layers_with_input(item)):
            if layer.weights:
                found[f"layer_with_weights-{with_weights}"] = layer
                with_weights += 1
            found[f"layer-{place}"] = layer
    cells = getattr(item, "_cells", None)
    if isinstance(cells, list):
        found.update({f"cell-{place}": cell for place, cell in enumerate(cells)})
    elif isinstance(getattr(item, "_cell", None), Layer):
        found["cell"] = item._cell
    if hasattr(item, "forward_layer") and hasattr(item, "backward_layer"):
        found["_layers"] = vars(item).setdefault("_both_layers", [item.forward_layer, item.backward_layer])
    held = {name: value for name, value in vars(item).items() if _is_attribute(item, name, value)}
    layers = [layer for layer in [*found.values(), *held.values()] if isinstance(layer, Layer)]
    taken = {id(weight) for layer in layers for weight in layer.weights} | {id(v) for v in held.values()}
    own = [weight for weight in item._weights if id(weight) not in taken]
    scope = os.path.commonpath(["/" + os.path.dirname(weight.op.name) for weight in own]) if own else ""
    for weight in own:
        found[weight.op.name[len(scope.strip("/")) :].lstrip("/")] = weight
    return {**found, **held}


def _is_attribute(item: Any, name: str, value: Any) -> bool:
    """Whether an attribute of a layer is one that whoever wrote its class gave it."""
    if not _is_kept(value) or name in _own_attributes() or name in ("_cells", "_cell", "_both_layers"):
        return False
    if name == "layer" and hasattr(item, "forward_layer"):
        return False  # of which the two directions are copies
    return not (name.startswith("_") and any(value is weight for weight in item._weights))


def _layers_with_input(model: Any) -> list[Any]:
    layers = list(model._layers)
    network = model._network
    if network is not None:
        inputs = [layer for layer in network.layers if layer not in layers]
        layers = [*inputs, *layers]
    return layers


# -- what of an object is saved
def values_of(item: Any) -> dict[str, tuple[str, Any]]:
    """The values of an object: the name in the graph, and what makes a saveable of the name in a file."""
    if isinstance(item, Variable):
        return {_VALUE: (item.op.name, functools.partial(VariableSaveable, item, ""))}
    if isinstance(item, MutableHashTable):
        return {"table": ("", functools.partial(TableSaveable, item))}
    return {}


def _escaped(name: str) -> str:
    return name.replace(".", "..").replace("/", ".S")


class ObjectGraph:
    """The objects that can be reached from one: `objects`, in the order in which they are numbered, as a
    message, and with what is to be saved.
    """

    def __init__(self, root: Any) -> None:
        self.objects: list[Any] = []
        self.message = TrackableObjectGraph()
        self.saved: list[tuple[str, Any]] = []  # the key, and what makes a saveable of it
        self._paths: dict[int, str] = {id(root): ""}
        self._numbers: dict[int, int] = {}
        waiting = deque([root])
        while waiting:
            item = waiting.popleft()
            self._number(item)
            for name, held in children_of(item).items():
                if id(held) not in self._paths:
                    before = self._paths[id(item)]
                    self._paths[id(held)] = f"{before}/{_escaped(name)}" if before else _escaped(name)
                    waiting.append(held)
        self._add_slots([item for item in self.objects if isinstance(item, Optimizer)])
        for item in self.objects:
            self._describe(item)

    def _number(self, item: Any) -> int:
        self._numbers[id(item)] = len(self.objects)
        self.objects.append(item)
        self.message.nodes.add()
        return self._numbers[id(item)]

    def _add_slots(self, optimizers: list[Any]) -> None:
        for optimizer in optimizers:
            node = self.message.nodes[self._numbers[id(optimizer)]]
            path = self._paths[id(optimizer)]
            for name in optimizer.get_slot_names():
                for item in list(self.objects):
                    if not isinstance(item, Variable):
                        continue
                    slot = optimizer.get_slot(item, name)
                    if slot is None or id(slot) in self._paths:
                        continue
                    before = self._paths[id(item)]
                    self._paths[id(slot)] = f"{before}/.OPTIMIZER_SLOT/{path}/{_escaped(name)}"
                    node.slot_variables.add(
                        original_variable_node_id=self._numbers[id(item)],
                        slot_name=name,
                        slot_variable_node_id=self._number(slot),
                    )

    def _describe(self, item: Any) -> None:
        node, path = self.message.nodes[self._numbers[id(item)]], self._paths[id(item)]
        for name, held in children_of(item).items():
            node.children.add(node_id=self._numbers[id(held)], local_name=name)
        for name, (full_name, make) in values_of(item).items():
            key = f"{path}/.ATTRIBUTES/{_escaped(name)}" if path else f".ATTRIBUTES/{_escaped(name)}"
            node.attributes.add(name=name, full_name=full_name, checkpoint_key=key)
            self.saved.append((key, make))

    def saveables(self) -> list[SaveableObject]:
        return [make(key) for key, make in self.saved]


GRAPH_KEY = object_names.GRAPH
