"""The basic RNN: h' = activation([x, h] @ kernel + bias). TF1: `tf.nn.rnn_cell.BasicRNNCell`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from ostinato.steps import activations
from ostinato.steps.family import Parameter, check_positive_integer


@dataclass(frozen=True)
class BasicRNN:
    num_units: int
    activation: activations.Activation = "tanh"

    def __post_init__(self) -> None:
        check_positive_integer("num_units", self.num_units)
        object.__setattr__(self, "activation", activations.canonical(self.activation))

    @property
    def state_size(self) -> int:
        return self.num_units

    @property
    def output_size(self) -> int:
        return self.num_units

    def parameters(self, input_size: int) -> tuple[Parameter, ...]:
        units = self.num_units
        return (Parameter("kernel", (input_size + units, units)), Parameter("bias", (units,), 0.0))

    def input_size(self, parameters: Mapping[str, Tensor]) -> int:
        return parameters["kernel"].shape[0] - self.num_units

    def project(self, parameters: Mapping[str, Tensor], inputs: Tensor) -> tuple[Tensor, ...]:
        kernel = parameters["kernel"]
        return (functional.linear(inputs, kernel[: -self.num_units].t(), parameters["bias"]),)

    def recur(
        self, parameters: Mapping[str, Tensor], projected: tuple[Tensor, ...], state: Tensor
    ) -> tuple[Tensor, Tensor]:
        gates = torch.addmm(projected[0], state, parameters["kernel"][-self.num_units :])
        output = activations.function(self.activation)(gates)
        return output, output

    def step(self, parameters: Mapping[str, Tensor], inputs: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        return self.recur(parameters, self.project(parameters, inputs), state)
