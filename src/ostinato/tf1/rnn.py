"""Drivers (TF1 module: `tf.nn`): they check their arguments as TensorFlow does and make nodes that the core
runs.
"""

from __future__ import annotations

from typing import Any

from . import nest
from . import variable_scope as vs
from .dtypes import int32
from .graph import name_scope
from .layers_base import StaticInput
from .ops import array
from .ops import rnn as rnn_ops
from .ops.core import convert_to_tensor
from .ops.math import cast
from .rnn_cell_base import Described, assert_like_rnncell, check_state, describe, seed_for, step_node, traced
from .rnn_cell_wrappers import DropoutWrapper
from .shapes import TensorShape
from .tensor import Tensor


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
    with vs.variable_scope(scope or "rnn"):
        flat_inputs = [convert_to_tensor(leaf) for leaf in nest.flatten(inputs)]
        lengths = _lengths(sequence_length, ", but saw shape: {shape}")
        for leaf in flat_inputs:
            if leaf.shape.ndims is None:
                raise ValueError(
                    f"{leaf.name} has no known rank; dynamic_rnn needs inputs [batch, time, depth]."
                )
            leaf.shape.with_rank_at_least(3)
            _check_depth(leaf.shape[2:], "depth of inputs")
        batch_axis, time_axis = (1, 0) if time_major else (0, 1)
        batch = _static_batch(flat_inputs, batch_axis)
        steps = [StaticInput(leaf.dtype.base_dtype, _step_shape(leaf.shape, batch)) for leaf in flat_inputs]
        for leaf in flat_inputs[1:]:
            if not leaf.shape[time_axis].is_compatible_with(flat_inputs[0].shape[time_axis]):
                raise ValueError(
                    "Time steps is not the same for all the elements in the input in a batch: "
                    f"{flat_inputs[0].shape} "
                    f"and {leaf.shape}."
                )
        if initial_state is not None:
            state = _converted(initial_state, cell)
        else:
            if not dtype:
                raise ValueError("If there is no initial_state, you must give a dtype.")
            rows = array.shape(flat_inputs[0])[batch_axis] if batch is None else batch
            state = cell.zero_state(rows, dtype)
        step_inputs = nest.pack_sequence_as(inputs, steps)
        with name_scope("while") as loop_scope:
            described = describe(cell, step_inputs)
            if described is None:
                described = traced(cell, step_inputs, _batched(state, batch), loop_scope)
            outputs, final = rnn_ops.loop(
                described.description,
                flat_inputs,
                nest.flatten(state),
                described.tensors,
                seed_for(described),
                lengths,
                time_major,
                swap_memory,
            )
            # Names as the loop of TensorFlow 1 gives them: after its counter, its time and its arrays of
            # outputs.
            first = 2 + len(outputs)
            final = [array.identity(leaf, name=f"Exit_{first + index}") for index, leaf in enumerate(final)]
        outputs = [
            _named_output(leaf, index, len(flat_inputs), time_major) for index, leaf in enumerate(outputs)
        ]
        return nest.pack_sequence_as(cell.output_size, outputs), nest.pack_sequence_as(cell.state_size, final)


def _named_output(leaf: Tensor, index: int, inputs: int, time_major: bool) -> Tensor:
    if not time_major:
        place = inputs + index
        return array.identity(leaf, name=f"transpose_{place}")
    with name_scope("TensorArrayStack"):
        return array.identity(leaf, name="TensorArrayGatherV3")


def _lengths(sequence_length: Any, saw: str) -> Tensor | None:
    if sequence_length is None:
        return None
    lengths = cast(convert_to_tensor(sequence_length), int32)
    if lengths.shape.ndims not in (None, 1):
        raise ValueError(
            "sequence_length must be a vector of length batch_size" + saw.format(shape=lengths.shape)
        )
    return array.identity(lengths, name="sequence_length")


def _check_depth(sizes: TensorShape, what: str) -> None:
    for size in sizes.as_list():
        if size is None:
            raise ValueError(
                f"Input size ({what}) must be accessible via shape inference, but saw value None."
            )


def _static_batch(leaves: list[Tensor], axis: int) -> int | None:
    size = TensorShape([None])
    for leaf in leaves:
        size = size.merge_with([leaf.shape[axis]])
    return size[0].value


def _step_shape(shape: TensorShape, batch: int | None) -> TensorShape:
    return TensorShape([batch]).concatenate(shape[2:])


def _converted(state: Any, cell: Any) -> Any:
    check_state(state, cell.state_size)
    return nest.map_structure(convert_to_tensor, state)


def _batched(state: Any, batch: int | None) -> Any:
    """Stand-ins for a state of which the loop may change the number of rows that is known."""

    def leaf(tensor: Tensor) -> StaticInput:
        known = tensor.shape.known
        rows = TensorShape([batch]).concatenate(known[1:]) if known else tensor.shape
        return StaticInput(tensor.dtype.base_dtype, rows)

    return nest.map_structure(leaf, state)


def static_rnn(
    cell: Any,
    inputs: Any,
    initial_state: Any = None,
    dtype: Any = None,
    sequence_length: Any = None,
    scope: Any = None,
) -> tuple[list[Any], Any]:
    """Step a cell through a list of tensors, one a step (TF1 symbol: `tf.nn.static_rnn`).

    A step is one node. Where nothing between the steps is fed or fetched, a session runs them all as one
    sequence.

    Args:
        inputs: a non-empty list of `[batch, depth]` tensors, or of nests of them.
        sequence_length: integers `[batch]`; past a row's length its outputs are zeros and its state is copied
            through.

    Returns:
        the outputs, a list, and the final state.

    Raises:
        TypeError: no cell, `inputs` is no list, or a state of another structure.
        ValueError: `inputs` is empty, a shape does not fit, or neither `initial_state` nor `dtype`.

    >>> import ostinato.tf1 as tf
    >>> with tf.Graph().as_default():
    ...     steps = tf.unstack(tf.placeholder(tf.float32, [None, 820, 12]), axis=1)
    ...     outputs, state = tf.nn.static_rnn(tf.nn.rnn_cell.GRUCell(64), steps, dtype=tf.float32)
    >>> len(outputs), str(outputs[-1].shape), state is outputs[-1]
    (820, '(?, 64)', True)
    """
    assert_like_rnncell("cell", cell)
    if not isinstance(inputs, (list, tuple)):
        raise TypeError("inputs must be a sequence")
    if not inputs:
        raise ValueError("inputs must not be empty")
    with vs.variable_scope(scope or "rnn") as entered:
        steps = [nest.map_structure(convert_to_tensor, step) for step in inputs]
        batch = _check_steps(steps)
        lengths = _lengths(sequence_length, "")
        if initial_state is not None:
            state = _converted(initial_state, cell)
        else:
            if not dtype:
                raise ValueError("If no initial_state is provided, dtype must be specified")
            first = nest.flatten(steps[0])[0]
            rows = array.shape(first)[0] if batch is None else batch
            state = cell.zero_state(rows, dtype)
        described = describe(cell, steps[0])
        if described is None and (lengths is not None or _drops(cell)):
            # Its step as a description can be masked past a row's length, and drops as in dynamic_rnn.
            described = _step_of(cell, steps[0], state)
        seed = None if described is None else seed_for(described)
        outputs = []
        for index, step in enumerate(steps):
            if index:
                entered.reuse_variables()
            if described is None:
                output, state = cell(step, state)
            else:
                output, state = step_node(described, step, state, cell.state_size, seed, lengths, index)
            outputs.append(output)
        return outputs, state


def _drops(cell: Any) -> bool:
    """Whether there is dropout around a cell, or around a part of it that it shows."""
    parts = [*getattr(cell, "_cells", ()), getattr(cell, "_cell", None)]
    return isinstance(cell, DropoutWrapper) or any(_drops(part) for part in parts if part is not None)


def _step_of(cell: Any, inputs: Any, state: Any) -> Described:
    """A cell that only calling it tells about, as a description."""
    stand_ins = nest.map_structure(lambda leaf: StaticInput(leaf.dtype.base_dtype, leaf.shape), inputs)
    with name_scope("step") as scope:
        return traced(cell, stand_ins, _batched(state, nest.flatten(inputs)[0].shape[0].value), scope)


def _check_steps(steps: list[Any]) -> int | None:
    """The number of rows, where it is known."""
    rows = TensorShape([None])
    for index, step in enumerate(steps):
        nest.assert_same_structure(steps[0], step)
        for leaf in nest.flatten(step):
            if leaf.shape.ndims is None or leaf.shape.ndims == 0:
                raise ValueError(
                    f"inputs[{index}] needs a known rank of at least 1, but has shape {leaf.shape}."
                )
            for axis, size in enumerate(leaf.shape[1:].as_list()):
                if size is None:
                    raise ValueError(
                        f"Input size (dimension {axis} of inputs) must be accessible via shape inference, "
                        "but saw value None."
                    )
            rows = rows.merge_with(leaf.shape[:1])
    return rows[0].value
