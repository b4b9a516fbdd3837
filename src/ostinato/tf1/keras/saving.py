"""A model's variables on disk: TensorFlow's checkpoints, and by `hdf5` the files of Keras."""

from __future__ import annotations

import os
from typing import Any

from ..checkpoint_management import latest_checkpoint, update_checkpoint_state
from ..checkpoint_reader import NewCheckpointReader
from ..keras_base import Layer
from ..saver import Saver
from ..variables import Variable
from . import hdf5, session

_ENDING = "/.ATTRIBUTES/VARIABLE_VALUE"


def _is_h5(filepath: str, save_format: str | None) -> bool:
    if save_format in ("h5", "hdf5", "keras"):
        return True
    if save_format is None:
        return str(filepath).endswith((".h5", ".hdf5", ".keras"))
    if save_format not in ("tf", "tensorflow"):
        raise ValueError(f"Unknown format {save_format}. Was expecting one of {{'tf', 'h5'}}.")
    return False


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
    if getattr(layer, "_network", None) is not None or hasattr(layer, "_stack"):
        return _keys_of_layers(layer, f"{prefix}/")
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


def _keys_of_layers(model: Any, prefix: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    with_weights = [layer for layer in model.layers if layer.weights]
    for place, layer in enumerate(with_weights):
        found.update(_keys(layer, f"{prefix}layer_with_weights-{place}"))
    return found


def checkpoint_keys(model: Any) -> dict[str, Any]:
    """A model's variables by the keys of TensorFlow's own checkpoints of it."""
    found: dict[str, Any] = {}
    if model._network is not None or hasattr(model, "_stack"):
        found = _keys_of_layers(model, "")
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
        hdf5.write(filepath, lambda file: hdf5.put_layers(file, model.layers))
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
    if not os.path.exists(path + ".index") and (os.path.exists(path) or _is_h5(path, None)):
        _check_built(model)
        hdf5.load_weights(path, model, by_name)
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
