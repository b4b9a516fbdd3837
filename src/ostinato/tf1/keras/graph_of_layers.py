"""The layers between tensors: their order, and the same layers on other inputs."""

from __future__ import annotations

from typing import Any

from .. import nest
from ..graph import get_default_graph
from ..keras_history import arguments_of
from ..tensor import Operation, Tensor


def _layers_behind(tensor: Tensor) -> list[Tensor]:
    """The nearest tensors that layers made, behind the plain operations that made this one."""
    if hasattr(tensor, "_keras_history"):
        return [tensor]
    found: list[Tensor] = []
    seen: set[Operation] = set()
    waiting = [tensor.op]
    while waiting:
        operation = waiting.pop()
        if operation in seen:
            continue
        seen.add(operation)
        for item in operation.inputs:
            if hasattr(item, "_keras_history"):
                if all(item is not other for other in found):
                    found.append(item)
            else:
                waiting.append(item.op)
    return found


def _node_of(tensor: Any) -> Any:
    layer, place, _ = tensor._keras_history
    return layer._inbound_nodes[place]


def layers_between(inputs: list[Any], outputs: list[Any]) -> tuple[list[Any], list[Any]]:
    """(nodes in the order in which they can be run, layers in Keras' order).

    Raises:
        ValueError: an output needs an input that is not among the inputs.
    """
    stops = {id(item) for item in inputs}
    order: list[Any] = []
    done: set[int] = set()
    places: dict[int, int] = {}
    before: dict[int, list[Any]] = {}

    def visit(tensor: Any) -> None:
        node = _node_of(tensor)
        if id(node) in done:
            return
        done.add(id(node))
        places.setdefault(id(node.layer), len(places))
        behind: list[Any] = []
        if id(tensor) not in stops:
            for item in nest.flatten(node.input_tensors):
                if isinstance(item, Tensor):
                    behind += _layers_behind(item)
        if not behind and id(tensor) not in stops and type(node.layer).__name__ == "InputLayer":
            raise ValueError(
                f'Graph disconnected: cannot obtain value for tensor {tensor} at layer "{node.layer.name}". '
                "The following previous layers were accessed without issue: []"
            )
        before[id(node)] = behind
        for item in behind:
            visit(item)
        order.append(node)

    for output in outputs:
        for item in _layers_behind(output):
            visit(item)
    depths: dict[int, int] = {}
    of_layers: dict[int, int] = {}
    layers: dict[int, Any] = {}
    for node in reversed(order):
        depth = max(depths.get(id(node), 0), of_layers.get(id(node.layer), 0))
        depths[id(node)] = of_layers[id(node.layer)] = depth
        layers[id(node.layer)] = node.layer
        for item in before[id(node)]:
            inner = _node_of(item)
            depths[id(inner)] = max(depth + 1, depths.get(id(inner), 0))
    for item in inputs:
        layer = item._keras_history[0]
        if id(layer) not in layers:
            layers[id(layer)], of_layers[id(layer)], places[id(layer)] = layer, 0, -1
    ranked = sorted(layers.values(), key=lambda layer: (-of_layers[id(layer)], places[id(layer)]))
    return order, ranked


class Network:
    """What is between a model's inputs and its outputs."""

    def __init__(self, inputs: Any, outputs: Any) -> None:
        self.inputs, self.outputs = inputs, outputs
        self.flat_inputs, self.flat_outputs = nest.flatten(inputs), nest.flatten(outputs)
        self.nodes, self.layers = layers_between(self.flat_inputs, self.flat_outputs)
        masks = [getattr(item, "_keras_mask", None) for item in self.flat_outputs]
        self.mask_of_outputs: Any = masks[0] if len(masks) == 1 else masks

    def applied(self, inputs: Any, training: Any = None, mask: Any = None) -> Any:
        """The outputs for other inputs."""
        given = list(inputs.values()) if isinstance(inputs, dict) else nest.flatten(inputs)
        if isinstance(inputs, dict):
            given = [inputs[item._keras_history[0].name] for item in self.flat_inputs]
        known: dict[int, Any] = {}
        for own, item in zip(self.flat_inputs, given, strict=True):
            known[id(own)] = item
        if mask is not None:
            for item, own in zip(given, nest.flatten(mask), strict=False):
                if own is not None:
                    item._keras_mask = own
        for node in self.nodes:
            if all(id(item) in known for item in nest.flatten(node.output_tensors)):
                continue
            if not nest.flatten(node.input_tensors):
                continue
            arguments = {
                key: self._copied(value, known) if isinstance(value, Tensor) else value
                for key, value in node.arguments.items()
                if key != "mask"
            }
            if training is not None and "training" in arguments_of(node.layer.call):
                arguments["training"] = training
            replaced = nest.map_structure(
                lambda item: self._copied(item, known) if isinstance(item, Tensor) else item,
                node.input_tensors,
            )
            outputs = node.layer(replaced, **arguments)
            pairs = zip(nest.flatten(node.output_tensors), nest.flatten(outputs), strict=True)
            for own, item in pairs:
                known[id(own)] = item
        results = [self._copied(item, known) for item in self.flat_outputs]
        return nest.pack_sequence_as(self.outputs, results)

    def _copied(self, tensor: Tensor, known: dict[int, Any]) -> Any:
        """A tensor for other inputs: plain operations between layers are made again."""
        if id(tensor) in known:
            return known[id(tensor)]
        behind = _layers_behind(tensor)
        if not behind or hasattr(tensor, "_keras_history"):
            return tensor
        inputs = [self._copied(item, known) for item in tensor.op.inputs]
        if all(new is old for new, old in zip(inputs, tensor.op.inputs, strict=True)):
            return tensor
        operation = get_default_graph().create_operation(
            tensor.op.type, inputs, dict(tensor.op.attributes), tensor.op.name.split("/")[-1]
        )
        for old, new in zip(tensor.op.outputs, operation.outputs, strict=True):
            known[id(old)] = new
        return known[id(tensor)]

    # -- configurations
    def config(self, name: str) -> dict[str, Any]:
        """The layers and how they are connected.

        Raises:
            NotImplementedError: there are plain operations between the layers.
        """
        kept = {id(node) for node in self.nodes}

        def place(tensor: Any) -> list[Any]:
            if not hasattr(tensor, "_keras_history"):
                raise NotImplementedError(
                    f"The model has the operation {tensor.op.name} between its layers, which a configuration "
                    "cannot hold: put it into a Lambda layer."
                )
            layer, node, index = tensor._keras_history
            among = [item for item in layer._inbound_nodes if id(item) in kept]
            return [layer.name, among.index(layer._inbound_nodes[node]) + _first_call(layer), index]

        layers = []
        for layer in self.layers:
            calls = []
            for node in layer._inbound_nodes:
                if id(node) in kept and nest.flatten(node.input_tensors):
                    options = {
                        key: value for key, value in node.arguments.items() if not isinstance(value, Tensor)
                    }
                    calls.append([[*place(item), options] for item in nest.flatten(node.input_tensors)])
            layers.append(
                {
                    "name": layer.name,
                    "class_name": type(layer).__name__,
                    "config": layer.get_config(),
                    "inbound_nodes": calls,
                }
            )
        return {
            "name": name,
            "layers": layers,
            "input_layers": [place(item) for item in self.flat_inputs],
            "output_layers": [place(item) for item in self.flat_outputs],
        }

    @staticmethod
    def from_config(config: dict[str, Any], custom_objects: Any = None) -> tuple[Any, Any, Any]:
        """(inputs, outputs, layers) of a configuration."""
        from .layers.serialization import deserialize

        made = {item["name"]: deserialize(item, custom_objects) for item in config["layers"]}
        waiting = [(item["name"], list(item["inbound_nodes"])) for item in config["layers"]]

        def tensor(place: Any) -> Any:
            nodes, call = made[place[0]]._inbound_nodes, place[1] - _first_call(made[place[0]])
            return nest.flatten(nodes[call].output_tensors)[place[2]] if len(nodes) > call else None

        while any(calls for _, calls in waiting):
            moved = False
            for name, calls in waiting:
                while calls:
                    inputs = [tensor(place) for place in calls[0]]
                    if any(item is None for item in inputs):
                        break
                    options = {
                        key: value for place in calls[0] for key, value in (place[3:] or [{}])[0].items()
                    }
                    made[name](inputs[0] if len(inputs) == 1 else inputs, **options)
                    calls.pop(0)
                    moved = True
            if not moved:
                raise ValueError("The configuration's layers need each other in a circle.")
        inputs = [tensor(place) for place in config["input_layers"]]
        outputs = [tensor(place) for place in config["output_layers"]]
        single = (inputs[0] if len(inputs) == 1 else inputs), (outputs[0] if len(outputs) == 1 else outputs)
        return (*single, list(made.values()))


def _first_call(layer: Any) -> int:
    """The number of a layer's first call in configurations: a model's own inputs and outputs are number 0."""
    return 1 if hasattr(layer, "_network") else 0
