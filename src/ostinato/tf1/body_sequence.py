"""A traced step through a whole sequence, stage by stage."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import torch

from ostinato import cells
from ostinato.drivers.loop import check_step
from ostinato.memory.invariant import loop_invariant
from ostinato.steps import masking

from .body_stages import Stage, Stages
from .tensor import Tensor

if TYPE_CHECKING:
    from .run import Run

Known = dict[Tensor, torch.Tensor]
"""What is known of all steps, `[time, batch, ...]`."""


def run_stages(
    cell: cells.RNNCell,
    stages: Stages,
    run: Run,
    inputs: torch.Tensor,
    state: Sequence[torch.Tensor],
    captured: Sequence[Any],
    lengths: torch.Tensor | None,
) -> tuple[torch.Tensor, list[torch.Tensor]]:
    """Time-major outputs `[time, batch, ...]` of a cell, and the leaves of the final state."""
    time, rows = inputs.shape[:2]
    first = steps = time
    if lengths is not None:
        first, steps = (int(found) for found in torch.aminmax(lengths)) if rows else (0, 0)
        steps = min(max(steps, 1), time)  # one at least, which tells what an output is
        inputs = inputs[:steps]
        if first < steps:
            inputs = masking.zero_padding(lengths, inputs)
    run = run.looping()
    given, known, values = stages.parts.begin(run, captured), {stages.inputs: inputs}, list(state)
    for stage in stages.stages:
        if stage.rows_plan is not None:
            fed = [known[tensor].flatten(0, 1) for tensor in stage.rows_fed]
            for tensor, value in zip(stage.rows, run.execute(stage.rows_plan, [*fed, *given]), strict=True):
                known[tensor] = value.unflatten(0, (steps, rows))
        if stage.step_plan is not None:
            _loop(cell, stages, stage, run, values, given, known, lengths, first)
    outputs = known[stages.output]
    if first < steps:
        outputs = masking.zero_padding(lengths, outputs)
    if steps < time:
        outputs = torch.cat([outputs, outputs.new_zeros(time - steps, *outputs.shape[1:])])
    return outputs, values


def _loop(
    cell: cells.RNNCell,
    stages: Stages,
    stage: Stage,
    run: Run,
    state: list[torch.Tensor],
    given: Sequence[Any],
    known: Known,
    lengths: torch.Tensor | None,
    first: int,
) -> None:
    """Step through a stage's loop: put its final states into `state`, what it exports into `known`."""
    steps, rows = known[stages.inputs].shape[:2]
    values = [state[place] for place in stage.states]
    fed = [known[tensor].unbind(0) for tensor in stage.step_fed]
    found = None
    if stage.programs is not None:
        ended = range(min(max(first, 0), steps), steps) if lengths is not None else ()
        masks = [masking.finished_rows(lengths, index) for index in ended] if lengths is not None else []
        found = stage.programs.run(run, values, fed, given, steps, masks, steps - len(masks))
    if found is None:
        found = _stepped(cell, stages, stage, run, values, fed, given, steps, rows, lengths, first)
    final, exported = found
    known.update((tensor, torch.stack(list(e))) for tensor, e in zip(stage.exports, exported, strict=True))
    for place, value in zip(stage.states, final, strict=True):
        state[place] = value


def _stepped(
    cell: cells.RNNCell,
    stages: Stages,
    stage: Stage,
    run: Run,
    values: list[torch.Tensor],
    fed: Sequence[Sequence[torch.Tensor]],
    given: Sequence[Any],
    steps: int,
    rows: int,
    lengths: torch.Tensor | None,
    first: int,
) -> tuple[list[torch.Tensor], list[list[torch.Tensor]]]:
    """The final states of a stage, and what it exports of each step."""
    given = [loop_invariant(value) if place in stage.factors else value for place, value in enumerate(given)]
    own, count, plan = [stages.states[place] for place in stage.states], len(values), stage.step_plan
    assert plan is not None
    before = [own.index(tensor) if tensor in own else None for tensor in stage.exports]
    exported: list[list[torch.Tensor]] = [[] for _ in stage.exports]
    for index in range(steps):
        results = run.execute(plan, [*values, *[value[index] for value in fed], *given])
        after, others = results[:count], iter(results[count:])
        for found, place in zip(exported, before, strict=True):
            found.append(next(others) if place is None else values[place])
        if not index:
            check_step(cell, (), after, values, rows)
        if index >= first and lengths is not None:  # some rows have ended
            after = masking.copy_through(masking.finished_rows(lengths, index), after, values)
        values = after
    return values, exported
