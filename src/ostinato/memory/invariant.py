"""Gradients of what a loop uses in every step, as one product after the backward pass and not one a step.

A weight W that is multiplied in each of n steps gets n gradients, each a product of small matrices that is
added to a large one. Here every step's backward pass puts its two factors aside, and when all have, the sum
is one product of the factors put side by side.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor


class _Factors:
    """What the steps put aside, by the backward pass that they belong to: there may be several."""

    def __init__(self) -> None:
        self._passes: dict[int, list[tuple[Tensor, Tensor, int]]] = {}

    def add(self, left: Tensor, right: Tensor, axis: int) -> None:
        """Count left^T @ right (axis 0, or 1 of a batch), or right @ left^T (axis 2), into the gradient."""
        key = torch._C._current_graph_task_id()
        self._passes.setdefault(key, []).append((left, right, axis))

    def total(self) -> Tensor | None:
        """Their sum; None where nothing was put aside."""
        found: Tensor | None = None
        kinds: dict[int, list[tuple[Tensor, Tensor]]] = {}
        for left, right, axis in self._passes.pop(torch._C._current_graph_task_id(), ()):
            kinds.setdefault(axis, []).append((left, right))
        for axis, pairs in kinds.items():
            left, right = (torch.cat([pair[place] for pair in pairs], axis) for place in (0, 1))
            part = torch.bmm(right, left.mT) if axis == 2 else left.mT @ right
            found = part if found is None else found + part
        return found


class _Gate(torch.autograd.Function):
    """The tensor as it is; its gradient is that of all steps."""

    @staticmethod
    def forward(ctx: Any, tensor: Tensor, factors: _Factors) -> Tensor:
        ctx.set_materialize_grads(False)
        ctx.factors = factors
        return tensor.view_as(tensor)

    @staticmethod
    def backward(ctx: Any, grad: Tensor | None) -> Any:
        total = ctx.factors.total()
        if total is None or grad is None:
            return (grad if total is None else total), None
        return grad + total, None


class _RowsTimes(torch.autograd.Function):
    """x @ w (+ bias), of rows x."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, w: Tensor, bias: Tensor | None, factors: _Factors) -> Tensor:
        ctx.save_for_backward(x, w)
        ctx.factors = factors
        return torch.mm(x, w) if bias is None else torch.addmm(bias, x, w)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> Any:
        x, w = ctx.saved_tensors
        of_x, of_w, of_bias, _ = ctx.needs_input_grad
        kernel_grad = None
        if of_w and torch.is_grad_enabled():  # a gradient of this gradient is wanted
            kernel_grad = x.t() @ grad
        elif of_w:
            ctx.factors.add(x, grad, 0)
        return grad @ w.t() if of_x else None, kernel_grad, grad.sum(0) if of_bias else None, None


class _BatchTimes(torch.autograd.Function):
    """a @ w of batches of matrices (`last`), or w @ a."""

    @staticmethod
    def forward(ctx: Any, a: Tensor, w: Tensor, last: bool, factors: _Factors) -> Tensor:
        ctx.save_for_backward(a, w)
        ctx.last, ctx.factors = last, factors
        return torch.bmm(a, w) if last else torch.bmm(w, a)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> Any:
        a, w = ctx.saved_tensors
        of_a, of_w = ctx.needs_input_grad[:2]
        kernel_grad = None
        if of_w and torch.is_grad_enabled():
            kernel_grad = torch.bmm(a.mT, grad) if ctx.last else torch.bmm(grad, a.mT)
        elif of_w:
            ctx.factors.add(a, grad, 1 if ctx.last else 2)
        a_grad = None
        if of_a:
            a_grad = torch.bmm(grad, w.mT) if ctx.last else torch.bmm(w.mT, grad)
        return a_grad, kernel_grad, None, None


class LoopInvariant(torch.Tensor):
    """A tensor that a loop uses in every step: products with it are those of this module, and anything else
    is what it is of the tensor itself.
    """

    plain: Tensor
    factors: _Factors

    @classmethod
    def __torch_function__(
        cls, func: Callable[..., Any], types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        product = _PRODUCTS.get(func)
        if product is not None and not kwargs:
            found = product(*args)
            if found is not None:
                return found
        return func(*map(_plain, args), **{name: _plain(value) for name, value in (kwargs or {}).items()})


def _applied(function: type[torch.autograd.Function], *arguments: Any) -> Tensor:
    result: Tensor = function.apply(*arguments)
    return result


def _plain(value: Any) -> Any:
    if type(value) is LoopInvariant:
        return value.plain
    return type(value)(map(_plain, value)) if type(value) in (list, tuple) else value


def _product(a: Any, b: Any) -> Tensor | None:
    a_fixed, b_fixed = type(a) is LoopInvariant, type(b) is LoopInvariant
    if a_fixed and b_fixed:
        return None
    if a.dim() == 2 and b.dim() == 2 and b_fixed:
        return _applied(_RowsTimes, a, b.plain, None, b.factors)
    if a.dim() == 3 and b.dim() == 3 and a.shape[0] == b.shape[0]:
        fixed, other = (b, a) if b_fixed else (a, b)
        return _applied(_BatchTimes, other, fixed.plain, b_fixed, fixed.factors)
    return None


def _sum_and_product(bias: Any, a: Any, b: Any) -> Tensor | None:
    if type(b) is LoopInvariant and type(a) is not LoopInvariant and a.dim() == 2:
        return _applied(_RowsTimes, a, b.plain, _plain(bias), b.factors)
    return None


_PRODUCTS: dict[Any, Callable[..., Tensor | None]] = {
    torch.addmm: _sum_and_product,
    torch.bmm: _product,
    torch.matmul: _product,
    torch.mm: _product,
    torch.Tensor.matmul: _product,
    torch.Tensor.__matmul__: _product,
    torch.Tensor.mm: _product,
    torch.Tensor.bmm: _product,
}


LEAST_ELEMENTS = 1 << 16
"""Below so many, adding to the gradient in each step takes less time than putting factors aside."""


def loop_invariant(tensor: Tensor, least_elements: int = LEAST_ELEMENTS) -> Tensor:
    """The tensor as a loop's steps are to be given it, whose values and gradients are the same.

    >>> w = torch.eye(2, requires_grad=True)
    >>> fixed, x = loop_invariant(w, least_elements=0), torch.ones(1, 2)
    >>> for _ in range(3):
    ...     x = x @ fixed
    >>> x.sum().backward()
    >>> w.grad.tolist()
    [[3.0, 3.0], [3.0, 3.0]]
    """
    if not (torch.is_grad_enabled() and tensor.requires_grad and tensor.dim() in (2, 3)):
        return tensor
    if tensor.numel() < least_elements:
        return tensor
    factors = _Factors()
    plain = _applied(_Gate, tensor, factors)
    found: LoopInvariant = plain.detach().as_subclass(LoopInvariant)
    found.plain, found.factors = plain, factors
    return found
