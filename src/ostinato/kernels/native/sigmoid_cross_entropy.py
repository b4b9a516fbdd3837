"""The cross entropy of independent probabilities in one native pass each way."""

from __future__ import annotations

import ctypes
import functools
from typing import Any

import torch
from torch import Tensor

from ostinato._external import external
from ostinato.kernels.native import library, straight


def runs(logits: Tensor, labels: Tensor) -> bool:
    """Whether the native passes take these: float32 of one shape, on the processor."""
    return (
        logits.dtype is torch.float32
        and labels.dtype is torch.float32
        and logits.shape == labels.shape
        and straight.runs(logits, labels)
    )


@external
def forward(logits: Tensor, labels: Tensor) -> Tensor:
    """The loss of each element."""
    logits, labels = logits.contiguous(), labels.contiguous()
    losses = straight.empty_like(logits)
    count = logits.numel()
    team = straight.team(count, count)
    _function("forward")(count, logits.data_ptr(), labels.data_ptr(), losses.data_ptr(), *team)
    return losses


@external
def backward(
    logits: Tensor, labels: Tensor, grad_losses: Tensor, of_logits: bool = True, of_labels: bool = False
) -> Any:
    """The gradient of the logits, or of the labels, or both."""
    logits, labels = logits.contiguous(), labels.contiguous()
    grads = grad_losses if grad_losses.is_contiguous() else straight.flat(grad_losses)
    count = logits.numel()
    found = [straight.empty_like(logits) if wanted else None for wanted in (of_logits, of_labels)]
    _function("backward")(
        *(count, logits.data_ptr(), labels.data_ptr(), grads.data_ptr(), int(grads.is_contiguous())),
        *(0 if gradient is None else gradient.data_ptr() for gradient in found),
        *straight.team(count, count),
    )
    made = tuple(gradient for gradient in found if gradient is not None)
    return made if len(made) > 1 else made[0]


@functools.cache
def _function(direction: str) -> Any:
    function = getattr(library.load(), f"ostinato_sigmoid_cross_entropy_{direction}")
    whole, address = ctypes.c_int64, ctypes.c_void_p
    more = [address] if direction == "forward" else [address, whole, address, address]
    function.argtypes = [whole, address, address, *more, whole, address]
    function.restype = None
    return function
