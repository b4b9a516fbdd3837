"""The LSTM with normalised weights (Salimans and Kingma 2016): every column of a matrix has the length that a
parameter of its own says. TF1: `WeightNormLSTMCell` of `tensorflow.contrib.rnn.python.ops.rnn_cell`.

The rows of `kernel` for the inputs and those for h are normalised apart, with the lengths `norm_0` and
`norm_1`; those of `projection/kernel` with `projection/norm_0`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields

import torch
from torch import Tensor

from ostinato._state import LSTMStateTuple
from ostinato.steps import activations
from ostinato.steps.family import Parameter, ProjectedStep
from ostinato.steps.lstm import LSTM

EPSILON = 1e-12
"""TF1's: the least square of a column's length that it is divided by."""


def normalize_columns(weights: Tensor, lengths: Tensor) -> Tensor:
    """`weights` `[rows, columns]` with columns of the lengths `[columns]`.

    >>> normalize_columns(torch.tensor([[3.0, 0.0], [4.0, 2.0]]), torch.tensor([1.0, 5.0]))
    tensor([[0.6000, 0.0000],
            [0.8000, 5.0000]])
    """
    squares = weights.square().sum(0)
    return weights * squares.clamp(min=EPSILON).rsqrt() * lengths


@dataclass(frozen=True)
class WeightNormLSTM(ProjectedStep):
    """The options are those of `LSTM`."""

    num_units: int
    forget_bias: float = 1.0
    activation: activations.Activation = "tanh"
    use_peepholes: bool = False
    cell_clip: float | None = None
    num_proj: int | None = None
    proj_clip: float | None = None

    def __post_init__(self) -> None:
        checked = self.lstm
        for field in fields(self):
            object.__setattr__(self, field.name, getattr(checked, field.name))

    @property
    def state_size(self) -> LSTMStateTuple:
        return self.lstm.state_size

    @property
    def output_size(self) -> int:
        return self.lstm.output_size

    def parameters(self, input_size: int) -> tuple[Parameter, ...]:
        found = []
        for parameter in self.lstm.parameters(input_size):
            found.append(parameter)
            columns = parameter.shape[-1]
            if parameter.name == "kernel":
                found += [Parameter("norm_0", (columns,)), Parameter("norm_1", (columns,))]
            elif parameter.name == "projection/kernel":
                found.append(Parameter("projection/norm_0", (columns,)))
        return tuple(found)

    def input_size(self, parameters: Mapping[str, Tensor]) -> int:
        return self.lstm.input_size(parameters)

    @property
    def lstm(self) -> LSTM:
        """The LSTM that this is over `normalized` parameters."""
        return LSTM(*(getattr(self, field.name) for field in fields(self)))

    def normalized(self, parameters: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """The parameters of `lstm`."""
        inputs, recurrent = parameters["kernel"].tensor_split([self.input_size(parameters)])
        kernels = [
            normalize_columns(inputs, parameters["norm_0"]),
            normalize_columns(recurrent, parameters["norm_1"]),
        ]
        found = {**parameters, "kernel": torch.cat(kernels)}
        if self.num_proj is not None:
            found["projection/kernel"] = normalize_columns(
                parameters["projection/kernel"], parameters["projection/norm_0"]
            )
        return {spec.name: found[spec.name] for spec in self.lstm.parameters(1)}

    def project(self, parameters: Mapping[str, Tensor], inputs: Tensor) -> tuple[Tensor, ...]:
        return self.lstm.project(self.normalized(parameters), inputs)

    def recur(
        self, parameters: Mapping[str, Tensor], projected: tuple[Tensor, ...], state: LSTMStateTuple
    ) -> tuple[Tensor, LSTMStateTuple]:
        return self.lstm.recur(self.normalized(parameters), projected, state)

    def step(
        self, parameters: Mapping[str, Tensor], inputs: Tensor, state: LSTMStateTuple
    ) -> tuple[Tensor, LSTMStateTuple]:
        return self.lstm.step(self.normalized(parameters), inputs, state)
