"""`LSTM`: the layer that drops in for `torch.nn.LSTM`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.nn.utils.rnn import PackedSequence

from ostinato import steps
from ostinato._state import LSTMStateTuple
from ostinato.cells.zoneout import check_probability
from ostinato.layers import checks
from ostinato.layers.base import RecurrentLayer
from ostinato.layers.fused import fused_lstm_bias, fused_lstm_kernel, transposed

State = tuple[Tensor, Tensor]
_NORMS_I_J_F_O_C = (0, 2, 1, 3, 4)
"""Where the layer norms of i, j, f, o and c stand among those of i, f, g, o and c (g is j)."""


class LSTMOutputs(NamedTuple):
    """What `ostinato.LSTM` returns with `return_all_states=True`.

    Attributes:
        output: h of every step of the last layer, `[..., D * output size]` in the form of the input.
        state: `(h_n, c_n)`.
        cell_states: c of every step of the last layer, `[..., D * hidden_size]` in the form of the input;
            zeros past a row's length.
    """

    output: Any
    state: State
    cell_states: Any


class LSTM(RecurrentLayer):
    """The LSTM of `torch.nn.LSTM` (Hochreiter and Schmidhuber 1997; projection: Sak et al. 2014), with
    lengths, all cell states, layer norm and zoneout.

    i, f, o = sigmoid(W x + b + W' h + b'), g = tanh(...);  c' = f * c + i * g;  h' = o * tanh(c').

    Args:
        input_size: the depth of the inputs.
        hidden_size: units n.
        num_layers: layers, each over the outputs of the one before it.
        bias: whether there are biases.
        batch_first: inputs and outputs are `[batch, time, ...]`, not `[time, batch, ...]`.
        dropout: of what passes from layer to layer, in training: a probability in [0, 1].
        bidirectional: a second direction over each row from its end; outputs side by side.
        proj_size: h is projected to this size m (without bias); 0: not, and m = n.
        device, dtype: of the parameters.
        layer_norm: normalise each gate, and the new c, over the units (Ba, Kiros and Hinton 2016), as
            `ostinato.LSTMCell(layer_norm=True)` with a forget_bias of 0 does. The norms' biases take the
            place of the other ones.
        zoneout: the probability that a unit keeps its state at a step (Krueger et al. 2016), in training; in
            evaluation the state is the expectation. Two numbers are (of h, of c). A layer with zoneout runs
            step by step.

    Call: `output, (h_n, c_n) = layer(input, (h_0, c_0)=zeros, *, sequence_length=None,
    return_all_states=False, seed=None)`.
        input: `[time, batch, input_size]`; `[batch, time, input_size]` with `batch_first`; `[time,
            input_size]` of one row without a batch; or a `PackedSequence`.
        h_0, c_0: `[num_layers * D, batch, m]` and `[num_layers * D, batch, n]`, D = 2 if bidirectional else
            1; without a batch `[num_layers * D, m]` and so on. An `LSTMStateTuple` goes by its names.
        sequence_length: integers `[batch]` (a number without a batch): outputs past a row's length are zeros,
            h_n and c_n are those of its last step, and the reverse direction begins there. Padding is never
            read.
        return_all_states: return an `LSTMOutputs`, which has c of every step besides.
        seed: of the masks of dropout and zoneout; None: drawn from torch's default generator.
        output: `[..., D * m]` in the form of the input.
        h_n, c_n: as h_0, c_0.

    Parameters, by torch.nn's names, for each layer k: `weight_ih_l{k}` `[4 * n, input_size or D * m]`,
    `weight_hh_l{k}` `[4 * n, m]`, `bias_ih_l{k}`, `bias_hh_l{k}` `[4 * n]`, with a projection
    `weight_hr_l{k}` `[m, n]`, and the same with `_reverse`; gates in the order i, f, g, o. With `layer_norm`
    there are, in place of the biases, `layer_norm_weight_l{k}` and `layer_norm_bias_l{k}` `[5 * n]`, in the
    order i, f, g, o, c.

    Raises:
        ValueError: a size or probability that is none.
        TypeError: an argument of another type.

    >>> layer = LSTM(12, 64, num_layers=2, batch_first=True)
    >>> output, (h_n, c_n) = layer(torch.randn(3, 20, 12), sequence_length=[20, 7, 1])
    >>> output.shape, h_n.shape, bool((output[1, 7:] == 0).all()), bool((h_n[1, 1] == output[1, 6]).all())
    (torch.Size([3, 20, 64]), torch.Size([2, 3, 64]), True, True)
    >>> output, (h_n, c_n), cell_states = layer(torch.randn(3, 20, 12), return_all_states=True)
    >>> cell_states.shape, bool((cell_states[:, -1] == c_n[1]).all())
    (torch.Size([3, 20, 64]), True)
    """

    gates = 4
    state_names = ("h_0", "c_0")

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        proj_size: int = 0,
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
        *,
        layer_norm: bool = False,
        zoneout: float | tuple[float, float] = 0.0,
    ) -> None:
        super().__init__(
            "LSTM",
            input_size,
            hidden_size,
            num_layers,
            bias,
            batch_first,
            dropout,
            bidirectional,
            proj_size,
        )
        checks.check_flag("layer_norm", layer_norm)
        self.layer_norm = layer_norm
        self.zoneout = _h_and_c_of_zoneout(zoneout)
        self.family = steps.LSTM(
            hidden_size, forget_bias=0.0, num_proj=proj_size or None, layer_norm=layer_norm
        )
        self.make_parameters(device, dtype)

    def parameter_shapes(self, input_size: int) -> dict[str, tuple[int, ...]]:
        shapes = super().parameter_shapes(input_size)
        if not self.layer_norm:
            return shapes
        kept = {name: shape for name, shape in shapes.items() if not name.startswith("bias")}
        norms = ("layer_norm_weight", "layer_norm_bias")[: 2 if self.bias else 1]
        return kept | dict.fromkeys(norms, (5 * self.hidden_size,))

    def family_parameters(self, values: dict[str, Tensor]) -> list[Tensor]:
        weight_ih = values["weight_ih"]
        found = [fused_lstm_kernel(weight_ih, values["weight_hh"])]
        if self.bias and not self.layer_norm:
            found.append(fused_lstm_bias(values["bias_ih"], values["bias_hh"]))
        elif not self.layer_norm:
            found.append(weight_ih.new_zeros(weight_ih.shape[0]))
        if self.proj_size:
            found.append(transposed(values["weight_hr"]))
        if self.layer_norm:
            gamma = values["layer_norm_weight"]
            beta = values["layer_norm_bias"] if self.bias else torch.zeros_like(gamma)
            pairs = list(zip(gamma.chunk(5), beta.chunk(5), strict=True))
            found += [part for index in _NORMS_I_J_F_O_C for part in pairs[index]]
        return found

    def family_state(self, parts: Sequence[Any]) -> LSTMStateTuple:
        return LSTMStateTuple(c=parts[1], h=parts[0])

    def state_parts(self, state: LSTMStateTuple) -> Sequence[Tensor]:
        return state.h, state.c

    def extra_repr(self) -> str:
        return super().extra_repr() + (", layer_norm=True" if self.layer_norm else "")

    def forward(
        self,
        input: Tensor | PackedSequence,
        hx: State | None = None,
        *,
        sequence_length: Tensor | Sequence[int] | None = None,
        return_all_states: bool = False,
        seed: Tensor | int | None = None,
    ) -> tuple[Any, State] | LSTMOutputs:
        """Run the layer: `output, (h_n, c_n) = layer(input, (h_0, c_0))`. For shapes see the class.

        Raises:
            TypeError: an argument is no tensor, or hx no pair.
            ValueError: a rank, dtype or length that does not fit.
            RuntimeError: a shape, device, or dtype of the state that does not fit.
        """
        states = None if hx is None else _h_and_c(hx)
        output, (h_n, c_n), cells = self._run(input, states, sequence_length, seed, return_all_states)
        return LSTMOutputs(output, (h_n, c_n), cells) if return_all_states else (output, (h_n, c_n))


def _h_and_c(hx: Any) -> tuple[Tensor, Tensor]:
    if isinstance(hx, LSTMStateTuple):
        return hx.h, hx.c  # by name: its order is the other one
    if not isinstance(hx, list | tuple) or len(hx) != 2:
        seen = f"a {type(hx).__name__}" + (f" of {len(hx)}" if isinstance(hx, list | tuple) else "")
        raise TypeError(f"LSTM needs its initial state as a pair (h_0, c_0), but got {seen}.")
    return hx[0], hx[1]


def _h_and_c_of_zoneout(zoneout: Any) -> tuple[float, float]:
    if isinstance(zoneout, LSTMStateTuple):
        h, c = zoneout.h, zoneout.c
    elif isinstance(zoneout, list | tuple) and len(zoneout) == 2:
        h, c = zoneout
    else:
        h = c = zoneout
    return check_probability("zoneout", h), check_probability("zoneout", c)
