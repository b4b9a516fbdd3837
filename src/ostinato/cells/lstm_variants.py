"""LSTMs that differ from `LSTMCell` in a gate, a normalisation or a dropout: shells over their families."""

from __future__ import annotations

import torch

from ostinato._init import Initializer
from ostinato.cells.dropout import KeepProbability
from ostinato.cells.family import OwningCell
from ostinato.cells.recurrent_dropout import RecurrentDropout
from ostinato.steps import LSTM, CoupledLSTM, WeightNormLSTM
from ostinato.steps.activations import Activation


class LayerNormBasicLSTMCell(RecurrentDropout, OwningCell):
    """The LSTM with layer normalisation and recurrent dropout. TF1: `tf.contrib.rnn.LayerNormBasicLSTMCell`;
    Ba et al. 2016, Semeniuta et al. 2016.

        c' = norm(sigmoid(norm(f) + forget_bias) * c + sigmoid(norm(i)) * dropout(activation(norm(j))))
        h' = sigmoid(norm(o)) * activation(c')

    In training mode (`.train()`) only what joins c is dropped, anew at each step and for each row. Without
    dropout it is `LSTMCell(..., layer_norm=True)`, and runs as fast.

    Args:
        num_units: units n.
        input_size: the depth of the inputs.
        dropout_keep_prob: a float in (0, 1] (1.0: no dropout) or a scalar tensor.
        seed: mixed into the masks, to tell apart runs that share a driver's seed.
        layer_norm: False leaves out every norm, and adds `bias`.
        norm_gain, norm_shift: what each `gamma` and each `beta` starts at.
        forget_bias, activation, initializer, device, dtype: as for `BasicLSTMCell`.

    Parameters: `kernel` `[input_size + n, 4 * n]`; `gamma` and `beta` `[n]` of each of `input`, `transform`,
    `forget`, `output` and `state`, or `bias` `[4 * n]`. State: `LSTMStateTuple(c, h)`, each `[batch, n]`; the
    output is h.

    Raises:
        ValueError: a probability outside (0, 1].

    >>> cell = LayerNormBasicLSTMCell(4, input_size=3, dropout_keep_prob=0.5, norm_gain=0.5)
    >>> output, state = cell(torch.ones(2, 3), cell.zero_state(2))
    >>> output.shape, cell.output.gamma[0].item()
    (torch.Size([2, 4]), 0.5)
    """

    def __init__(
        self,
        num_units: int,
        input_size: int,
        *,
        dropout_keep_prob: KeepProbability = 1.0,
        seed: int | None = None,
        layer_norm: bool = True,
        norm_gain: float = 1.0,
        norm_shift: float = 0.0,
        forget_bias: float = 1.0,
        activation: Activation | None = None,
        initializer: Initializer | None = None,
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        self._norm_starts = {"gamma": norm_gain, "beta": norm_shift}
        family = LSTM(num_units, forget_bias, activation or "tanh", layer_norm=layer_norm)
        super().__init__(family, input_size, initializer, device, dtype)
        self.set_dropout(dropout_keep_prob, seed)

    def reset_parameters(self) -> None:
        """Initialise anew: gammas to `norm_gain`, betas to `norm_shift`, `bias` to 0, `kernel` by
        `initializer` or glorot_uniform.
        """
        super().reset_parameters()
        with torch.no_grad():
            for name, parameter in self.family_parameters().items():
                start = self._norm_starts.get(name.split("/")[-1])
                if start is not None:
                    parameter.fill_(start)

    def extra_repr(self) -> str:
        keep_prob = self.dropout_keep_prob
        return super().extra_repr() + ("" if keep_prob == 1.0 else f", dropout_keep_prob={keep_prob}")


class CoupledInputForgetGateLSTMCell(OwningCell):
    """The LSTM whose input gate is what its forget gate leaves. TF1:
    `tf.contrib.rnn.CoupledInputForgetGateLSTMCell`; Greff et al. 2015, Sak et al. 2014 for the rest.

        f = sigmoid(f + forget_bias);  c' = f * c + (1 - f) * activation(j);  h' = sigmoid(o) * activation(c')

    Args:
        num_units: units n.
        input_size: the depth of the inputs.
        use_peepholes: f also sees the previous c, o the new one, through diagonal weights.
        num_proj: the output is projected to this size, without bias.
        proj_clip: the projected output is clipped to [-proj_clip, proj_clip].
        layer_norm: j, f, o and the new c are normalised over the units; there is no `B` then. The cell of
            TF1 still makes one, which nothing reads: leave it out of weights that come from there.
        forget_bias, activation, initializer, device, dtype: as for `BasicLSTMCell`.

    Parameters: `W_0` `[input_size + m, 3 * n]` (j, f, o), `B` `[3 * n]`; with peepholes `W_F_diag` and
    `W_O_diag` `[n]`; with `num_proj` `W_P_0` `[n, num_proj]`; with `layer_norm` `gamma` and `beta` `[n]` of
    each of `transform`, `forget`, `output` and `state`. m is `num_proj` or n. State:
    `LSTMStateTuple(c [batch, n], h [batch, m])`; the output is h.

    >>> cell = CoupledInputForgetGateLSTMCell(4, input_size=3)
    >>> {name: tuple(p.shape) for name, p in cell.named_parameters()}
    {'W_0': (7, 12), 'B': (12,)}
    """

    def __init__(
        self,
        num_units: int,
        input_size: int,
        *,
        use_peepholes: bool = False,
        num_proj: int | None = None,
        proj_clip: float | None = None,
        layer_norm: bool = False,
        forget_bias: float = 1.0,
        activation: Activation | None = None,
        initializer: Initializer | None = None,
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        family = CoupledLSTM(
            num_units, forget_bias, activation or "tanh", use_peepholes, num_proj, proj_clip, layer_norm
        )
        super().__init__(family, input_size, initializer, device, dtype)


class WeightNormLSTMCell(OwningCell):
    """The LSTM with normalised weights. TF1: `WeightNormLSTMCell` of
    `tensorflow.contrib.rnn.python.ops.rnn_cell`; Salimans and Kingma 2016.

    It is `LSTMCell` over matrices whose columns have lengths of their own: `kernel[:, k]` is divided by its
    length, its part for the inputs and its part for h apart, and multiplied by `norm_0[k]` and `norm_1[k]`.
    The normalised matrices are computed once a sequence.

    Args:
        num_units: units n.
        input_size: the depth of the inputs.
        use_peepholes, cell_clip, num_proj, proj_clip: as for `LSTMCell`.
        forget_bias, activation, device, dtype: as for `BasicLSTMCell`.
        initializer: fills the matrices, the lengths and the peepholes in place (default: glorot_uniform, as
            in TF1).

    Parameters: those of `LSTMCell`, with `norm_0` and `norm_1` `[4 * n]`, and with `num_proj`
    `projection.norm_0` `[num_proj]`. State: `LSTMStateTuple(c, h)`; the output is h.

    >>> cell = WeightNormLSTMCell(4, input_size=3)
    >>> {name: tuple(p.shape) for name, p in cell.named_parameters()}
    {'kernel': (7, 16), 'norm_0': (16,), 'norm_1': (16,), 'bias': (16,)}
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
        forget_bias: float = 1.0,
        activation: Activation | None = None,
        initializer: Initializer | None = None,
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        family = WeightNormLSTM(
            num_units, forget_bias, activation or "tanh", use_peepholes, cell_clip, num_proj, proj_clip
        )
        super().__init__(family, input_size, initializer, device, dtype)
