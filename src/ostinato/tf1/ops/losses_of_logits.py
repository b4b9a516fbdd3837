"""The losses of logits: softmax and sigmoid cross entropies, which shapes they take, and what they refuse."""

from __future__ import annotations

from typing import Any

import torch

from .. import logging
from ..dtypes import int64
from ..graph import name_scope
from ..registry import OutputTypes, ShapeMismatch, register, same
from ..shapes import TensorShape
from ..tensor import Tensor
from . import array, math
from .core import convert_to_tensor, one
from .cross_entropy import dense_cross_entropy, sigmoid_cross_entropy, sparse_cross_entropy
from .math import either


def along(axis: Any, dim: Any) -> int:
    """The axis that either name says, the last one where neither does."""
    chosen = either("axis", axis, "dim", dim)
    return -1 if chosen is None else int(chosen)


def _in_order(function: str, first: Any, labels: Any, logits: Any) -> tuple[Any, Any]:
    """(labels, logits) of a loss. Given by position they are logits, then labels: so it was in TensorFlow
    0.12, and since then they have to be named.
    """
    if first is not None:
        if labels is None or logits is not None:
            raise ValueError(f"Only call `{function}` with named arguments (labels=..., logits=..., ...)")
        logging.warning(
            "%s: the first argument is taken for the logits and the second for the labels, as in TensorFlow "
            "0.12; name them to be sure.",
            function,
        )
        return labels, first
    if labels is None or logits is None:
        raise ValueError("Both labels and logits must be provided.")
    return labels, logits


def _row_loss_rule(inputs: Any, attributes: dict[str, Any]) -> OutputTypes:
    logits, labels = inputs[0].shape, inputs[1].shape
    axis = attributes["axis"]
    if axis in (-1, (logits.ndims or 0) - 1) and logits.known and labels.known:
        # TensorFlow compares rows of classes, however many axes the rows are along; one row, and one class,
        # are as many as there are of the other.
        rows = logits[:-1].num_elements(), labels[:-1].num_elements()
        broadcast = False
        for one, other in (rows, (logits.known[-1], labels.known[-1])):
            if None not in (one, other) and one != other:
                if 1 not in (one, other):
                    raise ShapeMismatch(f"Dimensions must be equal, but are {one} and {other}")
                broadcast = True
        if rows[0] == 1 and rows[1] not in (None, 1):
            wanted = list(logits.known[:-1])
            raise ShapeMismatch(
                f"Cannot reshape a tensor with {rows[1]} elements to shape {wanted} (1 elements)"
            )
        if broadcast:
            return [(inputs[0].dtype.base_dtype, logits[:-1])]
        if len(logits.known) != len(labels.known):
            labels = logits[:-1].concatenate(labels[-1:])
    try:
        merged = logits.merge_with(labels)
    except ValueError:
        raise ShapeMismatch(
            f"logits and labels must have the same shape, not {logits} and {labels}"
        ) from None
    if merged.known is None:
        return [(inputs[0].dtype.base_dtype, TensorShape(None))]
    place = axis % len(merged.known)
    return [(inputs[0].dtype.base_dtype, TensorShape(merged.known[:place] + merged.known[place + 1 :]))]


def _cross_entropy(logits: torch.Tensor, labels: torch.Tensor, axis: int) -> torch.Tensor:
    if logits.shape == labels.shape:
        return dense_cross_entropy(logits, labels, axis)
    if min(logits.dim(), labels.dim()) > 0 and axis in (-1, logits.dim() - 1):
        return _broadcast_rows(logits, labels)
    raise ValueError(
        f"logits and labels must be broadcastable: logits_size={_sizes(logits)} labels_size={_sizes(labels)}"
    )


def _sizes(x: torch.Tensor) -> str:
    return f"[{','.join(map(str, x.shape))}]"


def _broadcast_rows(logits: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    shape = logits.shape[:-1]
    pair = [x.reshape(x.shape[:-1].numel(), x.shape[-1]) for x in (logits, labels)]
    try:
        rows = torch.broadcast_tensors(*pair)
    except RuntimeError:
        one, other = map(_sizes, pair)
        raise ValueError(
            f"logits and labels must be broadcastable: logits_size={one} labels_size={other}"
        ) from None
    if len(rows[0]) != shape.numel():
        raise ValueError(
            f"Input to reshape is a tensor with {len(rows[0])} values, but the requested shape has "
            f"{shape.numel()}"
        )
    return dense_cross_entropy(rows[0], rows[1], -1).reshape(shape)


register("SoftmaxCrossEntropyWithLogits", _cross_entropy, _row_loss_rule)


def _softmax_loss(labels: Any, logits: Any, axis: int, name: Any, default: str, stop: bool) -> Tensor:
    with name_scope(name, default, [logits, labels]):
        logits = convert_to_tensor(logits, name="logits")
        labels = math.cast(convert_to_tensor(labels, name="labels"), logits.dtype.base_dtype)
        if stop:
            labels = array.stop_gradient(labels, name="labels_stop_gradient")
        # The name under which TensorFlow 1 gives this loss is that of the reshape it ends with.
        return one("SoftmaxCrossEntropyWithLogits", [logits, labels], "Reshape_2", axis=axis)


def softmax_cross_entropy_with_logits(
    _sentinel: Any = None,
    labels: Any = None,
    logits: Any = None,
    dim: int = -1,
    name: str | None = None,
    axis: Any = None,
) -> Tensor:
    """The loss of each row; no gradient goes into `labels` (TF1 symbol:
    `tf.nn.softmax_cross_entropy_with_logits`).
    """
    labels, logits = _in_order("softmax_cross_entropy_with_logits", _sentinel, labels, logits)
    place = dim if axis is None else axis
    return _softmax_loss(labels, logits, place, name, "softmax_cross_entropy_with_logits_sg", True)


def softmax_cross_entropy_with_logits_v2(
    labels: Any, logits: Any, axis: Any = None, name: str | None = None, dim: Any = None
) -> Tensor:
    """The loss of each row (TF1 symbol: `tf.nn.softmax_cross_entropy_with_logits_v2`)."""
    return _softmax_loss(labels, logits, along(axis, dim), name, "softmax_cross_entropy_with_logits", False)


def _sparse_cross_entropy(logits: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    if labels.shape != logits.shape[:-1] or not logits.dim():
        if logits.dim() == 2 and labels.dim() != 1:
            raise ValueError(f"labels must be 1-D, but got shape {_sizes(labels)}")
        raise ValueError(
            "logits and labels must have the same first dimension, got logits shape "
            f"{_sizes(logits)} and labels shape {_sizes(labels)}"
        )
    if not logits.shape[-1]:
        raise ValueError(f"Must have at least one class, but got logits shape {_sizes(logits)}")
    return sparse_cross_entropy(logits, labels)


def _sparse_rule(inputs: Any, attributes: dict[str, Any]) -> OutputTypes:
    logits, labels = inputs[0].shape, inputs[1].shape
    if logits.ndims == 0:
        raise ValueError("Logits cannot be scalars - received shape ().")
    if logits.known is not None and labels.known is not None:
        if len(labels.known) != len(logits.known) - 1:
            raise ValueError(
                f"Rank mismatch: Rank of labels (received {labels.ndims}) should equal rank of logits "
                f"minus 1 (received {logits.ndims})."
            )
        if not labels.is_compatible_with(logits[:-1]):
            raise ValueError(
                f"Shape mismatch: The shape of labels (received {labels}) should equal the shape of logits "
                f"except for the last dimension (received {logits})."
            )
    kind = inputs[1].dtype.base_dtype.name
    if kind not in ("int32", "int64"):
        raise TypeError(
            f"Value passed to parameter 'labels' has DataType {kind} not in list of allowed values: "
            "int32, int64"
        )
    return [
        (inputs[0].dtype.base_dtype, labels if logits.known is None else labels.merge_with(logits.known[:-1]))
    ]


register("SparseSoftmaxCrossEntropyWithLogits", _sparse_cross_entropy, _sparse_rule)


def sparse_softmax_cross_entropy_with_logits(
    _sentinel: Any = None, labels: Any = None, logits: Any = None, name: str | None = None
) -> Tensor:
    """The loss of each row for class indices (TF1 symbol:
    `tf.nn.sparse_softmax_cross_entropy_with_logits`).
    """
    labels, logits = _in_order("sparse_softmax_cross_entropy_with_logits", _sentinel, labels, logits)
    with name_scope(name, "SparseSoftmaxCrossEntropyWithLogits", [labels, logits]):
        logits = convert_to_tensor(logits, name="logits")
        labels = convert_to_tensor(labels, dtype_hint=int64, name="labels")
        # TensorFlow takes more axes than a batch's apart and puts them back: hence this name.
        last = "Reshape_2" if (logits.shape.ndims or 2) > 2 else "SparseSoftmaxCrossEntropyWithLogits"
        return one("SparseSoftmaxCrossEntropyWithLogits", [logits, labels], last)


register("SigmoidCrossEntropyWithLogits", sigmoid_cross_entropy, same)


def sigmoid_cross_entropy_with_logits(
    _sentinel: Any = None, labels: Any = None, logits: Any = None, name: str | None = None
) -> Tensor:
    """The loss of each element (TF1 symbol: `tf.nn.sigmoid_cross_entropy_with_logits`)."""
    labels, logits = _in_order("sigmoid_cross_entropy_with_logits", _sentinel, labels, logits)
    with name_scope(name, "logistic_loss", [logits, labels]) as scope:
        logits = convert_to_tensor(logits, name="logits")
        labels = convert_to_tensor(labels, logits.dtype.base_dtype, name="labels")
        if not logits.shape.is_compatible_with(labels.shape):
            raise ValueError(f"logits and labels must have the same shape ({logits.shape} vs {labels.shape})")
        return one("SigmoidCrossEntropyWithLogits", [logits, labels], scope)
