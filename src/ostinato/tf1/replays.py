"""Runs of a session that are much alike: after a few of them one is written down, and the others replay it.

Alike are runs of one plan with feeds of the same shapes. What takes long anyway is not written down.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import torch

from .recorded_code import CannotReplay, RecordedCode
from .recording import recorder_of

if TYPE_CHECKING:
    from .plan import Plan
    from .run import Run

RECORD = True
"""Whether runs are written down; tests compare the two ways."""
RUNS_BEFORE_RECORDING = 3
"""How many runs are alike before one is written down, which takes as long as a few of them."""
LONGEST_RUN = 0.5
"""Seconds of a run beyond which what lies between torch's operations is not worth it."""
MOST_KINDS = 32
"""How many kinds of runs of a plan are written down: batches of ever other lengths are not."""


class Replays:
    """What a plan knows of its runs."""

    def __init__(self) -> None:
        self._seen: dict[Any, list[float]] = {}  # how long the runs of a kind took
        self._codes: dict[Any, RecordedCode] = {}
        self._lock = threading.Lock()
        self._over = False
        self.problem: str | None = None  # why the last run that should have been written down was not

    def execute(self, plan: Plan, run: Run, feed_values: Sequence[Any]) -> list[Any]:
        """The values of the plan's fetches."""
        if self._over or not RECORD or plan.flow is not None or run.device is not None:
            return plan.execute(run, feed_values)
        kind = (
            run.memory,
            *[
                (value.shape, value.stride(), value.dtype) if isinstance(value, torch.Tensor) else None
                for value in feed_values
            ],
        )
        code = self._codes.get(kind)
        if code is not None:
            return plan.guarded(code, run, feed_values)
        if len(self._codes) >= MOST_KINDS:
            return plan.execute(run, feed_values)
        times = self._seen.setdefault(kind, [])
        if len(times) < RUNS_BEFORE_RECORDING:
            begin = time.perf_counter()
            values = plan.execute(run, feed_values)
            times.append(time.perf_counter() - begin)
            if len(self._seen) > 64 * MOST_KINDS:
                self._seen.clear()
            return values
        if min(times, default=0.0) > LONGEST_RUN or not self._lock.acquire(blocking=False):
            return plan.execute(run, feed_values)
        try:
            return self._recorded(plan, run, feed_values, kind)
        finally:
            self._lock.release()

    def _recorded(self, plan: Plan, run: Run, feed_values: Sequence[Any], kind: Any) -> list[Any]:
        with recorder_of(plan, run) as recorder:
            values = plan.interpret(run, feed_values, recorder)
        recording = recorder.recording(plan)
        self.problem = recorder.failed
        if recording is not None:
            try:
                self._codes[kind] = RecordedCode(recording)
            except CannotReplay as problem:
                self.problem = str(problem)
        self._over = self.problem is not None
        return values


def replays_of(plan: Plan) -> Replays:
    replays = plan.replays
    if replays is None:
        replays = plan.replays = Replays()
    return replays
