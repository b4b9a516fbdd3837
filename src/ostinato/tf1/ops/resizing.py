"""Images in other sizes, as TensorFlow 1 samples them: from the corner of a pixel, unless told else."""

from __future__ import annotations

import math as scalar_math
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np
import torch

from ..dtypes import float32, int32
from ..graph import name_scope
from ..registry import OutputTypes, ShapeMismatch, constant_value, register
from ..shapes import TensorShape
from ..tensor import Tensor
from .core import convert_to_tensor, one

_STEPS = 1024  # of the table of cubic coefficients


def _scale(size: int, wanted: int, align_corners: bool) -> float:
    if align_corners and wanted > 1:
        return float(np.float32(size - 1) / np.float32(wanted - 1))
    return float(np.float32(size) / np.float32(wanted))


def _places(size: int, wanted: int, align_corners: bool, half_pixel_centers: bool) -> np.ndarray:
    """Where the new pixels lie among the old ones: float32."""
    scale = np.float32(_scale(size, wanted, align_corners))
    index = np.arange(wanted, dtype=np.float32)
    if half_pixel_centers:
        return (index + np.float32(0.5)) * scale - np.float32(0.5)
    return index * scale


def _there(array: np.ndarray, x: torch.Tensor) -> torch.Tensor:
    """The array as a tensor where x is."""
    return torch.from_numpy(array).to(x.device)


def _nearest(
    x: torch.Tensor, size: torch.Tensor, align_corners: bool, half_pixel_centers: bool
) -> torch.Tensor:
    for axis, wanted in zip((1, 2), size.tolist(), strict=True):
        here = x.shape[axis]
        scale = np.float32(_scale(here, wanted, align_corners))
        index = np.arange(wanted, dtype=np.float32)
        places = (index + np.float32(0.5)) * scale if half_pixel_centers else index * scale
        found = np.floor(places + np.float32(0.5)) if align_corners else np.floor(places)
        x = x.index_select(axis, _there(np.minimum(found, here - 1).astype(np.int64), x))
    return x


def _bilinear(
    x: torch.Tensor, size: torch.Tensor, align_corners: bool, half_pixel_centers: bool
) -> torch.Tensor:
    x = x if x.dtype == torch.float64 else x.float()
    taken = []
    for axis, wanted in zip((1, 2), size.tolist(), strict=True):
        here = x.shape[axis]
        places = _places(here, wanted, align_corners, half_pixel_centers)
        lower = np.floor(places)
        share = _there(places - lower, x)
        first = _there(np.maximum(lower, 0).astype(np.int64), x)
        second = _there(np.minimum(lower + 1, here - 1).astype(np.int64), x)
        taken.append((first, second, share.to(x.dtype).reshape([-1] + [1] * (3 - axis))))
    (top, bottom, down), (left, right, across) = taken
    x = x.index_select(2, left) + (x.index_select(2, right) - x.index_select(2, left)) * across
    return x.index_select(1, top) + (x.index_select(1, bottom) - x.index_select(1, top)) * down


@lru_cache(maxsize=2)
def _cubic_table(a: float) -> np.ndarray:
    """[steps + 1, 2]: the weights of the nearer and of the farther pixel."""
    x = np.arange(_STEPS + 1) / _STEPS
    near = ((a + 2) * x - (a + 3)) * x * x + 1
    x = x + 1
    far = ((a * x - 5 * a) * x + 8 * a) * x - 4 * a
    return np.stack([near, far], 1).astype(np.float32)


def _cubic_weights(size: int, wanted: int, align_corners: bool, half_pixel_centers: bool) -> torch.Tensor:
    """[wanted, size]: what each new pixel takes of the old ones."""
    places = _places(size, wanted, align_corners, half_pixel_centers)
    lower = np.floor(places)
    offset = np.rint((places - lower) * _STEPS).astype(np.int64)
    table = _cubic_table(-0.5 if half_pixel_centers else -0.75)
    weights = np.stack(
        [table[offset, 1], table[offset, 0], table[_STEPS - offset, 0], table[_STEPS - offset, 1]], 1
    )
    index = lower.astype(np.int64)[:, None] + np.arange(-1, 3)
    if half_pixel_centers:  # what lies outside does not count
        inside = (index >= 0) & (index < size)
        weights = weights * inside
        total = weights.sum(1, keepdims=True)
        weights = np.where(np.abs(total) >= 1000 * np.finfo(np.float32).tiny, weights / total, weights)
    found = np.zeros((wanted, size), np.float32)
    np.add.at(found, (np.arange(wanted)[:, None], np.clip(index, 0, size - 1)), weights)
    return torch.from_numpy(found)


def _area_weights(size: int, wanted: int, align_corners: bool) -> torch.Tensor:
    """[wanted, size]: the share of each old pixel in the stretch that a new one covers."""
    scale = _scale(size, wanted, align_corners)
    found = np.zeros((wanted, size), np.float64)
    for row in range(wanted):
        begin, end = row * scale, (row + 1) * scale
        for place in range(scalar_math.floor(begin), scalar_math.ceil(end)):
            share = min(place + 1, end) - max(place, begin)
            found[row, min(max(place, 0), size - 1)] += share / scale
    return torch.from_numpy(found.astype(np.float32))


def _weighed(kind: str) -> Any:
    def compute(
        x: torch.Tensor, size: torch.Tensor, align_corners: bool, half_pixel_centers: bool
    ) -> torch.Tensor:
        height, width = size.tolist()
        x = x if x.dtype == torch.float64 else x.float()
        pairs = ((x.shape[1], height), (x.shape[2], width))
        if kind == "area":
            down, across = (_area_weights(here, wanted, align_corners) for here, wanted in pairs)
        else:
            down, across = (
                _cubic_weights(here, wanted, align_corners, half_pixel_centers) for here, wanted in pairs
            )
        return torch.einsum("oh,bhwc,pw->bopc", down.to(x), x, across.to(x))

    return compute


def _rule(inputs: Sequence[Tensor], attributes: dict[str, Any]) -> OutputTypes:
    if inputs[0].shape.ndims not in (None, 4):
        raise ShapeMismatch(f"Shape must be rank 4 but is rank {inputs[0].shape.ndims}")
    known: Sequence[Any] = inputs[0].shape.known or [None] * 4
    size = constant_value(inputs[1])
    wanted = [None, None] if size is None else [int(item) for item in size]
    return [(float32, TensorShape([known[0], *wanted, known[3]]))]


def _same_type(inputs: Sequence[Tensor], attributes: dict[str, Any]) -> OutputTypes:
    return [(inputs[0].dtype.base_dtype, _rule(inputs, attributes)[0][1])]


register("ResizeNearestNeighbor", _nearest, _same_type)
register("ResizeBilinear", lambda *a, **k: _bilinear(*a, **k).float(), _rule)
register("ResizeBicubic", lambda *a, **k: _weighed("bicubic")(*a, **k).float(), _rule)
register("ResizeArea", lambda *a, **k: _weighed("area")(*a, **k).float(), _rule)


def _resize(op_type: str) -> Any:
    def function(
        images: Any,
        size: Any,
        align_corners: bool = False,
        name: str | None = None,
        half_pixel_centers: bool = False,
    ) -> Tensor:
        with name_scope(name, op_type, [images]) as scope:
            inputs = [
                convert_to_tensor(images, name="images"),
                convert_to_tensor(size, int32, name="size"),
            ]
            attributes = {
                "align_corners": bool(align_corners),
                "half_pixel_centers": bool(half_pixel_centers),
            }
            return one(op_type, inputs, scope, **attributes)

    function.__doc__ = (
        f"`[batch, height, width, channels]` images in another size (TF1 op: `{op_type}`).\n\n    Args:\n"
        "        size: (height, width).\n"
        "        align_corners: whether the corners' pixels stay at the corners.\n"
        "        half_pixel_centers: whether pixels lie at their centres.\n    "
    )
    return function


resize_nearest_neighbor = _resize("ResizeNearestNeighbor")
resize_bilinear = _resize("ResizeBilinear")
resize_bicubic = _resize("ResizeBicubic")
_resize_area = _resize("ResizeArea")


def resize_area(images: Any, size: Any, align_corners: bool = False, name: str | None = None) -> Tensor:
    """Images in another size, each new pixel the mean of what it covers (TF1 symbol:
    `tf.image.resize_area`).
    """
    return _resize_area(images, size, align_corners, name)


# -- crops
def _crop_and_resize(
    images: torch.Tensor,
    boxes: torch.Tensor,
    which: torch.Tensor,
    size: torch.Tensor,
    method: str,
    extrapolation_value: float,
) -> torch.Tensor:
    images = images.float()
    _, height, width, _ = images.shape
    if which.numel() and (int(which.min()) < 0 or int(which.max()) >= images.shape[0]):
        raise ValueError("OutOfRange box_index has values outside [0, batch_size)")
    count_y, count_x = size.tolist()

    def sampled(begin: torch.Tensor, end: torch.Tensor, extent: int, count: int) -> torch.Tensor:
        if count > 1:
            step = (end - begin) * (extent - 1) / (count - 1)
            numbers = torch.arange(count, device=step.device)
            return (begin * (extent - 1)).unsqueeze(1) + numbers * step.unsqueeze(1)
        return (0.5 * (begin + end) * (extent - 1)).unsqueeze(1)

    y = sampled(boxes[:, 0], boxes[:, 2], height, count_y)
    x = sampled(boxes[:, 1], boxes[:, 3], width, count_x)
    inside = ((y >= 0) & (y <= height - 1)).unsqueeze(2) & ((x >= 0) & (x <= width - 1)).unsqueeze(1)
    rows = which.long().view(-1, 1, 1)

    def pixels(row: torch.Tensor, column: torch.Tensor) -> torch.Tensor:
        row = row.long().clamp(0, height - 1).unsqueeze(2)
        column = column.long().clamp(0, width - 1).unsqueeze(1)
        return images[rows, row, column]

    if method == "nearest":
        found = pixels(torch.round(y), torch.round(x))
    else:
        top, left = torch.floor(y), torch.floor(x)
        down = (y - top).unsqueeze(2).unsqueeze(3)
        across = (x - left).unsqueeze(1).unsqueeze(3)
        bottom, right = torch.ceil(y), torch.ceil(x)
        upper = pixels(top, left) + (pixels(top, right) - pixels(top, left)) * across
        lower = pixels(bottom, left) + (pixels(bottom, right) - pixels(bottom, left)) * across
        found = upper + (lower - upper) * down
    return torch.where(inside.unsqueeze(3), found, torch.full_like(found, extrapolation_value))


def _crop_rule(inputs: Sequence[Tensor], attributes: dict[str, Any]) -> OutputTypes:
    count = inputs[1].shape.known[0] if inputs[1].shape.known else None
    channels = inputs[0].shape.known[3] if inputs[0].shape.known else None
    size = constant_value(inputs[3])
    wanted = [None, None] if size is None else [int(item) for item in size]
    return [(float32, TensorShape([count, *wanted, channels]))]


register("CropAndResize", _crop_and_resize, _crop_rule)


def crop_and_resize(
    image: Any,
    boxes: Any,
    box_ind: Any = None,
    crop_size: Any = None,
    method: str = "bilinear",
    extrapolation_value: float = 0,
    name: str | None = None,
    box_indices: Any = None,
) -> Tensor:
    """Parts of images, all in one size (TF1 symbol: `tf.image.crop_and_resize`).

    Args:
        image: `[batch, height, width, channels]`.
        boxes: `[boxes, 4]`: y1, x1, y2, x2, from 0 to 1.
        box_ind: `[boxes]`, the image of each; `box_indices` is its newer name.
        crop_size: (height, width).
        method: "bilinear" or "nearest".
    """
    if method not in ("bilinear", "nearest"):
        raise ValueError(f"The method of crop_and_resize is 'bilinear' or 'nearest', not {method!r}.")
    which = box_ind if box_indices is None else box_indices
    with name_scope(name, "CropAndResize", [image, boxes]) as scope:
        inputs = [
            convert_to_tensor(image, name="image"),
            convert_to_tensor(boxes, float32, name="boxes"),
            convert_to_tensor(which, int32, name="box_ind"),
            convert_to_tensor(crop_size, int32, name="crop_size"),
        ]
        return one(
            "CropAndResize", inputs, scope, method=method, extrapolation_value=float(extrapolation_value)
        )
