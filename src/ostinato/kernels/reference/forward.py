"""A sequence forward: the input projection of many steps at once, then the recurrence step by step."""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor

from ostinato._state import Nest
from ostinato.kernels.layout import stacked_outputs
from ostinato.steps import Family, masking

CHUNK_STEPS = 32
"""The steps that share one large matrix product: enough to fill it, few enough to stay in cache."""


def forward(
    family: Family,
    parameters: Mapping[str, Tensor],
    inputs: Tensor,
    sequence_length: Tensor | None,
    state: Nest,
) -> tuple[Tensor, list[Nest]]:
    """Run `inputs` `[time, batch, input_size]` from `state`: outputs `[time, batch, output_size]`, which lie
    in memory as the inputs do, and the states after each step.

    The list of states starts with the initial one.
    """
    time, batch_size, _ = inputs.shape
    states = [state]
    if time == 0:
        return inputs.new_zeros(0, batch_size, family.output_size), states
    readable = masking.zero_padding(sequence_length, inputs)
    outputs = []
    for step in range(time):
        if step % CHUNK_STEPS == 0:
            projected = family.project(parameters, readable[step : step + CHUNK_STEPS])
        output, state = family.recur(
            parameters, tuple(part[step % CHUNK_STEPS] for part in projected), states[-1]
        )
        if sequence_length is not None:
            finished = masking.finished_rows(sequence_length, step)
            output = masking.zero_where(finished, output)
            state = masking.copy_through(finished, state, states[-1])
        outputs.append(output)
        states.append(state)
    return stacked_outputs(inputs, outputs), states
