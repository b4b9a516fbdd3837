"""Lowering: running a cell's whole sequence in ops, layer by layer, rather than step by step."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.autograd import forward_ad

from ostinato import kernels
from ostinato._state import Nest
from ostinato.cells.base import RNNCell
from ostinato.steps import Family


class SequenceContext(NamedTuple):
    """What a run over a sequence shares: the rows' lengths (or None), and whether gates are kept for a
    backward pass (None: while they are not many).
    """

    sequence_length: Tensor | None
    keep_gates: bool | None = None


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


def has_known_values(tensor: Tensor) -> bool:
    """Whether a look at the values costs nothing and is possible: a fake, traced or vmapped tensor has none
    to look at, and for one on a GPU the host would wait.
    """
    return (
        type(tensor) is Tensor
        and tensor.device.type == "cpu"
        and not torch.compiler.is_compiling()
        and not is_transformed()
    )


def run_family(
    family: Family, parameters: Sequence[Tensor], inputs: Tensor, state: Nest, context: SequenceContext
) -> tuple[Tensor, Nest]:
    """Run a family's sequence op."""
    return kernels.sequence(
        family, parameters, inputs, context.sequence_length, state, keep_gates=context.keep_gates
    )
