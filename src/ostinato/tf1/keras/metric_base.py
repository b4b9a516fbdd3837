"""The base of the metrics, and sums and means over many batches."""

from __future__ import annotations

from typing import Any

from ..graph import control_dependencies, get_default_graph
from ..keras_base import Layer
from ..ops import array, state
from ..ops.control import group
from ..ops.core import convert_to_tensor
from ..ops.math import cast, equal
from ..ops.picking import where
from ..ops.reductions import reduce_sum
from ..registry import lookup
from ..tensor import Tensor
from . import session
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
