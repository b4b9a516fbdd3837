"""Hooks that end an estimator's training by what its evaluations gave (TF1 symbols:
`tf.estimator.experimental.stop_if_no_decrease_hook`, ...; also in `tf.contrib.estimator`).
"""

from __future__ import annotations

import collections
import glob
import operator
import os
from collections.abc import Callable
from typing import Any

from .. import logging
from ..event_files import summary_iterator
from ..global_step import get_global_step
from ..graph import GraphKeys
from ..hooks import SecondOrStepTimer
from ..initializers import Constant
from ..ops.state import assign
from ..session_run_hook import SessionRunArgs, SessionRunHook
from ..variable_scope import AUTO_REUSE, get_variable, variable_scope
from .estimator import Estimator


def make_early_stopping_hook(
    estimator: Any,
    should_stop_fn: Callable[[], bool],
    run_every_secs: float | None = 60,
    run_every_steps: int | None = None,
) -> SessionRunHook:
    """A hook that ends training when a function says so (TF1 symbol:
    `tf.estimator.experimental.make_early_stopping_hook`).

    Args:
        estimator: whose training.
        should_stop_fn: is called without arguments every so many seconds or steps.
        run_every_secs, run_every_steps: one of them, the other is None.

    Raises:
        TypeError: no estimator, or no function.
        ValueError: seconds and steps.
    """
    if not isinstance(estimator, Estimator):
        raise TypeError(f"`estimator` must have type `tf.estimator.Estimator`. Got: {type(estimator)}")
    if run_every_secs is not None and run_every_steps is not None:
        raise ValueError("Only one of `run_every_secs` and `run_every_steps` must be set.")
    return _StopOnPredicateHook(should_stop_fn, run_every_secs, run_every_steps)


def stop_if_higher_hook(
    estimator: Any,
    metric_name: str,
    threshold: float,
    eval_dir: str | None = None,
    min_steps: int = 0,
    run_every_secs: float | None = 60,
    run_every_steps: int | None = None,
) -> SessionRunHook:
    """Ends training when a metric was higher than a threshold (TF1 symbol:
    `tf.estimator.experimental.stop_if_higher_hook`).

    Args:
        metric_name: "loss", or another key of `eval_metric_ops`.
        eval_dir: where the evaluations' events are; `estimator.eval_dir()`.
        min_steps: evaluations before this step do not count.
    """
    crossed = _crossed(metric_name, threshold, True, _folder(estimator, eval_dir), min_steps)
    return make_early_stopping_hook(estimator, crossed, run_every_secs, run_every_steps)


def stop_if_lower_hook(
    estimator: Any,
    metric_name: str,
    threshold: float,
    eval_dir: str | None = None,
    min_steps: int = 0,
    run_every_secs: float | None = 60,
    run_every_steps: int | None = None,
) -> SessionRunHook:
    """Ends training when a metric was lower than a threshold (TF1 symbol:
    `tf.estimator.experimental.stop_if_lower_hook`); as `stop_if_higher_hook`.
    """
    crossed = _crossed(metric_name, threshold, False, _folder(estimator, eval_dir), min_steps)
    return make_early_stopping_hook(estimator, crossed, run_every_secs, run_every_steps)


def stop_if_no_increase_hook(
    estimator: Any,
    metric_name: str,
    max_steps_without_increase: int,
    eval_dir: str | None = None,
    min_steps: int = 0,
    run_every_secs: float | None = 60,
    run_every_steps: int | None = None,
) -> SessionRunHook:
    """Ends training when a metric was not higher than its best for so many steps (TF1 symbol:
    `tf.estimator.experimental.stop_if_no_increase_hook`); as `stop_if_higher_hook`.
    """
    folder = _folder(estimator, eval_dir)
    stands = _stands(metric_name, max_steps_without_increase, True, folder, min_steps)
    return make_early_stopping_hook(estimator, stands, run_every_secs, run_every_steps)


def stop_if_no_decrease_hook(
    estimator: Any,
    metric_name: str,
    max_steps_without_decrease: int,
    eval_dir: str | None = None,
    min_steps: int = 0,
    run_every_secs: float | None = 60,
    run_every_steps: int | None = None,
) -> SessionRunHook:
    """Ends training when a metric was not lower than its best for so many steps (TF1 symbol:
    `tf.estimator.experimental.stop_if_no_decrease_hook`); as `stop_if_higher_hook`.
    """
    folder = _folder(estimator, eval_dir)
    stands = _stands(metric_name, max_steps_without_decrease, False, folder, min_steps)
    return make_early_stopping_hook(estimator, stands, run_every_secs, run_every_steps)


def read_eval_metrics(eval_dir: Any) -> dict[int, dict[str, float]]:
    """The numbers that evaluations wrote, by step, in the steps' order (TF1 symbol:
    `tf.contrib.estimator.read_eval_metrics`).
    """
    found: dict[int, dict[str, float]] = {}
    for path in sorted(glob.glob(os.path.join(glob.escape(os.fsdecode(eval_dir)), "events.out.tfevents.*"))):
        for event in summary_iterator(path):
            if not event.HasField("summary"):
                continue
            numbers = {
                value.tag: value.simple_value
                for value in event.summary.value
                if value.HasField("simple_value")
            }
            if numbers:
                found.setdefault(event.step, {}).update(numbers)
    return collections.OrderedDict(sorted(found.items()))


def _folder(estimator: Any, eval_dir: str | None) -> str:
    return estimator.eval_dir() if eval_dir is None else eval_dir


def _crossed(metric: str, threshold: float, higher: bool, folder: str, min_steps: int) -> Callable[[], bool]:
    beyond = operator.gt if higher else operator.lt

    def should_stop() -> bool:
        for step, numbers in read_eval_metrics(folder).items():
            if step >= min_steps and beyond(numbers[metric], threshold):
                logging.info(
                    'At step %s, metric "%s" has value %s which is %s the configured threshold (%s) for '
                    "early stopping.",
                    step,
                    metric,
                    numbers[metric],
                    "greater than" if higher else "less than",
                    threshold,
                )
                return True
        return False

    return should_stop


def _stands(metric: str, max_steps: int, higher: bool, folder: str, min_steps: int) -> Callable[[], bool]:
    better = operator.gt if higher else operator.lt

    def should_stop() -> bool:
        best, best_step = None, 0
        for step, numbers in read_eval_metrics(folder).items():
            if step < min_steps:
                continue
            if best is None or better(numbers[metric], best):
                best, best_step = numbers[metric], step
            if step - best_step >= max_steps:
                logging.info(
                    'No %s in metric "%s" for %s steps, which is greater than or equal to max steps (%s) '
                    "configured for early stopping.",
                    "increase" if higher else "decrease",
                    metric,
                    step - best_step,
                    max_steps,
                )
                return True
        return False

    return should_stop


class _StopOnPredicateHook(SessionRunHook):
    """Asks a function every so often, and notes in a variable, as TensorFlow's graphs do, that it said yes:
    a checkpoint from there on holds it.
    """

    def __init__(
        self, should_stop_fn: Callable[[], bool], run_every_secs: float | None, run_every_steps: int | None
    ) -> None:
        if not callable(should_stop_fn):
            raise TypeError("`should_stop_fn` must be callable.")
        self._should_stop_fn = should_stop_fn
        self._timer = SecondOrStepTimer(every_secs=run_every_secs, every_steps=run_every_steps)

    def begin(self) -> None:
        self._global_step = get_global_step()
        with variable_scope("signal_early_stopping", values=[], reuse=AUTO_REUSE):
            stop = get_variable(
                name="STOP",
                shape=[],
                dtype="bool",
                initializer=Constant(False),
                collections=[GraphKeys.GLOBAL_VARIABLES],
                trainable=False,
            )
        self._stop = assign(stop, True)

    def before_run(self, run_context: Any) -> SessionRunArgs:
        return SessionRunArgs(self._global_step)

    def after_run(self, run_context: Any, run_values: Any) -> None:
        step = run_values.results
        if not self._timer.should_trigger_for_step(step):
            return
        self._timer.update_last_triggered_step(step)
        if self._should_stop_fn():
            logging.info("Requesting early stopping at global step %d", step)
            run_context.session.run(self._stop)
            run_context.request_stop()
