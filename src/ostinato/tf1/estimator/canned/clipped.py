"""An optimizer that clips gradients before it applies them; and an estimator that measures more."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from ...ops.nn import clip_by_global_norm
from ...optimizer import Optimizer
from ..estimator import Estimator
from ..specs import ModeKeys


class _Clipping(Optimizer):
    """Applies another optimizer to gradients of a largest norm."""

    def __init__(self, optimizer: Optimizer, clip_norm: float) -> None:
        super().__init__(use_locking=False, name=f"Clipping{optimizer.get_name()}")
        self._inner, self._clip_norm = optimizer, clip_norm

    def compute_gradients(self, *args: Any, **kwargs: Any) -> Any:
        return self._inner.compute_gradients(*args, **kwargs)

    def apply_gradients(self, grads_and_vars: Any, global_step: Any = None, name: str | None = None) -> Any:
        pairs = [(slope, variable) for slope, variable in grads_and_vars if slope is not None]
        slopes, _ = clip_by_global_norm([slope for slope, _ in pairs], self._clip_norm)
        variables = [variable for _, variable in pairs]
        return self._inner.apply_gradients(list(zip(slopes, variables, strict=True)), global_step, name)

    def get_slot(self, *args: Any, **kwargs: Any) -> Any:
        return self._inner.get_slot(*args, **kwargs)

    def get_slot_names(self, *args: Any, **kwargs: Any) -> Any:
        return self._inner.get_slot_names(*args, **kwargs)


def clip_gradients_by_norm(optimizer: Optimizer, clip_norm: float) -> Optimizer:
    """An optimizer whose gradients have a largest norm, all together (TF1 symbol:
    `tf.contrib.estimator.clip_gradients_by_norm`).
    """
    return _Clipping(optimizer, clip_norm)


def add_metrics(estimator: Estimator, metric_fn: Callable[..., Any]) -> Estimator:
    """An estimator that measures more (TF1 symbol: `tf.estimator.add_metrics`).

    Args:
        metric_fn: of those that it names of `features`, `labels`, `predictions` and `config`, a function that
            gives metrics by names.

    Raises:
        ValueError: it names others.
    """
    takes = set(inspect.signature(metric_fn).parameters)
    others = sorted(takes - {"features", "labels", "predictions", "config"})
    if others:
        raise ValueError(f"metric_fn ({metric_fn}) has following not expected args: {others}")

    def model_fn(features: Any, labels: Any, mode: str, config: Any) -> Any:
        spec = estimator.model_fn(features, labels, mode, config)
        if mode != ModeKeys.EVAL:
            return spec
        offered = {
            "features": features,
            "labels": labels,
            "predictions": spec.predictions,
            "config": config,
        }
        more = metric_fn(**{name: offered[name] for name in takes})
        return spec._replace(eval_metric_ops={**spec.eval_metric_ops, **more})

    return Estimator(model_fn, estimator.model_dir, estimator.config, warm_start_from=estimator._warm_start)
