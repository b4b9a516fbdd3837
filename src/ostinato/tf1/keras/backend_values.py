"""Functions of `tf.keras.backend` that make and change variables, constants and random numbers."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..dtypes import as_dtype
from ..ops import array, math
from ..ops.core import constant as core_constant
from ..ops.core import convert_to_tensor
from ..ops.core import placeholder as core_placeholder
from ..ops.random import random_normal as core_random_normal
from ..ops.random import random_uniform as core_random_uniform
from ..ops.random import truncated_normal as core_truncated_normal
from ..tensor import Tensor
from ..variables import Variable
from . import session
from .settings import floatx


def variable(value: Any, dtype: Any = None, name: str | None = None, constraint: Any = None) -> Variable:
    """A variable with a value (TF1 symbol: `tf.keras.backend.variable`)."""
    kind = as_dtype(dtype or floatx())
    return Variable(
        convert_to_tensor(
            np.asarray(value, dtype=kind.as_numpy_dtype) if not isinstance(value, Tensor) else value
        ),
        dtype=kind,
        name=name,
        constraint=constraint,
        use_resource=True,
    )


def constant(value: Any, dtype: Any = None, shape: Any = None, name: str | None = None) -> Tensor:
    """A constant (TF1 symbol: `tf.keras.backend.constant`)."""
    return core_constant(value, dtype=dtype or floatx(), shape=shape, name=name or "Const")


def placeholder(
    shape: Any = None,
    ndim: int | None = None,
    dtype: Any = None,
    sparse: bool = False,
    name: str | None = None,
) -> Tensor:
    """What is to be fed (TF1 symbol: `tf.keras.backend.placeholder`)."""
    sizes = [None] * ndim if shape is None and ndim else shape
    return core_placeholder(dtype or floatx(), sizes, name=name)


def eval(x: Any) -> Any:
    """A tensor's value in Keras' session (TF1 symbol: `tf.keras.backend.eval`)."""
    return session.get_session().run(convert_to_tensor(x))


def function(inputs: Any, outputs: Any, updates: Any = None, name: str | None = None, **_: Any) -> Any:
    """A function of arrays that runs a graph (TF1 symbol: `tf.keras.backend.function`)."""
    fetched = list(outputs) if isinstance(outputs, (list, tuple)) else [outputs]
    fed = list(inputs) if isinstance(inputs, (list, tuple)) else [inputs]
    also = [item for item in updates or [] if not isinstance(item, tuple)]
    also += [item[0].assign(item[1]) for item in updates or [] if isinstance(item, tuple)]

    def run(values: Any) -> Any:
        given = list(values) if isinstance(values, (list, tuple)) else [values]
        feeds = {
            tensor: value for tensor, value in zip(fed, given, strict=True) if isinstance(tensor, Tensor)
        }
        found = session.get_session().run([fetched, also], feeds)[0]
        return found if isinstance(outputs, (list, tuple)) else found[0]

    return run


def int_shape(x: Any) -> tuple[Any, ...] | None:
    """The static shape as a tuple (TF1 symbol: `tf.keras.backend.int_shape`)."""
    return None if x.shape.ndims is None else tuple(x.shape.as_list())


def ndim(x: Any) -> int | None:
    """The rank (TF1 symbol: `tf.keras.backend.ndim`)."""
    return x.shape.ndims


def dtype(x: Any) -> str:
    """The type's name (TF1 symbol: `tf.keras.backend.dtype`)."""
    return x.dtype.base_dtype.name


def is_keras_tensor(x: Any) -> bool:
    """Whether a layer made the tensor (TF1 symbol: `tf.keras.backend.is_keras_tensor`)."""
    return hasattr(x, "_keras_history")


def is_sparse(tensor: Any) -> bool:
    """Whether a tensor is sparse (TF1 symbol: `tf.keras.backend.is_sparse`)."""
    return type(tensor).__name__ == "SparseTensor"


def cast(x: Any, dtype: Any) -> Tensor:
    """Another type (TF1 symbol: `tf.keras.backend.cast`)."""
    return math.cast(x, dtype)


def cast_to_floatx(x: Any) -> Any:
    """Keras' type of floats (TF1 symbol: `tf.keras.backend.cast_to_floatx`)."""
    return math.cast(x, floatx()) if isinstance(x, (Tensor, Variable)) else np.asarray(x, dtype=floatx())


def zeros(shape: Any, dtype: Any = None, name: str | None = None) -> Variable:
    """A variable of zeros (TF1 symbol: `tf.keras.backend.zeros`)."""
    return variable(np.zeros(shape), dtype, name)


def ones(shape: Any, dtype: Any = None, name: str | None = None) -> Variable:
    """A variable of ones (TF1 symbol: `tf.keras.backend.ones`)."""
    return variable(np.ones(shape), dtype, name)


def eye(size: int, dtype: Any = None, name: str | None = None) -> Variable:
    """A variable of an identity matrix (TF1 symbol: `tf.keras.backend.eye`)."""
    return variable(np.eye(size), dtype, name)


def zeros_like(x: Any, dtype: Any = None, name: str | None = None) -> Tensor:
    """Zeros of a tensor's shape (TF1 symbol: `tf.keras.backend.zeros_like`)."""
    return array.zeros_like(x, dtype, name)


def ones_like(x: Any, dtype: Any = None, name: str | None = None) -> Tensor:
    """Ones of a tensor's shape (TF1 symbol: `tf.keras.backend.ones_like`)."""
    return array.ones_like(x, dtype, name)


def identity(x: Any, name: str | None = None) -> Tensor:
    """A node that passes a tensor on (TF1 symbol: `tf.keras.backend.identity`)."""
    return array.identity(x, name)


def random_uniform_variable(
    shape: Any, low: float, high: float, dtype: Any = None, name: str | None = None, seed: Any = None
) -> Variable:
    """A variable of uniform draws (TF1 symbol: `tf.keras.backend.random_uniform_variable`)."""
    return Variable(
        core_random_uniform(shape, low, high, dtype or floatx(), seed=seed), name=name, use_resource=True
    )


def random_normal_variable(
    shape: Any, mean: float, scale: float, dtype: Any = None, name: str | None = None, seed: Any = None
) -> Variable:
    """A variable of normal draws (TF1 symbol: `tf.keras.backend.random_normal_variable`)."""
    return Variable(
        core_random_normal(shape, mean, scale, dtype or floatx(), seed=seed), name=name, use_resource=True
    )


def random_normal(
    shape: Any, mean: float = 0.0, stddev: float = 1.0, dtype: Any = None, seed: Any = None
) -> Tensor:
    """Normal draws (TF1 symbol: `tf.keras.backend.random_normal`)."""
    return core_random_normal(shape, mean, stddev, dtype or floatx(), seed=_seed(seed))


def random_uniform(
    shape: Any, minval: float = 0.0, maxval: float = 1.0, dtype: Any = None, seed: Any = None
) -> Tensor:
    """Uniform draws (TF1 symbol: `tf.keras.backend.random_uniform`)."""
    return core_random_uniform(shape, minval, maxval, dtype or floatx(), seed=_seed(seed))


def random_binomial(shape: Any, p: float = 0.0, dtype: Any = None, seed: Any = None) -> Tensor:
    """Ones with probability p (TF1 symbol: `tf.keras.backend.random_binomial`)."""
    draws = core_random_uniform(shape, dtype=dtype or floatx(), seed=_seed(seed))
    return math.cast(math.less_equal(draws, p), draws.dtype)


def truncated_normal(
    shape: Any, mean: float = 0.0, stddev: float = 1.0, dtype: Any = None, seed: Any = None
) -> Tensor:
    """Normal draws cut at two deviations (TF1 symbol: `tf.keras.backend.truncated_normal`)."""
    return core_truncated_normal(shape, mean, stddev, dtype or floatx(), seed=_seed(seed))


def _seed(seed: Any) -> int:
    return int(np.random.randint(10_000_000)) if seed is None else seed


def count_params(x: Any) -> int:
    """How many elements a tensor has (TF1 symbol: `tf.keras.backend.count_params`)."""
    return int(np.prod(x.shape.as_list()))
