"""Convolutions as functions, whose variables are `weights` and `biases`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ... import layers_convolution, layers_separable
from ... import nn as tf_nn
from ...arg_scope import add_arg_scope
from ...arguments import handed_on
from ...initializers import Zeros
from ...ops import nn
from ...ops.core import convert_to_tensor
from ...ops.picking import tile
from ...tensor import Tensor
from ...variable_scope import variable_scope
from . import utils
from .fully_connected import finished
from .initializers import xavier_initializer

_ZEROS = Zeros()
_XAVIER = xavier_initializer()
_CLASSES: dict[int, Any] = {
    3: layers_convolution.Conv1D,
    4: layers_convolution.Conv2D,
    5: layers_convolution.Conv3D,
}
_RENAMED = {"bias": "biases", "kernel": "weights"}


def _convolved(default: str, make: Callable[[Tensor, dict[str, Any]], Any], given: dict[str, Any]) -> Tensor:
    """What the layer that `make` makes, of inputs and options, gives in a scope of this `default` name."""
    biases, normalizer_fn = given["biases_initializer"], given["normalizer_fn"]
    getter = utils.model_variable_getter(_RENAMED)
    with variable_scope(
        given["scope"], default, [given["inputs"]], reuse=given["reuse"], custom_getter=getter
    ) as sc:
        inputs = convert_to_tensor(given["inputs"])
        options = {
            "use_bias": bool(not normalizer_fn and biases),
            "kernel_initializer": given["weights_initializer"],
            "bias_initializer": biases,
            "kernel_regularizer": given["weights_regularizer"],
            "bias_regularizer": given["biases_regularizer"],
            "trainable": given["trainable"],
            "name": sc.name,
            "dtype": inputs.dtype.base_dtype,
            "_scope": sc,
            "_reuse": given["reuse"],
        }
        layer = make(inputs, options)
        outputs = layer.apply(inputs)
        _collect(layer, given["variables_collections"])
        rest = (given[name] for name in ("normalizer_params", "activation_fn", "outputs_collections"))
        return finished(outputs, sc, normalizer_fn, *rest)


def _collect(layer: Any, variables_collections: Any, *kernels: str) -> None:
    for kernel in kernels or ("kernel",):
        utils.add_variable_to_collections(getattr(layer, kernel), variables_collections, "weights")
    if layer.bias is not None:
        utils.add_variable_to_collections(layer.bias, variables_collections, "biases")


@add_arg_scope
def convolution(
    inputs: Any,
    num_outputs: int,
    kernel_size: Any,
    stride: Any = 1,
    padding: str = "SAME",
    data_format: Any = None,
    rate: Any = 1,
    activation_fn: Any = nn.relu,
    normalizer_fn: Any = None,
    normalizer_params: Any = None,
    weights_initializer: Any = _XAVIER,
    weights_regularizer: Any = None,
    biases_initializer: Any = _ZEROS,
    biases_regularizer: Any = None,
    reuse: Any = None,
    variables_collections: Any = None,
    outputs_collections: Any = None,
    trainable: Any = True,
    scope: Any = None,
    conv_dims: int | None = None,
) -> Tensor:
    """activation_fn(convolution + biases), over as many axes as the inputs have (TF1 symbol:
    `tf.contrib.layers.convolution`).

    Args:
        num_outputs: the number of channels that come out.
        kernel_size, stride, rate: an integer, or one for each axis of space.
        padding: "SAME" or "VALID".
        data_format: None or letters such as NHWC and NCHW.
        activation_fn: relu unless told otherwise; None is none.
        normalizer_fn, normalizer_params: in the place of the biases, a function such as `batch_norm`.
        conv_dims: how many axes of space there have to be.

    Raises:
        ValueError: another data format, or inputs of a rank that there is no convolution for.
    """
    given = handed_on(locals())
    if data_format not in (None, "NWC", "NCW", "NHWC", "NCHW", "NDHWC", "NCDHW"):
        raise ValueError(f"Invalid data_format: {data_format!r}")
    place = "channels_first" if data_format and data_format.startswith("NC") else "channels_last"

    def make(inputs: Tensor, options: dict[str, Any]) -> Any:
        rank = inputs.shape.ndims
        if conv_dims is not None and conv_dims + 2 != rank:
            raise ValueError(f"Convolution expects input with rank {conv_dims + 2}, got {rank}")
        if rank not in _CLASSES:
            raise ValueError("Convolution not supported for input with rank", rank)
        return _CLASSES[rank](num_outputs, kernel_size, stride, padding, place, rate, **options)

    return _convolved("Conv", make, given)


@add_arg_scope
def convolution1d(
    inputs: Any,
    num_outputs: int,
    kernel_size: Any,
    stride: Any = 1,
    padding: str = "SAME",
    data_format: Any = None,
    rate: Any = 1,
    activation_fn: Any = nn.relu,
    normalizer_fn: Any = None,
    normalizer_params: Any = None,
    weights_initializer: Any = _XAVIER,
    weights_regularizer: Any = None,
    biases_initializer: Any = _ZEROS,
    biases_regularizer: Any = None,
    reuse: Any = None,
    variables_collections: Any = None,
    outputs_collections: Any = None,
    trainable: Any = True,
    scope: Any = None,
) -> Tensor:
    """A convolution over time (TF1 symbol: `tf.contrib.layers.convolution1d`)."""
    return convolution(**handed_on(locals()), conv_dims=1)


@add_arg_scope
def convolution2d(
    inputs: Any,
    num_outputs: int,
    kernel_size: Any,
    stride: Any = 1,
    padding: str = "SAME",
    data_format: Any = None,
    rate: Any = 1,
    activation_fn: Any = nn.relu,
    normalizer_fn: Any = None,
    normalizer_params: Any = None,
    weights_initializer: Any = _XAVIER,
    weights_regularizer: Any = None,
    biases_initializer: Any = _ZEROS,
    biases_regularizer: Any = None,
    reuse: Any = None,
    variables_collections: Any = None,
    outputs_collections: Any = None,
    trainable: Any = True,
    scope: Any = None,
) -> Tensor:
    """A convolution over images (TF1 symbol: `tf.contrib.layers.convolution2d`)."""
    return convolution(**handed_on(locals()), conv_dims=2)


@add_arg_scope
def convolution3d(
    inputs: Any,
    num_outputs: int,
    kernel_size: Any,
    stride: Any = 1,
    padding: str = "SAME",
    data_format: Any = None,
    rate: Any = 1,
    activation_fn: Any = nn.relu,
    normalizer_fn: Any = None,
    normalizer_params: Any = None,
    weights_initializer: Any = _XAVIER,
    weights_regularizer: Any = None,
    biases_initializer: Any = _ZEROS,
    biases_regularizer: Any = None,
    reuse: Any = None,
    variables_collections: Any = None,
    outputs_collections: Any = None,
    trainable: Any = True,
    scope: Any = None,
) -> Tensor:
    """A convolution over volumes (TF1 symbol: `tf.contrib.layers.convolution3d`)."""
    return convolution(**handed_on(locals()), conv_dims=3)


@add_arg_scope
def convolution2d_in_plane(
    inputs: Any,
    kernel_size: Any,
    stride: Any = 1,
    padding: str = "SAME",
    activation_fn: Any = nn.relu,
    normalizer_fn: Any = None,
    normalizer_params: Any = None,
    weights_initializer: Any = _XAVIER,
    weights_regularizer: Any = None,
    biases_initializer: Any = _ZEROS,
    biases_regularizer: Any = None,
    reuse: Any = None,
    variables_collections: Any = None,
    outputs_collections: Any = None,
    trainable: Any = True,
    scope: Any = None,
) -> Tensor:
    """One kernel over each channel by itself (TF1 symbol: `tf.contrib.layers.conv2d_in_plane`)."""
    with variable_scope(scope, "ConvInPlane", [inputs], reuse=reuse) as sc:
        inputs = convert_to_tensor(inputs)
        steps = utils.two_element_tuple(stride)
        channels = utils.last_dimension(inputs.shape, min_rank=4)
        weights = utils.parameter(
            "weights",
            [*utils.two_element_tuple(kernel_size), 1, 1],
            inputs,
            weights_initializer,
            variables_collections,
            weights_regularizer,
            trainable,
        )
        outputs = tf_nn.depthwise_conv2d(inputs, tile(weights, [1, 1, channels, 1]), [1, *steps, 1], padding)
        if normalizer_fn is None and biases_initializer is not None:
            biases = utils.parameter(
                "biases",
                [channels],
                inputs,
                biases_initializer,
                variables_collections,
                biases_regularizer,
                trainable,
            )
            outputs = nn.bias_add(outputs, biases)
        return finished(outputs, sc, normalizer_fn, normalizer_params, activation_fn, outputs_collections)


@add_arg_scope
def convolution2d_transpose(
    inputs: Any,
    num_outputs: int,
    kernel_size: Any,
    stride: Any = 1,
    padding: str = "SAME",
    data_format: str = "NHWC",
    activation_fn: Any = nn.relu,
    normalizer_fn: Any = None,
    normalizer_params: Any = None,
    weights_initializer: Any = _XAVIER,
    weights_regularizer: Any = None,
    biases_initializer: Any = _ZEROS,
    biases_regularizer: Any = None,
    reuse: Any = None,
    variables_collections: Any = None,
    outputs_collections: Any = None,
    trainable: Any = True,
    scope: Any = None,
) -> Tensor:
    """A transposed convolution over images (TF1 symbol: `tf.contrib.layers.conv2d_transpose`)."""
    given = handed_on(locals())

    def make(_: Tensor, options: dict[str, Any]) -> Any:
        place = utils.checked_data_format(data_format, "NCHW", "NHWC")
        return layers_convolution.Conv2DTranspose(num_outputs, kernel_size, stride, padding, place, **options)

    return _convolved("Conv2d_transpose", make, given)


@add_arg_scope
def convolution3d_transpose(
    inputs: Any,
    num_outputs: int,
    kernel_size: Any,
    stride: Any = 1,
    padding: str = "SAME",
    data_format: str = "NDHWC",
    activation_fn: Any = nn.relu,
    normalizer_fn: Any = None,
    normalizer_params: Any = None,
    weights_initializer: Any = _XAVIER,
    weights_regularizer: Any = None,
    biases_initializer: Any = _ZEROS,
    biases_regularizer: Any = None,
    reuse: Any = None,
    variables_collections: Any = None,
    outputs_collections: Any = None,
    trainable: Any = True,
    scope: Any = None,
) -> Tensor:
    """A transposed convolution over volumes (TF1 symbol: `tf.contrib.layers.conv3d_transpose`)."""
    given = handed_on(locals())

    def make(_: Tensor, options: dict[str, Any]) -> Any:
        place = utils.checked_data_format(data_format, "NCDHW", "NDHWC")
        return layers_convolution.Conv3DTranspose(num_outputs, kernel_size, stride, padding, place, **options)

    return _convolved("Conv3d_transpose", make, given)


@add_arg_scope
def separable_convolution2d(
    inputs: Any,
    num_outputs: int | None,
    kernel_size: Any,
    depth_multiplier: int = 1,
    stride: Any = 1,
    padding: str = "SAME",
    data_format: str = "NHWC",
    rate: Any = 1,
    activation_fn: Any = nn.relu,
    normalizer_fn: Any = None,
    normalizer_params: Any = None,
    weights_initializer: Any = _XAVIER,
    pointwise_initializer: Any = None,
    weights_regularizer: Any = None,
    biases_initializer: Any = _ZEROS,
    biases_regularizer: Any = None,
    reuse: Any = None,
    variables_collections: Any = None,
    outputs_collections: Any = None,
    trainable: Any = True,
    scope: Any = None,
) -> Tensor:
    """A convolution of each channel, and a product over the channels unless `num_outputs` is None (TF1
    symbol: `tf.contrib.layers.separable_conv2d`).
    """
    place = utils.checked_data_format(data_format, "NCHW", "NHWC")
    getter = utils.model_variable_getter(
        {"bias": "biases", "depthwise_kernel": "depthwise_weights", "pointwise_kernel": "pointwise_weights"}
    )
    with variable_scope(scope, "SeparableConv2d", [inputs], reuse=reuse, custom_getter=getter) as sc:
        inputs = convert_to_tensor(inputs)
        if num_outputs is None:
            outputs = _depthwise(
                inputs,
                kernel_size,
                depth_multiplier,
                stride,
                padding,
                data_format,
                rate,
                (weights_initializer, variables_collections, weights_regularizer, trainable),
                None
                if normalizer_fn is not None or biases_initializer is None
                else (biases_initializer, variables_collections, biases_regularizer, trainable),
            )
        else:
            layer = layers_separable.SeparableConv2D(
                num_outputs,
                kernel_size,
                stride,
                padding,
                place,
                utils.two_element_tuple(rate),
                depth_multiplier,
                use_bias=bool(not normalizer_fn and biases_initializer),
                depthwise_initializer=weights_initializer,
                pointwise_initializer=pointwise_initializer or weights_initializer,
                bias_initializer=biases_initializer,
                depthwise_regularizer=weights_regularizer,
                pointwise_regularizer=weights_regularizer,
                bias_regularizer=biases_regularizer,
                trainable=trainable,
                name=sc.name,
                dtype=inputs.dtype.base_dtype,
                _scope=sc,
                _reuse=reuse,
            )
            outputs = layer.apply(inputs)
            _collect(layer, variables_collections, "depthwise_kernel", "pointwise_kernel")
        return finished(outputs, sc, normalizer_fn, normalizer_params, activation_fn, outputs_collections)


def _depthwise(
    inputs: Tensor,
    kernel_size: Any,
    depth_multiplier: int,
    stride: Any,
    padding: str,
    data_format: str,
    rate: Any,
    weights: tuple[Any, ...],
    biases: tuple[Any, ...] | None,
) -> Tensor:
    first = data_format.startswith("NC")
    channels = utils.channel_dimension(inputs.shape, "channels_first" if first else "channels_last", 4)
    shape = [*utils.two_element_tuple(kernel_size), channels, depth_multiplier]
    initializer, collections, regularizer, trainable = weights
    keys = utils.get_variable_collections(collections, "weights")
    kernel = utils.parameter("depthwise_weights", shape, inputs, initializer, keys, regularizer, trainable)
    steps = utils.two_element_tuple(stride)
    outputs = tf_nn.depthwise_conv2d(
        inputs,
        kernel,
        [1, 1, *steps] if first else [1, *steps, 1],
        padding,
        rate=utils.two_element_tuple(rate),
        data_format=data_format,
    )
    if biases is not None:
        added = utils.parameter("biases", [depth_multiplier * channels], inputs, *biases)
        outputs = nn.bias_add(outputs, added, data_format=data_format)
    return outputs


conv1d, conv2d, conv3d = convolution1d, convolution2d, convolution3d
conv2d_transpose, conv3d_transpose = convolution2d_transpose, convolution3d_transpose
conv2d_in_plane, separable_conv2d = convolution2d_in_plane, separable_convolution2d
