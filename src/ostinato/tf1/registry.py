"""The one table of operations: for each type, the torch callable that evaluates it and the rule for its
static shapes.

Where a type has no rule of its own, its callable is run on `meta` tensors, which have shapes and types but no
numbers.
An unknown dimension is stood for by two different sizes in two such runs: what differs between them is
unknown too.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from . import allowed_types
from .dtypes import DType, as_dtype
from .shapes import TensorShape
from .tensor import Tensor

OutputTypes = Sequence[tuple[DType, TensorShape]]
Rule = Callable[[Sequence[Tensor], dict[str, Any]], OutputTypes]


class ShapeMismatch(ValueError):
    """A rule's complaint about shapes; `infer` adds the operation's name and the shapes it saw."""


@dataclass(frozen=True)
class OpDefinition:
    """How one type of operation behaves.

    compute: `compute(*tensors, **attributes)`, or `compute(run, operation, *tensors)` where `stateful`.
    infer: the rule for output types and shapes; None runs `compute` on meta tensors.
    differentiable: whether a gradient can pass through.
    writes: whether it changes a variable; such nodes run as late as their order allows.
    reference_inputs: inputs that name a variable rather than read its value.
    needs: for an operation of which a part can be evaluated: `needs(operation, outputs)` gives the places of
        the inputs that those outputs need, and `compute` is told `wanted=outputs`.
    """

    compute: Callable[..., Any]
    infer: Rule | None = None
    differentiable: bool = True
    stateful: bool = False
    writes: bool = False
    reference_inputs: tuple[int, ...] = ()
    needs: Callable[[Any, frozenset[int]], Collection[int]] | None = None


_TABLE: dict[str, OpDefinition] = {}
_META_CACHE: dict[Any, list[tuple[DType, TensorShape]]] = {}
_STAND_INS = (5, 7)


def register(op_type: str, compute: Callable[..., Any], infer: Rule | None = None, **options: Any) -> None:
    if op_type in _TABLE:
        raise ValueError(f"The operation type {op_type!r} is in the table already.")
    _TABLE[op_type] = OpDefinition(compute, infer, **options)


def is_known(op_type: str) -> bool:
    return op_type in _TABLE


def types() -> list[str]:
    """All types of operations in the table."""
    return sorted(_TABLE)


def lookup(op_type: str) -> OpDefinition:
    try:
        return _TABLE[op_type]
    except KeyError:
        raise ValueError(f"There is no operation of type {op_type!r} in the table.") from None


def infer(op_type: str, inputs: Sequence[Tensor], attributes: dict[str, Any], name: str) -> OutputTypes:
    """The types and static shapes of an operation's outputs.

    Raises:
        ValueError: the shapes do not fit; the message names the operation and the shapes.
        TypeError: the operation does not take its first input's type.
    """
    definition = lookup(op_type)
    allowed_types.check(op_type, inputs)
    try:
        if definition.infer is not None:
            return definition.infer(inputs, attributes)
        return _infer_on_meta(definition, op_type, inputs, attributes)
    except ShapeMismatch as problem:
        shapes = ", ".join(tensor.shape.bracketed() for tensor in inputs)
        raise ValueError(f"{problem} for '{name}' (op: '{op_type}') with input shapes: {shapes}.") from None


def _infer_on_meta(
    definition: OpDefinition, op_type: str, inputs: Sequence[Tensor], attributes: dict[str, Any]
) -> OutputTypes:
    key = (op_type, tuple((t.dtype.name, t.shape.known) for t in inputs), repr(sorted(attributes.items())))
    if key not in _META_CACHE:
        _META_CACHE[key] = _run_on_meta(definition, inputs, attributes)
    return _META_CACHE[key]


def _run_on_meta(definition: OpDefinition, inputs: Sequence[Tensor], attributes: dict[str, Any]) -> Any:
    if any(tensor.shape.ndims is None for tensor in inputs):
        outputs = _evaluate_meta(definition, inputs, attributes, 1)
        return [(dtype, TensorShape(None)) for dtype, _ in outputs]
    first = _evaluate_meta(definition, inputs, attributes, _STAND_INS[0])
    if all(tensor.shape.is_fully_defined() for tensor in inputs):
        return [(dtype, TensorShape(sizes)) for dtype, sizes in first]
    second = _evaluate_meta(definition, inputs, attributes, _STAND_INS[1])
    return [
        (dtype, TensorShape([a if a == b else None for a, b in zip(sizes, others, strict=True)]))
        for (dtype, sizes), (_, others) in zip(first, second, strict=True)
    ]


def _evaluate_meta(
    definition: OpDefinition, inputs: Sequence[Tensor], attributes: dict[str, Any], stand_in: int
) -> list[tuple[DType, tuple[int, ...]]]:
    metas = []
    for tensor in inputs:
        sizes = [stand_in if d is None else d for d in tensor.shape.known or ()]
        metas.append(torch.empty(sizes, dtype=tensor.dtype.torch_dtype, device="meta"))
    outputs = on_meta(definition.compute, metas, attributes)
    return [(as_dtype(output.dtype), tuple(output.shape)) for output in outputs]


def on_meta(
    compute: Callable[..., Any], metas: Sequence[torch.Tensor], attributes: dict[str, Any]
) -> Sequence[torch.Tensor]:
    """The outputs for tensors that have shapes and no numbers; what torch refuses is a misfit."""
    try:
        with torch.no_grad():
            outputs = compute(*metas, **attributes)
    except (RuntimeError, ValueError, IndexError) as problem:
        raise ShapeMismatch(str(problem).splitlines()[0].rstrip(".")) from None
    return outputs if isinstance(outputs, (tuple, list)) else [outputs]


# -- rules that many types share
def same(inputs: Sequence[Tensor], attributes: dict[str, Any]) -> OutputTypes:
    """One output like the first input."""
    return [(inputs[0].dtype.base_dtype, inputs[0].shape)]


def same_shape(dtype: DType) -> Rule:
    return lambda inputs, attributes: [(dtype, inputs[0].shape)]


def broadcast(dtype: DType | None = None) -> Rule:
    """The rule of elementwise operations on two or more inputs; the type is the last input's unless given."""

    def rule(inputs: Sequence[Tensor], attributes: dict[str, Any]) -> OutputTypes:
        shape = inputs[0].shape
        for tensor in inputs[1:]:
            shape = broadcast_shapes(shape, tensor.shape)
        return [(dtype or inputs[-1].dtype.base_dtype, shape)]

    return rule


def broadcast_shapes(first: TensorShape, second: TensorShape) -> TensorShape:
    if first.known is None or second.known is None:
        return TensorShape(None)
    rank = max(len(first.known), len(second.known))
    left = (1,) * (rank - len(first.known)) + first.known
    right = (1,) * (rank - len(second.known)) + second.known
    sizes: list[int | None] = []
    for a, b in zip(left, right, strict=True):
        if a == b or b == 1:
            sizes.append(a)
        elif a == 1:
            sizes.append(b)
        elif a is None or b is None:
            sizes.append(b if a is None else a)
        else:
            raise ShapeMismatch(f"Dimensions must be equal, but are {a} and {b}")
    return TensorShape(sizes)


def declared(inputs: Sequence[Tensor], attributes: dict[str, Any]) -> OutputTypes:
    """The type and shape that the attributes `dtype` and `shape` state."""
    return [(as_dtype(attributes["dtype"]), TensorShape(attributes["shape"]))]


# -- constants
_FOLDABLE = frozenset(
    [
        "Add",
        "AddV2",
        "Sub",
        "Mul",
        "FloorDiv",
        "FloorMod",
        "Maximum",
        "Minimum",
        "Max",
        "Min",
        "Cast",
        "Identity",
        "Pack",
        "ConcatV2",
        "StridedSlice",
        "Range",
        "ExpandDims",
        "Squeeze",
        "Prod",
        "Sum",
        "Reshape",
        "Size",
        "Rank",
        "GatherV2",
        "Neg",
    ]
)


_DEEPEST = 100
"""How many operations one behind the other are evaluated for a static shape; it is unknown beyond."""


def constant_value(tensor: Tensor) -> np.ndarray | None:
    """The value of a tensor that is a constant expression, without a session; None where it is not one."""
    return _constant(tensor, {}, _DEEPEST)


def _constant(tensor: Tensor, known: dict[Tensor, np.ndarray | None], depth: int) -> np.ndarray | None:
    if tensor not in known:
        known[tensor] = _folded(tensor, known, depth) if depth else None
    return known[tensor]


def _folded(tensor: Tensor, known: dict[Tensor, np.ndarray | None], depth: int) -> np.ndarray | None:
    """`known`: what was found before, as the same tensor may be used many times over."""
    operation = tensor.op
    if operation.type == "Const":
        return operation.attributes["value"]
    if operation.type == "Argument":  # a captured constant
        return operation.attributes.get("constant")
    if operation.type == "Shape":
        sizes = operation.inputs[0].shape
        return np.array(sizes.as_list(), tensor.dtype.as_numpy_dtype) if sizes.is_fully_defined() else None
    if operation.type == "Size":
        count = operation.inputs[0].shape.num_elements()
        return None if count is None else np.array(count, tensor.dtype.as_numpy_dtype)
    if operation.type == "Rank":
        rank = operation.inputs[0].shape.ndims
        return None if rank is None else np.array(rank, np.int32)
    if operation.type == "StridedSlice" and operation.inputs[0].op.type == "Shape":
        sizes = constant_shape(operation.inputs[0])
        picked = _slice_of_sizes(operation, sizes)
        if picked is None or (isinstance(picked, list) and None in picked):
            return None
        return np.array(picked, tensor.dtype.as_numpy_dtype)
    if operation.type not in _FOLDABLE or not tensor.dtype.is_integer:
        return None
    values = [_constant(item, known, depth - 1) for item in operation.inputs]
    if any(value is None for value in values):
        return None
    result = lookup(operation.type).compute(
        *[torch.from_numpy(np.array(value)) for value in values], **operation.attributes
    )
    result = result[tensor.value_index] if isinstance(result, (tuple, list)) else result
    return result.numpy()


def _slice_of_sizes(operation: Any, sizes: TensorShape) -> Any:
    if sizes.known is None:
        return None
    values = [constant_value(item) for item in operation.inputs[1:]]
    if any(value is None for value in values):
        return None
    begin, end, strides = (int(value[0]) for value in values if value is not None)
    attributes = operation.attributes
    if attributes["shrink_axis_mask"] & 1:
        return sizes.known[begin] if -len(sizes.known) <= begin < len(sizes.known) else None
    low = None if attributes["begin_mask"] & 1 else begin
    high = None if attributes["end_mask"] & 1 else end
    return list(sizes.known[low:high:strides])


def constant_shape(tensor: Tensor) -> TensorShape:
    """The static shape that a 1-D integer tensor describes, with unknown dimensions where it is no
    constant.
    """
    operation = tensor.op
    if operation.type == "Shape":
        return operation.inputs[0].shape
    if operation.type == "Argument" and "constant_shape" in operation.attributes:
        return operation.attributes["constant_shape"]
    value = constant_value(tensor)
    if value is not None:
        return TensorShape([None if size < 0 else int(size) for size in np.atleast_1d(value)])
    if operation.type == "Pack":
        sizes = [constant_value(item) for item in operation.inputs]
        return TensorShape([None if size is None or size < 0 else int(size) for size in sizes])
    if operation.type == "ConcatV2":
        whole = TensorShape([])
        for item in operation.inputs[:-1]:
            whole = whole.concatenate(constant_shape(item))
        return whole
    if operation.type == "StridedSlice":
        picked = _slice_of_sizes(operation, constant_shape(operation.inputs[0]))
        if isinstance(picked, list):
            return TensorShape(picked)
    if operation.type in ("Cast", "Identity"):
        return constant_shape(operation.inputs[0])
    length = tensor.shape.known
    return TensorShape([None] * length[0]) if length and length[0] is not None else TensorShape(None)


def constant_axes(tensor: Tensor, rank: int | None) -> list[int] | None:
    """The axes that a constant tensor names, made non-negative; None where they are not constant or rank
    unknown.
    """
    value = constant_value(tensor)
    if value is None or rank is None:
        return None
    axes = [int(axis) for axis in np.atleast_1d(value)]
    for axis in axes:
        if not -rank <= axis < rank:
            raise ShapeMismatch(f"Invalid reduction dimension {axis} for input with {rank} dimensions")
    return [axis % rank for axis in axes]


def product(sizes: Sequence[int | None]) -> int | None:
    return None if None in sizes else math.prod(size or 0 for size in sizes)
