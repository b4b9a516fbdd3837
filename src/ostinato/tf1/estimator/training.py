"""`tf.estimator.train_and_evaluate`: training with evaluations in between, in one process."""

from __future__ import annotations

from typing import Any

from ..checkpoint_hooks import CheckpointSaverListener
from ..hooks import SecondOrStepTimer
from .specs import EvalSpec, TrainSpec


class _EvaluationListener(CheckpointSaverListener):
    """Evaluates each checkpoint, at most once in `throttle_secs`, and exports what was evaluated."""

    def __init__(self, evaluate: Any, export: Any, throttle_secs: float) -> None:
        self._evaluate, self._export = evaluate, export
        self.exported: list[Any] = []
        self._timer = SecondOrStepTimer(every_secs=throttle_secs) if throttle_secs else None
        self.result: Any = None
        self.evaluated: int | None = None
        self._is_first = True

    def begin(self) -> None:
        self._is_first = True

    def after_save(self, session: Any, global_step_value: Any) -> None:
        # The first checkpoint is the beginning: there is nothing to tell of it yet.
        due = self._timer is None or self._timer.should_trigger_for_step(global_step_value)
        if due and self._timer is not None:
            self._timer.update_last_triggered_step(global_step_value)
        if due and not self._is_first:
            self._now(global_step_value)
        self._is_first = False

    def end(self, session: Any, global_step_value: Any) -> None:
        if self.evaluated != int(global_step_value):
            self._now(global_step_value)

    def _now(self, global_step_value: Any) -> None:
        self.evaluated = int(global_step_value)
        self.result = self._evaluate()
        self.exported = self._export(self.result, self.evaluated)


def train_and_evaluate(estimator: Any, train_spec: TrainSpec, eval_spec: EvalSpec) -> tuple[Any, list[Any]]:
    """Train, and evaluate the checkpoints as they are saved (TF1 symbol:
    `tf.estimator.train_and_evaluate`).

    Returns:
        The metrics of the last evaluation, and what each exporter gave.

    Raises:
        TypeError: an argument of a wrong kind.
    """
    if not isinstance(train_spec, TrainSpec):
        raise TypeError(f"`train_spec` must be a `tf.estimator.TrainSpec`, given {type(train_spec)}")
    if not isinstance(eval_spec, EvalSpec):
        raise TypeError(f"`eval_spec` must be a `tf.estimator.EvalSpec`, given {type(eval_spec)}")

    def evaluate() -> Any:
        return estimator.evaluate(
            eval_spec.input_fn, steps=eval_spec.steps, hooks=eval_spec.hooks, name=eval_spec.name
        )

    def export(result: Any, step: int) -> list[Any]:
        return [
            exporter.export(
                estimator=estimator,
                export_path=f"{estimator.model_dir}/export/{exporter.name}",
                checkpoint_path=estimator.latest_checkpoint(),
                eval_result=result,
                is_the_final_export=train_spec.max_steps is not None and step >= train_spec.max_steps,
            )
            for exporter in eval_spec.exporters
        ]

    listener = _EvaluationListener(evaluate, export, eval_spec.throttle_secs)
    estimator.train(
        train_spec.input_fn,
        hooks=train_spec.hooks,
        max_steps=train_spec.max_steps,
        saving_listeners=[*train_spec.saving_listeners, listener],
    )
    return listener.result, listener.exported
