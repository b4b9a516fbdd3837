"""A step of Adam for a small variable in one native call: of torch's operations it takes six, which cost more
to call than to compute.
"""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from ostinato.kernels.native import library

MOST = 1 << 15
"""Elements of a variable; of more, torch's operations may take several threads."""
_TENSORS = ctypes.c_void_p * 7


def runs(tensors: Sequence[Tensor]) -> bool:
    """Whether the native step takes these: float32 on the processor, of one shape, contiguous."""
    shape = tensors[0].shape
    return hasattr(library.load(), "ostinato_adam") and all(
        type(tensor) is Tensor
        and tensor.dtype is torch.float32
        and tensor.is_cpu
        and tensor.shape == shape
        and tensor.is_contiguous()
        and not tensor.is_neg()
        for tensor in tensors
    )


def step(tensors: Sequence[Tensor], rest1: float, rest2: float, rate: float, epsilon: float) -> list[Tensor]:
    """The new value, m and v of (value, m, v, gradient); `rest1` and `rest2` are what the betas leave."""
    made = [torch.empty_like(tensor) for tensor in tensors[:3]]
    build: Any = library.load()
    build.ostinato_adam(
        ctypes.c_int64(tensors[0].numel()),
        _TENSORS(*[tensor.data_ptr() for tensor in (*tensors, *made)]),
        ctypes.c_double(rest1),
        ctypes.c_double(rest2),
        ctypes.c_double(rate),
        ctypes.c_double(epsilon),
    )
    return made
