"""Checks of values and of static shapes and types (TF1 symbols: `tf.assert_equal` and its kind).

What is known while the graph is built is checked then; the rest by an `Assert` node, which runs where
something waits for it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from . import registry
from .dtypes import as_dtype, int32
from .errors import InvalidArgumentError
from .graph import name_scope
from .ops import math
from .ops.array import rank as rank_of
from .ops.array import reshape
from .ops.array import shape as shape_of
from .ops.asserting import assert_
from .ops.control import no_op, with_dependencies
from .ops.core import convert_to_tensor
from .ops.reductions import reduce_all
from .tensor import Operation, Tensor


def _shown(item: Any) -> str:
    value = registry.constant_value(item) if isinstance(item, Tensor) else None
    return str(item if value is None else value)


def _binary(
    op_name: str, symbol: str, compare: Callable[..., Tensor], compare_values: Callable[..., Any]
) -> Callable[..., Operation]:
    def check(
        x: Any,
        y: Any,
        data: Sequence[Any] | None = None,
        summarize: int | None = None,
        message: str | None = None,
        name: str | None = None,
    ) -> Operation:
        with name_scope(name, op_name):
            x = convert_to_tensor(x, name="x")
            y = convert_to_tensor(y, name="y")
            if data is None:
                data = [
                    f"Condition x {symbol} y did not hold element-wise:",
                    f"x ({x.name}) = ",
                    x,
                    f"y ({y.name}) = ",
                    y,
                ]
            if message is not None:
                data = [message, *data]
            holds = reduce_all(compare(x, y))
            known, other = registry.constant_value(x), registry.constant_value(y)
            if known is not None and other is not None and not np.all(compare_values(known, other)):
                raise InvalidArgumentError(None, None, "\n".join(_shown(item) for item in data))
            return assert_(holds, data, summarize=summarize)

    check.__name__ = check.__qualname__ = op_name
    check.__doc__ = f"""Check that x {symbol} y in each element (TF1 symbol: `tf.{op_name}`).

    Raises:
        tf.errors.InvalidArgumentError: it does not: at once where both are constants, else in a run.
    """
    return check


assert_less = _binary("assert_less", "<", math.less, np.less)
assert_less_equal = _binary("assert_less_equal", "<=", math.less_equal, np.less_equal)
assert_greater = _binary("assert_greater", ">", math.greater, np.greater)
assert_greater_equal = _binary("assert_greater_equal", ">=", math.greater_equal, np.greater_equal)
assert_none_equal = _binary("assert_none_equal", "!=", math.not_equal, np.not_equal)
_assert_equal = _binary("assert_equal", "==", math.equal, np.equal)


def assert_equal(
    x: Any,
    y: Any,
    data: Sequence[Any] | None = None,
    summarize: int | None = None,
    message: str | None = None,
    name: str | None = None,
) -> Operation:
    """Check that x == y in each element (TF1 symbol: `tf.assert_equal`).

    Raises:
        tf.errors.InvalidArgumentError: it does not: at once where both are constants, else in a run.

    >>> import ostinato.tf1 as tf
    >>> with tf.Graph().as_default(), tf.Session() as session:
    ...     x = tf.placeholder(tf.int32, [])
    ...     with tf.control_dependencies([tf.assert_equal(x, 2)]):
    ...         session.run(x + 1, {x: 2}).item()
    3
    """
    with name_scope(name, "assert_equal"):  # entered twice, as TensorFlow does: names show it
        if x is y:
            return no_op()
    return _assert_equal(x, y, data, summarize, message, name)


def _against_zero(op_name: str, symbol: str, compare: Callable[..., Operation]) -> Callable[..., Operation]:
    def check(
        x: Any,
        data: Sequence[Any] | None = None,
        summarize: int | None = None,
        message: str | None = None,
        name: str | None = None,
    ) -> Operation:
        with name_scope(name, op_name):
            x = convert_to_tensor(x, name="x")
            if data is None:
                condition = f"Condition x {symbol} 0 did not hold element-wise:"
                data = [message or "", condition, f"x ({x.name}) = ", x]
            zero = convert_to_tensor(0, x.dtype.base_dtype)
            sides = (zero, x) if symbol.startswith(">") else (x, zero)
            return compare(*sides, data=data, summarize=summarize)

    check.__name__ = check.__qualname__ = op_name
    check.__doc__ = f"""Check that each element is {symbol} 0 (TF1 symbol: `tf.{op_name}`).

    Raises:
        tf.errors.InvalidArgumentError: one is not: at once where x is a constant, else in a run.
    """
    return check


assert_negative = _against_zero("assert_negative", "<", assert_less)
assert_positive = _against_zero("assert_positive", ">", assert_less)
assert_non_negative = _against_zero("assert_non_negative", ">=", assert_less_equal)
assert_non_positive = _against_zero("assert_non_positive", "<=", assert_less_equal)


def assert_near(
    x: Any,
    y: Any,
    rtol: Any = None,
    atol: Any = None,
    data: Sequence[Any] | None = None,
    summarize: int | None = None,
    message: str | None = None,
    name: str | None = None,
) -> Operation:
    """Check that |x - y| < atol + rtol |y| in each element (TF1 symbol: `tf.assert_near`); both are ten times
    the type's precision unless given.
    """
    with name_scope(name, "assert_near"):
        x = convert_to_tensor(x, name="x")
        y = convert_to_tensor(y, x.dtype.base_dtype, name="y")
        precision = 10 * np.finfo(x.dtype.as_numpy_dtype).eps
        relative, absolute = (
            convert_to_tensor(precision if given is None else given, x.dtype.base_dtype, name=which)
            for which, given in (("rtol", rtol), ("atol", atol))
        )
        if data is None:
            tolerances = f"x and y not equal to tolerance rtol = {relative}, atol = {absolute}"
            data = [message or "", tolerances, f"x ({x.name}) = ", x, f"y ({y.name}) = ", y]
        bound = absolute + relative * math.abs_(y)
        return assert_(reduce_all(math.less(math.abs_(x - y), bound)), data, summarize=summarize)


def _check_rank(
    x: Tensor,
    ranks: Sequence[Tensor],
    holds: Callable[[int, Sequence[int]], bool],
    holds_at_run: Callable[[Tensor], Tensor],
    words: str,
    wanted: Callable[[Sequence[int]], str],
    data: Sequence[Any] | None,
    summarize: int | None,
    message: str,
) -> Operation:
    for rank in ranks:
        assert_type(rank, int32)
    known = [registry.constant_value(rank) for rank in ranks]
    values = [value for value in known if value is not None]
    if len(values) == len(known):
        if any(value.ndim for value in values):
            raise ValueError("Rank must be a scalar.")
        if x.shape.ndims is not None:
            numbers = [int(value) for value in values]
            if not holds(x.shape.ndims, numbers):
                raise ValueError(
                    f"{message}.  Tensor {x.name} must have {words} {wanted(numbers)}.  Received rank "
                    f"{x.shape.ndims}, shape {x.shape}"
                )
            return no_op(name="static_checks_determined_all_ok")
    if data is None:
        data = [message, f"Tensor {x.name} must have {words}", *ranks, "Received shape: ", shape_of(x)]
    condition = holds_at_run(rank_of(x))
    for rank, value in zip(ranks, known, strict=True):
        if value is None:
            check = assert_rank(rank, 0, data=["Rank must be a scalar. Received rank: ", rank])
            condition = with_dependencies([check], condition)
    return assert_(condition, data, summarize=summarize)


def assert_rank(
    x: Any,
    rank: Any,
    data: Sequence[Any] | None = None,
    summarize: int | None = None,
    message: str | None = None,
    name: str | None = None,
) -> Operation:
    """Check the number of axes (TF1 symbol: `tf.assert_rank`).

    Raises:
        ValueError: it is known and another.
        tf.errors.InvalidArgumentError: it is another in a run.
    """
    with name_scope(name, "assert_rank"):
        x, wanted = convert_to_tensor(x, name="x"), convert_to_tensor(rank, name="rank")
        return _check_rank(
            x,
            [wanted],
            lambda actual, given: actual == given[0],
            lambda actual: math.equal(actual, wanted),
            "rank",
            lambda given: str(given[0]),
            data,
            summarize,
            message or "",
        )


def assert_rank_at_least(
    x: Any,
    rank: Any,
    data: Sequence[Any] | None = None,
    summarize: int | None = None,
    message: str | None = None,
    name: str | None = None,
) -> Operation:
    """Check that there are so many axes or more (TF1 symbol: `tf.assert_rank_at_least`)."""
    with name_scope(name, "assert_rank_at_least"):
        x, wanted = convert_to_tensor(x, name="x"), convert_to_tensor(rank, name="rank")
        return _check_rank(
            x,
            [wanted],
            lambda actual, given: actual >= given[0],
            lambda actual: math.greater_equal(actual, wanted),
            "rank at least",
            lambda given: str(given[0]),
            data,
            summarize,
            message or "",
        )


def assert_rank_in(
    x: Any,
    ranks: Sequence[Any],
    data: Sequence[Any] | None = None,
    summarize: int | None = None,
    message: str | None = None,
    name: str | None = None,
) -> Operation:
    """Check that the number of axes is one of several (TF1 symbol: `tf.assert_rank_in`)."""
    with name_scope(name, "assert_rank_in"):
        x = convert_to_tensor(x, name="x")
        wanted = [convert_to_tensor(rank, name="rank") for rank in ranks]

        def any_of(actual: Tensor) -> Tensor:
            found = convert_to_tensor(False)
            for rank in wanted:
                found = math.logical_or(found, math.equal(rank, actual))
            return found

        return _check_rank(
            x,
            wanted,
            lambda actual, given: actual in given,
            any_of,
            "rank in",
            lambda given: f"({', '.join(map(str, given))})",
            data,
            summarize,
            message or "",
        )


def assert_integer(x: Any, message: str | None = None, name: str | None = None) -> Operation:
    """Check that a tensor is of an integer type (TF1 symbol: `tf.assert_integer`); else a TypeError."""
    with name_scope(name, "assert_integer"):
        x = convert_to_tensor(x, name="x")
        if not x.dtype.is_integer:
            raise TypeError(
                f'{message or ""}  Expected "x" to be integer type.  Found: {x.name} of dtype {x.dtype!r}'
            )
        return no_op("statically_determined_was_integer")


def assert_type(tensor: Any, tf_type: Any, message: str | None = None, name: str | None = None) -> Operation:
    """Check the type of a tensor (TF1 symbol: `tf.assert_type`); else a TypeError."""
    with name_scope(name, "assert_type"):
        tensor = convert_to_tensor(tensor, name="tensor")
        if tensor.dtype.base_dtype is not as_dtype(tf_type).base_dtype:
            raise TypeError(f"{message or ''}  {tensor.name} must be of type {as_dtype(tf_type)}")
        return no_op("statically_determined_correct_type")


def assert_scalar(tensor: Any, name: str | None = None, message: str | None = None) -> Tensor:
    """The tensor, which has to be a known scalar, else a ValueError (TF1 symbol: `tf.assert_scalar`)."""
    with name_scope(name, "assert_scalar") as scope:
        tensor = convert_to_tensor(tensor, name=scope)
        if tensor.shape.ndims != 0:
            raise ValueError(
                f"{message or ''}Expected scalar shape for {tensor.name}, saw shape: {tensor.shape}."
            )
        return tensor


def assert_proper_iterable(values: Any) -> None:
    """Check that something is a list or the like, and no tensor, array or text (TF1 symbol:
    `tf.assert_proper_iterable`); else a TypeError.
    """
    if isinstance(values, (Tensor, np.ndarray, str, bytes)):
        raise TypeError(f'Expected argument "values" to be a "proper" iterable.  Found: {type(values)}')
    if not hasattr(values, "__iter__"):
        raise TypeError(f'Expected argument "values" to be iterable.  Found: {type(values)}')


def is_numeric_tensor(tensor: Any) -> bool:
    """Whether something is a tensor of numbers (TF1 symbol: `tf.is_numeric_tensor`)."""
    return isinstance(tensor, Tensor) and (
        tensor.dtype.is_floating or tensor.dtype.is_integer or tensor.dtype.is_complex
    )


def _differences(x: Any) -> Tensor:
    x = convert_to_tensor(x, name="x")
    if not is_numeric_tensor(x):
        raise TypeError(f"Expected x to be numeric, instead found: {x}")
    flat = reshape(x, [-1])
    return flat[1:] - flat[:-1]


def is_non_decreasing(x: Any, name: str | None = None) -> Tensor:
    """Whether no element is less than the one before it (TF1 symbol: `tf.is_non_decreasing`)."""
    with name_scope(name, "is_non_decreasing"):
        steps = _differences(x)
        return reduce_all(math.less_equal(convert_to_tensor(0, steps.dtype), steps))


def is_strictly_increasing(x: Any, name: str | None = None) -> Tensor:
    """Whether each element is greater than the one before it (TF1 symbol: `tf.is_strictly_increasing`)."""
    with name_scope(name, "is_strictly_increasing"):
        steps = _differences(x)
        return reduce_all(math.less(convert_to_tensor(0, steps.dtype), steps))
