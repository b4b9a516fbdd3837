"""Products over chosen axes and norms: tensordot, einsum, norm, matvec, trace, cross."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from ..dtypes import as_dtype
from ..graph import name_scope
from ..registry import OutputTypes, ShapeMismatch, constant_value, register, same
from ..shapes import TensorShape
from ..tensor import Tensor
from . import array
from .core import convert_to_tensor, one
from .math import either, matmul, same_type


def _type(tensor: Tensor) -> Any:
    return tensor.dtype.base_dtype


# -- tensordot
def _axes_of(axes: Any, rank: int | None) -> tuple[list[int], list[int]]:
    if isinstance(axes, Tensor):
        value = constant_value(axes)
        if value is None:
            raise ValueError("The axes of tf.tensordot must be numbers or constants.")
        axes = value.tolist()
    if isinstance(axes, (int, np.integer)):
        if axes < 0:
            raise ValueError("'axes' must be at least 0.")
        if rank is None:
            raise ValueError("tf.tensordot with a number of axes needs a first tensor of known rank.")
        if axes > rank:
            raise ValueError(f"'axes' must not be larger than the number of dimensions of tensor {rank}.")
        return list(range(rank - int(axes), rank)), list(range(int(axes)))
    if len(axes) != 2:
        raise ValueError("'axes' must be an integer or have length 2.")
    first, second = ([int(item) for item in np.atleast_1d(part)] for part in axes)
    if len(first) != len(second):
        raise ValueError(f"Different number of contraction axes 'a' and 'b', {len(first)} != {len(second)}.")
    return first, second


def _dot_rule(inputs: Sequence[Tensor], attributes: dict[str, Any]) -> OutputTypes:
    a, b = inputs[0].shape.known, inputs[1].shape.known
    if a is None or b is None:
        return [(_type(inputs[0]), TensorShape(None))]
    first, second = attributes["axes"]
    for i, j in zip(first, second, strict=True):
        if not -len(a) <= i < len(a) or not -len(b) <= j < len(b):
            raise ShapeMismatch(f"Axes {i} and {j} are not among the {len(a)} and {len(b)} axes")
        if a[i] is not None and b[j] is not None and a[i] != b[j]:
            raise ShapeMismatch(f"Dimensions must be equal, but are {a[i]} and {b[j]}")
    gone_a, gone_b = {i % len(a) for i in first}, {j % len(b) for j in second}
    rest = [size for i, size in enumerate(a) if i not in gone_a]
    return [(_type(inputs[0]), TensorShape(rest + [size for j, size in enumerate(b) if j not in gone_b]))]


register("Tensordot", lambda a, b, axes: torch.tensordot(a, b, dims=axes), _dot_rule)


def tensordot(a: Any, b: Any, axes: Any, name: str | None = None) -> Tensor:
    """The product of two tensors summed over axes (TF1 symbol: `tf.tensordot`).

    Args:
        a, b: tensors of one type.
        axes: how many last axes of a are summed with the first ones of b; or a list of axes of a and one
            of b.

    Raises:
        ValueError: axes that do not fit each other.

    >>> import ostinato.tf1 as tf
    >>> with tf.Graph().as_default(), tf.Session() as session:
    ...     session.run(tf.tensordot([[1, 2], [3, 4]], [10, 1], axes=1)).tolist()
    [12, 34]
    """
    with name_scope(name, "Tensordot", [a, b, axes]) as scope:
        x = convert_to_tensor(a, name="a")
        y = convert_to_tensor(b, name="b", dtype_hint=_type(x))
        same_type("MatMul", x, y, "b", "a")
        return one("Tensordot", [x, y], scope, axes=_axes_of(axes, x.shape.ndims))


# -- einsum
def _einsum_rule(inputs: Sequence[Tensor], attributes: dict[str, Any]) -> OutputTypes:
    left, _, right = attributes["equation"].partition("->")
    sizes: dict[str, int | None] = {}
    for labels, tensor in zip(left.split(","), inputs, strict=True):
        known = tensor.shape.known
        if known is None or "..." in labels:
            return [(_type(inputs[0]), TensorShape(None if "..." in left else [None] * len(right)))]
        if len(known) != len(labels):
            raise ShapeMismatch(
                f"The part {labels!r} of the equation names {len(labels)} axes of {len(known)}"
            )
        for label, size in zip(labels, known, strict=True):
            before = sizes.get(label)
            if before is not None and size is not None and before != size:
                raise ShapeMismatch(f"The axis {label!r} has sizes {before} and {size}")
            sizes[label] = size if before is None else before
    return [(_type(inputs[0]), TensorShape([sizes[label] for label in right]))]


register("Einsum", lambda *tensors, equation: torch.einsum(equation, *tensors), _einsum_rule)


def einsum(equation: str, *inputs: Any, **kwargs: Any) -> Tensor:
    """The product of tensors summed as an equation such as "ij,jk->ik" says (TF1 symbol: `tf.einsum`).

    Raises:
        ValueError: an equation that cannot be read, or that does not fit the tensors.
        TypeError: an argument that there is not.

    >>> import ostinato.tf1 as tf
    >>> with tf.Graph().as_default(), tf.Session() as session:
    ...     session.run(tf.einsum("ij,j->i", [[1, 2], [3, 4]], [10, 1])).tolist()
    [12, 34]
    """
    name = kwargs.pop("name", None)
    if kwargs:
        raise TypeError(f"invalid keyword arguments for this function: {', '.join(sorted(kwargs))}")
    plain = equation.replace(" ", "")
    left, arrow, right = plain.partition("->")
    labels = left.split(",")
    if not all(part.replace("...", "").isalpha() or part in ("", "...") for part in labels):
        raise ValueError(f"Indices have incorrect format: {equation}")
    if len(labels) != len(inputs):
        raise ValueError(
            f'Incorrect number of arguments: got {len(inputs)}, expected {len(labels)} for "{equation}".'
        )
    every = left.replace(",", "").replace("...", "")
    if not arrow:
        dots = "..." if "..." in left else ""
        right = dots + "".join(sorted(item for item in set(every) if every.count(item) == 1))
    missing = set(right.replace("...", "")) - set(every)
    if missing:
        raise ValueError(f"Unknown output indices {', '.join(sorted(missing))} in einsum {equation!r}.")
    with name_scope(name, "einsum", [equation, inputs]):
        first = next((item.dtype.base_dtype for item in inputs if isinstance(item, Tensor)), None)
        tensors = [convert_to_tensor(item, first) for item in inputs]
        return one("Einsum", tensors, "Einsum", equation=f"{left}->{right}")


# -- norms
def _norm(x: torch.Tensor, axis: torch.Tensor | None, keep: bool, order: Any, matrix: bool) -> torch.Tensor:
    axes = list(range(x.dim())) if axis is None else axis
    kind = {"euclidean": 2, "fro": "fro"}.get(order, order)
    if matrix:
        return torch.linalg.matrix_norm(
            x, "fro" if order in ("euclidean", "fro") else kind, axes, keepdim=keep
        )
    return torch.linalg.vector_norm(x, 2 if kind == "fro" else kind, axes, keepdim=keep)


def _norm_rule(inputs: Sequence[Tensor], attributes: dict[str, Any]) -> OutputTypes:
    known, axes = inputs[0].shape.known, attributes["axis"]
    kind = {"complex64": "float32", "complex128": "float64"}.get(_type(inputs[0]).name, _type(inputs[0]).name)

    if known is None:
        return [(as_dtype(kind), TensorShape([] if axes is None and not attributes["keep"] else None))]
    gone = set(range(len(known))) if axes is None else {axis % len(known) for axis in axes}
    if attributes["keep"]:
        return [(as_dtype(kind), TensorShape([1 if i in gone else size for i, size in enumerate(known)]))]
    return [(as_dtype(kind), TensorShape([size for i, size in enumerate(known) if i not in gone]))]


register("Norm", lambda x, axis, keep, order, matrix: _norm(x, axis, keep, order, matrix), _norm_rule)


def norm(
    tensor: Any,
    ord: Any = "euclidean",
    axis: Any = None,
    keepdims: bool | None = None,
    name: str | None = None,
    keep_dims: bool | None = None,
) -> Tensor:
    """The norm of vectors or matrices (TF1 symbol: `tf.norm`).

    Args:
        tensor: a tensor of floats.
        ord: "euclidean", or "fro" for matrices; 1, 2, np.inf or, of vectors, another positive number.
        axis: None for that of the flattened tensor; an axis for vectors; two for matrices.
        keepdims: leave the axes there with size 1; `keep_dims` is its older name.

    Raises:
        ValueError: an order or an axis that there is not.
    """
    keep = bool(either("keepdims", keepdims, "keep_dims", keep_dims))
    axes = axis
    matrix = isinstance(axis, (tuple, list, np.ndarray)) and len(axis) == 2
    if isinstance(axis, (tuple, list, np.ndarray)):
        axes = [int(item) for item in axis]
        if len(axes) not in (1, 2) or (len(axes) == 2 and axes[0] == axes[1]):
            raise ValueError("'axis' must be None, an integer, or a tuple of 2 unique integers")
    elif axis is not None:
        axes = [int(axis)]
    allowed = ["euclidean", "fro", 1, 2, np.inf] if matrix else ["euclidean", 1, 2, np.inf]
    if isinstance(ord, str):
        if ord not in ("euclidean", "fro"):
            raise ValueError(f"'ord' must be a supported {'matrix' if matrix else 'vector'} norm, got {ord}")
        if ord == "fro" and not matrix:
            raise ValueError(f"'ord' must be a supported vector norm, got {ord}")
    elif (matrix and ord not in allowed) or (not matrix and ord <= 0):
        raise ValueError(
            f"'ord' must be a supported {'matrix' if matrix else 'vector'} norm in {allowed}, got {ord}"
        )
    with name_scope(name, "norm", [tensor]):
        x = convert_to_tensor(tensor)
        return one("Norm", [x], "norm" if keep else "Squeeze", axis=axes, keep=keep, order=ord, matrix=matrix)


def normalize(tensor: Any, ord: Any = "euclidean", axis: Any = None, name: str | None = None) -> Any:
    """(tensor / its norm, the norm) (TF1 symbol: `tf.linalg.normalize`)."""
    with name_scope(name, "normalize", [tensor]):
        x = convert_to_tensor(tensor)
        size = norm(x, ord, axis, keepdims=True)
        return x / size, size


def matvec(
    a: Any,
    b: Any,
    transpose_a: bool = False,
    adjoint_a: bool = False,
    a_is_sparse: bool = False,
    b_is_sparse: bool = False,
    name: str | None = None,
) -> Tensor:
    """The product of matrices and vectors (TF1 symbol: `tf.linalg.matvec`)."""
    with name_scope(name, "MatVec", [a, b]):
        x = convert_to_tensor(a, name="a")
        columns = array.expand_dims(convert_to_tensor(b, _type(x), name="b"), -1)
        found = matmul(x, columns, transpose_a=transpose_a, adjoint_a=adjoint_a)
        return array.squeeze(found, axis=-1)


def _trace_rule(inputs: Sequence[Tensor], attributes: dict[str, Any]) -> OutputTypes:
    shape = inputs[0].shape
    if shape.known is not None and len(shape.known) < 2:
        raise ShapeMismatch(f"Shape must be at least rank 2 but is rank {len(shape.known)}")
    return [(_type(inputs[0]), TensorShape(None) if shape.known is None else shape[:-2])]


register("Trace", lambda x: x.diagonal(dim1=-2, dim2=-1).sum(-1).to(x.dtype), _trace_rule)


def trace(x: Any, name: str | None = None) -> Tensor:
    """The sum of the diagonal of matrices (TF1 symbol: `tf.trace`)."""
    with name_scope(name, "Trace", [x]) as scope:
        return one("Trace", [convert_to_tensor(x, name="x")], scope)


register("Cross", lambda a, b: torch.linalg.cross(a, b), same)


def cross(a: Any, b: Any, name: str | None = None) -> Tensor:
    """The cross product of vectors of three elements (TF1 symbol: `tf.cross`)."""
    with name_scope(name, "Cross", [a, b]) as scope:
        x = convert_to_tensor(a, name="a")
        return one("Cross", [x, convert_to_tensor(b, _type(x), name="b")], scope)
