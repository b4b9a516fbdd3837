"""What a model function of `tf.contrib.learn` is called for, and what it returns."""

from __future__ import annotations

import collections
from typing import Any

from ...estimator import EstimatorSpec
from ...graph import Operation
from ...ops.array import reshape
from ...ops.control import no_op
from ...ops.core import convert_to_tensor
from ...session_run_hook import SessionRunHook
from ...sparse_tensor import SparseTensor


class ModeKeys:
    """What a model is made for (TF1 symbol: `tf.contrib.learn.ModeKeys`)."""

    TRAIN = "train"
    EVAL = "eval"
    INFER = "infer"

    @classmethod
    def validate(cls, key: str) -> None:
        """Raise a ValueError for what is no mode."""
        if key not in (cls.TRAIN, cls.EVAL, cls.INFER):
            raise ValueError(f"Invalid mode {key}.")


def _tensor(value: Any) -> Any:
    return value if isinstance(value, SparseTensor) else convert_to_tensor(value)


class ModelFnOps(
    collections.namedtuple(
        "ModelFnOps",
        "predictions loss train_op eval_metric_ops output_alternatives training_chief_hooks training_hooks "
        "scaffold mode",
    )
):
    """What a model function returns (TF1 symbol: `tf.contrib.learn.ModelFnOps`).

    Raises:
        ValueError: what the mode needs is missing, or the loss is more than one number.
        TypeError: a hook that is none.
    """

    def __new__(
        cls,
        mode: str,
        predictions: Any = None,
        loss: Any = None,
        train_op: Any = None,
        eval_metric_ops: dict[str, Any] | None = None,
        output_alternatives: Any = None,
        training_chief_hooks: Any = None,
        training_hooks: Any = None,
        scaffold: Any = None,
    ) -> ModelFnOps:
        ModeKeys.validate(mode)
        if train_op is None:
            if mode == ModeKeys.TRAIN:
                raise ValueError("Missing train_op.")
        elif not isinstance(train_op, Operation):
            train_op = convert_to_tensor(train_op).op
        if loss is None:
            if mode in (ModeKeys.TRAIN, ModeKeys.EVAL):
                raise ValueError("Missing loss.")
        else:
            loss = convert_to_tensor(loss)
            if loss.shape.num_elements() not in (None, 1):
                raise ValueError(f"Loss must be scalar: {loss}.")
            if loss.shape.ndims:
                loss = reshape(loss, [])
        if predictions is None:
            if mode in (ModeKeys.INFER, ModeKeys.EVAL):
                raise ValueError("Missing predictions.")
        elif isinstance(predictions, dict):
            predictions = {key: _tensor(value) for key, value in predictions.items()}
        else:
            predictions = _tensor(predictions)
        if eval_metric_ops is not None and not isinstance(eval_metric_ops, dict):
            raise ValueError("eval_metric_ops must be a dict.")
        hooks = list(training_hooks or [])
        chief_hooks = list(training_chief_hooks or [])
        for hook in hooks + chief_hooks:
            if not isinstance(hook, SessionRunHook):
                raise TypeError(
                    "All hooks returned from model_fn must be SessionRunHook instances, got instance of "
                    f"{type(hook)}: {hook}"
                )
        return super().__new__(
            cls,
            predictions=predictions,
            loss=loss,
            train_op=train_op,
            eval_metric_ops={} if eval_metric_ops is None else eval_metric_ops,
            output_alternatives=output_alternatives,
            training_chief_hooks=chief_hooks,
            training_hooks=hooks,
            scaffold=scaffold,
            mode=mode,
        )

    def estimator_spec(self, default_serving_output_alternative_key: str | None = None) -> EstimatorSpec:
        """The same for a `tf.estimator.Estimator`; its metrics without the loss, which that adds itself.

        Raises:
            ValueError: there are alternatives of outputs: they are for serving, which is not served here.
        """
        if self.output_alternatives:
            raise ValueError(
                "output_alternatives are not exported here: return ModelFnOps without them, or export with "
                "tf.estimator.Estimator.export_saved_model."
            )
        return self._specification({k: v for k, v in self.eval_metric_ops.items() if k != "loss"})

    def _specification(self, metrics: dict[str, Any]) -> EstimatorSpec:
        # A metric that is one tensor is its value: there is nothing to update.
        pairs = {
            name: tuple(metric) if isinstance(metric, (list, tuple)) else (metric, no_op())
            for name, metric in metrics.items()
        }
        return EstimatorSpec(
            mode=self.mode,
            predictions=self.predictions,
            loss=self.loss,
            train_op=self.train_op,
            eval_metric_ops=pairs,
            training_chief_hooks=self.training_chief_hooks,
            training_hooks=self.training_hooks,
            scaffold=self.scaffold,
        )
