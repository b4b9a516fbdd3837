"""Pooling, as classes and as functions."""

from __future__ import annotations

from typing import Any

from .keras.layers import pooling
from .layers_base import Layer
from .tensor import Tensor


class _WithStrides:
    """A pooling that has to be told its strides."""

    def __init__(
        self,
        pool_size: Any,
        strides: Any,
        padding: str = "valid",
        data_format: str = "channels_last",
        name: Any = None,
        **kwargs: Any,
    ) -> None:
        if strides is None:
            raise ValueError("Argument `strides` must not be None.")
        make: Any = super().__init__
        make(pool_size, strides, padding, data_format, name=name, **kwargs)


class AveragePooling1D(_WithStrides, pooling.AveragePooling1D, Layer):
    """The mean of windows of steps (TF1 symbol: `tf.layers.AveragePooling1D`)."""


def average_pooling1d(
    inputs: Any,
    pool_size: Any,
    strides: Any,
    padding: str = "valid",
    data_format: str = "channels_last",
    name: Any = None,
) -> Tensor:
    """The mean of windows of steps (TF1 symbol: `tf.layers.average_pooling1d`)."""
    return AveragePooling1D(pool_size, strides, padding, data_format, name).apply(inputs)


class AveragePooling2D(_WithStrides, pooling.AveragePooling2D, Layer):
    """The mean of windows of pixels (TF1 symbol: `tf.layers.AveragePooling2D`)."""


def average_pooling2d(
    inputs: Any,
    pool_size: Any,
    strides: Any,
    padding: str = "valid",
    data_format: str = "channels_last",
    name: Any = None,
) -> Tensor:
    """The mean of windows of pixels (TF1 symbol: `tf.layers.average_pooling2d`)."""
    return AveragePooling2D(pool_size, strides, padding, data_format, name).apply(inputs)


class AveragePooling3D(_WithStrides, pooling.AveragePooling3D, Layer):
    """The mean of windows of volumes (TF1 symbol: `tf.layers.AveragePooling3D`)."""


def average_pooling3d(
    inputs: Any,
    pool_size: Any,
    strides: Any,
    padding: str = "valid",
    data_format: str = "channels_last",
    name: Any = None,
) -> Tensor:
    """The mean of windows of volumes (TF1 symbol: `tf.layers.average_pooling3d`)."""
    return AveragePooling3D(pool_size, strides, padding, data_format, name).apply(inputs)


class MaxPooling1D(_WithStrides, pooling.MaxPooling1D, Layer):
    """The largest value of windows of steps (TF1 symbol: `tf.layers.MaxPooling1D`)."""


def max_pooling1d(
    inputs: Any,
    pool_size: Any,
    strides: Any,
    padding: str = "valid",
    data_format: str = "channels_last",
    name: Any = None,
) -> Tensor:
    """The largest value of windows of steps (TF1 symbol: `tf.layers.max_pooling1d`)."""
    return MaxPooling1D(pool_size, strides, padding, data_format, name).apply(inputs)


class MaxPooling2D(_WithStrides, pooling.MaxPooling2D, Layer):
    """The largest value of windows of pixels (TF1 symbol: `tf.layers.MaxPooling2D`)."""


def max_pooling2d(
    inputs: Any,
    pool_size: Any,
    strides: Any,
    padding: str = "valid",
    data_format: str = "channels_last",
    name: Any = None,
) -> Tensor:
    """The largest value of windows of pixels (TF1 symbol: `tf.layers.max_pooling2d`)."""
    return MaxPooling2D(pool_size, strides, padding, data_format, name).apply(inputs)


class MaxPooling3D(_WithStrides, pooling.MaxPooling3D, Layer):
    """The largest value of windows of volumes (TF1 symbol: `tf.layers.MaxPooling3D`)."""


def max_pooling3d(
    inputs: Any,
    pool_size: Any,
    strides: Any,
    padding: str = "valid",
    data_format: str = "channels_last",
    name: Any = None,
) -> Tensor:
    """The largest value of windows of volumes (TF1 symbol: `tf.layers.max_pooling3d`)."""
    return MaxPooling3D(pool_size, strides, padding, data_format, name).apply(inputs)


MaxPool1D, MaxPool2D, MaxPool3D = MaxPooling1D, MaxPooling2D, MaxPooling3D
AvgPool1D, AvgPool2D, AvgPool3D = AveragePooling1D, AveragePooling2D, AveragePooling3D
