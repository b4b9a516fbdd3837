"""What cells over a family of `ostinato.steps` share: the module has the parameters, the family the maths."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from ostinato import kernels
from ostinato._init import Initializer
from ostinato._state import (
    Nest,
    check_state,
    describe,
    flatten,
    is_autocast_enabled,
    leaves,
    map_nest,
    size_to_shape,
    zeros,
)
from ostinato.cells import parameters as owned
from ostinato.cells.base import RNNCell
from ostinato.cells.lowering import RunSequence, SequenceContext, run_family
from ostinato.kernels import SequenceRun
from ostinato.steps import Family, WeightNormLSTM
from ostinato.steps.family import check_positive_integer, sizes_of_inputs


class FamilyCell(RNNCell):
    """A cell that is a shell over `family`."""

    family: Family

    @property
    def num_units(self) -> int:
        return self.family.num_units

    @property
    def input_size(self) -> Nest:
        return sizes_of_inputs(self.family, self.family.input_size(self.family_parameters()))

    @property
    def state_size(self) -> Nest:
        return self.family.state_size

    @property
    def output_size(self) -> Nest:
        return self.family.output_size

    def family_parameters(self) -> Mapping[str, Tensor]:
        """The parameters by the family's names, in the family's order."""
        raise TypeError(
            f"{type(self).__name__} does not say where its parameters are: define family_parameters()."
        )

    def zero_state(
        self, batch_size: int, dtype: torch.dtype | None = None, device: torch.device | str | None = None
    ) -> Nest:
        like = next(iter(self.family_parameters().values()))
        return zeros(self.family.state_size, batch_size, dtype or like.dtype, device or like.device)

    def forward(self, inputs: Tensor, state: Nest) -> tuple[Tensor, Nest]:
        """One step: `inputs` `[batch, input_size]` and a state of `state_size` to the output `[batch,
        output_size]` and the new state.

        Raises:
            TypeError: a dtype or the state's structure does not fit.
            ValueError: a shape does not fit.
        """
        found = self._native_step(inputs, state)
        if found is not None:
            return found
        parameters = self.family_parameters()
        found = kernels.trained_step(self.family, parameters, inputs, state)
        if found is not None:
            return found
        inputs, state = self._checked(inputs, state, parameters, "batch")
        device = next(iter(parameters.values())).device
        if not is_autocast_enabled(device):
            return self.family.step(parameters, inputs, state)
        with torch.autocast(device.type, enabled=False):  # as the sequence ops: in the parameters' dtype
            return self.family.step(parameters, inputs, state)

    def _native_step(self, inputs: Tensor, state: Nest) -> tuple[Tensor, Nest] | None:
        """One step in native code, or None where there is none for it."""
        return None

    def _checked(
        self, inputs: Tensor, state: Nest, parameters: Mapping[str, Tensor], axes: str
    ) -> tuple[Tensor, Nest]:
        """Inputs and state, if they fit the parameters; under autocast converted to their dtype. `axes` names
        the axes ahead of an input's own.
        """
        name, kernel = type(self).__name__, next(iter(parameters.values()))
        sizes = sizes_of_inputs(self.family, self.family.input_size(parameters))
        batch_size = _check_inputs(name, inputs, sizes, axes)
        check_state(state, self.family.state_size, batch_size, "state")
        *beside, features = [inputs] if isinstance(inputs, Tensor) else leaves(inputs)
        states = leaves(state)
        if (
            not beside
            and all(
                leaf.dtype == kernel.dtype and leaf.device == kernel.device for leaf in (features, *states)
            )
            and not is_autocast_enabled(kernel.device)
        ):
            return inputs, state  # what follows would find the same, and this is on the way to every step
        given = {"inputs": features} | {f"a state[{i}]": leaf for i, leaf in enumerate(states)}
        others = {f"inputs[{i}]": leaf for i, leaf in enumerate(beside)}  # of a dtype of their own
        for what, tensor in (given | others).items():
            if tensor.device != kernel.device:
                raise ValueError(
                    f"{name} is on the device {kernel.device}, but got {what} on {tensor.device}."
                )
            if not tensor.is_floating_point() and not tensor.is_complex():
                raise TypeError(
                    f"RNN cell only supports floating point inputs, but saw {what} of dtype: {tensor.dtype}."
                )
        if is_autocast_enabled(features.device):
            as_inputs = flatten(inputs)[1]
            state = map_nest(lambda leaf: leaf.to(kernel.dtype), state)
            return as_inputs([*beside, features.to(kernel.dtype)]), state
        for what, tensor in given.items():
            if tensor.dtype != kernel.dtype:
                raise TypeError(
                    f"{name} has parameters of dtype {kernel.dtype}, but got {what} of dtype {tensor.dtype}: "
                    f"convert one of the two, with .to({kernel.dtype}) or cell.to({tensor.dtype})."
                )
        return inputs, state

    def lower(self) -> RunSequence | None:
        runs = self._runs(FamilyCell) and kernels.has_sequence_op(sequence_family(self.family))
        return self._run_sequence if runs else None

    def sequence_run(
        self, inputs: Tensor, state: Nest, lengths: Tensor | None, reverse: bool = False
    ) -> SequenceRun:
        """This cell over `inputs` `[time, batch, input_size]`, to be run beside others."""
        parameters = self.family_parameters()
        inputs, state = self._checked(inputs, state, parameters, "time, batch")
        family, values = _in_sequence(self.family, parameters)
        return SequenceRun(family, values, inputs, lengths, leaves(state), reverse)

    def _run_sequence(self, inputs: Tensor, state: Nest, context: SequenceContext) -> tuple[Tensor, Nest]:
        parameters = self.family_parameters()
        inputs, state = self._checked(inputs, state, parameters, "time, batch")
        return run_family(*_in_sequence(self.family, parameters), inputs, state, context)


def sequence_family(family: Family) -> Family:
    """The family that runs a sequence for `family`: an LSTM, where that is one over computed weights."""
    return family.lstm if isinstance(family, WeightNormLSTM) else family


def _in_sequence(family: Family, parameters: Mapping[str, Tensor]) -> tuple[Family, list[Tensor]]:
    """The family that runs a sequence, and its parameters, which are computed once for all steps."""
    if isinstance(family, WeightNormLSTM):
        parameters = family.normalized(parameters)
    return sequence_family(family), list(parameters.values())


def _check_inputs(name: str, inputs: Nest, sizes: Nest, axes: str) -> int:
    """The number of rows of the inputs, or an error where they are not of these sizes."""
    if not isinstance(sizes, tuple) or isinstance(sizes, torch.Size):
        if not isinstance(inputs, Tensor):
            raise TypeError(f"{name} needs a tensor as inputs, but got a {type(inputs).__name__}.")
    elif (
        not isinstance(inputs, (tuple, list))
        or len(inputs) != len(sizes)
        or not all(isinstance(leaf, Tensor) for leaf in inputs)
    ):
        raise TypeError(
            f"{name} needs a tuple of {len(sizes)} tensors as inputs, but got {describe(inputs)}."
        )
    ahead = axes.count(",") + 1
    given, wanted = ([inputs], [sizes]) if isinstance(inputs, Tensor) else (leaves(inputs), leaves(sizes))
    before = given[0].shape[:ahead]
    for tensor, size in zip(given, wanted, strict=True):
        shape = size_to_shape(size)
        if len(before) < ahead or tensor.shape != (*before, *shape):
            needed = ", ".join([axes, *map(str, shape)])
            raise ValueError(f"{name} needs inputs of shape [{needed}], but got {list(tensor.shape)}.")
    rows: int = before[-1]
    return rows


class BoundCell(FamilyCell):
    """A family's cell over tensors that someone else owns.

    >>> from ostinato.steps import BasicRNN
    >>> family = BasicRNN(4)
    >>> parameters = {p.name: torch.zeros(p.shape) for p in family.parameters(3)}
    >>> BoundCell(family, parameters)(torch.ones(2, 3), torch.zeros(2, 4))[0].shape
    torch.Size([2, 4])

    Raises:
        ValueError: the names or shapes are not those of `family.parameters(input_size)`.
    """

    def __init__(self, family: Family, parameters: Mapping[str, Tensor]) -> None:
        super().__init__()
        self.family = family
        names = [spec.name for spec in family.parameters(1)]  # the same for any input size
        if set(names) != set(parameters):
            raise ValueError(
                f"{family} has the parameters {', '.join(names)}, but got {', '.join(parameters)}."
            )
        # In the family's order, and not registered: they are not this module's.
        self._bound = {name: parameters[name] for name in names}
        for name, shape, _ in family.parameters(family.input_size(self._bound)):
            if tuple(parameters[name].shape) != shape:
                raise ValueError(
                    f"{name} has the shape {list(parameters[name].shape)}, but {family} needs {list(shape)}."
                )

    def family_parameters(self) -> Mapping[str, Tensor]:
        return self._bound


class OwningCell(FamilyCell):
    """A family's cell that owns its parameters, named as in TF1 with `.` for `/` (`gates.kernel`)."""

    def __init__(
        self,
        family: Family,
        input_size: int,
        initializer: Initializer | None,
        device: torch.device | str | None,
        dtype: torch.dtype | None,
    ) -> None:
        check_positive_integer("input_size", input_size)
        super().__init__()
        self.family = family
        self._initializer = initializer
        self._has_step_kernel = kernels.has_step_kernel(family)
        # Looked up once: this is on the way to every step.
        self._places = owned.own(self, family.parameters(input_size), device, dtype)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Initialise anew: biases and betas to their constants (a GRU's gates 1, every other 0), gammas to
        1, the rest by `initializer` or glorot_uniform.
        """
        owned.fill(self._places, self._initializer)

    def family_parameters(self) -> Mapping[str, Tensor]:
        return {spec.name: getattr(module, attribute) for spec, module, attribute in self._places}

    def _native_step(self, inputs: Tensor, state: Nest) -> tuple[Tensor, Nest] | None:
        if not self._has_step_kernel:
            return None
        # Straight from the module's own: one that is computed (a parametrization) is not there.
        kernel, bias = self._parameters.get("kernel"), self._parameters.get("bias")
        if kernel is None or bias is None:
            return None
        return kernels.lstm_step(self.family, kernel, bias, inputs, state)

    def extra_repr(self) -> str:
        options = [
            f"{name}={value!r}"
            for name, value in vars(self.family).items()
            if name != "num_units" and value is not None and value is not False
        ]
        return ", ".join([str(self.num_units), f"input_size={self.input_size}", *options])
