"""Layers that pad, crop and repeat along the axes of space."""

from __future__ import annotations

from typing import Any

from ...input_spec import InputSpec
from ...ops import array
from ...ops.padding import pad
from ...tensor import Tensor
from ..backend_images import repeated
from . import sizes
from .configured import Configured


def _pairs(value: Any, rank: int, name: str) -> list[tuple[int, int]]:
    """(before, after) for each axis.

    Raises:
        ValueError: something else.
    """
    if isinstance(value, int):
        return [(value, value)] * rank
    if rank == 1 and len(value) == 2 and all(isinstance(item, int) for item in value):
        return [(int(value[0]), int(value[1]))]
    if len(value) != rank:
        raise ValueError(f"`{name}` should have {rank} elements. Found: {value}")
    return [(item, item) if isinstance(item, int) else (int(item[0]), int(item[1])) for item in value]


class _AlongSpace(Configured):
    """What works along the axes of space."""

    _rank = 2

    def _places(self, data_format: Any) -> range:
        return range(2, 2 + self._rank) if data_format == "channels_first" else range(1, 1 + self._rank)

    def _format(self, data_format: Any) -> str:
        return "channels_last" if self._rank == 1 else sizes.normalize_data_format(data_format)


class _ZeroPadding(_AlongSpace):
    def __init__(self, padding: Any = 1, data_format: Any = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.data_format = self._format(data_format)
        self.padding = _pairs(padding, self._rank, "padding")
        self.input_spec = InputSpec(ndim=self._rank + 2)

    def call(self, inputs: Any) -> Tensor:
        amounts = [(0, 0)] * (self._rank + 2)
        for axis, pair in zip(self._places(self.data_format), self.padding, strict=True):
            amounts[axis] = pair
        return pad(inputs, [list(pair) for pair in amounts])


class ZeroPadding1D(_ZeroPadding):
    """Zeros around sequences (TF1 symbol: `tf.keras.layers.ZeroPadding1D`)."""

    _rank = 1


class ZeroPadding2D(_ZeroPadding):
    """Zeros around images (TF1 symbol: `tf.keras.layers.ZeroPadding2D`)."""


class ZeroPadding3D(_ZeroPadding):
    """Zeros around volumes (TF1 symbol: `tf.keras.layers.ZeroPadding3D`)."""

    _rank = 3


class _Cropping(_AlongSpace):
    _default: Any = 0

    def __init__(self, cropping: Any = None, data_format: Any = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.data_format = self._format(data_format)
        self.cropping = _pairs(self._default if cropping is None else cropping, self._rank, "cropping")
        self.input_spec = InputSpec(ndim=self._rank + 2)

    def call(self, inputs: Any) -> Tensor:
        parts: list[Any] = [slice(None)] * (self._rank + 2)
        for axis, (before, after) in zip(self._places(self.data_format), self.cropping, strict=True):
            parts[axis] = slice(before, -after if after else None)
        return inputs[tuple(parts)]


class Cropping1D(_Cropping):
    """Sequences without their ends (TF1 symbol: `tf.keras.layers.Cropping1D`)."""

    _rank, _default = 1, (1, 1)


class Cropping2D(_Cropping):
    """Images without their borders (TF1 symbol: `tf.keras.layers.Cropping2D`)."""


class Cropping3D(_Cropping):
    """Volumes without their borders (TF1 symbol: `tf.keras.layers.Cropping3D`)."""

    _rank, _default = 3, ((1, 1), (1, 1), (1, 1))


class UpSampling1D(Configured):
    """Each step `size` times (TF1 symbol: `tf.keras.layers.UpSampling1D`)."""

    def __init__(self, size: int = 2, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.size = int(size)
        self.input_spec = InputSpec(ndim=3)

    def call(self, inputs: Any) -> Tensor:
        return repeated(inputs, self.size, 1)


class UpSampling2D(_AlongSpace):
    """Each pixel `size` times, along both axes (TF1 symbol: `tf.keras.layers.UpSampling2D`).

    Raises:
        ValueError: an `interpolation` other than "nearest" and "bilinear".
    """

    def __init__(
        self, size: Any = (2, 2), data_format: Any = None, interpolation: str = "nearest", **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.data_format = self._format(data_format)
        self.size = sizes.normalize_tuple(size, 2, "size")
        if interpolation not in ("nearest", "bilinear"):
            raise ValueError('`interpolation` argument should be one of `"nearest"` or `"bilinear"`.')
        self.interpolation = interpolation
        self.input_spec = InputSpec(ndim=4)

    def call(self, inputs: Any) -> Tensor:
        first, second = self._places(self.data_format)
        if self.interpolation == "bilinear":
            from ... import image

            is_last = self.data_format == "channels_last"
            pictures = inputs if is_last else array.transpose(inputs, [0, 2, 3, 1])
            wanted = array.shape(pictures)[1:3] * list(self.size)
            result = image.resize_bilinear(pictures, wanted, half_pixel_centers=True)
            return result if is_last else array.transpose(result, [0, 3, 1, 2])
        return repeated(repeated(inputs, self.size[0], first), self.size[1], second)


class UpSampling3D(_AlongSpace):
    """Each element of a volume `size` times, along its axes (TF1 symbol: `tf.keras.layers.UpSampling3D`)."""

    _rank = 3

    def __init__(self, size: Any = (2, 2, 2), data_format: Any = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.data_format = self._format(data_format)
        self.size = sizes.normalize_tuple(size, 3, "size")
        self.input_spec = InputSpec(ndim=5)

    def call(self, inputs: Any) -> Tensor:
        for axis, times in zip(self._places(self.data_format), self.size, strict=True):
            inputs = repeated(inputs, times, axis)
        return inputs
