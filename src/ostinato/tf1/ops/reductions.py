"""Reductions over axes: sums, means, extremes, and the places of extremes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch

from .. import registry
from ..dtypes import DType, as_dtype, int32, int64
from ..graph import name_scope
from ..registry import OutputTypes, register
from ..shapes import TensorShape
from ..tensor import Tensor
from .array import rank
from .core import constant, convert_to_tensor, one
from .math import either, range_


def axes_of(x: torch.Tensor, axis: torch.Tensor | None) -> list[int]:
    return list(range(x.dim())) if axis is None else axis.reshape(-1).tolist()


def reduction_rule(inputs: Sequence[Tensor], attributes: dict[str, Any]) -> OutputTypes:
    shape, dtype = inputs[0].shape, inputs[0].dtype.base_dtype
    if shape.known is None:
        over_all = len(inputs) == 1 and not attributes["keep_dims"]
        return [(dtype, TensorShape([] if over_all else None))]
    axes = (
        registry.constant_axes(inputs[1], shape.ndims) if len(inputs) > 1 else list(range(len(shape.known)))
    )
    if axes is None:
        return [
            (dtype, TensorShape([None] * len(shape.known)) if attributes["keep_dims"] else TensorShape(None))
        ]
    if attributes["keep_dims"]:
        return [(dtype, TensorShape([1 if i in axes else d for i, d in enumerate(shape.known)]))]
    return [(dtype, TensorShape([d for i, d in enumerate(shape.known) if i not in axes]))]


def _mean(x: torch.Tensor, axes: list[int], keep: bool) -> torch.Tensor:
    if x.is_floating_point() or x.is_complex():
        return x.mean(axes, keepdim=keep)
    count = max(1, int(np.prod([x.shape[a] for a in axes])))
    return torch.div(x.sum(axes, keepdim=keep), count, rounding_mode="trunc").to(x.dtype)


def _prod(x: torch.Tensor, axes: list[int], keep: bool) -> torch.Tensor:
    for axis in sorted((a % x.dim() for a in axes), reverse=True):
        x = x.prod(axis, keepdim=keep).to(x.dtype)
    return x


def all_axes(input_tensor: Any) -> Tensor:
    """All axes, by the nodes that TensorFlow makes: a constant for a tensor, a range for what becomes one."""
    if isinstance(input_tensor, Tensor) and input_tensor.shape.ndims is not None:
        return constant(np.arange(input_tensor.shape.ndims, dtype=np.int32))
    return range_(0, rank(input_tensor))


def _reduction(op_type: str, evaluate: Callable[[Any, list[int], bool], Any], **options: Any) -> Any:
    def compute(x: torch.Tensor, axis: torch.Tensor | None = None, keep_dims: bool = False) -> torch.Tensor:
        axes = axes_of(x, axis)
        return evaluate(x, axes, keep_dims) if axes else x

    register(op_type, compute, reduction_rule, **options)

    def function(
        input_tensor: Any,
        axis: Any = None,
        keepdims: bool | None = None,
        name: str | None = None,
        reduction_indices: Any = None,
        keep_dims: bool | None = None,
    ) -> Tensor:
        axis = either("axis", axis, "reduction_indices", reduction_indices)
        keep = bool(either("keepdims", keepdims, "keep_dims", keep_dims))
        over_all = all_axes(input_tensor) if axis is None else None
        with name_scope(name, op_type, [input_tensor]) as scope:
            x = convert_to_tensor(input_tensor, name="input")
            if over_all is None:
                over_all = convert_to_tensor(axis, name="reduction_indices", dtype_hint=int32)
            # The axes that a run finds are all there are: the node need not be told.
            known = registry.constant_value(over_all) is not None or axis is not None
            return one(op_type, [x, over_all] if known else [x], scope, keep_dims=keep)

    function.__doc__ = (
        f"{op_type} over `axis`, a number or a list (all axes for None); `keepdims` leaves them with size 1."
        "\n\nThe result has the tensor's type. Raises ValueError for an axis that there is not."
    )
    return function


reduce_sum = _reduction("Sum", lambda x, axes, keep: x.sum(axes, keepdim=keep, dtype=x.dtype))
reduce_mean = _reduction("Mean", _mean)
reduce_max = _reduction("Max", lambda x, axes, keep: torch.amax(x, axes, keepdim=keep))
reduce_min = _reduction("Min", lambda x, axes, keep: torch.amin(x, axes, keepdim=keep))
reduce_prod = _reduction("Prod", _prod)
reduce_all = _reduction(
    "All", lambda x, axes, keep: torch.all(x, dim=axes, keepdim=keep), differentiable=False
)
reduce_any = _reduction(
    "Any", lambda x, axes, keep: torch.any(x, dim=axes, keepdim=keep), differentiable=False
)


def _arg_rule(inputs: Sequence[Tensor], attributes: dict[str, Any]) -> OutputTypes:
    shape, dtype = inputs[0].shape, as_dtype(attributes["output_type"])
    axes = registry.constant_axes(inputs[1], shape.ndims)
    if axes is None or shape.known is None:
        return [(dtype, TensorShape(None if shape.known is None else [None] * (len(shape.known) - 1)))]
    return [(dtype, TensorShape([d for i, d in enumerate(shape.known) if i != axes[0]]))]


def _arg(op_type: str, evaluate: Callable[..., Any]) -> Any:
    def compute(x: torch.Tensor, axis: torch.Tensor, output_type: str) -> torch.Tensor:
        return evaluate(x, dim=int(axis)).to(as_dtype(output_type).torch_dtype)

    register(op_type, compute, _arg_rule, differentiable=False)

    def function(
        input: Any,
        axis: Any = None,
        name: str | None = None,
        dimension: Any = None,
        output_type: DType = int64,
    ) -> Tensor:
        axis = either("axis", axis, "dimension", dimension)
        with name_scope(name, op_type, [input]) as scope:
            x = convert_to_tensor(input, name="input")
            index = convert_to_tensor(0 if axis is None else axis, name="dimension", dtype_hint=int32)
            return one(op_type, [x, index], scope, output_type=as_dtype(output_type).name)

    function.__doc__ = (
        f"The index along `axis` (0 for None) that {op_type} picks, the first one of equals: int64, or "
        "`output_type`.\n\nRaises ValueError for an axis that there is not."
    )
    return function


argmax = _arg("ArgMax", torch.argmax)
argmin = _arg("ArgMin", torch.argmin)


def arg_max(input: Any, dimension: Any, output_type: DType = int64, name: str | None = None) -> Tensor:
    """`tf.argmax` with the arguments of its older form (TF1 symbol: `tf.arg_max`)."""
    return argmax(input, dimension, name, output_type=output_type)


def arg_min(input: Any, dimension: Any, output_type: DType = int64, name: str | None = None) -> Tensor:
    """`tf.argmin` with the arguments of its older form (TF1 symbol: `tf.arg_min`)."""
    return argmin(input, dimension, name, output_type=output_type)
