"""Tensors that one gradient takes as constants (`stop_gradients` of `tf.gradients`), and others do not: a
gradient of that gradient goes through them.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import torch

from .ops.core import make
from .registry import register, same
from .tensor import Operation, Tensor


class _Stop(torch.autograd.Function):
    """A value that no gradient goes through while the key is among those that are stopped."""

    @staticmethod
    def forward(ctx: Any, value: torch.Tensor, key: object, stopped: set[object]) -> torch.Tensor:
        ctx.key, ctx.stopped = key, stopped
        return value.view_as(value)

    @staticmethod
    def backward(ctx: Any, grad: torch.Tensor) -> tuple[torch.Tensor | None, None, None]:
        return None if ctx.key in ctx.stopped else grad, None, None


def _pass_on(run: Any, operation: Operation, value: Any) -> Any:
    if not value.requires_grad:
        return value
    return _Stop.apply(value, operation.attributes["key"], run.stopped)


# To what looks for a way to an x there is none through it: the node of the gradient takes the tensor itself
# as one more input, for those that look further.
register("StopGradientOnce", _pass_on, same, stateful=True, differentiable=False)


def stop(tensor: Tensor, key: object) -> Tensor:
    """The tensor, as a constant to the gradient of that key."""
    return make("StopGradientOnce", [tensor], "StopGradient", key=key).outputs[0]


@contextlib.contextmanager
def stopping(run: Any, key: object | None) -> Iterator[None]:
    """While the gradient of that key is taken."""
    if key is None:
        yield
        return
    run.stopped.add(key)
    try:
        yield
    finally:
        run.stopped.discard(key)
