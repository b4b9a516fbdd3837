"""Convolutions, and the layers that pad, crop and repeat along the axes of space."""

from __future__ import annotations

from typing import Any

from ... import nn as tf_nn
from ...input_spec import InputSpec
from ...ops import array
from ...ops.lists import concat, stack
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
        settle(
            self,
            activation=activation,
            kernel_initializer=kernel_initializer,
            bias_initializer=bias_initializer,
            kernel_regularizer=kernel_regularizer,
            bias_regularizer=bias_regularizer,
            kernel_constraint=kernel_constraint,
            bias_constraint=bias_constraint,
        )
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
            inputs = _pad(inputs, [[0, 0], [0, 0], time] if self._channels_first else [[0, 0], time, [0, 0]])
        padding = "VALID" if self.padding == "causal" else self.padding
        padding = padding.upper() if isinstance(padding, str) else padding
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
        super().__init__(
            1,
            filters,
            kernel_size,
            strides,
            padding,
            data_format,
            dilation_rate,
            activation,
            use_bias,
            kernel_initializer,
            bias_initializer,
            kernel_regularizer,
            bias_regularizer,
            activity_regularizer,
            kernel_constraint,
            bias_constraint,
            **kwargs,
        )


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
        super().__init__(
            self._rank,
            filters,
            kernel_size,
            strides,
            padding,
            data_format,
            dilation_rate,
            activation,
            use_bias,
            kernel_initializer,
            bias_initializer,
            kernel_regularizer,
            bias_regularizer,
            activity_regularizer,
            kernel_constraint,
            bias_constraint,
            **kwargs,
        )


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
        if known.is_fully_defined():
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
        super().__init__(
            filters,
            kernel_size,
            strides,
            padding,
            data_format,
            dilation_rate,
            activation,
            use_bias,
            kernel_initializer,
            bias_initializer,
            kernel_regularizer,
            bias_regularizer,
            activity_regularizer,
            kernel_constraint,
            bias_constraint,
            **kwargs,
        )
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
        super().__init__(
            filters,
            kernel_size,
            strides,
            padding,
            data_format,
            1,
            activation,
            use_bias,
            kernel_initializer,
            bias_initializer,
            kernel_regularizer,
            bias_regularizer,
            activity_regularizer,
            kernel_constraint,
            bias_constraint,
            **kwargs,
        )
        self._check_output_padding(output_padding)


class _Separable(Conv):
    """A convolution of each channel by itself, and a product over the channels."""

    _rank = 2

    def __init__(
        self,
        filters: int,
        kernel_size: Any,
        strides: Any = 1,
        padding: Any = "valid",
        data_format: Any = None,
        dilation_rate: Any = 1,
        depth_multiplier: int = 1,
        activation: Any = None,
        use_bias: bool = True,
        depthwise_initializer: Any = "glorot_uniform",
        pointwise_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        depthwise_regularizer: Any = None,
        pointwise_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        depthwise_constraint: Any = None,
        pointwise_constraint: Any = None,
        bias_constraint: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            self._rank,
            filters,
            kernel_size,
            strides,
            padding,
            data_format,
            dilation_rate,
            activation,
            use_bias,
            bias_initializer=bias_initializer,
            bias_regularizer=bias_regularizer,
            activity_regularizer=activity_regularizer,
            bias_constraint=bias_constraint,
            **kwargs,
        )
        self.depth_multiplier = depth_multiplier
        settle(
            self,
            depthwise_initializer=depthwise_initializer,
            pointwise_initializer=pointwise_initializer,
            depthwise_regularizer=depthwise_regularizer,
            pointwise_regularizer=pointwise_regularizer,
            depthwise_constraint=depthwise_constraint,
            pointwise_constraint=pointwise_constraint,
        )
        self.depthwise_kernel: Any = None
        self.pointwise_kernel: Any = None

    def build(self, input_shape: Any) -> None:
        channels = self._channels(input_shape)
        inner = channels * self.depth_multiplier
        ones = (1,) * self.rank
        self.depthwise_kernel = self._weight(
            "depthwise_kernel", (*self.kernel_size, channels, self.depth_multiplier), "depthwise"
        )
        self.pointwise_kernel = self._weight("pointwise_kernel", (*ones, inner, self.filters), "pointwise")
        if self.use_bias:
            self.bias = self._weight("bias", (self.filters,), "bias")
        self.built = True


class SeparableConv1D(_Separable):
    """A separable convolution over time (TF1 symbol: `tf.keras.layers.SeparableConv1D`)."""

    _rank = 1
    _allows_causal = True

    def call(self, inputs: Any) -> Tensor:
        axis = 2 if self._channels_first else 1
        if self.padding == "causal":
            time = [self.dilation_rate[0] * (self.kernel_size[0] - 1), 0]
            inputs = _pad(inputs, [[0, 0], [0, 0], time] if axis == 2 else [[0, 0], time, [0, 0]])
        letters = sizes.convert_data_format(self.data_format, 4)
        outputs = tf_nn.separable_conv2d(
            array.expand_dims(inputs, axis),
            array.expand_dims(self.depthwise_kernel, 0),
            array.expand_dims(self.pointwise_kernel, 0),
            strides=self._each(self.strides * 2),
            padding="VALID" if self.padding == "causal" else self.padding.upper(),
            rate=(1, *self.dilation_rate),
            data_format=letters,
        )
        if self.use_bias:
            outputs = tf_nn.bias_add(outputs, self.bias, data_format=letters)
        outputs = array.squeeze(outputs, [axis])
        return outputs if self.activation is None else self.activation(outputs)


class SeparableConv2D(_Separable):
    """A separable convolution over images (TF1 symbol: `tf.keras.layers.SeparableConv2D`)."""

    def call(self, inputs: Any) -> Tensor:
        outputs = tf_nn.separable_conv2d(
            inputs,
            self.depthwise_kernel,
            self.pointwise_kernel,
            strides=self._each(self.strides),
            padding=self.padding.upper(),
            rate=self.dilation_rate,
            data_format=self._letters,
        )
        return self._finished(outputs)


class DepthwiseConv2D(Conv2D):
    """A convolution of each channel by itself (TF1 symbol: `tf.keras.layers.DepthwiseConv2D`)."""

    def __init__(
        self,
        kernel_size: Any,
        strides: Any = (1, 1),
        padding: Any = "valid",
        depth_multiplier: int = 1,
        data_format: Any = None,
        activation: Any = None,
        use_bias: bool = True,
        depthwise_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        depthwise_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        depthwise_constraint: Any = None,
        bias_constraint: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            None,
            kernel_size,
            strides,
            padding,
            data_format,
            activation=activation,
            use_bias=use_bias,
            bias_initializer=bias_initializer,
            bias_regularizer=bias_regularizer,
            activity_regularizer=activity_regularizer,
            bias_constraint=bias_constraint,
            **kwargs,
        )
        self.depth_multiplier = depth_multiplier
        settle(
            self,
            depthwise_initializer=depthwise_initializer,
            depthwise_regularizer=depthwise_regularizer,
            depthwise_constraint=depthwise_constraint,
        )
        self.depthwise_kernel: Any = None

    def build(self, input_shape: Any) -> None:
        if len(TensorShape(input_shape).as_list()) < 4:
            raise ValueError(
                f"Inputs to `DepthwiseConv2D` should have rank 4. Received input shape: {input_shape}"
            )
        channels = self._channels(input_shape)
        self.filters = channels * self.depth_multiplier
        self.depthwise_kernel = self._weight(
            "depthwise_kernel", (*self.kernel_size, channels, self.depth_multiplier), "depthwise"
        )
        if self.use_bias:
            self.bias = self._weight("bias", (self.filters,), "bias")
        self.built = True

    def call(self, inputs: Any) -> Tensor:
        outputs = tf_nn.depthwise_conv2d(
            inputs,
            self.depthwise_kernel,
            self._each(self.strides),
            self.padding.upper(),
            rate=self.dilation_rate,
            data_format=self._letters,
        )
        return self._finished(outputs)

    def compute_output_shape(self, input_shape: Any) -> TensorShape:
        shape = TensorShape(input_shape).as_list()
        channels = shape[1 if self._channels_first else -1] or 0
        whole = super().compute_output_shape(input_shape).as_list()
        whole[1 if self._channels_first else -1] = channels * self.depth_multiplier
        return TensorShape(whole)


# -- padding, cropping, repeating
def _pad(inputs: Any, amounts: Any) -> Tensor:
    from ... import pad

    return pad(inputs, amounts)


def _pairs(value: Any, rank: int, name: str) -> list[tuple[int, int]]:
    """(before, after) for each axis.

    Raises:
        ValueError: something else.
    """
    if isinstance(value, int):
        return [(value, value)] * rank
    if rank == 1 and len(value) == 2 and all(isinstance(item, int) for item in value):
        return [(int(value[0]), int(value[1]))]
    if len(value) != rank:
        raise ValueError(f"`{name}` should have {rank} elements. Found: {value}")
    return [(item, item) if isinstance(item, int) else (int(item[0]), int(item[1])) for item in value]


class _AlongSpace(Configured):
    """What works along the axes of space."""

    _rank = 2

    def _places(self, data_format: Any) -> range:
        return range(2, 2 + self._rank) if data_format == "channels_first" else range(1, 1 + self._rank)

    def _format(self, data_format: Any) -> str:
        return "channels_last" if self._rank == 1 else sizes.normalize_data_format(data_format)


class _ZeroPadding(_AlongSpace):
    def __init__(self, padding: Any = 1, data_format: Any = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.data_format = self._format(data_format)
        self.padding = _pairs(padding, self._rank, "padding")
        self.input_spec = InputSpec(ndim=self._rank + 2)

    def call(self, inputs: Any) -> Tensor:
        amounts = [(0, 0)] * (self._rank + 2)
        for axis, pair in zip(self._places(self.data_format), self.padding, strict=True):
            amounts[axis] = pair
        return _pad(inputs, [list(pair) for pair in amounts])


class ZeroPadding1D(_ZeroPadding):
    """Zeros around sequences (TF1 symbol: `tf.keras.layers.ZeroPadding1D`)."""

    _rank = 1


class ZeroPadding2D(_ZeroPadding):
    """Zeros around images (TF1 symbol: `tf.keras.layers.ZeroPadding2D`)."""


class ZeroPadding3D(_ZeroPadding):
    """Zeros around volumes (TF1 symbol: `tf.keras.layers.ZeroPadding3D`)."""

    _rank = 3


class _Cropping(_AlongSpace):
    _default: Any = 0

    def __init__(self, cropping: Any = None, data_format: Any = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.data_format = self._format(data_format)
        self.cropping = _pairs(self._default if cropping is None else cropping, self._rank, "cropping")
        self.input_spec = InputSpec(ndim=self._rank + 2)

    def call(self, inputs: Any) -> Tensor:
        parts: list[Any] = [slice(None)] * (self._rank + 2)
        for axis, (before, after) in zip(self._places(self.data_format), self.cropping, strict=True):
            parts[axis] = slice(before, -after if after else None)
        return inputs[tuple(parts)]


class Cropping1D(_Cropping):
    """Sequences without their ends (TF1 symbol: `tf.keras.layers.Cropping1D`)."""

    _rank, _default = 1, (1, 1)


class Cropping2D(_Cropping):
    """Images without their borders (TF1 symbol: `tf.keras.layers.Cropping2D`)."""


class Cropping3D(_Cropping):
    """Volumes without their borders (TF1 symbol: `tf.keras.layers.Cropping3D`)."""

    _rank, _default = 3, ((1, 1), (1, 1), (1, 1))


def _repeated(inputs: Any, times: int, axis: int) -> Tensor:
    """Each element along an axis so many times."""
    shape = inputs.shape.as_list()
    wide = array.expand_dims(inputs, axis + 1)
    joined = concat([wide] * times, axis + 1)
    at_run_time = array.shape(inputs)
    merged = [
        (at_run_time[place] * times if size is None else size * times)
        if place == axis
        else (at_run_time[place] if size is None else size)
        for place, size in enumerate(shape)
    ]
    return array.reshape(joined, merged)


class UpSampling1D(Configured):
    """Each step `size` times (TF1 symbol: `tf.keras.layers.UpSampling1D`)."""

    def __init__(self, size: int = 2, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.size = int(size)
        self.input_spec = InputSpec(ndim=3)

    def call(self, inputs: Any) -> Tensor:
        return _repeated(inputs, self.size, 1)


class UpSampling2D(_AlongSpace):
    """Each pixel `size` times, along both axes (TF1 symbol: `tf.keras.layers.UpSampling2D`).

    Raises:
        ValueError: an `interpolation` other than "nearest" and "bilinear".
    """

    def __init__(
        self, size: Any = (2, 2), data_format: Any = None, interpolation: str = "nearest", **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.data_format = self._format(data_format)
        self.size = sizes.normalize_tuple(size, 2, "size")
        if interpolation not in ("nearest", "bilinear"):
            raise ValueError('`interpolation` argument should be one of `"nearest"` or `"bilinear"`.')
        self.interpolation = interpolation
        self.input_spec = InputSpec(ndim=4)

    def call(self, inputs: Any) -> Tensor:
        first, second = self._places(self.data_format)
        if self.interpolation == "bilinear":
            from ... import image

            is_last = self.data_format == "channels_last"
            pictures = inputs if is_last else array.transpose(inputs, [0, 2, 3, 1])
            wanted = array.shape(pictures)[1:3] * list(self.size)
            result = image.resize_bilinear(pictures, wanted, half_pixel_centers=True)
            return result if is_last else array.transpose(result, [0, 3, 1, 2])
        return _repeated(_repeated(inputs, self.size[0], first), self.size[1], second)


class UpSampling3D(_AlongSpace):
    """Each element of a volume `size` times, along its axes (TF1 symbol: `tf.keras.layers.UpSampling3D`)."""

    _rank = 3

    def __init__(self, size: Any = (2, 2, 2), data_format: Any = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.data_format = self._format(data_format)
        self.size = sizes.normalize_tuple(size, 3, "size")
        self.input_spec = InputSpec(ndim=5)

    def call(self, inputs: Any) -> Tensor:
        for axis, times in zip(self._places(self.data_format), self.size, strict=True):
            inputs = _repeated(inputs, times, axis)
        return inputs


Convolution1D, Convolution2D, Convolution3D = Conv1D, Conv2D, Conv3D
Convolution2DTranspose, Convolution3DTranspose = Conv2DTranspose, Conv3DTranspose
SeparableConvolution1D, SeparableConvolution2D = SeparableConv1D, SeparableConv2D
