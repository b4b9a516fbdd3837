"""From spectra back to sound, mel scales, and cosine transforms."""

from __future__ import annotations

import math as numbers
from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from ..dtypes import as_dtype, float32
from ..graph import name_scope
from ..registry import register, same
from ..tensor import Tensor
from . import array, math
from .core import constant, convert_to_tensor, one
from .fourier import hann_window, irfft, number, overlap_and_add
from .padding import pad
from .picking import tile
from .reductions import reduce_sum

_BREAK, _QUALITY = 700.0, 1127.0  # of the mel scale


def inverse_stft(
    stfts: Any,
    frame_length: Any,
    frame_step: Any,
    fft_length: Any = None,
    window_fn: Any = hann_window,
    name: str | None = None,
) -> Tensor:
    """The signal of spectra that are short in time (TF1 symbol: `tf.signal.inverse_stft`).

    With `window_fn=tf.signal.inverse_stft_window_fn(frame_step)` it undoes `tf.signal.stft` but for the ends.
    """
    with name_scope(name, "inverse_stft", [stfts]):
        spectra = convert_to_tensor(stfts, name="stfts")
        length = number(frame_length, "frame_length")
        size = 1 << (length - 1).bit_length() if fft_length is None else number(fft_length, "fft_length")
        pieces = irfft(spectra, [size])
        if size > length:
            pieces = pieces[..., :length]
        elif size < length:
            rank = pieces.shape.ndims
            if rank is None:
                raise ValueError("inverse_stft of spectra of unknown rank needs fft_length >= frame_length")
            pieces = pad(pieces, [[0, 0]] * (rank - 1) + [[0, length - size]])
        if window_fn is not None:
            pieces = pieces * window_fn(length, dtype=pieces.dtype)
        return overlap_and_add(pieces, frame_step)


def inverse_stft_window_fn(
    frame_step: Any, forward_window_fn: Callable[..., Tensor] = hann_window, name: str | None = None
) -> Callable[..., Tensor]:
    """The window of `inverse_stft` after `stft` with `forward_window_fn`: those over a place add up to 1.

    TF1 symbol: `tf.signal.inverse_stft_window_fn`.
    """
    step = number(frame_step, "frame_step")

    def window(frame_length: Any, dtype: Any) -> Tensor:
        with name_scope(name, "inverse_stft_window_fn", [forward_window_fn]):
            length = number(frame_length, "frame_length")
            forward = forward_window_fn(length, dtype=dtype)
            overlaps = -(-length // step)
            padded = pad(math.square(forward), [[0, overlaps * step - length]])
            weight = reduce_sum(array.reshape(padded, [overlaps, step]), 0, keepdims=True)
            return forward / array.reshape(tile(weight, [overlaps, 1]), [overlaps * step])[:length]

    return window


def linear_to_mel_weight_matrix(
    num_mel_bins: int = 20,
    num_spectrogram_bins: Any = 129,
    sample_rate: Any = 8000,
    lower_edge_hertz: float = 125.0,
    upper_edge_hertz: float = 3800.0,
    dtype: Any = float32,
    name: str | None = None,
) -> Tensor:
    """The weights `[num_spectrogram_bins, num_mel_bins]` that make a mel spectrogram of a linear one.

    TF1 symbol: `tf.signal.linear_to_mel_weight_matrix`.

    Raises:
        ValueError: numbers that make no scale, or a dtype that is no float.
    """
    rate = number(sample_rate, "sample_rate") if isinstance(sample_rate, Tensor) else sample_rate
    bins, kind = number(num_spectrogram_bins, "num_spectrogram_bins"), as_dtype(dtype)
    _check_scale(num_mel_bins, rate, lower_edge_hertz, upper_edge_hertz, kind)
    with name_scope(name, "linear_to_mel_weight_matrix"):
        # The constant part of a spectrum, its first bin, has no place on the scale.
        places = _mel(np.linspace(0.0, rate / 2.0, bins)[1:])[:, None]
        lowest, highest = _mel(np.array([lower_edge_hertz, upper_edge_hertz])).tolist()
        edges = np.linspace(lowest, highest, num_mel_bins + 2)
        lower, center, upper = edges[:-2], edges[1:-1], edges[2:]
        rising, falling = (places - lower) / (center - lower), (upper - places) / (upper - center)
        weights = np.maximum(0.0, np.minimum(rising, falling))
        return constant(np.pad(weights, [[1, 0], [0, 0]]), dtype=kind, name="weights")


def _mel(hertz: np.ndarray) -> np.ndarray:
    return _QUALITY * np.log(1.0 + hertz / _BREAK)


def _check_scale(bins: int, rate: float, lower: float, upper: float, kind: Any) -> None:
    if bins <= 0:
        raise ValueError(f"num_mel_bins must be positive. Got: {bins}")
    if rate <= 0.0:
        raise ValueError(f"sample_rate must be positive. Got: {rate}")
    if lower < 0.0:
        raise ValueError(f"lower_edge_hertz must be non-negative. Got: {lower}")
    if lower >= upper:
        raise ValueError(f"lower_edge_hertz {lower} >= upper_edge_hertz {upper}")
    if upper > rate / 2:
        raise ValueError(
            f"upper_edge_hertz must not be larger than the Nyquist frequency (sample_rate / 2). Got {upper} "
            f"for sample_rate: {rate}"
        )
    if not kind.is_floating:
        raise ValueError(f"dtype must be a floating point type. Got: {kind.name}")


def _cosines(x: torch.Tensor, kind: int, ortho: bool) -> torch.Tensor:
    size = x.shape[-1]
    times = torch.arange(size, dtype=torch.float64)
    if kind == 1:
        matrix = 2.0 * torch.cos(numbers.pi / (size - 1) * times[:, None] * times)
        matrix[0], matrix[-1] = 0.5 * matrix[0], 0.5 * matrix[-1]
    elif kind == 2:
        matrix = 2.0 * torch.cos(numbers.pi / size * (times[:, None] + 0.5) * times)
        if ortho:
            matrix *= torch.where(times == 0, numbers.sqrt(0.25 / size), numbers.sqrt(0.5 / size))
    else:
        matrix = 2.0 * torch.cos(numbers.pi / size * times[:, None] * (times + 0.5))
        if ortho:
            scale = torch.where(times == 0, numbers.sqrt(1.0 / size), numbers.sqrt(0.5 / size))
            matrix *= scale[:, None]
        matrix[0] *= 0.5
    return x @ matrix.to(x)


register("Cosines", _cosines, same)


def dct(
    input: Any, type: int = 2, n: int | None = None, axis: int = -1, norm: str | None = None, name: Any = None
) -> Tensor:
    """The cosine transform of the last axis, of type 1, 2 or 3 (TF1 symbol: `tf.signal.dct`).

    Raises:
        ValueError: another type or axis; type 1 with `norm="ortho"`, or of less than two elements.
        NotImplementedError: `axis` is not the last.
    """
    return _transform("dct", input, type, n, axis, norm, name)


def idct(
    input: Any, type: int = 2, n: int | None = None, axis: int = -1, norm: str | None = None, name: Any = None
) -> Tensor:
    """The inverse of `dct`, but for a factor of `2 * n` without "ortho" (TF1 symbol: `tf.signal.idct`).

    Raises:
        ValueError: another type or axis; type 1 with `norm="ortho"`, or of less than two elements.
        NotImplementedError: `axis` is not the last.
    """
    return _transform("idct", input, {2: 3, 3: 2}.get(type, type), n, axis, norm, name)


def _transform(what: str, input: Any, kind: int, n: int | None, axis: int, norm: Any, name: Any) -> Tensor:
    if kind not in (1, 2, 3):
        raise ValueError("Only Types I, II and III (I)DCT are supported.")
    if axis != -1:
        raise NotImplementedError(f"axis must be -1. Got: {axis}")
    if norm not in (None, "ortho"):
        raise ValueError(f"Unknown normalization. Expected None or 'ortho', got: {norm}")
    if n is not None and n < 1:
        raise ValueError("n should be a positive integer or None")
    if kind == 1 and norm == "ortho":
        raise ValueError("Normalization is not supported for the Type-I DCT.")
    with name_scope(name, what, [input]):
        x = convert_to_tensor(input, dtype=float32)
        size = x.shape[-1].value
        if kind == 1 and size is not None and size < 2:
            raise ValueError("Type-I DCT requires the dimension to be greater than one.")
        if n is not None:
            x = x[..., :n]
            short = n - (n if size is None else min(size, n))
            if short:
                x = pad(x, [[0, 0]] * (len(x.shape) - 1) + [[0, short]])
        return one("Cosines", [x], kind=kind, ortho=norm == "ortho")


def mfccs_from_log_mel_spectrograms(log_mel_spectrograms: Any, name: str | None = None) -> Tensor:
    """The cepstral coefficients of mel spectrograms (TF1: `tf.signal.mfccs_from_log_mel_spectrograms`).

    Raises:
        ValueError: the number of mel bins is 0.
    """
    with name_scope(name, "mfccs_from_log_mel_spectrograms", [log_mel_spectrograms]):
        x = convert_to_tensor(log_mel_spectrograms)
        bins = x.shape[-1].value
        if bins == 0:
            raise ValueError(f"num_mel_bins must be positive. Got: {bins}")
        count: Any = math.cast(array.shape(x)[-1], float32) if bins is None else bins
        scale = math.rsqrt(convert_to_tensor(count * 2.0, dtype=float32))
        return dct(x) * scale
