"""Tensors of columns, with variables of the variable scope: `input_layer` and `linear_model`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .. import dtypes
from ..graph import GraphKeys, add_to_collection, get_collection, name_scope
from ..initializers import Zeros
from ..ops import array, lists, math, nn, sparse
from ..ops.embedding import safe_embedding_lookup_sparse
from ..partitioned import PartitionedVariable
from ..template import make_template
from ..variable_scope import get_variable, variable_scope
from .base import (
    CategoricalColumn,
    DenseColumn,
    FeatureTransformationCache,
    check_batches,
    checked_columns,
)
from .state import ScopeState


def _dense_columns(feature_columns: Any) -> list[Any]:
    columns = checked_columns(feature_columns)
    for column in columns:
        if not isinstance(column, DenseColumn):
            raise ValueError(
                "Items of feature_columns must be a _DenseColumn. You can wrap a categorical column with an "
                f"embedding_column or indicator_column. Given: {column}"
            )
    return columns


def _joined(
    features: Mapping[Any, Any],
    feature_columns: Any,
    weight_collections: Any,
    trainable: bool,
    cols_to_vars: Any = None,
    cols_to_output_tensors: Any = None,
) -> Any:
    columns = _dense_columns(feature_columns)
    cache, outputs = FeatureTransformationCache(features), []
    state = ScopeState(weight_collections, trainable)
    for column in columns:
        with variable_scope(None, default_name=column._var_scope_name) as scope:
            tensor = column.get_dense_tensor(cache, state)
            size = column.variable_shape.num_elements()
            output = array.reshape(tensor, (array.shape(tensor)[0], size))
            outputs.append(output)
            if cols_to_vars is not None:
                cols_to_vars[column] = get_collection(GraphKeys.GLOBAL_VARIABLES, scope=scope.name)
            if cols_to_output_tensors is not None:
                cols_to_output_tensors[column] = output
    check_batches(outputs, columns)
    return lists.concat(outputs, 1)


def input_layer(
    features: Mapping[Any, Any],
    feature_columns: Any,
    weight_collections: Any = None,
    trainable: bool = True,
    cols_to_vars: Any = None,
    cols_to_output_tensors: Any = None,
) -> Any:
    """A matrix of all columns' numbers, in the order of the columns' names (TF1 symbol:
    `tf.feature_column.input_layer`).

    Args:
        features: tensors by names.
        feature_columns: columns of numbers.
        weight_collections: what the columns' variables are added to besides the global and the model's.
        trainable: whether the variables are trained.
        cols_to_vars, cols_to_output_tensors: dicts that are filled.

    Raises:
        ValueError: a column that gives no numbers, or two of a name.

    >>> import ostinato.tf1 as tf
    >>> with tf.Graph().as_default(), tf.Session() as session:
    ...     age = tf.feature_column.numeric_column("age")
    ...     group = tf.feature_column.bucketized_column(age, [18, 65])
    ...     session.run(tf.feature_column.input_layer({"age": tf.constant([7.0, 70.0])}, [age, group]))
    array([[ 7.,  1.,  0.,  0.],
           [70.,  0.,  0.,  1.]], dtype=float32)
    """
    _dense_columns(feature_columns)
    with variable_scope(None, default_name="input_layer", values=features.values()):
        return _joined(
            features, feature_columns, weight_collections, trainable, cols_to_vars, cols_to_output_tensors
        )


class InputLayer:
    """`input_layer` whose variables are shared between calls."""

    def __init__(
        self,
        feature_columns: Any,
        weight_collections: Any = None,
        trainable: bool = True,
        cols_to_vars: Any = None,
        name: str = "feature_column_input_layer",
        create_scope_now: bool = True,
    ) -> None:
        self._arguments = (feature_columns, weight_collections, trainable)
        self._name = name
        self._template = make_template(name, _joined, create_scope_now_=create_scope_now)

    def __call__(self, features: Mapping[Any, Any]) -> Any:
        return self._template(features, *self._arguments)

    @property
    def name(self) -> str:
        return self._name


def weighted_sum(column: Any, cache: Any, state: Any, combiner: str, weights: Any) -> Any:
    """The product of a column with weights."""
    if not isinstance(column, CategoricalColumn):
        tensor = column.get_dense_tensor(cache, state)
        size = column.variable_shape.num_elements()
        tensor = array.reshape(tensor, (array.shape(tensor)[0], size))
        return math.matmul(tensor, weights, name="weighted_sum")
    ids, factors = column.get_sparse_tensors(cache, state)
    ids = sparse.sparse_reshape(ids, [array.shape(ids)[0], -1])
    if factors is not None:
        factors = sparse.sparse_reshape(factors, [array.shape(factors)[0], -1])
    return safe_embedding_lookup_sparse(weights, ids, factors, combiner=combiner, name="weighted_sum")


def rows_of_weights(column: Any) -> int:
    """How many weights a column has."""
    if isinstance(column, CategoricalColumn):
        return column.num_buckets
    return int(column.variable_shape.num_elements())


def check_linear(columns: Any) -> None:
    """Raise a ValueError for a column that a linear model cannot use."""
    for column in columns:
        if not isinstance(column, (DenseColumn, CategoricalColumn)):
            raise ValueError(
                "Items of feature_columns must be either a _DenseColumn or _CategoricalColumn. Given: "
                f"{column}"
            )


def linear_model(
    features: Mapping[Any, Any],
    feature_columns: Any,
    units: int = 1,
    sparse_combiner: str = "sum",
    weight_collections: Any = None,
    trainable: bool = True,
    cols_to_vars: Any = None,
) -> Any:
    """The sum of all columns' products with weights, and of a bias (TF1 symbol:
    `tf.feature_column.linear_model`).

    Args:
        features: tensors by names.
        feature_columns: columns of numbers or ids.
        units: how many numbers it gives.
        sparse_combiner: "sum", "mean" or "sqrtn": how several ids of a row are put together.
        weight_collections: what the variables are added to besides the global and the model's.
        trainable: whether the variables are trained.
        cols_to_vars: a dict that is filled with the variables by columns, and by "bias".

    Raises:
        ValueError: two columns of a name.
    """
    columns = checked_columns(feature_columns)
    extra = [*(weight_collections or ()), GraphKeys.MODEL_VARIABLES]
    with variable_scope(None, "linear_model") as scope:
        model = scope.name.rsplit("/", 1)[-1]
    names = {}
    for column in columns:
        with variable_scope(None, default_name=column._var_scope_name) as scope:
            names[scope.name.rsplit("/", 1)[-1]] = column
    check_linear(columns)

    def variable(name: str, shape: Any) -> Any:
        made = get_variable(
            name, shape, dtypes.float32, initializer=Zeros(), trainable=trainable, use_resource=True
        )
        for part in list(made) if isinstance(made, PartitionedVariable) else [made]:
            for key in dict.fromkeys(extra):
                if key != GraphKeys.GLOBAL_VARIABLES:
                    add_to_collection(key, part)
        return made

    found: dict[Any, Any] = {}
    with name_scope(model), variable_scope(model):
        cache, state, sums = (
            FeatureTransformationCache(features),
            ScopeState(weight_collections, trainable),
            [],
        )
        ordered = [names[name] for name in sorted(names)]
        for name in sorted(names):
            column = names[name]
            with variable_scope(name) as scope:
                weights = variable("weights", (rows_of_weights(column), units))
                sums.append(weighted_sum(column, cache, state, sparse_combiner, weights))
            found[column] = get_collection(GraphKeys.GLOBAL_VARIABLES, scope=scope.name)
        check_batches(sums, ordered)
        total = math.add_n(sums, name="weighted_sum_no_bias")
        bias = variable("bias_weights", [units])
        result = nn.bias_add(total, bias, name="weighted_sum")
        found["bias"] = list(bias) if isinstance(bias, PartitionedVariable) else [bias]
    if cols_to_vars is not None:
        cols_to_vars.update(found)
    return result
