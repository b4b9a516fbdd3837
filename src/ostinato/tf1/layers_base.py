"""`Layer`: what has variables, makes them when it first sees its inputs, and names them after itself."""

from __future__ import annotations

import contextlib
import copy
import inspect
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

from . import keras_base, nest
from . import variable_scope as vs
from .body import BodyFunction
from .dtypes import DType, as_dtype, float32
from .graph import Graph, GraphKeys, get_default_graph, name_scope
from .input_spec import InputSpec, check_inputs
from .keras_kept import is_to_be_trained
from .keras_layer_names import snake_case, unique_layer_name
from .layer_losses import fill_collection
from .partitioned import PartitionedVariable
from .shapes import TensorShape
from .tensor import Operation, Tensor
from .variable_options import AUTO, NONE
from .variables import Variable

__all__ = ["InputSpec", "Layer", "StaticInput"]
_SHARED_BY_COPIES = (BodyFunction, Graph, Operation, PartitionedVariable, Tensor, Variable)


@dataclass(frozen=True)
class StaticInput:
    """A stand-in for an input of which only the type and the static shape are known."""

    dtype: DType
    shape: TensorShape


class Layer(keras_base.Layer):
    """Base of layers and cells (TF1 symbol: `tf.layers.Layer`): derive from it, define `build` and `call`.

    `build(input_shape)` makes the variables with `add_variable`; it runs once, at the first call. The
    variables are in the scope in which that call was made: called elsewhere later, the layer keeps them.

    Args:
        trainable: whether its variables are trained.
        name: its name; None is the class's name, with a number.
        dtype: of its variables; None is the type of its first input.
        activity_regularizer: makes a loss of its outputs.

    Raises:
        TypeError: a keyword that is none of these.

    >>> import ostinato.tf1 as tf
    >>> class Scale(tf.layers.Layer):
    ...     def build(self, input_shape):
    ...         self.factor = self.add_variable("factor", [], initializer=tf.ones_initializer())
    ...     def call(self, inputs):
    ...         return self.factor * inputs
    >>> with tf.Graph().as_default():
    ...     scale = Scale()
    ...     _ = scale(tf.zeros([2])), scale(tf.zeros([3]))
    ...     [variable.name for variable in tf.trainable_variables()]
    ['scale/factor:0']
    """

    _names_count_from_zero = False

    def __init__(self, trainable: bool = True, name: Any = None, dtype: Any = None, **kwargs: Any) -> None:
        scope = kwargs.pop("_scope", None)
        self._reuse = kwargs.pop("_reuse", None)
        self._scope: vs.VariableScope | None = None
        super().__init__(trainable, name, dtype, **kwargs)
        if scope:
            with vs.variable_scope(scope) as captured:
                self._scope = captured

    def _set_name(self, name: Any) -> None:
        class_name = snake_case(type(self).__name__)
        is_scope = isinstance(name, vs.VariableScope)
        self._base_name = name.name if is_scope else name or class_name
        self._name = unique_layer_name(class_name) if is_scope or not name else name

    # -- for derived classes
    # TensorFlow has other orders of arguments in its two classes.
    def add_weight(  # type: ignore[override]
        self,
        name: str,
        shape: Any,
        dtype: Any = None,
        initializer: Any = None,
        regularizer: Any = None,
        trainable: bool | None = None,
        constraint: Any = None,
        use_resource: bool | None = None,
        synchronization: Any = AUTO,
        aggregation: Any = NONE,
        partitioner: Any = None,
        **kwargs: Any,
    ) -> Any:
        """Make a variable of the layer, or share it where the scope says so.

        Args:
            name, shape, dtype, initializer, constraint, use_resource, synchronization, aggregation,
                partitioner: as of `tf.get_variable`; the type is the layer's for None.
            regularizer: makes a loss of the variable where it is a new one; that goes to the layer's losses.
            trainable: None is True, unless the variable is synchronised on read.

        Raises:
            TypeError: another keyword.
            ValueError: `trainable` is True for a variable that is synchronised on read.
        """
        for keyword in kwargs:
            if keyword != "experimental_autocast":
                raise TypeError("Unknown keyword argument:", keyword)
        trainable = is_to_be_trained(trainable, synchronization)
        graph = get_default_graph().outermost
        before = set(graph.get_collection(GraphKeys.GLOBAL_VARIABLES)) if regularizer else set()
        self._capture_scope(None)
        with self._reentered() as scope, name_scope(scope.original_name_scope):
            variable = vs.get_variable(
                name,
                () if shape is None else shape,
                as_dtype(dtype or self.dtype or float32),
                initializer=initializer,
                trainable=trainable and self.trainable,
                constraint=constraint,
                partitioner=partitioner,
                use_resource=use_resource,
                synchronization=synchronization,
                aggregation=aggregation,
            )
            parts = list(variable) if isinstance(variable, PartitionedVariable) else [variable]
            if regularizer and not any(part in before for part in parts):
                for part in parts:
                    with name_scope(name + "/Regularizer"):
                        loss = regularizer(part)
                    if loss is not None:
                        self.add_loss(loss)
        for part in parts:
            self._track(part, trainable)
        return variable

    def add_loss(self, losses: Any, inputs: Any = None) -> None:
        """Keep losses, and have them in the collection of regularisation losses.

        `inputs` says that they depend on what the layer was called with.
        """
        fill_collection(GraphKeys.REGULARIZATION_LOSSES, self._kept_losses(losses, inputs))

    # -- what it is
    @property
    def _layers(self) -> list[Any]:
        return []  # what a cell wraps is its own affair

    def _own_weights(self) -> list[Any]:
        return self._weights

    @property
    def graph(self) -> None:
        return None

    @property
    def scope_name(self) -> str:
        if self._scope is None:
            raise ValueError(
                f'No name available for layer scope because the layer "{self._name}" has not been used yet. '
                "The scope name is determined the first time the layer instance is called."
            )
        return self._scope.name

    # -- calling
    def __call__(self, inputs: Any, *args: Any, scope: Any = None, **kwargs: Any) -> Any:
        with self._entered(inputs, scope):
            kind: Any = type(self)
            if _takes_scope(kind):
                kwargs["scope"] = vs.get_variable_scope()
            outputs = self.call(inputs, *args, **kwargs)
            if self._activity_regularizer is not None:
                self._regularize_activity(inputs, outputs)
        fill_collection(GraphKeys.UPDATE_OPS, self.updates)
        if any(hasattr(item, "_keras_history") for item in nest.flatten(inputs)):
            self._remember(inputs, args, kwargs, outputs, None)
        return outputs

    def apply(self, inputs: Any, *args: Any, **kwargs: Any) -> Any:
        """The same as calling the layer."""
        return self(inputs, *args, **kwargs)

    @contextlib.contextmanager
    def _entered(self, inputs: Any, scope: Any = None) -> Iterator[None]:
        """The layer's scope, with its inputs checked and its variables made."""
        self._capture_scope(scope)
        with self._reentered() as entered, name_scope(entered.original_name_scope):
            check_inputs(self.input_spec, inputs, self._name)
            self._build_once(inputs)
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
        check_inputs(self.input_spec, inputs, self._name)

    # -- copies
    def __deepcopy__(self, memo: dict[int, Any]) -> Any:
        """A layer of its own settings, with the same variables where there are some already."""
        result = type(self).__new__(type(self))
        memo[id(self)] = result
        for name, value in self.__dict__.items():
            result.__dict__[name] = _copied(value, memo)
        return result


def _copied(value: Any, memo: dict[int, Any]) -> Any:
    """A deep copy, in which nodes of a graph and variables are the same ones."""
    if isinstance(value, _SHARED_BY_COPIES):
        return value
    if isinstance(value, vs.VariableScope):
        return copy.copy(value)
    if type(value) in (list, tuple):
        return type(value)(_copied(item, memo) for item in value)
    if isinstance(value, dict):
        return {_copied(key, memo): _copied(item, memo) for key, item in value.items()}
    return copy.deepcopy(value, memo)


@cache
def _takes_scope(layer: type[Layer]) -> bool:
    """Whether a layer's `call` asks for the scope that it is called in."""
    return "scope" in inspect.signature(layer.call).parameters
