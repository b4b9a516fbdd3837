"""Cells whose units see none of each other's states: the recurrent matrix is a vector, one weight a unit
and gate (Li et al. 2018; Gonnet and Deselaers 2019 for the LSTM). TF1: `tf.contrib.rnn.IndRNNCell`,
`tf.contrib.rnn.IndyGRUCell`, `tf.contrib.rnn.IndyLSTMCell`.

`kernel_w` is for the inputs, `kernel_u` `[1, gates * units]` for the state; the latter starts in U(-1, 1).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from ostinato._init import Uniform
from ostinato._state import LSTMStateTuple
from ostinato.steps import activations
from ostinato.steps.family import LSTMStateFamily, OutputStateFamily, Parameter

_RECURRENT = Uniform(-1.0, 1.0)


@dataclass(frozen=True)
class IndRNN(OutputStateFamily):
    def parameters(self, input_size: int) -> tuple[Parameter, ...]:
        units = self.num_units
        return (
            Parameter("kernel_w", (input_size, units)),
            Parameter("kernel_u", (1, units), _RECURRENT),
            Parameter("bias", (units,), 0.0),
        )

    def input_size(self, parameters: Mapping[str, Tensor]) -> int:
        return parameters["kernel_w"].shape[0]

    def project(self, parameters: Mapping[str, Tensor], inputs: Tensor) -> tuple[Tensor, ...]:
        return (functional.linear(inputs, parameters["kernel_w"].t(), parameters["bias"]),)

    def recur(
        self, parameters: Mapping[str, Tensor], projected: tuple[Tensor, ...], state: Tensor
    ) -> tuple[Tensor, Tensor]:
        output = activations.function(self.activation)(projected[0] + state * parameters["kernel_u"])
        return output, output


@dataclass(frozen=True)
class IndyGRU(OutputStateFamily):
    """A GRU that resets before the candidate's product, as `GRU` does."""

    def parameters(self, input_size: int) -> tuple[Parameter, ...]:
        units = self.num_units
        return (
            Parameter("gates/kernel_w", (input_size, 2 * units)),
            Parameter("gates/kernel_u", (1, 2 * units), _RECURRENT),
            Parameter("gates/bias", (2 * units,), 1.0),
            Parameter("candidate/kernel", (input_size, units)),
            Parameter("candidate/kernel_u", (1, units), _RECURRENT),
            Parameter("candidate/bias", (units,), 0.0),
        )

    def input_size(self, parameters: Mapping[str, Tensor]) -> int:
        return parameters["candidate/kernel"].shape[0]

    def project(self, parameters: Mapping[str, Tensor], inputs: Tensor) -> tuple[Tensor, ...]:
        return (
            functional.linear(inputs, parameters["gates/kernel_w"].t(), parameters["gates/bias"]),
            functional.linear(inputs, parameters["candidate/kernel"].t(), parameters["candidate/bias"]),
        )

    def recur(
        self, parameters: Mapping[str, Tensor], projected: tuple[Tensor, ...], state: Tensor
    ) -> tuple[Tensor, Tensor]:
        gates = projected[0] + state.repeat(1, 2) * parameters["gates/kernel_u"]
        reset, update = torch.sigmoid(gates).chunk(2, dim=1)
        candidate = projected[1] + reset * state * parameters["candidate/kernel_u"]
        candidate = activations.function(self.activation)(candidate)
        output = update * state + (1.0 - update) * candidate
        return output, output


@dataclass(frozen=True)
class IndyLSTM(LSTMStateFamily):
    """An LSTM with the gates i, j, f, o side by side, as `LSTM` has them."""

    forget_bias: float = 1.0
    activation: activations.Activation = "tanh"

    def __post_init__(self) -> None:
        super().__post_init__()
        object.__setattr__(self, "activation", activations.canonical(self.activation))

    def parameters(self, input_size: int) -> tuple[Parameter, ...]:
        width = 4 * self.num_units
        return (
            Parameter("kernel_w", (input_size, width)),
            Parameter("kernel_u", (1, width), _RECURRENT),
            Parameter("bias", (width,), 0.0),
        )

    def input_size(self, parameters: Mapping[str, Tensor]) -> int:
        return parameters["kernel_w"].shape[0]

    def project(self, parameters: Mapping[str, Tensor], inputs: Tensor) -> tuple[Tensor, ...]:
        return (functional.linear(inputs, parameters["kernel_w"].t(), parameters["bias"]),)

    def recur(
        self, parameters: Mapping[str, Tensor], projected: tuple[Tensor, ...], state: LSTMStateTuple
    ) -> tuple[Tensor, LSTMStateTuple]:
        activation = activations.function(self.activation)
        c, h = state
        gates = projected[0] + h.repeat(1, 4) * parameters["kernel_u"]
        i, j, f, o = gates.chunk(4, dim=1)
        c = c * torch.sigmoid(f + self.forget_bias) + torch.sigmoid(i) * activation(j)
        h = activation(c) * torch.sigmoid(o)
        return h, LSTMStateTuple(c, h)
