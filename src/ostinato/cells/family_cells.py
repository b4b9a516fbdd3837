"""The cells of `tf.nn.rnn_cell`: shells over the families of `ostinato.steps`."""

from __future__ import annotations

import torch

from ostinato._init import Initializer
from ostinato.cells.family import OwningCell
from ostinato.steps import GRU, LSTM, BasicRNN, ResetAfterGRU
from ostinato.steps.activations import Activation


class BasicRNNCell(OwningCell):
    """h' = activation([x, h] @ kernel + bias); the output is h'. TF1: `tf.nn.rnn_cell.BasicRNNCell`.

    Args:
        num_units: units n, the size of output and state.
        input_size: the depth of the inputs.
        activation: a name ("tanh", "relu", "sigmoid", "linear", ...) or a function of a tensor; None is tanh.
        initializer: fills `kernel` in place (default: glorot_uniform over the whole matrix). `bias` starts
            at 0.
        device, dtype: of the parameters.

    Parameters: `kernel` `[input_size + n, n]`, `bias` `[n]`. State: `[batch, n]`.

    >>> cell = BasicRNNCell(5, input_size=3)
    >>> output, state = cell(torch.ones(4, 3), cell.zero_state(4))
    >>> output.shape, output is state
    (torch.Size([4, 5]), True)
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
        super().__init__(BasicRNN(num_units, activation or "tanh"), input_size, initializer, device, dtype)


class GRUCell(OwningCell):
    """The gated recurrent unit (Cho et al. 2014) in both its forms, with reset gate r and update gate u:

        r, u = sigmoid([x, h] @ gates.kernel + gates.bias);  h' = u * h + (1 - u) * n

    By default the reset gate acts before the candidate's matmul (TF1: `tf.nn.rnn_cell.GRUCell`):

        n = activation([x, r * h] @ candidate.kernel + candidate.bias)

    With `reset_after=True` it acts after the matmul, as in cuDNN and `torch.nn.GRU` (TF1:
    `tf.contrib.cudnn_rnn.CudnnCompatibleGRUCell`). The weights of one form do not fit the other:

        n = activation(x @ W + b + r * (h @ R + d))

    Args:
        num_units: units n, the size of output and state.
        input_size: the depth of the inputs.
        reset_after: the form, as above.
        activation: the candidate's, as for `BasicRNNCell`.
        initializer: fills the kernels in place (default: glorot_uniform). The gate bias starts at 1, every
            other at 0.
        device, dtype: of the parameters.

    Parameters: `gates.kernel` `[input_size + n, 2 * n]` (reset, update), `gates.bias` `[2 * n]`, and
    `candidate.kernel` `[input_size + n, n]`, `candidate.bias` `[n]`; or with `reset_after`
    `candidate.input_projection.kernel` (W) `[input_size, n]`, `candidate.input_projection.bias` (b) `[n]`,
    `candidate.hidden_projection.kernel` (R) `[n, n]`, `candidate.hidden_projection.bias` (d) `[n]`.
    State: `[batch, n]`; the output is the state.

    >>> GRUCell(4, input_size=3).gates.bias
    Parameter containing:
    tensor([1., 1., 1., 1., 1., 1., 1., 1.], requires_grad=True)
    >>> GRUCell(4, input_size=3, reset_after=True).candidate.hidden_projection.kernel.shape
    torch.Size([4, 4])
    """

    def __init__(
        self,
        num_units: int,
        input_size: int,
        *,
        reset_after: bool = False,
        activation: Activation | None = None,
        initializer: Initializer | None = None,
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        form = ResetAfterGRU if reset_after else GRU
        super().__init__(form(num_units, activation or "tanh"), input_size, initializer, device, dtype)

    def extra_repr(self) -> str:
        reset_after = ", reset_after=True" if isinstance(self.family, ResetAfterGRU) else ""
        return super().extra_repr() + reset_after


class BasicLSTMCell(OwningCell):
    """The LSTM with TF1's fused kernel: gates i, j, f, o side by side. TF1:
    `tf.nn.rnn_cell.BasicLSTMCell`; Zaremba et al. 2014.

    c' = sigmoid(f + forget_bias) * c + sigmoid(i) * activation(j);  h' = sigmoid(o) * activation(c').

    Args:
        num_units: units n.
        input_size: the depth of the inputs.
        forget_bias: added to f at run time, never stored in `bias`.
        activation, initializer, device, dtype: as for `BasicRNNCell`.

    Parameters: `kernel` `[input_size + n, 4 * n]`, `bias` `[4 * n]`. State: `LSTMStateTuple(c, h)`, each
    `[batch, n]`; the output is h.

    >>> cell = BasicLSTMCell(64, input_size=12)
    >>> {name: tuple(p.shape) for name, p in cell.named_parameters()}
    {'kernel': (76, 256), 'bias': (256,)}
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
        super().__init__(
            LSTM(num_units, forget_bias, activation or "tanh"), input_size, initializer, device, dtype
        )


class LSTMCell(OwningCell):
    """The LSTM with peephole connections, clipping, a projection and layer normalisation. TF1:
    `tf.nn.rnn_cell.LSTMCell`, and `LayerNormLSTMCell` of `tensorflow.contrib.rnn.python.ops.rnn_cell`; Sak
    et al. 2014, Ba et al. 2016.

    With `layer_norm` each of the gates i, j, f, o is normalised over the units before forget bias and
    peephole join it, and c before it is clipped and output. With no other option this is TF1's
    `tf.contrib.rnn.LayerNormBasicLSTMCell` without its dropout. `LayerNormLSTMCell` makes a bias that
    nothing reads: leave it out of weights that come from there.

    Args:
        num_units: units n.
        input_size: the depth of the inputs.
        use_peepholes: f and i also see the previous c, o the new one, through diagonal weights.
        cell_clip: c is clipped to [-cell_clip, cell_clip] before it is output.
        num_proj: the output is projected to this size, without bias.
        proj_clip: the projected output is clipped to [-proj_clip, proj_clip].
        layer_norm: gates and c are normalised as above; there is no `bias` then.
        forget_bias, activation, initializer, device, dtype: as for `BasicLSTMCell`.

    Parameters: `kernel` `[input_size + m, 4 * n]`, `bias` `[4 * n]`; with peepholes `w_f_diag`,
    `w_i_diag`, `w_o_diag` `[n]`; with `num_proj` `projection.kernel` `[n, num_proj]`; with `layer_norm`
    `gamma` (starts at 1) and `beta` (at 0) `[n]` of each of `input`, `transform`, `forget`, `output` and
    `state`. m is `num_proj` or n. State: `LSTMStateTuple(c [batch, n], h [batch, m])`; the output is h.

    >>> LSTMCell(8, input_size=3, use_peepholes=True, num_proj=2).state_size
    LSTMStateTuple(c=8, h=2)
    >>> LSTMCell(2, input_size=3, layer_norm=True).state.gamma.detach()
    tensor([1., 1.])
    """

    def __init__(
        self,
        num_units: int,
        input_size: int,
        *,
        use_peepholes: bool = False,
        cell_clip: float | None = None,
        num_proj: int | None = None,
        proj_clip: float | None = None,
        layer_norm: bool = False,
        forget_bias: float = 1.0,
        activation: Activation | None = None,
        initializer: Initializer | None = None,
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        family = LSTM(
            num_units,
            forget_bias,
            activation or "tanh",
            use_peepholes,
            cell_clip,
            num_proj,
            proj_clip,
            layer_norm,
        )
        super().__init__(family, input_size, initializer, device, dtype)
