"""Runs of graphs whose loops and conditionals are nodes of their own, as TensorFlow 1 writes them: `Switch`,
`Merge`, `Enter`, `Exit`, `NextIteration`. Such graphs come from files; what is built here has one node for a
loop or a conditional.

A node is evaluated when all its inputs have come. Two things are more than that. A value that comes out of
the untaken side of a `Switch` is dead: what gets one gives dead values, and a `Merge` passes on the one that
is alive. And the nodes of a loop are evaluated in a frame, once an iteration: `Enter` takes values into it,
`NextIteration` to the next iteration, `Exit` out of it.
"""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Any

import torch

from .errors import InvalidArgumentError
from .ops.core import constant_tensor
from .placement import placed_evaluate
from .plan_units import Instruction, Unit, as_leaf
from .tensor import Operation, Tensor

if TYPE_CHECKING:
    from .recording import Recorder
    from .run import Run

TYPES = frozenset(["Switch", "Merge", "Enter", "Exit", "NextIteration"])
"""The types of operations that a plan cannot order."""
_PLAIN, _TRIGGER, _SWITCH, _MERGE, _ENTER, _EXIT, _NEXT = range(7)
_KINDS = {
    "ControlTrigger": _TRIGGER,  # which is alive whatever it waits for
    "Switch": _SWITCH,
    "Merge": _MERGE,
    "Enter": _ENTER,
    "Exit": _EXIT,
    "NextIteration": _NEXT,
}
_NOWHERE = -1  # the place of an input that has to come, and is not read


class Node:
    """An operation with those that its values go to."""

    __slots__ = (
        "after",
        "always",
        "coming",
        "controls",
        "edges",
        "evaluate",
        "fetched",
        "frame",
        "kind",
        "leaves",
        "operation",
        "placed",
        "plain",
        "reads",
        "template",
        "waits",
        "writes",
    )

    def __init__(self, operation: Operation, unit: Unit) -> None:
        self.operation, self.evaluate, self.writes = operation, unit.evaluate, unit.writes
        self.plain = unit.plain  # what `evaluate` calls with the inputs alone, where that is all
        if operation.type == "Const":
            value = constant_tensor(operation.attributes["value"], operation.attributes["dtype"])
            self.evaluate, self.plain = lambda run: (value,), lambda: value
        self.kind = _KINDS.get(operation.type, _PLAIN)
        self.frame: str = operation.attributes.get("frame_name", "") if self.kind == _ENTER else ""
        self.always = self.kind == _ENTER and bool(operation.attributes["is_constant"])
        self.template: list[Any] = [None] * len(unit.inputs)
        self.reads: list[tuple[int, str]] = []  # inputs that are variables' values at that moment
        self.waits = self.controls = 0  # how many inputs come, and how many of them only order
        self.coming = 0  # of a Merge, how many values come in an iteration
        self.edges: list[list[tuple[Node, int]]] = [[] for _ in operation.outputs]
        self.after: list[Node] = []
        self.leaves: list[int] = []
        self.fetched: list[tuple[int, int]] = []  # outputs, each with its place among the results
        self.placed: dict[torch.device, Callable[..., Sequence[Any]]] = {}

    def instruction(self) -> Instruction:
        """The node as a recorder is told of it."""
        return Instruction(self.operation, self.evaluate, (), (), (), plain=self.plain)

    def on(self, device: torch.device | None) -> Callable[..., Sequence[Any]]:
        """What evaluates it in a session of a device."""
        if device is None:
            return self.evaluate
        if device not in self.placed:
            self.placed[device] = placed_evaluate(self.operation, self.evaluate, device)
        return self.placed[device]


class _Frame:
    """A loop that goes on: what is the same in all its iterations, and which results it has given."""

    __slots__ = ("around", "dead", "exited", "first", "missing", "same")

    def __init__(self, around: _Iteration, missing: int) -> None:
        self.around, self.missing = around, missing  # how many Enters are to come
        self.same: list[tuple[Node, Any, bool]] = []
        self.exited: set[Node] = set()
        self.dead: dict[Node, None] = {}  # Exits that an iteration has left without a value
        self.first = _Iteration(self)


class _Iteration:
    """What has come to the nodes of one iteration."""

    __slots__ = ("following", "frame", "frames", "waiting")

    def __init__(self, frame: _Frame | None) -> None:
        self.frame = frame
        self.waiting: dict[Node, list[Any]] = {}
        self.frames: dict[str, _Frame] = {}
        self.following: _Iteration | None = None


class Dataflow:
    """What evaluates the fetches of a plan; it stands where a plan has its function."""

    def __init__(
        self,
        units: Mapping[Operation, Unit],
        fetches: Sequence[Tensor | Operation],
        feeds: Sequence[Tensor],
        cut: set[Tensor],
        constants: Mapping[Tensor, Any],
        variables: Mapping[Tensor | Operation, str],
        leaves: set[Tensor],
    ) -> None:
        """
        Args:
            units: what evaluates each operation that is needed, but for constants and readings of variables.
            fetches, feeds: of the plan; `cut` are those feeds that stand for what they are fed to.
            constants: values of tensors that need no evaluation.
            variables: of tensors and fetches that are a variable's value, its name.
            leaves: tensors that a gradient is taken with respect to.
        """
        self._fetches, self._constants, self._variables = fetches, constants, variables
        nodes = {operation: Node(operation, unit) for operation, unit in units.items()}
        fed = {tensor: index for index, tensor in enumerate(feeds)}
        self._fed: list[list[tuple[Node, int]]] = [[] for _ in feeds]
        self._fed_leaves = [tensor in leaves and tensor in cut for tensor in feeds]
        self._fed_fetches = {tensor: fed[tensor] for tensor in cut}
        self._enters: dict[str, int] = {}
        for operation, node in nodes.items():
            self._connect(node, units[operation], nodes, fed, cut)
            node.leaves = [index for index, tensor in enumerate(operation.outputs) if tensor in leaves]
            if node.kind == _ENTER:
                self._enters[node.frame] = self._enters.get(node.frame, 0) + 1
        self._roots = [node for node in nodes.values() if not node.waits]
        for index, item in enumerate(fetches):
            if isinstance(item, Tensor) and item not in cut and item.op in nodes and item not in variables:
                nodes[item.op].fetched.append((item.value_index, index))

    def _connect(
        self,
        node: Node,
        unit: Unit,
        nodes: Mapping[Operation, Node],
        fed: Mapping[Tensor, int],
        cut: set[Tensor],
    ) -> None:
        for place, tensor in enumerate(unit.inputs):
            if tensor is None:
                continue
            if tensor in cut:
                self._fed[fed[tensor]].append((node, place))
                node.waits += 1
            elif tensor in self._constants:
                node.template[place] = self._constants[tensor]
            elif tensor in self._variables:
                node.reads.append((place, self._variables[tensor]))
            else:
                nodes[tensor.op].edges[tensor.value_index].append((node, place))
                node.waits += 1
        for tensor in unit.fed:  # a gradient goes through what is fed: its value comes beside the inputs
            self._fed[fed[tensor]].append((node, len(node.template)))
            node.template.append(None)
            node.waits += 1
        for control in dict.fromkeys(unit.control):
            if control in nodes:
                nodes[control].after.append(node)
                node.waits += 1
                node.controls += 1
        turns = any(tensor.op.type == "NextIteration" for tensor in node.operation.inputs)
        node.coming = 1 if turns else node.waits - node.controls

    def instruction_at(self, traceback: TracebackType | None) -> Node | None:
        """The node that an exception came out of."""
        while traceback is not None:
            if traceback.tb_frame.f_code is Dataflow.execute.__code__:
                return traceback.tb_frame.f_locals.get("node")
            traceback = traceback.tb_next
        return None

    def execute(self, run: Run, feed_values: Sequence[Any], recorder: Recorder | None = None) -> list[Any]:
        """The values of the fetches (None for an operation); a recorder is told of each node."""
        if recorder is not None:
            run = recorder.run
        state = _State(self._enters)
        outermost, here_is_host = _Iteration(None), run.device is None
        results: dict[int, Any] = {}
        values = [
            as_leaf(value) if leaf else value
            for value, leaf in zip(feed_values, self._fed_leaves, strict=True)
        ]
        if recorder is not None:
            for value, leaf in zip(feed_values, values, strict=True):
                recorder.fed(value, leaf)
        for node in self._roots:
            state.put(node, outermost, list(node.template), False)
        for edges, value in zip(self._fed, values, strict=True):
            for follower, place in edges:
                state.come(follower, outermost, place, value, False)
        while (item := state.take()) is not None:
            node, iteration, inputs, dead = item
            if dead and node.kind != _TRIGGER:
                state.pass_on_dead(node, iteration)
                continue
            for place, name in node.reads:
                # What a variable is passed on by may be there to give it its first value.
                there = node.kind == _PLAIN or run.is_initialized(name)
                inputs[place] = run.read(name) if there else None
            here = iteration
            if node.kind <= _TRIGGER:
                if recorder is not None:
                    found = recorder.evaluate(node.instruction(), inputs)
                elif here_is_host and node.plain is not None:
                    found = node.plain(*inputs)
                    if found.__class__ is not tuple and found.__class__ is not list:
                        found = (found,)
                else:
                    found = (node.evaluate if here_is_host else node.on(run.device))(run, *inputs)
                if node.leaves:
                    given, found = found, _with_leaves(found, node.leaves)
                    if recorder is not None:
                        for leaf, value in zip(found, given, strict=True):
                            recorder.leaf(leaf, value)
                state.pass_on(node, iteration, found)
            elif node.kind == _SWITCH:
                data, taken = (
                    inputs[0],
                    int(bool(inputs[1]) if recorder is None else recorder.chosen(inputs[1])),
                )
                found = [None if index != taken else data for index in range(2)]
                state.pass_on_one(node, iteration, data, taken)
            elif node.kind == _MERGE:
                found = inputs
                if node.edges[1] or node.fetched:  # which of its inputs it was
                    found = [inputs[0], torch.tensor(inputs[1], dtype=torch.int32)]
                state.pass_on(node, iteration, found)
            else:
                found = inputs[:1]
                here = state.pass_on_elsewhere(node, iteration, inputs[0])
            if node.fetched and here is outermost:
                results.update(
                    (place, found[index]) for index, place in node.fetched if found[index] is not None
                )
        waiting = {node.operation for node in outermost.waiting}
        for fetch in self._fetches:
            if fetch in waiting and isinstance(fetch, Operation):
                raise InvalidArgumentError(
                    None, fetch, f"{fetch.name!r} waits for what never comes: its graph is not whole."
                )
        return [self._result(run, index, item, results, values) for index, item in enumerate(self._fetches)]

    def _result(
        self, run: Run, index: int, item: Tensor | Operation, results: dict[int, Any], fed: Sequence[Any]
    ) -> Any:
        if item in self._variables:
            return run.read(self._variables[item])
        if isinstance(item, Operation):
            return None
        if item in self._fed_fetches:
            return fed[self._fed_fetches[item]]
        if item in self._constants:
            return self._constants[item]
        if index not in results:
            raise InvalidArgumentError(
                None,
                item.op,
                f"Retval[{index}] does not have value: {item.name!r} is in a branch that was not taken, or "
                "in a loop, where it has a value for each iteration.",
            )
        return results[index]


def _with_leaves(values: Sequence[Any], leaves: Sequence[int]) -> list[Any]:
    return [as_leaf(value) if index in leaves else value for index, value in enumerate(values)]


class _State:
    """What a run has come to: the nodes that can be evaluated, and the loops that go on."""

    def __init__(self, enters: Mapping[str, int]) -> None:
        self._enters = enters
        self._ready: deque[tuple[Node, _Iteration, list[Any], bool]] = deque()
        self._writes: list[Any] = []  # as late as their order allows, as in a plan
        self._open: list[_Frame] = []
        self._count = 0

    def put(self, node: Node, iteration: _Iteration, inputs: list[Any], dead: bool) -> None:
        if node.writes and not dead:
            self._count += 1
            heapq.heappush(
                self._writes, (node.operation.identifier, self._count, (node, iteration, inputs, dead))
            )
        else:
            self._ready.append((node, iteration, inputs, dead))

    def take(self) -> tuple[Node, _Iteration, list[Any], bool] | None:
        """The next node to evaluate; None where there is none left."""
        while True:
            if self._ready:
                return self._ready.popleft()
            if self._writes:
                return heapq.heappop(self._writes)[-1]
            if not self._close_one():
                return None

    def _close_one(self) -> bool:
        """Nothing goes on in any loop: one that was never entered alive gives dead results."""
        for index in reversed(range(len(self._open))):
            frame = self._open[index]
            if frame.missing <= 0:
                del self._open[index]
                for node in frame.dead:
                    if node not in frame.exited:
                        self._give_dead(node, frame.around)
                return True
        return False

    def come(self, node: Node, iteration: _Iteration, place: int, value: Any, dead: bool) -> None:
        """An input comes to a node."""
        if node.kind == _MERGE:
            self._come_to_merge(node, iteration, place, value, dead)
            return
        if node.waits == 1:
            inputs = node.template.copy()
            if place != _NOWHERE:
                inputs[place] = value
            self.put(node, iteration, inputs, dead)
            return
        waiting = iteration.waiting.get(node)
        if waiting is None:
            waiting = iteration.waiting[node] = [node.waits, False, node.template.copy()]
        if dead:
            waiting[1] = True
        elif place != _NOWHERE:
            waiting[2][place] = value
        waiting[0] -= 1
        if not waiting[0]:
            del iteration.waiting[node]
            self.put(node, iteration, waiting[2], waiting[1])

    def _come_to_merge(self, node: Node, iteration: _Iteration, place: int, value: Any, dead: bool) -> None:
        if node.coming == 1 and not node.controls:
            self.put(node, iteration, [value, place], dead)
            return
        waiting = iteration.waiting.get(node)
        if waiting is None:
            waiting = iteration.waiting[node] = [node.controls, node.coming, None, False]
        if place == _NOWHERE:
            waiting[0] -= 1
        else:
            waiting[1] -= 1
            if not dead and waiting[2] is None:
                waiting[2] = [value, place]
        if not waiting[0] and not waiting[3] and (waiting[2] is not None or not waiting[1]):
            waiting[3] = True  # what comes now changes nothing
            self.put(node, iteration, waiting[2] or [], waiting[2] is None)
        if not waiting[0] and not waiting[1]:
            del iteration.waiting[node]

    def pass_on(self, node: Node, iteration: _Iteration, values: Sequence[Any]) -> None:
        """The values of a node come to those that it goes to."""
        waiting = iteration.waiting
        for edges, value in zip(node.edges, values):  # noqa: B905  # an Exit has one, a Merge may have one
            for follower, place in edges:
                # As `come`, which is too slow for what is done at every node.
                kept = waiting.get(follower)
                if kept is None or follower.kind == _MERGE or kept[0] == 1:
                    self.come(follower, iteration, place, value, False)
                else:
                    kept[0] -= 1
                    kept[2][place] = value
        for follower in node.after:
            self.come(follower, iteration, _NOWHERE, None, False)

    def pass_on_one(self, node: Node, iteration: _Iteration, value: Any, taken: int) -> None:
        """The value of a Switch comes alive out of one of its two sides."""
        for index, edges in enumerate(node.edges):
            for follower, place in edges:
                self.come(follower, iteration, place, value, index != taken)
        for follower in node.after:
            self.come(follower, iteration, _NOWHERE, None, False)

    def pass_on_dead(self, node: Node, iteration: _Iteration) -> None:
        """A node that got a dead value gives dead ones."""
        if node.kind == _ENTER:
            self._enter(node, iteration, None, True)
        elif node.kind == _EXIT:
            self._frame_of(node, iteration).dead[node] = None  # if no later iteration gives a value
        elif node.kind != _NEXT:
            self._give_dead(node, iteration)

    def _give_dead(self, node: Node, iteration: _Iteration) -> None:
        for edges in node.edges:
            for follower, place in edges:
                self.come(follower, iteration, place, None, True)
        for follower in node.after:
            self.come(follower, iteration, _NOWHERE, None, True)

    def pass_on_elsewhere(self, node: Node, iteration: _Iteration, value: Any) -> _Iteration:
        """The value of an Enter, an Exit or a NextIteration comes to those that it goes to: in which
        iteration.
        """
        if node.kind == _ENTER:
            return self._enter(node, iteration, value, False)
        frame = self._frame_of(node, iteration)
        if node.kind == _EXIT:
            frame.exited.add(node)
            target = frame.around
        else:
            if iteration.following is None:
                iteration.following = _Iteration(frame)
                for enter, same, dead in frame.same:
                    self._give(enter, iteration.following, same, dead)
            target = iteration.following
        self._give(node, target, value, False)
        return target

    def _frame_of(self, node: Node, iteration: _Iteration) -> _Frame:
        if iteration.frame is None:
            raise InvalidArgumentError(
                None,
                node.operation,
                f"The node {node.operation.name!r} ({node.operation.type}) is in no loop.",
            )
        return iteration.frame

    def _give(self, node: Node, iteration: _Iteration, value: Any, dead: bool) -> None:
        if dead:
            self._give_dead(node, iteration)
        else:
            self.pass_on(node, iteration, (value,))

    def _enter(self, node: Node, iteration: _Iteration, value: Any, dead: bool) -> _Iteration:
        frame = iteration.frames.get(node.frame)
        if frame is None:
            frame = iteration.frames[node.frame] = _Frame(iteration, self._enters[node.frame])
            self._open.append(frame)
        frame.missing -= 1
        self._give(node, frame.first, value, dead)
        if node.always:
            frame.same.append((node, value, dead))
            here = frame.first.following
            while here is not None:
                self._give(node, here, value, dead)
                here = here.following
        return frame.first
