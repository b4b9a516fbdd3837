"""The loop that steps any cell, shared by the drivers; the one place where a step meets the rows' lengths."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from ostinato._state import Nest, flatten, leaves, map_nest, zeros
from ostinato.cells import StepPosition, step_cell
from ostinato.memory import MemoryPlan, check_parameters, walk_chunks
from ostinato.steps import masking


def step_through(
    cell: Any, inputs: Iterable[Nest], state: Nest, lengths: Tensor | None, position: StepPosition
) -> tuple[list[Nest], Nest]:
    """Step `cell` through `inputs`, one nest `[batch, ...]` a step: the outputs of each step, and the
    final state.

    `lengths` count from the first of these steps; `position` is that step's.
    """
    step = step_cell(cell)
    outputs = []
    for index, step_inputs in enumerate(inputs):
        finished = None if lengths is None else masking.finished_rows(lengths, index)
        if finished is not None:
            step_inputs = masking.zero_where(finished, step_inputs)
        output, new_state = step(step_inputs, state, position._replace(step=position.step + index))
        _check_structure(new_state, state)
        if finished is not None:
            output = masking.zero_where(finished, output)
            new_state = masking.copy_through(finished, new_state, state)
        state = new_state
        outputs.append(output)
    return outputs, state


def _check_structure(new_state: Nest, state: Nest) -> None:
    if len(leaves(new_state)) != len(leaves(state)):
        raise TypeError(
            f"The cell returned a state of {len(leaves(new_state))} tensors for one of {len(leaves(state))}: "
            "the new state and the old one don't have the same nested structure."
        )


def unstack(inputs: Nest, steps: int) -> list[Nest]:
    """The nests of each of the first `steps` steps of time-major inputs."""
    return [map_nest(lambda leaf, step=step: leaf[step], inputs) for step in range(steps)]


def run_loop(
    cell: Any,
    inputs: Nest,
    state: Nest,
    lengths: Tensor | None,
    position: StepPosition,
    plan: MemoryPlan,
    steps: int,
) -> tuple[Nest, Nest]:
    """Step `cell` through time-major `inputs` for `steps` of their steps: stacked outputs `[time, batch,
    ...]`, zeros after `steps`, and the final state.
    """
    input_leaves, as_inputs = flatten(inputs)
    state_leaves, as_state = flatten(state)
    time, batch_size = input_leaves[0].shape[:2]
    if not time:
        like = state_leaves[0] if state_leaves else input_leaves[0]
        empty = zeros(cell.output_size, batch_size, like.dtype, like.device)
        return map_nest(lambda leaf: leaf.new_zeros(0, *leaf.shape), empty), state
    structure: list[Any] = []

    def run_chunk(
        start: int, chunk: Sequence[Tensor], state: Sequence[Tensor]
    ) -> tuple[Sequence[Tensor], Sequence[Tensor]]:
        rest = None if lengths is None else lengths - start
        outputs, final = step_through(
            cell,
            unstack(as_inputs(chunk), chunk[0].shape[0]),
            as_state(state),
            rest,
            position._replace(step=start),
        )
        structure[:] = [flatten(outputs[0])[1], flatten(final)[1]]
        stacked = map_nest(lambda *values: torch.stack(values), *outputs)
        return leaves(stacked), leaves(final)

    input_leaves = [leaf[:steps] for leaf in input_leaves]
    chunk_length = plan.chunk_length(steps)
    if chunk_length >= steps or torch.compiler.is_compiling():
        outputs, final = run_chunk(0, input_leaves, state_leaves)
    else:
        parameters = list(cell.parameters()) if isinstance(cell, nn.Module) else []
        if torch.is_grad_enabled():
            check_parameters(run_chunk, input_leaves, state_leaves, parameters)
        outputs, final = walk_chunks(run_chunk, input_leaves, state_leaves, parameters, chunk_length)
    if steps < time:
        outputs = [torch.cat([leaf, leaf.new_zeros(time - steps, *leaf.shape[1:])]) for leaf in outputs]
    return structure[0](outputs), structure[1](final)
