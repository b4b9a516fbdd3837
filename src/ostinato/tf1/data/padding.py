"""The arguments of padded batches: the shapes that components are filled up to, and what with."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..dtypes import int64
from ..ops.core import constant, convert_to_tensor
from ..registry import constant_shape
from ..shapes import TensorShape, as_shape
from ..tensor import Tensor
from . import structure as nests


def shapes_for(structure: Any, given: Any) -> list[Any]:
    """The padded shapes of the components. Shapes are lists or tuples themselves."""
    if not nests.is_nested(structure):
        return [given]
    if isinstance(structure, dict):
        parts = nests.flatten_up_to(dict.fromkeys(structure, 0), given)
        inner: list[Any] = [structure[key] for key in sorted(structure)]
    else:
        parts = nests.flatten_up_to(tuple([0] * len(structure)), given)
        inner = list(structure)
    return [leaf for part, spec in zip(parts, inner, strict=True) for leaf in shapes_for(spec, part)]


def padded_shape(given: Any, known: TensorShape) -> Tensor:
    try:
        if isinstance(given, Tensor):
            raise TypeError
        wanted = TensorShape(
            [None if size == -1 else size for size in given] if isinstance(given, (list, tuple)) else given
        )
        tensor = constant(np.array([-1 if size is None else size for size in wanted.as_list()], np.int64))
    except (TypeError, ValueError):
        tensor = convert_to_tensor(given, preferred_dtype=int64)
        if tensor.shape.ndims not in (None, 1):
            raise ValueError(
                f"Padded shape {given} must be a 1-D tensor of tf.int64 values, but its shape was "
                f"{tensor.shape}."
            ) from None
        if tensor.dtype is not int64:
            raise TypeError(
                f"Padded shape {given} must be a 1-D tensor of tf.int64 values, but its element type was "
                f"{tensor.dtype.name}."
            ) from None
        wanted = constant_shape(tensor)
    if not _can_hold(wanted, known):
        raise ValueError(
            f"The padded shape {wanted} is not compatible with the corresponding input component shape "
            f"{known}."
        )
    return tensor


def _can_hold(padded: TensorShape, known: TensorShape) -> bool:
    if padded.known is None or known.known is None:
        return True
    return len(padded.known) == len(known.known) and not any(
        a is not None and b is not None and a < b for a, b in zip(padded.known, known.known, strict=True)
    )


def padding_value(value: Any, dtype: Any) -> Tensor:
    tensor = convert_to_tensor(value, name="padding_value")
    if not as_shape([]).is_compatible_with(tensor.shape):
        raise ValueError(f"Padding value should be a scalar, but is not: {tensor}")
    if tensor.dtype.base_dtype is not dtype:
        raise TypeError(f"Padding value tensor ({tensor}) does not match output type: {dtype!r}")
    return tensor
