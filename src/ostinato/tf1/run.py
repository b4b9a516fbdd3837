"""One run of a plan: the variables of its session, and the random streams of its nodes."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from typing import Any

import torch

from .errors import FailedPreconditionError
from .graph import Graph
from .philox import Philox
from .plan import as_leaf, plan_for
from .random_source import TorchSource, source_of
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
    ) -> None:
        self.memory = memory
        self._variables = variables
        self._sources = sources
        self._tracked = tracked
        self._leaves: dict[str, tuple[torch.Tensor, torch.Tensor]] = {}
        self._position: tuple[int, ...] | None = None

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
        value = self.current(name)
        if name not in self._tracked:
            return value
        source, leaf = self._leaves.get(name, (None, None))
        if source is not value or leaf is None:
            leaf = as_leaf(value)
            self._leaves[name] = (value, leaf)
        return leaf

    def write(self, name: str, value: torch.Tensor) -> torch.Tensor:
        self._variables[name] = value
        return value

    def random(self, operation: Operation) -> Philox:
        """The stream of a random node: it goes on from run to run of the session."""
        if self._position is not None:
            # By its name within the body: the same step drops the same wherever it is unrolled.
            name = operation.name.removeprefix(getattr(operation.graph, "base_scope", ""))
            return TorchSource(_mixed(*self._position, zlib.crc32(name.encode())))
        key = (operation.graph, operation.name)
        source = self._sources.get(key)
        if source is None:  # of two threads that come here at once, the later takes the stream of the first
            source = self._sources.setdefault(key, source_of(operation.attributes))
        return source

    def evaluate(
        self, graph: Graph, fetches: Sequence[Tensor], feeds: Sequence[Tensor], values: Sequence[torch.Tensor]
    ) -> list[Any]:
        """Evaluate a sub-graph within this run."""
        plan = plan_for(graph, fetches, feeds)
        with torch.set_grad_enabled(torch.is_grad_enabled() or plan.has_gradients):
            return plan.execute(self, values)

    def at(self, *position: int) -> Run:
        """This run inside a loop's body at a position (seed, step, ...): random nodes are functions of that,
        so that a step that is computed anew draws the same.
        """
        inner = Run(self._variables, self._sources, self._tracked, self.memory)
        inner._leaves, inner._position = self._leaves, position
        return inner


def _mixed(*numbers: int) -> int:
    # Any fixed mixing will do; it only has to keep neighbouring numbers apart.
    state = 0
    for number in numbers:
        state = (
            (state ^ (number & 0xFFFFFFFFFFFFFFFF)) * 0x9E3779B97F4A7C15 + 0x632BE59BD9B4E019
        ) & 0xFFFFFFFFFFFFFFFF
        state ^= state >> 29
    return state & 0x7FFFFFFFFFFFFFFF
