"""Convolutional LSTMs (TF1 module: `tf.contrib.rnn`)."""

from __future__ import annotations

from typing import Any

from ostinato import steps

from ..family_cell import FamilyCell
from ..rnn_cell_base import Described, LSTMStateTuple
from ..shapes import TensorShape, as_shape

__all__ = ["Conv1DLSTMCell", "Conv2DLSTMCell", "Conv3DLSTMCell", "ConvLSTMCell"]


class ConvLSTMCell(FamilyCell):
    """An LSTM whose products are convolutions (TF1 symbol: `tf.contrib.rnn.ConvLSTMCell`; Shi et al. 2015).

    Inputs, states and outputs are `[batch, *spatial, channels]`, and keep their spatial sizes. Variables:
    `kernel` `[*kernel_shape, input channels + output_channels, 4 * output_channels]`, `biases`.

    Args:
        conv_ndims: how many spatial sizes there are: 1, 2 or 3.
        input_shape: of an input without the batch, channels last.
        output_channels: of the state.
        kernel_shape: the spatial sizes of the kernel.
        skip_connection: whether the input's channels stand behind the state's in the output.
        initializers: not used, as in TensorFlow: the scope's initialiser is.

    Raises:
        ValueError: `input_shape` or `kernel_shape` does not have as many sizes as `conv_ndims` says.
    """

    def __init__(
        self,
        conv_ndims: int,
        input_shape: Any,
        output_channels: int,
        kernel_shape: Any,
        use_bias: bool = True,
        skip_connection: bool = False,
        forget_bias: float = 1.0,
        initializers: Any = None,
        name: str | None = "conv_lstm_cell",
    ) -> None:
        super().__init__(name=name)
        if conv_ndims != len(input_shape) - 1:
            raise ValueError(f"Invalid input_shape {input_shape} for conv_ndims={conv_ndims}.")
        sizes: list[Any] = as_shape(input_shape).as_list()
        self._conv_family = steps.ConvLSTM(
            tuple(sizes), output_channels, tuple(kernel_shape), use_bias, skip_connection, forget_bias
        )

    def _family(self) -> Any:
        return self._conv_family

    @property
    def state_size(self) -> Any:
        size = TensorShape(list(self._conv_family.state_size.c))
        return LSTMStateTuple(size, size)

    @property
    def output_size(self) -> Any:
        return TensorShape(list(self._conv_family.output_size))

    def _depth(self, inputs_shape: Any) -> int:
        shape = as_shape(inputs_shape)
        if shape.ndims not in (3, 4, 5):
            raise ValueError(f"Conv Linear expects 3D, 4D or 5D arguments: {[shape]}")
        if shape.ndims != len(self._conv_family.input_shape) + 1:
            wanted = TensorShape([None, *self._conv_family.state_size.c])
            raise ValueError(f"Conv Linear expects all args to be of same Dimension: {[shape, wanted]}")
        return super()._depth(inputs_shape)

    def _described(self, inputs: Any) -> Described:
        wanted = self._conv_family.input_shape[:-1]
        given = as_shape(inputs.shape)[1:-1]
        if not given.is_compatible_with(TensorShape(wanted)):
            raise ValueError(
                f"Dimensions of the inputs and of the state must be equal, but are {given} and "
                f"{TensorShape(wanted)}: the cell was made for inputs of shape "
                f"{list(self._conv_family.input_shape)}."
            )
        return super()._described(inputs)


class Conv1DLSTMCell(ConvLSTMCell):
    """An LSTM over rows `[batch, width, channels]` (TF1 symbol: `tf.contrib.rnn.Conv1DLSTMCell`). The
    arguments are those of `ConvLSTMCell` but for `conv_ndims`.
    """

    def __init__(self, name: str | None = "conv_1d_lstm_cell", **kwargs: Any) -> None:
        super().__init__(conv_ndims=1, name=name, **kwargs)


class Conv2DLSTMCell(ConvLSTMCell):
    """An LSTM over images `[batch, height, width, channels]` (TF1 symbol: `tf.contrib.rnn.Conv2DLSTMCell`).
    The arguments are those of `ConvLSTMCell` but for `conv_ndims`.

    >>> import ostinato.tf1 as tf
    >>> with tf.Graph().as_default():
    ...     cell = tf.contrib.rnn.Conv2DLSTMCell(
    ...         input_shape=[8, 8, 3], output_channels=4, kernel_shape=[3, 3])
    ...     outputs, _ = tf.nn.dynamic_rnn(cell, tf.zeros([2, 5, 8, 8, 3]), dtype=tf.float32)
    ...     print(outputs.shape, cell.variables[0].shape)
    (2, 5, 8, 8, 4) (3, 3, 7, 16)
    """

    def __init__(self, name: str | None = "conv_2d_lstm_cell", **kwargs: Any) -> None:
        super().__init__(conv_ndims=2, name=name, **kwargs)


class Conv3DLSTMCell(ConvLSTMCell):
    """An LSTM over volumes `[batch, depth, height, width, channels]` (TF1 symbol:
    `tf.contrib.rnn.Conv3DLSTMCell`). The arguments are those of `ConvLSTMCell` but for `conv_ndims`.
    """

    def __init__(self, name: str | None = "conv_3d_lstm_cell", **kwargs: Any) -> None:
        super().__init__(conv_ndims=3, name=name, **kwargs)
