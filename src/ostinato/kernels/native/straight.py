"""What native passes over plain tensors have in common: when they run, with how many threads, and in which
memory.
"""

from __future__ import annotations

import torch
from torch import Tensor

from ostinato._external import RECORDING
from ostinato.kernels import eager
from ostinato.kernels.native import buffers, library

_PLAIN = (Tensor, torch.nn.Parameter)
_MEMBERS_SHARE = 1 << 14
"""Numbers that a thread is worth while for."""


def runs(*tensors: Tensor) -> bool:
    """Whether native code may take these from their addresses: there is such code, and nobody but autograd,
    and a recorder that is told of it, can see what is done with them.
    """
    recorder = RECORDING.recorder
    told = recorder is not None and not recorder.paused
    return (
        all(type(tensor) in _PLAIN and tensor.is_cpu and not tensor.is_neg() for tensor in tensors)
        and library.load() is not None
        and eager.is_eager(int(told))
    )


def team(parts: int, elements: int) -> tuple[int, int]:
    """How many threads work of so many parts and numbers is worth, and where they come from."""
    if elements < 2 * _MEMBERS_SHARE:
        return 1, 0
    return min(library.threads(), elements // _MEMBERS_SHARE, parts), library.parallel_for() or 0


def empty_like(tensor: Tensor) -> Tensor:
    """Contiguous memory of its shape and type, used again where there is much of it."""
    if tensor.nbytes < buffers.SMALLEST:
        return torch.empty_like(tensor, memory_format=torch.contiguous_format)
    return buffers.empty(tensor.shape, tensor)


def flat(grads: Tensor) -> Tensor:
    """In one row: the gradient of a mean is one number, with strides of zero."""
    if not grads.is_contiguous() and not any(grads.stride()):
        return grads.as_strided((grads.numel(),), (0,))
    return grads.reshape(-1)
