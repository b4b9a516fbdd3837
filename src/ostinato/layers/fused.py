"""From torch.nn's weights to a family's: one `kernel` `[input_size + units, gates * units]` and one `bias`.

It happens in every forward pass, so it must be cheap both ways. The results are contiguous, as the sequence
operators read them: otherwise the forward and the backward pass would each make a copy. A weight is
transposed by itself, before anything is put side by side or in order: that, and its gradient, is the one
transposition that torch does in blocks, several times as fast as any other.
"""

from __future__ import annotations

import torch
from torch import Tensor


def transposed(weight: Tensor) -> Tensor:
    """`weight` `[n, m]` as a contiguous `[m, n]`."""
    return weight.t().contiguous()


def fused_kernel(weight_ih: Tensor, weight_hh: Tensor) -> Tensor:
    """The kernel `[input_size + hidden, gates * units]` of `weight_ih` `[gates * units, input_size]` and
    `weight_hh` `[gates * units, hidden]`, gates in the order given.

    >>> fused_kernel(torch.ones(8, 3), torch.zeros(8, 2)).shape
    torch.Size([5, 8])
    """
    return torch.cat([transposed(weight_ih), transposed(weight_hh)])


def fused_lstm_kernel(weight_ih: Tensor, weight_hh: Tensor) -> Tensor:
    """`fused_kernel` of an LSTM, whose gates i, f, g, o become i, j, f, o (g is j).

    >>> gates = torch.tensor([[1.0], [2.0], [3.0], [4.0]])  # of one unit
    >>> fused_lstm_kernel(gates, 10 * gates)
    tensor([[ 1.,  3.,  2.,  4.],
            [10., 30., 20., 40.]])
    """
    return _gates_i_j_f_o(fused_kernel(weight_ih, weight_hh))


def fused_lstm_bias(bias_ih: Tensor, bias_hh: Tensor) -> Tensor:
    """The sum of an LSTM's two biases `[4 * units]`, gates i, f, g, o, in the order i, j, f, o.

    >>> fused_lstm_bias(torch.tensor([1.0, 2.0, 3.0, 4.0]), torch.zeros(4))
    tensor([1., 3., 2., 4.])
    """
    return _gates_i_j_f_o(bias_ih + bias_hh)


def _gates_i_j_f_o(gates: Tensor) -> Tensor:
    i, f, g, o = gates.chunk(4, dim=-1)
    return torch.cat([i, g, f, o], dim=-1)
