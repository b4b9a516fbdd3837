"""The nodes of loops and conditionals as TensorFlow 1 writes them into graphs: `dataflow` evaluates those
that choose and those that go from iteration to iteration. And the stacks in which such a loop keeps, for the
loop of its gradients, what each iteration computed.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch

from ..dtypes import as_dtype, int32, resource
from ..errors import InternalError
from ..registry import OutputTypes, register, same
from ..shapes import TensorShape
from ..tensor import Operation, Tensor


def _by_dataflow(run: Any, operation: Operation, *values: Any) -> Any:
    raise InternalError(None, operation, f"The node {operation.name!r} is evaluated with its whole graph.")


def _switch_rule(inputs: Sequence[Tensor], attributes: dict[str, Any]) -> OutputTypes:
    kind, shape = inputs[0].dtype.base_dtype, inputs[0].shape
    return [(kind, shape), (kind, shape)]


def _merge_rule(inputs: Sequence[Tensor], attributes: dict[str, Any]) -> OutputTypes:
    shape = inputs[0].shape
    if attributes["turns"] or any(tensor.shape.known != shape.known for tensor in inputs[1:]):
        shape = TensorShape(None)  # what comes round may have another one
    return [(inputs[0].dtype.base_dtype, shape), (int32, TensorShape([]))]


register("Switch", _by_dataflow, _switch_rule, stateful=True)
register("Merge", _by_dataflow, _merge_rule, stateful=True)
for _kind in ("Enter", "Exit", "NextIteration"):
    register(_kind, _by_dataflow, same, stateful=True)
register("LoopCond", lambda chosen: chosen, same, differentiable=False)
register("ControlTrigger", lambda: (), lambda inputs, attributes: [], differentiable=False)


class Stack:
    """Values of a loop's iterations, the last on top."""

    def __init__(self, name: str, limit: int) -> None:
        self.name, self.limit, self.values = name, limit, []  # type: ignore[var-annotated]

    def push(self, value: Any) -> Any:
        if 0 <= self.limit <= len(self.values):
            raise ValueError(f"Stack[{self.name}] overflowed its max_size ({self.limit})")
        self.values.append(value)
        return value

    def pop(self) -> Any:
        if not self.values:
            raise ValueError(f"Stack[{self.name}] is empty when calling Pop().")
        return self.values.pop()


def _stack(run: Any, operation: Operation, limit: torch.Tensor | None = None) -> Stack:
    return Stack(operation.attributes["stack_name"] or operation.name, -1 if limit is None else int(limit))


def _popped_rule(inputs: Sequence[Tensor], attributes: dict[str, Any]) -> OutputTypes:
    return [(as_dtype(attributes["elem_type"]), TensorShape(None))]


register(
    "StackV2",
    _stack,
    lambda inputs, attributes: [(resource, TensorShape([2]))],
    stateful=True,
    differentiable=False,
)
register(
    "StackPushV2",
    lambda stack, value: stack.push(value),
    lambda inputs, attributes: [(inputs[1].dtype.base_dtype, inputs[1].shape)],
    differentiable=False,
)
register("StackPopV2", lambda stack, elem_type: stack.pop(), _popped_rule, differentiable=False)
register("StackCloseV2", lambda stack: (), lambda inputs, attributes: [], differentiable=False)
