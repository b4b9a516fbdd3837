"""What one run evaluates: the nodes that the fetches need, cut at the feeds, in an order, with slots for
their values.

A plan is made once for each set of fetches and feeds and is never altered by a run, so several threads may
run it.
A variable is read when an operation needs its value, and writes are scheduled as late as their order allows:
what control dependencies do not put after a write sees what the variable held when the run began.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import torch

from ostinato.memory import MemoryLimitError

from . import dataflow, fed_gradients, fuse, fuse_directions, registry
from .errors import InvalidArgumentError, OpError
from .graph import Graph
from .ops.core import constant_tensor
from .plan_code import DROPPED, PlanCode
from .plan_units import Instruction, Unit, as_leaf, as_outputs, locked, tracked
from .tensor import Operation, Tensor

if TYPE_CHECKING:
    from .recorded_code import RecordedCode
    from .recording import Recorder
    from .replays import Replays
    from .run import Run

MOST_PLANS = 256
"""How many plans a graph keeps. A script that makes new nodes to fetch them, step after step, forgets the
oldest."""
RUNS_BEFORE_CODE = 3
"""How often a plan is interpreted before it is worth while to make a function of it."""
FASTER = True
"""Whether functions are made of plans; tests compare the two ways."""
FUSE = True
"""Whether the steps of a driver are run as one sequence where they can be; tests compare the two ways."""


class Plan:
    """The instructions for one set of fetches and feeds."""

    def __init__(self, fetches: Sequence[Tensor | Operation], feeds: Sequence[Tensor]) -> None:
        self.placements: dict[torch.device, Plan] = {}  # the same on other devices
        self.fetches, self.feeds = tuple(fetches), tuple(feeds)
        _Compiler(self, fetches, feeds).compile()

    instructions: list[Instruction]
    template: list[Any]
    feed_slots: list[int]
    fed_leaves: list[bool]
    fetch_slots: list[int]
    tracked: frozenset[str]
    has_gradients: bool
    units: list[Unit]
    flow: dataflow.Dataflow | None = None  # of a graph that has no order of nodes

    _runs = 0
    _code: PlanCode | dataflow.Dataflow | None = None
    replays: Replays | None = None  # what the runs of sessions have in common

    def execute(self, run: Run, feed_values: Sequence[torch.Tensor]) -> list[Any]:
        """The values of the fetches (None for an operation)."""
        code = self._code or self.flow
        if code is None:
            if not FASTER or self._runs < RUNS_BEFORE_CODE:
                self._runs += 1
                return self.interpret(run, feed_values)
            code = self._code = PlanCode(self)
        return self.guarded(code, run, feed_values)

    def guarded(
        self, code: PlanCode | dataflow.Dataflow | RecordedCode, run: Run, feed_values: Sequence[Any]
    ) -> list[Any]:
        """What `code` gives; what it raises, as the error of the node where it happened."""
        try:
            return code.execute(run, feed_values)
        except OpError:
            raise
        except (RuntimeError, ValueError, IndexError, TypeError, MemoryLimitError) as problem:
            instruction = code.instruction_at(problem.__traceback__)
            if instruction is None:
                raise
            raise _at_node(instruction.operation, problem) from problem

    def interpret(
        self, run: Run, feed_values: Sequence[torch.Tensor], recorder: Recorder | None = None
    ) -> list[Any]:
        """The values of the fetches, instruction by instruction; a recorder is told of each."""
        if self.flow is not None:
            return self.flow.execute(run, feed_values, recorder)
        values = list(self.template)
        for slot, is_leaf, value in zip(self.feed_slots, self.fed_leaves, feed_values, strict=True):
            values[slot] = as_leaf(value) if is_leaf else value
            if recorder is not None:
                recorder.fed(value, values[slot])
        for instruction in self.instructions:
            arguments = [None if slot == DROPPED else values[slot] for slot in instruction.inputs]
            try:
                if recorder is None:
                    results = instruction.evaluate(run, *arguments)
                else:
                    results = recorder.evaluate(instruction, arguments)
            except OpError:
                raise
            except (RuntimeError, ValueError, IndexError, TypeError, MemoryLimitError) as problem:
                raise _at_node(instruction.operation, problem) from problem
            del arguments
            for index, (slot, value) in enumerate(zip(instruction.outputs, results, strict=True)):
                if slot != DROPPED:
                    values[slot] = as_leaf(value) if index in instruction.leaves else value
                    if recorder is not None:
                        recorder.leaf(values[slot], value)
            del results
            for slot in instruction.frees:
                values[slot] = None
        return [None if slot == DROPPED else values[slot] for slot in self.fetch_slots]


def _at_node(operation: Operation, problem: Exception) -> Exception:
    if isinstance(problem, MemoryLimitError):
        return MemoryLimitError(f"{problem}{_place(operation)}", problem.smallest)
    text = str(problem)
    if text == "ZeroDivisionError":  # all that torch says of integers
        text = "Integer division by zero"
    return InvalidArgumentError(None, operation, f"{text}{_place(operation)}")


def _place(operation: Operation) -> str:
    return f"\n\t [[node {operation.name} ({operation.type})]]"


def plan_for(graph: Graph, fetches: Sequence[Tensor | Operation], feeds: Sequence[Tensor]) -> Plan:
    """The plan of a run, from the graph's cache where it was made before. Nodes never change, so it stays
    right.
    """
    key = (tuple(fetches), tuple(feeds))
    plan = graph.plans.get(key)
    if plan is None:
        # Two threads that come here at once make it twice, and one is kept: that costs less than a lock here.
        plan = Plan(fetches, feeds)
        with graph.lock:
            while len(graph.plans) >= MOST_PLANS:
                del graph.plans[next(iter(graph.plans))]
            graph.plans[key] = plan
    return plan


class _Compiler:
    def __init__(self, plan: Plan, fetches: Sequence[Tensor | Operation], feeds: Sequence[Tensor]) -> None:
        self.plan = plan
        self.fetches = fetches
        self.feeds = list(feeds)
        self.fed = set(feeds)
        self.passed: set[Tensor] = set()  # those of them that a gradient goes through
        self.cut = self.fed  # the others: what they come of is not evaluated
        self.wanted: dict[Operation, set[int]] = {}  # outputs, of operations that give a part of them

    def compile(self) -> None:
        operations = self._needed()
        gradients = [operation for operation in operations if operation.type == "Gradients"]
        while self._finds_passed(gradients):
            self.cut = self.fed - self.passed
            operations = self._needed()
            gradients = [operation for operation in operations if operation.type == "Gradients"]
        self.gradient_targets = {
            tensor for operation in gradients for tensor in operation.inputs[_xs_of(operation)]
        }
        self.plan.tracked = frozenset(
            tensor.op.name for tensor in self.gradient_targets if tensor.op.type == "VariableV2"
        )
        again = _differentiated_again(gradients)
        units: dict[Operation, Unit] = {}
        for operation in operations:
            # A constant is a value of the plan, unless something has to run before it.
            constant = operation.type == "Const" and not operation.control_inputs
            if not constant and self._variable_read(operation) is None:
                units[operation] = self._unit(operation, operation in again, len(gradients) > 1)
        if any(operation.type in dataflow.TYPES for operation in operations):
            self._flow(units, operations)
            self.plan.has_gradients = bool(gradients)
            return
        fetched = {item for item in self.fetches if isinstance(item, Tensor)}
        pinned = self.fed | self.gradient_targets
        chains: list[fuse.Chain | fuse_directions.Pair] = []
        if FUSE:
            chains += fuse.find_chains(operations, pinned, fetched)
            chains += fuse_directions.find_pairs(operations, pinned, fetched)
        while True:
            for chain in chains:
                fused = Unit(chain.operations, chain.inputs, chain.outputs, chain.evaluate)
                units.update(dict.fromkeys(chain.operations, fused))
            ordered, stuck = self._schedule(units)
            if not stuck:
                break
            # A chain that waits for what comes out of itself (a decoder that feeds its output back): take it
            # apart.
            tangled = [chain for chain in chains if chain.operations[0] in stuck]
            for chain in tangled:
                units.update(
                    {operation: self._unit(operation, False, False) for operation in chain.operations}
                )
            chains = [chain for chain in chains if chain not in tangled]
            if not tangled:
                raise InvalidArgumentError(None, None, "The graph has a cycle of control dependencies.")
        self._allocate(ordered)
        self.plan.has_gradients = bool(gradients)
        self.plan.units = ordered

    def _flow(self, units: dict[Operation, Unit], operations: Sequence[Operation]) -> None:
        """Of a graph whose loops and conditionals are nodes of their own."""
        constants: dict[Tensor, Any] = {}
        variables: dict[Tensor | Operation, str] = {}
        for tensor in {tensor for operation in operations for tensor in operation.outputs} - self.cut:
            if tensor.op not in units:
                if tensor.op.type == "Const":
                    value = constant_tensor(tensor.op.attributes["value"], tensor.op.attributes["dtype"])
                    constants[tensor] = as_leaf(value) if tensor in self.gradient_targets else value
                else:
                    variables[tensor] = self._variable_read(tensor.op) or tensor.op.name
        flow = dataflow.Dataflow(
            units, self.fetches, self.feeds, self.cut, constants, variables, self.gradient_targets
        )
        plan = self.plan
        plan.flow, plan.instructions, plan.units, plan.template = flow, [], [], []
        plan.feed_slots, plan.fed_leaves, plan.fetch_slots = [], [], []

    def _variable_read(self, operation: Operation) -> str | None:
        """The variable that an operation is, or whose value it passes on with nothing to wait for."""
        if operation.type == "VariableV2":
            return operation.name
        if operation.type != "Identity" or operation.control_inputs:
            return None
        source, (result,) = operation.inputs[0], operation.outputs
        known = source in self.fed or result in self.gradient_targets or result in self.passed
        return source.op.name if source.op.type == "VariableV2" and not known else None

    def _fetched_variable(self, item: Tensor | Operation) -> str | None:
        """The variable whose value a fetch is, passed on or not."""
        if isinstance(item, Operation):
            return None
        while item not in self.fed:
            operation = item.op
            if operation.type == "VariableV2":
                return operation.name
            if operation.type != "Identity" or operation.control_inputs:
                return None
            item = operation.inputs[0]
        return None

    def _finds_passed(self, gradients: Sequence[Operation]) -> bool:
        """Whether there are more fed tensors that a gradient goes through than were known."""
        known, computed = len(self.passed), {tensor for tensor in self.feeds if tensor.op.inputs}
        for operation in gradients if computed else ():
            ys = operation.inputs[: operation.attributes["ys"]]
            self.passed |= fed_gradients.passed(ys, operation.inputs[_xs_of(operation)], computed)
        return len(self.passed) > known

    def _is_looked_into(self, operation: Operation) -> bool:
        """Whether a gradient is taken with respect to what a cell's step gives: one of its outputs may come
        of another, as h of c.
        """
        return operation.type == "RNNCellStep" and not self.gradient_targets.isdisjoint(operation.outputs)

    def _needed(self) -> list[Operation]:
        """The operations that the fetches need, in the order they were made."""
        seen: set[Operation] = set()
        waiting: list[Operation] = []

        def visit(operation: Operation) -> None:
            if operation not in seen:
                seen.add(operation)
                waiting.append(operation)

        def visit_tensor(tensor: Tensor) -> None:
            operation = tensor.op
            if registry.lookup(operation.type).needs is not None:
                wanted = self.wanted.setdefault(operation, set())
                if tensor.value_index not in wanted:
                    wanted.add(tensor.value_index)
                    seen.add(operation)
                    waiting.append(operation)  # again, for one more output
            visit(operation)

        for item in self.fetches:
            if isinstance(item, Operation):
                visit(item)
            elif item not in self.cut:
                visit_tensor(item)
        while waiting:
            operation = waiting.pop()
            references = registry.lookup(operation.type).reference_inputs
            needed = self._needed_inputs(operation)
            for index, tensor in enumerate(operation.inputs):
                named = index in references and tensor.op.type == "VariableV2"
                if tensor not in self.cut and not named and (needed is None or index in needed):
                    visit_tensor(tensor)
            for control in operation.control_inputs:
                if not self.cut.issuperset(control.outputs) or self._has_effects(control):
                    visit(control)
        return sorted(seen, key=lambda operation: operation.identifier)

    def _has_effects(self, operation: Operation) -> bool:
        """Whether an operation, or one that it waits for, does more than give values."""
        seen: set[Operation] = set()
        waiting = [operation]
        while waiting:
            found = waiting.pop()
            if not found.outputs or registry.lookup(found.type).writes:
                return True
            if found not in seen:
                seen.add(found)
                waiting += [tensor.op for tensor in found.inputs if tensor not in self.cut]
                waiting += found.control_inputs
        return False

    def _needed_inputs(self, operation: Operation) -> Collection[int] | None:
        """Which inputs the outputs need that something needs; None: all."""
        needs = registry.lookup(operation.type).needs
        return None if needs is None else needs(operation, frozenset(self.wanted.get(operation, ())))

    def _unit(self, operation: Operation, create_graph: bool, retain_graph: bool) -> Unit:
        definition = registry.lookup(operation.type)
        inputs: list[Tensor | None] = list(operation.inputs)
        for index in definition.reference_inputs:
            if operation.inputs[index].op.type == "VariableV2":
                inputs[index] = None
        needed = self._needed_inputs(operation)
        if needed is not None:
            inputs = [tensor if index in needed else None for index, tensor in enumerate(inputs)]
        compute, attributes = definition.compute, operation.attributes
        evaluate: Callable[..., Any]
        plain: Callable[..., Any] | None = None
        if operation.type == "Gradients":
            evaluate = lambda run, *values: compute(  # noqa: E731
                run, operation, values, create_graph or run.differentiated, retain_graph
            )
        elif needed is not None:
            wanted = frozenset(self.wanted.get(operation, ()))
            evaluate = lambda run, *values: compute(run, operation, *values, wanted=wanted)  # noqa: E731
        elif definition.writes and definition.reference_inputs:
            evaluate = locked(operation, compute)
        elif self._is_looked_into(operation):
            evaluate = tracked(operation, compute, self.gradient_targets)
        elif definition.stateful:
            evaluate = lambda run, *values: as_outputs(compute(run, operation, *values))  # noqa: E731
        else:
            plain = partial(compute, **attributes) if attributes else compute
            evaluate = lambda run, *values: as_outputs(plain(*values))  # noqa: E731
        fed = tuple(tensor for tensor in operation.outputs if tensor in self.passed)
        return Unit(
            (operation,),
            tuple(inputs),
            tuple(operation.outputs),
            fed_gradients.with_feeds(evaluate, operation, fed) if fed else evaluate,
            definition.writes,
            operation.control_inputs,
            fed,
            None if fed else plain,
        )

    def _schedule(self, units: dict[Operation, Unit]) -> tuple[list[Unit], set[Operation]]:
        """The units that the fetches need, in an order; and the operations of those that wait for
        themselves.
        """
        needs: dict[Unit, set[Unit]] = {}
        waiting = [
            units[item.op if isinstance(item, Tensor) else item]
            for item in self.fetches
            if item not in self.cut and (item.op if isinstance(item, Tensor) else item) in units
        ]
        while waiting:
            unit = waiting.pop()
            if unit in needs:
                continue
            before = [tensor.op for tensor in unit.inputs if tensor is not None and tensor not in self.cut]
            before += unit.control
            needs[unit] = {units[operation] for operation in before if operation in units}
            waiting.extend(needs[unit])
        followers: dict[Unit, list[Unit]] = {unit: [] for unit in needs}
        missing = {}
        for unit, required in needs.items():
            missing[unit] = len(required)
            for other in required:
                followers[other].append(unit)
        # An order is one unit's alone, so that the heap never has to compare units.
        ready = [(unit.writes, unit.order, unit) for unit in needs if not missing[unit]]
        heapq.heapify(ready)
        ordered = []
        while ready:
            unit = heapq.heappop(ready)[-1]
            ordered.append(unit)
            for follower in followers[unit]:
                missing[follower] -= 1
                if not missing[follower]:
                    heapq.heappush(ready, (follower.writes, follower.order, follower))
        done = set(ordered)
        return ordered, {operation for unit in needs if unit not in done for operation in unit.operations}

    def _allocate(self, ordered: Iterable[Unit]) -> None:
        plan = self.plan
        plan.template = []
        slots: dict[Tensor, int] = {}

        def new_slot(value: Any = None) -> int:
            plan.template.append(value)
            return len(plan.template) - 1

        fed = {tensor: new_slot() for tensor in self.feeds}
        slots.update((tensor, slot) for tensor, slot in fed.items() if tensor in self.cut)
        plan.feed_slots = list(fed.values())
        plan.fed_leaves = [tensor in self.gradient_targets & self.cut for tensor in self.feeds]
        drafts: list[Instruction] = []
        fixed: set[int] = set()

        def slot_of(tensor: Tensor | None) -> int:
            if tensor is None:
                return DROPPED
            if tensor in slots:
                return slots[tensor]
            if tensor.op.type == "Const":
                value = constant_tensor(tensor.op.attributes["value"], tensor.op.attributes["dtype"])
                slots[tensor] = new_slot(as_leaf(value) if tensor in self.gradient_targets else value)
                fixed.add(slots[tensor])
                return slots[tensor]
            # A variable is read at this very moment, for an earlier instruction may have written it.
            name = self._variable_read(tensor.op) or tensor.op.name
            if name not in read:
                read[name] = new_slot()
                drafts.append(_reading(tensor.op, name, read[name]))
            return read[name]

        read: dict[str, int] = {}  # variables' values, up to the next write
        begun: dict[Tensor | Operation, int] = {}
        fetched_variables: dict[Tensor | Operation, str] = {}
        for item in self.fetches:
            name = self._fetched_variable(item)
            if name is not None and item.graph.outer is None:
                fetched_variables[item] = name
            elif isinstance(item, Tensor) and name is not None and self._variable_read(item.op) is not None:
                # A body's results are values like others: what they are when it begins.
                begun[item] = slot_of(item)
        for unit in ordered:
            inputs = (*map(slot_of, unit.inputs), *[fed[tensor] for tensor in unit.fed])
            outputs, leaves = [], []
            for index, tensor in enumerate(unit.outputs):
                if tensor in slots:
                    outputs.append(DROPPED)
                    continue
                slots[tensor] = new_slot()
                outputs.append(slots[tensor])
                if tensor in self.gradient_targets and not self._is_looked_into(tensor.op):
                    leaves.append(index)
            drafts.append(
                Instruction(
                    unit.operations[0], unit.evaluate, inputs, tuple(outputs), tuple(leaves), plain=unit.plain
                )
            )
            if unit.writes:
                read.clear()
        plan.fetch_slots = []
        last: dict[str, int] = {}
        for item in self.fetches:
            if isinstance(item, Operation):
                plan.fetch_slots.append(DROPPED)
            elif item in fetched_variables:
                # TensorFlow gives out the variable's own memory, and so what it holds after all writes.
                name = fetched_variables[item]
                if name not in last:
                    last[name] = new_slot()
                    node = item.op if isinstance(item, Tensor) else item
                    drafts.append(_reading(node, name, last[name]))
                plan.fetch_slots.append(last[name])
            else:
                plan.fetch_slots.append(begun[item] if item in begun else slot_of(item))
        plan.instructions = _with_frees(drafts, {*plan.fetch_slots, *fixed})


def _reading(operation: Operation, name: str, slot: int) -> Instruction:
    return Instruction(operation, lambda run: (run.read(name),), (), (slot,), (), reads=name)


def _with_frees(drafts: Sequence[Instruction], kept: set[int]) -> list[Instruction]:
    last: dict[int, int] = {}
    for index, draft in enumerate(drafts):
        for slot in (*draft.inputs, *draft.outputs):
            last[slot] = index
    frees: list[list[int]] = [[] for _ in drafts]
    for slot, index in last.items():
        if slot != DROPPED and slot not in kept:
            frees[index].append(slot)
    return [replace(draft, frees=tuple(free)) for draft, free in zip(drafts, frees, strict=True)]


def _xs_of(operation: Operation) -> slice:
    count = operation.attributes["ys"]
    return slice(count, count + operation.attributes["xs"])


def _differentiated_again(gradients: Sequence[Operation]) -> set[Operation]:
    """The gradient nodes that another gradient node differentiates through."""
    if len(gradients) < 2:
        return set()
    again: set[Operation] = set()
    wanted = set(gradients)
    for later in gradients:
        seen: set[Operation] = set()
        waiting = [tensor.op for tensor in later.inputs[: later.attributes["ys"]]]
        while waiting:
            operation = waiting.pop()
            if operation in seen:
                continue
            seen.add(operation)
            if operation in wanted and operation is not later:
                again.add(operation)
            waiting.extend(tensor.op for tensor in operation.inputs)
    return again
