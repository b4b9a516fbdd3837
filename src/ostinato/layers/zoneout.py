"""A layer with zoneout: the one that is stepped, as what a step keeps of the one before it stands between
any two. The input projection and the masks of all steps are still computed at once.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from ostinato import kernels
from ostinato._state import Nest, flatten, leaves
from ostinato.cells.zoneout import ZONEOUT_PART, zone_out
from ostinato.layers.directions import DirectionRun
from ostinato.steps import Family, masking


def run_zoneout(
    family: Family,
    parameters: Sequence[Tensor],
    inputs: Tensor,
    lengths: Tensor | None,
    state: Nest,
    probabilities: Sequence[float],
    seed: Tensor | None,
    place: int,
    with_cells: bool,
) -> DirectionRun:
    """Run `family` over `inputs` `[time, batch, input_size]` with zoneout of each part of the state.

    The masks are those of a `ZoneoutWrapper` at the place `place` of a run with `seed`; without a seed the
    state is the expectation.
    """
    named = {spec.name: tensor for spec, tensor in zip(family.parameters(1), parameters, strict=True)}
    as_state = flatten(family.state_size)[1]
    old = leaves(state)
    time = inputs.shape[0]
    if not time:
        empty = [leaf.new_zeros(0, *leaf.shape) for leaf in old]
        return DirectionRun(empty[-1], state, empty[0] if with_cells else None)
    masks: list[Tensor | None] = [None] * len(old)
    if seed is not None:
        masks = [
            kernels.step_uniform(seed, [place, 0, ZONEOUT_PART, index], 0, time, leaf.shape, leaf.device)
            < probability
            for index, (leaf, probability) in enumerate(zip(old, probabilities, strict=True))
        ]
    projected = family.project(named, masking.zero_padding(lengths, inputs))
    steps: list[list[Tensor]] = []
    for step in range(time):
        computed = leaves(family.recur(named, tuple(part[step] for part in projected), as_state(old))[1])
        new = [
            zone_out(after, before, probability, None if mask is None else mask[step])
            for after, before, probability, mask in zip(computed, old, probabilities, masks, strict=True)
        ]
        old = new if lengths is None else masking.copy_through(lengths <= step, new, old)
        steps.append(old)

    def every_step(part: int) -> Tensor:
        return masking.zero_padding(lengths, torch.stack([parts[part] for parts in steps]))

    # The last part of a family's state is what it outputs, the first part of an LSTM's is c.
    return DirectionRun(every_step(-1), as_state(old), every_step(0) if with_cells else None)
