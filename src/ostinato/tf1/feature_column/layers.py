"""Columns as layers of Keras: `DenseFeatures`, `SequenceFeatures`, and a linear model."""

from __future__ import annotations

from typing import Any

from .. import dtypes, keras_base
from ..graph import name_scope
from ..initializers import Zeros
from ..ops import array, lists, math, nn
from ..variable_scope import variable_scope
from .base import (
    DenseColumn,
    FeatureTransformationCache,
    SequenceDenseColumn,
    check_batches,
    checked_columns,
)
from .inputs import check_linear, rows_of_weights, weighted_sum
from .sequence import equal_lengths
from .state import LayerState


def _check_features(features: Any) -> None:
    if not isinstance(features, dict):
        raise ValueError("We expected a dictionary here. Instead we got: ", features)


class _FeaturesLayer(keras_base.Layer):
    _column_type: Any

    def __init__(self, feature_columns: Any, trainable: bool = True, name: Any = None, **kwargs: Any) -> None:
        super().__init__(trainable=trainable, name=name, **kwargs)
        self._feature_columns = checked_columns(feature_columns)
        for column in self._feature_columns:
            if not isinstance(column, self._column_type):
                raise ValueError(
                    f"Items of feature_columns must be a {self._column_type}. You can wrap a categorical "
                    f"column with an embedding_column or indicator_column. Given: {column}"
                )
        self._state = LayerState(self)

    def build(self, _: Any) -> None:
        for column in self._feature_columns:
            with pure_scope(self.name), pure_scope(column.name):
                column.create_state(self._state)
        self.built = True

    def get_config(self) -> dict[str, Any]:
        """The arguments that make a layer like this one, with the columns themselves."""
        return {**super().get_config(), "feature_columns": self._feature_columns}


def pure_scope(name: str) -> Any:
    """A variable scope that names variables, not nodes."""
    return variable_scope(name, auxiliary_name_scope=False)


class DenseFeatures(_FeaturesLayer):
    """A matrix of all columns' numbers (TF1 symbol: `tf.keras.layers.DenseFeatures`).

    Args:
        feature_columns: columns of numbers; their order is that of their names.

    Raises:
        ValueError: a column that gives no numbers, or two of a name.
    """

    _column_type = DenseColumn

    def call(self, features: Any, cols_to_output_tensors: Any = None) -> Any:
        _check_features(features)
        cache, outputs = FeatureTransformationCache(features), []
        for column in self._feature_columns:
            with name_scope(column.name):
                tensor = column.get_dense_tensor(cache, self._state)
                size = column.variable_shape.num_elements()
                output = array.reshape(tensor, (array.shape(tensor)[0], size))
                if cols_to_output_tensors is not None:
                    cols_to_output_tensors[column] = output
                outputs.append(output)
        check_batches(outputs, self._feature_columns)
        return lists.concat(outputs, -1)


class SequenceFeatures(_FeaturesLayer):
    """All columns' numbers, `[batch, steps, numbers]`, and the sequences' lengths (TF1 symbol:
    `tf.keras.experimental.SequenceFeatures`).

    Raises:
        ValueError: a column that is of no sequence, or two of a name.
    """

    _column_type = SequenceDenseColumn

    def call(self, features: Any) -> Any:
        _check_features(features)
        cache, outputs, lengths = FeatureTransformationCache(features), [], []
        for column in self._feature_columns:
            with name_scope(column.name):
                tensor, length = column.get_sequence_dense_tensor(cache, self._state)
                sizes, count = array.shape(tensor), column.variable_shape.num_elements()
                outputs.append(array.reshape(tensor, (sizes[0], sizes[1], count)))
                lengths.append(length)
        check_batches(lengths, self._feature_columns)
        found = equal_lengths(lengths)
        check_batches(outputs, self._feature_columns)
        return lists.concat(outputs, -1), found


class LinearLayer(keras_base.Layer):
    """The sum of all columns' products with weights, and of a bias; what linear estimators are."""

    def __init__(
        self,
        feature_columns: Any,
        units: int = 1,
        sparse_combiner: str = "sum",
        trainable: bool = True,
        name: Any = None,
    ) -> None:
        super().__init__(trainable=trainable, name=name)
        self._feature_columns = checked_columns(feature_columns)
        check_linear(self._feature_columns)
        self._units, self._sparse_combiner = units, sparse_combiner
        self._state = LayerState(self)
        self.bias: Any = None

    def build(self, _: Any) -> None:
        with pure_scope(self.name):
            for column in self._feature_columns:
                with pure_scope(column.name):
                    column.create_state(self._state)
                    shape = (rows_of_weights(column), self._units)
                    self._state.create_variable(column, "weights", shape, dtypes.float32, initializer=Zeros())
            self.bias = self._state.create_variable(
                None, "bias_weights", [self._units], dtypes.float32, initializer=Zeros()
            )
        self.built = True

    def call(self, features: Any) -> Any:
        if not isinstance(features, dict):
            raise ValueError(f"We expected a dictionary here. Instead we got: {features}")
        with name_scope(self.name):
            cache, sums = FeatureTransformationCache(features), []
            for column in self._feature_columns:
                with name_scope(column.name):
                    weights = self._state.get_variable(column, "weights")
                    sums.append(weighted_sum(column, cache, self._state, self._sparse_combiner, weights))
            check_batches(sums, self._feature_columns)
            total = math.add_n(sums, name="weighted_sum_no_bias")
            return nn.bias_add(total, self.bias, name="weighted_sum")

    def variables_by_column(self) -> dict[Any, list[Any]]:
        """The weights of each column, and the bias under "bias"."""
        found = {column: [self._state.get_variable(column, "weights")] for column in self._feature_columns}
        return {**found, "bias": [self.bias]}
