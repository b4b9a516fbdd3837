"""Layers as configurations and back."""

from __future__ import annotations

from typing import Any

from ...names import nearest


def _known() -> dict[str, Any]:
    from ... import rnn_cell_impl
    from .. import layers, models

    found = {name: getattr(layers, name) for name in layers.__all__}
    found.update({"Model": models.Model, "Sequential": models.Sequential})
    found.update(
        {name: getattr(rnn_cell_impl, name) for name in vars(rnn_cell_impl) if name.endswith("Cell")}
    )
    found.update({name: getattr(layers, name) for name in layers.__all__})
    return found


def serialize(layer: Any) -> dict[str, Any]:
    """The class's name and the configuration (TF1 symbol: `tf.keras.layers.serialize`)."""
    return {"class_name": type(layer).__name__, "config": layer.get_config()}


def deserialize(config: dict[str, Any], custom_objects: dict[str, Any] | None = None) -> Any:
    """The layer of a configuration (TF1 symbol: `tf.keras.layers.deserialize`).

    Raises:
        ValueError: there is no layer of that name.
    """
    from ..utils import custom_objects_in_force

    known = {**_known(), **custom_objects_in_force(), **(custom_objects or {})}
    name = config["class_name"]
    if name not in known:
        raise ValueError(f"Unknown layer: {name}{nearest(name, known)}")
    kind = known[name]
    try:
        return kind.from_config(config["config"], custom_objects=custom_objects)
    except TypeError as problem:
        if "custom_objects" not in str(problem):
            raise
    return kind.from_config(config["config"])
