"""The linear maps of TensorFlow 1's internal modules, which cells of people's own are often built from."""

from __future__ import annotations

import contextlib
from typing import Any

from . import variable_scope as vs
from .initializers import Constant
from .ops import lists, nn
from .ops.core import convert_to_tensor
from .ops.math import matmul
from .tensor import Tensor


class Linear:
    """args @ kernel + bias, with variables `kernel` and `bias` in the scope in which it is made (TF1 symbol:
    `tensorflow.contrib.rnn.python.ops.core_rnn_cell._Linear`).

    Args:
        args: a tensor `[batch, n]`, or a list of such, taken side by side.
        output_size: the width of the result.
        build_bias: whether there is a bias.
        bias_initializer, kernel_initializer: None is zeros, and the scope's.

    Raises:
        ValueError: no args, or args of another rank or of unknown width.

    >>> import ostinato.tf1 as tf
    >>> from ostinato.tf1.linear import Linear
    >>> with tf.Graph().as_default():
    ...     args = [tf.ones([2, 3]), tf.ones([2, 4])]
    ...     Linear(args, 5, True)(args).shape.as_list(), [v.name for v in tf.global_variables()]
    ([2, 5], ['kernel:0', 'bias:0'])
    """

    def __init__(
        self,
        args: Any,
        output_size: int,
        build_bias: bool,
        bias_initializer: Any = None,
        kernel_initializer: Any = None,
    ) -> None:
        tensors = _as_list(args)
        dtype = tensors[0].dtype.base_dtype
        with vs.variable_scope(vs.get_variable_scope()) as outer:
            width = sum(tensor.shape[1].value or 0 for tensor in tensors)
            self._weights = vs.get_variable(
                "kernel", [width, output_size], dtype, initializer=kernel_initializer
            )
            self._biases = None
            if build_bias:
                with vs.variable_scope(outer) as inner:
                    inner.set_partitioner(None)
                    initializer = Constant(0.0) if bias_initializer is None else bias_initializer
                    self._biases = vs.get_variable("bias", [output_size], dtype, initializer=initializer)

    def __call__(self, args: Any) -> Tensor:
        tensors = _as_list(args)
        joined = tensors[0] if len(tensors) == 1 else lists.concat(tensors, 1)
        product = matmul(joined, self._weights)
        return product if self._biases is None else nn.bias_add(product, self._biases)


def linear(
    args: Any,
    output_size: int,
    bias: bool,
    bias_initializer: Any = None,
    kernel_initializer: Any = None,
    *,
    bias_start: float | None = None,
    scope: Any = None,
) -> Tensor:
    """A `Linear` made and called (TF1 symbol: `tensorflow.contrib.rnn.python.ops.core_rnn_cell._linear`).

    `bias_start`, a number in the place of `bias_initializer`, and `scope` are of TensorFlow before 1.2.
    """
    start = bias_initializer if bias_start is None else bias_start
    if isinstance(start, (int, float)):
        start = Constant(float(start))
    with contextlib.nullcontext() if scope is None else vs.variable_scope(scope):
        return Linear(args, output_size, bias, start, kernel_initializer)(args)


def _as_list(args: Any) -> list[Tensor]:
    if args is None or (isinstance(args, (list, tuple)) and not args):
        raise ValueError("`args` must be specified")
    tensors = [convert_to_tensor(arg) for arg in (args if isinstance(args, (list, tuple)) else [args])]
    for tensor in tensors:
        if tensor.shape.ndims != 2:
            shapes = [str(each.shape) for each in tensors]
            raise ValueError(f"linear is expecting 2D arguments: {shapes}")
        if tensor.shape[1].value is None:
            raise ValueError(
                f"linear expects shape[1] to be provided for shape {tensor.shape}, but saw {tensor.shape[1]}"
            )
    return tensors
