"""The backward pass of an LSTM sequence. Kept from the forward pass: outputs (h) and c of each step; the
gates, and c before its normalisation and clip, are recomputed.
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
from ostinato.kernels.reference.layer_norm import Normalized
from ostinato.steps import LSTM, activations
from ostinato.steps.lstm import NORMALIZED_GATES


def lstm_backward(family: LSTM, incoming: Incoming, saved: Saved, input_gradient: bool) -> Gradients:
    """The gradients of what an LSTM sequence was given."""
    units, hidden = family.num_units, family.output_size
    activation = activations.function(family.activation)
    derivative = activations.DERIVATIVES[str(family.activation)]
    parameters, outputs, cells = saved.parameters, saved.outputs, saved.kept[0]
    kernel, projection = parameters["kernel"], parameters.get("projection/kernel")
    walk = Walk(saved)
    cells_before, outputs_before = (
        previous_steps(saved.state[0], cells),
        previous_steps(saved.state[1], outputs),
    )
    gates = family.project(parameters, walk.inputs)[0] + outputs_before @ kernel[-hidden:]
    by_gate = gates.view(*gates.shape[:2], 4, units)
    gates_norm = state_norm = None
    if family.layer_norm:
        gamma, beta = (
            torch.stack([parameters[f"{gate}/{name}"] for gate in NORMALIZED_GATES])
            for name in ("gamma", "beta")
        )
        gates_norm = Normalized(by_gate, gamma, beta)
        by_gate = gates_norm.values
    i, j, f, o = by_gate.unbind(2)
    f = f + family.forget_bias
    if family.use_peepholes:
        f = f + parameters["w_f_diag"] * cells_before
        i = i + parameters["w_i_diag"] * cells_before
        o = o + parameters["w_o_diag"] * cells
    i, j, f, o = torch.sigmoid(i), activation(j), torch.sigmoid(f), torch.sigmoid(o)
    active_cells = activation(cells)
    unclipped = None
    if family.layer_norm or family.cell_clip is not None:
        unbounded = f * cells_before + i * j
        if family.layer_norm:
            state_norm = Normalized(unbounded, parameters["state/gamma"], parameters["state/beta"])
            unbounded = state_norm.values
        if family.cell_clip is not None:
            # A clipped value passes no gradient on; one on the bound does, as in torch.clamp.
            unclipped = unbounded.abs() <= family.cell_clip

    # What a step's gates make of its gradients, for all steps at once: the walk is left with what must recur.
    h_to_o = active_cells * o * (1.0 - o)
    h_to_c = o * derivative(active_cells)
    c_to_gates = torch.stack(
        [j * i * (1.0 - i), i * derivative(j), cells_before * f * (1.0 - f)], dim=2
    )  # [time, batch, 3, units]: i, j, f
    c_to_c = f
    if family.use_peepholes:
        h_to_c = h_to_c + h_to_o * parameters["w_o_diag"]
        c_to_c = (
            f + c_to_gates[:, :, 0] * parameters["w_i_diag"] + c_to_gates[:, :, 2] * parameters["w_f_diag"]
        )
    unprojected = o * active_cells
    proj_unclipped = None
    if projection is not None and family.proj_clip is not None:
        proj_unclipped = (unprojected @ projection).abs() <= family.proj_clip

    grad_c, grad_h = (
        zero_if_none(grad, like) for grad, like in zip(incoming.state, saved.state, strict=True)
    )
    grad_gates = torch.empty_like(gates)
    # Of the gates as they are used, normalised or not.
    grad_by_gate = grad_gates.view(by_gate.shape) if gates_norm is None else gates_norm.gradients
    grad_projected = torch.empty_like(outputs)
    state_kernel = kernel[-hidden:].t()
    for step in walk:
        local_h = walk.keep_active(
            grad_h if incoming.outputs is None else grad_h + incoming.outputs[step], step
        )
        # The kept c of a row that has ended is the copied one: its gradient joins before the rows part.
        total_c = grad_c if incoming.kept[0] is None else grad_c + incoming.kept[0][step]
        if projection is not None:
            if proj_unclipped is not None:
                local_h = torch.where(proj_unclipped[step], local_h, 0.0)
            grad_projected[step] = local_h
            local_h = local_h @ projection.t()
        local_c = torch.addcmul(walk.keep_active(total_c, step), local_h, h_to_c[step])
        if unclipped is not None:
            local_c = torch.where(unclipped[step], local_c, 0.0)
        if state_norm is not None:
            state_norm.gradients[step] = local_c
            local_c = state_norm.backward(step)
        torch.mul(local_c.unsqueeze(1), c_to_gates[step], out=grad_by_gate[step, :, :3])
        torch.mul(local_h, h_to_o[step], out=grad_by_gate[step, :, 3])
        if gates_norm is not None:
            grad_gates[step] = gates_norm.backward(step).flatten(1)
        grad_gates[step] = flush_subnormals(grad_gates[step])
        grad_c = walk.pass_through(flush_subnormals(local_c * c_to_c[step]), total_c, step)
        grad_h = walk.pass_through(flush_subnormals(grad_gates[step] @ state_kernel), grad_h, step)

    parameter_gradients = [kernel_gradient(walk.inputs, outputs_before, grad_gates)]
    if not family.layer_norm:
        parameter_gradients.append(rows(grad_gates).sum(0))
    if family.use_peepholes:
        grad_i, _, grad_f, grad_o = grad_by_gate.unbind(2)
        parameter_gradients += [
            (grad_f * cells_before).sum((0, 1)),
            (grad_i * cells_before).sum((0, 1)),
            (grad_o * cells).sum((0, 1)),
        ]
    if projection is not None:
        parameter_gradients.append(rows(unprojected).t() @ rows(grad_projected))
    for norm in (gates_norm, state_norm):
        if norm is not None:
            parameter_gradients += norm.parameter_gradients()
    return Gradients(
        inputs=inputs_gradient(grad_gates, kernel[:-hidden]) if input_gradient else None,
        state=[own_copy(grad_c), own_copy(grad_h)],
        parameters=parameter_gradients,
    )
