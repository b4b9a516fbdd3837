"""The GRU in the form of cuDNN and of `torch.nn.GRU`: the reset gate acts *after* the candidate's matmul.

r, u = sigmoid([x, h] @ gates/kernel + gates/bias);  n = activation(x @ W + b + r * (h @ R + d));
h' = (1 - u) * n + u * h, where W, b are `candidate/input_projection/{kernel, bias}` and R, d are
`candidate/hidden_projection/{kernel, bias}`. TF1: `tf.contrib.cudnn_rnn.CudnnCompatibleGRUCell`. All three
products with h stand side by side here: none waits for a gate.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from ostinato.steps import activations
from ostinato.steps.family import OutputStateFamily, Parameter

_INPUT, _HIDDEN = "candidate/input_projection", "candidate/hidden_projection"


@dataclass(frozen=True)
class ResetAfterGRU(OutputStateFamily):
    def parameters(self, input_size: int) -> tuple[Parameter, ...]:
        units = self.num_units
        return (
            Parameter("gates/kernel", (input_size + units, 2 * units)),
            # A gate bias of 1 starts the cell out remembering.
            Parameter("gates/bias", (2 * units,), 1.0),
            Parameter(f"{_INPUT}/kernel", (input_size, units)),
            Parameter(f"{_INPUT}/bias", (units,), 0.0),
            Parameter(f"{_HIDDEN}/kernel", (units, units)),
            Parameter(f"{_HIDDEN}/bias", (units,), 0.0),
        )

    def input_size(self, parameters: Mapping[str, Tensor]) -> int:
        return parameters["gates/kernel"].shape[0] - self.num_units

    def project(self, parameters: Mapping[str, Tensor], inputs: Tensor) -> tuple[Tensor, ...]:
        gates_kernel = parameters["gates/kernel"][: -self.num_units]
        return (
            functional.linear(inputs, gates_kernel.t(), parameters["gates/bias"]),
            functional.linear(inputs, parameters[f"{_INPUT}/kernel"].t(), parameters[f"{_INPUT}/bias"]),
        )

    def recur(
        self, parameters: Mapping[str, Tensor], projected: tuple[Tensor, ...], state: Tensor
    ) -> tuple[Tensor, Tensor]:
        gates_kernel = parameters["gates/kernel"][-self.num_units :]
        reset, update = torch.sigmoid(torch.addmm(projected[0], state, gates_kernel)).chunk(2, dim=1)
        hidden = torch.addmm(parameters[f"{_HIDDEN}/bias"], state, parameters[f"{_HIDDEN}/kernel"])
        candidate = activations.function(self.activation)(projected[1] + reset * hidden)
        output = update * state + (1.0 - update) * candidate
        return output, output

    def step(self, parameters: Mapping[str, Tensor], inputs: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        return self.recur(parameters, self.project(parameters, inputs), state)
