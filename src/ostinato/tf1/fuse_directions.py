"""Fusion of two directions: a loop over a sequence and one over its reverse become one run of the core, which
walks both at the same time and reverses nothing.

What stands between must not be seen from outside: where the reversed inputs, or the backward loop's outputs
before they are put back in order, are fed, fetched, differentiated with respect to, or used by anything else,
both loops stay as they are.
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
from .cell_description import Leaf
from .ops.picking import check_reversed_lengths
from .ops.rnn import check_lengths, split_inputs, swaps
from .tensor import Operation, Tensor


@dataclass(frozen=True, eq=False)
class Pair:
    """A loop forwards and one backwards. `operations` are the two, what reverses the inputs, and what leads
    from the backward loop's outputs to the outputs in order, if anything needs these.
    """

    operations: tuple[Operation, ...]

    @property
    def inputs(self) -> tuple[Tensor, ...]:
        """What the forward loop reads, then what the backward one does but for its inputs."""
        forwards, backwards = self.operations[:2]
        return (*forwards.inputs, *backwards.inputs[1:])

    @property
    def outputs(self) -> tuple[Tensor, ...]:
        """What the forward loop gives, the backward one's state, and its outputs in order."""
        forwards, backwards = self.operations[:2]
        return (*forwards.outputs, *backwards.outputs[1:], *[each.outputs[0] for each in self._in_order])

    @property
    def _in_order(self) -> tuple[Operation, ...]:
        return self.operations[-1:] if len(self.operations) > 3 else ()

    def evaluate(self, run: Any, *values: torch.Tensor) -> Sequence[torch.Tensor]:
        forwards, backwards = self.operations[:2]
        split = len(forwards.inputs)
        fw = split_inputs(values[:split], forwards.attributes)
        bw = split_inputs((values[0], *values[split:]), backwards.attributes)
        for loop, parts in ((forwards, fw), (backwards, bw)):
            if any(run.memory.options(swaps(loop.attributes, parts.inputs, parts.state)).values()):
                return self._one_by_one(run, values[:split], values[split:])
        time_major = forwards.attributes["time_major"]
        if fw.lengths is not None:
            time_axis, batch_axis = (0, 1) if time_major else (1, 0)
            check_lengths(forwards, fw.lengths, values[0].shape[batch_axis])
            check_reversed_lengths(fw.lengths, values[0].shape[time_axis], time_axis)
        one, other = (loop.attributes["description"] for loop in (forwards, backwards))
        outputs, final = drivers.bidirectional_dynamic_rnn(
            cell_description.bind(one, fw.bound, run),
            cell_description.bind(other, bw.bound, run),
            values[0],
            fw.lengths,
            flatten(one.state_size)[1](fw.state),
            flatten(other.state_size)[1](bw.state),
            time_major=time_major,
        )
        return [outputs[0], *leaves(final[0]), *leaves(final[1]), *([outputs[1]] if self._in_order else [])]

    def _one_by_one(self, run: Any, forwards: Sequence[Any], backwards: Sequence[Any]) -> list[torch.Tensor]:
        """As without fusion: a plan of memory is each loop's own."""
        loop, reversal = registry.lookup("DynamicRNN").compute, self.operations[2]
        reverse = registry.lookup(reversal.type).compute
        lengths = split_inputs(forwards, self.operations[0].attributes).lengths
        order = torch.tensor(_axes(reversal)) if lengths is None else lengths
        results = list(loop(run, self.operations[0], *forwards))
        turned = reverse(forwards[0], order, **reversal.attributes)
        output, *state = loop(run, self.operations[1], turned, *backwards)
        results += state
        if self._in_order:
            results.append(reverse(output, order, **self.operations[-1].attributes))
        return results


def find_pairs(
    operations: Sequence[Operation], pinned: Collection[Tensor], fetched: Collection[Tensor]
) -> list[Pair]:
    """The pairs of directions among the operations that a run needs.

    Args:
        operations: in the order they were made.
        pinned: tensors that are fed or differentiated with respect to.
        fetched: tensors whose values the run returns.
    """
    loops = [operation for operation in operations if _can_pair(operation)]
    if len(loops) < 2:
        return []
    used: dict[Tensor, list[Operation]] = {}
    for operation in operations:
        for tensor in operation.inputs:
            used.setdefault(tensor, []).append(operation)
    hidden = _Hidden(used, pinned, fetched)
    over: dict[Tensor, list[Operation]] = {}
    for loop in loops:
        over.setdefault(loop.inputs[0], []).append(loop)
    pairs: list[Pair] = []
    taken: set[Operation] = set()
    for backwards in loops:
        reversal = backwards.inputs[0].op
        if reversal.type not in ("ReverseSequence", "ReverseV2") or backwards in taken:
            continue
        for forwards in over.get(reversal.inputs[0], []):
            pair = None if forwards in taken else _pair(forwards, backwards, reversal, hidden)
            if pair is not None:
                pairs.append(pair)
                taken |= {forwards, backwards}
                break
    return pairs


def _can_pair(operation: Operation) -> bool:
    """Whether a loop is one that the core walks as one operator: a cell of a family, with nothing random."""
    if operation.type != "DynamicRNN" or operation.control_inputs:
        return False
    attributes = operation.attributes
    description = attributes["description"]
    plain = isinstance(description, Leaf) and description.activation is None
    return plain and attributes["input_leaves"] == 1 and not attributes["has_seed"]


@dataclass(frozen=True)
class _Hidden:
    used: dict[Tensor, list[Operation]]
    pinned: Collection[Tensor]
    fetched: Collection[Tensor]

    def only_for(self, tensor: Tensor) -> list[Operation] | None:
        """What uses a tensor; None where it is seen from outside."""
        if tensor in self.pinned or tensor in self.fetched:
            return None
        return self.used.get(tensor, [])

    def origin(self, lengths: Tensor) -> Tensor:
        """The lengths as they were given: before the casts that do not change them."""
        while lengths.op.type in ("Identity", "Cast") and lengths not in self.pinned:
            lengths = lengths.op.inputs[0]
        return lengths


def _pair(forwards: Operation, backwards: Operation, reversal: Operation, hidden: _Hidden) -> Pair | None:
    one, other = forwards.attributes, backwards.attributes
    if any(one[key] != other[key] for key in ("time_major", "has_lengths")) or reversal.control_inputs:
        return None
    lengths = _lengths(forwards)
    if not _same_lengths(lengths, _lengths(backwards), hidden):
        return None
    if not _reverses(reversal, lengths, one["time_major"], hidden):
        return None
    if hidden.only_for(reversal.outputs[0]) != [backwards]:
        return None
    result, behind = backwards.outputs[0], []
    users = hidden.only_for(result)
    while users is not None and len(users) == 1 and users[0].type == "Identity":
        behind.append(users[0])
        result = users[0].outputs[0]
        users = hidden.only_for(result)
    if users == []:
        return Pair((forwards, backwards, reversal)) if not behind else None
    if users is None or len(users) != 1 or any(each.control_inputs for each in (*behind, *users)):
        return None
    if users[0].type != reversal.type or not _reverses(users[0], lengths, one["time_major"], hidden):
        return None
    return Pair((forwards, backwards, reversal, *behind, users[0]))


def _lengths(loop: Operation) -> Tensor | None:
    return split_inputs(loop.inputs, loop.attributes).lengths


def _same_lengths(one: Tensor | None, other: Tensor | None, hidden: _Hidden) -> bool:
    if one is None or other is None:
        return one is other
    one, other = hidden.origin(one), hidden.origin(other)
    if one is other:
        return True
    if one in hidden.pinned or other in hidden.pinned:
        return False
    first, second = registry.constant_value(one), registry.constant_value(other)
    return first is not None and second is not None and np.array_equal(first, second)


def _reverses(operation: Operation, lengths: Tensor | None, time_major: bool, hidden: _Hidden) -> bool:
    """Whether an operation reverses the time of every row within its length."""
    time_axis, batch_axis = (0, 1) if time_major else (1, 0)
    if lengths is None:
        is_fed = operation.inputs[1] in hidden.pinned
        return operation.type == "ReverseV2" and _axes(operation) == [time_axis] and not is_fed
    if operation.type != "ReverseSequence":
        return False
    axes = operation.attributes["seq_dim"], operation.attributes["batch_dim"]
    return axes == (time_axis, batch_axis) and _same_lengths(lengths, operation.inputs[1], hidden)


def _axes(operation: Operation) -> Any:
    axes = registry.constant_value(operation.inputs[1])
    return None if axes is None else np.reshape(axes, [-1]).tolist()
