"""What a caller wants of memory: checked, and turned into the terms of a run."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import torch

from ostinato._state import leaves
from ostinato.cells import is_transformed
from ostinato.drivers.planned import SequenceToRun, Terms
from ostinato.drivers.planning import plan_for
from ostinato.memory import MemoryPlan
from ostinato.memory.limit import parse_bytes
from ostinato.memory.plan import check_plan, step_count


class Wanted(NamedTuple):
    """At most one of `swap_memory`, `plan` and `limit` (bytes) says what is kept; then the rest."""

    swap_memory: bool = False
    plan: MemoryPlan | None = None
    limit: int | None = None
    keep_outputs: bool = True
    truncate_every: int | None = None

    @staticmethod
    def checked(
        swap_memory: bool,
        memory: MemoryPlan | None,
        memory_limit: int | str | None,
        keep_outputs: bool,
        truncate_every: int | None,
    ) -> Wanted:
        """What the drivers are given.

        Raises:
            TypeError: `memory` is no plan, or `truncate_every` no integer.
            ValueError: two of the first three, or a number that is not positive.
        """
        given = {
            "swap_memory=True": bool(swap_memory),
            "memory": memory is not None,
            "memory_limit": memory_limit is not None,
        }
        named = [name for name, is_given in given.items() if is_given]
        if len(named) > 1:
            raise ValueError(
                f"{' and '.join(named)} were given, but each says by itself what is kept: pass one of them."
            )
        if memory is not None:
            check_plan(memory)
        if truncate_every is not None:
            truncate_every = step_count("truncate_every", truncate_every)
            if truncate_every < 1:
                raise ValueError(f"truncate_every must be at least 1 step, but is {truncate_every}.")
        limit = None if memory_limit is None else parse_bytes(memory_limit)
        return Wanted(bool(swap_memory), memory, limit, bool(keep_outputs), truncate_every)

    def terms(self, sequence: SequenceToRun) -> Terms:
        """The terms on which a sequence is run."""
        time = leaves(sequence.inputs)[0].shape[0]
        if not may_walk():
            # A compiler plans memory itself, and torch.func takes no walk apart. A hint may be left alone;
            # what is said in so many words may not.
            if self.is_hint and sequence.order.is_time:
                return Terms(None)
            raise RuntimeError(
                "A memory plan (memory, memory_limit, truncate_every, keep_outputs=False) does not go "
                "with torch.func or forward-mode differentiation: run without it there."
            )
        if not time or leaves(sequence.inputs)[0].is_meta:  # there is nothing to keep
            return Terms(None, self.keep_outputs)
        plan, records = self.plan, _records(sequence)
        if self.limit is not None:
            plan = plan_for(sequence, self.limit, self.keep_outputs, self.truncate_every, records)
        elif self.swap_memory:
            on_gpu = leaves(sequence.inputs)[0].is_cuda
            plan = MemoryPlan.swap(to="host") if on_gpu else MemoryPlan.recompute()
        truncates = self.truncate_every is not None and self.truncate_every < time
        runs_whole = plan is None or plan.kind == "keep_all"
        if plan is not None and plan.kind == "keep_state":
            runs_whole = sequence.lowered is not None
        drops_outputs = not self.keep_outputs and not records
        if runs_whole and not truncates and not drops_outputs and sequence.order.is_time:
            keep_gates = None if plan is None else plan.kind == "keep_all"
            return Terms(None, self.keep_outputs, None, keep_gates)
        if drops_outputs and runs_whole:
            # Nothing is kept for a gradient, and outputs not for long either.
            plan = MemoryPlan.recompute()
        return Terms(plan or MemoryPlan.keep_all(), self.keep_outputs, self.truncate_every)

    @property
    def is_hint(self) -> bool:
        """Whether nothing is asked for in so many words: no plan, or `swap_memory`."""
        given = self.plan is not None or self.limit is not None or self.truncate_every is not None
        return not given and self.keep_outputs


def may_walk() -> bool:
    """Whether nobody takes apart or plans what a walk does: no compiler, no torch.func."""
    return not torch.compiler.is_compiling() and not is_transformed()


def outside_of_a_graph(function: Callable[..., Any], *arguments: Any) -> Any:
    """Call `function` between two graphs of a compiler that traces; its error where it takes one only."""
    torch._dynamo.graph_break("a memory plan is obeyed outside of a compiled graph")
    # Made here: making it imports the compiler, which nobody else should wait for.
    return torch.compiler.disable(function)(*arguments)


def _records(sequence: SequenceToRun) -> bool:
    """Whether a backward pass may come."""
    if not torch.is_grad_enabled():
        return False
    parameters = getattr(sequence.cell, "parameters", None)
    tensors = [*leaves(sequence.inputs), *leaves(sequence.state), *(parameters() if parameters else [])]
    return any(tensor.requires_grad for tensor in tensors) or not tensors
