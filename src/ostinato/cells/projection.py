"""Projections of a cell's inputs or outputs. TF1: `tf.contrib.rnn.InputProjectionWrapper` and
`tf.contrib.rnn.OutputProjectionWrapper`.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from ostinato._init import Initializer
from ostinato._state import Nest
from ostinato.cells.base import RNNCell
from ostinato.cells.wrapping import (
    OwningWrapper,
    Parameters,
    PointwiseMaths,
    WrapperParameters,
    input_size_of,
)
from ostinato.steps import Parameter
from ostinato.steps.activations import Activation, canonical, function
from ostinato.steps.family import check_positive_integer


def _projected(parameters: Parameters, values: Tensor, activation: Activation) -> Tensor:
    projected = functional.linear(values, parameters["kernel"].t(), parameters["bias"])
    return function(activation)(projected)


def _parameters(rows: int, columns: int) -> tuple[Parameter, ...]:
    return (Parameter("kernel", (rows, columns)), Parameter("bias", (columns,), 0.0))


@dataclass(frozen=True)
class InputProjection(PointwiseMaths):
    """activation(x @ kernel + bias) before the cell."""

    num_proj: int
    activation: Activation = "linear"

    def __post_init__(self) -> None:
        check_positive_integer("num_proj", self.num_proj)
        object.__setattr__(self, "activation", canonical(self.activation))

    def cell_input_size(self, input_size: int) -> int:
        return self.num_proj

    def parameters(self, input_size: int, output_size: int, state_size: Nest) -> WrapperParameters:
        return WrapperParameters(before=_parameters(input_size, self.num_proj))

    def before(self, parameters: Parameters, inputs: Tensor, state: Nest) -> Tensor:
        return _projected(parameters, inputs, self.activation)


@dataclass(frozen=True)
class OutputProjection(PointwiseMaths):
    """activation(output @ kernel + bias) after the cell."""

    size: int
    activation: Activation = "linear"

    def __post_init__(self) -> None:
        check_positive_integer("output_size", self.size)
        object.__setattr__(self, "activation", canonical(self.activation))

    def output_size(self, output_size: int) -> int:
        return self.size

    def parameters(self, input_size: int, output_size: int, state_size: Nest) -> WrapperParameters:
        return WrapperParameters(after=_parameters(output_size, self.size))

    def after(
        self, parameters: Parameters, inputs: Tensor, state: Nest, outputs: Tensor, cell_state: Nest
    ) -> tuple[Tensor, Nest]:
        return _projected(parameters, outputs, self.activation), cell_state


class InputProjectionWrapper(OwningWrapper):
    """Gives the cell activation(x @ kernel + bias). TF1: `tf.contrib.rnn.InputProjectionWrapper`.

    Args:
        cell: the wrapped cell, whose inputs have the size `num_proj`.
        num_proj: the size that inputs are projected to.
        input_size: the depth of the inputs.
        activation: a name or a function of a tensor; None is none.
        initializer: fills the kernel in place (default: glorot_uniform). The bias starts at 0.
        device, dtype: of the parameters; None is as the cell's.

    Raises:
        ValueError: the cell takes inputs of another size.

    Parameters: `kernel` `[input_size, num_proj]`, `bias` `[num_proj]`.

    >>> from ostinato import GRUCell
    >>> cell = InputProjectionWrapper(GRUCell(4, input_size=6), 6, input_size=3)
    >>> cell(torch.ones(2, 3), cell.zero_state(2))[0].shape
    torch.Size([2, 4])
    """

    def __init__(
        self,
        cell: RNNCell,
        num_proj: int,
        input_size: int,
        *,
        activation: Activation | None = None,
        initializer: Initializer | None = None,
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        maths = InputProjection(num_proj, activation or "linear")
        super().__init__(maths, cell, input_size, initializer, device, dtype)


class OutputProjectionWrapper(OwningWrapper):
    """Projects the cell's output: activation(output @ kernel + bias). TF1:
    `tf.contrib.rnn.OutputProjectionWrapper`.

    Args:
        cell: the wrapped cell.
        output_size: the size that outputs are projected to.
        activation, initializer, device, dtype: as for `InputProjectionWrapper`.

    Parameters: `kernel` `[cell.output_size, output_size]`, `bias` `[output_size]`.

    >>> from ostinato import GRUCell
    >>> cell = OutputProjectionWrapper(GRUCell(4, input_size=3), 7)
    >>> cell(torch.ones(2, 3), cell.zero_state(2))[0].shape
    torch.Size([2, 7])
    """

    def __init__(
        self,
        cell: RNNCell,
        output_size: int,
        *,
        activation: Activation | None = None,
        initializer: Initializer | None = None,
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        maths = OutputProjection(output_size, activation or "linear")
        super().__init__(
            maths, cell, input_size_of("OutputProjectionWrapper", cell), initializer, device, dtype
        )
