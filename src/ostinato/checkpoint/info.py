"""What is known of a tensor before its elements are read."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from ostinato.checkpoint.dtypes import ElementType
from ostinato.checkpoint.errors import Malformed
from ostinato.checkpoint.messages import Shape


@dataclass(frozen=True, slots=True)
class TensorInfo:
    """A tensor of a checkpoint.

    Attributes:
        name: its name, such as "rnn/basic_lstm_cell/kernel".
        shape: its shape.
        dtype: numpy's type; object for strings.
        dtype_name: TensorFlow's name of the type, such as "float32", "bfloat16", "string", "qint8".
        partitions: 1, or the number of saved slices that are joined.
        nbytes: bytes of its elements; of strings, as the file stores them (in V1 files 0: they do not say).
    """

    name: str
    shape: tuple[int, ...]
    dtype: np.dtype
    dtype_name: str
    partitions: int
    nbytes: int

    @property
    def size(self) -> int:
        """The number of elements."""
        return math.prod(self.shape)


def check_size(name: str, shape: Shape, element: ElementType) -> None:
    """Raise if numpy cannot hold such an array; with an axis of 0 its others can still be too large."""
    itemsize = 1 if element.dtype is None else element.dtype.itemsize
    if math.prod(length for length in shape if length) * itemsize >= 1 << 63:
        raise Malformed(0, f"'{name}' of shape {list(shape)} is larger than any memory")
