"""Hooks that count, log and stop (TF1 symbols: `tf.train.StopAtStepHook`, ...)."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np

from . import errors, logging
from .global_step import get_global_step, global_step_read
from .graph import get_default_graph
from .session_run_hook import SessionRunArgs, SessionRunContext, SessionRunHook, SessionRunValues
from .summary_writer import FileWriterCache, scalar_of


class SecondOrStepTimer:
    """Says when something is due, every so many seconds or steps (TF1 symbol: `tf.train.SecondOrStepTimer`).

    Raises:
        ValueError: neither of them, or both.
    """

    def __init__(self, every_secs: float | None = None, every_steps: int | None = None) -> None:
        if every_secs is None and every_steps is None:
            raise ValueError("Either every_secs or every_steps should be provided.")
        if every_secs is not None and every_steps is not None:
            raise ValueError("Can not provide both every_secs and every_steps.")
        self._every_secs, self._every_steps = every_secs, every_steps
        self.reset()

    def reset(self) -> None:
        """Forget when it was last done."""
        self._step: Any = None
        self._time: float | None = None

    def should_trigger_for_step(self, step: Any) -> bool:
        """Whether it is due at a step."""
        if self._step is None or self._time is None:
            return True
        if self._step == step:
            return False
        if self._every_secs is not None and time.time() >= self._time + self._every_secs:
            return True
        return bool(self._every_steps is not None and step >= self._step + self._every_steps)

    def update_last_triggered_step(self, step: Any) -> tuple[float | None, Any]:
        """It was done at a step; the result is the time and the steps since the last time."""
        now = time.time()
        elapsed = (None, None) if self._time is None else (now - self._time, step - self._step)
        self._time, self._step = now, step
        return elapsed

    def last_triggered_step(self) -> Any:
        return self._step


class NeverTriggerTimer:
    """A timer for which nothing is ever due."""

    def reset(self) -> None:
        """Nothing to forget."""

    def should_trigger_for_step(self, step: Any) -> bool:
        return False

    def update_last_triggered_step(self, step: Any) -> tuple[None, None]:
        return None, None

    def last_triggered_step(self) -> None:
        return None


def step_for(hook: SessionRunHook) -> Any:
    """The tensor of the global step.

    Raises:
        RuntimeError: there is no global step.
    """
    found = global_step_read()
    if found is None:
        raise RuntimeError(f"Global step should be created to use {type(hook).__name__}.")
    return found


class LoggingTensorHook(SessionRunHook):
    """Logs tensors every so often (TF1 symbol: `tf.train.LoggingTensorHook`).

    Args:
        tensors: a list of tensors or names, or a dict from tags to them.
        every_n_iter, every_n_secs: how often; one of them, or none with `at_end`.
        at_end: whether to log at the end too.
        formatter: a function from the dict of values to the text.

    Raises:
        ValueError: not exactly one of `every_n_iter` and `every_n_secs`, or one that is not positive.
    """

    def __init__(
        self,
        tensors: Any,
        every_n_iter: int | None = None,
        every_n_secs: float | None = None,
        at_end: bool = False,
        formatter: Callable[[Any], str] | None = None,
    ) -> None:
        only_at_end = at_end and every_n_iter is None and every_n_secs is None
        if not only_at_end and (every_n_iter is None) == (every_n_secs is None):
            raise ValueError(
                "either at_end and/or exactly one of every_n_iter and every_n_secs must be provided."
            )
        if every_n_iter is not None and every_n_iter <= 0:
            raise ValueError(f"invalid every_n_iter={every_n_iter}.")
        self._tags = sorted(tensors) if isinstance(tensors, dict) else list(tensors)
        self._tensors = tensors if isinstance(tensors, dict) else {item: item for item in tensors}
        self._formatter, self._at_end = formatter, at_end
        self._timer: Any = (
            NeverTriggerTimer() if only_at_end else SecondOrStepTimer(every_n_secs, every_n_iter)
        )

    def begin(self) -> None:
        self._timer.reset()
        self._count = 0
        self._current = {tag: _element(tensor) for tag, tensor in self._tensors.items()}

    def before_run(self, run_context: SessionRunContext) -> SessionRunArgs | None:
        self._due = self._timer.should_trigger_for_step(self._count)
        return SessionRunArgs(self._current) if self._due else None

    def _log(self, values: Any) -> None:
        elapsed, _ = self._timer.update_last_triggered_step(self._count)
        with np.printoptions(suppress=True):
            if self._formatter:
                logging.info(self._formatter(values))
                return
            text = ", ".join(f"{tag} = {values[tag]!s}" for tag in self._tags)  # `!s`: with numpy's digits
            if elapsed is None:
                logging.info("%s", text)
            else:
                logging.info("%s (%.3f sec)", text, elapsed)

    def after_run(self, run_context: SessionRunContext, run_values: SessionRunValues) -> None:
        if self._due:
            self._log(run_values.results)
        self._count += 1

    def end(self, session: Any) -> None:
        if self._at_end:
            self._log(session.run(self._current))


def _element(item: Any) -> Any:
    """A tensor, or the one that a name stands for.

    Raises:
        ValueError: it is of another graph, or a name of several.
    """
    graph = get_default_graph()
    if not isinstance(item, str):
        if getattr(item, "graph", None) is not graph:
            raise ValueError(
                f"Passed {item} should have graph attribute that is equal to current graph {graph}."
            )
        return item
    if ":" in item:
        return graph.as_graph_element(item)
    found = graph.as_graph_element(f"{item}:0")
    if len(found.op.outputs) > 1:
        raise ValueError(f"Name {item} is ambiguous, as this `Operation` has multiple outputs (at least 2).")
    return found


class StopAtStepHook(SessionRunHook):
    """Asks to stop after so many steps, or at a step (TF1 symbol: `tf.train.StopAtStepHook`).

    Raises:
        ValueError: neither `num_steps` nor `last_step`, or both.
    """

    def __init__(self, num_steps: int | None = None, last_step: int | None = None) -> None:
        if num_steps is None and last_step is None:
            raise ValueError("One of num_steps or last_step must be specified.")
        if num_steps is not None and last_step is not None:
            raise ValueError("Only one of num_steps or last_step can be specified.")
        self._num_steps, self._last_step = num_steps, last_step

    def begin(self) -> None:
        self._global_step_tensor = step_for(self)

    def after_create_session(self, session: Any, coord: Any) -> None:
        if self._last_step is None:
            self._last_step = session.run(self._global_step_tensor) + self._num_steps

    def before_run(self, run_context: SessionRunContext) -> SessionRunArgs | None:
        return SessionRunArgs(self._global_step_tensor)

    def after_run(self, run_context: SessionRunContext, run_values: SessionRunValues) -> None:
        # What the run fetched may be the step from before it.
        due = run_values.results + 1 >= self._last_step
        if due and run_context.session.run(self._global_step_tensor) >= self._last_step:
            run_context.request_stop()


class StepCounterHook(SessionRunHook):
    """Tells the steps per second (TF1 symbol: `tf.train.StepCounterHook`).

    Args:
        every_n_steps, every_n_secs: how often; exactly one of them.
        output_dir, summary_writer: where summaries of it go.

    Raises:
        ValueError: neither or both of `every_n_steps` and `every_n_secs`.
    """

    def __init__(
        self,
        every_n_steps: int | None = 100,
        every_n_secs: float | None = None,
        output_dir: str | None = None,
        summary_writer: Any = None,
    ) -> None:
        if (every_n_steps is None) == (every_n_secs is None):
            raise ValueError("exactly one of every_n_steps and every_n_secs should be provided.")
        self._timer = SecondOrStepTimer(every_steps=every_n_steps, every_secs=every_n_secs)
        self._summary_writer, self._output_dir = summary_writer, output_dir
        self._last_global_step: Any = None

    def begin(self) -> None:
        if self._summary_writer is None and self._output_dir:
            self._summary_writer = FileWriterCache.get(self._output_dir)
        self._global_step_tensor = step_for(self)
        counter = get_global_step()
        self._summary_tag = f"{counter.op.name if counter is not None else 'global_step'}/sec"
        self._warnings = 0

    def before_run(self, run_context: SessionRunContext) -> SessionRunArgs | None:
        return SessionRunArgs(self._global_step_tensor)

    def _log_and_record(self, elapsed_steps: Any, elapsed_time: float, global_step: Any) -> None:
        per_second = float(elapsed_steps) / max(elapsed_time, 1e-9)
        if self._summary_writer is not None:
            self._summary_writer.add_summary(scalar_of(self._summary_tag, per_second), global_step)
        logging.info("%s: %g", self._summary_tag, per_second)

    def after_run(self, run_context: SessionRunContext, run_values: SessionRunValues) -> None:
        stale = run_values.results
        if self._timer.should_trigger_for_step(stale + 1):
            step = run_context.session.run(self._global_step_tensor)
            if self._timer.should_trigger_for_step(step):
                elapsed_time, elapsed_steps = self._timer.update_last_triggered_step(step)
                if elapsed_time is not None:
                    self._log_and_record(elapsed_steps, elapsed_time, step)
        if stale == self._last_global_step and self._warnings < 5:
            self._warnings += 1
            logging.warning(
                "It seems that global step (tf.train.get_global_step) has not been increased. Current value "
                "(could be stable): %s vs previous value: %s. You could increase the global step by passing "
                "tf.train.get_global_step() to Optimizer.apply_gradients or Optimizer.minimize.",
                stale,
                self._last_global_step,
            )
        self._last_global_step = stale


class NanLossDuringTrainingError(RuntimeError):
    """The loss is no number any more (TF1 symbol: `tf.train.NanLossDuringTrainingError`)."""

    def __str__(self) -> str:
        return "NaN loss during training."


class NanTensorHook(SessionRunHook):
    """Stops where a loss is no number any more (TF1 symbol: `tf.train.NanTensorHook`).

    Args:
        loss_tensor: the loss.
        fail_on_nan_loss: whether to raise a NanLossDuringTrainingError, rather than to ask to stop.
    """

    def __init__(self, loss_tensor: Any, fail_on_nan_loss: bool = True) -> None:
        self._loss_tensor, self._fail_on_nan_loss = loss_tensor, fail_on_nan_loss

    def before_run(self, run_context: SessionRunContext) -> SessionRunArgs | None:
        return SessionRunArgs(self._loss_tensor)

    def after_run(self, run_context: SessionRunContext, run_values: SessionRunValues) -> None:
        if not np.isnan(run_values.results):
            return
        message = "Model diverged with loss = NaN."
        if self._fail_on_nan_loss:
            logging.error(message)
            raise NanLossDuringTrainingError
        logging.warning(message)
        run_context.request_stop()


class GlobalStepWaiterHook(SessionRunHook):
    """Waits, before the first run, until the global step is there (TF1 symbol:
    `tf.train.GlobalStepWaiterHook`).
    """

    def __init__(self, wait_until_step: int) -> None:
        self._wait_until_step = wait_until_step

    def begin(self) -> None:
        self._started = False
        self._global_step_tensor = step_for(self)

    def before_run(self, run_context: SessionRunContext) -> SessionRunArgs | None:
        if self._started or self._wait_until_step <= 0:
            self._started = True
            return None
        logging.info("Waiting for global step %d before starting training.", self._wait_until_step)
        told = 0
        while True:
            step = run_context.session.run(self._global_step_tensor)
            if step >= self._wait_until_step:
                self._started = True
                return None
            if step - told > 1000:
                logging.info(
                    "Waiting for global step %d before starting training. Current step is %d.",
                    self._wait_until_step,
                    step,
                )
                told = step
            time.sleep(0.5)


class FinalOpsHook(SessionRunHook):
    """Evaluates something at the end (TF1 symbol: `tf.train.FinalOpsHook`); `final_ops_values` has it."""

    def __init__(self, final_ops: Any, final_ops_feed_dict: Any = None) -> None:
        self._final_ops, self._feed_dict = final_ops, final_ops_feed_dict
        self._values: Any = None

    @property
    def final_ops_values(self) -> Any:
        return self._values

    def end(self, session: Any) -> None:
        if self._final_ops is None:
            return
        try:
            self._values = session.run(self._final_ops, feed_dict=self._feed_dict)
        except (errors.OutOfRangeError, StopIteration):
            logging.warning(
                "What FinalOpsHook evaluates at the end needs more input, of which there is none left. It "
                "should read variables alone, as the value of a metric does."
            )
            raise


class FeedFnHook(SessionRunHook):
    """Feeds each run with what a function gives (TF1 symbol: `tf.train.FeedFnHook`)."""

    def __init__(self, feed_fn: Callable[[], Any]) -> None:
        self.feed_fn = feed_fn

    def before_run(self, run_context: SessionRunContext) -> SessionRunArgs | None:
        return SessionRunArgs(fetches=None, feed_dict=self.feed_fn())
