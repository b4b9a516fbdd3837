"""The module `tf.keras.metrics`: values over many batches, kept in variables."""

from __future__ import annotations

from typing import Any

from ..names import absent, nearest
from ..ops import array, state
from ..ops.core import convert_to_tensor
from ..ops.linalg import diag_part
from ..ops.math import cast, div, equal, greater, not_equal, sqrt
from ..ops.reductions import argmax, reduce_sum
from ..tensor import Tensor
from . import confusion_metrics, losses, metric_base
from .confusion_metrics import AUC as AUC
from .confusion_metrics import FalseNegatives as FalseNegatives
from .confusion_metrics import FalsePositives as FalsePositives
from .confusion_metrics import Precision as Precision
from .confusion_metrics import Recall as Recall
from .confusion_metrics import TrueNegatives as TrueNegatives
from .confusion_metrics import TruePositives as TruePositives
from .confusion_metrics import no_nan
from .metric_base import Mean, MeanMetricWrapper
from .metric_base import Metric as Metric
from .metric_base import Sum as Sum


# -- functions
def accuracy(y_true: Any, y_pred: Any) -> Tensor:
    """Whether predictions are the labels."""
    predicted = convert_to_tensor(y_pred)
    return cast(equal(cast(convert_to_tensor(y_true), predicted.dtype), predicted), "float32")


def binary_accuracy(y_true: Any, y_pred: Any, threshold: float = 0.5) -> Tensor:
    """Whether predictions are on the labels' side (TF1 symbol: `tf.keras.metrics.binary_accuracy`)."""
    from ..ops.reductions import reduce_mean

    predicted = convert_to_tensor(y_pred)
    side = cast(greater(predicted, threshold), predicted.dtype)
    return reduce_mean(cast(equal(cast(y_true, predicted.dtype), side), "float32"), axis=-1)


def categorical_accuracy(y_true: Any, y_pred: Any) -> Tensor:
    """Whether the highest prediction is the label's (TF1: `tf.keras.metrics.categorical_accuracy`)."""
    return cast(equal(argmax(y_true, axis=-1), argmax(y_pred, axis=-1)), "float32")


def sparse_categorical_accuracy(y_true: Any, y_pred: Any) -> Tensor:
    """Whether the highest prediction is the label (TF1: `tf.keras.metrics.sparse_categorical_accuracy`)."""
    labels, predicted = convert_to_tensor(y_true), convert_to_tensor(y_pred)
    if labels.shape.ndims is not None and labels.shape.ndims == predicted.shape.ndims:
        labels = array.squeeze(labels, [-1])
    elif labels.shape.ndims is None:
        labels = array.reshape(labels, array.shape(predicted)[:-1])
    return cast(equal(cast(labels, "int64"), argmax(predicted, axis=-1)), "float32")


def top_k_categorical_accuracy(y_true: Any, y_pred: Any, k: int = 5) -> Tensor:
    """Whether the label is among the k highest (TF1: `tf.keras.metrics.top_k_categorical_accuracy`)."""
    from ..ops.nn import in_top_k

    return cast(in_top_k(y_pred, argmax(y_true, axis=-1), k), "float32")


def sparse_top_k_categorical_accuracy(y_true: Any, y_pred: Any, k: int = 5) -> Tensor:
    """Whether labels are among the k highest (TF1: `tf.keras.metrics.sparse_top_k_categorical_accuracy`)."""
    from ..ops.nn import in_top_k

    return cast(in_top_k(y_pred, cast(array.reshape(y_true, [-1]), "int32"), k), "float32")


def _metric(class_name: str, function: Any, name: str, **defaults: Any) -> Any:
    """A class of metrics for a function, whose own arguments go where `defaults` has them."""

    def __init__(self: Any, *args: Any, **kwargs: Any) -> None:
        order = ["name", "dtype", *defaults]
        given = {"name": name, "dtype": None, **defaults, **dict(zip(order, args, strict=False)), **kwargs}
        MeanMetricWrapper.__init__(self, function, **given)

    members = {
        "__init__": __init__,
        "__doc__": f"The mean of `{function.__name__}` (TF1 symbol: `tf.keras.metrics.{class_name}`).",
        "__module__": __name__,
    }
    return type(class_name, (MeanMetricWrapper,), members)


Accuracy = _metric("Accuracy", accuracy, "accuracy")
BinaryAccuracy = _metric("BinaryAccuracy", binary_accuracy, "binary_accuracy", threshold=0.5)
CategoricalAccuracy = _metric("CategoricalAccuracy", categorical_accuracy, "categorical_accuracy")
SparseCategoricalAccuracy = _metric(
    "SparseCategoricalAccuracy", sparse_categorical_accuracy, "sparse_categorical_accuracy"
)


def _top_k(class_name: str, function: Any, name: str) -> Any:
    def __init__(self: Any, k: int = 5, name: str = name, dtype: Any = None) -> None:
        MeanMetricWrapper.__init__(self, function, name, dtype, k=k)

    members = {
        "__init__": __init__,
        "__doc__": f"The mean of `{function.__name__}` (TF1 symbol: `tf.keras.metrics.{class_name}`).",
        "__module__": __name__,
    }
    return type(class_name, (MeanMetricWrapper,), members)


TopKCategoricalAccuracy = _top_k(
    "TopKCategoricalAccuracy", top_k_categorical_accuracy, "top_k_categorical_accuracy"
)
SparseTopKCategoricalAccuracy = _top_k(
    "SparseTopKCategoricalAccuracy", sparse_top_k_categorical_accuracy, "sparse_top_k_categorical_accuracy"
)
MeanSquaredError = _metric("MeanSquaredError", losses.mean_squared_error, "mean_squared_error")
MeanAbsoluteError = _metric("MeanAbsoluteError", losses.mean_absolute_error, "mean_absolute_error")
MeanAbsolutePercentageError = _metric(
    "MeanAbsolutePercentageError", losses.mean_absolute_percentage_error, "mean_absolute_percentage_error"
)
MeanSquaredLogarithmicError = _metric(
    "MeanSquaredLogarithmicError", losses.mean_squared_logarithmic_error, "mean_squared_logarithmic_error"
)
BinaryCrossentropy = _metric(
    "BinaryCrossentropy",
    losses.binary_crossentropy,
    "binary_crossentropy",
    from_logits=False,
    label_smoothing=0,
)
CategoricalCrossentropy = _metric(
    "CategoricalCrossentropy",
    losses.categorical_crossentropy,
    "categorical_crossentropy",
    from_logits=False,
    label_smoothing=0,
)
SparseCategoricalCrossentropy = _metric(
    "SparseCategoricalCrossentropy",
    losses.sparse_categorical_crossentropy,
    "sparse_categorical_crossentropy",
    from_logits=False,
)
Hinge = _metric("Hinge", losses.hinge, "hinge")
SquaredHinge = _metric("SquaredHinge", losses.squared_hinge, "squared_hinge")
CategoricalHinge = _metric("CategoricalHinge", losses.categorical_hinge, "categorical_hinge")
KLDivergence = _metric("KLDivergence", losses.kullback_leibler_divergence, "kullback_leibler_divergence")
Poisson = _metric("Poisson", losses.poisson, "poisson")
LogCoshError = _metric("LogCoshError", losses.logcosh, "logcosh")


def _cosine(y_true: Any, y_pred: Any, axis: int = -1) -> Tensor:
    return losses.cosine_similarity(y_true, y_pred, axis)


CosineSimilarity = _metric("CosineSimilarity", _cosine, "cosine_similarity", axis=-1)


class RootMeanSquaredError(Mean):
    """The root of the mean squared difference (TF1 symbol: `tf.keras.metrics.RootMeanSquaredError`)."""

    def __init__(self, name: str = "root_mean_squared_error", dtype: Any = None) -> None:
        super().__init__(name, dtype)

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> Any:  # type: ignore[override]
        predicted = convert_to_tensor(y_pred)
        difference = predicted - cast(convert_to_tensor(y_true), predicted.dtype)
        return super().update_state(difference * difference, sample_weight)

    def result(self) -> Tensor:
        return sqrt(div(convert_to_tensor(self.total), convert_to_tensor(self.count)))


class MeanIoU(Metric):
    """The mean over classes of intersection over union (TF1 symbol: `tf.keras.metrics.MeanIoU`).

    Labels and predictions are the classes' numbers.
    """

    def __init__(self, num_classes: int, name: str | None = None, dtype: Any = None) -> None:
        super().__init__(name=name, dtype=dtype)
        self.num_classes = num_classes
        self.total_cm = self.add_weight(
            "total_confusion_matrix", shape=(num_classes, num_classes), dtype="float64"
        )

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> Any:
        from .. import confusion_matrix

        labels, predicted = (array.reshape(cast(item, "int64"), [-1]) for item in (y_true, y_pred))
        weights = None if sample_weight is None else array.reshape(sample_weight, [-1])
        counted = confusion_matrix(labels, predicted, self.num_classes, weights=weights, dtype="float64")
        return state.assign_add(self.total_cm, cast(counted, "float64"))

    def result(self) -> Tensor:
        matrix = convert_to_tensor(self.total_cm)
        right = cast(diag_part(matrix), "float32")
        seen = cast(reduce_sum(matrix, 0), "float32") + cast(reduce_sum(matrix, 1), "float32") - right
        counted = reduce_sum(cast(not_equal(seen, 0.0), "float32"))
        return no_nan(reduce_sum(no_nan(right, seen)), counted)


mse = MSE = losses.mse
mae = MAE = losses.mae
mape = MAPE = losses.mape
msle = MSLE = losses.msle
kld = KLD = losses.kld
mean_squared_error, mean_absolute_error = losses.mean_squared_error, losses.mean_absolute_error
mean_absolute_percentage_error = losses.mean_absolute_percentage_error
mean_squared_logarithmic_error = losses.mean_squared_logarithmic_error
binary_crossentropy, categorical_crossentropy = losses.binary_crossentropy, losses.categorical_crossentropy
sparse_categorical_crossentropy = losses.sparse_categorical_crossentropy
hinge, squared_hinge, poisson = losses.hinge, losses.squared_hinge, losses.poisson
cosine_proximity = cosine = losses.cosine_proximity
kullback_leibler_divergence = losses.kullback_leibler_divergence
_HOMES = (__name__, losses.__name__, metric_base.__name__, confusion_metrics.__name__)
_BY_NAME: dict[str, Any] = {
    name: value
    for name, value in dict(globals()).items()
    if callable(value) and name[0] != "_" and getattr(value, "__module__", "") in _HOMES
}


def serialize(metric: Any) -> Any:
    """A metric's name."""
    return getattr(metric, "__name__", None) or type(metric).__name__


def deserialize(config: Any, custom_objects: dict[str, Any] | None = None) -> Any:
    """The metric of a name (TF1 symbol: `tf.keras.metrics.deserialize`)."""
    from .utils import custom_objects_in_force

    known = {**_BY_NAME, **custom_objects_in_force(), **(custom_objects or {})}
    name = config["class_name"] if isinstance(config, dict) else config
    if name not in known:
        raise ValueError(f"Unknown metric function:{name}{nearest(name, known)}")
    return known[name](**config["config"]) if isinstance(config, dict) else known[name]


def get(identifier: Any) -> Any:
    """The metric that a name or a callable stands for (TF1 symbol: `tf.keras.metrics.get`)."""
    if callable(identifier):
        return identifier
    if isinstance(identifier, (str, dict)):
        return deserialize(identifier)
    raise ValueError(f"Could not interpret metric function identifier: {identifier}")


__all__ = [*sorted(name for name in _BY_NAME if name != "accuracy"), "deserialize", "get", "serialize"]
__getattr__ = absent("tf.keras.metrics", __all__)
