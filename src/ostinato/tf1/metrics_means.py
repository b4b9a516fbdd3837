"""Metrics that are means over all that was seen (TF1 symbols: `tf.metrics.mean`, `tf.metrics.accuracy`, ...).

Each gives (value, update): `update` adds a batch and gives the mean with it, `value` gives the mean so far.
The sums are in local variables: `tf.local_variables_initializer()` sets them to zero.
"""

from __future__ import annotations

from typing import Any

from .dtypes import float32
from .graph import control_dependencies
from .metrics_support import collected, fitted, metric_variable
from .ops import array, math, picking, reductions, state
from .ops.core import convert_to_tensor
from .ops.special import div_no_nan
from .squeezing import remove_squeezable_dimensions
from .tensor import Tensor
from .variable_scope import variable_scope
from .weights_broadcast import broadcast_weights


def _weighed(values: Tensor, weights: Any) -> tuple[Tensor, Tensor]:
    values, _, weights = fitted(values, None, weights)
    weights = broadcast_weights(math.cast(weights, float32), values)
    return math.multiply(values, weights), weights


def mean(
    values: Any,
    weights: Any = None,
    metrics_collections: Any = None,
    updates_collections: Any = None,
    name: str | None = None,
) -> tuple[Any, Any]:
    """The weighted mean of all values (TF1 symbol: `tf.metrics.mean`).

    Args:
        values: a tensor of any shape.
        weights: a scalar, or of the values' rank with sizes that are theirs or 1.
        metrics_collections: collections that the value goes to.
        updates_collections: collections that the update goes to.
        name: of the variable scope, that has the variables `total` and `count`.

    Returns:
        (value, update).

    >>> import ostinato.tf1 as tf
    >>> with tf.Graph().as_default(), tf.Session() as session:
    ...     x = tf.placeholder(tf.float32, [None])
    ...     value, update = tf.metrics.mean(x)
    ...     session.run(tf.local_variables_initializer())
    ...     for batch in ([1.0, 2.0], [6.0]):
    ...         print(session.run(update, {x: batch}))
    ...     print(session.run(value))
    1.5
    3.0
    3.0
    """
    with variable_scope(name, "mean", [values, weights]):
        values = math.cast(values, float32)
        total, count = metric_variable([], float32, "total"), metric_variable([], float32, "count")
        if weights is None:
            number = math.cast(array.size(values), float32)
        else:
            values, weights = _weighed(values, weights)
            number = reductions.reduce_sum(weights)
        total_update = state.assign_add(total, reductions.reduce_sum(values))
        with control_dependencies([values]):
            count_update = state.assign_add(count, number)
        value = div_no_nan(total, math.maximum(count, 0.0), name="value")
        update = div_no_nan(total_update, math.maximum(count_update, 0.0), name="update_op")
        return collected(value, update, metrics_collections, updates_collections)


def mean_tensor(
    values: Any,
    weights: Any = None,
    metrics_collections: Any = None,
    updates_collections: Any = None,
    name: str | None = None,
) -> tuple[Any, Any]:
    """The weighted mean of each element of all tensors (TF1 symbol: `tf.metrics.mean_tensor`)."""
    with variable_scope(name, "mean", [values, weights]):
        values = math.cast(values, float32)
        total = metric_variable(values.shape, float32, "total_tensor")
        count = metric_variable(values.shape, float32, "count_tensor")
        number = array.ones_like(values)
        if weights is not None:
            values, weights = _weighed(values, weights)
            number = math.multiply(number, weights)
        total_update = state.assign_add(total, values)
        with control_dependencies([values]):
            count_update = state.assign_add(count, number)
        value = div_no_nan(total, math.maximum(count, 0.0), name="value")
        update = div_no_nan(total_update, math.maximum(count_update, 0.0), name="update_op")
        return collected(value, update, metrics_collections, updates_collections)


def accuracy(
    labels: Any,
    predictions: Any,
    weights: Any = None,
    metrics_collections: Any = None,
    updates_collections: Any = None,
    name: str | None = None,
) -> tuple[Any, Any]:
    """How often predictions are equal to labels (TF1 symbol: `tf.metrics.accuracy`)."""
    predictions, labels, weights = fitted(predictions, labels, weights)
    correct = math.equal(math.cast(predictions, labels.dtype), labels)
    return mean(
        math.cast(correct, float32), weights, metrics_collections, updates_collections, name or "accuracy"
    )


def mean_absolute_error(
    labels: Any,
    predictions: Any,
    weights: Any = None,
    metrics_collections: Any = None,
    updates_collections: Any = None,
    name: str | None = None,
) -> tuple[Any, Any]:
    """The mean of |predictions - labels| (TF1 symbol: `tf.metrics.mean_absolute_error`)."""
    predictions, labels, weights = fitted(predictions, labels, weights)
    errors = math.abs_(predictions - labels)
    return mean(errors, weights, metrics_collections, updates_collections, name or "mean_absolute_error")


def mean_squared_error(
    labels: Any,
    predictions: Any,
    weights: Any = None,
    metrics_collections: Any = None,
    updates_collections: Any = None,
    name: str | None = None,
) -> tuple[Any, Any]:
    """The mean of (predictions - labels) ** 2 (TF1 symbol: `tf.metrics.mean_squared_error`)."""
    predictions, labels, weights = fitted(predictions, labels, weights)
    errors = math.squared_difference(labels, predictions)
    return mean(errors, weights, metrics_collections, updates_collections, name or "mean_squared_error")


def root_mean_squared_error(
    labels: Any,
    predictions: Any,
    weights: Any = None,
    metrics_collections: Any = None,
    updates_collections: Any = None,
    name: str | None = None,
) -> tuple[Any, Any]:
    """The square root of the mean squared error (TF1 symbol: `tf.metrics.root_mean_squared_error`)."""
    predictions, labels, weights = fitted(predictions, labels, weights)
    value, update = mean_squared_error(
        labels, predictions, weights, None, None, name or "root_mean_squared_error"
    )
    return collected(math.sqrt(value), math.sqrt(update), metrics_collections, updates_collections)


def mean_relative_error(
    labels: Any,
    predictions: Any,
    normalizer: Any,
    weights: Any = None,
    metrics_collections: Any = None,
    updates_collections: Any = None,
    name: str | None = None,
) -> tuple[Any, Any]:
    """The mean of |labels - predictions| / normalizer, 0 where that is 0 (TF1 symbol:
    `tf.metrics.mean_relative_error`).
    """
    predictions, labels, weights = fitted(predictions, labels, weights)
    predictions, normalizer = remove_squeezable_dimensions(predictions, normalizer)
    predictions.shape.assert_is_compatible_with(normalizer.shape)
    errors = picking.where(
        math.equal(normalizer, 0.0),
        array.zeros_like(labels),
        math.truediv(math.abs_(labels - predictions), normalizer),
    )
    return mean(errors, weights, metrics_collections, updates_collections, name or "mean_relative_error")


def mean_cosine_distance(
    labels: Any,
    predictions: Any,
    dim: int,
    weights: Any = None,
    metrics_collections: Any = None,
    updates_collections: Any = None,
    name: str | None = None,
) -> tuple[Any, Any]:
    """The mean of 1 - sum(predictions * labels) along an axis (TF1 symbol:
    `tf.metrics.mean_cosine_distance`).
    """
    predictions, labels, weights = fitted(predictions, labels, weights)
    products = reductions.reduce_sum(math.multiply(predictions, labels), [dim], keepdims=True)
    value, update = mean(products, weights, None, None, name or "mean_cosine_distance")
    return collected(
        math.subtract(1.0, value), math.subtract(1.0, update), metrics_collections, updates_collections
    )


def percentage_below(
    values: Any,
    threshold: Any,
    weights: Any = None,
    metrics_collections: Any = None,
    updates_collections: Any = None,
    name: str | None = None,
) -> tuple[Any, Any]:
    """How often values are below a threshold (TF1 symbol: `tf.metrics.percentage_below`)."""
    below = math.cast(math.less(convert_to_tensor(values), threshold), float32)
    return mean(
        below, weights, metrics_collections, updates_collections, name or "percentage_below_threshold"
    )
