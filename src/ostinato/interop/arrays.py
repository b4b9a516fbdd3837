"""numpy's arrays as tensors and back, bit for bit: bfloat16 and its like, which numpy itself has not, too."""

from __future__ import annotations

from typing import Any

import ml_dtypes
import numpy as np
import torch
from torch import Tensor

_SMALL_FLOATS: list[tuple[Any, torch.dtype, torch.dtype]] = [
    (ml_dtypes.bfloat16, torch.bfloat16, torch.int16),
    (ml_dtypes.float8_e4m3fn, torch.float8_e4m3fn, torch.uint8),
    (ml_dtypes.float8_e4m3fnuz, torch.float8_e4m3fnuz, torch.uint8),
    (ml_dtypes.float8_e5m2, torch.float8_e5m2, torch.uint8),
    (ml_dtypes.float8_e5m2fnuz, torch.float8_e5m2fnuz, torch.uint8),
]
_BY_DTYPE = {np.dtype(small): (there, bits) for small, there, bits in _SMALL_FLOATS}
_BY_TORCH = {there: (np.dtype(small), bits) for small, there, bits in _SMALL_FLOATS}


def to_tensor(array: np.ndarray) -> Tensor:
    """A tensor of its own with the array's numbers.

    Raises:
        TypeError: torch has no such dtype.

    >>> to_tensor(np.array([1.5, -2.0], ml_dtypes.bfloat16))
    tensor([ 1.5000, -2.0000], dtype=torch.bfloat16)
    """
    own = np.array(array, order="C")
    if own.dtype in _BY_DTYPE:
        there, bits = _BY_DTYPE[own.dtype]
        return torch.from_numpy(own.view(np.int16 if bits == torch.int16 else np.uint8)).view(there)
    if own.dtype.kind not in "biufc" or not own.dtype.isnative:
        raise TypeError(f"torch has no tensors of numpy's type {own.dtype}.")
    return torch.from_numpy(own)


def to_array(tensor: Tensor) -> np.ndarray:
    """An array with the tensor's numbers; it may share the tensor's memory.

    Raises:
        TypeError: numpy has no such dtype, or the tensor is sparse or has no values.

    >>> to_array(torch.ones(2, dtype=torch.bfloat16))
    array([1, 1], dtype=bfloat16)
    """
    if tensor.layout != torch.strided or tensor.device.type == "meta" or tensor.is_quantized:
        raise TypeError(
            f"A {tensor.layout} tensor of {tensor.dtype} on {tensor.device} is no array of numbers."
        )
    plain = tensor.detach().cpu().resolve_conj().resolve_neg()
    if plain.dtype in _BY_TORCH:
        small, bits = _BY_TORCH[plain.dtype]
        return plain.contiguous().view(bits).numpy().view(small)
    try:
        return plain.numpy()
    except TypeError:
        raise TypeError(f"numpy has no arrays of torch's type {tensor.dtype}.") from None
