"""The module `tf.keras.losses`."""

from __future__ import annotations

import math as python_math
from typing import Any

from ..names import absent, nearest
from ..ops import array, nn
from ..ops.core import convert_to_tensor
from ..ops.math import abs_, cast, equal, log, maximum, multiply, rsqrt, square
from ..ops.nn import clip_by_value
from ..ops.reductions import reduce_max, reduce_mean, reduce_sum
from ..tensor import Tensor
from .settings import epsilon


def _pair(y_true: Any, y_pred: Any) -> tuple[Tensor, Tensor]:
    predictions = convert_to_tensor(y_pred)
    return cast(convert_to_tensor(y_true), predictions.dtype.base_dtype), predictions


def mean_squared_error(y_true: Any, y_pred: Any) -> Tensor:
    """The mean of squared differences (TF1 symbol: `tf.keras.losses.mean_squared_error`)."""
    true, predicted = _pair(y_true, y_pred)
    return reduce_mean(square(predicted - true), axis=-1)


def mean_absolute_error(y_true: Any, y_pred: Any) -> Tensor:
    """The mean of absolute differences (TF1 symbol: `tf.keras.losses.mean_absolute_error`)."""
    true, predicted = _pair(y_true, y_pred)
    return reduce_mean(abs_(predicted - true), axis=-1)


def mean_absolute_percentage_error(y_true: Any, y_pred: Any) -> Tensor:
    """The mean difference in per cent (TF1 symbol: `tf.keras.losses.mean_absolute_percentage_error`)."""
    true, predicted = _pair(y_true, y_pred)
    return 100.0 * reduce_mean(abs_((true - predicted) / maximum(abs_(true), epsilon())), axis=-1)


def mean_squared_logarithmic_error(y_true: Any, y_pred: Any) -> Tensor:
    """The mean squared difference of log(1 + x) (TF1: `tf.keras.losses.mean_squared_logarithmic_error`)."""
    true, predicted = _pair(y_true, y_pred)
    first, second = (log(maximum(item, epsilon()) + 1.0) for item in (predicted, true))
    return reduce_mean(square(first - second), axis=-1)


def _signs(y_true: Tensor) -> Tensor:
    """-1 and 1 for labels of 0 and 1; other labels as they are."""
    from ..ops.math import logical_or
    from ..ops.reductions import reduce_all

    binary = reduce_all(logical_or(equal(y_true, 0.0), equal(y_true, 1.0)))
    factor = 1.0 + cast(binary, y_true.dtype)
    return y_true * factor - cast(binary, y_true.dtype)


def hinge(y_true: Any, y_pred: Any) -> Tensor:
    """The mean of max(1 - y * prediction, 0) (TF1 symbol: `tf.keras.losses.hinge`)."""
    true, predicted = _pair(y_true, y_pred)
    return reduce_mean(maximum(1.0 - _signs(true) * predicted, 0.0), axis=-1)


def squared_hinge(y_true: Any, y_pred: Any) -> Tensor:
    """The mean of max(1 - y * prediction, 0)^2 (TF1 symbol: `tf.keras.losses.squared_hinge`)."""
    true, predicted = _pair(y_true, y_pred)
    return reduce_mean(square(maximum(1.0 - _signs(true) * predicted, 0.0)), axis=-1)


def categorical_hinge(y_true: Any, y_pred: Any) -> Tensor:
    """How far another class is above the right one (TF1 symbol: `tf.keras.losses.categorical_hinge`)."""
    true, predicted = _pair(y_true, y_pred)
    right = reduce_sum(true * predicted, axis=-1)
    wrong = reduce_max((1.0 - true) * predicted, axis=-1)
    return maximum(0.0, wrong - right + 1.0)


def logcosh(y_true: Any, y_pred: Any) -> Tensor:
    """The mean of log(cosh(difference)) (TF1 symbol: `tf.keras.losses.logcosh`)."""
    true, predicted = _pair(y_true, y_pred)
    x = predicted - true
    return reduce_mean(x + nn.softplus(-2.0 * x) - python_math.log(2.0), axis=-1)


def huber_loss(y_true: Any, y_pred: Any, delta: float = 1.0) -> Tensor:
    """Squares of small differences and multiples of large ones (TF1 symbol: `tf.keras.losses.Huber`)."""
    true, predicted = _pair(y_true, y_pred)
    error = abs_(predicted - true)
    small = clip_by_value(error, 0.0, delta)
    return 0.5 * square(small) + delta * (error - small)


def _smoothed(true: Tensor, amount: float) -> Tensor:
    if not amount:
        return true
    classes = cast(array.shape(true)[-1], true.dtype)
    return true * (1.0 - amount) + amount / classes


def _logits_of(predicted: Tensor, op_type: str) -> Tensor | None:
    """What an activation was given, as exact losses are of that."""
    operation = predicted.op
    while operation.type == "Identity":
        operation = operation.inputs[0].op
    return operation.inputs[0] if operation.type == op_type else None


def categorical_crossentropy(
    y_true: Any, y_pred: Any, from_logits: bool = False, label_smoothing: float = 0, axis: int = -1
) -> Tensor:
    """-sum(y * log(prediction)) (TF1 symbol: `tf.keras.losses.categorical_crossentropy`)."""
    true, predicted = _pair(y_true, y_pred)
    true = _smoothed(true, label_smoothing)
    logits = predicted if from_logits else _logits_of(predicted, "Softmax")
    if logits is not None:
        return nn.softmax_cross_entropy_with_logits_v2(labels=true, logits=logits, axis=axis)
    shares = predicted / reduce_sum(predicted, axis, keepdims=True)
    shares = clip_by_value(shares, epsilon(), 1.0 - epsilon())
    return -reduce_sum(true * log(shares), axis)


def sparse_categorical_crossentropy(
    y_true: Any, y_pred: Any, from_logits: bool = False, axis: int = -1
) -> Tensor:
    """-log(prediction of the label) (TF1 symbol: `tf.keras.losses.sparse_categorical_crossentropy`)."""
    predicted = convert_to_tensor(y_pred)
    logits = predicted if from_logits else _logits_of(predicted, "Softmax")
    if logits is None:
        logits = log(clip_by_value(predicted, epsilon(), 1.0 - epsilon()))
    labels = cast(convert_to_tensor(y_true), "int64")
    rank = logits.shape.ndims
    if rank is not None and labels.shape.ndims == rank and labels.shape.as_list()[-1] in (1, None):
        labels = array.squeeze(labels, [-1])
    elif labels.shape.ndims is None and rank is not None:
        labels = array.reshape(labels, array.shape(logits)[:-1])
        labels.set_shape(logits.shape[:-1])
    return nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=logits)


def binary_crossentropy(
    y_true: Any, y_pred: Any, from_logits: bool = False, label_smoothing: float = 0
) -> Tensor:
    """The mean over classes of two-way losses (TF1 symbol: `tf.keras.losses.binary_crossentropy`)."""
    true, predicted = _pair(y_true, y_pred)
    if label_smoothing:
        true = true * (1.0 - label_smoothing) + 0.5 * label_smoothing
    logits = predicted if from_logits else _logits_of(predicted, "Sigmoid")
    if logits is not None:
        return reduce_mean(nn.sigmoid_cross_entropy_with_logits(labels=true, logits=logits), axis=-1)
    small = epsilon()
    shares = clip_by_value(predicted, small, 1.0 - small)
    return reduce_mean(-(true * log(shares + small) + (1.0 - true) * log(1.0 - shares + small)), axis=-1)


def kullback_leibler_divergence(y_true: Any, y_pred: Any) -> Tensor:
    """sum(y * log(y / prediction)) (TF1 symbol: `tf.keras.losses.kullback_leibler_divergence`)."""
    true, predicted = _pair(y_true, y_pred)
    true, predicted = (clip_by_value(item, epsilon(), 1.0) for item in (true, predicted))
    return reduce_sum(true * log(true / predicted), axis=-1)


def poisson(y_true: Any, y_pred: Any) -> Tensor:
    """The mean of prediction - y * log(prediction) (TF1 symbol: `tf.keras.losses.poisson`)."""
    true, predicted = _pair(y_true, y_pred)
    return reduce_mean(predicted - true * log(predicted + epsilon()), axis=-1)


def cosine_proximity(y_true: Any, y_pred: Any, axis: int = -1) -> Tensor:
    """The cosine of the angle (TF1 symbol: `tf.keras.losses.cosine_similarity`)."""
    true, predicted = (
        multiply(item, rsqrt(maximum(reduce_sum(square(item), axis, keepdims=True), 1e-12)))
        for item in _pair(y_true, y_pred)
    )
    return reduce_sum(true * predicted, axis=axis)


cosine_similarity = cosine = cosine_proximity
mse = MSE = mean_squared_error
mae = MAE = mean_absolute_error
mape = MAPE = mean_absolute_percentage_error
msle = MSLE = mean_squared_logarithmic_error
kld = KLD = kullback_leibler_divergence


# -- losses as objects
def weighted(values: Tensor, sample_weight: Any) -> Tensor:
    """Losses times their weights, which broadcast over the axes behind their own."""
    if sample_weight is None:
        return values
    weights = cast(convert_to_tensor(sample_weight), values.dtype)
    if weights.shape.ndims is not None and values.shape.ndims is not None:
        if weights.shape.ndims == values.shape.ndims + 1:
            weights = array.squeeze(weights, [-1])
        for _ in range((values.shape.ndims or 0) - (weights.shape.ndims or 0)):
            weights = array.expand_dims(weights, -1)
    return values * weights


class Loss:
    """Base of the losses (TF1 symbol: `tf.keras.losses.Loss`): derive from it and define `call`.

    `reduction` is "auto" or "sum_over_batch_size" for the mean, "sum", or "none".
    """

    def __init__(self, reduction: str = "auto", name: str | None = None) -> None:
        if reduction not in ("auto", "none", "sum", "sum_over_batch_size"):
            raise ValueError(f"Invalid Reduction Key {reduction}.")
        self.reduction, self.name = reduction, name

    def call(self, y_true: Any, y_pred: Any) -> Tensor:
        raise NotImplementedError("Must be implemented in subclasses.")

    def __call__(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> Tensor:
        values = weighted(self.call(y_true, y_pred), sample_weight)
        if self.reduction == "none":
            return values
        if self.reduction == "sum":
            return reduce_sum(values)
        return reduce_sum(values) / cast(array.size(values), values.dtype)

    def get_config(self) -> dict[str, Any]:
        return {"reduction": self.reduction, "name": self.name}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Any:
        return cls(**config)


class LossFunctionWrapper(Loss):
    """A function of labels and predictions as a loss."""

    def __init__(self, fn: Any, reduction: str = "auto", name: str | None = None, **kwargs: Any) -> None:
        super().__init__(reduction, name or getattr(fn, "__name__", None))
        self.fn, self._options = fn, kwargs

    def call(self, y_true: Any, y_pred: Any) -> Tensor:
        return convert_to_tensor(self.fn(y_true, y_pred, **self._options))

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), **self._options}


def _loss(class_name: str, function: Any, name: str, **defaults: Any) -> Any:
    """A class of losses for a function, whose own arguments go before `reduction`."""

    def __init__(self: Any, *args: Any, **kwargs: Any) -> None:
        order = [*defaults, "reduction", "name"]
        given = {
            **defaults,
            "reduction": "auto",
            "name": name,
            **dict(zip(order, args, strict=False)),
            **kwargs,
        }
        LossFunctionWrapper.__init__(self, function, **given)

    members = {
        "__init__": __init__,
        "__doc__": f"`{function.__name__}` as an object (TF1 symbol: `tf.keras.losses.{class_name}`).",
        "__module__": __name__,
    }
    return type(class_name, (LossFunctionWrapper,), members)


MeanSquaredError = _loss("MeanSquaredError", mean_squared_error, "mean_squared_error")
MeanAbsoluteError = _loss("MeanAbsoluteError", mean_absolute_error, "mean_absolute_error")
MeanAbsolutePercentageError = _loss(
    "MeanAbsolutePercentageError", mean_absolute_percentage_error, "mean_absolute_percentage_error"
)
MeanSquaredLogarithmicError = _loss(
    "MeanSquaredLogarithmicError", mean_squared_logarithmic_error, "mean_squared_logarithmic_error"
)
BinaryCrossentropy = _loss(
    "BinaryCrossentropy", binary_crossentropy, "binary_crossentropy", from_logits=False, label_smoothing=0
)
CategoricalCrossentropy = _loss(
    "CategoricalCrossentropy",
    categorical_crossentropy,
    "categorical_crossentropy",
    from_logits=False,
    label_smoothing=0,
)
SparseCategoricalCrossentropy = _loss(
    "SparseCategoricalCrossentropy",
    sparse_categorical_crossentropy,
    "sparse_categorical_crossentropy",
    from_logits=False,
)
Hinge = _loss("Hinge", hinge, "hinge")
SquaredHinge = _loss("SquaredHinge", squared_hinge, "squared_hinge")
CategoricalHinge = _loss("CategoricalHinge", categorical_hinge, "categorical_hinge")
Poisson = _loss("Poisson", poisson, "poisson")
LogCosh = _loss("LogCosh", logcosh, "logcosh")
KLDivergence = _loss("KLDivergence", kullback_leibler_divergence, "kullback_leibler_divergence")
Huber = _loss("Huber", huber_loss, "huber_loss", delta=1.0)
CosineSimilarity = _loss("CosineSimilarity", cosine_proximity, "cosine_similarity", axis=-1)

_NOT_LOSSES = {
    "Any",
    "Tensor",
    "absent",
    "nearest",
    "epsilon",
    "weighted",
    "convert_to_tensor",
    "equal",
    "exp",
}
_BY_NAME: dict[str, Any] = {
    name: value
    for name, value in dict(globals()).items()
    if callable(value) and name[0] != "_" and getattr(value, "__module__", "") == __name__
}
for _name in _NOT_LOSSES:
    _BY_NAME.pop(_name, None)


def serialize(loss: Any) -> Any:
    """A loss's name."""
    return getattr(loss, "__name__", None) or {"class_name": type(loss).__name__, "config": loss.get_config()}


def deserialize(name: Any, custom_objects: dict[str, Any] | None = None) -> Any:
    """The loss of a name (TF1 symbol: `tf.keras.losses.deserialize`)."""
    from .utils import custom_objects_in_force

    known = {**_BY_NAME, **custom_objects_in_force(), **(custom_objects or {})}
    wanted = name["class_name"] if isinstance(name, dict) else name
    if wanted not in known:
        raise ValueError(f"Unknown loss function:{wanted}{nearest(wanted, known)}")
    return known[wanted](**name["config"]) if isinstance(name, dict) else known[wanted]


def get(identifier: Any) -> Any:
    """The loss that a name or a callable stands for; None for None (TF1 symbol: `tf.keras.losses.get`)."""
    if identifier is None or callable(identifier):
        return identifier
    if isinstance(identifier, (str, dict)):
        return deserialize(identifier)
    raise ValueError(f"Could not interpret loss function identifier: {identifier}")


class Reduction:
    """How losses become one (TF1 symbol: `tf.keras.losses.Reduction`)."""

    AUTO, NONE, SUM, SUM_OVER_BATCH_SIZE = "auto", "none", "sum", "sum_over_batch_size"


__all__ = [
    *sorted(name for name in _BY_NAME if name != "LossFunctionWrapper"),
    "Reduction",
    "deserialize",
    "get",
    "serialize",
]
__getattr__ = absent("tf.keras.losses", __all__)
