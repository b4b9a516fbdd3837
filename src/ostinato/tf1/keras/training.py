"""compile, fit, evaluate and predict of a model: its training graph, run batch by batch."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import nest
from ..graph import name_scope
from ..ops import array
from ..ops.control import group
from ..ops.core import constant, placeholder_with_default
from ..ops.math import cast
from ..ops.reductions import reduce_sum
from ..tensor import Tensor
from . import losses, metrics, optimizers
from .fitting import Fitting
from .inputs import Input
from .learning_phase import learning_phase, symbolic_learning_phase
from .session import get_session
from .training_parts import (
    KNOWN_LOSSES,
    as_listed,
    chosen_metric,
    is_list_of_one,
    kind_of,
    loss_object,
    metrics_of,
    name_of,
    target_of,
    weights_of_classes,
    with_mask,
)


class Training(Fitting):
    """What a model is trained with."""

    def _start_training_state(self) -> None:
        self.optimizer: Any = None
        self.loss: Any = None
        self.history: Any = None
        self.stop_training = False
        self._given_inputs: Any = None
        self._given_outputs: Any = None
        self._is_compiled = False
        self._total_loss: Any = None
        self._train_op: Any = None
        self._targets: list[Any] = []
        self._sample_weights: list[Any] = []
        self._metric_results: list[Any] = []
        self._metric_objects: list[Any] = []
        self.metrics_names: list[str] = []

    def compile(
        self,
        optimizer: Any = "rmsprop",
        loss: Any = None,
        metrics: Any = None,
        loss_weights: Any = None,
        sample_weight_mode: Any = None,
        weighted_metrics: Any = None,
        target_tensors: Any = None,
        distribute: Any = None,
        **kwargs: Any,
    ) -> None:
        """Say what the model is trained with (TF1 symbol: `tf.keras.Model.compile`).

        Args:
            optimizer: a name, or an optimiser of `tf.keras.optimizers` or `tf.train`.
            loss: a name or a function; for several outputs a list, or a dict by their names.
            metrics: names, functions and metrics, of each output for a list of lists or a dict.
            loss_weights: factors of the outputs' losses.
            sample_weight_mode: "temporal" for weights of each step.
            weighted_metrics: metrics that take the samples' weights.
            target_tensors: in the place of what is fed.
            run_eagerly: must not be true: there is no eager execution.

        Raises:
            ValueError: `distribute` or `run_eagerly`, or a loss that there is not.
        """
        if distribute is not None or kwargs.pop("run_eagerly", None):
            raise ValueError(
                "Models are trained by graphs of one process here: leave `distribute` and `run_eagerly` away."
            )
        for key in ("run_metadata", "options", "feed_dict", "fetches"):
            kwargs.pop(key, None)
        if kwargs:
            raise TypeError(f"Invalid keyword argument(s) in `compile`: {set(kwargs)}")
        self.optimizer = optimizers.get(optimizer)
        self.loss, self.loss_weights = loss or {}, loss_weights
        self.sample_weight_mode = sample_weight_mode
        self._compiled_metrics, self._weighted_metrics = metrics or [], weighted_metrics or []
        self._target_tensors = target_tensors
        self._is_compiled = True
        self._total_loss = self._train_op = None
        self._metric_results, self._metric_objects = [], []
        self.metrics_names = []
        if self.outputs is not None:  # type: ignore[attr-defined]
            self._make_loss()

    # -- the training graph
    def _for_each_output(self, given: Any, default: Any = None) -> list[Any]:
        """One item for each output, of a list, a dict by names, or one for all."""
        names = self.output_names  # type: ignore[attr-defined]
        if isinstance(given, dict):
            unknown = set(given) - set(names)
            if unknown:
                raise ValueError(
                    f"Unknown entries in loss dictionary: {sorted(unknown)}. Only expected "
                    f"following keys: {names}"
                )
            return [given.get(name, default) for name in names]
        if isinstance(given, (list, tuple)) and len(names) == len(given):
            return list(given)
        if isinstance(given, (list, tuple)):
            raise ValueError(
                f"When passing a list as loss, it should have one entry per model outputs. The model has "
                f"{len(names)} outputs, but you passed loss={given}"
            )
        return [given] * len(names)

    def _make_loss(self) -> None:
        """The placeholders of targets and weights, the losses and the metrics."""
        outputs = nest.flatten(self.outputs)  # type: ignore[attr-defined]
        names = self.output_names  # type: ignore[attr-defined]
        functions = [loss_object(item) for item in self._for_each_output(self.loss)]
        weights = self._for_each_output(self.loss_weights, 1.0)
        modes = self._for_each_output(self.sample_weight_mode)
        fed = self._for_each_output(self._target_tensors)
        self._targets, self._sample_weights, self._loss_functions = [], [], functions
        total: Any = None
        separate: list[Any] = []
        with name_scope("loss"):
            for output, name, function, weight, mode, target in zip(
                outputs, names, functions, weights, modes, fed, strict=True
            ):
                self._targets.append(target_of(output, name, function, target))
                shape = [None, None] if mode == "temporal" else [None]
                default = constant(np.ones([1] * len(shape), np.float32))
                self._sample_weights.append(
                    placeholder_with_default(default, shape, name=f"{name}_sample_weights")
                )
                if function is None:
                    separate.append(None)
                    continue
                with name_scope(f"{name}_loss"):
                    value = self._loss_of(output, len(separate))
                separate.append(value)
                part = value * (1.0 if weight is None else weight)
                total = part if total is None else total + part
            extra = self.losses  # type: ignore[attr-defined]
            if total is None and not extra:
                raise ValueError("The model cannot be compiled because it has no loss to optimize.")
            for loss in extra:
                loss = reduce_sum(loss)
                total = loss if total is None else total + loss
        self._total_loss = total
        self.metrics_names = ["loss"]
        with name_scope("metrics"):
            if len(outputs) > 1:
                self._make_metrics_of_losses(names, separate)
            self._make_metrics(outputs, names)

    def _make_metrics_of_losses(self, names: list[str], separate: list[Any]) -> None:
        """The mean of each output's loss over the batches, each of which counts as one."""
        for name, value in zip(names, separate, strict=True):
            if value is not None:
                mean = metrics.Mean(name=f"{name}_loss")
                self._metric_objects.append(mean)
                self._metric_results.append(mean(value))
                self.metrics_names.append(mean.name)

    def _loss_of(self, output: Tensor, index: int) -> Tensor:
        function = self._loss_functions[index]
        values = function.call(self._targets[index], output)
        weights = self._sample_weights[index]
        values = losses.weighted(values, with_mask(weights, output))
        if function.reduction == "sum":
            return reduce_sum(values)
        return reduce_sum(values) / cast(array.size(values), values.dtype)

    def _make_metrics(self, outputs: list[Any], names: list[str]) -> None:
        for kept, is_weighted in ((self._compiled_metrics, False), (self._weighted_metrics, True)):
            for index, wanted in enumerate(metrics_of(kept, names)):
                for item in wanted:
                    made, name = self._metric(item, outputs[index], index, is_weighted)
                    prefix = f"{names[index]}_" if len(names) > 1 else ""
                    weights = self._sample_weights[index] if is_weighted else None
                    with name_scope(name):
                        result = made(
                            self._targets[index],
                            outputs[index],
                            sample_weight=with_mask(weights, outputs[index]),
                        )
                    self._metric_objects.append(made)
                    self._metric_results.append(result)
                    self.metrics_names.append(prefix + name)
        for name, value, aggregation in self.metrics_of_layers():
            mean = metrics.Mean(name=name) if aggregation == "mean" else None
            self._metric_results.append(mean(value) if mean is not None else value)
            if mean is not None:
                self._metric_objects.append(mean)
            self.metrics_names.append(name)

    def metrics_of_layers(self) -> list[Any]:
        """What layers gave to `add_metric`."""
        found = list(self._metrics)  # type: ignore[attr-defined]
        for layer in self._layers:  # type: ignore[attr-defined]
            found += getattr(layer, "_metrics", [])
        return found

    def _metric(self, item: Any, output: Tensor, index: int, is_weighted: bool) -> tuple[Any, str]:
        if isinstance(item, metrics.Metric):
            return item, item.name
        prefix = "weighted_" if is_weighted else ""
        if item in ("accuracy", "acc", "crossentropy", "ce"):
            function, short = chosen_metric(item, output, self._loss_functions[index])
            return metrics.MeanMetricWrapper(function, name=function.__name__), prefix + short
        function = metrics.get(item)
        if isinstance(function, type):
            made = function()
            return made, prefix + made.name
        if isinstance(function, losses.Loss):
            function = function.call
        name = getattr(function, "__name__", None) or getattr(function, "name", "metric")
        return metrics.MeanMetricWrapper(function, name=name), f"{prefix}{name}"

    def _training_operation(self) -> Any:
        """The operation that makes a step and runs the layers' updates."""
        if self._train_op is None:
            trained = self.trainable_weights  # type: ignore[attr-defined]
            if not trained:
                raise ValueError("The model has no variables that could be trained.")
            with name_scope("training"):
                steps = self.optimizer.get_updates(self._total_loss, trained)
            updates = list(dict.fromkeys(self.updates))  # type: ignore[attr-defined]
            self._train_op = group(*steps, *updates)
            get_session()
        return self._train_op

    # -- batches
    def _check_compiled(self) -> None:
        if not self._is_compiled:
            raise RuntimeError(
                "You must compile your model before training/testing. Use `model.compile(optimizer, loss)`."
            )

    def _build_for(self, x: Any) -> None:
        """The graph of a model that has seen no inputs yet, for these."""
        if self.outputs is not None:  # type: ignore[attr-defined]
            if self._is_compiled and self._total_loss is None:
                self._make_loss()
            return
        made = [
            Input(shape=np.shape(item)[1:], dtype=kind_of(item), name=f"input_{index + 1}")
            for index, item in enumerate(as_listed(x))
        ]
        given: Any = made if isinstance(x, (list, tuple)) else made[0]
        if isinstance(x, dict):
            given = dict(zip(x, made, strict=True))
        from ..keras_history import arguments_of

        takes = "training" in arguments_of(self.call)  # type: ignore[attr-defined]
        if hasattr(self, "_stack"):
            self._connect_deferred(made[0])
        else:
            outputs = self(given, **({"training": learning_phase()} if takes else {}))  # type: ignore[operator]
            self._given_inputs, self._given_outputs = made, nest.flatten(outputs)
        if self._is_compiled:
            self._make_loss()

    def _connect_deferred(self, first: Any) -> None:
        outputs = self._first = first
        for layer in self._stack:  # type: ignore[attr-defined]
            outputs = layer(outputs)
        self._connect(first, outputs)  # type: ignore[attr-defined]

    def _feeds(
        self, x: Any, y: Any = None, sample_weight: Any = None, training: bool = False
    ) -> dict[Any, Any]:
        inputs = nest.flatten(self.inputs)  # type: ignore[attr-defined]
        arrays = self._arrays(x, self.input_names, "input")  # type: ignore[attr-defined]
        feeds: dict[Any, Any] = {}
        for tensor, value in zip(inputs, arrays, strict=True):
            value = np.asarray(value)
            rank = tensor.shape.ndims
            if rank is not None and value.ndim == rank - 1:
                value = value[..., np.newaxis]
            if (rank is not None and value.ndim != rank) or not tensor.shape.is_compatible_with(value.shape):
                raise ValueError(
                    f"Error when checking input: expected {tensor.op.name} to have shape "
                    f"{tuple(tensor.shape.as_list()[1:])} but got array with shape {value.shape[1:]}"
                )
            feeds[tensor] = value
        if y is not None:
            self._feed_targets(feeds, y, sample_weight)
        phase = symbolic_learning_phase()
        if phase is not None:
            feeds[phase] = training
        return feeds

    def _feed_targets(self, feeds: dict[Any, Any], y: Any, sample_weight: Any) -> None:
        arrays = self._arrays(y, self.output_names, "target")  # type: ignore[attr-defined]
        for target, value in zip(self._targets, arrays, strict=True):
            if value is None or target.op.type != "Placeholder":
                continue
            value = np.asarray(value)
            if target.shape.ndims is not None and value.ndim == target.shape.ndims - 1:
                value = value[..., np.newaxis]
            if not target.shape.is_compatible_with(value.shape):
                self._check_loss_fits(target, value)
                raise ValueError(
                    f"Error when checking target: expected {target.op.name} to have shape "
                    f"{tuple(target.shape.as_list()[1:])} but got array with shape {value.shape[1:]}"
                )
            feeds[target] = value
        if sample_weight is not None:
            names = self.output_names  # type: ignore[attr-defined]
            for tensor, value in zip(
                self._sample_weights, self._arrays(sample_weight, names, "weight"), strict=True
            ):
                if value is not None:
                    feeds[tensor] = np.asarray(value, np.float32)

    def _check_loss_fits(self, target: Any, value: Any) -> None:
        """Say, of a loss that wants targets of the outputs' shape, that these have another."""
        index = next(place for place, item in enumerate(self._targets) if item is target)
        function = self._loss_functions[index]
        output = nest.flatten(self.outputs)[index]  # type: ignore[attr-defined]
        if getattr(function, "fn", None) in KNOWN_LOSSES and value.ndim == output.shape.ndims:
            raise ValueError(
                f"A target array with shape {value.shape} was passed for an output of shape "
                f"{tuple(output.shape.as_list())} while using as loss `{name_of(function)}`. This loss "
                "expects targets to have the same shape as the output."
            )

    def _arrays(self, given: Any, names: list[str], what: str) -> list[Any]:
        """One array for each name, of one array, a list or a dict."""
        if isinstance(given, dict):
            missing = [name for name in names if name not in given]
            if missing and what != "weight":
                if len(given) == len(names) and self._network is None:  # type: ignore[attr-defined]
                    return list(given.values())
                raise ValueError(f'No data provided for "{missing[0]}". Need data for each key in: {names}')
            return [given.get(name) for name in names]
        if (isinstance(given, (list, tuple)) and len(names) > 1) or is_list_of_one(given):
            arrays = list(given)
        else:
            arrays = [given]
        if len(arrays) != len(names):
            raise ValueError(
                f"Error when checking model {what}: the list of Numpy arrays that you are "
                "passing to your model is "
                f"not the size the model expected. Expected to see {len(names)} array(s), but "
                "instead got the "
                f"following list of {len(arrays)} arrays: {str(arrays)[:200]}..."
            )
        return arrays

    def train_on_batch(
        self,
        x: Any,
        y: Any = None,
        sample_weight: Any = None,
        class_weight: Any = None,
        reset_metrics: bool = True,
    ) -> Any:
        """One step on one batch: its loss and metrics."""
        self._check_compiled()
        self._build_for(x)
        operation = self._training_operation()
        weights = weights_of_classes(y, class_weight, sample_weight)
        found = self._run_training(self._feeds(x, y, weights, True), [operation])
        if reset_metrics:
            self.reset_metrics()
        return found[0] if len(found) == 1 else found

    def test_on_batch(
        self, x: Any, y: Any = None, sample_weight: Any = None, reset_metrics: bool = True
    ) -> Any:
        """The loss and the metrics of one batch."""
        self._check_compiled()
        self._build_for(x)
        found = self._run_training(self._feeds(x, y, sample_weight), self._state_updates())
        if reset_metrics:
            self.reset_metrics()
        return found[0] if len(found) == 1 else found

    def predict_on_batch(self, x: Any) -> Any:
        """The outputs for one batch."""
        self._build_for(x)
        outputs = nest.flatten(self.outputs)  # type: ignore[attr-defined]
        found = get_session().run([outputs, self._state_updates()], self._feeds(x))[0]
        return found[0] if len(found) == 1 else found

    def _state_updates(self) -> list[Any]:
        return list(dict.fromkeys(self.state_updates))  # type: ignore[attr-defined]

    def _run_training(self, feeds: dict[Any, Any], operations: list[Any]) -> list[Any]:
        fetches = [self._total_loss, *self._metric_results]
        found: list[Any] = get_session().run([fetches, operations], feeds)[0]
        return found

    def reset_metrics(self) -> None:
        """Have the metrics begin from zeros."""
        kept = [item for made in self._metric_objects for item in made.weights]
        if kept:
            get_session().run([item.initializer for item in kept])

    @property
    def total_loss(self) -> Any:
        """The tensor that is trained."""
        return self._total_loss

    @property
    def targets(self) -> list[Any]:
        return self._targets

    @property
    def sample_weights(self) -> list[Any]:
        return self._sample_weights
