"""The backward pass of a GRU sequence. Nothing is kept beside the outputs, which are the states; the gates
are recomputed in two products.
"""

from __future__ import annotations

import torch

from ostinato.kernels.reference.backward import (
    Gradients,
    Incoming,
    Saved,
    Walk,
    kernel_gradient,
    previous_steps,
    rows,
    zero_if_none,
)
from ostinato.steps import GRU, activations


def gru_backward(family: GRU, incoming: Incoming, saved: Saved) -> Gradients:
    units = family.num_units
    derivative = activations.DERIVATIVES[str(family.activation)]
    gates_kernel, candidate_kernel = saved.parameters["gates/kernel"], saved.parameters["candidate/kernel"]
    walk = Walk(saved)
    before = previous_steps(saved.state[0], saved.outputs)
    gates_in, candidate_in = family.project(saved.parameters, walk.inputs)
    reset, update = torch.sigmoid(gates_in + before @ gates_kernel[-units:]).chunk(2, dim=2)
    reset_state = reset * before
    candidate = activations.function(family.activation)(
        candidate_in + reset_state @ candidate_kernel[-units:]
    )

    grad = zero_if_none(incoming.state[0], saved.state[0])
    grad_gates, grad_candidate = torch.empty_like(gates_in), torch.empty_like(candidate_in)
    for step in walk:
        local = walk.keep_active(grad if incoming.outputs is None else grad + incoming.outputs[step], step)
        r, u, c, h = reset[step], update[step], candidate[step], before[step]
        grad_candidate[step] = local * (1.0 - u) * derivative(c)
        grad_reset_state = grad_candidate[step] @ candidate_kernel[-units:].t()
        grad_gates[step, :, :units] = grad_reset_state * h * r * (1.0 - r)
        grad_gates[step, :, units:] = local * (h - c) * u * (1.0 - u)
        computed = local * u + grad_reset_state * r + grad_gates[step] @ gates_kernel[-units:].t()
        grad = walk.pass_through(computed, grad, step)
    grad_inputs = (
        rows(grad_gates) @ gates_kernel[:-units].t() + rows(grad_candidate) @ candidate_kernel[:-units].t()
    )
    return Gradients(
        inputs=grad_inputs.view(saved.inputs.shape),
        state=[grad.clone()],
        parameters=[
            kernel_gradient(walk.inputs, before, grad_gates),
            rows(grad_gates).sum(0),
            kernel_gradient(walk.inputs, reset_state, grad_candidate),
            rows(grad_candidate).sum(0),
        ],
    )
