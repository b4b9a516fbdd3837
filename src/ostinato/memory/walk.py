"""The one autograd.Function that walks a sequence chunk by chunk: it keeps, recomputes or swaps as its
schedule says.

It knows no cell and no op: it is fed with something that runs a chunk (`ostinato.memory.work`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy
import torch
from torch import Tensor

from ostinato.memory.schedule import Chunk, Keep, Schedule
from ostinato.memory.store import Store
from ostinato.memory.work import Leaves, Order, Place, Ran, Task, Work


class Walk(NamedTuple):
    """What is walked, how, and what becomes of it.

    `time` is the number of steps of the outputs, zeros after those of the schedule; without `keep_outputs`
    there are none. `open_store` makes the place to which what is kept of a chunk is moved; None: it stays.
    """

    work: Work
    schedule: Schedule
    time: int
    keep_outputs: bool = True
    order: Order = Order()
    open_store: Callable[[], Store] | None = None


def walk_sequence(
    walk: Walk, inputs: Leaves, state: Leaves, parameters: Leaves
) -> tuple[Leaves | None, Leaves]:
    """Walk through `inputs` `[time, batch, ...]` from `state`: all outputs, and the final state.

    Outputs and gradients are those of one run over the whole sequence.

    Raises:
        RuntimeError: in the backward pass, where a double backward pass is asked for.
    """
    tensors = (*inputs, *state, *parameters)
    if torch.is_grad_enabled() and any(tensor.requires_grad for tensor in tensors):
        counts = _Counts(len(inputs), len(state))
        results: Leaves = _Walk.apply(walk, counts, *tensors)  # type: ignore[no-untyped-call]
    else:
        with torch.no_grad():
            outputs, final = _Forwards(walk, inputs, parameters, None).run(state)
            results = [*outputs, *final]
    outputs = results[: len(results) - len(state)]
    return outputs if walk.keep_outputs else None, results[len(results) - len(state) :]


class _Counts(NamedTuple):
    """How many tensors of a flat list are inputs and state; the rest are parameters."""

    inputs: int
    state: int

    def split(self, tensors: Sequence[Any]) -> tuple[list[Any], list[Any], list[Any]]:
        end = self.inputs + self.state
        return list(tensors[: self.inputs]), list(tensors[self.inputs : end]), list(tensors[end:])


class _States:
    """The states before some chunks, packed: a tensor `[count, batch, ...]` for each leaf. The first one, a
    user's own perhaps in a dtype of its own, stays as it is.
    """

    def __init__(self, first: Leaves, count: int) -> None:
        self.first, self.count = list(first), count
        self.packed: list[Tensor] = []

    def put(self, place: int, state: Leaves) -> None:
        if place == 0:
            return
        if not self.packed:
            self.packed = [leaf.new_empty(self.count - 1, *leaf.shape) for leaf in state]
        for packed, leaf in zip(self.packed, state, strict=True):
            if packed.dtype != leaf.dtype:
                raise TypeError(
                    f"The state of a cell changed its dtype on the way from {packed.dtype} to {leaf.dtype}, "
                    "so that it cannot be kept: convert it inside the cell, or run without a memory plan."
                )
            packed[place - 1] = leaf

    def get(self, place: int) -> Leaves:
        return self.first if place == 0 else [packed[place - 1] for packed in self.packed]


class _Record:
    """What a forward pass leaves behind for the backward pass."""

    def __init__(self, walk: Walk, state: Leaves) -> None:
        groups = -(-len(walk.schedule) // walk.schedule.groups[0])
        self.store = walk.open_store() if walk.open_store is not None else None
        self.states = _States(state, 1 if self.store is not None else groups)
        self.kept: dict[int, Leaves] = {}
        self.graphs: dict[int, Ran] = {}
        self.kept_with_outputs = False

    def close(self) -> None:
        self.graphs.clear()
        if self.store is not None:
            self.store.close()


class _Forwards:
    """A forward pass."""

    def __init__(self, walk: Walk, inputs: Leaves, parameters: Leaves, record: _Record | None) -> None:
        self.walk, self.inputs, self.parameters, self.record = walk, inputs, parameters, record
        allocated = walk.work.allocate(inputs, walk.time) if walk.keep_outputs else None
        self.outputs = None if allocated is None else list(allocated)

    def run(self, state: Leaves) -> tuple[Leaves, Leaves]:
        walk, record = self.walk, self.record
        for chunk in walk.schedule:
            inputs = [walk.order.read(leaf, chunk.start, chunk.stop) for leaf in self.inputs]
            into = self._places(chunk)
            keep = Keep.NOTHING if record is None else chunk.keep
            ran = walk.work.forward(Place(chunk.start, inputs, state), self.parameters, keep, into)
            if record is not None:
                self._record(record, chunk, state, ran, into)
            self._write(chunk, ran, into)
            state = ran.state
            del ran, into
            walk.order.finished()
        # Of their own memory: a state may be its input, or a part of an output.
        return self._whole(), [leaf.detach().clone() for leaf in state]

    def _places(self, chunk: Chunk) -> Leaves | None:
        if self.outputs is None or not self.walk.work.writes_into:
            return None
        views = [self.walk.order.view(whole, chunk.start, chunk.stop) for whole in self.outputs]
        found = [view for view in views if view is not None]
        return found if len(found) == len(views) else None

    def _write(self, chunk: Chunk, ran: Ran, into: Leaves | None) -> None:
        if not self.walk.keep_outputs:
            return
        if self.outputs is None:
            self.outputs = [_like_part(leaf, self.walk.time) for leaf in ran.outputs]
        for place, (whole, part) in enumerate(zip(self.outputs, ran.outputs, strict=True)):
            if into is None or part is not into[place]:
                self.walk.order.write(whole, chunk.start, chunk.stop, part)

    def _whole(self) -> Leaves:
        if self.outputs is None:
            return []
        for whole in self.outputs:
            if self.walk.schedule.steps < self.walk.time:
                whole[self.walk.schedule.steps :] = 0
        return self.outputs

    def _record(self, record: _Record, chunk: Chunk, state: Leaves, ran: Ran, into: Leaves | None) -> None:
        work = self.walk.work
        kept = ran.kept
        if kept is not None and work.reads_outputs and into is None:
            # Nobody else has them, or not in the order of the walk.
            kept, record.kept_with_outputs = [*kept, *ran.outputs], True
        if record.store is not None:
            record.store.put(chunk.place, [*state, *(kept or [])])
            return
        group = self.walk.schedule.groups[0]
        if chunk.place % group == 0:
            record.states.put(chunk.place // group, state)
        if kept is not None:
            record.kept[chunk.place] = list(kept)
        if ran.graph is not None:
            record.graphs[chunk.place] = Ran([], [], None, ran.graph)


class _Walk(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, walk: Walk, counts: _Counts, *tensors: Tensor) -> tuple[Tensor, ...]:
        inputs, state, parameters = counts.split(tensors)
        record = _Record(walk, state)
        try:
            forwards = _Forwards(walk, inputs, parameters, record)
            outputs, final = forwards.run(state)
        except BaseException:
            record.close()
            raise
        ctx.walk, ctx.counts, ctx.record = walk, counts, record
        ctx.set_materialize_grads(False)
        # What autograd saves it also lets go of once a backward pass is done, unless the graph is retained.
        kept = [leaf for leaves in record.kept.values() for leaf in leaves]
        ctx.kept_counts = {index: len(leaves) for index, leaves in record.kept.items()}
        reads = walk.work.reads_outputs and not record.kept_with_outputs
        saved_outputs = outputs if reads and (record.kept or record.store is not None) else []
        ctx.saved_counts = len(record.states.packed), len(saved_outputs)
        # Hooks (torch.utils.checkpoint's, save_on_cpu's) may drop the tensor that tells: the record then
        # lives as long as the graph.
        hooked = torch._C._autograd._top_saved_tensors_default_hooks(True) is not None
        closing = [] if hooked else [tensor_that_calls(record.close)]
        ctx.save_for_backward(*tensors, *record.states.packed, *saved_outputs, *kept, *closing)
        record.kept, record.states.packed, record.states.first = {}, [], []
        return (*outputs, *final)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor | None) -> tuple[Tensor | None, ...]:
        if torch.is_grad_enabled():  # create_graph=True; the states between chunks are constants here
            raise RuntimeError(
                "A sequence under a memory plan (swap_memory, memory, memory_limit, truncate_every, "
                "keep_outputs) cannot be differentiated twice: run it without one where "
                "create_graph=True is needed."
            )
        backwards = _Backwards(ctx, grads)
        try:
            backwards.run()
        finally:
            backwards.walk.work.finish()
        grad_state = [
            gradient if need else None
            for gradient, need in zip(backwards.grad_state, backwards.needs[1], strict=True)
        ]
        return None, None, *backwards.grad_inputs, *grad_state, *backwards.totals


class _Backwards:
    """A backward pass."""

    def __init__(self, ctx: Any, grads: Sequence[Tensor | None]) -> None:
        self.walk: Walk = ctx.walk
        self.record: _Record = ctx.record
        counts: _Counts = ctx.counts
        self.needs = counts.split(ctx.needs_input_grad[2:])
        saved = list(ctx.saved_tensors)
        count = len(ctx.needs_input_grad) - 2
        packed, of_outputs = ctx.saved_counts
        self.inputs, state, given = counts.split(saved[:count])
        self.states = _States(state, self.record.states.count)
        self.states.packed = saved[count : count + packed]
        self.outputs: Leaves = saved[count + packed : count + packed + of_outputs]
        rest = iter(saved[count + packed + of_outputs :])
        self.kept = {index: [next(rest) for _ in range(n)] for index, n in ctx.kept_counts.items()}
        self.parameters = self.walk.work.copies(given, self.needs[2])
        ends = len(grads) - counts.state
        self.grad_outputs, self.grad_state = list(grads[:ends]), list(grads[ends:])
        if self.walk.schedule.ends_final_gradient(self.walk.time):
            self.grad_state = [None] * counts.state
        self.grad_inputs: list[Tensor | None] = [
            torch.zeros_like(leaf) if need else None
            for leaf, need in zip(self.inputs, self.needs[0], strict=True)
        ]
        self.totals: list[Tensor | None] = [None] * len(given)

    def run(self) -> None:
        schedule = self.walk.schedule
        store = self.record.store
        if store is None:
            self._level(0, 0, len(schedule), self.states)
            return
        state_leaves = len(self.needs[1])
        for index in reversed(range(len(schedule))):
            found = store.get(index)
            if index > 0:
                store.prefetch(index - 1)
            state, kept = found[:state_leaves], found[state_leaves:]
            if kept:
                self.kept[index] = kept
            self._chunk(index, state)
            self.kept.pop(index, None)

    def _level(self, level: int, first: int, last: int, states: _States) -> None:
        """The gradients of the chunks `[first, last)`, of which `states` has the state before each group."""
        size = self.walk.schedule.groups[level]
        places = list(range(first, last, size))
        for place in reversed(range(len(places))):
            begin = places[place]
            end = min(begin + size, last)
            if end - begin == 1:
                self._chunk(begin, states.get(place))
            else:
                self._level(level + 1, begin, end, self._again(level + 1, begin, end, states.get(place)))

    def _again(self, level: int, first: int, last: int, state: Leaves) -> _States:
        """Run the chunks `[first, last)` again, but for the last group, for the states between groups."""
        size = self.walk.schedule.groups[level]
        count = -(-(last - first) // size)
        states = _States(state, count)
        for index in range(first, first + (count - 1) * size):
            chunk = self.walk.schedule[index]
            place = Place(chunk.start, self._read(self.inputs, chunk), state, again=True)
            state = self.walk.work.forward(place, self.parameters, Keep.NOTHING, None).state
            if (index + 1 - first) % size == 0:
                states.put((index + 1 - first) // size, state)
        return states

    def _chunk(self, index: int, state: Leaves) -> None:
        """The gradients of one chunk, from the state before it."""
        walk, chunk = self.walk, self.walk.schedule[index]
        inputs = self._read(self.inputs, chunk)
        place = Place(chunk.start, inputs, state, again=True)
        ran = self._ran(chunk, place)
        grads = [
            None if leaf is None else walk.order.read(leaf, chunk.start, chunk.stop)
            for leaf in self.grad_outputs
        ]
        into = [
            None if leaf is None else walk.order.view(leaf, chunk.start, chunk.stop)
            for leaf in self.grad_inputs
        ]
        task = Task(chunk.start, inputs, self.needs[0], state, ran, grads, self.grad_state)
        found = walk.work.backward(task, self.parameters, self.totals, into)
        for whole, view, gradient in zip(self.grad_inputs, into, found.inputs, strict=True):
            if whole is not None and gradient is not None and gradient is not view:
                walk.order.write(whole, chunk.start, chunk.stop, gradient)
        self.grad_state = list(found.state)
        if walk.schedule.ends_gradient(chunk):
            self.grad_state = [None] * len(self.grad_state)
        walk.order.finished()

    def _ran(self, chunk: Chunk, place: Place) -> Ran:
        """The chunk as it ran: from what was kept, or run again."""
        if chunk.place in self.record.graphs:
            return self.record.graphs[chunk.place]
        if chunk.place in self.kept:
            kept = self.kept[chunk.place]
            if self.record.kept_with_outputs:
                return Ran(kept[-1:], [], kept[:-1])
            return Ran([leaf[chunk.start : chunk.stop] for leaf in self.outputs], [], kept)
        return self.walk.work.forward(place, self.parameters, Keep.ALL, None)

    def _read(self, sequences: Leaves, chunk: Chunk) -> Leaves:
        return [self.walk.order.read(leaf, chunk.start, chunk.stop) for leaf in sequences]


def _like_part(part: Tensor, time: int) -> Tensor:
    """Memory for `time` steps, of which `part` `[steps, batch, ...]` is some; batch-major as it is."""
    if part.dim() > 1 and part.stride(0) < part.stride(1):
        return part.new_empty(part.shape[1], time, *part.shape[2:]).transpose(0, 1)
    return part.new_empty(time, *part.shape[1:])


class _Last(numpy.ndarray):
    """Calls a function when the tensor over it is let go of."""

    call: Callable[[], None] | None = None

    def __del__(self) -> None:
        if self.call is not None:
            self.call()


def tensor_that_calls(function: Callable[[], None]) -> Tensor:
    """A tensor that calls `function` once nobody holds it any more.

    Autograd lets go of saved tensors after a backward pass that does not retain the graph, and tells nobody;
    but a tensor's memory knows.
    """
    array = _Last(1, numpy.uint8)
    array.call = function
    return torch.from_numpy(array)
