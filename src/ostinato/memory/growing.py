"""The autograd.Function that walks a loop of which nobody knows the end: it keeps some moments of the loop,
and runs the steps between again when their gradient is due.

It knows no cell: it is fed with something that runs steps (`Loop`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, Protocol

import torch
from torch import Tensor

from ostinato.memory.environment import Environment
from ostinato.memory.growth import Growth
from ostinato.memory.moments import Leaves, Moment, Record, Segment, added
from ostinato.memory.outside import next_node, read_in_graph
from ostinato.memory.pieces import Pieces
from ostinato.memory.replay import copies_of, gradients_of, is_differentiable
from ostinato.memory.store import Store
from ostinato.memory.sums import Sum
from ostinato.memory.walk import tensor_that_calls

_AT_ONCE = 256  # steps whose outputs wait to be put together


class Loop(Protocol):
    """What runs the steps."""

    def is_over(self, moment: Moment) -> bool:
        """Whether there is no further step."""

    def forward(self, moment: Moment, steps: int) -> tuple[Sequence[Leaves], Moment]:
        """Run `steps` steps, or fewer where the loop ends: what each of them emits, and the moment after."""

    def again(self, moment: Moment, steps: int, copies: Leaves) -> tuple[Sequence[Leaves], Moment]:
        """Run these steps again, with `copies` in place of what `reads` names; with a graph where that is
        on.
        """

    @property
    def reads(self) -> Leaves:
        """What it computes with beside what it carries, as far as it is known by now."""


class Walk(NamedTuple):
    """A loop, how it is cut, whether what it emits is wanted, and where moments are moved to (None: they
    stay).
    """

    loop: Loop
    growth: Growth
    environment: Environment
    keep_outputs: bool = True
    open_store: Callable[[], Store] | None = None
    piece: int = 8 << 20  # bytes of outputs that are put together at a time


def walk_loop(walk: Walk, first: Moment, given: Leaves) -> tuple[Leaves | None, Moment]:
    """Run a loop to its end: what it emitted, `[time, ...]`, and the last moment.

    `given` are the leaves of `first` as they stand in the graph. Those of `first` are without one, and may be
    leaves of the last moment.

    Raises:
        RuntimeError: a step changes what an earlier one gave in place; in the backward pass, where the steps
            give other values when they are run again, or a double backward pass is asked for.
        ValueError: in the backward pass, where a step reads something that was not known.
    """
    record = Record(walk.growth, walk.open_store)
    try:
        with torch.no_grad():
            outputs, last = _forwards(walk, record, first)
        record.check_versions()
    except BaseException:
        record.close()
        raise
    final: Leaves = [leaf.detach().clone() for leaf in last.leaves]
    tensors = (*given, *walk.loop.reads)
    if not any(tensor.requires_grad for tensor in tensors):
        record.close()
        return outputs, last._replace(leaves=_passed_on(first, last, final))
    counts = len(given), len(outputs or [])
    results = _Walk.apply(walk, record, last, counts, (*(outputs or []), *final), *tensors)  # type: ignore[no-untyped-call]
    final = _passed_on(first, last, results[counts[1] :])
    return results[: counts[1]] if outputs is not None else None, last._replace(leaves=final)


def _passed_on(first: Moment, last: Moment, final: Leaves) -> Leaves:
    """The last leaves: those that were passed on from the first moment are still those."""
    passed = {id(leaf) for leaf in first.leaves}
    return [leaf if id(leaf) in passed else new for leaf, new in zip(last.leaves, final, strict=True)]


def _forwards(walk: Walk, record: Record, moment: Moment) -> tuple[Leaves | None, Moment]:
    pieces = Pieces(walk.piece) if walk.keep_outputs else None
    while not walk.loop.is_over(moment):
        before, versions = walk.environment.random_state(), [leaf._version for leaf in moment.leaves]
        stop, after, sums = moment.step + walk.growth.steps_from(moment.step), moment, list[Sum]()
        while after.step < stop and not walk.loop.is_over(after):
            start = after.step
            emitted, after = walk.loop.forward(after, min(_AT_ONCE, stop - start))
            if pieces is not None:
                stacked = _stacked(emitted)
                sums = added(sums, [Sum.of(leaf, start) for leaf in stacked])
                pieces.add(stacked)
        moment = moment._replace(random_state=walk.environment.if_drawn_from(before))
        record.add(Segment(moment, after.step, sums, versions))
        moment = after
    return None if pieces is None else pieces.whole(), moment


def _stacked(emitted: Sequence[Leaves]) -> list[Tensor]:
    return [torch.stack([leaf.detach() for leaf in steps]) for steps in zip(*emitted, strict=True)]


class _Walk(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any,
        walk: Walk,
        record: Record,
        last: Moment,
        counts: tuple[int, int],
        results: Leaves,
        *tensors: Tensor,
    ) -> Leaves:
        # All is computed already: only then is it known what was read.
        kept, ctx.last_places = record.save(last.leaves)
        ctx.walk, ctx.record, ctx.last, ctx.counts = walk, record, last._replace(leaves=()), counts
        ctx.set_materialize_grads(False)
        ctx.reads = len(tensors) - counts[0]
        # What autograd saves it also lets go of once a backward pass is done, unless the graph is retained.
        # Hooks may drop the tensor that tells: the record then lives as long as the graph.
        hooked = torch._C._autograd._top_saved_tensors_default_hooks(True) is not None
        closing = [] if hooked else [tensor_that_calls(record.close)]
        ctx.save_for_backward(*tensors[counts[0] :], *kept, *closing)
        ctx.mark_non_differentiable(*[leaf for leaf in results if not is_differentiable(leaf)])
        return tuple(results)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor | None) -> tuple[Tensor | None, ...]:
        if torch.is_grad_enabled():  # create_graph=True; the moments are constants here
            raise RuntimeError(
                "A loop under a memory plan (swap_memory, memory or memory_limit) cannot be differentiated "
                "twice: run it without one where create_graph=True is needed."
            )
        backwards = _Backwards(ctx, grads)
        backwards.run()
        needs = ctx.needs_input_grad[5 : 5 + ctx.counts[0]]
        found = [
            gradient if need else None for gradient, need in zip(backwards.grad_carried, needs, strict=True)
        ]
        return None, None, None, None, None, *found, *backwards.totals


class _Backwards:
    """A backward pass."""

    def __init__(self, ctx: Any, grads: Sequence[Tensor | None]) -> None:
        self.walk: Walk = ctx.walk
        self.record: Record = ctx.record
        saved = ctx.saved_tensors
        self.reads, self.saved = list(saved[: ctx.reads]), saved[ctx.reads :]
        self.expected = ctx.last._replace(leaves=[self.saved[place] for place in ctx.last_places])
        self.grad_outputs, self.grad_carried = grads[: ctx.counts[1]], list(grads[ctx.counts[1] :])
        needs = ctx.needs_input_grad[5 + ctx.counts[0] :]
        self.copies = copies_of(self.reads, needs)
        # What a call hides from the loop is read as it is, and found in the graph.
        self.leaves = {
            id(leaf): leaf for leaf, need in zip(self.reads, needs, strict=True) if need and leaf.is_leaf
        }
        self.totals: list[Tensor | None] = [None] * len(self.reads)
        self.sums: list[Sum] = []

    def run(self) -> None:
        for index in reversed(range(len(self.record.segments))):
            segment = self.record.segments[index]
            moment = segment.moment._replace(leaves=self._leaves(index))
            self.sums = []
            self._stretch(moment, segment.stop, self.walk.growth.means)
            if self.sums:
                same = [now.agrees(then) for now, then in zip(self.sums, segment.sums, strict=True)]
                _check(all(same), segment.moment.step)
            self.expected = moment

    def _leaves(self, index: int) -> Leaves:
        """The leaves of a moment, saved or stored."""
        moved: list[Tensor] = []
        places = self.record.segments[index].places
        if self.record.store is not None:
            moved = self.record.store.get(index)
            if index > 0:
                self.record.store.prefetch(index - 1)
        stored = iter(moved)
        return [next(stored) if place is None else self.saved[place] for place in places]

    def _stretch(self, moment: Moment, stop: int, means: int) -> None:
        """The gradients of the steps from `moment` up to `stop`."""
        pieces = self.walk.growth.split(stop - moment.step, means)
        if not pieces:
            self._steps(moment, stop)
            return
        moments = [moment]
        for piece in pieces[:-1]:
            moments.append(self._advanced(moments[-1], piece.steps))
        for piece in reversed(pieces):
            moment = moments.pop()
            self._stretch(moment, stop, piece.means)
            stop = moment.step

    def _advanced(self, moment: Moment, steps: int) -> Moment:
        stop = moment.step + steps
        with torch.no_grad():
            while moment.step < stop:
                moment = self._again(moment, min(_AT_ONCE, stop - moment.step))[1]
        return moment

    def _again(self, moment: Moment, steps: int) -> tuple[Sequence[Leaves], Moment]:
        environment, state = self.walk.environment, moment.random_state

        def call() -> tuple[Sequence[Leaves], Moment]:
            emitted, after = self.walk.loop.again(moment, steps, self.copies)
            return emitted, after._replace(random_state=environment.random_state() if state else None)

        result: tuple[Sequence[Leaves], Moment] = environment.replay(state, call)
        return result

    def _steps(self, moment: Moment, stop: int) -> None:
        """The gradients of steps that are run again with a graph."""
        first_node = next_node()
        copy_of = {id(leaf): leaf.detach().requires_grad_(is_differentiable(leaf)) for leaf in moment.leaves}
        carried = [copy_of[id(leaf)] for leaf in moment.leaves]
        with torch.enable_grad():
            emitted, after = self._again(moment._replace(leaves=carried), stop - moment.step)
        if stop == self.expected.step:
            _check(_is_same(after, self.expected), moment.step)
        if self.walk.keep_outputs:
            self.sums = added([Sum.of(leaf, moment.step) for leaf in _stacked(emitted)], self.sums)
        values, incoming = list(after.leaves), list(self.grad_carried)
        for index, gradient in enumerate(self.grad_outputs):
            if gradient is not None:
                values += [step[index] for step in emitted]
                incoming += gradient[moment.step : stop].unbind(0)
        hidden = self._hidden(values, [*copy_of.values(), *self.copies], first_node)
        unique = list(copy_of.values())
        # What has been summed up comes first, as in a graph of the whole loop.
        found = gradients_of(
            [*self.copies, *values], [*self.totals, *incoming], [*unique, *self.copies, *hidden], False
        )
        gradient_of = {id(leaf): gradient for leaf, gradient in zip(unique, found, strict=False)}
        # The gradient of a leaf that is carried twice is one, and counts once.
        self.grad_carried = [gradient_of.pop(id(leaf), None) for leaf in carried]
        self.totals = found[len(unique) : len(unique) + len(self.copies)]
        for leaf, gradient in zip(hidden, found[len(unique) + len(self.copies) :], strict=True):
            place = next(i for i, read in enumerate(self.reads) if read is leaf)
            total = self.totals[place]
            self.totals[place] = gradient if total is None or gradient is None else total + gradient

    def _hidden(self, values: Leaves, known: Leaves, first_node: int) -> list[Tensor]:
        """What the graph of `values` reads beside what is known; raises where its gradient would be lost."""
        found, older, _ = read_in_graph(values, first_node)
        identities = {id(leaf) for leaf in known}
        unknown = {id(leaf): leaf for leaf in found if id(leaf) not in identities}
        for key, leaf in unknown.items():
            if key not in self.leaves:
                raise ValueError(lost(leaf.shape))
            if leaf._backward_hooks:
                raise ValueError(
                    f"The loop reads a tensor of shape {list(leaf.shape)} that has a hook in a way that a "
                    "memory plan cannot follow, so the hook would run on parts of the gradient: pass the "
                    "tensor through loop_state, or run without a memory plan."
                )
        if older:
            raise ValueError(lost(None))
        return list(unknown.values())


def lost(shape: Sequence[int] | None) -> str:
    """What to say of a tensor whose gradient would be lost."""
    what = "a tensor" if shape is None else f"a tensor, or something computed from it, of shape {list(shape)}"
    return (
        f"The loop reads {what} that requires a gradient, in a way that a memory plan cannot follow, so its "
        "gradient would be lost. Pass it through loop_state, or run without a memory plan."
    )


def _check(is_same: bool, step: int) -> None:
    if not is_same:
        raise RuntimeError(
            f"The steps from {step} on gave other values when they were run again for their gradient, so "
            "that the gradient would be wrong. Under a memory plan loop_fn and the cell must be functions of "
            "what they are given and of torch's default random numbers: no counters, no numpy random "
            "numbers, nothing that changes between the forward and the backward pass. Or run without a plan."
        )


def _is_same(one: Moment, other: Moment) -> bool:
    return one.rest == other.rest and all(
        new is old or _agrees(new.detach(), old.detach())
        for new, old in zip(one.leaves, other.leaves, strict=True)
    )


def _agrees(new: Tensor, old: Tensor) -> bool:
    if new.shape != old.shape or new.dtype != old.dtype:
        return False
    # With a graph, a library may choose another kernel for the same sums.
    if not is_differentiable(old):
        return bool(torch.equal(new, old))
    epsilon = torch.finfo(old.dtype).eps
    tolerance = 1000 * epsilon if epsilon < 1e-5 else 8 * epsilon
    if torch.equal(new, old) or not old.numel():
        return True
    size = torch.linalg.vector_norm(old.nan_to_num(), 1)
    difference = torch.linalg.vector_norm((new - old).nan_to_num(), 1)
    return bool((difference <= tolerance * size) & (new.isnan() == old.isnan()).all())
