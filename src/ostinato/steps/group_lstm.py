"""The LSTM in groups (Kuchaiev and Ginsburg 2017): inputs and state are cut into as many parts as there are
groups, and each group is an LSTM of its own part. TF1: `tf.contrib.rnn.GLSTMCell`.

A group's `kernel` has the gates i, j, f, o side by side; the biases are those of all groups.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from ostinato._state import LSTMStateTuple
from ostinato.steps import activations
from ostinato.steps.family import LSTMStateFamily, Parameter, hold_positive_integers


@dataclass(frozen=True)
class GroupLSTM(LSTMStateFamily):
    """`activation` is that of c alone: a candidate's is tanh. `num_proj` projects all groups' output."""

    num_proj: int | None = None
    number_of_groups: int = 1
    forget_bias: float = 1.0
    activation: activations.Activation = "tanh"

    def __post_init__(self) -> None:
        super().__post_init__()
        hold_positive_integers(self, "number_of_groups", "num_proj")
        if self.num_units % self.number_of_groups:
            raise ValueError(
                f"num_units must be divisible by number_of_groups, but {self.num_units} is not by "
                f"{self.number_of_groups}."
            )
        if self.num_proj is not None and self.num_proj % self.number_of_groups:
            raise ValueError(
                f"num_proj must be divisible by number_of_groups, but {self.num_proj} is not by "
                f"{self.number_of_groups}."
            )
        object.__setattr__(self, "activation", activations.canonical(self.activation))

    @property
    def output_size(self) -> int:
        return self.num_units if self.num_proj is None else self.num_proj

    def check_input_size(self, input_size: int) -> None:
        """Raise a ValueError where inputs cannot be cut into the groups."""
        if input_size % self.number_of_groups:
            raise ValueError(
                f"input size ({input_size}) must be divisible by number_of_groups ({self.number_of_groups})"
            )

    def parameters(self, input_size: int) -> tuple[Parameter, ...]:
        units, groups = self.num_units, self.number_of_groups
        shape = ((input_size + self.output_size) // groups, 4 * units // groups)
        found = [Parameter(f"group{group}/kernel", shape) for group in range(groups)]
        found += [Parameter(f"bias_{gate}", (units,), 0.0) for gate in "ijfo"]
        if self.num_proj is not None:
            found.append(Parameter("projection/kernel", (units, self.num_proj)))
        return tuple(found)

    def input_size(self, parameters: Mapping[str, Tensor]) -> int:
        return parameters["group0/kernel"].shape[0] * self.number_of_groups - self.output_size

    def _product(self, parameters: Mapping[str, Tensor], values: Tensor, rows: slice) -> Tensor:
        """Each group's part of `values` by these rows of its kernel: `[..., 4 * num_units]`, gate by gate."""
        groups = self.number_of_groups
        kernels = torch.stack([parameters[f"group{group}/kernel"][rows] for group in range(groups)])
        parts = torch.einsum("...gi,gio->...go", values.unflatten(-1, (groups, -1)), kernels)
        gates: Tensor = parts.unflatten(-1, (4, -1)).transpose(-3, -2).flatten(-3)
        return gates

    def project(self, parameters: Mapping[str, Tensor], inputs: Tensor) -> tuple[Tensor, ...]:
        gates = self._product(parameters, inputs, slice(inputs.shape[-1] // self.number_of_groups))
        return (gates + torch.cat([parameters[f"bias_{gate}"] for gate in "ijfo"]),)

    def recur(
        self, parameters: Mapping[str, Tensor], projected: tuple[Tensor, ...], state: LSTMStateTuple
    ) -> tuple[Tensor, LSTMStateTuple]:
        c, h = state
        recurrent_rows = slice(-(self.output_size // self.number_of_groups), None)
        i, j, f, o = (projected[0] + self._product(parameters, h, recurrent_rows)).chunk(4, dim=1)
        c = torch.sigmoid(f + self.forget_bias) * c + torch.sigmoid(i) * torch.tanh(j)
        h = torch.sigmoid(o) * activations.function(self.activation)(c)
        if self.num_proj is not None:
            h = h @ parameters["projection/kernel"]
        return h, LSTMStateTuple(c, h)
