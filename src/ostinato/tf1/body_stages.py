"""A traced step of a cell as stages of a run over a whole sequence.

Each stage has a loop over time for some of the states, those that need each other. What needs no state that
is still to come, and computes each row by itself, is computed before a stage for all steps in one go: the
product of a layer's inputs and its kernel, and what is made of the last states to be the output.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from . import body_rows
from .body_split import Parts
from .tensor import Operation, Tensor

if TYPE_CHECKING:
    from .body import BodyFunction
    from .body_steps import Programs
    from .plan import Plan

MOST_STATES = 32
"""Cells with more states are run in one stage: to find out what needs what takes the cube of their number."""


@dataclass
class Stage:
    """One of the stages. Plans are fed what stands before them here, then what is the same in all steps."""

    states: list[int]  # the places of its states
    rows_fed: list[Tensor] = field(default_factory=list)  # of all steps
    rows: list[Tensor] = field(default_factory=list)
    rows_plan: Plan | None = None
    step_fed: list[Tensor] = field(
        default_factory=list
    )  # of all steps, one after the other, after the states
    exports: list[Tensor] = field(default_factory=list)  # computed in the loop and wanted of all steps
    step_plan: Plan | None = None  # gives the new states, then what is exported
    factors: list[int] = field(default_factory=list)  # of what is the same in all steps
    programs: Programs | None = None  # of the same as `step_plan`, and of all that is exported


class Stages:
    """The stages of a function of a step's inputs and states, which gives an output and the new states."""

    def __init__(self, function: BodyFunction) -> None:
        self.parts = Parts(function, function.outputs)
        self.inputs, *self.states = function.arguments
        self.output, *self._new = function.outputs
        self._function = function
        self._by_row = body_rows.operations_by_row(
            self.parts.operations, function.arguments, self.parts.fixed
        )
        groups = self._groups()
        while True:
            levels = _Levels(self, groups)
            useless = next((k for k in range(1, len(groups)) if not levels.multiplies(k)), None)
            if useless is None:
                break
            groups[useless - 1 : useless + 1] = [groups[useless - 1] + groups[useless]]
        self.stages = self._made(levels, groups)

    @property
    def suits(self) -> bool:
        """Whether the output is one of each step."""
        return self.output not in self.parts.fixed

    def updates(self, group: Sequence[int]) -> list[Tensor]:
        """The new values of some states."""
        return [self._new[place] for place in group]

    def _groups(self) -> list[list[int]]:
        """The states, those together that need each other, what is needed first."""
        count = len(self.states)
        if count > MOST_STATES:
            return [list(range(count))]
        operations = [set(self._function.operations([new])) for new in self._new]
        needs = [[state.op in reached for state in self.states] for reached in operations]
        for new, state in zip(range(count), self._new, strict=True):
            if state in self.states:  # handed on
                needs[new][self.states.index(state)] = True
        for middle in range(count):
            for one in range(count):
                if needs[one][middle]:
                    needs[one] = [a or b for a, b in zip(needs[one], needs[middle], strict=True)]
        groups: list[list[int]] = []
        # What needs fewer states cannot need what needs more, unless they need each other.
        for place in sorted(range(count), key=lambda place: (sum(needs[place]), place)):
            for group in groups:
                if needs[place][group[0]] and needs[group[0]][place]:
                    group.append(place)
                    break
            else:
                groups.append([place])
        return groups or [[]]

    def _made(self, levels: _Levels, groups: Sequence[Sequence[int]]) -> list[Stage]:
        stages = [Stage(list(group)) for group in groups]
        stages += [Stage([]) for _ in range(len(groups), levels.last + 1)]
        for tensor in levels.wanted:
            stages[levels.steps[tensor]].exports.append(tensor)
        for level, stage in enumerate(stages):
            self._plan(stage, level, levels)
        return stages

    def _plan(self, stage: Stage, level: int, levels: _Levels) -> None:
        from .body_steps import Programs
        from .plan import plan_for  # which knows of bodies

        graph, given = self._function.graph, self.parts.given
        ahead = [op for op in levels.operations if levels.of_rows.get(op) == level]
        inside = [op for op in levels.operations if levels.of_steps.get(op) == level]
        made = {tensor for op in ahead for tensor in op.outputs}
        later = [op for op in levels.operations if op not in ahead]
        used = {tensor for op in later for tensor in op.inputs} | {self.output, *self.updates(stage.states)}
        stage.rows = [tensor for op in ahead for tensor in op.outputs if tensor in used]
        fed = dict.fromkeys(tensor for op in ahead for tensor in op.inputs if tensor in levels.known)
        stage.rows_fed = [tensor for tensor in fed if tensor not in made]
        if stage.rows:
            stage.rows_plan = plan_for(graph, stage.rows, [*stage.rows_fed, *given])
        own = [self.states[place] for place in stage.states]
        updates = self.updates(stage.states)
        exported = [tensor for tensor in stage.exports if tensor not in own]
        if not own and not exported:
            return
        inner = {tensor for op in inside for tensor in op.outputs}.union(own)
        read = dict.fromkeys([*[tensor for op in inside for tensor in op.inputs], *updates])
        stage.step_fed = [tensor for tensor in read if tensor in levels.known and tensor not in inner]
        stage.step_plan = plan_for(graph, [*updates, *exported], [*own, *stage.step_fed, *given])
        stage.factors = self.parts.factors(inside)
        whole = plan_for(graph, [*updates, *stage.exports], [*own, *stage.step_fed, *given])
        if not (whole.tracked or whole.has_gradients or any(item.reads for item in whole.instructions)):
            stage.programs = Programs(whole)


class _Levels:
    """Where each operation is evaluated, for a division of the states into groups.

    `of_rows`: before the loop of a stage, for all steps; `of_steps`: in the loop. `steps` has the stage in
    whose loop a tensor is known, `wanted` those of these that are needed beyond the loop, `known` everything
    that is not the same in all steps.
    """

    def __init__(self, stages: Stages, groups: Sequence[Sequence[int]]) -> None:
        self.operations = stages.parts.varying
        self.of_rows: dict[Operation, int] = {}
        self.of_steps: dict[Operation, int] = {}
        self.steps: dict[Tensor, int] = {
            stages.states[place]: level for level, group in enumerate(groups) for place in group
        }
        rows: dict[Tensor, int] = {stages.inputs: 0}
        function = stages._function
        needed = [set(function.operations(stages.updates(group))) for group in groups]
        wanted: dict[Tensor, None] = {}
        for operation in self.operations:
            before = [tensor for control in operation.control_inputs for tensor in control.outputs]
            inputs = [
                tensor for tensor in (*operation.inputs, *before) if tensor in rows or tensor in self.steps
            ]
            if not inputs:
                continue  # an argument
            level = max(rows[tensor] if tensor in rows else self.steps[tensor] for tensor in inputs)
            of_this = any(self.steps.get(tensor) == level for tensor in inputs)
            by_row = operation in stages._by_row
            if by_row and of_this and not (level < len(needed) and operation in needed[level]):
                level, of_this = level + 1, False
            wanted.update(dict.fromkeys(tensor for tensor in inputs if self.steps.get(tensor, level) < level))
            if by_row and not of_this:
                self.of_rows[operation] = level
                rows.update(dict.fromkeys(operation.outputs, level))
            else:
                self.of_steps[operation] = level
                self.steps.update(dict.fromkeys(operation.outputs, level))
        if stages.output in self.steps:
            wanted[stages.output] = None
        for level, group in enumerate(groups):
            for tensor in stages.updates(group):
                if self.steps.get(tensor, level) < level:
                    wanted[tensor] = None
        self.wanted, self.known = list(wanted), {**rows, **self.steps}
        self.last = max([len(groups) - 1, *self.of_rows.values(), *self.of_steps.values()])

    def multiplies(self, level: int) -> bool:
        """Whether a product is computed for all steps before a stage."""
        return any(op.type == "MatMul" for op, found in self.of_rows.items() if found == level)
