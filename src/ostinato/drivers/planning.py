"""`plan_memory`: which memory plan a limit leads to, and what it costs."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy
import torch
from tabulate import tabulate
from torch import Tensor

from ostinato._state import Nest, map_nest, size_to_shape
from ostinato.cells import RNNCell, Run, check_cell, lower
from ostinato.drivers.costs import costs_of
from ostinato.drivers.planned import SequenceToRun
from ostinato.memory import MemoryLimitError, MemoryPlan
from ostinato.memory.limit import format_bytes, parse_bytes
from ostinato.memory.plan import check_plan
from ostinato.memory.planner import Costs, Predicted, choose, predict, smallest_limit


class MemoryPrediction(NamedTuple):
    """What `plan_memory` returns; `print` it for a table.

    Attributes:
        plan: the plan, for `dynamic_rnn(..., memory=plan)`.
        memory_limit: bytes; None: there is none.
        peak_bytes: what the forward and backward pass allocate at most beside inputs, outputs, their
            gradients and parameters.
        kept_bytes: kept from the forward pass to the backward pass.
        recomputed_steps: steps that are run again, each time counted.
        recomputed_bytes: of what steps need, gates and graphs, what is not kept but computed again.
        moved_bytes: moved away in the forward pass, and back in the backward pass.
        seconds: of a forward and a backward pass, on this machine.
        extra_seconds: of those, beside what the fastest plan without a limit takes.
        smallest_limit: the least `memory_limit` that would do, in bytes.
        title: what was asked for, as the table says it.
        others: the same of the plans that were not taken, fastest first.
    """

    plan: MemoryPlan
    memory_limit: int | None
    peak_bytes: int
    kept_bytes: int
    recomputed_steps: int
    recomputed_bytes: int
    moved_bytes: int
    seconds: float
    extra_seconds: float
    smallest_limit: int
    title: str
    others: tuple[Predicted, ...]

    def __str__(self) -> str:
        fastest = self.seconds - self.extra_seconds
        own = Predicted(
            self.plan,
            self.peak_bytes,
            self.kept_bytes,
            self.recomputed_steps,
            self.recomputed_bytes,
            self.moved_bytes,
            self.seconds,
        )
        rows = [
            (
                ("* " if found is own else "  ") + describe_plan(found.plan),
                format_bytes(found.peak),
                format_bytes(found.kept),
                found.again,
                format_bytes(found.recomputed),
                format_bytes(found.moved),
                f"{found.seconds:.3g}",
                f"{100 * (found.seconds / fastest - 1):+.0f}%" if fastest > 0 else "",
            )
            for found in sorted((own, *self.others), key=lambda found: found.seconds)
        ]
        headers = ("plan", "peak", "kept", "steps run again", "recomputed", "moved", "seconds", "extra time")
        limit = "no limit" if self.memory_limit is None else f"limit {format_bytes(self.memory_limit)}"
        smallest = f"smallest limit that would do {format_bytes(self.smallest_limit)}"
        return f"{self.title}, {limit}, {smallest}\n\n{tabulate(rows, headers, disable_numparse=True)}"


def describe_plan(plan: MemoryPlan) -> str:
    """A plan in the words of its constructor.

    >>> describe_plan(MemoryPlan.recompute(every=100, keep_last=50))
    'recompute(every=100, keep_last=50)'
    """
    arguments = []
    if plan.to is not None:
        arguments.append(f'to="{plan.to}"')
    if plan.every is not None:
        arguments.append(f"every={plan.every[0] if len(plan.every) == 1 else plan.every}")
    if plan.keep_last:
        arguments.append(f"keep_last={plan.keep_last}")
    return f"{plan.kind}({', '.join(arguments)})"


def plan_memory(
    cell: RNNCell,
    batch: int,
    time: int,
    memory_limit: int | str | None = None,
    *,
    memory: MemoryPlan | None = None,
    input_size: Nest = None,
    dtype: torch.dtype | None = None,
    device: torch.device | str | None = None,
    keep_outputs: bool = True,
    input_gradient: bool = False,
) -> MemoryPrediction:
    """What `dynamic_rnn(cell, inputs, memory_limit=memory_limit)` would do, without the inputs.

    A few steps of the cell are run to see what one takes: the seconds are this machine's.

    Args:
        cell: the cell, on its device, in its training mode.
        batch, time: the sizes of the inputs `[batch, time, input_size]`.
        memory_limit: as for `dynamic_rnn`; None: no limit.
        memory: a plan to tell the cost of, in place of the fastest one.
        input_size: of the inputs, where the cell does not know it; an int, a `torch.Size` or a nest of them.
        dtype, device: of the inputs; None: those of the cell's first parameter. For ids it is torch.int64.
        keep_outputs: as for `dynamic_rnn`.
        input_gradient: whether the inputs need a gradient.

    Raises:
        MemoryLimitError: no plan keeps to the limit; it names the least that would do.
        TypeError: `memory` is no plan.
        ValueError: a size that is not positive, or an input size that nobody knows.

    >>> from ostinato import BasicLSTMCell
    >>> found = plan_memory(BasicLSTMCell(64, input_size=12), batch=8, time=100_000, memory_limit="64MiB")
    >>> found.plan.kind, found.peak_bytes <= 64 * 2**20
    ('recompute', True)
    """
    check_cell(cell)
    for name, size in (("batch", batch), ("time", time)):
        if isinstance(size, bool) or not isinstance(size, int | numpy.integer) or size < 1:
            raise ValueError(f"{name} must be a positive number, but is {size!r}.")
    batch, time = int(batch), int(time)
    if memory is not None:
        check_plan(memory)
    if memory is not None and memory_limit is not None:
        raise ValueError(
            "memory and memory_limit were given, but each says by itself what is kept: pass one of them."
        )
    size_of_inputs = getattr(cell, "input_size", None) if input_size is None else input_size
    if size_of_inputs is None:
        raise ValueError(
            f"{type(cell).__name__} does not say what it takes: pass input_size=, the size of a step's "
            "inputs."
        )
    like = next(iter(cell.parameters()), None) if isinstance(cell, torch.nn.Module) else None
    dtype = dtype or (torch.get_default_dtype() if like is None else like.dtype)
    device = device or (None if like is None else like.device)

    def stand_in(leaf: Any) -> Tensor:
        shape = size_to_shape(leaf)
        one = torch.zeros((1, 1, *[1 for _ in shape]), dtype=dtype, device=device)
        return one.expand(time, batch, *shape).requires_grad_(input_gradient and dtype.is_floating_point)

    inputs = map_nest(stand_in, size_of_inputs)
    lowered = lower(cell) if isinstance(inputs, Tensor) else None
    # Beside inputs that are integers, ids, the state is of the cell's type.
    state = cell.zero_state(batch, dtype if dtype.is_floating_point else None, device)
    sequence = SequenceToRun(cell, inputs, state, None, Run(0), time, lowered)
    costs = costs_of(sequence, keep_outputs)
    limit = None if memory_limit is None else parse_bytes(memory_limit)
    found = choose(costs, limit) if memory is None else predict(memory, costs)
    title = f"{type(cell).__name__}, batch {batch}, {time} steps, {torch.get_num_threads()} threads"
    fastest = choose(costs, None)
    return MemoryPrediction(
        found.plan,
        limit,
        found.peak,
        found.kept,
        found.again,
        found.recomputed,
        found.moved,
        found.seconds,
        max(0.0, found.seconds - fastest.seconds),
        smallest_limit(costs).peak,
        title,
        tuple(
            sorted(
                (other for other in _to_compare(costs) if other.plan != found.plan),
                key=lambda other: other.seconds,
            )
        ),
    )


def _to_compare(costs: Costs) -> list[Predicted]:
    """Plans that a user may ask for by name."""
    plans = [MemoryPlan.keep_all(), MemoryPlan.recompute()]
    if costs.keep_state is not None:
        plans.append(MemoryPlan.keep_state())
    return [predict(plan, costs) for plan in plans]


def plan_for(
    sequence: SequenceToRun, limit: int, keep_outputs: bool, truncate_every: int | None, records: bool
) -> MemoryPlan:
    """The fastest plan of a sequence within `limit` bytes; `records` whether a backward pass may come.

    Raises:
        MemoryLimitError: there is none.
    """
    costs = costs_of(sequence, keep_outputs)
    if truncate_every is not None:
        costs = costs._replace(cuts=(sequence.steps - 1) // truncate_every)
    try:
        return choose(costs, limit).plan
    except MemoryLimitError:
        if records:
            raise
        # Without a backward pass it is one chunk after the other, and nothing is kept.
        return MemoryPlan.recompute(every=(smallest_limit(costs).plan.every or (1,))[-1])
