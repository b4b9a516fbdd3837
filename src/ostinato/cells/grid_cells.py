"""Cells that walk over frequencies as well as over time: shells over `steps.TimeFreqLSTM` and the grids."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from ostinato._init import Initializer
from ostinato.cells.family import OwningCell
from ostinato.steps import BidirectionalGridLSTM, GridLSTM, TimeFreqLSTM


class TimeFreqLSTMCell(OwningCell):
    """An LSTM that walks over the frequencies of each step. TF1: `tf.contrib.rnn.TimeFreqLSTMCell`; Sainath
    and Li 2016.

    At the frequency k it sees the window x_k of the inputs, its own m of the step before, and the m of the
    frequency below at this step:

        i, j, f, o = [x_k, m_k, m'_{k-1}] @ W_0 + B
        c'_k = sigmoid(f + forget_bias) * c_k + sigmoid(i) * tanh(j);  m'_k = sigmoid(o) * tanh(c'_k)

    Args:
        num_units: units n of each frequency.
        input_size: the depth of the inputs.
        feature_size: the size of a window.
        frequency_skip: how far each window lies from the one before. There are
            `F = (input_size - feature_size) // frequency_skip + 1` of them.
        use_peepholes: f and i also see the previous c, o the new one, through diagonal weights.
        cell_clip: c is clipped to [-cell_clip, cell_clip] before it is output.
        forget_bias: added to f at run time, never stored in `B`.
        initializer, device, dtype: as for `BasicRNNCell`.

    Parameters: `W_0` `[feature_size + 2 n, 4 n]`, `B` `[4 n]`; with peepholes `W_F_diag`, `W_I_diag`,
    `W_O_diag` `[n]`. State: one tensor `[batch, 2 n F]`, c and m of each frequency; the output is m of each,
    `[batch, n F]`.

    >>> cell = TimeFreqLSTMCell(4, input_size=8, feature_size=4, frequency_skip=2)
    >>> output, state = cell(torch.ones(2, 8), cell.zero_state(2))
    >>> output.shape, state.shape
    (torch.Size([2, 12]), torch.Size([2, 24]))
    """

    def __init__(
        self,
        num_units: int,
        input_size: int,
        feature_size: int,
        frequency_skip: int = 1,
        *,
        use_peepholes: bool = False,
        cell_clip: float | None = None,
        forget_bias: float = 1.0,
        initializer: Initializer | None = None,
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        family = TimeFreqLSTM(
            num_units, input_size, feature_size, frequency_skip, use_peepholes, cell_clip, forget_bias
        )
        super().__init__(family, input_size, initializer, device, dtype)


class GridLSTMCell(OwningCell):
    """A grid of two LSTMs, over time and over frequency. TF1: `tf.contrib.rnn.GridLSTMCell`; Kalchbrenner et
    al. 2016, with peepholes Sainath and Li 2016.

    At the frequency k both LSTMs see the window x_k, the m of the step before (`m_t`) and the m of the
    frequency below (`m_f`), each through its kernel; one keeps c along time, the other along frequency:

        i, j, f, o = [x_k, m_t, m_f] @ W + B
        c' = sigmoid(f + forget_bias) * c + sigmoid(i) * tanh(j);  m' = sigmoid(o) * tanh(c')

    Args:
        num_units: units n of each LSTM.
        input_size: the depth of the inputs.
        feature_size, frequency_skip: the size of a window, and how far it lies from the one before.
        num_frequency_blocks: the number of windows of each block; blocks have weights of their own.
        start_freqindex_list, end_freqindex_list: where each block lies in the inputs; without them there is
            one block, over all of them.
        use_peepholes: the gates also see the c of both LSTMs, through diagonal weights.
        share_time_frequency_weights: one set of weights for both LSTMs.
        couple_input_forget_gates: f = 1 - i.
        cell_clip: c is clipped to [-cell_clip, cell_clip] before it is output.
        forget_bias: added to f at run time, never stored.
        initializer, device, dtype: as for `BasicRNNCell`.

    Raises:
        ValueError: the blocks do not fit the inputs.

    Parameters of block b, with g = 4 n (3 n with coupled gates): `W_f_b_0` `[feature_size + 2 n, g]`,
    `B_f_b` `[g]`, and `W_t_b_0`, `B_t_b` unless shared; with peepholes `W_F_diag_freqf_b` and so on, `[n]`.
    State: a tuple of c and m `[batch, n]` of each frequency of each block; the output `[batch, 2 n K]` has
    the m of time and the m of frequency of each of all K.

    >>> cell = GridLSTMCell(2, input_size=6, feature_size=2, frequency_skip=2, num_frequency_blocks=[3])
    >>> output, state = cell(torch.ones(4, 6), cell.zero_state(4))
    >>> output.shape, len(state)
    (torch.Size([4, 12]), 6)
    """

    def __init__(
        self,
        num_units: int,
        input_size: int,
        feature_size: int,
        frequency_skip: int,
        num_frequency_blocks: Sequence[int],
        start_freqindex_list: Sequence[int] = (),
        end_freqindex_list: Sequence[int] = (),
        *,
        use_peepholes: bool = False,
        share_time_frequency_weights: bool = False,
        couple_input_forget_gates: bool = False,
        cell_clip: float | None = None,
        forget_bias: float = 1.0,
        initializer: Initializer | None = None,
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        family = GridLSTM(
            num_units,
            input_size,
            feature_size,
            frequency_skip,
            tuple(num_frequency_blocks),
            tuple(start_freqindex_list),
            tuple(end_freqindex_list),
            use_peepholes,
            share_time_frequency_weights,
            couple_input_forget_gates,
            cell_clip,
            forget_bias,
        )
        super().__init__(family, input_size, initializer, device, dtype)


class BidirectionalGridLSTMCell(OwningCell):
    """Two grids of LSTMs, one up and one down the frequencies; over time both go forwards. TF1:
    `tf.contrib.rnn.BidirectionalGridLSTMCell`.

    Args:
        backward_slice_offset: the windows of the grid that goes down are shifted by so many places up, with
            zeros past the end of the inputs; or for a negative one down, with zeros before their beginning.
        the others: as for `GridLSTMCell`.

    Raises:
        ValueError: the blocks do not fit the inputs.

    Parameters: those of `GridLSTMCell`, twice: `fwd.W_f_0_0`, ..., `bwd.W_f_0_0`, ... State and output: those
    of the grid that goes up, then those of the other.

    >>> cell = BidirectionalGridLSTMCell(
    ...     2, input_size=6, feature_size=2, frequency_skip=2, num_frequency_blocks=[3]
    ... )
    >>> output, state = cell(torch.ones(4, 6), cell.zero_state(4))
    >>> output.shape, len(state)
    (torch.Size([4, 24]), 12)
    """

    def __init__(
        self,
        num_units: int,
        input_size: int,
        feature_size: int,
        frequency_skip: int,
        num_frequency_blocks: Sequence[int],
        start_freqindex_list: Sequence[int] = (),
        end_freqindex_list: Sequence[int] = (),
        *,
        use_peepholes: bool = False,
        share_time_frequency_weights: bool = False,
        couple_input_forget_gates: bool = False,
        cell_clip: float | None = None,
        forget_bias: float = 1.0,
        backward_slice_offset: int = 0,
        initializer: Initializer | None = None,
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        family = BidirectionalGridLSTM(
            num_units,
            input_size,
            feature_size,
            frequency_skip,
            tuple(num_frequency_blocks),
            tuple(start_freqindex_list),
            tuple(end_freqindex_list),
            use_peepholes,
            share_time_frequency_weights,
            couple_input_forget_gates,
            cell_clip,
            forget_bias,
            backward_slice_offset=backward_slice_offset,
        )
        super().__init__(family, input_size, initializer, device, dtype)
