"""One layer over a sequence, in one direction or in both.

`run_directions` is handed both directions at once, and hands back one tensor with their outputs side by
side, so that a kernel that runs the two at the same time has one place to go.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from functools import partial
from typing import NamedTuple

import torch
from torch import Tensor

from ostinato import kernels
from ostinato._state import Nest, flatten
from ostinato.cells import is_transformed
from ostinato.drivers.bidirectional import reverse_sequence
from ostinato.kernels import reference
from ostinato.kernels.layout import is_batch_major
from ostinato.steps import LSTM, Family, masking


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

    def run(direction: int, inputs: Tensor) -> DirectionRun:
        return _run_family(
            families[direction], parameters[direction], inputs, lengths, states[direction], with_cells
        )

    return both_ways([partial(run, direction) for direction in range(len(families))], inputs, lengths)


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
        second = reverse_sequence(second, lengths, time_axis=0)
        if is_batch_major(first):  # and so it stays
            return torch.cat([first.transpose(0, 1), second.transpose(0, 1)], dim=2).transpose(0, 1)
        return torch.cat([first, second], dim=2)

    cells = None
    if forwards.cells is not None and backwards.cells is not None:
        cells = beside(forwards.cells, backwards.cells)
    return LayerRun(beside(forwards.outputs, backwards.outputs), [forwards.state, backwards.state], cells)


def _run_family(
    family: Family,
    parameters: Sequence[Tensor],
    inputs: Tensor,
    lengths: Tensor | None,
    state: Nest,
    with_cells: bool,
) -> DirectionRun:
    if is_transformed():  # torch.func and forward mode have rules for steps of torch ops only
        return _run_steps(family, parameters, inputs, lengths, state, with_cells)
    if not with_cells:
        outputs, final = kernels.sequence(family, parameters, inputs, lengths, state)
        return DirectionRun(outputs, final, None)
    outputs, final, cells = _sequence_with_cells(family, parameters, inputs, lengths, state)
    # What an op keeps of a row that has ended is its own business.
    return DirectionRun(outputs, final, masking.zero_padding(lengths, cells))


def _sequence_with_cells(
    family: Family, parameters: Sequence[Tensor], inputs: Tensor, lengths: Tensor | None, state: Nest
) -> tuple[Tensor, Nest, Tensor]:
    """The LSTM op, asked for what it would keep for its backward pass: c of every step, differentiable."""
    assert isinstance(family, LSTM)
    state_leaves, unflatten = flatten(state)
    options = [getattr(family, field.name) for field in dataclasses.fields(family)]
    outputs, final, (cells,) = torch.ops.ostinato.lstm(
        inputs, lengths, state_leaves, list(parameters), *options, True
    )
    return outputs, unflatten(final), cells


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
