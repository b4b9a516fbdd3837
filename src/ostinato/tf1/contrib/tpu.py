"""The module `tf.contrib.tpu`: estimators that are written for TPUs and run without one.

>>> import ostinato.tf1 as tf
>>> def model_fn(features, labels, mode, params):
...     w = tf.get_variable("w", initializer=1.0)
...     loss = tf.reduce_mean((features * w - labels) ** 2)
...     optimizer = tf.train.GradientDescentOptimizer(0.1)
...     if params["use_tpu"]:
...         optimizer = tf.contrib.tpu.CrossShardOptimizer(optimizer)
...     step = optimizer.minimize(loss, tf.train.get_global_step())
...     return tf.contrib.tpu.TPUEstimatorSpec(mode, loss=loss, train_op=step)
>>> def input_fn(params):
...     rows = tf.data.Dataset.from_tensor_slices(([1.0, 2.0], [2.0, 4.0])).repeat()
...     return rows.batch(params["batch_size"])
>>> import tempfile
>>> config = tf.contrib.tpu.RunConfig(model_dir=tempfile.mkdtemp())
>>> estimator = tf.contrib.tpu.TPUEstimator(model_fn, config=config, use_tpu=False, train_batch_size=2)
>>> round(float(estimator.train(input_fn, steps=5).get_variable_value("w")), 4)
1.9688
"""

from __future__ import annotations

import collections
import contextlib
import copy
import functools
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from .. import logging
from ..estimator.estimator import Estimator
from ..estimator.specs import EstimatorSpec, ModeKeys
from ..estimator.specs import RunConfig as _RunConfig
from ..names import absent
from ..optimizer import Optimizer
from ..tensor import Operation

__all__ = [
    "CrossShardOptimizer",
    "InputPipelineConfig",
    "RunConfig",
    "TPUConfig",
    "TPUEstimator",
    "TPUEstimatorSpec",
]
_NO_TPU = "There are no TPUs here: pass use_tpu=False, and the estimator trains on this machine."
_RESERVED = ("batch_size", "context")


class InputPipelineConfig:
    """Where batches are made (TF1 symbol: `tf.contrib.tpu.InputPipelineConfig`)."""

    PER_SHARD_V1, PER_HOST_V1, PER_HOST_V2, BROADCAST, SLICED = 1, 2, 3, 4, 5


class TPUConfig(
    collections.namedtuple(
        "TPUConfig",
        "iterations_per_loop num_shards num_cores_per_replica per_host_input_for_training tpu_job_name "
        "initial_infeed_sleep_secs input_partition_dims eval_training_input_configuration "
        "experimental_host_call_every_n_steps",
    )
):
    """How TPUs would run (TF1 symbol: `tf.contrib.tpu.TPUConfig`): kept, and of no effect without one."""

    def __new__(
        cls,
        iterations_per_loop: Any = 2,
        num_shards: int | None = None,
        num_cores_per_replica: int | None = None,
        per_host_input_for_training: Any = True,
        tpu_job_name: str | None = None,
        initial_infeed_sleep_secs: int | None = None,
        input_partition_dims: Any = None,
        eval_training_input_configuration: int = InputPipelineConfig.PER_HOST_V1,
        experimental_host_call_every_n_steps: int = 1,
    ) -> TPUConfig:
        if isinstance(iterations_per_loop, int) and iterations_per_loop < 1:
            raise ValueError(
                "Invalid TPUConfig `iterations_per_loop` value. Value must be positive integer value or "
                f"time-based value such as '60m', got {iterations_per_loop}."
            )
        where = per_host_input_for_training
        if isinstance(where, bool):
            where = InputPipelineConfig.PER_HOST_V1 if where else InputPipelineConfig.PER_SHARD_V1
        return super().__new__(
            cls,
            iterations_per_loop,
            num_shards,
            num_cores_per_replica,
            where,
            tpu_job_name,
            initial_infeed_sleep_secs,
            input_partition_dims,
            eval_training_input_configuration,
            experimental_host_call_every_n_steps,
        )


class RunConfig(_RunConfig):
    """How a `TPUEstimator` runs (TF1 symbol: `tf.contrib.tpu.RunConfig`): on this machine.

    Args:
        tpu_config: a `TPUConfig`.
        evaluation_master, master: addresses of servers; empty or None.
        cluster: a resolver of TPUs; None.
        kwargs: what `tf.estimator.RunConfig` takes.

    Raises:
        ValueError: a cluster, or an address.
    """

    def __init__(
        self,
        tpu_config: TPUConfig | None = None,
        evaluation_master: str | None = None,
        master: str | None = None,
        cluster: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        if cluster is not None or master or evaluation_master:
            raise ValueError(
                f"{_NO_TPU} RunConfig then takes neither a cluster nor the address of a master; there are "
                f"cluster={cluster!r}, master={master!r}, evaluation_master={evaluation_master!r}."
            )
        self.tpu_config = tpu_config or TPUConfig()
        self.cluster = None


class TPUEstimatorSpec(
    collections.namedtuple(
        "TPUEstimatorSpec",
        "mode predictions loss train_op eval_metrics export_outputs scaffold_fn host_call training_hooks "
        "evaluation_hooks prediction_hooks",
    )
):
    """What a model function for a `TPUEstimator` returns (TF1 symbol: `tf.contrib.tpu.TPUEstimatorSpec`).

    Args:
        mode: a `tf.estimator.ModeKeys`.
        eval_metrics: `(metric_fn, tensors)`; the function takes the tensors, a list or a dict, and gives
            metrics.
        scaffold_fn: gives the `tf.train.Scaffold`.
        host_call: what would run on the host beside a TPU; not called.
        predictions, loss, train_op, export_outputs, training_hooks, evaluation_hooks, prediction_hooks: as
            those of `tf.estimator.EstimatorSpec`.

    Raises:
        TypeError: the first of `eval_metrics` or `host_call` is no function.
    """

    def __new__(
        cls,
        mode: str,
        predictions: Any = None,
        loss: Any = None,
        train_op: Any = None,
        eval_metrics: Any = None,
        export_outputs: Any = None,
        scaffold_fn: Callable[[], Any] | None = None,
        host_call: Any = None,
        training_hooks: Any = None,
        evaluation_hooks: Any = None,
        prediction_hooks: Any = None,
    ) -> TPUEstimatorSpec:
        for name, pair in (("eval_metrics", eval_metrics), ("host_call", host_call)):
            if pair is not None:
                _check_pair(name, pair)
        hooks = (tuple(each or ()) for each in (training_hooks, evaluation_hooks, prediction_hooks))
        values = predictions, loss, train_op, eval_metrics, export_outputs, scaffold_fn, host_call
        return super().__new__(cls, mode, *values, *hooks)

    def as_estimator_spec(self) -> EstimatorSpec:
        """The same for a `tf.estimator.Estimator`."""
        measured = None
        if self.eval_metrics is not None:
            function, tensors = self.eval_metrics
            measured = function(**tensors) if isinstance(tensors, Mapping) else function(*tensors)
        return EstimatorSpec(
            mode=self.mode,
            predictions=self.predictions,
            loss=self.loss,
            train_op=self.train_op,
            eval_metric_ops=measured,
            export_outputs=self.export_outputs,
            scaffold=self.scaffold_fn() if self.scaffold_fn else None,
            training_hooks=self.training_hooks,
            evaluation_hooks=self.evaluation_hooks,
            prediction_hooks=self.prediction_hooks,
        )


def _check_pair(name: str, pair: Any) -> None:
    if not isinstance(pair, (list, tuple)):
        raise ValueError(f"{name} should be tuple or list")
    if len(pair) != 2:
        raise ValueError(f"{name} should have two elements.")
    if not callable(pair[0]):
        raise TypeError(f"{name}[0] should be callable.")
    if not isinstance(pair[1], (list, tuple, Mapping)):
        raise ValueError(f"{name}[1] should be tuple or list, or dict.")


class TPUEstimator(Estimator):
    """An estimator whose functions are given the size of a batch (TF1 symbol:
    `tf.contrib.tpu.TPUEstimator`), on this machine: with `use_tpu=False`.

    `params["batch_size"]` is `train_batch_size`, `eval_batch_size` or `predict_batch_size`, where it is
    given, and `params["use_tpu"]` of the model function is False.

    Args:
        model_fn, model_dir, config, params, warm_start_from: as those of `tf.estimator.Estimator`; `config`
            is a `tf.contrib.tpu.RunConfig`.
        use_tpu: False.
        batch_axis, eval_on_tpu, export_to_tpu, export_to_cpu, embedding_config_spec,
            export_saved_model_api_version: taken, and of no effect without TPUs.

    Raises:
        ValueError: `use_tpu`, another configuration, or `params` with a key that is set here.
    """

    def __init__(
        self,
        model_fn: Callable[..., Any],
        model_dir: str | None = None,
        config: RunConfig | None = None,
        params: Any = None,
        use_tpu: bool = True,
        train_batch_size: int | None = None,
        eval_batch_size: int | None = None,
        predict_batch_size: int | None = None,
        batch_axis: Any = None,
        eval_on_tpu: bool = True,
        export_to_tpu: bool = True,
        export_to_cpu: bool = True,
        warm_start_from: Any = None,
        embedding_config_spec: Any = None,
        export_saved_model_api_version: Any = None,
    ) -> None:
        if not isinstance(config, RunConfig):
            raise ValueError("`config` must be provided with type `tpu_config.RunConfig`")
        if isinstance(params, Mapping) and any(key in params for key in _RESERVED):
            raise ValueError(f"{list(_RESERVED)} are reserved keys but existed in params {params}.")
        if use_tpu:
            raise ValueError(_NO_TPU)

        @functools.wraps(model_fn)
        def with_plain_spec(**given: Any) -> Any:
            logging.info("Running %s on CPU", self._mode)
            spec = model_fn(**given)
            return spec.as_estimator_spec() if isinstance(spec, TPUEstimatorSpec) else spec

        sizes = train_batch_size, eval_batch_size, predict_batch_size
        self._sizes = dict(zip((ModeKeys.TRAIN, ModeKeys.EVAL, ModeKeys.PREDICT), sizes, strict=True))
        self._mode: str | None = None
        self._further: dict[str, Any] = {}
        super().__init__(with_plain_spec, model_dir, config, params, warm_start_from)
        logging.info("_TPUContext: eval_on_tpu %s", eval_on_tpu)
        if eval_on_tpu:
            logging.warning("eval_on_tpu ignored because use_tpu is False.")

    @property
    def params(self) -> Any:
        """The parameters; while a function is called that takes them, with what is added for it."""
        found = copy.deepcopy(self._params)
        if isinstance(found, Mapping):
            return {**found, **self._further}
        for name, value in self._further.items():
            setattr(found, name, value)
        return found

    @contextlib.contextmanager
    def _in(self, mode: str, **further: Any) -> Iterator[None]:
        size = self._sizes.get(mode)
        self._mode = mode
        self._further = {**({} if size is None else {"batch_size": size}), **further}
        try:
            yield
        finally:
            self._further = {}

    def _features_and_labels(self, input_fn: Callable[..., Any], mode: str) -> tuple[Any, Any, list[Any]]:
        with self._in(mode):
            return super()._features_and_labels(input_fn, mode)

    def _call_model_fn(self, features: Any, labels: Any, mode: str, config: Any) -> EstimatorSpec:
        with self._in(mode, use_tpu=False):
            return super()._call_model_fn(features, labels, mode, config)


class CrossShardOptimizer(Optimizer):
    """An optimiser that would add up the gradients of all TPUs (TF1 symbol:
    `tf.contrib.tpu.CrossShardOptimizer`): of this machine alone, so the optimiser inside.

    Raises:
        TypeError: `opt` is no optimiser.
    """

    def __init__(
        self,
        opt: Optimizer,
        reduction: str = "weighted_sum",
        name: str = "CrossShardOptimizer",
        group_assignment: Any = None,
    ) -> None:
        if not isinstance(opt, Optimizer):
            raise TypeError(
                f"CrossShardOptimizer only works with tf.training.Optimizer and not Optimizer_v2: {opt!r}"
            )
        super().__init__(False, name)
        self._opt = opt

    def compute_gradients(self, loss: Any, var_list: Any = None, *args: Any, **kwargs: Any) -> Any:
        return self._opt.compute_gradients(loss, var_list, *args, **kwargs)

    def apply_gradients(
        self, grads_and_vars: Any, global_step: Any = None, name: str | None = None
    ) -> Operation:
        return self._opt.apply_gradients(grads_and_vars, global_step, name)

    def get_slot(self, var: Any, name: str) -> Any:
        return self._opt.get_slot(var, name)

    def get_slot_names(self) -> list[str]:
        return self._opt.get_slot_names()

    def variables(self) -> list[Any]:
        return self._opt.variables()


__getattr__ = absent("tf.contrib.tpu", __all__)
