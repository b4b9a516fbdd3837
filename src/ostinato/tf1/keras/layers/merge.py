"""Several tensors as one: sums, products, concatenations."""

from __future__ import annotations

import functools
import operator
from typing import Any

from ...ops import array
from ...ops.lists import concat
from ...ops.math import cast, logical_and, matmul, maximum, minimum, rsqrt, square
from ...ops.math import maximum as highest
from ...ops.reductions import reduce_all, reduce_sum
from ...shapes import TensorShape
from ...tensor import Tensor
from .configured import Configured


class _Merge(Configured):
    """A function of several tensors, which broadcast against each other."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.supports_masking = True

    def _merge_function(self, inputs: list[Any]) -> Any:
        raise NotImplementedError(
            f"{type(self).__name__} does not say how it merges: define _merge_function."
        )

    def build(self, input_shape: Any) -> None:
        if not isinstance(input_shape, list) or len(input_shape) < 2:
            raise ValueError(
                "A merge layer should be called on a list of at least 2 inputs. Got "
                f"{len(input_shape) if isinstance(input_shape, list) else 1} inputs."
            )
        self.built = True

    def call(self, inputs: Any) -> Any:
        if not isinstance(inputs, (list, tuple)):
            raise ValueError("A merge layer should be called on a list of inputs.")
        rank = max(item.shape.ndims for item in inputs)
        spread = []
        for item in inputs:
            for _ in range(rank - item.shape.ndims):  # behind the axis of the batch
                item = array.expand_dims(item, 1)
            spread.append(item)
        return self._merge_function(spread)

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        masks = [item for item in mask or [] if item is not None]
        return functools.reduce(logical_and, masks) if masks else None


class Add(_Merge):
    """The sum (TF1 symbol: `tf.keras.layers.Add`)."""

    def _merge_function(self, inputs: list[Any]) -> Any:
        return functools.reduce(operator.add, inputs)


class Subtract(_Merge):
    """The difference of two (TF1 symbol: `tf.keras.layers.Subtract`)."""

    def _merge_function(self, inputs: list[Any]) -> Any:
        if len(inputs) != 2:
            raise ValueError("A `Subtract` layer should be called on exactly 2 inputs")
        return inputs[0] - inputs[1]


class Multiply(_Merge):
    """The product (TF1 symbol: `tf.keras.layers.Multiply`)."""

    def _merge_function(self, inputs: list[Any]) -> Any:
        return functools.reduce(operator.mul, inputs)


class Average(_Merge):
    """The mean (TF1 symbol: `tf.keras.layers.Average`)."""

    def _merge_function(self, inputs: list[Any]) -> Any:
        return functools.reduce(operator.add, inputs) / len(inputs)


class Maximum(_Merge):
    """The largest (TF1 symbol: `tf.keras.layers.Maximum`)."""

    def _merge_function(self, inputs: list[Any]) -> Any:
        return functools.reduce(maximum, inputs)


class Minimum(_Merge):
    """The smallest (TF1 symbol: `tf.keras.layers.Minimum`)."""

    def _merge_function(self, inputs: list[Any]) -> Any:
        return functools.reduce(minimum, inputs)


def _may_be_one(shapes: Any) -> bool:
    """Whether shapes of the same length agree wherever they are known."""
    return all(len({size for size in sizes if size is not None}) < 2 for sizes in zip(*shapes, strict=False))


class Concatenate(_Merge):
    """One behind the other along an axis (TF1 symbol: `tf.keras.layers.Concatenate`)."""

    def __init__(self, axis: int = -1, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.axis = axis

    def build(self, input_shape: Any) -> None:
        shapes = [TensorShape(shape) for shape in input_shape] if isinstance(input_shape, list) else []
        if len(shapes) < 2:
            raise ValueError("A `Concatenate` layer should be called on a list of at least 2 inputs")
        known = [shape.as_list() for shape in shapes if shape.ndims is not None]
        others = [[*sizes] for sizes in known]
        for sizes in others:
            del sizes[self.axis]
        if len({len(sizes) for sizes in known}) > 1 or not _may_be_one(others):
            raise ValueError(
                "A `Concatenate` layer requires inputs with matching shapes except for the concat axis. "
                f"Got inputs shapes: {[tuple(sizes) for sizes in known]}"
            )
        super().build(input_shape)

    def call(self, inputs: Any) -> Tensor:
        return concat(list(inputs), self.axis)

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        if mask is None or all(item is None for item in mask):
            return None
        parts = []
        for item, own in zip(inputs, mask, strict=True):
            if own is None:
                parts.append(cast(array.ones_like(item), "bool"))
            elif len(own.shape) < len(item.shape):
                parts.append(array.expand_dims(own, -1))
            else:
                parts.append(own)
        return reduce_all(concat(parts, self.axis), axis=-1)

    def compute_output_shape(self, input_shape: Any) -> TensorShape:
        shapes = [TensorShape(item).as_list() for item in input_shape]
        sizes = [item[self.axis] for item in shapes]
        shapes[0][self.axis] = None if None in sizes else sum(size or 0 for size in sizes)
        return TensorShape(shapes[0])


def batch_dot(x: Any, y: Any, axes: Any = None) -> Tensor:
    """Each row's product over some axes (TF1 symbol: `tf.keras.backend.batch_dot`)."""
    first, second = (
        (axes, axes) if isinstance(axes, int) else axes or (x.shape.ndims - 1, max(1, y.shape.ndims - 2))
    )
    ranks = x.shape.ndims, y.shape.ndims
    if ranks == (2, 2):
        return reduce_sum(x * y, 1, keepdims=True)
    left = array.expand_dims(x, 1) if ranks[0] == 2 else x
    right = array.expand_dims(y, -1) if ranks[1] == 2 else y
    at_the_end = ranks[0] == 2 or first == ranks[0] - 1
    result = matmul(
        left, right, transpose_a=not at_the_end, transpose_b=ranks[1] > 2 and second == ranks[1] - 1
    )
    if ranks[0] == 2:
        result = array.squeeze(result, [1])
    return array.squeeze(result, [-1]) if ranks[1] == 2 else result


class Dot(_Merge):
    """Each row's product over some axes (TF1 symbol: `tf.keras.layers.Dot`)."""

    def __init__(self, axes: Any, normalize: bool = False, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.axes, self.normalize = axes, normalize

    def call(self, inputs: Any) -> Tensor:
        if len(inputs) != 2:
            raise ValueError("A `Dot` layer should be called on exactly 2 inputs")
        x, y = inputs
        first, second = (self.axes, self.axes) if isinstance(self.axes, int) else self.axes
        first, second = first % x.shape.ndims, second % y.shape.ndims
        if self.normalize:
            x, y = (
                item * rsqrt(highest(reduce_sum(square(item), axis, keepdims=True), 1e-12))
                for item, axis in ((x, first), (y, second))
            )
        return batch_dot(x, y, (first, second))

    def compute_mask(self, inputs: Any, mask: Any = None) -> None:
        return None


def _function(kind: Any, what: str) -> Any:
    def merged(inputs: Any, **kwargs: Any) -> Any:
        return kind(**kwargs)(inputs)

    merged.__name__ = what
    merged.__doc__ = f"`{kind.__name__}` of a list of tensors (TF1 symbol: `tf.keras.layers.{what}`)."
    return merged


add, subtract, multiply = (
    _function(Add, "add"),
    _function(Subtract, "subtract"),
    _function(Multiply, "multiply"),
)
average, maximum_, minimum_ = (
    _function(Average, "average"),
    _function(Maximum, "maximum"),
    _function(Minimum, "minimum"),
)


def concatenate(inputs: Any, axis: int = -1, **kwargs: Any) -> Any:
    """`Concatenate` of a list of tensors (TF1 symbol: `tf.keras.layers.concatenate`)."""
    return Concatenate(axis=axis, **kwargs)(inputs)


def dot(inputs: Any, axes: Any, normalize: bool = False, **kwargs: Any) -> Any:
    """`Dot` of two tensors (TF1 symbol: `tf.keras.layers.dot`)."""
    return Dot(axes=axes, normalize=normalize, **kwargs)(inputs)
