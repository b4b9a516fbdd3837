"""Functions of Python run as nodes: `tf.py_func`, `tf.py_function`, `tf.numpy_function`."""

from __future__ import annotations

import itertools
import traceback
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch

from ..dtypes import as_dtype
from ..errors import InvalidArgumentError, OpError, OutOfRangeError, UnimplementedError, UnknownError
from ..graph import name_scope
from ..registry import OutputTypes, register
from ..shapes import TensorShape
from ..tensor import Operation, Tensor
from .core import convert_to_tensor, make

_TOKENS = itertools.count()
_KINDS: dict[type[BaseException], Callable[..., OpError]] = {
    ValueError: InvalidArgumentError,
    TypeError: InvalidArgumentError,
    StopIteration: OutOfRangeError,
    NotImplementedError: UnimplementedError,
}


def _given(value: Any) -> Any:
    """A tensor's value as the function gets it: an array, or a scalar of numpy's."""
    if isinstance(value, np.ndarray):
        return value.copy() if value.ndim else value.item()
    value = value.detach()
    array = (value.float() if value.dtype is torch.bfloat16 else value).cpu().numpy().copy()
    return array if array.ndim else array[()]


def _returned(value: Any) -> np.ndarray:
    if isinstance(value, torch.Tensor):
        value = value.detach().cpu().numpy()
    array = np.asarray(value)
    if array.dtype.kind in "SU" or array.dtype == object:
        text = np.empty(array.shape, dtype=object)
        flat = np.asarray(value, dtype=object).reshape(-1).tolist()
        text.reshape(-1)[:] = [item.encode() if isinstance(item, str) else item for item in flat]
        return text
    return array


def _raised(operation: Operation, problem: BaseException) -> OpError:
    if isinstance(problem, OpError):
        return problem
    kind = next((made for known, made in _KINDS.items() if isinstance(problem, known)), UnknownError)
    trace = "".join(traceback.format_exception(type(problem), problem, problem.__traceback__))
    return kind(
        None,
        operation,
        f"{type(problem).__name__}: {problem}\n{trace}\n\t [[node {operation.name} ({operation.type})]]",
    )


def _call(run: Any, operation: Operation, *values: Any) -> Any:
    attributes = operation.attributes
    wanted, token = attributes["Tout"], attributes["token"]
    try:
        given = [attributes["wrap"](_given(value)) for value in values]
        found = attributes["function"](*given)
    except Exception as problem:
        raise _raised(operation, problem) from problem
    results = list(found) if isinstance(found, (list, tuple)) else [] if found is None else [found]
    where = f"\n\t [[node {operation.name} ({operation.type})]]"
    if len(results) != len(wanted):
        raise InvalidArgumentError(
            None,
            operation,
            f"{token} returns {len(results)} values, but expects to see {len(wanted)} values.{where}",
        )
    return [
        _checked(operation, place, result, kind)
        for place, (result, kind) in enumerate(zip(results, wanted, strict=True))
    ]


def _checked(operation: Operation, place: int, result: Any, kind: str) -> Any:
    attributes, wanted = operation.attributes, as_dtype(kind)
    array = np.asarray(result, wanted.as_numpy_dtype) if attributes["converts"] else _returned(result)
    if wanted.name == "string":
        array = _returned(array)
    if (wanted.name == "string") != (array.dtype == object) or (
        wanted.name not in ("string", "bfloat16") and array.dtype != wanted.as_numpy_dtype
    ):
        try:
            name = as_dtype(array.dtype).message_name
        except TypeError:
            name = str(array.dtype)
        raise InvalidArgumentError(
            None,
            operation,
            f"{place}-th value returned by {attributes['token']} is {name}, but expects "
            f"{wanted.message_name}\n\t [[node {operation.name} ({operation.type})]]",
        )
    if array.dtype == object:
        return array
    return torch.from_numpy(np.array(array, order="C")).to(wanted.torch_dtype)


def _rule(inputs: Sequence[Tensor], attributes: dict[str, Any]) -> OutputTypes:
    return [(as_dtype(kind), TensorShape(None)) for kind in attributes["Tout"]]


for _op_type in ("PyFunc", "PyFuncStateless", "EagerPyFunc"):
    register(_op_type, _call, _rule, stateful=True, differentiable=False)


class _ArrayWithValue(np.ndarray):
    """An array that answers to `.numpy()`, as the tensors that `tf.py_function` gives a function do."""

    def numpy(self) -> np.ndarray:
        return np.asarray(self)


def _with_value(value: Any) -> Any:
    return np.asarray(value).view(_ArrayWithValue)


def _node(
    op_type: str,
    function: Callable[..., Any],
    inputs: Any,
    kinds: Any,
    name: str | None,
    wrap: Callable[[Any], Any],
    converts: bool,
) -> Any:
    if not callable(function):
        raise ValueError(f"Expected func to be callable, got func: {function!r}")
    several = isinstance(kinds, (list, tuple))
    types = [as_dtype(kind).name for kind in (kinds if several else [kinds])]
    with name_scope(name, op_type, inputs) as scope:
        tensors = [convert_to_tensor(item, name=f"input_{place}") for place, item in enumerate(inputs)]
        operation = make(
            op_type,
            tensors,
            scope,
            function=function,
            Tout=types,
            token=f"pyfunc_{next(_TOKENS)}",
            wrap=wrap,
            converts=converts,
        )
    if not types:
        return operation
    return operation.outputs if several else operation.outputs[0]


def py_func(
    func: Callable[..., Any], inp: Any, Tout: Any, stateful: bool = True, name: str | None = None
) -> Any:
    """A function of numpy arrays as a node (TF1 symbol: `tf.py_func`).

    Args:
        func: takes an array (a scalar of numpy's, or bytes, for a tensor without axes) for each input and
            gives an array, or a list of them. It is called each time that the node runs.
        inp: a list of tensors.
        Tout: the type of the result, or a list of types. What the function gives must have it: Python's
            floats are float64.
        stateful: not used: a node that something needs is run once in each run.

    Returns:
        A tensor of unknown shape, or a list of them for a list of types; gradients do not go through.

    Raises:
        tf.errors.InvalidArgumentError: where it is run: other types or another number of results, or a
            ValueError or TypeError of the function's.
        tf.errors.UnknownError: where it is run: another exception of the function's.

    >>> import numpy as np
    >>> import ostinato.tf1 as tf
    >>> with tf.Graph().as_default(), tf.Session() as session:
    ...     session.run(tf.py_func(np.sort, [[3.0, 1.0, 2.0]], tf.float32)).tolist()
    [1.0, 2.0, 3.0]
    """
    op_type = "PyFunc" if stateful else "PyFuncStateless"
    return _node(op_type, func, inp, Tout, name, _same, False)


def _same(value: Any) -> Any:
    return value


def numpy_function(func: Callable[..., Any], inp: Any, Tout: Any, name: str | None = None) -> Any:
    """The later name of `tf.py_func` (TF1 symbol: `tf.numpy_function`)."""
    return py_func(func, inp, Tout, name=name)


def py_function(func: Callable[..., Any], inp: Any, Tout: Any, name: str | None = None) -> Any:
    """As `tf.py_func`; the function's arguments have a method `numpy()` (TF1 symbol: `tf.py_function`).

    They are arrays, not TensorFlow's tensors, so that gradients do not go through; what the function gives is
    converted to the wanted types.
    """
    return _node("EagerPyFunc", func, inp, Tout, name, _with_value, True)
