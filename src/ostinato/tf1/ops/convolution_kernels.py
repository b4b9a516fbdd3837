"""What evaluates convolutions of two and three spatial axes, their transposes and derivatives."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
import torch.nn.functional as F

from .. import registry
from ..registry import OutputTypes, ShapeMismatch, register
from ..shapes import TensorShape
from ..tensor import Tensor
from .windows import layout_of, margins, output_size, padded

_FORWARD = {1: F.conv1d, 2: F.conv2d, 3: F.conv3d}
_TRANSPOSED = {2: F.conv_transpose2d, 3: F.conv_transpose3d}


def _pairs(
    sizes: Sequence[int],
    kernel: Sequence[int],
    strides: Sequence[int],
    dilations: Sequence[int],
    padding: str,
    explicit: Sequence[tuple[int, int]] | None,
) -> list[tuple[int, int]]:
    if explicit is not None:
        return list(explicit)
    return [
        margins(size, width, stride, dilation, padding)
        for size, width, stride, dilation in zip(sizes, kernel, strides, dilations, strict=True)
    ]


def _spatial_pairs(attributes: dict[str, Any], rank: int) -> list[tuple[int, int]] | None:
    flat = attributes["explicit_paddings"]
    if not flat:
        return None
    pairs = [(flat[2 * i], flat[2 * i + 1]) for i in range(rank + 2)]
    return pairs[layout_of(attributes["data_format"], rank).spatial]


def _check_axes(attributes: dict[str, Any], rank: int) -> None:
    """Windows move over the spatial axes alone."""
    spatial = layout_of(attributes["data_format"], rank).spatial
    for name in ("strides", "dilations"):
        steps = list(attributes[name])
        steps[spatial] = []
        if steps != [1, 1]:
            raise ValueError(
                f"Current implementation does not yet support {name} in the batch and depth dimensions."
            )


def _convolve(rank: int, depthwise: bool = False) -> Any:
    def compute(x: torch.Tensor, kernel: torch.Tensor, **attributes: Any) -> torch.Tensor:
        _check_axes(attributes, rank)
        layout = layout_of(attributes["data_format"], rank)
        strides, dilations = attributes["strides"][layout.spatial], attributes["dilations"][layout.spatial]
        x, widths = layout.first(x), kernel.shape[:rank]
        explicit = _spatial_pairs(attributes, rank)
        pairs = _pairs(x.shape[2:], widths, strides, dilations, attributes["padding"], explicit)
        if depthwise:
            # [h, w, channels, multiplier]: each channel has kernels of its own, their results side by side.
            groups = x.shape[1]
            weight = kernel.permute(rank, rank + 1, *range(rank)).flatten(0, 1).unsqueeze(1)
        else:
            groups = x.shape[1] // kernel.shape[-2]
            weight = kernel.permute(rank + 1, rank, *range(rank))
        sides: Sequence[int] = [0] * rank
        if all(before == after for before, after in pairs):
            sides = [before for before, _ in pairs]
        else:
            x = padded(x, pairs)
        found = _FORWARD[rank](x, weight, None, strides, sides, dilations, groups)
        return layout.back(found)

    return compute


def _window_rank(inputs: Sequence[Tensor], rank: int, count: int = 2) -> None:
    for tensor in inputs[:count]:
        if tensor.shape.ndims not in (None, rank + 2):
            raise ShapeMismatch(f"Shape must be rank {rank + 2} but is rank {tensor.shape.ndims}")


def _rule(rank: int, depthwise: bool = False) -> registry.Rule:
    def rule(inputs: Sequence[Tensor], attributes: dict[str, Any]) -> OutputTypes:
        _window_rank(inputs, rank)
        layout = layout_of(attributes["data_format"], rank)
        known: Sequence[Any] = inputs[0].shape.known or [None] * (rank + 2)
        kernel: Sequence[Any] = inputs[1].shape.known or [None] * (rank + 2)
        depth, wanted = known[layout.channel_axis], kernel[rank]
        if depth is not None and wanted is not None:
            if depthwise and depth != wanted:
                raise ShapeMismatch(f"Dimensions must be equal, but are {depth} and {wanted}")
            if wanted == 0 or depth % wanted:
                if rank == 3:
                    raise ShapeMismatch(f"Dimensions must be equal, but are {depth} and {wanted}")
                raise ShapeMismatch(
                    f"Depth of input ({depth}) is not a multiple of input depth of filter ({wanted})"
                )
        explicit: Sequence[Any] = _spatial_pairs(attributes, rank) or [None] * rank
        sizes = [
            output_size(size, width, stride, dilation, attributes["padding"], pair)
            for size, width, stride, dilation, pair in zip(
                known[layout.spatial],
                kernel[:rank],
                attributes["strides"][layout.spatial],
                attributes["dilations"][layout.spatial],
                explicit,
                strict=True,
            )
        ]
        channels = kernel[rank + 1]
        if depthwise:
            channels = None if None in (channels, wanted) else channels * wanted
        return [(inputs[0].dtype.base_dtype, TensorShape(layout.sizes(known[0], sizes, channels)))]

    return rule


register("Conv2D", _convolve(2), _rule(2))
register("Conv3D", _convolve(3), _rule(3))
register("DepthwiseConv2dNative", _convolve(2, True), _rule(2, True))


# -- the other way: from what a convolution gives to what it was given
def _transpose_convolve(rank: int, depthwise: bool = False) -> Any:
    def compute(
        input_sizes: torch.Tensor, kernel: torch.Tensor, x: torch.Tensor, **attributes: Any
    ) -> torch.Tensor:
        _check_axes(attributes, rank)
        layout = layout_of(attributes["data_format"], rank)
        whole = input_sizes.tolist()
        strides, dilations = attributes["strides"][layout.spatial], attributes["dilations"][layout.spatial]
        x, widths, wanted = layout.first(x), kernel.shape[:rank], whole[layout.spatial]
        pairs = _pairs(
            wanted, widths, strides, dilations, attributes["padding"], _spatial_pairs(attributes, rank)
        )
        for place, (size, width, stride, dilation, pair) in enumerate(
            zip(wanted, widths, strides, dilations, pairs, strict=True)
        ):
            total = size + sum(pair)
            computed = (total - (width - 1) * dilation - 1) // stride + 1
            if computed != x.shape[2 + place]:
                raise ValueError(
                    "Conv2DCustomBackpropInput: Size of out_backprop doesn't match computed: actual = "
                    f"{x.shape[2 + place]}, computed = {computed} spatial_dim: {place + 1} input: {size} "
                    f"filter: {width} output: {x.shape[2 + place]} stride: {stride} dilation: {dilation}"
                )
        if depthwise:
            groups = kernel.shape[rank]
            weight = kernel.permute(rank, rank + 1, *range(rank)).flatten(0, 1).unsqueeze(1)
        else:
            groups = 1
            weight = kernel.permute(rank + 1, rank, *range(rank))
            if kernel.shape[-1] != x.shape[1]:
                raise ValueError(
                    "Conv2DCustomBackpropInput: filter and out_backprop must have the same out_depth"
                )
            if kernel.shape[-2] != whole[layout.channel_axis]:
                raise ValueError(
                    f"The filter of shape {list(kernel.shape)} gives {kernel.shape[-2]} channels, but the "
                    f"output's shape {whole} has {whole[layout.channel_axis]}."
                )
        found = _TRANSPOSED[rank](x, weight, None, strides, 0, 0, groups, dilations)
        # What the convolution added around its input goes; what none of its windows reached is zero.
        for axis, (size, pair) in enumerate(zip(wanted, pairs, strict=True), 2):
            begin = pair[0]
            length = min(size, found.shape[axis] - begin)
            found = found.narrow(axis, begin, length)
        missing = [(0, size - found.shape[axis]) for axis, size in enumerate(wanted, 2)]
        return layout.back(padded(found, missing))

    return compute


def _transpose_rule(rank: int) -> registry.Rule:
    def rule(inputs: Sequence[Tensor], attributes: dict[str, Any]) -> OutputTypes:
        _window_rank(inputs[1:], rank)
        shape = registry.constant_shape(inputs[0])
        if shape.known is None:
            shape = TensorShape([None] * (rank + 2))
        return [(inputs[2].dtype.base_dtype, shape)]

    return rule


register("Conv2DBackpropInput", _transpose_convolve(2), _transpose_rule(2))
register("Conv3DBackpropInputV2", _transpose_convolve(3), _transpose_rule(3))
register("DepthwiseConv2dNativeBackpropInput", _transpose_convolve(2, True), _transpose_rule(2))


def _kernel_gradient(op_type: str) -> Any:
    def compute(
        x: torch.Tensor, filter_sizes: torch.Tensor, gradient: torch.Tensor, **attributes: Any
    ) -> torch.Tensor:
        # A convolution is linear in its kernel: its derivative there is the same at every kernel.
        with torch.enable_grad():
            kernel = torch.zeros(filter_sizes.tolist(), dtype=x.dtype, device=x.device, requires_grad=True)
            forward = registry.lookup(op_type).compute(x, kernel, **attributes)
            again = x.requires_grad or gradient.requires_grad
            (found,) = torch.autograd.grad(forward, kernel, gradient, create_graph=again)
        return found

    return compute


def _kernel_rule(inputs: Sequence[Tensor], attributes: dict[str, Any]) -> OutputTypes:
    return [(inputs[0].dtype.base_dtype, registry.constant_shape(inputs[1]))]


register("Conv2DBackpropFilter", _kernel_gradient("Conv2D"), _kernel_rule)
register("Conv3DBackpropFilterV2", _kernel_gradient("Conv3D"), _kernel_rule)
register("DepthwiseConv2dNativeBackpropFilter", _kernel_gradient("DepthwiseConv2dNative"), _kernel_rule)
