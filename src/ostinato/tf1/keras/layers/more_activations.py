"""Activations with settings or variables of their own, noise, and attention."""

from __future__ import annotations

from typing import Any

from ...ops import array, nn
from ...ops.math import cast, exp, greater, greater_equal, logical_and, matmul, tanh
from ...ops.random import random_normal, random_uniform
from ...ops.reductions import reduce_sum
from ...shapes import TensorShape
from ...smart_cond import smart_cond
from ...tensor import Tensor
from .. import activations
from ..learning_phase import learning_phase
from .configured import Configured, settle


class _Elementwise(Configured):
    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.supports_masking = True

    def compute_output_shape(self, input_shape: Any) -> Any:
        return input_shape


class LeakyReLU(_Elementwise):
    """x above zero and alpha * x below (TF1 symbol: `tf.keras.layers.LeakyReLU`)."""

    def __init__(self, alpha: float = 0.3, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.alpha = float(alpha)

    def call(self, inputs: Any) -> Tensor:
        return activations.relu(inputs, alpha=self.alpha)


class PReLU(_Elementwise):
    """x above zero and a trained alpha * x below (TF1 symbol: `tf.keras.layers.PReLU`)."""

    alpha_initializer: Any
    alpha_regularizer: Any
    alpha_constraint: Any

    def __init__(
        self,
        alpha_initializer: Any = "zeros",
        alpha_regularizer: Any = None,
        alpha_constraint: Any = None,
        shared_axes: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        settle(self, locals())
        self.shared_axes = (
            None
            if shared_axes is None
            else list(shared_axes)
            if not isinstance(shared_axes, int)
            else [shared_axes]
        )

    def build(self, input_shape: Any) -> None:
        sizes = TensorShape(input_shape).as_list()[1:]
        for axis in self.shared_axes or ():
            sizes[axis - 1] = 1
        self.alpha = self.add_weight(
            name="alpha",
            shape=sizes,
            initializer=self.alpha_initializer,
            regularizer=self.alpha_regularizer,
            constraint=self.alpha_constraint,
        )
        self.built = True

    def call(self, inputs: Any) -> Tensor:
        return nn.relu(inputs) - self.alpha * nn.relu(-inputs)


class ELU(_Elementwise):
    """x above zero and alpha * (exp(x) - 1) below (TF1 symbol: `tf.keras.layers.ELU`)."""

    def __init__(self, alpha: float = 1.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.alpha = float(alpha)

    def call(self, inputs: Any) -> Tensor:
        if self.alpha == 1.0:
            return nn.elu(inputs)
        return nn.relu(inputs) - self.alpha * nn.relu(-(exp(-nn.relu(-inputs)) - 1.0))


class ThresholdedReLU(_Elementwise):
    """x above theta and zero below (TF1 symbol: `tf.keras.layers.ThresholdedReLU`)."""

    def __init__(self, theta: float = 1.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.theta = float(theta)

    def call(self, inputs: Any) -> Tensor:
        return inputs * cast(greater(inputs, self.theta), inputs.dtype)


class Softmax(_Elementwise):
    """Softmax along an axis (TF1 symbol: `tf.keras.layers.Softmax`)."""

    def __init__(self, axis: int = -1, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.axis = axis

    def call(self, inputs: Any) -> Tensor:
        return activations.softmax(inputs, axis=self.axis)


class ReLU(_Elementwise):
    """x above a threshold, up to a bound (TF1 symbol: `tf.keras.layers.ReLU`).

    Raises:
        ValueError: a bound or a slope below zero.
    """

    def __init__(
        self, max_value: Any = None, negative_slope: float = 0, threshold: float = 0, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        if max_value is not None and max_value < 0.0:
            raise ValueError(f"max_value of Relu layer cannot be negative value: {max_value}")
        if negative_slope < 0.0:
            raise ValueError(f"negative_slope of Relu layer cannot be negative value: {negative_slope}")
        self.max_value, self.negative_slope, self.threshold = max_value, negative_slope, threshold

    def call(self, inputs: Any) -> Tensor:
        return activations.relu(
            inputs, alpha=self.negative_slope, max_value=self.max_value, threshold=self.threshold
        )


class GaussianNoise(_Elementwise):
    """Adds normal draws while training (TF1 symbol: `tf.keras.layers.GaussianNoise`)."""

    def __init__(self, stddev: float, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.stddev = stddev

    def call(self, inputs: Any, training: Any = None) -> Tensor:
        training = learning_phase() if training is None else training
        return smart_cond(
            training,
            lambda: inputs + random_normal(array.shape(inputs), 0.0, self.stddev, inputs.dtype),
            lambda: array.identity(inputs),
        )


class GaussianDropout(_Elementwise):
    """Multiplies by normal draws of mean one while training (TF1 symbol:
    `tf.keras.layers.GaussianDropout`).
    """

    def __init__(self, rate: float, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.rate = rate

    def call(self, inputs: Any, training: Any = None) -> Tensor:
        if not 0 < self.rate < 1:
            return inputs
        training = learning_phase() if training is None else training
        deviation = (self.rate / (1.0 - self.rate)) ** 0.5
        return smart_cond(
            training,
            lambda: inputs * random_normal(array.shape(inputs), 1.0, deviation, inputs.dtype),
            lambda: array.identity(inputs),
        )


class AlphaDropout(_Elementwise):
    """Dropout that keeps mean and variance of `selu` (TF1 symbol: `tf.keras.layers.AlphaDropout`)."""

    def __init__(self, rate: float, noise_shape: Any = None, seed: int | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.rate, self.noise_shape, self.seed = rate, noise_shape, seed

    def call(self, inputs: Any, training: Any = None) -> Tensor:
        if not 0.0 < self.rate < 1.0:
            return inputs
        training = learning_phase() if training is None else training
        low = -1.6732632423543772848170429916717 * 1.0507009873554804934193349852946

        def dropped() -> Tensor:
            shape = array.shape(inputs) if self.noise_shape is None else self.noise_shape
            kept = cast(greater_equal(random_uniform(shape, seed=self.seed), self.rate), inputs.dtype)
            scale = ((1 - self.rate) * (1 + self.rate * low**2)) ** -0.5
            return scale * (inputs * kept + low * (1 - kept)) - scale * low * self.rate

        return smart_cond(training, dropped, lambda: array.identity(inputs))


class _Attention(Configured):
    """What attention of queries to keys shares.

    Args:
        causal: whether a step sees only those before it.
        dropout: not taken here: it came with TensorFlow 2.
    """

    def __init__(self, causal: bool = False, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.causal = causal
        self.supports_masking = True

    def _scores(self, query: Any, key: Any) -> Tensor:
        raise NotImplementedError(f"{type(self).__name__} does not say what it scores: define _scores.")

    def call(self, inputs: Any, mask: Any = None) -> Tensor:
        query, value = inputs[0], inputs[1]
        key = inputs[2] if len(inputs) > 2 else value
        scores = self._scores(query, key)
        seen = None
        if mask is not None and len(mask) > 1 and mask[1] is not None:
            seen = array.expand_dims(mask[1], -2)
        if self.causal:
            from ... import matrix_band_part

            lower = cast(matrix_band_part(array.ones_like(scores), -1, 0), "bool")
            seen = lower if seen is None else logical_and(seen, lower)
        if seen is not None:
            scores = scores - 1e9 * (1.0 - cast(seen, scores.dtype))
        result = matmul(nn.softmax(scores), value)
        if mask is not None and mask[0] is not None:
            result = result * cast(array.expand_dims(mask[0], -1), result.dtype)
        return result

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        return None if mask is None else mask[0]

    def compute_output_shape(self, input_shape: Any) -> TensorShape:
        query, value = TensorShape(input_shape[0]).as_list(), TensorShape(input_shape[1]).as_list()
        return TensorShape([*query[:-1], value[-1]])


class Attention(_Attention):
    """Attention by products of queries and keys (Luong; TF1 symbol: `tf.keras.layers.Attention`)."""

    def __init__(self, use_scale: bool = False, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.use_scale = use_scale
        self.scale: Any = None

    def build(self, input_shape: Any) -> None:
        if self.use_scale:
            self.scale = self.add_weight(name="scale", shape=(), initializer="ones")
        self.built = True

    def _scores(self, query: Any, key: Any) -> Tensor:
        scores = matmul(query, key, transpose_b=True)
        return scores if self.scale is None else scores * self.scale


class AdditiveAttention(_Attention):
    """Attention by tanh of sums, as Bahdanau has it (TF1 symbol: `tf.keras.layers.AdditiveAttention`)."""

    def __init__(self, use_scale: bool = True, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.use_scale = use_scale
        self.scale: Any = None

    def build(self, input_shape: Any) -> None:
        depth = TensorShape(input_shape[1]).as_list()[-1]
        if self.use_scale:
            self.scale = self.add_weight(name="scale", shape=[depth], initializer="glorot_uniform")
        self.built = True

    def _scores(self, query: Any, key: Any) -> Tensor:
        total = tanh(array.expand_dims(query, -2) + array.expand_dims(key, -3))
        return reduce_sum(total if self.scale is None else self.scale * total, axis=-1)
