"""The variables that an optimiser keeps for a variable: named after it, and a part where it is a part."""

from __future__ import annotations

import contextlib
from typing import Any

from . import variable_scope as vs
from .graph import colocate_with
from .initializers import Zeros
from .ops.array import shape, zeros
from .variables import ResourceVariable, Variable


def create_slot(primary: Any, val: Any, name: str, colocate_with_primary: bool = True) -> Variable:
    """A slot of a variable (or tensor) with an initial value: `w/Adam` of `w` and `Adam`."""
    with _place(primary, colocate_with_primary):
        return _slot(primary, val, name, val.shape.is_fully_defined(), None, None)


def create_slot_with_initializer(
    primary: Any, initializer: Any, shape: Any, dtype: Any, name: str, colocate_with_primary: bool = True
) -> Variable:
    """A slot of a shape and a type that an initialiser fills."""
    with _place(primary, colocate_with_primary):
        return _slot(primary, initializer, name, shape.is_fully_defined(), shape, dtype)


def _place(primary: Any, colocated: bool) -> contextlib.AbstractContextManager[Any]:
    """Where a slot is: with its variable, whatever `tf.device` says."""
    return colocate_with(primary.op) if colocated else contextlib.nullcontext()


def create_zeros_slot(
    primary: Any, name: str, dtype: Any = None, colocate_with_primary: bool = True
) -> Variable:
    """A slot of zeros, of the variable's shape and, but where another is given, of its type."""
    kind = primary.dtype.base_dtype if dtype is None else dtype
    if primary.shape.is_fully_defined():
        return create_slot_with_initializer(
            primary, Zeros(), primary.shape, kind, name, colocate_with_primary
        )
    value = primary.initialized_value() if isinstance(primary, Variable) else primary
    return create_slot(primary, zeros(shape(value), kind), name, colocate_with_primary)


def _slot(primary: Any, value: Any, name: str, validate_shape: bool, shape: Any, dtype: Any) -> Variable:
    with vs.variable_scope(None, f"{primary.op.name}/{name}") as scope:
        scope.set_partitioner(None)  # it is whole, or as its primary is divided
        slot = vs.get_variable(
            "",
            shape if callable(value) else None,
            dtype,
            initializer=value,
            trainable=False,
            use_resource=isinstance(primary, ResourceVariable),
            validate_shape=validate_shape,
        )
    part = primary._get_save_slice_info() if isinstance(primary, Variable) else None
    if part is not None:
        own_name = slot.op.name[len(primary.op.name) + 1 :]  # Adam, Adam_1
        slot._set_save_slice_info(part.renamed(f"{part.full_name}/{own_name}"))
    return slot
