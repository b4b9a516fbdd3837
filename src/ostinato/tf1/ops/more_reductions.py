"""Reductions made of others: logsumexp, variance, norms over axes, counts of what is not zero."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from ..dtypes import int64
from ..graph import name_scope
from ..registry import register
from ..tensor import Tensor
from .core import convert_to_tensor, one
from .math import add_n, cast, either, not_equal, sqrt, square
from .reductions import all_axes, axes_of, reduce_mean, reduce_sum, reduction_rule


def _log_sum(x: torch.Tensor, axis: torch.Tensor | None = None, keep_dims: bool = False) -> torch.Tensor:
    axes = axes_of(x, axis)
    return torch.logsumexp(x, axes, keepdim=keep_dims) if axes else x


def _norm(x: torch.Tensor, axis: torch.Tensor | None = None, keep_dims: bool = False) -> torch.Tensor:
    axes = axes_of(x, axis)
    return torch.linalg.vector_norm(x, 2, axes, keepdim=keep_dims) if axes else x.abs()


register("ReduceLogSumExp", _log_sum, reduction_rule)
register("EuclideanNorm", _norm, reduction_rule, differentiable=False)  # as in TensorFlow


def _axes_input(input_tensor: Any, axis: Any) -> Tensor:
    return all_axes(input_tensor) if axis is None else convert_to_tensor(axis, name="reduction_indices")


def reduce_logsumexp(
    input_tensor: Any,
    axis: Any = None,
    keepdims: bool | None = None,
    name: str | None = None,
    reduction_indices: Any = None,
    keep_dims: bool | None = None,
) -> Tensor:
    """log(sum(exp(x))) over axes, without overflow (TF1 symbol: `tf.reduce_logsumexp`)."""
    axis = either("axis", axis, "reduction_indices", reduction_indices)
    keep = bool(either("keepdims", keepdims, "keep_dims", keep_dims))
    with name_scope(name, "ReduceLogSumExp", [input_tensor]):
        x = convert_to_tensor(input_tensor, name="input")
        axes = _axes_input(input_tensor if axis is not None else x, axis)
        return one("ReduceLogSumExp", [x, axes], "Add", keep_dims=keep)


def reduce_euclidean_norm(
    input_tensor: Any, axis: Any = None, keepdims: bool = False, name: str | None = None
) -> Tensor:
    """The square root of the sum of squares over axes (TF1 symbol: `tf.math.reduce_euclidean_norm`)."""
    with name_scope(name, "EuclideanNorm", [input_tensor]) as scope:
        x = convert_to_tensor(input_tensor, name="input")
        return one("EuclideanNorm", [x, _axes_input(x, axis)], scope, keep_dims=bool(keepdims))


def reduce_variance(
    input_tensor: Any, axis: Any = None, keepdims: bool = False, name: str | None = None
) -> Tensor:
    """The mean squared distance from the mean over axes (TF1 symbol: `tf.math.reduce_variance`)."""
    with name_scope(name or "reduce_variance"):
        x = convert_to_tensor(input_tensor)
        means = reduce_mean(x, axis, keepdims=True)
        return reduce_mean(square(x - means), axis, keepdims=keepdims)


def reduce_std(
    input_tensor: Any, axis: Any = None, keepdims: bool = False, name: str | None = None
) -> Tensor:
    """The standard deviation over axes (TF1 symbol: `tf.math.reduce_std`)."""
    with name_scope(name or "reduce_std"):
        return sqrt(reduce_variance(input_tensor, axis, keepdims))


def count_nonzero(
    input_tensor: Any = None,
    axis: Any = None,
    keepdims: bool | None = None,
    dtype: Any = int64,
    name: str | None = None,
    reduction_indices: Any = None,
    keep_dims: bool | None = None,
    input: Any = None,
) -> Tensor:
    """How many elements are not zero, over axes (TF1 symbol: `tf.count_nonzero`)."""
    given = either("input_tensor", input_tensor, "input", input)
    axis = either("axis", axis, "reduction_indices", reduction_indices)
    keep = bool(either("keepdims", keepdims, "keep_dims", keep_dims))
    with name_scope(name, "count_nonzero", [given]):
        x = convert_to_tensor(given, name="input")
        zero = "" if x.dtype.name == "string" else np.zeros([], x.dtype.as_numpy_dtype)
        hit = cast(not_equal(x, convert_to_tensor(zero, x.dtype.base_dtype)), int64)
        return cast(reduce_sum(hit, axis, keepdims=keep), dtype)


def zero_fraction(value: Any, name: str | None = None) -> Tensor:
    """The fraction of the elements that are zero (TF1 symbol: `tf.nn.zero_fraction`)."""
    from .array import size

    with name_scope(name, "zero_fraction", [value]):
        x = convert_to_tensor(value, name="value")
        count = cast(size(x, out_type=int64), int64)
        zeros = count - count_nonzero(x)
        return cast(cast(zeros, "float32") / cast(count, "float32"), "float32", name="fraction")


def accumulate_n(inputs: Any, shape: Any = None, tensor_dtype: Any = None, name: str | None = None) -> Tensor:
    """The sum of tensors of one shape (TF1 symbol: `tf.accumulate_n`).

    Raises:
        ValueError: no tensors, or tensors that do not fit `shape` or each other.
        TypeError: another type than `tensor_dtype`.
    """
    message = "inputs must be a list of at least one Tensor with the same dtype and shape"
    if not isinstance(inputs, (list, tuple)) or not inputs:
        raise ValueError(message)
    tensors: list[Tensor] = [convert_to_tensor(item) for item in inputs]
    if len({tensor.dtype.base_dtype for tensor in tensors}) > 1:
        raise ValueError(message)
    if shape is not None:
        for tensor in tensors:
            tensor.shape.assert_is_compatible_with(shape)
    if tensor_dtype is not None and tensor_dtype != tensors[0].dtype.base_dtype:
        raise TypeError(f"tensor_dtype is {tensor_dtype}, but input is of type {tensors[0].dtype}")
    if len(tensors) == 1 and name is None:
        return tensors[0]
    return add_n(tensors, name=name or "AccumulateNV2")
