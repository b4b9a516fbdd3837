"""`Layer` as Keras has it: named scopes for its nodes, variables of its own, masks, and a history of calls.

`tf.layers.Layer` derives from it, and puts scopes of variables in the place of names.
"""

from __future__ import annotations

import contextlib
import inspect
import re
import threading
import weakref
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from . import nest
from .dtypes import as_dtype, float32
from .graph import Graph, get_default_graph, name_scope
from .initializers import GlorotUniform, Zeros
from .input_spec import check_inputs
from .layer_losses import ancestors
from .ops.core import convert_to_tensor
from .ops.math import cast
from .partitioned import PartitionedVariable
from .shapes import TensorShape
from .tensor import Tensor
from .variable_options import AUTO, NONE, VariableSynchronization
from .variables import Variable

_NAME_COUNTS: weakref.WeakKeyDictionary[Graph, dict[str, int]] = weakref.WeakKeyDictionary()
_CALLS = threading.local()
_MODEL_KEYWORDS = ("input_shape", "batch_input_shape", "batch_size", "weights", "autocast", "input_dtype")


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


class Layer:
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
        self._losses: list[tuple[Any, bool]] = []  # each with whether it depends on the inputs
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

    def add_weight(
        self,
        name: str | None = None,
        shape: Any = None,
        dtype: Any = None,
        initializer: Any = None,
        regularizer: Any = None,
        trainable: bool | None = None,
        constraint: Any = None,
        partitioner: Any = None,
        use_resource: bool | None = None,
        synchronization: Any = AUTO,
        aggregation: Any = NONE,
        **kwargs: Any,
    ) -> Any:
        """Make a variable of the layer.

        Raises:
            TypeError: another keyword than `getter`, `collections`, `experimental_autocast`.
            ValueError: `trainable` is True for a variable that is synchronised on read.
        """
        from .keras import constraints, initializers, regularizers

        for keyword in kwargs:
            if keyword not in ("getter", "collections", "experimental_autocast"):
                raise TypeError("Unknown keyword argument:", keyword)
        trainable = is_to_be_trained(trainable, synchronization)
        kind = as_dtype(dtype or self.dtype or float32)
        if initializer is None:
            initializer = GlorotUniform() if kind.is_floating else Zeros()
        initializer = initializers.get(initializer)
        if isinstance(initializer, type):
            initializer = initializer()
        sizes = TensorShape(() if shape is None else shape).as_list()
        variable = Variable(
            lambda: convert_to_tensor(initializer(sizes, dtype=kind), dtype=kind),
            name=name or "Variable",
            dtype=kind,
            trainable=trainable,
            use_resource=True if use_resource is None else use_resource,
            constraint=constraints.get(constraint),
            collections=kwargs.get("collections"),
            synchronization=synchronization,
            aggregation=aggregation,
            validate_shape=None not in sizes,
        )
        rule = regularizers.get(regularizer)
        if rule is not None:
            with name_scope(f"{name}/Regularizer"):
                self.add_loss(rule(variable))
        self._track(variable, trainable)
        return variable

    def add_variable(self, *args: Any, **kwargs: Any) -> Any:
        """The older name of `add_weight`."""
        return self.add_weight(*args, **kwargs)

    def _track(self, variable: Any, trainable: bool = True) -> None:
        """Count a variable among the layer's. One that a custom getter made untrained is not trained."""
        if any(variable is known for known in self._weights):
            return
        self._weights.append(variable)
        if not trainable or not variable.trainable:
            self._not_trained.append(variable)

    def add_loss(self, losses: Any, inputs: Any = None) -> None:
        """Keep losses, which a model adds to its own; `inputs` says that they depend on a call's inputs."""
        self._kept_losses(losses, inputs)

    def _kept_losses(self, losses: Any, inputs: Any) -> list[Any]:
        new = [loss() if callable(loss) else loss for loss in nest.flatten(losses)]
        new = [loss for loss in new if loss is not None]
        self._losses += [(loss, inputs is not None) for loss in new]
        return new

    def add_update(self, updates: Any, inputs: Any = None) -> None:
        """Keep operations that are to run with each training step."""
        new = [update() if callable(update) else update for update in nest.flatten(updates)]
        depends = inputs is not None or bool(getattr(_CALLS, "depth", 0))
        self._updates += [(getattr(update, "op", update), depends) for update in new]

    def add_metric(self, value: Any, aggregation: Any = None, name: str | None = None) -> None:
        """Have a tensor shown beside a model's metrics; its mean where `aggregation` is "mean"."""
        self._metrics.append((name or getattr(value, "name", "metric").split(":")[0], value, aggregation))

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

    @property
    def _layers(self) -> list[Any]:
        """The layers that are kept in this one's attributes, and in lists there."""
        return list(_found(vars(self).values(), Layer))

    @property
    def submodules(self) -> tuple[Any, ...]:
        return tuple(item for layer in self._layers for item in (layer, *layer.submodules))

    def _own_weights(self) -> list[Any]:
        known = list(self._weights)
        for variable in _found(vars(self).values(), Variable):
            if all(variable is not item for item in known):
                known.append(variable)
        return known

    @property
    def trainable_weights(self) -> list[Any]:
        if not self.trainable:
            return []
        own = [
            item
            for item in self._own_weights()
            if item.trainable and all(item is not other for other in self._not_trained)
        ]
        return _unique([*own, *(item for layer in self._layers for item in layer.trainable_weights)])

    @property
    def non_trainable_weights(self) -> list[Any]:
        nested = [item for layer in self._layers for item in layer.weights]
        if not self.trainable:
            return _unique([*self._own_weights(), *nested])
        trained = self.trainable_weights
        return _unique(
            item for item in [*self._own_weights(), *nested] if all(item is not other for other in trained)
        )

    @property
    def weights(self) -> list[Any]:
        return self.trainable_weights + self.non_trainable_weights

    @property
    def variables(self) -> list[Any]:
        return self.weights

    @property
    def trainable_variables(self) -> list[Any]:
        return self.trainable_weights

    @property
    def non_trainable_variables(self) -> list[Any]:
        return self.non_trainable_weights

    @property
    def losses(self) -> list[Any]:
        return [loss for loss, _ in self._all_losses()]

    @property
    def updates(self) -> list[Any]:
        return [update for update, _ in self._all_updates()]

    @property
    def metrics(self) -> list[Any]:
        return [item for layer in [self, *self._layers] for item in layer._metrics]

    def _all_losses(self) -> list[tuple[Any, bool]]:
        return [*self._losses, *(item for layer in self._layers for item in layer._all_losses())]

    def _all_updates(self) -> list[tuple[Any, bool]]:
        if not self.trainable and not self.stateful:
            return []
        return [*self._updates, *(item for layer in self._layers for item in layer._all_updates())]

    def get_losses_for(self, inputs: Any) -> list[Any]:
        """The losses that depend on these inputs; for None those that depend on none."""
        return _depending(self._all_losses(), inputs)

    def get_updates_for(self, inputs: Any) -> list[Any]:
        """The updates that depend on these inputs; for None those that depend on none."""
        return _depending(self._all_updates(), inputs)

    def count_params(self) -> int:
        if not self.built:
            raise ValueError(
                f"You tried to call `count_params` on {self.name}, but the layer isn't built. "
                f"You can build it manually via: `{self.name}.build(batch_input_shape)`."
            )
        return sum(weight.shape.num_elements() for weight in self.weights)

    def get_weights(self) -> list[np.ndarray]:
        """The values of the layer's variables, in Keras' session."""
        from .keras import backend

        return backend.batch_get_value(self.weights)

    def set_weights(self, weights: Any) -> None:
        """Give the layer's variables these values.

        Raises:
            ValueError: another number of arrays, or a shape that does not fit.
        """
        from .keras import backend

        variables, values = self.weights, list(weights)
        if len(variables) != len(values):
            raise ValueError(
                f'You called `set_weights(weights)` on layer "{self.name}" with a  weight list of length '
                f"{len(values)}, but the layer was expecting {len(variables)} weights. Provided weights: "
                f"{str(values)[:50]}..."
            )
        for variable, value in zip(variables, values, strict=True):
            if not variable.shape.is_compatible_with(np.shape(value)):
                raise ValueError(
                    f"Layer weight shape {variable.shape} not compatible with provided weight shape "
                    f"{np.shape(value)}"
                )
        backend.batch_set_value(zip(variables, values, strict=True))

    # -- calling
    def __call__(self, inputs: Any, *args: Any, **kwargs: Any) -> Any:
        with self._entered(inputs):
            arguments = self._arguments_of_call(inputs, args, kwargs)
            outputs = self._called(inputs, args, arguments)
        self._remember(inputs, args, kwargs, outputs, arguments.get("mask"))
        return outputs

    def _called(self, inputs: Any, args: Any, kwargs: dict[str, Any]) -> Any:
        outer = getattr(_CALLS, "training", None)
        if kwargs.get("training") is not None:
            _CALLS.training = kwargs["training"]
        _CALLS.depth = getattr(_CALLS, "depth", 0) + 1
        try:
            outputs = self.call(inputs, *args, **kwargs)
        finally:
            _CALLS.training = outer
            _CALLS.depth -= 1
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
        outer = getattr(_CALLS, "training", None)
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

    # -- the tensors of its calls
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


def is_to_be_trained(trainable: bool | None, synchronization: Any) -> bool:
    """What `trainable` is for a variable of a layer.

    Raises:
        ValueError: it is True for a variable that is synchronised on read.
    """
    if synchronization is VariableSynchronization.ON_READ and trainable:
        raise ValueError(
            "Synchronization value can be set to VariableSynchronization.ON_READ only for non-trainable "
            "variables. You have specified trainable=True and "
            "synchronization=VariableSynchronization.ON_READ."
        )
    if trainable is None:
        return synchronization is not VariableSynchronization.ON_READ
    return trainable


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


def _shapes(shape: Any) -> Any:
    if isinstance(shape, list) and shape and isinstance(shape[0], (list, tuple, TensorShape)):
        return [TensorShape(item) for item in shape]
    return TensorShape(shape)


def _found(values: Iterable[Any], kind: Any) -> Iterator[Any]:
    """What is of a kind among values and in the lists and dicts there."""
    for value in values:
        if isinstance(value, kind):
            yield value
        elif isinstance(value, PartitionedVariable) and kind is Variable:
            yield from value
        elif isinstance(value, dict):
            yield from _found(value.values(), kind)
        elif isinstance(value, (list, tuple)) and value and not isinstance(value[0], (str, int, float)):
            yield from _found(value, kind)


def _unique(items: Iterable[Any]) -> list[Any]:
    found: list[Any] = []
    for item in items:
        if all(item is not other for other in found):
            found.append(item)
    return found


def _depending(kept: list[tuple[Any, bool]], inputs: Any) -> list[Any]:
    if inputs is None:
        return [item for item, depends in kept if not depends]
    wanted = {tensor.op for tensor in nest.flatten(inputs)}
    return [item for item, depends in kept if depends and not wanted.isdisjoint(ancestors(item))]


def _rows(output: Tensor) -> Any:
    from .ops.array import shape

    return shape(output)[0]


def snake_case(name: str) -> str:
    """`MaxPooling2D` is `max_pooling2d`: the name of a class as layers are named."""
    spaced = re.sub(r"(.)([A-Z][a-z0-9]+)", r"\1_\2", name)
    found = re.sub(r"([a-z])([A-Z])", r"\1_\2", spaced).lower()
    return "private" + found if found.startswith("_") else found  # no scope begins with an underscore


def unique_layer_name(base_name: str, zero_based: bool = False) -> str:
    """The name with the number of layers of that name so far, which is left away for the first of Keras."""
    counts = _NAME_COUNTS.setdefault(get_default_graph().outermost, {})
    counts[base_name] = counts.get(base_name, 0) + 1
    number = counts[base_name] - zero_based
    return f"{base_name}_{number}" if number else base_name


def forget_names(graph: Graph) -> None:
    """Count the layers of a graph from the start."""
    _NAME_COUNTS.pop(graph, None)
