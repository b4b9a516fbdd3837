"""The largest elements of each row, and their places."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import torch

from ..dtypes import int32
from ..graph import name_scope
from ..registry import OutputTypes, ShapeMismatch, constant_value, register
from ..shapes import TensorShape
from ..tensor import Tensor
from .core import convert_to_tensor, make


class TopKV2(NamedTuple):
    values: Tensor
    indices: Tensor


_SORTED = 512
"""A row of so few elements is sorted: that takes no look at whether elements are equal."""


def _top_k(x: torch.Tensor, k: torch.Tensor, sorted: bool) -> tuple[torch.Tensor, torch.Tensor]:
    count = int(k)
    if count < 0:
        raise ValueError(f"Need k >= 0, got {count}")
    if count > x.shape[-1]:
        raise ValueError(f"input must have at least k columns. Had {x.shape[-1]}, needed {count}")
    if count == 1:  # the first of equal ones, as it is
        found = x.argmax(-1, keepdim=True)
        return x.gather(-1, found), found.to(torch.int32)
    # Of equal elements the first ones are to be taken, in order: torch takes any.
    if x.shape[-1] <= _SORTED:
        found = torch.sort(x, dim=-1, descending=True, stable=True).indices[..., :count]
        return x.gather(-1, found), found.to(torch.int32)
    # It shows where there are.
    values, found = x.topk(min(count + 1, x.shape[-1]), -1)
    equal = (values[..., 1:] == values[..., :-1]).any(-1)
    found = found[..., :count]
    if equal.any():
        found[equal] = torch.sort(x[equal], dim=-1, descending=True, stable=True).indices[..., :count]
    return x.gather(-1, found), found.to(torch.int32)


def _rule(inputs: Sequence[Tensor], attributes: dict[str, Any]) -> OutputTypes:
    known, k = inputs[0].shape.known, constant_value(inputs[1])
    kind = inputs[0].dtype.base_dtype
    if known is None:
        return [(kind, TensorShape(None)), (int32, TensorShape(None))]
    if not known:
        raise ShapeMismatch("Shape must be at least rank 1 but is rank 0")
    if k is not None and int(k) < 0:
        raise ShapeMismatch(f"Need k >= 0, got {int(k)}")
    if k is not None and known[-1] is not None and known[-1] < int(k):
        raise ShapeMismatch(f"input must have last dimension >= k = {int(k)} but is {known[-1]}")
    shape = TensorShape([*known[:-1], None if k is None else int(k)])
    return [(kind, shape), (int32, shape)]


register("TopKV2", _top_k, _rule)


def top_k(input: Any, k: Any = 1, sorted: bool = True, name: str | None = None) -> TopKV2:
    """(values, indices) of the k largest elements along the last axis (TF1 symbol: `tf.nn.top_k`).

    Args:
        input: `[..., n]` numbers.
        k: a number or a scalar tensor.
        sorted: not used: they come in order in any case, of equal ones the first first.

    >>> import ostinato.tf1 as tf
    >>> with tf.Graph().as_default(), tf.Session() as session:
    ...     session.run(tf.nn.top_k([3, 1, 4, 1, 5], 2)).indices.tolist()
    [4, 2]
    """
    with name_scope(name, "TopKV2", [input]) as scope:
        x = convert_to_tensor(input, name="input")
        count = convert_to_tensor(k, int32, name="k")
        return TopKV2(*make("TopKV2", [x, count], scope, sorted=bool(sorted)).outputs)


def _nth(x: torch.Tensor, n: torch.Tensor, reverse: bool) -> torch.Tensor:
    place, size = int(n), x.shape[-1]
    if not 0 <= place < size:
        raise ValueError(f"Input must have at least n+1 columns: n = {place}, columns = {size}")
    return x.kthvalue(size - place if reverse else place + 1, dim=-1).values


def _nth_rule(inputs: Sequence[Tensor], attributes: dict[str, Any]) -> OutputTypes:
    known = inputs[0].shape.known
    return [(inputs[0].dtype.base_dtype, TensorShape(None if known is None else known[:-1]))]


register("NthElement", _nth, _nth_rule)


def nth_element(input: Any, n: Any, reverse: bool = False, name: str | None = None) -> Tensor:
    """The element at place n of each row, were it in order (TF1 symbol: `tf.contrib.nn.nth_element`).

    `reverse`: n counts from the largest.
    """
    with name_scope(name, "NthElement", [input]) as scope:
        inputs = [convert_to_tensor(input, name="input"), convert_to_tensor(n, int32, name="n")]
        return make("NthElement", inputs, scope, reverse=bool(reverse)).outputs[0]
