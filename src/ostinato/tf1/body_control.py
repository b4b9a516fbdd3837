"""A loop's body taken apart: what decides how many iterations there are, and what is computed in each.

A loop that counts, or that ends when all rows have ended, decides by whole numbers alone. They are computed
first; then it is known how many iterations there are, which elements of arrays each reads, and where it
writes, and the rest is the same list of operations in each (`body_steps.py`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import torch

from . import registry
from .body_split import Parts
from .body_steps import FEWEST_STEPS, Programs, suits
from .dtypes import resource, string
from .ops.tensor_array import Elements
from .tensor import Operation, Tensor

if TYPE_CHECKING:
    from .body import BodyFunction
    from .run import Run

_READS = ("ReadUnlessFinished", "TensorArrayReadV3")
_KNOWN = frozenset(("RNNCellStep", "RandomSeed", "RandomUniform", "RandomStandardNormal", "TruncatedNormal"))
"""Stateful types whose operations are functions of their inputs and of what they draw."""


class Unsuited(Exception):
    """The loop has to be evaluated iteration by iteration."""


class Controlled:
    """A loop whose condition whole numbers decide: the parts of the outputs at the `kept` places.

    Raises:
        Unsuited: the body is none of that kind.
    """

    def __init__(
        self, condition: BodyFunction, body: BodyFunction, parts: Parts, kept: Sequence[int]
    ) -> None:
        from .plan import plan_for  # which knows of bodies

        if body.writes or condition.writes or body.reads_live or condition.reads_live:
            raise Unsuited
        self._parts, self._kept, self._condition = parts, list(kept), condition
        self._arguments, outputs = body.arguments, dict(zip(kept, parts.outputs, strict=True))
        self._writes = [op for op in parts.varying if op.type == "TensorArrayWriteV3"]
        self._flows = {
            place: self._writes.index(output.op)
            for place, output in outputs.items()
            if output.op in self._writes
        }
        self._decides(outputs)
        self._check()
        reads = [op for op in parts.varying if op.type in _READS]
        apart = {*reads, *self._writes}
        computed = [
            op for op in parts.varying if op not in apart and not self._decided.issuperset(op.outputs)
        ]
        self._states = [
            place for place in self._kept if place not in self._control and place not in self._flows
        ]
        wanted = [*[outputs[place] for place in self._states], *[op.inputs[2] for op in self._writes]]
        used = dict.fromkeys([*wanted, *[tensor for op in computed for tensor in op.inputs]])
        if not any(tensor.dtype.is_floating for tensor in wanted):
            raise Unsuited
        self._masks = [tensor for tensor in used if tensor in self._decided]
        self._reads = [op for op in reads if op.outputs[0] in used]
        self._given = [place for place, tensor in enumerate(parts.given) if tensor in used]
        graph, given = body.graph, [parts.given[place] for place in self._given]
        own = [self._arguments[place] for place in self._states]
        plan = plan_for(graph, wanted, [*own, *[op.outputs[0] for op in self._reads], *self._masks, *given])
        if plan.tracked or plan.has_gradients or any(item.reads for item in plan.instructions):
            raise Unsuited
        self._programs = Programs(plan)
        self._places = [op.inputs[1] for op in (*self._reads, *self._writes)]
        self._ends = [op.inputs[3] for op in self._reads if op.type == "ReadUnlessFinished"]
        decided = [op for op in parts.varying if op.outputs and self._decided.issuperset(op.outputs)]
        taken = {*[tensor for op in decided for tensor in op.inputs], *self._places, *self._ends}
        taken.update(outputs[place] for place in self._control)
        self._control_given = [
            place for place, tensor in enumerate(parts.given) if tensor in taken and not _is_other(tensor)
        ]
        control = [self._arguments[place] for place in self._control]
        self._counting = Programs(
            plan_for(
                graph,
                [*[outputs[place] for place in self._control], *self._masks, *self._places, *self._ends],
                [*control, *[parts.given[place] for place in self._control_given]],
            )
        )
        inside = condition.arguments
        captured = condition.stand_ins_of_values()
        self._going = Programs(
            plan_for(
                condition.graph,
                condition.outputs,
                [*[inside[place] for place in self._control], *captured],
            )
        )

    def _decides(self, outputs: dict[int, Tensor]) -> None:
        """Find the loop variables that whole numbers alone decide, and what they decide in the body."""
        control = {
            place for place in outputs if not _is_other(self._arguments[place]) and place not in self._flows
        }
        while True:
            decided = {self._arguments[place] for place in control}
            known = decided.union(tensor for tensor in self._parts.fixed if not _is_other(tensor))
            for operation in self._parts.varying:
                whole = not any(map(_is_other, operation.outputs)) and bool(operation.inputs)
                if whole and _is_plain(operation) and known.issuperset(operation.inputs):
                    decided.update(operation.outputs)
                    known.update(operation.outputs)
            kept = {place for place in control if outputs[place] in known}
            if kept == control:
                break
            control = kept
        if not self._condition.needs([0])[0] <= control:
            raise Unsuited
        self._control, self._decided, self._known = sorted(control), decided, known

    def _check(self) -> None:
        """Raise `Unsuited` where an operation is more than a function of what it takes."""
        given, flows = set(self._parts.given), {self._arguments[place] for place in self._flows}
        flows.update(op.outputs[0] for op in self._writes)
        written = {op.inputs[0] for op in self._writes}
        for operation in self._parts.varying:
            inputs, array = operation.inputs, operation.type in (*_READS, "TensorArrayWriteV3")
            if array:
                suits = inputs[0] in given and inputs[1] in self._known and not operation.control_inputs
                kinds = (*inputs[2:], *operation.outputs)
                suits = suits and not any(tensor.dtype in (resource, string) for tensor in kinds)
                if operation.type in _READS:
                    suits = suits and inputs[0] not in written
                    ends = operation.type == "ReadUnlessFinished"
                    suits = suits and (not ends or (inputs[3] in self._known and inputs[4] in given))
                else:
                    suits = suits and inputs[3] in flows and inputs[2] not in flows
            else:
                suits = _is_plain(operation) or (
                    operation.type in _KNOWN and not operation.control_inputs and not _bodies(operation)
                )
                suits = suits or operation.type in ("Argument", "VariableV2")  # whose value is given
                suits = suits and flows.isdisjoint(inputs)
            if not suits:
                raise Unsuited

    def run(self, run: Run, state: list[Any], captured: Sequence[Any], of_condition: Sequence[Any]) -> bool:
        """Run the loop, and put the values after it into `state`. False: nothing has been done."""
        if not suits(FEWEST_STEPS):
            return False
        given = self._parts.begin(run, captured)
        values = [state[place] for place in self._control]
        found: list[list[Any]] = []
        with torch.no_grad():
            goes_on = self._going.step(run, (), values, of_condition)
            step = self._counting.step(run, values, (), [given[place] for place in self._control_given])
            while goes_on(values)[0]:
                results = step(values)
                values = results[: len(values)]
                found.append(results[len(values) :])
        steps, masks = len(found), len(self._masks)
        if not suits(steps):
            return False
        reads, writes = len(self._reads), len(self._writes)
        places: list[list[int]] = [
            [int(row[masks + index]) for row in found] for index in range(reads + writes)
        ]
        ends = iter(range(masks + reads + writes, len(found[0])))
        fed: list[list[torch.Tensor]] = []
        taken: list[tuple[Elements, list[int]]] = []
        for operation, indices in zip(self._reads, places, strict=False):
            array, zeros = given[self._parts.given.index(operation.inputs[0])], None
            if array.dtype is not operation.outputs[0].dtype.base_dtype:
                return False
            if operation.type == "ReadUnlessFinished":
                end = next(ends)
                zeros = given[self._parts.given.index(operation.inputs[4])]
                indices = [
                    -1 if bool(row[end].all()) else index for row, index in zip(found, indices, strict=True)
                ]
            elements = [zeros if index < 0 and zeros is not None else array.peek(index) for index in indices]
            if any(element is None for element in elements):
                return False
            fed.append(elements)
            taken.append((array, [index for index in indices if index >= 0]))
        fed += [[row[index] for row in found] for index in range(masks)]
        result = self._programs.run(
            run, [state[place] for place in self._states], fed, [given[place] for place in self._given], steps
        )
        if result is None:
            return False
        for array, indices in taken:
            for index in indices:
                array.read(index)
        final, written = result
        for place, value in zip((*self._control, *self._states), (*values, *final), strict=True):
            state[place] = value
        arrays = [given[self._parts.given.index(op.inputs[0])] for op in self._writes]
        for index in range(steps):
            for array, parts, indices in zip(arrays, written, places[reads:], strict=True):
                array.write(indices[index], parts[index])
        return True


def controlled(
    condition: BodyFunction, body: BodyFunction, parts: Parts, kept: Sequence[int]
) -> Controlled | None:
    """The loop taken apart; None where it has to be evaluated iteration by iteration."""
    try:
        return Controlled(condition, body, parts, kept)
    except Unsuited:
        return None


def _is_other(tensor: Tensor) -> bool:
    """Whether it holds something other than whole numbers and truth values."""
    return not (tensor.dtype.is_integer or tensor.dtype.is_bool)


def _is_plain(operation: Operation) -> bool:
    definition = registry.lookup(operation.type)
    stateful = definition.stateful or definition.writes or definition.needs or definition.reference_inputs
    if stateful or operation.control_inputs or operation.type in ("Gradients", *_READS, "TensorArrayWriteV3"):
        return False
    return not any(tensor.dtype in (resource, string) for tensor in (*operation.inputs, *operation.outputs))


def _bodies(operation: Operation) -> bool:
    """Whether there are functions inside that do more than compute."""
    from .ops.rnn import functions_of  # which knows of bodies

    description = operation.attributes.get("description")
    return description is not None and not all(body.is_pure() for body in functions_of(description))
