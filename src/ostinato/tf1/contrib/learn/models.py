"""Heads of models: a prediction and its loss (TF1 module: `tf.contrib.learn.models`)."""

from __future__ import annotations

from typing import Any

from ... import losses, nn, summary
from ...graph import get_default_graph, name_scope
from ...initializers import RandomNormal
from ...names import absent
from ...ops.array import squeeze
from ...ops.math import multiply
from ...variable_scope import get_variable, get_variable_scope, variable_scope


def _weights(x: Any, y: Any, outputs: Any, init_mean: Any, init_stddev: float) -> tuple[Any, Any]:
    scope = get_variable_scope().name
    summary.histogram(f"{scope}.x", x)
    summary.histogram(f"{scope}.y", y)
    dtype = x.dtype.base_dtype
    initializer = None if init_mean is None else RandomNormal(init_mean, init_stddev, dtype=dtype)
    weights = get_variable("weights", [x.shape[1], outputs], dtype=dtype, initializer=initializer)
    bias = get_variable("bias", [outputs], dtype=dtype, initializer=initializer)
    summary.histogram(f"{scope}.weights", weights)
    summary.histogram(f"{scope}.bias", bias)
    return weights, bias


def linear_regression(x: Any, y: Any, init_mean: Any = None, init_stddev: float = 1.0) -> tuple[Any, Any]:
    """A prediction that is linear in `x`, and its mean squared error (TF1 symbol:
    `tf.contrib.learn.models.linear_regression`).
    """
    with variable_scope("linear_regression"):
        outputs = 1 if y.shape.ndims == 1 else y.shape[1]
        weights, bias = _weights(x, y, outputs, init_mean, init_stddev)
        with name_scope(None, "mean_squared_error_regressor", [x, y]):
            predictions = nn.xw_plus_b(x, weights, bias)
            if y.shape.ndims == 1 and predictions.shape.ndims == 2:
                predictions = squeeze(predictions, axis=[1])
            return predictions, losses.mean_squared_error(y, predictions)


def logistic_regression(
    x: Any, y: Any, class_weight: Any = None, init_mean: Any = None, init_stddev: float = 1.0
) -> tuple[Any, Any]:
    """The classes' probabilities, and their cross entropy with `y`, rows of one hot (TF1 symbol:
    `tf.contrib.learn.models.logistic_regression`). `class_weight`: a factor for each class's logit.
    """
    with variable_scope("logistic_regression"):
        weights, bias = _weights(x, y, y.shape[-1], init_mean, init_stddev)
        if class_weight is None and "class_weight" in {
            op.name for op in get_default_graph().get_operations()
        }:
            class_weight = get_default_graph().get_tensor_by_name("class_weight:0")
        with name_scope(None, "softmax_classifier", [x, y]):
            logits = nn.xw_plus_b(x, weights, bias)
            if class_weight is not None:
                logits = multiply(logits, class_weight)
            return nn.softmax(logits), losses.softmax_cross_entropy(y, logits)


def linear_regression_zero_init(x: Any, y: Any) -> tuple[Any, Any]:
    """As `linear_regression`, from weights of zero (TF1 symbol:
    `tf.contrib.learn.models.linear_regression_zero_init`).
    """
    return linear_regression(x, y, init_mean=0.0, init_stddev=0.0)


def logistic_regression_zero_init(x: Any, y: Any) -> tuple[Any, Any]:
    """As `logistic_regression`, from weights of zero (TF1 symbol:
    `tf.contrib.learn.models.logistic_regression_zero_init`).
    """
    return logistic_regression(x, y, init_mean=0.0, init_stddev=0.0)


__all__ = [
    "linear_regression",
    "linear_regression_zero_init",
    "logistic_regression",
    "logistic_regression_zero_init",
]
__getattr__ = absent("tf.contrib.learn.models", __all__)
