"""What wrappers with parameters of their own share: their part of a step is mathematics before the wrapped
cell and after it, written once as pure functions, and everything else is a shell.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, Protocol

import torch
from torch import Tensor

from ostinato._init import Initializer
from ostinato._state import Nest, check_state, is_autocast_enabled, leaves, map_nest
from ostinato.cells import parameters as owned
from ostinato.cells.base import RNNCell, check_cell
from ostinato.cells.lowering import RunSequence, SequenceContext, lower
from ostinato.cells.wrapper import CellWrapper
from ostinato.steps import Parameter, masking
from ostinato.steps.family import check_positive_integer

Parameters = Mapping[str, Tensor]


class WrapperParameters(NamedTuple):
    """The parameters that a wrapper reads before the wrapped cell, and those after it: TF1 makes them in this
    order, the cell's own between the two.
    """

    before: tuple[Parameter, ...] = ()
    after: tuple[Parameter, ...] = ()


class WrapperMaths(Protocol):
    """A wrapper's own part of a step. `parameters` maps the names of `parameters()` to tensors.

    The step is `after(inputs, state, *cell(before(inputs, state), cell_state(state)))`.
    """

    @property
    def is_pointwise(self) -> bool:
        """Whether it has no state of its own, and so does all steps `[time, batch, ...]` at once."""
        ...

    def cell_input_size(self, input_size: int) -> int: ...
    def parameters(self, input_size: int, output_size: int, state_size: Nest) -> WrapperParameters:
        """For inputs of a size and the sizes of the wrapped cell."""
        ...

    def state_size(self, state_size: Nest) -> Nest:
        """Of the whole, for the wrapped cell's."""
        ...

    def output_size(self, output_size: int) -> int: ...
    def cell_state(self, state: Nest) -> Nest: ...
    def before(self, parameters: Parameters, inputs: Tensor, state: Nest) -> Tensor: ...
    def after(
        self, parameters: Parameters, inputs: Tensor, state: Nest, outputs: Tensor, cell_state: Nest
    ) -> tuple[Tensor, Nest]: ...


class PointwiseMaths:
    """A wrapper without a state of its own, and with the outputs of the cell unless it says otherwise."""

    is_pointwise = True

    def cell_input_size(self, input_size: int) -> int:
        return input_size

    def state_size(self, state_size: Nest) -> Nest:
        return state_size

    def output_size(self, output_size: int) -> int:
        return output_size

    def cell_state(self, state: Nest) -> Nest:
        return state

    def before(self, parameters: Parameters, inputs: Tensor, state: Nest) -> Tensor:
        return inputs

    def after(
        self, parameters: Parameters, inputs: Tensor, state: Nest, outputs: Tensor, cell_state: Nest
    ) -> tuple[Tensor, Nest]:
        return outputs, cell_state


class MathsWrapper(CellWrapper):
    """A cell around another one that is a shell over `maths`."""

    maths: WrapperMaths

    def __init__(self, maths: WrapperMaths, cell: RNNCell) -> None:
        super().__init__(cell)
        self.maths = maths

    @property
    def state_size(self) -> Nest:
        return self.maths.state_size(self.cell.state_size)

    @property
    def output_size(self) -> int:
        return self.maths.output_size(self.cell.output_size)

    def wrapper_parameters(self) -> Parameters:
        """The wrapper's own parameters by their names in `maths`."""
        raise TypeError(
            f"{type(self).__name__} does not say where its parameters are: define wrapper_parameters()."
        )

    def forward(self, inputs: Tensor, state: Nest) -> tuple[Tensor, Nest]:
        parameters, maths = self.wrapper_parameters(), self.maths
        self._check(inputs, state, parameters)
        given = _in_own_type(maths.before, parameters, inputs, state)
        outputs, cell_state = self.cell(given, maths.cell_state(state))
        return _in_own_type(maths.after, parameters, inputs, state, outputs, cell_state)  # type: ignore[no-any-return]

    def _check(self, inputs: Tensor, state: Nest, parameters: Parameters) -> None:
        """Raise where inputs or state do not fit; a cell over tensors that the TF1 face checked has nothing
        to check.
        """

    def lower(self) -> RunSequence | None:
        run_cell = lower(self.cell) if self.maths.is_pointwise else None
        if run_cell is None or not self._runs(MathsWrapper):
            return None
        run: RunSequence = run_cell

        def run_whole(inputs: Tensor, state: Nest, context: SequenceContext) -> tuple[Tensor, Nest]:
            parameters, lengths = self.wrapper_parameters(), context.sequence_length
            self._check(inputs[0] if len(inputs) else inputs.new_zeros(inputs.shape[1:]), state, parameters)
            # Padding must not meet a parameter: 0 * NaN would reach its gradient.
            inputs = masking.zero_padding(lengths, inputs)
            given = _in_own_type(self.maths.before, parameters, inputs, state)
            outputs, final = run(given, state, context)
            outputs, final = _in_own_type(self.maths.after, parameters, inputs, state, outputs, final)
            return masking.zero_padding(lengths, outputs), final

        return run_whole


def _in_own_type(part: Callable[..., Any], parameters: Parameters, *nests: Nest) -> Any:
    """A wrapper's part of a step; under autocast in the type of its parameters, as cells are."""
    like = next(iter(parameters.values()))
    if not is_autocast_enabled(like.device):
        return part(parameters, *nests)

    def converted(leaf: Tensor) -> Tensor:
        return leaf.to(like.dtype) if leaf.is_floating_point() else leaf

    with torch.autocast(like.device.type, enabled=False):
        return part(parameters, *[map_nest(converted, nest) for nest in nests])


class BoundWrapper(MathsWrapper):
    """A wrapper over tensors that someone else owns; each is asked for at each step, as a driver may have put
    another in its place.
    """

    def __init__(self, maths: WrapperMaths, cell: RNNCell, slots: Mapping[str, Callable[[], Tensor]]) -> None:
        super().__init__(maths, cell)
        self._slots = slots

    @property
    def input_size(self) -> Nest:
        return None  # not the cell's, which may take inputs of another size than the wrapper does

    def wrapper_parameters(self) -> Parameters:
        return {name: slot() for name, slot in self._slots.items()}


def input_size_of(wrapper: str, cell: RNNCell) -> int:
    """The size of the inputs of a cell that is to be wrapped.

    Raises:
        TypeError: it is no cell, or one that does not say.
    """
    check_cell(cell)
    found = getattr(cell, "input_size", None)
    if not isinstance(found, int):
        raise TypeError(
            f"{wrapper} needs a cell with an input_size that is an integer, but {type(cell).__name__} has "
            f"{found!r}."
        )
    return found


class OwningWrapper(MathsWrapper):
    """A wrapper that owns its parameters, named as in TF1 with `.` for `/`.

    Raises:
        ValueError: the wrapped cell takes inputs of another size than it is given.
    """

    def __init__(
        self,
        maths: WrapperMaths,
        cell: RNNCell,
        input_size: int,
        initializer: Initializer | None,
        device: torch.device | str | None,
        dtype: torch.dtype | None,
    ) -> None:
        check_positive_integer("input_size", input_size)
        super().__init__(maths, cell)
        given, taken = maths.cell_input_size(input_size), getattr(cell, "input_size", None)
        if taken not in (None, given):
            raise ValueError(
                f"{type(self).__name__} gives its cell inputs of size {given}, but the cell takes inputs of "
                f"size {taken}."
            )
        like = next(iter(cell.parameters()), None)
        if like is not None:
            device, dtype = device or like.device, dtype or like.dtype
        self._input_size, self._initializer = input_size, initializer
        specs = maths.parameters(input_size, cell.output_size, cell.state_size)
        self._places = owned.own(self, [*specs.before, *specs.after], device, dtype)
        self.reset_wrapper_parameters()

    @property
    def input_size(self) -> Nest:
        return self._input_size

    def reset_wrapper_parameters(self) -> None:
        """Initialise the wrapper's own parameters anew."""
        owned.fill(self._places, self._initializer)

    def wrapper_parameters(self) -> Parameters:
        return {place.spec.name: place.tensor for place in self._places}

    def _check(self, inputs: Tensor, state: Nest, parameters: Parameters) -> None:
        name = type(self).__name__
        like = next(iter(parameters.values()))
        self._check_inputs(inputs, like.dtype)
        if inputs.device != like.device:
            raise ValueError(f"{name} is on the device {like.device}, but got inputs on {inputs.device}.")
        if not self.maths.is_pointwise:
            check_state(state, self.state_size, inputs.shape[0], f"{name}'s state")
            wrong = [leaf for leaf in leaves(state) if leaf.dim() and not leaf.is_floating_point()]
            if wrong:
                raise TypeError(f"{name} needs a state of floating point, but got {wrong[0].dtype}.")
            for leaf in leaves(state[1:]):  # the first part is the cell's, which has checks of its own
                if leaf.device != like.device:
                    raise ValueError(
                        f"{name} is on the device {like.device}, but got a state on {leaf.device}."
                    )
                if leaf.dim() and leaf.dtype != like.dtype and not is_autocast_enabled(like.device):
                    raise TypeError(
                        f"{name} has parameters of dtype {like.dtype}, but got a state of dtype "
                        f"{leaf.dtype}: convert one of the two."
                    )

    def _check_inputs(self, inputs: Tensor, dtype: torch.dtype) -> None:
        name = type(self).__name__
        if not isinstance(inputs, Tensor):
            raise TypeError(f"{name} needs a tensor as inputs, but got a {type(inputs).__name__}.")
        if inputs.dim() != 2 or inputs.shape[1] != self._input_size:
            raise ValueError(
                f"{name} needs inputs of shape [batch, {self._input_size}], but got {list(inputs.shape)}."
            )
        if inputs.dtype != dtype and not is_autocast_enabled(inputs.device):
            raise TypeError(
                f"{name} has parameters of dtype {dtype}, but got inputs of dtype {inputs.dtype}: convert "
                "one of the two."
            )
