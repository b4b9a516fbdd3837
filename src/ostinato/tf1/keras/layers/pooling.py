"""Largest and mean values of windows, and of whole axes."""

from __future__ import annotations

from typing import Any

from ... import nn as tf_nn
from ...input_spec import InputSpec
from ...ops import array
from ...ops.math import cast
from ...ops.reductions import reduce_max, reduce_mean, reduce_sum
from ...shapes import TensorShape
from ...tensor import Tensor
from . import sizes
from .configured import Configured


class _Pooling(Configured):
    """The largest or the mean value of windows along the axes of space.

    Args:
        pool_size, strides: of the window; an integer, or one for each axis. Strides are the size for None.
        padding: "valid" or "same".
        data_format: "channels_last" or "channels_first".
    """

    _rank = 2
    _is_mean = False

    def __init__(
        self,
        pool_size: Any = 2,
        strides: Any = None,
        padding: Any = "valid",
        data_format: Any = None,
        name: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(name=name, **kwargs)
        if data_format is None and self._rank == 1:
            data_format = "channels_last"
        self.pool_size = sizes.normalize_tuple(pool_size, self._rank, "pool_size")
        self.strides = sizes.normalize_tuple(pool_size if strides is None else strides, self._rank, "strides")
        self.padding = sizes.normalize_padding(padding)
        self.data_format = sizes.normalize_data_format(data_format)
        self.input_spec = InputSpec(ndim=self._rank + 2)

    @property
    def _channels_first(self) -> bool:
        return self.data_format == "channels_first"

    def call(self, inputs: Any) -> Tensor:
        if self._rank == 1:
            # Sequences are images of one column.
            axis = 3 if self._channels_first else 2
            wide = array.expand_dims(inputs, axis)
            pooled = self._pooled(wide, (*self.pool_size, 1), (*self.strides, 1))
            return array.squeeze(pooled, [axis])
        if self._rank == 3 and self._channels_first:
            moved = array.transpose(inputs, [0, 2, 3, 4, 1])
            pooled = self._pooled(moved, self.pool_size, self.strides, "channels_last")
            return array.transpose(pooled, [0, 4, 1, 2, 3])
        return self._pooled(inputs, self.pool_size, self.strides)

    def _pooled(self, inputs: Any, size: Any, strides: Any, data_format: str | None = None) -> Tensor:
        data_format = data_format or self.data_format
        first = data_format == "channels_first"
        window = [1, 1, *size] if first else [1, *size, 1]
        steps = [1, 1, *strides] if first else [1, *strides, 1]
        volume = len(size) == 3
        if self._is_mean:
            function = tf_nn.avg_pool3d if volume else tf_nn.avg_pool
        else:
            function = tf_nn.max_pool3d if volume else tf_nn.max_pool
        letters = sizes.convert_data_format(data_format, len(size) + 2)
        return function(inputs, window, steps, padding=self.padding.upper(), data_format=letters)

    def compute_output_shape(self, input_shape: Any) -> TensorShape:
        shape = TensorShape(input_shape).as_list()
        start = 2 if self._channels_first else 1
        for axis, (size, stride) in enumerate(zip(self.pool_size, self.strides, strict=True)):
            place = start + axis
            shape[place] = sizes.conv_output_length(shape[place], size, self.padding, stride)
        return TensorShape(shape)


class MaxPooling1D(_Pooling):
    """The largest value of windows of steps (TF1 symbol: `tf.keras.layers.MaxPooling1D`)."""

    _rank = 1


class MaxPooling2D(_Pooling):
    """The largest value of windows of pixels (TF1 symbol: `tf.keras.layers.MaxPooling2D`)."""


class MaxPooling3D(_Pooling):
    """The largest value of windows of volumes (TF1 symbol: `tf.keras.layers.MaxPooling3D`)."""

    _rank = 3


class AveragePooling1D(_Pooling):
    """The mean of windows of steps (TF1 symbol: `tf.keras.layers.AveragePooling1D`)."""

    _rank, _is_mean = 1, True


class AveragePooling2D(_Pooling):
    """The mean of windows of pixels (TF1 symbol: `tf.keras.layers.AveragePooling2D`)."""

    _is_mean = True


class AveragePooling3D(_Pooling):
    """The mean of windows of volumes (TF1 symbol: `tf.keras.layers.AveragePooling3D`)."""

    _rank, _is_mean = 3, True


class _GlobalPooling(Configured):
    _rank = 2
    _reduce: Any = staticmethod(reduce_max)

    def __init__(self, data_format: Any = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if data_format is None and self._rank == 1:
            data_format = "channels_last"
        self.data_format = sizes.normalize_data_format(data_format)
        self.input_spec = InputSpec(ndim=self._rank + 2)

    @property
    def _axes(self) -> list[int]:
        start = 2 if self.data_format == "channels_first" else 1
        return list(range(start, start + self._rank))

    def call(self, inputs: Any) -> Tensor:
        return type(self)._reduce(inputs, axis=self._axes)

    def compute_output_shape(self, input_shape: Any) -> TensorShape:
        shape = TensorShape(input_shape).as_list()
        return TensorShape([shape[0], shape[1 if self.data_format == "channels_first" else -1]])


class GlobalMaxPooling1D(_GlobalPooling):
    """The largest value over time (TF1 symbol: `tf.keras.layers.GlobalMaxPooling1D`)."""

    _rank = 1


class GlobalMaxPooling2D(_GlobalPooling):
    """The largest value of an image's channels (TF1 symbol: `tf.keras.layers.GlobalMaxPooling2D`)."""


class GlobalMaxPooling3D(_GlobalPooling):
    """The largest value of a volume's channels (TF1 symbol: `tf.keras.layers.GlobalMaxPooling3D`)."""

    _rank = 3


class GlobalAveragePooling1D(_GlobalPooling):
    """The mean over time, of the steps that a mask leaves (TF1 symbol:
    `tf.keras.layers.GlobalAveragePooling1D`).
    """

    _rank, _reduce = 1, staticmethod(reduce_mean)

    def __init__(self, data_format: Any = None, **kwargs: Any) -> None:
        super().__init__(data_format, **kwargs)
        self.supports_masking = True

    def call(self, inputs: Any, mask: Any = None) -> Tensor:
        if mask is None:
            return super().call(inputs)
        axis = self._axes[0]
        weights = array.expand_dims(cast(mask, inputs.dtype), 3 - axis)
        return reduce_sum(inputs * weights, axis=axis) / reduce_sum(weights, axis=axis)

    def compute_mask(self, inputs: Any, mask: Any = None) -> None:
        return None


class GlobalAveragePooling2D(_GlobalPooling):
    """The mean of an image's channels (TF1 symbol: `tf.keras.layers.GlobalAveragePooling2D`)."""

    _reduce = staticmethod(reduce_mean)


class GlobalAveragePooling3D(_GlobalPooling):
    """The mean of a volume's channels (TF1 symbol: `tf.keras.layers.GlobalAveragePooling3D`)."""

    _rank, _reduce = 3, staticmethod(reduce_mean)


MaxPool1D, MaxPool2D, MaxPool3D = MaxPooling1D, MaxPooling2D, MaxPooling3D
AvgPool1D, AvgPool2D, AvgPool3D = AveragePooling1D, AveragePooling2D, AveragePooling3D
GlobalMaxPool1D, GlobalMaxPool2D, GlobalMaxPool3D = GlobalMaxPooling1D, GlobalMaxPooling2D, GlobalMaxPooling3D
GlobalAvgPool1D, GlobalAvgPool2D = GlobalAveragePooling1D, GlobalAveragePooling2D
GlobalAvgPool3D = GlobalAveragePooling3D
