"""Pooling as functions."""

from __future__ import annotations

from typing import Any

from ... import layers_pooling
from ... import nn as tf_nn
from ...arg_scope import add_arg_scope
from ...graph import name_scope
from ...ops.core import convert_to_tensor
from ...tensor import Tensor
from . import utils


def _pooled(
    make: Any, default: str, inputs: Any, options: tuple[Any, ...], collections: Any, scope: Any
) -> Tensor:
    with name_scope(scope, default, [inputs]) as sc:
        layer = make(*options, _scope=sc)
        return utils.collect_named_outputs(collections, sc, layer.apply(convert_to_tensor(inputs)))


@add_arg_scope
def avg_pool2d(
    inputs: Any,
    kernel_size: Any,
    stride: Any = 2,
    padding: str = "VALID",
    data_format: str = "NHWC",
    outputs_collections: Any = None,
    scope: Any = None,
) -> Tensor:
    """The mean of windows (TF1 symbol: `tf.contrib.layers.avg_pool2d`)."""
    place = utils.checked_data_format(data_format, "NCHW", "NHWC")
    options = kernel_size, stride, padding, place
    make = layers_pooling.AveragePooling2D
    return _pooled(make, "AvgPool2D", inputs, options, outputs_collections, scope)


@add_arg_scope
def avg_pool3d(
    inputs: Any,
    kernel_size: Any,
    stride: Any = 2,
    padding: str = "VALID",
    data_format: str = "NDHWC",
    outputs_collections: Any = None,
    scope: Any = None,
) -> Tensor:
    """The mean of windows (TF1 symbol: `tf.contrib.layers.avg_pool3d`)."""
    place = utils.checked_data_format(data_format, "NCDHW", "NDHWC")
    options = kernel_size, stride, padding, place
    make = layers_pooling.AveragePooling3D
    return _pooled(make, "AvgPool3D", inputs, options, outputs_collections, scope)


@add_arg_scope
def max_pool2d(
    inputs: Any,
    kernel_size: Any,
    stride: Any = 2,
    padding: str = "VALID",
    data_format: str = "NHWC",
    outputs_collections: Any = None,
    scope: Any = None,
) -> Tensor:
    """The largest value of windows (TF1 symbol: `tf.contrib.layers.max_pool2d`)."""
    place = utils.checked_data_format(data_format, "NCHW", "NHWC")
    options = kernel_size, stride, padding, place
    make = layers_pooling.MaxPooling2D
    return _pooled(make, "MaxPool2D", inputs, options, outputs_collections, scope)


@add_arg_scope
def max_pool3d(
    inputs: Any,
    kernel_size: Any,
    stride: Any = 2,
    padding: str = "VALID",
    data_format: str = "NDHWC",
    outputs_collections: Any = None,
    scope: Any = None,
) -> Tensor:
    """The largest value of windows (TF1 symbol: `tf.contrib.layers.max_pool3d`)."""
    place = utils.checked_data_format(data_format, "NCDHW", "NDHWC")
    options = kernel_size, stride, padding, place
    make = layers_pooling.MaxPooling3D
    return _pooled(make, "MaxPool3D", inputs, options, outputs_collections, scope)


@add_arg_scope
def pool(
    inputs: Any,
    kernel_size: Any,
    pooling_type: str,
    padding: str = "VALID",
    data_format: Any = None,
    dilation_rate: Any = 1,
    stride: Any = 1,
    outputs_collections: Any = None,
    scope: Any = None,
) -> Tensor:
    """The largest value ("MAX") or the mean ("AVG") of windows (TF1 symbol: `tf.contrib.layers.pool`).

    Raises:
        ValueError: inputs of unknown rank, or of one below 3.
    """
    with name_scope(scope, f"{pooling_type.lower()}_pool", [inputs]) as sc:
        inputs = convert_to_tensor(inputs)
        rank = inputs.shape.ndims
        if rank is None:
            raise ValueError("Rank of inputs must be known")
        if rank < 3:
            raise ValueError("Rank of inputs must be >= 3")
        output = tf_nn.pool(
            inputs,
            utils.n_positive_integers(rank - 2, kernel_size),
            pooling_type,
            padding,
            dilation_rate=utils.n_positive_integers(rank - 2, dilation_rate),
            strides=utils.n_positive_integers(rank - 2, stride),
            name=sc,
            data_format=data_format,
        )
        return utils.collect_named_outputs(outputs_collections, sc, output)
