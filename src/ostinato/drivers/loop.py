"""The loop that steps any cell, shared by the drivers; the one place where a step meets the rows' lengths."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import optree
import torch
from torch import Tensor, nn

from ostinato._state import Nest, describe, flatten, leaves, map_nest, zeros
from ostinato.cells import Run, is_transformed
from ostinato.memory import MemoryPlan, check_parameters, walk_chunks
from ostinato.steps import masking


def step_through(
    cell: Any, inputs: Sequence[Nest], state: Nest, lengths: Tensor | None, run: Run, first_step: int = 0
) -> tuple[list[Nest], Nest]:
    """Step `cell` through `inputs`, one nest `[batch, ...]` a step: the outputs of each step, and the
    final state.

    `lengths` count from the first of these steps, which is step `first_step` of `run`.
    """
    outputs = []
    for index, step_inputs in enumerate(inputs):
        finished = None if lengths is None else masking.finished_rows(lengths, index)
        if finished is not None:
            step_inputs = masking.zero_where(finished, step_inputs)
        output, new_state = run.step(cell, step_inputs, state, first_step + index)
        check_step(cell, output, new_state, state, leaves(step_inputs)[0].shape[0])
        if finished is not None:
            output = masking.zero_where(finished, output)
            new_state = masking.copy_through(finished, new_state, state)
        state = new_state
        outputs.append(output)
    return outputs, state


def check_step(cell: Any, output: Nest, new_state: Nest, state: Nest, batch_size: int) -> None:
    """Raise where a step returned a state unlike the one it was given, or an output of another batch."""
    name = type(cell).__name__
    if optree.tree_structure(new_state) != optree.tree_structure(state):
        raise TypeError(
            f"The state that {name} returned and the one that it was given don't have the same nested "
            f"structure: {describe(new_state)} for {describe(state)}."
        )
    for new, old in zip(leaves(new_state), leaves(state), strict=True):
        if new.shape != old.shape:
            raise ValueError(
                f"{name} was given a state of shape {list(old.shape)} and returned one of shape "
                f"{list(new.shape)}: a state keeps its shape from step to step."
            )
    for leaf in leaves(output):
        if not leaf.dim() or leaf.shape[0] != batch_size:
            raise ValueError(f"{name} returned an output of shape {list(leaf.shape)} for {batch_size} rows.")


def unstack(inputs: Nest, steps: int) -> list[Nest]:
    """The nests of each of the first `steps` steps of time-major inputs."""
    return [map_nest(lambda leaf, step=step: leaf[step], inputs) for step in range(steps)]


def run_loop(
    cell: Any, inputs: Nest, state: Nest, lengths: Tensor | None, run: Run, plan: MemoryPlan, steps: int
) -> tuple[Nest, Nest]:
    """Step `cell` through time-major `inputs` for `steps` of their steps.

    Returns the stacked outputs `[time, batch, ...]`, zeros after `steps`, and the final state.
    """
    input_leaves, as_inputs = flatten(inputs)
    state_leaves, as_state = flatten(state)
    time, batch_size = input_leaves[0].shape[:2]
    if not time:
        like = state_leaves[0] if state_leaves else input_leaves[0]
        empty = zeros(cell.output_size, batch_size, like.dtype, like.device)
        return map_nest(lambda leaf: leaf.new_zeros(0, *leaf.shape), empty), state
    structure: list[Any] = []
    # A compiler plans memory itself, and torch.func takes no walk apart.
    as_a_whole = torch.compiler.is_compiling() or is_transformed() or plan.chunk_length(steps) >= steps
    frozen = None if as_a_whole else _Frozen(cell)

    def run_chunk(
        start: int, chunk: Sequence[Tensor], state: Sequence[Tensor], parameters: Sequence[Tensor]
    ) -> tuple[Sequence[Tensor], Sequence[Tensor]]:
        def walk() -> tuple[list[Nest], Nest]:
            rest = None if lengths is None else lengths - start
            return step_through(
                cell, unstack(as_inputs(chunk), len(chunk[0])), as_state(state), rest, run, start
            )

        outputs, final = walk() if frozen is None else frozen.call(parameters, walk)
        structure[:] = [flatten(outputs[0])[1], flatten(final)[1]]
        stacked = map_nest(lambda *values: torch.stack(values), *outputs)
        return leaves(stacked), leaves(final)

    input_leaves = [leaf[:steps] for leaf in input_leaves]
    if frozen is None:
        outputs, final = run_chunk(0, input_leaves, state_leaves, [])
    else:
        if torch.is_grad_enabled():
            check_parameters(run_chunk, input_leaves, state_leaves, frozen.parameters)
        chunk_length = plan.chunk_length(steps)
        outputs, final = walk_chunks(run_chunk, input_leaves, state_leaves, frozen.parameters, chunk_length)
    if steps < time:
        outputs = [torch.cat([leaf, leaf.new_zeros(time - steps, *leaf.shape[1:])]) for leaf in outputs]
    return structure[0](outputs), structure[1](final)


class _Frozen:
    """A cell as it was when its run began, for a recomputation long after: in its training mode, over
    given parameters.
    """

    def __init__(self, cell: Any) -> None:
        self._holder = _Holder(cell) if isinstance(cell, nn.Module) else None
        self._modes = (
            [(module, module.training) for module in cell.modules()] if isinstance(cell, nn.Module) else []
        )
        named = dict(self._holder.named_parameters()) if self._holder is not None else {}
        self._names, self.parameters = list(named), list(named.values())

    def call(self, parameters: Sequence[Tensor], function: Callable[[], Any]) -> Any:
        """Call `function` while the cell's parameters are `parameters`."""
        if self._holder is None:
            return function()
        with self._as_it_was():
            values = dict(zip(self._names, parameters, strict=True))
            return torch.func.functional_call(self._holder, values, (function,))

    @contextmanager
    def _as_it_was(self) -> Iterator[None]:
        now = [(module, module.training) for module, _ in self._modes]
        try:
            for module, training in self._modes:
                module.training = training
            yield
        finally:
            for module, training in now:
                module.training = training


class _Holder(nn.Module):
    """A module whose call is whatever it is given to call, so that `functional_call` can surround a loop
    over a cell.
    """

    def __init__(self, cell: nn.Module) -> None:
        super().__init__()
        self.cell = cell

    def forward(self, function: Callable[[], Any]) -> Any:
        return function()
