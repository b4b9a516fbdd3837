"""The cell that a neural architecture search found (Zoph and Le 2017). TF1: `tf.contrib.rnn.NASCell`.

`kernel` `[input_size, 8 * units]` and `recurrent_kernel` `[m, 8 * units]` each give eight values a unit, that
a tree of fixed functions joins. The fourth pair is multiplied where the others are added, so a bias belongs
to the recurrent side alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from ostinato._state import LSTMStateTuple
from ostinato.steps.family import LSTMStateFamily, Parameter, hold_positive_integers


@dataclass(frozen=True)
class NAS(LSTMStateFamily):
    """`num_proj` projects the output, `use_bias` gives the recurrent side a bias."""

    num_proj: int | None = None
    use_bias: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        hold_positive_integers(self, "num_proj")

    @property
    def output_size(self) -> int:
        return self.num_units if self.num_proj is None else self.num_proj

    def parameters(self, input_size: int) -> tuple[Parameter, ...]:
        width = 8 * self.num_units
        found = [
            Parameter("recurrent_kernel", (self.output_size, width)),
            Parameter("kernel", (input_size, width)),
        ]
        if self.use_bias:
            found.append(Parameter("bias", (width,), 0.0))
        if self.num_proj is not None:
            found.append(Parameter("projection_weights", (self.num_units, self.num_proj)))
        return tuple(found)

    def input_size(self, parameters: Mapping[str, Tensor]) -> int:
        return parameters["kernel"].shape[0]

    def project(self, parameters: Mapping[str, Tensor], inputs: Tensor) -> tuple[Tensor, ...]:
        return (inputs @ parameters["kernel"],)

    def recur(
        self, parameters: Mapping[str, Tensor], projected: tuple[Tensor, ...], state: LSTMStateTuple
    ) -> tuple[Tensor, LSTMStateTuple]:
        c, h = state
        recurrent = functional.linear(h, parameters["recurrent_kernel"].t(), parameters.get("bias"))
        x, r = projected[0].chunk(8, dim=1), recurrent.chunk(8, dim=1)
        cell_input = torch.tanh(torch.sigmoid(x[0] + r[0]) * torch.relu(x[1] + r[1]))
        scale = torch.tanh(torch.sigmoid(x[2] + r[2]) + torch.relu(x[3] * r[3]))
        left = torch.tanh(torch.tanh(x[4] + r[4]) * torch.sigmoid(x[5] + r[5]))
        right = torch.sigmoid(torch.tanh(x[6] + r[6]) + torch.sigmoid(x[7] + r[7]))
        c = torch.tanh(cell_input + c) * scale
        h = torch.tanh(c * torch.tanh(left + right))
        if self.num_proj is not None:
            h = h @ parameters["projection_weights"]
        return h, LSTMStateTuple(c, h)
