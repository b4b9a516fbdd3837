"""Rows reduced by the segment that each is numbered with, in order or not."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch

from ..graph import name_scope
from ..registry import OutputTypes, ShapeMismatch, constant_value, register
from ..shapes import TensorShape
from ..tensor import Tensor
from .core import convert_to_tensor, one

_REDUCE = {"Sum": "sum", "Prod": "prod", "Max": "amax", "Min": "amin"}


def _lowest(dtype: torch.dtype) -> Any:
    return torch.finfo(dtype).min if dtype.is_floating_point else torch.iinfo(dtype).min


def _highest(dtype: torch.dtype) -> Any:
    return torch.finfo(dtype).max if dtype.is_floating_point else torch.iinfo(dtype).max


def _reduced(kind: str, rows: torch.Tensor, where: torch.Tensor, count: int, empty: Any) -> torch.Tensor:
    """The rows of a segment reduced to one, and `empty` where a segment has none."""
    sizes = [count, *rows.shape[1:]]
    if kind in ("Sum", "Mean", "SqrtN"):
        sums = rows.new_zeros(sizes).index_add(0, where, rows)
        if kind == "Sum":
            return sums
        numbers = torch.bincount(where, minlength=count).clamp(min=1).to(rows.dtype)
        divisor = (numbers if kind == "Mean" else numbers.sqrt()).reshape(-1, *[1] * (rows.dim() - 1))
        if rows.is_floating_point() or rows.is_complex():
            return sums / divisor
        return torch.div(sums, divisor, rounding_mode="trunc")
    base = rows.new_full(sizes, empty)
    if rows.numel() == 0:
        return base
    wide = where.reshape(-1, *[1] * (rows.dim() - 1)).expand_as(rows)
    return base.scatter_reduce(0, wide, rows, _REDUCE[kind], include_self=False)


def _in_order(kind: str) -> Any:
    empty = 1 if kind == "Prod" else 0

    def compute(data: torch.Tensor, segments: torch.Tensor) -> torch.Tensor:
        if len(segments) != len(data):
            raise ValueError("segment_ids should be the same size as dimension 0 of input.")
        if len(segments) and int(segments[0]) < 0:
            raise ValueError("segment ids must be >= 0")
        if (segments[1:] < segments[:-1]).any():
            raise ValueError("segment ids are not increasing")
        count = int(segments[-1]) + 1 if len(segments) else 0
        return _reduced(kind, data, segments.long(), count, empty)

    return compute


def _in_order_rule(inputs: Sequence[Tensor], attributes: dict[str, Any]) -> OutputTypes:
    known, ids = inputs[0].shape.known, constant_value(inputs[1])
    if inputs[1].shape.ndims not in (None, 1):
        raise ShapeMismatch(f"Shape must be rank 1 but is rank {inputs[1].shape.ndims}")
    count = None if ids is None else int(ids[-1]) + 1 if len(ids) else 0
    return [
        (inputs[0].dtype.base_dtype, TensorShape(None if known is None else [count, *known[1:]])),
    ]


def _segment_function(kind: str) -> Any:
    op_type = f"Segment{kind}"
    register(op_type, _in_order(kind), _in_order_rule)

    def function(data: Any, segment_ids: Any, name: str | None = None) -> Tensor:
        with name_scope(name, op_type, [data]) as scope:
            inputs = [
                convert_to_tensor(data, name="data"),
                convert_to_tensor(segment_ids, name="segment_ids"),
            ]
            return one(op_type, inputs, scope)

    function.__doc__ = (
        f"{kind} of the rows of each segment; the numbers of the segments are in order "
        f"(TF1 symbol: `tf.segment_{kind.lower()}`)."
    )
    return function


segment_sum, segment_mean = _segment_function("Sum"), _segment_function("Mean")
segment_prod = _segment_function("Prod")
segment_max, segment_min = _segment_function("Max"), _segment_function("Min")


# -- in any order
def _empty(kind: str, dtype: torch.dtype) -> Any:
    if kind in ("Max", "Min"):
        return _lowest(dtype) if kind == "Max" else _highest(dtype)
    return 1 if kind == "Prod" else 0


def _in_any_order(kind: str) -> Any:
    def compute(data: torch.Tensor, segments: torch.Tensor, num_segments: torch.Tensor) -> torch.Tensor:
        depth, count = segments.dim(), int(num_segments)
        if tuple(data.shape[:depth]) != tuple(segments.shape):
            raise ValueError(
                f"data.shape = {list(data.shape)} does not start with segment_ids.shape = "
                f"{list(segments.shape)}"
            )
        where = segments.reshape(-1).long()
        rows = data.reshape(len(where), *data.shape[depth:])
        if len(where) and int(where.max()) >= count:
            place = int((where >= count).nonzero()[0])
            raise ValueError(f"segment_ids[{place}] = {int(where[place])} is not in [0, {count})")
        if len(where) and int(where.min()) < 0:  # rows of no segment
            there = (where >= 0).nonzero().reshape(-1)
            where, rows = where.index_select(0, there), rows.index_select(0, there)
        return _reduced(kind, rows, where, count, _empty(kind, data.dtype))

    return compute


def _any_order_rule(inputs: Sequence[Tensor], attributes: dict[str, Any]) -> OutputTypes:
    shape, ids, count = inputs[0].shape, inputs[1].shape, constant_value(inputs[2])
    if shape.ndims is None or ids.ndims is None:
        return [(inputs[0].dtype.base_dtype, TensorShape(None))]
    if not shape[: ids.ndims].is_compatible_with(ids):
        raise ShapeMismatch("The numbers of the segments must have the leading sizes of the data")
    rows = TensorShape([None if count is None else int(count)])
    return [(inputs[0].dtype.base_dtype, rows.concatenate(shape[ids.ndims :]))]


def _unsorted_function(kind: str) -> Any:
    op_type = f"UnsortedSegment{kind}"
    register(op_type, _in_any_order(kind), _any_order_rule)
    symbol = {"SqrtN": "sqrt_n"}.get(kind, kind.lower())
    # TensorFlow makes these two of several nodes, below a scope of this name.
    last = {"Mean": "truediv", "SqrtN": "truediv"}.get(kind)

    def function(data: Any, segment_ids: Any, num_segments: Any, name: str | None = None) -> Tensor:
        with name_scope(name, op_type, [data]) as scope:
            inputs = [
                convert_to_tensor(data, name="data"),
                convert_to_tensor(segment_ids, name="segment_ids"),
                convert_to_tensor(num_segments, name="num_segments"),
            ]
            return one(op_type, inputs, last or scope)

    function.__doc__ = (
        f"{kind} of the rows of each segment, in any order; a negative number is no segment "
        f"(TF1 symbol: `tf.unsorted_segment_{symbol}`)."
    )
    return function


unsorted_segment_sum, unsorted_segment_mean = _unsorted_function("Sum"), _unsorted_function("Mean")
unsorted_segment_prod, unsorted_segment_sqrt_n = _unsorted_function("Prod"), _unsorted_function("SqrtN")
unsorted_segment_max, unsorted_segment_min = _unsorted_function("Max"), _unsorted_function("Min")
