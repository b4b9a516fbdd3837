"""What a family of recurrent cells is: parameters for an input size, and a step cut in two where the loop
over time begins.
"""

from __future__ import annotations

import operator
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

from torch import Tensor

from ostinato._init import Initializer
from ostinato._state import LSTMStateTuple, Nest
from ostinato.steps import activations


class Parameter(NamedTuple):
    """A parameter's name (TF1's, with `/`), its shape, and what it starts from: a constant, an initialiser
    of `ostinato._init`, or None for the choice of whoever makes the cell.
    """

    name: str
    shape: tuple[int, ...]
    initial_value: float | Initializer | None = None


class Family(Protocol):
    """The maths of a family. `parameters` maps the names of `parameters()` to tensors.

    `project` is the part of a step that does not depend on the state: it can run for all steps at once, on
    `[..., batch, input_size]`. `recur` is the rest: `step(inputs, state) == recur(project(inputs), state)`.
    """

    @property
    def num_units(self) -> int: ...
    @property
    def state_size(self) -> Nest: ...
    @property
    def output_size(self) -> int: ...
    def parameters(self, input_size: int) -> tuple[Parameter, ...]: ...
    def input_size(self, parameters: Mapping[str, Tensor]) -> int: ...
    def project(self, parameters: Mapping[str, Tensor], inputs: Any) -> tuple[Tensor, ...]: ...
    def recur(
        self, parameters: Mapping[str, Tensor], projected: tuple[Tensor, ...], state: Nest
    ) -> tuple[Tensor, Nest]: ...
    def step(self, parameters: Mapping[str, Tensor], inputs: Any, state: Nest) -> tuple[Tensor, Nest]: ...


def sizes_of_inputs(family: Family, input_size: int) -> Nest:
    """The sizes of a step's inputs: a nest of ints and torch.Size, `input_size` itself unless the family
    says otherwise.
    """
    own = getattr(family, "sizes_of_inputs", None)
    return input_size if own is None else own(input_size)


class ProjectedStep:
    """The step of a family that says only how it is cut in two."""

    @property
    def output_is_state(self) -> bool:
        """Whether the output is the last leaf of the new state."""
        return True

    def step(
        self: Family, parameters: Mapping[str, Tensor], inputs: Nest, state: Nest
    ) -> tuple[Tensor, Nest]:
        return self.recur(parameters, self.project(parameters, inputs), state)


def check_positive_integer(name: str, value: Any) -> int:
    """`value` as a plain int: numpy's integers are as good.

    Raises:
        ValueError: it is no positive integer.
    """
    try:
        number = 0 if isinstance(value, bool) else operator.index(value)
    except TypeError:
        number = 0
    if number < 1:
        raise ValueError(f"{name} must be a positive integer, but is {value!r}.")
    return number


def hold_positive_integers(family: object, *names: str) -> None:
    """Make these options of a family plain ints, but for those that are None.

    Raises:
        ValueError: one is no positive integer.
    """
    for name in names:
        value = getattr(family, name)
        if value is not None:
            object.__setattr__(family, name, check_positive_integer(name, value))


@dataclass(frozen=True)
class OutputStateFamily(ProjectedStep):
    """What the families share whose state is their output: one tensor `[batch, num_units]`."""

    num_units: int
    activation: activations.Activation = "tanh"

    def __post_init__(self) -> None:
        hold_positive_integers(self, "num_units")
        object.__setattr__(self, "activation", activations.canonical(self.activation))

    @property
    def state_size(self) -> int:
        return self.num_units

    @property
    def output_size(self) -> int:
        return self.num_units


@dataclass(frozen=True)
class LSTMStateFamily(ProjectedStep):
    """What the families share whose state is c `[batch, num_units]` and the output h."""

    num_units: int

    def __post_init__(self) -> None:
        hold_positive_integers(self, "num_units")

    @property
    def state_size(self) -> LSTMStateTuple:
        return LSTMStateTuple(self.num_units, self.output_size)

    @property
    def output_size(self) -> int:
        return self.num_units
