"""Lowering: running a cell's whole sequence in ops, layer by layer, rather than step by step."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.autograd import forward_ad

from ostinato import kernels
from ostinato._state import Nest, flatten, leaves
from ostinato.cells.base import RNNCell
from ostinato.memory import MemoryPlan, walk_chunks
from ostinato.steps import Family


class SequenceContext(NamedTuple):
    """What a run over a sequence shares: the rows' lengths (or None) and the memory plan."""

    sequence_length: Tensor | None
    plan: MemoryPlan


RunSequence = Callable[[Tensor, Nest, SequenceContext], tuple[Tensor, Nest]]
"""(inputs `[time, batch, input_size]`, state, context) -> (outputs `[time, batch, output_size]`, final
state).
"""


def lower(cell: Any) -> RunSequence | None:
    """The sequence ops that `cell` amounts to, as one function; None where it must be stepped.

    A stacked or wrapped cell lowers where all its parts do. A cell with forward hooks, or of a class that
    overrides `forward`, is stepped.
    """
    if not isinstance(cell, RNNCell) or is_transformed():
        return None
    return cell.lower()


def is_transformed() -> bool:
    """Whether torch.func or forward-mode differentiation is at work, which the ops have no rules for;
    steps of torch ops do.
    """
    if torch.compiler.is_compiling():
        return False
    return torch._C._functorch.peek_interpreter_stack() is not None or forward_ad._current_level >= 0


def run_family(
    family: Family, parameters: Sequence[Tensor], inputs: Tensor, state: Nest, context: SequenceContext
) -> tuple[Tensor, Nest]:
    """Run a family's sequence op under the context's memory plan."""
    length = context.sequence_length
    time = inputs.shape[0]
    # A compiler plans memory itself, and sees the op whole.
    if torch.compiler.is_compiling() or context.plan.chunk_length(time) >= time:
        return kernels.sequence(family, parameters, inputs, length, state)
    unflatten = flatten(state)[1]

    def run_chunk(
        start: int, chunk: Sequence[Tensor], state: Sequence[Tensor], parameters: Sequence[Tensor]
    ) -> tuple[Sequence[Tensor], Sequence[Tensor]]:
        rest = None if length is None else length - start
        outputs, final = kernels.sequence(family, parameters, chunk[0], rest, unflatten(state))
        return [outputs], leaves(final)

    (outputs,), final = walk_chunks(
        run_chunk, [inputs], leaves(state), parameters, context.plan.chunk_length(time)
    )
    return outputs, unflatten(final)
