"""Numbers of images: how they vary, how two differ, which boxes overlap."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
import torch.nn.functional as F

from ..dtypes import float16, float32, int32
from ..graph import name_scope
from ..registry import register, same
from ..shapes import TensorShape
from ..tensor import Tensor
from . import math
from .colours import convert_image_dtype
from .core import convert_to_tensor, make, one


def _standardized(x: torch.Tensor) -> torch.Tensor:
    axes = (-3, -2, -1)
    count = x.shape[-3] * x.shape[-2] * x.shape[-1]
    mean = x.mean(axes, keepdim=True)
    spread = x.var(axes, unbiased=False, keepdim=True).sqrt()
    return (x - mean) / spread.clamp_min(count**-0.5)


register("PerImageStandardization", _standardized, same)


def per_image_standardization(image: Any) -> Tensor:
    """Each image with mean 0 and variance 1 (TF1 symbol: `tf.image.per_image_standardization`)."""
    with name_scope(None, "per_image_standardization", [image]) as scope:
        image = convert_to_tensor(image, name="image")
        kind = image.dtype.base_dtype
        floats = image if kind in (float16, float32) else convert_image_dtype(image, float32)
        found = one("PerImageStandardization", [floats], scope)
        return convert_image_dtype(found, kind, saturate=True) if floats is not image else found


def _batch_shape(inputs: Any, attributes: Any) -> Any:
    known = inputs[0].shape.known
    return [(inputs[0].dtype.base_dtype, TensorShape(None if known is None else known[:-3]))]


def _variation(x: torch.Tensor) -> torch.Tensor:
    down = (x[..., 1:, :, :] - x[..., :-1, :, :]).abs().sum((-3, -2, -1))
    return down + (x[..., :, 1:, :] - x[..., :, :-1, :]).abs().sum((-3, -2, -1))


register("TotalVariation", _variation, _batch_shape)


def total_variation(images: Any, name: str | None = None) -> Tensor:
    """The sum of the differences between neighbours (TF1 symbol: `tf.image.total_variation`)."""
    with name_scope(name, "total_variation"):
        images = convert_to_tensor(images)
        if images.shape.ndims not in (3, 4):
            raise ValueError("'images' must be either 3 or 4-dimensional.")
        return one("TotalVariation", [images], "add")


def _noise(a: torch.Tensor, b: torch.Tensor, most: torch.Tensor) -> torch.Tensor:
    error = ((a - b) ** 2).mean((-3, -2, -1))
    return 20 * most.log() / np.log(10.0) - 10 / np.log(10.0) * error.log()


register("PeakSignalNoiseRatio", _noise, _batch_shape)


def _compared(a: Any, b: Any, max_val: Any) -> list[Tensor]:
    a, b = convert_to_tensor(a), convert_to_tensor(b)
    a.shape.assert_is_compatible_with(b.shape)
    kind = a.dtype.base_dtype
    most = convert_image_dtype(math.cast(convert_to_tensor(max_val), kind), float32)
    return [convert_image_dtype(a, float32), convert_image_dtype(b, float32), most]


def psnr(a: Any, b: Any, max_val: Any, name: str | None = None) -> Tensor:
    """The peak signal-to-noise ratio of images, in decibels (TF1 symbol: `tf.image.psnr`)."""
    with name_scope(name, "PSNR"):
        return one("PeakSignalNoiseRatio", _compared(a, b, max_val), "Identity")


def _similarity(
    a: torch.Tensor,
    b: torch.Tensor,
    most: torch.Tensor,
    filter_size: int,
    filter_sigma: float,
    k1: float,
    k2: float,
) -> torch.Tensor:
    if min(*a.shape[-3:-1], *b.shape[-3:-1]) < filter_size:
        raise ValueError(f"Images of {list(a.shape)} are smaller than the filter's {filter_size} pixels.")
    place = torch.arange(filter_size, dtype=torch.float32, device=a.device) - (filter_size - 1) / 2.0
    row = -0.5 * place**2 / filter_sigma**2
    kernel = torch.softmax((row.unsqueeze(0) + row.unsqueeze(1)).reshape(-1), 0)
    kernel = kernel.reshape(1, 1, filter_size, filter_size)
    lead = a.shape[:-3]

    def smooth(x: torch.Tensor) -> torch.Tensor:
        channels = x.shape[-1]
        flat = x.reshape(-1, *x.shape[-3:]).permute(0, 3, 1, 2)
        return F.conv2d(flat, kernel.expand(channels, 1, -1, -1), groups=channels)

    c1, c2 = (k1 * most) ** 2, (k2 * most) ** 2
    mean_a, mean_b = smooth(a), smooth(b)
    product, squares = mean_a * mean_b * 2.0, mean_a**2 + mean_b**2
    luminance = (product + c1) / (squares + c1)
    structure = (smooth(a * b) * 2.0 - product + c2) / (smooth(a * a + b * b) - squares + c2)
    return (luminance * structure).mean((-2, -1)).mean(-1).reshape(lead)


register("StructuralSimilarity", _similarity, _batch_shape)


def ssim(
    img1: Any,
    img2: Any,
    max_val: Any,
    filter_size: int = 11,
    filter_sigma: float = 1.5,
    k1: float = 0.01,
    k2: float = 0.03,
) -> Tensor:
    """The structural similarity of images (TF1 symbol: `tf.image.ssim`).

    Source: Wang et al., "Image quality assessment" (2004).
    """
    return one(
        "StructuralSimilarity",
        _compared(img1, img2, max_val),
        "Mean",
        filter_size=int(filter_size),
        filter_sigma=float(filter_sigma),
        k1=float(k1),
        k2=float(k2),
    )


def _gradients(x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    down = F.pad(x[:, 1:] - x[:, :-1], (0, 0, 0, 0, 0, 1))
    return down, F.pad(x[:, :, 1:] - x[:, :, :-1], (0, 0, 0, 1))


register("ImageGradients", _gradients, lambda i, a: [(i[0].dtype.base_dtype, i[0].shape)] * 2)


def image_gradients(image: Any) -> tuple[Tensor, Tensor]:
    """(dy, dx): the differences to the next row and column (TF1 symbol: `tf.image.image_gradients`)."""
    image = convert_to_tensor(image)
    if image.shape.ndims != 4:
        raise ValueError(f"image_gradients expects a 4D tensor [batch_size, h, w, d], not {image.shape}.")
    down, across = make("ImageGradients", [image], "Reshape").outputs
    return down, across


def _edges(x: torch.Tensor) -> torch.Tensor:
    channels = x.shape[3]
    wide = F.pad(x.permute(0, 3, 1, 2), (1, 1, 1, 1), mode="reflect")
    down = torch.tensor([[-1, -2, -1], [0, 0, 0], [1, 2, 1]], dtype=x.dtype, device=x.device)
    kernels = torch.stack([down, down.T]).unsqueeze(1).repeat(channels, 1, 1, 1)
    found = F.conv2d(wide, kernels, groups=channels).unflatten(1, (channels, 2))
    return found.permute(0, 3, 4, 1, 2)


register("SobelEdges", _edges, lambda i, a: [(i[0].dtype.base_dtype, i[0].shape.concatenate([2]))])


def sobel_edges(image: Any) -> Tensor:
    """Sobel's derivatives by y and x, on a last axis (TF1 symbol: `tf.image.sobel_edges`)."""
    return one("SobelEdges", [convert_to_tensor(image)], "Reshape")


def _kept(
    boxes: torch.Tensor, scores: torch.Tensor, most: torch.Tensor, overlap: torch.Tensor, least: torch.Tensor
) -> torch.Tensor:
    corners = boxes.detach().cpu().numpy()
    top, bottom = np.minimum(corners[:, 0], corners[:, 2]), np.maximum(corners[:, 0], corners[:, 2])
    left, right = np.minimum(corners[:, 1], corners[:, 3]), np.maximum(corners[:, 1], corners[:, 3])
    areas = (bottom - top) * (right - left)
    values = scores.detach().cpu().numpy()
    order = np.argsort(-values, kind="stable")
    order = order[values[order] > float(least)]
    kept: list[int] = []
    while len(order) and len(kept) < int(most):
        first, order = order[0], order[1:]
        kept.append(int(first))
        high = np.clip(np.minimum(bottom[order], bottom[first]) - np.maximum(top[order], top[first]), 0, None)
        wide = np.clip(np.minimum(right[order], right[first]) - np.maximum(left[order], left[first]), 0, None)
        both = high * wide
        whole = areas[order] + areas[first] - both
        share = np.where((areas[order] > 0) & (areas[first] > 0), both / np.where(whole > 0, whole, 1), 0.0)
        order = order[share <= float(overlap)]
    return torch.tensor(kept, dtype=torch.int32)


register("NonMaxSuppressionV3", _kept, lambda i, a: [(int32, TensorShape([None]))], differentiable=False)


def non_max_suppression(
    boxes: Any,
    scores: Any,
    max_output_size: Any,
    iou_threshold: float = 0.5,
    score_threshold: float = float("-inf"),
    name: str | None = None,
) -> Tensor:
    """The boxes of the highest scores, without those that overlap a better one too much (TF1 symbol:
    `tf.image.non_max_suppression`).

    Args:
        boxes: `[boxes, 4]`: y1, x1, y2, x2.
        scores: `[boxes]`.
        max_output_size: how many to take at most.
        iou_threshold: the most that intersection over union may be.
    """
    with name_scope(name, "non_max_suppression"):
        inputs = [
            convert_to_tensor(boxes, float32, name="boxes"),
            convert_to_tensor(scores, float32, name="scores"),
            convert_to_tensor(max_output_size, int32, name="max_output_size"),
            convert_to_tensor(iou_threshold, float32, name="iou_threshold"),
            convert_to_tensor(score_threshold, float32, name="score_threshold"),
        ]
        return one("NonMaxSuppressionV3", inputs, "NonMaxSuppressionV3")
