"""Fusion: the steps of a driver over a list, one node each, become one run of the core over a sequence.

A chain is a run of step nodes of one cell with the same variables, each taking exactly the state that the one
before gives. It must not be seen from outside: where a state between two steps is fed, fetched,
differentiated with respect to, or used by anything but the next step, the chain ends there. (An output that
is h itself may be used by
anything: it comes out of the sequence.) Where a chain's inputs are all slices of one tensor, in order, the
tensor itself is the sequence (and the gradient of each slice is not one of the whole tensor).
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from ostinato import drivers
from ostinato._state import flatten, leaves

from . import cell_description, registry
from .ops.rnn import has_output, split_inputs
from .tensor import Operation, Tensor


@dataclass(frozen=True, eq=False)
class Chain:
    """Consecutive steps of one cell. `source` is the tensor whose slices the inputs are, along `axis`, or
    None.
    """

    operations: tuple[Operation, ...]
    source: Tensor | None
    axis: int

    @property
    def inputs(self) -> tuple[Tensor, ...]:
        """What the chain reads: the first step's tensors but its input, then the source or all the steps'
        inputs.
        """
        first = self.operations[0].inputs[1:]
        steps = [self.source] if self.source is not None else [step.inputs[0] for step in self.operations]
        return (*first, *steps)

    @property
    def outputs(self) -> tuple[Tensor, ...]:
        """What it gives: the steps' outputs, in order, then the leaves of the last step's state."""
        given = [_output(step) for step in self.operations]
        last = _states(self.operations[-1])
        return (*given, *[leaf for leaf in last if leaf is not given[-1]])

    def evaluate(self, run: Any, *values: torch.Tensor) -> Sequence[torch.Tensor]:
        step = self.operations[0]
        attributes = step.attributes
        first, steps = values[: len(step.inputs) - 1], values[len(step.inputs) - 1 :]
        if self.source is not None:
            sequence = steps[0] if self.axis == 0 else steps[0].transpose(0, 1)
            if sequence.shape[0] != len(self.operations):
                raise ValueError(
                    f"Axis {self.axis} has size {sequence.shape[0]}, but the graph was built for "
                    f"{len(self.operations)} steps."
                )
        else:
            sequence = torch.stack(steps)
        parts = split_inputs((None, *first), attributes)
        description = attributes["description"]
        outputs, final = drivers.dynamic_rnn(
            cell_description.bind(description, parts.bound, run.within(step)),
            sequence,
            sequence_length=None
            if parts.lengths is None
            else (parts.lengths - attributes["step"]).clamp(min=0),
            initial_state=flatten(description.state_size)[1](parts.state),
            time_major=True,
            seed=parts.seed,
            **run.memory.options(),
        )
        final_leaves = leaves(final)
        if not has_output(description, parts.lengths is not None):
            # The last output is this leaf of the state: one tensor in the graph, given once.
            final_leaves.pop(description.output_leaf or 0)
        return [*outputs.unbind(0), *final_leaves]


def find_chains(
    operations: Sequence[Operation],
    pinned: Collection[Tensor],
    fetched: Collection[Tensor],
    shortest: int = 2,
) -> list[Chain]:
    """The chains among the operations that a run needs.

    Args:
        operations: in the order they were made.
        pinned: tensors that are fed or differentiated with respect to.
        fetched: tensors whose values the run returns.
    """
    steps = [operation for operation in operations if operation.type == "RNNCellStep"]
    if len(steps) < shortest:
        return []
    needed = set(operations)
    used: dict[Tensor, int] = {}
    for operation in needed:
        for tensor in operation.inputs:
            used[tensor] = used.get(tensor, 0) + 1
    following: dict[Operation, Operation] = {}
    for step in steps:
        before = _states(step, given=False)[0].op
        if before not in needed or before in following or not _continues(before, step):
            continue
        if not any(_is_seen(leaf, before, pinned, fetched, used) for leaf in before.outputs):
            following[before] = step
    chains, started = [], set(following.values())
    for step in steps:
        if step not in started and step in following:
            members = [step]
            while members[-1] in following:
                members.append(following[members[-1]])
            if any(tensor in pinned for tensor in members[-1].outputs):
                members.pop()
            # Masks are functions of the step, and a sequence counts its steps from 0.
            counts_alike = not step.attributes["has_seed"] or step.attributes["step"] == 0
            if len(members) >= shortest and counts_alike:
                chains.append(_chain(members, pinned))
    return chains


def _chain(members: Sequence[Operation], pinned: Collection[Tensor]) -> Chain:
    slices = [step.inputs[0] for step in members]
    if not any(tensor in pinned for tensor in slices):
        source = slices[0].op
        if source.type == "Unpack" and source.outputs == slices and source.attributes["axis"] in (0, 1):
            return Chain(tuple(members), source.inputs[0], source.attributes["axis"])
        places = [_place(tensor) for tensor in slices]
        if places[0] is not None:
            tensor, axis, _ = places[0]
            whole = tensor.shape.known is not None and tensor.shape.known[axis] == len(slices)
            if whole and places == [(tensor, axis, index) for index in range(len(slices))]:
                return Chain(tuple(members), tensor, axis)
    return Chain(tuple(members), None, 0)


def _place(tensor: Tensor) -> tuple[Tensor, int, int] | None:
    """The tensor, the axis of the first two and the index that `tensor` is the slice of, as
    `inputs[:, step, :]`.
    """
    operation = tensor.op
    if operation.type != "StridedSlice" or operation.control_inputs:
        return None
    masks, axis = operation.attributes, operation.attributes["shrink_axis_mask"] - 1
    if axis not in (0, 1) or masks["ellipsis_mask"] or masks["new_axis_mask"]:
        return None
    begin, _, strides = [registry.constant_value(item) for item in operation.inputs[1:]]
    if begin is None or strides is None or not np.all(strides == 1):
        return None
    others = 2 ** len(begin) - 1 - masks["shrink_axis_mask"]  # all of each of the other axes
    if masks["begin_mask"] & others != others or masks["end_mask"] & others != others:
        return None
    return operation.inputs[0], axis, int(begin[axis])


def _output(step: Operation) -> Tensor:
    description = step.attributes["description"]
    if has_output(description, step.attributes["has_lengths"]):
        return step.outputs[0]
    return step.outputs[description.output_leaf]


def _states(step: Operation, given: bool = True) -> list[Tensor]:
    """The leaves of the state that a step gives, or of the one that it takes."""
    count = len(leaves(step.attributes["description"].state_size))
    if given:
        return step.outputs[len(step.outputs) - count :]
    return list(step.inputs[1 : 1 + count])


def _continues(before: Operation, step: Operation) -> bool:
    """Whether a step is the next one of the same cell over the same tensors."""
    if before.type != "RNNCellStep" or before.control_inputs or step.control_inputs:
        return False
    one, other = before.attributes, step.attributes
    description = one["description"]
    if one["input_leaves"] != 1 or not isinstance(description.output_size, int):
        return False
    if other["step"] != one["step"] + 1 and (one["has_seed"] or one["has_lengths"]):
        return False
    count = len(leaves(description.state_size))
    same = description == other["description"] and before.inputs[1 + count :] == step.inputs[1 + count :]
    same_flags = all(one[flag] == other[flag] for flag in ("has_seed", "has_lengths", "input_leaves"))
    return same and same_flags and _states(before) == _states(step, given=False)


def _is_seen(
    tensor: Tensor,
    step: Operation,
    pinned: Collection[Tensor],
    fetched: Collection[Tensor],
    used: dict[Tensor, int],
) -> bool:
    """Whether a tensor between two steps is seen from outside the chain, so that it has to exist."""
    if tensor in pinned:
        return True
    if tensor is _output(step):
        return False
    return tensor in fetched or used.get(tensor, 0) > 1
