"""The table that `model.summary()` prints."""

from __future__ import annotations

from typing import Any

from .. import nest


def _is_straight(model: Any) -> bool:
    """Whether each layer is called once, on what the one before it gave."""
    before: Any = None
    for layer in model.layers:
        nodes = layer._inbound_nodes
        inputs = nest.flatten(nodes[0].input_tensors) if nodes else []
        if (
            len(nodes) != 1
            or len(inputs) > 1
            or (inputs and getattr(inputs[0], "_keras_history", [None])[0] is not before)
        ):
            return False
        before = layer
    return True


def _shape_of(layer: Any) -> str:
    try:
        found = layer.output_shape
    except AttributeError:
        return "multiple"
    flat = nest.flatten(layer.output)
    if type(layer).__name__ == "InputLayer":
        return str([tuple(flat[0].shape.as_list())])
    if len(flat) == 1:
        return str(tuple(flat[0].shape.as_list()))
    return str([tuple(item.shape.as_list()) for item in flat]) if flat else str(found)


def summary(model: Any, line_length: int | None, say: Any) -> None:
    """Print a line for each layer, and how many numbers there are."""
    is_straight = type(model).__name__ == "Sequential" or model._network is None or _is_straight(model)
    width = line_length or (65 if is_straight else 98)
    shares = [0.45, 0.85, 1.0] if is_straight else [0.33, 0.55, 0.67, 1.0]
    places = [int(width * share) for share in shares]

    def row(fields: list[str]) -> None:
        line = ""
        for index, field in enumerate(fields):
            line = line[:-1] + " " if index else line
            line += field
            line = line[: places[index]]
            line += " " * (places[index] - len(line))
        say(line)

    say(f'Model: "{model.name}"')
    say("_" * width)
    heads = ["Layer (type)", "Output Shape", "Param #"]
    row(heads if is_straight else [*heads, "Connected to"])
    say("=" * width)
    for index, layer in enumerate(model.layers):
        fields = [
            f"{layer.name} ({type(layer).__name__})",
            _shape_of(layer),
            str(layer.count_params() if layer.built else 0),
        ]
        if not is_straight:
            places_of = []
            for node in layer._inbound_nodes:
                for item in nest.flatten(node.input_tensors):
                    history = getattr(item, "_keras_history", None)
                    if history:
                        places_of.append(f"{history[0].name}[{history[1]}][{history[2]}]")
            fields.append(places_of[0] if places_of else "")
            row(fields)
            for more in places_of[1:]:
                row(["", "", "", more])
        else:
            row(fields)
        say(("=" if index == len(model.layers) - 1 else "_") * width)
    trained = sum(item.shape.num_elements() for item in model.trainable_weights)
    kept = sum(item.shape.num_elements() for item in model.non_trainable_weights)
    say(f"Total params: {trained + kept:,}")
    say(f"Trainable params: {trained:,}")
    say(f"Non-trainable params: {kept:,}")
    say("_" * width)
