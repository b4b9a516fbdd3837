"""Values brought to a scale: means and variances, unit length."""

from __future__ import annotations

import math as scalar_math
from collections.abc import Sequence
from typing import Any

import torch

from ..graph import name_scope
from ..registry import OutputTypes, ShapeMismatch, register, same
from ..shapes import TensorShape
from ..tensor import Tensor
from . import picking
from .array import shape, squeeze, stop_gradient, zeros_like
from .core import constant, convert_to_tensor, make, one
from .math import (
    add,
    cast,
    either,
    maximum,
    multiply,
    reciprocal,
    rsqrt,
    square,
    squared_difference,
    subtract,
)
from .reductions import reduce_mean, reduce_prod, reduce_sum


def moments(
    x: Any,
    axes: Any,
    shift: Any = None,
    name: str | None = None,
    keep_dims: bool | None = None,
    keepdims: bool | None = None,
) -> tuple[Tensor, Tensor]:
    """The mean and the variance over some axes (TF1 symbol: `tf.nn.moments`).

    Args:
        x: a tensor of floating point numbers.
        axes: the axes to take them over.
        shift: not used, as in TensorFlow 1.15.
        keepdims: whether the axes stay, with size 1.

    >>> from ..graph import Graph
    >>> from ..session import Session
    >>> with Graph().as_default(), Session() as session:
    ...     mean, variance = session.run(moments([[1.0, 3.0]], [1]))
    >>> mean.item(), variance.item()
    (2.0, 1.0)
    """
    keep = bool(either("keepdims", keepdims, "keep_dims", keep_dims))
    with name_scope(name, "moments", [x, axes]):
        given = convert_to_tensor(x, name="x")
        # Sums of 16-bit numbers would lose too much.
        y = cast(given, "float32") if given.dtype.base_dtype.name == "float16" else given
        mean = reduce_mean(y, axes, keepdims=True, name="mean")
        variance = reduce_mean(
            squared_difference(y, stop_gradient(mean)), axes, keepdims=True, name="variance"
        )
        if not keep:
            mean, variance = squeeze(mean, axes), squeeze(variance, axes)
        return cast(mean, given.dtype.base_dtype), cast(variance, given.dtype.base_dtype)


def l2_normalize(
    x: Any, axis: Any = None, epsilon: float = 1e-12, name: str | None = None, dim: Any = None
) -> Tensor:
    """x / sqrt(max(sum(x ** 2), epsilon)), the sum over some axes (TF1 symbol: `tf.nn.l2_normalize`).

    >>> from ..graph import Graph
    >>> from ..session import Session
    >>> with Graph().as_default(), Session() as session:
    ...     session.run(l2_normalize([3.0, 4.0], 0)).round(3).tolist()
    [0.6000000238418579, 0.800000011920929]
    """
    along = either("axis", axis, "dim", dim)
    with name_scope(name, "l2_normalize", [x]) as scope:
        y = convert_to_tensor(x, name="x")
        total = reduce_sum(square(y), along, keepdims=True)
        return multiply(y, rsqrt(maximum(total, epsilon)), name=scope)


def batch_normalization(
    x: Any,
    mean: Any,
    variance: Any,
    offset: Any,
    scale: Any,
    variance_epsilon: Any,
    name: str | None = None,
) -> Tensor:
    """scale * (x - mean) / sqrt(variance + variance_epsilon) + offset (TF1 symbol:
    `tf.nn.batch_normalization`).

    `offset` and `scale` may be None. All broadcast against `x`.
    """
    with name_scope(name, "batchnorm", [x, mean, variance, scale, offset]):
        factor = rsqrt(variance + variance_epsilon)
        if scale is not None:
            factor *= scale
        kind = x.dtype.base_dtype
        shift = offset - mean * factor if offset is not None else -mean * factor
        return x * cast(factor, kind) + cast(shift, kind)


def batch_norm_with_global_normalization(
    t: Any = None,
    m: Any = None,
    v: Any = None,
    beta: Any = None,
    gamma: Any = None,
    variance_epsilon: Any = None,
    scale_after_normalization: bool | None = None,
    name: str | None = None,
    input: Any = None,
    mean: Any = None,
    variance: Any = None,
) -> Tensor:
    """As `batch_normalization`, with or without `gamma` (TF1 symbol:
    `tf.nn.batch_norm_with_global_normalization`).
    """
    x = either("input", input, "t", t)
    mean = either("mean", mean, "m", m)
    variance = either("variance", variance, "v", v)
    scale = gamma if scale_after_normalization else None
    return batch_normalization(x, mean, variance, beta, scale, variance_epsilon, name)


def _channels(value: torch.Tensor, like: torch.Tensor, axis: int) -> torch.Tensor:
    sizes = [1] * like.dim()
    sizes[axis] = -1
    return value.reshape(sizes)


def _fused(
    x: torch.Tensor,
    scale: torch.Tensor,
    offset: torch.Tensor,
    mean: torch.Tensor,
    variance: torch.Tensor,
    epsilon: float,
    data_format: str,
    is_training: bool,
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    axis = 1 if data_format == "NCHW" else x.dim() - 1
    first = x if axis == 1 else x.movedim(axis, 1)
    if not is_training:
        found = torch.nn.functional.batch_norm(first, mean, variance, scale, offset, False, 0.0, epsilon)
        return (found if axis == 1 else found.movedim(1, axis)), mean.detach(), variance.detach()
    count = x.numel() // max(1, x.shape[axis])
    if count <= 1:  # torch refuses a single value for each channel
        own = first.to(scale.dtype)
        found = ((own - own) * _channels(scale, first, 1) + _channels(offset, first, 1)).to(x.dtype)
        own_mean, inverse = own.detach().sum([i for i in range(x.dim()) if i != 1]), None
    else:
        found, own_mean, inverse = torch.native_batch_norm(
            first, scale, offset, None, None, True, 0.0, epsilon
        )
        own_mean = own_mean.detach()
    if inverse is None:
        spread = torch.zeros_like(own_mean)
    else:  # 1 / sqrt(variance + epsilon) comes along; what it lacks in digits is small beside epsilon
        whole = inverse.detach().double() ** -2 - epsilon
        spread = (whole.clamp_min(0) * (count / (count - 1))).to(scale.dtype)
    return (found if axis == 1 else found.movedim(1, axis)), own_mean, spread


def _fused_rule(inputs: Sequence[Tensor], attributes: dict[str, Any]) -> OutputTypes:
    shape = inputs[0].shape
    if shape.ndims not in (None, 4):
        raise ShapeMismatch(f"Shape must be rank 4 but is rank {shape.ndims}")
    axis = 1 if attributes["data_format"] == "NCHW" else 3
    channels = TensorShape([shape.known[axis] if shape.known else None])
    for tensor in inputs[1:3] if attributes["is_training"] else inputs[1:]:
        if tensor.shape.ndims not in (None, 1):
            raise ShapeMismatch(f"Shape must be rank 1 but is rank {tensor.shape.ndims}")
        try:
            channels = channels.merge_with(tensor.shape)
        except ValueError:
            raise ShapeMismatch(
                f"Dimension 0 in both shapes must be equal, but are {channels[0]} and {tensor.shape[0]}. "
                f"Shapes are {channels.bracketed()} and {tensor.shape.bracketed()}."
            ) from None
    if shape.known is not None:
        sizes = shape.as_list()
        sizes[axis] = channels[0].value
        shape = TensorShape(sizes)
    kind = inputs[1].dtype.base_dtype
    return [(inputs[0].dtype.base_dtype, shape), (kind, channels), (kind, channels)]


register("FusedBatchNormV3", _fused, _fused_rule)


def fused_batch_norm(
    x: Any,
    scale: Any,
    offset: Any,
    mean: Any = None,
    variance: Any = None,
    epsilon: float = 0.001,
    data_format: str = "NHWC",
    is_training: bool = True,
    name: str | None = None,
) -> tuple[Tensor, Tensor, Tensor]:
    """Images brought to mean 0 and variance 1 in each channel, then scaled and shifted (TF1 symbol:
    `tf.nn.fused_batch_norm`).

    Args:
        x: `[batch, height, width, channels]`, or with "NCHW" `[batch, channels, height, width]`.
        scale, offset: one for each channel.
        mean, variance: what to take where not `is_training`; else they are not to be given.
        epsilon: added to the variance; at least 1.001e-5.

    Returns:
        (y, the mean, the variance), with `is_training` those of this batch, the variance with n - 1.
    """
    if is_training and (mean is not None or variance is not None):
        raise ValueError("Both 'mean' and 'variance' must be None if is_training is True.")
    if data_format not in ("NHWC", "NCHW"):
        raise ValueError(f"data_format is 'NHWC' or 'NCHW', not {data_format!r}.")
    x = convert_to_tensor(x, name="input")
    scale = convert_to_tensor(scale, name="scale")
    offset = convert_to_tensor(offset, name="offset")
    empty = None if mean is not None and variance is not None else convert_to_tensor([], "float32")
    operation = make(
        "FusedBatchNormV3",
        [
            x,
            scale,
            offset,
            convert_to_tensor(mean, name="mean") if mean is not None else empty,
            convert_to_tensor(variance, name="variance") if variance is not None else empty,
        ],
        name or "FusedBatchNormV3",
        epsilon=max(float(epsilon), 1.001e-5),
        data_format=data_format,
        is_training=bool(is_training),
    )
    y, batch_mean, batch_variance = operation.outputs
    return y, batch_mean, batch_variance


# -- local response normalisation
def _lrn(x: torch.Tensor, depth_radius: int, bias: float, alpha: float, beta: float) -> torch.Tensor:
    squares = torch.nn.functional.pad(x * x, (depth_radius, depth_radius))
    total = squares.unfold(-1, 2 * depth_radius + 1, 1).sum(-1)
    return x * (bias + alpha * total) ** -beta


register("LRN", _lrn, same)


def local_response_normalization(
    input: Any,
    depth_radius: int = 5,
    bias: float = 1,
    alpha: float = 1,
    beta: float = 0.5,
    name: str | None = None,
) -> Tensor:
    """x / (bias + alpha * sum(x ** 2)) ** beta, the sum over the channels up to `depth_radius` away (TF1
    symbol: `tf.nn.local_response_normalization`, `tf.nn.lrn`).
    """
    with name_scope(name, "LRN", [input]) as scope:
        x = convert_to_tensor(input, name="input")
        if x.shape.ndims not in (None, 4):
            raise ValueError(f"Shape must be rank 4 but is rank {x.shape.ndims} for 'LRN' (op: 'LRN').")
        return one(
            "LRN",
            [x],
            scope,
            depth_radius=int(depth_radius),
            bias=float(bias),
            alpha=float(alpha),
            beta=float(beta),
        )


lrn = local_response_normalization


# -- moments
def sufficient_statistics(
    x: Any,
    axes: Any,
    shift: Any = None,
    keep_dims: bool | None = None,
    name: str | None = None,
    keepdims: bool | None = None,
) -> tuple[Any, Tensor, Tensor, Any]:
    """(number of elements, sum of x - shift, sum of its square, shift) over some axes (TF1 symbol:
    `tf.nn.sufficient_statistics`).
    """
    keep = bool(either("keepdims", keepdims, "keep_dims", keep_dims))
    axes = sorted(set(axes))
    with name_scope(name, "sufficient_statistics", [x, shift]):
        x = convert_to_tensor(x, name="x")
        known = x.shape.known
        if known is not None and all(known[axis] is not None for axis in axes):
            count = constant(scalar_math.prod(int(known[axis] or 0) for axis in axes), x.dtype.base_dtype)
        else:
            sizes = picking.gather(shape(x), axes)
            count = reduce_prod(cast(sizes, x.dtype.base_dtype), name="count")
        if shift is None:
            moved, squares = x, square(x)
        else:
            shift = convert_to_tensor(shift, name="shift")
            moved, squares = subtract(x, shift), squared_difference(x, shift)
        total = reduce_sum(moved, axes, keepdims=keep, name="mean_ss")
        return count, total, reduce_sum(squares, axes, keepdims=keep, name="var_ss"), shift


def normalize_moments(
    counts: Any, mean_ss: Any, variance_ss: Any, shift: Any, name: str | None = None
) -> tuple[Tensor, Tensor]:
    """(mean, variance) of what `sufficient_statistics` gives (TF1 symbol: `tf.nn.normalize_moments`)."""
    with name_scope(name, "normalize", [counts, mean_ss, variance_ss, shift]):
        divisor = reciprocal(counts, name="divisor")
        if shift is None:
            mean = moved = multiply(mean_ss, divisor, name="mean")
        else:
            moved = multiply(mean_ss, divisor, name="shifted_mean")
            mean = add(moved, shift, name="mean")
        return mean, subtract(multiply(variance_ss, divisor), square(moved), name="variance")


def weighted_moments(
    x: Any,
    axes: Any,
    frequency_weights: Any,
    name: str | None = None,
    keep_dims: bool | None = None,
    keepdims: bool | None = None,
) -> tuple[Tensor, Tensor]:
    """(mean, variance) over some axes, each element as often as its weight says (TF1 symbol:
    `tf.nn.weighted_moments`).
    """
    keep = bool(either("keepdims", keepdims, "keep_dims", keep_dims))
    with name_scope(name, "weighted_moments", [x, frequency_weights, axes]):
        x = convert_to_tensor(x, name="x")
        weights = convert_to_tensor(frequency_weights, name="frequency_weights")
        given = x.dtype.base_dtype
        x = cast(x, "float32") if given.name == "float16" else x
        kind = x.dtype.base_dtype
        if weights.dtype.base_dtype is not kind:
            weights = cast(weights, kind)
        total = reduce_sum(weights * x, axes, keepdims=True, name="weighted_input_sum")
        # A sum of the weights as often as each is spread over x.
        spread = weights + zeros_like(x)
        count = reduce_sum(spread, axes, keepdims=True, name="sum_of_weights")
        divisor = reciprocal(count, name="divisor")
        mean = multiply(total, divisor)
        distance = reduce_sum(
            weights * squared_difference(x, mean), axes, keepdims=True, name="weighted_distsq"
        )
        variance = multiply(distance, divisor)
        if not keep:
            mean, variance = squeeze(mean, axes), squeeze(variance, axes)
        return cast(mean, given), cast(variance, given)
