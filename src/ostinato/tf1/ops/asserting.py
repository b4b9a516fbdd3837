"""The node that stops a run where a condition does not hold."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from .. import registry
from ..errors import InvalidArgumentError
from ..graph import get_default_graph, name_scope
from ..node_counts import of_assert
from ..tensor import Operation
from .core import convert_to_tensor, make


def _assert(run: Any, operation: Operation, condition: Any, *data: Any) -> tuple[()]:
    if condition.dim():
        raise ValueError(f"condition should be a scalar, got shape {list(condition.shape)}")
    if not condition:
        shown = " ".join(f"[{_summary(value, operation.attributes['summarize'])}]" for value in data)
        raise InvalidArgumentError(
            None, operation, f"assertion failed: {shown}\n\t [[node {operation.name} (Assert)]]"
        )
    return ()


def _summary(value: Any, limit: int) -> str:
    """The first elements of a value, in brackets but for the outermost."""
    array = value if isinstance(value, np.ndarray) else value.detach().float().cpu().numpy()
    if not isinstance(value, np.ndarray) and not value.is_floating_point():
        array = value.cpu().numpy()
    count = array.size if limit < 0 else min(limit, array.size)
    parts = _parts(array, count)[0]
    return parts + ("..." if array.size > count else "")


def _parts(array: np.ndarray, left: int) -> tuple[str, int]:
    if array.ndim == 0:
        return _element(array.item()), left - 1
    texts = []
    for part in array:
        if left <= 0:
            break
        text, left = _parts(np.asarray(part), left)
        texts.append(text if array.ndim == 1 else f"[{text}]")
    return ("" if array.ndim > 1 else " ").join(texts), left


def _element(value: Any) -> str:
    if isinstance(value, bytes):
        return value.decode(errors="replace")
    return f"{value:.6g}" if isinstance(value, float) else str(int(value))


registry.register("Assert", _assert, lambda inputs, attributes: [], stateful=True, differentiable=False)


def assert_(
    condition: Any, data: Sequence[Any], summarize: int | None = None, name: str | None = None
) -> Operation:
    """An operation that stops the run unless `condition` is true (TF1 symbol: `tf.Assert`).

    It runs where something is made to wait for it: `with tf.control_dependencies([tf.Assert(...)]):`.

    Args:
        condition: a boolean scalar.
        data: tensors and texts that the message shows.
        summarize: how many elements of each it shows; None is 3, -1 all.

    Raises:
        tf.errors.InvalidArgumentError: in a run, where the condition does not hold.

    >>> import ostinato.tf1 as tf
    >>> with tf.Graph().as_default(), tf.Session() as session:
    ...     x = tf.constant([1, 2, 3])
    ...     with tf.control_dependencies([tf.Assert(tf.reduce_all(x > 0), [x])]):
    ...         session.run(tf.reduce_sum(x)).item()
    6
    """
    with name_scope(name, "Assert"):
        for item in data:
            # TensorFlow looks at what it will show before it makes the node: names show it.
            convert_to_tensor(item)
        with name_scope("Assert") as scope:
            shown = [convert_to_tensor(item, name=f"data_{index}") for index, item in enumerate(data)]
            inputs = [convert_to_tensor(condition, name="condition"), *shown]
        of_assert(get_default_graph(), data, shown)
        return make("Assert", inputs, scope, summarize=3 if summarize is None else summarize)


Assert = assert_  # the name that scripts know
