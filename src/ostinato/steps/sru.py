"""The simple recurrent unit (Lei, Zhang and Artzi 2017): no product with the state, so all but a chain of
elementwise operations leaves the loop over time. TF1: `tf.contrib.rnn.SRUCell`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from ostinato.steps import activations
from ostinato.steps.family import OutputStateFamily, Parameter


@dataclass(frozen=True)
class SRU(OutputStateFamily):
    """The state is c; the output h is another tensor of its size. `kernel` `[input_size, 4 * units]` has
    candidate, forget gate, reset gate and highway input side by side; `bias` is that of the two gates.
    """

    @property
    def output_is_state(self) -> bool:
        return False

    def parameters(self, input_size: int) -> tuple[Parameter, ...]:
        units = self.num_units
        return Parameter("kernel", (input_size, 4 * units)), Parameter("bias", (2 * units,), 0.0)

    def input_size(self, parameters: Mapping[str, Tensor]) -> int:
        return parameters["kernel"].shape[0]

    def project(self, parameters: Mapping[str, Tensor], inputs: Tensor) -> tuple[Tensor, ...]:
        units = self.num_units
        candidate, gates, highway = (inputs @ parameters["kernel"]).split([units, 2 * units, units], dim=-1)
        forget, reset = torch.sigmoid(gates + parameters["bias"]).chunk(2, dim=-1)
        return candidate, forget, reset, highway

    def recur(
        self, parameters: Mapping[str, Tensor], projected: tuple[Tensor, ...], state: Tensor
    ) -> tuple[Tensor, Tensor]:
        candidate, forget, reset, highway = projected
        c = forget * state + (1.0 - forget) * candidate
        return reset * activations.function(self.activation)(c) + (1.0 - reset) * highway, c
