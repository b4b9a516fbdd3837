"""TF1's GRU (`tf.nn.rnn_cell.GRUCell`; Cho et al. 2014): the reset gate acts *before* the candidate's matmul.

r, u = sigmoid([x, h] @ gates/kernel + gates/bias);  c = activation([x, r * h] @ candidate/kernel +
candidate/bias);  h' = u * h + (1 - u) * c. `torch.nn.GRU` resets after the matmul, so its weights do not
carry over.
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
class GRU(OutputStateFamily):
    def parameters(self, input_size: int) -> tuple[Parameter, ...]:
        units = self.num_units
        return (
            Parameter("gates/kernel", (input_size + units, 2 * units)),
            # A gate bias of 1 starts the cell out remembering.
            Parameter("gates/bias", (2 * units,), 1.0),
            Parameter("candidate/kernel", (input_size + units, units)),
            Parameter("candidate/bias", (units,), 0.0),
        )

    def input_size(self, parameters: Mapping[str, Tensor]) -> int:
        return parameters["gates/kernel"].shape[0] - self.num_units

    def project(self, parameters: Mapping[str, Tensor], inputs: Tensor) -> tuple[Tensor, ...]:
        units = self.num_units
        return (
            functional.linear(inputs, parameters["gates/kernel"][:-units].t(), parameters["gates/bias"]),
            functional.linear(
                inputs, parameters["candidate/kernel"][:-units].t(), parameters["candidate/bias"]
            ),
        )

    def recur(
        self, parameters: Mapping[str, Tensor], projected: tuple[Tensor, ...], state: Tensor
    ) -> tuple[Tensor, Tensor]:
        units = self.num_units
        gates = torch.addmm(projected[0], state, parameters["gates/kernel"][-units:])
        reset, update = torch.sigmoid(gates).chunk(2, dim=1)
        candidate = torch.addmm(projected[1], reset * state, parameters["candidate/kernel"][-units:])
        return self._mixed(update, candidate, state)

    def _mixed(self, update: Tensor, candidate: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        candidate = activations.function(self.activation)(candidate)
        output = update * state + (1.0 - update) * candidate
        return output, output

    def step(self, parameters: Mapping[str, Tensor], inputs: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        if torch.is_grad_enabled() and not inputs.requires_grad:
            # Joined to the state, they would be given a gradient that nobody needs.
            return self.recur(parameters, self.project(parameters, inputs), state)
        # Each product once, not for the inputs and for the state: with nothing to project ahead that is
        # quicker, and its gradient more so.
        joined = torch.cat((inputs, state), 1)
        gates = torch.addmm(parameters["gates/bias"], joined, parameters["gates/kernel"])
        reset, update = torch.sigmoid(gates).chunk(2, dim=1)
        joined = torch.cat((inputs, reset * state), 1)
        candidate = torch.addmm(parameters["candidate/bias"], joined, parameters["candidate/kernel"])
        return self._mixed(update, candidate, state)
