"""What the backward passes share: the walk from the last step to the first, and the large matrix products
over all steps at once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

from ostinato.kernels.layout import empty_outputs, is_batch_major
from ostinato.kernels.reference.forward import CHUNK_STEPS
from ostinato.steps import masking


class Saved(NamedTuple):
    """What a forward pass was given, and what it returned that the backward pass reads."""

    inputs: Tensor
    sequence_length: Tensor | None
    state: Sequence[Tensor]
    parameters: Mapping[str, Tensor]
    outputs: Tensor
    kept: Sequence[Tensor]


class Incoming(NamedTuple):
    """The gradients of what the forward pass returned; None where nothing depends on it."""

    outputs: Tensor | None
    state: Sequence[Tensor | None]
    kept: Sequence[Tensor | None]


class Gradients(NamedTuple):
    """The gradients of what the forward pass was given, parameters in the family's order. `inputs` is None
    where nobody needs it.
    """

    inputs: Tensor | None
    state: list[Tensor]
    parameters: list[Tensor]


class Walk:
    """The steps of a sequence, last first, with the gradients of padding taken out.

    `active` is `[time, batch, 1]`, or None where every row runs to the end.
    """

    def __init__(self, saved: Saved) -> None:
        self.time = saved.inputs.shape[0]
        self.active: Tensor | None = None
        self.inputs = saved.inputs.contiguous()  # several products read them
        if saved.sequence_length is not None:
            valid = masking.valid_steps(saved.sequence_length, self.time)
            self.active = valid.unsqueeze(2)
            # Padding is never read: a NaN there would reach the weights' gradients as 0 * NaN.
            self.inputs = masking.zero_where(~valid, self.inputs)

    def __iter__(self) -> Iterator[int]:
        return iter(range(self.time - 1, -1, -1))

    def keep_active(self, gradient: Tensor, step: int) -> Tensor:
        """`gradient` `[batch, n]` with zeros in the rows that have ended before `step`."""
        return gradient if self.active is None else torch.where(self.active[step], gradient, 0.0)

    def pass_through(self, computed: Tensor, gradient: Tensor, step: int) -> Tensor:
        """The gradient of the state before `step`: `computed` in active rows, the unchanged `gradient` in
        rows that have ended.
        """
        return computed if self.active is None else torch.where(self.active[step], computed, gradient)


def flush_subnormals(gradient: Tensor) -> Tensor:
    """`gradient` with zeros for what is smaller than a normal number, as in a processor's flush-to-zero mode.

    Gradients that vanish over time pass through that range, where x86 takes a hundred cycles for each.
    """
    if gradient.dtype == torch.float16:  # its subnormals begin at 6e-5: they are numbers to keep
        return gradient
    return functional.hardshrink(gradient, torch.finfo(gradient.dtype).tiny)


def zero_if_none(gradient: Tensor | None, like: Tensor) -> Tensor:
    return torch.zeros_like(like) if gradient is None else gradient


def own_copy(tensor: Tensor) -> Tensor:
    """A contiguous copy: an op returns no alias of its arguments, and the strides that its fake says."""
    return tensor.clone(memory_format=torch.contiguous_format)


def previous_steps(initial: Tensor, after_each_step: Tensor) -> Tensor:
    """What stood before each step, `[time, batch, n]`, from the first value and those after each step."""
    return torch.cat([initial.unsqueeze(0), after_each_step])[: after_each_step.shape[0]]


def rows(tensor: Tensor) -> Tensor:
    """`[time, batch, n]` as `[time * batch, n]`, for one large matrix product."""
    return tensor.reshape(-1, tensor.shape[-1])


def inputs_gradient(gradient: Tensor, kernel: Tensor) -> Tensor:
    """The gradient of the inputs, from that of their product with `kernel` `[input_size, n]`."""
    return (rows(gradient) @ kernel.t()).view(*gradient.shape[:2], kernel.shape[0])


def kernel_gradient(inputs: Tensor, state: Tensor, gradient: Tensor) -> Tensor:
    """The gradient of a kernel whose first rows meet the inputs and whose last rows meet the state."""
    gates = rows(gradient)
    return torch.cat([rows(inputs).t() @ gates, rows(state).t() @ gates])


Backward = Callable[[Incoming, Saved, bool], Gradients]
"""A family's backward pass; the last argument says whether the gradient of the inputs is needed."""


def in_chunks(backward: Backward, incoming: Incoming, saved: Saved, input_gradient: bool) -> Gradients:
    """Run `backward` over a few steps at a time, last first: its temporaries stay small and in cache. The
    gradient of the inputs lies in memory as they do.
    """
    time = saved.inputs.shape[0]
    if time <= CHUNK_STEPS:
        found = backward(incoming, saved._replace(outputs=saved.outputs.contiguous()), input_gradient)
        if found.inputs is None or not is_batch_major(saved.inputs):
            return found
        laid_out = empty_outputs(saved.inputs, saved.inputs.shape[2]).copy_(found.inputs)
        return found._replace(inputs=laid_out)
    # The states after each step; outputs differ from h in rows that have ended, where they are not read.
    after = (*saved.kept, saved.outputs)
    grad_inputs = empty_outputs(saved.inputs, saved.inputs.shape[2]) if input_gradient else None
    grad_state: Sequence[Tensor | None] = incoming.state
    grad_parameters: list[Tensor] = []
    for start in reversed(range(0, time, CHUNK_STEPS)):
        chunk = slice(start, start + CHUNK_STEPS)
        part = Saved(
            saved.inputs[chunk],
            None if saved.sequence_length is None else saved.sequence_length - start,
            saved.state if start == 0 else [leaf[start - 1] for leaf in after],
            saved.parameters,
            saved.outputs[chunk].contiguous(),
            [leaf[chunk] for leaf in saved.kept],
        )
        grad_kept = [None if leaf is None else leaf[chunk] for leaf in incoming.kept]
        grad_outputs = None if incoming.outputs is None else incoming.outputs[chunk]
        found = backward(Incoming(grad_outputs, grad_state, grad_kept), part, input_gradient)
        grad_state = found.state
        if grad_inputs is not None and found.inputs is not None:
            grad_inputs[chunk] = found.inputs
        # Summed in float32 at least: a bfloat16 total stops growing once a chunk is less than 1/256 of it.
        parts = [
            leaf.float() if leaf.dtype in (torch.float16, torch.bfloat16) else leaf
            for leaf in found.parameters
        ]
        if not grad_parameters:
            grad_parameters = parts
        else:
            for total, gradient in zip(grad_parameters, parts, strict=True):
                total += gradient
    dtype = saved.inputs.dtype
    return Gradients(grad_inputs, list(found.state), [total.to(dtype) for total in grad_parameters])
