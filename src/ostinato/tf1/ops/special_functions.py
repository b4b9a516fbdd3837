"""Functions that torch has without a gradient in some argument, with one; the incomplete beta function."""

from __future__ import annotations

from typing import Any

import torch


class _Zeta(torch.autograd.Function):
    """Hurwitz' zeta, with the gradient in its second argument, which is -order * zeta(order + 1, x)."""

    @staticmethod
    def forward(context: Any, order: torch.Tensor, x: torch.Tensor) -> torch.Tensor:
        context.save_for_backward(order, x)
        return torch.special.zeta(order, x)

    @staticmethod
    def backward(context: Any, gradient: torch.Tensor) -> Any:
        order, x = context.saved_tensors
        slope = -order * torch.special.zeta(order + 1, x) * gradient
        return None, slope.sum_to_size(x.shape)


def zeta_of(order: torch.Tensor, x: torch.Tensor) -> torch.Tensor:
    """Hurwitz' zeta with a gradient in x."""
    found: torch.Tensor = _Zeta.apply(order, x)
    return found


class _IncompleteGamma(torch.autograd.Function):
    """The regularised lower incomplete gamma function; `a` has a gradient by differences."""

    @staticmethod
    def forward(context: Any, a: torch.Tensor, x: torch.Tensor) -> torch.Tensor:
        context.save_for_backward(a, x)
        return torch.special.gammainc(a, x)

    @staticmethod
    def backward(context: Any, gradient: torch.Tensor) -> Any:
        a, x = context.saved_tensors
        density = torch.exp((a - 1) * torch.log(x) - x - torch.lgamma(a))
        high, point = a.double(), x.double()
        step = 1e-5 * high.clamp(min=1.0)
        upper = torch.special.gammainc(high + step, point)
        slope = (upper - torch.special.gammainc(high - step, point)) / (2 * step)
        by_a = (slope.to(a.dtype) * gradient).sum_to_size(a.shape)
        return by_a, (density * gradient).sum_to_size(x.shape)


def incomplete_gamma(a: torch.Tensor, x: torch.Tensor) -> torch.Tensor:
    found: torch.Tensor = _IncompleteGamma.apply(a, x)
    return found


def incomplete_gamma_complement(a: torch.Tensor, x: torch.Tensor) -> torch.Tensor:
    if not (a.requires_grad or x.requires_grad):
        return torch.special.gammaincc(a, x)
    return 1 - incomplete_gamma(a, x)


_STEPS = 200
_SMALL = 1e-300


def _fraction(a: torch.Tensor, b: torch.Tensor, x: torch.Tensor) -> torch.Tensor:
    """The continued fraction of the incomplete beta function, by Lentz' method, in float64."""
    small = torch.full_like(x, _SMALL)

    def safe(value: torch.Tensor) -> torch.Tensor:
        return torch.where(value.abs() < _SMALL, small, value)

    c = torch.ones_like(x)
    d = 1 / safe(1 - (a + b) * x / (a + 1))
    result = d
    for m in range(1, _STEPS):
        even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        d, c = 1 / safe(1 + even * d), safe(1 + even / c)
        result = result * d * c
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        d, c = 1 / safe(1 + odd * d), safe(1 + odd / c)
        result = result * d * c
        if bool(((d * c - 1).abs() < 1e-15).all()):
            break
    return result


class _IncompleteBeta(torch.autograd.Function):
    """The regularised incomplete beta function; only x has a gradient, as in TensorFlow."""

    @staticmethod
    def forward(context: Any, a: torch.Tensor, b: torch.Tensor, x: torch.Tensor) -> torch.Tensor:
        context.save_for_backward(a, b, x)
        first, second, point = torch.broadcast_tensors(a.double(), b.double(), x.double())
        swapped = point > (first + 1) / (first + second + 2)
        p, q = torch.where(swapped, second, first), torch.where(swapped, first, second)
        z = torch.where(swapped, 1 - point, point)
        log_beta = torch.lgamma(p) + torch.lgamma(q) - torch.lgamma(p + q)
        inside = z.clamp(min=_SMALL, max=1.0)
        front = torch.exp(p * inside.log() + q * torch.log1p(-inside) - log_beta) / p
        value = torch.where(z <= 0, torch.zeros_like(z), front * _fraction(p, q, inside))
        return torch.where(swapped, 1 - value, value).to(x.dtype)

    @staticmethod
    def backward(context: Any, gradient: torch.Tensor) -> Any:
        a, b, x = context.saved_tensors
        log_beta = torch.lgamma(a) + torch.lgamma(b) - torch.lgamma(a + b)
        density = torch.exp((b - 1) * torch.log1p(-x) + (a - 1) * torch.log(x) - log_beta)
        return None, None, (density * gradient).sum_to_size(x.shape)


def incomplete_beta(a: torch.Tensor, b: torch.Tensor, x: torch.Tensor) -> torch.Tensor:
    found: torch.Tensor = _IncompleteBeta.apply(a, b, x)
    return found
