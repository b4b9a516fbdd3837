"""ConvLSTM2D: an LSTM whose products are convolutions, over sequences of images."""

from __future__ import annotations

from typing import Any

import numpy as np

from ... import nn
from ...arguments import handed_on
from ...initializers import Ones
from ...input_spec import InputSpec
from ...ops import array
from ...ops.keras_conv_lstm import keras_conv_lstm
from ...ops.lists import concat, split
from ...shapes import TensorShape
from . import sizes
from .configured import settle
from .recurrent import RNN
from .recurrent_cells import Cell
from .recurrent_layers import known_activation, taken_out


class ConvLSTM2DCell(Cell):
    """A convolutional LSTM's step (Shi et al. 2015; TF1 symbol: `tf.keras.layers.ConvLSTM2DCell`, which
    TensorFlow keeps to itself).
    """

    _gates = 4

    def __init__(
        self,
        filters: int,
        kernel_size: Any,
        strides: Any = (1, 1),
        padding: str = "valid",
        data_format: Any = None,
        dilation_rate: Any = (1, 1),
        activation: Any = "tanh",
        recurrent_activation: Any = "hard_sigmoid",
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        recurrent_initializer: Any = "orthogonal",
        bias_initializer: Any = "zeros",
        unit_forget_bias: bool = True,
        kernel_regularizer: Any = None,
        recurrent_regularizer: Any = None,
        bias_regularizer: Any = None,
        kernel_constraint: Any = None,
        recurrent_constraint: Any = None,
        bias_constraint: Any = None,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self._start_masks(dropout, recurrent_dropout)
        self.filters, self.use_bias, self.unit_forget_bias = filters, use_bias, unit_forget_bias
        self.kernel_size = sizes.normalize_tuple(kernel_size, 2, "kernel_size")
        self.strides = sizes.normalize_tuple(strides, 2, "strides")
        self.padding = sizes.normalize_padding(padding)
        self.data_format = sizes.normalize_data_format(data_format)
        self.dilation_rate = sizes.normalize_tuple(dilation_rate, 2, "dilation_rate")
        settle(self, locals())
        self.state_size = (filters, filters)
        self.bias: Any = None

    @property
    def channels_first(self) -> bool:
        return self.data_format == "channels_first"

    def build(self, input_shape: Any) -> None:
        channels = TensorShape(input_shape).as_list()[1 if self.channels_first else -1]
        if channels is None:
            raise ValueError("The channel dimension of the inputs should be defined. Found `None`.")
        self.kernel = self._weight("kernel", (*self.kernel_size, channels, 4 * self.filters), "kernel")
        self.recurrent_kernel = self._weight(
            "recurrent_kernel", (*self.kernel_size, self.filters, 4 * self.filters), "recurrent"
        )
        if self.use_bias:
            self.bias = self.add_weight(
                name="bias",
                shape=(4 * self.filters,),
                initializer=self._initial_bias if self.unit_forget_bias else self.bias_initializer,
                regularizer=self.bias_regularizer,
                constraint=self.bias_constraint,
            )
        self.built = True

    def _initial_bias(self, _: Any, *args: Any, **options: Any) -> Any:
        make, count = self.bias_initializer, self.filters
        ones = Ones()([count], *args, **options)
        return concat([make([count], *args, **options), ones, make([2 * count], *args, **options)], 0)

    def convolved(self, inputs: Any, kernel: Any, bias: Any = None) -> Any:
        """The inputs' convolution."""
        return self._convolution(inputs, kernel, bias, self.strides, self.padding, self.dilation_rate)

    def _convolution(
        self, inputs: Any, kernel: Any, bias: Any, strides: Any, padding: str, dilations: Any
    ) -> Any:
        form = "NCHW" if self.channels_first else "NHWC"

        def each(values: Any) -> list[int]:
            return [1, 1, *values] if self.channels_first else [1, *values, 1]

        found = nn.conv2d(
            inputs,
            kernel,
            strides=each(strides),
            padding=padding.upper(),
            data_format=form,
            dilations=each(dilations),
        )
        return found if bias is None else nn.bias_add(found, bias, data_format=form)

    def call(self, inputs: Any, states: Any, training: Any = None) -> Any:
        h, c = states[0], states[1]
        seen, held = self._shares(inputs, h, training)
        biases = [None] * 4 if self.bias is None else split(self.bias, 4, axis=0)
        kernels, recurrent = split(self.kernel, 4, axis=3), split(self.recurrent_kernel, 4, axis=3)
        i, f, g, o = (
            self.convolved(x, kernel, bias) + self._convolution(state, own, None, (1, 1), "same", (1, 1))
            for x, kernel, bias, state, own in zip(seen, kernels, biases, held, recurrent, strict=True)
        )
        new_c = self.recurrent_activation(f) * c + self.recurrent_activation(i) * self.activation(g)
        new_h = self.recurrent_activation(o) * self.activation(new_c)
        return new_h, [new_h, new_c]


class ConvLSTM2D(RNN):
    """A convolutional LSTM over sequences of images (Shi et al. 2015; TF1: `tf.keras.layers.ConvLSTM2D`).

    Inputs are [batch, time, rows, columns, channels], or [batch, time, channels, rows, columns] for
    "channels_first".

    Raises:
        ValueError: the number of channels is unknown, or an argument is none of those known.
    """

    def __init__(
        self,
        filters: int,
        kernel_size: Any,
        strides: Any = (1, 1),
        padding: str = "valid",
        data_format: Any = None,
        dilation_rate: Any = (1, 1),
        activation: Any = "tanh",
        recurrent_activation: Any = "hard_sigmoid",
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        recurrent_initializer: Any = "orthogonal",
        bias_initializer: Any = "zeros",
        unit_forget_bias: bool = True,
        kernel_regularizer: Any = None,
        recurrent_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        recurrent_constraint: Any = None,
        bias_constraint: Any = None,
        return_sequences: bool = False,
        go_backwards: bool = False,
        stateful: bool = False,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        **kwargs: Any,
    ) -> None:
        given = handed_on(locals())
        super().__init__(ConvLSTM2DCell(**taken_out(ConvLSTM2DCell, given)), **given)
        self.input_spec = InputSpec(ndim=5)

    def __getattr__(self, name: str) -> Any:
        if "cell" in self.__dict__ and name in vars(self.__dict__["cell"]):
            return getattr(self.cell, name)
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")

    def _sizes_of_images(self, sizes_of_inputs: list[Any]) -> list[Any]:
        """One output's sizes behind the batch's, of the inputs' sizes."""
        cell = self.cell
        space = sizes_of_inputs[3:5] if cell.channels_first else sizes_of_inputs[2:4]
        found = [
            sizes.conv_output_length(space[axis], *of_axis)
            for axis, of_axis in enumerate(
                zip(cell.kernel_size, [cell.padding] * 2, cell.strides, cell.dilation_rate, strict=True)
            )
        ]
        return [cell.filters, *found] if cell.channels_first else [*found, cell.filters]

    def compute_output_shape(self, input_shape: Any) -> Any:
        first = input_shape[0] if isinstance(input_shape, list) else input_shape
        given = TensorShape(first).as_list()
        image = self._sizes_of_images(given)
        whole = TensorShape([*given[:2], *image] if self.return_sequences else [given[0], *image])
        return [whole, *[TensorShape([given[0], *image])] * 2] if self.return_state else whole

    def _make_states(self, shape: TensorShape) -> None:
        from ...variables import Variable

        given = shape.as_list()
        state = [given[0], *self._sizes_of_images(given)]
        if None in state:
            raise ValueError(
                "If a RNN is stateful, it needs to know its batch size, and the number of rows and columns: "
                f"specify them by `batch_input_shape` or `batch_shape`. They are {given}."
            )
        zeros = np.zeros(state, dtype=self.dtype or "float32")
        self._states = [Variable(zeros, trainable=False, name="state", use_resource=True) for _ in range(2)]

    def get_initial_state(self, inputs: Any) -> list[Any]:
        kernel = array.zeros([*self.cell.kernel_size, self.cell.kernel.shape.as_list()[2], self.cell.filters])
        state = self.cell.convolved(array.zeros_like(inputs[:, 0]), kernel)
        return [state, state]

    def _sequence(self, inputs: Any, initial_state: Any, constants: Any, mask: Any, training: Any) -> Any:
        cell = self.cell
        activation, gates = known_activation(cell.activation), known_activation(cell.recurrent_activation)
        if cell.dropout or cell.recurrent_dropout or constants or activation is None or gates is None:
            return super()._sequence(inputs, initial_state, constants, mask, training)
        shape = array.shape(inputs)
        images = array.reshape(inputs, concat([[-1], shape[2:]], 0))
        images.set_shape([None, *inputs.shape.as_list()[2:]])
        made = cell.convolved(images, cell.kernel, cell.bias)
        projected = array.reshape(made, concat([shape[:2], array.shape(made)[1:]], 0))
        projected.set_shape([*inputs.shape.as_list()[:2], *made.shape.as_list()[1:]])
        outputs, last, h, c = keras_conv_lstm(
            projected,
            cell.recurrent_kernel,
            initial_state[0],
            initial_state[1],
            mask,
            activation=activation,
            gates=gates,
            channels_first=cell.channels_first,
            go_backwards=self.go_backwards,
            zero_output_for_mask=self.zero_output_for_mask,
        )
        return last, outputs, [h, c]

    def get_config(self) -> dict[str, Any]:
        config = super().get_config()
        for name in ("cell", "unroll", "time_major"):
            config.pop(name, None)
        return config

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> Any:
        """The layer of what `get_config` gave."""
        return cls(**config)
