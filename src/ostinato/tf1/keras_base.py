"""`Layer` as Keras has it: named scopes for its nodes, variables of its own, masks, and a history of calls.

`tf.layers.Layer` derives from it, and puts scopes of variables in the place of names.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

from . import nest
from .dtypes import as_dtype, float32
from .graph import Graph, name_scope
from .input_spec import check_inputs
from .keras_history import CALLS, History, Node, arguments_of, masks_of, shape_of
from .keras_kept import Kept
from .keras_layer_names import snake_case, unique_layer_name
from .ops.math import cast
from .shapes import TensorShape
from .tensor import Tensor

_MODEL_KEYWORDS = ("input_shape", "batch_input_shape", "batch_size", "weights", "autocast", "input_dtype")


class Layer(Kept, History):
    """Base of Keras' layers (TF1 symbol: `tf.keras.layers.Layer`): derive from it, define `build` and `call`.

    Args:
        trainable: whether its variables are trained.
        name: its name; None is the class's name, with a number from the second on.
        dtype: of its variables; None is the type of its first input.
        input_shape, batch_input_shape, batch_size: of the first layer of a `Sequential`.
        weights: arrays that its variables begin with.
        activity_regularizer: makes a loss of its outputs.

    Raises:
        TypeError: a keyword that is none of these.
    """

    _names_count_from_zero = True

    def __init__(
        self,
        trainable: bool = True,
        name: Any = None,
        dtype: Any = None,
        dynamic: bool = False,
        **kwargs: Any,
    ) -> None:
        self._activity_regularizer = kwargs.pop("activity_regularizer", None)
        for keyword in kwargs:
            if keyword not in _MODEL_KEYWORDS:
                raise TypeError("Keyword argument not understood:", keyword)
        self.trainable = trainable
        self.dynamic = dynamic
        self.stateful = False
        self.supports_masking = False
        self.built = False
        self.input_spec: Any = None
        self._dtype = None if dtype is None else as_dtype(dtype).name
        self._weights: list[Any] = []
        self._not_trained: list[Any] = []
        self._losses: list[tuple[Any, bool]] = []
        self._updates: list[tuple[Any, bool]] = []
        self._metrics: list[Any] = []
        self._inbound_nodes: list[Node] = []
        self._initial_weights = kwargs.get("weights")
        self._set_name(name)
        if "batch_input_shape" in kwargs:
            self._batch_input_shape = tuple(kwargs["batch_input_shape"])
        elif "input_shape" in kwargs:
            self._batch_input_shape = (kwargs.get("batch_size"), *kwargs["input_shape"])

    def _set_name(self, name: Any) -> None:
        self._base_name = name or snake_case(type(self).__name__)
        self._name = name or unique_layer_name(self._base_name, self._names_count_from_zero)

    # -- for derived classes
    def build(self, input_shape: Any) -> None:
        """Make the variables for inputs of a shape."""
        self.built = True

    def call(self, inputs: Any, *args: Any, **kwargs: Any) -> Any:
        """What the layer computes; of this class itself its inputs."""
        return inputs

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        """The mask of the outputs: that of the inputs, where the layer keeps masks."""
        return mask if self.supports_masking else None

    def compute_output_shape(self, input_shape: Any) -> Any:
        """The outputs' static shape for inputs of a shape."""
        with Graph().as_default():
            from .ops.core import placeholder

            inputs = nest.map_structure(
                lambda sizes: placeholder(self.dtype or float32, sizes), _shapes(input_shape)
            )
            copy = type(self).from_config(self.get_config())
            return nest.map_structure(lambda output: output.shape, copy(inputs))

    def get_config(self) -> dict[str, Any]:
        """The arguments that make a layer like this one."""
        config: dict[str, Any] = {"name": self.name, "trainable": self.trainable}
        if hasattr(self, "_batch_input_shape"):
            config["batch_input_shape"] = self._batch_input_shape
        config["dtype"] = self._dtype
        return config

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Any:
        """A layer of a configuration."""
        return cls(**config)

    # -- what it is
    @property
    def name(self) -> str:
        return self._name

    @property
    def dtype(self) -> str | None:
        return self._dtype

    @property
    def activity_regularizer(self) -> Any:
        return self._activity_regularizer

    # -- calling
    def __call__(self, inputs: Any, *args: Any, **kwargs: Any) -> Any:
        with self._entered(inputs):
            arguments = self._arguments_of_call(inputs, args, kwargs)
            outputs = self._called(inputs, args, arguments)
        self._remember(inputs, args, kwargs, outputs, arguments.get("mask"))
        return outputs

    def _called(self, inputs: Any, args: Any, kwargs: dict[str, Any]) -> Any:
        outer = getattr(CALLS, "training", None)
        if kwargs.get("training") is not None:
            CALLS.training = kwargs["training"]
        CALLS.depth = getattr(CALLS, "depth", 0) + 1
        try:
            outputs = self.call(inputs, *args, **kwargs)
        finally:
            CALLS.training = outer
            CALLS.depth -= 1
        if outputs is None:
            raise ValueError(
                "A layer's `call` method should return a Tensor or a list of Tensors, not None (layer: "
                f"{self.name})."
            )
        if self._activity_regularizer is not None:
            self._regularize_activity(inputs, outputs)
        return outputs

    def _arguments_of_call(self, inputs: Any, args: Any, kwargs: dict[str, Any]) -> dict[str, Any]:
        """The keywords of `call`, with the mask of the inputs and the outer layer's `training`."""
        names = arguments_of(self.call)
        given = set(names[1 : 1 + len(args)])
        result = dict(kwargs)
        if "mask" in names and "mask" not in given and result.get("mask") is None:
            masks = masks_of(inputs)
            if any(mask is not None for mask in nest.flatten(masks)):
                result["mask"] = masks
        outer = getattr(CALLS, "training", None)
        takes_training = "training" in names and "training" not in given
        if takes_training and outer is not None and result.get("training") is None:
            result["training"] = outer
        return result

    def _remember(self, inputs: Any, args: Any, kwargs: Any, outputs: Any, mask: Any) -> None:
        """Put masks and this call's place on the outputs."""
        flat: list[Any] = nest.flatten(outputs)
        own = type(self).compute_mask is not Layer.compute_mask
        joint = getattr(self, "_compute_output_and_mask_jointly", False)
        done = joint or (flat and all(getattr(item, "_keras_mask", None) is not None for item in flat))
        if (self.supports_masking or own) and not done:
            before = masks_of(inputs) if mask is None else mask
            after = self.compute_mask(inputs, before)
            flat_masks = nest.flatten(after) if isinstance(after, (list, tuple)) else [after] * len(flat)
            for item, value in zip(flat, flat_masks, strict=False):
                if isinstance(item, Tensor) and not any(item is other for other in nest.flatten(inputs)):
                    vars(item)["_keras_mask"] = value
        if any(hasattr(item, "_keras_history") for item in nest.flatten(inputs)):
            self._make_node(inputs, args, kwargs, outputs)

    def _make_node(self, inputs: Any, args: Any, kwargs: Any, outputs: Any) -> None:
        names = arguments_of(self.call)[1:]
        arguments = {**dict(zip(names, args, strict=False)), **kwargs}
        self._inbound_nodes.append(Node(self, inputs, arguments, outputs))
        place = len(self._inbound_nodes) - 1
        given = nest.flatten(inputs)
        for index, item in enumerate(nest.flatten(outputs)):
            # What a layer inside of this one made is this one's; what it was given stays what it was.
            if isinstance(item, Tensor) and not any(item is other for other in given):
                vars(item)["_keras_history"] = (self, place, index)

    @contextlib.contextmanager
    def _entered(self, inputs: Any) -> Iterator[None]:
        """The layer's scope of names, with its inputs checked and its variables made."""
        with name_scope(self._name):
            check_inputs(self.input_spec, inputs, self._name)
            self._build_once(inputs)
            check_inputs(self.input_spec, inputs, self._name)
            yield

    def _build_once(self, inputs: Any) -> None:
        if self.built:
            return
        first = nest.flatten(inputs)
        if self._dtype is None and first and hasattr(first[0], "dtype"):
            self._dtype = as_dtype(first[0].dtype).base_dtype.name
        self.build(nest.map_structure(shape_of, inputs))
        self.built = True
        if self._initial_weights is not None:
            self.set_weights(self._initial_weights)
            self._initial_weights = None

    def _regularize_activity(self, inputs: Any, outputs: Any) -> None:
        with name_scope("ActivityRegularizer"):
            for output in nest.flatten(outputs):
                loss = self._activity_regularizer(output)
                if loss is not None:
                    self.add_loss(loss / cast(_rows(output), loss.dtype), inputs=inputs)


def _shapes(shape: Any) -> Any:
    if isinstance(shape, list) and shape and isinstance(shape[0], (list, tuple, TensorShape)):
        return [TensorShape(item) for item in shape]
    return TensorShape(shape)


def _rows(output: Tensor) -> Any:
    from .ops.array import shape

    return shape(output)[0]
