"""Models in HDF5 files, as Keras lays them out: configuration, variables, and what an optimiser keeps."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from typing import Any

import numpy as np

from . import session

KERAS_VERSION = "2.2.4-tf"
_MOST_IN_AN_ATTRIBUTE = 64512
"""How many bytes of names one attribute holds; HDF5 has room for 64 KiB with all that belongs to it."""


def _h5py() -> Any:
    try:
        import h5py  # type: ignore[import-not-found, import-untyped, unused-ignore]
    except ImportError:
        raise ImportError(
            "HDF5 files need h5py, which is not installed: pip install 'ostinato[hdf5]', or give a name that "
            "does not end with .h5, .hdf5 or .keras to have a checkpoint of TensorFlow."
        ) from None
    return h5py


def plain(value: Any) -> Any:
    """What JSON has no form for, as Keras writes it."""
    if hasattr(value, "get_config"):
        return {"class_name": type(value).__name__, "config": value.get_config()}
    if hasattr(value, "tolist"):
        return value.tolist()
    if hasattr(value, "as_list"):
        return value.as_list()
    return getattr(value, "__name__", str(value))


def write(filepath: str, put: Callable[[Any], None]) -> None:
    """Write a file beside the one that is there, and put it in its place when it is whole."""
    h5py = _h5py()
    beside = f"{filepath}.{os.getpid()}.tmp"
    try:
        with h5py.File(beside, "w") as file:
            put(file)
        os.replace(beside, filepath)
    finally:
        if os.path.exists(beside):
            os.remove(beside)


def _opened(filepath: str) -> Any:
    """A file to be read.

    Raises:
        FileNotFoundError: there is none.
        OSError: it is no HDF5 file.
    """
    h5py = _h5py()
    if not os.path.exists(filepath):
        raise FileNotFoundError(
            f"[Errno 2] Unable to open file (unable to open file: name = '{filepath}'): it does not exist."
        )
    try:
        return h5py.File(filepath, "r")
    except OSError as problem:
        raise OSError(
            f"Unable to open file (file signature not found): {filepath} is no HDF5 file, or a damaged one "
            f"({problem})."
        ) from None


# -- lists of names, which may be more than one attribute holds
def _put_names(group: Any, name: str, values: list[bytes]) -> None:
    array = np.array(values) if values else np.array([], np.float64)
    parts = 1
    while any(part.nbytes > _MOST_IN_AN_ATTRIBUTE for part in np.array_split(array, parts)):
        if parts > len(values):
            raise RuntimeError(
                f"A name of {max(map(len, values))} bytes is more than an attribute of HDF5 holds: give the "
                "layers shorter names."
            )
        parts += 1
    if parts == 1:
        group.attrs[name] = array
        return
    for index, part in enumerate(np.array_split(array, parts)):
        group.attrs[f"{name}{index}"] = part


def _names(group: Any, name: str) -> list[str]:
    if name in group.attrs:
        return [_text(item) for item in group.attrs[name]]
    found: list[str] = []
    index = 0
    while f"{name}{index}" in group.attrs:
        found += [_text(item) for item in group.attrs[f"{name}{index}"]]
        index += 1
    return found


def _text(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)


# -- variables
def _put_variables(group: Any, variables: list[Any]) -> None:
    names = [variable.name for variable in variables]
    _put_names(group, "weight_names", [name.encode() for name in names])
    for name, value in zip(names, session.batch_get_value(variables), strict=True):
        group.create_dataset(name, data=value)


def _arrays(group: Any) -> list[np.ndarray]:
    return [np.asarray(group[name]) for name in _names(group, "weight_names")]


def put_layers(group: Any, layers: list[Any]) -> None:
    """Write the variables of layers, each layer's in a group of its own."""
    _put_names(group, "layer_names", [layer.name.encode() for layer in layers])
    group.attrs["backend"] = b"tensorflow"
    group.attrs["keras_version"] = KERAS_VERSION.encode()
    for layer in layers:
        _put_variables(group.create_group(layer.name), layer.weights)


def load_weights(filepath: str, model: Any, by_name: bool) -> None:
    """Read a model's variables of a file of variables, or of a whole model.

    Raises:
        OSError: the file is not there, or no HDF5 file.
        ValueError: the variables are of another model.
    """
    with _opened(filepath) as file:
        root = file
        if "layer_names" not in file.attrs and "model_weights" in file:
            root = file["model_weights"]
        _take_layers(root, model.layers, by_name)


def _take_layers(group: Any, layers: list[Any], by_name: bool) -> None:
    stored = {name: _arrays(group[name]) for name in _names(group, "layer_names")}
    kept = [name for name, arrays in stored.items() if arrays]
    wanted = [layer for layer in layers if layer.weights]
    if by_name:
        pairs = [(layer, name) for layer in layers for name in stored if name == layer.name]
    else:
        if len(kept) != len(wanted):
            raise ValueError(
                f"You are trying to load a weight file containing {len(kept)} layers into a model with "
                f"{len(wanted)} layers."
            )
        pairs = list(zip(wanted, kept, strict=True))
    values: list[Any] = []
    for layer, name in pairs:
        arrays = _of_this_keras(layer, stored[name])
        if len(arrays) != len(layer.weights):
            raise ValueError(
                f"Layer {layer.name} expects {len(layer.weights)} weight(s), but the saved weights have "
                f"{len(arrays)} element(s)."
            )
        for variable, array in zip(layer.weights, arrays, strict=True):
            if not variable.shape.is_compatible_with(array.shape):
                raise ValueError(
                    f"Layer {layer.name} has the variable {variable.name} of shape {variable.shape}, and the "
                    f"file has an array of shape {array.shape} in its place."
                )
        values += list(zip(layer.weights, arrays, strict=True))
    session.batch_set_value(values)


def _of_this_keras(layer: Any, arrays: list[np.ndarray]) -> list[np.ndarray]:
    """Arrays as this Keras has them: a GRU's two biases are rows of one, or its one is the sum of two."""
    if type(layer).__name__ in ("Bidirectional",) and len(arrays) % 2 == 0 and arrays:
        half = len(arrays) // 2
        return _of_this_keras(layer.forward_layer, arrays[:half]) + _of_this_keras(
            layer.backward_layer, arrays[half:]
        )
    if len(arrays) != 3 or len(layer.weights) != 3:
        return arrays
    kernel, recurrent, bias = arrays
    shape = tuple(layer.weights[2].shape.as_list())
    if bias.size == int(np.prod(shape)) and type(layer).__name__ in ("GRU", "CuDNNGRU"):
        return [kernel, recurrent, bias.reshape(shape)]
    return arrays


# -- whole models
def save_model(
    model: Any, filepath: str, overwrite: bool = True, include_optimizer: bool = True, **kwargs: Any
) -> None:
    """Write a model's configuration and variables as HDF5 (TF1 symbol: `tf.keras.models.save_model`).

    Raises:
        ValueError: TensorFlow's own format of whole models is asked for, which is not written.
        ImportError: h5py is not installed.
    """
    if kwargs.get("save_format") == "tf":
        raise ValueError(
            "Whole models are written as HDF5 here: give a name that ends with .h5, or write the variables "
            "with save_weights."
        )
    config = {"class_name": type(model).__name__, "config": model.get_config()}

    def put(file: Any) -> None:
        file.attrs["keras_version"] = KERAS_VERSION.encode()
        file.attrs["backend"] = b"tensorflow"
        file.attrs["model_config"] = json.dumps(config, default=plain).encode()
        put_layers(file.create_group("model_weights"), model.layers)
        has_config = hasattr(model.optimizer, "get_config") and hasattr(model.optimizer, "get_weights")
        if include_optimizer and model.optimizer is not None and has_config:
            file.attrs["training_config"] = json.dumps(_training_of(model), default=plain).encode()
            kept = model.optimizer.weights
            if kept:
                _put_variables(file.create_group("optimizer_weights"), kept)

    if not overwrite and os.path.exists(filepath):
        raise FileExistsError(f"{filepath} is there already: pass overwrite=True to replace it.")
    write(str(filepath), put)


def _training_of(model: Any) -> dict[str, Any]:
    from . import optimizers

    return {
        "loss": model.loss,
        "metrics": model._compiled_metrics or None,
        "weighted_metrics": model._weighted_metrics or None,
        "sample_weight_mode": model.sample_weight_mode,
        "loss_weights": model.loss_weights,
        "optimizer_config": optimizers.serialize(model.optimizer),
    }


def load_model(filepath: str, custom_objects: Any = None, compile: bool = True) -> Any:
    """The model of what `save_model` wrote (TF1 symbol: `tf.keras.models.load_model`).

    Raises:
        OSError: the file is not there, or no HDF5 file.
        ValueError: there is no model in it, or one of classes that are not known.
        ImportError: h5py is not installed.
    """
    from .models import model_from_config
    from .utils import custom_object_scope

    if not os.path.exists(filepath):
        raise OSError(f"SavedModel file does not exist at: {filepath}")
    with _opened(str(filepath)) as file, custom_object_scope(custom_objects or {}):
        described = file.attrs.get("model_config")
        if described is None:
            raise ValueError("No model found in config file.")
        model = model_from_config(json.loads(_text(described)), custom_objects)
        _take_layers(file["model_weights"], model.layers, False)
        training = file.attrs.get("training_config")
        if compile and training is not None:
            _compile(model, json.loads(_text(training)), custom_objects)
            if "optimizer_weights" in file:
                model._training_operation()
                model.optimizer.set_weights(_arrays(file["optimizer_weights"]))
    return model


def _compile(model: Any, given: dict[str, Any], custom_objects: Any) -> None:
    from . import losses, metrics, optimizers

    def made(item: Any, module: Any) -> Any:
        """What a description stands for; names, and objects among them, are what `compile` takes."""
        if isinstance(item, dict) and set(item) == {"class_name", "config"}:
            return module.deserialize(item, custom_objects)
        if isinstance(item, dict):
            return {name: made(value, module) for name, value in item.items()}
        if isinstance(item, list):
            return [made(value, module) for value in item]
        return (custom_objects or {}).get(item, item) if isinstance(item, str) else item

    model.compile(
        optimizers.deserialize(given["optimizer_config"], custom_objects),
        made(given["loss"], losses),
        made(given.get("metrics"), metrics),
        given.get("loss_weights"),
        given.get("sample_weight_mode"),
        made(given.get("weighted_metrics"), metrics),
    )
