"""LSTMs whose products or whose times are not the usual ones: in groups, phased, convolutional."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from ostinato._init import Initializer
from ostinato.cells.family import OwningCell
from ostinato.steps import ConvLSTM, GroupLSTM, PhasedLSTM
from ostinato.steps.activations import Activation
from ostinato.steps.family import check_positive_integer


class GLSTMCell(OwningCell):
    """The LSTM in groups: `number_of_groups` LSTMs, each of its own part of the inputs and of the state
    (Kuchaiev and Ginsburg 2017). TF1: `tf.contrib.rnn.GLSTMCell`.

        i, j, f, o = [x_k, h_k] @ groupk.kernel of all groups k side by side, + bias_i, bias_j, bias_f, bias_o
        c' = sigmoid(f + forget_bias) * c + sigmoid(i) * tanh(j);  h' = sigmoid(o) * activation(c')

    Args:
        num_units: units n of all groups.
        input_size: the depth of the inputs.
        number_of_groups: g, which has to divide n, `input_size` and `num_proj`.
        num_proj: the output of all groups is projected to this size, without bias.
        forget_bias, activation, initializer, device, dtype: as for `BasicLSTMCell`.

    Parameters: `group0.kernel` `[(input_size + m) / g, 4 * n / g]` to the last group's, `bias_i`, `bias_j`,
    `bias_f`, `bias_o` `[n]`, and `projection.kernel` `[n, num_proj]`; m is `num_proj` or n. State:
    `LSTMStateTuple(c [batch, n], h [batch, m])`; the output is h.

    Raises:
        ValueError: a size is not divisible by the number of groups.

    >>> sum(parameter.numel() for parameter in GLSTMCell(8, input_size=8, number_of_groups=4).parameters())
    160
    """

    def __init__(
        self,
        num_units: int,
        input_size: int,
        *,
        number_of_groups: int = 1,
        num_proj: int | None = None,
        forget_bias: float = 1.0,
        activation: Activation | None = None,
        initializer: Initializer | None = None,
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        family = GroupLSTM(num_units, num_proj, number_of_groups, forget_bias, activation or "tanh")
        check_positive_integer("input_size", input_size)
        family.check_input_size(input_size)
        super().__init__(family, input_size, initializer, device, dtype)


class PhasedLSTMCell(OwningCell):
    """The phased LSTM, for inputs at irregular times (Neil, Pfeiffer and Liu 2016). TF1:
    `tf.contrib.rnn.PhasedLSTMCell`.

    The inputs of a step are a tuple (time `[batch, 1]`, x `[batch, input_size]`). A unit whose period has
    come to the share p = ((time - phase) mod period) / period is open by k:

        k = 2 p / ratio_on,      while p < ratio_on / 2
            2 - 2 p / ratio_on,  while p < ratio_on
            leak * p,            for the rest of the period

    and c and h go towards what an LSTM would make of them, C and H, by as much: c' = k * C + (1 - k) * c,
    h' = k * H + (1 - k) * h. The time may be of another floating dtype than all else: in float64 large times
    stay apart.

    Args:
        num_units: units n.
        input_size: the depth of x.
        use_peepholes: the gates see c too, the output gate the new one.
        leak: how open a closed unit stays.
        ratio_on: the share of a period in which a unit is open, at first.
        trainable_ratio_on: whether that changes in training.
        period_init_min, period_init_max: the periods start between them, their logarithms uniform; the phases
            start uniformly within the periods.
        initializer, device, dtype: as for `BasicLSTMCell`.

    Parameters: `mask_gates.kernel` `[input_size + n, 2 * n]` (input, forget), `new_input.kernel` and
    `output_gate.kernel` `[input_size + n, n]`, with peepholes n rows more for the gates; the `bias` of each;
    `period`, `phase`, `ratio_on` `[n]`. State: `LSTMStateTuple(c, h)`, both `[batch, n]`; the output is h.

    Raises:
        ValueError: `ratio_on` is not positive, or the periods are not or are in the wrong order.

    >>> cell = PhasedLSTMCell(4, input_size=3)
    >>> output, state = cell((torch.full([2, 1], 0.5), torch.ones(2, 3)), cell.zero_state(2))
    >>> output.shape, cell.input_size
    (torch.Size([2, 4]), (1, 3))
    """

    def __init__(
        self,
        num_units: int,
        input_size: int,
        *,
        use_peepholes: bool = False,
        leak: float = 0.001,
        ratio_on: float = 0.1,
        trainable_ratio_on: bool = True,
        period_init_min: float = 1.0,
        period_init_max: float = 1000.0,
        initializer: Initializer | None = None,
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        if isinstance(ratio_on, int | float) and ratio_on <= 0:  # its gradient would be NaN
            raise ValueError(f"ratio_on must be greater than 0, but is {ratio_on}.")
        family = PhasedLSTM(num_units, use_peepholes, leak, ratio_on, period_init_min, period_init_max)
        super().__init__(family, input_size, initializer, device, dtype)
        self.get_parameter("ratio_on").requires_grad_(trainable_ratio_on)

    def reset_parameters(self) -> None:
        """Initialise anew: matrices by `initializer` or glorot_uniform, biases at 0, `ratio_on` at its
        option, the periods and then the phases within them at random.
        """
        super().reset_parameters()
        with torch.no_grad():
            self.get_parameter("phase").mul_(self.get_parameter("period"))


class ConvLSTMCell(OwningCell):
    """The convolutional LSTM in one, two or three dimensions (Shi et al. 2015). TF1:
    `tf.contrib.rnn.ConvLSTMCell`, `Conv1DLSTMCell`, `Conv2DLSTMCell`, `Conv3DLSTMCell`.

        i, j, f, o = conv([x, h], kernel) + biases
        c' = sigmoid(f + forget_bias) * c + sigmoid(i) * tanh(j);  h' = sigmoid(o) * tanh(c')

    Inputs, states and outputs are `[batch, *spatial, channels]`. The convolution keeps the spatial sizes,
    with zeros around them; a kernel of an even size has the odd one behind.

    Args:
        input_shape: an input's spatial sizes and channels: `[width, channels]` to `[depth, height, width,
            channels]`.
        output_channels: channels n of the state.
        kernel_shape: the kernel's spatial sizes.
        use_bias: whether there are `biases`.
        skip_connection: the channels of the input stand behind those of h in the output.
        forget_bias, initializer, device, dtype: as for `BasicLSTMCell`.

    Parameters: `kernel` `[*kernel_shape, input channels + n, 4 * n]`, `biases` `[4 * n]`. State:
    `LSTMStateTuple(c, h)`, both `[batch, *spatial, n]`; the output is h.

    Raises:
        ValueError: a size is not positive, or the numbers of sizes do not fit each other.

    >>> cell = ConvLSTMCell([8, 8, 3], output_channels=4, kernel_shape=[3, 3])
    >>> from ostinato import dynamic_rnn
    >>> outputs, state = dynamic_rnn(cell, torch.ones(2, 5, 8, 8, 3))
    >>> outputs.shape
    torch.Size([2, 5, 8, 8, 4])
    """

    def __init__(
        self,
        input_shape: Sequence[int],
        output_channels: int,
        kernel_shape: Sequence[int],
        *,
        use_bias: bool = True,
        skip_connection: bool = False,
        forget_bias: float = 1.0,
        initializer: Initializer | None = None,
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        family = ConvLSTM(
            tuple(input_shape), output_channels, tuple(kernel_shape), use_bias, skip_connection, forget_bias
        )
        super().__init__(family, family.input_shape[-1], initializer, device, dtype)

    def extra_repr(self) -> str:
        return ", ".join(f"{name}={value!r}" for name, value in vars(self.family).items())
