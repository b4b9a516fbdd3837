"""Conditionals of more than two branches (TF1 symbols: `tf.case`, `tf.switch_case`)."""

from __future__ import annotations

import collections
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from .control_flow import cond, one_of
from .dtypes import bool_, int32
from .graph import control_dependencies, name_scope
from .ops.asserting import assert_
from .ops.core import constant
from .ops.lists import stack
from .ops.math import cast, less_equal
from .ops.reductions import reduce_sum
from .tensor import Operation, Tensor

Function = Callable[[], Any]


def case(
    pred_fn_pairs: Any,
    default: Function | None = None,
    exclusive: bool = False,
    strict: bool = False,
    name: str = "case",
) -> Any:
    """The function of the first predicate that is true (TF1 symbol: `tf.case`).

    Args:
        pred_fn_pairs: pairs of a boolean scalar tensor and a function of no arguments, in a list, or a dict
            from the one to the other.
        default: the function for where none is true; None: one has to be.
        exclusive: check in the run that at most one is true.
        strict: give a list of one tensor as a list.

    Raises:
        TypeError: something that is no pair, no boolean tensor or no function.
        ValueError: there is no pair, or the functions give different structures.
        tf.errors.InvalidArgumentError: in a run, where more than one is true and `exclusive`.

    >>> import ostinato.tf1 as tf
    >>> with tf.Graph().as_default(), tf.Session() as session:
    ...     x = tf.placeholder(tf.int32, [])
    ...     y = tf.case([(x < 0, lambda: -1), (x > 0, lambda: 1)], default=lambda: 0)
    ...     [session.run(y, {x: value}).item() for value in (-5, 0, 5)]
    [-1, 0, 1]
    """
    predicates, actions = _pairs(pred_fn_pairs)
    with name_scope(name, "case"):
        if default is None:
            default, predicates, actions = _default_of(predicates, actions)
        choose = default
        for predicate, action in reversed(list(zip(predicates, actions, strict=True))):
            choose = partial(cond, predicate, true_fn=action, false_fn=choose, strict=strict)
        if not exclusive or not predicates:
            return choose()
        with control_dependencies([_at_most(predicates, 1, "Input error: exclusive=True")]):
            return choose()


def _pairs(pairs: Any) -> tuple[list[Tensor], list[Function]]:
    if not isinstance(pairs, (list, tuple, dict)):
        raise TypeError("fns must be a list, tuple, or dict")
    if isinstance(pairs, collections.OrderedDict):
        pairs = list(pairs.items())
    elif isinstance(pairs, dict):
        pairs = sorted(pairs.items(), key=lambda item: item[0].name)
    if not pairs:
        raise ValueError("tf.case needs at least one pair of a predicate and a function; there is none.")
    for pair in pairs:
        if not isinstance(pair, tuple) or len(pair) != 2:
            raise TypeError("Each entry in pred_fn_pairs must be a 2-tuple")
        predicate, function = pair
        if not isinstance(predicate, Tensor):
            raise TypeError(f"pred must be a Tensor, got: {predicate}")
        if predicate.dtype.base_dtype is not bool_:
            raise TypeError(f"pred must be Tensor of type bool: {predicate.name}")
        if not callable(function):
            raise TypeError(f"fn for pred {predicate.name} must be callable.")
    return [predicate for predicate, _ in pairs], [function for _, function in pairs]


def _at_most(predicates: Sequence[Tensor], count: int, message: str) -> Operation:
    values = stack(predicates, name="preds_c")
    true = reduce_sum(cast(values, int32), name="num_true_conds")
    names = ", ".join(predicate.name for predicate in predicates)
    shown = f"{message}: more than {count} conditions ({names}) evaluated as True:"
    holds = less_equal(true, constant(count, name="n_true_conds"))
    return assert_(holds, [shown, values], summarize=len(predicates))


def _default_of(
    predicates: Sequence[Tensor], actions: Sequence[Function]
) -> tuple[Function, list[Tensor], list[Function]]:
    """The last pair's function as the default, which checks that its predicate is true."""
    predicate, action = predicates[-1], actions[-1]

    def last() -> Any:
        values = stack(predicates, name="preds_c")
        check = assert_(predicate, ["Input error: None of conditions evaluated as True:", values])
        with control_dependencies([check]):
            return action()

    return last, list(predicates[:-1]), list(actions[:-1])


def switch_case(
    branch_index: Tensor,
    branch_fns: Any,
    default: Function | None = None,
    name: str = "switch_case",
) -> Any:
    """One of several functions, by its number (TF1 symbol: `tf.switch_case`).

    Args:
        branch_index: an integer scalar tensor.
        branch_fns: functions of no arguments in a list, or with their numbers, from 0 up, as pairs or a dict.
        default: the function for any other number; None: the last one.

    Raises:
        TypeError: no tensor of integers, or something that is no function.
        ValueError: no functions, or numbers with gaps.

    >>> import ostinato.tf1 as tf
    >>> with tf.Graph().as_default(), tf.Session() as session:
    ...     i = tf.placeholder(tf.int32, [])
    ...     y = tf.switch_case(i, [lambda: 10, lambda: 11], default=lambda: -1)
    ...     [session.run(y, {i: value}).item() for value in (0, 1, 7)]
    [10, 11, -1]
    """
    functions = _numbered(branch_index, branch_fns)
    if default is not None:
        functions.append(default)
    with name_scope(name, "switch_case"):
        return one_of(branch_index, functions)


def _numbered(branch_index: Any, branch_fns: Any) -> list[Function]:
    if not isinstance(branch_index, Tensor):
        raise TypeError(f"branch_index must a Tensor, got {type(branch_index)}")
    if not branch_index.dtype.is_integer:
        raise TypeError(f"branch_index must an integer Tensor, got {branch_index.dtype!r}")
    if not branch_fns:
        raise ValueError("Must provide at least one item in branch_fns")
    if not isinstance(branch_fns, (list, tuple, dict)):
        raise TypeError("branch_fns must be a list, tuple, or dict")
    pairs = list(branch_fns.items() if isinstance(branch_fns, Mapping) else branch_fns)
    if all(callable(function) for function in pairs):
        pairs = list(enumerate(pairs))
    for pair in pairs:
        if not isinstance(pair, tuple) or len(pair) != 2:
            raise TypeError("Each entry in branch_fns must be a 2-tuple")
        key, function = pair
        if not isinstance(key, int):
            raise TypeError(f"key must be a Python `int`, got {type(key)}")
        if not callable(function):
            raise TypeError(f"fn for key {key} must be callable.")
    keys = sorted(key for key, _ in pairs)
    if keys != list(range(len(keys))):
        raise ValueError(
            f"branch indices (keys) must form contiguous range of [0 to {len(keys)}) but found "
            f"{{{','.join(map(str, keys))}}}"
        )
    return [function for _, function in sorted(pairs, key=lambda pair: pair[0])]
