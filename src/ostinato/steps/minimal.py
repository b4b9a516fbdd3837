"""Cells that project the input to the units first and then weigh it against the state: the MinimalRNN (Chen,
Pennington and Schoenholz 2018) and the chaos free network (Laurent and von Brecht 2017). TF1:
`MinimalRNNCell` and `CFNCell` of `tensorflow.contrib.rnn.python.ops.rnn_cell`. Both start with gate biases
of 1.
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
class MinimalRNN(OutputStateFamily):
    """z = activation(x @ W), u = sigmoid([z, h] @ V + bias), h' = u * h + (1 - u) * z. `kernel` is W over V:
    `[input_size + 2 * units, units]`.
    """

    def parameters(self, input_size: int) -> tuple[Parameter, ...]:
        units = self.num_units
        return Parameter("kernel", (input_size + 2 * units, units)), Parameter("bias", (units,), 1.0)

    def input_size(self, parameters: Mapping[str, Tensor]) -> int:
        return parameters["kernel"].shape[0] - 2 * self.num_units

    def project(self, parameters: Mapping[str, Tensor], inputs: Tensor) -> tuple[Tensor, ...]:
        units, kernel = self.num_units, parameters["kernel"]
        feedforward = activations.function(self.activation)(inputs @ kernel[: -2 * units])
        return feedforward, functional.linear(
            feedforward, kernel[-2 * units : -units].t(), parameters["bias"]
        )

    def recur(
        self, parameters: Mapping[str, Tensor], projected: tuple[Tensor, ...], state: Tensor
    ) -> tuple[Tensor, Tensor]:
        feedforward, gate = projected
        update = torch.sigmoid(torch.addmm(gate, state, parameters["kernel"][-self.num_units :]))
        output = update * state + (1.0 - update) * feedforward
        return output, output


@dataclass(frozen=True)
class CFN(OutputStateFamily):
    """theta, eta = sigmoid(x @ V + h @ U + bias), h' = theta * activation(h) + (1 - eta) * activation(x @ W).
    `kernel` `[input_size, 3 * units]` is V beside W, `recurrent_kernel` `[units, 2 * units]` is U.
    """

    def parameters(self, input_size: int) -> tuple[Parameter, ...]:
        units = self.num_units
        return (
            Parameter("kernel", (input_size, 3 * units)),
            Parameter("recurrent_kernel", (units, 2 * units)),
            Parameter("bias", (2 * units,), 1.0),
        )

    def input_size(self, parameters: Mapping[str, Tensor]) -> int:
        return parameters["kernel"].shape[0]

    def project(self, parameters: Mapping[str, Tensor], inputs: Tensor) -> tuple[Tensor, ...]:
        units = self.num_units
        gates, projected = (inputs @ parameters["kernel"]).split([2 * units, units], dim=-1)
        return gates + parameters["bias"], activations.function(self.activation)(projected)

    def recur(
        self, parameters: Mapping[str, Tensor], projected: tuple[Tensor, ...], state: Tensor
    ) -> tuple[Tensor, Tensor]:
        gates, candidate = projected
        gates = torch.sigmoid(torch.addmm(gates, state, parameters["recurrent_kernel"]))
        theta, eta = gates.chunk(2, dim=1)
        output = theta * activations.function(self.activation)(state) + (1.0 - eta) * candidate
        return output, output
