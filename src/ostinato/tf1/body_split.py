"""A loop's body taken apart: what is the same in every iteration, computed once, and the rest.

TensorFlow computes all of a body's nodes in every iteration. Of a cell that clips its weights, or a loop that
transposes them, most of an iteration is then what the one before computed too.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Any, Literal

from ostinato.memory.invariant import loop_invariant

from . import registry
from .dtypes import resource
from .tensor import Operation, Tensor

if TYPE_CHECKING:
    from .body import BodyFunction
    from .body_control import Controlled
    from .plan import Plan
    from .run import Run

_PRODUCTS = frozenset(["AttentionContext", "BatchMatMulV2", "LuongScore", "MatMul", "RNNCellStep"])
"""Operations that multiply by what they are given, as a cell does by its weights."""


class Split:
    """Some outputs of a function, in two parts: what only captured values decide, and `step`, the rest, which
    is fed the arguments and what `begin` gives.
    """

    def __init__(self, function: BodyFunction, outputs: Sequence[Tensor]) -> None:
        from .plan import plan_for  # which knows of bodies

        self._function = function
        self._controlled: Controlled | Literal[False] | None = None  # False: it cannot be
        parts = self.parts = Parts(function, outputs)
        self.step: Plan = plan_for(function.graph, outputs, [*function.arguments, *parts.given])
        self._factors = parts.factors(parts.varying)

    def controlled(self, condition: BodyFunction, kept: Sequence[int]) -> Controlled | None:
        """The loop that goes on while the condition is true, with the number of iterations known before; None
        where it has to be evaluated iteration by iteration.
        """
        if self._controlled is None:
            from .body_control import controlled

            self._controlled = controlled(condition, self._function, self.parts, kept) or False
        return self._controlled or None

    def begin(self, run: Run, captured: Sequence[Any]) -> list[Any]:
        """What every iteration is fed beside its arguments."""
        given = self.parts.begin(run, captured)
        for place in self._factors:
            given[place] = loop_invariant(given[place])
        return given


class Parts:
    """What of some outputs of a function is the same in every iteration.

    `given` are the tensors of that kind that the others use: the captured ones, then those that have to be
    computed.
    """

    def __init__(self, function: BodyFunction, outputs: Sequence[Tensor]) -> None:
        from .plan import plan_for

        self._captured = function.stand_ins_of_values()
        found = function.operations(outputs)
        self.operations = sorted(found, key=lambda operation: operation.identifier)
        self.outputs = outputs
        self.fixed = _fixed(self.operations, self._captured)
        self.varying = [
            op for op in self.operations if not (op.outputs and self.fixed.issuperset(op.outputs))
        ]
        used = dict.fromkeys([*outputs, *[tensor for op in self.varying for tensor in op.inputs]])
        known = {*self._captured, *function.arguments}
        computed = [tensor for tensor in used if tensor in self.fixed - known and tensor.op.type != "Const"]
        self._plan: Plan | None = plan_for(function.graph, computed, self._captured) if computed else None
        self.given = [*self._captured, *computed]

    def begin(self, run: Run, captured: Sequence[Any]) -> list[Any]:
        """The values of `given`."""
        given = list(captured[: len(self._captured)])
        return given if self._plan is None else [*given, *run.execute(self._plan, given)]

    def factors(self, operations: Collection[Operation]) -> list[int]:
        """Which of `given` these operations do nothing with but multiply by them: their gradients can be
        taken all at once.
        """
        found = []
        for place, tensor in enumerate(self.given):
            users = [operation for operation in operations if tensor in operation.inputs]
            products = bool(users) and all(user.type in _PRODUCTS for user in users)
            if products and tensor.dtype.is_floating and tensor not in self.outputs:
                found.append(place)
        return found


def _fixed(operations: Sequence[Operation], captured: Sequence[Tensor]) -> set[Tensor]:
    """The tensors that captured ones and constants decide."""
    found = set(captured)
    if any(operation.type == "Gradients" for operation in operations):
        return found  # a gradient may be with respect to any of them, inside
    for operation in operations:
        definition = registry.lookup(operation.type)
        plain = not (definition.stateful or definition.writes or definition.needs)
        if operation.control_inputs or not plain or definition.reference_inputs:
            continue
        if any(tensor.dtype is resource for tensor in (*operation.inputs, *operation.outputs)):
            continue  # what an array holds is another matter in each iteration
        if operation.type == "Const" or (operation.inputs and found.issuperset(operation.inputs)):
            found.update(operation.outputs)
    return found
