"""Two cells over the same inputs, one of them backwards. TF1: `tf.nn.bidirectional_dynamic_rnn`,
`tf.nn.static_bidirectional_rnn`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeGuard

import torch
from torch import Tensor

from ostinato._state import Nest, flatten, leaves, map_nest
from ostinato.cells import RNNCell, Run, check_cell, lower
from ostinato.cells.family import FamilyCell
from ostinato.drivers import arguments
from ostinato.drivers.dynamic import prepare, run_prepared, sequence_to_run, swap_batch_and_time
from ostinato.drivers.planned import SequenceToRun
from ostinato.drivers.static import static_rnn
from ostinato.drivers.wanted import Wanted, may_walk
from ostinato.kernels import ReverseOrder, reverse_sequence, run_sequences
from ostinato.memory import MemoryLimitError, MemoryPlan
from ostinato.memory.limit import format_bytes


def _other_direction(seed: Tensor | int | None) -> Tensor | None:
    """A seed for the backward direction; a step of a linear congruential generator (Knuth's MMIX), not a
    neighbouring seed.
    """
    return None if seed is None else Run(seed).seed * 6364136223846793005 + 1442695040888963407


def bidirectional_dynamic_rnn(
    cell_fw: RNNCell,
    cell_bw: RNNCell,
    inputs: Nest,
    sequence_length: Tensor | Sequence[int] | None = None,
    initial_state_fw: Nest = None,
    initial_state_bw: Nest = None,
    dtype: torch.dtype | None = None,
    *,
    time_major: bool = False,
    swap_memory: bool = False,
    memory: MemoryPlan | None = None,
    memory_limit: int | str | None = None,
    keep_outputs: bool = True,
    truncate_every: int | None = None,
    seed: Tensor | int | None = None,
) -> tuple[tuple[Nest, Nest], tuple[Nest, Nest]]:
    """`dynamic_rnn` forwards with `cell_fw` and backwards with `cell_bw`. TF1:
    `tf.nn.bidirectional_dynamic_rnn`; Schuster and Paliwal 1997.

    The backward pass over a row starts at its last step within the length; its outputs are put back in the
    order of the inputs, so `outputs[1][:, 0]` is its last step. Arguments as for `dynamic_rnn`; a memory plan
    is each direction's, and each has half of `memory_limit`.

    Returns:
        (outputs_fw, outputs_bw) and (final state fw, final state bw).

    >>> from ostinato import GRUCell
    >>> fw, bw = GRUCell(4, input_size=3), GRUCell(4, input_size=3)
    >>> outputs, states = bidirectional_dynamic_rnn(fw, bw, torch.randn(2, 5, 3), sequence_length=[5, 3])
    >>> bool((outputs[1][:, 0] == states[1]).all())
    True
    """
    check_cell(cell_fw, "cell_fw")
    check_cell(cell_bw, "cell_bw")
    arguments.check_no_packed_sequence("bidirectional_dynamic_rnn", inputs)
    wanted = Wanted.checked(swap_memory, memory, memory_limit, keep_outputs, truncate_every)
    is_plain = wanted == Wanted()
    if is_plain and _is_one_op(cell_fw) and _is_one_op(cell_bw) and isinstance(inputs, Tensor):
        states = initial_state_fw, initial_state_bw
        return _run_both((cell_fw, cell_bw), inputs, sequence_length, states, dtype, time_major)
    forwards = prepare(cell_fw, inputs, sequence_length, initial_state_fw, dtype, time_major)
    backwards = prepare(cell_bw, inputs, sequence_length, initial_state_bw, dtype, time_major)
    runs = Run(seed), Run(_other_direction(seed))
    lengths, time = backwards.lengths, leaves(backwards.inputs)[0].shape[0]
    order = ReverseOrder(lengths, time, backwards.files)
    if wanted.limit is not None:
        wanted = wanted._replace(limit=wanted.limit // 2)
        if may_walk():
            given = (cell_fw, forwards, None), (cell_bw, backwards, order)
            _check_limit(wanted, [sequence_to_run(c, p, Run(0), o) for c, p, o in given])
    outputs_fw, state_fw = run_prepared(cell_fw, forwards, wanted, runs[0])
    if is_plain or (wanted.is_hint and not may_walk()):

        def reverse(nest: Nest) -> Nest:
            return map_nest(lambda leaf: reverse_sequence(leaf, lengths, 0), nest)

        backwards = backwards._replace(inputs=reverse(backwards.inputs))
        outputs_bw, state_bw = run_prepared(cell_bw, backwards, wanted, runs[1])
        outputs_bw = reverse(outputs_bw)
    else:
        outputs_bw, state_bw = run_prepared(cell_bw, backwards, wanted, runs[1], order)
    if not time_major:
        outputs_fw, outputs_bw = (map_nest(swap_batch_and_time, leaf) for leaf in (outputs_fw, outputs_bw))
    return (outputs_fw, outputs_bw), (state_fw, state_bw)


def _check_limit(wanted: Wanted, sequences: Sequence[SequenceToRun]) -> None:
    """Raise a MemoryLimitError where half of the limit is not enough for a direction, before one is run."""
    errors = []
    for sequence in sequences:
        try:
            wanted.terms(sequence)
        except MemoryLimitError as error:
            errors.append(error)
    if errors:
        worst = max(errors, key=lambda error: error.smallest)
        smallest = 2 * worst.smallest
        raise MemoryLimitError(
            f"Each direction has half of memory_limit. {worst} For both, that is {format_bytes(smallest)} "
            f"({smallest} bytes).",
            smallest,
        )


def _is_one_op(cell: RNNCell) -> TypeGuard[FamilyCell]:
    """Whether a sequence of `cell` is one op of a family: no stack, no wrapper, nothing random."""
    return isinstance(cell, FamilyCell) and lower(cell) is not None


def _run_both(
    cells: tuple[FamilyCell, FamilyCell],
    inputs: Tensor,
    sequence_length: Tensor | Sequence[int] | None,
    initial_states: tuple[Nest, Nest],
    dtype: torch.dtype | None,
    time_major: bool,
) -> tuple[tuple[Nest, Nest], tuple[Nest, Nest]]:
    """Both directions at once: no reversed copies, and each on threads of its own where that is quicker."""
    given = [
        prepare(cell, inputs, sequence_length, s, dtype, time_major)
        for cell, s in zip(cells, initial_states, strict=True)
    ]
    runs = [
        cell.sequence_run(each.inputs, each.state, each.lengths, reverse)
        for cell, each, reverse in zip(cells, given, (False, True), strict=True)
    ]
    found = run_sequences(runs)
    outputs = [result.outputs if time_major else result.outputs.transpose(0, 1) for result in found]
    states = [flatten(each.state)[1](result.state) for each, result in zip(given, found, strict=True)]
    return (outputs[0], outputs[1]), (states[0], states[1])


def static_bidirectional_rnn(
    cell_fw: RNNCell,
    cell_bw: RNNCell,
    inputs: Sequence[Nest],
    initial_state_fw: Nest = None,
    initial_state_bw: Nest = None,
    dtype: torch.dtype | None = None,
    sequence_length: Tensor | Sequence[int] | None = None,
    *,
    seed: Tensor | int | None = None,
) -> tuple[list[Nest], Nest, Nest]:
    """`static_rnn` forwards and backwards. TF1: `tf.nn.static_bidirectional_rnn`. Arguments as for
    `static_rnn`.

    Returns:
        The list of outputs (forward and backward concatenated on axis 1), the final state forwards and the
        final state backwards.

    >>> from ostinato import BasicRNNCell
    >>> fw, bw = BasicRNNCell(4, input_size=3), BasicRNNCell(5, input_size=3)
    >>> outputs, state_fw, state_bw = static_bidirectional_rnn(fw, bw, [torch.ones(2, 3)] * 6)
    >>> len(outputs), outputs[0].shape
    (6, torch.Size([2, 9]))
    """
    check_cell(cell_fw, "cell_fw")
    check_cell(cell_bw, "cell_bw")
    outputs_fw, state_fw = static_rnn(cell_fw, inputs, initial_state_fw, dtype, sequence_length, seed=seed)
    like = leaves(inputs[0])[0]
    lengths = arguments.sequence_lengths(sequence_length, like.shape[0], like.device)

    def reverse(steps: Sequence[Nest]) -> list[Nest]:
        if lengths is None:
            return list(reversed(steps))
        stacked = map_nest(lambda *values: reverse_sequence(torch.stack(values), lengths, 0), *steps)
        return [map_nest(lambda leaf, step=step: leaf[step], stacked) for step in range(len(steps))]

    outputs_bw, state_bw = static_rnn(
        cell_bw, reverse(inputs), initial_state_bw, dtype, lengths, seed=_other_direction(seed)
    )
    outputs = [
        map_nest(lambda forwards, backwards: torch.cat([forwards, backwards], dim=1), *pair)
        for pair in zip(outputs_fw, reverse(outputs_bw), strict=True)
    ]
    return outputs, state_fw, state_bw
