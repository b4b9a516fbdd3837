"""`GRU`: the layer that drops in for `torch.nn.GRU`."""

from __future__ import annotations

import torch
from torch import Tensor

from ostinato.cells.zoneout import check_probability
from ostinato.layers.fused import fused_kernel, transposed
from ostinato.layers.rnn import SingleStateLayer
from ostinato.steps import ResetAfterGRU


class GRU(SingleStateLayer):
    """The GRU of `torch.nn.GRU` (Cho et al. 2014, in cuDNN's form), with lengths.

    r, z = sigmoid(W_ih x + b_ih + W_hh h + b_hh);  n = tanh(W_in x + b_in + r * (W_hn h + b_hn));
    h' = (1 - z) * n + z * h.

    Arguments, call, shapes and errors as for `ostinato.RNN`, without `nonlinearity`. Parameters for each
    layer k of n units: `weight_ih_l{k}` `[3 * n, input_size or D * n]`, `weight_hh_l{k}` `[3 * n, n]`,
    `bias_ih_l{k}`, `bias_hh_l{k}` `[3 * n]`, gates in the order r, z, n, and the same with `_reverse`.

    >>> layer = GRU(12, 64, bidirectional=True)
    >>> output, h_n = layer(torch.randn(20, 3, 12))
    >>> output.shape, h_n.shape
    (torch.Size([20, 3, 128]), torch.Size([2, 3, 64]))
    """

    gates = 3

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
        *,
        zoneout: float = 0.0,
    ) -> None:
        super().__init__(
            "GRU", input_size, hidden_size, num_layers, bias, batch_first, dropout, bidirectional
        )
        self.zoneout = (check_probability("zoneout", zoneout),)
        self.family = ResetAfterGRU(hidden_size)
        self.make_parameters(device, dtype)

    def family_parameters(self, values: dict[str, Tensor]) -> list[Tensor]:
        gates = 2 * self.hidden_size
        weight_ih, weight_hh = values["weight_ih"], values["weight_hh"]
        if self.bias:
            bias_ih, bias_hh = values["bias_ih"], values["bias_hh"]
        else:
            bias_ih = bias_hh = weight_ih.new_zeros(3 * self.hidden_size)
        return [
            fused_kernel(weight_ih[:gates], weight_hh[:gates]),
            bias_ih[:gates] + bias_hh[:gates],
            transposed(weight_ih[gates:]),
            bias_ih[gates:],
            transposed(weight_hh[gates:]),
            bias_hh[gates:],
        ]
