"""Images cut, padded, flipped, turned and resized: `[height, width, channels]`, or a batch of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
import torch.nn.functional as F

from ..dtypes import int32
from ..graph import name_scope
from ..registry import OutputTypes, constant_value, register, same
from ..shapes import TensorShape
from ..tensor import Tensor
from . import array, random, resizing
from .core import convert_to_tensor, one


class ResizeMethod:
    """How pixels are sampled (TF1 symbol: `tf.image.ResizeMethod`)."""

    BILINEAR = 0
    NEAREST_NEIGHBOR = 1
    BICUBIC = 2
    AREA = 3


def _image(image: Any) -> Tensor:
    image = convert_to_tensor(image, name="image")
    if image.shape.ndims not in (None, 3, 4):
        raise ValueError("'image' must have either 3 or 4 dimensions.")
    return image


def _with_sizes(shape: TensorShape, height: int | None, width: int | None) -> TensorShape:
    known = shape.known
    if known is None:
        return TensorShape(None)
    return TensorShape([*known[:-3], height, width, known[-1]])


# -- boxes
def _crop(x: torch.Tensor, box: torch.Tensor) -> torch.Tensor:
    top, left, height, width = box.tolist()
    _check_box(tuple(x.shape[-3:-1]), top, left, height, width)
    return x[..., top : top + height, left : left + width, :]


def _check_box(sizes: Sequence[Any], top: int, left: int, height: int, width: int) -> None:
    checks = [
        (left >= 0, "offset_width must be >= 0."),
        (top >= 0, "offset_height must be >= 0."),
        (width > 0, "target_width must be > 0."),
        (height > 0, "target_height must be > 0."),
        (sizes[1] is None or sizes[1] >= width + left, "width must be >= target + offset."),
        (sizes[0] is None or sizes[0] >= height + top, "height must be >= target + offset."),
    ]
    for holds, message in checks:
        if not holds:
            raise ValueError(message)


def _pad(x: torch.Tensor, box: torch.Tensor) -> torch.Tensor:
    top, left, height, width = box.tolist()
    _check_padding(tuple(x.shape[-3:-1]), top, left, height, width)
    below, right = height - top - x.shape[-3], width - left - x.shape[-2]
    return F.pad(x, (0, 0, left, right, top, below))


def _check_padding(sizes: Sequence[Any], top: int, left: int, height: int, width: int) -> None:
    checks = [
        (top >= 0, "offset_height must be >= 0"),
        (left >= 0, "offset_width must be >= 0"),
        (sizes[1] is None or width - left - sizes[1] >= 0, "width must be <= target - offset"),
        (sizes[0] is None or height - top - sizes[0] >= 0, "height must be <= target - offset"),
    ]
    for holds, message in checks:
        if not holds:
            raise ValueError(message)


def _box_rule(check: Any) -> Any:
    def rule(inputs: Sequence[Tensor], attributes: dict[str, Any]) -> OutputTypes:
        image, kind, box = inputs[0].shape, inputs[0].dtype.base_dtype, constant_value(inputs[1])
        if box is None:
            return [(kind, _with_sizes(image, None, None))]
        sizes = [int(item) for item in box]
        if image.known is not None:
            check(image.known[-3:-1], *sizes)
        return [(kind, _with_sizes(image, sizes[2], sizes[3]))]

    return rule


register("CropToBoundingBox", _crop, _box_rule(_check_box))
register("PadToBoundingBox", _pad, _box_rule(_check_padding))


def _in_box(op_type: str, scope: str, image: Any, box: Sequence[Any]) -> Tensor:
    with name_scope(None, scope, [image]):
        return one(op_type, [_image(image), convert_to_tensor(list(box), int32)], op_type)


def crop_to_bounding_box(
    image: Any, offset_height: Any, offset_width: Any, target_height: Any, target_width: Any
) -> Tensor:
    """The part of an image that begins at an offset (TF1 symbol: `tf.image.crop_to_bounding_box`).

    Raises:
        ValueError: the part is not within the image.
    """
    box = (offset_height, offset_width, target_height, target_width)
    return _in_box("CropToBoundingBox", "crop_to_bounding_box", image, box)


def pad_to_bounding_box(
    image: Any, offset_height: Any, offset_width: Any, target_height: Any, target_width: Any
) -> Tensor:
    """An image with zeros around it, at an offset (TF1 symbol: `tf.image.pad_to_bounding_box`).

    Raises:
        ValueError: the image is larger than the target.
    """
    box = (offset_height, offset_width, target_height, target_width)
    return _in_box("PadToBoundingBox", "pad_to_bounding_box", image, box)


def _crop_or_pad(x: torch.Tensor, size: torch.Tensor) -> torch.Tensor:
    for axis, wanted in zip((-3, -2), size.tolist(), strict=True):
        here = x.shape[axis]
        if wanted < here:
            x = x.narrow(axis, max(-(wanted - here) // 2, 0), wanted)
        elif wanted > here:
            before = (wanted - here) // 2
            pads = [before, wanted - here - before]
            x = F.pad(x, [0, 0, 0, 0, *pads] if axis == -3 else [0, 0, *pads])
    return x


def _size_rule(inputs: Sequence[Tensor], attributes: dict[str, Any]) -> OutputTypes:
    size = constant_value(inputs[1])
    height, width = (None, None) if size is None else (int(size[0]), int(size[1]))
    for name, value in (("target_width", width), ("target_height", height)):
        if value is not None and value <= 0:
            raise ValueError(f"{name} must be > 0.")
    return [(inputs[0].dtype.base_dtype, _with_sizes(inputs[0].shape, height, width))]


register("CropOrPad", _crop_or_pad, _size_rule)


def resize_image_with_crop_or_pad(image: Any, target_height: Any, target_width: Any) -> Tensor:
    """The middle of an image, or it in the middle of zeros (TF1 symbol:
    `tf.image.resize_image_with_crop_or_pad`).
    """
    with name_scope(None, "resize_image_with_crop_or_pad", [image]):
        size = convert_to_tensor([target_height, target_width], int32)
        return one("CropOrPad", [_image(image), size], "CropOrPad")


def _central(x: torch.Tensor, fraction: float) -> torch.Tensor:
    for axis in (-3, -2):
        size = x.shape[axis]
        begin = _central_start(size, fraction)
        x = x.narrow(axis, begin, size - 2 * begin)
    return x


def _central_start(size: int, fraction: float) -> int:
    return int((float(size) - float(size) * fraction) / 2)


def _central_rule(inputs: Sequence[Tensor], attributes: dict[str, Any]) -> OutputTypes:
    known = inputs[0].shape.known
    if known is None:
        return [(inputs[0].dtype.base_dtype, TensorShape(None))]
    fraction = attributes["fraction"]
    sizes = [None if size is None else size - 2 * _central_start(size, fraction) for size in known[-3:-1]]
    return [(inputs[0].dtype.base_dtype, _with_sizes(inputs[0].shape, *sizes))]


register("CentralCrop", _central, _central_rule)


def central_crop(image: Any, central_fraction: float) -> Tensor:
    """The middle of an image, a share of its height and width (TF1 symbol: `tf.image.central_crop`)."""
    with name_scope(None, "central_crop", [image]):
        if not 0.0 < central_fraction <= 1.0:
            raise ValueError("central_fraction must be within (0, 1]")
        image = _image(image)
        if central_fraction == 1.0:
            return image
        return one("CentralCrop", [image], "Slice", fraction=float(central_fraction))


# -- flips and turns
register("FlipImage", lambda x, axis: x.flip(axis), same)
register(
    "TransposeImage",
    lambda x: x.transpose(-3, -2),
    lambda i, a: [(i[0].dtype.base_dtype, _turned(i[0].shape))],
)


def _turned(shape: TensorShape) -> TensorShape:
    return TensorShape(None) if shape.known is None else _with_sizes(shape, shape.known[-2], shape.known[-3])


def _flip(name: str, axis: int) -> Any:
    def function(image: Any) -> Tensor:
        with name_scope(None, name, [image]):
            return one("FlipImage", [_image(image)], "ReverseV2", axis=[axis])

    function.__name__ = function.__qualname__ = name
    what = "rows" if axis == -3 else "columns"
    function.__doc__ = f"An image with its {what} reversed (TF1 symbol: `tf.image.{name}`)."
    return function


flip_left_right, flip_up_down = _flip("flip_left_right", -2), _flip("flip_up_down", -3)


def _flip_some(x: torch.Tensor, drawn: torch.Tensor, axis: int) -> torch.Tensor:
    if drawn.dim() == 0:
        return x.flip(axis) if drawn < 0.5 else x
    flips = torch.round(drawn).reshape(-1, 1, 1, 1) == 1
    return torch.where(flips, x.flip(axis), x)


register("RandomFlip", _flip_some, same)


def _random_flip(name: str, axis: int) -> Any:
    def function(image: Any, seed: int | None = None) -> Tensor:
        with name_scope(None, name, [image]):
            image = _image(image)
            sizes: Any = [array.shape(image)[0]] if image.shape.ndims == 4 else []
            drawn = random.random_uniform(sizes, 0, 1.0, seed=seed)
            return one("RandomFlip", [image, drawn], name, axis=axis)

    function.__name__ = function.__qualname__ = name
    function.__doc__ = (
        f"An image, or each of a batch, flipped or not by chance (TF1 symbol: `tf.image.{name}`)."
    )
    return function


random_flip_left_right = _random_flip("random_flip_left_right", -2)
random_flip_up_down = _random_flip("random_flip_up_down", -3)


def transpose_image(image: Any, name: str | None = None) -> Tensor:
    """Rows as columns (TF1 symbol: `tf.image.transpose_image`)."""
    with name_scope(name, "transpose", [image]) as scope:
        return one("TransposeImage", [_image(image)], scope)


def _rotate(x: torch.Tensor, k: torch.Tensor) -> torch.Tensor:
    return torch.rot90(x, int(k) % 4, (-3, -2))


def _rotate_rule(inputs: Sequence[Tensor], attributes: dict[str, Any]) -> OutputTypes:
    k = constant_value(inputs[1])
    shape = inputs[0].shape
    if k is None:
        shape = _with_sizes(shape, None, None)
    elif int(k) % 2:
        shape = _turned(shape)
    return [(inputs[0].dtype.base_dtype, shape)]


register("RotateImage", _rotate, _rotate_rule)


def rot90(image: Any, k: Any = 1, name: str | None = None) -> Tensor:
    """An image turned k times by 90 degrees against the clock (TF1 symbol: `tf.image.rot90`)."""
    with name_scope(name, "rot90", [image]) as scope:
        return one("RotateImage", [_image(image), convert_to_tensor(k, int32, name="k")], scope)


# -- sizes
def resize_images(
    images: Any,
    size: Any,
    method: int = ResizeMethod.BILINEAR,
    align_corners: bool = False,
    preserve_aspect_ratio: bool = False,
    name: str | None = None,
) -> Tensor:
    """Images in another size (TF1 symbol: `tf.image.resize_images`).

    Args:
        images: `[height, width, channels]`, or a batch of them.
        size: (height, width); images that have it are given back as they are.
        method: one of `tf.image.ResizeMethod`.
        preserve_aspect_ratio: whether images keep their form, and `size` is the most.

    Returns:
        float32, or with NEAREST_NEIGHBOR the images' type.
    """
    makers = {
        ResizeMethod.BILINEAR: resizing.resize_bilinear,
        ResizeMethod.NEAREST_NEIGHBOR: resizing.resize_nearest_neighbor,
        ResizeMethod.BICUBIC: resizing.resize_bicubic,
        ResizeMethod.AREA: resizing.resize_area,
    }
    if method not in makers:
        raise ValueError("Resize method is not implemented.")
    with name_scope(name, "resize", [images]):
        images = convert_to_tensor(images, name="images")
        rank = images.shape.ndims
        if rank is None:
            raise ValueError("'images' contains no shape.")
        if rank not in (3, 4):
            raise ValueError("'images' must have either 3 or 4 dimensions.")
        try:
            wanted = convert_to_tensor(size, int32, name="size")
        except (TypeError, ValueError):
            raise ValueError("'size' must be a 1-D int32 Tensor") from None
        if not wanted.shape.is_compatible_with([2]):
            raise ValueError("'size' must be a 1-D Tensor of 2 elements: new_height, new_width")
        if rank == 3:
            images = array.expand_dims(images, 0)
        known, value = images.shape.known or (), constant_value(wanted)
        if preserve_aspect_ratio:
            if value is None or None in known[1:3]:
                wanted, value = one("KeptAspect", [images, wanted], "size"), None
            else:
                value = _within(known[1:3], value).numpy()
                wanted = convert_to_tensor(value, int32, name="size")
        if value is None or list(known[1:3]) != [int(item) for item in value]:
            images = makers[method](images, wanted, align_corners=align_corners)
        return array.squeeze(images, [0]) if rank == 3 else images


def _within(sizes: Sequence[Any], most: Any) -> torch.Tensor:
    """The largest sizes of the same form within the given ones."""
    own = torch.tensor([float(size) for size in sizes])
    scale = (torch.as_tensor(most).cpu().float() / own).min()
    return torch.round(scale * own).to(torch.int32)


def _kept_aspect(x: torch.Tensor, size: torch.Tensor) -> torch.Tensor:
    return _within(x.shape[1:3], size)


register("KeptAspect", _kept_aspect, lambda i, a: [(int32, TensorShape([2]))], differentiable=False)


def _padded_sizes(x: torch.Tensor, size: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """(the size of the image itself, the box that it lies in) within a target."""
    height, width = (float(item) for item in x.shape[-3:-1])
    rows, columns = (float(item) for item in size.tolist())
    ratio = max(width / columns, height / rows)
    own = (height / ratio, width / ratio)
    offsets = [max(0, int((target - mine) // 2)) for target, mine in zip((rows, columns), own, strict=True)]
    resized = torch.tensor([int(own[0]), int(own[1])], dtype=torch.int32)
    return resized, torch.tensor([*offsets, int(rows), int(columns)], dtype=torch.int32)


register(
    "SizesWithPad",
    _padded_sizes,
    lambda i, a: [(int32, TensorShape([2])), (int32, TensorShape([4]))],
    differentiable=False,
)


def resize_image_with_pad(
    image: Any,
    target_height: Any,
    target_width: Any,
    method: int = ResizeMethod.BILINEAR,
    align_corners: bool = False,
) -> Tensor:
    """An image in another size that keeps its form, with zeros around it (TF1 symbol:
    `tf.image.resize_image_with_pad`).
    """
    with name_scope(None, "resize_image_with_pad", [image]):
        image = _image(image)
        target = convert_to_tensor([target_height, target_width], int32)
        parts = one("SizesWithPad", [image, target], "sizes").op.outputs
        resized = resize_images(image, parts[0], method, align_corners)
        found = one("PadToBoundingBox", [resized, parts[1]], "PadToBoundingBox")
        value = constant_value(target)
        if value is not None and found.shape.ndims is not None:
            sizes = [None] * (found.shape.ndims - 3)
            found.set_shape([*sizes, int(value[0]), int(value[1]), None])
        return found
