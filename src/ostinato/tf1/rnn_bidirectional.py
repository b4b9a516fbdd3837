"""Two cells over the same inputs, one of them backwards (TF1 module: `tf.nn`)."""

from __future__ import annotations

from typing import Any

from . import nest
from . import variable_scope as vs
from .ops import lists, picking
from .rnn import dynamic_rnn
from .rnn_cell_base import assert_like_rnncell
from .rnn_static import static_rnn


def bidirectional_dynamic_rnn(
    cell_fw: Any,
    cell_bw: Any,
    inputs: Any,
    sequence_length: Any = None,
    initial_state_fw: Any = None,
    initial_state_bw: Any = None,
    dtype: Any = None,
    parallel_iterations: int | None = None,
    swap_memory: bool = False,
    time_major: bool = False,
    scope: Any = None,
) -> tuple[tuple[Any, Any], tuple[Any, Any]]:
    """`dynamic_rnn` forwards and backwards (TF1 symbol: `tf.nn.bidirectional_dynamic_rnn`).

    The backward pass over a row starts at its last step; its outputs are put back in the order of the inputs.

    Returns:
        (outputs forwards, outputs backwards) and (final state forwards, final state backwards).

    >>> import ostinato.tf1 as tf
    >>> cells = tf.nn.rnn_cell
    >>> with tf.Graph().as_default():
    ...     x = tf.placeholder(tf.float32, [None, 5, 3])
    ...     both, _ = tf.nn.bidirectional_dynamic_rnn(cells.GRUCell(4), cells.GRUCell(4), x, dtype=tf.float32)
    ...     print(tf.concat(both, 2).shape)
    (?, 5, 8)
    """
    assert_like_rnncell("cell_fw", cell_fw)
    assert_like_rnncell("cell_bw", cell_bw)
    batch_axis, time_axis = (1, 0) if time_major else (0, 1)

    def backwards(value: Any) -> Any:
        if sequence_length is None:
            return picking.reverse(value, [time_axis])
        return picking.reverse_sequence(value, sequence_length, time_axis, batch_axis)

    options: dict[str, Any] = {"dtype": dtype, "swap_memory": swap_memory, "time_major": time_major}
    with vs.variable_scope(scope or "bidirectional_rnn"):
        with vs.variable_scope("fw") as forward:
            output_fw, state_fw = dynamic_rnn(
                cell_fw, inputs, sequence_length, initial_state_fw, scope=forward, **options
            )
        with vs.variable_scope("bw") as backward:
            reversed_inputs = nest.map_structure(backwards, inputs)
            output_bw, state_bw = dynamic_rnn(
                cell_bw, reversed_inputs, sequence_length, initial_state_bw, scope=backward, **options
            )
    return (output_fw, nest.map_structure(backwards, output_bw)), (state_fw, state_bw)


def static_bidirectional_rnn(
    cell_fw: Any,
    cell_bw: Any,
    inputs: Any,
    initial_state_fw: Any = None,
    initial_state_bw: Any = None,
    dtype: Any = None,
    sequence_length: Any = None,
    scope: Any = None,
) -> tuple[list[Any], Any, Any]:
    """`static_rnn` forwards and backwards (TF1 symbol: `tf.nn.static_bidirectional_rnn`).

    Returns:
        the outputs, a list of `[batch, units forwards + units backwards]`, and the two final states.
    """
    assert_like_rnncell("cell_fw", cell_fw)
    assert_like_rnncell("cell_bw", cell_bw)
    if not isinstance(inputs, (list, tuple)):
        raise TypeError("inputs must be a sequence")
    if not inputs:
        raise ValueError("inputs must not be empty")
    with vs.variable_scope(scope or "bidirectional_rnn"):
        with vs.variable_scope("fw") as forward:
            outputs_fw, state_fw = static_rnn(
                cell_fw, inputs, initial_state_fw, dtype, sequence_length, forward
            )
        with vs.variable_scope("bw") as backward:
            steps = reverse_steps(inputs, sequence_length)
            outputs_bw, state_bw = static_rnn(
                cell_bw, steps, initial_state_bw, dtype, sequence_length, backward
            )
    pairs = zip(outputs_fw, reverse_steps(outputs_bw, sequence_length), strict=True)
    outputs = [nest.map_structure(lambda fw, bw: lists.concat([fw, bw], 1), fw, bw) for fw, bw in pairs]
    return outputs, state_fw, state_bw


def reverse_steps(steps: Any, lengths: Any) -> list[Any]:
    """A list of steps backwards, each row from the last step within its length."""
    if lengths is None:
        return list(reversed(steps))
    leaves = []
    for values in zip(*[nest.flatten(step) for step in steps], strict=True):
        leaves.append(lists.unstack(picking.reverse_sequence(lists.stack(list(values)), lengths, 0, 1)))
    return [
        nest.pack_sequence_as(step, values)
        for step, values in zip(steps, zip(*leaves, strict=True), strict=False)
    ]
