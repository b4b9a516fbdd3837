"""The loop that steps any cell, shared by the drivers; the one place where a step meets the rows' lengths."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import optree
import torch
from torch import Tensor

from ostinato._state import Nest, describe, flatten, leaves, map_nest, zeros
from ostinato.cells import Run
from ostinato.steps import masking


def step_through(
    cell: Any, inputs: Sequence[Nest], state: Nest, lengths: Tensor | None, run: Run, first_step: int = 0
) -> tuple[list[Nest], Nest]:
    """Step `cell` through `inputs`, one nest `[batch, ...]` a step: the outputs of each step, and the
    final state.

    `lengths` count from the first of these steps, which is step `first_step` of `run`. A cell that has
    `reads_padding` shows its steps elsewhere too, past a row's length as well: it is given what stands there.
    """
    outputs = []
    batch_size = leaves(inputs[0])[0].shape[0] if inputs else 0
    for index, step_inputs in enumerate(inputs):
        finished = None if lengths is None else masking.finished_rows(lengths, index)
        if finished is not None and not getattr(cell, "reads_padding", False):
            step_inputs = masking.zero_where(finished, step_inputs)
        output, new_state = run.step(cell, step_inputs, state, first_step + index)
        check_step(cell, output, new_state, state, batch_size)
        if finished is not None:
            output = masking.zero_where(finished, output)
            new_state = masking.copy_through(finished, new_state, state)
        state = new_state
        outputs.append(output)
    return outputs, state


def check_step(cell: Any, output: Nest, new_state: Nest, state: Nest, batch_size: int) -> None:
    """Raise where a step returned a state unlike the one it was given, or an output of another batch."""
    are_tensors = type(output) is type(new_state) is type(state) is Tensor and output.dim() > 0
    if are_tensors and new_state.shape == state.shape and output.shape[0] == batch_size:
        return  # what follows would find the same, and this is on the way to every step
    name = type(cell).__name__
    if optree.tree_structure(new_state) != optree.tree_structure(state):
        raise TypeError(
            f"The state that {name} returned and the one that it was given don't have the same nested "
            f"structure: {describe(new_state)} for {describe(state)}."
        )
    for new, old in zip(leaves(new_state), leaves(state), strict=True):
        if new.shape != old.shape:
            raise ValueError(
                f"{name} was given a state of shape {list(old.shape)} and returned one of shape "
                f"{list(new.shape)}: a state keeps its shape from step to step."
            )
    for leaf in leaves(output):
        if not leaf.dim() or leaf.shape[0] != batch_size:
            raise ValueError(f"{name} returned an output of shape {list(leaf.shape)} for {batch_size} rows.")


def unstack(inputs: Nest, steps: int) -> list[Nest]:
    """The nests of each of the first `steps` steps of time-major inputs."""
    if isinstance(inputs, Tensor):
        return list(inputs[:steps].unbind(0))
    # In one go: the gradient of a single step's slice is as large as all steps.
    values, as_nest = flatten(inputs)
    return [as_nest(step) for step in zip(*[leaf[:steps].unbind(0) for leaf in values], strict=True)]


def run_loop(
    cell: Any, inputs: Nest, state: Nest, lengths: Tensor | None, run: Run, steps: int
) -> tuple[Nest, Nest]:
    """Step `cell` through time-major `inputs` for `steps` of their steps.

    Returns the stacked outputs `[time, batch, ...]`, zeros after `steps`, and the final state.
    """
    outputs, final = step_through(cell, unstack(inputs, steps), state, lengths, run)
    time = leaves(inputs)[0].shape[0]

    def stack(*values: Tensor) -> Tensor:
        stacked = torch.stack(values)
        if steps < time:
            stacked = torch.cat([stacked, stacked.new_zeros(time - steps, *stacked.shape[1:])])
        return stacked

    return map_nest(stack, *outputs), final


def run_no_steps(cell: Any, inputs: Nest, state: Nest) -> tuple[Nest, Nest]:
    """Outputs `[0, batch, ...]`, and the state as it is."""
    first, state_leaves = leaves(inputs)[0], leaves(state)
    like = state_leaves[0] if state_leaves else first
    empty = zeros(cell.output_size, first.shape[1], like.dtype, like.device)
    return map_nest(lambda leaf: leaf.new_zeros(0, *leaf.shape), empty), state
