"""`dynamic_rnn`: a cell over a tensor of any number of steps. TF1: `tf.nn.dynamic_rnn`."""

from __future__ import annotations

import mmap
from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from ostinato._state import Nest, leaves, map_nest
from ostinato.cells import RNNCell, Run, SequenceContext, check_cell, lower
from ostinato.drivers import arguments
from ostinato.drivers.loop import run_loop, run_no_steps
from ostinato.drivers.planned import SequenceToRun, run_planned
from ostinato.drivers.wanted import Wanted, outside_of_a_graph
from ostinato.memory import MemoryPlan
from ostinato.memory.work import Order


def dynamic_rnn(
    cell: RNNCell,
    inputs: Nest,
    sequence_length: Tensor | Sequence[int] | None = None,
    initial_state: Nest = None,
    dtype: torch.dtype | None = None,
    *,
    time_major: bool = False,
    swap_memory: bool = False,
    memory: MemoryPlan | None = None,
    memory_limit: int | str | None = None,
    keep_outputs: bool = True,
    truncate_every: int | None = None,
    seed: Tensor | int | None = None,
) -> tuple[Nest, Nest]:
    """Step `cell` through `inputs`. TF1: `tf.nn.dynamic_rnn`.

    Past a row's length its outputs are exact zeros and its state is copied through, so the final state is
    that of the row's last step. Padding is never read: what stands there, a NaN included, reaches neither
    outputs nor gradients. A built-in cell, stacked and wrapped too, runs as whole-sequence ops; any other
    one is stepped.

    Args:
        cell: an `RNNCell`, or any callable with `state_size`, `output_size` and `zero_state`.
        inputs: `[batch, time, ...]`, or a nest of such tensors; `[time, batch, ...]` with `time_major`. A
            `numpy.memmap` or a memory-mapped tensor is read from its file a part at a time.
        sequence_length: integers `[batch]`; None: every row runs to the end. Lengths beyond `time` count
            as `time`.
        initial_state: a nest of tensors in the structure of `cell.state_size`; None: zeros.
        dtype: of the zero initial state; None: that of the inputs.
        time_major: whether time is the first axis of inputs and outputs.
        swap_memory: train with less memory: from a GPU what the backward pass needs is moved to the host's
            memory; on a processor the state is kept every sqrt(time) steps, and the steps between are
            computed anew in the backward pass.
        memory: a plan of what is kept for the backward pass, recomputed or moved away.
        memory_limit: bytes, or a text such as "2GiB": the fastest plan is taken whose forward and backward
            pass allocate no more than that beside inputs, outputs, their gradients and parameters.
        keep_outputs: without, None is returned for the outputs, and no more of them is kept than the plan
            keeps for the backward pass.
        truncate_every: a number of steps after which gradients end (truncated backpropagation through time):
            the state goes on, its gradient does not.
        seed: of this run's dropout masks; None: drawn from torch's default generator.

    Under every plan outputs and gradients are the same. Under one that recomputes or swaps, and with
    `truncate_every`, a double backward pass is refused.

    Returns:
        outputs, a nest `[batch, time, ...]` (or time-major) in the structure of `cell.output_size`, and
        the final state.

    Raises:
        TypeError: not a cell, a `PackedSequence`, or a structure or dtype that does not fit.
        ValueError: a rank, shape or length that does not fit; two of `swap_memory`, `memory` and
            `memory_limit` at once.
        MemoryLimitError: no plan keeps to `memory_limit`; it names the least that would do.

    >>> from ostinato import BasicLSTMCell
    >>> cell = BasicLSTMCell(64, input_size=12)
    >>> outputs, state = dynamic_rnn(cell, torch.randn(2, 5, 12), sequence_length=[5, 3])
    >>> outputs.shape, bool((outputs[1, 3:] == 0).all()), bool((outputs[1, 2] == state.h[1]).all())
    (torch.Size([2, 5, 64]), True, True)
    """
    wanted = Wanted.checked(swap_memory, memory, memory_limit, keep_outputs, truncate_every)
    prepared = prepare(cell, inputs, sequence_length, initial_state, dtype, time_major)
    outputs, final_state = run_prepared(cell, prepared, wanted, Run(seed))
    return (outputs if time_major else map_nest(swap_batch_and_time, outputs)), final_state


def run_prepared(
    cell: RNNCell, prepared: Prepared, wanted: Wanted, run: Run, order: Order | None = None
) -> tuple[Nest, Nest]:
    """`dynamic_rnn` over what has been checked: time-major outputs (None where they are not wanted), and the
    final state. An `order` other than that of time has to be walked in.
    """
    sequence = sequence_to_run(cell, prepared, run, order)
    if torch.compiler.is_compiling() and not wanted.is_hint:
        found: tuple[Nest, Nest] = outside_of_a_graph(_run, sequence, wanted)
        return found
    return _run(sequence, wanted)


def sequence_to_run(cell: RNNCell, prepared: Prepared, run: Run, order: Order | None = None) -> SequenceToRun:
    """What has been checked, and how the cell runs over it."""
    inputs, lengths, state, files = prepared
    time = leaves(inputs)[0].shape[0]
    lowered = lower(cell) if isinstance(inputs, Tensor) else None
    steps = time if lowered is not None else arguments.steps_to_run(lengths, time)
    return SequenceToRun(cell, inputs, state, lengths, run, steps, lowered, order or Order(files))


def _run(sequence: SequenceToRun, wanted: Wanted) -> tuple[Nest, Nest]:
    cell, inputs, state, lengths, run, steps, lowered, _ = sequence
    if lowered is None and not leaves(inputs)[0].shape[0]:
        outputs, state = run_no_steps(cell, inputs, state)
        return outputs if wanted.keep_outputs else None, state
    terms = wanted.terms(sequence)
    if terms.plan is not None:
        return run_planned(sequence, terms)
    if lowered is None:
        outputs, final_state = run_loop(cell, inputs, state, lengths, run, steps)
    else:
        with run.at(0):
            outputs, final_state = lowered(inputs, state, SequenceContext(lengths, terms.keep_gates))
    return outputs if wanted.keep_outputs else None, final_state


class Prepared(NamedTuple):
    """Time-major inputs, the rows' lengths and the initial state, checked, and the files of the inputs."""

    inputs: Nest
    lengths: Tensor | None
    state: Nest
    files: Sequence[mmap.mmap] = ()


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
    files = arguments.files_of(inputs)
    inputs = map_nest(arguments.from_disk, inputs)
    for leaf in leaves(inputs):
        arguments.check_input_leaf(leaf)
        if leaf.dim() < 3 and not (leaf.dim() == 2 and not leaf.is_floating_point()):
            axes = "[time, batch, depth]" if time_major else "[batch, time, depth]"
            raise ValueError(
                f"dynamic_rnn needs inputs of rank at least 3, {axes}, but got shape {list(leaf.shape)}."
            )
    if not time_major:
        inputs = map_nest(swap_batch_and_time, inputs)
    _, batch_size = arguments.time_and_batch(inputs)
    like = leaves(inputs)[0]
    lengths = arguments.sequence_lengths(sequence_length, batch_size, like.device)
    state = arguments.initial_state(cell, initial_state, batch_size, dtype, leaves(inputs))
    return Prepared(inputs, lengths, state, files)


def swap_batch_and_time(tensor: Tensor) -> Tensor:
    return tensor.transpose(0, 1)
