"""The phased LSTM (Neil, Pfeiffer and Liu 2016), for inputs at irregular times: each unit has a period, and
takes in what it sees only in the part of it in which its gate is open. TF1: `tf.contrib.rnn.PhasedLSTMCell`.

A step's inputs are (time `[batch, 1]`, x `[batch, input_size]`). Where a unit stands in its period is
computed in the dtype of the time: that may be float64, as times are large numbers, where all else is float32.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from numbers import Real

import torch
from torch import Tensor
from torch.nn import functional

from ostinato._init import LogUniform, Uniform
from ostinato._state import LSTMStateTuple, Nest
from ostinato.steps.family import LSTMStateFamily, Parameter


@dataclass(frozen=True)
class PhasedLSTM(LSTMStateFamily):
    """`leak` is how open a closed unit stays. The first share `ratio_on` of a period the unit is open. Period
    and phase are in the unit of the time; the phase of a unit starts as a share of its period.
    """

    use_peepholes: bool = False
    leak: float = 0.001
    ratio_on: float = 0.1
    period_init_min: float = 1.0
    period_init_max: float = 1000.0

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in ("leak", "ratio_on", "period_init_min", "period_init_max"):
            if not isinstance(getattr(self, name), Real):
                raise TypeError(f"{name} must be a number, but is {getattr(self, name)!r}.")
        if not 0 < self.period_init_min <= self.period_init_max:
            raise ValueError(
                "period_init_min and period_init_max must be positive and in this order, but are "
                f"{self.period_init_min!r} and {self.period_init_max!r}."
            )

    def parameters(self, input_size: int) -> tuple[Parameter, ...]:
        units = self.num_units
        rows = input_size + units
        with_peepholes = rows + units if self.use_peepholes else rows
        return (
            Parameter("mask_gates/kernel", (with_peepholes, 2 * units)),
            Parameter("mask_gates/bias", (2 * units,), 0.0),
            Parameter("new_input/kernel", (rows, units)),
            Parameter("new_input/bias", (units,), 0.0),
            Parameter("output_gate/kernel", (with_peepholes, units)),
            Parameter("output_gate/bias", (units,), 0.0),
            Parameter("period", (units,), LogUniform(self.period_init_min, self.period_init_max)),
            Parameter("phase", (units,), Uniform(0.0, 1.0)),
            Parameter("ratio_on", (units,), self.ratio_on),
        )

    def input_size(self, parameters: Mapping[str, Tensor]) -> int:
        return parameters["new_input/kernel"].shape[0] - self.num_units

    def sizes_of_inputs(self, input_size: int) -> tuple[int, int]:
        return 1, input_size

    def project(self, parameters: Mapping[str, Tensor], inputs: Nest) -> tuple[Tensor, ...]:
        time, x = inputs
        depth = x.shape[-1]
        return (
            self._openness(parameters, time).to(x.dtype),
            *(
                functional.linear(x, parameters[f"{name}/kernel"][:depth].t(), parameters[f"{name}/bias"])
                for name in ("mask_gates", "new_input", "output_gate")
            ),
        )

    def _openness(self, parameters: Mapping[str, Tensor], time: Tensor) -> Tensor:
        period, phase, ratio_on = (parameters[name] for name in ("period", "phase", "ratio_on"))
        shifted = time - phase.to(time.dtype)
        period = period.to(time.dtype)
        # The remainder's gradient is that of the time alone: none reaches the period through it.
        remainder = (torch.remainder(shifted, period) - shifted).detach() + shifted
        position = (remainder / period).to(ratio_on.dtype)
        rising = 2.0 * position / ratio_on
        openness = torch.where(position < ratio_on, 2.0 - rising, self.leak * position)
        return torch.where(position < 0.5 * ratio_on, rising, openness)

    def recur(
        self, parameters: Mapping[str, Tensor], projected: tuple[Tensor, ...], state: LSTMStateTuple
    ) -> tuple[Tensor, LSTMStateTuple]:
        openness, mask_gates, new_input, output_gate = projected
        c, h = state
        depth = self.input_size(parameters)
        mask = parameters["mask_gates/kernel"][depth:]
        output = parameters["output_gate/kernel"][depth:]
        mask_gates = torch.addmm(mask_gates, torch.cat([h, c], 1) if self.use_peepholes else h, mask)
        i, f = torch.sigmoid(mask_gates).chunk(2, dim=1)
        candidate = torch.tanh(torch.addmm(new_input, h, parameters["new_input/kernel"][depth:]))
        new_c = c * f + i * candidate
        output_gate = torch.addmm(output_gate, torch.cat([h, new_c], 1) if self.use_peepholes else h, output)
        new_h = torch.tanh(new_c) * torch.sigmoid(output_gate)
        c = openness * new_c + (1.0 - openness) * c
        h = openness * new_h + (1.0 - openness) * h
        return h, LSTMStateTuple(c, h)
