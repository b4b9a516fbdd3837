"""One run of a plan: the variables of its session, and the random streams of its nodes."""

from __future__ import annotations

import contextlib
import functools
import zlib
from collections.abc import Sequence
from typing import Any

import torch

from .errors import FailedPreconditionError
from .graph import Graph
from .philox import Philox
from .placement import placed
from .plan import Plan, plan_for
from .plan_units import as_leaf
from .random_source import StepSource, TorchSource, source_of
from .resources import Resources
from .session_memory import SessionMemory
from .tensor import Operation, Tensor


class Run:
    """One run of a plan: the session's variables, and the random streams of its nodes."""

    def __init__(
        self,
        variables: dict[str, torch.Tensor],
        sources: dict[tuple[Graph, str], Philox],
        tracked: frozenset[str],
        memory: SessionMemory,
        lock: contextlib.AbstractContextManager[Any],
        resources: Resources,
    ) -> None:
        self.memory = memory
        self.resources = resources  # of the session: queues, readers, tables, iterators, by key
        self.lock = lock  # of the session: held by an operation that reads a variable and writes it
        self.timeout_in_ms = 0  # how long an operation may wait for a queue; 0: as long as it takes
        self.stopped: set[object] = set()  # of the gradients being taken, keys of what they stop at
        self._variables = variables
        self._sources = sources
        self._tracked = tracked
        self._leaves: dict[str, list[tuple[torch.Tensor, torch.Tensor]]] = {}
        self._position: tuple[Any, ...] | None = None  # numbers; the first may be a tensor
        self._loop: CellLoop | None = None
        self._around: Run | None = None
        self.differentiated = False  # whether the plan around this one takes gradients through it
        self.replayed_loops: dict[CellLoop, CellLoop] = {}  # by the loop of the run that was written down
        self.bound_cells: dict[Operation, Any] | None = None  # of a loop's body, from iteration to iteration
        self.device: torch.device | None = None  # where it computes; None: on the CPU, with nothing to move

    def copy(self) -> Run:
        # As `copy.copy`, which takes ten times as long: this is on the way to every iteration of a loop.
        other = object.__new__(type(self))
        vars(other).update(vars(self))
        return other

    def become(self, other: Run) -> None:
        """Be what the other is: whoever holds this run goes on with that one."""
        vars(self).update(vars(other))

    def looping(self) -> Run:
        """This run for the iterations of a loop, which may hand on the cells that they bind."""
        inner = self.copy()
        inner.bound_cells = {}
        return inner

    def is_initialized(self, name: str) -> bool:
        return name in self._variables

    def current(self, name: str) -> torch.Tensor:
        value = self._variables.get(name)
        if value is None:
            raise FailedPreconditionError(None, None, f"Attempting to use uninitialized value {name}")
        return value

    def read(self, name: str) -> torch.Tensor:
        """The variable's value; where a gradient with respect to it is taken, the leaf that stands for that
        value.
        """
        value = self.current(name) if self._around is None else self._around.read(name)
        if name not in self._tracked:
            return value
        known = self._leaves.setdefault(name, [])
        if not known or known[-1][0] is not value:
            known.append((value, as_leaf(value)))
        return known[-1][1]

    def leaves(self, name: str) -> list[torch.Tensor]:
        """What stood for the variable in this run: a leaf for each value that it had."""
        return [leaf for _, leaf in self._leaves.get(name, [])]

    def write(self, name: str, value: torch.Tensor) -> torch.Tensor:
        if isinstance(value, torch.Tensor):  # and not strings
            value = value.contiguous()  # a run that is replayed takes the views of it that another run took
        self._variables[name] = value
        return value

    def random(self, operation: Operation) -> Philox:
        """The stream of a random node: it goes on from run to run of the session."""
        if self._position is not None:
            # By its name within the body: the same step drops the same wherever it is unrolled.
            name = operation.name.removeprefix(getattr(operation.graph, "base_scope", ""))
            attributes = operation.attributes
            if self._loop is not None and attributes["own_seed"]:
                _, step, *place = self._position
                return self._loop.source((name, *place), (attributes["seed"], attributes["seed2"]), step)
            return self._of_position(name)
        key = (operation.graph, operation.name)
        source = self._sources.get(key)
        if source is None:  # of two threads that come here at once, the later takes the stream of the first
            source = self._sources.setdefault(key, source_of(operation.attributes, self.device))
        return source

    def _of_position(self, name: str) -> Philox:
        """The stream of a node in a loop's body, where it is a function of the position alone."""
        assert self._position is not None
        return TorchSource(_mixed(*map(int, self._position), zlib.crc32(name.encode())), self.device)

    def evaluate(
        self, graph: Graph, fetches: Sequence[Tensor], feeds: Sequence[Tensor], values: Sequence[torch.Tensor]
    ) -> list[Any]:
        """Evaluate a sub-graph within this run."""
        return self.execute(plan_for(graph, fetches, feeds), values)

    def execute(self, plan: Plan, values: Sequence[Any]) -> list[Any]:
        """Evaluate a sub-graph's plan within this run."""
        if self.device is not None:
            plan = placed(plan, self.device)
        differentiated, run = torch.is_grad_enabled(), self
        if differentiated != self.differentiated or plan.tracked:
            run = self.copy()
            run.differentiated = differentiated
            # Gradients inside are with respect to what a variable is inside, whatever led to the arguments.
            run._around, run._tracked, run._leaves = self, plan.tracked, {}
        if differentiated or not plan.has_gradients:
            return plan.execute(run, values)
        with torch.enable_grad():
            return plan.execute(run, values)

    def at(self, *position: Any) -> Run:
        """This run inside a loop's body at a position (seed, step, ...): random nodes are functions of that,
        so that a step that is computed anew draws the same.
        """
        inner = self.copy()
        inner._position = position
        return inner

    def iteration(self, index: int) -> Run:
        """This run in an iteration of a loop: where random nodes are functions of a position, of this too."""
        if self._position is None:
            return self
        inner = self.at(*self._position, index)
        inner._loop = None  # how many iterations the steps before this one have is not known
        return inner

    def within(self, operation: Operation, lengths: torch.Tensor | None = None) -> Run:
        """This run inside a node that runs a cell, for `lengths` steps of the rows if they are given."""
        if self._position is not None:
            return self
        inner = self.copy()
        inner._loop = CellLoop(self._sources, operation, lengths)
        inner.bound_cells = None  # the cell will hold this run, and those hold the cell
        return inner

    @property
    def loop(self) -> CellLoop | None:
        """The loop whose steps a cell takes part in; None where random nodes are functions of their position
        alone.
        """
        return self._loop


class CellLoop:
    """One evaluation of a node that runs a cell: where the streams of the cell's parts stood before it.

    In a loop over time a part's stream goes on from step to step. In steps that are nodes of their own each
    has a stream of its own, all alike.
    """

    def __init__(
        self, sources: dict[tuple[Graph, str], Philox], operation: Operation, lengths: torch.Tensor | None
    ) -> None:
        self._sources: dict[Any, Philox] = sources
        self._node = operation.graph, operation.name
        self.goes_on = operation.type == "DynamicRNN"
        self._lengths = lengths if self.goes_on else None
        self._firsts: dict[Any, int] = {}

    @functools.cached_property
    def _steps(self) -> int | None:
        """How many steps TensorFlow's loop has, where that may be fewer than the inputs: those of the longest
        row, and one at least.
        """
        if self._lengths is None or not self._lengths.numel():
            return None
        return max(1, int(self._lengths.max()))

    def source(self, key: tuple[Any, ...], seeds: tuple[int, int], step: int) -> StepSource:
        """The stream of a part of the cell, at a step."""
        stream = self._sources.get((*self._node, *key))
        if stream is None:
            stream = self._sources.setdefault((*self._node, *key), Philox(*seeds))
        first = self._firsts.setdefault(key, stream.place)
        return StepSource(stream, first, step if self.goes_on else 0, self._steps)


def _mixed(*numbers: int) -> int:
    # Any fixed mixing will do; it only has to keep neighbouring numbers apart.
    state = 0
    for number in numbers:
        state = (
            (state ^ (number & 0xFFFFFFFFFFFFFFFF)) * 0x9E3779B97F4A7C15 + 0x632BE59BD9B4E019
        ) & 0xFFFFFFFFFFFFFFFF
        state ^= state >> 29
    return state & 0x7FFFFFFFFFFFFFFF
