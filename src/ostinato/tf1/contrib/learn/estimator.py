"""`tf.contrib.learn.Estimator`: `tf.estimator.Estimator` as it was before, with arrays for input."""

from __future__ import annotations

import inspect
import os
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np

from ... import estimator as core
from ...checkpoint_management import latest_checkpoint
from ...graph import GraphKeys, get_collection
from ...hooks import FeedFnHook
from ...ops.core import placeholder
from ...sparse_tensor import SparseTensor
from .feeding import DataFeeder, check_inputs
from .metric_spec import measured
from .model_fn import ModeKeys, ModelFnOps
from .monitors import replace_monitors_with_hooks
from .run_config import RunConfig


class _Core(core.Estimator):
    """An estimator whose model may measure the loss itself."""

    @staticmethod
    def _with_loss(measured: dict[str, Any], loss: Any) -> dict[str, Any]:
        return measured if "loss" in measured else core.Estimator._with_loss(measured, loss)


class NotFittedError(ValueError, AttributeError):
    """A model is asked before it was trained (TF1 symbol: `tf.contrib.learn.NotFittedError`)."""


def _arguments(function: Any) -> list[str]:
    if isinstance(function, partial):
        return [
            name for name in _arguments(function.func)[len(function.args) :] if name not in function.keywords
        ]
    return list(inspect.signature(function).parameters)


def _placeholders(labels: Any) -> Any:
    """Of labels seen in training, placeholders of as many rows as may be."""
    if isinstance(labels, dict):
        return {key: _placeholders(value) for key, value in labels.items()}
    if labels is None:
        return None
    dtype, shape = labels
    return placeholder(dtype, None if shape is None else [None, *shape[1:]])


def _signature(labels: Any) -> Any:
    if isinstance(labels, dict):
        return {key: _signature(value) for key, value in labels.items()}
    if labels is None or isinstance(labels, SparseTensor):
        return None
    return labels.dtype, None if labels.shape.ndims is None else labels.shape.as_list()


class Estimator:
    """A model and what is done with it (TF1 symbol: `tf.contrib.learn.Estimator`).

    Args:
        model_fn: `model_fn(features, labels)`, and whichever of `mode`, `params`, `config` and `model_dir` it
            names; it returns `(predictions, loss, train_op)` or a `ModelFnOps`.
        model_dir: the folder of checkpoints and summaries; a temporary one if it is None.
        config: a `tf.contrib.learn.RunConfig`.
        params: hyperparameters, handed to `model_fn`.
        feature_engineering_fn: alters features and labels before the model gets them.

    Raises:
        ValueError: `params` are given but not taken, or two folders.
    """

    def __init__(
        self,
        model_fn: Callable[..., Any] | None = None,
        model_dir: str | None = None,
        config: Any = None,
        params: Any = None,
        feature_engineering_fn: Callable[..., Any] | None = None,
    ) -> None:
        if model_fn is None:
            raise ValueError("model_fn must be provided to Estimator.")
        if params is not None and "params" not in _arguments(model_fn):
            raise ValueError(
                f"Estimator's model_fn ({model_fn}) does not have a params argument, but params ({params}) "
                "were passed to the Estimator's constructor."
            )
        self._model_fn, self.params = model_fn, params
        self._engineer = feature_engineering_fn
        self._labels: Any = None
        self._config = config or RunConfig()
        # The folder is chosen once: by the estimator below.
        self._config = self._core(model_dir=model_dir).config

    def _core(self, metrics: Any = None, model_dir: str | None = None) -> _Core:
        """An estimator that does the work, with a model function of its kind."""
        return _Core(
            lambda features, labels, mode: self._specification(features, labels, mode, metrics),
            model_dir=model_dir,
            config=self._config,
        )

    def _specification(self, features: Any, labels: Any, mode: str, metrics: Any) -> Any:
        if mode == ModeKeys.INFER:
            labels = _placeholders(self._labels)
        else:
            self._labels = _signature(labels)
        made = self._call_model_fn(features, labels, mode)
        found = dict(made.eval_metric_ops)
        if metrics:
            found.update(measured(metrics, features, labels, made.predictions))
        return made._specification(found)

    def _call_model_fn(self, features: Any, labels: Any, mode: str, config: Any = None) -> ModelFnOps:
        if self._engineer is not None:
            features, labels = self._engineer(features, labels)
        offered = {
            "mode": mode,
            "params": self.params,
            "config": config or self.config,
            "model_dir": self.model_dir,
        }
        takes = _arguments(self._model_fn)
        result = self._model_fn(features, labels, **{k: v for k, v in offered.items() if k in takes})
        if isinstance(result, ModelFnOps):
            return result
        if not isinstance(result, (tuple, list)) or len(result) != 3:
            raise ValueError(
                "Unrecognized value returned by model_fn, please return ModelFnOps, or a tuple of "
                f"predictions, loss and train_op; given: {result}."
            )
        return ModelFnOps(mode=mode, predictions=result[0], loss=result[1], train_op=result[2])

    @property
    def model_fn(self) -> Callable[..., ModelFnOps]:
        """The model function, of features, labels, mode and config."""
        return self._call_model_fn

    @property
    def model_dir(self) -> str:
        return str(self._config.model_dir)

    @property
    def config(self) -> Any:
        return self._config.replace()

    def get_variable_names(self) -> list[str]:
        """The names of all variables of the latest checkpoint."""
        return self._core().get_variable_names()

    def get_variable_value(self, name: str) -> Any:
        """A variable's value in the latest checkpoint."""
        return self._core().get_variable_value(name)

    def fit(
        self,
        x: Any = None,
        y: Any = None,
        input_fn: Any = None,
        steps: int | None = None,
        batch_size: int | None = None,
        monitors: Any = None,
        max_steps: int | None = None,
    ) -> Estimator:
        """Train on arrays, or on what an input function gives: until its end, for `steps` steps more, or up
        to `max_steps`.

        Raises:
            ValueError: both arrays and an input function, or neither; both numbers of steps.
        """
        if steps is not None and max_steps is not None:
            raise ValueError("Can not provide both steps and max_steps.")
        check_inputs(x, y, input_fn, None, batch_size)
        if x is not None:
            SKCompat(self).fit(x, y, batch_size, steps, max_steps, monitors)
            return self
        hooks = replace_monitors_with_hooks(monitors, self)
        self._core().train(input_fn, hooks=hooks, steps=steps, max_steps=max_steps)
        return self

    def partial_fit(
        self,
        x: Any = None,
        y: Any = None,
        input_fn: Callable[..., Any] | None = None,
        steps: int | None = 1,
        batch_size: int | None = None,
        monitors: Any = None,
    ) -> Estimator:
        """As `fit`, for one step unless told otherwise."""
        return self.fit(x, y, input_fn, steps, batch_size, monitors)

    def evaluate(
        self,
        x: Any = None,
        y: Any = None,
        input_fn: Callable[..., Any] | None = None,
        feed_fn: Callable[[], Any] | None = None,
        batch_size: int | None = None,
        steps: int | None = None,
        metrics: Any = None,
        name: str | None = None,
        checkpoint_path: str | None = None,
        hooks: Any = None,
        log_progress: bool = True,
    ) -> dict[str, Any]:
        """The metrics over `steps` batches, or all; a dict, with `loss` and `global_step`.

        Args:
            metrics: by their names, `MetricSpec`s or functions of predictions and labels.

        Raises:
            NotFittedError: the model was not trained.
            ValueError: both arrays and an input function, or neither; `metrics` that are no dict.
        """
        check_inputs(x, y, input_fn, feed_fn, batch_size)
        if x is not None:
            return SKCompat(self).score(x, y, batch_size, steps, metrics, name)
        return self._evaluated(input_fn, feed_fn, steps, metrics, name, checkpoint_path, hooks)

    def _evaluated(
        self,
        input_fn: Any,
        feed_fn: Any,
        steps: int | None,
        metrics: Any,
        name: str | None,
        checkpoint_path: str | None = None,
        hooks: Any = None,
    ) -> dict[str, Any]:
        if metrics is not None and not isinstance(metrics, dict):
            raise ValueError(f"Metrics argument should be None or dict. Got {metrics}.")
        path = checkpoint_path or self._trained()
        every = [*(hooks or []), *([FeedFnHook(feed_fn)] if feed_fn else [])]
        return self._core(metrics).evaluate(input_fn, steps or None, every, path, name)

    def _trained(self) -> str:
        path = latest_checkpoint(self.model_dir)
        if not path:
            raise NotFittedError(f"Couldn't find trained model at {self.model_dir}.")
        return path

    def predict(
        self,
        x: Any = None,
        input_fn: Callable[..., Any] | None = None,
        batch_size: int | None = None,
        outputs: Any = None,
        as_iterable: bool = True,
        iterate_batches: bool = False,
    ) -> Any:
        """What the model predicts: example by example, batch by batch, or as one array.

        Raises:
            NotFittedError: the model was not trained.
            ValueError: both an array and an input function, or neither; no such outputs.
        """
        check_inputs(x, None, input_fn, None, batch_size)
        if x is None:
            if as_iterable:
                return self._predicted(input_fn, None, outputs, iterate_batches)
            return next(self._predicted(input_fn, None, outputs, True), None)
        if not as_iterable:
            return SKCompat(self).predict(x, batch_size, outputs)
        feeder = DataFeeder(x, None, batch_size)
        return self._predicted(feeder.input_fn, feeder.feed, outputs, iterate_batches)

    def _predicted(self, input_fn: Any, feed_fn: Any, outputs: Any, in_batches: bool) -> Iterator[Any]:
        path = self._trained()
        is_endless = feed_fn is None

        def features_of() -> Any:
            nonlocal is_endless
            made = input_fn()
            given = made[0] if isinstance(made, (list, tuple)) else made
            # Without a queue the same features would come for ever.
            is_endless = is_endless and not get_collection(GraphKeys.QUEUE_RUNNERS)
            is_endless = is_endless and not hasattr(given, "make_initializable_iterator")
            return given

        hooks = [FeedFnHook(feed_fn)] if feed_fn else None
        batches = self._core().predict(features_of, outputs, hooks, path, yield_single_examples=False)
        return self._examples(batches, lambda: is_endless, in_batches)

    @staticmethod
    def _examples(batches: Iterator[Any], is_endless: Callable[[], bool], in_batches: bool) -> Iterator[Any]:
        for batch in batches:
            if in_batches:
                yield batch
            elif isinstance(batch, dict):
                for row in range(len(next(iter(batch.values())))):
                    yield {key: value[row] for key, value in batch.items()}
            else:
                yield from batch
            if is_endless():
                return

    def export(self, export_dir: Any, *args: Any, **kwargs: Any) -> None:
        """Refused.

        Raises:
            NotImplementedError: always, with what to use instead.
        """
        raise NotImplementedError(
            f"tf.contrib.learn's export (to {os.fspath(export_dir)!r}) is not served here: read the latest "
            f"checkpoint in {self.model_dir!r} with tf.train.Saver, or export with "
            "tf.estimator.Estimator.export_saved_model."
        )

    export_savedmodel = export


class SKCompat:
    """An estimator of arrays alone, as scikit-learn's (TF1 symbol: `tf.contrib.learn.SKCompat`)."""

    def __init__(self, estimator: Estimator) -> None:
        self._estimator = estimator

    def fit(
        self,
        x: Any,
        y: Any,
        batch_size: int | None = 128,
        steps: int | None = None,
        max_steps: int | None = None,
        monitors: Any = None,
    ) -> SKCompat:
        """Train on batches of the rows in random order, over and over."""
        feeder = DataFeeder(x, y, batch_size, shuffle=True, epochs=None)
        hooks = [FeedFnHook(feeder.feed), *(monitors or [])]
        self._estimator.fit(input_fn=feeder.input_fn, steps=steps, max_steps=max_steps, monitors=hooks)
        return self

    def score(
        self,
        x: Any,
        y: Any,
        batch_size: int | None = 128,
        steps: int | None = None,
        metrics: Any = None,
        name: str | None = None,
    ) -> dict[str, Any]:
        """The metrics over the rows."""
        feeder = DataFeeder(x, y, batch_size)
        return self._estimator._evaluated(feeder.input_fn, feeder.feed, steps, metrics, name)

    def predict(self, x: Any, batch_size: int | None = 128, outputs: Any = None) -> Any:
        """The predictions of all rows: an array, or several by names."""
        feeder = DataFeeder(x, None, batch_size)
        found = list(self._estimator._predicted(feeder.input_fn, feeder.feed, outputs, in_batches=True))
        if not isinstance(found[0], dict):
            return np.concatenate(found)
        return {key: np.concatenate([batch[key] for batch in found]) for key in found[0]}
