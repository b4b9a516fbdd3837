"""The module `tf.keras.models`: layers put together, by lists, by tensors, or by a class's `call`."""

from __future__ import annotations

import json
from typing import Any

from .. import nest
from ..graph import name_scope
from ..keras_base import Layer
from ..keras_history import arguments_of
from ..names import absent
from ..shapes import TensorShape
from ..tensor import Tensor
from . import hdf5, saving
from .graph_of_layers import Network
from .inputs import Input, InputLayer
from .metric_base import Metric
from .training import Training


class Model(Training, Layer):
    """Layers between inputs and outputs, or a class whose `call` uses them (TF1 symbol:
    `tf.keras.Model`).

    Args:
        inputs, outputs: tensors that `Input` and layers made; left away where `call` is defined.
        name: its name.

    Raises:
        ValueError: the outputs do not come of the inputs alone.
    """

    def __new__(cls, *args: Any, **kwargs: Any) -> Any:
        return super().__new__(cls)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        given = dict(zip(("inputs", "outputs", "name"), args, strict=False))
        if len(args) == 1 and isinstance(args[0], str):
            given = {"name": args[0]}
        given.update(kwargs)
        inputs, outputs = given.pop("inputs", None), given.pop("outputs", None)
        super().__init__(**given)
        self._start_training_state()
        self._network: Network | None = None
        if inputs is not None or outputs is not None:
            self._connect(inputs, outputs)

    def _connect(self, inputs: Any, outputs: Any) -> None:
        for item in nest.flatten(inputs):
            if not hasattr(item, "_keras_history"):
                if isinstance(item, Tensor):
                    Input(tensor=item)
                else:
                    raise ValueError(
                        "Input tensors to a Model must come from `tf.keras.Input`. Received: "
                        f"{item} (missing "
                        "previous layer metadata)."
                    )
        self._network = Network(inputs, outputs)
        self.built = True

    # -- what it is made of
    @property
    def layers(self) -> list[Any]:
        return self._layers

    @property
    def _layers(self) -> list[Any]:
        if self._network:
            return list(self._network.layers)
        return [layer for layer in super()._layers if not isinstance(layer, Metric)]

    @property
    def inputs(self) -> Any:
        return self._network.flat_inputs if self._network else self._given_inputs

    @property
    def outputs(self) -> Any:
        return self._network.flat_outputs if self._network else self._given_outputs

    @property
    def input(self) -> Any:
        return _single(self.inputs)

    @property
    def output(self) -> Any:
        return _single(self.outputs)

    @property
    def input_names(self) -> list[str]:
        if self._network:
            return [item._keras_history[0].name for item in self._network.flat_inputs]
        return [f"input_{index + 1}" for index in range(len(self.inputs or []))]

    @property
    def output_names(self) -> list[str]:
        names: list[str] = []
        for index, item in enumerate(self.outputs or []):
            history = getattr(item, "_keras_history", None)
            name = history[0].name if self._network and history else f"output_{index + 1}"
            number = 1
            chosen = name
            while chosen in names:
                chosen = f"{name}_{number}"
                number += 1
            names.append(chosen)
        return names

    @property
    def weights(self) -> list[Any]:
        """The variables, layer by layer."""
        kept = [item for layer in self._layers for item in layer.weights]
        return list({id(item): item for item in [*kept, *self._own_weights()]}.values())

    @property
    def stateful(self) -> bool:
        return any(getattr(layer, "stateful", False) for layer in self._layers)

    @stateful.setter
    def stateful(self, value: bool) -> None:
        """A model is as its layers are."""

    @property
    def state_updates(self) -> list[Any]:
        return [update for layer in self._layers if layer.stateful for update in layer.updates]

    def get_layer(self, name: str | None = None, index: int | None = None) -> Any:
        """A layer by its name or place.

        Raises:
            ValueError: there is none.
        """
        if index is not None:
            if len(self.layers) <= index:
                raise ValueError(
                    f"Was asked to retrieve layer at index {index} but model only has "
                    f"{len(self.layers)} layers."
                )
            return self.layers[index]
        if not name:
            raise ValueError("Provide either a layer name or layer index.")
        for layer in self.layers:
            if layer.name == name:
                return layer
        raise ValueError(f"No such layer: {name}")

    def reset_states(self) -> None:
        """Have the stateful layers begin with zeros."""
        for layer in self.layers:
            if getattr(layer, "stateful", False) and hasattr(layer, "reset_states"):
                layer.reset_states()

    # -- calling
    def call(self, inputs: Any, training: Any = None, mask: Any = None) -> Any:
        if self._network is None:
            raise NotImplementedError(
                "When subclassing the `Model` class, you should implement a `call` method."
            )
        return self._network.applied(inputs, training, mask)

    def build(self, input_shape: Any) -> None:
        """Make the variables for inputs of a shape."""
        if self._network is None and not self.built:
            self.built = True
            if input_shape is not None and not isinstance(input_shape, list) and not _is_in_call():
                with name_scope(None):
                    self(Input(batch_shape=tuple(TensorShape(input_shape).as_list())))
        self.built = True

    def _build_once(self, inputs: Any) -> None:
        self.built = True  # a model's layers make their own variables

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        return None if self._network is None else self._network.mask_of_outputs

    def compute_output_shape(self, input_shape: Any) -> Any:
        if self._network is not None:
            return _single([item.shape for item in self.outputs])
        return super().compute_output_shape(input_shape)

    # -- configurations
    def get_config(self) -> Any:
        if self._network is None:
            raise NotImplementedError(
                f"{type(self).__name__} is a class of its own, whose call is Python: keep its weights with "
                "save_weights, and make it again from the class."
            )
        return self._network.config(self.name)

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> Any:
        inputs, outputs, _ = Network.from_config(config, custom_objects)
        return cls(inputs=inputs, outputs=outputs, name=config.get("name"))

    def _described(self) -> dict[str, Any]:
        """The class and the configuration, in plain values."""
        found: dict[str, Any] = json.loads(
            json.dumps(
                {
                    "class_name": type(self).__name__,
                    "config": self.get_config(),
                    "keras_version": hdf5.KERAS_VERSION,
                    "backend": "tensorflow",
                },
                default=hdf5.plain,
            )
        )
        return found

    def to_json(self, **kwargs: Any) -> str:
        """The configuration as a text."""
        return json.dumps(self._described(), **kwargs)

    def to_yaml(self, **kwargs: Any) -> str:
        """The configuration as a text of YAML.

        Raises:
            ImportError: PyYAML is not installed.
        """
        text: str = _yaml().dump(self._described(), **kwargs)
        return text

    def summary(self, line_length: Any = None, positions: Any = None, print_fn: Any = None) -> None:
        """Print the layers, their shapes and how many numbers they have.

        Raises:
            ValueError: the model has not been built.
        """
        if not self.built or (self._network is None and not self.weights):
            raise ValueError(
                "This model has not yet been built. Build the model first by calling `build()` "
                "or calling `fit()` "
                "with some data, or specify an `input_shape` argument in the first layer(s) for "
                "automatic build."
            )
        from .summaries import summary

        summary(self, line_length, print_fn or print)

    # -- weights and whole models on disk
    def save_weights(self, filepath: str, overwrite: bool = True, save_format: str | None = None) -> None:
        """Write the variables, as a checkpoint of TensorFlow or, for `.h5`, as HDF5."""
        saving.save_weights(self, filepath, overwrite, save_format)

    def load_weights(self, filepath: str, by_name: bool = False) -> Any:
        """Read what `save_weights` wrote."""
        return saving.load_weights(self, filepath, by_name)

    def save(
        self, filepath: str, overwrite: bool = True, include_optimizer: bool = True, **kwargs: Any
    ) -> None:
        """Write the configuration and the variables as HDF5."""
        hdf5.save_model(self, filepath, overwrite, include_optimizer, **kwargs)


def _single(items: Any) -> Any:
    return items[0] if isinstance(items, list) and len(items) == 1 else items


def _is_in_call() -> bool:
    from ..keras_history import CALLS

    return bool(getattr(CALLS, "depth", 0))


class Sequential(Model):
    """Layers one behind the other (TF1 symbol: `tf.keras.Sequential`).

    Raises:
        TypeError: something among them is no layer.
        ValueError: a layer gives several outputs.

    >>> import ostinato.tf1 as tf
    >>> with tf.Graph().as_default():
    ...     model = tf.keras.Sequential([tf.keras.layers.LSTM(4, input_shape=[None, 3])])
    ...     model.add(tf.keras.layers.Dense(2))
    ...     print(model.output)
    Tensor("dense/BiasAdd:0", shape=(?, 2), dtype=float32)
    """

    def __init__(self, layers: Any = None, name: str | None = None) -> None:
        super().__init__(name=name)
        self._stack: list[Any] = []
        self._first: Any = None
        for layer in layers or ():
            self.add(layer)

    @property
    def layers(self) -> list[Any]:
        return [layer for layer in self._stack if not isinstance(layer, InputLayer)]

    @property
    def _layers(self) -> list[Any]:
        return list(self._stack)

    def add(self, layer: Any) -> None:
        """Put a layer behind the others."""
        if hasattr(layer, "_keras_history") and isinstance(layer, Tensor):
            layer = vars(layer)["_keras_history"][0]
        if not isinstance(layer, Layer):
            raise TypeError(f"The added layer must be an instance of class Layer. Found: {layer}")
        if not self._stack:
            if isinstance(layer, InputLayer):
                self._first = layer._inbound_nodes[0].output_tensors
            else:
                shape = _first_shape(layer)
                if shape is not None:
                    kind = _first_layer(layer)._dtype if not _is_embedding(layer) else None
                    self._first = Input(batch_shape=shape, dtype=kind, name=f"{layer.name}_input")
        self._stack.append(layer)
        if self._first is not None:
            before = self._network.flat_outputs[0] if self._network else self._first
            output = self._first if isinstance(layer, InputLayer) else layer(before)
            if isinstance(output, (list, tuple)):
                if len(output) != 1:
                    raise ValueError(
                        "All layers in a Sequential model should have a single output tensor. "
                        "For multi-output "
                        "layers, use the functional API."
                    )
                output = output[0]
            if not isinstance(layer, InputLayer):
                self._connect(self._first, output)

    def pop(self) -> None:
        """Take the last layer away.

        Raises:
            TypeError: there is none.
        """
        if not self.layers:
            raise TypeError("There are no layers in the model.")
        self._stack.pop()
        if self._network is not None:
            outputs = self._stack[-1]._inbound_nodes[-1].output_tensors if self._stack else self._first
            self._network = None
            if self.layers:
                self._connect(self._first, outputs)

    def call(self, inputs: Any, training: Any = None, mask: Any = None) -> Any:
        if self._network is not None:
            return self._network.applied(inputs, training, mask)
        outputs = inputs
        for layer in self.layers:
            names = arguments_of(layer.call)
            given = {"training": training} if "training" in names and training is not None else {}
            outputs = layer(outputs, **given)
        return outputs

    def build(self, input_shape: Any = None) -> None:
        """Make the variables for inputs of a shape."""
        if self._network is None and input_shape is not None and self._stack:
            shape = TensorShape(input_shape).as_list()
            self._first = Input(batch_shape=tuple(shape), name=f"{self._stack[0].name}_input")
            outputs = self._first
            for layer in self._stack:
                outputs = layer(outputs)
            self._connect(self._first, outputs)
        self.built = True

    def predict_classes(self, x: Any, batch_size: int = 32, verbose: int = 0) -> Any:
        """The classes of the highest predictions."""
        shares = self.predict(x, batch_size, verbose)
        return shares.argmax(axis=-1) if shares.shape[-1] > 1 else (shares > 0.5).astype("int32")

    def predict_proba(self, x: Any, batch_size: int = 32, verbose: int = 0) -> Any:
        """The predictions."""
        return self.predict(x, batch_size, verbose)

    def get_config(self) -> Any:
        layers = [{"class_name": type(layer).__name__, "config": layer.get_config()} for layer in self.layers]
        config: dict[str, Any] = {"name": self.name, "layers": layers}
        if self._first is not None and not any(hasattr(item, "_batch_input_shape") for item in self._stack):
            config["build_input_shape"] = tuple(self._first.shape.as_list())
        return config

    @classmethod
    def from_config(cls, config: Any, custom_objects: Any = None) -> Any:
        from .layers.serialization import deserialize

        described = config["layers"] if isinstance(config, dict) else config
        model = cls(name=config.get("name") if isinstance(config, dict) else None)
        for layer in described:
            model.add(deserialize(layer, custom_objects))
        if model._first is None and isinstance(config, dict) and config.get("build_input_shape"):
            model.build(tuple(config["build_input_shape"]))
        return model


def _first_layer(layer: Any) -> Any:
    return layer.layers[0] if isinstance(layer, Model) and layer.layers else layer


def _is_embedding(layer: Any) -> bool:
    from .layers.embeddings import Embedding

    return isinstance(_first_layer(layer), Embedding)


def _first_shape(layer: Any) -> Any:
    if hasattr(layer, "_batch_input_shape"):
        return tuple(layer._batch_input_shape)
    if isinstance(layer, Model) and layer.inputs:
        return tuple(layer.inputs[0].shape.as_list())
    inner = getattr(layer, "layer", None)
    if inner is not None:
        return _first_shape(inner)
    return None


def model_from_config(config: dict[str, Any], custom_objects: Any = None) -> Any:
    """The model of a configuration (TF1 symbol: `tf.keras.models.model_from_config`)."""
    from .layers.serialization import deserialize

    return deserialize(config, custom_objects)


def model_from_json(json_string: str, custom_objects: Any = None) -> Any:
    """The model of what `to_json` gave (TF1 symbol: `tf.keras.models.model_from_json`)."""
    return model_from_config(json.loads(json_string), custom_objects)


def _yaml() -> Any:
    try:
        import yaml  # type: ignore[import-not-found, import-untyped, unused-ignore]
    except ImportError:
        raise ImportError("Requires yaml module installed (`pip install pyyaml`).") from None
    return yaml


def model_from_yaml(yaml_string: str, custom_objects: Any = None) -> Any:
    """The model of what `to_yaml` gave (TF1 symbol: `tf.keras.models.model_from_yaml`).

    Raises:
        ImportError: PyYAML is not installed.
    """
    return model_from_config(_yaml().safe_load(yaml_string), custom_objects)


def clone_model(model: Any, input_tensors: Any = None, clone_function: Any = None) -> Any:
    """A model like another, with variables of its own (TF1 symbol: `tf.keras.models.clone_model`)."""
    return type(model).from_config(model.get_config())


load_model, save_model = hdf5.load_model, hdf5.save_model
__all__ = [
    "Model",
    "Sequential",
    "clone_model",
    "load_model",
    "model_from_config",
    "model_from_json",
    "model_from_yaml",
    "save_model",
]
__getattr__ = absent("tf.keras.models", __all__)
