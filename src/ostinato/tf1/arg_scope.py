"""Default arguments of functions for a stretch of code.

The functions have to say that they take part, by `add_arg_scope`.
"""

from __future__ import annotations

import contextlib
import functools
import inspect
from collections.abc import Callable, Iterator
from typing import Any

_STACK: list[dict[str, dict[str, Any]]] = [{}]
_TAKES_PART: dict[str, tuple[str, ...]] = {}


def current_arg_scope() -> dict[str, dict[str, Any]]:
    """The defaults that are in force, by function (TF1 symbol: `tf.contrib.framework.current_arg_scope`)."""
    return _STACK[-1]


def arg_scope_func_key(op: Any) -> str:
    """What stands for a function in a scope."""
    return getattr(op, "_key_op", str(op))


def has_arg_scope(func: Any) -> bool:
    """Whether a function takes part (TF1 symbol: `tf.contrib.framework.has_arg_scope`)."""
    return arg_scope_func_key(func) in _TAKES_PART


def arg_scoped_arguments(func: Any) -> tuple[str, ...]:
    """The names of the arguments that a scope can set (TF1: `tf.contrib.framework.arg_scoped_arguments`)."""
    if not has_arg_scope(func):
        raise AssertionError(f"{func} is not decorated with @add_arg_scope")
    return _TAKES_PART[arg_scope_func_key(func)]


@contextlib.contextmanager
def arg_scope(list_ops_or_scope: Any, **kwargs: Any) -> Iterator[dict[str, dict[str, Any]]]:
    """Context in which functions have other defaults (TF1 symbol: `tf.contrib.framework.arg_scope`).

    Args:
        list_ops_or_scope: the functions, or a scope that was captured before, to have it again.
        kwargs: the defaults.

    Raises:
        ValueError: keywords beside a captured scope, or a function that does not take part.
        TypeError: neither a list nor a scope.

    >>> @add_arg_scope
    ... def scaled(x, factor=1):
    ...     return x * factor
    >>> with arg_scope([scaled], factor=3):
    ...     scaled(2), scaled(2, factor=5)
    (6, 10)
    """
    if isinstance(list_ops_or_scope, dict):
        if kwargs:
            raise ValueError(
                "When attempting to re-use a scope by suppling a dictionary, kwargs must be empty."
            )
        scope = dict(list_ops_or_scope)
    else:
        if not isinstance(list_ops_or_scope, (list, tuple)):
            raise TypeError("list_ops_or_scope must either be a list/tuple or reused scope (i.e. dict)")
        scope = dict(current_arg_scope())
        for op in list_ops_or_scope:
            if not has_arg_scope(op):
                raise ValueError(f"{(op.__module__, op.__name__)} is not decorated with @add_arg_scope")
            key = arg_scope_func_key(op)
            scope[key] = {**scope.get(key, {}), **kwargs}
    _STACK.append(scope)
    try:
        yield scope
    finally:
        _STACK.pop()


def add_arg_scope(func: Callable[..., Any]) -> Callable[..., Any]:
    """Have a function take part in scopes of arguments (TF1 symbol: `tf.contrib.framework.add_arg_scope`)."""

    @functools.wraps(func)
    def with_defaults(*args: Any, **kwargs: Any) -> Any:
        return func(*args, **{**current_arg_scope().get(key, {}), **kwargs})

    key = arg_scope_func_key(func)
    _TAKES_PART[key] = tuple(
        name for name, item in inspect.signature(func).parameters.items() if item.default is not item.empty
    )
    with_defaults._key_op = key  # type: ignore[attr-defined]
    return with_defaults
