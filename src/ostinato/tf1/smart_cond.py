"""A branch that is taken where the graph is made, if its predicate is known there."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .control_flow import cond
from .registry import constant_value
from .tensor import Tensor
from .variables import Variable


def smart_constant_value(pred: Any) -> bool | None:
    """A predicate's value where that is known without a session; None where it is not.

    Raises:
        TypeError: neither a boolean, 0 or 1, a tensor nor a variable.
    """
    if isinstance(pred, Variable):
        return None
    if isinstance(pred, Tensor):
        value = constant_value(pred)
        return None if value is None else bool(value)
    if isinstance(pred, (bool, int)) and pred in (0, 1):
        return bool(pred)
    raise TypeError(
        f"`pred` must be a Tensor, or a Python bool, or 1 or 0. Found instead: {type(pred)}: {pred!r}"
    )


def smart_cond(
    pred: Any, true_fn: Callable[[], Any], false_fn: Callable[[], Any], name: str | None = None
) -> Any:
    """One function's result: by `tf.cond` where the predicate is not known yet (TF1 symbol:
    `tf.contrib.framework.smart_cond`).

    Raises:
        TypeError: a branch that is no function.
    """
    for function, which in ((true_fn, "true_fn"), (false_fn, "false_fn")):
        if not callable(function):
            raise TypeError(f"`{which}` must be callable.")
    known = smart_constant_value(pred)
    if known is None:
        return cond(pred, true_fn, false_fn, name=name)
    return true_fn() if known else false_fn()
