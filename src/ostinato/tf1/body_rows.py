"""Which nodes of a step compute each row by itself, so that those of many steps can be computed at once."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from . import registry
from .tensor import Operation, Tensor

_OF_ELEMENTS = frozenset(
    ("Abs", "Cast", "Elu", "Erf", "Exp", "Identity", "Log", "Log1p", "Neg", "Reciprocal", "Relu", "Relu6")
) | frozenset(("Rsqrt", "Selu", "Sigmoid", "Softplus", "Softsign", "Sqrt", "Square", "Tanh"))
_OF_PAIRS = frozenset(["Add", "AddV2", "BiasAdd", "Maximum", "Minimum", "Mul", "RealDiv", "Sub"])


def operations_by_row(
    operations: Sequence[Operation], first: Iterable[Tensor], fixed: Collection[Tensor]
) -> set[Operation]:
    """The operations, given in an order of evaluation, that make of rows of the `first` tensors, and of what
    is `fixed`, the same rows of what they give.
    """
    rows = {tensor for tensor in first if tensor.shape.ndims}
    found = set[Operation]()
    for operation in operations:
        if not operation.control_inputs and _is_by_row(operation, rows, fixed):
            found.add(operation)
            rows.update(operation.outputs)
    return found


def _is_by_row(operation: Operation, rows: set[Tensor], fixed: Collection[Tensor]) -> bool:
    inputs = operation.inputs
    if rows.isdisjoint(inputs):
        return False
    if operation.type in _OF_ELEMENTS:
        return True
    if operation.type == "MatMul":
        plain = not operation.attributes["transpose_a"] and inputs[0].shape.ndims == 2
        return plain and inputs[0] in rows and inputs[1] in fixed
    if operation.type == "ConcatV2":
        axis = registry.constant_value(inputs[-1])
        return axis is not None and int(axis) > 0 and rows.issuperset(inputs[:-1])
    ranks = [tensor.shape.ndims for tensor in inputs]
    if operation.type not in _OF_PAIRS or None in ranks:
        return False
    depth = max(rank for rank in ranks if rank is not None)
    # A row of the one must meet that row of the other, or something that has no rows.
    return all(
        rank == depth if tensor in rows else tensor in fixed and rank is not None and rank < depth
        for tensor, rank in zip(inputs, ranks, strict=True)
    )
