"""Tensors of the older columns of features: inputs of networks, sums of linear models, parsed examples."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ... import dtypes
from ...arguments import handed_on
from ...checkpoint_utils import init_from_checkpoint
from ...graph import GraphKeys
from ...initializers import Zeros
from ...model_variables import model_variable
from ...ops import array, lists, math, nn, sparse
from ...ops.core import placeholder
from ...ops.embedding import safe_embedding_lookup_sparse
from ...parsing import FixedLenSequenceFeature, VarLenFeature, parse_example, parse_single_sequence_example
from ...partitioned import PartitionedVariable
from ...sparse_tensor import SparseTensor, sparse_placeholder
from ...variable_scope import variable_scope
from .feature_column import (
    ByColumn,
    _BucketizedColumn,
    _CrossedColumn,
    _EmbeddingColumn,
    _OneHotColumn,
    _RealValuedColumn,
    create_feature_spec_for_parsing,
    of_rank,
    real_valued_column,
)


def check_feature_columns(feature_columns: Iterable[Any]) -> None:
    """Raise a ValueError for a dict, or for two columns that are the same (TF1 symbol:
    `tf.contrib.layers.check_feature_columns`).
    """
    if isinstance(feature_columns, dict):
        raise ValueError("Expected feature_columns to be iterable, found dict.")
    seen = set()
    for column in feature_columns:
        if column.key in seen:
            raise ValueError(
                f"Duplicate feature column key found for column: {column.name}. This usually means that the "
                "column is almost identical to another column, and one must be discarded."
            )
        seen.add(column.key)


def _ordered(feature_columns: Iterable[Any]) -> list[Any]:
    return sorted(set(feature_columns), key=lambda column: column.key)


def _collections(given: Any) -> Any:
    return list(dict.fromkeys([*given, GraphKeys.GLOBAL_VARIABLES])) if given else given


def _inputs(
    columns_to_tensors: Mapping[Any, Any],
    feature_columns: Any,
    weight_collections: Any,
    trainable: bool,
    scope: Any,
    rank: int,
    default_name: str,
    cols_to_outs: Any = None,
) -> Any:
    check_feature_columns(feature_columns)
    if cols_to_outs is not None and not isinstance(cols_to_outs, dict):
        raise ValueError("cols_to_outs must be a dict unless None")
    tensors, outputs = ByColumn(dict(columns_to_tensors)), []
    with variable_scope(scope, default_name=default_name, values=list(columns_to_tensors.values())):
        for column in _ordered(feature_columns):
            with variable_scope(None, default_name=column.name):
                tensor = tensors.get(column)
                if rank == 3:
                    if isinstance(tensor, tuple):
                        tensor = tuple(of_rank(each, rank, column.name) for each in tensor)
                    else:
                        tensor = of_rank(tensor, rank, column.name)
                try:
                    output = column.dense(tensor, _collections(weight_collections), trainable, rank)
                except ValueError as problem:
                    raise ValueError(
                        f"Error creating input layer for column: {column.name}.\n{problem}"
                    ) from None
                outputs.append(output)
                if cols_to_outs is not None:
                    cols_to_outs[column] = output
        return lists.concat(outputs, rank - 1)


def input_from_feature_columns(
    columns_to_tensors: Mapping[Any, Any],
    feature_columns: Any,
    weight_collections: Any = None,
    trainable: bool = True,
    scope: Any = None,
    cols_to_outs: Any = None,
) -> Any:
    """A matrix of all columns' numbers (TF1 symbol: `tf.contrib.layers.input_from_feature_columns`).

    Raises:
        ValueError: two columns that are the same, or one that gives no numbers.
    """
    return _inputs(**handed_on(locals()), rank=2, default_name="input_from_feature_columns")


def _parts(column: Any) -> list[Any]:
    if isinstance(column, (_OneHotColumn, _EmbeddingColumn)):
        return [column, *_parts(column.sparse_id_column)]
    return [column]


def sequence_input_from_feature_columns(
    columns_to_tensors: Mapping[Any, Any],
    feature_columns: Any,
    weight_collections: Any = None,
    trainable: bool = True,
    scope: Any = None,
) -> Any:
    """All columns' numbers for each step (TF1 symbol:
    `tf.contrib.layers.sequence_input_from_feature_columns`).

    Raises:
        ValueError: a column that cannot be of sequences.
    """
    for column in feature_columns:
        if not isinstance(column, (_OneHotColumn, _EmbeddingColumn, _RealValuedColumn)):
            raise ValueError(
                f"FeatureColumn type {type(column).__name__} is not currently supported for sequence data."
            )
        for part in _parts(column):
            if isinstance(part, (_BucketizedColumn, _CrossedColumn)):
                raise ValueError(
                    f"Column {part.name} is of type {type(part).__name__}, which is not currently supported "
                    "for sequences."
                )
    return _inputs(
        columns_to_tensors,
        feature_columns,
        weight_collections,
        trainable,
        scope,
        3,
        "sequence_input_from_feature_columns",
    )


def _listed(variable: Any) -> list[Any]:
    return list(variable) if isinstance(variable, PartitionedVariable) else [variable]


def weighted_sum_from_feature_columns(
    columns_to_tensors: Mapping[Any, Any],
    feature_columns: Any,
    num_outputs: int,
    weight_collections: Any = None,
    trainable: bool = True,
    scope: Any = None,
) -> tuple[Any, dict[Any, Any], Any]:
    """The sum of all columns' products with weights, the weights by column, and the bias (TF1 symbol:
    `tf.contrib.layers.weighted_sum_from_feature_columns`).

    Raises:
        ValueError: two columns that are the same, or one that is for networks.
    """
    check_feature_columns(feature_columns)
    tensors, sums, found = ByColumn(dict(columns_to_tensors)), [], {}
    with variable_scope(
        scope,
        default_name="weighted_sum_from_feature_columns",
        values=list(columns_to_tensors.values()),
    ):
        for column in _ordered(feature_columns):
            tensor = tensors.get(column)
            try:
                wanted = column.lookup(tensor)
            except ValueError as problem:
                raise ValueError(
                    f"Error creating weighted sum for column: {column.name}.\n{problem}"
                ) from None
            with variable_scope(None, default_name=column.name):
                if wanted is None:
                    tensor = of_rank(tensor, 2, column.name)
                    shape = [tensor.shape[1].value, num_outputs]
                    weights = model_variable(
                        "weight",
                        shape,
                        initializer=Zeros(),
                        trainable=trainable,
                        collections=weight_collections,
                    )
                    part = math.matmul(tensor, weights, name="matmul")
                else:
                    weights = model_variable(
                        "weights",
                        [wanted.vocab_size, num_outputs],
                        dtypes.float32,
                        wanted.initializer,
                        trainable=trainable,
                        collections=weight_collections,
                    )
                    part = safe_embedding_lookup_sparse(
                        weights,
                        wanted.input_tensor,
                        wanted.weight_tensor,
                        combiner=wanted.combiner,
                        name=f"{column.name}_weights",
                    )
            sums.append(array.reshape(part, (-1, num_outputs)))
            found[column] = _listed(weights)
            if getattr(column, "ckpt_to_load_from", None) is not None:
                begun = found[column] if len(found[column]) > 1 else found[column][0]
                init_from_checkpoint(column.ckpt_to_load_from, {column.tensor_name_in_ckpt: begun})
        total = math.add_n(sums)
        bias = _bias(num_outputs, weight_collections, trainable)
        return nn.bias_add(total, bias), found, bias


def _bias(size: int, collections: Any, trainable: bool) -> Any:
    return model_variable(
        "bias_weight",
        [size],
        initializer=Zeros(),
        trainable=trainable,
        collections=_collections(collections),
    )


def joint_weighted_sum_from_feature_columns(
    columns_to_tensors: Mapping[Any, Any],
    feature_columns: Any,
    num_outputs: int,
    weight_collections: Any = None,
    trainable: bool = True,
    scope: Any = None,
) -> tuple[Any, Any, Any]:
    """The same with one variable for all columns of ids (TF1 symbol:
    `tf.contrib.layers.joint_weighted_sum_from_feature_columns`).

    Raises:
        NotImplementedError: a column of numbers.
    """
    check_feature_columns(feature_columns)
    tensors, parts, size = ByColumn(dict(columns_to_tensors)), [], 0
    with variable_scope(
        scope,
        default_name="joint_weighted_sum_from_feature_columns",
        values=list(columns_to_tensors.values()),
    ):
        for column in _ordered(feature_columns):
            wanted = column.lookup(tensors.get(column))
            if wanted is None:
                raise NotImplementedError(
                    "Real-valued columns are not supported. Use weighted_sum_from_feature_columns instead, "
                    "or bucketize these columns."
                )
            ids = wanted.input_tensor
            values = math.cast(ids.values, dtypes.int64) + size
            parts.append(SparseTensor(ids.indices, values, ids.dense_shape))
            size += wanted.vocab_size
        whole = sparse.sparse_concat(1, parts)
        with variable_scope(None, default_name="linear_weights"):
            weights = model_variable(
                "weights",
                [size, num_outputs],
                dtypes.float32,
                Zeros(),
                trainable=trainable,
                collections=weight_collections,
            )
            total = safe_embedding_lookup_sparse(weights, whole, None, combiner="sum", name="_weights")
        bias = _bias(num_outputs, weight_collections, trainable)
        return nn.bias_add(total, bias), _listed(weights), bias


def parse_feature_columns_from_examples(
    serialized: Any, feature_columns: Any, name: str | None = None, example_names: Any = None
) -> dict[Any, Any]:
    """The tensors of columns, and of the features that they are made of (TF1 symbol:
    `tf.contrib.layers.parse_feature_columns_from_examples`).
    """
    check_feature_columns(feature_columns)
    found = parse_example(
        serialized, create_feature_spec_for_parsing(feature_columns), name=name, example_names=example_names
    )
    tensors = ByColumn(found)
    for column in _ordered(feature_columns):
        tensors.get(column)
    return found


def parse_feature_columns_from_sequence_examples(
    serialized: Any,
    context_feature_columns: Any,
    sequence_feature_columns: Any,
    name: str | None = None,
    example_name: Any = None,
) -> Any:
    """The tensors of the features of one sequence's example (TF1 symbol:
    `tf.contrib.layers.parse_feature_columns_from_sequence_examples`).
    """
    context = create_feature_spec_for_parsing(context_feature_columns or [])
    steps = {}
    for key, feature in create_feature_spec_for_parsing(sequence_feature_columns or []).items():
        if not isinstance(feature, VarLenFeature):
            allowed = feature.default_value is not None
            feature = FixedLenSequenceFeature(feature.shape, feature.dtype, allow_missing=allowed)
        steps[key] = feature
    return parse_single_sequence_example(array.reshape(serialized, []), context, steps, example_name, name)


def transform_features(features: Mapping[Any, Any], feature_columns: Any) -> dict[Any, Any]:
    """The tensors of columns (TF1 symbol: `tf.contrib.layers.transform_features`)."""
    check_feature_columns(feature_columns)
    tensors = ByColumn(dict(features))
    return {column: tensors.get(column) for column in _ordered(feature_columns)}


def make_place_holder_tensors_for_base_features(feature_columns: Any) -> dict[str, Any]:
    """Placeholders for the features of columns (TF1 symbol:
    `tf.contrib.layers.make_place_holder_tensors_for_base_features`).
    """
    made: dict[str, Any] = {}
    for name, feature in create_feature_spec_for_parsing(feature_columns).items():
        if isinstance(feature, VarLenFeature):
            made[name] = sparse_placeholder(feature.dtype, name=f"Placeholder_{name}")
        else:
            made[name] = placeholder(feature.dtype, (None, feature.shape[0]), name=f"Placeholder_{name}")
    return made


def infer_real_valued_columns(features: Any) -> list[Any]:
    """A column of numbers for each feature (TF1 symbol: `tf.contrib.layers.infer_real_valued_columns`).

    Raises:
        ValueError: a feature that is sparse or no number.
    """
    named = features if isinstance(features, dict) else {"": features}
    columns = []
    for name, tensor in named.items():
        if isinstance(tensor, SparseTensor):
            raise ValueError(
                "SparseTensor is not supported for auto detection. Please define corresponding FeatureColumn "
                f"for tensor {name} {tensor}."
            )
        if not (tensor.dtype.is_integer or tensor.dtype.is_floating):
            raise ValueError(
                "Non integer or non floating types are not supported for auto detection. Please define "
                f"corresponding FeatureColumn for tensor {name} {tensor}."
            )
        size = 1
        for each in tensor.shape.as_list()[1:]:
            size *= each
        columns.append(real_valued_column(name, size, dtype=tensor.dtype))
    return columns
