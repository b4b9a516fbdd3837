"""What the wrappers of `tf.contrib.rnn` share: shells that own variables around the maths of the core's
wrappers.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ostinato.cells.wrapping import PointwiseMaths, WrapperMaths, WrapperParameters
from ostinato.steps import Parameter

from .. import nest
from ..cell_description import Flat, Wrapped, core_sizes
from ..family_cell import initializer_of
from ..graph import name_scope
from ..layers_base import StaticInput
from ..ops import lists
from ..ops import wrappers as parts
from ..ops.core import convert_to_tensor
from ..rnn_cell_base import Described, RNNCell, assert_like_rnncell, bare_step, is_plain, known
from ..shapes import TensorShape, as_shape
from ..tensor import Tensor
from ..variable_scope import get_variable, get_variable_scope, variable_scope


class MathsWrapper(RNNCell):
    """A cell around another one, by the maths of one of the core's wrappers. Where the wrapped cell says what
    it amounts to, so does this; else its own part is nodes before and after a call of that cell.
    """

    _state_is_tuple = True

    def __init__(self, cell: Any, reuse: Any = None, **kwargs: Any) -> None:
        super().__init__(_reuse=reuse, **kwargs)
        assert_like_rnncell("cell", cell)
        self._cell = cell
        self._own: dict[str, Any] = {}

    def _maths(self, inputs: Any) -> WrapperMaths:
        raise TypeError(f"{type(self).__name__} does not say what its maths are: define _maths(inputs).")

    def _initializer_of(self, spec: Parameter, dtype: Any) -> Any:
        return initializer_of(spec, dtype)

    def _dtype_of(self, spec: Parameter, inputs: Any, state: Any) -> Any:
        """The type of a variable; None is the scope's. `state` is None where it is not at hand."""
        return inputs.dtype.base_dtype

    def _activated(self, value: Tensor) -> Tensor:
        """What the maths left out: an activation that only calling it tells about."""
        return value

    @property
    def state_size(self) -> Any:
        return self._cell.state_size

    @property
    def output_size(self) -> Any:
        return self._cell.output_size

    def zero_state(self, batch_size: Any, dtype: Any) -> Any:
        with name_scope(type(self).__name__ + "ZeroState", values=[batch_size]):
            return self._cell.zero_state(batch_size, dtype)

    # -- variables
    def _variables(self, specs: Sequence[Parameter], inputs: Any, state: Any = None) -> dict[str, Tensor]:
        for spec in specs:
            if spec.name not in self._own:
                self._own[spec.name] = self._make(spec, self._dtype_of(spec, inputs, state))
        found = {spec.name: convert_to_tensor(self._own[spec.name]) for spec in specs}
        self._check_types(found, inputs)
        return found

    def _make(self, spec: Parameter, dtype: Any) -> Any:
        scope = get_variable_scope()
        with variable_scope(scope, auxiliary_name_scope=False) as entered:
            if spec.name.split("/")[-1] == "bias":
                entered.set_partitioner(None)  # a partitioner of the scope is for the kernels
            return get_variable(
                spec.name,
                list(spec.shape),
                dtype=dtype,
                initializer=self._initializer_of(spec, dtype or scope.dtype),
            )

    def _check_types(self, variables: dict[str, Tensor], inputs: Any) -> None:
        for name, variable in variables.items():
            if inputs.dtype.is_floating and variable.dtype.base_dtype is not inputs.dtype.base_dtype:
                raise TypeError(
                    f"The variable {name} of {type(self).__name__} has type {variable.dtype.base_dtype.name} "
                    f"that does not match type {inputs.dtype.base_dtype.name} of the inputs: make it in a "
                    "tf.variable_scope(..., dtype=...) of their type."
                )

    def _specs(
        self, maths: WrapperMaths, inputs: Any, output_size: Any, state_size: Any
    ) -> WrapperParameters:
        return maths.parameters(depth_of(inputs), core_sizes(output_size), core_sizes(state_size))

    # -- what drivers ask
    def _is_known(self) -> bool:
        return is_plain(self, MathsWrapper, "build", "call", "__call__") and known(self._cell)

    def _describe(self, inputs: Any) -> Described:
        with self._in_scope(inputs):
            return self._described(inputs)

    def _described(self, inputs: Any) -> Described:
        maths = self._maths(inputs)
        specs = self._specs(maths, inputs, self._cell.output_size, self._cell.state_size)
        own = self._variables(specs.before, inputs)
        rows = as_shape(inputs.shape)[:1]
        given = rows.concatenate(TensorShape([maths.cell_input_size(depth_of(inputs))]))
        child = self._cell._describe(StaticInput(self._given_type(inputs, own), given))
        description: Any = child.description
        specs = self._specs(maths, inputs, description.output_size, description.state_size)
        own.update(self._variables(specs.after, inputs))
        description = Wrapped(description, maths, tuple(own))
        if not self._state_is_tuple:
            description = Flat(description)
        return Described(description, [*child.tensors, *own.values()])

    def _given_type(self, inputs: Any, own: dict[str, Tensor]) -> Any:
        return inputs.dtype.base_dtype

    # -- one step
    def call(self, inputs: Any, state: Any) -> Any:
        """One step: as one node where the wrapped cell says what it amounts to, else by calling that cell."""
        inputs = convert_to_tensor(inputs)
        if self._is_known():
            return bare_step(self, self._described(inputs), inputs, state)
        return self._by_parts(inputs, state)

    def _by_parts(self, inputs: Tensor, state: Any, **arguments: Any) -> Any:
        maths = self._maths(inputs)
        specs = self._specs(maths, inputs, self._cell.output_size, self._cell.state_size)
        before = self._variables(specs.before, inputs, state)
        size = maths.state_size(core_sizes(self._cell.state_size))
        if not self._state_is_tuple:
            state = nest.pack_sequence_as(size, lists.split(state, nest.flatten(size), 1))
        flat_state = [convert_to_tensor(leaf) for leaf in nest.flatten(state)]
        given = inputs
        if _does(maths, "before"):
            given = self._activated(parts.before(maths, before, inputs, flat_state, size))
        output, cell_state = self._cell(given, maths.cell_state(state), **arguments)
        specs = self._specs(maths, inputs, as_shape(output.shape)[-1].value, self._cell.state_size)
        own = before | self._variables(specs.after, inputs, state)
        if not _does(maths, "after"):
            return output, cell_state
        cell_leaves = [convert_to_tensor(leaf) for leaf in nest.flatten(cell_state)]
        output, new_leaves = parts.after(maths, own, inputs, flat_state, size, output, cell_leaves)
        if not _does(maths, "before"):
            output = self._activated(output)
        if maths.is_pointwise:
            return output, cell_state
        if not self._state_is_tuple:
            return output, lists.concat(new_leaves, 1)
        return output, nest.pack_sequence_as(self.state_size, new_leaves)


def _does(maths: WrapperMaths, part: str) -> bool:
    return getattr(type(maths), part) is not getattr(PointwiseMaths, part)


def depth_of(inputs: Any) -> int:
    """The depth of inputs `[batch, depth]`, which must be known."""
    shape = as_shape(inputs.shape)
    if shape.ndims != 2:
        raise ValueError(f"linear is expecting 2D arguments: {[shape]}")
    depth = shape[1].value
    if depth is None:
        raise ValueError(
            f"linear expects shape[1] to be provided for shape {inputs.shape}, but saw {inputs.shape[-1]}"
        )
    return int(depth)
