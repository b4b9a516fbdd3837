"""The LSTM that also walks over the frequencies of each step (Sainath and Li 2016, "Modeling Time-Frequency
Patterns with LSTM vs. Convolutional Architectures for LVCSR Tasks"). TF1: `tf.contrib.rnn.TimeFreqLSTMCell`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from ostinato.steps.family import Parameter, check_positive_integer


def frequency_slices(inputs: Tensor, feature_size: int, frequency_skip: int) -> Tensor:
    """The windows `[..., frequencies, feature_size]` of `inputs` `[..., depth]`, each shifted by
    `frequency_skip`; what is left over at the end is not seen.

    >>> frequency_slices(torch.arange(6.0), 3, 2)
    tensor([[0., 1., 2.],
            [2., 3., 4.]])
    """
    return inputs.unfold(-1, feature_size, frequency_skip)


def clipped(c: Tensor, cell_clip: float | None) -> Tensor:
    return c if cell_clip is None else torch.clamp(c, -cell_clip, cell_clip)


def check_windows(depth: int, feature_size: int, frequency_skip: int, cell_clip: float | None) -> None:
    for name, value in (
        ("the depth of the inputs", depth),
        ("feature_size", feature_size),
        ("frequency_skip", frequency_skip),
    ):
        check_positive_integer(name, value)
    if cell_clip is not None and not cell_clip >= 0:
        raise ValueError(f"cell_clip must not be negative (None: no clipping), but is {cell_clip!r}.")


@dataclass(frozen=True)
class TimeFreqLSTM:
    """One LSTM for all frequencies: at each it sees its window of the inputs, the output m of the step
    before at that frequency, and the output of this step at the frequency before.

    `depth` is that of the inputs, which says how many frequencies there are. The state is one tensor: c and
    m of the first frequency, then of the second, and so on.
    """

    num_units: int
    depth: int
    feature_size: int
    frequency_skip: int = 1
    use_peepholes: bool = False
    cell_clip: float | None = None
    forget_bias: float = 1.0

    def __post_init__(self) -> None:
        check_positive_integer("num_units", self.num_units)
        check_windows(self.depth, self.feature_size, self.frequency_skip, self.cell_clip)
        if self.depth < self.feature_size:
            raise ValueError(
                f"feature_size is {self.feature_size}, but the inputs have a depth of only {self.depth}."
            )

    @property
    def num_frequencies(self) -> int:
        return (self.depth - self.feature_size) // self.frequency_skip + 1

    @property
    def state_size(self) -> int:
        return 2 * self.num_units * self.num_frequencies

    @property
    def output_size(self) -> int:
        return self.num_units * self.num_frequencies

    @property
    def output_is_state(self) -> bool:
        return False

    def parameters(self, input_size: int) -> tuple[Parameter, ...]:
        units = self.num_units
        found = [
            Parameter("W_0", (self.feature_size + 2 * units, 4 * units)),
            Parameter("B", (4 * units,), 0.0),
        ]
        if self.use_peepholes:
            found += [Parameter(name, (units,)) for name in ("W_F_diag", "W_I_diag", "W_O_diag")]
        return tuple(found)

    def input_size(self, parameters: Mapping[str, Tensor]) -> int:
        return self.depth

    def project(self, parameters: Mapping[str, Tensor], inputs: Tensor) -> tuple[Tensor, ...]:
        windows = frequency_slices(inputs, self.feature_size, self.frequency_skip)
        return (windows @ parameters["W_0"][: self.feature_size] + parameters["B"],)

    def recur(
        self, parameters: Mapping[str, Tensor], projected: tuple[Tensor, ...], state: Tensor
    ) -> tuple[Tensor, Tensor]:
        recurrent = parameters["W_0"][self.feature_size :]
        parts = state.split(self.num_units, 1)
        m_before = torch.zeros_like(parts[0])
        outputs, new_parts = [], []
        for frequency, given in enumerate(projected[0].unbind(-2)):
            c, m = parts[2 * frequency], parts[2 * frequency + 1]
            i, j, f, o = torch.addmm(given, torch.cat([m, m_before], 1), recurrent).chunk(4, dim=1)
            f = f + self.forget_bias
            if self.use_peepholes:
                f = f + parameters["W_F_diag"] * c
                i = i + parameters["W_I_diag"] * c
            c = clipped(torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(j), self.cell_clip)
            if self.use_peepholes:
                o = o + parameters["W_O_diag"] * c
            m_before = torch.sigmoid(o) * torch.tanh(c)
            outputs.append(m_before)
            new_parts += [c, m_before]
        return torch.cat(outputs, 1), torch.cat(new_parts, 1)

    def step(self, parameters: Mapping[str, Tensor], inputs: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        return self.recur(parameters, self.project(parameters, inputs), state)
