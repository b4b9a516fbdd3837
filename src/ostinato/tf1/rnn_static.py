"""Drivers over lists, one entry a step (TF1 module: `tf.nn`): `static_rnn`, and `static_state_saving_rnn`,
whose state outlives a run.
"""

from __future__ import annotations

from typing import Any

from . import nest, node_counts
from . import variable_scope as vs
from .graph import control_dependencies, get_default_graph, name_scope
from .layers_base import StaticInput
from .ops import array
from .ops.core import convert_to_tensor
from .rnn_arguments import check_outputs, lengths_of_rows, stand_ins, state_to_begin_with
from .rnn_cell_base import Described, assert_like_rnncell, check_state, describe, seed_for, step_node, traced
from .rnn_cell_wrappers import DropoutWrapper
from .shapes import Dimension


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
        lengths = lengths_of_rows(sequence_length, "")
        if batch is None:
            batch = array.shape(nest.flatten(steps[0])[0])[0]
        missing = "If no initial_state is provided, dtype must be specified"
        state = state_to_begin_with(cell, initial_state, batch, dtype, missing)
        graph, nodes = get_default_graph(), node_counts.of_cell(cell)
        before, first, later = node_counts.of_lengths(len(nest.flatten(state)))
        if lengths is not None:
            graph.skip(before)
            nodes += later
        described, structure = describe(cell, steps[0]), cell.state_size
        if described is None and (lengths is not None or _drops(cell)):
            # Its step as a description can be masked past a row's length, and drops as in dynamic_rnn.
            described, structure = _step_of(cell, steps[0], state), state
        if lengths is not None:
            check_state(state, structure)
        seed = None if described is None else seed_for(described)
        outputs = []
        for index, step in enumerate(steps):
            if index:
                entered.reuse_variables()
                graph.skip(nodes)
            elif lengths is not None:
                graph.skip(first)
            if described is None:
                output, state = cell(step, state)
            else:
                output, state = step_node(described, step, state, structure, seed, lengths, index)
            outputs.append(output)
        if lengths is not None:
            check_outputs(cell, nest.flatten(outputs[0]), 1, batch)
        return outputs, state


def static_state_saving_rnn(
    cell: Any,
    inputs: Any,
    state_saver: Any,
    state_name: Any,
    sequence_length: Any = None,
    scope: Any = None,
) -> tuple[list[Any], Any]:
    """`static_rnn` that begins where the last run ended (TF1 symbol: `tf.nn.static_state_saving_rnn`), for
    sequences that are too long for one run.

    Args:
        inputs: a non-empty list of `[batch, depth]` tensors, or of nests of them.
        state_saver: anything with `state(name)`, the tensor to begin with, and `save_state(name, value)`, an
            operation or a tensor that keeps the value: it runs before the last output and the final state are
            there.
        state_name: a name, or a nest of names with as many leaves as `cell.state_size`.
        sequence_length: integers `[batch]`.

    Returns:
        the outputs, a list, and the final state.

    Raises:
        TypeError: no cell, or `inputs` is no list.
        ValueError: names that do not go with `cell.state_size`, or what `static_rnn` raises.

    >>> import ostinato.tf1 as tf
    >>> class Saver:
    ...     def __init__(self):
    ...         self.kept = tf.get_variable("kept", initializer=tf.zeros([2, 4]), trainable=False)
    ...     def state(self, name):
    ...         return self.kept.read_value()
    ...     def save_state(self, name, value):
    ...         return self.kept.assign(value)
    >>> with tf.Graph().as_default(), tf.Session() as session:
    ...     steps = tf.unstack(tf.ones([2, 3, 5]), axis=1)
    ...     outputs, _ = tf.nn.static_state_saving_rnn(tf.nn.rnn_cell.GRUCell(4), steps, Saver(), "gru")
    ...     session.run(tf.global_variables_initializer())
    ...     first, second = session.run(outputs[-1]), session.run(outputs[-1])
    >>> bool((first != second).any())
    True
    """
    state_size = cell.state_size
    if nest.is_sequence(state_size) != nest.is_sequence(state_name):
        raise ValueError(
            "state_name should be the same type as cell.state_size.  "
            f"state_name: {state_name}, cell.state_size: {state_size}"
        )
    names, sizes = nest.flatten(state_name), nest.flatten(state_size)
    if len(names) != len(sizes):
        raise ValueError(f"#elems(state_name) != #elems(state_size): {len(names)} vs. {len(sizes)}")
    before = nest.pack_sequence_as(state_size, [state_saver.state(name) for name in names])
    outputs, state = static_rnn(cell, inputs, before, sequence_length=sequence_length, scope=scope)
    saved = [
        state_saver.save_state(name, leaf) for name, leaf in zip(names, nest.flatten(state), strict=True)
    ]
    with control_dependencies(saved):
        outputs[-1] = nest.map_structure(array.identity, outputs[-1])
        return outputs, nest.map_structure(array.identity, state)


def _drops(cell: Any) -> bool:
    """Whether there is dropout around a cell, or around a part of it that it shows."""
    parts = [*getattr(cell, "_cells", ()), getattr(cell, "_cell", None)]
    return isinstance(cell, DropoutWrapper) or any(_drops(part) for part in parts if part is not None)


def _step_of(cell: Any, inputs: Any, state: Any) -> Described:
    """A cell that only calling it tells about, as a description."""
    values = nest.map_structure(lambda leaf: StaticInput(leaf.dtype.base_dtype, leaf.shape), inputs)
    with name_scope("step") as scope:
        return traced(cell, values, stand_ins(state, nest.flatten(inputs)[0].shape[0].value), scope)


def _check_steps(steps: list[Any]) -> int | None:
    """The number of rows, where it is known."""
    rows = Dimension(None)
    # A cell that looks its inputs up takes one number a row.
    is_vector = nest.flatten(steps[0])[0].shape.ndims == 1
    for step in steps:
        nest.assert_same_structure(steps[0], step)
        for leaf in nest.flatten(step):
            if leaf.shape.ndims is None:
                raise ValueError(f"{leaf.name} has no known rank; static_rnn needs inputs [batch, depth].")
            if not is_vector:
                leaf.shape.with_rank_at_least(2)
            for axis, size in enumerate(leaf.shape[1:].as_list()):
                if size is None:
                    raise ValueError(
                        f"Input size (dimension {axis} of inputs) must be accessible via shape inference, "
                        "but saw value None."
                    )
            rows = rows.merge_with(leaf.shape[0])
    return rows.value
