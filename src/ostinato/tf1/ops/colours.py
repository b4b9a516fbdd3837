"""Colours of images: their spaces, brightness, contrast, hue and saturation."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from ..dtypes import as_dtype, float16, float32
from ..graph import name_scope
from ..registry import register, same
from ..tensor import Tensor
from . import array, math, random
from .core import constant, convert_to_tensor, one
from .lists import concat


# -- types
def convert_image_dtype(image: Any, dtype: Any, saturate: bool = False, name: str | None = None) -> Tensor:
    """An image in another type: floats from 0 to 1, integers from 0 to their largest (TF1 symbol:
    `tf.image.convert_image_dtype`). `saturate` keeps what is too large at the largest.
    """
    image, wanted = convert_to_tensor(image, name="image"), as_dtype(dtype).base_dtype
    kind = image.dtype.base_dtype
    if wanted is kind:
        return array.identity(image, name=name)
    with name_scope(name, "convert_image", [image]) as scope:
        last = scope or None
        if kind.is_integer and wanted.is_integer:
            if kind.max > wanted.max:
                scale = (kind.max + 1) // (wanted.max + 1)
                reduced = math.floordiv(image, constant(scale, kind))
                return saturate_cast(reduced, wanted, last) if saturate else math.cast(reduced, wanted, last)
            widened = saturate_cast(image, wanted) if saturate else math.cast(image, wanted)
            return math.multiply(widened, (wanted.max + 1) // (kind.max + 1), name=last)
        if kind.is_floating and wanted.is_floating:
            return math.cast(image, wanted, last)
        if kind.is_integer:
            return math.multiply(math.cast(image, wanted), 1.0 / kind.max, name=last)
        scaled = math.multiply(image, wanted.max + 0.5)
        return saturate_cast(scaled, wanted, last) if saturate else math.cast(scaled, wanted, last)


def _saturated(x: torch.Tensor, low: float, high: float, dtype: str) -> torch.Tensor:
    return x.clamp(low, high).to(as_dtype(dtype).torch_dtype)


register(
    "SaturatedImage",
    _saturated,
    lambda i, a: [(as_dtype(a["dtype"]), i[0].shape)],
    differentiable=False,
)


def saturate_cast(value: Any, dtype: Any, name: str | None = None) -> Tensor:
    """A cast that keeps what is beyond the type's limits at them."""
    x, wanted = convert_to_tensor(value), as_dtype(dtype).base_dtype
    limits = {"low": float(wanted.min), "high": float(wanted.max)}
    return one("SaturatedImage", [x], name or "saturate_cast", dtype=wanted.name, **limits)


def _in_floats(image: Any, change: Callable[[Tensor], Tensor]) -> Tensor:
    """A change of an image in floats, back in the image's type."""
    image = convert_to_tensor(image, name="image")
    kind = image.dtype.base_dtype
    if kind in (float16, float32):
        return change(image)
    return convert_image_dtype(change(convert_image_dtype(image, float32)), kind, saturate=True)


# -- spaces
def _to_hsv(rgb: torch.Tensor) -> torch.Tensor:
    red, green, blue = rgb.unbind(-1)
    value = rgb.amax(-1)
    spread = value - rgb.amin(-1)
    positive = spread > 0
    one_over = torch.where(positive, 1 / (6 * torch.where(positive, spread, torch.ones_like(spread))), 0.0)
    hue = torch.where(
        red == value,
        one_over * (green - blue),
        torch.where(green == value, one_over * (blue - red) + 2 / 6, one_over * (red - green) + 4 / 6),
    )
    hue = torch.where(positive, hue, torch.zeros_like(hue))
    hue = torch.where(hue < 0, hue + 1, hue)
    safe = torch.where(value > 0, value, torch.ones_like(value))
    return torch.stack([hue, torch.where(value > 0, spread / safe, torch.zeros_like(value)), value], -1)


def _to_rgb(hsv: torch.Tensor) -> torch.Tensor:
    hue, saturation, value = hsv.unbind(-1)
    angle = hue * 6
    parts = [
        ((angle - 3).abs() - 1).clamp(0, 1),
        (2 - (angle - 2).abs()).clamp(0, 1),
        (2 - (angle - 4).abs()).clamp(0, 1),
    ]
    return torch.stack([(1 - saturation + saturation * part) * value for part in parts], -1)


register("RGBToHSV", _to_hsv, same)
register("HSVToRGB", _to_rgb, same)


def rgb_to_hsv(images: Any, name: str | None = None) -> Tensor:
    """Red, green, blue to hue, saturation, value, all from 0 to 1 (TF1 symbol: `tf.image.rgb_to_hsv`)."""
    return one("RGBToHSV", [convert_to_tensor(images, name="images")], name or "RGBToHSV")


def hsv_to_rgb(images: Any, name: str | None = None) -> Tensor:
    """Hue, saturation, value to red, green, blue (TF1 symbol: `tf.image.hsv_to_rgb`)."""
    return one("HSVToRGB", [convert_to_tensor(images, name="images")], name or "HSVToRGB")


_YIQ = np.array(
    [
        [0.299, 0.59590059, 0.2115],
        [0.587, -0.27455667, -0.52273617],
        [0.114, -0.32134392, 0.31119955],
    ]
)
_YUV = np.array(
    [
        [0.299, -0.14714119, 0.61497538],
        [0.587, -0.28886916, -0.51496512],
        [0.114, 0.43601035, -0.10001026],
    ]
)
_FROM_YIQ = np.array(
    [[1, 1, 1], [0.95598634, -0.27201283, -1.10674021], [0.6208248, -0.64720424, 1.70423049]]
)
_FROM_YUV = np.array([[1, 1, 1], [0, -0.394642334, 2.03206185], [1.13988303, -0.58062185, 0]])


def _linear(name: str, matrix: np.ndarray) -> Any:
    def function(images: Any) -> Tensor:
        images = convert_to_tensor(images, name="images")
        kind = images.dtype.base_dtype
        return one("ColourMatrix", [images, constant(matrix.astype(kind.as_numpy_dtype))], "Tensordot")

    function.__name__ = function.__qualname__ = name
    function.__doc__ = f"Images in other colours (TF1 symbol: `tf.image.{name}`)."
    return function


register("ColourMatrix", lambda x, matrix: x @ matrix, same)
rgb_to_yiq, rgb_to_yuv = _linear("rgb_to_yiq", _YIQ), _linear("rgb_to_yuv", _YUV)
yiq_to_rgb, yuv_to_rgb = _linear("yiq_to_rgb", _FROM_YIQ), _linear("yuv_to_rgb", _FROM_YUV)


def rgb_to_grayscale(images: Any, name: str | None = None) -> Tensor:
    """One channel, how bright the colours look (TF1 symbol: `tf.image.rgb_to_grayscale`)."""
    with name_scope(name, "rgb_to_grayscale", [images]) as scope:
        images = convert_to_tensor(images, name="images")
        kind = images.dtype.base_dtype
        floats = convert_image_dtype(images, float32)
        weights = constant([[0.2989], [0.5870], [0.1140]])
        grey = one("GreyScale", [floats, weights], "Tensordot")
        grey.set_shape(images.shape[:-1].concatenate([1]))
        return convert_image_dtype(grey, kind, name=scope or None)


register(
    "GreyScale",
    lambda x, weights: x @ weights,
    lambda i, a: [(i[0].dtype.base_dtype, i[0].shape[:-1].concatenate([1]))],
)


def grayscale_to_rgb(images: Any, name: str | None = None) -> Tensor:
    """One channel as three equal ones (TF1 symbol: `tf.image.grayscale_to_rgb`)."""
    with name_scope(name, "grayscale_to_rgb", [images]) as scope:
        images = convert_to_tensor(images, name="images")
        if images.shape.ndims is not None and images.shape[-1].value not in (None, 1):
            raise ValueError(f"Input images must have one channel, not {images.shape[-1]}.")
        return concat([images] * 3, -1, name=scope)


# -- adjustments
def adjust_brightness(image: Any, delta: Any) -> Tensor:
    """An image with a number added, of its values from 0 to 1 (TF1 symbol: `tf.image.adjust_brightness`)."""
    with name_scope(None, "adjust_brightness", [image]):
        return _in_floats(image, lambda x: math.add(x, math.cast(delta, x.dtype.base_dtype)))


def _contrast(x: torch.Tensor, factor: torch.Tensor) -> torch.Tensor:
    mean = x.mean((-3, -2), keepdim=True)
    return (x - mean) * factor + mean


register("AdjustContrastv2", _contrast, same)


def adjust_contrast(images: Any, contrast_factor: Any) -> Tensor:
    """(x - mean) * factor + mean, the mean of each channel (TF1 symbol: `tf.image.adjust_contrast`)."""
    with name_scope(None, "adjust_contrast", [images]):
        factor = convert_to_tensor(contrast_factor, float32, name="contrast_factor")
        return _in_floats(images, lambda x: one("AdjustContrastv2", [x, factor], "AdjustContrastv2"))


def adjust_gamma(image: Any, gamma: Any = 1, gain: Any = 1) -> Tensor:
    """gain * x ** gamma (TF1 symbol: `tf.image.adjust_gamma`).

    Raises:
        ValueError: a negative number for gamma.
    """
    with name_scope(None, "adjust_gamma", [image]):
        if isinstance(gamma, (int, float)) and gamma < 0:
            raise ValueError("Gamma should be a non-negative real number.")
        return _in_floats(image, lambda x: gain * x**gamma)


def _hue(x: torch.Tensor, delta: torch.Tensor) -> torch.Tensor:
    hue, rest = _to_hsv(x).split([1, 2], -1)
    return _to_rgb(torch.cat([torch.remainder(hue + delta, 1.0), rest], -1))


def _saturation(x: torch.Tensor, factor: torch.Tensor) -> torch.Tensor:
    hue, saturation, value = _to_hsv(x).split([1, 1, 1], -1)
    return _to_rgb(torch.cat([hue, (saturation * factor).clamp(0, 1), value], -1))


register("AdjustHue", _hue, same)
register("AdjustSaturation", _saturation, same)


def adjust_hue(image: Any, delta: Any, name: str | None = None) -> Tensor:
    """An image with its hues turned by a part of a whole turn (TF1 symbol: `tf.image.adjust_hue`)."""
    with name_scope(name, "adjust_hue", [image]):
        turn = convert_to_tensor(delta, float32, name="delta")
        return _in_floats(image, lambda x: one("AdjustHue", [x, turn], "AdjustHue"))


def adjust_saturation(image: Any, saturation_factor: Any, name: str | None = None) -> Tensor:
    """An image with its saturations multiplied (TF1 symbol: `tf.image.adjust_saturation`)."""
    with name_scope(name, "adjust_saturation", [image]):
        factor = convert_to_tensor(saturation_factor, float32, name="scale")
        return _in_floats(image, lambda x: one("AdjustSaturation", [x, factor], "AdjustSaturation"))


def random_brightness(image: Any, max_delta: float, seed: int | None = None) -> Tensor:
    """`adjust_brightness` by a number drawn from [-max_delta, max_delta) (TF1 symbol:
    `tf.image.random_brightness`).
    """
    if max_delta < 0:
        raise ValueError("max_delta must be non-negative.")
    return adjust_brightness(image, random.random_uniform([], -max_delta, max_delta, seed=seed))


def random_hue(image: Any, max_delta: float, seed: int | None = None) -> Tensor:
    """`adjust_hue` by a number drawn from [-max_delta, max_delta) (TF1 symbol: `tf.image.random_hue`)."""
    if max_delta > 0.5:
        raise ValueError("max_delta must be <= 0.5.")
    if max_delta < 0:
        raise ValueError("max_delta must be non-negative.")
    return adjust_hue(image, random.random_uniform([], -max_delta, max_delta, seed=seed))


def _between(name: str, adjust: Callable[..., Tensor]) -> Any:
    def function(image: Any, lower: float, upper: float, seed: int | None = None) -> Tensor:
        if upper <= lower:
            raise ValueError("upper must be > lower.")
        if lower < 0:
            raise ValueError("lower must be non-negative.")
        return adjust(image, random.random_uniform([], lower, upper, seed=seed))

    function.__name__ = function.__qualname__ = f"random_{name}"
    function.__doc__ = (
        f"`adjust_{name}` by a factor drawn from [lower, upper) (TF1 symbol: `tf.image.random_{name}`)."
    )
    return function


random_contrast = _between("contrast", adjust_contrast)
random_saturation = _between("saturation", adjust_saturation)
