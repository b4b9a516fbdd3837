"""`tf.estimator.Estimator`: a model function trained, evaluated and asked, each in a graph of its own."""

from __future__ import annotations

import copy
import inspect
import os
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

from .. import data, logging, metrics, summary
from ..checkpoint_hooks import CheckpointSaverHook
from ..checkpoint_management import latest_checkpoint
from ..checkpoint_reader import NewCheckpointReader
from ..checkpoint_utils import init_from_checkpoint
from ..global_step import create_global_step, global_step_read
from ..graph import Graph, GraphKeys, add_to_collection, device, get_collection, set_random_seed
from ..hooks import LoggingTensorHook, NanTensorHook, StopAtStepHook
from ..monitored_session import MonitoredSession, MonitoredTrainingSession
from ..saver import Saver
from ..scaffold import Scaffold
from ..session_run_hook import SessionRunHook
from ..session_wrappers import ChiefSessionCreator
from ..summary_messages import Summary
from ..summary_writer import FileWriterCache
from .specs import EstimatorSpec, ModeKeys, RunConfig, WarmStartSettings, all_updates


class _IteratorHook(SessionRunHook):
    """Begins the iterator of an input function's dataset with the session."""

    def __init__(self, iterator: Any) -> None:
        self._iterator = iterator

    def begin(self) -> None:
        self._initializer = self._iterator.initializer

    def after_create_session(self, session: Any, coord: Any) -> None:
        session.run(self._initializer)


class Estimator:
    """A model and what is done with it (TF1 symbol: `tf.estimator.Estimator`).

    Args:
        model_fn: `model_fn(features, labels, mode, params, config)`, of which it takes those that it names;
            it returns an `EstimatorSpec`.
        model_dir: the folder of checkpoints and summaries; a temporary one if it is None.
        config: a `RunConfig`.
        params: hyperparameters, handed to `model_fn`.
        warm_start_from: a checkpoint, its folder, or a `WarmStartSettings`.

    Raises:
        ValueError: `model_fn` takes no features or names arguments that it cannot be given.
    """

    def __init__(
        self,
        model_fn: Callable[..., EstimatorSpec],
        model_dir: str | None = None,
        config: RunConfig | None = None,
        params: Any = None,
        warm_start_from: Any = None,
    ) -> None:
        if model_fn is None:
            raise ValueError("model_fn must be provided to Estimator.")
        if config is not None and not isinstance(config, RunConfig):
            raise ValueError(f"config must be an instance of `RunConfig`, but provided {config}.")
        self._takes = _arguments_of(model_fn)
        if "features" not in self._takes:
            raise ValueError(f"model_fn ({model_fn}) must include features argument.")
        others = sorted(self._takes - {"features", "labels", "params", "self", "mode", "config"})
        if others and not isinstance(params, Mapping) and params is None:
            raise ValueError(f"model_fn ({model_fn}) has following not expected args: {others}")
        if params is not None and "params" not in self._takes:
            raise ValueError(
                f"model_fn ({model_fn}) does not include params argument, but params ({params}) is passed to "
                "Estimator."
            )
        given = (config or RunConfig()).replace()
        if model_dir is not None and given.model_dir is not None and model_dir != given.model_dir:
            raise ValueError(
                "`model_dir` are set both in constructor and `RunConfig`, but with different values. In "
                f"constructor: '{model_dir}', in `RunConfig`: '{given.model_dir}' "
            )
        folder = model_dir or given.model_dir
        if folder is None:
            folder = tempfile.mkdtemp()
            logging.warning("Using temporary folder as model directory: %s", folder)
        self._config = given.replace(model_dir=os.fspath(folder))
        self._model_fn, self._params = model_fn, copy.deepcopy(params if params is not None else {})
        self._warm_start = warm_start_from

    @property
    def model_dir(self) -> str:
        return str(self._config.model_dir)

    def eval_dir(self, name: str | None = None) -> str:
        """Where `evaluate(name=name)` writes its summaries."""
        return os.path.join(self.model_dir, f"eval_{name}" if name else "eval")

    @property
    def config(self) -> RunConfig:
        return copy.copy(self._config)

    @property
    def params(self) -> Any:
        return copy.deepcopy(self._params)

    @property
    def model_fn(self) -> Callable[..., EstimatorSpec]:
        """The model function, with the estimator's parameters."""

        def public_model_fn(features: Any, labels: Any, mode: str, config: Any = None) -> EstimatorSpec:
            return self._call_model_fn(features, labels, mode, config or self._config)

        return public_model_fn

    def latest_checkpoint(self) -> str | None:
        """The path of the latest checkpoint, or None."""
        return latest_checkpoint(self.model_dir)

    def get_variable_names(self) -> list[str]:
        """The names of all variables of the latest checkpoint."""
        return sorted(NewCheckpointReader(self._trained()).get_variable_to_shape_map())

    def get_variable_value(self, name: str) -> Any:
        """A variable's value in the latest checkpoint."""
        return NewCheckpointReader(self._trained()).get_tensor(name)

    def _trained(self) -> str:
        path = self.latest_checkpoint()
        if not path:
            raise ValueError(f"Could not find trained model in model_dir: {self.model_dir}.")
        return path

    # Training.

    def train(
        self,
        input_fn: Callable[..., Any],
        hooks: Any = None,
        steps: int | None = None,
        max_steps: int | None = None,
        saving_listeners: Any = None,
    ) -> Estimator:
        """Train until the input ends, for `steps` steps more, or up to `max_steps`.

        Raises:
            ValueError: both numbers are given, or one that is not positive.
        """
        if steps is not None and max_steps is not None:
            raise ValueError("Can not provide both steps and max_steps.")
        for name, number in (("steps", steps), ("max_steps", max_steps)):
            if number is not None and number <= 0:
                raise ValueError(f"Must specify {name} > 0, given: {number}")
        if max_steps is not None and self._saved_step() >= max_steps:
            logging.info("Skipping training since max_steps has already saved.")
            return self
        more = [*_hooks(hooks), *([StopAtStepHook(steps, max_steps)] if steps or max_steps else [])]
        loss = self._train(input_fn, more, list(saving_listeners or ()))
        logging.info("Loss for final step: %s.", loss)
        return self

    def _saved_step(self) -> int:
        path = self.latest_checkpoint()
        if path is None:
            return 0
        reader = NewCheckpointReader(path)
        return int(reader.get_tensor("global_step")) if reader.has_tensor("global_step") else 0

    def _train(self, input_fn: Callable[..., Any], hooks: list[Any], listeners: list[Any]) -> Any:
        config = self._config
        with Graph().as_default() as graph, device(config.device_fn):
            set_random_seed(config.tf_random_seed)
            counter = create_global_step(graph)
            global_step_read(graph)
            features, labels, input_hooks = self._features_and_labels(input_fn, ModeKeys.TRAIN)
            spec = self._call_model_fn(features, labels, ModeKeys.TRAIN, config)
            self._warm_start_variables()
            graph.add_to_collection(GraphKeys.LOSSES, spec.loss)
            if not any(
                each.op.name == "loss" for each in get_collection(GraphKeys.SUMMARIES) if hasattr(each, "op")
            ):
                summary.scalar("loss", spec.loss)
            logged = {"loss": spec.loss, "step": counter}
            watching: list[Any] = [NanTensorHook(spec.loss)]
            if config.log_step_count_steps:
                watching.append(LoggingTensorHook(logged, every_n_iter=config.log_step_count_steps))
            scaffold = spec.scaffold or Scaffold()
            if not (scaffold.saver or get_collection(GraphKeys.SAVERS)):
                saver = Saver(
                    sharded=True,
                    max_to_keep=config.keep_checkpoint_max,
                    keep_checkpoint_every_n_hours=config.keep_checkpoint_every_n_hours,
                    defer_build=True,
                    save_relative_paths=True,
                )
                add_to_collection(GraphKeys.SAVERS, saver)
            chief = list(spec.training_chief_hooks)
            everyone = [*input_hooks, *hooks, *watching, *spec.training_hooks]
            savers = [hook for hook in (*everyone, *chief) if isinstance(hook, CheckpointSaverHook)]
            if (config.save_checkpoints_secs or config.save_checkpoints_steps) and not savers:
                made = CheckpointSaverHook(
                    self.model_dir,
                    save_secs=config.save_checkpoints_secs,
                    save_steps=config.save_checkpoints_steps,
                    scaffold=scaffold,
                )
                chief.append(made)
                savers.append(made)
            if listeners:
                if not savers:
                    raise ValueError("There should be a CheckpointSaverHook to use saving_listeners.")
                savers[0]._listeners.extend(listeners)
            loss = None
            with MonitoredTrainingSession(
                checkpoint_dir=self.model_dir,
                scaffold=scaffold,
                hooks=everyone,
                chief_only_hooks=chief,
                save_checkpoint_secs=0,
                save_summaries_steps=config.save_summary_steps,
                config=config.session_config,
                log_step_count_steps=config.log_step_count_steps,
            ) as session:
                while not session.should_stop():
                    _, loss = session.run([spec.train_op, spec.loss])
            return loss

    def _warm_start_variables(self) -> None:
        """Give variables a checkpoint's values to begin with; a model trained here goes on instead."""
        settings = self._warm_start
        if settings is None or self.latest_checkpoint() is not None:
            return
        if not isinstance(settings, WarmStartSettings):
            settings = WarmStartSettings(ckpt_to_initialize_from=settings)
        from .warm_start import assignments

        found = assignments(settings)
        logging.info("Warm-starting from: %s", settings.ckpt_to_initialize_from)
        init_from_checkpoint(settings.ckpt_to_initialize_from, found)

    # Evaluating.

    def evaluate(
        self,
        input_fn: Callable[..., Any],
        steps: int | None = None,
        hooks: Any = None,
        checkpoint_path: str | None = None,
        name: str | None = None,
    ) -> dict[str, Any]:
        """The metrics over `steps` batches, or all: a dict, with `loss` and `global_step` (TF1 symbol:
        `tf.estimator.Estimator.evaluate`).

        Raises:
            ValueError: `steps` is not positive, or a metric is named as the loss.
        """
        if steps is not None and steps <= 0:
            raise ValueError(f"Must specify steps > 0, given: {steps}")
        path = checkpoint_path or self.latest_checkpoint()
        if not path:
            logging.info(
                "Could not find trained model in model_dir: %s, running initialization to evaluate.",
                self.model_dir,
            )
        with Graph().as_default() as graph, device(self._config.device_fn):
            set_random_seed(self._config.tf_random_seed)
            counter = create_global_step(graph)
            features, labels, input_hooks = self._features_and_labels(input_fn, ModeKeys.EVAL)
            spec = self._call_model_fn(features, labels, ModeKeys.EVAL, self._config)
            measured = self._with_loss(dict(spec.eval_metric_ops), spec.loss)
            if "global_step" in measured:
                raise ValueError(
                    "Metric with name `global_step` is not allowed, because Estimator already defines a "
                    "default metric with the same name."
                )
            update = all_updates(measured)
            wanted = {key: value for key, (value, _) in measured.items()}
            wanted["global_step"] = counter
            logging.info("Starting evaluation at %s", _clock())
            creator = ChiefSessionCreator(
                scaffold=spec.scaffold, checkpoint_filename_with_path=path, config=self._config.session_config
            )
            results: dict[str, Any] = {}
            final = _FinalValues(wanted, results)
            every = [*input_hooks, *_hooks(hooks), *spec.evaluation_hooks, final]
            with MonitoredSession(session_creator=creator, hooks=every) as session:
                done = 0
                while not session.should_stop() and (steps is None or done < steps):
                    session.run(update)
                    done += 1
                    if steps is not None and done in {max(1, steps * part // 10) for part in range(1, 11)}:
                        logging.info("Evaluation [%d/%d]", done, steps)
            logging.info("Finished evaluation at %s", _clock())
            self._write_summary(results, name, path)
            return results

    @staticmethod
    def _with_loss(measured: dict[str, Any], loss: Any) -> dict[str, Any]:
        if "loss" in measured:
            raise ValueError(
                'Metric with name "loss" is not allowed, because Estimator already defines a default '
                "metric with the same name."
            )
        return {**measured, "loss": metrics.mean(loss)}

    def _write_summary(self, results: dict[str, Any], name: str | None, path: str | None) -> None:
        folder = self.eval_dir(name)
        step = int(results.get("global_step", 0))
        shown = ", ".join(f"{key} = {value!s}" for key, value in sorted(results.items()))
        logging.info("Saving dict for global step %d: %s", step, shown)
        message = Summary()
        for key, value in results.items():
            if key != "global_step" and np.ndim(value) == 0 and np.asarray(value).dtype.kind in "fiu":
                message.value.add(tag=key, simple_value=float(value))
        if path:
            logging.info("Saving 'checkpoint_path' summary for global step %d: %s", step, path)
        writer = FileWriterCache.get(folder)
        writer.add_summary(message, step)
        writer.flush()

    # Predicting.

    def predict(
        self,
        input_fn: Callable[..., Any],
        predict_keys: Any = None,
        hooks: Any = None,
        checkpoint_path: str | None = None,
        yield_single_examples: bool = True,
    ) -> Iterator[Any]:
        """What the model predicts, example by example (TF1 symbol: `tf.estimator.Estimator.predict`).

        Raises:
            ValueError: there are no predictions of these keys, or batches of different lengths.
        """
        path = checkpoint_path or self.latest_checkpoint()
        if not path:
            logging.info(
                "Could not find trained model in model_dir: %s, running initialization to predict.",
                self.model_dir,
            )
        with Graph().as_default() as graph, device(self._config.device_fn):
            set_random_seed(self._config.tf_random_seed)
            create_global_step(graph)
            features, _, input_hooks = self._features_and_labels(input_fn, ModeKeys.PREDICT)
            spec = self._call_model_fn(features, None, ModeKeys.PREDICT, self._config)
            wanted = _chosen(spec.predictions, predict_keys)
            creator = ChiefSessionCreator(
                scaffold=spec.scaffold, checkpoint_filename_with_path=path, config=self._config.session_config
            )
            every = [*input_hooks, *_hooks(hooks), *spec.prediction_hooks]
            with MonitoredSession(session_creator=creator, hooks=every) as session:
                while not session.should_stop():
                    values = session.run(wanted)
                    if not yield_single_examples:
                        yield values
                    elif not isinstance(values, dict):
                        yield from values
                    else:
                        for row in range(_rows(values)):
                            yield {key: value[row] for key, value in values.items()}

    def export_saved_model(
        self, export_dir_base: str, serving_input_receiver_fn: Any, *args: Any, **kwargs: Any
    ) -> bytes:
        """Write the trained model for serving (TF1 symbol: `tf.estimator.Estimator.export_saved_model`)."""
        from .export import export

        return export(self, export_dir_base, serving_input_receiver_fn, *args, **kwargs)

    export_savedmodel = export_saved_model

    # What the three have in common.

    def _features_and_labels(self, input_fn: Callable[..., Any], mode: str) -> tuple[Any, Any, list[Any]]:
        takes = _arguments_of(input_fn)
        given: dict[str, Any] = {"mode": mode} if "mode" in takes else {}
        given.update({"params": self.params} if "params" in takes else {})
        given.update({"config": self.config} if "config" in takes else {})
        with device("/cpu:0"):
            made = input_fn(**given)
            hooks: list[Any] = []
            if isinstance(made, data.Dataset):
                iterator = made.make_initializable_iterator()
                hooks.append(_IteratorHook(iterator))
                made = iterator.get_next()
        if isinstance(made, (list, tuple)):
            if len(made) != 2 and mode != ModeKeys.PREDICT:
                raise ValueError("input_fn should return (features, labels) as a len 2 tuple.")
            if len(made) == 2:
                return made[0], made[1], hooks
            return made[0], None, hooks
        return made, None, hooks

    def _call_model_fn(self, features: Any, labels: Any, mode: str, config: Any) -> EstimatorSpec:
        given: dict[str, Any] = {}
        if "labels" in self._takes:
            given["labels"] = labels
        elif labels is not None:
            raise ValueError("model_fn does not take labels, but input_fn returns labels.")
        given.update({"mode": mode} if "mode" in self._takes else {})
        given.update({"params": self.params} if "params" in self._takes else {})
        given.update({"config": config} if "config" in self._takes else {})
        logging.info("Calling model_fn.")
        spec = self._model_fn(features=features, **given)
        logging.info("Done calling model_fn.")
        if not isinstance(spec, EstimatorSpec):
            raise ValueError("model_fn should return an EstimatorSpec.")
        return spec


class _FinalValues(SessionRunHook):
    """Reads metrics when the session ends."""

    def __init__(self, wanted: dict[str, Any], results: dict[str, Any]) -> None:
        self._wanted, self._results = wanted, results

    def end(self, session: Any) -> None:
        self._results.update(session.run(self._wanted))


def _arguments_of(function: Any) -> set[str]:
    """The names of a function's arguments, those of a partial and of an object's call too."""
    try:
        return set(inspect.signature(function).parameters)
    except (TypeError, ValueError):
        return set()


def _hooks(hooks: Any) -> list[Any]:
    found = list(hooks or ())
    for hook in found:
        if not isinstance(hook, SessionRunHook):
            raise TypeError(f"All hooks must be SessionRunHook instances, given: {hook}")
    return found


def _chosen(predictions: Any, keys: Any) -> Any:
    if not keys:
        return predictions
    if not isinstance(predictions, dict):
        raise ValueError("predict_keys argument is not valid in case of non-dict predictions.")
    names = [keys] if isinstance(keys, str) else list(keys)
    chosen = {key: value for key, value in predictions.items() if key in names}
    if not chosen:
        raise ValueError(f"Expected to run at least one output from {list(predictions)}, provided {names}.")
    return chosen


def _rows(values: dict[str, Any]) -> int:
    lengths = {key: len(value) for key, value in values.items()}
    if len(set(lengths.values())) > 1:
        raise ValueError(f"Batch length of predictions should be same. They are {lengths}.")
    return next(iter(lengths.values()))


def _clock() -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.localtime())
