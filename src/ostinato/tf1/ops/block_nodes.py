"""Whole cells as one operation, for graphs that TensorFlow wrote with `tf.contrib.rnn`'s block cells, and
their gradients: `LSTMBlockCell`, `BlockLSTM`, `GRUBlockCell`. Cells that are built here run the engine's.

The gates of an LSTM stand in the order i, c, f, o.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch

from ..registry import OutputTypes, register
from ..shapes import TensorShape
from ..tensor import Tensor

Values = list[torch.Tensor]


def _lstm_step(
    x: torch.Tensor,
    cs_prev: torch.Tensor,
    h_prev: torch.Tensor,
    w: torch.Tensor,
    wci: torch.Tensor,
    wcf: torch.Tensor,
    wco: torch.Tensor,
    b: torch.Tensor,
    forget_bias: float,
    cell_clip: float,
    use_peephole: bool,
) -> Values:
    i, ci, f, o = (torch.cat([x, h_prev], 1) @ w + b).chunk(4, 1)
    if use_peephole:
        i, f = i + cs_prev * wci, f + cs_prev * wcf
    i, f, ci = torch.sigmoid(i), torch.sigmoid(f + forget_bias), torch.tanh(ci)
    cs = ci * i + cs_prev * f
    if cell_clip > 0:
        cs = cs.clamp(-cell_clip, cell_clip)
    o = torch.sigmoid(o + cs * wco) if use_peephole else torch.sigmoid(o)
    co = torch.tanh(cs)
    return [i, cs, f, o, ci, co, co * o]


def _lstm_step_gradient(
    x: torch.Tensor,
    cs_prev: torch.Tensor,
    h_prev: torch.Tensor,
    w: torch.Tensor,
    wci: torch.Tensor,
    wcf: torch.Tensor,
    wco: torch.Tensor,
    b: torch.Tensor,
    i: torch.Tensor,
    cs: torch.Tensor,
    f: torch.Tensor,
    o: torch.Tensor,
    ci: torch.Tensor,
    co: torch.Tensor,
    cs_grad: torch.Tensor,
    h_grad: torch.Tensor,
    use_peephole: bool,
) -> Values:
    """Of c before the step, of the gates before their functions, and of the peepholes."""
    do = o * (1 - o) * h_grad * co
    dcs = (1 - co * co) * h_grad * o + cs_grad
    if use_peephole:
        dcs = dcs + do * wco
    dci, df, di = (1 - ci * ci) * dcs * i, f * (1 - f) * dcs * cs_prev, i * (1 - i) * dcs * ci
    before = dcs * f
    if not use_peephole:
        return [before, torch.cat([di, dci, df, do], 1), *map(torch.zeros_like, (wci, wcf, wco))]
    before = before + di * wci + df * wcf
    peepholes = [(di * cs_prev).sum(0), (df * cs_prev).sum(0), (do * cs).sum(0)]
    return [before, torch.cat([di, dci, df, do], 1), *peepholes]


def _lstm(
    longest: torch.Tensor,
    x: torch.Tensor,
    cs_prev: torch.Tensor,
    h_prev: torch.Tensor,
    w: torch.Tensor,
    wci: torch.Tensor,
    wcf: torch.Tensor,
    wco: torch.Tensor,
    b: torch.Tensor,
    **options: Any,
) -> Values:
    """A sequence, time-major; zeros beyond the longest row."""
    steps: list[Values] = []
    for step in x[: int(longest)]:
        steps.append(_lstm_step(step, cs_prev, h_prev, w, wci, wcf, wco, b, **options))
        cs_prev, h_prev = steps[-1][1], steps[-1][6]
    rest = x.new_zeros([x.shape[0] - len(steps), *cs_prev.shape])
    return [torch.cat([torch.stack(list(values)), rest]) for values in zip(*steps, strict=True)] or [rest] * 7


def _lstm_gradient(
    longest: torch.Tensor,
    x: torch.Tensor,
    cs_prev: torch.Tensor,
    h_prev: torch.Tensor,
    w: torch.Tensor,
    wci: torch.Tensor,
    wcf: torch.Tensor,
    wco: torch.Tensor,
    b: torch.Tensor,
    *kept_and_grads: torch.Tensor,
    use_peephole: bool,
) -> Values:
    *kept, h, cs_grad, h_grad = kept_and_grads
    x_grad, w_grad, b_grad = torch.zeros_like(x), torch.zeros_like(w), torch.zeros_like(b)
    of_peepholes = [torch.zeros_like(wci), torch.zeros_like(wcf), torch.zeros_like(wco)]
    later_c, later_h = torch.zeros_like(cs_prev), torch.zeros_like(h_prev)
    for step in reversed(range(int(longest))):
        c_before = kept[1][step - 1] if step else cs_prev
        h_before = h[step - 1] if step else h_prev
        i, cs, f, o, ci, co = (values[step] for values in kept)
        later_c, gates, *parts = _lstm_step_gradient(
            x[step],
            c_before,
            h_before,
            w,
            wci,
            wcf,
            wco,
            b,
            i,
            cs,
            f,
            o,
            ci,
            co,
            cs_grad[step] + later_c,
            h_grad[step] + later_h,
            use_peephole,
        )
        of_inputs = gates @ w.t()
        x_grad[step], later_h = of_inputs[:, : x.shape[2]], of_inputs[:, x.shape[2] :]
        w_grad += torch.cat([x[step], h_before], 1).t() @ gates
        b_grad += gates.sum(0)
        of_peepholes = [total + part for total, part in zip(of_peepholes, parts, strict=True)]
    return [x_grad, later_c, later_h, w_grad, *of_peepholes, b_grad]


def _gru_step(
    x: torch.Tensor,
    h_prev: torch.Tensor,
    w_ru: torch.Tensor,
    w_c: torch.Tensor,
    b_ru: torch.Tensor,
    b_c: torch.Tensor,
) -> Values:
    r, u = torch.sigmoid(torch.cat([x, h_prev], 1) @ w_ru + b_ru).chunk(2, 1)
    c = torch.tanh(torch.cat([x, r * h_prev], 1) @ w_c + b_c)
    return [r, u, c, u * h_prev + (1 - u) * c]


def _gru_step_gradient(
    x: torch.Tensor,
    h_prev: torch.Tensor,
    w_ru: torch.Tensor,
    w_c: torch.Tensor,
    b_ru: torch.Tensor,
    b_c: torch.Tensor,
    r: torch.Tensor,
    u: torch.Tensor,
    c: torch.Tensor,
    d_h: torch.Tensor,
) -> Values:
    """Of x and of h before the step, and of the gates before their functions."""
    width = x.shape[1]
    d_c = d_h * (1 - u) * (1 - c * c)
    d_u = d_h * (h_prev - c) * u * (1 - u)
    through_c = d_c @ w_c.t()
    d_reset = through_c[:, width:]
    d_gates = torch.cat([d_reset * h_prev * r * (1 - r), d_u], 1)
    through_gates = d_gates @ w_ru.t()
    d_x = through_c[:, :width] + through_gates[:, :width]
    return [d_x, d_reset * r + d_h * u + through_gates[:, width:], d_c, d_gates]


def _like(*places: int) -> Any:
    """The rule of outputs that are like these inputs."""
    return lambda inputs, attributes: [
        (inputs[place].dtype.base_dtype, inputs[place].shape) for place in places
    ]


def _sequence_rule(inputs: Sequence[Tensor], attributes: dict[str, Any]) -> OutputTypes:
    x, state = inputs[1], inputs[2]
    length = x.shape.known[:1] if x.shape.known else [None]
    shape = TensorShape(length).concatenate(state.shape)
    return [(x.dtype.base_dtype, shape)] * 7


def _gates_rule(inputs: Sequence[Tensor], attributes: dict[str, Any]) -> OutputTypes:
    kind = inputs[0].dtype.base_dtype
    gates = (kind, TensorShape([None, None]))
    return [(kind, inputs[1].shape), gates, *[(kind, tensor.shape) for tensor in inputs[4:7]]]


def _gru_gates_rule(inputs: Sequence[Tensor], attributes: dict[str, Any]) -> OutputTypes:
    kind = inputs[0].dtype.base_dtype
    state = (kind, inputs[1].shape)
    return [(kind, inputs[0].shape), state, state, (kind, TensorShape([None, None]))]


register("LSTMBlockCell", _lstm_step, _like(*[1] * 7))
register("LSTMBlockCellGrad", _lstm_step_gradient, _gates_rule, differentiable=False)
register("BlockLSTM", _lstm, _sequence_rule)
register("BlockLSTMGrad", _lstm_gradient, _like(1, 2, 3, 4, 5, 6, 7, 8), differentiable=False)
register("GRUBlockCell", _gru_step, _like(*[1] * 4))
register("GRUBlockCellGrad", _gru_step_gradient, _gru_gates_rule, differentiable=False)
