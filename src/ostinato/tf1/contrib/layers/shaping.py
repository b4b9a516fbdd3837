"""Functions of tensors without, or with hardly any, variables: one-hot rows, stacks of layers, maxima."""

from __future__ import annotations

from typing import Any

from ...arg_scope import add_arg_scope
from ...custom_gradient import custom_gradient
from ...dtypes import float32, int32
from ...graph import name_scope
from ...initializers import Constant, Ones
from ...ops import array, nn
from ...ops.core import convert_to_tensor
from ...ops.lists import concat
from ...ops.math import cast, div, maximum, minimum, multiply, not_equal, range_, rsqrt, sqrt, square
from ...ops.picking import one_hot, where
from ...ops.reductions import reduce_max, reduce_sum
from ...tensor import Tensor
from ...variable_scope import variable_scope
from . import utils


@add_arg_scope
def one_hot_encoding(
    labels: Any,
    num_classes: int,
    on_value: float = 1.0,
    off_value: float = 0.0,
    outputs_collections: Any = None,
    scope: Any = None,
) -> Tensor:
    """Rows with one value at the labels' places (TF1 symbol: `tf.contrib.layers.one_hot_encoding`)."""
    with name_scope(scope, "OneHotEncoding", [labels, num_classes]) as sc:
        labels = convert_to_tensor(labels)
        if labels.dtype.base_dtype == int32:
            labels = cast(labels, "int64", name="ToInt64")
        outputs = one_hot(labels, num_classes, on_value=on_value, off_value=off_value)
        return utils.collect_named_outputs(outputs_collections, sc, outputs)


@add_arg_scope
def images_to_sequence(
    inputs: Any, data_format: str = "NHWC", outputs_collections: Any = None, scope: Any = None
) -> Tensor:
    """Images as sequences of their columns: [width, batch * height, depth] (TF1 symbol:
    `tf.contrib.layers.images_to_sequence`).
    """
    place = utils.checked_data_format(data_format, "NCHW", "NHWC")
    with name_scope(scope, "ImagesToSequence", [inputs]) as sc:
        inputs = convert_to_tensor(inputs)
        if place == "channels_first":
            inputs = array.transpose(inputs, [0, 2, 3, 1])
        _, _, width, depth = inputs.shape.as_list()
        sizes = array.shape(inputs)
        columns = array.transpose(inputs, [2, 0, 1, 3])
        outputs = array.reshape(columns, [width, sizes[0] * sizes[1], depth])
        return utils.collect_named_outputs(outputs_collections, sc, outputs)


@add_arg_scope
def sequence_to_images(
    inputs: Any,
    height: int,
    output_data_format: str = "channels_last",
    outputs_collections: Any = None,
    scope: Any = None,
) -> Tensor:
    """What `images_to_sequence` made, as images again (TF1: `tf.contrib.layers.sequence_to_images`)."""
    with name_scope(scope, "SequenceToImages", [inputs]) as sc:
        inputs = convert_to_tensor(inputs)
        width, rows, depth = inputs.shape.as_list()
        columns = array.reshape(inputs, [width, -1 if rows is None else rows // height, height, depth])
        order = [1, 3, 2, 0] if output_data_format == "channels_first" else [1, 2, 0, 3]
        outputs = array.transpose(columns, order)
        return utils.collect_named_outputs(outputs_collections, sc, outputs)


@add_arg_scope
def softmax(logits: Any, scope: Any = None) -> Tensor:
    """Softmax along the last axis, of any rank (TF1 symbol: `tf.contrib.layers.softmax`)."""
    with variable_scope(scope, "softmax", [logits]):
        logits = convert_to_tensor(logits)
        classes = utils.last_dimension(logits.shape, min_rank=2)
        rows = nn.softmax(array.reshape(logits, [-1, classes]))
        predictions = array.reshape(rows, array.shape(logits))
        predictions.set_shape(logits.shape)
        return predictions


@add_arg_scope
def spatial_softmax(
    features: Any,
    temperature: Any = None,
    name: Any = None,
    variables_collections: Any = None,
    trainable: bool = True,
    data_format: str = "NHWC",
) -> Tensor:
    """The expected place of each channel's features: (x, y) of each (TF1 symbol:
    `tf.contrib.layers.spatial_softmax`).

    Source: Levine et al., "End-to-end training of deep visuomotor policies" (2016).
    """
    with variable_scope(name, "spatial_softmax"):
        is_first = utils.checked_data_format(data_format, "NCHW", "NHWC") == "channels_first"
        features = convert_to_tensor(features)
        channels = features.shape.as_list()[1 if is_first else 3]
        if channels is None:
            raise ValueError(
                "The num_channels dimension of the inputs to `spatial_softmax` should be defined. "
                "Found `None`."
            )
        sizes = array.shape(features)
        height, width = (sizes[2], sizes[3]) if is_first else (sizes[1], sizes[2])
        with name_scope("spatial_softmax_op"):
            down, across = _spaced(height), _spaced(width)
            zeros = array.zeros([height, width])
            pos_x = array.reshape(zeros + array.expand_dims(down, 1), [height * width])
            pos_y = array.reshape(zeros + across, [height * width])
            scale = utils.model_variable(
                "temperature",
                shape=(),
                dtype=float32,
                initializer=Ones() if temperature is None else Constant(temperature),
                collections=utils.get_variable_collections(variables_collections, "temperature")
                if trainable
                else None,
                trainable=trainable,
            )
            if not is_first:
                features = array.transpose(features, [0, 3, 1, 2])
            weights = nn.softmax(array.reshape(features, [-1, height * width]) / scale)
            places = [reduce_sum(pos * weights, [1], keepdims=True) for pos in (pos_x, pos_y)]
            keypoints = array.reshape(concat(places, 1), [-1, channels * 2])
            keypoints.set_shape([None, channels * 2])
    return keypoints


def _spaced(count: Any) -> Tensor:
    """So many numbers from -1 to 1."""
    last = cast(maximum(count - 1, 1), float32)
    return cast(range_(count), float32) * (2.0 / last) - 1.0


def _layer_name(layer: Any, default: str) -> str:
    for named in (layer, getattr(layer, "func", None)):
        name = getattr(named, "__name__", None)
        if name is not None:
            return str(name)
    return default


def repeat(inputs: Any, repetitions: int, layer: Any, *args: Any, **kwargs: Any) -> Tensor:
    """One layer so many times, each with variables of its own (TF1 symbol: `tf.contrib.layers.repeat`)."""
    scope = kwargs.pop("scope", None)
    with variable_scope(scope, "Repeat", [inputs]):
        outputs = convert_to_tensor(inputs)
        name = _layer_name(layer, "repeat") if scope is None else scope
        for index in range(repetitions):
            outputs = layer(outputs, *args, **{**kwargs, "scope": f"{name}_{index + 1}"})
        return outputs


def stack(inputs: Any, layer: Any, stack_args: Any, **kwargs: Any) -> Tensor:
    """One layer behind the other, each with its own arguments (TF1 symbol: `tf.contrib.layers.stack`).

    Raises:
        ValueError: `stack_args` is no list.
    """
    scope = kwargs.pop("scope", None)
    if not isinstance(stack_args, (list, tuple)):
        raise ValueError("stack_args need to be a list or tuple")
    with variable_scope(scope, "Stack", [inputs]):
        outputs = convert_to_tensor(inputs)
        name = _layer_name(layer, "stack") if scope is None else scope
        for index, given in enumerate(stack_args):
            own = given if isinstance(given, (list, tuple)) else [given]
            outputs = layer(outputs, *own, **{**kwargs, "scope": f"{name}_{index + 1}"})
        return outputs


@add_arg_scope
def unit_norm(inputs: Any, dim: int, epsilon: float = 1e-7, scope: Any = None) -> Tensor:
    """Length 1 along an axis (TF1 symbol: `tf.contrib.layers.unit_norm`).

    Raises:
        ValueError: an axis that the inputs do not have.
    """
    with variable_scope(scope, "UnitNorm", [inputs]):
        inputs = convert_to_tensor(inputs)
        rank = inputs.shape.ndims
        if not rank:
            raise ValueError("The input rank must be known.")
        if not 0 <= dim < rank:
            raise ValueError("dim must be positive but smaller than the input rank.")
        return div(inputs, sqrt(epsilon + reduce_sum(square(inputs), dim, keepdims=True)))


@add_arg_scope
def maxout(inputs: Any, num_units: int, axis: int = -1, scope: Any = None) -> Tensor:
    """The largest of each group of channels (TF1 symbol: `tf.contrib.layers.maxout`).

    Raises:
        ValueError: the channels do not make up so many groups.
    """
    with variable_scope(scope, "MaxOut", [inputs]):
        inputs = convert_to_tensor(inputs)
        sizes = inputs.shape.as_list()
        channels = sizes[axis]
        if channels % num_units:
            raise ValueError(f"number of features({channels}) is not a multiple of num_units({num_units})")
        sizes[axis] = num_units
        at_run_time = array.shape(inputs)
        wide = [at_run_time[place] if size is None else size for place, size in enumerate(sizes)]
        return reduce_max(array.reshape(inputs, [*wide, channels // num_units]), -1)


def poincare_normalize(x: Any, axis: int = 1, epsilon: float = 1e-5, name: str | None = None) -> Tensor:
    """Points brought into the unit ball (TF1 symbol: `tf.contrib.layers.poincare_normalize`)."""
    with name_scope(name, "poincare_normalize", [x]) as scope:
        x = convert_to_tensor(x, name="x")
        inverse = rsqrt(reduce_sum(square(x), axis, keepdims=True))
        return multiply(x, minimum((1.0 - epsilon) * inverse, 1.0), name=scope)


@custom_gradient
def scale_gradient(inputs: Any, gradient_multiplier: Any) -> Any:
    """The inputs; what goes back through them is multiplied (TF1: `tf.contrib.layers.scale_gradient`)."""
    inputs = convert_to_tensor(inputs)
    factor = convert_to_tensor(gradient_multiplier)
    return array.identity(inputs), lambda grad: [grad * factor, None]


@add_arg_scope
def dense_to_sparse(
    tensor: Any, eos_token: Any = 0, outputs_collections: Any = None, scope: Any = None
) -> Any:
    """What is not `eos_token`, as a sparse tensor (TF1 symbol: `tf.contrib.layers.dense_to_sparse`)."""
    from ... import SparseTensor, gather_nd

    with variable_scope(scope, "dense_to_sparse", [tensor]) as sc:
        tensor = convert_to_tensor(tensor)
        indices = where(not_equal(tensor, convert_to_tensor(eos_token, tensor.dtype.base_dtype)))
        sizes = array.shape(tensor, out_type="int64")
        outputs = SparseTensor(indices, gather_nd(tensor, indices), sizes)
        return utils.collect_named_outputs(outputs_collections, sc.name, outputs)
