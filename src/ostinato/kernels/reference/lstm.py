"""The backward pass of an LSTM sequence. Kept from the forward pass: outputs (h) and c of each step; the
gates are recomputed in one product.
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
from ostinato.steps import LSTM, activations


def lstm_backward(family: LSTM, incoming: Incoming, saved: Saved) -> Gradients:
    hidden = family.output_size
    activation = activations.function(family.activation)
    derivative = activations.DERIVATIVES[str(family.activation)]
    parameters, outputs, cells = saved.parameters, saved.outputs, saved.kept[0]
    grad_outputs, grad_cells = incoming.outputs, incoming.kept[0]
    kernel = parameters["kernel"]
    walk = Walk(saved)
    cells_before, outputs_before = (
        previous_steps(saved.state[0], cells),
        previous_steps(saved.state[1], outputs),
    )

    gates = family.project(parameters, walk.inputs)[0] + outputs_before @ kernel[-hidden:]
    i, j, f, o = gates.chunk(4, dim=2)
    f = f + family.forget_bias
    if family.use_peepholes:
        f = f + parameters["w_f_diag"] * cells_before
        i = i + parameters["w_i_diag"] * cells_before
        o = o + parameters["w_o_diag"] * cells
    i, j, f, o = torch.sigmoid(i), activation(j), torch.sigmoid(f), torch.sigmoid(o)
    active_cells = activation(cells)
    unprojected = o * active_cells
    # A clipped value passes no gradient on; one just on the bound does, as torch.clamp and TF1's
    # clip_by_value have it.
    unclipped = None if family.cell_clip is None else (f * cells_before + i * j).abs() <= family.cell_clip
    projection = parameters.get("projection/kernel")
    projection_unclipped = None
    if projection is not None and family.proj_clip is not None:
        projection_unclipped = (unprojected @ projection).abs() <= family.proj_clip

    gradient_c, gradient_h = (
        zero_if_none(grad, like) for grad, like in zip(incoming.state, saved.state, strict=True)
    )
    grad_gates = torch.empty_like(gates)
    grad_projected = torch.empty_like(outputs)
    for step in walk:
        local_h = walk.keep_active(
            gradient_h if grad_outputs is None else gradient_h + grad_outputs[step], step
        )
        # cells[step] of a row that has ended is the copied c, so its gradient joins that of c before the
        # rows are told apart.
        total_c = gradient_c if grad_cells is None else gradient_c + grad_cells[step]
        local_c = walk.keep_active(total_c, step)
        if projection is not None:
            if projection_unclipped is not None:
                local_h = torch.where(projection_unclipped[step], local_h, 0.0)
            grad_projected[step] = local_h
            local_h = local_h @ projection.t()
        i_t, j_t, f_t, o_t, a_t = i[step], j[step], f[step], o[step], active_cells[step]
        grad_o = local_h * a_t * o_t * (1.0 - o_t)
        local_c = local_c + local_h * o_t * derivative(a_t)
        if family.use_peepholes:
            local_c = local_c + grad_o * parameters["w_o_diag"]
        if unclipped is not None:
            local_c = torch.where(unclipped[step], local_c, 0.0)
        grad_i = local_c * j_t * i_t * (1.0 - i_t)
        grad_f = local_c * cells_before[step] * f_t * (1.0 - f_t)
        grad_gates[step] = torch.cat([grad_i, local_c * i_t * derivative(j_t), grad_f, grad_o], dim=1)
        computed_c = local_c * f_t
        if family.use_peepholes:
            computed_c = computed_c + grad_i * parameters["w_i_diag"] + grad_f * parameters["w_f_diag"]
        gradient_c = walk.pass_through(computed_c, total_c, step)
        gradient_h = walk.pass_through(grad_gates[step] @ kernel[-hidden:].t(), gradient_h, step)

    parameter_gradients = [kernel_gradient(walk.inputs, outputs_before, grad_gates), rows(grad_gates).sum(0)]
    if family.use_peepholes:
        grad_i, _, grad_f, grad_o = grad_gates.chunk(4, dim=2)
        parameter_gradients += [
            (grad_f * cells_before).sum((0, 1)),
            (grad_i * cells_before).sum((0, 1)),
            (grad_o * cells).sum((0, 1)),
        ]
    if projection is not None:
        parameter_gradients.append(rows(unprojected).t() @ rows(grad_projected))
    return Gradients(
        inputs=(rows(grad_gates) @ kernel[:-hidden].t()).view(saved.inputs.shape),
        state=[gradient_c.clone(), gradient_h.clone()],
        parameters=parameter_gradients,
    )
