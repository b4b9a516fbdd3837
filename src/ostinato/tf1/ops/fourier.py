"""Fourier transforms and frames of signals."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import torch

from ..dtypes import as_dtype, float32
from ..graph import name_scope
from ..registry import OutputTypes, constant_value, register, same
from ..shapes import TensorShape
from ..tensor import Tensor
from .core import constant, convert_to_tensor, one
from .padding import roll

_COMPLEX = {"float32": "complex64", "float64": "complex128"}


def _complex_function(op_type: str, compute: Callable[..., Any], axes: int, symbol: str) -> Any:
    last = tuple(range(-axes, 0))
    register(op_type, lambda x: compute(x, dim=last), same)

    def function(input: Any, name: str | None = None) -> Tensor:
        x = convert_to_tensor(input, name="input")
        if not x.dtype.is_complex:
            raise TypeError(
                f"Value passed to parameter 'input' has DataType {x.dtype.base_dtype.name} not in list of "
                "allowed values: complex64, complex128"
            )
        return one(op_type, [x], name or op_type)

    function.__doc__ = (
        f"Fourier's transform of complex numbers over the last axes (TF1 symbol: `tf.{symbol}`)."
    )
    return function


fft = _complex_function("FFT", torch.fft.fftn, 1, "fft")
fft2d = _complex_function("FFT2D", torch.fft.fftn, 2, "fft2d")
fft3d = _complex_function("FFT3D", torch.fft.fftn, 3, "fft3d")
ifft = _complex_function("IFFT", torch.fft.ifftn, 1, "ifft")
ifft2d = _complex_function("IFFT2D", torch.fft.ifftn, 2, "ifft2d")
ifft3d = _complex_function("IFFT3D", torch.fft.ifftn, 3, "ifft3d")


def _sizes(fft_length: Any, axes: int) -> list[int] | None:
    if fft_length is None:
        return None
    value = constant_value(convert_to_tensor(fft_length))
    if value is None:
        raise ValueError("fft_length must be numbers or constants here.")
    sizes = [int(item) for item in value.reshape(-1)]
    if len(sizes) != axes:
        raise ValueError(f"fft_length must have shape [{axes}], not [{len(sizes)}]")
    return sizes


def _real_function(op_type: str, axes: int, symbol: str) -> Any:
    last = tuple(range(-axes, 0))
    register(op_type, lambda x, sizes: torch.fft.rfftn(x, s=sizes, dim=last), _real_rule(axes))

    def function(input_tensor: Any, fft_length: Any = None, name: str | None = None) -> Tensor:
        with name_scope(name, symbol, [input_tensor]) as scope:
            x = convert_to_tensor(input_tensor, preferred_dtype=float32)
            return one(op_type, [x], scope, sizes=_sizes(fft_length, axes))

    function.__doc__ = f"Fourier's transform of real numbers, half of it (TF1 symbol: `tf.signal.{symbol}`)."
    return function


def _real_rule(axes: int) -> Any:
    def rule(inputs: Sequence[Tensor], attributes: dict[str, Any]) -> OutputTypes:
        known, dtype = inputs[0].shape.known, as_dtype(_COMPLEX[inputs[0].dtype.base_dtype.name])
        if known is None:
            return [(dtype, TensorShape(None))]
        sizes = list(attributes["sizes"] or known[-axes:])
        sizes[-1] = None if sizes[-1] is None else sizes[-1] // 2 + 1
        return [(dtype, TensorShape([*known[:-axes], *sizes]))]

    return rule


def _inverse_function(op_type: str, axes: int, symbol: str) -> Any:
    last = tuple(range(-axes, 0))
    register(op_type, lambda x, sizes: torch.fft.irfftn(x, s=sizes, dim=last), _inverse_rule(axes))

    def function(input_tensor: Any, fft_length: Any = None, name: str | None = None) -> Tensor:
        with name_scope(name, symbol, [input_tensor]) as scope:
            return one(op_type, [convert_to_tensor(input_tensor)], scope, sizes=_sizes(fft_length, axes))

    function.__doc__ = f"The inverse of half a transform, real numbers (TF1 symbol: `tf.signal.{symbol}`)."
    return function


def _inverse_rule(axes: int) -> Any:
    kinds = {after: before for before, after in _COMPLEX.items()}

    def rule(inputs: Sequence[Tensor], attributes: dict[str, Any]) -> OutputTypes:
        known, dtype = inputs[0].shape.known, as_dtype(kinds[inputs[0].dtype.base_dtype.name])
        if known is None:
            return [(dtype, TensorShape(None))]
        sizes = list(known[-axes:])
        sizes[-1] = None if sizes[-1] is None else 2 * (sizes[-1] - 1)
        return [(dtype, TensorShape([*known[:-axes], *(attributes["sizes"] or sizes)]))]

    return rule


rfft, rfft2d = _real_function("RFFT", 1, "rfft"), _real_function("RFFT2D", 2, "rfft2d")
rfft3d = _real_function("RFFT3D", 3, "rfft3d")
irfft, irfft2d = _inverse_function("IRFFT", 1, "irfft"), _inverse_function("IRFFT2D", 2, "irfft2d")
irfft3d = _inverse_function("IRFFT3D", 3, "irfft3d")


# -- frames
def number(value: Any, what: str) -> int:
    found = constant_value(convert_to_tensor(value))
    if found is None:
        raise ValueError(f"{what} must be a number or a constant here.")
    return int(found)


def _frame(
    x: torch.Tensor, length: int, step: int, pad_end: bool, pad_value: float, axis: int
) -> torch.Tensor:
    x = x.movedim(axis, -1)
    if pad_end:
        count = -(-x.shape[-1] // step)
        missing = max(0, (count - 1) * step + length - x.shape[-1])
        x = torch.nn.functional.pad(x, [0, missing], value=pad_value)
    elif x.shape[-1] < length:
        x = x[..., :0]
        return x.reshape(*x.shape[:-1], 0, length)
    frames = x.unfold(-1, length, step)
    place = axis if axis >= 0 else axis + x.dim()
    return frames.movedim((-2, -1), (place, place + 1))


def _frame_rule(inputs: Sequence[Tensor], attributes: dict[str, Any]) -> OutputTypes:
    known, axis = inputs[0].shape.known, attributes["axis"]
    if known is None:
        return [(inputs[0].dtype.base_dtype, TensorShape(None))]
    axis %= len(known)
    size, length, step = known[axis], attributes["length"], attributes["step"]
    count = None
    if size is not None:
        count = -(-size // step) if attributes["pad_end"] else max(0, 1 + (size - length) // step)
    return [(inputs[0].dtype.base_dtype, TensorShape([*known[:axis], count, length, *known[axis + 1 :]]))]


register("Frame", _frame, _frame_rule)


def frame(
    signal: Any,
    frame_length: Any,
    frame_step: Any,
    pad_end: bool = False,
    pad_value: float = 0,
    axis: int = -1,
    name: str | None = None,
) -> Tensor:
    """Overlapping pieces of a signal along an axis (TF1 symbol: `tf.signal.frame`)."""
    with name_scope(name, "frame", [signal]):
        return one(
            "Frame",
            [convert_to_tensor(signal, name="signal")],
            "Reshape_4",
            length=number(frame_length, "frame_length"),
            step=number(frame_step, "frame_step"),
            pad_end=bool(pad_end),
            pad_value=pad_value,
            axis=int(axis),
        )


def _window(a: float, b: float) -> Callable[..., Tensor]:
    def function(
        window_length: Any, periodic: bool = True, dtype: Any = float32, name: str | None = None
    ) -> Tensor:
        count, kind = number(window_length, "window_length"), as_dtype(dtype)
        around = count if periodic and count % 2 == 0 else count - 1
        values = [a - b * math.cos(2 * math.pi * place / max(around, 1)) for place in range(count)]
        return constant([1.0] if count == 1 else values, kind, name=name or "window")

    return function


hann_window, hamming_window = _window(0.5, 0.5), _window(0.54, 0.46)
hann_window.__doc__ = "Hann's window (TF1 symbol: `tf.signal.hann_window`)."
hamming_window.__doc__ = "Hamming's window (TF1 symbol: `tf.signal.hamming_window`)."


def stft(
    signals: Any,
    frame_length: Any,
    frame_step: Any,
    fft_length: Any = None,
    window_fn: Any = hann_window,
    pad_end: bool = False,
    name: str | None = None,
) -> Tensor:
    """Fourier's transform of overlapping pieces, short in time (TF1 symbol: `tf.signal.stft`)."""
    with name_scope(name, "stft", [signals]):
        x = convert_to_tensor(signals, name="signals")
        length = number(frame_length, "frame_length")
        size = 1 << (length - 1).bit_length() if fft_length is None else number(fft_length, "fft_length")
        pieces = frame(x, length, frame_step, pad_end=pad_end)
        if window_fn is not None:
            pieces = pieces * window_fn(length, dtype=x.dtype)
        return rfft(pieces, [size])


def overlap_and_add(signal: Any, frame_step: Any, name: str | None = None) -> Tensor:
    """The signal of overlapping frames `[..., frames, frame_length]` (TF1: `tf.signal.overlap_and_add`)."""
    with name_scope(name, "overlap_and_add", [signal]):
        x = convert_to_tensor(signal, name="signal")
        return one("OverlapAndAdd", [x], "strided_slice", step=number(frame_step, "frame_step"))


def _overlap(x: torch.Tensor, step: int) -> torch.Tensor:
    frames, length = x.shape[-2:]
    total = length + step * (frames - 1)
    starts = torch.arange(frames, device=x.device).unsqueeze(1) * step
    places = (starts + torch.arange(length, device=x.device)).reshape(-1)
    flat = x.reshape(*x.shape[:-2], frames * length)
    return flat.new_zeros([*x.shape[:-2], total]).index_add(-1, places, flat)


def _overlap_rule(inputs: Sequence[Tensor], attributes: dict[str, Any]) -> OutputTypes:
    known = inputs[0].shape.known
    if known is None:
        return [(inputs[0].dtype.base_dtype, TensorShape(None))]
    frames, length = known[-2:]
    total = None if frames is None or length is None else length + attributes["step"] * (frames - 1)
    return [(inputs[0].dtype.base_dtype, TensorShape([*known[:-2], total]))]


register("OverlapAndAdd", _overlap, _overlap_rule)


def _halves_moved(x: Any, axes: Any, sign: int, name: str) -> Tensor:
    tensor = convert_to_tensor(x)
    known = tensor.shape.known or ()
    wanted = [axes] if isinstance(axes, int) else list(range(len(known)) if axes is None else axes)
    sizes = [known[axis] for axis in wanted] if known else [None]
    shifts = [sign * (size // 2) for size in sizes if size is not None]
    if len(shifts) < len(sizes):
        raise ValueError(f"The sizes of the axes must be known; the shape is {tensor.shape}.")
    return roll(tensor, shifts, wanted, name)


def fftshift(x: Any, axes: Any = None, name: str | None = None) -> Tensor:
    """The second half of each axis before the first (TF1 symbol: `tf.signal.fftshift`).

    Args:
        x: a tensor whose sizes are known.
        axes: an axis or several; all for None.
    """
    with name_scope(name, "fftshift") as scope:
        return _halves_moved(x, axes, 1, scope)


def ifftshift(x: Any, axes: Any = None, name: str | None = None) -> Tensor:
    """What undoes `fftshift` (TF1 symbol: `tf.signal.ifftshift`)."""
    with name_scope(name, "ifftshift") as scope:
        return _halves_moved(x, axes, -1, scope)
