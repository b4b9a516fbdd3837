"""`raw_rnn` (TF1 module: `tf.nn`): a loop of which a function decides inputs, states, what is emitted and the
end.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from . import nest
from . import variable_scope as vs
from .control_flow import while_loop
from .dtypes import bool_, int32
from .ops import array
from .ops.core import constant, convert_to_tensor
from .ops.math import logical_not, logical_or
from .ops.picking import where
from .ops.reductions import reduce_all
from .rnn_cell_base import assert_like_rnncell
from .rnn_step import concat_sizes
from .shapes import TensorShape, as_shape
from .tensor import Tensor
from .tensor_array import TensorArray


def raw_rnn(
    cell: Any,
    loop_fn: Callable[..., Any],
    parallel_iterations: int | None = None,
    swap_memory: bool = False,
    scope: Any = None,
) -> tuple[Any, Any, Any]:
    """Step a cell as a function directs, until every row has finished (TF1 symbol: `tf.nn.raw_rnn`).

    `loop_fn(time, cell_output, cell_state, loop_state)` gives `(elements_finished, next_input,
    next_cell_state, emit_output, next_loop_state)`. It is called twice, whatever the number of steps: first
    with time 0 and None for the rest, where the state it gives is the one to begin with and `emit_output` is
    an example, without a batch, of what will be emitted (None: as the cell's output); then once for all
    steps, with what the cell gave. Rows that had finished before a step emit zeros and keep their state.

    Args:
        cell: a cell.
        loop_fn: as above. `elements_finished` is `[batch]` of booleans; the loop state is anything made of
            tensors and TensorArrays, or None.
        parallel_iterations: taken and not needed.
        swap_memory: as for `tf.while_loop`.
        scope: the scope of the variables; "rnn" for None.

    Returns:
        what was emitted, a TensorArray (or a nest of them) with an entry for each step, the final state, and
        the final loop state.

    Raises:
        TypeError: no cell, `loop_fn` is no function, or a structure that changes from step to step.
        ValueError: inputs of different numbers of rows, or nests with more or fewer leaves than before.

    >>> import ostinato.tf1 as tf
    >>> with tf.Graph().as_default():
    ...     cell, x = tf.nn.rnn_cell.GRUCell(4), tf.placeholder(tf.float32, [5, 2, 3])
    ...     inputs = tf.TensorArray(tf.float32, size=5).unstack(x)
    ...     def loop_fn(time, output, state, loop_state):
    ...         if output is None:
    ...             state = cell.zero_state(2, tf.float32)
    ...         ended = time >= [5, 3]
    ...         rest = tf.cond(tf.reduce_all(ended), lambda: tf.zeros([2, 3]), lambda: inputs.read(time))
    ...         return ended, rest, state, output, None
    ...     emitted, state, _ = tf.nn.raw_rnn(cell, loop_fn)
    >>> emitted.stack().shape, state.shape
    (TensorShape([Dimension(None), Dimension(2), Dimension(4)]), TensorShape([Dimension(2), Dimension(4)]))
    """
    assert_like_rnncell("cell", cell)
    if not callable(loop_fn):
        raise TypeError("loop_fn must be a callable")
    with vs.variable_scope(scope or "rnn"):
        time = constant(0, dtype=int32)
        finished, next_input, state, example, loop_state = _called(loop_fn, time, None, None, None)
        next_input = nest.map_structure(convert_to_tensor, next_input)
        nest.assert_same_structure(state, cell.state_size)
        state = nest.map_structure(convert_to_tensor, state)
        rows, batch = _rows(nest.flatten(next_input))
        emits, zeros = _emitted(cell, example, nest.flatten(state), rows, batch)
        has_loop_state = loop_state is not None

        def body(time: Any, finished: Any, inputs: Any, emits: Any, state: Any, loop_state: Any) -> Any:
            output, cell_state = cell(inputs, state)
            nest.assert_same_structure(state, cell_state)
            nest.assert_same_structure(cell.output_size, output)
            next_finished, next_input, next_state, emit, next_loop_state = _called(
                loop_fn, time + 1, output, cell_state, loop_state if has_loop_state else None
            )
            nest.assert_same_structure(state, next_state)
            nest.assert_same_structure(inputs, next_input)
            nest.assert_same_structure(emits, emit)

            def unless_finished(before: Any, after: Any) -> Any:
                if isinstance(before, TensorArray) or as_shape(before.shape).ndims == 0:
                    return after
                return where(finished, before, after)

            emit = nest.map_structure(unless_finished, zeros, emit)
            next_state = nest.map_structure(unless_finished, state, next_state)
            emits = nest.map_structure(lambda into, value: into.write(time, value), emits, emit)
            next_finished = logical_or(finished, next_finished)
            kept = loop_state if next_loop_state is None else next_loop_state
            return time + 1, next_finished, next_input, emits, next_state, kept

        variables = [
            time,
            convert_to_tensor(finished, bool_),
            next_input,
            emits,
            state,
            loop_state if has_loop_state else constant(0, dtype=int32),
        ]
        *_, emits, state, loop_state = while_loop(
            lambda time, finished, *rest: logical_not(reduce_all(finished)),
            body,
            variables,
            parallel_iterations=parallel_iterations or 32,
            swap_memory=swap_memory,
        )
        return emits, state, loop_state if has_loop_state else None


def _called(loop_fn: Callable[..., Any], *arguments: Any) -> Any:
    results = loop_fn(*arguments)
    if not isinstance(results, (list, tuple)) or len(results) != 5:
        raise ValueError(
            "loop_fn must return (elements_finished, next_input, next_cell_state, emit_output, "
            f"next_loop_state), but returned {results}."
        )
    return results


def _rows(inputs: list[Tensor]) -> tuple[int | None, Any]:
    """The number of rows where it is known, and as a number or a tensor."""
    rows = inputs[0].shape[0]
    for leaf in inputs:
        rows = rows.merge_with(leaf.shape[0])
    known = rows.value
    return known, array.shape(inputs[0])[0] if known is None else known


def _emitted(cell: Any, example: Any, state: list[Tensor], rows: int | None, batch: Any) -> tuple[Any, Any]:
    """The arrays that what is emitted is written to, and what a row that has finished emits."""
    if example is None:
        structure = cell.output_size
        sizes = [(as_shape(size), size, state[0].dtype) for size in nest.flatten(structure)]
    else:
        structure = example
        tensors = [convert_to_tensor(leaf) for leaf in nest.flatten(example)]
        sizes = [
            (leaf.shape, leaf.shape if leaf.shape.is_fully_defined() else array.shape(leaf), leaf.dtype)
            for leaf in tensors
        ]
    arrays, zeros = [], []
    for index, (known, size, dtype) in enumerate(sizes):
        arrays.append(
            TensorArray(
                dtype.base_dtype,
                size=0,
                dynamic_size=True,
                element_shape=TensorShape([rows]).concatenate(known),
                name=f"rnn_output_{index}",
            )
        )
        zeros.append(array.zeros(concat_sizes(batch, size), dtype.base_dtype))
    return nest.pack_sequence_as(structure, arrays), nest.pack_sequence_as(structure, zeros)
