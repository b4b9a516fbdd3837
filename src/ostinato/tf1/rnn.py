"""`dynamic_rnn` (TF1 module: `tf.nn`): it checks its arguments as TensorFlow does and makes a node that the
core runs.
"""

from __future__ import annotations

from typing import Any

from . import nest, node_counts
from . import variable_scope as vs
from .dtypes import as_dtype
from .graph import get_default_graph, name_scope
from .layers_base import StaticInput
from .ops import array
from .ops import rnn as rnn_ops
from .ops.core import convert_to_tensor
from .rnn_arguments import check_outputs, infer_state_dtype, lengths_of_rows, stand_ins, state_to_begin_with
from .rnn_cell_base import assert_like_rnncell, check_state, describe, seed_for, traced
from .shapes import TensorShape
from .tensor import Tensor
from .tensor_array import flow_of, with_flows


def dynamic_rnn(
    cell: Any,
    inputs: Any,
    sequence_length: Any = None,
    initial_state: Any = None,
    dtype: Any = None,
    parallel_iterations: int | None = None,
    swap_memory: bool = False,
    time_major: bool = False,
    scope: Any = None,
) -> tuple[Any, Any]:
    """Step a cell through a tensor (TF1 symbol: `tf.nn.dynamic_rnn`). The graph is the same for any number of
    steps.

    Past a row's length its outputs are zeros and its state is copied through.

    Args:
        cell: a cell.
        inputs: `[batch, time, depth]`, or `[time, batch, depth]` with `time_major`; or a nest of such
            tensors.
        sequence_length: integers `[batch]`, or None.
        initial_state: in the structure of `cell.state_size`; None is zeros of `dtype`.
        dtype: of the zero state and of the outputs; None with an `initial_state` is that state's own.
        parallel_iterations: taken and not needed: a step begins when the one before is done.
        swap_memory: train with less memory: from a GPU what gradients need is moved to the host's memory; on
            a processor the state is kept every sqrt(time) steps, and the rest computed anew. A session's own
            `memory` or `memory_limit` goes before it.
        scope: the scope of the variables; "rnn" for None.

    Returns:
        outputs, with the axes of `inputs`, and the final state.

    Raises:
        TypeError: no cell, or a state of another structure.
        ValueError: a shape or a rank that does not fit, or neither `initial_state` nor `dtype`.

    >>> import ostinato.tf1 as tf
    >>> with tf.Graph().as_default():
    ...     x = tf.placeholder(tf.float32, [None, None, 12])
    ...     outputs, state = tf.nn.dynamic_rnn(tf.nn.rnn_cell.BasicLSTMCell(64), x, dtype=tf.float32)
    >>> outputs
    <tf.Tensor 'rnn/transpose_1:0' shape=(?, ?, 64) dtype=float32>
    """
    assert_like_rnncell("cell", cell)
    if not isinstance(parallel_iterations or 32, int):
        raise AssertionError(f"parallel_iterations must be int, but is {parallel_iterations!r}.")
    with vs.variable_scope(scope or "rnn"):
        flat_inputs = [convert_to_tensor(leaf) for leaf in nest.flatten(inputs)]
        lengths = lengths_of_rows(sequence_length, ", but saw shape: {shape}")
        batch_axis, time_axis = (1, 0) if time_major else (0, 1)
        rows = _check_inputs(flat_inputs, time_axis, batch_axis)
        batch = array.shape(_before_reversal(flat_inputs[0]))[batch_axis] if rows is None else rows
        missing = "If there is no initial_state, you must give a dtype."
        state = state_to_begin_with(cell, initial_state, batch, dtype, missing)
        # What the outputs are to be; where the state is of no one type, it must have been said.
        output_dtype = as_dtype(infer_state_dtype(dtype, state))
        steps = [
            StaticInput(leaf.dtype.base_dtype, TensorShape([rows]).concatenate(leaf.shape[2:]))
            for leaf in flat_inputs
        ]
        step_inputs = nest.pack_sequence_as(inputs, steps)
        with name_scope("while") as loop_scope:
            graph, states = get_default_graph(), len(nest.flatten(state))
            counted = graph, states, lengths is not None, time_major, rows
            node_counts.before_loop(*counted)
            with node_counts.loop(graph):
                described = describe(cell, step_inputs)
            if described is None:
                described = traced(cell, step_inputs, stand_ins(state, rows), loop_scope)
            else:
                check_state(state, cell.state_size)
            outputs, final = rnn_ops.loop(
                described.description,
                flat_inputs,
                [flow_of(leaf) for leaf in nest.flatten(state)],
                described.tensors,
                seed_for(described),
                lengths,
                time_major,
                swap_memory,
            )
            _check_output_type(cell, outputs, output_dtype)
            check_outputs(cell, outputs, 2, rows)
            # Names as the loop of TensorFlow 1 gives them: after its counter, its time and its arrays of
            # outputs.
            first = 2 + len(outputs)
            final = [array.identity(leaf, name=f"Exit_{first + index}") for index, leaf in enumerate(final)]
        outputs = [
            _named_output(leaf, index, len(flat_inputs), time_major) for index, leaf in enumerate(outputs)
        ]
        node_counts.after_loop(*counted)
        final_state = nest.pack_sequence_as(state, with_flows(nest.flatten(state), final))
        return nest.pack_sequence_as(cell.output_size, outputs), final_state


def _before_reversal(leaf: Tensor) -> Tensor:
    """What a driver of two directions reversed, which has as many rows: so only the loop needs the reversal,
    and a plan that runs both directions at once need not make it.
    """
    return leaf.op.inputs[0] if leaf.op.type in ("ReverseSequence", "ReverseV2") else leaf


def _check_inputs(leaves: list[Tensor], time_axis: int, batch_axis: int) -> int | None:
    """The number of rows, where it is known."""
    for leaf in leaves:
        if leaf.shape.ndims is None:
            raise ValueError(f"{leaf.name} has no known rank; dynamic_rnn needs inputs [batch, time, depth].")
        leaf.shape.with_rank_at_least(3)
        if None in leaf.shape[2:].as_list():
            raise ValueError(
                "Input size (depth of inputs) must be accessible via shape inference, but saw value None."
            )
    sizes = TensorShape([None, None])
    for leaf in leaves:
        time, rows = leaf.shape[time_axis], leaf.shape[batch_axis]
        shapes = ", ".join(str(each.shape) for each in leaves)
        if not sizes[0].is_compatible_with(time):
            raise ValueError(
                f"Time steps is not the same for all the elements in the input in a batch: {shapes}."
            )
        if not sizes[1].is_compatible_with(rows):
            raise ValueError(f"Batch_size is not the same for all the elements in the input: {shapes}.")
        sizes = sizes.merge_with([time, rows])
    return sizes[1].value


def _check_output_type(cell: Any, outputs: list[Tensor], dtype: Any) -> None:
    for leaf in outputs:
        if leaf.dtype.base_dtype is not dtype.base_dtype and leaf.dtype.is_floating and dtype.is_floating:
            raise TypeError(
                f"dtype is {dtype.name}, but {type(cell).__name__} outputs {leaf.dtype.name}: dtype "
                "is the type of the outputs; a given initial_state decides the type that a cell computes in."
            )


def _named_output(leaf: Tensor, index: int, inputs: int, time_major: bool) -> Tensor:
    if not time_major:
        place = inputs + index
        return array.identity(leaf, name=f"transpose_{place}")
    with name_scope("TensorArrayStack"):
        return array.identity(leaf, name="TensorArrayGatherV3")
