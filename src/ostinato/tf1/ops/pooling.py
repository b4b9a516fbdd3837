"""Pools: the largest value or the mean of each window."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F

from ..dtypes import as_dtype, int64
from ..graph import name_scope
from ..registry import OutputTypes, ShapeMismatch, register
from ..shapes import TensorShape
from ..tensor import Tensor
from . import array
from .convolution import spatial_steps
from .core import convert_to_tensor, make, one
from .math import either
from .space_depth import batch_to_space_nd, space_to_batch_nd
from .windows import (
    FORMATS,
    checked_format,
    checked_padding,
    for_each_axis,
    layout_of,
    margins,
    output_size,
    padded,
)

_LARGEST = {2: F.max_pool2d, 3: F.max_pool3d}
_MEAN = {2: F.avg_pool2d, 3: F.avg_pool3d}


def _sizes(attributes: dict[str, Any], rank: int) -> tuple[list[int], list[int]]:
    """The window and its steps over the spatial axes."""
    layout = layout_of(attributes["data_format"], rank)
    found = []
    for name in ("ksize", "strides"):
        sizes = list(attributes[name])
        found.append(sizes[layout.spatial])
        sizes[layout.spatial] = []
        if sizes != [1, 1]:
            raise ValueError(
                f"Pooling is not yet supported on the batch dimension, nor on others: {name} {sizes}"
            )
    return found[0], found[1]


def _lowest(x: torch.Tensor) -> float:
    return float("-inf") if x.is_floating_point() else float(torch.iinfo(x.dtype).min)


def _over_depth(x: torch.Tensor, attributes: dict[str, Any]) -> torch.Tensor:
    """The largest of each group of channels: what a window over the channels alone is there for."""
    size = attributes["ksize"][-1]
    if (
        attributes["ksize"] != [1, 1, 1, size]
        or attributes["strides"] != [1, 1, 1, size]
        or x.shape[-1] % size
    ):
        raise ValueError(
            "Depthwise max pooling requires the depth window to equal the depth stride, to divide the depth "
            f"and to be the only window: ksize {attributes['ksize']}, strides {attributes['strides']}, depth "
            f"{x.shape[-1]}."
        )
    return x.unflatten(-1, (-1, size)).amax(-1)


def _pool(rank: int, is_mean: bool) -> Any:
    def compute(x: torch.Tensor, **attributes: Any) -> torch.Tensor:
        layout = layout_of(attributes["data_format"], rank)
        if not is_mean and attributes["ksize"][layout.channel_axis] != 1 and not layout.channels_first:
            return _over_depth(x, attributes)
        window, strides = _sizes(attributes, rank)
        x = layout.first(x)
        pairs = [
            margins(size, width, step, 1, attributes["padding"])
            for size, width, step in zip(x.shape[2:], window, strides, strict=True)
        ]
        even = all(2 * before == before + after for before, after in pairs)
        sides = [before for before, _ in pairs]
        if even and all(2 * side <= width for side, width in zip(sides, window, strict=True)):
            if is_mean:  # what is added around does not count
                found = _MEAN[rank](x, window, strides, sides, count_include_pad=False)
            else:
                found = _LARGEST[rank](x, window, strides, sides)
        elif is_mean:
            there = padded(torch.ones((1, 1, *x.shape[2:]), dtype=x.dtype, device=x.device), pairs)
            found = _MEAN[rank](padded(x, pairs), window, strides) / _MEAN[rank](there, window, strides)
        else:
            found = _LARGEST[rank](padded(x, pairs, _lowest(x)), window, strides)
        return layout.back(found)

    return compute


def _rule(rank: int) -> Any:
    def rule(inputs: Sequence[Tensor], attributes: dict[str, Any]) -> OutputTypes:
        shape, kind = inputs[0].shape, inputs[0].dtype.base_dtype
        if shape.ndims not in (None, rank + 2):
            raise ShapeMismatch(f"Shape must be rank {rank + 2} but is rank {shape.ndims}")
        known = shape.known or [None] * (rank + 2)
        sizes = [
            # along the batch and the channels the window is of size 1, but for what `_over_depth` does
            output_size(size, width, step, 1, attributes["padding"])
            for size, width, step in zip(known, attributes["ksize"], attributes["strides"], strict=True)
        ]
        return [(kind, TensorShape(sizes))]

    return rule


for _rank, _suffix in ((2, ""), (3, "3D")):
    register(f"MaxPool{_suffix}", _pool(_rank, False), _rule(_rank))
    register(f"AvgPool{_suffix}", _pool(_rank, True), _rule(_rank))


class MaxPoolWithArgmax(NamedTuple):
    output: Tensor
    argmax: Tensor


def _with_places(x: torch.Tensor, **attributes: Any) -> tuple[torch.Tensor, torch.Tensor]:
    window, strides = _sizes(attributes, 2)
    batch, height, width, channels = x.shape
    pairs = [
        margins(size, extent, step, 1, attributes["padding"])
        for size, extent, step in zip((height, width), window, strides, strict=True)
    ]
    wide = padded(x.permute(0, 3, 1, 2), pairs, _lowest(x))
    found, flat = F.max_pool2d(wide, window, strides, return_indices=True)
    row = flat // wide.shape[3] - pairs[0][0]
    column = flat % wide.shape[3] - pairs[1][0]
    places = (row * width + column) * channels + torch.arange(channels, device=x.device).view(1, -1, 1, 1)
    if attributes["include_batch_in_index"]:
        numbers = torch.arange(batch, device=x.device).view(-1, 1, 1, 1)
        places = places + numbers * (height * width * channels)
    kind = as_dtype(attributes["Targmax"]).torch_dtype
    return found.permute(0, 2, 3, 1), places.permute(0, 2, 3, 1).to(kind)


register(
    "MaxPoolWithArgmax",
    _with_places,
    lambda i, a: [*_rule(2)(i, a), (as_dtype(a["Targmax"]), _rule(2)(i, a)[0][1])],
)


# -- nodes
def _attributes(
    op_type: str, rank: int, ksize: Any, strides: Any, padding: Any, data_format: Any
) -> dict[str, Any]:
    form = checked_format(op_type, data_format, rank)
    first = form.startswith("NC")
    return {
        "ksize": for_each_axis(ksize, rank, first, "ksize"),
        "strides": for_each_axis(strides, rank, first, "strides"),
        "padding": checked_padding(op_type, padding),
        "data_format": form,
    }


def _node(
    op_type: str,
    rank: int,
    value: Any,
    ksize: Any,
    strides: Any,
    padding: Any,
    data_format: Any,
    name: Any,
    default: str,
) -> Tensor:
    attributes = _attributes(op_type, rank, ksize, strides, padding, data_format)
    with name_scope(name, default, [value]) as scope:
        return one(op_type, [convert_to_tensor(value, name="input")], scope, **attributes)


def max_pool(
    value: Any,
    ksize: Any,
    strides: Any,
    padding: Any,
    data_format: str = "NHWC",
    name: str | None = None,
    input: Any = None,
) -> Tensor:
    """The largest value of each window of images (TF1 symbol: `tf.nn.max_pool`).

    Args:
        value: `[batch, height, width, channels]`, or with "NCHW" `[batch, channels, height, width]`; `input`
            is its newer name.
        ksize, strides: 1, 2 or 4 sizes of the window and of its steps.
        padding: "SAME" or "VALID".

    >>> import ostinato.tf1 as tf
    >>> with tf.Graph().as_default():
    ...     print(tf.nn.max_pool(tf.zeros([2, 28, 28, 1]), [1, 2, 2, 1], [1, 2, 2, 1], "SAME").shape)
    (2, 14, 14, 1)
    """
    value = either("input", input, "value", value)
    return _node("MaxPool", 2, value, ksize, strides, padding, data_format, name, "MaxPool")


def avg_pool(
    value: Any,
    ksize: Any,
    strides: Any,
    padding: Any,
    data_format: str = "NHWC",
    name: str | None = None,
    input: Any = None,
) -> Tensor:
    """The mean of each window of images (TF1 symbol: `tf.nn.avg_pool`); the arguments are those of
    `max_pool`.
    """
    value = either("input", input, "value", value)
    return _node("AvgPool", 2, value, ksize, strides, padding, data_format, name, "AvgPool")


def max_pool2d(
    input: Any, ksize: Any, strides: Any, padding: Any, data_format: str = "NHWC", name: str | None = None
) -> Tensor:
    """As `max_pool` (TF1 symbol: `tf.nn.max_pool2d`)."""
    return _node("MaxPool", 2, input, ksize, strides, padding, data_format, name, "MaxPool2d")


def max_pool3d(
    input: Any, ksize: Any, strides: Any, padding: Any, data_format: str = "NDHWC", name: str | None = None
) -> Tensor:
    """The largest value of each window of volumes (TF1 symbol: `tf.nn.max_pool3d`)."""
    return _node("MaxPool3D", 3, input, ksize, strides, padding, data_format, name, "MaxPool3D")


def avg_pool3d(
    input: Any, ksize: Any, strides: Any, padding: Any, data_format: str = "NDHWC", name: str | None = None
) -> Tensor:
    """The mean of each window of volumes (TF1 symbol: `tf.nn.avg_pool3d`)."""
    return _node("AvgPool3D", 3, input, ksize, strides, padding, data_format, name, "AvgPool3D")


def _pool1d(
    make: Any, default: str, input: Any, ksize: Any, strides: Any, padding: Any, form: Any, name: Any
) -> Tensor:
    with name_scope(name, default, [input]) as scope:
        form = checked_format(default, form, 1)
        first = form == "NCW"
        axis = 2 if first else 1
        window = for_each_axis(ksize, 1, first, "ksize")
        steps = for_each_axis(strides, 1, first, "strides")
        window.insert(axis, 1)
        steps.insert(axis, 1)
        wide = array.expand_dims(input, axis)
        found = make(wide, window, steps, padding, data_format=FORMATS[2][first], name=scope)
        return array.squeeze(found, [axis])


def max_pool1d(
    input: Any, ksize: Any, strides: Any, padding: Any, data_format: str = "NWC", name: str | None = None
) -> Tensor:
    """The largest value of each window of sequences (TF1 symbol: `tf.nn.max_pool1d`)."""
    return _pool1d(max_pool, "MaxPool1d", input, ksize, strides, padding, data_format, name)


def avg_pool1d(
    input: Any, ksize: Any, strides: Any, padding: Any, data_format: str = "NWC", name: str | None = None
) -> Tensor:
    """The mean of each window of sequences (TF1 symbol: `tf.nn.avg_pool1d`)."""
    return _pool1d(avg_pool, "AvgPool1D", input, ksize, strides, padding, data_format, name)


def _of_any_rank(
    by_rank: dict[int, Any], input: Any, ksize: Any, strides: Any, padding: Any, form: Any, name: Any
) -> Tensor:
    input = convert_to_tensor(input, name="input")
    rank = len(form) - 2 if form is not None else (input.shape.ndims or 2) - 2
    if rank not in by_rank:
        raise ValueError(
            "Input tensor must be of rank 3, 4 or 5 but was {}.".format(input.shape.ndims)  # noqa: UP032
        )
    return by_rank[rank](input, ksize, strides, padding, data_format=form or FORMATS[rank][0], name=name)


def max_pool_v2(
    input: Any,
    ksize: Any,
    strides: Any,
    padding: Any,
    data_format: str | None = None,
    name: str | None = None,
) -> Tensor:
    """The largest value of each window, over as many axes as the input has (TF1 symbol:
    `tf.nn.max_pool_v2`).
    """
    by_rank = {1: max_pool1d, 2: max_pool, 3: max_pool3d}
    return _of_any_rank(by_rank, input, ksize, strides, padding, data_format, name)


def avg_pool_v2(
    input: Any,
    ksize: Any,
    strides: Any,
    padding: Any,
    data_format: str | None = None,
    name: str | None = None,
) -> Tensor:
    """The mean of each window, over as many axes as the input has (TF1 symbol: `tf.nn.avg_pool_v2`)."""
    by_rank = {1: avg_pool1d, 2: avg_pool, 3: avg_pool3d}
    return _of_any_rank(by_rank, input, ksize, strides, padding, data_format, name)


def max_pool_with_argmax(
    input: Any,
    ksize: Any,
    strides: Any,
    padding: Any,
    data_format: str = "NHWC",
    Targmax: Any = None,
    name: str | None = None,
    output_dtype: Any = None,
    include_batch_in_index: bool = False,
) -> MaxPoolWithArgmax:
    """The largest value of each window and its place in the flat image (TF1 symbol:
    `tf.nn.max_pool_with_argmax`).

    Returns:
        (output, argmax): the place is (y * width + x) * channels + channel, with the batch in it where
        `include_batch_in_index`. `output_dtype` or `Targmax`, int64 or int32, is its type.
    """
    if data_format != "NHWC":
        raise ValueError("Data format values other than 'NHWC' are not supported")
    kind = either("output_dtype", output_dtype, "Targmax", Targmax)
    attributes = _attributes("MaxPoolWithArgmax", 2, ksize, strides, padding, data_format)
    attributes["Targmax"] = as_dtype(int64 if kind is None else kind).name
    attributes["include_batch_in_index"] = include_batch_in_index
    with name_scope(name, "MaxPoolWithArgmax", [input]) as scope:
        operation = make("MaxPoolWithArgmax", [convert_to_tensor(input, name="input")], scope, **attributes)
        return MaxPoolWithArgmax(*operation.outputs)


def pool(
    input: Any,
    window_shape: Any,
    pooling_type: str,
    padding: str,
    dilation_rate: Any = None,
    strides: Any = None,
    name: str | None = None,
    data_format: str | None = None,
    dilations: Any = None,
) -> Tensor:
    """A pool over one, two or three spatial axes (TF1 symbol: `tf.nn.pool`).

    Args:
        input: `[batch, *spatial, channels]`, or with a `data_format` "NC..." channels first.
        window_shape, strides: a size and a step for each spatial axis.
        pooling_type: "MAX" or "AVG".
        dilation_rate: how far apart the elements of a window are along each axis.

    Raises:
        ValueError: another type, a rank that does not fit, or a dilation rate above 1 with "SAME" or strides.
    """
    rates = either("dilations", dilations, "dilation_rate", dilation_rate)
    if pooling_type not in ("MAX", "AVG"):
        raise ValueError(f"Unknown pooling_type {pooling_type!r}: there are 'MAX' and 'AVG'.")
    with name_scope(name, f"{pooling_type.lower()}_pool", [input]) as scope:
        x = convert_to_tensor(input, name="input")
        window = [int(size) for size in window_shape]
        rank = len(window)
        if not 1 <= rank <= 3:
            raise ValueError(f"num_spatial_dims must be one of 1, 2 or 3, but saw {rank}")
        if x.shape.ndims not in (None, rank + 2):
            raise ValueError(f"Shape {x.shape} must have rank {rank + 2}")
        steps, spread = spatial_steps(rank, strides, rates)
        if padding == "SAME" and max(spread) > 1:
            raise ValueError("pooling with SAME padding is not implemented for dilation_rate > 1")
        if any(step > width for step, width in zip(steps, window, strict=True)):
            raise ValueError(
                "strides > window_shape not supported due to inconsistency between CPU and GPU "
                "implementations"
            )
        if max(spread) > 1:
            return _dilated_pool(x, window, pooling_type, spread, data_format)
        first = data_format is not None and data_format.startswith("NC")
        if rank == 1:
            axis = 2 if first else 1
            wide = array.expand_dims(x, axis)
            make_pool = max_pool if pooling_type == "MAX" else avg_pool
            found = make_pool(
                wide, [1, *window], [1, *steps], padding, data_format=FORMATS[2][first], name=scope
            )
            return array.squeeze(found, [axis])
        by_rank: Any = {"MAX": {2: max_pool, 3: max_pool3d}, "AVG": {2: avg_pool, 3: avg_pool3d}}
        form = data_format or FORMATS[rank][0]
        return by_rank[pooling_type][rank](x, window, steps, padding, data_format=form, name=scope)


def _dilated_pool(x: Tensor, window: list[int], kind: str, spread: list[int], data_format: Any) -> Tensor:
    """A pool over each of the grids that the rates make of the spatial axes, put together again."""
    rank = len(window)
    if data_format is not None and data_format.startswith("NC"):
        last = array.transpose(x, [0, *range(2, rank + 2), 1])
        found = _dilated_pool(last, window, kind, spread, None)
        return array.transpose(found, [0, rank + 1, *range(1, rank + 1)])
    sizes: list[Any] = x.shape.as_list()[1:-1] if x.shape.ndims is not None else [None] * rank
    if any(size is None for size in sizes):
        shape = array.shape(x)
        sizes = [shape[axis + 1] if size is None else size for axis, size in enumerate(sizes)]
    margins_of_grids = [[0, -size % rate] for size, rate in zip(sizes, spread, strict=True)]
    grids = space_to_batch_nd(x, spread, margins_of_grids)
    return batch_to_space_nd(pool(grids, window, kind, "VALID"), spread, margins_of_grids)
