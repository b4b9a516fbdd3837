"""One layer over a sequence, in one direction or in both.

`run_directions` hands both directions to the kernels at once, which may run them at the same time. What is
stepped instead (zoneout, torch.func, a single step) goes through `both_ways`, one direction after the other.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import NamedTuple

import torch
from torch import Tensor

from ostinato import kernels
from ostinato._state import Nest, flatten
from ostinato.cells import is_transformed
from ostinato.kernels import SequenceRun, reference, reverse_sequence
from ostinato.steps import Family, masking


class DirectionRun(NamedTuple):
    """Time-major `outputs` `[time, batch, output_size]`, the final state, and an LSTM's c of every step
    `[time, batch, num_units]` where it was asked for.
    """

    outputs: Tensor
    state: Nest
    cells: Tensor | None


class LayerRun(NamedTuple):
    """What the directions of a layer gave: outputs (and cells) side by side, and the final state of each."""

    outputs: Tensor
    states: list[Nest]
    cells: Tensor | None


def run_directions(
    families: Sequence[Family],
    parameters: Sequence[Sequence[Tensor]],
    inputs: Tensor,
    lengths: Tensor | None,
    states: Sequence[Nest],
    with_cells: bool = False,
) -> LayerRun:
    """Run one or two families over `inputs` `[time, batch, input_size]` (any strides), the second one
    backwards from each row's last step within `lengths` `[batch]`.

    `parameters` stand in each family's order. Past a row's length outputs and cells are zeros. An LSTM's
    c of every step comes back `with_cells`.
    """
    if is_transformed():  # torch.func and forward mode have rules for steps of torch ops only

        def run(direction: int, inputs: Tensor) -> DirectionRun:
            return _run_steps(
                families[direction], parameters[direction], inputs, lengths, states[direction], with_cells
            )

        return both_ways([partial(run, direction) for direction in range(len(families))], inputs, lengths)

    nests = [flatten(state) for state in states]
    runs = [
        SequenceRun(family, tensors, inputs, lengths, leaves, reverse=index == 1)
        for index, (family, tensors, (leaves, _)) in enumerate(zip(families, parameters, nests, strict=True))
    ]
    outputs, states_after, kept = kernels.run_side_by_side(runs, with_cells)
    final = [unflatten(found) for found, (_, unflatten) in zip(states_after, nests, strict=True)]
    cells = None
    if with_cells:
        # What a kernel keeps of a row that has ended is its own business.
        cells = kernels.beside([masking.zero_padding(lengths, found) for found in kept])
    return LayerRun(outputs, final, cells)


def both_ways(
    runners: Sequence[Callable[[Tensor], DirectionRun]], inputs: Tensor, lengths: Tensor | None
) -> LayerRun:
    """The results of `runners[0]` over `inputs`, and beside them those of `runners[1]`, if there is one,
    over the reversed inputs, put back in order.
    """
    forwards = runners[0](inputs)
    if len(runners) == 1:
        return LayerRun(forwards.outputs, [forwards.state], forwards.cells)
    backwards = runners[1](reverse_sequence(inputs, lengths, time_axis=0))

    def beside(first: Tensor, second: Tensor) -> Tensor:
        return kernels.beside([first, reverse_sequence(second, lengths, time_axis=0)])

    cells = None
    if forwards.cells is not None and backwards.cells is not None:
        cells = beside(forwards.cells, backwards.cells)
    return LayerRun(beside(forwards.outputs, backwards.outputs), [forwards.state, backwards.state], cells)


def _run_steps(
    family: Family,
    parameters: Sequence[Tensor],
    inputs: Tensor,
    lengths: Tensor | None,
    state: Nest,
    with_cells: bool,
) -> DirectionRun:
    named = {spec.name: tensor for spec, tensor in zip(family.parameters(1), parameters, strict=True)}
    outputs, states = reference.forward(family, named, inputs, lengths, state)
    cells = None
    if with_cells:
        after = [state.c for state in states[1:]]
        cells = torch.stack(after) if after else states[0].c.new_zeros(0, *states[0].c.shape)
        cells = masking.zero_padding(lengths, cells)
    return DirectionRun(outputs, states[-1], cells)
