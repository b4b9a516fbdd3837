"""Which plan to take: what each would cost in memory and time, from what a step costs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

from ostinato.memory.limit import MemoryLimitError, format_bytes
from ostinato.memory.plan import MemoryPlan
from ostinato.memory.schedule import default_length
from ostinato.memory.store import CHUNKS_IN_FLIGHT

# What Python and the allocators need besides.
_SLACK = 1 << 20
# Allocators, ours among them, hand out again what they had back, up to about so many bytes.
_REUSED = 512 << 20
# A chunk that is run again should stay near the cores. More gains nothing.
_CHUNK_BYTES = 4 << 20


class Costs(NamedTuple):
    """What a step of a sequence costs, in bytes and seconds.

    Attributes:
        time: the number of steps.
        state: bytes of the state before a step.
        chunk: bytes that a step takes while its chunk's gradient is computed.
        keep_state, keep_all: bytes that a step keeps under these plans; None: it cannot.
        moved: bytes that a step moves when it is swapped.
        outputs: bytes of a step's outputs that are kept.
        cuts: how many times gradients end on the way; a chunk ends there too.
        fixed: bytes that do not grow with the steps: sums of the parameters' gradients, packed weights.
        workspace: bytes that a chunk of so many steps works in, besides.
        unit: a chunk has a multiple of so many steps where it can.
        forward, forward_all: seconds of a step forwards, keeping nothing and keeping all.
        backward_all, backward_state: seconds of a step backwards, from all and from its state.
        call: seconds of a chunk, whatever its length.
        page: seconds of the first touch of a byte of memory.
        rate: bytes a second that can be moved away and back; 0: there is nowhere to move to.
        whole: bytes that a run over so many steps works in, besides, where it is not walked in chunks.
    """

    time: int
    state: int
    chunk: int
    keep_state: int | None
    keep_all: int
    moved: int
    outputs: int
    cuts: int
    fixed: int
    workspace: Callable[[int], int]
    unit: int
    forward: float
    forward_all: float
    backward_all: float
    backward_state: float
    call: float
    page: float
    rate: float
    whole: Callable[[int], int]


class Predicted(NamedTuple):
    """A plan, and what it is predicted to cost.

    Attributes:
        plan: the plan.
        peak: bytes allocated at most beside inputs, outputs, their gradients and parameters.
        kept: bytes kept from the forward pass to the backward pass.
        again: steps that are run again, each time counted.
        recomputed: bytes of what steps need that are not kept but computed again, gates and graphs.
        moved: bytes that are moved away, and back again.
        seconds: of the forward and the backward pass.
    """

    plan: MemoryPlan
    peak: int
    kept: int
    again: int
    recomputed: int
    moved: int
    seconds: float


def predict(plan: MemoryPlan, costs: Costs) -> Predicted:
    """What `plan` would cost."""
    time = costs.time
    if plan.kind == "keep_all":
        return _whole(plan, costs, costs.keep_all, costs.forward_all + costs.backward_all)
    if plan.kind == "keep_state" and costs.keep_state is not None:
        return _whole(plan, costs, costs.keep_state, costs.forward + costs.backward_state)
    if plan.kind == "keep_state":
        plan = MemoryPlan.recompute(every=1)
    if plan.kind == "swap":
        return _swapped(plan, costs)
    default = default_length(plan, time, costs.moved, 1, costs.unit)
    lengths = [min(length, time) for length in plan.lengths(time, default)]
    inner = lengths[-1]
    kept_last = min(plan.keep_last, time)
    if kept_last < time:
        kept_last -= kept_last % inner  # of whole chunks
    pieces = -(-time // inner) + costs.cuts
    groups = [max(1, round(length / inner)) for length in lengths]
    states = 0
    for outer, group in zip([pieces, *groups], groups, strict=False):
        states += -(-outer // group) * costs.state
    kept = -(-pieces // groups[0]) * costs.state + kept_last * costs.keep_all
    chunk = inner * costs.chunk if kept_last < time else 0
    peak = states + kept_last * costs.keep_all + chunk + costs.workspace(inner) + costs.fixed + _SLACK
    again = time - kept_last
    passes = len(lengths)
    once = again * costs.forward_all + (again * (passes - 1)) * costs.forward
    seconds = (
        again * costs.forward
        + kept_last * costs.forward_all
        + once
        + time * costs.backward_all
        + costs.call * (2 + passes) * pieces
        + costs.page * _fresh(kept + chunk + time * costs.outputs)
    )
    return Predicted(plan, peak, kept, again * passes, again * costs.keep_all, 0, seconds)


def _fresh(size: int) -> int:
    """Of so many bytes those that a training loop does not find where the step before it has left them."""
    return max(0, size - _REUSED)


def _whole(plan: MemoryPlan, costs: Costs, keep: int, step_seconds: float) -> Predicted:
    kept = costs.time * keep + costs.state
    peak = kept + costs.whole(costs.time) + costs.fixed + _SLACK
    seconds = costs.time * step_seconds + costs.page * _fresh(kept + costs.time * costs.outputs)
    return Predicted(plan, peak, kept, 0, costs.time * (costs.keep_all - keep), 0, seconds)


def _swapped(plan: MemoryPlan, costs: Costs) -> Predicted:
    default = default_length(plan, costs.time, costs.moved, 1, costs.unit)
    length = min(costs.time, plan.lengths(costs.time, default)[-1])
    moved = costs.time * costs.moved + -(-costs.time // length) * costs.state
    piece = length * costs.moved + costs.state
    stepped = costs.keep_state is None
    chunk = length * costs.chunk if stepped else length * costs.moved
    peak = (CHUNKS_IN_FLIGHT + 1) * piece + chunk + costs.workspace(length) + costs.fixed + _SLACK
    step = costs.forward + costs.backward_state
    if stepped:
        step = costs.forward + costs.forward_all + costs.backward_all
    away = 2 * moved / costs.rate if costs.rate else 0.0
    seconds = max(costs.time * step, away) + costs.call * 2 * costs.time / length
    seconds += costs.page * _fresh(costs.time * costs.outputs)
    kept = min(moved, CHUNKS_IN_FLIGHT * piece)
    recomputed = costs.time * max(0, costs.keep_all - costs.moved)
    return Predicted(plan, peak, kept, costs.time * stepped, recomputed, moved, seconds)


def candidates(costs: Costs) -> Iterator[MemoryPlan]:
    """The plans that are worth a look."""
    yield MemoryPlan.keep_all()
    if costs.keep_state is not None:
        yield MemoryPlan.keep_state()
    for length in (*_lengths(costs), *_longer(costs)):
        if costs.rate and costs.moved:
            yield MemoryPlan.swap(to="host", every=length)
        yield MemoryPlan.recompute(every=length)
        pieces = -(-costs.time // length)
        for levels in (2, 3, 4):
            fan = round(pieces ** (1 / levels))
            if fan >= 2:
                yield MemoryPlan.recompute(every=[length * fan**level for level in range(levels - 1, -1, -1)])


def _lengths(costs: Costs) -> Iterator[int]:
    """Numbers of steps of a chunk: multiples of the unit, halving, from where more gains nothing."""
    most = max(costs.unit, _CHUNK_BYTES // max(1, costs.chunk) // costs.unit * costs.unit)
    # Each chunk's fixed cost should be little beside it.
    step = costs.forward + costs.forward_all + costs.backward_all
    while most < costs.time and costs.call > 0.02 * most * step:
        most *= 2
    length = min(most, costs.time)
    while length >= 1:
        yield length
        if length == 1:
            return
        smaller = length // 2
        length = smaller // costs.unit * costs.unit or smaller


def _longer(costs: Costs) -> Iterator[int]:
    """Longer ones: fewer states between them, where those are what there is too much of."""
    length = 2 * next(_lengths(costs))
    while length < costs.time:
        yield length
        length *= 2


def smallest_limit(costs: Costs) -> Predicted:
    """The plan that needs least."""
    return min((predict(plan, costs) for plan in candidates(costs)), key=lambda found: found.peak)


def choose(costs: Costs, limit: int | None) -> Predicted:
    """The fastest plan within `limit` bytes; None: of all.

    Raises:
        MemoryLimitError: there is none.
    """
    best: Predicted | None = None
    for plan in candidates(costs):
        found = predict(plan, costs)
        if limit is None:
            best = found if best is None or found.seconds < 0.97 * best.seconds else best
            continue
        if found.peak > limit:
            continue
        found = _with_last_kept(found, costs, limit)
        # Of two that are about as fast the one with less to do, which comes first.
        if best is None or found.seconds < 0.97 * best.seconds:
            best = found
    if best is not None:
        return best
    assert limit is not None
    smallest = smallest_limit(costs)
    raise MemoryLimitError(
        f"No memory plan keeps {costs.time} steps of this sequence within {format_bytes(limit)}: the "
        f"smallest limit that would do is {format_bytes(smallest.peak)} ({smallest.peak} bytes). Allow that "
        "much, or use a smaller batch.",
        smallest.peak,
    )


def _with_last_kept(found: Predicted, costs: Costs, limit: int) -> Predicted:
    """The same plan, with all kept of as many steps at the end as the limit allows."""
    plan = found.plan
    if plan.kind != "recompute" or plan.every is None or not costs.keep_all:
        return found
    inner = plan.every[-1]
    steps = min((limit - found.peak) // costs.keep_all // inner * inner, costs.time - inner)
    if steps < inner:
        return found
    kept = predict(MemoryPlan.recompute(every=plan.every, keep_last=steps), costs)
    return kept if kept.peak <= limit and kept.seconds < 0.97 * found.seconds else found
