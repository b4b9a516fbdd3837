"""What a model is compiled of: losses, targets, metrics and weights, of the forms that scripts give."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..ops import array
from ..ops.core import convert_to_tensor, placeholder
from ..ops.math import cast
from ..tensor import Tensor
from . import losses, metrics

_SPARSE = ("sparse_categorical_crossentropy", "SparseCategoricalCrossentropy")


def with_mask(weights: Any, output: Tensor) -> Any:
    mask = getattr(output, "_keras_mask", None)
    if mask is None:
        return weights
    mask = cast(mask, "float32")
    if weights is None:
        return mask
    for _ in range(mask.shape.ndims - weights.shape.ndims):
        weights = array.expand_dims(weights, -1)
    return weights * mask


def loss_object(item: Any) -> Any:
    if item is None or item == {}:
        return None
    found = losses.get(item)
    if isinstance(found, type):
        found = found()
    return found if isinstance(found, losses.Loss) else losses.LossFunctionWrapper(found)


def name_of(function: Any) -> str:
    return str(getattr(getattr(function, "fn", None), "__name__", type(function).__name__))


def target_of(output: Tensor, name: str, function: Any, given: Any) -> Tensor:
    if given is not None:
        return convert_to_tensor(given)
    sizes = output.shape.as_list() if output.shape.ndims is not None else None
    if function is not None and name_of(function) in _SPARSE and sizes:
        shape: Any = [None, *sizes[1:-1], 1]
    elif function is not None and getattr(function, "fn", None) in KNOWN_LOSSES and sizes:
        shape = [None, *sizes[1:]]
    else:
        shape = None if sizes is None else [None] * len(sizes)
    return placeholder(output.dtype.base_dtype, shape, name=f"{name}_target")


KNOWN_LOSSES = {value for name, value in vars(losses).items() if name[0] != "_" and callable(value)} - {
    losses.sparse_categorical_crossentropy
}


def chosen_metric(item: str, output: Tensor, loss: Any) -> tuple[Any, str]:
    """The metric that "accuracy" or "crossentropy" stands for, by the outputs' size and the loss."""
    of_loss = name_of(loss)
    last = output.shape.as_list()[-1]
    short = "acc" if item in ("accuracy", "acc") else "ce"
    kinds = (
        (metrics.binary_accuracy, metrics.sparse_categorical_accuracy, metrics.categorical_accuracy)
        if short == "acc"
        else (
            losses.binary_crossentropy,
            losses.sparse_categorical_crossentropy,
            losses.categorical_crossentropy,
        )
    )
    if last == 1 or of_loss == "binary_crossentropy":
        return kinds[0], short
    return kinds[1 if of_loss in _SPARSE else 2], short


def metrics_of(given: Any, names: list[str]) -> list[list[Any]]:
    """The metrics of each output."""
    if isinstance(given, dict):
        return [as_list(given.get(name, [])) for name in names]
    listed = as_list(given)
    if len(names) > 1 and any(isinstance(item, (list, tuple)) for item in listed):
        return [as_list(item) for item in listed]
    return [[item for each in listed for item in as_list(each)] for _ in names]


def as_list(item: Any) -> list[Any]:
    return list(item) if isinstance(item, (list, tuple)) else [item]


def as_listed(x: Any) -> list[Any]:
    if isinstance(x, dict):
        return list(x.values())
    return list(x) if isinstance(x, (list, tuple)) else [x]


def is_list_of_one(given: Any) -> bool:
    return isinstance(given, (list, tuple)) and len(given) == 1 and np.ndim(given[0]) > 0


def kind_of(value: Any) -> str:
    kind = np.asarray(value).dtype
    return str(kind) if kind.kind in "iu" else "float32"


def weights_of_classes(y: Any, class_weight: Any, sample_weight: Any) -> Any:
    """Samples' weights, by their classes where those have weights."""
    if class_weight is None:
        return sample_weight
    labels = np.asarray(y[0] if isinstance(y, (list, tuple)) else y)
    if labels.ndim > 1 and labels.shape[-1] > 1:
        labels = labels.argmax(axis=-1)
    labels = labels.reshape(labels.shape[0], -1)[:, 0] if labels.ndim > 1 else labels
    missing = set(np.unique(labels).tolist()) - set(class_weight)
    if missing:
        raise ValueError(
            f"`class_weight` must contain all classes in the data. The classes {missing} exist "
            "in the data but not "
            "in `class_weight`."
        )
    own = np.array([class_weight[label] for label in labels.tolist()], np.float32)
    return own if sample_weight is None else own * np.asarray(sample_weight)
