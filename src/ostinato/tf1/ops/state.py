"""Operations on variables. A variable's value is a tensor that the session holds; a write replaces it, never
alters it.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from ..dtypes import as_dtype, as_ref, bool_, string
from ..registry import OutputTypes, ShapeMismatch, register
from ..shapes import TensorShape
from ..tensor import Operation, Tensor
from .core import convert_to_tensor, one


def variable_name(reference: Tensor) -> str:
    """The variable that a handle, or the result of an assignment, stands for."""
    return reference.op.name if reference.op.type == "VariableV2" else reference.op.attributes["variable"]


def _variable_rule(inputs: Any, attributes: dict[str, Any]) -> OutputTypes:
    return [(as_ref(as_dtype(attributes["dtype"])), TensorShape(attributes["shape"]))]


def _assign_rule(inputs: Any, attributes: dict[str, Any]) -> OutputTypes:
    reference, value = inputs
    if attributes.get("validate_shape", True):
        if not reference.shape.is_compatible_with(value.shape):
            for index, (a, b) in enumerate(
                zip(reference.shape.known or (), value.shape.known or (), strict=False)
            ):
                if a is not None and b is not None and a != b:
                    raise ShapeMismatch(
                        f"Dimension {index} in both shapes must be equal, but are {a} and {b}. "
                        f"Shapes are {reference.shape.bracketed()} and {value.shape.bracketed()}."
                    )
            raise ShapeMismatch(
                f"Shapes must be equal rank, but are {reference.shape.ndims} and {value.shape.ndims}"
            )
        return [(reference.dtype, reference.shape.merge_with(value.shape))]
    return [(reference.dtype, value.shape)]


def _same_sizes(operation: Operation, old: torch.Tensor, value: torch.Tensor) -> None:
    if old.shape != value.shape:
        raise ValueError(
            f"{operation.type} requires shapes of both tensors to match. "
            f"lhs shape= {TensorShape(old.shape).bracketed()} "
            f"rhs shape= {TensorShape(value.shape).bracketed()}"
        )


def _read(run: Any, operation: Operation) -> torch.Tensor:
    return run.read(operation.name)


def _assign(run: Any, operation: Operation, _: Any, value: torch.Tensor) -> torch.Tensor:
    declared, sizes = operation.inputs[0].shape, tuple(value.shape)
    if sizes != declared.known and not (
        declared.is_compatible_with(sizes) or not operation.attributes["validate_shape"]
    ):
        raise ValueError(
            "Assign requires shapes of both tensors to match. "
            f"lhs shape= {declared.bracketed()} rhs shape= {TensorShape(value.shape).bracketed()}"
        )
    if isinstance(value, np.ndarray):  # strings
        return run.write(operation.attributes["variable"], value.copy())
    source = operation.inputs[1]
    if source.op.type == "RestoreV2" and len(source.consumers()) == 1:
        return run.write(operation.attributes["variable"], value)  # nobody else has it
    if value.requires_grad:
        value = value.detach()
    return run.write(operation.attributes["variable"], value.clone())


def _assign_add(run: Any, operation: Operation, _: Any, value: torch.Tensor) -> torch.Tensor:
    old = run.current(operation.attributes["variable"])
    _same_sizes(operation, old, value)
    return run.write(operation.attributes["variable"], old + value.detach())


def _assign_sub(run: Any, operation: Operation, _: Any, value: torch.Tensor) -> torch.Tensor:
    old = run.current(operation.attributes["variable"])
    _same_sizes(operation, old, value)
    return run.write(operation.attributes["variable"], old - value.detach())


def _is_initialized(run: Any, operation: Operation, _: Any) -> torch.Tensor:
    return torch.tensor(run.is_initialized(operation.attributes["variable"]))


def _uninitialized(run: Any, operation: Operation) -> np.ndarray:
    names = [name for name in operation.attributes["variables"] if not run.is_initialized(name)]
    return np.array([name.encode() for name in names], dtype=object)


def _initialized_or(run: Any, operation: Operation, _: Any, otherwise: torch.Tensor) -> torch.Tensor:
    name = operation.attributes["variable"]
    return run.read(name) if run.is_initialized(name) else otherwise


register("VariableV2", _read, _variable_rule, stateful=True)
_WRITE = {"stateful": True, "writes": True, "differentiable": False, "reference_inputs": (0,)}
register("Assign", _assign, _assign_rule, **_WRITE)
register("AssignAdd", _assign_add, _assign_rule, **_WRITE)
register("AssignSub", _assign_sub, _assign_rule, **_WRITE)
register(
    "IsVariableInitialized",
    _is_initialized,
    lambda i, a: [(bool_, TensorShape([]))],
    stateful=True,
    reference_inputs=(0,),
    differentiable=False,
)
register(
    "InitializedOrInitialValue",
    _initialized_or,
    lambda i, a: [(i[1].dtype, i[1].shape)],
    stateful=True,
    reference_inputs=(0,),
)


register(
    "UninitializedVariables",
    _uninitialized,
    lambda i, a: [(string, TensorShape([None]))],
    stateful=True,
    differentiable=False,
)


def uninitialized(names: list[str], name: str) -> Tensor:
    """A node that gives the names of those variables that have no value yet."""
    return one("UninitializedVariables", [], name, variables=names)


def reference_of(ref: Any) -> Tensor:
    """The handle of a variable.

    Raises:
        TypeError: it is no variable, so it cannot be assigned to.
    """
    reference = convert_to_tensor(ref, as_ref=True)
    if not reference.dtype.is_ref:
        raise TypeError(f"Only a variable can be assigned to; {reference} is a plain tensor.")
    return reference


def _update(op_type: str, ref: Any, value: Any, name: str | None, **attributes: Any) -> Tensor:
    reference = reference_of(ref)
    value = convert_to_tensor(value, reference.dtype.base_dtype, name="value")
    return one(op_type, [reference, value], name or op_type, variable=variable_name(reference), **attributes)


def assign(
    ref: Any,
    value: Any,
    validate_shape: bool | None = None,
    use_locking: Any = None,
    name: str | None = None,
) -> Tensor:
    """Give a variable a new value; the result is the variable after that (TF1 symbol: `tf.assign`).

    Args:
        ref: a variable, or a part of one: `v[1:3]`.
        value: of its type and shape.

    Raises:
        ValueError: the value's shape is not the variable's.
    """
    if getattr(ref, "assign", None) is not None and not ref.dtype.is_ref and isinstance(ref, Tensor):
        return ref.assign(value, name=name)  # type: ignore[attr-defined]
    return _update("Assign", ref, value, name, validate_shape=validate_shape is not False)


def assign_add(ref: Any, value: Any, use_locking: Any = None, name: str | None = None) -> Tensor:
    """Add to a variable (TF1 symbol: `tf.assign_add`)."""
    return _update("AssignAdd", ref, value, name)


def assign_sub(ref: Any, value: Any, use_locking: Any = None, name: str | None = None) -> Tensor:
    """Subtract from a variable (TF1 symbol: `tf.assign_sub`)."""
    return _update("AssignSub", ref, value, name)


def is_variable_initialized(ref: Any, name: str | None = None) -> Tensor:
    """Whether the session holds a value of the variable (TF1 symbol: `tf.is_variable_initialized`)."""
    reference = reference_of(ref)
    return one("IsVariableInitialized", [reference], name, variable=variable_name(reference))
