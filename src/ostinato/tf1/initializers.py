"""The module `tf.initializers`: callables that make the node of a variable's initial value for a shape and a
type.

>>> import ostinato.tf1 as tf
>>> with tf.Graph().as_default(), tf.Session() as session:
...     matrix = tf.initializers.orthogonal(seed=3)([2, 2])
...     session.run(tf.matmul(matrix, matrix, transpose_b=True)).round(4).tolist()
[[1.0, 0.0], [0.0, 1.0]]
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .dtypes import DType, as_dtype, float32
from .names import absent
from .ops import array, core, linalg, slicing
from .ops import math as math_ops
from .ops import random as draws
from .shapes import as_shape
from .tensor import Tensor
from .variable_lists import global_variables_initializer, local_variables_initializer, variables_initializer


class Initializer:
    """Base of the initialisers: `initializer(shape, dtype=None, partition_info=None)` makes the node."""

    def __call__(self, shape: Any, dtype: Any = None, partition_info: Any = None) -> Tensor:
        raise NotImplementedError(
            f"{type(self).__name__} does not say what it fills a variable with: define __call__."
        )

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments, as plain values."""
        return {
            name: value.name if isinstance(value, DType) else value
            for name, value in vars(self).items()
            if not name.startswith("_")
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Any:
        """An initialiser like the one whose `get_config` gave this."""
        return cls(**config)


def float_type(dtype: Any) -> DType:
    """The type, where it is one of floats; a ValueError otherwise."""
    kind = as_dtype(dtype)
    if not kind.is_floating:
        raise ValueError(f"Expected floating point type, got {kind!r}.")
    return kind


def sizes_of_variable(shape: Any) -> list[int]:
    """The sizes of a shape, all of which are known; a ValueError otherwise."""
    sizes = as_shape(shape)
    if not sizes.is_fully_defined():
        raise ValueError(f"An initialiser needs to know the whole shape, not {sizes}.")
    return [size or 0 for size in sizes.as_list()]


def _whole(shape: Any, partition_info: Any) -> list[int]:
    """The shape of the variable that this one is a part of, if it is."""
    return sizes_of_variable(shape if partition_info is None else partition_info.full_shape)


class Zeros(Initializer):
    """Zeros (TF1 symbol: `tf.zeros_initializer`)."""

    def __init__(self, dtype: Any = float32) -> None:
        self.dtype = as_dtype(dtype)

    def __call__(self, shape: Any, dtype: Any = None, partition_info: Any = None) -> Tensor:
        return array.zeros(shape, dtype or self.dtype)


class Ones(Initializer):
    """Ones (TF1 symbol: `tf.ones_initializer`)."""

    def __init__(self, dtype: Any = float32) -> None:
        self.dtype = as_dtype(dtype)

    def __call__(self, shape: Any, dtype: Any = None, partition_info: Any = None) -> Tensor:
        return array.ones(shape, dtype or self.dtype)


class Constant(Initializer):
    """A number, or an array of as many elements as the variable (TF1 symbol: `tf.constant_initializer`)."""

    def __init__(self, value: Any = 0, dtype: Any = float32, verify_shape: bool = False) -> None:
        if not (np.isscalar(value) or isinstance(value, (list, tuple, np.ndarray))):
            raise TypeError(
                f"Invalid type for initial value: {type(value)} (expected Python scalar, list or tuple of "
                "values, or "
                "numpy.ndarray)."
            )
        self.value = value
        self.dtype = as_dtype(dtype)
        self._verify_shape = verify_shape

    def __call__(
        self, shape: Any, dtype: Any = None, partition_info: Any = None, verify_shape: bool | None = None
    ) -> Tensor:
        verify = self._verify_shape if verify_shape is None else verify_shape
        return core.constant(self.value, dtype or self.dtype, shape=shape, verify_shape=verify)


class RandomNormal(Initializer):
    """Draws from a normal distribution (TF1 symbol: `tf.random_normal_initializer`)."""

    def __init__(
        self, mean: float = 0.0, stddev: float = 1.0, seed: int | None = None, dtype: Any = float32
    ) -> None:
        self.mean, self.stddev, self.seed, self.dtype = mean, stddev, seed, float_type(dtype)

    def __call__(self, shape: Any, dtype: Any = None, partition_info: Any = None) -> Tensor:
        return draws.random_normal(shape, self.mean, self.stddev, dtype or self.dtype, seed=self.seed)


class TruncatedNormal(Initializer):
    """Draws from a normal distribution cut at two standard deviations (TF1:
    `tf.truncated_normal_initializer`).
    """

    def __init__(
        self, mean: float = 0.0, stddev: float = 1.0, seed: int | None = None, dtype: Any = float32
    ) -> None:
        self.mean, self.stddev, self.seed, self.dtype = mean, stddev, seed, float_type(dtype)

    def __call__(self, shape: Any, dtype: Any = None, partition_info: Any = None) -> Tensor:
        return draws.truncated_normal(shape, self.mean, self.stddev, dtype or self.dtype, seed=self.seed)


class RandomUniform(Initializer):
    """Draws from [minval, maxval) (TF1 symbol: `tf.random_uniform_initializer`)."""

    def __init__(
        self, minval: Any = 0, maxval: Any = None, seed: int | None = None, dtype: Any = float32
    ) -> None:
        self.minval, self.maxval, self.seed, self.dtype = minval, maxval, seed, as_dtype(dtype)

    def __call__(self, shape: Any, dtype: Any = None, partition_info: Any = None) -> Tensor:
        return draws.random_uniform(shape, self.minval, self.maxval, dtype or self.dtype, seed=self.seed)


class UniformUnitScaling(Initializer):
    """Uniform draws within factor * sqrt(3 / n), n being the product of all sizes but the last (TF1 symbol:
    `tf.uniform_unit_scaling_initializer`).

    Source: Sussillo and Abbott, "Random walk initialization for training very deep feedforward networks"
    (2014).
    """

    def __init__(self, factor: float = 1.0, seed: int | None = None, dtype: Any = float32) -> None:
        self.factor, self.seed, self.dtype = factor, seed, float_type(dtype)

    def __call__(self, shape: Any, dtype: Any = None, partition_info: Any = None) -> Tensor:
        inputs = max(1.0, float(math.prod(_whole(shape, partition_info)[:-1])))
        limit = math.sqrt(3 / inputs) * self.factor
        return draws.random_uniform(shape, -limit, limit, dtype or self.dtype, seed=self.seed)


class VarianceScaling(Initializer):
    """Draws whose variance is scale / fan (TF1 symbol: `tf.variance_scaling_initializer`).

    For a matrix fan_in is its rows and fan_out its columns, over the whole matrix.
    """

    def __init__(
        self,
        scale: float = 1.0,
        mode: str = "fan_in",
        distribution: str = "truncated_normal",
        seed: int | None = None,
        dtype: Any = float32,
    ) -> None:
        if scale <= 0.0:
            raise ValueError(f"`scale` must be positive float, not {scale}.")
        if mode not in ("fan_in", "fan_out", "fan_avg"):
            raise ValueError(f"Invalid `mode` argument: {mode}. It is fan_in, fan_out or fan_avg.")
        distribution = distribution.lower()
        if distribution not in ("normal", "uniform", "truncated_normal", "untruncated_normal"):
            raise ValueError(
                f"Invalid `distribution` argument: {distribution}. It is uniform, truncated_normal or "
                "untruncated_normal."
            )
        self.scale, self.mode, self.distribution = scale, mode, distribution
        self.seed, self.dtype = seed, float_type(dtype)

    def __call__(self, shape: Any, dtype: Any = None, partition_info: Any = None) -> Tensor:
        kind = dtype or self.dtype
        fan_in, fan_out = _fans(_whole(shape, partition_info))
        fan = {"fan_in": fan_in, "fan_out": fan_out, "fan_avg": (fan_in + fan_out) / 2}[self.mode]
        variance = self.scale / max(1.0, fan)
        if self.distribution == "uniform":
            limit = math.sqrt(3.0 * variance)
            return draws.random_uniform(shape, -limit, limit, kind, seed=self.seed)
        if self.distribution == "untruncated_normal":
            return draws.random_normal(shape, 0.0, math.sqrt(variance), kind, seed=self.seed)
        # The cut at two standard deviations narrows the distribution by this factor.
        stddev = math.sqrt(variance) / 0.87962566103423978
        return draws.truncated_normal(shape, 0.0, stddev, kind, seed=self.seed)


class GlorotUniform(VarianceScaling):
    """Uniform draws within sqrt(6 / (fan_in + fan_out)) (TF1 symbol: `tf.glorot_uniform_initializer`)."""

    def __init__(self, seed: int | None = None, dtype: Any = float32) -> None:
        super().__init__(1.0, "fan_avg", "uniform", seed, dtype)

    def get_config(self) -> dict[str, Any]:
        return {"seed": self.seed, "dtype": self.dtype.name}


class GlorotNormal(VarianceScaling):
    """Normal draws of variance 2 / (fan_in + fan_out) (TF1 symbol: `tf.glorot_normal_initializer`)."""

    def __init__(self, seed: int | None = None, dtype: Any = float32) -> None:
        super().__init__(1.0, "fan_avg", "truncated_normal", seed, dtype)

    def get_config(self) -> dict[str, Any]:
        return {"seed": self.seed, "dtype": self.dtype.name}


class Orthogonal(Initializer):
    """`gain` times a matrix whose rows, or columns where they are fewer, are orthonormal (TF1 symbol:
    `tf.orthogonal_initializer`). All axes but the last one count as rows.

    Source: Saxe, McClelland and Ganguli, "Exact solutions to the nonlinear dynamics of learning in deep
    linear neural networks" (2014).
    """

    def __init__(self, gain: float = 1.0, seed: int | None = None, dtype: Any = float32) -> None:
        self.gain, self.seed, self.dtype = gain, seed, float_type(dtype)

    def __call__(self, shape: Any, dtype: Any = None, partition_info: Any = None) -> Tensor:
        sizes = sizes_of_variable(shape)
        if len(sizes) < 2:
            raise ValueError(
                f"The tensor to initialize must be at least two-dimensional, not of shape {sizes}."
            )
        rows, columns = math.prod(sizes[:-1]), sizes[-1]
        # A tall matrix in any case: its columns are made orthonormal.
        tall = (max(rows, columns), min(rows, columns))
        q, r = linalg.qr(draws.random_normal(tall, dtype=dtype or self.dtype, seed=self.seed))
        # With these signs no orthogonal matrix is more likely than another.
        q = q * math_ops.sign(linalg.diag_part(r))
        if rows < columns:
            q = linalg.matrix_transpose(q)
        return self.gain * array.reshape(q, sizes)


class Identity(Initializer):
    """`gain` times the identity matrix (TF1 symbol: `tf.initializers.identity`)."""

    def __init__(self, gain: float = 1.0, dtype: Any = float32) -> None:
        self.gain, self.dtype = gain, float_type(dtype)

    def __call__(self, shape: Any, dtype: Any = None, partition_info: Any = None) -> Tensor:
        whole = _whole(shape, partition_info)
        if len(whole) != 2:
            raise ValueError(
                f"Identity matrix initializer can only be used for 2D matrices, not for shape {whole}."
            )
        matrix = linalg.eye(whole[0], whole[1], dtype=dtype or self.dtype)
        if partition_info is not None:
            matrix = slicing.slice_(matrix, partition_info.var_offset, shape)
        return self.gain * matrix


def lecun_normal(seed: int | None = None) -> VarianceScaling:
    """Normal draws of variance 1 / fan_in (TF1 symbol: `tf.initializers.lecun_normal`)."""
    return VarianceScaling(1.0, "fan_in", "truncated_normal", seed)


def lecun_uniform(seed: int | None = None) -> VarianceScaling:
    """Uniform draws within sqrt(3 / fan_in) (TF1 symbol: `tf.initializers.lecun_uniform`)."""
    return VarianceScaling(1.0, "fan_in", "uniform", seed)


def he_normal(seed: int | None = None) -> VarianceScaling:
    """Normal draws of variance 2 / fan_in (TF1 symbol: `tf.initializers.he_normal`)."""
    return VarianceScaling(2.0, "fan_in", "truncated_normal", seed)


def he_uniform(seed: int | None = None) -> VarianceScaling:
    """Uniform draws within sqrt(6 / fan_in) (TF1 symbol: `tf.initializers.he_uniform`)."""
    return VarianceScaling(2.0, "fan_in", "uniform", seed)


def _fans(shape: list[int]) -> tuple[float, float]:
    if not shape:
        return 1.0, 1.0
    if len(shape) == 1:
        return float(shape[0]), float(shape[0])
    receptive = math.prod(shape[:-2])
    return float(shape[-2] * receptive), float(shape[-1] * receptive)


# The names that the module has for them in TensorFlow.
constant, ones, zeros = Constant, Ones, Zeros
random_normal, random_uniform, truncated_normal = RandomNormal, RandomUniform, TruncatedNormal
glorot_normal, glorot_uniform = GlorotNormal, GlorotUniform
uniform_unit_scaling, variance_scaling = UniformUnitScaling, VarianceScaling
identity, orthogonal = Identity, Orthogonal
global_variables, local_variables = global_variables_initializer, local_variables_initializer
variables = variables_initializer

__all__ = [
    "constant",
    "global_variables",
    "glorot_normal",
    "glorot_uniform",
    "he_normal",
    "he_uniform",
    "identity",
    "lecun_normal",
    "lecun_uniform",
    "local_variables",
    "ones",
    "orthogonal",
    "random_normal",
    "random_uniform",
    "truncated_normal",
    "uniform_unit_scaling",
    "variables",
    "variance_scaling",
    "zeros",
]
__getattr__ = absent("tf.initializers", __all__)
