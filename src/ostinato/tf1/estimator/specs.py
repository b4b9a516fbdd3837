"""What an estimator is told: modes, what a model function returns, how to run, train and evaluate."""

from __future__ import annotations

import collections
from collections.abc import Mapping
from typing import Any

from ..graph import get_default_graph
from ..ops.control import group
from ..options import ConfigProto
from ..tensor import Operation, Tensor
from ..variables import Variable


class ModeKeys:
    """What a model function is called for (TF1 symbol: `tf.estimator.ModeKeys`)."""

    TRAIN = "train"
    EVAL = "eval"
    PREDICT = "infer"


class EstimatorSpec(
    collections.namedtuple(
        "EstimatorSpec",
        "mode predictions loss train_op eval_metric_ops export_outputs training_chief_hooks training_hooks "
        "scaffold evaluation_hooks prediction_hooks",
    )
):
    """What a model function returns (TF1 symbol: `tf.estimator.EstimatorSpec`).

    Raises:
        ValueError: what the mode needs is missing, or of another graph.
        TypeError: an argument of a wrong kind.
    """

    def __new__(
        cls,
        mode: str,
        predictions: Any = None,
        loss: Any = None,
        train_op: Any = None,
        eval_metric_ops: Any = None,
        export_outputs: Any = None,
        training_chief_hooks: Any = None,
        training_hooks: Any = None,
        scaffold: Any = None,
        evaluation_hooks: Any = None,
        prediction_hooks: Any = None,
    ) -> EstimatorSpec:
        if mode == ModeKeys.TRAIN and train_op is None:
            raise ValueError("Missing train_op.")
        if mode in (ModeKeys.TRAIN, ModeKeys.EVAL) and loss is None:
            raise ValueError("Missing loss.")
        if mode == ModeKeys.PREDICT and predictions is None:
            raise ValueError("Missing predictions.")
        if loss is not None:
            loss = _checked_loss(loss)
        if train_op is not None and not isinstance(train_op, (Tensor, Operation, Variable)):
            raise TypeError(f"train_op must be Operation or Tensor, given: {train_op!r}")
        for name, pair in _items(eval_metric_ops):
            if not isinstance(pair, tuple) or len(pair) != 2:
                raise TypeError(
                    "Values of eval_metric_ops must be (metric_value, update_op) tuples, given: "
                    f"{pair} for key: {name}"
                )
        if (
            mode == ModeKeys.PREDICT
            and export_outputs is not None
            and not isinstance(export_outputs, Mapping)
        ):
            raise TypeError(f"export_outputs must be dict, given: {export_outputs}")
        fields = {
            "mode": mode,
            "predictions": {} if predictions is None else predictions,
            "loss": loss,
            "train_op": train_op,
            "eval_metric_ops": dict(eval_metric_ops or {}),
            "export_outputs": export_outputs,
            "training_chief_hooks": tuple(training_chief_hooks or ()),
            "training_hooks": tuple(training_hooks or ()),
            "scaffold": scaffold,
            "evaluation_hooks": tuple(evaluation_hooks or ()),
            "prediction_hooks": tuple(prediction_hooks or ()),
        }
        return super().__new__(cls, **fields)


def _items(mapping: Any) -> Any:
    if mapping is not None and not isinstance(mapping, Mapping):
        raise TypeError(f"eval_metric_ops must be a dict, given: {mapping}")
    return (mapping or {}).items()


def _checked_loss(loss: Any) -> Any:
    """The loss as a scalar.

    Raises:
        TypeError: it is no tensor.
        ValueError: it is more than one number, or of another graph.
    """
    if isinstance(loss, Variable):
        loss = loss.value()
    if not isinstance(loss, Tensor):
        raise TypeError(f"loss must be Tensor, given: {loss}")
    if loss.graph is not get_default_graph():
        raise ValueError("Loss must be from the default graph.")
    shape = loss.shape
    if shape.ndims is not None and shape.num_elements() not in (None, 1):
        raise ValueError(f"Loss must be scalar, given: {loss}")
    if shape.ndims:
        from ..ops.array import reshape

        loss = reshape(loss, [])
    return loss


class RunConfig:
    """How an estimator runs (TF1 symbol: `tf.estimator.RunConfig`): one process, on this machine.

    Raises:
        ValueError: an argument that makes no sense, or one of a cluster.
    """

    def __init__(
        self,
        model_dir: str | None = None,
        tf_random_seed: int | None = None,
        save_summary_steps: int | None = 100,
        save_checkpoints_steps: Any = "default",
        save_checkpoints_secs: Any = "default",
        session_config: ConfigProto | None = None,
        keep_checkpoint_max: int | None = 5,
        keep_checkpoint_every_n_hours: float = 10000,
        log_step_count_steps: int | None = 100,
        train_distribute: Any = None,
        device_fn: Any = None,
        protocol: Any = None,
        eval_distribute: Any = None,
        experimental_distribute: Any = None,
        experimental_max_worker_delay_secs: Any = None,
        session_creation_timeout_secs: float = 7200,
    ) -> None:
        if any(each is not None for each in (train_distribute, eval_distribute, experimental_distribute)):
            raise ValueError("There is no distribution here: RunConfig takes no distribution strategy.")
        if save_checkpoints_steps == "default" and save_checkpoints_secs == "default":
            save_checkpoints_steps, save_checkpoints_secs = None, 600
        elif save_checkpoints_secs == "default":
            save_checkpoints_secs = None
        elif save_checkpoints_steps == "default":
            save_checkpoints_steps = None
        elif save_checkpoints_steps is not None and save_checkpoints_secs is not None:
            raise ValueError("Can not provide both save_checkpoints_steps and save_checkpoints_secs.")
        if model_dir == "":
            raise ValueError("model_dir should be non-empty")
        self.model_dir = model_dir
        self.tf_random_seed = tf_random_seed
        self.save_summary_steps = _positive("save_summary_steps", save_summary_steps, 0)
        self.save_checkpoints_steps = _positive("save_checkpoints_steps", save_checkpoints_steps, 0)
        self.save_checkpoints_secs = _positive("save_checkpoints_secs", save_checkpoints_secs, 0)
        self.session_config = session_config
        self.keep_checkpoint_max = _positive("keep_checkpoint_max", keep_checkpoint_max, 0)
        self.keep_checkpoint_every_n_hours = keep_checkpoint_every_n_hours
        self.log_step_count_steps = _positive("log_step_count_steps", log_step_count_steps, 1)
        self.device_fn, self.protocol = device_fn, protocol
        self.session_creation_timeout_secs = session_creation_timeout_secs
        self.train_distribute = self.eval_distribute = None
        self.cluster_spec: dict[str, Any] = {}
        self.task_type, self.task_id, self.global_id_in_cluster = "worker", 0, 0
        self.is_chief, self.num_ps_replicas, self.num_worker_replicas = True, 0, 1
        self.master = self.evaluation_master = ""
        self.service = None

    def replace(self, **kwargs: Any) -> RunConfig:
        """A copy with other values."""
        unknown = [name for name in kwargs if name not in vars(self)]
        if unknown:
            raise ValueError(f"Replacing {unknown[0]} is not supported: a RunConfig has no such property.")
        copied = type(self).__new__(type(self))
        vars(copied).update(vars(self))
        if "save_checkpoints_steps" in kwargs and "save_checkpoints_secs" not in kwargs:
            kwargs["save_checkpoints_secs"] = None
        elif "save_checkpoints_secs" in kwargs and "save_checkpoints_steps" not in kwargs:
            kwargs["save_checkpoints_steps"] = None
        vars(copied).update(kwargs)
        return copied


def _positive(name: str, value: Any, least: int) -> Any:
    if value is not None and value < least:
        raise ValueError(f"{name} should be >= {least}")
    return value


class TrainSpec(collections.namedtuple("TrainSpec", "input_fn max_steps hooks saving_listeners")):
    """What `train_and_evaluate` trains (TF1 symbol: `tf.estimator.TrainSpec`)."""

    def __new__(
        cls, input_fn: Any, max_steps: int | None = None, hooks: Any = None, saving_listeners: Any = None
    ) -> TrainSpec:
        if not callable(input_fn):
            raise TypeError(f"`input_fn` must be callable, given: {input_fn}")
        if max_steps is not None and max_steps <= 0:
            raise ValueError(f"Must specify max_steps > 0, given: {max_steps}")
        return super().__new__(cls, input_fn, max_steps, tuple(hooks or ()), tuple(saving_listeners or ()))


class EvalSpec(
    collections.namedtuple("EvalSpec", "input_fn steps name hooks exporters start_delay_secs throttle_secs")
):
    """What `train_and_evaluate` evaluates (TF1 symbol: `tf.estimator.EvalSpec`)."""

    def __new__(
        cls,
        input_fn: Any,
        steps: int | None = 100,
        name: str | None = None,
        hooks: Any = None,
        exporters: Any = None,
        start_delay_secs: float = 120,
        throttle_secs: float = 600,
    ) -> EvalSpec:
        if not callable(input_fn):
            raise TypeError(f"`input_fn` must be callable, given: {input_fn}")
        if steps is not None and steps <= 0:
            raise ValueError(f"Must specify steps > 0, given: {steps}")
        every = exporters if isinstance(exporters, (list, tuple)) else ([exporters] if exporters else [])
        values = input_fn, steps, name, tuple(hooks or ()), tuple(every), start_delay_secs, throttle_secs
        return super().__new__(cls, *values)


class WarmStartSettings(
    collections.namedtuple(
        "WarmStartSettings",
        "ckpt_to_initialize_from vars_to_warm_start var_name_to_vocab_info var_name_to_prev_var_name",
    )
):
    """Which variables begin with a checkpoint's values (TF1 symbol: `tf.estimator.WarmStartSettings`)."""

    def __new__(
        cls,
        ckpt_to_initialize_from: str,
        vars_to_warm_start: Any = ".*",
        var_name_to_vocab_info: Any = None,
        var_name_to_prev_var_name: Any = None,
    ) -> WarmStartSettings:
        if not ckpt_to_initialize_from:
            raise ValueError("`ckpt_to_initialize_from` MUST be set in WarmStartSettings")
        if var_name_to_vocab_info:
            raise ValueError("Vocabularies are not warm-started here; leave var_name_to_vocab_info out.")
        previous = dict(var_name_to_prev_var_name or {})
        return super().__new__(cls, ckpt_to_initialize_from, vars_to_warm_start, {}, previous)


def all_updates(metrics: Mapping[str, Any]) -> Operation:
    """One operation that updates every metric."""
    return group(*[update for _, update in metrics.values()])
