"""fully_connected, dropout, flatten, bias_add: contrib's layers as functions."""

from __future__ import annotations

import functools
from typing import Any

from ...arg_scope import add_arg_scope
from ...graph import GraphKeys, add_to_collections, name_scope
from ...initializers import Zeros
from ...layers_core import Dense, Dropout
from ...layers_core import flatten as core_flatten
from ...ops import nn
from ...ops.array import reshape, shape
from ...ops.core import convert_to_tensor
from ...ops.lists import concat
from ...ops.math import matmul
from ...tensor import Tensor
from ...variable_scope import variable_scope
from . import utils
from .initializers import xavier_initializer

_ZEROS = Zeros()
_XAVIER = xavier_initializer()


def finished(
    outputs: Any, scope: Any, normalizer_fn: Any, normalizer_params: Any, activation_fn: Any, collections: Any
) -> Any:
    """A layer's outputs: normalised, activated and put in their collections."""
    if normalizer_fn is not None:
        outputs = normalizer_fn(outputs, **(normalizer_params or {}))
    if activation_fn is not None:
        outputs = activation_fn(outputs)
    return utils.collect_named_outputs(collections, getattr(scope, "name", scope), outputs)


@add_arg_scope
def fully_connected(
    inputs: Any,
    num_outputs: int,
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
    trainable: bool = True,
    scope: Any = None,
) -> Tensor:
    """activation_fn(inputs @ weights + biases) (TF1 symbol: `tf.contrib.layers.fully_connected`).

    Args:
        inputs: a tensor of rank 2 or more, whose last size is known.
        num_outputs: the size of the outputs' last axis.
        activation_fn: relu unless told otherwise; None is none.
        normalizer_fn, normalizer_params: in the place of the biases, a function such as `batch_norm`.
        reuse, scope: of the variables `weights` and `biases`.
        variables_collections, outputs_collections: more collections that they go to.

    Raises:
        ValueError: `num_outputs` is no integer, or the inputs' last size or rank is unknown.
    """
    if not isinstance(num_outputs, int):
        raise ValueError(f"num_outputs type should be one of {[int]}, got {type(num_outputs)}.")
    getter = utils.model_variable_getter({"bias": "biases", "kernel": "weights"})
    with variable_scope(scope, "fully_connected", [inputs], reuse=reuse, custom_getter=getter) as sc:
        inputs = convert_to_tensor(inputs)
        layer = Dense(
            num_outputs,
            use_bias=bool(not normalizer_fn and biases_initializer),
            kernel_initializer=weights_initializer,
            bias_initializer=biases_initializer,
            kernel_regularizer=weights_regularizer,
            bias_regularizer=biases_regularizer,
            trainable=trainable,
            name=sc.name,
            dtype=inputs.dtype.base_dtype,
            _scope=sc,
            _reuse=reuse,
        )
        outputs = layer.apply(inputs)
        utils.add_variable_to_collections(layer.kernel, variables_collections, "weights")
        if layer.bias is not None:
            utils.add_variable_to_collections(layer.bias, variables_collections, "biases")
        return finished(outputs, sc, normalizer_fn, normalizer_params, activation_fn, outputs_collections)


relu = functools.partial(fully_connected, activation_fn=nn.relu)
relu6 = functools.partial(fully_connected, activation_fn=nn.relu6)
elu = functools.partial(fully_connected, activation_fn=nn.elu)
linear = functools.partial(fully_connected, activation_fn=None)


@add_arg_scope
def legacy_fully_connected(
    x: Any,
    num_output_units: int,
    activation_fn: Any = None,
    weight_init: Any = _XAVIER,
    bias_init: Any = _ZEROS,
    name: str | None = None,
    weight_collections: Any = (GraphKeys.WEIGHTS,),
    bias_collections: Any = (GraphKeys.BIASES,),
    output_collections: Any = (GraphKeys.ACTIVATIONS,),
    trainable: bool = True,
    weight_regularizer: Any = None,
    bias_regularizer: Any = None,
) -> Tensor:
    """The first form of `fully_connected`, without an activation of its own (TF1 symbol:
    `tf.contrib.layers.legacy_fully_connected`).

    Raises:
        ValueError: the inputs' last size is unknown, or their rank below 2.
    """
    from ...variable_scope import get_variable

    with variable_scope(name, "fully_connected", [x]):
        x = convert_to_tensor(x)
        sizes = x.shape.as_list()
        depth = utils.last_dimension(x.shape, min_rank=2)
        kind = x.dtype.base_dtype
        keys = [*weight_collections, GraphKeys.GLOBAL_VARIABLES]
        weights = get_variable(
            "weights",
            [depth, num_output_units],
            kind,
            weight_init,
            collections=list(dict.fromkeys(keys)),
            regularizer=weight_regularizer,
            trainable=trainable,
        )
        flat = x if len(sizes) <= 2 else reshape(x, [-1, depth])
        outputs = matmul(flat, weights)
        if bias_init is not None:
            keys = [*bias_collections, GraphKeys.GLOBAL_VARIABLES]
            bias = get_variable(
                "bias",
                [num_output_units],
                kind,
                bias_init,
                collections=list(dict.fromkeys(keys)),
                regularizer=bias_regularizer,
                trainable=trainable,
            )
            outputs = nn.bias_add(outputs, bias)
        if len(sizes) > 2:
            outputs = reshape(outputs, concat([shape(x)[:-1], [num_output_units]], 0))
            outputs.set_shape([*sizes[:-1], num_output_units])
        if activation_fn is not None:
            outputs = activation_fn(outputs)
        add_to_collections([*(output_collections or ()), GraphKeys.ACTIVATIONS], outputs)
        return outputs


legacy_linear = functools.partial(legacy_fully_connected, activation_fn=None)
legacy_relu = functools.partial(legacy_fully_connected, activation_fn=nn.relu)


@add_arg_scope
def dropout(
    inputs: Any,
    keep_prob: Any = 0.5,
    noise_shape: Any = None,
    is_training: Any = True,
    outputs_collections: Any = None,
    scope: Any = None,
    seed: int | None = None,
) -> Tensor:
    """The inputs, of which the share `keep_prob` is kept while training (TF1 symbol:
    `tf.contrib.layers.dropout`).
    """
    with variable_scope(scope, "Dropout", [inputs], custom_getter=utils.model_variable_getter()) as sc:
        inputs = convert_to_tensor(inputs)
        layer = Dropout(1 - keep_prob, noise_shape, seed, name=sc.name, _scope=sc)
        outputs = layer.apply(inputs, training=is_training)
        return utils.collect_named_outputs(outputs_collections, sc.name, outputs)


@add_arg_scope
def flatten(inputs: Any, outputs_collections: Any = None, scope: Any = None) -> Tensor:
    """All axes but the first in one (TF1 symbol: `tf.contrib.layers.flatten`)."""
    with name_scope(scope, "Flatten", [inputs]) as sc:
        outputs = core_flatten(convert_to_tensor(inputs))
        return utils.collect_named_outputs(outputs_collections, sc, outputs)


@add_arg_scope
def bias_add(
    inputs: Any,
    activation_fn: Any = None,
    initializer: Any = _ZEROS,
    regularizer: Any = None,
    reuse: Any = None,
    variables_collections: Any = None,
    outputs_collections: Any = None,
    trainable: bool = True,
    data_format: str = "NHWC",
    scope: Any = None,
) -> Tensor:
    """The inputs and a variable of biases (TF1 symbol: `tf.contrib.layers.bias_add`).

    Raises:
        ValueError: the number of channels or the rank is unknown, or NCHW for another rank than 4.
    """
    axis = 1 if utils.checked_data_format(data_format, "NCHW", "NHWC") == "channels_first" else -1
    with variable_scope(scope, "BiasAdd", [inputs], reuse=reuse) as sc:
        inputs = convert_to_tensor(inputs)
        rank = inputs.shape.ndims
        if rank is None:
            raise ValueError("Dims of shape must be known but is None")
        if rank != 4 and axis == 1:
            raise ValueError("Data format NCHW only supports 4D Tensor")
        channels = inputs.shape.as_list()[axis]
        if channels is None:
            raise ValueError("`C` dimension must be known but is None")
        biases = utils.parameter(
            "biases", [channels], inputs, initializer, variables_collections, regularizer, trainable
        )
        outputs = nn.bias_add(inputs, biases, data_format=data_format)
        return finished(outputs, sc, None, None, activation_fn, outputs_collections)
