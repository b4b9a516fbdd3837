"""The operations that TensorFlow's gradients are made of, for graphs that it wrote: `TanhGrad`,
`BiasAddGrad`, ... Gradients of graphs that are built here are torch's own and need none of them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch

from ..dtypes import int32
from ..registry import OutputTypes, lookup, register, same
from ..shapes import TensorShape
from ..tensor import Operation, Tensor


def _like(index: int) -> Callable[..., OutputTypes]:
    """The rule of one output with the type and shape of an input."""
    return lambda inputs, attributes: [(inputs[index].dtype.base_dtype, inputs[index].shape)]


def _unknown(index: int) -> Callable[..., OutputTypes]:
    """The rule of one output of an input's type; its shape is in a value."""
    return lambda inputs, attributes: [(inputs[index].dtype.base_dtype, TensorShape(None))]


# -- elementwise: of what the function gave and the gradient of that
_OF_RESULTS: dict[str, Callable[[torch.Tensor, torch.Tensor], torch.Tensor]] = {
    "TanhGrad": lambda y, dy: dy * (1 - y * y),
    "SigmoidGrad": lambda y, dy: dy * y * (1 - y),
    "SqrtGrad": lambda y, dy: dy * 0.5 / y,
    "RsqrtGrad": lambda y, dy: dy * -0.5 * y * y * y,
    "InvGrad": lambda y, dy: -dy * y * y,
    "ReciprocalGrad": lambda y, dy: -dy * y * y,
}
# -- the same with the gradient first, of what went in (of Elu and Selu: what came out)
_OF_GRADIENTS: dict[str, Callable[..., torch.Tensor]] = {
    "ReluGrad": lambda g, x: g * (x > 0).to(g.dtype),
    "Relu6Grad": lambda g, x: g * ((x > 0) & (x < 6)).to(g.dtype),
    "LeakyReluGrad": lambda g, x, alpha=0.2: torch.where(x > 0, g, g * alpha),
    "EluGrad": lambda g, y: torch.where(y < 0, g * (y + 1), g),
    "SeluGrad": lambda g, y: torch.where(
        y < 0, g * (y + 1.7580993408473768599402175208123), g * 1.0507009873554804934193349852946
    ),
    "SoftplusGrad": lambda g, x: g * torch.sigmoid(x),
    "SoftsignGrad": lambda g, x: g / (1 + x.abs()) ** 2,
}
for _type, _function in _OF_RESULTS.items():
    register(_type, _function, _like(0))
for _type, _function in _OF_GRADIENTS.items():
    register(_type, _function, _like(0))


# -- of sums over what was broadcast
def _broadcast_axes(first: torch.Tensor, second: torch.Tensor) -> list[torch.Tensor]:
    """Over which axes the gradient of each of two broadcast operands is summed."""
    sizes = [first.tolist(), second.tolist()]
    rank = max(map(len, sizes))
    padded = [[1] * (rank - len(one)) + one for one in sizes]
    result = []
    for own, other in (padded, padded[::-1]):
        axes = [axis for axis in range(rank) if own[axis] == 1 and (other[axis] != 1 or _both(padded, axis))]
        result.append(torch.tensor(axes, dtype=first.dtype))
    return result


def _both(sizes: list[list[int]], axis: int) -> bool:
    return sizes[0][axis] == sizes[1][axis] == 1


register(
    "BroadcastGradientArgs",
    _broadcast_axes,
    lambda inputs, attributes: [(inputs[0].dtype.base_dtype, TensorShape([None]))] * 2,
    differentiable=False,
)


def _bias_gradient(dy: torch.Tensor, data_format: str = "NHWC") -> torch.Tensor:
    axis = 1 if data_format == "NCHW" and dy.dim() > 1 else dy.dim() - 1
    return dy.sum([other for other in range(dy.dim()) if other != axis])


register(
    "BiasAddGrad",
    _bias_gradient,
    lambda inputs, attributes: [(inputs[0].dtype.base_dtype, TensorShape([None]))],
)


def _concat_offset(axis: torch.Tensor, *sizes: torch.Tensor) -> list[torch.Tensor]:
    """Where each of the parts begins in what they were put together to."""
    place, start, found = int(axis), 0, []
    for size in sizes:
        offset = torch.zeros_like(size)
        offset[place] = start
        found.append(offset)
        start += int(size[place])
    return found


register(
    "ConcatOffset",
    _concat_offset,
    lambda inputs, attributes: [(int32, tensor.shape) for tensor in inputs[1:]],
    differentiable=False,
)
register("PreventGradient", lambda x: x, same, differentiable=False)


# -- those that torch gives by differentiating the operation itself
def _differentiated(
    op_type: str, inputs: Sequence[torch.Tensor], place: int, dy: torch.Tensor, attributes: dict[str, Any]
) -> torch.Tensor:
    with torch.enable_grad():
        x = inputs[place].detach().requires_grad_()
        given = [*inputs[:place], x, *inputs[place + 1 :]]
        y = lookup(op_type).compute(*given, **attributes)
        y = y[0] if isinstance(y, (tuple, list)) else y
        return torch.autograd.grad(y, x, dy)[0]


def _zeros(sizes: torch.Tensor, like: torch.Tensor) -> torch.Tensor:
    return like.new_zeros(sizes.tolist())


def _pool_gradient(op_type: str) -> Callable[..., torch.Tensor]:
    def of_inputs(x: torch.Tensor, y: torch.Tensor, dy: torch.Tensor, **attributes: Any) -> torch.Tensor:
        return _differentiated(op_type, [x], 0, dy, attributes)

    def of_sizes(sizes: torch.Tensor, dy: torch.Tensor, **attributes: Any) -> torch.Tensor:
        return _differentiated(op_type, [_zeros(sizes, dy)], 0, dy, attributes)

    return of_inputs if op_type.startswith("Max") else of_sizes


register("MaxPoolGrad", _pool_gradient("MaxPool"), _like(0))
register("MaxPool3DGrad", _pool_gradient("MaxPool3D"), _like(0))
register("AvgPoolGrad", _pool_gradient("AvgPool"), _unknown(1))
register("AvgPool3DGrad", _pool_gradient("AvgPool3D"), _unknown(1))


def _slice_gradient(
    sizes: torch.Tensor,
    begin: torch.Tensor,
    end: torch.Tensor,
    strides: torch.Tensor,
    dy: torch.Tensor,
    **masks: int,
) -> torch.Tensor:
    return _differentiated("StridedSlice", [_zeros(sizes, dy), begin, end, strides], 0, dy, masks)


register("StridedSliceGrad", _slice_gradient, _unknown(4))


def _lrn_gradient(dy: torch.Tensor, x: torch.Tensor, y: torch.Tensor, **attributes: Any) -> torch.Tensor:
    return _differentiated("LRN", [x], 0, dy, attributes)


register("LRNGrad", _lrn_gradient, _like(0))


def _mirror_pad_gradient(dy: torch.Tensor, paddings: torch.Tensor, **attributes: Any) -> torch.Tensor:
    sizes = torch.tensor(dy.shape) - paddings.sum(1)
    return _differentiated("MirrorPad", [_zeros(sizes, dy), paddings], 0, dy, attributes)


register("MirrorPadGrad", _mirror_pad_gradient, _unknown(0))


def _resize_gradient(op_type: str) -> Callable[..., torch.Tensor]:
    def of_image(dy: torch.Tensor, image: torch.Tensor, **attributes: Any) -> torch.Tensor:
        height_width = torch.tensor(dy.shape[1:3], dtype=torch.int32)
        return _differentiated(op_type, [image, height_width], 0, dy, attributes)

    def of_sizes(dy: torch.Tensor, sizes: torch.Tensor, **attributes: Any) -> torch.Tensor:
        image = dy.new_zeros([dy.shape[0], *sizes.tolist(), dy.shape[3]])
        return of_image(dy, image, **attributes)

    return of_sizes if op_type == "ResizeNearestNeighbor" else of_image


register("ResizeBilinearGrad", _resize_gradient("ResizeBilinear"), _like(1))
register("ResizeBicubicGrad", _resize_gradient("ResizeBicubic"), _like(1))
register("ResizeNearestNeighborGrad", _resize_gradient("ResizeNearestNeighbor"), _unknown(0))


def _batch_norm_gradient(
    dy: torch.Tensor,
    x: torch.Tensor,
    scale: torch.Tensor,
    mean: torch.Tensor,
    variance: torch.Tensor,
    *_: torch.Tensor,
    **attributes: Any,
) -> list[torch.Tensor]:
    """Of the images, the scale and the offset; what the forward node gave for it is the mean and variance."""
    with torch.enable_grad():
        leaves = [
            x.detach().requires_grad_(),
            scale.detach().requires_grad_(),
            torch.zeros_like(scale).requires_grad_(),
        ]
        y = lookup("FusedBatchNormV3").compute(*leaves, mean, variance, **attributes)[0]
        found = list(torch.autograd.grad(y, leaves, dy))
    return [*found, scale.new_zeros(0), scale.new_zeros(0)]


def _batch_norm_rule(inputs: Sequence[Tensor], attributes: dict[str, Any]) -> OutputTypes:
    kind, shape = inputs[2].dtype.base_dtype, inputs[2].shape
    empty = (kind, TensorShape([None]))
    return [(inputs[1].dtype.base_dtype, inputs[1].shape), (kind, shape), (kind, shape), empty, empty]


register("FusedBatchNormGradV3", _batch_norm_gradient, _batch_norm_rule)


# -- of sums of rows, by segments
def _segment_gradient(op_type: str) -> Callable[..., torch.Tensor]:
    def of_rows(
        dy: torch.Tensor, indices: torch.Tensor, segments: torch.Tensor, rows: torch.Tensor
    ) -> torch.Tensor:
        x = dy.new_zeros([int(rows), *dy.shape[1:]])
        return _differentiated(op_type, [x, indices, segments], 0, dy[: _count(segments)], {})

    return of_rows


def _count(segments: torch.Tensor) -> int:
    return int(segments[-1]) + 1 if len(segments) else 0


for _type in ("SparseSegmentMean", "SparseSegmentSqrtN"):
    register(f"{_type}Grad", _segment_gradient(_type), _unknown(0))


# -- operations of which TensorFlow's give the gradient, or what it takes, beside the result
def _sparse_loss(logits: torch.Tensor, labels: torch.Tensor) -> list[torch.Tensor]:
    loss = lookup("SparseSoftmaxCrossEntropyWithLogits").compute(logits, labels)
    hot = torch.nn.functional.one_hot(labels.long(), logits.shape[-1]).to(logits.dtype)
    return [loss, torch.softmax(logits.detach(), -1) - hot]


def _dense_loss(logits: torch.Tensor, labels: torch.Tensor) -> list[torch.Tensor]:
    loss = lookup("SoftmaxCrossEntropyWithLogits").compute(logits, labels, axis=-1)
    return [loss, torch.softmax(logits.detach(), -1) - labels.detach()]


def _loss_rule(inputs: Sequence[Tensor], attributes: dict[str, Any]) -> OutputTypes:
    kind, shape = inputs[0].dtype.base_dtype, inputs[0].shape
    return [(kind, TensorShape(None) if shape.known is None else shape[:-1]), (kind, shape)]


register("SparseSoftmaxCrossEntropyAndGradient", _sparse_loss, _loss_rule)
register("SoftmaxCrossEntropyAndGradient", _dense_loss, _loss_rule)


def _ctc_loss(run: Any, operation: Operation, inputs: torch.Tensor, *labels: Any) -> list[torch.Tensor]:
    with torch.enable_grad():
        leaf = inputs if inputs.requires_grad else inputs.detach().requires_grad_()
        loss = lookup("CTCLoss").compute(run, operation, leaf, *labels)
        gradient = torch.autograd.grad(loss.sum(), leaf, retain_graph=True)[0]
    return [loss if inputs.requires_grad else loss.detach(), gradient.detach()]


def _ctc_rule(inputs: Sequence[Tensor], attributes: dict[str, Any]) -> OutputTypes:
    kind, shape = inputs[0].dtype.base_dtype, inputs[0].shape
    return [(kind, TensorShape([shape.known[1] if shape.known else None])), (kind, shape)]


register("CTCLossAndGradient", _ctc_loss, _ctc_rule, stateful=True)


def _batch_norm(
    x: torch.Tensor,
    scale: torch.Tensor,
    offset: torch.Tensor,
    mean: torch.Tensor,
    variance: torch.Tensor,
    **attributes: Any,
) -> list[torch.Tensor]:
    y, *own = lookup("FusedBatchNormV3").compute(x, scale, offset, mean, variance, **attributes)
    # What its gradient takes: where it trains the gradient finds the batch's own mean and variance again.
    kept = own if attributes["is_training"] else [mean, variance]
    return [y, *own, *kept, scale.new_zeros(0)]


def _batch_norm_outputs(inputs: Sequence[Tensor], attributes: dict[str, Any]) -> OutputTypes:
    kind, shape = inputs[1].dtype.base_dtype, inputs[1].shape
    of_channels = [(kind, shape)] * 4
    return [(inputs[0].dtype.base_dtype, inputs[0].shape), *of_channels, (kind, TensorShape([None]))]


register("FusedBatchNormAndKept", _batch_norm, _batch_norm_outputs)
