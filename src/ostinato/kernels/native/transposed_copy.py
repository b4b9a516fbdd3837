"""Contiguous copies of tensors that lie transposed in memory: torch takes three to five times as long for one
where more than two axes are permuted.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from ostinato.kernels.native import library

SMALLEST, LARGEST = 1 << 11, 1 << 20
"""Elements: of fewer, the call costs more than the copy; for more, torch may take several threads."""
_LEAST_ROWS = 8


class _Copy(ctypes.Structure):
    """As in transposed_copy.h."""

    _fields_ = [
        (name, ctypes.c_int64)
        for name in ("groups", "rows", "columns", "from_group", "from_column", "to_group", "to_row")
    ]


def copier_of(tensor: Tensor) -> Callable[[Tensor], Tensor] | None:
    """What makes the contiguous copy of a tensor that lies in memory like this one; None where torch does."""
    if type(tensor) is not Tensor or not tensor.is_cpu or tensor.element_size() != 4 or tensor.is_neg():
        return None
    if not SMALLEST <= tensor.numel() <= LARGEST:
        return None
    layout = _layout(tensor)
    function = getattr(library.load(), "ostinato_transposed_copy", None)
    if layout is None or function is None:
        return None
    shape, reference = tuple(tensor.shape), ctypes.byref(layout)

    def copy(tensor: Tensor) -> Tensor:
        made: Tensor = torch.empty(shape, dtype=tensor.dtype)
        function(reference, ctypes.c_void_p(tensor.data_ptr()), ctypes.c_void_p(made.data_ptr()))
        return made

    return copy


def _layout(tensor: Tensor) -> Any:
    """The tensor as groups of rows and columns: the columns are its last axis, and the rows lie one after the
    other. None where it is something else.
    """
    axes: list[list[int]] = []  # size, from, to
    for size, stride, step in zip(
        tensor.shape, tensor.stride(), torch.empty(tensor.shape, device="meta").stride(), strict=True
    ):
        if size == 1:
            continue
        if axes and axes[-1][1] == size * stride and axes[-1][2] == size * step:
            axes[-1] = [axes[-1][0] * size, stride, step]
        else:
            axes.append([size, stride, step])
    if not 2 <= len(axes) <= 3:
        return None
    rows = [axis for axis in axes[:-1] if axis[1] == 1]
    columns = axes[-1]
    if len(rows) != 1 or columns[1] == 1 or min(rows[0][0], columns[0]) < _LEAST_ROWS:
        return None
    groups = next((axis for axis in axes[:-1] if axis is not rows[0]), [1, 0, 0])
    return _Copy(groups[0], rows[0][0], columns[0], groups[1], columns[1], groups[2], rows[0][2])
