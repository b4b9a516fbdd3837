"""The cross entropies of class numbers and of probabilities, with TensorFlow's gradients, in one pass.

Of a language model's step this is a good part: there are as many logits a word as there are words. Made of
torch's own operations, the gradient is four passes over as many numbers, one of them of zeros.
"""

from __future__ import annotations

from typing import Any

import torch


class SparseCrossEntropy(torch.autograd.Function):
    """(logits `[..., classes]`, int64 labels `[...]`) to the losses `[...]`."""

    @staticmethod
    def forward(ctx: Any, logits: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        log_probabilities = torch.log_softmax(logits, -1)
        places = labels.unsqueeze(-1)
        ctx.save_for_backward(logits, log_probabilities, places)
        return -log_probabilities.gather(-1, places).squeeze(-1)

    @staticmethod
    def backward(ctx: Any, grad_losses: torch.Tensor) -> tuple[torch.Tensor, None]:
        logits, log_probabilities, places = ctx.saved_tensors
        scale = grad_losses.unsqueeze(-1)
        if torch.is_grad_enabled():  # the gradient is itself to be differentiated
            chosen = torch.zeros_like(logits).scatter(-1, places, 1.0)
            return (torch.softmax(logits, -1) - chosen) * scale, None
        found = torch.exp(log_probabilities)
        found.scatter_add_(-1, places, torch.full_like(places, -1.0, dtype=found.dtype))
        return found.mul_(scale), None


def sparse_cross_entropy(logits: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """The loss of each row; its second derivative exists."""
    if logits.requires_grad and torch.is_grad_enabled():
        found: torch.Tensor = SparseCrossEntropy.apply(logits, labels.long())
        return found
    return -torch.log_softmax(logits, -1).gather(-1, labels.long().unsqueeze(-1)).squeeze(-1)


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
        scale, axis = grad_losses.unsqueeze(ctx.axis), ctx.axis
        again = torch.is_grad_enabled()  # the gradient is itself to be differentiated
        if again:
            log_probabilities = torch.log_softmax(logits, axis)
        grad_logits = grad_labels = None
        if ctx.needs_input_grad[0]:
            probabilities = torch.exp(log_probabilities)
            if again:
                grad_logits = (probabilities - labels) * scale
            else:
                grad_logits = probabilities.sub_(labels).mul_(scale)
        if ctx.needs_input_grad[1]:
            grad_labels = -log_probabilities * scale
        return grad_logits, grad_labels, None


def dense_cross_entropy(logits: torch.Tensor, labels: torch.Tensor, axis: int) -> torch.Tensor:
    """The loss of each row of logits against the row of labels; its second derivative exists."""
    if (logits.requires_grad or labels.requires_grad) and torch.is_grad_enabled():
        found: torch.Tensor = DenseCrossEntropy.apply(logits, labels, axis)
        return found
    return -(labels * torch.log_softmax(logits, axis)).sum(axis)
