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

Leaves = Sequence[Tensor]
RunChunk = Callable[[int, Leaves, Leaves], tuple[Leaves, Leaves]]
"""(first step, inputs `[steps, batch, ...]`, state) -> (outputs `[steps, batch, ...]`, state after the
chunk), all as flat tensors.
"""


def walk_chunks(
    run_chunk: RunChunk, inputs: Leaves, state: Leaves, parameters: Leaves, chunk_length: int
) -> tuple[Leaves, Leaves]:
    """Run `run_chunk` over `inputs` `[time, batch, ...]` in chunks of `chunk_length` steps.

    Outputs and gradients are those of one run over the whole sequence. Beside inputs and outputs, the
    state at the start of each chunk is kept, and while a chunk's gradient is computed all that `run_chunk`
    saves for it. `parameters` are all the tensors that `run_chunk` reads beside its arguments and that may
    require a gradient; `check_parameters` tells whether they are.
    """
    count = _Count(len(inputs), len(state))
    results: tuple[Tensor, ...] = _Walk.apply(  # type: ignore[no-untyped-call]
        run_chunk, chunk_length, count, *inputs, *state, *parameters
    )
    return results[: len(results) - len(state)], results[len(results) - len(state) :]


class _Count:
    def __init__(self, inputs: int, state: int) -> None:
        self.inputs, self.state = inputs, state

    def split(self, tensors: Sequence[Any]) -> tuple[list[Any], list[Any], list[Any]]:
        state_end = self.inputs + self.state
        return list(tensors[: self.inputs]), list(tensors[self.inputs : state_end]), list(tensors[state_end:])


class _Environment:
    """What a recomputation must find as it was: the random number generators and autocast."""

    def __init__(self, device: torch.device) -> None:
        self.device = device
        self.autocast = (torch.is_autocast_enabled(device.type), torch.get_autocast_dtype(device.type))

    def random_state(self) -> tuple[Tensor, Tensor | None]:
        cuda = torch.cuda.get_rng_state(self.device) if self.device.type == "cuda" else None
        return torch.get_rng_state(), cuda

    def replay(self, state: tuple[Tensor, Tensor | None], function: Callable[[], Any]) -> Any:
        enabled, dtype = self.autocast
        devices = [self.device] if self.device.type == "cuda" else []
        with (
            torch.random.fork_rng(devices),
            torch.autocast(self.device.type, dtype=dtype, enabled=enabled),
            torch.enable_grad(),
        ):
            torch.set_rng_state(state[0])
            if state[1] is not None:
                torch.cuda.set_rng_state(state[1], self.device)
            return function()


class _Walk(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, run_chunk: RunChunk, chunk_length: int, count: _Count, *tensors: Tensor
    ) -> tuple[Tensor, ...]:
        inputs, state, parameters = count.split(tensors)
        time = inputs[0].shape[0]
        starts = list(range(0, time, chunk_length))
        environment = _Environment(inputs[0].device)
        boundaries: list[Tensor] = []
        random_states = []
        outputs: list[Tensor] = []
        for start in starts:
            boundaries += state
            random_states.append(environment.random_state())
            chunk = [leaf[start : start + chunk_length] for leaf in inputs]
            chunk_outputs, new_state = run_chunk(start, chunk, state)
            state = list(new_state)
            if not outputs:
                outputs = [leaf.new_empty(time, *leaf.shape[1:]) for leaf in chunk_outputs]
            for whole, part in zip(outputs, chunk_outputs, strict=True):
                whole[start : start + chunk_length] = part
        ctx.run_chunk, ctx.chunk_length, ctx.count = run_chunk, chunk_length, count
        ctx.starts, ctx.environment, ctx.random_states = starts, environment, random_states
        # The tensors themselves: run_chunk reads these objects, and a gradient is asked for by object.
        # save_for_backward besides notices when one is changed in place before the backward pass.
        ctx.parameters = parameters
        ctx.save_for_backward(*inputs, *parameters, *boundaries)
        ctx.set_materialize_grads(False)
        return (*outputs, *(leaf.clone() for leaf in state))

    @staticmethod
    def backward(ctx: Any, *grads: Tensor | None) -> tuple[Tensor | None, ...]:
        if torch.is_grad_enabled():  # create_graph=True; the states between chunks are constants here
            raise RuntimeError(
                "A sequence whose steps are recomputed (swap_memory=True) cannot be differentiated twice: "
                "run it without swap_memory where create_graph=True is needed."
            )
        count: _Count = ctx.count
        inputs, boundaries = (
            list(ctx.saved_tensors[: count.inputs]),
            ctx.saved_tensors[count.inputs + len(ctx.parameters) :],
        )
        needed = ctx.needs_input_grad[3:]
        grad_outputs, grad_state = (
            list(grads[: len(grads) - count.state]),
            list(grads[len(grads) - count.state :]),
        )
        grad_inputs = [
            torch.zeros_like(leaf) if need else None for leaf, need in zip(inputs, needed, strict=False)
        ]
        parameters = [
            leaf
            for leaf, need in zip(ctx.parameters, needed[count.inputs + count.state :], strict=True)
            if need
        ]
        grad_parameters: list[Tensor | None] = [None] * len(parameters)
        for index in range(len(ctx.starts) - 1, -1, -1):
            start = ctx.starts[index]
            chunk = slice(start, start + ctx.chunk_length)
            chunk_inputs = [
                leaf[chunk].detach().requires_grad_(need) for leaf, need in zip(inputs, needed, strict=False)
            ]
            state = boundaries[index * count.state : (index + 1) * count.state]
            state = [leaf.detach().requires_grad_(leaf.is_floating_point()) for leaf in state]
            outputs, new_state = ctx.environment.replay(
                ctx.random_states[index],
                lambda start=start, inputs=chunk_inputs, state=state: ctx.run_chunk(start, inputs, state),
            )
            returned = zip(
                (*outputs, *new_state),
                (*(_part(leaf, chunk) for leaf in grad_outputs), *grad_state),
                strict=True,
            )
            pairs = [(value, grad) for value, grad in returned if grad is not None and value.requires_grad]
            wanted = [leaf for leaf in (*chunk_inputs, *state, *parameters) if leaf.requires_grad]
            if not pairs or not wanted:
                grad_state = [None] * count.state
                continue
            found = iter(
                torch.autograd.grad([v for v, _ in pairs], wanted, [g for _, g in pairs], allow_unused=True)
            )
            for whole, leaf in zip(grad_inputs, chunk_inputs, strict=True):
                grad = next(found) if leaf.requires_grad else None
                if whole is not None and grad is not None:
                    whole[chunk] = grad
            grad_state = [next(found) if leaf.requires_grad else None for leaf in state]
            grad_parameters = [_sum(total, next(found)) for total in grad_parameters]
        spread = iter(grad_parameters)
        state_needed, parameters_needed = (
            needed[count.inputs : count.inputs + count.state],
            needed[count.inputs + count.state :],
        )
        return (
            *(None, None, None),
            *grad_inputs,
            *(grad if need else None for grad, need in zip(grad_state, state_needed, strict=True)),
            *(next(spread) if need else None for need in parameters_needed),
        )


def _part(gradient: Tensor | None, chunk: slice) -> Tensor | None:
    return None if gradient is None else gradient[chunk]


def _sum(total: Tensor | None, gradient: Tensor | None) -> Tensor | None:
    if gradient is None:
        return total
    return gradient if total is None else total + gradient


def check_parameters(run_chunk: RunChunk, inputs: Leaves, state: Leaves, parameters: Leaves) -> None:
    """Raise where the first step reads a tensor that requires a gradient and is not among `parameters`.

    Its gradient would be lost in a walk. The step is run for this once more, with the random numbers that
    it will see again.
    """
    environment = _Environment(inputs[0].device)
    first = [leaf[:1].detach() for leaf in inputs]
    start = [leaf.detach() for leaf in state]
    outputs, new_state = environment.replay(environment.random_state(), lambda: run_chunk(0, first, start))
    known = {id(leaf) for leaf in parameters}
    # What a computed parameter was computed from is behind it.
    seen: set[Any] = {leaf.grad_fn for leaf in parameters if leaf.grad_fn is not None}
    pending = [value.grad_fn for value in (*outputs, *new_state) if value.grad_fn is not None]
    while pending:
        node = pending.pop()
        if node in seen:
            continue
        seen.add(node)
        variable = getattr(node, "variable", None)
        if variable is not None and id(variable) not in known:
            raise ValueError(
                "A cell that is recomputed (swap_memory=True) reads a tensor of shape "
                f"{list(variable.shape)} that requires a gradient and is neither its input, its state nor "
                "one of its parameters, so its gradient would be lost. Register it as a parameter of the "
                "cell, pass it in with the inputs or the state, or run without swap_memory."
            )
        pending += [following for following, _ in node.next_functions if following is not None]
