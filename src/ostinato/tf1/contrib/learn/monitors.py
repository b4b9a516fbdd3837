"""What watches a training, step by step, as hooks did not yet (TF1 module: `tf.contrib.learn.monitors`)."""

from __future__ import annotations

import copy
import time
from typing import Any

import numpy as np

from ... import estimator as core
from ... import logging
from ...checkpoint_management import latest_checkpoint
from ...graph import GraphKeys, get_collection
from ...hooks import NanLossDuringTrainingError
from ...names import absent
from ...session_run_hook import SessionRunHook
from ...summary_messages import Summary
from ...summary_writer import FileWriter, FileWriterCache
from .monitor_base import BaseMonitor, EveryN, RunHookAdapterForMonitors, found_for


class StopAtStep(BaseMonitor):
    """Stops after a number of steps, or at one (TF1 symbol: `tf.contrib.learn.monitors.StopAtStep`)."""

    def __init__(self, num_steps: int | None = None, last_step: int | None = None) -> None:
        super().__init__()
        if num_steps is None and last_step is None:
            raise ValueError("One of num_steps or last_step must be specified.")
        if num_steps is not None and last_step is not None:
            raise ValueError("Only one of num_steps or last_step can be specified.")
        self._num_steps, self._last_step = num_steps, last_step

    @property
    def run_on_all_workers(self) -> bool:
        return True

    def step_begin(self, step: int) -> Any:
        super().step_begin(step)
        if self._last_step is None:
            self._last_step = step + int(self._num_steps or 0) - 1
        return []

    def step_end(self, step: int, output: Any) -> Any:
        super().step_end(step, output)
        return step >= int(self._last_step or 0)


class PrintTensor(EveryN):
    """Logs tensors (TF1 symbol: `tf.contrib.learn.monitors.PrintTensor`): names, or tags to names."""

    def __init__(self, tensor_names: Any, every_n: int = 100, first_n: int = 1) -> None:
        super().__init__(every_n, first_n)
        named = tensor_names if isinstance(tensor_names, dict) else {name: name for name in tensor_names}
        self._tensor_names = named

    def every_n_step_begin(self, step: int) -> Any:
        return list(self._tensor_names.values())

    def every_n_step_end(self, step: int, outputs: Any) -> Any:
        told = [
            f"{tag} = {found_for(outputs, name)!s}"
            for tag, name in self._tensor_names.items()
            if name in outputs
        ]
        logging.info("Step %d: %s", step, ", ".join(told))


class LoggingTrainable(EveryN):
    """Logs all trainable variables (TF1 symbol: `tf.contrib.learn.monitors.LoggingTrainable`)."""

    def __init__(self, scope: str | None = None, every_n: int = 100, first_n: int = 1) -> None:
        super().__init__(every_n, first_n)
        self._scope = scope
        self._names: dict[str, str] = {}

    def every_n_step_begin(self, step: int) -> Any:
        variables = get_collection(GraphKeys.TRAINABLE_VARIABLES, scope=self._scope)
        self._names = {each.name: each.value().name for each in variables}
        return list(self._names.values())

    def every_n_step_end(self, step: int, outputs: Any) -> Any:
        told = [
            f"{tag} = {found_for(outputs, name)!s}" for tag, name in self._names.items() if name in outputs
        ]
        logging.info("Logging Trainable: Step %d: %s", step, ", ".join(told))


class SummarySaver(EveryN):
    """Writes summaries (TF1 symbol: `tf.contrib.learn.monitors.SummarySaver`)."""

    def __init__(
        self,
        summary_op: Any,
        save_steps: int = 100,
        output_dir: str | None = None,
        summary_writer: Any = None,
        scaffold: Any = None,
    ) -> None:
        super().__init__(every_n_steps=save_steps)
        self._summary_op, self._scaffold = summary_op, scaffold
        self._summary_writer = summary_writer
        if summary_writer is None and output_dir:
            self._summary_writer = FileWriter(output_dir)

    def set_estimator(self, estimator: Any) -> None:
        super().set_estimator(estimator)
        if self._summary_writer is None:
            self._summary_writer = FileWriter(estimator.model_dir)

    def every_n_step_begin(self, step: int) -> Any:
        if self._summary_op is None and self._scaffold is not None:
            self._summary_op = self._scaffold.summary_op
        return [] if self._summary_op is None else [self._summary_op]

    def every_n_step_end(self, step: int, outputs: Any) -> Any:
        if self._summary_op is not None and self._summary_writer:
            self._summary_writer.add_summary(found_for(outputs, self._summary_op), step)
        return False

    def end(self, session: Any = None) -> None:
        super().end(session=session)
        if self._summary_writer:
            self._summary_writer.flush()


class ValidationMonitor(EveryN):
    """Evaluates each new checkpoint, and stops where a metric gets no better (TF1 symbol:
    `tf.contrib.learn.monitors.ValidationMonitor`).

    Args:
        x, y, input_fn, batch_size, metrics, hooks, name: of the estimator's `evaluate`, as
            `eval_steps`.
        every_n_steps: how often to look for a checkpoint.
        early_stopping_rounds: after how many steps without a better value to stop; None: never.
        early_stopping_metric: the value; `early_stopping_metric_minimize`: whether less is better.
        check_interval_secs: how many seconds at least lie between two looks.

    Raises:
        ValueError: neither `x` nor `input_fn`; in training, no such metric.
    """

    def __init__(
        self,
        x: Any = None,
        y: Any = None,
        input_fn: Any = None,
        batch_size: int | None = None,
        eval_steps: int | None = None,
        every_n_steps: float = 100,
        metrics: Any = None,
        hooks: Any = None,
        early_stopping_rounds: int | None = None,
        early_stopping_metric: str = "loss",
        early_stopping_metric_minimize: bool = True,
        name: str | None = None,
        check_interval_secs: float | None = 5,
    ) -> None:
        super().__init__(every_n_steps=every_n_steps, first_n_steps=-1)
        if x is None and input_fn is None:
            raise ValueError("Either x or input_fn should be provided.")
        self.x, self.y, self.input_fn = x, y, input_fn
        self.batch_size, self.eval_steps = batch_size, eval_steps
        self.metrics, self.hooks, self.name = metrics, hooks, name
        self.early_stopping_rounds = early_stopping_rounds
        self.early_stopping_metric = early_stopping_metric
        self.early_stopping_metric_minimize = early_stopping_metric_minimize
        self._best_step: int | None = None
        self._best_value: Any = None
        self._best_metrics: Any = None
        self._early_stopped = False
        self._path: str | None = None
        self._looked: float | None = None
        self._interval = check_interval_secs

    @property
    def early_stopped(self) -> bool:
        """Whether it stopped the training."""
        return self._early_stopped

    @property
    def best_step(self) -> int | None:
        """The step of the best value."""
        return self._best_step

    @property
    def best_value(self) -> Any:
        """The best value of the metric."""
        return self._best_value

    @property
    def best_metrics(self) -> Any:
        """All metrics where that was the best."""
        return self._best_metrics

    def _evaluated(self) -> dict[str, Any]:
        steps, hooks, name = self.eval_steps, self.hooks, self.name
        if not isinstance(self._estimator, core.Estimator):
            found: dict[str, Any] = self._estimator.evaluate(
                x=self.x,
                y=self.y,
                input_fn=self.input_fn,
                batch_size=self.batch_size,
                steps=steps,
                metrics=self.metrics,
                hooks=hooks,
                name=name,
            )
            return found
        if any(each is not None for each in (self.x, self.y, self.batch_size, self.metrics)):
            raise ValueError(
                "tf.estimator.Estimator does not support following arguments: x, y, batch_size, metrics. "
                "Should set as `None` in ValidationMonitor"
            )
        return self._estimator.evaluate(input_fn=self.input_fn, steps=steps, hooks=hooks, name=name)

    def every_n_step_end(self, step: int, outputs: Any) -> Any:
        if self._estimator is None:
            raise ValueError("Missing call to set_estimator.")
        now = time.time()
        if self._interval is not None and self._looked is not None and now - self._looked <= self._interval:
            return False
        self._looked = now
        path = latest_checkpoint(self._estimator.model_dir)
        if path is None or path == self._path:
            return False
        self._path = path
        values = self._evaluated()
        told = ", ".join(f"{name} = {value!s}" for name, value in values.items())
        logging.info("Validation (step %d): %s", step, told)
        return self.early_stopping_rounds is not None and self._is_over(step, values)

    def _is_over(self, step: int, values: dict[str, Any]) -> bool:
        metric = self.early_stopping_metric
        if metric not in values:
            raise ValueError(f"Metric {metric} missing from outputs {set(values)}.")
        value, best = values[metric], self._best_value
        if best is None or (value < best if self.early_stopping_metric_minimize else value > best):
            self._best_value, self._best_step = value, step
            self._best_metrics = copy.deepcopy(values)
        if step - int(self._best_step or 0) < int(self.early_stopping_rounds or 0):
            return False
        logging.info("Stopping. Best step: %s with %s = %s.", self._best_step, metric, self._best_value)
        self._early_stopped = True
        return True


class CaptureVariable(EveryN):
    """Keeps a tensor's values, by steps (TF1 symbol: `tf.contrib.learn.monitors.CaptureVariable`)."""

    def __init__(self, var_name: str, every_n: int = 100, first_n: int = 1) -> None:
        super().__init__(every_n, first_n)
        self._var_name = var_name
        self._values: dict[int, Any] = {}

    @property
    def values(self) -> dict[int, Any]:
        return self._values

    def every_n_step_begin(self, step: int) -> Any:
        return [self._var_name]

    def every_n_step_end(self, step: int, outputs: Any) -> Any:
        self._values[step] = found_for(outputs, self._var_name)


class StepCounter(EveryN):
    """Writes the steps per second (TF1 symbol: `tf.contrib.learn.monitors.StepCounter`)."""

    def __init__(
        self, every_n_steps: int = 100, output_dir: str | None = None, summary_writer: Any = None
    ) -> None:
        super().__init__(every_n_steps=every_n_steps)
        self._last: tuple[int, float] | None = None
        self._summary_writer = summary_writer
        if summary_writer is None and output_dir:
            self._summary_writer = FileWriterCache.get(output_dir)

    def set_estimator(self, estimator: Any) -> None:
        super().set_estimator(estimator)
        if self._summary_writer is None:
            self._summary_writer = FileWriterCache.get(estimator.model_dir)

    def every_n_step_end(self, step: int, outputs: Any) -> Any:
        now = time.time()
        if self._last is not None and self._summary_writer and now > self._last[1]:
            message = Summary()
            rate = (step - self._last[0]) / (now - self._last[1])
            message.value.add(tag="global_step/sec", simple_value=rate)
            self._summary_writer.add_summary(message, step)
        self._last = step, now


class NanLoss(EveryN):
    """Stops where the loss is no number (TF1 symbol: `tf.contrib.learn.monitors.NanLoss`)."""

    def __init__(self, loss_tensor: Any, every_n_steps: int = 100, fail_on_nan_loss: bool = True) -> None:
        super().__init__(every_n_steps=every_n_steps)
        self._loss_tensor, self._fails = loss_tensor, fail_on_nan_loss

    def every_n_step_begin(self, step: int) -> Any:
        return [self._loss_tensor]

    def every_n_step_end(self, step: int, outputs: Any) -> Any:
        if not np.isnan(found_for(outputs, self._loss_tensor)):
            return False
        if self._fails:
            logging.error("Model diverged with loss = NaN.")
            raise NanLossDuringTrainingError
        logging.warning("Model diverged with loss = NaN.")
        return True


def get_default_monitors(
    loss_op: Any = None,
    summary_op: Any = None,
    save_summary_steps: int = 100,
    output_dir: str | None = None,
    summary_writer: Any = None,
) -> list[BaseMonitor]:
    """Monitors of a loss and of summaries (TF1 symbol: `tf.contrib.learn.monitors.get_default_monitors`)."""
    found: list[BaseMonitor] = []
    if loss_op is not None:
        found.append(PrintTensor({"loss": loss_op.name}))
    if summary_op is not None:
        found.append(SummarySaver(summary_op, save_summary_steps, output_dir, summary_writer))
    return found


def replace_monitors_with_hooks(monitors_or_hooks: Any, estimator: Any) -> list[SessionRunHook]:
    """The hooks among them, and one for all monitors (TF1 symbol:
    `tf.contrib.learn.monitors.replace_monitors_with_hooks`).
    """
    given = list(monitors_or_hooks or [])
    hooks = [each for each in given if isinstance(each, SessionRunHook)]
    monitors = [each for each in given if not isinstance(each, SessionRunHook)]
    for monitor in monitors:
        monitor.set_estimator(estimator)
    return [*hooks, RunHookAdapterForMonitors(monitors)] if monitors else hooks


__all__ = [
    "BaseMonitor",
    "CaptureVariable",
    "EveryN",
    "LoggingTrainable",
    "NanLoss",
    "NanLossDuringTrainingError",
    "PrintTensor",
    "RunHookAdapterForMonitors",
    "StepCounter",
    "StopAtStep",
    "SummarySaver",
    "ValidationMonitor",
    "get_default_monitors",
    "replace_monitors_with_hooks",
]
__getattr__ = absent("tf.contrib.learn.monitors", __all__)
