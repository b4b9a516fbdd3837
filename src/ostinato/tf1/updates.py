"""Operations that update a variable and an optimiser's slots, alone and many at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch

from . import registry
from .tensor import Operation, Tensor

_TOGETHER: dict[str, Any] = {}  # by the type of an update: its function of many variables


def _plain(tensor: torch.Tensor) -> torch.Tensor:
    return tensor.detach() if tensor.requires_grad else tensor


def update_together(operations: Sequence[Operation]) -> Callable[..., Any] | None:
    """One function in place of updates of different variables that share all inputs but the gradient, which
    comes last: it takes the run, the inputs that they share, and the gradients. None: there is no such.
    """
    compute = _TOGETHER.get(operations[0].type)
    if compute is None or any(operation.attributes.keys() != {"variables"} for operation in operations):
        return None
    names = [operation.attributes["variables"] for operation in operations]
    if len({name for row in names for name in row}) < sum(map(len, names)):
        return None

    def update(run: Any, shared: Sequence[Any], *gradients: Any) -> None:
        with run.lock:
            given = zip(names, gradients, strict=True)
            rows = [(*map(run.current, row), _plain(gradient)) for row, gradient in given]
            for row, new in zip(names, compute(shared, rows), strict=True):
                for name, value in zip(row, new, strict=True):
                    run.write(name, value)

    return update


def register_update(
    op_type: str, slots: int, compute: Any, grad: int = -1, by_rows: bool = False, together: Any = None
) -> None:
    """Register an operation that updates a variable and so many slots.

    compute: a function of the variable's value, the slots' values, the other inputs and the attributes that
        returns the new values in that order.
    grad: which of the node's inputs is the gradient.
    by_rows: whether there is a node too that updates some rows alone.
    together: `compute` for many variables: a function of the inputs that they share and a tuple (value,
        slots, gradient) for each; it returns the new values of each.
    """
    if together is not None:
        _TOGETHER[op_type] = together

    def update(run: Any, operation: Operation, *inputs: Any) -> Any:
        attributes = operation.attributes
        names, options = attributes["variables"], {}
        if len(attributes) > 1:
            options = {key: value for key, value in attributes.items() if key != "variables"}
        old = [run.current(name) for name in names]
        given = [_plain(tensor) for tensor in inputs[len(names) :]]
        new = compute(*old, *given, **options)
        written = [run.write(name, value) for name, value in zip(names, new, strict=True)]
        return written[0]

    def rule(inputs: Sequence[Tensor], attributes: dict[str, Any]) -> registry.OutputTypes:
        shape, grad_shape = inputs[0].shape, inputs[grad].shape
        if not shape.is_compatible_with(grad_shape):
            raise registry.ShapeMismatch(
                f"Shapes must be equal: a variable {shape.bracketed()} and its gradient "
                f"{grad_shape.bracketed()}"
            )
        return [(inputs[0].dtype, inputs[0].shape)]

    def update_rows(run: Any, operation: Operation, *inputs: Any) -> Any:
        """The same at some rows alone; a row that is named twice is updated once, by the sum."""
        names = operation.attributes["variables"]
        options = {key: value for key, value in operation.attributes.items() if key != "variables"}
        old = [run.current(name) for name in names]
        given = [_plain(tensor) for tensor in inputs[len(names) : -1]]
        rows, places = torch.unique(inputs[-1].long(), return_inverse=True)
        place = grad if grad < 0 else grad - len(names)
        values = given[place]
        given[place] = values.new_zeros((len(rows), *values.shape[1:])).index_add_(0, places, values)
        new = compute(*[tensor[rows] for tensor in old], *given, **options)
        written = [
            run.write(name, tensor.index_copy(0, rows, value))
            for name, tensor, value in zip(names, old, new, strict=True)
        ]
        return written[0]

    kinds: list[Any] = [(op_type, update, rule)]
    if by_rows:
        kinds.append(
            (f"Sparse{op_type}", update_rows, lambda inputs, _: [(inputs[0].dtype, inputs[0].shape)])
        )
    for kind, function, own_rule in kinds:
        registry.register(
            kind,
            function,
            own_rule,
            stateful=True,
            writes=True,
            differentiable=False,
            reference_inputs=tuple(range(1 + slots)),
        )
