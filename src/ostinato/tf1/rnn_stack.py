"""Stacks of bidirectional layers (TF1 module: `tf.contrib.rnn`): what both directions of a layer give is the
next one's input.
"""

from __future__ import annotations

from typing import Any

from . import variable_scope as vs
from .ops import lists
from .rnn_bidirectional import bidirectional_dynamic_rnn, static_bidirectional_rnn


def stack_bidirectional_rnn(
    cells_fw: Any,
    cells_bw: Any,
    inputs: Any,
    initial_states_fw: Any = None,
    initial_states_bw: Any = None,
    dtype: Any = None,
    sequence_length: Any = None,
    scope: Any = None,
) -> tuple[list[Any], tuple[Any, ...], tuple[Any, ...]]:
    """`static_bidirectional_rnn` layer upon layer (TF1 symbol: `tf.contrib.rnn.stack_bidirectional_rnn`;
    Graves et al. 2013).

    Args:
        cells_fw, cells_bw: lists of cells, one a layer.
        inputs: a non-empty list of `[batch, depth]` tensors.
        initial_states_fw, initial_states_bw: lists of states, one a layer; None: zeros.
        sequence_length: integers `[batch]`, or None.

    Returns:
        the last layer's outputs, a list of `[batch, units forwards + units backwards]`, and the layers' final
        states, forwards and backwards.

    Raises:
        ValueError: no lists, or lists of different lengths; else as `static_bidirectional_rnn`.
    """
    layers = _layers(cells_fw, cells_bw, initial_states_fw, initial_states_bw)
    states: list[tuple[Any, Any]] = []
    with vs.variable_scope(scope or "stack_bidirectional_rnn"):
        for index, (fw, bw, start_fw, start_bw) in enumerate(layers):
            with vs.variable_scope(f"cell_{index}") as layer:
                inputs, forwards, backwards = static_bidirectional_rnn(
                    fw, bw, inputs, start_fw, start_bw, dtype, sequence_length, layer
                )
            states.append((forwards, backwards))
    return inputs, tuple(fw for fw, _ in states), tuple(bw for _, bw in states)


def stack_bidirectional_dynamic_rnn(
    cells_fw: Any,
    cells_bw: Any,
    inputs: Any,
    initial_states_fw: Any = None,
    initial_states_bw: Any = None,
    dtype: Any = None,
    sequence_length: Any = None,
    parallel_iterations: int | None = None,
    time_major: bool = False,
    scope: Any = None,
    swap_memory: bool = False,
) -> tuple[Any, tuple[Any, ...], tuple[Any, ...]]:
    """`bidirectional_dynamic_rnn` layer upon layer (TF1 symbol:
    `tf.contrib.rnn.stack_bidirectional_dynamic_rnn`; Graves et al. 2013).

    Args:
        cells_fw, cells_bw: lists of cells, one a layer.
        inputs: `[batch, time, depth]`, or `[time, batch, depth]` with `time_major`.
        initial_states_fw, initial_states_bw: lists of states, one a layer; None: zeros.
        sequence_length: integers `[batch]`, or None.

    Returns:
        the last layer's outputs `[batch, time, units forwards + units backwards]`, and the layers' final
        states, forwards and backwards.

    Raises:
        ValueError: no lists, or lists of different lengths; else as `bidirectional_dynamic_rnn`.

    >>> import ostinato.tf1 as tf
    >>> with tf.Graph().as_default():
    ...     fw, bw = ([tf.nn.rnn_cell.GRUCell(4) for _ in range(2)] for _ in range(2))
    ...     x = tf.placeholder(tf.float32, [None, 5, 3])
    ...     outputs, _, _ = tf.contrib.rnn.stack_bidirectional_dynamic_rnn(fw, bw, x, dtype=tf.float32)
    ...     print(outputs.shape, tf.trainable_variables()[0].name)
    (?, 5, 8) stack_bidirectional_rnn/cell_0/bidirectional_rnn/fw/gru_cell/gates/kernel:0
    """
    layers = _layers(cells_fw, cells_bw, initial_states_fw, initial_states_bw)
    options: dict[str, Any] = {
        "parallel_iterations": parallel_iterations,
        "swap_memory": swap_memory,
        "time_major": time_major,
    }
    states: list[tuple[Any, Any]] = []
    with vs.variable_scope(scope or "stack_bidirectional_rnn"):
        for index, (fw, bw, start_fw, start_bw) in enumerate(layers):
            with vs.variable_scope(f"cell_{index}"):
                outputs, state = bidirectional_dynamic_rnn(
                    fw, bw, inputs, sequence_length, start_fw, start_bw, dtype, **options
                )
                inputs = lists.concat(outputs, 2)
            states.append(state)
    return inputs, tuple(fw for fw, _ in states), tuple(bw for _, bw in states)


def _layers(cells_fw: Any, cells_bw: Any, states_fw: Any, states_bw: Any) -> list[Any]:
    """Each layer's cells and initial states, forwards and backwards."""
    for cells, direction in ((cells_fw, "fw"), (cells_bw, "bw")):
        if not cells:
            raise ValueError(f"Must specify at least one {direction} cell for BidirectionalRNN.")
    for cells, direction in ((cells_fw, "fw"), (cells_bw, "bw")):
        if not isinstance(cells, list):
            raise ValueError(f"cells_{direction} must be a list of RNNCells (one per layer).")
    if len(cells_fw) != len(cells_bw):
        raise ValueError(
            f"Forward and Backward cells must have the same depth. Got {len(cells_fw)} and {len(cells_bw)}."
        )
    for states, direction in ((states_fw, "fw"), (states_bw, "bw")):
        if states is not None and (not isinstance(states, list) or len(states) != len(cells_fw)):
            raise ValueError(f"initial_states_{direction} must be a list of state tensors (one per layer).")
    none = [None] * len(cells_fw)
    return list(zip(cells_fw, cells_bw, states_fw or none, states_bw or none, strict=True))
