"""Convolutions of each channel by itself."""

from __future__ import annotations

from typing import Any

from ... import nn as tf_nn
from ...arguments import handed_on
from ...ops import array
from ...ops.padding import pad
from ...shapes import TensorShape
from ...tensor import Tensor
from . import sizes
from .configured import settle
from .convolutional import Conv, Conv2D


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
        settle(self, locals())
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
            inputs = pad(inputs, [[0, 0], [0, 0], time] if axis == 2 else [[0, 0], time, [0, 0]])
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
            **handed_on(
                locals(),
                "depth_multiplier",
                "depthwise_initializer",
                "depthwise_regularizer",
                "depthwise_constraint",
            ),
            filters=None,
        )
        self.depth_multiplier = depth_multiplier
        settle(self, locals())
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


SeparableConvolution1D, SeparableConvolution2D = SeparableConv1D, SeparableConv2D
