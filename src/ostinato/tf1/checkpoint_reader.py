"""Checkpoints looked into without a graph: what they hold, tensor by tensor."""

from __future__ import annotations

import os
from typing import Any

from ostinato.checkpoint import CheckpointError

from . import errors
from .dtypes import DType, as_dtype
from .ops.checkpoint import open_checkpoint, unreadable


class CheckpointReader:
    """The tensors of a checkpoint by name (TF1 symbol: `tf.train.NewCheckpointReader`).

    Args:
        filepattern: the checkpoint's prefix.

    Raises:
        tf.errors.NotFoundError: there is no such checkpoint.
        tf.errors.DataLossError: its files are damaged, or no checkpoint.
    """

    def __init__(self, filepattern: str) -> None:
        self._checkpoint = open_checkpoint(os.fsdecode(filepattern))

    def has_tensor(self, tensor_str: str) -> bool:
        return tensor_str in self._checkpoint

    def get_tensor(self, tensor_str: str) -> Any:
        """A tensor as an array; a scalar as numpy's.

        Raises:
            tf.errors.NotFoundError: there is no tensor of that name.
        """
        name = os.fsdecode(tensor_str)
        if name not in self._checkpoint:
            raise errors.NotFoundError(None, None, f"Key {name} not found in checkpoint")
        try:
            array = self._checkpoint.read([name])[name]
        except (CheckpointError, OSError) as problem:
            raise unreadable(problem, None) from problem
        return array if array.ndim else array[()]

    def get_variable_to_shape_map(self) -> dict[str, list[int]]:
        return {name: list(self._checkpoint.info(name).shape) for name in self._checkpoint}

    def get_variable_to_dtype_map(self) -> dict[str, DType]:
        return {name: as_dtype(self._checkpoint.info(name).dtype_name) for name in self._checkpoint}

    def debug_string(self) -> bytes:
        """A line for each tensor: its name, type and shape."""
        lines = []
        for name in self._checkpoint:
            info = self._checkpoint.info(name)
            kind = {"float16": "half", "float32": "float", "float64": "double"}.get(
                info.dtype_name, info.dtype_name
            )
            shape = ",".join(str(size) for size in info.shape)
            lines.append(f"{name} (DT_{kind.upper()}) [{shape}]\n")
        return "".join(lines).encode()


def NewCheckpointReader(filepattern: str) -> CheckpointReader:
    """Look into a checkpoint (TF1 symbol: `tf.train.NewCheckpointReader`)."""
    return CheckpointReader(filepattern)
