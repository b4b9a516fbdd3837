"""Normalisation as functions: of batches, layers, instances and groups."""

from __future__ import annotations

from typing import Any

from ... import nn as tf_nn
from ...arg_scope import add_arg_scope
from ...graph import GraphKeys, add_to_collections, control_dependencies
from ...initializers import Ones, Zeros
from ...layers_normalization import BatchNormalization
from ...moving_averages import assign_moving_average
from ...ops import array
from ...ops.core import constant, convert_to_tensor
from ...ops.math import rsqrt
from ...tensor import Tensor
from ...variable_scope import get_variable_scope, variable_scope
from . import utils
from .fully_connected import finished

_FORMATS = ("NCHW", "NHWC")


class _Parameters:
    """The four variables of batch normalisation, as `batch_norm` is told to make them."""

    def __init__(self, inputs: Any, shape: Any, dtype: Any, given: dict[str, Any], named: Any) -> None:
        self._inputs, self._shape, self._dtype = inputs, shape, dtype
        self._given, self._initializers = given, named or {}

    def trained(self, name: str, default: Any, regularizers: Any = None) -> Any:
        return utils.parameter(
            name,
            self._shape,
            self._inputs,
            self._initializers.get(name, default),
            self._given["variables_collections"],
            (regularizers or {}).get(name),
            self._given["trainable"],
            self._dtype,
        )

    def averages(self) -> list[Any]:
        with variable_scope(get_variable_scope()) as scope:
            scope.set_partitioner(None)
            return [
                utils.parameter(
                    name,
                    self._shape,
                    self._inputs,
                    self._initializers.get(name, default),
                    self._given["variables_collections"],
                    trainable=False,
                    dtype=self._dtype,
                )
                for name, default in (("moving_mean", Zeros()), ("moving_variance", Ones()))
            ]


def _with_updates(averages: list[Any], moments: Any, given: dict[str, Any], then: Any, otherwise: Any) -> Any:
    """What comes of a batch's moments: with the averages brought nearer to them, now or by collections."""
    decay, is_training = given["decay"], given["is_training"]
    collections = given["updates_collections"]

    def updates() -> list[Any]:
        return [
            assign_moving_average(averages[0], moments[0], decay, given["zero_debias_moving_mean"]),
            assign_moving_average(averages[1], moments[1], decay, False),
        ]

    if collections is None:

        def forced() -> Any:
            with control_dependencies(updates()):
                return then()

        return utils.smart_cond(is_training, forced, otherwise)
    delayed = utils.smart_cond(
        is_training,
        lambda: tuple(convert_to_tensor(item) for item in updates()),
        lambda: tuple(convert_to_tensor(item) for item in averages),
    )
    for update in delayed:
        add_to_collections(collections, update)
    return None


def _fused_batch_norm(inputs: Any, given: dict[str, Any]) -> Tensor:
    """Batch normalisation by the one node for images; rows are images of one pixel."""
    form = given["data_format"]
    utils.checked_data_format(form, *_FORMATS)
    with variable_scope(given["scope"], "BatchNorm", [inputs], reuse=given["reuse"]) as sc:
        original = inputs
        if inputs.shape.ndims == 2:
            channels = inputs.shape.as_list()[-1]
            if channels is None:
                raise ValueError("`C` dimension must be known but is None")
            wide = [-1, channels, 1, 1] if form == "NCHW" else [-1, 1, 1, channels]
            inputs = array.reshape(inputs, wide)
        shape = inputs.shape[-1:] if form == "NHWC" else inputs.shape[1:2]
        if not shape.is_fully_defined():
            raise ValueError(f"Inputs {inputs.name} has undefined `C` dimension {shape}.")
        make = _Parameters(inputs, shape, "float32", given, given["param_initializers"])
        regularizers = given["param_regularizers"]
        beta = gamma = None
        beta = make.trained("beta", Zeros(), regularizers) if given["center"] else constant(0.0, shape=shape)
        gamma = make.trained("gamma", Ones(), regularizers) if given["scale"] else constant(1.0, shape=shape)
        averages = make.averages()
        epsilon = given["epsilon"]

        def of_batch() -> Any:
            return tf_nn.fused_batch_norm(inputs, gamma, beta, epsilon=epsilon, data_format=form)

        def of_averages() -> Any:
            mean, variance = averages
            return tf_nn.fused_batch_norm(
                inputs,
                gamma,
                beta,
                mean=mean,
                variance=variance,
                epsilon=epsilon,
                is_training=False,
                data_format=form,
            )

        outputs, mean, variance = utils.smart_cond(given["is_training"], of_batch, of_averages)
        known = utils.constant_value(given["is_training"])
        if known is None or known:
            result = outputs
            forced = _with_updates(
                averages, (mean, variance), given, lambda: array.identity(result), lambda: result
            )
            outputs = outputs if forced is None else forced
        outputs.set_shape(inputs.shape)
        if original.shape.ndims == 2:
            outputs = array.reshape(outputs, array.shape(original))
            outputs.set_shape(original.shape)
        return finished(outputs, sc, None, None, given["activation_fn"], given["outputs_collections"])


def _layer_batch_norm(inputs: Any, given: dict[str, Any]) -> Tensor:
    """Batch normalisation by the layer of `tf.layers`."""
    getter = utils.model_variable_getter()
    with variable_scope(
        given["scope"], "BatchNorm", [inputs], reuse=given["reuse"], custom_getter=getter
    ) as sc:
        initializers = given["param_initializers"] or {}
        regularizers = given["param_regularizers"] or {}
        layer = BatchNormalization(
            axis=1 if given["data_format"] == "NCHW" else -1,
            momentum=given["decay"],
            epsilon=given["epsilon"],
            center=given["center"],
            scale=given["scale"],
            beta_initializer=initializers.get("beta", Zeros()),
            gamma_initializer=initializers.get("gamma", Ones()),
            moving_mean_initializer=initializers.get("moving_mean", Zeros()),
            moving_variance_initializer=initializers.get("moving_variance", Ones()),
            beta_regularizer=regularizers.get("beta"),
            gamma_regularizer=regularizers.get("gamma"),
            trainable=given["trainable"],
            renorm=given["renorm"],
            renorm_clipping=given["renorm_clipping"],
            renorm_momentum=given["renorm_decay"],
            adjustment=given["adjustment"],
            name=sc.name,
            _scope=sc,
            _reuse=given["reuse"],
            fused=given["fused"],
        )
        outputs = layer.apply(inputs, training=given["is_training"])
        for name in ("moving_mean", "moving_variance", "beta", "gamma"):
            variable = getattr(layer, name)
            if variable is not None:
                utils.add_variable_to_collections(variable, given["variables_collections"], name)
        return finished(outputs, sc, None, None, given["activation_fn"], given["outputs_collections"])


def _weighted_batch_norm(inputs: Any, given: dict[str, Any]) -> Tensor:
    """Batch normalisation of weighted rows, with updates where the layer has them not."""
    if given["renorm"]:
        raise ValueError(
            "renorm is not supported with batch_weights, updates_collections or zero_debias_moving_mean"
        )
    getter = utils.model_variable_getter()
    with variable_scope(
        given["scope"], "BatchNorm", [inputs], reuse=given["reuse"], custom_getter=getter
    ) as sc:
        rank = inputs.shape.ndims
        if rank is None:
            raise ValueError(f"Inputs {inputs.name} has undefined rank.")
        weights = given["batch_weights"]
        if weights is not None:
            weights = array.reshape(convert_to_tensor(weights), [-1, *[1] * (rank - 1)])
        first = given["data_format"] == "NCHW"
        axes = [0, *range(2, rank)] if first else list(range(rank - 1))
        shape = inputs.shape[1:2] if first else inputs.shape[-1:]
        wide = [1, inputs.shape.as_list()[1], *[1] * (rank - 2)] if first else None
        if not shape.is_fully_defined():
            raise ValueError(f"Inputs {inputs.name} has undefined channels dimension {shape}.")
        make = _Parameters(inputs, shape, None, given, given["param_initializers"])
        beta = make.trained("beta", Zeros()) if given["center"] else None
        gamma = make.trained("gamma", Ones()) if given["scale"] else None
        averages = make.averages()
        known = utils.constant_value(given["is_training"])
        if known is None or known:
            if weights is None:
                found = tf_nn.moments(inputs, axes, keep_dims=first)
            else:
                found = tf_nn.weighted_moments(inputs, axes, weights, keepdims=first)
            batch = tuple(array.reshape(item, [-1]) if first else item for item in found)

            def kept() -> tuple[Tensor, ...]:
                return tuple(convert_to_tensor(item) for item in averages)

            forced = _with_updates(
                averages, batch, given, lambda: tuple(array.identity(item) for item in batch), kept
            )
            mean, variance = forced or utils.smart_cond(given["is_training"], lambda: batch, kept)
        else:
            mean, variance = averages
        if wide is not None:
            mean, variance = array.reshape(mean, wide), array.reshape(variance, wide)
            beta = None if beta is None else array.reshape(beta, wide)
            gamma = None if gamma is None else array.reshape(gamma, wide)
        outputs = tf_nn.batch_normalization(inputs, mean, variance, beta, gamma, given["epsilon"])
        outputs.set_shape(inputs.shape)
        return finished(outputs, sc, None, None, given["activation_fn"], given["outputs_collections"])


@add_arg_scope
def batch_norm(
    inputs: Any,
    decay: float = 0.999,
    center: bool = True,
    scale: bool = False,
    epsilon: float = 0.001,
    activation_fn: Any = None,
    param_initializers: Any = None,
    param_regularizers: Any = None,
    updates_collections: Any = GraphKeys.UPDATE_OPS,
    is_training: Any = True,
    reuse: Any = None,
    variables_collections: Any = None,
    outputs_collections: Any = None,
    trainable: bool = True,
    batch_weights: Any = None,
    fused: bool | None = None,
    data_format: str = "NHWC",
    zero_debias_moving_mean: bool = False,
    scope: Any = None,
    renorm: bool = False,
    renorm_clipping: Any = None,
    renorm_decay: float = 0.99,
    adjustment: Any = None,
) -> Tensor:
    """Values of mean 0 and variance 1 in each channel, shifted by `beta` and scaled by `gamma` (TF1 symbol:
    `tf.contrib.layers.batch_norm`).

    Args:
        decay: of the moving averages, which are taken in the place of a batch's where not `is_training`.
        updates_collections: where the operations go that update them; None has them run with the outputs.
        is_training: a boolean or a tensor.
        batch_weights: of the rows.
        renorm, renorm_clipping, renorm_decay, adjustment, fused: as of `tf.layers.BatchNormalization`.

    Raises:
        ValueError: an unknown rank or number of channels, or arguments that do not go together.
    """
    given = dict(locals())
    inputs = convert_to_tensor(given.pop("inputs"))
    given["fused"] = fused = True if fused is None else fused
    rank = inputs.shape.ndims
    collected = updates_collections is GraphKeys.UPDATE_OPS or updates_collections == GraphKeys.UPDATE_OPS
    fits = batch_weights is None and not renorm and rank in (2, 4) and adjustment is None
    if fused and fits and (zero_debias_moving_mean or rank == 2 or not collected):
        return _fused_batch_norm(inputs, given)
    utils.checked_data_format(data_format, *_FORMATS)
    if batch_weights is None and collected and not zero_debias_moving_mean:
        return _layer_batch_norm(inputs, given)
    return _weighted_batch_norm(inputs, given)


@add_arg_scope
def layer_norm(
    inputs: Any,
    center: bool = True,
    scale: bool = True,
    activation_fn: Any = None,
    reuse: Any = None,
    variables_collections: Any = None,
    outputs_collections: Any = None,
    trainable: bool = True,
    begin_norm_axis: int = 1,
    begin_params_axis: int = -1,
    scope: Any = None,
) -> Tensor:
    """Values of mean 0 and variance 1 in each row (TF1 symbol: `tf.contrib.layers.layer_norm`).

    Source: Ba, Kiros and Hinton, "Layer normalization" (2016).

    Raises:
        ValueError: axes that the inputs do not have, or sizes that are not known.
    """
    with variable_scope(scope, "LayerNorm", [inputs], reuse=reuse) as sc:
        inputs = convert_to_tensor(inputs)
        rank = inputs.shape.ndims
        if rank is None:
            raise ValueError(f"Inputs {inputs.name} has undefined rank.")
        first = begin_norm_axis + rank if begin_norm_axis < 0 else begin_norm_axis
        if begin_params_axis >= rank or first >= rank:
            raise ValueError(
                f"begin_params_axis ({begin_params_axis}) and begin_norm_axis ({first}) must be < "
                f"rank(inputs) ({rank})"
            )
        shape = inputs.shape[begin_params_axis:]
        if not shape.is_fully_defined():
            raise ValueError(
                f"Inputs {inputs.name}: shape(inputs)[{begin_params_axis}:] is not fully defined: "
                f"{inputs.shape}"
            )
        given = {"variables_collections": variables_collections, "trainable": trainable}
        make = _Parameters(inputs, shape, None, given, None)
        beta = make.trained("beta", Zeros()) if center else None
        gamma = make.trained("gamma", Ones()) if scale else None
        mean, variance = tf_nn.moments(inputs, list(range(first, rank)), keep_dims=True)
        epsilon = 1e-3 if inputs.dtype.base_dtype.name == "float16" else 1e-12
        outputs = tf_nn.batch_normalization(inputs, mean, variance, beta, gamma, epsilon)
        outputs.set_shape(inputs.shape)
        return finished(outputs, sc, None, None, activation_fn, outputs_collections)


@add_arg_scope
def instance_norm(
    inputs: Any,
    center: bool = True,
    scale: bool = True,
    epsilon: float = 1e-6,
    activation_fn: Any = None,
    param_initializers: Any = None,
    reuse: Any = None,
    variables_collections: Any = None,
    outputs_collections: Any = None,
    trainable: bool = True,
    data_format: str = "NHWC",
    scope: Any = None,
) -> Tensor:
    """Values of mean 0 and variance 1 in each channel of each row (TF1: `tf.contrib.layers.instance_norm`).

    Raises:
        ValueError: an unknown rank or number of channels, or another data format.
    """
    inputs = convert_to_tensor(inputs)
    rank = inputs.shape.ndims
    if rank is None:
        raise ValueError(f"Inputs {inputs.name} has undefined rank.")
    axis = 1 if utils.checked_data_format(data_format, *_FORMATS) == "channels_first" else rank - 1
    with variable_scope(scope, "InstanceNorm", [inputs], reuse=reuse) as sc:
        shape = inputs.shape[axis : axis + 1]
        if not shape.is_fully_defined():
            raise ValueError(f"Inputs {inputs.name} has undefined channels dimension {shape}.")
        given = {"variables_collections": variables_collections, "trainable": trainable}
        make = _Parameters(inputs, shape, None, given, param_initializers)
        beta = make.trained("beta", Zeros()) if center else None
        gamma = make.trained("gamma", Ones()) if scale else None
        if axis == 1:
            wide = [1, shape.as_list()[0], *[1] * (rank - 2)]
            beta = None if beta is None else array.reshape(beta, wide)
            gamma = None if gamma is None else array.reshape(gamma, wide)
        over = [place for place in range(1, rank) if place != axis]
        mean, variance = tf_nn.moments(inputs, over, keep_dims=True)
        outputs = tf_nn.batch_normalization(inputs, mean, variance, beta, gamma, epsilon, name="instancenorm")
        return finished(outputs, sc, None, None, activation_fn, outputs_collections)


@add_arg_scope
def group_norm(
    inputs: Any,
    groups: int = 32,
    channels_axis: int = -1,
    reduction_axes: Any = (-3, -2),
    center: bool = True,
    scale: bool = True,
    epsilon: float = 1e-6,
    activation_fn: Any = None,
    param_initializers: Any = None,
    reuse: Any = None,
    variables_collections: Any = None,
    outputs_collections: Any = None,
    trainable: bool = True,
    scope: Any = None,
    mean_close_to_zero: bool = False,
) -> Tensor:
    """Values of mean 0 and variance 1 in each group of channels of each row (TF1 symbol:
    `tf.contrib.layers.group_norm`).

    Source: Wu and He, "Group normalization" (2018). `mean_close_to_zero` only says how moments are summed.

    Raises:
        ValueError: axes or groups that the inputs do not have, or sizes that are not known.
    """
    inputs = convert_to_tensor(inputs)
    rank = inputs.shape.ndims
    if rank is None:
        raise ValueError(f"Inputs {inputs.name} has undefined rank.")
    if channels_axis > rank - 1:
        raise ValueError("Axis is out of bounds.")
    known, at_run_time = inputs.shape.as_list(), array.shape(inputs)
    sizes = [at_run_time[axis] if size is None else size for axis, size in enumerate(known)]
    axis = channels_axis + rank if channels_axis < 0 else channels_axis
    channels = known[axis]
    if channels is None:
        raise ValueError(f"Inputs {inputs.name} has undefined channel dimension: {axis}.")
    over = [place + rank if place < 0 else place for place in reduction_axes]
    for place in over:
        if place > rank:
            raise ValueError("Axis is out of bounds.")
        if known[place] is None:
            raise ValueError(f"Inputs {inputs.name} has undefined dimensions {place}.")
        if place == axis:
            raise ValueError("reduction_axis must be mutually exclusive with channels_axis")
    if groups > channels:
        raise ValueError(f"Invalid groups {groups} for {channels} channels.")
    if channels % groups:
        raise ValueError(f"{channels} channels is not commensurate with {groups} groups.")
    split = [groups, channels // groups]
    wide = [*[1] * axis, *split, *[1] * (rank - axis - 1)]
    parts = array.reshape(inputs, [*sizes[:axis], *split, *sizes[axis + 1 :]])
    moved = [axis + 1, *(place + 1 if place > axis else place for place in over)]
    with variable_scope(scope, "GroupNorm", [inputs], reuse=reuse) as sc:
        given = {"variables_collections": variables_collections, "trainable": trainable}
        make = _Parameters(inputs, [channels], None, given, param_initializers)
        beta = array.reshape(make.trained("beta", Zeros()), wide) if center else None
        gamma = array.reshape(make.trained("gamma", Ones()), wide) if scale else None
        mean, variance = tf_nn.moments(parts, moved, keep_dims=True)
        gain = rsqrt(variance + epsilon)
        offset = -mean * gain
        if gamma is not None:
            gain, offset = gain * gamma, offset * gamma
        if beta is not None:
            offset = offset + beta
        outputs = array.reshape(parts * gain + offset, sizes)
        outputs.set_shape(inputs.shape)
        return finished(outputs, sc, None, None, activation_fn, outputs_collections)
