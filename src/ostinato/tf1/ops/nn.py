"""Activations, softmax, dropout, clipping."""

from __future__ import annotations

from numbers import Real
from typing import Any

import torch
import torch.nn.functional as F

from ..dtypes import as_dtype
from ..graph import get_default_graph, name_scope
from ..indexed_slices import IndexedSlices
from ..registry import OutputTypes, ShapeMismatch, constant_value, register, same
from ..shapes import TensorShape, as_shape
from ..tensor import Tensor
from . import array, losses_of_logits, math, random, reductions
from .core import convert_to_tensor, one
from .losses_of_logits import along
from .math import named, unary

relu = named(unary("Relu", torch.relu), "features")
relu6 = named(unary("Relu6", F.relu6), "features")
elu = named(unary("Elu", F.elu), "features")
selu = named(unary("Selu", F.selu), "features")
softplus = named(unary("Softplus", F.softplus), "features")
softsign = named(unary("Softsign", F.softsign), "features")
sigmoid = math.sigmoid
tanh = math.tanh


def leaky_relu(features: Any, alpha: float = 0.2, name: str | None = None) -> Tensor:
    """x where it is positive and alpha * x elsewhere (TF1 symbol: `tf.nn.leaky_relu`)."""
    return one("LeakyRelu", [convert_to_tensor(features)], name or "LeakyRelu", alpha=float(alpha))


register("LeakyRelu", lambda x, alpha: F.leaky_relu(x, alpha), same)


register("Softmax", lambda x, axis: torch.softmax(x, axis), same)
register("LogSoftmax", lambda x, axis: torch.log_softmax(x, axis), same)


def softmax(logits: Any, axis: Any = None, name: str | None = None, dim: Any = None) -> Tensor:
    """Softmax along an axis, the last one for None (TF1 symbol: `tf.nn.softmax`)."""
    return _softmax("Softmax", logits, along(axis, dim), name)


def _softmax(op_type: str, logits: Any, axis: int, name: str | None) -> Tensor:
    logits = convert_to_tensor(logits)
    rank = logits.shape.ndims
    if rank is not None and axis not in (-1, rank - 1):
        # TensorFlow brings the axis to the end and back: the last of these names is the result's.
        for before in ("transpose", op_type):
            get_default_graph().unique_name(before)
        name = name or "transpose"
    return one(op_type, [logits], name or op_type, axis=axis)


def log_softmax(logits: Any, axis: Any = None, name: str | None = None, dim: Any = None) -> Tensor:
    """The logarithm of softmax (TF1 symbol: `tf.nn.log_softmax`)."""
    return _softmax("LogSoftmax", logits, along(axis, dim), name)


def _bias_rule(inputs: Any, attributes: dict[str, Any]) -> OutputTypes:
    value, bias = inputs[0].shape, inputs[1].shape
    if bias.ndims not in (None, 1):
        raise ShapeMismatch(f"Shape must be rank 1 but is rank {bias.ndims}")
    axis = 1 if attributes.get("data_format") == "NCHW" else -1
    least = 3 if axis == 1 else 2
    if value.ndims is not None and value.ndims < least:
        raise ShapeMismatch(f"Shape must be at least rank {least} but is rank {value.ndims}")
    if value.known and bias.known:
        a, b = value.known[axis], bias.known[0]
        if a is not None and b is not None and a != b:
            raise ShapeMismatch(f"Dimensions must be equal, but are {a} and {b}")
    return [(inputs[0].dtype.base_dtype, value)]


def _bias_add(value: torch.Tensor, bias: torch.Tensor, data_format: str = "NHWC") -> torch.Tensor:
    if data_format == "NCHW":
        return value + bias.reshape([-1] + [1] * (value.dim() - 2))
    return torch.add(value, bias)


register("BiasAdd", _bias_add, _bias_rule)


def bias_add(value: Any, bias: Any, data_format: Any = None, name: str | None = None) -> Tensor:
    """value + bias, a vector along the channels (TF1 symbol: `tf.nn.bias_add`): the last axis, or the second
    with a `data_format` that begins with "NC".

    Raises:
        ValueError: another `data_format`.
    """
    first = data_format is not None and data_format.startswith("NC")
    if not (data_format is None or first or (data_format.startswith("N") and data_format.endswith("C"))):
        raise ValueError("data_format must be of the form `N...C` or `NC...`")
    with name_scope(name, "BiasAdd", [value, bias]) as scope:
        value = convert_to_tensor(value, name="input")
        bias = convert_to_tensor(bias, value.dtype.base_dtype, name="bias")
        more = {"data_format": "NCHW"} if first else {}
        return one("BiasAdd", [value, bias], scope, **more)


def xw_plus_b(x: Any, weights: Any, biases: Any, name: str | None = None) -> Tensor:
    """x @ weights + biases (TF1 symbol: `tf.nn.xw_plus_b`)."""
    with name_scope(name, "xw_plus_b", [x, weights, biases]) as scope:
        return bias_add(math.matmul(x, weights), biases, name=scope)


# -- losses
sigmoid_cross_entropy_with_logits = losses_of_logits.sigmoid_cross_entropy_with_logits
softmax_cross_entropy_with_logits = losses_of_logits.softmax_cross_entropy_with_logits
softmax_cross_entropy_with_logits_v2 = losses_of_logits.softmax_cross_entropy_with_logits_v2
sparse_softmax_cross_entropy_with_logits = losses_of_logits.sparse_softmax_cross_entropy_with_logits

register("L2Loss", lambda t: (t * t).sum() / 2, lambda i, a: [(i[0].dtype.base_dtype, TensorShape([]))])


def l2_loss(t: Any, name: str | None = None) -> Tensor:
    """Half the sum of squares (TF1 symbol: `tf.nn.l2_loss`)."""
    return one("L2Loss", [convert_to_tensor(t)], name or "L2Loss")


# -- dropout
def _keep_probability(one: torch.Tensor, rate: torch.Tensor, is_checked: bool) -> torch.Tensor:
    if not is_checked and not 0.0 <= float(rate) < 1.0:
        raise ValueError(f"rate must be a scalar tensor or a float in the range [0, 1), got {float(rate):g}")
    return not_zero(one - rate)


def not_zero(keep: torch.Tensor) -> torch.Tensor:
    """A probability of keeping: one that is so small that its type rounds it to 0 still divides a number."""
    return torch.where(keep == 0, torch.finfo(keep.dtype).eps, keep)


register("DropoutKeepProbability", _keep_probability, same)


def dropout(
    x: Any,
    keep_prob: Any = None,
    noise_shape: Any = None,
    seed: int | None = None,
    name: str | None = None,
    rate: Any = None,
) -> Tensor:
    """Zero a share of the elements and scale up the others (TF1 symbol: `tf.nn.dropout`).

    Source: Srivastava et al., "Dropout: a simple way to prevent neural networks from overfitting" (2014).

    Args:
        x: a floating point tensor of any shape; the result has its shape and type.
        keep_prob: the share to keep; `rate` is the share to drop. A number or a scalar tensor.
        noise_shape: the mask's shape, where it is to broadcast; a None is the tensor's own size. It may be a
            1-D integer tensor.
        seed: the operation's seed; with one, the mask is the one that TensorFlow draws.

    Raises:
        ValueError: neither or both of keep_prob and rate, a constant rate outside [0, 1), an `x` of integers.
        tf.errors.InvalidArgumentError: when run, a rate outside [0, 1).

    >>> import ostinato.tf1 as tf
    >>> with tf.Graph().as_default(), tf.Session() as session:
    ...     session.run(tf.nn.dropout(tf.ones([6]), keep_prob=0.5, seed=1)).tolist()
    [0.0, 2.0, 0.0, 0.0, 2.0, 0.0]
    """
    try:
        dropped = None if keep_prob is None else 1.0 - keep_prob
    except TypeError:
        raise ValueError(f"keep_prob must be a floating point number or Tensor (got {keep_prob!r})") from None
    if dropped is not None and rate is not None:
        raise ValueError("Cannot specify both 'keep_prob' and 'rate'; rate is 1 - keep_prob.")
    rate = dropped if rate is None else rate
    if rate is None:
        raise ValueError("You must provide a rate to dropout.")
    with name_scope(name, "dropout", [x]):
        x = convert_to_tensor(x, name="x")
        if not x.dtype.is_floating:
            raise ValueError(
                "x has to be a floating point tensor since it's going to be scaled. "
                f"Got a tensor of type {x.dtype.name} instead."
            )
        is_checked = isinstance(rate, Real)
        if isinstance(rate, Real):
            if not 0 <= float(rate) < 1:
                raise ValueError(f"rate must be a scalar tensor or a float in the range [0, 1), got {rate:g}")
            if rate == 0:
                return x
        kind = x.dtype.base_dtype
        rate = convert_to_tensor(rate, kind, name="rate")
        rate.get_shape().assert_has_rank(0)
        if constant_value(rate) == 0:
            return x
        sizes = array.shape(x) if noise_shape is None else _noise_shape(x, noise_shape)
        noise = random.random_uniform(sizes, dtype=kind, seed=seed)
        with name_scope("sub") as scope:
            whole = convert_to_tensor(1, kind, name="x")
            keep = one("DropoutKeepProbability", [whole, rate], scope, is_checked=is_checked)
        scale = 1 / keep
        kept = math.greater_equal(noise, rate)
        result = x * scale * math.cast(kept, kind)
        result.set_shape(x.shape)
        return result


def _noise_shape(x: Tensor, noise_shape: Any) -> Any:
    """The mask's shape with the tensor's own sizes where it states none."""
    try:
        sizes = as_shape(noise_shape).as_list()
    except (TypeError, ValueError):  # a tensor, or a list with one in it
        return noise_shape
    own = x.shape.known
    if own is not None and len(own) == len(sizes):
        sizes = [size if given is None else given for size, given in zip(own, sizes, strict=True)]
    if None in sizes:
        raise ValueError(f"Cannot convert a partially known TensorShape to a Tensor: {TensorShape(sizes)}")
    return sizes


# -- scores
def _in_top_k(predictions: torch.Tensor, targets: torch.Tensor, k: int) -> torch.Tensor:
    own = predictions.gather(1, targets.long().unsqueeze(1))
    return (predictions > own).sum(1) < k


register(
    "InTopKV2",
    _in_top_k,
    lambda i, a: [(as_dtype("bool"), i[1].shape.merge_with(i[0].shape[:1]))],
    differentiable=False,
)


def in_top_k(predictions: Any, targets: Any, k: int, name: str | None = None) -> Tensor:
    """Whether the target's score is among the k highest of its row (TF1 symbol: `tf.nn.in_top_k`)."""
    with name_scope(name, "in_top_k"):
        inputs = [
            convert_to_tensor(predictions, name="predictions"),
            convert_to_tensor(targets, name="targets"),
        ]
        return one("InTopKV2", inputs, "InTopKV2", k=int(k))


# -- clipping; of slices the values are clipped, as they stand: rows of the same index are not added up first
def _values(t: Any) -> Tensor:
    return convert_to_tensor(t.values if isinstance(t, IndexedSlices) else t, name="t")


def _like(t: Any, values: Tensor) -> Any:
    return IndexedSlices(values, t.indices, t.dense_shape) if isinstance(t, IndexedSlices) else values


def clip_by_value(t: Any, clip_value_min: Any, clip_value_max: Any, name: str | None = None) -> Any:
    """The tensor, or slices, with its elements held between two bounds (TF1 symbol: `tf.clip_by_value`)."""
    with name_scope(name, "clip_by_value", [t]) as scope:
        least = math.minimum(_values(t), clip_value_max)
        return _like(t, math.maximum(least, clip_value_min, name=scope))


def global_norm(t_list: Any, name: str | None = None) -> Tensor:
    """The square root of the sum of all elements' squares; None items are passed over (TF1 symbol:
    `tf.global_norm`).
    """
    with name_scope(name, "global_norm"):
        losses = [l2_loss(_values(t)) for t in t_list if t is not None]
        if not losses:
            raise ValueError("tf.global_norm needs at least one tensor that is not None.")
        total = math.add_n(losses)
        return math.sqrt(math.multiply(total, convert_to_tensor(2.0, total.dtype)), name="global_norm")


def clip_by_global_norm(t_list: Any, clip_norm: Any, use_norm: Any = None, name: str | None = None) -> Any:
    """(tensors scaled so that their global norm is at most `clip_norm`, the norm) (TF1:
    `tf.clip_by_global_norm`).
    """
    if not isinstance(t_list, (list, tuple)):
        raise TypeError("t_list should be a sequence")
    norm = global_norm(t_list) if use_norm is None else use_norm
    with name_scope(name, "clip_by_global_norm") as scope:
        limit = convert_to_tensor(clip_norm, norm.dtype.base_dtype)
        unit = convert_to_tensor(1.0, norm.dtype.base_dtype)
        scale = math.multiply(limit, math.minimum(math.truediv(unit, norm), math.truediv(unit, limit)))
        return [
            None if t is None else _like(t, array.identity(math.multiply(_values(t), scale), f"{scope}_{i}"))
            for i, t in enumerate(t_list)
        ], norm


def clip_by_norm(t: Any, clip_norm: Any, axes: Any = None, name: str | None = None) -> Any:
    """The tensor, or slices, scaled so that its norm is at most `clip_norm` (TF1: `tf.clip_by_norm`)."""
    with name_scope(name, "clip_by_norm", [t]) as scope:
        values = _values(t)
        norm = math.sqrt(reductions.reduce_sum(math.multiply(values, values), axes, keepdims=True))
        clipped = math.truediv(math.multiply(values, clip_norm), math.maximum(norm, clip_norm), name=scope)
        return _like(t, clipped)
