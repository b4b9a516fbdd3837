"""Values brought to a scale: means and variances, unit length."""

from __future__ import annotations

from typing import Any

from ..graph import name_scope
from ..tensor import Tensor
from .array import squeeze, stop_gradient
from .core import convert_to_tensor
from .math import either, maximum, multiply, rsqrt, square, squared_difference
from .reductions import reduce_mean, reduce_sum


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
        y = convert_to_tensor(x, name="x")
        mean = reduce_mean(y, axes, keepdims=True, name="mean")
        variance = reduce_mean(
            squared_difference(y, stop_gradient(mean)), axes, keepdims=True, name="variance"
        )
        if keep:
            return mean, variance
        return squeeze(mean, axes), squeeze(variance, axes)


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
