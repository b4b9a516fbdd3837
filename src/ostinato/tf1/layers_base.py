"""`Layer`: what has variables, makes them when it first sees its inputs, and names them after itself."""

from __future__ import annotations

import contextlib
import re
import weakref
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from . import nest
from . import variable_scope as vs
from .dtypes import DType, as_dtype, float32
from .graph import Graph, get_default_graph, name_scope
from .partitioned import PartitionedVariable
from .shapes import TensorShape, as_shape

_NAME_COUNTS: weakref.WeakKeyDictionary[Graph, dict[str, int]] = weakref.WeakKeyDictionary()


class InputSpec:
    """What a layer demands of an input (TF1 symbol: `tf.layers.InputSpec`): here its rank."""

    def __init__(
        self, dtype: Any = None, shape: Any = None, ndim: int | None = None, axes: Any = None
    ) -> None:
        self.dtype, self.shape, self.axes = dtype, shape, axes
        self.ndim = len(shape) if shape is not None else ndim


@dataclass(frozen=True)
class StaticInput:
    """A stand-in for an input of which only the type and the static shape are known."""

    dtype: DType
    shape: TensorShape


class Layer:
    """Base of layers and cells (TF1 symbol: `tf.layers.Layer`): derive from it, define `build` and `call`.

    `build(input_shape)` makes the variables with `add_variable`; it runs once, at the first call. The
    variables are in
    the scope in which that call was made: called elsewhere later, the layer keeps them.
    """

    def __init__(
        self, trainable: bool = True, name: str | None = None, dtype: Any = None, **kwargs: Any
    ) -> None:
        scope = kwargs.pop("_scope", None)
        self._reuse = kwargs.pop("_reuse", None)
        for keyword in kwargs:
            raise TypeError("Keyword argument not understood:", keyword)
        self.trainable = trainable
        self.built = False
        self.input_spec: InputSpec | None = None
        self._dtype = None if dtype is None else as_dtype(dtype).name
        self._weights: list[Any] = []
        self._base_name = name or _snake_case(type(self).__name__)
        self._name = name or _unique_layer_name(self._base_name)
        self._scope: vs.VariableScope | None = None
        if scope is not None:
            with vs.variable_scope(scope) as captured:
                self._scope = captured

    # -- for derived classes
    def build(self, input_shape: Any) -> None:
        """Make the variables for inputs of a shape."""
        self.built = True

    def call(self, inputs: Any, *args: Any, **kwargs: Any) -> Any:
        raise TypeError(f"{type(self).__name__} does not say what it computes: define call(inputs, ...).")

    def add_weight(
        self,
        name: str,
        shape: Any = None,
        dtype: Any = None,
        initializer: Any = None,
        regularizer: Any = None,
        trainable: bool | None = None,
        constraint: Any = None,
        use_resource: Any = None,
        synchronization: Any = None,
        aggregation: Any = None,
        partitioner: Any = None,
        **_: Any,
    ) -> Any:
        """Make a variable of the layer, or share it where the scope says so."""
        self._capture_scope(None)
        with self._reentered() as scope, name_scope(scope.original_name_scope):
            variable = vs.get_variable(
                name,
                () if shape is None else shape,
                dtype or self.dtype or float32,
                initializer=initializer,
                regularizer=regularizer,
                trainable=self.trainable and trainable is not False,
                constraint=constraint,
                partitioner=partitioner,
            )
        for part in variable if isinstance(variable, PartitionedVariable) else [variable]:
            self._track(part)
        return variable

    add_variable = add_weight

    def _track(self, variable: Any) -> None:
        if all(variable is not known for known in self._weights):
            self._weights.append(variable)

    # -- what it is
    @property
    def name(self) -> str:
        return self._name

    @property
    def dtype(self) -> str | None:
        return self._dtype

    @property
    def graph(self) -> Graph:
        return get_default_graph()

    @property
    def scope_name(self) -> str:
        if self._scope is None:
            raise ValueError(
                f'No name available for layer scope because the layer "{self._name}" has not been used yet. '
                "The scope name is determined the first time the layer instance is called."
            )
        return self._scope.name

    @property
    def weights(self) -> list[Any]:
        return self.trainable_weights + self.non_trainable_weights

    @property
    def trainable_weights(self) -> list[Any]:
        return [weight for weight in self._weights if weight.trainable] if self.trainable else []

    @property
    def non_trainable_weights(self) -> list[Any]:
        return [weight for weight in self._weights if not (self.trainable and weight.trainable)]

    @property
    def variables(self) -> list[Any]:
        return self.weights

    @property
    def trainable_variables(self) -> list[Any]:
        return self.trainable_weights

    @property
    def non_trainable_variables(self) -> list[Any]:
        return self.non_trainable_weights

    def count_params(self) -> int:
        if not self.built:
            raise ValueError(
                f"You tried to call `count_params` on {self.name}, but the layer isn't built yet."
            )
        return sum(weight.shape.num_elements() for weight in self.weights)

    # -- calling
    def __call__(self, inputs: Any, *args: Any, scope: Any = None, **kwargs: Any) -> Any:
        with self._entered(inputs, scope):
            return self.call(inputs, *args, **kwargs)

    apply = __call__

    @contextlib.contextmanager
    def _entered(self, inputs: Any, scope: Any = None) -> Iterator[None]:
        """The layer's scope, with its inputs checked and its variables made."""
        self._capture_scope(scope)
        with self._reentered() as entered, name_scope(entered.original_name_scope):
            self._check_inputs(inputs)
            if not self.built:
                if self._dtype is None:
                    self._dtype = nest.flatten(inputs)[0].dtype.base_dtype.name
                self.build(nest.map_structure(lambda leaf: leaf.shape, inputs))
                self.built = True
            yield

    def _reentered(self) -> Any:
        """The layer's own scope; once it is built its variables are shared there, never made."""
        reuse = True if self.built else self._reuse
        return vs.variable_scope(self._scope, reuse=reuse, auxiliary_name_scope=False)

    def _capture_scope(self, scope: Any) -> None:
        if self._scope is not None:
            return
        if self._reuse:
            context = vs.variable_scope(self._base_name if scope is None else scope)
        else:
            context = vs.variable_scope(scope, default_name=self._base_name)
        with context as captured:
            self._scope = captured

    def _check_inputs(self, inputs: Any) -> None:
        if self.input_spec is None or self.input_spec.ndim is None:
            return
        for index, leaf in enumerate(nest.flatten(inputs)):
            rank, expected = as_shape(leaf.shape).ndims, self.input_spec.ndim
            prefix = f"Input {index} of layer {self._name} is incompatible with the layer:"
            if rank is None:
                raise ValueError(f"{prefix} its rank is undefined, but the layer requires a defined rank.")
            if rank != expected:
                sizes = as_shape(leaf.shape).as_list()
                raise ValueError(
                    f"{prefix} expected ndim={expected}, found ndim={rank}. Full shape received: {sizes}"
                )


def _snake_case(name: str) -> str:
    spaced = re.sub(r"(.)([A-Z][a-z0-9]+)", r"\1_\2", name)
    return re.sub(r"([a-z])([A-Z])", r"\1_\2", spaced).lower().lstrip("_")


def _unique_layer_name(base_name: str) -> str:
    counts = _NAME_COUNTS.setdefault(get_default_graph().outermost, {})
    counts[base_name] = counts.get(base_name, 0) + 1
    return f"{base_name}_{counts[base_name]}"
