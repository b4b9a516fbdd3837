"""Transposes of convolutions and their derivatives (TF1 symbol: `tf.nn.conv2d_transpose`)."""

from __future__ import annotations

from typing import Any

from .. import registry
from ..graph import name_scope
from ..tensor import Tensor
from . import array
from .convolution import window_attributes
from .core import convert_to_tensor, one, same_type, shape_tensor
from .lists import concat
from .math import either
from .windows import FORMATS, checked_format, for_each_axis, layout_of


def _back(
    op_type: str,
    input_sizes: Any,
    kernel: Any,
    value: Any,
    name: Any,
    default: str,
    attributes: dict[str, Any],
) -> Tensor:
    with name_scope(name, default, [value, kernel, input_sizes]) as scope:
        sizes = shape_tensor(input_sizes, "input_sizes")
        x = convert_to_tensor(value, name="out_backprop")
        kernel = convert_to_tensor(kernel, name="filter")
        same_type(op_type, kernel, x, "out_backprop", "filter")
        return one(op_type, [sizes, kernel, x], scope, **attributes)


def conv2d_backprop_input(
    input_sizes: Any,
    filter: Any = None,
    out_backprop: Any = None,
    strides: Any = None,
    padding: Any = None,
    use_cudnn_on_gpu: bool = True,
    data_format: str = "NHWC",
    dilations: Any = (1, 1, 1, 1),
    name: str | None = None,
    filters: Any = None,
) -> Tensor:
    """The gradient of a convolution with respect to its input (TF1 symbol: `tf.nn.conv2d_backprop_input`)."""
    kernel = either("filters", filters, "filter", filter)
    attributes = window_attributes("Conv2DBackpropInput", 2, strides, padding, data_format, dilations)
    return _back(
        "Conv2DBackpropInput", input_sizes, kernel, out_backprop, name, "Conv2DBackpropInput", attributes
    )


def _filter_gradient(
    op_type: str, input: Any, filter_sizes: Any, gradient: Any, name: Any, attributes: dict[str, Any]
) -> Tensor:
    with name_scope(name, op_type, [input, filter_sizes, gradient]) as scope:
        x = convert_to_tensor(input, name="input")
        sizes = shape_tensor(filter_sizes, "filter_sizes")
        gradient = convert_to_tensor(gradient, x.dtype.base_dtype, name="out_backprop")
        return one(op_type, [x, sizes, gradient], scope, **attributes)


def conv2d_backprop_filter(
    input: Any,
    filter_sizes: Any,
    out_backprop: Any,
    strides: Any,
    padding: Any,
    use_cudnn_on_gpu: bool = True,
    data_format: str = "NHWC",
    dilations: Any = (1, 1, 1, 1),
    name: str | None = None,
) -> Tensor:
    """The gradient of a convolution with respect to its kernel (TF1 symbol:
    `tf.nn.conv2d_backprop_filter`).
    """
    attributes = window_attributes("Conv2DBackpropFilter", 2, strides, padding, data_format, dilations)
    return _filter_gradient("Conv2DBackpropFilter", input, filter_sizes, out_backprop, name, attributes)


def conv3d_backprop_filter(
    input: Any,
    filter_sizes: Any,
    out_backprop: Any,
    strides: Any,
    padding: Any,
    data_format: str = "NDHWC",
    dilations: Any = (1, 1, 1, 1, 1),
    name: str | None = None,
) -> Tensor:
    """The gradient of a convolution of volumes with respect to its kernel (TF1 symbol:
    `tf.nn.conv3d_backprop_filter`).
    """
    attributes = window_attributes("Conv3DBackpropFilterV2", 3, strides, padding, data_format, dilations)
    return _filter_gradient("Conv3DBackpropFilterV2", input, filter_sizes, out_backprop, name, attributes)


def depthwise_conv2d_native_backprop_input(
    input_sizes: Any,
    filter: Any,
    out_backprop: Any,
    strides: Any,
    padding: Any,
    data_format: str = "NHWC",
    dilations: Any = (1, 1, 1, 1),
    name: str | None = None,
) -> Tensor:
    """The gradient of a depthwise convolution with respect to its input (TF1 symbol:
    `tf.nn.depthwise_conv2d_native_backprop_input`).
    """
    op_type = "DepthwiseConv2dNativeBackpropInput"
    attributes = window_attributes(op_type, 2, strides, padding, data_format, dilations)
    return _back(op_type, input_sizes, filter, out_backprop, name, op_type, attributes)


def depthwise_conv2d_native_backprop_filter(
    input: Any,
    filter_sizes: Any,
    out_backprop: Any,
    strides: Any,
    padding: Any,
    data_format: str = "NHWC",
    dilations: Any = (1, 1, 1, 1),
    name: str | None = None,
) -> Tensor:
    """The gradient of a depthwise convolution with respect to its kernel (TF1 symbol:
    `tf.nn.depthwise_conv2d_native_backprop_filter`).
    """
    op_type = "DepthwiseConv2dNativeBackpropFilter"
    attributes = window_attributes(op_type, 2, strides, padding, data_format, dilations)
    return _filter_gradient(op_type, input, filter_sizes, out_backprop, name, attributes)


def _transposed(
    rank: int,
    value: Any,
    kernel: Any,
    output_shape: Any,
    strides: Any,
    padding: Any,
    data_format: Any,
    dilations: Any,
    name: Any,
    default: str,
) -> Tensor:
    op_type = "Conv2DBackpropInput" if rank == 2 else "Conv3DBackpropInputV2"
    attributes = window_attributes(op_type, rank, strides, padding, data_format, dilations)
    with name_scope(name, default, [value, kernel, output_shape]) as scope:
        value = convert_to_tensor(value, name="value")
        kernel = convert_to_tensor(kernel, name="filter")
        channel_axis = layout_of(attributes["data_format"], rank).channel_axis
        if value.shape.known is not None and kernel.shape.known is not None:
            given, wanted = value.shape.known[channel_axis], kernel.shape.known[-1]
            if given is not None and wanted is not None and given != wanted:
                raise ValueError(
                    f"input channels does not match filter's input channels, {given} != {wanted}"
                )
        return _back(op_type, output_shape, kernel, value, scope, default, attributes)


def conv2d_transpose(
    value: Any = None,
    filter: Any = None,
    output_shape: Any = None,
    strides: Any = None,
    padding: Any = "SAME",
    data_format: str = "NHWC",
    name: str | None = None,
    input: Any = None,
    filters: Any = None,
    dilations: Any = None,
) -> Tensor:
    """The transpose of `conv2d`, which makes images larger (TF1 symbol: `tf.nn.conv2d_transpose`).

    Args:
        value: `[batch, height, width, in]`; `input` is its newer name.
        filter: `[height, width, out, in]`; `filters` is its newer name.
        output_shape: the result's shape; a convolution with these arguments would give the value's of it.
    """
    value = either("input", input, "value", value)
    kernel = either("filters", filters, "filter", filter)
    return _transposed(
        2, value, kernel, output_shape, strides, padding, data_format, dilations, name, "conv2d_transpose"
    )


def conv3d_transpose(
    value: Any,
    filter: Any = None,
    output_shape: Any = None,
    strides: Any = None,
    padding: Any = "SAME",
    data_format: str = "NDHWC",
    name: str | None = None,
    input: Any = None,
    filters: Any = None,
    dilations: Any = None,
) -> Tensor:
    """The transpose of `conv3d` (TF1 symbol: `tf.nn.conv3d_transpose`)."""
    value = either("input", input, "value", value)
    kernel = either("filters", filters, "filter", filter)
    return _transposed(
        3, value, kernel, output_shape, strides, padding, data_format, dilations, name, "conv3d_transpose"
    )


def conv1d_transpose(
    input: Any,
    filters: Any,
    output_shape: Any,
    strides: Any,
    padding: Any = "SAME",
    data_format: str = "NWC",
    dilations: Any = None,
    name: str | None = None,
) -> Tensor:
    """The transpose of `conv1d` (TF1 symbol: `tf.nn.conv1d_transpose`); kernels are `[width, out, in]`."""
    form = checked_format("conv1d_transpose", data_format or "NWC", 1)
    first = form == "NCW"
    axis = 2 if first else 1
    with name_scope(name, "conv1d_transpose", [input, filters, output_shape]) as scope:
        steps = for_each_axis(strides, 1, first, "strides")
        spread = for_each_axis(dilations, 1, first, "dilations")
        steps.insert(axis, 1)
        spread.insert(axis, 1)
        sizes = shape_tensor(output_shape, "output_shape")
        x = array.expand_dims(convert_to_tensor(input, name="input"), axis)
        kernel = array.expand_dims(convert_to_tensor(filters, name="filters"), 0)
        wide = concat([sizes[:axis], [1], sizes[axis:]], axis=0)
        found = conv2d_transpose(
            x, kernel, wide, steps, padding, data_format=FORMATS[2][first], name=scope, dilations=spread
        )
        return array.squeeze(found, [axis])


def conv_transpose(
    input: Any,
    filters: Any,
    output_shape: Any,
    strides: Any,
    padding: Any = "SAME",
    data_format: str | None = None,
    dilations: Any = None,
    name: str | None = None,
) -> Tensor:
    """The transpose of `convolution`, of as many axes as `output_shape` has (TF1 symbol:
    `tf.nn.conv_transpose`).
    """
    with name_scope(name, "conv_transpose", [input, filters, output_shape]) as scope:
        sizes = registry.constant_shape(shape_tensor(output_shape, "output_shape"))
        rank = None if sizes.ndims is None else sizes.ndims - 2
        if rank not in (1, 2, 3):
            raise ValueError(f"output_shape must be of length 3, 4 or 5 but was {sizes.ndims}.")
        make: Any = {1: conv1d_transpose, 2: conv2d_transpose, 3: conv3d_transpose}[rank]
        return make(
            input,
            filters,
            output_shape,
            strides,
            padding=padding,
            data_format=data_format or FORMATS[rank][0],
            dilations=dilations,
            name=scope,
        )


def atrous_conv2d_transpose(
    value: Any, filters: Any, output_shape: Any, rate: int, padding: str, name: str | None = None
) -> Tensor:
    """The transpose of `atrous_conv2d` (TF1 symbol: `tf.nn.atrous_conv2d_transpose`)."""
    if rate < 1:
        raise ValueError(f"rate {rate} cannot be less than one")
    with name_scope(name, "atrous_conv2d_transpose", [value, filters, output_shape]) as scope:
        last = scope if rate == 1 else "BatchToSpaceND"
        return _transposed(
            2, value, filters, output_shape, None, padding, "NHWC", [rate, rate], last, "conv2d_transpose"
        )
