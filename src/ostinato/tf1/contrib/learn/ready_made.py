"""The ready-made models of `tf.contrib.learn`: linear ones, dense layers, and both together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ... import nn
from .. import layers
from .estimator import Estimator, SKCompat
from .feeding import DataFeeder
from .heads import RegressionHead, multi_class_head
from .ready_made_models import Dense, Linear, combined_model_fn, dense_model_fn, linear_model_fn


class _ReadyMade(Estimator):
    """A model whose main prediction has a name."""

    _main: str

    def _only(self, key: str, x: Any, input_fn: Any, batch_size: Any, as_iterable: bool) -> Any:
        found = super().predict(x, input_fn, batch_size, [key], as_iterable)
        return (each[key] for each in found) if as_iterable else found[key]

    def predict(
        self,
        x: Any = None,
        input_fn: Any = None,
        batch_size: int | None = None,
        outputs: Any = None,
        as_iterable: bool = True,
        iterate_batches: bool = False,
    ) -> Any:
        """The main predictions, or those of `outputs` by names."""
        if not outputs:
            return self._only(self._main, x, input_fn, batch_size, as_iterable)
        return super().predict(x, input_fn, batch_size, outputs, as_iterable, iterate_batches)


class _Classifier(_ReadyMade):
    _main = "classes"

    def predict_classes(
        self, x: Any = None, input_fn: Any = None, batch_size: Any = None, as_iterable: bool = True
    ) -> Any:
        """The classes, example by example or as an array."""
        return self._only("classes", x, input_fn, batch_size, as_iterable)

    def predict_proba(
        self, x: Any = None, input_fn: Any = None, batch_size: Any = None, as_iterable: bool = True
    ) -> Any:
        """The classes' probabilities, example by example or as an array."""
        return self._only("probabilities", x, input_fn, batch_size, as_iterable)


class _Regressor(_ReadyMade):
    _main = "scores"

    def predict_scores(
        self, x: Any = None, input_fn: Any = None, batch_size: Any = None, as_iterable: bool = True
    ) -> Any:
        """The numbers, example by example or as an array."""
        return self._only("scores", x, input_fn, batch_size, as_iterable)


class LinearClassifier(_Classifier):
    """A linear model that chooses a class (TF1 symbol: `tf.contrib.learn.LinearClassifier`).

    Args:
        feature_columns: columns of `tf.contrib.layers` or `tf.feature_column`.
        optimizer: a name, an optimizer, or a function that makes one; None is Ftrl.
        gradient_clip_norm: the largest norm of all gradients together.

    Raises:
        ValueError: `enable_centered_bias`, which there is not; fewer than two classes.
    """

    def __init__(
        self,
        feature_columns: Any,
        model_dir: str | None = None,
        n_classes: int = 2,
        weight_column_name: str | None = None,
        optimizer: Any = None,
        gradient_clip_norm: float | None = None,
        enable_centered_bias: bool = False,
        _joint_weight: bool = False,
        config: Any = None,
        feature_engineering_fn: Any = None,
        label_keys: Any = None,
    ) -> None:
        head = multi_class_head(n_classes, weight_column_name, enable_centered_bias, label_keys)
        model = Linear(feature_columns, optimizer, gradient_clip_norm, _joint_weight)
        super().__init__(
            linear_model_fn(head, model), model_dir, config, feature_engineering_fn=feature_engineering_fn
        )


class LinearRegressor(_Regressor):
    """A linear model that gives numbers (TF1 symbol: `tf.contrib.learn.LinearRegressor`)."""

    def __init__(
        self,
        feature_columns: Any,
        model_dir: str | None = None,
        weight_column_name: str | None = None,
        optimizer: Any = None,
        gradient_clip_norm: float | None = None,
        enable_centered_bias: bool = False,
        label_dimension: int = 1,
        _joint_weights: bool = False,
        config: Any = None,
        feature_engineering_fn: Any = None,
    ) -> None:
        head = RegressionHead(label_dimension, weight_column_name, enable_centered_bias)
        model = Linear(feature_columns, optimizer, gradient_clip_norm, _joint_weights)
        super().__init__(
            linear_model_fn(head, model), model_dir, config, feature_engineering_fn=feature_engineering_fn
        )


class DNNClassifier(_Classifier):
    """Dense layers that choose a class (TF1 symbol: `tf.contrib.learn.DNNClassifier`).

    Args:
        hidden_units: the sizes of the layers.
        feature_columns: columns of `tf.contrib.layers` or `tf.feature_column`.
        optimizer: a name, an optimizer, or a function that makes one; None is Adagrad.
        embedding_lr_multipliers: not taken: give the column's table an optimizer of its own.

    Raises:
        ValueError: `enable_centered_bias` or `embedding_lr_multipliers`, which there are not.
    """

    def __init__(
        self,
        hidden_units: Sequence[int],
        feature_columns: Any,
        model_dir: str | None = None,
        n_classes: int = 2,
        weight_column_name: str | None = None,
        optimizer: Any = None,
        activation_fn: Any = nn.relu,
        dropout: float | None = None,
        gradient_clip_norm: float | None = None,
        enable_centered_bias: bool = False,
        config: Any = None,
        feature_engineering_fn: Any = None,
        embedding_lr_multipliers: Any = None,
        input_layer_min_slice_size: int | None = None,
        label_keys: Any = None,
    ) -> None:
        _refuse_multipliers(embedding_lr_multipliers)
        head = multi_class_head(n_classes, weight_column_name, enable_centered_bias, label_keys)
        model = Dense(feature_columns, hidden_units, optimizer, activation_fn, dropout, gradient_clip_norm)
        super().__init__(
            dense_model_fn(head, model, input_layer_min_slice_size),
            model_dir,
            config,
            feature_engineering_fn=feature_engineering_fn,
        )


class DNNRegressor(_Regressor):
    """Dense layers that give numbers (TF1 symbol: `tf.contrib.learn.DNNRegressor`)."""

    def __init__(
        self,
        hidden_units: Sequence[int],
        feature_columns: Any,
        model_dir: str | None = None,
        weight_column_name: str | None = None,
        optimizer: Any = None,
        activation_fn: Any = nn.relu,
        dropout: float | None = None,
        gradient_clip_norm: float | None = None,
        enable_centered_bias: bool = False,
        config: Any = None,
        feature_engineering_fn: Any = None,
        label_dimension: int = 1,
        embedding_lr_multipliers: Any = None,
        input_layer_min_slice_size: int | None = None,
    ) -> None:
        _refuse_multipliers(embedding_lr_multipliers)
        head = RegressionHead(label_dimension, weight_column_name, enable_centered_bias)
        model = Dense(feature_columns, hidden_units, optimizer, activation_fn, dropout, gradient_clip_norm)
        super().__init__(
            dense_model_fn(head, model, input_layer_min_slice_size),
            model_dir,
            config,
            feature_engineering_fn=feature_engineering_fn,
        )


def _refuse_multipliers(given: Any) -> None:
    if given:
        raise ValueError("There are no embedding_lr_multipliers here: train with one rate, or a model_fn.")


class DNNLinearCombinedClassifier(_Classifier):
    """A linear model and dense layers that choose a class (TF1 symbol:
    `tf.contrib.learn.DNNLinearCombinedClassifier`).

    Each of the two counts a step, as in TensorFlow, unless `fix_global_step_increment_bug`.

    Raises:
        ValueError: no columns, or dense layers without sizes.
    """

    def __init__(
        self,
        model_dir: str | None = None,
        n_classes: int = 2,
        weight_column_name: str | None = None,
        linear_feature_columns: Any = None,
        linear_optimizer: Any = None,
        _joint_linear_weights: bool = False,
        dnn_feature_columns: Any = None,
        dnn_optimizer: Any = None,
        dnn_hidden_units: Any = None,
        dnn_activation_fn: Any = nn.relu,
        dnn_dropout: float | None = None,
        gradient_clip_norm: float | None = None,
        enable_centered_bias: bool = False,
        config: Any = None,
        feature_engineering_fn: Any = None,
        embedding_lr_multipliers: Any = None,
        input_layer_min_slice_size: int | None = None,
        label_keys: Any = None,
        fix_global_step_increment_bug: bool = False,
    ) -> None:
        _refuse_multipliers(embedding_lr_multipliers)
        head = multi_class_head(n_classes, weight_column_name, enable_centered_bias, label_keys)
        model_fn = combined_model_fn(head, locals())
        super().__init__(model_fn, model_dir, config, feature_engineering_fn=feature_engineering_fn)


class DNNLinearCombinedRegressor(_Regressor):
    """A linear model and dense layers that give numbers (TF1 symbol:
    `tf.contrib.learn.DNNLinearCombinedRegressor`).

    Raises:
        ValueError: no columns, or dense layers without sizes.
    """

    def __init__(
        self,
        model_dir: str | None = None,
        weight_column_name: str | None = None,
        linear_feature_columns: Any = None,
        linear_optimizer: Any = None,
        _joint_linear_weights: bool = False,
        dnn_feature_columns: Any = None,
        dnn_optimizer: Any = None,
        dnn_hidden_units: Any = None,
        dnn_activation_fn: Any = nn.relu,
        dnn_dropout: float | None = None,
        gradient_clip_norm: float | None = None,
        enable_centered_bias: bool = False,
        label_dimension: int = 1,
        config: Any = None,
        feature_engineering_fn: Any = None,
        embedding_lr_multipliers: Any = None,
        input_layer_min_slice_size: int | None = None,
        fix_global_step_increment_bug: bool = False,
    ) -> None:
        _refuse_multipliers(embedding_lr_multipliers)
        head = RegressionHead(label_dimension, weight_column_name, enable_centered_bias)
        model_fn = combined_model_fn(head, locals())
        super().__init__(model_fn, model_dir, config, feature_engineering_fn=feature_engineering_fn)


def infer_real_valued_columns_from_input(x: Any) -> list[Any]:
    """A column of numbers for each feature of arrays (TF1 symbol:
    `tf.contrib.learn.infer_real_valued_columns_from_input`).
    """
    return infer_real_valued_columns_from_input_fn(lambda: DataFeeder(x, None, None).input_fn())


def infer_real_valued_columns_from_input_fn(input_fn: Any) -> list[Any]:
    """A column of numbers for each feature of an input function (TF1 symbol:
    `tf.contrib.learn.infer_real_valued_columns_from_input_fn`).
    """
    from ...graph import Graph

    with Graph().as_default():
        features, _ = input_fn()
        return layers.infer_real_valued_columns(features)


__all__ = [
    "DNNClassifier",
    "DNNLinearCombinedClassifier",
    "DNNLinearCombinedRegressor",
    "DNNRegressor",
    "LinearClassifier",
    "LinearRegressor",
    "SKCompat",
    "infer_real_valued_columns_from_input",
    "infer_real_valued_columns_from_input_fn",
]
