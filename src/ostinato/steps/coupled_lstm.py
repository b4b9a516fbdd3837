"""The LSTM whose input gate is what its forget gate leaves: i = 1 - f (Greff et al. 2015; peepholes of Sak
et al. 2014, normalisation of Ba, Kiros and Hinton 2016).

TF1: `tf.contrib.rnn.CoupledInputForgetGateLSTMCell`.

One kernel `W_0` `[input_size + units, 3 * units]` with j (the block input), f and o side by side.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from ostinato._state import LSTMStateTuple
from ostinato.steps import activations
from ostinato.steps.family import Parameter, ProjectedStep, hold_positive_integers
from ostinato.steps.layer_norm import normalize

NORMALIZED_GATES = ("transform", "forget", "output")


@dataclass(frozen=True)
class CoupledLSTM(ProjectedStep):
    """`layer_norm` normalises each gate before its peephole, and the new c; there is no bias then."""

    num_units: int
    forget_bias: float = 1.0
    activation: activations.Activation = "tanh"
    use_peepholes: bool = False
    num_proj: int | None = None
    proj_clip: float | None = None
    layer_norm: bool = False

    def __post_init__(self) -> None:
        hold_positive_integers(self, "num_units", "num_proj")
        if self.proj_clip is not None and not self.proj_clip >= 0:
            raise ValueError(
                f"proj_clip must not be negative (None: no clipping), but is {self.proj_clip!r}."
            )
        object.__setattr__(self, "activation", activations.canonical(self.activation))

    @property
    def state_size(self) -> LSTMStateTuple:
        return LSTMStateTuple(self.num_units, self.output_size)

    @property
    def output_size(self) -> int:
        return self.num_units if self.num_proj is None else self.num_proj

    def parameters(self, input_size: int) -> tuple[Parameter, ...]:
        units = self.num_units
        found = [Parameter("W_0", (input_size + self.output_size, 3 * units))]
        if not self.layer_norm:
            found.append(Parameter("B", (3 * units,), 0.0))
        for name in NORMALIZED_GATES if self.layer_norm else ():
            found += [Parameter(f"{name}/gamma", (units,), 1.0), Parameter(f"{name}/beta", (units,), 0.0)]
        if self.use_peepholes:
            found += [Parameter(name, (units,)) for name in ("W_F_diag", "W_O_diag")]
        if self.layer_norm:
            found += [Parameter("state/gamma", (units,), 1.0), Parameter("state/beta", (units,), 0.0)]
        if self.num_proj is not None:
            found.append(Parameter("W_P_0", (units, self.num_proj)))
        return tuple(found)

    def input_size(self, parameters: Mapping[str, Tensor]) -> int:
        return parameters["W_0"].shape[0] - self.output_size

    def project(self, parameters: Mapping[str, Tensor], inputs: Tensor) -> tuple[Tensor, ...]:
        kernel = parameters["W_0"]
        return (functional.linear(inputs, kernel[: -self.output_size].t(), parameters.get("B")),)

    def recur(
        self, parameters: Mapping[str, Tensor], projected: tuple[Tensor, ...], state: LSTMStateTuple
    ) -> tuple[Tensor, LSTMStateTuple]:
        activation = activations.function(self.activation)
        c, h = state
        gates = torch.addmm(projected[0], h, parameters["W_0"][-self.output_size :])
        j, f, o = gates.chunk(3, dim=1)
        if self.layer_norm:
            j, f, o = (
                normalize(gate, parameters[f"{name}/gamma"], parameters[f"{name}/beta"])
                for gate, name in zip((j, f, o), NORMALIZED_GATES, strict=True)
            )
        f = f + self.forget_bias
        if self.use_peepholes:
            f = f + parameters["W_F_diag"] * c
        forget = torch.sigmoid(f)
        c = forget * c + (1.0 - forget) * activation(j)
        if self.layer_norm:
            c = normalize(c, parameters["state/gamma"], parameters["state/beta"])
        if self.use_peepholes:
            o = o + parameters["W_O_diag"] * c
        h = torch.sigmoid(o) * activation(c)
        if self.num_proj is not None:
            h = h @ parameters["W_P_0"]
            if self.proj_clip is not None:
                h = torch.clamp(h, -self.proj_clip, self.proj_clip)
        return h, LSTMStateTuple(c, h)
