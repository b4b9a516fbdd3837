"""Convolutions and their transposes."""

from __future__ import annotations

from typing import Any

from ... import nn as tf_nn
from ... import node_counts
from ...arguments import handed_on
from ...graph import get_default_graph
from ...input_spec import InputSpec
from ...ops import array
from ...ops.lists import stack
from ...ops.padding import pad
from ...shapes import TensorShape
from ...tensor import Tensor
from .. import regularizers
from . import sizes
from .configured import Configured, settle


class Conv(Configured):
    """A convolution over `rank` axes of space; what the others derive from.

    Args:
        rank: how many axes of space there are.
        filters: the number of channels that come out.
        kernel_size, strides, dilation_rate: an integer, or one for each axis.
        padding: "valid", "same" or, of sequences, "causal".
        data_format: "channels_last" or "channels_first".
        activation: a name or a function.
        use_bias: whether there is a bias.
        kernel_initializer, bias_initializer, kernel_regularizer, bias_regularizer, kernel_constraint,
            bias_constraint: of the two variables.
        activity_regularizer: makes a loss of the outputs.

    Raises:
        ValueError: the number of channels is unknown, or an argument is none of these.
    """

    _kernel_name = "kernel"
    _allows_causal = False

    def __init__(
        self,
        rank: int,
        filters: Any,
        kernel_size: Any,
        strides: Any = 1,
        padding: Any = "valid",
        data_format: Any = None,
        dilation_rate: Any = 1,
        activation: Any = None,
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        bias_constraint: Any = None,
        trainable: bool = True,
        name: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            trainable=trainable,
            name=name,
            activity_regularizer=regularizers.get(activity_regularizer),
            **kwargs,
        )
        self.rank, self.filters, self.use_bias = rank, filters, use_bias
        self.kernel_size = sizes.normalize_tuple(kernel_size, rank, "kernel_size")
        self.strides = sizes.normalize_tuple(strides, rank, "strides")
        self.padding = sizes.normalize_padding(padding)
        if self.padding == "causal" and not self._allows_causal:
            raise ValueError("Causal padding is only supported for `Conv1D`and ``SeparableConv1D`.")
        self.data_format = sizes.normalize_data_format(data_format)
        self.dilation_rate = sizes.normalize_tuple(dilation_rate, rank, "dilation_rate")
        settle(self, locals())
        self.input_spec = InputSpec(ndim=rank + 2)
        self.kernel: Any = None
        self.bias: Any = None

    @property
    def _channels_first(self) -> bool:
        return self.data_format == "channels_first"

    @property
    def _letters(self) -> str:
        return sizes.convert_data_format(self.data_format, self.rank + 2)

    def _channels(self, input_shape: Any) -> int:
        """The number of channels that come in."""
        axis = 1 if self._channels_first else -1
        count = TensorShape(input_shape).as_list()[axis]
        if count is None:
            raise ValueError("The channel dimension of the inputs should be defined. Found `None`.")
        self.input_spec = InputSpec(ndim=self.rank + 2, axes={axis: count})
        return int(count)

    def _weight(self, name: str, shape: Any, kind: str = "kernel") -> Any:
        return self.add_weight(
            name=name,
            shape=shape,
            initializer=getattr(self, f"{kind}_initializer"),
            regularizer=getattr(self, f"{kind}_regularizer"),
            constraint=getattr(self, f"{kind}_constraint"),
            trainable=True,
            dtype=self.dtype,
        )

    def build(self, input_shape: Any) -> None:
        channels = self._channels(input_shape)
        self.kernel = self._weight("kernel", (*self.kernel_size, channels, self.filters))
        if self.use_bias:
            self.bias = self._weight("bias", (self.filters,), "bias")
        self.built = True

    def _each(self, values: Any) -> list[int]:
        """A list with ones for the axes that are not of space."""
        return [1, 1, *values] if self._channels_first else [1, *values, 1]

    def call(self, inputs: Any) -> Tensor:
        if self.padding == "causal":
            left = self.dilation_rate[0] * (self.kernel_size[0] - 1)
            time = [left, 0]
            inputs = pad(inputs, [[0, 0], [0, 0], time] if self._channels_first else [[0, 0], time, [0, 0]])
        padding = "VALID" if self.padding == "causal" else self.padding
        padding = padding.upper() if isinstance(padding, str) else padding
        dilated = max(self.dilation_rate) > 1
        graph, space = get_default_graph(), self._space(inputs.shape)
        graph.skip(node_counts.of_convolution(self.rank, dilated, space, padding))
        if self.rank == 1:
            outputs = tf_nn.conv1d(
                inputs,
                self.kernel,
                stride=self.strides[0],
                padding=padding,
                data_format=self._letters,
                dilations=self.dilation_rate[0],
                name="conv1d",
            )
        else:
            function = tf_nn.conv2d if self.rank == 2 else tf_nn.conv3d
            outputs = function(
                inputs,
                self.kernel,
                strides=self._each(self.strides),
                padding=padding,
                data_format=self._letters,
                dilations=self._each(self.dilation_rate),
                name=f"Conv{self.rank}D",
            )
        return self._finished(outputs)

    def _finished(self, outputs: Tensor) -> Tensor:
        if self.use_bias:
            if self._channels_first and self.rank == 1:
                outputs = outputs + array.reshape(self.bias, [1, self.filters, 1])
            else:
                form = "NCHW" if self._channels_first else "NHWC"
                outputs = tf_nn.bias_add(outputs, self.bias, data_format=form)
        return outputs if self.activation is None else self.activation(outputs)

    def _space(self, input_shape: Any) -> list[Any]:
        shape = TensorShape(input_shape).as_list()
        return shape[2:] if self._channels_first else shape[1:-1]

    def _with_space(self, input_shape: Any, space: Any, channels: Any) -> TensorShape:
        rows = TensorShape(input_shape).as_list()[0]
        return TensorShape([rows, channels, *space] if self._channels_first else [rows, *space, channels])

    def compute_output_shape(self, input_shape: Any) -> TensorShape:
        window = zip(
            self._space(input_shape), self.kernel_size, self.strides, self.dilation_rate, strict=True
        )
        space = [
            sizes.conv_output_length(size, width, self.padding, stride, rate)
            for size, width, stride, rate in window
        ]
        return self._with_space(input_shape, space, self.filters)


class Conv1D(Conv):
    """A convolution over time (TF1 symbol: `tf.keras.layers.Conv1D`)."""

    _allows_causal = True

    def __init__(
        self,
        filters: int,
        kernel_size: Any,
        strides: Any = 1,
        padding: Any = "valid",
        data_format: Any = "channels_last",
        dilation_rate: Any = 1,
        activation: Any = None,
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        bias_constraint: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**handed_on(locals()), rank=1)


class Conv2D(Conv):
    """A convolution over images (TF1 symbol: `tf.keras.layers.Conv2D`)."""

    _rank = 2

    def __init__(
        self,
        filters: Any,
        kernel_size: Any,
        strides: Any = 1,
        padding: Any = "valid",
        data_format: Any = None,
        dilation_rate: Any = 1,
        activation: Any = None,
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        bias_constraint: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**handed_on(locals()), rank=self._rank)


class Conv3D(Conv2D):
    """A convolution over volumes (TF1 symbol: `tf.keras.layers.Conv3D`)."""

    _rank = 3


class _Transposed(Conv):
    """What a convolution's gradient does, as a layer."""

    def _check_output_padding(self, output_padding: Any) -> None:
        self.output_padding = output_padding
        if output_padding is not None:
            self.output_padding = sizes.normalize_tuple(output_padding, self.rank, "output_padding")
            for stride, more in zip(self.strides, self.output_padding, strict=True):
                if more >= stride:
                    raise ValueError(
                        f"Stride {self.strides} must be greater than output padding {self.output_padding}"
                    )

    def build(self, input_shape: Any) -> None:
        if len(TensorShape(input_shape).as_list()) != self.rank + 2:
            raise ValueError(f"Inputs should have rank {self.rank + 2}. Received input shape: {input_shape}")
        channels = self._channels(input_shape)
        self.kernel = self._weight("kernel", (*self.kernel_size, self.filters, channels))
        if self.use_bias:
            self.bias = self._weight("bias", (self.filters,), "bias")
        self.built = True

    def _grown(self, space: Any) -> list[Any]:
        more = self.output_padding or [None] * self.rank
        window = zip(space, self.kernel_size, more, self.strides, self.dilation_rate, strict=True)
        return [
            sizes.deconv_output_length(size, width, self.padding, extra, stride, rate)
            for size, width, extra, stride, rate in window
        ]

    def compute_output_shape(self, input_shape: Any) -> TensorShape:
        return self._with_space(input_shape, self._grown(self._space(input_shape)), self.filters)

    def call(self, inputs: Any) -> Tensor:
        known = self.compute_output_shape(inputs.shape)
        defined, padding = known.is_fully_defined(), self.padding.upper()
        get_default_graph().skip(node_counts.of_transpose(self.rank, defined, padding))
        if defined:
            shape: Any = known.as_list()
        else:
            at_run_time = array.shape(inputs)
            first = 2 if self._channels_first else 1
            space = self._grown([at_run_time[first + axis] for axis in range(self.rank)])
            rows = at_run_time[0]
            shape = stack(
                [rows, self.filters, *space] if self._channels_first else [rows, *space, self.filters]
            )
        more: dict[str, Any] = {}
        if self.dilation_rate != (1,) * self.rank:
            more["dilations"] = self._each(self.dilation_rate)
        function: Any = tf_nn.conv2d_transpose if self.rank == 2 else tf_nn.conv3d_transpose
        outputs = function(
            inputs,
            self.kernel,
            shape,
            self._each(self.strides),
            padding=self.padding.upper(),
            data_format=self._letters,
            **(
                {}
                if self.dilation_rate == (1,) * self.rank
                else {"dilations": self._each(self.dilation_rate)}
            ),
        )
        outputs.set_shape(known)
        return self._finished(outputs)


class Conv2DTranspose(_Transposed, Conv2D):
    """A transposed convolution over images (TF1 symbol: `tf.keras.layers.Conv2DTranspose`)."""

    def __init__(
        self,
        filters: int,
        kernel_size: Any,
        strides: Any = (1, 1),
        padding: Any = "valid",
        output_padding: Any = None,
        data_format: Any = None,
        dilation_rate: Any = (1, 1),
        activation: Any = None,
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        bias_constraint: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**handed_on(locals(), "output_padding"))
        self._check_output_padding(output_padding)


class Conv3DTranspose(_Transposed, Conv3D):
    """A transposed convolution over volumes (TF1 symbol: `tf.keras.layers.Conv3DTranspose`)."""

    def __init__(
        self,
        filters: int,
        kernel_size: Any,
        strides: Any = (1, 1, 1),
        padding: Any = "valid",
        output_padding: Any = None,
        data_format: Any = None,
        activation: Any = None,
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        bias_constraint: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**handed_on(locals(), "output_padding"), dilation_rate=1)
        self._check_output_padding(output_padding)


Convolution1D, Convolution2D, Convolution3D = Conv1D, Conv2D, Conv3D
Convolution2DTranspose, Convolution3DTranspose = Conv2DTranspose, Conv3DTranspose
