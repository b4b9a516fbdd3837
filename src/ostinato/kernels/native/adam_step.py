"""A step of Adam for many variables in one native call: of torch's operations each takes six, which for small
ones cost more to call than to compute, and for large ones read and write the same memory over and over.
"""

from __future__ import annotations

import ctypes
import functools
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from ostinato.kernels.native import library

_SHARE = 1 << 15
"""Elements that make a thread more worth while."""


def runs(tensors: Sequence[Tensor]) -> bool:
    """Whether the native step takes these: float32 on the processor, of one shape, contiguous."""
    shape = tensors[0].shape
    return hasattr(library.load(), "ostinato_adam_steps") and all(
        type(tensor) is Tensor
        and tensor.dtype is torch.float32
        and tensor.is_cpu
        and tensor.shape == shape
        and tensor.is_contiguous()
        and not tensor.is_neg()
        for tensor in tensors
    )


def steps(
    rows: Sequence[Sequence[Tensor]], rest1: float, rest2: float, rate: float, epsilon: float
) -> list[list[Tensor]]:
    """The new value, m and v of each variable's (value, m, v, gradient), contiguous and of one shape; `rest1`
    and `rest2` are what the betas leave.
    """
    made = [[torch.empty_like(tensor) for tensor in row[:3]] for row in rows]
    counts = [row[0].numel() for row in rows]
    addresses = [tensor.data_ptr() for row, new in zip(rows, made, strict=True) for tensor in (*row, *new)]
    threads = min(library.threads(), sum(counts) // _SHARE)
    build: Any = library.load()
    build.ostinato_adam_steps(
        ctypes.c_int64(len(rows)),
        _counts(tuple(counts)),
        (ctypes.c_void_p * len(addresses))(*addresses),
        ctypes.c_double(rest1),
        ctypes.c_double(rest2),
        ctypes.c_double(rate),
        ctypes.c_double(epsilon),
        ctypes.c_int64(threads),
        ctypes.c_void_p(library.parallel_for() if threads > 1 else None),
    )
    return made


@functools.lru_cache(1024)
def _counts(counts: tuple[int, ...]) -> Any:
    return (ctypes.c_int64 * len(counts))(*counts)
