"""The checksum of TensorFlow's files: CRC-32C, masked."""

from __future__ import annotations

import google_crc32c
import numpy as np

_MASK_DELTA = 0xA282EAD8
_WHOLE = 0xFFFFFFFF


def crc32c(data: bytes | np.ndarray, crc: int = 0) -> int:
    """The CRC-32C (Castagnoli) of `data`, which continues `crc`."""
    value: int = google_crc32c.extend(crc, data)
    return value


def mask(crc: int) -> int:
    """A checksum as files store it: the checksum of bytes that hold checksums would be weak otherwise."""
    return (((crc >> 15) | (crc << 17)) + _MASK_DELTA) & _WHOLE


def unmask(masked: int) -> int:
    """The checksum that `mask` was given."""
    rotated = (masked - _MASK_DELTA) & _WHOLE
    return ((rotated >> 17) | (rotated << 15)) & _WHOLE
