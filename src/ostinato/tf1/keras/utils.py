"""The module `tf.keras.utils`."""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Iterator
from typing import Any

import numpy as np

from ..names import absent
from .data_files import get_file

_CUSTOM: dict[str, Any] = {}


def custom_objects_in_force() -> dict[str, Any]:
    """What names stand for beside Keras' own."""
    return _CUSTOM


def get_custom_objects() -> dict[str, Any]:
    """The names that scripts gave objects (TF1 symbol: `tf.keras.utils.get_custom_objects`)."""
    return _CUSTOM


@contextlib.contextmanager
def custom_object_scope(*args: Any) -> Iterator[None]:
    """Context in which names stand for objects (TF1 symbol: `tf.keras.utils.custom_object_scope`)."""
    before = dict(_CUSTOM)
    for named in args:
        _CUSTOM.update(named)
    try:
        yield
    finally:
        _CUSTOM.clear()
        _CUSTOM.update(before)


CustomObjectScope = custom_object_scope


def to_categorical(y: Any, num_classes: int | None = None, dtype: str = "float32") -> np.ndarray:
    """Rows with a one at the labels' places (TF1 symbol: `tf.keras.utils.to_categorical`).

    >>> to_categorical([0, 2]).tolist()
    [[1.0, 0.0, 0.0], [0.0, 0.0, 1.0]]
    """
    labels = np.array(y, dtype="int")
    shape = labels.shape
    if shape and shape[-1] == 1 and len(shape) > 1:
        shape = shape[:-1]
    labels = labels.ravel()
    classes = num_classes or int(labels.max()) + 1
    rows = np.zeros((labels.shape[0], classes), dtype=dtype)
    rows[np.arange(labels.shape[0]), labels] = 1
    return rows.reshape((*shape, classes))


def normalize(x: Any, axis: int = -1, order: int = 2) -> np.ndarray:
    """Arrays of length one along an axis (TF1 symbol: `tf.keras.utils.normalize`)."""
    lengths = np.atleast_1d(np.linalg.norm(x, order, axis))
    lengths[lengths == 0] = 1
    return x / np.expand_dims(lengths, axis)


class Sequence:
    """Base of data by batches (TF1 symbol: `tf.keras.utils.Sequence`): define `__getitem__` and `__len__`."""

    def __getitem__(self, index: int) -> Any:
        raise NotImplementedError("Define the batch of an index.")

    def __len__(self) -> int:
        raise NotImplementedError("Define how many batches there are.")

    def on_epoch_end(self) -> None:
        """Called after each epoch."""

    def __iter__(self) -> Iterator[Any]:
        for index in range(len(self)):
            yield self[index]


class Progbar:
    """A bar that shows how far a loop is (TF1 symbol: `tf.keras.utils.Progbar`)."""

    def __init__(
        self,
        target: int | None,
        width: int = 30,
        verbose: int = 1,
        interval: float = 0.05,
        stateful_metrics: Any = None,
        unit_name: str = "step",
    ) -> None:
        self.target, self.width, self.verbose, self.interval = target, width, verbose, interval
        self.unit_name = unit_name
        self.stateful_metrics = set(stateful_metrics or ())
        self._values: dict[str, list[float]] = {}
        self._start = self._shown = time.time()
        self._length = 0

    def update(self, current: int, values: Any = None) -> None:
        """Show that it is so far, with values whose means are shown."""
        for name, value in values or ():
            kept = self._values.setdefault(name, [0.0, 0.0])
            if name in self.stateful_metrics:
                kept[:] = [float(value), 1.0]
            else:
                share = current - getattr(self, "_before", 0)
                kept[0] += float(value) * share
                kept[1] += share
        self._before = current
        done = self.target is not None and current >= self.target
        now = time.time()
        if not self.verbose or (now - self._shown < self.interval and not done):
            return
        self._shown = now
        said = "".join(
            f" - {name}: {_number(total / max(count, 1))}" for name, (total, count) in self._values.items()
        )
        if self.verbose == 2 and not done:
            return
        took = now - self._start
        each = took / max(current, 1)
        ending = (
            f" - {took:.0f}s" + (f" {_duration(each)}/{self.unit_name}" if self.verbose == 1 else "")
            if done
            else f" - ETA: {int(each * ((self.target or current) - current))}s"
        )
        bar = ""
        if self.target is not None and self.verbose == 1:
            digits = len(str(self.target))
            filled = int(self.width * current / max(self.target, 1))
            drawn = "=" * self.width if done else ("=" * max(filled - 1, 0) + (">" if filled else ""))
            bar = f"{current:{digits}d}/{self.target} [{drawn:.<{self.width}}]"
        elif self.verbose == 2:
            bar = f"{current:{len(str(self.target))}d}/{self.target}"
        elif self.verbose == 1:
            bar = f"{current:7d}/Unknown"
        text = bar + ending + said
        if self.verbose == 1 and sys.stdout.isatty():
            sys.stdout.write("\r" + text.ljust(self._length))
            self._length = len(text)
            sys.stdout.write("\n" if done else "")
        elif done:
            sys.stdout.write(text + "\n")
        sys.stdout.flush()

    def add(self, n: int, values: Any = None) -> None:
        """Show that it is so much further."""
        self.update(getattr(self, "_before", 0) + n, values)


def _number(value: float) -> str:
    return f"{value:.4f}" if abs(value) > 1e-3 else f"{value:.4e}"


def _duration(seconds: float) -> str:
    if seconds >= 1:
        return f"{seconds:.0f}s"
    return f"{seconds * 1e3:.0f}ms" if seconds >= 1e-3 else f"{seconds * 1e6:.0f}us"


def plot_model(*args: Any, **kwargs: Any) -> None:
    """Not supported: `model.summary()` prints the layers (TF1 symbol: `tf.keras.utils.plot_model`)."""
    raise ImportError(
        "plot_model needs pydot and graphviz, which are not used here: model.summary() prints the layers."
    )


__all__ = [
    "CustomObjectScope",
    "Progbar",
    "Sequence",
    "custom_object_scope",
    "get_custom_objects",
    "get_file",
    "normalize",
    "plot_model",
    "to_categorical",
]
__getattr__ = absent("tf.keras.utils", __all__)
