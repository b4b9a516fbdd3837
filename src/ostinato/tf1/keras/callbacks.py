"""The module `tf.keras.callbacks`: what is called while a model is trained."""

from __future__ import annotations

import csv
import os
from typing import Any

import numpy as np

from ..names import absent
from . import session
from .callback_base import BaseLogger, Callback, History, ProgbarLogger


class TerminateOnNaN(Callback):
    """Ends training where the loss is no number (TF1 symbol: `tf.keras.callbacks.TerminateOnNaN`)."""

    def on_batch_end(self, batch: int, logs: Any = None) -> None:
        loss = (logs or {}).get("loss")
        if loss is not None and not np.isfinite(loss):
            print(f"Batch {batch}: Invalid loss, terminating training")
            self.model.stop_training = True


def _comparison(mode: str, monitor: str, upwards: tuple[str, ...] = ("acc",)) -> tuple[Any, float]:
    """(what is better, the worst there is) for "min", "max" or "auto"."""
    is_max = mode == "max" or (mode not in ("min", "max") and any(word in monitor for word in upwards))
    return (np.greater, -np.inf) if is_max else (np.less, np.inf)


class ModelCheckpoint(Callback):
    """Writes the model after epochs (TF1 symbol: `tf.keras.callbacks.ModelCheckpoint`).

    Args:
        filepath: a name, which may have {epoch} and the logs in it.
        monitor, mode, save_best_only: whether only what is better is kept, and by which value.
        save_weights_only: the variables alone, and not the configuration too.
        save_freq, period: "epoch", or how many samples or epochs lie between.
    """

    def __init__(
        self,
        filepath: str,
        monitor: str = "val_loss",
        verbose: int = 0,
        save_best_only: bool = False,
        save_weights_only: bool = False,
        mode: str = "auto",
        save_freq: Any = "epoch",
        **kwargs: Any,
    ) -> None:
        super().__init__()
        self.filepath, self.monitor, self.verbose = filepath, monitor, verbose
        self.save_best_only, self.save_weights_only = save_best_only, save_weights_only
        self.save_freq, self.period = save_freq, kwargs.pop("period", 1)
        kwargs.pop("load_weights_on_restart", None)
        self.monitor_op, self.best = _comparison(mode, monitor, ("acc", "fmeasure"))
        self._samples = self._epochs = 0

    def on_batch_end(self, batch: int, logs: Any = None) -> None:
        if isinstance(self.save_freq, int):
            self._samples += (logs or {}).get("size", 1)
            if self._samples >= self.save_freq:
                self._save(getattr(self, "_epoch", 0), logs)
                self._samples = 0

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        self._epoch = epoch

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        self._epochs += 1
        if self.save_freq == "epoch" and self._epochs >= self.period:
            self._epochs = 0
            self._save(epoch, logs)

    def _save(self, epoch: int, logs: Any) -> None:
        from .. import logging

        path = self.filepath.format(epoch=epoch + 1, **(logs or {}))
        if self.save_best_only:
            current = (logs or {}).get(self.monitor)
            if current is None:
                logging.warning("Can save best model only with %s available, skipping.", self.monitor)
                return
            if not self.monitor_op(current, self.best):
                if self.verbose:
                    print(f"\nEpoch {epoch + 1:05d}: {self.monitor} did not improve from {self.best:0.5f}")
                return
            if self.verbose:
                print(
                    f"\nEpoch {epoch + 1:05d}: {self.monitor} improved from {self.best:0.5f} to "
                    f"{current:0.5f}, saving model to {path}"
                )
            self.best = current
        elif self.verbose:
            print(f"\nEpoch {epoch + 1:05d}: saving model to {path}")
        if self.save_weights_only:
            self.model.save_weights(path, overwrite=True)
        else:
            self.model.save(path, overwrite=True)


class EarlyStopping(Callback):
    """Ends training where a value no longer gets better (TF1 symbol: `tf.keras.callbacks.EarlyStopping`)."""

    def __init__(
        self,
        monitor: str = "val_loss",
        min_delta: float = 0,
        patience: int = 0,
        verbose: int = 0,
        mode: str = "auto",
        baseline: float | None = None,
        restore_best_weights: bool = False,
    ) -> None:
        super().__init__()
        self.monitor, self.patience, self.verbose, self.baseline = monitor, patience, verbose, baseline
        self.restore_best_weights = restore_best_weights
        self.monitor_op, self._worst = _comparison(mode, monitor)
        self.min_delta = abs(min_delta) * (1 if self.monitor_op == np.greater else -1)
        self.best_weights: Any = None
        self.stopped_epoch = self.wait = 0

    def on_train_begin(self, logs: Any = None) -> None:
        self.wait = self.stopped_epoch = 0
        self.best = self._worst if self.baseline is None else self.baseline

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        from .. import logging

        current = (logs or {}).get(self.monitor)
        if current is None:
            logging.warning(
                "Early stopping conditioned on metric `%s` which is not available. Available metrics are: %s",
                self.monitor,
                ",".join(logs or {}),
            )
            return
        if self.monitor_op(current - self.min_delta, self.best):
            self.best, self.wait = current, 0
            if self.restore_best_weights:
                self.best_weights = self.model.get_weights()
            return
        self.wait += 1
        if self.wait >= self.patience:
            self.stopped_epoch = epoch
            self.model.stop_training = True
            if self.restore_best_weights and self.best_weights is not None:
                if self.verbose > 0:
                    print("Restoring model weights from the end of the best epoch.")
                self.model.set_weights(self.best_weights)

    def on_train_end(self, logs: Any = None) -> None:
        if self.stopped_epoch > 0 and self.verbose > 0:
            print(f"Epoch {self.stopped_epoch + 1:05d}: early stopping")


class LearningRateScheduler(Callback):
    """Sets the learning rate before each epoch (TF1: `tf.keras.callbacks.LearningRateScheduler`)."""

    def __init__(self, schedule: Any, verbose: int = 0) -> None:
        super().__init__()
        self.schedule, self.verbose = schedule, verbose

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        if not hasattr(self.model.optimizer, "lr"):
            raise ValueError('Optimizer must have a "lr" attribute.')
        try:
            rate = self.schedule(epoch, float(session.get_value(self.model.optimizer.lr)))
        except TypeError:
            rate = self.schedule(epoch)
        if not isinstance(rate, (float, np.float32, np.float64)):
            raise ValueError('The output of the "schedule" function should be float.')
        session.set_value(self.model.optimizer.lr, rate)
        if self.verbose > 0:
            print(f"\nEpoch {epoch + 1:05d}: LearningRateScheduler reducing learning rate to {rate}.")

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        if logs is not None:
            logs["lr"] = session.get_value(self.model.optimizer.lr)


class ReduceLROnPlateau(Callback):
    """Lowers the learning rate where a value no longer gets better (TF1:
    `tf.keras.callbacks.ReduceLROnPlateau`).
    """

    def __init__(
        self,
        monitor: str = "val_loss",
        factor: float = 0.1,
        patience: int = 10,
        verbose: int = 0,
        mode: str = "auto",
        min_delta: float = 1e-4,
        cooldown: int = 0,
        min_lr: float = 0,
        **kwargs: Any,
    ) -> None:
        super().__init__()
        if factor >= 1.0:
            raise ValueError("ReduceLROnPlateau does not support a factor >= 1.0.")
        self.monitor, self.factor, self.patience, self.verbose = monitor, factor, patience, verbose
        self.min_delta = kwargs.pop("epsilon", min_delta)
        self.cooldown, self.min_lr = cooldown, min_lr
        better, self._worst = _comparison(mode, monitor)
        sign = 1 if better == np.greater else -1
        self.monitor_op = lambda value, best: better(value, best + sign * self.min_delta)
        self._start()

    def _start(self) -> None:
        self.best, self.wait, self.cooldown_counter = self._worst, 0, 0

    def on_train_begin(self, logs: Any = None) -> None:
        self._start()

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        from .. import logging

        logs = {} if logs is None else logs
        logs["lr"] = session.get_value(self.model.optimizer.lr)
        current = logs.get(self.monitor)
        if current is None:
            logging.warning(
                "Reduce LR on plateau conditioned on metric `%s` which is not available.", self.monitor
            )
            return
        if self.cooldown_counter > 0:
            self.cooldown_counter -= 1
            self.wait = 0
        if self.monitor_op(current, self.best):
            self.best, self.wait = current, 0
        elif self.cooldown_counter <= 0:
            self.wait += 1
            old = float(logs["lr"])
            if self.wait >= self.patience and old > self.min_lr:
                new = max(old * self.factor, self.min_lr)
                session.set_value(self.model.optimizer.lr, new)
                if self.verbose > 0:
                    print(f"\nEpoch {epoch + 1:05d}: ReduceLROnPlateau reducing learning rate to {new}.")
                self.cooldown_counter, self.wait = self.cooldown, 0


class CSVLogger(Callback):
    """Writes a line for each epoch (TF1 symbol: `tf.keras.callbacks.CSVLogger`)."""

    def __init__(self, filename: str, separator: str = ",", append: bool = False) -> None:
        super().__init__()
        self.filename, self.separator, self.append = filename, separator, append
        self._file: Any = None
        self._names: list[str] = []

    def on_train_begin(self, logs: Any = None) -> None:
        self._is_new = not (self.append and os.path.exists(self.filename) and os.path.getsize(self.filename))
        self._file = open(self.filename, "a" if self.append else "w", newline="")  # noqa: SIM115 - until the end

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        logs = logs or {}
        writer = csv.writer(self._file, delimiter=self.separator)
        if not self._names:
            self._names = sorted(logs)
            if self._is_new:
                writer.writerow(["epoch", *self._names])
        writer.writerow([epoch, *(logs.get(name, "NA") for name in self._names)])
        self._file.flush()

    def on_train_end(self, logs: Any = None) -> None:
        self._file.close()


class LambdaCallback(Callback):
    """Functions as a callback (TF1 symbol: `tf.keras.callbacks.LambdaCallback`)."""

    def __init__(
        self,
        on_epoch_begin: Any = None,
        on_epoch_end: Any = None,
        on_batch_begin: Any = None,
        on_batch_end: Any = None,
        on_train_begin: Any = None,
        on_train_end: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__()
        self.__dict__.update(kwargs)
        given = {
            "on_epoch_begin": on_epoch_begin,
            "on_epoch_end": on_epoch_end,
            "on_batch_begin": on_batch_begin,
            "on_batch_end": on_batch_end,
            "on_train_begin": on_train_begin,
            "on_train_end": on_train_end,
        }
        self.__dict__.update({name: function for name, function in given.items() if function is not None})


class TensorBoard(Callback):
    """Writes an event file with the means of each epoch, and the graph (TF1 symbol:
    `tf.keras.callbacks.TensorBoard`).

    `histogram_freq`, `write_grads`, `write_images`, `embeddings_*` and `profile_batch` are accepted; none of
    what they add is written.
    """

    def __init__(
        self,
        log_dir: str = "./logs",
        histogram_freq: int = 0,
        batch_size: int = 32,
        write_graph: bool = True,
        write_grads: bool = False,
        write_images: bool = False,
        embeddings_freq: int = 0,
        embeddings_layer_names: Any = None,
        embeddings_metadata: Any = None,
        embeddings_data: Any = None,
        update_freq: Any = "epoch",
        profile_batch: int = 2,
    ) -> None:
        super().__init__()
        self.log_dir, self.write_graph, self.update_freq = log_dir, write_graph, update_freq
        self._writer: Any = None
        self._samples = self._last = 0

    def set_model(self, model: Any) -> None:
        from ..summary import FileWriter

        super().set_model(model)
        graph = session.get_session().graph if self.write_graph else None
        self._writer = FileWriter(self.log_dir, graph)

    def _write(self, logs: dict[str, Any], step: int, prefix: str) -> None:
        from ..summary import Summary

        summary = Summary()
        for name, value in logs.items():
            if name not in ("batch", "size", "num_steps"):
                summary.value.add(tag=prefix + name, simple_value=float(value))
        self._writer.add_summary(summary, step)

    def on_batch_end(self, batch: int, logs: Any = None) -> None:
        self._samples += (logs or {}).get("size", 1)
        if self.update_freq == "epoch":
            return
        if self.update_freq == "batch" or self._samples - self._last >= self.update_freq:
            self._write(logs or {}, self._samples, "batch_")
            self._last = self._samples

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        step = epoch if self.update_freq == "epoch" else self._samples
        self._write(logs or {}, step, "epoch_")
        self._writer.flush()

    def on_train_end(self, logs: Any = None) -> None:
        self._writer.close()


__all__ = [
    "BaseLogger",
    "CSVLogger",
    "Callback",
    "EarlyStopping",
    "History",
    "LambdaCallback",
    "LearningRateScheduler",
    "ModelCheckpoint",
    "ProgbarLogger",
    "ReduceLROnPlateau",
    "TensorBoard",
    "TerminateOnNaN",
]
__getattr__ = absent("tf.keras.callbacks", __all__)
