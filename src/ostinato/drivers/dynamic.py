"""`dynamic_rnn`: a cell over a tensor of any number of steps. TF1: `tf.nn.dynamic_rnn`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from ostinato._state import Nest, leaves, map_nest
from ostinato.cells import RNNCell, Run, SequenceContext, check_cell, lower
from ostinato.drivers import arguments
from ostinato.drivers.loop import run_loop
from ostinato.memory import MemoryPlan


def dynamic_rnn(
    cell: RNNCell,
    inputs: Nest,
    sequence_length: Tensor | Sequence[int] | None = None,
    initial_state: Nest = None,
    dtype: torch.dtype | None = None,
    *,
    time_major: bool = False,
    swap_memory: bool = False,
    seed: Tensor | int | None = None,
) -> tuple[Nest, Nest]:
    """Step `cell` through `inputs`. TF1: `tf.nn.dynamic_rnn`.

    Past a row's length its outputs are exact zeros and its state is copied through, so the final state is
    that of the row's last step. Padding is never read: what stands there, a NaN included, reaches neither
    outputs nor gradients. A built-in cell, stacked and wrapped too, runs as whole-sequence ops; any other
    one is stepped.

    Args:
        cell: an `RNNCell`, or any callable with `state_size`, `output_size` and `zero_state`.
        inputs: `[batch, time, ...]`, or a nest of such tensors; `[time, batch, ...]` with `time_major`.
        sequence_length: integers `[batch]`; None: every row runs to the end. Lengths beyond `time` count
            as `time`.
        initial_state: a nest of tensors in the structure of `cell.state_size`; None: zeros.
        dtype: of the zero initial state; None: that of the inputs.
        time_major: whether time is the first axis of inputs and outputs.
        swap_memory: train with less memory: the state is kept every sqrt(time) steps, and the steps
            between are computed anew in the backward pass. Outputs and gradients are the same; a double
            backward pass is refused.
        seed: of this run's dropout masks; None: drawn from torch's default generator.

    Returns:
        outputs, a nest `[batch, time, ...]` (or time-major) in the structure of `cell.output_size`, and
        the final state.

    Raises:
        TypeError: not a cell, a `PackedSequence`, or a structure or dtype that does not fit.
        ValueError: a rank, shape or length that does not fit.

    >>> from ostinato import BasicLSTMCell
    >>> cell = BasicLSTMCell(64, input_size=12)
    >>> outputs, state = dynamic_rnn(cell, torch.randn(2, 5, 12), sequence_length=[5, 3])
    >>> outputs.shape, bool((outputs[1, 3:] == 0).all()), bool((outputs[1, 2] == state.h[1]).all())
    (torch.Size([2, 5, 64]), True, True)
    """
    inputs, lengths, state = prepare(cell, inputs, sequence_length, initial_state, dtype, time_major)
    plan = MemoryPlan.recompute() if swap_memory else MemoryPlan.keep_all()
    run = Run(seed)

    run_sequence = lower(cell) if isinstance(inputs, Tensor) else None
    if run_sequence is not None:
        with run.at(0):
            outputs, final_state = run_sequence(inputs, state, SequenceContext(lengths, plan))
    else:
        steps = arguments.steps_to_run(lengths, leaves(inputs)[0].shape[0])
        outputs, final_state = run_loop(cell, inputs, state, lengths, run, plan, steps)
    return (outputs if time_major else map_nest(_swap_batch_and_time, outputs)), final_state


class Prepared(NamedTuple):
    """Time-major inputs, the rows' lengths and the initial state: checked."""

    inputs: Nest
    lengths: Tensor | None
    state: Nest


def prepare(
    cell: RNNCell,
    inputs: Nest,
    sequence_length: Tensor | Sequence[int] | None,
    initial_state: Nest,
    dtype: torch.dtype | None,
    time_major: bool,
) -> Prepared:
    """What `dynamic_rnn` runs on, from what it is given; raises what it raises."""
    arguments.check_no_packed_sequence("dynamic_rnn", inputs)
    check_cell(cell)
    input_leaves = leaves(inputs)
    if not input_leaves:
        raise ValueError("dynamic_rnn needs at least one input tensor.")
    for leaf in input_leaves:
        arguments.check_input_leaf(leaf)
        if leaf.dim() < 3 and not (leaf.dim() == 2 and not leaf.is_floating_point()):
            axes = "[time, batch, depth]" if time_major else "[batch, time, depth]"
            raise ValueError(
                f"dynamic_rnn needs inputs of rank at least 3, {axes}, but got shape {list(leaf.shape)}."
            )
    if not time_major:
        inputs = map_nest(_swap_batch_and_time, inputs)
    _, batch_size = arguments.time_and_batch(inputs)
    like = leaves(inputs)[0]
    lengths = arguments.sequence_lengths(sequence_length, batch_size, like.device)
    state = arguments.initial_state(cell, initial_state, batch_size, dtype, like)
    return Prepared(inputs, lengths, state)


def _swap_batch_and_time(tensor: Tensor) -> Tensor:
    return tensor.transpose(0, 1)
