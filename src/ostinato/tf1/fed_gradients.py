"""Gradients through tensors that are fed: as in TensorFlow, a feed replaces a tensor's value, not its place
in the graph, so that a gradient with respect to what it was computed of goes on through it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import TYPE_CHECKING, Any

import torch

from . import registry
from .rewrite import ancestors
from .tensor import Operation, Tensor

if TYPE_CHECKING:
    from .run import Run


def passed(ys: Sequence[Tensor], xs: Sequence[Tensor], fed: Collection[Tensor]) -> set[Tensor]:
    """The fed tensors that the gradients of the ys go through on their way to the xs."""
    from .connections import reached as goes_to  # which knows of plans, and they of this
    from .custom_gradient import differentiable_inputs

    reached, below = set(xs), set()
    for operation in sorted(ancestors(ys), key=lambda item: item.identifier):
        if not registry.lookup(operation.type).differentiable:
            continue
        if not reached.isdisjoint(differentiable_inputs(operation)):
            outputs = [tensor for tensor in operation.outputs if tensor.dtype.is_differentiable]
            reached.update(outputs)
            below.update(outputs)
    found = below.intersection(fed)
    return found & goes_to(ys) if found else found


class _Fed(torch.autograd.Function):
    """A value that takes the place of a computed one, which the gradient goes to."""

    @staticmethod
    def forward(ctx: Any, computed: torch.Tensor, fed: torch.Tensor) -> torch.Tensor:
        return fed.view_as(fed)

    @staticmethod
    def backward(ctx: Any, grad: torch.Tensor) -> tuple[torch.Tensor, None]:
        return grad, None


def with_feeds(
    evaluate: Callable[..., Sequence[Any]], operation: Operation, fed: Sequence[Tensor]
) -> Callable[..., Sequence[Any]]:
    """An operation some of whose outputs are fed: their values come after those of its inputs."""
    places = [operation.outputs.index(tensor) for tensor in fed]

    def replaced(run: Run, *values: Any) -> Sequence[Any]:
        count = len(values) - len(places)
        results = list(evaluate(run, *values[:count]))
        for place, value in zip(places, values[count:], strict=True):
            computed = results[place]
            results[place] = (
                _Fed.apply(computed, value) if computed is not None and computed.requires_grad else value
            )
        return results

    return replaced
