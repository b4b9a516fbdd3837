"""The cross entropies of class numbers and of probabilities, with TensorFlow's gradients.

Of a language model's step this is a good part: there are as many logits a word as there are words. What is
float32 on the processor takes one native pass each way (`ostinato.kernels.native.cross_entropy`); the torch
operations here are the reference, and do the rest: other types and devices, other axes, second derivatives.
"""

from __future__ import annotations

from typing import Any

import torch

from ostinato._external import external
from ostinato.kernels.native import cross_entropy as native
from ostinato.kernels.native import sigmoid_cross_entropy as of_sigmoids


class SparseCrossEntropy(torch.autograd.Function):
    """(logits `[..., classes]`, labels `[...]`) to the losses `[...]`."""

    @staticmethod
    def forward(ctx: Any, logits: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        log_probabilities = torch.log_softmax(logits, -1)
        places = labels.long().unsqueeze(-1)
        ctx.save_for_backward(logits, log_probabilities, places)
        return -log_probabilities.gather(-1, places).squeeze(-1)

    @staticmethod
    def backward(ctx: Any, grad_losses: torch.Tensor) -> tuple[torch.Tensor, None]:
        logits, log_probabilities, places = ctx.saved_tensors
        scale = grad_losses.unsqueeze(-1)
        if torch.is_grad_enabled():  # the gradient is itself to be differentiated
            return _sparse_gradient(logits, places, scale), None
        found = torch.exp(log_probabilities)
        found.scatter_add_(-1, places, torch.full_like(places, -1.0, dtype=found.dtype))
        return found.mul_(scale), None


def _sparse_gradient(logits: torch.Tensor, places: torch.Tensor, scale: torch.Tensor) -> torch.Tensor:
    chosen = torch.zeros_like(logits).scatter(-1, places, 1.0)
    return (torch.softmax(logits, -1) - chosen) * scale


class NativeSparseCrossEntropy(torch.autograd.Function):
    """The same in native passes."""

    @staticmethod
    def forward(ctx: Any, logits: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        losses, *kept = _native_losses(logits, labels)
        ctx.save_for_backward(logits, labels, *kept)
        return losses

    @staticmethod
    def backward(ctx: Any, grad_losses: torch.Tensor) -> tuple[torch.Tensor, None]:
        logits, labels, *kept = ctx.saved_tensors
        if torch.is_grad_enabled():
            places = labels.long().unsqueeze(-1)
            return _sparse_gradient(logits, places, grad_losses.unsqueeze(-1)), None
        return native.backward(logits, labels, kept[0] if kept else None, grad_losses), None


def sparse_cross_entropy(logits: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """The loss of each row; its second derivative exists.

    Raises:
        ValueError: a label is no class.
    """
    differentiable = logits.requires_grad and torch.is_grad_enabled()
    is_native = not labels.is_floating_point() and native.runs(logits, labels)
    if is_native and not differentiable:
        return native.forward(logits, labels, False, check_labels)
    if not is_native:
        _checked(labels, logits.shape[-1])
    if differentiable:
        kind = NativeSparseCrossEntropy if is_native else SparseCrossEntropy
        found: torch.Tensor = kind.apply(logits, labels)
        return found
    return -torch.log_softmax(logits, -1).gather(-1, labels.long().unsqueeze(-1)).squeeze(-1)


def check_labels(labels: torch.Tensor, classes: int) -> None:
    """Raise ValueError, in TensorFlow's words, where one is no class."""
    if labels.numel():
        low, high = torch.aminmax(labels)
        if low.item() < 0 or high.item() >= classes:
            bad = labels[(labels < 0) | (labels >= classes)].reshape(-1)[0].item()
            raise ValueError(
                f"Received a label value of {bad} which is outside the valid range of [0, {classes})."
            )


_checked = external(check_labels)


class DenseCrossEntropy(torch.autograd.Function):
    """(logits, labels `[..., classes]`, axis) to the losses without that axis.

    The gradient is softmax(logits) - labels, which is the loss's where labels sum to 1. TensorFlow takes it
    where they do not too: a row of zeros, of loss 0, pushes its logits down.
    """

    @staticmethod
    def forward(ctx: Any, logits: torch.Tensor, labels: torch.Tensor, axis: int) -> torch.Tensor:
        log_probabilities = torch.log_softmax(logits, axis)
        ctx.axis = axis
        ctx.save_for_backward(logits, labels, log_probabilities)
        return -(labels * log_probabilities).sum(axis)

    @staticmethod
    def backward(
        ctx: Any, grad_losses: torch.Tensor
    ) -> tuple[torch.Tensor | None, torch.Tensor | None, None]:
        logits, labels, log_probabilities = ctx.saved_tensors
        if torch.is_grad_enabled():  # the gradients are themselves to be differentiated
            return *_dense_gradients(ctx, logits, labels, grad_losses, ctx.axis), None
        scale = grad_losses.unsqueeze(ctx.axis)
        grad_logits = grad_labels = None
        if ctx.needs_input_grad[0]:
            grad_logits = torch.exp(log_probabilities).sub_(labels).mul_(scale)
        if ctx.needs_input_grad[1]:
            grad_labels = -log_probabilities * scale
        return grad_logits, grad_labels, None


def _dense_gradients(
    ctx: Any, logits: torch.Tensor, labels: torch.Tensor, grad_losses: torch.Tensor, axis: int
) -> tuple[torch.Tensor | None, torch.Tensor | None]:
    scale, log_probabilities = grad_losses.unsqueeze(axis), torch.log_softmax(logits, axis)
    of_logits, of_labels = ctx.needs_input_grad[:2]
    return (
        (torch.exp(log_probabilities) - labels) * scale if of_logits else None,
        -log_probabilities * scale if of_labels else None,
    )


class NativeDenseCrossEntropy(torch.autograd.Function):
    """The same along the last axis, in native passes."""

    @staticmethod
    def forward(ctx: Any, logits: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        losses, *kept = _native_losses(logits, labels)
        ctx.save_for_backward(logits, labels, *kept)
        return losses

    @staticmethod
    def backward(ctx: Any, grad_losses: torch.Tensor) -> tuple[torch.Tensor | None, torch.Tensor | None]:
        logits, labels, *kept = ctx.saved_tensors
        if torch.is_grad_enabled():
            return _dense_gradients(ctx, logits, labels, grad_losses, -1)
        needs = ctx.needs_input_grad
        found = native.backward(logits, labels, kept[0] if kept else None, grad_losses, *needs)
        return _by_need(found, needs)


def _native_losses(logits: torch.Tensor, labels: torch.Tensor) -> tuple[torch.Tensor, ...]:
    """The losses, and the statistics if the backward pass is to be given them."""
    keeps = native.wants_statistics(logits)
    found = native.forward(logits, labels, keeps, check_labels)
    return found if keeps else (found,)


def dense_cross_entropy(logits: torch.Tensor, labels: torch.Tensor, axis: int) -> torch.Tensor:
    """The loss of each row of logits against the row of labels; its second derivative exists."""
    differentiable = (logits.requires_grad or labels.requires_grad) and torch.is_grad_enabled()
    last = axis in (-1, logits.dim() - 1)
    is_native = last and labels.is_floating_point() and native.runs(logits, labels)
    if is_native and not differentiable:
        return native.forward(logits, labels, False, check_labels)
    if differentiable:
        arguments = (logits, labels) if is_native else (logits, labels, axis)
        kind = NativeDenseCrossEntropy if is_native else DenseCrossEntropy
        found: torch.Tensor = kind.apply(*arguments)
        return found
    return -(labels * torch.log_softmax(logits, axis)).sum(axis)


class SigmoidCrossEntropy(torch.autograd.Function):
    """(logits, labels, whether in native passes) to the loss of each element."""

    @staticmethod
    def forward(ctx: Any, logits: torch.Tensor, labels: torch.Tensor, is_native: bool) -> torch.Tensor:
        ctx.save_for_backward(logits, labels)
        ctx.is_native = is_native
        return _sigmoid_losses(logits, labels, is_native)

    @staticmethod
    def backward(
        ctx: Any, grad_losses: torch.Tensor
    ) -> tuple[torch.Tensor | None, torch.Tensor | None, None]:
        logits, labels = ctx.saved_tensors
        needs = ctx.needs_input_grad[:2]
        if ctx.is_native and not torch.is_grad_enabled():
            return *_by_need(of_sigmoids.backward(logits, labels, grad_losses, *needs), needs), None
        of_logits = (torch.sigmoid(logits) - labels) * grad_losses if needs[0] else None
        return of_logits, -logits * grad_losses if needs[1] else None, None


def _sigmoid_losses(logits: torch.Tensor, labels: torch.Tensor, is_native: bool) -> torch.Tensor:
    if is_native:
        return of_sigmoids.forward(logits, labels)
    return torch.relu(logits) - logits * labels + torch.log1p(torch.exp(-logits.abs()))


def sigmoid_cross_entropy(logits: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """The loss of each element of what both broadcast to; its second derivative exists.

    Raises:
        ValueError: they do not.
    """
    if logits.shape != labels.shape:
        try:
            logits, labels = torch.broadcast_tensors(logits, labels)
        except RuntimeError:
            raise ValueError(f"Incompatible shapes: {list(logits.shape)} vs. {list(labels.shape)}") from None
    is_native = of_sigmoids.runs(logits, labels)
    if (logits.requires_grad or labels.requires_grad) and torch.is_grad_enabled():
        found: torch.Tensor = SigmoidCrossEntropy.apply(logits, labels, is_native)
        return found
    return _sigmoid_losses(logits, labels, is_native)


def _by_need(found: Any, needs: tuple[bool, bool]) -> tuple[torch.Tensor | None, torch.Tensor | None]:
    """The gradients of logits and labels, of which those that are needed were found."""
    if all(needs):
        of_logits, of_labels = found
        return of_logits, of_labels
    return (found, None) if needs[0] else (None, found)
