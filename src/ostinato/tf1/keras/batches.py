"""Arrays, generators and data sets as batches."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import nest
from ..errors import OutOfRangeError
from .session import get_session


def is_iterated(x: Any) -> bool:
    """Whether data comes batch by batch: a generator, a `Sequence`, a data set or its iterator."""
    if isinstance(x, (np.ndarray, list, tuple, dict)) or x is None or hasattr(x, "iloc"):
        return False
    return (
        hasattr(x, "__next__")
        or hasattr(x, "__getitem__")
        or hasattr(x, "__iter__")
        or hasattr(x, "get_next")
    )


def as_arrays(x: Any) -> Any:
    if x is None:
        return None
    if isinstance(x, dict):
        return {name: np.asarray(value) for name, value in x.items()}
    if (
        isinstance(x, (list, tuple))
        and len(x)
        and isinstance(x[0], (np.ndarray, list, tuple))
        and _are_arrays(x)
    ):
        return [np.asarray(item) for item in x]
    return np.asarray(x)


def _are_arrays(x: Any) -> bool:
    return all(isinstance(item, np.ndarray) for item in x)


def _each(x: Any) -> list[Any]:
    return [] if x is None else list(x.values()) if isinstance(x, dict) else x if isinstance(x, list) else [x]


def rows(x: Any) -> int:
    found = _each(x)
    return len(found[0]) if found else 0


def part(x: Any, places: Any) -> Any:
    if x is None:
        return None
    if isinstance(x, dict):
        return {name: value[places] for name, value in x.items()}
    return [item[places] for item in x] if isinstance(x, list) else np.asarray(x)[places]


def check_rows(x: Any, y: Any, sample_weight: Any) -> None:
    counts = {len(item) for item in _each(x)}
    targets = {len(item) for item in _each(y) if item is not None}
    if len(counts) > 1:
        raise ValueError(
            f"All input arrays (x) should have the same number of samples. Got array shapes: "
            f"{[np.shape(item) for item in _each(x)]}"
        )
    if targets and counts and targets != counts:
        raise ValueError(
            "Input arrays should have the same number of samples as target arrays. Found "
            f"{counts.pop()} input "
            f"samples and {targets.pop()} target samples."
        )


class ArrayBatches:
    """Arrays, a batch at a time, in an order that is drawn for each epoch."""

    unit = "sample"

    def __init__(self, x: Any, y: Any, weights: Any, size: int, shuffle: Any, steps: int | None) -> None:
        self._x, self._y, self._weights = x, y, weights
        self._size, self._shuffle, self._steps = size, shuffle, steps
        self.count: int | None = rows(x)

    def epoch(self) -> Any:
        total = rows(self._x)
        order = np.arange(total)
        if self._shuffle == "batch":
            whole = order[: total - total % self._size].reshape(-1, self._size)
            np.random.shuffle(whole)
            order = np.concatenate([whole.ravel(), order[total - total % self._size :]])
        elif self._shuffle:
            np.random.shuffle(order)
        for step, start in enumerate(range(0, total, self._size)):
            if self._steps is not None and step >= self._steps:
                return
            places: Any = order[start : start + self._size]
            if not self._shuffle:
                places = slice(start, start + self._size)
            size = min(self._size, total - start)
            yield part(self._x, places), part(self._y, places), part(self._weights, places), size

    def on_epoch_end(self) -> None:
        """Nothing is left to do."""


class Batches:
    """What yields batches: (inputs, targets, weights), of which the last may be missing."""

    unit = "step"

    def __init__(self, source: Any, steps: int | None, class_weight: Any = None) -> None:
        self._class_weight = class_weight
        self._source, self._steps = source, steps
        self._iterator: Any = None
        self.is_data_set = hasattr(source, "make_one_shot_iterator") or hasattr(source, "get_next")
        self.count: int | None = steps
        if hasattr(source, "__len__") and steps is None:
            self.count = len(source)

    def _items(self) -> Any:
        source = self._source
        if self.is_data_set:
            yield from self._of_data_set()
        elif hasattr(source, "__getitem__") and hasattr(source, "__len__"):
            for index in range(len(source)):
                yield source[index]
        elif hasattr(source, "__next__"):
            while True:  # `yield from` would close the generator at an epoch's end
                try:
                    item = next(source)
                except StopIteration:
                    return
                yield item
        else:
            yield from iter(source)

    def _of_data_set(self) -> Any:
        if self._iterator is None:
            made = self._source
            if not hasattr(made, "get_next"):
                made = made.make_initializable_iterator()
            self._iterator = made, made.get_next()
            if hasattr(made, "initializer"):
                get_session().run(made.initializer)
        made, following = self._iterator
        while True:
            try:
                yield get_session().run(following)
            except OutOfRangeError:
                if hasattr(made, "initializer"):
                    get_session().run(made.initializer)
                return

    def epoch(self) -> Any:
        from .training_parts import weights_of_classes

        for step, item in enumerate(self._items(), 1):
            x, y, weights = item, None, None
            if isinstance(item, tuple):
                x, y, weights = (*item, None, None)[:3]
            weights = weights_of_classes(y, self._class_weight, weights)
            first = np.asarray(nest.flatten(list(x.values()) if isinstance(x, dict) else x)[0])
            yield x, y, weights, len(first)
            if self._steps is not None and step >= self._steps:
                return

    def on_epoch_end(self) -> None:
        """Tell a `Sequence` that an epoch is over."""
        if hasattr(self._source, "on_epoch_end"):
            self._source.on_epoch_end()
