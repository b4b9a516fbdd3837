"""From torch.nn's weights to a family's: one `kernel` `[input_size + units, gates * units]` and one `bias`.

It happens in every forward pass, and at batch 1 each small op counts: one `cat` makes a kernel, and every
reordering is a view.
"""

from __future__ import annotations

import torch
from torch import Tensor


def fused_kernel(weight_ih: Tensor, weight_hh: Tensor) -> Tensor:
    """The kernel `[input_size + hidden, gates * units]` of `weight_ih` `[gates * units, input_size]` and
    `weight_hh` `[gates * units, hidden]`, gates in the order given.

    >>> fused_kernel(torch.ones(8, 3), torch.zeros(8, 2)).shape
    torch.Size([5, 8])
    """
    return torch.cat([weight_ih, weight_hh], dim=1).t()


def fused_lstm_kernel(weight_ih: Tensor, weight_hh: Tensor) -> Tensor:
    """`fused_kernel` of an LSTM, whose gates i, f, g, o become i, j, f, o (g is j).

    >>> gates = torch.tensor([[1.0], [2.0], [3.0], [4.0]])  # of one unit
    >>> fused_lstm_kernel(gates, 10 * gates)
    tensor([[ 1.,  3.,  2.,  4.],
            [10., 30., 20., 40.]])
    """
    kernel = torch.cat([_gates_i_j_f_o(weight_ih), _gates_i_j_f_o(weight_hh)], dim=3)
    return kernel.reshape(-1, kernel.shape[3]).t()


def fused_lstm_bias(bias_ih: Tensor, bias_hh: Tensor) -> Tensor:
    """The sum of an LSTM's two biases `[4 * units]`, gates i, f, g, o, in the order i, j, f, o.

    >>> fused_lstm_bias(torch.tensor([1.0, 2.0, 3.0, 4.0]), torch.zeros(4))
    tensor([1., 3., 2., 4.])
    """
    return _gates_i_j_f_o(bias_ih + bias_hh).reshape(-1)


def _gates_i_j_f_o(gates: Tensor) -> Tensor:
    """`[4 * units, ...]` with the gates i, f, g, o, as a view `[2, 2, units, ...]` in the order i, g, f, o.

    Seen as a square of gates, exchanging the middle two is transposing it: it costs nothing.
    """
    return gates.view(2, 2, -1, *gates.shape[1:]).transpose(0, 1)
