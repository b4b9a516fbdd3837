"""Runs of a session that are much alike: after a few of them one is written down, and the others replay it.

Alike are runs of one plan with feeds of the same shapes. What takes long anyway is not written down.
"""

from __future__ import annotations

import math
import os
import threading
import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import torch

from . import registry
from .plan import plan_for
from .recorded_code import CannotReplay, OtherNumbers, RecordedCode
from .recording import recorder_of
from .session_memory import SessionMemory

if TYPE_CHECKING:
    from .plan import Plan
    from .run import Run
    from .tensor import Operation, Tensor

RECORD = os.environ.get("OSTINATO_REPLAY", "1") != "0"
"""Whether runs are written down; tests compare the two ways."""
RUNS_BEFORE_RECORDING = 1
"""How many runs are alike before one is written down, which takes as long as two or three of them."""
MOST_MEASURED = 4
"""How many runs are measured before they count as too long: the first one may have much to prepare."""
LONGEST_RUN = 0.5
"""Seconds of a run beyond which what lies between torch's operations is not worth it."""
FREE_TIME = 1.0
"""How many seconds may go into recordings whatever comes of them."""
SHARE_OF_TIME = 0.25
"""And how much of the time of a plan's other runs: where each has other shapes, recordings are for few."""
MOST_KINDS = 128
"""How many kinds of runs of a plan are told apart: batches of ever other lengths are not."""
MOST_VARIANTS = 4
"""How many recordings there are of a kind, where they stand on numbers, as the length of the longest row."""


@dataclass
class _Kind:
    """Runs of a plan with feeds of the same shapes."""

    times: list[float] = field(default_factory=list)  # seconds, of those since the last recording
    codes: list[RecordedCode] = field(default_factory=list)
    time: float = 0.0  # seconds of a run that is not replayed
    misses: int = 0  # runs that none of the recordings was right for
    hits: int = 0

    def fails(self) -> bool:
        """Whether its runs are too different, in numbers that the recordings stand on."""
        return len(self.codes) >= MOST_VARIANTS and self.misses > self.hits + MOST_VARIANTS


class Replays:
    """What a plan knows of its runs."""

    def __init__(self) -> None:
        self._kinds: dict[Any, _Kind] = {}
        self._sources: list[Tensor] | None = None
        self._lock = threading.Lock()
        self._over = False
        self._recording = self._running = 0.0  # seconds that went into recordings, and into other runs
        self.problem: str | None = None  # why the last run that should have been written down was not
        self.replayed = 0  # how many runs were replayed

    def execute(self, plan: Plan, run: Run, feed_values: Sequence[Any]) -> list[Any]:
        """The values of the plan's fetches."""
        if self._over or not RECORD:
            return plan.execute(run, feed_values)
        if run.device is not None:
            return plan.execute(run, feed_values)
        sources = self._sources
        if sources is None:
            sources = self._sources = sources_of(plan)
        if sources:
            return _staged(plan, sources, run, feed_values)
        if run.memory != SessionMemory():  # it may leave values to other threads, which write them to disk
            return plan.execute(run, feed_values)
        key = tuple(
            [
                (value.shape, value.stride(), value.dtype) if isinstance(value, torch.Tensor) else None
                for value in feed_values
            ]
        )
        kind = self._kinds.get(key)
        if kind is None:
            if len(self._kinds) >= MOST_KINDS:
                return plan.execute(run, feed_values)
            kind = self._kinds.setdefault(key, _Kind())
        for code in kind.codes:
            try:
                values = plan.guarded(code, run, feed_values)
                kind.hits += 1
                self.replayed += 1
                self._running += kind.time
                return values
            except OtherNumbers:
                continue
        return self._without(plan, run, feed_values, kind)

    def _without(self, plan: Plan, run: Run, feed_values: Sequence[Any], kind: _Kind) -> list[Any]:
        """The values, of a run that no recording is there for."""
        kind.misses += bool(kind.codes)
        if len(kind.codes) >= MOST_VARIANTS:
            if kind.fails():
                kind.codes, kind.times = [], [math.inf] * MOST_MEASURED
            return plan.execute(run, feed_values)
        short = min(kind.times, default=0.0) <= LONGEST_RUN
        if len(kind.times) < RUNS_BEFORE_RECORDING or (not short and len(kind.times) < MOST_MEASURED):
            begin = time.perf_counter()
            values = plan.execute(run, feed_values)
            kind.times.append(time.perf_counter() - begin)
            self._running += kind.times[-1]
            return values
        if not short or self._recording > FREE_TIME + SHARE_OF_TIME * self._running:
            self._running += min(kind.times, default=0.0)
            return plan.execute(run, feed_values)
        if not self._lock.acquire(blocking=False):
            return plan.execute(run, feed_values)
        try:
            return self._recorded(plan, run, feed_values, kind)
        finally:
            self._lock.release()

    def _recorded(self, plan: Plan, run: Run, feed_values: Sequence[Any], kind: _Kind) -> list[Any]:
        begin = time.perf_counter()
        with recorder_of(plan, run) as recorder:
            values = plan.interpret(run, feed_values, recorder)
        recording = recorder.recording(values)
        self.problem = recorder.failed
        if recording is not None:
            try:
                kind.codes = [*kind.codes, RecordedCode(recording)]
                kind.time, kind.times = min(kind.times, default=0.0), []
            except CannotReplay as problem:
                self.problem = str(problem)
        recorder.release()
        self._over = self.problem is not None
        self._recording += time.perf_counter() - begin
        return values


_BRINGS = frozenset(
    {
        "IteratorGetNext",
        "QueueDequeueV2",
        "QueueDequeueManyV2",
        "QueueDequeueUpToV2",
        "PyFunc",
        "PyFuncStateless",
    }
)
"""Types of operations that bring what a run works on into it, as feeds do."""
_HANDLES = frozenset(
    {
        "Placeholder",
        "VariableV2",
        "IteratorV2",
        "OneShotIterator",
        "IteratorFromStringHandleV2",
        "FIFOQueueV2",
        "PaddingFIFOQueueV2",
        "PriorityQueueV2",
        "RandomShuffleQueueV2",
    }
)
"""Stateful types that these may stand on: to evaluate them twice is to evaluate them once."""


def sources_of(plan: Plan) -> list[Tensor]:
    """The tensors that iterators, queues and Python bring into a run of the plan, where the graph does not
    tell their shapes and nothing has to run before.
    """
    fed, found = set(plan.feeds), []
    for instruction in plan.instructions:
        operation = instruction.operation
        if operation.type not in _BRINGS or fed.intersection(operation.outputs):
            continue
        if all(tensor.shape.is_fully_defined() for tensor in operation.outputs):
            continue
        if not operation.control_inputs and _can_go_first(operation, fed):
            found += operation.outputs
    return found


def _can_go_first(operation: Operation, fed: Collection[Tensor]) -> bool:
    seen: set[Operation] = set()
    waiting = [tensor.op for tensor in operation.inputs if tensor not in fed]
    while waiting:
        before = waiting.pop()
        if before in seen:
            continue
        seen.add(before)
        if before.control_inputs or (registry.lookup(before.type).stateful and before.type not in _HANDLES):
            return False
        waiting += [tensor.op for tensor in before.inputs if tensor not in fed]
    return True


def _staged(plan: Plan, sources: Sequence[Tensor], run: Run, feed_values: Sequence[Any]) -> list[Any]:
    """The values of the fetches, with what the sources give as feeds: then their shapes are known before
    anything is replayed.
    """
    graph = sources[0].graph
    first = plan_for(graph, sources, plan.feeds)
    rest = plan_for(graph, plan.fetches, [*plan.feeds, *sources])
    brought = first.execute(run, feed_values)
    return replays_of(rest).execute(rest, run, [*feed_values, *brought])


def replays_of(plan: Plan) -> Replays:
    replays = plan.replays
    if replays is None:
        replays = plan.replays = Replays()
    return replays
