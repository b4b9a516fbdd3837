"""Small functions at the top of `tf` that ask or tell how TensorFlow behaves."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from .dtypes import as_dtype, float32
from .graph import get_default_graph, name_scope
from .indexed_slices import IndexedSlices
from .ops import array, lists
from .ops.core import convert_to_tensor
from .ops.math import cast, minimum, range_, rsqrt
from .ops.reductions import reduce_sum
from .sparse_tensor import SparseTensor
from .tensor import Tensor


def executing_eagerly() -> bool:
    """False: operations are nodes of a graph (TF1 symbol: `tf.executing_eagerly`)."""
    return False


def control_flow_v2_enabled() -> bool:
    """False: loops have TensorFlow 1's nodes (TF1 symbol: `tf.control_flow_v2_enabled`)."""
    return False


def disable_control_flow_v2() -> None:
    """Nothing to do: this is TensorFlow 1's behaviour (TF1 symbol: `tf.disable_control_flow_v2`)."""


disable_tensor_equality = disable_v2_tensorshape = disable_control_flow_v2


def no_gradient(op_type: str) -> None:
    """Say that an operation of one's own has no gradient (TF1 symbol: `tf.no_gradient`)."""
    if not isinstance(op_type, str):
        raise TypeError("op_type must be a string")


NoGradient = NotDifferentiable = no_gradient


def is_tensor(x: Any) -> bool:
    """Whether a value is a tensor, sparse or not, or a variable (TF1 symbol: `tf.is_tensor`)."""
    return isinstance(x, (Tensor, SparseTensor, IndexedSlices)) or hasattr(x, "_to_tensor")


@contextmanager
def container(container_name: str) -> Iterator[str]:
    """A scope for names of queues and readers, which are a session's here (TF1 symbol: `tf.container`)."""
    yield container_name


@contextmanager
def init_scope() -> Iterator[None]:
    """A scope that lifts nodes out of loops and branches (TF1 symbol: `tf.init_scope`)."""
    graph = get_default_graph()
    while graph.outer is not None:
        graph = graph.outer
    with graph.as_default(), graph.control_dependencies(None):
        yield


def guarantee_const(input: Any, name: str | None = None) -> Tensor:
    """The tensor, which is told to be constant (TF1 symbol: `tf.guarantee_const`)."""
    return array.identity(input, name or "GuaranteeConst")


def grad_pass_through(f: Callable[..., Any]) -> Callable[..., Any]:
    """A function whose gradient is that of its argument (TF1 symbol: `tf.grad_pass_through`)."""

    def passed(x: Any) -> Tensor:
        x = convert_to_tensor(x)
        return x + array.stop_gradient(f(x) - x)

    return passed


def parallel_stack(values: Sequence[Any], name: str = "parallel_stack") -> Tensor:
    """Tensors of one known shape along a new first axis (TF1 symbol: `tf.parallel_stack`)."""
    return lists.stack(values, name=name)


def clip_by_average_norm(t: Any, clip_norm: Any, name: str | None = None) -> Tensor:
    """The tensor scaled down so that its norm by its size is a limit (TF1: `tf.clip_by_average_norm`)."""
    with name_scope(name, "clip_by_average_norm", [t, clip_norm]) as scope:
        x = convert_to_tensor(t, name="t")
        elements = cast(array.size(x), float32)
        inverse = rsqrt(reduce_sum(x * x, range_(array.rank(x))))
        return array.identity(x * clip_norm * minimum(inverse * elements, 1.0 / clip_norm), name=scope)


def assert_same_float_dtype(tensors: Any = None, dtype: Any = None) -> Any:
    """The one type of floats that tensors have, float32 where there is none.

    TF1 symbol: `tf.assert_same_float_dtype`.

    Raises:
        ValueError: types that differ, or that are no floats.
    """
    wanted = None if dtype is None else as_dtype(dtype).base_dtype
    for tensor in tensors or ():
        if wanted is None:
            wanted = tensor.dtype.base_dtype
        elif tensor.dtype.base_dtype is not wanted:
            raise ValueError(
                f"Tensor type mismatch: {tensor.name} is {tensor.dtype.base_dtype.name}, not {wanted.name}."
            )
    if wanted is not None and not wanted.is_floating:
        raise ValueError(f"Expected floating point type, got {wanted.name}.")
    return wanted or float32
