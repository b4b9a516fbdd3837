"""A highway connection around a cell. TF1: `tf.contrib.rnn.HighwayWrapper`."""

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


@dataclass(frozen=True)
class Highway(PointwiseMaths):
    """x * carry + output * transform; `couple_carry_transform_gates` makes transform 1 - carry."""

    couple_carry_transform_gates: bool = True
    carry_bias_init: float = 1.0

    def parameters(self, input_size: int, output_size: int, state_size: Nest) -> WrapperParameters:
        if output_size != input_size:
            raise ValueError(
                f"HighwayWrapper mixes inputs and outputs, but their sizes {input_size} and {output_size} "
                "are incompatible: choose num_units equal to the input size."
            )
        names = ["carry"] if self.couple_carry_transform_gates else ["carry", "transform"]
        found = []
        for name, start in zip(names, (self.carry_bias_init, -self.carry_bias_init), strict=False):
            found.append(Parameter(f"{name}_w", (input_size, input_size)))
            found.append(Parameter(f"{name}_b", (input_size,), float(start)))
        return WrapperParameters(after=tuple(found))

    def after(
        self, parameters: Parameters, inputs: Tensor, state: Nest, outputs: Tensor, cell_state: Nest
    ) -> tuple[Tensor, Nest]:
        def gate(name: str) -> Tensor:
            weight, bias = parameters[f"{name}_w"], parameters[f"{name}_b"]
            return torch.sigmoid(functional.linear(inputs, weight.t(), bias))

        carry = gate("carry")
        transform = 1 - carry if self.couple_carry_transform_gates else gate("transform")
        return inputs * carry + outputs * transform, cell_state


class HighwayWrapper(OwningWrapper):
    """Mixes inputs and outputs by gates of the inputs. TF1: `tf.contrib.rnn.HighwayWrapper`; Srivastava et
    al. 2015.

        carry = sigmoid(x @ carry_w + carry_b);  output = x * carry + cell's output * (1 - carry)

    Args:
        cell: the wrapped cell, whose outputs have the size of its inputs.
        couple_carry_transform_gates: False gives the output a gate of its own instead of 1 - carry.
        carry_bias_init: where `carry_b` starts; `transform_b` starts at its negative.
        initializer: fills the kernels in place (default: glorot_uniform).
        device, dtype: of the parameters; None is as the cell's.

    Raises:
        ValueError: the sizes of inputs and outputs differ.

    Parameters: `carry_w` `[n, n]`, `carry_b` `[n]`; uncoupled also `transform_w`, `transform_b`.

    >>> from ostinato import GRUCell
    >>> cell = HighwayWrapper(GRUCell(3, input_size=3))
    >>> cell(torch.ones(2, 3), cell.zero_state(2))[0].shape
    torch.Size([2, 3])
    """

    def __init__(
        self,
        cell: RNNCell,
        couple_carry_transform_gates: bool = True,
        carry_bias_init: float = 1.0,
        *,
        initializer: Initializer | None = None,
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        maths = Highway(couple_carry_transform_gates, carry_bias_init)
        super().__init__(maths, cell, input_size_of("HighwayWrapper", cell), initializer, device, dtype)
