"""What monitors derive from, and the hook that runs them."""

from __future__ import annotations

import inspect
from typing import Any

from ...global_step import get_global_step
from ...graph import get_default_graph
from ...session_run_hook import SessionRunArgs, SessionRunHook


class BaseMonitor:
    """What is done around each step; derive from it (TF1 symbol: `tf.contrib.learn.monitors.BaseMonitor`)."""

    def __init__(self) -> None:
        self._begun = False
        self._current_epoch: int | None = None
        self._current_step: int | None = None
        self._max_steps: int | None = None
        self._estimator: Any = None

    @property
    def run_on_all_workers(self) -> bool:
        return False

    def set_estimator(self, estimator: Any) -> None:
        """The estimator that trains."""
        if estimator is None:
            raise ValueError("Missing estimator.")
        self._estimator = estimator

    def begin(self, max_steps: int | None = None) -> None:
        """Before the first step."""
        if self._begun:
            raise ValueError("begin called twice without end.")
        self._max_steps, self._begun = max_steps, True

    def end(self, session: Any = None) -> None:
        """After the last step."""
        if not self._begun:
            raise ValueError("end called without begin.")
        self._max_steps, self._begun = None, False

    def epoch_begin(self, epoch: int) -> None:
        if self._current_epoch is not None:
            raise ValueError("epoch_begin called twice without epoch_end.")
        if epoch < 0:
            raise ValueError(f"Invalid epoch {epoch}.")
        self._current_epoch = epoch

    def epoch_end(self, epoch: int) -> None:
        if self._current_epoch != epoch:
            raise ValueError(f"epoch_end expected {self._current_epoch} but got {epoch}.")
        self._current_epoch = None

    def step_begin(self, step: int) -> Any:
        """Before a step; the result is a list of tensors, or their names, to fetch with it."""
        if step < 0 or (self._max_steps is not None and step > self._max_steps):
            raise ValueError(f"Invalid step {step}.")
        self._current_step = step
        return []

    def step_end(self, step: int, output: Any) -> Any:
        """After a step, with what was fetched; true to stop."""
        if self._current_step != step:
            raise ValueError(f"step_end expected {self._current_step} but got {step}.")
        self._current_step = None
        return False

    def post_step(self, step: int, session: Any) -> None:
        """After a step and every monitor's `step_end`."""


def found_for(outputs: Any, request: Any) -> Any:
    return outputs[request] if request in outputs else outputs[request.name]


class EveryN(BaseMonitor):
    """Does something at every n-th step, and at the first ones (TF1 symbol:
    `tf.contrib.learn.monitors.EveryN`).
    """

    def __init__(self, every_n_steps: float = 100, first_n_steps: int = 1) -> None:
        super().__init__()
        self._every_n_steps, self._first_n_steps = every_n_steps, first_n_steps
        self._last_successful_step: int | None = None
        self._last_active_step: int | None = 0
        self._is_active = False

    def every_n_step_begin(self, step: int) -> Any:
        """Before such a step; the tensors to fetch."""
        return []

    def every_n_step_end(self, step: int, outputs: Any) -> Any:
        """After such a step; true to stop."""
        return False

    def every_n_post_step(self, step: int | None, session: Any) -> None:
        """After such a step and every monitor's end of it."""

    def step_begin(self, step: int) -> Any:
        super().step_begin(step)
        self._is_active = (
            step <= self._first_n_steps
            or step >= self._every_n_steps + (self._last_active_step or 0)
            or step == self._max_steps
        )
        return self.every_n_step_begin(step) if self._is_active else []

    def step_end(self, step: int, output: Any) -> Any:
        super().step_end(step, output)
        return self.every_n_step_end(step, output) if self._is_active else False

    def post_step(self, step: int, session: Any) -> None:
        super().post_step(step, session)
        if self._is_active:
            self.every_n_post_step(step, session)
            self._last_active_step = step
        self._last_successful_step = step

    def end(self, session: Any = None) -> None:
        super().end(session=session)
        if self._last_successful_step != self._last_active_step:
            self.every_n_post_step(self._last_successful_step, session)


class RunHookAdapterForMonitors(SessionRunHook):
    """Monitors as one hook (TF1 symbol: `tf.contrib.learn.monitors.RunHookAdapterForMonitors`)."""

    def __init__(self, monitors: Any) -> None:
        self._monitors = list(monitors)

    def begin(self) -> None:
        self._next_step: int | None = None
        self._counter = get_global_step()
        for monitor in self._monitors:
            monitor.begin(max_steps=None)

    def before_run(self, run_context: Any) -> SessionRunArgs:
        if self._next_step is None:
            self._next_step = int(run_context.session.run(self._counter)) + 1
        wanted: list[Any] = []
        for monitor in self._monitors:
            asked = monitor.step_begin(self._next_step)
            if asked and not isinstance(asked, list):
                raise ValueError("Monitor.step_begin should return a list.")
            wanted += asked or []
        graph = get_default_graph()
        return SessionRunArgs(
            [self._counter, {each: graph.as_graph_element(each) for each in wanted} if wanted else []]
        )

    def after_run(self, run_context: Any, run_values: Any) -> None:
        step, found = run_values.results
        for monitor in self._monitors:
            if monitor.step_end(self._next_step, found or {}):
                run_context.request_stop()
        for monitor in self._monitors:
            monitor.post_step(self._next_step, run_context.session)
        self._next_step = int(step) + 1

    def end(self, session: Any) -> None:
        self._next_step = None
        for monitor in self._monitors:
            if "session" in inspect.signature(monitor.end).parameters:
                monitor.end(session=session)
            else:
                monitor.end()
