"""Functions of `tf.keras.backend` over axes of space: convolutions, windows, and what makes them larger."""

from __future__ import annotations

from typing import Any

from .. import nn
from ..ops import array
from ..ops.core import convert_to_tensor
from ..ops.lists import stack
from ..ops.math import cast, matmul
from ..ops.padding import pad
from ..ops.picking import tile
from ..tensor import Tensor
from .layers import sizes
from .settings import image_data_format


def _format(data_format: Any) -> bool:
    """Whether the channels come first.

    Raises:
        ValueError: no data format.
    """
    found = image_data_format() if data_format is None else data_format
    if found not in ("channels_first", "channels_last"):
        raise ValueError("Unknown data_format: " + str(found))
    return bool(found == "channels_first")


def _padding(padding: str) -> str:
    if padding not in ("same", "valid"):
        raise ValueError("Invalid padding: " + str(padding))
    return padding.upper()


def _each(values: Any, rank: int, is_first: bool) -> list[int]:
    """A list with ones for the axes that are not of space."""
    listed = list(values) if isinstance(values, (list, tuple)) else [values] * rank
    return [1, 1, *listed] if is_first else [1, *listed, 1]


def _letters(rank: int, is_first: bool) -> str:
    return sizes.convert_data_format("channels_first" if is_first else "channels_last", rank + 2)


def conv1d(
    x: Any,
    kernel: Any,
    strides: Any = 1,
    padding: str = "valid",
    data_format: Any = None,
    dilation_rate: Any = 1,
) -> Tensor:
    """A convolution over sequences, "causal" too (TF1 symbol: `tf.keras.backend.conv1d`)."""
    is_first = _format(data_format)
    if padding == "causal":
        left = dilation_rate * (kernel.shape.as_list()[0] - 1)
        x = pad(x, [[0, 0], [0, 0], [left, 0]] if is_first else [[0, 0], [left, 0], [0, 0]])
        padding = "valid"
    return nn.conv1d(
        x,
        kernel,
        stride=strides,
        padding=_padding(padding),
        data_format=_letters(1, is_first),
        dilations=dilation_rate,
    )


def _conv(function: Any, rank: int, x: Any, kernel: Any, strides: Any, padding: Any, *more: Any) -> Tensor:
    is_first = _format(more[0])
    result: Tensor = function(
        x,
        kernel,
        strides=_each(strides, rank, is_first),
        padding=_padding(padding),
        data_format=_letters(rank, is_first),
        dilations=_each(more[1], rank, is_first),
    )
    return result


def conv2d(
    x: Any,
    kernel: Any,
    strides: Any = (1, 1),
    padding: str = "valid",
    data_format: Any = None,
    dilation_rate: Any = (1, 1),
) -> Tensor:
    """A convolution over images (TF1 symbol: `tf.keras.backend.conv2d`)."""
    return _conv(nn.conv2d, 2, x, kernel, strides, padding, data_format, dilation_rate)


def conv3d(
    x: Any,
    kernel: Any,
    strides: Any = (1, 1, 1),
    padding: str = "valid",
    data_format: Any = None,
    dilation_rate: Any = (1, 1, 1),
) -> Tensor:
    """A convolution over volumes (TF1 symbol: `tf.keras.backend.conv3d`)."""
    return _conv(nn.conv3d, 3, x, kernel, strides, padding, data_format, dilation_rate)


def conv2d_transpose(
    x: Any,
    kernel: Any,
    output_shape: Any,
    strides: Any = (1, 1),
    padding: str = "valid",
    data_format: Any = None,
    dilation_rate: Any = (1, 1),
) -> Tensor:
    """The transpose of a convolution over images (TF1 symbol: `tf.keras.backend.conv2d_transpose`).

    Raises:
        ValueError: a dilation, which the transpose of a convolution has not here.
    """
    if tuple(dilation_rate) != (1, 1):
        raise ValueError(
            f"conv2d_transpose has no dilation here, and dilation_rate is {dilation_rate}: it must be (1, 1)."
        )
    is_first = _format(data_format)
    if isinstance(output_shape, (tuple, list)):
        output_shape = stack([convert_to_tensor(item) for item in output_shape])
    return nn.conv2d_transpose(
        x,
        kernel,
        output_shape,
        strides=_each(strides, 2, is_first),
        padding=_padding(padding),
        data_format=_letters(2, is_first),
    )


def separable_conv2d(
    x: Any,
    depthwise_kernel: Any,
    pointwise_kernel: Any,
    strides: Any = (1, 1),
    padding: str = "valid",
    data_format: Any = None,
    dilation_rate: Any = (1, 1),
) -> Tensor:
    """A convolution of each channel, then of all (TF1 symbol: `tf.keras.backend.separable_conv2d`)."""
    is_first = _format(data_format)
    return nn.separable_conv2d(
        x,
        depthwise_kernel,
        pointwise_kernel,
        strides=_each(strides, 2, is_first),
        padding=_padding(padding),
        rate=list(dilation_rate),
        data_format=_letters(2, is_first),
    )


def depthwise_conv2d(
    x: Any,
    depthwise_kernel: Any,
    strides: Any = (1, 1),
    padding: str = "valid",
    data_format: Any = None,
    dilation_rate: Any = (1, 1),
) -> Tensor:
    """A convolution of each channel by itself."""
    is_first = _format(data_format)
    return nn.depthwise_conv2d(
        x,
        depthwise_kernel,
        strides=_each(strides, 2, is_first),
        padding=_padding(padding),
        rate=list(dilation_rate),
        data_format=_letters(2, is_first),
    )


def _pooled(
    rank: int, x: Any, pool_size: Any, strides: Any, padding: str, data_format: Any, mode: str
) -> Tensor:
    if mode not in ("max", "avg"):
        raise ValueError("Invalid pooling mode: " + str(mode))
    is_first = _format(data_format)
    found: dict[str, Any] = {
        "max2": nn.max_pool,
        "avg2": nn.avg_pool,
        "max3": nn.max_pool3d,
        "avg3": nn.avg_pool3d,
    }
    result: Tensor = found[f"{mode}{rank}"](
        x,
        _each(pool_size, rank, is_first),
        _each(strides, rank, is_first),
        padding=_padding(padding),
        data_format=_letters(rank, is_first),
    )
    return result


def pool2d(
    x: Any,
    pool_size: Any,
    strides: Any = (1, 1),
    padding: str = "valid",
    data_format: Any = None,
    pool_mode: str = "max",
) -> Tensor:
    """The largest, or the mean ("avg"), of windows of images (TF1 symbol: `tf.keras.backend.pool2d`)."""
    return _pooled(2, x, pool_size, strides, padding, data_format, pool_mode)


def pool3d(
    x: Any,
    pool_size: Any,
    strides: Any = (1, 1, 1),
    padding: str = "valid",
    data_format: Any = None,
    pool_mode: str = "max",
) -> Tensor:
    """The largest, or the mean ("avg"), of windows of volumes (TF1 symbol: `tf.keras.backend.pool3d`)."""
    return _pooled(3, x, pool_size, strides, padding, data_format, pool_mode)


def temporal_padding(x: Any, padding: Any = (1, 1)) -> Tensor:
    """Zeros before and after sequences (TF1 symbol: `tf.keras.backend.temporal_padding`)."""
    return pad(x, [[0, 0], list(padding), [0, 0]])


def _padded(x: Any, padding: Any, data_format: Any) -> Tensor:
    amounts = [list(item) for item in padding]
    around = [[0, 0], [0, 0], *amounts] if _format(data_format) else [[0, 0], *amounts, [0, 0]]
    return pad(x, around)


def spatial_2d_padding(x: Any, padding: Any = ((1, 1), (1, 1)), data_format: Any = None) -> Tensor:
    """Zeros around images (TF1 symbol: `tf.keras.backend.spatial_2d_padding`)."""
    return _padded(x, padding, data_format)


def spatial_3d_padding(x: Any, padding: Any = ((1, 1), (1, 1), (1, 1)), data_format: Any = None) -> Tensor:
    """Zeros around volumes (TF1 symbol: `tf.keras.backend.spatial_3d_padding`)."""
    return _padded(x, padding, data_format)


def repeated(x: Any, times: int, axis: int) -> Tensor:
    """Each element along an axis so often."""
    spread = array.expand_dims(x, axis + 1)
    rank = len(spread.shape.as_list())
    copied = tile(spread, [times if place == axis + 1 else 1 for place in range(rank)])
    shape = array.shape(x)
    known = x.shape.as_list()
    parts = [shape[place] * (times if place == axis else 1) for place in range(rank - 1)]
    result = array.reshape(copied, stack([cast(part, "int32") for part in parts]))
    known[axis] = None if known[axis] is None else known[axis] * times
    result.set_shape(known)
    return result


def resize_images(
    x: Any, height_factor: int, width_factor: int, data_format: str, interpolation: str = "nearest"
) -> Tensor:
    """Images so many times as high and wide (TF1 symbol: `tf.keras.backend.resize_images`).

    Raises:
        ValueError: another data format, or another interpolation than "nearest" and "bilinear".
    """
    if data_format not in ("channels_first", "channels_last"):
        raise ValueError(f"Invalid `data_format` argument: {data_format}")
    if interpolation not in ("nearest", "bilinear"):
        raise ValueError('interpolation should be one of "nearest" or "bilinear".')
    x = convert_to_tensor(x)
    first = 2 if data_format == "channels_first" else 1
    if interpolation == "nearest":
        return repeated(repeated(x, height_factor, first), width_factor, first + 1)
    from ..image import resize_bilinear

    pictures = array.transpose(x, [0, 2, 3, 1]) if first == 2 else x
    wanted = array.shape(pictures)[1:3] * [height_factor, width_factor]
    result = resize_bilinear(pictures, wanted, half_pixel_centers=True)
    height, width = pictures.shape.as_list()[1:3]
    result.set_shape(
        [
            None,
            None if height is None else height * height_factor,
            None if width is None else width * width_factor,
            None,
        ]
    )
    return array.transpose(result, [0, 3, 1, 2]) if first == 2 else result


def resize_volumes(
    x: Any, depth_factor: int, height_factor: int, width_factor: int, data_format: str
) -> Tensor:
    """Volumes so many times as deep, high and wide (TF1 symbol: `tf.keras.backend.resize_volumes`).

    Raises:
        ValueError: another data format.
    """
    if data_format not in ("channels_first", "channels_last"):
        raise ValueError("Invalid data_format: " + str(data_format))
    x = convert_to_tensor(x)
    first = 2 if data_format == "channels_first" else 1
    for place, times in enumerate((depth_factor, height_factor, width_factor)):
        x = repeated(x, times, first + place)
    return x


def local_convolution(
    x: Any, kernel: Any, window: Any, strides: Any, places: Any, data_format: Any
) -> Tensor:
    """A product with a kernel of its own at each place: [batch, *places, filters] or with filters first."""
    is_first = _format(data_format)
    starts: list[tuple[int, ...]] = [()]
    for count, stride in zip(places, strides, strict=True):
        starts = [(*start, place * stride) for start in starts for place in range(count)]
    before = [slice(None)] * (2 if is_first else 1)
    size, filters = kernel.shape.as_list()[1:]
    seen = []
    for start in starts:
        space = [slice(at, at + width) for at, width in zip(start, window, strict=True)]
        seen.append(array.reshape(x[(*before, *space)], [-1, size]))
    outputs = matmul(stack(seen, 0), kernel)  # [places, batch, filters]
    outputs = array.reshape(array.transpose(outputs, [1, 0, 2]), [-1, *places, filters])
    rank = len(window)
    return array.transpose(outputs, [0, rank + 1, *range(1, rank + 1)]) if is_first else outputs


def local_conv1d(inputs: Any, kernel: Any, kernel_size: Any, strides: Any, data_format: Any = None) -> Tensor:
    """A convolution over sequences with a kernel for each place (TF1: `tf.keras.backend.local_conv1d`)."""
    return local_convolution(
        inputs, kernel, tuple(kernel_size), tuple(strides), (kernel.shape.as_list()[0],), data_format
    )


def local_conv2d(
    inputs: Any, kernel: Any, kernel_size: Any, strides: Any, output_shape: Any, data_format: Any = None
) -> Tensor:
    """A convolution over images with a kernel for each place (TF1: `tf.keras.backend.local_conv2d`)."""
    return local_convolution(
        inputs, kernel, tuple(kernel_size), tuple(strides), tuple(output_shape), data_format
    )


PUBLIC = [
    "conv1d",
    "conv2d",
    "conv2d_transpose",
    "conv3d",
    "depthwise_conv2d",
    "local_conv1d",
    "local_conv2d",
    "pool2d",
    "pool3d",
    "resize_images",
    "resize_volumes",
    "separable_conv2d",
    "spatial_2d_padding",
    "spatial_3d_padding",
    "temporal_padding",
]
