"""`raw_rnn`: a loop whose inputs, states and end are a function's to decide. TF1: `tf.nn.raw_rnn`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from ostinato._state import Nest, leaves, map_nest, size_to_shape
from ostinato.cells import RNNCell, Run, check_cell
from ostinato.steps import masking

LoopFunction = Callable[[int, Nest, Nest, Any], tuple[Tensor, Nest, Nest, Nest, Any]]


def raw_rnn(
    cell: RNNCell, loop_fn: LoopFunction, *, seed: Tensor | int | None = None
) -> tuple[Nest, Nest, Any]:
    """Step `cell` as `loop_fn` directs, until every row has finished. TF1: `tf.nn.raw_rnn`.

    `loop_fn(time, cell_output, cell_state, loop_state)` returns `(elements_finished, next_input,
    next_cell_state, emit_output, next_loop_state)`.

    It is called first with `time` 0 and None for the rest. The cell state it then returns is the initial
    one; its `emit_output`, a nest of tensors without a batch, tells the shapes and dtypes of what will be
    emitted (None: those of the cell's output), which is needed only where no step is taken.

    Then, while `elements_finished` `[batch]` is not all True, the cell is stepped and
    `loop_fn(time + 1, ...)` is called. Rows that had finished before a step emit zeros and keep their
    state.

    Args:
        cell: an `RNNCell`, or any callable with `state_size`, `output_size` and `zero_state`.
        loop_fn: the function above. `loop_state` is its own to use; None at first, and None if it never
            returns another.
        seed: of this run's dropout masks.

    Returns:
        The emitted outputs stacked, `[time, batch, ...]`, the final state, and the last loop state.

    Raises:
        TypeError: not a cell, or `loop_fn` is not callable.
        ValueError: `loop_fn` does not return five values, or its `elements_finished` is not a bool vector
            with an entry for each row of the state.

    >>> from ostinato import BasicRNNCell
    >>> cell = BasicRNNCell(4, input_size=3)
    >>> x = torch.randn(5, 2, 3)
    >>> def loop_fn(time, output, state, loop_state):
    ...     finished = torch.full((2,), time >= 5)
    ...     return finished, x[min(time, 4)], cell.zero_state(2) if state is None else state, output, None
    >>> emitted, state, _ = raw_rnn(cell, loop_fn)
    >>> emitted.shape, bool((emitted[-1] == state).all())
    (torch.Size([5, 2, 4]), True)
    """
    check_cell(cell)
    if not callable(loop_fn):
        raise TypeError(f"loop_fn must be a callable, but is a {type(loop_fn).__name__}.")
    run = Run(seed)
    finished, inputs, state, template, loop_state = _checked(loop_fn(0, None, None, None))
    batch_size = finished.shape[0]
    emitted: list[Nest] = []
    time = 0
    while not bool(finished.all()):
        output, cell_state = run.step(cell, inputs, state, time)
        next_finished, inputs, next_state, emit, next_loop_state = _checked(
            loop_fn(time + 1, output, cell_state, loop_state)
        )
        if next_finished.shape != finished.shape:
            raise ValueError(f"elements_finished had {batch_size} entries, and now has {len(next_finished)}.")
        emitted.append(masking.zero_where(finished, emit))
        state = masking.copy_through(finished, next_state, state)
        loop_state = loop_state if next_loop_state is None else next_loop_state
        finished = finished | next_finished
        time += 1
    if emitted:
        return map_nest(lambda *values: torch.stack(values), *emitted), state, loop_state
    return _nothing_emitted(cell, template, state, batch_size), state, loop_state


def _checked(returned: Any) -> tuple[Tensor, Nest, Nest, Nest, Any]:
    """What `loop_fn` returned, if it is what the loop can go on with."""
    if not isinstance(returned, tuple | list) or len(returned) != 5:
        raise ValueError(
            "loop_fn must return (elements_finished, next_input, next_cell_state, emit_output, "
            f"next_loop_state), but returned {type(returned).__name__} {returned!r:.100}."
        )
    finished, inputs, state, emit, loop_state = returned
    if not isinstance(finished, Tensor) or finished.dtype != torch.bool or finished.dim() != 1:
        is_tensor = isinstance(finished, Tensor)
        seen = (
            f"{finished.dtype} of shape {list(finished.shape)}"
            if is_tensor
            else f"a {type(finished).__name__}"
        )
        raise ValueError(
            f"loop_fn must return elements_finished as a bool tensor [batch], but returned {seen}."
        )
    for leaf in leaves(state):
        # One entry for all rows would broadcast over them.
        if leaf.dim() and leaf.shape[0] != finished.shape[0]:
            raise ValueError(
                f"elements_finished has {finished.shape[0]} entries, but the state has {leaf.shape[0]} rows."
            )
    return finished, inputs, state, emit, loop_state


def _nothing_emitted(cell: Any, template: Nest, state: Nest, batch_size: int) -> Nest:
    like = leaves(state)[0]
    if template is not None:
        return map_nest(lambda leaf: leaf.new_zeros(0, batch_size, *leaf.shape), template)
    return map_nest(lambda size: like.new_zeros(0, batch_size, *size_to_shape(size)), cell.output_size)
