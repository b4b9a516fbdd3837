"""The basic RNN: h' = activation([x, h] @ kernel + bias). TF1: `tf.nn.rnn_cell.BasicRNNCell`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from ostinato.steps import activations
from ostinato.steps.family import OutputStateFamily, Parameter


@dataclass(frozen=True)
class BasicRNN(OutputStateFamily):
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
