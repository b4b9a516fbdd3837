"""The module `tf.contrib.checkpoint`: what goes into the checkpoints of `tf.train.Checkpoint`."""

from __future__ import annotations

from typing import Any

from ..checkpoint_manager import CheckpointManager
from ..names import absent
from ..object_dependencies import ObjectGraph, Trackable, is_trackable

Checkpointable = CheckpointableBase = Trackable


def list_objects(root_checkpointable: Any) -> list[Any]:
    """The objects that one holds, and itself (TF1 symbol: `tf.contrib.checkpoint.list_objects`)."""
    return ObjectGraph(root_checkpointable).objects


class List(Trackable, list):
    """A list of objects (TF1 symbol: `tf.contrib.checkpoint.List`).

    Raises:
        ValueError: something that holds no variables.
    """

    def __init__(self, *args: Any) -> None:
        super().__init__()
        for item in args:
            self.append(item)

    def append(self, value: Any) -> None:
        super().append(_checked(value))

    def extend(self, values: Any) -> None:
        for value in values:
            self.append(value)

    def _checkpoint_dependencies(self) -> dict[str, Any]:
        return {str(place): value for place, value in enumerate(self)}


class Mapping(Trackable, dict):
    """A dict of objects (TF1 symbol: `tf.contrib.checkpoint.Mapping`).

    Raises:
        ValueError: something that holds no variables.
        TypeError: a key that is no text.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__()
        for key, value in dict(*args, **kwargs).items():
            self[key] = value

    def __setitem__(self, key: Any, value: Any) -> None:
        if not isinstance(key, str):
            raise TypeError(f"Mapping accepts only string keys, but got a key {key!r}.")
        super().__setitem__(key, _checked(value))

    def _checkpoint_dependencies(self) -> dict[str, Any]:
        return dict(self)


class UniqueNameTracker(Trackable):
    """Objects under names that are made unique (TF1 symbol: `tf.contrib.checkpoint.UniqueNameTracker`)."""

    def __init__(self) -> None:
        self._tracked: dict[str, Any] = {}

    def track(self, checkpointable: Any, base_name: str) -> Any:
        """Keep an object under a name, or the name with a number.

        Raises:
            ValueError: something that holds no variables.
        """
        name, number = base_name, 1
        while name in self._tracked:
            name, number = f"{base_name}_{number}", number + 1
        self._tracked[name] = _checked(checkpointable)
        return checkpointable

    def _checkpoint_dependencies(self) -> dict[str, Any]:
        return dict(self._tracked)


def _checked(value: Any) -> Any:
    if not is_trackable(value) and not isinstance(value, (list, dict)):
        raise ValueError(f"Only trackable objects (such as Layers or Optimizers) may be kept: {value}.")
    return value


__all__ = [
    "CheckpointManager",
    "Checkpointable",
    "CheckpointableBase",
    "List",
    "Mapping",
    "UniqueNameTracker",
    "list_objects",
]
__getattr__ = absent("tf.contrib.checkpoint", __all__)
