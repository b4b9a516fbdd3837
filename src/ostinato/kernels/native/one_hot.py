"""`one_hot` in one native pass: torch's operations compare every place with every number, and then choose."""

from __future__ import annotations

import ctypes
import functools
from typing import Any

import torch
from torch import Tensor

from ostinato._external import RECORDING, differs_between_runs, external
from ostinato.kernels.native import buffers, library, straight


def runs(places: Tensor, on: Tensor, off: Tensor) -> bool:
    """Whether the native pass takes these: whole numbers, and single float32 values, on the processor. What
    is the same in every run of a recording is left to torch, for then it is computed once.
    """
    return (
        places.dtype in (torch.int64, torch.int32)
        and on.dtype is torch.float32
        and off.dtype is torch.float32
        and on.dim() == off.dim() == 0
        and straight.runs(places, on, off)
        and (RECORDING.recorder is None or differs_between_runs(places))
    )


@external
def one_hot(places: Tensor, depth: int, on: Tensor, off: Tensor) -> Tensor:
    """`[*places, depth]` of `off`, but for `on` at each place that there is."""
    places = places.contiguous()
    found = buffers.empty((*places.shape, depth), on)
    rows = places.numel()
    _function()(
        *(rows, depth, places.data_ptr(), places.element_size(), on.data_ptr(), off.data_ptr()),
        *(found.data_ptr(), *straight.team(rows, rows * depth)),
    )
    return found


@functools.cache
def _function() -> Any:
    function = library.load().ostinato_one_hot  # type: ignore[union-attr]
    whole, address = ctypes.c_int64, ctypes.c_void_p
    function.argtypes = [whole, whole, address, whole, address, address, address, whole, address]
    function.restype = None
    return function
