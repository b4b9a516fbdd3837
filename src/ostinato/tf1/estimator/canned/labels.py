"""Labels, weights and logits as heads need them: of matching shapes, and checked when they are computed."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any

from ...check_ops import (
    assert_equal,
    assert_less_equal,
    assert_non_negative,
    assert_rank_at_least,
)
from ...feature_column.base import FeatureTransformationCache
from ...feature_column.numeric import NumericColumn, numeric_column
from ...graph import control_dependencies, name_scope
from ...ops import array, lists, math, reductions
from ...ops.asserting import Assert
from ...ops.core import convert_to_tensor
from ...sparse_tensor import SparseTensor, convert_to_tensor_or_sparse_tensor


def matching_labels(labels: Any, logits: Any, dimension: int) -> Any:
    """Labels with as many axes as the logits, the last of a size.

    Raises:
        ValueError: there are none, sparse ones, or of another size.
    """
    if labels is None:
        raise ValueError(
            "You must provide a labels Tensor. Given: None. Suggested troubleshooting steps: Check that your "
            "data contain your label feature. Check that your input_fn properly parses and returns labels."
        )
    with name_scope(None, "labels", [logits]) as scope:
        labels = convert_to_tensor_or_sparse_tensor(labels)
        if isinstance(labels, SparseTensor):
            raise ValueError(
                "SparseTensor labels are not supported. labels must be a Tensor of shape [D0, D1, ..., DN, "
                f"{dimension}], e.g. [batch_size, {dimension}]. Suggested Fix: In your input_fn, use "
                "tf.sparse_tensor_to_dense() to turn labels into a Tensor."
            )
        ndims = logits.shape.ndims
        if labels.shape.ndims is not None and ndims is not None and labels.shape.ndims == ndims - 1:
            labels = array.expand_dims(labels, -1)
        shape, expected = array.shape(labels), array.shape(logits)
        message = (
            f"labels shape must be [D0, D1, ... DN, {dimension}]. Suggested Fix: check your n_classes "
            "argument to the estimator and/or the shape of your label."
        )
        with control_dependencies([assert_rank_at_least(labels, 2, message=message)]):
            last = labels.shape[-1].value if labels.shape.ndims else None
            if last is not None and last != dimension:
                raise ValueError(
                    f"Mismatched label shape. Expected labels dimension={dimension}.  Received {last}. "
                    "Suggested Fix:If your classifier expects one-hot encoding label,check your n_classes "
                    "argument to the estimator and/or the shape of your label. Otherwise, check the shape of "
                    "your label."
                )
            wanted = lists.concat([expected[:-1], [dimension]], axis=0)
            data = ["expected_labels_shape: ", wanted, "labels_shape: ", shape]
            with control_dependencies([assert_equal(wanted, shape, message=message, data=data)]):
                return array.identity(labels, name=scope)


def matching_weights(features: Mapping[str, Any], column: Any, logits: Any, per_logit: bool = False) -> Any:
    """The weights of the examples, with as many axes as the logits; 1 for no column.

    Raises:
        TypeError: the column is neither a name nor a numeric column.
    """
    last = " or [D0, D1, ... DN, logits_dimension]" if per_logit else ""
    message = f"weights shape must be [D0, D1, ... DN]{',' if per_logit else ' or'} [D0, D1, ... DN, 1]{last}"
    with name_scope(None, "weights", [logits]) as scope:
        if column is None:
            return 1.0
        if isinstance(column, str):
            column = numeric_column(column, (1,))
        if not isinstance(column, NumericColumn):
            raise TypeError(
                f"Weight column must be either a string or _NumericColumn. Given type: {type(column)}."
            )
        weights = column.get_dense_tensor(FeatureTransformationCache(features), None)
        weights = math.cast(weights, "float32", name="weights")
        shape, expected = array.shape(weights), array.shape(logits)
        data = ["logits_shape: ", expected, "weights_shape: ", shape]
        ndims = logits.shape.ndims
        if weights.shape.ndims is not None and ndims is not None and weights.shape.ndims == ndims - 1:
            with control_dependencies([assert_equal(expected[:-1], shape, message=message, data=data)]):
                return array.expand_dims(weights, -1, name=scope)
        wanted = lists.concat([expected[:-1], [1]], axis=0)
        if per_logit:
            fits = reductions.reduce_any(
                lists.stack([reductions.reduce_all(math.equal(each, shape)) for each in (expected, wanted)])
            )
            check = Assert(fits, [message, *data])
        else:
            check = assert_equal(wanted, shape, message=message, data=data)
        with control_dependencies([check]):
            return array.identity(weights, name=scope)


def checked_logits(logits: Any, dimension: int) -> Any:
    """Logits of a size.

    Raises:
        ValueError: of another one.
    """
    message = "logits shape must be [D0, D1, ... DN, logits_dimension]"
    with name_scope(None, "logits", [logits]) as scope:
        logits = math.cast(convert_to_tensor(logits), "float32")
        shape = array.shape(logits)
        with control_dependencies([assert_rank_at_least(logits, 2, data=[shape], message=message)]):
            if logits.shape.ndims is not None and logits.shape[-1].value is not None:
                if logits.shape[-1].value != dimension:
                    raise ValueError(f"{message}, got {logits.shape}.")
                return logits
            check = assert_equal(dimension, shape[-1], data=[shape], message=message)
            with control_dependencies([check]):
                return array.identity(logits, name=scope)


def in_range(labels: Any, n_classes: int, message: str | None = None) -> Any:
    """Labels that are checked, when they are computed, to be classes."""
    with name_scope(None, "assert_range", [labels]):
        highest = convert_to_tensor(n_classes - 1, dtype=labels.dtype)
        checks = [
            assert_less_equal(labels, highest, message=message or "Labels must <= n_classes - 1"),
            assert_non_negative(labels, message=message or "Labels must >= 0"),
        ]
        with control_dependencies(checks):
            return array.identity(labels)


def check_loss_fn(loss_fn: Any) -> None:
    """Raise a ValueError unless a function takes labels and logits, and nothing else but features."""
    names = list(inspect.signature(loss_fn).parameters)
    for required in ("labels", "logits"):
        if required not in names:
            raise ValueError(f"loss_fn must contain argument: {required}. Given arguments: {names}")
    others = sorted(set(names) - {"labels", "logits", "features"})
    if others:
        raise ValueError(f"loss_fn has unexpected args: {others}")


def called_loss_fn(loss_fn: Callable[..., Any], labels: Any, logits: Any, features: Any, size: int) -> Any:
    """What a user's function gives, checked to be of a shape."""
    takes = inspect.signature(loss_fn).parameters
    with name_scope(None, "call_loss_fn", [labels, logits]):
        loss = loss_fn(
            labels=labels, logits=logits, **({"features": features} if "features" in takes else {})
        )
        shape = array.shape(logits, name="logits_shape")
        expected = lists.concat([shape[:-1], [size]], axis=0, name="expected_loss_shape")
        given = array.shape(loss, name="loss_shape")
        data = [
            f"loss_fn must return Tensor of shape [D0, D1, ... DN, {size}]. ",
            "logits_shape: ",
            shape,
            "loss_shape: ",
            given,
        ]
        fits = reductions.reduce_all(math.equal(given, expected))
        with control_dependencies([Assert(fits, data, name="check_loss_shape")]):
            return array.identity(loss)
