"""`tf.contrib.learn.Experiment`: an estimator, what it trains on and what it is evaluated on; and
`tf.contrib.learn.learn_runner`, which runs one.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ... import estimator as core
from .estimator import Estimator
from .monitors import ValidationMonitor
from .run_config import RunConfig


class Experiment:
    """A model's training with its evaluations (TF1 symbol: `tf.contrib.learn.Experiment`).

    Delays, which are for clusters, are taken and change nothing.

    Raises:
        ValueError: what is no estimator, metrics beside one that has its own, or strategies of export.
    """

    def __init__(
        self,
        estimator: Any,
        train_input_fn: Callable[..., Any],
        eval_input_fn: Callable[..., Any],
        eval_metrics: Any = None,
        train_steps: int | None = None,
        eval_steps: int | None = 100,
        train_monitors: Any = None,
        eval_hooks: Any = None,
        local_eval_frequency: int | None = None,
        eval_delay_secs: float = 120,
        continuous_eval_throttle_secs: float = 60,
        min_eval_frequency: int | None = None,
        delay_workers_by_global_step: bool = False,
        export_strategies: Any = None,
        train_steps_per_iteration: int | None = None,
        checkpoint_and_export: bool = False,
        saving_listeners: Any = None,
        check_interval_secs: float = 5,
    ) -> None:
        self._is_core = isinstance(estimator, core.Estimator)
        if not self._is_core and not isinstance(estimator, Estimator):
            raise ValueError(
                "`estimator` must be a `tf.contrib.learn.Estimator` or a `tf.estimator.Estimator`, given: "
                f"{estimator}"
            )
        if self._is_core and eval_metrics is not None:
            raise ValueError(
                "`eval_metrics` must be `None` with `tf.estimator.Estimator`. Use `eval_metric_ops` in "
                "`tf.estimator.EstimatorSpec` instead."
            )
        if not self._is_core and saving_listeners is not None:
            raise ValueError("`saving_listeners` must be `None` with `tf.contrib.learn.Estimator`.")
        if export_strategies or checkpoint_and_export:
            raise ValueError(
                "Experiment exports nothing here: leave export_strategies and checkpoint_and_export out, and "
                "take tf.estimator.train_and_evaluate with exporters."
            )
        self.estimator, self.eval_metrics = estimator, eval_metrics
        self.train_steps, self.eval_steps = train_steps, eval_steps
        self._train_input_fn, self._eval_input_fn = train_input_fn, eval_input_fn
        self._train_monitors, self._eval_hooks = list(train_monitors or []), list(eval_hooks or [])
        self._listeners = saving_listeners
        self._frequency = 1 if min_eval_frequency is None else min_eval_frequency
        self._local_frequency = local_eval_frequency
        self._interval = check_interval_secs

    def extend_train_hooks(self, additional_hooks: Any) -> None:
        """More hooks, or monitors, for training."""
        self._train_monitors.extend(additional_hooks)

    def train(self, delay_secs: float | None = None) -> Any:
        """Train up to `train_steps`."""
        return self._trained(self._train_monitors, self.train_steps)

    def _trained(self, monitors: list[Any], max_steps: int | None) -> Any:
        if not self._is_core:
            return self.estimator.fit(input_fn=self._train_input_fn, max_steps=max_steps, monitors=monitors)
        from .monitors import replace_monitors_with_hooks

        hooks = replace_monitors_with_hooks(monitors, self.estimator)
        return self.estimator.train(
            self._train_input_fn, hooks=hooks, max_steps=max_steps, saving_listeners=self._listeners
        )

    def evaluate(self, delay_secs: float | None = None, name: str | None = None) -> Any:
        """Evaluate once."""
        return self._evaluated(name or "one_pass")

    def _evaluated(self, name: str | None) -> Any:
        metrics = {} if self._is_core else {"metrics": self.eval_metrics}
        return self.estimator.evaluate(
            input_fn=self._eval_input_fn, steps=self.eval_steps, name=name, hooks=self._eval_hooks, **metrics
        )

    def train_and_evaluate(self) -> tuple[Any, list[Any]]:
        """Train, with an evaluation of each new checkpoint, and evaluate at the end.

        Returns:
            The last evaluation's metrics, and a list of what was exported, which is nothing.
        """
        return self._with_evaluations(self._frequency)

    def local_run(self) -> tuple[Any, list[Any]]:
        """As `train_and_evaluate`, every `local_eval_frequency` steps."""
        return self._with_evaluations(self._local_frequency)

    def _with_evaluations(self, frequency: int | None) -> tuple[Any, list[Any]]:
        monitors = list(self._train_monitors)
        if frequency:
            monitors.append(
                ValidationMonitor(
                    input_fn=self._eval_input_fn,
                    eval_steps=self.eval_steps,
                    metrics=self.eval_metrics,
                    every_n_steps=frequency,
                    check_interval_secs=self._interval,
                    hooks=self._eval_hooks,
                )
            )
        self._trained(monitors, self.train_steps)
        return self._evaluated(None), []

    def test(self) -> tuple[Any, list[Any]]:
        """One step of training, and an evaluation."""
        self._trained(self._train_monitors, 1)
        return self._evaluated("one_pass"), []


def run(
    experiment_fn: Callable[..., Experiment],
    output_dir: str | None = None,
    schedule: str | None = None,
    run_config: Any = None,
    hparams: Any = None,
) -> Any:
    """Make an experiment and run it (TF1 symbol: `tf.contrib.learn.learn_runner.run`).

    Args:
        experiment_fn: a function of `run_config` and `hparams`, or of `output_dir`.
        schedule: the name of what is run; `train_and_evaluate` if it is None.

    Raises:
        ValueError: both a folder and a `run_config`, or neither; no such schedule.
        TypeError: `experiment_fn` is no function, or gives no `Experiment`.
    """
    if output_dir is not None and run_config is not None:
        raise ValueError("Cannot provide both `output_dir` and `run_config`")
    if output_dir is None and run_config is None:
        raise ValueError("Must set value for `output_dir` or `run_config`")
    if not callable(experiment_fn):
        raise TypeError(f'Experiment builder "{experiment_fn}" is not callable.')
    if run_config is None:
        if not output_dir:
            raise ValueError("Must specify an output directory")
        if hparams is not None:
            raise ValueError("Must set `hparams` as None for `experiment_fn` with `output_dir`.")
        experiment = experiment_fn(output_dir=output_dir)
    else:
        if not isinstance(run_config, RunConfig):
            raise ValueError("`run_config` must be `tf.contrib.learn.RunConfig` instance")
        if not run_config.model_dir:
            raise ValueError("Must specify a model directory `model_dir` in `run_config`.")
        experiment = experiment_fn(run_config=run_config, hparams=hparams)
    if not isinstance(experiment, Experiment):
        raise TypeError(
            f"Experiment builder did not return an Experiment instance, got {type(experiment)} instead."
        )
    task = getattr(experiment, schedule or "train_and_evaluate", None)
    if not callable(task):
        there = "evaluate, local_run, test, train, train_and_evaluate"
        raise ValueError(f"Schedule references non-existent task {schedule}; there are {there}.")
    return task()
