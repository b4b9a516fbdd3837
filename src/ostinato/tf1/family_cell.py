"""What the shells over a family of `ostinato.steps` share: the family has the names and shapes of their
variables and their maths, the shell has TensorFlow 1's arguments.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from ostinato import steps
from ostinato._init import LogUniform, Uniform
from ostinato._state import LSTMStateTuple as _CoreStateTuple
from ostinato._state import leaves

from . import nest, node_counts
from . import variable_scope as vs
from .activations import activation_function, core_activation
from .body import BodyFunction
from .cell_description import Description, Flat, Leaf
from .dtypes import as_dtype
from .graph import get_default_graph
from .initializers import Constant, RandomUniform, Zeros
from .layers_base import InputSpec, StaticInput
from .ops.core import convert_to_tensor
from .ops.math import exp
from .ops.random import random_uniform
from .rnn_cell_base import Described, LayerRNNCell, LSTMStateTuple, RNNCell, bare_step, is_plain
from .shapes import TensorShape, as_shape
from .tensor import Tensor


def initializer_of(parameter: steps.Parameter, dtype: Any) -> Any:
    """The initialiser of a variable, or None for the scope's."""
    value = parameter.initial_value
    if value is None:
        return None
    if isinstance(value, Uniform):
        return RandomUniform(value.low, value.high, dtype=dtype)
    if isinstance(value, LogUniform):
        return _LogUniform(value.low, value.high, dtype=dtype)
    if callable(value):
        raise TypeError(f"{parameter.name} starts from {value!r}, which is no initialiser of this face.")
    return Zeros(dtype) if value == 0 else Constant(value)


class _LogUniform(RandomUniform):
    """Draws whose logarithm is uniform: exp(U(log(minval), log(maxval)))."""

    def __call__(self, shape: Any, dtype: Any = None, partition_info: Any = None) -> Tensor:
        low, high = math.log(self.minval), math.log(self.maxval)
        return exp(random_uniform(shape, low, high, dtype or self.dtype, seed=self.seed))


class FamilyCell(RNNCell):
    """A cell that asks `tf.get_variable` for its variables when it is first called, as older cells do.

    `_attributes` says where TensorFlow's class keeps each variable, for code that derives from it.
    """

    _attributes: dict[str, str] = {}

    def __init__(
        self,
        reuse: Any = None,
        name: str | None = None,
        dtype: Any = None,
        activation: Any = None,
        state_is_tuple: bool = True,
        **kwargs: Any,
    ) -> None:
        super().__init__(_reuse=reuse, name=name, dtype=dtype, **kwargs)
        self._activation = activation_function(activation)
        self._state_is_tuple = state_is_tuple
        self._bodies: dict[Any, BodyFunction] = {}

    def _family(self) -> Any:
        raise TypeError(f"{type(self).__name__} does not say which family of cells it is.")

    def _initializer_of(self, parameter: steps.Parameter) -> Any:
        return initializer_of(parameter, self._dtype or "float32")

    @property
    def state_size(self) -> Any:
        size = self._family().state_size
        if isinstance(size, _CoreStateTuple):
            return LSTMStateTuple(size.c, size.h) if self._state_is_tuple else size.c + size.h
        return size

    @property
    def output_size(self) -> Any:
        return self._family().output_size

    def _depth(self, inputs_shape: Any) -> int:
        """The depth of the inputs, as the family's parameters need it."""
        depth = as_shape(inputs_shape)[-1].value
        if depth is None:
            raise ValueError(f"Expected inputs.shape[-1] to be known, saw shape: {inputs_shape}")
        return int(depth)

    def build(self, inputs_shape: Any) -> None:
        depth = self._depth(inputs_shape)
        self._check_dtype()
        for parameter in self._parameters(depth):
            setattr(self, self._attribute(parameter.name), self._add_parameter(parameter))
        self.built = True

    def _parameters(self, depth: int) -> Sequence[steps.Parameter]:
        """The variables to make, in TensorFlow's order: the family's, and any that nothing reads."""
        return self._family().parameters(depth)

    def _attribute(self, name: str) -> str:
        return self._attributes.get(name) or "_variable_" + name.replace("/", "_")

    def _add_parameter(self, parameter: steps.Parameter) -> Any:
        scope = vs.get_variable_scope()
        with vs.variable_scope(scope, auxiliary_name_scope=False) as entered:
            if parameter.name.split("/")[-1] == "bias":
                entered.set_partitioner(None)  # a partitioner of the scope is for the kernels
            return vs.get_variable(
                parameter.name,
                list(parameter.shape),
                dtype=self._dtype,
                initializer=self._initializer_of(parameter),
                trainable=self._trainable(parameter),
            )

    def _trainable(self, parameter: steps.Parameter) -> bool | None:
        """What get_variable is told; None is its own choice."""
        return None

    def _check_dtype(self) -> None:
        if self._dtype is not None and not as_dtype(self._dtype).is_floating:
            raise ValueError(
                f"RNN cell only supports floating point inputs, but saw dtype: {as_dtype(self._dtype)}"
            )

    def _is_known(self) -> bool:
        return is_plain(self, FamilyCell, "build", "call", "__call__")

    def _describe(self, inputs: Any) -> Described:
        graph, first = get_default_graph(), node_counts.before_variables(self)
        graph.skip(first)
        with self._in_scope(inputs):
            described = self._described(inputs)
        graph.skip(node_counts.of_step(self, graph.entered) - first)
        return described

    def _described(self, inputs: Any) -> Described:
        dtype = nest.flatten(inputs)[-1].dtype.base_dtype
        if not dtype.is_floating:
            raise ValueError(f"RNN cell only supports floating point inputs, but saw dtype: {dtype}")
        family = self._family()
        names = tuple(parameter.name for parameter in family.parameters(1))
        tensors = [convert_to_tensor(getattr(self, self._attribute(name))) for name in names]
        for tensor in tensors:
            if tensor.dtype.base_dtype is not dtype:
                raise TypeError(
                    f"Input 'b' of 'MatMul' Op has type {tensor.dtype.base_dtype.name} that does not match "
                    f"type {dtype.name} of argument 'a': {tensor.name} is not of the inputs' type. Cast the "
                    "inputs, or make the cell with their dtype."
                )
        body = None
        if core_activation(self._activation) is None:
            body = self._activation_body(dtype)
            tensors += body.captured
        description: Description = Leaf(family, names, body)
        if not self._state_is_tuple and len(leaves(family.state_size)) > 1:
            description = Flat(description)
        return Described(description, tensors)

    def _activation_body(self, dtype: Any) -> BodyFunction:
        key = (get_default_graph(), dtype)
        if key not in self._bodies:
            value = StaticInput(dtype, TensorShape([None, None]))
            scope = get_default_graph().unique_name("activation")
            self._bodies[key] = BodyFunction(lambda x: [self._activation(x)], [value], scope, ["x"])
        return self._bodies[key]

    def _known_activation(self) -> Any:
        return core_activation(self._activation) or "linear"

    def call(self, inputs: Any, state: Any) -> Any:
        """One step, as one node: the output and the new state."""
        inputs = nest.map_structure(convert_to_tensor, inputs)
        described = self._described(inputs)
        get_default_graph().skip(node_counts.of_step(self, None))
        return bare_step(self, described, inputs, state)


class FamilyLayerCell(FamilyCell, LayerRNNCell):
    """A cell that makes its variables in `build`, as layers do, for inputs `[batch, depth]`."""

    def __init__(
        self,
        reuse: Any,
        name: str | None,
        dtype: Any,
        activation: Any,
        state_is_tuple: bool = True,
        **kwargs: Any,
    ) -> None:
        super().__init__(reuse, name, dtype, activation, state_is_tuple, **kwargs)
        self.input_spec = InputSpec(ndim=2)

    def _add_parameter(self, parameter: steps.Parameter) -> Any:
        return self.add_variable(
            parameter.name, shape=parameter.shape, initializer=self._initializer_of(parameter)
        )
