"""numpy's functions of a tensor. Before 1.14 numpy took a tensor for an object, whose operators it asked for
what `np.square`, `np.add` and the like are; scripts say `np.square(x - mean)`. So it is here. The functions
that no operator is, such as `np.exp`, have no value to compute with, and say so.

>>> import numpy as np
>>> import ostinato.tf1 as tf
>>> with tf.Graph().as_default(), tf.Session() as session:
...     session.run(np.square(tf.constant([1.0, 3.0])) + 1.0).tolist()
[2.0, 10.0]
"""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from ..tensor import Tensor
from .array import ones_like, zeros_like

_OPERATORS: dict[Any, tuple[str, str]] = {
    np.add: ("__add__", "__radd__"),
    np.subtract: ("__sub__", "__rsub__"),
    np.multiply: ("__mul__", "__rmul__"),
    np.true_divide: ("__truediv__", "__rtruediv__"),
    np.floor_divide: ("__floordiv__", "__rfloordiv__"),
    np.remainder: ("__mod__", "__rmod__"),
    np.power: ("__pow__", "__rpow__"),
    np.matmul: ("__matmul__", "__rmatmul__"),
    np.bitwise_and: ("__and__", "__rand__"),
    np.bitwise_or: ("__or__", "__ror__"),
    np.bitwise_xor: ("__xor__", "__rxor__"),
    np.less: ("__lt__", "__gt__"),
    np.less_equal: ("__le__", "__ge__"),
    np.greater: ("__gt__", "__lt__"),
    np.greater_equal: ("__ge__", "__le__"),
    np.negative: ("__neg__", ""),
    np.absolute: ("__abs__", ""),
    np.invert: ("__invert__", ""),
}
_LIKE = {np.ones_like: ones_like, np.zeros_like: zeros_like}


def elementwise(tensor: Tensor, function: Any, method: str, *inputs: Any, **options: Any) -> Any:
    """A universal function: the operator that it is. Python's operators with an array come here too."""
    if method == "__call__" and not options:
        if function in (np.equal, np.not_equal):  # of identities, as `==` is
            return (inputs[0] is inputs[1]) is (function is np.equal)
        if function is np.square:
            return operator.mul(*inputs, *inputs)
        forward, reflected = _OPERATORS.get(function, ("", ""))
        first = inputs[0]
        if forward and not isinstance(first, (np.ndarray, np.generic)):
            return getattr(operator, forward)(*inputs)
        if reflected:
            return getattr(inputs[1], reflected)(first)
    return tensor.__array__()


def other(function: Any, inputs: Any, options: Any) -> Any:
    """Any other function: of ones or zeros a tensor; the rest as if the tensor had no say in it."""
    if function in _LIKE and len(inputs) == 1 and not options:
        return _LIKE[function](inputs[0])
    return function._implementation(*inputs, **options)
