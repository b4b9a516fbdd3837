"""The autograd.Function that walks a loop of which nobody knows the end: it keeps some moments of the loop,
and runs the steps between again when their gradient is due.

It knows no cell: it is fed with something that runs steps (`Loop`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, Protocol

import torch
from torch import Tensor

from ostinato.memory.environment import Environment, RandomState
from ostinato.memory.growth import Growth
from ostinato.memory.outside import next_node, read_in_graph
from ostinato.memory.pieces import Pieces
from ostinato.memory.replay import _copies, _gradients, _is_differentiable
from ostinato.memory.store import Store
from ostinato.memory.sums import Sum
from ostinato.memory.walk import _tensor_that_calls

Leaves = Sequence[Tensor]

_AT_ONCE = 256  # steps whose outputs wait to be put together
OVERHEAD = 1024
"""Bytes that a kept tensor takes beside its numbers, about."""


class Moment(NamedTuple):
    """A loop before a step: the tensors that it carries, and the rest, which can be compared.

    `random_state` is that of torch's generators, where the steps after it draw.
    """

    step: int
    leaves: Leaves
    rest: Any
    random_state: RandomState | None = None


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
    record = _Record(walk)
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


class _Segment:
    """The steps from a moment up to `stop`."""

    def __init__(self, moment: Moment, stop: int, sums: list[Sum]) -> None:
        self.moment, self.stop, self.sums = moment, stop, sums
        self.versions: list[int] = []
        self.places: list[int | None] = []
        """Where the leaves are, once they are saved: None in the store."""


class _Record:
    """What a forward pass leaves behind for the backward pass."""

    def __init__(self, walk: Walk) -> None:
        self.segments: list[_Segment] = []
        self.store = walk.open_store() if walk.open_store is not None else None
        self._growth, self._size = walk.growth, 0
        self._clones: dict[int, tuple[Tensor, Tensor]] = {}
        self._stored: list[list[bool]] = []
        self._initial: set[int] = set()
        self._moved: tuple[Moment, list[int]] | None = None

    def add(self, segment: _Segment) -> None:
        moment = segment.moment
        if not self.segments:
            self._initial = {id(leaf) for leaf in moment.leaves}
        leaves = self._compact(moment.leaves)
        segment.moment = moment._replace(leaves=leaves)
        segment.versions = [leaf._version for leaf in leaves]
        if self.store is not None:
            _check_versions(self._moved)
            self._moved = (segment.moment, segment.versions)
            moved = [id(leaf) not in self._initial for leaf in leaves]
            self.store.put(len(self.segments), [leaf for leaf, m in zip(leaves, moved, strict=True) if m])
            kept = [leaf for leaf, m in zip(leaves, moved, strict=True) if not m]
            segment.moment, segment.versions = moment._replace(leaves=kept), [leaf._version for leaf in kept]
            self._stored.append(moved)
        self.segments.append(segment)
        self._size += self._size_of(segment, {id(leaf) for leaf in self._before()})
        while self._growth.is_full(len(self.segments), self._size):
            self._halve()

    def _before(self) -> Leaves:
        return self.segments[-2].moment.leaves if len(self.segments) > 1 else []

    def _compact(self, leaves: Leaves) -> Leaves:
        """The leaves without what lies around them in memory: a part of a larger tensor would keep it
        whole.
        """
        clones: dict[int, tuple[Tensor, Tensor]] = {}
        for leaf in leaves:
            if id(leaf) not in self._initial and leaf.untyped_storage().nbytes() > leaf.nbytes:
                # Once for a leaf that stays the same.
                clones[id(leaf)] = self._clones.get(id(leaf)) or (leaf, leaf.clone())
        self._clones = clones
        return [clones[id(leaf)][1] if id(leaf) in clones else leaf for leaf in leaves]

    def _size_of(self, segment: _Segment, before: set[int]) -> int:
        random_state = segment.moment.random_state
        size = OVERHEAD + (random_state.cpu.nbytes if random_state is not None else 0)
        for leaf in segment.moment.leaves:
            size += 64 if id(leaf) in before else leaf.nbytes + OVERHEAD
        return size

    def _halve(self) -> None:
        """Let every second moment go."""
        pairs = [self.segments[start : start + 2] for start in range(0, len(self.segments), 2)]
        self.segments = [pair[0] if len(pair) == 1 else _joined(*pair) for pair in pairs]
        self._size, before = 0, set[int]()
        for segment in self.segments:
            self._size += self._size_of(segment, before)
            before = {id(leaf) for leaf in segment.moment.leaves}

    def check_versions(self) -> None:
        """Raise where a tensor that is kept has been changed."""
        _check_versions(self._moved)
        self._moved = None
        for segment in self.segments:
            _check_versions((segment.moment, segment.versions))

    def save(self, last: Leaves) -> tuple[list[Tensor], list[int]]:
        """All that is kept, each tensor once, for autograd to hold; and where the `last` leaves are in it."""
        saved: dict[int, tuple[int, Tensor]] = {}

        def place(leaf: Tensor) -> int:
            return saved.setdefault(id(leaf), (len(saved), leaf))[0]

        for index, segment in enumerate(self.segments):
            rest = iter(segment.moment.leaves)
            moved = self._stored[index] if self._stored else [False] * len(segment.moment.leaves)
            segment.places = [None if m else place(next(rest)) for m in moved]
            segment.moment = segment.moment._replace(leaves=())
        places = [place(leaf) for leaf in last]
        self._clones = {}
        return [leaf for _, leaf in saved.values()], places

    def close(self) -> None:
        if self.store is not None:
            self.store.close()


def _check_versions(kept: tuple[Moment, list[int]] | None) -> None:
    if kept is None:
        return
    moment, versions = kept
    for leaf, version in zip(moment.leaves, versions, strict=True):
        if leaf._version != version:
            raise RuntimeError(
                f"A tensor of shape {list(leaf.shape)} that the loop carries was changed in place after step "
                f"{moment.step}, so that the steps cannot be run again: return a new tensor instead, or run "
                "it without a memory plan."
            )


def _joined(one: _Segment, other: _Segment) -> _Segment:
    """Two stretches as one. Where only the second one draws, the generators are at its start as they were at
    the first one's.
    """
    random_state = one.moment.random_state or other.moment.random_state
    one.moment = one.moment._replace(random_state=random_state)
    one.sums = _added(one.sums, other.sums)
    one.stop = other.stop
    return one


def _added(some: list[Sum], others: list[Sum]) -> list[Sum]:
    if not some or not others:
        return some or others
    return [one.plus(other) for one, other in zip(some, others, strict=True)]


def _forwards(walk: Walk, record: _Record, moment: Moment) -> tuple[Leaves | None, Moment]:
    pieces = Pieces(walk.piece) if walk.keep_outputs else None
    while not walk.loop.is_over(moment):
        before = walk.environment.random_state()
        stop, after, sums = moment.step + walk.growth.steps_from(moment.step), moment, list[Sum]()
        while after.step < stop and not walk.loop.is_over(after):
            start = after.step
            emitted, after = walk.loop.forward(after, min(_AT_ONCE, stop - start))
            if pieces is not None:
                stacked = _stacked(emitted)
                sums = _added(sums, [Sum.of(leaf, start) for leaf in stacked])
                pieces.add(stacked)
        moment = moment._replace(random_state=walk.environment.if_drawn_from(before))
        record.add(_Segment(moment, after.step, sums))
        moment = after
    return None if pieces is None else pieces.whole(), moment


def _stacked(emitted: Sequence[Leaves]) -> list[Tensor]:
    return [torch.stack([leaf.detach() for leaf in steps]) for steps in zip(*emitted, strict=True)]


class _Walk(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any,
        walk: Walk,
        record: _Record,
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
        ctx.save_for_backward(*tensors[counts[0] :], *kept, _tensor_that_calls(record.close))
        ctx.mark_non_differentiable(*[leaf for leaf in results if not _is_differentiable(leaf)])
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
        self.record: _Record = ctx.record
        saved = ctx.saved_tensors
        self.reads, self.saved = list(saved[: ctx.reads]), saved[ctx.reads :]
        self.expected = ctx.last._replace(leaves=[self.saved[place] for place in ctx.last_places])
        self.grad_outputs, self.grad_carried = grads[: ctx.counts[1]], list(grads[ctx.counts[1] :])
        needs = ctx.needs_input_grad[5 + ctx.counts[0] :]
        self.copies = _copies(self.reads, needs)
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
        copy_of = {id(leaf): leaf.detach().requires_grad_(_is_differentiable(leaf)) for leaf in moment.leaves}
        carried = [copy_of[id(leaf)] for leaf in moment.leaves]
        with torch.enable_grad():
            emitted, after = self._again(moment._replace(leaves=carried), stop - moment.step)
        if stop == self.expected.step:
            _check(_is_same(after, self.expected), moment.step)
        if self.walk.keep_outputs:
            self.sums = _added([Sum.of(leaf, moment.step) for leaf in _stacked(emitted)], self.sums)
        values, incoming = list(after.leaves), list(self.grad_carried)
        for index, gradient in enumerate(self.grad_outputs):
            if gradient is not None:
                values += [step[index] for step in emitted]
                incoming += gradient[moment.step : stop].unbind(0)
        hidden = self._hidden(values, [*copy_of.values(), *self.copies], first_node)
        unique = list(copy_of.values())
        # What has been summed up comes first, as in a graph of the whole loop.
        found = _gradients(
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
            "numbers, nothing that changes between the forward and the backward pass. Or run without a memory plan."
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
    if not _is_differentiable(old):
        return bool(torch.equal(new, old))
    epsilon = torch.finfo(old.dtype).eps
    tolerance = 1000 * epsilon if epsilon < 1e-5 else 8 * epsilon
    if torch.equal(new, old) or not old.numel():
        return True
    size = torch.linalg.vector_norm(old.nan_to_num(), 1)
    difference = torch.linalg.vector_norm((new - old).nan_to_num(), 1)
    return bool((difference <= tolerance * size) & (new.isnan() == old.isnan()).all())
