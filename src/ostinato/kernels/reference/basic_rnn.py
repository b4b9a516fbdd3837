"""The backward pass of a basic-RNN sequence. Nothing is kept beside the outputs, which are the states."""

from __future__ import annotations

import torch

from ostinato.kernels.reference.backward import (
    Gradients,
    Incoming,
    Saved,
    Walk,
    flush_subnormals,
    inputs_gradient,
    kernel_gradient,
    own_copy,
    previous_steps,
    rows,
    zero_if_none,
)
from ostinato.steps import BasicRNN, activations


def basic_rnn_backward(family: BasicRNN, incoming: Incoming, saved: Saved, input_gradient: bool) -> Gradients:
    units = family.num_units
    derivative = activations.DERIVATIVES[str(family.activation)]
    kernel, outputs, state = saved.parameters["kernel"], saved.outputs, saved.state[0]
    walk = Walk(saved)
    grad = zero_if_none(incoming.state[0], state)
    to_gates, state_kernel = derivative(outputs), kernel[-units:].t()
    grad_gates = torch.empty_like(outputs)
    for step in walk:
        local = walk.keep_active(grad if incoming.outputs is None else grad + incoming.outputs[step], step)
        grad_gates[step] = flush_subnormals(local * to_gates[step])
        grad = walk.pass_through(flush_subnormals(grad_gates[step] @ state_kernel), grad, step)
    return Gradients(
        inputs=inputs_gradient(grad_gates, kernel[:-units]) if input_gradient else None,
        state=[own_copy(grad)],
        parameters=[
            kernel_gradient(walk.inputs, previous_steps(state, outputs), grad_gates),
            rows(grad_gates).sum(0),
        ],
    )
