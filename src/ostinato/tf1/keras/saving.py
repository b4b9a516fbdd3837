"""A model's variables on disk: TensorFlow's checkpoints, and HDF5 where h5py is installed."""

from __future__ import annotations

import json
import os
from typing import Any

import numpy as np

from ..checkpoint_management import latest_checkpoint, update_checkpoint_state
from ..checkpoint_reader import NewCheckpointReader
from ..keras_base import Layer
from ..saver import Saver
from ..variables import Variable
from . import session

_ENDING = "/.ATTRIBUTES/VARIABLE_VALUE"


def _is_h5(filepath: str, save_format: str | None) -> bool:
    if save_format in ("h5", "hdf5", "keras"):
        return True
    if save_format is None:
        return str(filepath).endswith((".h5", ".hdf5", ".keras"))
    if save_format not in ("tf", "tensorflow"):
        raise ValueError(f"Unknown format {save_format}. Was expecting one of {{'tf', 'h5'}}.")
    return False


def _h5py() -> Any:
    try:
        import h5py  # type: ignore[import-not-found, import-untyped, unused-ignore]
    except ImportError:
        raise ImportError(
            "HDF5 files need h5py, which is not installed: install it, or give a name that does "
            "not end with .h5, "
            ".hdf5 or .keras to have a checkpoint of TensorFlow."
        ) from None
    return h5py


def _check_built(model: Any) -> None:
    if not model.weights:
        raise ValueError(
            "Unable to save or load the weights of a model that has no variables yet: call it, "
            "or fit it, or give "
            "its first layer an input_shape."
        )


def _keys(layer: Any, prefix: str) -> dict[str, Any]:
    """A layer's variables by TensorFlow's keys: the attributes that they are in."""
    found: dict[str, Any] = {}
    for name, value in vars(layer).items():
        if isinstance(value, Variable) and name[0] != "_":
            found[f"{prefix}/{name}"] = value
        elif isinstance(value, Layer):
            if type(layer).__name__ == "Bidirectional" and name == "layer":
                continue  # the pattern that both directions were made of
            found.update(_keys(value, f"{prefix}/{name}"))
        elif isinstance(value, (list, tuple)) and name[0] != "_":
            for index, item in enumerate(value):
                if isinstance(item, Layer):
                    found.update(_keys(item, f"{prefix}/{name}/{index}"))
    return found


def checkpoint_keys(model: Any) -> dict[str, Any]:
    """A model's variables by the keys of TensorFlow's own checkpoints of it."""
    found: dict[str, Any] = {}
    if model._network is not None or hasattr(model, "_stack"):
        place = 0
        for layer in model.layers:
            if layer.weights:
                found.update(_keys(layer, f"layer_with_weights-{place}"))
                place += 1
    else:
        for name, value in vars(model).items():
            if isinstance(value, Layer):
                found.update(_keys(value, name))
            elif isinstance(value, Variable) and name[0] != "_":
                found[name] = value
            elif isinstance(value, (list, tuple)) and name[0] != "_":
                for index, item in enumerate(value):
                    if isinstance(item, Layer):
                        found.update(_keys(item, f"{name}/{index}"))
    known = list(found.values())
    for index, variable in enumerate(model.weights):
        if all(variable is not item for item in known):
            found[f"variables/{index}"] = variable
    return {key + _ENDING: variable for key, variable in found.items()}


def save_weights(model: Any, filepath: str, overwrite: bool = True, save_format: str | None = None) -> None:
    """Write a model's variables.

    Raises:
        ValueError: the model has no variables yet, or an unknown format.
        ImportError: HDF5 without h5py.
    """
    _check_built(model)
    if _is_h5(filepath, save_format):
        if not overwrite and os.path.exists(filepath):
            raise FileExistsError(f"{filepath} is there already: pass overwrite=True to replace it.")
        _write_h5(filepath, lambda file: _put_layers(file, model.layers))
        return
    running = session.get_session()
    with running.graph.as_default():
        saver = _saver(model)
        saver.save(running, str(filepath), write_meta_graph=False, write_state=False)
    folder = os.path.dirname(str(filepath)) or "."
    update_checkpoint_state(folder, str(filepath), all_model_checkpoint_paths=[str(filepath)])


def _saver(model: Any) -> Any:
    if not hasattr(model, "_weights_saver"):
        model._weights_saver = Saver(checkpoint_keys(model))
    return model._weights_saver


def load_weights(model: Any, filepath: str, by_name: bool = False) -> Any:
    """Read a model's variables.

    Raises:
        ValueError: they are of another model.
        ImportError: HDF5 without h5py.
    """
    path = str(filepath)
    if os.path.isdir(path):
        path = latest_checkpoint(path) or path
    if not os.path.exists(path + ".index") and os.path.exists(path):
        _check_built(model)
        with _h5py().File(path, "r") as file:
            root = (
                file["model_weights"] if "layer_names" not in file.attrs and "model_weights" in file else file
            )
            _take_layers(root, model.layers, by_name)
        return None
    _check_built(model)
    reader = NewCheckpointReader(path)
    there = reader.get_variable_to_shape_map()
    own = checkpoint_keys(model)
    missing = [key for key in own if key not in there]
    if missing:
        raise ValueError(
            f"The checkpoint {path} lacks {len(missing)} of the model's {len(own)} variables, "
            "the first of them "
            f"{missing[0].removesuffix(_ENDING)}: it is of another model."
        )
    session.batch_set_value([(variable, reader.get_tensor(key)) for key, variable in own.items()])
    return None


# -- HDF5, as Keras lays it out
def _write_h5(filepath: str, put: Any) -> None:
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


def _put_layers(group: Any, layers: list[Any]) -> None:
    group.attrs["layer_names"] = [layer.name.encode() for layer in layers]
    group.attrs["backend"] = b"tensorflow"
    group.attrs["keras_version"] = b"2.2.4-tf"
    for layer in layers:
        own = group.create_group(layer.name)
        names = [weight.name.encode() for weight in layer.weights]
        own.attrs["weight_names"] = names
        for name, value in zip(names, session.batch_get_value(layer.weights), strict=True):
            own.create_dataset(name.decode(), data=value)


def _text(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)


def _take_layers(group: Any, layers: list[Any], by_name: bool) -> None:
    stored = [_text(name) for name in group.attrs["layer_names"]]
    kept = [name for name in stored if len(group[name].attrs["weight_names"])]
    wanted = [layer for layer in layers if layer.weights]
    if by_name:
        pairs = [(layer, name) for layer in wanted for name in kept if name == layer.name]
    else:
        if len(kept) != len(wanted):
            raise ValueError(
                f"You are trying to load a weight file containing {len(kept)} layers into a model with "
                f"{len(wanted)} layers."
            )
        pairs = list(zip(wanted, kept, strict=True))
    values = []
    for layer, name in pairs:
        arrays = [np.asarray(group[name][_text(item)]) for item in group[name].attrs["weight_names"]]
        if len(arrays) != len(layer.weights):
            raise ValueError(
                f"Layer {layer.name} expects {len(layer.weights)} weight(s), but the saved weights have "
                f"{len(arrays)} element(s)."
            )
        values += list(zip(layer.weights, arrays, strict=True))
    session.batch_set_value(values)


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
            "Whole models are written as HDF5 here: give a name that ends with .h5, or write "
            "the variables with "
            "save_weights."
        )
    config = {"class_name": type(model).__name__, "config": model.get_config()}

    def put(file: Any) -> None:
        from .models import _plain

        file.attrs["keras_version"] = b"2.2.4-tf"
        file.attrs["backend"] = b"tensorflow"
        file.attrs["model_config"] = json.dumps(config, default=_plain).encode()
        if include_optimizer and model.optimizer is not None and hasattr(model.optimizer, "get_config"):
            file.attrs["training_config"] = json.dumps(_training_of(model), default=_plain).encode()
        _put_layers(file.create_group("model_weights"), model.layers)

    if not overwrite and os.path.exists(filepath):
        raise FileExistsError(f"{filepath} is there already: pass overwrite=True to replace it.")
    _write_h5(str(filepath), put)


def _training_of(model: Any) -> dict[str, Any]:
    from . import optimizers

    return {
        "optimizer_config": optimizers.serialize(model.optimizer),
        "loss": model.loss,
        "metrics": model._compiled_metrics,
        "loss_weights": model.loss_weights,
        "sample_weight_mode": model.sample_weight_mode,
    }


def load_model(filepath: str, custom_objects: Any = None, compile: bool = True) -> Any:
    """The model of what `save_model` wrote (TF1 symbol: `tf.keras.models.load_model`)."""
    from . import optimizers
    from .models import model_from_config

    with _h5py().File(filepath, "r") as file:
        described = file.attrs.get("model_config")
        if described is None:
            raise ValueError("No model found in config file.")
        model = model_from_config(json.loads(_text(described)), custom_objects)
        _take_layers(file["model_weights"], model.layers, False)
        training = file.attrs.get("training_config")
    if compile and training is not None:
        given = json.loads(_text(training))
        model.compile(
            optimizers.deserialize(given["optimizer_config"], custom_objects),
            given["loss"],
            given["metrics"],
            given["loss_weights"],
            given["sample_weight_mode"],
        )
    return model
