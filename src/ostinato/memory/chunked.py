"""The one autograd.Function that walks a sequence chunk by chunk, keeps the state between chunks, and
computes a chunk anew when its gradient is due.

It knows no cell and no op: it is fed with a function that runs one chunk. The fused ops and the loop over
any Python cell share it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor

from ostinato.memory.environment import Environment

Leaves = Sequence[Tensor]
RunChunk = Callable[[int, Leaves, Leaves, Leaves], tuple[Leaves, Leaves]]
"""(first step, inputs `[steps, batch, ...]`, state, parameters) -> (outputs `[steps, batch, ...]`, state
after the chunk), as flat tensors.
"""


def walk_chunks(
    run_chunk: RunChunk, inputs: Leaves, state: Leaves, parameters: Leaves, chunk_length: int
) -> tuple[Leaves, Leaves]:
    """Run `run_chunk` over `inputs` `[time, batch, ...]` in chunks of `chunk_length` steps.

    Outputs and gradients are those of one run over the whole sequence. Beside inputs and outputs, the
    state at the start of each chunk is kept, and while a chunk's gradient is computed all that `run_chunk`
    saves for it.

    `run_chunk` must compute with the parameters that it is handed. In the backward pass these are copies,
    so that hooks on the true ones run once, on the whole gradient.

    Raises:
        ValueError: in the backward pass, where a chunk reads another tensor that requires a gradient,
            which would be lost.
        RuntimeError: in the backward pass, where a double backward pass is asked for.
    """
    counts = _Counts(len(inputs), len(state))
    results: tuple[Tensor, ...] = _Walk.apply(  # type: ignore[no-untyped-call]
        run_chunk, chunk_length, counts, *inputs, *state, *parameters
    )
    return results[: len(results) - len(state)], results[len(results) - len(state) :]


def check_parameters(run_chunk: RunChunk, inputs: Leaves, state: Leaves, parameters: Leaves) -> None:
    """Raise a ValueError where the first step reads a tensor that requires a gradient and is not among
    `parameters`.

    A walk would lose its gradient, and tell so in the backward pass only. The step is run for this once
    more, with the random numbers that it will see again.
    """
    environment = Environment(inputs[0].device)
    first, start = [leaf[:1].detach() for leaf in inputs], [leaf.detach() for leaf in state]
    copies = _copies(parameters, [leaf.requires_grad for leaf in parameters])
    random_state = environment.random_state()
    results = environment.replay(random_state, lambda: run_chunk(0, first, start, copies))
    _check_leaves([*results[0], *results[1]], copies)


class _Counts:
    """How many tensors of a flat list are inputs and state; the rest are parameters."""

    def __init__(self, inputs: int, state: int) -> None:
        self.inputs, self.state = inputs, state

    def split(self, tensors: Sequence[Any]) -> tuple[list[Any], list[Any], list[Any]]:
        end = self.inputs + self.state
        return list(tensors[: self.inputs]), list(tensors[self.inputs : end]), list(tensors[end:])


class _Walk(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, run_chunk: RunChunk, chunk_length: int, counts: _Counts, *tensors: Tensor
    ) -> tuple[Tensor, ...]:
        inputs, state, parameters = counts.split(tensors)
        time = inputs[0].shape[0]
        environment = Environment(inputs[0].device)
        boundaries: list[Tensor] = []
        random_states = []
        outputs: list[Tensor] = []
        for start in range(0, time, chunk_length):
            boundaries += state
            chunk = [leaf[start : start + chunk_length] for leaf in inputs]
            random_state = environment.random_state()
            chunk_outputs, new_state = run_chunk(start, chunk, state, parameters)
            random_states.append(environment.if_drawn_from(random_state))
            state = list(new_state)
            if not outputs:
                outputs = [_whole(leaf, time) for leaf in chunk_outputs]
            for whole, part in zip(outputs, chunk_outputs, strict=True):
                whole[start : start + chunk_length] = part
        ctx.run_chunk, ctx.chunk_length, ctx.counts = run_chunk, chunk_length, counts
        ctx.environment, ctx.random_states = environment, random_states
        ctx.save_for_backward(*inputs, *boundaries, *parameters)
        ctx.set_materialize_grads(False)
        return (*outputs, *(leaf.clone() for leaf in state))

    @staticmethod
    def backward(ctx: Any, *grads: Tensor | None) -> tuple[Tensor | None, ...]:
        if torch.is_grad_enabled():  # create_graph=True; the states between chunks are constants here
            raise RuntimeError(
                "A sequence whose steps are recomputed (swap_memory=True) cannot be differentiated twice: "
                "run it without swap_memory where create_graph=True is needed."
            )
        counts: _Counts = ctx.counts
        chunks = len(ctx.random_states)
        inputs, boundaries, given = _Counts(counts.inputs, chunks * counts.state).split(ctx.saved_tensors)
        inputs_need, state_needs, parameters_need = counts.split(ctx.needs_input_grad[3:])
        grad_outputs, grad_state = (
            list(grads[: len(grads) - counts.state]),
            list(grads[len(grads) - counts.state :]),
        )
        grad_inputs = [
            torch.zeros_like(leaf) if need else None for leaf, need in zip(inputs, inputs_need, strict=True)
        ]
        parameters = _copies(given, parameters_need)
        totals: list[Tensor | None] = [None] * len(parameters)
        for index in reversed(range(chunks)):
            start = index * ctx.chunk_length
            part = slice(start, start + ctx.chunk_length)
            chunk = _copies([leaf[part] for leaf in inputs], inputs_need)
            state = boundaries[index * counts.state : (index + 1) * counts.state]
            state = _copies(state, [leaf.is_floating_point() or leaf.is_complex() for leaf in state])
            outputs, new_state = ctx.environment.replay(
                ctx.random_states[index],
                lambda start=start, chunk=chunk, state=state: ctx.run_chunk(start, chunk, state, parameters),
            )
            _check_leaves([*outputs, *new_state], [*chunk, *state, *parameters])
            incoming = [None if leaf is None else leaf[part] for leaf in grad_outputs] + list(grad_state)
            found = _gradients([*outputs, *new_state], incoming, [*chunk, *state, *parameters])
            for whole, gradient in zip(grad_inputs, found, strict=False):
                if whole is not None and gradient is not None:
                    whole[part] = gradient
            _, grad_state, gradients = counts.split(found)
            totals = [_sum(total, gradient) for total, gradient in zip(totals, gradients, strict=True)]
        grad_state = [
            gradient if need else None for gradient, need in zip(grad_state, state_needs, strict=True)
        ]
        return None, None, None, *grad_inputs, *grad_state, *totals


def _whole(chunk: Tensor, time: int) -> Tensor:
    """Memory for `time` steps, of which `chunk` `[steps, batch, ...]` is a part; batch-major as it is."""
    if chunk.dim() > 1 and chunk.stride(0) < chunk.stride(1):
        return chunk.new_empty(chunk.shape[1], time, *chunk.shape[2:]).transpose(0, 1)
    return chunk.new_empty(time, *chunk.shape[1:])


def _copies(tensors: Leaves, require_grad: Sequence[bool]) -> list[Tensor]:
    """The same values as leaves of a graph of their own."""
    return [leaf.detach().requires_grad_(need) for leaf, need in zip(tensors, require_grad, strict=True)]


def _gradients(values: Leaves, incoming: Sequence[Tensor | None], leaves: Leaves) -> list[Tensor | None]:
    """The gradients of `leaves`, None for those that need none or are not reached."""
    pairs = [(v, g) for v, g in zip(values, incoming, strict=True) if g is not None and v.requires_grad]
    wanted = [leaf for leaf in leaves if leaf.requires_grad]
    if not pairs or not wanted:
        return [None] * len(leaves)
    found = iter(torch.autograd.grad([v for v, _ in pairs], wanted, [g for _, g in pairs], allow_unused=True))
    return [next(found) if leaf.requires_grad else None for leaf in leaves]


def _sum(total: Tensor | None, gradient: Tensor | None) -> Tensor | None:
    if gradient is None or total is None:
        return total if gradient is None else gradient
    return total + gradient


def _check_leaves(values: Leaves, known: Leaves) -> None:
    """Raise where `values` were computed from a leaf that requires a gradient and is not among `known`."""
    identities = {id(leaf) for leaf in known}
    seen: set[Any] = set()
    pending = [value.grad_fn for value in values if value.grad_fn is not None]
    while pending:
        node = pending.pop()
        if node in seen:
            continue
        seen.add(node)
        variable = getattr(node, "variable", None)
        if variable is not None and id(variable) not in identities:
            raise ValueError(
                "A cell that is recomputed (swap_memory=True) reads a tensor, or something computed from it, "
                f"of shape {list(variable.shape)} that requires a gradient and is neither its input, its "
                "state nor one of its parameters, so its gradient would be lost. Register it as a parameter "
                "of the cell, pass it in with the inputs or the state, or run without swap_memory."
            )
        pending += [following for following, _ in node.next_functions if following is not None]
