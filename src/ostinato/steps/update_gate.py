"""Cells whose state is a mean, weighted by one gate, of what it was and of a candidate (Collins,
Sohl-Dickstein and Sussillo 2017). TF1: `tf.contrib.rnn.UGRNNCell`, `tf.contrib.rnn.IntersectionRNNCell`.

`kernel` has the rows of the inputs first, then those of the state.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from ostinato.steps import activations
from ostinato.steps.family import OutputStateFamily, Parameter


@dataclass(frozen=True)
class UGRNN(OutputStateFamily):
    """g = sigmoid(. + forget_bias), h' = g * h + (1 - g) * activation(.)."""

    forget_bias: float = 1.0

    def parameters(self, input_size: int) -> tuple[Parameter, ...]:
        units = self.num_units
        return (
            Parameter("kernel", (input_size + units, 2 * units)),
            Parameter("bias", (2 * units,), 0.0),
        )

    def input_size(self, parameters: Mapping[str, Tensor]) -> int:
        return parameters["kernel"].shape[0] - self.num_units

    def project(self, parameters: Mapping[str, Tensor], inputs: Tensor) -> tuple[Tensor, ...]:
        return (functional.linear(inputs, parameters["kernel"][: -self.num_units].t(), parameters["bias"]),)

    def recur(
        self, parameters: Mapping[str, Tensor], projected: tuple[Tensor, ...], state: Tensor
    ) -> tuple[Tensor, Tensor]:
        gate, candidate = torch.addmm(projected[0], state, parameters["kernel"][-self.num_units :]).chunk(
            2, dim=1
        )
        gate = torch.sigmoid(gate + self.forget_bias)
        output = gate * state + (1.0 - gate) * activations.function(self.activation)(candidate)
        return output, output


@dataclass(frozen=True)
class IntersectionRNN(OutputStateFamily):
    """A gate through time and a gate through depth: the output is a mean of the input and of
    `activation(.)`, so the input has to be as wide as the units; `in_projection` makes it so.
    """

    activation: activations.Activation = "relu"
    forget_bias: float = 1.0
    in_projection: bool = False

    @property
    def output_is_state(self) -> bool:
        return False

    def parameters(self, input_size: int) -> tuple[Parameter, ...]:
        units = self.num_units
        found = []
        if self.in_projection:
            found = [
                Parameter("in_projection/kernel", (input_size, units)),
                Parameter("in_projection/bias", (units,), 0.0),
            ]
        return (*found, Parameter("kernel", (2 * units, 4 * units)), Parameter("bias", (4 * units,), 0.0))

    def input_size(self, parameters: Mapping[str, Tensor]) -> int:
        return parameters["in_projection/kernel"].shape[0] if self.in_projection else self.num_units

    def project(self, parameters: Mapping[str, Tensor], inputs: Tensor) -> tuple[Tensor, ...]:
        if self.in_projection:
            inputs = functional.linear(
                inputs, parameters["in_projection/kernel"].t(), parameters["in_projection/bias"]
            )
        kernel = parameters["kernel"][: self.num_units]
        return inputs, functional.linear(inputs, kernel.t(), parameters["bias"])

    def recur(
        self, parameters: Mapping[str, Tensor], projected: tuple[Tensor, ...], state: Tensor
    ) -> tuple[Tensor, Tensor]:
        inputs, gates = projected
        gates = torch.addmm(gates, state, parameters["kernel"][self.num_units :])
        time_gate, candidate, depth_gate, output = gates.chunk(4, dim=1)
        time_gate = torch.sigmoid(time_gate + self.forget_bias)
        depth_gate = torch.sigmoid(depth_gate + self.forget_bias)
        new_state = time_gate * state + (1.0 - time_gate) * torch.tanh(candidate)
        output = activations.function(self.activation)(output)
        return depth_gate * inputs + (1.0 - depth_gate) * output, new_state
