"""The backward pass of a sequence of the GRU that resets after the matmul. Nothing is kept beside the
outputs, which are the states; the gates are recomputed in two products.
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
from ostinato.steps import ResetAfterGRU, activations


def gru_reset_after_backward(
    family: ResetAfterGRU, incoming: Incoming, saved: Saved, input_gradient: bool
) -> Gradients:
    units = family.num_units
    derivative = activations.DERIVATIVES[str(family.activation)]
    gates_kernel = saved.parameters["gates/kernel"]
    input_kernel = saved.parameters["candidate/input_projection/kernel"]
    hidden_kernel = saved.parameters["candidate/hidden_projection/kernel"]
    state_kernel = torch.cat([gates_kernel[-units:], hidden_kernel], dim=1)
    walk = Walk(saved)
    before = previous_steps(saved.state[0], saved.outputs)
    gates_in, candidate_in = family.project(saved.parameters, walk.inputs)
    from_state = before @ state_kernel
    reset, update = torch.sigmoid(gates_in + from_state[:, :, : 2 * units]).chunk(2, dim=2)
    hidden = from_state[:, :, 2 * units :] + saved.parameters["candidate/hidden_projection/bias"]
    candidate = activations.function(family.activation)(candidate_in + reset * hidden)

    # Every gradient within a step is the output's times a factor, so all factors are made at once, and the
    # walk is left with what must recur.
    to_candidate = (1.0 - update) * derivative(candidate)
    factors = torch.stack(
        [
            to_candidate * hidden * reset * (1.0 - reset),
            (before - candidate) * update * (1.0 - update),
            to_candidate * reset,
            to_candidate,
        ],
        dim=2,
    )  # [time, batch, 4, units]: reset, update, hidden projection, input projection
    grad = zero_if_none(incoming.state[0], saved.state[0])
    grad_parts = factors.new_empty(*factors.shape[:2], 4 * units)
    by_part, to_state_kernel = grad_parts.view(factors.shape), state_kernel.t()
    for step in walk:
        local = walk.keep_active(grad if incoming.outputs is None else grad + incoming.outputs[step], step)
        torch.mul(local.unsqueeze(1), factors[step], out=by_part[step])
        grad_parts[step] = flush_subnormals(grad_parts[step])
        computed = torch.addmm(local * update[step], grad_parts[step, :, : 3 * units], to_state_kernel)
        grad = walk.pass_through(flush_subnormals(computed), grad, step)
    grad_gates, grad_hidden, grad_candidate = grad_parts.split([2 * units, units, units], dim=2)
    grad_inputs = None
    if input_gradient:
        grad_inputs = inputs_gradient(grad_gates, gates_kernel[:-units])
        grad_inputs += inputs_gradient(grad_candidate, input_kernel)
    return Gradients(
        inputs=grad_inputs,
        state=[own_copy(grad)],
        parameters=[
            kernel_gradient(walk.inputs, before, grad_gates),
            rows(grad_gates).sum(0),
            rows(walk.inputs).t() @ rows(grad_candidate),
            rows(grad_candidate).sum(0),
            rows(before).t() @ rows(grad_hidden),
            rows(grad_hidden).sum(0),
        ],
    )
