"""The module `tf.signal`."""

from .names import absent
from .ops.fourier import (
    fft,
    fft2d,
    fft3d,
    frame,
    hamming_window,
    hann_window,
    ifft,
    ifft2d,
    ifft3d,
    irfft,
    irfft2d,
    irfft3d,
    overlap_and_add,
    rfft,
    rfft2d,
    rfft3d,
    stft,
)

__all__ = [
    "fft",
    "fft2d",
    "fft3d",
    "frame",
    "hamming_window",
    "hann_window",
    "ifft",
    "ifft2d",
    "ifft3d",
    "irfft",
    "irfft2d",
    "irfft3d",
    "overlap_and_add",
    "rfft",
    "rfft2d",
    "rfft3d",
    "stft",
]
__getattr__ = absent("tf.signal", __all__)
