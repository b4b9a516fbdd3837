"""Convolutions of one to three spatial axes (TF1 symbols: `tf.nn.conv2d` and its kind)."""

from __future__ import annotations

from typing import Any

from ..graph import name_scope
from ..tensor import Tensor
from . import (
    array,
    convolution_kernels,  # noqa: F401  for its entries in the table
)
from .core import convert_to_tensor, one
from .math import either
from .windows import FORMATS, checked_format, checked_padding, for_each_axis

_FLOATS = "float16, bfloat16, float32, float64"


def window_attributes(
    op_type: str, rank: int, strides: Any, padding: Any, data_format: Any, dilations: Any
) -> dict[str, Any]:
    form = checked_format(op_type, data_format, rank)
    first = form.startswith("NC")
    explicit: list[int] = []
    if isinstance(padding, (list, tuple)):
        explicit = [int(amount) for pair in padding for amount in pair]
        if len(explicit) != 2 * (rank + 2):
            raise ValueError(
                f"Explicit paddings are {rank + 2} pairs, one for each axis, zeros for the batch and the "
                f"channels; got {padding!r}."
            )
        padding = "EXPLICIT"
    else:
        padding = checked_padding(op_type, padding, explicit=op_type == "Conv2D")
    return {
        "strides": for_each_axis(strides, rank, first, "strides"),
        "padding": padding,
        "explicit_paddings": explicit,
        "data_format": form,
        "dilations": for_each_axis(dilations, rank, first, "dilations"),
    }


def _node(op_type: str, input: Any, kernel: Any, name: str | None, attributes: dict[str, Any]) -> Tensor:
    with name_scope(name, op_type, [input, kernel]) as scope:
        x = convert_to_tensor(input, name="input")
        if x.dtype.base_dtype.name not in _FLOATS.split(", "):
            raise TypeError(
                f"Value passed to parameter 'input' has DataType {x.dtype.base_dtype.name} not in list of "
                f"allowed values: {_FLOATS}"
            )
        kernel = convert_to_tensor(kernel, x.dtype.base_dtype, name="filter")
        return one(op_type, [x, kernel], scope, **attributes)


def conv2d(
    input: Any,
    filter: Any = None,
    strides: Any = None,
    padding: Any = None,
    use_cudnn_on_gpu: bool = True,
    data_format: str = "NHWC",
    dilations: Any = (1, 1, 1, 1),
    name: str | None = None,
    filters: Any = None,
) -> Tensor:
    """A convolution of images with kernels `[height, width, in, out]` (TF1 symbol: `tf.nn.conv2d`).

    Args:
        input: `[batch, height, width, in]`, or with "NCHW" `[batch, in, height, width]`.
        filter: the kernels; `filters` is its newer name.
        strides: 1, 2 or 4 steps, as `dilations`.
        padding: "SAME", "VALID", or a pair of amounts for each axis.
        use_cudnn_on_gpu: not used: torch chooses.

    Raises:
        ValueError: another format or padding, or shapes that do not fit.

    >>> import ostinato.tf1 as tf
    >>> with tf.Graph().as_default():
    ...     print(tf.nn.conv2d(tf.zeros([2, 28, 28, 1]), tf.zeros([5, 5, 1, 32]), [1, 2, 2, 1], "SAME").shape)
    (2, 14, 14, 32)
    """
    attributes = window_attributes("Conv2D", 2, strides, padding, data_format, dilations)
    return _node("Conv2D", input, either("filters", filters, "filter", filter), name, attributes)


def conv3d(
    input: Any,
    filter: Any = None,
    strides: Any = None,
    padding: Any = None,
    data_format: str = "NDHWC",
    dilations: Any = (1, 1, 1, 1, 1),
    name: str | None = None,
    filters: Any = None,
) -> Tensor:
    """A convolution of volumes with kernels `[depth, height, width, in, out]` (TF1 symbol:
    `tf.nn.conv3d`).
    """
    attributes = window_attributes("Conv3D", 3, strides, padding, data_format, dilations)
    return _node("Conv3D", input, either("filters", filters, "filter", filter), name, attributes)


def conv1d(
    value: Any = None,
    filters: Any = None,
    stride: Any = None,
    padding: Any = None,
    use_cudnn_on_gpu: bool | None = None,
    data_format: str | None = None,
    name: str | None = None,
    input: Any = None,
    dilations: Any = None,
) -> Tensor:
    """A convolution of sequences with kernels `[width, in, out]` (TF1 symbol: `tf.nn.conv1d`).

    Args:
        value: `[batch, width, in]`, or with "NCW" `[batch, in, width]`; `input` is its newer name.
        stride: one step, or 1 or 3 of them, as `dilations`.
        padding: "SAME" or "VALID".
    """
    value = either("input", input, "value", value)
    with name_scope(name, "conv1d", [value, filters]) as scope:
        if data_format in (None, "NHWC", "NWC"):
            first, axis = False, 1
        elif data_format in ("NCHW", "NCW"):
            first, axis = True, 2
        else:
            raise ValueError('data_format must be "NWC" or "NCW".')
        form = FORMATS[2][first]
        steps = [1, *for_each_axis(stride, 1, first, "stride")]
        spread = [1, *for_each_axis(dilations, 1, first, "dilations")]
        if first:  # [1, batch, channels, width] to the order of the axes
            steps, spread = [1, steps[2], 1, steps[3]], [1, spread[2], 1, spread[3]]
        else:
            steps, spread = [steps[1], 1, *steps[2:]], [spread[1], 1, *spread[2:]]
        x = array.expand_dims(convert_to_tensor(value, name="value"), axis)
        kernel = array.expand_dims(convert_to_tensor(filters, x.dtype.base_dtype, name="filters"), 0)
        found = conv2d(x, kernel, steps, padding, data_format=form, dilations=spread, name=scope)
        return array.squeeze(found, [axis])


def convolution(
    input: Any,
    filter: Any = None,
    padding: Any = None,
    strides: Any = None,
    dilation_rate: Any = None,
    name: str | None = None,
    data_format: str | None = None,
    filters: Any = None,
    dilations: Any = None,
) -> Tensor:
    """A convolution over one, two or three spatial axes, as the kernel's rank says (TF1 symbol:
    `tf.nn.convolution`).

    Args:
        input: `[batch, *spatial, in]`, or with a `data_format` "NC..." `[batch, in, *spatial]`.
        filter: `[*spatial, in, out]`; `filters` is its newer name.
        padding: "SAME" or "VALID".
        strides: a step for each spatial axis.
        dilation_rate: how far apart the kernel's elements lie, for each spatial axis; `dilations` is its
            newer name.

    Raises:
        ValueError: strides and dilation rates both above 1, or ranks that do not fit.
    """
    kernel = either("filters", filters, "filter", filter)
    rates = either("dilations", dilations, "dilation_rate", dilation_rate)
    with name_scope(name, "convolution", [input, kernel]) as scope:
        x = convert_to_tensor(input, name="input")
        kernel = convert_to_tensor(kernel, x.dtype.base_dtype, name="filter")
        whole = kernel.shape.ndims if kernel.shape.ndims is not None else x.shape.ndims
        if whole is None:
            raise ValueError("rank of input or filter must be known")
        rank = whole - 2
        if not 1 <= rank <= 3:
            raise ValueError(
                f"num_spatial_dims (input.shape.ndims - 2) must be one of 1, 2 or 3 but saw {rank}"
            )
        steps, spread = spatial_steps(rank, strides, rates)
        dilated = max(spread) > 1
        first = data_format is not None and data_format.startswith("NC")
        form = data_format or FORMATS[rank][0]
        checked_padding("Conv2D", padding)
        if x.shape.ndims is None:
            x.set_shape([None] * (rank + 2))
        # TensorFlow moves blocks of a dilated one to the batch and back, which names the last node.
        last = "BatchToSpaceND" if dilated else None
        if rank == 1:
            form = {"NHWC": "NWC", "NCHW": "NCW"}.get(form, form)
            checked_format("Conv2D", form, 1)
            axis = 2 if first else 1
            wide = array.expand_dims(x, axis)
            flat = array.expand_dims(kernel, 0)
            found = conv2d(
                wide,
                flat,
                [1, *steps],
                padding,
                data_format=FORMATS[2][first],
                dilations=[1, *spread],
                name=scope,
            )
            return array.squeeze(found, [axis], name=last)
        make = conv2d if rank == 2 else conv3d
        return make(x, kernel, steps, padding, data_format=form, dilations=spread, name=last or scope)


def spatial_steps(rank: int, strides: Any, rates: Any) -> tuple[list[int], list[int]]:
    """Strides and dilation rates for the spatial axes."""
    found = []
    for name, given in (("strides", strides), ("dilation_rate", rates)):
        values = [1] * rank if given is None else [int(item) for item in given]
        if len(values) != rank:
            raise ValueError(f"len({name})={len(values)} but should be {rank}")
        if min(values) < 1:
            raise ValueError(f"all values of {name} must be positive")
        found.append(values)
    if max(found[0]) > 1 and max(found[1]) > 1:
        raise ValueError("strides > 1 not supported in conjunction with dilation_rate > 1")
    return found[0], found[1]


def atrous_conv2d(value: Any, filters: Any, rate: int, padding: str, name: str | None = None) -> Tensor:
    """A convolution whose kernel has holes (TF1 symbol: `tf.nn.atrous_conv2d`): its elements lie `rate`
    apart.
    """
    return convolution(value, filters, padding, dilation_rate=[rate, rate], name=name)


# -- depthwise and separable
def depthwise_conv2d_native(
    input: Any,
    filter: Any,
    strides: Any,
    padding: str,
    data_format: str = "NHWC",
    dilations: Any = (1, 1, 1, 1),
    name: str | None = None,
) -> Tensor:
    """A convolution of each channel by itself (TF1 symbol: `tf.nn.depthwise_conv2d_native`)."""
    attributes = window_attributes("DepthwiseConv2dNative", 2, strides, padding, data_format, dilations)
    return _node("DepthwiseConv2dNative", input, filter, name, attributes)


def depthwise_conv2d(
    input: Any,
    filter: Any,
    strides: Any,
    padding: str,
    rate: Any = None,
    name: str | None = None,
    data_format: str | None = None,
    dilations: Any = None,
) -> Tensor:
    """A convolution of each channel by itself, with `multiplier` kernels each (TF1 symbol:
    `tf.nn.depthwise_conv2d`).

    Args:
        input: `[batch, height, width, channels]`.
        filter: `[height, width, channels, multiplier]`.
        strides: 4 steps.
        rate: 2 dilation rates; `dilations` is its newer name.

    Returns:
        `[batch, height, width, channels * multiplier]`.
    """
    rate = either("dilations", dilations, "rate", rate)
    with name_scope(name, "depthwise", [input, filter]) as scope:
        spread = [1, 1] if rate is None else [int(item) for item in rate]
        last = "BatchToSpaceND" if max(spread) > 1 else scope
        return depthwise_conv2d_native(
            input, filter, strides, padding, data_format or "NHWC", spread, name=last
        )


def separable_conv2d(
    input: Any,
    depthwise_filter: Any,
    pointwise_filter: Any,
    strides: Any,
    padding: str,
    rate: Any = None,
    name: str | None = None,
    data_format: str | None = None,
    dilations: Any = None,
) -> Tensor:
    """A convolution of each channel by itself, and one of size 1 that mixes them (TF1 symbol:
    `tf.nn.separable_conv2d`).

    Args:
        depthwise_filter: `[height, width, channels, multiplier]`.
        pointwise_filter: `[1, 1, channels * multiplier, out]`.
    """
    rate = either("dilations", dilations, "rate", rate)
    with name_scope(name, "separable_conv2d", [input, depthwise_filter, pointwise_filter]) as scope:
        point = convert_to_tensor(pointwise_filter, name="pointwise_filter")
        if point.shape.ndims not in (None, 4):
            raise ValueError(f"Shape {point.shape} must have rank 4")
        sizes = point.shape.known or (None, None, None, None)
        if not all(size in (None, 1) for size in sizes[:2]):
            raise ValueError(
                f"The pointwise filter is [1, 1, channels * multiplier, out], not {point.shape.bracketed()}."
            )
        apart = depthwise_conv2d(input, depthwise_filter, strides, padding, rate, "depthwise", data_format)
        return conv2d(apart, point, [1, 1, 1, 1], "VALID", data_format=data_format or "NHWC", name=scope)
