"""Keras' recurrences with a backward pass of their own: what does not hang on the step before is computed for
all steps at once, and a kernel's gradient is one product after the walk.
"""

from __future__ import annotations

from typing import Any

import torch

from .keras_steps import Recurrence, walk

_SELU_SCALE, _SELU_FLOOR = 1.0507009873554805, 1.7580993408473766


def _slope_of_hard_sigmoid(y: torch.Tensor, z: torch.Tensor) -> torch.Tensor:
    return ((z >= -2.5) & (z <= 2.5)).to(y.dtype).mul_(0.2)


_SLOPES: dict[str, Any] = {
    "elu": lambda y, z: torch.where(y > 0, torch.ones_like(y), y + 1),
    "exponential": lambda y, z: y.clone(),
    "hard_sigmoid": _slope_of_hard_sigmoid,
    "linear": lambda y, z: torch.ones_like(y),
    "relu": lambda y, z: (y > 0).to(y.dtype),
    "selu": lambda y, z: torch.where(y > 0, torch.full_like(y, _SELU_SCALE), y + _SELU_FLOOR),
    "sigmoid": lambda y, z: y * (1 - y),
    "softplus": lambda y, z: 1 - torch.exp(-y),
    "softsign": lambda y, z: (1 - y.abs()).square_(),
    "tanh": lambda y, z: 1 - y * y,
}
"""d activation / d input, of the output y and the input z."""


def _hard_sigmoid(z: torch.Tensor, out: torch.Tensor) -> None:
    torch.mul(z, 0.2, out=out).add_(0.5).clamp_(0.0, 1.0)


def _into(function: Any) -> Any:
    def write(z: torch.Tensor, out: torch.Tensor) -> None:
        out.copy_(function(z))

    return write


_WRITERS: dict[str, Any] = {
    "elu": _into(torch.nn.functional.elu),
    "exponential": lambda z, out: torch.exp(z, out=out),
    "hard_sigmoid": _hard_sigmoid,
    "linear": lambda z, out: out.copy_(z),
    "relu": lambda z, out: torch.clamp(z, min=0, out=out),
    "selu": _into(torch.nn.functional.selu),
    "sigmoid": lambda z, out: torch.sigmoid(z, out=out),
    "softplus": _into(torch.nn.functional.softplus),
    "softsign": _into(torch.nn.functional.softsign),
    "tanh": lambda z, out: torch.tanh(z, out=out),
}


def _clamp(z: torch.Tensor, out: torch.Tensor) -> None:
    torch.clamp(z, 0.0, 1.0, out=out)


def _slope_of_clamp(y: torch.Tensor, z: torch.Tensor) -> torch.Tensor:
    return ((z >= 0) & (z <= 1)).to(y.dtype).mul_(0.2)


def _before(whole: torch.Tensor, first: torch.Tensor) -> torch.Tensor:
    """What each step begins with, of what each step ends with."""
    return torch.cat((first.unsqueeze(0), whole[:-1]))


def _times_hidden(whole: torch.Tensor, grads: torch.Tensor) -> torch.Tensor:
    """The gradient of a recurrent kernel, of all steps at once."""
    return whole.flatten(0, 1).t() @ grads.flatten(0, 1)


class _Kind:
    """Forward and backward walk of one recurrence. `states` are h, and c of an LSTM."""

    gates: tuple[int, ...] = ()
    """Which blocks of the kernel's columns are gates."""

    def __init__(self, recurrence: Recurrence) -> None:
        self.act, self.slope = _WRITERS[recurrence.activation], _SLOPES[recurrence.activation]
        self.gate, self.gate_slope = _WRITERS[recurrence.gates], _SLOPES[recurrence.gates]
        # The slope of 0.2 goes into the products: what is left at each step is a clamp.
        self.folds = recurrence.gates == "hard_sigmoid" and bool(self.gates)
        if self.folds:
            self.gate, self.gate_slope = _clamp, _slope_of_clamp

    def folded(self, projected: torch.Tensor, kernel: torch.Tensor, inner: Any) -> Any:
        """What the steps add up, such that the sum is what a gate clamps."""
        if not self.folds:
            return projected, kernel, inner
        units, columns = kernel.shape
        scale, shift = kernel.new_ones(columns), kernel.new_zeros(columns)
        for gate in self.gates:
            scale[gate * units : (gate + 1) * units] = 0.2
            shift[gate * units : (gate + 1) * units] = 0.5
        return (
            torch.addcmul(shift, projected, scale),
            kernel * scale,
            None if inner is None else inner * scale,
        )

    def buffers(self, projected: torch.Tensor, units: int) -> list[torch.Tensor]:
        """Memory for all steps: what the step writes beside h."""
        time, rows, _ = projected.shape
        return [projected.new_empty((time, rows, units * count)) for count in self.kept]

    kept: tuple[int, ...] = ()

    def step(self, x: Any, states: Any, kernel: Any, inner: Any, out: Any, new: Any) -> None:
        raise NotImplementedError

    def factors(self, kept: Any, whole: Any, starts: Any, inner: Any, mask: Any) -> Any:
        raise NotImplementedError

    def back(self, factors: Any, time: int, grads: Any, kernel: Any, incoming: Any, out: Any) -> Any:
        raise NotImplementedError

    def ends(self, factors: Any, grads: Any, kept: Any, whole: Any, starts: Any) -> Any:
        """Gradients of (projected, kernel, inner)."""
        return grads, _times_hidden(_before(whole[0], starts[0]), grads), None


def _carried(dh: torch.Tensor, old: torch.Tensor, skipped: Any, time: int) -> torch.Tensor:
    return dh if skipped is None else dh.addcmul_(old, skipped[time])


class _Simple(_Kind):
    kept = (1,)

    def step(self, x: Any, states: Any, kernel: Any, inner: Any, out: Any, new: Any) -> None:
        torch.addmm(x, states[0], kernel, out=out[0])
        self.act(out[0], new[0])

    def factors(self, kept: Any, whole: Any, starts: Any, inner: Any, mask: Any) -> Any:
        y = whole[0]
        slopes = self.slope(y, kept[0])
        if mask is None:
            return slopes, None
        return slopes.mul_(mask), 1 - mask

    def back(self, factors: Any, time: int, grads: Any, kernel: Any, incoming: Any, out: Any) -> Any:
        slopes, skipped = factors
        torch.mul(grads[0], slopes[time], out=out)
        return [_carried(_with(incoming, out, kernel), grads[0], skipped, time)]


def _with(incoming: torch.Tensor | None, grads: torch.Tensor, kernel: torch.Tensor) -> torch.Tensor:
    return grads @ kernel.t() if incoming is None else torch.addmm(incoming, grads, kernel.t())


class _LSTM(_Kind):
    gates = (0, 1, 3)
    kept = (4, 4, 1)

    def step(self, x: Any, states: Any, kernel: Any, inner: Any, out: Any, new: Any) -> None:
        z, y, squashed = out
        units = squashed.shape[1]
        torch.addmm(x, states[0], kernel, out=z)
        self.gate(z[:, : 2 * units], y[:, : 2 * units])
        self.act(z[:, 2 * units : 3 * units], y[:, 2 * units : 3 * units])
        self.gate(z[:, 3 * units :], y[:, 3 * units :])
        i, f, g, o = y.chunk(4, 1)
        h, c = new
        torch.mul(f, states[1], out=c).addcmul_(i, g)
        self.act(c, squashed)
        torch.mul(o, squashed, out=h)

    def factors(self, kept: Any, whole: Any, starts: Any, inner: Any, mask: Any) -> Any:
        z, y, squashed = kept
        time, rows, units = squashed.shape
        i, f, g, o = y.chunk(4, 2)
        shape = (time, rows, 4, units)
        slopes = self.gate_slope(y, z).view(shape)
        slopes[:, :, 2] = self.slope(g, z[:, :, 2 * units : 3 * units])
        of_c = o * self.slope(squashed, whole[1])
        slopes[:, :, 0] *= g
        slopes[:, :, 1] *= _before(whole[1], starts[1])
        slopes[:, :, 2] *= i
        slopes[:, :, 3] *= squashed
        if mask is None:
            return slopes, of_c, f, None
        return slopes.mul_(mask.unsqueeze(2)), of_c.mul_(mask), torch.where(mask > 0, f, 1.0), 1 - mask

    def back(self, factors: Any, time: int, grads: Any, kernel: Any, incoming: Any, out: Any) -> Any:
        slopes, of_c, f, skipped = factors
        dh, dc = grads
        dc = torch.addcmul(dc, dh, of_c[time])
        parts = out.view(slopes.shape[1:])
        torch.mul(dc.unsqueeze(1), slopes[time, :, :3], out=parts[:, :3])
        torch.mul(dh, slopes[time, :, 3], out=parts[:, 3])
        return [_carried(_with(incoming, out, kernel), dh, skipped, time), dc.mul_(f[time])]


class _GRU(_Kind):
    gates = (0, 1)
    kept = (2, 2, 1, 1, 1)

    def step(self, x: Any, states: Any, kernel: Any, inner: Any, out: Any, new: Any) -> None:
        z, y, reset, pre, candidate = out
        units = reset.shape[1]
        torch.addmm(x[:, : 2 * units], states[0], kernel[:, : 2 * units], out=z)
        self.gate(z, y)
        torch.mul(y[:, units:], states[0], out=reset)
        torch.addmm(x[:, 2 * units :], reset, kernel[:, 2 * units :], out=pre)
        self.act(pre, candidate)
        torch.lerp(candidate, states[0], y[:, :units], out=new[0])

    def factors(self, kept: Any, whole: Any, starts: Any, inner: Any, mask: Any) -> Any:
        z, y, _, pre, candidate = kept
        units = candidate.shape[2]
        before = _before(whole[0], starts[0])
        slopes = self.gate_slope(y, z)
        update, reset = y[:, :, :units], y[:, :, units:]
        slopes[:, :, :units] *= before - candidate
        slopes[:, :, units:] *= before
        of_candidate = (1 - update) * self.slope(candidate, pre)
        if mask is not None:
            slopes *= mask
            of_candidate *= mask
            update = torch.where(mask > 0, update, 1.0)
        return slopes, of_candidate, update, reset

    def back(self, factors: Any, time: int, grads: Any, kernel: Any, incoming: Any, out: Any) -> Any:
        slopes, of_candidate, update, reset = factors
        dh = grads[0]
        units = dh.shape[1]
        of_gates, last = out[:, : 2 * units], out[:, 2 * units :]
        torch.mul(dh, slopes[time, :, :units], out=out[:, :units])
        torch.mul(dh, of_candidate[time], out=last)
        of_reset = last @ kernel[:, 2 * units :].t()
        torch.mul(of_reset, slopes[time, :, units:], out=out[:, units : 2 * units])
        dh = _with(incoming, of_gates, kernel[:, : 2 * units]).addcmul_(dh, update[time])
        return [dh.addcmul_(of_reset, reset[time])]

    def ends(self, factors: Any, grads: Any, kept: Any, whole: Any, starts: Any) -> Any:
        units = starts[0].shape[1]
        of_gates = _times_hidden(_before(whole[0], starts[0]), grads[:, :, : 2 * units])
        of_candidate = _times_hidden(kept[2], grads[:, :, 2 * units :])
        return grads, torch.cat((of_gates, of_candidate), 1), None


class _GRUResetAfter(_Kind):
    gates = (0, 1)
    kept = (3, 2, 1, 1)

    def step(self, x: Any, states: Any, kernel: Any, inner: Any, out: Any, new: Any) -> None:
        z, y, pre, candidate = out
        units = candidate.shape[1]
        if inner is None:
            torch.mm(states[0], kernel, out=z)
        else:
            torch.addmm(inner, states[0], kernel, out=z)
        of_gates = z[:, : 2 * units]
        of_gates += x[:, : 2 * units]
        self.gate(of_gates, y)
        torch.addcmul(x[:, 2 * units :], y[:, units:], z[:, 2 * units :], out=pre)
        self.act(pre, candidate)
        torch.lerp(candidate, states[0], y[:, :units], out=new[0])

    def factors(self, kept: Any, whole: Any, starts: Any, inner: Any, mask: Any) -> Any:
        z, y, pre, candidate = kept
        time, rows, units = candidate.shape
        update, reset = y[:, :, :units], y[:, :, units:]
        of_gates = self.gate_slope(y, z[:, :, : 2 * units])
        of_candidate = (1 - update) * self.slope(candidate, pre)
        slopes = z.new_empty((time, rows, 3, units))
        torch.mul(of_gates[:, :, :units], _before(whole[0], starts[0]) - candidate, out=slopes[:, :, 0])
        hidden = z[:, :, 2 * units :]
        torch.mul(of_gates[:, :, units:], of_candidate * hidden, out=slopes[:, :, 1])
        torch.mul(of_candidate, reset, out=slopes[:, :, 2])
        if mask is not None:
            slopes *= mask.unsqueeze(2)
            update = torch.where(mask > 0, update, 1.0)
        return slopes, update, reset, of_candidate if mask is None else of_candidate * mask, []

    def back(self, factors: Any, time: int, grads: Any, kernel: Any, incoming: Any, out: Any) -> Any:
        slopes, update, _, _, seen = factors
        seen.append(grads[0])
        torch.mul(grads[0].unsqueeze(1), slopes[time], out=out.view(slopes.shape[1:]))
        return [_with(incoming, out, kernel).addcmul_(grads[0], update[time])]

    def ends(self, factors: Any, grads: Any, kept: Any, whole: Any, starts: Any) -> Any:
        of_hidden = _times_hidden(_before(whole[0], starts[0]), grads)
        of_inner = grads.sum((0, 1))
        units = starts[0].shape[1]
        of_inputs = grads.clone()
        torch.mul(torch.stack(factors[4][::-1]), factors[3], out=of_inputs[:, :, 2 * units :])
        return of_inputs, of_hidden, of_inner


_KINDS: dict[str, Any] = {"simple": _Simple, "lstm": _LSTM, "gru": _GRU, "gru_reset_after": _GRUResetAfter}


def _forward(kind: Any, projected: Any, kernel: Any, inner: Any, mask: Any, states: Any, keeps: bool) -> Any:
    """(h, and c, after each step; what the steps kept)."""
    (time, rows), units = projected.shape[:2], kernel.shape[0]
    projected, kernel, inner = kind.folded(projected, kernel, inner)
    whole = [projected.new_empty((time, rows, units)) for _ in states]
    kept = kind.buffers(projected if keeps else projected[:1], units)
    for step in range(time):
        new = [item[step] for item in whole]
        kind.step(projected[step], states, kernel, inner, [item[step if keeps else 0] for item in kept], new)
        if mask is not None:
            for item, before in zip(new, states, strict=True):
                torch.where(mask[step], item, before, out=item)
        states = new
    return whole, kept


class _Walk(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, recurrence: Any, projected: Any, kernel: Any, inner: Any, mask: Any, *states: Any
    ) -> Any:
        kind = _KINDS[recurrence.kind](recurrence)
        whole, kept = _forward(kind, projected, kernel, inner, mask, states, True)
        ctx.recurrence = recurrence
        ctx.set_materialize_grads(False)
        ctx.save_for_backward(projected, kernel, inner, mask, *states, *whole, *kept)
        return whole[0], *(item[-1].clone() for item in whole)

    @staticmethod
    def backward(ctx: Any, *incoming: Any) -> Any:
        projected, kernel, inner, mask, *rest = ctx.saved_tensors
        count = len(incoming) - 1
        starts, whole, kept = rest[:count], rest[count : 2 * count], rest[2 * count :]
        if torch.is_grad_enabled():  # the gradients must themselves be differentiable
            return None, *_differentiable(ctx, projected, kernel, inner, mask, starts, incoming)
        kind = _KINDS[ctx.recurrence.kind](ctx.recurrence)
        numbers = None if mask is None else mask.to(projected.dtype)
        factors = kind.factors(kept, whole, starts, inner, numbers)
        of_whole = incoming[0]
        grads = [
            torch.zeros_like(start) if given is None else given
            for start, given in zip(starts, incoming[1:], strict=True)
        ]
        found = torch.empty_like(projected)
        last = len(projected) - 1
        if of_whole is not None:
            grads[0] = grads[0] + of_whole[last]
        for time in range(last, -1, -1):
            before = None if of_whole is None or not time else of_whole[time - 1]
            grads = kind.back(factors, time, grads, kernel, before, found[time])
        of_inputs, of_kernel, of_inner = kind.ends(factors, found, kept, whole, starts)
        return None, of_inputs, of_kernel, None if inner is None else of_inner, None, *grads


def _differentiable(
    ctx: Any, projected: Any, kernel: Any, inner: Any, mask: Any, starts: Any, incoming: Any
) -> list[Any]:
    given = [projected, kernel, inner, None, *starts]
    wanted = [item for item, needed in zip(given, ctx.needs_input_grad[1:], strict=True) if needed]
    results = walk(ctx.recurrence, projected, kernel, inner, mask, tuple(starts))
    pairs = [(item, grad) for item, grad in zip(results, incoming, strict=True) if grad is not None]
    found = iter(
        torch.autograd.grad(
            [item for item, _ in pairs],
            wanted,
            [grad for _, grad in pairs],
            create_graph=True,
            allow_unused=True,
        )
    )
    return [next(found) if needed else None for needed in ctx.needs_input_grad[1:]]


def quick_walk(
    recurrence: Recurrence,
    projected: torch.Tensor,
    kernel: torch.Tensor,
    inner: torch.Tensor | None,
    mask: torch.Tensor | None,
    states: tuple[torch.Tensor, ...],
) -> tuple[torch.Tensor, ...]:
    """As `keras_steps.walk`."""
    given = (projected, kernel, inner, *states)
    if not len(projected):
        return walk(recurrence, projected, kernel, inner, mask, states)
    if torch.is_grad_enabled() and any(item is not None and item.requires_grad for item in given):
        found: tuple[torch.Tensor, ...] = _Walk.apply(recurrence, projected, kernel, inner, mask, *states)
        return found
    kind = _KINDS[recurrence.kind](recurrence)
    whole, _ = _forward(kind, projected, kernel, inner, mask, states, False)
    return whole[0], *(item[-1] for item in whole)
