"""Fills, shapes and their changes: zeros, shape, reshape, expand_dims, squeeze, transpose."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch

from .. import registry
from ..dtypes import as_dtype, float32, int32
from ..graph import name_scope
from ..registry import OutputTypes, ShapeMismatch, constant_value, register, same
from ..shapes import TensorShape
from ..tensor import Tensor
from .core import constant, convert_to_tensor, holds_tensor, make, one, shape_tensor
from .math import cast, conj, either, range_
from .strings_moved import moves

register("Identity", lambda x: x, same)
register(
    "Identities",  # `IdentityN` is what carries a gradient of a script's own
    lambda *tensors: tensors,
    lambda inputs, attributes: [(tensor.dtype.base_dtype, tensor.shape) for tensor in inputs],
)
register("StopGradient", lambda x: x.detach(), same, differentiable=False)


def _zeros_like(x: Any) -> Any:
    return np.full(x.shape, b"", object) if isinstance(x, np.ndarray) else torch.zeros_like(x)


register("ZerosLike", _zeros_like, same, differentiable=False)


def identity(input: Any, name: str | None = None) -> Tensor:
    """A node that passes a tensor on (TF1 symbol: `tf.identity`)."""
    return one("Identity", [convert_to_tensor(input)], name or "Identity")


def identity_n(input: Sequence[Any], name: str | None = None) -> list[Tensor]:
    """A node that passes several tensors on (TF1 symbol: `tf.identity_n`)."""
    return make("Identities", [convert_to_tensor(item) for item in input], name or "IdentityN").outputs


def stop_gradient(input: Any, name: str | None = None) -> Tensor:
    """The tensor, as a constant to gradients (TF1 symbol: `tf.stop_gradient`)."""
    return one("StopGradient", [convert_to_tensor(input)], name or "StopGradient")


def zeros_like(tensor: Any, dtype: Any = None, name: str | None = None, optimize: bool = True) -> Tensor:
    """Zeros of a tensor's shape (TF1 symbol: `tf.zeros_like`); a constant where that is known."""
    with name_scope(name, "zeros_like", [tensor]) as scope:
        x = convert_to_tensor(tensor, name="tensor")
        wanted = x.dtype.base_dtype if dtype is None else as_dtype(dtype).base_dtype
        if optimize and x.shape.is_fully_defined():
            return zeros(x.shape, wanted, name=scope)
        return one("ZerosLike", [x if wanted is x.dtype.base_dtype else cast(x, wanted)], scope)


def ones_like(tensor: Any, dtype: Any = None, name: str | None = None, optimize: bool = True) -> Tensor:
    """Ones of a tensor's shape (TF1 symbol: `tf.ones_like`)."""
    with name_scope(name, "ones_like", [tensor]) as scope:
        x = convert_to_tensor(tensor, name="tensor")
        wanted = x.dtype.base_dtype if dtype is None else as_dtype(dtype).base_dtype
        dims = shape(x) if not optimize or not x.shape.is_fully_defined() else shape_tensor(x.shape)
        return one("Fill", [dims, constant(True if wanted.is_bool else 1, wanted)], scope)


def _fill_rule(inputs: Sequence[Tensor], attributes: dict[str, Any]) -> OutputTypes:
    return [(inputs[1].dtype.base_dtype, registry.constant_shape(inputs[0]))]


def _fill(dims: torch.Tensor, value: Any) -> Any:
    if isinstance(value, np.ndarray):  # a string
        return np.full(dims.tolist(), value.item(), object)
    return value.expand(dims.tolist()).clone()


register("Fill", _fill, _fill_rule)


def fill(dims: Any, value: Any, name: str | None = None) -> Tensor:
    """A tensor of shape `dims` filled with one value (TF1 symbol: `tf.fill`)."""
    with name_scope(name, "Fill", [value]) as scope:
        return one("Fill", [shape_tensor(dims, "dims"), convert_to_tensor(value, name="value")], scope)


def _known_sizes(shape: Any) -> list[int] | None:
    """A shape argument as a list, where it holds no tensor and nothing unknown."""
    if isinstance(shape, TensorShape):
        return [size or 0 for size in shape.as_list()] if shape.is_fully_defined() else None
    if isinstance(shape, Tensor) or holds_tensor(shape):
        return None
    sizes = shape if isinstance(shape, (list, tuple, np.ndarray)) else [shape]
    return [int(size) for size in sizes]


def _filled(shape: Any, value: Any, dtype: Any, name: str | None, scope_name: str) -> Tensor:
    wanted = as_dtype(dtype).base_dtype
    value = bool(value) if wanted.is_bool else b"" if wanted.name == "string" else value
    with name_scope(name, scope_name) as scope:
        sizes = _known_sizes(shape)
        if sizes is not None and np.prod(sizes) < 1000:
            return constant(value, wanted, shape=sizes, name=scope)
        return one("Fill", [shape_tensor(shape), constant(value, wanted)], scope)


def zeros(shape: Any, dtype: Any = float32, name: str | None = None) -> Tensor:
    """Zeros (TF1 symbol: `tf.zeros`); the shape may be or hold tensors."""
    return _filled(shape, 0, dtype, name, "zeros")


def ones(shape: Any, dtype: Any = float32, name: str | None = None) -> Tensor:
    """Ones (TF1 symbol: `tf.ones`); the shape may be or hold tensors."""
    return _filled(shape, 1, dtype, name, "ones")


# -- shapes
def _shape_rule(inputs: Sequence[Tensor], attributes: dict[str, Any]) -> OutputTypes:
    return [(as_dtype(attributes["out_type"]), TensorShape([inputs[0].shape.ndims]))]


def _scalar_rule(inputs: Sequence[Tensor], attributes: dict[str, Any]) -> OutputTypes:
    return [(as_dtype(attributes["out_type"]), TensorShape([]))]


def _integer(value: Any, out_type: str) -> torch.Tensor:
    return torch.tensor(value, dtype=as_dtype(out_type).torch_dtype)


register("Shape", lambda x, out_type: _integer(list(x.shape), out_type), _shape_rule, differentiable=False)
register(
    "Size", lambda x, out_type: _integer(math.prod(x.shape), out_type), _scalar_rule, differentiable=False
)
register("Rank", lambda x, out_type: _integer(x.ndim, out_type), _scalar_rule, differentiable=False)


def shape(input: Any, name: str | None = None, out_type: Any = int32) -> Tensor:
    """The shape at run time (TF1 symbol: `tf.shape`); a constant where it is known."""
    return _about("Shape", input, lambda s: s.as_list() if s.is_fully_defined() else None, out_type, name)


def size(input: Any, name: str | None = None, out_type: Any = int32) -> Tensor:
    """The number of elements at run time (TF1 symbol: `tf.size`); a constant where it is known."""
    return _about("Size", input, lambda s: s.num_elements(), out_type, name)


def rank(input: Any, name: str | None = None) -> Tensor:
    """The number of axes at run time (TF1 symbol: `tf.rank`); a constant where it is known."""
    return _about("Rank", input, lambda s: s.ndims, int32, name)


def _about_sparse(op_type: str, sizes: Tensor, out_type: Any) -> Tensor:
    from . import math, reductions

    if op_type == "Rank":
        return size(sizes)
    found = math.cast(sizes, out_type)
    return found if op_type == "Shape" else reductions.reduce_prod(found, 0)


def _about(
    op_type: str, value: Any, of: Callable[[TensorShape], Any], out_type: Any, name: str | None
) -> Tensor:
    with name_scope(name, op_type, [value]) as scope:
        if hasattr(value, "dense_shape") and hasattr(value, "indices"):
            return _about_sparse(op_type, convert_to_tensor(value.dense_shape), out_type)
        tensor, wanted = convert_to_tensor(value), as_dtype(out_type)
        known = of(tensor.shape)
        if known is not None:
            return constant(np.array(known, wanted.as_numpy_dtype), name=scope)
        return one(op_type, [tensor], scope, out_type=wanted.name)


def _reshape_rule(inputs: Sequence[Tensor], attributes: dict[str, Any]) -> OutputTypes:
    wanted, dtype = registry.constant_shape(inputs[1]), inputs[0].dtype.base_dtype
    total = inputs[0].shape.num_elements()
    if wanted.known is None or total is None:
        return [(dtype, wanted)]
    rest = registry.product([d for d in wanted.known if d is not None]) or 0
    unknown = wanted.known.count(None)
    if (unknown == 0 and rest != total) or (unknown == 1 and (rest == 0 or total % rest)):
        raise ShapeMismatch(f"Cannot reshape a tensor with {total} elements to shape {wanted.bracketed()}")
    if unknown == 1 and constant_value(inputs[1]) is not None:
        wanted = TensorShape([total // rest if d is None else d for d in wanted.known])
    return [(dtype, wanted)]


def _reshape(x: Any, to: torch.Tensor) -> Any:
    sizes = to.tolist()
    if -1 not in sizes and math.prod(sizes) != math.prod(x.shape):
        raise ValueError(
            f"Input to reshape is a tensor with {math.prod(x.shape)} values, but the requested shape has "
            f"{math.prod(sizes)}"
        )
    return x.reshape(sizes)


register("Reshape", _reshape, _reshape_rule)


def reshape(tensor: Any, shape: Any, name: str | None = None) -> Tensor:
    """The same elements in another shape (TF1 symbol: `tf.reshape`); one size may be -1: what is left.

    `shape` may be or hold tensors. The static shape is as much of it as is known.

    Raises:
        ValueError: the sizes do not make up as many elements; `InvalidArgumentError` where a run finds it.
    """
    with name_scope(name, "Reshape", [tensor]) as scope:
        return one("Reshape", [convert_to_tensor(tensor, name="tensor"), shape_tensor(shape)], scope)


def _expand_rule(inputs: Sequence[Tensor], attributes: dict[str, Any]) -> OutputTypes:
    known, axis = inputs[0].shape.known, constant_value(inputs[1])
    if known is None or axis is None:
        return [(inputs[0].dtype.base_dtype, TensorShape(None))]
    where = int(axis.reshape(-1)[0])
    if not -len(known) - 1 <= where <= len(known):
        raise ShapeMismatch(f"dim {where} not in the interval [{-len(known) - 1}, {len(known)}]")
    where = where if where >= 0 else where + len(known) + 1
    return [(inputs[0].dtype.base_dtype, TensorShape([*known[:where], 1, *known[where:]]))]


register("ExpandDims", moves(lambda x, axis: x.unsqueeze(int(axis))), _expand_rule)


def expand_dims(input: Any, axis: Any = None, name: str | None = None, dim: Any = None) -> Tensor:
    """The tensor with an axis of size 1 put in (TF1 symbol: `tf.expand_dims`): -1 puts it last.

    Raises:
        ValueError: no axis, or one not in [-rank - 1, rank].
    """
    axis = either("axis", axis, "dim", dim)
    if axis is None:
        raise ValueError("Must specify an axis argument to tf.expand_dims()")
    with name_scope(name, "ExpandDims", [input]) as scope:
        return one(
            "ExpandDims", [convert_to_tensor(input, name="input"), convert_to_tensor(axis, name="dim")], scope
        )


def _squeeze(x: torch.Tensor, squeeze_dims: Sequence[int]) -> torch.Tensor:
    for axis in squeeze_dims:
        if x.shape[axis] != 1:
            raise ValueError(f"Can not squeeze dim[{axis}], expected a dimension of 1, got {x.shape[axis]}")
    return x.squeeze(tuple(squeeze_dims)) if squeeze_dims else x.squeeze()


def _squeeze_rule(inputs: Sequence[Tensor], attributes: dict[str, Any]) -> OutputTypes:
    known, axes = inputs[0].shape.known, attributes["squeeze_dims"]
    if known is None or (not axes and None in known):
        return [(inputs[0].dtype.base_dtype, TensorShape(None))]
    places = [axis % len(known) for axis in axes] or [i for i, d in enumerate(known) if d == 1]
    for place in places:
        if known[place] not in (None, 1):
            raise ShapeMismatch(
                f"Can not squeeze dim[{place}], expected a dimension of 1, got {known[place]}"
            )
    return [(inputs[0].dtype.base_dtype, TensorShape([d for i, d in enumerate(known) if i not in places]))]


register("Squeeze", moves(_squeeze), _squeeze_rule)


def squeeze(input: Any, axis: Any = None, name: str | None = None, squeeze_dims: Any = None) -> Tensor:
    """The tensor without its axes of size 1, or without those of `axis` (TF1 symbol: `tf.squeeze`).

    Without `axis`, sizes that are not known leave the static shape unknown.

    Raises:
        ValueError: an axis whose size is not 1; `InvalidArgumentError` where a run finds it.
    """
    axis = either("axis", axis, "squeeze_dims", squeeze_dims)
    axes = [] if axis is None else [int(item) for item in np.atleast_1d(axis)]
    return one("Squeeze", [convert_to_tensor(input)], name or "Squeeze", squeeze_dims=axes)


def _transpose_rule(inputs: Sequence[Tensor], attributes: dict[str, Any]) -> OutputTypes:
    known, order = inputs[0].shape.known, constant_value(inputs[1])
    dtype = inputs[0].dtype.base_dtype
    if order is None:
        return [(dtype, TensorShape(None if known is None else [None] * len(known)))]
    if known is None:
        return [(dtype, TensorShape([None] * len(order)))]
    if len(order) != len(known):
        raise ShapeMismatch(f"Dimension must be {len(known)} but is {len(order)}")
    if sorted(order.tolist()) != list(range(len(known))):
        raise ShapeMismatch(f"perm {order.tolist()} is no permutation of the {len(known)} axes")
    return [(dtype, TensorShape([known[i] for i in order.tolist()]))]


register("Transpose", moves(lambda x, perm: x.permute(perm.tolist())), _transpose_rule)


def transpose(a: Any, perm: Any = None, name: str = "transpose", conjugate: bool = False) -> Tensor:
    """The tensor with its axes in the order of `perm`, reversed for None (TF1 symbol: `tf.transpose`).

    `conjugate` conjugates complex elements too.

    Raises:
        ValueError: `perm` does not name each axis once.
    """
    with name_scope(name, "transpose", [a]) as scope:
        a = convert_to_tensor(a, name="x")
        if conjugate and a.dtype.is_complex:
            a = conj(a)
        if perm is None:
            if a.shape.ndims is None:
                return one("Transpose", [a, range_(rank(a) - 1, -1, -1)], scope)
            perm = list(range(a.shape.ndims))[::-1]
        return one("Transpose", [a, shape_tensor(perm, "perm")], scope)
