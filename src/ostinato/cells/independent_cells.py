"""Cells with a recurrent weight a unit in the place of a matrix."""

from __future__ import annotations

import torch

from ostinato._init import Initializer
from ostinato.cells.family import OwningCell
from ostinato.steps import IndRNN, IndyGRU, IndyLSTM
from ostinato.steps.activations import Activation


class IndRNNCell(OwningCell):
    """The independently recurrent network (Li et al. 2018). TF1: `tf.contrib.rnn.IndRNNCell`.

        h' = activation(x @ kernel_w + h * kernel_u + bias)

    Args:
        num_units: units n, the size of output and state.
        input_size: the depth of the inputs.
        activation, initializer, device, dtype: as for `BasicRNNCell`.

    Parameters: `kernel_w` `[input_size, n]`, `kernel_u` `[1, n]`, which starts in U(-1, 1), `bias` `[n]`.
    State: `[batch, n]`; the output is it.

    >>> bool((IndRNNCell(4, input_size=3).kernel_u.abs() <= 1).all())
    True
    """

    def __init__(
        self,
        num_units: int,
        input_size: int,
        *,
        activation: Activation | None = None,
        initializer: Initializer | None = None,
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        super().__init__(IndRNN(num_units, activation or "tanh"), input_size, initializer, device, dtype)


class IndyGRUCell(OwningCell):
    """A GRU whose recurrent matrices are diagonal, with reset gate r and update gate u (Li et al. 2018; Cho
    et al. 2014). TF1: `tf.contrib.rnn.IndyGRUCell`.

        r, u = sigmoid(x @ gates.kernel_w + [h, h] * gates.kernel_u + gates.bias)
        n = activation(x @ candidate.kernel + r * h * candidate.kernel_u + candidate.bias)
        h' = u * h + (1 - u) * n

    Args:
        num_units: units n, the size of output and state.
        input_size: the depth of the inputs.
        activation, initializer, device, dtype: as for `BasicRNNCell`.

    Parameters: `gates.kernel_w` `[input_size, 2 * n]`, `gates.kernel_u` `[1, 2 * n]`, `gates.bias` `[2 * n]`,
    which starts at 1, `candidate.kernel` `[input_size, n]`, `candidate.kernel_u` `[1, n]`, `candidate.bias`
    `[n]`. The `kernel_u` start in U(-1, 1). State: `[batch, n]`; the output is it.

    >>> IndyGRUCell(4, input_size=3).gates.kernel_u.shape
    torch.Size([1, 8])
    """

    def __init__(
        self,
        num_units: int,
        input_size: int,
        *,
        activation: Activation | None = None,
        initializer: Initializer | None = None,
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        super().__init__(IndyGRU(num_units, activation or "tanh"), input_size, initializer, device, dtype)


class IndyLSTMCell(OwningCell):
    """An LSTM whose recurrent matrices are diagonal (Gonnet and Deselaers 2019). TF1:
    `tf.contrib.rnn.IndyLSTMCell`.

        i, j, f, o = x @ kernel_w + [h, h, h, h] * kernel_u + bias
        c' = sigmoid(f + forget_bias) * c + sigmoid(i) * activation(j);  h' = sigmoid(o) * activation(c')

    Args:
        num_units: units n.
        input_size: the depth of the inputs.
        forget_bias, activation, initializer, device, dtype: as for `BasicLSTMCell`.

    Parameters: `kernel_w` `[input_size, 4 * n]`, `kernel_u` `[1, 4 * n]`, which starts in U(-1, 1), `bias`
    `[4 * n]`. State: `LSTMStateTuple(c, h)`, both `[batch, n]`; the output is h.

    >>> IndyLSTMCell(4, input_size=3).state_size
    LSTMStateTuple(c=4, h=4)
    """

    def __init__(
        self,
        num_units: int,
        input_size: int,
        *,
        forget_bias: float = 1.0,
        activation: Activation | None = None,
        initializer: Initializer | None = None,
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        family = IndyLSTM(num_units, forget_bias, activation or "tanh")
        super().__init__(family, input_size, initializer, device, dtype)
