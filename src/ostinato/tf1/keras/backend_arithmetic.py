"""Functions of `tf.keras.backend` of numbers and shapes."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..ops import array, math, nn, reductions
from ..ops.core import convert_to_tensor
from ..ops.embedding import embedding_lookup
from ..ops.lists import concat
from ..ops.picking import one_hot as core_one_hot
from ..ops.picking import tile
from ..tensor import Tensor
from .backend_values import is_sparse
from .settings import floatx


def dot(x: Any, y: Any) -> Tensor:
    """The product of the last axis and the last but one (TF1 symbol: `tf.keras.backend.dot`)."""
    x, y = convert_to_tensor(x), convert_to_tensor(y)
    if (x.shape.ndims or 2) <= 2 and (y.shape.ndims or 2) <= 2:
        return math.matmul(x, y)
    from .. import tensordot

    return tensordot(x, y, [[x.shape.ndims - 1], [y.shape.ndims - 2 if y.shape.ndims > 1 else 0]])


def batch_dot(x: Any, y: Any, axes: Any = None) -> Tensor:
    """Each row's product (TF1 symbol: `tf.keras.backend.batch_dot`)."""
    from .layers.merge import batch_dot as merged

    return merged(x, y, axes)


def transpose(x: Any) -> Tensor:
    """The axes in the other order (TF1 symbol: `tf.keras.backend.transpose`)."""
    return array.transpose(x)


def permute_dimensions(x: Any, pattern: Any) -> Tensor:
    """The axes in an order (TF1 symbol: `tf.keras.backend.permute_dimensions`)."""
    return array.transpose(x, perm=list(pattern))


def gather(reference: Any, indices: Any) -> Tensor:
    """Rows by their places (TF1 symbol: `tf.keras.backend.gather`)."""
    return embedding_lookup(reference, indices)


def _reduction(reduce: Any, what: str, symbol: str) -> Any:
    def reduced(x: Any, axis: Any = None, keepdims: bool = False) -> Tensor:
        value = convert_to_tensor(x)
        if value.dtype.base_dtype.is_bool and symbol in ("sum", "mean", "prod"):
            value = math.cast(value, floatx())
        return reduce(value, axis, keepdims=keepdims)

    reduced.__name__ = symbol
    reduced.__doc__ = f"{what} (TF1 symbol: `tf.keras.backend.{symbol}`)."
    return reduced


max = _reduction(reductions.reduce_max, "The largest along axes", "max")
min = _reduction(reductions.reduce_min, "The smallest along axes", "min")
sum = _reduction(reductions.reduce_sum, "The sum along axes", "sum")
prod = _reduction(reductions.reduce_prod, "The product along axes", "prod")
mean = _reduction(reductions.reduce_mean, "The mean along axes", "mean")


def var(x: Any, axis: Any = None, keepdims: bool = False) -> Tensor:
    """The variance along axes (TF1 symbol: `tf.keras.backend.var`)."""
    value = convert_to_tensor(x)
    return mean(math.square(value - mean(value, axis, True)), axis, keepdims)


def std(x: Any, axis: Any = None, keepdims: bool = False) -> Tensor:
    """The standard deviation along axes (TF1 symbol: `tf.keras.backend.std`)."""
    return math.sqrt(var(x, axis, keepdims))


def any(x: Any, axis: Any = None, keepdims: bool = False) -> Tensor:
    """Whether any is true (TF1 symbol: `tf.keras.backend.any`)."""
    return reductions.reduce_any(math.cast(x, "bool"), axis, keepdims=keepdims)


def all(x: Any, axis: Any = None, keepdims: bool = False) -> Tensor:
    """Whether all are true (TF1 symbol: `tf.keras.backend.all`)."""
    return reductions.reduce_all(math.cast(x, "bool"), axis, keepdims=keepdims)


def logsumexp(x: Any, axis: Any = None, keepdims: bool = False) -> Tensor:
    """log(sum(exp(x))) (TF1 symbol: `tf.keras.backend.logsumexp`)."""
    top = array.stop_gradient(max(x, axis, True))
    result = math.log(sum(math.exp(x - top), axis, True)) + top
    return result if keepdims else array.squeeze(result, None if axis is None else [axis])


def argmax(x: Any, axis: int = -1) -> Tensor:
    """The place of the largest (TF1 symbol: `tf.keras.backend.argmax`)."""
    return reductions.argmax(x, axis)


def argmin(x: Any, axis: int = -1) -> Tensor:
    """The place of the smallest (TF1 symbol: `tf.keras.backend.argmin`)."""
    return reductions.argmin(x, axis)


def sqrt(x: Any) -> Tensor:
    """The root of what is not negative (TF1 symbol: `tf.keras.backend.sqrt`)."""
    return math.sqrt(math.maximum(convert_to_tensor(x), 0.0))


def pow(x: Any, a: Any) -> Tensor:
    """A power (TF1 symbol: `tf.keras.backend.pow`)."""
    return math.pow_(x, a)


def clip(x: Any, min_value: Any, max_value: Any) -> Tensor:
    """Elements held between bounds (TF1 symbol: `tf.keras.backend.clip`)."""
    low = -np.inf if min_value is None else min_value
    high = np.inf if max_value is None else max_value if min_value is None or max_value >= low else low
    return nn.clip_by_value(x, low, high)


def update(x: Any, new_x: Any) -> Any:
    """The operation that sets a variable (TF1 symbol: `tf.keras.backend.update`)."""
    return x.assign(new_x)


def update_add(x: Any, increment: Any) -> Any:
    """The operation that adds to a variable (TF1 symbol: `tf.keras.backend.update_add`)."""
    return x.assign_add(increment)


def update_sub(x: Any, decrement: Any) -> Any:
    """The operation that subtracts from a variable (TF1 symbol: `tf.keras.backend.update_sub`)."""
    return x.assign_sub(decrement)


def concatenate(tensors: Any, axis: int = -1) -> Tensor:
    """Tensors one behind the other (TF1 symbol: `tf.keras.backend.concatenate`)."""
    return concat([convert_to_tensor(item) for item in tensors], axis)


def reshape(x: Any, shape: Any) -> Tensor:
    """Another shape (TF1 symbol: `tf.keras.backend.reshape`)."""
    return array.reshape(x, shape)


def flatten(x: Any) -> Tensor:
    """One axis (TF1 symbol: `tf.keras.backend.flatten`)."""
    return array.reshape(x, [-1])


def batch_flatten(x: Any) -> Tensor:
    """Two axes (TF1 symbol: `tf.keras.backend.batch_flatten`)."""
    sizes = x.shape.as_list()[1:]
    return array.reshape(
        x, [-1, int(np.prod(sizes)) if None not in sizes else reductions.reduce_prod(array.shape(x)[1:])]
    )


def expand_dims(x: Any, axis: int = -1) -> Tensor:
    """One more axis (TF1 symbol: `tf.keras.backend.expand_dims`)."""
    return array.expand_dims(x, axis)


def squeeze(x: Any, axis: int) -> Tensor:
    """One axis less (TF1 symbol: `tf.keras.backend.squeeze`)."""
    return array.squeeze(x, [axis])


def repeat(x: Any, n: int) -> Tensor:
    """Rows n times, as sequences (TF1 symbol: `tf.keras.backend.repeat`)."""
    return tile(array.expand_dims(x, 1), [1, n, 1])


def repeat_elements(x: Any, rep: int, axis: int) -> Tensor:
    """Each element so many times along an axis (TF1 symbol: `tf.keras.backend.repeat_elements`)."""
    from .backend_images import repeated

    return repeated(x, rep, axis)


def arange(start: Any, stop: Any = None, step: int = 1, dtype: str = "int32") -> Tensor:
    """A range (TF1 symbol: `tf.keras.backend.arange`)."""
    found = math.range_(start, stop, step) if stop is not None else math.range_(start)
    return found if dtype == "int32" else math.cast(found, dtype)


def one_hot(indices: Any, num_classes: int) -> Tensor:
    """Rows with a one at their places (TF1 symbol: `tf.keras.backend.one_hot`)."""
    return core_one_hot(indices, num_classes)


abs, square, exp, log, sign, round = math.abs_, math.square, math.exp, math.log, math.sign, math.round_
sin, cos, maximum, minimum = math.sin, math.cos, math.maximum, math.minimum
equal, not_equal, greater, greater_equal = math.equal, math.not_equal, math.greater, math.greater_equal
less, less_equal = math.less, math.less_equal
stop_gradient, shape = array.stop_gradient, array.shape


def cumsum(x: Any, axis: int = 0) -> Tensor:
    """The sums so far along an axis (TF1 symbol: `tf.keras.backend.cumsum`)."""
    from .. import cumsum as found

    return found(x, axis=axis)


def cumprod(x: Any, axis: int = 0) -> Tensor:
    """The products so far along an axis (TF1 symbol: `tf.keras.backend.cumprod`)."""
    from .. import cumprod as found

    return found(x, axis=axis)


def to_dense(tensor: Any) -> Any:
    """A sparse tensor as a dense one (TF1 symbol: `tf.keras.backend.to_dense`)."""
    from .. import sparse_tensor_to_dense

    return sparse_tensor_to_dense(tensor) if is_sparse(tensor) else tensor
