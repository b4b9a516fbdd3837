"""Cells with gates of other kinds than LSTM and GRU have."""

from __future__ import annotations

import torch

from ostinato._init import Initializer
from ostinato.cells.family import OwningCell
from ostinato.steps import CFN, NAS, SRU, UGRNN, IntersectionRNN, MinimalRNN
from ostinato.steps.activations import Activation


class NASCell(OwningCell):
    """The cell that a neural architecture search found (Zoph and Le 2017). TF1: `tf.contrib.rnn.NASCell`.

    With x @ kernel in eight parts x0 .. x7 and h @ recurrent_kernel + bias in h0 .. h7:

        a = tanh(sigmoid(x0 + h0) * relu(x1 + h1));  b = tanh(sigmoid(x2 + h2) + relu(x3 * h3))
        d = tanh(tanh(x4 + h4) * sigmoid(x5 + h5));  e = sigmoid(tanh(x6 + h6) + sigmoid(x7 + h7))
        c' = tanh(a + c) * b;  h' = tanh(c' * tanh(d + e))

    Args:
        num_units: units n.
        input_size: the depth of the inputs.
        num_proj: the output is projected to this size, without bias.
        use_bias: whether there is a `bias`; it starts at 0.
        initializer: fills the matrices in place (default: glorot_uniform).
        device, dtype: of the parameters.

    Parameters: `recurrent_kernel` `[m, 8 * n]`, `kernel` `[input_size, 8 * n]`, `bias` `[8 * n]`,
    `projection_weights` `[n, num_proj]`; m is `num_proj` or n. State: `LSTMStateTuple(c [batch, n], h
    [batch, m])`; the output is h.

    >>> NASCell(8, input_size=3, num_proj=2).state_size
    LSTMStateTuple(c=8, h=2)
    """

    def __init__(
        self,
        num_units: int,
        input_size: int,
        *,
        num_proj: int | None = None,
        use_bias: bool = False,
        initializer: Initializer | None = None,
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        super().__init__(NAS(num_units, num_proj, use_bias), input_size, initializer, device, dtype)


class UGRNNCell(OwningCell):
    """The update gate RNN (Collins, Sohl-Dickstein and Sussillo 2017). TF1: `tf.contrib.rnn.UGRNNCell`.

        g, c = [x, h] @ kernel + bias;  g = sigmoid(g + forget_bias);  h' = g * h + (1 - g) * activation(c)

    Args:
        num_units: units n, the size of output and state.
        input_size: the depth of the inputs.
        forget_bias: added to the gate at run time, never stored.
        activation, initializer, device, dtype: as for `BasicRNNCell`.

    Parameters: `kernel` `[input_size + n, 2 * n]`, `bias` `[2 * n]`. State: `[batch, n]`; the output is it.

    >>> cell = UGRNNCell(4, input_size=3)
    >>> output, state = cell(torch.ones(2, 3), cell.zero_state(2))
    >>> output is state
    True
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
        family = UGRNN(num_units, activation or "tanh", forget_bias)
        super().__init__(family, input_size, initializer, device, dtype)


class IntersectionRNNCell(OwningCell):
    """The intersection RNN, or +RNN, for deep stacks: one gate through time, one through depth (Collins,
    Sohl-Dickstein and Sussillo 2017). TF1: `tf.contrib.rnn.IntersectionRNNCell`.

        p, s, q, y = [x, h] @ kernel + bias
        h' = sigmoid(p + forget_bias) * h + (1 - sigmoid(p + forget_bias)) * tanh(s)
        output = sigmoid(q + forget_bias) * x + (1 - sigmoid(q + forget_bias)) * y_activation(y)

    Args:
        num_units: units n, the size of output and state.
        input_size: the depth of the inputs.
        num_in_proj: where `input_size` is not n this has to be n: x is then projected to that first.
        forget_bias: added to both gates at run time, never stored.
        y_activation: a name or a function of a tensor.
        initializer, device, dtype: as for `BasicRNNCell`.

    Parameters: `kernel` `[2 * n, 4 * n]`, `bias` `[4 * n]`; with a projection `in_projection.kernel`
    `[input_size, n]`, `in_projection.bias` `[n]`. State: `[batch, n]`; the output is another tensor.

    Raises:
        ValueError: `input_size` is not `num_units`, and `num_in_proj` is None.

    >>> IntersectionRNNCell(4, input_size=3, num_in_proj=4).in_projection.kernel.shape
    torch.Size([3, 4])
    """

    def __init__(
        self,
        num_units: int,
        input_size: int,
        *,
        num_in_proj: int | None = None,
        forget_bias: float = 1.0,
        y_activation: Activation = "relu",
        initializer: Initializer | None = None,
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        projects = input_size != num_units
        if projects and num_in_proj != num_units:
            raise ValueError(
                f"An IntersectionRNNCell needs inputs as deep as it has units, but input_size is "
                f"{input_size} and num_units is {num_units}: pass num_in_proj={num_units}."
            )
        family = IntersectionRNN(num_units, y_activation, forget_bias, projects)
        super().__init__(family, input_size, initializer, device, dtype)


class SRUCell(OwningCell):
    """The simple recurrent unit, whose loop over time holds no matrix product (Lei, Zhang and Artzi 2017).
    TF1: `tf.contrib.rnn.SRUCell`.

        z, f, r, y = x @ kernel;  f, r = sigmoid([f, r] + bias)
        c' = f * c + (1 - f) * z;  output = r * activation(c') + (1 - r) * y

    Args:
        num_units: units n, the size of output and state.
        input_size: the depth of the inputs.
        activation, initializer, device, dtype: as for `BasicRNNCell`.

    Parameters: `kernel` `[input_size, 4 * n]`, `bias` `[2 * n]`. State: c `[batch, n]`, which is not the
    output.

    >>> SRUCell(4, input_size=3).kernel.shape
    torch.Size([3, 16])
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
        super().__init__(SRU(num_units, activation or "tanh"), input_size, initializer, device, dtype)


class MinimalRNNCell(OwningCell):
    """The MinimalRNN (Chen, Pennington and Schoenholz 2018). TF1: `MinimalRNNCell` of
    `tensorflow.contrib.rnn.python.ops.rnn_cell`.

        z = activation(x @ W);  u = sigmoid([z, h] @ V + bias);  h' = u * h + (1 - u) * z

    Args:
        num_units: units n, the size of output and state.
        input_size: the depth of the inputs.
        activation, initializer, device, dtype: as for `BasicRNNCell`.

    Parameters: `kernel` `[input_size + 2 * n, n]`, W over V, and `bias` `[n]`, which starts at 1. State:
    `[batch, n]`; the output is it.

    >>> MinimalRNNCell(4, input_size=3).kernel.shape
    torch.Size([11, 4])
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
        super().__init__(MinimalRNN(num_units, activation or "tanh"), input_size, initializer, device, dtype)


class CFNCell(OwningCell):
    """The chaos free network (Laurent and von Brecht 2017). TF1: `CFNCell` of
    `tensorflow.contrib.rnn.python.ops.rnn_cell`.

        p, q, z = x @ kernel;  p, q = sigmoid([p, q] + h @ recurrent_kernel + bias)
        h' = p * activation(h) + (1 - q) * activation(z)

    The input gate is 1 - q, and not the paper's q, so that gate biases of 1 start out remembering.

    Args:
        num_units: units n, the size of output and state.
        input_size: the depth of the inputs.
        activation, initializer, device, dtype: as for `BasicRNNCell`.

    Parameters: `kernel` `[input_size, 3 * n]`, `recurrent_kernel` `[n, 2 * n]`, and `bias` `[2 * n]`, which
    starts at 1. State: `[batch, n]`; the output is it.

    >>> CFNCell(2, input_size=3).bias.detach()
    tensor([1., 1., 1., 1.])
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
        super().__init__(CFN(num_units, activation or "tanh"), input_size, initializer, device, dtype)
