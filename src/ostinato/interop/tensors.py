"""Tensors of several sources behind one face: shapes and dtypes at once, elements when they are asked for."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from ostinato.checkpoint import Checkpoint
from ostinato.interop.conversion import Shape, Tensors


class CheckpointTensors:
    """Those of an open checkpoint."""

    def __init__(self, checkpoint: Checkpoint) -> None:
        self._checkpoint = checkpoint

    def names(self) -> list[str]:
        return list(self._checkpoint)

    def shape(self, name: str) -> Shape:
        return self._checkpoint.info(name).shape

    def dtype(self, name: str) -> np.dtype:
        return self._checkpoint.info(name).dtype

    def array(self, name: str) -> np.ndarray:
        return self._checkpoint[name]

    def unreadable(self, name: str) -> str | None:
        """The type of a tensor that only TensorFlow can read; None for every other."""
        kind = self._checkpoint.info(name).dtype_name
        return kind if kind in ("resource", "variant") else None


class ArrayTensors:
    """Arrays by name."""

    def __init__(self, arrays: Mapping[str, np.ndarray]) -> None:
        self._arrays = arrays

    def names(self) -> list[str]:
        return list(self._arrays)

    def shape(self, name: str) -> Shape:
        return tuple(self._arrays[name].shape)

    def dtype(self, name: str) -> np.dtype:
        return self._arrays[name].dtype

    def array(self, name: str) -> np.ndarray:
        return self._arrays[name]


class SomeTensors:
    """The tensors of `names` among others."""

    def __init__(self, tensors: Tensors, names: list[str]) -> None:
        self._tensors, self._names = tensors, names

    def names(self) -> list[str]:
        return self._names

    def shape(self, name: str) -> Shape:
        return self._tensors.shape(name)

    def dtype(self, name: str) -> np.dtype:
        return self._tensors.dtype(name)

    def array(self, name: str) -> np.ndarray:
        return self._tensors.array(name)


def tensors_of(variables: Mapping[str, np.ndarray]) -> Tensors:
    """The face for a checkpoint or for arrays by name."""
    if isinstance(variables, Checkpoint):
        return CheckpointTensors(variables)
    return ArrayTensors({name: np.asarray(value) for name, value in variables.items()})
