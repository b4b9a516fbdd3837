"""One masked step, for people who write drivers of their own (TensorFlow 1's internal `rnn._rnn_step`)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from . import nest
from .ops import lists
from .ops.core import convert_to_tensor
from .ops.math import greater_equal
from .ops.picking import where
from .shapes import TensorShape, as_shape
from .tensor import Tensor


def rnn_step(
    time: Any,
    sequence_length: Any,
    min_sequence_length: Any,
    max_sequence_length: Any,
    zero_output: Any,
    state: Any,
    call_cell: Callable[[], tuple[Any, Any]],
    state_size: Any = None,
    skip_conditionals: bool = False,
) -> tuple[Any, Any]:
    """The step that `call_cell()` takes, with zeros as output and the old state in the rows that have ended
    (TF1 symbol: `tensorflow.python.ops.rnn._rnn_step`).

    Args:
        time: the number of the step, a scalar.
        sequence_length: the rows' lengths, `[batch]`.
        min_sequence_length, max_sequence_length, skip_conditionals: taken and not needed: every row decides
            for itself.
        zero_output: what a row outputs past its length.
        state: the state before the step; its leaves of rank 0 are not masked.
        call_cell: returns the output and the new state.

    Returns:
        the output and the new state.

    Raises:
        TypeError, ValueError: an output or a state of another structure than `zero_output` or `state`.

    >>> import ostinato.tf1 as tf
    >>> from ostinato.tf1.rnn_step import rnn_step
    >>> with tf.Graph().as_default(), tf.Session() as session:
    ...     zero, old, new = tf.zeros([2, 1]), tf.fill([2, 1], 7.0), tf.ones([2, 1])
    ...     session.run(rnn_step(2, [2, 3], 2, 3, zero, old, lambda: (new, new)))
    (array([[0.],
           [1.]], dtype=float32), array([[7.],
           [1.]], dtype=float32))
    """
    finished = greater_equal(convert_to_tensor(time), convert_to_tensor(sequence_length))
    output, new_state = call_cell()

    def keep(old: Any, new: Any) -> Any:
        if not isinstance(new, Tensor) or as_shape(new.shape).ndims == 0:
            return new
        return where(finished, old, new)

    return nest.map_structure(keep, zero_output, output), nest.map_structure(keep, state, new_state)


def concat_sizes(prefix: Any, suffix: Any, static: bool = False) -> Any:
    """A batch size and the size of a leaf, put together (TF1 symbol: `rnn_cell_impl._concat`): a list of
    sizes where all are known or `static`, else a tensor.
    """
    first, rest = (value if isinstance(value, Tensor) else as_shape(value) for value in (prefix, suffix))
    if isinstance(first, TensorShape) and isinstance(rest, TensorShape):
        sizes = first.concatenate(rest).as_list()
        if static or None not in sizes:
            return sizes
        raise ValueError(f"Provided a prefix or suffix of None: {prefix} and {suffix}")
    return lists.concat([_vector(first), _vector(rest)], 0)


def _vector(sizes: Tensor | TensorShape) -> Any:
    if isinstance(sizes, TensorShape):
        return sizes.as_list()
    return [sizes] if sizes.shape.ndims == 0 else sizes


def should_cache() -> bool:
    """Whether a driver should set a device that caches its variables (TF1 symbol: `rnn._should_cache`):
    never, as a variable is read where it stands.
    """
    return False
