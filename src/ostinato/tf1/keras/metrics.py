"""The module `tf.keras.metrics`: values over many batches, kept in variables."""

from __future__ import annotations

from typing import Any

from ..graph import control_dependencies, get_default_graph
from ..keras_base import Layer
from ..names import absent, nearest
from ..ops import array, state
from ..ops.control import group
from ..ops.core import convert_to_tensor
from ..ops.math import cast, div, divide, equal, greater, logical_and, logical_not, sqrt
from ..ops.picking import where
from ..ops.reductions import argmax, reduce_sum
from ..registry import lookup
from ..tensor import Tensor
from . import losses, session
from .losses import weighted


class Metric(Layer):
    """Base of the metrics (TF1 symbol: `tf.keras.metrics.Metric`).

    Derive from it: make variables with `add_weight`, define `update_state` and `result`.
    """

    def __init__(self, name: str | None = None, dtype: Any = None, **kwargs: Any) -> None:
        super().__init__(name=name, dtype=dtype or "float32", **kwargs)
        self.stateful = True
        self.built = True

    def add_weight(  # type: ignore[override]
        self, name: str, shape: Any = (), initializer: Any = "zeros", dtype: Any = None, **kwargs: Any
    ) -> Any:
        """A variable of the metric, which is not trained."""
        return super().add_weight(
            name=name,
            shape=shape,
            dtype=dtype or self._dtype,
            initializer=initializer,
            trainable=False,
            collections=["metric_variables"],  # a model's checkpoint has none of them
            **kwargs,
        )

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        graph = get_default_graph()
        start = graph.version
        update = self.update_state(*args, **kwargs)
        # A script's own need not return what it has updated.
        made = [item for item in graph.get_operations()[start:] if lookup(item.type).writes]
        with control_dependencies([*made, *([] if update is None else [update])]):
            return array.identity(self.result())

    def reset_states(self) -> None:
        """Begin from zeros."""
        import numpy as np

        session.batch_set_value([(item, np.zeros(item.shape.as_list())) for item in self.weights])

    def update_state(self, *args: Any, **kwargs: Any) -> Any:
        raise NotImplementedError("Must be implemented in subclasses.")

    def result(self) -> Any:
        raise NotImplementedError("Must be implemented in subclasses.")


class _Reduce(Metric):
    _counts = True

    def __init__(self, name: str | None = None, dtype: Any = None) -> None:
        super().__init__(name=name, dtype=dtype)
        self.total = self.add_weight("total")
        self.count = self.add_weight("count") if self._counts else None

    def update_state(self, values: Any, sample_weight: Any = None) -> Any:
        values = cast(convert_to_tensor(values), self._dtype)
        total = weighted(values, sample_weight)
        updates = [state.assign_add(self.total, reduce_sum(total))]
        if self.count is not None:
            if sample_weight is None:
                amount = cast(array.size(values), self._dtype)
            else:
                amount = reduce_sum(weighted(array.ones_like(values), sample_weight))
            updates.append(state.assign_add(self.count, amount))
        return group(*updates)

    def result(self) -> Tensor:
        if self.count is None:
            return convert_to_tensor(self.total)
        count = convert_to_tensor(self.count)
        return where(
            equal(count, 0.0),
            array.zeros_like(count),
            self.total / where(equal(count, 0.0), array.ones_like(count), count),
        )


class Sum(_Reduce):
    """The sum (TF1 symbol: `tf.keras.metrics.Sum`)."""

    _counts = False

    def __init__(self, name: str = "sum", dtype: Any = None) -> None:
        super().__init__(name, dtype)


class Mean(_Reduce):
    """The mean (TF1 symbol: `tf.keras.metrics.Mean`)."""

    def __init__(self, name: str = "mean", dtype: Any = None) -> None:
        super().__init__(name, dtype)


class MeanMetricWrapper(Mean):
    """The mean of a function of labels and predictions."""

    def __init__(self, fn: Any, name: str | None = None, dtype: Any = None, **kwargs: Any) -> None:
        super().__init__(name or fn.__name__, dtype)
        self._fn, self._options = fn, kwargs

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> Any:  # type: ignore[override]
        return super().update_state(self._fn(y_true, y_pred, **self._options), sample_weight)


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


class _Confusion(Metric):
    """Counts of right and wrong predictions beyond thresholds."""

    _kinds: tuple[str, ...] = ("true_positives",)

    def __init__(self, thresholds: Any = None, name: str | None = None, dtype: Any = None) -> None:
        super().__init__(name=name, dtype=dtype)
        self.thresholds = (
            [0.5]
            if thresholds is None
            else [thresholds]
            if isinstance(thresholds, float)
            else list(thresholds)
        )
        self._counts = {kind: self.add_weight(kind, shape=(len(self.thresholds),)) for kind in self._kinds}

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> Any:
        predicted = array.reshape(cast(convert_to_tensor(y_pred), "float32"), [1, -1])
        labels = cast(array.reshape(cast(convert_to_tensor(y_true), "float32"), [1, -1]), "bool")
        limits = convert_to_tensor([[limit] for limit in self.thresholds], dtype="float32")
        positive = greater(predicted, limits)
        weights = None
        if sample_weight is not None:
            spread = weighted(array.ones_like(cast(convert_to_tensor(y_pred), "float32")), sample_weight)
            weights = array.reshape(spread, [1, -1])
        found = {
            "true_positives": lambda: logical_and(positive, labels),
            "false_positives": lambda: logical_and(positive, logical_not(labels)),
            "true_negatives": lambda: logical_and(logical_not(positive), logical_not(labels)),
            "false_negatives": lambda: logical_and(logical_not(positive), labels),
        }
        updates = []
        for kind, variable in self._counts.items():
            amount = cast(found[kind](), "float32")
            amount = amount if weights is None else amount * weights
            updates.append(state.assign_add(variable, reduce_sum(amount, 1)))
        return group(*updates)

    def _count(self, kind: str) -> Tensor:
        return convert_to_tensor(self._counts[kind])

    def _one(self, values: Tensor) -> Tensor:
        return values[0] if len(self.thresholds) == 1 else values

    def result(self) -> Tensor:
        return self._one(self._count(self._kinds[0]))


def _no_nan(above: Tensor, below: Tensor) -> Tensor:
    none = equal(below, 0.0)
    return where(none, array.zeros_like(above), divide(above, where(none, array.ones_like(below), below)))


class TruePositives(_Confusion):
    """How many positives are right (TF1 symbol: `tf.keras.metrics.TruePositives`)."""


class FalsePositives(_Confusion):
    """How many positives are wrong (TF1 symbol: `tf.keras.metrics.FalsePositives`)."""

    _kinds = ("false_positives",)


class TrueNegatives(_Confusion):
    """How many negatives are right (TF1 symbol: `tf.keras.metrics.TrueNegatives`)."""

    _kinds = ("true_negatives",)


class FalseNegatives(_Confusion):
    """How many negatives are wrong (TF1 symbol: `tf.keras.metrics.FalseNegatives`)."""

    _kinds = ("false_negatives",)


class Precision(_Confusion):
    """The share of the positives that are right (TF1 symbol: `tf.keras.metrics.Precision`)."""

    _kinds = ("true_positives", "false_positives")

    def __init__(
        self,
        thresholds: Any = None,
        top_k: Any = None,
        class_id: Any = None,
        name: Any = None,
        dtype: Any = None,
    ) -> None:
        if top_k is not None or class_id is not None:
            raise ValueError(
                "top_k and class_id are not taken here: pass predictions and labels of that "
                "class to the metric."
            )
        super().__init__(thresholds, name, dtype)

    def result(self) -> Tensor:
        right = self._count(self._kinds[0])
        return self._one(_no_nan(right, right + self._count(self._kinds[1])))


class Recall(Precision):
    """The share of what is positive that is found (TF1 symbol: `tf.keras.metrics.Recall`)."""

    _kinds = ("true_positives", "false_negatives")


class AUC(_Confusion):
    """The area under a curve, by the trapezium rule (TF1 symbol: `tf.keras.metrics.AUC`).

    Args:
        num_thresholds: how many points of it are taken.
        curve: "ROC" or "PR".
        summation_method: "interpolation", "minoring" or "majoring".
    """

    _kinds = ("true_positives", "true_negatives", "false_positives", "false_negatives")

    def __init__(
        self,
        num_thresholds: int = 200,
        curve: str = "ROC",
        summation_method: str = "interpolation",
        name: str | None = None,
        dtype: Any = None,
        thresholds: Any = None,
    ) -> None:
        inner = (
            [(i + 1) / (num_thresholds - 1) for i in range(num_thresholds - 2)]
            if thresholds is None
            else sorted(thresholds)
        )
        self.curve, self.summation_method = str(curve), str(summation_method)
        if self.curve not in ("ROC", "PR"):
            raise ValueError(f'Invalid AUC curve value "{curve}".')
        if self.summation_method not in ("interpolation", "minoring", "majoring"):
            raise ValueError(f'Invalid AUC summation method value "{summation_method}".')
        super().__init__([-1e-7, *inner, 1.0 + 1e-7], name, dtype)

    def result(self) -> Tensor:
        from ..ops.math import log, maximum, minimum

        tp, tn = self._count("true_positives"), self._count("true_negatives")
        fp, fn = self._count("false_positives"), self._count("false_negatives")
        if self.curve == "PR" and self.summation_method == "interpolation":
            step = tp[:-1] - tp[1:]
            positives = tp + fp
            width = positives[:-1] - positives[1:]
            slope = _no_nan(step, maximum(width, 0.0))
            intercept = tp[1:] - slope * positives[1:]
            usable = logical_and(greater(positives[:-1], 0.0), greater(positives[1:], 0.0))
            ratio = where(
                usable, _no_nan(positives[:-1], maximum(positives[1:], 0.0)), array.ones_like(width)
            )
            parts = slope * (step + intercept * log(ratio))
            return reduce_sum(_no_nan(parts, maximum(tp[1:] + fn[1:], 0.0)))
        recall = _no_nan(tp, tp + fn)
        if self.curve == "ROC":
            x, y = _no_nan(fp, fp + tn), recall
        else:
            x, y = recall, _no_nan(tp, tp + fp)
        heights = {
            "interpolation": lambda: (y[:-1] + y[1:]) / 2.0,
            "minoring": lambda: minimum(y[:-1], y[1:]),
            "majoring": lambda: maximum(y[:-1], y[1:]),
        }[self.summation_method]()
        return reduce_sum((x[:-1] - x[1:]) * heights)


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
cosine_proximity = losses.cosine_proximity
kullback_leibler_divergence = losses.kullback_leibler_divergence
_MODULES = ("absent", "nearest", "weighted", "convert_to_tensor", "control_dependencies", "group")
_BY_NAME: dict[str, Any] = {
    name: value
    for name, value in dict(globals()).items()
    if callable(value)
    and name[0] != "_"
    and (getattr(value, "__module__", "") in (__name__, losses.__name__))
    and name not in _MODULES
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
