"""The base of the callbacks, several as one, and those that a fit has of its own."""

from __future__ import annotations

from typing import Any


class Callback:
    """Base of the callbacks (TF1 symbol: `tf.keras.callbacks.Callback`): derive from it."""

    def __init__(self) -> None:
        self.model: Any = None
        self.params: dict[str, Any] = {}
        self.validation_data: Any = None

    def set_params(self, params: dict[str, Any]) -> None:
        self.params = params

    def set_model(self, model: Any) -> None:
        self.model = model

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """Called before an epoch."""

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Called after an epoch, with its means."""

    def on_batch_begin(self, batch: int, logs: Any = None) -> None:
        """Called before a batch."""

    def on_batch_end(self, batch: int, logs: Any = None) -> None:
        """Called after a batch, with its values."""

    def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:
        self.on_batch_begin(batch, logs=logs)

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        self.on_batch_end(batch, logs=logs)

    def on_test_batch_begin(self, batch: int, logs: Any = None) -> None:
        """Called before a batch of an evaluation, in `fit` too."""

    def on_test_batch_end(self, batch: int, logs: Any = None) -> None:
        """Called after a batch of an evaluation, with its values."""

    def on_predict_batch_begin(self, batch: int, logs: Any = None) -> None:
        """Called before a batch of a prediction."""

    def on_predict_batch_end(self, batch: int, logs: Any = None) -> None:
        """Called after a batch of a prediction, with its outputs."""

    def on_train_begin(self, logs: Any = None) -> None:
        """Called before the first epoch."""

    def on_train_end(self, logs: Any = None) -> None:
        """Called after the last epoch."""

    def on_test_begin(self, logs: Any = None) -> None:
        """Called before an evaluation, in `fit` too."""

    def on_test_end(self, logs: Any = None) -> None:
        """Called after an evaluation."""

    def on_predict_begin(self, logs: Any = None) -> None:
        """Called before a prediction."""

    def on_predict_end(self, logs: Any = None) -> None:
        """Called after a prediction."""


class CallbackList:
    """Several callbacks, called in their order."""

    def __init__(self, callbacks: Any, model: Any, params: dict[str, Any]) -> None:
        self.callbacks = list(callbacks)
        for callback in self.callbacks:
            callback.set_model(model)
        for callback in self.callbacks:
            callback.set_params(params)

    def call(self, name: str, *args: Any, logs: Any = None) -> None:
        """Call a method of all; what they write into the logs of a batch's begin is there at its end."""
        for callback in self.callbacks:
            getattr(callback, name)(*args, logs)

    def __iter__(self) -> Any:
        return iter(self.callbacks)


class History(Callback):
    """The means of each epoch (TF1 symbol: `tf.keras.callbacks.History`)."""

    def on_train_begin(self, logs: Any = None) -> None:
        self.epoch: list[int] = []
        self.history: dict[str, list[float]] = {}

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        self.epoch.append(epoch)
        for name, value in (logs or {}).items():
            self.history.setdefault(name, []).append(value)


class BaseLogger(Callback):
    """Nothing to do: the means of an epoch are taken by `fit` (TF1: `tf.keras.callbacks.BaseLogger`)."""

    def __init__(self, stateful_metrics: Any = None) -> None:
        super().__init__()


class ProgbarLogger(Callback):
    """Nothing to do: `fit` prints (TF1 symbol: `tf.keras.callbacks.ProgbarLogger`)."""

    def __init__(self, count_mode: str = "samples", stateful_metrics: Any = None) -> None:
        super().__init__()
