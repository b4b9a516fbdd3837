"""The convolutional LSTM (Shi et al. 2015) in one, two or three dimensions. TF1:
`tf.contrib.rnn.ConvLSTMCell`.

Inputs, states and outputs are `[batch, *spatial, channels]`. `kernel` `[*kernel_shape, input channels +
output channels, 4 * output channels]` is convolved with inputs and h side by side, with as many zeros around
them that the spatial sizes stay (an even size has the odd zero behind); the gates are i, j, f, o.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from ostinato._state import LSTMStateTuple, Nest
from ostinato.steps.family import Parameter, ProjectedStep, check_positive_integer, hold_positive_integers

_CONVOLUTIONS = {1: functional.conv1d, 2: functional.conv2d, 3: functional.conv3d}


@dataclass(frozen=True)
class ConvLSTM(ProjectedStep):
    """`input_shape` is that of an input without its batch. With `skip_connection` the input's channels are
    behind those of the output, never in the state.
    """

    input_shape: tuple[int, ...]
    output_channels: int
    kernel_shape: tuple[int, ...]
    use_bias: bool = True
    skip_connection: bool = False
    forget_bias: float = 1.0

    def __post_init__(self) -> None:
        for name in ("input_shape", "kernel_shape"):
            sizes = [check_positive_integer(f"each size of {name}", size) for size in getattr(self, name)]
            object.__setattr__(self, name, tuple(sizes))
        hold_positive_integers(self, "output_channels")
        dimensions = len(self.input_shape) - 1
        if dimensions not in _CONVOLUTIONS:
            raise ValueError(
                "input_shape must be one to three spatial sizes and the number of channels, but is "
                f"{list(self.input_shape)}."
            )
        if len(self.kernel_shape) != dimensions:
            raise ValueError(
                f"kernel_shape needs one size for each of the {dimensions} spatial sizes of input_shape "
                f"{list(self.input_shape)}, but is {list(self.kernel_shape)}."
            )

    @property
    def output_is_state(self) -> bool:
        return not self.skip_connection

    @property
    def num_units(self) -> int:
        return self.output_channels

    @property
    def state_size(self) -> LSTMStateTuple:
        size = torch.Size([*self.input_shape[:-1], self.output_channels])
        return LSTMStateTuple(size, size)

    @property
    def output_size(self) -> Nest:
        skipped = self.input_shape[-1] if self.skip_connection else 0
        return torch.Size([*self.input_shape[:-1], self.output_channels + skipped])

    def parameters(self, input_size: int) -> tuple[Parameter, ...]:
        """`input_size` is the number of an input's channels."""
        width = 4 * self.output_channels
        found = [Parameter("kernel", (*self.kernel_shape, input_size + self.output_channels, width))]
        if self.use_bias:
            found.append(Parameter("biases", (width,), 0.0))
        return tuple(found)

    def input_size(self, parameters: Mapping[str, Tensor]) -> int:
        return parameters["kernel"].shape[-2] - self.output_channels

    def sizes_of_inputs(self, input_size: int) -> torch.Size:
        return torch.Size([*self.input_shape[:-1], input_size])

    def _convolved(self, inputs: Tensor, kernel: Tensor, bias: Tensor | None = None) -> Tensor:
        """`[..., *spatial, channels]` by `kernel`, with the same spatial sizes."""
        dimensions = len(self.kernel_shape)
        ahead = inputs.shape[: -1 - dimensions]
        values = inputs.flatten(0, len(ahead) - 1).movedim(-1, 1)
        padding: list[int] | int = [(size - 1) // 2 for size in self.kernel_shape]
        if any(size % 2 == 0 for size in self.kernel_shape):
            sides = [side for size in reversed(self.kernel_shape) for side in ((size - 1) // 2, size // 2)]
            values, padding = functional.pad(values, sides), 0
        weight = kernel.movedim((-1, -2), (0, 1))
        found = _CONVOLUTIONS[dimensions](values, weight, bias, padding=padding)
        gates: Tensor = found.movedim(1, -1).unflatten(0, ahead)
        return gates

    def project(self, parameters: Mapping[str, Tensor], inputs: Tensor) -> tuple[Tensor, ...]:
        kernel = parameters["kernel"][..., : -self.output_channels, :]
        gates = self._convolved(inputs, kernel, parameters.get("biases"))
        return (gates, inputs) if self.skip_connection else (gates,)

    def recur(
        self, parameters: Mapping[str, Tensor], projected: tuple[Tensor, ...], state: LSTMStateTuple
    ) -> tuple[Tensor, LSTMStateTuple]:
        c, h = state
        kernel = parameters["kernel"][..., -self.output_channels :, :]
        i, j, f, o = (projected[0] + self._convolved(h, kernel)).chunk(4, dim=-1)
        c = torch.sigmoid(f + self.forget_bias) * c + torch.sigmoid(i) * torch.tanh(j)
        h = torch.tanh(c) * torch.sigmoid(o)
        output = torch.cat([h, projected[1]], dim=-1) if self.skip_connection else h
        return output, LSTMStateTuple(c, h)
