"""The loops over epochs and batches."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..arguments import handed_on
from .batches import ArrayBatches, Batches, as_arrays, check_rows, is_iterated, part, rows
from .callback_base import BaseLogger, CallbackList, History
from .training_parts import weights_of_classes
from .utils import Progbar


class Fitting:
    """fit, evaluate and predict, over arrays, generators and data sets."""

    def fit(
        self,
        x: Any = None,
        y: Any = None,
        batch_size: int | None = None,
        epochs: int = 1,
        verbose: int = 1,
        callbacks: Any = None,
        validation_split: float = 0.0,
        validation_data: Any = None,
        shuffle: Any = True,
        class_weight: Any = None,
        sample_weight: Any = None,
        initial_epoch: int = 0,
        steps_per_epoch: int | None = None,
        validation_steps: int | None = None,
        validation_freq: Any = 1,
        max_queue_size: int = 10,
        workers: int = 1,
        use_multiprocessing: bool = False,
        **kwargs: Any,
    ) -> Any:
        """Train for a number of epochs: the history of losses and metrics (TF1: `tf.keras.Model.fit`).

        `x` may be an array, a list or dict of them, a generator, a `Sequence` or a data set.
        `max_queue_size`, `workers` and `use_multiprocessing` change no number.

        Raises:
            RuntimeError: the model was not compiled.
            ValueError: arrays that do not fit the model or each other.
        """
        epochs = kwargs.pop("nb_epoch", epochs)
        if kwargs:
            raise TypeError(f"Unrecognized keyword arguments: {kwargs}")
        model: Any = self
        model._check_compiled()
        if is_iterated(x):
            if verbose and steps_per_epoch and hasattr(x, "make_one_shot_iterator"):
                is_held_out = hasattr(validation_data, "make_one_shot_iterator") and validation_steps
                held_out = f", validate on {validation_steps} steps" if is_held_out else ""
                print(f"Train on {steps_per_epoch} steps{held_out}")
            return _fit_batches(
                model,
                Batches(x, steps_per_epoch, class_weight),
                epochs,
                verbose,
                callbacks,
                validation_data,
                initial_epoch,
                validation_steps,
                validation_freq,
                shuffle,
                batch_size,
            )
        size = 32 if batch_size is None else batch_size
        x, y = as_arrays(x), as_arrays(y)
        sample_weight = weights_of_classes(y, class_weight, sample_weight)
        if validation_data is None and validation_split:
            split = int(rows(x) * (1.0 - validation_split))
            validation_data = (part(x, slice(split, None)), part(y, slice(split, None)))
            if sample_weight is not None:
                validation_data += (part(sample_weight, slice(split, None)),)
                sample_weight = part(sample_weight, slice(0, split))
            x, y = part(x, slice(0, split)), part(y, slice(0, split))
        check_rows(x, y, sample_weight)
        batches = ArrayBatches(x, y, sample_weight, size, shuffle, steps_per_epoch)
        if verbose:
            held_out = ""
            if validation_data is not None and not is_iterated(validation_data):
                held_out = f", validate on {rows(as_arrays(validation_data[0]))} samples"
            print(f"Train on {rows(x)} samples{held_out}")
        return _fit_batches(
            model,
            batches,
            epochs,
            verbose,
            callbacks,
            validation_data,
            initial_epoch,
            validation_steps,
            validation_freq,
            shuffle,
            size,
        )

    def fit_generator(
        self,
        generator: Any,
        steps_per_epoch: int | None = None,
        epochs: int = 1,
        verbose: int = 1,
        callbacks: Any = None,
        validation_data: Any = None,
        validation_steps: int | None = None,
        validation_freq: Any = 1,
        class_weight: Any = None,
        max_queue_size: int = 10,
        workers: int = 1,
        use_multiprocessing: bool = False,
        shuffle: bool = True,
        initial_epoch: int = 0,
    ) -> Any:
        """`fit` on what a generator yields (TF1 symbol: `tf.keras.Model.fit_generator`)."""
        return self.fit(
            generator,
            **handed_on(locals(), "generator", "max_queue_size", "workers", "use_multiprocessing"),
        )

    def evaluate(
        self,
        x: Any = None,
        y: Any = None,
        batch_size: int | None = None,
        verbose: int = 1,
        sample_weight: Any = None,
        steps: int | None = None,
        callbacks: Any = None,
        **_: Any,
    ) -> Any:
        """The loss, and the metrics behind it where there are some (TF1: `tf.keras.Model.evaluate`)."""
        model: Any = self
        model._check_compiled()
        if is_iterated(x):
            batches: Any = Batches(x, steps)
        else:
            x, y = as_arrays(x), as_arrays(y)
            check_rows(x, y, sample_weight)
            batches = ArrayBatches(x, y, sample_weight, batch_size or 32, False, steps)
        called = _called(model, callbacks, batches, steps=steps, batch_size=batch_size, verbose=verbose)
        found = _evaluated(model, batches, called, verbose)
        return found[0] if len(found) == 1 else found

    def evaluate_generator(
        self, generator: Any, steps: int | None = None, callbacks: Any = None, verbose: int = 0, **_: Any
    ) -> Any:
        """`evaluate` on what a generator yields (TF1 symbol: `tf.keras.Model.evaluate_generator`)."""
        return self.evaluate(generator, steps=steps, verbose=verbose, callbacks=callbacks)

    def predict(
        self,
        x: Any,
        batch_size: int | None = None,
        verbose: int = 0,
        steps: int | None = None,
        callbacks: Any = None,
        **_: Any,
    ) -> Any:
        """The outputs (TF1 symbol: `tf.keras.Model.predict`)."""
        model: Any = self
        if is_iterated(x):
            batches: Any = Batches(x, steps)
        else:
            batches = ArrayBatches(as_arrays(x), None, None, batch_size or 32, False, steps)
        collected: list[list[np.ndarray]] = []
        bar = Progbar(batches.count, verbose=verbose, unit_name=batches.unit)
        done = 0
        called = _called(model, callbacks, batches, steps=steps, batch_size=batch_size, verbose=verbose)
        called.call("on_predict_begin")
        for index, (inputs, _targets, _weights, size) in enumerate(batches.epoch()):
            logs: dict[str, Any] = {"batch": index, "size": size}
            called.call("on_predict_batch_begin", index, logs=logs)
            outputs = model.predict_on_batch(inputs)
            collected.append(outputs if isinstance(outputs, list) else [outputs])
            logs["outputs"] = collected[-1]
            called.call("on_predict_batch_end", index, logs=logs)
            done += size if batches.unit == "sample" else 1
            bar.update(done)
        called.call("on_predict_end")
        joined = [np.concatenate(parts) for parts in zip(*collected, strict=True)]
        return joined[0] if len(joined) == 1 else joined

    def predict_generator(
        self, generator: Any, steps: int | None = None, callbacks: Any = None, verbose: int = 0, **_: Any
    ) -> Any:
        """`predict` on what a generator yields (TF1 symbol: `tf.keras.Model.predict_generator`)."""
        return self.predict(generator, steps=steps, verbose=verbose, callbacks=callbacks)


# -- loops
def _called(
    model: Any, callbacks: Any, batches: Any, steps: Any, batch_size: int | None, verbose: int, **more: Any
) -> CallbackList:
    """The callbacks, with what they are told of the run."""
    names = list(getattr(model, "metrics_names", ()))
    held_out = more.pop("do_validation", False)
    parameters = {
        "batch_size": batch_size,
        "epochs": more.pop("epochs", 1),
        "steps": steps if batches.unit == "sample" else batches.count,
        "samples": batches.count,
        "verbose": verbose,
        "do_validation": held_out,
        "metrics": names + [f"val_{name}" for name in names if held_out],
    }
    return CallbackList(callbacks or (), model, parameters)


def _evaluated(model: Any, batches: Any, called: CallbackList, verbose: int = 0) -> list[Any]:
    """The mean losses over all batches, and the metrics."""
    seen, sums, done = 0, np.float64(0.0), 0
    last: list[Any] = []
    bar = Progbar(batches.count, verbose=verbose, unit_name=batches.unit)
    is_reset = False
    called.call("on_test_begin")
    for index, (inputs, targets, weights, size) in enumerate(batches.epoch()):
        if not is_reset:
            model._build_for(inputs)
            model.reset_metrics()
            is_reset = True
        logs: dict[str, Any] = {"batch": index, "size": size}
        called.call("on_test_batch_begin", index, logs=logs)
        found = model.test_on_batch(inputs, targets, weights, reset_metrics=False)
        last = found if isinstance(found, list) else [found]
        logs.update(zip(model.metrics_names, last, strict=True))
        called.call("on_test_batch_end", index, logs=logs)
        share = size if batches.unit == "sample" else 1
        sums = sums + np.float64(last[0]) * share
        seen += share
        done += share
        means = [sums / seen, *last[1:]]
        bar.stateful_metrics = set(model.metrics_names)
        bar.update(done, list(zip(model.metrics_names, means, strict=True)))
    if not seen:
        raise ValueError("There is no batch to evaluate the model on.")
    called.call("on_test_end")
    return [sums / seen, *last[1:]]


def _fit_batches(
    model: Any,
    batches: Any,
    epochs: int,
    verbose: int,
    callbacks: Any,
    validation_data: Any,
    initial_epoch: int,
    validation_steps: int | None,
    validation_freq: Any,
    shuffle: Any,
    batch_size: int | None,
) -> Any:
    history = History()
    called = _called(
        model,
        [BaseLogger(), *(callbacks or []), history],
        batches,
        steps=None,
        batch_size=batch_size,
        verbose=verbose,
        epochs=epochs,
        do_validation=validation_data is not None,
    )
    model.history, model.stop_training = history, False
    held_out = _validation_batches(validation_data, validation_steps, batch_size)
    called.call("on_train_begin")
    for epoch in range(initial_epoch, epochs):
        called.call("on_epoch_begin", epoch, logs={})
        if verbose and epochs > 1:
            print(f"Epoch {epoch + 1}/{epochs}")
        bar = Progbar(batches.count, verbose=verbose, unit_name=batches.unit)
        logs, done = _one_epoch(model, batches, called, bar)
        if done == 0:
            raise ValueError("There is no batch to train the model on.")
        if held_out is not None and _is_due(epoch, validation_freq) and not model.stop_training:
            if verbose and epochs > 1 and batches.unit == "step" and not batches.is_data_set:
                print(f"Epoch 1/{epochs}")  # TensorFlow's bar of what is held out begins with this line
            found = _evaluated(model, held_out, called)
            logs.update(
                {f"val_{name}": value for name, value in zip(model.metrics_names, found, strict=True)}
            )
        _say(bar, done, logs)
        called.call("on_epoch_end", epoch, logs=logs)
        batches.on_epoch_end()
        if model.stop_training:
            break
    called.call("on_train_end")
    return history


def _one_epoch(model: Any, batches: Any, called: Any, bar: Progbar) -> tuple[dict[str, Any], int]:
    seen, done, sums = 0, 0, np.float64(0.0)
    logs: dict[str, Any] = {}
    is_reset = False
    for index, (inputs, targets, weights, size) in enumerate(batches.epoch()):
        if not is_reset:
            model._build_for(inputs)
            model._training_operation()
            model.reset_metrics()
            is_reset = True
        of_batch: dict[str, Any] = {"batch": index, "size": size}
        called.call("on_train_batch_begin", index, logs=of_batch)
        found = model.train_on_batch(inputs, targets, weights, reset_metrics=False)
        values = found if isinstance(found, list) else [found]
        share = size if batches.unit == "sample" else 1
        sums = sums + np.float64(values[0]) * share
        seen += share
        done += share
        of_batch.update(zip(model.metrics_names, values, strict=True))
        called.call("on_train_batch_end", index, logs=of_batch)
        logs = dict(zip(model.metrics_names, [sums / seen, *values[1:]], strict=True))
        if bar.target is None or done < bar.target:
            bar.stateful_metrics = set(logs)
            bar.update(done, list(logs.items()))
        if model.stop_training:
            break
    return logs, done


def _say(bar: Progbar, done: int, logs: dict[str, Any]) -> None:
    """The line of an epoch."""
    if bar.target is None or done < bar.target:
        bar.target = done
    bar.stateful_metrics = set(logs)
    bar.update(done, list(logs.items()))


def _is_due(epoch: int, frequency: Any) -> bool:
    return (epoch + 1) % frequency == 0 if isinstance(frequency, int) else epoch + 1 in frequency


def _validation_batches(data: Any, steps: int | None, batch_size: int | None) -> Any:
    if data is None:
        return None
    if is_iterated(data):
        return Batches(data, steps)
    x, y, weights = (*data, None)[:3]
    # As in TensorFlow: an order of what is held out is drawn too, and so are the numbers of what comes after.
    return ArrayBatches(as_arrays(x), as_arrays(y), weights, batch_size or 32, True, steps)
