"""The LSTM (Hochreiter and Schmidhuber 1997; Sak et al. 2014 for peepholes and projection; Ba, Kiros and
Hinton 2016 for layer normalisation), in TF1's layout.

One `kernel` `[input_size + units, 4 * units]` with the gates i, j, f, o side by side (j is the block
input). `forget_bias` is added at run time and never stored. TF1: `tf.nn.rnn_cell.BasicLSTMCell`,
`tf.nn.rnn_cell.LSTMCell`, `tf.contrib.rnn.LayerNormBasicLSTMCell`, and the `LayerNormLSTMCell` beside that,
which joins the options of the two.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from ostinato._state import LSTMStateTuple
from ostinato.steps import activations
from ostinato.steps.family import Parameter, hold_positive_integers
from ostinato.steps.layer_norm import normalize

NORMALIZED_GATES = ("input", "transform", "forget", "output")
"""TF1's names of the gates i, j, f, o where their normalisation has parameters."""


@dataclass(frozen=True)
class LSTM:
    """`cell_clip` bounds c before it is output; `num_proj` projects the output, and `proj_clip` bounds the
    projection. `layer_norm` normalises each gate before its peephole, and the new c before its clip; beta
    then does what the bias did, so there is none.
    """

    num_units: int
    forget_bias: float = 1.0
    activation: activations.Activation = "tanh"
    use_peepholes: bool = False
    cell_clip: float | None = None
    num_proj: int | None = None
    proj_clip: float | None = None
    layer_norm: bool = False

    def __post_init__(self) -> None:
        hold_positive_integers(self, "num_units", "num_proj")
        for name in ("cell_clip", "proj_clip"):
            value = getattr(self, name)
            if value is not None and not value >= 0:
                raise ValueError(f"{name} must not be negative (None: no clipping), but is {value!r}.")
        object.__setattr__(self, "activation", activations.canonical(self.activation))

    @property
    def state_size(self) -> LSTMStateTuple:
        return LSTMStateTuple(self.num_units, self.output_size)

    @property
    def output_size(self) -> int:
        return self.num_units if self.num_proj is None else self.num_proj

    def parameters(self, input_size: int) -> tuple[Parameter, ...]:
        units = self.num_units
        found = [Parameter("kernel", (input_size + self.output_size, 4 * units))]
        if not self.layer_norm:
            found.append(Parameter("bias", (4 * units,), 0.0))
        if self.use_peepholes:
            found += [Parameter(name, (units,)) for name in ("w_f_diag", "w_i_diag", "w_o_diag")]
        if self.num_proj is not None:
            found.append(Parameter("projection/kernel", (units, self.num_proj)))
        if self.layer_norm:
            for name in (*NORMALIZED_GATES, "state"):
                found += [Parameter(f"{name}/gamma", (units,), 1.0), Parameter(f"{name}/beta", (units,), 0.0)]
        return tuple(found)

    def input_size(self, parameters: Mapping[str, Tensor]) -> int:
        return parameters["kernel"].shape[0] - self.output_size

    def project(self, parameters: Mapping[str, Tensor], inputs: Tensor) -> tuple[Tensor, ...]:
        kernel = parameters["kernel"]
        return (functional.linear(inputs, kernel[: -self.output_size].t(), parameters.get("bias")),)

    def recur(
        self,
        parameters: Mapping[str, Tensor],
        projected: tuple[Tensor, ...],
        state: LSTMStateTuple,
        drop: Callable[[Tensor], Tensor] | None = None,
    ) -> tuple[Tensor, LSTMStateTuple]:
        """`drop` is recurrent dropout's (Semeniuta et al. 2016): it acts on what joins c, and on nothing
        else.
        """
        gates = torch.addmm(projected[0], state.h, parameters["kernel"][-self.output_size :])
        return self._from_gates(parameters, gates, state.c, drop)

    def _from_gates(
        self,
        parameters: Mapping[str, Tensor],
        gates: Tensor,
        c: Tensor,
        drop: Callable[[Tensor], Tensor] | None,
    ) -> tuple[Tensor, LSTMStateTuple]:
        activation = activations.function(self.activation)
        i, j, f, o = gates.chunk(4, dim=1)
        if self.layer_norm:
            i, j, f, o = (
                normalize(gate, parameters[f"{name}/gamma"], parameters[f"{name}/beta"])
                for gate, name in zip((i, j, f, o), NORMALIZED_GATES, strict=True)
            )
        f = f + self.forget_bias
        if self.use_peepholes:
            f = f + parameters["w_f_diag"] * c
            i = i + parameters["w_i_diag"] * c
        joining = activation(j) if drop is None else drop(activation(j))
        c = torch.sigmoid(f) * c + torch.sigmoid(i) * joining
        if self.layer_norm:
            c = normalize(c, parameters["state/gamma"], parameters["state/beta"])
        if self.cell_clip is not None:
            c = self._clipped(c, self.cell_clip)
        if self.use_peepholes:
            o = o + parameters["w_o_diag"] * c
        h = torch.sigmoid(o) * activation(c)
        if self.num_proj is not None:
            h = h @ parameters["projection/kernel"]
            if self.proj_clip is not None:
                h = torch.clamp(h, -self.proj_clip, self.proj_clip)
        return h, LSTMStateTuple(c, h)

    def _clipped(self, c: Tensor, bound: float) -> Tensor:
        return torch.clamp(c, -bound, bound)

    def step(
        self, parameters: Mapping[str, Tensor], inputs: Tensor, state: LSTMStateTuple
    ) -> tuple[Tensor, LSTMStateTuple]:
        if torch.is_grad_enabled() and not inputs.requires_grad:
            # Joined to the state, they would be given a gradient that nobody needs.
            return self.recur(parameters, self.project(parameters, inputs), state)
        # One product, not two: with nothing to project ahead it is quicker, and its gradient more so.
        kernel, bias = parameters["kernel"], parameters.get("bias")
        joined = torch.cat((inputs, state.h), 1)
        gates = joined @ kernel if bias is None else torch.addmm(bias, joined, kernel)
        return self._from_gates(parameters, gates, state.c, None)
