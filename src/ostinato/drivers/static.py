"""`static_rnn`: a cell over a list with one tensor a step. TF1: `tf.nn.static_rnn`."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from ostinato._state import Nest, leaves, map_nest
from ostinato.cells import RNNCell, Run, SequenceContext, check_cell, lower
from ostinato.drivers import arguments
from ostinato.drivers.loop import step_through


def static_rnn(
    cell: RNNCell,
    inputs: Sequence[Nest],
    initial_state: Nest = None,
    dtype: torch.dtype | None = None,
    sequence_length: Tensor | Sequence[int] | None = None,
    *,
    seed: Tensor | int | None = None,
) -> tuple[list[Nest], Nest]:
    """Step `cell` through a list of inputs, one `[batch, ...]` a step. TF1: `tf.nn.static_rnn`.

    The results are those of `dynamic_rnn` over the stacked inputs; what differs is that inputs and outputs
    are lists.

    Args:
        cell: an `RNNCell`, or any callable with `state_size`, `output_size` and `zero_state`.
        inputs: a non-empty list or tuple with one tensor `[batch, ...]` (or a nest of them) a step.
        initial_state: a nest of tensors in the structure of `cell.state_size`; None: zeros.
        dtype: of the zero initial state; None: that of the inputs.
        sequence_length: integers `[batch]`; None: every row runs to the end.
        seed: of this run's dropout masks; None: drawn from torch's default generator.

    Returns:
        The list of outputs, one a step, and the final state.

    Raises:
        TypeError: not a cell, or `inputs` is not a list or tuple, or a structure or dtype does not fit.
        ValueError: `inputs` is empty, or a shape or length does not fit.

    >>> from ostinato import BasicRNNCell
    >>> cell = BasicRNNCell(5, input_size=3)
    >>> outputs, state = static_rnn(cell, [torch.ones(4, 3), torch.zeros(4, 3)], dtype=torch.float32)
    >>> len(outputs), outputs[-1].shape, bool((outputs[-1] == state).all())
    (2, torch.Size([4, 5]), True)
    """
    arguments.check_no_packed_sequence("static_rnn", inputs)
    check_cell(cell)
    if not isinstance(inputs, list | tuple):
        raise TypeError(
            f"inputs must be a sequence, one tensor a step, but got a {type(inputs).__name__}: "
            "unstack a tensor [batch, time, depth] with list(x.unbind(1)), or use dynamic_rnn."
        )
    if not inputs:
        raise ValueError("inputs must not be empty: static_rnn needs at least one step.")
    for leaf in leaves(list(inputs)):
        arguments.check_input_leaf(leaf)
    first = leaves(inputs[0])
    if not first or any(not leaf.dim() for leaf in leaves(list(inputs))):
        raise ValueError("Each step of inputs needs at least one tensor [batch, ...].")
    batch_size = first[0].shape[0]
    for index, step_inputs in enumerate(inputs):
        for leaf in leaves(step_inputs):
            if leaf.shape[0] != batch_size:
                raise ValueError(
                    f"inputs[{index}] has a batch of {leaf.shape[0]} rows, but inputs[0] has {batch_size}."
                )
    lengths = arguments.sequence_lengths(sequence_length, batch_size, first[0].device)
    state = arguments.initial_state(cell, initial_state, batch_size, dtype, first)
    run = Run(seed)

    run_sequence = (
        lower(cell)
        if all(isinstance(step, Tensor) and step.shape == first[0].shape for step in inputs)
        else None
    )
    if run_sequence is not None and first[0].dim() == 2:
        context = SequenceContext(lengths)
        with run.at(0):
            outputs, state = run_sequence(torch.stack(list(inputs)), state, context)
        return list(outputs.unbind(0)), state
    steps = arguments.steps_to_run(lengths, len(inputs))
    listed, state = step_through(cell, inputs[:steps], state, lengths, run)
    past_the_end = [map_nest(torch.zeros_like, listed[-1]) for _ in range(steps, len(inputs))]
    return listed + past_the_end, state
