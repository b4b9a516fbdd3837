"""Cross entropies of float32 rows in one native call each way: of torch's operations class numbers take nine,
five of them over all logits. The backward pass gets its logits and, of each row, two numbers.
"""

from __future__ import annotations

import ctypes
import functools
import struct
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from ostinato._external import external
from ostinato.kernels.native import library, straight

_LABELS = {torch.int32: 4, torch.int64: 8, torch.float32: 0}
_FOUND_AGAIN = 1 << 11
"""For so few logits, statistics cost more to allocate than to find again."""


_call = struct.Struct("15q").pack
"""The bytes of a `CrossEntropyCall` of cross_entropy.cpp, of which every field takes eight."""


def runs(logits: Tensor, labels: Tensor) -> bool:
    """Whether the native passes take these: float32 logits on the processor, along whose last axis there are
    classes, and labels of one class number a row, or of their shape; in a program that runs as it is called.
    """
    return bool(
        logits.dtype is torch.float32
        and labels.dtype in _LABELS
        and logits.dim()
        and logits.shape[-1]
        and straight.runs(logits, labels)
    )


@external
def forward(logits: Tensor, labels: Tensor, with_statistics: bool, check: Callable[..., None]) -> Any:
    """The losses; `with_statistics` they and what the backward pass wants. Class numbers that are none are
    given to `check`, with the number of classes, to raise what there is to say.
    """
    logits, rows, classes, stride = _rows(logits)
    labels, label_bytes, labels_stride = _of_rows(labels)
    losses = logits.new_empty(logits.shape[:-1])
    statistics = logits.new_empty((2, rows)) if with_statistics else None
    wrong = _function("forward")(
        _call(
            *(rows, classes, logits.data_ptr(), stride, labels.data_ptr(), label_bytes, labels_stride),
            *(losses.data_ptr(), 0 if statistics is None else statistics.data_ptr(), 0, 0, 0, 0),
            *straight.team(rows, rows * classes),
        )
    )
    if wrong >= 0:
        check(labels, classes)
    return losses if statistics is None else (losses, statistics)


@external
def backward(
    logits: Tensor,
    labels: Tensor,
    statistics: Tensor | None,
    grad_losses: Tensor,
    of_logits: bool = True,
    of_labels: bool = False,
) -> Any:
    """The gradient of the logits, or of probabilities, or both."""
    given = logits
    logits, rows, classes, stride = _rows(logits)
    labels, label_bytes, labels_stride = _of_rows(labels)
    grads = grad_losses if grad_losses.dim() == 1 else straight.flat(grad_losses)
    grad_logits = straight.empty_like(given) if of_logits else None
    grad_labels = straight.empty_like(given) if of_labels else None
    _function("backward")(
        _call(
            *(rows, classes, logits.data_ptr(), stride, labels.data_ptr(), label_bytes, labels_stride),
            *(0, 0 if statistics is None else statistics.data_ptr(), grads.data_ptr(), grads.stride(0)),
            0 if grad_logits is None else grad_logits.data_ptr(),
            0 if grad_labels is None else grad_labels.data_ptr(),
            *straight.team(rows, rows * classes),
        )
    )
    if grad_logits is None:
        return grad_labels
    return grad_logits if grad_labels is None else (grad_logits, grad_labels)


def wants_statistics(logits: Tensor) -> bool:
    """Whether finding them again costs more than to keep them."""
    return logits.numel() > _FOUND_AGAIN


def _rows(tensor: Tensor) -> tuple[Tensor, int, int, int]:
    """A tensor whose rows are contiguous and evenly apart, how many and how long they are, how far apart."""
    classes = tensor.shape[-1]
    rows = tensor.numel() // classes
    if not tensor.is_contiguous():
        if tensor.dim() == 2 and tensor.stride(1) == 1:
            return tensor, rows, classes, tensor.stride(0)
        tensor = tensor.contiguous()
    return tensor, rows, classes, classes


def _of_rows(labels: Tensor) -> tuple[Tensor, int, int]:
    """Labels, how many bytes the class of a row takes, and how far apart rows of probabilities are."""
    label_bytes = _LABELS[labels.dtype]
    if label_bytes:
        return labels if labels.is_contiguous() else labels.contiguous(), label_bytes, 0
    labels, _, _, stride = _rows(labels)
    return labels, 0, stride


@functools.cache
def _function(direction: str) -> Any:
    function = getattr(library.load(), f"ostinato_cross_entropy_{direction}")
    function.argtypes = [ctypes.c_void_p]
    function.restype = ctypes.c_int64 if direction == "forward" else None
    return function
