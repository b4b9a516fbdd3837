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
    flush_subnormals,
    inputs_gradient,
    kernel_gradient,
    own_copy,
    previous_steps,
    rows,
    zero_if_none,
)
from ostinato.steps import GRU, activations


def gru_backward(family: GRU, incoming: Incoming, saved: Saved, input_gradient: bool) -> Gradients:
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

    # What a step's gates make of its gradients, for all steps at once: the walk is left with what must recur.
    to_candidate = (1.0 - update) * derivative(candidate)
    to_update = (before - candidate) * update * (1.0 - update)
    to_reset = before * reset * (1.0 - reset)
    grad = zero_if_none(incoming.state[0], saved.state[0])
    grad_gates, grad_candidate = torch.empty_like(gates_in), torch.empty_like(candidate_in)
    gates_state_kernel, candidate_state_kernel = gates_kernel[-units:].t(), candidate_kernel[-units:].t()
    for step in walk:
        local = walk.keep_active(grad if incoming.outputs is None else grad + incoming.outputs[step], step)
        grad_candidate[step] = flush_subnormals(local * to_candidate[step])
        grad_reset_state = grad_candidate[step] @ candidate_state_kernel
        torch.mul(grad_reset_state, to_reset[step], out=grad_gates[step, :, :units])
        torch.mul(local, to_update[step], out=grad_gates[step, :, units:])
        grad_gates[step] = flush_subnormals(grad_gates[step])
        direct = torch.addcmul(local * update[step], grad_reset_state, reset[step])
        computed = flush_subnormals(torch.addmm(direct, grad_gates[step], gates_state_kernel))
        grad = walk.pass_through(computed, grad, step)
    grad_inputs = None
    if input_gradient:
        grad_inputs = inputs_gradient(grad_gates, gates_kernel[:-units])
        grad_inputs += inputs_gradient(grad_candidate, candidate_kernel[:-units])
    return Gradients(
        inputs=grad_inputs,
        state=[own_copy(grad)],
        parameters=[
            kernel_gradient(walk.inputs, before, grad_gates),
            rows(grad_gates).sum(0),
            kernel_gradient(walk.inputs, reset_state, grad_candidate),
            rows(grad_candidate).sum(0),
        ],
    )
